//! Two requests, part by part.

use aws_dynamic::catalog::Models;
use aws_dynamic::client::Prepared;
use aws_dynamic::model::terms::Protocol;
use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::trees;

/// Headers that are not compared: those of the road, which either client writes when it sends, and the
/// host, which the URL has.
const OF_THE_ROAD: [&str; 6] = [
    // Who asks, and the how manieth time.
    "user-agent",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    // What the HTTP client makes of the body that is compared.
    "content-length",
    // Whether the body waits for a first answer: botocore asks for it with uploads to S3.
    "expect",
    "host",
];

/// What differs, by the name of the part, with both values.
pub fn differing(ours: &Prepared, theirs: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut compare = |part: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            found.push((part.to_owned(), format!("ours {ours}\n    theirs {theirs}")));
        }
    };
    compare("method", json!(ours.method), theirs["method"].clone());
    let [our_host, our_path, our_query] = parts(&ours.url);
    let [host, path, query] = parts(theirs["url"].as_str().unwrap());
    compare("host", json!(our_host), json!(host));
    compare("path", json!(our_path), json!(path));
    compare("query", json!(trees::form(our_query)), json!(trees::form(query)));
    let our_headers = ours.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let their_headers = theirs["headers"].as_object().unwrap().iter();
    let their_headers =
        their_headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let (our_headers, their_headers) = (headers(our_headers), headers(their_headers));
    let mut names: Vec<&String> =
        our_headers.iter().chain(&their_headers).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of = |headers: &[(String, String)]| {
            json!(headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect::<Vec<_>>())
        };
        compare(&format!("header {name}"), of(&our_headers), of(&their_headers));
    }
    let signature = &theirs["signature"];
    let authorization = &ours.authorization;
    let (name, region) = (authorization.signing_name(), authorization.signing_region());
    let our_signature = json!([authorization.scheme(), name, region]);
    let their_signature = match signature["version"].as_str().unwrap() {
        "v4" | "s3v4" => json!(["aws.auth#sigv4", signature["name"], signature["region"]]),
        "none" => json!(["smithy.api#noAuth", null, null]),
        other => json!([other, signature["name"], signature["region"]]),
    };
    compare("signature", our_signature, their_signature);
    let body = base64::decode(theirs["body"].as_str().unwrap()).unwrap();
    let protocol = protocol(theirs);
    compare("body", tree(protocol, &ours.body), tree(protocol, &body));
    found
}

/// Scheme with host, path, query.
fn parts(url: &str) -> [&str; 3] {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let start = before.find("://").unwrap() + 3;
    let end = before[start..].find('/').map_or(before.len(), |place| start + place);
    [&before[..end], &before[end..], query]
}

fn headers(all: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    all.map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| !OF_THE_ROAD.contains(&name.as_str()))
        .collect()
}

fn protocol(theirs: &Value) -> Protocol {
    let name = super::canonical(theirs["service"].as_str().unwrap());
    Models::get().unwrap().service(name).unwrap().unwrap().protocol()
}

/// A body in its format; what is none as text or as bytes.
fn tree(protocol: Protocol, body: &[u8]) -> Value {
    let bytes = || json!({ "bytes": base64::encode(body) });
    let Ok(text) = std::str::from_utf8(body) else {
        return if protocol == Protocol::RpcV2Cbor { trees::cbor(body) } else { bytes() };
    };
    match protocol {
        Protocol::Json | Protocol::RestJson => match serde_json::from_str::<Value>(text) {
            Ok(value) => trees::json(&value),
            Err(_) => json!(text),
        },
        Protocol::RestXml if text.starts_with('<') => trees::xml(text),
        Protocol::RestXml => json!(text),
        Protocol::RpcV2Cbor => trees::cbor(body),
        Protocol::Query | Protocol::Ec2 => json!(trees::form(text)),
    }
}
