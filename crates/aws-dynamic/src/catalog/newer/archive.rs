//! A tarball of models, read as a stream: nothing of it is written, and it is bounded in all that it
//! could make a reader spend. Only plain files are looked at; links, and whatever else a tarball can
//! have, are passed over, because a path that leads elsewhere has no use here.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType, PaxExtensions};

use super::error::{Result, source, words};
use super::source::{Found, LARGEST, Place, hex};

/// How much it may be unpacked, in bytes: some times what all of AWS's models are.
const UNPACKED: u64 = 2 << 30;
/// How much it may be as it is, in bytes.
const PACKED: u64 = 512 << 20;
/// How many entries it may have.
const ENTRIES: usize = 200_000;
/// How long the headers of a name may be, in bytes.
const NAME: u64 = 16 << 10;
/// How many things are told that were passed over.
const NOTES: usize = 50;

/// Hands every file whose place is wanted to `each`.
pub(super) fn read(
    stream: impl Read,
    place: &dyn Fn(&str) -> Option<Place>,
    each: &mut dyn FnMut(Place, Vec<u8>) -> Result<()>,
) -> Result<Found> {
    let mut stream = Summed { sum: Sha256::new(), stream: Bounded { left: PACKED, stream } };
    let mut found = Found::default();
    let unpacked = Bounded { left: UNPACKED, stream: GzDecoder::new(&mut stream) };
    let mut archive = Archive::new(unpacked);
    entries(&mut archive, place, each, &mut found)?;
    // To the end, where the sum of all of it is: what was cut off is not half a source.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
    io::copy(&mut stream, &mut io::sink()).map_err(unreadable)?;
    found.sha256 = hex(&stream.sum.finalize());
    Ok(found)
}

fn entries(
    archive: &mut Archive<impl Read>,
    place: &dyn Fn(&str) -> Option<Place>,
    each: &mut dyn FnMut(Place, Vec<u8>) -> Result<()>,
    found: &mut Found,
) -> Result<()> {
    // The name of the next entry, where a header of its own has it.
    let mut named: Option<Vec<u8>> = None;
    let note = |found: &mut Found, path: &[u8], what: &str| {
        if found.notes.len() < NOTES {
            found.notes.push(words(&format!("{}: {what}", String::from_utf8_lossy(path))));
        }
    };
    // Raw: the headers of names are read here, with a bound.
    for (count, entry) in archive.entries().map_err(unreadable)?.raw(true).enumerate() {
        if count >= ENTRIES {
            return Err(source(format!("the archive has more than {ENTRIES} entries")));
        }
        let mut entry = entry.map_err(unreadable)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = short(&mut entry)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                named = Some(name);
            }
            EntryType::XHeader => named = pax(&short(&mut entry)?, "path").or(named),
            EntryType::XGlobalHeader => {
                let comment = pax(&short(&mut entry)?, "comment");
                let commit = comment.and_then(|comment| String::from_utf8(comment).ok());
                let is_commit = |text: &String| {
                    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                };
                found.commit = commit.filter(is_commit).or(found.commit.take());
            }
            EntryType::Regular => {
                let path = named.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
                let Ok(text) = std::str::from_utf8(&path) else { continue };
                if text.split(['/', '\\']).any(|part| part == "..") {
                    note(found, &path, "a path that leads elsewhere, which is passed over");
                }
                let Some(place) = place(text) else { continue };
                let mut content = Vec::new();
                entry.take(LARGEST + 1).read_to_end(&mut content).map_err(unreadable)?;
                each(place, content)?;
            }
            EntryType::Link | EntryType::Symlink => {
                let path = named.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
                if std::str::from_utf8(&path).is_ok_and(|path| place(path).is_some()) {
                    note(found, &path, "a link, which is not followed");
                }
            }
            _ => named = None,
        }
    }
    Ok(())
}

fn short(entry: &mut impl Read) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    entry.take(NAME + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > NAME {
        return Err(source("the archive has a name that is too long"));
    }
    Ok(content)
}

fn pax(content: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let mut records = PaxExtensions::new(content).flatten();
    records.find(|record| record.key() == Ok(wanted)).map(|record| record.value_bytes().to_vec())
}

fn unreadable(error: io::Error) -> super::error::NewerError {
    source(format!("the archive cannot be read: {error}"))
}

/// A stream that fails where it is longer than it may be.
struct Bounded<R> {
    left: u64,
    stream: R,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("it is larger than any archive of models")),
        }
        Ok(count)
    }
}

/// A stream whose sum is taken on the way.
struct Summed<R> {
    sum: Sha256,
    stream: R,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.sum.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_too_long_is_no_short_one() {
        let read = |left| {
            let mut stream = Bounded { left, stream: [7; 100].as_slice() };
            io::copy(&mut stream, &mut io::sink()).map_err(|error| error.to_string())
        };
        assert_eq!(read(100), Ok(100));
        assert_eq!(read(99), Err("it is larger than any archive of models".to_owned()));
    }

    #[test]
    fn headers_of_names_are_bounded() {
        let long = vec![b'a'; 20 << 10];
        assert!(short(&mut long.as_slice()).is_err());
        assert_eq!(pax(b"30 path=models/x/service/1/a.js\n", "path"), None);
        assert_eq!(pax(b"15 path=abcdef\n", "path"), Some(b"abcdef".to_vec()));
    }
}
