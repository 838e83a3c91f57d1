//! Under every client, whatever a tool's author wrote: stops an operation that the tool did not
//! declare, that is stronger than the call's effect, that policy denies, or that an open breaker
//! covers; gives what must not be repeated one attempt; reports how it went.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index, Models, Operation, Retry, Service};
use aws_dynamic::client::Given;
use aws_dynamic::model::terms;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::{ErrorKind, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use super::admitted::{Admitted, Purpose};
use super::breaker::{self, Circuit, Health};
use super::door::Leave;
use super::entry::{self, Entry, Kept};
use super::metrics::Outcome;
use super::{Gate, arguments};
use crate::error::aws::own_refusal;
use crate::error::{Error, Kind};

/// A call that is not retried has the whole operation's time for its one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(45);

/// The guard of one client.
#[derive(Debug)]
pub(super) struct Wire {
    pub gate: Arc<Gate>,
    pub admitted: Arc<Admitted>,
    pub circuit: Circuit,
}

/// One operation under way.
#[derive(Debug)]
struct Underway {
    operation: &'static Operation,
    /// That of the arguments, where it depends on them and the client says which they are: one that
    /// writes its requests from just these.
    effect: Option<Effect>,
    /// Whether the answer's body is one value, such as an object of S3, whatever it looks like.
    is_raw: bool,
    begun: Duration,
    entry: Kept,
    breaker: Mutex<Option<breaker::Pass>>,
}

impl Storable for Underway {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "aws-mcp wire"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = self.known(cfg)?;
        let names = (service.name(), operation.name());
        let rule = self.admitted.check(&self.gate, service, operation);
        let rule = rule.inspect_err(|error| self.gate.refused(&self.admitted, names, error))?;
        let breaker = self.gate.breaker.enter(&self.circuit)?;
        tracing::debug!(tool = self.admitted.tool, operation = operation.name(), "calling AWS");
        let once = match operation.retry() {
            Retry::Read | Retry::Idempotent | Retry::Token => None,
            // Asking twice could do it twice.
            Retry::No => {
                let limits = cfg.load::<TimeoutConfig>().map(TimeoutConfig::to_builder);
                Some(limits.unwrap_or_default().operation_attempt_timeout(ONE_ATTEMPT).build())
            }
        };
        let state = cfg.interceptor_state();
        if let Some(limits) = once {
            state.store_put(RetryConfig::disabled());
            state.store_put(limits);
        }
        let region = self.circuit.region.as_str();
        let effect = match self.admitted.purpose {
            Purpose::Call => operation.effect().min(self.admitted.effect).max(operation.weakest()),
            Purpose::Look | Purpose::SecondLook => Effect::Read,
        };
        let entry = Entry::begin(&self.gate, &self.admitted, names, effect, region, rule)?;
        let given = context.input().downcast_ref::<Given>().map(|given| &given.members);
        let arguments = given.filter(|_| operation.depends_on_arguments());
        state.store_put(Underway {
            operation,
            effect: arguments.map(|given| operation.effect_with(&Value::Object(given.clone()))),
            is_raw: given.is_some() && is_raw(names),
            begun: self.gate.clock.elapsed(),
            entry: Kept(entry),
            breaker: Mutex::new(Some(breaker)),
        });
        Ok(())
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = self.known(cfg)?;
        if self.admitted.purpose != Purpose::Call && operation.changes() {
            // EC2 only says what it would do, where the request tells it so in just this way.
            if self.admitted.dry_runs() && arguments::is_dry_run(context.request()) {
                return Ok(());
            }
            let name = format!("{}:{}", service.name(), operation.name());
            let (effect, own) = (operation.effect(), Effect::Read);
            return Err(too_strong(self.admitted.tool, &name, effect, own).into());
        }
        if !operation.depends_on_arguments() {
            return Ok(());
        }
        let by_input = cfg.load::<Underway>().and_then(|underway| underway.effect);
        let by_request = arguments::of_request(context.request());
        let effect = match (by_request, by_input) {
            (Some(arguments), _) => operation.effect_with(&arguments),
            (None, Some(effect)) => effect,
            (None, None) => operation.effect(),
        };
        Ok(self.admitted.check_effect(service, operation, effect)?)
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Without a record nothing was checked.
        let underway = cfg.load::<Underway>().ok_or_else(|| {
            Error::internal("an operation reached the wire unchecked. Nothing was sent.")
        })?;
        self.gate.metrics.record_attempt(&self.circuit.service);
        let changes = underway.operation.changes() && self.admitted.purpose == Purpose::Call;
        underway.entry.0.attempt();
        let writes_of = changes.then(|| self.admitted.clone());
        let intent = changes.then(|| underway.entry.0.clone());
        let is_raw = underway.is_raw;
        context.request_mut().add_extension(Leave { writes_of, intent, is_raw });
        tracing::debug!(tool = self.admitted.tool, "sending");
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_raw = cfg.load::<Underway>().is_some_and(|underway| underway.is_raw);
        // The SDK takes the end of an XML text for the end of everything in it.
        if !is_raw && context.output_or_error().is_ok() && is_cut_xml(context.response()) {
            return Err(Error::new(
                Kind::ExecutionError,
                "AWS's answer ended in its middle.",
                "Try again in a few seconds.",
            )
            .into());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(underway) = cfg.load::<Underway>() else { return Ok(()) };
        let context = context.inner();
        let failure = failure(context, components);
        let health = match failure {
            None => Health::Good,
            Some(kind) => Health::of(kind, status(context)),
        };
        let breaker = underway.breaker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(breaker) = breaker {
            breaker.report(health);
        }
        let took = self.gate.clock.elapsed().saturating_sub(underway.begun);
        let outcome = failure.map_or(Outcome::Success, Outcome::Failure);
        self.gate.metrics.record_service(&self.circuit.service, outcome, took);
        underway.entry.0.over(entry::Outcome {
            failed: failure,
            error_code: failure.and_then(|_| arguments::error_code(context.response()?)),
            http_status: status(context),
            request_id: context.response().and_then(arguments::request_id),
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if failure(context.inner(), components) == Some(Kind::Throttled) {
            self.gate.metrics.record_throttled(&self.circuit.service);
        }
        Ok(())
    }
}

impl Wire {
    /// The operation as the index has it. What it does not have is not called.
    fn known(&self, cfg: &ConfigBag) -> Result<(&'static Service, &'static Operation), Error> {
        let index = Index::get().map_err(super::broken_index)?;
        let named = cfg.load::<Metadata>();
        named
            .and_then(|named| {
                let service = index.service(named.service())?;
                Some((service, service.operation(named.name())?))
            })
            .ok_or_else(|| {
                let what = named.map_or_else(
                    || "an operation without a name".to_owned(),
                    |named| format!("{}:{}", named.service(), named.name()),
                );
                undeclared(self.admitted.tool, &what)
            })
    }
}

/// A tool's fault, which the model can do nothing about.
pub(super) fn undeclared(tool: &str, operation: &str) -> Error {
    Error::new(
        Kind::DeniedByPolicy,
        format!("{tool} tried to call {operation}, which it does not declare. Nothing was sent."),
        "This is a fault of aws-mcp; report it.",
    )
}

/// The same of an operation that does more than the call was admitted for.
pub(super) fn too_strong(tool: &str, operation: &str, effect: Effect, admitted: Effect) -> Error {
    let (effect, admitted) = (effect.word(), admitted.word());
    Error::new(
        Kind::DeniedByPolicy,
        format!(
            "{tool} tried to call {operation}, whose effect is {effect}, in a call that may {admitted}. Nothing was sent."
        ),
        "This is a fault of aws-mcp; report it.",
    )
}

/// Whether an operation's answer is one value of bytes or text, which nobody reads as XML or JSON.
fn is_raw((service, operation): (&str, &str)) -> bool {
    let model = Models::get().ok().and_then(|models| models.service(service)?.ok());
    let output = model.and_then(|model| model.operation(operation)?.output());
    let body = output.and_then(|output| output.member(output.payload()?));
    body.is_some_and(|body| matches!(body.shape().kind(), terms::Kind::Blob | terms::Kind::String))
}

/// Whether an answer is XML without its end. All of AWS's end with the root's closing tag.
fn is_cut_xml(response: &HttpResponse) -> bool {
    let Some(body) = response.body().bytes().map(<[u8]>::trim_ascii) else { return false };
    let is_xml = response.headers().get("content-type").is_some_and(|kind| kind.contains("xml"));
    is_xml && !body.is_empty() && !body.ends_with(b">")
        || body.starts_with(b"<?xml") && !ends_with_its_root(body)
}

/// `<?xml ...?> <!-- ... --> <root ...> ... </root>`
fn ends_with_its_root(body: &[u8]) -> bool {
    let mut rest = body;
    let root = loop {
        let Some(at) = rest.iter().position(|b| *b == b'<') else { return false };
        let Some(tag) = rest.get(at + 1..) else { return false };
        match tag.first() {
            Some(b'?' | b'!') => rest = tag,
            _ => break tag,
        }
    };
    let name = root.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).next();
    let name = name.unwrap_or_default();
    let closing = body.strip_suffix(b">").map(<[u8]>::trim_ascii_end);
    closing.is_some_and(|text| {
        text.strip_suffix(name).is_some_and(|text| text.ends_with(b"</")) || {
            // One element alone: `<root/>`.
            text.ends_with(b"/") && text.iter().filter(|b| **b == b'<').count() <= 2
        }
    })
}

/// How a call failed, told from its outcome and by the SDK's own classifiers, which know the codes.
fn failure(context: &InterceptorContext, components: &RuntimeComponents) -> Option<Kind> {
    let error = context.output_or_error()?.err()?;
    if let Some(own) = own_refusal(error) {
        return Some(own.kind);
    }
    let timed_out = error.as_connector_error().is_some_and(|error| error.is_timeout());
    if error.is_timeout_error() || timed_out {
        return Some(Kind::Timeout);
    }
    if error.is_connector_error() || error.is_response_error() {
        return Some(Kind::ExecutionError);
    }
    let kinds: Vec<ErrorKind> = components
        .retry_classifiers()
        .filter_map(|classifier| match classifier.classify_retry(context) {
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) => Some(kind),
            _ => None,
        })
        .collect();
    let status = status(context);
    // Capacity that is not there is a server's error by status, and nobody's failure.
    let body = context.response().and_then(|response| response.body().bytes());
    if body.is_some_and(|body| memchr::memmem::find(body, b"<Code>Insufficient").is_some()) {
        return Some(Kind::ClientError);
    }
    Some(match status {
        _ if status == Some(429) || kinds.contains(&ErrorKind::ThrottlingError) => Kind::Throttled,
        Some(500..) => Kind::ExecutionError,
        _ if kinds.contains(&ErrorKind::TransientError) => Kind::ExecutionError,
        Some(400..) => Kind::ClientError,
        // An answer that cannot be read, or none.
        _ => Kind::InternalError,
    })
}

fn status(context: &InterceptorContext) -> Option<u16> {
    context.response().map(|response| response.status().as_u16())
}

/// What this server refuses is not asked again: an answer that is too large stays too large.
#[derive(Debug)]
pub struct NoSecondTry;

impl ClassifyRetry for NoSecondTry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if own_refusal(error).is_some() => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "aws-mcp no second try"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
