//! `aws-mcp register`: puts this server into Claude Desktop's configuration, or takes it out.

mod desktop;

use std::path::PathBuf;

use self::desktop::{Action, Change, Mode};
use crate::config::Environment;

#[derive(clap::Args)]
pub struct Options {
    /// Take it out again
    #[arg(long)]
    remove: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Another file than Claude Desktop's own
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
}

/// Does it and prints one line of what was done.
pub fn run(options: &Options, env: &Environment) -> u8 {
    match register(options, env) {
        Ok(line) => {
            super::print(&format!("{line}\n"));
            super::DONE
        }
        Err(why) => {
            eprintln!("aws-mcp: {why}");
            super::NO
        }
    }
}

fn register(options: &Options, env: &Environment) -> Result<String, String> {
    let command = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|e| format!("where this program lies cannot be found out: {e}"))?;
    let path = match &options.config_file {
        Some(path) => path.clone(),
        None => {
            desktop::config_path(std::env::consts::OS, |name| env.get(name).map(str::to_owned))?
        }
    };
    let action = if options.remove { Action::Remove } else { Action::Add };
    let mode = if options.dry_run { Mode::DryRun } else { Mode::Write };
    let report = desktop::apply(&path, action, &command, mode)?;
    let would = if options.dry_run { "would be " } else { "" };
    let done = match report.change {
        Change::Added => "added to",
        Change::Updated => "updated in",
        Change::Removed => "removed from",
        Change::Unchanged => return Ok(format!("nothing to change in {}", report.path.display())),
    };
    let backup = match report.backup {
        Some(backup) => format!(" (the file before: {})", backup.display()),
        None => String::new(),
    };
    Ok(format!("aws-mcp {would}{done} {}{backup}", report.path.display()))
}
