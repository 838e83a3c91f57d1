//! Bodies as trees, so that what the formats leave open does not count: white space, the order of
//! names, how a number is written. The readers are the test's own, or another crate's.

use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

/// JSON with sorted names and with numbers that are one if they are equal.
pub fn json(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(k, v)| (k.clone(), json(v))).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Number(number) if number.is_f64() => match number.as_f64().unwrap() {
            whole if whole.fract() == 0.0 && whole.abs() < 9e15 => json!(whole as i64),
            other => json!(other),
        },
        other => other.clone(),
    }
}

/// The pairs of a form or query, sorted.
pub fn form(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    let mut pairs: Vec<_> = text.split('&').filter(|p| !p.is_empty()).map(pair).collect();
    pairs.sort();
    pairs
}

/// Percent escapes and pluses undone.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'%' => {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What XML's references stand for; the ampersand last, because any may stand behind it.
const ENTITIES: [(&str, &str); 7] = [
    ("&#xD;", "\r"),
    ("&#xA;", "\n"),
    ("&quot;", "\""),
    ("&apos;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
];

/// XML: name, attributes with sorted names, children in order, text; of an element with children without
/// the space around it.
pub fn xml(text: &str) -> Value {
    let mut open: Vec<(String, Vec<String>, Vec<Value>, String)> = vec![Default::default()];
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').unwrap();
            rest = after;
            if tag.starts_with(['?', '!']) {
                continue;
            }
            if !tag.starts_with('/') {
                let mut parts = tag.trim_end_matches('/').split_whitespace();
                let name = parts.next().unwrap().to_owned();
                let mut attributes: Vec<String> = parts.map(str::to_owned).collect();
                attributes.sort();
                open.push((name, attributes, Vec::new(), String::new()));
            }
            if tag.starts_with('/') || tag.ends_with('/') {
                let (name, attributes, children, text) = open.pop().unwrap();
                assert!(tag.ends_with('/') || tag[1..] == name, "{tag} ends {name}");
                let text = if children.is_empty() { text.as_str() } else { text.trim() };
                let element = json!([name, attributes, children, text]);
                open.last_mut().unwrap().2.push(element);
            }
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let text = ENTITIES
                .iter()
                .fold(rest[..end].to_owned(), |text, (entity, is)| text.replace(entity, is));
            open.last_mut().unwrap().3.push_str(&text);
            rest = &rest[end..];
        }
    }
    assert_eq!(open.len(), 1, "{text} is cut");
    open.remove(0).2.into()
}

/// CBOR, by a reader that shares nothing with ours.
pub fn cbor(bytes: &[u8]) -> Value {
    fn tree(value: ciborium::Value) -> Value {
        use ciborium::Value::*;
        match value {
            Integer(number) => json(&json!(i128::from(number) as f64)),
            Bytes(bytes) => json!({"bytes": base64::encode(bytes)}),
            Float(number) if number.is_finite() => json(&json!(number)),
            Float(number) => number.to_string().into(),
            Text(text) => text.into(),
            Bool(truth) => truth.into(),
            Null => Value::Null,
            Tag(tag, inner) => json!({"tag": tag, "of": tree(*inner)}),
            Array(values) => values.into_iter().map(tree).collect(),
            Map(fields) => {
                let field =
                    |(name, value): (ciborium::Value, _)| (name.into_text().unwrap(), tree(value));
                json(&Value::Object(fields.into_iter().map(field).collect()))
            }
            other => panic!("{other:?}"),
        }
    }
    if bytes.is_empty() {
        return json!("nothing");
    }
    tree(ciborium::from_reader(bytes).unwrap())
}
