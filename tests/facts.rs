//! Any operation tells what the curated tools tell: for each of them its facts once by itself, and once by `aws_read`
//! and `aws_execute` alone, from the same AWS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

#[path = "facts/cloudwatch.rs"]
mod cloudwatch;
#[path = "facts/core.rs"]
mod core;
#[path = "facts/cost.rs"]
mod cost;
#[path = "facts/ec2.rs"]
mod ec2;
#[path = "facts/ecs.rs"]
mod ecs;
#[path = "facts/logs.rs"]
mod logs;
#[path = "facts/rds.rs"]
mod rds;
#[path = "facts/row.rs"]
mod row;
mod support;
#[path = "facts/world.rs"]
mod world;

use std::collections::BTreeSet;

use row::{Row, same};
use serde_json::{Value, json};
use support::{Clock, FakeAws, Home, Request, Response, serve, shop};
use world::{ANY, World};

/// The rows of each service, and the AWS that they are of.
const EMULATED: [&[Row]; 6] = [
    core::EMULATED,
    ec2::EMULATED,
    ecs::EMULATED,
    rds::EMULATED,
    cloudwatch::EMULATED,
    logs::EMULATED,
];
const SHOP: [&[Row]; 6] =
    [core::SHOP, ecs::SHOP, rds::SHOP, cloudwatch::SHOP, logs::SHOP, cost::SHOP];

/// Tools whose facts are not AWS's.
const OF_THIS_SERVER: [(&str, &str); 7] = [
    ("aws_audit_search", "reads this server's own record"),
    ("aws_get_credentials", "says which credentials this server uses; AWS is not asked"),
    ("aws_get_operation_schema", "reads the models; the rows use it"),
    ("aws_get_result", "reads on in what an answer did not hold"),
    ("aws_list_profiles", "reads the user's AWS files"),
    ("aws_server_status", "says how this server does"),
    ("aws_set_environment", "changes what later calls of this server use, and nothing at AWS"),
];

#[test]
fn of_the_account() {
    same(&World::emulated(), core::EMULATED);
}

#[test]
fn of_ec2() {
    same(&World::emulated(), ec2::EMULATED);
}

#[test]
fn of_ecs() {
    same(&World::emulated(), ecs::EMULATED);
}

#[test]
fn of_rds() {
    same(&World::emulated(), rds::EMULATED);
}

#[test]
fn of_cloudwatch() {
    same(&World::emulated(), cloudwatch::EMULATED);
}

#[test]
fn of_logs() {
    same(&World::emulated(), logs::EMULATED);
}

/// What the emulator does not have: figures, tasks, queries, costs.
#[test]
fn of_a_shop_in_trouble() {
    for rows in SHOP {
        same(&World::shop(), rows);
    }
}

#[test]
fn every_curated_tool_has_its_row() {
    let offered = World::all_tools();
    let rows = EMULATED.iter().chain(&SHOP).flat_map(|rows| rows.iter());
    let compared: BTreeSet<String> = rows.map(|row| row.tool.to_owned()).collect();
    let own: BTreeSet<String> = OF_THIS_SERVER.iter().map(|(tool, _)| (*tool).to_owned()).collect();
    let any: BTreeSet<String> = ANY.iter().map(|tool| (*tool).to_owned()).collect();
    assert!(compared.is_disjoint(&own) && compared.is_disjoint(&any));
    let known: BTreeSet<String> = compared.into_iter().chain(own).chain(any).collect();
    assert_eq!(known, offered);
}

/// What is not there is not found either way.
#[test]
fn what_aws_refuses_is_refused_alike() {
    let aws = World::emulated();
    let nobody = "i-00000000000000001";
    for (tool, args, operation, payload) in [
        (
            "ec2_list_instances",
            json!({"ids": [nobody]}),
            "ec2:DescribeInstances",
            json!({"InstanceIds": [nobody]}),
        ),
        (
            "ecs_list_tasks",
            json!({"cluster": "nowhere"}),
            "ecs:ListTasks",
            json!({"cluster": "nowhere"}),
        ),
        (
            "ecs_describe_task_definition",
            json!({"task_definition": "nothing"}),
            "ecs:DescribeTaskDefinition",
            json!({"taskDefinition": "nothing"}),
        ),
        (
            "rds_describe_db_instance",
            json!({"instance_id": "nobody"}),
            "rds:DescribeDBInstances",
            json!({"DBInstanceIdentifier": "nobody"}),
        ),
        (
            "cloudwatch_get_dashboard",
            json!({"name": "nothing"}),
            "cloudwatch:GetDashboard",
            json!({"DashboardName": "nothing"}),
        ),
        (
            "logs_query",
            json!({"log_groups": "/no/such"}),
            "logs:StartQuery",
            json!({"logGroupName": "/no/such", "startTime": 1, "endTime": 2, "queryString": "fields @message"}),
        ),
    ] {
        let (told, read) = aws.refusals(tool, args, operation, payload);
        let kinds = ["not_found", "client_error"];
        assert!(kinds.iter().any(|kind| read["error"] == *kind), "{operation}: {read}");
        assert_eq!(told["error"], "not_found", "{tool}: {told}");
        for member in ["aws_code", "aws_message"] {
            assert_eq!(told.get(member), read.get(member), "{tool}: {told}\n{operation}: {read}");
        }
        assert!(told["aws_code"] != Value::Null, "{tool}: {told}");
    }
}

/// Keys that AWS does not know.
#[test]
fn keys_that_are_not_known_are_so_either_way() {
    let aws = FakeAws::start(|_: &Request| {
        Response::sts_error(403, "InvalidClientTokenId", "The security token is invalid.")
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let told = server.call_ok("aws_validate_credentials", json!({}));
    assert_eq!(told["valid"], false);
    let args = json!({"service": "sts", "operation": "GetCallerIdentity"});
    let read = server.call_err("aws_read", args);
    assert_eq!((&told["error"], &told["error_code"]), (&read["error"], &read["aws_code"]));
    assert_eq!(told["aws_message"], read["aws_message"]);
}

/// Where a person is asked about a tool's change, they are asked about the same by any operation; and nothing changes
/// before they have said yes.
#[test]
fn changes_are_asked_about_either_way() {
    let aws = shop(Clock::start());
    let (bastion, batch) = ("i-0b0b0b0b0b0b0b0b1", "i-0c0c0c0c0c0c0c0c2");
    for (tool, args, operation, payload) in [
        (
            "ec2_start_instance",
            json!({"instance_id": batch}),
            "ec2:StartInstances",
            json!({"InstanceIds": [batch]}),
        ),
        (
            "ec2_stop_instance",
            json!({"instance_id": bastion}),
            "ec2:StopInstances",
            json!({"InstanceIds": [bastion]}),
        ),
        (
            "ecs_update_service",
            json!({"cluster": "prod", "service": "checkout", "desired_count": 6}),
            "ecs:UpdateService",
            json!({"cluster": "prod", "service": "checkout", "desiredCount": 6}),
        ),
        (
            "rds_create_snapshot",
            json!({"instance_id": "payments-db", "snapshot_id": "before"}),
            "rds:CreateDBSnapshot",
            json!({"DBInstanceIdentifier": "payments-db", "DBSnapshotIdentifier": "before"}),
        ),
    ] {
        // Only a few questions are open at a time.
        let server = serve(&aws, Home::new(), &[], &[("AWS_REGION", "eu-west-1")]);
        let (service, name) = operation.split_once(':').unwrap();
        let any =
            json!({"action": "invoke", "service": service, "operation": name, "payload": payload});
        for asked in [server.asks(tool, args), server.asks("aws_execute", any)] {
            assert!(asked["summary"].as_str().unwrap().contains(operation), "{asked:#}");
        }
    }
    aws.was_only_looked_at();
}
