//! RDS: databases, their snapshots, and what loads them.

mod attention;
mod detail;
mod fleet;
mod identifier;
mod insights;
mod instance;
mod maintenance;
mod metrics;
mod snapshot;

use detail::{InstanceInFull, OneInstance, describe_db_instance};
use fleet::{InstanceList, ListInstances, list_db_instances};
use insights::{GetInsights, Insights, get_performance_insights};
use snapshot::{CreateSnapshot, ListSnapshots, SnapshotList, SnapshotMade};
use snapshot::{create_snapshot, list_snapshots};

use std::time::Duration;

use super::brief::{Plain, text};
use super::{Change, Cx, Target, Tool, Toolset, handler, look};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Effect, Effects, Pace};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "rds_list_db_instances",
        title: "List RDS databases",
        about: "DB instances and clusters: what needs attention first, then state, storage used, backups, \
                pending changes and maintenance, CA expiry.",
        toolset: Toolset::Rds,
        effects: Effects::Always(Effect::Read),
        operations: &["rds:DescribeDBInstances"],
        parts: &[
            "rds:DescribeDBClusters",
            "rds:DescribePendingMaintenanceActions",
            "cloudwatch:GetMetricData",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_db_instances: ListInstances => InstanceList),
    },
    Tool {
        name: "rds_describe_db_instance",
        title: "Describe an RDS instance",
        about: "One DB instance in full: what needs attention, events of 14 days, load of the last hour, \
                replication, network, maintenance, tags.",
        toolset: Toolset::Rds,
        effects: Effects::Always(Effect::Read),
        operations: &["rds:DescribeDBInstances"],
        parts: &[
            "rds:DescribePendingMaintenanceActions",
            "rds:DescribeEvents",
            "cloudwatch:GetMetricData",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_db_instance: OneInstance => InstanceInFull),
    },
    Tool {
        name: "rds_list_snapshots",
        title: "List RDS snapshots",
        about: "Snapshots of DB instances, not of clusters; not in order of time. `newest` is the newest \
                complete one of the page.",
        toolset: Toolset::Rds,
        effects: Effects::Always(Effect::Read),
        operations: &["rds:DescribeDBSnapshots"],
        parts: &["rds:DescribeDBInstances"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_snapshots: ListSnapshots => SnapshotList),
    },
    Tool {
        name: "rds_create_snapshot",
        title: "Create an RDS snapshot",
        about: "Starts a snapshot of an available DB instance. One that is there already is left alone \
                (`no_change`).",
        toolset: Toolset::Rds,
        effects: Effects::Always(Effect::Write),
        operations: &["rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:CreateDBSnapshot"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: Some(Change {
            resources: snapshot::resources,
            look: look!(snapshot::look: CreateSnapshot),
        }),
        handler: handler!(create_snapshot: CreateSnapshot => SnapshotMade),
    },
    Tool {
        name: "rds_get_performance_insights",
        title: "Get what loads a database",
        about: "Why a database is slow: active sessions against vCPUs, what they wait for, the SQL that \
                they run. Needs Performance Insights.",
        toolset: Toolset::Rds,
        effects: Effects::Always(Effect::Read),
        operations: &["rds:DescribeDBInstances", "pi:GetResourceMetrics"],
        parts: &["pi:DescribeDimensionKeys"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(get_performance_insights: GetInsights => Insights),
    },
];

/// A part that takes longer is missing; the rest is answered.
const PART: Duration = Duration::from_secs(20);
/// By then every part has ended, so that the call answers within its time.
const PARTS: Duration = Duration::from_secs(45);

/// A part within its time.
async fn part<T>(cx: &Cx, operation: &str, found: impl Future<Output = Result<T>>) -> Result<T> {
    let time = PARTS.saturating_sub(cx.elapsed()).min(PART);
    let late = || {
        let message = format!("{} took longer than {} s.", cx.action(operation), time.as_secs());
        Error::new(Kind::Timeout, message, aws::next_step(Kind::Timeout))
    };
    tokio::time::timeout(time, found).await.unwrap_or_else(|_| Err(late()))
}

/// What goes on after the pages that are read.
fn unread(cx: &Cx, operation: &str, what: &str) -> Error {
    let message = format!("{}: {what}", cx.action(operation));
    Error::new(Kind::ResponseTooLarge, message, "Ask for less, or look at single databases.")
}

/// RDS, MaxRecords: 20 to 100.
fn page_size(wanted: usize) -> i32 {
    i32::try_from(wanted).unwrap_or(i32::MAX).clamp(20, 100)
}
