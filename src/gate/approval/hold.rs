//! What a person's answer holds for beyond its question: a No for ten minutes, a yes for fifteen.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::matter::{Change, Matter};
use super::time::Life;
use crate::config::{Way, rfc3339};
use crate::gate::socket;

/// A No that still holds.
pub struct No {
    pub operations: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    pub account: Option<String>,
    pub life: Life,
}

/// Fifteen minutes for an operation.
pub struct Grant {
    pub id: String,
    pub matter: Matter,
    pub way: Way,
    pub life: Life,
}

// A grant, as status shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Granted {
    pub operations: Vec<String>,
    pub account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub until: String,
}

impl Granted {
    pub fn grant(&self) -> socket::Grant {
        let region = self.region.as_deref().unwrap_or("no region");
        let what = format!("{} in {} {region}", self.operations.join(", "), self.account_id);
        socket::Grant { what, until: self.until.clone() }
    }
}

impl No {
    pub fn to(matter: Matter, life: Life) -> Self {
        let Matter { operations, resources, account, .. } = matter;
        let set = |list: Vec<String>| list.into_iter().collect();
        Self { operations: set(operations), resources: set(resources), account, life }
    }

    /// The same operation on one of the same resources, whatever else was changed. Where resources are
    /// not known, in the same account.
    pub fn covers(&self, change: &Change<'_>) -> bool {
        let same = |names: &[String], set: &BTreeSet<String>| names.iter().any(|n| set.contains(n));
        let resources = match (self.resources.is_empty(), change.resources.is_empty()) {
            (false, false) => same(change.resources, &self.resources),
            _ => match (&self.account, change.account) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            },
        };
        same(change.operations, &self.operations) && resources
    }
}

impl Grant {
    pub fn shown(&self) -> Granted {
        Granted {
            operations: self.matter.operations.clone(),
            account_id: self.matter.account.clone().unwrap_or_default(),
            region: self.matter.region.clone(),
            until: rfc3339(self.life.end()),
        }
    }
}
