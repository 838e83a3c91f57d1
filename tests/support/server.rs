//! The shipped binary as a child process, spoken to as a client does: JSON-RPC, one message per line.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::planted;

/// How long an answer may take before the test gives up: far more than any server call is allowed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the process may live after the end of its stdin before it counts as an orphan.
const FAREWELL: Duration = Duration::from_secs(20);

/// How often to ask whether a child has ended; the standard library has no wait with a limit.
const POLL: Duration = Duration::from_millis(10);

/// A home directory of its own, for the files that a person would have.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// With a policy of the user's, which nobody else may read.
    pub fn with_policy(self, text: &str) -> Self {
        let home = self.with(".config/aws-mcp/policy.yaml", text);
        for (name, mode) in [(".config/aws-mcp", 0o700), (".config/aws-mcp/policy.yaml", 0o600)] {
            let path = home.path().join(name);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        home
    }

    /// Writes `text` to `name` below this directory, with the directories between. Returns self, to write the next.
    pub fn with(self, name: &str, text: &str) -> Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file below the home")).expect("its directory");
        fs::write(&path, text).expect("the file");
        self
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// `params` with the `_meta` that every request of protocol 2026-07-28 carries.
pub fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "0"},
    });
    params
}

/// What the child has said so far.
#[derive(Default)]
struct Said {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    messages: Vec<Value>,
    /// Lines on stdout that are not JSON-RPC.
    stray: Vec<String>,
    /// How many of stdout and stderr have ended.
    ended: usize,
    stdout_ended: bool,
}

#[derive(Default)]
struct Ear {
    said: Mutex<Said>,
    news: Condvar,
}

impl Ear {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said());
        self.news.notify_all();
    }

    /// Waits until `look` finds something, at most for `bound`.
    fn wait<T>(&self, bound: Duration, mut look: impl FnMut(&Said) -> Option<T>) -> Option<T> {
        let mut found = None;
        let (_said, _timeout) = self
            .news
            .wait_timeout_while(self.said(), bound, |said| {
                found = look(said);
                found.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        found
    }
}

/// A running server. When dropped it must end by itself at the end of its stdin, must have written nothing but
/// JSON-RPC to stdout, and no planted secret anywhere; else the test fails.
pub struct Server {
    child: Mutex<Child>,
    stdin: Mutex<Option<ChildStdin>>,
    ear: Arc<Ear>,
    next_id: AtomicI64,
    schemas: OnceLock<HashMap<String, Value>>,
    /// Where the child lives when the test does not keep it: removed after it.
    _home: Option<Home>,
}

impl Server {
    /// Starts the binary in an empty home, with only `HOME`, `PATH` and `env` in its environment. No handshake.
    pub fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_at(Home::new(), args, env)
    }

    /// As [`Server::start_in`], in a home that is removed after the server.
    pub fn start_at(home: Home, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut server = Self::start_in(&home, args, env);
        server._home = Some(home);
        server
    }

    /// As [`Server::start`], in a home that the test has furnished and keeps.
    pub fn start_in(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aws-mcp"));
        command.args(args);
        Self::spawn(home, command, env)
    }

    /// As [`Server::start_in`], with a host of its own between it and the test: whatever the test starts is not the
    /// host's, as a person's terminal is not.
    pub fn start_hosted(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new("/bin/sh");
        // With something left to do, no shell becomes the program itself.
        command.args(["-c", "\"$@\"; exit $?", "host", env!("CARGO_BIN_EXE_aws-mcp")]).args(args);
        Self::spawn(home, command, env)
    }

    fn spawn(home: &Home, mut command: Command, env: &[(&str, &str)]) -> Self {
        let mut child = command
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env.iter().copied())
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let ear = Arc::new(Ear::default());
        let stdout = child.stdout.take().expect("its stdout");
        let stderr = child.stderr.take().expect("its stderr");
        let stdin = child.stdin.take();
        listen_to_stdout(&ear, stdout);
        listen_to_stderr(&ear, stderr);
        Self {
            child: Mutex::new(child),
            stdin: Mutex::new(stdin),
            ear,
            next_id: AtomicI64::new(1),
            schemas: OnceLock::new(),
            _home: None,
        }
    }

    /// The handshake of protocol 2025-11-25. Returns the server's result.
    pub fn initialize(&self) -> Value {
        self.initialize_with(json!({}))
    }

    /// As [`Server::initialize`], as a client with these capabilities.
    pub fn initialize_with(&self, capabilities: Value) -> Value {
        let answer = self.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": capabilities,
                "clientInfo": {"name": "tests", "version": "0"},
            }),
        );
        self.notify("notifications/initialized", json!({}));
        result_of(&answer)
    }

    /// Writes `bytes` to the server's stdin as they are, without a newline.
    pub fn send_raw(&self, bytes: impl AsRef<[u8]>) {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match stdin.as_mut() {
            Some(pipe) => pipe.write_all(bytes.as_ref()).and_then(|()| pipe.flush()),
            None => panic!("the test has closed the server's stdin"),
        };
        if let Err(error) = sent {
            panic!("cannot write to the server: {error}\n{}", self.account());
        }
    }

    /// Sends one message.
    pub fn send(&self, message: &Value) {
        self.send_raw(format!("{message}\n"));
    }

    /// Sends a request and does not wait. Returns its id, for [`Server::response`].
    pub fn ask(&self, method: &str, params: Value) -> i64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Waits for the whole response to the request with this id.
    pub fn response(&self, id: impl Into<Value>) -> Value {
        let id = id.into();
        self.wait_for(&format!("a response with id {id}"), |message| {
            message.get("method").is_none() && message["id"] == id
        })
    }

    /// Sends a request and waits for its whole response, result or error.
    pub fn request(&self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.response(id)
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Waits for the first message, of all that came, which is as `wanted` says. `what` is for the failure's words.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.ear.wait(PATIENCE, |said| {
            let hit = said.messages.iter().find(|message| wanted(message));
            match hit {
                Some(message) => Some(Some(message.clone())),
                None => said.stdout_ended.then_some(None),
            }
        });
        match found {
            Some(Some(message)) => message,
            Some(None) => {
                panic!("the server's stdout ended before {what} came\n{}", self.account())
            }
            None => panic!("{what} did not come in {PATIENCE:?}\n{}", self.account()),
        }
    }

    /// Waits until stderr contains `text`.
    pub fn wait_for_stderr(&self, text: &str) {
        let found = self.ear.wait(PATIENCE, |said| {
            String::from_utf8_lossy(&said.stderr).contains(text).then_some(())
        });
        assert!(found.is_some(), "stderr did not say {text:?}\n{}", self.account());
    }

    /// Calls a tool. Returns the result, whether it is an error or not.
    pub fn call(&self, tool: &str, args: Value) -> Value {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": args}));
        result_of(&answer)
    }

    /// Calls a tool that must succeed. Returns its structured content, which is checked against the tool's schema and
    /// against the text beside it.
    pub fn call_ok(&self, tool: &str, args: Value) -> Value {
        let result = self.call(tool, args);
        assert_ne!(result["isError"], true, "{tool} failed: {result:#}\n{}", self.account());
        let structured = &result["structuredContent"];
        assert_eq!(&text_of(&result), structured, "{tool}: text and structured content differ");
        self.check_output(tool, structured);
        structured.clone()
    }

    /// Calls a tool that must answer with an error result. Returns what its text says, as JSON.
    pub fn call_err(&self, tool: &str, args: Value) -> Value {
        let result = self.call(tool, args);
        assert_eq!(result["isError"], true, "{tool} should have failed: {result:#}");
        let said = text_of(&result);
        if let Some(structured) = result.get("structuredContent") {
            assert_eq!(&said, structured, "{tool}: text and structured content differ");
        }
        for member in ["error", "message", "next_step"] {
            assert!(said[member].is_string(), "{tool}: no {member} in the error {said:#}");
        }
        assert!(said["retryable"].is_boolean(), "{tool}: no retryable in {said:#}");
        said
    }

    /// Checks `output` against the output schema that `tools/list` gives for `tool`.
    pub fn check_output(&self, tool: &str, output: &Value) {
        let schemas = self.schemas.get_or_init(|| {
            let schema_of = |tool: Value| {
                let name = tool["name"].as_str().expect("a tool's name").to_owned();
                (name, tool["outputSchema"].clone())
            };
            self.tools().into_iter().map(schema_of).collect()
        });
        let schema = match schemas.get(tool) {
            Some(schema @ Value::Object(_)) => schema,
            Some(_) => panic!("{tool} has no output schema"),
            None => panic!("tools/list does not name {tool}"),
        };
        let validator = jsonschema::validator_for(schema)
            .unwrap_or_else(|error| panic!("{tool}: its output schema is no schema: {error}"));
        let faults: Vec<String> = validator
            .iter_errors(output)
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{tool} broke its output schema: {faults:#?}\nin {output:#}");
    }

    /// Every tool of `tools/list`, over all pages.
    pub fn tools(&self) -> Vec<Value> {
        let mut tools = Vec::new();
        let mut params = json!({});
        loop {
            let page = result_of(&self.request("tools/list", params));
            tools.extend(page["tools"].as_array().expect("tools").iter().cloned());
            match page.get("nextCursor") {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => return tools,
            }
        }
    }

    /// Every message so far, in order.
    pub fn messages(&self) -> Vec<Value> {
        self.ear.said().messages.clone()
    }

    /// The notifications so far, in order.
    pub fn notifications(&self) -> Vec<Value> {
        let is_notification =
            |message: &Value| message.get("method").is_some() && message.get("id").is_none();
        let mut messages = self.messages();
        messages.retain(is_notification);
        messages
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// Ends the server's stdin: the client has gone.
    pub fn close_stdin(&self) {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits for the process to end, and for what it last said. It must end within `bound`.
    pub fn wait_exit(&self, bound: Duration) -> ExitStatus {
        match self.exit_within(bound) {
            Some(status) => status,
            None => panic!("the server runs on after {bound:?}\n{}", self.account()),
        }
    }

    /// The whole of stdout so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.ear.said().stdout).into_owned()
    }

    /// The whole of stderr so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.ear.said().stderr).into_owned()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Server::wait_exit`], or nothing where it runs on.
    pub fn exit_within(&self, bound: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + bound;
        loop {
            if let Some(status) = self.child().try_wait().expect("the child's status") {
                // A grandchild may hold the pipes open: what comes later is not waited for without limit.
                self.ear.wait(POLL * 100, |said| (said.ended == 2).then_some(()));
                return Some(status);
            }
            if Instant::now() >= end {
                return None;
            }
            thread::sleep(POLL);
        }
    }

    /// What to tell whoever reads the failure.
    fn account(&self) -> String {
        let stdout = self.stdout();
        let tail = stdout.char_indices().rev().nth(2_000).map_or(0, |(at, _)| at);
        format!("--- stderr\n{}\n--- end of stdout\n{}", self.stderr(), &stdout[tail..])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close_stdin();
        let orphan = self.exit_within(FAREWELL).is_none();
        if orphan {
            let mut child = self.child();
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            return;
        }
        assert!(!orphan, "the server outlived its stdin by {FAREWELL:?}\n{}", self.account());
        let stray = self.ear.said().stray.clone();
        assert!(stray.is_empty(), "stdout carried what is not JSON-RPC: {stray:#?}");
        for (stream, text) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            if let Some(piece) = planted::leak(&text) {
                panic!("a planted secret leaked on {stream}: {piece:?} in\n{text}");
            }
        }
    }
}

/// The `result` of a response that must have one.
fn result_of(response: &Value) -> Value {
    match response.get("result") {
        Some(result) => result.clone(),
        None => panic!("a protocol error instead of a result: {response:#}"),
    }
}

/// The JSON in the single text block of a tool's result.
pub(super) fn text_of(result: &Value) -> Value {
    let content = result["content"].as_array().expect("content");
    assert_eq!(content.len(), 1, "one block of content: {result:#}");
    let text = content[0]["text"].as_str().expect("a text block");
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("the text is not JSON, {error}: {text}"))
}

fn listen_to_stdout(ear: &Arc<Ear>, stdout: impl Read + Send + 'static) {
    let ear = Arc::clone(ear);
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while matches!(stdout.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            ear.note(|said| {
                said.stdout.extend(&line);
                match serde_json::from_slice::<Value>(&line) {
                    Ok(message) if message["jsonrpc"] == "2.0" => said.messages.push(message),
                    _ => said.stray.push(String::from_utf8_lossy(&line).into_owned()),
                }
            });
            line.clear();
        }
        ear.note(|said| {
            said.stdout_ended = true;
            said.ended += 1;
        });
    });
}

fn listen_to_stderr(ear: &Arc<Ear>, mut stderr: impl Read + Send + 'static) {
    let ear = Arc::clone(ear);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = stderr.read(&mut chunk) {
            ear.note(|said| said.stderr.extend(&chunk[..n]));
        }
        ear.note(|said| said.ended += 1);
    });
}
