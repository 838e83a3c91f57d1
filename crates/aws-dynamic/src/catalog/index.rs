//! Every service and operation of AWS, by the names that people use for them. A policy that cannot
//! name an operation cannot refuse it, so names are found generously; a name that could mean two
//! services is told apart by the caller, who knows whether to allow or to deny.

use std::sync::{Arc, LazyLock};

use super::installed;
use super::name;
use super::operation::{Operation, Span, Text};
use super::packed;
use crate::bytes::Broken;

/// The packed catalog, written by `pack` from pinned sources.
pub(super) static PACKED: &[u8] = include_bytes!("../../data/index.bin");

/// All services.
#[derive(Debug)]
pub struct Index {
    pub(super) text: Arc<Text>,
    pub(super) sources: Span,
    /// Sorted by name.
    pub(super) services: Vec<Service>,
}

/// A service with its operations.
#[derive(Debug)]
pub struct Service {
    pub(super) text: Arc<Text>,
    pub(super) name: Span,
    /// Separated by tabs.
    pub(super) aliases: Span,
    pub(super) global: bool,
    /// Sorted by name.
    pub(super) operations: Vec<Operation>,
}

impl Index {
    /// The catalog that counts: the one that was installed, else that of this build.
    pub fn get() -> Result<&'static Self, &'static Broken> {
        match installed::get() {
            Some(installed) => Ok(installed.index()),
            None => Self::embedded(),
        }
    }

    /// The catalog of this build, decoded at first use (some milliseconds, under 5 MB).
    pub fn embedded() -> Result<&'static Self, &'static Broken> {
        static INDEX: LazyLock<Result<Index, Broken>> = LazyLock::new(|| Index::decode(PACKED));
        INDEX.as_ref()
    }

    /// Decodes a packed catalog. Fails, and does no more than that, on whatever is not one.
    pub fn decode(packed: &[u8]) -> Result<Self, Broken> {
        packed::decode(packed)
    }

    /// What the catalog was made from: names, versions, hashes and licences, and its counts.
    pub fn sources(&self) -> &str {
        self.text.of(self.sources)
    }

    /// All services, sorted by name.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of a name: the one whose canonical name it is, else the one that alone has it as
    /// an alias.
    pub fn service(&self, name: &str) -> Option<&Service> {
        match self.services_called(name).as_slice() {
            [service] => Some(service),
            _ => None,
        }
    }

    /// All services that a name may mean: the one whose canonical name it is, else all that have it
    /// as an alias.
    pub fn services_called(&self, name: &str) -> Vec<&Service> {
        let named = self.services.binary_search_by(|s| name::compare(s.name(), name)).ok();
        if let Some(service) = named.and_then(|position| self.services.get(position)) {
            return vec![service];
        }
        let has = |service: &&Service| service.aliases().any(|alias| name::same(alias, name));
        self.services.iter().filter(has).collect()
    }

    /// The operation of `service:Operation`.
    pub fn operation(&self, name: &str) -> Option<(&Service, &Operation)> {
        let (service, operation) = name.split_once(':')?;
        let service = self.service(service)?;
        Some((service, service.operation(operation)?))
    }
}

impl Service {
    /// The canonical name, which is that of the AWS CLI.
    pub fn name(&self) -> &str {
        self.text.of(self.name)
    }

    /// Other names of the service; some are those of other services as well.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.text.of(self.aliases).split('\t').filter(|alias| !alias.is_empty())
    }

    /// Whether it is one for all regions of a partition.
    pub fn is_global(&self) -> bool {
        self.global
    }

    /// All operations, sorted by name.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a name, as the API or the CLI writes it.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        let position = self.operations.binary_search_by(|o| name::compare(o.name(), name)).ok()?;
        self.operations.get(position)
    }
}
