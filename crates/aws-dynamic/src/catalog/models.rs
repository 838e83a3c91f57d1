//! The models of all services, packed one block each: a service is decoded when it is first asked
//! for, and then kept. Most sessions need a handful of them.
//!
//! The file: `AWSM` and a version byte; the lengths of the head's texts, numbers and frame (4 bytes
//! each, little endian); the sum of the frame (8 bytes); the frame, zstd; the blocks. The head's
//! texts: the provenance, then the names of the services, sorted; each ends in a byte 0. Its numbers,
//! for each service: the length of its block, of the block's numbers and of its texts as varints, and
//! the sum of its block (8 bytes). A block is one zstd frame of what `model::block` reads.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use crate::bytes::{Broken, Bytes, plausible, sum, unpack};
use crate::model::Service;

/// The packed models, written by `pack` from pinned sources.
static PACKED: &[u8] = include_bytes!("../../data/models.bin");

pub(super) const HEAD: &[u8] = b"AWSM\x01";

/// The models of all services.
#[derive(Debug)]
pub struct Models {
    packed: Cow<'static, [u8]>,
    sources: String,
    /// Sorted by name.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    /// Where in the file its block is.
    start: usize,
    length: usize,
    /// Lengths of what the block unpacks to.
    numbers: usize,
    texts: usize,
    sum: u64,
    service: OnceLock<Result<Service, Broken>>,
}

impl Models {
    /// The models of this build. The head is read at first use (under a millisecond).
    pub fn get() -> Result<&'static Self, &'static Broken> {
        static MODELS: LazyLock<Result<Models, Broken>> =
            LazyLock::new(|| Models::open(Cow::Borrowed(PACKED)));
        MODELS.as_ref()
    }

    /// Reads the head of packed models. Fails, and does no more than that, on whatever is not one;
    /// what is wrong with a block is said when its service is asked for.
    pub fn open(packed: Cow<'static, [u8]>) -> Result<Self, Broken> {
        let mut bytes = Bytes(&packed);
        if bytes.take(HEAD.len())? != HEAD {
            return Err(Broken::new("it does not begin as models of this version do"));
        }
        let texts = bytes.array().map(u32::from_le_bytes)? as usize;
        let numbers = bytes.array().map(u32::from_le_bytes)? as usize;
        let frame = bytes.array().map(u32::from_le_bytes)? as usize;
        let expected = bytes.array().map(u64::from_le_bytes)?;
        let frame = bytes.take(frame)?;
        if sum(frame) != expected {
            return Err(Broken::new("its sum is wrong"));
        }
        let mut head = unpack(frame, plausible(texts.saturating_add(numbers))?)?;
        let numbers = head.split_off(texts.min(head.len()));
        let head = String::from_utf8(head).map_err(|_| Broken::new("its text is not UTF-8"))?;
        let (sources, entries) = entries(&head, &numbers, packed.len() - bytes.0.len())?;
        if entries.last().is_some_and(|last| last.start + last.length != packed.len()) {
            return Err(Broken::new("something is left over"));
        }
        Ok(Self { packed, sources, entries })
    }

    /// What the models were made from: source, version, date, licence and hash, and the counts.
    pub fn sources(&self) -> &str {
        &self.sources
    }

    /// The names of all services, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The service of a canonical name, as `Index` has it; decoded at first use (some milliseconds)
    /// and kept. Fails if its block is damaged.
    pub fn service(&self, name: &str) -> Option<Result<&Service, &Broken>> {
        let place = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        let entry = self.entries.get(place)?;
        Some(entry.service.get_or_init(|| self.decode(entry)).as_ref())
    }

    fn decode(&self, entry: &Entry) -> Result<Service, Broken> {
        let Entry { name, start, length, numbers, texts, .. } = entry;
        let decoded = || {
            let block = self.packed.get(*start..start + length);
            let block = block.ok_or_else(|| Broken::new("its block is missing"))?;
            if sum(block) != entry.sum {
                return Err(Broken::new("its sum is wrong"));
            }
            let payload = unpack(block, plausible(numbers.saturating_add(*texts))?)?;
            Service::decode(name, payload, *numbers)
        };
        decoded().map_err(|broken| broken.of(name))
    }
}

/// The provenance, and the services with their places; the first block stands at `start`.
fn entries(head: &str, numbers: &[u8], mut start: usize) -> Result<(String, Vec<Entry>), Broken> {
    let head = head.strip_suffix('\0').ok_or_else(|| Broken::new("its head is cut"))?;
    let mut texts = head.split('\0');
    let sources = texts.next().unwrap_or_default().to_owned();
    let mut numbers = Bytes(numbers);
    let mut entries: Vec<Entry> = Vec::new();
    for name in texts {
        if entries.last().is_some_and(|last| last.name.as_str() >= name) {
            return Err(Broken::new("its services are not sorted"));
        }
        let entry = Entry {
            name: name.to_owned(),
            start,
            length: numbers.varint()?,
            numbers: numbers.varint()?,
            texts: numbers.varint()?,
            sum: numbers.array().map(u64::from_le_bytes)?,
            service: OnceLock::new(),
        };
        start += entry.length;
        entries.push(entry);
    }
    if !numbers.0.is_empty() {
        return Err(Broken::new("its head is too long"));
    }
    Ok((sources, entries))
}

#[cfg(test)]
mod tests;
