//! How the record of calls stands: for the gate before every call, and for whoever asks.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::chain::{Chain, Synced};
use super::line::Hash;
use super::verify::Report;

/// What the writer has done.
#[derive(Default)]
pub struct Written {
    pub problem: Option<String>,
    pub path: Option<PathBuf>,
    pub tip: Option<Tip>,
    pub records: u64,
    pub on_disk: u64,
    pub lost: u64,
    pub syncs: u64,
    pub found: Option<Found>,
}

/// The last record of a chain: kept elsewhere, it tells later whether anything before it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tip {
    pub file: String,
    pub seq: u64,
    pub hash: String,
}

impl Tip {
    pub(super) fn of(chain: &Chain) -> Self {
        Self::new(&chain.name, chain.seq.saturating_sub(1), chain.last)
    }

    pub(super) fn new(file: &str, seq: u64, hash: Hash) -> Self {
        Self { file: file.to_owned(), seq, hash: hash.hex() }
    }
}

impl fmt::Display for Tip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.hash, self.file, self.seq)
    }
}

// The doc comments of the members are for whoever reads the schema.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// Calls can be recorded
    pub writable: bool,
    /// Why they cannot
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The last record
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tip: Option<Tip>,
    /// Written since the start
    pub records: u64,
    /// Of these surely on disk
    pub on_disk: u64,
    /// fsyncs since the start
    pub syncs: u64,
    /// Records that could not be written
    pub lost: u64,
    /// Records that were not sent on
    pub copies_dropped: u64,
    /// What verification at the start found
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Found>,
}

// What verification found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Found {
    /// Nothing was changed or taken away
    pub intact: bool,
    /// The first record that is wrong, and why
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub files: usize,
    pub records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tip: Option<Tip>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Writes of earlier processes that nobody knows the outcome of
    pub open_intents: usize,
}

impl Found {
    pub(super) fn of(report: &Report, open_intents: usize) -> Self {
        Self {
            intact: report.flaw.is_none(),
            problem: report.flaw.as_ref().map(ToString::to_string),
            files: report.files,
            records: report.records,
            tip: report.tip.clone(),
            notes: report.notes.clone(),
            open_intents,
        }
    }

    pub(super) fn unreadable(error: &std::io::Error) -> Self {
        Self {
            intact: false,
            problem: Some(format!("cannot be read: {error}")),
            files: 0,
            records: 0,
            tip: None,
            notes: Vec::new(),
            open_intents: 0,
        }
    }
}

impl Written {
    /// All that was written is on disk.
    pub(super) fn synced(&mut self, _: Synced) {
        self.syncs += 1;
        self.on_disk = self.records;
    }

    /// Records that may not be on disk.
    pub(super) fn in_doubt(&self) -> u64 {
        self.records - self.on_disk
    }

    pub fn standing(&self, copies_dropped: u64) -> Standing {
        Standing {
            writable: self.problem.is_none(),
            problem: self.problem.clone(),
            file: self.path.as_ref().map(|path| path.display().to_string()),
            tip: self.tip.clone(),
            records: self.records,
            on_disk: self.on_disk,
            syncs: self.syncs,
            lost: self.lost,
            copies_dropped,
            chain: self.found.clone(),
        }
    }
}
