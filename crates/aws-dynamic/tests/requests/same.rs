//! Two requests, part by part.

use aws_dynamic::catalog::Models;
use aws_dynamic::client::Prepared;
use aws_dynamic::model::terms::Protocol;
use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::differences::{KINDS, Kind};
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

const CRC32: &str = "x-amz-checksum-crc32";

/// What was compared.
#[derive(Default)]
pub struct Comparison {
    /// What differs, by the name of the part, with both values.
    pub differing: Vec<(String, String)>,
    /// Why the kind of the body is another one, if it is one of `KINDS`.
    pub kind: Option<&'static str>,
}

impl Comparison {
    pub fn of(ours: &Prepared, theirs: &Value) -> Self {
        let mut found = Self::default();
        found.compare("method", json!(ours.method), theirs["method"].clone());
        let [our_host, our_path, our_query] = parts(&ours.url);
        let [host, path, query] = parts(text(theirs, "url"));
        found.compare("host", json!(our_host), json!(host));
        found.compare("path", json!(our_path), json!(path));
        found.compare("query", json!(trees::form(our_query)), json!(trees::form(query)));
        found.signatures(ours, &theirs["signature"]);
        let body = base64::decode(text(theirs, "body")).unwrap();
        let protocol = protocol(theirs);
        found.compare("body", tree(protocol, &ours.body), tree(protocol, &body));
        found.headers(ours, theirs, &body);
        found
    }

    fn compare(&mut self, part: &str, ours: Value, theirs: Value) {
        if ours != theirs {
            let what = format!("ours {ours}\n    theirs {theirs}");
            self.differing.push((part.to_owned(), what));
        }
    }

    fn signatures(&mut self, ours: &Prepared, theirs: &Value) {
        let ours = &ours.authorization;
        let ours = json!([ours.scheme(), ours.signing_name(), ours.signing_region()]);
        let theirs = match text(theirs, "version") {
            "v4" | "s3v4" => json!(["aws.auth#sigv4", theirs["name"], theirs["region"]]),
            "v4a" => json!(["aws.auth#sigv4a", theirs["name"], theirs["region"]]),
            "bearer" => json!(["smithy.api#httpBearerAuth", null, null]),
            "none" => json!(["smithy.api#noAuth", null, null]),
            other => json!([other, theirs["name"], theirs["region"]]),
        };
        self.compare("signature", ours, theirs);
    }

    fn headers(&mut self, ours: &Prepared, theirs: &Value, their_body: &[u8]) {
        let our_body = &ours.body;
        let theirs = theirs["headers"].as_object().unwrap().iter();
        let theirs: Vec<(String, &str)> = theirs
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap()))
            .collect();
        let mut names: Vec<&str> = ours.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(theirs.iter().map(|(name, _)| name.as_str()));
        names.retain(|name| !OF_THE_ROAD.contains(name));
        names.sort();
        names.dedup();
        for name in names {
            let our_value = ours.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            let their_value = theirs.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
            let is_kind = |kind: &&Kind| (Some(kind.ours), kind.theirs) == (our_value, their_value);
            let kind = KINDS.iter().find(is_kind).filter(|_| name == "content-type");
            if let Some(kind) = kind {
                self.kind = Some(kind.reason);
            } else if name == CRC32
                && is_sum(our_value, our_body)
                && is_sum(their_value, their_body)
            {
                // Each of its own bytes, which may differ where the trees do not.
            } else {
                self.compare(&format!("header {name}"), list(our_value), list(their_value));
            }
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// Scheme with host, path, query.
fn parts(url: &str) -> [&str; 3] {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let start = before.find("://").unwrap() + 3;
    let end = before[start..].find('/').map_or(before.len(), |place| start + place);
    [&before[..end], &before[end..], query]
}

/// A header without the space that may stand between the values of a list (RFC 9110, 5.6.1).
fn list(value: Option<&str>) -> Value {
    json!(value.map(|value| value.replace(", ", ",")))
}

fn is_sum(sum: Option<&str>, body: &[u8]) -> bool {
    sum == Some(&base64::encode(crc32fast::hash(body).to_be_bytes()))
}

fn protocol(theirs: &Value) -> Protocol {
    let name = super::canonical(text(theirs, "service"));
    Models::get().unwrap().service(name).unwrap().unwrap().protocol()
}

/// A body in its format; what is none as text or as bytes.
fn tree(protocol: Protocol, body: &[u8]) -> Value {
    if protocol == Protocol::RpcV2Cbor {
        return trees::cbor(body);
    }
    let Ok(text) = std::str::from_utf8(body) else { return json!({"bytes": base64::encode(body)}) };
    match protocol {
        Protocol::Json | Protocol::RestJson => match serde_json::from_str::<Value>(text) {
            Ok(value) => trees::json(&value),
            Err(_) => json!(text),
        },
        Protocol::RestXml if text.starts_with('<') => trees::xml(text),
        Protocol::Query | Protocol::Ec2 => json!(trees::form(text)),
        Protocol::RestXml | Protocol::RpcV2Cbor => json!(text),
    }
}
