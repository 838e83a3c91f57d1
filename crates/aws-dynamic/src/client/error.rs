//! Why a call has no answer: in this crate's words for what never left, in the runtime's own type for
//! what did, so that callers judge it as they judge errors of generated clients.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::Error as Erased;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{
    EMPTY_ERROR_METADATA, ErrorMetadata, ProvideErrorMetadata,
};
use aws_smithy_types::retry::{ErrorKind, ProvideErrorKind};

use serde_json::Map;

use super::events::Interrupted;
use crate::auth::Unauthorizable;
use crate::catalog::Broken;
use crate::endpoint::EndpointError;
use crate::model::Operation;
use crate::protocol::{Fault, Problem, ServiceError, Unsupported};
use crate::validate::Invalid;

/// Why a call has no answer.
#[derive(Debug)]
pub enum CallError {
    /// No service has this name, or more than one.
    Service(String),
    /// The service has no operation of this name.
    Operation {
        service: String,
        operation: String,
    },
    /// The packed models or rules are damaged.
    Broken(Broken),
    /// The input cannot be sent; all that is wrong with it.
    Invalid(Box<Invalid>),
    /// The operation is one that this crate cannot speak of.
    Unsupported(Unsupported),
    /// A way to use the operation that this crate does not know.
    Special(&'static str),
    /// The endpoint's rules refuse, or lack something.
    Endpoint(EndpointError),
    /// A member that becomes part of the host is missing, or no part of a host.
    HostLabel(String),
    /// A host that the input or a service names is not where it must be.
    Host {
        /// What names it.
        named_by: &'static str,
        /// What it must look like.
        expected: String,
    },
    Authorization(Unauthorizable),
    /// The request must be signed, and the configuration has no source of credentials.
    NoCredentials,
    /// The request needs a bearer token, and the configuration has no source of tokens.
    NoToken,
    /// The answer has more bytes than the client takes.
    TooLarge {
        limit: usize,
    },
    /// The answer's body is not what its checksum says; which one, in words.
    Checksum(String),
    /// The answer's body broke off after so many bytes were written.
    Cut {
        written: u64,
        source: BoxError,
    },
    /// The answer's body could not be written on; so many bytes were.
    Write {
        written: u64,
        source: std::io::Error,
    },
    /// A stream of events ended with an error; with the events before it.
    Interrupted(Box<Interrupted>),
    /// What the runtime, the network or the service said.
    Sdk(Box<SdkError<Refusal, HttpResponse>>),
}

/// An error that a service answered, with what retries need to know of it.
#[derive(Clone, Debug)]
pub struct Refusal {
    error: ServiceError,
    metadata: ErrorMetadata,
    retry: Option<ErrorKind>,
}

/// The runtime's error before it is known whose it is.
pub(super) type Sent = SdkError<Erased, HttpResponse>;

impl CallError {
    /// What the runtime says, with the error that the codec put into it.
    pub(super) fn of(error: Sent) -> Self {
        let refusal = |error: Erased| match error.downcast::<Refusal>() {
            Ok(refusal) => refusal,
            Err(error) => Refusal::foreign(&error),
        };
        Self::Sdk(Box::new(error.map_service_error(refusal)))
    }

    /// An input that cannot be written, in the form that it has when the runtime finds it.
    pub(super) fn unwritten(error: BoxError) -> Self {
        Self::Sdk(Box::new(SdkError::construction_failure(error)))
    }

    /// The error that the service answered, if it answered one.
    pub fn service_error(&self) -> Option<&ServiceError> {
        self.refusal().map(Refusal::error)
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Sdk(error) => error.as_service_error(),
            Self::Interrupted(interrupted) => interrupted.refusal(),
            Self::Service(_)
            | Self::Operation { .. }
            | Self::Broken(_)
            | Self::Invalid(_)
            | Self::Unsupported(_)
            | Self::Special(_)
            | Self::Endpoint(_)
            | Self::HostLabel(_)
            | Self::Host { .. }
            | Self::Authorization(_)
            | Self::NoCredentials
            | Self::NoToken
            | Self::TooLarge { .. }
            | Self::Checksum(_)
            | Self::Cut { .. }
            | Self::Write { .. } => None,
        }
    }
}

impl ProvideErrorMetadata for CallError {
    fn meta(&self) -> &ErrorMetadata {
        match (self, self.refusal()) {
            (Self::Sdk(error), _) => error.meta(),
            (_, Some(refusal)) => refusal.meta(),
            (_, None) => &EMPTY_ERROR_METADATA,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "no service is called {name:?}"),
            Self::Operation { service, operation } => {
                write!(f, "{service} has no operation {operation:?}")
            }
            Self::Broken(broken) => broken.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Unsupported(unsupported) => unsupported.fmt(f),
            Self::Special(what) => f.write_str(what),
            Self::Endpoint(error) => error.fmt(f),
            Self::HostLabel(member) => {
                write!(f, "{member} becomes part of the host: expected letters, digits and hyphens")
            }
            Self::Host { named_by, expected } => write!(f, "{named_by}: expected {expected}"),
            Self::Authorization(error) => error.fmt(f),
            Self::NoCredentials => f.write_str("there is no source of credentials to sign with"),
            Self::NoToken => f.write_str(
                "the request is authorised by a bearer token, and there is no source of tokens",
            ),
            Self::TooLarge { limit } => write!(f, "the answer has more than {limit} bytes"),
            Self::Checksum(what) => f.write_str(what),
            Self::Cut { written, .. } => write!(f, "the answer broke off after {written} bytes"),
            Self::Write { written, source } => {
                write!(f, "the answer could not be written on after {written} bytes: {source}")
            }
            Self::Interrupted(interrupted) => interrupted.fmt(f),
            Self::Sdk(error) => match error.as_service_error() {
                Some(refusal) => refusal.fmt(f),
                None => match problem(error.as_ref()) {
                    Some(problem) => write!(f, "{error}: {problem}"),
                    None => error.fmt(f),
                },
            },
        }
    }
}

/// Why an input could not be written, in this crate's own words, which repeat no value.
fn problem(error: &SdkError<Refusal, HttpResponse>) -> Option<&Problem> {
    let SdkError::ConstructionFailure(_) = error else { return None };
    let sources = std::iter::successors(error.source(), |source| (*source).source());
    sources.take(8).find_map(|source| source.downcast_ref())
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Sdk(error) => error.source(),
            Self::Cut { source, .. } => Some(source.as_ref()),
            Self::Write { source, .. } => Some(source),
            Self::Interrupted(interrupted) => interrupted.source(),
            Self::Service(_)
            | Self::Operation { .. }
            | Self::Broken(_)
            | Self::Invalid(_)
            | Self::Unsupported(_)
            | Self::Special(_)
            | Self::Endpoint(_)
            | Self::HostLabel(_)
            | Self::Host { .. }
            | Self::Authorization(_)
            | Self::NoCredentials
            | Self::NoToken
            | Self::TooLarge { .. }
            | Self::Checksum(_) => None,
        }
    }
}

impl Refusal {
    /// What the service answered.
    pub fn error(&self) -> &ServiceError {
        &self.error
    }

    /// What is left of an error that is not this crate's: an interceptor's.
    fn foreign(error: &Erased) -> Self {
        let error = ServiceError {
            status: 0,
            code: "Unknown".to_owned(),
            message: Some(error.to_string()),
            fault: Fault::Client,
            request_id: None,
            members: Map::new(),
        };
        let metadata = ErrorMetadata::builder().code(&error.code).build();
        Self { error, metadata, retry: None }
    }

    /// Whether it may be tried again is the model's to say, where it says anything.
    pub(super) fn new(error: ServiceError, operation: Operation<'_>) -> Self {
        let mut metadata = ErrorMetadata::builder().code(&error.code);
        if let Some(message) = &error.message {
            metadata = metadata.message(message);
        }
        if let Some(id) = &error.request_id {
            metadata = metadata.custom("aws_request_id", id);
        }
        let named = operation.errors().find(|shape| {
            shape.name() == error.code || shape.error().code() == Some(error.code.as_str())
        });
        let retry = named.and_then(|shape| shape.throttling()).map(|is_throttling| {
            let server =
                if error.status >= 500 { ErrorKind::ServerError } else { ErrorKind::ClientError };
            if is_throttling { ErrorKind::ThrottlingError } else { server }
        });
        Self { error, metadata: metadata.build(), retry }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

impl ProvideErrorKind for Refusal {
    fn retryable_error_kind(&self) -> Option<ErrorKind> {
        self.retry
    }

    fn code(&self) -> Option<&str> {
        Some(&self.error.code)
    }
}
