use serde_json::{Value, json};

use super::*;
use crate::catalog::Models;
use crate::endpoint::Rules;

/// Rules with one URL, and what is known where it stands: a region, the user's own endpoint, a
/// parameter without bounds, a partition.
fn rules(url: &str, properties: &Value) -> Value {
    json!({
        "version": "1.0",
        "parameters": {
            "Region": {"type": "String", "builtIn": "AWS::Region"},
            "Endpoint": {"type": "String", "builtIn": "SDK::Endpoint"},
            "Name": {"type": "String", "required": true},
        },
        "rules": [
            {"type": "endpoint", "conditions": [
                {"fn": "isSet", "argv": [{"ref": "Endpoint"}]},
                {"fn": "parseURL", "argv": [{"ref": "Endpoint"}], "assign": "own"},
            ], "endpoint": {"url": "{own#scheme}://{Name}.{own#authority}{own#path}"}},
            {"type": "endpoint", "conditions": [
                {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"},
            ], "endpoint": {"url": url, "properties": properties}},
        ],
    })
}

fn trusted(url: &str, properties: &Value) -> Result<()> {
    let json = rules(url, properties);
    let partitions = Rules::embedded().unwrap().partitions();
    RuleSet::of_json(&json).unwrap().trusted(
        None,
        &Allowed::by(None, "thing", partitions),
        partitions,
    )
}

fn refused(url: &str, expected: &str) {
    let error = trusted(url, &json!({})).expect_err(url).to_string();
    assert!(error.contains(expected), "{url}: {error}");
}

#[test]
fn hosts_of_aws_are_trusted() {
    for url in [
        "https://thing.{Region}.{P#dnsSuffix}",
        "https://thing-fips.{Region}.{P#dualStackDnsSuffix}/path/{Name}",
        "https://{Name}.thing.{Region}.{P#dnsSuffix}/evil.example",
        "{Endpoint}",
        "{Endpoint}/{Name}",
    ] {
        assert_eq!(trusted(url, &json!({})), Ok(()), "{url}");
    }
}

#[test]
fn any_other_host_is_found() {
    for url in [
        "https://evil.example",
        "https://amazonaws.com.evil.example",
        "https://thing.{Region}.amazonaws.com.evil.example",
        "https://thing.{Region}.{P#dnsSuffix}.evil.example",
        "https://thing.{Region}.{P#dnsSuffix}{Name}",
        "https://thing.{Region}.{P#dnsSuffix}:{Name}",
        "https://{Name}",
        "https://thing.{Name}",
        "https://{Name}/thing.amazonaws.com",
        "https://evil.example/.amazonaws.com",
        "https://evil.example/{P#dnsSuffix}",
        "https://evil.example?{P#dnsSuffix}",
        "https://evil.example#.amazonaws.com",
        "https://evil.example\\.amazonaws.com",
        "https://amazonaws.com@evil.example",
        "https://evil{P#dnsSuffix}",
        "https://evilamazonaws.com",
        "https://amazonaws.com",
        "https://thing.{P#name}",
        "https://thing.amazonaws.com{Region}",
        "{Endpoint}.evil.example",
        "{Endpoint}{Name}",
        "{Name}",
        "{Name}://thing.amazonaws.com",
        "http://thing.{Region}.{P#dnsSuffix}",
        "//thing.amazonaws.com",
    ] {
        refused(url, "which is no host of AWS");
    }
}

#[test]
fn a_host_of_another_partition_is_found_by_what_the_rules_give() {
    refused("https://thing.amazonaws.com.cn", "thing.amazonaws.com.cn for ");
    refused("https://thing.us-east-1.amazonaws.com", "outside of ");
}

#[test]
fn a_signature_for_another_service_is_found() {
    let url = "https://thing.{Region}.{P#dnsSuffix}";
    let scheme = |scheme: Value| json!({"authSchemes": [scheme]});
    let own = json!({"name": "sigv4", "signingName": "thing", "signingRegion": "{Region}"});
    assert_eq!(trusted(url, &scheme(own)), Ok(()));
    for (wrong, expected) in [
        (json!({"name": "sigv4", "signingName": "iam"}), "sign for \"iam\""),
        (json!({"name": "sigv4a", "signingName": "iam"}), "sign for \"iam\""),
        (json!({"name": "sigv4", "signingName": "{Name}"}), "put the name in signatures together"),
        (json!({"name": "moon"}), "scheme \"moon\""),
    ] {
        let error = trusted(url, &scheme(wrong)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_header_that_rules_set_is_found() {
    let json = json!({"version": "1.0", "parameters": {}, "rules": [
        {"type": "endpoint", "conditions": [], "endpoint": {
            "url": "https://thing.amazonaws.com", "headers": {"X-Amz-Target": ["Other.Delete"]}}}]});
    let partitions = Rules::embedded().unwrap().partitions();
    let set = RuleSet::of_json(&json).unwrap();
    let error = set.trusted(None, &Allowed::by(None, "thing", partitions), partitions).unwrap_err();
    assert!(error.to_string().contains("header \"X-Amz-Target\""), "{error}");
}

#[test]
fn the_rules_of_this_build_are_trusted() {
    let rules = Rules::embedded().unwrap();
    let mut wrong = Vec::new();
    for name in rules.services() {
        let set = rules.of(name).unwrap().unwrap();
        let service = Models::embedded().unwrap().service(name).unwrap().unwrap();
        let allowed = Allowed::by(Some(set), service.signing_name(), rules.partitions());
        if let Err(error) = set.trusted(Some(set), &allowed, rules.partitions()) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_follows_the_users_own_host() {
    let check = |url: &str, expected: bool| {
        let json = json!({
            "version": "1.0",
            "parameters": {
                "Endpoint": {"type": "String", "builtIn": "SDK::Endpoint"},
                "Name": {"type": "String"},
            },
            "rules": [{"type": "endpoint", "conditions": [
                {"fn": "parseURL", "argv": [{"ref": "Endpoint"}], "assign": "own"},
                {"fn": "parseURL", "argv": [{"ref": "Name"}], "assign": "other"},
            ], "endpoint": {"url": url}}],
        });
        let partitions = Rules::embedded().unwrap().partitions();
        let set = RuleSet::of_json(&json).unwrap();
        let trusted = set.trusted(None, &Allowed::by(None, "thing", partitions), partitions);
        assert_eq!(trusted.is_ok(), expected, "{url}: {trusted:?}");
    };
    check("{own#scheme}://{own#authority}", true);
    check("{own#scheme}://{Name}.{own#authority}{own#path}", true);
    check("https://{Name}.ec2.{own#authority}", true);
    check("{own#scheme}://{own#authority}{own#normalizedPath}{Name}", true);
    check("{own#scheme}://{own#authority}{own#path}/{Name}", true);
    check("{own#scheme}://{own#authority}.evil.example", false);
    check("{own#scheme}://{own#authority}{Name}", false);
    check("{own#scheme}://{own#authority}{own#path}.evil.example", false);
    check("{own#scheme}://{own#authority}{own#path}{Name}", false);
    check("{other#scheme}://{own#authority}", false);
    check("{own#scheme}://{other#authority}", false);
    check("{other#scheme}://{other#authority}", false);
    check("https://{own#path}", false);
}

#[test]
fn an_own_endpoint_with_a_default_is_not_the_users() {
    let json = json!({
        "version": "1.0",
        "parameters": {
            "Endpoint": {"type": "String", "builtIn": "SDK::Endpoint", "default": "https://evil.example"},
        },
        "rules": [{"type": "endpoint", "conditions": [], "endpoint": {"url": "{Endpoint}"}}],
    });
    let partitions = Rules::embedded().unwrap().partitions();
    let set = RuleSet::of_json(&json).unwrap();
    assert!(set.trusted(None, &Allowed::by(None, "thing", partitions), partitions).is_err());
}
