//! Streams of moto: bodies, checksums, events. Needs what `moto.rs` needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

mod emulator;

use std::time::Duration;

use aws_dynamic::client::{CallError, End, Until, from_reader};
use aws_smithy_types::base64;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use self::emulator::Emulator;

const UNTIL: Until = Until { events: 100, bytes: 1 << 20, time: Duration::from_secs(60) };

fn with_bucket() -> Emulator {
    let emulator = Emulator::start();
    emulator.call("s3", "CreateBucket", &json!({"Bucket": "bucket"}));
    emulator
}

#[test]
fn what_was_uploaded_is_downloaded_whatever_sums_it() {
    let emulator = with_bucket();
    let plain = b"a body of a few bytes";
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] {
        let put = json!({"Bucket": "bucket", "Key": algorithm, "ChecksumAlgorithm": algorithm,
            "ContentEncoding": "own"});
        let body = from_reader(plain.len() as u64, || Ok(&plain[..]));
        let upload = emulator.client.upload("s3", "PutObject", &put, body);
        emulator.runtime.block_on(upload).unwrap();
        let get = json!({"Bucket": "bucket", "Key": algorithm});
        let got = emulator.call("s3", "GetObject", &get);
        assert_eq!(got["Body"], base64::encode(plain));
        assert_eq!(got["ContentEncoding"], "own");
        let sum = got[format!("Checksum{algorithm}")].as_str().map(str::to_owned);
        assert!(sum.is_some(), "{got}");
        let mut written = Vec::new();
        let download = emulator.client.download("s3", "GetObject", &get, &mut written, 1000);
        let downloaded = emulator.runtime.block_on(download).unwrap();
        assert_eq!(written, plain);
        let mut others = got.clone();
        others.as_object_mut().unwrap().remove("Body");
        assert_eq!(downloaded.answer.output, others);
    }
}

#[test]
fn an_object_in_parts_is_put_together() {
    let emulator = with_bucket();
    let object = json!({"Bucket": "bucket", "Key": "parts"});
    let id = emulator.call("s3", "CreateMultipartUpload", &object)["UploadId"].clone();
    let parts: Vec<Value> = [(1, 5 << 20), (2, 100)]
        .into_iter()
        .map(|(number, length)| {
            let part = json!({"Bucket": "bucket", "Key": "parts", "UploadId": id,
                "PartNumber": number});
            let body = SdkBody::from(vec![b'x'; length]);
            let upload = emulator.client.upload("s3", "UploadPart", &part, body);
            let tag = emulator.runtime.block_on(upload).unwrap().output["ETag"].clone();
            json!({"PartNumber": number, "ETag": tag})
        })
        .collect();
    let complete = json!({"Bucket": "bucket", "Key": "parts", "UploadId": id,
        "MultipartUpload": {"Parts": parts}});
    emulator.call("s3", "CompleteMultipartUpload", &complete);
    let mut written = Vec::new();
    let download = emulator.client.download("s3", "GetObject", &object, &mut written, 10 << 20);
    emulator.runtime.block_on(download).unwrap();
    assert_eq!(written, vec![b'x'; (5 << 20) + 100]);
}

#[test]
fn an_object_that_is_not_there_is_not_written() {
    let emulator = with_bucket();
    let none = json!({"Bucket": "bucket", "Key": "none"});
    let mut written = Vec::new();
    let download = emulator.client.download("s3", "GetObject", &none, &mut written, 1000);
    let error = emulator.runtime.block_on(download).unwrap_err();
    assert_eq!(error.code(), Some("NoSuchKey"));
    assert!(written.is_empty());
}

#[test]
fn selected_rows_come_as_events() {
    let emulator = with_bucket();
    let body = base64::encode("{\"a\":1}\n{\"a\":2}\n");
    emulator.call("s3", "PutObject", &json!({"Bucket": "bucket", "Key": "k", "Body": body}));
    let select = json!({"Bucket": "bucket", "Key": "k", "ExpressionType": "SQL",
        "Expression": "SELECT * FROM S3Object",
        "InputSerialization": {"JSON": {"Type": "LINES"}}, "OutputSerialization": {"JSON": {}}});
    let select = |until| emulator.client.events("s3", "SelectObjectContent", &select, until);
    let collected = emulator.runtime.block_on(select(UNTIL)).unwrap();
    assert_eq!(collected.end, End::Whole);
    let events = collected.answer.output["Payload"].as_array().unwrap().clone();
    let names: Vec<&String> =
        events.iter().flat_map(|event| event.as_object().unwrap().keys()).collect();
    assert_eq!(names, ["Records", "Stats", "End"]);
    let rows = base64::decode(events[0]["Records"]["Payload"].as_str().unwrap()).unwrap();
    assert_eq!(rows, b"{\"a\":1}\n{\"a\":2}\n");
    assert!(events[1]["Stats"]["Details"]["BytesReturned"].as_i64().unwrap() > 0);

    let collected = emulator.runtime.block_on(select(Until { events: 1, ..UNTIL })).unwrap();
    assert_eq!(collected.end, End::Events);
    let none = json!({"Bucket": "none", "Key": "k", "ExpressionType": "SQL",
        "Expression": "SELECT * FROM S3Object s", "InputSerialization": {"CSV": {}},
        "OutputSerialization": {"CSV": {}}});
    let none = emulator.client.events("s3", "SelectObjectContent", &none, UNTIL);
    let error = emulator.runtime.block_on(none).unwrap_err();
    assert!(matches!(error, CallError::Sdk(_)), "{error:?}");
    assert!(error.service_error().is_some());
}

#[test]
fn an_events_operation_is_not_called_for_its_whole_answer() {
    let emulator = Emulator::start();
    let input = json!({"logGroupIdentifiers": ["arn:aws:logs:us-east-1:123456789012:log-group:g"]});
    let call = emulator.client.call("logs", "StartLiveTail", &input);
    let error = emulator.runtime.block_on(call).unwrap_err();
    assert!(matches!(error, CallError::Special(_)), "{error:?}");
}
