//! Alarms: which there are, and all about one.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types::{
    AlarmType, CompositeAlarm, HistoryItemType, LogAlarm, MetricAlarm, MetricDataQuery, ScanBy,
    StateValue,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::condition::{self, Condition};
use super::figure::Figure;
use super::history::{self, Change};
use super::series::{self, Shown};
use super::{cut, part, period, plain, text};
use crate::error::{Error, Kind, Result, aws, echo, nearest};
use crate::tools::answer::Truncated;
use crate::tools::arguments::{Span, moment};
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// DescribeAlarms, MaxRecords.
const MOST_PAGE: i32 = 100;
/// Points around the last change, and of those so many before it.
const AROUND: i64 = 40;
const BEFORE: i64 = 15;
/// Points up to now, where the change is longer ago.
const LATEST: i64 = 10;
/// Children of a composite alarm that are shown.
const MOST_CHILDREN: usize = 50;
/// Characters of an alarm in full. What else an answer holds, and what may never be left out, has room
/// beside them.
const MOST_FULL: usize = 16_000;

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// As one wants to read them.
    const ALL: [Self; 3] = [Self::Alarm, Self::InsufficientData, Self::Ok];

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    fn after(self) -> Option<Self> {
        match self {
            Self::Alarm => Some(Self::InsufficientData),
            Self::InsufficientData => Some(Self::Ok),
            Self::Ok => None,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAlarms {
    state_value: Option<State>,
    prefix: Option<String>,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct AlarmList {
    alarms: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    truncated: Option<Truncated>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
struct Row {
    alarm_name: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    watches: String,
    // composite or log; a metric's says nothing.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    // Shown where it tells nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions_enabled: Option<bool>,
}

/// An alarm, whichever kind it is.
#[derive(Clone, Debug)]
enum Alarm {
    Metric(Box<MetricAlarm>),
    Composite(Box<CompositeAlarm>),
    Log(Box<LogAlarm>),
}

/// Members that every kind has.
macro_rules! of_each {
    ($alarm:expr, $each:ident => $what:expr) => {
        match $alarm {
            Alarm::Metric($each) => $what,
            Alarm::Composite($each) => $what,
            Alarm::Log($each) => $what,
        }
    };
}

impl Alarm {
    fn all(answer: DescribeAlarmsOutput) -> Vec<Self> {
        let metric = answer.metric_alarms.into_iter().flatten().map(|a| Self::Metric(a.into()));
        let composite =
            answer.composite_alarms.into_iter().flatten().map(|a| Self::Composite(a.into()));
        let log = answer.log_alarms.into_iter().flatten().map(|a| Self::Log(a.into()));
        composite.chain(metric).chain(log).collect()
    }

    fn name(&self) -> &str {
        of_each!(self, alarm => alarm.alarm_name()).unwrap_or_default()
    }

    fn account(&self) -> Option<&str> {
        let arn = of_each!(self, alarm => alarm.alarm_arn());
        arn.and_then(place_of).map(|place| place.account)
    }

    fn changed(&self) -> Option<&DateTime> {
        of_each!(self, alarm => {
            alarm.state_transitioned_timestamp().or_else(|| alarm.state_updated_timestamp())
        })
    }

    fn row(&self, most_reason: usize) -> Row {
        let enabled = of_each!(self, alarm => alarm.actions_enabled());
        let state = of_each!(self, alarm => alarm.state_value()).map(StateValue::as_str);
        let reason = of_each!(self, alarm => alarm.state_reason());
        let (kind, watches) = match self {
            Self::Metric(alarm) => (None, condition::words_of_metric(alarm)),
            Self::Composite(alarm) => (Some("composite"), condition::words_of_composite(alarm)),
            Self::Log(alarm) => (Some("log"), condition::words_of_log(alarm)),
        };
        Row {
            alarm_name: self.name().to_owned(),
            state: state.unwrap_or_default().to_owned(),
            since: self.changed().and_then(moment),
            reason: text(reason).map(|reason| cut(&reason, most_reason)),
            watches,
            kind,
            actions_enabled: enabled.filter(|enabled| !enabled),
        }
    }
}

pub(super) async fn list_alarms(cx: Cx, args: ListAlarms) -> Result<Answer> {
    let prefix = args.prefix.as_deref().map(str::trim).filter(|prefix| !prefix.is_empty());
    let client = cx.cloudwatch().await?;
    let query = ("cloudwatch_list_alarms", args.state_value, prefix);
    // Always the same page of AWS, however many rows are wanted of it: its alarms are put in order by
    // time, and another page would put others in the places that were shown.
    let page = |token: Option<String>, _: usize| {
        let (cx, client) = (&cx, &client);
        async move {
            // One state after the other, so that what fires comes first: `ALARM` or `ALARM:token`.
            let (state, token) = place(token, args.state_value)?;
            let answer = describe(cx, client, |request| {
                request
                    .state_value(StateValue::from(state.word()))
                    .set_alarm_name_prefix(prefix.map(str::to_owned))
                    .max_records(MOST_PAGE)
                    .set_next_token(token.clone())
            });
            let mut answer = answer.await?;
            let more = answer.next_token.take().filter(|token| !token.is_empty());
            let mut alarms = Alarm::all(answer);
            alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.changed().map(DateTime::secs)));
            let rows = alarms.iter().map(|alarm| alarm.row(200)).collect();
            let next = match (more, args.state_value) {
                (Some(more), _) => Some(format!("{}:{more}", state.word())),
                (None, Some(_)) => None,
                (None, None) => state.after().map(|state| state.word().to_owned()),
            };
            Ok(Page { rows, next })
        }
    };
    let (alarms, cursor) = list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = AlarmList { alarms, next_page_token: None, truncated: None };
    Answer::paged(&list, "alarms", cursor)
}

/// Where a listing of alarms goes on.
fn place(token: Option<String>, only: Option<State>) -> Result<(State, Option<String>)> {
    let Some(token) = token else { return Ok((only.unwrap_or(State::Alarm), None)) };
    let (word, token) = match token.split_once(':') {
        Some((word, token)) => (word, Some(token.to_owned())),
        None => (token.as_str(), None),
    };
    let state = State::ALL.into_iter().find(|state| state.word() == word);
    match state.filter(|state| only.is_none_or(|only| only == *state)) {
        Some(state) => Ok((state, token)),
        None => Err(Error::invalid(
            "page_token is not one that this server gave.",
            "Leave it out to begin anew.",
        )),
    }
}

type DescribeAlarms =
    aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;

/// DescribeAlarms for every type of alarm. Where CloudWatch does not know the newest type yet, for the others.
async fn describe(
    cx: &Cx,
    client: &Client,
    narrowed: impl Fn(DescribeAlarms) -> DescribeAlarms,
) -> Result<DescribeAlarmsOutput> {
    let send = async |types: &[AlarmType]| {
        let request = client.describe_alarms().set_alarm_types(Some(types.to_vec()));
        let answer = narrowed(request).send().await;
        answer.map_err(|e| aws::failed(&cx.action("cloudwatch:DescribeAlarms"), e))
    };
    let known = [AlarmType::CompositeAlarm, AlarmType::MetricAlarm];
    let [composite, metric] = known.clone();
    match send(&[composite, metric, AlarmType::LogAlarm]).await {
        Err(e) if is_of_type(&e) => send(&known).await,
        answer => answer,
    }
}

fn is_of_type(error: &Error) -> bool {
    let words = error.aws.message.as_deref().unwrap_or_default();
    error.kind == Kind::ValidationError && words.contains("LogAlarm")
}

// An alarm's name or its ARN, as it was given.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
struct AlarmName(String);

impl<'de> Deserialize<'de> for AlarmName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let text = text.trim();
        let is_alarm = place_of(text).is_none_or(|place| place.is_alarm);
        if is_alarm && (1..=255).contains(&named(text).chars().count()) {
            return Ok(Self(text.to_owned()));
        }
        Err(serde::de::Error::custom(
            "it is the name of an alarm, of 1 to 255 characters, or an alarm's ARN",
        ))
    }
}

impl AlarmName {
    /// The name, where the alarm is of the call's region and, as far as that is known, account: another
    /// may have one of the same name.
    async fn here(&self, cx: &Cx) -> Result<&str> {
        let Self(text) = self;
        if let Some(place) = place_of(text) {
            let region = cx.session()?.required_region()?.to_string();
            if place.region != region {
                return Err(Error::invalid(
                    format!(
                        "the alarm is in {}, the call in {}.",
                        echo(place.region),
                        echo(&region)
                    ),
                    "Call again with the ARN's region as `region`, or with the name of an alarm of this one.",
                ));
            }
            self.check_account(cx.credentials().await?.account())?;
        }
        Ok(named(text))
    }

    /// Whether this may be an alarm of that account.
    fn check_account(&self, account: Option<&str>) -> Result<()> {
        let Self(text) = self;
        match (place_of(text), account) {
            (Some(place), Some(account)) if place.account != account => Err(Error::invalid(
                format!(
                    "the alarm is of account {}, the call's is {account}.",
                    echo(place.account)
                ),
                "Call again with a `profile` or `role_arn` of the ARN's account, or with the name of an \
                 alarm of this one.",
            )),
            _ => Ok(()),
        }
    }
}

/// What an ARN says beside the name.
struct Place<'a> {
    region: &'a str,
    account: &'a str,
    is_alarm: bool,
}

fn place_of(text: &str) -> Option<Place<'_>> {
    let mut parts = text.strip_prefix("arn:")?.splitn(6, ':').skip(1);
    let service = parts.next();
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let is_alarm = service == Some("cloudwatch") && parts.next() == Some("alarm");
    Some(Place { region, account, is_alarm })
}

/// The name in `arn:aws:cloudwatch:us-east-1:123456789012:alarm:name`.
pub(super) fn named(text: &str) -> &str {
    match text.starts_with("arn:") {
        true => text.splitn(7, ':').nth(6).unwrap_or_default(),
        false => text,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneAlarm {
    alarm_name: AlarmName,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct AlarmInFull {
    #[serde(flatten)]
    alarm: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    // Why a composite tells nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    children: Vec<Child>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    more_children: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flips: Option<String>,
    // Around the last change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    metric: Vec<Around>,
    // The last points, where these are later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    latest: Vec<Around>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    condition: Option<Condition>,
    // State changes, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    history: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    more_history: Option<usize>,
    // What is told, by state.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "plain::object")]
    actions: BTreeMap<&'static str, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configured: Option<String>,
    // Errors of the parts that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    missing: Vec<Error>,
}

#[derive(Debug, Serialize)]
struct Child {
    alarm_name: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// A series beside an alarm's threshold.
#[derive(Debug, Serialize)]
struct Around {
    #[serde(skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_data: Option<bool>,
    #[serde(flatten)]
    shown: Shown,
}

pub(super) async fn describe_alarm(cx: Cx, args: OneAlarm) -> Result<Answer> {
    let client = cx.cloudwatch().await?;
    let name = args.alarm_name.here(&cx).await?;
    let changes = client
        .describe_alarm_history()
        .alarm_name(name)
        .set_alarm_types(None)
        .history_item_type(HistoryItemType::StateUpdate)
        .scan_by(ScanBy::TimestampDescending)
        .max_records(100)
        .send();
    let changes = part(&cx, "cloudwatch:DescribeAlarmHistory", async {
        changes.await.map_err(|e| aws::failed(&cx.action("cloudwatch:DescribeAlarmHistory"), e))
    });
    let rest = async {
        let found = describe(&cx, &client, |request| request.alarm_names(name)).await?;
        let mut all = Alarm::all(found).into_iter();
        let Some(alarm) = all.find(|alarm| alarm.name() == name) else {
            return Err(not_found(&cx, &client, name).await);
        };
        args.alarm_name.check_account(alarm.account())?;
        let mut full = in_full(&alarm);
        match &alarm {
            Alarm::Metric(metric) => add_metric(&cx, &client, metric, &mut full).await,
            Alarm::Composite(_) => add_children(&cx, &client, name, &mut full).await,
            Alarm::Log(_) => {}
        }
        Ok(full)
    };
    // Where there is no alarm, nothing waits for its history.
    let (mut full, changes) = tokio::try_join!(rest, async { Ok::<_, Error>(changes.await) })?;
    match changes {
        Ok(changes) => {
            let told = history::of(changes.alarm_history_items(), changes.next_token());
            (full.flips, full.history, full.more_history) = (told.words, told.changes, told.more);
        }
        Err(e) => full.missing.push(e),
    }
    bound(&mut full, |full| {
        let body = cx.shown(Answer::of(full)?.body);
        Ok(serde_json::to_string(&body).map_or(usize::MAX, |text| text.chars().count()))
    })?;
    Answer::of(&full)
}

/// Leaves out what matters least until the answer fits, and says so.
fn bound(full: &mut AlarmInFull, characters: impl Fn(&AlarmInFull) -> Result<usize>) -> Result<()> {
    let mut left_out = Vec::new();
    while characters(full)? > MOST_FULL {
        if full.children.len() > 5 {
            full.children.pop();
            full.more_children = Some(full.more_children.unwrap_or_default() + 1);
        } else if full.latest.pop().is_some() {
            left_out.push("latest");
        } else if full.metric.len() > 1 {
            full.metric.pop();
            left_out.push("metric");
        } else if full.history.len() > 3 {
            full.history.pop();
            full.more_history = Some(full.more_history.unwrap_or_default() + 1);
        } else if full.condition.take().is_some() {
            left_out.push("condition");
        } else if full.actions.pop_last().is_some() {
            left_out.push("actions");
        } else {
            break;
        }
    }
    left_out.dedup();
    if !left_out.is_empty() {
        full.missing.push(Error::new(
            Kind::ResponseTooLarge,
            format!(
                "left out so that the answer fits, wholly or in part: {}.",
                left_out.join(", ")
            ),
            "Read single metrics with cloudwatch_get_metric_statistics.",
        ));
    }
    Ok(())
}

fn in_full(alarm: &Alarm) -> AlarmInFull {
    let actions = of_each!(alarm, alarm => [
        ("ALARM", alarm.alarm_actions().to_vec()),
        ("OK", alarm.ok_actions().to_vec()),
        ("INSUFFICIENT_DATA", alarm.insufficient_data_actions().to_vec()),
    ]);
    let description = of_each!(alarm, alarm => text(alarm.alarm_description()));
    let configured = of_each!(alarm, alarm => alarm.alarm_configuration_updated_timestamp());
    AlarmInFull {
        alarm: alarm.row(1_000),
        description: description.map(|description| cut(&description, 1_000)),
        suppressed: match alarm {
            Alarm::Composite(alarm) => suppressed(alarm),
            Alarm::Metric(_) | Alarm::Log(_) => None,
        },
        children: Vec::new(),
        more_children: None,
        flips: None,
        metric: Vec::new(),
        latest: Vec::new(),
        condition: match alarm {
            Alarm::Metric(alarm) => Some(condition::of_metric(alarm)),
            Alarm::Log(alarm) => Some(condition::of_log(alarm)),
            Alarm::Composite(_) => None,
        },
        history: Vec::new(),
        more_history: None,
        actions: actions.into_iter().filter(|(_, actions)| !actions.is_empty()).collect(),
        configured: configured.and_then(moment),
        missing: Vec::new(),
    }
}

fn suppressed(alarm: &CompositeAlarm) -> Option<String> {
    let by = alarm.actions_suppressed_by()?.as_str();
    let reason = alarm.actions_suppressed_reason().unwrap_or_default();
    let suppressor = alarm.actions_suppressor().map(named).unwrap_or_default();
    Some(cut(&format!("{by} ({suppressor}): {reason}"), 300))
}

/// There is no such alarm; perhaps one with a name that is near.
async fn not_found(cx: &Cx, client: &Client, name: &str) -> Error {
    let begin: String = name.chars().take(3).collect();
    let near = describe(cx, client, |request| request.alarm_name_prefix(&begin).max_records(100));
    let near: Vec<String> = match part(cx, "cloudwatch:DescribeAlarms", near).await {
        Ok(answer) => Alarm::all(answer).iter().map(|alarm| alarm.name().to_owned()).collect(),
        Err(_) => Vec::new(),
    };
    let hint = nearest(name, near.iter().map(String::as_str))
        .map(|near| format!(" Did you mean {}?", echo(near)))
        .unwrap_or_default();
    Error::new(
        Kind::NotFound,
        format!("there is no alarm {} here.{hint}", echo(name)),
        "Check the name and the region; cloudwatch_list_alarms shows what is there.",
    )
}

async fn add_children(cx: &Cx, client: &Client, name: &str, full: &mut AlarmInFull) {
    // As many as a composite can have: those that fire may be the last.
    let request = client.describe_alarms().children_of_alarm_name(name).max_records(MOST_PAGE);
    let answer = part(cx, "cloudwatch:DescribeAlarms", async {
        let answer = request.send().await;
        answer.map_err(|e| aws::failed(&cx.action("cloudwatch:DescribeAlarms"), e))
    });
    let mut children = match answer.await {
        Ok(answer) => Alarm::all(answer),
        Err(e) => {
            full.missing.push(e);
            return;
        }
    };
    let order = |alarm: &Alarm| {
        let state = of_each!(alarm, alarm => alarm.state_value()).map(StateValue::as_str);
        State::ALL.iter().position(|known| Some(known.word()) == state)
    };
    children.sort_by_key(|alarm| order(alarm).unwrap_or(usize::MAX));
    full.more_children = children.len().checked_sub(MOST_CHILDREN).filter(|more| *more > 0);
    let child = |alarm: &Alarm| {
        let Row { alarm_name, state, since, .. } = alarm.row(0);
        Child { alarm_name, state, since }
    };
    full.children = children.iter().take(MOST_CHILDREN).map(child).collect();
}

/// Reads the alarm's metric around its last change, and now.
async fn add_metric(cx: &Cx, client: &Client, alarm: &MetricAlarm, full: &mut AlarmInFull) {
    let own = condition::period(alarm).map_or(60, i64::from).max(1);
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let changed = alarm
        .state_transitioned_timestamp()
        .or_else(|| alarm.state_updated_timestamp())
        .map_or(now, DateTime::secs)
        .min(now);
    let (around, latest) = windows(changed, now, own);
    let read = async |window: Option<(Span, i64)>| {
        let Some((span, period)) = window else { return Ok(Vec::new()) };
        let queries = queries(alarm, period);
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let read = series::read(cx, client, queries, span);
        let found = part(cx, "cloudwatch:GetMetricData", read).await?;
        let note = (period != own).then(|| {
            format!("{own} s points of that time are not kept: these are of {period} s, so do not compare sums with the threshold")
        });
        let told = found.series.into_iter().take(5).map(|series| Around {
            label: cut(&series.label, 200),
            threshold: alarm.threshold().map(Figure::exact),
            note: series.failure().map(|why| cut(&why, 300)).or_else(|| note.clone()),
            no_data: (series.points.is_empty() && series.failure().is_none()).then_some(true),
            shown: series::shown(&series.points, span, period, now),
        });
        Ok::<_, Error>(told.collect())
    };
    let (around, latest) = tokio::join!(read(Some(around)), read(latest));
    for (answer, place) in [(around, &mut full.metric), (latest, &mut full.latest)] {
        match answer {
            Ok(told) => *place = told,
            // What is wrong with both windows is said once.
            Err(e) if full.missing.iter().any(|said| said.message == e.message) => {}
            Err(e) => full.missing.push(e),
        }
    }
}

/// What is read: around the change, and the last points where these are not among them. Each with its period.
fn windows(changed: i64, now: i64, own: i64) -> ((Span, i64), Option<(Span, i64)>) {
    let kept = |start: i64| {
        let least = period::kept(now - start);
        match own % least {
            0 => own,
            rest => own - rest + least,
        }
    };
    let step = kept(changed - BEFORE * own);
    let start = changed - BEFORE * step;
    let start = start - start.rem_euclid(step);
    let end = now.min(start + AROUND * step);
    let around = (Span { start, end: end.max(start + 1) }, step);
    let step = kept(now - LATEST * own);
    let latest = (period::aligned(Span { start: now - LATEST * step, end: now }, step), step);
    (around, (end < now).then_some(latest))
}

/// The alarm's own queries, in another period where its own is not kept.
fn queries(alarm: &MetricAlarm, period: i64) -> Vec<MetricDataQuery> {
    if let (Some(namespace), Some(name)) = (alarm.namespace(), alarm.metric_name()) {
        let statistic = alarm.statistic().map(|statistic| statistic.as_str());
        let statistic = statistic.or(alarm.extended_statistic()).unwrap_or("Average");
        let mut query = series::of_metric("m1", (namespace, name), [], statistic, period);
        if let Some(stat) = &mut query.metric_stat {
            stat.unit = alarm.unit().cloned();
            if let Some(metric) = &mut stat.metric {
                metric.dimensions = alarm.dimensions.clone();
            }
        }
        return vec![query];
    }
    let seconds = i32::try_from(period).unwrap_or(i32::MAX);
    let mut queries = alarm.metrics().to_vec();
    for query in &mut queries {
        match &mut query.metric_stat {
            Some(stat) => stat.period = Some(seconds),
            None => query.period = Some(seconds),
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn names_and_arns() {
        let check = |text: &str, expected: &str| assert_eq!(named(text), expected);
        check("web 5xx", "web 5xx");
        check("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b", "a:b");
        check("arn:aws:cloudwatch", "");
        let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b";
        for (text, is_good) in [
            (arn, true),
            ("a:b", true),
            (" ", false),
            ("arn:aws:cloudwatch:us-east-1:123456789012:alarm:", false),
            ("arn:aws:sns:us-east-1:123456789012:alarm:a", false),
            ("arn:aws:cloudwatch:us-east-1:123456789012:dashboard:a", false),
        ] {
            let name = serde_json::from_value::<AlarmName>(serde_json::json!(text));
            assert_eq!(name.is_ok(), is_good, "{text}");
        }
        let name = AlarmName(arn.to_owned());
        assert!(name.check_account(None).is_ok());
        assert!(name.check_account(Some("123456789012")).is_ok());
        let refused = name.check_account(Some("999999999999")).unwrap_err();
        assert!(refused.next_step.contains("role_arn"), "{refused}");
    }

    #[test]
    fn a_listing_goes_through_the_states() {
        let check = |token: Option<&str>, only, expected: Option<(State, Option<&str>)>| {
            let place = place(token.map(str::to_owned), only).ok();
            let expected = expected.map(|(state, token)| (state, token.map(str::to_owned)));
            assert_eq!(place, expected, "{token:?}");
        };
        check(None, None, Some((State::Alarm, None)));
        check(None, Some(State::Ok), Some((State::Ok, None)));
        check(Some("OK"), None, Some((State::Ok, None)));
        check(Some("ALARM:a:b"), None, Some((State::Alarm, Some("a:b"))));
        check(Some("OK"), Some(State::Alarm), None);
        check(Some("x"), None, None);
        assert_eq!(State::Alarm.after().and_then(State::after), Some(State::Ok));
    }

    #[test]
    fn what_is_read_of_the_metric() {
        // Changed a while ago: one window up to now.
        let ((span, period), latest) = windows(NOW - 600, NOW, 60);
        assert_eq!((NOW - span.start, span.end, period), (1_500, NOW, 60));
        assert!(latest.is_none());
        // Long ago: forty points, and the last ones.
        let ((span, period), latest) = windows(NOW - 86_400, NOW, 60);
        assert_eq!((span.seconds(), period), (2_400, 60));
        let (latest, period) = latest.unwrap();
        assert_eq!((NOW - latest.start, latest.end, period), (600, NOW, 60));
        // So long ago that only hours are kept.
        let ((span, period), _) = windows(NOW - 100 * 86_400, NOW, 60);
        assert_eq!((span.seconds(), period), (40 * 3_600, 3_600));
        let ((_, period), latest) = windows(NOW - 100 * 86_400, NOW, 7_200);
        assert_eq!((period, latest.unwrap().1), (7_200, 7_200));
    }
}
