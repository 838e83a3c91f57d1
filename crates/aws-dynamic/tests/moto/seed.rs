//! What the emulator is filled with: one call a line, which either client can make.

use std::collections::BTreeMap;

use serde_json::Value;

use super::emulator::{Moto, Outcome};

const LINES: &str = include_str!("seed.jsonl");

/// One of the two clients.
pub type Caller<'m> = &'m dyn Fn(&str, &str, &Value) -> Outcome;

/// A call that was made.
pub struct Call {
    pub service: String,
    pub operation: String,
    pub input: Value,
    pub output: Value,
}

/// Empties the emulator and makes all calls, each of which must succeed.
pub fn sow(moto: &Moto, call: Caller<'_>) -> Vec<Call> {
    moto.boto(&serde_json::json!(["reset"]));
    let mut kept = BTreeMap::new();
    let mut calls = Vec::new();
    for line in LINES.lines() {
        let line: Vec<Value> = serde_json::from_str(line).unwrap();
        let (service, operation) = (line[0].as_str().unwrap(), line[1].as_str().unwrap());
        let input = filled(&line[2], &kept);
        let output = match call(service, operation, &input) {
            Outcome::Output(output) => output,
            other => panic!("{service}:{operation} {input}: {other:?}"),
        };
        if let Some(name) = line.get(3) {
            kept.insert(name.as_str().unwrap().to_owned(), output.clone());
        }
        calls.push(Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            input,
            output,
        });
    }
    calls
}

/// `"$vpc.Vpc.VpcId"` stands for a member of the answer that was kept as `vpc`.
fn filled(value: &Value, kept: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$').and_then(|path| path.split_once('.')) {
            Some((name, path)) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                let found = kept.get(name).and_then(|answer| answer.pointer(&pointer));
                found.unwrap_or_else(|| panic!("nothing at {text}")).clone()
            }
            None => value.clone(),
        },
        Value::Array(list) => list.iter().map(|value| filled(value, kept)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), filled(value, kept))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
