//! How much of a result an answer shows: queried, without what is empty, and cut to fit, so that what is
//! shown is valid JSON and says of what it is a part.

use std::collections::BTreeMap;

use aws_dynamic::query::{Limits, Query, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::config::Clock;
use crate::error::{Error, Result};

/// How much of it is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    Compact,
    Full,
}

/// A result that is shown in part.
pub struct Part {
    pub value: Value,
    /// Where it was cut, with how many entries or characters there are.
    pub cuts: Vec<Cut>,
}

/// A place that is cut.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cut {
    path: String,
    shown: usize,
    of: usize,
}

/// For how long a query may run.
const QUERY: std::time::Duration = std::time::Duration::from_secs(1);

/// How many places are named.
const MOST_CUTS: usize = 20;

/// How deep an outline goes.
const OUTLINE: usize = 5;

/// Holds a JMESPath query (<https://jmespath.org/specification.html>) against a result.
///
/// # Errors
/// `validation_error` with the place in the query; also where it takes more than 1 s or 10^6 steps.
pub fn queried(query: &str, result: &Value, clock: Clock) -> Result<Value> {
    let query = Query::read(query).map_err(wrong)?;
    let begun = clock.elapsed();
    let expired = || clock.elapsed().saturating_sub(begun) > QUERY;
    query.run(result, Limits::until(&expired)).map_err(wrong)
}

/// Whether a query is one, so that it is mended before a call and not after.
pub fn is_query(query: &str) -> Result<()> {
    Query::read(query).map(drop).map_err(wrong)
}

fn wrong(error: QueryError) -> Error {
    Error::invalid(
        format!("{error}."),
        "Mend the query; https://jmespath.org/specification.html has the language.",
    )
}

/// Leaves out what says nothing, and what is only nesting; says what.
pub fn compacted(value: &mut Value) -> Map<String, Value> {
    let mut left = Left::default();
    left.compact(value, &mut Vec::new());
    let mut said = Map::new();
    if left.empty > 0 {
        said.insert("empty".to_owned(), left.empty.into());
    }
    if !left.flattened.is_empty() {
        let paths: Vec<String> = left.flattened.into_keys().take(MOST_CUTS).collect();
        said.insert("flattened".to_owned(), paths.into());
    }
    said
}

/// What compacting left out.
#[derive(Default)]
struct Left {
    empty: usize,
    /// `Instances.Items`, each once.
    flattened: BTreeMap<String, ()>,
}

impl Left {
    fn compact(&mut self, value: &mut Value, path: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    path.push(name.clone());
                    self.compact(field, path);
                    self.flatten(field, path);
                    path.pop();
                }
                let all = fields.len();
                fields.retain(|_, field| !is_empty(field));
                self.empty += all - fields.len();
            }
            Value::Array(entries) => {
                for entry in entries.iter_mut() {
                    self.compact(entry, path);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// `{"Items": {"Item": [..]}}` -> `{"Items": [..]}`: an object that holds one list and nothing else.
    fn flatten(&mut self, value: &mut Value, path: &[String]) {
        let Value::Object(fields) = value else { return };
        let mut all = fields.iter_mut();
        if let (Some((name, inner @ Value::Array(_))), None) = (all.next(), all.next()) {
            let inside = format!("{}.{name}", path.join("."));
            let inner = inner.take();
            self.flattened.insert(inside, ());
            *value = inner;
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The first of a value that fit into so many characters of JSON.
pub fn part(value: &Value, most: usize) -> Part {
    let mut cuts = Vec::new();
    let mut left = most;
    let value = first(value, &mut left, &mut String::new(), &mut cuts).unwrap_or(Value::Null);
    cuts.truncate(MOST_CUTS);
    Part { value, cuts }
}

/// What fits of a value, taken off what is left; none where not even its beginning does.
fn first(value: &Value, left: &mut usize, path: &mut String, cuts: &mut Vec<Cut>) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            take(left, value.to_string().len()).then(|| value.clone())
        }
        Value::String(text) => {
            let whole = value.to_string().chars().count();
            if take(left, whole) {
                return Some(value.clone());
            }
            // An escape takes up to six characters.
            let fits = left.saturating_sub(5) / 6;
            if fits < LEAST_TEXT {
                return None;
            }
            let of = text.chars().count();
            let mut start: String = text.chars().take(fits).collect();
            start.push_str("...");
            cuts.push(Cut { path: path.clone(), shown: fits, of });
            *left = 0;
            Some(Value::String(start))
        }
        Value::Array(entries) => {
            take(left, 2).then_some(())?;
            let mut shown = Vec::new();
            for (at, entry) in entries.iter().enumerate() {
                if !take(left, 1) {
                    break;
                }
                let length = path.len();
                path.push_str(&format!("[{at}]"));
                let before = cuts.len();
                let entry = first(entry, left, path, cuts);
                path.truncate(length);
                let is_cut = cuts.len() > before;
                shown.extend(entry);
                if is_cut || shown.len() <= at {
                    break;
                }
            }
            if shown.len() < entries.len() {
                let (shown, of) = (shown.len(), entries.len());
                cuts.push(Cut { path: path.clone(), shown, of });
                *left = 0;
            }
            Some(Value::Array(shown))
        }
        Value::Object(fields) => {
            take(left, 2).then_some(())?;
            let mut shown = Map::new();
            for (name, field) in fields {
                let named = Value::from(name.as_str()).to_string().chars().count() + 2;
                if !take(left, named) {
                    break;
                }
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                let field = first(field, left, path, cuts);
                path.truncate(length);
                let Some(field) = field else { break };
                shown.insert(name.clone(), field);
            }
            if shown.len() < fields.len() {
                let (shown, of) = (shown.len(), fields.len());
                cuts.push(Cut { path: path.clone(), shown, of });
                *left = 0;
            }
            Some(Value::Object(shown))
        }
    }
}

/// A text that is cut shows at least so many characters.
const LEAST_TEXT: usize = 20;

fn take(left: &mut usize, length: usize) -> bool {
    match left.checked_sub(length) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

/// What a value holds, with the count of every list.
pub fn outline(value: &Value) -> Value {
    outlined(value, OUTLINE)
}

fn outlined(value: &Value, deep: usize) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(entries) => match (entries.first(), deep.checked_sub(1)) {
            (Some(entry), Some(deep)) => {
                json!({"count": entries.len(), "of": outlined(entry, deep)})
            }
            (_, _) => json!({"count": entries.len()}),
        },
        Value::Object(fields) => match deep.checked_sub(1) {
            None => format!("{} members", fields.len()).into(),
            Some(deep) => {
                let shown = fields.iter().take(MOST_CUTS);
                let mut shown: Map<String, Value> =
                    shown.map(|(name, field)| (name.clone(), outlined(field, deep))).collect();
                if let Some(more) = fields.len().checked_sub(MOST_CUTS).filter(|more| *more > 0) {
                    shown.insert("...".to_owned(), format!("{more} more").into());
                }
                Value::Object(shown)
            }
        },
    }
}

#[cfg(test)]
mod tests;
