#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::StaticTimeSource;
use aws_types::region::Region;
use serde_json::json;

use super::super::EndpointSettings;
use super::super::tests::stub::{Stub, config, run};
use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn presign(service: &str, operation: &str, input: Value) -> Result<Presigned, CallError> {
    let stub = Stub::answers(200, "");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let presigned = run(client.presign(service, operation, &input, HOUR));
    assert!(stub.sent().is_empty());
    presigned
}

#[test]
fn the_example_of_the_documentation_is_met() {
    let keys = Credentials::from_keys(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        None,
    );
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
    let config = config()
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .time_source(StaticTimeSource::new(time))
        .endpoint_url("https://s3.amazonaws.com");
    let virtual_hosts =
        EndpointSettings { s3_force_path_style: Some(false), ..EndpointSettings::default() };
    let client = Client::new(&config.build()).with_endpoint_settings(virtual_hosts);
    let object = json!({"Bucket": "examplebucket", "Key": "test.txt"});
    let day = Duration::from_secs(86400);
    let presigned = run(client.presign("s3", "GetObject", &object, day)).unwrap();
    let (base, query) = presigned.url.split_once('?').unwrap();
    assert_eq!(base, "https://examplebucket.s3.amazonaws.com/test.txt");
    let pairs: Vec<&str> = query.split('&').collect();
    for pair in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date=20130524T000000Z",
        "X-Amz-Expires=86400",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    ] {
        assert!(pairs.contains(&pair), "{pair} {query}");
    }
    assert_eq!((presigned.method.as_str(), presigned.headers.len()), ("GET", 0));
    assert_eq!(presigned.expires, day);
}

#[test]
fn what_is_signed_must_be_sent() {
    let put = json!({"Bucket": "bucket", "Key": "k", "ContentType": "text/plain",
        "Metadata": {"a": "b"}});
    let presigned = presign("s3", "PutObject", put).unwrap();
    assert_eq!(presigned.method, "PUT");
    let mut headers = presigned.headers.clone();
    headers.sort();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(headers, [header("content-type", "text/plain"), header("x-amz-meta-a", "b")]);
    let signed = "X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-meta-a";
    assert!(presigned.url.contains(signed), "{}", presigned.url);
    assert!(presigned.url.contains("X-Amz-Security-Token=session"));
}

#[test]
fn what_the_input_and_the_rules_say_in_headers_must_be_sent() {
    let put = json!({"Bucket": "bucket", "Key": "k", "ContentLength": 5});
    let presigned = presign("s3", "PutObject", put).unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(presigned.headers, [header("content-length", "5")]);
    let signed = "X-Amz-SignedHeaders=content-length%3Bhost&";
    assert!(presigned.url.contains(signed), "{}", presigned.url);
    let negative = json!({"Bucket": "bucket", "Key": "k", "ContentLength": -5});
    let error = presign("s3", "PutObject", negative).unwrap_err();
    assert!(error.to_string().contains(NO_LENGTH), "{error}");
    let outpost = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap";
    let point = json!({"AccountId": "123456789012", "Name": outpost});
    let presigned = presign("s3control", "GetAccessPoint", point).unwrap();
    let mut headers = presigned.headers;
    headers.sort();
    let account = header("x-amz-account-id", "123456789012");
    assert_eq!(headers, [account, header("x-amz-outpost-id", "op-1")]);
}

#[test]
fn a_query_becomes_a_get() {
    let presigned = presign("sts", "GetCallerIdentity", Value::Null).unwrap();
    assert_eq!(presigned.method, "GET");
    let start = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&";
    assert!(presigned.url.starts_with(start), "{}", presigned.url);
    assert_eq!(presigned.headers, []);
}

#[test]
fn what_cannot_be_presigned_says_so() {
    let check = |service, operation, input, expected: &str| {
        assert_eq!(presign(service, operation, input).unwrap_err().to_string(), expected);
    };
    let table = json!({"TableName": "table"});
    check("dynamodb", "DescribeTable", table, BODY);
    check("ec2", "RunInstances", json!({"MinCount": 1, "MaxCount": 1}), BODY);
    check("lambda", "Invoke", json!({"FunctionName": "f"}), BODY);
    check("s3", "DeleteObject", json!({"Bucket": "bucket", "Key": "k"}), BODY);
    let with_body = json!({"Bucket": "bucket", "Key": "k", "Body": "YQ=="});
    check("s3", "PutObject", with_body, BODY);
    check("cognito-identity", "GetId", json!({"IdentityPoolId": "r:i"}), NOT_SIGNED);
    let client = Client::new(&config().build());
    for seconds in [0, 604_801] {
        let object = json!({"Bucket": "bucket", "Key": "k"});
        let presigned = client.presign("s3", "GetObject", &object, Duration::from_secs(seconds));
        assert_eq!(run(presigned).unwrap_err().to_string(), EXPIRES);
    }
    let mut config = config();
    config.set_credentials_provider(None);
    let client = Client::new(&config.build());
    let error = run(client.presign("s3", "ListBuckets", &Value::Null, HOUR)).unwrap_err();
    assert!(matches!(error, CallError::NoCredentials));
}

#[test]
fn the_url_is_not_shown() {
    let presigned = presign("s3", "ListBuckets", Value::Null).unwrap();
    assert!(presigned.url.contains("X-Amz-Signature="));
    assert_eq!(format!("{presigned:?}"), "Presigned { method: \"GET\", expires: 3600s, .. }");
}

#[test]
fn an_interceptor_can_refuse() {
    #[derive(Debug)]
    struct Refuses;

    #[dyn_dispatch_hint]
    impl Intercept for Refuses {
        fn name(&self) -> &'static str {
            "refuses"
        }

        fn modify_before_signing(
            &self,
            _: &mut BeforeTransmitInterceptorContextMut<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            Err("refused".into())
        }
    }

    let client =
        Client::new(&config().build()).with_interceptor(SharedInterceptor::permanent(Refuses));
    let error = run(client.presign("s3", "ListBuckets", &Value::Null, HOUR)).unwrap_err();
    assert!(matches!(error, CallError::Sdk(_)), "{error:?}");
}
