//! Any operation of any service: `aws_read` for what only reads, `aws_execute` for everything, which
//! can also hold a call against the model and say what it would do, without making it.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_dynamic::client::{Answer as Called, CallError, Prepared};
use aws_dynamic::paginate::{Failed, Pages};
use aws_dynamic::validate::Finding;
use aws_dynamic::waiter::{Outcome, Step, Waiting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::named::{self, Chosen};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{DryRun, Effect, Effects, Look, Named, Need, Operations, Pace};
use crate::tools::view::{Form, View};
use crate::tools::{Answer, Change, Cx, Target, Tool, Toolset, handler, schema};

/// `wait`: at most this long, so that the whole call ends within its 50 s.
const WAIT: Duration = Duration::from_secs(45);

/// Pages of one call, whatever `max_items` says.
const MOST_PAGES: usize = 100;

/// Resources that a person is told of, and characters of each.
const MOST_RESOURCES: usize = 20;
const MOST_NAME: usize = 200;

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

/// An object, or its JSON text; read by [`Chosen`].
#[derive(Default, Deserialize)]
struct Payload(#[allow(dead_code, reason = "read before the arguments are parsed")] Value);

impl JsonSchema for Payload {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Payload".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [{"type": "object"}, {"type": "string"}]})
    }
}

#[derive(Default, Deserialize, JsonSchema)]
struct Options {
    /// JMESPath
    query: Option<String>,
    /// Entries in all
    max_items: Option<NonZeroUsize>,
    page_token: Option<String>,
    all_pages: Option<bool>,
    /// A waiter of the operation, such as InstanceRunning: repeat it until then, 45 s at most
    wait: Option<String>,
    response: Option<Form>,
}

impl Options {
    fn wants_pages(&self) -> bool {
        self.all_pages.unwrap_or_default() || self.max_items.is_some() || self.page_token.is_some()
    }
}

#[derive(Default, Serialize, JsonSchema)]
struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    operation: String,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::of_anything")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What of the payload was read as something else
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coerced: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// What `aws_execute` does with these arguments.
fn executes(arguments: &Map<String, Value>) -> Result<Named> {
    let action = arguments.get("action").cloned().unwrap_or_default();
    let action: Action = serde_json::from_value(action).map_err(|_| {
        Error::invalid("action must be validate, plan or invoke.", "Give one of the three.")
    })?;
    let chosen = Chosen::of(arguments)?;
    match action {
        // Nothing is called.
        Action::Validate => Ok(Named { effect: Effect::Read, operations: Operations::NONE }),
        // The wire stops the operation itself in a call that may read.
        Action::Plan => {
            chosen.does()?;
            let operations = Operations::planned(chosen.service, chosen.operation);
            Ok(Named { effect: Effect::Read, operations })
        }
        Action::Invoke => chosen.does(),
    }
}

/// What the payload names: texts of members that are names, ids or the like, at any depth.
fn resources(arguments: &Map<String, Value>) -> Vec<String> {
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
fn look(cx: Cx, arguments: Map<String, Value>) -> crate::tools::Looking {
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

async fn dry_run(cx: &Cx, chosen: &Chosen) -> Option<DryRun> {
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

async fn read(cx: Cx, args: Read) -> Result<Answer> {
    let chosen = chosen(&args.service, &args.operation, args.payload)?;
    invoke(&cx, &chosen, args.options).await
}

async fn execute(cx: Cx, args: Execute) -> Result<Answer> {
    let chosen = chosen(&args.service, &args.operation, args.payload)?;
    match args.action {
        Action::Validate => validate(&chosen),
        Action::Plan => plan(&cx, &chosen).await,
        Action::Invoke => {
            cx.about_to_write("Read the state of the resource with aws_read before you try again.");
            invoke(&cx, &chosen, args.options).await
        }
    }
}

fn chosen(service: &str, operation: &str, payload: Payload) -> Result<Chosen> {
    let arguments = json!({"service": service, "operation": operation, "payload": payload.0});
    Chosen::of(&arguments.as_object().cloned().unwrap_or_default())
}

/// Whether the payload is right; without one what is required.
fn validate(chosen: &Chosen) -> Result<Answer> {
    let accepted = chosen.accepted();
    let effect = chosen.operation.effect_with(&chosen.payload).word();
    let mut output = Output { operation: chosen.name(), effect, ..Output::default() };
    match accepted {
        Ok(valid) => {
            output.status = Some("no_change");
            output.coerced = lines(&valid.coercions);
            output.warnings = lines(&valid.warnings);
            output.result = Some(json!({"valid": true}));
        }
        Err(CallError::Invalid(_)) if chosen.payload.is_null() => {
            let facts = aws_dynamic::schema::facts(chosen.model);
            let example = aws_dynamic::schema::example(chosen.model);
            output.status = Some("no_change");
            output.result =
                Some(json!({"valid": false, "required": facts.required, "example": example}));
        }
        Err(error) => return Err(aws::uncalled(&chosen.name(), error)),
    }
    Answer::of(&output)
}

/// What would be sent, and as whom, and what would be asked.
async fn plan(cx: &Cx, chosen: &Chosen) -> Result<Answer> {
    let (service, operation) = chosen.names();
    let client = cx.dynamic((service, operation), &chosen.payload).await?;
    let prepared = client.prepare(service, operation, &chosen.payload);
    let prepared = prepared.map_err(|error| aws::uncalled(&chosen.name(), error))?;
    let named = chosen.does()?;
    let mut planned = Map::new();
    planned.insert("request".to_owned(), request(&prepared));
    planned.insert("iam_actions".to_owned(), chosen.operation.actions().collect());
    planned.insert("approval".to_owned(), cx.would_ask(named)?.into());
    if let Some(simulated) = simulated(cx, chosen).await {
        planned.insert("iam_simulation".to_owned(), simulated);
    }
    if let Some(dry_run) = dry_run(&cx.looking(), chosen).await {
        let said = match dry_run {
            DryRun::WouldSucceed => "would succeed".to_owned(),
            DryRun::WouldFail(code) => format!("would fail: {code}"),
            DryRun::Unknown => "EC2 did not say".to_owned(),
        };
        planned.insert("dry_run".to_owned(), said.into());
    }
    let output = Output {
        status: Some("no_change"),
        operation: chosen.name(),
        effect: named.effect.word(),
        result: Some(Value::Object(planned)),
        coerced: lines(&prepared.coercions),
        warnings: lines(&prepared.warnings),
        ..Output::default()
    };
    Answer::of(&output)
}

/// What IAM says of the operation's actions for whoever calls, where it may be asked: of policies
/// alone, without the resource.
async fn simulated(cx: &Cx, chosen: &Chosen) -> Option<Value> {
    let actions: Vec<&str> = chosen.operation.actions().collect();
    let source = cx.principal().await?;
    if actions.is_empty() {
        return None;
    }
    let input = json!({"PolicySourceArn": source, "ActionNames": actions});
    let (service, operation) = ("iam", "SimulatePrincipalPolicy");
    let client = cx.dynamic((service, operation), &input).await.ok()?;
    let answer = client.call(service, operation, &input).await.ok()?.output;
    let results = answer.get("EvaluationResults")?.as_array()?;
    let said = |result: &Value| {
        let name = result.get("EvalActionName")?.as_str()?.to_owned();
        Some((name, result.get("EvalDecision")?.clone()))
    };
    Some(Value::Object(results.iter().filter_map(said).collect()))
}

/// The request as it would leave, without a signature.
fn request(prepared: &Prepared) -> Value {
    let headers: Map<String, Value> = prepared
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let body = match std::str::from_utf8(&prepared.body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes", prepared.body.len()),
    };
    json!({
        "method": prepared.method,
        "url": prepared.url,
        "headers": headers,
        "body": body,
        "signed": prepared.authorization.scheme(),
    })
}

async fn invoke(cx: &Cx, chosen: &Chosen, options: Options) -> Result<Answer> {
    let effect = chosen.does()?.effect;
    if effect > Effect::Read && (options.wants_pages() || options.wait.is_some()) {
        return Err(Error::invalid(
            format!("{} does not only read, and so is called once.", chosen.name()),
            "Leave out all_pages, max_items, page_token and wait; wait for its result with aws_read.",
        ));
    }
    let made = match &options.wait {
        Some(waiter) => waited(cx, chosen, waiter).await?,
        None => paged(cx, chosen, &options).await?,
    };
    let status = match effect {
        Effect::Read => None,
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
        warnings: lines(&made.warnings),
    };
    let form = options.response.unwrap_or_default();
    let shape = chosen.model.output();
    Ok(Answer::of(&output)?.seen_by(View::Called { query: options.query, form, shape }))
}

/// What came of a call.
#[derive(Default)]
struct Made {
    result: Value,
    next: Option<String>,
    request_id: Option<String>,
    coercions: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Made {
    fn of(called: Called) -> Self {
        Self {
            result: called.output,
            next: None,
            request_id: called.request_id,
            coercions: called.coercions,
            warnings: called.warnings,
        }
    }
}

/// Calls the operation: the gate's refusal, or what came of the call.
async fn call(cx: &Cx, chosen: &Chosen, input: &Value) -> Result<Result<Called, CallError>> {
    let (service, operation) = chosen.names();
    let client = cx.dynamic((service, operation), input).await?;
    Ok(client.call(service, operation, input).await)
}

/// One page, or as many as were asked for.
async fn paged(cx: &Cx, chosen: &Chosen, options: &Options) -> Result<Made> {
    let one = |input: Value| async move {
        let called = call(cx, chosen, &input).await?;
        called.map_err(|error| aws::uncalled(&cx.action(&chosen.name()), error))
    };
    let wants_pages = options.wants_pages();
    if chosen.model.paginator().is_none() {
        if wants_pages {
            return Err(Error::invalid(
                format!("{} gives one answer only.", chosen.name()),
                "Leave out all_pages, max_items and page_token.",
            ));
        }
        return Ok(Made::of(one(chosen.payload.clone()).await?));
    }
    let failed = |failed: Failed| Error::invalid(format!("{failed}."), "Mend the options.");
    let input = chosen.payload.clone();
    let pages = match &options.page_token {
        Some(token) => Pages::resumed(chosen.model, input, token),
        None => Pages::new(chosen.model, input),
    };
    let mut pages = pages.map_err(failed)?;
    if let Some(items) = options.max_items {
        pages = pages.at_most(items);
    }
    if !wants_pages || options.page_token.is_some() && options.max_items.is_none() {
        // A page as AWS gives it.
        let input = pages.next_input().unwrap_or_default();
        let mut made = Made::of(one(input).await?);
        let page = pages.take(made.result).map_err(failed)?;
        made.result = page.answer;
        made.next = pages.resume();
        return Ok(made);
    }
    let mut merged = pages.merged();
    let mut last = None;
    for page in 1..=MOST_PAGES {
        let Some(input) = pages.next_input() else { break };
        if page > 1 {
            cx.progress(format!("page {page}"));
        }
        let mut made = Made::of(one(input).await?);
        let taken = pages.take(std::mem::take(&mut made.result)).map_err(failed)?;
        merged.add(taken);
        last = Some(made);
        if cx.elapsed() > WAIT {
            break;
        }
    }
    let made = last.ok_or_else(|| Error::internal("a list had no page."))?;
    Ok(Made { result: merged.value(), next: pages.resume(), ..made })
}

/// The operation, until its waiter says that the state has come.
async fn waited(cx: &Cx, chosen: &Chosen, name: &str) -> Result<Made> {
    let mut waiters = chosen.model.service().waiters();
    let same = |one: &str| one.eq_ignore_ascii_case(&name.replace(['-', '_', ' '], ""));
    let waiter = waiters.find(|waiter| same(waiter.name())).ok_or_else(|| {
        let all: Vec<&str> = chosen.model.service().waiters().map(|waiter| waiter.name()).collect();
        Error::invalid(
            format!("{} has no waiter {}.", chosen.service.name(), crate::error::echo(name)),
            format!("It has: {}.", if all.is_empty() { "none".to_owned() } else { all.join(", ") }),
        )
    })?;
    if waiter.operation().name() != chosen.operation.name() {
        return Err(Error::invalid(
            format!("{} waits with {}.", waiter.name(), waiter.operation().name()),
            "Call that operation with this wait.",
        ));
    }
    let mut waiting = Waiting::new(waiter)
        .map_err(|error| Error::internal("a waiter cannot be read.").caused_by(error))?;
    loop {
        let called = call(cx, chosen, &chosen.payload).await?;
        let outcome = match &called {
            Ok(called) => Some(Outcome::Answer { status: 200, output: &called.output }),
            Err(error) => error
                .service_error()
                .map(|said| Outcome::Error { status: said.status, code: &said.code }),
        };
        let step = outcome.map(|outcome| waiting.step(outcome));
        match (step, called) {
            (Some(Step::Success), Ok(called)) => return Ok(Made::of(called)),
            // What was waited for was that it is not there any more.
            (Some(Step::Success), Err(_)) => return Ok(Made::default()),
            (Some(Step::Retry { after }), _) if cx.elapsed() + after < WAIT => {
                cx.progress(format!("waiting for {}", waiter.name()));
                tokio::time::sleep(after).await;
            }
            (Some(Step::Retry { .. }), _) => {
                return Err(Error::new(
                    Kind::Timeout,
                    format!("{} has not come yet.", waiter.name()),
                    "Call again to go on waiting.",
                ));
            }
            (Some(Step::Failure { why }), Ok(_)) => {
                return Err(Error::new(
                    Kind::ClientError,
                    format!("{why}."),
                    "Look at the state of the resource.",
                ));
            }
            (Some(Step::Failure { .. }) | None, Err(error)) => {
                return Err(aws::uncalled(&cx.action(&chosen.name()), error));
            }
            (None, Ok(_)) => return Err(Error::internal("an answer was no outcome.")),
        }
    }
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}
