//! What is on record afterwards, what happens where nothing can be recorded, and what is known of a write whose
//! process ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE, NEW_KEY, NEW_SECRET};
use crate::person::{
    AT_ONCE, Desk, LIST, POLICY, START, STATUS, desk, desk_with, home, records, run, state_of, this,
};
use crate::support::{Home, PLANTED_TOKEN, Response, Server, leak};

const FULL: &str = "mode: full\n";

/// The files of the record.
fn files(state: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(state.join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn text(files: &[PathBuf]) -> String {
    let read = |file: &PathBuf| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    files.iter().map(read).collect()
}

fn of<'a>(records: &'a [Value], event: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["event"] == event).collect()
}

/// `aws-mcp audit verify`: its exit code and what it prints.
fn verify(home: &Home) -> (Option<i32>, String) {
    let output = run(home, &["audit", "verify"], &[]);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Waits for records until they are as wanted: what nobody waits for is written soon.
fn wait_for_records(home: &Home, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = records(home);
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < end, "{found:#?}");
    }
}

fn members(record: &Value, names: &[&str]) {
    for name in names {
        assert!(!record[*name].is_null(), "no {name} in {record:#}");
    }
}

#[test]
fn an_approved_write_is_on_record_before_it_leaves_and_after() {
    let home = home(AT_ONCE);
    let (state, seen) = (state_of(&home), Arc::new(Mutex::new(None)));
    let noted = seen.clone();
    let cloud = Cloud::with(move |request| {
        if request.action() == "StartInstances" && request.param("DryRun").is_none() {
            *noted.lock().unwrap() = Some(text(&files(&state)));
        }
        None
    });
    let desk = desk_with(cloud, home, json!({}), &[]);
    let id = desk.approved(START, &this(INSTANCE));
    desk.runs(START, &this(INSTANCE));
    let then = seen.lock().unwrap().clone().expect("it reached AWS");
    assert_eq!(then.matches("\"event\":\"intent\"").count(), 1, "{then}");
    assert_eq!(then.matches("\"event\":\"outcome\"").count(), 0, "{then}");
    let Desk { server, home, .. } = desk;
    drop(server);

    let mut all = records(&home);
    all.sort_by_key(|record| record["seq"].as_u64());
    let order: Vec<&str> = all
        .iter()
        .filter_map(|record| record["event"].as_str())
        .filter(|event| ["question", "yes", "intent", "outcome", "end"].contains(event))
        .collect();
    assert_eq!(order, ["question", "yes", "intent", "outcome", "end"]);
    let [yes, intent, outcome] = ["yes", "intent", "outcome"].map(|event| of(&all, event)[0]);
    assert_eq!(yes["approval"], json!({"way": "terminal", "id": id}));
    assert_eq!(of(&all, "question")[0]["approval"]["id"], id.as_str());
    for record in [intent, outcome] {
        assert_eq!(record["approval"], json!({"way": "terminal", "id": id}));
        assert_eq!(
            (&record["service"], &record["operation"]),
            (&json!("ec2"), &json!("StartInstances"))
        );
        assert_eq!((&record["effect"], &record["region"]), (&json!("write"), &json!("us-east-1")));
        assert_eq!(record["account"], "123456789012");
        assert_eq!(record["principal"], "arn:aws:iam::123456789012:user/tests");
        assert_eq!(record["resource"], json!([INSTANCE]));
        assert_eq!(record["parameters"], this(INSTANCE));
        assert_eq!(record["tool"], START);
        assert_eq!(
            (&record["user"]["client"], &record["user"]["version"]),
            (&json!("tests"), &json!("0"))
        );
        members(record, &["ts", "tx_id", "op_id", "policy_rule"]);
        assert!(record["user"]["os"].is_string());
    }
    assert_eq!((&intent["tx_id"], &intent["op_id"]), (&outcome["tx_id"], &outcome["op_id"]));
    assert_eq!((&outcome["result"], &outcome["http_status"]), (&json!("done"), &json!(200)));
    assert_eq!(outcome["attempts"], 1);
    members(outcome, &["aws_request_id", "duration_ms"]);
    for pair in all.windows(2) {
        members(&pair[0], &["seq", "prev", "hash"]);
        assert_eq!(pair[1]["prev"], pair[0]["hash"]);
    }
    let ts = intent["ts"].as_str().unwrap();
    assert!(ts.ends_with('Z') && ts.contains('T'), "{ts}");

    let (code, said) = verify(&home);
    assert!(code == Some(0) && said.starts_with("OK: "), "{said}");
    flip(&home, "StartInstances");
    let (code, said) = verify(&home);
    assert!(code == Some(1) && said.starts_with("NOT OK: "), "{said}");
}

/// Changes one byte of what is on record.
fn flip(home: &Home, word: &str) {
    let file = files(&state_of(home))
        .into_iter()
        .find(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(word)))
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(word.len()).position(|part| part == word.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
}

#[test]
fn a_changed_record_is_told_by_the_next_server() {
    let desk = desk(FULL, json!({}));
    desk.runs(START, &this(INSTANCE));
    let Desk { server, home, .. } = desk;
    drop(server);
    flip(&home, "StartInstances");
    let desk = desk_with(Cloud::start(), home, json!({}), &[]);
    let chain = looked_back(&desk.server);
    assert_eq!(chain["intact"], false, "{chain:#}");
    assert!(chain["problem"].is_string());
}

/// What verification at the start found, once it has ended.
fn looked_back(server: &Server) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let status = server.call_ok(STATUS, json!({}));
        let chain = status["audit"]["chain"].clone();
        if !chain.is_null() {
            return chain;
        }
        assert!(Instant::now() < end, "{status:#}");
    }
}

#[test]
fn reads_denials_a_no_and_credentials_are_on_record_without_a_secret() {
    let policy = format!("{AT_ONCE}rules: {{deny: ['ecs:.*']}}\n");
    let desk = desk(&policy, json!({}));
    desk.server.call_ok(LIST, json!({}));
    desk.server.call_ok(LIST, json!({"profile": "prod"}));
    desk.refuses("ecs_list_clusters", &json!({}));
    desk.says_no(&desk.asks(START, &this(INSTANCE)));
    let keys = json!({"access_key_id": NEW_KEY, "secret_access_key": NEW_SECRET, "session_token": PLANTED_TOKEN});
    desk.approved("aws_set_environment", &keys);
    desk.runs("aws_set_environment", &keys);
    let Desk { server, home, .. } = desk;
    drop(server);

    let all = records(&home);
    let reads = of(&all, "read");
    let lists: Vec<&&Value> = reads
        .iter()
        .filter(|r| r["tool"] == LIST && r["operation"] == "DescribeInstances")
        .collect();
    assert_eq!(lists.len(), 2, "{reads:#?}");
    assert!(
        lists
            .iter()
            .all(|r| r["effect"] == "read" && r["result"] == "done" && r["http_status"] == 200)
    );
    let denied = of(&all, "denied");
    assert_eq!(denied.len(), 1, "{denied:#?}");
    assert_eq!(
        (&denied[0]["tool"], &denied[0]["result"]),
        (&json!("ecs_list_clusters"), &json!("denied"))
    );
    assert!(denied[0]["policy_rule"].as_str().unwrap().contains("ecs:"), "{denied:#?}");
    let no = of(&all, "no");
    assert_eq!(
        (no.len(), &no[0]["approval"]["way"], &no[0]["resource"]),
        (1, &json!("terminal"), &json!([INSTANCE]))
    );
    let used: Vec<&str> =
        of(&all, "credentials").iter().filter_map(|r| r["note"].as_str()).collect();
    assert!(used.iter().any(|note| note.contains("profile prod")), "{used:?}");
    let everything = text(&files(&state_of(&home)));
    assert_eq!(leak(&everything), None);
    assert!(everything.contains("\"session_token\""), "what was asked for is on record, masked");
    assert_eq!(verify(&home).0, Some(0));
}

#[test]
fn where_nothing_can_be_recorded_no_write_is_made_and_reads_say_so() {
    let home = home(FULL);
    fs::create_dir_all(state_of(&home)).unwrap();
    fs::write(state_of(&home).join("audit"), "not a folder").unwrap();
    let desk = desk_with(Cloud::start(), home, json!({}), &[]);
    for _ in 0..3 {
        let words = desk.refuses(START, &this(INSTANCE));
        assert!(words.contains("audit"), "{words}");
    }
    desk.cloud.nothing_ran("no record");
    let said = desk.server.call_ok(LIST, json!({}));
    assert!(said["warning"].as_str().is_some_and(|words| words.contains("audit")), "{said:#}");
    assert!(!said["instances"].as_array().unwrap().is_empty());
    let audit = desk.status()["audit"].clone();
    assert_eq!(audit["writable"], false, "{audit:#}");
    // What is put right is used again.
    fs::remove_file(state_of(&desk.home).join("audit")).unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while desk.server.call(START, this(INSTANCE))["structuredContent"]["status"] != "done" {
        assert!(Instant::now() < end, "{:#}", desk.status());
    }
}

#[test]
fn policy_can_have_reads_refused_too_where_nothing_can_be_recorded() {
    let home = home("mode: full\naudit: {on_error: deny}\n");
    fs::create_dir_all(state_of(&home)).unwrap();
    fs::write(state_of(&home).join("audit"), "not a folder").unwrap();
    let desk = desk_with(Cloud::start(), home, json!({}), &[]);
    let words = desk.refuses(START, &this(INSTANCE));
    assert!(words.contains("audit"), "{words}");
    let before = desk.cloud.requests().len();
    let words = desk.refuses(LIST, &json!({}));
    assert!(words.contains("audit"), "{words}");
    assert_eq!(desk.cloud.requests().len(), before);
    desk.cloud.nothing_ran("no record");
}

/// The very first call knows it too.
#[test]
fn the_first_read_is_refused_or_warned_of() {
    let home = home("mode: full\naudit: {on_error: deny}\n");
    fs::create_dir_all(state_of(&home)).unwrap();
    fs::write(state_of(&home).join("audit"), "not a folder").unwrap();
    let desk = desk_with(Cloud::start(), home, json!({}), &[]);
    desk.refuses(LIST, &json!({}));
    assert!(desk.cloud.requests_for("DescribeInstances").is_empty());
    fs::write(desk.home.path().join(POLICY), FULL).unwrap();
    let Desk { server, cloud, home } = desk;
    drop(server);
    let desk = desk_with(cloud, home, json!({}), &[]);
    let said = desk.server.call_ok(LIST, json!({}));
    assert!(said["warning"].is_string(), "{said:#}");
}

/// An AWS that answers a start after so long.
fn slow(delay: Duration) -> Cloud {
    Cloud::with(move |request| {
        let starts = request.action() == "StartInstances" && request.param("DryRun").is_none();
        let answer = || Response::state_change("StartInstances", INSTANCE, "stopped", "pending");
        starts.then(|| answer().after(delay))
    })
}

/// A server that a start was sent from, and that AWS has not answered.
fn in_mid_write(delay: Duration) -> (Server, Cloud, Home) {
    let (cloud, home) = (slow(delay), home(FULL));
    let url = cloud.url();
    let server = Server::start_in(&home, &[], &cloud.env(&url));
    server.initialize();
    server.ask("tools/call", json!({"name": START, "arguments": this(INSTANCE)}));
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = cloud.requests().len();
        if !cloud.done().is_empty() {
            break;
        }
        assert!(Instant::now() < end, "the start was not sent");
        cloud.wait_for_requests(seen + 1);
    }
    (server, cloud, home)
}

#[test]
fn an_outcome_that_comes_just_after_the_end_is_recorded() {
    let (server, _cloud, home) = in_mid_write(Duration::from_millis(600));
    server.close_stdin();
    // Two seconds, and what a loaded machine takes.
    assert!(server.wait_exit(Duration::from_secs(10)).success());
    let all = records(&home);
    let outcome = of(&all, "outcome");
    assert_eq!((outcome.len(), of(&all, "unknown").len()), (1, 0), "{all:#?}");
    assert_eq!((&outcome[0]["result"], &outcome[0]["http_status"]), (&json!("done"), &json!(200)));
    assert_eq!(verify(&home).0, Some(0));
}

#[test]
fn an_outcome_that_does_not_come_is_recorded_as_unknown() {
    let (server, _cloud, home) = in_mid_write(Duration::from_secs(3_600));
    let begin = Instant::now();
    server.close_stdin();
    assert!(server.wait_exit(Duration::from_secs(10)).success());
    // Not at once either: it was waited for.
    assert!(begin.elapsed() >= Duration::from_millis(1_500));
    let all = records(&home);
    let unknown = of(&all, "unknown");
    assert_eq!((unknown.len(), of(&all, "outcome").len()), (1, 0), "{all:#?}");
    assert_eq!(unknown[0]["op_id"], of(&all, "intent")[0]["op_id"]);
    let (code, said) = verify(&home);
    assert!(code == Some(0) && !said.contains("without an outcome"), "{said}");
}

#[test]
fn after_a_kill_the_next_server_tells_of_the_open_intent() {
    let (server, cloud, home) = in_mid_write(Duration::from_secs(3_600));
    let pid = i32::try_from(server.pid()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert!(!server.wait_exit(Duration::from_secs(10)).success());
    drop(server);
    let all = records(&home);
    assert_eq!((of(&all, "intent").len(), of(&all, "outcome").len()), (1, 0), "{all:#?}");
    let (code, said) = verify(&home);
    assert!(code == Some(0) && said.contains("1 intents without an outcome"), "{said}");

    let desk = desk_with(cloud, home, json!({}), &[]);
    let chain = looked_back(&desk.server);
    assert_eq!((&chain["intact"], &chain["open_intents"]), (&json!(true), &json!(1)), "{chain:#}");
    let all = wait_for_records(&desk.home, |all| !of(all, "unknown").is_empty());
    assert_eq!(of(&all, "unknown")[0]["op_id"], of(&all, "intent")[0]["op_id"]);
    let Desk { server, home, cloud } = desk;
    drop(server);
    let (code, said) = verify(&home);
    assert!(code == Some(0) && !said.contains("without an outcome"), "{said}");
    // Told once.
    let desk = desk_with(cloud, home, json!({}), &[]);
    assert_eq!(looked_back(&desk.server)["open_intents"], 0);
}
