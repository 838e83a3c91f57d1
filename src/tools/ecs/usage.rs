//! CPU and memory of a cluster, as Container Insights measures them.

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::Cx;
use crate::error::{Result, aws};

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

/// Of the last hour; none where nothing was measured.
pub(super) async fn last_hour(cx: &Cx, cluster: &str) -> Result<Option<Usage>> {
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
    Ok((usage.cpu_percent.is_some() || usage.memory_percent.is_some()).then_some(usage))
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
}
