//! Whole results of which only a part fitted into an answer, for as long as the process lives. What is
//! kept is masked and escaped already, so that reading on shows no more than the answer did.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::error::{Error, Kind, Result, echo};
use crate::gate::id;

/// Results in memory, the oldest of which go to files.
const IN_MEMORY: usize = 16 << 20;

/// All results; beyond it the oldest are forgotten. Bytes.
const IN_ALL: usize = 256 << 20;

/// How many results are kept.
const MOST: usize = 100;

/// The results of one process.
pub struct Kept {
    /// Where the files are made.
    folder: Option<PathBuf>,
    in_memory: usize,
    in_all: usize,
    results: Mutex<VecDeque<Entry>>,
}

struct Entry {
    handle: String,
    bytes: usize,
    place: Place,
}

enum Place {
    Memory(Vec<u8>),
    /// Without a name, and gone when it is closed (`tempfile(3)`); nobody else can open it.
    File(File),
}

impl Kept {
    /// Nothing is made before there is something to keep.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, in_memory: IN_MEMORY, in_all: IN_ALL, results: Mutex::default() }
    }

    /// Keeps a result; the handle by which it is found again. None where it cannot be kept: it is too
    /// large, or there is nowhere to put it.
    pub fn keep(&self, result: &Value) -> Option<String> {
        let text = serde_json::to_vec(result).ok().filter(|text| text.len() <= self.in_all)?;
        let entry =
            Entry { handle: id("res").ok()?, bytes: text.len(), place: Place::Memory(text) };
        let handle = entry.handle.clone();
        let mut results = self.all();
        results.push_back(entry);
        self.shrink(&mut results);
        results.iter().any(|entry| entry.handle == handle).then_some(handle)
    }

    /// The whole result of a handle.
    ///
    /// # Errors
    /// `not_found` where there is none of that handle, or no longer.
    pub fn get(&self, handle: &str) -> Result<Value> {
        let mut results = self.all();
        let found = results.iter_mut().find(|entry| entry.handle == handle.trim());
        let entry = found.ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                format!("no result is kept under {}.", echo(handle)),
                "Handles are good for a while in the process that gave them; make the call again.",
            )
        })?;
        let read = match &mut entry.place {
            Place::Memory(text) => serde_json::from_slice(text).ok(),
            Place::File(file) => {
                let mut text = Vec::with_capacity(entry.bytes);
                let all = file.rewind().and_then(|()| file.read_to_end(&mut text));
                all.ok().and_then(|_| serde_json::from_slice(&text).ok())
            }
        };
        read.ok_or_else(|| Error::internal("a kept result could not be read."))
    }

    /// Moves the oldest out of memory, and forgets the oldest of all.
    fn shrink(&self, results: &mut VecDeque<Entry>) {
        let total = |results: &VecDeque<Entry>| results.iter().map(|one| one.bytes).sum::<usize>();
        while results.len() > MOST || total(results) > self.in_all {
            results.pop_front();
        }
        let mut in_memory: usize = results.iter().map(|one| one.place.in_memory()).sum();
        for entry in results.iter_mut() {
            if in_memory <= self.in_memory {
                break;
            }
            if let Place::Memory(text) = &entry.place {
                in_memory -= text.len();
                match self.to_file(text) {
                    Ok(file) => entry.place = Place::File(file),
                    // Nowhere to put it: then it is forgotten, below.
                    Err(error) => {
                        tracing::debug!(%error, "a result could not be put into a file");
                        entry.place = Place::Memory(Vec::new());
                        entry.bytes = 0;
                    }
                }
            }
        }
        results.retain(|entry| entry.bytes > 0);
    }

    fn to_file(&self, text: &[u8]) -> std::io::Result<File> {
        let mut file = match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        file.write_all(text)?;
        Ok(file)
    }

    /// What is held is replaced whole, so that a panic elsewhere leaves nothing half-made.
    fn all(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn in_memory(&self) -> usize {
        match self {
            Self::Memory(text) => text.len(),
            Self::File(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_comes_back_whole_from_memory_and_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(Some(folder.path().to_owned()));
        let big = json!({"rows": vec!["x".repeat(1000); 9_000]});
        let first = kept.keep(&big).unwrap();
        let second = kept.keep(&json!([1])).unwrap();
        let third = kept.keep(&big).unwrap();
        let places: Vec<bool> =
            kept.all().iter().map(|one| matches!(one.place, Place::File(_))).collect();
        assert_eq!(places, [true, false, false]);
        assert_eq!(kept.get(&first).unwrap(), big);
        assert_eq!(kept.get(&first).unwrap(), big);
        assert_eq!(kept.get(&second).unwrap(), json!([1]));
        assert_eq!(kept.get(&third).unwrap(), big);
        // Its files have no names.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let kept = Kept::new(None);
        let first = kept.keep(&json!(0)).unwrap();
        let handles: Vec<String> = (0..MOST).map(|n| kept.keep(&json!(n)).unwrap()).collect();
        assert_eq!(kept.get(&first).unwrap_err().kind, Kind::NotFound);
        assert_eq!(kept.get(&handles[0]).unwrap(), json!(0));
        assert_eq!(kept.all().len(), MOST);
    }

    #[test]
    fn what_is_larger_than_all_that_may_be_kept_is_not() {
        let kept = Kept { in_all: 100, ..Kept::new(None) };
        let small = kept.keep(&json!("x".repeat(50))).unwrap();
        assert_eq!(kept.keep(&json!("x".repeat(99))), None);
        assert_eq!(kept.get(&small).unwrap(), json!("x".repeat(50)));
        let large = kept.keep(&json!("x".repeat(90))).unwrap();
        assert_eq!(kept.get(&small).unwrap_err().kind, Kind::NotFound);
        assert_eq!(kept.get(&large).unwrap(), json!("x".repeat(90)));
    }

    #[test]
    fn what_cannot_be_put_anywhere_has_no_handle() {
        let folder = Some(PathBuf::from("/nonexistent"));
        let kept = Kept { in_memory: 100, ..Kept::new(folder) };
        assert_eq!(kept.keep(&json!("x".repeat(200))), None);
    }

    #[test]
    fn a_folder_that_is_not_there_costs_the_oldest_only() {
        let kept = Kept::new(Some(PathBuf::from("/nonexistent")));
        let big = json!("x".repeat(9 << 20));
        let first = kept.keep(&big).unwrap();
        let second = kept.keep(&big).unwrap();
        assert_eq!(kept.get(&first).unwrap_err().kind, Kind::NotFound);
        assert_eq!(kept.get(&second).unwrap(), big);
    }
}
