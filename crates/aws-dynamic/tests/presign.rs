//! Presigned URLs are botocore's, parameter by parameter, with the same time and credentials.
//! `AWS_MCP_TEST_PYTHON` names a Python that has botocore; `tests/run.sh` of the repository makes one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_dynamic::client::Client;
use aws_smithy_async::time::StaticTimeSource;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::{Value, json};

/// Reads cases, writes what botocore makes of each.
const BOTOCORE: &str = "
import datetime, json, sys
import botocore.auth, botocore.session
from botocore.config import Config
fixed = datetime.datetime(2026, 1, 2, 3, 4, 5)
class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return fixed
    @classmethod
    def now(cls, tz=None):
        return fixed.replace(tzinfo=tz)
botocore.auth.datetime = type('m', (), {'datetime': Clock, 'timezone': datetime.timezone})
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: fixed
session = botocore.session.get_session()
made = []
for case in json.load(sys.stdin):
    client = session.create_client(case['service'], region_name=case['region'],
        aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='secret', aws_session_token='session/+=',
        config=Config(signature_version='s3v4' if case['service'] == 's3' else 'v4'))
    method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[case['operation']]
    made.append(client.generate_presigned_url(method, Params=case['input'],
        ExpiresIn=case['expires'], HttpMethod=case.get('method')))
json.dump(made, sys.stdout)
";

fn cases() -> Value {
    let case = |service: &str, operation: &str, region: &str, input: Value, expires: u64| {
        json!({"service": service, "operation": operation, "region": region, "input": input,
            "expires": expires})
    };
    let query = |service: &str, operation: &str, input: Value| {
        json!({"service": service, "operation": operation, "region": "eu-west-1",
            "input": input, "expires": 60, "method": "GET"})
    };
    let object = |key: &str| json!({"Bucket": "bucket", "Key": key});
    let arn = "arn:aws:s3:us-west-2:123456789012:accesspoint/ap";
    json!([
        case("s3", "GetObject", "eu-west-1", object("k"), 3600),
        case("s3", "GetObject", "us-east-1", object("a b/+é//../x?y#z%25&=~*'"), 1),
        case("s3", "GetObject", "eu-west-1", object("/k//"), 604_800),
        case(
            "s3",
            "GetObject",
            "eu-west-1",
            json!({"Bucket": "dotted.bucket", "Key": "k",
            "VersionId": "v/+ =", "ResponseContentDisposition": "attachment; filename=\"a b.txt\"",
            "ResponseExpires": "2026-01-02T03:04:05Z"}),
            60
        ),
        case(
            "s3",
            "GetObject",
            "eu-west-1",
            json!({"Bucket": "bucket", "Key": "k",
            "Range": "bytes=0-9", "SSECustomerAlgorithm": "AES256"}),
            60
        ),
        case("s3", "GetObject", "eu-west-1", json!({"Bucket": arn, "Key": "k"}), 60),
        case("s3", "HeadObject", "cn-north-1", object("k"), 60),
        case("s3", "ListBuckets", "eu-west-1", json!({}), 60),
        case(
            "s3",
            "ListObjectsV2",
            "eu-west-1",
            json!({"Bucket": "bucket", "Prefix": "a/b c",
            "MaxKeys": 5}),
            60
        ),
        case("s3", "GetBucketAcl", "eu-west-1", json!({"Bucket": "bucket"}), 60),
        case("s3", "PutObject", "eu-west-1", object("k"), 3600),
        case(
            "s3",
            "PutObject",
            "eu-west-1",
            json!({"Bucket": "bucket", "Key": "k",
            "ContentType": "text/plain", "ACL": "private", "Metadata": {"a": " b  c "},
            "StorageClass": "STANDARD"}),
            60
        ),
        case(
            "s3",
            "UploadPart",
            "eu-west-1",
            json!({"Bucket": "bucket", "Key": "k",
            "UploadId": "u+/=", "PartNumber": 2}),
            60
        ),
        query("sts", "GetCallerIdentity", json!({})),
        query(
            "rds",
            "DescribeDBInstances",
            json!({"DBInstanceIdentifier": "a b&c=d/é~*",
            "Filters": [{"Name": "engine", "Values": ["x", "y"]}]})
        ),
        query(
            "ec2",
            "DescribeInstances",
            json!({"InstanceIds": ["i-1", "i-2"],
            "Filters": [{"Name": "tag:a", "Values": ["b c"]}]})
        ),
        query("iam", "ListUsers", json!({"PathPrefix": "/a/"})),
        case(
            "lambda",
            "GetFunction",
            "eu-west-1",
            json!({"FunctionName": "arn:aws:lambda:f",
            "Qualifier": "1"}),
            60
        ),
        case("apigateway", "GetRestApis", "eu-west-1", json!({"limit": 5}), 60),
        case("route53", "ListHostedZones", "eu-west-1", json!({"MaxItems": "5"}), 60),
        case("eks", "ListClusters", "us-gov-west-1", json!({}), 60),
        case("polly", "DescribeVoices", "eu-west-1", json!({"LanguageCode": "de-DE"}), 60),
    ])
}

fn of_botocore(cases: &Value) -> Vec<String> {
    let python = std::env::var("AWS_MCP_TEST_PYTHON").expect("AWS_MCP_TEST_PYTHON names a Python");
    let mut child = Command::new(python)
        .args(["-c", BOTOCORE])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("AWS_PROFILE")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ours(case: &Value) -> (String, Vec<(String, String)>) {
    let keys = Credentials::from_keys("AKIDEXAMPLE", "secret", Some("session/+=".to_owned()));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let config = SdkConfig::builder()
        .region(Region::new(case["region"].as_str().unwrap().to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .time_source(StaticTimeSource::new(now))
        .build();
    let (service, operation) =
        (case["service"].as_str().unwrap(), case["operation"].as_str().unwrap());
    let expires = Duration::from_secs(case["expires"].as_u64().unwrap());
    let client = Client::new(&config);
    let presigned = client.presign(service, operation, &case["input"], expires);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let presigned = runtime.block_on(presigned).unwrap_or_else(|e| panic!("{case}: {e}: {e:?}"));
    (presigned.url, presigned.headers)
}

/// What stands before the query, and the query's parameters.
fn parts(url: &str) -> (&str, BTreeMap<&str, &str>) {
    let (base, query) = url.split_once('?').unwrap();
    (base, query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect())
}

#[test]
fn urls_are_those_of_botocore() {
    let cases = cases();
    let expected = of_botocore(&cases);
    let mut different = Vec::new();
    for (case, expected) in cases.as_array().unwrap().iter().zip(&expected) {
        let (ours, headers) = ours(case);
        if parts(&ours) != parts(expected) {
            different.push(format!("{case}\n  {ours}\n  {expected}\n  {headers:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(expected.len(), cases.as_array().unwrap().len());
}
