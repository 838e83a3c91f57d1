//! Runs `install.sh` the way somebody with a fresh machine would, in a home folder of its own.
//! A stand-in for cargo hands out the program that is built already, so that the script is
//! tested and not, once more, the compiler.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and has to start programs"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
const PROGRAM: &str = env!("CARGO_BIN_EXE_aws-mcp");

const CARGO: &str = r#"#!/bin/sh
printf '%s\n' "$*" >>"$STUB_LOG"
what=$1 root=
while [ $# -gt 0 ]; do
    if [ "$1" = --root ]; then root=$2; fi
    shift
done
case $what in
    --version) echo "cargo $STUB_VERSION (0123abcd 2026-01-01)" ;;
    install)
        mkdir -p "$root/bin"
        rm -f "$root/bin/aws-mcp"
        ln "$STUB_PROGRAM" "$root/bin/aws-mcp" 2>/dev/null || cp "$STUB_PROGRAM" "$root/bin/aws-mcp"
        ;;
    uninstall) rm "$root/bin/aws-mcp" ;;
    *) exit 9 ;;
esac
"#;
const LOST: &str = "#!/bin/sh\necho 'error: no default toolchain' >&2\nexit 1\n";
const UNAME: &str = "#!/bin/sh\necho \"$STUB_SYSTEM\"\n";
const YES: &str = "#!/bin/sh\nexit 0\n";
const NO: &str = "#!/bin/sh\nexit 1\n";
const SMALL: &str = "#!/bin/sh\necho 4294967296\n";
const SILENT: &str = "#!/bin/sh\n[ \"${1-}\" = register ] && exit 0\n\
                      echo 'still thinking' >&2\nexec sleep 60\n";
const DYING: &str = "#!/bin/sh\n[ \"${1-}\" = register ] && exit 0\n\
                     echo 'out of luck' >&2\nexit 3\n";
const REFUSING: &str = r#"#!/bin/sh
[ "${1-}" = register ] && exit 0
read -r hello
echo '{"jsonrpc":"2.0","id":"install-hello","result":{}}'
read -r initialized
read -r call
echo '{"jsonrpc":"2.0","id":"install-call","error":{"code":-32602,"message":"no such tool"}}'
cat >/dev/null
"#;

/// A fresh machine: an empty home, and programs that stand in for the real ones.
struct Machine {
    folder: TempDir,
    path: String,
    program: PathBuf,
    version: &'static str,
    system: &'static str,
}

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Machine {
    /// With all that is needed.
    fn new() -> Self {
        let real = std::env::var("PATH").unwrap();
        Self::with_path(format!("{}:{real}", stubs().join("all").display()))
    }

    /// With nothing but what is in one folder of stand-ins.
    fn bare(folder: &str) -> Self {
        Self::with_path(stubs().join(folder).display().to_string())
    }

    fn with_path(path: String) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder, path, program: PathBuf::from(PROGRAM), version: "1.95.0", system: "Linux" }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let output = Command::new("/bin/sh")
            .arg(SCRIPT)
            .args(args)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.home())
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("AWS_MCP_INSTALL_WAIT", if self.slow() { "2" } else { "60" })
            .env("STUB_LOG", self.folder.path().join("log"))
            .env("STUB_PROGRAM", &self.program)
            .env("STUB_VERSION", self.version)
            .env("STUB_SYSTEM", self.system)
            .current_dir(self.home())
            .output()
            .unwrap();
        let left: Vec<_> = fs::read_dir(self.folder.path().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn slow(&self) -> bool {
        self.program.ends_with("silent")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn bin(&self) -> PathBuf {
        self.home().join(".cargo/bin/aws-mcp")
    }

    fn config_file(&self) -> PathBuf {
        let base =
            if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        let folder = self.home().join(base).join("Claude");
        folder.join("claude_desktop_config.json")
    }

    fn write_config(&self, text: &str) {
        let file = self.config_file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn config(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.config_file()).unwrap()).unwrap()
    }

    /// What cargo was asked for, without the questions about its version.
    fn cargo_calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let calls = log.lines().filter(|line| *line != "--version");
        calls.map(str::to_owned).collect()
    }

    fn assert_untouched(&self) {
        let left: Vec<_> = fs::read_dir(self.home()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(self.cargo_calls(), Vec::<String>::new());
    }
}

impl Outcome {
    #[track_caller]
    fn check(&self, code: i32, words: &[&str]) -> &Self {
        let Self { out, err, .. } = self;
        let said = format!("--- exit code {}\n--- out\n{out}\n--- err\n{err}", self.code);
        assert_eq!(self.code, code, "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in\n{said}");
        }
        self
    }

    #[track_caller]
    fn check_without(&self, words: &[&str]) {
        for word in words {
            let found = self.out.contains(word) || self.err.contains(word);
            assert!(!found, "{word:?} is in\n{}{}", self.out, self.err);
        }
    }
}

/// Our entry, as it should be.
fn entry(bin: &Path) -> Value {
    json!({"command": bin.canonicalize().unwrap(), "args": []})
}

/// The folders of stand-ins. They are written once and before anything is started: a script
/// that a sibling still has open for writing cannot be run.
fn stubs() -> &'static Path {
    static STUBS: OnceLock<PathBuf> = OnceLock::new();
    STUBS.get_or_init(|| {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("install-stubs");
        for (name, text) in [
            ("all/cargo", CARGO),
            ("all/cc", YES),
            ("all/xcode-select", YES),
            ("no-cargo/cc", YES),
            ("no-cargo/uname", UNAME),
            ("no-cargo/xcode-select", YES),
            ("no-compiler/cargo", CARGO),
            ("no-compiler/uname", UNAME),
            ("no-compiler/xcode-select", NO),
            ("fedora/cargo", CARGO),
            ("fedora/uname", UNAME),
            ("fedora/dnf", NO),
            ("lost/cargo", LOST),
            ("small/cargo", CARGO),
            ("small/cc", YES),
            ("small/uname", UNAME),
            ("small/xcode-select", YES),
            ("small/sysctl", SMALL),
            ("programs/silent", SILENT),
            ("programs/dying", DYING),
            ("programs/refusing", REFUSING),
        ] {
            let file = base.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        base
    })
}

#[test]
fn every_shell_accepts_it() {
    let mut tried = 0;
    for shell in ["sh", "dash", "bash", "ksh", "busybox"] {
        let mut command = Command::new(shell);
        if shell == "busybox" {
            command.arg("sh");
        }
        if let Ok(output) = command.args(["-n", SCRIPT]).output() {
            assert!(output.status.success(), "{shell}: {output:?}");
            tried += 1;
        }
    }
    assert!(tried > 0);
}

#[test]
fn a_fresh_machine_and_then_once_more() {
    let machine = Machine::new();
    let words = ["It answers:", "Done.", "start it again", "README.md"];
    machine.run(&[]).check(0, &words);
    let root = machine.home().join(".cargo");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
    let (source, root) = (source.display(), root.display());
    let call = format!("install --path {source} --locked --root {root}");
    assert_eq!(machine.cargo_calls(), [call.as_str()]);
    let expected = json!({"mcpServers": {"aws": entry(&machine.bin())}});
    assert_eq!(machine.config(), expected);

    let before = fs::read(machine.config_file()).unwrap();
    machine.run(&[]).check(0, &words);
    assert_eq!(fs::read(machine.config_file()).unwrap(), before);
    let folder = machine.config_file().parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "no backup needed");
    assert_eq!(machine.cargo_calls(), [call.as_str(), call.as_str()]);
}

#[test]
fn other_entries_stay() {
    let machine = Machine::new();
    let before = "{\"theme\": \"dark\", \"mcpServers\": {\"files\": {\"command\": \"npx\"}}}\n";
    machine.write_config(before);
    machine.run(&[]).check(0, &["Done."]);
    let expected = json!({
        "theme": "dark",
        "mcpServers": {"files": {"command": "npx"}, "aws": entry(&machine.bin())},
    });
    assert_eq!(machine.config(), expected);
    let mut backup = machine.config_file().into_os_string();
    backup.push(".aws-mcp-backup");
    assert_eq!(fs::read_to_string(backup).unwrap(), before);
}

#[test]
fn without_registering() {
    let machine = Machine::new();
    let outcome = machine.run(&["--no-register"]);
    outcome.check(0, &["It answers:", "Register it when you want to"]);
    outcome.check_without(&["Quit Claude Desktop"]);
    assert!(machine.bin().exists());
    assert!(!machine.config_file().exists());
}

#[test]
fn a_root_of_ones_own() {
    for (args, folder) in [
        (["--root", "my tools/"], "my tools"),
        (["--no-register", "--root=it's here"], "it's here"),
    ] {
        let machine = Machine::new();
        machine.run(&args).check(0, &["Done."]);
        let bin = machine.home().join(folder).join("bin/aws-mcp");
        assert!(bin.exists(), "{bin:?}");
        assert!(!machine.bin().exists());
        if args[0] == "--root" {
            let expected = json!({"mcpServers": {"aws": entry(&bin)}});
            assert_eq!(machine.config(), expected);
        }
    }
}

#[test]
fn a_dry_run_needs_nothing_and_writes_nothing() {
    let words = [
        "about 5 minutes",
        "would run: cargo install --path",
        "would run: ",
        "bin/aws-mcp register",
        "tools/call aws_server_status",
        "nothing was changed",
    ];
    let machine = Machine::new();
    machine.run(&["--dry-run"]).check(0, &words);
    machine.assert_untouched();

    let machine = Machine::bare("no-cargo");
    machine.run(&["--dry-run"]).check(0, &words);
    machine.assert_untouched();

    let machine = Machine::new();
    let outcome = machine.run(&["--dry-run", "--uninstall"]);
    outcome.check(0, &["nothing was changed"]);
    machine.assert_untouched();
}

#[test]
fn a_dry_uninstall_keeps_what_there_is() {
    let machine = Machine::new();
    machine.run(&[]).check(0, &["Done."]);
    let before = machine.config();
    let words = ["register --remove", "would run: cargo uninstall aws-mcp --root"];
    machine.run(&["--uninstall", "--dry-run"]).check(0, &words);
    assert_eq!(machine.config(), before);
    assert!(machine.bin().exists());
    assert_eq!(machine.cargo_calls().len(), 1);
}

#[test]
fn uninstalling_removes_only_ours() {
    let machine = Machine::new();
    machine.write_config(r#"{"mcpServers": {"files": {"command": "npx"}}, "x": [1]}"#);
    machine.run(&[]).check(0, &["Done."]);
    let kept = ["Kept", ".config/aws-mcp", ".local/state/aws-mcp"];
    machine.run(&["--uninstall"]).check(0, &kept);
    let expected = json!({"mcpServers": {"files": {"command": "npx"}}, "x": [1]});
    assert_eq!(machine.config(), expected);
    assert!(!machine.bin().exists());
    let call = format!("uninstall aws-mcp --root {}", machine.home().join(".cargo").display());
    assert_eq!(machine.cargo_calls().last(), Some(&call));

    machine.run(&["--uninstall"]).check(0, &["nothing to remove"]).check(0, &kept);
    assert_eq!(machine.config(), expected);
    assert_eq!(machine.cargo_calls().len(), 2);
}

#[test]
fn a_broken_configuration_is_left_alone() {
    let machine = Machine::new();
    let broken = "{ \"mcpServers\": { // mine\n } }";
    machine.write_config(broken);
    let words =
        ["claude_desktop_config.json", "line 1", "could not be registered", "--no-register"];
    machine.run(&[]).check(1, &words);
    assert_eq!(fs::read_to_string(machine.config_file()).unwrap(), broken);
    assert_eq!(fs::read_dir(machine.config_file().parent().unwrap()).unwrap().count(), 1);

    let words = ["could not be removed", "Nothing was uninstalled", "--no-register"];
    machine.run(&["--uninstall"]).check(1, &words);
    assert!(machine.bin().exists());
    machine.run(&["--uninstall", "--no-register"]).check(0, &["Kept"]);
    assert!(!machine.bin().exists());
    assert_eq!(fs::read_to_string(machine.config_file()).unwrap(), broken);
}

#[test]
fn without_rust_it_says_how_to_get_it() {
    for system in ["Linux", "Darwin"] {
        let mut machine = Machine::bare("no-cargo");
        machine.system = system;
        let words =
            ["Rust (cargo) was not found", "https://sh.rustup.rs | sh", "Nothing was installed"];
        machine.run(&[]).check(2, &words).check_without(&["C compiler was not"]);
        machine.assert_untouched();
    }
}

#[test]
fn cargo_is_found_where_rustup_puts_it() {
    let machine = Machine::bare("no-cargo");
    let folder = machine.home().join(".cargo/bin");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(stubs().join("all/cargo"), folder.join("cargo")).unwrap();
    machine.run(&["--dry-run"]).check(0, &["cargo: there"]).check_without(&["missing"]);
}

#[test]
fn a_cargo_without_a_toolchain_is_not_enough() {
    let mut machine = Machine::new();
    machine.path = format!("{}:{}", stubs().join("lost").display(), machine.path);
    let words = ["no default toolchain", "rustup default stable"];
    machine.run(&[]).check(2, &words);
    machine.assert_untouched();
}

#[test]
fn an_old_cargo_is_not_enough() {
    for (version, code) in [
        ("1.94.0", 2),
        ("1.9.9", 2),
        ("0.99.99", 2),
        ("1.94", 2),
        ("1.94.1", 0),
        ("1.100.0", 0),
        ("1.95.0-nightly", 0),
        ("2.0", 0),
    ] {
        let mut machine = Machine::new();
        machine.version = version;
        let said = if code == 0 { "Done." } else { "1.94.1 or later is needed" };
        machine.run(&["--no-register"]).check(code, &[said, version]);
    }
}

#[test]
fn without_a_compiler_it_says_how_to_get_one() {
    let lines = ["apt-get install build-essential", "dnf install gcc", "base-devel", "build-base"];
    for (folder, system, expected) in [
        ("no-compiler", "Linux", &lines[..]),
        ("fedora", "Linux", &["sudo dnf install gcc"]),
        ("no-compiler", "Darwin", &["xcode-select --install"]),
    ] {
        let mut machine = Machine::bare(folder);
        machine.system = system;
        let outcome = machine.run(&[]);
        outcome.check(2, expected).check(2, &["No C compiler was found"]);
        outcome.check_without(&["Rust (cargo) was not found"]);
        if folder == "fedora" {
            outcome.check_without(&["apt-get", "pacman"]);
        }
        machine.assert_untouched();
    }
}

#[test]
fn little_memory_is_worth_a_warning() {
    let mut machine = Machine::bare("small");
    machine.system = "Darwin";
    machine.run(&["--dry-run"]).check(0, &["warning: this machine has 4194 MB of memory"]);
}

#[test]
fn a_server_that_does_not_answer_is_a_failure() {
    for (name, words) in [
        ("silent", ["gave no answer within 2 seconds", "| still thinking"]),
        ("dying", ["ended with exit code 3 before it answered", "| out of luck"]),
        ("refusing", ["answered with an error", "no such tool"]),
    ] {
        let mut machine = Machine::new();
        machine.program = stubs().join("programs").join(name);
        let start = Instant::now();
        machine.run(&[]).check(1, &words).check_without(&["Done."]);
        assert!(start.elapsed() < Duration::from_secs(30), "{name}");
    }
}

#[test]
fn wrong_usage() {
    for (args, words) in [
        (&["--frobnicate"][..], ["unknown option: --frobnicate", "Usage:"]),
        (&["--root"], ["--root needs a folder", "Usage:"]),
        (&["--root", ""], ["--root needs a folder", "Usage:"]),
        (&["somewhere"], ["unknown option: somewhere", "Usage:"]),
    ] {
        let machine = Machine::new();
        machine.run(args).check(2, &words);
        machine.assert_untouched();
    }
    for flag in ["-h", "--help"] {
        Machine::new().run(&[flag]).check(0, &["Usage:", "--uninstall", "Exit codes"]);
    }
}
