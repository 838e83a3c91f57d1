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
