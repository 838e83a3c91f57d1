#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::super::tests::stub::{Stub, config, run};
use super::super::{CallError, Client};

fn client() -> Client {
    Client::new(&config().build())
}

/// Of a call's headers those that the runtime adds on the road.
const OF_THE_ROAD: [&str; 8] = [
    "user-agent",
    "x-amz-user-agent",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

#[test]
fn what_is_prepared_is_what_is_sent() {
    let check = |service: &str, operation: &str, input: Value| {
        let stub = Stub::answers(200, "");
        let client = Client::new(&config().http_client(stub.clone()).build());
        let prepared = client.prepare(service, operation, &input).unwrap();
        assert_eq!(stub.sent().len(), 0);
        // What the answer is worth does not matter.
        let _ = run(client.call(service, operation, &input));
        let sent = stub.sent().remove(0);
        assert_eq!((&prepared.method, &prepared.url), (&sent.method, &sent.uri));
        assert_eq!(prepared.body, sent.body);
        let mut headers = sent.headers.clone();
        headers.retain(|(name, _)| !OF_THE_ROAD.contains(&name.as_str()));
        let mut ours = prepared.headers.clone();
        headers.sort();
        ours.sort();
        assert_eq!(ours, headers);
        let authorization = prepared.authorization;
        let scope = match (authorization.signing_region(), authorization.signing_name()) {
            (Some(region), Some(name)) => format!("{region}/{name}"),
            _ => "-".to_owned(),
        };
        assert_eq!(scope, sent.scope());
    };
    check("sts", "GetCallerIdentity", Value::Null);
    check("iam", "ListUsers", json!({"MaxItems": 5}));
    check("s3", "PutObject", json!({"Bucket": "bbb", "Key": "a b/c", "Body": "aGk="}));
    check("lambda", "ListFunctions", json!({"MaxItems": 5}));
    check("cognito-identity", "GetId", json!({"IdentityPoolId": "eu-west-1:1"}));
    let arn = "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/bucket/bbb";
    check("s3control", "GetBucket", json!({"AccountId": "123456789012", "Bucket": arn}));
}

#[test]
fn the_rules_headers_are_there() {
    let arn = "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/bucket/bbb";
    let input = json!({"AccountId": "123456789012", "Bucket": arn});
    let prepared = client().prepare("s3control", "GetBucket", &input).unwrap();
    let header = ("x-amz-outpost-id".to_owned(), "op-1".to_owned());
    assert!(prepared.headers.contains(&header), "{:?}", prepared.headers);
}

#[test]
fn nothing_needs_credentials() {
    let mut config = config();
    config.set_credentials_provider(None);
    let client = Client::new(&config.build());
    let prepared = client.prepare("ec2", "DescribeVpcs", &Value::Null).unwrap();
    assert_eq!(prepared.authorization.scheme(), "aws.auth#sigv4");
    assert_eq!(prepared.authorization.signing_name(), Some("ec2"));
    let called = run(client.call("ec2", "DescribeVpcs", &Value::Null));
    assert!(matches!(called, Err(CallError::NoCredentials)), "{called:?}");
}

#[test]
fn findings_come_with_it() {
    let prepared = client().prepare("dynamodb", "ListTables", &json!({"Limit": "5"})).unwrap();
    assert_eq!(prepared.coercions.len(), 1);
    assert_eq!(prepared.body, br#"{"Limit":5}"#);
    let refused = client().prepare("dynamodb", "ListTables", &json!({"Limit": "many"}));
    assert!(matches!(refused, Err(CallError::Invalid(_))), "{refused:?}");
}

#[test]
fn what_cannot_be_written_is_the_error_of_a_call() {
    let input = json!({"Bucket": "bbb", "Key": "k", "Expires": 300_000_000_000_000_u64});
    let refused = client().prepare("s3", "PutObject", &input).unwrap_err();
    let stub = Stub::answers(200, "");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let called = run(client.call("s3", "PutObject", &input)).unwrap_err();
    assert_eq!(refused.to_string(), called.to_string());
    let said = refused.to_string();
    assert!(
        said.starts_with("failed to construct request: ") && said.contains("timestamp"),
        "{said}"
    );
    assert!(stub.sent().is_empty());
}

#[test]
fn a_checksum_that_cannot_be_made_is_a_problem_of_the_input() {
    let put = |name: &str| json!({"Bucket": "bbb", "Key": "k", "ChecksumAlgorithm": name, "B": 1});
    for name in ["MD5", "SHA512", "XXHASH64"] {
        let refused = client().prepare("s3", "PutObject", &put(name)).unwrap_err();
        let Err(CallError::Invalid(invalid)) = Err::<(), _>(refused) else { panic!("{name}") };
        let lines: Vec<String> = invalid.problems.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[1].starts_with("ChecksumAlgorithm: of checksum algorithms CRC32, "),
            "{lines:?}"
        );
    }
    let mut given = json!({"Bucket": "bbb", "Key": "k", "ChecksumAlgorithm": "SHA512"});
    given["ChecksumSHA512"] = json!("AAAA");
    assert!(client().prepare("s3", "PutObject", &given).is_ok());
}

#[test]
fn a_token_that_nobody_gives_is_missed() {
    let job = json!({"AccountId": "123456789012"});
    let line = "ClientRequestToken: is required, and missing: expected a string";
    let lines =
        |client: Client| client.prepare("s3control", "CreateJob", &job).unwrap_err().to_string();
    assert!(lines(client()).lines().any(|said| said == line));
    assert!(!lines(client().with_tokens(String::new)).contains("ClientRequestToken"));
}

#[test]
fn what_can_never_be_sent_says_so_whatever_the_input() {
    let refused = client().prepare("lexv2-runtime", "StartConversation", &Value::Null);
    assert!(matches!(refused, Err(CallError::Unsupported(_))), "{refused:?}");
}
