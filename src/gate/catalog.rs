//! Which models of AWS's services count: newer ones that the user synced, or those of this program. It
//! is decided once, before anything is looked up. Newer ones that cannot be used are left out whole and
//! told; the program's own are always there.

use std::path::Path;

use aws_dynamic::catalog::newer::{Manifest, Newer, NewerError};
use aws_dynamic::catalog::{Index, install};
use schemars::JsonSchema;
use serde::Serialize;

/// The models of this process.
#[derive(Clone, Debug)]
pub enum Catalog {
    /// The program's own.
    Embedded,
    /// Synced or built ones, merged with the program's own.
    Newer(Box<Manifest>),
    /// The program's own, because the newer ones cannot be used: why, and what to do.
    LeftOut(String),
}

// What `aws_server_status` shows of it. The doc comments of the members are for whoever reads the schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CatalogStatus {
    /// embedded, or newer (`aws-mcp models`)
    models: &'static str,
    services: usize,
    operations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// Newer models that cannot be used, and why
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Catalog {
    /// Makes what the folder has count, if it has anything. To be called before the first look at the
    /// catalog; costs one look at the disk where there is nothing.
    pub fn decide(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else { return Self::Embedded };
        let newer = match Newer::open(folder) {
            Ok(newer) => newer,
            Err(NewerError::Absent { .. }) => return Self::Embedded,
            Err(
                error @ (NewerError::Refused { .. }
                | NewerError::Outdated { .. }
                | NewerError::Source(_)
                | NewerError::Unwritten(_)),
            ) => return Self::LeftOut(error.to_string()),
        };
        let manifest = Box::new(newer.manifest().clone());
        match install(newer) {
            Ok(()) => Self::Newer(manifest),
            Err(late) => Self::LeftOut(late.to_string()),
        }
    }

    /// Why newer models are not used, and what to do.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Embedded | Self::Newer(_) => None,
            Self::LeftOut(why) => Some(why),
        }
    }

    /// How it stands.
    pub fn status(&self) -> CatalogStatus {
        let services = Index::get().map(Index::services).unwrap_or_default();
        let own = CatalogStatus {
            models: "embedded",
            services: services.len(),
            operations: services.iter().map(|service| service.operations().len()).sum(),
            from: None,
            commit: None,
            date: None,
            problem: self.problem().map(str::to_owned),
        };
        match self {
            Self::Embedded | Self::LeftOut(_) => own,
            Self::Newer(manifest) => CatalogStatus {
                models: "newer",
                from: Some(manifest.source.clone()),
                commit: manifest.reference.clone(),
                date: Some(manifest.date.clone()),
                ..own
            },
        }
    }
}
