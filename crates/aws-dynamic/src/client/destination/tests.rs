#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use serde_json::json;

use super::*;
use crate::auth::{Authorization, Held, Unauthorizable};
use crate::catalog::Models;
use crate::endpoint::EndpointError;

fn operation(service: &str, operation: &str) -> Operation<'static> {
    let service = Models::get().unwrap().service(service).unwrap().unwrap();
    service.operation(operation).unwrap()
}

fn fields(input: Value) -> Map<String, Value> {
    let Value::Object(fields) = input else { panic!("{input}") };
    fields
}

#[test]
fn the_expressions_of_all_operations_are_read() {
    let models = Models::get().unwrap();
    let mut count = 0;
    for name in models.names() {
        for operation in models.service(name).unwrap().unwrap().operations() {
            for (_, path) in operation.operation_context() {
                assert!(Expression::read(path).is_ok(), "{name}: {path}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 5);
}

#[test]
fn context_is_of_the_model_and_the_input() {
    let check = |service, name, input: Value, expected: Value| {
        let found: Map<String, Value> = context(operation(service, name), &fields(input))
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        assert_eq!(Value::Object(found), expected);
    };
    check("s3", "DeleteObjects", json!({"Bucket": "b", "Delete": {}}), json!({"Bucket": "b"}));
    check(
        "dynamodb",
        "BatchGetItem",
        json!({"RequestItems": {"one": {}, "two": {}}}),
        json!({"ResourceArnList": ["one", "two"]}),
    );
    check(
        "dynamodb",
        "TransactGetItems",
        json!({"TransactItems": [{"Get": {"TableName": "t"}}, {"Get": {"TableName": "u"}}]}),
        json!({"ResourceArnList": ["t", "u"]}),
    );
}

/// Every operation of every service, with a value for whatever stands in its host or its rules.
#[test]
fn every_operation_has_somewhere_to_go_and_a_way_to_get_there() {
    let config = SdkConfig::builder().region(Region::new("us-east-1")).build();
    let models = Models::get().unwrap();
    let mut count = BTreeMap::<String, usize>::new();
    for name in models.names() {
        for operation in models.service(name).unwrap().unwrap().operations() {
            let members = operation.input().into_iter().flat_map(|shape| shape.members());
            let host = operation.host_prefix().unwrap_or_default();
            let input = members
                .filter(|member| {
                    member.is_host_label() || host.contains(&format!("{{{}}}", member.name()))
                })
                .map(|member| (member.name().to_owned(), json!("123456789012")))
                .collect();
            let what =
                match Destination::of(&config, &EndpointSettings::default(), operation, &input) {
                    Err(CallError::Endpoint(EndpointError::Rule(words))) => {
                        format!("{name} {words}")
                    }
                    Err(CallError::Endpoint(EndpointError::Missing(name))) => {
                        format!("missing {name}")
                    }
                    Err(CallError::Host { named_by, .. }) => format!("{name} {named_by}"),
                    Err(error) => panic!("{name}:{}: {error}", operation.name()),
                    Ok(destination) => {
                        let endpoint = &destination.endpoint;
                        assert!(destination.url.starts_with("https://"), "{}", destination.url);
                        assert!(!destination.url.contains(['{', '}']), "{}", destination.url);
                        match Authorization::of(operation, endpoint, Some("us-east-1"), Held::Both)
                        {
                            Ok(Authorization::SigV4(config)) => {
                                assert!(config.name.is_some() && config.region.is_some());
                                "sigv4".to_owned()
                            }
                            Ok(Authorization::SigV4a(_)) => "sigv4a".to_owned(),
                            Ok(Authorization::Bearer) => "bearer".to_owned(),
                            Ok(Authorization::None) => "none".to_owned(),
                            Err(Unauthorizable::Scheme(scheme)) => scheme,
                            Err(error) => panic!("{name}:{}: {error}", operation.name()),
                        }
                    }
                };
            *count.entry(what).or_default() += 1;
        }
    }
    let kvs = "cloudfront-keyvaluestore KVS ARN must be provided to use this service";
    let expected = [
        ("bearer", 40),
        (kvs, 6),
        ("machinelearning PredictEndpoint", 1),
        ("none", 49),
        ("sigv4", 19_684),
        ("v2", 16),
    ];
    assert_eq!(count, expected.map(|(what, count)| (what.to_owned(), count)).into());
}

#[test]
fn a_host_label_is_nothing_else() {
    let config = SdkConfig::builder().region(Region::new("us-east-1")).build();
    let operation = operation("neptune-graph", "ListQueries");
    let check = |id: Value, expected: Option<&str>| {
        let destination = Destination::of(
            &config,
            &EndpointSettings::default(),
            operation,
            &fields(json!({"graphIdentifier": id})),
        );
        match (destination, expected) {
            (Ok(destination), Some(expected)) => assert_eq!(destination.url, expected),
            (Err(CallError::HostLabel(member)), None) => assert_eq!(member, "graphIdentifier"),
            (other, _) => panic!("{id}: {other:?}"),
        }
    };
    check(json!("g-1"), Some("https://g-1.us-east-1.neptune-graph.amazonaws.com"));
    for id in ["", "evil.example/", "a.b", "a@b", "a:1", "é", "a b", "{x}", &"a".repeat(64)] {
        check(json!(id), None);
    }
    check(json!(null), None);
    check(json!(7), None);
}

/// Settings of a user's own files.
#[derive(Debug)]
struct Settings;

impl LoadServiceConfig for Settings {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let is_own = key.service_id() == "Cost Explorer" && key.env() == "AWS_ENDPOINT_URL";
        is_own.then(|| "http://127.0.0.1:1".to_owned())
    }
}

#[test]
fn a_service_can_have_an_endpoint_of_its_own() {
    let url = |config: &SdkConfig, service: &str, name: &str| {
        Destination::of(config, &EndpointSettings::default(), operation(service, name), &Map::new())
            .unwrap()
            .url
    };
    let general =
        || SdkConfig::builder().region(Region::new("us-east-1")).endpoint_url("http://127.0.0.1:2");
    let config = general().service_config(Settings).build();
    assert_eq!(url(&config, "ce", "GetCostAndUsage"), "http://127.0.0.1:1");
    assert_eq!(url(&config, "sts", "GetCallerIdentity"), "http://127.0.0.1:2");
    let mut builder = general().service_config(Settings);
    builder.insert_origin("endpoint_url", aws_types::origin::Origin::shared_profile_file());
    assert_eq!(url(&builder.build(), "ce", "GetCostAndUsage"), "http://127.0.0.1:1");
    // What code says counts more than files.
    let mut builder = general().service_config(Settings);
    builder.insert_origin("endpoint_url", aws_types::origin::Origin::shared_config());
    assert_eq!(url(&builder.build(), "ce", "GetCostAndUsage"), "http://127.0.0.1:2");
}
