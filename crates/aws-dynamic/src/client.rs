//! The one place that sends. A call is validated, written, signed, sent, retried and read on the
//! runtime under the generated clients, so that time limits, retries, interceptors and the HTTP client
//! of an `SdkConfig` do here what they do there.
//!
//! Nothing here reads a clock, an environment or a source of randomness of its own: credentials, time,
//! sleep and the HTTP client are the configuration's, tokens are handed in. The runtime's own parts do:
//! the spread of pauses, ids of attempts, and headers that tell AWS of Lambda around the program.

mod address;
mod checksum;
mod codec;
mod copy;
mod customer_key;
mod destination;
mod digest;
mod discovery;
mod document;
mod download;
mod error;
mod events;
mod frames;
mod prepared;
mod presign;
mod reader;
mod road;
mod settings;
mod special;
mod trailer;
mod tree_hash;
mod unsupported;
mod upload;

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime_api::client::identity::{SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::{Map, Value};

use self::checksum::Mismatch;
use self::codec::{OperationCodec, Reads, Received, Tokens};
use self::destination::{Destination, Origin};
use self::discovery::Discovered;
use self::error::Sent;
use self::settings::with_plain_region;
use crate::auth::{Authorization, Held, known};
use crate::catalog::{Index, Models};
use crate::endpoint::Endpoint;
use crate::model::Operation;
use crate::protocol::Exchange;
use crate::validate::{self, Coercion, Finding, Valid, examine};

pub use self::codec::Given;
pub use self::download::Downloaded;
pub use self::error::{CallError, Refusal};
pub use self::events::{Collected, End, Interrupted, Until};
pub use self::prepared::Prepared;
pub use self::presign::Presigned;
pub use self::reader::{from_reader, from_reader_once};
pub use self::settings::EndpointSettings;
pub use self::unsupported::{unsupported, unsupported_in_part};

/// Calls any operation of any service, with the settings of one `SdkConfig`. Cheap to clone; clones
/// share credentials and what services said of their endpoints.
#[derive(Clone)]
pub struct Client {
    config: SdkConfig,
    settings: EndpointSettings,
    identities: SharedIdentityCache,
    credentials: Option<SharedIdentityResolver>,
    bearer: Option<SharedIdentityResolver>,
    interceptors: Vec<SharedInterceptor>,
    classifiers: Vec<SharedRetryClassifier>,
    discovered: Discovered,
    tokens: Option<Tokens>,
    coercion: Coercion,
    limit: usize,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of HTTP, as `waiter` wants it.
    pub status: u16,
    /// The output's members, as `protocol` writes them.
    pub output: Value,
    /// The id by which AWS's support finds the call.
    pub request_id: Option<String>,
    /// What of the input was read as something else than it was.
    pub coercions: Vec<Finding>,
    /// What of the input the service may refuse.
    pub warnings: Vec<Finding>,
}

/// A call that can be sent.
#[derive(Debug)]
struct Call {
    operation: Operation<'static>,
    exchange: &'static Exchange,
    /// Until it is sent.
    members: Map<String, Value>,
    coercions: Vec<Finding>,
    warnings: Vec<Finding>,
}

/// How many bytes an answer may have where nothing else is said.
pub const LIMIT: usize = 64 << 20;

const EVENTS: &str = "the answer is a stream of events, which must be collected";

impl Client {
    /// A client with these settings: region, endpoint, credentials, HTTP client, time and sleep,
    /// retries, time limits, identity cache, app name.
    pub fn new(config: &SdkConfig) -> Self {
        let identities = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        Self {
            config: with_plain_region(config),
            settings: EndpointSettings::default(),
            identities,
            // Once for all calls: a cache knows a source of credentials by this value.
            credentials: config.credentials_provider().map(SharedIdentityResolver::new),
            bearer: config.token_provider().map(SharedIdentityResolver::new),
            interceptors: Vec::new(),
            classifiers: Vec::new(),
            discovered: Discovered::default(),
            tokens: None,
            coercion: Coercion::On,
            limit: LIMIT,
        }
    }

    /// What endpoint rules ask for beside the configuration.
    pub fn with_endpoint_settings(mut self, settings: EndpointSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Adds an interceptor, which sees every call after the runtime's own.
    pub fn with_interceptor(mut self, interceptor: SharedInterceptor) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// Adds a judge of what is tried again.
    pub fn with_retry_classifier(mut self, classifier: SharedRetryClassifier) -> Self {
        self.classifiers.push(classifier);
        self
    }

    /// Fills idempotency tokens that the caller leaves out; the function gives fresh UUIDs. Without it
    /// they stay out, and a service may take a repeated request for a second one; where the model
    /// requires one, the caller must give it.
    pub fn with_tokens(mut self, tokens: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Whether input of another type is read as the one thing that it can mean.
    pub fn with_coercion(mut self, coercion: Coercion) -> Self {
        self.coercion = coercion;
        self
    }

    /// How many bytes an answer may have; one with more is an error.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Calls an operation, by the names of the API or of the AWS CLI, with its members as JSON (`null`
    /// for none). Needs a runtime of tokio or whatever the configuration's sleep and HTTP client need.
    pub async fn call(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Answer, CallError> {
        let mut call = self.checked(service, operation, input)?;
        if call.exchange.event_stream().is_some() {
            return Err(CallError::Special(EVENTS));
        }
        let received = self.send(&mut call, None, Reads::Whole).await?;
        Ok(call.answer(received))
    }

    /// What is to be called, as far as that is known before anything is sent.
    fn checked(&self, service: &str, operation: &str, input: &Value) -> Result<Call, CallError> {
        let operation = find(service, operation)?;
        let exchange = Exchange::of(operation).map_err(CallError::Unsupported)?;
        let tokens = match self.tokens {
            Some(_) => validate::Tokens::Filled,
            None => validate::Tokens::Left,
        };
        let valid = held(operation, input, self.coercion, tokens)?;
        Ok(Call {
            operation,
            exchange,
            members: valid.input,
            coercions: valid.coercions,
            warnings: valid.warnings,
        })
    }

    /// What `call` would send, without sending it: no credentials are asked for, and no interceptor
    /// runs; so a copy from another region lacks the URL that is signed for there, and an endpoint that
    /// the service itself names is not asked for. Fails where `call` would fail before sending.
    pub fn prepare(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Prepared, CallError> {
        let mut call = self.checked(service, operation, input)?;
        copy::strip(call.operation, &mut call.members);
        let (destination, authorization) = self.bound(call.operation, &call.members)?;
        let codec = self.codec(call.operation, call.exchange, &destination, Reads::Whole);
        Prepared::of(call, &codec, &destination, authorization)
    }

    fn codec(
        &self,
        operation: Operation<'static>,
        exchange: &'static Exchange,
        destination: &Destination,
        reads: Reads,
    ) -> OperationCodec {
        OperationCodec {
            operation,
            exchange,
            tokens: self.tokens.clone(),
            headers: destination.headers(),
            compression: road::compression(&self.config),
            limit: self.limit,
            reads,
        }
    }

    /// Where a call goes, and how it is authorised there.
    fn bound(
        &self,
        operation: Operation<'static>,
        members: &Map<String, Value>,
    ) -> Result<(Destination, Authorization), CallError> {
        let destination = Destination::of(&self.config, &self.settings, operation, members)?;
        let region = self.config.region().map(AsRef::as_ref);
        let authorization = self.authorization(operation, &destination.endpoint, region)?;
        Ok((destination, authorization))
    }

    /// Sends a call. A body is that of the member which is a stream.
    async fn send(
        &self,
        call: &mut Call,
        body: Option<SdkBody>,
        reads: Reads,
    ) -> Result<Received, CallError> {
        let (operation, exchange) = (call.operation, call.exchange);
        let mut members = std::mem::take(&mut call.members);
        copy::complete(self, operation, exchange, &mut members).await?;
        let destination = Destination::of(&self.config, &self.settings, operation, &members)?;
        let given = Given { members, body };
        match special::discovered_label(operation) {
            Some(label) if destination.origin == Origin::Rules => {
                self.send_discovered(call, given, &destination, label).await
            }
            Some(_) | None => self.send_to(call, given, &destination, reads).await,
        }
    }

    async fn send_to(
        &self,
        call: &Call,
        given: Given,
        destination: &Destination,
        reads: Reads,
    ) -> Result<Received, CallError> {
        let (operation, exchange) = (call.operation, call.exchange);
        let region = self.config.region().map(AsRef::as_ref);
        let mut authorization = self.authorization(operation, &destination.endpoint, region)?;
        self.holds(&authorization)?;
        if let Some(body) = &given.body {
            upload::hash(operation, &mut authorization, body).await?;
        }
        let codec = self.codec(operation, exchange, destination, reads);
        let mut plugins = road::plugins(self, codec, destination, authorization);
        if exchange.event_stream().is_some() {
            plugins = plugins.with_client_plugin(events::patience());
        }
        let (service, name) = (operation.service().id(), operation.name());
        let sent = invoke(service, name, Input::erase(given), &plugins).await;
        let output = sent.map_err(|error| self.failed(error))?;
        // The runtime hands back what the codec above gave it.
        output.downcast::<Received>().map_err(|_| CallError::Special("the answer was lost"))
    }

    /// How a request is authorised.
    fn authorization(
        &self,
        operation: Operation<'_>,
        endpoint: &Endpoint,
        region: Option<&str>,
    ) -> Result<Authorization, CallError> {
        let held = match (&self.credentials, &self.bearer) {
            (None, None) => Held::Nothing,
            (Some(_), None) => Held::Credentials,
            (None, Some(_)) => Held::Token,
            (Some(_), Some(_)) => Held::Both,
        };
        Authorization::of(operation, endpoint, region, held).map_err(CallError::Authorization)
    }

    /// Fails without what a request is to be authorised with.
    fn holds(&self, authorization: &Authorization) -> Result<(), CallError> {
        match authorization {
            Authorization::SigV4(_) | Authorization::SigV4a(_) if self.credentials.is_none() => {
                Err(CallError::NoCredentials)
            }
            Authorization::Bearer if self.bearer.is_none() => Err(CallError::NoToken),
            Authorization::SigV4(_)
            | Authorization::SigV4a(_)
            | Authorization::Bearer
            | Authorization::None => Ok(()),
        }
    }

    fn failed(&self, error: Sent) -> CallError {
        if road::is_too_large(&error) {
            return CallError::TooLarge { limit: self.limit };
        }
        if let Some(mismatch) = road::cause::<Mismatch>(&error) {
            return CallError::Checksum(mismatch.to_string());
        }
        CallError::of(error)
    }
}

impl Call {
    fn answer(self, received: Received) -> Answer {
        let Received { status, output, request_id, live: _ } = received;
        Answer { status, output, request_id, coercions: self.coercions, warnings: self.warnings }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("region", &self.config.region()).finish_non_exhaustive()
    }
}

/// An input as `call` of a client with tokens would take it, or why it would not: without a
/// configuration, and so without what depends on one.
pub fn accepted(
    operation: Operation<'static>,
    input: &Value,
    coercion: Coercion,
) -> Result<Valid, CallError> {
    // Whether it can be called at all comes before what is wrong with the input.
    Exchange::of(operation).map_err(CallError::Unsupported)?;
    held(operation, input, coercion, validate::Tokens::Filled)
}

fn held(
    operation: Operation<'static>,
    input: &Value,
    coercion: Coercion,
    tokens: validate::Tokens,
) -> Result<Valid, CallError> {
    special::refuse(operation).map_err(CallError::Special)?;
    known(operation).map_err(CallError::Authorization)?;
    let input = special::prepared(operation, input);
    let mut examined = examine(operation, &input, coercion, tokens);
    let more = address::problems(operation, &examined.input);
    more.into_iter()
        .chain(checksum::problem(operation, &examined.input))
        .for_each(|problem| examined.problems.add(problem));
    examined.end().map_err(|invalid| CallError::Invalid(Box::new(invalid)))
}

/// The operation of two names, in any of their forms.
fn find(service: &str, operation: &str) -> Result<Operation<'static>, CallError> {
    let broken = |broken: &crate::catalog::Broken| CallError::Broken(broken.clone());
    let index = Index::get().map_err(broken)?;
    let known = index.service(service).ok_or_else(|| CallError::Service(service.to_owned()))?;
    let unknown = || CallError::Operation {
        service: known.name().to_owned(),
        operation: operation.to_owned(),
    };
    let name = known.operation(operation).ok_or_else(unknown)?.name();
    let model = Models::get().map_err(broken)?.service(known.name()).ok_or_else(unknown)?;
    model.map_err(broken)?.operation(name).ok_or_else(unknown)
}

#[cfg(test)]
mod tests;
