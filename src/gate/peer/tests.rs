use super::*;

const PROGRAM: FileId = FileId { device: 1, number: 2 };

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

/// A shell in a terminal window, with nothing special about it.
fn plain() -> Seen {
    let ancestor = |pid, variables| Ancestor { pid, variables };
    Seen {
        program: PROGRAM,
        traced: false,
        variables: names(&["HOME", "PATH", "CLAUDE_CODE_USE_BEDROCK", "CODEX_HOME", "AIDER_MODEL"]),
        ancestors: vec![
            ancestor(300, names(&["HOME", "TERM", "LD_LIBRARY_PATH"])),
            ancestor(200, None),
            ancestor(1, None),
        ],
    }
}

fn check(change: impl FnOnce(&mut Seen), barred: Option<Barred>, expected: Result<(), Refusal>) {
    let mut seen = plain();
    change(&mut seen);
    assert_eq!(judge(&seen, barred), expected, "{seen:?}, {barred:?}");
}

const SERVER: Option<Barred> = Some(Barred { server: 900, host: Some(800) });

#[test]
fn a_persons_own_terminal_is_heard() {
    check(|_| {}, SERVER, Ok(()));
    check(|_| {}, None, Ok(()));
    // Everything comes from init.
    check(|_| {}, Some(Barred { server: 900, host: Some(1) }), Ok(()));
    check(|_| {}, Some(Barred { server: 900, host: None }), Ok(()));
}

#[test]
fn what_the_host_started_is_not() {
    for at in 0..2 {
        check(|seen| seen.ancestors[at].pid = 800, SERVER, Err(Refusal::OfHost));
        check(|seen| seen.ancestors[at].pid = 900, SERVER, Err(Refusal::OfServer));
    }
}

#[test]
fn an_agents_marker_tells_wherever_it_is() {
    for name in ["CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CURSOR_AGENT", "AI_AGENT", "GEMINI_CLI"] {
        let refusal = Refusal::OfAgent(name.to_owned());
        check(|seen| seen.variables = names(&["HOME", name]), SERVER, Err(refusal));
        let refusal = Refusal::BelowAgent(name.to_owned());
        check(|seen| seen.ancestors[1].variables = names(&[name]), SERVER, Err(refusal.clone()));
        check(|seen| seen.ancestors[1].variables = names(&[name]), None, Err(refusal));
    }
}

#[test]
fn other_code_and_debuggers_are_refused() {
    check(|seen| seen.traced = true, None, Err(Refusal::Traced));
    for name in ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"] {
        let refusal = Refusal::Loaded(name.to_owned());
        check(|seen| seen.variables = names(&[name]), SERVER, Err(refusal));
    }
}

#[test]
fn another_user_and_a_process_unseen_are_refused() {
    let own = Own::program().unwrap();
    let barred = Barred { server: 900, host: None };
    let me = Some(std::process::id());
    assert_eq!(own.admits(system::user() + 1, me, barred), Err(Refusal::OtherUser));
    assert_eq!(own.recognises(system::user() + 1, me), Err(Refusal::OtherUser));
    for pid in [None, Some(0), Some(u32::MAX)] {
        let refusal = own.recognises(system::user(), pid);
        assert!(matches!(refusal, Err(Refusal::Unreadable(_))), "{pid:?}: {refusal:?}");
    }
    assert_eq!(own.recognises(system::user(), me), Ok(()));
}

#[cfg(target_os = "linux")]
mod of_linux {
    use std::process::{Child, Command, Stdio};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a process to be looked at")]
    fn shell(script: &str) -> Child {
        Command::new("/bin/sh")
            .args(["-c", script])
            .env_clear()
            .env("ONE", "a=b\nCLAUDECODE=no")
            .env("TWO", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    #[test]
    fn a_process_is_seen_as_it_is() {
        let mut child = shell("read line");
        // The process is there before it runs the program: not so once the program has spoken.
        let mut ready = shell("echo; read line");
        std::io::Read::read_exact(ready.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let seen = system::look(ready.id()).unwrap();
        assert_ne!(Own::program().unwrap().program, seen.program);
        assert!(!seen.traced);
        let mut variables = seen.variables.unwrap();
        variables.retain(|name| name != "PWD");
        assert_eq!(variables, ["ONE", "TWO"]);
        assert_eq!(seen.ancestors[0].pid, std::process::id());
        assert!(seen.ancestors.len() >= 2);
        for child in [&mut child, &mut ready] {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
        // Its number is nobody's now, or another's.
        assert!(system::look(ready.id()).is_err());
    }

    #[test]
    fn one_that_has_ended_is_not_looked_at() {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let mut child = shell("exit");
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        // Ended, and not yet waited for: its number is still its own.
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert_eq!(system::look(child.id()).unwrap_err().to_string(), "it has ended");
        child.wait().unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process to be looked at")]
    fn a_debugger_shows() {
        // Makes its parent its debugger, by PTRACE_TRACEME.
        let script = "import ctypes, sys
print('x' if ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0 else '-', end='', flush=True)
sys.stdin.read()";
        let environment = crate::config::Environment::of_process();
        let python = environment.get("AWS_MCP_TEST_PYTHON").unwrap_or("python3");
        let mut child = Command::new(python)
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        assert_eq!(&said, b"x");
        assert!(system::look(child.id()).unwrap().traced);
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
