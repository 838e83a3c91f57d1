//! This test binary once more, as a process of its own that runs one ignored test: a second process
//! of the same program, in an environment that is known.

use std::io::Write;
use std::process::Command;

/// Which part the process plays; read by the test that is run.
pub const PART: &str = "AWS_MCP_TEST_PART";

pub fn again(test: &str, part: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a test's own binary")]
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", test])
        .env_clear()
        .env(PART, part);
    command
}

/// Says a line to the test that started this process.
pub fn tell(line: &str) {
    // The harness's own words may stand on the line before.
    let mut out = std::io::stdout();
    writeln!(out, "\n> {line}").unwrap();
    out.flush().unwrap();
}

/// The lines that were told.
pub fn told(output: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned).collect()
}
