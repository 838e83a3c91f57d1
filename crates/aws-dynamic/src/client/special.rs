//! What models do not say: the special cases of single services, each a row of one table. The words of
//! a case say why it is there; its test is beside it. What reads none of it stands elsewhere: paginators
//! that botocore lacks in `paginate/plan.rs`, which knows no client, and what the effect of an operation
//! depends on in `data/effects.tsv`.

use std::borrow::Cow;

use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

use super::copy::Copy;
use super::destination::Origin;
use super::digest::Algorithm;
use super::document::{self, Form};
use super::settings::EndpointSettings;
use super::tree_hash::tree_hash;
use super::{checksum, customer_key};
use crate::endpoint::{BuiltIn, uri_encode};
use crate::model::terms::{EndpointDiscovery, Kind};
use crate::model::{Operation, Service};
use crate::protocol::{HttpRequest, ServiceError, markup, timestamp};

/// Which operations a case is of.
struct Row {
    /// By canonical name; all where empty.
    service: &'static str,
    /// All of the service where empty.
    operations: &'static [&'static str],
    case: Case,
}

enum Case {
    /// S3's rules put the bucket into the host or the path, and its model into the path as well.
    BucketInRules,
    /// S3 Control's rules put the account into the host, and its model into the host prefix as well.
    AccountInRules,
    /// S3 says 200 before it knows whether it will copy or complete.
    ErrorIn200,
    /// The answer to a HEAD has no body that could hold a code.
    CodeOfHead,
    /// Whoever wrote an object said when it expires, a time or not: the text is a member that no model
    /// has, and a time is one beside it.
    ExpiresText,
    /// The root of the answer is the member; the region without a name is us-east-1.
    BucketLocation,
    /// Texts of the shape of this name are JSON.
    Documents(&'static str, Form),
    /// A member of the answer whose model says text: it is text, in base64.
    TextInBase64(&'static str),
    /// A header that the service wants and its model lacks.
    Header(&'static str, &'static str),
    /// A header with the version of the API.
    VersionHeader(&'static str),
    /// A member with a default that the model does not say.
    Default(&'static str, &'static str),
    /// Members of these shapes take the last part of an id as other operations answer it:
    /// `/hostedzone/Z1` for `Z1`.
    LastPart(&'static [&'static str]),
    /// A code to try again after, which is not among those of all services.
    Transient(&'static str),
    /// Glacier wants a hash of what is uploaded, made of hashes of its parts.
    TreeHash,
    /// A key goes out in base64, in the first member, with its hash in the second.
    CustomerKey(&'static str, &'static str),
    /// A copy from another region needs a URL that is signed for there.
    Copy(Copy),
    /// The first member is the endpoint, a host below this name.
    EndpointMember(&'static str, &'static str),
    /// The service must be asked for its endpoint; a label of the host begins with this.
    Discovered(&'static str),
    /// A text that is sent in base64. Services take nothing else, and botocore and the AWS CLI take the
    /// text itself.
    Encoded(&'static str),
    /// `bucket/key?versionId=v`, whose key is sent with escapes, as a part of a URL.
    CopySource,
    /// The bucket stands in the path, because a request that asks for its region cannot be signed for it.
    PathStyle,
    /// The bucket stands in the path at an endpoint of the user's own, which rarely has a host for each
    /// bucket; nothing but an ARN, which only hosts can name, or the client's maker says otherwise.
    PathStyleAtOwn,
    /// A presigned URL leaves the body to whoever sends it: the hash of none is signed.
    BodyOfSender,
    /// Keys are taken with all their dots, and signed so.
    DotsInKeys,
    /// A fact for the endpoint's rules that the user's environment and files can say by these names.
    Setting(BuiltIn, Names),
    /// The query is sent as a form: a search can be longer than a URL.
    QueryInBody,
}

/// Of a setting: in the environment, and in the user's files.
type Names = (&'static str, &'static str);

const TABLE: &[Row] = &[
    row("", &[], Case::CodeOfHead),
    row("s3", &[], Case::BucketInRules),
    row("s3", &[], Case::ErrorIn200),
    row("s3", &["GetObject", "HeadObject"], Case::ExpiresText),
    row("s3", &["GetBucketLocation"], Case::BucketLocation),
    row("s3control", &[], Case::AccountInRules),
    row("ec2", &["GetConsoleOutput"], Case::TextInBase64("Output")),
    row("iam", &[], Case::Documents("policyDocumentType", Form::UrlEncoded)),
    row("cloudformation", &["GetTemplate"], Case::Documents("TemplateBody", Form::Json)),
    row("route53", &[], Case::LastPart(&["ResourceId", "DelegationSetId", "ChangeId"])),
    row("apigateway", &[], Case::Header("accept", "application/json")),
    row("glacier", &[], Case::VersionHeader("x-amz-glacier-version")),
    row("glacier", &[], Case::Default("accountId", "-")),
    row("glacier", &["UploadArchive", "UploadMultipartPart"], Case::TreeHash),
    row("s3", &[], Case::CustomerKey("SSECustomerKey", "SSECustomerKeyMD5")),
    row("s3", &[], Case::CustomerKey("CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5")),
    row("dynamodb", &["DescribeEndpoints"], Case::VersionHeader(ENDPOINTS_VERSION)),
    row("timestream-query", &["DescribeEndpoints"], Case::VersionHeader(ENDPOINTS_VERSION)),
    row("timestream-write", &["DescribeEndpoints"], Case::VersionHeader(ENDPOINTS_VERSION)),
    row("ec2", &["RunInstances"], Case::Encoded("UserData")),
    row("autoscaling", &["CreateLaunchConfiguration"], Case::Encoded("UserData")),
    row("s3", &["CopyObject", "UploadPartCopy"], Case::CopySource),
    row("s3", &["GetBucketLocation"], Case::PathStyle),
    row("s3", &[], Case::PathStyleAtOwn),
    row("s3", &[], Case::BodyOfSender),
    row("s3control", &[], Case::BodyOfSender),
    row("s3", &[], Case::DotsInKeys),
    row("s3", &[], Case::Setting(BuiltIn::S3UseArnRegion, ARN_REGION)),
    row("s3", &[], Case::Setting(BuiltIn::S3DisableMultiRegionAccessPoints, NO_MRAP)),
    row("s3control", &[], Case::Setting(BuiltIn::S3ControlUseArnRegion, ARN_REGION)),
    row("cloudsearchdomain", &["Search"], Case::QueryInBody),
    row("s3", &[], Case::Transient("InternalError")),
    row("sts", &[], Case::Transient("IDPCommunicationError")),
    row(
        "machinelearning",
        &["Predict"],
        Case::EndpointMember("PredictEndpoint", "machinelearning"),
    ),
    row("timestream-query", &[], Case::Discovered("timestream")),
    row("timestream-write", &[], Case::Discovered("timestream")),
    row("ec2", &["CopySnapshot"], Case::Copy(Copy::Ec2)),
    row("rds", COPIES_OF_RDS, Case::Copy(Copy::Rds)),
    row("docdb", COPIES_OF_CLUSTERS, Case::Copy(Copy::Rds)),
    row("neptune", COPIES_OF_CLUSTERS, Case::Copy(Copy::Rds)),
];

const COPIES_OF_CLUSTERS: &[&str] = &["CopyDBClusterSnapshot", "CreateDBCluster"];
const COPIES_OF_RDS: &[&str] = &[
    "CopyDBClusterSnapshot",
    "CopyDBSnapshot",
    "CreateDBCluster",
    "CreateDBInstanceReadReplica",
    "StartDBInstanceAutomatedBackupsReplication",
];

const ARN_REGION: Names = ("AWS_S3_USE_ARN_REGION", "s3_use_arn_region");
const NO_MRAP: Names =
    ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points");
const VERSION_ID: &str = "?versionId=";
const FORM: &str = "application/x-www-form-urlencoded";
const ENDPOINTS_VERSION: &str = "x-amz-api-version";
const TREE_HASH: &str = "x-amz-sha256-tree-hash";
const NO_TREE_HASH: &str =
    "an upload from a stream to Glacier must be given its tree hash, in the member checksum";
const DISCOVERY: &str = "the endpoint must be asked for first, which is not supported here";

/// The input with what the service's own clients would make of it.
pub(super) fn prepared<'v>(operation: Operation<'_>, input: &'v Value) -> Cow<'v, Value> {
    let mut input = Cow::Borrowed(input);
    let members = || operation.input().into_iter().flat_map(|shape| shape.members());
    for case in cases(operation) {
        if let Case::Default(name, value) = case
            && members().any(|member| member.name() == *name)
        {
            if input.is_null() {
                input = Cow::Owned(json!({}));
            }
            if input.get(name).is_none_or(Value::is_null)
                && let Some(fields) = input.to_mut().as_object_mut()
            {
                fields.insert((*name).to_owned(), json!(value));
            }
        }
        if let Case::Encoded(name) = case
            && let Some(Value::String(text)) = input.to_mut().get_mut(*name)
        {
            *text = base64::encode(text.as_bytes());
        }
        if let Case::CopySource = case
            && let Some(Value::String(source)) = input.to_mut().get_mut("CopySource")
        {
            *source = copy_source(source);
        }
        if let Case::LastPart(shapes) = case {
            for member in members().filter(|member| shapes.contains(&member.shape().name())) {
                if let Some(Value::String(id)) = input.to_mut().get_mut(member.name()) {
                    *id = id.rsplit('/').next().unwrap_or_default().to_owned();
                }
            }
        }
        if let Case::CustomerKey(name, hash) = case
            && members().any(|member| member.name() == *hash)
            && input.get(hash).is_none_or(Value::is_null)
            && let Some(Value::String(key)) = input.get(name)
        {
            let (key, sum) = customer_key::headers(key);
            if let Some(fields) = input.to_mut().as_object_mut() {
                fields.insert((*name).to_owned(), json!(key));
                fields.insert((*hash).to_owned(), json!(sum));
            }
        }
    }
    input
}

/// Fails for what would be sent wrongly.
pub(super) fn refuse(operation: Operation<'_>) -> Result<(), &'static str> {
    let is_required = operation.endpoint_discovery() == Some(EndpointDiscovery::Required);
    if is_required && discovered_label(operation).is_none() { Err(DISCOVERY) } else { Ok(()) }
}

/// How a label of the host begins that the service must be asked for.
pub(super) fn discovered_label(operation: Operation<'_>) -> Option<&'static str> {
    if operation.endpoint_discovery() != Some(EndpointDiscovery::Required) {
        return None;
    }
    cases(operation)
        .find_map(|case| if let Case::Discovered(label) = case { Some(*label) } else { None })
}

/// The member that is the endpoint, and what its host is below.
pub(super) fn endpoint_member(operation: Operation<'_>) -> Option<(&'static str, &'static str)> {
    cases(operation).find_map(|case| {
        if let Case::EndpointMember(name, parent) = case { Some((*name, *parent)) } else { None }
    })
}

/// How the operation copies from another region, if it does.
pub(super) fn copy(operation: Operation<'_>) -> Option<Copy> {
    cases(operation).find_map(|case| if let Case::Copy(copy) = case { Some(*copy) } else { None })
}

/// Whether the endpoint's rules must put the bucket into the path.
pub(super) fn is_path_style(
    operation: Operation<'_>,
    input: &Map<String, Value>,
    origin: Origin,
    settings: &EndpointSettings,
) -> bool {
    let bucket = input.get("Bucket").and_then(Value::as_str).unwrap_or_default();
    let at_own = origin == Origin::User
        && settings.s3_force_path_style.is_none()
        && settings.s3_accelerate != Some(true)
        && !bucket.starts_with("arn:");
    cases(operation).any(|case| {
        matches!(case, Case::PathStyle) || (at_own && matches!(case, Case::PathStyleAtOwn))
    })
}

/// Whether the endpoint's rules are told the bucket.
pub(super) fn is_bucket_in_rules(operation: Operation<'_>) -> bool {
    cases(operation).any(|case| matches!(case, Case::BucketInRules))
}

/// Whether a presigned URL leaves the body to whoever sends it.
pub(super) fn is_body_of_sender(operation: Operation<'_>) -> bool {
    cases(operation).any(|case| matches!(case, Case::BodyOfSender))
}

/// Whether a text that is the rest of a path may have dots for parts.
pub(super) fn takes_dots(operation: Operation<'_>) -> bool {
    cases(operation).any(|case| matches!(case, Case::DotsInKeys))
}

/// Facts for the endpoint's rules that the user's environment and files can say: the names there.
pub(super) fn settings(service: &Service) -> impl Iterator<Item = (BuiltIn, Names)> {
    let rows = TABLE.iter().filter(move |row| row.service == service.name());
    rows.filter_map(|row| {
        if let Case::Setting(fact, names) = row.case { Some((fact, names)) } else { None }
    })
}

/// Whether the endpoint's rules give the host prefix.
pub(super) fn is_prefix_of_rules(operation: Operation<'_>) -> bool {
    let mut context = operation.static_context();
    cases(operation).any(|case| matches!(case, Case::AccountInRules))
        && operation.host_prefix() == Some("{AccountId}.")
        && context.any(|(name, value)| name == "RequiresAccountId" && value == json!(true))
}

/// Codes to try again after.
pub(super) fn transient(operation: Operation<'_>) -> impl Iterator<Item = &'static str> {
    cases(operation)
        .filter_map(|case| if let Case::Transient(code) = case { Some(*code) } else { None })
}

/// Completes a request, before it has a host.
pub(super) fn finish(
    operation: Operation<'_>,
    input: &Value,
    request: &mut HttpRequest,
) -> Result<(), &'static str> {
    place(operation, request);
    add_headers(operation, request);
    if needs_tree_hash(operation, request) {
        request.headers.push((TREE_HASH.to_owned(), tree_hash(&request.body)));
    }
    checksum::ask(operation, request);
    checksum::add(operation, input, request)
}

/// Completes a request whose body comes from a stream; the checksum that is to follow the body.
pub(super) fn finish_streamed(
    operation: Operation<'_>,
    input: &Value,
    request: &mut HttpRequest,
) -> Result<Option<Algorithm>, &'static str> {
    place(operation, request);
    add_headers(operation, request);
    if needs_tree_hash(operation, request) {
        return Err(NO_TREE_HASH);
    }
    checksum::ask(operation, request);
    checksum::announce(operation, input, request)
}

/// Makes the path what is to follow the endpoint. All that is done for a request which somebody else
/// will send: whatever else were signed would have to be sent.
pub(super) fn place(operation: Operation<'_>, request: &mut HttpRequest) {
    if is_bucket_in_rules(operation) && operation.http_uri().starts_with("/{Bucket}") {
        strip_bucket(&mut request.uri);
    }
}

fn needs_tree_hash(operation: Operation<'_>, request: &HttpRequest) -> bool {
    let is_special = cases(operation).any(|case| matches!(case, Case::TreeHash));
    is_special && request.header(TREE_HASH).is_none()
}

fn add_headers(operation: Operation<'_>, request: &mut HttpRequest) {
    for case in cases(operation) {
        let (name, value) = match case {
            Case::QueryInBody => {
                query_in_body(request);
                continue;
            }
            Case::Header(name, value) => (*name, *value),
            Case::VersionHeader(name) => (*name, operation.service().api_version()),
            Case::BucketInRules
            | Case::AccountInRules
            | Case::ErrorIn200
            | Case::CodeOfHead
            | Case::ExpiresText
            | Case::BucketLocation
            | Case::TextInBase64(_)
            | Case::Documents(..)
            | Case::Default(..)
            | Case::LastPart(_)
            | Case::Encoded(_)
            | Case::CopySource
            | Case::PathStyle
            | Case::PathStyleAtOwn
            | Case::BodyOfSender
            | Case::DotsInKeys
            | Case::Setting(..)
            | Case::Transient(_)
            | Case::TreeHash
            | Case::CustomerKey(..)
            | Case::Copy(_)
            | Case::EndpointMember(..)
            | Case::Discovered(_) => continue,
        };
        if request.header(name).is_none() {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// The status that an answer should have had.
pub(super) fn status(operation: Operation<'_>, status: u16, body: &[u8]) -> u16 {
    let is_special = cases(operation).any(|case| matches!(case, Case::ErrorIn200));
    if is_special
        && status == 200
        && !has_plain_body(operation)
        && markup::root(body) == Some("Error")
    {
        500
    } else {
        status
    }
}

/// The headers that an answer should have had, and a member of the output that follows from them.
pub(super) fn headers(
    operation: Operation<'_>,
    headers: &mut Vec<(&str, Cow<'_, str>)>,
) -> Option<(&'static str, String)> {
    let is_special = cases(operation).any(|case| matches!(case, Case::ExpiresText));
    let is_expiry = |name: &str| name.eq_ignore_ascii_case("expires");
    let (_, text) = headers.iter().find(|(name, _)| is_special && is_expiry(name))?;
    let text = text.clone().into_owned();
    if timestamp::said(text.trim()).is_none() {
        headers.retain(|(name, _)| !is_expiry(name));
    }
    Some(("ExpiresString", text))
}

/// The output that an answer should have had.
pub(super) fn output(operation: Operation<'_>, mut output: Value, body: &[u8]) -> Value {
    for case in cases(operation) {
        if let (Case::Documents(name, form), Some(shape)) = (case, operation.output()) {
            document::read(shape, &mut output, name, *form);
        }
        if let Case::BucketLocation = case {
            output = json!({ "LocationConstraint": markup::text_of_root(body).filter(|text| !text.is_empty()) });
        }
        if let Case::TextInBase64(name) = case
            && let Some(Value::String(text)) = output.get_mut(name)
            && let Ok(plain) = base64::decode(&*text)
        {
            *text = String::from_utf8_lossy(&plain).into_owned();
        }
    }
    output
}

/// Completes an error.
pub(super) fn error(operation: Operation<'_>, error: &mut ServiceError, body: &[u8]) {
    let is_special = cases(operation).any(|case| matches!(case, Case::CodeOfHead));
    let is_silent = operation.http_method() == "HEAD" && body.is_empty() && error.code == "404";
    if is_special && is_silent {
        error.code = "NotFound".to_owned();
    }
}

const fn row(service: &'static str, operations: &'static [&'static str], case: Case) -> Row {
    Row { service, operations, case }
}

fn cases<'a>(operation: Operation<'a>) -> impl Iterator<Item = &'static Case> + use<'a> {
    let (service, name) = (operation.service().name(), operation.name());
    let is_of = move |row: &&Row| {
        (row.service.is_empty() || row.service == service)
            && (row.operations.is_empty() || row.operations.contains(&name))
    };
    TABLE.iter().filter(is_of).map(|row| &row.case)
}

/// `/bucket/key?x` -> `/key?x`
fn strip_bucket(uri: &mut String) {
    let rest = uri.strip_prefix('/').unwrap_or(uri);
    let rest = rest.find(['/', '?']).and_then(|end| rest.get(end..)).unwrap_or_default();
    *uri = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
}

/// Escapes all of a copy's source but the id of its version.
fn copy_source(source: &str) -> String {
    let is_id = |id: &str| !id.is_empty() && !id.contains(char::is_whitespace);
    let id = source
        .find(VERSION_ID)
        .filter(|start| source.get(start + VERSION_ID.len()..).is_some_and(is_id));
    let (path, id) = source.split_at(id.unwrap_or(source.len()));
    let parts: Vec<Cow<'_, str>> =
        path.split('/').map(|part| uri_encode(Cow::Borrowed(part))).collect();
    format!("{}{id}", parts.join("/"))
}

/// `GET /path?query` -> `POST /path` with the query as a form.
fn query_in_body(request: &mut HttpRequest) {
    let Some((path, query)) = request.uri.split_once('?') else { return };
    request.body = query.as_bytes().to_vec();
    request.uri = path.to_owned();
    request.method = "POST".to_owned();
    request.headers.push(("content-type".to_owned(), FORM.to_owned()));
}

/// Whether the body of the answer is a member as it is, which may be any text, an error's too.
fn has_plain_body(operation: Operation<'_>) -> bool {
    let payload = operation.output().and_then(|output| output.member(output.payload()?));
    payload.is_some_and(|member| matches!(member.shape().kind(), Kind::Blob | Kind::String))
}

#[cfg(test)]
mod tests;
