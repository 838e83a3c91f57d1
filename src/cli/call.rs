//! `aws-mcp call TOOL [JSON]`: the same tool through the same code, from a shell.

use std::io::{IsTerminal, Read};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::terminal::{self, Outcome};
use crate::config::{Environment, LogLevel, Resolved};
use crate::error::nearest;
use crate::gate::{Person, Typed};
use crate::tools;

/// Calls and prints: pretty on a terminal, one line of JSON in a pipe.
pub fn run(mut resolved: Resolved, tool: &str, arguments: Option<String>) -> u8 {
    // A person wants the answer; what went wrong stands in it.
    if resolved.config.log == LogLevel::Info {
        resolved.config.log = LogLevel::Error;
    }
    let environment = Environment::of_process();
    let log = super::log::start(resolved.config.log);
    let world = match super::report(resolved) {
        Ok(world) => Arc::new(world),
        Err(code) => return code,
    };
    let Some(tool) = world.find(tool) else {
        let near = nearest(tool, world.tools().iter().map(|tool| tool.name))
            .map(|near| format!(" Did you mean {near}?"))
            .unwrap_or_default();
        eprintln!("aws-mcp: there is no tool {tool:?}.{near} `aws-mcp tools` lists them.");
        return super::USAGE;
    };
    let arguments = match read(arguments) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("aws-mcp: {why}");
            return super::USAGE;
        }
    };
    let progress: tools::Progress = Arc::new(|step| {
        if std::io::stderr().is_terminal() {
            eprintln!("… {}", step.message);
        }
    });
    let called = match super::runtime() {
        Ok(runtime) => {
            let caller = tools::Caller { client: None, progress, person: here(environment) };
            let called = runtime.block_on(async {
                let called = tools::call(world.clone(), tool, arguments, caller).await;
                world.gate.end().await;
                called
            });
            runtime.shutdown_background();
            called
        }
        Err(error) => {
            eprintln!("aws-mcp: {error}");
            return super::USAGE;
        }
    };
    let body = Value::Object(called.body);
    let text = match std::io::stdout().is_terminal() {
        true => serde_json::to_string_pretty(&body).unwrap_or_default(),
        false => body.to_string(),
    };
    super::print(&format!("{text}\n"));
    log.finish();
    if called.failed.is_some() { super::NO } else { super::DONE }
}

/// The person at this terminal, who typed the command, or may not have.
fn here(environment: Environment) -> Person {
    Person::Here(Arc::new(move |summary| {
        let environment = environment.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || terminal::ask(&summary, &environment));
            match asked.await {
                Ok(Outcome::Yes) => Typed::Yes,
                Ok(Outcome::No) => Typed::No,
                Ok(Outcome::Left) => Typed::Nothing("the code was not typed".to_owned()),
                Ok(Outcome::Unavailable(why)) => Typed::Nothing(why),
                Err(error) => Typed::Nothing(error.to_string()),
            }
        })
    }))
}

fn read(arguments: Option<String>) -> Result<Map<String, Value>, String> {
    let text = match arguments.as_deref() {
        None => return Ok(Map::new()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|e| format!("stdin: {e}"))?;
            text
        }
        Some(text) => text.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err("the arguments must be a JSON object, such as '{\"limit\": 5}'".to_owned()),
        Err(e) => Err(format!(
            "the arguments are not JSON: {e}. Quote them for the shell: '{{\"limit\": 5}}'"
        )),
    }
}
