//! logs_query: what is asked, of which groups, and what is told of the answer.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::fold::{Line, fold};
use super::groups::{self, Prefix, Queried};
use super::insights;
use super::rows::{count, cut, line, mib};
use super::running::{Asked, Handle, MOST_ROWS, Question, Seen, Started, State, look, start};
use super::seal::Seal;
use crate::error::{Error, Kind, Result};
use crate::tools::answer::Truncated;
use crate::tools::arguments::{Span, Values, When, rfc3339};
use crate::tools::{Answer, Cx};

/// What GetQueryResults gives at most.
const MOST_LINES: i32 = 10_000;
/// Said where `Seal` hid something.
const SEALED: &str = "What the query computes is masked where it names a secret, cuts texts, or looks like a key. \
                      Show the field or @message itself.";
/// Without `start`: the last hour.
const RECENT: Duration = Duration::from_secs(3_600);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    // Names or ARNs.
    #[schemars(with = "Option<Vec<String>>")]
    log_groups: Option<Values>,
    // Or a part of names.
    prefix: Option<Prefix>,
    /// ERROR "two words" -not ?any ?of, /regex/
    filter_pattern: Option<String>,
    query: Option<String>,
    // Without it: the last hour.
    start: Option<When>,
    end: Option<When>,
    // Lines that are read; 1,000 where none is said.
    limit: Option<Lines>,
    unfolded: Option<bool>,
    // Goes on with a query that is running; alone.
    handle: Option<String>,
}

/// How many lines a query gives: 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lines(i32);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let lines = i64::deserialize(deserializer)?;
        match i32::try_from(lines) {
            Ok(lines) if (1..=MOST_LINES).contains(&lines) => Ok(Self(lines)),
            Ok(_) | Err(_) => Err(serde::de::Error::custom(format!(
                "limit is {lines}; it can be 1 to {MOST_LINES}"
            ))),
        }
    }
}

impl JsonSchema for Lines {
    fn schema_name() -> Cow<'static, str> {
        "Lines".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer"})
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Found {
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    // What the prefix found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log_groups: Vec<String>,
    // As it was sent, where the call gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    records_matched: i64,
    records_scanned: i64,
    scanned_mib: f64,
    // {count, first, last, log_group, stream or streams, fields, example}; else the query's fields.
    #[schemars(with = "Vec<Map<String, Value>>")]
    rows: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    truncated: Option<Truncated>,
}

/// Whether lines are shown one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Folded,
    Unfolded,
}

pub async fn query(cx: Cx, args: Query) -> Result<Answer> {
    let show = match args.unfolded {
        Some(true) => Show::Unfolded,
        Some(false) | None => Show::Folded,
    };
    let found = match args.handle {
        Some(_) => go_on(&cx, args, show).await?,
        None => ask(&cx, args, show).await?,
    };
    let how =
        "Cut to fit. Narrow the time or the filter, or count: query \"stats count(*) by ...\".";
    Answer::listed(&found, "rows", how)
}

/// Asks a new question, once it is known that it is one.
async fn ask(cx: &Cx, args: Query, show: Show) -> Result<Found> {
    let limit = args.limit.map_or(1_000, |Lines(limit)| limit);
    let span = Span::new(cx, args.start.unwrap_or(When::Ago(RECENT)), args.end)?;
    let named = match (args.log_groups, args.prefix) {
        (Some(names), None) => Named::ByName(groups::names_of(cx, names)?),
        (None, Some(prefix)) => Named::ByPrefix(prefix),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Error::invalid(
                "logs_query needs log_groups or prefix, one of them.",
                "Name the groups, or give the begin of their names; logs_list_groups shows them.",
            ));
        }
    };
    let text = match (args.query, args.filter_pattern) {
        (Some(query), None) => Text::Given(insights::checked(&query)?),
        (None, pattern) => {
            Text::Newest(pattern.map(|pattern| insights::filter(&pattern)).transpose()?)
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "query and filter_pattern cannot go together.",
                "Give filter_pattern, or a query with a filter command.",
            ));
        }
    };
    let client = cx.logs().await?;
    let (Queried { names, left_out }, shown) = match named {
        Named::ByName(names) => (Queried { names, left_out: None }, Vec::new()),
        Named::ByPrefix(prefix) => {
            let queried = groups::queried(cx, &client, &prefix).await?;
            let names = queried.names.clone();
            (queried, names)
        }
    };
    let (text, made, seal) = match text {
        Text::Given(text) => {
            let seal = Seal::of(&text);
            (text, None, Some(seal))
        }
        Text::Newest(filter) => {
            let of_groups = if names.len() > 1 { ", @log" } else { "" };
            let text = insights::newest(filter.as_deref(), of_groups, limit);
            (text.clone(), Some(text), None)
        }
    };
    cx.progress(format!("starting a query of {} log groups", names.len()));
    let mut started = start(cx, &client, Question { groups: names, text, span, limit }).await?;
    let seen = look(cx, &mut started).await?;
    let asked = Asked { limit, left_out, seal };
    let found = told(cx, &seen, &asked, show)?;
    let handle = match is_unread(&seen) {
        true => Some(Handle::new(cx, &started.id, asked).await?.text(cx)),
        false => None,
    };
    // From here on it is the handle's.
    started.let_run();
    Ok(Found {
        handle,
        log_groups: shown,
        query: made,
        start: Some(rfc3339(span.start)),
        end: Some(rfc3339(span.end)),
        ..found
    })
}

/// Goes on with a query that was running.
async fn go_on(cx: &Cx, args: Query, show: Show) -> Result<Found> {
    let alone = args.log_groups.is_none()
        && args.prefix.is_none()
        && args.filter_pattern.is_none()
        && args.query.is_none()
        && args.start.is_none()
        && args.end.is_none()
        && args.limit.is_none();
    if !alone {
        return Err(Error::invalid(
            "handle goes on with a query as it was started.",
            "Give the handle without the query's other arguments, or those without a handle.",
        ));
    }
    let client = cx.logs().await?;
    let handle = Handle::read(cx, args.handle.as_deref().unwrap_or_default()).await?;
    let mut running = Started::before(&client, &handle.id);
    let seen = look(cx, &mut running).await;
    // A look that fails can be taken again.
    running.let_run();
    let seen = seen?;
    let found = told(cx, &seen, &handle.asked, show)?;
    let handle = is_unread(&seen).then(|| handle.text(cx));
    Ok(Found { handle, ..found })
}

/// Whether AWS has more to tell of a query than was read.
fn is_unread(seen: &Seen) -> bool {
    seen.state == State::Running || seen.has_more && seen.rows.len() < MOST_ROWS
}

/// The groups as the call names them.
enum Named {
    ByName(Vec<String>),
    ByPrefix(Prefix),
}

/// The query as the call says it.
enum Text {
    Given(String),
    /// The newest lines that a filter lets through.
    Newest(Option<String>),
}

/// What was seen, as an answer tells it.
fn told(cx: &Cx, seen: &Seen, asked: &Asked, show: Show) -> Result<Found> {
    let mut lines: Vec<Line> = seen.rows.iter().map(|fields| line(fields)).collect();
    let unmasked =
        lines.iter().flat_map(Map::keys).any(|name| name.to_lowercase().contains("unmask"));
    if unmasked {
        return Err(Error::new(
            Kind::ClientError,
            "the query unmasks what the log group's data protection hides.",
            "Start another without unmask.",
        ));
    }
    let is_sealed = asked.seal.as_ref().is_some_and(|seal| seal.over(cx, &mut lines));
    let sealed = is_sealed.then(|| SEALED.to_owned());
    let is_of_lines = lines.iter().any(|line| line.contains_key("@message"));
    let part = part(seen, asked, is_of_lines);
    let rows = match show {
        Show::Folded if is_of_lines => fold(lines),
        Show::Folded | Show::Unfolded => lines,
    };
    let statistics = &seen.statistics;
    let notes = [asked.left_out.clone(), part, sealed].into_iter().flatten();
    let note = notes.collect::<Vec<String>>().join(" ");
    Ok(Found {
        state: seen.state,
        note: Some(note).filter(|note| !note.is_empty()),
        handle: None,
        log_groups: Vec::new(),
        query: None,
        start: None,
        end: None,
        records_matched: count(statistics.records_matched),
        records_scanned: count(statistics.records_scanned),
        scanned_mib: mib(statistics.bytes_scanned),
        rows: cut(cx, rows),
        truncated: None,
    })
}

/// What is said where the rows are not all that the query found: counts are of these alone.
fn part(seen: &Seen, asked: &Asked, is_of_lines: bool) -> Option<String> {
    if seen.state == State::Running {
        return Some(
            "Still running: these are its first results. Go on with {handle}, as often as needed."
                .to_owned(),
        );
    }
    let (rows, matched) = (seen.rows.len(), count(seen.statistics.records_matched));
    let has_more_lines = usize::try_from(matched).is_ok_and(|matched| matched > rows);
    let is_full = usize::try_from(asked.limit).is_ok_and(|limit| rows >= limit);
    if is_unread(seen) {
        Some(format!(
            "Only the first {rows} rows could be read in time: call again with {{handle}}."
        ))
    } else if asked.seal.is_none() {
        has_more_lines.then(|| {
            format!(
                "These are the newest {rows} of {matched} matching lines, and counts are of these."
            )
        })
    } else if is_of_lines && has_more_lines {
        Some(format!("These are {rows} of {matched} matching lines, and counts are of these."))
    } else if is_full && (!is_of_lines || has_more_lines) || seen.has_more {
        Some(format!("These are the first {rows} rows; there may be more. Raise limit for those."))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatchlogs::types::QueryStatistics;

    use super::*;

    #[test]
    fn rows_that_were_not_read_are_said() {
        let statistics = QueryStatistics::builder().build();
        let seen = Seen { state: State::Complete, statistics, rows: vec![], has_more: true };
        let asked = Asked { limit: 1_000, left_out: None, seal: None };
        assert!(part(&seen, &asked, false).unwrap().contains("call again with {handle}"));
    }
}
