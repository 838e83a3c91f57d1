//! A small shop in AWS, of which a whole story is told: the release of checkout at 11:52 takes locks in payments-db
//! that nobody needs, so that checkout is slow from noon on; catalog loads all pictures since its release five days
//! ago, which costs memory and money; payments was rolled back in the morning; a worker's host is failing.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use super::{FakeAws, Request, Response, fake};

const ACCOUNT: &str = "eu-west-1:123456789012";
const BALANCER: &str = "app/shop/50dc6c495c0c9188";
const GIB: f64 = 1_073_741_824.0;
const DAY: i64 = 86_400;

/// The story's time: it is 14:00 when a question is asked.
#[derive(Clone, Copy)]
pub struct Clock(i64);

impl Clock {
    pub fn start() -> Self {
        let now = DateTime::from(SystemTime::now()).secs();
        Self(now - now % 60)
    }

    /// Seconds since 1970 of `12:04` or, days before, `-1d 06:12`.
    fn at(self, told: &str) -> i64 {
        let (days, time) = told.split_once("d ").unwrap_or(("0", told));
        let (hour, minute) = time.split_once(':').expect("a time such as 12:04");
        let number = |text: &str| text.parse::<i64>().expect("a number");
        self.0 + number(days) * DAY + (number(hour) - 14) * 3_600 + number(minute) * 60
    }

    fn time(self, told: &str) -> String {
        DateTime::from_secs(self.at(told)).fmt(Format::DateTime).expect("a time")
    }

    /// The date so many days ago, in UTC.
    fn date(self, ago: i64) -> String {
        date(self.0 / DAY - ago)
    }

    /// What stands in braces as AWS writes it: `{12:04}` is a time, `{5}` a day so many days ago.
    pub fn filled(self, text: &str) -> String {
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('}') {
                Some((told, after)) if told.contains(':') && !told.contains('"') => {
                    write!(filled, "{}{after}", self.time(told)).expect("text");
                }
                Some((told, after)) if !told.is_empty() && told.parse::<i64>().is_ok() => {
                    let ago = told.parse().expect("days");
                    write!(filled, "{}{after}", self.date(ago)).expect("text");
                }
                _ => write!(filled, "{{{part}").expect("text"),
            }
        }
        filled
    }
}

fn date(day: i64) -> String {
    DateTime::from_secs(day * DAY).fmt(Format::DateTime).expect("a date")[..10].to_owned()
}

/// Days since 1970.
fn day(date: &Value) -> i64 {
    let date = format!("{}T00:00:00Z", date.as_str().expect("a date"));
    DateTime::from_str(&date, Format::DateTime).expect("a date").secs() / DAY
}

/// The shop, and what was changed in it.
struct Shop {
    clock: Clock,
    query: Mutex<Value>,
    changes: Mutex<Vec<(String, Value)>>,
}

pub fn shop(clock: Clock) -> FakeAws {
    let shop = Shop { clock, query: Mutex::default(), changes: Mutex::default() };
    fake(move |request| shop.answer(request))
}

fn of_query(action: &str, result: impl AsRef<str>) -> Response {
    let (result, wrapped) = (result.as_ref(), !action.starts_with("Ec2"));
    let action = action.trim_start_matches("Ec2");
    Response::xml(
        200,
        match wrapped {
            true => format!(
                "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
            ),
            false => {
                format!("<{action}Response><requestId>r</requestId>{result}</{action}Response>")
            }
        },
    )
}

/// `<name>inner</name>` for each pair.
fn xml(members: &[(&str, &str)]) -> String {
    members.iter().map(|(name, inner)| format!("<{name}>{inner}</{name}>")).collect()
}

impl Shop {
    fn answer(&self, request: &Request) -> Response {
        let action = request.action();
        let host = request.header("authorization").unwrap_or_default();
        let of = |service: &str| host.contains(&format!("/{service}/aws4_request"));
        if of("ec2") {
            return self.machines(&action, request);
        }
        if of("rds") || of("elasticloadbalancing") {
            return self.databases(&action, request);
        }
        let asked = request.json();
        match () {
            () if of("monitoring") => Response::spoken(request, &self.watched(&action, &asked)),
            () if of("pi") => Response::spoken(request, &self.load(&action, &asked)),
            () if of("logs") => Response::json(200, &self.logged(&action, &asked)),
            () if of("ce") => Response::json(200, &self.billed(&action, &asked)),
            () => Response::json(200, &self.containers(&action, &asked)),
        }
    }

    fn was_changed(&self, action: &str) -> Option<Value> {
        let changes = self.changes.lock().unwrap();
        changes.iter().find(|(done, _)| done == action).map(|(_, how)| how.clone())
    }

    fn change(&self, action: &str, how: Value) {
        self.changes.lock().unwrap().push((action.to_owned(), how));
    }
}

/// ECS.
impl Shop {
    fn containers(&self, action: &str, asked: &Value) -> Value {
        let arn = |what: &str| format!("arn:aws:ecs:{ACCOUNT}:{what}");
        let names = ["checkout", "catalog", "payments"];
        match action {
            "ListClusters" => json!({"clusterArns": [arn("cluster/prod")]}),
            "DescribeClusters" => json!({"failures": [], "clusters": [{
                "clusterArn": arn("cluster/prod"), "clusterName": "prod", "status": "ACTIVE",
                "activeServicesCount": 3, "runningTasksCount": 9, "pendingTasksCount": 1,
                "registeredContainerInstancesCount": 0, "capacityProviders": ["FARGATE"],
                "settings": [{"name": "containerInsights", "value": "enabled"}],
            }]}),
            "ListServices" => {
                json!({"serviceArns": names.map(|name| arn(&format!("service/prod/{name}")))})
            }
            "DescribeServices" => {
                let wanted = asked["services"].to_string();
                let found = names.into_iter().filter(|name| wanted.contains(name));
                json!({"failures": [], "services": found.map(|name| self.service(name)).collect::<Vec<_>>()})
            }
            "ListTasks" if asked["desiredStatus"] == "STOPPED" => {
                let tasks: &[&str] = match asked["serviceName"].as_str() {
                    Some("catalog") => &["1350", "1328", "1305"],
                    Some("checkout") => &["1340"],
                    _ => &[],
                };
                json!({"taskArns": tasks.iter().map(|id| arn(&format!("task/prod/{id}"))).collect::<Vec<_>>()})
            }
            "DescribeTasks" => {
                let tasks = asked["tasks"].as_array().unwrap().iter();
                json!({"failures": [], "tasks": tasks.map(|arn| self.task(arn.as_str().unwrap())).collect::<Vec<_>>()})
            }
            "ListTaskDefinitions" => {
                let revisions = [42, 41, 40].map(|n| arn(&format!("task-definition/checkout:{n}")));
                json!({"taskDefinitionArns": revisions})
            }
            "DescribeTaskDefinition" => {
                let is_new = !asked["taskDefinition"].as_str().unwrap().ends_with(":41");
                let (revision, image, pool) = match is_new {
                    true => (42, "2026.11.21", "60"),
                    false => (41, "2026.11.14", "20"),
                };
                json!({"taskDefinition": {
                    "taskDefinitionArn": arn(&format!("task-definition/checkout:{revision}")),
                    "family": "checkout", "revision": revision, "status": "ACTIVE", "networkMode": "awsvpc",
                    "registeredAt": self.clock.at(if is_new { "11:50" } else { "-7d 10:00" }),
                    "cpu": "512", "memory": "1024", "requiresCompatibilities": ["FARGATE"],
                    "containerDefinitions": [{
                        "name": "app", "image": format!("registry.example/checkout:{image}"), "essential": true,
                        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                        "environment": [{"name": "DB_HOST", "value": "payments-db.internal"},
                            {"name": "DB_POOL_SIZE", "value": pool}],
                        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/checkout",
                            "awslogs-stream-prefix": "ecs", "awslogs-region": "eu-west-1"}},
                    }],
                }})
            }
            "UpdateService" => {
                self.change(action, asked.clone());
                json!({"service": self.service(asked["service"].as_str().unwrap().rsplit('/').next().unwrap())})
            }
            other => panic!("ECS: {other}"),
        }
    }

    fn service(&self, name: &str) -> Value {
        let (running, desired, revision, since) = match name {
            "checkout" => (2, 3, 42, "11:52"),
            "catalog" => (3, 4, 30, "-5d 10:20"),
            _ => (4, 4, 17, "09:48"),
        };
        let arn = |what: &str| format!("arn:aws:ecs:{ACCOUNT}:{what}");
        let definition = arn(&format!("task-definition/{name}:{revision}"));
        let deployment = |id: &str, status: &str, definition: &str, running: i64, rollout: &str| {
            json!({"id": format!("ecs-svc/{id}"), "status": status, "taskDefinition": definition,
                "desiredCount": desired, "runningCount": running, "pendingCount": desired - running,
                "createdAt": self.clock.at(since), "updatedAt": self.clock.at(since) + 240, "rolloutState": rollout,
                "rolloutStateReason": format!("ECS deployment ecs-svc/{id} completed.")})
        };
        let event = |at: &str, message: &str| json!({"id": "0a1b", "createdAt": self.clock.at(at), "message": format!("(service {name}) {message}")});
        let group = target_group(name);
        let events = match name {
            "checkout" => vec![
                event("13:41", "has started 1 tasks: (task 1341)."),
                event(
                    "13:40",
                    &format!(
                        "(task 1340) (port 8080) is unhealthy in (target-group {group}) due to (reason \
                                         Health checks failed with these codes: [503])."
                    ),
                ),
                event("11:56", "has reached a steady state."),
            ],
            "catalog" => vec![
                event("13:51", "has started 1 tasks: (task 1351)."),
                event("13:29", "has started 1 tasks: (task 1329)."),
            ],
            _ => vec![
                event("09:55", "has reached a steady state."),
                event("09:48", "rolling back to deployment ecs-svc/17."),
                event("09:48", "(deployment ecs-svc/18) deployment failed: tasks failed to start."),
                event(
                    "09:40",
                    "was unable to place a task. Reason: CannotPullContainerError: payments:2026.11.20 not found.",
                ),
            ],
        };
        let mut service = json!({
            "serviceArn": arn(&format!("service/prod/{name}")), "serviceName": name,
            "clusterArn": arn("cluster/prod"), "status": "ACTIVE", "launchType": "FARGATE",
            "desiredCount": desired, "runningCount": running, "pendingCount": desired - running,
            "schedulingStrategy": "REPLICA", "createdAt": self.clock.at("-300d 09:00"),
            "taskDefinition": definition, "events": events,
            "deployments": [deployment(&revision.to_string(), "PRIMARY", &definition, running, "COMPLETED")],
            "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true},
                "minimumHealthyPercent": 100, "maximumPercent": 200},
        });
        let change = self
            .was_changed("UpdateService")
            .filter(|how| how["service"].to_string().contains(name));
        let Some(change) = change else { return service };
        if let Some(count) = change.get("desiredCount") {
            service["desiredCount"] = count.clone();
        }
        if let Some(wanted) = change["taskDefinition"].as_str() {
            let wanted = arn(&format!("task-definition/{}", wanted.rsplit('/').next().unwrap()));
            let mut new = deployment("43", "PRIMARY", &wanted, 1, "IN_PROGRESS");
            new["createdAt"] = json!(self.clock.at("14:00"));
            service["deployments"] =
                json!([new, deployment("42", "ACTIVE", &definition, running, "COMPLETED")]);
            service["taskDefinition"] = json!(wanted);
        }
        service
    }

    /// A stopped task, whose id is the time at which it stopped.
    fn task(&self, arn: &str) -> Value {
        let id = arn.rsplit('/').next().unwrap();
        let name = if id == "1340" { "checkout" } else { "catalog" };
        let (code, reason, exit, why) = match name {
            "checkout" => (
                "ServiceSchedulerInitiated",
                format!("Task failed ELB health checks in (target-group {})", target_group(name)),
                143,
                Value::Null,
            ),
            _ => (
                "EssentialContainerExited",
                "Essential container in task exited".to_owned(),
                137,
                json!("OutOfMemoryError: Container killed due to memory usage"),
            ),
        };
        let revision = if name == "checkout" { "checkout:42" } else { "catalog:30" };
        let stopped = self.clock.at(&format!("{}:{}", &id[..2], &id[2..]));
        json!({
            "taskArn": arn, "group": format!("service:{name}"), "lastStatus": "STOPPED", "launchType": "FARGATE",
            "taskDefinitionArn": format!("arn:aws:ecs:{ACCOUNT}:task-definition/{revision}"),
            "stopCode": code, "stoppedReason": reason, "createdAt": stopped - 1_200, "startedAt": stopped - 1_140,
            "stoppedAt": stopped,
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": exit, "reason": why}],
        })
    }
}

fn target_group(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{ACCOUNT}:targetgroup/shop-{name}/0123456789abcdef")
}

/// RDS, and the load balancer, which speaks as it does.
impl Shop {
    fn databases(&self, action: &str, request: &Request) -> Response {
        let wanted = request.param("DBInstanceIdentifier");
        let is_wanted = |id: &&str| wanted.as_ref().is_none_or(|wanted| wanted == id);
        let result = match action {
            "DescribeDBInstances" => {
                let rows = ["payments-db", "catalog-db"].into_iter().filter(is_wanted);
                format!(
                    "<DBInstances>{}</DBInstances>",
                    rows.map(|id| self.database(id)).collect::<String>()
                )
            }
            "DescribeEvents"
                if request.param("SourceIdentifier").as_deref() == Some("payments-db") =>
            {
                let event = |at: &str, message: &str, category: &str| {
                    let category = format!("<EventCategory>{category}</EventCategory>");
                    let at = self.clock.time(at);
                    format!(
                        "<Event>{}</Event>",
                        xml(&[("Date", &at), ("Message", message), ("EventCategories", &category)])
                    )
                };
                let started = event("06:11", "Multi-AZ instance failover started.", "failover");
                let restarted = event("06:12", "DB instance restarted", "availability");
                let why = "The RDS Multi-AZ primary instance is busy and unresponsive.";
                let done = event("06:13", "Multi-AZ instance failover completed", "failover");
                format!(
                    "<Events>{}{started}{restarted}{done}</Events>",
                    event("06:13", why, "failover")
                )
            }
            "DescribeDBSnapshots" if request.param("DBSnapshotIdentifier").is_some() => {
                return Response::sts_error(404, "DBSnapshotNotFound", "DBSnapshot not found.");
            }
            "DescribeDBSnapshots" => {
                let made = self.was_changed("CreateDBSnapshot");
                let made = made
                    .iter()
                    .map(|_| self.snapshot("before-migration", "manual", "creating", "14:00"));
                let nightly =
                    self.snapshot("rds:payments-db-nightly", "automated", "available", "03:05");
                format!("<DBSnapshots>{nightly}{}</DBSnapshots>", made.collect::<String>())
            }
            "CreateDBSnapshot" => {
                self.change(action, Value::Null);
                self.snapshot("before-migration", "manual", "creating", "14:00")
            }
            "DescribeTargetHealth" => {
                let is_checkout = request.param("TargetGroupArn").unwrap().contains("checkout");
                let target = |(ip, state): (&str, &str)| {
                    let why = xml(&[
                        ("Reason", "Target.ResponseCodeMismatch"),
                        ("Description", "Health checks failed with these codes: [503]"),
                    ]);
                    let why = if state == "unhealthy" { &why } else { "" };
                    format!(
                        "<member><Target><Id>{ip}</Id><Port>8080</Port></Target>\
                             <TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
                    )
                };
                let third = ("10.0.2.9", if is_checkout { "unhealthy" } else { "healthy" });
                let fourth =
                    if is_checkout { String::new() } else { target(("10.0.3.8", "healthy")) };
                let all =
                    [("10.0.1.7", "healthy"), ("10.0.3.4", "healthy"), third].map(target).concat()
                        + &fourth;
                format!("<TargetHealthDescriptions>{all}</TargetHealthDescriptions>")
            }
            "DescribeTargetGroups" => {
                let all = ["checkout", "catalog", "payments"].map(|name| {
                    let balancer =
                        format!("arn:aws:elasticloadbalancing:{ACCOUNT}:loadbalancer/{BALANCER}");
                    let balancers = xml(&[("member", &balancer)]);
                    let matcher = xml(&[("HttpCode", "200")]);
                    let arn = target_group(name);
                    let asked = request.text().contains(&format!("shop-{name}"));
                    let group = xml(&[
                        ("TargetGroupArn", &arn),
                        ("TargetGroupName", &format!("shop-{name}")),
                        ("Protocol", "HTTP"),
                        ("Port", "8080"),
                        ("HealthCheckProtocol", "HTTP"),
                        ("HealthCheckPort", "traffic-port"),
                        ("HealthCheckEnabled", "true"),
                        ("HealthCheckPath", "/health"),
                        ("HealthCheckIntervalSeconds", "30"),
                        ("HealthCheckTimeoutSeconds", "5"),
                        ("HealthyThresholdCount", "3"),
                        ("UnhealthyThresholdCount", "2"),
                        ("Matcher", &matcher),
                        ("LoadBalancerArns", &balancers),
                        ("TargetType", "ip"),
                    ]);
                    if asked { xml(&[("member", &group)]) } else { String::new() }
                });
                format!("<TargetGroups>{}</TargetGroups>", all.concat())
            }
            // No clusters, no maintenance, no events.
            _ => String::new(),
        };
        of_query(action, result)
    }

    fn database(&self, id: &str) -> String {
        let arn = format!("arn:aws:rds:{ACCOUNT}:db:{id}");
        let is_payments = id == "payments-db";
        let restorable = xml(&[("LatestRestorableTime", &self.clock.time("13:55"))]);
        let all = [
            ("DBInstanceIdentifier", id),
            ("DBInstanceArn", &arn),
            ("DbiResourceId", "db-SHOP"),
            ("DBInstanceClass", "db.r6g.large"),
            ("Engine", "postgres"),
            ("EngineVersion", "16.4"),
            ("DBInstanceStatus", "available"),
            ("AllocatedStorage", "100"),
            ("StorageEncrypted", "true"),
            ("MultiAZ", if is_payments { "true" } else { "false" }),
            ("AvailabilityZone", "eu-west-1b"),
            ("PreferredBackupWindow", "03:00-03:30"),
            ("BackupRetentionPeriod", if is_payments { "7" } else { "0" }),
            ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
            ("PubliclyAccessible", "false"),
            ("PerformanceInsightsEnabled", "true"),
            ("PerformanceInsightsRetentionPeriod", "7"),
        ];
        let restorable = if is_payments { restorable } else { String::new() };
        format!("<DBInstance>{}{restorable}</DBInstance>", xml(&all))
    }

    fn snapshot(&self, id: &str, kind: &str, status: &str, at: &str) -> String {
        let at = self.clock.time(at);
        let done = if status == "creating" { "12" } else { "100" };
        let snapshot = [
            ("DBSnapshotIdentifier", id),
            ("DBInstanceIdentifier", "payments-db"),
            ("SnapshotType", kind),
            ("Status", status),
            ("SnapshotCreateTime", &at),
            ("AllocatedStorage", "100"),
            ("PercentProgress", done),
        ];
        xml(&[("DBSnapshot", &xml(&snapshot))])
    }

    /// Performance Insights of payments-db.
    fn load(&self, action: &str, asked: &Value) -> Value {
        if action == "DescribeDimensionKeys" {
            // The mean of the whole time, of which the trouble is a part.
            let (start, end) = (seconds(asked, "StartTime"), seconds(asked, "EndTime"));
            let share = (end - start.max(self.clock.at("12:00"))) as f64 / (end - start) as f64;
            let key = |sql: &str, load: f64| json!({"Dimensions": {"db.sql_tokenized.statement": sql}, "Total": load});
            return json!({"Keys": [key("SELECT * FROM carts WHERE customer_id = ? FOR UPDATE", 8.1 * share),
                key("INSERT INTO payments (order_id, amount) VALUES (?, ?)", 0.9)]});
        }
        let series = |event: Option<(&str, &str)>, before: f64, since: f64| {
            let points: Vec<Value> = times(asked, asked["PeriodInSeconds"].as_i64().unwrap())
                .map(|time| {
                    json!({"Timestamp": {"$time": time},
                    "Value": if time >= self.clock.at("12:00") { since } else { before }})
                })
                .collect();
            let mut key = json!({"Metric": asked["MetricQueries"][0]["Metric"]});
            if let Some((name, kind)) = event {
                key["Dimensions"] = json!({"db.wait_event.name": name, "db.wait_event.type": kind});
            }
            json!({"Key": key, "DataPoints": points})
        };
        let list = match asked["MetricQueries"][0]["Metric"].as_str() {
            Some("db.load.avg") => vec![
                series(None, 1.25, 11.0),
                series(Some(("Lock:tuple", "Lock")), 0.05, 8.6),
                series(Some(("CPU", "CPU")), 1.1, 1.4),
                series(Some(("IO:DataFileRead", "IO")), 0.1, 1.0),
            ],
            _ => vec![series(None, 2.0, 2.0)],
        };
        json!({"MetricList": list, "AlignedStartTime": {"$time": seconds(asked, "StartTime")},
            "AlignedEndTime": {"$time": seconds(asked, "EndTime")}})
    }
}

fn seconds(asked: &Value, name: &str) -> i64 {
    DateTime::from_secs_f64(asked[name].as_f64().expect("a time")).secs()
}

/// The moments from start to end, so many seconds apart.
fn times(asked: &Value, period: i64) -> impl DoubleEndedIterator<Item = i64> {
    let (start, end) = (seconds(asked, "StartTime"), seconds(asked, "EndTime"));
    (0..(end - start + period - 1) / period).map(move |n| start + n * period)
}

/// CloudWatch.
impl Shop {
    fn watched(&self, action: &str, asked: &Value) -> Value {
        match action {
            "GetMetricData" => {
                let queries = asked["MetricDataQueries"].as_array().unwrap().iter();
                let shown = queries.filter(|query| query["ReturnData"] != json!(false));
                let is_newest_first = asked["ScanBy"] != "TimestampAscending";
                let result = |query: &Value| {
                    let metric = &query["MetricStat"]["Metric"];
                    let period =
                        query["MetricStat"]["Period"].as_i64().or(query["Period"].as_i64());
                    let points = times(asked, period.unwrap_or(300)).filter_map(|time| {
                        Some((json!({"$time": time}), self.figure(query, time)?))
                    });
                    let (mut times, mut values): (Vec<Value>, Vec<f64>) = points.unzip();
                    if is_newest_first {
                        times.reverse();
                        values.reverse();
                    }
                    let label =
                        query["Label"].as_str().or(metric["MetricName"].as_str()).unwrap_or("shop");
                    json!({"Id": query["Id"], "Label": label, "Timestamps": times, "Values": values,
                        "StatusCode": "Complete"})
                };
                json!({"MetricDataResults": shown.map(result).collect::<Vec<_>>()})
            }
            "DescribeAlarms" => {
                let is_asked = |alarm: &Value| {
                    let names = asked["AlarmNames"].as_array();
                    names.is_none_or(|names| names.contains(&alarm["AlarmName"]))
                        && asked.get("StateValue").is_none_or(|state| *state == alarm["StateValue"])
                };
                let alarms = self.alarms().into_iter().filter(is_asked).collect::<Vec<_>>();
                json!({"MetricAlarms": alarms, "CompositeAlarms": []})
            }
            "DescribeAlarmHistory" => {
                let why = "Threshold Crossed: 3 datapoints were greater than the threshold.";
                let data = json!({"version": "1.0", "oldState": {"stateValue": "OK"},
                    "newState": {"stateValue": "ALARM", "stateReason": why}});
                json!({"AlarmHistoryItems": [{"Timestamp": {"$time": self.clock.at("12:04")},
                    "HistoryItemType": "StateUpdate", "HistoryData": data.to_string()}]})
            }
            "ListMetrics" => {
                let of = |group: &str| {
                    json!([{"Name": "LoadBalancer", "Value": BALANCER},
                    {"Name": "TargetGroup", "Value": format!("targetgroup/shop-{group}/0123456789abcdef")}])
                };
                let whole = json!([{"Name": "LoadBalancer", "Value": BALANCER}]);
                let all = [whole, of("checkout"), of("catalog"), of("payments")];
                json!({"Metrics": all.map(|dimensions| json!({"Namespace": "AWS/ApplicationELB",
                    "MetricName": asked["MetricName"], "Dimensions": dimensions}))})
            }
            "GetDashboard" => {
                let alarm = format!("arn:aws:cloudwatch:{ACCOUNT}:alarm:checkout-5xx");
                let body = json!({"widgets": [
                    {"type": "alarm", "properties": {"title": "Alarms", "alarms": [alarm]}},
                    {"type": "metric", "properties": {"title": "Databases", "region": "eu-west-1", "metrics": [
                        ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "payments-db", {"label": "payments-db"}],
                        ["...", "catalog-db", {"label": "catalog-db"}]]}},
                ]});
                json!({"DashboardName": "ops", "DashboardBody": body.to_string(),
                    "DashboardArn": "arn:aws:cloudwatch::123456789012:dashboard/ops"})
            }
            other => panic!("CloudWatch: {other}"),
        }
    }

    /// How a metric or an expression does at a time.
    fn figure(&self, query: &Value, time: i64) -> Option<f64> {
        let (text, is_bad) = (query.to_string(), time >= self.clock.at("12:00"));
        let since = |before: f64, since: f64| Some(if is_bad { since } else { before });
        let has = |word: &str| text.contains(word);
        match query["MetricStat"]["Metric"]["MetricName"].as_str().unwrap_or_default() {
            "HTTPCode_Target_5XX_Count" => since(2.0, 212.0),
            "RequestCount" if has("shop-payments") => Some(1_800.0),
            "RequestCount" => Some(if time > self.clock.0 - 6 * DAY { 5_200.0 } else { 4_000.0 }),
            "TargetResponseTime" => since(0.31, 4.2),
            "CPUUtilization" if has("payments-db") => since(31.0, 94.0),
            "CPUUtilization" if has("catalog-db") => Some(22.0),
            "CPUUtilization" => Some(38.0),
            "MemoryUtilization" => Some(if has("catalog") { 97.0 } else { 51.0 }),
            "DatabaseConnections" => since(41.0, 184.0),
            "FreeStorageSpace" => Some(GIB * if has("catalog-db") { 6.5 } else { 59.0 }),
            "FreeableMemory" => Some(3.5 * GIB),
            "ReadLatency" | "WriteLatency" => since(0.002, 0.009),
            "QueueDepth" => None,
            _ if has("TargetResponseTime") => since(0.31, 4.2),
            _ if has("cpu_used") => Some(44.0),
            _ if has("memory_used") => Some(71.0),
            // 5xx of all requests, in percent.
            _ => since(100.0 * 2.0 / 5_200.0, 100.0 * 212.0 / 5_200.0),
        }
    }

    fn alarms(&self) -> Vec<Value> {
        let alarm = |name: &str,
                     state: &str,
                     at: &str,
                     (namespace, metric): (&str, &str),
                     dimensions: Value| {
            let why = match state {
                "INSUFFICIENT_DATA" => "Insufficient Data: 3 datapoints were unknown.",
                _ => "Threshold Crossed: 3 datapoints were greater than the threshold.",
            };
            let (statistic, threshold) =
                if namespace == "AWS/RDS" { ("Average", 150.0) } else { ("Sum", 50.0) };
            json!({
                "AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:{ACCOUNT}:alarm:{name}"),
                "ActionsEnabled": true, "AlarmActions": [format!("arn:aws:sns:{ACCOUNT}:on-call")],
                "AlarmConfigurationUpdatedTimestamp": {"$time": self.clock.at("-90d 09:00")},
                "StateValue": state, "StateReason": why,
                "StateUpdatedTimestamp": {"$time": self.clock.at(at)},
                "StateTransitionedTimestamp": {"$time": self.clock.at(at)},
                "Namespace": namespace, "MetricName": metric, "Statistic": statistic, "Dimensions": dimensions,
                "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 3, "Threshold": threshold,
                "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing",
            })
        };
        let balancer = json!([{"Name": "LoadBalancer", "Value": BALANCER}]);
        let errors = ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count");
        vec![
            alarm("checkout-5xx", "ALARM", "12:04", errors, balancer),
            alarm(
                "payments-db-connections",
                "ALARM",
                "12:03",
                ("AWS/RDS", "DatabaseConnections"),
                json!([{"Name": "DBInstanceIdentifier", "Value": "payments-db"}]),
            ),
            alarm(
                "orders-queue-depth",
                "INSUFFICIENT_DATA",
                "-9d 08:00",
                ("Shop", "QueueDepth"),
                json!([]),
            ),
        ]
    }
}

/// CloudWatch Logs.
impl Shop {
    fn logged(&self, action: &str, asked: &Value) -> Value {
        match action {
            "DescribeLogGroups" => {
                let names = [
                    "/aws/rds/instance/payments-db/postgresql",
                    "/ecs/catalog",
                    "/ecs/checkout",
                    "/ecs/payments",
                ];
                let part =
                    asked["logGroupNamePrefix"].as_str().or(asked["logGroupNamePattern"].as_str());
                let found =
                    names.into_iter().filter(|name| name.contains(part.unwrap_or_default()));
                let group = |name: &str| {
                    let arn = format!("arn:aws:logs:{ACCOUNT}:log-group:{name}");
                    json!({"logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn,
                        "creationTime": 1_767_323_045_000_i64, "storedBytes": 4_404_019_200_i64,
                        "logGroupClass": "STANDARD"})
                };
                json!({"logGroups": found.map(group).collect::<Vec<_>>()})
            }
            "StartQuery" => {
                *self.query.lock().unwrap() = asked.clone();
                json!({"queryId": "12ab3456-12ab-123a-789e-1234567890ab"})
            }
            _ => {
                let asked = self.query.lock().unwrap().clone();
                let found = self.lines(&asked);
                let matched = found.len() as f64;
                let rows: Vec<Vec<Value>> = found
                    .iter()
                    .take(asked["limit"].as_u64().unwrap() as usize)
                    .map(|row| {
                        let fields = row.as_object().unwrap().iter();
                        fields
                            .map(|(field, value)| json!({"field": field, "value": value}))
                            .collect()
                    })
                    .collect();
                json!({"queryLanguage": "CWLI", "status": "Complete", "results": rows, "statistics": {
                    "recordsMatched": matched, "recordsScanned": 250_000.0, "bytesScanned": 157_286_400.0}})
            }
        }
    }

    /// What a query finds.
    fn lines(&self, query: &Value) -> Vec<Value> {
        let asked = query.to_string();
        let line = |at: &str, log: &str, message: &str| {
            let time = self.clock.time(at).replace('T', " ").replace('Z', ".000");
            let mut line =
                json!({"@timestamp": time, "@logStream": "ecs/app/3f2a9c", "@message": message});
            if asked.contains(", @log ") || asked.contains(", @log,") {
                line["@log"] = json!(format!("123456789012:{log}"));
            }
            line
        };
        let failed = |n: usize| {
            let what =
                format!("charge of order {} failed: connect timeout after 3000 ms", 84_700 + n);
            let message = json!({"level": "error", "status": 500, "path": "/checkout", "error": "ChargeTimeout",
                "message": what});
            line(&format!("{}:{:02}", 12 + n / 60, n % 60), "/ecs/checkout", &message.to_string())
        };
        let has = |word: &str| asked.contains(word);
        let first =
            (query["startTime"].as_i64().unwrap() - self.clock.at("12:00")).div_euclid(60) + 1;
        let failures = (3..119).rev().filter(|n| *n as i64 >= first);
        if has("stats") {
            let row = |path: &str, error: &str, n: usize| json!({"path": path, "error": error, "n": n.to_string()});
            return vec![
                row("/checkout", "ChargeTimeout", failures.count()),
                row("/cart", "PoolExhausted", 2),
            ];
        }
        if has("84711") {
            return vec![
                line("12:11", "/ecs/checkout", "INFO order 84711 placed"),
                line(
                    "12:11",
                    "/ecs/payments",
                    "INFO charge order 84711: waiting for lock on carts",
                ),
                failed(11),
            ];
        }
        if has("postgresql") {
            return vec![
                line(
                    "06:13",
                    "/aws/rds/instance/payments-db/postgresql",
                    "LOG: database system is ready to accept connections",
                ),
                line(
                    "06:12",
                    "/aws/rds/instance/payments-db/postgresql",
                    "LOG: received fast shutdown request",
                ),
            ];
        }
        if has("catalog") {
            return vec![
                line("13:49", "/ecs/catalog", "INFO picture cache: 412000 pictures, 1893 MiB"),
                line(
                    "13:48",
                    "/ecs/catalog",
                    "INFO loading pictures from https://pictures.example",
                ),
                line("13:27", "/ecs/catalog", "INFO picture cache: 408000 pictures, 1877 MiB"),
            ];
        }
        if has("health") {
            return vec![line(
                "13:40",
                "/ecs/checkout",
                "GET /health 503: 0 of 60 database connections free",
            )];
        }
        failures.map(failed).collect()
    }
}

/// Cost Explorer.
impl Shop {
    /// Service, usage type, team, service tag; what it costs on a day before the change of so many days ago, and since.
    const PRICES: [(&str, &str, &str, &str, i64, f64, f64); 7] = [
        (
            "Amazon Relational Database Service",
            "EU-InstanceUsage:db.r6g.large",
            "payments",
            "payments",
            0,
            41.5,
            41.5,
        ),
        (
            "Amazon Relational Database Service",
            "EU-RDS:GP3-Storage",
            "catalog",
            "catalog",
            0,
            12.0,
            12.0,
        ),
        (
            "Amazon Elastic Container Service",
            "EU-Fargate-vCPU-Hours:perCPU",
            "payments",
            "payments",
            6,
            19.4,
            38.8,
        ),
        (
            "Amazon Elastic Container Service",
            "EU-Fargate-GB-Hours",
            "shop",
            "checkout",
            0,
            30.0,
            30.0,
        ),
        ("Amazon Elastic Load Balancing", "EU-LCUUsage", "", "", 0, 9.8, 9.8),
        ("AWS Data Transfer", "EU-DataTransfer-Out-Bytes", "payments", "payments", 0, 3.1, 3.1),
        ("EC2 - Other", "EU-NatGateway-Bytes", "", "", 5, 6.2, 148.0),
    ];

    fn billed(&self, action: &str, asked: &Value) -> Value {
        let today = day(&json!(self.clock.date(0)));
        if action == "GetAnomalies" {
            return json!({"Anomalies": [{
                "AnomalyId": "9f8e7d6c", "AnomalyStartDate": date(today - 5), "AnomalyEndDate": date(today - 1),
                "DimensionValue": "EC2 - Other", "AnomalyScore": {"MaxScore": 0.9, "CurrentScore": 0.8},
                "MonitorArn": "arn:aws:ce::123456789012:anomalymonitor/b9a0a1c2-3d4e-4f5a-8b6c-7d8e9f0a1b2c",
                "Impact": {"MaxImpact": 141.8, "TotalImpact": 709.0, "TotalActualSpend": 740.0,
                    "TotalExpectedSpend": 31.0, "TotalImpactPercentage": 2287.1},
                "RootCauses": [{"Service": "EC2 - Other", "Region": "eu-west-1", "LinkedAccount": "123456789012",
                    "UsageType": "EU-NatGateway-Bytes", "Impact": {"Contribution": 709.0}}],
            }]});
        }
        let (mut at, end) = (day(&asked["TimePeriod"]["Start"]), day(&asked["TimePeriod"]["End"]));
        let usd = |amount: f64| json!({"Amount": format!("{amount:.4}"), "Unit": "USD"});
        if action == "GetCostForecast" {
            let days = (end - at) as f64;
            return json!({"Total": usd(280.0 * days), "ForecastResultsByTime": [{
                "TimePeriod": asked["TimePeriod"], "MeanValue": format!("{}", 280.0 * days),
                "PredictionIntervalLowerBound": format!("{}", 260.0 * days),
                "PredictionIntervalUpperBound": format!("{}", 300.0 * days)}]});
        }
        let filter = asked["Filter"].to_string();
        let by = asked["GroupBy"][0]["Key"].as_str();
        let mut steps = Vec::new();
        while at < end {
            let next = match asked["Granularity"].as_str() {
                Some("DAILY") => at + 1,
                _ => day(&json!(format!(
                    "{}-01",
                    &date(day(&json!(format!("{}-01", &date(at)[..7]))) + 31)[..7]
                )))
                .min(end),
            };
            let mut groups: Vec<(String, f64)> = Vec::new();
            for (service, usage, team, tag, change, before, since) in Self::PRICES {
                let is_left_out = (filter.contains("\"SERVICE\"") && !filter.contains(service))
                    || (filter.contains("\"Tags\"") && !filter.contains(&format!("[\"{tag}\"]")));
                if is_left_out {
                    continue;
                }
                let key = match by {
                    Some("SERVICE") => service.to_owned(),
                    Some("USAGE_TYPE") => usage.to_owned(),
                    Some("team") => format!("team${team}"),
                    _ => String::new(),
                };
                let of_day =
                    |day: i64| if change > 0 && today - day <= change { since } else { before };
                let sum: f64 = (at..next).map(of_day).sum();
                match groups.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, amount)) => *amount += sum,
                    None => groups.push((key, sum)),
                }
            }
            let metrics = |amount: f64| json!({"UnblendedCost": usd(amount)});
            let mut step = json!({"TimePeriod": {"Start": date(at), "End": date(next)}, "Total": {}, "Groups": [],
                "Estimated": today - at < 2});
            match by {
                None => step["Total"] = metrics(groups.iter().map(|(_, amount)| amount).sum()),
                Some(_) => {
                    let rows = groups
                        .iter()
                        .map(|(key, amount)| json!({"Keys": [key], "Metrics": metrics(*amount)}));
                    step["Groups"] = rows.collect();
                }
            }
            steps.push(step);
            at = next;
        }
        json!({"GroupDefinitions": asked.get("GroupBy"), "ResultsByTime": steps, "DimensionValueAttributes": []})
    }
}

/// EC2.
impl Shop {
    fn machines(&self, action: &str, request: &Request) -> Response {
        let all = [
            ("i-0b0b0b0b0b0b0b0b1", "bastion"),
            ("i-0c0c0c0c0c0c0c0c2", "batch-1"),
            ("i-0d0d0d0d0d0d0d0d3", "worker-2"),
        ];
        let (id, filter) = (request.param("InstanceId.1"), request.param("Filter.1.Value.1"));
        let is_wanted = |(known, name): &(&str, &str)| {
            id.as_ref().is_none_or(|id| id == known)
                && filter.as_ref().is_none_or(|filter| filter == name)
        };
        let found = all.into_iter().filter(is_wanted);
        let was_started = self.was_changed("StartInstances").is_some();
        let state =
            |name: &str| if name == "batch-1" && !was_started { "stopped" } else { "running" };
        let result = match action {
            "DescribeInstances" => found
                .map(|(id, name)| {
                    let code = if state(name) == "running" { "16" } else { "80" };
                    let tags = xml(&[("item", &xml(&[("key", "Name"), ("value", name)]))]);
                    let group = xml(&[(
                        "item",
                        &xml(&[("groupId", "sg-0123456789abcdef0"), ("groupName", name)]),
                    )]);
                    let stopped = xml(&[
                        ("code", "Client.UserInitiatedShutdown"),
                        ("message", "Client.UserInitiatedShutdown: User initiated shutdown"),
                    ]);
                    let address = xml(&[("ipAddress", "198.51.100.20")]);
                    let instance = xml(&[
                        ("instanceId", id),
                        ("imageId", "ami-0abcdef1234567890"),
                        ("instanceState", &xml(&[("code", code), ("name", state(name))])),
                        ("instanceType", "t3.micro"),
                        ("launchTime", "2026-01-02T03:04:05.000Z"),
                        ("privateIpAddress", "10.0.0.1"),
                        ("placement", &xml(&[("availabilityZone", "eu-west-1a")])),
                        ("groupSet", &group),
                        ("tagSet", &tags),
                    ]);
                    let more = match (name, state(name)) {
                        ("bastion", _) => address,
                        (_, "stopped") => xml(&[("stateReason", &stopped)]),
                        _ => String::new(),
                    };
                    let instances = xml(&[("item", &format!("{instance}{more}"))]);
                    xml(&[(
                        "item",
                        &xml(&[("reservationId", "r-1"), ("instancesSet", &instances)]),
                    )])
                })
                .collect::<String>(),
            "DescribeInstanceStatus" => found
                .filter(|(_, name)| state(name) == "running")
                .map(|(id, name)| {
                    let is_ill = name == "worker-2";
                    let status = |status: &str| xml(&[("status", status)]);
                    let at = self.clock.time("-0d 22:00");
                    let event = xml(&[
                        ("code", "instance-retirement"),
                        ("notBefore", &at),
                        ("description", "The instance is running on degraded hardware"),
                    ]);
                    xml(&[(
                        "item",
                        &xml(&[
                            ("instanceId", id),
                            ("availabilityZone", "eu-west-1a"),
                            ("instanceState", &xml(&[("code", "16"), ("name", "running")])),
                            ("systemStatus", &status(if is_ill { "impaired" } else { "ok" })),
                            ("instanceStatus", &status("ok")),
                            (
                                "eventsSet",
                                &if is_ill { xml(&[("item", &event)]) } else { String::new() },
                            ),
                        ]),
                    )])
                })
                .collect(),
            "DescribeSecurityGroups" => {
                let range = xml(&[("item", &xml(&[("cidrIp", "192.0.2.0/24")]))]);
                let rule = xml(&[(
                    "item",
                    &xml(&[
                        ("ipProtocol", "tcp"),
                        ("fromPort", "22"),
                        ("toPort", "22"),
                        ("ipRanges", &range),
                    ]),
                )]);
                xml(&[(
                    "item",
                    &xml(&[
                        ("groupId", "sg-0123456789abcdef0"),
                        ("groupName", "bastion"),
                        ("ipPermissions", &rule),
                    ]),
                )])
            }
            "StartInstances" => {
                self.change(action, Value::Null);
                return Response::state_change(action, &id.unwrap(), "stopped", "pending");
            }
            _ => String::new(),
        };
        let set = match action {
            "DescribeInstances" => "reservationSet",
            "DescribeInstanceStatus" => "instanceStatusSet",
            "DescribeSecurityGroups" => "securityGroupInfo",
            _ => "volumeSet",
        };
        of_query(&format!("Ec2{action}"), xml(&[(set, &result)]))
    }
}
