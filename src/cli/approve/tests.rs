#![cfg(unix)]

use super::*;

fn question(id: &str, summary: &str) -> Question {
    let server = Server { pid: 7, path: "/nowhere".into() };
    (server, pending(id, summary))
}

fn pending(id: &str, summary: &str) -> Pending {
    Pending {
        id: id.to_owned(),
        summary: summary.to_owned(),
        asked_at: "2026-11-21T10:00:00Z".to_owned(),
        expires_at: "2026-11-21T10:10:00Z".to_owned(),
    }
}

#[test]
fn a_beginning_that_only_one_id_has_names_it() {
    let questions =
        [question("ab1", ""), question("ab2", ""), question("ab", ""), question("c", "")];
    let check = |id: &str, expected: Result<&str, &str>| {
        let found = named(&questions, id).map(|(_, pending)| pending.id.as_str());
        assert_eq!(
            found.map_err(|why| why.split('.').next().unwrap().to_owned()),
            expected.map_err(str::to_owned),
            "{id:?}"
        );
    };
    check("ab1", Ok("ab1"));
    check("ab", Ok("ab"));
    check("c", Ok("c"));
    check("a", Err("more than one question begins with \"a\""));
    check("", Err("more than one question begins with \"\""));
    check("d", Err("no question with the id \"d\" is open"));
    check("abc", Err("no question with the id \"abc\" is open"));
    assert!(named(&questions[3..], "").is_err());
}

#[test]
fn a_list_is_short_and_visible() {
    let text = format!("Stop\n\u{1b}[2J{}\nthree\nfour", "x".repeat(200));
    let open = Open { pending: vec![pending("q\u{202e}\n1", &text)], grants: Vec::new(), more: 2 };
    let shown = listed(&[(Server { pid: 7, path: "/nowhere".into() }, open)], Clock::system());
    let (first, rest) = shown.split_once('\n').unwrap();
    assert!(first.starts_with("q\\u{202E} 1  ") && first.ends_with(" ago"), "{first}");
    let long = "x".repeat(100 - "\\u{001B}[2J".len());
    assert_eq!(
        rest,
        format!("  | Stop\n  | \\u{{001B}}[2J{long}...\n  | three\nserver 7: 2 more\n")
    );
}

#[test]
fn ages() {
    let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    assert_eq!(age("1970-01-01T00:01:00Z", at(60)), "0 s ago");
    assert_eq!(age("1970-01-01T00:01:00Z", at(179)), "119 s ago");
    assert_eq!(age("1970-01-01T00:01:00Z", at(180)), "2 min ago");
    // Clocks go back.
    assert_eq!(age("1970-01-01T00:01:00Z", at(0)), "0 s ago");
    assert_eq!(age("yesterday", at(0)), "");
}

/// A server, its client and the client's terminal, as processes of their own.
#[cfg(target_os = "linux")]
mod whole {
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use serde_json::{Value, json};

    use super::super::*;
    use crate::rig::again::{PART, Running, again, tell};
    use crate::rig::pty::Pty;

    /// `aws-mcp approve` itself.
    #[test]
    #[ignore = "a part of the tests below"]
    fn part() {
        let environment = Environment::of_process();
        let part: Value = serde_json::from_str(environment.get(PART).unwrap()).unwrap();
        let options = Options {
            id: part["id"].as_str().map(str::to_owned),
            list: part["list"] == true,
            revoke: part["revoke"] == true,
        };
        let dir = Path::new(part["dir"].as_str().unwrap());
        tell("");
        let code = run(&options, Some(dir), &environment, Clock::system());
        tell(&format!("exit {code}"));
    }

    fn serve(dir: &Path, questions: &Value) -> Running {
        let part = json!({"do": "serve", "dir": dir, "questions": questions}).to_string();
        Running::start(again("gate::socket::tests::part", &part))
    }

    fn approve(dir: &Path, mut options: Value) -> Command {
        options["dir"] = json!(dir);
        let mut command = again("cli::approve::tests::whole::part", &options.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What it printed, on stdout and then on stderr, and its exit code.
    fn ended(child: Child) -> String {
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let out = out.split_once("> \n").unwrap().1.split("\ntest ").next().unwrap().to_owned();
        let (said, code) = out.split_once("\n> ").unwrap();
        let code = code.lines().next().unwrap();
        format!("{said}{}{code}", String::from_utf8(output.stderr).unwrap())
    }

    /// What comes of it with a person at the terminal, and what the desk is told.
    fn check(questions: Value, options: Value, play: impl FnOnce(&Pty), said: &str, desk: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(dir.path(), &questions);
        let (pty, mut command) = (Pty::open(), approve(dir.path(), options));
        pty.attach(&mut command);
        let child = command.spawn().unwrap();
        play(&pty);
        assert_eq!(ended(child), said);
        assert_eq!(server.end(), desk);
    }

    fn one() -> Value {
        json!([["q1", "Stop i-1\nin 111122223333"]])
    }

    fn two() -> Value {
        json!([["q1", "Stop i-1"], ["q2", "Stop i-2"]])
    }

    #[test]
    fn the_code_allows_what_was_shown() {
        let play = |pty: &Pty| {
            let code = pty.code(1);
            let shown = pty.until("Type", 1);
            assert!(shown.contains("  | Stop i-1\r\n  | in 111122223333\r\n"), "{shown}");
            assert!(shown.contains("open until 2026-11-21T10:10:00Z"), "{shown}");
            pty.types(&format!("{code}\n"));
        };
        check(one(), json!({}), play, "Allowed.\nexit 0", &["q1: Yes"]);
        let play = |pty: &Pty| pty.types(&format!("{}\n", pty.code(1)));
        check(two(), json!({"id": "q2"}), play, "Allowed.\nexit 0", &["q2: Yes"]);
    }

    #[test]
    fn no_refuses_and_everything_else_leaves_it_open() {
        let types = |typed: &'static str| {
            move |pty: &Pty| {
                pty.code(1);
                pty.types(typed);
            }
        };
        check(one(), json!({}), types("no\n"), "Refused.\nexit 1", &["q1: No"]);
        let open = "Nothing was allowed; it is still open.\nexit 1";
        check(one(), json!({}), types("\n"), open, &[]);
        check(one(), json!({}), types("\u{4}"), open, &[]);
        let wrong = |pty: &Pty| {
            for times in 1..=3 {
                pty.code(times);
                pty.types("yes\n");
            }
        };
        check(one(), json!({}), wrong, open, &[]);
    }

    #[test]
    fn lists_and_revokes_without_asking() {
        let never = |_: &Pty| {};
        let dir = tempfile::tempdir().unwrap();
        let server = serve(dir.path(), &one());
        // In no terminal at all.
        let listed = ended(approve(dir.path(), json!({"list": true})).spawn().unwrap());
        assert!(listed.contains("  | Stop i-1\n  | in 111122223333\nuntil "), "{listed}");
        assert!(listed.ends_with("exit 0"), "{listed}");
        assert_eq!(server.end(), [""; 0]);
        check(one(), json!({"revoke": true}), never, "Ended: 2.\nexit 0", &["revoked"]);
        check(json!([]), json!({}), never, "Nothing waits for an answer.\nexit 1", &[]);
    }

    #[test]
    fn of_several_one_must_be_named() {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(dir.path(), &two());
        let said = ended(approve(dir.path(), json!({})).spawn().unwrap());
        assert!(said.contains("Stop i-1\n") && said.contains("Stop i-2\n"), "{said}");
        assert!(said.ends_with("Which one? Run: aws-mcp approve ID\nexit 1"), "{said}");
        let said = ended(approve(dir.path(), json!({"id": "q"})).spawn().unwrap());
        assert_eq!(said, "aws-mcp: more than one question begins with \"q\".\nexit 2");
        assert_eq!(server.end(), [""; 0]);
    }

    #[test]
    fn nobody_there_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let nobody = "aws-mcp: no server is running that could be reached here.\nexit 2";
        for options in [json!({}), json!({"list": true}), json!({"revoke": true})] {
            assert_eq!(ended(approve(dir.path(), options).spawn().unwrap()), nobody);
        }
        let server = serve(dir.path(), &one());
        let mut marked = approve(dir.path(), json!({}));
        let said = ended(marked.env("GEMINI_CLI", "1").spawn().unwrap());
        assert!(said.contains("GEMINI_CLI in its environment"), "{said}");
        assert!(said.ends_with("exit 2"), "{said}");
        assert_eq!(server.end(), [""; 0]);
    }
}
