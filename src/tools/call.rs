//! The journey of a call, from its arguments to its answer, read from top to bottom.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::view::Bounds;
use super::{Answer, Cx, Progress, Target, Tool, World, schema};
use crate::accounts::Requested;
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{
    self, Admission, Admitted, Answered, ApprovalRequired, Effect, Ending, FormAsked, Gate, Named,
    Operations, Outcome, Person, Turn, Tx,
};

/// Within the minute that hosts wait.
const LIMIT: Duration = Duration::from_secs(50);

/// Characters of a single text in an error: what was given, or what AWS said, may be long.
const MOST_WORDS: usize = 2_000;

/// AWS's longest error codes have some sixty characters.
const MOST_CODE: usize = 80;

/// A finished call: an answer or an error, as the client sees it.
pub struct Called {
    pub body: Map<String, Value>,
    pub failed: Option<Kind>,
    /// A form for the person, which is the answer instead.
    pub form: Option<FormAsked>,
}

/// Who calls, and how the person behind it can be reached.
#[derive(Clone)]
pub struct Caller {
    pub client: Option<Client>,
    pub progress: Progress,
    pub person: Person,
}

/// An MCP client, as it names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub name: String,
    pub version: String,
}

/// Calls a tool. Never fails: an error is an answer too. Dropped, it counts as cancelled.
pub async fn call(
    world: Arc<World>,
    tool: &'static Tool,
    arguments: Map<String, Value>,
    caller: Caller,
) -> Called {
    let mut record = Record::begin(world.clone(), tool);
    let crashed = || Failed::from(Error::internal(format!("{} crashed.", tool.name)));
    let mut turn = None;
    let attempt = attempt(&world, tool, arguments, caller, &mut turn, &mut record);
    let attempt = AssertUnwindSafe(attempt).catch_unwind();
    let result = match attempt.await {
        Ok(result) => result,
        Err(_) => Err(crashed()),
    };
    let told = |failed: Failed| {
        // What AWS said goes through the mask, and that must not end anything but this call either.
        let body = |failed: &Failed| error_body(&world.gate, tool, failed);
        std::panic::catch_unwind(AssertUnwindSafe(|| (body(&failed), failed.error.kind)))
            .unwrap_or_else(|_| (body(&crashed()), Kind::InternalError))
    };
    let called = match result {
        Ok(Ended::Answer(body)) => Called { body, failed: None, form: None },
        Ok(Ended::Form(form)) => Called { body: Map::new(), failed: None, form: Some(form) },
        Ok(Ended::Shared(other)) => {
            Called { body: other.body.clone(), failed: other.failed, form: None }
        }
        Err(failed) => {
            record.error = Some(failed.error.clone());
            record.aws_code = failed.error.aws.code.clone().filter(|code| is_code(code));
            let (body, kind) = told(failed);
            Called { body, failed: Some(kind), form: None }
        }
    };
    if let Some(turn) = turn {
        turn.share(|| Answered { body: called.body.clone(), failed: called.failed });
    }
    record.outcome = called.failed.map_or(Outcome::Success, Outcome::Failure);
    called
}

/// How a call ended that did not fail.
enum Ended {
    Answer(Map<String, Value>),
    Form(FormAsked),
    /// With the answer of another one, which was the very same.
    Shared(Arc<Answered>),
}

/// Whether AWS's code is one, and not a text that stands in its place: it goes into the log.
fn is_code(code: &str) -> bool {
    code.len() <= MOST_CODE && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// What becomes of a call in figures and log, whichever way it ends.
struct Record {
    world: Arc<World>,
    tool: &'static Tool,
    begun: Duration,
    outcome: Outcome,
    aws_code: Option<String>,
    error: Option<Error>,
    /// A person was asked, and has not answered.
    asked: bool,
    tx: Option<Arc<Tx>>,
}

impl Record {
    fn begin(world: Arc<World>, tool: &'static Tool) -> Self {
        let begun = world.config.clock.elapsed();
        let outcome = Outcome::Failure(Kind::Cancelled);
        Self { world, tool, begun, outcome, aws_code: None, error: None, asked: false, tx: None }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.world.config.clock.elapsed().saturating_sub(self.begun);
        self.world.gate.metrics.record(self.tool.name, self.outcome, took);
        if let Some(tx) = &self.tx {
            let error = match self.outcome {
                Outcome::Success => None,
                Outcome::Failure(kind) => {
                    Some(self.error.take().unwrap_or_else(|| Error::new(kind, kind.word(), "")))
                }
            };
            let ending = match (&error, self.asked) {
                (Some(error), _) => Ending::Failed(error),
                (None, true) => Ending::Asked,
                (None, false) => Ending::Done,
            };
            self.world.gate.ended(tx, ending, took);
        }
        let (tool, ms) = (self.tool.name, u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        match self.outcome {
            Outcome::Success => tracing::info!(tool, ms, "done"),
            Outcome::Failure(kind) => {
                // Not the message: it may quote an argument, and that may be a misplaced secret.
                let (kind, code) = (kind.word(), self.aws_code.as_deref());
                tracing::warn!(tool, ms, kind, code, "failed");
            }
        }
    }
}

/// An error, and the target that it is about as far as that is known.
struct Failed {
    error: Error,
    target: Option<Map<String, Value>>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, target: None }
    }
}

async fn attempt(
    world: &Arc<World>,
    tool: &'static Tool,
    mut arguments: Map<String, Value>,
    caller: Caller,
    turn: &mut Option<Turn>,
    record: &mut Record,
) -> Result<Ended, Failed> {
    if let Some(problem) = &world.problem {
        return Err(problem.clone().into());
    }
    world.copy_audit();
    // An id that came back with a call names a question, and grants nothing.
    for name in APPROVAL_IDS {
        arguments.shift_remove(name);
    }
    if let Some(Value::String(token)) = arguments.get_mut("page_token") {
        *token = world.gate.handed_back(token)?;
    }
    // A broken policy is told before anything that is wrong with the arguments.
    let named = tool.effects.of(&arguments, tool.declared());
    let Named { effect, operations } =
        named.map_err(|error| world.gate.problem().unwrap_or(error))?;
    let client = caller.client.clone().map(|client| (client.name, client.version));
    let resources = tool.change.as_ref().map_or_else(Vec::new, |change| {
        let mut arguments = arguments.clone();
        // What is wrong with them is told later.
        let _ = Requested::take_from(&mut arguments);
        (change.resources)(&arguments)
    });
    let tx =
        world.gate.begin(tool.name, effect, operations, client, &arguments, resources.clone())?;
    record.tx = Some(tx.clone());
    let schemas = world.schemas(tool);
    if let Some(schemas) = schemas {
        schema::refuse_unknown(&schemas.input, &arguments)?;
    }
    let times = schemas.map(|schemas| schemas.times.as_slice()).unwrap_or_default();
    let (whole, times) = schema::resolve_times(times, &arguments, world.config.clock.now());
    let requested = match tool.target {
        Target::Aws => Requested::take_from(&mut arguments)?,
        Target::None => Requested::default(),
    };
    let begun = world.config.clock.elapsed();
    let cx = |admitted: Arc<Admitted>| {
        let progress = caller.progress.clone();
        Cx::new(world.clone(), tool, requested.clone(), progress, admitted, begun)
    };
    let look = tool.change.as_ref().map(|change| {
        let arguments = arguments.clone();
        move |admitted| (change.look)(cx(admitted), arguments.clone())
    });
    let call = gate::Call {
        tool: tool.name,
        effect,
        operations,
        pace: tool.pace,
        requested: (tool.target == Target::Aws).then_some(&requested),
        arguments: &whole,
        resolved: times,
        resources: tool
            .change
            .as_ref()
            .map_or_else(Vec::new, |change| (change.resources)(&arguments)),
        look: look.as_ref().filter(|_| effect > Effect::Read).map(|look| look as _),
        person: &caller.person,
        progress: &|message| (caller.progress)(super::Step { message }),
        begun,
        tx,
    };
    let admission = world.gate.admit(call, &world.sessions);
    let admitted = match in_time(tool, LIMIT, admission).await? {
        Admission::Run(admitted, mine) => {
            *turn = Some(mine);
            admitted
        }
        Admission::Asked(required, mine) => {
            *turn = Some(mine);
            record.asked = true;
            return Ok(Ended::Answer(approval_required(&world.gate, required)));
        }
        Admission::Form(form) => {
            record.asked = true;
            return Ok(Ended::Form(form));
        }
        Admission::Shared(answered) => return Ok(Ended::Shared(answered)),
    };
    if admitted.approval().is_some() {
        // What was approved is what runs.
        arguments = whole;
        if tool.target == Target::Aws {
            Requested::take_from(&mut arguments)?;
        }
    }
    let cx = cx(admitted);
    let is_made = AtomicBool::new(false);
    let answer = async {
        let _slot = match world.slots.try_acquire() {
            Ok(slot) => Some(slot),
            Err(_) => {
                cx.progress("waiting for other calls to end");
                world.slots.acquire().await.ok()
            }
        };
        let answer = (tool.handler.run)(cx.clone(), arguments).await?;
        is_made.store(true, Ordering::Release);
        finish(&cx, tool, answer).await
    };
    let answer = in_time(tool, LIMIT.saturating_sub(cx.elapsed()), answer).await;
    answer.map(Ended::Answer).map_err(|error| {
        // A refusal says that nothing was done only where it was AWS's to the one request that was sent,
        // and not ours of an answer that had come.
        let is_refused = error.is_refusal() && !is_made.load(Ordering::Acquire);
        let error = match (cx.find_out(), cx.writes()) {
            (Some(_), 1) if is_refused => error,
            (Some(find_out), _) => error.of_unknown_outcome(find_out),
            (None, _) => error,
        };
        Failed { error, target: cx.target_so_far() }
    })
}

/// The names under which models hand an approval's id back.
const APPROVAL_IDS: [&str; 4] =
    ["approval_id", "approvalId", "confirmation_token", "confirmationToken"];

/// What is told while nobody has answered.
fn approval_required(gate: &Gate, required: ApprovalRequired) -> Map<String, Value> {
    let ApprovalRequired { id, summary, expires_at, how } = required;
    let members = [
        ("status", "approval_required".to_owned()),
        ("approval_id", id),
        ("summary", summary),
        ("expires_at", expires_at),
        ("how", how),
    ];
    let body = members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    gate.masked(Operations::NONE, body)
}

/// Ends a part of a call in time, and makes a panic an error of that call.
async fn in_time<T>(
    tool: &Tool,
    limit: Duration,
    part: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(limit, AssertUnwindSafe(part).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal(format!("{} crashed.", tool.name))),
        Err(_) => Err(Error::new(
            Kind::Timeout,
            format!("{} took longer than {} s.", tool.name, LIMIT.as_secs()),
            aws::next_step(Kind::Timeout),
        )),
    }
}

/// Where the list goes on, in an answer of any operation.
const TOKEN: &str = "next_page_token";

/// Target -> mask -> escape -> cut. The order is held by a test.
async fn finish(cx: &Cx, tool: &Tool, mut answer: Answer) -> Result<Map<String, Value>> {
    if tool.target == Target::Aws
        && let Some(target) = cx.target().await
    {
        answer.body.insert("target".to_owned(), Value::Object(target));
    }
    answer.body = match answer.of_aws() {
        Some(result) => {
            // Names that the operation's model calls sensitive are names in its answer, not in ours.
            // The token is for us to read, and useless once it is masked.
            let token = answer.body.shift_remove(TOKEN);
            let mut body = cx.world().gate.masked(Operations::NONE, answer.body);
            if let Some(Value::String(token)) = token {
                body.insert(TOKEN.to_owned(), cx.world().gate.handed_out(token)?.into());
            }
            let shown = cx.shown(Map::from_iter([(String::new(), result)]));
            body.extend(shown.into_iter().map(|(_, result)| ("result".to_owned(), result)));
            body
        }
        None => cx.shown(answer.body),
    };
    answer.body.extend(cx.world().gate.modelled(std::mem::take(&mut answer.shapes)));
    if let Some(warning) = cx.world().gate.warning() {
        answer.body.insert("warning".to_owned(), warning.into());
    }
    let config = &cx.world().config;
    let bounds = Bounds { most: config.max_characters, kept: cx.world().kept.as_ref() };
    answer.shown(bounds, config.clock)
}

/// An error in its published shape; that of a write says in `status` whether anything was done.
fn error_body(gate: &Gate, tool: &Tool, Failed { error, target }: &Failed) -> Map<String, Value> {
    if let Some(cause) = &error.cause {
        let cause: String = cause.chars().take(MOST_WORDS).collect();
        tracing::debug!(tool = tool.name, cause, "cause");
    }
    let status = match (tool.effects.strongest(), error.kind) {
        (Effect::Read, _) => None,
        (_, Kind::OutcomeUnknown) => Some("unknown"),
        (_, _) => Some("no_change"),
    };
    let mut body = match serde_json::to_value(error) {
        Ok(Value::Object(body)) => body,
        _ => Map::new(),
    };
    if let Some(status) = status {
        body.insert("status".to_owned(), status.into());
    }
    if let Some(target) = target {
        body.insert("target".to_owned(), Value::Object(target.clone()));
    }
    // Its members are ours, whatever models call theirs: Lambda's `Message` is sensitive.
    let mut body = gate.masked(Operations::NONE, body);
    for value in body.values_mut() {
        if let Value::String(text) = value
            && let Some((end, _)) = text.char_indices().nth(MOST_WORDS)
        {
            text.truncate(end);
            text.push_str("...");
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Clock, Environment, Flags, resolve};
    use crate::gate::Effects;
    use crate::tools::{Handler, Toolset};
    use serde_json::json;

    fn tool(effect: Effect, run: fn(Cx, Map<String, Value>) -> crate::tools::Running) -> Tool {
        Tool {
            name: "test_tool",
            title: "Test",
            about: "Test.",
            toolset: Toolset::Core,
            effects: Effects::Always(effect),
            operations: &[],
            parts: &[],
            pace: gate::Pace::Ordinary,
            target: Target::None,
            change: None,
            handler: Handler {
                input: schema::of_input::<bool>,
                output: schema::of_output::<bool>,
                run,
            },
        }
    }

    fn nobody() -> Caller {
        Caller { client: None, progress: Arc::new(|_| {}), person: Person::Elsewhere }
    }

    async fn called(tool: Tool) -> Called {
        let tool = Box::leak(Box::new(tool));
        let home = tempfile::tempdir().unwrap();
        let policy = home.path().join("policy.yaml");
        std::fs::write(&policy, "mode: full").unwrap();
        let flags = Flags { policy: Some(policy), ..Flags::default() };
        let world = World::new(resolve(flags, Environment::default(), Clock::system()));
        call(Arc::new(world), tool, Map::new(), nobody()).await
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_call() {
        let boom = called(tool(Effect::Read, |_, _| Box::pin(async { panic!("boom") }))).await;
        assert_eq!(boom.failed, Some(Kind::InternalError));
        assert!(!Value::Object(boom.body).to_string().contains("boom"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_in_time_and_a_write_that_was_not_sent_changed_nothing() {
        let forever = |_, _| -> crate::tools::Running { Box::pin(std::future::pending()) };
        let read = called(tool(Effect::Read, forever)).await;
        assert_eq!(read.failed, Some(Kind::Timeout));
        assert_eq!(read.body.get("status"), None);
        let write = called(tool(Effect::Write, forever)).await;
        assert_eq!(write.failed, Some(Kind::Timeout));
        assert_eq!(write.body["status"], "no_change");
    }

    #[tokio::test]
    async fn what_an_error_repeats_is_cut() {
        let long = |_, _| -> crate::tools::Running {
            Box::pin(async { Err(Error::invalid("x".repeat(100_000), "y")) })
        };
        let failed = called(tool(Effect::Read, long)).await;
        assert!(Value::Object(failed.body).to_string().len() < 3_000);
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_counts_as_cancelled() {
        let forever = |_, _| -> crate::tools::Running { Box::pin(std::future::pending()) };
        let tool = Box::leak(Box::new(tool(Effect::Read, forever)));
        let world = resolve(Flags::default(), Environment::default(), Clock::system());
        let world = Arc::new(World::new(world));
        let call = call(world.clone(), tool, Map::new(), nobody());
        assert!(call.now_or_never().is_none());
        assert_eq!(world.gate.metrics.figures()[0].failures["cancelled"], 1);
    }

    #[test]
    fn masking_comes_before_escaping_and_both_before_the_cut() {
        // Escaped first, the key would be broken up and pass the mask; cut first, a half key would.
        let body = json!({"a": "AKIAIOSFODNN7EXAMPLE\u{202E}"});
        let config = resolve(Flags::default(), Environment::default(), Clock::system()).config;
        let shown = Gate::new(&config, &Environment::default(), gate::DigestKey::new([7; 32]))
            .masked(Operations::NONE, body.as_object().unwrap().clone());
        assert_eq!(shown["a"], "AKIAIOSFOD...\\u{202E}");
    }
}
