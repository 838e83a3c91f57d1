//! Looks for newer models once a day while the server runs, where the user wants that
//! (`SMITHY_AUTO_SYNC`). On a thread of its own, so that no call waits; what is found is used at the
//! next start.

use std::time::Duration;

use super::sync::{Synced, When, sync};
use crate::config::{AutoSync, Config};
use crate::error::Error;

/// The client says hello first.
const FIRST: Duration = Duration::from_secs(5);
/// How often to look whether a day is over.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Starts it, if it is wanted. It ends with the process.
pub fn keep_current(config: &Config) {
    match config.models.auto_sync {
        AutoSync::Off => {}
        AutoSync::Daily => {
            let config = config.clone();
            let started = std::thread::Builder::new().name("models".into()).spawn(move || {
                std::thread::sleep(FIRST);
                loop {
                    look(&config);
                    std::thread::sleep(LOOK);
                }
            });
            if let Err(error) = started {
                tracing::warn!(%error, "newer models are not looked for");
            }
        }
    }
}

fn look(config: &Config) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let synced = match runtime {
        Ok(runtime) => runtime.block_on(sync(config, When::Due)),
        Err(error) => Err(Error::internal("newer models are not looked for.").caused_by(error)),
    };
    match synced {
        Ok(Synced::NotDue) => {}
        Ok(Synced::Held(commit)) => tracing::info!(%commit, "the models are those of the pin"),
        Ok(Synced::New(new)) => {
            let found = &new.differences;
            tracing::info!(
                from = new.manifest.source,
                new_services = found.new_services.len(),
                new_operations = found.new_operations.len(),
                changed_effects = found.changed_effects.len(),
                unusable = found.unusable.len(),
                left_out = found.left_out.len(),
                "newer models are used at the next start"
            );
        }
        Err(error) => {
            tracing::warn!(reason = error.message, next_step = %error.next_step, "no newer models");
        }
    }
}
