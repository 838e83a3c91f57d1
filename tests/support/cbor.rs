//! JSON <-> CBOR (RFC 8949), as far as Smithy's RPC v2 CBOR needs it: a time is tag 1.

use ciborium::Value as Cbor;
use serde_json::{Map, Value, json};

/// Smithy's tag of a timestamp: seconds since 1970.
const TIME: u64 = 1;

/// CBOR of a JSON value, in which `{"$time": seconds}` is a time.
pub fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&to_cbor(value), &mut bytes).expect("CBOR");
    bytes
}

/// The JSON value of CBOR; times are plain numbers.
pub fn decoded(bytes: &[u8]) -> Value {
    to_json(&ciborium::from_reader(bytes).expect("CBOR"))
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(bool) => Cbor::Bool(*bool),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().expect("a number")),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        Value::Object(members) => match members.get("$time") {
            Some(seconds) => Cbor::Tag(TIME, Box::new(to_cbor(seconds))),
            None => {
                let member =
                    |(name, value): (&String, &Value)| (Cbor::Text(name.clone()), to_cbor(value));
                Cbor::Map(members.iter().map(member).collect())
            }
        },
    }
}

fn to_json(value: &Cbor) -> Value {
    match value {
        Cbor::Bool(bool) => json!(bool),
        Cbor::Integer(whole) => json!(i64::try_from(*whole).expect("a whole number")),
        Cbor::Float(number) => json!(number),
        Cbor::Text(text) => json!(text),
        Cbor::Bytes(bytes) => json!(bytes),
        Cbor::Array(items) => items.iter().map(to_json).collect(),
        Cbor::Tag(_, inner) => to_json(inner),
        Cbor::Map(members) => {
            let member = |(name, value): &(Cbor, Cbor)| {
                (name.as_text().expect("a name").to_owned(), to_json(value))
            };
            Value::Object(members.iter().map(member).collect::<Map<String, Value>>())
        }
        _ => Value::Null,
    }
}
