//! What the tests of single tools share: AWS as it is on a good day but for one thing, and calls that must fail.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

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
