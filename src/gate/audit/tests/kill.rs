//! A process that is killed while it writes.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use super::*;

/// The folder for a child of a test, which is this program again.
pub const CHILD: &str = "AWS_MCP_TEST_AUDIT";

pub fn child(test: &str, state: &Path) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this program again")]
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("gate::audit::tests::{test}"), "--ignored", "--nocapture"])
        .args(["--test-threads", "1"])
        .env(CHILD, state);
    command
}

pub fn state_of_child() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "of a test's own child")]
    std::env::var_os(CHILD).map(PathBuf::from)
}

#[test]
#[ignore = "a child of another test"]
fn writes_until_it_is_killed() {
    let Some(state) = state_of_child() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let audit = audit_in(&state);
        let mut out = std::io::stdout();
        writeln!(out, "\nready").unwrap();
        for n in 0..100_000 {
            let op_id = format!("{}-{n}", std::process::id());
            audit.commit(intent(&op_id)).await.unwrap();
            writeln!(out, "op {op_id}").unwrap();
            audit.note(outcome(&op_id));
        }
    });
}

/// Kills a child so long after the first line that begins like this.
fn killed_after(state: &Path, begins: &str, wait: Duration) -> Vec<String> {
    let mut child = child("kill::writes_until_it_is_killed", state)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut said = String::new();
    while !line.starts_with(begins) {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child did not get ready");
        said.push_str(&line);
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    out.read_to_string(&mut said).unwrap();
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| line.strip_prefix("op ")).map(str::to_owned).collect()
}

fn whole_after_kills(kills: u64) {
    const EACH: u64 = 100;
    let mut committed = 0;
    for round in 0..kills.div_ceil(EACH) {
        let (_dir, state) = state();
        let mut said = Vec::new();
        for n in 0..EACH {
            // Spread over 0 to 10 ms, another in each round.
            let micros = ((round * EACH + n) * 7_919) % 10_000;
            // As it begins its file, and as it writes.
            let begins = ["ready", "op "][(n % 2) as usize];
            said.extend(killed_after(&state, begins, Duration::from_micros(micros)));
            if n % 20 == 19 {
                check(&state, &said);
            }
        }
        committed += said.len();
    }
    assert!(committed as u64 > kills, "{committed}");
}

fn check(state: &Path, said: &[String]) {
    let report = match verify(state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && said.is_empty() => return,
        report => report.unwrap(),
    };
    assert_eq!(report.flaw.as_ref().map(ToString::to_string), None);
    let mut there = BTreeSet::new();
    for path in files(state) {
        let text = fs::read_to_string(path).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["event"] == "intent" {
                there.insert(line["op_id"].as_str().unwrap().to_owned());
            }
        }
    }
    for op_id in said {
        assert!(there.contains(op_id), "{op_id} was said to be on disk");
    }
}

#[test]
fn what_was_said_to_be_on_disk_is_there_after_kill_9() {
    whole_after_kills(100);
}

#[test]
#[ignore = "takes a minute; the same a thousand times"]
fn what_was_said_to_be_on_disk_is_there_after_kill_9_a_thousand_times() {
    if state_of_child().is_none() {
        whole_after_kills(1_000);
    }
}

#[tokio::test]
async fn a_file_that_was_only_planned_is_begun_by_the_next() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    audit.commit(intent("a")).await.unwrap();
    audit.finish();
    let folder = Folder::open(&state).unwrap();
    let tips = folder.writable(super::super::tips::TIPS).unwrap();
    let name = "20300101T000000Z-1-0001.jsonl";
    super::super::tips::put(&tips, 1, &super::super::tips::Tip::planned(name)).unwrap();
    let note = format!("{name}: was never begun");
    assert_eq!(intact(&state).notes, [note]);
    fs::write(state.join("audit").join(name), "{\"ts\":\"2026").unwrap();
    assert_eq!(intact(&state).notes, [format!("{name}: its last line is torn (11 bytes)")]);
    let next = audit_in(&state);
    next.commit(intent("b")).await.unwrap();
    next.finish();
    let report = intact(&state);
    assert_eq!((report.files, report.notes), (2, Vec::new()));
    assert!(!state.join("audit").join(name).exists());
}

#[tokio::test]
async fn a_torn_line_is_told_and_the_next_process_goes_on() {
    let (_dir, state) = state();
    let killed = audit_in(&state);
    killed.commit(intent("a")).await.unwrap();
    drop(killed);
    wait_for("its end", || in_use(&state) == 0);
    let mut file = fs::OpenOptions::new().append(true).open(&files(&state)[0]).unwrap();
    file.write_all(b"{\"ts\":\"2026").unwrap();
    let next = audit_in(&state);
    next.commit(intent("b")).await.unwrap();
    next.finish();
    assert!(intact(&state).notes[0].ends_with("its last line is torn (11 bytes)"));
}
