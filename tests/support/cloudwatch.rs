//! CloudWatch of the emulator, which speaks JSON, for clients that speak CBOR as CloudWatch does too.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{FakeAws, Moto, Request, Response, fake};

/// An AWS that passes everything on to the emulator's CloudWatch, and answers in the caller's protocol.
pub fn emulated_cloudwatch() -> FakeAws {
    fake(|request| {
        // What the emulator does not have.
        if request.action() == "DescribeAlarmHistory" {
            return Response::spoken(request, &json!({"AlarmHistoryItems": []}));
        }
        let (status, body) = asked(request);
        match (status, request.speaks_cbor()) {
            (200, true) => Response::cbor(200, &timed(body)),
            (status, false) => Response::json(status, &body),
            (status, true) => {
                let code = body["__type"].as_str().unwrap().rsplit('#').next().unwrap();
                Response::cbor_error(status, code, body["message"].as_str().unwrap())
            }
        }
    })
}

/// What the emulator says to a request, in JSON.
fn asked(request: &Request) -> (u16, Value) {
    let host = Moto::shared().url().trim_start_matches("http://");
    let (action, body) = (request.action(), request.json().to_string());
    let text = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\
         X-Amz-Target: GraniteServiceVersion20100801.{action}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    (head.split_whitespace().nth(1).unwrap().parse().unwrap(), body)
}

/// Marks what are times, and numbers with a point, of CloudWatch's answers in JSON: known by their names.
pub fn timed(body: Value) -> Value {
    typed("", body)
}

fn typed(name: &str, value: Value) -> Value {
    let is_time = name.ends_with("Timestamp") || name.ends_with("Timestamps");
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name.clone(), typed(&name, value))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| typed(name, item)).collect(),
        Value::Number(number) if is_time || name == "LastModified" => json!({"$time": number}),
        Value::Number(number) if ["Values", "Threshold"].contains(&name) => {
            json!(number.as_f64().unwrap())
        }
        other => other,
    }
}
