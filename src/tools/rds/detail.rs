//! One database in full: what it is, what happened to it, how it did in the last hour.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, Event, SourceType};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::identifier::InstanceId;
use super::instance::{Row, find, name, row};
use super::maintenance::pending;
use super::metrics::{GIB, Lag, LastHour, last_hour};
use super::{Plain, attention, part, text, unread};
use crate::error::{Error, Result, aws};
use crate::tools::answer::Truncated;
use crate::tools::arguments::moment;
use crate::tools::brief::cut;
use crate::tools::{Answer, Cx};

const MOST_EVENTS: usize = 10;
/// Pages of 100 events each; the newest are on the last.
const MOST_EVENT_PAGES: usize = 10;
/// RDS keeps events for 14 days, in minutes.
const EVENTS_KEPT: i32 = 14 * 24 * 60;
const DAY: i64 = 86_400;
const MOST_MESSAGE: usize = 300;
const MOST_TAGS: usize = 30;
const MOST_TAG_CHARACTERS: usize = 4_000;
const MOST_INFOS: usize = 10;
const EVENTS: &str = "rds:DescribeEvents";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneInstance {
    instance_id: InstanceId,
}

#[derive(Serialize, JsonSchema)]
pub struct InstanceInFull {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attention: Vec<String>,
    #[serde(flatten)]
    instance: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    last_hour: Option<LastHour>,
    /// Newest first
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    events: Vec<Happened>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    more_events: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    replication: Vec<Replication>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    replica_of: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    replicas: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    vpc_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    security_group_ids: Vec<String>,
    // Apply status by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(skip)]
    parameter_groups: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    storage_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    iops: Option<i32>,
    // How far autoscaling goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    max_storage_gib: Option<i32>,
    #[schemars(skip)]
    performance_insights: Monitoring,
    /// 0 = off
    #[serde(skip_serializing_if = "Option::is_none")]
    enhanced_monitoring_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    log_exports: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    maintenance_window: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    deletion_protection: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    created: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(skip)]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    more_tags: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    truncated: Option<Truncated>,
    /// Errors of parts
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    missing: Vec<Error>,
}

#[derive(Serialize)]
struct Happened {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
}

#[derive(Serialize)]
struct Replication {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize)]
struct Monitoring {
    enabled: bool,
    /// `standard` or `advanced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_insights: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<i32>,
}

pub async fn describe_db_instance(cx: Cx, args: OneInstance) -> Result<Answer> {
    let client = cx.rds().await?;
    let instance = find(&cx, &client, &args.instance_id).await?;
    let id = name(&instance);
    let arn = instance.db_instance_arn().unwrap_or_default();
    let (maintenance, events, hour) = tokio::join!(
        part(&cx, "rds:DescribePendingMaintenanceActions", pending(&cx, &client, Some(arn))),
        part(&cx, EVENTS, events(&cx, &client, id)),
        part(&cx, "cloudwatch:GetMetricData", last_hour(&cx, id, lag(&instance))),
    );
    let mut full = full(&instance, DateTime::from(cx.world().config.clock.now()));
    let mut unknown = Vec::new();
    let mut miss = |what: &str, error: Error| {
        unknown.push(attention::unknown(what, &error));
        full.missing.push(error);
    };
    match maintenance {
        Ok(mut found) => full.instance.maintenance = found.remove(arn).unwrap_or_default(),
        Err(error) => miss("maintenance", error),
    }
    match events {
        Ok((events, more)) => {
            more.into_iter().for_each(|error| miss("the newest events", error));
            full.more_events = events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0);
            full.events = events.iter().take(MOST_EVENTS).map(happened).collect();
        }
        Err(error) => miss("events", error),
    }
    let hour = match hour {
        Ok((hour, unread)) if unread.is_empty() => {
            unknown.extend(attention::without_figures(&full.instance, &hour, lag(&instance)));
            hour
        }
        Ok((hour, unread)) => {
            unread.into_iter().for_each(|error| miss("figures of the last hour", error));
            hour
        }
        Err(error) => {
            miss("figures of the last hour", error);
            LastHour::default()
        }
    };
    if let Some(free) = &hour.free_storage_gib {
        full.instance.note_free(free.last() * GIB);
    }
    full.attention = attention::of(&instance, &full.instance);
    full.attention.extend(attention::of_hour(&hour));
    full.attention.extend(unknown);
    full.last_hour = Some(hour).filter(|hour| *hour != LastHour::default());
    if full.events.is_empty() {
        return Answer::of(&full);
    }
    Answer::listed(&full, "events", "Cut to fit: the newest are shown.")
}

fn lag(instance: &DbInstance) -> Lag {
    if instance.engine().is_some_and(|engine| engine.starts_with("aurora")) {
        Lag::Aurora
    } else if source(instance).is_some() {
        Lag::Replica
    } else {
        Lag::None
    }
}

fn source(instance: &DbInstance) -> Option<String> {
    text(instance.read_replica_source_db_instance_identifier())
        .or_else(|| text(instance.read_replica_source_db_cluster_identifier()))
}

/// The events that RDS keeps, the newest first, nightly backups of the last day only; and that there are more than
/// were read.
async fn events(cx: &Cx, client: &Client, id: &str) -> Result<(Vec<Event>, Option<Error>)> {
    let (mut found, mut marker) = (Vec::new(), None);
    for _ in 0..MOST_EVENT_PAGES {
        let request = client
            .describe_events()
            .source_identifier(id)
            .source_type(SourceType::DbInstance)
            .duration(EVENTS_KEPT)
            .max_records(100)
            .set_marker(marker);
        let answer = request.send().await.map_err(|e| aws::failed(&cx.action(EVENTS), e))?;
        found.extend(answer.events.unwrap_or_default());
        marker = answer.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            break;
        }
    }
    let yesterday = DateTime::from(cx.world().config.clock.now()).secs() - DAY;
    let is_backup = |event: &Event| event.event_categories().iter().any(|name| name == "backup");
    let is_old = |event: &Event| event.date().is_some_and(|date| date.secs() < yesterday);
    found.retain(|event| !(is_backup(event) && is_old(event)));
    found.sort_by_key(|event| std::cmp::Reverse(event.date().map(DateTime::secs)));
    let more = marker.map(|_| {
        unread(cx, EVENTS, &format!("there are more events than the {} read.", found.len()))
    });
    Ok((found, more))
}

fn happened(event: &Event) -> Happened {
    Happened {
        at: event.date().and_then(moment),
        message: cut(event.message().unwrap_or_default(), MOST_MESSAGE),
        categories: event.event_categories().to_vec(),
    }
}

fn full(instance: &DbInstance, now: DateTime) -> InstanceInFull {
    let groups = instance.db_parameter_groups().iter();
    let clusters = instance.read_replica_db_cluster_identifiers();
    let tags = tags(instance);
    InstanceInFull {
        attention: Vec::new(),
        instance: row(instance, now),
        last_hour: None,
        events: Vec::new(),
        more_events: None,
        replication: instance
            .status_infos()
            .iter()
            .take(MOST_INFOS)
            .map(|info| Replication {
                kind: text(info.status_type()),
                status: text(info.status()),
                message: text(info.message()).map(|text| cut(&text, MOST_MESSAGE)),
            })
            .collect(),
        replica_of: source(instance),
        replicas: [instance.read_replica_db_instance_identifiers(), clusters].concat(),
        endpoint: text(instance.endpoint().and_then(|endpoint| endpoint.address())),
        port: instance.endpoint().and_then(|endpoint| endpoint.port()),
        vpc_id: text(instance.db_subnet_group().and_then(|group| group.vpc_id())),
        security_group_ids: instance
            .vpc_security_groups()
            .iter()
            .filter_map(|group| text(group.vpc_security_group_id()))
            .collect(),
        parameter_groups: groups
            .filter_map(|group| {
                let status = text(group.parameter_apply_status()).unwrap_or_default();
                Some((text(group.db_parameter_group_name())?, status))
            })
            .collect(),
        storage_type: text(instance.storage_type()),
        iops: instance.iops(),
        max_storage_gib: instance.max_allocated_storage(),
        performance_insights: Monitoring {
            enabled: instance.performance_insights_enabled().unwrap_or_default(),
            database_insights: instance.database_insights_mode().map(|m| m.as_str().to_owned()),
            retention_days: instance.performance_insights_retention_period(),
        },
        enhanced_monitoring_seconds: instance.monitoring_interval(),
        log_exports: instance.enabled_cloudwatch_logs_exports().to_vec(),
        maintenance_window: text(instance.preferred_maintenance_window()),
        deletion_protection: instance.deletion_protection(),
        created: instance.instance_create_time().and_then(moment),
        more_tags: instance.tag_list().len().checked_sub(tags.len()).filter(|more| *more > 0),
        tags,
        truncated: None,
        missing: Vec::new(),
    }
}

/// Tags, as many as leave room for the rest of the answer.
fn tags(instance: &DbInstance) -> BTreeMap<String, String> {
    let mut left = MOST_TAG_CHARACTERS;
    instance
        .tag_list()
        .iter()
        .take(MOST_TAGS)
        .filter_map(|tag| Some((text(tag.key())?, tag.value().unwrap_or_default().to_owned())))
        .take_while(|(key, value)| {
            // What does not show is written out in the answer: `\u{202E}`.
            let size = |c: char| if c.is_alphanumeric() || c.is_ascii_graphic() { 1 } else { 10 };
            let size: usize = key.chars().chain(value.chars()).map(size).sum();
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .collect()
}
