//! `aws-mcp policy check | explain | test`: what a policy does, before a model finds out.

use std::path::{Path, PathBuf};

use aws_dynamic::catalog::Index;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::config::Resolved;
use crate::error::{Error, Kind, Result};
use crate::gate::{Asked, Cases, Policies, Settings, explain, review};

/// What to do with the policy.
#[derive(Subcommand)]
pub enum Action {
    /// Say what each rule resolves to, and which do nothing; exits 1 if one does
    Check,
    /// Say what happens to one call, and which rule decides
    Explain(Explain),
    /// Run cases of your own; exits 1 if one fails
    Test {
        /// A list of {name?, operation, account?, region?, profile?, role?, arguments?, expect, rule?}
        #[arg(value_name = "CASES.yaml")]
        cases: PathBuf,
    },
}

/// One call.
#[derive(Args)]
pub struct Explain {
    /// Such as ec2:TerminateInstances
    operation: String,
    /// The account's id or name; give both if the policy may have either
    #[arg(long, value_name = "ID_OR_NAME")]
    account: Vec<String>,
    #[arg(long)]
    region: Option<String>,
    #[arg(long)]
    profile: Option<String>,
    /// The ARN of a role that is assumed; it counts as one of another account
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// The API's arguments, where they decide the effect
    #[arg(long, value_name = "JSON")]
    arguments: Option<String>,
}

/// Does it and prints it.
pub fn run(resolved: Resolved, action: &Action) -> u8 {
    let world = match super::report(resolved) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let named = world.sessions.account_names();
    let known: Vec<&str> = named.iter().map(String::as_str).collect();
    // Everything that the account of an id or a name is known by.
    let names = |said: &str| {
        let means = |name: &str| world.sessions.accounts_named(name).unwrap_or_default();
        let ids = means(said);
        let same = |name: &&String| !means(name.as_str()).is_disjoint(&ids);
        let others = named.iter().filter(same).chain(&ids);
        [said.to_owned()].into_iter().chain(others.cloned()).collect()
    };
    act(action, &world.gate.policies, world.gate.settings, Some(&known), &names)
}

/// `accounts` are the names that accounts have, where they are known; `names` gives everything that an
/// account is known by.
fn act(
    action: &Action,
    policies: &Policies,
    settings: Settings,
    accounts: Option<&[&str]>,
    names: &dyn Fn(&str) -> Vec<String>,
) -> u8 {
    let done = match action {
        Action::Check => check(policies, accounts),
        Action::Explain(call) => explained(call, policies, settings, names),
        Action::Test { cases } => tested(cases, policies, settings, names),
    };
    match done {
        Ok((text, code)) => {
            super::print(&text);
            code
        }
        Err(error) => {
            eprintln!("aws-mcp: {} {}", error.message, error.next_step);
            super::USAGE
        }
    }
}

fn check(policies: &Policies, accounts: Option<&[&str]>) -> Result<(String, u8)> {
    let snapshot = policies.current()?;
    let index = index()?;
    let (mut text, mut code) = (String::new(), super::DONE);
    for (origin, policy) in snapshot.all() {
        let review = review(policy, index, accounts);
        text.push_str(&format!(
            "{}: mode {}, digest {}\n",
            origin.word(),
            policy.mode.word(),
            policy.digest()
        ));
        for line in &review.resolved {
            text.push_str(&format!("  {line}\n"));
        }
        for finding in &review.findings {
            code = super::NO;
            text.push_str(&format!("! {finding}\n"));
        }
    }
    Ok((text, code))
}

fn explained(
    call: &Explain,
    policies: &Policies,
    settings: Settings,
    names: &dyn Fn(&str) -> Vec<String>,
) -> Result<(String, u8)> {
    let accounts: Vec<String> = call.account.iter().flat_map(|said| names(said)).collect();
    let arguments = call.arguments.as_deref().map(parsed).transpose()?;
    let asked = Asked {
        operation: &call.operation,
        accounts: accounts.iter().map(String::as_str).collect(),
        region: call.region.as_deref(),
        profile: call.profile.as_deref(),
        role: call.role.as_deref(),
        arguments: arguments.as_ref(),
    };
    let lines = explain(&policies.current()?, settings, index()?, &asked)?;
    Ok((lines.join("\n") + "\n", super::DONE))
}

fn tested(
    path: &Path,
    policies: &Policies,
    settings: Settings,
    names: &dyn Fn(&str) -> Vec<String>,
) -> Result<(String, u8)> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("{}: {error}.", path.display());
        Error::new(Kind::ConfigError, message, "Name a file with cases.")
    })?;
    let cases = Cases::parse(&text, path)?;
    let tested = cases.test(&policies.current()?, settings, index()?, names)?;
    let mut text = String::new();
    for failed in &tested.failed {
        text.push_str(&format!("! {failed}\n"));
    }
    text.push_str(&format!("{} passed, {} failed\n", tested.passed, tested.failed.len()));
    Ok((text, if tested.failed.is_empty() { super::DONE } else { super::NO }))
}

fn parsed(arguments: &str) -> Result<Value> {
    serde_json::from_str(arguments).map_err(|error| {
        Error::invalid(
            format!("the arguments are not JSON: {error}."),
            "Quote them for the shell: '{\"desiredCount\": 0}'",
        )
    })
}

fn index() -> Result<&'static Index> {
    Index::get().map_err(|broken| {
        Error::internal("the catalog of operations cannot be read.").caused_by(broken)
    })
}

#[cfg(test)]
mod tests;
