//! docs/questions.md is true: every question of an engineer on call is answered with at most three calls from a shell, and
//! what the page gives as evidence stands in the answers of an AWS in which things are broken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Clock, FakeAws, Home, full, shop};

/// A part of the page, as it is written there.
struct Question<'a> {
    asks: &'a str,
    /// The tool, and its arguments in JSON.
    calls: Vec<(&'a str, &'a str)>,
    /// The number of an answer, where in it, and what stands there.
    evidence: Vec<(usize, String, &'a str)>,
}

impl<'a> Question<'a> {
    fn read(section: &'a str) -> Self {
        let asks = section.lines().next().unwrap();
        let mut question = Self { asks, calls: Vec::new(), evidence: Vec::new() };
        for line in section.lines() {
            let begin = format!("{}. `", question.calls.len() + 1);
            let call = line.strip_prefix(begin.as_str()).and_then(|call| call.strip_suffix('`'));
            question.calls.extend(call.map(|call| call.split_once(' ').expect("arguments")));
            if let Some((number, rest)) = line.strip_prefix("- ").and_then(|e| e.split_once(": `"))
            {
                let (place, expected) = rest.split_once('`').expect("a place");
                let pointer = format!("/{}", place.replace('.', "/"));
                let expected = expected.trim_start_matches(": ");
                question.evidence.push((number.parse().expect("a number"), pointer, expected));
            }
        }
        assert!((1..=3).contains(&question.calls.len()), "{asks}: one to three calls");
        assert!(!question.evidence.is_empty() && section.contains("\n**So:** "), "{asks}");
        question
    }

    fn check(&self) {
        let asks = self.asks;
        let clock = Clock::start();
        let (aws, home) = (shop(clock), Home::new());
        let mut answers = Vec::new();
        for (tool, arguments) in &self.calls {
            let arguments = clock.filled(arguments);
            let mut arguments =
                serde_json::from_str(&arguments).unwrap_or_else(|e| panic!("{asks}: {e}"));
            resolve(&mut arguments, &answers);
            answers.push(call(&aws, &home, tool, &arguments));
        }
        for (number, pointer, expected) in &self.evidence {
            let found = at(&answers, *number, pointer);
            let expected = clock.filled(expected);
            let fits = match (found, expected.parse::<f64>()) {
                (Value::Number(found), Ok(expected)) => found.as_f64() == Some(expected),
                (Value::String(found), _) => found.contains(&expected),
                _ => found.to_string().contains(&expected),
            };
            assert!(fits, "{asks}: {number} {pointer} is {found}, not {expected}");
        }
    }
}

/// What stands in an answer.
fn at<'a>(answers: &'a [Value], number: usize, pointer: &str) -> &'a Value {
    let answer = &answers[number - 1];
    answer.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {answer:#}"))
}

/// Puts what stands in the answers before in the place of `$1/pointer`.
fn resolve(arguments: &mut Value, answers: &[Value]) {
    match arguments {
        Value::String(text) => {
            if let Some((number, path)) = text.strip_prefix('$').and_then(|t| t.split_once('/')) {
                let number = number.parse().expect("the number of a call");
                *arguments = at(answers, number, &format!("/{path}")).clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, answers)),
        Value::Object(members) => members.values_mut().for_each(|item| resolve(item, answers)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Calls a tool as a person does, from a shell. Nothing may be missing in the answer.
fn call(aws: &FakeAws, home: &Home, tool: &str, arguments: &Value) -> Value {
    let url = aws.url();
    let output = Command::new(env!("CARGO_BIN_EXE_aws-mcp"))
        .args(full())
        .args(["call", tool, &arguments.to_string()])
        .env_clear()
        .env("HOME", home.path())
        .envs(aws.env(&url))
        .env("AWS_REGION", "eu-west-1")
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{tool} {arguments}: {output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer.get("missing"), None, "{tool} {arguments}");
    answer
}

#[test]
fn every_question_takes_at_most_three_calls() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/questions.md");
    let page = fs::read_to_string(path).expect("docs/questions.md");
    let questions: Vec<Question<'_>> = page.split("\n## ").skip(1).map(Question::read).collect();
    assert_eq!(questions.len(), 30);
    questions.iter().for_each(Question::check);
}
