//! A tool's Rust types -> the JSON Schemas that the host sees, and a call's arguments -> those types.

use std::time::SystemTime;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::arguments::{MOMENT, When};
use super::{Target, Tool};
use crate::error::{Error, Result, nearest};
use crate::gate::Effect;

/// The schema of an argument type.
pub fn of_input<T: JsonSchema>() -> Schema {
    generate::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of a result type.
pub fn of_output<T: JsonSchema>() -> Schema {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

/// The schema of what can be any JSON: an object, because clients stumble over a bare `true`.
pub fn of_anything(_: &mut schemars::SchemaGenerator) -> Schema {
    schemars::json_schema!({"description": "Any JSON"})
}

/// JSON Schema 2020-12, nothing referenced, nothing that a model does not need.
fn generate<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

/// The arguments with each time that is said as a distance from now (`-3h`) put as the moment that it
/// means, and those moments in words where there are any.
pub fn resolve_times(
    times: &[String],
    arguments: &Map<String, Value>,
    now: SystemTime,
) -> (Map<String, Value>, Option<String>) {
    let mut resolved = arguments.clone();
    let mut said = Vec::new();
    for (name, value) in &mut resolved {
        if times.contains(name)
            && let Some(text) = value.as_str()
            && let Some(moment) = When::resolved(text, now)
        {
            said.push(format!("{name} {moment}"));
            *value = moment.into();
        }
    }
    (resolved, (!said.is_empty()).then(|| said.join(" and ")))
}

/// The names of a tool's arguments that are times.
pub fn times(tool: &Tool) -> Vec<String> {
    let schema = (tool.handler.input)();
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_time = |(_, schema): &(&String, &Value)| schema.get("format") == Some(&json!(MOMENT));
    properties.into_iter().flatten().filter(is_time).map(|(name, _)| name.clone()).collect()
}

/// A tool's input schema, with the target's properties in it.
pub fn input(tool: &Tool) -> Map<String, Value> {
    let mut schema = (tool.handler.input)().ensure_object().clone();
    slim(&mut schema);
    schema.remove("title");
    schema.remove("description");
    schema.entry("type").or_insert_with(|| json!("object"));
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        // The names of the other two say what they are; every tool's words cost every conversation.
        if tool.target == Target::Aws {
            let profile = json!({"type": "string", "description": "See aws_list_profiles"});
            properties.insert("profile".to_owned(), profile);
            properties.insert("role_arn".to_owned(), json!({"type": "string"}));
            properties.insert("region".to_owned(), json!({"type": "string"}));
        }
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// A tool's output schema. An error has the same place as an answer, so only what both have is
/// required: a write's `status`. It names the members of the answer and of its rows; what lies deeper
/// shows by itself, and would cost every conversation its bytes.
pub fn output(tool: &Tool) -> Map<String, Value> {
    let mut schema = (tool.handler.output)().ensure_object().clone();
    slim(&mut schema);
    shorten(&mut schema, DEPTH);
    schema.remove("title");
    schema.remove("description");
    schema.entry("type").or_insert_with(|| json!("object"));
    if tool.target == Target::Aws
        && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.insert("target".to_owned(), json!({"type": "object"}));
    }
    if tool.effects.strongest() == Effect::Read {
        schema.remove("required");
        // Policy can have a person asked about a read too.
        if tool.target == Target::Aws
            && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        {
            properties.entry("status").or_insert_with(|| json!({"type": "string"}));
        }
    } else {
        schema.insert("required".to_owned(), json!(["status"]));
        let words = json!({"type": "string", "enum": STATUS});
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("status".to_owned(), words);
            for name in APPROVAL {
                properties.insert(name.to_owned(), json!({"type": "string"}));
            }
        }
    }
    schema
}

/// The members of the answer, and those of a member or of its rows.
const DEPTH: usize = 2;

/// Leaves out what lies more than so many levels of members deep.
fn shorten(schema: &mut Map<String, Value>, levels: usize) {
    // An answer may lack any member, and what a number can be is not said of answers.
    for word in ["required", "minimum", "maximum"] {
        schema.remove(word);
    }
    if levels == 0 {
        for inner in ["properties", "items", "additionalProperties"] {
            schema.remove(inner);
        }
        return;
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(Value::Object(schema)) = schema.get_mut(inner) {
            shorten(schema, levels);
        }
    }
    for choice in ["anyOf", "oneOf"] {
        for schema in schema.get_mut(choice).and_then(Value::as_array_mut).into_iter().flatten() {
            schema.as_object_mut().into_iter().for_each(|schema| shorten(schema, levels));
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for schema in properties.values_mut().filter_map(Value::as_object_mut) {
            shorten(schema, levels - 1);
        }
    }
}

/// How a write can end, whichever tool it was.
const STATUS: [&str; 4] = ["done", "no_change", "approval_required", "unknown"];

/// What `approval_required` comes with.
const APPROVAL: [&str; 4] = ["approval_id", "summary", "expires_at", "how"];

/// Refuses an argument that the tool does not have, with the nearest that it has.
pub fn refuse_unknown(input: &Map<String, Value>, arguments: &Map<String, Value>) -> Result<()> {
    let names: Vec<&str> = input
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    for given in arguments.keys() {
        if !names.contains(&given.as_str()) {
            let near = nearest(given, names.iter().copied())
                .map(|near| format!(" Did you mean {near}?"))
                .unwrap_or_default();
            let takes = match names.is_empty() {
                true => "It takes no arguments.".to_owned(),
                false => format!("It takes: {}.", names.join(", ")),
            };
            return Err(Error::invalid(format!("there is no argument {given:?}.{near}"), takes));
        }
    }
    Ok(())
}

/// Arguments -> the tool's own type, with the path of what is wrong.
pub fn parse<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|e| {
        let path = e.path().to_string();
        let place = if path == "." { String::new() } else { format!("{path}: ") };
        // Rust's name of a type is not the caller's.
        let why = e.inner().to_string().replace("usize", "a whole number");
        Error::invalid(
            format!("{place}{why}."),
            "Mend the argument as the tool's input schema says.",
        )
    })
}

/// Takes out what costs bytes and tells a model nothing: `format`, `null` as a type, defaults of
/// nothing, titles.
fn slim(schema: &mut Map<String, Value>) {
    schema.remove("format");
    schema.remove("title");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [only] = choices.as_slice() {
            let only = only.as_object().cloned().unwrap_or_default();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.entry(key).or_insert(value);
            }
        }
    }
    for value in schema.values_mut() {
        slim_value(value);
    }
}

fn slim_value(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // `properties` holds names, not keywords: a property may be called `format`.
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                properties.values_mut().for_each(slim_value);
                let kept = members.remove("properties");
                slim(members);
                if let Some(kept) = kept {
                    members.insert("properties".to_owned(), kept);
                }
            } else {
                slim(members);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(slim_value),
        _ => {}
    }
}
