//! What of a database somebody should look at, the worst first.

use aws_sdk_rds::types::DbInstance;

use super::instance::Row;
use super::metrics::{Lag, LastHour};
use crate::error::Error;

/// States in which a database serves as ever.
const WELL: [&str; 6] = [
    "available",
    "backing-up",
    "storage-optimization",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
];
const FULL_PERCENT: f64 = 85.0;
const BUSY_PERCENT: f64 = 90.0;
const LATE_SECONDS: f64 = 60.0;
const SOON_DAYS: i64 = 60;

/// What an instance's own words and its storage say.
pub fn of(instance: &DbInstance, row: &Row) -> Vec<String> {
    let mut all = Vec::new();
    if !WELL.contains(&row.status.as_str()) {
        all.push(format!("status is {}", row.status));
    }
    for info in instance.status_infos().iter().filter(|info| info.normal() == Some(false)) {
        let (kind, status) = (info.status_type().unwrap_or("status"), info.status());
        all.push(format!("{kind} is {}", status.unwrap_or("not normal")));
    }
    if let Some(used) = row.storage_used_percent.filter(|used| *used >= FULL_PERCENT) {
        all.push(format!("{used} % of the storage is used"));
    }
    if let (Some(days), Some(expires)) = (row.ca_expires_in_days, &row.ca_expires)
        && days <= SOON_DAYS
    {
        let ca = row.ca.as_deref().unwrap_or("its CA");
        let ends = if row.ca_is_expired { "ended" } else { "ends" };
        all.push(format!("the certificate of {ca} {ends} {expires}"));
    }
    for group in instance.db_parameter_groups() {
        if let (Some(name), Some(status @ ("pending-reboot" | "failed-to-apply"))) =
            (group.db_parameter_group_name(), group.parameter_apply_status())
        {
            all.push(format!("parameter group {name} is {status}"));
        }
    }
    for maintenance in &row.maintenance {
        if let Some(date) = &maintenance.auto_apply_date {
            all.push(format!("maintenance {} applies from {date}", maintenance.action));
        }
    }
    // Replicas and clusters are backed up elsewhere.
    let is_own = instance.db_cluster_identifier().is_none()
        && instance.read_replica_source_db_instance_identifier().is_none()
        && instance.read_replica_source_db_cluster_identifier().is_none();
    if row.backup_retention_days == Some(0) && is_own {
        all.push("automated backups are off".to_owned());
    }
    all
}

/// What was not looked at: that nothing is said of it does not mean that it is well.
pub fn unknown(what: &str, error: &Error) -> String {
    format!("{what} not known ({})", error.kind.word())
}

/// Whether an instance runs, and so should have figures.
pub fn has_figures(row: &Row) -> bool {
    WELL.contains(&row.status.as_str())
}

/// What figures there should be, and are not, though CloudWatch answered.
pub fn without_figures(row: &Row, hour: &LastHour, lag: Lag) -> Option<String> {
    let absent: Vec<&str> = [
        ("CPU", hour.cpu_percent.is_none()),
        ("storage", hour.free_storage_gib.is_none() && row.storage_gib.is_some()),
        ("replica lag", hour.replica_lag_seconds.is_none() && lag == Lag::Replica),
    ]
    .into_iter()
    .filter_map(|(name, is_absent)| is_absent.then_some(name))
    .collect();
    (has_figures(row) && !absent.is_empty())
        .then(|| format!("{} not known: no figures of the last hour", absent.join(", ")))
}

/// What its last hour says.
pub fn of_hour(hour: &LastHour) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(cpu) = hour.cpu_percent.as_ref().filter(|cpu| cpu.mean() >= BUSY_PERCENT) {
        all.push(format!("CPU was at {} % on average in the last hour", cpu.mean()));
    }
    if let Some(lag) = hour.replica_lag_seconds.as_ref() {
        // ReplicaLag is -1 where replication does not run.
        if lag.last() < 0.0 {
            all.push("replication does not run".to_owned());
        } else if lag.last() >= LATE_SECONDS {
            all.push(format!("the replica lags {} s behind", lag.last()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::rds::instance::row;
    use aws_sdk_rds::types::builders::DbInstanceBuilder;
    use aws_smithy_types::DateTime;

    fn check(instance: DbInstanceBuilder, change: impl FnOnce(&mut Row), expected: &[&str]) {
        let instance = instance.engine("postgres").allocated_storage(100).build();
        let mut row = row(&instance, DateTime::from_secs(0));
        change(&mut row);
        assert_eq!(of(&instance, &row), expected);
    }

    fn well() -> DbInstanceBuilder {
        DbInstance::builder().db_instance_status("available").backup_retention_period(7)
    }

    #[test]
    fn what_serves_as_ever_needs_none() {
        check(well(), |_| {}, &[]);
        check(well().db_instance_status("backing-up"), |_| {}, &[]);
        check(well(), |row| row.storage_used_percent = Some(84.9), &[]);
        check(well(), |row| row.ca_expires_in_days = Some(61), &[]);
        let replica = well().backup_retention_period(0);
        check(replica.read_replica_source_db_instance_identifier("a"), |_| {}, &[]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        check(well().db_instance_status("storage-full"), |_| {}, &["status is storage-full"]);
        check(
            well(),
            |row| row.storage_used_percent = Some(93.5),
            &["93.5 % of the storage is used"],
        );
        let days = |row: &mut Row| {
            row.ca_expires_in_days = Some(12);
            row.ca_expires = Some("2026-12-03T00:00:00Z".to_owned());
            row.ca = Some("rds-ca-rsa2048-g1".to_owned());
        };
        check(well(), days, &["the certificate of rds-ca-rsa2048-g1 ends 2026-12-03T00:00:00Z"]);
        let ended = |row: &mut Row| {
            days(row);
            row.ca_is_expired = true;
        };
        check(well(), ended, &["the certificate of rds-ca-rsa2048-g1 ended 2026-12-03T00:00:00Z"]);
        check(well().backup_retention_period(0), |_| {}, &["automated backups are off"]);
        let info = aws_sdk_rds::types::DbInstanceStatusInfo::builder()
            .status_type("read replication")
            .status("error")
            .normal(false)
            .build();
        check(well().status_infos(info), |_| {}, &["read replication is error"]);
    }
}
