//! Any operation through four tools: what lives and dies at many services by `aws_execute` alone, what
//! only reads by `aws_read`, pages, waits, and results that do not fit into an answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use support::{
    Example, FakeAws, Home, Moto, PLANTED_KEY, Request, Response, Server, check_section_of, full,
};

/// A server before the emulator, whose policy lets writes and deletions run.
fn emulated() -> Server {
    Moto::shared().unasked(&[])
}

/// What happens to one resource: each step an operation with its payload, and what its answer holds,
/// where that is looked at. `$a.b` is what the first step's answer has there.
const LIVES: &[&[(&str, &str, &str, &str)]] = &[
    &[
        ("sqs", "CreateQueue", r#"{"QueueName": "lived"}"#, ""),
        (
            "sqs",
            "SetQueueAttributes",
            r#"{"QueueUrl": "$QueueUrl", "Attributes": {"DelaySeconds": "7"}}"#,
            "",
        ),
        (
            "sqs",
            "GetQueueAttributes",
            r#"{"QueueUrl": "$QueueUrl", "AttributeNames": ["DelaySeconds"]}"#,
            r#""DelaySeconds":"7""#,
        ),
        ("sqs", "DeleteQueue", r#"{"QueueUrl": "$QueueUrl"}"#, ""),
    ],
    &[
        ("sns", "CreateTopic", r#"{"Name": "lived"}"#, ""),
        (
            "sns",
            "TagResource",
            r#"{"ResourceArn": "$TopicArn", "Tags": [{"Key": "a", "Value": "b"}]}"#,
            "",
        ),
        ("sns", "ListTagsForResource", r#"{"ResourceArn": "$TopicArn"}"#, r#""Key":"a""#),
        ("sns", "DeleteTopic", r#"{"TopicArn": "$TopicArn"}"#, ""),
    ],
    &[
        (
            "dynamodb",
            "CreateTable",
            r#"{"TableName": "lived", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}"#,
            "lived",
        ),
        (
            "dynamodb",
            "PutItem",
            r#"{"TableName": "lived", "Item": {"k": {"S": "one"}, "n": {"N": "1"}}}"#,
            "",
        ),
        (
            "dynamodb",
            "GetItem",
            r#"{"TableName": "lived", "Key": {"k": {"S": "one"}}}"#,
            r#""N":"1""#,
        ),
        ("dynamodb", "DeleteTable", r#"{"TableName": "lived"}"#, ""),
    ],
    &[
        ("s3", "CreateBucket", r#"{"Bucket": "lived-bucket"}"#, ""),
        (
            "s3",
            "PutObject",
            r#"{"Bucket": "lived-bucket", "Key": "a b/é", "Body": "aGVsbG8="}"#,
            "ETag",
        ),
        ("s3", "GetObject", r#"{"Bucket": "lived-bucket", "Key": "a b/é"}"#, "hello"),
        ("s3", "DeleteObject", r#"{"Bucket": "lived-bucket", "Key": "a b/é"}"#, ""),
        ("s3", "DeleteBucket", r#"{"Bucket": "lived-bucket"}"#, ""),
    ],
    &[
        ("kms", "CreateKey", r#"{"Description": "lived"}"#, ""),
        (
            "kms",
            "UpdateKeyDescription",
            r#"{"KeyId": "$KeyMetadata.KeyId", "Description": "changed"}"#,
            "",
        ),
        ("kms", "DescribeKey", r#"{"KeyId": "$KeyMetadata.KeyId"}"#, "changed"),
        (
            "kms",
            "ScheduleKeyDeletion",
            r#"{"KeyId": "$KeyMetadata.KeyId", "PendingWindowInDays": 7}"#,
            "",
        ),
    ],
    &[
        ("logs", "CreateLogGroup", r#"{"logGroupName": "lived"}"#, ""),
        ("logs", "PutRetentionPolicy", r#"{"logGroupName": "lived", "retentionInDays": 7}"#, ""),
        (
            "logs",
            "DescribeLogGroups",
            r#"{"logGroupNamePrefix": "lived"}"#,
            r#""retentionInDays":7"#,
        ),
        ("logs", "DeleteLogGroup", r#"{"logGroupName": "lived"}"#, ""),
    ],
    &[
        ("ecr", "CreateRepository", r#"{"repositoryName": "lived"}"#, ""),
        (
            "ecr",
            "PutImageTagMutability",
            r#"{"repositoryName": "lived", "imageTagMutability": "IMMUTABLE"}"#,
            "",
        ),
        ("ecr", "DescribeRepositories", r#"{"repositoryNames": ["lived"]}"#, "IMMUTABLE"),
        ("ecr", "DeleteRepository", r#"{"repositoryName": "lived"}"#, ""),
    ],
    &[
        ("ecs", "CreateCluster", r#"{"clusterName": "lived"}"#, ""),
        (
            "ecs",
            "TagResource",
            r#"{"resourceArn": "$cluster.clusterArn", "tags": [{"key": "a", "value": "b"}]}"#,
            "",
        ),
        ("ecs", "DescribeClusters", r#"{"clusters": ["lived"]}"#, "ACTIVE"),
        ("ecs", "DeleteCluster", r#"{"cluster": "lived"}"#, "INACTIVE"),
    ],
    &[
        ("events", "PutRule", r#"{"Name": "lived", "ScheduleExpression": "rate(5 minutes)"}"#, ""),
        ("events", "DisableRule", r#"{"Name": "lived"}"#, ""),
        ("events", "DescribeRule", r#"{"Name": "lived"}"#, "DISABLED"),
        ("events", "DeleteRule", r#"{"Name": "lived"}"#, ""),
    ],
    &[
        ("ssm", "PutParameter", r#"{"Name": "/lived", "Value": "one", "Type": "String"}"#, ""),
        (
            "ssm",
            "PutParameter",
            r#"{"Name": "/lived", "Value": "two", "Type": "String", "Overwrite": true}"#,
            "",
        ),
        ("ssm", "GetParameter", r#"{"Name": "/lived"}"#, r#""Version":2"#),
        ("ssm", "DeleteParameter", r#"{"Name": "/lived"}"#, ""),
    ],
    &[
        ("secretsmanager", "CreateSecret", r#"{"Name": "lived", "SecretString": "x"}"#, ""),
        (
            "secretsmanager",
            "UpdateSecret",
            r#"{"SecretId": "lived", "Description": "changed"}"#,
            "",
        ),
        ("secretsmanager", "DescribeSecret", r#"{"SecretId": "lived"}"#, "changed"),
        (
            "secretsmanager",
            "DeleteSecret",
            r#"{"SecretId": "lived", "ForceDeleteWithoutRecovery": true}"#,
            "",
        ),
    ],
    &[
        ("kinesis", "CreateStream", r#"{"StreamName": "lived", "ShardCount": 1}"#, ""),
        ("kinesis", "AddTagsToStream", r#"{"StreamName": "lived", "Tags": {"a": "b"}}"#, ""),
        ("kinesis", "ListTagsForStream", r#"{"StreamName": "lived"}"#, r#""Key":"a""#),
        ("kinesis", "DeleteStream", r#"{"StreamName": "lived"}"#, ""),
    ],
    &[
        ("glue", "CreateDatabase", r#"{"DatabaseInput": {"Name": "lived"}}"#, ""),
        (
            "glue",
            "UpdateDatabase",
            r#"{"Name": "lived", "DatabaseInput": {"Name": "lived", "Description": "changed"}}"#,
            "",
        ),
        ("glue", "GetDatabase", r#"{"Name": "lived"}"#, "changed"),
        ("glue", "DeleteDatabase", r#"{"Name": "lived"}"#, ""),
    ],
    &[
        ("athena", "CreateWorkGroup", r#"{"Name": "lived", "Description": "one"}"#, ""),
        ("athena", "GetWorkGroup", r#"{"WorkGroup": "lived"}"#, "one"),
        ("athena", "DeleteWorkGroup", r#"{"WorkGroup": "lived"}"#, ""),
    ],
    &[
        (
            "route53",
            "CreateHostedZone",
            r#"{"Name": "lived.example", "CallerReference": "lived"}"#,
            "",
        ),
        (
            "route53",
            "UpdateHostedZoneComment",
            r#"{"Id": "$HostedZone.Id", "Comment": "changed"}"#,
            "",
        ),
        ("route53", "GetHostedZone", r#"{"Id": "$HostedZone.Id"}"#, "changed"),
        ("route53", "DeleteHostedZone", r#"{"Id": "$HostedZone.Id"}"#, ""),
    ],
    &[
        (
            "cloudwatch",
            "PutMetricAlarm",
            r#"{"AlarmName": "lived", "MetricName": "m", "Namespace": "n", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold"}"#,
            "",
        ),
        ("cloudwatch", "DisableAlarmActions", r#"{"AlarmNames": ["lived"]}"#, ""),
        ("cloudwatch", "DescribeAlarms", r#"{"AlarmNames": ["lived"]}"#, r#""Threshold":1.5"#),
        ("cloudwatch", "DeleteAlarms", r#"{"AlarmNames": ["lived"]}"#, ""),
    ],
    &[
        ("efs", "CreateFileSystem", r#"{"CreationToken": "lived"}"#, ""),
        (
            "efs",
            "PutLifecycleConfiguration",
            r#"{"FileSystemId": "$FileSystemId", "LifecyclePolicies": [{"TransitionToIA": "AFTER_7_DAYS"}]}"#,
            "",
        ),
        (
            "efs",
            "DescribeLifecycleConfiguration",
            r#"{"FileSystemId": "$FileSystemId"}"#,
            "AFTER_7_DAYS",
        ),
        ("efs", "DeleteFileSystem", r#"{"FileSystemId": "$FileSystemId"}"#, ""),
    ],
    &[
        ("apigateway", "CreateRestApi", r#"{"name": "lived"}"#, ""),
        (
            "apigateway",
            "UpdateRestApi",
            r#"{"restApiId": "$id", "patchOperations": [{"op": "replace", "path": "/description", "value": "changed"}]}"#,
            "",
        ),
        ("apigateway", "GetRestApi", r#"{"restApiId": "$id"}"#, "changed"),
        ("apigateway", "DeleteRestApi", r#"{"restApiId": "$id"}"#, ""),
    ],
    &[
        ("cognito-idp", "CreateUserPool", r#"{"PoolName": "lived"}"#, ""),
        (
            "cognito-idp",
            "UpdateUserPool",
            r#"{"UserPoolId": "$UserPool.Id", "DeletionProtection": "INACTIVE"}"#,
            "",
        ),
        ("cognito-idp", "DescribeUserPool", r#"{"UserPoolId": "$UserPool.Id"}"#, "lived"),
        ("cognito-idp", "DeleteUserPool", r#"{"UserPoolId": "$UserPool.Id"}"#, ""),
    ],
    &[
        (
            "codecommit",
            "CreateRepository",
            r#"{"repositoryName": "lived", "repositoryDescription": "one"}"#,
            "",
        ),
        ("codecommit", "GetRepository", r#"{"repositoryName": "lived"}"#, "one"),
        ("codecommit", "DeleteRepository", r#"{"repositoryName": "lived"}"#, ""),
    ],
    &[
        (
            "cloudformation",
            "CreateStack",
            r#"{"StackName": "lived", "TemplateBody": "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}"}"#,
            "",
        ),
        (
            "cloudformation",
            "UpdateStack",
            r#"{"StackName": "lived", "TemplateBody": "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}, \"Outputs\": {\"changed\": {\"Value\": \"x\"}}}"}"#,
            "",
        ),
        ("cloudformation", "GetTemplate", r#"{"StackName": "lived"}"#, "changed"),
        ("cloudformation", "DeleteStack", r#"{"StackName": "lived"}"#, ""),
    ],
    &[
        ("scheduler", "CreateScheduleGroup", r#"{"Name": "lived"}"#, ""),
        (
            "scheduler",
            "TagResource",
            r#"{"ResourceArn": "$ScheduleGroupArn", "Tags": [{"Key": "a", "Value": "b"}]}"#,
            "",
        ),
        ("scheduler", "GetScheduleGroup", r#"{"Name": "lived"}"#, "lived"),
        ("scheduler", "DeleteScheduleGroup", r#"{"Name": "lived"}"#, ""),
    ],
    &[
        ("sesv2", "CreateEmailIdentity", r#"{"EmailIdentity": "lived.example"}"#, ""),
        ("sesv2", "ListEmailIdentities", "{}", "lived.example"),
        ("sesv2", "DeleteEmailIdentity", r#"{"EmailIdentity": "lived.example"}"#, ""),
    ],
    &[
        (
            "resource-groups",
            "CreateGroup",
            r#"{"Name": "lived", "ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": "{\"ResourceTypeFilters\": [\"AWS::AllSupported\"], \"TagFilters\": [{\"Key\": \"a\", \"Values\": [\"b\"]}]}"}}"#,
            "",
        ),
        (
            "resource-groups",
            "UpdateGroup",
            r#"{"GroupName": "lived", "Description": "changed"}"#,
            "",
        ),
        ("resource-groups", "GetGroup", r#"{"GroupName": "lived"}"#, "changed"),
        ("resource-groups", "DeleteGroup", r#"{"GroupName": "lived"}"#, ""),
    ],
    &[
        ("ec2", "CreateVpc", r#"{"CidrBlock": "10.9.0.0/16"}"#, ""),
        (
            "ec2",
            "ModifyVpcAttribute",
            r#"{"VpcId": "$Vpc.VpcId", "EnableDnsHostnames": {"Value": true}}"#,
            "",
        ),
        (
            "ec2",
            "DescribeVpcAttribute",
            r#"{"VpcId": "$Vpc.VpcId", "Attribute": "enableDnsHostnames"}"#,
            r#""Value":true"#,
        ),
        ("ec2", "DeleteVpc", r#"{"VpcId": "$Vpc.VpcId"}"#, ""),
    ],
    &[
        (
            "rds",
            "CreateDBParameterGroup",
            r#"{"DBParameterGroupName": "lived", "DBParameterGroupFamily": "postgres16", "Description": "one"}"#,
            "",
        ),
        (
            "rds",
            "ModifyDBParameterGroup",
            r#"{"DBParameterGroupName": "lived", "Parameters": [{"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"}]}"#,
            "",
        ),
        ("rds", "DescribeDBParameterGroups", r#"{"DBParameterGroupName": "lived"}"#, "postgres16"),
        ("rds", "DeleteDBParameterGroup", r#"{"DBParameterGroupName": "lived"}"#, ""),
    ],
    &[
        ("iot", "CreateThing", r#"{"thingName": "lived"}"#, ""),
        (
            "iot",
            "UpdateThing",
            r#"{"thingName": "lived", "attributePayload": {"attributes": {"a": "changed"}}}"#,
            "",
        ),
        ("iot", "DescribeThing", r#"{"thingName": "lived"}"#, "changed"),
        ("iot", "DeleteThing", r#"{"thingName": "lived"}"#, ""),
    ],
    &[
        (
            "appsync",
            "CreateGraphqlApi",
            r#"{"name": "lived", "authenticationType": "AWS_IAM"}"#,
            "",
        ),
        (
            "appsync",
            "UpdateGraphqlApi",
            r#"{"apiId": "$graphqlApi.apiId", "name": "changed", "authenticationType": "AWS_IAM"}"#,
            "",
        ),
        ("appsync", "GetGraphqlApi", r#"{"apiId": "$graphqlApi.apiId"}"#, "changed"),
        ("appsync", "DeleteGraphqlApi", r#"{"apiId": "$graphqlApi.apiId"}"#, ""),
    ],
    &[
        (
            "redshift",
            "CreateClusterParameterGroup",
            r#"{"ParameterGroupName": "lived", "ParameterGroupFamily": "redshift-1.0", "Description": "d"}"#,
            "",
        ),
        (
            "redshift",
            "CreateTags",
            r#"{"ResourceName": "arn:aws:redshift:us-east-1:123456789012:parametergroup:lived", "Tags": [{"Key": "a", "Value": "b"}]}"#,
            "",
        ),
        (
            "redshift",
            "DescribeClusterParameterGroups",
            r#"{"ParameterGroupName": "lived"}"#,
            "redshift-1.0",
        ),
        ("redshift", "DeleteClusterParameterGroup", r#"{"ParameterGroupName": "lived"}"#, ""),
    ],
];

#[test]
fn what_lives_and_dies_at_many_services() {
    let server = emulated();
    let mut services = BTreeSet::new();
    for life in LIVES {
        let mut made = Value::Null;
        for (at, (service, operation, payload, expected)) in life.iter().enumerate() {
            let payload = filled(serde_json::from_str(payload).unwrap(), &made);
            let effect = aws_effect(service, operation, &payload);
            // Reads by either tool.
            let answer = match effect.as_str() {
                "read" => server.read(service, operation, payload),
                _ => server.invoke(service, operation, payload),
            };
            let text = answer["result"].to_string();
            assert!(text.contains(expected), "{service}:{operation}: {text}");
            if at == 0 {
                made = answer["result"].clone();
                assert_eq!(answer["status"], "done", "{service}:{operation}: {effect}");
            }
            services.insert(*service);
        }
    }
    assert!(services.len() >= 25, "{}", services.len());
}

fn aws_effect(service: &str, operation: &str, payload: &Value) -> String {
    let index = aws_dynamic::catalog::Index::get().unwrap();
    let service = index.service(service).unwrap();
    service.operation(operation).unwrap().effect_with(payload).word().to_owned()
}

fn filled(payload: Value, made: &Value) -> Value {
    match payload {
        Value::String(text) => match text.strip_prefix('$') {
            Some(path) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                made.pointer(&pointer).unwrap_or_else(|| panic!("{path} in {made}")).clone()
            }
            None => Value::String(text),
        },
        Value::Array(all) => all.into_iter().map(|one| filled(one, made)).collect(),
        Value::Object(all) => {
            all.into_iter().map(|(name, one)| (name, filled(one, made))).collect()
        }
        other => other,
    }
}

#[test]
fn a_list_of_2500_is_paged_and_read_on() {
    let server = emulated();
    let table = json!({"TableName": "many", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]});
    server.invoke("dynamodb", "CreateTable", table);
    for batch in 0..100 {
        let puts: Vec<Value> = (0..25)
            .map(|n| json!({"PutRequest": {"Item": {"k": {"S": format!("{batch:03}-{n:02}")}}}}))
            .collect();
        let items = json!({"RequestItems": {"many": puts}});
        server.invoke("dynamodb", "BatchWriteItem", items);
    }
    let scan = |more: Value| {
        let mut args = json!({"service": "dynamodb", "operation": "scan",
            "payload": {"TableName": "many", "Limit": 100}, "query": "Items[].k.S"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call_ok("aws_read", args)
    };
    // A page as AWS gives it, and on from there.
    let mut seen = BTreeSet::new();
    let mut token = Value::Null;
    for page in 0.. {
        assert!(page < 30);
        let more = match &token {
            Value::Null => json!({}),
            token => json!({"page_token": token}),
        };
        let answer = scan(more);
        let keys = answer["result"].as_array().unwrap();
        assert!(keys.len() <= 100);
        seen.extend(keys.iter().map(|key| key.as_str().unwrap().to_owned()));
        token = answer["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 2_500);
    // All at once does not fit; the rest is read on without AWS.
    let all = scan(json!({"all_pages": true}));
    let handle = &all["truncated"]["handle"];
    assert!(all["truncated"]["cuts"][0]["of"] == 2_500, "{}", all["truncated"]);
    let mut keys = BTreeSet::new();
    let mut offset = json!(0);
    while !offset.is_null() {
        let got = server.call_ok(
            "aws_get_result",
            json!({"handle": handle, "query": "Items[].k.S", "offset": offset, "limit": 1000}),
        );
        assert_eq!(got["count"], 2_500);
        keys.extend(got["result"].as_array().unwrap().iter().map(|key| key.to_string()));
        offset = got["next_offset"].clone();
    }
    assert_eq!(keys.len(), 2_500);
    // As many as were asked for.
    let some = scan(json!({"max_items": 250}));
    assert_eq!(some["result"].as_array().unwrap().len(), 250);
    let rest = scan(json!({"page_token": some["next_page_token"], "max_items": 5}));
    assert_eq!(rest["result"].as_array().unwrap().len(), 5);
    assert_ne!(rest["result"][0], some["result"][0]);
}

#[test]
fn twenty_megabytes_are_read_on_through_their_handle() {
    let server = emulated();
    let table = json!({"TableName": "wide", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]});
    server.invoke("dynamodb", "CreateTable", table);
    for n in 0..70 {
        let item = json!({"k": {"S": format!("{n:02}")}, "v": {"S": "x".repeat(300_000)}});
        server.invoke("dynamodb", "PutItem", json!({"TableName": "wide", "Item": item}));
    }
    let all = server.call_ok(
        "aws_read",
        json!({"service": "dynamodb", "operation": "Scan", "payload": {"TableName": "wide"},
            "all_pages": true}),
    );
    assert!(all.to_string().len() < 21_000);
    let ask = |query: &str| {
        let args = json!({"handle": all["truncated"]["handle"], "query": query});
        server.call_ok("aws_get_result", args)["result"].clone()
    };
    assert_eq!(ask("length(Items)"), 70);
    assert_eq!(ask("length(Items[?k.S == '33'] | [0].v.S)"), 300_000);
    assert_eq!(ask("sort(Items[].k.S)[69]"), "69");
}

#[test]
fn an_object_of_s3_is_read_whatever_it_looks_like() {
    let server = emulated();
    server.invoke("s3", "CreateBucket", json!({"Bucket": "looks-like"}));
    let braces = "{".repeat(100_000);
    let texts = [
        // More objects than an answer of AWS may have.
        ("application/json", braces.as_str()),
        ("text/xml", "<?xml version=\"1.0\"?><a><b>cut off"),
        ("text/xml", "no xml at all"),
        ("application/xml", "<?xml version=\"1.0\"?><a></a><!-- said last -->"),
        ("application/xml", "<Error><Code>NoSuchKey</Code></Error>"),
    ];
    for (kind, text) in texts {
        let body = aws_smithy_types::base64::encode(text);
        let put = json!({"Bucket": "looks-like", "Key": "k", "Body": body, "ContentType": kind});
        server.invoke("s3", "PutObject", put);
        let get = |response: &str| {
            let get = json!({"service": "s3", "operation": "GetObject", "response": response,
                "query": "[length(Body), ContentType]",
                "payload": {"Bucket": "looks-like", "Key": "k"}});
            server.call_ok("aws_read", get)
        };
        // As text, and in full as base64.
        let got = get("compact");
        assert_eq!(got["result"], json!([text.len(), kind]), "{kind}: {text:.60}");
        assert!(got["warnings"][0].as_str().unwrap().starts_with("Body is shown as text"), "{got}");
        assert_eq!(get("full")["result"], json!([body.len(), kind]), "{kind}: {text:.60}");
    }
}

#[test]
fn a_bucket_makes_no_host_below_an_endpoint_with_a_name() {
    let named = Moto::shared().url().replace("127.0.0.1", "localhost");
    let server = Moto::shared().unasked(&[("AWS_ENDPOINT_URL", &named)]);
    let bucket = json!({"Bucket": "at-a-name"});
    server.invoke("s3", "CreateBucket", bucket.clone());
    let put = json!({"Bucket": "at-a-name", "Key": "k", "Body": "aGVsbG8="});
    server.invoke("s3", "PutObject", put);
    let got = server.read("s3", "ListObjectsV2", bucket);
    assert_eq!(got["result"]["Contents"][0]["Key"], "k", "{got}");
}

#[test]
fn a_state_is_waited_for() {
    let server = emulated();
    let id = Moto::shared().run_instance("us-east-1", &[("Name", "awaited")]);
    let answer = server.call_ok(
        "aws_read",
        json!({"service": "ec2", "operation": "describe-instances",
            "payload": {"InstanceIds": [id]}, "wait": "instance_running",
            "query": "Reservations[0].Instances[0].State.Name"}),
    );
    assert_eq!(answer["result"], "running");
    let wrong = server.call_err(
        "aws_read",
        json!({"service": "ec2", "operation": "DescribeVpcs", "wait": "InstanceRunning"}),
    );
    assert!(wrong["message"].as_str().unwrap().contains("waits with DescribeInstances"));
}

/// Nothing that changes anything passes by `aws_read`, whatever it is called and however it is written.
#[test]
fn by_aws_read_nothing_but_reads() {
    let aws = FakeAws::start(|_: &Request| Response::json(200, &json!({})));
    let url = aws.url();
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    let server = Server::start_at(Home::new(), full(), &env);
    server.initialize();
    for (service, operation, payload) in [
        ("dynamodb", "DeleteTable", json!({"TableName": "abc"})),
        ("dynamodb", "delete-table", json!("{\"TableName\": \"abc\"}")),
        ("secretsmanager", "GetSecretValue", json!({"SecretId": "a"})),
        ("ssm", "GetParameter", json!({"Name": "a", "WithDecryption": true})),
        ("ssm", "GetParameter", json!({"Name": "a", "WithDecryption": "true"})),
        (
            "sts",
            "AssumeRole",
            json!({"RoleArn": "arn:aws:iam::123456789012:role/a", "RoleSessionName": "abc"}),
        ),
        ("ec2", "TerminateInstances", json!({"InstanceIds": ["i-1"], "DryRun": true})),
    ] {
        let args = json!({"service": service, "operation": operation, "payload": payload});
        let refused = server.call_err("aws_read", args);
        assert_eq!(refused["error"], "validation_error", "{operation}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains("does not only read"), "{refused}");
    }
    assert!(aws.requests().iter().all(|request| request.action() == "GetCallerIdentity"));
}

#[test]
fn a_plan_and_a_validation_send_nothing_that_changes() {
    let aws = FakeAws::start(|request: &Request| match request.action().as_str() {
        "GetCallerIdentity" => {
            let arn = "arn:aws:iam::123456789012:user/alice";
            Response::caller_identity("123456789012", arn, "AIDAEXAMPLE")
        }
        "SimulatePrincipalPolicy" => Response::xml(200, SIMULATED),
        _ => Response::json(200, &json!({})),
    });
    let url = aws.url();
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    let home = Home::new().with(".config/aws-mcp/policy.yaml", "approval: {wait_seconds: 0}\n");
    for (name, mode) in [(".config/aws-mcp", 0o700), (".config/aws-mcp/policy.yaml", 0o600)] {
        let path = home.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let server = Server::start_at(home, &[], &env);
    server.initialize();
    let call = |action: &str, payload: Value| {
        json!({"action": action, "service": "dynamodb", "operation": "DeleteTable",
            "payload": payload})
    };
    let required = server.call_ok(
        "aws_execute",
        json!({"action": "validate", "service": "dynamodb", "operation": "DeleteTable"}),
    );
    assert_eq!(required["result"]["required"], json!(["TableName"]), "{required}");
    let valid = server.call_ok("aws_execute", call("validate", json!({"TableName": "abc"})));
    assert_eq!(
        (&valid["result"]["valid"], &valid["effect"]),
        (&json!(true), &json!("destructive"))
    );
    let wrong = server.call_err("aws_execute", call("validate", json!({"TableNam": 1})));
    let said = wrong["message"].as_str().unwrap();
    assert!(said.contains("TableNam") && said.contains("TableName"), "{said}");
    let planned = server.call_ok("aws_execute", call("plan", json!({"TableName": "abc"})));
    let request = &planned["result"]["request"];
    assert_eq!(request["method"], "POST");
    assert!(request["body"].as_str().unwrap().contains("abc"));
    let approval = planned["result"]["approval"].as_str().unwrap();
    assert!(approval.starts_with("a person would be asked"), "{approval}");
    assert_eq!(planned["result"]["iam_simulation"]["dynamodb:DeleteTable"], "implicitDeny");
    let asked = server.call_ok("aws_execute", call("invoke", json!({"TableName": "abc"})));
    assert_eq!(asked["status"], "approval_required", "{asked}");
    // What cannot be sent is not asked about.
    let wrong = server.call_err("aws_execute", call("invoke", json!({})));
    assert_eq!(
        (&wrong["error"], &wrong["status"]),
        (&json!("validation_error"), &json!("no_change"))
    );
    let sent: BTreeSet<String> = aws.requests().iter().map(Request::action).collect();
    assert_eq!(sent, ["GetCallerIdentity", "SimulatePrincipalPolicy"].map(str::to_owned).into());
}

const SIMULATED: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>\
    <EvaluationResults><member><EvalActionName>dynamodb:DeleteTable</EvalActionName>\
    <EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults>\
    </SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";

#[test]
fn transcripts() {
    let aws = FakeAws::start(|request: &Request| match request.action().as_str() {
        "GetCallerIdentity" => {
            let arn = "arn:aws:iam::123456789012:user/alice";
            Response::caller_identity("123456789012", arn, "AIDAEXAMPLE")
        }
        "SimulatePrincipalPolicy" => Response::xml(200, SIMULATED),
        _ => Response::json(
            200,
            &json!({"QueueUrls": [
                "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
                "https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead",
            ]}),
        ),
    });
    let url = aws.url();
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
        ("AWS_ENDPOINT_URL_IAM", url.as_str()),
        ("AWS_ENDPOINT_URL_SQS", url.as_str()),
    ];
    let server = Server::start_at(Home::new(), &[], &env);
    server.initialize();
    let examples = [
        Example {
            tool: "aws_read",
            arguments: json!({"service": "sqs", "operation": "list-queues",
                "payload": {"QueueNamePrefix": "orders"},
                "query": "QueueUrls[?ends_with(@, '-dead')]"}),
            use_of_it: "`aws_read` makes the call, if it only reads with these arguments: a host that always \
                        allows this tool allows no deletion by that. `query` is JMESPath over the answer.",
        },
        Example {
            tool: "aws_execute",
            arguments: json!({"action": "validate", "service": "dynamodb",
                "operation": "DeleteTable"}),
            use_of_it: "Without a payload `validate` says what is required; with one, everything that is \
                        wrong with it at once. Nothing is sent.",
        },
        Example {
            tool: "aws_execute",
            arguments: json!({"action": "plan", "service": "dynamodb",
                "operation": "DeleteTable", "payload": {"TableName": "orders"}}),
            use_of_it: "`plan` says what would be sent, as whom, what IAM thinks of it, and whether a person \
                        would be asked; for EC2 also what it says to the same request with `DryRun`.",
        },
    ];
    check_section_of("docs/operations.md", &server, "call", &examples);
}

/// A fake AWS with a Lambda function whose environment holds a secret, and queues by the thousand.
fn secretive() -> FakeAws {
    FakeAws::start(|request: &Request| match request.action().as_str() {
        "GetCallerIdentity" => {
            let arn = "arn:aws:iam::123456789012:user/alice";
            Response::caller_identity("123456789012", arn, "AIDAEXAMPLE")
        }
        _ if request.path.starts_with("/2015-03-31/functions/") => Response::json(
            200,
            &json!({"FunctionName": "f\u{202E}x", "Description": "d".repeat(30_000),
                "Environment": {"Variables": {"DB_PASSWORD": PLANTED_KEY, "MODE": "plain"}}}),
        ),
        _ => {
            let urls: Vec<String> =
                (0..2_000).map(|n| format!("https://sqs.us-east-1.amazonaws.com/1/q{n}")).collect();
            Response::json(200, &json!({"QueueUrls": urls}))
        }
    })
}

fn before(aws: &FakeAws, args: &[&str], policy: &str) -> Server {
    let url = aws.url();
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    let home = Home::new().with_policy(policy);
    let server = Server::start_at(home, args, &env);
    server.initialize();
    server
}

#[test]
fn what_is_secret_stays_so_in_answers_and_in_what_is_kept() {
    let aws = secretive();
    let server = before(&aws, &[], "version: 1\n");
    let call = |more: Value| {
        let mut args = json!({"service": "lambda", "operation": "GetFunctionConfiguration",
            "payload": {"FunctionName": "f"}});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call_ok("aws_read", args)
    };
    // The rig searches every byte that the server says for it.
    let whole = call(json!({}));
    let handle = whole["truncated"]["handle"].as_str().unwrap().to_owned();
    let password = |query: &str| {
        let args = json!({"handle": handle, "query": query});
        server.call_ok("aws_get_result", args)["result"].clone()
    };
    let masked = password("Environment.Variables.DB_PASSWORD");
    assert!(masked.as_str().unwrap().starts_with("***("), "{masked}");
    // Neither a query of the call nor one over what is kept sees more.
    let queried = call(json!({"query": "Environment.Variables.DB_PASSWORD"}));
    assert_eq!(queried["result"], masked);
    assert_eq!(password("FunctionName"), "f\\u{202E}x");
    assert_eq!(password("length(Description)"), 30_000);
    let gone = server.call_err("aws_get_result", json!({"handle": "res-aaaaaaaaaa"}));
    assert_eq!(gone["error"], "not_found");
}

#[test]
fn policy_is_about_the_operation_and_not_about_the_tool() {
    let aws = secretive();
    let denies = "mode: full\nrules: {deny: ['sqs:List.*', 'dynamodb:DeleteTable']}\n";
    let server = before(&aws, &[], denies);
    let list = json!({"service": "SQS", "operation": "list-queues"});
    let denied = server.call_err("aws_read", list.clone());
    assert_eq!(denied["error"], "denied_by_policy");
    let table = |action: &str| {
        json!({"action": action, "service": "dynamodb", "operation": "delete_table",
            "payload": {"TableName": "abc"}})
    };
    assert_eq!(server.call_err("aws_execute", table("invoke"))["error"], "denied_by_policy");
    assert!(aws.requests().iter().all(|request| request.action() == "GetCallerIdentity"));
    // A read-only server does not offer what could change anything, and does not run it.
    let server = before(&aws, &["--read-only"], "version: 1\n");
    let names: Vec<String> =
        server.tools().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.contains(&"aws_read".to_owned()) && !names.contains(&"aws_execute".to_owned()));
    assert_eq!(server.call_err("aws_execute", table("invoke"))["error"], "denied_by_policy");
    // What does not fit is cut, says of what it is a part, and goes on by its handle.
    let cut = server.call_ok("aws_read", list);
    assert_eq!(cut["truncated"]["outline"]["QueueUrls"]["count"], 2_000, "{cut}");
    let last = json!({"handle": cut["truncated"]["handle"], "query": "QueueUrls[-1]"});
    let last = server.call_ok("aws_get_result", last);
    assert!(last["result"].as_str().unwrap().ends_with("/q1999"));
}
