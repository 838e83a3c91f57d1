#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Wire};
use http_body::Frame;
use proptest::prelude::*;

use super::super::tests::server::{Reply, Server};
use super::super::tests::stub::{config, run};
use super::*;

const MUCH: Until = Until { events: 100, bytes: 1 << 20, time: Duration::from_secs(3600) };
const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:g";

fn message(kind: &str, name: &str, payload: &[u8]) -> Vec<u8> {
    let text = |value: &str| HeaderValue::String(value.to_owned().into());
    let message = Wire::new(payload.to_vec())
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(format!(":{kind}-type"), text(name)))
        .add_header(Header::new(":content-type", text("application/json")));
    encoded(&message)
}

fn encoded(message: &Wire) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message_to(message, &mut bytes).unwrap();
    bytes
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    message("event", name, payload.as_bytes())
}

fn update(number: usize) -> Vec<u8> {
    event("sessionUpdate", &format!("{{\"sessionResults\":[{{\"message\":\"{number}\"}}]}}"))
}

fn updates(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers.flat_map(update).collect()
}

fn tail(reply: Reply, until: Until) -> Result<Collected, CallError> {
    call(reply, ("logs", "StartLiveTail", json!({"logGroupIdentifiers": [GROUP]})), until)
}

fn call(
    reply: Reply,
    (service, operation, input): (&str, &str, Value),
    until: Until,
) -> Result<Collected, CallError> {
    let server = Server::start(vec![reply]);
    let client = Client::new(&server.config().build());
    run(client.events(service, operation, &input, until))
}

/// The messages of the events that came.
fn came(output: &Value) -> Vec<&str> {
    let list = output["responseStream"].as_array().unwrap();
    list.iter()
        .map(|event| event.pointer("/sessionUpdate/sessionResults/0/message").unwrap())
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn interrupted(error: CallError) -> (Vec<String>, String, Option<String>) {
    let CallError::Interrupted(interrupted) = &error else { panic!("{error:?}") };
    let came = came(&interrupted.before.output).iter().map(|text| (*text).to_owned()).collect();
    (came, error.to_string(), error.code().map(str::to_owned))
}

#[test]
fn events_come_under_their_names() {
    let start = r#"{"requestId":"r","logGroupIdentifiers":["g"]}"#;
    let update = r#"{"sessionMetadata":{"sampled":false},
        "sessionResults":[{"message":"m","timestamp":5}],"unknown":1}"#;
    let stream = [event("sessionStart", start), event("sessionUpdate", update)].concat();
    let collected = tail(Reply::endless(stream), MUCH).unwrap();
    assert_eq!(collected.end, End::Whole);
    assert_eq!(
        collected.answer.output,
        json!({"responseStream": [
            {"sessionStart": {"requestId": "r", "logGroupIdentifiers": ["g"]}},
            {"sessionUpdate": {"sessionMetadata": {"sampled": false},
                "sessionResults": [{"message": "m", "timestamp": 5}]}},
        ]})
    );
    assert_eq!(collected.answer.request_id.as_deref(), Some("id-1"));
}

#[test]
fn events_of_xml_have_blobs_and_structures_as_payload() {
    let stats = "<Stats><BytesScanned>7</BytesScanned></Stats>";
    let stream =
        [event("Records", "a,b\n"), event("Cont", ""), event("Stats", stats), event("End", "")];
    let input = json!({"Bucket": "bucket", "Key": "k", "Expression": "SELECT *",
        "ExpressionType": "SQL", "InputSerialization": {"CSV": {}},
        "OutputSerialization": {"CSV": {}}});
    let select = ("s3", "SelectObjectContent", input);
    let collected = call(Reply::endless(stream.concat()), select, MUCH).unwrap();
    assert_eq!(
        collected.answer.output,
        json!({"Payload": [{"Records": {"Payload": "YSxiCg=="}}, {"Cont": {}},
            {"Stats": {"Details": {"BytesScanned": 7}}}, {"End": {}}]})
    );
}

#[test]
fn members_in_headers_stand_beside_the_stream() {
    let stream = [
        message("event", "PayloadChunk", b"\x00\xff"),
        event("InvokeComplete", r#"{"ErrorCode":"E"}"#),
    ];
    let headers = [("x-amz-executed-version", "7")];
    let reply = Reply::bytes(200, &headers, stream.concat());
    let invoke = ("lambda", "InvokeWithResponseStream", json!({"FunctionName": "f"}));
    let collected = call(reply, invoke, MUCH).unwrap();
    assert_eq!(
        collected.answer.output,
        json!({"StatusCode": 200, "ExecutedVersion": "7", "EventStream": [
            {"PayloadChunk": {"Payload": "AP8="}}, {"InvokeComplete": {"ErrorCode": "E"}}]})
    );
}

#[test]
fn an_initial_response_is_no_event() {
    let stream = [
        event("initial-response", "{}"),
        event(
            "SubscribeToShardEvent",
            r#"{"Records":[],"ContinuationSequenceNumber":"1","MillisBehindLatest":0}"#,
        ),
    ];
    let input = json!({"ConsumerARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:1",
        "ShardId": "s", "StartingPosition": {"Type": "LATEST"}});
    let subscribe = ("kinesis", "SubscribeToShard", input);
    let collected = call(Reply::endless(stream.concat()), subscribe, MUCH).unwrap();
    assert_eq!(
        collected.answer.output,
        json!({"EventStream": [{"SubscribeToShardEvent":
            {"Records": [], "ContinuationSequenceNumber": "1", "MillisBehindLatest": 0}}]})
    );
}

#[test]
fn an_unknown_event_is_kept_by_its_name() {
    let stream = [event("somethingNew", "[]"), update(1)].concat();
    let collected = tail(Reply::endless(stream), MUCH).unwrap();
    assert_eq!(collected.answer.output["responseStream"][0], json!({"somethingNew": {}}));
}

#[test]
fn a_stream_is_cut_at_the_number_of_events_or_of_bytes() {
    let cut = |until: Until| {
        let collected = tail(Reply::endless(updates(0..5)), until).unwrap();
        (came(&collected.answer.output).len(), collected.end)
    };
    let one = update(0).len();
    assert_eq!(cut(MUCH), (5, End::Whole));
    assert_eq!(cut(Until { events: 3, ..MUCH }), (3, End::Events));
    assert_eq!(cut(Until { events: 0, ..MUCH }), (0, End::Events));
    assert_eq!(cut(Until { bytes: 2 * one, ..MUCH }), (2, End::Bytes));
    assert_eq!(cut(Until { bytes: 2 * one - 1, ..MUCH }), (1, End::Bytes));
    assert_eq!(cut(Until { bytes: 5 * one, ..MUCH }), (5, End::Whole));
    assert_eq!(cut(Until { bytes: 0, ..MUCH }), (0, End::Bytes));
}

#[test]
fn an_exception_keeps_what_came_before() {
    let exception = message("exception", "SessionTimeoutException", br#"{"message":"over"}"#);
    let stream = [update(1), update(2), exception, update(3)].concat();
    let error = tail(Reply::endless(stream), MUCH).unwrap_err();
    assert_eq!(
        error.service_error().unwrap().members,
        json!({"message": "over"}).as_object().unwrap().clone()
    );
    let (came, words, code) = interrupted(error);
    assert_eq!(came, ["1", "2"]);
    assert_eq!(words, "SessionTimeoutException: over");
    assert_eq!(code.as_deref(), Some("SessionTimeoutException"));

    // By the name of the shape, where the member has another; and of one that nobody knows.
    let converse = || ("bedrock-runtime", "ConverseStream", json!({"modelId": "m"}));
    let refused = |name: &str, payload: &[u8]| {
        let reply = Reply::endless(message("exception", name, payload));
        call(reply, converse(), MUCH).unwrap_err().to_string()
    };
    assert_eq!(
        refused("throttlingException", b"{\"message\":\"slow\"}"),
        "ThrottlingException: slow"
    );
    assert_eq!(refused("throttlingException", b"garbage"), "ThrottlingException");
    assert_eq!(refused("newException", b"{}"), "newException");
}

#[test]
fn an_error_in_the_stream_is_one() {
    let text = |value: &str| HeaderValue::String(value.to_owned().into());
    let error = Wire::new(Vec::new())
        .add_header(Header::new(":message-type", text("error")))
        .add_header(Header::new(":error-code", text("InternalError")))
        .add_header(Header::new(":error-message", text("sorry")));
    let stream = [update(1), encoded(&error)].concat();
    let (came, words, _) = interrupted(tail(Reply::endless(stream), MUCH).unwrap_err());
    assert_eq!((came.len(), words.as_str()), (1, "InternalError: sorry"));
}

#[test]
fn an_error_instead_of_a_stream_is_read_as_one() {
    let reply = Reply::new(400, r#"{"__type":"ResourceNotFoundException","message":"no group"}"#);
    let error = tail(reply, MUCH).unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert!(matches!(error, CallError::Sdk(_)));
}

#[test]
fn damage_is_an_error_that_keeps_what_came_before() {
    let check = |after: Vec<u8>, expected: &str| {
        let stream = [update(1), after].concat();
        let (came, words, _) = interrupted(tail(Reply::endless(stream), MUCH).unwrap_err());
        assert_eq!((came.len(), words.as_str()), (1, expected));
    };
    let damaged = "an event of the stream is damaged";
    let impossible = "an event of the stream has an impossible length";
    check(update(2)[..20].to_vec(), "the stream of events ended within an event");
    check(update(2)[..5].to_vec(), "the stream of events ended within an event");
    check(b"{\"message\": \"not a stream of events\"}".to_vec(), damaged);
    let mut bad_sum = update(2);
    *bad_sum.last_mut().unwrap() ^= 1;
    check(bad_sum, damaged);
    let head = |length: u32| {
        let mut head = [length.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        let sum = crc32fast::hash(&head);
        head.extend(sum.to_be_bytes());
        head
    };
    check(head(u32::MAX), impossible);
    check(head(12), impossible);
    check(head(0), impossible);
    let cut = "sessionUpdate: sessionResults is not of the type that the model has";
    let unknown = "an event cannot be read: a message of the stream is of no known kind";
    check(
        event("sessionUpdate", "{\"sessionResults\":"),
        &format!("an event cannot be read: {cut}"),
    );
    check(message("else", "x", b""), unknown);
    check(encoded(&Wire::new(Vec::new())), unknown);
}

#[test]
fn a_connection_that_breaks_is_an_error_that_keeps_what_came_before() {
    let reply = Reply::bytes(200, &[], updates(0..3)).sent(update(0).len() * 2);
    let (came, words, _) = interrupted(tail(reply, MUCH).unwrap_err());
    assert_eq!((came.len(), words.as_str()), (2, "the stream of events broke off"));
}

/// Time that is over when it is told so.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    is_over: AtomicBool,
    asked: Mutex<Vec<Duration>>,
    waiting: Mutex<Vec<Waker>>,
}

impl Clock {
    fn end(&self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        self.0.waiting.lock().unwrap().drain(..).for_each(Waker::wake);
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.asked.lock().unwrap().push(duration);
        let told = self.0.clone();
        Sleep::new(poll_fn(move |context| {
            if told.is_over.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            told.waiting.lock().unwrap().push(context.waker().clone());
            Poll::Pending
        }))
    }
}

/// An answer whose body gives what it has, and then lets the time end.
#[derive(Clone, Debug)]
struct Slow {
    clock: Clock,
    has: Vec<u8>,
    /// Whether it has the same again, at once and for ever.
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    Waits,
    Repeats,
}

impl HttpConnector for Slow {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from_body_1_x(self.clone());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.then == Then::Repeats {
            self.clock.end();
            return Poll::Ready(Some(Ok(Frame::data(self.has.clone().into()))));
        }
        if self.has.is_empty() {
            self.clock.end();
            return Poll::Pending;
        }
        let has = std::mem::take(&mut self.has);
        Poll::Ready(Some(Ok(Frame::data(has.into()))))
    }
}

#[test]
fn a_stream_is_cut_when_the_time_is_over() {
    for (then, events) in [(Then::Waits, 2), (Then::Repeats, 2)] {
        let clock = Clock::default();
        let slow = Slow { clock: clock.clone(), has: updates(0..2), then };
        let http = http_client_fn(move |_, _| SharedHttpConnector::new(slow.clone()));
        let config = config().sleep_impl(clock.clone()).http_client(http).build();
        let until = Until { time: Duration::from_secs(7), ..MUCH };
        let input = json!({"logGroupIdentifiers": [GROUP]});
        let collected = run(Client::new(&config).events("logs", "StartLiveTail", &input, until));
        let collected = collected.unwrap();
        assert_eq!(collected.end, End::Time);
        assert_eq!(came(&collected.answer.output).len(), events);
        assert!(clock.0.asked.lock().unwrap().contains(&until.time));
    }
}

#[test]
fn what_has_no_events_is_not_collected() {
    let client = Client::new(&config().build());
    let refused = |service, operation, input: Value| {
        run(client.events(service, operation, &input, MUCH)).unwrap_err().to_string()
    };
    assert_eq!(refused("sts", "GetCallerIdentity", Value::Null), NO_EVENTS);
    assert_eq!(
        refused("bedrock-runtime", "InvokeModelWithBidirectionalStream", json!({"modelId": "m"})),
        "body is a stream of events to the service, which is not supported"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn whatever_comes_there_is_an_end(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        pieces in 1..50usize,
        damage in any::<(u16, u8)>(),
    ) {
        let mut of_frames = [update(1), event("sessionStart", "{}"), bytes.clone()].concat();
        let place = usize::from(damage.0) % of_frames.len();
        of_frames[place] ^= damage.1;
        // A head that is right, and anything after it.
        let mut headed = ((16 + bytes.len()) as u32).to_be_bytes().to_vec();
        headed.extend(u32::from(damage.1).to_be_bytes());
        headed.extend(crc32fast::hash(&headed).to_be_bytes());
        headed.extend(&bytes);
        let sum = crc32fast::hash(&headed).to_be_bytes();
        headed.extend(sum);
        for stream in [bytes, of_frames, headed] {
            let mut frames = Frames::default();
            let mut ended = false;
            for piece in stream.chunks(pieces) {
                frames.push(piece);
                while !ended {
                    match frames.next() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => ended = true,
                    }
                }
            }
        }
    }
}
