//! What is found in policies, and what is not.

use std::path::Path;

use super::*;

fn reviewed(policy: &str) -> Review {
    let policy = Policy::parse(policy, Path::new("policy.yaml")).unwrap();
    review(&policy, Index::get().unwrap(), Some(&["prod", "dev"]))
}

/// That exactly these are found, each by words of it.
fn finds(policy: &str, expected: &[&str]) {
    let findings = reviewed(policy).findings;
    assert_eq!(findings.len(), expected.len(), "{policy}\n{findings:#?}");
    for (finding, words) in findings.iter().zip(expected) {
        assert!(finding.contains(words), "{policy}\n{finding}\n{words}");
    }
}

#[test]
fn a_good_policy_has_no_findings() {
    finds("", &[]);
    finds(
        r#"
version: 1
mode: confirm
services: { allowlist: [ec2, ecs, rds, cloudwatch, logs, ce, sts, s3], denylist: [iam, organizations] }
rules:
  deny:    ["ec2:Terminate.*", "Delete.*"]
  confirm: ["rds:.*"]
  allow:   ["ec2:StartInstances"]
accounts: { prod: { mode: read_only, regions: [eu-west-1] }, "123456789012": { mode: confirm } }
profiles: { allow: ["dev-*", staging] }
roles: { allow: ["arn:aws:iam::222222222222:role/aws-ops-*"] }
reveal: []
"#,
        &[],
    );
}

#[test]
fn what_rules_resolve_to_is_told() {
    let resolved = reviewed(
        "rules: {deny: ['ec2:(Start|Stop)Instances', '^DeleteBucket$'], allow: ['ec2:CreateTags']}",
    )
    .resolved;
    assert_eq!(
        resolved,
        [
            "rules.deny[0] \"ec2:(Start|Stop)Instances\": 2 operations: \
             ec2:StartInstances, ec2:StopInstances",
            "rules.deny[1] \"^DeleteBucket$\": 3 operations: \
             lightsail:DeleteBucket, s3:DeleteBucket, s3control:DeleteBucket",
            "rules.allow[0] \"ec2:CreateTags\": 1 operation: ec2:CreateTags",
        ]
    );
    let all = reviewed("rules: {deny: ['.*']}").resolved;
    assert!(all[0].ends_with(", ..."), "{all:?}");
    assert!(reviewed("services: {allowlist: [ec2]}").resolved[0].contains("allowlist ec2: ec2 ("));
    let denied = reviewed("services: {denylist: [rds]}").resolved;
    assert!(denied[0].contains("docdb, neptune, rds"), "{denied:?}");
}

#[test]
fn rules_that_match_nothing() {
    for list in ["deny", "confirm", "allow"] {
        finds(&format!("rules: {{{list}: ['ec2.Terminate.*']}}"), &["matches no known operation"]);
        finds(&format!("rules: {{{list}: ['Terminate']}}"), &["matches no known operation"]);
    }
    finds("reveal: ['Terminate']", &["reveal[0] \"Terminate\" matches no known operation"]);
    finds("rules: {deny: ['ec2:StopInstance']}", &["did you mean ec2:StopInstances?"]);
    finds("rules: {deny: ['ec2:stop-instances']}", &["did you mean ec2:StopInstances?"]);
    finds("rules: {deny: ['^ec2:stop_instances$']}", &["did you mean ec2:StopInstances?"]);
}

#[test]
fn services_that_nobody_has() {
    finds("rules: {deny: ['ec3:.*']}", &["no service is called \"ec3\"; did you mean ec2?"]);
    finds("rules: {allow: ['ec3:.*']}", &["no service is called \"ec3\""]);
    finds("services: {denylist: [ec3]}", &["services.denylist: no service is called \"ec3\""]);
    finds("services: {allowlist: [ec3]}", &["services.allowlist: no service"]);
    let index = Index::get().unwrap();
    let shared = index
        .services()
        .iter()
        .flat_map(Service::aliases)
        .find(|alias| index.services_called(alias).len() > 1);
    let shared = shared.unwrap();
    finds(&format!("services: {{allowlist: ['{shared}']}}"), &["may mean any of"]);
    finds(&format!("services: {{denylist: ['{shared}']}}"), &[]);
}

#[test]
fn branches_that_match_nothing() {
    finds(
        "rules: {deny: ['ec2:Terminate.*|Delete.*']}",
        &["the branch \"Delete.*\" matches no known operation; in a rule with a \":\""],
    );
    finds("rules: {deny: ['ec2:(Terminate|Terminat)Instances']}", &["\"Terminat\""]);
    finds("rules: {deny: ['Delete.*|Terminate.*']}", &[]);
    finds("rules: {deny: ['ec2:Terminate.*|s3:Delete.*']}", &[]);
}

#[test]
fn rules_in_the_shadow_of_others() {
    finds(
        "rules: {deny: ['ec2:Terminate.*', 'ec2:TerminateInstances']}",
        &["rules.deny[1] \"ec2:TerminateInstances\" is shadowed: rules.deny[0]"],
    );
    finds("rules: {deny: ['ec2:TerminateInstances', 'Terminate.*']}", &["rules.deny[0]"]);
    finds(
        "rules: {deny: ['Delete.*', 'delete.*']}",
        &["rules.deny[1] \"delete.*\" is there twice"],
    );
    finds("rules: {deny: ['Delete.*'], confirm: ['s3:Delete.*']}", &["rules.confirm[0]"]);
    finds("rules: {deny: ['Start.*'], allow: ['ec2:Start.*']}", &["rules.allow[0]"]);
    finds("rules: {confirm: ['Start.*'], allow: ['ec2:StartInstances']}", &["rules.allow[0]"]);
    finds("{services: {denylist: [ec2]}, rules: {deny: ['ec2:Start.*']}}", &["services.denylist"]);
    finds("{services: {denylist: [ec2]}, rules: {allow: ['ec2:StartInstances']}}", &["shadowed"]);
    finds("{services: {allowlist: [s3]}, rules: {allow: ['ec2:StartInstances']}}", &["shadowed"]);
    finds(
        "{services: {allowlist: [s3]}, rules: {confirm: ['ec2:Stop.*']}}",
        &["the policy denies"],
    );
    finds("{services: {allowlist: [s3]}, rules: {deny: ['ec2:Stop.*']}}", &[]);
    finds("rules: {allow: ['ec2:Start.*', 'ec2:StartInstances']}", &["rules.allow[1]"]);
    finds("rules: {deny: ['s3:Delete.*'], confirm: ['Delete.*']}", &[]);
    finds("rules: {confirm: ['ec2:Stop.*'], allow: ['ec2:S.*']}", &[]);
}

#[test]
fn an_allow_that_frees_nothing() {
    finds(
        "rules: {allow: ['ec2:Describe(Instances|Images)']}",
        &["none of it is ever a plain write"],
    );
    finds("rules: {allow: ['ec2:TerminateInstances']}", &["none of it is ever a plain write"]);
    // With some arguments it is one.
    finds("rules: {allow: ['ecs:UpdateService']}", &[]);
    finds("rules: {allow: ['ec2:.*']}", &[]);
}

#[test]
fn lists() {
    finds("services: {allowlist: [ec2, s3], denylist: [s3]}", &["s3 is on both lists"]);
    finds("services: {allowlist: [ce], denylist: [Cost Explorer]}", &["on both lists"]);
    finds("services: {denylist: [ec2, EC2]}", &["EC2 is named twice"]);
    finds("services: {allowlist: [ce, cost-explorer]}", &["cost-explorer is named twice"]);
}

#[test]
fn accounts() {
    finds("accounts: {'*': {mode: full}}", &["\"*\" names no account"]);
    finds("accounts: {prod: {}, DEV: {}, '123456789012': {}}", &[]);
    finds("accounts: {prd: {}}", &["\"prd\" is neither a 12-digit id nor a known name; did you"]);
    finds("accounts: {'12345678901': {}}", &["neither"]);
    finds("accounts: {prod: {regions: [eu-wes-1]}}", &[]);
    finds("accounts: {prod: {regions: [ue-west-1, xx-east-1]}}", &["ue-west-1", "xx-east-1"]);
    let policy = Policy::parse("accounts: {any: {}}", Path::new("p")).unwrap();
    assert_eq!(review(&policy, Index::get().unwrap(), None).findings, [""; 0]);
}
