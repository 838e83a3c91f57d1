//! Two files that change under a running server.

use std::fs;
use std::path::Path;

use aws_dynamic::catalog::Index;

use super::*;
use crate::config::Access;
use crate::gate::called::Called;
use crate::gate::verdict::Verdict;

struct Files {
    folder: tempfile::TempDir,
    policies: Policies,
}

fn files(user: Option<&str>, administrator: Option<&str>) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (at, by) = (folder.path().join("user.yaml"), folder.path().join("administrator.yaml"));
    put(&at, user);
    put(&by, administrator);
    let policies = Policies::new(at, WhenMissing::Default, by);
    Files { folder, policies }
}

/// Each file is a new one, so that the test does not hang on the clock of the file system.
fn put(path: &Path, text: Option<&str>) {
    let _ = fs::remove_file(path);
    if let Some(text) = text {
        let new = path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, path).unwrap();
    }
}

impl Files {
    fn user(&self, text: Option<&str>) {
        put(&self.folder.path().join("user.yaml"), text);
    }

    fn administrator(&self, text: Option<&str>) {
        put(&self.folder.path().join("administrator.yaml"), text);
    }

    fn check(&self, operation: &str, verdict: Verdict, rule: &str) {
        let judged = self.judged(operation, Settings::default());
        assert_eq!(judged.verdict, verdict, "{judged:?}");
        assert!(judged.rule.starts_with(rule), "{judged:?}");
    }

    fn judged(&self, operation: &str, settings: Settings) -> Judgement {
        let snapshot = self.policies.current().unwrap();
        asked(operation, |question| snapshot.judge(settings, question))
    }

    fn broken(&self, words: &str) {
        for _ in 0..2 {
            let error = self.policies.current().unwrap_err();
            assert_eq!(error.kind, Kind::ConfigError);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

fn asked<T>(operation: &str, see: impl FnOnce(&Question) -> T) -> T {
    let called = Called::of(Index::get().unwrap(), operation);
    see(&Question {
        effect: called.operation().unwrap().effect(),
        called: Some(called),
        accounts: &["prod"],
        region: Some("eu-west-1"),
        profile: None,
        role: None,
    })
}

const START: &str = "ec2:StartInstances";

#[test]
fn without_files_the_default_binds() {
    let files = files(None, None);
    files.check(START, Verdict::Ask, "mode confirm");
    files.check("ec2:DescribeInstances", Verdict::Run, "mode confirm");
    let snapshot = files.policies.current().unwrap();
    assert_eq!(snapshot.mode(Settings::default()).word(), "confirm");
    assert_eq!(snapshot.all().count(), 1);
}

#[test]
fn a_file_that_is_widened_while_running_does_not_widen() {
    let files = files(Some("mode: read_only"), None);
    files.check(START, Verdict::Deny, "mode read_only");
    files.user(Some("mode: full"));
    files.check(START, Verdict::Deny, "policy at start: mode read_only");
    files.user(None);
    files.check(START, Verdict::Deny, "policy at start: mode read_only");
    let snapshot = files.policies.current().unwrap();
    assert_eq!(snapshot.mode(Settings::default()).word(), "read_only");
}

#[test]
fn a_file_that_is_tightened_while_running_tightens_until_it_is_loosened() {
    let files = files(Some("mode: full"), None);
    files.check(START, Verdict::Run, "mode full");
    files.user(Some("mode: read_only"));
    files.check(START, Verdict::Deny, "mode read_only");
    files.user(Some("mode: full"));
    files.check(START, Verdict::Run, "mode full");
    // Gone is the default, which asks.
    files.user(None);
    files.check(START, Verdict::Ask, "mode confirm");
}

#[test]
fn a_file_written_in_place_is_seen() {
    let files = files(Some("mode: full"), None);
    fs::write(files.folder.path().join("user.yaml"), "mode: read_only").unwrap();
    files.check(START, Verdict::Deny, "mode read_only");
}

#[test]
fn a_broken_file_stops_every_call_until_it_is_mended() {
    let files = files(Some("mode: read_only"), None);
    files.user(Some("mode: full\nmodes: full"));
    files.broken("user.yaml line 2");
    files.user(Some("mode: full"));
    files.check(START, Verdict::Deny, "policy at start: mode read_only");
}

#[test]
fn broken_at_start_the_first_good_one_is_the_start() {
    let files = files(Some("mode: ["), None);
    files.broken("user.yaml line 1");
    files.user(Some("mode: ]"));
    files.broken("user.yaml line 1");
    files.user(Some("mode: read_only"));
    files.check(START, Verdict::Deny, "mode read_only");
    files.user(Some("mode: full"));
    files.check(START, Verdict::Deny, "policy at start: mode read_only");
}

#[test]
fn the_administrators_start_is_its_own_even_if_the_users_is_broken() {
    let files = files(Some("mode: ["), Some("mode: read_only"));
    files.broken("user.yaml");
    files.administrator(None);
    files.user(Some("mode: full"));
    files.check(START, Verdict::Deny, "administrator's policy at start: mode read_only");
}

#[test]
fn the_administrators_policy_binds_as_well() {
    let files = files(Some("mode: full"), None);
    files.check(START, Verdict::Run, "mode full");
    files.administrator(Some("mode: full\nrules: {confirm: [Start.*]}"));
    files.check(START, Verdict::Ask, "administrator's policy: rules.confirm[0]");
    files.administrator(Some("mode: full\nrules: {deny: [Start.*]}"));
    files.check(START, Verdict::Deny, "administrator's policy: rules.deny[0]");
    files.administrator(Some("mode: ful"));
    files.broken("administrator.yaml line 1");
    files.administrator(None);
    files.check(START, Verdict::Run, "mode full");
}

#[test]
fn nothing_is_approved_by_itself_for_the_administrator() {
    let files = files(None, Some("mode: confirm"));
    let settings =
        Settings { auto_approve: AutoApprove::WriteAndDestructive, ..Settings::default() };
    let judged = files.judged(START, settings);
    assert_eq!(
        (judged.verdict, judged.rule.as_str()),
        (Verdict::Ask, "administrator's policy: mode confirm")
    );
    files.administrator(None);
    // As it was at start it still binds.
    assert_eq!(files.judged(START, settings).verdict, Verdict::Ask);
}

#[test]
fn a_named_file_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("user.yaml");
    let policies =
        Policies::new(path.clone(), WhenMissing::Refuse, folder.path().join("none.yaml"));
    assert!(policies.current().unwrap_err().message.contains("is not there"));
    put(&path, Some("mode: full"));
    assert!(policies.current().is_ok());
    put(&path, None);
    assert!(policies.current().is_err());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_stops_every_call() {
    use std::os::unix::fs::PermissionsExt;
    let files = files(Some("mode: full"), None);
    let path = files.folder.path().join("user.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    files.broken("chmod go-w");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    files.check(START, Verdict::Run, "mode full");
}

#[test]
fn what_is_revealed() {
    let revealed = |files: &Files| {
        let snapshot = files.policies.current().unwrap();
        asked("secretsmanager:GetSecretValue", |question| snapshot.reveals(question))
    };
    let yes = "reveal: ['secretsmanager:GetSecretValue']";
    assert!(!revealed(&files(None, None)));
    assert!(!revealed(&files(Some("reveal: []"), None)));
    assert!(!revealed(&files(Some("reveal: ['ssm:.*']"), None)));
    assert!(revealed(&files(Some(yes), None)));
    assert!(revealed(&files(Some(yes), Some("mode: full"))));
    assert!(!revealed(&files(Some(yes), Some("reveal: []"))));
    let later = files(None, None);
    later.user(Some(yes));
    assert!(!revealed(&later));
}

#[test]
fn the_digest_and_the_mode_of_all_that_binds() {
    let files = files(Some("mode: full"), Some("mode: confirm"));
    let digest = files.policies.current().unwrap().digest();
    assert_eq!(digest.len(), 33);
    assert_eq!(files.policies.current().unwrap().mode(Settings::default()).word(), "confirm");
    let shut = Settings { access: Access::ReadOnly, ..Settings::default() };
    assert_eq!(files.policies.current().unwrap().mode(shut).word(), "read_only");
    files.user(Some("mode: full "));
    assert_ne!(files.policies.current().unwrap().digest(), digest);
    files.user(Some("mode: full"));
    assert_eq!(files.policies.current().unwrap().digest(), digest);
}

#[test]
fn calls_and_changes_at_once() {
    let files = files(Some("mode: read_only"), None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    // Between two files there is none, and that is the default.
                    files.check(START, Verdict::Deny, "");
                }
            });
        }
        for mode in ["full", "confirm"].iter().cycle().take(100) {
            files.user(Some(&format!("mode: {mode}")));
        }
    });
}

#[test]
fn how_a_person_is_asked_can_be_tightened_and_never_widened() {
    let files = files(
        Some("approval: {ways: [form, terminal], ttl_seconds: 600}\naudit: {on_error: deny}"),
        Some(
            "approval: {wait_seconds: 5, ways: [dialog, terminal]}\naudit: {keep_days: 365, cloudwatch_log_group: a}",
        ),
    );
    let now = || files.policies.current().unwrap();
    assert_eq!(now().approval().ways, [Way::Terminal]);
    assert_eq!(now().approval().wait, Duration::from_secs(5));
    assert_eq!(now().approval().lives, Duration::from_secs(600));
    assert_eq!(now().approval().destructive_lives, Duration::from_secs(600));
    files.user(Some(
        "approval: {ways: [form], ttl_seconds: 6000}\naudit: {cloudwatch_log_group: b}",
    ));
    assert!(now().approval().ways.is_empty());
    assert_eq!(now().approval().lives, Duration::from_secs(600));
    let recording = now().audit();
    assert_eq!((recording.keep_days, recording.on_error), (365, OnError::Deny));
    assert_eq!(recording.log_group.as_deref(), Some("a"));
}

#[test]
fn what_the_file_was_silent_about_at_start_cannot_be_widened_later() {
    let files = files(Some("mode: full"), None);
    files.user(Some("mode: full\napproval: {ttl_seconds: 86400, destructive_ttl_seconds: 86400}\naudit: {keep_days: 1}"));
    let now = files.policies.current().unwrap();
    assert_eq!(now.approval().lives, Asking::LIVES);
    assert_eq!(now.approval().destructive_lives, Asking::DESTRUCTIVE_LIVES);
    assert_eq!(now.audit().keep_days, KEEP_DAYS);
    // What it said at start, it may go on saying.
    let longer = self::files(Some("approval: {ttl_seconds: 86400}\naudit: {keep_days: 1}"), None);
    assert_eq!(longer.policies.current().unwrap().approval().lives, Duration::from_secs(86_400));
    assert_eq!(longer.policies.current().unwrap().audit().keep_days, 1);
}
