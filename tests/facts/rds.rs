//! RDS: databases, their snapshots, how they did and what loads them.

use serde_json::{Value, json};

use crate::row::Row;
use crate::world::{World, digits, find};

pub const EMULATED: &[Row] = &[
    Row {
        tool: "rds_list_db_instances",
        told: |aws| {
            let query = "{instances: sort_by(instances, &instance_id)[].{id: instance_id, engine: engine, class: class,
                    status: status, multi_az: multi_az, az: az, window: backup_window, kept: backup_retention_days,
                    ca: ca, is_open: encrypted == `false`, cluster: cluster_id, gib: storage_gib},
                clusters: clusters[].{id: cluster_id, engine: engine, status: status, writer: writer,
                    readers: readers}}";
            aws.tell("rds_list_db_instances", json!({}), query)
        },
        read: |aws| {
            let instances = aws.read(
                "rds:DescribeDBInstances",
                json!({}),
                "sort_by(DBInstances, &DBInstanceIdentifier)[].{id: DBInstanceIdentifier,
                    engine: join(' ', [Engine, EngineVersion]), class: DBInstanceClass, status: DBInstanceStatus,
                    multi_az: MultiAZ, az: AvailabilityZone, window: PreferredBackupWindow,
                    kept: BackupRetentionPeriod, ca: CACertificateIdentifier, is_open: StorageEncrypted == `false`,
                    cluster: DBClusterIdentifier,
                    gib: ([@][?!starts_with(Engine, 'aurora')].AllocatedStorage) | [0]}",
            );
            let clusters = aws.read(
                "rds:DescribeDBClusters",
                json!({}),
                "DBClusters[].{id: DBClusterIdentifier, engine: join(' ', [Engine, EngineVersion]), status: Status,
                    writer: DBClusterMembers[?IsClusterWriter].DBInstanceIdentifier | [0],
                    readers: DBClusterMembers[?!IsClusterWriter].DBInstanceIdentifier}",
            );
            json!({"instances": instances, "clusters": clusters})
        },
    },
    Row {
        tool: "rds_describe_db_instance",
        told: |aws| {
            let query = "{id: instance_id, engine: engine, class: class, status: status, gib: storage_gib,
                endpoint: [endpoint, port], groups: security_group_ids, insights: performance_insights.enabled,
                parameters: parameter_groups.\"default.postgres9.3\", storage: storage_type,
                window: maintenance_window, protected: deletion_protection, created: created, team: tags.team,
                events: sort(events[].message)}";
            aws.tell("rds_describe_db_instance", json!({"instance_id": "orders-db"}), query)
        },
        read: |aws| {
            let mut facts = aws.read(
                "rds:DescribeDBInstances",
                json!({"DBInstanceIdentifier": "orders-db"}),
                "DBInstances[0].{id: DBInstanceIdentifier, engine: join(' ', [Engine, EngineVersion]),
                    class: DBInstanceClass, status: DBInstanceStatus, gib: AllocatedStorage,
                    endpoint: [Endpoint.Address, Endpoint.Port],
                    groups: VpcSecurityGroups[].VpcSecurityGroupId,
                    insights: PerformanceInsightsEnabled || `false`,
                    parameters: DBParameterGroups[?DBParameterGroupName=='default.postgres9.3']
                        .ParameterApplyStatus | [0],
                    storage: StorageType, window: PreferredMaintenanceWindow, protected: DeletionProtection,
                    created: InstanceCreateTime, team: TagList[?Key=='team'].Value | [0]}",
            );
            facts["events"] = aws.read(
                "rds:DescribeEvents",
                json!({"SourceIdentifier": "orders-db", "SourceType": "db-instance", "Duration": 20_160}),
                "sort(Events[].Message)",
            );
            facts
        },
    },
    Row {
        tool: "rds_list_snapshots",
        told: |aws| {
            let query = "{newest: newest.snapshot_id, rows: sort_by(snapshots, &snapshot_id)[].{id: snapshot_id,
                of: instance_id, type: type, status: status, created: created, gib: size_gib}}";
            let args = json!({"instance_id": "orders-db", "type": "manual"});
            aws.tell("rds_list_snapshots", args, query)
        },
        read: |aws| {
            aws.read(
                "rds:DescribeDBSnapshots",
                json!({"DBInstanceIdentifier": "orders-db", "SnapshotType": "manual"}),
                "{newest: max_by(DBSnapshots, &SnapshotCreateTime).DBSnapshotIdentifier,
                    rows: sort_by(DBSnapshots, &DBSnapshotIdentifier)[].{id: DBSnapshotIdentifier,
                        of: DBInstanceIdentifier, type: SnapshotType, status: Status, created: SnapshotCreateTime,
                        gib: AllocatedStorage}}",
            )
        },
    },
    Row {
        tool: "rds_create_snapshot",
        told: |aws| {
            let args = json!({"instance_id": "payments-db", "snapshot_id": "by-tool"});
            let query = "[status, instance_id, instance_status, state, size_gib]";
            let made = aws.tell("rds_create_snapshot", args.clone(), query);
            let again = aws.tell("rds_create_snapshot", args, "[status, state]");
            let of = json!({"instance_id": "payments-db", "type": "manual"});
            let there =
                "snapshots[?snapshot_id=='by-tool'] | [0].[instance_id, type, status, size_gib]";
            json!({"made": made, "again": again, "there": aws.tell("rds_list_snapshots", of, there)})
        },
        read: |aws| {
            let of = json!({"DBInstanceIdentifier": "payments-db"});
            let status = aws.read("rds:DescribeDBInstances", of, "DBInstances[0].DBInstanceStatus");
            let this =
                json!({"DBInstanceIdentifier": "payments-db", "DBSnapshotIdentifier": "by-any"});
            let query = "DBSnapshot.[DBInstanceIdentifier, Status, AllocatedStorage]";
            let made = aws.invoke("rds:CreateDBSnapshot", this, query);
            let there = aws.read(
                "rds:DescribeDBSnapshots",
                json!({"DBSnapshotIdentifier": "by-any"}),
                "DBSnapshots[0].[DBInstanceIdentifier, SnapshotType, Status, AllocatedStorage]",
            );
            // It is there: nothing is to be done.
            json!({"made": ["done", made[0], status, made[1], made[2]], "again": ["no_change", there[2]],
                "there": there})
        },
    },
];

pub const SHOP: &[Row] = &[
    Row {
        tool: "rds_list_db_instances",
        told: |aws| {
            let query = "instances[].[instance_id, storage_used_percent, latest_restorable]";
            aws.tell("rds_list_db_instances", json!({}), query)
        },
        read: |aws| {
            let query =
                "DBInstances[].[DBInstanceIdentifier, AllocatedStorage, LatestRestorableTime]";
            let rows = aws.read("rds:DescribeDBInstances", json!({}), query);
            let row = |row: &Value| {
                let free = figures(aws, &row[0], "FreeStorageSpace");
                let used = 1.0 - free[0] / (row[1].as_f64().unwrap() * 1_073_741_824.0);
                json!([row[0], (used * 1_000.0).round() / 10.0, row[2]])
            };
            rows.as_array().unwrap().iter().map(row).collect()
        },
    },
    Row {
        tool: "rds_describe_db_instance",
        told: |aws| {
            let query = "{cpu: last_hour.cpu_percent, connections: last_hour.connections,
                free: last_hour.free_storage_gib, latency: last_hour.read_latency_ms,
                events: sort_by(events, &message)[].[at, message, categories[0]]}";
            aws.tell("rds_describe_db_instance", json!({"instance_id": "payments-db"}), query)
        },
        read: |aws| {
            let id = json!("payments-db");
            let figure = |metric: &str, scale: f64, worst: (&str, fn(f64, f64) -> f64)| {
                let values: Vec<f64> =
                    figures(aws, &id, metric).into_iter().map(|value| value * scale).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let most = values.iter().copied().reduce(worst.1).unwrap();
                json!({"last": digits(values[0]), "mean": digits(mean), worst.0: digits(most)})
            };
            let events = aws.read(
                "rds:DescribeEvents",
                json!({"SourceIdentifier": id, "SourceType": "db-instance", "Duration": 20_160}),
                "sort_by(Events, &Message)[].[Date, Message, EventCategories[0]]",
            );
            json!({
                "cpu": figure("CPUUtilization", 1.0, ("max", f64::max)),
                "connections": figure("DatabaseConnections", 1.0, ("max", f64::max)),
                "free": figure("FreeStorageSpace", 1.0 / 1_073_741_824.0, ("min", f64::min)),
                "latency": figure("ReadLatency", 1_000.0, ("max", f64::max)),
                "events": events,
            })
        },
    },
    Row {
        tool: "rds_get_performance_insights",
        told: |aws| {
            let args = json!({"instance_id": "payments-db", "start": "{11:00}", "end": "{13:00}"});
            let query = "{load: [load.mean, load.max, load.max_at, load.vcpus], series: series,
                waits: sort_by(waits, &event)[].[event, type, load], sql: top_sql[].[statement, load]}";
            aws.tell("rds_get_performance_insights", args, query)
        },
        read: |aws| {
            let of = json!({"DBInstanceIdentifier": "payments-db"});
            let resource = aws.read("rds:DescribeDBInstances", of, "DBInstances[0].DbiResourceId");
            let span = json!({"ServiceType": "RDS", "Identifier": resource, "StartTime": "{11:00}",
                "EndTime": "{13:00}", "PeriodInSeconds": 300});
            let asked = |more: Value| {
                let mut payload = span.clone();
                payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                payload
            };
            let by_wait = json!({"MetricQueries": [{"Metric": "db.load.avg",
                "GroupBy": {"Group": "db.wait_event", "Limit": 7}}]});
            let load = aws.read("pi:GetResourceMetrics", asked(by_wait), "MetricList");
            let whole = find(&load, "[?Key.Dimensions == null] | [0].DataPoints");
            let values = find(&whole, "[].Value");
            let values: Vec<f64> =
                values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let mean = |values: &Value| find(values, "avg([].Value)").as_f64().unwrap();
            let waits =
                find(&load, "sort_by([?Key.Dimensions], &Key.Dimensions.\"db.wait_event.name\")");
            let wait = |wait: &Value| {
                let key = &wait["Key"]["Dimensions"];
                json!([
                    key["db.wait_event.name"],
                    key["db.wait_event.type"],
                    digits(mean(&wait["DataPoints"]))
                ])
            };
            let processors = json!({"MetricQueries": [{"Metric": "os.general.numVCPUs.avg"}]});
            let query = "max(MetricList[0].DataPoints[].Value)";
            let vcpus = aws.read("pi:GetResourceMetrics", asked(processors), query);
            let by_sql = json!({"Metric": "db.load.avg", "GroupBy": {"Group": "db.sql_tokenized", "Limit": 10}});
            let sql = aws.read(
                "pi:DescribeDimensionKeys",
                asked(by_sql),
                "reverse(sort_by(Keys, &Total))[].[Dimensions.\"db.sql_tokenized.statement\", Total]",
            );
            let statement = |row: &Value| json!([row[0], digits(row[1].as_f64().unwrap())]);
            json!({
                "load": [digits(mean(&whole)), find(&whole, "max([].Value)"),
                    find(&whole, "max_by(@, &Value).Timestamp"), vcpus],
                "series": values.into_iter().map(digits).collect::<Vec<_>>(),
                "waits": waits.as_array().unwrap().iter().map(wait).collect::<Vec<_>>(),
                "sql": sql.as_array().unwrap().iter().map(statement).collect::<Vec<_>>(),
            })
        },
    },
];

/// A database's figures of the last hour, the newest first.
fn figures(aws: &World, id: &Value, metric: &str) -> Vec<f64> {
    let values = aws.read(
        "cloudwatch:GetMetricData",
        json!({"StartTime": "{13:00}", "EndTime": "{14:00}", "ScanBy": "TimestampDescending",
            "MetricDataQueries": [{"Id": "m", "MetricStat": {"Period": 60, "Stat": "Average",
                "Metric": {"Namespace": "AWS/RDS", "MetricName": metric,
                    "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": id}]}}}]}),
        "MetricDataResults[0].Values",
    );
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}
