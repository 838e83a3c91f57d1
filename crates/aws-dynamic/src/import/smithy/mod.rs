//! Reads a service of a Smithy model in JSON, as the repository aws/api-models-aws has them: a file
//! that a user may bring, and so untrusted. Whatever it is, the answer is the facts, or an error that
//! names the shape; it is bounded in size, depth, and in what mixins make of it.
//!
//! Facts are in botocore's words (`import::facts`), so what Smithy has apart is put together here: the
//! name of a member is the one that the service's protocol uses, and traits that the protocol ignores
//! are not facts. Every trait is read, named in `LEFT_OUT`, or unknown.

mod ast;
mod closure;
mod correction;
mod fields;
mod left_out;
mod member;
mod operation;
mod paginator;
mod service;
mod shape;
mod waiter;

use serde_json::Value;

pub use left_out::LEFT_OUT;

use self::ast::Ast;
use self::closure::Closure;
use self::fields::{Fields, Notes};
use super::facts::Service;

/// A model that cannot be read, with the shape at which reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    /// The names in it are the file's: of them comes so much, and nothing that moves a cursor.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write;
        let plain = |letter: char| if letter.is_control() { '?' } else { letter };
        self.0.chars().take(1_000).try_for_each(|letter| f.write_char(plain(letter)))
    }
}

impl std::error::Error for Unreadable {}

type Result<T> = std::result::Result<T, Unreadable>;

/// What becomes of a trait or a key that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The import, so that no fact is lost unseen.
    Stops,
    /// It is left out with a note: for a user who needs the service today.
    IsNoted,
}

/// What a model says.
#[derive(Clone, Debug)]
pub struct Imported {
    pub service: Service,
    /// The endpoint rule set, and its newer form as a decision diagram, as they are.
    pub endpoint_rules: Option<Value>,
    pub endpoint_diagram: Option<Value>,
    pub endpoint_tests: Option<Value>,
    /// The name of the service in ARNs.
    pub arn_namespace: Option<String>,
    /// The name of the service in CloudTrail's events.
    pub event_source: Option<String>,
    /// What was left out because nothing is known of it; at most a hundred.
    pub notes: Vec<String>,
}

/// The greatest file that is read, in bytes. S3's has 2.3 MB.
pub const MAX: usize = 32 << 20;

/// The facts of the one service of a model, under the name that the catalog has for it.
pub fn service(name: &str, content: &[u8], unknown: Unknown) -> Result<Imported> {
    of_json(name, &parsed(content)?, unknown)
}

/// A model as JSON, which goes 128 levels deep at most.
pub fn parsed(content: &[u8]) -> Result<Value> {
    if content.len() > MAX {
        return Err(Unreadable(format!("the model is larger than {} MB", MAX >> 20)));
    }
    serde_json::from_slice(content)
        .map_err(|error| Unreadable(format!("the model is no JSON: {error}")))
}

/// As `service`, of a model that was parsed.
pub fn of_json(name: &str, model: &Value, unknown: Unknown) -> Result<Imported> {
    let notes = Notes::new(unknown);
    let mut file = Fields::of("the model".to_owned(), model, &notes)?;
    let version = file.needed("smithy")?;
    if !matches!(version.as_str(), "1" | "1.0" | "2" | "2.0") {
        return Err(file.wrong("smithy", "not a version that is known; these are 1.0 and 2.0"));
    }
    file.take("metadata");
    let Some(Value::Object(shapes)) = file.take("shapes") else {
        return Err(file.wrong("shapes", "is missing, or is no object"));
    };
    file.end()?;
    let closure = Closure::of(&Ast::new(shapes, &notes))?;
    let mut imported = service::read(name, &closure, &notes)?;
    imported.notes = notes.take();
    Ok(imported)
}

#[cfg(test)]
mod tests;
