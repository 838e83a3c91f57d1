//! Which metrics there are: by namespace, by name, by dimensions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric, RecentlyActive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plain;
use crate::error::{Result, aws};
use crate::tools::answer::Truncated;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Pages of 500 that are counted before a listing gives what it has.
const MOST_PAGES: usize = 20;
const COUNTING: Duration = Duration::from_secs(25);
/// Sets of dimensions that are named of one metric.
const MOST_SETS: usize = 6;

const INCOMPLETE: &str = "There is more than was counted. Narrow with namespace, metric_name, \
                          dimensions or recent.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListMetrics {
    namespace: Option<String>,
    metric_name: Option<String>,
    // Of metrics that have these.
    #[schemars(schema_with = "plain::object")]
    dimensions: Option<BTreeMap<String, String>>,
    // With points of the last three hours.
    recent: Option<bool>,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct MetricList {
    // Not everything was counted; how to see more.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<&'static str>,
    metrics: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    truncated: Option<Truncated>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    metric_names: Option<usize>,
    // Sets of dimension values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    series: Option<usize>,
    // Names that go together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dimension_sets: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    example: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<BTreeMap<String, String>>,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Level {
    Namespaces,
    Names,
    Series,
}

pub(super) async fn list_metrics(cx: Cx, args: ListMetrics) -> Result<Answer> {
    let text = |text: &Option<String>| {
        text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let (namespace, metric_name) = (text(&args.namespace), text(&args.metric_name));
    let dimensions = args.dimensions.clone().unwrap_or_default();
    let level = match (&namespace, &metric_name) {
        (_, Some(_)) => Level::Series,
        (None, None) if dimensions.is_empty() => Level::Namespaces,
        (_, None) => Level::Names,
    };
    let recent = args.recent.unwrap_or_default();
    let client = cx.cloudwatch().await?;
    let query = ("cloudwatch_list_metrics", &namespace, &metric_name, &dimensions, recent);
    let filters: Vec<DimensionFilter> = dimensions
        .iter()
        .map(|(name, value)| DimensionFilter::builder().name(name).value(value).build())
        .collect();
    let ask = Ask {
        cx: &cx,
        client: &client,
        namespace: namespace.clone(),
        metric_name: metric_name.clone(),
        filters,
        recent,
    };
    let incomplete = AtomicBool::new(false);
    let (ask, incomplete_seen) = (&ask, &incomplete);
    let page = |token: Option<String>, _size: usize| async move {
        if level == Level::Series {
            let (metrics, next) = ask.page(token).await?;
            let rows = metrics.iter().map(|metric| one(metric, ask)).collect();
            return Ok(Page { rows, next });
        }
        let mut groups = Groups::default();
        let mut token = None;
        let mut pages = 0;
        loop {
            let (metrics, next) = ask.page(token).await?;
            pages += 1;
            metrics.iter().for_each(|metric| groups.add(metric, level));
            let Some(next) = next.filter(|token| !token.is_empty()) else { break };
            if pages >= MOST_PAGES || ask.cx.elapsed() > COUNTING {
                incomplete_seen.store(true, Ordering::Relaxed);
                break;
            }
            ask.cx.progress(format!("{} metrics so far", pages * 500));
            token = Some(next);
        }
        Ok(Page { rows: groups.rows(level, ask), next: None })
    };
    let (metrics, cursor) = list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = MetricList {
        incomplete: incomplete.load(Ordering::Relaxed).then_some(INCOMPLETE),
        metrics,
        next_page_token: None,
        truncated: None,
    };
    Answer::paged(&list, "metrics", cursor)
}

/// One question to ListMetrics.
struct Ask<'a> {
    cx: &'a Cx,
    client: &'a Client,
    namespace: Option<String>,
    metric_name: Option<String>,
    filters: Vec<DimensionFilter>,
    recent: bool,
}

impl Ask<'_> {
    async fn page(&self, token: Option<String>) -> Result<(Vec<Metric>, Option<String>)> {
        let answer = self
            .client
            .list_metrics()
            .set_namespace(self.namespace.clone())
            .set_metric_name(self.metric_name.clone())
            .set_dimensions(Some(self.filters.clone()).filter(|filters| !filters.is_empty()))
            .set_recently_active(self.recent.then_some(RecentlyActive::Pt3H))
            .set_next_token(token)
            .send()
            .await
            .map_err(|e| aws::failed(&self.cx.action("cloudwatch:ListMetrics"), e))?;
        Ok((answer.metrics.unwrap_or_default(), answer.next_token))
    }
}

/// A row for one series; what the caller named already is not repeated.
fn one(metric: &Metric, ask: &Ask<'_>) -> Row {
    let namespace = metric.namespace().map(str::to_owned);
    Row {
        namespace: namespace.filter(|_| ask.namespace.is_none()),
        dimensions: Some(dimensions(metric)),
        ..Row::default()
    }
}

fn dimensions(metric: &Metric) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    metric.dimensions().iter().map(|d| (text(d.name()), text(d.value()))).collect()
}

/// Metrics by namespace and, where that is asked for, by name.
#[derive(Default)]
struct Groups(BTreeMap<(String, String), Group>);

#[derive(Default)]
struct Group {
    series: usize,
    names: BTreeSet<String>,
    sets: BTreeSet<String>,
    example: BTreeMap<String, String>,
}

impl Groups {
    fn add(&mut self, metric: &Metric, level: Level) {
        let name = metric.metric_name().unwrap_or_default();
        let key = match level {
            Level::Namespaces => "",
            Level::Names | Level::Series => name,
        };
        let key = (metric.namespace().unwrap_or_default().to_owned(), key.to_owned());
        let group = self.0.entry(key).or_default();
        group.series += 1;
        if level == Level::Namespaces {
            group.names.insert(name.to_owned());
            return;
        }
        let dimensions = dimensions(metric);
        let names: Vec<&str> = dimensions.keys().map(String::as_str).collect();
        if !names.is_empty() {
            group.sets.insert(names.join(", "));
        }
        if dimensions.len() > group.example.len() {
            group.example = dimensions;
        }
    }

    fn rows(self, level: Level, ask: &Ask<'_>) -> Vec<Row> {
        let row = |((namespace, name), group): ((String, String), Group)| Row {
            namespace: Some(namespace).filter(|_| ask.namespace.is_none()),
            metric_name: Some(name).filter(|_| level == Level::Names),
            metric_names: Some(group.names.len()).filter(|_| level == Level::Namespaces),
            series: Some(group.series),
            dimension_sets: group.sets.into_iter().take(MOST_SETS).collect(),
            example: group.example,
            dimensions: None,
        };
        self.0.into_iter().map(row).collect()
    }
}
