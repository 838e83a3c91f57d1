//! IAM's actions with their access levels: the best word there is on what an operation does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Result;
use crate::sources;

/// IAM's access level, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Read,
    Write,
    Grant,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Grant => "permissions",
        }
    }
}

/// All actions.
pub struct Levels {
    /// Prefix, then the action's name in small letters, then the name and its level.
    actions: BTreeMap<String, BTreeMap<String, (String, Level)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    name: String,
    access_level: String,
}

impl Levels {
    pub fn read(archive: &[u8]) -> Result<Self> {
        let mut actions = BTreeMap::new();
        let wanted = |path: &str| path.starts_with("data/actions/") && path.ends_with(".json");
        sources::entries(archive, wanted, |path, content| {
            let prefix = path.trim_start_matches("data/actions/").trim_end_matches(".json");
            let read: BTreeMap<String, Action> =
                serde_json::from_slice(content).map_err(|error| format!("{path}: {error}"))?;
            let leveled = read.into_values().map(|action| {
                let level = level(&action.access_level)
                    .ok_or_else(|| format!("{path}: access level {:?}", action.access_level))?;
                Ok((action.name.to_ascii_lowercase(), (action.name, level)))
            });
            actions.insert(prefix.to_owned(), leveled.collect::<Result<_>>()?);
            Ok(())
        })?;
        Ok(Self { actions })
    }

    /// The action of a name under a prefix: as IAM writes it, and its level.
    pub fn action(&self, prefix: &str, name: &str) -> Option<(String, Level)> {
        let (name, level) = self.actions.get(prefix)?.get(&name.to_ascii_lowercase())?;
        Some((format!("{prefix}:{name}"), *level))
    }

    /// The level of `prefix:Action`, in exactly these letters.
    pub fn level(&self, action: &str) -> Option<Level> {
        let (prefix, name) = action.split_once(':')?;
        self.action(prefix, name).filter(|(written, _)| written == action).map(|(_, level)| level)
    }

    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.actions.contains_key(prefix)
    }

    pub fn count(&self) -> usize {
        self.actions.values().map(BTreeMap::len).sum()
    }
}

/// Several levels stand in one text (`Tagging, Write`); the strongest counts.
fn level(text: &str) -> Option<Level> {
    let words: BTreeSet<_> = text
        .split(", ")
        .map(|word| match word {
            "Read" | "List" => Some(Level::Read),
            "Write" | "Tagging" => Some(Level::Write),
            "Permissions management" => Some(Level::Grant),
            _ => None,
        })
        .collect();
    words.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()
}
