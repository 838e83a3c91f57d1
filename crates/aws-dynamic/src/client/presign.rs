//! A request that somebody else will send: its URL has the signature in it, and is as good as the
//! credentials for what it asks, until it expires.
//!
//! https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

use std::fmt;
use std::time::Duration;

use aws_runtime::auth::{HttpSignatureType, SigV4OperationSigningConfig};
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime::client::orchestrator::{StopPoint, invoke_with_stop_point};
use aws_smithy_runtime::client::retries::strategy::NeverRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, Input,
};
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, SharedInterceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest as Http;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{SerializeRequest, SharedRequestSerializer};
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use serde_json::Value;

use super::codec::{Reads, into_http};
use super::upload::stream;
use super::{Call, CallError, Client, road, special};
use crate::auth::Authorization;
use crate::catalog::Index;
use crate::model::Operation;
use crate::model::terms::{Location, Protocol};
use crate::protocol::HttpRequest;

/// A request that needs no credentials any more. What it shows of itself has not the URL, which is a
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// Whoever has it can send the request.
    pub url: String,
    pub method: String,
    /// Headers that must be sent as they are here: of the input, and of the endpoint's rules.
    pub headers: Vec<(String, String)>,
    /// How long it is good, from the time of the configuration; less if the credentials end before.
    pub expires: Duration,
}

/// Seven days, the most that AWS takes.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

const EXPIRES: &str = "a presigned URL is good for 1 second to 7 days";
const NOT_SIGNED: &str =
    "the operation is not authorised by signature version 4, which presigning needs";
const BODY: &str = "only requests without a body can be presigned: reads by GET and HEAD, uploads to S3, and \
                    reads of services with queries";

const NO_LENGTH: &str = "the length of an upload is a whole number of bytes";

const LENGTH: &str = "content-length";

/// What the runtime adds to requests of its own, and of which a URL knows nothing.
const OF_RUNTIME: [&str; 5] = [
    "user-agent",
    "x-amz-user-agent",
    "amz-sdk-request",
    "amz-sdk-invocation-id",
    "x-amzn-trace-id",
];

impl Client {
    /// Signs a request without sending it, for 1 second to 7 days. Of S3's uploads the body is not
    /// signed and must not be in the input; `ContentLength` is, and so bounds what is uploaded.
    pub async fn presign(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
        expires: Duration,
    ) -> Result<Presigned, CallError> {
        if expires < Duration::from_secs(1) || expires > LONGEST {
            return Err(CallError::Special(EXPIRES));
        }
        let call = self.checked(service, operation, input)?;
        let (destination, authorization) = self.bound(call.operation, &call.members)?;
        self.holds(&authorization)?;
        let Authorization::SigV4(mut config) = authorization else {
            return Err(CallError::Special(NOT_SIGNED));
        };
        into_query(call.operation, &mut config, expires);
        let mut request = unsigned(self, &call)?;
        request.headers.extend(destination.headers());
        let operation = call.operation;
        let codec = self.codec(operation, call.exchange, &destination, Reads::Whole);
        let plugins = road::plugins(self, codec, &destination, Authorization::SigV4(config))
            .with_client_plugin(plugin());
        let (service, name, input) =
            (operation.service().id(), operation.name(), Input::erase(Unsigned(request)));
        let stop = StopPoint::BeforeTransmit;
        let sent = invoke_with_stop_point(service, name, input, &plugins, stop).await;
        let mut context = sent.map_err(|error| self.failed(error))?;
        let request = context.take_request().ok_or(CallError::Special("the request was lost"))?;
        Ok(Presigned::of(&request, expires))
    }
}

impl Presigned {
    fn of(request: &Http, expires: Duration) -> Self {
        let signed = signed_headers(request.uri());
        let is_signed = |name: &str| signed.iter().any(|signed| signed.eq_ignore_ascii_case(name));
        let headers = request.headers().iter().filter(|(name, _)| is_signed(name));
        Self {
            url: request.uri().to_owned(),
            method: request.method().to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            expires,
        }
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, expires) = (&self.method, &self.expires);
        f.debug_struct("Presigned")
            .field("method", method)
            .field("expires", expires)
            .finish_non_exhaustive()
    }
}

/// What the runtime is given as input.
#[derive(Debug)]
struct Unsigned(HttpRequest);

/// The request of a call, with all that it says in its URL and headers.
fn unsigned(client: &Client, call: &Call) -> Result<HttpRequest, CallError> {
    let operation = call.operation;
    let input = Value::Object(call.members.clone());
    let tokens = client.tokens.as_deref().map(|tokens| tokens as &dyn Fn() -> String);
    let request = call.exchange.request(&input, tokens);
    let unwritable = |problem| CallError::Sdk(Box::new(SdkError::construction_failure(problem)));
    let mut request = request.map_err(unwritable)?;
    special::place(operation, &mut request);
    match operation.service().protocol() {
        Protocol::Query | Protocol::Ec2 if is_read(call) => into_get(&mut request)?,
        Protocol::Query | Protocol::Ec2 => return Err(CallError::Special(BODY)),
        Protocol::RestXml | Protocol::RestJson | Protocol::Json | Protocol::RpcV2Cbor => {}
    }
    let is_read = ["GET", "HEAD"].contains(&request.method.as_str());
    let is_upload = special::is_body_of_sender(operation) && stream(operation.input()).is_some();
    if !request.body.is_empty() || !(is_read || is_upload) {
        return Err(CallError::Special(BODY));
    }
    // It says the length of no body; the sender's is what the input says.
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(LENGTH));
    if let Some(length) = length(call)? {
        request.headers.push((LENGTH.to_owned(), length.to_string()));
    }
    Ok(request)
}

/// How long the body must be that somebody else will send, if the input says it.
fn length(call: &Call) -> Result<Option<u64>, CallError> {
    let members = call.operation.input().into_iter().flat_map(|shape| shape.members());
    let is_length = |name: &str| name.eq_ignore_ascii_case(LENGTH);
    let mut given = members
        .filter(|member| member.location() == Some(Location::Header))
        .filter(|member| member.location_name().is_some_and(is_length))
        .filter_map(|member| call.members.get(member.name()));
    match given.next() {
        None | Some(Value::Null) => Ok(None),
        Some(length) => length.as_u64().map(Some).ok_or(CallError::Special(NO_LENGTH)),
    }
}

fn is_read(call: &Call) -> bool {
    let (service, name) = (call.operation.service().name(), call.operation.name());
    let known = Index::get().ok().and_then(|index| index.service(service)?.operation(name));
    known.is_some_and(|known| !known.changes())
}

/// A form that is posted becomes a query.
fn into_get(request: &mut HttpRequest) -> Result<(), CallError> {
    let body = std::mem::take(&mut request.body);
    let form = String::from_utf8(body).map_err(|_| CallError::Special(BODY))?;
    let mark = if request.uri.contains('?') { '&' } else { '?' };
    request.uri = format!("{}{mark}{form}", request.uri);
    request.method = "GET".to_owned();
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    Ok(())
}

/// The signature goes into the query.
fn into_query(
    operation: Operation<'_>,
    config: &mut SigV4OperationSigningConfig,
    expires: Duration,
) {
    let options = &mut config.signing_options;
    options.signature_type = HttpSignatureType::HttpRequestQueryParams;
    options.expires_in = Some(expires);
    options.content_sha256_header = false;
    if special::is_body_of_sender(operation) {
        options.payload_override = Some(SignableBody::UnsignedPayload);
    }
}

/// The names in `X-Amz-SignedHeaders=host%3Bx-amz-acl`.
fn signed_headers(url: &str) -> Vec<String> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let names = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders="));
    let names = names.unwrap_or_default().replace("%3B", ";");
    names.split(';').filter(|name| *name != "host").map(str::to_owned).collect()
}

/// What is different from a road at whose end a request is sent.
fn plugin() -> StaticRuntimePlugin {
    let mut layer = Layer::new("presign");
    layer.store_put(SharedRequestSerializer::new(AsItIs));
    let components = RuntimeComponentsBuilder::new("presign")
        .with_retry_strategy(Some(NeverRetryStrategy::new()))
        .with_interceptor(SharedInterceptor::permanent(Plain));
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

#[derive(Debug)]
struct AsItIs;

impl SerializeRequest for AsItIs {
    fn serialize_input(&self, input: Input, _: &mut ConfigBag) -> Result<Http, BoxError> {
        let Unsigned(request) =
            input.downcast::<Unsigned>().map_err(|_| "the input is of another client")?;
        into_http(request)
    }
}

/// Takes away the headers of the runtime before they are signed.
#[derive(Debug)]
struct Plain;

#[dyn_dispatch_hint]
impl Intercept for Plain {
    fn name(&self) -> &'static str {
        "a request without headers of the runtime"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        for name in OF_RUNTIME {
            context.request_mut().headers_mut().remove(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
