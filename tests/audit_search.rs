//! `aws_audit_search`: finds what was done before, and is there only for whom it was switched on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use serde_json::{Value, json};
use support::{CALLER, FakeAws, Home, Response, Server, fake, serve};

const TOOL: &str = "aws_audit_search";

fn aws() -> FakeAws {
    fake(|_| Response::json_error(400, "AccessDeniedException", "no"))
}

fn records(server: &Server, arguments: Value) -> Vec<Value> {
    let answer = server.call_ok(TOOL, arguments);
    server.check_output(TOOL, &answer);
    answer["records"].as_array().unwrap().clone()
}

fn events(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["event"].as_str().unwrap()).collect()
}

#[test]
fn it_is_not_there_unless_it_was_switched_on() {
    let offers = |args: &[&str]| {
        let server = Server::start(args, &[]);
        server.initialize();
        server.tools().iter().any(|tool| tool["name"] == TOOL)
    };
    assert!(!offers(&[]));
    assert!(!offers(&["--toolsets", "core"]));
    assert!(offers(&["--toolsets", "core,audit"]));
    assert!(offers(&["--toolsets", "all"]));
}

#[test]
fn it_finds_what_was_done_the_newest_first() {
    let aws = aws();
    let server = serve(&aws, Home::new(), &["--toolsets", "all"], &[]);
    server.call_ok("aws_get_account_info", json!({}));
    server.call_err("logs_list_groups", json!({"prefix": "/a"}));
    server.call_err("rds_describe_db_instance", json!({"instance_id": "a\u{202e}b"}));
    server.call_err("ec2_stop_instance", json!({"instance_id": "i-0123456789abcdef0"}));

    let all = records(&server, json!({}));
    assert!(events(&all).contains(&"start") && events(&all).contains(&"credentials"));
    assert!(all.iter().all(|record| record.get("hash").is_none() && record.get("prev").is_none()));
    let times: Vec<&str> = all.iter().map(|record| record["ts"].as_str().unwrap()).collect();
    assert!(times.windows(2).all(|two| two[0] >= two[1]), "{times:?}");

    let sts = records(&server, json!({"service": "sts", "event": "read"}));
    let [read] = sts.as_slice() else { panic!("{sts:#?}") };
    for (name, expected) in [
        ("tool", json!("aws_get_account_info")),
        ("operation", json!("GetCallerIdentity")),
        ("effect", json!("read")),
        ("region", json!("us-east-1")),
        ("result", json!("done")),
        ("http_status", json!(200)),
    ] {
        assert_eq!(read[name], expected, "{name}: {read:#}");
    }
    assert!(read["aws_request_id"].is_string() && read["tx_id"].is_string(), "{read:#}");

    let failed = records(&server, json!({"result": "failed", "tool": "logs_list_groups"}));
    assert_eq!(failed[0]["error_code"], "AccessDeniedException");
    assert_eq!(failed[0]["parameters"], json!({"prefix": "/a"}));
    assert_eq!(failed[0]["account"], "123456789012");
    assert_eq!(failed[0]["principal"], CALLER);
    let of_account = json!({"account": "123456789012", "tool": "logs_list_groups"});
    assert_eq!(records(&server, of_account).len(), failed.len());
    assert!(records(&server, json!({"account": "999999999999"})).is_empty());
    // What hides stays visible.
    let hostile = records(&server, json!({"tool": "rds_describe_db_instance"}));
    assert_eq!(hostile[0]["parameters"], json!({"instance_id": r"a\u{202E}b"}));

    let stop = records(&server, json!({"tool": "ec2_stop_instance", "limit": 1}));
    assert_eq!(stop.len(), 1);
    assert!(stop[0]["policy_rule"].is_string(), "{stop:#?}");
    assert!(records(&server, json!({"since": "2999-01-01"})).is_empty());
    assert!(records(&server, json!({"since": "-1h"})).len() > all.len());
}

#[test]
fn another_server_s_records_are_found_too() {
    let aws = aws();
    let (home, url) = (Home::new(), aws.url());
    let before = Server::start_in(&home, &[], &aws.env(&url));
    before.initialize();
    before.call_ok("aws_get_account_info", json!({}));
    drop(before);
    let server = Server::start_in(&home, &["--toolsets", "audit"], &aws.env(&url));
    server.initialize();
    let found = records(&server, json!({"tool": "aws_get_account_info"}));
    assert!(events(&found).contains(&"read"), "{found:#?}");
}

#[test]
fn a_long_answer_is_cut_by_whole_records_and_the_oldest_go() {
    let aws = aws();
    let config = "[output]\nmax_characters = 3000\n";
    let home = Home::new().with(".config/aws-mcp/config.toml", config);
    let server = serve(&aws, home, &["--toolsets", "core,audit"], &[]);
    for _ in 0..30 {
        server.call_ok("aws_list_profiles", json!({}));
    }
    let answer = server.call_ok(TOOL, json!({"tool": "aws_list_profiles"}));
    assert_eq!((&answer["matched"], &answer["truncated"]["total"]), (&json!(30), &json!(30)));
    let shown = answer["records"].as_array().unwrap();
    assert!(shown.len() < 30 && answer["truncated"]["shown"] == shown.len(), "{answer:#}");
    let newest = records(&server, json!({"tool": "aws_list_profiles", "limit": 1}));
    assert_eq!(shown[0], newest[0]);
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let server = serve(&aws(), Home::new(), &["--toolsets", "audit"], &[]);
    for wrong in [
        json!({"hash": "00"}),
        json!({"principal": CALLER}),
        json!({"result": "good"}),
        json!({"event": "intend"}),
        json!({"since": "lately"}),
        json!({"limit": 0}),
        json!({"profile": "dev"}),
    ] {
        server.fails(TOOL, wrong, "validation_error");
    }
    assert!(!records(&server, json!({})).is_empty());
}
