mod errors;
mod hostile;
mod inputs;
mod odd;

use serde_json::json;

use super::*;
use crate::catalog::Models;

fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').unwrap();
    Models::get().unwrap().service(service).unwrap().unwrap().operation(operation).unwrap()
}

fn exchange(name: &str) -> &'static Exchange {
    Exchange::of(operation(name)).unwrap()
}

fn request(name: &str, input: Value) -> HttpRequest {
    exchange(name).request(&input, None).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

fn body(request: &HttpRequest) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

fn response(name: &str, status: u16, body: &str) -> Result<Value, Failure> {
    exchange(name).response(status, [], body.to_owned())
}

#[test]
fn an_exchange_is_made_once() {
    assert!(std::ptr::eq(exchange("sts:GetCallerIdentity"), exchange("sts:GetCallerIdentity")));
    assert!(!std::ptr::eq(exchange("sts:GetCallerIdentity"), exchange("sts:AssumeRole")));
}

#[test]
fn shapes_are_made_once_by_any_number_of_threads() {
    let names: Vec<&str> =
        operation("ecs:RunTask").service().operations().map(Operation::name).collect();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let names = &names;
            scope.spawn(move || {
                for at in 0..names.len() {
                    let name = names[(at * 7 + start * 13) % names.len()];
                    let answer = response(&format!("ecs:{name}"), 200, "{}");
                    assert_eq!(answer, Ok(json!({})), "{name}");
                }
            });
        }
    });
}

#[test]
fn requests_of_every_protocol() {
    let check = |name: &str, input: Value, line: &str, expected: &str| {
        let request = request(name, input);
        assert_eq!(format!("{} {}", request.method, request.uri), line, "{name}");
        assert_eq!(body(&request), expected, "{name}");
    };
    check(
        "sts:AssumeRole",
        json!({"RoleArn": "arn:aws:iam::1:role/a b", "Tags": [{"Key": "k", "Value": "v"}]}),
        "POST /",
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b\
         &Tags.member.1.Key=k&Tags.member.1.Value=v",
    );
    check(
        "ec2:DescribeInstances",
        json!({"InstanceIds": ["i-1", "i-2"], "Filters": [{"Name": "n", "Values": []}], "DryRun": true}),
        "POST /",
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&DryRun=true\
         &Filter.1.Name=n",
    );
    check(
        "sdb:GetAttributes",
        json!({"DomainName": "d", "ItemName": "i", "AttributeNames": ["a", "b"]}),
        "POST /",
        "Action=GetAttributes&Version=2009-04-15&DomainName=d&ItemName=i&AttributeName.1=a\
         &AttributeName.2=b",
    );
    check(
        "dynamodb:GetItem",
        json!({"TableName": "t", "Key": {"id": {"N": "1"}, "b": {"B": "AAE="}}}),
        "POST /",
        r#"{"TableName":"t","Key":{"id":{"N":"1"},"b":{"B":"AAE="}}}"#,
    );
    check(
        "apigateway:GetStage",
        json!({"restApiId": "a/b", "stageName": "ü"}),
        "GET /restapis/a%2Fb/stages/%C3%BC",
        "",
    );
    check(
        "s3:GetObject",
        json!({"Bucket": "b", "Key": "a b/../ü//c", "PartNumber": 2}),
        "GET /b/a%20b/../%C3%BC//c?partNumber=2",
        "",
    );
    check(
        "s3:PutBucketLifecycleConfiguration",
        json!({"Bucket": "b", "LifecycleConfiguration": {"Rules": [{"ID": "<&>", "Status": "Enabled"}]}}),
        "PUT /b?lifecycle",
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
         <ID>&lt;&amp;&gt;</ID><Status>Enabled</Status></Rule></LifecycleConfiguration>",
    );
    check(
        "lambda:Invoke",
        json!({"FunctionName": "f"}),
        "POST /2015-03-31/functions/f/invocations",
        "",
    );
    let cbor = request("eventbridgev2:ListTagsForResource", json!({"ResourceArn": "a"}));
    assert_eq!(cbor.header("smithy-protocol"), Some("rpc-v2-cbor"));
    assert_eq!(cbor.body, b"\xbf\x6bResourceArn\x61a\xff");
    assert!(cbor.uri.ends_with("/operation/ListTagsForResource"), "{}", cbor.uri);
}

#[test]
fn headers_of_requests() {
    let check = |name: &str, input: Value, header: &str, expected: Option<&str>| {
        assert_eq!(request(name, input).header(header), expected, "{name} {header}");
    };
    check("dynamodb:ListTables", json!({}), "X-Amz-Target", Some("DynamoDB_20120810.ListTables"));
    check("dynamodb:ListTables", json!({}), "Content-Type", Some("application/x-amz-json-1.0"));
    check("sqs:ListQueues", json!({}), "x-amzn-query-mode", Some("true"));
    check("ssm:DescribeParameters", json!({}), "content-type", Some("application/x-amz-json-1.1"));
    let put = json!({"Bucket": "b", "Key": "k", "Metadata": {"a": "1"}, "Body": "aGk="});
    check("s3:PutObject", put.clone(), "x-amz-meta-a", Some("1"));
    check("s3:PutObject", put.clone(), "content-type", None);
    assert_eq!(body(&request("s3:PutObject", put)), "hi");
    let given = json!({"Bucket": "b", "Key": "k", "Body": "aGk=", "ContentType": "text/html"});
    check("s3:PutObject", given, "content-type", Some("text/html"));
    let since = json!({"Bucket": "b", "Key": "k", "IfModifiedSince": "2026-01-31T12:00:00Z"});
    check("s3:GetObject", since, "if-modified-since", Some("Sat, 31 Jan 2026 12:00:00 GMT"));
    let attributes = json!({"a": 1});
    let post = json!({"botName": "b", "botAlias": "a", "userId": "u", "contentType": "text/plain",
        "inputStream": "aGk=", "sessionAttributes": attributes});
    check("lex-runtime:PostContent", post, "x-amz-lex-session-attributes", Some("eyJhIjoxfQ=="));
}

#[test]
fn tokens_are_filled_where_they_are_missing() {
    let token = || "00000000-0000-4000-8000-000000000000".to_owned();
    let sent = |input: Value, token: Option<&dyn Fn() -> String>| {
        let request = exchange("secretsmanager:CreateSecret").request(&input, token).unwrap();
        serde_json::from_slice::<Value>(&request.body).unwrap()["ClientRequestToken"].clone()
    };
    assert_eq!(sent(json!({"Name": "s"}), Some(&token)), json!(token()));
    assert_eq!(
        sent(json!({"Name": "s", "ClientRequestToken": null}), Some(&token)),
        json!(token())
    );
    assert_eq!(
        sent(json!({"Name": "s", "ClientRequestToken": "mine"}), Some(&token)),
        json!("mine")
    );
    assert_eq!(sent(json!({"Name": "s"}), None), Value::Null);
    // With an empty one a request that is sent twice would be done twice.
    let empty = json!({"Name": "s", "ClientRequestToken": ""});
    assert_eq!(sent(empty, Some(&token)), json!(token()));
}

#[test]
fn no_input_says_how_long_the_body_is() {
    let of = |input: Value| exchange("s3:PutObject").request(&input, None).unwrap();
    for length in [0, 2, 5, 200] {
        let input = json!({"Bucket": "b", "Key": "k", "Body": "aGVsbG8=", "ContentLength": length});
        let lengths: Vec<String> = of(input)
            .headers
            .into_iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, length)| length)
            .collect();
        assert_eq!(lengths, ["5"], "{length}");
    }
}

#[test]
fn large_bodies_are_compressed_where_the_model_allows_it() {
    let put = |count: usize| {
        let datum = json!({"MetricName": "m".repeat(100), "Value": 1.5});
        request(
            "cloudwatch:PutMetricData",
            json!({"Namespace": "n", "MetricData": vec![datum; count]}),
        )
    };
    let (small, large) = (put(1), put(200));
    assert_eq!(small.header("content-encoding"), None);
    assert_eq!(large.header("content-encoding"), Some("gzip"));
    assert!(large.body.len() < 2_000 && large.body.starts_with(&[0x1f, 0x8b]));
    assert_eq!(large.header("content-length"), Some(&*large.body.len().to_string()));
}

#[test]
fn what_cannot_be_written_is_named_without_its_value() {
    let check = |name: &str, input: Value, expected: &str| {
        let problem = exchange(name).request(&input, None).unwrap_err();
        assert_eq!(problem.to_string(), expected, "{name}");
    };
    check("ec2:DescribeInstances", json!([]), "the input: expected an object");
    check(
        "ec2:DescribeInstances",
        json!({"Filters": [{"Values": "secret"}]}),
        "Filters[0].Values: expected a list",
    );
    check(
        "ec2:DescribeInstances",
        json!({"MaxResults": "5"}),
        "MaxResults: expected an integer in its range",
    );
    check(
        "ec2:DescribeInstances",
        json!({"MaxResults": 1u64 << 40}),
        "MaxResults: expected an integer in its range",
    );
    check("ec2:DescribeInstances", json!({"DryRun": "yes"}), "DryRun: expected true or false");
    check("dynamodb:GetItem", json!({"Key": {"secret": {"N": 1}}}), "Key.*.N: expected a string");
    check(
        "dynamodb:GetItem",
        json!({"Key": {"a": {"B": "%"}}}),
        "Key.*.B: expected bytes in base64",
    );
    check(
        "logs:FilterLogEvents",
        json!({"startTime": 1.5}),
        "startTime: expected an integer in its range",
    );
    check("s3:GetObject", json!({"Bucket": "b"}), "Key was missing: cannot be empty or unset");
    check(
        "cloudtrail:LookupEvents",
        json!({"StartTime": "yesterday"}),
        "StartTime: expected a time (2026-01-31T12:00:00Z)",
    );
}

#[test]
fn answers_of_every_protocol() {
    let check = |name: &str, body: &str, expected: Value| {
        assert_eq!(response(name, 200, body), Ok(expected), "{name}");
    };
    check(
        "sts:GetCallerIdentity",
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>\
         </GetCallerIdentityResult><ResponseMetadata/></GetCallerIdentityResponse>",
        json!({"Account": "1"}),
    );
    check(
        "ec2:DescribeInstances",
        "<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><instancesSet><item>\
         <instanceId>i-1</instanceId><launchTime>2026-01-31T12:00:00.000Z</launchTime><ebsOptimized>\
         false</ebsOptimized><blockDeviceMapping/></item></instancesSet></item></reservationSet>\
         </DescribeInstancesResponse>"
            .replace("<ebsOptimized>         ", "<ebsOptimized>")
            .as_str(),
        json!({"Reservations": [{"Instances": [{
            "InstanceId": "i-1", "LaunchTime": "2026-01-31T12:00:00Z", "EbsOptimized": false,
            "BlockDeviceMappings": [],
        }]}]}),
    );
    check(
        "s3:ListObjectsV2",
        "<ListBucketResult><KeyCount>2</KeyCount><Contents><Key>a&amp;b</Key><Size>5000000000</Size>\
         </Contents><Contents><Key>c</Key></Contents></ListBucketResult>",
        json!({"KeyCount": 2, "Contents": [{"Key": "a&b", "Size": 5_000_000_000_u64}, {"Key": "c"}]}),
    );
    check(
        "dynamodb:GetItem",
        r#"{"Item":{"a":{"L":[{"M":{"b":{"N":"1e400"}}},{"NULL":true}]},"c":{"B":"AAE="}},"New":[{}]}"#,
        json!({"Item": {"a": {"L": [{"M": {"b": {"N": "1e400"}}}, {"NULL": true}]}, "c": {"B": "AAE="}}}),
    );
    check(
        "ecs:DescribeTasks",
        r#"{"tasks":[{"createdAt":1769860800.25,"version":null}],"failures":[]}"#,
        json!({"tasks": [{"createdAt": "2026-01-31T12:00:00.25Z"}], "failures": []}),
    );
    check(
        "lambda:GetFunctionConfiguration",
        r#"{"FunctionName":"f","MemorySize":128,"Environment":{"Variables":{"A":"1"}}}"#,
        json!({"FunctionName": "f", "MemorySize": 128, "Environment": {"Variables": {"A": "1"}}}),
    );
    check("sqs:DeleteMessage", "", json!({}));
    check(
        "iam:DeleteUser",
        "<DeleteUserResponse><ResponseMetadata/></DeleteUserResponse>",
        json!({}),
    );
    check("ec2:RebootInstances", "", json!({}));
    check("s3:GetObject", "hi", json!({"Body": "aGk=", "Metadata": {}}));
}

#[test]
fn times_are_read_in_any_form() {
    let check = |name: &str, body: &str, expected: Value| {
        assert_eq!(response(name, 200, body), Ok(expected), "{body}");
    };
    let json = |said: &str, expected: &str| {
        let body = format!("{{\"tasks\":[{{\"createdAt\":{said}}}]}}");
        check("ecs:DescribeTasks", &body, json!({"tasks": [{"createdAt": expected}]}));
        let body = format!("{{\"createdAt\":{said}}}");
        check("macie2:GetMacieSession", &body, json!({"createdAt": expected}));
    };
    json("1769860800", "2026-01-31T12:00:00Z");
    json("1.7698608E9", "2026-01-31T12:00:00Z");
    json("1769860800.481725", "2026-01-31T12:00:00.481725Z");
    json("\"1769860800\"", "2026-01-31T12:00:00Z");
    json("\"2026-01-31T12:00:00Z\"", "2026-01-31T12:00:00Z");
    json("\"2026-01-31T13:00:00+01:00\"", "2026-01-31T12:00:00Z");
    json("\"Sat, 31 Jan 2026 12:00:00 GMT\"", "2026-01-31T12:00:00Z");
    let xml = |said: &str| {
        let body = format!(
            "<ListBucketResult><Contents><LastModified>{said}</LastModified></Contents></ListBucketResult>"
        );
        let expected = json!({"Contents": [{"LastModified": "2026-01-31T12:00:00Z"}]});
        check("s3:ListObjects", &body, expected);
    };
    xml("2026-01-31T12:00:00.000Z");
    xml("Sat, 31 Jan 2026 12:00:00 GMT");
    xml("1769860800");
    for no_time in ["[]", "{}"] {
        let body = format!("{{\"createdAt\":{no_time}}}");
        let answer = exchange("macie2:GetMacieSession").response(200, [], body);
        assert!(matches!(answer, Err(Failure::Unreadable(_))), "{no_time}");
    }
}

#[test]
fn headers_and_status_of_answers() {
    let headers = [
        ("Content-Length", "2"),
        ("x-amz-meta-a", "1"),
        ("Last-Modified", "Sat, 31 Jan 2026 12:00:00 GMT"),
    ];
    let answer = exchange("s3:HeadObject").response(200, headers, "");
    assert_eq!(
        answer,
        Ok(
            json!({"ContentLength": 2, "Metadata": {"a": "1"}, "LastModified": "2026-01-31T12:00:00Z"})
        ),
    );
    let answer =
        exchange("lambda:Invoke").response(202, [("X-Amz-Function-Error", "Unhandled")], "{}");
    assert_eq!(
        answer,
        Ok(json!({"StatusCode": 202, "FunctionError": "Unhandled", "Payload": "e30="})),
    );
    let headers = [("x-amz-request-id", "two"), ("X-Amzn-RequestId", "one")];
    assert_eq!(Exchange::request_id(headers), Some("one"));
    assert_eq!(Exchange::request_id([]), None);
}

#[test]
fn event_streams_are_somebody_elses() {
    let input = Exchange::of(operation("transcribe:StartTranscriptionJob"));
    assert!(input.is_ok());
    let converse = operation("bedrock-runtime:InvokeModelWithBidirectionalStream");
    let unsupported = Exchange::of(converse).unwrap_err();
    assert_eq!(unsupported, Unsupported::InputEvents { member: "body".to_owned() });
    let select = exchange("s3:SelectObjectContent");
    assert_eq!(select.event_stream(), Some("Payload"));
    assert!(matches!(select.response(200, [], ""), Err(Failure::Unreadable(_))));
    assert_eq!(exchange("s3:GetObject").event_stream(), None);
}

#[test]
fn what_cannot_be_read_is_named_without_its_value() {
    let check = |name: &str, body: &str, expected: &str| match response(name, 200, body) {
        Err(failure) => {
            assert_eq!(
                failure.to_string(),
                format!("the answer cannot be read: {expected}"),
                "{name}"
            );
        }
        Ok(answer) => panic!("{name}: {answer}"),
    };
    let of_type = "is not of the type that the model has";
    let of_form = "is cut off or not in the protocol's form";
    check("dynamodb:GetItem", r#"{"Item":{"k":{"S":[5]}}}"#, &format!("Item.S {of_type}"));
    check("dynamodb:GetItem", r#"{"Item":"secret"}"#, &format!("Item {of_type}"));
    check("dynamodb:Scan", r#"{"Count":{"secret":1}}"#, &format!("Count {of_type}"));
    check("dynamodb:Scan", r#"{"Count":1,"#, &format!("the body {of_form}"));
    check("dynamodb:Scan", "secret", &format!("the body {of_type}"));
    check(
        "lambda:ListFunctions",
        r#"{"Functions":[{"CodeSize":["secret"]}]}"#,
        &format!("Functions.CodeSize {of_type}"),
    );
    check(
        "s3:ListObjectsV2",
        "<R><Contents><Size>secret</Size></Contents></R>",
        &format!("Contents.Size {of_type}"),
    );
    check("s3:ListObjectsV2", "<R><Contents><Size>", &format!("Contents.Size {of_form}"));
    check("s3:ListObjectsV2", "<html>secret</html>", "the body is no answer to this operation");
    check("iam:ListUsers", "secret", "the body is no answer to this operation");
    check("iam:ListUsers", "", "the body is empty");
    check(
        "iam:ListUsers",
        "<ListUsersResponse><secret/></ListUsersResponse>",
        &format!("the body {of_form}"),
    );
}

#[test]
fn nulls_stand_only_where_the_model_has_them() {
    let sent = |name: &str, input: Value| -> Value {
        serde_json::from_slice(&request(name, input).body).unwrap()
    };
    let given = json!({"AttributeNames": ["a", null, "b"], "QueueUrl": null});
    assert_eq!(sent("sqs:GetQueueAttributes", given), json!({"AttributeNames": ["a", "b"]}));
    let given = json!({"Attributes": {"a": null, "b": "c"}});
    assert_eq!(sent("sqs:CreateQueue", given), json!({"Attributes": {"b": "c"}}));
    let answer = r#"{"QueueUrls":["a",null,"b"],"NextToken":null}"#;
    assert_eq!(response("sqs:ListQueues", 200, answer), Ok(json!({"QueueUrls": ["a", "b"]})));
    let answer = r#"{"Attributes":{"a":null,"b":"c"}}"#;
    let expected = json!({"Attributes": {"b": "c"}});
    assert_eq!(response("sqs:GetQueueAttributes", 200, answer), Ok(expected));
}

#[test]
fn documents_are_json() {
    let schema = json!({"type": "object", "b": [1, null, 2.5], "a": {}});
    let input = json!({"modelId": "m", "additionalModelRequestFields": schema});
    let sent: Value =
        serde_json::from_slice(&request("bedrock-runtime:Converse", input).body).unwrap();
    assert_eq!(sent["additionalModelRequestFields"], schema);
    let answer = json!({"additionalModelResponseFields": schema});
    assert_eq!(response("bedrock-runtime:Converse", 200, &answer.to_string()), Ok(answer));
}

#[test]
fn documents_keep_their_order() {
    let document = r#"{"zeta":{"y":1,"x":[{"b":null,"a":true},18446744073709551615]},"alpha":-0.5,"mid":"\"\n"}"#;
    let tools = format!(
        r#"{{"tools":[{{"toolSpec":{{"name":"t","inputSchema":{{"json":{document}}}}}}}]}}"#
    );
    let input = format!(r#"{{"modelId":"m","toolConfig":{tools}}}"#);
    let input: Value = serde_json::from_str(&input).unwrap();
    for _ in 0..20 {
        let request = request("bedrock-runtime:Converse", input.clone());
        assert_eq!(body(&request), format!(r#"{{"toolConfig":{tools}}}"#));
    }
    let answer = format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":[{{"text":"a"}},{{"toolUse":{{"input":{document},"name":"n"}}}}]}}}},"new":1,"stopReason":"x"}}"#
    );
    for _ in 0..20 {
        let read = response("bedrock-runtime:Converse", 200, &answer).unwrap();
        let input = &read["output"]["message"]["content"][1]["toolUse"]["input"];
        assert_eq!(input.to_string(), document);
        assert_eq!(read["stopReason"], "x");
    }
    // In structures and lists, nulls before it, and as the whole body.
    let policy = format!(r#"{{"securityPolicyDetail":{{"policy":{document},"name":"n"}}}}"#);
    let read = response("opensearchserverless:GetSecurityPolicy", 200, &policy).unwrap();
    assert_eq!(read["securityPolicyDetail"]["policy"].to_string(), document);
    let rows = format!(r#"{{"rows":[null,{{"rowData":[null,{document}]}}],"nextToken":null}}"#);
    let read = response("iottwinmaker:ExecuteQuery", 200, &rows).unwrap();
    assert_eq!(read.to_string(), format!(r#"{{"rows":[{{"rowData":[null,{document}]}}]}}"#));
    let card = response("bedrock-agentcore:GetAgentCard", 200, document).unwrap();
    assert_eq!(card["agentCard"].to_string(), document);
}

/// The codec has nothing but doubles for them, and an infinity for the second.
#[test]
fn numbers_of_documents_keep_their_digits() {
    let answer = r#"{"additionalModelResponseFields":{"z":123456789012345678901234567890,"a":1e400,"b":1.5}}"#;
    let read = response("bedrock-runtime:Converse", 200, answer).unwrap();
    assert_eq!(
        read["additionalModelResponseFields"].to_string(),
        r#"{"z":"123456789012345678901234567890","a":"1e400","b":1.5}"#
    );
}
