//! What metrics measured: one, several, metric math.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::MetricDataQuery;
use aws_smithy_types::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::period::{self, Period};
use super::plain;
use super::series::{self, Shown};
use crate::error::{Error, Result, echo};
use crate::tools::answer::Truncated;
use crate::tools::arguments::{Span, When, rfc3339};
use crate::tools::{Answer, Cx};

/// Queries of one call.
const MOST_QUERIES: usize = 20;
/// CloudWatch's own bounds.
const MOST_DIMENSIONS: usize = 30;
const MOST_NAME: usize = 255;
const MOST_EXPRESSION: usize = 2_048;

/// A statistic in any of CloudWatch's forms: `Average`, `p99`, `TM(10%:90%)`.
#[derive(Clone, Debug)]
pub(super) struct Statistic(String);

impl Statistic {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let of_aws = match text.to_ascii_lowercase().as_str() {
            "average" | "avg" | "mean" => "Average",
            "sum" => "Sum",
            "minimum" | "min" => "Minimum",
            "maximum" | "max" => "Maximum",
            "samplecount" | "count" => "SampleCount",
            _ => text,
        };
        let is_form = (1..=40).contains(&of_aws.len())
            && of_aws.starts_with(|c: char| c.is_ascii_alphabetic())
            && of_aws.chars().all(|c| c.is_ascii_alphanumeric() || ".%:()".contains(c));
        is_form.then(|| Self(of_aws.to_owned()))
    }

    pub fn word(&self) -> &str {
        &self.0
    }
}

impl Default for Statistic {
    fn default() -> Self {
        Self("Average".to_owned())
    }
}

impl<'de> Deserialize<'de> for Statistic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{} is not a statistic such as Average, Sum, Maximum, p99 or tm90",
                echo(&text)
            ))
        })
    }
}

impl JsonSchema for Statistic {
    fn schema_name() -> Cow<'static, str> {
        "Statistic".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetStatistics {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[schemars(schema_with = "plain::object")]
    dimensions: Option<BTreeMap<String, String>>,
    /// Average (default), Sum, p99, ...
    statistic: Option<Statistic>,
    /// -3h, RFC 3339
    start: When,
    end: Option<When>,
    // In seconds.
    period: Option<Period>,
    /// {metric_name, ... as above, id?} or {expression, label?, id?}; ids: m1, m2.. by place
    #[schemars(schema_with = "plain::list")]
    queries: Option<Vec<Asked>>,
}

// A metric, or metric math, SEARCH or SELECT.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: Option<String>,
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<BTreeMap<String, String>>,
    statistic: Option<Statistic>,
    expression: Option<String>,
    label: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Statistics {
    start: String,
    end: String,
    period_seconds: i64,
    series: Vec<Row>,
    // CloudWatch's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    messages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_data: Option<&'static str>,
    // CloudWatch's word for a result that is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
    #[serde(flatten)]
    shown: Shown,
}

const NO_DATA: &str = "Nothing in this span. A metric is found only by exactly its dimensions: see \
                       cloudwatch_list_metrics.";
const NO_MATCH: &str = "Nothing in this span, or nothing that the expression matches.";

pub(super) async fn get_statistics(cx: Cx, args: GetStatistics) -> Result<Answer> {
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let span = Span::new(&cx, args.start, args.end)?;
    let period = period::of(args.period, span, now)?;
    let span = period::aligned(span, period);
    let queries = queries(&args, period)?;
    let client = cx.cloudwatch().await?;
    let asked = queries.iter().map(|query| {
        let id = query.id().unwrap_or_default().to_owned();
        (id, query.label().map(str::to_owned), query.expression().is_some())
    });
    let asked: Vec<(String, Option<String>, bool)> = asked.collect();
    let mut found = series::read(&cx, &client, queries, span).await?;
    let mut rows = Vec::new();
    for (id, label, is_expression) in asked {
        let (these, rest) = found.series.into_iter().partition(|series| series.id == id);
        found.series = rest;
        let these: Vec<series::Series> = these;
        if these.is_empty() {
            let label = label.unwrap_or_default();
            let no_data = Some(if is_expression { NO_MATCH } else { NO_DATA });
            let (incomplete, messages, shown) = (None, Vec::new(), Shown::default());
            rows.push(Row { id, label, no_data, incomplete, messages, shown });
            continue;
        }
        for series in these {
            let mut shown = series::shown(&series.points, span, period, now);
            // The answer says it for all.
            shown.period_seconds = shown.period_seconds.filter(|own| *own != period);
            let empty = if is_expression { NO_MATCH } else { NO_DATA };
            let is_silent = series.points.is_empty() && series.failure().is_none();
            let no_data = is_silent.then_some(empty);
            let series::Series { id, label, incomplete, messages, .. } = series;
            rows.push(Row { id, label, no_data, incomplete, messages, shown });
        }
    }
    let statistics = Statistics {
        start: rfc3339(span.start),
        end: rfc3339(span.end),
        period_seconds: period,
        series: rows,
        messages: found.messages,
        truncated: None,
    };
    let how = "Ask for fewer series, or a longer period.";
    Answer::listed(&statistics, "series", how)
}

/// What is asked of CloudWatch: the metric of the call itself, then its queries.
fn queries(args: &GetStatistics, period: i64) -> Result<Vec<MetricDataQuery>> {
    let defaults = Asked {
        namespace: args.namespace.clone(),
        dimensions: args.dimensions.clone(),
        statistic: args.statistic.clone(),
        ..Asked::default()
    };
    let own = args
        .metric_name
        .as_ref()
        .map(|name| Asked { metric_name: Some(name.clone()), ..defaults.clone() });
    let all: Vec<Asked> = own.into_iter().chain(args.queries.iter().flatten().cloned()).collect();
    if all.is_empty() {
        return Err(Error::invalid(
            "there is no metric to read.",
            "Give namespace and metric_name, or queries; cloudwatch_list_metrics shows what there is.",
        ));
    }
    if all.len() > MOST_QUERIES {
        return Err(Error::invalid(
            format!("{} metrics and expressions; {MOST_QUERIES} can be read.", all.len()),
            "Split the call.",
        ));
    }
    let mut ids = BTreeSet::new();
    let mut made = Vec::new();
    for (asked, place) in all.into_iter().zip(1..) {
        let id = match &asked.id {
            Some(id) if is_id(id) => id.clone(),
            Some(id) => {
                return Err(Error::invalid(
                    format!("{} is not an id.", echo(id)),
                    "An id begins with a lower-case letter and has letters, digits and _ only.",
                ));
            }
            None => format!("m{place}"),
        };
        if !ids.insert(id.clone()) {
            return Err(Error::invalid(
                format!("the id {id} is there twice."),
                "Give each query an id of its own; without one they are m1, m2, ... by their place.",
            ));
        }
        made.push(query(id, asked, &defaults, period)?);
    }
    Ok(made)
}

fn query(id: String, asked: Asked, defaults: &Asked, period: i64) -> Result<MetricDataQuery> {
    let label = asked.label.filter(|label| !label.trim().is_empty());
    if let Some(expression) = asked.expression {
        let has_metric = asked.metric_name.is_some()
            || asked.namespace.is_some()
            || asked.dimensions.is_some()
            || asked.statistic.is_some();
        if has_metric || expression.trim().is_empty() || expression.len() > MOST_EXPRESSION {
            return Err(Error::invalid(
                format!("the query {id} is no expression of at most {MOST_EXPRESSION} characters."),
                "Give either expression, or namespace and metric_name with dimensions and statistic.",
            ));
        }
        series::check(&expression)?;
        let period = i32::try_from(period).unwrap_or(i32::MAX);
        return Ok(MetricDataQuery::builder()
            .id(id)
            .expression(expression.trim())
            .set_label(label)
            .period(period)
            .return_data(true)
            .build());
    }
    let text = |text: Option<String>| {
        text.map(|text| text.trim().to_owned()).filter(|text| (1..=MOST_NAME).contains(&text.len()))
    };
    let namespace = text(asked.namespace.or_else(|| defaults.namespace.clone()));
    let (Some(namespace), Some(metric_name)) = (namespace, text(asked.metric_name)) else {
        return Err(Error::invalid(
            format!("the query {id} has no namespace and metric_name, and no expression."),
            "Give e.g. namespace AWS/EC2 and metric_name CPUUtilization; \
             cloudwatch_list_metrics shows what there is.",
        ));
    };
    let dimensions = asked.dimensions.or_else(|| defaults.dimensions.clone()).unwrap_or_default();
    if dimensions.len() > MOST_DIMENSIONS
        || dimensions.iter().any(|(n, v)| n.is_empty() || v.is_empty())
    {
        return Err(Error::invalid(
            format!("the dimensions of {id} cannot be a metric's."),
            "Give at most 30, each with a name and a value, e.g. {\"InstanceId\": \"i-0123456789abcdef0\"}.",
        ));
    }
    let statistic = asked.statistic.or_else(|| defaults.statistic.clone()).unwrap_or_default();
    let names = (namespace.as_str(), metric_name.as_str());
    let mut query = series::of_metric(id, names, &dimensions, statistic.word(), period);
    query.label = label;
    Ok(query)
}

/// `^[a-z][a-zA-Z0-9_]*$`, at most 255.
pub(super) fn is_id(id: &str) -> bool {
    id.len() <= MOST_NAME
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn made(mut args: Value) -> Result<Vec<MetricDataQuery>> {
        args["start"] = json!("-1h");
        queries(&serde_json::from_value(args).unwrap(), 60)
    }

    #[test]
    fn statistics() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Statistic::parse(text).as_ref().map(Statistic::word), expected, "{text}");
        };
        check("Average", Some("Average"));
        check(" avg ", Some("Average"));
        check("MAX", Some("Maximum"));
        check("p99.9", Some("p99.9"));
        check("TM(10%:90%)", Some("TM(10%:90%)"));
        check("PR(:300)", Some("PR(:300)"));
        for bad in ["", "p 99", "Sum\n", "a\"b", "99", &"p".repeat(50)] {
            let expected = (bad == "Sum\n").then_some("Sum");
            check(bad, expected);
        }
    }

    #[test]
    fn queries_take_from_the_call_what_they_leave_out() {
        let queries = made(json!({
            "namespace": "AWS/ECS", "metric_name": "CPUUtilization", "statistic": "max",
            "dimensions": {"ServiceName": "checkout"},
            "queries": [
                {"metric_name": "MemoryUtilization", "statistic": "p99"},
                {"namespace": "Shop", "metric_name": "Orders", "dimensions": {}},
                {"expression": "m1+m2", "label": "both"},
            ],
        }))
        .unwrap();
        let told: Vec<(&str, Option<&str>, usize)> = queries
            .iter()
            .map(|query| {
                let stat = query.metric_stat();
                let dimensions = stat.and_then(|stat| stat.metric()).map(|m| m.dimensions().len());
                (query.id().unwrap(), stat.and_then(|s| s.stat()), dimensions.unwrap_or_default())
            })
            .collect();
        let expected = [
            ("m1", Some("Maximum"), 1),
            ("m2", Some("p99"), 1),
            ("m3", Some("Maximum"), 0),
            ("m4", None, 0),
        ];
        assert_eq!(told, expected);
        assert_eq!(queries[3].label(), Some("both"));
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let check = |args: Value, words: &str| {
            let error = made(args.clone()).unwrap_err();
            assert!(error.message.contains(words), "{args}: {error}");
        };
        let one = json!({"namespace": "N", "metric_name": "M"});
        check(json!({}), "no metric");
        check(json!({"metric_name": "M"}), "m1 has no namespace");
        check(json!({"namespace": "N", "queries": [{}]}), "m1 has no namespace");
        check(json!({"queries": vec![one; 21]}), "21 metrics");
        check(json!({"queries": [{"id": "M1", "expression": "1"}]}), "is not an id");
        check(json!({"queries": [{"id": "a;b", "expression": "1"}]}), "is not an id");
        let twice = json!([{"id": "m2", "expression": "1"}, {"expression": "2"}]);
        check(json!({"queries": twice}), "twice");
        check(json!({"queries": [{"expression": " "}]}), "is no expression");
        let runs = "FILL(Lambda\n(\"CloudWatchDataSource-RDS\", \"DELETE FROM orders\"), 0)";
        check(json!({"queries": [{"expression": runs}]}), "LAMBDA");
        check(json!({"queries": [{"expression": "1", "namespace": "N"}]}), "is no expression");
        let blank = json!({"namespace": "N", "metric_name": "M", "dimensions": {"a": ""}});
        check(blank, "dimensions");
    }

    #[test]
    fn ids() {
        assert!(is_id("m1") && is_id("aB_9"));
        assert!(!is_id("") && !is_id("1a") && !is_id("_a") && !is_id("a-b") && !is_id("ä"));
    }
}
