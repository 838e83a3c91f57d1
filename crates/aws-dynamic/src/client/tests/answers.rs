//! Answers that are odd, through a whole client.

use super::*;

const OBJECT: (&str, &str) = ("s3", "GetObject");

/// An object that comes with such headers, called for and downloaded.
pub(in crate::client) fn object(headers: &[(&str, &str)]) -> [Answer; 2] {
    let reply = || Reply::bytes(200, headers, b"hi".to_vec());
    let server = Server::start(vec![reply(), reply()]);
    let client = Client::new(&server.config().build());
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let called = run(client.call(OBJECT.0, OBJECT.1, &input)).unwrap();
    let mut file = Vec::new();
    let got = run(client.download(OBJECT.0, OBJECT.1, &input, &mut file, 10)).unwrap();
    assert_eq!((called.output["Body"].as_str(), &*file), (Some("aGk="), &b"hi"[..]));
    [called, got.answer]
}

#[test]
fn headers_that_are_not_utf8_are_latin1() {
    let disposition = "attachment; filename=\"\u{e9}.txt\"";
    for Answer { output, .. } in
        object(&[("content-disposition", disposition), ("x-amz-meta-a", "\u{e9}")])
    {
        assert_eq!(output["ContentDisposition"], disposition);
        assert_eq!(output["Metadata"], json!({"a": "\u{e9}"}));
    }
    // UTF-8 is that still.
    for Answer { output, .. } in object(&[("x-amz-meta-a", "\u{c3}\u{a9}")]) {
        assert_eq!(output["Metadata"], json!({"a": "\u{e9}"}));
    }
}

#[test]
fn an_answer_has_its_status() {
    let stub = Stub::answers(202, "{}");
    let client = Client::new(&config().http_client(stub).build());
    let input = json!({"FunctionName": "f", "InvocationType": "Event"});
    assert_eq!(run(client.call("lambda", "Invoke", &input)).unwrap().status, 202);
    assert_eq!(object(&[]).map(|answer| answer.status), [200, 200]);
}

/// It may have been done.
#[test]
fn what_cannot_be_read_is_not_asked_for_again() {
    for page in ["<html><body>login</body></html>", "<RunInstancesResponse>", ""] {
        let stub = Stub::answers(200, page);
        let client = Client::new(&config().http_client(stub.clone()).build());
        let input = json!({"MinCount": 1, "MaxCount": 1, "ClientToken": "t"});
        let error = run(client.call("ec2", "RunInstances", &input)).unwrap_err();
        assert!(error.service_error().is_none(), "{error:?}");
        assert_eq!(stub.sent().len(), 1, "{page}");
    }
}
