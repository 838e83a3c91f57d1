#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_types::base64;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::super::tests::server::{Reply, Server};
use super::super::tests::stub::{Sent, Stub, config, run};
use super::super::{from_reader, from_reader_once};
use super::*;

/// A reader of so many bytes that says how often it was opened.
fn counted(length: u64) -> (SdkBody, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let body = from_reader(length, move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(std::io::repeat(b'x').take(length))
    });
    (body, opened)
}

/// What is sent to AWS, over TLS.
fn sent(service: &str, operation: &str, input: Value, body: SdkBody) -> Sent {
    let stub = Stub::answers(200, "{}");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let _ = run(client.upload(service, operation, &input, body));
    stub.sent().first().unwrap().clone()
}

fn refused(service: &str, operation: &str, input: Value, body: SdkBody) -> String {
    let stub = Stub::answers(200, "{}");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let error = run(client.upload(service, operation, &input, body)).unwrap_err();
    assert!(stub.sent().is_empty());
    error.to_string()
}

#[test]
fn over_tls_the_checksum_follows_the_body_and_nothing_is_hashed() {
    let put = json!({"Bucket": "bucket", "Key": "k", "ContentEncoding": "gzip"});
    let sent = sent("s3", "PutObject", put, counted(100).0);
    assert_eq!(
        String::from_utf8(sent.body.clone()).unwrap(),
        // The CRC32 of 100 times `x`.
        format!("64\r\n{}\r\n0\r\nx-amz-checksum-crc32:Xg5djw==\r\n\r\n", "x".repeat(100))
    );
    let check =
        |name: &str, expected: &str| assert_eq!(sent.header(name), Some(expected), "{name}");
    check("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    check("x-amz-trailer", "x-amz-checksum-crc32");
    check("x-amz-sdk-checksum-algorithm", "CRC32");
    check("x-amz-decoded-content-length", "100");
    check("content-length", &sent.body.len().to_string());
    check("content-encoding", "gzip,aws-chunked");
    assert_eq!(sent.header("x-amz-checksum-crc32"), None);
    // S3 has a default of its own.
    assert_eq!(sent.header("content-type"), None);
}

#[test]
fn any_length_is_sent_as_it_was_said() {
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let put = json!({"Bucket": "bucket", "Key": "k"});
        let sent = sent("s3", "PutObject", put, counted(length).0);
        assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
        let text = String::from_utf8(sent.body).unwrap();
        let (data, _) = text.split_once("0\r\nx-amz-checksum-crc32:").unwrap();
        assert_eq!(data.matches('x').count() as u64, length);
    }
}

#[test]
fn another_algorithm_is_the_callers_choice() {
    let put = json!({"Bucket": "bucket", "Key": "k", "ChecksumAlgorithm": "SHA256"});
    let sent = sent("s3", "PutObject", put, SdkBody::from("abc"));
    let body = String::from_utf8(sent.body.clone()).unwrap();
    let trailer = "x-amz-checksum-sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    assert_eq!(body, format!("3\r\nabc\r\n0\r\n{trailer}\r\n\r\n"));
    assert_eq!(sent.header("x-amz-sdk-checksum-algorithm"), Some("SHA256"));
}

#[test]
fn with_a_checksum_of_the_callers_own_the_body_goes_as_it_is() {
    let put = json!({"Bucket": "bucket", "Key": "k", "ChecksumCRC32": "Xg5djw=="});
    let sent = sent("s3", "PutObject", put, counted(100).0);
    assert_eq!(sent.body, [b'x'; 100]);
    assert_eq!(sent.header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    assert_eq!(sent.header("content-length"), Some("100"));
    assert_eq!(sent.header("x-amz-trailer"), None);
}

#[test]
fn without_tls_every_piece_is_signed() {
    let server = Server::start(vec![Reply::ok("")]);
    let client = Client::new(&server.config().build());
    let put = json!({"Bucket": "bucket", "Key": "k"});
    run(client.upload("s3", "PutObject", &put, counted(70_000).0)).unwrap();
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    assert_eq!(request.header("x-amz-content-sha256"), Some(hash));
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    assert_eq!(request.body.matches(";chunk-signature=").count(), 3);
    assert_eq!(request.body.matches("\r\nx-amz-trailer-signature:").count(), 1);
    assert_eq!(request.body.matches("\r\nx-amz-checksum-crc32:").count(), 1);
}

#[test]
fn an_attempt_follows_if_the_body_can_be_made_again() {
    let put = json!({"Bucket": "bucket", "Key": "k"});
    let server = Server::start(vec![Reply::new(503, ""), Reply::new(500, ""), Reply::ok("")]);
    let client = Client::new(&server.config().build());
    let (body, opened) = counted(1000);
    run(client.upload("s3", "PutObject", &put, body)).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    assert_eq!(opened.load(Ordering::Relaxed), 3);

    let server = Server::start(vec![Reply::new(503, ""), Reply::ok("")]);
    let client = Client::new(&server.config().build());
    let body = from_reader_once(1000, std::io::repeat(b'x'));
    let error = run(client.upload("s3", "PutObject", &put, body)).unwrap_err();
    assert_eq!(error.code(), Some("503"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn services_that_hash_bodies_get_the_hash() {
    let input = json!({"contentType": "application/json"});
    let check = |body: SdkBody| {
        let sent = sent("cloudsearchdomain", "UploadDocuments", input.clone(), body);
        assert_eq!(sent.body, [b'x'; 100]);
        sent.header("authorization").unwrap().to_owned()
    };
    let stub = Stub::answers(200, "{}");
    let client = Client::new(&config().http_client(stub.clone()).build());
    let mut whole = input.clone();
    whole["documents"] = base64::encode([b'x'; 100]).into();
    let _ = run(client.call("cloudsearchdomain", "UploadDocuments", &whole));
    let of_call = stub.sent()[0].header("authorization").unwrap().to_owned();
    assert_eq!(check(counted(100).0), of_call);
    assert_eq!(check(SdkBody::from("x".repeat(100))), of_call);
    let once = from_reader_once(100, std::io::repeat(b'x'));
    assert_eq!(refused("cloudsearchdomain", "UploadDocuments", input, once), ONCE);
}

#[test]
fn what_the_model_leaves_unsigned_is_read_once() {
    let once = from_reader_once(10, std::io::repeat(b'x'));
    let sent = sent("mediastore-data", "PutObject", json!({"Path": "/p"}), once);
    assert_eq!(sent.body, [b'x'; 10]);
    assert_eq!(sent.header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
}

#[test]
fn what_cannot_be_sent_is_not() {
    let put = json!({"Bucket": "bucket", "Key": "k"});
    let body = || SdkBody::from("abc");
    assert_eq!(refused("s3", "GetObject", put.clone(), body()), NO_STREAM);
    assert_eq!(refused("sqs", "SendMessage", Value::Null, body()), NO_STREAM);
    let twice = json!({"Bucket": "bucket", "Key": "k", "Body": "YQ=="});
    assert_eq!(refused("s3", "PutObject", twice, body()), TWICE);
    let unknown = SdkBody::from_body_1_x(Nothing);
    assert_eq!(refused("s3", "PutObject", put.clone(), unknown), LENGTH);
    let without_key = refused("s3", "PutObject", json!({"Bucket": "bucket"}), body());
    assert!(without_key.starts_with("Key: "), "{without_key}");
    refused("s3", "PutObject", json!([]), body());
}

#[test]
fn a_reader_that_does_not_keep_its_word_is_an_error() {
    let put = json!({"Bucket": "bucket", "Key": "k"});
    let early = from_reader_once(100, std::io::repeat(b'x').take(99));
    refused("s3", "PutObject", put.clone(), early);
    let closed = from_reader(100, || Err::<&[u8], _>(std::io::Error::other("closed")));
    refused("s3", "PutObject", put.clone(), closed);
    // The rest of one that has more is left alone.
    let sent = sent("s3", "PutObject", put, from_reader_once(3, &b"abcdef"[..]));
    assert!(sent.body.starts_with(b"3\r\nabc\r\n0\r\n"));
}

#[test]
fn every_stream_of_the_models_may_stand_empty_until_it_comes() {
    let models = crate::catalog::Models::get().unwrap();
    let mut streams = 0;
    for name in models.names() {
        let service = models.service(name).unwrap().unwrap();
        for operation in service.operations() {
            if let Some(member) = stream(operation.input()) {
                streams += 1;
                assert_eq!(member.shape().min(), None, "{}", operation.name());
            }
        }
    }
    assert!(streams >= 14, "{streams}");
}

/// A stream whose length nobody knows.
struct Nothing;

impl http_body::Body for Nothing {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(None)
    }
}
