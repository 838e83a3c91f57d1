//! All databases of a region: one row each, and their clusters.

use std::collections::HashMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbCluster;
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::instance::{Row, name, row, storage};
use super::maintenance::{Maintenance, Pending, pending};
use super::metrics::free_storage;
use super::{Plain, attention, page_size, part, text, unread};
use crate::error::{Error, Result, aws};
use crate::tools::answer::Truncated;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Clusters shown, by number and as JSON text; those that are not available come first.
const MOST_CLUSTERS: usize = 30;
const MOST_CLUSTER_CHARACTERS: usize = 6_000;
/// Pages of 100 clusters each.
const MOST_CLUSTER_PAGES: usize = 5;
const MOST_ATTENTION: usize = 20;
const CLUSTERS: &str = "rds:DescribeDBClusters";
const MAINTENANCE: &str = "rds:DescribePendingMaintenanceActions";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInstances {
    /// Rows; default 50
    limit: Option<Limit>,
    /// next_page_token of the answer before
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct InstanceList {
    /// Of this page
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attention: Vec<String>,
    instances: Vec<Row>,
    /// On the first page
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    clusters: Vec<Cluster>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    more_clusters: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
    /// Errors of parts
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    missing: Vec<Error>,
}

#[derive(Serialize)]
struct Cluster {
    cluster_id: String,
    engine: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_az: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maintenance: Vec<Maintenance>,
}

pub async fn list_db_instances(cx: Cx, args: ListInstances) -> Result<Answer> {
    let client = cx.rds().await?;
    let page = |token: Option<String>, size: usize| {
        let request = client.describe_db_instances().max_records(page_size(size)).set_marker(token);
        let cx = &cx;
        async move {
            let answer = request
                .send()
                .await
                .map_err(|e| aws::failed(&cx.action("rds:DescribeDBInstances"), e))?;
            Ok(Page { rows: answer.db_instances.unwrap_or_default(), next: answer.marker })
        }
    };
    let token = args.page_token.as_deref();
    let instances = list(&cx, &"rds_list_db_instances", args.limit, token, page);
    // What else there is to read is read beside the rows, and fails alone.
    let clusters = async {
        Ok(match token {
            None => part(&cx, CLUSTERS, clusters(&cx, &client)).await,
            Some(_) => Ok((Vec::new(), None)),
        })
    };
    let maintenance = async { Ok(part(&cx, MAINTENANCE, pending(&cx, &client, None)).await) };
    let ((instances, cursor), clusters, maintenance) =
        tokio::try_join!(biased; instances, clusters, maintenance)?;
    let with_storage: Vec<String> = instances
        .iter()
        .filter(|instance| storage(instance).is_some())
        .map(|instance| name(instance).to_owned())
        .collect();
    let free = async { Ok(free_storage(&cx, &with_storage).await) };
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    let mut miss = |what: &str, error: Error| {
        unknown.push(attention::unknown(what, &error));
        missing.push(error);
    };
    let (free, unread) = part(&cx, "cloudwatch:GetMetricData", free)
        .await
        .unwrap_or_else(|error| (HashMap::new(), vec![error]));
    let has_free = unread.is_empty();
    unread.into_iter().for_each(|error| miss("storage", error));
    let mut maintenance = maintenance.unwrap_or_else(|error| {
        miss("maintenance", error);
        Pending::new()
    });
    let clusters = match clusters {
        Ok((clusters, more)) => {
            more.into_iter().for_each(|error| miss("further clusters", error));
            clusters
        }
        Err(error) => {
            miss("clusters", error);
            Vec::new()
        }
    };

    let now = DateTime::from(cx.world().config.clock.now());
    let (mut attention, mut rows, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for instance in &instances {
        let mut row = row(instance, now);
        match free.get(&row.instance_id) {
            Some(bytes) => row.note_free(*bytes),
            None if row.storage_gib.is_some() && attention::has_figures(&row) => {
                silent.push(row.instance_id.clone());
            }
            None => {}
        }
        let arn = instance.db_instance_arn().unwrap_or_default();
        row.maintenance = maintenance.remove(arn).unwrap_or_default();
        let of_it = attention::of(instance, &row);
        attention.extend(of_it.into_iter().map(|what| format!("{}: {what}", row.instance_id)));
        rows.push(row);
    }
    for cluster in clusters.iter().filter(|cluster| !is_available(cluster)) {
        let id = cluster.db_cluster_identifier().unwrap_or_default();
        let status = cluster.status().unwrap_or_default();
        attention.push(format!("cluster {id}: status is {status}"));
    }
    let more = attention.len().saturating_sub(MOST_ATTENTION);
    attention.truncate(MOST_ATTENTION);
    if more > 0 {
        attention.push(format!("and {more} more; see the rows"));
    }
    if let (true, Some(first)) = (has_free, silent.first()) {
        let others = match silent.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        unknown
            .push(format!("storage of {first}{others} not known: no figures of the last 15 min"));
    }
    attention.extend(unknown);
    let shown = shown(&clusters, &mut maintenance);
    let list = InstanceList {
        attention,
        instances: rows,
        more_clusters: clusters.len().checked_sub(shown.len()).filter(|more| *more > 0),
        clusters: shown,
        next_page_token: None,
        truncated: None,
        missing,
    };
    Answer::paged(&list, "instances", cursor)
}

/// The clusters, and that there are more than were read.
async fn clusters(cx: &Cx, client: &Client) -> Result<(Vec<DbCluster>, Option<Error>)> {
    let (mut found, mut marker) = (Vec::new(), None);
    for _ in 0..MOST_CLUSTER_PAGES {
        let answer = client
            .describe_db_clusters()
            .max_records(100)
            .set_marker(marker)
            .send()
            .await
            .map_err(|e| aws::failed(&cx.action(CLUSTERS), e))?;
        found.extend(answer.db_clusters.unwrap_or_default());
        marker = answer.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok((found, None));
        }
    }
    let more =
        unread(cx, CLUSTERS, &format!("there are more clusters than the {} read.", found.len()));
    Ok((found, Some(more)))
}

fn is_available(cluster: &DbCluster) -> bool {
    ["available", "backing-up"].contains(&cluster.status().unwrap_or_default())
}

fn shown(clusters: &[DbCluster], maintenance: &mut Pending) -> Vec<Cluster> {
    let (well, ill): (Vec<_>, Vec<_>) = clusters.iter().partition(|cluster| is_available(cluster));
    let first = ill.into_iter().chain(well).take(MOST_CLUSTERS);
    let mut left = MOST_CLUSTER_CHARACTERS;
    first
        .map(|cluster| {
            let members = cluster.db_cluster_members();
            let (writers, readers): (Vec<_>, Vec<_>) =
                members.iter().partition(|member| member.is_cluster_writer() == Some(true));
            let words = [cluster.engine(), cluster.engine_version()];
            let arn = cluster.db_cluster_arn().unwrap_or_default();
            Cluster {
                cluster_id: cluster.db_cluster_identifier().unwrap_or_default().to_owned(),
                engine: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
                status: cluster.status().unwrap_or_default().to_owned(),
                writer: writers.first().and_then(|member| text(member.db_instance_identifier())),
                readers: readers
                    .into_iter()
                    .filter_map(|member| text(member.db_instance_identifier()))
                    .collect(),
                multi_az: cluster.multi_az(),
                maintenance: maintenance.remove(arn).unwrap_or_default(),
            }
        })
        .take_while(|cluster| {
            let size = serde_json::to_string(cluster).map_or(usize::MAX, |text| text.len());
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .collect()
}
