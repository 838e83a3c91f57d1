//! `aws-mcp models status | sync | pin | unpin | build`: AWS adds operations every day, and this
//! brings them without a new program. Nothing but these commands, and the server's own daily look where
//! the user wants one, ever starts a download; no tool does.

mod daily;
mod fetch;
mod place;
mod sync;

use std::path::PathBuf;

use aws_dynamic::catalog::Index;
use aws_dynamic::catalog::newer::{Manifest, NewerError};
use clap::Subcommand;

pub use daily::keep_current;

use self::place::Place;
use self::sync::{New, Synced, When};
use crate::config::{AutoSync, Config, ModelSettings, Reference, Resolved, rfc3339};
use crate::error::{Error, Kind, Result};
use crate::gate::visible;

/// What to do with the models.
#[derive(Subcommand)]
pub enum Action {
    /// Say which models are used, and where they are from; exits 1 if newer ones cannot be used or kept
    Status,
    /// Bring newer models from AWS's repository, and say what is new
    Sync,
    /// Have sync keep to a commit, a tag or a branch
    Pin {
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Have sync bring the newest again
    Unpin,
    /// Take models from a folder or tarball of Smithy models, or from botocore's source distribution
    Build {
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
}

/// Does it and prints it.
pub fn run(resolved: Resolved, action: &Action) -> u8 {
    let Resolved { config, problem, .. } = resolved;
    match problem.map_or_else(|| act(&config, action), Err) {
        Ok((text, code)) => {
            // Names in it are from strangers' models.
            super::print(&visible(&text));
            code
        }
        Err(error) => {
            let told = format!("aws-mcp: {} {}", error.message, error.next_step);
            eprintln!("{}", visible(told.trim_end()));
            if error.kind == Kind::ConfigError { super::USAGE } else { super::NO }
        }
    }
}

fn act(config: &Config, action: &Action) -> Result<(String, u8)> {
    let settings = &config.models;
    match action {
        Action::Status => status(settings),
        Action::Sync => {
            let runtime = super::runtime().map_err(|error| {
                Error::internal("the program cannot start its threads.").caused_by(error)
            })?;
            let text = match runtime.block_on(sync::sync(config, When::Now))? {
                Synced::NotDue => String::new(),
                Synced::Held(commit) => {
                    format!("pinned to {commit}, which is what is used; nothing was brought\n")
                }
                Synced::New(new) => told(&new),
            };
            Ok((text, super::DONE))
        }
        Action::Pin { reference } => {
            let reference = Reference::parse(reference)?;
            // Whether it can be had at all from where the settings say.
            settings.source.address(Some(&reference))?;
            let place = Place::of(settings)?;
            place.set_pin(Some(&reference), &place.turn()?)?;
            let mut text = format!("pinned to {reference}; `aws-mcp models sync` brings it\n");
            if !reference.is_commit() {
                text.push_str("a tag or a branch can be moved by others; a commit cannot\n");
            }
            Ok((text, super::DONE))
        }
        Action::Unpin => {
            let place = Place::of(settings)?;
            if place.path().exists() {
                place.set_pin(None, &place.turn()?)?;
            }
            Ok(("not pinned; `aws-mcp models sync` brings the newest\n".to_owned(), super::DONE))
        }
        Action::Build { path } => {
            let pin = Place::of(settings)?.pin()?;
            let mut text = told(&sync::build(settings, config.clock, path)?);
            if let Some(pin) = pin {
                text.push_str(&format!(
                    "the pin to {pin} is for sync alone: these models are used until the next one\n"
                ));
            }
            Ok((text, super::DONE))
        }
    }
}

fn status(settings: &ModelSettings) -> Result<(String, u8)> {
    let place = Place::of(settings)?;
    let (mut text, mut code) = (String::new(), super::DONE);
    match place.newer() {
        Ok(newer) => {
            text.push_str("newer models are used\n");
            text.push_str(&had(newer.manifest()));
            let Manifest { unusable, left_out, .. } = newer.manifest();
            for (what, services) in
                [("unusable", unusable), ("left out; what was known stays", left_out)]
            {
                for service in services {
                    text.push_str(&format!("{what}: {service}\n"));
                }
            }
        }
        Err(error) => {
            let index = Index::embedded().map_err(|broken| {
                Error::internal("the catalog of operations cannot be read.").caused_by(broken)
            })?;
            let operations: usize = index.services().iter().map(|s| s.operations().len()).sum();
            text.push_str(&format!(
                "the models of this program are used: {} services, {operations} operations\n",
                index.services().len()
            ));
            // Where none are, they must at least be able to be.
            let problem = match error {
                NewerError::Absent { .. } => {
                    place.check().err().map(|e| format!("cannot be put here: {}", e.message))
                }
                NewerError::Refused { .. }
                | NewerError::Outdated { .. }
                | NewerError::Source(_)
                | NewerError::Unwritten(_) => Some(format!("are not used: {error}")),
            };
            if let Some(problem) = problem {
                code = super::NO;
                text.push_str(&format!("! newer models {problem}\n"));
            }
        }
    }
    text.push_str(&format!("folder: {}\n", place.path().display()));
    let pin = place.pin()?;
    let reference = pin.as_ref().or(settings.reference.as_ref());
    text.push_str(&format!("sync from: {}\n", settings.source.address(reference)?));
    let pin = pin.map_or("no".to_owned(), |pin| format!("to {pin}"));
    text.push_str(&format!("pinned: {pin}\n"));
    if let Some(tried) = place.tried() {
        text.push_str(&format!("last sync begun: {}\n", rfc3339(tried)));
    }
    text.push_str(match settings.auto_sync {
        AutoSync::Off => "auto sync: off\n",
        AutoSync::Daily => "auto sync: once a day, while a server runs\n",
    });
    Ok((text, code))
}

/// What was brought, and what is new in it.
fn told(new: &New) -> String {
    let New { manifest, differences } = new;
    format!("{}{differences}used from the next start of a server on\n", had(manifest))
}

fn had(manifest: &Manifest) -> String {
    let Manifest { source, reference, date, sha256, read, services, operations, .. } = manifest;
    let commit = reference.as_deref().unwrap_or("not said by the source");
    format!(
        "from: {source}\ncommit: {commit}\nhad on: {date}\nsha256: {sha256}\n\
         models of {read} services read; {services} services, {operations} operations with those of this \
         program\n"
    )
}
