//! Thirty questions of an engineer on call, each answered with at most three calls from a shell, against an AWS in which
//! things are broken. docs/questions.md shows them; `UPDATE=1` writes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Clock, FakeAws, Home, full, shop};

/// A question, and how it is answered. In arguments `$1/pointer` is what stands there in the first answer. Evidence is
/// the call's number, a pointer into its answer, and what stands there; there and in arguments `{12:04}` is a time of
/// the story, `{5}` the date five days ago.
struct Question {
    asks: &'static str,
    calls: &'static [(&'static str, &'static str)],
    evidence: &'static [(usize, &'static str, &'static str)],
    so: &'static str,
}

const QUESTIONS: &[Question] = &[
    Question {
        asks: "Why is checkout slow since noon?",
        calls: &[
            ("ecs_describe_service", r#"{"cluster":"prod","service":"checkout"}"#),
            (
                "cloudwatch_get_metric_statistics",
                r#"{"start":"-6h","queries":[{"expression":"SEARCH('{AWS/ApplicationELB,LoadBalancer,TargetGroup} shop-checkout TargetResponseTime', 'p99', 300)"},{"namespace":"AWS/RDS","metric_name":"DatabaseConnections","dimensions":{"DBInstanceIdentifier":"payments-db"}}]}"#,
            ),
            ("rds_get_performance_insights", r#"{"instance_id":"payments-db","start":"-3h"}"#),
        ],
        evidence: &[
            (1, "/deployments/0/created", "{11:52}"),
            (2, "/series/0/summary/trend", "rising from 0.31 to "),
            (2, "/series/1/summary/trend", "rising from 41 to "),
            (3, "/waits/0/event", "Lock:tuple"),
            (3, "/top_sql/0/statement", "SELECT * FROM carts WHERE customer_id = ? FOR UPDATE"),
        ],
        so: "checkout:42 went out at 11:52. From noon on its answers take 4 s instead of 0.3 s, because its sessions in payments-db wait for row locks that `SELECT ... FOR UPDATE` on carts takes.",
    },
    Question {
        asks: "Is anything on fire right now?",
        calls: &[("aws_health_overview", "{}")],
        evidence: &[
            (
                1,
                "/verdict",
                "2 alarms firing; 2 of 3 ECS services below desired count; 1 EC2 instance impaired or scheduled for an event; 1 database not available or nearly full",
            ),
            (1, "/alarms/newest/0/name", "checkout-5xx"),
            (1, "/databases/trouble/0/instance_id", "catalog-db"),
        ],
        so: "Yes: checkout and catalog are short of a task each, checkout answers with errors, worker-2 is on a failing host, and catalog-db is nearly full.",
    },
    Question {
        asks: "The alarm checkout-5xx woke me. What is it, and since when?",
        calls: &[
            ("cloudwatch_describe_alarm", r#"{"alarm_name":"checkout-5xx"}"#),
            ("ecs_describe_service", r#"{"cluster":"prod","service":"checkout"}"#),
        ],
        evidence: &[
            (1, "/since", "{12:04}"),
            (1, "/watches", "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum > 50"),
            (1, "/flips", "went into ALARM once"),
            (1, "/metric/0/summary/max_at", "{12:00}"),
            (2, "/deployments/0/created", "{11:52}"),
        ],
        so: "Errors of the load balancer's targets jumped at 12:00 and stayed; the alarm does not flap. checkout was deployed eight minutes before.",
    },
    Question {
        asks: "Did the last deployment of payments go through?",
        calls: &[("ecs_describe_service", r#"{"cluster":"prod","service":"payments"}"#)],
        evidence: &[
            (1, "/task_definition", "payments:17"),
            (1, "/events/1/message", "rolling back to deployment ecs-svc/17."),
            (
                1,
                "/events/2/message",
                "(deployment ecs-svc/18) deployment failed: tasks failed to start.",
            ),
            (1, "/events/3/message", "CannotPullContainerError: payments:2026.11.20 not found."),
        ],
        so: "No: its image was not there, and the circuit breaker went back to payments:17 at 09:48, which runs.",
    },
    Question {
        asks: "Why do catalog's tasks keep dying?",
        calls: &[
            ("ecs_list_tasks", r#"{"cluster":"prod","service":"catalog","status":"stopped"}"#),
            ("logs_query", r#"{"prefix":"/ecs/catalog","start":"-1h","limit":50}"#),
        ],
        evidence: &[
            (
                1,
                "/tasks/0/containers/0",
                r#""exit_code":137,"reason":"OutOfMemoryError: Container killed due to memory usage""#,
            ),
            (1, "/tasks/2/stopped", "{13:05}"),
            (2, "/rows/0/example", "INFO picture cache: 412000 pictures, 1893 MiB"),
        ],
        so: "They run out of memory every twenty minutes: the last line before is a picture cache of 1.9 GiB.",
    },
    Question {
        asks: "What changed between checkout's task definition and the one before?",
        calls: &[
            ("ecs_list_task_definitions", r#"{"family_prefix":"checkout","limit":2}"#),
            ("ecs_describe_task_definition", r#"{"task_definition":"$1/task_definitions/0"}"#),
            ("ecs_describe_task_definition", r#"{"task_definition":"$1/task_definitions/1"}"#),
        ],
        evidence: &[
            (2, "/containers/0/image", "registry.example/checkout:2026.11.21"),
            (3, "/containers/0/image", "registry.example/checkout:2026.11.14"),
            (2, "/memory_mib", "1024"),
            (3, "/memory_mib", "1024"),
        ],
        so: "The image; sizes, ports and logs are the same. (Values of environment variables are masked: within one session equal ones look equal, between two calls from a shell they do not.)",
    },
    Question {
        asks: "Can you roll checkout back?",
        calls: &[
            ("ecs_list_task_definitions", r#"{"family_prefix":"checkout","limit":2}"#),
            (
                "ecs_update_service",
                r#"{"cluster":"prod","service":"checkout","task_definition":"$1/task_definitions/1"}"#,
            ),
            ("ecs_describe_service", r#"{"cluster":"prod","service":"checkout"}"#),
        ],
        evidence: &[
            (2, "/status", "done"),
            (2, "/before/task_definition", "checkout:42"),
            (2, "/after/task_definition", "checkout:41"),
            (3, "/deployments/0/rollout_state", "IN_PROGRESS"),
            (3, "/deployments/0/running", "1"),
        ],
        so: "Done: checkout:41 is being rolled out, one of its tasks runs so far.",
    },
    Question {
        asks: "Which services run fewer tasks than they should?",
        calls: &[("ecs_describe_cluster", r#"{"cluster":"prod"}"#)],
        evidence: &[
            (1, "/verdict", "2 of 3 services in trouble: catalog, checkout"),
            (1, "/services_in_trouble/0/trouble/0", "3 of 4 tasks running, 1 pending"),
            (1, "/services_in_trouble/1/trouble/0", "2 of 3 tasks running, 1 pending"),
        ],
        so: "catalog and checkout, one task each. Over several clusters `aws_health_overview` says it.",
    },
    Question {
        asks: "Why are checkout's targets unhealthy?",
        calls: &[
            ("ecs_describe_service", r#"{"cluster":"prod","service":"checkout"}"#),
            ("logs_query", r#"{"prefix":"/ecs/checkout","filter_pattern":"health","start":"-1h"}"#),
        ],
        evidence: &[
            (
                1,
                "/target_groups/0/not_healthy/0/description",
                "Health checks failed with these codes: [503]",
            ),
            (1, "/stopped_tasks/0/reason", "Task failed ELB health checks"),
            (2, "/rows/0/example", "GET /health 503: 0 of 60 database connections free"),
        ],
        so: "Their health check answers 503 because no database connection is free: that is the locks in payments-db again.",
    },
    Question {
        asks: "Scale catalog to 6 for the sale.",
        calls: &[(
            "ecs_update_service",
            r#"{"cluster":"prod","service":"catalog","desired_count":6}"#,
        )],
        evidence: &[
            (1, "/status", "done"),
            (1, "/before/desired", "4"),
            (1, "/after/desired", "6"),
        ],
        so: "Done: 6 instead of 4. Where Application Auto Scaling looks after the service, it may set the count back.",
    },
    Question {
        asks: "Which instances are impaired or scheduled for retirement?",
        calls: &[
            ("aws_health_overview", "{}"),
            ("ec2_describe_instance", r#"{"instance_id":"$1/instances/impaired/0/instance_id"}"#),
        ],
        evidence: &[
            (1, "/instances/impaired/0/system_status", "impaired"),
            (2, "/name", "worker-2"),
            (2, "/scheduled_events/0/code", "instance-retirement"),
            (2, "/scheduled_events/0/not_before", "{22:00}"),
        ],
        so: "worker-2: its host is failing, and AWS retires it at 22:00; a stop and a start move it before.",
    },
    Question {
        asks: "Why can I not reach bastion on port 22 from 203.0.113.7?",
        calls: &[
            ("ec2_list_instances", r#"{"tags":{"Name":"bastion"}}"#),
            ("ec2_describe_instance", r#"{"instance_id":"$1/instances/0/instance_id"}"#),
        ],
        evidence: &[
            (2, "/state", "running"),
            (2, "/public_ip", "198.51.100.20"),
            (2, "/instance_status", "ok"),
            (2, "/security_groups/0/inbound/0", "tcp 22 from 192.0.2.0/24"),
        ],
        so: "It runs and has a public address, but its security group lets port 22 in from 192.0.2.0/24 only.",
    },
    Question {
        asks: "batch-1 was stopped by mistake, start it.",
        calls: &[
            ("ec2_list_instances", r#"{"tags":{"Name":"batch-1"},"detail":true}"#),
            ("ec2_start_instance", r#"{"instance_id":"$1/instances/0/instance_id"}"#),
            ("ec2_describe_instance", r#"{"instance_id":"$2/instance_id"}"#),
        ],
        evidence: &[
            (1, "/instances/0/state_reason", "User initiated shutdown"),
            (2, "/status", "done"),
            (2, "/previous_state", "stopped"),
            (3, "/state", "running"),
        ],
        so: "It was a person who stopped it; it runs again. (Who it was stands in CloudTrail, which these tools do not read.)",
    },
    Question {
        asks: "Is payments-db healthy?",
        calls: &[("rds_describe_db_instance", r#"{"instance_id":"payments-db"}"#)],
        evidence: &[
            (1, "/attention/0", "CPU was at 94 % on average in the last hour"),
            (1, "/status", "available"),
            (1, "/last_hour/connections/last", "184"),
            (1, "/storage_used_percent", "41"),
            (1, "/events/0/categories/0", "failover"),
        ],
        so: "It is available and has space, but its CPU is at 94 %, with 184 connections; it failed over this morning.",
    },
    Question {
        asks: "What makes payments-db so busy?",
        calls: &[(
            "rds_get_performance_insights",
            r#"{"instance_id":"payments-db","start":"-1h"}"#,
        )],
        evidence: &[
            (1, "/verdict", "overloaded: 11 active sessions on average for 2 vCPU"),
            (1, "/waits/0/share_percent", "78.2"),
            (1, "/top_sql/0/statement", "SELECT * FROM carts WHERE customer_id = ? FOR UPDATE"),
        ],
        so: "Eleven sessions for two processors, and 78 % of that is waiting for row locks on carts.",
    },
    Question {
        asks: "Which databases are nearly full?",
        calls: &[("rds_list_db_instances", "{}")],
        evidence: &[
            (1, "/attention/0", "catalog-db: 93.5 % of the storage is used"),
            (1, "/instances/0/storage_used_percent", "41"),
        ],
        so: "catalog-db, with 93.5 % of 100 GiB; payments-db is not.",
    },
    Question {
        asks: "Did payments-db fail over this morning, and why?",
        calls: &[
            ("rds_describe_db_instance", r#"{"instance_id":"payments-db"}"#),
            (
                "logs_query",
                r#"{"prefix":"/aws/rds/instance/payments-db","filter_pattern":"?shutdown ?ready","start":"{06:00}","end":"{06:30}"}"#,
            ),
        ],
        evidence: &[
            (1, "/events", "The RDS Multi-AZ primary instance is busy and unresponsive."),
            (1, "/events", r#"{"at":"{06:11}","message":"Multi-AZ instance failover started.""#),
            (2, "/rows/0/example", "database system is ready to accept connections"),
            (2, "/rows/0/last", "{06:13}"),
        ],
        so: "Yes, from 06:11 to 06:13: the primary did not answer. By the database's own log it took connections again at 06:13.",
    },
    Question {
        asks: "Take a snapshot of payments-db before the migration.",
        calls: &[
            (
                "rds_create_snapshot",
                r#"{"instance_id":"payments-db","snapshot_id":"before-migration"}"#,
            ),
            ("rds_list_snapshots", r#"{"instance_id":"$1/instance_id"}"#),
        ],
        evidence: &[
            (1, "/status", "done"),
            (2, "/snapshots/1/status", "creating"),
            (2, "/snapshots/1/percent_progress", "12"),
        ],
        so: "It was started, and is 12 % done: the migration has to wait.",
    },
    Question {
        asks: "Do we have backups of every database from last night?",
        calls: &[
            ("rds_list_db_instances", "{}"),
            ("rds_list_snapshots", r#"{"type":"automated"}"#),
        ],
        evidence: &[
            (1, "/attention/1", "catalog-db: automated backups are off"),
            (1, "/instances/0/backup_retention_days", "7"),
            (2, "/snapshots/0/instance_id", "payments-db"),
            (2, "/snapshots/0/created", "{03:05}"),
        ],
        so: "No: payments-db was backed up at 03:05; of catalog-db there is nothing, its backups are off.",
    },
    Question {
        asks: "Which alarms fire, and which have no data?",
        calls: &[("cloudwatch_list_alarms", "{}")],
        evidence: &[
            (1, "/alarms/0/alarm_name", "checkout-5xx"),
            (1, "/alarms/1/alarm_name", "payments-db-connections"),
            (1, "/alarms/2/state", "INSUFFICIENT_DATA"),
            (1, "/alarms/2/since", "{-9d 08:00}"),
        ],
        so: "checkout-5xx and payments-db-connections fire since noon; orders-queue-depth has had no data for nine days, so nobody would notice.",
    },
    Question {
        asks: "Is the error rate of checkout above 1 %?",
        calls: &[
            ("cloudwatch_describe_alarm", r#"{"alarm_name":"checkout-5xx"}"#),
            (
                "cloudwatch_get_metric_statistics",
                r#"{"start":"-6h","namespace":"AWS/ApplicationELB","statistic":"Sum","dimensions":"$1/condition/dimensions","queries":[{"id":"bad","metric_name":"HTTPCode_Target_5XX_Count"},{"id":"all","metric_name":"RequestCount"},{"expression":"100*bad/all","label":"5xx in %"}]}"#,
            ),
        ],
        evidence: &[
            (2, "/series/2/summary/last", "4.077"),
            (2, "/series/2/summary/min", "0.03846"),
            (2, "/series/1/summary/trend", "steady"),
        ],
        so: "Yes, 4.1 % of the requests fail, after 0.04 % before; there are not more requests than usual.",
    },
    Question {
        asks: "Compare today's traffic with the same day last week.",
        calls: &[
            (
                "cloudwatch_list_metrics",
                r#"{"namespace":"AWS/ApplicationELB","metric_name":"RequestCount"}"#,
            ),
            (
                "cloudwatch_get_metric_statistics",
                r#"{"namespace":"AWS/ApplicationELB","metric_name":"RequestCount","statistic":"Sum","dimensions":"$1/metrics/0/dimensions","start":"-12h"}"#,
            ),
            (
                "cloudwatch_get_metric_statistics",
                r#"{"namespace":"AWS/ApplicationELB","metric_name":"RequestCount","statistic":"Sum","dimensions":"$1/metrics/0/dimensions","start":"-180h","end":"-168h"}"#,
            ),
        ],
        evidence: &[
            (2, "/series/0/summary/mean", "5200"),
            (3, "/series/0/summary/mean", "4000"),
            (3, "/period_seconds", "600"),
        ],
        so: "30 % more: 5,200 requests in ten minutes instead of 4,000, over the whole twelve hours.",
    },
    Question {
        asks: "What does the ops dashboard show right now?",
        calls: &[("cloudwatch_get_dashboard", r#"{"name":"ops"}"#)],
        evidence: &[
            (1, "/widgets/0/alarms", r#"{"checkout-5xx":"ALARM"}"#),
            (1, "/widgets/1/series/0/last", "94"),
            (1, "/widgets/1/series/1/last", "22"),
        ],
        so: "checkout-5xx fires, payments-db's CPU is at 94 %, catalog-db's at 22 %.",
    },
    Question {
        asks: "How many 500s did checkout log in the last hour, and which are the most frequent?",
        calls: &[
            (
                "logs_query",
                r#"{"prefix":"/ecs/checkout","filter_pattern":"500","start":"-1h","limit":20}"#,
            ),
            (
                "logs_query",
                r#"{"prefix":"/ecs/checkout","query":"filter status >= 500 | stats count() as n by path, error | sort n desc","start":"-1h"}"#,
            ),
        ],
        evidence: &[
            (1, "/rows/0/example", r#""status":500,"path":"/checkout","error":"ChargeTimeout""#),
            (2, "/rows/0/path", "/checkout"),
            (2, "/rows/0/error", "ChargeTimeout"),
            (2, "/rows/1/n", "2"),
        ],
        so: "The first call shows how the lines look, the second counts them: nearly all are time-outs of charges in /checkout.",
    },
    Question {
        asks: "Find everything about order 84711 across all services.",
        calls: &[(
            "logs_query",
            r#"{"prefix":"/ecs/","query":"fields @timestamp, @log, @message | filter @message like /84711/ | sort @timestamp asc","start":"-1d","unfolded":true}"#,
        )],
        evidence: &[
            (1, "/log_groups", r#"["/ecs/catalog","/ecs/checkout","/ecs/payments"]"#),
            (1, "/rows/0/@message", "order 84711 placed"),
            (1, "/rows/1/@message", "charge order 84711: waiting for lock on carts"),
            (1, "/rows/2/@message", "charge of order 84711 failed: connect timeout after 3000 ms"),
        ],
        so: "checkout took it at 12:11, payments waited for a lock on carts, and checkout gave up after 3 s: it was not charged.",
    },
    Question {
        asks: "What did the last week cost compared with the week before, and what made the difference?",
        calls: &[
            ("cost_get_cost_and_usage", r#"{"start":"-7d"}"#),
            (
                "cost_get_cost_and_usage",
                r#"{"start":"-7d","filter":{"service":"$1/biggest_changes/0/group"},"group_by":["usage_type"]}"#,
            ),
        ],
        evidence: &[
            (1, "/total", "1679.4"),
            (1, "/change_percent", "96.7"),
            (1, "/biggest_changes/0/change", "709"),
            (2, "/groups/0/group", "EU-NatGateway-Bytes"),
            (2, "/groups/0/by_step", "[6.2,6.2,148.0,148.0,148.0,148.0,148.0]"),
        ],
        so: "1,679 USD, nearly twice as much: 709 USD of it are bytes through the NAT gateway, from five days ago on.",
    },
    Question {
        asks: "What will this month's bill be?",
        calls: &[("cost_get_forecast", "{}")],
        evidence: &[(1, "/unit", "USD"), (1, "/total", ""), (1, "/low", ""), (1, "/high", "")],
        so: "What is still to come stands in `total`, between `low` and `high`; `whole_month` adds what was spent since the first.",
    },
    Question {
        asks: "Was there anything unusual in our spending, and where does it come from?",
        calls: &[
            ("cost_list_anomalies", "{}"),
            ("ecs_list_services", r#"{"cluster":"prod"}"#),
            ("logs_query", r#"{"prefix":"/ecs/catalog","start":"-1h"}"#),
        ],
        evidence: &[
            (1, "/anomalies/0/began", "{5}"),
            (1, "/anomalies/0/root_causes/0/usage_type", "EU-NatGateway-Bytes"),
            (2, "/services/1/service", "catalog"),
            (2, "/services/1/deployed", "{-5d 10:20}"),
            (3, "/rows", "loading pictures from https://pictures.example"),
        ],
        so: "Traffic through the NAT gateway since five days ago, 709 USD. Cost Explorer names no resource; but catalog was deployed on that day, and loads pictures from outside whenever it starts.",
    },
    Question {
        asks: "Which team spends most, and how much is untagged?",
        calls: &[("cost_get_cost_and_usage", r#"{"start":"-30d","group_by":["tag:team"]}"#)],
        evidence: &[
            (1, "/groups/0/group", "payments"),
            (1, "/groups/0/share_percent", "45.4"),
            (1, "/groups/1/group", "(untagged)"),
            (1, "/groups/1/share_percent", "26.5"),
        ],
        so: "payments, with 45 %; 27 % has no team, and most of that is new.",
    },
    Question {
        asks: "Does payments cost more because of more tasks or of more traffic?",
        calls: &[
            (
                "cost_get_cost_and_usage",
                r#"{"start":"-7d","filter":{"tag:service":"payments"},"group_by":["usage_type"]}"#,
            ),
            (
                "cloudwatch_list_metrics",
                r#"{"namespace":"AWS/ApplicationELB","metric_name":"RequestCount"}"#,
            ),
            (
                "cloudwatch_get_metric_statistics",
                r#"{"namespace":"AWS/ApplicationELB","metric_name":"RequestCount","statistic":"Sum","dimensions":"$2/metrics/3/dimensions","start":"-14d"}"#,
            ),
        ],
        evidence: &[
            (1, "/groups/1/group", "EU-Fargate-vCPU-Hours:perCPU"),
            (1, "/groups/1/change_percent", "85.7"),
            (1, "/groups/2/group", "EU-DataTransfer-Out-Bytes"),
            (1, "/groups/2/change_percent", "0"),
            (3, "/series/0/summary/trend", "steady"),
        ],
        so: "Because of more tasks: processor hours doubled six days ago, while its requests and its bytes out are what they were.",
    },
];

const INTRODUCTION: &str = "# Thirty questions

How the tools are used together: each question of an engineer on call is answered with at most three calls. A test asks
them all with `aws-mcp call`, against an AWS of its own, and compares this page with what it found.

It is 14:00 in a small shop: the ECS cluster `prod` with the services checkout, catalog and payments, the databases
payments-db and catalog-db, a load balancer, three instances. Below each question are the calls, what of their answers is
the evidence (`1: desired` is the member `desired` of the first answer), and what follows. `{12:04}` is a time of this
day, `{5}` the date five days ago. What a call takes from an answer before is evidence too.
";

/// Calls a tool as a person does, from a shell.
fn call(aws: &FakeAws, home: &Home, tool: &str, arguments: &Value) -> Value {
    let url = aws.url();
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(full())
        .args(["call", tool, &arguments.to_string()])
        .env_clear()
        .env("HOME", home.path())
        .envs(aws.env(&url))
        .env("AWS_REGION", "eu-west-1")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{tool} {arguments}: {said}\n{output:?}");
    let answer: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(answer.get("missing"), None, "{tool} {arguments}");
    answer
}

/// The arguments with what they take from answers before; each such place is noted.
fn resolved(arguments: &mut Value, answers: &[Value], used: &mut Vec<(usize, String, Value)>) {
    match arguments {
        Value::String(text) => {
            let Some((number, path)) = text.strip_prefix('$').and_then(|text| text.split_once('/'))
            else {
                return;
            };
            let number: usize = number.parse().expect("the number of a call");
            let pointer = format!("/{path}");
            let found = answers[number - 1].pointer(&pointer);
            let found =
                found.unwrap_or_else(|| panic!("no {text} in {:#}", answers[number - 1])).clone();
            used.push((number, pointer, found.clone()));
            *arguments = found;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolved(item, answers, used)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| resolved(member, answers, used))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A string as it is, anything else as JSON.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Asks one question, and tells it as the page does.
fn told(question: &Question) -> String {
    let Question { asks, calls, evidence, so } = question;
    assert!((1..=3).contains(&calls.len()), "{asks}");
    let clock = Clock::start();
    let (aws, home) = (shop(clock), Home::new());
    let (mut answers, mut used, mut text) = (Vec::new(), Vec::new(), format!("{asks}\n\n"));
    for (n, (tool, arguments)) in calls.iter().enumerate() {
        let mut arguments: Value =
            serde_json::from_str(arguments).unwrap_or_else(|e| panic!("{asks}: {e}"));
        resolved(&mut arguments, &answers, &mut used);
        writeln!(text, "{}. `{tool} {arguments}`", n + 1).expect("text");
        let arguments = serde_json::from_str(&clock.filled(&arguments.to_string())).expect("JSON");
        answers.push(call(&aws, &home, tool, &arguments));
    }
    text.push('\n');
    if std::env::var("SHOW").is_ok() {
        for answer in &answers {
            eprintln!("--- {asks}\n{answer}");
        }
    }
    let line = |number: usize, pointer: &str, what: &str| {
        format!("- {number}: `{}`: {what}\n", pointer.trim_start_matches('/').replace('/', "."))
    };
    for (number, pointer, expected) in *evidence {
        let answer = &answers[number - 1];
        let found = answer.pointer(pointer);
        let found = found.unwrap_or_else(|| panic!("{asks}: no {pointer} in {number}: {answer:#}"));
        let (found, wanted) = (shown(found), clock.filled(expected));
        assert!(found.contains(&wanted), "{asks}: {number} {pointer} is {found}, not {wanted}");
        text.push_str(&line(*number, pointer, expected));
    }
    for (number, pointer, found) in &used {
        text.push_str(&line(*number, pointer, &shown(found)));
    }
    format!("{text}\n**So:** {so}\n")
}

#[test]
fn every_question_takes_at_most_three_calls() {
    assert_eq!(QUESTIONS.len(), 30);
    let mut page = INTRODUCTION.to_owned();
    for (n, question) in QUESTIONS.iter().enumerate() {
        write!(page, "\n## {}. {}", n + 1, told(question)).expect("text");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/questions.md");
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        fs::write(&path, page).expect("docs/questions.md");
        return;
    }
    let written = fs::read_to_string(&path).expect("docs/questions.md");
    assert_eq!(written, page, "run `UPDATE=1 cargo test --test questions` if it is meant");
}
