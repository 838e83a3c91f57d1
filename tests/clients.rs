//! Real MCP clients against the shipped binary: the Python package `mcp`, and the inspector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Home, Moto, PLANTED_KEY, python};

const ERAS: [&str; 3] = ["legacy", "auto", "modern"];

#[test]
fn python_client_in_every_mode() {
    let home = Home::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/legacy_auto_modern.py");
    let output = alone(&python(), &home)
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_aws-mcp"))
        .arg(Moto::shared().url())
        .output()
        .expect("Python starts");
    let said = words(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("\"ok\": true").count(), 3, "{said}");
}

#[test]
fn inspector_finds_nothing_wrong_with_the_tools() {
    for era in ERAS {
        let listed = inspect(era, &["--strict", "--method", "tools/list"]);
        let tools = listed["tools"].as_array().expect("tools");
        assert!(tools.len() >= 10, "{era}: {listed:#}");
    }
}

#[test]
fn inspector_calls_a_tool() {
    for era in ERAS {
        let result = inspect(
            era,
            &[
                "--method",
                "tools/call",
                "--tool-name",
                "ec2_list_instances",
                "--tool-args-json",
                r#"{"region":"eu-west-1"}"#,
            ],
        );
        assert_ne!(result["isError"], true, "{era}: {result:#}");
        let text = result["structuredContent"].to_string();
        let id = Moto::shared().seeded("eu-west-1", "web-eu-1");
        assert!(text.contains(id), "{era}: no {id} in {text}");
    }
}

/// Runs the inspector's command line in one protocol era on the binary, which sees the emulator as AWS. Returns what
/// it prints.
fn inspect(era: &str, method: &[&str]) -> Value {
    let home = Home::new();
    let node = variable("AWS_MCP_TEST_NODE");
    let endpoint = format!("AWS_ENDPOINT_URL={}", Moto::shared().url());
    let secret = format!("AWS_SECRET_ACCESS_KEY={PLANTED_KEY}");
    let output = alone(&node, &home)
        .arg(variable("AWS_MCP_TEST_INSPECTOR"))
        .args(["--cli", "--format", "json", "--protocol-era", era])
        .args(["-e", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"])
        .args(["-e", &secret, "-e", &endpoint])
        .args(["-e", "AWS_REGION=us-east-1"])
        .args(method)
        .args(["--", env!("CARGO_BIN_EXE_aws-mcp")])
        .output()
        .expect("the inspector starts");
    assert!(output.status.success(), "{era}: {}", words(&output));
    let printed: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{era}: not JSON, {error}: {}", words(&output)));
    printed.get("result").cloned().unwrap_or(printed)
}

/// A command in an environment with nothing in it but a home of its own and PATH.
fn alone(program: &str, home: &Home) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null());
    command
}

/// What a command said, for the words of a failure.
fn words(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: this test needs what tests/run.sh installs; run `bash tests/run.sh`"
        )
    })
}
