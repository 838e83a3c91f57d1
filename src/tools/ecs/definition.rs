//! Task definitions: which there are, and what one says of its containers.

use std::collections::BTreeMap;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    ContainerDefinition, LogConfiguration, PortMapping, SortOrder, TaskDefinition,
    TaskDefinitionFamilyStatus, TaskDefinitionStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::difference::{Difference, differences};
use super::reference::DefinitionRef;
use super::{DEFINITIONS, Plain, count, cut, failed, is_zero, page_size, short, shown, text};
use crate::error::{Error, Kind, Result, echo};
use crate::tools::answer::Truncated;
use crate::tools::arguments::moment;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Families named where the whole name was not given.
const MOST_FAMILIES: i32 = 20;
/// Characters of a command.
const MOST_COMMAND: usize = 500;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Active,
    Inactive,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListDefinitions {
    /// Whole family; part of it gives `families`
    family_prefix: Option<String>,
    status: Option<Status>,
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct DefinitionList {
    task_definitions: Vec<String>,
    // Where family_prefix is no family: those that begin so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    families: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

pub(super) async fn list_task_definitions(cx: Cx, args: ListDefinitions) -> Result<Answer> {
    let prefix = args.family_prefix.as_deref().map(family).transpose()?;
    let status = args.status.unwrap_or_default();
    let client = cx.ecs().await?;
    let wanted = match status {
        Status::Active => TaskDefinitionStatus::Active,
        Status::Inactive => TaskDefinitionStatus::Inactive,
    };
    let query = ("ecs_list_task_definitions", prefix, status);
    let page = |token: Option<String>, size: usize| {
        let request = client
            .list_task_definitions()
            .set_family_prefix(prefix.map(str::to_owned))
            .status(wanted.clone())
            .sort(SortOrder::Desc)
            .set_next_token(token)
            .max_results(page_size(size));
        let cx = &cx;
        async move {
            let answer =
                request.send().await.map_err(|e| failed(cx, "ecs:ListTaskDefinitions", e))?;
            let rows = answer.task_definition_arns().iter().map(|arn| short(arn).to_owned());
            Ok(Page { rows: rows.collect::<Vec<String>>(), next: answer.next_token })
        }
    };
    let (task_definitions, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    // ECS compares whole families here, whatever it calls it.
    let families = match prefix {
        Some(prefix) if task_definitions.is_empty() && args.page_token.is_none() => client
            .list_task_definition_families()
            .family_prefix(prefix)
            .status(match status {
                Status::Active => TaskDefinitionFamilyStatus::Active,
                Status::Inactive => TaskDefinitionFamilyStatus::Inactive,
            })
            .max_results(MOST_FAMILIES)
            .send()
            .await
            .map_err(|e| failed(&cx, "ecs:ListTaskDefinitionFamilies", e))?
            .families
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    let list =
        DefinitionList { task_definitions, families, next_page_token: None, truncated: None };
    Answer::paged(&list, "task_definitions", cursor)
}

fn family(prefix: &str) -> Result<&str> {
    let prefix = prefix.trim();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=255).contains(&prefix.len()) && prefix.bytes().all(is_name) {
        return Ok(prefix);
    }
    Err(Error::invalid(
        format!("family_prefix: {} is no family's name or the beginning of one.", echo(prefix)),
        "Give the family without revision: letters, digits, - and _.",
    ))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneDefinition {
    /// family (newest), family:revision or ARN
    task_definition: DefinitionRef,
    /// Another; gives `changes` since it
    compare_with: Option<DefinitionRef>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct DefinitionInFull {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Plain>")]
    changes: Option<Vec<Difference>>,
    task_definition: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_by: Option<String>,
    // 1024 are one vCPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_mib: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_mode: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operating_system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage_gib: Option<i32>,
    // What the containers may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_role: Option<String>,
    // What ECS may do to start them.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_role: Option<String>,
    #[schemars(with = "Vec<Plain>")]
    containers: Vec<ContainerRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    volumes: Vec<VolumeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct ContainerRow {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    essential: bool,
    #[serde(skip_serializing_if = "is_zero")]
    cpu_units: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_mib: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_reservation_mib: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check: Option<HealthCheck>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Log>,
    // The mask knows by this name that all below are variables, whatever they are called.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    environment_variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environment_files: Vec<String>,
    // Where each comes from, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<SecretRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_timeout_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_timeout_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    privileged: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    readonly_root_filesystem: bool,
}

#[derive(Serialize, JsonSchema)]
struct HealthCheck {
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_period_seconds: Option<i32>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Log {
    driver: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    // Names alone: drivers take tokens and passwords here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_options: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct SecretRow {
    name: String,
    value_from: String,
}

#[derive(Serialize, JsonSchema)]
struct VolumeRow {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    efs: Option<String>,
}

pub(super) async fn describe_task_definition(cx: Cx, args: OneDefinition) -> Result<Answer> {
    let client = cx.ecs().await?;
    let other = async {
        match &args.compare_with {
            None => Ok(None),
            Some(other) => find(&cx, &client, other).await.map(Some),
        }
    };
    let (mut definition, other) =
        tokio::try_join!(find(&cx, &client, &args.task_definition), other)?;
    if let Some(other) = other {
        let json =
            |definition: &DefinitionInFull| serde_json::to_value(definition).unwrap_or_default();
        definition.changes = Some(differences(&json(&other), &json(&definition)));
    }
    let how = "Cut to fit: the last containers are left out.";
    Answer::listed(&definition, "containers", how)
}

async fn find(cx: &Cx, client: &Client, wanted: &DefinitionRef) -> Result<DefinitionInFull> {
    let request = client.describe_task_definition().task_definition(wanted.here(cx)?);
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeTaskDefinition", e))?;
    answer.task_definition().map(|found| told(cx, found)).ok_or_else(|| {
        let what = format!("there is no task definition {} here.", wanted.name());
        Error::new(Kind::NotFound, what, DEFINITIONS)
    })
}

fn told(cx: &Cx, definition: &TaskDefinition) -> DefinitionInFull {
    let container = |one: &ContainerDefinition| container(cx, one);
    let platform = definition.runtime_platform();
    let (family, revision) = (definition.family().unwrap_or_default(), definition.revision());
    DefinitionInFull {
        changes: None,
        task_definition: format!("{family}:{revision}"),
        status: definition.status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
        registered: definition.registered_at().and_then(moment),
        registered_by: text(definition.registered_by()),
        cpu_units: definition.cpu().and_then(|cpu| cpu.parse().ok()),
        memory_mib: definition.memory().and_then(|memory| memory.parse().ok()),
        network_mode: definition.network_mode().map(|mode| mode.as_str().to_owned()),
        requires: definition
            .requires_compatibilities()
            .iter()
            .map(|compatibility| compatibility.as_str().to_owned())
            .collect(),
        architecture: platform.and_then(|p| p.cpu_architecture()).map(|a| a.as_str().to_owned()),
        operating_system: platform
            .and_then(|p| p.operating_system_family())
            .map(|family| family.as_str().to_owned()),
        ephemeral_storage_gib: definition.ephemeral_storage().map(|storage| storage.size_in_gib()),
        task_role: text(definition.task_role_arn()),
        execution_role: text(definition.execution_role_arn()),
        containers: definition.container_definitions().iter().map(container).collect(),
        volumes: definition
            .volumes()
            .iter()
            .map(|volume| VolumeRow {
                name: volume.name().unwrap_or_default().to_owned(),
                host_path: text(volume.host().and_then(|host| host.source_path())),
                efs: volume.efs_volume_configuration().map(|efs| {
                    format!("{}{}", efs.file_system_id(), efs.root_directory().unwrap_or_default())
                }),
            })
            .collect(),
        truncated: None,
    }
}

fn container(cx: &Cx, container: &ContainerDefinition) -> ContainerRow {
    let variables = container.environment().iter().filter_map(|pair| {
        Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().to_owned()))
    });
    let check = container.health_check().map(|check| HealthCheck {
        command: words(cx, check.command()).unwrap_or_default(),
        interval_seconds: check.interval(),
        timeout_seconds: check.timeout(),
        retries: check.retries(),
        start_period_seconds: check.start_period(),
    });
    ContainerRow {
        name: container.name().unwrap_or_default().to_owned(),
        image: text(container.image()),
        // ECS: all are, unless it is said.
        essential: container.essential().unwrap_or(true),
        cpu_units: container.cpu(),
        memory_mib: container.memory(),
        memory_reservation_mib: container.memory_reservation(),
        ports: container.port_mappings().iter().map(port).collect(),
        entry_point: words(cx, container.entry_point()),
        command: words(cx, container.command()),
        health_check: check,
        depends_on: container
            .depends_on()
            .iter()
            .map(|on| format!("{} {}", on.container_name(), on.condition().as_str()))
            .collect(),
        log: container.log_configuration().map(log),
        environment_variables: variables.collect(),
        environment_files: container
            .environment_files()
            .iter()
            .map(|file| file.value().to_owned())
            .collect(),
        secrets: container
            .secrets()
            .iter()
            .map(|secret| SecretRow {
                name: secret.name().to_owned(),
                value_from: secret.value_from().to_owned(),
            })
            .collect(),
        mounts: container
            .mount_points()
            .iter()
            .map(|mount| {
                let way = if mount.read_only() == Some(true) { " (read-only)" } else { "" };
                let volume = mount.source_volume().unwrap_or_default();
                format!("{volume} at {}{way}", mount.container_path().unwrap_or_default())
            })
            .collect(),
        start_timeout_seconds: container.start_timeout(),
        stop_timeout_seconds: container.stop_timeout(),
        user: text(container.user()),
        privileged: container.privileged() == Some(true),
        readonly_root_filesystem: container.readonly_root_filesystem() == Some(true),
    }
}

/// Arguments as one line. They are masked as a list before: only there it shows where each ends. As a
/// line they are masked once more, since there they are read together.
fn words(cx: &Cx, words: &[String]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let Value::Array(words) = shown(cx, json!(words)) else { return None };
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    Some(cut(cx, &words.join(" "), MOST_COMMAND))
}

/// `8080/tcp`, `8080->80/tcp`, `8000-8010/tcp`
fn port(port: &PortMapping) -> String {
    let protocol = port.protocol().map_or("tcp", |protocol| protocol.as_str());
    let inside = match (port.container_port_range(), port.container_port()) {
        (Some(range), _) => range.to_owned(),
        (None, number) => count(number.unwrap_or_default()).to_string(),
    };
    match port.host_port() {
        Some(host) if host > 0 && Some(host) != port.container_port() => {
            format!("{host}->{inside}/{protocol}")
        }
        _ => format!("{inside}/{protocol}"),
    }
}

fn log(log: &LogConfiguration) -> Log {
    let known = ["awslogs-group", "awslogs-stream-prefix", "awslogs-region"];
    let option = |name: &str| log.options().and_then(|options| options.get(name)).cloned();
    let [group, stream_prefix, region] = known.map(option);
    let names = log.options().into_iter().flat_map(|options| options.keys());
    let mut other_options: Vec<String> =
        names.filter(|name| !known.contains(&name.as_str())).cloned().collect();
    other_options.sort();
    Log {
        driver: log.log_driver().as_str().to_owned(),
        group,
        stream_prefix,
        region,
        other_options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::LogDriver;

    #[test]
    fn ports_as_lines() {
        let check = |container: Option<i32>, host: Option<i32>, expected: &str| {
            let mapping =
                PortMapping::builder().set_container_port(container).set_host_port(host).build();
            assert_eq!(port(&mapping), expected);
        };
        check(Some(80), None, "80/tcp");
        check(Some(80), Some(80), "80/tcp");
        check(Some(80), Some(0), "80/tcp");
        check(Some(80), Some(8080), "8080->80/tcp");
        let range = PortMapping::builder().container_port_range("8000-8010").build();
        assert_eq!(port(&range), "8000-8010/tcp");
    }

    #[test]
    fn of_a_log_drivers_other_options_the_names_alone_are_told() {
        let configuration = LogConfiguration::builder()
            .log_driver(LogDriver::Splunk)
            .options("splunk-token", "x")
            .options("awslogs-group", "/ecs/web")
            .build()
            .unwrap();
        let told = log(&configuration);
        assert_eq!(told.other_options, ["splunk-token"]);
        assert_eq!(told.group.as_deref(), Some("/ecs/web"));
    }

    #[test]
    fn a_family_is_a_name() {
        assert_eq!(family(" web-1_x ").unwrap(), "web-1_x");
        for bad in ["", "web:1", "web*", "a/b", "\u{202e}"] {
            assert!(family(bad).is_err(), "{bad}");
        }
    }
}
