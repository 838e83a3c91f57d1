//! Making a call: once, page by page, until a state has come, or for as long as events come.

use std::time::Duration;

use aws_dynamic::client::{Answer as Called, CallError, End, Until};
use aws_dynamic::model::terms;
use aws_dynamic::paginate::Failed;
use aws_dynamic::validate::Finding;
use aws_dynamic::waiter::{Outcome, Step, Waiting};
use aws_smithy_types::base64;
use serde_json::Value;

use super::call::lines;
use super::named::Chosen;
use super::options::{self, Options};
use crate::error::{Error, Kind, Result, aws};
use crate::tools::Cx;
use crate::tools::view::Form;

/// `wait` and pages: at most this long, so that the whole call ends within its 50 s.
const WAIT: Duration = Duration::from_secs(45);

/// Pages of one call, whatever `max_items` says.
const MOST_PAGES: usize = 100;

/// Of all pages of one call together, as JSON; the next is not asked for beyond it. Bytes.
const MOST_BYTES: usize = 32 << 20;

/// Events of one call where `max_items` does not say, and whatever it says.
const EVENTS: usize = 100;
const MOST_EVENTS: usize = 10_000;

/// When a stream of events is cut, however few came.
const EVENT_BYTES: usize = 4 << 20;
const EVENT_TIME: Duration = Duration::from_secs(20);

/// What came of a call.
#[derive(Default)]
pub(super) struct Made {
    pub result: Value,
    /// Where the list goes on.
    pub next: Option<String>,
    pub request_id: Option<String>,
    pub coercions: Vec<Finding>,
    pub warnings: Vec<String>,
}

impl Made {
    /// What is wanted of a call.
    pub async fn of_call(cx: &Cx, chosen: &Chosen, options: &Options) -> Result<Self> {
        if let Some(waiter) = &options.wait {
            return waited(cx, chosen, waiter).await;
        }
        if chosen.answers_in_events() {
            return collected(cx, chosen, options).await;
        }
        let mut made = paged(cx, chosen, options).await?;
        if options.response.unwrap_or_default() == Form::Compact {
            made.read_text(chosen);
        }
        Ok(made)
    }

    /// Shows a body of text, such as an object of S3, as text.
    fn read_text(&mut self, chosen: &Chosen) {
        let output = chosen.model.output();
        let body = output.and_then(|output| output.member(output.payload()?));
        let Some(body) = body.filter(|body| body.shape().kind() == terms::Kind::Blob) else {
            return;
        };
        let Some(value) = self.result.get_mut(body.name()) else { return };
        let bytes = value.as_str().and_then(|text| base64::decode(text).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let is_text = |text: &String| {
            !text.is_empty() && !text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c))
        };
        if let Some(text) = text.filter(is_text) {
            *value = text.into();
            let name = body.name();
            self.warnings.push(format!("{name} is shown as text; `response: full` has its base64"));
        }
    }

    fn of(called: Called) -> Self {
        Self {
            result: called.output,
            next: None,
            request_id: called.request_id,
            coercions: called.coercions,
            warnings: lines(&called.warnings),
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
    let Some(mut pages) = options.pages(chosen)? else {
        return Ok(Made::of(one(chosen.payload.clone()).await?));
    };
    let most = match options.all_pages.unwrap_or_default() || options.max_items.is_some() {
        true => MOST_PAGES,
        // A page as AWS gives it.
        false => 1,
    };
    let repeats = |failed: Failed| {
        Error::new(
            Kind::ExecutionError,
            format!("{failed}."),
            "The list cannot be read on; ask for a part of it by the operation's own filters.",
        )
    };
    let mut merged = pages.merged();
    let (mut last, mut bytes) = (None::<Made>, 0);
    for page in 1..=most {
        let Some(input) = pages.next_input() else { break };
        if page > 1 {
            cx.progress(format!("page {page}"));
        }
        let came = match one(input).await {
            Ok(called) => {
                let mut made = Made::of(called);
                bytes += serde_json::to_string(&made.result).map_or(MOST_BYTES, |text| text.len());
                pages
                    .take(std::mem::take(&mut made.result))
                    .map_err(repeats)
                    .map(|page| (made, page))
            }
            Err(error) => Err(error),
        };
        match (came, &mut last) {
            (Ok((made, taken)), _) if most == 1 => {
                return Ok(Made { result: taken.answer, next: pages.resume(), ..made });
            }
            (Ok((made, taken)), _) => {
                merged.add(taken);
                last = Some(made);
            }
            (Err(error), None) => return Err(error),
            // What was read is not thrown away.
            (Err(error), Some(made)) => {
                made.warnings.push(format!("page {page} could not be read: {}", error.message));
                break;
            }
        }
        if cx.elapsed() > WAIT || bytes > MOST_BYTES {
            break;
        }
    }
    let mut made = last.ok_or_else(|| Error::internal("a list had no page."))?;
    let members: Vec<String> = merged.members().map(str::to_owned).collect();
    made.result = merged.value();
    let of_each: Vec<String> =
        members.into_iter().filter(|name| made.result.get(name).is_none()).collect();
    if !of_each.is_empty() {
        let names = of_each.join(", ");
        made.warnings.push(format!("left out, because each page has its own: {names}"));
    }
    Ok(Made { next: pages.resume(), ..made })
}

/// The events of an answer that is a stream of them, as far as they come in time.
async fn collected(cx: &Cx, chosen: &Chosen, options: &Options) -> Result<Made> {
    let (service, operation) = chosen.names();
    let client = cx.dynamic((service, operation), &chosen.payload).await?;
    let events = options.max_items.map_or(EVENTS, |most| most.get().min(MOST_EVENTS));
    let until = Until { events, bytes: EVENT_BYTES, time: EVENT_TIME };
    match client.events(service, operation, &chosen.payload, until).await {
        Ok(collected) => {
            let cut = match collected.end {
                End::Whole => None,
                End::Events => Some(format!("cut after {events} events (max_items)")),
                End::Bytes => Some(format!("cut after {EVENT_BYTES} bytes of events")),
                End::Time => Some(format!("cut after {} s of events", EVENT_TIME.as_secs())),
            };
            let mut made = Made::of(collected.answer);
            made.warnings.extend(cut);
            Ok(made)
        }
        Err(CallError::Interrupted(interrupted)) if has_entries(&interrupted.before.output) => {
            let code = interrupted.refusal().map(|refusal| refusal.error().code.clone());
            let why = code.unwrap_or_else(|| "it broke off".to_owned());
            let mut made = Made::of(interrupted.before.clone());
            made.warnings.push(format!("the events ended with an error: {why}"));
            Ok(made)
        }
        Err(error) => Err(aws::uncalled(&cx.action(&chosen.name()), error)),
    }
}

/// Whether an answer has a list with something in it.
fn has_entries(output: &Value) -> bool {
    let mut lists = output.as_object().into_iter().flat_map(|fields| fields.values());
    lists.any(|value| value.as_array().is_some_and(|list| !list.is_empty()))
}

/// The operation, until its waiter says that the state has come.
async fn waited(cx: &Cx, chosen: &Chosen, name: &str) -> Result<Made> {
    let waiter = options::waiter(chosen, name)?;
    let mut waiting = Waiting::new(waiter)
        .map_err(|error| Error::internal("a waiter cannot be read.").caused_by(error))?;
    loop {
        let called = call(cx, chosen, &chosen.payload).await?;
        let outcome = match &called {
            Ok(called) => Some(Outcome::Answer { status: called.status, output: &called.output }),
            Err(error) => error
                .service_error()
                .map(|said| Outcome::Error { status: said.status, code: &said.code }),
        };
        let step = outcome.map(|outcome| waiting.step(outcome));
        match (step, called) {
            (Some(Step::Success), Ok(called)) => return Ok(Made::of(called)),
            // What was waited for was that it is not there any more.
            (Some(Step::Success), Err(error)) => {
                let code = error.service_error().map_or("an error", |said| said.code.as_str());
                let gone = format!("{}: AWS says {code}, which was waited for", waiter.name());
                return Ok(Made { warnings: vec![gone], ..Made::default() });
            }
            (Some(Step::Retry { after }), _) if cx.elapsed() + after < WAIT => {
                cx.progress(format!("waiting for {}", waiter.name()));
                tokio::time::sleep(after).await;
            }
            (Some(Step::Retry { .. }), _) => {
                return Err(Error::new(
                    Kind::Timeout,
                    match waiting.seen() {
                        Some(seen) => format!("{} has not come yet: {seen}.", waiter.name()),
                        None => format!("{} has not come yet.", waiter.name()),
                    },
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
