//! What stands beside the files of newer models: where they are from, and what they must be.

use serde::{Deserialize, Serialize};

use super::source::Kind;
use crate::catalog::{index, models};
use crate::endpoint;

/// The form of the folder and of its files.
pub(super) const FORMAT: u32 = 1;
/// The version of this crate.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// What is kept beside the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// The version of the crate that wrote it.
    pub program: String,
    /// Sums of the embedded catalog that it was merged into.
    pub base: String,
    /// Where the models were had from, in the words of who fetched them: an address, a path.
    pub source: String,
    /// The commit or tag, as it was asked for or as the archive says it.
    pub reference: Option<String>,
    /// When they were had, as who fetched them says it.
    pub date: String,
    pub kind: Kind,
    /// Of the archive, or of all files of the folder.
    pub sha256: String,
    pub files: Vec<FileSum>,
    /// Counts of the merged catalog.
    pub services: usize,
    pub operations: usize,
    /// How many of its services the source had a usable model of.
    pub read: usize,
    /// Models that were left out; for a known service the embedded one stays.
    pub left_out: Vec<LeftOut>,
    /// Models that would have sent requests or signatures to others; left out too.
    pub unusable: Vec<LeftOut>,
    /// What else was not taken over.
    pub notes: Vec<String>,
}

/// A file with its length in bytes and its sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A service, or the file of one that has no name here, and why it is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    pub service: String,
    pub why: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.service, self.why)
    }
}

impl Manifest {
    pub(super) fn provenance(&self) -> String {
        let what = match self.kind {
            Kind::Smithy => {
                "AWS service models in Smithy (Apache-2.0, Amazon.com, Inc. or its affiliates)"
            }
            Kind::Botocore => {
                "botocore's service models (Apache-2.0, Amazon.com, Inc. or its affiliates)"
            }
        };
        let reference = self.reference.as_ref().map(|r| format!(" at {r}")).unwrap_or_default();
        format!(
            "{what} from {}{reference}, had on {}, sha256 {}\n{} models read; {} services, {} operations \
             with those of the program",
            self.source, self.date, self.sha256, self.read, self.services, self.operations
        )
    }
}

/// Sums of what is embedded: what was merged into another catalog is not for this one.
pub(super) fn base() -> String {
    let sum = crate::bytes::sum;
    let [index, models, rules] =
        [sum(index::PACKED), sum(models::PACKED), sum(endpoint::packed_rules())];
    format!("{index:016x}{models:016x}{rules:016x}")
}
