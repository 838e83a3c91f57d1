//! One test for each row of the table, through a whole client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::super::tests::answers::object;
use super::super::tests::stub::{Sent, Stub, config, run};
use super::super::{Answer, CallError, Client};
use super::*;

/// A call with the answer that it gets.
fn call(
    (service, operation, input): (&str, &str, Value),
    (status, body): (u16, &'static str),
) -> (Result<Answer, CallError>, Vec<Sent>) {
    let stub = Stub::answers(status, body);
    let client = Client::new(&config().http_client(stub.clone()).build());
    let answer = run(client.call(service, operation, &input));
    (answer, stub.sent())
}

/// The one request of a call.
fn sent(service: &str, operation: &str, input: Value) -> Sent {
    let (answer, sent) = call((service, operation, input), (200, ""));
    sent.into_iter().next().unwrap_or_else(|| panic!("{answer:?}"))
}

#[test]
fn a_head_without_a_body_says_that_nothing_is_there() {
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let (answer, _) = call(("s3", "HeadObject", input), (404, ""));
    assert_eq!(answer.unwrap_err().code(), Some("NotFound"));
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let (answer, _) = call(("s3", "HeadObject", input), (403, ""));
    assert_eq!(answer.unwrap_err().code(), Some("403"));
    let input = json!({"FunctionName": "f"});
    let (answer, _) = call(("lambda", "GetFunction", input), (404, ""));
    assert_eq!(answer.unwrap_err().code(), Some("404"));
}

#[test]
fn an_object_is_read_whenever_it_expires() {
    let check = |said: &str, expected: Option<&str>| {
        for Answer { output, .. } in object(&[("Expires", said)]) {
            assert_eq!(output["ExpiresString"], said);
            assert_eq!(
                output.get("Expires").map(|time| time.as_str().unwrap()),
                expected,
                "{said}"
            );
        }
    };
    check("Sat, 31 Jan 2026 12:00:00 GMT", Some("2026-01-31T12:00:00Z"));
    check("Sat, 31 Jan 2026 12:00:00 UTC", Some("2026-01-31T12:00:00Z"));
    check("2026-01-31T12:00:00Z", Some("2026-01-31T12:00:00Z"));
    check("0", Some("1970-01-01T00:00:00Z"));
    check("-1", Some("1969-12-31T23:59:59Z"));
    check("never", None);
    check("\u{e9}", None);
    for Answer { output, .. } in object(&[]) {
        assert_eq!((output.get("ExpiresString"), output.get("Expires")), (None, None));
    }
}

#[test]
fn a_bucket_is_in_the_url_once() {
    let check = |bucket: &str, key: &str, expected: &str| {
        let sent = sent("s3", "GetObjectAcl", json!({"Bucket": bucket, "Key": key}));
        assert_eq!(sent.uri, expected);
    };
    check("bucket", "k", "https://bucket.s3.eu-west-1.amazonaws.com/k?acl");
    check("bucket", "bucket/k", "https://bucket.s3.eu-west-1.amazonaws.com/bucket/k?acl");
    check("bucket", "/k//é ", "https://bucket.s3.eu-west-1.amazonaws.com//k//%C3%A9%20?acl");
    check("bucket", "../k", "https://bucket.s3.eu-west-1.amazonaws.com/../k?acl");
    check("Big.bucket", "k", "https://s3.eu-west-1.amazonaws.com/Big.bucket/k?acl");
    let acl = sent("s3", "GetBucketAcl", json!({"Bucket": "bucket"}));
    assert_eq!(acl.uri, "https://bucket.s3.eu-west-1.amazonaws.com/?acl");
    let mut uri = "/bucket".to_owned();
    strip_bucket(&mut uri);
    assert_eq!(uri, "/");
}

#[test]
fn an_error_in_200_is_an_error_and_tried_again() {
    let error =
        "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>m</Message></Error>";
    let copy = || json!({"Bucket": "bucket", "Key": "k", "CopySource": "b/k"});
    let (answer, sent) = call(("s3", "CopyObject", copy()), (200, error));
    let answer = answer.unwrap_err();
    assert_eq!((answer.code(), answer.message()), (Some("InternalError"), Some("m")));
    assert_eq!(sent.len(), 3);
    let fine = "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>";
    let (answer, _) = call(("s3", "CopyObject", copy()), (200, fine));
    assert_eq!(answer.unwrap().output, json!({"CopyObjectResult": {"ETag": "e"}}));
    // An object may be such a text.
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let (answer, sent) = call(("s3", "GetObject", input), (200, error));
    assert_eq!((answer.is_ok(), sent.len()), (true, 1));
}

#[test]
fn the_location_of_a_bucket_is_the_root() {
    let check = |body: &'static str, expected: Value| {
        let (answer, _) =
            call(("s3", "GetBucketLocation", json!({"Bucket": "bucket"})), (200, body));
        assert_eq!(answer.unwrap().output, expected);
    };
    check(
        "<?xml version=\"1.0\"?>\n<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         eu-west-1</LocationConstraint>",
        json!({"LocationConstraint": "eu-west-1"}),
    );
    check(
        "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        json!({"LocationConstraint": null}),
    );
}

#[test]
fn the_output_of_a_console_is_text() {
    let check = |sent: &str, expected: Value| {
        let body =
            format!("<GetConsoleOutputResponse><output>{sent}</output></GetConsoleOutputResponse>");
        let input = json!({"InstanceId": "i-00000000000000000"});
        let (answer, _) = call(("ec2", "GetConsoleOutput", input), (200, body.leak()));
        assert_eq!(answer.unwrap().output, json!({"Output": expected}));
    };
    check("TGludXggw6k=", json!("Linux é"));
    check("gWE=", json!("\u{fffd}a"));
    check("no base64", json!("no base64"));
}

#[test]
fn documents_come_as_json() {
    let body = "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>\
        <UserDetailList><member><UserName>u</UserName><UserPolicyList><member>\
        <PolicyName>%7B%7D</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D\
        </PolicyDocument></member></UserPolicyList></member></UserDetailList>\
        </GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>";
    let (answer, _) = call(("iam", "GetAccountAuthorizationDetails", Value::Null), (200, body));
    let user = &answer.unwrap().output["UserDetailList"][0];
    let policy = json!({"PolicyName": "%7B%7D", "PolicyDocument": {"Version": "2012-10-17"}});
    assert_eq!(user["UserPolicyList"], json!([policy]));

    let template = |body: &'static str| {
        let input = json!({"StackName": "stack"});
        let (answer, _) = call(("cloudformation", "GetTemplate", input), (200, body));
        answer.unwrap().output["TemplateBody"].clone()
    };
    let json = "<GetTemplateResponse><GetTemplateResult><TemplateBody>{\"Resources\": {}}\
        </TemplateBody></GetTemplateResult></GetTemplateResponse>";
    assert_eq!(template(json), json!({"Resources": {}}));
    let yaml = "<GetTemplateResponse><GetTemplateResult><TemplateBody>Resources: {}\
        </TemplateBody></GetTemplateResult></GetTemplateResponse>";
    assert_eq!(template(yaml), json!("Resources: {}"));
}

#[test]
fn an_account_is_in_the_host_once() {
    let sent = sent("s3control", "ListJobs", json!({"AccountId": "123456789012"}));
    assert_eq!(sent.uri, "https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/jobs");
}

#[test]
fn an_id_of_route_53_may_have_its_path() {
    let check = |operation: &str, input: Value, path: &str| {
        let sent = sent("route53", operation, input);
        assert_eq!(sent.uri, format!("https://route53.amazonaws.com/2013-04-01{path}"));
    };
    check("GetHostedZone", json!({"Id": "/hostedzone/Z1"}), "/hostedzone/Z1");
    check("GetHostedZone", json!({"Id": "Z1"}), "/hostedzone/Z1");
    check("GetChange", json!({"Id": "/change/C1"}), "/change/C1");
    check("GetReusableDelegationSet", json!({"Id": "/delegationset/N1"}), "/delegationset/N1");
}

#[test]
fn api_gateway_is_asked_for_json() {
    assert_eq!(
        sent("apigateway", "GetRestApis", Value::Null).header("accept"),
        Some("application/json")
    );
    let export = json!({"restApiId": "r", "stageName": "s", "exportType": "oas30",
        "accepts": "application/yaml"});
    assert_eq!(sent("apigateway", "GetExport", export).header("accept"), Some("application/yaml"));
}

#[test]
fn glacier_has_its_version_and_an_account_of_its_own() {
    let vault = sent("glacier", "DescribeVault", json!({"vaultName": "v"}));
    assert_eq!(vault.uri, "https://glacier.eu-west-1.amazonaws.com/-/vaults/v");
    assert_eq!(vault.header("x-amz-glacier-version"), Some("2012-06-01"));
    assert!(vault.header("x-amz-content-sha256").is_some());
    let vaults = sent("glacier", "ListVaults", Value::Null);
    assert_eq!(vaults.uri, "https://glacier.eu-west-1.amazonaws.com/-/vaults");
    let other = sent("glacier", "ListVaults", json!({"accountId": "123456789012"}));
    assert_eq!(other.uri, "https://glacier.eu-west-1.amazonaws.com/123456789012/vaults");
}

#[test]
fn an_upload_to_glacier_has_its_tree_hash() {
    let check = |operation: &str, mut input: Value, hash: &str| {
        input["vaultName"] = json!("v");
        let sent = sent("glacier", operation, input);
        assert_eq!(sent.header("x-amz-sha256-tree-hash"), Some(hash));
        sent.header("x-amz-content-sha256").unwrap().to_owned()
    };
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(check("UploadArchive", json!({}), empty), empty);
    let a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let part = json!({"uploadId": "u", "body": "YQ=="});
    assert_eq!(check("UploadMultipartPart", part, a), a);
    check("UploadArchive", json!({"body": "YQ==", "checksum": "own"}), "own");
    let other = sent("glacier", "DescribeVault", json!({"vaultName": "v"}));
    assert_eq!(other.header("x-amz-sha256-tree-hash"), None);
}

#[test]
fn a_key_of_the_caller_s_own_has_its_hash() {
    const KEY: &str = "x-amz-server-side-encryption-customer-key";
    const COPIED: &str = "x-amz-copy-source-server-side-encryption-customer-key";
    let text = "12345678901234567890123456789012";
    let encoded = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
    let hash = "dnF5x6K/8ZZRzpfSlMMM+w==";
    let check = |operation: &str, more: Value, expected: &[(&str, &str)]| {
        let mut input = json!({"Bucket": "bucket", "Key": "k"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = sent("s3", operation, input);
        let prefixed = |name: &str| name.starts_with(KEY) || name.starts_with(COPIED);
        let mut headers: Vec<(&str, &str)> = sent
            .headers
            .iter()
            .filter(|(name, _)| prefixed(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.sort_unstable();
        assert_eq!(headers, expected, "{operation}");
    };
    let (md5, copied_md5) = (&*format!("{KEY}-md5"), &*format!("{COPIED}-md5"));
    for operation in ["GetObject", "HeadObject", "PutObject", "GetObjectAttributes"] {
        let mut input = json!({"SSECustomerKey": text});
        if operation == "GetObjectAttributes" {
            input["ObjectAttributes"] = json!(["ETag"]);
        }
        check(operation, input, &[(KEY, encoded), (md5, hash)]);
    }
    check("GetObject", json!({"SSECustomerKey": encoded}), &[(KEY, encoded), (md5, hash)]);
    let both = json!({"SSECustomerKey": "as it is", "SSECustomerKeyMD5": "own"});
    check("GetObject", both, &[(KEY, "as it is"), (md5, "own")]);
    let copy = json!({"CopySource": "b/k", "CopySourceSSECustomerKey": text});
    check("CopyObject", copy, &[(COPIED, encoded), (copied_md5, hash)]);
    check("GetObject", json!({}), &[]);
}

#[test]
fn a_prediction_goes_to_its_own_endpoint_and_to_no_other_host() {
    let predict = |endpoint: &str| {
        let input = json!({"MLModelId": "m", "Record": {}, "PredictEndpoint": endpoint});
        let (answer, sent) = call(("machinelearning", "Predict", input), (200, "{}"));
        sent.into_iter().next().ok_or_else(|| answer.unwrap_err())
    };
    let own = "https://realtime.machinelearning.eu-west-1.amazonaws.com";
    for endpoint in [own, &format!("{own}/")] {
        let sent = predict(endpoint).unwrap();
        assert_eq!(sent.uri, format!("{own}/"));
        assert_eq!(sent.scope(), "eu-west-1/machinelearning");
    }
    for endpoint in [
        "",
        "https://",
        "https://evil.example",
        "http://realtime.machinelearning.eu-west-1.amazonaws.com",
        "HTTPS://realtime.machinelearning.eu-west-1.amazonaws.com",
        "realtime.machinelearning.eu-west-1.amazonaws.com",
        "//realtime.machinelearning.eu-west-1.amazonaws.com",
        "https://realtime.machinelearning.us-east-1.amazonaws.com",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com.cn",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com.evil.example",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com:443",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com:443@evil.example",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com@evil.example/",
        "https://evil.example@realtime.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example/realtime.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example/.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example\\.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example?.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example#.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example%2f.machinelearning.eu-west-1.amazonaws.com",
        "https://evil.example:1.machinelearning.eu-west-1.amazonaws.com",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com/x",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com/..",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com//",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com?x",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com#x",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com\r\nx: y",
        "https://realtime.machinelearning.eu-west-1.amazonaws.com ",
        " https://realtime.machinelearning.eu-west-1.amazonaws.com",
        "https://machinelearning.eu-west-1.amazonaws.com",
        "https://evilmachinelearning.eu-west-1.amazonaws.com",
        "https://x.evilmachinelearning.eu-west-1.amazonaws.com",
        "https://x.execute-api.eu-west-1.amazonaws.com",
        "https://machinelearning.s3.eu-west-1.amazonaws.com",
        "https://realtime..machinelearning.eu-west-1.amazonaws.com",
        "https://réaltime.machinelearning.eu-west-1.amazonaws.com",
        "https://realtime.machinelearning.eu-west-1.amazonaws。com",
        "https://[::1].machinelearning.eu-west-1.amazonaws.com",
    ] {
        let error = predict(endpoint).unwrap_err();
        assert!(matches!(error, CallError::Host { named_by: "PredictEndpoint", .. }), "{endpoint}");
    }
    // The user's own endpoint counts more than the member.
    let stub = Stub::answers(200, "{}");
    let settings = config().endpoint_url("http://10.0.0.1").http_client(stub.clone()).build();
    let input = json!({"MLModelId": "m", "Record": {}, "PredictEndpoint": own});
    run(Client::new(&settings).call("machinelearning", "Predict", &input)).unwrap();
    assert_eq!(stub.sent()[0].uri, "http://10.0.0.1/");
}

#[test]
fn what_must_be_summed_is_summed() {
    // CRC-32 of "123456789" is cbf43926, its check value in the catalogue of CRC algorithms.
    let put = |more: Value| {
        let mut input = json!({"Bucket": "bucket", "Key": "k", "Body": "MTIzNDU2Nzg5"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let object = sent("s3", "PutObject", put(json!({})));
    assert_eq!(object.body, b"123456789");
    assert_eq!(object.header("x-amz-checksum-crc32"), Some("y/Q5Jg=="));
    assert_eq!(object.header("x-amz-sdk-checksum-algorithm"), Some("CRC32"));
    let signature = object.header("authorization").unwrap();
    assert!(signature.contains("x-amz-checksum-crc32"), "{signature}");
    let own = sent("s3", "PutObject", put(json!({"ChecksumSHA1": "98O8HYCOBHMq32eZZczDTKeuNEE="})));
    assert_eq!(own.header("x-amz-checksum-crc32"), None);
    let both = sent("s3", "PutObject", put(json!({"ContentMD5": "JfnnlDI7RTiF9RgfG2JNCw=="})));
    assert_eq!(both.header("x-amz-checksum-crc32"), Some("y/Q5Jg=="));
    let chosen = sent("s3", "PutObject", put(json!({"ChecksumAlgorithm": "SHA1"})));
    assert_eq!(chosen.header("x-amz-checksum-sha1"), Some("98O8HYCOBHMq32eZZczDTKeuNEE="));
    assert_eq!(chosen.header("x-amz-sdk-checksum-algorithm"), Some("SHA1"));
    let (answer, sent_none) =
        call(("s3", "PutObject", put(json!({"ChecksumAlgorithm": "XXHASH64"}))), (200, ""));
    assert!(answer.is_err() && sent_none.is_empty());
    let grants = json!({"AccountId": "123456789012"});
    let grants = sent("s3control", "CreateAccessGrantsInstance", grants);
    assert!(grants.header("x-amz-checksum-crc32").is_some());
    let read = sent("s3", "GetObject", json!({"Bucket": "bucket", "Key": "k"}));
    assert_eq!(read.header("x-amz-checksum-crc32"), None);
}

#[test]
fn user_data_is_given_as_it_is() {
    let run = json!({"MinCount": 1, "MaxCount": 1, "UserData": "#!/bin/sh é"});
    let sent = sent("ec2", "RunInstances", run);
    let body = String::from_utf8(sent.body).unwrap();
    assert!(body.contains("&UserData=IyEvYmluL3NoIMOp"), "{body}");
}

#[test]
fn the_source_of_a_copy_is_escaped() {
    let check = |source: &str, expected: &str| {
        let copy = json!({"Bucket": "bucket", "Key": "k", "CopySource": source});
        let sent = sent("s3", "CopyObject", copy);
        assert_eq!(sent.header("x-amz-copy-source"), Some(expected));
    };
    check("b/k", "b/k");
    check("/b/a b/é+~", "/b/a%20b/%C3%A9%2B~");
    check("b/k?versionId=a.b_1", "b/k?versionId=a.b_1");
    check("b/a?b?versionId=v", "b/a%3Fb?versionId=v");
    check("b/k?versionId=", "b/k%3FversionId%3D");
    check("b/k?versionId=a b", "b/k%3FversionId%3Da%20b");
    check("arn:aws:s3:::b/k", "arn%3Aaws%3As3%3A%3A%3Ab/k");
}

#[test]
fn a_buckets_location_is_asked_for_by_its_path() {
    let sent = sent("s3", "GetBucketLocation", json!({"Bucket": "bucket"}));
    assert_eq!(sent.uri, "https://s3.eu-west-1.amazonaws.com/bucket/?location");
}

#[test]
fn a_search_is_sent_as_a_form() {
    let url = "https://search-d.eu-west-1.cloudsearch.amazonaws.com";
    let stub = Stub::answers(200, "{}");
    let config = config().endpoint_url(url).http_client(stub.clone()).build();
    let input = json!({"query": "a b"});
    run(Client::new(&config).call("cloudsearchdomain", "Search", &input)).unwrap();
    let sent = stub.sent().remove(0);
    let goes_to = (sent.method.as_str(), sent.uri.as_str());
    assert_eq!(goes_to, ("POST", format!("{url}/2013-01-01/search").as_str()));
    assert_eq!(sent.header("content-type"), Some(FORM));
    assert_eq!(sent.body, b"format=sdk&pretty=true&q=a%20b");
}

#[test]
fn who_asks_for_endpoints_names_the_version() {
    let sent = sent("dynamodb", "DescribeEndpoints", Value::Null);
    assert_eq!(sent.header("x-amz-api-version"), Some("2012-08-10"));
}

#[test]
fn every_row_is_of_operations_that_there_are() {
    let models = crate::catalog::Models::get().unwrap();
    for row in TABLE.iter().filter(|row| !row.service.is_empty()) {
        let service = models.service(row.service).unwrap().unwrap();
        for operation in row.operations {
            assert!(service.operation(operation).is_some(), "{operation}");
        }
    }
}
