//! Facts of services, packed one block each: a block is decoded when its service is first asked for,
//! and then kept. Most sessions need a handful of them.
//!
//! The file: four letters and a version byte; the lengths of the head's texts, numbers and frame (4
//! bytes each, little endian); the sum of the frame (8 bytes); the frame, zstd; the blocks. The head's
//! texts: the provenance, then the names of the services, sorted; each ends in a byte 0. Its numbers,
//! for each service: the length of its block, of the block's numbers and of its texts as varints, and
//! the sum of its block (8 bytes). A block is one zstd frame.

use std::borrow::Cow;
use std::io::{Error, Result as Written};
use std::sync::OnceLock;

use crate::bytes::{Broken, Bytes, Packing, plausible, sum, unpack, varint};

/// Packed blocks; of each, what it was decoded to.
#[derive(Debug)]
pub(super) struct Blocks<T> {
    pub packed: Cow<'static, [u8]>,
    pub sources: String,
    /// Sorted by name.
    pub entries: Vec<Entry<T>>,
}

#[derive(Debug)]
pub(super) struct Entry<T> {
    pub name: String,
    /// Where in the file its block is.
    pub start: usize,
    pub length: usize,
    /// Lengths of what the block unpacks to.
    pub numbers: usize,
    pub texts: usize,
    pub sum: u64,
    pub kept: OnceLock<Result<T, Broken>>,
}

/// A block as it is written.
#[derive(Clone, Debug)]
pub(super) struct NewBlock {
    pub name: String,
    numbers: usize,
    texts: usize,
    frame: Vec<u8>,
}

impl<T> Blocks<T> {
    /// Reads the head; what is wrong with a block is said when it is asked for.
    pub fn open(packed: Cow<'static, [u8]>, letters: &[u8]) -> Result<Self, Broken> {
        let mut bytes = Bytes(&packed);
        if bytes.take(letters.len())? != letters {
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
        if entries.last().is_some_and(|last: &Entry<T>| last.start + last.length != packed.len()) {
            return Err(Broken::new("something is left over"));
        }
        Ok(Self { packed, sources, entries })
    }

    /// What the block of a name is decoded to, by name, payload and the length of its numbers.
    pub fn get(
        &self,
        name: &str,
        decode: impl FnOnce(&str, Vec<u8>, usize) -> Result<T, Broken>,
    ) -> Option<Result<&T, &Broken>> {
        let entry = self.entry(name)?;
        let kept = entry.kept.get_or_init(|| self.decoded(entry, decode).map_err(|b| b.of(name)));
        Some(kept.as_ref())
    }

    /// Shows what the block of a name is decoded to, without keeping what was not kept before. A
    /// damaged one is not shown.
    pub fn visit(
        &self,
        name: &str,
        decode: impl FnOnce(&str, Vec<u8>, usize) -> Result<T, Broken>,
        show: impl FnOnce(&T),
    ) {
        let Some(entry) = self.entry(name) else { return };
        if let Some(kept) = entry.kept.get() {
            if let Ok(kept) = kept {
                show(kept);
            }
            return;
        }
        if let Ok(decoded) = self.decoded(entry, decode) {
            show(&decoded);
        }
    }

    /// The block of a name as it is, to be written again.
    pub fn block(&self, name: &str) -> Option<Result<NewBlock, Broken>> {
        let entry = self.entry(name)?;
        Some(self.frame(entry).map(|frame| NewBlock {
            name: entry.name.clone(),
            numbers: entry.numbers,
            texts: entry.texts,
            frame: frame.to_vec(),
        }))
    }

    fn entry(&self, name: &str) -> Option<&Entry<T>> {
        let place = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        self.entries.get(place)
    }

    fn decoded(
        &self,
        entry: &Entry<T>,
        decode: impl FnOnce(&str, Vec<u8>, usize) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        let payload = unpack(self.frame(entry)?, plausible(entry.numbers + entry.texts)?)?;
        decode(&entry.name, payload, entry.numbers)
    }

    fn frame(&self, entry: &Entry<T>) -> Result<&[u8], Broken> {
        let block = self.packed.get(entry.start..entry.start + entry.length);
        let block = block.ok_or_else(|| Broken::new("its block is missing"))?;
        if sum(block) != entry.sum {
            return Err(Broken::new("its sum is wrong"));
        }
        Ok(block)
    }
}

impl NewBlock {
    pub fn new(name: &str, numbers: &[u8], texts: &[u8], packing: Packing) -> Written<Self> {
        plausible(numbers.len().saturating_add(texts.len())).map_err(Error::other)?;
        Ok(Self {
            name: name.to_owned(),
            numbers: numbers.len(),
            texts: texts.len(),
            frame: packing.frame(&[numbers, texts].concat())?,
        })
    }
}

/// Packs blocks: the same bytes for the same blocks, in whatever order they come.
pub(super) fn encode(
    letters: &[u8],
    sources: &str,
    mut blocks: Vec<NewBlock>,
    packing: Packing,
) -> Written<Vec<u8>> {
    blocks.sort_by(|one, other| one.name.cmp(&other.name));
    let mut texts = format!("{sources}\0").into_bytes();
    let mut places = Vec::new();
    for block in &blocks {
        texts.extend(block.name.as_bytes());
        texts.push(0);
        [block.frame.len(), block.numbers, block.texts]
            .into_iter()
            .for_each(|length| varint(&mut places, length));
        places.extend(sum(&block.frame).to_le_bytes());
    }
    let frame = packing.frame(&[texts.as_slice(), &places].concat())?;
    let mut packed = letters.to_vec();
    for length in [texts.len(), places.len(), frame.len()] {
        packed.extend(u32::try_from(length).map_err(Error::other)?.to_le_bytes());
    }
    packed.extend(sum(&frame).to_le_bytes());
    packed.extend(frame);
    blocks.iter().for_each(|block| packed.extend(&block.frame));
    Ok(packed)
}

/// The provenance, and the services with their places; the first block stands at `start`.
fn entries<T>(
    head: &str,
    numbers: &[u8],
    mut start: usize,
) -> Result<(String, Vec<Entry<T>>), Broken> {
    let head = head.strip_suffix('\0').ok_or_else(|| Broken::new("its head is cut"))?;
    let mut texts = head.split('\0');
    let sources = texts.next().unwrap_or_default().to_owned();
    let mut numbers = Bytes(numbers);
    let mut entries: Vec<Entry<T>> = Vec::new();
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
            kept: OnceLock::new(),
        };
        start += entry.length;
        entries.push(entry);
    }
    if !numbers.0.is_empty() {
        return Err(Broken::new("its head is too long"));
    }
    Ok((sources, entries))
}
