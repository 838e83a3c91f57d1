//! What goes out authorised, and what does not go out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::token::SharedTokenProvider;
use aws_credential_types::{Credentials, Token};
use aws_types::sdk_config::Builder;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::tests::stub::{Sent, Stub, config, run};
use super::super::{CallError, Client};

/// The one request of a call, or why there is none.
fn sent(config: Builder, service: &str, operation: &str, input: Value) -> Result<Sent, CallError> {
    let stub = Stub::answers(200, "");
    let client = Client::new(&config.http_client(stub.clone()).build());
    let answer = run(client.call(service, operation, &input));
    stub.sent().into_iter().next().ok_or_else(|| answer.unwrap_err())
}

/// With the credentials of AWS's signing test suite.
fn example() -> Builder {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let keys = Credentials::from_keys("AKIDEXAMPLE", secret, None);
    config().credentials_provider(SharedCredentialsProvider::new(keys))
}

fn with_token(config: Builder) -> Builder {
    config.token_provider(SharedTokenProvider::new(Token::new("the-token", None)))
}

fn without_credentials(mut config: Builder) -> Builder {
    config.set_credentials_provider(None);
    config
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Verifies a signature of version 4a over a path as it is signed, with the public key that AWS's
/// test suite gives for these credentials: it is not derived here.
fn verifies(sent: &Sent, scope: &str, path: &str) -> bool {
    let key = "04b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1\
        865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518";
    let key = VerifyingKey::from_sec1_bytes(&unhex(key)).unwrap();
    let authorization = sent.header("authorization").unwrap();
    let rest = authorization
        .strip_prefix(&format!("AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/{scope}, "))
        .unwrap_or_else(|| panic!("{authorization}"));
    let (names, signature) = rest.split_once(", Signature=").unwrap();
    let names = names.strip_prefix("SignedHeaders=").unwrap();
    assert!(names.split(';').any(|name| name == "x-amz-region-set"), "{names}");
    let host = sent.uri.strip_prefix("https://").unwrap().split('/').next().unwrap();
    let headers: String = names
        .split(';')
        .map(|name| {
            let value = if name == "host" { Some(host) } else { sent.header(name) };
            format!("{name}:{}\n", value.unwrap().trim())
        })
        .collect();
    let (method, hash) = (&sent.method, hex(Sha256::digest(&sent.body)));
    let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{hash}");
    let text = format!(
        "AWS4-ECDSA-P256-SHA256\n20260102T030405Z\n{scope}\n{}",
        hex(Sha256::digest(canonical))
    );
    let signature = DerSignature::try_from(unhex(signature).as_slice()).unwrap();
    key.verify(text.as_bytes(), &signature).is_ok()
}

#[test]
fn a_multi_region_access_point_is_signed_for_all_regions() {
    let point = "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap";
    let input = json!({"Bucket": point, "Key": "a b//c"});
    let mut sent = sent(example(), "s3", "GetObject", input).unwrap();
    let host = "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";
    assert_eq!(sent.uri, format!("{host}/a%20b//c"));
    assert_eq!(sent.header("x-amz-region-set"), Some("*"));
    assert_eq!(sent.header("x-amz-date"), Some("20260102T030405Z"));
    // The scope of the signature has no region.
    assert!(verifies(&sent, "20260102/s3/aws4_request", "/a%20b//c"));
    assert!(!verifies(&sent, "20260102/s3/aws4_request", "/a%2520b/c"));
    for (name, value) in &mut sent.headers {
        if name == "x-amz-region-set" {
            *value = "eu-west-1".to_owned();
        }
    }
    assert!(!verifies(&sent, "20260102/s3/aws4_request", "/a%20b//c"));
}

#[test]
fn the_other_services_that_sign_for_many_regions() {
    let entries = json!([{"Source": "s", "DetailType": "t", "Detail": "{}"}]);
    let input = json!({"Entries": entries, "EndpointId": "abcde.veo"});
    let event = sent(example(), "events", "PutEvents", input).unwrap();
    assert_eq!(event.uri, "https://abcde.veo.endpoint.events.amazonaws.com/");
    assert_eq!(event.header("x-amz-region-set"), Some("*"));
    assert!(verifies(&event, "20260102/events/aws4_request", "/"));
    // Without the global endpoint it is as ever.
    let event = sent(example(), "events", "PutEvents", json!({"Entries": entries})).unwrap();
    assert_eq!(
        (event.header("x-amz-region-set"), event.scope()),
        (None, "eu-west-1/events".into())
    );

    let arn = "arn:aws:cloudfront::123456789012:key-value-store/d1a2";
    let input = json!({"KvsARN": arn});
    let store =
        sent(example(), "cloudfront-keyvaluestore", "DescribeKeyValueStore", input).unwrap();
    assert_eq!(
        store.uri,
        format!(
            "https://123456789012.cloudfront-kvs.global.api.aws/key-value-stores/{}",
            "arn%3Aaws%3Acloudfront%3A%3A123456789012%3Akey-value-store%2Fd1a2"
        )
    );
    assert_eq!(store.header("x-amz-region-set"), Some("*"));
    let twice = "/key-value-stores/\
        arn%253Aaws%253Acloudfront%253A%253A123456789012%253Akey-value-store%252Fd1a2";
    assert!(verifies(&store, "20260102/cloudfront-keyvaluestore/aws4_request", twice));
}

#[test]
fn an_endpoint_id_is_no_host() {
    for id in ["evil.example/", "a@b", "a:1", "a b", "a#", "-a", ".veo"] {
        let input = json!({"EndpointId": id,
            "Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}"}]});
        assert!(sent(example(), "events", "PutEvents", input).is_err(), "{id}");
    }
}

#[test]
fn a_token_authorises_where_nothing_else_does() {
    let check = |config: Builder, service, operation, expected: Result<&str, &str>| match (
        sent(config, service, operation, Value::Null),
        expected,
    ) {
        (Ok(sent), Ok(expected)) => {
            let header = sent.header("authorization").unwrap();
            assert!(header.starts_with(expected), "{header}");
            assert!(sent.header("x-amz-security-token").is_none() || expected != BEARER);
        }
        (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
        (is, expected) => panic!("{is:?} for {expected:?}"),
    };
    let token_alone = || without_credentials(with_token(config()));
    check(with_token(config()), "codecatalyst", "VerifySession", Ok(BEARER));
    check(token_alone(), "codecatalyst", "VerifySession", Ok(BEARER));
    let none = "the request is authorised by a bearer token, and there is no source of tokens";
    check(config(), "codecatalyst", "VerifySession", Err(none));
    // Where both would do.
    check(config(), "bedrock", "ListFoundationModels", Ok(SIGNATURE));
    check(with_token(config()), "bedrock", "ListFoundationModels", Ok(SIGNATURE));
    check(token_alone(), "bedrock", "ListFoundationModels", Ok(BEARER));
    let unsigned = "there is no source of credentials to sign with";
    check(without_credentials(config()), "bedrock", "ListFoundationModels", Err(unsigned));
    // Where a token does not.
    check(token_alone(), "ec2", "DescribeVpcs", Err(unsigned));
    let clear = "a bearer token is sent by https only; the endpoint is http";
    let config = with_token(config()).endpoint_url("http://127.0.0.1:1");
    check(config, "codecatalyst", "VerifySession", Err(clear));
}

const BEARER: &str = "Bearer the-token";
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/bedrock/";

#[test]
fn a_token_is_not_told() {
    let stub = Stub::answers(400, "{\"message\": \"no\"}");
    let config = without_credentials(with_token(config())).http_client(stub.clone()).build();
    let client = Client::new(&config);
    let error = run(client.call("codecatalyst", "VerifySession", &Value::Null)).unwrap_err();
    let text = format!("{error} {error:?} {client:?}");
    assert_eq!(stub.sent()[0].header("authorization"), Some(BEARER));
    assert!(!text.contains("the-token"), "{text}");
}

#[test]
fn what_cannot_be_authorised_or_spoken_says_so() {
    let check = |service, operation, input, expected: &str| {
        let error = sent(with_token(config()), service, operation, input).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let unsupported =
        |way: &str| format!("the request must be authorised by {way}, which is not supported here");
    let express = unsupported("a session of S3 Express (a directory bucket)");
    for bucket in ["bucket--use1-az4--x-s3", "bucket--euw1-az1--x-s3"] {
        check("s3", "GetObject", json!({"Bucket": bucket, "Key": "k"}), &express);
        check("s3", "ListObjectsV2", json!({"Bucket": bucket}), &express);
    }
    check("sdb", "ListDomains", Value::Null, &unsupported("signature version 2"));
    check("importexport", "ListJobs", Value::Null, &unsupported("signature version 2"));
    let events = |member: &str| {
        format!("{member} is a stream of events to the service, which is not supported")
    };
    let input = json!({"modelId": "m"});
    let operation = "InvokeModelWithBidirectionalStream";
    check("bedrock-runtime", operation, input, &events("body"));
    let input = json!({"botId": "AAAAAAAAAA", "botAliasId": "AAAAAAAAAA", "localeId": "en_US",
        "sessionId": "aa"});
    check("lex-runtime-v2", "StartConversation", input, &events("requestEventStream"));
}

#[test]
fn large_metrics_are_compressed_as_the_configuration_says() {
    let size = |length: usize, config: Builder| {
        let dimension = json!({"Name": "n", "Value": "v".repeat(1024)});
        let data = json!({"MetricName": "m", "Value": 1, "Dimensions": [dimension]});
        let input = json!({"Namespace": "n", "MetricData": vec![data; length]});
        let sent = sent(config, "cloudwatch", "PutMetricData", input).unwrap();
        let is_compressed = sent.header("content-encoding") == Some("gzip");
        assert_eq!(is_compressed, sent.body.starts_with(&[0x1f, 0x8b]));
        is_compressed
    };
    let of_size = |bytes| config().request_min_compression_size_bytes(bytes);
    assert!(size(10, config()));
    assert!(!size(9, config()));
    assert!(!size(10, config().disable_request_compression(true)));
    assert!(size(10, config().disable_request_compression(false)));
    assert!(size(1, of_size(128)));
    assert!(size(1, of_size(0)));
    assert!(!size(10, of_size(20_000)));
    assert!(!size(1, of_size(0).disable_request_compression(true)));
    // No other operation is.
    let input = json!({"Namespace": "n".repeat(255)});
    let other = sent(of_size(0), "cloudwatch", "ListMetrics", input).unwrap();
    assert_eq!(other.header("content-encoding"), None);
}
