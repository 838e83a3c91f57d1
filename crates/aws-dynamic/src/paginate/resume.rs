//! Where to go on: all tokens of an operation as one text, which a caller keeps and hands back. It may
//! come back changed, so it can set the tokens of its own operation and nothing else; what a token's
//! value may be is for validation to say, as with any input. It is good for the same input only: in
//! another list it would leave things out.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use aws_smithy_types::base64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Failed;
use super::plan::Plan;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resume {
    pub(super) tokens: Map<String, Value>,
    /// Items of the page that were given out already.
    pub(super) skip: usize,
    /// What [`sum`] says of the input.
    pub(super) input: u64,
}

/// JSON in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    operation: String,
    tokens: Map<String, Value>,
    #[serde(default, skip_serializing_if = "is_zero")]
    skip: usize,
    input: u64,
}

/// Bytes. Tokens of services are some kilobytes at most.
const LONGEST: usize = 1 << 20;

impl Resume {
    pub(super) fn write(self, plan: &Plan) -> String {
        let Self { tokens, skip, input } = self;
        let wire = Wire { operation: plan.operation().to_owned(), tokens, skip, input };
        // Maps with texts as keys can always be written.
        base64::encode(serde_json::to_string(&wire).unwrap_or_default())
    }

    pub(super) fn read(token: &str, plan: &Plan, input: u64) -> Result<Self, Failed> {
        let name = plan.operation();
        let wrong = |why: &str| {
            let what = format!("{name}: the resume token {why}; use one that this operation gave");
            Err(Failed::Token(what))
        };
        let wire = (token.len() <= LONGEST).then(|| base64::decode(token).ok()).flatten();
        let wire = wire.and_then(|wire| serde_json::from_slice::<Wire>(&wire).ok());
        let Some(Wire { operation, tokens, skip, input: of }) = wire else {
            return wrong("cannot be read");
        };
        if operation != name {
            return wrong("is another operation's");
        }
        if of != input {
            return wrong("is of another input");
        }
        let is_known = |name: &String| plan.token_members().any(|member| member == name);
        if !tokens.keys().all(is_known) || tokens.values().any(Value::is_null) {
            return wrong("has other members than the operation's tokens");
        }
        if tokens.is_empty() && skip == 0 {
            return wrong("leads to the start");
        }
        Ok(Self { tokens, skip, input })
    }
}

/// Tells inputs apart, whatever the order of their members.
pub(super) fn sum<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>) -> u64 {
    let members: BTreeMap<_, _> = members.collect();
    let mut hasher = DefaultHasher::new();
    members.hash(&mut hasher);
    hasher.finish()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
