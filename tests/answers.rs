//! Answers that do not fit: what of them is shown, and that the rest can be read on, over real stdio.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use serde_json::{Value, json};
use support::{FakeAws, Home, Request, Response, Server, fake, full, serve};

const FAST: &str = "[limits]\ncalls = {burst = 100000, per_second = 10000}\n\
                    requests = {burst = 100000, per_second = 10000}\n";

/// An AWS of long answers.
fn long() -> FakeAws {
    fake(|request: &Request| match request.action().as_str() {
        "ListQueues" => {
            let urls: Vec<String> =
                (0..4_000).map(|n| format!("u{n:05}{}", "x".repeat(100))).collect();
            Response::json(200, &json!({"QueueUrls": urls}))
        }
        "Scan" => {
            let item = |n: usize| {
                json!({"k": {"S": n.to_string()}, "e": {"L": []}, "n": {"NS": ["1", "2"]},
                    // One of them longer than any answer.
                    "w": {"L": [{"S": "x".repeat(if n == 5 { 30_000 } else { 200 })}]}, "odd key": {"M": {"a": {"S": ""}}}})
            };
            let items: Vec<Value> = (0..300).map(item).collect();
            Response::json(200, &json!({"Items": items, "Count": 300, "ScannedCount": 300}))
        }
        "DescribeTable" => {
            let table = json!({"TableName": "abc", "TableArn": "x".repeat(3_000)});
            Response::json(200, &json!({"Table": table}))
        }
        "ListTables" => Response::json(200, &json!({"TableNames": []})),
        "DeleteTable" => {
            Response::json(200, &json!({"TableDescription": {"TableName": "abc", "ItemCount": 3}}))
        }
        _ if request.path.starts_with("/2015-03-31/functions/") => Response::json(
            200,
            &json!({"FunctionName": "f", "Description": "", "Layers": [],
                "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
                "Environment": {"Variables": {"EMPTY": "", "MODE": "plain"}}}),
        ),
        _ if request.path.contains("/log") => {
            let mut object = Response::xml(200, text());
            object.headers[0].1 = "text/plain".to_owned();
            object.headers.push(("ETag".to_owned(), "\"abc\"".to_owned()));
            object
        }
        _ => Response::json(200, &json!({})),
    })
}

fn text() -> String {
    (0..3_000).map(|n| format!("line {n} of the log, with something in it\n")).collect()
}

fn server(aws: &FakeAws, config: &str) -> Server {
    let home = Home::new().with(".config/aws-mcp/config.toml", &format!("{FAST}{config}"));
    serve(aws, home, full(), &[("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE", "true")])
}

fn read(server: &Server, service: &str, operation: &str, payload: Value) -> Value {
    let args = json!({"service": service, "operation": operation, "payload": payload});
    server.call_ok("aws_read", args)
}

/// Reads on to the end: every stretch.
fn all(server: &Server, handle: &Value, more: Value) -> Vec<Value> {
    let mut args = more;
    args["handle"] = handle.clone();
    let mut stretches = Vec::new();
    loop {
        let told = server.call_ok("aws_get_result", args.clone());
        assert!(told.to_string().chars().count() <= 20_000);
        assert_eq!(&told["handle"], handle);
        stretches.push(told["result"].clone());
        assert!(stretches.len() < 500, "it does not end");
        match told.get("next_offset") {
            Some(next) => args["offset"] = next.clone(),
            None => return stretches,
        }
    }
}

#[test]
fn a_long_text_is_shown_with_all_that_is_short_and_read_on_whole() {
    let aws = long();
    let server = server(&aws, "");
    let told = read(&server, "s3", "GetObject", json!({"Bucket": "bbb", "Key": "log"}));
    let used = told.to_string().chars().count();
    assert!((19_500..=20_000).contains(&used), "{used}");
    let result = &told["result"];
    assert_eq!(
        (&result["ETag"], &result["ContentType"]),
        (&json!("\"abc\""), &json!("text/plain"))
    );
    assert_eq!(result["ContentLength"], text().len());
    let cut = &told["truncated"]["cuts"][0];
    let shown = result["Body"].as_str().unwrap().trim_end_matches("...");
    assert_eq!((&cut["path"], &cut["shown"]), (&json!("Body"), &json!(shown.len())));
    for limit in [json!({"query": "Body"}), json!({"query": "Body", "limit": 5_000})] {
        let stretches = all(&server, &told["truncated"]["handle"], limit);
        let whole: String = stretches.iter().map(|part| part.as_str().unwrap()).collect();
        assert!(whole.starts_with(shown) && whole == text(), "{}", stretches.len());
    }
    let args = json!({"handle": told["truncated"]["handle"], "offset": 5});
    let refused = server.call_err("aws_get_result", args);
    assert!(refused["message"].as_str().unwrap().contains("a list or a text"), "{refused}");
}

#[test]
fn no_row_is_lost_by_following_what_the_answers_say() {
    let aws = long();
    let server = server(&aws, "");
    let told = read(&server, "sqs", "ListQueues", json!({}));
    let handle = &told["truncated"]["handle"];
    for more in [
        json!({"query": "QueueUrls", "limit": 1_000}),
        json!({"query": "QueueUrls", "offset": 3_000}),
    ] {
        let first = more.get("offset").and_then(Value::as_u64).unwrap_or_default();
        let stretches = all(&server, handle, more);
        let rows: Vec<&Value> =
            stretches.iter().flat_map(|rows| rows.as_array().unwrap()).collect();
        assert_eq!(rows.len() as u64, 4_000 - first);
        for (n, row) in rows.iter().enumerate() {
            assert!(row.as_str().unwrap().starts_with(&format!("u{:05}x", n as u64 + first)));
        }
    }
}

#[test]
fn what_is_read_on_is_not_kept_again() {
    let aws = long();
    let server = server(&aws, "[output]\nmax_characters = 2000\n");
    let told = read(&server, "dynamodb", "DescribeTable", json!({"TableName": "abc"}));
    let handle = &told["truncated"]["handle"];
    // More often than there is room for results.
    for _ in 0..105 {
        let again = server.call_ok("aws_get_result", json!({"handle": handle}));
        assert_eq!((&again["handle"], again["truncated"].get("handle")), (handle, None));
    }
}

#[test]
fn what_an_answer_names_is_a_query_on_its_handle() {
    let aws = long();
    let server = server(&aws, "");
    let told = read(&server, "dynamodb", "Scan", json!({"TableName": "abc"}));
    let truncated = &told["truncated"];
    let shown = told["result"]["Items"].as_array().unwrap();
    assert_eq!(truncated["outline"]["Items"]["count"], 300);
    assert_eq!(
        truncated["cuts"][0],
        json!({"path": "Items", "shown": truncated["cuts"][0]["shown"], "of": 300})
    );
    assert!(truncated["cuts"].as_array().unwrap().len() > 1);
    let find = |query: &str| {
        let args = json!({"handle": truncated["handle"], "query": query});
        server.call_ok("aws_get_result", args)["result"].clone()
    };
    for cut in truncated["cuts"].as_array().unwrap() {
        assert_ne!(find(cut["path"].as_str().unwrap()), Value::Null, "{cut}");
    }
    // Types are no nesting, and an empty one says something.
    let whole = find("Items[0]");
    assert_eq!((&shown[0], &shown[0]["e"]), (&whole, &json!({"L": []})));
}

#[test]
fn what_is_empty_is_named_or_shown() {
    let aws = long();
    let server = server(&aws, "");
    let none = read(&server, "dynamodb", "ListTables", json!({}));
    assert_eq!((&none["result"], none.get("omitted")), (&json!({"TableNames": []}), None));
    let told = read(&server, "lambda", "GetFunctionConfiguration", json!({"FunctionName": "f"}));
    assert_eq!(told["result"]["Environment"]["Variables"]["EMPTY"], "");
    assert_eq!(
        told["omitted"]["empty"],
        json!(["Description", "VpcConfig.SecurityGroupIds", "VpcConfig.SubnetIds"])
    );
    // What a query finds is as the query says.
    let args = json!({"service": "lambda", "operation": "GetFunctionConfiguration",
        "payload": {"FunctionName": "f"}, "query": "[Description, Layers, Nothing]"});
    assert_eq!(server.call_ok("aws_read", args)["result"], json!(["", [], null]));
}

#[test]
fn a_query_that_fails_after_a_write_does_not_hide_that_it_was_made() {
    let aws = long();
    let server = server(&aws, "");
    let args = json!({"action": "invoke", "service": "dynamodb", "operation": "DeleteTable",
        "payload": {"TableName": "abc"}, "query": "join(`,`, TableDescription)"});
    let told = server.call_ok("aws_execute", args);
    assert_eq!(told["status"], "done");
    assert_eq!(told["result"]["TableDescription"]["TableName"], "abc");
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(warning.contains("query") && warning.contains("join"), "{warning}");
    let sent = aws.requests().iter().filter(|request| request.action() == "DeleteTable").count();
    assert_eq!(sent, 1);
}

#[test]
fn a_small_limit_is_used_too() {
    let aws = long();
    let server = server(&aws, "[output]\nmax_characters = 2000\n");
    for (service, operation, payload) in [
        ("dynamodb", "Scan", json!({"TableName": "abc"})),
        ("sqs", "ListQueues", json!({})),
        ("s3", "GetObject", json!({"Bucket": "bbb", "Key": "log"})),
    ] {
        let told = read(&server, service, operation, payload);
        let used = told.to_string().chars().count();
        assert!((1_600..=2_000).contains(&used), "{operation}: {used}");
        assert!(told["truncated"]["cuts"][0]["path"].is_string());
        let shown = told["result"].to_string().chars().count();
        assert!(shown > 600, "{operation}: {shown}: {told}");
    }
}
