use serde_json::json;

use super::*;
use crate::catalog::{Effect, Models};
use crate::paginate::Keys;
use crate::validate::{Coercion, validate};

const WHOLE: Opening<'static> = Opening { depth: None, path: "", limit: usize::MAX };

fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').unwrap();
    Models::get().unwrap().service(service).unwrap().unwrap().operation(operation).unwrap()
}

fn opened(name: &str, opening: Opening<'_>) -> Value {
    input(operation(name), &opening).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn at(name: &str, path: &str) -> Value {
    let mut schema = opened(name, Opening { path, ..WHOLE });
    schema.as_object_mut().unwrap().shift_remove("$schema");
    schema
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

#[test]
fn a_schema_has_what_the_model_says() {
    assert_eq!(
        opened("kms:DescribeKey", Opening::default()),
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "KeyId": {"type": "string", "minLength": 1, "maxLength": 2048},
                "GrantTokens": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 8192},
                    "maxItems": 10,
                },
            },
            "required": ["KeyId"],
            "additionalProperties": false,
        })
    );
    let none = opened("sts:GetCallerIdentity", Opening::default());
    assert_eq!((&none["type"], &none["additionalProperties"]), (&json!("object"), &json!(false)));
    assert_eq!(none.get("properties"), None);
}

#[test]
fn every_kind_of_value_has_its_schema() {
    let check = |name: &str, path: &str, expected: Value| {
        assert_eq!(at(name, path), expected, "{name} {path}");
    };
    check("ec2:DescribeInstances", "DryRun", json!({"type": "boolean"}));
    check("ec2:DescribeInstances", "MaxResults", json!({"type": "integer", "format": "int32"}));
    check(
        "sts:AssumeRole",
        "DurationSeconds",
        json!({"type": "integer", "format": "int32", "minimum": 900, "maximum": 43200}),
    );
    check(
        "s3:PutObject",
        "Expires",
        json!({
            "type": ["string", "number"], "format": "date-time", "description": "or seconds since 1970",
        }),
    );
    check(
        "kms:Encrypt",
        "Plaintext",
        json!({
            "type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$",
            "minLength": 4, "maxLength": 5464, "x-sensitive": true,
        }),
    );
    check(
        "cloudwatch:PutMetricData",
        "MetricData[].Value",
        json!({"type": ["number", "string"], "pattern": "^(NaN|-?Infinity)$"}),
    );
    check(
        "dynamodb:PutItem",
        "ReturnItemCollectionMetrics",
        json!({"type": "string", "x-enum": ["SIZE", "NONE"]}),
    );
    check(
        "kms:CreateAlias",
        "AliasName",
        json!({
            "type": "string", "minLength": 1, "maxLength": 256, "x-pattern": "^[a-zA-Z0-9:/_-]+$",
        }),
    );
    check(
        "bedrock-runtime:Converse",
        "additionalModelRequestFields",
        json!({"description": "any JSON"}),
    );
    check(
        "lex-runtime:PostContent",
        "sessionAttributes",
        json!({"description": "any JSON, sent as a text", "x-sensitive": true}),
    );
    // A part of a path may not be empty.
    check("s3:GetObject", "Bucket", json!({"type": "string", "minLength": 1}));
    check(
        "s3:PutObject",
        "Metadata",
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
    );
}

#[test]
fn what_is_special_of_a_member_is_said() {
    let said = |name: &str, path: &str, keyword: &str| at(name, path)[keyword].clone();
    assert_eq!(said("ec2:RunInstances", "ClientToken", "description"), "filled in if left out");
    assert_eq!(said("s3:PutObject", "Body", "description"), "sent as the body");
    assert_eq!(
        said("s3control:GetAccessPoint", "AccountId", "description"),
        "part of the host: letters, digits, hyphens"
    );
    assert_eq!(said("ec2:RunInstances", "ElasticGpuSpecification", "deprecated"), true);
    assert_eq!(said("ec2:RunInstances", "UserData", "x-sensitive"), true);
    // A token that the model requires is filled in, and so not required.
    let needs = |operation: &Operation<'_>| {
        let members = operation.input().into_iter().flat_map(|shape| shape.members());
        members.into_iter().any(|m| m.is_required() && m.is_idempotency_token())
    };
    let models = Models::get().unwrap();
    let mut operations =
        models.names().flat_map(|name| models.service(name).unwrap().unwrap().operations());
    let operation = operations.find(needs).unwrap();
    let token = operation.input().unwrap().members().find(|m| m.is_idempotency_token()).unwrap();
    let schema = input(operation, &WHOLE).unwrap();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    assert!(!required.contains(&token.name().into()), "{schema}");
}

#[test]
fn of_a_union_exactly_one_member_is_taken() {
    let union = at("bedrock-runtime:Converse", "messages[].content[].toolResult.content[]");
    assert_eq!((&union["minProperties"], &union["maxProperties"]), (&json!(1), &json!(1)));
    assert_eq!(union["description"], "exactly one member");
}

#[test]
fn shapes_inside_themselves_are_references() {
    let put = opened("dynamodb:PutItem", WHOLE);
    let value = &put["$defs"]["AttributeValue"]["properties"];
    assert_eq!(value["L"]["items"], json!({"$ref": "#/$defs/AttributeValue"}));
    assert_eq!(put["properties"]["Item"]["additionalProperties"], value["L"]["items"]);
    // Of what is opened itself there is no second drawing.
    let item = at("dynamodb:PutItem", "Item{}");
    assert_eq!(item["properties"]["L"]["items"], json!({"$ref": "#"}));
    assert_eq!(item.get("$defs"), None);
    for name in [
        "wafv2:CreateWebACL",
        "lexv2-models:CreateIntent",
        "connect:SearchUsers",
        "ce:GetCostAndUsage",
    ] {
        let whole = opened(name, WHOLE);
        assert!(!whole.to_string().contains("cut: "), "{name}");
        assert!(whole.to_string().contains("$ref"), "{name}");
    }
}

#[test]
fn a_large_input_is_cut_where_it_is_wide_and_deep() {
    let run = opened("ec2:RunInstances", Opening::default());
    assert!((6_000..=LIMIT).contains(&size(&run)), "{}", size(&run));
    assert_eq!(run["required"], json!(["MaxCount", "MinCount"]));
    assert_eq!(run["properties"]["MinCount"]["type"], "integer");
    assert_eq!(run["properties"]["Placement"]["properties"]["HostId"]["type"], "string");
    assert_eq!(
        run["properties"]["NetworkInterfaces"]["items"],
        json!({"type": "object", "description": "cut: open with path NetworkInterfaces[]"})
    );
    let kind = &run["properties"]["InstanceType"];
    assert_eq!(kind["x-enum"].as_array().unwrap().len(), 24);
    let about = kind["description"].as_str().unwrap();
    assert!(about.starts_with("24 of 1") && about.ends_with("with path InstanceType"), "{about}");
    let kinds = opened("ec2:RunInstances", Opening { path: "InstanceType", ..Opening::default() });
    assert!(kinds["x-enum"].as_array().unwrap().len() > 200 && size(&kinds) <= LIMIT);
    let kinds = at("ec2:RunInstances", "InstanceType");
    assert!(kinds["x-enum"].as_array().unwrap().len() > 1_000);
}

#[test]
fn required_branches_are_cut_last() {
    let acl = opened("wafv2:CreateWebACL", Opening { limit: 3_600, ..Opening::default() });
    assert!(acl["properties"]["VisibilityConfig"].get("properties").is_some(), "{acl}");
    assert!(acl["properties"]["DefaultAction"].get("properties").is_some(), "{acl}");
    assert_eq!(acl["properties"]["Rules"]["items"]["description"], "cut: open with path Rules[]");
}

#[test]
fn depth_is_counted_in_structures() {
    let depth = |depth: usize| {
        opened("ec2:RunInstances", Opening { depth: Some(depth), ..WHOLE })["properties"]
            ["NetworkInterfaces"]["items"]
            .clone()
    };
    assert_eq!(depth(1)["description"], "cut: open with path NetworkInterfaces[]");
    assert_eq!(depth(0), depth(1));
    assert_eq!(
        depth(2)["properties"]["PrivateIpAddresses"]["items"]["description"],
        "cut: open with path NetworkInterfaces[].PrivateIpAddresses[]"
    );
    assert!(depth(3)["properties"]["PrivateIpAddresses"]["items"].get("properties").is_some());
}

#[test]
fn a_path_opens_a_branch_by_names_in_any_case() {
    let expected = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"Primary": {"type": "boolean"}, "PrivateIpAddress": {"type": "string"}},
            "additionalProperties": false,
        },
    });
    for path in [
        "NetworkInterfaces[].PrivateIpAddresses",
        " networkinterfaces[].private_ip_addresses ",
        "network-interfaces.privateIpAddresses",
        "NetworkInterfaces[0].PrivateIpAddresses",
        ".NetworkInterfaces[*].PrivateIpAddresses",
    ] {
        assert_eq!(at("ec2:RunInstances", path), expected, "{path}");
    }
    let entry = at("ec2:RunInstances", "NetworkInterfaces[].PrivateIpAddresses[]");
    assert_eq!(entry, expected["items"]);
    for path in ["Item{}.M{}.S", "item.m.s", "Item[].M{id}.S"] {
        assert_eq!(at("dynamodb:PutItem", path), json!({"type": "string"}), "{path}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_an_error_with_the_nearest_name() {
    let check = |name: &str, path: &str, expected: &str| {
        let opening = Opening { path, ..Opening::default() };
        assert_eq!(input(operation(name), &opening).unwrap_err().to_string(), expected, "{path}");
    };
    let run = "ec2:RunInstances";
    check(
        run,
        "NetworkInterface",
        "NetworkInterface: the input has no member NetworkInterface; did you mean NetworkInterfaces?",
    );
    check(
        run,
        "Placement.Tenency",
        "Placement.Tenency: Placement has no member Tenency; did you mean Tenancy?",
    );
    check(
        run,
        "HibernationOptions.x",
        "HibernationOptions.x: HibernationOptions has no member x; there are Configured",
    );
    check(run, "ImageId.x", "ImageId.x: ImageId has no members: nothing is below it");
    check(run, "ImageId[]", "ImageId[]: ImageId is neither a list nor a map");
    check("sts:GetCallerIdentity", "a", "a: the input has no member a; there are none");
    let long = Opening { path: &"ü".repeat(10_000), ..Opening::default() };
    assert!(input(operation(run), &long).unwrap_err().to_string().len() < 2_000);
    for path in ["[", "{", "[]]", "..", "a[", "}", "\u{0}", "[{"] {
        let opening = Opening { path, ..Opening::default() };
        let schema = input(operation(run), &opening);
        assert!(schema.is_err() || path == "..", "{path}");
    }
}

#[test]
fn no_schema_is_above_its_limit() {
    for name in [
        "ec2:RunInstances",
        "wafv2:CreateWebACL",
        "quicksight:CreateAnalysis",
        "bedrock-runtime:Converse",
        "ec2:CreateVolume",
    ] {
        for limit in (0..=12_000).step_by(700).chain([501, 502, 40_000]) {
            for path in ["", if name == "ec2:RunInstances" { "InstanceType" } else { "" }] {
                let schema = opened(name, Opening { limit, path, ..Opening::default() });
                let size = size(&schema);
                assert!(size <= limit.max(LEAST), "{name} {path} {limit}: {size}");
                jsonschema::draft202012::meta::validate(&schema).unwrap();
            }
        }
    }
}

#[test]
fn where_members_do_not_fit_there_are_names_the_required_first() {
    let run = opened("ec2:RunInstances", Opening { limit: 2_000, ..Opening::default() });
    let names: Vec<&String> = run["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names[..2], ["MaxCount", "MinCount"]);
    assert_eq!(names.len(), operation("ec2:RunInstances").input().unwrap().members().len());
    assert_eq!(run["properties"]["MinCount"], json!({"type": "integer", "format": "int32"}));
    assert_eq!(run["properties"]["EbsOptimized"], true);
    assert_eq!(run["additionalProperties"], false);
    let few = opened("ec2:RunInstances", Opening { limit: LEAST, ..Opening::default() });
    let about = few["description"].as_str().unwrap();
    assert!(about.ends_with("more members are left out"), "{about}");
    assert_eq!(few.get("additionalProperties"), None);
    assert_eq!(few["required"], json!(["MaxCount", "MinCount"]));
}

#[test]
fn an_outline_is_nested_as_the_output_is() {
    let check = |name: &str, limit: usize, expected: Value| {
        let shape = operation(name).output().unwrap();
        assert_eq!(outline(shape, limit), expected, "{name}");
    };
    check(
        "sts:GetCallerIdentity",
        2_500,
        json!({"UserId": "string", "Account": "string", "Arn": "string"}),
    );
    check(
        "sqs:ReceiveMessage",
        2_500,
        json!({"Messages": [{
            "MessageId": "string", "ReceiptHandle": "string", "MD5OfBody": "string", "Body": "string",
            "Attributes": {"*": "string"}, "MD5OfMessageAttributes": "string",
            "MessageAttributes": {"*": {
                "StringValue": "string", "BinaryValue": "base64", "StringListValues": ["string"],
                "BinaryListValues": ["base64"], "DataType": "string",
            }},
        }]}),
    );
    check(
        "sqs:ReceiveMessage",
        180,
        json!({"Messages": [{
            "MessageId": "string", "ReceiptHandle": "string", "MD5OfBody": "string", "Body": "string",
            "Attributes": {"*": "string"}, "...": "2 more",
        }]}),
    );
    check("sqs:ReceiveMessage", 0, json!({"Messages": ["{...}"]}));
    let item = outline(operation("dynamodb:GetItem").output().unwrap(), 2_500);
    assert_eq!(item["Item"]["*"]["L"], json!(["again: AttributeValue"]));
    let object = outline(operation("s3:GetObject").output().unwrap(), 2_500);
    assert_eq!(object["Body"], "stream, base64");
    assert_eq!(object["LastModified"], "time");
    let events = outline(operation("bedrock-runtime:ConverseStream").output().unwrap(), 2_500);
    assert_eq!(events["stream"], "events");
}

#[test]
fn no_outline_is_above_its_limit() {
    for name in ["ec2:DescribeInstances", "quicksight:DescribeAnalysisDefinition", "s3:GetObject"] {
        let shape = operation(name).output().unwrap();
        for limit in (100..6_000).step_by(37) {
            let outline = outline(shape, limit);
            assert!(size(&outline) <= limit, "{name} {limit}: {}", size(&outline));
        }
        assert!(size(&outline(shape, usize::MAX)) <= 256 << 10, "{name}");
    }
}

#[test]
fn an_example_has_what_is_required_with_likely_values() {
    let check = |name: &str, expected: Value| {
        let operation = operation(name);
        let example = example(operation);
        assert_eq!(example, expected, "{name}");
        let valid = validate(operation, &example, Coercion::Off).unwrap();
        assert_eq!(valid.warnings, [], "{name}");
    };
    check("ec2:DescribeInstances", json!({}));
    check("ec2:TerminateInstances", json!({"InstanceIds": ["i-0123456789abcdef0"]}));
    check("s3:PutObject", json!({"Bucket": "amzn-s3-demo-bucket", "Key": "example"}));
    check(
        "sts:AssumeRole",
        json!({"RoleArn": "arn:aws:iam::123456789012:role/example", "RoleSessionName": "example"}),
    );
    check(
        "ec2:CreateTags",
        json!({"Resources": ["i-0123456789abcdef0"], "Tags": [{"Key": "example", "Value": "example"}]}),
    );
    check(
        "sqs:SendMessage",
        json!({
            "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/example",
            "MessageBody": "example",
        }),
    );
    check(
        "dynamodb:GetItem",
        json!({"TableName": "example", "Key": {"example": {"S": "example"}}}),
    );
}

#[test]
fn facts_are_those_of_the_catalog_and_the_model() {
    let users = facts(operation("iam:ListUsers"));
    assert_eq!((users.effect, users.weakest), (Effect::Read, Effect::Read));
    assert_eq!(users.actions, ["iam:ListUsers"]);
    let keys =
        Keys { input_tokens: vec!["Marker"], limit: Some("MaxItems"), results: vec!["Users"] };
    assert_eq!(users.pages, Some(keys));
    assert!(facts(operation("logs:GetLogEvents")).pages.is_some());
    assert_eq!(facts(operation("sts:AssumeRole")).pages, None);

    let instances = facts(operation("ec2:DescribeInstances"));
    let waiters = ["InstanceExists", "InstanceRunning", "InstanceStopped", "InstanceTerminated"];
    assert_eq!(instances.waiters, waiters);
    assert_eq!(facts(operation("ec2:RunInstances")).required, ["MaxCount", "MinCount"]);

    let streams = |name: &str| {
        let facts = facts(operation(name));
        (facts.input_stream, facts.output_stream)
    };
    assert_eq!(streams("s3:PutObject"), (Streams::Body, Streams::Nothing));
    assert_eq!(streams("s3:GetObject"), (Streams::Nothing, Streams::Body));
    assert_eq!(streams("bedrock-runtime:ConverseStream"), (Streams::Nothing, Streams::Events));
    assert!(facts(operation("s3:PutBucketLifecycle")).is_deprecated);
    assert!(!users.is_deprecated);
}
