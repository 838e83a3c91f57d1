//! YAML that people write for this program, read strictly: one document, no references, no keys that
//! are not there or come twice. YAML lets one text mean several things; here none of them is guessed.

use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{
    DuplicateKeyPolicy, Error as YamlError, MergeKeyPolicy, Spanned, UserMessageFormatter, budget,
};

use crate::error::{Error, Kind, Result, echo, nearest};

/// Reads a text; the path is for the error. An empty text is what a mapping without keys is.
pub fn read<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T> {
    let options = serde_saphyr::options! {
        budget: budget! {
            max_documents: 1,
            max_depth: 16,
            flow_nesting_limit: 16,
            max_nodes: 20_000,
            max_events: 50_000,
            // Nothing here needs to be said twice, and an alias that is hidden is easily missed.
            max_aliases: 0,
            max_anchors: 0,
            max_inclusion_depth: 0,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        // An unquoted 012345678901 is a number to other readers, and loses its zero there.
        no_schema: true,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (what, remedy) = words(&error);
        Fault { line: error.location().map(|place| place.line()), what, remedy }.of(path)
    })
}

/// For a key that has a value where it is written: `mode:` alone must not mean that there is none.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What is wrong with a file, where, and what to do.
#[derive(Clone, Debug)]
pub struct Fault {
    pub line: Option<u64>,
    pub what: String,
    pub remedy: &'static str,
}

impl Fault {
    /// A fault of something that was read.
    pub fn at<T>(place: &Spanned<T>, what: String, remedy: &'static str) -> Self {
        Self { line: Some(place.referenced.line()), what, remedy }
    }

    /// The error, which names the file.
    pub fn of(self, path: &Path) -> Error {
        let line = self.line.map(|line| format!(" line {line}")).unwrap_or_default();
        let end = if self.what.ends_with('?') { "" } else { "." };
        let message = format!("{}{line}: {}{end}", path.display(), self.what);
        Error::new(Kind::ConfigError, message, self.remedy)
    }
}

fn words(error: &YamlError) -> (String, &'static str) {
    const NO_REFERENCES: &str = "anchors (&) and aliases (*) are not read here";
    match error {
        YamlError::QuotingRequired { value, .. } => (
            format!("{} is a number, or nothing, unless it is quoted", echo(value)),
            "Write a value; a name or an account id in quotes, such as \"012345678901\".",
        ),
        YamlError::SerdeUnknownField { field, expected, .. } => {
            let near = nearest(field, expected.iter().copied())
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            (format!("there is no key {}{near}", echo(field)), "docs/policy.md names the keys.")
        }
        YamlError::DuplicateMappingKey { key, .. } => (
            format!("the key {} is written twice", echo(key.as_deref().unwrap_or_default())),
            "Keep one of the two.",
        ),
        YamlError::Budget { breach, .. } => match breach {
            BudgetBreach::Documents { .. } => (
                "a second document begins".to_owned(),
                "Take out the line --- or ... and what follows.",
            ),
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                (NO_REFERENCES.to_owned(), "Write the value out where it is meant.")
            }
            _ => ("the file is too large or too deep".to_owned(), "Write fewer entries."),
        },
        YamlError::UnknownAnchor { .. } => {
            (NO_REFERENCES.to_owned(), "Put a name that begins with * in quotes.")
        }
        other => {
            let told = other.render_with_formatter(&UserMessageFormatter);
            // The place is told already.
            let what = told.rsplit_once(" at line ").map_or(told.as_str(), |(what, _)| what);
            (what.to_owned(), "Mend the file; docs/policy.md shows how it is written.")
        }
    }
}
