//! What an operation takes and gives, for a reader with little room: the input as JSON Schema 2020-12
//! under a limit of bytes, the output as an outline, one payload as an example, and what else there is
//! to know before a call.
//!
//! A schema says what `validate` holds an input to, without coercions, of an input without nulls
//! (which stand for nothing). What services may know better than their models is not held there and
//! not here: known values and patterns are `x-enum` and `x-pattern`. What JSON Schema cannot say: the
//! ranges of the types, which are formats (`int32`); the forms of a time; that 5.0 is no integer; the
//! length of bytes, which is that of their base64, rounded up; how deep an input may be.

mod cut;
mod description;
mod drawing;
mod example;
mod facts;
mod outline;
mod path;
mod pattern;
mod text;

use serde_json::Value;

pub use self::description::describe;
pub use self::example::example;
pub use self::facts::{Facts, Streams, facts};
pub use self::outline::outline;
pub use self::path::UnknownPath;
use crate::model::Operation;

/// How much of an input is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening<'a> {
    /// How many structures deep, 1 being the members of what is opened; all where there is none.
    pub depth: Option<usize>,
    /// The branch that is opened, `NetworkInterfaces[].PrivateIpAddresses`: names in any case, `[]` for
    /// the entries of a list, `{}` for the values of a map; both may be left out before a name. Empty
    /// for the input itself.
    pub path: &'a str,
    /// How many bytes the schema may take as compact JSON; at least `LEAST`, and less is as that.
    pub limit: usize,
}

/// The limit where nothing else is said.
pub const LIMIT: usize = 8_000;

/// The least limit.
pub const LEAST: usize = 500;

impl Default for Opening<'_> {
    fn default() -> Self {
        Self { depth: None, path: "", limit: LIMIT }
    }
}

/// The JSON Schema of an operation's input. A branch that is cut is an object whose description has
/// the path that opens it: wide and deep branches are cut first, required ones last. Fails on a path
/// that leads nowhere.
pub fn input(operation: Operation<'_>, opening: &Opening<'_>) -> Result<Value, UnknownPath> {
    let limit = opening.limit.max(LEAST);
    let Some(shape) = operation.input() else {
        return match opening.path.trim() {
            "" => Ok(drawing::nothing()),
            path => Err(UnknownPath::without_input(path)),
        };
    };
    let place = path::find(shape, opening.path)?;
    Ok(cut::fitted(&place, opening.depth.unwrap_or(usize::MAX), limit))
}

#[cfg(test)]
mod tests;
