//! Where each chain ends, beside the chains: one line of fixed width per file that was ever started,
//! written over in place. So a chain that was cut short, or is gone, is missed.

use std::fs::File;
use std::io;

use super::folder::write_at;
use super::line::Hash;

/// The name of the file.
pub const TIPS: &str = "tips";

/// Bytes of a line. A power of two, so that no line lies on two pages of memory or disk: a process
/// that is killed, and a disk that is full, leave a line whole or leave it out.
pub const WIDTH: usize = 128;

/// One line: the last record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    pub name: String,
    pub seq: u64,
    pub hash: Hash,
    pub state: State,
}

/// How a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is written to, or its process was killed.
    Open,
    /// Nothing will come after its last record.
    Ended,
    /// It was older than records are kept.
    Pruned,
}

impl State {
    const ALL: [Self; 3] = [Self::Open, Self::Ended, Self::Pruned];

    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Pruned => "pruned",
        }
    }
}

impl Tip {
    /// Says that the file is about to be made.
    pub fn planned(name: &str) -> Self {
        Self { name: name.to_owned(), seq: 0, hash: Hash::ZERO, state: State::Open }
    }

    pub fn is_planned(&self) -> bool {
        self.hash == Hash::ZERO
    }

    /// The line with its end.
    pub fn line(&self) -> String {
        let Self { name, seq, hash, state } = self;
        format!("{name:<40} {seq:>10} {} {:<10}\n", hash.hex(), state.word())
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let mut words = text.split_ascii_whitespace();
        let tip = Self {
            name: words.next().filter(|name| is_name(name))?.to_owned(),
            seq: words.next()?.parse().ok()?,
            hash: Hash::parse(words.next()?)?,
            state: words
                .next()
                .and_then(|word| State::ALL.into_iter().find(|state| state.word() == word))?,
        };
        (tip.line().as_bytes() == line).then_some(tip)
    }
}

/// All lines; else the number of the first that is broken, from 1.
pub fn parse(bytes: &[u8]) -> Result<Vec<Tip>, usize> {
    bytes.chunks(WIDTH).enumerate().map(|(index, line)| Tip::parse(line).ok_or(index + 1)).collect()
}

/// Writes one line in its place.
pub fn put(file: &File, index: usize, tip: &Tip) -> io::Result<()> {
    write_at(file, tip.line().as_bytes(), (index * WIDTH) as u64)
}

/// `20261121T162608Z-1234-0001.jsonl`: start of the process in UTC, its id, number of its file.
pub fn name(start: &str, pid: u32, number: u32) -> String {
    format!("{start}-{pid}-{number:04}.jsonl")
}

/// Whether a file in the folder is one of records.
pub fn is_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".jsonl").filter(|_| name.len() <= 40) else { return false };
    let parts: Vec<&str> = stem.split('-').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [start, pid, number] => {
            start.len() == 16
                && start.bytes().enumerate().all(|(at, b)| match at {
                    8 => b == b'T',
                    15 => b == b'Z',
                    _ => b.is_ascii_digit(),
                })
                && digits(pid)
                && digits(number)
        }
        _ => false,
    }
}
