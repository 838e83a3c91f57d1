//! Which catalog counts: newer models, if they were installed before anything was looked up, else
//! those of this build. It is decided once, because views of the models live as long as the program.

use std::sync::OnceLock;

use super::name;
use super::newer::{LeftOut, Newer};
use super::{Documentation, Index, Models};
use crate::bytes::Broken;
use crate::endpoint::Rules;

/// Something was looked up in the embedded catalog already, or others were installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLate;

impl std::fmt::Display for TooLate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("newer models must be installed once, before the catalog is first used")
    }
}

impl std::error::Error for TooLate {}

/// Newer models that count.
pub(crate) struct Installed {
    newer: &'static Newer,
    rules: Rules<'static>,
}

static INSTALLED: OnceLock<Option<Installed>> = OnceLock::new();

/// Makes newer models what `Index::get`, `Models::get`, `Rules::get` and `Documentation::get` give,
/// for as long as the program runs. To be called before any of them is.
pub fn install(newer: Newer) -> Result<(), TooLate> {
    if INSTALLED.get().is_some() {
        return Err(TooLate);
    }
    let newer: &'static Newer = Box::leak(Box::new(newer));
    // They were read when the models were opened.
    let rules = newer.rules().map_err(|_| TooLate)?;
    INSTALLED.set(Some(Installed { newer, rules })).map_err(|_| TooLate)
}

/// Why a service that newer models have cannot be used, if that is so.
pub fn unusable(service: &str) -> Option<&'static LeftOut> {
    let unusable = &get()?.newer.manifest().unusable;
    unusable.iter().find(|left_out| name::same(&left_out.service, service))
}

/// Where the catalog that counts is from, in lines for people: sources, versions, hashes, licences.
pub fn provenance() -> Result<String, &'static Broken> {
    let mut lines = String::new();
    if let Some(installed) = get() {
        lines.push_str(&installed.newer.provenance());
        lines.push_str("\nmerged into the models of this program:\n");
    }
    let embedded =
        [Index::embedded()?.sources(), Models::embedded()?.sources(), Rules::embedded()?.sources()];
    lines.push_str(&embedded.join("\n"));
    Ok(lines)
}

/// What was installed. The first one who asks decides that nothing is installed later.
pub(crate) fn get() -> Option<&'static Installed> {
    INSTALLED.get_or_init(|| None).as_ref()
}

impl Installed {
    pub fn index(&self) -> &'static Index {
        self.newer.index()
    }

    pub fn models(&self) -> &'static Models {
        self.newer.models()
    }

    pub fn rules(&self) -> &Rules<'static> {
        &self.rules
    }

    pub fn documentation(&self) -> Result<&'static Documentation, &'static Broken> {
        self.newer.documentation()
    }
}
