//! The command line: one file per sub-command. `aws-mcp` alone is `aws-mcp serve`.

mod approve;
mod audit;
mod call;
mod iam_policy;
mod log;
mod models;
mod policy;
mod register;
mod serve;
pub mod terminal;
mod tools;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{self, Access, Clock, Environment, Flags, Resolved};

/// Exit codes, as published: done; the tool or the check says no; usage or configuration.
const DONE: u8 = 0;
const NO: u8 = 1;
const USAGE: u8 = 2;

/// AWS accounts for AI clients: an MCP server over stdin and stdout.
#[derive(Parser)]
#[command(name = "aws-mcp", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve MCP on stdin and stdout (the default)
    Serve,
    /// List the tools that the server would offer
    Tools {
        /// As the MCP client sees them: names, schemas, annotations
        #[arg(long)]
        json: bool,
    },
    /// Call one tool and print its answer
    Call {
        /// A tool's name; see `aws-mcp tools`
        tool: String,
        /// The tool's arguments as a JSON object; `-` reads them from stdin
        arguments: Option<String>,
    },
    /// Answer, in this terminal, what running servers ask
    Approve(approve::Options),
    /// Check, explain or test the policy
    Policy {
        #[command(subcommand)]
        action: policy::Action,
    },
    /// Read and verify the record of what was asked and done
    Audit {
        #[command(subcommand)]
        action: audit::Action,
    },
    /// Keep the models of AWS's services current
    Models {
        #[command(subcommand)]
        action: models::Action,
    },
    /// Print the least IAM policy that the offered tools need
    IamPolicy,
    /// Put this server into Claude Desktop's configuration
    Register(register::Options),
    /// Print a shell's completions
    Completions { shell: clap_complete::Shell },
}

#[derive(Args)]
struct Settings {
    /// Configuration file [default: ~/.config/aws-mcp/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Policy file [default: ~/.config/aws-mcp/policy.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Read NAME=value lines under the environment
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Toolsets to offer: core, ec2, ..., or all [default: all but audit]
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAMES")]
    toolsets: Option<Vec<String>>,
    /// Single tools to offer, besides --toolsets
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAMES")]
    tools: Option<Vec<String>>,
    /// Tools not to offer
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAMES")]
    exclude_tools: Option<Vec<String>>,
    /// Only read, whatever the policy allows
    #[arg(long, global = true)]
    read_only: bool,
}

impl Settings {
    fn into_flags(self) -> Flags {
        let access = if self.read_only { Access::ReadOnly } else { Access::AsPolicySays };
        Flags {
            config: self.config,
            policy: self.policy,
            env_file: self.env_file,
            toolsets: self.toolsets,
            tools: self.tools,
            exclude_tools: self.exclude_tools,
            access,
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let Arguments { settings, command } = Arguments::parse();
    let clock = Clock::system();
    let resolve = |settings: Settings| {
        let resolved = config::resolve(settings.into_flags(), Environment::of_process(), clock);
        resolved.environment.export();
        resolved
    };
    let code = match command {
        None | Some(Command::Serve) => serve::run(|| resolve(settings)),
        Some(Command::Tools { json }) => tools::run(resolve(settings), json),
        Some(Command::Call { tool, arguments }) => call::run(resolve(settings), &tool, arguments),
        Some(Command::Approve(options)) => {
            let state_dir = resolve(settings).config.state_dir;
            approve::run(&options, state_dir.as_deref(), &Environment::of_process(), clock)
        }
        Some(Command::Policy { action }) => policy::run(resolve(settings), &action),
        Some(Command::Audit { action }) => audit::run(resolve(settings), &action),
        Some(Command::Models { action }) => models::run(resolve(settings), &action),
        Some(Command::IamPolicy) => iam_policy::run(resolve(settings)),
        Some(Command::Register(options)) => register::run(&options, &Environment::of_process()),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "aws-mcp",
                &mut std::io::stdout(),
            );
            DONE
        }
    };
    ExitCode::from(code)
}

/// What a sub-command says of a broken configuration.
fn report(resolved: Resolved) -> Result<crate::tools::World, u8> {
    let world = crate::tools::World::new(resolved);
    if let Some(why) = world.catalog.problem() {
        eprintln!("aws-mcp: newer models are not used, those of this program are: {why}.");
    }
    match world.problem.clone().or_else(|| world.gate.problem()) {
        None => Ok(world),
        Some(problem) => {
            eprintln!("aws-mcp: {} {}", problem.message, problem.next_step);
            Err(USAGE)
        }
    }
}

/// Prints for a person or a pipe. A closed pipe (`| head`) is no failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
