#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::Header;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalog::Models;
use crate::model::Operation;

/// All operations whose answers are streams of events and whose inputs are none.
fn streaming() -> Vec<Operation<'static>> {
    let models = Models::get().unwrap();
    let services = models.names().map(|name| models.service(name).unwrap().unwrap());
    let operations = services.flat_map(|service| service.operations());
    let is_of =
        |one: &Operation<'_>| stream(one.output()).is_some() && stream(one.input()).is_none();
    operations.filter(is_of).collect()
}

fn message(kind: &str, name: &str, payload: &[u8]) -> wire::Message {
    let text = |value: &str| HeaderValue::String(value.to_owned().into());
    wire::Message::new(payload.to_vec())
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(format!(":{kind}-type"), text(name)))
}

#[test]
fn every_stream_of_the_models_can_be_read() {
    let operations = streaming();
    let names: Vec<&str> = operations.iter().map(|operation| operation.name()).collect();
    assert_eq!(names.len(), 20, "{names:?}");
    let mut events = 0;
    for operation in operations {
        let exchange = Exchange::of(operation).unwrap();
        let member = stream(operation.output()).unwrap();
        assert_eq!(exchange.event_stream(), Some(member.name()));
        for event in member.shape().members() {
            let name = event.name();
            let kind = if event.shape().is_exception() { "exception" } else { "event" };
            match exchange.message(&message(kind, name, b"")).unwrap() {
                Message::Event { name: read, .. } => assert_eq!(read, name),
                Message::Exception(error) => assert_eq!(error.code, event.shape().name()),
                Message::Initial(_) => panic!("{name}"),
            }
            events += 1;
        }
        let head = exchange.head(200, []).unwrap();
        assert_eq!(head.get(member.name()), None);
    }
    assert!(events > 100, "{events}");
}

#[test]
fn headers_are_members_of_the_models_kind() {
    let node = |kind: Kind| {
        let models = Models::get().unwrap();
        let service = models.service("s3").unwrap().unwrap();
        let shape = service.shapes().find(|shape| shape.kind() == kind).unwrap();
        let maker = Maker::new(service, service.protocol(), super::super::schema::Side::Output);
        maker.node(shape).unwrap()
    };
    let check = |kind: Kind, value: HeaderValue, expected: Value| {
        assert_eq!(of_header(node(kind), &value), Ok(expected));
    };
    check(Kind::Boolean, HeaderValue::Bool(true), json!(true));
    check(Kind::Integer, HeaderValue::Byte(-1), json!(-1));
    check(Kind::Integer, HeaderValue::Int16(2), json!(2));
    check(Kind::Long, HeaderValue::Int32(3), json!(3));
    check(Kind::Long, HeaderValue::Int64(i64::MIN), json!(i64::MIN));
    check(Kind::Blob, HeaderValue::ByteArray(vec![0, 255].into()), json!("AP8="));
    check(Kind::String, HeaderValue::String("s".to_owned().into()), json!("s"));
    let time = HeaderValue::Timestamp(DateTime::from_secs(0));
    check(Kind::Timestamp, time, json!("1970-01-01T00:00:00Z"));
    assert!(of_header(node(Kind::Boolean), &HeaderValue::Int32(1)).is_err());
    assert!(of_header(node(Kind::Integer), &HeaderValue::Bool(true)).is_err());
}

#[test]
fn what_stands_beside_a_stream_of_json_comes_in_the_first_message() {
    let operation = Models::get().unwrap().service("logs").unwrap().unwrap();
    let exchange = Exchange::of(operation.operation("StartLiveTail").unwrap()).unwrap();
    let initial = message("event", "initial-response", b"{\"unknown\":1}");
    assert_eq!(exchange.message(&initial), Ok(Message::Initial(Map::new())));
    let bad = message("event", "initial-response", b"[");
    // There is no member that could be read.
    let _ = exchange.message(&bad);
    assert_eq!(exchange.head(200, [("a", "b")]), Ok(json!({})));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_payload_gives_a_message_or_a_problem(
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[\\{\\[\"a-zA-Z:,0-9\\]\\}<>/]{0,60}".prop_map(String::into_bytes),
        ],
    ) {
        for operation in streaming() {
            let exchange = Exchange::of(operation).unwrap();
            for event in stream(operation.output()).unwrap().shape().members() {
                for kind in ["event", "exception"] {
                    let _ = exchange.message(&message(kind, event.name(), &payload));
                }
            }
        }
    }
}
