//! The journey of a call, from its arguments to its answer, read from top to bottom.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::{Answer, Cx, Progress, Target, Tool, World, schema};
use crate::accounts::Requested;
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{self, Effect, Outcome};

/// Within the minute that hosts wait.
const LIMIT: Duration = Duration::from_secs(50);

/// A finished call: an answer or an error, as the client sees it.
pub struct Called {
    pub body: Map<String, Value>,
    pub failed: Option<Kind>,
}

/// Calls a tool. Never fails: an error is an answer too.
pub async fn call(
    world: Arc<World>,
    tool: &'static Tool,
    arguments: Map<String, Value>,
    progress: Progress,
) -> Called {
    let clock = world.config.clock;
    let begun = clock.elapsed();
    let result = attempt(&world, tool, arguments, progress).await;
    let took = clock.elapsed().saturating_sub(begun);
    let outcome = match &result {
        Ok(_) => Outcome::Success,
        Err(failed) => Outcome::Failure(failed.error.kind),
    };
    world.metrics.record(tool.name, outcome, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(body) => {
            tracing::info!(tool = tool.name, ms, "done");
            Called { body, failed: None }
        }
        Err(Failed { error, target }) => {
            let body = error_body(tool, &error, target);
            // The message as the client gets it: masked and escaped.
            let reason = body.get("message").and_then(Value::as_str);
            let code = error.aws.code.as_deref();
            tracing::warn!(tool = tool.name, ms, kind = error.kind.word(), reason, code, "failed");
            Called { body, failed: Some(error.kind) }
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
    progress: Progress,
) -> Result<Map<String, Value>, Failed> {
    if let Some(problem) = &world.problem {
        return Err(problem.clone().into());
    }
    if let Some(schemas) = world.schemas(tool) {
        schema::refuse_unknown(&schemas.input, &arguments)?;
    }
    let effect = tool.effects.of(&arguments);
    let requested = match tool.target {
        Target::Aws => Requested::take_from(&mut arguments)?,
        Target::None => Requested::default(),
    };
    gate::admit(world.config.access, tool.name, effect)?;
    let cx = Cx::new(world.clone(), tool, requested, progress);
    let answer = async {
        let answer = run(&cx, tool, effect, arguments).await?;
        finish(&cx, tool, answer).await
    };
    answer.await.map_err(|error| Failed { error, target: cx.target_so_far() })
}

/// Runs the tool, so that it ends in time and a panic is an error of this call.
async fn run(
    cx: &Cx,
    tool: &'static Tool,
    effect: Effect,
    arguments: Map<String, Value>,
) -> Result<Answer> {
    let running = AssertUnwindSafe((tool.handler.run)(cx.clone(), arguments)).catch_unwind();
    match tokio::time::timeout(LIMIT, running).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal(format!("{} crashed.", tool.name))),
        Err(_) => {
            let slow = Error::new(
                Kind::Timeout,
                format!("{} took longer than {} s.", tool.name, LIMIT.as_secs()),
                aws::next_step(Kind::Timeout),
            );
            Err(match effect {
                Effect::Read => slow,
                Effect::Write => {
                    aws::unknown_outcome(slow, "Look at the resource before you try again.")
                }
            })
        }
    }
}

/// Target -> mask -> escape -> cut. The order is held by a test.
async fn finish(cx: &Cx, tool: &Tool, mut answer: Answer) -> Result<Map<String, Value>> {
    if tool.target == Target::Aws
        && let Some(target) = cx.target().await
    {
        answer.body.insert("target".to_owned(), Value::Object(target));
    }
    answer.body = shown(answer.body);
    answer.fit(cx.world().config.max_characters)
}

fn shown(body: Map<String, Value>) -> Map<String, Value> {
    match gate::escape(gate::mask(Value::Object(body))) {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

/// An error in its published shape; that of a write says in `status` whether anything was done.
fn error_body(
    tool: &Tool,
    error: &Error,
    target: Option<Map<String, Value>>,
) -> Map<String, Value> {
    if let Some(cause) = &error.cause {
        tracing::debug!(tool = tool.name, cause, "cause");
    }
    let status = match (tool.effects.strongest(), error.kind) {
        (Effect::Read, _) => None,
        (Effect::Write, Kind::OutcomeUnknown) => Some("unknown"),
        (Effect::Write, _) => Some("no_change"),
    };
    let mut body = match serde_json::to_value(error) {
        Ok(Value::Object(body)) => body,
        _ => Map::new(),
    };
    if let Some(status) = status {
        body.insert("status".to_owned(), status.into());
    }
    if let Some(target) = target {
        body.insert("target".to_owned(), Value::Object(target));
    }
    shown(body)
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
            target: Target::None,
            handler: Handler {
                input: schema::of_input::<bool>,
                output: schema::of_output::<bool>,
                run,
            },
        }
    }

    async fn called(tool: Tool) -> Called {
        let tool = Box::leak(Box::new(tool));
        let flags = Flags { access: Some(crate::config::Access::AllowWrites), ..Flags::default() };
        let world = World::new(resolve(flags, Environment::default(), Clock::system()));
        call(Arc::new(world), tool, Map::new(), Arc::new(|_| {})).await
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_call() {
        let boom = called(tool(Effect::Read, |_, _| Box::pin(async { panic!("boom") }))).await;
        assert_eq!(boom.failed, Some(Kind::InternalError));
        assert!(!Value::Object(boom.body).to_string().contains("boom"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_in_time_and_a_write_is_then_unknown() {
        let forever = |_, _| -> crate::tools::Running { Box::pin(std::future::pending()) };
        let read = called(tool(Effect::Read, forever)).await;
        assert_eq!(read.failed, Some(Kind::Timeout));
        let write = called(tool(Effect::Write, forever)).await;
        assert_eq!(write.failed, Some(Kind::OutcomeUnknown));
        assert_eq!(write.body["status"], "unknown");
    }

    #[test]
    fn masking_comes_before_escaping_and_both_before_the_cut() {
        // Escaped first, the key would be broken up and pass the mask; cut first, a half key would.
        let body = json!({"a": "AKIAIOSFODNN7EXAMPLE\u{202E}"});
        let shown = shown(body.as_object().unwrap().clone());
        assert_eq!(shown["a"], "AKIAIOSFOD...\\u{202E}");
    }
}
