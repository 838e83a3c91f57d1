//! What newer models change, for people to look at before they trust them.

use std::fmt;

use super::manifest::LeftOut;
use super::{Manifest, Newer};
use crate::catalog::{Effect, Index, Operation};

/// What is different in newer models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub new_services: Vec<String>,
    /// Of known services, and of new ones.
    pub new_operations: Vec<Named>,
    /// Services and operations that are gone; never of the embedded catalog.
    pub gone: Vec<String>,
    pub changed_effects: Vec<Changed>,
    pub left_out: Vec<LeftOut>,
    pub unusable: Vec<LeftOut>,
    pub notes: Vec<String>,
}

/// An operation with its effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub service: String,
    pub operation: String,
    /// That of the worst arguments.
    pub effect: Effect,
}

/// An operation whose effect is another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    pub service: String,
    pub operation: String,
    pub from: Effect,
    pub to: Effect,
}

/// What `new` has otherwise than `old`: the embedded catalog, or that of earlier newer models.
pub fn differences(old: &Index, new: &Newer) -> Differences {
    let Manifest { left_out, unusable, notes, .. } = new.manifest().clone();
    let mut found = Differences { left_out, unusable, notes, ..Differences::default() };
    for service in new.index().services() {
        let name = service.name();
        let known = old.service(name).filter(|known| known.name() == name);
        if known.is_none() {
            found.new_services.push(name.to_owned());
        }
        for operation in service.operations() {
            match known.and_then(|known| known.operation(operation.name())) {
                None => found.new_operations.push(named(name, operation)),
                Some(known) => {
                    let pairs = [
                        (known.effect(), operation.effect()),
                        (known.weakest(), operation.weakest()),
                    ];
                    let changed = pairs.into_iter().find(|(from, to)| from != to);
                    found.changed_effects.extend(changed.map(|(from, to)| Changed {
                        service: name.to_owned(),
                        operation: operation.name().to_owned(),
                        from,
                        to,
                    }));
                }
            }
        }
    }
    for service in old.services() {
        match new.index().service(service.name()) {
            None => found.gone.push(service.name().to_owned()),
            Some(newer) => {
                let is_gone = |operation: &&Operation| newer.operation(operation.name()).is_none();
                let gone = service.operations().iter().filter(is_gone);
                found.gone.extend(gone.map(|o| format!("{}:{}", service.name(), o.name())));
            }
        }
    }
    found
}

impl Differences {
    /// Whether the catalog is the same.
    pub fn is_empty(&self) -> bool {
        self.new_services.is_empty()
            && self.new_operations.is_empty()
            && self.gone.is_empty()
            && self.changed_effects.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            writeln!(f, "no new services or operations, no other effects")?;
        }
        list(f, "new services", &self.new_services)?;
        list(f, "new operations", &self.new_operations)?;
        list(f, "effects that changed", &self.changed_effects)?;
        list(f, "gone", &self.gone)?;
        list(f, "unusable", &self.unusable)?;
        list(f, "left out; what was known of them stays", &self.left_out)?;
        list(f, "notes", &self.notes)
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({})", self.service, self.operation, self.effect.word())
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, from, to } = self;
        write!(f, "{service}:{operation} from {} to {}", from.word(), to.word())
    }
}

fn list(f: &mut fmt::Formatter<'_>, head: &str, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "{head} ({}):", items.len())?;
    items.iter().try_for_each(|item| writeln!(f, "  {item}"))
}

fn named(service: &str, operation: &Operation) -> Named {
    let (service, effect) = (service.to_owned(), operation.effect());
    Named { service, operation: operation.name().to_owned(), effect }
}
