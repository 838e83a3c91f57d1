//! What a policy does to the shipped binary: which calls run, what is said of those that do not, what happens when the
//! file is broken or changes, and what the commands tell a person.
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
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::{
    CALLER, FakeAws, Home, PLANTED, Request, Response, Server, caller, fake,
    keeps_policy_to_itself, serve, serve_keyless,
};

const FILE: &str = ".config/aws-mcp/policy.yaml";
const FOLDER: &str = ".config/aws-mcp";

const LIST: &str = "ec2_list_instances";
const START: &str = "ec2_start_instance";
const STOP: &str = "ec2_stop_instance";
const INFO: &str = "aws_get_account_info";
const STATUS: &str = "aws_server_status";
const SET: &str = "aws_set_environment";

const STOPPED: &str = "i-00000000000000000";
const RUNNING: &str = "i-00000000000000001";
const ASKED: &str = "GetCallerIdentity";

/// A role of the caller's own account, 123456789012, and one of another.
const OWN_ROLE: &str = "arn:aws:iam::123456789012:role/Ops";
const FAR_ROLE: &str = "arn:aws:iam::222222222222:role/aws-ops-reader";
const OTHER_KEY: &str = "AKIAOTHEROTHEROTHERO";

/// The caller's account may only be read, all others may be changed.
const OWN_IS_READ: &str = "mode: full\naccounts: {'123456789012': {mode: read_only}}\n";
const OTHER_IS_READ: &str = "mode: full\naccounts: {'999999999999': {mode: read_only}}\n";

/// A home with this policy at its usual place, which nobody else may write.
fn policy(text: &str) -> Home {
    bound(Home::new(), text)
}

fn bound(home: Home, text: &str) -> Home {
    let home = home.with(FILE, text);
    set_mode(&home.path().join(FOLDER), 0o700);
    set_mode(&home.path().join(FILE), 0o600);
    home
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A server under this policy, and what it sees as AWS.
fn under(text: &str) -> (FakeAws, Server) {
    with(policy(text), &[], &[])
}

fn with(home: Home, args: &[&str], more: &[(&str, &str)]) -> (FakeAws, Server) {
    let aws = fake(answer);
    let server = serve(&aws, home, args, more);
    (aws, server)
}

/// An AWS with a stopped instance and a running one, whose roles can be assumed.
fn answer(request: &Request) -> Response {
    if request.param("DryRun").as_deref() == Some("true") {
        return Response::ec2_dry_run();
    }
    match request.action().as_str() {
        "StartInstances" => Response::state_change("StartInstances", STOPPED, "stopped", "pending"),
        "StopInstances" => Response::state_change("StopInstances", RUNNING, "running", "stopping"),
        "AssumeRole" => {
            let role = request.param("RoleArn").unwrap();
            let account = role.split(':').nth(4).unwrap();
            Response::assumed_role(account, "Role", "me", "2099-01-02T03:04:05Z")
        }
        "DescribeInstances" if request.param("InstanceId.1").as_deref() == Some(RUNNING) => {
            changed(Response::instances(1), STOPPED, RUNNING)
        }
        _ => {
            let states =
                ["<code>16</code><name>running</name>", "<code>80</code><name>stopped</name>"];
            changed(Response::instances(1), states[0], states[1])
        }
    }
}

fn changed(response: Response, from: &str, to: &str) -> Response {
    let text = String::from_utf8(response.body).unwrap();
    assert!(text.contains(from), "{text}");
    Response { body: text.replace(from, to).into_bytes(), ..response }
}

/// An AWS that does not say whose keys are.
fn silent() -> FakeAws {
    FakeAws::start(|request| match request.action().as_str() {
        ASKED => Response::sts_error(403, "AccessDenied", "No."),
        _ => answer(request),
    })
}

fn this(id: &str) -> Value {
    json!({"instance_id": id})
}

fn starts(server: &Server) {
    assert_eq!(server.call_ok(START, this(STOPPED))["status"], "done");
}

fn stops(server: &Server) {
    assert_eq!(server.call_ok(STOP, this(RUNNING))["status"], "done");
}

fn lists(server: &Server, args: Value) {
    assert!(server.call_ok(LIST, args)["instances"][0]["instance_id"].is_string());
}

/// The call is refused, in words that say why and neither what the policy's text is nor where it lies.
fn refused(server: &Server, tool: &str, args: Value) -> String {
    let said = server.fails(tool, args, "denied_by_policy");
    assert_eq!(said["retryable"], false, "{said:#}");
    let status = [START, STOP, SET].contains(&tool).then_some("no_change");
    assert_eq!(said["status"].as_str(), status, "{said:#}");
    let words = format!("{} {}", said["message"], said["next_step"]);
    keeps_policy_to_itself(tool, &words);
    words
}

fn refuses_to_start(server: &Server) -> String {
    refused(server, START, this(STOPPED))
}

/// A person is asked about the call. Returns what the model reads of the question.
fn asked(server: &Server, tool: &str, args: Value) -> String {
    server.asks(tool, args)["summary"].as_str().unwrap().to_owned()
}

/// A person is asked about a change, with what AWS says of it: who, what, how it is now.
fn asks_to_start(server: &Server) {
    asks_to_change(server, START, STOPPED, "ec2:StartInstances", "stopped");
}

fn asks_to_stop(server: &Server) {
    asks_to_change(server, STOP, RUNNING, "ec2:StopInstances", "running");
}

fn asks_to_change(server: &Server, tool: &str, id: &str, operation: &str, now: &str) {
    let summary = asked(server, tool, this(id));
    let lines: Vec<&str> = summary.lines().collect();
    for line in [
        format!("Operation: {operation} (changes something), by {tool}"),
        "Account: 123456789012".to_owned(),
        "Region: us-east-1".to_owned(),
        format!("Principal: {CALLER}"),
        format!("Resource: {id}"),
        "EC2 dry run: it would succeed".to_owned(),
        format!("Now: {now}"),
    ] {
        assert!(lines.contains(&line.as_str()), "{line:?} is not in {summary}");
    }
}

/// A person is asked whether to sign in at all: with what is known before that.
fn asks_to_sign_in(server: &Server, tool: &str, args: Value) -> String {
    let summary = asked(server, tool, args);
    assert!(!summary.contains("Principal: ") && !summary.contains("Now: "), "{summary}");
    summary
}

/// What AWS was asked besides whose the keys are.
fn sent(aws: &FakeAws) -> Vec<String> {
    let actions = aws.requests().into_iter().map(|request| request.action());
    actions.filter(|action| action != ASKED).collect()
}

/// A look at what a start and a stop would change, and nothing that changes it.
const LOOK_AT_START: [&str; 2] = ["DescribeInstances", "StartInstances"];
const LOOK_AT_STOP: [&str; 2] = ["DescribeInstances", "StopInstances"];

/// AWS was looked at in this way and no other; whose the keys are was asked once.
fn looked(aws: &FakeAws, looks: &[[&str; 2]]) {
    assert_eq!(sent(aws), looks.concat());
    assert_eq!(aws.requests_for(ASKED).len(), 1);
    aws.was_only_looked_at();
}

fn nothing_sent(aws: &FakeAws) {
    assert_eq!(aws.requests().len(), 0, "{:?}", aws.requests());
}

/// Every tool on offer answers that the configuration is wrong, in these words.
fn all_fail(server: &Server, words: &[&str]) {
    let tools = server.tools();
    assert!(tools.len() >= 10, "{} tools", tools.len());
    for tool in tools {
        let said = server.fails(tool["name"].as_str().unwrap(), json!({}), "config_error");
        let told = format!("{} {}", said["message"], said["next_step"]);
        assert!(words.iter().all(|word| told.contains(word)), "{words:?} in {said:#}");
    }
}

/// Exit code and stderr of a command that must print nothing to stdout where it fails.
fn run(home: &Home, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .envs(env.iter().copied())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.code() != Some(2) || output.stdout.is_empty(), "{output:?}");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Every command that needs the policy, and every call of a server, fails with these words.
fn all_is_broken(home: impl Fn() -> Home, args: &[&str], env: &[(&str, &str)], words: &[&str]) {
    let commands: [&[&str]; 5] = [
        &["tools"],
        &["call", STATUS],
        &["policy", "check"],
        &["policy", "explain", "ec2:StartInstances"],
        &["iam-policy"],
    ];
    for command in commands {
        let (code, said) = run(&home(), &[args, command].concat(), env);
        assert_eq!(code, Some(2), "{command:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{command:?}: {words:?} in {said}");
    }
    let (aws, server) = with(home(), args, env);
    all_fail(&server, words);
    server.wait_for_stderr(words[0]);
    nothing_sent(&aws);
}

mod verdicts {
    use super::*;

    const AUTO: [(&str, &str); 1] = [("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE", "true")];

    #[test]
    fn without_a_policy_reads_run_and_writes_wait_for_a_person() {
        let (aws, server) = with(Home::new(), &[], &[]);
        asks_to_start(&server);
        asks_to_stop(&server);
        looked(&aws, &[LOOK_AT_START, LOOK_AT_STOP]);
        lists(&server, json!({}));
        server.call_ok("ec2_describe_instance", this(STOPPED));
        server.call_ok(INFO, json!({}));
        assert_eq!(server.call_ok(STATUS, json!({}))["mode"], "confirm");
        aws.was_only_looked_at();
    }

    #[test]
    fn the_same_call_is_the_same_question_however_often_and_with_whatever_id() {
        let (aws, server) = with(Home::new(), &[], &[]);
        let first = server.asks(START, this(STOPPED));
        let again = server.asks(START, this(STOPPED));
        assert_eq!(first, again);
        let id = first["approval_id"].as_str().unwrap();
        for name in ["approval_id", "approvalId"] {
            let args = json!({"instance_id": STOPPED, name: id});
            assert_eq!(server.asks(START, args), first);
        }
        // Another call is another question.
        let other = server.asks(START, json!({"instance_id": STOPPED, "region": "eu-west-1"}));
        assert_ne!(other["approval_id"], first["approval_id"]);
        looked(&aws, &[LOOK_AT_START; 5]);
    }

    #[test]
    fn what_would_change_nothing_is_not_asked_about() {
        let (aws, server) = with(Home::new(), &[], &[]);
        assert_eq!(server.call_ok(START, this(RUNNING))["status"], "no_change");
        assert_eq!(server.call_ok(STOP, this(STOPPED))["status"], "no_change");
        aws.was_only_looked_at();
    }

    #[test]
    fn what_a_look_cannot_see_is_not_asked_about_and_what_would_fail_is_said() {
        let refused = || Response::ec2_error(403, "UnauthorizedOperation", "No.");
        let aws = fake(move |_| refused());
        let server = serve(&aws, Home::new(), &[], &[]);
        let said = server.fails(START, this(STOPPED), "access_denied");
        assert_eq!(said["status"], "no_change", "{said:#}");
        assert_eq!(sent(&aws), ["DescribeInstances"]);
        let aws = fake(move |request| match request.action().as_str() {
            "DescribeInstances" => answer(request),
            _ => refused(),
        });
        let server = serve(&aws, Home::new(), &[], &[]);
        let summary = asked(&server, START, this(STOPPED));
        let line = "\nEC2 dry run: it would fail with UnauthorizedOperation\n";
        assert!(summary.contains(line), "{summary}");
        looked(&aws, &[LOOK_AT_START]);
    }

    #[test]
    fn without_a_way_to_a_person_the_answer_is_no() {
        // There is no desktop, and the client shows no forms.
        for ways in ["", "dialog", "form", "dialog, form"] {
            let open = format!("approval: {{ways: [{ways}]}}\n");
            let (aws, server) = under(&open);
            let words = refuses_to_start(&server);
            assert!(words.contains("ec2:StartInstances") && words.contains("approval"), "{words}");
            assert!(words.contains("nobody can be asked"), "{words}");
            refused(&server, STOP, this(RUNNING));
            looked(&aws, &[LOOK_AT_START, LOOK_AT_STOP]);
            refused(&server, LIST, json!({"role_arn": FAR_ROLE}));
            let keys = json!({"access_key_id": OTHER_KEY, "secret_access_key": PLANTED[2]});
            refused(&server, SET, keys);
            looked(&aws, &[LOOK_AT_START, LOOK_AT_STOP]);
            lists(&server, json!({}));
            let (aws, server) = under(&format!("{open}rules: {{confirm: ['ec2:Describe.*']}}\n"));
            refused(&server, LIST, json!({}));
            assert_eq!(sent(&aws), [""; 0]);
        }
        let (aws, server) = under("approval: {ways: [terminal]}\n");
        asks_to_start(&server);
        looked(&aws, &[LOOK_AT_START]);
    }

    #[test]
    fn without_a_policy_keys_are_not_set_and_not_tried() {
        let (aws, server) = with(Home::new(), &[], &[]);
        let keys = json!({"access_key_id": OTHER_KEY, "secret_access_key": PLANTED[2]});
        let summary = asked(&server, SET, keys);
        assert!(summary.starts_with(&format!("Call: {SET} (changes something)\n")), "{summary}");
        assert!(!summary.contains(OTHER_KEY) && !summary.contains(PLANTED[2]), "{summary}");
        nothing_sent(&aws);
        server.call_ok(SET, json!({"region": "eu-west-1"}));
        let shown = server.call_ok("aws_get_credentials", json!({}));
        assert_eq!(shown["metadata"]["credentials_source"], "environment");
    }

    #[test]
    fn an_allow_rule_frees_one_write_and_full_mode_all_plain_ones() {
        let (aws, server) = under("rules: {allow: ['ec2:startinstances']}\n");
        starts(&server);
        assert_eq!(aws.in_earnest("StartInstances").len(), 1);
        asks_to_stop(&server);
        assert_eq!(sent(&aws), [["DescribeInstances", "StartInstances"], LOOK_AT_STOP].concat());
        assert!(aws.in_earnest("StopInstances").is_empty());
        let (_aws, server) = under("version: 1\nmode: full\n");
        starts(&server);
        stops(&server);
        assert_eq!(server.call_ok(STATUS, json!({}))["mode"], "full");
    }

    #[test]
    fn read_only_denies_and_does_not_speak_of_approval() {
        let check = |text: &str, args: &[&str], more: &[(&str, &str)]| {
            let (aws, server) = with(policy(text), args, more);
            let words = refuses_to_start(&server);
            assert!(words.contains("only reads") && !words.contains("approval"), "{words}");
            assert!(!server.tools().iter().any(|tool| tool["name"] == START));
            nothing_sent(&aws);
            lists(&server, json!({}));
            assert_eq!(server.call_ok(STATUS, json!({}))["mode"], "read_only");
        };
        check("mode: read_only\nrules: {allow: ['.*']}\n", &[], &[]);
        check("mode: full\n", &["--read-only"], &[]);
        check("mode: full\n", &[], &[("AWS_MCP_READ_ONLY", "1"), AUTO[0]]);
    }

    #[test]
    fn a_tool_stops_where_any_operation_that_it_needs_is_denied() {
        let (aws, server) = under("mode: full\nrules: {deny: ['ec2:StartInstances']}\n");
        let words = refuses_to_start(&server);
        assert!(words.contains("ec2:StartInstances"), "{words}");
        nothing_sent(&aws);
        lists(&server, json!({}));
    }

    #[test]
    fn a_part_that_is_denied_or_asked_about_is_missing_and_not_asked_for() {
        for rule in ["deny: ['ec2:DescribeVolumes']", "confirm: ['ec2:DescribeVolumes']"] {
            let (aws, server) = under(&format!("mode: full\nrules: {{{rule}}}\n"));
            let told = server.call_ok("ec2_describe_instance", this(STOPPED));
            let missing = told["missing"].as_array().unwrap();
            let denied = missing.iter().filter(|error| error["error"] == "denied_by_policy");
            let denied: Vec<&str> =
                denied.map(|error| error["message"].as_str().unwrap()).collect();
            assert!(denied.len() == 1 && denied[0].contains("ec2:DescribeVolumes"), "{told:#}");
            assert!(aws.requests_for("DescribeVolumes").is_empty());
            assert_eq!(aws.requests_for("DescribeInstanceStatus").len(), 1);
        }
        let (aws, server) = under("rules: {deny: ['ec2:DescribeInstances']}\n");
        refused(&server, "ec2_describe_instance", this(STOPPED));
        nothing_sent(&aws);
    }

    #[test]
    fn a_confirm_rule_asks_even_about_reads() {
        let (aws, server) = under("mode: full\nrules: {confirm: ['ec2:Describe.*']}\n");
        let summary = asked(&server, LIST, json!({}));
        let line = format!("Operation: ec2:DescribeInstances (reads), by {LIST}\n");
        assert!(summary.starts_with(&line), "{summary}");
        // Whose account it is, and nothing else.
        assert_eq!(sent(&aws), [""; 0]);
        assert_eq!(aws.requests_for(ASKED).len(), 1);
    }

    #[test]
    fn a_service_is_denied_by_either_list_and_by_its_other_names() {
        for text in [
            "services: {denylist: [EC2]}\n",
            "services: {denylist: [ec2], allowlist: [ec2, sts]}\n",
            "services: {allowlist: [sts]}\n",
            "rules: {deny: ['EC2:.*']}\n",
        ] {
            let (aws, server) = under(text);
            refused(&server, LIST, json!({}));
            nothing_sent(&aws);
            server.call_ok(INFO, json!({}));
        }
    }

    #[test]
    fn whose_the_keys_are_is_the_gates_own_question_whatever_services_are_allowed() {
        let (_aws, server) = under(&format!("services: {{allowlist: [ec2]}}\n{OWN_IS_READ}"));
        lists(&server, json!({}));
        refused(&server, INFO, json!({}));
    }

    #[test]
    fn auto_approval_runs_writes_that_only_the_mode_asks_about_and_is_reported() {
        let (_aws, server) = with(Home::new(), &[], &AUTO);
        server.wait_for_stderr("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE is on");
        starts(&server);
        stops(&server);
        assert_eq!(server.call_ok(STATUS, json!({}))["auto_approve_destructive"], true);
        let (_aws, server) = with(Home::new(), &[], &[]);
        assert_eq!(server.call_ok(STATUS, json!({}))["auto_approve_destructive"], false);
        assert!(!server.stderr().contains("AUTO_APPROVE"));
    }

    #[test]
    fn auto_approval_answers_for_nobody_where_the_policy_itself_asks_or_denies() {
        let (aws, server) = with(policy("rules: {confirm: ['ec2:StartInstances']}\n"), &[], &AUTO);
        asks_to_start(&server);
        asks_to_sign_in(&server, LIST, json!({"role_arn": FAR_ROLE}));
        looked(&aws, &[LOOK_AT_START]);
        for text in ["rules: {deny: ['START.*'], allow: ['ec2:StartInstances']}\n", OWN_IS_READ] {
            let (aws, server) = with(policy(text), &[], &AUTO);
            refuses_to_start(&server);
            asks_to_sign_in(&server, LIST, json!({"role_arn": FAR_ROLE}));
            assert_eq!(sent(&aws), [""; 0]);
        }
    }
}

mod accounts {
    use super::*;

    #[test]
    fn an_accounts_own_mode_counts_for_it_alone_and_whose_the_keys_are_is_asked_once() {
        // What the environment says of the account is no answer of AWS's.
        let claim = [("AWS_ACCOUNT_ID", "999999999999")];
        let (aws, server) = with(policy(OWN_IS_READ), &[], &claim);
        assert!(refuses_to_start(&server).contains("only reads"));
        lists(&server, json!({}));
        lists(&server, json!({"region": "eu-west-1"}));
        assert_eq!(aws.requests_for(ASKED).len(), 1);
        let (_aws, server) = under(OTHER_IS_READ);
        starts(&server);
    }

    #[test]
    fn an_account_is_bound_to_its_regions_but_for_global_services() {
        let (aws, server) = under("accounts: {'123456789012': {regions: [eu-west-1]}}\n");
        let words = refused(&server, LIST, json!({}));
        assert!(words.contains("us-east-1"), "{words}");
        assert_eq!(sent(&aws), [""; 0]);
        server.call_ok(INFO, json!({}));
        lists(&server, json!({"region": "eu-west-1"}));
    }

    #[test]
    fn an_account_that_cannot_be_determined_is_denied() {
        let aws = silent();
        let server = serve(&aws, policy(OTHER_IS_READ), &[], &[]);
        refused(&server, LIST, json!({}));
        // A role says by its name whose it is; that it is the caller's own account is not known.
        let summary = asks_to_sign_in(&server, LIST, json!({"role_arn": OWN_ROLE}));
        assert!(summary.contains("\nAccount: 123456789012\n"), "{summary}");
        refuses_to_start(&server);
        // The one question that could tell it.
        server.fails(INFO, json!({}), "access_denied");
        assert_eq!(sent(&aws), [""; 0]);
    }

    #[test]
    fn nobody_is_asked_about_an_account_that_cannot_be_determined() {
        let aws = silent();
        let server = serve(&aws, Home::new(), &[], &[]);
        let words = refuses_to_start(&server);
        assert!(words.contains("whose account this is"), "{words}");
        refused(&server, STOP, this(RUNNING));
        lists(&server, json!({}));
        assert_eq!(sent(&aws), ["DescribeInstances"]);
    }

    #[test]
    fn keys_that_are_set_bring_their_account_with_them() {
        let other = "arn:aws:iam::999999999999:user/other";
        let aws = FakeAws::start(move |request| match request.action().as_str() {
            ASKED if request.access_key_id() == Some(OTHER_KEY) => {
                Response::caller_identity("999999999999", other, "AIDATESTSTESTSTESTSTO")
            }
            ASKED => caller(),
            _ => answer(request),
        });
        let server = serve(&aws, policy(OTHER_IS_READ), &[], &[]);
        starts(&server);
        let keys = json!({"access_key_id": OTHER_KEY, "secret_access_key": PLANTED[2]});
        server.call_ok(SET, keys);
        refuses_to_start(&server);
    }

    /// A policy that lets this account only read, where profile `prod` says which account that is.
    fn named(account: &str, profile: &str) -> Home {
        let text = format!("mode: full\naccounts: {{{account}: {{mode: read_only}}}}\n");
        bound(Home::new().with(".aws/config", &format!("[profile prod]\n{profile}\n")), &text)
    }

    #[test]
    fn a_profile_can_say_which_account_a_name_is() {
        let role = |account: &str| format!("role_arn = arn:aws:iam::{account}:role/Admin");
        let sso = "sso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n\
                   sso_account_id = 123456789012\nsso_role_name = Admin";
        for profile in [role("123456789012"), sso.to_owned()] {
            let (_aws, server) = with(named("prod", &profile), &[], &[]);
            refuses_to_start(&server);
        }
        let (_aws, server) = with(named("prod", &role("222222222222")), &[], &[]);
        starts(&server);
    }

    #[test]
    fn a_name_that_says_no_account_stops_every_call() {
        let (aws, server) = with(named("prod", "region = eu-west-1"), &[], &[]);
        let said = server.fails(START, this(STOPPED), "denied_by_policy");
        assert!(said["message"].as_str().unwrap().contains("is not known"), "{said:#}");
        server.fails(LIST, json!({}), "denied_by_policy");
        assert_eq!(sent(&aws), [""; 0]);
    }

    #[test]
    fn a_name_does_not_come_to_mean_another_account_while_the_server_runs() {
        let role = |account: &str| format!("role_arn = arn:aws:iam::{account}:role/Admin");
        let home = named("prod", &role("123456789012"));
        let config = home.path().join(".aws/config");
        let (_aws, server) = with(home, &[], &[]);
        refuses_to_start(&server);
        // As whoever can write files, but not the policy's meaning, would do it.
        fs::write(config, format!("[profile prod]\n# other\n{}\n", role("222222222222"))).unwrap();
        refuses_to_start(&server);
    }

    #[test]
    fn a_name_that_the_check_knows_is_known_to_the_server_in_any_letter_case() {
        let home = || named("Prod", "role_arn = arn:aws:iam::222222222222:role/Admin");
        assert_eq!(run(&home(), &["policy", "check"], &[]), (Some(0), String::new()));
        let (_aws, server) = with(home(), &[], &[]);
        starts(&server);
    }

    #[test]
    fn a_role_is_of_its_own_account_and_not_of_the_callers() {
        let text = "mode: full\naccounts: {'222222222222': {mode: read_only}}\n\
                    roles: {allow: ['arn:aws:iam::222222222222:role/*']}\n";
        let (aws, server) = under(text);
        refused(&server, START, json!({"instance_id": STOPPED, "role_arn": FAR_ROLE}));
        assert_eq!(sent(&aws), [""; 0]);
        starts(&server);
    }
}

mod targets {
    use super::*;

    const DEV_ONLY: &str = "profiles: {allow: ['dev-*']}\n";

    /// Profiles of each kind, called `prod-...`, and `dev-1` and the default one with keys. The process leaves a mark.
    fn home(text: &str) -> Home {
        let home = Home::new();
        let keys =
            format!("aws_access_key_id = {OTHER_KEY}\naws_secret_access_key = {}", PLANTED[2]);
        let mark = home.path().join("mark").display().to_string();
        let config = format!(
            "[profile prod-role]\nrole_arn = {OWN_ROLE}\nsource_profile = dev-1\n\
             [profile prod-process]\ncredential_process = touch {mark}\n\
             [profile prod-sso]\nsso_session = corp\nsso_account_id = 123456789012\n\
             sso_role_name = Reader\n[sso-session corp]\nsso_region = us-east-1\n\
             sso_start_url = https://corp.awsapps.com/start\n\
             [profile dev-1]\n{keys}\n[default]\n{keys}\n"
        );
        let token = format!(
            r#"{{"startUrl": "https://corp.awsapps.com/start", "region": "us-east-1", "accessToken": "{}", "expiresAt": "2099-01-02T03:04:05Z"}}"#,
            PLANTED[4]
        );
        // Named after the SHA-1 of the session's name, as `aws sso login` does.
        let file = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
        bound(home.with(".aws/config", &config).with(file, &token), text)
    }

    #[test]
    fn a_profile_that_the_policy_does_not_name_is_asked_about_before_it_signs_in() {
        // A server each: so many questions at once are too many.
        for profile in ["prod-role", "prod-process", "prod-sso", "default"] {
            let home = home(DEV_ONLY);
            let mark = home.path().join("mark");
            let (aws, server) = with(home, &[], &[]);
            for tool in [LIST, INFO, "aws_get_credentials"] {
                let summary = asks_to_sign_in(&server, tool, json!({"profile": profile}));
                let lines: Vec<&str> = summary.lines().collect();
                assert!(lines.contains(&format!("Profile: {profile}").as_str()), "{summary}");
                assert!(lines.contains(&"Account: not known before signing in"), "{summary}");
            }
            asks_to_sign_in(&server, LIST, json!({"profile": profile, "role_arn": OWN_ROLE}));
            nothing_sent(&aws);
            assert!(!mark.exists(), "the process ran");
            lists(&server, json!({"profile": "dev-1"}));
            lists(&server, json!({}));
        }
    }

    #[test]
    fn a_profile_of_the_environment_and_the_default_one_are_asked_about_too() {
        for more in [&[("AWS_PROFILE", "prod-role")][..], &[]] {
            let aws = fake(answer);
            let server = serve_keyless(&aws, home(DEV_ONLY), &[], more);
            asks_to_sign_in(&server, LIST, json!({}));
            asks_to_sign_in(&server, INFO, json!({"region": "eu-west-1"}));
            asks_to_sign_in(&server, START, this(STOPPED));
            nothing_sent(&aws);
            lists(&server, json!({"profile": "dev-1"}));
        }
    }

    #[test]
    fn a_profile_that_was_set_is_asked_about_where_it_would_be_used() {
        let (aws, server) = with(home(DEV_ONLY), &[], &[]);
        server.call(SET, json!({"profile": "prod-role"}));
        let summary = asks_to_sign_in(&server, LIST, json!({}));
        assert!(summary.contains("\nProfile: prod-role\n"), "{summary}");
        nothing_sent(&aws);
    }

    #[test]
    fn without_the_key_no_profile_asks_and_with_an_empty_one_all_do() {
        let (_aws, server) = with(home("mode: confirm\n"), &[], &[]);
        lists(&server, json!({"profile": "prod-role"}));
        let (aws, server) = with(home("profiles: {allow: []}\n"), &[], &[]);
        asks_to_sign_in(&server, LIST, json!({"profile": "dev-1"}));
        nothing_sent(&aws);
        lists(&server, json!({}));
    }

    #[test]
    fn a_role_of_another_account_is_asked_about_before_it_is_assumed() {
        let (aws, server) = with(Home::new(), &[], &[]);
        for tool in [LIST, INFO, "aws_get_credentials"] {
            let summary = asks_to_sign_in(&server, tool, json!({"role_arn": FAR_ROLE}));
            let lines: Vec<&str> = summary.lines().collect();
            assert!(lines.contains(&"Account: 222222222222"), "{summary}");
            assert!(lines.contains(&format!("Role: {FAR_ROLE}").as_str()), "{summary}");
        }
        assert_eq!(sent(&aws), [""; 0]);
        lists(&server, json!({"role_arn": OWN_ROLE}));
        assert_eq!(sent(&aws), ["AssumeRole", "DescribeInstances"]);
    }

    #[test]
    fn a_list_of_roles_takes_the_place_of_the_default() {
        let (aws, server) = under("roles: {allow: ['arn:aws:iam::222222222222:role/aws-ops-*']}\n");
        for role in [OWN_ROLE, "arn:aws:iam::222222222222:role/Admin"] {
            let summary = asks_to_sign_in(&server, LIST, json!({"role_arn": role}));
            assert!(summary.contains(&format!("\nRole: {role}\n")), "{summary}");
        }
        nothing_sent(&aws);
        lists(&server, json!({"role_arn": FAR_ROLE}));
    }

    #[test]
    fn a_list_of_roles_binds_those_of_profiles_too_and_the_default_does_not() {
        let config = format!(
            "[profile base]\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key = {}\n\
             [profile far]\nrole_arn = {FAR_ROLE}\nsource_profile = base\n",
            PLANTED[2]
        );
        let home = |text: &str| bound(Home::new().with(".aws/config", &config), text);
        let (aws, server) = with(home("roles: {allow: []}\n"), &[], &[]);
        let summary = asks_to_sign_in(&server, LIST, json!({"profile": "far"}));
        assert!(summary.contains(&format!("\nRole: {FAR_ROLE}\n")), "{summary}");
        nothing_sent(&aws);
        let (_aws, server) = with(home("mode: confirm\n"), &[], &[]);
        lists(&server, json!({"profile": "far"}));
    }
}

mod file {
    use super::*;

    #[test]
    fn what_is_written_wrong_is_told_with_line_and_remedy_by_server_and_commands() {
        for (text, line, remedy) in [
            ("mode: full\nmoode: confirm\n", "line 2", "did you mean mode"),
            ("mode: full\nrules: {deny: []}\nmode: confirm\n", "line 3", "Keep one"),
            ("rules:\n  deny:\n    - '('\n", "line 3", "regular expression"),
            ("# ours\nversion: 2\n", "line 2", "version: 1"),
            ("services:\n  denylist: &x [iam]\n  allowlist: *x\n", "line 2", "Write the value out"),
            ("accounts:\n  '1': {mode: full}\n  '1': {mode: confirm}\n", "line 3", "Keep one"),
        ] {
            all_is_broken(|| policy(text), &[], &[], &[line, FILE, remedy]);
        }
    }

    #[test]
    fn what_others_may_write_is_told_with_the_command_that_closes_it() {
        for (open, mode) in [(FILE, 0o666), (FILE, 0o620), (FOLDER, 0o777), (FOLDER, 0o1770)] {
            let opened = || {
                let home = policy("mode: full\n");
                set_mode(&home.path().join(open), mode);
                home
            };
            all_is_broken(opened, &[], &[], &["other users", open, "chmod go-w"]);
        }
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there_and_takes_the_place_of_the_usual_one() {
        let variable = [("AWS_MCP_POLICY", "/nowhere/mine.yaml")];
        let words = ["/nowhere/mine.yaml", "--policy and AWS_MCP_POLICY"];
        let home = || {
            let home = policy("mode: confirm\n").with("mine.yaml", "mode: full\n");
            set_mode(home.path(), 0o700);
            set_mode(&home.path().join("mine.yaml"), 0o600);
            home
        };
        all_is_broken(home, &["--policy", "/nowhere/mine.yaml"], &[], &words);
        all_is_broken(home, &[], &variable, &words);
        // The flag beats the variable.
        starts(&with(home(), &["--policy", "mine.yaml"], &variable).1);
        starts(&with(home(), &[], &[("AWS_MCP_POLICY", "~/mine.yaml")]).1);
    }

    /// A server that began with this policy, its AWS, and the file.
    fn began(text: &str) -> (FakeAws, Server, PathBuf) {
        let home = policy(text);
        let file = home.path().join(FILE);
        let (aws, server) = with(home, &[], &[]);
        (aws, server, file)
    }

    #[test]
    fn what_is_widened_while_it_runs_stays_as_it_was() {
        let (aws, server, file) = began("rules: {deny: ['ec2:Stop.*']}\n");
        let before = server.call_ok(STATUS, json!({}));
        fs::write(&file, "mode: full\n").unwrap();
        asks_to_start(&server);
        refused(&server, STOP, this(RUNNING));
        looked(&aws, &[LOOK_AT_START]);
        let after = server.call_ok(STATUS, json!({}));
        assert_eq!(after["mode"], "confirm");
        assert_ne!(after["policy_hash"], before["policy_hash"]);
    }

    #[test]
    fn a_file_that_appears_while_it_runs_can_tighten_and_not_widen() {
        let home = policy("");
        let file = home.path().join(FILE);
        fs::remove_file(&file).unwrap();
        let (aws, server) = with(home, &[], &[]);
        fs::write(&file, "mode: full\n").unwrap();
        set_mode(&file, 0o600);
        asks_to_start(&server);
        looked(&aws, &[LOOK_AT_START]);
        fs::write(&file, "rules: {deny: ['ec2:Describe.*']}\n").unwrap();
        refused(&server, LIST, json!({}));
    }

    #[test]
    fn what_is_tightened_counts_at_once_and_may_go_back() {
        let (_aws, server, file) = began("mode: full\n");
        starts(&server);
        fs::write(&file, "mode: full\nrules: {deny: ['ec2:Start.*']}\n").unwrap();
        refuses_to_start(&server);
        stops(&server);
        fs::write(&file, "mode: read_only\n").unwrap();
        refused(&server, STOP, this(RUNNING));
        fs::write(&file, "mode: full\n").unwrap();
        starts(&server);
    }

    #[test]
    fn a_file_that_breaks_stops_every_call_until_it_is_mended() {
        let (aws, server, file) = began("mode: ful\n");
        let breaks: [&dyn Fn(); 2] =
            [&|| fs::write(&file, "mode: full\nmode: [\n").unwrap(), &|| set_mode(&file, 0o666)];
        for break_it in breaks {
            all_fail(&server, &[FILE]);
            set_mode(&file, 0o600);
            fs::write(&file, "mode: full\n").unwrap();
            starts(&server);
            let before = aws.requests().len();
            break_it();
            all_fail(&server, &[FILE]);
            assert_eq!(aws.requests().len(), before);
        }
        set_mode(&file, 0o600);
        starts(&server);
    }

    #[test]
    fn a_file_that_is_taken_away_leaves_at_most_the_default() {
        let (aws, server, file) = began("mode: full\n");
        fs::remove_file(&file).unwrap();
        asks_to_start(&server);
        looked(&aws, &[LOOK_AT_START]);
        lists(&server, json!({}));
        let (aws, server, file) = began("mode: read_only\n");
        fs::remove_file(&file).unwrap();
        assert!(refuses_to_start(&server).contains("only reads"));
        nothing_sent(&aws);
        lists(&server, json!({}));
    }
}

/// What files on this machine may not do to the judgement.
mod files {
    use super::*;

    const KEYS: [&str; 2] = ["AKIAFIRSTFIRSTFIRST1", "AKIASECONDSECONDSEC2"];

    /// Keys of a process that prints others each time, and each for five minutes and a little.
    fn home_of_a_changing_process(text: &str) -> Home {
        let home = Home::new();
        let counter = home.path().join("counter").display().to_string();
        let script = format!(
            "n=$(cat {counter} 2>/dev/null || echo 0); echo $((n + 1)) > {counter}\n\
             if [ $n = 0 ]; then key={}; else key={}; fi\n\
             end=$(date -u -d '+302 seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
             echo \"{{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"$key\\\", \\\"SecretAccessKey\\\": \\\"{}\\\", \
             \\\"Expiration\\\": \\\"$end\\\"}}\"\n",
            KEYS[0], KEYS[1], PLANTED[2]
        );
        let path = home.path().join("process.sh").display().to_string();
        let config = format!("[profile vault]\ncredential_process = sh {path}\n");
        bound(home.with("process.sh", &script).with(".aws/config", &config), text)
    }

    #[test]
    fn what_was_judged_is_what_is_signed_with() {
        let own_is_read = "mode: full\naccounts: {'999999999999': {mode: read_only}}\n";
        let (aws, server) = with(home_of_a_changing_process(own_is_read), &[], &[]);
        let call = json!({"instance_id": STOPPED, "profile": "vault"});
        assert_eq!(server.call_ok(START, call)["status"], "done");
        let keys: Vec<String> =
            aws.requests().iter().map(|r| r.access_key_id().unwrap().to_owned()).collect();
        assert!(keys.len() >= 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[test]
    fn a_region_that_does_not_exist_locks_nobody_out() {
        let (aws, server) = under(OTHER_IS_READ);
        server.call_ok(LIST, json!({"region": "eu-nowhere-9"}));
        // Whose the keys are is asked where that can be answered.
        assert_eq!(aws.requests_for(ASKED)[0].region(), Some("us-east-1"));
        assert_eq!(aws.requests_for("DescribeInstances")[0].region(), Some("eu-nowhere-9"));
        starts(&server);
    }

    #[test]
    fn an_sts_that_a_profile_names_tells_no_account() {
        let config = "[default]\nservices = mine\n[services mine]\nsts =\n  endpoint_url = \
                      http://127.0.0.1:9\n";
        let home = bound(Home::new().with(".aws/config", config), OTHER_IS_READ);
        let aws = fake(answer);
        let url = aws.url();
        // Only EC2 is where the environment says.
        let mut env = aws.env(&url);
        env.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
        env.push(("AWS_ENDPOINT_URL_EC2", &url));
        let server = Server::start_at(home, &[], &env);
        server.initialize();
        refuses_to_start(&server);
        assert_eq!(sent(&aws), [""; 0]);
    }

    #[test]
    fn a_pipe_or_a_device_in_the_place_of_a_file_is_an_error_at_once() {
        let home = Home::new().with(".aws/x", "");
        let pipe = home.path().join(".aws/config");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (_aws, server) = with(home, &[], &[]);
        server.fails(LIST, json!({}), "config_error");

        let config =
            format!("[profile web]\nrole_arn = {OWN_ROLE}\nweb_identity_token_file = /dev/zero\n");
        let (_aws, server) = with(Home::new().with(".aws/config", &config), &[], &[]);
        server.fails(LIST, json!({"profile": "web"}), "no_credentials");
    }
}
