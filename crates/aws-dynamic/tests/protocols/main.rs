//! AWS's protocol cases: 732 requests and answers that every client must write and read alike. They
//! stand in botocore's source distribution: `cargo test --features pack --test protocols`, with the
//! archive's folder in `AWS_MCP_TEST_SOURCES`.
#![cfg(feature = "pack")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod cases;
mod trees;

use std::io::Read;

use aws_dynamic::protocol::{Exchange, Failure, HttpRequest};
use aws_smithy_types::base64;
use serde_json::{Value, json};

use cases::{Case, Direction, ours};

/// Cases that are not passed, each with the reason. One that passes may not stand here.
const NOT_PASSED: &[(&str, &str)] = &[
    ("rest-json: RestJsonHttpChecksumRequired", CHECKSUM),
    ("rest-json: MediaTypeHeaderOutputBase64", HEADER),
    ("rest-xml: RestXmlHttpPayloadWithUnion", ROOT),
    ("rest-xml: HttpPayloadWithXmlName", ROOT),
    ("rest-xml: HttpPayloadWithXmlNamespace", ROOT),
    ("rest-xml: HttpPayloadWithXmlNamespaceAndPrefix", ROOT),
    ("rest-xml: XmlAttributesOnPayload", ROOT),
];

const CHECKSUM: &str = "Content-MD5 is a checksum: protocols make none";
const HEADER: &str = "the case has the text of JSON in a header; botocore and the AWS CLI show the \
                      JSON, and so does this crate";
const ROOT: &str = "the case's model, in botocore's form, gives the body's root the member's name, \
                    which S3 wants; the case wants the shape's";

#[test]
fn every_case_passes_but_those_on_the_list() {
    let cases = cases::all();
    let count = |direction| cases.iter().filter(|case| case.direction == direction).count();
    assert_eq!((count(Direction::Input), count(Direction::Output)), (367, 365));
    fn check(case: &Case) -> Option<(&str, String)> {
        let checked = match case.direction {
            Direction::Input => input(case),
            Direction::Output => output(case),
        };
        checked.err().map(|what| (case.name.as_str(), what))
    }
    let failed: Vec<(&str, String)> = cases.iter().filter_map(check).collect();
    let listed = |name: &str| NOT_PASSED.iter().any(|(known, _)| *known == name);
    let unknown: Vec<String> = failed
        .iter()
        .filter(|(name, _)| !listed(name))
        .map(|(name, what)| format!("{name}\n  {what}"))
        .collect();
    assert!(unknown.is_empty(), "{} of 732:\n{}", unknown.len(), unknown.join("\n"));
    let passing: Vec<&str> = NOT_PASSED
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !failed.iter().any(|(failed, _)| failed == name))
        .collect();
    assert!(passing.is_empty(), "these pass now: {passing:?}");
    assert!(NOT_PASSED.len() <= 11);
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what}\n  ours: {ours:?}\n  theirs: {theirs:?}"))
}

fn input(case: &Case) -> Result<(), String> {
    let operation = case.operation();
    let exchange = Exchange::of(operation).map_err(|e| e.to_string())?;
    let params = &case.content["params"];
    let params = operation.input().map_or(json!({}), |shape| ours(shape, params));
    let token = || "00000000-0000-4000-8000-000000000000".to_owned();
    let request = exchange.request(&params, Some(&token)).map_err(|e| e.to_string())?;
    let expected = &case.content["serialized"];
    same("method", &json!(request.method), &expected["method"])?;
    let base = case.endpoint.splitn(4, '/').nth(3).map_or(String::new(), |path| format!("/{path}"));
    let uri = |uri: &str| {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        (path.to_owned(), trees::form(query))
    };
    let ours = format!("{}{}", base.trim_end_matches('/'), request.uri);
    same("uri", uri(&ours), uri(expected["uri"].as_str().unwrap()))?;
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        same(name, request.header(name), value.as_str())?;
    }
    for name in expected["requireHeaders"].as_array().into_iter().flatten() {
        same(&format!("has {name}"), request.header(name.as_str().unwrap()).is_some(), true)?;
    }
    for name in expected["forbidHeaders"].as_array().into_iter().flatten() {
        same(name.as_str().unwrap(), request.header(name.as_str().unwrap()), None)?;
    }
    match expected["body"].as_str() {
        Some(expected) => body(case, &request, expected),
        None if request.header("content-encoding").is_some() => compressed(case, &request),
        None => Ok(()),
    }
}

fn body(case: &Case, request: &HttpRequest, expected: &str) -> Result<(), String> {
    if case.protocol == "smithy-rpc-v2-cbor" {
        let expected = base64::decode(expected).unwrap();
        return same("body", trees::cbor(&request.body), trees::cbor(&expected));
    }
    let ours = std::str::from_utf8(&request.body).map_err(|e| e.to_string())?;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok().map(|v| trees::json(&v));
    match case.protocol.as_str() {
        "query" | "ec2" => same("body", trees::form(ours), trees::form(expected)),
        "json" | "rest-json" if parsed(expected).is_some() => {
            same("body", parsed(ours), parsed(expected))
        }
        "rest-xml" if expected.trim_start().starts_with('<') => {
            same("body", trees::xml(ours), trees::xml(expected))
        }
        _ => same("body", ours, expected),
    }
}

/// A body that is compressed holds what was given.
fn compressed(case: &Case, request: &HttpRequest) -> Result<(), String> {
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(request.body.as_slice());
    reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
    same("length", request.header("content-length"), Some(&*request.body.len().to_string()))?;
    let data = case.content["params"]["data"].as_str().unwrap();
    let start = data.split_whitespace().next().unwrap();
    same("the body holds the data", text.contains(start), true)
}

fn output(case: &Case) -> Result<(), String> {
    let operation = case.operation();
    let exchange = Exchange::of(operation).map_err(|e| e.to_string())?;
    let response = &case.content["response"];
    let status = u16::try_from(response["status_code"].as_u64().unwrap()).unwrap();
    let headers = response["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let body = response["body"].as_str().unwrap_or_default();
    let body = match case.protocol.as_str() {
        "smithy-rpc-v2-cbor" => base64::decode(body).unwrap(),
        _ => body.as_bytes().to_vec(),
    };
    match (exchange.response(status, headers, body), case.content.get("error")) {
        (Ok(output), None) => {
            let expected = &case.content["result"];
            let expected = match operation.output() {
                Some(shape) if !expected.is_null() => ours(shape, expected),
                _ => json!({}),
            };
            same("output", trees::json(&output), trees::json(&expected))
        }
        (Err(Failure::Service(error)), Some(expected)) => {
            let code = case.content["errorCode"].as_str().unwrap();
            same("code", error.code.as_str(), code)?;
            if let Some(message) = case.content["errorMessage"].as_str() {
                same("message", error.message.as_deref().unwrap_or_default(), message)?;
            }
            let shape = operation
                .errors()
                .find(|shape| [Some(shape.name()), shape.error().code()].contains(&Some(code)));
            let expected = shape.map_or(json!({}), |shape| ours(shape, expected));
            same("members", trees::json(&error.members.into()), trees::json(&expected))
        }
        (outcome, _) => Err(format!("{outcome:?}")),
    }
}
