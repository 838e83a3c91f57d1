//! Holds an input against the model before anything is sent. All problems are found at once, each
//! with its path and what is allowed there, because whoever wrote the input can then mend it at once.
//! No finding repeats a value of the input: values may be secret, and findings are shown.
//!
//! Problems: an unknown member, a missing one, a wrong type, a length or number out of range, a union
//! of none or several, an empty part of a path, a null where none may be. Warnings, because services
//! allow what their models do not know yet: a text that is no known value of its enumeration or does
//! not match its pattern, a deprecated member. Patterns are Java's and mean ASCII texts; one that
//! cannot be read here is not held against anything.
//!
//! Coercions, where only one reading is possible: a text that is a number or a truth value for one; a
//! number without a fraction for an integer; an integer of 64 bits or a truth value for a text; a date,
//! or a time without a zone, for a time in UTC; one value for a list of such. Each is reported, and all
//! can be switched off. Numbers of other kinds are no texts: whoever parsed the input may have dropped
//! digits already, and `1.10` has come as 1.1.

mod findings;
mod header;
mod scalar;
pub(crate) mod words;

pub(crate) use self::findings::Findings;
pub(crate) use self::scalar::regex;

use std::collections::BTreeMap;
use std::fmt;

use regex::bytes::Regex;
use serde_json::{Map, Value};

use crate::model::terms::{Kind, Location};
use crate::model::{Member, Operation, Shape};

/// Whether a value of another type is read as the one that it can only mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coercion {
    #[default]
    On,
    Off,
}

/// Who gives an idempotency token that the input leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tokens {
    #[default]
    Filled,
    /// Nobody does, so it is required where the model says so.
    Left,
}

/// Something about a place in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `Filters[0].Values`; empty for the input itself.
    pub path: String,
    /// What is the matter, and what is allowed.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the input" } else { &self.path };
        write!(f, "{path}: {}", self.what)
    }
}

/// An input that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid {
    /// The input with what was coerced, without nulls that stand for nothing.
    pub input: Map<String, Value>,
    pub coercions: Vec<Finding>,
    pub warnings: Vec<Finding>,
}

/// An input that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// At least one, at most `MOST`. The last says how many more there are, if there are.
    pub problems: Vec<Finding>,
    pub warnings: Vec<Finding>,
}

/// How many problems are reported of one input, and how many warnings and coercions.
pub const MOST: usize = 50;

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Finding::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Invalid {}

/// Holds an input, `null` for none, against the operation's input shape. An idempotency token may be
/// left out.
pub fn validate(
    operation: Operation<'_>,
    input: &Value,
    coercion: Coercion,
) -> Result<Valid, Invalid> {
    examine(operation, input, coercion, Tokens::Filled).end()
}

/// An input as far as it can be read, with what was found.
pub(crate) struct Examined {
    pub input: Map<String, Value>,
    pub problems: Findings,
    coercions: Findings,
    warnings: Findings,
}

impl Examined {
    pub fn end(self) -> Result<Valid, Invalid> {
        let warnings = self.warnings.end("warnings");
        if self.problems.is_empty() {
            Ok(Valid { input: self.input, coercions: self.coercions.end("coercions"), warnings })
        } else {
            Err(Invalid { problems: self.problems.end("problems"), warnings })
        }
    }
}

/// The same for whoever has more to find.
pub(crate) fn examine(
    operation: Operation<'_>,
    input: &Value,
    coercion: Coercion,
    tokens: Tokens,
) -> Examined {
    let mut check = Check { coercion, tokens, ..Check::default() };
    let empty = Map::new();
    let given = match input {
        Value::Null => Some(&empty),
        Value::Object(fields) => Some(fields),
        _ => None,
    };
    let input = match (given, operation.input()) {
        (Some(fields), Some(shape)) => check.structure(shape, fields),
        (Some(fields), None) => {
            let unknown = "the operation takes no input";
            fields.keys().for_each(|name| check.at(name, |check| check.problem(unknown)));
            Map::new()
        }
        (None, _) => {
            check.problem(&format!("expected an object, got {}", words::got(input)));
            Map::new()
        }
    };
    let Check { problems, coercions, warnings, .. } = check;
    Examined { input, problems, coercions, warnings }
}

/// How deep an input may be; beyond it there is no telling what it is.
const DEEPEST: usize = 128;

/// The walk through an input.
#[derive(Default)]
struct Check {
    coercion: Coercion,
    tokens: Tokens,
    path: String,
    depth: usize,
    problems: Findings,
    coercions: Findings,
    warnings: Findings,
    /// The patterns that were met, by the row of their shape; none for one that cannot be read.
    patterns: BTreeMap<usize, Option<Regex>>,
}

impl Check {
    fn structure(&mut self, shape: Shape<'_>, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut read = Map::new();
        for (name, value) in fields {
            match shape.member(name) {
                None => self.unknown(shape, name),
                // A null says that nothing is given.
                Some(_) if value.is_null() => {}
                Some(member) => {
                    let value = self.at(name, |check| check.member(member, value));
                    read.insert(name.clone(), value);
                }
            }
        }
        for member in shape.members().filter(|member| member.is_required()) {
            // Only members of the input itself are filled in.
            let is_filled =
                self.tokens == Tokens::Filled && self.depth == 0 && member.is_idempotency_token();
            if !read.contains_key(member.name()) && !is_filled {
                let expected = words::expected(member.shape());
                let what = format!("is required, and missing: expected {expected}");
                self.at(member.name(), |check| check.problem(&what));
            }
        }
        if shape.kind() == Kind::Union && read.len() != 1 {
            let names: Vec<&str> = shape.members().map(Member::name).collect();
            let names = words::choice(&names);
            self.problem(&format!("expected exactly one of {names}, got {}", read.len()));
        }
        read
    }

    fn unknown(&mut self, shape: Shape<'_>, name: &str) {
        // Looking for the nearest name costs more than the rest; nobody reads the thousandth.
        if self.problems.is_full() {
            return self.problem("there is no such member");
        }
        let names: Vec<&str> = shape.members().map(Member::name).collect();
        let what = match words::nearest(name, &names) {
            Some(nearest) => format!("there is no such member; did you mean {nearest}?"),
            None if names.is_empty() => "there is no such member, nor any other".to_owned(),
            None => format!("there is no such member; there are {}", words::choice(&names)),
        };
        self.at(name, |check| check.problem(&what));
    }

    fn member(&mut self, member: Member<'_>, value: &Value) -> Value {
        if member.is_deprecated() {
            self.warning("is deprecated");
        }
        if member.is_json_value() {
            self.document(value);
            return value.clone();
        }
        let value = self.value(member.shape(), value);
        if member.location() == Some(Location::Uri) && value.as_str() == Some("") {
            self.problem("may not be empty: it is a part of the path");
        }
        let known: Vec<&str> = member.enum_values().collect();
        self.known(&known, &value);
        self.header(member, &value);
        value
    }

    /// Checks a value, and gives it as it is to be sent.
    fn value(&mut self, shape: Shape<'_>, value: &Value) -> Value {
        if self.depth > DEEPEST {
            self.problem("is nested too deeply");
            return Value::Null;
        }
        self.depth += 1;
        let value = match (shape.kind(), value) {
            (Kind::Document, value) => {
                self.document(value);
                value.clone()
            }
            (Kind::Structure | Kind::Union, Value::Object(fields)) => {
                Value::Object(self.structure(shape, fields))
            }
            (Kind::List, Value::Array(values)) => self.list(shape, values),
            (Kind::List, value) if self.is_one_of_list(shape, value) => {
                self.coerced("one value was read as a list of one");
                self.list(shape, std::slice::from_ref(value))
            }
            (Kind::Map, Value::Object(fields)) => self.map(shape, fields),
            (Kind::Structure | Kind::Union | Kind::List | Kind::Map, value) => {
                self.wrong_type(shape, value)
            }
            (
                Kind::String
                | Kind::Character
                | Kind::Boolean
                | Kind::Byte
                | Kind::Short
                | Kind::Integer
                | Kind::Long
                | Kind::BigInteger
                | Kind::Float
                | Kind::Double
                | Kind::BigDecimal
                | Kind::Timestamp
                | Kind::Blob,
                value,
            ) => self.scalar(shape, value),
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self, shape: Shape<'_>, values: &[Value]) -> Value {
        self.length(shape, values.len(), "entries");
        let Some(element) = shape.element() else { return values.to_vec().into() };
        let entries = values.iter().enumerate().map(|(place, value)| {
            self.at_text(&format!("[{place}]"), |check| check.entry(shape, element, value))
        });
        entries.collect()
    }

    fn map(&mut self, shape: Shape<'_>, fields: &Map<String, Value>) -> Value {
        self.length(shape, fields.len(), "entries");
        let Some((key, of)) = shape.key().zip(shape.value()) else { return fields.clone().into() };
        let mut read = Map::new();
        for (name, value) in fields {
            let shown = if key.shape().is_sensitive() { "*" } else { name };
            let value = self.at(shown, |check| {
                check.value(key.shape(), &Value::from(name.as_str()));
                check.entry(shape, of, value)
            });
            read.insert(name.clone(), value);
        }
        read.into()
    }

    fn entry(&mut self, shape: Shape<'_>, of: Member<'_>, value: &Value) -> Value {
        match value {
            Value::Null if shape.is_sparse() => Value::Null,
            Value::Null if of.shape().kind() != Kind::Document => {
                self.problem(&format!("expected {}, got null", words::expected(of.shape())));
                Value::Null
            }
            value => self.member(of, value),
        }
    }

    /// Whether a value that is no list is what the list is of.
    fn is_one_of_list(&self, shape: Shape<'_>, value: &Value) -> bool {
        let Some(kind) = shape.element().map(|element| element.shape().kind()) else {
            return false;
        };
        self.coercion == Coercion::On
            && match value {
                Value::Object(_) => kind.has_named_members() || kind == Kind::Map,
                Value::String(_) => kind == Kind::String || kind == Kind::Timestamp,
                Value::Bool(_) => kind == Kind::Boolean,
                Value::Number(_) => words::is_number(kind),
                Value::Null | Value::Array(_) => false,
            }
    }

    fn length(&mut self, shape: Shape<'_>, length: usize, of: &str) {
        let bound = |bound: Option<serde_json::Number>| bound.and_then(|bound| bound.as_u64());
        let (min, max) = (bound(shape.min()), bound(shape.max()));
        let length = length as u64;
        if min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max) {
            let allowed = words::range(shape.min(), shape.max());
            self.problem(&format!("expected {allowed} {of}, got {length}"));
        }
    }

    fn known(&mut self, known: &[&str], value: &Value) {
        if let Some(text) = value.as_str().filter(|text| !known.is_empty() && !known.contains(text))
        {
            let hint = words::nearest(text, known).map(|near| format!("; did you mean {near}?"));
            let (known, hint) = (words::choice(known), hint.unwrap_or_default());
            self.warning(&format!("is none of the known values {known}{hint}"));
        }
    }

    fn wrong_type(&mut self, shape: Shape<'_>, value: &Value) -> Value {
        let expected = words::expected(shape);
        self.problem(&format!("expected {expected}, got {}", words::got(value)));
        Value::Null
    }

    /// Runs something at a named place below this one.
    fn at<T>(&mut self, name: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.at_text(&format!("{dot}{name}"), run)
    }

    fn at_text<T>(&mut self, step: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let result = run(self);
        self.path.truncate(length);
        result
    }

    fn problem(&mut self, what: &str) {
        self.problems.note(&self.path, what);
    }

    fn warning(&mut self, what: &str) {
        self.warnings.note(&self.path, what);
    }

    fn coerced(&mut self, what: &str) {
        self.coercions.note(&self.path, what);
    }
}

#[cfg(test)]
mod tests;
