//! Writes what `models` reads. Behind the feature `pack`, so that no server carries a compressor.

use std::io::{Error, Result};

use super::models::HEAD;
use crate::bytes::{sum, varint};
use crate::import::facts::Service;
use crate::model::write;

/// Packs services: the same bytes for the same facts, in whatever order they come. Fails if the
/// facts contradict themselves.
pub fn encode(sources: &str, mut services: Vec<Service>) -> Result<Vec<u8>> {
    services.sort_by(|one, other| one.name.cmp(&other.name));
    let mut texts = format!("{sources}\0").into_bytes();
    let mut places = Vec::new();
    let mut blocks = Vec::new();
    for service in &services {
        let about = |error| Error::other(format!("{}: {error}", service.name));
        let [numbers, cells] = write::encode(service).map_err(about)?;
        let block = compressed(&[numbers.as_slice(), &cells].concat())?;
        texts.extend(service.name.as_bytes());
        texts.push(0);
        [block.len(), numbers.len(), cells.len()]
            .into_iter()
            .for_each(|length| varint(&mut places, length));
        places.extend(sum(&block).to_le_bytes());
        blocks.extend(block);
    }
    let frame = compressed(&[texts.as_slice(), &places].concat())?;
    let mut packed = HEAD.to_vec();
    for length in [texts.len(), places.len(), frame.len()] {
        packed.extend(u32::try_from(length).map_err(Error::other)?.to_le_bytes());
    }
    packed.extend(sum(&frame).to_le_bytes());
    packed.extend(frame);
    packed.extend(blocks);
    Ok(packed)
}

fn compressed(payload: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(payload, 22)
}
