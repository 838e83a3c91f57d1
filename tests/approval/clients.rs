//! A real MCP client, the Python package `mcp`, that asks a person by forms in both eras, and badly behaved ones.

use std::path::Path;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::person::{command, home};
use crate::support::{PLANTED_KEY, python};

/// What each client does with forms, how the call must end, and whether anything may reach AWS.
const HOW: [(&str, &str, usize); 7] = [
    ("types_the_code", "done", 1),
    ("accepts_bare", "approval_required", 0),
    ("accepts_empty", "approval_required", 0),
    ("accepts_wrong", "approval_required", 0),
    ("declines", "approval_required", 0),
    ("cancels", "approval_required", 0),
    ("shows_nothing", "approval_required", 0),
];

fn check(mode: &str, how: &str, status: &str, ran: usize) {
    let (cloud, home) = (Cloud::start(), home("approval: {wait_seconds: 2}\n"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/approval.py");
    let base = command(home.path(), &[], &[]);
    let mut client = std::process::Command::new(python());
    client
        .arg(script)
        .args([env!("CARGO_BIN_EXE_aws-mcp"), &cloud.url(), PLANTED_KEY, mode, how])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(base.get_current_dir().unwrap());
    let output = client.output().unwrap();
    assert!(output.status.success(), "{mode} {how}: {output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["status"], status, "{mode} {how}: {told:#}");
    assert_eq!(cloud.done().len(), ran, "{mode} {how}: {:?}", cloud.done());
    assert!(
        told["forms"].as_u64().unwrap() > 0 || how == "shows_nothing",
        "{mode} {how}: {told:#}"
    );
}

#[test]
fn of_the_handshake() {
    for (how, status, ran) in HOW {
        check("legacy", how, status, ran);
    }
    check("legacy", "never_answers", "approval_required", 0);
}

#[test]
fn without_a_handshake() {
    for (how, status, ran) in HOW {
        check("2026-07-28", how, status, ran);
    }
}
