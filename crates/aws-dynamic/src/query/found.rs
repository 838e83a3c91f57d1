//! What an expression finds: parts of the answer or of the query, borrowed; and what it makes of
//! them, shared, so that `[@, @]` copies nothing.

use std::rc::Rc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

#[derive(Clone, Debug)]
pub(super) enum Found<'a> {
    Borrowed(&'a Value),
    Null,
    Bool(bool),
    Number(Number),
    /// A name of the answer or of the query.
    Name(&'a str),
    Text(Rc<str>),
    List(Rc<List<'a>>),
    Object(Rc<Object<'a>>),
}

#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) elements: Vec<Found<'a>>,
    /// How many made lists and objects are in one another, this one too.
    pub(super) levels: usize,
}

/// Fields of which no two have the same name.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) fields: Vec<(&'a str, Found<'a>)>,
    pub(super) levels: usize,
}

/// What it is, wherever it comes from.
pub(super) enum View<'f, 'a> {
    Null,
    Bool(bool),
    Number(&'f Number),
    Text(&'f str),
    List(Elements<'f, 'a>),
    Object(Fields<'f, 'a>),
}

#[derive(Clone, Copy)]
pub(super) enum Elements<'f, 'a> {
    Borrowed(&'a [Value]),
    Made(&'f [Found<'a>]),
}

#[derive(Clone, Copy)]
pub(super) enum Fields<'f, 'a> {
    Borrowed(&'a Map<String, Value>),
    Made(&'f [(&'a str, Found<'a>)]),
}

impl<'a> Found<'a> {
    pub(super) fn view(&self) -> View<'_, 'a> {
        match self {
            Self::Borrowed(Value::Null) | Self::Null => View::Null,
            Self::Borrowed(Value::Bool(value)) | Self::Bool(value) => View::Bool(*value),
            Self::Borrowed(Value::Number(number)) | Self::Number(number) => View::Number(number),
            Self::Borrowed(Value::String(text)) => View::Text(text),
            Self::Borrowed(Value::Array(elements)) => View::List(Elements::Borrowed(elements)),
            Self::Borrowed(Value::Object(fields)) => View::Object(Fields::Borrowed(fields)),
            Self::Name(text) => View::Text(text),
            Self::Text(text) => View::Text(text),
            Self::List(list) => View::List(Elements::Made(&list.elements)),
            Self::Object(object) => View::Object(Fields::Made(&object.fields)),
        }
    }

    pub(super) fn elements(&self) -> Option<Elements<'_, 'a>> {
        if let View::List(elements) = self.view() { Some(elements) } else { None }
    }

    pub(super) fn fields(&self) -> Option<Fields<'_, 'a>> {
        if let View::Object(fields) = self.view() { Some(fields) } else { None }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.view(), View::Null)
    }

    /// All but null, false, and what is empty.
    pub(super) fn is_true(&self) -> bool {
        match self.view() {
            View::Null => false,
            View::Bool(value) => value,
            View::Number(_) => true,
            View::Text(text) => !text.is_empty(),
            View::List(elements) => elements.len() > 0,
            View::Object(fields) => fields.len() > 0,
        }
    }

    /// As the function `type` calls it.
    pub(super) fn type_name(&self) -> &'static str {
        match self.view() {
            View::Null => "null",
            View::Bool(_) => "boolean",
            View::Number(_) => "number",
            View::Text(_) => "string",
            View::List(_) => "array",
            View::Object(_) => "object",
        }
    }

    /// How many lists and objects that were made are in one another.
    pub(super) fn levels(&self) -> usize {
        match self {
            Self::Borrowed(_)
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Name(_)
            | Self::Text(_) => 0,
            Self::List(list) => list.levels,
            Self::Object(object) => object.levels,
        }
    }
}

impl<'f, 'a> Elements<'f, 'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Borrowed(elements) => elements.len(),
            Self::Made(elements) => elements.len(),
        }
    }

    pub(super) fn get(self, place: usize) -> Option<Found<'a>> {
        match self {
            Self::Borrowed(elements) => elements.get(place).map(Found::Borrowed),
            Self::Made(elements) => elements.get(place).cloned(),
        }
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = Found<'a>> + use<'f, 'a> {
        (0..self.len()).filter_map(move |place| self.get(place))
    }
}

impl<'f, 'a> Fields<'f, 'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Borrowed(fields) => fields.len(),
            Self::Made(fields) => fields.len(),
        }
    }

    pub(super) fn get(self, name: &str) -> Option<Found<'a>> {
        match self {
            Self::Borrowed(fields) => fields.get(name).map(Found::Borrowed),
            Self::Made(fields) => {
                let (_, found) = fields.iter().find(|(known, _)| *known == name)?;
                Some(found.clone())
            }
        }
    }

    /// How many bytes of names are looked at to get one.
    pub(super) fn cost(self, name: &str) -> usize {
        match self {
            Self::Borrowed(_) => name.len(),
            Self::Made(fields) => fields.len().saturating_mul(name.len().max(1)),
        }
    }

    pub(super) fn iter(self) -> Box<dyn Iterator<Item = (&'a str, Found<'a>)> + 'f>
    where
        'a: 'f,
    {
        match self {
            Self::Borrowed(fields) => {
                Box::new(fields.iter().map(|(name, value)| (name.as_str(), Found::Borrowed(value))))
            }
            Self::Made(fields) => Box::new(fields.iter().cloned()),
        }
    }
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Borrowed(value) => value.serialize(serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Name(text) => serializer.serialize_str(text),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(&list.elements),
            Self::Object(object) => {
                serializer.collect_map(object.fields.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}
