//! A server that asks, the calls that it asks about, and a person who answers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::cloud::{Cloud, INSTANCE, PROD_KEY, PROD_SECRET};
use crate::support::{Home, Pty, Server, modern};

pub const START: &str = "ec2_start_instance";
pub const STOP: &str = "ec2_stop_instance";
pub const STATUS: &str = "aws_server_status";
pub const LIST: &str = "ec2_list_instances";
pub const POLICY: &str = ".config/aws-mcp/policy.yaml";

/// Nobody is waited for.
pub const AT_ONCE: &str = "approval: {wait_seconds: 0}\n";
const FAST: &str = "[limits]\ncalls = {burst = 100000, per_second = 10000}\n\
                    requests = {burst = 100000, per_second = 10000}\n";

/// A server, its home, and the AWS that it sees.
pub struct Desk {
    // Dropped first: a server ends by itself, and must while its home is there.
    pub server: Server,
    pub cloud: Cloud,
    pub home: Home,
}

/// A home with this policy, and a profile `prod` with keys of its own.
pub fn home(policy: &str) -> Home {
    let credentials = format!(
        "[prod]\naws_access_key_id = {PROD_KEY}\naws_secret_access_key = {PROD_SECRET}\nregion = us-east-1\n"
    );
    let home = Home::new().with(".aws/credentials", &credentials);
    let home = home.with(".config/aws-mcp/config.toml", FAST).with(POLICY, policy);
    fs::set_permissions(home.path().join(".config/aws-mcp"), Permissions::from_mode(0o700))
        .unwrap();
    fs::set_permissions(home.path().join(POLICY), Permissions::from_mode(0o600)).unwrap();
    home
}

/// A server under this policy that has shaken hands with a client of these capabilities.
pub fn desk(policy: &str, capabilities: Value) -> Desk {
    desk_with(Cloud::start(), home(policy), capabilities, &[])
}

pub fn desk_with(cloud: Cloud, home: Home, capabilities: Value, more: &[(&str, &str)]) -> Desk {
    let desk = unshaken(cloud, home, more);
    desk.server.initialize_with(capabilities);
    desk
}

/// The same before any handshake.
pub fn unshaken(cloud: Cloud, home: Home, more: &[(&str, &str)]) -> Desk {
    let url = cloud.url();
    let mut env = cloud.env(&url);
    env.extend(more);
    let server = Server::start_hosted(&home, &[], &env);
    Desk { server, cloud, home }
}

/// What a client declares that shows forms.
pub fn forms() -> Value {
    json!({"elicitation": {"form": {}}})
}

pub fn this(instance: &str) -> Value {
    json!({"instance_id": instance})
}

/// `params` of a call in the era without handshakes, by a client that shows forms.
pub fn asked_back(tool: &str, arguments: &Value) -> Value {
    let mut params = modern(json!({"name": tool, "arguments": arguments}));
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = forms();
    params
}

/// The code in a form's text.
pub fn code_in(message: &str) -> String {
    let after = message.rsplit_once("type the code ").expect("a code").1;
    after.split('.').next().unwrap().to_owned()
}

impl Desk {
    /// The state folder.
    pub fn state(&self) -> PathBuf {
        state_of(&self.home)
    }

    /// Calls a tool that must be asked about. Returns the question's id.
    pub fn asks(&self, tool: &str, args: &Value) -> String {
        self.asks_in_full(tool, args)["approval_id"].as_str().unwrap().to_owned()
    }

    /// Returns the whole answer.
    pub fn asks_in_full(&self, tool: &str, args: &Value) -> Value {
        let said = self.server.call_ok(tool, args.clone());
        assert_eq!(said["status"], "approval_required", "{tool} {args}: {said:#}");
        for member in ["approval_id", "summary", "expires_at", "how"] {
            assert!(said[member].as_str().is_some_and(|text| !text.is_empty()), "{said:#}");
        }
        said
    }

    /// Calls a tool that must run.
    pub fn runs(&self, tool: &str, args: &Value) -> Value {
        let said = self.server.call_ok(tool, args.clone());
        assert_eq!(said["status"], "done", "{tool} {args}: {said:#}");
        said
    }

    /// Calls a tool that must be refused. Returns the words.
    pub fn refuses(&self, tool: &str, args: &Value) -> String {
        let said = self.server.fails(tool, args.clone(), "denied_by_policy");
        format!("{} {}", said["message"], said["next_step"])
    }

    /// The question to a first call, which a person then says yes to at a terminal.
    pub fn approved(&self, tool: &str, args: &Value) -> String {
        let id = self.asks(tool, args);
        self.says_yes(&id);
        id
    }

    pub fn says_yes(&self, id: &str) {
        let said = answer(&self.home, &[id], |pty| pty.types(&format!("{}\n", pty.code(1))));
        assert_eq!(said, "Allowed.\nexit 0");
    }

    pub fn says_no(&self, id: &str) {
        let said = answer(&self.home, &[id], |pty| {
            pty.code(1);
            pty.types("no\n");
        });
        assert_eq!(said, "Refused.\nexit 1");
    }

    /// How everything stands.
    pub fn status(&self) -> Value {
        self.server.call_ok(STATUS, json!({}))
    }

    pub fn pending(&self) -> u64 {
        self.status()["pending_approvals"].as_u64().unwrap()
    }

    /// Waits for the next form of the server's, that is none of these. Returns its id and its text.
    pub fn form(&self, before: &[Value]) -> (Value, String) {
        let request = self.server.wait_for("a form", |message| {
            message["method"] == "elicitation/create" && !before.contains(&message["id"])
        });
        (request["id"].clone(), request["params"]["message"].as_str().unwrap().to_owned())
    }

    /// Answers a form.
    pub fn fills(&self, form: &Value, result: Value) {
        self.server.send(&json!({"jsonrpc": "2.0", "id": form, "result": result}));
    }

    /// Sends a call and does not wait.
    pub fn begins(&self, tool: &str, args: &Value) -> i64 {
        self.server.ask("tools/call", json!({"name": tool, "arguments": args}))
    }

    /// The structured content of the answer to a call that was begun.
    pub fn told(&self, call: i64) -> Value {
        self.server.response(call)["result"]["structuredContent"].clone()
    }

    /// Starts the instance, for what needs nothing but a change.
    pub fn start(&self) -> i64 {
        self.begins(START, &this(INSTANCE))
    }

    /// The records so far.
    pub fn records(&self) -> Vec<Value> {
        records(&self.home)
    }
}

pub fn state_of(home: &Home) -> PathBuf {
    home.path().join(".local/state/aws-mcp")
}

/// The records in the state folder of a home, as `aws-mcp audit search` prints them.
pub fn records(home: &Home) -> Vec<Value> {
    let output = run(home, &["audit", "search", "--json", "--limit", "1000"], &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A sub-command of the binary, with nothing on stdin.
pub fn command(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aws-mcp"));
    command
        .args(args)
        .env_clear()
        .env("HOME", home)
        .envs(env.iter().copied())
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn run(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Output {
    command(home.path(), args, env).output().unwrap()
}

/// `aws-mcp approve` in a terminal in which a person plays: what it prints in the end, and its exit code.
pub fn answer(home: &Home, args: &[&str], play: impl FnOnce(&Pty)) -> String {
    let (pty, mut command) =
        (Pty::open(), command(home.path(), &[&["approve"], args].concat(), &[]));
    pty.attach(&mut command);
    let child = command.spawn().unwrap();
    play(&pty);
    ended(child)
}

/// Stdout, stderr and the exit code.
pub fn ended(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("{}{}exit {}", text(output.stdout), text(output.stderr), output.status.code().unwrap())
}
