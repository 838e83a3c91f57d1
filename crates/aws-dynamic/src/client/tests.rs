#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(super) mod answers;
pub(super) mod server;
pub(super) mod stub;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::future::ProvideCredentials as ProvideFuture;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, SharedInterceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use proptest::prelude::*;
use serde_json::json;

use self::server::{Reply, Server};
use self::stub::{Stub, config, run};
use super::*;

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012\
    </Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// The URL to which a call goes, and the scope of its signature, or why there is none.
fn goes_to(config: aws_types::sdk_config::Builder, call: (&str, &str, Value)) -> String {
    let stub = Stub::answers(200, "");
    let client = Client::new(&config.http_client(stub.clone()).build());
    match (run(client.call(call.0, call.1, &call.2)), stub.sent().first()) {
        (_, Some(sent)) => format!("{} {} {}", sent.method, sent.uri, sent.scope()),
        (Err(error), None) => error.to_string(),
        (Ok(answer), None) => panic!("{answer:?} came from nowhere"),
    }
}

#[test]
fn a_request_arrives_signed_and_its_answer_is_read() {
    let server = Server::start(vec![Reply::ok(IDENTITY)]);
    let client = Client::new(&server.config().build());
    let answer = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap();
    assert_eq!(answer.output, json!({"Account": "123456789012"}));
    assert_eq!((answer.status, answer.request_id.as_deref()), (200, Some("id-1")));
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.first_line(), "POST / HTTP/1.1");
    assert_eq!(request.body, "Action=GetCallerIdentity&Version=2011-06-15");
    let signature = request.header("authorization").unwrap();
    assert!(
        signature.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/sts/aws4_request, "
        ),
        "{signature}"
    );
    assert_eq!(request.header("x-amz-date"), Some("20260102T030405Z"));
    assert_eq!(request.header("x-amz-security-token"), Some("session"));
    let agent = request.header("x-amz-user-agent").unwrap();
    assert!(agent.contains(" api/sts/"), "{agent}");
    assert!(request.header("amz-sdk-invocation-id").is_some());
    assert_eq!(request.header("amz-sdk-request"), Some("attempt=1; max=3"));
}

#[test]
fn throttled_twice_and_then_fine() {
    let throttled = || Reply::new(400, r#"{"__type":"ThrottlingException","message":"slow"}"#);
    let server =
        Server::start(vec![throttled(), throttled(), Reply::ok(r#"{"TableNames":["t"]}"#)]);
    let client = Client::new(&server.config().build());
    let answer = run(client.call("dynamodb", "list-tables", &json!({"Limit": "1"}))).unwrap();
    assert_eq!(answer.output, json!({"TableNames": ["t"]}));
    assert_eq!(answer.coercions.len(), 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == r#"{"Limit":1}"#));
    assert_eq!(requests[2].header("amz-sdk-request"), Some("attempt=3; max=3"));
}

#[test]
fn what_the_model_calls_retryable_is_tried_again() {
    let refused = |code: &str| {
        let body = format!("{{\"__type\": \"{code}\"}}");
        let server = Server::start((0..3).map(|_| Reply::new(400, &body)).collect());
        let client = Client::new(&server.config().build());
        let input = json!({"TableName": "table", "Item": {}});
        let error = run(client.call("dynamodb", "PutItem", &input)).unwrap_err();
        assert_eq!(error.code(), Some(code));
        server.requests().len()
    };
    assert_eq!(refused("ReplicatedWriteConflictException"), 3);
    assert_eq!(refused("ConditionalCheckFailedException"), 1);
    assert_eq!(refused("Unheard"), 1);
}

#[test]
fn codes_decide_what_is_tried_again() {
    // The first is a row of the table of special cases.
    let refused = |code: &str| {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        let server = Server::start(vec![
            Reply::new(400, &body),
            Reply::new(400, &body),
            Reply::new(400, &body),
        ]);
        let client = Client::new(&server.config().build());
        let input = json!({"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "ss",
            "WebIdentityToken": "tttt"});
        let error = run(client.call("sts", "AssumeRoleWithWebIdentity", &input)).unwrap_err();
        assert_eq!(error.code(), Some(code));
        server.requests().len()
    };
    assert_eq!(refused("IDPCommunicationError"), 3);
    assert_eq!(refused("IDPRejectedClaim"), 1);
    assert_eq!(refused("Throttling"), 3);
}

#[test]
fn a_refusal_is_told_with_code_message_and_id_and_not_repeated() {
    let body = r#"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no table"}"#;
    let server = Server::start(vec![Reply::new(400, body)]);
    let client = Client::new(&server.config().build());
    let error = run(client.call("dynamodb", "DescribeTable", &json!({"TableName": "ttt"})));
    let error = error.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert_eq!(error.message(), Some("no table"));
    assert_eq!(error.to_string(), "ResourceNotFoundException: no table");
    assert_eq!(error.meta().extra("aws_request_id"), Some("id-1"));
    assert_eq!(error.service_error().unwrap().status, 400);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_error_is_tried_three_times_and_no_more() {
    let server = Server::start((0..4).map(|_| Reply::new(503, "<html>down")).collect());
    let client = Client::new(&server.config().build());
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    assert_eq!(error.code(), Some("503"));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn an_answer_that_is_cut_is_no_answer() {
    let cut = || Reply::cut(IDENTITY, 40);
    let server = Server::start(vec![cut(), cut(), Reply::ok(IDENTITY)]);
    let client = Client::new(&server.config().build());
    run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap();
    assert_eq!(server.requests().len(), 3);
    // One that ends early where its length says so.
    let server = Server::start(vec![Reply::ok(&IDENTITY[..60])]);
    let client = Client::new(&server.config().build());
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    assert!(
        matches!(&error, CallError::Sdk(e) if matches!(**e, SdkError::ResponseError(_))),
        "{error:?}"
    );
}

#[test]
fn garbage_is_an_error_and_not_asked_for_again() {
    for (service, operation, garbage) in [
        ("sts", "GetCallerIdentity", "\u{0}\u{1}not xml"),
        ("dynamodb", "ListTables", "{\"TableNames\": 7"),
        ("s3", "ListBuckets", "<html>"),
        ("lambda", "ListFunctions", "[]]"),
    ] {
        let server = Server::start(vec![Reply::ok(garbage)]);
        let client = Client::new(&server.config().build());
        let error = run(client.call(service, operation, &Value::Null)).unwrap_err();
        assert!(error.service_error().is_none(), "{error:?}");
        assert!(matches!(error, CallError::Sdk(_)), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{service}");
    }
}

#[test]
fn a_call_ends_at_its_time_limit() {
    let server = Server::start(vec![Reply::Never]);
    let limits = TimeoutConfig::builder().operation_timeout(Duration::from_millis(100)).build();
    let client = Client::new(&server.config().timeout_config(limits).build());
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    assert!(
        matches!(&error, CallError::Sdk(e) if matches!(**e, SdkError::TimeoutError(_))),
        "{error:?}"
    );
}

#[test]
fn an_answer_over_the_limit_is_an_error_and_not_asked_for_again() {
    let server = Server::start(vec![Reply::ok(IDENTITY)]);
    let client = Client::new(&server.config().build()).with_limit(IDENTITY.len() - 1);
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    assert!(
        matches!(error, CallError::TooLarge { limit } if limit == IDENTITY.len() - 1),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), 1);
    let server = Server::start(vec![Reply::ok(IDENTITY)]);
    let client = Client::new(&server.config().build()).with_limit(IDENTITY.len());
    run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap();
}

/// Sees what passes, and stops what it is told to stop.
#[derive(Debug)]
struct Guard {
    refuses: &'static str,
    seen: Mutex<Vec<String>>,
    sent: AtomicUsize,
}

#[derive(Debug)]
struct SharedGuard(Arc<Guard>);

#[dyn_dispatch_hint]
impl Intercept for SharedGuard {
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
        let name = format!("{}:{}", metadata.service(), metadata.name());
        self.0.seen.lock().unwrap().push(name);
        if metadata.name() == self.0.refuses { Err("the guard refuses".into()) } else { Ok(()) }
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn the_configured_http_client_and_every_interceptor_are_in_the_way() {
    let guard = |refuses| {
        let seen = Mutex::default();
        Arc::new(Guard { refuses, seen, sent: AtomicUsize::new(0) })
    };
    let (first, second) = (guard("GetFederationToken"), guard("GetSessionToken"));
    let stub = Stub::answers(200, IDENTITY);
    let client = Client::new(&config().http_client(stub.clone()).build())
        .with_interceptor(SharedInterceptor::permanent(SharedGuard(first.clone())))
        .with_interceptor(SharedInterceptor::permanent(SharedGuard(second.clone())));
    run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap();
    for (operation, input) in
        [("GetFederationToken", json!({"Name": "nn"})), ("GetSessionToken", Value::Null)]
    {
        let error = run(client.call("sts", operation, &input)).unwrap_err();
        let text = format!("{:?}", error.source().unwrap());
        assert!(text.contains("the guard refuses"), "{text}");
    }
    assert_eq!(stub.sent().len(), 1);
    for guard in [first, second] {
        assert_eq!(guard.sent.load(Ordering::Relaxed), 1);
        let seen = guard.seen.lock().unwrap();
        assert_eq!(seen[0], "STS:GetCallerIdentity");
    }
}

#[test]
fn without_an_http_client_nothing_is_sent() {
    let client = Client::new(&config().build());
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    assert!(matches!(error, CallError::Sdk(_)), "{error:?}");
}

#[test]
fn requests_go_where_the_rules_and_the_model_say() {
    let plain = |service, operation, input| goes_to(config(), (service, operation, input));
    let check = |is: String, expected: &str| assert_eq!(is, expected);
    check(
        plain("ec2", "DescribeInstances", Value::Null),
        "POST https://ec2.eu-west-1.amazonaws.com/ eu-west-1/ec2",
    );
    check(plain("iam", "ListUsers", Value::Null), "POST https://iam.amazonaws.com/ us-east-1/iam");
    check(
        plain("s3", "GetObject", json!({"Bucket": "bucket", "Key": "a b/c"})),
        "GET https://bucket.s3.eu-west-1.amazonaws.com/a%20b/c eu-west-1/s3",
    );
    check(
        plain("s3", "ListObjectsV2", json!({"Bucket": "dotted.bucket"})),
        "GET https://s3.eu-west-1.amazonaws.com/dotted.bucket/?list-type=2 eu-west-1/s3",
    );
    check(
        plain("s3", "ListBuckets", Value::Null),
        "GET https://s3.eu-west-1.amazonaws.com/ eu-west-1/s3",
    );
    check(
        plain(
            "s3",
            "GetObject",
            json!({"Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint/ap", "Key": "k"}),
        ),
        "GET https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com/k \
         us-west-2/s3",
    );
    check(
        plain("s3control", "GetPublicAccessBlock", json!({"AccountId": "123456789012"})),
        "GET https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/configuration/\
         publicAccessBlock eu-west-1/s3",
    );
    check(
        plain("stepfunctions", "StartSyncExecution", json!({"stateMachineArn": "arn"})),
        "POST https://sync-states.eu-west-1.amazonaws.com/ eu-west-1/states",
    );
    let fips = config().use_fips(true).use_dual_stack(true);
    check(
        goes_to(
            fips.region(aws_types::region::Region::new("us-east-2")),
            ("ec2", "DescribeVpcs", Value::Null),
        ),
        "POST https://ec2-fips.us-east-2.api.aws/ us-east-2/ec2",
    );
    let own = || config().endpoint_url("http://10.0.0.1:8080/base");
    check(
        goes_to(own(), ("sts", "GetCallerIdentity", Value::Null)),
        "POST http://10.0.0.1:8080/base/ eu-west-1/sts",
    );
    check(
        goes_to(own(), ("s3", "GetObject", json!({"Bucket": "bucket", "Key": "/k//"}))),
        "GET http://10.0.0.1:8080/base/bucket//k// eu-west-1/s3",
    );
    // An address has no names before it.
    check(
        goes_to(own(), ("stepfunctions", "StartSyncExecution", json!({"stateMachineArn": "arn"}))),
        "POST http://10.0.0.1:8080/base/ eu-west-1/states",
    );
}

#[test]
fn what_is_not_supported_is_not_sent() {
    let check = |service, operation, input, expected: &str| {
        assert_eq!(goes_to(config(), (service, operation, input)), expected);
    };
    check(
        "logs",
        "StartLiveTail",
        json!({"logGroupIdentifiers": ["arn:aws:logs:eu-west-1:123456789012:log-group:g"]}),
        "the answer is a stream of events, which must be collected",
    );
    check("nothing", "X", Value::Null, "no service is called \"nothing\"");
    check("sts", "Nothing", Value::Null, "sts has no operation \"Nothing\"");
    check("sts", "GetCallerIdentity", json!({"X": 1}), "X: there is no such member, nor any other");
}

#[test]
fn what_needs_no_signature_goes_without_credentials() {
    let config = || {
        let mut config = config();
        config.set_credentials_provider(None);
        config
    };
    let input = json!({"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "ss",
        "WebIdentityToken": "tttt"});
    assert_eq!(
        goes_to(config(), ("sts", "AssumeRoleWithWebIdentity", input)),
        "POST https://sts.eu-west-1.amazonaws.com/ -"
    );
    assert_eq!(
        goes_to(config(), ("sts", "GetCallerIdentity", Value::Null)),
        "there is no source of credentials to sign with"
    );
}

#[test]
fn a_token_is_drawn_once_for_all_attempts() {
    let drawn = Arc::new(AtomicUsize::new(0));
    let source = drawn.clone();
    let server = Server::start(vec![
        Reply::new(503, ""),
        Reply::ok("<RunInstancesResponse></RunInstancesResponse>"),
    ]);
    let client = Client::new(&server.config().build())
        .with_tokens(move || format!("token-{}", source.fetch_add(1, Ordering::Relaxed)));
    let input = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1});
    run(client.call("ec2", "RunInstances", &input)).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.body.contains("ClientToken=token-0")));
    assert_eq!(drawn.load(Ordering::Relaxed), 1);
}

#[test]
fn a_payload_is_signed_unless_the_model_says_otherwise() {
    let stub = Stub::answers(200, "{}");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let put = json!({"Bucket": "bucket", "Key": "k", "Body": "YQ=="});
    run(client.call("s3", "PutObject", &put)).unwrap();
    let upload = json!({"Path": "/p", "Body": "YQ=="});
    let _ = run(client.call("mediastore-data", "PutObject", &upload));
    run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    let hashes: Vec<Option<String>> = stub
        .sent()
        .iter()
        .map(|sent| sent.header("x-amz-content-sha256").map(str::to_owned))
        .collect();
    // The hash of "a", which S3 wants beside the signature; others need no such header.
    let hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb".to_owned();
    assert_eq!(hashes, [Some(hash), Some("UNSIGNED-PAYLOAD".to_owned()), None]);
}

#[test]
fn credentials_are_asked_for_once() {
    #[derive(Debug)]
    struct Counting(Arc<AtomicUsize>);

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> ProvideFuture<'a>
        where
            Self: 'a,
        {
            self.0.fetch_add(1, Ordering::Relaxed);
            let until = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000));
            ProvideFuture::ready(Ok(Credentials::new("AKID", "secret", None, until, "test")))
        }
    }

    let asked = Arc::new(AtomicUsize::new(0));
    let stub = Stub::answers(200, IDENTITY);
    let credentials = SharedCredentialsProvider::new(Counting(asked.clone()));
    let config = config().http_client(stub.clone()).credentials_provider(credentials);
    let client = Client::new(&config.build());
    for client in [&client, &client.clone()] {
        run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(stub.sent().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_answered_there_is_an_end(
        status in prop_oneof![Just(200), Just(404), 200..600u16],
        body in prop_oneof!["\\PC{0,40}", "<[A-Za-z/<>&;# %]{0,40}", "\\{[\"a-z:%{}\\[\\]]{0,40}"],
    ) {
        let body: &'static str = body.leak();
        let client = Client::new(&config().http_client(Stub::answers(status, body)).build());
        let bucket = json!({"Bucket": "bucket"});
        let object = json!({"Bucket": "bucket", "Key": "k", "CopySource": "b/k"});
        let user = json!({"UserName": "u", "PolicyName": "p"});
        for (service, operation, input) in [
            ("s3", "GetBucketLocation", &bucket),
            ("s3", "HeadBucket", &bucket),
            ("s3", "CopyObject", &object),
            ("iam", "GetUserPolicy", &user),
            ("ec2", "DescribeInstances", &Value::Null),
            ("dynamodb", "ListTables", &Value::Null),
            ("lambda", "ListFunctions", &Value::Null),
        ] {
            match run(client.call(service, operation, input)) {
                Ok(answer) => prop_assert!(answer.output.is_object()),
                Err(CallError::Sdk(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

#[test]
fn a_call_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = Client::new(&config().build());
    is_send(&client.call("sts", "GetCallerIdentity", &Value::Null));
}

#[test]
fn neither_keys_nor_answers_are_in_what_is_said_of_a_failure() {
    let body = "<ErrorResponse><Error><Code>X</Code><Message>m</Message></Error></ErrorResponse>";
    let client = Client::new(&config().http_client(Stub::answers(400, body)).build());
    let error = run(client.call("sts", "GetCallerIdentity", &Value::Null)).unwrap_err();
    let text = format!("{error} {error:?} {client:?}");
    assert!(!text.contains("AKIDEXAMPLE") && !text.contains("secret"), "{text}");
}
