//! AWS's own test cases of all endpoint rules, every one of them. They are read from botocore's source
//! distribution, so this runs only where the packer is built: `cargo test --features pack --test
//! endpoint_cases`, with the folder of the archive in `AWS_MCP_TEST_SOURCES`.
#![cfg(feature = "pack")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

use aws_dynamic::catalog::Index;
use aws_dynamic::endpoint::{
    Argument, AuthScheme, Endpoint, EndpointError, Parameters, Property, RuleSet, Rules,
};
use serde_json::{Map, Value, json};

/// In botocore 1.44.5.
const CASES: usize = 14_589;

/// The cases of every service, by its canonical name.
fn cases() -> BTreeMap<String, Vec<Value>> {
    let folder = std::env::var_os("AWS_MCP_TEST_SOURCES")
        .map(PathBuf::from)
        .expect("AWS_MCP_TEST_SOURCES must name a folder with botocore-1.44.5.tar.gz");
    let archive = std::fs::File::open(folder.join("botocore-1.44.5.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let mut cases = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let below = path.split_once("/tests/functional/endpoint-rules/").map(|(_, below)| below);
        let Some(folder) = below.and_then(|b| b.strip_suffix("/endpoint-tests-1.json")) else {
            continue;
        };
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        let mut tests: Value = serde_json::from_str(&content).unwrap();
        let tests = tests["testCases"].as_array_mut().map(std::mem::take).unwrap();
        let name = match folder {
            "config" => "configservice",
            "codedeploy" => "deploy",
            folder => folder,
        };
        cases.insert(name.to_owned(), tests);
    }
    cases
}

/// How parameters are handed over.
#[derive(Clone, Copy, Debug)]
enum By {
    /// All by their names.
    Name,
    /// As facts about the client, those that are such.
    BuiltIn,
}

fn resolve(rules: &RuleSet<'_>, params: &Value, by: By) -> Result<Endpoint, EndpointError> {
    let empty = Map::new();
    let params = params.as_object().unwrap_or(&empty);
    let lists: BTreeMap<&String, Vec<&str>> = params
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_array()?)))
        .map(|(name, list)| (name, list.iter().map(|text| text.as_str().unwrap()).collect()))
        .collect();
    let mut given = Parameters::default();
    for (name, value) in params {
        let argument = match value {
            Value::String(text) => Argument::Text(text),
            Value::Bool(value) => Argument::Bool(*value),
            Value::Array(_) => Argument::List(&lists[name]),
            other => panic!("{other}"),
        };
        let parameter = rules.parameters().iter().find(|parameter| parameter.name() == name);
        given = match (by, parameter.and_then(|parameter| parameter.built_in())) {
            (By::BuiltIn, Some(fact)) => given.built_in(fact, argument),
            (By::BuiltIn, None) | (By::Name, _) => given.named(name, argument),
        };
    }
    rules.resolve(&given, Rules::get().unwrap().partitions())
}

fn property(property: &Property) -> Value {
    match property {
        Property::Text(text) => json!(text),
        Property::Bool(value) => json!(value),
        Property::List(list) => list.iter().map(self::property).collect(),
        Property::Map(map) => map.iter().map(|(n, p)| (n.clone(), self::property(p))).collect(),
    }
}

fn scheme(scheme: &Value) -> AuthScheme {
    let mut expected = AuthScheme::default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for (name, value) in scheme.as_object().unwrap() {
        match name.as_str() {
            "name" => expected.name = text(value),
            "signingName" => expected.signing_name = Some(text(value)),
            "signingRegion" => expected.signing_region = Some(text(value)),
            "signingRegionSet" => {
                expected.signing_region_set = value.as_array().unwrap().iter().map(text).collect();
            }
            "disableDoubleEncoding" => expected.disable_double_encoding = value == true,
            other => panic!("{other}"),
        }
    }
    expected
}

/// What is wrong with an endpoint, if anything is.
fn difference(endpoint: &Endpoint, expected: &Value) -> Option<String> {
    let mut properties = expected["properties"].as_object().cloned().unwrap_or_default();
    let schemes: Vec<AuthScheme> = match properties.remove("authSchemes") {
        Some(schemes) => schemes.as_array().unwrap().iter().map(scheme).collect(),
        None => Vec::new(),
    };
    let others: Map<String, Value> =
        endpoint.properties().iter().map(|(n, p)| (n.clone(), property(p))).collect();
    let headers: Value = endpoint.headers().iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    let no_headers = json!({});
    let expected_headers = expected.get("headers").unwrap_or(&no_headers);
    let port = endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
    let parts = format!("{}://{}{port}{}", endpoint.scheme(), endpoint.host(), endpoint.path());
    let wrong = [
        (expected["url"] != endpoint.url(), format!("URL {}", endpoint.url())),
        (parts != endpoint.url(), format!("parts {parts}")),
        (schemes != endpoint.auth_schemes(), format!("schemes {:?}", endpoint.auth_schemes())),
        (properties != others, format!("properties {others:?}")),
        (*expected_headers != headers, format!("headers {headers}")),
    ];
    wrong.into_iter().find_map(|(wrong, what)| wrong.then_some(what))
}

#[test]
fn every_case_of_aws_passes() {
    let rules = Rules::get().unwrap();
    let (mut count, mut endpoints, mut wrong) = (0, 0, Vec::new());
    let cases = cases();
    for (service, cases) in &cases {
        let set = rules.of(service).unwrap().expect(service);
        for case in cases {
            count += 1;
            let expected = &case["expect"];
            for by in [By::Name, By::BuiltIn] {
                let is = resolve(set, &case["params"], by);
                let difference = match (&is, &expected["endpoint"], &expected["error"]) {
                    (Ok(endpoint), expected @ Value::Object(_), Value::Null) => {
                        endpoints += 1;
                        difference(endpoint, expected)
                    }
                    (Err(EndpointError::Rule(words)), Value::Null, Value::String(expected)) => {
                        (words != expected).then(|| words.clone())
                    }
                    (other, _, _) => Some(format!("{other:?}")),
                };
                if let Some(difference) = difference {
                    let about = &case["documentation"];
                    wrong.push(format!(
                        "{service} {by:?}: {about}: {difference}; expected {expected}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, CASES);
    assert_eq!(endpoints, 2 * 12_874);
}

#[test]
fn every_service_has_rules_and_cases() {
    let services: BTreeSet<&str> =
        Index::get().unwrap().services().iter().map(|service| service.name()).collect();
    let rules: BTreeSet<&str> = Rules::get().unwrap().services().collect();
    let cases = cases();
    assert_eq!(rules, services);
    assert_eq!(cases.keys().map(String::as_str).collect::<BTreeSet<_>>(), services);
}
