//! Writes what `models` reads.

use std::io::{Error, Result};

use super::blocks::{self, NewBlock};
use super::models::HEAD;
use crate::bytes::Packing;
use crate::import::facts::Service;
use crate::model::write;

/// Packs services: the same bytes for the same facts, in whatever order they come. Fails if the
/// facts contradict themselves.
pub fn encode(sources: &str, services: Vec<Service>, packing: Packing) -> Result<Vec<u8>> {
    let blocks = services.iter().map(|service| block(service, packing)).collect::<Result<_>>()?;
    of_blocks(sources, blocks, packing)
}

/// The block of a service.
pub(super) fn block(service: &Service, packing: Packing) -> Result<NewBlock> {
    let about = |error| Error::other(format!("{}: {error}", service.name));
    let [numbers, cells] = write::encode(service).map_err(about)?;
    NewBlock::new(&service.name, &numbers, &cells, packing)
}

/// Packs blocks that were made before.
pub(super) fn of_blocks(sources: &str, blocks: Vec<NewBlock>, packing: Packing) -> Result<Vec<u8>> {
    blocks::encode(HEAD, sources, blocks, packing)
}
