//! Dashboards: which there are, and what one shows now.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, DashboardEntry, MetricDataQuery, StateValue};
use aws_smithy_types::DateTime;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::series::{self, Found};
use super::widget::{self, Here, Line, What, Widget};
use super::{cut, part, plain, text};
use crate::error::{Error, Kind, Result, aws, echo};
use crate::tools::answer::Truncated;
use crate::tools::arguments::{Span, moment};
use crate::tools::listing::{Page, list};
use crate::tools::{Answer, Cx};

/// Lines that are asked for, of all widgets together.
const MOST_LINES: usize = 100;
/// Lines that are shown of one widget, and of one expression.
const MOST_SHOWN: usize = 20;
const MOST_OF_EXPRESSION: usize = 5;
/// Widgets with expressions: each is a question of its own, since one broken expression spoils all of it.
const MOST_CALCULATED: usize = 12;
const AT_ONCE: usize = 4;
const HOUR: i64 = 3_600;
/// DescribeAlarms, AlarmNames.
const MOST_ALARMS: usize = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetDashboard {
    name: Option<String>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Dashboard {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::list")]
    dashboards: Option<Vec<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    widgets: Option<Vec<Told>>,
    // Errors of the parts that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    missing: Vec<Error>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    truncated: Option<Truncated>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

// A widget as it is told.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    // Where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "plain::object")]
    alarms: BTreeMap<String, String>,
    // Of other regions or accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    other_alarms: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    series: Vec<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    more_series: Option<usize>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Shown {
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    // Of the last period that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hour_mean: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_seconds: Option<i64>,
    // Nothing in the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_read: Option<String>,
}

pub(super) async fn get_dashboard(cx: Cx, args: GetDashboard) -> Result<Answer> {
    let client = cx.cloudwatch().await?;
    let name = args.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else { return dashboards(&cx, &client, &args).await };
    let answer = client.get_dashboard().dashboard_name(name).send().await.map_err(|e| {
        let mut error = aws::failed(&cx.action("cloudwatch:GetDashboard"), e);
        if error.kind == Kind::NotFound {
            error.message = format!("there is no dashboard {} here.", echo(name));
            error.next_step =
                "Call cloudwatch_get_dashboard without a name to see all names.".into();
        }
        error
    })?;
    let region = cx.session()?.required_region()?.to_string();
    let arn = answer.dashboard_arn().unwrap_or_default();
    let account = arn.split(':').nth(4).filter(|account| !account.is_empty());
    let body = answer.dashboard_body().unwrap_or_default();
    let Some(widgets) = widget::all(body, Here { region: &region, account }) else {
        return Err(Error::new(
            Kind::ClientError,
            format!("the body of the dashboard {} cannot be read.", echo(name)),
            "Look at it in the console; it is no dashboard's JSON.",
        ));
    };
    let mut missing = Vec::new();
    let asked = bound(&widgets);
    let names: Vec<String> = widgets.iter().flat_map(|w| w.alarms.iter().cloned()).collect();
    let states = part(&cx, "cloudwatch:DescribeAlarms", states(&cx, &client, names));
    let (figures, states) = tokio::join!(figures(&cx, &client, &widgets, &asked), states);
    let states = states.unwrap_or_else(|e| {
        missing.push(e);
        BTreeMap::new()
    });
    let widgets: Vec<Told> = widgets
        .into_iter()
        .zip(figures)
        .map(|(widget, figures)| told(widget, figures, &states))
        .collect();
    let dashboard = Dashboard {
        name: text(answer.dashboard_name()).or_else(|| Some(name.to_owned())),
        dashboards: None,
        widgets: Some(widgets),
        missing,
        next_page_token: None,
        truncated: None,
    };
    Answer::listed(
        &dashboard,
        "widgets",
        "Ask cloudwatch_get_metric_statistics for single metrics.",
    )
}

async fn dashboards(cx: &Cx, client: &Client, args: &GetDashboard) -> Result<Answer> {
    let page = |token: Option<String>, _size: usize| async move {
        let answer = client
            .list_dashboards()
            .set_next_token(token)
            .send()
            .await
            .map_err(|e| aws::failed(&cx.action("cloudwatch:ListDashboards"), e))?;
        let entry = |entry: &DashboardEntry| Entry {
            name: entry.dashboard_name().unwrap_or_default().to_owned(),
            modified: entry.last_modified().and_then(moment),
        };
        let rows = answer.dashboard_entries().iter().map(entry).collect();
        Ok(Page { rows, next: answer.next_token })
    };
    let query = "cloudwatch_get_dashboard";
    let (rows, cursor) = list(cx, &query, None, args.page_token.as_deref(), page).await?;
    let dashboard = Dashboard {
        name: None,
        dashboards: Some(rows),
        widgets: None,
        missing: Vec::new(),
        next_page_token: None,
        truncated: None,
    };
    Answer::paged(&dashboard, "dashboards", cursor)
}

/// How a widget's lines are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// With those of all other widgets.
    Together,
    /// In a question of its own: expressions name other lines.
    Alone,
    /// There are too many.
    Not,
}

/// Decides what is asked for. Each widget keeps its first lines; those that expressions need are among them.
fn bound(widgets: &[Widget]) -> Vec<Asked> {
    let (mut lines, mut calculated) = (0, 0);
    let mut asked = Vec::new();
    for widget in widgets {
        let count = widget.lines.iter().filter(|line| !matches!(line.what, What::Not(_))).count();
        lines += count;
        let is_calculated = widget.lines.iter().any(Line::is_expression);
        calculated += usize::from(is_calculated);
        asked.push(match is_calculated {
            _ if lines > MOST_LINES => Asked::Not,
            true if calculated > MOST_CALCULATED => Asked::Not,
            true => Asked::Alone,
            false => Asked::Together,
        });
        if lines > MOST_LINES {
            // A later and smaller one may still fit.
            lines -= count;
        }
    }
    asked
}

/// The id of a line in the question that several widgets share.
fn id(widget: usize, line: usize) -> String {
    format!("w{widget}_{line}")
}

/// What CloudWatch says of each widget's lines.
async fn figures(
    cx: &Cx,
    client: &Client,
    widgets: &[Widget],
    asked: &[Asked],
) -> Vec<Vec<Vec<Shown>>> {
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let end = now - now.rem_euclid(60);
    let span = Span { start: end - HOUR, end };
    let read = async |queries: Vec<MetricDataQuery>| match queries.is_empty() {
        true => Ok(Found::default()),
        false => {
            let read = series::read(cx, client, queries, span);
            part(cx, "cloudwatch:GetMetricData", read).await
        }
    };
    let all = || widgets.iter().zip(asked).enumerate();
    let shared: Vec<MetricDataQuery> = all()
        .filter(|(_, (_, asked))| **asked == Asked::Together)
        .flat_map(|(w, (widget, _))| {
            let lines = widget.lines.iter().enumerate();
            lines.filter(|(_, line)| line.shown).filter_map(move |(n, line)| line.query(&id(w, n)))
        })
        .collect();
    let alone: Vec<(usize, Vec<MetricDataQuery>)> = all()
        .filter(|(_, (_, asked))| **asked == Asked::Alone)
        .map(|(w, (widget, _))| {
            (w, widget.lines.iter().filter_map(|line| line.query(&line.id)).collect())
        })
        .collect();
    let read = &read;
    let apart = stream::iter(alone)
        .map(|(w, queries)| async move { (w, read(queries).await) })
        .buffered(AT_ONCE)
        .collect::<BTreeMap<usize, Result<Found>>>();
    let (together, apart) = tokio::join!(read(shared), apart);
    all()
        .map(|(w, (widget, asked))| {
            let lines = widget.lines.iter().enumerate().filter(|(_, line)| line.shown);
            lines
                .map(|(n, line)| match asked {
                    Asked::Together => figure(line, &id(w, n), Some(&together), now),
                    Asked::Alone => figure(line, &line.id, apart.get(&w), now),
                    Asked::Not => vec![not_read(line, "the dashboard has too many series")],
                })
                .collect()
        })
        .collect()
}

fn not_read(line: &Line, why: &str) -> Shown {
    Shown {
        label: line.label.clone(),
        statistic: line.statistic.clone(),
        not_read: Some(why.to_owned()),
        ..Shown::default()
    }
}

/// The figures of one line; an expression may have several.
fn figure(line: &Line, id: &str, found: Option<&Result<Found>>, now: i64) -> Vec<Shown> {
    let period = match &line.what {
        What::Metric { period, .. } | What::Expression { period, .. } => *period,
        What::Not(why) => return vec![not_read(line, why)],
    };
    let found = match found {
        Some(Ok(found)) => found,
        Some(Err(error)) => {
            let words = error.aws.message.as_deref().unwrap_or(error.message.as_str());
            return vec![not_read(line, &cut(&format!("{}: {words}", error.kind.word()), 200))];
        }
        None => return vec![not_read(line, "not asked for")],
    };
    let own: Vec<&series::Series> = found.series.iter().filter(|s| s.id == id).collect();
    let none = series::Series::default();
    let own = if own.is_empty() { vec![&none] } else { own };
    let several = own.len() > 1;
    own.into_iter()
        .take(MOST_OF_EXPRESSION)
        .map(|series| {
            if let Some(why) = series.failure() {
                return not_read(line, &cut(&why, 200));
            }
            let whole = |(time, _): &&(i64, f64)| time + period <= now;
            let whole: Vec<f64> =
                series.points.iter().filter(whole).map(|(_, value)| *value).collect();
            Shown {
                label: if several { cut(&series.label, 120) } else { line.label.clone() },
                statistic: line.statistic.clone(),
                last: whole.last().copied().map(Figure::rounded),
                hour_mean: series::mean(whole.iter().copied()).map(Figure::rounded),
                period_seconds: (!whole.is_empty()).then_some(period),
                no_data: whole.is_empty().then_some(true),
                not_read: None,
            }
        })
        .collect()
}

/// The states of alarms by name.
async fn states(cx: &Cx, client: &Client, names: Vec<String>) -> Result<BTreeMap<String, String>> {
    let mut names = names;
    names.sort();
    names.dedup();
    names.truncate(MOST_ALARMS);
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let answer = client
        .describe_alarms()
        .set_alarm_names(Some(names))
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .max_records(100)
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("cloudwatch:DescribeAlarms"), e))?;
    let metric =
        answer.metric_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
    let composite =
        answer.composite_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
    let state = |(name, state): (Option<&str>, Option<&StateValue>)| {
        Some((name?.to_owned(), state?.as_str().to_owned()))
    };
    Ok(metric.chain(composite).filter_map(state).collect())
}

fn told(widget: Widget, figures: Vec<Vec<Shown>>, states: &BTreeMap<String, String>) -> Told {
    let state = |name: &String| states.get(name).cloned().unwrap_or_else(|| "unknown".to_owned());
    let mut series: Vec<Shown> = figures.into_iter().flatten().collect();
    let more = Some(series.len().saturating_sub(MOST_SHOWN) + widget.left_out);
    let more = more.filter(|more| *more > 0);
    series.truncate(MOST_SHOWN);
    Told {
        alarms: widget.alarms.iter().map(|name| (name.clone(), state(name))).collect(),
        kind: widget.kind,
        title: widget.title,
        region: widget.region,
        text: widget.text,
        other_alarms: Some(widget.other_alarms).filter(|others| *others > 0),
        series,
        more_series: more,
    }
}
