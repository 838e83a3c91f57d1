//! Disks that are full, and folders that are not one's own.
#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::kill::{child, state_of_child};
use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn only_the_user_can_read_it() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    audit.commit(intent("a")).await.unwrap();
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("audit")), 0o700);
    for entry in fs::read_dir(state.join("audit")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn what_others_could_have_planted_is_refused() {
    let check = async |plant: &dyn Fn(&Path), expected: &str| {
        let (dir, state) = state();
        fs::create_dir_all(state.parent().unwrap()).unwrap();
        fs::create_dir(dir.path().join("elsewhere")).unwrap();
        plant(&state);
        let audit = audit_in(&state);
        let error = audit.commit(intent("a")).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!audit.standing().writable);
        assert_eq!(fs::read_dir(dir.path().join("elsewhere")).unwrap().count(), 0);
    };
    let elsewhere = |state: &Path| state.join("../../elsewhere");
    let open_to_all = |path: &Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    };
    check(&|state| symlink(elsewhere(state), state).unwrap(), "a link").await;
    check(&|state| fs::write(state, "").unwrap(), "not a folder").await;
    check(
        &|state| {
            fs::create_dir(state).unwrap();
            symlink(elsewhere(state), state.join("audit")).unwrap();
        },
        "a link",
    )
    .await;
    check(
        &|state| {
            fs::create_dir(state).unwrap();
            open_to_all(state);
        },
        "others can write in it",
    )
    .await;
    check(
        &|state| {
            fs::create_dir_all(state.join("audit")).unwrap();
            open_to_all(&state.join("audit"));
        },
        "others can write in it",
    )
    .await;
    check(
        &|state| {
            fs::create_dir_all(state.join("audit")).unwrap();
            symlink(elsewhere(state).join("x"), state.join("audit/tips")).unwrap();
        },
        "",
    )
    .await;
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    let (dir, state) = state();
    let victim = dir.path().join("victim");
    fs::write(&victim, "as it was").unwrap();
    fs::create_dir_all(state.join("audit")).unwrap();
    let taken = format!("20261121T162608Z-{}-0001.jsonl", std::process::id());
    symlink(&victim, state.join("audit").join(&taken)).unwrap();
    let clock = Clock::with_wall(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_278_368));
    let audit = Audit::new(Some(state.clone()), clock, always());
    audit.commit(intent("a")).await.unwrap();
    assert!(audit.standing().file.unwrap().ends_with("-0002.jsonl"));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "as it was");
    let flaw = verify(&state).unwrap().flaw.unwrap();
    assert_eq!(flaw.to_string(), format!("{taken}: has no line in tips"));
}

#[tokio::test]
async fn what_is_taken_away_while_it_is_written_is_begun_anew() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    audit.commit(intent("a")).await.unwrap();
    fs::remove_dir_all(&state).unwrap();
    audit.commit(intent("b")).await.unwrap();
    assert_eq!(lines(&state).last().unwrap()["op_id"], "b");
    intact(&state);
    fs::remove_file(&files(&state)[0]).unwrap();
    audit.commit(intent("c")).await.unwrap();
    assert_eq!(lines(&state).last().unwrap()["op_id"], "c");
    let flaw = verify(&state).unwrap().flaw.unwrap();
    assert_eq!(flaw.why, "is gone");
}

/// The limit of file sizes; every write beyond it fails.
fn limit(current: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

#[test]
#[ignore = "a child of another test"]
fn writes_at_a_limit() {
    let Some(state) = state_of_child() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        outlive_file_limits().unwrap();
        let audit = audit_in(&state);
        audit.commit(intent("before")).await.unwrap();
        limit(Some(0));
        for lost in 1..=3 {
            assert!(audit.commit(intent("lost")).await.is_err());
            let standing = audit.standing();
            assert!(!standing.writable && standing.problem.is_some());
            assert_eq!(standing.lost, lost);
        }
        audit.note(Record::of(Event::Read));
        wait_for("its loss", || audit.standing().lost == 4);
        limit(getrlimit(Resource::Fsize).maximum);
        audit.commit(intent("after")).await.unwrap();
        let standing = audit.standing();
        assert!(standing.writable, "{standing:?}");
        assert_eq!(standing.problem, None);
        audit.finish().unwrap();
    });
}

#[test]
fn at_a_limit_writes_are_refused_and_go_on_afterwards() {
    let (_dir, state) = state();
    let status = child("disk::writes_at_a_limit", &state).status().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(intact(&state).files, 2);
    let lines = lines(&state);
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "intent", "rotate", "lost", "intent", "end"]);
    assert_eq!(lines[3]["parameters"]["records"], 4);
    assert_eq!(lines[4]["op_id"], "after");
}

/// A small disk of its own, for as long as it is wanted.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "only root has a small disk to fill")]
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"])
            .arg(dir.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        #[expect(clippy::disallowed_methods, reason = "what was mounted goes")]
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn on_a_full_disk_the_last_word_is_said_and_it_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: nothing can be mounted here");
        return;
    };
    let state = disk.0.path().join("state");
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![0; 200 * 1024]).unwrap();
    let audit = audit_in(&state);
    let large = || Record { parameters: Some(json!({"x": ["y".repeat(4_000)]})), ..intent("a") };
    let mut written = 0;
    while audit.commit(large()).await.is_ok() {
        written += 1;
        assert!(written < 200, "the disk does not get full");
    }
    assert!(!state.join("audit/reserve").exists(), "its room was not given up");
    let standing = audit.standing();
    assert!(!standing.writable, "{standing:?}");
    let last = lines(&state).pop().unwrap();
    assert_eq!((&last["event"], &last["note"]), (&json!("lost"), &json!("the disk is full")));
    for _ in 0..5 {
        assert!(audit.commit(large()).await.is_err());
    }
    assert_eq!(files(&state).len(), 1);
    intact(&state);
    fs::remove_file(&ballast).unwrap();
    audit.commit(intent("after")).await.unwrap();
    assert!(audit.standing().writable);
    audit.finish().unwrap();
    let report = intact(&state);
    assert_eq!(report.files, 2);
    let second = fs::read_to_string(&files(&state)[1]).unwrap();
    let lost: Value = serde_json::from_str(second.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&lost["event"], &lost["parameters"]["records"]), (&json!("lost"), &json!(6)));
    assert_eq!(fs::metadata(state.join("audit/reserve")).unwrap().len(), 64 * 1024);
}
