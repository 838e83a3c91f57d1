//! aws-mcp: an engineer's AWS accounts for AI clients, over MCP. No logic here: see ARCHITECTURE.md.

mod accounts;
mod cli;
mod config;
mod error;
mod gate;
mod server;
mod tools;

fn main() -> std::process::ExitCode {
    cli::run()
}

/// What tests of several rooms share with those of the shipped binary.
#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "../tests/support"]
mod rig {
    pub mod again;
    pub mod pty;
}
