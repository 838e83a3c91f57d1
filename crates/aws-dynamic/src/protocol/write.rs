//! JSON values, written as the codecs want them: the one walk of an input that all protocols share.
//! What the model says is checked as far as writing needs it; `validate` finds more, and all at once.

use std::borrow::Cow;
use std::fmt;

use aws_smithy_schema::Schema;
use aws_smithy_schema::prelude::STRING;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, Document, base64};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::document;
use super::schema::{Node, Part, Payload, Root, Static};
use super::{DEEPEST, number, timestamp};
use crate::model::terms::Kind;

/// An operation's input, ready to be written.
pub(super) struct Input<'v> {
    root: Root,
    values: &'v Map<String, Value>,
    /// A member that the caller left out, with what it is filled with.
    filled: Option<(&'static str, Value)>,
}

impl<'v> Input<'v> {
    pub fn new(
        root: Root,
        values: &'v Map<String, Value>,
        filled: Option<(&'static str, Value)>,
    ) -> Self {
        Self { root, values, filled }
    }
}

impl SerializableStruct for Input<'_> {
    fn schema(&self) -> &Schema<'_> {
        self.root.schema
    }

    fn serialize_members(&self, to: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
        let fields = Fields {
            schema: self.root.schema,
            parts: self.root.node.map_or(&[], |node| &node.parts),
            values: self.values,
            filled: self.filled.as_ref(),
            body: self.root.body,
            place: Place { up: None, step: Step::Input, depth: 0 },
        };
        fields.serialize_members(to)
    }
}

/// A structure of an input.
struct Fields<'v> {
    schema: Static,
    parts: &'static [Part],
    values: &'v Map<String, Value>,
    filled: Option<&'v (&'static str, Value)>,
    body: Option<Static>,
    place: Place<'v>,
}

impl SerializableStruct for Fields<'_> {
    fn schema(&self) -> &Schema<'_> {
        self.schema
    }

    fn serialize_members(&self, to: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
        let empty = Value::Object(Map::new());
        for part in self.parts {
            let filled = self.filled.filter(|(name, _)| *name == part.name);
            let given = self.values.get(part.name).filter(|value| !value.is_null());
            // Filled is what is missing, or empty.
            let given = filled.map(|(_, value)| value).or(given);
            let missing = (part.payload == Payload::Always).then_some(&empty);
            if let Some(value) = given.or(missing) {
                let place = self.place.below(Step::Member(part.name))?;
                member(to, part, self.body, value, place)?;
            }
        }
        Ok(())
    }
}

/// Where in an input a value stands. Never shows a value, nor a key of a map.
#[derive(Clone, Copy)]
struct Place<'p> {
    up: Option<&'p Place<'p>>,
    step: Step,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Step {
    Input,
    Member(&'static str),
    Element(usize),
    Entry,
}

impl<'p> Place<'p> {
    fn below(&'p self, step: Step) -> Result<Place<'p>, SerdeError> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return Err(SerdeError::invalid_input("the input is nested too deeply"));
        }
        Ok(Place { up: Some(self), step, depth })
    }

    fn expected(&self, what: &str) -> SerdeError {
        SerdeError::invalid_input(format!("{self}: expected {what}"))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(up) = self.up {
            up.fmt(f)?;
        }
        let is_first = self.up.is_none_or(|up| up.up.is_none());
        match self.step {
            Step::Input if self.depth == 0 => Ok(()),
            Step::Input => f.write_str("the input"),
            Step::Member(name) if is_first => f.write_str(name),
            Step::Member(name) => write!(f, ".{name}"),
            Step::Element(place) => write!(f, "[{place}]"),
            Step::Entry => f.write_str(".*"),
        }
    }
}

fn member(
    to: &mut dyn ShapeSerializer,
    part: &'static Part,
    body: Option<Static>,
    value: &Value,
    place: Place<'_>,
) -> Result<(), SerdeError> {
    let node = part.node().ok_or_else(no_shape)?;
    if part.is_json_text {
        return to.write_string(part.schema, &json_text(part, value));
    }
    match (part.payload, node.kind) {
        // The codecs would leave it out of the body.
        (Payload::Yes, Kind::Document) => {
            document::bound(value, place.depth)?;
            to.write_blob(part.schema, Blob::new(value.to_string()))
        }
        (Payload::Yes | Payload::Always, Kind::Structure | Kind::Union) => {
            write(to, body.unwrap_or(node.schema), node, value, place)
        }
        (Payload::No | Payload::Yes | Payload::Always, _) => {
            write(to, part.schema, node, value, place)
        }
    }
}

fn write(
    to: &mut dyn ShapeSerializer,
    schema: Static,
    node: &'static Node,
    value: &Value,
    place: Place<'_>,
) -> Result<(), SerdeError> {
    match node.kind {
        Kind::Structure | Kind::Union => {
            let values = value.as_object().ok_or_else(|| place.expected("an object"))?;
            let (parts, schema_of_fields) = (node.parts.as_slice(), node.schema);
            let fields =
                Fields { schema: schema_of_fields, parts, values, filled: None, body: None, place };
            to.write_struct(schema, &fields)
        }
        Kind::List => list(to, schema, node, value, place),
        Kind::Map => map(to, schema, node, value, place),
        Kind::Document if node.is_json => document::write(to, schema, value, place.depth),
        // The other codecs know no documents, and say so.
        Kind::Document => to.write_document(schema, &Document::Null),
        Kind::String | Kind::Character => {
            to.write_string(schema, value.as_str().ok_or_else(|| place.expected("a string"))?)
        }
        Kind::Boolean => {
            let truth = value.as_bool().ok_or_else(|| place.expected("true or false"))?;
            to.write_boolean(schema, truth)
        }
        Kind::Byte => to.write_byte(schema, integer(value, place)?),
        Kind::Short => to.write_short(schema, integer(value, place)?),
        Kind::Integer => to.write_integer(schema, integer(value, place)?),
        Kind::Long => to.write_long(schema, integer(value, place)?),
        Kind::BigInteger => {
            let text = number::text(value).ok_or_else(|| place.expected("an integer"))?;
            let number: Result<BigInteger, _> = text.parse();
            to.write_big_integer(schema, &number.map_err(|_| place.expected("an integer"))?)
        }
        Kind::Float => to.write_float(
            schema,
            number::float(value).ok_or_else(|| place.expected("a number"))? as f32,
        ),
        Kind::Double => {
            to.write_double(schema, number::float(value).ok_or_else(|| place.expected("a number"))?)
        }
        Kind::BigDecimal => {
            let text = number::text(value).ok_or_else(|| place.expected("a number"))?;
            let number: Result<BigDecimal, _> = text.parse();
            to.write_big_decimal(schema, &number.map_err(|_| place.expected("a number"))?)
        }
        Kind::Timestamp => {
            let time = timestamp::of_json(value);
            let time = time.ok_or_else(|| place.expected("a time (2026-01-31T12:00:00Z)"))?;
            to.write_timestamp(schema, &time)
        }
        Kind::Blob => {
            let bytes = value.as_str().and_then(|text| base64::decode(text).ok());
            let bytes = bytes.ok_or_else(|| place.expected("bytes in base64"))?;
            to.write_blob(schema, Blob::new(bytes))
        }
    }
}

fn list(
    to: &mut dyn ShapeSerializer,
    schema: Static,
    node: &'static Node,
    value: &Value,
    place: Place<'_>,
) -> Result<(), SerdeError> {
    let values = value.as_array().ok_or_else(|| place.expected("a list"))?;
    if values.is_empty() && node.skips_empty {
        return Ok(());
    }
    let of = node.parts.first().and_then(Part::node).ok_or_else(no_shape)?;
    let kept = |value: &&Value| node.is_sparse || of.kind == Kind::Document || !value.is_null();
    let length = values.iter().filter(kept).count();
    to.write_list_with_length(schema, length, &|to| {
        for (index, value) in values.iter().enumerate().filter(|(_, value)| kept(value)) {
            entry(to, of, value, place.below(Step::Element(index))?)?;
        }
        Ok(())
    })
}

fn map(
    to: &mut dyn ShapeSerializer,
    schema: Static,
    node: &'static Node,
    value: &Value,
    place: Place<'_>,
) -> Result<(), SerdeError> {
    let values = value.as_object().ok_or_else(|| place.expected("an object"))?;
    let of = node.parts.get(1).and_then(Part::node).ok_or_else(no_shape)?;
    let kept = |value: &Value| node.is_sparse || of.kind == Kind::Document || !value.is_null();
    let length = values.values().filter(|value| kept(value)).count();
    to.write_map_with_length(schema, length, &|to| {
        for (key, value) in values.iter().filter(|(_, value)| kept(value)) {
            to.write_string(&STRING, key)?;
            entry(to, of, value, place.below(Step::Entry)?)?;
        }
        Ok(())
    })
}

fn entry(
    to: &mut dyn ShapeSerializer,
    of: &'static Node,
    value: &Value,
    place: Place<'_>,
) -> Result<(), SerdeError> {
    if value.is_null() && of.kind != Kind::Document {
        return to.write_null(of.schema);
    }
    write(to, of.schema, of, value, place)
}

/// A text that is JSON, given as the JSON or as the text. Only headers must have JSON in them.
fn json_text<'v>(part: &Part, value: &'v Value) -> Cow<'v, str> {
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    match value {
        Value::String(text) if part.schema.http_header().is_none() || is_json(text) => text.into(),
        value => value.to_string().into(),
    }
}

fn integer<T: TryFrom<i64>>(value: &Value, place: Place<'_>) -> Result<T, SerdeError> {
    let number = value.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| place.expected("an integer in its range"))
}

fn no_shape() -> SerdeError {
    SerdeError::custom("the model of the operation is broken")
}
