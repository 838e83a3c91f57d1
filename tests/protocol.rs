//! The protocol as a host sees it: both lifecycles, broken input, the end of the process, and the command line.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{
    FakeAws, Home, PLANTED_KEY, Request, Response, Server, check_asked, full, modern, python,
};

const BINARY: &str = env!("CARGO_BIN_EXE_aws-mcp");

/// Two seconds are promised; a busy machine may need longer to start and to schedule.
const SOON: Duration = Duration::from_secs(5);

/// Keys are not looked for where a machine at AWS would have them.
const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const LEGACY_VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[derive(Clone, Copy, Debug)]
enum Era {
    Legacy,
    Modern,
}

impl Era {
    const BOTH: [Self; 2] = [Self::Legacy, Self::Modern];

    /// A server that is ready for requests of this era.
    fn start(self, args: &[&str], env: &[(&str, &str)]) -> Server {
        let server = Server::start(args, env);
        if let Self::Legacy = self {
            server.initialize();
        }
        server
    }

    /// `params` as requests of this era carry them.
    fn params(self, params: Value) -> Value {
        match self {
            Self::Legacy => params,
            Self::Modern => modern(params),
        }
    }

    /// Asks for a call and does not wait. Returns the request's id.
    fn ask_call(self, server: &Server, tool: &str, arguments: Value) -> i64 {
        server.ask("tools/call", self.params(json!({"name": tool, "arguments": arguments})))
    }

    fn list(self, server: &Server) -> Value {
        server.request("tools/list", self.params(json!({})))["result"].clone()
    }
}

/// AWS in good health: one account, no instances.
fn good_aws(request: &Request) -> Response {
    match request.action().as_str() {
        "DescribeInstances" => Response::instances(0),
        _ => who(),
    }
}

/// AWS that takes connections and says nothing.
fn silent_aws(_: &Request) -> Response {
    Response::never()
}

fn who() -> Response {
    Response::caller_identity("123456789012", "arn:aws:iam::123456789012:user/dev", "AIDATEST")
}

fn assert_error(response: &Value, code: i64, words: &[&str]) {
    assert_eq!(response["error"]["code"], code, "{response:#}");
    let message = response["error"]["message"].as_str().unwrap_or_default();
    for word in words {
        assert!(message.contains(word), "no {word:?} in {message:?}");
    }
}

/// The server does what a server is there for.
fn assert_serves(server: &Server, era: Era) {
    let listed = era.list(server);
    assert!(listed["tools"].as_array().is_some_and(|tools| !tools.is_empty()), "{listed:#}");
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().filter_map(|tool| tool["name"].as_str()).collect()
}

// ---------------------------------------------------------------- lifecycles

#[test]
fn every_version_with_a_handshake_is_spoken() {
    for version in LEGACY_VERSIONS {
        let server = Server::start(&[], &[]);
        let answer = server.request("initialize", hello(version));
        assert_eq!(answer["result"]["protocolVersion"], version, "{answer:#}");
        assert_eq!(answer["result"]["serverInfo"]["name"], "aws-mcp");
        server.notify("notifications/initialized", json!({}));
        assert_serves(&server, Era::Legacy);
        assert_eq!(server.request("ping", json!({}))["result"], json!({}));
        server.call_ok("aws_server_status", json!({}));
    }
}

#[test]
fn a_handshake_for_another_version_gets_the_newest_that_has_one() {
    for version in ["2020-01-01", "2026-07-28", "2999-01-01"] {
        let server = Server::start(&[], &[]);
        let answer = server.request("initialize", hello(version));
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{version}: {answer:#}");
        server.notify("notifications/initialized", json!({}));
        assert_serves(&server, Era::Legacy);
    }
}

#[test]
fn discover_tells_versions_instructions_and_how_long_they_hold() {
    let server = Server::start(&[], &[]);
    let result = server.request("server/discover", modern(json!({})))["result"].clone();
    let versions = result["supportedVersions"].as_array().expect("versions").clone();
    for version in LEGACY_VERSIONS.iter().chain(&["2026-07-28"]) {
        assert!(versions.contains(&json!(version)), "no {version} in {versions:?}");
    }
    assert!(result["capabilities"]["tools"].is_object(), "{result:#}");
    assert!(result["instructions"].as_str().is_some_and(|text| !text.is_empty()));
    assert_holds_for_this_user(&result);
    assert_names_the_server(&result);
}

#[test]
fn modern_requests_need_no_handshake() {
    let aws = FakeAws::start(good_aws);
    let url = aws.url();
    let server = Server::start(&[], &aws.env(&url));
    let listed = Era::Modern.list(&server);
    assert_holds_for_this_user(&listed);
    assert_names_the_server(&listed);
    for tool in ["aws_server_status", "aws_get_account_info"] {
        let id = Era::Modern.ask_call(&server, tool, json!({}));
        let result = server.response(id)["result"].clone();
        assert_eq!(result["isError"], false, "{result:#}");
        assert_eq!(result["resultType"], "complete", "{result:#}");
        assert_names_the_server(&result);
    }
    let id = Era::Modern.ask_call(&server, "ec2_list_instances", json!({"limit": 0}));
    let failed = server.response(id)["result"].clone();
    assert_eq!(failed["isError"], true, "{failed:#}");
    assert_names_the_server(&failed);
}

#[test]
fn a_modern_request_without_its_meta_is_refused() {
    let missing = |key: &str| {
        let mut params = modern(json!({}));
        params["_meta"].as_object_mut().expect("meta").remove(key);
        params
    };
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    for key in [version, capabilities] {
        for method in ["server/discover", "tools/list"] {
            let server = Server::start(&[], &[]);
            assert_error(&server.request(method, missing(key)), -32602, &[key]);
            // And when modern requests have gone before.
            assert_serves(&server, Era::Modern);
            assert_error(&server.request(method, missing(key)), -32602, &[key]);
            assert_serves(&server, Era::Modern);
        }
    }
    let server = Server::start(&[], &[]);
    assert_error(&server.request("tools/list", json!({})), -32602, &[version]);
}

#[test]
fn a_modern_request_of_an_unknown_version_is_told_the_known_ones() {
    let mut params = modern(json!({"name": "aws_server_status"}));
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("1999-12-31");
    for method in ["server/discover", "tools/list", "tools/call"] {
        let server = Server::start(&[], &[]);
        for _ in 0..2 {
            let answer = server.request(method, params.clone());
            assert_error(&answer, -32022, &[]);
            let data = &answer["error"]["data"];
            assert_eq!(data["requested"], "1999-12-31", "{answer:#}");
            let supported = data["supported"].as_array().expect("versions");
            assert!(supported.contains(&json!("2026-07-28")), "{answer:#}");
            assert_serves(&server, Era::Modern);
        }
    }
}

#[test]
fn a_probe_that_was_given_up_leaves_the_handshake_open() {
    let server = Server::start(&[], &[]);
    let probe = server.ask("server/discover", modern(json!({})));
    server.notify("notifications/cancelled", json!({"requestId": probe, "reason": "timeout"}));
    server.initialize();
    assert_serves(&server, Era::Legacy);
    server.call_ok("aws_server_status", json!({}));
}

#[test]
fn a_handshake_may_follow_modern_requests() {
    let server = Server::start(&[], &[]);
    for _ in 0..2 {
        let id = Era::Modern.ask_call(&server, "aws_server_status", json!({}));
        assert_eq!(server.response(id)["result"]["isError"], false);
        server.initialize();
        assert_serves(&server, Era::Legacy);
        server.call_ok("aws_server_status", json!({}));
        assert_serves(&server, Era::Modern);
    }
}

#[test]
fn a_handshake_in_the_same_breath_as_modern_requests_is_taken_over() {
    for _ in 0..20 {
        let server = Server::start(&[], &[]);
        let lines = [
            json!({"jsonrpc": "2.0", "id": "m1", "method": "tools/list", "params": modern(json!({}))}),
            json!({"jsonrpc": "2.0", "id": "m2", "method": "tools/list", "params": modern(json!({}))}),
            json!({"jsonrpc": "2.0", "id": "i", "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "tests", "version": "0"}}}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": "l", "method": "tools/list"}),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        server.send_raw(text);
        for id in ["m1", "m2", "i", "l"] {
            assert!(server.response(id)["result"].is_object(), "{id}");
        }
    }
}

/// An AWS that knows its caller, and says so once the gate is open.
fn held_back() -> (Arc<Gate>, FakeAws) {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let aws = FakeAws::start(move |_| {
        held.pass();
        who()
    });
    (gate, aws)
}

#[test]
fn a_handshake_does_not_wait_for_a_modern_call_under_way() {
    let (gate, aws) = held_back();
    let url = aws.url();
    let server = Server::start(&[], &aws.env(&url));
    let id = Era::Modern.ask_call(&server, "aws_get_account_info", json!({}));
    gate.wait_for(1);
    server.initialize();
    assert_serves(&server, Era::Legacy);
    gate.open();
    assert_eq!(server.response(id)["result"]["isError"], false);
}

#[test]
fn no_notification_ends_a_server_that_waits_for_the_handshake() {
    for line in EARLY_NOTIFICATIONS {
        let server = Server::start(&[], &[]);
        server.send_raw(format!("{line}\n"));
        server.initialize();
        assert_serves(&server, Era::Legacy);
    }
}

#[test]
fn no_notification_ends_a_server_that_was_only_probed() {
    let mut wrong_version = modern(json!({}));
    wrong_version["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("1999-12-31");
    let mut no_capabilities = modern(json!({}));
    let meta = no_capabilities["_meta"].as_object_mut().expect("meta");
    meta.remove("io.modelcontextprotocol/clientCapabilities");
    for params in [json!({}), modern(json!({})), wrong_version, no_capabilities] {
        for method in ["server/discover", "tools/list", "tools/call", "no/such"] {
            let server = Server::start(&[], &[]);
            server.request(method, params.clone());
            for line in EARLY_NOTIFICATIONS {
                server.send_raw(format!("{line}\n"));
            }
            server.initialize();
            assert_serves(&server, Era::Legacy);
        }
    }
}

/// What a host may say before it has asked anything, and what none should.
const EARLY_NOTIFICATIONS: [&str; 8] = [
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}"#,
    r#"{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}"#,
    r#"{"jsonrpc":"2.0","method":"garbage"}"#,
    r#"{"method":"garbage","params":7}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#,
];

fn hello(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "0"},
    })
}

fn assert_holds_for_this_user(result: &Value) {
    assert!(result["ttlMs"].as_u64().is_some_and(|ms| ms > 0), "{result:#}");
    assert_eq!(result["cacheScope"], "private", "{result:#}");
}

fn assert_names_the_server(result: &Value) {
    let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(info["name"], "aws-mcp", "{result:#}");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"), "{result:#}");
}

// ---------------------------------------------------------------- the list of tools

#[test]
fn every_tool_says_what_a_host_needs_to_know() {
    let server = Server::start(full(), &[]);
    server.initialize();
    let tools = server.tools();
    assert!(tools.len() >= 10, "{:?}", names(&tools));
    for tool in &tools {
        assert!(tool["title"].as_str().is_some_and(|title| !title.is_empty()), "{tool:#}");
        assert!(tool["description"].as_str().is_some_and(|about| !about.is_empty()), "{tool:#}");
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{schema} of {tool:#}");
            jsonschema::draft202012::meta::validate(&tool[schema]).expect("a schema");
        }
        let annotations = &tool["annotations"];
        let read_only = annotations["readOnlyHint"].as_bool().expect("readOnlyHint");
        let destructive = annotations["destructiveHint"].as_bool().expect("destructiveHint");
        assert_ne!(read_only, destructive, "{tool:#}");
    }
    let hint = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name).expect("the tool");
        tool["annotations"]["readOnlyHint"].clone()
    };
    assert_eq!(hint("ec2_list_instances"), true);
    assert_eq!(hint("ec2_stop_instance"), false);
}

#[test]
fn the_list_is_the_same_in_every_run_and_era() {
    let list = |era: Era| era.list(&era.start(&[], &[]))["tools"].to_string();
    let first = list(Era::Legacy);
    for era in [Era::Legacy, Era::Modern, Era::Modern] {
        assert_eq!(list(era), first, "{era:?}");
    }
    // Nor does it change in one run.
    let server = Server::start(&[], &[]);
    assert_eq!(Era::Modern.list(&server)["tools"].to_string(), first);
    server.initialize();
    server.call("aws_set_environment", json!({"region": "eu-west-1"}));
    assert_eq!(Era::Legacy.list(&server)["tools"].to_string(), first);
    assert_eq!(Era::Modern.list(&server)["tools"].to_string(), first);
}

#[test]
fn the_instructions_fit_into_what_hosts_show() {
    let server = Server::start(&[], &[]);
    let legacy = server.initialize()["instructions"].clone();
    let text = legacy.as_str().expect("instructions");
    assert!(!text.is_empty() && text.chars().count() < 2_000, "{}", text.chars().count());
    let result = server.request("server/discover", modern(json!({})))["result"].clone();
    assert_eq!(result["instructions"], legacy);
}

// ---------------------------------------------------------------- calls

#[test]
fn a_cancelled_call_stops_and_gets_no_answer() {
    for era in Era::BOTH {
        let aws = FakeAws::start(|request| match request.action().as_str() {
            "DescribeInstances" if request.param("NextToken").is_some() => Response::never(),
            "DescribeInstances" => Response::describe_instances(&["one", "two"], Some("more")),
            _ => who(),
        });
        let url = aws.url();
        let server = era.start(&[], &aws.env(&url));
        let call = json!({"name": "ec2_list_instances", "arguments": {"limit": 1000}});
        let mut params = era.params(call);
        params["_meta"]["progressToken"] = json!("cancelled-progress");
        let id = server.ask("tools/call", params);
        server.wait_for("the first progress", is_progress);
        // DescribeInstances twice, GetCallerIdentity once.
        aws.wait_for_requests(3);
        server.notify("notifications/cancelled", json!({"requestId": id, "reason": "test"}));
        let abandoned = aws.wait_for_abandoned(1);
        assert_eq!(abandoned[0].action(), "DescribeInstances");
        // Others are answered, and after them still nothing more of the cancelled call.
        assert_serves(&server, era);
        let other = era.ask_call(&server, "aws_get_account_info", json!({}));
        assert_eq!(server.response(other)["result"]["isError"], false);
        assert_eq!(aws.requests_for("DescribeInstances").len(), 2, "{era:?}");
        let messages = server.messages();
        assert!(messages.iter().all(|message| message["id"] != id), "{era:?}: {messages:#?}");
        assert_eq!(messages.iter().filter(|m| is_progress(m)).count(), 1, "{messages:#?}");
        // Nor does one come when the server ends.
        server.close_stdin();
        assert!(server.wait_exit(SOON).success());
        assert!(server.messages().iter().all(|message| message["id"] != id));
    }
}

#[test]
fn a_cancellation_of_nothing_disturbs_nothing() {
    let server = Era::Legacy.start(&[], &[]);
    for params in [json!({"requestId": 4711}), json!({"requestId": "x"}), json!({}), json!([])] {
        server.notify("notifications/cancelled", params);
    }
    assert_serves(&server, Era::Legacy);
}

#[test]
fn malformed_calls_are_invalid_params() {
    let malformed = [
        json!({"name": "aws_server_status", "arguments": []}),
        json!({"name": "aws_server_status", "arguments": "{}"}),
        json!({"name": "aws_server_status", "arguments": 7}),
        json!({"name": 7, "arguments": {}}),
        json!({"arguments": {}}),
        json!({}),
    ];
    for era in Era::BOTH {
        let server = era.start(&[], &[]);
        assert_serves(&server, era);
        for params in &malformed {
            let answer = server.request("tools/call", era.params(params.clone()));
            assert_error(&answer, -32602, &["tools/call"]);
        }
    }
    let server = Era::Legacy.start(&[], &[]);
    server.send(&json!({"jsonrpc": "2.0", "id": "absent", "method": "tools/call"}));
    assert_error(&server.response("absent"), -32602, &["tools/call"]);
    assert_serves(&server, Era::Legacy);
}

#[test]
fn params_that_are_no_object_are_refused_as_such() {
    let server = Era::Legacy.start(&[], &[]);
    for params in [json!([]), json!(["aws_server_status"]), json!("text"), json!(7)] {
        assert_error(&server.request("tools/call", params), -32602, &["params"]);
    }
    assert_serves(&server, Era::Legacy);
}

#[test]
fn an_unknown_tool_is_refused_with_the_nearest() {
    for era in Era::BOTH {
        let server = era.start(&[], &[]);
        let answer = |tool: &str| {
            let id = era.ask_call(&server, tool, json!({}));
            server.response(id)
        };
        let near = ["ec2_list_instance", "ec2_list_instances"];
        assert_error(&answer("ec2_list_instance"), -32602, &near);
        assert_error(&answer("frobnicate"), -32602, &["frobnicate"]);
    }
}

#[test]
fn an_unknown_method_is_refused_by_its_name() {
    for era in Era::BOTH {
        let server = era.start(&[], &[]);
        for method in ["tools/frobnicate", "resources/read", "logging/setLevel", "$/x", ""] {
            let answer = server.request(method, era.params(json!({})));
            assert_error(&answer, -32601, &[method]);
        }
        assert_serves(&server, era);
    }
}

#[test]
fn what_is_not_declared_is_not_answered_with_empty_lists() {
    let prompt = json!({"type": "ref/prompt", "name": "x"});
    let complete = json!({"ref": prompt, "argument": {"name": "x", "value": ""}});
    for era in Era::BOTH {
        let server = era.start(&[], &[]);
        for method in ["prompts/list", "resources/list", "resources/templates/list"] {
            assert_error(&server.request(method, era.params(json!({}))), -32601, &[method]);
        }
        let answer = server.request("completion/complete", era.params(complete.clone()));
        assert_error(&answer, -32601, &["completion/complete"]);
        assert_serves(&server, era);
    }
}

#[test]
fn the_handshakes_methods_are_no_methods_of_modern_requests() {
    let server = Era::Modern.start(&[], &[]);
    assert_serves(&server, Era::Modern);
    for method in ["initialize", "ping"] {
        assert_error(&server.request(method, modern(json!({}))), -32601, &[method]);
    }
    assert_serves(&server, Era::Modern);
}

#[test]
fn unknown_arguments_are_refused_with_the_nearest() {
    let server = Era::Legacy.start(full(), &[]);
    let unknown = [
        ("ec2_list_instances", json!({"limits": 5}), "limits", "limit"),
        ("ec2_describe_instance", json!({"instanceId": "i-00000000"}), "instanceId", "instance_id"),
        ("aws_get_account_info", json!({"profil": "dev"}), "profil", "profile"),
        ("aws_list_profiles", json!({"contain": "dev"}), "contain", "contains"),
        ("aws_set_environment", json!({"secret_key": "x"}), "secret_key", "secret_access_key"),
    ];
    for (tool, arguments, wrong, near) in unknown {
        let error = server.call_err(tool, arguments);
        assert_eq!(error["error"], "validation_error", "{error:#}");
        let words = error.to_string();
        assert!(words.contains(wrong) && words.contains(near), "{error:#}");
    }
    let error = server.call_err("aws_server_status", json!({"region": "eu-west-1"}));
    assert_eq!(error["error"], "validation_error", "{error:#}");
}

#[test]
fn arguments_of_a_wrong_type_are_refused_with_their_path() {
    let server = Era::Legacy.start(full(), &[]);
    let wrong = [
        ("ec2_list_instances", json!({"limit": "five"}), "limit"),
        ("ec2_list_instances", json!({"limit": -1}), "limit"),
        ("ec2_list_instances", json!({"limit": 1.5}), "limit"),
        ("ec2_list_instances", json!({"tags": {"env": 5}}), "tags.env"),
        ("ec2_list_instances", json!({"tags": ["env"]}), "tags"),
        ("ec2_list_instances", json!({"states": ["running", "walking"]}), "states[1]"),
        ("ec2_list_instances", json!({"ids": ["i-00000000", "x"]}), "ids[1]"),
        ("ec2_list_instances", json!({"region": 7}), "region"),
        ("ec2_list_instances", json!({"profile": {}}), "profile"),
        ("ec2_list_instances", json!({"role_arn": false}), "role_arn"),
        ("ec2_describe_instance", json!({"instance_id": []}), "instance_id"),
        ("ec2_describe_instance", json!({}), "instance_id"),
        ("aws_get_credentials", json!({"include_session_token": "yes"}), "include_session_token"),
        ("aws_set_environment", json!({"access_key_id": 7}), "access_key_id"),
    ];
    for (tool, arguments, path) in wrong {
        let error = server.call_err(tool, arguments.clone());
        assert_eq!(error["error"], "validation_error", "{arguments}: {error:#}");
        assert_eq!(error["retryable"], false, "{arguments}: {error:#}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains(path), "{arguments}: no {path} in {message:?}");
    }
}

#[test]
fn a_forged_page_token_is_refused() {
    let aws = FakeAws::start(|request| match request.action().as_str() {
        "DescribeInstances" => Response::instances(7),
        _ => who(),
    });
    let url = aws.url();
    let server = Era::Legacy.start(&[], &aws.env(&url));
    let page = server.call_ok("ec2_list_instances", json!({"limit": 2}));
    let token = page["next_page_token"].as_str().expect("a token");
    let bytes = aws_smithy_types::base64::decode(token).expect("base64");
    let mut opened: Value = serde_json::from_slice(&bytes).expect("JSON");
    opened["s"] = json!(u64::MAX);
    let forged = aws_smithy_types::base64::encode(opened.to_string());
    let error = server.call_err("ec2_list_instances", json!({"limit": 2, "page_token": forged}));
    assert_eq!(error["error"], "validation_error", "{error:#}");
    server.call_ok("ec2_list_instances", json!({"limit": 2, "page_token": token}));
}

#[test]
fn progress_counts_up_and_stops_before_the_answer() {
    for era in Era::BOTH {
        let aws = three_pages();
        let url = aws.url();
        let server = era.start(&[], &aws.env(&url));
        let call = json!({"name": "ec2_list_instances", "arguments": {"limit": 1000}});
        for token in [json!("pages"), json!(17)] {
            let mut params = era.params(call.clone());
            params["_meta"]["progressToken"] = token.clone();
            let id = server.ask("tools/call", params);
            let rows = server.response(id)["result"]["structuredContent"]["instances"].clone();
            assert_eq!(rows.as_array().map(Vec::len), Some(6), "{rows:#}");
            // Whatever followed the answer would stand before the next one.
            assert_serves(&server, era);
            let messages = server.messages();
            let answered =
                messages.iter().position(|message| message["id"] == id).expect("the answer");
            let mine = |message: &&Value| message["params"]["progressToken"] == token;
            let steps: Vec<f64> = messages[..answered]
                .iter()
                .filter(mine)
                .map(|message| message["params"]["progress"].as_f64().expect("a number"))
                .collect();
            assert_eq!(steps.len(), 2, "{messages:#?}");
            assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
            assert_eq!(messages[answered..].iter().filter(mine).count(), 0, "{messages:#?}");
        }
    }
}

#[test]
fn without_a_token_there_is_no_progress() {
    for era in Era::BOTH {
        let aws = three_pages();
        let url = aws.url();
        let server = era.start(&[], &aws.env(&url));
        let id = era.ask_call(&server, "ec2_list_instances", json!({"limit": 1000}));
        server.response(id);
        assert_serves(&server, era);
        assert_eq!(server.notifications(), Vec::<Value>::new());
    }
}

#[test]
fn at_most_a_hundred_calls_run_at_once() {
    let (gate, aws) = held_back();
    let url = aws.url();
    let server = Era::Legacy.start(&[], &aws.env(&url));
    let ids: Vec<i64> = (0..130)
        .map(|_| Era::Legacy.ask_call(&server, "aws_get_account_info", json!({})))
        .collect();
    gate.wait_for(100);
    assert!(!gate.is_reached(101, Duration::from_secs(1)), "more than a hundred at once");
    // What is no call does not wait in the queue.
    assert_serves(&server, Era::Legacy);
    gate.open();
    for id in ids {
        assert_eq!(server.response(id)["result"]["isError"], false);
    }
    assert_eq!(aws.requests_for("GetCallerIdentity").len(), 130);
}

#[test]
fn a_call_that_waits_for_its_turn_can_be_cancelled() {
    let (gate, aws) = held_back();
    let url = aws.url();
    let server = Era::Legacy.start(&[], &aws.env(&url));
    let ask = || Era::Legacy.ask_call(&server, "aws_get_account_info", json!({}));
    let running: Vec<i64> = (0..100).map(|_| ask()).collect();
    gate.wait_for(100);
    let waiting = ask();
    server.notify("notifications/cancelled", json!({"requestId": waiting}));
    assert_serves(&server, Era::Legacy);
    gate.open();
    for id in running {
        server.response(id);
    }
    server.response(ask());
    assert_eq!(aws.requests_for("GetCallerIdentity").len(), 101);
    assert!(server.messages().iter().all(|message| message["id"] != waiting));
}

fn is_progress(message: &Value) -> bool {
    message["method"] == "notifications/progress"
}

/// DescribeInstances in three pages of two.
fn three_pages() -> FakeAws {
    FakeAws::start(|request| match request.action().as_str() {
        "DescribeInstances" => match request.param("NextToken").as_deref() {
            None => Response::describe_instances(&["a", "b"], Some("second")),
            Some("second") => Response::describe_instances(&["c", "d"], Some("third")),
            _ => Response::describe_instances(&["e", "f"], None),
        },
        _ => who(),
    })
}

/// Holds those who pass until it is opened, and counts them.
#[derive(Default)]
struct Gate {
    /// How many are held now, and whether it is open.
    state: Mutex<(usize, bool)>,
    change: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.change.notify_all();
        let (mut state, _) =
            self.change.wait_timeout_while(state, PATIENCE, |(_, open)| !*open).unwrap();
        state.0 -= 1;
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.change.notify_all();
    }

    /// Whether `count` are held at once, now or within `bound`.
    fn is_reached(&self, count: usize, bound: Duration) -> bool {
        let state = self.state.lock().unwrap();
        let (_state, timeout) =
            self.change.wait_timeout_while(state, bound, |(held, _)| *held < count).unwrap();
        !timeout.timed_out()
    }

    fn wait_for(&self, count: usize) {
        assert!(self.is_reached(count, PATIENCE), "{count} were not reached");
    }
}

// ---------------------------------------------------------------- broken input

#[test]
fn broken_lines_are_answered_with_their_id() {
    let deep = "[".repeat(300) + &"]".repeat(300);
    let long = "x".repeat(17 * 1024 * 1024);
    let lines: [(&str, i64, Vec<u8>); 10] = [
        ("cut", -32700, br#"{"jsonrpc":"2.0","id":"cut","method":"ping""#.to_vec()),
        ("comma", -32700, br#"{"jsonrpc":"2.0","id":"comma","method":"ping",}"#.to_vec()),
        ("late", -32700, br#"{"jsonrpc":"2.0","method":"ping",,"id":"late"}"#.to_vec()),
        ("utf8", -32700, b"{\"jsonrpc\":\"2.0\",\"id\":\"utf8\",\"method\":\"\xff\xfe\"}".to_vec()),
        ("lone", -32700, br#"{"jsonrpc":"2.0","id":"lone","method":"\ud800"}"#.to_vec()),
        (
            "lone-last",
            -32700,
            br#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"\udc00"},"id":"lone-last"}"#
                .to_vec(),
        ),
        (
            "deep",
            -32700,
            format!(r#"{{"jsonrpc":"2.0","id":"deep","method":"x","params":{deep}}}"#).into(),
        ),
        (
            "deep-last",
            -32700,
            format!(r#"{{"jsonrpc":"2.0","method":"x","params":{deep},"id":"deep-last"}}"#).into(),
        ),
        (
            "long-first",
            -32600,
            format!(r#"{{"jsonrpc":"2.0","id":"long-first","method":"x","params":{{"a":"{long}"}}}}"#)
                .into(),
        ),
        (
            "long-last",
            -32600,
            format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"a":"{long}"}},"id":"long-last"}}"#)
                .into(),
        ),
    ];
    for ready in [false, true] {
        let server = Server::start(&[], &[]);
        if ready {
            server.initialize();
        }
        for (id, code, line) in &lines {
            server.send_raw(line);
            server.send_raw("\n");
            assert_error(&server.response(*id), *code, &[]);
            if ready {
                assert_serves(&server, Era::Legacy);
            }
        }
        server.initialize();
        assert_serves(&server, Era::Legacy);
    }
}

#[test]
fn broken_lines_without_an_id_are_answered_too() {
    let lines: [(&[u8], i64); 7] = [
        (b"hello", -32700),
        (b"{", -32700),
        (b"\xff\xff", -32700),
        (b"7", -32600),
        (br#""text""#, -32600),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
    ];
    for (line, code) in lines {
        let server = Era::Legacy.start(&[], &[]);
        server.send_raw(line);
        server.send_raw("\n");
        let answer = server.wait_for("an error", |message| message.get("error").is_some());
        assert_error(&answer, code, &[]);
        assert!(answer.get("id").is_none_or(Value::is_null), "{answer:#}");
        assert_serves(&server, Era::Legacy);
    }
}

#[test]
fn batches_are_refused() {
    let ping = r#"{"jsonrpc":"2.0","id":"in-batch","method":"ping"}"#;
    for batch in ["[]".to_owned(), format!("[{ping}]"), format!("[{ping},{ping}]")] {
        let server = Era::Legacy.start(&[], &[]);
        server.send_raw(format!("{batch}\n"));
        let answer = server.wait_for("an error", |message| message.get("error").is_some());
        assert_error(&answer, -32600, &["batch"]);
        assert_serves(&server, Era::Legacy);
        assert!(server.messages().iter().all(|message| message["id"] != "in-batch"));
    }
}

#[test]
fn a_request_that_is_not_json_rpc_2_is_refused() {
    let server = Era::Legacy.start(&[], &[]);
    for (id, line) in [
        ("none", r#"{"id":"none","method":"ping"}"#),
        ("old", r#"{"jsonrpc":"1.0","id":"old","method":"ping"}"#),
        ("bare", r#"{"jsonrpc":"2.0","id":"bare"}"#),
    ] {
        server.send_raw(format!("{line}\n"));
        assert_error(&server.response(id), -32600, &[]);
    }
    assert_serves(&server, Era::Legacy);
}

#[test]
fn blank_lines_and_carriage_returns_do_no_harm() {
    let server = Server::start(&[], &[]);
    server.send_raw("\n\r\n  \t \n");
    server.initialize();
    server.send_raw("\r\n\n{\"jsonrpc\":\"2.0\",\"id\":\"crlf\",\"method\":\"ping\"}\r\n\r\n");
    assert_eq!(server.response("crlf")["result"], json!({}));
    assert!(server.messages().iter().all(|message| message.get("error").is_none()));
}

#[test]
fn a_line_may_come_in_pieces() {
    let server = Era::Legacy.start(&[], &[]);
    for byte in br#"{"jsonrpc":"2.0","id":"slow","method":"ping"}"# {
        server.send_raw([*byte]);
    }
    server.send_raw("\n");
    assert_eq!(server.response("slow")["result"], json!({}));
}

#[test]
fn a_last_line_without_an_end_is_answered() {
    let server = Era::Legacy.start(&[], &[]);
    server.send_raw(r#"{"jsonrpc":"2.0","id":"last","method":"tools/list"}"#);
    server.close_stdin();
    assert!(server.response("last")["result"]["tools"].is_array());
    assert!(server.wait_exit(SOON).success());
}

#[test]
fn requests_before_the_end_of_input_are_answered() {
    let aws = FakeAws::start(good_aws);
    let url = aws.url();
    let server = Server::start(&[], &aws.env(&url));
    let ids = ["aws_server_status", "aws_get_account_info", "ec2_list_instances"]
        .map(|tool| Era::Modern.ask_call(&server, tool, json!({})));
    server.close_stdin();
    for id in ids {
        assert_eq!(server.response(id)["result"]["isError"], false);
    }
    assert!(server.wait_exit(SOON).success());
}

// ---------------------------------------------------------------- the end of the process

/// What makes a server end.
#[derive(Clone, Copy, Debug)]
enum End {
    Stdin,
    Term,
    Int,
}

impl End {
    const ALL: [Self; 3] = [Self::Stdin, Self::Term, Self::Int];

    fn signal(self) -> Option<Signal> {
        match self {
            Self::Stdin => None,
            Self::Term => Some(Signal::TERM),
            Self::Int => Some(Signal::INT),
        }
    }

    /// Ends `server`, and says what was wrong with its end.
    fn fault(self, what: &str, server: &Server) -> Option<String> {
        let begun = Instant::now();
        match self.signal() {
            None => server.close_stdin(),
            Some(signal) => kill(server.pid(), signal),
        }
        self.judge(what, begun, server.exit_within(SOON))
    }

    fn judge(self, what: &str, begun: Instant, status: Option<ExitStatus>) -> Option<String> {
        let took = begun.elapsed();
        eprintln!("{what}, {self:?}: {status:?} after {took:?}");
        match status {
            None => Some(format!("{what}, {self:?}: it runs on after {took:?}")),
            Some(status) if status.code() != Some(0) => Some(format!("{what}, {self:?}: {status}")),
            Some(_) => None,
        }
    }
}

/// Tries every end, so that one fault does not hide another.
fn assert_every_end_is_good(fault: impl Fn(End) -> Option<String>) {
    let faults: Vec<String> = End::ALL.into_iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the server runs");
}

#[test]
fn an_idle_server_ends_when_told() {
    assert_every_end_is_good(|end| end.fault("legacy", &Era::Legacy.start(&[], &[])));
    assert_every_end_is_good(|end| {
        let server = Server::start(&[], &[]);
        assert_serves(&server, Era::Modern);
        end.fault("modern", &server)
    });
    assert_every_end_is_good(|end| {
        let server = Server::start(&[], &[]);
        server.request("server/discover", modern(json!({})));
        end.fault("only probed", &server)
    });
    assert_eq!(End::Stdin.fault("never spoken to", &Server::start(&[], &[])), None);
}

#[test]
fn a_server_ends_in_the_middle_of_a_call() {
    for era in Era::BOTH {
        assert_every_end_is_good(|end| {
            let aws = FakeAws::start(silent_aws);
            let url = aws.url();
            let server = era.start(&[], &aws.env(&url));
            era.ask_call(&server, "aws_get_account_info", json!({}));
            era.ask_call(&server, "ec2_list_instances", json!({}));
            aws.wait_for_requests(2);
            end.fault("in a call", &server)
        });
    }
}

#[test]
fn a_server_ends_while_a_credential_process_runs() {
    assert_every_end_is_good(|end| {
        let config = "[profile slow]\nregion = us-east-1\ncredential_process = sleep 30\n";
        let home = Home::new().with(".aws/config", config);
        let server = Server::start_in(&home, &[], &[]);
        server.initialize();
        Era::Legacy.ask_call(&server, "aws_get_credentials", json!({"profile": "slow"}));
        server.wait_for_stderr("running credential_process");
        end.fault("credential_process", &server)
    });
}

#[test]
fn a_server_ends_when_its_answers_are_not_read() {
    let input = requests("tools/list", 200);
    assert_every_end_is_good(|end| Deaf::start(&input).fault("unread lists", end));
}

#[test]
fn a_server_ends_when_its_error_replies_are_not_read() {
    let input = requests("tools/list", 20) + &"{]\n".repeat(1_000);
    assert_every_end_is_good(|end| Deaf::start(&input).fault("unread errors", end));
}

#[test]
fn a_server_ends_when_answers_before_the_handshake_are_not_read() {
    let input = requests("server/discover", 150);
    assert_every_end_is_good(|end| Deaf::speechless(&input).fault("unread probes", end));
}

/// `count` lines of requests that work in both eras.
fn requests(method: &str, count: usize) -> String {
    let params = modern(json!({}));
    let line = |id| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    (1..=count).map(|id| format!("{}\n", line(id))).collect()
}

/// A server whose host has stopped reading, with its pipe full.
struct Deaf {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Open, but not read.
    _stdout: BufReader<ChildStdout>,
    _home: Home,
}

impl Deaf {
    /// After a handshake.
    fn start(input: &str) -> Self {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello("2025-11-25")});
        Self::speechless(&format!("{hello}\n{input}"))
    }

    /// `input` must fit into a pipe: nobody may read that either.
    fn speechless(input: &str) -> Self {
        let home = Home::new();
        let mut child = bare(BINARY, &home, &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("its stdin");
        let stdout = BufReader::with_capacity(1, child.stdout.take().expect("its stdout"));
        let writer = thread::spawn({
            let input = input.to_owned();
            move || {
                let _ = stdin.write_all(input.as_bytes());
                stdin
            }
        });
        // A pipe holds fewer bytes than it has room for when they came in odd pieces: it is full when there are many
        // in it and no more come.
        let (mut before, mut looks) = (0, 0);
        let full = within(PATIENCE, || {
            let now = rustix::io::ioctl_fionread(stdout.get_ref()).expect("a count");
            looks = if now == before { looks + 1 } else { 0 };
            before = now;
            (now >= 16_000 && looks >= 50).then_some(())
        });
        assert!(full.is_some(), "the server's answers do not fill the pipe: {before} bytes");
        let stdin = writer.join().expect("the writer");
        Self { child, stdin: Some(stdin), _stdout: stdout, _home: home }
    }

    fn fault(mut self, what: &str, end: End) -> Option<String> {
        let begun = Instant::now();
        match end.signal() {
            None => drop(self.stdin.take()),
            Some(signal) => kill(self.child.id(), signal),
        }
        let status = exit_of(&mut self.child, SOON);
        end.judge(what, begun, status)
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_orphan_ends_though_its_stdin_stays_open() {
    let home = Home::new();
    // The shell stays between, as a host would.
    let mut host = bare("sh", &home, &[])
        .args(["-c", r#"exec 3<&0; "$0" <&3 3<&- & wait"#, BINARY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut stdin = host.stdin.take().expect("its stdin");
    let stdout = host.stdout.take().expect("its stdout");
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let request =
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello("2025-11-25")});
    stdin.write_all(format!("{request}\n").as_bytes()).expect("a server that reads");
    lines.recv_timeout(PATIENCE).expect("an answer");
    host.kill().expect("the shell runs");
    host.wait().expect("its end");
    let begun = Instant::now();
    // Nobody but the server holds the other end of its stdout now.
    let ended = lines.recv_timeout(Duration::from_secs(10));
    eprintln!("orphan: ended after {:?}", begun.elapsed());
    assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    drop(stdin);
}

/// Asks until there is an answer.
fn within<T>(bound: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + bound;
    loop {
        match look() {
            None if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            found => return found,
        }
    }
}

fn exit_of(child: &mut Child, bound: Duration) -> Option<ExitStatus> {
    within(bound, || child.try_wait().expect("the child's status"))
}

// ---------------------------------------------------------------- stdin, stdout, stderr

#[cfg(target_os = "linux")]
#[test]
fn the_standard_descriptors_do_not_lead_to_the_stream() {
    let server = Era::Legacy.start(&[], &[]);
    let descriptor =
        |n: u8| std::fs::read_link(format!("/proc/{}/fd/{n}", server.pid())).expect("a descriptor");
    assert_eq!(descriptor(0).to_str(), Some("/dev/null"));
    assert_eq!(descriptor(1), descriptor(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_credential_process_reaches_neither_end_of_the_stream() {
    let script = format!(
        r#"wc -c >"$HOME/read"
echo intruder >&2
echo visible >/proc/$PPID/fd/1
echo '{{"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "{PLANTED_KEY}"}}'
exec /bin/sh "$HOME/list.sh" >"$HOME/descriptors"
"#
    );
    let list = "ls -l /proc/self/fd\n";
    let home = Home::new().with("keys.sh", &script).with("list.sh", list);
    let path = home.path().join("keys.sh");
    let config = format!(
        "[profile p]\nregion = us-east-1\ncredential_process = /bin/sh {}\n",
        path.display()
    );
    let home = home.with(".aws/config", &config);
    let server = Server::start_in(&home, &[], &[]);
    server.initialize();
    let id = Era::Legacy.ask_call(&server, "aws_get_credentials", json!({"profile": "p"}));
    // What a child could take away.
    for _ in 0..20 {
        assert_serves(&server, Era::Legacy);
    }
    let result = server.response(id)["result"].clone();
    assert_eq!(result["isError"], false, "{result:#}");
    let read = std::fs::read_to_string(home.path().join("read")).expect("the script ran");
    assert_eq!(read.trim(), "0");
    // The server's own descriptor 1 is its stderr.
    server.wait_for_stderr("visible");
    assert!(!server.stdout().contains("visible") && !server.stdout().contains("intruder"));
    assert!(!server.stderr().contains("intruder"));
    assert!(!server.stdout().contains("Version\\\": 1"), "its output was forwarded");
    // What the test itself was given is handed on; the server adds nothing to it.
    let direct = bare("/bin/sh", &home, &[])
        .arg(home.path().join("list.sh"))
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let descriptors = std::fs::read_to_string(home.path().join("descriptors")).expect("a list");
    let count = |list: &str| list.matches(" -> ").count();
    assert_eq!(count(&descriptors), count(&text(&direct.stdout)), "{descriptors}");
}

#[test]
fn rust_log_changes_nothing() {
    let aws = FakeAws::start(good_aws);
    let url = aws.url();
    let mut env = aws.env(&url);
    env.extend([("LOG_LEVEL", "debug"), ("RUST_LOG", "trace,rmcp=trace,hyper=trace")]);
    for era in Era::BOTH {
        let server = era.start(&[], &env);
        let arguments = json!({"tags": {"env": "unmistakable-value"}});
        let id = era.ask_call(&server, "ec2_list_instances", arguments);
        assert_eq!(server.response(id)["result"]["isError"], false);
        let id = era.ask_call(&server, "aws_get_account_info", json!({}));
        server.response(id);
        server.close_stdin();
        server.wait_exit(PATIENCE);
        let log = server.stderr();
        assert!(log.contains("calling AWS"), "LOG_LEVEL=debug has no effect: {log}");
        assert!(!log.contains("unmistakable-value"), "{log}");
        for line in log.lines() {
            let entry: Value = serde_json::from_str(line).expect("a line of JSON");
            assert!(entry.is_object(), "{line}");
            assert_ne!(entry["level"], "TRACE", "{line}");
            for theirs in LIBRARY_WORDS {
                assert!(!line.contains(theirs), "a library wrote: {line}");
            }
        }
    }
}

/// What rmcp, hyper and the SDK say, and their names.
const LIBRARY_WORDS: [&str; 14] = [
    "rmcp",
    "hyper",
    "aws_config",
    "aws_smithy",
    "aws_runtime",
    "aws_sdk",
    "peer_info",
    "received request",
    "received notification",
    "response message",
    "new event",
    "serve finished",
    "input stream terminated",
    "orchestrat",
];

#[test]
fn each_level_of_the_log_is_json_lines() {
    for level in ["debug", "info", "warn"] {
        let server = Era::Legacy.start(&[], &[("LOG_LEVEL", level)]);
        server.call_err("ec2_list_instances", json!({"limit": 0}));
        server.close_stdin();
        server.wait_exit(PATIENCE);
        let log = server.stderr();
        assert!(log.contains("validation_error"), "{level}: {log}");
        for line in log.lines() {
            let entry: Value = serde_json::from_str(line).expect("a line of JSON");
            assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{line}");
        }
    }
}

#[test]
fn at_level_error_a_good_call_leaves_nothing_on_stderr() {
    let aws = FakeAws::start(good_aws);
    let url = aws.url();
    let mut env = aws.env(&url);
    env.push(("LOG_LEVEL", "error"));
    let server = Era::Legacy.start(&[], &env);
    server.call_ok("ec2_list_instances", json!({}));
    server.call_ok("aws_get_account_info", json!({}));
    server.close_stdin();
    server.wait_exit(PATIENCE);
    assert_eq!(server.stderr(), "");
}

// ---------------------------------------------------------------- configuration and command line

#[test]
fn a_server_with_a_broken_configuration_says_so_in_every_answer() {
    let home = Home::new().with("broken.toml", "read_only = true\ntoolset = ['core']\n");
    let path = home.path().join("broken.toml");
    let args = ["--config", path.to_str().expect("a path")];
    for era in Era::BOTH {
        let server = Server::start_in(&home, &args, &[]);
        if let Era::Legacy = era {
            server.initialize();
        }
        assert_answers_config_error(&server, era, &["broken.toml", "line 2", "toolset"]);
    }
}

#[test]
fn a_server_with_an_unknown_toolset_says_so_in_every_answer() {
    type Attempt<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);
    let attempts: [Attempt; 2] =
        [(&["--toolsets", "ecc2"], &[]), (&[], &[("AWS_MCP_TOOLSETS", "ecc2")])];
    for (args, env) in attempts {
        let server = Era::Legacy.start(args, env);
        assert_answers_config_error(&server, Era::Legacy, &["ecc2", "ec2?"]);
    }
}

fn assert_answers_config_error(server: &Server, era: Era, words: &[&str]) {
    let listed = era.list(server);
    let tools = listed["tools"].as_array().expect("tools").clone();
    assert!(!tools.is_empty());
    for name in names(&tools) {
        let id = era.ask_call(server, name, json!({}));
        let result = server.response(id)["result"].clone();
        assert_eq!(result["isError"], true, "{name}: {result:#}");
        let error = &result["structuredContent"];
        assert_eq!(error["error"], "config_error", "{name}: {error:#}");
        for word in words {
            let message = error["message"].as_str().unwrap_or_default();
            assert!(message.contains(word), "{name}: no {word:?} in {message:?}");
        }
        assert!(error["next_step"].as_str().is_some_and(|step| !step.is_empty()), "{error:#}");
    }
    let unknown = era.ask_call(server, "frobnicate", json!({}));
    assert_error(&server.response(unknown), -32602, &["frobnicate"]);
}

#[test]
fn sub_commands_exit_with_a_broken_configuration() {
    let home = Home::new().with("broken.toml", "\n\nlog = 5\n");
    let path = home.path().join("broken.toml");
    let path = path.to_str().expect("a path");
    for command in [&["tools"][..], &["tools", "--json"], &["call", "aws_server_status"]] {
        let output = run(&home, &[&["--config", path], command].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(text(&output.stdout), "", "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("broken.toml line 3"), "{said}");
        let output = run(&home, &[&["--toolsets", "ecc2"], command].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("ec2?"), "{output:?}");
    }
}

#[test]
fn on_a_terminal_there_is_a_hint() {
    let script = "import os, pty, sys\n\
                  sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))\n";
    for args in [&[][..], &["serve"]] {
        let home = Home::new();
        let output = bare(&python(), &home, &[])
            .args(["-c", script, BINARY])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("Python starts");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stdout);
        assert!(said.contains("aws-mcp register") && said.contains("--help"), "{said}");
    }
}

#[test]
fn version_help_and_completions_are_printed() {
    let home = Home::new();
    let output = run(&home, &["--version"], &[]);
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), format!("aws-mcp {}\n", env!("CARGO_PKG_VERSION")));
    let output = run(&home, &["--help"], &[]);
    assert!(output.status.success() && text(&output.stdout).contains("--toolsets"), "{output:?}");
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&home, &["completions", shell], &[]);
        assert!(output.status.success(), "{output:?}");
        assert!(text(&output.stdout).contains("exclude-tools"), "{output:?}");
    }
    for wrong in [&["--frobnicate"][..], &["frobnicate"]] {
        let output = run(&home, wrong, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(text(&output.stdout), "", "{output:?}");
    }
    // Of the policy and the flag, the stricter.
    let output = run(&home, &[&["tools", "--read-only"], full()].concat(), &[]);
    assert!(output.status.success() && !text(&output.stdout).contains("ec2_stop"), "{output:?}");
}

#[test]
fn call_prints_one_line_of_json() {
    let home = Home::new();
    let output = run(&home, &["call", "aws_server_status"], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output.stdout);
    assert_eq!(said.matches('\n').count(), 1, "{said}");
    let status: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"), "{status:#}");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn call_takes_arguments_from_stdin() {
    let home = Home::new();
    let mut child = bare(BINARY, &home, &[])
        .args(["call", "aws_list_profiles", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its stdin");
    stdin.write_all(br#"{"contains": "x"}"#).expect("a pipe");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(list["count"], 0, "{list:#}");
}

#[test]
fn a_failed_call_exits_with_1() {
    let home = Home::new();
    let output = run(&home, &["call", "ec2_list_instances", r#"{"limit": 0}"#], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(error["error"], "validation_error", "{error:#}");
}

#[test]
fn a_call_that_makes_no_sense_exits_with_2() {
    let home = Home::new();
    let wrong: [(&[&str], &str); 4] = [
        (&["call", "ec2_list_instance"], "ec2_list_instances"),
        (&["call", "aws_server_status", "{limit: 5}"], "not JSON"),
        (&["call", "aws_server_status", "[]"], "JSON object"),
        (&["call"], "TOOL"),
    ];
    for (args, words) in wrong {
        let output = run(&home, args, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(text(&output.stdout), "", "{output:?}");
        assert!(text(&output.stderr).contains(words), "{output:?}");
    }
}

#[test]
fn tools_prints_what_the_server_lists() {
    let home = Home::new();
    for args in [&[][..], &["--read-only"], &["--toolsets", "ec2"]] {
        let output = run(&home, &[&["tools", "--json"], args].concat(), &[]);
        assert!(output.status.success(), "{output:?}");
        let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let listed = Era::Legacy.start(args, &[]).tools();
        assert_eq!(printed, Value::Array(listed.clone()));
        let table = text(&run(&home, &[&["tools"], args].concat(), &[]).stdout);
        let first_words: Vec<&str> =
            table.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(first_words, names(&listed));
    }
}

#[test]
fn flags_and_environment_choose_the_tools() {
    let operations = offered(&["--toolsets", "operations"], &[]);
    assert!(operations.contains(&"aws_search_operations".to_owned()), "{operations:?}");
    let core = |name: &str| name.starts_with("aws_") && !operations.contains(&name.to_owned());
    let ec2 = |name: &str| name.starts_with("ec2_");
    let all = offered(&[], &[]);
    assert!(all.iter().any(|name| core(name)) && all.iter().any(|name| ec2(name)), "{all:?}");
    // What was done here is shown only where somebody asked for it.
    let audit = "aws_audit_search".to_owned();
    assert_eq!(offered(&["--toolsets", "all"], &[]), [&all[..], &[audit]].concat());
    let both: Vec<_> = all.iter().filter(|name| core(name) || ec2(name)).cloned().collect();
    assert_eq!(offered(&["--toolsets", "core,ec2"], &[]), both);
    assert!(offered(&["--toolsets", "core"], &[]).iter().all(|name| core(name)));
    let from_environment = [("AWS_MCP_TOOLSETS", "core")];
    assert_eq!(offered(&[], &from_environment), offered(&["--toolsets", "core"], &[]));
    assert!(offered(&["--toolsets", "ec2"], &from_environment).iter().all(|name| ec2(name)));
    let placeholder = [("AWS_MCP_TOOLSETS", "${user_config.toolsets}")];
    assert_eq!(offered(&[], &placeholder), all);
    assert_eq!(offered(&["--tools", "ec2_list_instances"], &[]), ["ec2_list_instances"]);
    let both = offered(&["--toolsets", "core", "--tools", "ec2_list_instances"], &[]);
    assert_eq!(both.iter().filter(|name| ec2(name)).collect::<Vec<_>>(), ["ec2_list_instances"]);
    let fewer = offered(&["--exclude-tools", "aws_get_credentials,ec2_list_instances"], &[]);
    assert_eq!(fewer.len(), all.len() - 2);
    assert!(!fewer.contains(&"ec2_list_instances".to_owned()), "{fewer:?}");
}

#[test]
fn writes_are_not_offered_by_a_read_only_server() {
    let has_writes = |args: &[&str], env: &[(&str, &str)]| {
        offered(args, env).contains(&"ec2_start_instance".to_owned())
    };
    assert!(has_writes(&[], &[]));
    assert!(has_writes(full(), &[]));
    assert!(!has_writes(&["--read-only"], &[]));
    assert!(!has_writes(full(), &[("AWS_MCP_READ_ONLY", "true")]));
}

#[test]
fn what_is_not_offered_cannot_be_called() {
    let aws = FakeAws::start(good_aws);
    let url = aws.url();
    let start = json!({"instance_id": "i-0123456789abcdef0"});
    let server = Era::Legacy.start(&["--read-only"], &aws.env(&url));
    let id = Era::Legacy.ask_call(&server, "ec2_start_instance", start.clone());
    let refused = server.response(id)["result"].clone();
    assert_eq!(refused["isError"], true, "{refused:#}");
    assert_eq!(refused["structuredContent"]["error"], "denied_by_policy", "{refused:#}");
    assert_eq!(refused["structuredContent"]["status"], "no_change", "{refused:#}");
    let server = Era::Legacy.start(&["--exclude-tools", "ec2_list_instances"], &aws.env(&url));
    let id = Era::Legacy.ask_call(&server, "ec2_list_instances", json!({}));
    assert_error(&server.response(id), -32602, &["ec2_list_instances"]);
    let server = Era::Legacy.start(&[&["--toolsets", "core"], full()].concat(), &aws.env(&url));
    let id = Era::Legacy.ask_call(&server, "ec2_start_instance", start.clone());
    assert_error(&server.response(id), -32602, &["ec2_start_instance"]);
    assert_eq!(aws.requests().len(), 0);
    let home = Home::new();
    let call = ["--read-only", "call", "ec2_start_instance", &start.to_string()];
    let output = run(&home, &call, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("denied_by_policy"), "{output:?}");
    // Whose call a person would be asked about has to be known first.
    let output = run(&home, &call[1..], &[("AWS_REGION", "us-east-1"), NO_METADATA]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("no_credentials"), "{output:?}");
    assert!(text(&output.stdout).contains(r#""status":"no_change""#), "{output:?}");
}

#[test]
fn what_a_person_must_be_asked_about_is_an_answer_in_both_eras_and_changes_nothing() {
    for era in Era::BOTH {
        let aws = FakeAws::start(|request| match request.action().as_str() {
            "DescribeInstances" => Response::instances(1),
            "StopInstances" if request.param("DryRun").is_some() => Response::ec2_dry_run(),
            _ => who(),
        });
        let url = aws.url();
        let server = era.start(&[], &aws.env(&url));
        let stop = json!({"instance_id": "i-00000000000000000"});
        let id = era.ask_call(&server, "ec2_stop_instance", stop);
        let asked = server.response(id)["result"].clone();
        assert_eq!(asked["isError"], false, "{asked:#}");
        check_asked("ec2_stop_instance", &asked["structuredContent"]);
        let text = asked["content"][0]["text"].as_str().unwrap_or_default();
        let text: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(text, asked["structuredContent"], "{asked:#}");
        let actions: Vec<String> = aws.requests().iter().map(Request::action).collect();
        assert_eq!(actions, ["GetCallerIdentity", "DescribeInstances", "StopInstances"]);
        aws.was_only_looked_at();
    }
}

/// The names that `aws-mcp tools` prints.
fn offered(args: &[&str], env: &[(&str, &str)]) -> Vec<String> {
    let output = run(&Home::new(), &[&["tools", "--json"], args].concat(), env);
    assert!(output.status.success(), "{output:?}");
    let tools: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    names(&tools).into_iter().map(str::to_owned).collect()
}

/// The binary, with nothing on stdin, to its end.
fn run(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Output {
    bare(BINARY, home, env).args(args).stdin(Stdio::null()).output().expect("the binary starts")
}

/// A program with nothing in its environment but what it needs.
fn bare(program: &str, home: &Home, env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(env.iter().copied())
        .current_dir(home.path());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
