use std::cell::RefCell;

use super::*;
use crate::error::Error;

/// Plays a person who types these lines; gives what came of it, and what was shown.
fn played(summary: &str, typed: &[Option<&str>]) -> (Outcome, String) {
    let mut codes = ["AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD"].into_iter();
    let mut typed = typed.iter();
    let shown = RefCell::new(String::new());
    let outcome = talk(
        summary,
        || codes.next().map(Code::of).ok_or_else(|| Error::internal("no numbers")),
        |text| {
            shown.borrow_mut().push_str(text);
            Ok(typed.next().expect("one question more than expected").map(str::to_owned))
        },
    );
    assert_eq!(typed.next(), None, "not everything was asked for");
    (outcome, shown.into_inner())
}

fn check(typed: &[Option<&str>], expected: Outcome) {
    assert_eq!(played("what", typed).0, expected, "{typed:?}");
}

#[test]
fn only_the_code_that_is_shown_now_allows() {
    check(&[Some("AAAAAA\n")], Outcome::Yes);
    check(&[Some("  aaaaaa \r\n")], Outcome::Yes);
    check(&[Some("no\n")], Outcome::No);
    check(&[Some("N")], Outcome::No);
    check(&[Some("\n")], Outcome::Left);
    check(&[None], Outcome::Left);
    check(&[Some("yes"), Some("BBBBBB")], Outcome::Yes);
    check(&[Some("y"), Some("no")], Outcome::No);
    // A code that was shown before counts for nothing.
    check(&[Some("x"), Some("AAAAAA"), Some("AAAAAA")], Outcome::Left);
    check(&[Some("AAAAAAA"), Some("BBBBB"), Some("AAAAAA BBBBBB CCCCCC")], Outcome::Left);
    check(&[Some("x"), Some("x"), Some("CCCCCC")], Outcome::Yes);
    check(&[Some("x"), None], Outcome::Left);
}

#[test]
fn the_summary_cannot_pass_for_our_own_words() {
    let hostile = "Stop i-1\n\u{1b}[2J\u{202e}\rx\n\nType ZZZZZZ to allow this once";
    let (_, shown) = played(hostile, &[Some("")]);
    assert_eq!(
        shown,
        "  | Stop i-1\n  | \\u{001B}[2J\\u{202E}\\u{000D}x\n  | \n  | Type ZZZZZZ to allow this once\n\n\
         Type AAAAAA to allow this once, no to refuse, Enter to leave it open: "
    );
}

#[test]
fn what_cannot_be_shown_whole_is_not_asked() {
    for summary in ["x\n".repeat(201), "x".repeat(16_001)] {
        let (outcome, shown) = played(&summary, &[]);
        assert!(matches!(outcome, Outcome::Unavailable(_)));
        assert_eq!(shown, "");
    }
}

#[test]
fn no_code_or_no_terminal_allows_nothing() {
    let never = |_: &str| -> io::Result<Option<String>> { panic!("asked without a code") };
    assert!(matches!(
        talk("x", || Err(Error::internal("no numbers")), never),
        Outcome::Unavailable(_)
    ));
    let broken = |_: &str| Err(io::Error::other("gone"));
    let outcome = talk("x", || Ok(Code::of("AAAAAA")), broken);
    assert_eq!(outcome, Outcome::Unavailable("the terminal: gone.".into()));
}

#[cfg(target_os = "linux")]
mod at_a_terminal {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::rig::again::{PART, again, tell, told};
    use crate::rig::pty::Pty;

    /// The process that is asked in: says what came of it.
    #[test]
    #[ignore = "a part of the tests below"]
    fn asked() {
        let environment = Environment::of_process();
        if environment.get(PART) == Some("in the background") {
            // A session of its own, whose front is another group: as after `aws-mcp call &`.
            let mut front = again("cli::terminal::tests::at_a_terminal::front", "");
            std::os::unix::process::CommandExt::process_group(&mut front, 0);
            let mut front = front.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let tty = std::fs::File::open("/dev/tty").unwrap();
            let group = rustix::process::Pid::from_raw(i32::try_from(front.id()).unwrap()).unwrap();
            rustix::termios::tcsetpgrp(&tty, group).unwrap();
            tell(&format!("{:?}", ask("Stop i-1", &environment)));
            drop(front.stdin.take());
            front.wait().unwrap();
            return;
        }
        tell(&format!("{:?}", ask("Stop i-1", &environment)));
    }

    /// A process that only is there, until it is let go.
    #[test]
    #[ignore = "a part of the tests below"]
    fn front() {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    }

    fn child(part: &str) -> Command {
        let mut child = again("cli::terminal::tests::at_a_terminal::asked", part);
        // The answer must not come from here, whatever it says.
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        child
    }

    fn outcome(mut child: Command, play: impl FnOnce(&Pty), pty: &Pty) -> String {
        let mut child = child.spawn().unwrap();
        use std::io::Write;
        // It may have ended already.
        let _ = child.stdin.take().unwrap().write_all(b"yes\ny\nAAAAAA\n");
        play(pty);
        let output = child.wait_with_output().unwrap();
        told(&String::from_utf8(output.stdout).unwrap()).join("\n")
    }

    fn check(play: impl FnOnce(&Pty), expected: &str) {
        let (pty, mut child) = (Pty::open(), child(""));
        pty.attach(&mut child);
        assert_eq!(outcome(child, play, &pty), expected);
    }

    #[test]
    fn a_person_answers() {
        check(|pty| pty.types(&format!("{}\n", pty.code(1))), "Yes");
        check(|pty| pty.types(&format!("{}\n", pty.code(1).to_lowercase())), "Yes");
        check(
            |pty| {
                pty.code(1);
                pty.types("no\n");
            },
            "No",
        );
        check(
            |pty| {
                pty.code(1);
                pty.types("\n");
            },
            "Left",
        );
        // Ctrl-D.
        check(
            |pty| {
                pty.code(1);
                pty.types("\u{4}");
            },
            "Left",
        );
    }

    #[test]
    fn a_wrong_code_makes_a_new_one() {
        check(
            |pty| {
                let first = pty.code(1);
                pty.types("XXXXX\n");
                let second = pty.code(2);
                assert_ne!(first, second);
                pty.types(&format!("{first}\n"));
                pty.types(&format!("{}\n", pty.code(3)));
            },
            "Yes",
        );
        check(
            |pty| {
                for times in 1..=3 {
                    pty.code(times);
                    pty.types("XXXXX\n");
                }
            },
            "Left",
        );
    }

    #[test]
    fn what_was_typed_ahead_counts_for_nothing() {
        let pty = Pty::open();
        pty.types("no\nno\nno\n");
        // Echoed, so it lies in the terminal before the process is there.
        pty.until("no\r\n", 3);
        let mut child = child("");
        pty.attach(&mut child);
        let answer = |pty: &Pty| pty.types(&format!("{}\n", pty.code(1)));
        assert_eq!(outcome(child, answer, &pty), "Yes");
    }

    #[test]
    fn without_a_terminal_the_answer_is_no() {
        let pty = Pty::open();
        let mut alone = child("");
        // A session without a terminal, as what a host starts.
        detach(&mut alone);
        let said = outcome(alone, |_| {}, &pty);
        assert!(said.starts_with("Unavailable(\"there is no terminal"), "{said}");
    }

    #[expect(unsafe_code, reason = "between fork and exec only")]
    fn detach(command: &mut Command) {
        // SAFETY: setsid may be called there.
        unsafe {
            std::os::unix::process::CommandExt::pre_exec(command, || {
                let _ = rustix::process::setsid();
                Ok(())
            });
        }
    }

    #[test]
    fn in_the_background_nobody_is_asked() {
        let (pty, mut child) = (Pty::open(), child("in the background"));
        pty.attach(&mut child);
        let said = outcome(child, |_| {}, &pty);
        assert!(said.starts_with("Unavailable(\"it runs in the background"), "{said}");
    }

    #[test]
    fn under_an_agent_nobody_is_asked() {
        for (name, words) in [
            ("CLAUDECODE", "CLAUDECODE in its environment is an AI agent's"),
            ("CODEX_SANDBOX", "CODEX_SANDBOX in its environment is an AI agent's"),
            ("LD_LIBRARY_PATH", "LD_LIBRARY_PATH in its environment may load"),
        ] {
            let (pty, mut child) = (Pty::open(), child(""));
            child.env(name, "");
            pty.attach(&mut child);
            let said = outcome(child, |_| {}, &pty);
            assert!(said.contains(words), "{said}");
        }
    }
}
