//! An object of the model, or a shape's traits, taken apart key by key, so that a key which nobody
//! took is noticed.

use std::cell::RefCell;

use serde_json::{Number, Value};

use super::left_out::LEFT_OUT;
use super::{Result, Unknown, Unreadable};

/// How many notes are kept.
const NOTES: usize = 100;

/// What was met that nothing is known of.
pub(super) struct Notes {
    unknown: Unknown,
    notes: RefCell<Vec<String>>,
}

/// What is left of an object, with its place in the model.
pub(super) struct Fields<'a> {
    place: String,
    left: Vec<(&'a str, &'a Value)>,
    notes: &'a Notes,
}

impl Notes {
    pub fn new(unknown: Unknown) -> Self {
        Self { unknown, notes: RefCell::default() }
    }

    /// Something is not known: an error, or a note of it.
    pub fn unknown(&self, what: Unreadable) -> Result<()> {
        match self.unknown {
            Unknown::Stops => Err(what),
            Unknown::IsNoted => {
                self.keep(&what);
                Ok(())
            }
        }
    }

    /// Notes something that is left out in any case.
    pub fn keep(&self, what: &Unreadable) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < NOTES {
            notes.push(what.to_string());
        }
    }

    pub fn take(&self) -> Vec<String> {
        self.notes.take()
    }
}

impl<'a> Fields<'a> {
    pub fn new(place: String, left: Vec<(&'a str, &'a Value)>, notes: &'a Notes) -> Self {
        Self { place, left, notes }
    }

    pub fn of(place: String, value: &'a Value, notes: &'a Notes) -> Result<Self> {
        match value {
            Value::Object(map) => {
                let left = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
                Ok(Self { place, left, notes })
            }
            other => Err(Unreadable(format!("{place}: expected an object, got {}", kind(other)))),
        }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn len(&self) -> usize {
        self.left.len()
    }

    pub fn notes(&self) -> &'a Notes {
        self.notes
    }

    /// Why something here cannot be read.
    pub fn wrong(&self, key: &str, what: impl std::fmt::Display) -> Unreadable {
        Unreadable(format!("{}, {key}: {what}", self.place))
    }

    /// Ends the reading of an object: nothing may be left.
    pub fn end(self) -> Result<()> {
        self.left.iter().try_for_each(|(key, _)| {
            self.notes.unknown(self.wrong(key, "nothing is known of this key"))
        })
    }

    /// Ends the reading of traits: what is left must be what is left out on purpose.
    pub fn end_traits(self) -> Result<()> {
        let known = |key: &str| LEFT_OUT.iter().any(|(known, _)| *known == key);
        let left = self.left.iter().filter(|(key, _)| !known(key));
        left.map(|(key, _)| self.wrong(key, "nothing is known of this trait"))
            .try_for_each(|wrong| self.notes.unknown(wrong))
    }

    pub fn take(&mut self, key: &str) -> Option<&'a Value> {
        let place = self.left.iter().position(|(found, _)| *found == key)?;
        Some(self.left.remove(place).1)
    }

    /// Leaves out keys that say nothing which the facts have.
    pub fn leave(&mut self, keys: &[&str]) {
        self.left.retain(|(key, _)| !keys.contains(key));
    }

    /// Whether something is there, whatever it says: a trait without a value of its own.
    pub fn mark(&mut self, key: &str) -> bool {
        self.take(key).is_some()
    }

    pub fn text(&mut self, key: &str) -> Result<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.not(key, "a text", other)),
        }
    }

    pub fn needed(&mut self, key: &str) -> Result<String> {
        self.text(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    pub fn truth(&mut self, key: &str) -> Result<Option<bool>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(other) => Err(self.not(key, "true or false", other)),
        }
    }

    pub fn number(&mut self, key: &str) -> Result<Option<Number>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(other) => Err(self.not(key, "a number", other)),
        }
    }

    pub fn whole<T: TryFrom<u64>>(&mut self, key: &str) -> Result<Option<T>> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let whole = number.as_u64().and_then(|whole| T::try_from(whole).ok());
        whole.map(Some).ok_or_else(|| self.wrong(key, format!("{number} is out of range")))
    }

    pub fn list(&mut self, key: &str) -> Result<Option<&'a [Value]>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.not(key, "a list", other)),
        }
    }

    pub fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(self.not(key, "a list of texts", other)),
        };
        list.iter().map(text).collect::<Result<_>>().map(Some)
    }

    pub fn object(&mut self, key: &str) -> Result<Option<Self>> {
        let place = format!("{}, {key}", self.place);
        self.take(key).map(|value| Self::of(place, value, self.notes)).transpose()
    }

    pub fn objects(&mut self, key: &str) -> Result<Vec<Self>> {
        let list = self.list(key)?.unwrap_or_default();
        let of = |(number, value)| {
            Self::of(format!("{}, {key}[{number}]", self.place), value, self.notes)
        };
        list.iter().enumerate().map(of).collect()
    }

    /// The objects of an object that names them, in its order.
    pub fn named(&mut self, key: &str) -> Result<Vec<(&'a str, Self)>> {
        self.object(key)?.map_or(Ok(Vec::new()), |mut outer| outer.all())
    }

    /// All that is left, each an object.
    pub fn all(&mut self) -> Result<Vec<(&'a str, Self)>> {
        let inner = |(name, value): (&'a str, &'a Value)| {
            Self::of(format!("{}, {name}", self.place), value, self.notes)
                .map(|fields| (name, fields))
        };
        std::mem::take(&mut self.left).into_iter().map(inner).collect()
    }

    fn not(&self, key: &str, expected: &str, got: &Value) -> Unreadable {
        self.wrong(key, format!("expected {expected}, got {}", kind(got)))
    }
}

/// What a value is; not the value itself, which may be of any length.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
