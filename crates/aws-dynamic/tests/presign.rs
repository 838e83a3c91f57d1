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
    style = case['style']
    client = session.create_client(case['service'], region_name=case['region'],
        aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='secret', aws_session_token='session/+=',
        config=Config(signature_version='s3v4' if case['service'] in ('s3', 's3control') else 'v4',
            s3={'addressing_style': style, 'us_east_1_regional_endpoint': 'regional'}))
    method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[case['operation']]
    made.append(client.generate_presigned_url(method, Params=case['input'],
        ExpiresIn=case['expires'], HttpMethod=case.get('method')))
json.dump(made, sys.stdout)
";

/// Service, operation, region, input, and for how many seconds.
fn cases() -> Vec<Value> {
    let case = |(service, operation): (&str, &str), region: &str, input: Value, expires: u64| {
        let is_dotted = input["Bucket"] == "dotted.bucket";
        json!({"service": service, "operation": operation, "region": region, "input": input,
            "expires": expires, "style": if is_dotted { "auto" } else { "virtual" }})
    };
    let query = |name: (&str, &str), input: Value| {
        let mut case = case(name, "eu-west-1", input, 60);
        case["method"] = json!("GET");
        case
    };
    let here = |name: (&str, &str), input: Value| case(name, "eu-west-1", input, 60);
    let object = |key: &str| json!({"Bucket": "bucket", "Key": key});
    let (get, put) = (("s3", "GetObject"), ("s3", "PutObject"));

    let version = json!({"Bucket": "dotted.bucket", "Key": "k", "VersionId": "v/+ =",
        "ResponseContentDisposition": "attachment; filename=\"a b.txt\"",
        "ResponseExpires": "2026-01-02T03:04:05Z"});
    let range = json!({"Bucket": "bucket", "Key": "k", "Range": "bytes=0-9",
        "SSECustomerAlgorithm": "AES256"});
    let arn = "arn:aws:s3:us-west-2:123456789012:accesspoint/ap";
    let access_point = json!({"Bucket": arn, "Key": "k"});
    let list = json!({"Bucket": "bucket", "Prefix": "a/b c", "MaxKeys": 5, "EncodingType": "url"});
    let full = json!({"Bucket": "bucket", "Key": "k", "ContentType": "text/plain",
        "ACL": "private", "Metadata": {"a": " b  c "}, "StorageClass": "STANDARD",
        "ContentLength": 5, "ContentMD5": "zz", "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "x", "Tagging": "a=b"});
    let part = json!({"Bucket": "bucket", "Key": "k", "UploadId": "u+/=", "PartNumber": 2});
    let database = json!({"DBInstanceIdentifier": "a b&c=d/é~*",
        "Filters": [{"Name": "engine", "Values": ["x", "y"]}]});
    let instances = json!({"InstanceIds": ["i-1", "i-2"],
        "Filters": [{"Name": "tag:a", "Values": ["b c"]}]});
    let function = json!({"FunctionName": "arn:aws:lambda:f", "Qualifier": "1"});
    vec![
        case(get, "eu-west-1", object("k"), 3600),
        case(get, "us-east-1", object("a b/+é//../x?y#z%25&=~*'"), 1),
        case(get, "eu-west-1", object("/k//"), 604_800),
        here(get, version),
        here(get, range),
        here(get, access_point),
        case(("s3", "HeadObject"), "cn-north-1", object("k"), 60),
        here(("s3", "ListBuckets"), json!({})),
        here(("s3", "ListObjectsV2"), list),
        here(("s3", "GetBucketAcl"), json!({"Bucket": "bucket"})),
        case(put, "eu-west-1", object("k"), 3600),
        here(put, full),
        here(("s3", "UploadPart"), part),
        query(("sts", "GetCallerIdentity"), json!({})),
        query(("rds", "DescribeDBInstances"), database),
        query(("ec2", "DescribeInstances"), instances),
        query(("iam", "ListUsers"), json!({"PathPrefix": "/a/"})),
        here(("lambda", "GetFunction"), function),
        here(("apigateway", "GetRestApis"), json!({"limit": 5})),
        here(("route53", "ListHostedZones"), json!({"MaxItems": "5"})),
        case(("eks", "ListClusters"), "us-gov-west-1", json!({}), 60),
        here(("s3control", "GetAccessPoint"), json!({"AccountId": "123456789012", "Name": "own"})),
        here(("polly", "DescribeVoices"), json!({"LanguageCode": "de-DE"})),
    ]
}

fn of_botocore(cases: &[Value]) -> Vec<String> {
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
    child.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
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
    for (case, expected) in cases.iter().zip(&expected) {
        let (ours, headers) = ours(case);
        if parts(&ours) != parts(expected) {
            different.push(format!("{case}\n  {ours}\n  {expected}\n  {headers:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(expected.len(), cases.len());
}
