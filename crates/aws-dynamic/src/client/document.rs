//! JSON documents that services answer as texts: read, so that they come as the AWS CLI gives them. A
//! text that is no such document stays as it is.

use serde_json::Value;

use crate::model::Shape;
use crate::model::terms::Kind;

/// How a document is written in a text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Json,
    /// JSON, escaped as in URLs: IAM's policies.
    UrlEncoded,
}

/// Reads all texts of the shape of this name, at any depth of a value.
pub(super) fn read(shape: Shape<'_>, value: &mut Value, name: &str, form: Form) {
    match (shape.kind(), value) {
        (Kind::String, value) => {
            if let Some(document) =
                value.as_str().filter(|_| shape.name() == name).and_then(|text| parse(text, form))
            {
                *value = document;
            }
        }
        (Kind::Structure | Kind::Union, Value::Object(fields)) => {
            for member in shape.members() {
                if let Some(value) = fields.get_mut(member.name()) {
                    read(member.shape(), value, name, form);
                }
            }
        }
        (Kind::List, Value::Array(list)) => {
            let Some(element) = shape.element() else { return };
            list.iter_mut().for_each(|value| read(element.shape(), value, name, form));
        }
        (Kind::Map, Value::Object(fields)) => {
            let Some(of) = shape.value() else { return };
            fields.values_mut().for_each(|value| read(of.shape(), value, name, form));
        }
        (
            Kind::Structure
            | Kind::Union
            | Kind::List
            | Kind::Map
            | Kind::Document
            | Kind::Character
            | Kind::Boolean
            | Kind::Byte
            | Kind::Short
            | Kind::Integer
            | Kind::Long
            | Kind::BigInteger
            | Kind::Float
            | Kind::Double
            | Kind::BigDecimal
            | Kind::Timestamp
            | Kind::Blob,
            _,
        ) => {}
    }
}

/// A number or a word alone is no document.
fn parse(text: &str, form: Form) -> Option<Value> {
    let document: Value = match form {
        Form::Json => serde_json::from_str(text).ok()?,
        Form::UrlEncoded => serde_json::from_slice(&unescaped(text)).ok()?,
    };
    (document.is_object() || document.is_array()).then_some(document)
}

/// `%7B` -> `{`. What is no escape stays (RFC 3986, section 2.1).
fn unescaped(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |place: usize| after.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits are at most 255.
                plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let check = |text: &str, expected: &str| assert_eq!(unescaped(text), expected.as_bytes());
        check("", "");
        check("%7B%22a%22%3a1%7d", "{\"a\":1}");
        check("a+b%20c", "a+b c");
        check("%C3%A9é", "éé");
        check("%", "%");
        check("%4", "%4");
        check("%zz%25", "%zz%");
    }

    #[test]
    fn only_documents_are_read() {
        let check =
            |text: &str, form, is: bool| assert_eq!(parse(text, form).is_some(), is, "{text}");
        check("{\"a\": 1}", Form::Json, true);
        check("[]", Form::Json, true);
        check("%7B%7D", Form::Json, false);
        check("%7B%7D", Form::UrlEncoded, true);
        check("7", Form::Json, false);
        check("Resources:\n  a: b", Form::Json, false);
        check("%FF", Form::UrlEncoded, false);
        check(&"[".repeat(100_000), Form::Json, false);
    }
}
