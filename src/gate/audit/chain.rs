//! The file that this process writes: how it begins, grows and ends, always together with its line
//! in `tips`.

use std::fs::File;
use std::io::{self, Read, Write};

use serde_json::json;

use super::folder::{self, Folder};
use super::line::{self, Hash, seal};
use super::record::{Always, Dated};
use super::tips::{self, State, TIPS, Tip, WIDTH};

/// An open chain.
pub struct Chain {
    file: File,
    tips: File,
    /// Its line in `tips`.
    index: usize,
    pub name: String,
    /// Bytes of whole records.
    pub length: u64,
    /// Of the next record.
    pub seq: u64,
    pub last: Hash,
    /// UTC.
    pub day: String,
}

/// Lines that follow each other, not written yet.
pub struct Batch {
    pub text: String,
    pub seq: u64,
    pub last: Hash,
}

/// That the disk was waited for; [`Chain::sync`] alone can say so.
pub struct Synced(());

/// What names the files of a process.
pub struct Names {
    pub start: String,
    pub pid: u32,
    pub number: u32,
}

/// The shape of the lines, for whoever reads them in years.
const FORMAT: u32 = 1;
/// Names that are taken, by another process of the same second and id, or by something planted.
const MOST_TAKEN: u32 = 20;

impl Chain {
    /// Begins the next file, with its first record on disk.
    pub fn begin(
        folder: &Folder,
        names: &mut Names,
        mut first: Dated,
        always: &Always,
    ) -> io::Result<(Self, String)> {
        let _turn = folder.turn()?;
        let tips = folder.writable(TIPS)?;
        let mut known = Vec::new();
        (&tips).read_to_end(&mut known)?;
        mend(folder, &tips, &mut known)?;
        let prev = previous(folder, &known)?;
        let index = known.len().div_ceil(WIDTH);
        let begun = (0..MOST_TAKEN).find_map(|_| {
            names.number += 1;
            let name = tips::name(&names.start, names.pid, names.number);
            // Said first, so that a file without a line is one that does not belong here.
            let made =
                tips::put(&tips, index, &Tip::planned(&name)).and_then(|()| folder.create(&name));
            match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                made => Some(made.map(|file| (name, file))),
            }
        });
        let taken = || Err(io::Error::new(io::ErrorKind::AlreadyExists, "its name is taken"));
        let (name, file) = begun.unwrap_or_else(taken).inspect_err(|_| {
            let _ = tips.set_len(known.len() as u64);
        })?;
        first.record.parameters = Some(json!({
            "file": name, "line": index, "format": FORMAT, "version": env!("CARGO_PKG_VERSION"),
        }));
        let day = first.ts.get(..10).unwrap_or_default().to_owned();
        let mut begin = || {
            folder::use_file(&file)?;
            let first = seal(&mut first, always, 0, prev)?;
            (&file).write_all(first.line.as_bytes())?;
            file.sync_data()?;
            let tip = Tip { name: name.clone(), seq: 0, hash: first.hash, state: State::Open };
            tips::put(&tips, index, &tip)?;
            tips.sync_data()?;
            folder.sync()?;
            Ok(first)
        };
        match begin() {
            Ok(first) => {
                let length = first.line.len() as u64;
                let chain = Self { file, tips, index, name, length, seq: 1, last: first.hash, day };
                Ok((chain, first.line))
            }
            Err(error) => {
                let _ = folder.remove(&name);
                let _ = tips.set_len(known.len() as u64);
                Err(error)
            }
        }
    }

    /// Whether both files are where others look for them.
    pub fn is_there(&self) -> bool {
        folder::is_there(&self.file) && folder::is_there(&self.tips)
    }

    /// What will follow.
    pub fn batch(&self) -> Batch {
        Batch { text: String::new(), seq: self.seq, last: self.last }
    }

    /// Writes a batch, or nothing of it.
    pub fn write(&mut self, batch: &Batch) -> io::Result<()> {
        let written = (&self.file).write_all(batch.text.as_bytes());
        if written.is_err() {
            self.take_back();
        }
        written
    }

    /// What was written is on disk.
    pub fn sync(&self) -> io::Result<Synced> {
        self.file.sync_data().map(|()| Synced(()))
    }

    /// Takes away what was written after the last batch that counts.
    pub fn take_back(&self) {
        // Where it fails, a torn line or records beyond the tip stay, which verification allows.
        let _ = self.file.set_len(self.length);
    }

    /// From now on the batch counts.
    pub fn advance(&mut self, batch: &Batch, state: State) -> io::Result<()> {
        let tip = Tip { name: self.name.clone(), seq: batch.seq - 1, hash: batch.last, state };
        tips::put(&self.tips, self.index, &tip)?;
        (self.seq, self.last) = (batch.seq, batch.last);
        self.length += batch.text.len() as u64;
        Ok(())
    }

    /// That the tips were written is on disk.
    pub fn sync_tips(&self) -> io::Result<()> {
        self.tips.sync_data()
    }
}

impl Batch {
    /// Adds a record; gives its line.
    pub fn push(&mut self, dated: &mut Dated, always: &Always) -> io::Result<String> {
        let sealed = seal(dated, always, self.seq, self.last)?;
        self.text.push_str(&sealed.line);
        self.seq += 1;
        self.last = sealed.hash;
        Ok(sealed.line)
    }
}

/// A process that died between saying that it begins a file and its first record left a line that
/// names no record. It cannot live any more: it would have its turn.
fn mend(folder: &Folder, tips: &File, known: &mut Vec<u8>) -> io::Result<()> {
    let Some(last) = tips::parse(known).ok().and_then(|mut all| all.pop()) else { return Ok(()) };
    if !last.is_planned() {
        return Ok(());
    }
    let index = known.len() / WIDTH - 1;
    let chain = folder.content(&last.name).unwrap_or_default().unwrap_or_default();
    known.truncate(index * WIDTH);
    match chain.hashes.last() {
        Some(hash) => {
            let tip = Tip { seq: chain.hashes.len() as u64 - 1, hash: *hash, ..last };
            known.extend_from_slice(tip.line().as_bytes());
            tips::put(tips, index, &tip)
        }
        None => {
            folder.remove(&last.name)?;
            tips.set_len(known.len() as u64)
        }
    }
}

/// What the next file comes after: the record that the last line names. Where `tips` was damaged, the
/// best that is there: this process's records are wanted still, and verification tells the damage.
fn previous(folder: &Folder, known: &[u8]) -> io::Result<Hash> {
    let mut lines = known.chunks(WIDTH).rev();
    let tip = lines.find_map(|line| tips::parse(line).ok()?.pop().filter(|tip| !tip.is_planned()));
    if let Some(tip) = tip {
        return Ok(tip.hash);
    }
    let mut files = folder.names()?;
    files.retain(|name| tips::is_name(name));
    let last = files.pop().and_then(|name| folder.bytes(&name).ok().flatten());
    let last = last.unwrap_or_default();
    let mut lines = last.split(|b| *b == b'\n').rev();
    Ok(lines.find_map(|text| line::read(text).ok()).map_or(Hash::ZERO, |read| read.hash))
}
