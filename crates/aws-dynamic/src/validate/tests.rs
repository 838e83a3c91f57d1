use serde_json::json;

use super::*;
use crate::catalog::Models;

fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').unwrap();
    Models::get().unwrap().service(service).unwrap().unwrap().operation(operation).unwrap()
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

/// The problems of an input whose types are taken as they are.
fn wrong(name: &str, input: Value, expected: &[&str]) {
    let invalid = validate(operation(name), &input, Coercion::Off).unwrap_err();
    assert_eq!(lines(&invalid.problems), expected, "{name} {input}");
}

/// An input that goes as it is, without a word.
fn right(name: &str, input: Value) {
    for coercion in [Coercion::Off, Coercion::On] {
        let valid = validate(operation(name), &input, coercion).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(Value::Object(valid.input), input, "{name}");
        assert_eq!(lines(&valid.warnings), [""; 0], "{name} {input}");
        assert_eq!(lines(&valid.coercions), [""; 0], "{name} {input}");
    }
}

/// What an input is coerced to, and that it is wrong where nothing is coerced.
fn coerced(name: &str, input: Value, expected: Value, notes: &[&str]) {
    let valid = validate(operation(name), &input, Coercion::On).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(Value::Object(valid.input), expected, "{name} {input}");
    assert_eq!(lines(&valid.coercions), notes, "{name} {input}");
    assert!(validate(operation(name), &input, Coercion::Off).is_err(), "{name} {input}");
}

/// An input that is wrong even where it is coerced.
fn wrong_too(name: &str, input: Value, expected: &[&str]) {
    wrong(name, input.clone(), expected);
    let invalid = validate(operation(name), &input, Coercion::On).unwrap_err();
    assert_eq!(lines(&invalid.problems), expected, "{name} {input}");
}

fn warned(name: &str, input: Value, expected: &[&str]) {
    let valid = validate(operation(name), &input, Coercion::On).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(lines(&valid.warnings), expected, "{name} {input}");
}

#[test]
fn inputs_that_are_right_pass_as_they_are() {
    right("sts:GetCallerIdentity", json!({}));
    right("ec2:DescribeInstances", json!({"Filters": [{"Name": "a", "Values": ["b"]}]}));
    right("ec2:DescribeInstances", json!({"MaxResults": 5, "DryRun": false}));
    right("dynamodb:GetItem", json!({"TableName": "t", "Key": {"id": {"S": "1"}}}));
    right("s3:PutObject", json!({"Bucket": "b", "Key": "k", "Body": "aGk=", "Expires": 1.5}));
    right(
        "s3:GetObject",
        json!({"Bucket": "b", "Key": "k", "IfModifiedSince": "2026-01-31T12:00:00Z"}),
    );
    right(
        "s3:GetObject",
        json!({"Bucket": "b", "Key": "k", "IfModifiedSince": "Sat, 31 Jan 2026 12:00:00 GMT"}),
    );
    right(
        "cloudwatch:PutMetricData",
        json!({
            "Namespace": "n", "MetricData": [{"MetricName": "m", "Value": "NaN"}],
        }),
    );
    right(
        "bedrock-runtime:Converse",
        json!({
            "modelId": "m", "messages": [{"role": "user", "content": [{"text": "t"}]}],
            "additionalModelRequestFields": {"any": [1, null, {"thing": true}]},
        }),
    );
}

#[test]
fn an_input_of_null_is_none_and_a_member_of_null_is_absent() {
    assert!(validate(operation("sts:GetCallerIdentity"), &Value::Null, Coercion::Off).is_ok());
    let input = json!({"MaxResults": null});
    let valid = validate(operation("ec2:DescribeInstances"), &input, Coercion::Off).unwrap();
    assert!(valid.input.is_empty());
    wrong(
        "sqs:GetQueueUrl",
        json!({"QueueName": null}),
        &["QueueName: is required, and missing: expected a string"],
    );
}

#[test]
fn wrong_types_are_named_with_their_place() {
    wrong(
        "ec2:DescribeInstances",
        json!({"Filters": [{"Values": "running"}]}),
        &["Filters[0].Values: expected a list of strings, got a string"],
    );
    wrong(
        "ec2:DescribeInstances",
        json!({"Filters": {"Name": "a"}}),
        &["Filters: expected a list of objects, got an object"],
    );
    wrong(
        "ec2:DescribeInstances",
        json!({"MaxResults": "5"}),
        &["MaxResults: expected an integer, got a string"],
    );
    wrong(
        "ec2:DescribeInstances",
        json!({"DryRun": 1}),
        &["DryRun: expected true or false, got a number"],
    );
    wrong("ec2:DescribeInstances", json!([1]), &["the input: expected an object, got a list"]);
    wrong(
        "ec2:DescribeInstances",
        json!({"InstanceIds": ["i-1", null]}),
        &["InstanceIds[1]: expected a string, got null"],
    );
    wrong(
        "s3:PutObject",
        json!({"Bucket": "b", "Key": "k", "Body": "not base64!"}),
        &["Body: expected bytes in base64, got a string"],
    );
    wrong(
        "s3:PutObject",
        json!({"Bucket": "b", "Key": "k", "Expires": "tomorrow"}),
        &["Expires: expected a time (2026-01-31T12:00:00Z), got a string"],
    );
}

#[test]
fn a_number_that_is_no_time_is_a_problem() {
    for number in [json!(u64::MAX), json!(1e300)] {
        wrong(
            "s3:PutObject",
            json!({"Bucket": "b", "Key": "k", "Expires": number}),
            &["Expires: expected a time (2026-01-31T12:00:00Z), got a number"],
        );
    }
}

#[test]
fn all_problems_are_found_at_once() {
    wrong(
        "sts:AssumeRole",
        json!({"RoleArn": 5, "DurationSeconds": 5, "rolesessionname": "a", "Tags": [{"Kee": "a"}]}),
        &[
            "RoleArn: expected a string, got a number",
            "DurationSeconds: expected 900 to 43200",
            "rolesessionname: there is no such member; did you mean RoleSessionName?",
            "Tags[0].Kee: there is no such member; did you mean Key?",
            "Tags[0].Key: is required, and missing: expected a string",
            "Tags[0].Value: is required, and missing: expected a string",
            "RoleSessionName: is required, and missing: expected a string",
        ],
    );
}

#[test]
fn unknown_members_come_with_the_nearest_name() {
    let check = |name: &str, expected: &str| {
        wrong(
            "sqs:GetQueueUrl",
            json!({"QueueName": "q", name: 1}),
            &[&format!("{name}: {expected}")],
        );
    };
    check("queueName", "there is no such member; did you mean QueueName?");
    check("queue-name", "there is no such member; did you mean QueueName?");
    check("QuueName", "there is no such member; did you mean QueueName?");
    check("X", "there is no such member; there are QueueName, QueueOwnerAWSAccountId");
    check(
        &"x".repeat(100_000),
        "there is no such member; there are QueueName, QueueOwnerAWSAccountId",
    );
    wrong("sts:GetCallerIdentity", json!({"A": 1}), &["A: there is no such member, nor any other"]);
}

#[test]
fn lengths_and_ranges_are_held() {
    wrong(
        "sts:AssumeRole",
        json!({"RoleArn": "a".repeat(20), "RoleSessionName": "a"}),
        &["RoleSessionName: expected 2 to 64 characters, got 1"],
    );
    wrong(
        "dynamodb:BatchGetItem",
        json!({"RequestItems": {}}),
        &["RequestItems: expected 1 to 100 entries, got 0"],
    );
    wrong(
        "ec2:DescribeInstances",
        json!({"MaxResults": 3_000_000_000_u64}),
        &["MaxResults: expected -2147483648 to 2147483647"],
    );
    wrong(
        "kms:Encrypt",
        json!({"KeyId": "k", "Plaintext": ""}),
        &["Plaintext: expected 1 to 4096 bytes, got 0"],
    );
    wrong(
        "s3:GetObject",
        json!({"Bucket": "b", "Key": ""}),
        &[
            "Key: expected at least 1 characters, got 0",
            "Key: may not be empty: it is a part of the path",
        ],
    );
}

#[test]
fn of_a_union_exactly_one_is_given() {
    let item = |value: Value| json!({"TableName": "t", "Item": {"id": value}});
    let message =
        |value: Value| json!({"modelId": "m", "messages": [{"role": "user", "content": [value]}]});
    right("dynamodb:PutItem", item(json!({"S": "1"})));
    let names = "S, N, B, SS, NS, BS, M, L, NULL, BOOL";
    for (value, count) in [(json!({}), 0), (json!({"N": "1", "S": "a"}), 2)] {
        let line = format!("Item.id: expected exactly one of {names}, got {count}");
        wrong("dynamodb:PutItem", item(value), &[&line]);
    }
    wrong(
        "s3:PutBucketMetricsConfiguration",
        json!({"Bucket": "bbb", "Id": "i", "MetricsConfiguration": {"Id": "i", "Filter": {}}}),
        &[
            "MetricsConfiguration.Filter: expected exactly one of Prefix, Tag, AccessPointArn, And, got 0",
        ],
    );
    for (content, count) in [(json!({}), 0), (json!({"text": "a", "image": null}), 1)] {
        let invalid =
            validate(operation("bedrock-runtime:Converse"), &message(content), Coercion::Off);
        assert_eq!(invalid.is_ok(), count == 1);
    }
    let both = message(json!({"text": "a", "cachePoint": {"type": "default"}}));
    let invalid =
        validate(operation("bedrock-runtime:Converse"), &both, Coercion::Off).unwrap_err();
    let line = invalid.to_string();
    assert!(
        line.starts_with("messages[0].content[0]: expected exactly one of text, image"),
        "{line}"
    );
    assert!(line.ends_with(", got 2"), "{line}");
}

#[test]
fn what_can_only_mean_one_thing_is_read_as_that() {
    coerced(
        "ec2:DescribeInstances",
        json!({"MaxResults": "5", "DryRun": "true"}),
        json!({"MaxResults": 5, "DryRun": true}),
        &[
            "MaxResults: a string was read as an integer",
            "DryRun: a string was read as true or false",
        ],
    );
    coerced(
        "ec2:DescribeInstances",
        json!({"MaxResults": 5.0}),
        json!({"MaxResults": 5}),
        &["MaxResults: a number was read as an integer"],
    );
    coerced(
        "ec2:DescribeInstances",
        json!({"InstanceIds": "i-1"}),
        json!({"InstanceIds": ["i-1"]}),
        &["InstanceIds: one value was read as a list of one"],
    );
    coerced(
        "ec2:DescribeInstances",
        json!({"Filters": {"Name": "a", "Values": ["b", 1]}}),
        json!({"Filters": [{"Name": "a", "Values": ["b", "1"]}]}),
        &[
            "Filters: one value was read as a list of one",
            "Filters[0].Values[1]: a number was read as a string",
        ],
    );
    for input in
        [json!({"MaxResults": "five"}), json!({"MaxResults": 5.5}), json!({"DryRun": "yes"})]
    {
        assert!(
            validate(operation("ec2:DescribeInstances"), &input, Coercion::On).is_err(),
            "{input}"
        );
    }
}

/// `1.10` and `1e2` have come as other numbers already when they are seen here.
#[test]
fn a_number_is_a_text_only_if_it_is_what_was_written() {
    let item = |number: &str| -> Value {
        let text = format!(r#"{{"TableName": "t", "Item": {{"id": {{"N": {number}}}}}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    for kept in ["0", "-5", "18446744073709551615", "-9223372036854775808"] {
        coerced(
            "dynamodb:PutItem",
            item(kept),
            json!({"TableName": "t", "Item": {"id": {"N": kept}}}),
            &["Item.id.N: a number was read as a string"],
        );
    }
    for lost in [
        "12345678901234567890123456789012345678",
        "99999999999999999999",
        "18446744073709551616",
        "0.1234567890123456789012345",
        "1e2",
        "1.10",
        "1.5",
        "-0",
    ] {
        for coercion in [Coercion::On, Coercion::Off] {
            let invalid = validate(operation("dynamodb:PutItem"), &item(lost), coercion);
            let lines = lines(&invalid.unwrap_err().problems);
            assert_eq!(
                lines,
                [
                    "Item.id.N: got a number that may have lost digits: write it as a text, which keeps all"
                ],
                "{lost}"
            );
        }
    }
}

#[test]
fn documents_have_no_number_that_lost_digits() {
    let with = |number: &str| -> Value {
        let text = format!(
            r#"{{"modelId": "m", "additionalModelRequestFields": {{"a": [{{"b": {number}}}]}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    for kept in ["0.1", "0.30000000000000004", "9e14", "18446744073709551615", "-1"] {
        right("bedrock-runtime:Converse", with(kept));
    }
    for lost in ["123456789012345678901234567890", "99999999999999999999", "-1e17"] {
        let problem = "additionalModelRequestFields.a[0].b: is a number that may have lost digits: write an \
                       integer of at most 64 bits, or a text if that may stand there";
        wrong("bedrock-runtime:Converse", with(lost), &[problem]);
    }
    let user: Value = serde_json::from_str("[99999999999999999999]").unwrap();
    let publish = json!({"topic": "a", "userProperties": user});
    assert!(validate(operation("iot-data:Publish"), &publish, Coercion::On).is_err());
}

#[test]
fn a_number_that_single_precision_cannot_hold_is_a_problem() {
    let data = |number: f64| {
        let vectors = json!([{"key": "k", "data": {"float32": [number]}}]);
        json!({"vectorBucketName": "bbb", "indexName": "iii", "vectors": vectors})
    };
    right("s3vectors:PutVectors", data(3.4e38));
    wrong(
        "s3vectors:PutVectors",
        data(1e39),
        &["vectors[0].data.float32[0]: expected -3.4028235e38 to 3.4028235e38"],
    );
}

#[test]
fn times_without_a_zone_are_in_utc() {
    for (given, read) in [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.25", "2026-01-31T12:00:00.25Z"),
    ] {
        coerced(
            "cloudtrail:LookupEvents",
            json!({"StartTime": given}),
            json!({"StartTime": read}),
            &["StartTime: a time without a zone was read as UTC"],
        );
    }
    for given in [
        "2026-02-30",
        "2026-1-31",
        "31.01.2026",
        "2026-01-31 ",
        "2026-01-31T25:00:00",
        "tomorrow00",
    ] {
        wrong_too(
            "cloudtrail:LookupEvents",
            json!({"StartTime": given}),
            &["StartTime: expected a time (2026-01-31T12:00:00Z), got a string"],
        );
    }
}

#[test]
fn a_token_is_required_where_nobody_fills_it_in() {
    let with = |input: Value, tokens| {
        let end = examine(operation("s3control:CreateJob"), &input, Coercion::On, tokens).end();
        end.map_or_else(|invalid| invalid.to_string(), |_| String::new())
    };
    let missing = "ClientRequestToken: is required, and missing: expected a string";
    assert!(!with(json!({}), Tokens::Filled).contains("ClientRequestToken"));
    assert!(with(json!({}), Tokens::Left).contains(missing));
    assert!(!with(json!({"ClientRequestToken": "a"}), Tokens::Left).contains(missing));
    // What names a thing that is there is no token, whatever botocore says.
    for (name, member) in [
        ("athena:DeleteNamedQuery", "NamedQueryId"),
        ("athena:StopQueryExecution", "QueryExecutionId"),
        ("chime-sdk-messaging:ChannelFlowCallback", "CallbackId"),
        ("elementalinference:AssociateFeed", "associatedResourceName"),
        ("elementalinference:DisassociateFeed", "associatedResourceName"),
    ] {
        let invalid = validate(operation(name), &json!({}), Coercion::On).unwrap_err();
        let missing = format!("{member}: is required, and missing: expected a string");
        assert!(lines(&invalid.problems).contains(&missing), "{name}");
    }
    // One that may be left out may be.
    let run = json!({"MinCount": 1, "MaxCount": 1});
    assert!(examine(operation("ec2:RunInstances"), &run, Coercion::On, Tokens::Left).end().is_ok());
}

#[test]
fn what_cannot_be_a_header_is_a_problem() {
    let put = |metadata: Value| json!({"Bucket": "bbb", "Key": "k", "Metadata": metadata});
    right("s3:PutObject", put(json!({"plain": "a b/c&d<e>\"f\t~", "!#$%&'*+-.^_`|~09aZ": ""})));
    let control = "may not have control characters such as line breaks: it is sent as a header";
    let name = "is no name of a header: expected ASCII letters, digits and any of !#$%&'*+-.^_`|~";
    let ascii = "may have ASCII characters alone, as it is sent as a header: encode the text, as \
                 base64 for one";
    let same = "is the name of another entry but for capitals, which headers do not tell apart";
    wrong(
        "s3:PutObject",
        put(
            json!({"a b": "x\r\ny: z", "\u{dc}n\u{ef}": "v", "v": "\u{e9}", "V": "1", "n": "\u{0}"}),
        ),
        &[
            &format!("Metadata.a b: {name}"),
            &format!("Metadata.a b: {control}"),
            &format!("Metadata.\u{dc}n\u{ef}: {name}"),
            &format!("Metadata.v: {ascii}"),
            &format!("Metadata.V: {same}"),
            &format!("Metadata.n: {control}"),
        ],
    );
    wrong(
        "s3:PutObject",
        json!({"Bucket": "bbb", "Key": "k", "ContentType": "text/\u{7f}plain"}),
        &[&format!("ContentType: {control}")],
    );
    wrong(
        "entityresolution:BatchDeleteUniqueId",
        json!({"workflowName": "w", "uniqueIds": ["a", "b\n"]}),
        &[&format!("uniqueIds[1]: {control}")],
    );
}

#[test]
fn what_services_may_know_better_is_a_warning() {
    warned(
        "s3:PutObject",
        json!({"Bucket": "b", "Key": "k", "StorageClass": "GLACER"}),
        &["StorageClass: is none of the known values STANDARD, REDUCED_REDUNDANCY, STANDARD_IA, \
         ONEZONE_IA, INTELLIGENT_TIERING, GLACIER, DEEP_ARCHIVE, OUTPOSTS, GLACIER_IR, SNOW, \
         EXPRESS_ONEZONE, FSX_OPENZFS, FSX_ONTAP, AWS_BACKUP_WARM, AWS_BACKUP_LOW_COST_WARM; did you mean GLACIER?"],
    );
    warned("lambda:GetFunction", json!({"FunctionName": "a function!"}), &[]);
    warned(
        "kms:CreateAlias",
        json!({"AliasName": "!", "TargetKeyId": "k"}),
        &["AliasName: does not match the pattern ^[a-zA-Z0-9:/_-]+$"],
    );
}

#[test]
fn no_finding_repeats_a_value() {
    let secret = "s3cr3t-value";
    let input = json!({
        "RoleArn": {"a": secret}, "RoleSessionName": secret.repeat(10), "Policy": [secret],
        "DurationSeconds": secret, "Tags": secret, "TokenCode": secret,
    });
    let invalid = validate(operation("sts:AssumeRole"), &input, Coercion::On).unwrap_err();
    let text = format!("{invalid:?}");
    assert!(invalid.problems.len() > 4 && !text.contains(secret), "{text}");
}

#[test]
fn findings_are_bounded_and_depth_ends() {
    let many: Vec<Value> = (0..10_000).map(|_| Value::Bool(true)).collect();
    let invalid =
        validate(operation("ec2:DescribeInstances"), &json!({"InstanceIds": many}), Coercion::Off);
    let problems = invalid.unwrap_err().problems;
    assert_eq!(problems.len(), MOST);
    let last = "the input: has 9951 more problems, which are not listed";
    assert_eq!(problems.last().map(Finding::to_string).as_deref(), Some(last));
    let numbers: Vec<Value> = (0..60).map(Value::from).collect();
    let input = json!({"InstanceIds": numbers});
    let valid = validate(operation("ec2:DescribeInstances"), &input, Coercion::On).unwrap();
    let last = "the input: has 11 more coercions, which are not listed";
    assert_eq!(valid.coercions.last().map(Finding::to_string).as_deref(), Some(last));

    // Ten thousand unknown names are not each compared with all known ones.
    let unknown: Map<String, Value> =
        (0..10_000).map(|n| (format!("{n:0>90}"), Value::Null)).collect();
    let invalid = validate(operation("ec2:RunInstances"), &unknown.into(), Coercion::On);
    let problems = invalid.unwrap_err().problems;
    assert_eq!(problems.len(), MOST);
    assert!(problems.last().is_some_and(|last| last.what.starts_with("has 9953 more")));

    let mut deep = json!({"S": "x"});
    for _ in 0..400 {
        deep = json!({"L": [deep]});
    }
    let input = json!({"TableName": "t", "Item": {"id": deep}});
    let invalid = validate(operation("dynamodb:PutItem"), &input, Coercion::Off).unwrap_err();
    assert!(invalid.to_string().ends_with("is nested too deeply"));
}

/// Any value in the place of any input of any operation of some services: an answer, never a panic.
#[test]
fn garbage_is_answered() {
    let garbage = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("ÿ\u{0}"),
        json!([]),
        json!([[[]]]),
        json!({}),
        json!({"": {"": [null]}}),
    ];
    let mut problems = 0;
    for name in ["dynamodb", "route53", "sqs", "s3"] {
        for operation in Models::get().unwrap().service(name).unwrap().unwrap().operations() {
            let members = operation.input().into_iter().flat_map(|shape| shape.members());
            let names: Vec<&str> = members.map(Member::name).collect();
            for value in &garbage {
                let all: Map<String, Value> =
                    names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
                for (input, coercion) in
                    [(value, Coercion::On), (&Value::Object(all), Coercion::On)]
                {
                    let result = validate(operation, input, coercion);
                    problems += result.map_or_else(|invalid| invalid.problems.len(), |_| 0);
                }
            }
        }
    }
    assert!(problems > 5_000, "{problems}");
}

#[test]
fn a_word_that_is_base64_by_accident_is_told() {
    let put = |body: &str| json!({"Bucket": "b", "Key": "k", "Body": body});
    let read = |count: usize| {
        format!(
            "Body: was read as base64, {count} bytes that are no text; to send a text give its base64"
        )
    };
    for (word, count) in [("TODO", 3), ("password", 6), ("deployedtoday123", 12)] {
        warned("s3:PutObject", put(word), &[&read(count)]);
    }
    // What says by its padding, its length or what is in it that it is meant.
    let long = "/".repeat(64);
    let random = "q83v".repeat(17);
    for meant in ["", "aGk=", "aGVsbG8K", "YWJj", "/+8B", &long, &random] {
        right("s3:PutObject", put(meant));
    }
}
