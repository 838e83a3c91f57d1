//! What the tests of single tools share: AWS as it is on a good day but for one thing, and calls that must fail.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use super::server::text_of;
use super::{FakeAws, Home, Request, Response, Server};

/// Whose the keys of [`FakeAws::env`] are, as [`fake`] says.
pub const CALLER: &str = "arn:aws:iam::123456789012:user/tests";

/// The answer to `GetCallerIdentity` for [`CALLER`].
pub fn caller() -> Response {
    Response::caller_identity("123456789012", CALLER, "AIDATESTSTESTSTESTSTE")
}

/// An AWS that knows its callers, and answers everything else as `answer` says.
pub fn fake(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeAws {
    FakeAws::start(move |request| match request.action().as_str() {
        "GetCallerIdentity" => caller(),
        _ => answer(request),
    })
}

/// A server that sees `aws` as AWS, has keys in its environment, logs all it can, and has shaken hands.
pub fn serve(aws: &FakeAws, home: Home, args: &[&str], more: &[(&str, &str)]) -> Server {
    let url = aws.url();
    let mut env = aws.env(&url);
    env.push(("LOG_LEVEL", "debug"));
    env.extend(more);
    let server = Server::start_at(home, args, &env);
    server.initialize();
    server
}

/// As [`serve`], without keys in the environment.
pub fn serve_keyless(aws: &FakeAws, home: Home, args: &[&str], more: &[(&str, &str)]) -> Server {
    let blank = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    serve(aws, home, args, &[&blank, more].concat())
}

/// RFC 3339, so many minutes from now.
pub fn in_minutes(minutes: u64) -> String {
    written(SystemTime::now() + Duration::from_secs(minutes * 60))
}

/// RFC 3339, so many minutes ago.
pub fn minutes_ago(minutes: u64) -> String {
    written(SystemTime::now() - Duration::from_secs(minutes * 60))
}

fn written(time: SystemTime) -> String {
    let whole = DateTime::from_secs(DateTime::from(time).secs());
    whole.fmt(Format::DateTime).expect("a date")
}

/// Checks what is told of a call that waits for a person's yes.
pub fn check_asked(tool: &str, told: &Value) {
    assert_eq!(told["status"], "approval_required", "{tool}: {told:#}");
    let mut members: Vec<&String> = told.as_object().expect("an object").keys().collect();
    members.sort();
    assert_eq!(members, ["approval_id", "expires_at", "how", "status", "summary"], "{told:#}");
    let text = |member: &str| told[member].as_str().expect("a text");
    let (id, summary, how) = (text("approval_id"), text("summary"), text("how"));
    let letters = id.strip_prefix("ap-").expect("ap-");
    let plain = |letter: u8| matches!(letter, b'a'..=b'z' | b'2'..=b'9');
    assert!(letters.len() == 10 && letters.bytes().all(plain), "{id}");
    let written = text("expires_at");
    let expires = DateTime::from_str(written, Format::DateTime).expect("RFC 3339");
    assert!(written.ends_with('Z') && expires > SystemTime::now().into(), "{told:#}");
    assert!(how.contains(&format!("`aws-mcp approve {id}`")), "{how}");
    assert!(how.contains("make this very call again"), "{how}");
    let first = summary.lines().next().unwrap_or_default();
    assert!(first.starts_with("Operation: ") || first.starts_with("Call: "), "{summary}");
    for line in ["Account: ", "Policy: "] {
        let there = summary.lines().filter(|one| one.starts_with(line)).count();
        assert_eq!(
            there,
            usize::from(line == "Account: " && tool != "aws_set_environment"),
            "{line:?} in {summary}"
        );
    }
    // What comes after our own lines was written by others, and may say anything.
    let ours = summary.split("\n\n").next().unwrap_or_default();
    let names = [tool, id];
    let words = names.iter().fold(format!("{ours} {how}"), |words, name| words.replace(name, ""));
    keeps_policy_to_itself(tool, &words);
}

/// No word to the model tells what the policy's text is, where it lies, or how to get around it.
pub fn keeps_policy_to_itself(tool: &str, words: &str) {
    // A verb that has nothing to do with rules.
    for hint in ["yaml", ".config", "AWS_MCP", "rules", "list", "mode", "--", ".*", "[", "roles."] {
        assert!(!words.contains(hint), "{tool} tells {hint:?}: {words}");
    }
}

impl FakeAws {
    /// Checks that nothing arrived which could have changed anything: reads, signing in, and what EC2 was told not to
    /// carry out.
    pub fn was_only_looked_at(&self) {
        for request in self.requests() {
            let action = request.action();
            let reads = ["Describe", "Get", "List", "AssumeRole"];
            let dry = ["StartInstances", "StopInstances"].contains(&action.as_str())
                && request.param("DryRun").as_deref() == Some("true");
            let read = reads.iter().any(|verb| action.starts_with(verb));
            assert!(read || dry, "{action} arrived: {}", request.text());
        }
    }

    /// The requests for one operation that were to be carried out.
    pub fn in_earnest(&self, action: &str) -> Vec<Request> {
        let mut requests = self.requests_for(action);
        requests.retain(|request| request.param("DryRun").is_none());
        requests
    }
}

impl Server {
    /// Calls a tool that must answer with an error of this kind. The error is checked against the tool's output schema,
    /// where the tool is listed.
    pub fn fails(&self, tool: &str, args: Value, kind: &str) -> Value {
        let said = self.call_err(tool, args);
        assert_eq!(said["error"], kind, "{tool}: {said:#}");
        if self.tools().iter().any(|listed| listed["name"] == tool) {
            self.check_output(tool, &said);
        }
        said
    }

    /// Makes a call of any operation by `aws_execute`. Returns the whole answer.
    pub fn invoke(&self, service: &str, operation: &str, payload: Value) -> Value {
        let args = json!({"action": "invoke", "service": service, "operation": operation,
            "payload": payload, "response": "full"});
        self.call_ok("aws_execute", args)
    }

    /// The same of one that only reads, by `aws_read`.
    pub fn read(&self, service: &str, operation: &str, payload: Value) -> Value {
        let args = json!({"service": service, "operation": operation, "payload": payload});
        self.call_ok("aws_read", args)
    }

    /// Calls a tool that must not run before a person has said yes, which nobody does here: they could at a terminal.
    /// Returns what the model is told, which is checked for its form and for what it must not be told.
    pub fn asks(&self, tool: &str, args: Value) -> Value {
        let result = self.call(tool, args);
        assert_eq!(result["isError"], false, "{tool} should have asked: {result:#}");
        let told = &result["structuredContent"];
        assert_eq!(&text_of(&result), told, "{tool}: text and structured content differ");
        self.check_output(tool, told);
        check_asked(tool, told);
        told.clone()
    }

    /// The same call so many times at once. Returns the structured contents; every call must succeed.
    pub fn at_once(&self, times: usize, tool: &str, args: &Value) -> Vec<Value> {
        let call = json!({"name": tool, "arguments": args});
        let ids: Vec<i64> = (0..times).map(|_| self.ask("tools/call", call.clone())).collect();
        let answer = |id| {
            let response = self.response(id);
            let result = &response["result"];
            assert_eq!(result["isError"], false, "{tool}: {response:#}");
            self.check_output(tool, &result["structuredContent"]);
            result["structuredContent"].clone()
        };
        ids.into_iter().map(answer).collect()
    }
}
