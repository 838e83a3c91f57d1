//! Whether a merged catalog says less than the embedded one: looked at when it is built, and again
//! each time it is opened, because files are easier to change than programs.

use std::collections::BTreeSet;

use super::Newer;
use crate::catalog::{Index, Operation, Retry, Service};

/// Says the first thing that is weaker.
pub(super) fn check(newer: &Newer) -> Result<(), String> {
    let embedded = Index::embedded().map_err(ToString::to_string)?;
    let merged = newer.index();
    for known in embedded.services() {
        let name = known.name();
        let service = merged.service(name).filter(|service| service.name() == name);
        let service = service.ok_or_else(|| format!("{name} is missing"))?;
        of_service(known, service).map_err(|what| format!("{name}: {what}"))?;
    }
    // A new service has no name that meant a known one.
    for service in merged.services().iter().filter(|s| embedded.service(s.name()).is_none()) {
        let mut names = std::iter::once(service.name()).chain(service.aliases());
        if let Some(name) = names.find(|name| !embedded.services_called(name).is_empty()) {
            return Err(format!("{name} is the name of another service"));
        }
    }
    Ok(())
}

fn of_service(known: &Service, service: &Service) -> Result<(), String> {
    if known.is_global() != service.is_global() || !known.aliases().eq(service.aliases()) {
        return Err("its names are not the same".to_owned());
    }
    for operation in known.operations() {
        let name = operation.name();
        let merged = service.operation(name).filter(|merged| merged.name() == name);
        let merged = merged.ok_or_else(|| format!("{name} is missing"))?;
        if is_weaker(operation, merged) {
            return Err(format!("{name} is weaker than it was"));
        }
    }
    Ok(())
}

fn is_weaker(known: &Operation, merged: &Operation) -> bool {
    let is_lost = |known: BTreeSet<&str>, merged: BTreeSet<&str>| !known.is_subset(&merged);
    let merged_conditions: Vec<_> = merged.conditions().collect();
    merged.weakest() < known.weakest()
        || merged.effect() < known.effect()
        || (known.changes() && !merged.changes())
        || !known.conditions().all(|condition| merged_conditions.contains(&condition))
        || is_lost(known.sensitive().collect(), merged.sensitive().collect())
        || is_lost(known.actions().collect(), merged.actions().collect())
        || !(merged.retry() == known.retry() || merged.retry() == Retry::No)
}
