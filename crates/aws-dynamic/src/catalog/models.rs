//! The models of all services; `blocks` tells how they are packed. A block is what `model::block`
//! reads.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::blocks::Blocks;
use super::installed;
use crate::bytes::Broken;
use crate::model::Service;

/// The packed models, written by `pack` from pinned sources.
pub(super) static PACKED: &[u8] = include_bytes!("../../data/models.bin");

pub(super) const HEAD: &[u8] = b"AWSM\x01";

/// The models of all services.
#[derive(Debug)]
pub struct Models(pub(super) Blocks<Service>);

impl Models {
    /// The models that count: those that were installed, else those of this build.
    pub fn get() -> Result<&'static Self, &'static Broken> {
        match installed::get() {
            Some(installed) => Ok(installed.models()),
            None => Self::embedded(),
        }
    }

    /// The models of this build. The head is read at first use (under a millisecond).
    pub fn embedded() -> Result<&'static Self, &'static Broken> {
        static MODELS: LazyLock<Result<Models, Broken>> =
            LazyLock::new(|| Models::open(Cow::Borrowed(PACKED)));
        MODELS.as_ref()
    }

    /// Reads the head of packed models. Fails, and does no more than that, on whatever is not one;
    /// what is wrong with a block is said when its service is asked for.
    pub fn open(packed: Cow<'static, [u8]>) -> Result<Self, Broken> {
        Blocks::open(packed, HEAD).map(Self)
    }

    /// What the models were made from: source, version, date, licence and hash, and the counts.
    pub fn sources(&self) -> &str {
        &self.0.sources
    }

    /// The names of all services, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The service of a canonical name, as `Index` has it; decoded at first use (some milliseconds)
    /// and kept. Fails if its block is damaged.
    pub fn service(&self, name: &str) -> Option<Result<&Service, &Broken>> {
        self.0.get(name, Service::decode)
    }

    /// Shows the service of a canonical name, which is decoded for that and not kept, unless it was
    /// before. Shows nothing of one that is not there or is damaged.
    pub(super) fn visit(&self, name: &str, show: impl FnOnce(&Service)) {
        self.0.visit(name, Service::decode, show);
    }

    /// The length of a block's numbers, and the block unpacked.
    #[cfg(test)]
    pub(crate) fn payload(&self, name: &str) -> Option<(usize, Vec<u8>)> {
        let entry = self.0.entries.iter().find(|entry| entry.name == name)?;
        let block = self.0.packed.get(entry.start..entry.start + entry.length)?;
        let payload = crate::bytes::unpack(block, entry.numbers + entry.texts).ok()?;
        Some((entry.numbers, payload))
    }
}

#[cfg(test)]
mod tests;
