//! One trait after the other.

use super::*;

/// The service with a trait at a place.
fn with(place: &str, name: &str, value: Value) -> Service {
    let mut model = model();
    give(&mut model, place, name, value);
    facts(&model)
}

fn op(name: &str, value: Value) -> crate::import::facts::Operation {
    with("Op", name, value).operations.remove("Op").unwrap()
}

fn member_of(service: &Service, name: &str) -> crate::import::facts::Member {
    let mut members = service.shapes["In"].members.iter();
    members.find(|member| member.name == name).unwrap().clone()
}

/// The member `token` of the input with a trait.
fn token(name: &str, value: Value) -> crate::import::facts::Member {
    member_of(&with("In$token", name, value), "token")
}

/// `token` with names for everything, as a protocol has it: name, query name.
fn named(protocol: &str) -> (Option<String>, Option<String>) {
    let mut model = model();
    speak(&mut model, protocol);
    give(&mut model, "In$token", "smithy.api#jsonName", json!("j"));
    give(&mut model, "In$token", "smithy.api#xmlName", json!("x"));
    give(&mut model, "In$token", "aws.protocols#ec2QueryName", json!("E"));
    let member = member_of(&facts(&model), "token");
    (member.location_name, member.query_name)
}

#[test]
fn a_member_has_the_name_of_the_protocol() {
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(named("aws.protocols#restJson1"), (name("j"), None));
    assert_eq!(named("aws.protocols#restXml"), (name("x"), None));
    assert_eq!(named("aws.protocols#awsQuery"), (name("x"), None));
    assert_eq!(named("aws.protocols#ec2Query"), (name("x"), name("E")));
    assert_eq!(named("aws.protocols#awsJson1_0"), (None, None));
    assert_eq!(named("smithy.protocols#rpcv2Cbor"), (None, None));
}

#[test]
fn the_preferred_protocol_is_spoken_whatever_the_order() {
    let mut model = model();
    speak(&mut model, "smithy.protocols#rpcv2Cbor");
    for also in ["aws.protocols#awsQuery", "aws.protocols#awsJson1_1"] {
        give(&mut model, "Svc", also, json!({}));
    }
    give(&mut model, "In$token", "smithy.api#xmlName", json!("x"));
    give(&mut model, "Svc", "aws.protocols#awsQueryCompatible", json!({}));
    let service = facts(&model);
    assert_eq!(service.protocols, [Protocol::Json, Protocol::Query, Protocol::RpcV2Cbor]);
    assert_eq!(service.json_version.as_deref(), Some("1.1"));
    assert_eq!(service.target_prefix.as_deref(), Some("Svc"));
    assert!(service.is_query_compatible);
    // HTTP traits and names of XML are of other protocols.
    let (operation, label) = (&service.operations["Op"], member_of(&service, "label"));
    assert_eq!((operation.http_method.as_str(), operation.http_uri.as_str()), ("POST", "/"));
    assert_eq!((label.location, member_of(&service, "token").location_name), (None, None));
    assert_eq!(service.operations["Op"].output.as_ref().unwrap().wrapper, None);
}

#[test]
fn answers_to_queries_have_a_wrapper() {
    let mut model = model();
    speak(&mut model, "aws.protocols#awsQuery");
    let output = facts(&model).operations["Op"].output.clone().unwrap();
    assert_eq!(output.wrapper.as_deref(), Some("OpResult"));
}

#[test]
fn http2_is_for_streams_or_for_all() {
    let of = |value| with("Svc", "aws.protocols#restJson1", value).http2;
    assert_eq!(of(json!({})), None);
    assert_eq!(of(json!({"http": ["http/1.1"]})), None);
    assert_eq!(of(json!({"http": ["http/1.1", "h2"]})), Some(Http2::Optional));
    let streams = json!({"http": ["http/1.1", "h2"], "eventStreamHttp": ["h2"]});
    assert_eq!(of(streams), Some(Http2::EventStream));
}

#[test]
fn members_stand_where_their_traits_say() {
    let of = |name, value| {
        let member = token(name, value);
        (member.location.unwrap(), member.location_name)
    };
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(of("smithy.api#httpHeader", json!("X-H")), (Location::Header, name("X-H")));
    assert_eq!(of("smithy.api#httpQuery", json!("q")), (Location::QueryString, name("q")));
    assert_eq!(of("smithy.api#httpPrefixHeaders", json!("")), (Location::Headers, name("")));
    assert_eq!(of("smithy.api#httpQueryParams", json!({})), (Location::QueryString, None));
    assert_eq!(of("smithy.api#httpResponseCode", json!({})), (Location::StatusCode, None));
    let payload = with("In$token", "smithy.api#httpPayload", json!({}));
    assert_eq!(payload.shapes["In"].payload.as_deref(), Some("token"));
}

#[test]
fn flags_of_members() {
    assert!(token("smithy.api#required", json!({})).is_required);
    assert!(token("smithy.api#idempotencyToken", json!({})).is_idempotency_token);
    assert!(token("smithy.api#hostLabel", json!({})).is_host_label);
    assert!(token("smithy.api#deprecated", json!({"since": "x"})).is_deprecated);
    assert!(token("smithy.api#eventHeader", json!({})).is_event_header);
    assert!(token("smithy.api#eventPayload", json!({})).is_event_payload);
    let context = token("smithy.rules#contextParam", json!({"name": "P"}));
    assert_eq!(context.context_parameter.as_deref(), Some("P"));
    // What XML has is no fact of JSON.
    assert!(!token("smithy.api#xmlFlattened", json!({})).is_flattened);
    assert!(!token("smithy.api#xmlAttribute", json!({})).is_xml_attribute);
}

#[test]
fn what_has_no_default_may_be_absent() {
    let service = facts(&model());
    assert!(service.shapes["Integer"].is_boxed && !service.shapes["String"].is_boxed);
    let mut model = model();
    put(
        &mut model,
        "/shapes",
        "a#Zero",
        json!({"type": "integer", "traits": {"smithy.api#default": 0}}),
    );
    put(&mut model, "/shapes/a#In/members", "plain", json!({"target": "a#Zero"}));
    for (name, key) in [("null", "smithy.api#default"), ("client", "smithy.api#clientOptional")] {
        let member = json!({"target": "a#Zero", "traits": {key: null}});
        put(&mut model, "/shapes/a#In/members", name, member);
    }
    put(&mut model, "/shapes/a#In/members", "old", json!({"target": "smithy.api#PrimitiveLong"}));
    let service = facts(&model);
    assert!(!service.shapes["Zero"].is_boxed && !service.shapes["PrimitiveLong"].is_boxed);
    assert!(!member_of(&service, "plain").is_boxed);
    assert!(member_of(&service, "null").is_boxed && member_of(&service, "client").is_boxed);
}

#[test]
fn times_have_a_format() {
    let of = |word| token("smithy.api#timestampFormat", json!(word)).timestamp_format;
    assert_eq!(of("date-time"), Some(TimestampFormat::Iso8601));
    assert_eq!(of("http-date"), Some(TimestampFormat::Rfc822));
    assert_eq!(of("epoch-seconds"), Some(TimestampFormat::UnixTimestamp));
}

#[test]
fn facts_of_shapes() {
    let list = |name, value| -> Shape { with("List", name, value).shapes["List"].clone() };
    assert!(list("smithy.api#sparse", json!({})).is_sparse);
    assert!(list("smithy.api#sensitive", json!({})).is_sensitive);
    assert!(list("smithy.api#deprecated", json!({})).is_deprecated);
    let bounded = list("smithy.api#length", json!({"min": 1, "max": 5}));
    assert_eq!((bounded.min, bounded.max), (Some(1.into()), Some(5.into())));
    let bounded = list("smithy.api#range", json!({"max": 0.5}));
    assert_eq!((bounded.min, bounded.max.unwrap().as_f64()), (None, Some(0.5)));
    assert_eq!(list("smithy.api#pattern", json!("^a$")).pattern.as_deref(), Some("^a$"));
    let old = with("Enum", "smithy.api#enum", json!([{"value": "three", "name": "T"}]));
    assert_eq!(old.shapes["Enum"].enum_values, ["one", "TWO", "three"]);
}

#[test]
fn facts_of_errors() {
    let of = |name, value| with("Err", name, value).shapes["Err"].clone();
    assert_eq!(of("smithy.api#retryable", json!({})).throttling, Some(false));
    assert_eq!(of("smithy.api#retryable", json!({"throttling": true})).throttling, Some(true));
    let query = of("aws.protocols#awsQueryError", json!({"code": "C", "httpResponseCode": 409}));
    assert_eq!((query.error.code.as_deref(), query.error.status), (Some("C"), Some(409)));
}

#[test]
fn json_in_a_text_is_marked_at_its_members() {
    let mut model = model();
    let json = json!({"type": "string", "traits": {"smithy.api#mediaType": "application/json"}});
    put(&mut model, "/shapes", "a#Json", json);
    put(&mut model, "/shapes/a#In/members", "json", json!({"target": "a#Json"}));
    let service = facts(&model);
    assert!(
        member_of(&service, "json").is_json_value && !member_of(&service, "token").is_json_value
    );
}

#[test]
fn streams_and_their_events() {
    let mut model = model();
    give(&mut model, "Union", "smithy.api#streaming", json!({}));
    put(&mut model, "/shapes", "a#Event", json!({"type": "structure"}));
    put(&mut model, "/shapes/a#Union/members", "event", json!({"target": "a#Event"}));
    put(&mut model, "/shapes/a#Union/members", "error", json!({"target": "a#Err"}));
    let blob = json!({"smithy.api#streaming": {}, "smithy.api#requiresLength": {}});
    put(&mut model, "/shapes", "a#Blob", json!({"type": "blob", "traits": blob}));
    put(&mut model, "/shapes/a#In/members", "blob", json!({"target": "a#Blob"}));
    let service = facts(&model);
    let stream = &service.shapes["Union"];
    assert!(stream.is_event_stream && !stream.is_streaming && stream.kind == Kind::Structure);
    assert!(service.shapes["Event"].is_event && !service.shapes["Err"].is_event);
    let blob = &service.shapes["Blob"];
    assert!(blob.is_streaming && blob.requires_length && !blob.is_event_stream);
}

#[test]
fn flags_of_operations() {
    assert!(op("smithy.api#readonly", json!({})).is_readonly);
    assert!(op("smithy.api#idempotent", json!({})).is_idempotent);
    assert!(op("smithy.api#deprecated", json!({})).is_deprecated);
    assert!(op("smithy.api#httpChecksumRequired", json!({})).checksum.is_required);
    let endpoint = op("smithy.api#endpoint", json!({"hostPrefix": "{token}."}));
    assert_eq!(endpoint.host_prefix.as_deref(), Some("{token}."));
    let gzip = op("smithy.api#requestCompression", json!({"encodings": ["gzip"]}));
    assert_eq!(gzip.compression, ["gzip"]);
    let checksum = json!({"requestAlgorithmMember": "a", "requestChecksumRequired": true,
        "requestValidationModeMember": "m", "responseAlgorithms": ["CRC32"]});
    let checksum = op("aws.protocols#httpChecksum", checksum).checksum;
    assert_eq!(checksum.algorithm_member.as_deref(), Some("a"));
    assert_eq!(checksum.mode_member.as_deref(), Some("m"));
    assert_eq!(checksum.is_request_required, Some(true));
    assert_eq!(checksum.response_algorithms, ["CRC32"]);
    let fixed = op("smithy.rules#staticContextParams", json!({"P": {"value": [1]}}));
    assert_eq!(fixed.static_context, [("P".to_owned(), json!([1]))]);
    let paths = op("smithy.rules#operationContextParams", json!({"P": {"path": "a[*].b"}}));
    assert_eq!(paths.operation_context, [("P".to_owned(), "a[*].b".to_owned())]);
    let discovery = |required| {
        op("aws.api#clientDiscoveredEndpoint", json!({"required": required})).endpoint_discovery
    };
    assert_eq!(discovery(true), Some(EndpointDiscovery::Required));
    assert_eq!(discovery(false), Some(EndpointDiscovery::Optional));
    let asked = json!({"operation": "a#Op", "error": "a#Err"});
    let service = with("Svc", "aws.api#clientEndpointDiscovery", asked);
    assert!(service.operations["Op"].is_endpoint_operation);
}

#[test]
fn signatures() {
    let of = |name, value| {
        let operation = op(name, value);
        (operation.auth, operation.auth_type)
    };
    let none = (vec![AuthScheme::None], Some(AuthType::None));
    assert_eq!(of("smithy.api#auth", json!([])), none);
    assert_eq!(of("smithy.api#optionalAuth", json!({})), none);
    assert_eq!(of("smithy.api#auth", json!(["aws.auth#sigv4"])), (vec![], None));
    let bearer = of("smithy.api#auth", json!(["smithy.api#httpBearerAuth"]));
    assert_eq!(bearer, (vec![AuthScheme::Bearer], None));
    let unsigned = op("aws.auth#unsignedPayload", json!({}));
    assert!(unsigned.is_payload_unsigned && unsigned.auth_type == Some(AuthType::UnsignedBody));

    let both = with("Svc", "aws.auth#sigv4a", json!({"name": "sign"}));
    assert_eq!(both.auth, [AuthScheme::SigV4, AuthScheme::SigV4a]);
    let mut model = model();
    give(&mut model, "Svc", "smithy.api#httpBearerAuth", json!({}));
    give(&mut model, "Svc", "smithy.api#auth", json!(["smithy.api#httpBearerAuth"]));
    let bearer = facts(&model);
    assert_eq!(bearer.auth, [AuthScheme::Bearer]);
    assert_eq!(bearer.signature_version, SignatureVersion::Bearer);
}

#[test]
fn what_every_sdk_knows_by_hand() {
    let mut model = model();
    model["shapes"]["a#Svc"]["traits"]["aws.api#service"]["sdkId"] = json!("S3");
    let s3 = facts(&model);
    assert_eq!((s3.signature_version, s3.body_hash), (SignatureVersion::S3, Some(BodyHash::Md5)));
    model["shapes"]["a#Svc"]["traits"]["aws.api#service"]["sdkId"] = json!("STS");
    let operation = model["shapes"]["a#Op"].clone();
    put(&mut model, "/shapes", "a#AssumeRoleWithSAML", operation);
    let both = json!([{"target": "a#Op"}, {"target": "a#AssumeRoleWithSAML"}]);
    put(&mut model, "/shapes/a#Svc", "operations", both);
    let sts = facts(&model);
    assert_eq!(sts.operations["AssumeRoleWithSAML"].auth_type, Some(AuthType::None));
    assert_eq!(sts.operations["Op"].auth_type, None);
}

#[test]
fn paginators_are_made_of_the_operations_and_the_services_words() {
    let paginated = json!({"outputToken": "token", "items": "in.list"});
    let paginator = op("smithy.api#paginated", paginated).paginator.unwrap();
    assert_eq!(
        (paginator.input_tokens, paginator.output_tokens),
        (vec!["token".into()], vec!["token".into()])
    );
    assert_eq!(paginator.result_keys, ["in.list"]);
    assert_eq!(paginator.limit_key.as_deref(), Some("size"));
    assert!(facts(&model()).operations["Op"].paginator.is_none());
}

#[test]
fn waiters() {
    let output = |comparator: &str, expected: &str| {
        let output = json!({"path": "in.token", "expected": expected, "comparator": comparator});
        json!({"state": "success", "matcher": {"output": output}})
    };
    let waiter = json!({"W": {"documentation": "x", "minDelay": 7, "maxDelay": 20, "acceptors": [
        {"state": "success", "matcher": {"success": true}},
        {"state": "retry", "matcher": {"errorType": "a#Err"}},
        {"state": "failure", "matcher": {"errorType": "Elsewhere"}},
        output("stringEquals", "true"), output("booleanEquals", "true"),
        output("allStringEquals", "t"), output("anyStringEquals", "t")]}});
    let mut model = model();
    give(&mut model, "Op", "smithy.waiters#waitable", waiter);
    give(&mut model, "Err", "aws.protocols#awsQueryError", json!({"code": "A.Err"}));
    let waiter = &facts(&model).waiters["W"];
    assert_eq!((waiter.operation.as_str(), waiter.delay, waiter.max_attempts), ("Op", 7, 43));
    let acceptors = waiter.acceptors.iter().map(|a| (a.matcher, a.state, a.expected.clone()));
    assert!(acceptors.eq([
        (Matcher::Error, State::Success, json!(false)),
        (Matcher::Error, State::Retry, json!("A.Err")),
        (Matcher::Error, State::Failure, json!("Elsewhere")),
        (Matcher::Path, State::Success, json!("true")),
        (Matcher::Path, State::Success, json!(true)),
        (Matcher::PathAll, State::Success, json!("t")),
        (Matcher::PathAny, State::Success, json!("t")),
    ]));
}

#[test]
fn a_waiter_that_looks_at_the_input_is_left_out_with_a_note() {
    let matcher =
        json!({"inputOutput": {"path": "p", "expected": "e", "comparator": "stringEquals"}});
    let waiter = json!({"W": {"acceptors": [{"state": "success", "matcher": matcher}]}});
    let mut model = model();
    give(&mut model, "Op", "smithy.waiters#waitable", waiter);
    let imported = read(&model).unwrap();
    assert!(imported.service.waiters.is_empty());
    assert_eq!(
        imported.notes,
        ["a#Op, smithy.waiters#waitable, W, acceptors: compares with the input; it is left out"]
    );
}

#[test]
fn client_settings_and_other_facts_of_the_service() {
    let context = json!({"B": {"type": "boolean", "documentation": "x"}, "T": {"type": "string"}});
    let service = with("Svc", "smithy.rules#clientContextParams", context);
    let is = [("B".to_owned(), ContextType::Boolean), ("T".to_owned(), ContextType::Text)];
    assert_eq!(service.client_context, is);
    assert!(with("Svc", "smithy.api#deprecated", json!({})).is_deprecated);
    assert_eq!(with("Svc", "smithy.api#title", json!("Long")).full_name, "Long");
    let namespace = with("Svc", "smithy.api#xmlNamespace", json!({"uri": "u"})).xml_namespace;
    assert_eq!(namespace.as_deref(), Some("u"));
}

/// A service of restXml, with a namespace.
fn xml() -> Value {
    let mut model = model();
    speak(&mut model, "aws.protocols#restXml");
    give(&mut model, "Svc", "smithy.api#xmlNamespace", json!({"uri": "u"}));
    model
}

#[test]
fn an_xml_body_has_a_root() {
    let mut model = xml();
    let root = |model: &Value| {
        let input = facts(model).operations["Op"].input.clone().unwrap();
        (input.location_name, input.xml_namespace)
    };
    assert_eq!(root(&model), (Some("In".into()), Some("u".into())));
    give(&mut model, "In", "smithy.api#xmlName", json!("Root"));
    give(&mut model, "In", "smithy.api#xmlNamespace", json!({"uri": "v"}));
    assert_eq!(root(&model), (Some("Root".into()), Some("v".into())));
    // A member that is the body has the root's name itself.
    give(&mut model, "In$union", "smithy.api#httpPayload", json!({}));
    assert_eq!(root(&model), (None, None));
    let union = member_of(&facts(&model), "union");
    assert_eq!(union.location_name.as_deref(), Some("Union"));
    assert_eq!(union.xml_namespace.as_deref(), Some("u"));
}

#[test]
fn a_flattened_list_is_named_by_its_member() {
    let mut model = xml();
    give(&mut model, "List$member", "smithy.api#xmlName", json!("Item"));
    put(&mut model, "/shapes/a#In/members", "flat", json!({"target": "a#List"}));
    give(&mut model, "In$flat", "smithy.api#xmlFlattened", json!({}));
    let service = facts(&model);
    let flat = member_of(&service, "flat");
    assert!(flat.is_flattened);
    assert_eq!(service.shapes[&flat.target].members[0].location_name, None);
    let list = member_of(&service, "list");
    assert_eq!(list.target, "List");
    assert_eq!(service.shapes["List"].members[0].location_name.as_deref(), Some("Item"));
    // The same name is no trouble.
    give(&mut model, "In$flat", "smithy.api#xmlName", json!("Item"));
    assert_eq!(member_of(&facts(&model), "flat").target, "List");
}

#[test]
fn a_namespace_with_a_prefix_is_that_of_the_target() {
    let mut model = xml();
    let xsi = json!({"uri": "x", "prefix": "xsi"});
    give(&mut model, "Out$in", "smithy.api#xmlNamespace", xsi);
    give(&mut model, "In$token", "smithy.api#xmlAttribute", json!({}));
    let service = facts(&model);
    let shape = &service.shapes["In"];
    assert_eq!(
        (shape.xml_prefix.as_deref(), shape.xml_namespace.as_deref()),
        (Some("xsi"), Some("x"))
    );
    assert_eq!(service.shapes["Out"].members[1].xml_namespace, None);
    assert!(member_of(&service, "token").is_xml_attribute);
}
