//! Models that are newer than this program, merged into its own: AWS adds operations every day. They
//! come from a user's own download, so they are a stranger's word. Nothing that is known gets weaker
//! by them: no effect, no rule on arguments, no sensitive member, no action, no host, no signature.
//!
//! `build` reads a source and merges it, `Newer::write` keeps that in a folder, `Newer::open` takes it
//! from there at the next start, and `catalog::install` makes it what the catalog says.

mod archive;
mod build;
mod differences;
mod entry;
mod error;
mod folder;
mod intake;
mod judge;
mod manifest;
mod marks;
mod merge;
mod model;
mod owner;
mod route;
mod sound;
mod source;
mod weaker;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Documentation, Index, Models};
use crate::bytes::Broken;
use crate::endpoint::{Payload, Rules};

pub use build::{About, build};
pub use differences::{Changed, Differences, Named, differences};
pub use error::NewerError;
pub use manifest::{FileSum, LeftOut, Manifest};
pub use owner::check_folder;
pub use source::{Kind, Source};

/// Newer models, merged with those of this program.
#[derive(Debug)]
pub struct Newer {
    manifest: Manifest,
    index: Index,
    models: Models,
    rules: Payload,
    packed: Packed,
    documentation: OnceLock<Result<Documentation, Broken>>,
}

/// The files as they are kept.
#[derive(Debug)]
struct Packed {
    index: Vec<u8>,
    rules: Vec<u8>,
    texts: PackedTexts,
}

/// The largest file, which few starts need.
#[derive(Debug)]
enum PackedTexts {
    Here(Vec<u8>),
    /// In a folder, to be read and checked when it is first asked for.
    There(PathBuf),
}

impl Newer {
    /// What there is to know of their origin and of what was left out.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// All services and operations, the embedded ones among them.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The models of all services; each is decoded when it is first asked for.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The endpoint rules of all services.
    pub fn rules(&self) -> Result<Rules<'_>, Broken> {
        Rules::read(&self.rules)
    }

    /// What services, operations and members are for; read when it is first asked for.
    pub fn documentation(&self) -> Result<&Documentation, &Broken> {
        self.documentation
            .get_or_init(|| {
                let packed = match &self.packed.texts {
                    PackedTexts::Here(packed) => packed.clone(),
                    PackedTexts::There(path) => folder::texts(path, &self.manifest)
                        .map_err(|error| Broken::new(&error.to_string()))?,
                };
                Documentation::open(Cow::Owned(packed))
            })
            .as_ref()
    }

    /// Where they are from, in lines for people.
    pub fn provenance(&self) -> String {
        self.manifest.provenance()
    }

    /// Decodes packed files.
    fn of_packed(manifest: Manifest, packed: Packed, models: Vec<u8>) -> Result<Self, Broken> {
        let rules = Payload::unpack(&packed.rules)?;
        Rules::read(&rules)?;
        Ok(Self {
            index: Index::decode(&packed.index)?,
            models: Models::open(Cow::Owned(models))?,
            rules,
            manifest,
            packed,
            documentation: OnceLock::new(),
        })
    }
}

#[cfg(test)]
mod tests;
