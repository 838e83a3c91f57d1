#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::json;

use super::super::LIMIT;
use super::super::tests::server::{Reply, Server};
use super::super::tests::stub::run;
use super::*;

/// What a download of an object gives, what it writes, and how many requests it takes.
fn download(replies: Vec<Reply>, limit: usize) -> (Result<Downloaded, CallError>, Vec<u8>, usize) {
    let server = Server::start(replies);
    let client = Client::new(&server.config().build());
    let object = json!({"Bucket": "bucket", "Key": "k"});
    let mut written = Vec::new();
    let downloaded = run(client.download("s3", "GetObject", &object, &mut written, limit));
    (downloaded, written, server.requests().len())
}

fn object(headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::bytes(200, headers, body.as_bytes().to_vec())
}

#[test]
fn the_body_is_written_and_the_rest_is_answered() {
    let body = "x".repeat(300_000);
    let headers = [("etag", "\"e\""), ("x-amz-meta-a", "b"), ("content-type", "text/plain")];
    let (downloaded, written, _) = download(vec![object(&headers, &body)], LIMIT);
    let downloaded = downloaded.unwrap();
    assert_eq!(downloaded.written, 300_000);
    assert_eq!(written, body.as_bytes());
    assert_eq!(
        downloaded.answer.output,
        json!({"ETag": "\"e\"", "Metadata": {"a": "b"}, "ContentType": "text/plain",
            "ContentLength": 300_000})
    );
    assert_eq!(downloaded.answer.request_id.as_deref(), Some("id-1"));
}

#[test]
fn an_empty_body_is_one() {
    let (downloaded, written, _) = download(vec![object(&[], "")], 0);
    assert_eq!((downloaded.unwrap().written, written.len()), (0, 0));
}

#[test]
fn an_error_is_never_written() {
    let error = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";
    let (downloaded, written, _) = download(vec![Reply::new(404, error)], LIMIT);
    assert_eq!(downloaded.unwrap_err().code(), Some("NoSuchKey"));
    assert!(written.is_empty());
}

#[test]
fn before_the_answer_attempts_follow_and_after_it_none() {
    let replies = vec![Reply::new(503, ""), object(&[], "abc")];
    let (downloaded, written, requests) = download(replies, LIMIT);
    assert_eq!(downloaded.unwrap().written, 3);
    assert_eq!((written.as_slice(), requests), (&b"abc"[..], 2));

    let replies = vec![object(&[], "abcdef").sent(4), object(&[], "abcdef")];
    let (downloaded, written, requests) = download(replies, LIMIT);
    let error = downloaded.unwrap_err();
    assert!(matches!(error, CallError::Cut { written: 4, .. }), "{error:?}");
    assert_eq!((written.as_slice(), requests), (&b"abcd"[..], 1));
}

#[test]
fn no_more_is_written_than_is_allowed() {
    let too_large = |reply: Reply, limit: usize| {
        let (downloaded, written, _) = download(vec![reply], limit);
        let error = downloaded.unwrap_err();
        assert!(matches!(error, CallError::TooLarge { .. }), "{error:?}");
        written.len()
    };
    assert_eq!(too_large(object(&[], "abcd"), 3), 0);
    assert!(too_large(Reply::endless(vec![b'x'; 1 << 20]), 100_000) <= 100_000);
    let (downloaded, _, _) = download(vec![object(&[], "abcd")], 4);
    assert_eq!(downloaded.unwrap().written, 4);
    let (downloaded, _, _) = download(vec![Reply::endless(vec![b'x'; 1 << 20])], 1 << 20);
    assert_eq!(downloaded.unwrap().written, 1 << 20);
}

#[test]
fn a_body_has_the_checksum_that_came_with_it() {
    let check = |header: (&str, &str), fits: bool| {
        let reply = || object(&[header], "123456789");
        let (downloaded, written, _) = download(vec![reply()], LIMIT);
        assert_eq!(written, b"123456789");
        let server = Server::start(vec![reply(), reply(), reply()]);
        let client = Client::new(&server.config().build());
        let called = run(client.call("s3", "GetObject", &json!({"Bucket": "bucket", "Key": "k"})));
        for error in [downloaded.err(), called.err()] {
            match error {
                None => assert!(fits, "{header:?}"),
                Some(CallError::Checksum(_)) => assert!(!fits, "{header:?}"),
                Some(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(server.requests()[0].header("x-amz-checksum-mode"), Some("ENABLED"));
    };
    check(("x-amz-checksum-crc32", "y/Q5Jg=="), true);
    check(("X-Amz-Checksum-CRC32", "y/Q5Jh=="), false);
    check(("x-amz-checksum-crc32", ""), false);
    check(("x-amz-checksum-crc32c", "4waSgw=="), true);
    check(("x-amz-checksum-crc32c", "AAAAAA=="), false);
    check(("x-amz-checksum-crc64nvme", "rosUhgp5mIg="), true);
    check(("x-amz-checksum-crc64nvme", "rosUhgp5mIk="), false);
    check(("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="), true);
    check(("x-amz-checksum-sha1", "AAAA"), false);
    check(("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="), true);
    check(("x-amz-checksum-sha256", "AAAA"), false);
    // Of parts, and of algorithms that are not known here: not looked at.
    check(("x-amz-checksum-crc32", "AAAAAA==-3"), true);
    check(("x-amz-checksum-sha512", "AAAA"), true);
}

#[test]
fn the_mode_of_checksums_is_the_callers_where_it_is_said() {
    let server = Server::start(vec![object(&[], "a"), Reply::ok("<ListBucketResult/>")]);
    let client = Client::new(&server.config().build());
    let object = json!({"Bucket": "bucket", "Key": "k", "ChecksumMode": "ENABLED"});
    run(client.call("s3", "GetObject", &object)).unwrap();
    run(client.call("s3", "ListObjects", &json!({"Bucket": "bucket"}))).unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].header("x-amz-checksum-mode"), Some("ENABLED"));
    assert_eq!(requests[1].header("x-amz-checksum-mode"), None);
}

#[test]
fn a_writer_that_fails_ends_the_call() {
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let server = Server::start(vec![object(&[], "abc")]);
    let client = Client::new(&server.config().build());
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let error = run(client.download("s3", "GetObject", &input, &mut Full, LIMIT)).unwrap_err();
    assert!(matches!(error, CallError::Write { written: 0, .. }), "{error:?}");
}

#[test]
fn only_streams_are_downloaded() {
    let client = Client::new(&super::super::tests::stub::config().build());
    for (service, operation) in [("sts", "GetCallerIdentity"), ("s3", "ListBuckets")] {
        let mut written = Vec::new();
        let error =
            run(client.download(service, operation, &Value::Null, &mut written, 1)).unwrap_err();
        assert_eq!(error.to_string(), NO_STREAM);
    }
}
