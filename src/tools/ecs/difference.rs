//! What differs between two answers of one shape, member by member.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Members that always differ, or are no part of what runs.
const APART: [&str; 4] = ["task_definition", "status", "registered", "registered_by"];
/// Below it values are secrets, of which nothing is told but that they differ.
const VARIABLES: &str = "environment_variables";

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    /// `app.image`: the member, after what it is a member of.
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<&'static str>,
}

pub(super) fn differences(before: &Value, now: &Value) -> Vec<Difference> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten(before, String::new(), &mut old);
    flatten(now, String::new(), &mut new);
    let places: Vec<&String> =
        new.keys().chain(old.keys().filter(|at| !new.contains_key(*at))).collect();
    let differs = |at: &&String| old.get(*at) != new.get(*at) && !APART.contains(&at.as_str());
    let difference = |at: &String| {
        let (before, now) = (old.get(at).cloned(), new.get(at).cloned());
        let at = at.strip_prefix("containers.").unwrap_or(at).to_owned();
        if !at.contains(VARIABLES) {
            return Difference { at, before, now, variable: None };
        }
        let variable = match (before, now) {
            (None, _) => "added",
            (Some(_), None) => "removed",
            (Some(_), Some(_)) => "changed",
        };
        Difference { at, before: None, now: None, variable: Some(variable) }
    };
    places.into_iter().filter(differs).map(difference).collect()
}

/// Every value by where it stands; what has a name stands under it, not at a number.
fn flatten(value: &Value, at: String, all: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(member, below(name), all);
            }
        }
        Value::Array(items) if items.iter().all(|item| name(item).is_some()) => {
            for item in items {
                flatten(item, below(name(item).unwrap_or_default()), all);
            }
        }
        other => {
            all.insert(at, other.clone());
        }
    }
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_told_and_of_variables_no_value() {
        let app = |image: &str, variables: Value| {
            json!({"task_definition": image, "memory_mib": 512, "containers": [
                {"name": "log", "image": "log:1"},
                {"name": "app", "image": image, "ports": ["80/tcp"], "environment_variables": variables}]})
        };
        let before = app("app:1", json!({"A": "1", "B": "correct horse", "C": "3"}));
        let now = app("app:2", json!({"A": "1", "B": "battery", "D": "4"}));
        let told = json!(differences(&before, &now));
        assert_eq!(
            told,
            json!([
                {"at": "app.environment_variables.B", "variable": "changed"},
                {"at": "app.environment_variables.D", "variable": "added"},
                {"at": "app.image", "before": "app:1", "now": "app:2"},
                {"at": "app.environment_variables.C", "variable": "removed"},
            ])
        );
        assert!(differences(&now, &now).is_empty());
        let gone = differences(&now, &json!({"containers": [{"name": "app", "image": "app:2"}]}));
        assert!(gone.iter().any(|one| one.at == "memory_mib" && one.now.is_none()), "{gone:?}");
    }
}
