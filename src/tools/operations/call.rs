//! Any operation of any service: `aws_read` for what only reads, `aws_execute` for everything, which
//! can also hold a call against the model and say what it would do, without making it.

use aws_dynamic::client::CallError;
use aws_dynamic::validate::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::change::{look, resources};
use super::made::Made;
use super::named::{self, Chosen};
use super::options::Options;
use super::payload::Payload;
use super::plan::plan;
use crate::error::{Error, Result, aws};
use crate::gate::{Effect, Effects, Named, Operations, Pace};
use crate::tools::{Answer, Change, Cx, Target, Tool, Toolset, handler, schema};

pub(super) const READ: Tool = Tool {
    name: "aws_read",
    title: "Read from AWS",
    about: "Calls any AWS operation that only reads. Find it with aws_search_operations and see what it \
            takes with aws_get_operation_schema. `query` (JMESPath) keeps answers small.",
    toolset: Toolset::Operations,
    effects: Effects::Named { weakest: Effect::Read, strongest: Effect::Read, of: named::reads },
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::Aws,
    change: None,
    handler: handler!(read: Read => Output),
};

pub(super) const EXECUTE: Tool = Tool {
    name: "aws_execute",
    title: "Call any AWS operation",
    about: "Any AWS operation. action `validate`: is the payload right (without one: what is required); \
            `plan`: what would be sent, as whom, and whether a person would be asked; `invoke`: does it, \
            where policy allows it or a person approves.",
    toolset: Toolset::Operations,
    effects: Effects::Named { weakest: Effect::Write, strongest: Effect::Unknown, of: executes },
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::Aws,
    change: Some(Change { resources, look }),
    handler: handler!(execute: Execute => Output),
};

#[derive(Deserialize, JsonSchema)]
struct Read {
    service: String,
    operation: String,
    /// Its members
    #[serde(default)]
    payload: Payload,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize, JsonSchema)]
struct Execute {
    action: Action,
    service: String,
    operation: String,
    /// Its members
    #[serde(default)]
    payload: Payload,
    #[serde(flatten)]
    options: Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Action {
    Validate,
    Plan,
    Invoke,
}

#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    pub operation: String,
    pub effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::of_anything")]
    pub result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What of the payload was read as something else
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coerced: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What `aws_execute` does with these arguments.
fn executes(arguments: &Map<String, Value>) -> Result<Named> {
    let action = arguments.get("action").cloned().unwrap_or_default();
    let action: Action = serde_json::from_value(action).map_err(|_| {
        Error::invalid("action must be validate, plan or invoke.", "Give one of the three.")
    })?;
    let (chosen, options) = (Chosen::of(arguments)?, Options::of(arguments)?);
    match action {
        // Nothing is called.
        Action::Validate => Ok(Named { effect: Effect::Read, operations: Operations::NONE }),
        // The wire stops the operation itself in a call that may read.
        Action::Plan => {
            options.check(&chosen, chosen.does()?.effect)?;
            let operations = Operations::planned(chosen.service, chosen.operation);
            Ok(Named { effect: Effect::Read, operations })
        }
        Action::Invoke => {
            let named = chosen.does()?;
            options.check(&chosen, named.effect)?;
            Ok(named)
        }
    }
}

async fn read(cx: Cx, args: Read) -> Result<Answer> {
    let chosen = chosen(&args.service, &args.operation, args.payload)?;
    invoke(&cx, &chosen, args.options, None).await
}

async fn execute(cx: Cx, args: Execute) -> Result<Answer> {
    let chosen = chosen(&args.service, &args.operation, args.payload)?;
    match args.action {
        Action::Validate => validate(&cx, &chosen, &args.options),
        Action::Plan => plan(&cx, &chosen, args.options).await,
        Action::Invoke => {
            cx.about_to_write("Read the state of the resource with aws_read before you try again.");
            invoke(&cx, &chosen, args.options, Some("no_change")).await
        }
    }
}

fn chosen(service: &str, operation: &str, payload: Payload) -> Result<Chosen> {
    let arguments = json!({"service": service, "operation": operation, "payload": payload.0});
    Chosen::of(&arguments.as_object().cloned().unwrap_or_default())
}

/// Whether the payload is right, and what policy says; without a payload what is required.
fn validate(cx: &Cx, chosen: &Chosen, options: &Options) -> Result<Answer> {
    let effect = chosen.operation.effect_with(&chosen.payload).word();
    let mut output =
        Output { status: Some("no_change"), operation: chosen.name(), effect, ..Output::default() };
    match chosen.accepted() {
        Ok(valid) => {
            let named = chosen.does_with(valid.input);
            options.check(chosen, named.effect)?;
            output.coerced = lines(&valid.coercions);
            output.warnings = lines(&valid.warnings);
            output.result = Some(json!({"valid": true, "approval": cx.would_ask(named)?}));
        }
        Err(CallError::Invalid(_)) if chosen.payload.is_null() => {
            let facts = aws_dynamic::schema::facts(chosen.model);
            let example = aws_dynamic::schema::example(chosen.model);
            output.result =
                Some(json!({"valid": false, "required": facts.required, "example": example}));
        }
        Err(error) => return Err(aws::uncalled(&chosen.name(), error)),
    }
    Answer::of(&output)
}

/// Makes the call; `of_read` is the status where it only reads.
async fn invoke(
    cx: &Cx,
    chosen: &Chosen,
    options: Options,
    of_read: Option<&'static str>,
) -> Result<Answer> {
    let effect = chosen.does()?.effect;
    let made = Made::of_call(cx, chosen, &options).await?;
    let status = match effect {
        Effect::Read => of_read,
        Effect::Write | Effect::Destructive | Effect::Grant | Effect::Secret | Effect::Unknown => {
            Some("done")
        }
    };
    let output = Output {
        status,
        operation: chosen.name(),
        effect: effect.word(),
        result: Some(made.result),
        next_page_token: made.next,
        request_id: made.request_id,
        coerced: lines(&made.coercions),
        warnings: made.warnings,
    };
    Ok(Answer::of(&output)?.seen_by(options.view(chosen)))
}

pub(super) fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}
