//! One curated tool's facts, had twice; and how the two are compared.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use crate::world::World;

/// One curated tool, and the same facts by any operation.
pub struct Row {
    pub tool: &'static str,
    /// By the tool.
    pub told: fn(&World) -> Value,
    /// By `aws_read` and `aws_execute` alone.
    pub read: fn(&World) -> Value,
}

/// Checks that both ways of each row have the same facts, and only use their own tools.
pub fn same(world: &World, rows: &[Row]) {
    assert!(!rows.is_empty());
    for row in rows {
        let told = plain(world.told(row));
        let read = plain(world.read_by(row));
        assert!(says_something(&told), "{}: a fact that is none: {told:#}", row.tool);
        assert_eq!(told, read, "{}: by itself and by any operation", row.tool);
    }
}

/// As both ways write it: numbers with a point, times in whole seconds.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => match text.as_bytes().get(10) {
            Some(b'T') => match DateTime::from_str(&text, Format::DateTime) {
                Ok(time) => json!(DateTime::from_secs(time.secs()).to_string()),
                Err(_) => Value::String(text),
            },
            _ => Value::String(text),
        },
        Value::Number(number) => json!(number.as_f64().unwrap()),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, plain(value))).collect()
        }
        other => other,
    }
}

/// Whether no fact is empty, so that no query asked for what is not there: of rows, each member says something in one
/// of them.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty() && members.values().all(says_something),
        Value::Array(items) => match items.first() {
            Some(Value::Object(first)) => first
                .keys()
                .all(|name| items.iter().filter_map(|row| row.get(name)).any(says_something)),
            _ => items.iter().any(says_something),
        },
    }
}
