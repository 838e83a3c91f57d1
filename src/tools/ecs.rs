//! ECS: clusters, services, tasks and their definitions; scaling and deploying a service.

mod change;
mod cluster;
mod definition;
mod difference;
mod event;
mod health;
mod reference;
mod service;
mod target;
mod task;
mod usage;

use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Failure, Service};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Map, Value};

use self::change::{ServiceChange, UpdateService, update_service};
use self::cluster::{
    ClusterHealth, ClusterList, ListClusters, OneCluster, describe_cluster, list_clusters,
};
use self::definition::{
    DefinitionInFull, DefinitionList, ListDefinitions, OneDefinition, describe_task_definition,
    list_task_definitions,
};
use self::reference::{ClusterRef, ServiceRef};
use self::service::{
    ListServices, OneService, ServiceInFull, ServiceList, describe_service, list_services,
};
use self::task::{ListTasks, TaskList, list_tasks};
use super::{Change, Cx, Target, Tool, Toolset, handler, look};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Effect, Effects, Pace};
use crate::tools::brief::{self, Plain, text};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "ecs_list_clusters",
        title: "List ECS clusters",
        about: "ECS clusters with counts of services, tasks, container instances.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:ListClusters", "ecs:DescribeClusters"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_clusters: ListClusters => ClusterList),
    },
    Tool {
        name: "ecs_describe_cluster",
        title: "Health of an ECS cluster",
        about: "What is wrong in a cluster, worst first: services below desired count, failed or stuck \
                deployments with reason and events, disconnected instances, CPU and memory of the last \
                hour. Looks at up to 1,000 services.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:DescribeClusters"],
        parts: &[
            "ecs:ListServices",
            "ecs:DescribeServices",
            "ecs:ListContainerInstances",
            "ecs:DescribeContainerInstances",
            "cloudwatch:GetMetricData",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_cluster: OneCluster => ClusterHealth),
    },
    Tool {
        name: "ecs_list_services",
        title: "List ECS services",
        about: "Services of a cluster: task counts, task definition, deployment state and time.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:ListServices", "ecs:DescribeServices"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_services: ListServices => ServiceList),
    },
    Tool {
        name: "ecs_describe_service",
        title: "Describe an ECS service",
        about: "Why a service is unwell, what changed and when: deployments, why tasks stopped in the \
                last hour, unhealthy load balancer targets, events.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:DescribeServices"],
        parts: &[
            "ecs:ListTasks",
            "ecs:DescribeTasks",
            "elbv2:DescribeTargetHealth",
            "elbv2:DescribeTargetGroups",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_service: OneService => ServiceInFull),
    },
    Tool {
        name: "ecs_list_tasks",
        title: "List ECS tasks",
        about: "Tasks of a cluster or service. Stopped ones (kept for an hour) with reason and exit codes.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:ListTasks", "ecs:DescribeTasks"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_tasks: ListTasks => TaskList),
    },
    Tool {
        name: "ecs_list_task_definitions",
        title: "List ECS task definitions",
        about: "Task definitions as family:revision, newest first.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:ListTaskDefinitions", "ecs:ListTaskDefinitionFamilies"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_task_definitions: ListDefinitions => DefinitionList),
    },
    Tool {
        name: "ecs_describe_task_definition",
        title: "Describe an ECS task definition",
        about: "A task definition: images, sizes, ports, roles, logs, health checks, references to \
                secrets. Values of environment variables are masked; equal ones look equal.",
        toolset: Toolset::Ecs,
        effects: Effects::Always(Effect::Read),
        operations: &["ecs:DescribeTaskDefinition"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_task_definition: OneDefinition => DefinitionInFull),
    },
    Tool {
        name: "ecs_update_service",
        title: "Scale or deploy an ECS service",
        about: "Scales or deploys a service and gives before and after; does not wait for the rollout. \
                desired_count 0 ends all its tasks.",
        toolset: Toolset::Ecs,
        effects: Effects::ByArguments {
            weakest: Effect::Write,
            strongest: Effect::Destructive,
            of: change::effect,
        },
        operations: &["ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:UpdateService"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: Some(Change {
            resources: change::resources,
            look: look!(change::look: UpdateService),
        }),
        handler: handler!(update_service: UpdateService => ServiceChange),
    },
];

/// Most of ECS's listings and descriptions: at most so many at a time.
const MOST_A_CALL: usize = 100;
/// DescribeServices: at most so many.
const MOST_SERVICES_A_CALL: usize = 10;
/// Requests of one call that are under way at once.
const AT_ONCE: usize = 8;

/// What adds to an answer is waited for until then: the call has not much longer, and would lose all.
const PARTS_END: Duration = Duration::from_secs(42);

/// A part of an answer, as far as the call's time goes.
async fn in_time<T>(cx: &Cx, what: &str, part: impl Future<Output = Result<T>>) -> Result<T> {
    within(PARTS_END.saturating_sub(cx.elapsed()), what, part).await
}

async fn within<T>(time: Duration, what: &str, part: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(time, part).await.unwrap_or_else(|_| {
        let message = format!("{what}: AWS did not answer in time.");
        Err(Error::new(Kind::Timeout, message, aws::next_step(Kind::Timeout)))
    })
}

/// Not longer than so many characters. It is masked before: what a cut leaves of a secret, or of what
/// stands around it, may not show that it is one.
fn cut(cx: &Cx, text: &str, most: usize) -> String {
    if text.trim().chars().nth(most).is_none() {
        return text.trim().to_owned();
    }
    match shown(cx, text.into()) {
        Value::String(text) => brief::cut(&text, most),
        _ => String::new(),
    }
}

/// A value as the model may see it.
fn shown(cx: &Cx, value: Value) -> Value {
    const MEMBER: &str = "value";
    let whole = Map::from_iter([(MEMBER.to_owned(), value)]);
    cx.shown(whole).remove(MEMBER).unwrap_or_default()
}

/// A page's size as ECS takes it.
fn page_size(wanted: usize) -> i32 {
    i32::try_from(wanted.clamp(1, MOST_A_CALL)).unwrap_or(i32::MAX)
}

/// What ECS says to a call, with what to call next where something is not there.
fn failed<E>(cx: &Cx, operation: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut error = aws::failed(&cx.action(operation), error);
    let code = error.aws.code.as_deref().unwrap_or_default();
    let words = error.aws.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    // ECS has no code of its own for a definition that is not there.
    let no_definition = code == "ClientException"
        && (words.starts_with("unable to describe task definition")
            || words.starts_with("taskdefinition not found"));
    if code == "ClusterNotFoundException" {
        error.next_step = CLUSTERS.into();
    } else if code == "ServiceNotFoundException" {
        error.next_step = SERVICES.into();
    } else if no_definition {
        error.kind = Kind::NotFound;
        error.retryable = Kind::NotFound.retryable();
        error.message = "there is no such task definition here.".to_owned();
        error.next_step = DEFINITIONS.into();
    }
    error
}

const CLUSTERS: &str =
    "Check the cluster's name and the region; ecs_list_clusters shows what is there.";
const SERVICES: &str =
    "Check the names and the region; ecs_list_services shows the services of a cluster.";
const DEFINITIONS: &str =
    "Check family, revision and region; ecs_list_task_definitions shows what is there.";

/// What ECS did not give, of a description that it did answer.
fn not_given(what: &str, failures: &[Failure], next_step: &'static str) -> Error {
    let reason = failures.iter().find_map(|failure| failure.reason()).unwrap_or("MISSING");
    if reason == "MISSING" {
        return Error::new(Kind::NotFound, format!("there is no {what} here."), next_step);
    }
    let mut error =
        Error::new(Kind::ClientError, format!("ECS did not describe {what}."), "See aws_code.");
    error.aws.code = Some(reason.to_owned());
    error
}

/// One service, as it is now.
async fn find_service(
    cx: &Cx,
    client: &Client,
    cluster: &ClusterRef,
    service: &ServiceRef,
) -> Result<Service> {
    let request = client.describe_services().cluster(cluster.here(cx)?).services(service.here(cx)?);
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeServices", e))?;
    let failures = answer.failures.unwrap_or_default();
    answer.services.unwrap_or_default().into_iter().next().ok_or_else(|| {
        let what = format!("service {} in cluster {}", service.name(), cluster.name());
        not_given(&what, &failures, SERVICES)
    })
}

/// The last part of an ARN: a name, a task's id, `family:revision`.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

// AWS's counts are never below 0.
fn count(number: i32) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_does_not_come_is_left_out() {
        let never = std::future::pending::<Result<()>>();
        let error = within(Duration::from_millis(1), "targets", never).await.unwrap_err();
        assert_eq!(error.kind, Kind::Timeout);
        assert_eq!(within(Duration::ZERO, "targets", async { Ok(1) }).await.unwrap(), 1);
    }
}
