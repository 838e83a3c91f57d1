//! What of a secret may be shown. The forms are part of the contract: an access key id by its first
//! ten characters, a secret key not at all, a session token by its first twenty and only where a tool
//! was asked for it; everything else that is secret as a digest, so that equality shows.
//!
//! A value is masked because of its member's name (what AWS's model marks sensitive, environment
//! variables, `password` and the like), because of its look (`shapes.rs`), or because it looks random
//! and stands beside a key id. What is masked already stays as it is.

mod assigned;
mod digest;
mod environment;
mod layers;
mod names;
mod object;
mod scan;
mod shapes;
mod text;
mod walk;

#[cfg(test)]
mod tests;

use serde_json::Value;

use digest::{KEY_SHOWN, TOKEN_SHOWN};
use object::Place;
use walk::Masker;

pub use digest::DigestKey;
pub use names::{Secrets, names_secret};

/// `AKIAIOSFOD...`
pub fn access_key_id(id: &str) -> String {
    first(id, KEY_SHOWN)
}

/// `***`
pub fn secret_key() -> &'static str {
    "***"
}

/// The first twenty characters and `...`.
pub fn session_token(token: &str) -> String {
    first(token, TOKEN_SHOWN)
}

/// Masks every secret in a result: names of members stay, unless they are secrets themselves.
/// Pure, and the same again on what it gave.
pub fn mask(mut value: Value, secrets: &Secrets<'_>, key: &DigestKey) -> Value {
    Masker::new(secrets, key).whole(&mut value, Place::Plain, 0);
    value
}

/// Masks what texts hold, whatever the names of their members. For what models say of operations: a
/// member `Password` there has a schema below it, and no password.
pub fn mask_texts(value: Value, key: &DigestKey) -> Value {
    let masked = |text: String| match mask(Value::String(text), &Secrets::default(), key) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match value {
        Value::String(text) => Value::String(masked(text)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| mask_texts(item, key)).collect())
        }
        Value::Object(members) => {
            let members = members.into_iter().map(|(k, v)| (masked(k), mask_texts(v, key)));
            Value::Object(members.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Whether a text has what could be a secret key, by its look alone.
pub fn looks_random(text: &str) -> bool {
    !shapes::random_runs(text.as_bytes()).is_empty()
}

/// Never the whole: of a short value only the first half is shown.
fn first(secret: &str, most: usize) -> String {
    let shown = most.min(secret.chars().count() / 2);
    secret.chars().take(shown).chain("...".chars()).collect()
}
