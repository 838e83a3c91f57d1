//! The overview of what is wrong: what it finds, what it leaves out, how much it asks and how long it answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use serde_json::{Value, json};
use support::{
    Example, FakeAws, Home, Moto, Request, Response, Server, check_section, fake, serve,
};

const OVERVIEW: &str = "aws_health_overview";
const SINCE: i64 = 1_795_000_000;

/// What the account holds.
#[derive(Clone, Copy)]
struct Account {
    firing: usize,
    clusters: usize,
    services: usize,
    running: i32,
    impaired: usize,
    databases: usize,
    status: &'static str,
    free_bytes: f64,
    yesterday: &'static str,
}

const WELL: Account = Account {
    firing: 0,
    clusters: 1,
    services: 3,
    running: 2,
    impaired: 0,
    databases: 2,
    status: "available",
    free_bytes: 50e9,
    yesterday: "103.2",
};

const ILL: Account =
    Account { firing: 2, running: 1, impaired: 1, free_bytes: 5e9, yesterday: "180.456", ..WELL };

fn services(account: Account, request: &Request) -> Response {
    let asked = request.json();
    let name = |n: usize| format!("arn:aws:ecs:us-east-1:123456789012:service/shop/service-{n}");
    Response::json(
        200,
        &match request.action().as_str() {
            "ListClusters" => {
                let arn = |n| format!("arn:aws:ecs:us-east-1:123456789012:cluster/shop-{n}");
                json!({"clusterArns": (0..account.clusters).map(arn).collect::<Vec<_>>()})
            }
            "DescribeClusters" => {
                let cluster = |arn: &Value| {
                    let name = arn.as_str().unwrap().rsplit('/').next().unwrap();
                    json!({
                        "clusterArn": arn, "clusterName": name, "status": "ACTIVE",
                        "activeServicesCount": account.services, "pendingTasksCount": 0,
                    })
                };
                let clusters = asked["clusters"].as_array().unwrap();
                json!({"clusters": clusters.iter().map(cluster).collect::<Vec<_>>()})
            }
            "ListServices" => {
                let most = usize::try_from(asked["maxResults"].as_u64().unwrap()).unwrap();
                let all = 0..account.services.min(most);
                json!({"serviceArns": all.map(name).collect::<Vec<_>>()})
            }
            "DescribeServices" => {
                let service = |arn: &Value| {
                    json!({
                        "serviceArn": arn,
                        "serviceName": arn.as_str().unwrap().rsplit('/').next().unwrap(),
                        "desiredCount": 2, "runningCount": account.running,
                    })
                };
                let services = asked["services"].as_array().unwrap();
                assert!(services.len() <= 10, "{asked}");
                json!({"services": services.iter().map(service).collect::<Vec<_>>()})
            }
            other => panic!("{other}"),
        },
    )
}

fn statuses(account: Account) -> Response {
    let item = |n: usize| {
        let status = if n < account.impaired { "impaired" } else { "ok" };
        format!(
            "<item><instanceId>i-{n:017x}</instanceId><availabilityZone>us-east-1a</availabilityZone>\
             <instanceState><code>16</code><name>running</name></instanceState>\
             <systemStatus><status>ok</status></systemStatus>\
             <instanceStatus><status>{status}</status></instanceStatus></item>"
        )
    };
    let items: String = (0..account.impaired + 3).map(item).collect();
    Response::xml(
        200,
        format!(
            "<DescribeInstanceStatusResponse><requestId>r</requestId><instanceStatusSet>{items}\
             </instanceStatusSet></DescribeInstanceStatusResponse>"
        ),
    )
}

fn databases(account: Account) -> Response {
    let item = |n: usize| {
        format!(
            "<DBInstance><DBInstanceIdentifier>shop-{n}</DBInstanceIdentifier><Engine>postgres</Engine>\
             <DBInstanceStatus>{}</DBInstanceStatus><AllocatedStorage>100</AllocatedStorage></DBInstance>",
            account.status
        )
    };
    let items: String = (0..account.databases).map(item).collect();
    Response::xml(
        200,
        format!(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>{items}</DBInstances>\
             </DescribeDBInstancesResult></DescribeDBInstancesResponse>"
        ),
    )
}

/// The costs of so many days from the eighth last on.
fn costs(account: Account, days: i64) -> Response {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let today = i64::try_from(now.as_secs()).unwrap() / 86_400;
    let date = |day: i64| {
        let time = aws_smithy_types::DateTime::from_secs(day * 86_400);
        let text = time.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap();
        text[..10].to_owned()
    };
    let day = |n: i64| {
        let amount = if n == 7 { account.yesterday } else { "100.0" };
        json!({
            "TimePeriod": {"Start": date(today - 8 + n), "End": date(today - 7 + n)},
            "Total": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}},
            "Groups": [], "Estimated": true,
        })
    };
    Response::json(200, &json!({"ResultsByTime": (0..days).map(day).collect::<Vec<_>>()}))
}

fn answer(account: Account, request: &Request) -> Response {
    match request.action().as_str() {
        "DescribeAlarms" => {
            let alarm = |n: usize| {
                json!({
                    "AlarmName": format!("checkout-{n}"), "StateValue": "ALARM",
                    "StateReason": "Threshold Crossed: 3 datapoints were greater than the threshold (10.0).",
                    "StateTransitionedTimestamp": {"$time": SINCE + i64::try_from(n).unwrap()},
                })
            };
            let alarms: Vec<Value> = (0..account.firing).map(alarm).collect();
            Response::cbor(200, &json!({"MetricAlarms": alarms, "CompositeAlarms": []}))
        }
        "GetMetricData" => {
            let asked = request.json();
            let queries = asked["MetricDataQueries"].as_array().unwrap();
            let series = |query: &Value| {
                json!({
                    "Id": query["Id"], "StatusCode": "Complete",
                    "Timestamps": [{"$time": SINCE}], "Values": [account.free_bytes],
                })
            };
            let all: Vec<Value> = queries.iter().map(series).collect();
            Response::cbor(200, &json!({"MetricDataResults": all}))
        }
        "DescribeInstanceStatus" => statuses(account),
        "DescribeDBInstances" => databases(account),
        "GetCostAndUsage" => costs(account, 8),
        _ => services(account, request),
    }
}

fn aws(account: Account) -> FakeAws {
    fake(move |request| answer(account, request))
}

fn overview(account: Account) -> (Value, FakeAws) {
    let aws = aws(account);
    let server = serve(&aws, Home::new(), &[], &[]);
    (server.call_ok(OVERVIEW, json!({})), aws)
}

/// An AWS on which this operation is denied.
fn denying(operation: &'static str) -> FakeAws {
    fake(move |request| match request.action() {
        action if action != operation => answer(ILL, request),
        action if ["DescribeAlarms", "GetMetricData"].contains(&action.as_str()) => {
            Response::cbor_error(400, "AccessDeniedException", "no")
        }
        action if action == "DescribeInstanceStatus" => {
            Response::ec2_error(403, "UnauthorizedOperation", "no")
        }
        action if action == "DescribeDBInstances" => Response::sts_error(403, "AccessDenied", "no"),
        _ => Response::json_error(400, "AccessDeniedException", "no"),
    })
}

#[test]
fn what_is_wrong_is_said_first_and_shown_below() {
    let (told, _) = overview(ILL);
    assert_eq!(
        told["verdict"],
        "2 alarms firing; 3 of 3 ECS services below desired count or with a \
         failed deployment; 1 EC2 instance impaired or \
         scheduled for an event; 2 databases not available or nearly full; yesterday cost 80 % more \
         than usual."
    );
    // The newest first.
    assert_eq!(told["alarms"]["newest"][0]["name"], "checkout-1");
    assert_eq!(told["alarms"]["newest"][0]["since"], "2026-11-18T11:06:41Z");
    let service = json!({"cluster": "shop-0", "service": "service-0", "running": 1, "desired": 2});
    assert_eq!(told["services"]["below_desired"][0], service);
    assert_eq!(told["instances"]["running"], 4);
    assert_eq!(told["instances"]["impaired"][0]["instance_status"], "impaired");
    let database =
        json!({"instance_id": "shop-0", "status": "available", "free_storage_percent": 4.7});
    assert_eq!(told["databases"]["trouble"][0], database);
    assert_eq!(told["cost"]["amount"], 180.46);
    assert_eq!(told["cost"]["usual"], 100.0);
    assert_eq!(told["cost"]["change_percent"], 80.5);
    assert_eq!(told["cost"]["estimated"], true);
}

#[test]
fn where_all_is_well_it_says_so_and_what_it_looked_at() {
    let (told, aws) = overview(WELL);
    assert_eq!(told["verdict"], "Nothing wrong found.");
    assert_eq!(told["alarms"], json!({"firing": 0}));
    assert_eq!(told["services"], json!({"looked_at": 3, "of": 3}));
    assert_eq!(told["instances"], json!({"running": 3}));
    assert_eq!(told["databases"], json!({"databases": 2}));
    let sent = &aws.requests_for("DescribeAlarms")[0].json();
    assert_eq!(sent["StateValue"], "ALARM");
    assert_eq!(sent["AlarmTypes"], json!(["MetricAlarm", "CompositeAlarm", "LogAlarm"]));
    let sent = &aws.requests_for("GetCostAndUsage")[0].json();
    assert_eq!(
        (&sent["Granularity"], &sent["Metrics"]),
        (&json!("DAILY"), &json!(["UnblendedCost"]))
    );
    assert_eq!(aws.requests_for("GetMetricData").len(), 1);
}

#[test]
fn what_was_not_looked_at_is_not_said_to_be_well() {
    let (told, _) = overview(Account { services: 1_000, ..WELL });
    let said = "Nothing wrong found in what was looked at. Not known: 970 of 1000 ECS services.";
    assert_eq!(told["verdict"], said);
    let aws = fake(|request| match request.action().as_str() {
        "GetMetricData" => Response::cbor(200, &json!({"MetricDataResults": []})),
        _ => answer(WELL, request),
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let told = server.call_ok(OVERVIEW, json!({}));
    assert!(told["verdict"].as_str().unwrap().ends_with("how full 2 databases are."), "{told:#}");
    // The day before yesterday is not taken for yesterday.
    let aws = fake(|request| match request.action().as_str() {
        "GetCostAndUsage" => costs(WELL, 7),
        _ => answer(WELL, request),
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let told = server.call_ok(OVERVIEW, json!({}));
    assert_eq!(told["cost"]["error"], "not_found", "{told:#}");
}

#[test]
fn where_log_alarms_are_not_known_the_others_are_asked_for() {
    let aws = fake(|request| match request.action().as_str() {
        "DescribeAlarms" if request.json()["AlarmTypes"].as_array().unwrap().len() == 3 => {
            Response::cbor_error(400, "ValidationError", "LogAlarm")
        }
        _ => answer(Account { services: 1_000, ..ILL }, request),
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let told = server.call_ok(OVERVIEW, json!({}));
    assert_eq!(told["alarms"]["firing"], 2, "{told:#}");
    let asked = aws.requests().iter().filter(|r| r.action() != "GetCallerIdentity").count();
    assert!(asked <= 12, "{asked}");
}

#[test]
fn an_empty_account_is_well() {
    let (told, aws) = overview(Account { clusters: 0, databases: 0, ..WELL });
    assert_eq!(told["verdict"], "Nothing wrong found.");
    assert_eq!(told["services"], json!({"looked_at": 0, "of": 0}));
    for unneeded in ["DescribeClusters", "GetMetricData"] {
        assert!(aws.requests_for(unneeded).is_empty(), "{unneeded}");
    }
}

#[test]
fn a_large_account_takes_twelve_requests_and_less_than_four_kilobytes() {
    for (clusters, services) in [(1, 1_000), (30, 40), (2, 15)] {
        let (told, aws) = overview(Account {
            firing: 90,
            clusters,
            services,
            impaired: 400,
            databases: 100,
            status: "incompatible-parameters",
            ..ILL
        });
        let asked = aws.requests().iter().filter(|r| r.action() != "GetCallerIdentity").count();
        assert!(asked <= 12, "{asked}");
        let length = told.to_string().len();
        assert!(length < 4_096, "{length}: {told}");
        assert_eq!(told["services"]["of"], clusters * services);
        let looked_at = told["services"]["looked_at"].as_u64().unwrap();
        assert!(looked_at >= 20 && told["services"]["how"].is_string(), "{told}");
        assert_eq!(told["alarms"]["more"], 84);
    }
}

#[test]
fn each_part_has_its_own_error_and_the_others_are_there() {
    let check = |operation: &'static str, part: &str| {
        let aws = denying(operation);
        let server = serve(&aws, Home::new(), &[], &[]);
        let told = server.call_ok(OVERVIEW, json!({}));
        let error = if operation == "GetMetricData" { &told[part]["storage"] } else { &told[part] };
        assert_eq!(error["error"], "access_denied", "{operation}: {told:#}");
        assert!(error["message"].as_str().unwrap().contains(operation), "{told:#}");
        for other in ["alarms", "services", "instances", "databases", "cost"] {
            assert!(other == part || told[other].get("error").is_none(), "{operation}: {told:#}");
        }
        let said = told["verdict"].as_str().unwrap();
        let what = if operation == "GetMetricData" { "how full databases are" } else { part };
        assert!(said.ends_with(&format!("Not known: {what} (access_denied).")), "{said}");
    };
    check("DescribeAlarms", "alarms");
    for operation in ["ListClusters", "DescribeClusters", "ListServices", "DescribeServices"] {
        check(operation, "services");
    }
    check("DescribeInstanceStatus", "instances");
    check("DescribeDBInstances", "databases");
    check("GetMetricData", "databases");
    check("GetCostAndUsage", "cost");
}

#[test]
fn what_policy_denies_is_missing_and_not_asked() {
    let home = Home::new().with(".config/aws-mcp/policy.yaml", "services: {denylist: [ce, ecs]}\n");
    let aws = aws(ILL);
    let server = serve(&aws, private(home), &[], &[]);
    let told = server.call_ok(OVERVIEW, json!({}));
    for part in ["cost", "services"] {
        assert_eq!(told[part]["error"], "denied_by_policy", "{told:#}");
    }
    assert_eq!(told["alarms"]["firing"], 2);
    for operation in ["GetCostAndUsage", "ListClusters"] {
        assert!(aws.requests_for(operation).is_empty(), "{operation}");
    }
}

/// A home whose policy nobody else may write.
fn private(home: Home) -> Home {
    use std::os::unix::fs::PermissionsExt as _;
    for (name, mode) in [("", 0o700), ("/policy.yaml", 0o600)] {
        let path = home.path().join(format!(".config/aws-mcp{name}"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    home
}

#[test]
fn without_credentials_or_region_the_call_fails_as_a_whole() {
    let aws = aws(WELL);
    let server = serve(&aws, Home::new(), &[], &[("AWS_REGION", "")]);
    server.fails(OVERVIEW, json!({}), "validation_error");
    let blank = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let server = serve(&aws, Home::new(), &[], &blank);
    server.fails(OVERVIEW, json!({}), "no_credentials");
    server.fails(OVERVIEW, json!({"cluster": "shop"}), "validation_error");
}

#[test]
fn expired_credentials_show_in_every_part() {
    let aws = fake(|request| match request.action().as_str() {
        "DescribeAlarms" | "GetMetricData" => {
            Response::cbor_error(400, "ExpiredTokenException", "expired")
        }
        "DescribeInstanceStatus" => Response::ec2_error(400, "RequestExpired", "expired"),
        "DescribeDBInstances" => Response::sts_error(403, "ExpiredToken", "expired"),
        _ => Response::json_error(400, "ExpiredTokenException", "expired"),
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let told = server.call_ok(OVERVIEW, json!({}));
    for part in ["alarms", "services", "instances", "databases", "cost"] {
        assert_eq!(told[part]["error"], "expired_credentials", "{told:#}");
    }
    assert!(told.to_string().len() < 4_096);
}

#[test]
fn an_emulated_account_is_looked_at() {
    let env = Moto::shared().env();
    let server = Server::start(&[], &env);
    server.initialize();
    let told = server.call_ok(OVERVIEW, json!({}));
    assert!(told["instances"]["running"].as_u64().unwrap() >= 2, "{told:#}");
    assert_eq!(told["services"].get("error"), None, "{told:#}");
    assert_eq!(told["databases"].get("error"), None, "{told:#}");
}

#[test]
fn transcripts() {
    let account = Account { yesterday: "143.1", databases: 1, clusters: 1, services: 2, ..ILL };
    let aws = fake(move |request| match request.action().as_str() {
        // The day of the answer is that of the clock.
        "GetCostAndUsage" => Response::json_error(
            400,
            "AccessDeniedException",
            "User is not authorized to perform: ce:GetCostAndUsage",
        ),
        _ => answer(account, request),
    });
    let server = serve(&aws, Home::new(), &[], &[]);
    let overview = Example {
        tool: OVERVIEW,
        arguments: json!({}),
        use_of_it: "The model says what is broken, since when, and which tool looks closer: \
                    cloudwatch_describe_alarm, ecs_describe_service, ec2_describe_instance, \
                    rds_describe_db_instance. A part that could not be read (cost, here) is said to be unknown, \
                    not well.",
    };
    check_section(&server, "core", &[overview]);
}
