//! The payload of a call: an object, or its JSON text.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};

/// The argument; read by [`payload`] before the arguments are parsed.
#[derive(Default, serde::Deserialize)]
pub(super) struct Payload(pub Value);

impl JsonSchema for Payload {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Payload".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [{"type": "object"}, {"type": "string"}]})
    }
}

/// An object, as it is or as JSON text; null for none.
pub(super) fn payload(given: Option<&Value>) -> Result<Value> {
    let wrong = |what: String| Error::invalid(what, "Give its members as a JSON object.");
    let value = match given {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Value::Null),
        Some(Value::String(text)) => {
            serde_json::from_str::<Once>(text)
                .map_err(|error| wrong(format!("payload is a text that is no JSON: {error}.")))?
                .0
        }
        Some(value) => value.clone(),
    };
    match value {
        Value::Object(_) => Ok(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong("payload must be an object.".to_owned()))
        }
    }
}

/// JSON in which no object has a member twice: a person who is asked would read one of them, and the
/// other could be sent.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(entry)) = entries.next_element()? {
            list.push(entry);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("{name} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_payload_is_an_object_or_its_text() {
        let check = |given: Value, expected: Option<Value>| {
            assert_eq!(payload(Some(&given)).ok(), expected, "{given}");
        };
        check(json!({"a": 1}), Some(json!({"a": 1})));
        let text = r#"{"a": [1, -1, 1.5, true, null, "x", {"b": {}}], "c": "d"}"#;
        check(json!(text), Some(serde_json::from_str(text).unwrap()));
        check(json!(" "), Some(Value::Null));
        check(Value::Null, Some(Value::Null));
        for bad in [json!([]), json!(1), json!("[]"), json!("{"), json!("x"), json!(true)] {
            check(bad, None);
        }
        assert_eq!(payload(None).unwrap(), Value::Null);
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused() {
        for text in [r#"{"T": "a", "T": "b"}"#, r#"{"a": [{"T": 1, "x": 2, "T": 1}]}"#] {
            let refused = payload(Some(&json!(text))).unwrap_err().message;
            assert!(refused.contains("T is there twice"), "{refused}");
        }
    }
}
