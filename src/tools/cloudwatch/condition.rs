//! What an alarm watches: in a sentence, and as figures.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, CompositeAlarm, Dimension, EvaluationCriteria, LogAlarm, MetricAlarm,
    MetricDataQuery,
};
use serde::Serialize;

use super::figure::Figure;
use super::{cut, text};

/// Characters of an expression, a rule or a query of others.
const MOST_TEXT: usize = 400;

/// An alarm's condition, so that the same can be asked of cloudwatch_get_metric_statistics.
#[derive(Debug, Default, Serialize)]
pub(super) struct Condition {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dimensions: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queries: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_periods: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datapoints_to_alarm: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treat_missing_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// A metric or an expression of a condition.
#[derive(Debug, Default, Serialize)]
struct Part {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dimensions: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
}

/// The figures of a metric alarm.
pub(super) fn of_metric(alarm: &MetricAlarm) -> Condition {
    Condition {
        namespace: text(alarm.namespace()),
        metric_name: text(alarm.metric_name()),
        dimensions: dimensions(alarm.dimensions()),
        statistic: statistic(alarm),
        queries: alarm.metrics().iter().map(part).collect(),
        query: promql(alarm).map(|query| cut(query, MOST_TEXT)),
        log_groups: Vec::new(),
        comparison: alarm.comparison_operator().map(sign),
        threshold: alarm.threshold().map(Figure::exact),
        period_seconds: period(alarm),
        evaluation_periods: alarm.evaluation_periods(),
        datapoints_to_alarm: alarm.datapoints_to_alarm(),
        treat_missing_data: text(alarm.treat_missing_data()),
        unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
    }
}

/// The figures of an alarm on a log query.
pub(super) fn of_log(alarm: &LogAlarm) -> Condition {
    let query = alarm.scheduled_query_configuration();
    Condition {
        query: query.and_then(|query| query.query_string()).map(|query| cut(query, MOST_TEXT)),
        log_groups: query.map(|q| q.log_group_identifiers().to_vec()).unwrap_or_default(),
        statistic: query.and_then(|query| text(query.aggregation_expression())),
        comparison: alarm.comparison_operator().map(sign),
        threshold: alarm.threshold().map(Figure::exact),
        evaluation_periods: alarm.query_results_to_evaluate(),
        datapoints_to_alarm: alarm.query_results_to_alarm(),
        treat_missing_data: text(alarm.treat_missing_data()),
        ..Condition::default()
    }
}

fn part(query: &MetricDataQuery) -> Part {
    let metric = query.metric_stat().and_then(|stat| stat.metric());
    Part {
        id: query.id().unwrap_or_default().to_owned(),
        expression: query.expression().map(|text| cut(text, MOST_TEXT)),
        label: text(query.label()),
        namespace: metric.and_then(|metric| text(metric.namespace())),
        metric_name: metric.and_then(|metric| text(metric.metric_name())),
        dimensions: metric.map(|metric| dimensions(metric.dimensions())).unwrap_or_default(),
        statistic: query.metric_stat().and_then(|stat| text(stat.stat())),
    }
}

fn dimensions(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    dimensions.iter().map(|d| (text(d.name()), text(d.value()))).collect()
}

fn statistic(alarm: &MetricAlarm) -> Option<String> {
    let plain = alarm.statistic().map(|statistic| statistic.as_str());
    text(plain.or(alarm.extended_statistic()))
}

fn promql(alarm: &MetricAlarm) -> Option<&str> {
    match alarm.evaluation_criteria()? {
        EvaluationCriteria::PromQlCriteria(criteria) => criteria.query(),
        _ => None,
    }
}

/// The period of the metric, or of what an expression is made of.
pub(super) fn period(alarm: &MetricAlarm) -> Option<i32> {
    let of_parts = alarm.metrics().iter().filter_map(|query| {
        query.metric_stat().and_then(|stat| stat.period()).or_else(|| query.period())
    });
    alarm.period().or_else(|| of_parts.max())
}

fn sign(operator: &ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::GreaterThanOrEqualToThreshold => ">=",
        ComparisonOperator::GreaterThanThreshold => ">",
        ComparisonOperator::LessThanOrEqualToThreshold => "<=",
        ComparisonOperator::LessThanThreshold => "<",
        ComparisonOperator::GreaterThanUpperThreshold => "above the band",
        ComparisonOperator::LessThanLowerThreshold => "below the band",
        ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold => "outside the band",
        _ => "against",
    }
}

/// `AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum > 10 for 3 of 3 x 60 s (LoadBalancer app/shop)`.
pub(super) fn words_of_metric(alarm: &MetricAlarm) -> String {
    if let Some(query) = promql(alarm) {
        return format!("PromQL {}", cut(query, MOST_TEXT));
    }
    let mut words = match alarm.metric_name() {
        Some(name) => one(alarm.namespace(), Some(name), statistic(alarm).as_deref()),
        None => watched(alarm),
    };
    let comparison = alarm.comparison_operator().map(sign).unwrap_or("against");
    words.push_str(&format!(" {comparison}"));
    if let (Some(threshold), None) = (alarm.threshold(), alarm.threshold_metric_id()) {
        words.push_str(&format!(" {}", Figure::exact(threshold)));
    }
    let band = alarm.metrics().iter().find(|query| query.id() == alarm.threshold_metric_id());
    if let (Some(band), Some(_)) = (band, alarm.threshold_metric_id()) {
        words.push_str(&format!(" {}", cut(band.expression().unwrap_or_default(), MOST_TEXT)));
    }
    if let Some(all) = alarm.evaluation_periods() {
        let some = alarm.datapoints_to_alarm().unwrap_or(all);
        words.push_str(&format!(" for {some} of {all}"));
        if let Some(period) = period(alarm) {
            words.push_str(&format!(" x {period} s"));
        }
    }
    let dimensions = named(alarm.dimensions());
    if !dimensions.is_empty() {
        words.push_str(&format!(" ({dimensions})"));
    }
    words
}

fn one(namespace: Option<&str>, name: Option<&str>, statistic: Option<&str>) -> String {
    let parts = [namespace, name, statistic];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn named(dimensions: &[Dimension]) -> String {
    let words = dimensions.iter().map(|dimension| {
        format!(
            "{} {}",
            dimension.name().unwrap_or_default(),
            dimension.value().unwrap_or_default()
        )
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What of several metrics and expressions is compared, and what it is made of.
fn watched(alarm: &MetricAlarm) -> String {
    let is_band = |query: &&MetricDataQuery| {
        alarm.threshold_metric_id().is_some() && query.id() == alarm.threshold_metric_id()
    };
    let returned =
        alarm.metrics().iter().find(|query| query.return_data() != Some(false) && !is_band(query));
    let Some(returned) = returned else { return "metric math".to_owned() };
    let Some(expression) = returned.expression() else { return of_query(returned) };
    let parts: Vec<String> = alarm
        .metrics()
        .iter()
        .filter(|query| query.metric_stat().is_some())
        .map(|query| format!("{} = {}", query.id().unwrap_or_default(), of_query(query)))
        .collect();
    let mut words = cut(expression, MOST_TEXT);
    if let Some(label) = text(returned.label()) {
        words = format!("{label}: {words}");
    }
    match parts.is_empty() {
        true => words,
        false => format!("{words} [{}]", cut(&parts.join("; "), MOST_TEXT)),
    }
}

fn of_query(query: &MetricDataQuery) -> String {
    let stat = query.metric_stat();
    let metric = stat.and_then(|stat| stat.metric());
    one(
        metric.and_then(|metric| metric.namespace()),
        metric.and_then(|metric| metric.metric_name()),
        stat.and_then(|stat| stat.stat()),
    )
}

/// A composite alarm's rule, not too long.
pub(super) fn words_of_composite(alarm: &CompositeAlarm) -> String {
    cut(alarm.alarm_rule().unwrap_or_default(), MOST_TEXT)
}

/// `count(*) of log query ... > 5 for 2 of 3`.
pub(super) fn words_of_log(alarm: &LogAlarm) -> String {
    let Condition { query, statistic, comparison, threshold, .. } = of_log(alarm);
    let mut words = format!(
        "{} of log query `{}`",
        statistic.unwrap_or_default(),
        query.as_deref().map(|query| cut(query, 200)).unwrap_or_default()
    );
    if let (Some(comparison), Some(threshold)) = (comparison, threshold) {
        words.push_str(&format!(" {comparison} {threshold}"));
    }
    if let Some(all) = alarm.query_results_to_evaluate() {
        let some = alarm.query_results_to_alarm().unwrap_or(all);
        words.push_str(&format!(" for {some} of {all} results"));
    }
    words.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::cloudwatch::series;
    use aws_sdk_cloudwatch::types::Statistic;

    fn metric_alarm() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        MetricAlarm::builder()
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .evaluation_periods(3)
            .threshold(10.0)
    }

    #[test]
    fn one_metric_in_words() {
        let alarm = metric_alarm()
            .namespace("AWS/ApplicationELB")
            .metric_name("HTTPCode_Target_5XX_Count")
            .statistic(Statistic::Sum)
            .period(60)
            .dimensions(Dimension::builder().name("LoadBalancer").value("app/shop").build());
        assert_eq!(
            words_of_metric(&alarm.build()),
            "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum > 10 for 3 of 3 x 60 s \
             (LoadBalancer app/shop)"
        );
    }

    #[test]
    fn metric_math_and_bands_in_words() {
        let m1 = series::of_metric("m1", ("Shop", "Errors"), [], "Sum", 60);
        let rate = MetricDataQuery::builder().id("e1").expression("m1*2").label("rate").build();
        let quiet = MetricDataQuery::builder().set_id(m1.id.clone()).return_data(false);
        let quiet = quiet.set_metric_stat(m1.metric_stat.clone()).build();
        let alarm = metric_alarm().datapoints_to_alarm(2).metrics(quiet).metrics(rate).build();
        let expected = "rate: m1*2 [m1 = Shop Errors Sum] > 10 for 2 of 3 x 60 s";
        assert_eq!(words_of_metric(&alarm), expected);
        let band = "ANOMALY_DETECTION_BAND(m1, 2)";
        let alarm = MetricAlarm::builder()
            .comparison_operator(ComparisonOperator::GreaterThanUpperThreshold)
            .metrics(m1)
            .metrics(MetricDataQuery::builder().id("ad1").expression(band).build())
            .threshold_metric_id("ad1");
        let expected = "Shop Errors Sum above the band ANOMALY_DETECTION_BAND(m1, 2)";
        assert_eq!(words_of_metric(&alarm.build()), expected);
    }

    #[test]
    fn an_alarm_that_says_nothing_has_words_too() {
        let words = words_of_metric(&MetricAlarm::builder().build());
        assert_eq!(words, "metric math against");
        assert_eq!(words_of_log(&LogAlarm::builder().build()), "of log query ``");
    }
}
