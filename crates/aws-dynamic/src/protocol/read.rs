//! Answers, read through the codecs into JSON: the one walk of an output that all protocols share.
//! The codecs bound the depth.

use std::cell::{Cell, RefCell};

use aws_smithy_runtime_api::http::Response;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::base64;
use serde_json::{Map, Value};

use super::schema::{Node, Part, Static};
use super::{Problem, document, number, timestamp};
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

/// How many values are read of one answer. The largest pages of AWS have a quarter of a million; a
/// structure takes one byte in an answer, and a hundred times as much in memory.
pub(super) const MOST: usize = 1_000_000;

/// The state of a walk through an answer.
struct Reading {
    /// How many values may still come. A list may claim any length, and a codec may believe it.
    left: Cell<usize>,
    is_json: bool,
    /// Whether the member being read is a header, with all that is in it.
    is_header: Cell<bool>,
    /// The members around a problem, the innermost first.
    path: RefCell<Vec<&'static str>>,
}

impl Reading {
    /// A value takes at least a byte, except for those that stand for the message itself.
    fn of(response: &Response, speaks: Protocol) -> Self {
        let body = response.body().bytes().map_or(0, <[u8]>::len);
        let headers = response.headers().iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let left = Cell::new(body.saturating_add(headers).saturating_add(16).min(MOST));
        let is_json = match speaks {
            Protocol::Json | Protocol::RestJson => true,
            Protocol::RestXml | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => false,
        };
        Self { left, is_json, is_header: Cell::default(), path: RefCell::default() }
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
    reading.is_header.set(part.schema.http_header().is_some());
    if part.schema.http_response_code().is_some() {
        return Ok(from.read_integer(part.schema)?.into());
    }
    // In a body such a text stays one, as the AWS CLI shows it.
    if part.is_json_text && part.schema.http_header().is_some() {
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
        Kind::String | Kind::Character => from.read_string(schema)?.into(),
        Kind::Boolean => from.read_boolean(schema)?.into(),
        // Services outgrow their models.
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long => from.read_long(schema)?.into(),
        Kind::BigInteger => number::of_text(from.read_big_integer(schema)?.as_ref()),
        Kind::Float => number::of_float(from.read_double(schema)?),
        Kind::Double => number::of_double(from.read_double(schema)?),
        Kind::BigDecimal => number::of_text(from.read_big_decimal(schema)?.as_ref()),
        Kind::Timestamp => time(from, schema, reading)?,
        Kind::Blob => base64::encode(from.read_blob(schema)?).into(),
    })
}

/// Services do not keep to the form that their models say, nor do botocore and the AWS CLI mind. Of
/// JSON the number is read by its digits: the nearest double may be a microsecond off.
fn time(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    reading: &Reading,
) -> Result<Value, SerdeError> {
    let time = if reading.is_json && !reading.is_header.get() {
        let said = document::to_json(from.read_document(schema)?);
        timestamp::of_json(&said).ok_or_else(|| SerdeError::type_mismatch("expected a time"))?
    } else {
        from.read_timestamp(schema)?
    };
    Ok(timestamp::to_json(&time))
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
