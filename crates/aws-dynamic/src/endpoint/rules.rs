//! The rules of all services, packed as one block, because they are much alike: together they take a
//! tenth of what each for itself would. The block is unpacked at the first use of any of them, and a
//! service's rules are read at their own first use.

use std::sync::{LazyLock, OnceLock};

use super::packed::{self, Payload};
use super::partition::Partitions;
use super::tree::RuleSet;
use crate::catalog::{Broken, installed};

/// The packed rules, written by `pack` from pinned sources.
pub(super) static PACKED: &[u8] = include_bytes!("../../data/endpoints.bin");

/// The endpoint rules of all services.
#[derive(Debug)]
pub struct Rules<'p> {
    pub(super) sources: &'p str,
    pub(super) partitions: Partitions<'p>,
    /// Sorted by name.
    pub(super) services: Vec<Service<'p>>,
}

#[derive(Debug)]
pub(super) struct Service<'p> {
    pub(super) name: &'p str,
    pub(super) body: &'p [u8],
    pub(super) rules: OnceLock<Result<RuleSet<'p>, Broken>>,
}

impl Rules<'static> {
    /// The rules that count: those that were installed, else those of this build.
    pub fn get() -> Result<&'static Self, &'static Broken> {
        match installed::get() {
            Some(installed) => Ok(installed.rules()),
            None => Self::embedded(),
        }
    }

    /// The rules of this build.
    pub fn embedded() -> Result<&'static Self, &'static Broken> {
        static PAYLOAD: LazyLock<Result<Payload, Broken>> =
            LazyLock::new(|| Payload::unpack(PACKED));
        static RULES: LazyLock<Result<Rules<'static>, Broken>> =
            LazyLock::new(|| Rules::read(PAYLOAD.as_ref().map_err(Broken::clone)?));
        RULES.as_ref()
    }
}

impl<'p> Rules<'p> {
    /// Reads what was unpacked, all but the rules themselves.
    pub fn read(payload: &'p Payload) -> Result<Self, Broken> {
        packed::read(payload)
    }

    /// What the rules were made from: name, version, hash and licence, and their counts.
    pub fn sources(&self) -> &str {
        self.sources
    }

    /// What `RuleSet::resolve` needs beside parameters.
    pub fn partitions(&self) -> &Partitions<'p> {
        &self.partitions
    }

    /// The canonical names of all services, sorted.
    pub fn services(&self) -> impl Iterator<Item = &'p str> {
        self.services.iter().map(|service| service.name)
    }

    /// The rules of a service, by its canonical name (`catalog::Service::name`). None if there are
    /// none for it; an error if they cannot be read.
    pub fn of(&self, service: &str) -> Result<Option<&RuleSet<'p>>, &Broken> {
        let place = self.services.binary_search_by(|other| other.name.cmp(service));
        let Some(service) = place.ok().and_then(|place| self.services.get(place)) else {
            return Ok(None);
        };
        service.rules.get_or_init(|| packed::rule_set(service.body)).as_ref().map(Some)
    }
}
