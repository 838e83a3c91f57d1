//! Document types: JSON inside a member, of any form.

use aws_smithy_schema::serde::SerdeError;
use aws_smithy_types::{Document, Number};
use serde_json::{Map, Value};

use super::DEEPEST;

/// A JSON value, which stands at a depth of the input, as the codecs want it.
pub(super) fn of_json(value: &Value, depth: usize) -> Result<Document, SerdeError> {
    if depth > DEEPEST {
        return Err(SerdeError::invalid_input("the input is nested too deeply"));
    }
    let below = |value| of_json(value, depth + 1);
    Ok(match value {
        Value::Null => Document::Null,
        Value::Bool(truth) => Document::Bool(*truth),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(values) => {
            Document::Array(values.iter().map(below).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, _)| Ok((name.clone(), below(value)?));
            Document::Object(fields.iter().map(field).collect::<Result<_, SerdeError>>()?)
        }
    })
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
    fn every_value_comes_back() {
        let value = json!({
            "a": [null, true, 1, -1, 1.5, "text", u64::MAX, i64::MIN, []],
            "b": {"c": {}},
        });
        assert_eq!(to_json(of_json(&value, 0).unwrap()), value);
    }

    #[test]
    fn names_are_sorted() {
        let value = to_json(of_json(&json!({"b": 1, "c": 2, "a": 3}), 0).unwrap());
        assert_eq!(value.to_string(), r#"{"a":3,"b":1,"c":2}"#);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(of_json(&nested(DEEPEST), 0).is_ok());
        assert!(of_json(&nested(DEEPEST + 1), 0).is_err());
        assert!(of_json(&nested(1), DEEPEST).is_err());
    }
}
