//! CPU and memory of a cluster, as Container Insights measures them.

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::Cx;
use crate::error::{Error, Kind, Result, aws};

const HOUR: i64 = 3_600;
const PERIOD: i32 = 300;

/// Of what the cluster's tasks reserve.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Usage {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_percent: Option<Figures>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Figures {
    mean: f64,
    max: f64,
    last: f64,
}

/// Of the last hour; none where nothing was measured. And an error where CloudWatch did not read it.
pub(super) async fn last_hour(cx: &Cx, cluster: &str) -> Result<(Option<Usage>, Option<Error>)> {
    let client = cx.cloudwatch().await?;
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let queries = [
        measured("cpu_used", "CpuUtilized", cluster),
        measured("cpu_reserved", "CpuReserved", cluster),
        measured("memory_used", "MemoryUtilized", cluster),
        measured("memory_reserved", "MemoryReserved", cluster),
        share("cpu", "100 * cpu_used / cpu_reserved"),
        share("memory", "100 * memory_used / memory_reserved"),
    ];
    let answer = client
        .get_metric_data()
        .start_time(DateTime::from_secs(now - HOUR))
        .end_time(DateTime::from_secs(now))
        .scan_by(ScanBy::TimestampDescending)
        .set_metric_data_queries(Some(queries.to_vec()))
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("cloudwatch:GetMetricData"), e))?;
    let of = |id: &str| {
        let result = answer.metric_data_results().iter().find(|result| result.id() == Some(id));
        result.map(MetricDataResult::values).and_then(figures)
    };
    let usage = Usage { cpu_percent: of("cpu"), memory_percent: of("memory") };
    let is_there = usage.cpu_percent.is_some() || usage.memory_percent.is_some();
    let error = answer.metric_data_results().iter().find_map(unread);
    Ok((is_there.then_some(usage), error))
}

/// A figure without values is one that nobody measured, but only where CloudWatch says that it looked.
fn unread(result: &MetricDataResult) -> Option<Error> {
    let kind = match result.status_code()? {
        _ if !result.values().is_empty() => return None,
        StatusCode::Complete => return None,
        StatusCode::Forbidden => Kind::AccessDenied,
        _ => Kind::ExecutionError,
    };
    let what = format!("usage_last_hour: CloudWatch did not read {}.", result.id()?);
    let mut error = Error::new(kind, what, aws::next_step(kind));
    error.aws.code = result.status_code().map(|code| code.as_str().to_owned());
    let said: Vec<&str> = result.messages().iter().filter_map(|m| m.value()).collect();
    error.aws.message = (!said.is_empty()).then(|| said.join(" "));
    Some(error)
}

fn measured(id: &str, name: &str, cluster: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("ClusterName").value(cluster).build();
    let metric = Metric::builder()
        .namespace("ECS/ContainerInsights")
        .metric_name(name)
        .dimensions(dimension)
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD).stat("Average").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
}

fn share(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(expression).return_data(true).build()
}

/// The values come newest first.
fn figures(values: &[f64]) -> Option<Figures> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let last = values.first()?;
    // At most twelve: a count that a float holds exactly.
    let number = f64::from(u32::try_from(values.len()).ok()?);
    let rounded = |value: f64| (value * 10.0).round() / 10.0;
    Some(Figures {
        mean: rounded(values.iter().sum::<f64>() / number),
        max: rounded(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        last: rounded(*last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_an_hour() {
        assert_eq!(figures(&[]), None);
        let expected = Figures { mean: 20.0, max: 30.0, last: 10.1 };
        assert_eq!(figures(&[10.06, 30.0, 20.0]), Some(expected));
    }

    #[test]
    fn what_was_not_read_is_not_what_was_not_measured() {
        let check = |status: StatusCode, values: &[f64], expected: Option<Kind>| {
            let result = MetricDataResult::builder().id("cpu").status_code(status);
            let result = result.set_values(Some(values.to_vec())).build();
            assert_eq!(unread(&result).map(|error| error.kind), expected);
        };
        check(StatusCode::Complete, &[], None);
        check(StatusCode::PartialData, &[1.0], None);
        check(StatusCode::PartialData, &[], Some(Kind::ExecutionError));
        check(StatusCode::InternalError, &[], Some(Kind::ExecutionError));
        check(StatusCode::Forbidden, &[], Some(Kind::AccessDenied));
    }
}
