//! logs_query: starts a query of Logs Insights, waits for it, and tells what it found. Whoever
//! started it and is gone stops it; one that takes longer than a call is gone on with by its handle.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_cloudwatchlogs::types::{
    LogGroupClass, QueryLanguage, QueryStatistics, QueryStatus, ResultField,
};
use aws_smithy_types::base64;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::fold::{Line, fold};
use super::{By, MOST_PAGE, Prefix, class, find, insights, is_name, rounded};
use crate::error::{Error, Kind, Result, aws, echo};
use crate::tools::answer::Truncated;
use crate::tools::arguments::{Span, Values, When, rfc3339};
use crate::tools::{Answer, Cx};

/// After so much of the call it answers with what there is.
const WAIT: Duration = Duration::from_secs(45);
/// Between two looks, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const MOST_PAUSE: Duration = Duration::from_secs(2);
/// How long the request to stop may take.
const STOP: Duration = Duration::from_secs(10);
const MOST_GROUPS: usize = 50;
const MOST_LINES: i32 = 10_000;
/// Characters of one text of a row.
const MOST_TEXT: usize = 500;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Complete,
    Running,
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
    Raw,
}

pub async fn query(cx: Cx, args: Query) -> Result<Answer> {
    let show = match args.unfolded {
        Some(true) => Show::Raw,
        Some(false) | None => Show::Folded,
    };
    if args.handle.is_some() {
        return go_on(&cx, args, show).await;
    }
    let limit = args.limit.map_or(1_000, |Lines(limit)| limit);
    let span = Span::new(&cx, args.start.unwrap_or(When::Ago(RECENT)), args.end)?;
    // Judged before anything is asked of AWS.
    let groups = match (args.log_groups, args.prefix) {
        (Some(names), None) => Named::Groups(names_of(&cx, names)?),
        (None, Some(prefix)) => Named::By(prefix),
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
            // That it is none is known before the groups are.
            insights::newest(pattern.as_deref(), "", limit)?;
            Text::Newest(pattern)
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "query and filter_pattern cannot go together.",
                "Give filter_pattern, or a query with a filter command.",
            ));
        }
    };
    let client = cx.logs().await?;
    let groups = match groups {
        Named::Groups(names) => Groups { names, left_out: None, by: None },
        Named::By(prefix) => groups_of(&cx, &client, &prefix).await?,
    };
    let (text, made) = match text {
        Text::Given(text) => (text, false),
        Text::Newest(pattern) => {
            let of_groups = if groups.names.len() > 1 { ", @log" } else { "" };
            (insights::newest(pattern.as_deref(), of_groups, limit)?, true)
        }
    };
    cx.progress(format!("starting a query of {} log groups", groups.names.len()));
    let mut started = start(&cx, &client, &groups.names, &text, span, limit).await?;
    let seen = look(&cx, &client, &started.id).await?;
    // From here on it ends by itself, or by the handle.
    started.on_drop = OnDrop::LetRun;
    let mut found = told(&cx, &seen, show)?;
    if seen.state == State::Running {
        found.handle = Some(Handle::new(&cx, &started.id).await?.text());
    }
    let (lines, matched) = (seen.rows.len(), count(seen.statistics.records_matched));
    let mut notes: Vec<String> = groups.left_out.into_iter().collect();
    let is_part = usize::try_from(matched).is_ok_and(|matched| matched > lines);
    if seen.state == State::Complete && made && is_part {
        notes.push(format!(
            "These are the newest {lines} of {matched} matching lines, and counts are of these."
        ));
    }
    notes.extend(found.note.take());
    found.note = Some(notes.join(" ")).filter(|note| !note.is_empty());
    if groups.by.is_some() {
        found.log_groups = groups.names;
    }
    found.query = made.then_some(text);
    found.start = Some(rfc3339(span.start));
    found.end = Some(rfc3339(span.end));
    answer(&found)
}

/// Goes on with a query that was running.
async fn go_on(cx: &Cx, args: Query, show: Show) -> Result<Answer> {
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
    let mut running =
        Started { client: client.clone(), id: handle.id.clone(), on_drop: OnDrop::Stop };
    let seen = look(cx, &client, &handle.id).await;
    running.on_drop = OnDrop::LetRun;
    let seen = seen?;
    let mut found = told(cx, &seen, show)?;
    if seen.state == State::Running {
        found.handle = Some(handle.text());
    }
    answer(&found)
}

fn answer(found: &Found) -> Result<Answer> {
    let how =
        "Cut to fit. Narrow the time or the filter, or count: query \"stats count(*) by ...\".";
    Answer::listed(found, "rows", how)
}

/// The groups as the call names them.
enum Named {
    Groups(Vec<String>),
    By(Prefix),
}

/// The query as the call says it.
enum Text {
    Given(String),
    Newest(Option<String>),
}

/// The groups that are queried.
struct Groups {
    names: Vec<String>,
    /// How many there are that are not.
    left_out: Option<String>,
    by: Option<By>,
}

fn names_of(cx: &Cx, names: Values) -> Result<Vec<String>> {
    let names = names.into_vec();
    if !(1..=MOST_GROUPS).contains(&names.len()) {
        return Err(Error::invalid(
            format!("log_groups has {} names; a query takes 1 to {MOST_GROUPS}.", names.len()),
            "Name fewer groups, or query them in turn.",
        ));
    }
    let region = cx.session()?.region.as_ref().map(ToString::to_string);
    let mut groups: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let name = group_name(name.trim(), region.as_deref())?;
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    Ok(groups)
}

/// A name, or an ARN as StartQuery takes it: without the `:*` that other places show.
fn group_name(given: &str, region: Option<&str>) -> Result<String> {
    let wrong = || {
        Error::invalid(
            format!("{} is not a log group's name or ARN.", echo(given)),
            "Give names such as /ecs/checkout; logs_list_groups shows them. For several with one begin give prefix.",
        )
    };
    if is_name(given) {
        return Ok(given.to_owned());
    }
    let arn = given.strip_suffix(":*").unwrap_or(given);
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "logs", its_region, account, "log-group", name] = parts.as_slice()
    else {
        return Err(wrong());
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let good = partition.starts_with("aws")
        && plain(partition)
        && plain(its_region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && is_name(name);
    if !good {
        return Err(wrong());
    }
    if region.is_some_and(|region| region != *its_region) {
        return Err(Error::invalid(
            format!("{} lies in another region than the call.", echo(given)),
            format!("Call with region {} for this group.", echo(its_region)),
        ));
    }
    Ok(arn.to_owned())
}

/// The groups that one query can read of those that a prefix finds.
async fn groups_of(cx: &Cx, client: &Client, prefix: &Prefix) -> Result<Groups> {
    let found = find(cx, client, Some(prefix), None, MOST_PAGE).await?;
    let more = found.next.is_some();
    let all = found.groups.len();
    let of_class = |wanted: Option<&LogGroupClass>| -> Vec<String> {
        let groups = found.groups.iter().filter(|group| class(group) == wanted);
        groups.filter_map(|group| group.log_group_name.clone()).collect()
    };
    let mut names = of_class(None);
    if names.is_empty() {
        names = of_class(Some(&LogGroupClass::InfrequentAccess));
    }
    if names.is_empty() {
        return Err(Error::new(
            Kind::NotFound,
            format!("no log group that can be queried has {} in its name.", echo(&prefix.0)),
            "Call logs_list_groups to see which there are, here or in another region.",
        ));
    }
    let left_out = match (more, all - names.len()) {
        (true, _) => {
            Some(format!("Only the first {} groups were queried; more names match.", names.len()))
        }
        (false, 0) => None,
        (false, rest) => Some(format!("{rest} groups of another class were not queried.")),
    };
    Ok(Groups { names, left_out, by: Some(found.by) })
}

/// A query that AWS runs.
struct Started {
    client: Client,
    id: String,
    on_drop: OnDrop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    Stop,
    LetRun,
}

/// A call that is cancelled is dropped, and so is one that fails: what nobody will read costs no more.
impl Drop for Started {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.on_drop == OnDrop::Stop {
            let request = self.client.stop_query().query_id(&self.id);
            runtime.spawn(async move {
                let _ = tokio::time::timeout(STOP, request.send()).await;
            });
        }
    }
}

async fn start(
    cx: &Cx,
    client: &Client,
    groups: &[String],
    text: &str,
    span: Span,
    limit: i32,
) -> Result<Started> {
    let request = client
        .start_query()
        .query_language(QueryLanguage::Cwli)
        .start_time(span.start)
        .end_time(span.end)
        .query_string(text)
        .limit(limit);
    let groups = Some(groups.to_vec());
    let request = if groups.iter().flatten().all(|group| is_name(group)) {
        request.set_log_group_names(groups)
    } else {
        request.set_log_group_identifiers(groups)
    };
    // On its own, so that a query is stopped too whose id comes after the call was cancelled.
    let stopping = client.clone();
    let starting = tokio::spawn(async move {
        let answer: StartQueryOutput = request.send().await?;
        let id = answer.query_id.unwrap_or_default();
        Ok(Started { client: stopping, id, on_drop: OnDrop::Stop })
    });
    let action = cx.action("logs:StartQuery");
    match starting.await {
        Ok(Ok(started)) if !started.id.is_empty() => Ok(started),
        Ok(Ok(mut nameless)) => {
            nameless.on_drop = OnDrop::LetRun;
            Err(Error::new(
                Kind::ExecutionError,
                format!("{action} got an answer without a query id."),
                aws::next_step(Kind::ExecutionError),
            ))
        }
        Ok(Err(e)) => Err(not_started(&action, text, e)),
        Err(e) => Err(Error::internal(format!("{action} crashed.")).caused_by(e)),
    }
}

fn not_started(action: &str, text: &str, error: SdkError<StartQueryError>) -> Error {
    let place = match error.as_service_error() {
        Some(StartQueryError::MalformedQueryException(malformed)) => {
            malformed.query_compile_error().and_then(|error| {
                let location = error.location()?;
                let start = usize::try_from(location.start_char_offset()?).ok()?;
                let rest: String = text.chars().skip(start).take(40).collect();
                Some(format!("It is about character {start}, at {}.", echo(&rest)))
            })
        }
        _ => None,
    };
    let mut error = aws::failed(action, error);
    if let Some(place) = place {
        error.message = format!("{} {place}", error.message);
    }
    error.next_step = match (error.kind, error.aws.code.as_deref()) {
        (Kind::NotFound, _) => {
            "Call logs_list_groups with a part of the name: names are whole and their case counts."
                .into()
        }
        (_, Some("MalformedQueryException")) => {
            "See aws_message, and mend the query or the time; a simple search needs filter_pattern only.".into()
        }
        (_, Some("LimitExceededException")) => {
            "Too many queries run in this account and region at once: wait until some have ended, then call again."
                .into()
        }
        _ => error.next_step,
    };
    error
}

/// What was seen of a query.
struct Seen {
    state: State,
    statistics: QueryStatistics,
    rows: Vec<Vec<ResultField>>,
}

/// Looks until the query is complete, or the time over.
async fn look(cx: &Cx, client: &Client, id: &str) -> Result<Seen> {
    let mut seen = Seen {
        state: State::Running,
        statistics: QueryStatistics::builder().build(),
        rows: vec![],
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let left = WAIT.saturating_sub(cx.elapsed());
        let Ok(answer) = tokio::time::timeout(left, results(cx, client, id, None)).await else {
            return Ok(seen);
        };
        let answer = answer?;
        if let Some(statistics) = answer.statistics {
            seen.statistics = statistics;
        }
        seen.rows = answer.results.unwrap_or_default();
        let mut next = answer.next_token.filter(|token| !token.is_empty());
        match answer.status {
            Some(QueryStatus::Complete) => {
                while let Some(token) = next
                    && seen.rows.len() < usize::try_from(MOST_LINES).unwrap_or_default()
                    && cx.elapsed() < WAIT
                {
                    let more = results(cx, client, id, Some(token)).await?;
                    seen.rows.extend(more.results.unwrap_or_default());
                    next = more.next_token.filter(|token| !token.is_empty());
                }
                seen.state = State::Complete;
                return Ok(seen);
            }
            Some(QueryStatus::Failed) => {
                return Err(Error::new(
                    Kind::ExecutionError,
                    "the query failed at AWS's side.",
                    "Start it again with fewer groups or a shorter time.",
                ));
            }
            Some(QueryStatus::Timeout) => {
                return Err(Error::new(
                    Kind::Timeout,
                    "the query ran for 60 minutes, and AWS ended it.",
                    "Start it again with fewer groups or a shorter time.",
                ));
            }
            Some(QueryStatus::Cancelled) => {
                return Err(Error::new(
                    Kind::Cancelled,
                    "the query was stopped before it was complete.",
                    "Start it again if its answer is still wanted.",
                ));
            }
            // Running, Scheduled, Unknown, and what is not known yet.
            Some(_) | None => {}
        }
        let statistics = &seen.statistics;
        cx.progress(format!(
            "{}: {} MiB scanned, {} lines match",
            answer.status.as_ref().map_or("running", QueryStatus::as_str).to_lowercase(),
            mib(statistics.bytes_scanned),
            count(statistics.records_matched)
        ));
        if WAIT.saturating_sub(cx.elapsed()) <= pause {
            return Ok(seen);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MOST_PAUSE);
    }
}

async fn results(
    cx: &Cx,
    client: &Client,
    id: &str,
    token: Option<String>,
) -> Result<GetQueryResultsOutput> {
    let request = client.get_query_results().query_id(id).set_next_token(token);
    request.send().await.map_err(|e| {
        let mut error = aws::failed(&cx.action("logs:GetQueryResults"), e);
        if error.kind == Kind::NotFound {
            error.next_step =
                "AWS keeps results for a week, in the query's region. Start it again.".into();
        }
        error
    })
}

/// What was seen, as an answer tells it.
fn told(cx: &Cx, seen: &Seen, show: Show) -> Result<Found> {
    let lines: Vec<Line> = seen.rows.iter().map(|fields| line(fields)).collect();
    let unmasked =
        lines.iter().flat_map(Map::keys).any(|name| name.to_lowercase().contains("unmask"));
    if unmasked {
        return Err(Error::new(
            Kind::ClientError,
            "the query unmasks what the log group's data protection hides.",
            "Start another without unmask.",
        ));
    }
    let rows = match show {
        Show::Folded if lines.iter().any(|line| line.contains_key("@message")) => fold(lines),
        Show::Folded | Show::Raw => lines,
    };
    let statistics = &seen.statistics;
    let note = match seen.state {
        State::Complete => None,
        State::Running => Some(
            "Still running: these are its first results. Go on with {handle}, as often as needed."
                .to_owned(),
        ),
    };
    Ok(Found {
        state: seen.state,
        note,
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

/// One row by the names of its fields, without what only AWS can read.
fn line(fields: &[ResultField]) -> Line {
    let mut line = Line::new();
    for field in fields {
        let (name, value) = (field.field().unwrap_or_default(), field.value().unwrap_or_default());
        if name == "@ptr" || value.is_empty() {
            continue;
        }
        let value = match name {
            "@message" => value.to_owned(),
            _ => time(value).or_else(|| short(value)).unwrap_or_else(|| value.to_owned()),
        };
        line.insert(name.to_owned(), json!(value));
    }
    line
}

/// Insights writes times as `2026-11-21 09:30:00.123`, in UTC.
fn time(value: &str) -> Option<String> {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00.000";
    let fits = value.len() == SHAPE.len()
        && value.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    let (date, time) = value.split_once(' ').filter(|_| fits)?;
    let time = time.strip_suffix(".000").unwrap_or(time);
    Some(format!("{date}T{time}Z"))
}

/// A figure with more decimals than anybody reads: `34.133333333` is `34.13`.
fn short(value: &str) -> Option<String> {
    let (whole, decimals) = value.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let long =
        digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(decimals) && decimals.len() > 4;
    let number = value.parse::<f64>().ok().filter(|_| long)?;
    Some(rounded(number.abs()).copysign(number).to_string())
}

/// Texts that are not too long. A text is masked before it is cut: half a secret is one too, and
/// would pass as none.
fn cut(cx: &Cx, rows: Vec<Line>) -> Vec<Value> {
    let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    let shown = cx.shown(Map::from_iter([("rows".to_owned(), Value::Array(rows))]));
    let Some((_, Value::Array(mut rows))) = shown.into_iter().next() else { return Vec::new() };
    rows.iter_mut().for_each(shorten);
    rows
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
                let length = text.chars().count();
                text.truncate(end);
                text.push_str(&format!("... [{MOST_TEXT} of {length} characters]"));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// AWS counts in floating point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and nothing is lost of a count"
)]
fn count(number: f64) -> i64 {
    number.round() as i64
}

fn mib(bytes: f64) -> f64 {
    rounded(bytes / 1_048_576.0)
}

/// Names a query to those who started it: bound to source, region and account of the call.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Handle {
    b: u64,
    id: String,
}

impl Handle {
    async fn new(cx: &Cx, id: &str) -> Result<Self> {
        Ok(Self { b: Self::bound(cx).await?, id: id.to_owned() })
    }

    fn text(&self) -> String {
        base64::encode(serde_json::to_vec(self).unwrap_or_default())
    }

    async fn read(cx: &Cx, text: &str) -> Result<Self> {
        let handle = Self::parse(text.trim()).ok_or_else(|| {
            Error::invalid(
                "handle is not one that this server gave.",
                "Pass the handle unchanged, or start the query again.",
            )
        })?;
        if handle.b == Self::bound(cx).await? {
            return Ok(handle);
        }
        Err(Error::invalid(
            "handle belongs to another account, region or set of credentials.",
            "Call with the profile, role_arn and region of the call that gave it, or start the query again.",
        ))
    }

    fn parse(text: &str) -> Option<Self> {
        let handle: Self = serde_json::from_slice(&base64::decode(text).ok()?).ok()?;
        let good = (1..=64).contains(&handle.id.len())
            && handle.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        good.then_some(handle)
    }

    async fn bound(cx: &Cx) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        ("logs_query", cx.binding().await?).hash(&mut hasher);
        Ok(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_name_and_arn() {
        let check = |given: &str, expected: Option<&str>| {
            assert_eq!(group_name(given, Some("eu-west-1")).ok().as_deref(), expected, "{given}");
        };
        check("/ecs/checkout", Some("/ecs/checkout"));
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/checkout";
        check(arn, Some(arn));
        check(&format!("{arn}:*"), Some(arn));
        check(&format!("{arn}:log-stream:x"), None);
        check("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/checkout", None);
        check("arn:aws:s3:eu-west-1:123456789012:log-group:/ecs/checkout", None);
        check("arn:aws:logs:eu-west-1:1234:log-group:/ecs/checkout", None);
        for bad in ["", "*", "a b", "/ecs/checkout'", "a\nb", "checkout*"] {
            check(bad, None);
        }
    }

    #[test]
    fn times_and_figures() {
        let check = |value: &str, expected: &str| {
            let told = time(value).or_else(|| short(value)).unwrap_or_else(|| value.to_owned());
            assert_eq!(told, expected);
        };
        check("2026-11-21 09:30:00.000", "2026-11-21T09:30:00Z");
        check("2026-11-21 09:30:00.123", "2026-11-21T09:30:00.123Z");
        check("2026-11-21 09:30", "2026-11-21 09:30");
        check("341.33333333", "341");
        check("34.133333333", "34.13");
        check("-0.0123456", "-0.0123");
        for same in ["12", "1.10", "10.0.0.12345", "0.5", "x.123456", "12345678901234567890", "."] {
            check(same, same);
        }
    }

    #[test]
    fn long_texts_say_how_long_they_were() {
        let mut value = json!({"a": ["x".repeat(501)], "b": "y".repeat(500)});
        shorten(&mut value);
        let a = value["a"][0].as_str().unwrap();
        assert!(a.ends_with("xx... [500 of 501 characters]") && a.len() < 540);
        assert_eq!(value["b"].as_str().unwrap().len(), 500);
    }

    #[test]
    fn handles_hold_query_ids_and_nothing_else() {
        let text = |id: &str| Handle { b: 1, id: id.to_owned() }.text();
        assert!(Handle::parse(&text("12ab34cd-5678-90ab-cdef-1234567890ab")).is_some());
        for bad in ["", "a b", "a/b", "\"", "é", &"x".repeat(65)] {
            assert!(Handle::parse(&text(bad)).is_none(), "{bad}");
        }
        for bad in ["", "x", "e30=", "not base64!"] {
            assert!(Handle::parse(bad).is_none(), "{bad}");
        }
    }
}
