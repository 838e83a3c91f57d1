//! Changing a service: how many tasks, of which definition, or the same ones anew.

use std::borrow::Cow;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::Service;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::reference::{ClusterRef, DefinitionRef, ServiceRef};
use super::service::{name, primary};
use super::{Plain, count, failed, find_service, short, text};
use crate::error::{Error, Kind, Result};
use crate::gate::{Effect, Look, Need};
use crate::tools::answer::ChangeStatus;
use crate::tools::{Answer, Cx, schema};

/// More tasks than a service may have (5,000 by AWS's own limit) are a mistake.
const MOST_TASKS: i32 = 10_000;

/// How many tasks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DesiredCount(i32);

impl<'de> Deserialize<'de> for DesiredCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let wanted = i64::deserialize(deserializer)?;
        match i32::try_from(wanted) {
            Ok(number) if (0..=MOST_TASKS).contains(&number) => Ok(Self(number)),
            _ => Err(serde::de::Error::custom(format!(
                "desired_count is {wanted}; it can be 0 to {MOST_TASKS}"
            ))),
        }
    }
}

impl JsonSchema for DesiredCount {
    fn schema_name() -> Cow<'static, str> {
        "DesiredCount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 0, "maximum": MOST_TASKS})
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateService {
    /// Name or ARN
    cluster: ClusterRef,
    service: ServiceRef,
    desired_count: Option<DesiredCount>,
    /// Replace the tasks by new ones
    force_new_deployment: Option<bool>,
    /// family (newest), family:revision or ARN
    task_definition: Option<DefinitionRef>,
}

/// Without tasks a service does not serve. What is not a count above 0 may be none.
pub(super) fn effect(arguments: &Map<String, Value>) -> Effect {
    match arguments.get("desired_count") {
        None | Some(Value::Null) => Effect::Write,
        Some(count) if count.as_i64().is_some_and(|count| count > 0) => Effect::Write,
        Some(_) => Effect::Destructive,
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ServiceChange {
    status: ChangeStatus,
    service: String,
    #[schemars(with = "Plain")]
    before: State,
    #[schemars(with = "Plain")]
    after: State,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct State {
    desired: usize,
    running: usize,
    pending: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<String>,
}

impl State {
    fn of(service: &Service) -> Self {
        Self {
            desired: count(service.desired_count()),
            running: count(service.running_count()),
            pending: count(service.pending_count()),
            task_definition: text(service.task_definition().map(short)),
            deployment_id: text(primary(service).and_then(|deployment| deployment.id())),
        }
    }
}

/// What a No to a change is bound to: the service, by name or by ARN.
pub(super) fn resources(arguments: &Map<String, Value>) -> Vec<String> {
    let parsed = schema::parse::<UpdateService>(arguments.clone());
    let named = |args: UpdateService| format!("{}/{}", args.cluster.name(), args.service.name());
    parsed.map(named).into_iter().collect()
}

/// A service as it is, and whether it is as it is wanted.
struct Found {
    service: Service,
    before: State,
    need: Need,
}

async fn find(cx: &Cx, client: &Client, args: &UpdateService) -> Result<Found> {
    let force = args.force_new_deployment.unwrap_or_default();
    if args.desired_count.is_none() && args.task_definition.is_none() && !force {
        return Err(Error::invalid(
            "nothing is to be changed.",
            "Give desired_count, task_definition, or force_new_deployment true.",
        ));
    }
    let service = find_service(cx, client, &args.cluster, &args.service).await?;
    let before = State::of(&service);
    let status = service.status().unwrap_or("UNKNOWN");
    if status != "ACTIVE" {
        return Err(Error::new(
            Kind::ClientError,
            format!("service {} is {status}.", name(&service)),
            "It cannot be changed any more; ecs_list_services shows the services that are there.",
        ));
    }
    let same_count = args.desired_count.is_none_or(|wanted| wanted.0 == service.desired_count());
    let same_definition = match &args.task_definition {
        None => true,
        Some(wanted) => is_current(cx, client, wanted, &before).await?,
    };
    let need = match same_count && same_definition && !force {
        true => Need::Nothing,
        false => Need::Change,
    };
    Ok(Found { service, before, need })
}

pub(super) async fn look(cx: Cx, args: UpdateService) -> Result<Look> {
    let client = cx.ecs().await?;
    let Found { service, before, need } = find(&cx, &client, &args).await?;
    let definition = before.task_definition.as_deref().unwrap_or("no task definition");
    let warning = match args.desired_count.map(|wanted| wanted.0) {
        // Not how many run: the state that is shown must not change by itself.
        Some(0) => {
            format!("all {} tasks end, and the service serves nobody", before.desired)
        }
        Some(wanted) if wanted > service.desired_count() => {
            format!("{wanted} tasks instead of {} cost more", before.desired)
        }
        Some(_) | None => "running tasks are replaced or ended".to_owned(),
    };
    let now = format!("{} has {} tasks desired, of {definition}", name(&service), before.desired);
    Ok(Look { now: vec![now], warning: Some(warning), need, ..Look::default() })
}

pub(super) async fn update_service(cx: Cx, args: UpdateService) -> Result<Answer> {
    let wanted = args.task_definition.as_ref().map(|wanted| wanted.here(&cx)).transpose()?;
    let client = cx.ecs().await?;
    let Found { service, before, need } = find(&cx, &client, &args).await?;
    let name = name(&service);
    if need == Need::Nothing {
        let again = match args.task_definition {
            Some(_) => " force_new_deployment starts its tasks anew.",
            None => "",
        };
        let message = format!("{name} is so already; nothing was sent.{again}");
        let after = before.clone();
        let status = ChangeStatus::NoChange;
        return Answer::of(&ServiceChange { status, service: name, before, after, message });
    }
    let request = client
        .update_service()
        .cluster(args.cluster.here(&cx)?)
        .service(args.service.here(&cx)?)
        .set_desired_count(args.desired_count.map(|wanted| wanted.0))
        .set_task_definition(wanted.map(str::to_owned))
        .set_force_new_deployment(args.force_new_deployment.filter(|force| *force));
    cx.about_to_write(
        "Call ecs_describe_service to see its counts and deployments before you try again.",
    );
    let answer = request.send().await.map_err(|e| failed(&cx, "ecs:UpdateService", e))?;
    let after = answer.service().map_or_else(|| before.clone(), State::of);
    let message = message(&name, &before, &after);
    let status = ChangeStatus::Done;
    Answer::of(&ServiceChange { status, service: name, before, after, message })
}

/// Whether the service has this definition already. A family means its newest revision.
async fn is_current(
    cx: &Cx,
    client: &Client,
    wanted: &DefinitionRef,
    before: &State,
) -> Result<bool> {
    let current = before.task_definition.as_deref();
    if wanted.has_revision() {
        return Ok(current == Some(wanted.name()));
    }
    let request = client.describe_task_definition().task_definition(wanted.here(cx)?);
    let answer = request.send().await.map_err(|e| failed(cx, "ecs:DescribeTaskDefinition", e))?;
    let newest = answer.task_definition().and_then(|definition| definition.task_definition_arn());
    Ok(newest.is_some() && current == newest.map(short))
}

fn message(name: &str, before: &State, after: &State) -> String {
    let mut said = Vec::new();
    if before.desired != after.desired {
        said.push(format!("desired count {} -> {}", before.desired, after.desired));
    }
    if before.task_definition != after.task_definition {
        let word = |state: &State| state.task_definition.clone().unwrap_or_default();
        said.push(format!("task definition {} -> {}", word(before), word(after)));
    }
    if before.deployment_id != after.deployment_id {
        said.push("a new deployment began".to_owned());
    }
    if said.is_empty() {
        said.push("ECS took the change".to_owned());
    }
    format!("{name}: {}. ecs_describe_service shows how it goes.", said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_tasks_at_all_is_destructive() {
        let check = |arguments: Value, expected| {
            let Value::Object(arguments) = arguments else { panic!("{arguments}") };
            assert_eq!(effect(&arguments), expected, "{arguments:?}");
        };
        check(json!({}), Effect::Write);
        check(json!({"desired_count": null}), Effect::Write);
        check(json!({"desired_count": 1}), Effect::Write);
        for none in [json!(0), json!(-1), json!(0.0), json!("0"), json!([]), json!(1.5)] {
            check(json!({"desired_count": none}), Effect::Destructive);
        }
    }

    #[test]
    fn counts() {
        let parse =
            |value: Value| serde_json::from_value::<DesiredCount>(value).map_err(|e| e.to_string());
        assert_eq!(parse(json!(0)), Ok(DesiredCount(0)));
        assert_eq!(parse(json!(10_000)), Ok(DesiredCount(10_000)));
        for bad in [json!(-1), json!(10_001), json!(9_999_999_999_i64)] {
            assert!(parse(bad.clone()).unwrap_err().contains("0 to 10000"), "{bad}");
        }
        for bad in [json!(0.0), json!("3"), json!(true)] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
