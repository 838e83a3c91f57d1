//! `aws-mcp serve`: what a host starts.

use std::io::IsTerminal;
use std::sync::Arc;

use crate::config::{AutoApprove, Resolved};
use crate::gate::audit::outlive_file_limits;
use crate::server::{self, Host, Stdio};
use crate::tools::World;

const ON_A_TERMINAL: &str = "\
aws-mcp is a server that MCP hosts (Claude Desktop, Claude Code, Cursor, VS Code) start by themselves;
on a terminal there is nobody to talk to it. You may have meant:

  aws-mcp register                     put it into Claude Desktop's configuration
  aws-mcp tools                        see what it offers
  aws-mcp call aws_get_account_info    call a tool from here
  aws-mcp --help                       everything else
";

/// Serves, then ends the process: threads that wait for the host's pipes cannot be joined.
pub fn run(resolve: impl FnOnce() -> Resolved) -> u8 {
    let host = Host::of_this_process();
    if std::io::stdin().is_terminal() {
        eprint!("{ON_A_TERMINAL}");
        return super::USAGE;
    }
    let stdio = match Stdio::take() {
        Ok(stdio) => stdio,
        Err(error) => {
            eprintln!(
                "aws-mcp: stdin or stdout cannot be used: {error}. Start it from an MCP host."
            );
            return super::USAGE;
        }
    };
    let resolved = resolve();
    let log = super::log::start(resolved.config.log);
    let world = Arc::new(World::new(resolved));
    if let Some(problem) = world.problem.clone().or_else(|| world.gate.problem()) {
        tracing::error!(reason = problem.message, next_step = %problem.next_step, "configuration");
    }
    if let Some(why) = world.catalog.problem() {
        tracing::warn!(why, "newer models are not used, those of this program are");
    }
    if world.config.auto_approve == AutoApprove::WriteAndDestructive {
        tracing::warn!(
            "AWS_MCP_AUTO_APPROVE_DESTRUCTIVE is on: writes and deletions run without a person's yes"
        );
    }
    let served = super::runtime().and_then(|runtime| {
        let served = runtime.block_on(async {
            // Files that may not grow any more are an error of theirs, not this process's end.
            if let Err(error) = outlive_file_limits() {
                tracing::warn!(%error, "a limit of file sizes would end the server");
            }
            world.copy_audit();
            world.gate.look_back();
            if world.problem.is_none() && world.gate.problem().is_none() {
                super::models::keep_current(&world.config);
            }
            let served = server::serve(world.clone(), stdio, host).await;
            world.gate.end().await;
            served
        });
        // Calls under way hold the runtime; the process ends without them.
        runtime.shutdown_background();
        served
    });
    if let Err(error) = &served {
        tracing::error!(%error, "the server could not run");
    }
    log.finish();
    std::process::exit(i32::from(if served.is_ok() { super::DONE } else { super::USAGE }));
}
