//! What `policy explain` and `policy test` say.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::config::Policy;
use crate::gate::policies::Origin;

fn snapshot(user: &str, administrator: Option<&str>) -> Snapshot {
    let parsed = |text: &str| Arc::new(Policy::parse(text, Path::new("policy.yaml")).unwrap());
    let user = std::iter::once((Origin::User, parsed(user)));
    Snapshot::of(user.chain(administrator.map(|t| (Origin::Administrator, parsed(t)))).collect())
}

fn explained(snapshot: &Snapshot, asked: &Asked) -> String {
    explain(snapshot, Settings::default(), Index::get().unwrap(), asked).unwrap().join("\n")
}

fn tested(policy: &str, cases: &str) -> Result<Tested> {
    let cases = Cases::parse(cases, Path::new("cases.yaml"))?;
    cases.test(&snapshot(policy, None), Settings::default(), Index::get().unwrap(), &|name| {
        vec![name.to_owned()]
    })
}

#[test]
fn an_explanation_has_verdict_rule_and_effect() {
    let policy = snapshot("rules: {deny: ['ec2:Terminate.*']}", None);
    let asked = Asked {
        operation: "ec2:terminate-instances",
        accounts: vec!["prod"],
        region: Some("eu-west-1"),
        ..Asked::default()
    };
    assert_eq!(
        explained(&policy, &asked),
        "ec2:TerminateInstances: deny\neffect: destructive\nrule: rules.deny[0] \"ec2:Terminate.*\"\n\
         reason: the policy denies ec2:TerminateInstances\n\
         policy: deny, rules.deny[0] \"ec2:Terminate.*\""
    );
}

#[test]
fn an_explanation_has_the_administrators_rule_too() {
    let policy = snapshot("mode: full", Some("mode: read_only"));
    let asked = Asked { operation: "ec2:StartInstances", ..Asked::default() };
    let told = explained(&policy, &asked);
    assert!(told.contains("rule: administrator's policy: mode read_only"), "{told}");
    assert!(told.contains("\npolicy: run, mode full"), "{told}");
    assert!(told.contains("\nadministrator's policy: deny, mode read_only"), "{told}");
}

#[test]
fn arguments_decide_the_effect() {
    let policy = snapshot("rules: {allow: ['ecs:UpdateService']}", None);
    let with = |arguments: &Value| {
        let asked = Asked { operation: "ecs:UpdateService", ..Asked::default() };
        explained(&policy, &Asked { arguments: Some(arguments), ..asked })
    };
    assert!(with(&json!({"desiredCount": 0})).contains(": ask\neffect: destructive\n"));
    assert!(with(&json!({"desiredCount": 2})).contains(": run\neffect: write\n"));
    let open = Asked { operation: "ecs:UpdateService", ..Asked::default() };
    assert!(explained(&policy, &open).contains("effect: grant (with other arguments write)"));
}

#[test]
fn what_is_misspelt_is_said() {
    let policy = snapshot("", None);
    let asked = |operation| explained(&policy, &Asked { operation, ..Asked::default() });
    assert!(asked("ec2:TerminateInstance").contains("did you mean ec2:TerminateInstances?"));
    assert!(asked("ec3:TerminateInstances").contains("did you mean ec2:TerminateInstances?"));
    assert!(asked("TerminateInstances").contains("no such operation"));
    let index = Index::get().unwrap();
    let bad = |asked: Asked| explain(&policy, Settings::default(), index, &asked).is_err();
    let start = || Asked { operation: "ec2:StartInstances", ..Asked::default() };
    assert!(bad(Asked { region: Some("Ireland"), ..start() }));
    assert!(bad(Asked { role: Some("ops"), ..start() }));
    assert!(bad(Asked { arguments: Some(&json!([])), ..start() }));
}

#[test]
fn cases_pass_and_fail() {
    let policy = "{mode: full, rules: {deny: ['ec2:Terminate.*']}, profiles: {allow: [dev]},
        accounts: {prod: {mode: read_only, regions: [eu-west-1]}}}";
    let all = tested(
        policy,
        "
- {operation: ec2:TerminateInstances, account: dev, expect: deny, rule: rules.deny}
- {operation: ec2:StartInstances, account: dev, expect: run}
- {operation: ec2:StartInstances, account: prod, region: eu-west-1, expect: deny, rule: mode read_only (accounts.prod)}
- {operation: ec2:DescribeInstances, account: prod, region: us-east-1, expect: deny, rule: accounts.prod.regions}
- {operation: ec2:DescribeInstances, account: dev, profile: prod, expect: ask, rule: profiles.allow}
- {operation: ec2:DescribeInstances, account: dev, role: 'arn:aws:iam::123456789012:role/r', expect: ask, rule: roles}
- {operation: ecs:UpdateService, account: dev, arguments: {desiredCount: 0}, expect: ask}
- {operation: ecs:UpdateService, account: dev, arguments: {desiredCount: 1}, expect: run}
",
    );
    assert_eq!(all.unwrap(), Tested { passed: 8, failed: vec![] });
    let some = tested(
        policy,
        "
- {operation: ec2:StartInstances, account: dev, expect: run}
- {name: stop me, operation: ec2:TerminateInstances, account: dev, expect: ask}
- {operation: ec2:TerminateInstances, account: dev, expect: deny, rule: 'rules.deny[1]'}
",
    )
    .unwrap();
    assert_eq!(some.passed, 1);
    assert_eq!(
        some.failed,
        [
            "case 2 \"stop me\": ec2:TerminateInstances: expected ask, \
             came deny by rules.deny[0] \"ec2:Terminate.*\"",
            "case 3: ec2:TerminateInstances: expected deny by rules.deny[1], \
             came deny by rules.deny[0] \"ec2:Terminate.*\"",
        ]
    );
}

#[test]
fn cases_that_cannot_be_asked_are_errors() {
    let refused = |cases: &str, words: &str| {
        let error = tested("", cases).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused("", "no case");
    refused("[]", "no case");
    refused("- {operation: a:b}", "expect");
    refused("- {expect: run}", "operation");
    refused("- {operation: a:b, expect: allow}", "run");
    refused("- {operation: a:b, expect: run, acount: x}", "did you mean account?");
    refused("- {operation: a:b, expect: run, account: 123456789012}", "quotes");
    refused("- {operation: a:b, expect: run, region: Ireland}", "case 1");
    refused("- {operation: a:b, expect: run, role: ops}", "case 1");
    refused("- {operation: a:b, expect: run, arguments: [1]}", "case 1");
    refused("operation: a:b", "");
}
