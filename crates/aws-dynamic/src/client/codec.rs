//! The seam between the runtime and this crate's protocols: an input becomes a request when the
//! runtime asks for one, after the interceptors had their say, and an answer becomes JSON.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SerializeRequest};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;
use serde_json::{Map, Value};

use super::error::Refusal;
use super::special;
use crate::model::Operation;
use crate::protocol::{self, Exchange, Failure};

/// Gives fresh UUIDs.
pub(super) type Tokens = Arc<dyn Fn() -> String + Send + Sync>;

/// What the runtime is given as input.
#[derive(Debug)]
pub(super) struct Given(pub Map<String, Value>);

/// What it gives back.
#[derive(Debug)]
pub(super) struct Received {
    pub output: Value,
    pub request_id: Option<String>,
}

/// Reads and writes one operation.
#[derive(Clone)]
pub(super) struct OperationCodec {
    pub operation: Operation<'static>,
    pub exchange: &'static Exchange,
    pub tokens: Option<Tokens>,
    /// What the endpoint's rules add.
    pub headers: Vec<(String, String)>,
    /// How many bytes an answer may have.
    pub limit: usize,
}

impl fmt::Debug for OperationCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OperationCodec").field(&self.operation.name()).finish()
    }
}

impl OperationCodec {
    /// The request for an input, without a host.
    pub fn write(&self, input: Map<String, Value>) -> Result<HttpRequest, BoxError> {
        let input = Value::Object(input);
        let tokens = self.tokens.as_deref().map(|tokens| tokens as &dyn Fn() -> String);
        let mut request = self.exchange.request(&input, tokens)?;
        special::finish(self.operation, &input, &mut request)?;
        request.headers.extend_from_slice(&self.headers);
        into_http(request)
    }
}

impl SerializeRequest for OperationCodec {
    fn serialize_input(&self, input: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let given = input.downcast::<Given>().map_err(|_| "the input is of another client")?;
        self.write(given.0)
    }
}

impl DeserializeResponse for OperationCodec {
    /// Bounds what is read; the body itself is then read by the runtime.
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, self.limit));
        None
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        // The bytes are shared, not copied.
        let body = response.body().try_clone().unwrap_or_else(SdkBody::empty);
        let bytes = response.body().bytes().unwrap_or_default();
        let status = special::status(self.operation, response.status().as_u16(), bytes);
        match self.exchange.response(status, response.headers().iter(), body) {
            Ok(output) => {
                let request_id = Exchange::request_id(response.headers().iter());
                Ok(Output::erase(Received {
                    output: special::output(self.operation, output, bytes),
                    request_id: request_id.map(str::to_owned),
                }))
            }
            Err(Failure::Service(mut error)) => {
                special::error(self.operation, &mut error, bytes);
                Err(OrchestratorError::operation(Error::erase(Refusal::new(
                    *error,
                    self.operation,
                ))))
            }
            Err(Failure::Unreadable(problem)) => Err(OrchestratorError::response(problem.into())),
        }
    }
}

fn into_http(request: protocol::HttpRequest) -> Result<HttpRequest, BoxError> {
    let mut http = HttpRequest::new(SdkBody::from(request.body));
    http.set_method(&request.method)?;
    http.set_uri(request.uri)?;
    for (name, value) in request.headers {
        http.headers_mut().try_insert(name, value)?;
    }
    Ok(http)
}
