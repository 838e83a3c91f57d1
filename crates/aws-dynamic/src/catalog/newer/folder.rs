//! Newer models on disk. A folder has the file `manifest.json`, and beside it one folder for the files
//! that it names. New files are made whole under another name and synced, then the manifest is
//! replaced by one rename: whoever opens it has the old models or the new ones, never half of either.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{NewerError, Result, unwritten};
use super::manifest::{self, FileSum, Manifest};
use super::source::hex;
use super::{Newer, Packed, PackedTexts, owner, weaker};

const MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.bin";
const MODELS: &str = "models.bin";
const RULES: &str = "endpoints.bin";
const TEXTS: &str = "texts.bin";
/// The greatest file that is read, in bytes; bounds what a damaged folder makes us allocate.
const LARGEST: u64 = 128 << 20;
/// How long the name of the folder of the files is: the first half of a sum.
const NAME: usize = 16;

impl Newer {
    /// Writes them into a folder, which is made if it is not there. What was in it before counts
    /// until all of it is on disk, and is gone then.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let at = |error: std::io::Error| unwritten(format!("{}: {error}", folder.display()));
        if !folder.exists() {
            owner::make_folder(folder).map_err(at)?;
        }
        owner::check_folder(folder)?;
        let texts = match &self.packed.texts {
            PackedTexts::Here(packed) => packed.clone(),
            PackedTexts::There(path) => texts(path, &self.manifest)?,
        };
        let files: [(&str, &[u8]); 4] = [
            (INDEX, &self.packed.index),
            (MODELS, &self.models.0.packed),
            (RULES, &self.packed.rules),
            (TEXTS, &texts),
        ];
        let manifest = Manifest { files: sums(&files), ..self.manifest.clone() };
        let json = serde_json::to_vec_pretty(&manifest).map_err(unwritten)?;
        let name = name_of(&manifest.files);
        // Of this process, so that nobody else's half is taken for it.
        let half = folder.join(format!(".new-{}", std::process::id()));
        if half.exists() {
            std::fs::remove_dir_all(&half).map_err(at)?;
        }
        let written = self.put(folder, &half, &name, &files, &json);
        if written.is_err() {
            // What was there before still counts; its failure is what is told.
            let _ = std::fs::remove_dir_all(&half);
        }
        written.map_err(at)
    }

    fn put(
        &self,
        folder: &Path,
        half: &Path,
        name: &str,
        files: &[(&str, &[u8])],
        manifest: &[u8],
    ) -> std::io::Result<()> {
        owner::make_folder(half)?;
        for (file, content) in files.iter().chain([&(MANIFEST, manifest)]) {
            let mut file = owner::make_file(&half.join(file))?;
            file.write_all(content)?;
            file.sync_all()?;
        }
        // The manifest leaves for its place last.
        let whole = folder.join(name);
        let manifest = folder.join(format!("{MANIFEST}.{}", std::process::id()));
        std::fs::rename(half.join(MANIFEST), &manifest)?;
        owner::sync_folder(half)?;
        let is_there = |(name, content): &(&str, &[u8])| {
            read(&whole.join(name)).is_ok_and(|there| there == *content)
        };
        if whole.exists() && files.iter().all(is_there) {
            std::fs::remove_dir_all(half)?;
        } else {
            if whole.exists() {
                // The same by its name, and damaged since: nobody can use it.
                std::fs::remove_dir_all(&whole)?;
            }
            std::fs::rename(half, &whole)?;
        }
        owner::sync_folder(folder)?;
        std::fs::rename(&manifest, folder.join(MANIFEST))?;
        owner::sync_folder(folder)?;
        remove_old(folder, name);
        Ok(())
    }

    /// Reads what `write` wrote. Files are checked before anything of them is believed, and so is
    /// that nothing is weaker than in the embedded catalog; documentation when it is asked for.
    pub fn open(folder: &Path) -> Result<Self> {
        if !folder.exists() || !folder.join(MANIFEST).exists() {
            return Err(NewerError::Absent { folder: folder.to_owned() });
        }
        owner::check_folder(folder)?;
        let path = folder.join(MANIFEST);
        let manifest = read(&path)?;
        let outdated = |why: String| NewerError::Outdated { folder: folder.to_owned(), why };
        let json: serde_json::Value =
            serde_json::from_slice(&manifest).map_err(|error| damaged(&path, &error))?;
        let format = json.get("format").and_then(serde_json::Value::as_u64);
        if format != Some(manifest::FORMAT.into()) {
            return Err(outdated("it was written by another version of this program".to_owned()));
        }
        let manifest: Manifest =
            serde_json::from_value(json).map_err(|error| damaged(&path, &error))?;
        if manifest.base != manifest::base() || manifest.program != manifest::PROGRAM {
            return Err(outdated("it was merged into the models of another version".to_owned()));
        }
        let files = folder.join(name_of(&manifest.files));
        owner::check_folder(&files).map_err(|error| error.during(folder))?;
        let packed = Packed {
            index: summed(&files.join(INDEX), &manifest)?,
            rules: summed(&files.join(RULES), &manifest)?,
            texts: PackedTexts::There(files.join(TEXTS)),
        };
        let models = summed(&files.join(MODELS), &manifest)?;
        let newer =
            Self::of_packed(manifest, packed, models).map_err(|broken| damaged(&files, &broken))?;
        weaker::check(&newer).map_err(|why| damaged(&files, &why))?;
        Ok(newer)
    }
}

impl NewerError {
    /// What is missing in a folder that has a manifest is damage.
    fn during(self, folder: &Path) -> Self {
        match self {
            Self::Absent { .. } => damaged(folder, &"files are missing"),
            Self::Refused { .. } | Self::Outdated { .. } | Self::Source(_) | Self::Unwritten(_) => {
                self
            }
        }
    }
}

/// The documentation's file, if it is what it was.
pub(super) fn texts(path: &Path, manifest: &Manifest) -> Result<Vec<u8>> {
    summed(path, manifest)
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> NewerError {
    let why = format!("is damaged ({why}); build or sync the models again");
    NewerError::Refused { path: path.to_owned(), why }
}

/// A file that is the one that the manifest means.
fn summed(path: &Path, manifest: &Manifest) -> Result<Vec<u8>> {
    let content = read(path)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is = sum(name, &content);
    match manifest.files.iter().find(|file| file.name == name) {
        Some(file) if *file == is => Ok(content),
        Some(_) | None => Err(damaged(path, &"its sum is not that of the manifest")),
    }
}

/// A file that nobody else may write.
fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| damaged(path, &error);
    // A link or a pipe is not even opened.
    if !std::fs::symlink_metadata(path).map_err(failed)?.is_file() {
        return Err(NewerError::Refused {
            path: path.to_owned(),
            why: "is a link, or no file; build or sync the models again".to_owned(),
        });
    }
    let file = File::open(path).map_err(failed)?;
    owner::check_file(path, &file.metadata().map_err(failed)?)?;
    let mut content = Vec::new();
    file.take(LARGEST).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

fn sum(name: &str, content: &[u8]) -> FileSum {
    FileSum {
        name: name.to_owned(),
        bytes: content.len() as u64,
        sha256: hex(&Sha256::digest(content)),
    }
}

fn sums(files: &[(&str, &[u8])]) -> Vec<FileSum> {
    files.iter().map(|(name, content)| sum(name, content)).collect()
}

/// The name of the folder of the files, by what is in them.
fn name_of(files: &[FileSum]) -> String {
    let mut sum = Sha256::new();
    for file in files {
        sum.update(format!("{} {} {}\n", file.name, file.bytes, file.sha256).as_bytes());
    }
    hex(&sum.finalize()).chars().take(NAME).collect()
}

/// Removes files that no manifest means any more, and what writers left that were killed. What cannot
/// be removed does no harm.
fn remove_old(folder: &Path, name: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let is_sum = |name: &str| name.len() == NAME && name.bytes().all(|b| b.is_ascii_hexdigit());
    let old: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|n| is_sum(n) && n != name))
        .map(|entry| entry.path())
        .collect();
    for path in old {
        let _ = std::fs::remove_dir_all(path);
    }
}
