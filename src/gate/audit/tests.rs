use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::config::AutoApprove;

mod disk;
mod kill;
mod tamper;

/// Seconds since 1970 of the tests that turn the clock.
static NOW: AtomicU64 = AtomicU64::new(1_795_278_368);

fn always() -> Always {
    Always { os_user: "eve".to_owned(), auto_approve: AutoApprove::Off }
}

fn audit_in(state: &Path) -> Audit {
    Audit::new(Some(state.to_owned()), Clock::system(), always())
}

/// A state folder that is not there yet.
fn state() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state/aws-mcp");
    (dir, state)
}

fn intent(op_id: &str) -> Record {
    Record {
        tx_id: Some("tx-1".to_owned()),
        op_id: Some(op_id.to_owned()),
        tool: Some("ec2_stop_instance".to_owned()),
        service: Some("ec2".to_owned()),
        operation: Some("StopInstances".to_owned()),
        effect: Some(aws_dynamic::catalog::Effect::Write),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        resource: vec!["i-0abc".to_owned()],
        parameters: Some(json!({"InstanceIds": ["i-0abc"], "n": 1, "share": 0.1})),
        ..Record::of(Event::Intent)
    }
}

fn outcome(op_id: &str) -> Record {
    Record {
        op_id: Some(op_id.to_owned()),
        result: Some(Ended::Done),
        http_status: Some(200),
        ..Record::of(Event::Outcome)
    }
}

fn files(state: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(state.join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    files
}

fn lines(state: &Path) -> Vec<Value> {
    let all = files(state).iter().map(|path| fs::read_to_string(path).unwrap()).collect::<String>();
    all.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn intact(state: &Path) -> Report {
    let report = verify(state).unwrap();
    assert_eq!(report.flaw.as_ref().map(ToString::to_string), None);
    report
}

/// The writer ends in its own time after it was told to.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what} does not come");
}

#[tokio::test]
async fn a_record_has_its_members_in_order_and_absent_ones_are_left_out() {
    let (_dir, state) = state();
    let audit = Audit::new(
        Some(state.clone()),
        Clock::with_wall(|| SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_278_368_007)),
        Always { auto_approve: AutoApprove::WriteAndDestructive, ..always() },
    );
    audit
        .commit(Record {
            client: Some("Claude".to_owned()),
            version: Some("1.2".to_owned()),
            approval: Some(Approved { way: "dialog".to_owned(), id: Some("q1".to_owned()) }),
            ..intent("op-1")
        })
        .await
        .unwrap();
    let text = fs::read_to_string(&files(&state)[0]).unwrap();
    let line = text.lines().nth(1).unwrap();
    let (start, hash) = line.split_at(line.len() - 75);
    let prev = serde_json::from_str::<Value>(text.lines().next().unwrap()).unwrap();
    let prev = prev["hash"].as_str().unwrap();
    assert_eq!(
        start,
        format!(
            r#"{{"ts":"2026-11-21T16:26:08.007Z","seq":1,"event":"intent","tx_id":"tx-1","op_id":"op-1","user":{{"os":"eve","client":"Claude","version":"1.2"}},"tool":"ec2_stop_instance","service":"ec2","operation":"StopInstances","effect":"write","account":"111122223333","region":"eu-west-1","resource":["i-0abc"],"parameters":{{"InstanceIds":["i-0abc"],"n":1,"share":0.1}},"approval":{{"way":"dialog","id":"q1"}},"auto_approve":true,"prev":"{prev}""#
        )
    );
    assert!(hash.starts_with(",\"hash\":\""), "{hash}");
    assert_eq!(line::Hash::of(format!("{start}}}").as_bytes()).hex(), hash[9..73]);
    assert!(files(&state)[0].to_str().unwrap().contains("/20261121T162608Z-"));
}

#[test]
fn what_is_written_reads_back_whatever_it_is() {
    let strange = "\u{202e}\u{1b}[31m\u{7f}\n\"\\\u{1F600}é";
    let mut deep = json!(1);
    (0..200).for_each(|_| deep = json!([deep]));
    let numbers = json!([0.1, 1e300, -0.0, 5e-324, u64::MAX, i64::MIN, 123_456_789.123_456_79]);
    let odd = json!({strange: [strange, numbers, null, true, deep], "long": "é".repeat(9_000)});
    let mut dated = Dated {
        ts: timestamp(SystemTime::UNIX_EPOCH),
        record: Record {
            parameters: Some(odd),
            note: Some(strange.repeat(2_000)),
            ..intent(strange)
        },
    };
    line::fit(&mut dated);
    let sealed = line::seal(&mut dated, &always(), 7, line::Hash::ZERO).unwrap();
    assert!(sealed.line.trim_end().bytes().all(|b| (0x20..0x7f).contains(&b)));
    assert!(sealed.line.contains(r"\u202e\u001b[31m\u007f\n\"), "{}", sealed.line);
    assert!(sealed.line.contains(r"\ud83d\ude00"));
    let read = line::read(sealed.line.trim_end().as_bytes()).map_err(str::to_owned).ok().unwrap();
    assert_eq!((read.seq, read.hash), (7, sealed.hash));
    let note = read.members["note"].as_str().unwrap();
    assert_eq!(note.chars().count(), 4_096 + "...[cut]".len());
    assert!(note.ends_with("...[cut]"));
}

#[test]
fn a_line_is_never_longer_than_64_kib() {
    let fits = |record: Record| {
        let mut dated = Dated { ts: timestamp(SystemTime::UNIX_EPOCH), record };
        line::fit(&mut dated);
        let sealed = line::seal(&mut dated, &always(), 1, line::Hash::ZERO).unwrap();
        assert!(sealed.line.len() <= 64 * 1024 + 1, "{}", sealed.line.len());
        line::read(sealed.line.trim_end().as_bytes()).map_err(str::to_owned).ok().unwrap().members
    };
    let many = json!((0..20_000).collect::<Vec<_>>());
    let length = many.to_string().len();
    let members = fits(Record { parameters: Some(many), ..intent("a") });
    assert_eq!(members["parameters"], json!({"cut": length}));
    assert_eq!(members["resource"], json!(["i-0abc"]));
    let long = || Some("\u{1F600}".repeat(4_000));
    fits(Record {
        resource: vec![long().unwrap(); 100],
        note: long(),
        tool: long(),
        principal: long(),
        policy_rule: long(),
        error_code: long(),
        ..intent("a")
    });
}

#[tokio::test]
async fn commit_waits_for_the_disk_and_many_share_one_fsync() {
    let (_dir, state) = state();
    let audit = Arc::new(audit_in(&state));
    for n in 1..=20 {
        audit.commit(intent(&format!("op-{n}"))).await.unwrap();
        let standing = audit.standing();
        // The first record of the file is one of them.
        assert_eq!((standing.records, standing.on_disk), (n + 1, n + 1));
        assert_eq!(lines(&state).len() as u64, n + 1);
        assert_eq!(standing.syncs, n + 1);
    }
    let all: Vec<_> = (0..100)
        .map(|n| {
            let audit = audit.clone();
            async move { audit.commit(intent(&format!("many-{n}"))).await }
        })
        .collect();
    // All are in the queue before anybody waits: the writer takes what is there.
    let before = audit.standing().syncs;
    for done in futures_util::future::join_all(all).await {
        done.unwrap();
    }
    let syncs = audit.standing().syncs - before;
    assert!(syncs < 50, "{syncs} fsyncs for 100");
    assert_eq!(audit.standing().on_disk, 121);
    assert_eq!(intact(&state).records, 121);
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_too_and_soon_on_disk() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    for _ in 0..5_000 {
        audit.note(Record::of(Event::Read));
    }
    wait_for("the disk", || audit.standing().on_disk == 5_001);
    let standing = audit.standing();
    assert!(standing.syncs < 50, "{standing:?}");
    let tip = audit.finish().unwrap();
    let report = intact(&state);
    assert_eq!((report.records, report.tip), (5_002, Some(tip)));
    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(lines(&state).last().unwrap()["event"], "end");
}

#[tokio::test]
async fn after_the_end_nothing_is_written_and_who_waits_is_told() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    assert_eq!(audit.finish(), None);
    assert!(!state.exists());
    assert!(audit.commit(intent("a")).await.is_err());
    assert!(!state.exists());
    assert_eq!(audit.standing().lost, 1);
}

#[tokio::test]
async fn without_a_folder_nothing_can_be_written() {
    let audit = Audit::new(None, Clock::system(), always());
    assert!(!audit.standing().writable);
    assert!(audit.problem().unwrap().contains("AWS_MCP_STATE_DIR"));
    assert!(audit.commit(intent("a")).await.is_err());
}

#[tokio::test]
async fn chains_follow_each_other_and_two_processes_see_one_another() {
    let (_dir, state) = state();
    for _ in 0..3 {
        let audits: Vec<_> = (0..2).map(|_| audit_in(&state)).collect();
        for n in 0..10 {
            let both = audits.iter().map(|audit| audit.commit(intent(&format!("op-{n}"))));
            for done in futures_util::future::join_all(both).await {
                done.unwrap();
            }
        }
        intact(&state);
        assert!(audits.iter().all(|audit| audit.finish().is_some()));
    }
    let report = intact(&state);
    assert_eq!((report.files, report.records), (6, 6 * 12));
    let zeros = "0".repeat(64);
    let firsts: Vec<Value> =
        lines(&state).into_iter().filter(|line| line["event"] == "start").collect();
    assert_eq!(firsts.iter().filter(|line| line["prev"] == zeros).count(), 1);
    let mut places: Vec<_> = firsts.iter().map(|line| line["parameters"]["line"].clone()).collect();
    places.sort_by_key(Value::as_u64);
    assert_eq!(places, (0..6).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn copies_are_what_was_written_and_losses_are_counted() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    let mut copies = audit.copies();
    let gone = audit.copies();
    drop(gone);
    audit.commit(intent("a")).await.unwrap();
    let both = [copies.recv().await.unwrap(), copies.recv().await.unwrap()];
    let text = fs::read_to_string(&files(&state)[0]).unwrap();
    assert_eq!(text, format!("{}\n{}\n", both[0], both[1]));
    for _ in 0..MOST_COPIES + 5 {
        audit.note(Record::of(Event::Read));
    }
    audit.commit(intent("b")).await.unwrap();
    assert_eq!(audit.standing().copies_dropped, 6);
}

#[tokio::test]
async fn intents_that_nobody_knows_the_outcome_of_are_noted_once() {
    let (_dir, state) = state();
    let killed = audit_in(&state);
    killed.commit(intent("known")).await.unwrap();
    killed.commit(outcome("known")).await.unwrap();
    killed.commit(intent("unknown")).await.unwrap();
    let running = audit_in(&state);
    running.commit(intent("under way")).await.unwrap();
    drop(killed);
    wait_for("the end of its thread", || in_use(&state) == 1);
    for expected in [1, 0] {
        let next = audit_in(&state);
        next.look_back();
        wait_for("looking back", || next.standing().chain.is_some());
        assert_eq!(next.standing().chain.unwrap().open_intents, expected);
        next.commit(Record::of(Event::Read)).await.unwrap();
        next.finish();
    }
    let noted: Vec<Value> =
        lines(&state).into_iter().filter(|line| line["event"] == "unknown").collect();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["op_id"], "unknown");
    assert_eq!(noted[0]["operation"], "StopInstances");
    assert_eq!(noted[0]["result"], "unknown");
    drop(running);
}

fn in_use(state: &Path) -> usize {
    let folder = Folder::open(state).unwrap();
    folder.names().unwrap().iter().filter(|name| folder.is_in_use(name)).count()
}

fn turned() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_new_day_is_a_new_file_and_old_files_go_with_a_word() {
    let (_dir, state) = state();
    let audit_then = || Audit::new(Some(state.clone()), Clock::with_wall(turned), always());
    let day = |days: u64| NOW.fetch_add(days * 86_400, Ordering::SeqCst);
    let pruned = |audit: &Audit, expected: usize| {
        wait_for("the end of those that were dropped", || in_use(&state) == 0 || expected == 2);
        audit.set_keep_days(30);
        audit.look_back();
        wait_for("pruning", || files(&state).len() == expected);
    };
    // Two days of one process, that another's file comes after.
    let first = audit_then();
    first.commit(intent("a")).await.unwrap();
    day(1);
    first.commit(outcome("a")).await.unwrap();
    assert_eq!(files(&state).len(), 2);
    let other = audit_then();
    other.commit(intent("b")).await.unwrap();
    first.commit(intent("c")).await.unwrap();
    first.commit(outcome("c")).await.unwrap();
    first.finish();
    let report = intact(&state);
    assert_eq!(report.files, 3);
    let events: Vec<Value> = lines(&state).iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events.iter().filter(|event| *event == "rotate").count(), 1);
    day(40);
    // The other lives, and is of the same age.
    let second = audit_then();
    pruned(&second, 2);
    assert_eq!(intact(&state).files, 2);
    let told: Vec<Value> =
        lines(&state).into_iter().filter(|line| line["event"] == "pruned").collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().any(|line| line["parameters"]["named"] != json!([])), "{told:?}");
    drop(other);
    second.finish();
    day(40);
    // What told of pruning goes too, and what it told is told again.
    let third = audit_then();
    pruned(&third, 1);
    assert_eq!(intact(&state).files, 1);
    assert!(lines(&state).iter().any(|line| line["parameters"]["lines"] == json!([[0, 1]])));
    third.finish();
    day(40);
    let fourth = audit_then();
    pruned(&fourth, 1);
    fourth.finish();
    intact(&state);
    let tips = state.join("audit/tips");
    let whole = fs::read(&tips).unwrap();
    let mut cut = whole.clone();
    cut.drain(128..256);
    fs::write(&tips, cut).unwrap();
    assert!(verify(&state).unwrap().flaw.is_some());
}

#[tokio::test]
async fn nothing_is_taken_away_from_what_was_changed() {
    let (_dir, state) = state();
    let clock = || Clock::with_wall(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let audit = Audit::new(Some(state.clone()), clock(), always());
    audit.commit(intent("a")).await.unwrap();
    audit.finish();
    let path = &files(&state)[0];
    fs::write(path, fs::read_to_string(path).unwrap().replace("i-0abc", "i-0abd")).unwrap();
    let later = audit_in(&state);
    later.set_keep_days(1);
    later.look_back();
    wait_for("looking back", || later.standing().chain.is_some());
    let found = later.standing().chain.unwrap();
    assert!(!found.intact);
    let problem = found.problem.unwrap();
    assert!(problem.contains(":2 (seq 1)") && problem.contains("changed"), "{problem}");
    later.commit(intent("b")).await.unwrap();
    assert_eq!(files(&state).len(), 2);
}

#[tokio::test]
async fn search_finds_the_latest_in_order_of_time() {
    let (_dir, state) = state();
    for process in 0..3 {
        let audit = audit_in(&state);
        for n in 0..10 {
            audit.note(intent(&format!("{process}-{n}")));
            audit.note(outcome(&format!("{process}-{n}")));
        }
        audit.finish();
    }
    let path = &files(&state)[0];
    let mut text = fs::read(path).unwrap();
    text.extend_from_slice(b"rubbish\n");
    text.extend(std::iter::repeat_n(b'x', 200_000));
    text.extend_from_slice(b"\n[1]\n{\"tor");
    fs::write(path, text).unwrap();
    let find = |query: Query| search(&state, &Query { limit: 1_000, ..query }).unwrap();
    let all = find(Query::default());
    assert_eq!((all.records.len(), all.skipped), (3 * 22, 4));
    assert!(all.records.windows(2).all(|two| two[0]["ts"].as_str() <= two[1]["ts"].as_str()));
    let tool = find(Query { tool: Some("EC2_stop_instance".to_owned()), ..Query::default() });
    assert_eq!(tool.records.len(), 30);
    assert_eq!(find(Query { event: Some(Event::Start), ..Query::default() }).records.len(), 3);
    assert_eq!(find(Query { result: Some(Ended::Done), ..Query::default() }).records.len(), 30);
    assert_eq!(find(Query { account: Some("1".to_owned()), ..Query::default() }).records.len(), 0);
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(9_999_999_999);
    assert_eq!(find(Query { since: Some(later), ..Query::default() }).records.len(), 0);
    let two = search(&state, &Query { limit: 2, event: Some(Event::Outcome), ..Query::default() })
        .unwrap();
    assert_eq!((two.records.len(), two.matched), (2, 30));
    assert_eq!(two.records[1]["op_id"], "2-9");
}

#[test]
fn moments() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_278_368);
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(moment(text, now).map(timestamp).as_deref(), expected, "{text}");
    };
    check("-3h", Some("2026-11-21T13:26:08.000Z"));
    check("-2w", Some("2026-11-07T16:26:08.000Z"));
    check("2026-11-20", Some("2026-11-20T00:00:00.000Z"));
    check("2026-11-20T10:00:00+02:00", Some("2026-11-20T08:00:00.000Z"));
    for wrong in ["", "-", "-h", "-3", "-3y", "-+3h", "--3h", "-3é", "tomorrow", "2026-13-01", "3h"]
    {
        check(wrong, None);
    }
    check(&format!("-{}w", u64::MAX), None);
}

#[tokio::test]
#[ignore = "tells figures"]
async fn how_fast() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    let clock = Clock::system();
    for n in 0..1_000 {
        audit.commit(intent(&n.to_string())).await.unwrap();
    }
    eprintln!("1,000 commits one by one: {:?}", clock.elapsed());
    let clock = Clock::system();
    for n in 0..50_000 {
        audit.note(intent(&n.to_string()));
    }
    audit.commit(intent("last")).await.unwrap();
    eprintln!("50,000 notes: {:?}", clock.elapsed());
    let clock = Clock::system();
    intact(&state);
    eprintln!("verifying: {:?}", clock.elapsed());
}

#[test]
fn the_page_tells_every_member_and_every_event() {
    let page = include_str!("../../../docs/audit.md");
    for member in record::ORDER {
        assert!(page.contains(&format!("\n| `{member}` |")), "{member}");
    }
    // Those of the schema, so that none is left out here.
    let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
    let choices = schema["oneOf"].as_array().unwrap().iter();
    let words: Vec<&Value> = choices
        .flat_map(|choice| match choice["enum"].as_array() {
            Some(words) => words.iter().collect(),
            None => vec![&choice["const"]],
        })
        .collect();
    assert_eq!(words.len(), 17);
    let table = page.split("| event | when |").nth(1).unwrap().split("\n\n").next().unwrap();
    for word in words {
        assert!(table.contains(&format!("`{}`", word.as_str().unwrap())), "{word}");
    }
}

#[test]
fn the_record_on_the_page_is_one() {
    let page = include_str!("../../../docs/audit.md");
    let example = page.lines().find(|line| line.starts_with(r#"{"ts":"#)).unwrap();
    let read = line::read(example.as_bytes()).unwrap();
    assert_eq!((read.seq, read.event), (5, Event::Outcome));
}

#[tokio::test]
async fn whoever_looks_finds_what_was_just_noted() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    audit.settled().await;
    assert!(!state.exists());
    for count in 1..=100 {
        audit.note(Record::of(Event::Read));
        audit.settled().await;
        let query = Query { event: Some(Event::Read), limit: 1, ..Query::default() };
        assert_eq!(search(&state, &query).unwrap().matched, count);
    }
}
