//! What an on-call engineer looks at first, in one call: alarms, services, instances, databases, cost.
//! At most twelve requests to AWS, each part with its own error.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, Metric, MetricDataQuery, MetricStat, StateValue,
};
use aws_sdk_costexplorer::types::{DateInterval, Granularity};
use aws_sdk_ec2::types::{InstanceStatus, InstanceStatusSummary, SummaryStatus};
use aws_sdk_ecs::types::{Cluster, DeploymentRolloutState, Service};
use aws_sdk_rds::types::DbInstance;
use aws_smithy_types::DateTime;
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::arguments::{NoArguments, moment, rfc3339};
use super::brief::cut;
use super::{Answer, Cx, Target, Tool, Toolset, handler};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Effect, Effects, Pace};

pub const TOOLS: &[Tool] = &[Tool {
    name: "aws_health_overview",
    title: "AWS health overview",
    about: "What is wrong in one account and region, in one call: alarms firing, ECS services below \
            desired count, impaired EC2 instances, RDS databases not available or nearly full, yesterday's \
            cost against the week before (that request costs 0.01 USD). Begin here when something is said \
            to be broken.",
    toolset: Toolset::Core,
    effects: Effects::Always(Effect::Read),
    operations: &[],
    parts: &[
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "ecs:ListClusters",
        "ecs:DescribeClusters",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ec2:DescribeInstanceStatus",
        "rds:DescribeDBInstances",
        "ce:GetCostAndUsage",
    ],
    pace: Pace::Ordinary,
    target: Target::Aws,
    change: None,
    handler: handler!(health_overview: NoArguments => Overview),
}];

/// Rows shown of each part: the whole answer stays under 4 kB.
const MOST_ROWS: usize = 6;
/// Characters of a text that somebody else wrote.
const MOST_TEXT: usize = 100;
/// A part that takes longer is missing; the others are answered.
const PART: Duration = Duration::from_secs(30);
/// Of the twelve requests, those for the services of clusters: the other parts take up to eight.
const SERVICE_REQUESTS: usize = 4;
/// DescribeServices takes so many names.
const SERVICES_AT_ONCE: usize = 10;
/// DescribeClusters takes so many.
const CLUSTERS_AT_ONCE: usize = 100;
/// A database with less of its storage free is nearly full, in percent.
const NEARLY_FULL: f64 = 10.0;
/// A day that cost so much more than usual is worth a word, in percent and in the bill's currency.
const MUCH_MORE: (f64, f64) = (25.0, 1.0);
const DAY: i64 = 86_400;

#[derive(Serialize, JsonSchema)]
struct Overview {
    /// What is wrong, in a sentence
    verdict: String,
    #[schemars(with = "Found")]
    alarms: Part<Firing>,
    #[schemars(with = "Found")]
    services: Part<Services>,
    #[schemars(with = "Found")]
    instances: Part<Instances>,
    #[schemars(with = "Found")]
    databases: Part<Databases>,
    #[schemars(with = "Found")]
    cost: Part<Cost>,
}

type Found = serde_json::Map<String, serde_json::Value>;

/// A part of the answer, or why it is missing.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<T> {
    Found(T),
    Missing(Error),
}

/// What a part has to say in the verdict.
trait Trouble {
    /// What is wrong.
    fn trouble(&self) -> Option<String>;

    /// What was not looked at, and so may be wrong too.
    fn unseen(&self) -> Option<String>;
}

async fn health_overview(cx: Cx, _: NoArguments) -> Result<Answer> {
    // What no part could do without is the whole call's error.
    cx.session()?.required_region()?;
    cx.credentials().await?;
    let (alarms, services, instances, databases, cost) = tokio::join!(
        part("alarms", alarms(&cx)),
        part("services", services(&cx)),
        part("instances", instances(&cx)),
        part("databases", databases(&cx)),
        part("cost", cost(&cx)),
    );
    let (mut wrong, mut unseen) = (Vec::new(), Vec::new());
    alarms.say("alarms", &mut wrong, &mut unseen);
    services.say("services", &mut wrong, &mut unseen);
    instances.say("instances", &mut wrong, &mut unseen);
    databases.say("databases", &mut wrong, &mut unseen);
    cost.say("cost", &mut wrong, &mut unseen);
    let mut verdict = match wrong.as_slice() {
        [] if unseen.is_empty() => "Nothing wrong found.".to_owned(),
        [] => "Nothing wrong found in what was looked at.".to_owned(),
        wrong => format!("{}.", wrong.join("; ")),
    };
    if !unseen.is_empty() {
        verdict.push_str(&format!(" Not known: {}.", unseen.join("; ")));
    }
    Answer::of(&Overview { verdict, alarms, services, instances, databases, cost })
}

/// A part within its time.
async fn part<T>(name: &str, found: impl Future<Output = Result<T>>) -> Part<T> {
    let late = || {
        let message = format!("{name} took longer than {} s.", PART.as_secs());
        Error::new(Kind::Timeout, message, aws::next_step(Kind::Timeout))
    };
    match tokio::time::timeout(PART, found).await.unwrap_or_else(|_| Err(late())) {
        Ok(found) => Part::Found(found),
        Err(mut error) => {
            error.aws.message = error.aws.message.map(|message| short(&message));
            Part::Missing(error)
        }
    }
}

impl<T: Trouble> Part<T> {
    fn say(&self, name: &str, wrong: &mut Vec<String>, unseen: &mut Vec<String>) {
        match self {
            Self::Found(found) => {
                wrong.extend(found.trouble());
                unseen.extend(found.unseen());
            }
            Self::Missing(error) => unseen.push(format!("{name} ({})", error.kind.word())),
        }
    }
}

fn short(text: &str) -> String {
    cut(text, MOST_TEXT)
}

/// `1 alarm`, `2 alarms`
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The rows that are shown, and how many more there are.
fn shown<T>(mut rows: Vec<T>) -> (Vec<T>, Option<usize>) {
    let more = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0);
    rows.truncate(MOST_ROWS);
    (rows, more)
}

#[derive(Serialize)]
struct Firing {
    firing: usize,
    /// AWS has more than it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<bool>,
    /// The newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    newest: Vec<Alarm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
}

#[derive(Serialize)]
struct Alarm {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Trouble for Firing {
    fn trouble(&self) -> Option<String> {
        (self.firing > 0).then(|| format!("{} firing", count(self.firing, "alarm", "alarms")))
    }

    fn unseen(&self) -> Option<String> {
        self.at_least.map(|_| format!("alarms beyond {}", self.firing))
    }
}

async fn alarms(cx: &Cx) -> Result<Firing> {
    let client = cx.cloudwatch().await?;
    let send = |types: &[AlarmType]| {
        let request = client.describe_alarms().state_value(StateValue::Alarm).max_records(100);
        request.set_alarm_types(Some(types.to_vec())).send()
    };
    let types = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];
    let failed = |e| aws::failed(&cx.action("cloudwatch:DescribeAlarms"), e);
    let answer = match send(&types).await.map_err(failed) {
        // Log alarms are not known everywhere.
        Err(error) if error.kind == Kind::ValidationError => {
            send(&[AlarmType::MetricAlarm, AlarmType::CompositeAlarm]).await.map_err(failed)?
        }
        answer => answer?,
    };
    let alarm = |name: Option<&str>, since: Option<&DateTime>, reason: Option<&str>| {
        let seconds = since.map_or(0, DateTime::secs);
        let name = short(name.unwrap_or_default());
        (seconds, Alarm { name, since: since.and_then(moment), reason: reason.map(short) })
    };
    let metric = answer.metric_alarms().iter().map(|found| {
        let since = found.state_transitioned_timestamp().or(found.state_updated_timestamp());
        alarm(found.alarm_name(), since, found.state_reason())
    });
    let composite = answer.composite_alarms().iter().map(|found| {
        let since = found.state_transitioned_timestamp().or(found.state_updated_timestamp());
        alarm(found.alarm_name(), since, found.state_reason())
    });
    let log = answer.log_alarms().iter().map(|found| {
        let since = found.state_transitioned_timestamp().or(found.state_updated_timestamp());
        alarm(found.alarm_name(), since, found.state_reason())
    });
    let mut all: Vec<(i64, Alarm)> = metric.chain(composite).chain(log).collect();
    all.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
    let firing = all.len();
    let (newest, more) = shown(all.into_iter().map(|(_, alarm)| alarm).collect());
    Ok(Firing { firing, at_least: answer.next_token().map(|_| true), newest, more })
}

#[derive(Serialize)]
struct Services {
    /// Services whose count was looked at.
    looked_at: usize,
    /// Services that there are.
    of: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    below_desired: Vec<Below>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<&'static str>,
}

#[derive(Serialize)]
struct Below {
    cluster: String,
    service: String,
    running: i32,
    desired: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
}

impl Trouble for Services {
    fn trouble(&self) -> Option<String> {
        let below = self.below_desired.len() + self.more.unwrap_or_default();
        let of = count(self.looked_at, "ECS service", "ECS services");
        (below > 0)
            .then(|| format!("{below} of {of} below desired count or with a failed deployment"))
    }

    fn unseen(&self) -> Option<String> {
        self.how.map(|_| {
            format!("{} of {} ECS services", self.of.saturating_sub(self.looked_at), self.of)
        })
    }
}

async fn services(cx: &Cx) -> Result<Services> {
    let client = cx.ecs().await?;
    let listed = client
        .list_clusters()
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("ecs:ListClusters"), e))?;
    let mut arns = listed.cluster_arns.unwrap_or_default();
    let mut incomplete = listed.next_token.is_some() || arns.len() > CLUSTERS_AT_ONCE;
    arns.truncate(CLUSTERS_AT_ONCE);
    let mut clusters = Vec::new();
    if !arns.is_empty() {
        let answer = client
            .describe_clusters()
            .set_clusters(Some(arns))
            .send()
            .await
            .map_err(|e| aws::failed(&cx.action("ecs:DescribeClusters"), e))?;
        clusters = answer.clusters.unwrap_or_default();
    }
    let of: usize = clusters.iter().map(services_of).sum();
    // Tasks that wait to run are the first sign of trouble.
    clusters.sort_by_key(|cluster| {
        std::cmp::Reverse((cluster.pending_tasks_count(), services_of(cluster)))
    });
    let pages = pages(&clusters.iter().map(services_of).collect::<Vec<_>>());
    let looks =
        clusters.iter().zip(pages).map(|(cluster, pages)| look(cx, &client, cluster, pages));
    let mut looked_at = 0;
    let mut below = Vec::new();
    for found in join_all(looks).await {
        let found = found?;
        looked_at += found.len();
        below.extend(found.into_iter().filter_map(below_desired));
    }
    incomplete |= looked_at < of;
    below.sort_by_key(|row: &Below| std::cmp::Reverse(row.desired - row.running));
    let (below_desired, more) = shown(below);
    let how = incomplete.then_some("ecs_describe_cluster looks at every service of a cluster.");
    Ok(Services { looked_at, of, below_desired, more, how })
}

fn services_of(cluster: &Cluster) -> usize {
    usize::try_from(cluster.active_services_count()).unwrap_or_default()
}

/// How many pages of services to look at in each cluster, so that all requests together are no more
/// than [`SERVICE_REQUESTS`]: each cluster takes one to list its services, and one for each page.
fn pages(services: &[usize]) -> Vec<usize> {
    let mut left = SERVICE_REQUESTS;
    let mut pages: Vec<usize> = services
        .iter()
        .map(|services| {
            let first = *services > 0 && left >= 2;
            left -= if first { 2 } else { 0 };
            usize::from(first)
        })
        .collect();
    for (pages, services) in pages.iter_mut().zip(services).filter(|(pages, _)| **pages > 0) {
        let more = services.div_ceil(SERVICES_AT_ONCE).saturating_sub(*pages).min(left);
        *pages += more;
        left -= more;
    }
    pages
}

/// The first services of a cluster.
async fn look(
    cx: &Cx,
    client: &aws_sdk_ecs::Client,
    cluster: &Cluster,
    pages: usize,
) -> Result<Vec<(String, Service)>> {
    let Some(arn) = cluster.cluster_arn().filter(|_| pages > 0) else { return Ok(Vec::new()) };
    let listed = client
        .list_services()
        .cluster(arn)
        .max_results(i32::try_from(pages * SERVICES_AT_ONCE).unwrap_or(100).min(100))
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("ecs:ListServices"), e))?;
    let asked = listed.service_arns().chunks(SERVICES_AT_ONCE).take(pages).map(|names| {
        client.describe_services().cluster(arn).set_services(Some(names.to_vec())).send()
    });
    let name = cluster.cluster_name().unwrap_or(arn);
    let mut all = Vec::new();
    for answer in join_all(asked).await {
        let answer = answer.map_err(|e| aws::failed(&cx.action("ecs:DescribeServices"), e))?;
        let found = answer.services.unwrap_or_default();
        all.extend(found.into_iter().map(|service| (name.to_owned(), service)));
    }
    Ok(all)
}

fn below_desired((cluster, service): (String, Service)) -> Option<Below> {
    let failed = service
        .deployments()
        .iter()
        .any(|found| found.rollout_state() == Some(&DeploymentRolloutState::Failed));
    let is_below = service.running_count() < service.desired_count();
    (is_below || failed).then(|| Below {
        cluster: short(&cluster),
        service: short(service.service_name().unwrap_or_default()),
        running: service.running_count(),
        desired: service.desired_count(),
        deployment: failed.then(|| "FAILED".to_owned()),
    })
}

#[derive(Serialize)]
struct Instances {
    running: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    impaired: Vec<Impaired>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
}

#[derive(Serialize)]
struct Impaired {
    instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    az: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scheduled_events: Vec<String>,
}

impl Trouble for Instances {
    fn trouble(&self) -> Option<String> {
        let impaired = self.impaired.len() + self.more.unwrap_or_default();
        let what = || count(impaired, "EC2 instance", "EC2 instances");
        (impaired > 0).then(|| format!("{} impaired or scheduled for an event", what()))
    }

    fn unseen(&self) -> Option<String> {
        self.at_least.map(|_| format!("instances beyond {}", self.running))
    }
}

async fn instances(cx: &Cx) -> Result<Instances> {
    let client = cx.ec2().await?;
    let answer = client
        .describe_instance_status()
        .max_results(1_000)
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("ec2:DescribeInstanceStatus"), e))?;
    let all = answer.instance_statuses();
    let (impaired, more) = shown(all.iter().filter_map(impaired).collect());
    let at_least = answer.next_token().filter(|token| !token.is_empty()).map(|_| true);
    Ok(Instances { running: all.len(), at_least, impaired, more })
}

fn impaired(status: &InstanceStatus) -> Option<Impaired> {
    let word = |summary: Option<&InstanceStatusSummary>| {
        let status = summary.and_then(InstanceStatusSummary::status)?;
        let is_bad = matches!(status, SummaryStatus::Impaired | SummaryStatus::InsufficientData);
        is_bad.then(|| status.as_str().to_owned())
    };
    // EC2 keeps events that are over for a week, and says so at their beginning.
    let is_ahead = |description: &str| {
        !["[Completed]", "[Canceled]"].iter().any(|over| description.starts_with(over))
    };
    let events = status.events().iter().filter(|event| event.description().is_none_or(is_ahead));
    let events: Vec<String> = events
        .map(|event| {
            let code = event.code().map_or("event", |code| code.as_str());
            let begins = event.not_before().and_then(moment);
            begins.map_or(code.to_owned(), |begins| format!("{code} at {begins}"))
        })
        .collect();
    let found = Impaired {
        instance_id: status.instance_id().unwrap_or_default().to_owned(),
        az: status.availability_zone().map(str::to_owned),
        system_status: word(status.system_status()),
        instance_status: word(status.instance_status()),
        scheduled_events: events,
    };
    let is_well = found.system_status.is_none()
        && found.instance_status.is_none()
        && found.scheduled_events.is_empty();
    (!is_well).then_some(found)
}

#[derive(Serialize)]
struct Databases {
    databases: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trouble: Vec<Database>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    /// Databases of which CloudWatch has no figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_unknown: Option<usize>,
    /// Why it is not known how full they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<Error>,
}

#[derive(Serialize)]
struct Database {
    instance_id: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    free_storage_percent: Option<f64>,
}

impl Trouble for Databases {
    fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.len() + self.more.unwrap_or_default();
        let what = || count(trouble, "database", "databases");
        (trouble > 0).then(|| format!("{} not available or nearly full", what()))
    }

    fn unseen(&self) -> Option<String> {
        let beyond = self.at_least.map(|_| format!("databases beyond {}", self.databases));
        let storage = match (&self.storage, self.storage_unknown) {
            (Some(error), _) => Some(format!("how full databases are ({})", error.kind.word())),
            (None, Some(unknown)) => {
                Some(format!("how full {} are", count(unknown, "database", "databases")))
            }
            (None, None) => None,
        };
        let both: Vec<String> = beyond.into_iter().chain(storage).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }
}

async fn databases(cx: &Cx) -> Result<Databases> {
    let client = cx.rds().await?;
    let answer = client
        .describe_db_instances()
        .max_records(100)
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("rds:DescribeDBInstances"), e))?;
    let all = answer.db_instances();
    let with_storage: Vec<&DbInstance> = all.iter().filter(|found| has_storage(found)).collect();
    let (free, storage) = match free_storage(cx, &with_storage).await {
        Ok(free) => (free, None),
        Err(mut error) => {
            error.aws.message = error.aws.message.map(|message| short(&message));
            (Vec::new(), Some(error))
        }
    };
    let id = |found: &DbInstance| found.db_instance_identifier().unwrap_or_default().to_owned();
    let trouble = all.iter().filter_map(|found| {
        let instance_id = id(found);
        let full = free.iter().find(|(of, percent)| *of == instance_id && *percent < NEARLY_FULL);
        let status = found.db_instance_status().unwrap_or("unknown");
        (!is_well(status) || full.is_some()).then(|| Database {
            instance_id: short(&instance_id),
            status: status.to_owned(),
            free_storage_percent: full.map(|(_, percent)| (percent * 10.0).round() / 10.0),
        })
    });
    let (trouble, more) = shown(trouble.collect());
    // A stopped one measures nothing.
    let is_on = |found: &&&DbInstance| found.db_instance_status() != Some("stopped");
    let unknown = with_storage.iter().filter(is_on).filter(|found| {
        !free.iter().any(|(of, _)| Some(of.as_str()) == found.db_instance_identifier())
    });
    let unknown = Some(unknown.count()).filter(|unknown| *unknown > 0 && storage.is_none());
    let stopped = all.iter().filter(|found| found.db_instance_status() == Some("stopped")).count();
    Ok(Databases {
        databases: all.len(),
        at_least: answer.marker().filter(|marker| !marker.is_empty()).map(|_| true),
        stopped: Some(stopped).filter(|stopped| *stopped > 0),
        trouble,
        more,
        storage_unknown: unknown,
        storage,
    })
}

/// Whether a database in this state can be used, or was stopped on purpose (RDS User Guide, "Viewing
/// Amazon RDS DB instance status").
fn is_well(status: &str) -> bool {
    let usable = ["available", "stopped", "backing-up", "storage-optimization", "upgrading"];
    usable.contains(&status) || status.starts_with("configuring-")
}

/// Whether it has storage of its own that can fill: that of these engines is their cluster's.
fn has_storage(instance: &DbInstance) -> bool {
    let engine = instance.engine().unwrap_or_default();
    !["aurora", "docdb", "neptune"].iter().any(|shared| engine.starts_with(shared))
        && instance.allocated_storage().is_some_and(|gib| gib > 0)
}

/// The free share of each database's storage, in percent.
async fn free_storage(cx: &Cx, instances: &[&DbInstance]) -> Result<Vec<(String, f64)>> {
    if instances.is_empty() {
        return Ok(Vec::new());
    }
    let queries = instances.iter().enumerate().map(|(n, instance)| {
        let of = Dimension::builder()
            .name("DBInstanceIdentifier")
            .set_value(instance.db_instance_identifier().map(str::to_owned));
        let metric = Metric::builder()
            .namespace("AWS/RDS")
            .metric_name("FreeStorageSpace")
            .dimensions(of.build());
        let stat = MetricStat::builder().metric(metric.build()).period(300).stat("Average");
        MetricDataQuery::builder().id(format!("d{n}")).metric_stat(stat.build()).build()
    });
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let answer = cx
        .cloudwatch()
        .await?
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs(now - 1_800))
        .end_time(DateTime::from_secs(now))
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("cloudwatch:GetMetricData"), e))?;
    let free = instances.iter().enumerate().filter_map(|(n, instance)| {
        let id = format!("d{n}");
        let series = answer.metric_data_results().iter().find(|found| found.id() == Some(&id))?;
        // The newest comes first.
        let bytes = series.values().first()?;
        let of = f64::from(instance.allocated_storage()?) * 1_073_741_824.0;
        Some((instance.db_instance_identifier()?.to_owned(), bytes / of * 100.0))
    });
    Ok(free.collect())
}

#[derive(Serialize)]
struct Cost {
    /// The day, in UTC.
    yesterday: String,
    amount: f64,
    /// The mean of the seven days before.
    usual: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// AWS may still add to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated: Option<bool>,
}

impl Trouble for Cost {
    fn trouble(&self) -> Option<String> {
        let (percent, amount) = MUCH_MORE;
        let is_much = self.amount - self.usual > amount;
        let change = self.change_percent.filter(|change| is_much && *change > percent)?;
        Some(format!("yesterday cost {change:.0} % more than usual"))
    }

    fn unseen(&self) -> Option<String> {
        None
    }
}

async fn cost(cx: &Cx) -> Result<Cost> {
    let today = DateTime::from(cx.world().config.clock.now()).secs() / DAY * DAY;
    let day = |days_ago: i64| date(today - days_ago * DAY);
    let span = DateInterval::builder().start(day(8)).end(day(0)).build();
    let span = span.map_err(|_| Error::internal("a span of days without its ends."))?;
    let answer = cx
        .cost_explorer()
        .await?
        .get_cost_and_usage()
        .time_period(span)
        .granularity(Granularity::Daily)
        .metrics("UnblendedCost")
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("ce:GetCostAndUsage"), e))?;
    let mut currency = None;
    let (mut last, mut before) = (None, Vec::new());
    for result in answer.results_by_time() {
        let value = result.total().and_then(|total| total.get("UnblendedCost"));
        let amount = value.and_then(|value| value.amount()?.parse::<f64>().ok());
        let Some(amount) = amount.filter(|amount| amount.is_finite()) else { continue };
        currency = currency.or_else(|| value.and_then(|value| value.unit()).map(str::to_owned));
        match result.time_period().is_some_and(|period| period.start() == day(1)) {
            true => last = Some((amount, result.estimated())),
            false => before.push(amount),
        }
    }
    let Some((amount, estimated)) = last.filter(|_| !before.is_empty()) else {
        let next = "Costs show about a day after they arise, and not at all in a new account.";
        let message = "Cost Explorer has no costs of yesterday and the week before yet.";
        return Err(Error::new(Kind::NotFound, message, next));
    };
    let days = u32::try_from(before.len()).unwrap_or(u32::MAX);
    let usual = before.iter().sum::<f64>() / f64::from(days);
    let cents = |amount: f64| (amount * 100.0).round() / 100.0;
    let change = (usual > 0.0).then(|| ((amount / usual - 1.0) * 1_000.0).round() / 10.0);
    Ok(Cost {
        yesterday: day(1),
        amount: cents(amount),
        usual: cents(usual),
        change_percent: change,
        currency,
        estimated: Some(estimated).filter(|estimated| *estimated),
    })
}

/// The day of a moment, in UTC: `2026-11-21`.
fn date(seconds: i64) -> String {
    rfc3339(seconds).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_services_stay_within_their_number() {
        let check = |services: &[usize], expected: &[usize]| {
            let pages = pages(services);
            assert_eq!(pages, expected, "{services:?}");
            let requests: usize = pages.iter().map(|pages| pages + usize::from(*pages > 0)).sum();
            assert!(requests <= SERVICE_REQUESTS, "{services:?}");
        };
        check(&[], &[]);
        check(&[0, 0], &[0, 0]);
        check(&[3], &[1]);
        check(&[1_000], &[3]);
        check(&[35, 3], &[1, 1]);
        check(&[3, 35], &[1, 1]);
        check(&[3, 3, 3], &[1, 1, 0]);
        check(&[0, 40], &[0, 3]);
    }

    #[test]
    fn a_service_with_a_failed_deployment_is_in_trouble_at_full_count() {
        let deployment = aws_sdk_ecs::types::Deployment::builder()
            .rollout_state(DeploymentRolloutState::Failed)
            .build();
        let service = Service::builder().service_name("web").desired_count(2).running_count(2);
        let well = below_desired(("shop".to_owned(), service.clone().build()));
        assert!(well.is_none());
        let failed = below_desired(("shop".to_owned(), service.deployments(deployment).build()));
        assert_eq!(failed.unwrap().deployment.as_deref(), Some("FAILED"));
    }

    #[test]
    fn states_of_databases() {
        for well in ["available", "stopped", "backing-up", "configuring-log-exports"] {
            assert!(is_well(well), "{well}");
        }
        for ill in ["storage-full", "failed", "incompatible-network", "rebooting", "unknown", ""] {
            assert!(!is_well(ill), "{ill}");
        }
    }
}
