//! CloudWatch Logs: log groups, and what stands in them.

mod fold;
mod groups;
mod insights;
mod query;
mod rows;
mod running;
mod seal;

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_cloudwatchlogs::types::{DataProtectionStatus, LogGroup};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Truncated;
use super::arguments::moment;
use super::listing::{Limit, Page, list};
use super::{Answer, Cx, Target, Tool, Toolset, handler};
use crate::error::Result;
use crate::gate::{Effect, Effects, Pace};
use groups::{By, Prefix, class, find, in_full};
use query::query as run_query;

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "logs_list_groups",
        title: "List log groups",
        about: "Log groups: size, retention. `prefix` may be a part of names.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["logs:DescribeLogGroups"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_groups: ListGroups => GroupList),
    },
    Tool {
        name: "logs_query",
        title: "Search logs",
        about: "Logs Insights. Lines alike but for ids and numbers fold into one. AWS bills per GB scanned.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &[
            "logs:DescribeLogGroups",
            "logs:StartQuery",
            "logs:GetQueryResults",
            "logs:StopQuery",
        ],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(run_query: query::Query => query::Found),
    },
];

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListGroups {
    prefix: Option<Prefix>,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct GroupList {
    // `substring`: no name begins with the prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<&'static str>,
    log_groups: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_mib: Option<f64>,
    // Absent where AWS did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    // Absent: standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_protection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

async fn list_groups(cx: Cx, args: ListGroups) -> Result<Answer> {
    let client = cx.logs().await?;
    let prefix = args.prefix.as_ref();
    let by_substring = AtomicBool::new(false);
    let page = |token: Option<String>, size: usize| {
        let (cx, client, by_substring) = (&cx, &client, &by_substring);
        async move {
            let found = find(cx, client, prefix, token, size).await?;
            if found.by == By::Substring {
                by_substring.store(true, Ordering::Relaxed);
            }
            let groups = match found.by {
                By::Prefix => found.groups,
                By::Substring => in_full(cx, client, found.groups).await,
            };
            Ok(Page { rows: groups.iter().map(row).collect(), next: found.next })
        }
    };
    let query = ("logs_list_groups", prefix);
    let (log_groups, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let matched_by = by_substring.into_inner().then_some("substring");
    let list = GroupList { matched_by, log_groups, next_page_token: None, truncated: None };
    Answer::paged(&list, "log_groups", cursor)
}

fn row(group: &LogGroup) -> Row {
    // A group of which only name and age are known says nothing of the rest by being silent.
    let is_full = group.stored_bytes.is_some() || group.retention_in_days.is_some();
    let kept = match group.retention_in_days {
        Some(1) => Some("1 day".to_owned()),
        Some(days) => Some(format!("{days} days")),
        None => is_full.then(|| "forever".to_owned()),
    };
    let is_protected = group.data_protection_status == Some(DataProtectionStatus::Activated);
    Row {
        name: group.log_group_name.clone().unwrap_or_default(),
        stored_mib: group.stored_bytes.map(stored_mib),
        kept,
        class: class(group).map(|class| class.as_str().to_ascii_lowercase()),
        data_protection: is_protected.then_some("activated"),
        created: group.creation_time.and_then(|time| moment(&DateTime::from_millis(time))),
    }
}

/// AWS counts stored bytes in whole numbers.
fn stored_mib(bytes: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded")]
    rows::mib(bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |bytes: i64, expected: f64| assert_eq!(stored_mib(bytes), expected, "{bytes}");
        check(0, 0.0);
        check(1_000, 0.001);
        check(1_572_864, 1.5);
        check(1_073_741_824, 1_024.0);
        check(5_000_000_000_000, 4_768_372.0);
    }

    #[test]
    fn silence_is_no_retention() {
        let named = || LogGroup::builder().log_group_name("a");
        assert_eq!(row(&named().build()).kept, None);
        assert_eq!(row(&named().stored_bytes(0).build()).kept.as_deref(), Some("forever"));
        assert_eq!(row(&named().retention_in_days(30).build()).kept.as_deref(), Some("30 days"));
    }
}
