//! What calls and clients see while a person is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE, RUNNING};
use crate::person::{
    AT_ONCE, Desk, START, STATUS, STOP, asked_back, code_in, desk, desk_with, forms, home, this,
    unshaken,
};

/// A code that nobody was shown: its letters do not occur in codes.
const WRONG: &str = "000000";

fn accepts(code: &str) -> Value {
    json!({"action": "accept", "content": {"code": code}})
}

/// Gives whatever was sent before the time to arrive where it waits.
fn settle(desk: &Desk) {
    for _ in 0..5 {
        desk.server.call_ok(STATUS, json!({}));
    }
}

#[test]
fn the_code_of_the_form_lets_the_same_call_go_on() {
    let desk = desk("", forms());
    let call = desk.start();
    let (form, message) = desk.form(&[]);
    assert!(message.starts_with("Operation: ec2:StartInstances"), "{message}");
    desk.cloud.nothing_ran("a form");
    desk.fills(&form, accepts(&format!(" {} ", code_in(&message).to_lowercase())));
    assert_eq!(desk.told(call)["status"], "done");
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn the_same_call_joins_the_one_that_waits() {
    let desk = desk("", forms());
    let calls = [desk.start(), desk.start(), desk.start()];
    let (form, message) = desk.form(&[]);
    settle(&desk);
    assert_eq!(desk.pending(), 1);
    desk.fills(&form, accepts(&code_in(&message)));
    let told = calls.map(|call| desk.told(call));
    assert_eq!(told[0]["status"], "done");
    assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
    let shown = desk.server.messages();
    let shown = shown.iter().filter(|message| message["method"] == "elicitation/create");
    assert_eq!(shown.count(), 1);
}

#[test]
fn a_cancelled_call_takes_its_form_back_and_leaves_the_question() {
    let desk = desk("", forms());
    let call = desk.start();
    let (form, message) = desk.form(&[]);
    desk.server.notify("notifications/cancelled", json!({"requestId": call}));
    taken_back(&desk, &form);
    assert_eq!(desk.pending(), 1);
    // Too late.
    desk.fills(&form, accepts(&code_in(&message)));
    settle(&desk);
    desk.cloud.nothing_ran("a cancelled call");
    assert_eq!(desk.pending(), 1);
    let call = desk.start();
    let (again, message) = desk.form(&[form]);
    assert_eq!(desk.pending(), 1);
    desk.fills(&again, accepts(&code_in(&message)));
    assert_eq!(desk.told(call)["status"], "done");
    assert_eq!(desk.cloud.done().len(), 1);
}

fn taken_back(desk: &Desk, form: &Value) {
    desk.server.wait_for("the form's end", |message| {
        message["method"] == "notifications/cancelled" && message["params"]["requestId"] == *form
    });
}

#[test]
fn what_is_not_the_code_is_not_a_persons_yes_and_no_no_either() {
    let nothing = [
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        json!({"action": "accept"}),
        json!({"action": "accept", "content": {}}),
        accepts(""),
        accepts("  "),
        json!({"action": "accept", "content": {"code": true}}),
        json!({"action": "accept", "content": {"answer": "yes"}}),
    ];
    let desk = desk("", forms());
    let mut seen = Vec::new();
    let mut ids = BTreeSet::new();
    for result in nothing {
        let call = desk.start();
        let (form, message) = desk.form(&seen);
        let result = match result["action"] == "decline" {
            // Even with the code in it.
            true => json!({"action": "decline", "content": {"code": code_in(&message)}}),
            false => result,
        };
        desk.fills(&form, result.clone());
        seen.push(form);
        let told = desk.told(call);
        assert_eq!(told["status"], "approval_required", "{result}: {told:#}");
        assert!(told["how"].as_str().unwrap().contains("aws-mcp approve"), "{told:#}");
        ids.insert(told["approval_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1, "the question stays");
    // And the terminal's way is open still.
    desk.says_yes(ids.first().unwrap());
    desk.cloud.nothing_ran("no code");
    desk.runs(START, &this(INSTANCE));
}

#[test]
fn after_three_wrong_codes_no_form_is_shown_any_more() {
    let desk = desk("", forms());
    let call = desk.start();
    let (mut seen, mut codes) = (Vec::new(), BTreeSet::new());
    for _ in 0..3 {
        let (form, message) = desk.form(&seen);
        codes.insert(code_in(&message));
        desk.fills(&form, accepts(WRONG));
        seen.push(form);
    }
    assert_eq!(desk.told(call)["status"], "approval_required");
    assert_eq!(desk.asks_in_full(START, &this(INSTANCE))["status"], "approval_required");
    let shown = desk.server.messages();
    let shown = shown.iter().filter(|message| message["method"] == "elicitation/create");
    assert_eq!(shown.count(), 3);
    desk.cloud.nothing_ran("wrong codes");
}

#[test]
fn who_never_answers_is_waited_for_no_longer_than_policy_says() {
    let desk = desk("approval: {wait_seconds: 1}\n", forms());
    let call = desk.start();
    let (form, _) = desk.form(&[]);
    assert_eq!(desk.told(call)["status"], "approval_required");
    taken_back(&desk, &form);
    desk.cloud.nothing_ran("no answer");
}

#[test]
fn without_a_wait_nothing_is_shown() {
    let desk = desk(AT_ONCE, forms());
    desk.asks(START, &this(INSTANCE));
    assert!(desk.server.messages().iter().all(|m| m["method"] != "elicitation/create"));
}

#[test]
fn without_a_way_it_is_refused_with_what_to_do() {
    for (policy, capabilities) in [
        ("approval: {ways: []}\n", forms()),
        ("approval: {ways: [dialog]}\n", forms()),
        ("approval: {ways: [form]}\n", json!({})),
        ("approval: {ways: [form]}\n", json!({"elicitation": {"url": {}}})),
    ] {
        let desk = desk(policy, capabilities);
        let words = desk.refuses(START, &this(INSTANCE));
        assert!(
            words.contains("a terminal of their own") && words.contains("nobody can be asked"),
            "{words}"
        );
        desk.cloud.nothing_ran(policy);
    }
}

#[test]
fn a_yes_at_the_terminal_ends_the_wait_for_a_form() {
    let desk = desk("approval: {wait_seconds: 40}\n", forms());
    // A terminal is told of once.
    let call = desk.start();
    let (form, _) = desk.form(&[]);
    desk.fills(&form, json!({"action": "cancel"}));
    let id = desk.told(call)["approval_id"].as_str().unwrap().to_owned();
    let call = desk.start();
    let (form, _) = desk.form(&[form]);
    desk.says_yes(&id);
    assert_eq!(desk.told(call)["status"], "done");
    taken_back(&desk, &form);
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn a_no_at_the_terminal_ends_the_wait_for_a_form() {
    let desk = desk("approval: {wait_seconds: 40}\n", forms());
    let call = desk.start();
    let (form, _) = desk.form(&[]);
    desk.fills(&form, json!({"action": "cancel"}));
    let id = desk.told(call)["approval_id"].as_str().unwrap().to_owned();
    let call = desk.start();
    desk.form(&[form]);
    desk.says_no(&id);
    let told = desk.told(call);
    assert_eq!(told["error"], "denied_by_policy", "{told:#}");
    assert_eq!(told["status"], "no_change");
    desk.cloud.nothing_ran("a no");
}

#[test]
fn a_form_can_be_the_answer_of_the_call() {
    let desk = unshaken(Cloud::start(), home("approval: {wait_seconds: 40}\n"), &[]);
    let begin = asked_back(START, &this(INSTANCE));
    let call = |params: &Value| desk.server.request("tools/call", params.clone())["result"].clone();
    let asked = call(&begin);
    assert_eq!(asked["resultType"], "input_required", "{asked:#}");
    let form = asked["inputRequests"]["approval"].clone();
    assert_eq!(form["method"], "elicitation/create", "{asked:#}");
    let code = code_in(form["params"]["message"].as_str().unwrap());
    let with = |result: Value, state: &Value| {
        let mut params = begin.clone();
        params["inputResponses"] = json!({"approval": result});
        params["requestState"] = state.clone();
        params
    };
    let state = &asked["requestState"];
    // The code without its state, or with another, is nobody's.
    for state in
        [Value::Null, json!(""), json!("x"), json!(format!("{}x", state.as_str().unwrap()))]
    {
        assert_eq!(call(&with(accepts(&code), &state))["resultType"], "input_required", "{state}");
    }
    desk.cloud.nothing_ran("a code without its state");
    let right = with(accepts(&code), state);
    assert_eq!(call(&right)["structuredContent"]["status"], "done");
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
    // Presented again it says nothing of the new question.
    assert_eq!(call(&right)["resultType"], "input_required");
    let told = call(&with(json!({"action": "decline"}), state))["resultType"].clone();
    assert_eq!(told, "input_required", "of another question");
    assert_eq!(desk.cloud.done().len(), 1);
}

#[test]
fn five_questions_at_most() {
    let desk = desk(AT_ONCE, json!({}));
    let instance = |n: usize| this(&format!("i-0123456789abcde0{n}"));
    let ids: BTreeSet<String> = (0..5).map(|n| desk.asks(START, &instance(n))).collect();
    assert_eq!((ids.len(), desk.pending()), (5, 5));
    desk.server.fails(START, instance(5), "rate_limited");
    // The others are asked about still.
    desk.asks(START, &instance(4));
    desk.says_no(ids.first().unwrap());
    desk.asks(START, &instance(5));
    desk.cloud.nothing_ran("questions");
}

#[test]
fn what_would_change_nothing_is_not_asked_about() {
    let desk = desk(AT_ONCE, json!({}));
    let said = desk.server.call_ok(START, this(RUNNING));
    assert_eq!(said["status"], "no_change", "{said:#}");
    let said = desk.server.call_ok(STOP, this(INSTANCE));
    assert_eq!(said["status"], "no_change", "{said:#}");
    assert_eq!(desk.pending(), 0);
    desk.cloud.nothing_ran("no change");
}

#[test]
fn times_are_told_as_they_were_asked_about() {
    let desk = desk(&format!("{AT_ONCE}rules: {{confirm: ['logs:.*']}}\n"), json!({}));
    let query =
        |start: &str| json!({"log_groups": ["/app"], "query": "fields @message", "start": start});
    let asked = desk.asks_in_full("logs_query", &query("-1h"));
    let how = asked["how"].as_str().unwrap();
    let start = how.rsplit_once("start ").expect(how).1.trim_end_matches('.');
    let start = start.split(' ').next().unwrap();
    assert!(start.len() >= 20 && start.contains('T'), "{how}");
    desk.cloud.nothing_ran("a question");
    desk.says_yes(asked["approval_id"].as_str().unwrap());
    let resolved = match how.rsplit_once(" end ") {
        Some((_, end)) => {
            let mut resolved = query(start);
            resolved["end"] = json!(end.trim_end_matches('.'));
            resolved
        }
        None => query(start),
    };
    desk.server.call_ok("logs_query", resolved);
    assert_eq!(desk.cloud.requests_for("StartQuery").len(), 1);
}

#[test]
fn auto_approval_runs_without_a_question() {
    let auto = [("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE", "true")];
    let desk = desk_with(Cloud::start(), home(AT_ONCE), json!({}), &auto);
    desk.runs(START, &this(INSTANCE));
    let status = desk.status();
    assert_eq!(
        (&status["auto_approve_destructive"], &status["pending_approvals"]),
        (&json!(true), &json!(0))
    );
    let records = desk.records();
    assert!(records.iter().all(|record| record["auto_approve"] == true), "{records:#?}");
}

#[test]
fn progress_is_told_while_a_form_is_waited_for() {
    let desk = desk("approval: {wait_seconds: 40}\n", forms());
    let params =
        json!({"name": START, "arguments": this(INSTANCE), "_meta": {"progressToken": "t"}});
    let call = desk.server.ask("tools/call", params);
    let (form, message) = desk.form(&[]);
    let told = desk.server.wait_for("progress", |m| m["method"] == "notifications/progress");
    assert_eq!(told["params"]["progressToken"], "t");
    assert!(told["params"]["message"].as_str().unwrap().contains("the form"), "{told:#}");
    assert!(!told.to_string().contains(&code_in(&message)), "{told:#}");
    desk.fills(&form, accepts(&code_in(&message)));
    assert_eq!(desk.told(call)["status"], "done");
}

#[test]
fn writes_say_that_they_want_a_person() {
    let desk = desk("", json!({}));
    let mut asking = BTreeSet::new();
    for tool in desk.server.tools() {
        let reads = tool["annotations"]["readOnlyHint"].as_bool().unwrap();
        let asks = &tool["_meta"]["anthropic/requiresUserInteraction"];
        assert_eq!(*asks, if reads { Value::Null } else { json!(true) }, "{tool:#}");
        if !reads {
            asking.insert(tool["name"].as_str().unwrap().to_owned());
        }
    }
    for name in [START, STOP, "ecs_update_service", "rds_create_snapshot", "aws_set_environment"] {
        assert!(asking.contains(name), "{asking:?}");
    }
}
