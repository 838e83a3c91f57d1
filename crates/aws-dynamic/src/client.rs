//! The one place that sends. A call is validated, written, signed, sent, retried and read on the
//! runtime under the generated clients, so that time limits, retries, interceptors and the HTTP client
//! of an `SdkConfig` do here what they do there.
//!
//! Nothing here reads a clock, an environment or a source of randomness of its own: credentials, time,
//! sleep and the HTTP client are the configuration's, tokens are handed in. The runtime's own parts do:
//! the spread of pauses, ids of attempts, and headers that tell AWS of Lambda around the program.

mod checksum;
mod codec;
mod destination;
mod document;
mod error;
mod prepared;
mod road;
mod special;

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime_api::client::identity::{SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;
use aws_types::SdkConfig;
use serde_json::Value;

use self::codec::{Given, OperationCodec, Received, Tokens};
use self::destination::Destination;
use self::error::Sent;
use self::prepared::Ready;
use crate::auth::Authorization;
use crate::catalog::{Index, Models};
use crate::model::Operation;
use crate::protocol::Exchange;
use crate::validate::{Coercion, Finding, validate};

pub use self::error::{CallError, Refusal};
pub use self::prepared::Prepared;

/// Calls any operation of any service, with the settings of one `SdkConfig`. Cheap to clone; clones
/// share credentials.
#[derive(Clone)]
pub struct Client {
    config: SdkConfig,
    identities: SharedIdentityCache,
    credentials: Option<SharedIdentityResolver>,
    interceptors: Vec<SharedInterceptor>,
    classifiers: Vec<SharedRetryClassifier>,
    tokens: Option<Tokens>,
    coercion: Coercion,
    limit: usize,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The output's members, as `protocol` writes them.
    pub output: Value,
    /// The id by which AWS's support finds the call.
    pub request_id: Option<String>,
    /// What of the input was read as something else than it was.
    pub coercions: Vec<Finding>,
    /// What of the input the service may refuse.
    pub warnings: Vec<Finding>,
}

/// How many bytes an answer may have where nothing else is said.
pub const LIMIT: usize = 64 << 20;

const EVENTS: &str = "the answer is a stream of events, which is not supported here";

impl Client {
    /// A client with these settings: region, endpoint, credentials, HTTP client, time and sleep,
    /// retries, time limits, identity cache, app name.
    pub fn new(config: &SdkConfig) -> Self {
        let identities = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        Self {
            config: config.clone(),
            identities,
            // Once for all calls: a cache knows a source of credentials by this value.
            credentials: config.credentials_provider().map(SharedIdentityResolver::new),
            interceptors: Vec::new(),
            classifiers: Vec::new(),
            tokens: None,
            coercion: Coercion::On,
            limit: LIMIT,
        }
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
    /// they stay out, and a service may take a repeated request for a second one.
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
        let Ready { valid, codec, destination, authorization } =
            self.ready(service, operation, input)?;
        if authorization != Authorization::None && self.credentials.is_none() {
            return Err(CallError::NoCredentials);
        }
        let operation = codec.operation;
        let plugins = road::plugins(self, codec, &destination, authorization);
        let (service, name) = (operation.service().id(), operation.name());
        let sent = invoke(service, name, Input::erase(Given(valid.input)), &plugins).await;
        let output = sent.map_err(|error| self.failed(error))?;
        // The runtime hands back what the codec above gave it.
        let received = output.downcast::<Received>();
        let received = received.map_err(|_| CallError::Special("the answer was lost"))?;
        Ok(Answer {
            output: received.output,
            request_id: received.request_id,
            coercions: valid.coercions,
            warnings: valid.warnings,
        })
    }

    /// What `call` would send, without sending it: no credentials are asked for, and no interceptor
    /// runs. Fails where `call` would fail before sending.
    pub fn prepare(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Prepared, CallError> {
        Prepared::of(self.ready(service, operation, input)?)
    }

    /// All of a call that comes before anything is asked of anybody.
    fn ready(&self, service: &str, operation: &str, input: &Value) -> Result<Ready, CallError> {
        let operation = find(service, operation)?;
        // Before the input: nobody should mend one that can never be sent.
        let exchange = Exchange::of(operation).map_err(CallError::Unsupported)?;
        if exchange.event_stream().is_some() {
            return Err(CallError::Special(EVENTS));
        }
        let input = special::prepared(operation, input);
        let mut valid = validate(operation, &input, self.coercion)
            .map_err(|invalid| CallError::Invalid(Box::new(invalid)))?;
        special::refuse(operation, &valid.input).map_err(CallError::Special)?;
        let destination = Destination::of(&self.config, operation, &valid.input)?;
        let region = self.config.region().map(AsRef::as_ref);
        let authorization = Authorization::of(operation, &destination.endpoint, region)
            .map_err(CallError::Authorization)?;
        let (tokens, headers) = (self.tokens.clone(), destination.headers());
        special::strip(operation, &mut valid.input);
        let codec = OperationCodec { operation, exchange, tokens, headers, limit: self.limit };
        Ok(Ready { valid, codec, destination, authorization })
    }

    fn failed(&self, error: Sent) -> CallError {
        if road::is_too_large(&error) {
            return CallError::TooLarge { limit: self.limit };
        }
        CallError::of(error)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("region", &self.config.region()).finish_non_exhaustive()
    }
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
