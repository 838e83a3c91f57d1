//! An AWS in which everything can be changed and nothing changes by itself, which knows what counts as done.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::{FakeAws, Request, Response};

pub const INSTANCE: &str = "i-0123456789abcdef0";
pub const OTHER_INSTANCE: &str = "i-0123456789abcdef1";
pub const RUNNING: &str = "i-0fedcba9876543210";
/// Of another account, which is then also signed in with.
pub const FAR_ROLE: &str = "arn:aws:iam::222222222222:role/aws-ops-reader";
pub const NEW_KEY: &str = "AKIANEWNEWNEWNEWNEWN";
pub const NEW_SECRET: &str = "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";
pub const PROD_KEY: &str = "AKIAPRODPRODPRODPROD";
pub const PROD_SECRET: &str = "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";

const ECS: &str = "arn:aws:ecs:us-east-1:123456789012";

/// What can be looked at, and changed by a test.
#[derive(Default)]
struct Things {
    /// The states of instances that are not as they were at first.
    states: BTreeMap<String, String>,
    name: String,
}

pub struct Cloud {
    aws: FakeAws,
    things: Arc<Mutex<Things>>,
}

impl Deref for Cloud {
    type Target = FakeAws;

    fn deref(&self) -> &FakeAws {
        &self.aws
    }
}

impl Cloud {
    pub fn start() -> Self {
        Self::with(|_| None)
    }

    /// One that answers as `instead` says, where it says something.
    pub fn with(instead: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static) -> Self {
        let things = Arc::new(Mutex::new(Things { name: "web-1".to_owned(), ..Things::default() }));
        let seen = things.clone();
        let aws = FakeAws::start(move |request| {
            instead(request).unwrap_or_else(|| answer(request, &seen.lock().unwrap()))
        });
        Self { aws, things }
    }

    /// One that hands everything on to the emulator and its answers back.
    pub fn before(url: &'static str) -> Self {
        Self::with(move |request| Some(handed_on(url, request)))
    }

    /// From now on the instance is in this state.
    pub fn is_now(&self, instance: &str, state: &str) {
        self.things.lock().unwrap().states.insert(instance.to_owned(), state.to_owned());
    }

    /// From now on the instances' `Name` tag is this.
    pub fn rename(&self, name: &str) {
        self.things.lock().unwrap().name = name.to_owned();
    }

    /// Everything that reached AWS and takes a person's yes.
    pub fn done(&self) -> Vec<String> {
        let requests = self.requests();
        requests.iter().filter(|request| needs_yes(request)).map(Request::action).collect()
    }

    pub fn nothing_ran(&self, after: &str) {
        assert_eq!(self.done(), [""; 0], "{after}");
    }
}

fn needs_yes(request: &Request) -> bool {
    if request.param("DryRun").as_deref() == Some("true") {
        return false;
    }
    match request.action().as_str() {
        "StartInstances" | "StopInstances" | "UpdateService" | "CreateDBSnapshot"
        | "AssumeRole" | "DescribeLogGroups" | "StartQuery" => true,
        _ => matches!(request.access_key_id(), Some(NEW_KEY | PROD_KEY)),
    }
}

fn answer(request: &Request, things: &Things) -> Response {
    let id = request.param("InstanceId.1").unwrap_or_default();
    let state = |id: &str| {
        let at_first = if id == RUNNING { "running" } else { "stopped" };
        things.states.get(id).cloned().unwrap_or_else(|| at_first.to_owned())
    };
    match request.action().as_str() {
        "GetCallerIdentity" => {
            let (account, user) = match request.access_key_id() {
                Some(NEW_KEY) => ("999999999999", "user/new"),
                Some(PROD_KEY) => ("444444444444", "user/prod"),
                _ => ("123456789012", "user/tests"),
            };
            let arn = format!("arn:aws:iam::{account}:{user}");
            Response::caller_identity(account, &arn, "AIDATESTSTESTSTESTSTE")
        }
        "AssumeRole" => {
            let role = request.param("RoleArn").unwrap();
            let account = role.split(':').nth(4).unwrap();
            Response::assumed_role(account, "Role", "me", "2099-01-02T03:04:05Z")
        }
        "DescribeInstances" => {
            let response = Response::describe_instances(&[&things.name], None);
            let text = String::from_utf8(response.body).unwrap();
            let id = if id.is_empty() { INSTANCE } else { &id };
            let state = state(id);
            let code = match state.as_str() {
                "running" => 16,
                "stopped" => 80,
                "stopping" => 64,
                _ => 0,
            };
            let text = text.replace("i-00000000000000000", id).replace(
                "<code>16</code><name>running</name>",
                &format!("<code>{code}</code><name>{state}</name>"),
            );
            Response { body: text.into_bytes(), ..response }
        }
        "StartInstances" | "StopInstances"
            if request.param("DryRun").as_deref() == Some("true") =>
        {
            Response::ec2_error(412, "DryRunOperation", "Request would have succeeded.")
        }
        "StartInstances" => Response::state_change("StartInstances", &id, "stopped", "pending"),
        "StopInstances" => Response::state_change("StopInstances", &id, "running", "stopping"),
        "DescribeServices" => {
            Response::json(200, &json!({"services": [service(3)], "failures": []}))
        }
        "DescribeTaskDefinition" => {
            Response::json_error(400, "ClientException", "Unable to describe task definition.")
        }
        "UpdateService" => Response::json(200, &json!({"service": service(3)})),
        "DescribeDBInstances" => rds(
            "DescribeDBInstances",
            "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><Engine>postgres</Engine>\
             <DBInstanceStatus>available</DBInstanceStatus><AllocatedStorage>100</AllocatedStorage></DBInstance>\
             </DBInstances>",
        ),
        "DescribeDBSnapshots" => Response::sts_error(404, "DBSnapshotNotFound", "There is none."),
        "CreateDBSnapshot" => rds(
            "CreateDBSnapshot",
            "<DBSnapshot><DBSnapshotIdentifier>before</DBSnapshotIdentifier><Status>creating</Status></DBSnapshot>",
        ),
        "DescribeLogGroups" => Response::json(200, &json!({"logGroups": []})),
        "StartQuery" => Response::json(200, &json!({"queryId": "0a1b"})),
        "GetQueryResults" => Response::json(200, &json!({"status": "Complete", "results": []})),
        other => panic!("{other}"),
    }
}

fn handed_on(url: &str, request: &Request) -> Response {
    let host = url.trim_start_matches("http://");
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if !["host", "connection"].contains(&name.as_str()) {
            text += &format!("{name}: {value}\r\n");
        }
    }
    text += &format!("host: {host}\r\nconnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(&[text.as_bytes(), &request.body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Response::xml(status, body)
}

fn service(desired: usize) -> serde_json::Value {
    json!({
        "serviceArn": format!("{ECS}:service/shop/checkout"), "serviceName": "checkout", "status": "ACTIVE",
        "clusterArn": format!("{ECS}:cluster/shop"), "desiredCount": desired, "runningCount": desired,
        "pendingCount": 0, "taskDefinition": format!("{ECS}:task-definition/checkout:42"),
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY"}],
    })
}

fn rds(action: &str, result: &str) -> Response {
    Response::xml(
        200,
        format!(
            r#"<{action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"#
        ),
    )
}
