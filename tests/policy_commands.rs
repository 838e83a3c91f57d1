//! The commands that tell a person what the policy does: `aws-mcp policy check | explain | test`, `iam-policy`, `call`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Home, PLANTED, Response, fake};

const OWN_ROLE: &str = "arn:aws:iam::123456789012:role/Ops";
const FAR_ROLE: &str = "arn:aws:iam::222222222222:role/aws-ops-reader";

const EXAMPLE: &str = r#"version: 1
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
"#;

/// A home with this policy at its usual place, which nobody else may write.
fn policy(text: &str) -> Home {
    let home = Home::new().with(".config/aws-mcp/policy.yaml", text);
    for (name, mode) in [(".config/aws-mcp", 0o700), (".config/aws-mcp/policy.yaml", 0o600)] {
        fs::set_permissions(home.path().join(name), Permissions::from_mode(mode)).unwrap();
    }
    home
}

/// What a command printed.
struct Told {
    code: i32,
    out: String,
    err: String,
}

fn run(home: &Home, args: &[&str]) -> Told {
    run_with(home, args, &[])
}

fn run_with(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Told {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .envs(env.iter().copied())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!PLANTED.iter().any(|secret| out.contains(secret) || err.contains(secret)));
    Told { code: output.status.code().unwrap(), out, err }
}

impl Told {
    /// The exit code, and each of these words on stdout.
    fn says(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for word in words {
            assert!(self.out.contains(word), "no {word:?} in\n{}", self.out);
        }
        self
    }

    /// Exit code 2, each of these words on stderr, and nothing on stdout.
    fn fails(self, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        assert!(words.iter().all(|word| self.err.contains(word)), "{words:?} in {}", self.err);
    }
}

fn check(text: &str) -> Told {
    run(&policy(text), &["policy", "check"])
}

#[test]
fn check_tells_what_each_rule_resolves_to() {
    let deny = "rules: {deny: ['^Delete.*', 'ec2:Terminate.*'], allow: ['ec2:StartInstances']}";
    let both = "\"ec2:Terminate.*\": 2 operations: ec2:TerminateClientVpnConnections, ec2:TerminateInstances\n";
    let one = "rules.allow[0] \"ec2:StartInstances\": 1 operation: ec2:StartInstances\n";
    check(deny).says(0, &["mode confirm", "rules.deny[0] \"^Delete.*\": 2", ", ...\n", both, one]);
    run(&Home::new(), &["policy", "check"]).says(0, &["mode confirm"]);
    let config = "[profile prod]\nrole_arn = arn:aws:iam::210987654321:role/Admin\n";
    let home = policy(EXAMPLE).with(".aws/config", config);
    run(&home, &["policy", "check"]).says(0, &["rules.deny[1] \"Delete.*\": 2"]);
}

#[test]
fn check_exits_with_1_and_names_what_does_nothing() {
    for (text, words) in [
        ("rules: {deny: ['ec2.Terminate.*']}", "ec2.Terminate.*"),
        ("rules: {deny: ['ec2:^Delete.*']}", "ec2:^Delete.*"),
        ("rules: {deny: ['ec2:Terminate.*|Delete.*']}", "the branch \"Delete.*\""),
        ("rules: {deny: ['ec2:Terminat']}", "matches no known operation"),
        ("rules: {deny: ['ec2:StopInstancse']}", "did you mean ec2:StopInstances?"),
        ("rules: {deny: ['ecc2:Stop.*']}", "did you mean ec2?"),
        ("services: {denylist: [ecc2]}", "did you mean ec2?"),
        ("services: {allowlist: [elasticloadbalancing]}", "elbv2"),
        ("rules: {deny: ['ec2:.*', 'ec2:Stop.*']}", "shadowed"),
        ("rules: {deny: ['ec2:Stop.*'], confirm: ['ec2:StopInstances']}", "shadowed"),
        ("rules: {confirm: ['ec2:Stop.*'], allow: ['ec2:StopInstances']}", "shadowed"),
        ("services: {denylist: [ec2]}\nrules: {deny: ['ec2:Stop.*']}", "shadowed"),
        ("rules: {allow: ['ec2:TerminateInstances']}", "frees nothing"),
        ("accounts: {'*': {mode: read_only}}", "\"*\""),
        ("accounts: {prod: {mode: read_only}}", "\"prod\""),
    ] {
        let told = check(text).says(1, &[]);
        let mut findings = told.out.lines().filter(|line| line.starts_with('!'));
        assert!(findings.any(|line| line.contains(words)), "{text}: {}", told.out);
    }
}

#[test]
fn explain_tells_verdict_and_rule() {
    let home = policy(EXAMPLE);
    let check = |call: &str, verdict: &str, rule: &str| {
        let call = call.replace("prod@", "--account prod --region ");
        let call = call.replace("own@", "--account 123456789012");
        let words: Vec<&str> = call.split(' ').collect();
        let name = format!("{}: {verdict}\n", words[0]);
        run(&home, &[&["policy", "explain"], &words[..]].concat())
            .says(0, &[&name, &format!("rule: {rule}")]);
    };
    check("ec2:TerminateInstances prod@eu-west-1", "deny", "rules.deny[0] \"ec2:Terminate.*\"");
    check("ec2:DescribeInstances prod@eu-west-1", "run", "mode read_only (accounts.prod)");
    check("ec2:StartInstances prod@eu-west-1", "deny", "mode read_only (accounts.prod)");
    check("ec2:DescribeInstances prod@us-east-1", "deny", "accounts.prod.regions");
    check("sts:GetCallerIdentity prod@us-east-1", "run", "mode read_only");
    check("rds:DescribeDBInstances own@", "ask", "rules.confirm[0] \"rds:.*\"");
    check("ec2:StartInstances own@", "run", "rules.allow[0] \"ec2:StartInstances\"");
    check("ec2:StopInstances own@", "ask", "mode confirm (accounts.123456789012)");
    check("iam:ListUsers own@", "deny", "services.denylist iam");
    check("ec2:StartInstances own@ --profile prod", "ask", "profiles.allow");
    check("ec2:StartInstances own@ --profile dev-1", "run", "rules.allow[0]");
    check(&format!("ec2:StartInstances own@ --role {OWN_ROLE}"), "ask", "roles.allow");
    check(&format!("ec2:StartInstances own@ --role {FAR_ROLE}"), "run", "rules.allow[0]");
    check("ec2:StartInstances own@ --read-only", "deny", "mode read_only (--read-only)");
}

#[test]
fn explain_goes_by_arguments_where_they_decide() {
    let scaled = |arguments: &str| {
        let call = ["policy", "explain", "ecs:UpdateService", "--arguments", arguments];
        run(&policy("mode: full\n"), &call)
    };
    scaled(r#"{"desiredCount": 0}"#).says(0, &["UpdateService: ask", "effect: destructive"]);
    scaled(r#"{"desiredCount": 2}"#).says(0, &["UpdateService: run", "effect: write"]);
    for wrong in ["{", "5", "[]"] {
        scaled(wrong).fails(&["arguments"]);
    }
}

#[test]
fn test_runs_a_persons_cases() {
    let cases = |text: &str| {
        let home = policy(EXAMPLE).with("cases.yaml", text);
        run(&home, &["policy", "test", "cases.yaml"])
    };
    let good = "- {operation: ec2:TerminateInstances, account: prod, expect: deny, rule: rules}\n\
                - {operation: ec2:StartInstances, account: '123456789012', expect: run}\n";
    cases(good).says(0, &["2 passed, 0 failed"]);
    let stop =
        "- {name: stops, operation: ec2:StopInstances, account: '123456789012', expect: run}";
    cases(&format!("{good}{stop}\n"))
        .says(1, &["2 passed, 1 failed", "! case 3 \"stops\"", "came ask by mode confirm"]);
    cases("").fails(&["cases.yaml"]);
    cases("- {operation: x, expect: perhaps}\n").fails(&["cases.yaml", "line 1"]);
    cases("- {operation: x, expect: run, regoin: y}\n").fails(&["cases.yaml", "region?"]);
    run(&policy(EXAMPLE), &["policy", "test", "none.yaml"]).fails(&["none.yaml"]);
}

/// The actions of the IAM policy that is printed.
fn actions(home: &Home, args: &[&str]) -> Vec<String> {
    let told = run(home, &[&["iam-policy"], args].concat()).says(0, &["2012-10-17"]);
    let printed: Value = serde_json::from_str(&told.out).unwrap();
    let of = |statement: &Value| statement["Action"].as_array().unwrap().clone();
    let actions = printed["Statement"].as_array().unwrap().iter().flat_map(of);
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn iam_policy_names_what_the_tools_on_offer_need_and_no_more() {
    let writes = ["ec2:StartInstances", "ec2:StopInstances"].map(str::to_owned);
    let read = "ec2:DescribeInstances".to_owned();
    let all = actions(&Home::new(), &[]);
    assert!(all.contains(&read) && writes.iter().all(|write| all.contains(write)), "{all:?}");
    assert!(all.iter().all(|action| action.contains(':') && !action.contains('*')), "{all:?}");
    for reads in
        [actions(&Home::new(), &["--read-only"]), actions(&policy("mode: read_only\n"), &[])]
    {
        assert!(reads.contains(&read), "{reads:?}");
        assert!(!writes.iter().any(|write| reads.contains(write)), "{reads:?}");
    }
    let one = actions(&Home::new(), &["--tools", "aws_get_account_info"]);
    assert_eq!(one, ["sts:GetCallerIdentity"]);
    // What a tool can do without is named too.
    let overview = actions(&Home::new(), &["--tools", "aws_health_overview"]);
    assert!(overview.contains(&"ce:GetCostAndUsage".to_owned()), "{overview:?}");
}

#[test]
fn a_call_from_a_shell_is_judged_too() {
    let aws = fake(|request| match request.action().as_str() {
        "DescribeInstances" => Response::instances(1),
        action if request.param("DryRun").is_none() => {
            Response::state_change(action, "i-00000000000000000", "running", "stopping")
        }
        _ => Response::ec2_dry_run(),
    });
    let url = aws.url();
    let stop = ["call", "ec2_stop_instance", r#"{"instance_id": "i-00000000000000000"}"#];
    let told = run_with(&policy("mode: read_only\n"), &stop, &aws.env(&url));
    told.says(1, &["denied_by_policy", r#""status":"no_change""#]);
    assert_eq!(aws.requests().len(), 0);
    // Nobody can be asked.
    let nobody = policy("approval: {ways: []}\n");
    let told = run_with(&nobody, &stop, &aws.env(&url));
    told.says(1, &["denied_by_policy", r#""status":"no_change""#]);
    // No terminal is there to say yes at.
    run_with(&Home::new(), &stop, &aws.env(&url));
    aws.was_only_looked_at();
    let told = run_with(&policy("mode: full\n"), &stop, &aws.env(&url));
    told.says(0, &[r#""status":"done""#]);
    assert_eq!(aws.in_earnest("StopInstances").len(), 1);
}
