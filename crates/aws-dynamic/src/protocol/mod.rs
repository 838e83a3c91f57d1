//! An operation's input, as JSON, into the HTTP request that the service wants, unsigned and without
//! a host; its answer, or its error, back into JSON. All six protocols of AWS, on the published
//! codecs of Smithy's runtime.
//!
//! JSON is as the AWS CLI has it: members under the model's names; blobs in base64; times in RFC
//! 3339, accepted in any form that models know; `NaN` and the infinities as texts; numbers too large
//! for JSON's as texts; document types and JSON texts as the JSON that they are.
//!
//! Not here: hosts and host prefixes, signatures, checksums, frames of event streams, and the special
//! cases of single services.

mod compression;
mod document;
mod element;
mod envelope;
mod event;
mod failure;
pub(crate) mod markup;
mod number;
mod order;
mod read;
mod scalar;
mod schema;
pub(crate) mod timestamp;
mod traits;
mod whole;
mod write;
mod xml;

use std::fmt;

use aws_smithy_cbor::protocol::RpcV2CborProtocol;
use aws_smithy_json::protocol::aws_json_rpc::AwsJsonRpcProtocol;
use aws_smithy_json::protocol::aws_rest_json_1::AwsRestJsonProtocol;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::http::{Request, Response, StatusCode};
use aws_smithy_schema::protocol::{
    ServiceShapeName, ServiceVersion, ServiceXmlNamespace, SharedClientProtocol,
};
use aws_smithy_schema::serde::SerdeError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use serde_json::{Map, Value};

use self::event::EventStream;
use self::schema::{Maker, Node, Payload, Root, Side};
use self::xml::XmlProtocol;
use crate::model::terms::{Kind, Protocol};
use crate::model::{Operation, Service, Shape};

pub use self::compression::Compression;
pub use self::event::Message;
pub use self::failure::{Fault, ServiceError};
pub(crate) use self::schema::Kept;

/// How to ask for an operation and how to read its answers. Made once per operation, and kept.
#[derive(Debug)]
pub struct Exchange {
    /// Of the operation.
    name: String,
    speaks: Protocol,
    protocol: SharedClientProtocol,
    config: ConfigBag,
    input: Root,
    output: Option<&'static Node>,
    errors: Vec<ErrorShape>,
    is_query_compatible: bool,
    is_compressed: bool,
    events: Option<EventStream>,
    /// Whether answers can have documents, and are JSON.
    has_documents: bool,
}

/// An error of an operation.
#[derive(Debug)]
struct ErrorShape {
    name: String,
    code: Option<String>,
    is_fault: bool,
    node: &'static Node,
}

/// A request without host and signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: String,
    /// Path and query. S3's path begins with the bucket.
    pub uri: String,
    /// Names in any case, each once.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An operation that this crate cannot speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// The input has a member that is a stream of events.
    InputEvents {
        /// The member.
        member: String,
    },
    /// The model contradicts itself.
    Model,
}

/// An input that cannot be written, or an answer that cannot be read. Never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The service answered an error.
    Service(Box<ServiceError>),
    /// The service answered something that is no answer.
    Unreadable(Problem),
}

impl Exchange {
    /// How to speak of an operation. At first use its schemas are made, which takes under a
    /// millisecond for most operations; they are kept as long as the program runs.
    pub fn of(operation: Operation<'_>) -> Result<&'static Self, Unsupported> {
        operation.service().kept.exchange(operation, || Self::make(operation))
    }

    /// The request for an input, `null` for none. A missing idempotency token is filled with what
    /// the function gives: a fresh UUID.
    pub fn request(
        &self,
        input: &Value,
        token: Option<&dyn Fn() -> String>,
    ) -> Result<HttpRequest, Problem> {
        self.request_with(input, token, Compression::default())
    }

    /// The same, with another say about which bodies are compressed.
    pub fn request_with(
        &self,
        input: &Value,
        token: Option<&dyn Fn() -> String>,
        compression: Compression,
    ) -> Result<HttpRequest, Problem> {
        let empty = Map::new();
        let values = match input {
            Value::Null => &empty,
            Value::Object(values) => values,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(Problem("the input: expected an object".to_owned()));
            }
        };
        let filled = self.token(values).zip(token).map(|(name, token)| (name, token().into()));
        let input = write::Input::new(self.input, values, filled);
        let request =
            self.protocol.serialize_request(&input, self.input.schema, "/", &self.config)?;
        let mut request = HttpRequest::of(&request);
        self.finish(&mut request, values);
        if self.is_compressed && compression.takes(&request.body) {
            compression::gzip(&mut request)?;
        }
        Ok(request)
    }

    /// The output in an answer, as JSON. Anything but a status of 200 to 299 is an error.
    pub fn response<'h>(
        &self,
        status: u16,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: impl Into<SdkBody>,
    ) -> Result<Value, Failure> {
        let unreadable = |what: &str| Failure::Unreadable(Problem(what.to_owned()));
        let mut response = answer(status, headers, body.into()).map_err(Failure::Unreadable)?;
        if !response.status().is_success() {
            // No service has so much to say about an error.
            if response.body().bytes().is_some_and(|body| body.len() > read::MOST) {
                *response.body_mut() = SdkBody::empty();
            }
            return Err(Failure::Service(Box::new(failure::of(self, &mut response))));
        }
        if let Some(member) = self.event_stream() {
            return Err(unreadable(&format!("{member} is a stream of events")));
        }
        let body = response.body().bytes().unwrap_or_default();
        if let Some(what) = envelope::fault(&self.name, self.speaks, self.output, body) {
            return Err(unreadable(what));
        }
        let Some(output) = self.output else { return Ok(Value::Object(Map::new())) };
        let mut fields = self.read(output, &response).map_err(Failure::Unreadable)?;
        if self.has_documents {
            order::restore(&mut fields, output, response.body().bytes().unwrap_or_default());
        }
        Ok(Value::Object(fields))
    }

    /// What an answer says before its body, which is a stream: members in headers.
    pub fn head<'h>(
        &self,
        status: u16,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<Value, Problem> {
        // Others have no members in headers.
        let is_rest = [Protocol::RestJson, Protocol::RestXml].contains(&self.speaks);
        let Some(output) = self.output.filter(|_| is_rest) else {
            return Ok(Value::Object(Map::new()));
        };
        let mut fields = self.read(output, &answer(status, headers, SdkBody::empty())?)?;
        if let Some(body) = output.parts.iter().find(|part| part.payload != Payload::No) {
            fields.remove(body.name);
        }
        Ok(Value::Object(fields))
    }

    /// The id of a request, from the headers of its answer.
    pub fn request_id<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Option<&'h str> {
        failure::request_id(headers)
    }

    /// The member of the output that is a stream of events. `response` does not read such an answer:
    /// `head` reads what stands before the stream, and `message` what comes in it.
    pub fn event_stream(&self) -> Option<&str> {
        self.events.as_ref().map(EventStream::member)
    }

    /// What a message of the stream of events says.
    pub fn message(
        &self,
        message: &aws_smithy_types::event_stream::Message,
    ) -> Result<Message, Problem> {
        let none = || Problem("the answer is no stream of events".to_owned());
        self.events.as_ref().ok_or_else(none)?.read(self, message)
    }

    fn make(operation: Operation<'_>) -> Result<Self, Unsupported> {
        let service = operation.service();
        let speaks = service.protocol();
        let input = Maker::new(service, speaks, Side::Input);
        let output = Maker::new(service, speaks, Side::Output);
        if let Some(member) = event::stream(operation.input()) {
            return Err(Unsupported::InputEvents { member: member.name().to_owned() });
        }
        let events = event::stream(operation.output());
        let error = |shape: Shape<'_>| {
            Ok(ErrorShape {
                name: shape.name().to_owned(),
                code: shape.error().code().map(str::to_owned),
                is_fault: shape.is_fault(),
                node: output.node(shape)?,
            })
        };
        let outcome = operation.output().map(|shape| output.node(shape)).transpose()?;
        Ok(Self {
            name: operation.name().to_owned(),
            speaks,
            protocol: protocol(service, speaks),
            config: config(operation),
            input: input.input(operation)?,
            output: outcome,
            has_documents: outcome.is_some_and(|node| node.is_json && order::has_documents(node)),
            errors: operation.errors().map(error).collect::<Result<_, _>>()?,
            is_query_compatible: service.is_query_compatible(),
            is_compressed: operation.compression().any(|encoding| encoding == "gzip"),
            events: events.map(|member| EventStream::make(member, output)).transpose()?,
        })
    }

    /// The members of a shape in a message.
    fn read(
        &self,
        node: &'static Node,
        response: &Response,
    ) -> Result<Map<String, Value>, Problem> {
        let unreadable = |what: &str| Problem(what.to_owned());
        let Some(body) = response.body().bytes() else {
            return Err(unreadable("the body is not in memory"));
        };
        if self.speaks == Protocol::RpcV2Cbor && whole::is_cut_cbor(body) {
            return Err(unreadable("the answer is cut off"));
        }
        let is_crowded = match self.speaks {
            Protocol::Json => whole::is_crowded_json(body, read::MOST),
            Protocol::RestJson => node.has_body() && whole::is_crowded_json(body, read::MOST),
            Protocol::Query | Protocol::Ec2 | Protocol::RestXml | Protocol::RpcV2Cbor => false,
        };
        if is_crowded {
            return Err(unreadable("the body has more values than are read"));
        }
        let from = self.protocol.deserialize_response(response, node.schema, &self.config);
        let mut from = from.map_err(|_| unreadable("it is not in the protocol's form"))?;
        read::output(&mut *from, node, response, self.speaks)
    }

    /// The member that is an idempotency token and not given; an empty one makes nothing idempotent.
    fn token(&self, values: &Map<String, Value>) -> Option<&'static str> {
        let parts = self.input.node.map_or(&[][..], |node| &node.parts);
        let token = parts.iter().find(|part| part.is_idempotency_token)?.name;
        let is_none = |value: &Value| value.is_null() || value == "";
        values.get(token).is_none_or(is_none).then_some(token)
    }

    /// What the codecs leave to generated clients.
    fn finish(&self, request: &mut HttpRequest, values: &Map<String, Value>) {
        // S3 has a member for it, by which an input would say something else than what is sent.
        let length = request.body.len().to_string();
        if let Some(said) = request.header_mut("content-length") {
            *said = length;
        }
        if self.is_query_compatible {
            request.headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
        }
        if self.input.node.is_none() && self.speaks == Protocol::RpcV2Cbor {
            request.body.clear();
            request.headers.retain(|(name, _)| {
                !["content-type", "content-length"].contains(&name.to_ascii_lowercase().as_str())
            });
        }
        let payload = self
            .input
            .node
            .and_then(|node| node.parts.iter().find(|part| part.payload != Payload::No));
        let payload = payload.filter(|part| values.get(part.name).is_some_and(|v| !v.is_null()));
        if let (Some(node), None) =
            (payload.and_then(|part| part.node()), request.header("content-type"))
        {
            let content_type = match node.kind {
                // S3 keeps what it is told, and has a default of its own.
                Kind::Blob if self.speaks == Protocol::RestXml => None,
                Kind::Blob => Some("application/octet-stream"),
                Kind::String | Kind::Character => Some("text/plain"),
                Kind::Document => Some("application/json"),
                Kind::Structure
                | Kind::Union
                | Kind::List
                | Kind::Map
                | Kind::Boolean
                | Kind::Byte
                | Kind::Short
                | Kind::Integer
                | Kind::Long
                | Kind::BigInteger
                | Kind::Float
                | Kind::Double
                | Kind::BigDecimal
                | Kind::Timestamp => None,
            };
            let header = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
            request.headers.extend(header);
        }
    }
}

impl HttpRequest {
    /// A header's value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(header, _): &&(String, String)| header.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    fn header_mut(&mut self, name: &str) -> Option<&mut String> {
        let named = |(header, _): &&mut (String, String)| header.eq_ignore_ascii_case(name);
        self.headers.iter_mut().find(named).map(|(_, value)| value)
    }

    fn of(request: &Request) -> Self {
        let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: request.headers().iter().map(header).collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InputEvents { member } => {
                write!(f, "{member} is a stream of events to the service, which is not supported")
            }
            Self::Model => f.write_str("the model of the operation is broken"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Unreadable(problem) => write!(f, "the answer cannot be read: {problem}"),
        }
    }
}

impl std::error::Error for Unsupported {}
impl std::error::Error for Problem {}
impl std::error::Error for Failure {}

impl From<SerdeError> for Problem {
    fn from(error: SerdeError) -> Self {
        match error {
            SerdeError::InvalidInput { message, .. } => Self(message),
            other => Self(other.to_string()),
        }
    }
}

/// How deep inputs and documents may be; the codecs have the same bound for answers.
const DEEPEST: usize = 128;

fn protocol(service: &Service, speaks: Protocol) -> SharedClientProtocol {
    match speaks {
        Protocol::Json => SharedClientProtocol::new(match service.json_version() {
            Some("1.1") => AwsJsonRpcProtocol::aws_json_1_1(),
            Some(_) | None => AwsJsonRpcProtocol::aws_json_1_0(),
        }),
        Protocol::RestJson => SharedClientProtocol::new(AwsRestJsonProtocol::new()),
        Protocol::RestXml => SharedClientProtocol::new(XmlProtocol::rest()),
        Protocol::RpcV2Cbor => SharedClientProtocol::new(RpcV2CborProtocol::new()),
        Protocol::Query => SharedClientProtocol::new(XmlProtocol::query()),
        Protocol::Ec2 => SharedClientProtocol::new(XmlProtocol::ec2()),
    }
}

/// What the protocols want to know of the service and the operation.
fn config(operation: Operation<'_>) -> ConfigBag {
    let service = operation.service();
    let mut layer = Layer::new("aws-dynamic");
    layer.store_put(Metadata::new(operation.name().to_owned(), service.id().to_owned()));
    layer.store_put(ServiceShapeName::new(service.target_prefix().unwrap_or_default().to_owned()));
    layer.store_put(ServiceVersion::new(service.api_version().to_owned()));
    if let Some(uri) = service.xml_namespace() {
        layer.store_put(ServiceXmlNamespace::new(uri.to_owned(), None));
    }
    ConfigBag::of_layers(vec![layer])
}

fn answer<'h>(
    status: u16,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    body: SdkBody,
) -> Result<Response, Problem> {
    let status = StatusCode::try_from(status);
    let status = status.map_err(|_| Problem("the answer has no HTTP status".to_owned()))?;
    let mut response = Response::new(status, body);
    for (name, value) in headers {
        let added = response.headers_mut().try_append(name.to_owned(), value.to_owned());
        added.map_err(|_| Problem("the answer has a header that is none".to_owned()))?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
