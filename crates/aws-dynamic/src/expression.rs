//! The expressions of paginators and waiters: JMESPath (https://jmespath.org/specification.html), read
//! once, and then held against one answer after the other.
//!
//! What botocore 1.44.5 uses, of 8,603 expressions:
//!
//! | form | paginators | waiters |
//! |---|---|---|
//! | `A` or `A.B.C` | 7,542 | 706 |
//! | lists: `A[].B`, `A.B[].C`, `A[].B[].C.D` | - | 325 |
//! | `A[-1].B`, once with `\|\|` | 3 | - |
//! | `length(..)` compared, eleven of them with `[]`, two with filters | - | 20 |
//! | `A != 'text'`, with `&&` | - | 6 |
//! | `A.*.B` | - | 1 |
//!
//! The first form is walked here, without a copy of the answer, and is the only one in which a place
//! can be written to. The rest is `query`'s, with all bounds of a query but time.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::query::{Limits, Query};

/// An expression of a model.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Path(Path),
    Compiled { text: String, query: Query },
}

/// Names of members, one within the other: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable(&'static str);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Four times the longest path of botocore: what is written to one is as deep as that.
const LONGEST_PATH: usize = 800;

impl Expression {
    pub(crate) fn read(text: &str) -> Result<Self, Unusable> {
        if let Ok(path) = Path::read(text) {
            return Ok(Self::Path(path));
        }
        let query = Query::read(text).map_err(|_| Unusable("is not JMESPath"))?;
        Ok(Self::Compiled { text: text.to_owned(), query })
    }

    /// What it finds in an answer; none where that is null, or where a function is given what it does
    /// not take: `length(A)` finds nothing without `A`.
    pub(crate) fn find<'v>(&self, answer: &'v Value) -> Option<Cow<'v, Value>> {
        match self {
            Self::Path(path) => path.find(answer).map(Cow::Borrowed),
            Self::Compiled { query, .. } => {
                let found = query.run(answer, Limits::until(&|| false)).ok()?;
                (!found.is_null()).then_some(Cow::Owned(found))
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Compiled { text, .. } => f.write_str(text),
        }
    }
}

impl Path {
    pub(crate) fn read(text: &str) -> Result<Self, Unusable> {
        let is_name = |name: &str| {
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && name.starts_with(|first: char| !first.is_ascii_digit())
        };
        if text.len() <= LONGEST_PATH && text.split('.').all(is_name) {
            Ok(Self(text.split('.').map(str::to_owned).collect()))
        } else {
            Err(Unusable("is not a path of names"))
        }
    }

    /// The value at the path, unless it is null.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let found = self.0.iter().try_fold(value, |value, name| value.get(name))?;
        (!found.is_null()).then_some(found)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The place of the path, where there is one.
    pub(crate) fn find_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, name| value.get_mut(name))
    }

    /// Puts a value at the path. What is in the way and is no object gives place.
    pub(crate) fn set(&self, root: &mut Map<String, Value>, value: Value) {
        set(&self.0, root, value);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

fn set(names: &[String], fields: &mut Map<String, Value>, value: Value) {
    match names {
        [] => {}
        [last] => {
            fields.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let place = fields.entry(first.as_str()).or_insert(Value::Null);
            let taken = place.take();
            let mut inner = if let Value::Object(inner) = taken { inner } else { Map::new() };
            set(rest, &mut inner, value);
            *place = Value::Object(inner);
        }
    }
}

#[cfg(test)]
mod tests;
