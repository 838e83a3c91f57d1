//! What is said of one thing that happened: the members of a line, in their order.

use std::sync::Arc;
use std::time::SystemTime;

use aws_dynamic::catalog::Effect;
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::AutoApprove;

/// One record, as whoever saw it happen knows it. What it does not know is left out of the line.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub event: Event,
    pub tx_id: Option<String>,
    pub op_id: Option<String>,
    /// The MCP client's name and version.
    pub client: Option<String>,
    pub version: Option<String>,
    pub tool: Option<String>,
    pub service: Option<String>,
    pub operation: Option<String>,
    pub effect: Option<Effect>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub principal: Option<String>,
    /// ARNs or ids.
    pub resource: Vec<String>,
    /// Masked already.
    pub parameters: Option<Value>,
    pub policy_rule: Option<String>,
    pub approval: Option<Approved>,
    pub result: Option<Ended>,
    pub error_code: Option<String>,
    pub http_status: Option<u16>,
    pub aws_request_id: Option<String>,
    pub attempts: Option<u32>,
    pub duration_ms: Option<u64>,
    /// A few words of ours.
    pub note: Option<String>,
}

impl Record {
    /// A record that says only what happened.
    pub fn of(event: Event) -> Self {
        Self { event, ..Self::default() }
    }
}

/// What a record is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first record of a process.
    Start,
    /// The first record of a further file of the same process.
    Rotate,
    /// The last record of a file.
    End,
    /// Something that changes AWS is about to be sent.
    Intent,
    Outcome,
    Read,
    #[default]
    Call,
    Denied,
    Question,
    Yes,
    No,
    Expired,
    Credentials,
    /// An intent of which nobody will hear how it ended.
    Unknown,
    /// Records that could not be written.
    Lost,
    /// Files that were older than records are kept.
    Pruned,
    Revoked,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Done,
    Failed,
    Unknown,
    Denied,
}

/// How a person said yes or no, and to which question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approved {
    pub way: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What every record carries that does not change while the process runs.
#[derive(Clone, Debug)]
pub struct Always {
    pub os_user: String,
    pub auto_approve: AutoApprove,
}

/// A record with the time when it happened.
#[derive(Clone, Debug)]
pub struct Dated {
    pub ts: String,
    pub record: Record,
}

/// RFC 3339 in UTC with milliseconds: of one width, so that it sorts as text.
pub fn timestamp(time: SystemTime) -> String {
    let moment = DateTime::from(time);
    let millis = moment.subsec_nanos() / 1_000_000;
    let whole = DateTime::from_secs(moment.secs())
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .unwrap_or_default();
    format!("{}.{millis:03}Z", whole.trim_end_matches('Z'))
}

/// A line's members but for the hash.
#[derive(Serialize)]
pub struct Members<'a> {
    ts: &'a str,
    seq: u64,
    event: Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_id: Option<&'a str>,
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    resource: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<&'a Approved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Ended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_approve: Option<bool>,
    prev: &'a str,
}

#[derive(Serialize)]
struct User<'a> {
    os: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// The names of a line's members in their order.
pub const ORDER: [&str; 27] = [
    "ts",
    "seq",
    "event",
    "tx_id",
    "op_id",
    "user",
    "tool",
    "service",
    "operation",
    "effect",
    "account",
    "region",
    "principal",
    "resource",
    "parameters",
    "policy_rule",
    "approval",
    "result",
    "error_code",
    "http_status",
    "aws_request_id",
    "attempts",
    "duration_ms",
    "note",
    "auto_approve",
    "prev",
    "hash",
];

impl<'a> Members<'a> {
    pub fn new(dated: &'a Dated, always: &'a Always, seq: u64, prev: &'a str) -> Self {
        let Dated { ts, record } = dated;
        Self {
            ts,
            seq,
            event: record.event,
            tx_id: record.tx_id.as_deref(),
            op_id: record.op_id.as_deref(),
            user: User {
                os: &always.os_user,
                client: record.client.as_deref(),
                version: record.version.as_deref(),
            },
            tool: record.tool.as_deref(),
            service: record.service.as_deref(),
            operation: record.operation.as_deref(),
            effect: record.effect,
            account: record.account.as_deref(),
            region: record.region.as_deref(),
            principal: record.principal.as_deref(),
            resource: &record.resource,
            parameters: record.parameters.as_ref(),
            policy_rule: record.policy_rule.as_deref(),
            approval: record.approval.as_ref(),
            result: record.result,
            error_code: record.error_code.as_deref(),
            http_status: record.http_status,
            aws_request_id: record.aws_request_id.as_deref(),
            attempts: record.attempts,
            duration_ms: record.duration_ms,
            note: record.note.as_deref(),
            auto_approve: match always.auto_approve {
                AutoApprove::Off => None,
                AutoApprove::WriteAndDestructive => Some(true),
            },
            prev,
        }
    }
}

impl Dated {
    /// Every text of the record that somebody else may have written.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let Record {
            event: _,
            tx_id,
            op_id,
            client,
            version,
            tool,
            service,
            operation,
            effect: _,
            account,
            region,
            principal,
            resource,
            parameters: _,
            policy_rule,
            approval,
            result: _,
            error_code,
            http_status: _,
            aws_request_id,
            attempts: _,
            duration_ms: _,
            note,
        } = &mut self.record;
        let (way, id) = match approval {
            Some(Approved { way, id }) => (Some(way), id.as_mut()),
            None => (None, None),
        };
        let options = [
            tx_id,
            op_id,
            client,
            version,
            tool,
            service,
            operation,
            account,
            region,
            principal,
            policy_rule,
            error_code,
            aws_request_id,
            note,
        ];
        options.into_iter().flatten().chain(way).chain(id).chain(resource)
    }
}

/// A line that others may have a copy of, without its end.
pub type Copied = Arc<str>;
