//! Document types: JSON inside a member, of any form. The codecs' own type for them forgets the order
//! of names, so they are written as the lists, maps and scalars that they are of.

use aws_smithy_schema::Schema;
use aws_smithy_schema::prelude::{DOCUMENT, STRING};
use aws_smithy_schema::serde::{SerdeError, ShapeSerializer};
use aws_smithy_types::{BigInteger, Document, Number};
use serde_json::{Map, Value};

use super::DEEPEST;

/// Writes a JSON value, which stands at a depth of the input, in the order that it has.
pub(super) fn write(
    to: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
    value: &Value,
    depth: usize,
) -> Result<(), SerdeError> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    match value {
        Value::Null => to.write_null(schema),
        Value::Bool(truth) => to.write_boolean(schema, *truth),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => to.write_long(schema, number),
            (None, Some(number)) => {
                let number: Result<BigInteger, _> = number.to_string().parse();
                let number =
                    number.map_err(|_| SerdeError::invalid_input("expected an integer"))?;
                to.write_big_integer(schema, &number)
            }
            (None, None) => to.write_double(schema, number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => to.write_string(schema, text),
        Value::Array(values) => to.write_list_with_length(schema, values.len(), &|to| {
            values.iter().try_for_each(|value| write(to, &DOCUMENT, value, depth + 1))
        }),
        Value::Object(fields) => to.write_map_with_length(schema, fields.len(), &|to| {
            fields.iter().try_for_each(|(name, value)| {
                to.write_string(&STRING, name)?;
                write(to, &DOCUMENT, value, depth + 1)
            })
        }),
    }
}

/// Fails for a value that is nested too deeply.
pub(super) fn bound(value: &Value, depth: usize) -> Result<(), SerdeError> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        Value::Array(values) => values.iter().try_for_each(|value| bound(value, depth + 1)),
        Value::Object(fields) => fields.values().try_for_each(|value| bound(value, depth + 1)),
    }
}

fn too_deep() -> SerdeError {
    SerdeError::invalid_input("the input is nested too deeply")
}

/// The names of objects come sorted: the codecs lose their order. The codecs bound the depth.
pub(super) fn to_json(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(truth) => truth.into(),
        Document::Number(Number::PosInt(number)) => number.into(),
        Document::Number(Number::NegInt(number)) => number.into(),
        Document::Number(Number::Float(number)) => super::number::of_double(number),
        Document::String(text) => text.into(),
        Document::Array(values) => values.into_iter().map(to_json).collect(),
        Document::Object(fields) => {
            let mut fields: Vec<(String, Document)> = fields.into_iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            let fields = fields.into_iter().map(|(name, value)| (name, to_json(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_sorted() {
        let one = |name: &str| (name.to_owned(), Document::Null);
        let value = to_json(Document::Object([one("b"), one("c"), one("a")].into()));
        assert_eq!(value.to_string(), r#"{"a":null,"b":null,"c":null}"#);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(bound(&nested(DEEPEST), 0).is_ok());
        assert!(bound(&nested(DEEPEST + 1), 0).is_err());
        assert!(bound(&nested(1), DEEPEST).is_err());
    }
}
