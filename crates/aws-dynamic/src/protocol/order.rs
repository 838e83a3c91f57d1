//! Documents of answers as they were sent. The codec's own type for documents forgets the order of
//! names and rounds numbers, so an answer that can have some is read once more, as plain JSON, and what
//! stands there in their places is taken. Other answers do not come here.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::DEEPEST;
use super::schema::{Node, Part, Payload};
use crate::model::terms::Kind;

/// Whether a shape leads to documents.
pub(super) fn has_documents(node: &'static Node) -> bool {
    let mut open = vec![node];
    let mut seen: BTreeSet<*const Node> = BTreeSet::new();
    while let Some(node) = open.pop() {
        if node.kind == Kind::Document {
            return true;
        }
        if seen.insert(node) {
            open.extend(node.parts.iter().filter_map(Part::node));
        }
    }
    false
}

/// Puts the documents of a body into what the codec read of it. A body that is not read here leaves
/// them as they are.
pub(super) fn restore(fields: &mut Map<String, Value>, node: &'static Node, body: &[u8]) {
    let Some(mut sent) = std::str::from_utf8(body).ok().and_then(read) else { return };
    match node.parts.iter().find(|part| part.payload != Payload::No) {
        Some(part) => {
            if let (Some(read), Some(node)) = (fields.get_mut(part.name), part.node()) {
                place(read, node, &mut sent);
            }
        }
        None => members(fields, node, &mut sent),
    }
}

fn place(read: &mut Value, node: &'static Node, sent: &mut Value) {
    let entry = |place: usize| node.parts.get(place).and_then(Part::node);
    match (node.kind, read) {
        (Kind::Document, read) => *read = sent.take(),
        (Kind::Structure | Kind::Union, Value::Object(fields)) => members(fields, node, sent),
        (Kind::List, Value::Array(read)) => {
            let (Some(of), Value::Array(sent)) = (entry(0), sent) else { return };
            // What the reader keeps.
            let is_kept =
                |value: &Value| node.is_sparse || of.kind == Kind::Document || !value.is_null();
            let sent = sent.iter_mut().filter(|value| is_kept(value));
            read.iter_mut().zip(sent).for_each(|(read, sent)| place(read, of, sent));
        }
        (Kind::Map, Value::Object(fields)) => {
            let Some(of) = entry(1) else { return };
            for (name, read) in fields {
                if let Some(sent) = sent.get_mut(name) {
                    place(read, of, sent);
                }
            }
        }
        // A null, or what has nothing in it.
        (
            Kind::Structure
            | Kind::Union
            | Kind::List
            | Kind::Map
            | Kind::String
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

fn members(fields: &mut Map<String, Value>, node: &'static Node, sent: &mut Value) {
    for part in node.parts.iter().filter(|part| !part.schema.has_http_response_binding()) {
        let name = part.schema.json_name().map_or(part.name, |name| name.value());
        let sent = sent.get_mut(name).filter(|sent| !sent.is_null());
        if let (Some(read), Some(node), Some(sent)) = (fields.get_mut(part.name), part.node(), sent)
        {
            place(read, node, sent);
        }
    }
}

/// JSON, in its order; a number that JSON's numbers here would change comes as its text. None for what is
/// no JSON; the codec is the judge of that.
fn read(text: &str) -> Option<Value> {
    let mut rest = text;
    let value = value(&mut rest, DEEPEST)?;
    rest.trim_ascii().is_empty().then_some(value)
}

fn value(rest: &mut &str, deepest: usize) -> Option<Value> {
    let below = deepest.checked_sub(1)?;
    *rest = rest.trim_ascii_start();
    match rest.as_bytes().first()? {
        b'{' => {
            let mut fields = Map::new();
            let mut is_open = opens(rest, "}")?;
            while is_open {
                let name = string(rest)?;
                *rest = rest.trim_ascii_start().strip_prefix(':')?;
                fields.insert(name, value(rest, below)?);
                is_open = goes_on(rest, "}")?;
            }
            Some(Value::Object(fields))
        }
        b'[' => {
            let mut values = Vec::new();
            let mut is_open = opens(rest, "]")?;
            while is_open {
                values.push(value(rest, below)?);
                is_open = goes_on(rest, "]")?;
            }
            Some(Value::Array(values))
        }
        b'"' => string(rest).map(Value::String),
        _ => {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
            let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
            *rest = after;
            match token {
                "null" => Some(Value::Null),
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                number => self::number(number),
            }
        }
    }
}

/// Steps over a bracket; whether something is between it and its end.
fn opens(rest: &mut &str, end: &str) -> Option<bool> {
    *rest = rest.get(1..)?.trim_ascii_start();
    match rest.strip_prefix(end) {
        Some(after) => {
            *rest = after;
            Some(false)
        }
        None => Some(true),
    }
}

/// Steps over a comma or an end; whether it was a comma.
fn goes_on(rest: &mut &str, end: &str) -> Option<bool> {
    *rest = rest.trim_ascii_start();
    let (after, is_comma) = match rest.strip_prefix(',') {
        Some(after) => (after, true),
        None => (rest.strip_prefix(end)?, false),
    };
    *rest = after;
    Some(is_comma)
}

fn string(rest: &mut &str) -> Option<String> {
    *rest = rest.trim_ascii_start();
    let mut is_escaped = false;
    let end = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    let (token, after) = rest.split_at_checked(end?.0 + 1)?;
    *rest = after;
    serde_json::from_str(token).ok()
}

fn number(token: &str) -> Option<Value> {
    let is_whole = !token.contains(['.', 'e', 'E']);
    match serde_json::from_str::<Number>(token) {
        Ok(number) if !is_whole || !number.is_f64() => Some(number.into()),
        // Too large for a number; what is none at all is not read.
        Ok(_) => Some(token.into()),
        Err(_) => {
            let is_number = token.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            let is_huge = is_number && token.parse::<f64>().is_ok_and(f64::is_infinite);
            is_huge.then(|| token.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_it_was_sent() {
        let check = |text: &str| assert_eq!(read(text).unwrap().to_string(), text);
        check(r#"{"z":1,"a":{"c":[],"b":{}},"m":[1,-2.5,null,true,false,"x\"y\\",[[]]]}"#);
        check("18446744073709551615");
        check(r#""""#);
        let check =
            |text: &str, expected: &str| assert_eq!(read(text).unwrap().to_string(), expected);
        check(" { \"b\" : [ 1 , 2 ] , \"a\" : \"\\u00e9\\/\" } ", "{\"b\":[1,2],\"a\":\"é/\"}");
        check("123456789012345678901234567890", "\"123456789012345678901234567890\"");
        check("-9223372036854775809", "\"-9223372036854775809\"");
        check("[1e400,-1e400,1e2]", "[\"1e400\",\"-1e400\",100.0]");
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "{",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "nul",
            "inf",
            "Infinity",
            "NaN",
            "1 2",
            "\"a",
            "\"\\\"",
            "\"\\",
            "é",
            "[é]",
            "+1",
            "01",
            deep.as_str(),
        ] {
            assert_eq!(read(text), None, "{text:.20}");
        }
    }
}
