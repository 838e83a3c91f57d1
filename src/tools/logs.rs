//! CloudWatch Logs: log groups, and what stands in them.

mod fold;
mod insights;
mod query;

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{DataProtectionStatus, LogGroup, LogGroupClass};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::answer::Truncated;
use super::arguments::moment;
use super::listing::{Limit, Page, list};
use super::{Answer, Cx, Target, Tool, Toolset, handler};
use crate::error::{Result, aws, echo};
use crate::gate::{Effect, Effects, Pace};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "logs_list_groups",
        title: "List log groups",
        about: "Log groups: size, retention. `prefix` may be a part of names.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["logs:DescribeLogGroups"],
        pace: Pace::Ordinary,
        target: Target::Aws,
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
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(run_query: query::Query => query::Found),
    },
];

use query::query as run_query;

/// DescribeLogGroups, limit.
const MOST_PAGE: usize = 50;
/// A log group's name.
const MOST_NAME: usize = 512;

// A log group's name, or how it begins.
#[derive(Clone, Debug, Hash, JsonSchema)]
#[schemars(transparent)]
struct Prefix(String);

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // As one would write it elsewhere.
        let text = text.trim().trim_end_matches('*');
        if is_name(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(serde::de::Error::custom(format!(
            "{} is not the begin of a log group's name such as /ecs/checkout",
            echo(text)
        )))
    }
}

fn is_name(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-/#".contains(&b);
    (1..=MOST_NAME).contains(&text.len()) && text.bytes().all(good)
}

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

/// What of a name was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Prefix,
    Substring,
}

impl By {
    /// Marks AWS's tokens, so that the next page is looked for in the same way.
    fn mark(self) -> char {
        match self {
            Self::Prefix => 'p',
            Self::Substring => 's',
        }
    }
}

/// A page of log groups.
struct Groups {
    groups: Vec<LogGroup>,
    by: By,
    next: Option<String>,
}

/// The groups whose names begin with `prefix`. Where there are none, and it is no path, those that
/// contain it: who asks may know the service's name only.
async fn find(
    cx: &Cx,
    client: &Client,
    prefix: Option<&Prefix>,
    token: Option<String>,
    size: usize,
) -> Result<Groups> {
    let by = match token.as_deref().and_then(|token| token.chars().next()) {
        Some('s') => By::Substring,
        Some(_) | None => By::Prefix,
    };
    let is_first = token.is_none();
    let token = token.and_then(|token| token.get(1..).map(str::to_owned));
    let found = find_by(cx, client, prefix, by, token, size).await?;
    match prefix {
        Some(Prefix(text))
            if is_first
                && found.groups.is_empty()
                && found.next.is_none()
                && !text.starts_with('/') =>
        {
            find_by(cx, client, prefix, By::Substring, None, size).await
        }
        Some(_) | None => Ok(found),
    }
}

async fn find_by(
    cx: &Cx,
    client: &Client,
    prefix: Option<&Prefix>,
    by: By,
    token: Option<String>,
    size: usize,
) -> Result<Groups> {
    let text = prefix.map(|Prefix(text)| text.clone());
    let request = client
        .describe_log_groups()
        .set_next_token(token)
        .limit(i32::try_from(size.min(MOST_PAGE)).unwrap_or(i32::MAX));
    let request = match by {
        By::Prefix => request.set_log_group_name_prefix(text),
        By::Substring => request.set_log_group_name_pattern(text),
    };
    let answer =
        request.send().await.map_err(|e| aws::failed(&cx.action("logs:DescribeLogGroups"), e))?;
    let next = answer.next_token.filter(|token| !token.is_empty());
    let next = next.map(|token| format!("{}{token}", by.mark()));
    Ok(Groups { groups: answer.log_groups.unwrap_or_default(), by, next })
}

/// The same groups with what AWS leaves out where it looks for substrings; without, where that fails.
async fn in_full(cx: &Cx, client: &Client, groups: Vec<LogGroup>) -> Vec<LogGroup> {
    let names: Vec<String> =
        groups.iter().filter_map(|group| group.log_group_name.clone()).collect();
    if names.is_empty() || groups.iter().any(|group| group.stored_bytes.is_some()) {
        return groups;
    }
    cx.progress("reading the groups' sizes");
    let request = client.describe_log_groups().set_log_group_identifiers(Some(names));
    match request.send().await {
        Ok(answer) => {
            let mut full = answer.log_groups.unwrap_or_default();
            let known = |name: Option<&str>, among: &[LogGroup]| {
                among.iter().any(|group| group.log_group_name() == name)
            };
            full.retain(|group| known(group.log_group_name(), &groups));
            let rest: Vec<LogGroup> =
                groups.into_iter().filter(|group| !known(group.log_group_name(), &full)).collect();
            full.extend(rest);
            full.sort_by(|a, b| a.log_group_name.cmp(&b.log_group_name));
            full
        }
        Err(_) => groups,
    }
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
        stored_mib: group.stored_bytes.map(mib),
        kept,
        class: class(group).map(|class| class.as_str().to_ascii_lowercase()),
        data_protection: is_protected.then_some("activated"),
        created: group.creation_time.and_then(|time| moment(&DateTime::from_millis(time))),
    }
}

/// A class that is not the usual one.
fn class(group: &LogGroup) -> Option<&LogGroupClass> {
    group.log_group_class.as_ref().filter(|class| **class != LogGroupClass::Standard)
}

/// Bytes as MiB, with no more digits than anybody reads.
fn mib(bytes: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "rounded below")]
    let mib = bytes as f64 / 1_048_576.0;
    rounded(mib)
}

fn rounded(number: f64) -> f64 {
    let unit = match number {
        100.0.. => 1.0,
        0.1..100.0 => 100.0,
        _ => 10_000.0,
    };
    (number * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes() {
        let parse = |text: &str| serde_json::from_value::<Prefix>(json!(text)).map(|p| p.0).ok();
        assert_eq!(parse(" /ecs/checkout* "), Some("/ecs/checkout".to_owned()));
        assert_eq!(parse("checkout"), Some("checkout".to_owned()));
        for bad in ["", " ", "*", "a b", "a|b", "a'b", "\u{e9}", &"x".repeat(513)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        let check = |bytes: i64, expected: f64| assert_eq!(mib(bytes), expected, "{bytes}");
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
