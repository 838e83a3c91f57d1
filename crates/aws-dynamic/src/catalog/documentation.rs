//! What services, operations and members are for, in plain words. Not in this build: it comes with
//! the models that a user fetched.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::{self, Blocks, NewBlock};
use super::installed;
use crate::bytes::{Broken, Packing};
use crate::import::texts::{Texts, title};

pub(super) const HEAD: &[u8] = b"AWST\x01";

/// The documentation of services, by their canonical names. A service's is unpacked when it is first
/// asked for, and kept.
#[derive(Debug)]
pub struct Documentation(Blocks<Lines>);

/// The lines of one service, sorted: a key, a tab, a text. The key of a service is empty, that of an
/// operation its name, that of a member `Shape.member`.
#[derive(Debug)]
struct Lines {
    text: String,
    /// Where in the text each key and its text are.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Documentation {
    /// The documentation that counts: that of what was installed. None where nothing was, or where
    /// what was has none; an error if its file can no longer be read as it was.
    pub fn get() -> Result<Option<&'static Self>, &'static Broken> {
        installed::get().map_or(Ok(None), |installed| installed.documentation().map(Some))
    }

    /// Reads the head of packed documentation.
    pub fn open(packed: Cow<'static, [u8]>) -> Result<Self, Broken> {
        Blocks::open(packed, HEAD).map(Self)
    }

    /// What a service is for: plain text of some sentences.
    pub fn service(&self, service: &str) -> Option<&str> {
        self.text(service, "")
    }

    /// What an operation does: plain text of some sentences.
    pub fn operation(&self, service: &str, operation: &str) -> Option<&str> {
        self.text(service, operation)
    }

    /// What an operation does, in its first sentence.
    pub fn title(&self, service: &str, operation: &str) -> Option<&str> {
        self.operation(service, operation).map(title)
    }

    /// What a member of a shape is: plain text of a sentence or two.
    pub fn member(&self, service: &str, shape: &str, member: &str) -> Option<&str> {
        self.text(service, &format!("{shape}.{member}"))
    }

    /// A damaged block is one without texts: nothing depends on them.
    fn text(&self, service: &str, key: &str) -> Option<&str> {
        let lines = self.0.get(service, |_, payload, _| Lines::decode(payload))?.ok()?;
        let of = |place: &(Range<usize>, Range<usize>)| {
            lines.text.get(place.0.clone()).unwrap_or_default().cmp(key)
        };
        let place = lines.places.binary_search_by(of).ok()?;
        lines.text.get(lines.places.get(place)?.1.clone())
    }
}

impl Lines {
    fn decode(payload: Vec<u8>) -> Result<Self, Broken> {
        let text = String::from_utf8(payload).map_err(|_| Broken::new("it is not UTF-8"))?;
        let mut places = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if let Some(tab) = line.find('\t') {
                let end = start + line.trim_end_matches('\n').len();
                places.push((start..start + tab, start + tab + 1..end));
            }
            start += line.len();
        }
        Ok(Self { text, places })
    }
}

/// Packs the documentation of services.
pub(super) fn encode<'a>(
    sources: &str,
    services: impl Iterator<Item = (&'a str, &'a Texts)>,
    packing: Packing,
) -> std::io::Result<Vec<u8>> {
    let block = |(name, texts): (&str, &Texts)| {
        // A map has them in the order in which they are looked up.
        let lines = texts.lines().map(|(key, text)| format!("{key}\t{text}\n"));
        NewBlock::new(name, &[], lines.collect::<String>().as_bytes(), packing)
    };
    let blocks = services.map(block).collect::<std::io::Result<Vec<_>>>()?;
    blocks::encode(HEAD, sources, blocks, packing)
}
