//! Inputs made from the models, the least and the fullest of every operation there is: all of them can
//! be written, and an answer that says nothing can be read.

use serde_json::{Map, Value};

use super::*;
use crate::model::Member;

/// Which members an input has.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Extent {
    Required,
    All,
}

#[test]
fn inputs_of_every_operation_are_written() {
    let models = Models::get().unwrap();
    let services = models.names().map(|name| models.service(name).unwrap().unwrap());
    let operations = services.flat_map(Service::operations);
    let outcomes = operations.flat_map(|o| [write(o, Extent::Required), write(o, Extent::All)]);
    let (written, without): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!((written.len(), without.len()), (2 * (19_796 - 5), 2 * 5), "{without:?}");
}

fn write(operation: Operation<'_>, extent: Extent) -> Result<(), Unsupported> {
    let exchange = Exchange::of(operation)?;
    let input =
        operation.input().map_or(Value::Null, |shape| value(shape, extent, &mut Vec::new()));
    let request = exchange.request(&input, Some(&|| "token".to_owned()));
    let name = format!("{}:{}", operation.service().name(), operation.name());
    let request = request.unwrap_or_else(|problem| panic!("{name} {extent:?}: {problem}\n{input}"));
    assert_eq!(request.method, operation.http_method(), "{name}");
    assert!(
        request.uri.starts_with('/') && !request.uri.contains(['{', '}', ' ']),
        "{name} {}",
        request.uri
    );
    let text = || std::str::from_utf8(&request.body).unwrap();
    match operation.service().protocol() {
        Protocol::Json => assert!(serde_json::from_slice::<Value>(&request.body).is_ok(), "{name}"),
        Protocol::Query | Protocol::Ec2 => {
            assert!(text().starts_with(&format!("Action={}&Version=", operation.name())), "{name}");
        }
        // Bodies of these may be blobs.
        Protocol::RestJson | Protocol::RestXml | Protocol::RpcV2Cbor => {}
    }
    let root = operation.name();
    let nothing = match operation.service().protocol() {
        Protocol::Json | Protocol::RestJson => b"{}".to_vec(),
        Protocol::RestXml => b"<a/>".to_vec(),
        Protocol::Query => format!("<{root}Response><{root}Result/></{root}Response>").into_bytes(),
        Protocol::Ec2 => format!("<{root}Response/>").into_bytes(),
        Protocol::RpcV2Cbor => b"\xbf\xff".to_vec(),
    };
    let answer = exchange.response(200, [], nothing);
    match exchange.event_stream() {
        None => assert!(answer.is_ok(), "{name}: {answer:?}"),
        Some(_) => assert!(answer.is_err(), "{name}"),
    }
    Ok(())
}

/// A value of a shape; `open` are the shapes around it, which are not entered again.
fn value(shape: Shape<'_>, extent: Extent, open: &mut Vec<usize>) -> Value {
    let within = open.contains(&shape.row()) || open.len() > 6;
    open.push(shape.row());
    let number = |least: i64| shape.min().and_then(|min| min.as_i64()).unwrap_or(least).max(least);
    let made = match shape.kind() {
        Kind::Structure => {
            let wanted =
                |member: &Member<'_>| member.is_required() || (extent == Extent::All && !within);
            let members = shape.members().filter(wanted).collect::<Vec<_>>();
            let field = |member: Member<'_>, open: &mut Vec<usize>| {
                // A required recursion has no smallest value; null leaves it out.
                let value = match open.len() > 20 {
                    true => Value::Null,
                    false => self::value(member.shape(), extent, open),
                };
                (member.name().to_owned(), value)
            };
            Value::Object(
                members.into_iter().map(|member| field(member, open)).collect::<Map<_, _>>(),
            )
        }
        Kind::Union => match shape.members().next().filter(|_| open.len() < 20) {
            Some(member) => json!({ member.name(): value(member.shape(), extent, open) }),
            None => json!({}),
        },
        Kind::List => match shape.element().filter(|_| !within || extent == Extent::Required) {
            Some(of) if open.len() < 20 => json!([value(of.shape(), extent, open)]),
            Some(_) | None => json!([]),
        },
        Kind::Map => match shape.value().filter(|_| !within || extent == Extent::Required) {
            Some(of) if open.len() < 20 => json!({"key": value(of.shape(), extent, open)}),
            Some(_) | None => json!({}),
        },
        Kind::Document => json!({"any": [1, null]}),
        Kind::String | Kind::Character => {
            shape.enum_values().next().map_or_else(|| json!("text ü&<"), Value::from)
        }
        Kind::Boolean => json!(true),
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => {
            json!(number(0))
        }
        Kind::Float | Kind::Double | Kind::BigDecimal => json!(1.5),
        Kind::Timestamp => json!("2026-01-31T12:00:00Z"),
        Kind::Blob => json!("AAECgA=="),
    };
    open.pop();
    made
}
