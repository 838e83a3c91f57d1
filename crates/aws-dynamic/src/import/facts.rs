//! What there is to know about a service, as plain values: what every importer makes and the packer
//! packs. Nothing here belongs to one publisher's format; no documentation text is among it.
//!
//! Members of structures keep the order of the model, because queries and XML are written in it.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::model::terms::{
    AuthScheme, AuthType, BodyHash, ContextType, EndpointDiscovery, Http2, Kind, Location, Matcher,
    Protocol, SignatureVersion, State, TimestampFormat,
};

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// The canonical name, which is that of the AWS CLI.
    pub name: String,
    /// The name by which SDKs tell services apart: `Cost Explorer`.
    pub id: String,
    pub full_name: String,
    pub abbreviation: Option<String>,
    /// A date.
    pub api_version: String,
    pub endpoint_prefix: String,
    pub signing_name: Option<String>,
    /// The host of a service that is one for all regions.
    pub global_endpoint: Option<String>,
    /// What stands before the operation in the header `X-Amz-Target`.
    pub target_prefix: Option<String>,
    pub json_version: Option<String>,
    pub xml_namespace: Option<String>,
    /// All that it speaks, in the model's order.
    pub protocols: Vec<Protocol>,
    pub signature_version: SignatureVersion,
    pub auth: Vec<AuthScheme>,
    pub http2: Option<Http2>,
    pub body_hash: Option<BodyHash>,
    /// Errors have a second code, that of the query protocol which the service once spoke.
    pub is_query_compatible: bool,
    pub is_deprecated: bool,
    /// A client's own settings that endpoint rules ask for.
    pub client_context: Vec<(String, ContextType)>,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
    pub waiters: BTreeMap<String, Waiter>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The name in requests, which for one service has a version in it.
    pub wire_name: String,
    pub http_method: String,
    pub http_uri: String,
    pub http_status: Option<u16>,
    pub input: Option<Input>,
    pub output: Option<Output>,
    /// The shapes of its errors, each once.
    pub errors: Vec<String>,
    pub is_readonly: bool,
    pub is_idempotent: bool,
    pub is_deprecated: bool,
    pub auth: Vec<AuthScheme>,
    pub auth_type: Option<AuthType>,
    pub is_payload_unsigned: bool,
    pub checksum: Checksum,
    /// What stands before the host, with members in braces.
    pub host_prefix: Option<String>,
    pub endpoint_discovery: Option<EndpointDiscovery>,
    /// Whether it is the operation that endpoint discovery asks.
    pub is_endpoint_operation: bool,
    /// Encodings in which a large request may be sent.
    pub compression: Vec<String>,
    /// Parameters of the endpoint rules that are always the same.
    pub static_context: Vec<(String, Value)>,
    /// Parameters of the endpoint rules, each with the JMESPath expression that finds it in the input.
    pub operation_context: Vec<(String, String)>,
    pub paginator: Option<Paginator>,
}

/// An operation's input.
#[derive(Clone, Debug)]
pub struct Input {
    pub shape: String,
    /// The name of the XML root.
    pub location_name: Option<String>,
    pub xml_namespace: Option<String>,
}

/// An operation's output.
#[derive(Clone, Debug)]
pub struct Output {
    pub shape: String,
    /// The XML element around it.
    pub wrapper: Option<String>,
}

/// The checksums of an operation.
#[derive(Clone, Debug, Default)]
pub struct Checksum {
    /// The input's member that names the algorithm.
    pub algorithm_member: Option<String>,
    pub is_request_required: Option<bool>,
    /// The input's member that asks for a checksum of the answer.
    pub mode_member: Option<String>,
    pub response_algorithms: Vec<String>,
    /// Of before there were algorithms to choose from: a body must have one.
    pub is_required: bool,
}

/// How an operation's answers follow each other.
#[derive(Clone, Debug)]
pub struct Paginator {
    /// Members of the input.
    pub input_tokens: Vec<String>,
    /// JMESPath expressions.
    pub output_tokens: Vec<String>,
    /// JMESPath expressions.
    pub result_keys: Vec<String>,
    pub limit_key: Option<String>,
    /// A JMESPath expression.
    pub more_results: Option<String>,
    /// JMESPath expressions.
    pub non_aggregate_keys: Vec<String>,
}

/// A shape.
#[derive(Clone, Debug)]
pub struct Shape {
    pub kind: Kind,
    /// Of a structure or union. Of a list one, of a map two, whose names are not kept.
    pub members: Vec<Member>,
    pub min: Option<Number>,
    pub max: Option<Number>,
    pub pattern: Option<String>,
    pub enum_values: Vec<String>,
    pub is_sparse: bool,
    pub is_sensitive: bool,
    pub is_boxed: bool,
    pub is_streaming: bool,
    pub requires_length: bool,
    pub is_event_stream: bool,
    pub is_event: bool,
    pub is_flattened: bool,
    pub is_wrapper: bool,
    pub is_deprecated: bool,
    pub location_name: Option<String>,
    pub xml_namespace: Option<String>,
    pub xml_prefix: Option<String>,
    pub xml_order: Vec<String>,
    pub timestamp_format: Option<TimestampFormat>,
    /// The member that is the HTTP body.
    pub payload: Option<String>,
    pub is_exception: bool,
    pub is_fault: bool,
    pub error: ErrorTrait,
    /// Whether the error may be tried again, and if so, whether it says that there were too many.
    pub throttling: Option<bool>,
}

impl Shape {
    /// A shape of which nothing but its kind is known.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            members: Vec::new(),
            min: None,
            max: None,
            pattern: None,
            enum_values: Vec::new(),
            is_sparse: false,
            is_sensitive: false,
            is_boxed: false,
            is_streaming: false,
            requires_length: false,
            is_event_stream: false,
            is_event: false,
            is_flattened: false,
            is_wrapper: false,
            is_deprecated: false,
            location_name: None,
            xml_namespace: None,
            xml_prefix: None,
            xml_order: Vec::new(),
            timestamp_format: None,
            payload: None,
            is_exception: false,
            is_fault: false,
            error: ErrorTrait::default(),
            throttling: None,
        }
    }
}

/// How an error looks on the wire.
#[derive(Clone, Debug, Default)]
pub struct ErrorTrait {
    /// The code, where it is not the shape's name.
    pub code: Option<String>,
    pub status: Option<u16>,
    pub is_sender_fault: bool,
}

/// A member of a shape.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Empty for those of lists and maps.
    pub name: String,
    /// The name of the shape of its values.
    pub target: String,
    pub is_required: bool,
    pub location: Option<Location>,
    pub location_name: Option<String>,
    pub query_name: Option<String>,
    pub is_boxed: bool,
    pub is_idempotency_token: bool,
    pub is_host_label: bool,
    /// The parameter of the endpoint rules that it is.
    pub context_parameter: Option<String>,
    pub is_deprecated: bool,
    pub is_streaming: bool,
    pub is_event_header: bool,
    pub is_event_payload: bool,
    /// A text that is JSON.
    pub is_json_value: bool,
    pub is_flattened: bool,
    pub is_xml_attribute: bool,
    pub xml_namespace: Option<String>,
    pub timestamp_format: Option<TimestampFormat>,
    pub enum_values: Vec<String>,
}

/// A waiter.
#[derive(Clone, Debug)]
pub struct Waiter {
    /// The name of the operation that it repeats.
    pub operation: String,
    /// Seconds between two calls.
    pub delay: u32,
    pub max_attempts: u32,
    pub acceptors: Vec<Acceptor>,
}

/// What a waiter makes of an answer.
#[derive(Clone, Debug)]
pub struct Acceptor {
    pub matcher: Matcher,
    pub state: State,
    /// A JMESPath expression.
    pub argument: Option<String>,
    /// A text, a status or a truth value.
    pub expected: Value,
}
