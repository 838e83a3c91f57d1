//! The views of a service as JSON in botocore's words, for tests that compare them with something.

use aws_dynamic::model::terms::{EndpointDiscovery, Kind};
use aws_dynamic::model::{Member, Operation, Service, Shape, Waiter};
use serde_json::{Map, Value, json};

type Fields = Map<String, Value>;

/// An object that is filled with what there is.
#[derive(Default)]
struct Built(Fields);

impl Built {
    fn some(&mut self, key: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    fn flag(&mut self, key: &str, flag: bool) -> &mut Self {
        self.some(key, flag.then_some(true))
    }

    fn list<'a>(&mut self, key: &str, texts: impl Iterator<Item = &'a str>) -> &mut Self {
        let texts: Vec<&str> = texts.collect();
        self.some(key, (!texts.is_empty()).then_some(texts))
    }

    fn object(&mut self, key: &str, object: &mut Self) -> &mut Self {
        let object = std::mem::take(&mut object.0);
        self.some(key, (!object.is_empty()).then_some(object))
    }

    fn end(&mut self) -> Value {
        std::mem::take(&mut self.0).into()
    }
}

fn text(text: &str) -> Option<&str> {
    Some(text)
}

pub fn service_of(service: &Service) -> Value {
    let mut metadata = Built::default();
    metadata
        .some("serviceId", text(service.id()))
        .some("serviceFullName", text(service.full_name()))
        .some("serviceAbbreviation", service.abbreviation())
        .some("apiVersion", text(service.api_version()))
        .some("endpointPrefix", text(service.endpoint_prefix()))
        .some("signingName", service.modelled_signing_name())
        .some("globalEndpoint", service.global_endpoint())
        .some("targetPrefix", service.target_prefix())
        .some("jsonVersion", service.json_version())
        .some("xmlNamespace", service.xml_namespace())
        .list("protocols", service.protocols().map(|protocol| protocol.word()))
        .some("signatureVersion", text(service.signature_version().word()))
        .list("auth", service.auth().map(|scheme| scheme.word()))
        .some("protocolSettings", service.http2().map(|http2| json!({"h2": http2.word()})))
        .some("checksumFormat", service.body_hash().map(|hash| hash.word()))
        .some("awsQueryCompatible", service.is_query_compatible().then(|| json!({})));
    let context = service.client_context();
    let context: Fields =
        context.map(|(name, kind)| (name.to_owned(), json!({"type": kind.word()}))).collect();
    let mut built = Built::default();
    built
        .object("metadata", &mut metadata)
        .flag("deprecated", service.is_deprecated())
        .object("clientContextParams", &mut Built(context))
        .end()
}

pub fn operation_of(operation: Operation<'_>) -> Value {
    let mut http = Built::default();
    http.some("method", text(operation.http_method()))
        .some("requestUri", text(operation.http_uri()))
        .some("responseCode", operation.http_status());
    let mut input = Built::default();
    input
        .some("shape", operation.input().map(Shape::name))
        .some("locationName", operation.input_location_name())
        .some("xmlNamespace", operation.input_xml_namespace().map(|uri| json!({"uri": uri})));
    let mut output = Built::default();
    output
        .some("shape", operation.output().map(Shape::name))
        .some("resultWrapper", operation.output_wrapper());
    let mut checksum = Built::default();
    checksum
        .some("requestAlgorithmMember", operation.checksum().algorithm_member())
        .some("requestChecksumRequired", operation.checksum().is_request_required())
        .some("requestValidationModeMember", operation.checksum().mode_member())
        .list("responseAlgorithms", operation.checksum().response_algorithms());
    let discovery = operation.endpoint_discovery().map(|discovery| match discovery {
        EndpointDiscovery::Optional => json!({}),
        EndpointDiscovery::Required => json!({"required": true}),
    });
    let fixed = operation.static_context();
    let fixed: Fields = fixed.map(|(name, v)| (name.to_owned(), json!({"value": v}))).collect();
    let paths = operation.operation_context();
    let paths: Fields = paths.map(|(name, p)| (name.to_owned(), json!({"path": p}))).collect();
    let mut compression = Built::default();
    compression.list("encodings", operation.compression());
    let mut paginator = Built::default();
    if let Some(found) = operation.paginator() {
        paginator
            .list("input_token", found.input_tokens())
            .list("output_token", found.output_tokens())
            .list("result_key", found.result_keys())
            .some("limit_key", found.limit_key())
            .some("more_results", found.more_results())
            .list("non_aggregate_keys", found.non_aggregate_keys());
    }
    let mut built = Built::default();
    built
        .some("name", text(operation.wire_name()))
        .object("http", &mut http)
        .object("input", &mut input)
        .object("output", &mut output)
        .some("errors", Some(operation.errors().map(Shape::name).collect::<Value>()))
        .flag("readonly", operation.is_readonly())
        .flag("idempotent", operation.is_idempotent())
        .flag("deprecated", operation.is_deprecated())
        .list("auth", operation.auth().map(|scheme| scheme.word()))
        .some("authtype", operation.auth_type().map(|kind| kind.word()))
        .flag("unsignedPayload", operation.is_payload_unsigned())
        .object("httpChecksum", &mut checksum)
        .flag("httpChecksumRequired", operation.checksum().is_required())
        .some("endpoint", operation.host_prefix().map(|prefix| json!({"hostPrefix": prefix})))
        .some("endpointdiscovery", discovery)
        .flag("endpointoperation", operation.is_endpoint_operation())
        .object("requestcompression", &mut compression)
        .object("staticContextParams", &mut Built(fixed))
        .object("operationContextParams", &mut Built(paths))
        .object("paginator", &mut paginator)
        .end()
}

pub fn shape_of(shape: Shape<'_>) -> Value {
    let kind = match shape.kind() {
        Kind::Union | Kind::Document => Kind::Structure,
        kind => kind,
    };
    let mut required: Vec<&str> =
        shape.members().filter(|member| member.is_required()).map(Member::name).collect();
    required.sort_unstable();
    let members = shape.members().map(|member| json!([member.name(), member_of(member)]));
    let mut error = Built::default();
    error
        .some("code", shape.error().code())
        .some("httpStatusCode", shape.error().status())
        .flag("senderFault", shape.error().is_sender_fault());
    let mut namespace = Built::default();
    namespace.some("uri", shape.xml_namespace()).some("prefix", shape.xml_prefix());
    let mut built = Built::default();
    built
        .some("type", text(kind.word()))
        .flag("union", shape.kind() == Kind::Union)
        .flag("document", shape.kind() == Kind::Document)
        .some("required", Some(required))
        .some("members", Some(members.collect::<Value>()))
        .some("member", shape.element().map(member_of))
        .some("key", shape.key().map(member_of))
        .some("value", shape.value().map(member_of))
        .some("min", shape.min())
        .some("max", shape.max())
        .some("pattern", shape.pattern())
        .list("enum", shape.enum_values())
        .flag("sparse", shape.is_sparse())
        .flag("sensitive", shape.is_sensitive())
        .flag("box", shape.is_boxed())
        .flag("streaming", shape.is_streaming())
        .flag("requiresLength", shape.requires_length())
        .flag("eventstream", shape.is_event_stream())
        .flag("event", shape.is_event())
        .flag("flattened", shape.is_flattened())
        .flag("wrapper", shape.is_wrapper())
        .flag("deprecated", shape.is_deprecated())
        .some("locationName", shape.location_name())
        .object("xmlNamespace", &mut namespace)
        .list("xmlOrder", shape.xml_order())
        .some("timestampFormat", shape.timestamp_format().map(|format| format.word()))
        .some("payload", shape.payload())
        .flag("exception", shape.is_exception())
        .flag("fault", shape.is_fault())
        .object("error", &mut error)
        .some("retryable", shape.throttling().map(|yes| json!({"throttling": yes})))
        .end()
}

fn member_of(member: Member<'_>) -> Value {
    let mut built = Built::default();
    built
        .some("shape", text(member.shape().name()))
        .some("location", member.location().map(|location| location.word()))
        .some("locationName", member.location_name())
        .some("queryName", member.query_name())
        .flag("box", member.is_boxed())
        .flag("idempotencyToken", member.is_idempotency_token())
        .flag("hostLabel", member.is_host_label())
        .some("contextParam", member.context_parameter().map(|name| json!({"name": name})))
        .flag("deprecated", member.is_deprecated())
        .flag("streaming", member.is_streaming())
        .flag("eventheader", member.is_event_header())
        .flag("eventpayload", member.is_event_payload())
        .flag("jsonvalue", member.is_json_value())
        .flag("flattened", member.is_flattened())
        .flag("xmlAttribute", member.is_xml_attribute())
        .some("xmlNamespace", member.xml_namespace().map(|uri| json!({"uri": uri})))
        .some("timestampFormat", member.timestamp_format().map(|format| format.word()))
        .list("enum", member.enum_values())
        .end()
}

pub fn waiter_of(waiter: Waiter<'_>) -> Value {
    let acceptors = waiter.acceptors().map(|acceptor| {
        let mut built = Built::default();
        built
            .some("matcher", text(acceptor.matcher().word()))
            .some("state", text(acceptor.state().word()))
            .some("argument", acceptor.argument())
            .some("expected", Some(acceptor.expected()))
            .end()
    });
    json!({
        "operation": waiter.operation().name(),
        "delay": waiter.delay(),
        "maxAttempts": waiter.max_attempts(),
        "acceptors": acceptors.collect::<Value>(),
    })
}
