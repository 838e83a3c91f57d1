use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::endpoint::{Argument, Parameter, Rules};

/// What an expression is, as an error's words; `A`, `B` and `L` are parameters, `L` a list.
#[track_caller]
fn check(expression: serde_json::Value, expected: Option<&str>) {
    let json = json!({
        "version": "1.1",
        "parameters": {"A": {"type": "string"}, "B": {"type": "boolean"}, "L": {"type": "stringArray"}},
        "rules": [{
            "type": "error",
            "conditions": [{"fn": "coalesce", "argv": [expression, expression], "assign": "v"}],
            "error": {"fn": "ite", "argv": [
                {"fn": "coalesce", "argv": [{"fn": "booleanEquals", "argv": [{"ref": "v"}, true]}, false]},
                "true", {"ref": "v"}]},
        }],
    });
    let set = RuleSet::of_json(&json).unwrap();
    let given = Parameters::default().named("A", "a-text").named("L", &["x", "y"][..]);
    let is = set.resolve(&given, Rules::get().unwrap().partitions());
    let expected = match expected {
        Some(words) => EndpointError::Rule(words.to_owned()),
        None => EndpointError::NoRule,
    };
    assert_eq!(is.unwrap_err(), expected, "{expression}");
}

fn call(function: &str, arguments: serde_json::Value) -> serde_json::Value {
    json!({"fn": function, "argv": arguments})
}

#[test]
fn logic() {
    let (a, unset) = (json!({"ref": "A"}), json!({"ref": "B"}));
    check(call("isSet", json!([a])), Some("true"));
    check(call("isSet", json!([unset])), None);
    check(call("isSet", json!([false])), Some("true"));
    check(call("not", json!([true])), None);
    check(call("not", json!([false])), Some("true"));
    check(call("not", json!([unset])), Some("true"));
    check(call("not", json!([a])), None);
    check(call("stringEquals", json!([a, "a-text"])), Some("true"));
    check(call("stringEquals", json!([a, "a-Text"])), None);
    check(call("stringEquals", json!([unset, unset])), None);
    check(call("stringEquals", json!([true, true])), None);
    check(call("booleanEquals", json!([true, true])), Some("true"));
    check(call("booleanEquals", json!([false, false])), Some("true"));
    check(call("booleanEquals", json!([true, false])), None);
    check(call("booleanEquals", json!([unset, false])), None);
    check(call("booleanEquals", json!(["true", true])), None);
}

#[test]
fn choices() {
    let unset = json!({"ref": "B"});
    check(call("coalesce", json!([unset, "b", "c"])), Some("b"));
    check(call("coalesce", json!(["a", "b"])), Some("a"));
    check(call("coalesce", json!([unset, unset, "c"])), Some("c"));
    check(call("coalesce", json!([unset, unset])), None);
    // What is false is not empty.
    check(call("coalesce", json!([false, true])), None);
    check(call("ite", json!([true, "-fips", ""])), Some("-fips"));
    check(call("ite", json!([false, "-fips", ""])), Some(""));
    check(call("ite", json!([unset, "a", "b"])), Some("b"));
    check(call("ite", json!([true, unset, "b"])), None);
}

#[test]
fn parts() {
    let of = |of: serde_json::Value, path: &str| call("getAttr", json!([of, path]));
    let arn = call("aws.parseArn", json!(["arn:aws:sns:eu-west-1:1:topic/a:b"]));
    check(of(arn.clone(), "region"), Some("eu-west-1"));
    check(of(arn.clone(), "resourceId[2]"), Some("b"));
    check(of(arn.clone(), "resourceId[-1]"), Some("b"));
    check(of(arn.clone(), "resourceId[3]"), None);
    check(of(arn, "scheme"), None);
    check(of(call("aws.parseArn", json!(["arn"])), "region"), None);
    let url = call("parseURL", json!(["http://[::1]:8000/x"]));
    check(of(url.clone(), "authority"), Some("[::1]:8000"));
    check(of(url.clone(), "normalizedPath"), Some("/x/"));
    check(of(url, "isIp"), Some("true"));
    check(call("parseURL", json!(["http://a?b"])), None);
    check(of(call("split", json!(["a--b--c", "--", 2])), "[1]"), Some("b--c"));
    check(of(call("split", json!(["a", "", 0])), "[0]"), None);
    check(of(json!({"ref": "L"}), "[1]"), Some("y"));
    check(of(json!({"ref": "L"}), "[2]"), None);
    check(of(json!({"ref": "A"}), "[0]"), None);
    check(call("substring", json!([{"ref": "A"}, 0, 2, true])), Some("xt"));
    check(call("substring", json!([{"ref": "A"}, 0, 9, true])), None);
    check(call("uriEncode", json!(["{A}/ü"])), Some("a-text%2F%C3%BC"));
    check(call("isValidHostLabel", json!([{"ref": "A"}, false])), Some("true"));
    check(call("isValidHostLabel", json!([{"ref": "B"}, false])), None);
    check(call("isValidHostLabel", json!(["a.b", false])), None);
    check(call("isValidHostLabel", json!(["a.b", true])), Some("true"));
    check(call("aws.isVirtualHostableS3Bucket", json!(["a.bcd", true])), None);
    check(call("aws.isVirtualHostableS3Bucket", json!(["abc.def", true])), Some("true"));
}

#[test]
fn partitions_of_aws() {
    let check = |region: &str, name, suffix| {
        let of =
            |path: &str| call("getAttr", json!([call("aws.partition", json!([region])), path]));
        check(of("name"), Some(name));
        check(of("dnsSuffix"), Some(suffix));
        check(of("supportsFIPS"), Some("true"));
    };
    check("us-east-1", "aws", "amazonaws.com");
    check("aws-global", "aws", "amazonaws.com");
    check("mx-new-99", "aws", "amazonaws.com");
    check("cn-north-1", "aws-cn", "amazonaws.com.cn");
    check("us-gov-west-1", "aws-us-gov", "amazonaws.com");
    check("us-gov-new-7", "aws-us-gov", "amazonaws.com");
    check("us-iso-new-7", "aws-iso", "c2s.ic.gov");
    check("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov");
    check("eusc-de-new-1", "aws-eusc", "amazonaws.eu");
    check("nowhere", "aws", "amazonaws.com");
    check("", "aws", "amazonaws.com");
    check("cn-north-1\n", "aws", "amazonaws.com");
}

/// The URL, or the error, of a service with these parameters by name.
fn resolve(service: &str, named: &[(&str, Argument<'_>)]) -> Result<String> {
    let rules = Rules::get().unwrap();
    let set = rules.of(service).unwrap().unwrap();
    let given =
        named.iter().fold(Parameters::default(), |all, (name, value)| all.named(name, *value));
    set.resolve(&given, rules.partitions()).map(|endpoint| endpoint.url().to_owned())
}

#[test]
fn parameters_are_bound() {
    let rules = Rules::get().unwrap();
    let set = rules.of("sts").unwrap().unwrap();
    let url = |given: Parameters<'_>| {
        set.resolve(&given, rules.partitions()).map(|endpoint| endpoint.url().to_owned())
    };
    let ireland = || Parameters::default().built_in(BuiltIn::Region, "eu-west-1");
    assert_eq!(url(ireland()).unwrap(), "https://sts.eu-west-1.amazonaws.com");
    // What has a name counts more, and what comes later.
    let named = ireland().named("Region", "eu-west-2").named("Region", "eu-west-3");
    assert_eq!(url(named.clone()).unwrap(), "https://sts.eu-west-3.amazonaws.com");
    let later = named.built_in(BuiltIn::UseFips, true).built_in(BuiltIn::UseFips, false);
    assert_eq!(url(later).unwrap(), "https://sts.eu-west-3.amazonaws.com");
    // What nobody asks for is passed over.
    let more = ireland().named("Moon", true).built_in(BuiltIn::S3Accelerate, true);
    assert_eq!(url(more).unwrap(), "https://sts.eu-west-1.amazonaws.com");
    let text = ireland().built_in(BuiltIn::UseFips, "true");
    let kind =
        EndpointError::Kind { parameter: "UseFIPS".to_owned(), expected: super::super::Kind::Bool };
    assert_eq!(url(text).unwrap_err(), kind);
    let fips = Parameters::default().built_in(BuiltIn::UseFips, true);
    assert!(matches!(url(fips).unwrap_err(), EndpointError::Rule(_)));
    let required = rules.of("iotsitewise").unwrap().unwrap().parameters().iter();
    assert!(required.filter(|p| p.is_required()).all(|p| p.default().is_some()));
}

#[test]
fn a_required_parameter_is_missed() {
    let rules = Rules::get().unwrap();
    let needs = |p: &Parameter<'_>| p.is_required() && p.default().is_none();
    let mut found = 0;
    for service in rules.services() {
        let set = rules.of(service).unwrap().unwrap();
        let Some(needed) = set.parameters().iter().find(|p| needs(p)) else { continue };
        let is = set.resolve(&Parameters::default(), rules.partitions()).unwrap_err();
        assert_eq!(is, EndpointError::Missing(needed.name().to_owned()), "{service}");
        found += 1;
    }
    assert!(found > 0);
}

#[test]
fn the_error_of_a_url_does_not_tell_it() {
    let endpoint = Argument::Text("https://user:hunter2@a.com");
    let error =
        resolve("sts", &[("Region", "us-east-1".into()), ("Endpoint", endpoint)]).unwrap_err();
    assert_eq!(error, EndpointError::Url);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn an_endpoint_of_the_user_is_taken_as_it_is() {
    for url in ["http://localhost:4566", "http://my_moto:5000/a", "https://[::1]:1", "https://a.b/"]
    {
        let given = [("Region", "us-east-1".into()), ("Endpoint", Argument::Text(url))];
        assert_eq!(resolve("sts", &given).unwrap(), url);
    }
    for url in ["", "localhost:4566", "ftp://a", "https://a?b", "https://a b", "file:///etc/passwd"]
    {
        let given = [("Region", "us-east-1".into()), ("Endpoint", Argument::Text(url))];
        assert_eq!(resolve("sts", &given), Err(EndpointError::Url), "{url:?}");
    }
}

#[test]
fn a_hostile_region_makes_no_other_host() {
    let hostile = [
        "evil.com/",
        "evil.com#",
        "evil.com?",
        "evil.com:443/",
        "@evil.com",
        "x@evil.com/",
        "a\\b",
        "us-east-1/../..",
        "us-east-1%2f",
        "us east",
        "us-east-1\r\nHost: evil.com",
        "",
        ".",
        "..",
        "-a",
        "a-",
        "[::1]",
        "ü",
        "us-east-1\0",
        "a_b",
        ":80",
        "{Region}",
    ];
    let rules = Rules::get().unwrap();
    for service in rules.services() {
        for region in hostile {
            let error = resolve(service, &[("Region", region.into())]);
            assert!(error.is_err(), "{service} {region:?}: {error:?}");
        }
    }
}

#[test]
fn labels_of_a_region_stay_below_the_rules_own_name() {
    let url = resolve("ec2", &[("Region", "evil.com".into())]).unwrap();
    assert_eq!(url, "https://ec2.evil.com.amazonaws.com");
}

#[test]
fn a_hostile_bucket_makes_no_other_host() {
    for bucket in
        ["evil.com/", "evil.com#", "evil.com?", "@evil.com", "a\\b", "a b", "..", "A\r\nB: c", "ü"]
    {
        for path_style in [false, true] {
            let is = resolve(
                "s3",
                &[
                    ("Region", "us-east-1".into()),
                    ("Bucket", bucket.into()),
                    ("ForcePathStyle", path_style.into()),
                ],
            );
            let url = is.unwrap();
            assert!(url.starts_with("https://s3.us-east-1.amazonaws.com/"), "{url}");
            assert!(!url[8..].contains(['#', '?', '@', '\\', ' ', '\r']), "{url}");
        }
    }
}

#[test]
fn a_value_that_ends_the_host_is_refused() {
    let check = |url: &str, value: &str, expected: std::result::Result<&str, EndpointError>| {
        let json = json!({
            "version": "1.0",
            "parameters": {"V": {"type": "string"}},
            "rules": [{"type": "endpoint", "conditions": [], "endpoint": {"url": url}}],
        });
        let set = RuleSet::of_json(&json).unwrap();
        let given = Parameters::default().named("V", value);
        let is = set.resolve(&given, Rules::get().unwrap().partitions());
        assert_eq!(is.map(|e| e.url().to_owned()), expected.map(str::to_owned), "{url} {value:?}");
    };
    let host = |value: &str| Err(EndpointError::Host(value.to_owned()));
    check("https://{V}.a.com", "b", Ok("https://b.a.com"));
    check("https://{V}.a.com/", "b", Ok("https://b.a.com/"));
    for value in ["b/", "b?", "b#", "b@", "b:1", "b\\", "b c", "[", "b\n", "%", "é"] {
        check("https://{V}.a.com", value, host(value));
        check("https://{V}.a.com/{V}", value, host(value));
        check("{V}.a.com", value, host(value));
        check("https://a.com{V}", value, host(value));
    }
    check("{V}", "https://evil.com", host("https://evil.com"));
    check("https://{V}.a.com", "", Err(EndpointError::Url));
    check("https://{V}.a.com", ".", Err(EndpointError::Url));
    check("https://{V}a.com", "b.", Ok("https://b.a.com"));
    check("https://a.com/{V}", "b/c:d@e", Ok("https://a.com/b/c:d@e"));
    check("https://a.com/{V}", "b?c", Err(EndpointError::Url));
    check("https://a.com/{V}", "b#c", Err(EndpointError::Url));
    check("https://a.com/{V}", "b\r\nc", Err(EndpointError::Url));
}

#[test]
fn headers_hold_no_line_breaks() {
    let json = json!({
        "version": "1.0",
        "parameters": {"V": {"type": "string"}},
        "rules": [{"type": "endpoint", "conditions": [],
            "endpoint": {"url": "https://a.com", "headers": {"x-v": ["{V}", "b"]}}}],
    });
    let set = RuleSet::of_json(&json).unwrap();
    let partitions = Partitions::default();
    let headers = |value| {
        let given = Parameters::default().named("V", value);
        set.resolve(&given, &partitions).map(|endpoint| endpoint.headers().to_vec())
    };
    let both = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(headers("a"), Ok(vec![("x-v".to_owned(), both)]));
    for value in ["a\r\nb: c", "\n", "\0"] {
        assert_eq!(headers(value), Err(EndpointError::Header("x-v".to_owned())));
    }
    // Without a value there is no text to put in.
    let none = set.resolve(&Parameters::default(), &partitions);
    assert!(matches!(none, Err(EndpointError::Broken(_))));
}

#[test]
fn a_rule_whose_conditions_hold_is_the_last_one() {
    let json = json!({
        "version": "1.0",
        "parameters": {},
        "rules": [
            {"type": "tree", "conditions": [{"fn": "isSet", "argv": [true]}], "rules": [
                {"type": "error", "conditions": [{"fn": "not", "argv": [true]}], "error": "inner"}]},
            {"type": "error", "conditions": [], "error": "outer"},
        ],
    });
    let set = RuleSet::of_json(&json).unwrap();
    let is = set.resolve(&Parameters::default(), &Partitions::default());
    assert_eq!(is.unwrap_err(), EndpointError::NoRule);
}

/// The services whose rules take most apart; s3's do that most of all.
const SERVICES: [&str; 7] =
    ["s3", "s3", "s3control", "dynamodb", "kinesis", "events", "cloudfront-keyvaluestore"];

/// Texts that mean harm.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.:/@%\\[\\]_?#\\\\ -]{0,24}", any::<String>()]
}

/// What rules take apart, mostly well-formed, so that it gets far.
fn told() -> impl Strategy<Value = String> {
    let partition = "aws(-cn|-us-gov)?";
    let service = "s3|s3-outposts|s3-object-lambda|kinesis|events|dynamodb|cloudfront";
    let part = || prop_oneof![12 => "[a-z0-9-]{1,12}", 1 => hostile()];
    let region =
        prop_oneof![4 => Just("us-west-2".to_owned()), 2 => Just(String::new()), 1 => hostile()];
    let account = prop_oneof![8 => Just("123456789012".to_owned()), 1 => hostile()];
    let kind =
        "accesspoint|outpost|stream|channel|queue|table|key-value-store|event-bus|bucket_name";
    let arn = (partition, service, region, account, kind, prop::collection::vec(part(), 1..5))
        .prop_map(|(partition, service, region, account, kind, parts)| {
            format!("arn:{partition}:{service}:{region}:{account}:{kind}/{}", parts.join("/"))
        });
    prop_oneof![
        4 => arn,
        2 => part(),
        1 => "[a-z0-9-]{1,12}--[a-z0-9-]{1,6}--x-s3",
        1 => hostile(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked of the rules with the most ways: no panic, and no host but AWS's.
    #[test]
    fn hosts_are_those_of_aws(
        region in prop_oneof![4 => Just("us-west-2".to_owned()), 1 => hostile()],
        texts in prop::collection::vec(told(), 8),
        flags in prop::collection::vec(prop::bool::weighted(0.2), 8),
        service in prop::sample::select(&SERVICES),
    ) {
        let rules = Rules::get().unwrap();
        let set = rules.of(service).unwrap().unwrap();
        let mut given = Parameters::default();
        let (mut texts, mut flags) = (texts.iter().cycle(), flags.iter().cycle());
        for parameter in set.parameters() {
            let argument = match parameter.kind() {
                super::super::Kind::Bool => Argument::Bool(*flags.next().unwrap()),
                super::super::Kind::Text => Argument::Text(texts.next().unwrap()),
                super::super::Kind::List => continue,
            };
            given = match parameter.built_in() {
                Some(BuiltIn::Endpoint) => continue,
                Some(BuiltIn::Region) => given.built_in(BuiltIn::Region, region.as_str()),
                Some(_) | None => given.named(parameter.name(), argument),
            };
        }
        let Ok(endpoint) = set.resolve(&given, rules.partitions()) else { return Ok(()) };
        let other: http::Uri = endpoint.url().parse().unwrap();
        prop_assert_eq!(other.host(), Some(endpoint.host()));
        let suffixes = ["amazonaws.com", "amazonaws.com.cn", "api.aws", "amazonaws.eu", "on.aws", "c2s.ic.gov"];
        prop_assert!(
            suffixes.iter().any(|suffix| endpoint.host().ends_with(&format!(".{suffix}"))),
            "{}", endpoint.url()
        );
        prop_assert_eq!((endpoint.scheme(), endpoint.port()), ("https", None));
    }
}
