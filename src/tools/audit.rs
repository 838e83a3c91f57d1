//! What was asked and done through this server, found in its own record.

use std::time::{Duration, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::Truncated;
use super::arguments::When;
use super::listing::Limit;
use super::{Answer, Cx, Target, Tool, Toolset, handler};
use crate::error::Result;
use crate::gate::audit::{Ended, Event, Query};
use crate::gate::{Effect, Effects, Pace};

pub const TOOLS: &[Tool] = &[Tool {
    name: "aws_audit_search",
    title: "Search the audit log",
    about: "What was asked and done through aws-mcp on this machine: calls, AWS operations, refusals, \
            a person's answers. The newest come first. aws_server_status says whether the log is intact.",
    toolset: Toolset::Audit,
    effects: Effects::Always(Effect::Read),
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::None,
    change: None,
    handler: handler!(search: Search => Found),
}];

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    tool: Option<String>,
    /// As the AWS CLI names it
    service: Option<String>,
    /// Its 12-digit id
    account: Option<String>,
    #[schemars(with = "Option<String>")]
    /// done, failed, unknown or denied
    result: Option<Ended>,
    #[schemars(with = "Option<String>")]
    /// Such as intent, outcome, read, denied, question, yes, no
    event: Option<Event>,
    since: Option<When>,
    limit: Option<Limit>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    records: Vec<Row>,
    /// In all
    matched: u64,
    /// Lines that are no records; somebody may have changed them
    #[serde(skip_serializing_if = "is_none")]
    unreadable: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    truncated: Option<Truncated>,
}

// A record without what only a verification needs.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Row {
    ts: String,
    seq: u64,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

async fn search(cx: Cx, args: Search) -> Result<Answer> {
    let now = cx.world().config.clock.now();
    let since = args.since.map(|since| since.seconds(now));
    let query = Query {
        tool: args.tool,
        service: args.service,
        account: args.account,
        result: args.result,
        event: args.event,
        // Before 1970 there is nothing.
        since: since.and_then(|seconds| {
            UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
        }),
        limit: args.limit.unwrap_or_default().rows(),
    };
    let found = cx.world().gate.search_audit(query).await?;
    let (records, unreadable) = rows(found.records);
    let found = Found {
        records,
        matched: found.matched,
        unreadable: unreadable + found.skipped,
        truncated: None,
    };
    Answer::listed(
        &found,
        "records",
        "The newest are shown. Narrow it: tool, service, result, since.",
    )
}

/// The newest first: what is cut off is the oldest. And how many are no records of ours.
fn rows(records: Vec<Value>) -> (Vec<Row>, u64) {
    let all = records.len();
    let rows: Vec<Row> = records
        .into_iter()
        .rev()
        .filter_map(|record| serde_json::from_value(record).ok())
        .collect();
    let unreadable = all.saturating_sub(rows.len());
    (rows, u64::try_from(unreadable).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_the_newest_first_without_what_chains_them() {
        let record = |seq: u64| {
            json!({"ts": "2026-11-21T10:00:00.000Z", "seq": seq, "event": "read", "user": {"os": "eve"},
                "resource": ["i-1"], "prev": "00", "hash": "11"})
        };
        let wrong = json!({"ts": 1, "seq": 2, "event": "read"});
        let (rows, unreadable) = rows(vec![record(1), wrong, record(3)]);
        assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(unreadable, 1);
        assert_eq!(
            serde_json::to_value(&rows[0]).unwrap(),
            json!({"ts": "2026-11-21T10:00:00.000Z", "seq": 3, "event": "read", "resource": ["i-1"]})
        );
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        let parse = |value: Value| serde_json::from_value::<Search>(value);
        assert!(
            parse(json!({"result": "denied", "event": "yes", "since": "-3h", "limit": 5})).is_ok()
        );
        for wrong in [
            json!({"result": "ok"}),
            json!({"event": "intend"}),
            json!({"since": "lately"}),
            json!({"limit": 0}),
            json!({"hash": "11"}),
        ] {
            assert!(parse(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
