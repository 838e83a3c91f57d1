//! This test binary once more, as a process of its own that runs one ignored test: a second process
//! of the same program, in an environment that is known.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

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

/// Such a process that has told `ready`, and goes on until its stdin ends.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, out };
        let mut line = String::new();
        while line != "> ready\n" {
            line.clear();
            assert_ne!(running.out.read_line(&mut line).unwrap(), 0, "it ended");
        }
        running
    }

    /// What it has told since.
    pub fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        told(&rest)
    }
}
