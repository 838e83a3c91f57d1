//! Services: which there are, and what one of them suffers from.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Deployment, DeploymentConfiguration, LaunchType, Service};
use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{EventRow, folded, last_steady};
use super::health::Trouble;
use super::reference::{ClusterRef, ServiceRef};
use super::target::{TargetGroup, target_groups};
use super::task::{StopGroup, Stopped, stop_groups};
use super::{
    AT_ONCE, MOST_SERVICES_A_CALL, Plain, count, cut, failed, find_service, in_time, is_zero,
    page_size, short, text,
};
use crate::error::{Error, Result};
use crate::tools::answer::Truncated;
use crate::tools::arguments::moment;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Events shown of one service.
const MOST_EVENTS: usize = 10;
const MOST_DEPLOYMENTS: usize = 5;
const MOST_REASON: usize = 300;
/// Sentences of what is wrong with the service itself.
const MOST_TROUBLE: usize = 8;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListServices {
    /// Name or ARN
    cluster: ClusterRef,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ServiceList {
    services: Vec<ServiceRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct ServiceRow {
    service: String,
    status: String,
    desired: usize,
    running: usize,
    pending: usize,
    // Or the capacity providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    // Rollout state of the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed: Option<String>,
}

pub(super) async fn list_services(cx: Cx, args: ListServices) -> Result<Answer> {
    let client = cx.ecs().await?;
    let cluster = args.cluster.here(&cx)?;
    let query = ("ecs_list_services", &args.cluster);
    let page = |token: Option<String>, size: usize| {
        let request = client
            .list_services()
            .cluster(cluster)
            .set_next_token(token)
            .max_results(page_size(size));
        let (cx, client) = (&cx, &client);
        async move {
            let answer = request.send().await.map_err(|e| failed(cx, "ecs:ListServices", e))?;
            let services = describe(cx, client, cluster, answer.service_arns()).await?;
            Ok(Page { rows: services.iter().map(row).collect(), next: answer.next_token })
        }
    };
    let (services, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = ServiceList { services, next_page_token: None, truncated: None };
    Answer::paged(&list, "services", cursor)
}

/// The services by their ARNs, in this order, ten at a time.
async fn describe(
    cx: &Cx,
    client: &Client,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Service>> {
    let chunks = arns.chunks(MOST_SERVICES_A_CALL);
    let requests: Vec<_> = chunks.map(|arns| describe_some(cx, client, cluster, arns)).collect();
    let answers: Vec<Result<Vec<Service>>> =
        stream::iter(requests).buffered(AT_ONCE).collect().await;
    let mut services = Vec::with_capacity(arns.len());
    for answer in answers {
        services.extend(answer?);
    }
    Ok(services)
}

/// At most ten services by their ARNs, in this order.
pub(super) async fn describe_some(
    cx: &Cx,
    client: &Client,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Service>> {
    let request = client.describe_services().cluster(cluster).set_services(Some(arns.to_vec()));
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeServices", e))?;
    let mut services = answer.services.unwrap_or_default();
    let place =
        |service: &Service| arns.iter().position(|arn| Some(arn.as_str()) == service.service_arn());
    services.sort_by_key(|service| place(service).unwrap_or(usize::MAX));
    Ok(services)
}

fn row(service: &Service) -> ServiceRow {
    let primary = primary(service);
    // A service with an external controller has task sets instead.
    let set = service.task_sets().iter().find(|set| set.status() == Some("PRIMARY"));
    let rollout = primary.and_then(|d| d.rollout_state()).map(|state| state.as_str().to_owned());
    let stability = || Some(set?.stability_status()?.as_str().to_owned());
    let definition = service.task_definition().or_else(|| set?.task_definition());
    ServiceRow {
        service: name(service),
        status: service.status().unwrap_or_default().to_owned(),
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
        launch_type: launch_type(service),
        task_definition: text(definition.map(short)),
        deployment: rollout.or_else(stability),
        deployed: primary
            .and_then(|d| d.created_at())
            .or_else(|| set?.created_at())
            .and_then(moment),
    }
}

pub(super) fn name(service: &Service) -> String {
    service.service_name().or(service.service_arn().map(short)).unwrap_or_default().to_owned()
}

/// The deployment that is to be.
pub(super) fn primary(service: &Service) -> Option<&Deployment> {
    service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"))
}

/// The launch type, or the capacity providers.
fn launch_type(service: &Service) -> Option<String> {
    let providers =
        service.capacity_provider_strategy().iter().map(|item| item.capacity_provider());
    let providers: Vec<&str> = providers.collect();
    match providers.is_empty() {
        true => service.launch_type().map(LaunchType::as_str).map(str::to_owned),
        false => Some(providers.join(", ")),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneService {
    /// Name or ARN
    cluster: ClusterRef,
    service: ServiceRef,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ServiceInFull {
    /// What is wrong; absent = nothing
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trouble: Vec<String>,
    #[serde(flatten)]
    row: ServiceRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_steady: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    deployments: Vec<DeploymentRow>,
    /// Of the last hour, alike ones together
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    stopped_tasks: Vec<StopGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_tasks_note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    target_groups: Vec<TargetGroup>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    events: Vec<EventRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_events: Option<usize>,
    #[schemars(with = "Plain")]
    configuration: Configuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
    // Errors of the parts that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    missing: Vec<Error>,
}

#[derive(Serialize, JsonSchema)]
struct DeploymentRow {
    id: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollout_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    desired: usize,
    running: usize,
    pending: usize,
    #[serde(skip_serializing_if = "is_zero")]
    failed_tasks: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduling: Option<String>,
    // Absent = ECS itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_controller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_version: Option<String>,
    circuit_breaker: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_healthy_percent: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_percent: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check_grace_seconds: Option<i32>,
    // Of network mode awsvpc only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subnets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

pub(super) async fn describe_service(cx: Cx, args: OneService) -> Result<Answer> {
    let client = cx.ecs().await?;
    let service = find_service(&cx, &client, &args.cluster, &args.service).await?;
    let cluster = args.cluster.here(&cx)?;
    let name = name(&service);
    let (stopped, targets) = tokio::join!(
        in_time(&cx, "stopped_tasks", stop_groups(&cx, &client, cluster, &name)),
        target_groups(&cx, service.load_balancers())
    );
    let mut missing = Vec::new();
    let stopped = stopped.unwrap_or_else(|error| {
        missing.push(error);
        Stopped { groups: Vec::new(), note: None }
    });
    let now = aws_smithy_types::DateTime::from(cx.world().config.clock.now()).secs();
    let mut trouble = Trouble::of(&service, now, &|text| cut(&cx, text, MOST_REASON)).words;
    trouble.truncate(MOST_TROUBLE);
    trouble.extend(targets.trouble(service.desired_count()));
    missing.extend(targets.errors);
    let mut events = folded(service.events(), |_| true);
    let more_events = events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0);
    events.truncate(MOST_EVENTS);
    events.iter_mut().for_each(|event| event.shorten(&cx));
    let deployments = service.deployments().iter().take(MOST_DEPLOYMENTS);
    // What is long in an answer that is too long.
    let (member, how) = match stopped.groups.is_empty() {
        true => ("events", "Cut to fit: the older events are left out."),
        false => ("stopped_tasks", "Cut to fit. ecs_list_tasks with status stopped gives all."),
    };
    let told = ServiceInFull {
        row: row(&service),
        trouble,
        last_steady: last_steady(service.events()),
        deployments: deployments.map(|one| deployment(&cx, one)).collect(),
        stopped_tasks: stopped.groups,
        stopped_tasks_note: stopped.note,
        target_groups: targets.groups,
        events,
        more_events,
        configuration: configuration(&service),
        truncated: None,
        missing,
    };
    match told.events.is_empty() && told.stopped_tasks.is_empty() {
        true => Answer::of(&told),
        false => Answer::listed(&told, member, how),
    }
}

fn deployment(cx: &Cx, deployment: &Deployment) -> DeploymentRow {
    DeploymentRow {
        id: deployment.id().unwrap_or_default().to_owned(),
        status: deployment.status().unwrap_or_default().to_owned(),
        rollout_state: deployment.rollout_state().map(|state| state.as_str().to_owned()),
        reason: text(deployment.rollout_state_reason())
            .filter(|reason| !reason.ends_with(" completed.") && !reason.ends_with(" in progress."))
            .map(|reason| cut(cx, &reason, MOST_REASON)),
        task_definition: text(deployment.task_definition().map(short)),
        desired: count(deployment.desired_count()),
        running: count(deployment.running_count()),
        pending: count(deployment.pending_count()),
        failed_tasks: deployment.failed_tasks(),
        created: deployment.created_at().and_then(moment),
        updated: deployment.updated_at().and_then(moment),
    }
}

fn configuration(service: &Service) -> Configuration {
    let rollout = service.deployment_configuration();
    let network = service.network_configuration().and_then(|c| c.awsvpc_configuration());
    let controller = service.deployment_controller().map(|controller| controller.r#type().as_str());
    Configuration {
        scheduling: service.scheduling_strategy().map(|s| s.as_str().to_owned()),
        deployment_controller: text(controller.filter(|controller| *controller != "ECS")),
        platform_version: text(service.platform_version()),
        circuit_breaker: circuit_breaker(rollout),
        minimum_healthy_percent: rollout.and_then(|r| r.minimum_healthy_percent()),
        maximum_percent: rollout.and_then(|r| r.maximum_percent()),
        health_check_grace_seconds: service
            .health_check_grace_period_seconds()
            .filter(|seconds| *seconds > 0),
        subnets: network.map(|n| n.subnets().to_vec()).unwrap_or_default(),
        security_groups: network.map(|n| n.security_groups().to_vec()).unwrap_or_default(),
        public_ip: network.and_then(|n| n.assign_public_ip()).map(|ip| ip.as_str() == "ENABLED"),
        created: service.created_at().and_then(moment),
    }
}

fn circuit_breaker(rollout: Option<&DeploymentConfiguration>) -> &'static str {
    match rollout.and_then(|rollout| rollout.deployment_circuit_breaker()) {
        Some(breaker) if breaker.enable() && breaker.rollback() => "on, rolls back",
        Some(breaker) if breaker.enable() => "on, without rollback",
        Some(_) | None => "off",
    }
}
