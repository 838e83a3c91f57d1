//! A JSON object that is taken apart key by key, so that a key which nobody took is noticed: a new
//! release of botocore may not lose facts unseen.

use serde_json::{Map, Number, Value};

use super::left_out::{LEFT_OUT, Place};
use super::{Result, Unreadable};

/// An object with its path in the file.
pub(super) struct Object {
    path: String,
    fields: Map<String, Value>,
}

impl Object {
    pub fn new(path: &str, value: Value) -> Result<Self> {
        match value {
            Value::Object(fields) => Ok(Self { path: path.to_owned(), fields }),
            other => Err(Unreadable(format!("{path}: expected an object, got {other}"))),
        }
    }

    /// Why something in this object cannot be read.
    pub fn wrong(&self, key: &str, what: &str) -> Unreadable {
        Unreadable(format!("{}.{key}: {what}", self.path))
    }

    /// Ends the reading: what is left must be what is left out on purpose.
    pub fn end(self, place: Place) -> Result<()> {
        let known = |key: &str| LEFT_OUT.iter().any(|(at, known, _)| *at == place && *known == key);
        match self.fields.keys().find(|key| !known(key)) {
            Some(key) => Err(self.wrong(key, "nothing is known of this key")),
            None => Ok(()),
        }
    }

    /// A value below this object, which stays.
    pub fn look(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.fields.get(*first)?, |value, key| value.get(key))
    }

    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.fields.shift_remove(key)
    }

    pub fn text(&mut self, key: &str) -> Result<Option<String>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, &format!("expected a text, got {other}"))),
        }
    }

    pub fn needed(&mut self, key: &str) -> Result<String> {
        self.text(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// A text that is one of the terms of an enum.
    pub fn term<T>(&mut self, key: &str, of_word: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(word) = self.text(key)? else { return Ok(None) };
        let term = of_word(&word);
        term.map(Some).ok_or_else(|| self.wrong(key, &format!("{word} is not known")))
    }

    /// A list of texts that are terms of an enum.
    pub fn terms<T>(&mut self, key: &str, of_word: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
        let words = self.texts(key)?;
        let term = |word: &String| {
            of_word(word).ok_or_else(|| self.wrong(key, &format!("{word} is not known")))
        };
        words.iter().map(term).collect()
    }

    pub fn flag(&mut self, key: &str) -> Result<bool> {
        Ok(self.truth(key)?.unwrap_or_default())
    }

    pub fn truth(&mut self, key: &str) -> Result<Option<bool>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(other) => Err(self.wrong(key, &format!("expected true or false, got {other}"))),
        }
    }

    pub fn number(&mut self, key: &str) -> Result<Option<Number>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(other) => Err(self.wrong(key, &format!("expected a number, got {other}"))),
        }
    }

    pub fn whole<T: TryFrom<u64>>(&mut self, key: &str) -> Result<Option<T>> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let whole = number.as_u64().and_then(|whole| T::try_from(whole).ok());
        whole.map(Some).ok_or_else(|| self.wrong(key, &format!("{number} is out of range")))
    }

    /// A list of texts. One text alone is a list of one, as botocore has it in paginators.
    pub fn texts(&mut self, key: &str) -> Result<Vec<String>> {
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => return Ok(vec![text]),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(self.wrong(key, &format!("expected a list, got {other}"))),
        };
        let text = |value| match value {
            Value::String(text) => Ok(text),
            other => Err(self.wrong(key, &format!("expected a text, got {other}"))),
        };
        list.into_iter().map(text).collect()
    }

    pub fn object(&mut self, key: &str) -> Result<Option<Self>> {
        let path = format!("{}.{key}", self.path);
        self.value(key).map(|value| Self::new(&path, value)).transpose()
    }

    /// A list of objects.
    pub fn objects(&mut self, key: &str) -> Result<Vec<Self>> {
        let path = format!("{}.{key}", self.path);
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => {
                list.into_iter().map(|value| Self::new(&path, value)).collect()
            }
            Some(other) => Err(self.wrong(key, &format!("expected a list, got {other}"))),
        }
    }

    /// The objects of an object that names them, in its order.
    pub fn named(&mut self, key: &str) -> Result<Vec<(String, Self)>> {
        let Some(outer) = self.object(key)? else { return Ok(Vec::new()) };
        outer.all()
    }

    /// All fields, each an object.
    pub fn all(self) -> Result<Vec<(String, Self)>> {
        let Self { path, fields } = self;
        let inner = |(name, value): (String, Value)| {
            Self::new(&format!("{path}.{name}"), value).map(|object| (name, object))
        };
        fields.into_iter().map(inner).collect()
    }
}
