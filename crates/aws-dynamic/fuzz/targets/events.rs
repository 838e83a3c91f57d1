//! Messages of streams of events: the operation, the kind of message, the event's name, other headers,
//! and the payload.
#![no_main]

use aws_dynamic::protocol::{Exchange, Message};
use aws_dynamic_fuzz::bytes::Bytes;
use aws_dynamic_fuzz::operation;
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{self as wire, Header, HeaderValue};
use libfuzzer_sys::fuzz_target;

/// Of each protocol that has such streams.
const OPERATIONS: &[&str] = &[
    "s3:SelectObjectContent",
    "logs:StartLiveTail",
    "kinesis:SubscribeToShard",
    "lambda:InvokeWithResponseStream",
    "bedrock-runtime:ConverseStream",
    "bedrock-agent-runtime:InvokeAgent",
];

const KINDS: &[&str] = &["event", "exception", "error", "other"];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let exchange = Exchange::of(operation(bytes.choice::<&str>(OPERATIONS))).unwrap();
    let kind = bytes.choice::<&str>(KINDS);
    let text = |text: String| HeaderValue::String(text.into());
    let mut headers = vec![
        Header::new(":message-type", text((*kind).to_owned())),
        Header::new(format!(":{kind}-type"), text(bytes.text())),
    ];
    for _ in 0..bytes.byte() % 4 {
        let name = bytes.text();
        headers.push(Header::new(name, header(&mut bytes)));
    }
    match exchange.message(&wire::Message::new_from_parts(headers, bytes.0.to_vec())) {
        Ok(Message::Exception(error)) => assert!((100..=999).contains(&error.status)),
        Ok(Message::Initial(_) | Message::Event { .. }) => {}
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});

fn header(bytes: &mut Bytes<'_>) -> HeaderValue {
    match bytes.byte() % 8 {
        0 => HeaderValue::Bool(bytes.byte() % 2 == 0),
        1 => HeaderValue::Byte(bytes.byte() as i8),
        2 => HeaderValue::Int16(i16::from(bytes.byte())),
        3 => HeaderValue::Int32(i32::MIN),
        4 => HeaderValue::Int64(i64::MAX),
        5 => HeaderValue::ByteArray(bytes.text().into()),
        6 => HeaderValue::Timestamp(DateTime::from_secs(i64::from(bytes.byte()) << 40)),
        _ => HeaderValue::String(bytes.text().into()),
    }
}
