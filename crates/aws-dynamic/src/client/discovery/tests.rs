#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, SharedInterceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::region::Region;
use serde_json::json;

use super::super::tests::stub::{Stub, config, run};
use super::*;
use crate::client::special;

const FIRST: &str = r#"{"Endpoints": [{"Address": "query-cell1.timestream.eu-west-1.amazonaws.com",
    "CachePeriodInMinutes": 10}]}"#;
const SECOND: &str = r#"{"Endpoints": [{"Address": "query-cell2.timestream.eu-west-1.amazonaws.com",
    "CachePeriodInMinutes": 10}]}"#;
const MOVED: &str = r#"{"__type": "InvalidEndpointException", "message": "gone"}"#;
const ASKED: &str = "https://query.timestream.eu-west-1.amazonaws.com/";
const CELL1: &str = "https://query-cell1.timestream.eu-west-1.amazonaws.com/";
const CELL2: &str = "https://query-cell2.timestream.eu-west-1.amazonaws.com/";

/// A clock that is set by hand, in seconds.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl TimeSource for Hand {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn query(client: &Client) -> Result<Value, CallError> {
    run(client.call("timestream-query", "CancelQuery", &json!({"QueryId": "q"})))
        .map(|answer| answer.output)
}

fn uris(stub: &Stub) -> Vec<String> {
    stub.sent().into_iter().map(|sent| sent.uri).collect()
}

#[test]
fn a_service_is_asked_once_until_its_answer_is_too_old() {
    let hand = Hand(Arc::new(AtomicU64::new(1_767_323_045)));
    let stub =
        Stub::in_turn(vec![(200, FIRST), (200, "{}"), (200, "{}"), (200, SECOND), (200, "{}")]);
    let settings = config().http_client(stub.clone()).time_source(hand.clone()).build();
    let client = Client::new(&settings);
    query(&client).unwrap();
    assert_eq!(uris(&stub), [ASKED, CELL1]);
    let targets = ["Timestream_20181101.DescribeEndpoints", "Timestream_20181101.CancelQuery"];
    for (sent, target) in stub.sent().iter().zip(targets) {
        assert_eq!(sent.header("x-amz-target"), Some(target));
        assert_eq!(sent.scope(), "eu-west-1/timestream");
    }
    hand.0.fetch_add(599, Ordering::Relaxed);
    query(&client.clone()).unwrap();
    assert_eq!(uris(&stub)[2..], [CELL1]);
    hand.0.fetch_add(1, Ordering::Relaxed);
    query(&client).unwrap();
    assert_eq!(uris(&stub)[3..], [ASKED, CELL2]);
}

#[test]
fn a_host_that_is_no_longer_the_one_is_asked_for_again_once() {
    for status in [421, 400] {
        let answers = vec![(200, FIRST), (status, MOVED), (200, SECOND), (200, "{}")];
        let stub = Stub::in_turn(answers);
        let client = Client::new(&config().http_client(stub.clone()).build());
        query(&client).unwrap();
        assert_eq!(uris(&stub), [ASKED, CELL1, ASKED, CELL2]);
    }
    let answers = vec![(200, FIRST), (421, MOVED), (200, FIRST), (421, MOVED)];
    let stub = Stub::in_turn(answers);
    let client = Client::new(&config().http_client(stub.clone()).build());
    let error = query(&client).unwrap_err();
    assert_eq!(error.service_error().unwrap().code, "InvalidEndpointException");
    assert_eq!(stub.sent().len(), 4);
    // Any other refusal stays what it is.
    let stub = Stub::in_turn(vec![(200, FIRST), (400, r#"{"__type": "ValidationException"}"#)]);
    let client = Client::new(&config().http_client(stub.clone()).build());
    assert_eq!(query(&client).unwrap_err().service_error().unwrap().code, "ValidationException");
    assert_eq!(stub.sent().len(), 2);
}

#[test]
fn a_host_of_elsewhere_is_an_error_and_nothing_goes_there() {
    for address in [
        "",
        "evil.example",
        "query-cell1.timestream.eu-west-1.amazonaws.com.evil.example",
        "query-cell1.timestream.us-east-1.amazonaws.com",
        "query-cell1.timestream.eu-west-1.amazonaws.com.cn",
        "https://query-cell1.timestream.eu-west-1.amazonaws.com",
        "query-cell1.timestream.eu-west-1.amazonaws.com/x",
        "query-cell1.timestream.eu-west-1.amazonaws.com:8443",
        "u@query-cell1.timestream.eu-west-1.amazonaws.com",
        "evil.example/.timestream.eu-west-1.amazonaws.com",
        "evil.execute-api.eu-west-1.amazonaws.com",
        "bucket.s3.eu-west-1.amazonaws.com",
        "timestream-bucket.s3.eu-west-1.amazonaws.com",
        "a.timestream.s3.eu-west-1.amazonaws.com",
    ] {
        let answer = json!({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 10}]});
        let stub = Stub::answers(200, String::leak(answer.to_string()));
        let client = Client::new(&config().http_client(stub.clone()).build());
        for _ in 0..2 {
            let error = query(&client).unwrap_err();
            let expected = "the endpoint that DescribeEndpoints answered: expected a host of AWS \
                            below timestream.eu-west-1";
            assert_eq!(error.to_string(), expected, "{address}");
        }
        assert_eq!(uris(&stub), [ASKED, ASKED]);
    }
    for answer in ["{}", r#"{"Endpoints": []}"#, r#"{"Endpoints": [{"Address": "a"}]}"#] {
        let client = Client::new(&config().http_client(Stub::answers(200, answer)).build());
        assert!(matches!(query(&client), Err(CallError::Host { .. })), "{answer}");
    }
}

#[test]
fn a_user_s_own_endpoint_is_not_asked() {
    let stub = Stub::answers(200, "{}");
    let settings = config().endpoint_url("http://10.0.0.1").http_client(stub.clone()).build();
    query(&Client::new(&settings)).unwrap();
    assert_eq!(uris(&stub), ["http://10.0.0.1/"]);
    // Where asking is optional nobody is asked.
    let stub = Stub::answers(200, "{}");
    let client = Client::new(&config().http_client(stub.clone()).build());
    run(client.call("dynamodb", "ListTables", &Value::Null)).unwrap();
    assert_eq!(uris(&stub), ["https://dynamodb.eu-west-1.amazonaws.com/"]);
    let stub = Stub::answers(200, FIRST);
    let client = Client::new(&config().http_client(stub.clone()).build());
    run(client.call("timestream-query", "DescribeEndpoints", &Value::Null)).unwrap();
    assert_eq!(uris(&stub), [ASKED]);
}

#[test]
fn every_operation_that_needs_its_endpoint_asked_for_has_it() {
    let models = crate::catalog::Models::get().unwrap();
    let rules = Rules::get().unwrap();
    let mut count = 0;
    for name in models.names() {
        for operation in models.service(name).unwrap().unwrap().operations() {
            if special::discovered_label(operation).is_some() {
                count += 1;
            }
            assert_eq!(special::refuse(operation), Ok(()), "{name}");
        }
    }
    assert_eq!(count, 32);
    // All partitions that these services can be in.
    for (region, end) in [("us-gov-west-1", "amazonaws.com"), ("us-east-1", "api.aws")] {
        let settings = config().region(Region::new(region)).build();
        let host = format!("ingest-cell2.timestream.{region}.{end}");
        assert_eq!(Client::new(&settings).own(&host, "timestream").unwrap(), host);
    }
    assert!(rules.partitions().count() > 1);
}

/// Refuses that the service is asked.
#[derive(Debug)]
struct Guard;

#[dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let metadata = cfg.load::<Metadata>().unwrap();
        if metadata.name() == "DescribeEndpoints" { Err("not asked".into()) } else { Ok(()) }
    }
}

#[test]
fn asking_passes_the_guard() {
    let stub = Stub::answers(200, FIRST);
    let client = Client::new(&config().http_client(stub.clone()).build())
        .with_interceptor(SharedInterceptor::permanent(Guard));
    assert!(query(&client).is_err());
    assert_eq!(stub.sent().len(), 0);
}

#[test]
fn calls_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = Client::new(&config().build());
    is_send(&client.call("sts", "GetCallerIdentity", &Value::Null));
}
