//! Endpoints: AWS's rules with parameters of somebody who means harm, each function of the rules, and
//! rules that are anything.
#![no_main]

use aws_dynamic::endpoint::{Argument, BuiltIn, Kind, Parameters, Partitions, RuleSet, Rules};
use aws_dynamic_fuzz::bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// The services whose rules look at more than regions; others are chosen by number.
const SERVICES: &[&str] =
    &["s3", "s3control", "s3", "dynamodb", "kinesis", "events", "sts", "s3", "iam", "s3tables"];

/// What a host ends in that the user's own endpoint did not bring.
const SUFFIXES: &[&str] = &[
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.cn",
    ".amazonaws.eu",
    ".amazonaws-eusc.eu",
    ".amazonaws-us-gov.com",
    ".amazonwebservices.com.cn",
    ".amazonwebservices.eu",
    ".aws.amazon.com",
    ".api.aws",
    ".on.aws",
    ".signin.aws",
    ".adc-e.uk",
    ".ic.gov",
    ".scloud",
    ".sgov.gov",
];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    match bytes.byte() {
        b'j' => any_rules(&mut bytes),
        b'f' => function(&mut bytes),
        b'p' => {
            let json = serde_json::from_slice(bytes.0).unwrap_or_default();
            let _ = Partitions::of_json(&json);
        }
        which => rules(which, &mut bytes),
    }
});

/// The rules of a service. Parameters follow each other: a byte for which, then a text.
fn rules(which: u8, bytes: &mut Bytes<'_>) {
    let rules = Rules::get().unwrap();
    let service = match SERVICES.get(usize::from(which.wrapping_sub(b'0'))) {
        Some(service) => service,
        None => {
            let all: Vec<&str> = rules.services().collect();
            all[bytes.word() % all.len()]
        }
    };
    let set = rules.of(service).unwrap().expect(service);
    let mut given: Vec<(usize, String, Vec<String>)> = Vec::new();
    while !bytes.is_empty() && given.len() < 12 {
        let place = usize::from(bytes.byte().wrapping_sub(b'a')) % set.parameters().len();
        let text = bytes.text();
        let list = text.split(',').map(str::to_owned).collect();
        given.push((place, text, list));
    }
    let lists: Vec<Vec<&str>> =
        given.iter().map(|(_, _, list)| list.iter().map(String::as_str).collect()).collect();
    let mut parameters = Parameters::default();
    let mut is_own = false;
    for ((place, text, _), list) in given.iter().zip(&lists) {
        let parameter = &set.parameters()[*place];
        is_own |= parameter.built_in() == Some(BuiltIn::Endpoint);
        let value = match parameter.kind() {
            Kind::Text => Argument::Text(text),
            Kind::Bool => Argument::Bool(text.len() % 2 == 1),
            Kind::List => Argument::List(list),
        };
        parameters = match parameter.built_in() {
            Some(fact) => parameters.built_in(fact, value),
            None => parameters.named(parameter.name(), value),
        };
    }
    match set.resolve(&parameters, rules.partitions()) {
        Ok(endpoint) => {
            assert!(endpoint.url().starts_with("http"), "{}", endpoint.url());
            assert!(endpoint.path().is_empty() || endpoint.path().starts_with('/'));
            let host = endpoint.host();
            assert!(!host.is_empty() && host.is_ascii(), "{host:?}");
            // A parameter must not lead a signed request to another's host.
            let is_aws = SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
            // DynamoDB's for the region `local`.
            let is_aws = is_aws || host == "localhost";
            assert!(is_own || is_aws, "{service}: {}", endpoint.url());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// One function with texts for arguments, and a part of what it gives.
fn function(bytes: &mut Bytes<'_>) {
    const CALLS: &[(&str, usize, &str)] = &[
        ("aws.parseArn", 1, "resourceId[1]"),
        ("aws.parseArn", 1, "accountId"),
        ("parseURL", 1, "normalizedPath"),
        ("parseURL", 1, "authority"),
        ("parseURL", 1, "isIp"),
        ("aws.partition", 1, "dnsSuffix"),
        ("isValidHostLabel", 2, ""),
        ("aws.isVirtualHostableS3Bucket", 2, ""),
        ("substring", 4, ""),
        ("uriEncode", 1, ""),
        ("split", 3, "[0]"),
        ("split", 3, "[-1]"),
        ("stringEquals", 2, ""),
        ("coalesce", 2, ""),
        ("ite", 3, ""),
    ];
    let (name, count, path) = bytes.choice(CALLS);
    let arguments: Vec<Value> = (0..*count)
        .map(|place| match (*name, place) {
            ("substring", 1 | 2) | ("split", 2) => json!(bytes.word()),
            ("substring", 3)
            | ("isValidHostLabel" | "aws.isVirtualHostableS3Bucket", 1)
            | ("ite", 0) => json!(bytes.byte() % 2 == 1),
            ("split", 1) => json!(bytes.text()),
            _ => json!({"ref": if place == 0 { "A" } else { "B" }}),
        })
        .collect();
    let call = json!({"fn": name, "argv": arguments, "assign": "v"});
    let mut conditions = vec![call];
    let mut last = json!({"ref": "v"});
    if !path.is_empty() {
        last = json!({"fn": "getAttr", "argv": [last, path]});
        conditions.push(json!({"fn": "isSet", "argv": [last]}));
    }
    let json = json!({
        "version": "1.1",
        "parameters": {"A": {"type": "string"}, "B": {"type": "string"}},
        "rules": [
            {"type": "endpoint", "conditions": conditions, "endpoint": {"url": last}},
            {"type": "endpoint", "conditions": [], "endpoint": {"url": {"ref": "A"}}},
        ],
    });
    // What splits may look like a template that is none.
    let Ok(set) = RuleSet::of_json(&json) else { return };
    let (a, b) = (bytes.text(), bytes.text());
    let parameters = Parameters::default().named("A", a.as_str()).named("B", b.as_str());
    let _ = set.resolve(&parameters, Rules::get().unwrap().partitions());
}

fn any_rules(bytes: &mut Bytes<'_>) {
    let Ok(json) = serde_json::from_slice(bytes.0) else { return };
    let Ok(set) = RuleSet::of_json(&json) else { return };
    let parameters = Parameters::default()
        .built_in(BuiltIn::Region, "us-east-1")
        .named("A", "arn:aws:s3:us-east-1:1:a/b")
        .named("B", true);
    let _ = set.resolve(&parameters, Rules::get().unwrap().partitions());
}
