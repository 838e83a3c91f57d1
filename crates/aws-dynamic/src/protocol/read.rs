//! Answers, read through the codecs into JSON: the one walk of an output that all protocols share.
//! The codecs bound the depth.

use std::cell::Cell;

use aws_smithy_runtime_api::http::Response;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::base64;
use serde_json::{Map, Value};

use super::schema::{Node, Part, Static};
use super::{document, number, timestamp};
use crate::model::terms::Kind;

/// How many values an answer can hold. A list may claim any length, and a codec may believe it.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// A value takes at least a byte, except for those that stand for the message itself.
    pub fn of(response: &Response) -> Self {
        let body = response.body().bytes().map_or(0, <[u8]>::len);
        let headers = response.headers().iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        Self(Cell::new(body.saturating_add(headers).saturating_add(16)))
    }

    fn spend(&self) -> Result<(), SerdeError> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| SerdeError::invalid_input("a length is not true"))?);
        Ok(())
    }
}

/// A structure's members, as far as the answer has them.
pub(super) fn structure(
    from: &mut dyn ShapeDeserializer,
    node: &'static Node,
    budget: &Budget,
) -> Result<Map<String, Value>, SerdeError> {
    let mut fields = Map::new();
    from.read_struct(node.schema, &mut |schema, from| {
        // What the model does not know has no place; the codec steps over it.
        let part = schema.member_index().and_then(|place| node.parts.get(place));
        let Some(part) = part else { return Ok(()) };
        let value = member(from, part, budget)?;
        let known = fields.get_mut(part.name).filter(|_| part.schema.xml_flattened());
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
    budget: &Budget,
) -> Result<Value, SerdeError> {
    let node = part.node().ok_or_else(no_shape)?;
    if part.schema.http_response_code().is_some() {
        return Ok(from.read_integer(part.schema)?.into());
    }
    // In a body such a text stays one, as the AWS CLI shows it.
    if part.is_json_text && part.schema.http_header().is_some() {
        let text = from.read_string(part.schema)?;
        return serde_json::from_str(&text)
            .map_err(|_| SerdeError::invalid_input(format!("{} is not JSON", part.name)));
    }
    value(from, part.schema, node, budget)
}

fn value(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    node: &'static Node,
    budget: &Budget,
) -> Result<Value, SerdeError> {
    budget.spend()?;
    if from.is_null() && node.kind != Kind::Document {
        from.read_null()?;
        return Ok(Value::Null);
    }
    Ok(match node.kind {
        Kind::Structure | Kind::Union => structure(from, node, budget)?.into(),
        Kind::List => list(from, schema, node, budget)?,
        Kind::Map => map(from, schema, node, budget)?,
        Kind::Document => document::to_json(from.read_document(schema)?),
        Kind::String | Kind::Character => from.read_string(schema)?.into(),
        Kind::Boolean => from.read_boolean(schema)?.into(),
        // Services outgrow their models.
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long => from.read_long(schema)?.into(),
        Kind::BigInteger => number::of_text(from.read_big_integer(schema)?.as_ref()),
        Kind::Float => number::of_float(from.read_double(schema)?),
        Kind::Double => number::of_double(from.read_double(schema)?),
        Kind::BigDecimal => number::of_text(from.read_big_decimal(schema)?.as_ref()),
        Kind::Timestamp => timestamp::to_json(&from.read_timestamp(schema)?),
        Kind::Blob => base64::encode(from.read_blob(schema)?).into(),
    })
}

fn list(
    from: &mut dyn ShapeDeserializer,
    schema: Static,
    node: &'static Node,
    budget: &Budget,
) -> Result<Value, SerdeError> {
    let of = node.parts.first().and_then(Part::node).ok_or_else(no_shape)?;
    let mut values = Vec::new();
    from.read_list(schema, &mut |from| {
        let value = value(from, of.schema, of, budget)?;
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
    budget: &Budget,
) -> Result<Value, SerdeError> {
    let of = node.parts.get(1).and_then(Part::node).ok_or_else(no_shape)?;
    let mut values = Map::new();
    from.read_map(schema, &mut |key, from| {
        let value = value(from, of.schema, of, budget)?;
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
