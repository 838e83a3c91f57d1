//! Why a database is slow, as Performance Insights sees it: sessions that are active at a time, what
//! they wait for, and the statements that they run.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_pi::Client;
use aws_sdk_pi::types::{DimensionGroup, MetricQuery, PeriodAlignment, ServiceType};
use aws_sdk_rds::types::DbInstance;
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::identifier::InstanceId;
use super::instance::{find, name};
use super::metrics::{mean, percent};
use super::{Plain, part, unread};
use crate::error::{Error, Kind, Result, aws};
use crate::tools::arguments::{Span, When, moment, rfc3339};
use crate::tools::brief::{cut, significant};
use crate::tools::{Answer, Cx};

/// Performance Insights has data points for these spans only, in seconds.
const PERIODS: [i32; 5] = [1, 60, 300, 3_600, 86_400];
/// The finest period is taken that makes no more points than this.
const MOST_POINTS: i64 = 75;
const MOST_WAITS: i32 = 7;
const MOST_SQL: i32 = 10;
const MOST_STATEMENT: usize = 200;
const MOST_PAGES: usize = 5;
const METRICS: &str = "pi:GetResourceMetrics";
const STATEMENTS: &str = "pi:DescribeDimensionKeys";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInsights {
    instance_id: InstanceId,
    /// -3h or RFC 3339
    start: When,
    /// Default: now
    end: Option<When>,
}

#[derive(Serialize, JsonSchema)]
pub struct Insights {
    verdict: String,
    #[schemars(skip)]
    instance_id: String,
    /// Active sessions
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    load: Option<Load>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    waits: Vec<Wait>,
    // Without literals: as AWS's digest has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    top_sql: Vec<Sql>,
    #[schemars(skip)]
    start: String,
    #[schemars(skip)]
    end: String,
    #[schemars(skip)]
    period_seconds: i32,
    /// Load per period
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<f64>,
    /// Errors of parts
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    missing: Vec<Error>,
}

#[derive(Debug, Serialize)]
struct Load {
    mean: f64,
    max: f64,
    max_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vcpus: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_of_time_above_vcpus: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Wait {
    event: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    load: f64,
    share_percent: f64,
}

#[derive(Debug, Serialize)]
struct Sql {
    statement: String,
    load: f64,
    share_percent: f64,
}

pub async fn get_performance_insights(cx: Cx, args: GetInsights) -> Result<Answer> {
    let span = Span::new(&cx, args.start, args.end)?;
    let rds = cx.rds().await?;
    let instance = find(&cx, &rds, &args.instance_id).await?;
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let resource = has_insights(&instance, span, now)?;
    let client = cx.performance_insights().await?;
    let asked = Asked { cx: &cx, client: &client, resource, span, period: period(span) };
    let load = asked.metrics("db.load.avg", Some("db.wait_event"));
    let processors = asked.metrics("os.general.numVCPUs.avg", None);
    let processors = async { Ok(part(&cx, METRICS, processors).await) };
    let statements = async { Ok(part(&cx, STATEMENTS, asked.statements()).await) };
    let (load, processors, statements) = tokio::try_join!(load, processors, statements)?;

    let mut missing = Vec::new();
    let vcpus = match processors {
        Ok(found) => found.total.iter().map(|(_, value)| *value).reduce(f64::max),
        Err(error) => {
            missing.push(error);
            None
        }
    };
    let vcpus = vcpus.filter(|count| *count > 0.0).or_else(|| vcpus_of(&instance));
    if vcpus.is_some() {
        missing.clear();
    }
    if load.is_cut {
        missing.push(unread(&cx, METRICS, "the load is that of a part of the time."));
    }
    let summary = summary(&load.total, vcpus);
    let whole = mean(&load.values());
    let waits = waits(&load, whole);
    let top_sql = statements.map_err(|error| missing.push(error)).unwrap_or_default();
    Answer::of(&Insights {
        verdict: match load.is_cut {
            true => format!("of a part of the time: {}", verdict(summary.as_ref(), waits.first())),
            false => verdict(summary.as_ref(), waits.first()),
        },
        instance_id: name(&instance).to_owned(),
        load: summary,
        waits,
        top_sql: top_sql.into_iter().map(|(text, load)| sql(&text, load, whole)).collect(),
        start: load.start.unwrap_or_else(|| rfc3339(span.start)),
        end: load.end.unwrap_or_else(|| rfc3339(span.end)),
        period_seconds: asked.period,
        series: load.total.iter().map(|(_, value)| significant(*value)).collect(),
        missing,
    })
}

/// The id by which Performance Insights knows the instance, where it is on and goes back so far.
fn has_insights(instance: &DbInstance, span: Span, now: i64) -> Result<&str> {
    let id = name(instance);
    let resource = instance.dbi_resource_id().unwrap_or_default();
    if instance.performance_insights_enabled() != Some(true) || resource.is_empty() {
        let place = match instance.db_cluster_identifier() {
            Some(cluster) => format!("the cluster {cluster}"),
            None => id.to_owned(),
        };
        return Err(Error::new(
            Kind::ClientError,
            format!("Performance Insights is off on {id}; there is nothing to show."),
            format!(
                "Tell the person how to switch it on: RDS console, {place}, Modify, Monitoring, \
                 Database Insights; data comes from then on. Until then rds_describe_db_instance \
                 shows CPU, connections and latencies."
            ),
        ));
    }
    let days = instance.performance_insights_retention_period().unwrap_or_default();
    let oldest = now.saturating_sub(i64::from(days) * 86_400);
    if days > 0 && span.start < oldest {
        return Err(Error::invalid(
            format!(
                "start is {}; Performance Insights of {id} keeps {days} days.",
                rfc3339(span.start)
            ),
            format!("Give a start after {}.", rfc3339(oldest)),
        ));
    }
    Ok(resource)
}

/// The finest period that makes about sixty points or fewer.
fn period(span: Span) -> i32 {
    let fits = |period: &i32| span.seconds() / i64::from(*period) <= MOST_POINTS;
    PERIODS.into_iter().find(fits).unwrap_or(86_400)
}

/// What is asked of Performance Insights.
struct Asked<'a> {
    cx: &'a Cx,
    client: &'a Client,
    resource: &'a str,
    span: Span,
    period: i32,
}

/// A metric's points in the order of time, whole and by dimension.
#[derive(Debug, Default)]
struct Points {
    start: Option<String>,
    end: Option<String>,
    total: Vec<(DateTime, f64)>,
    parts: BTreeMap<Vec<(String, String)>, Vec<f64>>,
    /// There is more than was read.
    is_cut: bool,
}

impl Points {
    fn values(&self) -> Vec<f64> {
        self.total.iter().map(|(_, value)| *value).collect()
    }
}

impl Asked<'_> {
    async fn metrics(&self, metric: &str, group: Option<&str>) -> Result<Points> {
        let group = group.map(|name| dimension(name, MOST_WAITS)).transpose()?;
        let query = MetricQuery::builder().metric(metric).set_group_by(group).build();
        let query = query.map_err(unbuilt)?;
        let (mut points, mut token) = (Points::default(), None);
        for _ in 0..MOST_PAGES {
            let request = self
                .client
                .get_resource_metrics()
                .service_type(ServiceType::Rds)
                .identifier(self.resource)
                .metric_queries(query.clone())
                .start_time(DateTime::from_secs(self.span.start))
                .end_time(DateTime::from_secs(self.span.end))
                .period_in_seconds(self.period)
                .period_alignment(PeriodAlignment::StartTime)
                .set_next_token(token);
            let answer =
                request.send().await.map_err(|e| aws::failed(&self.cx.action(METRICS), e))?;
            points.start = points.start.or_else(|| answer.aligned_start_time().and_then(moment));
            points.end = answer.aligned_end_time().and_then(moment).or(points.end);
            for series in answer.metric_list() {
                let found = series.data_points().iter().filter(|point| point.value.is_finite());
                match series.key().and_then(|key| key.dimensions()).filter(|d| !d.is_empty()) {
                    None => points.total.extend(found.map(|point| (point.timestamp, point.value))),
                    Some(dimensions) => {
                        let part = points.parts.entry(sorted(dimensions)).or_default();
                        part.extend(found.map(|point| point.value));
                    }
                }
            }
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(points);
            }
        }
        Ok(Points { is_cut: true, ..points })
    }

    /// Statements as the engine's digest has them, and their load.
    async fn statements(&self) -> Result<Vec<(String, f64)>> {
        let request = self
            .client
            .describe_dimension_keys()
            .service_type(ServiceType::Rds)
            .identifier(self.resource)
            .metric("db.load.avg")
            .group_by(dimension("db.sql_tokenized", MOST_SQL)?)
            .start_time(DateTime::from_secs(self.span.start))
            .end_time(DateTime::from_secs(self.span.end))
            .period_in_seconds(self.period);
        let answer =
            request.send().await.map_err(|e| aws::failed(&self.cx.action(STATEMENTS), e))?;
        let keys = answer.keys().iter().filter_map(|key| {
            let statement = key.dimensions()?.get("db.sql_tokenized.statement")?;
            Some((statement.clone(), key.total().filter(|load| load.is_finite())?))
        });
        let mut found: Vec<_> = keys.collect();
        found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        Ok(found)
    }
}

fn dimension(group: &str, limit: i32) -> Result<DimensionGroup> {
    DimensionGroup::builder().group(group).limit(limit).build().map_err(unbuilt)
}

fn unbuilt(error: impl std::fmt::Display) -> Error {
    Error::internal("a request could not be put together.").caused_by(error)
}

fn sorted(dimensions: &HashMap<String, String>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        dimensions.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    pairs.sort();
    pairs
}

/// The processors of an instance, where Performance Insights does not say: as they were set, or by
/// the sizes that all classes of today share.
fn vcpus_of(instance: &DbInstance) -> Option<f64> {
    let feature = |name: &str| {
        let features = instance.processor_features();
        let found = features.iter().find(|feature| feature.name() == Some(name))?;
        found.value()?.parse::<f64>().ok()
    };
    if let (Some(cores), Some(threads)) = (feature("coreCount"), feature("threadsPerCore")) {
        return Some(cores * threads);
    }
    let mut parts = instance.db_instance_class()?.split('.');
    let (_, _, size, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    match size {
        "large" => Some(2.0),
        "xlarge" => Some(4.0),
        _ => size.strip_suffix("xlarge")?.parse::<f64>().ok().map(|times| times * 4.0),
    }
}

fn summary(points: &[(DateTime, f64)], vcpus: Option<f64>) -> Option<Load> {
    // The first of the highest: when it began, where it stayed so.
    let higher = |one: &&(DateTime, f64), other: &&(DateTime, f64)| one.1.total_cmp(&other.1);
    let (at, max) = points.iter().rev().max_by(higher)?;
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let above = |vcpus: f64| {
        let above = values.iter().map(|value| if *value > vcpus { 1.0 } else { 0.0 });
        percent(mean(&above.collect::<Vec<_>>()))
    };
    Some(Load {
        mean: significant(mean(&values)),
        max: significant(*max),
        max_at: moment(at).unwrap_or_default(),
        vcpus,
        percent_of_time_above_vcpus: vcpus.map(above),
    })
}

/// The waits with the most load first. A wait that is missing at a moment was no load then.
fn waits(points: &Points, whole: f64) -> Vec<Wait> {
    let moments: f64 = points.total.iter().map(|_| 1.0).sum();
    let mut waits: Vec<Wait> = points
        .parts
        .iter()
        .filter_map(|(dimensions, values)| {
            let word = |wanted: &str| {
                dimensions.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
            };
            let load = values.iter().sum::<f64>() / moments.max(1.0);
            Some(Wait {
                event: word("db.wait_event.name")?,
                kind: word("db.wait_event.type"),
                load: significant(load),
                share_percent: share(load, whole),
            })
        })
        .filter(|wait| wait.load > 0.0)
        .collect();
    waits.sort_by(|one, other| other.load.total_cmp(&one.load));
    waits
}

fn sql(statement: &str, load: f64, whole: f64) -> Sql {
    let one_line: Vec<&str> = statement.split_whitespace().collect();
    Sql {
        statement: cut(&one_line.join(" "), MOST_STATEMENT),
        load: significant(load),
        share_percent: share(load, whole),
    }
}

fn share(load: f64, whole: f64) -> f64 {
    if whole > 0.0 { percent(load / whole) } else { 0.0 }
}

/// What it comes to, in a sentence.
fn verdict(load: Option<&Load>, first: Option<&Wait>) -> String {
    let Some(load) = load else {
        return "no data for this time: the database did not run, or was not watched.".to_owned();
    };
    let Load { mean, max, max_at, .. } = load;
    if *max <= 0.0 {
        return "idle: no session was active.".to_owned();
    }
    let most = format!("{max} at most at {max_at}");
    let judged = match (load.vcpus, load.percent_of_time_above_vcpus) {
        (Some(vcpus), _) if *mean > vcpus => {
            format!("overloaded: {mean} active sessions on average for {vcpus} vCPU, {most}")
        }
        (Some(vcpus), Some(above)) if *max > vcpus => format!(
            "overloaded for {above} % of the time: {mean} active sessions on average for {vcpus} vCPU, {most}"
        ),
        (Some(vcpus), _) => {
            format!("not overloaded: {mean} active sessions on average for {vcpus} vCPU, {most}")
        }
        (None, _) => {
            format!("{mean} active sessions on average, {most}; its vCPUs are not known")
        }
    };
    match first {
        Some(wait) => {
            let Wait { event, share_percent, .. } = wait;
            format!("{judged}. First wait: {event}, {share_percent} % of the load.")
        }
        None => format!("{judged}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_load_is_told_from_when_it_began() {
        let point = |(at, load): (i64, f64)| (DateTime::from_secs(at), load);
        let points = [(0, 1.0), (60, 11.0), (120, 11.0), (180, 2.0)].map(point);
        let told = summary(&points, Some(2.0)).unwrap();
        assert_eq!((told.max, told.max_at.as_str()), (11.0, "1970-01-01T00:01:00Z"));
    }

    #[test]
    fn the_period_makes_about_sixty_points_or_fewer() {
        let check = |seconds, expected| {
            assert_eq!(period(Span { start: 0, end: seconds }), expected, "{seconds}");
        };
        check(60, 1);
        check(3_600, 60);
        check(3 * 3_600, 300);
        check(6 * 3_600, 300);
        check(86_400, 3_600);
        check(3 * 86_400, 3_600);
        check(7 * 86_400, 86_400);
        check(700 * 86_400, 86_400);
    }

    #[test]
    fn vcpus_of_classes_and_of_features() {
        let check = |class: &str, expected: Option<f64>| {
            let instance = DbInstance::builder().db_instance_class(class).build();
            assert_eq!(vcpus_of(&instance), expected, "{class}");
        };
        check("db.r6g.large", Some(2.0));
        check("db.m5.xlarge", Some(4.0));
        check("db.r6i.24xlarge", Some(96.0));
        check("db.t3.micro", None);
        check("db.serverless", None);
        check("db.r5.2xlarge.tpc1.mem2x", None);
        let feature = |name: &str, value: &str| {
            aws_sdk_rds::types::ProcessorFeature::builder().name(name).value(value).build()
        };
        let set = DbInstance::builder()
            .db_instance_class("db.m5.4xlarge")
            .processor_features(feature("coreCount", "4"))
            .processor_features(feature("threadsPerCore", "1"))
            .build();
        assert_eq!(vcpus_of(&set), Some(4.0));
    }

    #[test]
    fn load_is_judged_against_the_vcpus() {
        let check = |values: &[f64], vcpus: Option<f64>, expected: &str| {
            let points: Vec<_> =
                (0..).zip(values).map(|(n, v)| (DateTime::from_secs(60 * n), *v)).collect();
            let said = verdict(summary(&points, vcpus).as_ref(), None);
            assert!(said.starts_with(expected), "{said}");
        };
        check(&[], Some(2.0), "no data");
        check(&[0.0, 0.0], Some(2.0), "idle");
        check(&[1.0, 2.0], Some(2.0), "not overloaded: 1.5 active sessions on average for 2 vCPU");
        check(&[1.0, 1.0, 1.0, 3.0], Some(2.0), "overloaded for 25 % of the time");
        check(&[1.0, 9.0], Some(2.0), "overloaded: 5 active sessions on average for 2 vCPU, 9 at");
        check(&[1.0, 9.0], None, "5 active sessions on average, 9 at most");
    }
}
