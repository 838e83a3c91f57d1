//! RDS's figures in CloudWatch: how full databases are, how one did in the last hour.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
    StatusCode,
};
use aws_smithy_types::DateTime;
use serde::Serialize;

use super::unread;
use crate::error::{Error, Kind, Result, aws};
use crate::tools::Cx;
use crate::tools::brief::{cut, significant};

/// GetMetricData takes so many metrics in one request.
const MOST_METRICS: usize = 500;
/// Pages of one GetMetricData that are followed.
const MOST_PAGES: usize = 5;
const MOST_MESSAGE: usize = 200;
const OPERATION: &str = "cloudwatch:GetMetricData";
pub const GIB: f64 = 1_073_741_824.0;

/// A figure over a span of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    last: f64,
    mean: f64,
    // Of what runs out the least tells, of all else the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
}

impl Figure {
    pub fn mean(&self) -> f64 {
        self.mean
    }

    pub fn last(&self) -> f64 {
        self.last
    }
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub struct LastHour {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_storage_gib: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_memory_gib: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_latency_ms: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_latency_ms: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_lag_seconds: Option<Figure>,
}

/// Which way a figure goes when things go wrong.
#[derive(Clone, Copy)]
enum Worst {
    Least,
    Most,
}

/// How a replica's lag is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    None,
    /// ReplicaLag, in seconds.
    Replica,
    /// AuroraReplicaLag, in milliseconds.
    Aurora,
}

/// The figures of the last hour, of what the instance has: minutes, in one request. And what could not
/// be read.
pub async fn last_hour(cx: &Cx, id: &str, lag: Lag) -> Result<(LastHour, Vec<Error>)> {
    let names = [
        ("cpu", "CPUUtilization"),
        ("connections", "DatabaseConnections"),
        ("storage", "FreeStorageSpace"),
        ("memory", "FreeableMemory"),
        ("reading", "ReadLatency"),
        ("writing", "WriteLatency"),
    ];
    let mut queries: Vec<_> =
        names.iter().map(|(name, metric)| query((*name).to_owned(), metric, id, 60)).collect();
    match lag {
        Lag::None => {}
        Lag::Replica => queries.push(query("lag".to_owned(), "ReplicaLag", id, 60)),
        Lag::Aurora => queries.push(query("lag".to_owned(), "AuroraReplicaLag", id, 60)),
    }
    let (found, missing) = get(cx, queries, 3_600).await?;
    let figure = |name: &str, scale: f64, worst: Worst| figure(found.get(name)?, scale, worst);
    let hour = LastHour {
        cpu_percent: figure("cpu", 1.0, Worst::Most),
        connections: figure("connections", 1.0, Worst::Most),
        free_storage_gib: figure("storage", 1.0 / GIB, Worst::Least),
        free_memory_gib: figure("memory", 1.0 / GIB, Worst::Least),
        read_latency_ms: figure("reading", 1_000.0, Worst::Most),
        write_latency_ms: figure("writing", 1_000.0, Worst::Most),
        replica_lag_seconds: match lag {
            Lag::Aurora => figure("lag", 0.001, Worst::Most),
            Lag::Replica | Lag::None => figure("lag", 1.0, Worst::Most),
        },
    };
    Ok((hour, missing))
}

/// The free bytes of each instance, as far as CloudWatch knows, and what could not be asked.
pub async fn free_storage(cx: &Cx, ids: &[String]) -> (HashMap<String, f64>, Vec<Error>) {
    let chunks = ids.chunks(MOST_METRICS).map(async |ids| {
        let queries = ids
            .iter()
            .enumerate()
            .map(|(n, id)| query(format!("m{n}"), "FreeStorageSpace", id, 60));
        let (found, missing) = get(cx, queries.collect(), 900).await?;
        let newest = ids
            .iter()
            .enumerate()
            .filter_map(|(n, id)| Some((id.clone(), *found.get(&format!("m{n}"))?.first()?)));
        Ok((newest.collect::<Vec<_>>(), missing))
    });
    let (mut free, mut missing) = (HashMap::new(), Vec::new());
    for chunk in futures_util::future::join_all(chunks).await {
        match chunk {
            Ok((found, unread)) => {
                free.extend(found);
                missing.extend(unread);
            }
            Err(error) => missing.push(error),
        }
    }
    (free, missing)
}

fn query(name: String, metric: &str, instance: &str, period: i32) -> MetricDataQuery {
    let dimension = Dimension::builder().name("DBInstanceIdentifier").value(instance).build();
    let metric =
        Metric::builder().namespace("AWS/RDS").metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(period).stat("Average").build();
    MetricDataQuery::builder().id(name).metric_stat(stat).build()
}

/// Values by the query's name, the newest first, and what CloudWatch did not give.
async fn get(
    cx: &Cx,
    queries: Vec<MetricDataQuery>,
    seconds: i64,
) -> Result<(HashMap<String, Vec<f64>>, Vec<Error>)> {
    let client = cx.cloudwatch().await?;
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let mut values: HashMap<String, Vec<f64>> = HashMap::new();
    let mut refused: BTreeMap<String, Refused> = BTreeMap::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let request = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_secs(now - seconds))
            .end_time(DateTime::from_secs(now))
            .scan_by(ScanBy::TimestampDescending)
            .set_next_token(token);
        let answer = request.send().await.map_err(|e| aws::failed(&cx.action(OPERATION), e))?;
        for result in answer.metric_data_results() {
            let found = result.values().iter().filter(|value| value.is_finite());
            let name = result.id().unwrap_or_default().to_owned();
            match Refused::of(result, answer.messages()) {
                Some(why) => _ = refused.insert(name.clone(), why),
                None => _ = refused.remove(&name),
            }
            values.entry(name).or_default().extend(found);
        }
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    refused.retain(|name, _| values.get(name).is_none_or(Vec::is_empty));
    let mut missing: Vec<Error> = refusal(cx, refused.values()).into_iter().collect();
    if token.is_some() {
        missing.push(unread(cx, OPERATION, "there are more figures than were read."));
    }
    Ok((values, missing))
}

/// Why CloudWatch did not give a metric, though it answered.
#[derive(Debug)]
struct Refused {
    code: String,
    message: Option<String>,
}

impl Refused {
    fn of(result: &MetricDataResult, messages: &[MessageData]) -> Option<Self> {
        let code = result.status_code().filter(|code| **code != StatusCode::Complete)?;
        let words = result.messages().iter().chain(messages).find_map(MessageData::value);
        Some(Self { code: code.as_str().to_owned(), message: words.map(str::to_owned) })
    }
}

/// One error for all metrics that were not given.
fn refusal<'a>(cx: &Cx, mut all: impl ExactSizeIterator<Item = &'a Refused>) -> Option<Error> {
    let count = all.len();
    let Refused { code, message } = all.next()?;
    let kind = match code.as_str() {
        "Forbidden" => Kind::AccessDenied,
        _ => Kind::ExecutionError,
    };
    let said = format!("{} gave no figures of {count} metrics: {code}.", cx.action(OPERATION));
    let mut error = Error::new(kind, said, aws::next_step(kind));
    error.aws.code = Some(code.clone());
    error.aws.message = message.as_deref().map(|words| cut(words, MOST_MESSAGE));
    Some(error)
}

/// Of values with the newest first.
fn figure(values: &[f64], scale: f64, worst: Worst) -> Option<Figure> {
    let values: Vec<f64> = values.iter().map(|value| value * scale).collect();
    let last = significant(*values.first()?);
    let mean = significant(mean(&values));
    let (min, max) = match worst {
        Worst::Least => (values.iter().copied().reduce(f64::min), None),
        Worst::Most => (None, values.iter().copied().reduce(f64::max)),
    };
    Some(Figure { last, mean, min: min.map(significant), max: max.map(significant) })
}

pub fn mean(values: &[f64]) -> f64 {
    let (sum, count) =
        values.iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// One digit after the point.
pub fn percent(share: f64) -> f64 {
    (share * 1_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_for_a_reader() {
        assert!((percent(0.934_56) - 93.5).abs() < 1e-9);
    }

    #[test]
    fn what_runs_out_has_a_least_and_all_else_a_most() {
        let values = [2.0, 4.0, 9.0];
        let most = figure(&values, 1.0, Worst::Most).unwrap();
        assert_eq!(most, Figure { last: 2.0, mean: 5.0, min: None, max: Some(9.0) });
        let least = figure(&values, 1.0, Worst::Least).unwrap();
        assert_eq!((least.min, least.max), (Some(2.0), None));
        assert_eq!(figure(&[], 1.0, Worst::Most), None);
    }
}
