//! Answers, read through the codecs into JSON: the one walk of an output that all protocols share.
//! The codecs bound the depth.

use std::cell::{Cell, RefCell};

use aws_smithy_runtime_api::http::Response;
use aws_smithy_schema::prelude;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::base64;
use serde_json::{Map, Value};

use super::schema::{Node, Part, Static};
use super::{Problem, document, number, scalar, timestamp};
use crate::model::terms::{Kind, Protocol};

/// What an answer says, as far as it has it. A problem names members of the model and nothing of the
/// answer, which may be secret; that is why the codecs' own words are not in it.
pub(super) fn output(
    from: &mut dyn ShapeDeserializer,
    node: &'static Node,
    response: &Response,
    speaks: Protocol,
) -> Result<Map<String, Value>, Problem> {
    let reading = Reading::of(response, speaks);
    structure(from, node, &reading).map_err(|error| {
        let path: Vec<&str> = reading.path.take().into_iter().rev().collect();
        let place = if path.is_empty() { "the body".to_owned() } else { path.join(".") };
        let what = match error {
            SerdeError::TypeMismatch { .. } => "is not of the type that the model has",
            _ if reading.left.get() == 0 => "has more values than are read",
            _ => "is cut off or not in the protocol's form",
        };
        Problem(format!("{place} {what}"))
    })
}

/// How many values are read of an answer of any length. The largest pages of AWS have a quarter of a
/// million; a structure takes one byte in an answer, and a hundred times as much in memory.
pub(super) const MOST: usize = 1_000_000;

/// How many are read of a long one: half a gigabyte at the worst. Of JSON no more than of others, because
/// its documents are in memory twice.
const MOST_OF_ALL: usize = 2_000_000;

/// How many bytes a value has in a long answer: an honest one has more, with its name or its tags.
const BYTES_OF_VALUE: usize = 12;

/// How many values are read of an answer of so many bytes.
pub(super) fn most(bytes: usize) -> usize {
    (bytes / BYTES_OF_VALUE).clamp(MOST, MOST_OF_ALL)
}

/// The state of a walk through an answer.
struct Reading {
    /// How many values may still come. A list may claim any length, and a codec may believe it.
    left: Cell<usize>,
    is_json: bool,
    /// Where the member being read stands, with all that is in it.
    place: Cell<Place>,
    /// The members around a problem, the innermost first.
    path: RefCell<Vec<&'static str>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Body,
    Header,
}

/// How scalars are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// The codec reads their texts, or says their types.
    Own,
    /// The text of a header.
    Text,
}

impl Reading {
    /// A value takes at least a byte, except for those that stand for the message itself.
    fn of(response: &Response, speaks: Protocol) -> Self {
        let body = response.body().bytes().map_or(0, <[u8]>::len);
        let headers = response.headers().iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let left = Cell::new(body.saturating_add(headers).saturating_add(16).min(most(body)));
        let is_json = match speaks {
            Protocol::Json | Protocol::RestJson => true,
            Protocol::RestXml | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => false,
        };
        Self { left, is_json, place: Cell::default(), path: RefCell::default() }
    }

    fn form(&self, schema: Static) -> Form {
        match self.place.get() {
            Place::Body if self.is_json => Form::Json,
            Place::Header if schema.http_header().is_some() => Form::Text,
            // What is in a list in a header is read one by one.
            Place::Body | Place::Header => Form::Own,
        }
    }

    fn spend(&self) -> Result<(), SerdeError> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| SerdeError::invalid_input("a length is not true"))?);
        Ok(())
    }
}

/// A structure's members, as far as the answer has them.
fn structure(
    from: &mut dyn ShapeDeserializer,
    node: &'static Node,
    reading: &Reading,
) -> Result<Map<String, Value>, SerdeError> {
    let mut fields = Map::new();
    from.read_struct(node.schema, &mut |schema, from| {
        // What the model does not know has no place; the codec steps over it.
        let part = schema.member_index().and_then(|place| node.parts.get(place));
        let Some(part) = part else { return Ok(()) };
        let value = member(from, part, reading)
            .inspect_err(|_| reading.path.borrow_mut().push(part.name))?;
        let is_flat = part.schema.xml_flattened();
        let known = if is_flat { fields.get_mut(part.name) } else { None };
        match (known, value) {
            // A flattened list comes an element at a time.
            (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, Value::Null) => {}
            (_, value) => {
                fields.insert(part.name.to_owned(), value);
            }
        }
        Ok(())
    })?;
    Ok(fields)
}

fn member(
    from: &mut dyn ShapeDeserializer,
    part: &'static Part,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    let node = part.node().ok_or_else(no_shape)?;
    let is_header = part.schema.http_header().is_some();
    reading.place.set(if is_header { Place::Header } else { Place::Body });
    if part.schema.http_response_code().is_some() {
        return Ok(from.read_integer(part.schema)?.into());
    }
    // In a body such a text stays one, as the AWS CLI shows it.
    if part.is_json_text && is_header {
        let text = from.read_string(part.schema)?;
        return serde_json::from_str(&text).map_err(|_| SerdeError::type_mismatch("expected JSON"));
    }
    value(from, part.schema, node, reading)
}

fn value(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    node: &'static Node,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    reading.spend()?;
    if from.is_null() && node.kind != Kind::Document {
        from.read_null()?;
        return Ok(Value::Null);
    }
    Ok(match node.kind {
        Kind::Structure | Kind::Union => structure(from, node, reading)?.into(),
        Kind::List => list(from, schema, node, reading)?,
        Kind::Map => map(from, schema, node, reading)?,
        Kind::Document => document::to_json(from.read_document(schema)?),
        Kind::String | Kind::Character => text(from, schema, reading)?,
        Kind::Boolean => match reading.form(schema) {
            Form::Json => odd(from, schema, scalar::as_boolean)?,
            Form::Text => of_header(from, scalar::boolean)?.into(),
            Form::Own => from.read_boolean(schema)?.into(),
        },
        // Services outgrow their models.
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long => match reading.form(schema) {
            Form::Json => odd(from, schema, scalar::as_integer)?,
            Form::Text => of_header(from, scalar::integer)?.into(),
            Form::Own => from.read_long(schema)?.into(),
        },
        Kind::BigInteger => number::of_text(from.read_big_integer(schema)?.as_ref()),
        Kind::Float => float(from, schema, reading, number::of_float)?,
        Kind::Double => float(from, schema, reading, number::of_double)?,
        Kind::BigDecimal => number::of_text(from.read_big_decimal(schema)?.as_ref()),
        Kind::Timestamp => match reading.form(schema) {
            // The number is read by its digits: the nearest double may be a microsecond off.
            Form::Json => odd(from, schema, timestamp::of_answer)?,
            // Services do not keep to the form that their models say, nor do botocore and the AWS CLI
            // mind.
            Form::Text => timestamp::to_json(&of_header(from, timestamp::said)?),
            Form::Own => timestamp::to_json(&from.read_timestamp(schema)?),
        },
        Kind::Blob => base64::encode(from.read_blob(schema)?).into(),
    })
}

/// A text; of JSON, a number or boolean too, by its letters.
fn text(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    match from.read_string(schema) {
        // The codec has not moved.
        Err(SerdeError::TypeMismatch { .. }) if reading.form(schema) == Form::Json => {
            match from.read_big_decimal(schema) {
                Err(SerdeError::TypeMismatch { .. }) => {
                    Ok(from.read_boolean(schema)?.to_string().into())
                }
                number => Ok(number?.as_ref().into()),
            }
        }
        text => Ok(text?.into()),
    }
}

fn float(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    reading: &Reading,
    shown: fn(f64) -> Value,
) -> Result<Value, SerdeError> {
    Ok(match reading.form(schema) {
        Form::Json => odd(from, schema, |said| scalar::as_number(said, shown))?,
        Form::Text => shown(of_header(from, |text| text.parse().ok())?),
        Form::Own => shown(from.read_double(schema)?),
    })
}

/// A value of JSON, of whatever type.
fn odd(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    read: impl FnOnce(Value) -> Option<Value>,
) -> Result<Value, SerdeError> {
    let said = document::to_json(from.read_document(schema)?);
    read(said).ok_or_else(|| SerdeError::type_mismatch("expected another type"))
}

/// A header that can be read in one way.
fn of_header<T>(
    from: &mut dyn ShapeDeserializer,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, SerdeError> {
    let text = from.read_string(&prelude::STRING)?;
    read(text.trim()).ok_or_else(|| SerdeError::type_mismatch("expected another type"))
}

fn list(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    node: &'static Node,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    let of = node.parts.first().and_then(Part::node).ok_or_else(no_shape)?;
    let mut values = Vec::new();
    from.read_list(schema, &mut |from| {
        let value = value(from, of.schema, of, reading)?;
        if node.is_sparse || of.kind == Kind::Document || !value.is_null() {
            values.push(value);
        }
        Ok(())
    })?;
    Ok(values.into())
}

fn map(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    node: &'static Node,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    let of = node.parts.get(1).and_then(Part::node).ok_or_else(no_shape)?;
    let mut values = Map::new();
    from.read_map(schema, &mut |key, from| {
        let value = value(from, of.schema, of, reading)?;
        if node.is_sparse || of.kind == Kind::Document || !value.is_null() {
            values.insert(key, value);
        }
        Ok(())
    })?;
    Ok(values.into())
}

fn no_shape() -> SerdeError {
    SerdeError::custom("the model of the operation is broken")
}
