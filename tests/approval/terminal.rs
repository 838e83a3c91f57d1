//! The terminal's way: `aws-mcp approve` beside a running server, and `aws-mcp call`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE};
use crate::person::{
    AT_ONCE, Desk, START, answer, command, desk, ended, home, run, this, unshaken,
};
use crate::support::{FakeAws, Home, Pty, Server};

#[test]
fn a_yes_is_for_the_next_such_call_and_for_one() {
    let desk = desk(AT_ONCE, json!({}));
    let asked = desk.asks_in_full(START, &this(INSTANCE));
    let id = asked["approval_id"].as_str().unwrap();
    assert!(asked["how"].as_str().unwrap().contains(&format!("aws-mcp approve {id}")), "{asked:#}");
    // Nobody waits: the same question.
    assert_eq!(desk.asks(START, &this(INSTANCE)), id);
    let said = answer(&desk.home, &[], |pty| {
        let code = pty.code(1);
        let shown = pty.until("Type ", 1);
        for fact in [
            "Operation: ec2:StartInstances (changes something), by ec2_start_instance",
            "Account: 123456789012",
            "Region: us-east-1",
            "Principal: arn:aws:iam::123456789012:user/tests",
            "Policy: ",
            "costs money by the hour",
            "EC2 dry run: it would succeed",
            "Now: stopped",
            "Name tag: web-1",
            INSTANCE,
        ] {
            assert!(shown.contains(fact), "{fact} in {shown}");
        }
        pty.types(&format!("{code}\n"));
    });
    assert_eq!(said, "Allowed.\nexit 0");
    desk.cloud.nothing_ran("a yes alone");
    // The id is taken as what it is: nothing.
    desk.runs(START, &json!({"instance_id": INSTANCE, "approval_id": id}));
    assert_ne!(desk.asks(START, &this(INSTANCE)), id);
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

#[test]
fn what_is_not_the_code_allows_nothing() {
    let desk = desk(AT_ONCE, json!({}));
    let id = desk.asks(START, &this(INSTANCE));
    let open = "Nothing was allowed; it is still open.\nexit 1";
    let wrong = |pty: &Pty| {
        for times in 1..=3 {
            pty.code(times);
            pty.types(["yes\n", "AAAAAA\n", "y\n"][times - 1]);
        }
    };
    assert_eq!(answer(&desk.home, &[&id], wrong), open);
    let left = |pty: &Pty| {
        pty.code(1);
        pty.types("\n");
    };
    assert_eq!(answer(&desk.home, &[&id], left), open);
    assert_eq!(desk.asks(START, &this(INSTANCE)), id);
    desk.cloud.nothing_ran("wrong codes");
}

#[test]
fn a_no_holds_for_the_resource_whatever_else_is_changed() {
    let desk = desk(AT_ONCE, json!({}));
    desk.says_no(&desk.asks(START, &this(INSTANCE)));
    for args in [
        this(INSTANCE),
        json!({"instance_id": INSTANCE, "wait": true}),
        json!({"instance_id": INSTANCE, "region": "eu-west-1"}),
        json!({"instance_id": format!(" {INSTANCE} ")}),
    ] {
        let words = desk.refuses(START, &args);
        assert!(words.contains("a person said no") && words.contains(INSTANCE), "{words}");
    }
    desk.cloud.nothing_ran("a no");
    assert_eq!(desk.pending(), 0);
}

#[test]
fn without_a_terminal_or_under_an_agent_nobody_is_asked() {
    let desk = desk(AT_ONCE, json!({}));
    let id = desk.asks(START, &this(INSTANCE));
    let detached = |env: &[(&str, &str)]| {
        let mut alone = Command::new("/usr/bin/setsid");
        let approve = command(desk.home.path(), &["approve", &id], env);
        alone.arg("--wait").arg(approve.get_program()).args(approve.get_args()).env_clear();
        alone.envs(approve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        alone.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = alone.spawn().unwrap();
        use std::io::Write as _;
        // Stdin is not the terminal, whatever it says.
        let _ = child.stdin.take().unwrap().write_all(b"AAAAAA\nyes\n");
        ended(child)
    };
    let said = detached(&[]);
    assert!(said.ends_with("exit 2") && said.contains("terminal"), "{said}");
    let said = detached(&[("CLAUDECODE", "1")]);
    assert!(said.ends_with("exit 2") && said.contains("CLAUDECODE"), "{said}");
    let pty = Pty::open();
    let mut marked = command(desk.home.path(), &["approve", &id], &[("CLAUDECODE", "1")]);
    pty.attach(&mut marked);
    let said = ended(marked.spawn().unwrap());
    assert!(said.ends_with("exit 2") && said.contains("CLAUDECODE"), "{said}");
    assert_eq!(desk.asks(START, &this(INSTANCE)), id);
    desk.cloud.nothing_ran("nobody asked");
}

/// The test is the server's host here, and what it starts is the host's.
#[test]
fn the_servers_own_host_cannot_answer() {
    let (cloud, home) = (Cloud::start(), home(AT_ONCE));
    let url = cloud.url();
    let server = Server::start_in(&home, &[], &cloud.env(&url));
    server.initialize();
    let said = server.call_ok(START, this(INSTANCE));
    let id = said["approval_id"].as_str().unwrap();
    let said = answer(&home, &[id], |_| {});
    assert!(said.contains("MCP host") && said.ends_with("exit 2"), "{said}");
    cloud.nothing_ran("the host's yes");
}

/// `aws-mcp call` of a start, with a person who plays.
fn called(cloud: &FakeAws, home: &Home, play: impl FnOnce(&Pty)) -> (Value, String) {
    let (url, pty) = (cloud.url(), Pty::open());
    let args = ["call", START, &this(INSTANCE).to_string()];
    let mut command = command(home.path(), &args, &cloud.env(&url));
    pty.attach(&mut command);
    let child = command.spawn().unwrap();
    play(&pty);
    let said = ended(child);
    let (body, _) = said.split_once('\n').unwrap();
    (serde_json::from_str(body).unwrap(), said)
}

#[test]
fn a_call_from_a_shell_asks_there() {
    let (cloud, home) = (Cloud::start(), home(""));
    let yes = |pty: &Pty| pty.types(&format!("{}\n", pty.code(1)));
    let (told, said) = called(&cloud, &home, yes);
    assert_eq!(told["status"], "done", "{said}");
    assert!(said.ends_with("exit 0"), "{said}");
    assert_eq!(cloud.done(), ["StartInstances"]);
    for typed in ["no\n", "\n"] {
        let (told, said) = called(&cloud, &home, |pty| {
            pty.code(1);
            pty.types(typed);
        });
        assert_eq!(told["error"], "denied_by_policy", "{said}");
        assert!(said.ends_with("exit 1"), "{said}");
    }
    let (told, _) = called(&cloud, &home, |pty| {
        for times in 1..=3 {
            pty.code(times);
            pty.types("AAAAAA\n");
        }
    });
    assert_eq!(told["error"], "denied_by_policy");
    assert_eq!(cloud.done().len(), 1);
}

#[test]
fn a_call_without_a_terminal_or_under_an_agent_is_a_no() {
    let (cloud, home) = (Cloud::start(), home(""));
    let url = cloud.url();
    let call = ["call", START, &this(INSTANCE).to_string()];
    let mut alone = Command::new("/usr/bin/setsid");
    let made = command(home.path(), &call, &cloud.env(&url));
    alone.arg("--wait").arg(made.get_program()).args(made.get_args()).env_clear();
    alone.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = alone.stdin(Stdio::null()).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["error"], "denied_by_policy", "{told:#}");
    assert!(told["message"].as_str().unwrap().contains("terminal"), "{told:#}");
    let marked = [&cloud.env(&url)[..], &[("CLAUDECODE", "1")]].concat();
    let output = run(&home, &call, &marked);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["message"].as_str().unwrap().contains("CLAUDECODE"), "{told:#}");
    cloud.nothing_ran("no person");
}

#[test]
fn lists_what_is_open() {
    let desk: Desk = unshaken(Cloud::start(), home(AT_ONCE), &[]);
    desk.server.initialize();
    let id = desk.asks(START, &this(INSTANCE));
    let output = run(&desk.home, &["approve", "--list"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(&id) && text.contains("ec2:StartInstances"), "{text}");
}
