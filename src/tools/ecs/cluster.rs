//! Clusters: which there are, and how one is doing.

use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    Cluster, ClusterField, ClusterSettingName, ContainerInstance, Resource, Service,
};
use aws_smithy_types::DateTime;
use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{EventRow, folded, is_remarkable, last_steady};
use super::health::{Brief, Trouble, Weight};
use super::reference::ClusterRef;
use super::service::{describe_some, name};
use super::usage::{Usage, last_hour};
use super::{
    AT_ONCE, CLUSTERS, MOST_A_CALL, MOST_SERVICES_A_CALL, Plain, count, cut, failed, in_time,
    not_given, page_size, short, text,
};
use crate::error::{Error, Result};
use crate::tools::answer::Truncated;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Services looked at.
const MOST_SERVICES: usize = 1_000;
/// Container instances looked at, and shown of those that are not well.
const MOST_INSTANCES: usize = 500;
const MOST_UNWELL: usize = 10;
const MOST_REASON: usize = 400;
/// Events shown of a service that is not well.
const MOST_EVENTS: usize = 3;
/// After this long no further part is asked for.
const LOOKING: Duration = Duration::from_secs(30);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListClusters {
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ClusterList {
    clusters: Vec<ClusterRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct ClusterRow {
    cluster: String,
    status: String,
    services: usize,
    running_tasks: usize,
    pending_tasks: usize,
    container_instances: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    capacity_providers: Vec<String>,
}

pub(super) async fn list_clusters(cx: Cx, args: ListClusters) -> Result<Answer> {
    let client = cx.ecs().await?;
    let page = |token: Option<String>, size: usize| {
        let request = client.list_clusters().set_next_token(token).max_results(page_size(size));
        let (cx, client) = (&cx, &client);
        async move {
            let answer = request.send().await.map_err(|e| failed(cx, "ecs:ListClusters", e))?;
            let rows = describe(cx, client, answer.cluster_arns()).await?;
            Ok(Page { rows, next: answer.next_token })
        }
    };
    let query = "ecs_list_clusters";
    let (clusters, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = ClusterList { clusters, next_page_token: None, truncated: None };
    Answer::paged(&list, "clusters", cursor)
}

/// The clusters by their ARNs, in this order.
async fn describe(cx: &Cx, client: &Client, arns: &[String]) -> Result<Vec<ClusterRow>> {
    // Without a name ECS describes the cluster `default`.
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let request = client.describe_clusters().set_clusters(Some(arns.to_vec()));
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeClusters", e))?;
    let mut clusters = answer.clusters.unwrap_or_default();
    let place = |c: &Cluster| arns.iter().position(|arn| Some(arn.as_str()) == c.cluster_arn());
    clusters.sort_by_key(|cluster| place(cluster).unwrap_or(usize::MAX));
    Ok(clusters.iter().map(row).collect())
}

fn row(cluster: &Cluster) -> ClusterRow {
    let name = cluster.cluster_name().or(cluster.cluster_arn().map(short));
    ClusterRow {
        cluster: name.unwrap_or_default().to_owned(),
        status: cluster.status().unwrap_or_default().to_owned(),
        services: count(cluster.active_services_count()),
        running_tasks: count(cluster.running_tasks_count()),
        pending_tasks: count(cluster.pending_tasks_count()),
        container_instances: count(cluster.registered_container_instances_count()),
        capacity_providers: cluster.capacity_providers().to_vec(),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneCluster {
    /// Name or ARN
    cluster: ClusterRef,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ClusterHealth {
    verdict: String,
    #[serde(flatten)]
    row: ClusterRow,
    #[schemars(with = "Vec<Plain>")]
    services_in_trouble: Vec<UnwellService>,
    services_looked_at: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    instances: Option<Instances>,
    // disabled, enabled, enhanced
    container_insights: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    usage_last_hour: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
    // Errors of the parts that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    missing: Vec<Error>,
}

#[derive(Serialize, JsonSchema)]
struct UnwellService {
    service: String,
    trouble: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_steady: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventRow>,
}

impl UnwellService {
    fn shorten(&mut self, cx: &Cx) {
        self.events.iter_mut().for_each(|event| event.shorten(cx));
    }
}

// The cluster's container instances.
#[derive(Default, Serialize, JsonSchema)]
struct Instances {
    looked_at: usize,
    #[serde(skip_serializing_if = "is_none")]
    disconnected: usize,
    #[serde(skip_serializing_if = "is_none")]
    not_active: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_well: Vec<UnwellInstance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_reserved_percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_reserved_percent: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct UnwellInstance {
    instance: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    agent_connected: bool,
    running_tasks: usize,
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

pub(super) async fn describe_cluster(cx: Cx, args: OneCluster) -> Result<Answer> {
    let client = cx.ecs().await?;
    let cluster = args.cluster.here(&cx)?;
    let found = find(&cx, &client, &args.cluster).await?;
    let insights = insights(&found);
    let (services, instances, usage) = tokio::join!(
        services(&cx, &client, cluster),
        async {
            match found.registered_container_instances_count() > 0 {
                true => {
                    let instances = instances(&cx, &client, cluster);
                    Some(in_time(&cx, "instances", instances).await)
                }
                false => None,
            }
        },
        async {
            match insights == "disabled" {
                true => Ok((None, None)),
                false => {
                    let usage = last_hour(&cx, args.cluster.name());
                    in_time(&cx, "usage_last_hour", usage).await
                }
            }
        },
    );
    let (services, mut missing) = services;
    let (usage_last_hour, unread) = kept(usage, &mut missing).unwrap_or_default();
    missing.extend(unread);
    let now = DateTime::from(cx.world().config.clock.now()).secs();
    let mut services_in_trouble = unwell(&services, now, &|text| cut(&cx, text, MOST_REASON));
    services_in_trouble.iter_mut().for_each(|service| service.shorten(&cx));
    let row = row(&found);
    let verdict = verdict(&row, services.len(), &services_in_trouble, instances.as_ref());
    let instances = instances.and_then(|instances| kept(instances, &mut missing));
    let health = ClusterHealth {
        row,
        verdict,
        services_in_trouble,
        services_looked_at: services.len(),
        instances,
        container_insights: insights,
        usage_last_hour,
        truncated: None,
        missing,
    };
    let how =
        "Cut to fit. ecs_list_services lists all services, ecs_describe_service tells of one.";
    Answer::listed(&health, "services_in_trouble", how)
}

/// The part, or nothing, and its error among the others.
fn kept<T>(part: Result<T>, missing: &mut Vec<Error>) -> Option<T> {
    part.map_err(|error| missing.push(error)).ok()
}

async fn find(cx: &Cx, client: &Client, cluster: &ClusterRef) -> Result<Cluster> {
    let request =
        client.describe_clusters().clusters(cluster.here(cx)?).include(ClusterField::Settings);
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeClusters", e))?;
    let failures = answer.failures.unwrap_or_default();
    answer
        .clusters
        .unwrap_or_default()
        .into_iter()
        .next()
        .ok_or_else(|| not_given(&format!("cluster {}", cluster.name()), &failures, CLUSTERS))
}

fn insights(cluster: &Cluster) -> String {
    let mut settings = cluster.settings().iter();
    let of = settings.find(|s| s.name() == Some(&ClusterSettingName::ContainerInsights));
    of.and_then(|setting| setting.value()).unwrap_or("disabled").to_owned()
}

/// The cluster's services as far as they could be read, and an error of each kind that came.
async fn services(cx: &Cx, client: &Client, cluster: &str) -> (Vec<Service>, Vec<Error>) {
    let mut errors: Vec<Error> = Vec::new();
    let mut arns: Vec<String> = Vec::new();
    let mut token = None;
    loop {
        let request = client
            .list_services()
            .cluster(cluster)
            .set_next_token(token)
            .max_results(page_size(MOST_A_CALL));
        let request = async { request.send().await.map_err(|e| failed(cx, "ecs:ListServices", e)) };
        match in_time(cx, "services", request).await {
            Ok(answer) => {
                arns.extend(answer.service_arns.unwrap_or_default());
                token = answer.next_token.filter(|token| !token.is_empty());
            }
            Err(error) => {
                errors.push(error);
                break;
            }
        }
        if token.is_none() || arns.len() >= MOST_SERVICES || cx.elapsed() > LOOKING {
            break;
        }
    }
    arns.truncate(MOST_SERVICES);
    let request = |arns| async move {
        match cx.elapsed() > LOOKING {
            true => Ok(Vec::new()),
            false => in_time(cx, "services", describe_some(cx, client, cluster, arns)).await,
        }
    };
    let requests: Vec<_> = arns.chunks(MOST_SERVICES_A_CALL).map(request).collect();
    let mut answers = stream::iter(requests).buffered(AT_ONCE);
    let mut services = Vec::with_capacity(arns.len());
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(some) => services.extend(some),
            Err(error) => {
                if !errors.iter().any(|known| known.kind == error.kind) {
                    errors.push(error);
                }
                continue;
            }
        }
        if services.len() >= 2 * MOST_A_CALL {
            cx.progress(format!("{} of {} services looked at", services.len(), arns.len()));
        }
    }
    (services, errors)
}

/// Those with trouble, the worst first.
fn unwell(services: &[Service], now: i64, brief: &Brief<'_>) -> Vec<UnwellService> {
    let mut unwell: Vec<(Weight, &Service, Trouble)> = services
        .iter()
        .filter_map(|service| {
            let trouble = Trouble::of(service, now, brief);
            Some((trouble.weight?, service, trouble))
        })
        .collect();
    let lacking = |service: &Service| service.desired_count() - service.running_count();
    unwell.sort_by(|(a, one, _), (b, other, _)| {
        let more_lacking = lacking(other).cmp(&lacking(one));
        a.cmp(b).then(more_lacking).then_with(|| one.service_name().cmp(&other.service_name()))
    });
    let told = |(_, service, trouble): (Weight, &Service, Trouble)| {
        let mut events = folded(service.events(), is_remarkable);
        events.truncate(MOST_EVENTS);
        UnwellService {
            service: name(service),
            trouble: trouble.words,
            task_definition: text(service.task_definition().map(short)),
            last_steady: last_steady(service.events()),
            events,
        }
    };
    unwell.into_iter().map(told).collect()
}

/// The container instances, up to 500.
async fn instances(cx: &Cx, client: &Client, cluster: &str) -> Result<Instances> {
    let mut all = Vec::new();
    let mut token = None;
    loop {
        let listed = client
            .list_container_instances()
            .cluster(cluster)
            .set_next_token(token)
            .max_results(page_size(MOST_A_CALL))
            .send()
            .await
            .map_err(|e| failed(cx, "ecs:ListContainerInstances", e))?;
        let arns = listed.container_instance_arns.unwrap_or_default();
        if !arns.is_empty() {
            let described = client
                .describe_container_instances()
                .cluster(cluster)
                .set_container_instances(Some(arns))
                .send()
                .await
                .map_err(|e| failed(cx, "ecs:DescribeContainerInstances", e))?;
            all.extend(described.container_instances.unwrap_or_default());
        }
        token = listed.next_token.filter(|token| !token.is_empty());
        if token.is_none() || all.len() >= MOST_INSTANCES || cx.elapsed() > LOOKING {
            return Ok(summed(&all));
        }
    }
}

fn summed(instances: &[ContainerInstance]) -> Instances {
    let is_active = |instance: &&ContainerInstance| instance.status() == Some("ACTIVE");
    let told = |instance: &ContainerInstance| UnwellInstance {
        instance: text(instance.ec2_instance_id())
            .or_else(|| text(instance.container_instance_arn().map(short)))
            .unwrap_or_default(),
        status: instance.status().unwrap_or_default().to_owned(),
        reason: text(instance.status_reason()),
        agent_connected: instance.agent_connected(),
        running_tasks: count(instance.running_tasks_count()),
    };
    let mut not_well: Vec<&ContainerInstance> =
        instances.iter().filter(|i| !i.agent_connected() || !is_active(i)).collect();
    not_well.sort_by_key(|instance| instance.agent_connected());
    Instances {
        looked_at: instances.len(),
        disconnected: instances.iter().filter(|i| !i.agent_connected()).count(),
        not_active: instances.iter().filter(|i| !is_active(i)).count(),
        not_well: not_well.into_iter().take(MOST_UNWELL).map(told).collect(),
        cpu_reserved_percent: reserved(instances, "CPU"),
        memory_reserved_percent: reserved(instances, "MEMORY"),
    }
}

/// How much of what the instances have is taken by tasks, in percent.
fn reserved(instances: &[ContainerInstance], name: &str) -> Option<i64> {
    let of = |resources: &[Resource]| -> i64 {
        let named = resources.iter().filter(|resource| resource.name() == Some(name));
        named.map(|resource| i64::from(resource.integer_value())).sum()
    };
    let registered: i64 = instances.iter().map(|i| of(i.registered_resources())).sum();
    let remaining: i64 = instances.iter().map(|i| of(i.remaining_resources())).sum();
    (registered > 0).then(|| (registered - remaining) * 100 / registered)
}

fn verdict(
    cluster: &ClusterRow,
    looked_at: usize,
    unwell: &[UnwellService],
    instances: Option<&Result<Instances>>,
) -> String {
    /// Services named.
    const NAMED: usize = 5;
    let mut said = Vec::new();
    if cluster.status != "ACTIVE" {
        said.push(format!("the cluster is {}", cluster.status));
    }
    let names: Vec<&str> = unwell.iter().take(NAMED).map(|u| u.service.as_str()).collect();
    let more = if unwell.len() > NAMED { ", ..." } else { "" };
    said.push(match (looked_at, unwell.len()) {
        (0, _) if cluster.services == 0 => "no services".to_owned(),
        (0, _) => "no service could be looked at".to_owned(),
        (_, 0) => format!("no trouble in {looked_at} services"),
        (_, some) => {
            format!("{some} of {looked_at} services in trouble: {}{more}", names.join(", "))
        }
    });
    if looked_at > 0 && looked_at < cluster.services {
        said.push(format!("{} more not looked at", cluster.services - looked_at));
    }
    match instances {
        None => {}
        Some(Err(error)) => {
            said.push(format!("container instances not known ({})", error.kind.word()));
        }
        Some(Ok(instances)) => {
            if instances.disconnected > 0 {
                said.push(format!("{} container instances disconnected", instances.disconnected));
            }
            let more = cluster.container_instances.saturating_sub(instances.looked_at);
            if more > 0 {
                said.push(format!("{more} more container instances not looked at"));
            }
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, running: i32, desired: i32) -> Service {
        let service = Service::builder().service_name(name).running_count(running);
        service.desired_count(desired).build()
    }

    #[test]
    fn the_worst_comes_first() {
        let all = [
            service("fine", 2, 2),
            service("b-few", 1, 2),
            service("a-few", 1, 2),
            service("fewer", 1, 9),
            service("down", 0, 1),
        ];
        let names: Vec<String> =
            unwell(&all, 0, &str::to_owned).into_iter().map(|u| u.service).collect();
        assert_eq!(names, ["down", "fewer", "a-few", "b-few"]);
    }

    #[test]
    fn the_verdict() {
        let cluster = |services, status: &str| ClusterRow {
            cluster: "shop".into(),
            status: status.into(),
            services,
            running_tasks: 0,
            pending_tasks: 0,
            container_instances: 0,
            capacity_providers: Vec::new(),
        };
        let check = |cluster: &ClusterRow, looked_at, unwell: usize, expected: &str| {
            let services: Vec<Service> =
                (0..unwell).map(|n| service(&format!("s{n}"), 0, 1)).collect();
            let unwell = super::unwell(&services, 0, &str::to_owned);
            assert_eq!(verdict(cluster, looked_at, &unwell, None), expected);
        };
        let some = Ok(Instances { looked_at: 2, disconnected: 1, ..Instances::default() });
        let more = ClusterRow { container_instances: 5, ..cluster(0, "ACTIVE") };
        let expected = "no services; 1 container instances disconnected; \
                        3 more container instances not looked at";
        assert_eq!(verdict(&more, 0, &[], Some(&some)), expected);
        let shop = cluster(3, "ACTIVE");
        check(&shop, 3, 0, "no trouble in 3 services");
        check(&shop, 3, 1, "1 of 3 services in trouble: s0");
        check(&shop, 2, 0, "no trouble in 2 services; 1 more not looked at");
        check(&shop, 0, 0, "no service could be looked at");
        check(&cluster(9, "ACTIVE"), 9, 6, "6 of 9 services in trouble: s0, s1, s2, s3, s4, ...");
        check(&cluster(0, "INACTIVE"), 0, 0, "the cluster is INACTIVE; no services");
    }

    #[test]
    fn instances_are_summed() {
        let resource = |value| Resource::builder().name("CPU").integer_value(value).build();
        let instance = |status: &str, connected| {
            ContainerInstance::builder()
                .ec2_instance_id("i-1")
                .status(status)
                .agent_connected(connected)
                .registered_resources(resource(2_048))
                .remaining_resources(resource(512))
                .build()
        };
        let all = [instance("ACTIVE", true), instance("DRAINING", true), instance("ACTIVE", false)];
        let told = summed(&all);
        assert_eq!((told.looked_at, told.disconnected, told.not_active), (3, 1, 1));
        assert_eq!((told.cpu_reserved_percent, told.memory_reserved_percent), (Some(75), None));
        assert!(!told.not_well[0].agent_connected && told.not_well.len() == 2);
    }
}
