//! Schemas, examples and outlines of all operations, held against the meta-schema, against each other
//! and against `validate`; and inputs with damage of every kind, of which none gets past both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use aws_dynamic::catalog::Models;
use aws_dynamic::model::Operation;
use aws_dynamic::model::terms::Protocol;
use aws_dynamic::protocol::{Exchange, Unsupported};
use aws_dynamic::schema::{LIMIT, Opening, example, facts, input, outline};
use aws_dynamic::validate::{Coercion, Invalid, validate};
use serde_json::{Map, Value, json};

const WHOLE: Opening<'static> = Opening { depth: None, path: "", limit: usize::MAX };

fn operations() -> impl Iterator<Item = Operation<'static>> {
    let models = Models::get().unwrap();
    let services: Vec<&str> = models.names().collect();
    services.into_iter().flat_map(move |name| models.service(name).unwrap().unwrap().operations())
}

fn called(operation: Operation<'_>) -> String {
    format!("{}:{}", operation.service().name(), operation.name())
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// What was seen of some operations.
#[derive(Debug, Default)]
struct Seen {
    operations: usize,
    /// Those whose whole input fits.
    uncut: usize,
    /// Those whose example meets with a warning.
    warned: Vec<String>,
    faults: Vec<String>,
}

impl Seen {
    fn check(&mut self, operation: Operation<'static>) {
        self.operations += 1;
        if let Err(fault) = self.checked(operation) {
            self.faults.push(format!("{}: {fault}", called(operation)));
        }
    }

    fn checked(&mut self, operation: Operation<'static>) -> Result<(), String> {
        let whole = input(operation, &WHOLE).map_err(|e| e.to_string())?;
        is_schema(&whole)?;
        let example = example(operation);
        let valid = validate(operation, &example, Coercion::Off).map_err(|e| e.to_string())?;
        if Value::Object(valid.input) != example {
            return Err("the example is changed by validation".to_owned());
        }
        if !valid.warnings.is_empty() {
            self.warned.push(format!("{}: {}", called(operation), valid.warnings[0]));
        }
        holds(&whole, &example)?;
        let usual = input(operation, &Opening::default()).map_err(|e| e.to_string())?;
        self.uncut += usize::from(usual == whole);
        let depth = Opening { depth: Some(1), ..Opening::default() };
        let flat = input(operation, &depth).map_err(|e| e.to_string())?;
        for schema in [&usual, &flat] {
            if size(schema) > LIMIT {
                return Err(format!("{} bytes", size(schema)));
            }
            if *schema != whole {
                is_schema(schema)?;
                // What is cut is looser, and never wrong.
                holds(schema, &example)?;
            }
            let mut cuts = Vec::new();
            paths(schema, &mut cuts);
            for path in cuts {
                let opening = Opening { path: &path, depth: Some(1), ..Opening::default() };
                let branch = input(operation, &opening).map_err(|e| e.to_string())?;
                if branch.get("properties").is_none() && branch.get("x-enum").is_none() {
                    return Err(format!("{path} opens {branch}"));
                }
            }
        }
        if let Some(output) = operation.output() {
            let outline = outline(output, 2_500);
            if size(&outline) > 2_500 || !outline.is_object() {
                return Err(format!("an outline of {} bytes", size(&outline)));
            }
        }
        Ok(())
    }

    fn assert(&self) {
        assert!(self.faults.is_empty(), "{} faults: {:#?}", self.faults.len(), &self.faults[..self.faults.len().min(20)]);
    }
}

fn is_schema(schema: &Value) -> Result<(), String> {
    let valid = jsonschema::draft202012::meta::validate(schema);
    valid.map_err(|error| format!("no schema: {error} at {}", error.instance_path()))
}

fn holds(schema: &Value, value: &Value) -> Result<(), String> {
    let validator = jsonschema::draft202012::new(schema).map_err(|e| format!("no schema: {e}"))?;
    let valid = validator.validate(value);
    valid.map_err(|error| format!("{value} by the schema: {error} at {}", error.instance_path()))
}

/// The paths that a schema names.
fn paths(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(about) = fields.get("description").and_then(Value::as_str)
                && let Some((_, path)) = about.split_once("path ")
                && !path.starts_with("opens")
            {
                into.push(path.split(';').next().unwrap().to_owned());
            }
            fields.values().for_each(|value| paths(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| paths(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every so many-th operation, with those whose inputs are the largest or go in circles.
#[test]
fn schemas_and_examples_of_a_sample() {
    let hard = [
        "ec2:RunInstances",
        "dynamodb:PutItem",
        "wafv2:CreateWebACL",
        "lexv2-models:CreateIntent",
        "connect:StartContactEvaluation",
        "quicksight:CreateAnalysis",
        "cloudfront:CreateDistribution",
        "bedrock-runtime:Converse",
        "s3:PutObject",
    ];
    let mut seen = Seen::default();
    for (place, operation) in operations().enumerate() {
        if place % 97 == 0 || hard.contains(&&*called(operation)) {
            seen.check(operation);
        }
    }
    seen.assert();
    assert!(seen.operations > 200, "{}", seen.operations);
}

#[test]
#[ignore = "takes minutes: tests/run.sh --full runs it"]
fn schemas_and_examples_of_all_operations() {
    let all: Vec<Operation<'_>> = operations().collect();
    let (first, second) = all.split_at(all.len() / 2);
    let check = |operations: &[Operation<'static>]| {
        let mut seen = Seen::default();
        operations.iter().for_each(|operation| seen.check(*operation));
        seen
    };
    let seen = std::thread::scope(|scope| {
        [first, second].map(|half| scope.spawn(move || check(half))).map(|t| t.join().unwrap())
    });
    seen.iter().for_each(Seen::assert);
    let count = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    assert_eq!(count(|seen| seen.operations), 19_796);
    let (uncut, warned) = (count(|seen| seen.uncut), count(|seen| seen.warned.len()));
    let some: Vec<&String> = seen.iter().flat_map(|seen| seen.warned.iter().take(40)).collect();
    assert!(uncut > 17_000 && warned < 500, "{uncut} uncut, {warned} warned: {some:#?}");
}
