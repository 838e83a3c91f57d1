//! One DB instance as a row, and how it is found.

use std::fmt::Display;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, PendingModifiedValues};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::identifier::InstanceId;
use super::maintenance::Maintenance;
use super::metrics::{GIB, percent};
use super::text;
use crate::error::{Error, Kind, Result, aws};
use crate::tools::Cx;
use crate::tools::arguments::moment;

/// A certificate's last days are counted from here on; until then the date says enough.
const COUNTED_DAYS: i64 = 180;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Row {
    pub instance_id: String,
    #[schemars(skip)]
    pub engine: String,
    #[schemars(skip)]
    pub class: String,
    pub status: String,
    // Not where the storage is the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub storage_gib: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_used_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    multi_az: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    az: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    backup_window: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub backup_retention_days: Option<i32>,
    /// To any second until then
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    latest_restorable: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub pending_changes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub maintenance: Vec<Maintenance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub ca: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub ca_expires: Option<String>,
    /// Below 180; 0 = expired
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_expires_in_days: Option<i64>,
    #[serde(skip)]
    #[schemars(skip)]
    pub ca_is_expired: bool,
    /// Absent = no
    #[serde(skip_serializing_if = "Option::is_none")]
    publicly_accessible: Option<bool>,
    /// Absent = yes
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    cluster_id: Option<String>,
}

/// What AWS says of an instance, at this moment.
pub fn row(instance: &DbInstance, now: DateTime) -> Row {
    let certificate = instance.certificate_details();
    let expires = certificate.and_then(|certificate| certificate.valid_till());
    let words = [instance.engine(), instance.engine_version()];
    Row {
        instance_id: name(instance).to_owned(),
        engine: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
        class: instance.db_instance_class().unwrap_or_default().to_owned(),
        status: instance.db_instance_status().unwrap_or_default().to_owned(),
        storage_gib: storage(instance),
        storage_used_percent: None,
        multi_az: instance.multi_az(),
        az: text(instance.availability_zone()),
        backup_window: text(instance.preferred_backup_window()),
        backup_retention_days: instance.backup_retention_period(),
        latest_restorable: instance.latest_restorable_time().and_then(moment),
        pending_changes: instance.pending_modified_values().map(changes).unwrap_or_default(),
        maintenance: Vec::new(),
        ca: text(instance.ca_certificate_identifier()),
        ca_expires: expires.and_then(moment),
        ca_expires_in_days: expires
            .map(|expires| ((expires.secs() - now.secs()) / 86_400).max(0))
            .filter(|days| *days < COUNTED_DAYS),
        ca_is_expired: expires.is_some_and(|expires| expires.secs() <= now.secs()),
        publicly_accessible: instance.publicly_accessible().filter(|public| *public),
        encrypted: instance.storage_encrypted().filter(|encrypted| !encrypted),
        cluster_id: text(instance.db_cluster_identifier()),
    }
}

impl Row {
    /// Notes how full the storage is, from the bytes that are free.
    pub fn note_free(&mut self, bytes: f64) {
        self.storage_used_percent = self
            .storage_gib
            .map(|gib| percent(1.0 - bytes / (f64::from(gib) * GIB)))
            .filter(|percent| percent.is_finite());
    }
}

pub fn name(instance: &DbInstance) -> &str {
    instance.db_instance_identifier().unwrap_or_default()
}

/// The GiB that an instance has for itself. Instances of these engines share their cluster's, which grows.
pub fn storage(instance: &DbInstance) -> Option<i32> {
    let engine = instance.engine().unwrap_or_default();
    let is_shared = ["aurora", "docdb", "neptune"].iter().any(|name| engine.starts_with(name));
    instance.allocated_storage().filter(|gib| !is_shared && *gib > 0)
}

/// What changes in the next maintenance window, or at a reboot.
fn changes(pending: &PendingModifiedValues) -> Vec<&'static str> {
    let all = [
        ("engine", pending.engine().is_some()),
        ("engine_version", pending.engine_version().is_some()),
        ("class", pending.db_instance_class().is_some()),
        ("storage", pending.allocated_storage().is_some()),
        ("storage_type", pending.storage_type().is_some()),
        ("iops", pending.iops().is_some()),
        ("storage_throughput", pending.storage_throughput().is_some()),
        ("multi_az", pending.multi_az().is_some()),
        ("ca_certificate", pending.ca_certificate_identifier().is_some()),
        ("instance_id", pending.db_instance_identifier().is_some()),
        ("port", pending.port().is_some()),
        ("subnet_group", pending.db_subnet_group_name().is_some()),
        ("master_password", pending.master_user_password().is_some()),
        ("backup_retention", pending.backup_retention_period().is_some()),
        ("license_model", pending.license_model().is_some()),
        ("log_exports", pending.pending_cloudwatch_logs_exports().is_some()),
        ("processor_features", !pending.processor_features().is_empty()),
        ("iam_authentication", pending.iam_database_authentication_enabled().is_some()),
        ("dedicated_log_volume", pending.dedicated_log_volume().is_some()),
        ("multi_tenant", pending.multi_tenant().is_some()),
    ];
    all.into_iter().filter(|(_, is_pending)| *is_pending).map(|(name, _)| name).collect()
}

/// The instance of this name in the call's region.
pub async fn find(cx: &Cx, client: &Client, wanted: &InstanceId) -> Result<DbInstance> {
    let id = wanted.here(cx)?;
    let next = "Check the id and the region; rds_list_db_instances shows what is there.";
    let found =
        client.describe_db_instances().db_instance_identifier(id).send().await.map_err(|e| {
            let action = format!("{} for {id}", cx.action("rds:DescribeDBInstances"));
            let error = aws::failed(&action, e);
            match error.kind {
                Kind::NotFound => Error { next_step: next.into(), ..error },
                _ => error,
            }
        })?;
    let found = found.db_instances.unwrap_or_default().into_iter().next();
    match found {
        Some(found) if wanted.is_of(found.db_instance_arn()) => Ok(found),
        Some(_) => Err(elsewhere(format!("the DB instance {id} here"), wanted)),
        None => {
            Err(Error::new(Kind::NotFound, format!("there is no DB instance {id} here."), next))
        }
    }
}

/// What has the name, and is not what the ARN means.
pub fn elsewhere(what: impl Display, wanted: &InstanceId) -> Error {
    Error::new(
        Kind::NotFound,
        format!(
            "{what} is not {}: the ARN is of another account.",
            wanted.arn().unwrap_or_default()
        ),
        "Name the profile or role_arn of the ARN's account; rds_list_db_instances shows what is there.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(engine: &str, gib: i32) -> DbInstance {
        DbInstance::builder().engine(engine).allocated_storage(gib).build()
    }

    #[test]
    fn storage_is_that_of_the_instance_itself() {
        let check = |engine, gib, expected| assert_eq!(storage(&instance(engine, gib)), expected);
        check("postgres", 100, Some(100));
        check("aurora-postgresql", 1, None);
        check("docdb", 1, None);
        check("neptune", 1, None);
        check("mysql", 0, None);
        let mut row = row(&instance("mysql", 100), DateTime::from_secs(0));
        row.note_free(7.5 * GIB);
        assert_eq!(row.storage_used_percent, Some(92.5));
    }

    #[test]
    fn the_days_of_a_certificate_are_counted_at_the_end() {
        let days = |till: i64| {
            let details = aws_sdk_rds::types::CertificateDetails::builder()
                .valid_till(DateTime::from_secs(till))
                .build();
            let instance = DbInstance::builder().certificate_details(details).build();
            row(&instance, DateTime::from_secs(10 * 86_400)).ca_expires_in_days
        };
        assert_eq!(days(0), Some(0));
        assert_eq!(days(10 * 86_400 + 86_399), Some(0));
        assert_eq!(days(40 * 86_400), Some(30));
        assert_eq!(days(190 * 86_400), None);
    }

    #[test]
    fn pending_changes_are_named() {
        let pending =
            PendingModifiedValues::builder().multi_az(true).engine_version("16.4").build();
        assert_eq!(changes(&pending), ["engine_version", "multi_az"]);
        let password = PendingModifiedValues::builder().master_user_password("****").build();
        assert_eq!(changes(&password), ["master_password"]);
    }
}
