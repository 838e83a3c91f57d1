//! What a person is told before any operation changes something: what the payload names, and what EC2
//! says to the same request when it is told not to carry it out.

use serde_json::{Map, Value};

use super::named::Chosen;
use crate::gate::{DryRun, Effect, Look, Need};
use crate::tools::Cx;

/// Resources that a person is told of, and characters of each.
const MOST_RESOURCES: usize = 20;
const MOST_NAME: usize = 200;

/// What the payload names: texts of members that are names, ids or the like, at any depth.
pub(super) fn resources(arguments: &Map<String, Value>) -> Vec<String> {
    let Ok(chosen) = Chosen::of(arguments) else { return Vec::new() };
    let mut found = Vec::new();
    name_resources(&chosen.payload, false, &mut found);
    found
}

fn name_resources(value: &Value, is_name: bool, found: &mut Vec<String>) {
    match value {
        _ if found.len() >= MOST_RESOURCES => {}
        Value::String(text) if is_name && !text.is_empty() => {
            let text: String = text.chars().take(MOST_NAME).collect();
            if !found.contains(&text) {
                found.push(text);
            }
        }
        Value::Array(entries) => {
            entries.iter().for_each(|entry| name_resources(entry, is_name, found));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let ends = |end: &str| name.trim_end_matches('s').to_lowercase().ends_with(end);
                let is_name = NAMES.iter().any(|end| ends(end));
                name_resources(field, is_name, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How members end that name what is to be changed.
const NAMES: [&str; 9] =
    ["id", "arn", "name", "identifier", "bucket", "key", "url", "cluster", "table"];

/// What EC2 says to the same request when it is told not to carry it out.
pub(super) fn look(cx: Cx, arguments: Map<String, Value>) -> crate::tools::Looking {
    Box::pin(async move {
        let chosen = Chosen::of(&arguments)?;
        let dry_run = dry_run(&cx, &chosen).await;
        let warning = match chosen.operation.effect_with(&chosen.payload) {
            Effect::Destructive => Some("this cannot be undone".to_owned()),
            Effect::Read | Effect::Write | Effect::Grant | Effect::Secret | Effect::Unknown => None,
        };
        let need = Need::Change;
        Ok(Look { now: Vec::new(), warning, dry_run, from_aws: Vec::new(), need })
    })
}

pub(super) async fn dry_run(cx: &Cx, chosen: &Chosen) -> Option<DryRun> {
    let takes = chosen.model.input().is_some_and(|input| input.member("DryRun").is_some());
    if !cx.dry_runs() || !takes || chosen.service.name() != "ec2" {
        return None;
    }
    let mut input = chosen.payload.as_object().cloned().unwrap_or_default();
    input.insert("DryRun".to_owned(), true.into());
    let input = Value::Object(input);
    let client = cx.dynamic(chosen.names(), &input).await.ok()?;
    let (service, operation) = chosen.names();
    Some(match client.call(service, operation, &input).await {
        // It was told not to, and says that it did.
        Ok(_) => DryRun::Unknown,
        Err(error) => match error.service_error().map(|error| error.code.as_str()) {
            Some("DryRunOperation") => DryRun::WouldSucceed,
            Some(code) => DryRun::WouldFail(code.to_owned()),
            None => DryRun::Unknown,
        },
    })
}
