//! What exactly a person is asked about. A yes is bound to its digest: whatever else the same words
//! could mean (another account, role, region, endpoint, policy, one changed byte of an argument) is
//! another matter.

use std::sync::Arc;
use std::time::Duration;

use aws_dynamic::catalog::Effect;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::dialog::Offer;
use super::super::entry::Tx;
use crate::config::Way;

pub type Digest = [u8; 32];

/// Everything that a yes is bound to.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    pub tool: &'a str,
    /// With relative times resolved.
    pub arguments: &'a Map<String, Value>,
    /// The account's id; of credentials whose account cannot be known, their key's.
    pub account: Option<&'a str>,
    /// The principal's ARN.
    pub principal: Option<&'a str>,
    pub region: Option<&'a str>,
    pub profile: Option<&'a str>,
    /// Every role that is assumed, the call's own last.
    pub roles: &'a [String],
    /// The endpoint of each service that may be called: an override of the person's, or `rules`.
    pub endpoints: &'a [(String, String)],
    /// The digests of the policies.
    pub policy: &'a str,
}

impl Bound<'_> {
    pub fn digest(&self) -> Digest {
        let whole = json!([
            "aws-mcp approval 1",
            self.tool,
            sorted(&Value::Object(self.arguments.clone())),
            self.account,
            self.principal,
            self.region,
            self.profile,
            self.roles,
            self.endpoints,
            self.policy,
        ]);
        digest(&whole)
    }

    /// What of it the credentials are, and where they lead.
    pub fn credentials(&self) -> Digest {
        digest(&json!([self.account, self.principal, self.profile, self.roles, self.endpoints]))
    }
}

/// What a call would change, as a No sees it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub operations: &'a [String],
    /// Empty where they are not known.
    pub resources: &'a [String],
    pub account: Option<&'a str>,
}

impl Change<'_> {
    /// `ec2:StopInstances of i-0123456789abcdef0`
    pub fn what(&self) -> String {
        let operations = self.operations.join(", ");
        match self.resources {
            [] => operations,
            resources => format!("{operations} of {}", resources.join(", ")),
        }
    }
}

/// A question's content.
#[derive(Clone, Debug)]
pub struct Matter {
    pub digest: Digest,
    /// The digest of the state that the person is shown.
    pub seen: Digest,
    pub tool: &'static str,
    /// Those that a person must be asked about, `ec2:StopInstances`.
    pub operations: Vec<String>,
    /// What they would change, as far as that is known.
    pub resources: Vec<String>,
    pub effect: Effect,
    pub account: Option<String>,
    pub region: Option<String>,
    pub principal: Option<String>,
    /// The digest of whose credentials they are, and where they lead.
    pub credentials: Digest,
    /// The ways by which a person may say yes to it.
    pub ways: Vec<Way>,
    /// The digests of the policies.
    pub policy: String,
    /// What in them asks.
    pub rule: String,
    /// What the person reads.
    pub summary: String,
    /// What may be told to the model.
    pub told: String,
    pub lives: Duration,
    /// Whether fifteen minutes may be granted.
    pub lasting: Offer,
    /// The call that asked first, for the record.
    pub tx: Option<Arc<Tx>>,
}

impl Matter {
    /// What it would change.
    pub fn change(&self) -> Change<'_> {
        Change {
            operations: &self.operations,
            resources: &self.resources,
            account: self.account.as_deref(),
        }
    }

    /// Whether the fifteen minutes that were granted for this matter are for another one too.
    pub fn is_freed_for(&self, other: &Self) -> bool {
        other.lasting == Offer::Minutes
            && other.effect == Effect::Write
            && other.operations.iter().all(|operation| self.operations.contains(operation))
            && self.account.is_some()
            && self.principal.is_some()
            && self.account == other.account
            && self.principal == other.principal
            && self.credentials == other.credentials
            && self.region == other.region
            && self.policy == other.policy
    }
}

/// SHA-256 of a value's JSON text, whatever the order of its members.
pub fn digest(value: &Value) -> Digest {
    Sha256::digest(sorted(value).to_string().as_bytes()).into()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut pairs: Vec<_> = members.iter().collect();
            pairs.sort_by_key(|(name, _)| name.as_str());
            pairs.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
