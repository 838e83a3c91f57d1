//! What botocore's models say wrongly, or leave out. Each stands here with its reason.

use crate::import::facts::Service;
use crate::model::terms::Kind;

/// A fact that is taken over otherwise than botocore has it.
#[derive(Clone, Copy, Debug)]
pub struct Correction {
    /// As the catalog names it.
    pub service: &'static str,
    pub shape: &'static str,
    pub what: Corrected,
    pub reason: &'static str,
}

/// What is otherwise.
#[derive(Clone, Copy, Debug)]
pub enum Corrected {
    /// The structure is a union.
    Union,
    /// The member is no idempotency token.
    NoToken(&'static str),
}

pub const CORRECTIONS: &[Correction] = &[
    union("dynamodb", "AttributeValue"),
    union("dynamodbstreams", "AttributeValue"),
    union("s3", "AnalyticsFilter"),
    union("s3", "MetricsFilter"),
    no_token("athena", "DeleteNamedQueryInput", "NamedQueryId", "the query to delete"),
    no_token("athena", "StopQueryExecutionInput", "QueryExecutionId", "the execution to stop"),
    no_token(
        "chime-sdk-messaging",
        "ChannelFlowCallbackRequest",
        "CallbackId",
        "the callback that is answered, as the service named it",
    ),
    no_token(
        "elementalinference",
        "AssociateFeedRequest",
        "associatedResourceName",
        "the source that the feed is of",
    ),
    no_token(
        "elementalinference",
        "DisassociateFeedRequest",
        "associatedResourceName",
        "the source that the feed was of",
    ),
];

pub(super) fn apply(service: &mut Service) {
    for correction in CORRECTIONS.iter().filter(|row| row.service == service.name) {
        // A newer botocore may have it otherwise.
        let Some(shape) = service.shapes.get_mut(correction.shape) else { continue };
        match correction.what {
            Corrected::Union if shape.kind == Kind::Structure => shape.kind = Kind::Union,
            Corrected::Union => {}
            Corrected::NoToken(name) => {
                let named = shape.members.iter_mut().filter(|member| member.name == name);
                named.for_each(|member| member.is_idempotency_token = false);
            }
        }
    }
}

/// Whether a member is an idempotency token only by botocore's mistake.
pub fn is_no_token(service: &str, shape: &str, member: &str) -> bool {
    CORRECTIONS.iter().any(|row| {
        let is_it = matches!(row.what, Corrected::NoToken(name) if name == member);
        is_it && row.service == service && row.shape == shape
    })
}

const fn union(service: &'static str, shape: &'static str) -> Correction {
    let reason = "a union in AWS's Smithy models; botocore's is older than its unions";
    Correction { service, shape, what: Corrected::Union, reason }
}

/// The id of something that is there already: a fresh one names nothing, or something else.
const fn no_token(
    service: &'static str,
    shape: &'static str,
    member: &'static str,
    reason: &'static str,
) -> Correction {
    Correction { service, shape, what: Corrected::NoToken(member), reason }
}
