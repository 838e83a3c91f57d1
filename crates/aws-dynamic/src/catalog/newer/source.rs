//! Where newer models come from: a folder or a tarball of AWS's Smithy models, or a source
//! distribution of botocore. Which of them it is, its paths tell; no path of it is ever written to.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::archive;
use super::error::{Result, source};
use crate::import::smithy;

/// The greatest file that is read, in bytes.
pub(super) const LARGEST: u64 = smithy::MAX as u64;
/// How many folders and files are looked at. The repository has some 900 of each.
const ENTRIES: usize = 50_000;

/// Models before they are read.
pub enum Source {
    /// A folder of Smithy models: a copy of aws/api-models-aws, or its folder `models`.
    Folder(PathBuf),
    /// A gzip tarball of that repository, or botocore's source distribution.
    Archive(Box<dyn Read>),
}

/// Which models they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Smithy,
    Botocore,
}

/// A file of models.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Smithy { folder: String, version: String },
    Botocore { folder: String, version: String, file: String },
    Partitions,
}

/// What was found beside the files.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Of the archive, or of all files of the folder with their paths.
    pub sha256: String,
    /// The commit, where the archive says it.
    pub commit: Option<String>,
    /// What was passed over.
    pub notes: Vec<String>,
}

impl Source {
    /// What a path names: a folder, or else a file that is a tarball.
    pub fn at(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        Ok(Self::Archive(Box::new(regular(path)?)))
    }

    /// Hands every file of models to `each`.
    pub(super) fn read(self, each: &mut dyn FnMut(Place, Vec<u8>) -> Result<()>) -> Result<Found> {
        match self {
            Self::Folder(path) => folder(&path, each),
            Self::Archive(stream) => archive::read(stream, &Place::in_archive, each),
        }
    }
}

impl Place {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Smithy { .. } => Kind::Smithy,
            Self::Botocore { .. } | Self::Partitions => Kind::Botocore,
        }
    }

    /// What a path in an archive is, below the one top folder that archives have.
    fn in_archive(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let parts = parts.strip_prefix(&["."]).unwrap_or(&parts);
        if !parts.iter().all(|part| is_plain(part)) {
            return None;
        }
        Self::of_parts(parts).or_else(|| Self::of_parts(parts.get(1..)?))
    }

    fn of_parts(parts: &[&str]) -> Option<Self> {
        match parts {
            ["models", service, "service", version, file] if file.ends_with(".json") => {
                let [folder, version] = [service, version].map(|part| (*part).to_owned());
                Some(Self::Smithy { folder, version })
            }
            ["botocore", "data", "partitions.json"] => Some(Self::Partitions),
            ["botocore", "data", service, version, file] if is_wanted(file) => {
                let [folder, version, file] = [service, version, file].map(|p| (*p).to_owned());
                Some(Self::Botocore { folder, version, file })
            }
            _ => None,
        }
    }
}

fn is_wanted(file: &str) -> bool {
    matches!(
        file,
        "service-2.json"
            | "service-2.sdk-extras.json"
            | "paginators-1.json"
            | "paginators-1.sdk-extras.json"
            | "waiters-2.json"
            | "endpoint-rule-set-1.json"
    )
}

/// Whether a part of a path is a name and nothing else: no `..`, no separator, nothing unseen.
fn is_plain(part: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !part.is_empty() && part.len() <= 128 && part.bytes().all(letters) && !part.starts_with('.')
}

/// Reads a folder of Smithy models, in the order of their names. Links are not followed.
fn folder(path: &Path, each: &mut dyn FnMut(Place, Vec<u8>) -> Result<()>) -> Result<Found> {
    let mut found = Found::default();
    let mut sum = Sha256::new();
    let mut left = ENTRIES;
    let inner = path.join("models");
    let root = if inner.is_dir() { inner } else { path.to_owned() };
    for (service, path) in entries(&root, &mut left, &mut found.notes)? {
        let versions = path.join("service");
        if !versions.is_dir() {
            continue;
        }
        for (version, path) in entries(&versions, &mut left, &mut found.notes)? {
            if !path.is_dir() {
                continue;
            }
            for (file, path) in entries(&path, &mut left, &mut found.notes)? {
                let place = Place::of_parts(&["models", &service, "service", &version, &file]);
                let Some(place) = place else { continue };
                let failed = |error| source(format!("{}: {error}", path.display()));
                let mut content = Vec::new();
                regular(&path)?.take(LARGEST + 1).read_to_end(&mut content).map_err(failed)?;
                sum.update(format!("{service}/{version}/{file}\0").as_bytes());
                sum.update(Sha256::digest(&content));
                each(place, content)?;
            }
        }
    }
    found.sha256 = hex(&sum.finalize());
    Ok(found)
}

/// Opens a regular file. A pipe is not even opened: that waits for whoever writes into it.
fn regular(path: &Path) -> Result<File> {
    let failed = |error| source(format!("{}: {error}", path.display()));
    match std::fs::metadata(path).map_err(failed)?.is_file() {
        true => File::open(path).map_err(failed),
        false => Err(source(format!("{}: {NO_FILE}", path.display()))),
    }
}

const NO_FILE: &str = "no regular file";

/// The names in a folder that are plain, sorted.
fn entries(
    folder: &Path,
    left: &mut usize,
    notes: &mut Vec<String>,
) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error: std::io::Error| source(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        *left = left.checked_sub(1).ok_or_else(|| {
            source(format!("{}: more than {ENTRIES} files and folders", folder.display()))
        })?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_symlink() {
            notes.push(format!("{}: a link, which is not followed", entry.path().display()));
            continue;
        }
        if !kind.is_dir() && !kind.is_file() {
            notes.push(format!("{}: {NO_FILE}, which is passed over", entry.path().display()));
            continue;
        }
        let name = entry.file_name().to_str().map(str::to_owned);
        if let Some(name) = name.filter(|name| is_plain(name)) {
            names.push((name, entry.path()));
        }
    }
    names.sort();
    Ok(names)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
