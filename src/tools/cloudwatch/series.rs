//! Series of points: read with GetMetricData, and told as a summary and then the values.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
    StatusCode,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::figure::Figure;
use super::{cut, plain};
use crate::error::{Error, Result, aws};
use crate::tools::Cx;
use crate::tools::arguments::{Span, rfc3339};

/// After this long no further page is asked for.
const PAGING: Duration = Duration::from_secs(25);
/// Points come in after their period is over.
const LATE: i64 = 120;
/// A change of the mean that says something, in percent.
const TREND: f64 = 10.0;
/// Fewer points have no trend.
const LEAST_TREND: usize = 6;

/// Functions of metric math that leave CloudWatch: LAMBDA runs a function, which may do anything, and
/// DB_PERF_INSIGHTS reads Performance Insights. What lets a call read metrics allows neither.
const ELSEWHERE: [&str; 2] = ["LAMBDA", "DB_PERF_INSIGHTS"];

/// The function by which an expression leaves CloudWatch. A name in quotes counts too, where a parenthesis
/// follows it: where a quote ends is for CloudWatch to say, and a mistake here would run something.
pub(super) fn elsewhere(expression: &str) -> Option<&'static str> {
    let capitals = expression.to_uppercase();
    let is_called = |rest: &str| {
        let rest = rest.trim_start_matches(|c: char| !c.is_ascii_graphic());
        // Behind a comment there may be a parenthesis.
        ["(", "/*", "--", "//", "#"].iter().any(|begin| rest.starts_with(begin))
    };
    ELSEWHERE.into_iter().find(|name| capitals.split(name).skip(1).any(is_called))
}

/// Refuses an expression that leaves CloudWatch.
pub(super) fn check(expression: &str) -> Result<()> {
    match elsewhere(expression) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(
            format!("an expression calls {name}, which reaches beyond CloudWatch's metrics."),
            "Leave it out: the CloudWatch tools only read metrics. rds_get_performance_insights \
             reads a database's load.",
        )),
    }
}

/// A query for one metric.
pub(in crate::tools) fn of_metric<'a>(
    id: impl Into<String>,
    (namespace, metric_name): (&str, &str),
    dimensions: impl IntoIterator<Item = (&'a String, &'a String)>,
    statistic: &str,
    period: i64,
) -> MetricDataQuery {
    let dimensions =
        dimensions.into_iter().map(|(name, value)| Dimension::builder().name(name).value(value));
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(metric_name)
        .set_dimensions(Some(dimensions.map(|dimension| dimension.build()).collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(period).unwrap_or(i32::MAX))
        .stat(statistic)
        .build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

/// What CloudWatch has of one query; of a SEARCH there are several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::tools) struct Series {
    pub id: String,
    pub label: String,
    /// Seconds since 1970 and the value, in that order.
    pub points: Vec<(i64, f64)>,
    /// What CloudWatch says of a result that is not whole.
    pub incomplete: Option<String>,
    pub messages: Vec<String>,
}

impl Series {
    /// Why there is nothing, where that is CloudWatch's failure and not the metric's silence.
    pub(super) fn failure(&self) -> Option<String> {
        let code = self.incomplete.as_ref().filter(|_| self.points.is_empty())?;
        Some([code].into_iter().chain(&self.messages).cloned().collect::<Vec<_>>().join("; "))
    }
}

/// All that one question gave.
#[derive(Debug, Default)]
pub(in crate::tools) struct Found {
    pub series: Vec<Series>,
    pub messages: Vec<String>,
}

/// Reads every page of an answer to these queries.
pub(in crate::tools) async fn read(
    cx: &Cx,
    client: &Client,
    queries: Vec<MetricDataQuery>,
    span: Span,
) -> Result<Found> {
    queries.iter().filter_map(|query| query.expression()).try_for_each(check)?;
    let mut found = Found::default();
    let mut token = None;
    loop {
        let answer = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_secs(span.start))
            .end_time(DateTime::from_secs(span.end))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await
            .map_err(|e| aws::failed(&cx.action("cloudwatch:GetMetricData"), e))?;
        found.add(answer.metric_data_results.unwrap_or_default());
        found.messages.extend(answer.messages.iter().flatten().map(words));
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
        if cx.elapsed() > PAGING {
            found.messages.push("There are more points; ask for a shorter span.".to_owned());
            break;
        }
        cx.progress(format!("{} series so far", found.series.len()));
    }
    for series in &mut found.series {
        series.points.sort_by_key(|(time, _)| *time);
        series.points.dedup_by_key(|(time, _)| *time);
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, results: Vec<MetricDataResult>) {
        // Of a SEARCH several series may have one label: a page goes on with those that the pages before
        // left unfinished, each once, in their order.
        let unfinished = self.series.iter().enumerate().filter(|(_, s)| s.incomplete.is_some());
        let mut unfinished: Vec<usize> = unfinished.map(|(place, _)| place).collect();
        for result in results {
            let id = result.id.clone().unwrap_or_default();
            let label = result.label.clone().unwrap_or_default();
            let is_same = |place: &usize| {
                self.series.get(*place).is_some_and(|s| s.id == id && s.label == label)
            };
            let place = match unfinished.iter().position(is_same) {
                Some(known) => unfinished.remove(known),
                None => {
                    self.series.push(Series { id, label, ..Series::default() });
                    self.series.len() - 1
                }
            };
            let Some(series) = self.series.get_mut(place) else { continue };
            let times = result.timestamps().iter().map(DateTime::secs);
            let points = times.zip(result.values().iter().copied());
            series.points.extend(points.filter(|(_, value)| value.is_finite()));
            series.messages.extend(result.messages().iter().map(words));
            // A page before the last is always partial.
            series.incomplete = match &result.status_code {
                None | Some(StatusCode::Complete) => None,
                Some(code) => Some(code.as_str().to_owned()),
            };
        }
    }
}

fn words(message: &MessageData) -> String {
    let code = message.code().unwrap_or_default();
    cut(&format!("{code}: {}", message.value().unwrap_or_default()), 300)
}

/// The figures of a series. A last period that is not over yet is left out.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::tools) struct Summary {
    pub points: usize,
    /// Periods without a point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<i64>,
    pub min: Figure,
    pub max: Figure,
    pub max_at: String,
    pub mean: Figure,
    pub last: Figure,
    pub last_at: String,
    /// The last third against the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<String>,
}

// A series as it is told.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::tools) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "plain::object")]
    pub summary: Option<Summary>,
    // The period of the last value is not over; the summary leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_value_unfinished: Option<bool>,
    // Of the first value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i64>,
    // One for each period; null where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    pub values: Vec<Option<Figure>>,
    // Instead of values, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "plain::list")]
    pub points: Vec<(String, Figure)>,
}

/// Tells a series that was asked for in periods of so many seconds.
pub(in crate::tools) fn shown(points: &[(i64, f64)], span: Span, period: i64, now: i64) -> Shown {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return Shown::default();
    };
    let step = step(points, period);
    let unfinished = last.saturating_add(step) > now;
    let finished = match points.split_last() {
        Some((_, rest)) if unfinished && !rest.is_empty() => rest,
        _ => points,
    };
    let mut shown = Shown {
        summary: summary(finished, span, step, now),
        last_value_unfinished: unfinished.then_some(true),
        ..Shown::default()
    };
    let length = usize::try_from((last - first) / step + 1).unwrap_or(usize::MAX);
    let is_sparse = length > points.len().saturating_mul(6).saturating_add(6);
    if is_sparse {
        shown.points = points.iter().map(|(t, v)| (rfc3339(*t), Figure::rounded(*v))).collect();
    } else {
        let by_time: BTreeMap<i64, f64> = points.iter().copied().collect();
        let times = (0..length).map(|n| first + i64::try_from(n).unwrap_or(i64::MAX) * step);
        shown.start = Some(rfc3339(*first));
        shown.period_seconds = Some(step);
        shown.values = times.map(|time| by_time.get(&time).copied().map(Figure::rounded)).collect();
    }
    shown
}

/// How far apart the points are: the period, but what reports more rarely has its own.
fn step(points: &[(i64, f64)], period: i64) -> i64 {
    let period = period.max(1);
    let gaps: Vec<i64> = points.iter().zip(points.iter().skip(1)).map(|(a, b)| b.0 - a.0).collect();
    let least = gaps.iter().copied().min().unwrap_or(period).max(1);
    let all_of = |step: i64| gaps.iter().all(|gap| gap % step == 0);
    // As many metrics report every five minutes.
    let is_regular = gaps.len() >= 3 && least > period && all_of(least);
    if is_regular {
        least
    } else if all_of(period) {
        period
    } else {
        gaps.iter().copied().fold(0, common).max(1)
    }
}

/// The greatest common divisor.
fn common(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common(b, a % b) }
}

fn summary(points: &[(i64, f64)], span: Span, step: i64, now: i64) -> Option<Summary> {
    let (last_at, last) = points.last().copied()?;
    let values = || points.iter().map(|(_, value)| *value);
    let (max_at, max) =
        points.iter().copied().reduce(|best, this| if this.1 > best.1 { this } else { best })?;
    let periods = (span.end.min(now - LATE) - span.start).max(0) / step;
    let count = i64::try_from(points.len()).unwrap_or(i64::MAX);
    Some(Summary {
        points: points.len(),
        missing: Some(periods.saturating_sub(count)).filter(|missing| *missing > 0),
        min: Figure::rounded(values().fold(f64::INFINITY, f64::min)),
        max: Figure::rounded(max),
        max_at: rfc3339(max_at),
        mean: Figure::rounded(mean(values())?),
        last: Figure::rounded(last),
        last_at: rfc3339(last_at),
        trend: trend(points),
    })
}

/// The mean, if there is anything.
pub(in crate::tools) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

fn trend(points: &[(i64, f64)]) -> Option<String> {
    if points.len() < LEAST_TREND {
        return None;
    }
    let third = points.len() / 3;
    let before = mean(points.iter().take(third).map(|(_, value)| *value))?;
    let after = mean(points.iter().rev().take(third).map(|(_, value)| *value))?;
    let ends = format!("from {} to {}", Figure::rounded(before), Figure::rounded(after));
    if before == after {
        return Some("steady".to_owned());
    }
    let word = if after > before { "rising" } else { "falling" };
    // Out of nothing there is no percentage.
    if before == 0.0 {
        return Some(format!("{word} {ends}"));
    }
    let percent = (after - before) / before.abs() * 100.0;
    Some(match percent.abs() {
        size if size < TREND => format!("steady ({percent:+.0} %)"),
        size if size < 1_000.0 => format!("{word} {ends} ({percent:+.0} %)"),
        _ => format!("{word} {ends} (x{:.0})", after / before),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_000_000;

    fn every(step: i64, values: &[f64]) -> Vec<(i64, f64)> {
        values.iter().zip(0..).map(|(value, n)| (n * step, *value)).collect()
    }

    fn span(end: i64) -> Span {
        Span { start: 0, end }
    }

    #[test]
    fn the_summary_says_what_stands_out() {
        let points = every(60, &[1.0, 1.0, 2.0, 9.0, 4.0, 3.0]);
        let summary = shown(&points, span(480), 60, NOW).summary.unwrap();
        assert_eq!(
            serde_json::to_value(&summary).unwrap(),
            json!({
                "points": 6, "missing": 2, "min": 1, "max": 9, "max_at": "1970-01-01T00:03:00Z",
                "mean": 3.333, "last": 3, "last_at": "1970-01-01T00:05:00Z",
                "trend": "rising from 1 to 3.5 (+250 %)",
            })
        );
    }

    #[test]
    fn trends_in_words() {
        let check = |values: &[f64], expected: Option<&str>| {
            assert_eq!(trend(&every(60, values)).as_deref(), expected, "{values:?}");
        };
        check(&[1.0; 5], None);
        check(&[1.0; 6], Some("steady"));
        check(&[0.0, 0.0, 0.0, 5.0, 5.0, 5.0], Some("rising from 0 to 5"));
        check(&[0.0, 0.0, 0.0, -5.0, -5.0, -5.0], Some("falling from 0 to -5"));
        check(&[10.0, 10.0, 10.0, 5.0, 5.0, 5.0], Some("falling from 10 to 5 (-50 %)"));
        check(&[-5.0, -5.0, 0.0, 0.0, 5.0, 5.0], Some("rising from -5 to 5 (+200 %)"));
        check(&[100.0, 100.0, 0.0, 0.0, 105.0, 105.0], Some("steady (+5 %)"));
        check(&[1.0, 1.0, 0.0, 0.0, 50.0, 50.0], Some("rising from 1 to 50 (x50)"));
    }

    #[test]
    fn gaps_are_null_and_what_is_sparse_has_times() {
        let shown_of = |points: &[(i64, f64)]| shown(points, span(6_000), 60, NOW);
        let told = shown_of(&[(60, 1.0), (120, 2.0), (240, 3.0)]);
        assert_eq!(told.start.as_deref(), Some("1970-01-01T00:01:00Z"));
        assert_eq!(serde_json::to_value(&told.values).unwrap(), json!([1, 2, null, 3]));
        let told = shown_of(&[(0, 1.0), (6_000, 2.0)]);
        assert!(told.values.is_empty() && told.period_seconds.is_none());
        assert_eq!(told.points[1].0, "1970-01-01T01:40:00Z");
        let told = shown_of(&[]);
        assert!(told.summary.is_none() && told.values.is_empty());
    }

    #[test]
    fn what_reports_more_rarely_has_no_gaps() {
        let told = shown(&every(300, &[1.0; 5]), span(1_500), 60, NOW);
        assert_eq!((told.period_seconds, told.values.len()), (Some(300), 5));
        assert_eq!(told.summary.unwrap().missing, None);
        // A SEARCH has a period of its own.
        let told = shown(&every(60, &[1.0; 5]), span(300), 300, NOW);
        assert_eq!(told.period_seconds, Some(60));
    }

    #[test]
    fn a_period_that_is_not_over_is_not_summed_up() {
        let told = shown(&every(60, &[5.0, 5.0, 1.0]), span(150), 60, 150);
        assert_eq!(told.last_value_unfinished, Some(true));
        let summary = told.summary.unwrap();
        assert_eq!((summary.min, summary.last), (Figure::rounded(5.0), Figure::rounded(5.0)));
        assert_eq!((told.values.len(), summary.missing), (3, None));
        let told = shown(&[(120, 1.0)], span(150), 60, 150);
        assert_eq!(told.summary.unwrap().points, 1);
    }

    #[test]
    fn functions_that_leave_cloudwatch_are_known() {
        for (text, expected) in [
            ("LAMBDA(\"fn\")", "LAMBDA"),
            ("FILL(lambda (\"fn\", 'x'), 0)", "LAMBDA"),
            ("m1 + LaMbDa\n\t(\"fn\")", "LAMBDA"),
            ("LAMBDA\u{a0}\u{200b}\0(\"fn\")", "LAMBDA"),
            ("LAMBDA/* x */(\"fn\")", "LAMBDA"),
            ("LAMBDA -- x\n(\"fn\")", "LAMBDA"),
            ("LAMBDA#\n(\"fn\")", "LAMBDA"),
            ("lambda + LAMBDA(\"fn\")", "LAMBDA"),
            ("SEARCH('\\' LAMBDA(\"fn\")", "LAMBDA"),
            ("db_perf_insights ('RDS', 'db-1', 'db.load.avg')", "DB_PERF_INSIGHTS"),
            ("DB_PERF_\u{131}NS\u{131}GHTS('RDS')", "DB_PERF_INSIGHTS"),
        ] {
            assert_eq!(elsewhere(text), Some(expected), "{text:?}");
            assert!(check(text).unwrap_err().message.contains(expected));
        }
        for text in [
            "100*(lambda/m1)",
            "lambda - (m1)",
            "SELECT SUM(Errors) FROM SCHEMA(\"AWS/Lambda\", FunctionName) GROUP BY FunctionName",
            "SELECT AVG(Duration) FROM \"AWS/Lambda\"",
            "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\"', 'Sum', 60)",
            "ANOMALY_DETECTION_BAND(m1, 2)",
        ] {
            assert_eq!(elsewhere(text), None, "{text:?}");
        }
    }

    #[test]
    fn series_of_one_label_stay_apart() {
        let page = |code, time: i64, value: f64| {
            MetricDataResult::builder()
                .id("m1")
                .label("CPUUtilization")
                .status_code(code)
                .timestamps(DateTime::from_secs(time))
                .values(value)
                .build()
        };
        let (partial, complete) = (StatusCode::PartialData, StatusCode::Complete);
        let mut found = Found::default();
        found.add(vec![page(partial.clone(), 60, 1.0), page(partial, 60, 90.0)]);
        found.add(vec![
            page(complete.clone(), 120, 2.0),
            page(complete.clone(), 120, 91.0),
            page(complete, 60, 50.0),
        ]);
        let points: Vec<&[(i64, f64)]> = found.series.iter().map(|s| s.points.as_slice()).collect();
        let expected: [&[(i64, f64)]; 3] =
            [&[(60, 1.0), (120, 2.0)], &[(60, 90.0), (120, 91.0)], &[(60, 50.0)]];
        assert_eq!(points, expected);
    }

    #[test]
    fn pages_of_one_series_are_joined() {
        let page = |code, time: i64| {
            MetricDataResult::builder()
                .id("m1")
                .label("x")
                .status_code(code)
                .timestamps(DateTime::from_secs(time))
                .values(1.0)
                .build()
        };
        let mut found = Found::default();
        found.add(vec![page(StatusCode::PartialData, 60)]);
        assert_eq!(found.series[0].incomplete.as_deref(), Some("PartialData"));
        found.add(vec![page(StatusCode::Complete, 120)]);
        assert_eq!(found.series.len(), 1);
        assert_eq!(found.series[0].points, [(60, 1.0), (120, 1.0)]);
        assert_eq!(found.series[0].incomplete, None);
    }
}
