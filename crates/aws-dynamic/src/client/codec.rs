//! The seam between the runtime and this crate's protocols: an input becomes a request when the
//! runtime asks for one, after the interceptors had their say, and an answer becomes JSON.

use std::borrow::Cow;
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

use super::checksum::Expected;
use super::digest::Algorithm;
use super::error::Refusal;
use super::special;
use super::trailer::Trailer;
use crate::model::Operation;
use crate::protocol::{self, Compression, Exchange, Failure};

/// Gives fresh UUIDs.
pub(super) type Tokens = Arc<dyn Fn() -> String + Send + Sync>;

/// What the runtime is given as input: an interceptor finds it in its context until it is written.
pub struct Given {
    pub members: Map<String, Value>,
    /// The member that is the body, where it comes from a stream. In the members it is empty.
    pub(super) body: Option<SdkBody>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

/// What it gives back.
#[derive(Debug)]
pub(super) struct Received {
    /// Of HTTP.
    pub status: u16,
    pub output: Value,
    pub request_id: Option<String>,
    /// The body of an answer that is not read here.
    pub live: Option<Live>,
}

/// A body that is still to come.
#[derive(Debug)]
pub(super) struct Live {
    pub body: SdkBody,
    /// The sum that it should have.
    pub expected: Option<Expected>,
}

/// How much of an answer is read by the codec. Errors are always read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    Whole,
    /// Status and headers alone.
    Head,
}

/// Reads and writes one operation.
#[derive(Clone)]
pub(super) struct OperationCodec {
    pub operation: Operation<'static>,
    pub exchange: &'static Exchange,
    pub tokens: Option<Tokens>,
    /// What the endpoint's rules add.
    pub headers: Vec<(String, String)>,
    pub compression: Compression,
    /// How many bytes an answer may have.
    pub limit: usize,
    pub reads: Reads,
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
        let mut request = self.written(&input)?;
        special::finish(self.operation, &input, &mut request)?;
        into_http(request)
    }

    /// The same with a body that comes from a stream, and the checksum that follows it, if any.
    fn write_streamed(
        &self,
        input: Map<String, Value>,
        body: SdkBody,
    ) -> Result<(HttpRequest, Option<Algorithm>), BoxError> {
        let length = body.content_length().ok_or("the body's length is not known")?;
        let input = Value::Object(input);
        let mut request = self.written(&input)?;
        let sum = special::finish_streamed(self.operation, &input, &mut request)?;
        let mut http = into_http(request)?;
        http.headers_mut().try_insert("content-length", length.to_string())?;
        *http.body_mut() = body;
        Ok((http, sum))
    }

    fn written(&self, input: &Value) -> Result<protocol::HttpRequest, BoxError> {
        let tokens = self.tokens.as_deref().map(|tokens| tokens as &dyn Fn() -> String);
        let mut request = self.exchange.request_with(input, tokens, self.compression)?;
        request.headers.extend_from_slice(&self.headers);
        Ok(request)
    }
}

impl SerializeRequest for OperationCodec {
    fn serialize_input(&self, input: Input, cfg: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let given = input.downcast::<Given>().map_err(|_| "the input is of another client")?;
        let Some(body) = given.body else { return self.write(given.members) };
        let (request, sum) = self.write_streamed(given.members, body)?;
        if let Some(sum) = sum {
            cfg.interceptor_state().store_put(Trailer(sum));
        }
        Ok(request)
    }
}

impl DeserializeResponse for OperationCodec {
    /// Takes a body that is read elsewhere. Bounds what is read of others, which the runtime then reads.
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        if self.reads == Reads::Head && response.status().is_success() {
            return Some(self.head(response, body));
        }
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
        let mut headers = headers(response);
        if let Some(expected) = Expected::of(self.operation, texts(&headers))
            && response.status().is_success()
        {
            let checked = expected.check_bytes(bytes);
            checked.map_err(|mismatch| OrchestratorError::response(mismatch.into()))?;
        }
        let status = special::status(self.operation, response.status().as_u16(), bytes);
        let member = special::headers(self.operation, &mut headers);
        match self.exchange.response(status, texts(&headers), body) {
            Ok(mut output) => {
                add(&mut output, member);
                let request_id = Exchange::request_id(texts(&headers));
                Ok(Output::erase(Received {
                    status,
                    output: special::output(self.operation, output, bytes),
                    request_id: request_id.map(str::to_owned),
                    live: None,
                }))
            }
            Err(Failure::Service(mut error)) => {
                special::error(self.operation, &mut error, bytes);
                Err(OrchestratorError::operation(Error::erase(Refusal::new(
                    *error,
                    self.operation,
                ))))
            }
            // The service may have done what it was asked for: it is not asked again.
            Err(Failure::Unreadable(problem)) => Err(OrchestratorError::other(problem)),
        }
    }
}

impl OperationCodec {
    /// What an answer says before its body.
    fn head(
        &self,
        response: &HttpResponse,
        body: SdkBody,
    ) -> Result<Output, OrchestratorError<Error>> {
        let status = response.status().as_u16();
        let mut headers = headers(response);
        let member = special::headers(self.operation, &mut headers);
        let output = self.exchange.head(status, texts(&headers));
        let mut output = output.map_err(OrchestratorError::other)?;
        add(&mut output, member);
        Ok(Output::erase(Received {
            status,
            output,
            request_id: Exchange::request_id(texts(&headers)).map(str::to_owned),
            live: Some(Live { body, expected: Expected::of(self.operation, texts(&headers)) }),
        }))
    }
}

/// An answer's headers. Those that are not UTF-8 are latin-1, as HTTP's were (RFC 9110, section 5.5).
fn headers(response: &HttpResponse) -> Vec<(&str, Cow<'_, str>)> {
    let text = |value| match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().copied().map(char::from).collect()),
    };
    response.headers().iter_bytes().map(|(name, value)| (name, text(value))).collect()
}

fn texts<'h>(headers: &'h [(&str, Cow<'_, str>)]) -> impl Iterator<Item = (&'h str, &'h str)> {
    headers.iter().map(|(name, value)| (*name, &**value))
}

fn add(output: &mut Value, member: Option<(&str, String)>) {
    if let (Some(fields), Some((name, text))) = (output.as_object_mut(), member) {
        fields.insert(name.to_owned(), text.into());
    }
}

pub(super) fn into_http(request: protocol::HttpRequest) -> Result<HttpRequest, BoxError> {
    let mut http = HttpRequest::new(SdkBody::from(request.body));
    http.set_method(&request.method)?;
    http.set_uri(request.uri)?;
    for (name, value) in request.headers {
        http.headers_mut().try_insert(name, value)?;
    }
    Ok(http)
}
