//! The architecture, the published surface and the documents, held to what they say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The rooms, and which others each may use. `cli` starts everything and may use all.
const ROOMS: [(&str, &[&str]); 7] = [
    ("error", &[]),
    ("config", &["error"]),
    ("accounts", &["config", "error"]),
    ("gate", &["accounts", "config", "error"]),
    ("tools", &["gate", "accounts", "config", "error"]),
    ("server", &["tools", "gate", "accounts", "config", "error"]),
    ("cli", &["server", "tools", "gate", "accounts", "config", "error"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(&path)).unwrap_or_else(|e| panic!("{:?}: {e}", path.as_ref()))
}

/// Every Rust file below a folder, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The room that a file belongs to: `src/gate/wire.rs`, `src/error.rs`.
fn room(file: &str) -> &str {
    file.trim_start_matches("src/").split(['/', '.']).next().unwrap()
}

/// Whether a file holds tests only.
fn is_of_tests(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// What stands before the tests of a file.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn imports_go_one_way() {
    for (file, text) in sources("src") {
        let room = room(&file);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            assert_eq!(file, "src/main.rs");
            continue;
        };
        for used in code(&text).split("crate::").skip(1) {
            let used: String =
                used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let rig = used == "rig" && is_of_tests(&file);
            assert!(
                rig || used == room || allowed.contains(&used.as_str()),
                "{file} uses crate::{used}"
            );
        }
    }
}

#[test]
fn rmcp_stays_in_its_room() {
    for (file, text) in sources("src") {
        assert!(room(&file) == "server" || !text.contains("rmcp::"), "{file} uses rmcp");
    }
}

#[test]
fn every_file_says_why_it_exists() {
    for (file, text) in sources("src") {
        assert!(text.starts_with("//! ") || is_of_tests(&file), "{file}");
    }
}

#[test]
fn platforms_differ_in_few_places() {
    let expected = [
        "src/cli/register/desktop.rs",
        "src/cli/terminal.rs",
        "src/config/permissions.rs",
        "src/gate/audit/folder.rs",
        "src/gate/dialog/child.rs",
        "src/gate/peer.rs",
        "src/gate/socket.rs",
        "src/server/life.rs",
        "src/server/stdio.rs",
    ];
    let with_cfg: BTreeSet<String> = sources("src")
        .into_iter()
        .filter(|(file, _)| !is_of_tests(file))
        .filter(|(_, text)| {
            ["#[cfg(unix)]", "#[cfg(windows)]"].iter().any(|cfg| code(text).contains(cfg))
        })
        .map(|(file, _)| file)
        .collect();
    assert_eq!(with_cfg.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn the_lint_against_clients_of_ones_own_knows_every_sdk_crate() {
    let lint = read("clippy.toml");
    let manifest = read("Cargo.toml");
    let crates: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| name.starts_with("aws-sdk-"))
        .collect();
    assert!(crates.len() >= 5, "{crates:?}");
    for name in crates {
        for function in ["new", "from_conf"] {
            let path = format!("\"{}::Client::{function}\"", name.replace('-', "_"));
            assert!(lint.contains(&path), "clippy.toml does not forbid {path}");
        }
    }
}

#[test]
fn every_tool_file_is_in_the_table() {
    let table = read("src/tools/mod.rs");
    for (file, text) in sources("src/tools") {
        if text.contains("pub const TOOLS") {
            let name = Path::new(&file).file_stem().unwrap().to_string_lossy().into_owned();
            assert!(table.contains(&format!("{name}::TOOLS")), "{file} is in no table");
        }
    }
}

fn run(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What is offered where nothing is selected.
fn listed() -> Vec<Value> {
    serde_json::from_str(&run(&["tools", "--json"])).unwrap()
}

/// Every tool there is.
fn all() -> Vec<Value> {
    serde_json::from_str(&run(&["tools", "--json", "--toolsets", "all"])).unwrap()
}

/// Compares with a file of the project, or writes it where `UPDATE=1` is set.
fn same_as_file(path: &Path, now: &str) {
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        fs::write(path, now).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == now,
        "{} is not what the code gives. If the change is meant, run `UPDATE=1 cargo test --test house` \
         and write it in CHANGELOG.md.\n--- now:\n{now}",
        path.display()
    );
}

#[test]
fn what_the_model_sees_of_each_tool_is_frozen() {
    let folder = root().join("tests/snapshots");
    let tools = all();
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        let text = serde_json::to_string_pretty(tool).unwrap() + "\n";
        same_as_file(&folder.join(format!("{name}.json")), &text);
    }
    let kept = fs::read_dir(folder).unwrap().count();
    assert_eq!(kept, tools.len(), "a snapshot of a tool that is gone");
}

#[test]
fn the_readme_lists_the_tools_as_they_are() {
    let mut table = String::from("| tool | effect | what it does |\n|---|---|---|\n");
    for tool in all() {
        let about = tool["description"].as_str().unwrap();
        let first = about.split_once(". ").map_or(about, |(first, _)| first).trim_end_matches('.');
        let effect = match tool["annotations"]["readOnlyHint"] == true {
            true => "read",
            false => "write",
        };
        let name = tool["name"].as_str().unwrap();
        table.push_str(&format!("| `{name}` | {effect} | {first} |\n"));
    }
    let readme = read("README.md");
    let (start, end) = ("<!-- tools -->\n", "<!-- /tools -->");
    let (before, rest) = readme.split_once(start).expect("README.md has <!-- tools -->");
    let (_, after) = rest.split_once(end).expect("README.md has <!-- /tools -->");
    same_as_file(&root().join("README.md"), &format!("{before}{start}{table}{end}{after}"));
}

#[test]
fn every_flag_and_sub_command_is_in_the_readme() {
    let readme = read("README.md");
    let help = run(&["--help"]);
    for word in help.split_whitespace().filter(|word| word.starts_with("--")) {
        let flag = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        assert!(
            readme.contains(flag) || ["--help", "--version"].contains(&flag),
            "README.md does not name {flag}"
        );
    }
    for command in
        ["serve", "tools", "call", "policy", "models", "iam-policy", "register", "completions"]
    {
        assert!(
            help.contains(command) && readme.contains(&format!("aws-mcp {command}")),
            "{command}"
        );
    }
}

/// What a list of tools costs a model's context: (names, descriptions and input schemas; as sent).
fn cost(tools: &[Value]) -> (usize, usize) {
    let bytes = |value: &Value| value.to_string().len();
    let read: usize = tools
        .iter()
        .map(|tool| {
            bytes(&tool["name"]) + bytes(&tool["description"]) + bytes(&tool["inputSchema"])
        })
        .sum();
    (read, bytes(&Value::Array(tools.to_vec())))
}

#[test]
fn the_list_of_tools_keeps_its_budget() {
    let (read, sent) = cost(&listed());
    assert!(read <= 24_000 && sent <= 60_000, "default set: {read}, {sent} bytes");
    let core: Vec<Value> =
        serde_json::from_str(&run(&["tools", "--json", "--toolsets", "core"])).unwrap();
    let (read, sent) = cost(&core);
    assert!(read <= 6_000 && sent <= 15_000, "core: {read}, {sent} bytes");
    assert!(listed().len() <= 40);
}

#[test]
fn the_architecture_names_every_room_and_file() {
    let text = read("ARCHITECTURE.md");
    for (file, _) in sources("src") {
        let name = file.trim_start_matches("src/");
        assert!(text.contains(name) || is_of_tests(name), "ARCHITECTURE.md does not name {name}");
    }
}

#[test]
fn the_example_entry_is_what_the_code_registers() {
    let example: Value = serde_json::from_str(&read("claude_desktop_config.example.json")).unwrap();
    let entry = &example["mcpServers"]["aws"];
    assert!(entry["command"].as_str().unwrap().ends_with("aws-mcp"));
}

// ---------------------------------------------------------------- docs/policy.md

/// A folder that nobody else may write, with a policy.
fn with_policy(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.yaml"), text).unwrap();
    folder
}

/// What a `policy` sub-command prints for the policy of a folder, and its exit code.
fn policy(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(["--policy", "policy.yaml", "policy"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.code().unwrap())
}

#[test]
fn the_ready_policies_do_what_their_cases_say() {
    for name in ["auditor", "developer", "on-call", "production-guard", "ci"] {
        let folder = with_policy(&read(format!("docs/policies/{name}.yaml")));
        let (text, code) = policy(folder.path(), &["check"]);
        assert_eq!(code, 0, "{name}: {text}");
        let cases = root().join(format!("docs/policies/{name}.cases.yaml"));
        let (text, code) = policy(folder.path(), &["test", cases.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {text}");
        let passed: usize = text.split_whitespace().next().unwrap().parse().unwrap();
        assert!(passed >= 12, "{name}: {text}");
    }
    assert_eq!(fs::read_dir(root().join("docs/policies")).unwrap().count(), 10);
}

#[test]
fn what_the_policy_page_shows_is_what_the_commands_print() {
    let page = read("docs/policy.md");
    let after = |start: &str| page.split_once(start).unwrap_or_else(|| panic!("{start}")).1;
    let until = |text: &str, end: &str| text.split_once(end).unwrap().0.to_owned();

    let trap = after("$ cat policy.yaml\n");
    let folder = with_policy(&until(trap, "$ aws-mcp"));
    let (text, code) = policy(folder.path(), &["check"]);
    assert_eq!(code, 1);
    assert_eq!(text, until(after("$ aws-mcp policy check\n"), "```"));

    let folder = with_policy(&until(after("## The format\n\n```yaml\n"), "```"));
    let explained = after(
        "$ aws-mcp policy explain ec2:StopInstances --account 222222222222 --region eu-west-1\n",
    );
    let arguments =
        ["explain", "ec2:StopInstances", "--account", "222222222222", "--region", "eu-west-1"];
    assert_eq!(policy(folder.path(), &arguments), (until(explained, "$ aws-mcp"), 0));

    let cases = after("$ cat cases.yaml\n");
    fs::write(folder.path().join("cases.yaml"), until(cases, "$ aws-mcp")).unwrap();
    let tested = until(after("$ aws-mcp policy test cases.yaml\n"), "```");
    assert_eq!(policy(folder.path(), &["test", "cases.yaml"]), (tested, 1));
}
