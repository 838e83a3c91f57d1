//! Snapshots of DB instances: which there are, and making one.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, DbSnapshot};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identifier::{InstanceId, SnapshotId};
use super::instance::{elsewhere, find, name};
use super::{Plain, page_size, text};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Look, Need};
use crate::tools::answer::{ChangeStatus, Truncated};
use crate::tools::arguments::moment;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx, schema};

/// DescribeDBSnapshots gives so many rows at most.
const MOST_PAGE: usize = 100;

// Not `public`: those are strangers', and there are tens of thousands.
#[derive(Clone, Copy, Debug, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Type {
    Manual,
    Automated,
    Shared,
    AwsBackup,
}

impl Type {
    fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automated => "automated",
            Self::Shared => "shared",
            Self::AwsBackup => "awsbackup",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSnapshots {
    instance_id: Option<InstanceId>,
    /// Default: manual and automated
    #[serde(rename = "type")]
    kind: Option<Type>,
    /// Rows; default 50
    limit: Option<Limit>,
    /// next_page_token of the answer before
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct SnapshotList {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    newest: Option<Newest>,
    #[schemars(skip)]
    order: &'static str,
    snapshots: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

#[derive(Serialize)]
struct Newest {
    snapshot_id: String,
    created: String,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    snapshot_id: String,
    #[schemars(skip)]
    instance_id: String,
    #[serde(rename = "type")]
    #[schemars(skip)]
    kind: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    size_gib: Option<i32>,
    /// Absent = yes
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    // While it is being made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    percent_progress: Option<i32>,
}

pub async fn list_snapshots(cx: Cx, args: ListSnapshots) -> Result<Answer> {
    let instance = args.instance_id.as_ref().map(|id| id.here(&cx)).transpose()?;
    let client = cx.rds().await?;
    let query = ("rds_list_snapshots", &args.instance_id, args.kind);
    let arn = args.instance_id.as_ref().filter(|id| id.arn().is_some());
    let (others, cx) = (AtomicBool::new(false), &cx);
    let page = |token: Option<String>, size: usize| {
        // Rows are left out below, so that a page's size must be the same for every call.
        let size = arn.map_or(size, |_| MOST_PAGE);
        let request = client
            .describe_db_snapshots()
            .set_db_instance_identifier(instance.map(str::to_owned))
            .set_snapshot_type(args.kind.map(|kind| kind.word().to_owned()))
            .max_records(page_size(size))
            .set_marker(token);
        let others = &others;
        async move {
            let answer = request
                .send()
                .await
                .map_err(|e| aws::failed(&cx.action("rds:DescribeDBSnapshots"), e))?;
            let mut rows = answer.db_snapshots.unwrap_or_default();
            let before = rows.len();
            rows.retain(|row| arn.is_none_or(|arn| arn.is_beside(row.db_snapshot_arn())));
            others.fetch_or(rows.len() < before, Ordering::Relaxed);
            Ok(Page { rows, next: answer.marker })
        }
    };
    let (snapshots, cursor) =
        list(cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    if let (true, None, Some(arn)) = (snapshots.is_empty(), &args.page_token, arn) {
        // An empty list would say that the ARN's instance has no backup.
        if others.into_inner() {
            let what = format!("the instance {} of the snapshots here", arn.here(cx)?);
            return Err(elsewhere(what, arn));
        }
        find(cx, &client, arn).await?;
    }
    let list = SnapshotList {
        newest: newest(&snapshots),
        order: "as AWS lists them, not by time",
        snapshots: snapshots.iter().map(row).collect(),
        next_page_token: None,
        truncated: None,
    };
    Answer::paged(&list, "snapshots", cursor)
}

/// The newest that can be restored. The rows keep AWS's order, because a page may end at any of them.
fn newest(snapshots: &[DbSnapshot]) -> Option<Newest> {
    let complete = snapshots.iter().filter(|snapshot| snapshot.status() == Some("available"));
    let newest =
        complete.max_by_key(|snapshot| snapshot.snapshot_create_time().map(DateTime::secs))?;
    let created = newest.snapshot_create_time().and_then(moment)?;
    Some(Newest { snapshot_id: id_of(newest), created })
}

fn row(snapshot: &DbSnapshot) -> Row {
    let status = snapshot.status().unwrap_or_default();
    Row {
        snapshot_id: id_of(snapshot),
        instance_id: snapshot.db_instance_identifier().unwrap_or_default().to_owned(),
        kind: snapshot.snapshot_type().unwrap_or_default().to_owned(),
        status: status.to_owned(),
        created: snapshot.snapshot_create_time().and_then(moment),
        size_gib: snapshot.allocated_storage(),
        encrypted: snapshot.encrypted().filter(|encrypted| !encrypted),
        percent_progress: snapshot.percent_progress().filter(|_| status != "available"),
    }
}

fn id_of(snapshot: &DbSnapshot) -> String {
    snapshot.db_snapshot_identifier().unwrap_or_default().to_owned()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSnapshot {
    instance_id: InstanceId,
    /// New name: letters, digits, hyphens
    snapshot_id: SnapshotId,
}

#[derive(Serialize, JsonSchema)]
pub struct SnapshotMade {
    status: ChangeStatus,
    message: String,
    #[schemars(skip)]
    snapshot_id: String,
    #[schemars(skip)]
    instance_id: String,
    // Before.
    #[schemars(skip)]
    instance_status: String,
    /// Of the snapshot
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_progress: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    // At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    size_gib: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    arn: Option<String>,
    next: String,
}

/// What a No to a snapshot is bound to: its instance, by whichever name.
pub fn resources(arguments: &Map<String, Value>) -> Vec<String> {
    let parsed = schema::parse::<CreateSnapshot>(arguments.clone());
    parsed.map(|args| args.instance_id.name().to_owned()).into_iter().collect()
}

pub async fn look(cx: Cx, args: CreateSnapshot) -> Result<Look> {
    let client = cx.rds().await?;
    let id = args.snapshot_id.as_str();
    let (instance, there) =
        tokio::try_join!(find(&cx, &client, &args.instance_id), snapshot_by_id(&cx, &client, id))?;
    let size = instance.allocated_storage().unwrap_or_default();
    let status = instance.db_instance_status().unwrap_or_default();
    let engine = instance.engine().unwrap_or_default();
    Ok(Look {
        now: vec![format!("{} is {status}, {engine}, {size} GiB", name(&instance))],
        warning: Some(format!("a snapshot of up to {size} GiB costs storage until it is deleted")),
        need: match step(&instance, there.as_ref(), id) {
            Step::Call => Need::Change,
            Step::NothingToDo | Step::Refuse { .. } => Need::Nothing,
        },
        ..Look::default()
    })
}

pub async fn create_snapshot(cx: Cx, args: CreateSnapshot) -> Result<Answer> {
    let client = cx.rds().await?;
    let id = args.snapshot_id.as_str();
    let (instance, there) =
        tokio::try_join!(find(&cx, &client, &args.instance_id), snapshot_by_id(&cx, &client, id))?;
    let instance_id = name(&instance);
    let (status, snapshot) = match step(&instance, there.as_ref(), id) {
        Step::Refuse { message, next_step } => {
            return Err(Error::new(Kind::ClientError, message, next_step));
        }
        Step::NothingToDo => (ChangeStatus::NoChange, there),
        Step::Call => {
            cx.about_to_write("Call rds_list_snapshots to see whether the snapshot is there.");
            let request = client
                .create_db_snapshot()
                .db_instance_identifier(instance_id)
                .db_snapshot_identifier(id);
            let answer = request.send().await.map_err(|e| {
                let action = format!("{} of {instance_id}", cx.action("rds:CreateDBSnapshot"));
                named(aws::failed(&action, e))
            })?;
            (ChangeStatus::Done, answer.db_snapshot)
        }
    };
    let snapshot = snapshot.unwrap_or_else(|| DbSnapshot::builder().build());
    let state = snapshot.status().unwrap_or("creating");
    let message = match status {
        ChangeStatus::Done => format!("the snapshot {id} of {instance_id} was started."),
        ChangeStatus::NoChange => {
            format!(
                "{instance_id} has a snapshot {id} already, which is {state}; nothing was sent."
            )
        }
    };
    Answer::of(&SnapshotMade {
        status,
        message,
        snapshot_id: id.to_owned(),
        instance_id: instance_id.to_owned(),
        instance_status: instance.db_instance_status().unwrap_or_default().to_owned(),
        state: state.to_owned(),
        percent_progress: snapshot.percent_progress(),
        started: snapshot.snapshot_create_time().and_then(moment),
        size_gib: snapshot.allocated_storage().or(instance.allocated_storage()),
        arn: text(snapshot.db_snapshot_arn()),
        next: match state {
            "available" => "It is complete.".to_owned(),
            "failed" => "It is of no use; take another id.".to_owned(),
            _ => format!("rds_list_snapshots with instance_id {instance_id} shows its progress."),
        },
    })
}

/// A state that changed since it was looked at is no fault of the arguments.
fn named(error: Error) -> Error {
    if error.aws.code.as_deref().is_some_and(|code| code.starts_with("InvalidDBInstanceState")) {
        let next_step = "Call rds_describe_db_instance, and try again when it is available.".into();
        return Error { kind: Kind::ClientError, next_step, ..error };
    }
    error
}

/// The snapshot of this id, where there is one.
async fn snapshot_by_id(cx: &Cx, client: &Client, id: &str) -> Result<Option<DbSnapshot>> {
    let found = client.describe_db_snapshots().db_snapshot_identifier(id).send().await;
    match found {
        Ok(answer) => Ok(answer.db_snapshots.unwrap_or_default().into_iter().next()),
        Err(e) => {
            let error = aws::failed(&cx.action("rds:DescribeDBSnapshots"), e);
            if error.kind == Kind::NotFound { Ok(None) } else { Err(error) }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Call,
    NothingToDo,
    Refuse { message: String, next_step: String },
}

/// What is to be done, by what is there. CreateDBSnapshot wants an instance that is `available` or in
/// `storage-optimization`.
fn step(instance: &DbInstance, there: Option<&DbSnapshot>, id: &str) -> Step {
    let instance_id = name(instance);
    if let Some(cluster) = instance.db_cluster_identifier().filter(|id| !id.is_empty()) {
        return Step::Refuse {
            message: format!(
                "{instance_id} belongs to the cluster {cluster}, whose storage only a cluster snapshot covers."
            ),
            next_step: "This tool takes snapshots of single DB instances; tell the person that it \
                        takes rds:CreateDBClusterSnapshot."
                .to_owned(),
        };
    }
    if let Some(there) = there {
        let is_same_name = there.db_instance_identifier() == Some(instance_id);
        // An instance can have the name of one that was deleted.
        let is_other = matches!(
            (there.dbi_resource_id(), instance.dbi_resource_id()),
            (Some(one), Some(other)) if one != other
        );
        if is_same_name && !is_other {
            return match there.status().unwrap_or_default() {
                status @ ("failed" | "deleting" | "deleted") => Step::Refuse {
                    message: format!(
                        "{instance_id} has a snapshot {id} already, which is {status}: no backup."
                    ),
                    next_step: "Take another snapshot_id.".to_owned(),
                },
                _ => Step::NothingToDo,
            };
        }
        let owner = there.db_instance_identifier().unwrap_or("another instance");
        let earlier = if is_same_name { " that was deleted before" } else { "" };
        return Step::Refuse {
            message: format!("there is a snapshot {id} already, of {owner}{earlier}."),
            next_step: "Take another snapshot_id.".to_owned(),
        };
    }
    match instance.db_instance_status().unwrap_or_default() {
        "available" | "storage-optimization" => Step::Call,
        "stopped" => Step::Refuse {
            message: format!("{instance_id} is stopped; RDS takes snapshots of running instances."),
            next_step: "It must be started first; ask the person.".to_owned(),
        },
        status => Step::Refuse {
            message: format!(
                "{instance_id} is {status}; RDS takes snapshots where it is available."
            ),
            next_step: "Wait until rds_describe_db_instance shows it available, then try again."
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(status: &str, resource: &str) -> DbInstance {
        DbInstance::builder()
            .db_instance_identifier("orders")
            .db_instance_status(status)
            .dbi_resource_id(resource)
            .build()
    }

    fn snapshot(of: &str, resource: &str) -> DbSnapshot {
        DbSnapshot::builder().db_instance_identifier(of).dbi_resource_id(resource).build()
    }

    fn refused(step: &Step, words: &str) {
        let Step::Refuse { message, .. } = step else { panic!("{step:?}") };
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn the_instances_state_decides() {
        assert_eq!(step(&instance("available", "db-A"), None, "s"), Step::Call);
        assert_eq!(step(&instance("storage-optimization", "db-A"), None, "s"), Step::Call);
        for status in ["backing-up", "modifying", "stopped", "storage-full", "failed", "creating"] {
            refused(&step(&instance(status, "db-A"), None, "s"), status);
        }
    }

    #[test]
    fn a_snapshot_that_is_there_decides_first() {
        let there = snapshot("orders", "db-A");
        assert_eq!(step(&instance("backing-up", "db-A"), Some(&there), "s"), Step::NothingToDo);
        refused(&step(&instance("available", "db-B"), Some(&there), "s"), "deleted before");
        let others = snapshot("payments", "db-C");
        refused(&step(&instance("available", "db-A"), Some(&others), "s"), "of payments.");
    }

    #[test]
    fn a_snapshot_that_is_of_no_use_is_not_taken_for_one() {
        let there = |status: &str| {
            let there = DbSnapshot::builder().db_instance_identifier("orders").status(status);
            step(&instance("available", "db-A"), Some(&there.build()), "s")
        };
        for status in ["failed", "deleting"] {
            refused(&there(status), &format!("is {status}"));
        }
        assert_eq!(there("creating"), Step::NothingToDo);
    }

    #[test]
    fn a_member_of_a_cluster_has_no_snapshots_of_its_own() {
        let member = DbInstance::builder().db_cluster_identifier("shop").build();
        refused(&step(&member, None, "s"), "cluster shop");
    }

    #[test]
    fn the_newest_is_one_that_is_complete() {
        let made = |id: &str, status: &str, at: i64| {
            DbSnapshot::builder()
                .db_snapshot_identifier(id)
                .status(status)
                .snapshot_create_time(DateTime::from_secs(at))
                .build()
        };
        let all =
            [made("a", "available", 10), made("b", "available", 30), made("c", "creating", 40)];
        assert_eq!(newest(&all).unwrap().snapshot_id, "b");
        assert!(newest(&[]).is_none());
    }
}
