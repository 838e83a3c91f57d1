//! What a policy file may be, and what is said of one that is not.

use super::*;
use crate::error::Kind;

const EXAMPLE: &str = r#"
version: 1
mode: confirm              # read_only | confirm | full
services: { allowlist: [ec2, ecs, rds, cloudwatch, logs, ce, sts, s3], denylist: [iam, organizations] }
rules:
  deny:    ["ec2:Terminate.*", "Delete.*"]
  confirm: ["rds:.*"]
  allow:   ["ec2:StartInstances"]
accounts: { prod: { mode: read_only, regions: [eu-west-1] }, "123456789012": { mode: confirm } }
profiles: { allow: ["dev-*", staging] }
roles: { allow: ["arn:aws:iam::222222222222:role/aws-ops-*"] }
reveal: []
"#;

fn parsed(text: &str) -> Policy {
    Policy::parse(text, Path::new("policy.yaml")).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// That a text is refused, with its line and words of the message or the remedy.
fn refused(text: &str, line: u64, words: &str) {
    let error = Policy::parse(text, Path::new("policy.yaml")).expect_err(text);
    assert_eq!(error.kind, Kind::ConfigError);
    let told = error.to_string();
    assert!(error.message.starts_with(&format!("policy.yaml line {line}: ")), "{text:?}: {told}");
    assert!(told.contains(words), "{text:?}: {told}");
    assert!(!error.next_step.is_empty());
}

#[test]
fn the_example_says_what_it_says() {
    let policy = parsed(EXAMPLE);
    assert_eq!(policy.mode, Mode::Confirm);
    assert_eq!(policy.allowlist.as_ref().unwrap().len(), 8);
    assert_eq!(policy.denylist, ["iam", "organizations"]);
    let texts = |rules: &[Rule]| rules.iter().map(|r| r.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&policy.deny), ["ec2:Terminate.*", "Delete.*"]);
    assert_eq!(texts(&policy.confirm), ["rds:.*"]);
    assert_eq!(texts(&policy.allow), ["ec2:StartInstances"]);
    let prod = Account {
        name: "prod".to_owned(),
        mode: Some(Mode::ReadOnly),
        regions: Some(vec!["eu-west-1".to_owned()]),
    };
    assert_eq!(policy.accounts[0], prod);
    assert_eq!(policy.accounts[1].name, "123456789012");
    assert!(policy.profiles.unwrap()[0].matches("dev-x"));
    assert_eq!(policy.roles.unwrap().len(), 1);
    assert_eq!(policy.reveal.unwrap().len(), 0);
}

#[test]
fn nothing_written_is_the_default() {
    for text in ["", "\n", "# nothing yet\n", "---\n", "{}", "~", "\u{feff}", "version: 1"] {
        let policy = parsed(text);
        assert_eq!(policy.mode, Mode::Confirm, "{text:?}");
        assert!(policy.allowlist.is_none() && policy.profiles.is_none() && policy.roles.is_none());
        assert!(policy.accounts.is_empty() && policy.deny.is_empty());
    }
}

#[test]
fn lists_without_entries() {
    assert!(parsed("rules:\n  deny:\n").deny.is_empty());
    assert!(parsed("rules:\n").deny.is_empty());
    assert!(parsed("accounts:\n").accounts.is_empty());
    // Nothing is on this allowlist: it must not be taken for none.
    assert_eq!(parsed("services:\n  allowlist:\n").allowlist, Some(vec![]));
    assert_eq!(parsed("services: {allowlist: []}").allowlist, Some(vec![]));
    assert_eq!(parsed("accounts: {a: {regions: }}").accounts[0].regions, Some(vec![]));
    assert_eq!(parsed("profiles: {allow: []}").profiles, Some(vec![]));
}

#[test]
fn line_ends_and_byte_order_marks() {
    assert_eq!(parsed("version: 1\r\nmode: full\r\n").mode, Mode::Full);
    assert_eq!(parsed("\u{feff}mode: full\n").mode, Mode::Full);
    assert_eq!(parsed("rules:\r\n  deny:\r\n    - Delete.*\r\n").deny[0].text(), "Delete.*");
}

#[test]
fn keys_that_are_not_there_are_errors() {
    refused("mod: full", 1, "did you mean mode?");
    refused("mode: full\nrule: {}", 2, "did you mean rules?");
    refused("services: {allow: [ec2]}", 1, "did you mean allowlist?");
    refused("rules:\n  denys: [a]", 2, "did you mean deny?");
    refused("accounts:\n  prod:\n    region: [eu-west-1]", 3, "did you mean regions?");
    refused("accounts: {prod: {alow: []}}", 1, "no key");
    refused("MODE: full", 1, "no key");
    refused("profiles: {}", 1, "allow");
    refused("roles:\n", 1, "allow");
}

#[test]
fn keys_that_come_twice_are_errors() {
    refused("mode: full\nmode: full", 2, "twice");
    refused("mode: full\n\"mode\": confirm", 2, "twice");
    refused("mode: full\n\"\\x6dode\": confirm", 2, "twice");
    refused("mode: full\n? mode\n: confirm", 2, "twice");
    refused("rules: {deny: [a]}\nrules: {deny: [b]}", 2, "twice");
    refused("accounts:\n  prod: {}\n  prod: {}", 3, "twice");
    refused("accounts:\n  prod: {}\n  'prod': {}", 3, "twice");
    refused("accounts:\n  \"1\": {}\n  '1': {}", 3, "twice");
    refused("accounts:\n  prod: {}\n  Prod: {mode: full}", 3, "in other letters");
}

#[test]
fn one_document_without_references() {
    refused("mode: full\n---\nmode: confirm", 2, "document");
    refused("---\nmode: full\n...\n---\n", 3, "document");
    refused("accounts:\n  a: &x {mode: full}\n  b: *x", 2, "anchors");
    refused("rules: {deny: [*]}", 1, "");
    refused("rules: {deny: [*a]}", 1, "in quotes");
    refused("accounts:\n  *x : {}", 2, "in quotes");
    refused("<<: {mode: full}", 1, "merge");
    refused("accounts:\n  a: {mode: read_only}\n  <<: {b: {mode: full}}", 3, "merge");
    refused("rules: {deny: !!set {a}}", 1, "tag");
    refused("mode: !full confirm", 1, "tag");
    refused("mode: !include x.yaml", 1, "tag");
    let bomb = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n";
    refused(bomb, 1, "no key");
    refused("rules:\n  deny: &a [x]\n  allow: *a", 2, "anchors");
}

#[test]
fn kinds_are_not_guessed() {
    refused("mode: loud", 1, "read_only");
    refused("mode: Full", 1, "full");
    refused("mode:", 1, "");
    refused("mode: ~", 1, "");
    refused("mode: [full]", 1, "");
    refused("version: 2", 1, "version is 2");
    refused("version: 1.0", 1, "");
    refused("version: one", 1, "");
    refused("version: -1", 1, "");
    refused("rules: {deny: Delete.*}", 1, "");
    refused("rules: {deny: {a: b}}", 1, "");
    refused("rules: {deny: [[a]]}", 1, "");
    refused("rules: {deny: [~]}", 1, "");
    refused("rules: {deny: [1]}", 1, "quotes");
    refused("services: [ec2]", 1, "");
    refused("accounts: [prod]", 1, "");
    refused("accounts: {prod: full}", 1, "");
    refused("[]", 1, "");
    refused("full", 1, "");
    refused("mode: \"full", 1, "");
    refused("mode: full\n\tx: y", 1, "");
    refused("mode: full\0", 1, "");
    refused("rules: {deny: [\"a\\0b\"]}", 1, "ASCII");
}

#[test]
fn an_account_id_must_not_lose_its_zeros() {
    for unquoted in ["123456789012", "012345678901", "0o17", "0x1F", "1_000", "1e3", "!!int 1"] {
        refused(&format!("accounts:\n  {unquoted}: {{}}"), 2, "in quotes");
    }
    assert_eq!(parsed("accounts: {'012345678901': {}}").accounts[0].name, "012345678901");
    assert_eq!(parsed("accounts: {!!str 012345678901: {}}").accounts[0].name, "012345678901");
    assert_eq!(parsed("accounts: {NO: {}}").accounts[0].name, "NO");
    refused("accounts: {~: {}}", 1, "");
    refused("accounts: {[a]: {}}", 1, "");
    refused("accounts: {\"\": {}}", 1, "empty");
    refused("accounts: {\"prоd\": {}}", 1, "ASCII");
}

#[test]
fn entries_are_checked_where_they_stand() {
    refused("rules:\n  deny:\n    - Delete.*\n    - a)|(b\n", 4, "rules.deny[1] \"a)|(b\"");
    refused("rules:\n  allow: [\"(?-i)a\"]", 2, "rules.allow[0]");
    refused("rules: {confirm: [\"Dеlete.*\"]}", 1, "ASCII");
    refused("reveal: [\"(\"]", 1, "reveal[0]");
    refused("services: {denylist: [\"\"]}", 1, "services.denylist[0]");
    refused("profiles: {allow: [\" dev\"]}", 1, "profiles.allow[0]");
    refused("accounts:\n  prod:\n    regions:\n      - eu-*\n", 4, "accounts.prod.regions[0]");
    for region in ["EU-WEST-1", "eu-west-1 ", "eu", "*", "eu-west-*", "eu_west_1", "eu--1", "-1"] {
        refused(&format!("accounts: {{a: {{regions: ['{region}']}}}}"), 1, "regions[0]");
    }
    for region in ["eu-west-1", "us-gov-east-1", "eusc-de-east-1", "us-isob-east-1"] {
        assert!(parsed(&format!("accounts: {{a: {{regions: [{region}]}}}}")).accounts.len() == 1);
    }
}

#[test]
fn size_is_bounded() {
    let many = |count: usize| format!("rules: {{deny: [{}]}}", "a,".repeat(count));
    assert_eq!(parsed(&many(500)).deny.len(), 500);
    refused(&many(501), 1, "500");
    refused(&many(300_000), 1, "too large");
    for character in ["[", "{", "{a: ", "- ", "? ", "!!seq [", "\"", "'", "&a ", "*", "|"] {
        let text = character.repeat(1024 * 1024 / character.len());
        assert!(Policy::parse(&text, Path::new("p")).is_err(), "{character}");
    }
    assert!(Policy::parse(&"\n".repeat(1024 * 1024), Path::new("p")).is_ok());
    assert!(Policy::parse(&"#".repeat(1024 * 1024), Path::new("p")).is_ok());
}

#[test]
fn the_digest_is_that_of_the_text() {
    assert_eq!(parsed("").digest(), "e3b0c44298fc1c14");
    assert_eq!(Policy::default().digest(), parsed("").digest());
    assert_ne!(parsed("mode: full").digest(), parsed("mode: full ").digest());
}

#[test]
fn how_a_person_is_asked_and_what_is_recorded() {
    let policy = parsed(
        "approval: {wait_seconds: 0, ways: [terminal, dialog], ttl_seconds: 60, destructive_ttl_seconds: 30}\n\
         audit: {keep_days: 30, on_error: deny, cloudwatch_log_group: /aws-mcp/audit}",
    );
    assert_eq!(policy.approval.wait, Some(Duration::ZERO));
    assert_eq!(policy.approval.ways, Some(vec![Way::Terminal, Way::Dialog]));
    assert_eq!(policy.approval.destructive_lives, Some(Duration::from_secs(30)));
    assert_eq!(policy.audit.keep_days, Some(30));
    assert_eq!(policy.audit.on_error, Some(OnError::Deny));
    let silent = parsed("approval: {dialog: false}");
    assert_eq!(silent.approval.ways, Some(vec![Way::Form, Way::Terminal]));
    refused("approval: {wait_seconds: 41}", 1, "0 to 40");
    refused("approval:\n  ttl_seconds: 5", 2, "10 to 86400");
    refused("approval: {ways: [telepathy]}", 1, "telepathy");
    refused("approval: {way: [dialog]}", 1, "ways");
    refused("audit: {keep_days: 0}", 1, "keep_days");
    refused("audit: {on_error: allow}", 1, "allow");
    refused("audit: {cloudwatch_log_group: 'arn:aws:logs:x'}", 1, "log group");
}
