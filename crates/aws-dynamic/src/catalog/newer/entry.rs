//! What the merged index says of a service: as the embedded one has it, and what newer facts add.

use std::collections::{BTreeMap, BTreeSet};

use super::{intake, route};
use crate::catalog::write::{NewOperation, NewService};
use crate::catalog::{Effect, Retry, Service};
use crate::import::facts;
use crate::model::terms::Protocol;

/// A request that may reach a known operation is one of it.
pub(super) fn reach(
    operation: &mut NewOperation,
    query: &intake::Query,
    service: &facts::Service,
    known: &Service,
    before: &BTreeMap<String, facts::Operation>,
    protocol: Protocol,
) {
    let Some(facts) = service.operations.get(&operation.name) else { return };
    for (name, other) in before.iter().filter(|(name, _)| **name != operation.name) {
        if !route::may_be(protocol, facts, query, other) {
            continue;
        }
        if let Some(known) = known.operation(name) {
            operation.effect = operation.effect.max(known.effect());
            operation.changes |= known.changes();
        }
    }
    if operation.changes && operation.retry == Retry::Read {
        operation.retry = Retry::No;
    }
}

/// What repeats calls is there for reads alone: waiters, and the pages of new operations.
pub(super) fn keep_harmless(
    service: &mut facts::Service,
    entry: &NewService,
    added: &[String],
    old_waiters: &BTreeSet<&String>,
) {
    let strongest = |operation: &NewOperation| {
        operation.conditions.iter().fold(operation.effect, |all, (effect, _)| all.max(*effect))
    };
    let reads: BTreeSet<&str> = entry
        .operations
        .iter()
        .filter(|operation| strongest(operation) == Effect::Read && !operation.changes)
        .map(|operation| operation.name.as_str())
        .collect();
    service.waiters.retain(|name, waiter| {
        old_waiters.contains(name) || reads.contains(waiter.operation.as_str())
    });
    for name in added.iter().filter(|name| !reads.contains(name.as_str())) {
        if let Some(operation) = service.operations.get_mut(name) {
            operation.paginator = None;
        }
    }
}

/// An embedded service, as it is written.
pub(super) fn of_known(known: &Service) -> NewService {
    let owned = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::to_owned).collect();
    let operations = known.operations().iter().map(|operation| NewOperation {
        name: operation.name().to_owned(),
        actions: owned(&mut operation.actions()),
        sensitive: owned(&mut operation.sensitive()),
        effect: operation.weakest(),
        conditions: operation
            .conditions()
            .map(|(effect, when)| (effect, when.to_owned()))
            .collect(),
        changes: operation.changes(),
        retry: operation.retry(),
    });
    NewService {
        name: known.name().to_owned(),
        aliases: owned(&mut known.aliases()),
        global: known.is_global(),
        operations: operations.collect(),
    }
}

pub(super) fn add_sensitive(operation: &mut NewOperation, marked: BTreeSet<String>) {
    if !marked.iter().all(|name| operation.sensitive.contains(name)) {
        let all: BTreeSet<String> = operation.sensitive.drain(..).chain(marked).collect();
        operation.sensitive = all.into_iter().collect();
    }
}
