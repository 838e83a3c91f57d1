//! JSON for a shape, as the bytes decide: mostly what the model asks for, now and then what it does
//! not. Random bytes are hardly ever JSON, and JSON of a fuzzer hardly ever has a member's name.

use aws_dynamic::model::Shape;
use aws_dynamic::model::terms::Kind;
use serde_json::{Map, Value, json};

use crate::bytes::Bytes;

/// Depth at which only nothing follows.
const DEEPEST: usize = 8;

pub fn of_shape(shape: Shape<'_>, bytes: &mut Bytes<'_>) -> Value {
    nested(shape, bytes, DEEPEST)
}

fn nested(shape: Shape<'_>, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let depth = match depth.checked_sub(1) {
        Some(depth) if !bytes.is_empty() => depth,
        Some(_) | None => return Value::Null,
    };
    let decision = bytes.byte();
    if decision >= 0xe0 {
        return wrong(decision, bytes);
    }
    match shape.kind() {
        Kind::Structure | Kind::Union => {
            let members: Vec<_> = shape.members().collect();
            let mut fields = Map::new();
            for _ in 0..decision % 6 {
                let place = bytes.word();
                if let Some(member) = members.get(place % members.len().max(1)) {
                    let value = nested(member.shape(), bytes, depth);
                    fields.insert(member.name().to_owned(), value);
                }
            }
            fields.into()
        }
        Kind::List => {
            let element = shape.element().map(|element| element.shape());
            let values = (0..decision % 4).filter_map(|_| Some(nested(element?, bytes, depth)));
            values.collect::<Vec<_>>().into()
        }
        Kind::Map => {
            let value = shape.value().map(|value| value.shape());
            let entry = |bytes: &mut Bytes<'_>| Some((bytes.text(), nested(value?, bytes, depth)));
            (0..decision % 4).filter_map(|_| entry(bytes)).collect::<Map<_, _>>().into()
        }
        Kind::Boolean => (decision % 2 == 0).into(),
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => {
            match decision % 4 {
                0 => json!(i64::MIN),
                1 => json!(u64::MAX),
                2 => bytes.byte().into(),
                _ => json!(bytes.text()),
            }
        }
        Kind::Float | Kind::Double | Kind::BigDecimal => match decision % 4 {
            0 => json!("NaN"),
            1 => json!(f64::MAX),
            2 => json!(f64::from(bytes.byte()) / 7.0),
            _ => json!(bytes.text()),
        },
        Kind::Timestamp => match decision % 4 {
            0 => json!("2026-01-31T12:00:00.5+23:59"),
            1 => json!("Sat, 31 Jan 2026 12:00:00 GMT"),
            2 => json!(i64::from(bytes.byte()) << (decision / 4)),
            _ => json!(bytes.text()),
        },
        Kind::Document => wrong(decision, bytes),
        Kind::String | Kind::Character | Kind::Blob => match shape.enum_values().next() {
            Some(value) if decision % 2 == 0 => value.into(),
            Some(_) | None => bytes.text().into(),
        },
    }
}

/// Anything.
fn wrong(decision: u8, bytes: &mut Bytes<'_>) -> Value {
    match decision % 8 {
        0 => Value::Null,
        1 => bytes.text().into(),
        2 => json!([bytes.text(), 1]),
        3 => json!({bytes.text(): bytes.text()}),
        4 => json!(-1.5e300),
        5 => true.into(),
        6 => json!({}),
        _ => serde_json::from_str(&bytes.text()).unwrap_or_default(),
    }
}
