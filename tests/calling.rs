//! How `aws_read` and `aws_execute` make a call: what cannot be meant is told before anything is sent,
//! and what was done is never told as if it was not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use serde_json::{Value, json};
use support::{FakeAws, Home, Request, Response, Server};

/// A server before a fake AWS, with rules of the user's.
fn before(aws: &FakeAws, policy: &str) -> Server {
    let url = aws.url();
    let home = Home::new().with_policy(policy);
    let server = Server::start_at(home, &[], &aws.env(&url));
    server.initialize();
    server
}

fn arguments(service: &str, operation: &str, payload: Value, more: Value) -> Value {
    let mut all = json!({"service": service, "operation": operation, "payload": payload});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn deleted(_: &Request) -> Response {
    Response::json(200, &json!({"TableDescription": {"TableName": "t", "TableStatus": "DELETING"}}))
}

const FREE: &str = "mode: full\napproval: {wait_seconds: 0}\n";

#[test]
fn what_cannot_be_meant_is_told_before_anything_is_asked_or_sent() {
    let aws = FakeAws::start(deleted);
    let server = before(&aws, "approval: {wait_seconds: 0}\n");
    let check = |more: Value, service: &str, operation: &str, payload: Value, words: &str| {
        let mut args = arguments(service, operation, payload, more);
        args["action"] = json!("invoke");
        let refused = server.call_err("aws_execute", args);
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(words), "{operation}: {message}");
        assert!(refused.get("approval_id").is_none(), "{refused}");
    };
    let table = || json!({"TableName": "t"});
    let delete = |more: Value, words: &str| check(more, "dynamodb", "DeleteTable", table(), words);
    delete(json!({"query": "TableDescription.[TableName"}), "query: ");
    delete(json!({"all_pages": true}), "does not only read");
    delete(json!({"wait": "Nope"}), "does not only read");
    delete(json!({"max_items": "5"}), "max_items: ");
    delete(json!({"response": "tiny"}), "response: ");
    check(json!({}), "sdb", "DeleteDomain", json!({"DomainName": "d"}), "signature version 2");
    let twice = json!(r#"{"TableName": "a", "TableName": "b"}"#);
    check(json!({}), "dynamodb", "DeleteTable", twice, "TableName is there twice");
    let invoke = json!({"FunctionName": "f"});
    let events = "answers in events";
    check(json!({"all_pages": true}), "lambda", "InvokeWithResponseStream", invoke, events);
    let list = |more: Value, words: &str| {
        let refused =
            server.call_err("aws_read", arguments("dynamodb", "ListTables", json!({}), more));
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    };
    list(json!({"query": "["}), "query: ");
    list(json!({"wait": "TableExists"}), "waits with DescribeTable");
    list(json!({"page_token": "x"}), "resume token");
    let describe = json!({"wait": "TableExists", "all_pages": true});
    let refused =
        server.call_err("aws_read", arguments("dynamodb", "DescribeTable", table(), describe));
    assert!(refused["message"].as_str().unwrap().contains("wait looks at one answer"), "{refused}");
    assert_eq!(aws.requests_for("DeleteTable").len() + aws.requests_for("ListTables").len(), 0);
}

#[test]
fn what_was_done_is_told_whatever_a_query_finds() {
    let aws = FakeAws::start(deleted);
    let server = before(&aws, FREE);
    let args = arguments(
        "dynamodb",
        "UpdateTable",
        json!({"TableName": "t", "DeletionProtectionEnabled": true}),
        json!({"action": "invoke", "query": "join(`,`, TableDescription)"}),
    );
    let done = server.call_ok("aws_execute", args);
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(done["result"]["TableDescription"]["TableName"], "t", "{done}");
    assert!(done["warnings"][0].as_str().unwrap().contains("join"), "{done}");
    assert_eq!(aws.requests_for("UpdateTable").len(), 1);
}

#[test]
fn validate_says_what_policy_says() {
    let aws = FakeAws::start(deleted);
    let validate = |policy: &str, service: &str, operation: &str, payload: Value| {
        let server = before(&aws, policy);
        let args = arguments(service, operation, payload, json!({"action": "validate"}));
        let valid = server.call_ok("aws_execute", args);
        assert_eq!(valid["result"]["valid"], true, "{valid}");
        valid["result"]["approval"].as_str().unwrap().to_owned()
    };
    let table = || json!({"TableName": "t"});
    let said =
        validate("rules: {deny: ['dynamodb:DeleteTable']}\n", "dynamodb", "DeleteTable", table());
    assert!(said.starts_with("denied: "), "{said}");
    let said = validate("services: {denylist: [rds]}\n", "rds", "DescribeDBInstances", json!({}));
    assert!(said.starts_with("denied: "), "{said}");
    let said = validate("mode: confirm\n", "dynamodb", "DeleteTable", table());
    assert!(said.starts_with("a person would be asked: "), "{said}");
    assert_eq!(validate("mode: full\n", "dynamodb", "DescribeTable", table()), "not needed");
    let accounts = "mode: full\naccounts: {'123456789012': {mode: read_only}}\n";
    let said = validate(accounts, "dynamodb", "UpdateTable", table());
    assert!(said.contains("the account's own rules"), "{said}");
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_plan_ends_with_the_request_however_long_it_is() {
    let aws = FakeAws::start(|request| match request.action().as_str() {
        "GetCallerIdentity" => {
            Response::caller_identity("123456789012", "arn:aws:iam::123456789012:user/a", "AIDA")
        }
        _ => Response::sts_error(403, "AccessDenied", "no"),
    });
    let server = before(&aws, FREE);
    let body = json!({"StackName": "s", "TemplateBody": "x".repeat(40_000)});
    let args = arguments("cloudformation", "CreateStack", body, json!({"action": "plan"}));
    let plan = server.call_ok("aws_execute", args.clone());
    assert_eq!(plan["result"]["approval"], "not needed", "{plan}");
    assert!(
        plan["result"]["iam_simulation"].as_str().unwrap().starts_with("not asked: "),
        "{plan}"
    );
    let handle = json!({"handle": plan["truncated"]["handle"], "query": "length(request.body)"});
    let read = server.call_ok("aws_get_result", handle);
    assert!(read["result"].as_u64().unwrap() > 40_000, "{read}");
    let mut queried = args;
    queried["query"] = json!("request.method");
    assert_eq!(server.call_ok("aws_execute", queried)["result"], "POST");
}

/// Each page names one table and the next page; the fourth is refused.
fn tables(request: &Request) -> Response {
    if request.action() == "GetCallerIdentity" {
        return Response::sts_error(403, "AccessDenied", "no");
    }
    let start = request.json()["ExclusiveStartTableName"].as_str().unwrap_or("table-0").to_owned();
    let number: u8 = start.trim_start_matches("table-").parse().unwrap();
    if number == 3 {
        return Response::json_error(400, "AccessDeniedException", "not here");
    }
    let next = format!("table-{}", number + 1);
    Response::json(200, &json!({"TableNames": [next], "LastEvaluatedTableName": next}))
}

#[test]
fn pages_that_were_read_are_not_thrown_away() {
    let aws = FakeAws::start(tables);
    let server = before(&aws, FREE);
    let list = |more: Value| {
        server.call_ok("aws_read", arguments("dynamodb", "ListTables", json!({}), more))
    };
    let all = list(json!({"all_pages": true}));
    assert_eq!(all["result"]["TableNames"], json!(["table-1", "table-2", "table-3"]), "{all}");
    assert!(all["warnings"][0].as_str().unwrap().starts_with("page 4 could not be read"), "{all}");
    assert!(all["next_page_token"].is_string(), "{all}");
    assert_eq!(
        all["warnings"][1], "left out, because each page has its own: LastEvaluatedTableName",
        "{all}"
    );
    // From a token on, to the end.
    let first = list(json!({"max_items": 1}));
    assert_eq!(first["result"]["TableNames"], json!(["table-1"]));
    let token = &first["next_page_token"];
    let rest = list(json!({"all_pages": true, "page_token": token}));
    assert_eq!(rest["result"]["TableNames"], json!(["table-2", "table-3"]), "{rest}");
    let one = list(json!({"page_token": token}));
    assert_eq!(one["result"]["TableNames"], json!(["table-2"]), "{one}");
}

/// A message of an event stream (Amazon event stream encoding), whose headers are texts.
fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    fn sum(bytes: &[u8]) -> [u8; 4] {
        let mut sum = u32::MAX;
        for byte in bytes {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(sum & 1));
            }
        }
        (!sum).to_be_bytes()
    }
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let whole = u32::try_from(head.len() + payload.len() + 16).unwrap();
    let mut bytes = whole.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&sum(&bytes));
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&sum(&bytes));
    bytes
}

#[test]
fn events_are_collected() {
    let event = |kind: &str, payload: &[u8]| {
        let kind = [(":message-type", "event"), (":event-type", kind)];
        message(&kind, payload)
    };
    let whole = [
        event("Records", b"a,b\n"),
        event("Records", b"c,d\n"),
        event("Stats", b"<Stats><BytesScanned>8</BytesScanned></Stats>"),
        event("End", b""),
    ]
    .concat();
    let broken = [
        event("Records", b"a,b\n"),
        message(
            &[(":message-type", "error"), (":error-code", "CastFailed"), (":error-message", "x")],
            b"",
        ),
    ]
    .concat();
    let aws = FakeAws::start(move |request| {
        let body = if request.path.contains("broken") { &broken } else { &whole };
        let mut response = Response { body: body.clone(), ..Response::xml(200, "") };
        let kind = "application/vnd.amazon.eventstream";
        response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        response.headers.push(("Content-Type".to_owned(), kind.to_owned()));
        response
    });
    let server = before(&aws, FREE);
    let select = |key: &str, more: Value| {
        let payload = json!({"Bucket": "bbb", "Key": key, "Expression": "SELECT * FROM s3object",
            "ExpressionType": "SQL", "InputSerialization": {"CSV": {}},
            "OutputSerialization": {"CSV": {}}});
        server.call_ok("aws_read", arguments("s3", "SelectObjectContent", payload, more))
    };
    let all = select("k", json!({"query": "Payload[].Records.Payload"}));
    assert_eq!(all["result"], json!(["YSxiCg==", "YyxkCg=="]), "{all}");
    assert!(all.get("warnings").is_none(), "{all}");
    let one = select("k", json!({"max_items": 1}));
    assert_eq!(one["result"]["Payload"].as_array().unwrap().len(), 1, "{one}");
    assert_eq!(one["warnings"], json!(["cut after 1 events (max_items)"]));
    let some = select("broken", json!({}));
    assert_eq!(some["result"]["Payload"].as_array().unwrap().len(), 1, "{some}");
    assert_eq!(some["warnings"], json!(["the events ended with an error: CastFailed"]));
}

#[test]
fn a_wait_tells_what_it_saw() {
    let aws = FakeAws::start(|request| match request.action().as_str() {
        "DescribeTable" => Response::json_error(400, "ResourceNotFoundException", "gone"),
        _ => deleted(request),
    });
    let server = before(&aws, FREE);
    let payload = json!({"TableName": "t"});
    let gone = server.call_ok(
        "aws_read",
        arguments("dynamodb", "DescribeTable", payload, json!({"wait": "table-not-exists"})),
    );
    let said = gone["warnings"][0].as_str().unwrap();
    assert!(said.contains("ResourceNotFoundException, which was waited for"), "{gone}");
}

#[test]
fn a_word_in_the_place_of_bytes_is_told() {
    let aws = FakeAws::start(|_| Response::json(200, &json!({})));
    let server = before(&aws, FREE);
    let payload = json!({"StreamName": "s", "PartitionKey": "k", "Data": "TODO"});
    for action in ["validate", "invoke"] {
        let args = arguments("kinesis", "PutRecord", payload.clone(), json!({"action": action}));
        let told = server.call_ok("aws_execute", args);
        let warning = told["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with("Data: was read as base64, 3 bytes"), "{told}");
    }
}

/// Looks like a secret to the mask, as AWS's tokens do and keys of rows can.
const SECRETIVE: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

#[test]
fn a_page_token_can_be_handed_back_and_shows_nothing_that_is_masked() {
    let aws = FakeAws::start(|request| match request.action().as_str() {
        "Scan" => {
            let row = json!({"k": {"S": SECRETIVE}});
            let mut page = json!({"Items": [row], "Count": 1, "ScannedCount": 1});
            if request.json().get("ExclusiveStartKey").is_none() {
                page["LastEvaluatedKey"] = row;
            }
            Response::json(200, &page)
        }
        _ => tables(request),
    });
    let server = before(&aws, FREE);
    let read = |server: &Server, operation: &str, payload: Value, more: Value| {
        server.call_ok("aws_read", arguments("dynamodb", operation, payload, more))
    };
    let scan = |more: Value| read(&server, "Scan", json!({"TableName": "abc"}), more);
    let first = scan(json!({}));
    assert!(first["result"].to_string().contains("***("), "{first}");
    let token = first["next_page_token"].as_str().unwrap();
    // Neither as it is nor in base64: only the process that gave it can read it.
    let sealed = token.strip_prefix("sealed-").expect("a sealed token");
    let bytes = aws_smithy_types::base64::decode(sealed).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(SECRETIVE), "{token}");
    let second = scan(json!({"page_token": token}));
    assert!(second.get("next_page_token").is_none(), "{second}");
    assert_eq!(aws.requests_for("Scan")[1].json()["ExclusiveStartKey"]["k"]["S"], SECRETIVE);
    // Another process cannot read it, nor this one what was changed.
    let args = |token: &str| {
        arguments("dynamodb", "Scan", json!({"TableName": "abc"}), json!({"page_token": token}))
    };
    let other = before(&aws, FREE);
    let changed = format!("{}AAAA", &token[..token.len() - 4]);
    for refused in
        [other.call_err("aws_read", args(token)), server.call_err("aws_read", args(&changed))]
    {
        assert_eq!(refused["error"], "validation_error", "{refused}");
        assert!(refused["message"].as_str().unwrap().contains("page_token is sealed"), "{refused}");
    }
    assert_eq!(aws.requests_for("Scan").len(), 2);
    // One that holds nothing of the kind is as it was.
    let list = read(&server, "ListTables", json!({}), json!({}));
    assert!(list["next_page_token"].as_str().unwrap().starts_with("eyJ"), "{list}");
}
