//! The one error. A tool's failure is an answer that a model reads, so every error says what failed,
//! on what, and what to do next; the cause below it is for the log.

pub mod aws;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// What a caller would do next, as a word. These words are part of the published contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    NoCredentials,
    InvalidCredentials,
    ExpiredCredentials,
    AccessDenied,
    NotFound,
    ValidationError,
    Throttled,
    Timeout,
    RateLimited,
    CircuitOpen,
    ResponseTooLarge,
    DeniedByPolicy,
    OutcomeUnknown,
    Cancelled,
    ConfigError,
    ClientError,
    ExecutionError,
    InternalError,
}

impl Kind {
    /// The word as it stands in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::InvalidCredentials => "invalid_credentials",
            Self::ExpiredCredentials => "expired_credentials",
            Self::AccessDenied => "access_denied",
            Self::NotFound => "not_found",
            Self::ValidationError => "validation_error",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::CircuitOpen => "circuit_open",
            Self::ResponseTooLarge => "response_too_large",
            Self::DeniedByPolicy => "denied_by_policy",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Cancelled => "cancelled",
            Self::ConfigError => "config_error",
            Self::ClientError => "client_error",
            Self::ExecutionError => "execution_error",
            Self::InternalError => "internal_error",
        }
    }

    /// Whether the same call, made again later, may succeed without anything being changed.
    pub fn retryable(self) -> bool {
        match self {
            Self::Throttled
            | Self::Timeout
            | Self::RateLimited
            | Self::CircuitOpen
            | Self::ExecutionError => true,
            Self::NoCredentials
            | Self::InvalidCredentials
            | Self::ExpiredCredentials
            | Self::AccessDenied
            | Self::NotFound
            | Self::ValidationError
            | Self::ResponseTooLarge
            | Self::DeniedByPolicy
            | Self::OutcomeUnknown
            | Self::Cancelled
            | Self::ConfigError
            | Self::ClientError
            | Self::InternalError => false,
        }
    }
}

/// What AWS itself said, kept apart from our own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AwsWords {
    #[serde(rename = "aws_code", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(rename = "aws_message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(rename = "aws_request_id", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A failed call: serialises to the published error shape.
#[derive(Clone, Debug, Serialize, thiserror::Error)]
#[error("{}: {message} {next_step}", kind.word())]
pub struct Error {
    #[serde(rename = "error")]
    pub kind: Kind,
    pub message: String,
    pub next_step: Cow<'static, str>,
    pub retryable: bool,
    #[serde(flatten)]
    pub aws: Box<AwsWords>,
    /// For the log only; never sent to the client.
    #[serde(skip)]
    pub cause: Option<String>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error from its kind, what failed on what, and what to do next.
    pub fn new(
        kind: Kind,
        message: impl Into<String>,
        next_step: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            next_step: next_step.into(),
            retryable: kind.retryable(),
            aws: Box::default(),
            cause: None,
        }
    }

    /// Whether nothing was done: AWS refused, or this server did before anything was sent. What pace or
    /// breaker stop may be a second attempt, or a second operation.
    pub fn is_refusal(&self) -> bool {
        match self.kind {
            Kind::InvalidCredentials
            | Kind::ExpiredCredentials
            | Kind::AccessDenied
            | Kind::NotFound
            | Kind::ValidationError
            | Kind::Throttled
            | Kind::ClientError
            | Kind::NoCredentials
            | Kind::DeniedByPolicy
            | Kind::ConfigError => true,
            Kind::Timeout
            | Kind::ResponseTooLarge
            | Kind::OutcomeUnknown
            | Kind::Cancelled
            | Kind::RateLimited
            | Kind::CircuitOpen
            | Kind::ExecutionError
            | Kind::InternalError => false,
        }
    }

    /// The same error, of a write that was sent and may have been done.
    pub fn of_unknown_outcome(self, find_out: &'static str) -> Self {
        Self {
            kind: Kind::OutcomeUnknown,
            message: format!("{} Whether it was done is not known.", self.message),
            next_step: find_out.into(),
            retryable: false,
            ..self
        }
    }

    /// Adds what the log should know and the model need not.
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// A fault of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(
            Kind::InternalError,
            message,
            "This is a fault of aws-mcp. Its log on stderr has the details; report it.",
        )
    }

    /// The call's arguments are wrong.
    pub fn invalid(message: impl Into<String>, next_step: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::ValidationError, message, next_step)
    }
}

/// What a caller said, to be repeated in an error: quoted, visible, not long.
pub fn echo(said: &str) -> String {
    let cut: String = said.chars().take(MOST_ECHO).collect();
    let more = if cut.len() < said.len() { "..." } else { "" };
    format!("{cut:?}{more}")
}

const MOST_ECHO: usize = 100;

/// The name that a misspelt one most likely meant: at most a third of its letters away.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes the product of the lengths.
    if wrong.len() > MOST_ECHO {
        return None;
    }
    let wrong = wrong.to_ascii_lowercase();
    names
        .into_iter()
        .map(|name| {
            // A name that begins with what was given, or the other way round, is near too.
            let low = name.to_ascii_lowercase();
            let extends = wrong.len() >= 3 && (low.starts_with(&wrong) || wrong.starts_with(&low));
            let distance = strsim::damerau_levenshtein(&wrong, &low);
            (if extends { distance.min(1) } else { distance }, name)
        })
        .filter(|(distance, name)| *distance <= name.len().max(wrong.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_short_and_visible() {
        assert_eq!(echo("a\u{202e}b\u{1b}"), r#""a\u{202e}b\u{1b}""#);
        assert_eq!(echo(&"x".repeat(1_000)), format!("\"{}\"...", "x".repeat(100)));
        assert_eq!(nearest(&"x".repeat(1_000_000), ["x"]), None);
    }

    #[test]
    fn the_nearest_name() {
        let names = ["instance_id", "limit", "filters"];
        assert_eq!(nearest("instanceId", names), Some("instance_id"));
        assert_eq!(nearest("instance", names), Some("instance_id"));
        assert_eq!(nearest("filter", names), Some("filters"));
        assert_eq!(nearest("colour", names), None);
    }

    #[test]
    fn the_word_is_the_serialised_form() {
        for kind in [Kind::NoCredentials, Kind::OutcomeUnknown, Kind::ClientError] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }

    #[test]
    fn the_shape_is_flat_and_the_cause_stays_inside() {
        let mut error = Error::invalid("limit is 0.", "Give 1 to 1000.").caused_by("secret cause");
        error.aws.code = Some("Bad".into());
        assert_eq!(
            serde_json::to_value(&error).unwrap(),
            serde_json::json!({"error": "validation_error", "message": "limit is 0.",
                "next_step": "Give 1 to 1000.", "retryable": false, "aws_code": "Bad"})
        );
    }
}
