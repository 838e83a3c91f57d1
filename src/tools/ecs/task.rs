//! Tasks: which run, and why the others stopped.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Container, DesiredStatus, HealthStatus, Task};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::kind;
use super::reference::{ClusterRef, ServiceRef};
use super::{MOST_A_CALL, Plain, cut, failed, page_size, short, text};
use crate::error::Result;
use crate::tools::answer::Truncated;
use crate::tools::arguments::moment;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Reasons shown of one service, each for all the tasks that stopped so, and containers of each.
const MOST_GROUPS: usize = 8;
const MOST_CONTAINERS: usize = 3;
const MOST_REASON: usize = 400;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Running,
    Stopped,
}

impl Status {
    fn wanted(self) -> DesiredStatus {
        match self {
            Self::Running => DesiredStatus::Running,
            Self::Stopped => DesiredStatus::Stopped,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListTasks {
    /// Name or ARN
    cluster: ClusterRef,
    service: Option<ServiceRef>,
    /// Default running
    status: Option<Status>,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct TaskList {
    #[schemars(with = "Vec<Plain>")]
    tasks: Vec<TaskRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct TaskRow {
    task: String,
    // `service:checkout`, or another group.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Those that exited or are not well
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<ContainerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    az: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct ContainerRow {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<String>,
}

impl TaskRow {
    fn shortened(self, cx: &Cx) -> Self {
        let reason = self.reason.map(|reason| cut(cx, &reason, MOST_REASON));
        let containers = self.containers.into_iter().map(|c| c.shortened(cx)).collect();
        Self { reason, containers, ..self }
    }
}

impl ContainerRow {
    fn shortened(self, cx: &Cx) -> Self {
        Self { reason: self.reason.map(|reason| cut(cx, &reason, MOST_REASON)), ..self }
    }
}

pub(super) async fn list_tasks(cx: Cx, args: ListTasks) -> Result<Answer> {
    let client = cx.ecs().await?;
    let cluster = args.cluster.here(&cx)?;
    let service = args.service.as_ref().map(|service| service.here(&cx)).transpose()?;
    let status = args.status.unwrap_or_default();
    let query = ("ecs_list_tasks", &args.cluster, &args.service, status);
    // Always the same page: rows are sorted within it, and a token counts them.
    let page = |token: Option<String>, _| {
        let request = client
            .list_tasks()
            .cluster(cluster)
            .set_service_name(service.map(str::to_owned))
            .desired_status(status.wanted())
            .set_next_token(token)
            .max_results(page_size(MOST_A_CALL));
        let (cx, client) = (&cx, &client);
        async move {
            let answer = request.send().await.map_err(|e| failed(cx, "ecs:ListTasks", e))?;
            let tasks = describe(cx, client, cluster, answer.task_arns()).await?;
            let rows = tasks.iter().map(|task| row(task).shortened(cx)).collect();
            Ok(Page { rows, next: answer.next_token })
        }
    };
    let (tasks, cursor) = list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = TaskList { tasks, next_page_token: None, truncated: None };
    Answer::paged(&list, "tasks", cursor)
}

/// At most 100 tasks by their ARNs, the newest first. That one was made does not change any more.
async fn describe(cx: &Cx, client: &Client, cluster: &str, arns: &[String]) -> Result<Vec<Task>> {
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let request = client.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec()));
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeTasks", e))?;
    let mut tasks = answer.tasks.unwrap_or_default();
    let time = |task: &Task| task.created_at().map_or(i64::MAX, DateTime::secs);
    tasks.sort_by(|a, b| time(b).cmp(&time(a)).then_with(|| a.task_arn().cmp(&b.task_arn())));
    Ok(tasks)
}

fn row(task: &Task) -> TaskRow {
    let provider = task.capacity_provider_name();
    let health = task.health_status().filter(|health| **health != HealthStatus::UnknownValue);
    let addresses = task.containers().iter().flat_map(|container| container.network_interfaces());
    TaskRow {
        task: short(task.task_arn().unwrap_or_default()).to_owned(),
        group: text(task.group()),
        status: task.last_status().unwrap_or_default().to_owned(),
        health: health.map(|health| health.as_str().to_owned()),
        stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
        reason: text(task.stopped_reason()),
        containers: containers(task),
        task_definition: text(task.task_definition_arn().map(short)),
        launch_type: text(provider.or(task.launch_type().map(|t| t.as_str()))),
        az: text(task.availability_zone()),
        private_ip: addresses
            .filter_map(|interface| interface.private_ipv4_address())
            .next()
            .map(str::to_owned),
        container_instance: text(task.container_instance_arn().map(short)),
        started: task.started_at().and_then(moment),
        stopped: task.stopped_at().and_then(moment),
    }
}

/// The containers that have ended, or are not well.
fn containers(task: &Task) -> Vec<ContainerRow> {
    let told = |container: &&Container| {
        container.exit_code().is_some()
            || container.reason().is_some_and(|reason| !reason.is_empty())
            || container.health_status() == Some(&HealthStatus::Unhealthy)
    };
    let row = |container: &Container| ContainerRow {
        name: container.name().unwrap_or_default().to_owned(),
        exit_code: container.exit_code(),
        reason: text(container.reason()),
        health: (container.health_status() == Some(&HealthStatus::Unhealthy))
            .then(|| "UNHEALTHY".to_owned()),
    };
    task.containers().iter().filter(told).map(row).collect()
}

/// Tasks that stopped for the same reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StopGroup {
    tasks: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<ContainerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_containers: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
    // The newest one's id: its log stream ends with it.
    newest_task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<String>,
}

impl StopGroup {
    /// With a few containers: those that failed come before those that were ended with them.
    fn shortened(mut self, cx: &Cx) -> Self {
        self.containers.sort_by_key(|c| c.exit_code == Some(0));
        self.more_containers =
            self.containers.len().checked_sub(MOST_CONTAINERS).filter(|more| *more > 0);
        self.containers.truncate(MOST_CONTAINERS);
        let reason = self.reason.map(|reason| cut(cx, &reason, MOST_REASON));
        let containers = self.containers.into_iter().map(|c| c.shortened(cx)).collect();
        Self { reason, containers, ..self }
    }
}

/// Why a service's tasks stopped.
pub(super) struct Stopped {
    pub(super) groups: Vec<StopGroup>,
    /// What of it is not told.
    pub(super) note: Option<String>,
}

/// Why the service's tasks of the last hour stopped: of at most 100, the newest reason first.
pub(super) async fn stop_groups(
    cx: &Cx,
    client: &Client,
    cluster: &str,
    service: &str,
) -> Result<Stopped> {
    let answer = client
        .list_tasks()
        .cluster(cluster)
        .service_name(service)
        .desired_status(DesiredStatus::Stopped)
        .max_results(page_size(MOST_A_CALL))
        .send()
        .await
        .map_err(|e| failed(cx, "ecs:ListTasks", e))?;
    let mut tasks = describe(cx, client, cluster, answer.task_arns()).await?;
    let time = |task: &Task| task.stopped_at().map_or(i64::MAX, DateTime::secs);
    tasks.sort_by_key(|task| std::cmp::Reverse(time(task)));
    let mut groups = grouped(&tasks);
    let mut notes = Vec::new();
    if answer.next_token().is_some_and(|token| !token.is_empty()) {
        let looked_at = tasks.len();
        notes.push(format!(
            "More tasks stopped than the {looked_at} that these are of, which ECS chose in no order."
        ));
    }
    if let Some(more) = groups.len().checked_sub(MOST_GROUPS).filter(|more| *more > 0) {
        notes.push(format!("{more} more groups."));
    }
    if !notes.is_empty() {
        notes.push("ecs_list_tasks with status stopped gives all.".to_owned());
    }
    groups.truncate(MOST_GROUPS);
    let groups = groups.into_iter().map(|group| group.shortened(cx)).collect();
    Ok(Stopped { groups, note: text(Some(&notes.join(" "))) })
}

/// Newest first, as the tasks are.
fn grouped(tasks: &[Task]) -> Vec<StopGroup> {
    let alike = |task: &Task| {
        let containers = containers(task)
            .into_iter()
            .map(|c| (c.name, c.exit_code, c.reason.as_deref().map(kind)));
        let reason = task.stopped_reason().map(kind);
        let code = task.stop_code().map(|code| code.as_str().to_owned());
        let definition = task.task_definition_arn().map(str::to_owned);
        (code, reason, containers.collect::<Vec<_>>(), definition)
    };
    let mut groups: Vec<(_, StopGroup)> = Vec::new();
    for task in tasks {
        let alike = alike(task);
        let row = row(task);
        match groups.iter_mut().find(|(known, _)| *known == alike) {
            Some((_, group)) => {
                group.tasks += 1;
                group.oldest = row.stopped;
            }
            None => groups.push((
                alike,
                StopGroup {
                    tasks: 1,
                    stop_code: row.stop_code,
                    reason: row.reason,
                    containers: row.containers,
                    more_containers: None,
                    task_definition: row.task_definition,
                    newest: row.stopped,
                    newest_task: row.task,
                    oldest: None,
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(at: i64, id: &str, exit_code: i32) -> Task {
        let app = Container::builder().name("app").exit_code(exit_code).build();
        let proxy = Container::builder().name("proxy").build();
        Task::builder()
            .task_arn(format!("arn:aws:ecs:r:1:task/shop/{id}"))
            .stopped_reason(format!("Essential container in task {id} exited"))
            .stopped_at(DateTime::from_secs(at))
            .containers(app)
            .containers(proxy)
            .build()
    }

    #[test]
    fn tasks_that_stopped_alike_are_told_together() {
        let groups = grouped(&[task(30, "0c", 137), task(20, "0b", 1), task(10, "0a", 137)]);
        assert_eq!(groups.len(), 2);
        let first = &groups[0];
        assert_eq!((first.tasks, first.newest_task.as_str()), (2, "0c"));
        assert_eq!(first.newest.as_deref(), Some("1970-01-01T00:00:30Z"));
        assert_eq!(first.oldest.as_deref(), Some("1970-01-01T00:00:10Z"));
        assert_eq!((first.containers.len(), first.containers[0].exit_code), (1, Some(137)));
        assert_eq!((groups[1].tasks, groups[1].oldest.as_deref()), (1, None));
    }
}
