//! A yes is for one call: whatever differs in one byte is asked about anew, and of many repeats one runs.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE, OTHER_INSTANCE, RUNNING};
use crate::person::{AT_ONCE, Desk, POLICY, START, STOP, desk, desk_with, home, this};
use crate::support::Moto;

const OWN_ROLE: &str = "arn:aws:iam::123456789012:role/Ops";
const OTHER_ROLE: &str = "arn:aws:iam::123456789012:role/Opt";

/// A call that is not the approved one: asked about anew, and nothing runs.
fn is_another(desk: &Desk, approved: &str, tool: &str, args: &Value) {
    let before = desk.cloud.done().len();
    let id = desk.asks(tool, args);
    assert_ne!(id, approved, "{tool} {args}");
    assert_eq!(desk.cloud.done().len(), before, "{tool} {args}");
}

#[test]
fn one_changed_byte_of_an_argument_or_the_region_is_another_call() {
    let desk = desk(AT_ONCE, json!({}));
    let (server, cloud) = (&desk.server, &desk.cloud);
    let mine = desk.approved(START, &this(INSTANCE));
    for other in [
        this(OTHER_INSTANCE),
        json!({"instance_id": INSTANCE, "region": "us-east-2"}),
        json!({"instance_id": INSTANCE, "wait": false}),
    ] {
        is_another(&desk, &mine, START, &other);
    }
    // What is not this byte for byte is not even a call: told, and not run.
    for other in [format!("{INSTANCE}0"), INSTANCE.to_uppercase(), format!("x{INSTANCE}")] {
        let said = server.call(START, this(&other))["structuredContent"].clone();
        assert_ne!(said["status"], "done", "{said:#}");
    }
    is_another(&desk, &mine, STOP, &this(RUNNING));
    cloud.nothing_ran("other calls");
    desk.runs(START, &this(INSTANCE));
    assert_eq!(cloud.done(), ["StartInstances"]);
    // Used up. The five that are open leave room for no other.
    let again = server.call(START, this(INSTANCE))["structuredContent"].clone();
    assert_eq!(again["status"], "approval_required", "{again:#}");
    assert_eq!(cloud.done().len(), 1);
}

/// The same of any operation by its name: what is asked about is the operation with its payload.
#[test]
fn a_yes_to_any_operation_is_for_its_payload() {
    let desk = desk(AT_ONCE, json!({}));
    let call = |operation: &str, payload: Value| json!({"action": "invoke", "service": "ec2", "operation": operation, "payload": payload});
    let ids = |id: &str| json!({"InstanceIds": [id]});
    let start = call("StartInstances", ids(INSTANCE));
    let asked = desk.asks_in_full("aws_execute", &start);
    let summary = asked["summary"].as_str().unwrap();
    assert!(summary.contains("ec2:StartInstances") && summary.contains(INSTANCE), "{summary}");
    // A dry run told what would happen; nothing else was sent.
    assert!(summary.contains("would succeed") || summary.contains("dry run"), "{summary}");
    desk.cloud.nothing_ran("a question");
    let mine = asked["approval_id"].as_str().unwrap().to_owned();
    desk.says_yes(&mine);
    is_another(&desk, &mine, "aws_execute", &call("StartInstances", ids(OTHER_INSTANCE)));
    is_another(&desk, &mine, "aws_execute", &call("StopInstances", ids(INSTANCE)));
    let mut claims = start.clone();
    claims["confirmation_token"] = json!("anything");
    assert_eq!(desk.runs("aws_execute", &claims)["operation"], "ec2:StartInstances");
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
    // Used up.
    desk.asks("aws_execute", &start);
    assert_eq!(desk.cloud.done().len(), 1);
}

#[test]
fn another_role_is_another_call() {
    let desk =
        desk(&format!("{AT_ONCE}roles: {{allow: ['{OWN_ROLE}', '{OTHER_ROLE}']}}\n"), json!({}));
    let by = |role: &str| json!({"instance_id": INSTANCE, "role_arn": role});
    let starts = || {
        desk.cloud
            .requests_for("StartInstances")
            .iter()
            .filter(|r| r.param("DryRun").is_none())
            .count()
    };
    let mine = desk.approved(START, &by(OWN_ROLE));
    assert_ne!(desk.asks(START, &by(OTHER_ROLE)), mine);
    assert_ne!(desk.asks(START, &this(INSTANCE)), mine);
    assert_eq!(starts(), 0);
    desk.runs(START, &by(OWN_ROLE));
    assert_eq!(starts(), 1);
}

#[test]
fn other_keys_are_another_call() {
    let desk = desk(AT_ONCE, json!({}));
    let mine = desk.approved(START, &this(INSTANCE));
    // The same words, with the keys of another account.
    assert_ne!(desk.asks(START, &json!({"instance_id": INSTANCE, "profile": "prod"})), mine);
    let set = desk.server.call_ok("aws_set_environment", json!({"profile": "prod"}));
    assert_eq!(set["status"], "done", "{set:#}");
    assert_ne!(desk.asks(START, &this(INSTANCE)), mine);
    let starts = desk.cloud.requests_for("StartInstances");
    assert!(starts.iter().all(|request| request.param("DryRun").is_some()));
}

#[test]
fn one_byte_of_the_policy_is_another_policy() {
    let policy = |comment: &str| format!("# {comment}\n{AT_ONCE}");
    let desk = desk(&policy("a"), json!({}));
    let mine = desk.approved(START, &this(INSTANCE));
    let write = |comment: &str| fs::write(desk.home.path().join(POLICY), policy(comment)).unwrap();
    write("b");
    is_another(&desk, &mine, START, &this(INSTANCE));
    desk.cloud.nothing_ran("another policy");
    write("a");
    desk.runs(START, &this(INSTANCE));
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn what_was_shown_must_still_be_so() {
    let desk = desk(AT_ONCE, json!({}));
    let stop = json!({"instance_id": INSTANCE, "force": true});
    desk.cloud.is_now(INSTANCE, "running");
    let mine = desk.approved(STOP, &stop);
    desk.cloud.is_now(INSTANCE, "stopping");
    is_another(&desk, &mine, STOP, &stop);
    // Not even once it is as it was.
    desk.cloud.is_now(INSTANCE, "running");
    is_another(&desk, &mine, STOP, &stop);
    desk.cloud.nothing_ran("another state");
}

/// How a hundred repeats at once of an approved call end: one runs.
fn one_of_a_hundred(desk: &Desk, args: &Value) -> usize {
    desk.approved(START, args);
    let calls: Vec<i64> = (0..100).map(|_| desk.begins(START, args)).collect();
    let told: Vec<Value> = calls.into_iter().map(|call| desk.told(call)).collect();
    let ids: BTreeSet<&str> = told.iter().filter_map(|one| one["approval_id"].as_str()).collect();
    assert!(ids.len() <= 2, "{ids:?}");
    let known = |one: &&Value| {
        ["done", "no_change", "approval_required"]
            .contains(&one["status"].as_str().unwrap_or_default())
    };
    let strange: Vec<&Value> = told.iter().filter(|one| !known(one)).collect();
    assert!(strange.is_empty(), "{strange:#?}");
    told.iter().filter(|one| one["status"] == "done").count()
}

#[test]
fn of_a_hundred_redemptions_at_once_one_reaches_aws() {
    let desk = desk(AT_ONCE, json!({}));
    // Whoever joined the one that ran has its answer.
    assert!(one_of_a_hundred(&desk, &this(INSTANCE)) >= 1);
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn of_a_hundred_redemptions_at_once_one_reaches_the_emulator() {
    let moto = Moto::shared();
    let id = moto.run_instance("us-east-1", &[]);
    let url = moto.url();
    let home = home(AT_ONCE);
    // Between the server and the emulator: counts.
    let cloud = Cloud::before(url);
    let desk = desk_with(cloud, home, json!({}), &[]);
    desk.approved(STOP, &this(&id));
    let calls: Vec<i64> = (0..100).map(|_| desk.begins(STOP, &this(&id))).collect();
    for call in calls {
        desk.told(call);
    }
    assert_eq!(moto.instance_state("us-east-1", &id), "stopped");
    assert_eq!(desk.cloud.done(), ["StopInstances"]);
}
