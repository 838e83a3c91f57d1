//! Servers and clients are processes of their own here, all of this test's program: a client below its
//! server, or of another program, is refused.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::config::Environment;
use crate::rig::again::{PART, Running, again, tell, told};

const PARTS: &str = "gate::socket::tests::part";

fn pending(id: &str, summary: &str) -> Pending {
    Pending {
        id: id.to_owned(),
        summary: summary.to_owned(),
        asked_at: "2026-11-21T10:00:00Z".to_owned(),
        expires_at: "2026-11-21T10:10:00Z".to_owned(),
    }
}

/// A desk with these questions that says what it is told.
fn desk(questions: &[(String, String)]) -> Desk {
    let open: Vec<Pending> = questions.iter().map(|(id, text)| pending(id, text)).collect();
    let open = Arc::new(Mutex::new(open));
    let answered = open.clone();
    Desk {
        pending: Box::new(move || open.lock().unwrap().clone()),
        grants: Box::new(|| {
            vec![Grant { what: "ec2 in 111122223333".into(), until: "2026-11-21T10:15:00Z".into() }]
        }),
        answer: Box::new(move |id, said| {
            tell(&format!("{id}: {said:?}"));
            answered.lock().unwrap().retain(|one| one.id != id);
            if id == "late" { Err("it has expired".to_owned()) } else { Ok(()) }
        }),
        revoke: Box::new(|| {
            tell("revoked");
            2
        }),
    }
}

/// What a process of a test does; its part is JSON.
#[test]
#[ignore = "a part of the tests below"]
fn part() {
    let part: Value =
        serde_json::from_str(Environment::of_process().get(PART).unwrap_or_default()).unwrap();
    let dir = PathBuf::from(part["dir"].as_str().unwrap());
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(part["paused"] == true);
    let runtime = runtime.build().unwrap();
    match part["do"].as_str().unwrap() {
        "serve" => runtime.block_on(async {
            let host = part["host"].as_u64().map(|pid| u32::try_from(pid).unwrap());
            let questions: Vec<(String, String)> =
                serde_json::from_value(part["questions"].clone()).unwrap();
            let listening = listen(&dir, host, Arc::new(desk(&questions))).unwrap();
            tell("ready");
            // Until the test lets go of it, or ends; on a thread that holds no time up.
            let (over, wait) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
                let _ = over.send(());
            });
            let _ = wait.await;
            drop(listening);
        }),
        "client" => {
            let wish: line::Wish = serde_json::from_value(part["wish"].clone()).unwrap();
            for server in servers(&dir).unwrap() {
                let said: Value = match &wish {
                    line::Wish::List => json!(runtime.block_on(server.open())),
                    line::Wish::Revoke => json!(runtime.block_on(server.revoke())),
                    line::Wish::Answer { id, shown, said } => {
                        json!(runtime.block_on(server.answer(id, shown, *said)))
                    }
                };
                tell(&said.to_string());
            }
        }
        // With an agent's shell between.
        "below" => {
            let mut inner = client(&dir, &part["wish"]);
            tell(&printed(inner.env("PATH", "/bin")).join(""));
        }
        // Says what it likes, with the greeting's number in the place of @.
        "raw" => {
            let mut stream = connect(&dir);
            let greeting = heard(&mut stream);
            tell(&greeting);
            let number = serde_json::from_str::<Value>(&greeting).unwrap_or_default();
            let number = number["hello"]["number"].as_str().unwrap_or_default().to_owned();
            let text = part["text"].as_str().unwrap().replace('@', &number);
            let text = text.repeat(usize::try_from(part["times"].as_u64().unwrap_or(1)).unwrap());
            // A server that hangs up meanwhile is what some tests are about.
            let _ = stream.write_all(text.as_bytes());
            tell(&heard(&mut stream));
        }
        // Connects, and has another process of this program speak.
        "hand on" => {
            let stream = std::os::fd::OwnedFd::from(connect(&dir));
            let mut inner = again(PARTS, &json!({"do": "speak", "dir": dir}).to_string());
            inner.stdin(stream).stdout(Stdio::null()).stderr(Stdio::piped());
            let output = inner.output().unwrap();
            tell(&told(&String::from_utf8(output.stderr).unwrap()).join("|"));
        }
        "speak" => {
            use std::os::fd::AsFd;
            let stream = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
            let mut stream = UnixStream::from(stream);
            let greeting: Value = serde_json::from_str(&heard(&mut stream)).unwrap();
            let number = &greeting["hello"]["number"];
            let wish = json!({"version": line::VERSION, "number": number, "wish": "revoke"});
            let _ = writeln!(stream, "{wish}");
            let reply = heard(&mut stream);
            let greeted =
                if number.is_string() { "greeted".to_owned() } else { greeting.to_string() };
            writeln!(std::io::stderr(), "\n> {greeted}\n> {reply}").unwrap();
        }
        "crowd" => {
            let mut all: Vec<UnixStream> = (0..8).map(|_| connect(&dir)).collect();
            let greeted = all.iter_mut().map(heard).filter(|said| said.contains("hello")).count();
            tell(&format!("{greeted} and {:?}", heard(&mut connect(&dir))));
            drop(all);
        }
        other => panic!("{other}"),
    }
}

fn connect(dir: &Path) -> UnixStream {
    UnixStream::connect(folder::sockets(dir).unwrap()[0].1.clone()).unwrap()
}

/// A line, or nothing where the other end hung up.
fn heard(stream: &mut UnixStream) -> String {
    let mut line = String::new();
    let _ = BufReader::new(stream).read_line(&mut line);
    line.trim_end().to_owned()
}

/// A server with two questions, or with `more` in its part.
fn serve(dir: &Path, more: Value) -> Running {
    let questions = json!([["q1", SHOWN], ["late", "Too late"]]);
    let mut part = json!({"do": "serve", "dir": dir, "questions": questions});
    part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Running::start(again(PARTS, &part.to_string()))
}

fn client(dir: &Path, wish: &Value) -> Command {
    again(PARTS, &json!({"do": "client", "dir": dir, "wish": wish}).to_string())
}

fn printed(command: &mut Command) -> Vec<String> {
    told(&String::from_utf8(command.output().unwrap().stdout).unwrap())
}

fn state() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn wish(id: &str, shown: &str, said: &str) -> Value {
    json!({"answer": {"id": id, "shown": shown, "said": said}})
}

const SHOWN: &str = "Stop i-1\nin 111122223333";

#[test]
fn a_person_lists_answers_and_revokes() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let ask = |wish: Value| printed(&mut client(dir.path(), &wish)).join("");
    let open = Open {
        pending: vec![pending("q1", SHOWN), pending("late", "Too late")],
        grants: (desk(&[]).grants)(),
        more: 0,
    };
    assert_eq!(ask(json!("list")), json!({"Ok": open}).to_string());
    assert_eq!(
        ask(wish("q1", "Stop i-2", "yes")),
        r#"{"Err":"the question is not the one that was shown"}"#
    );
    assert_eq!(ask(wish("q", SHOWN, "yes")), r#"{"Err":"the question is not open any more"}"#);
    assert_eq!(ask(wish("q1", SHOWN, "yes")), r#"{"Ok":null}"#);
    assert_eq!(ask(wish("q1", SHOWN, "yes")), r#"{"Err":"the question is not open any more"}"#);
    assert_eq!(ask(wish("late", "Too late", "no")), r#"{"Err":"it has expired"}"#);
    assert_eq!(ask(json!("revoke")), r#"{"Ok":2}"#);
    assert_eq!(server.end(), ["q1: Yes", "late: No", "revoked"]);
    assert_eq!(servers(dir.path()).unwrap(), []);
}

/// What a client is refused for, in this environment; the desk must hear nothing.
fn refused(name: &str, host: Value, expected: &str) {
    let dir = state();
    let server = serve(dir.path(), json!({"host": host}));
    let mut client = client(dir.path(), &wish("q1", SHOWN, "yes"));
    if !name.is_empty() {
        client.env(name, "");
    }
    let said = printed(&mut client).join("");
    assert!(said.starts_with(r#"{"Err":"it does not listen to this process: "#), "{said}");
    assert!(said.contains(expected), "{said}");
    assert_eq!(server.end(), [""; 0]);
}

#[test]
fn who_is_not_a_person_is_refused() {
    refused("CLAUDECODE", Value::Null, "CLAUDECODE in its environment is an AI agent's");
    refused("AI_AGENT", Value::Null, "AI_AGENT in its environment");
    refused("LD_PRELOAD", Value::Null, "LD_PRELOAD in its environment may load other code");
    refused("LD_LIBRARY_PATH", Value::Null, "LD_LIBRARY_PATH");
    refused("", json!(std::process::id()), "it was started by the MCP host");
}

#[test]
fn a_marker_that_was_taken_out_still_tells() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let part = json!({"do": "below", "dir": dir.path(), "wish": wish("q1", SHOWN, "yes")});
    let said = printed(again(PARTS, &part.to_string()).env("CLAUDECODE", "1")).join("");
    assert!(said.contains("a process that started it has CLAUDECODE"), "{said}");
    assert_eq!(server.end(), [""; 0]);
}

#[expect(clippy::disallowed_methods, reason = "another program than ours")]
fn python(script: &str, arguments: &[&str]) -> Command {
    let named = Environment::of_process();
    let mut python = Command::new(named.get("AWS_MCP_TEST_PYTHON").unwrap_or("python3"));
    python.args(["-c", script]).args(arguments);
    python
}

#[test]
fn another_program_is_refused() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let socket = folder::sockets(dir.path()).unwrap()[0].1.clone();
    let script = "import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b'{\"version\":1,\"number\":\"\",\"wish\":\"revoke\"}\\n')
except BrokenPipeError:
    pass
print(s.recv(65536).decode())";
    let output = python(script, &[socket.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with(r#"{"refused":"it is another program"#), "{said} {output:?}");
    assert_eq!(server.end(), [""; 0]);
}

#[test]
fn another_build_is_refused_even_if_it_is_the_same() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let copy = dir.path().join("copy");
    // By another process: a file that is open for writing here, and so in a child that another test
    // starts meanwhile, cannot be run.
    #[expect(clippy::disallowed_methods, reason = "copies a test's own binary")]
    let copied = Command::new("/bin/cp").arg(std::env::current_exe().unwrap()).arg(&copy).status();
    assert!(copied.unwrap().success());
    let genuine = client(dir.path(), &json!("revoke"));
    #[expect(clippy::disallowed_methods, reason = "a test's own binary")]
    let mut other = Command::new(copy);
    other.args(genuine.get_args()).env_clear();
    other.envs(genuine.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = printed(&mut other).join("");
    assert!(said.contains("it is another program, or another build"), "{said}");
    assert_eq!(server.end(), [""; 0]);
}

#[test]
fn a_planted_server_is_told_nothing() {
    let dir = state();
    folder::made(dir.path()).unwrap();
    // Greets like ours, and prints what it is told then.
    let script = "import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(os.path.join(sys.argv[1], 'run', '77.sock'))
s.listen()
print('ready', flush=True)
c, _ = s.accept()
try:
    c.sendall(b'{\"hello\":{\"version\":1,\"number\":\"1\"}}\\n')
    print(c.recv(65536).decode())
except (BrokenPipeError, ConnectionResetError):
    pass
print('.')";
    let mut planted = python(script, &[dir.path().to_str().unwrap()]);
    let mut planted = planted.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(planted.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    let said = printed(&mut client(dir.path(), &wish("q1", SHOWN, "yes"))).join("");
    assert!(said.contains("what listens there: it is another program"), "{said}");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    planted.wait().unwrap();
    assert_eq!(rest.trim(), ".");
}

#[test]
fn only_the_process_that_was_looked_at_may_speak() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let part = json!({"do": "hand on", "dir": dir.path()});
    // The greeting is for whoever holds the socket; the answer to it is not taken.
    assert_eq!(printed(&mut again(PARTS, &part.to_string())), ["greeted|"]);
    assert_eq!(server.end(), [""; 0]);
}

/// What the server says to a text after its greeting.
fn raw(server: Value, text: &str, times: u32, expected: &str) {
    let dir = state();
    let server = serve(dir.path(), server);
    let part = json!({"do": "raw", "dir": dir.path(), "text": text, "times": times});
    let said = printed(&mut again(PARTS, &part.to_string()));
    assert!(said[0].contains("hello"), "{said:?}");
    assert_eq!(said[1], expected, "{text:?}");
    let heard = server.end();
    assert_eq!(heard.is_empty(), !expected.contains("revoked"), "{heard:?}");
}

#[test]
fn only_one_short_line_of_ours_is_taken() {
    let not_ours = r#"{"refused":"that is not a request"}"#;
    let good = r#"{"version":1,"number":"@","wish":"revoke"}"#;
    raw(json!({}), &format!("{good}\n"), 1, r#"{"revoked":2}"#);
    raw(json!({}), &format!("{good}\n{good}\n"), 1, r#"{"revoked":2}"#);
    raw(json!({}), "\n", 1, not_ours);
    raw(json!({}), "{]\u{0}\n", 1, not_ours);
    raw(json!({}), &format!("{}\n", good.replace("revoke", "revoked")), 1, not_ours);
    raw(json!({}), &format!("{}\n", good.replace("}", ",\"more\":1}")), 1, not_ours);
    let stale = r#"{"refused":"that is not an answer to the greeting"}"#;
    raw(json!({}), &format!("{}\n", good.replace('@', "")), 1, stale);
    raw(json!({}), &format!("{}\n", good.replace(":1,", ":2,")), 1, stale);
    // Too long, with no end and with one.
    raw(json!({}), " ", 70_000, "");
    raw(json!({}), &format!("{}{good}\n", " ".repeat(66_000)), 1, "");
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    // With time standing still until all wait: the limit is then over at once.
    raw(json!({"paused": true}), r#"{"version":1,"#, 1, "");
}

#[test]
fn eight_are_heard_at_once() {
    let dir = state();
    let server = serve(dir.path(), json!({}));
    let part = json!({"do": "crowd", "dir": dir.path()});
    assert_eq!(printed(&mut again(PARTS, &part.to_string())), ["8 and \"\""]);
    assert_eq!(server.end(), [""; 0]);
}

#[test]
fn what_does_not_fit_is_counted() {
    let dir = state();
    let long = "x".repeat(30_000);
    let questions = json!([["a", long], ["b", long], ["c", long]]);
    let server = serve(dir.path(), json!({"questions": questions}));
    let said = printed(&mut client(dir.path(), &json!("list"))).join("");
    let open: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(open["Ok"]["pending"].as_array().unwrap().len(), 2);
    assert_eq!(open["Ok"]["more"], 1);
    server.end();
}

#[test]
fn a_socket_that_was_left_is_swept_up() {
    let dir = state();
    let run = folder::made(dir.path()).unwrap();
    drop(UnixListener::bind(run.join("99.sock")).unwrap());
    fs::write(run.join("98.sock"), "").unwrap();
    fs::write(run.join("notes"), "").unwrap();
    assert_eq!(servers(dir.path()).unwrap().len(), 1);
    assert_eq!(printed(&mut client(dir.path(), &json!("list"))), [r#"{"Ok":null}"#]);
    let mut left: Vec<_> = fs::read_dir(&run).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["98.sock", "notes"]);
}

#[tokio::test]
async fn the_socket_goes_with_its_server_and_no_other_file_does() {
    let dir = state();
    let listening = listen(dir.path(), None, Arc::new(desk(&[]))).unwrap();
    let socket = folder::sockets(dir.path()).unwrap()[0].1.clone();
    drop(listening);
    assert!(!socket.exists());
    // What is left of another process of this number is in nobody's way.
    drop(UnixListener::bind(&socket).unwrap());
    let listening = listen(dir.path(), None, Arc::new(desk(&[]))).unwrap();
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "somebody's").unwrap();
    drop(listening);
    assert_eq!(fs::read_to_string(&socket).unwrap(), "somebody's");
}

/// A state folder that was made in some way is not used, neither to listen nor to find servers.
fn check_folder(make: impl FnOnce(&Path), expected: &str) {
    let dir = state();
    let state_dir = dir.path().join("state");
    make(&state_dir);
    for error in [folder::made(&state_dir).err(), folder::sockets(&state_dir).err()] {
        let error = error.expect("refused").to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_folder_that_others_reach_is_not_used() {
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let real = |at: &Path| fs::create_dir_all(at.join("run")).unwrap();
    let run = |at: &Path| at.join("run");
    check_folder(
        |at| {
            real(&at.with_extension("real"));
            symlink(at.with_extension("real"), at).unwrap();
        },
        "is not a folder (a link to one is not taken)",
    );
    check_folder(
        |at| {
            fs::create_dir_all(at).unwrap();
            symlink("/tmp", run(at)).unwrap();
        },
        "run is not a folder (a link to one is not taken)",
    );
    check_folder(
        |at| {
            fs::create_dir_all(at).unwrap();
            fs::write(run(at), "").unwrap();
        },
        "run is not a folder (a link to one is not taken)",
    );
    check_folder(
        |at| {
            real(at);
            mode(&run(at), 0o700).unwrap();
            mode(at, 0o770).unwrap();
        },
        "state is open to other users; run chmod 700 on it",
    );
    for bits in [0o755, 0o710, 0o707] {
        check_folder(
            |at| {
                real(at);
                mode(&run(at), bits).unwrap();
            },
            "run is open to other users; run chmod 700 on it",
        );
    }
    if rustix::process::geteuid().is_root() {
        check_folder(
            |at| {
                real(at);
                mode(&run(at), 0o700).unwrap();
                std::os::unix::fs::chown(run(at), Some(1), None).unwrap();
            },
            "run belongs to another user",
        );
    }
}

#[test]
fn what_is_made_is_closed() {
    let dir = state();
    let state_dir = dir.path().join("a/b");
    let run = folder::made(&state_dir).unwrap();
    for folder in [state_dir, run] {
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_path_that_is_too_long_is_told() {
    let dir = state();
    let long = dir.path().join("x".repeat(100));
    let error = folder::socket(&long, 1).unwrap_err().to_string();
    assert!(error.contains("set AWS_MCP_STATE_DIR to a shorter one"), "{error}");
}
