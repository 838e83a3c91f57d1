//! The models as they are embedded: of every service, small, at one with the index, and read right
//! in the places that are easy to get wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::model::terms::{
    AuthScheme, AuthType, EndpointDiscovery, Kind, Location, Matcher, Protocol, SignatureVersion,
    State,
};
use aws_dynamic::model::{Member, Operation, Service, Shape};
use serde_json::{Value, json};

const PACKED: &[u8] = include_bytes!("../data/models.bin");

fn service(name: &str) -> &'static Service {
    let models = Models::get().unwrap();
    models.service(name).unwrap_or_else(|| panic!("{name} is not found")).unwrap()
}

fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').unwrap();
    self::service(service).operation(operation).unwrap_or_else(|| panic!("{name} is not found"))
}

fn shape(service: &str, name: &str) -> Shape<'static> {
    self::service(service).shape(name).unwrap_or_else(|| panic!("{service}: {name} is not found"))
}

fn names<'a>(members: impl Iterator<Item = Member<'a>>) -> Vec<&'a str> {
    members.map(Member::name).collect()
}

#[test]
fn all_services_take_at_most_3_5_mb() {
    assert!(PACKED.len() <= 3_500_000, "{}", PACKED.len());
}

#[test]
fn index_and_models_know_the_same_services_and_operations() {
    let models = Models::get().unwrap();
    let index = Index::get().unwrap();
    let mut sorted: Vec<&str> = index.services().iter().map(|service| service.name()).collect();
    sorted.sort_unstable();
    assert!(models.names().eq(sorted));
    for of_index in index.services() {
        let mut sorted: Vec<&str> = of_index.operations().iter().map(|o| o.name()).collect();
        sorted.sort_unstable();
        let operations = service(of_index.name()).operations();
        assert!(operations.map(Operation::name).eq(sorted), "{}", of_index.name());
    }
}

#[test]
fn provenance_is_inside() {
    let sources = Models::get().unwrap().sources();
    for part in [
        "botocore 1.44.5 of 2026-11-17 (Apache-2.0), sha256 a988f39e3a4484de",
        "439 services, 19796 operations, 126940 shapes, 239807 members, 3449 paginators, 410 waiters",
    ] {
        assert!(sources.contains(part), "{sources}");
    }
}

#[test]
fn a_service_is_decoded_once() {
    assert!(std::ptr::eq(service("sqs"), service("sqs")));
    assert!(Models::get().unwrap().service("nothing").is_none());
    assert!(Models::get().unwrap().service("").is_none());
}

#[test]
fn the_protocol_is_the_preferred_one() {
    let check = |name: &str, expected: Protocol, all: &[Protocol]| {
        assert_eq!(service(name).protocol(), expected, "{name}");
        assert_eq!(service(name).protocols().collect::<Vec<_>>(), all, "{name}");
    };
    check("ec2", Protocol::Ec2, &[Protocol::Ec2]);
    check("s3", Protocol::RestXml, &[Protocol::RestXml]);
    check("sts", Protocol::Query, &[Protocol::Query]);
    check("lambda", Protocol::RestJson, &[Protocol::RestJson]);
    let all = [Protocol::RpcV2Cbor, Protocol::Json, Protocol::Query];
    check("cloudwatch", Protocol::Json, &all);
}

#[test]
fn facts_of_services() {
    let dynamodb = service("dynamodb");
    assert_eq!(dynamodb.id(), "DynamoDB");
    assert_eq!(dynamodb.api_version(), "2012-08-10");
    assert_eq!(dynamodb.target_prefix(), Some("DynamoDB_20120810"));
    assert_eq!(dynamodb.json_version(), Some("1.0"));
    assert!(!dynamodb.is_query_compatible() && service("sqs").is_query_compatible());
    assert_eq!(service("ce").signing_name(), "ce");
    assert_eq!(service("route53").global_endpoint(), Some("route53.amazonaws.com"));
    assert_eq!(service("importexport").signature_version(), SignatureVersion::V2);
    assert_eq!(
        service("bedrock").auth().collect::<Vec<_>>(),
        [AuthScheme::SigV4, AuthScheme::Bearer]
    );
    let context: Vec<&str> = service("s3").client_context().map(|(name, _)| name).collect();
    assert!(context.contains(&"ForcePathStyle"), "{context:?}");
}

#[test]
fn facts_of_operations() {
    let put = operation("s3:PutObject");
    assert_eq!((put.http_method(), put.http_uri()), ("PUT", "/{Bucket}/{Key+}"));
    assert_eq!(put.input().unwrap().payload(), Some("Body"));
    assert_eq!(put.checksum().algorithm_member(), Some("ChecksumAlgorithm"));
    assert_eq!(put.checksum().is_request_required(), Some(false));
    assert_eq!(operation("s3:GetObject").checksum().mode_member(), Some("ChecksumMode"));

    let run = operation("ec2:RunInstances");
    assert_eq!((run.http_method(), run.http_uri(), run.http_status()), ("POST", "/", None));
    assert_eq!(operation("sts:AssumeRole").output_wrapper(), Some("AssumeRoleResult"));
    assert_eq!(operation("sts:AssumeRoleWithSAML").auth().collect::<Vec<_>>(), [AuthScheme::None]);
    assert_eq!(operation("sts:AssumeRoleWithSAML").auth_type(), Some(AuthType::None));
    assert_eq!(operation("cloudfront:GetFunction").wire_name(), "GetFunction2020_05_31");
    assert_eq!(
        operation("timestream-query:Query").endpoint_discovery(),
        Some(EndpointDiscovery::Required)
    );
    assert_eq!(
        operation("dynamodb:BatchGetItem").operation_context().collect::<Vec<_>>(),
        [("ResourceArnList", "keys(RequestItems)")]
    );
    assert_eq!(
        operation("s3:CreateBucket").static_context().collect::<Vec<_>>(),
        [("DisableAccessPoints", json!(true)), ("UseS3ExpressControlEndpoint", json!(true))]
    );
    assert!(operation("cloudwatch:PutMetricData").compression().eq(["gzip"]));
    assert!(operation("s3control:GetAccessPoint").host_prefix() == Some("{AccountId}."));
    assert!(
        operation("iam:GetUser").errors().map(Shape::name).any(|e| e == "NoSuchEntityException")
    );
    assert!(operation("sts:GetCallerIdentity").paginator().is_none());
    let pages = operation("s3:ListMultipartUploads").paginator().unwrap();
    assert!(pages.input_tokens().eq(["KeyMarker", "UploadIdMarker"]));
    assert!(pages.output_tokens().eq(["NextKeyMarker", "NextUploadIdMarker"]));
    assert_eq!(pages.more_results(), Some("IsTruncated"));
    // Said in the additions of the SDKs only.
    assert!(pages.non_aggregate_keys().eq(["RequestCharged", "Prefix"]));
}

#[test]
fn facts_of_shapes() {
    let role = operation("sts:AssumeRole").input().unwrap();
    let name = role.member("RoleSessionName").unwrap();
    assert!(name.is_required() && !role.member("Policy").unwrap().is_required());
    let kind = name.shape();
    assert_eq!((kind.kind(), kind.pattern()), (Kind::String, Some("[\\w+=,.@-]*")));
    assert_eq!((kind.min(), kind.max()), (Some(2.into()), Some(64.into())));
    // In the model's order, which is that of the query.
    assert_eq!(&names(role.members())[..2], ["RoleArn", "RoleSessionName"]);

    let filters = operation("ec2:DescribeInstances").input().unwrap().member("Filters").unwrap();
    assert_eq!(filters.location_name(), Some("Filter"));
    let filter = filters.shape().element().unwrap();
    assert_eq!((filter.name(), filter.location_name()), ("", Some("Filter")));
    assert_eq!(names(filter.shape().members()), ["Name", "Values"]);
    assert!(filters.shape().members().next().is_none() && filters.shape().key().is_none());

    let attributes = shape("dynamodb", "AttributeMap");
    assert_eq!(attributes.key().unwrap().shape().name(), "AttributeName");
    let value = attributes.value().unwrap().shape();
    assert_eq!(value.name(), "AttributeValue");
    assert!(attributes.element().is_none());
    assert_eq!(shape("bedrock-runtime", "ContentBlock").kind(), Kind::Union);
    assert_eq!(shape("bedrock-runtime", "Document").kind(), Kind::Document);
    assert!(shape("bedrock-runtime", "ConverseStreamOutput").is_event_stream());

    let key = operation("s3:GetObject").input().unwrap().member("Key").unwrap();
    assert_eq!((key.location(), key.location_name()), (Some(Location::Uri), Some("Key")));
    assert_eq!(key.context_parameter(), Some("Key"));
    // A text in the model, made a time by the additions of the SDKs.
    assert_eq!(shape("s3", "Expires").kind(), Kind::Timestamp);
    assert!(shape("s3", "StorageClass").enum_values().any(|value| value == "GLACIER"));
    assert!(shape("rds", "CopyDBSnapshotMessage").member("SourceRegion").is_some());

    let missing = shape("iam", "NoSuchEntityException");
    assert_eq!(missing.error().code(), Some("NoSuchEntity"));
    assert_eq!(missing.error().status(), Some(404));
    assert!(missing.is_exception() && missing.error().is_sender_fault() && !missing.is_fault());
}

#[test]
fn facts_of_waiters() {
    let waiter = service("ec2").waiter("InstanceRunning").unwrap();
    assert_eq!(waiter.operation().name(), "DescribeInstances");
    assert_eq!((waiter.delay(), waiter.max_attempts()), (15, 40));
    let first = waiter.acceptors().next().unwrap();
    assert_eq!((first.matcher(), first.state()), (Matcher::PathAll, State::Success));
    assert_eq!(first.argument(), Some("Reservations[].Instances[].State.Name"));
    assert_eq!(first.expected(), Value::from("running"));
    assert!(service("ec2").waiter("Nothing").is_none());
}
