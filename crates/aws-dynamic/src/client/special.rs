//! What models do not say: the special cases of single services, each a row of one table. The words of
//! a case say why it is there; its test is beside it.

use std::borrow::Cow;

use aws_smithy_types::base64;
use aws_smithy_xml::decode::{Document, try_data};
use serde_json::{Value, json};

use super::checksum;
use super::document::{self, Form};
use crate::model::Operation;
use crate::model::terms::{EndpointDiscovery, Kind};
use crate::protocol::{HttpRequest, ServiceError};

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
    /// What this crate cannot do, unless the input has this member.
    Refused(&'static str, Option<&'static str>),
}

const TABLE: &[Row] = &[
    row("", &[], Case::CodeOfHead),
    row("s3", &[], Case::BucketInRules),
    row("s3", &[], Case::ErrorIn200),
    row("s3", &["GetBucketLocation"], Case::BucketLocation),
    row("s3control", &[], Case::AccountInRules),
    row("ec2", &["GetConsoleOutput"], Case::TextInBase64("Output")),
    row("iam", &[], Case::Documents("policyDocumentType", Form::UrlEncoded)),
    row("cloudformation", &["GetTemplate"], Case::Documents("TemplateBody", Form::Json)),
    row("route53", &[], Case::LastPart(&["ResourceId", "DelegationSetId", "ChangeId"])),
    row("apigateway", &[], Case::Header("accept", "application/json")),
    row("glacier", &[], Case::VersionHeader("x-amz-glacier-version")),
    row("glacier", &[], Case::Default("accountId", "-")),
    row("glacier", &["UploadArchive", "UploadMultipartPart"], Case::Refused(TREE_HASH, None)),
    row("s3", &[], Case::Transient("InternalError")),
    row("sts", &[], Case::Transient("IDPCommunicationError")),
    row("machinelearning", &["Predict"], Case::Refused(PREDICT, None)),
    row("ec2", &["CopySnapshot"], Case::Refused(PRESIGNED, Some("PresignedUrl"))),
];

const TREE_HASH: &str = "an upload to Glacier needs a tree hash, which is not supported here";
const PREDICT: &str = "the endpoint is a member of the input, which is not supported here";
const PRESIGNED: &str = "the copy needs PresignedUrl, which is not made here";
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
        if let Case::LastPart(shapes) = case {
            for member in members().filter(|member| shapes.contains(&member.shape().name())) {
                if let Some(Value::String(id)) = input.to_mut().get_mut(member.name()) {
                    *id = id.rsplit('/').next().unwrap_or_default().to_owned();
                }
            }
        }
    }
    input
}

/// Fails for what would be sent wrongly.
pub(super) fn refuse(
    operation: Operation<'_>,
    input: &serde_json::Map<String, Value>,
) -> Result<(), &'static str> {
    if operation.endpoint_discovery() == Some(EndpointDiscovery::Required) {
        return Err(DISCOVERY);
    }
    for case in cases(operation) {
        if let Case::Refused(why, unless) = case
            && unless.is_none_or(|name| !input.contains_key(name))
        {
            return Err(why);
        }
    }
    Ok(())
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
    for case in cases(operation) {
        let (name, value) = match case {
            Case::BucketInRules => {
                if operation.http_uri().starts_with("/{Bucket}") {
                    strip_bucket(&mut request.uri);
                }
                continue;
            }
            Case::Header(name, value) => (*name, *value),
            Case::VersionHeader(name) => (*name, operation.service().api_version()),
            Case::AccountInRules
            | Case::ErrorIn200
            | Case::CodeOfHead
            | Case::BucketLocation
            | Case::TextInBase64(_)
            | Case::Documents(..)
            | Case::Default(..)
            | Case::LastPart(_)
            | Case::Transient(_)
            | Case::Refused(..) => continue,
        };
        if request.header(name).is_none() {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    checksum::add(operation, input, request)
}

/// The status that an answer should have had.
pub(super) fn status(operation: Operation<'_>, status: u16, body: &[u8]) -> u16 {
    let is_special = cases(operation).any(|case| matches!(case, Case::ErrorIn200));
    if is_special && status == 200 && !has_plain_body(operation) && is_error(body) {
        500
    } else {
        status
    }
}

/// The output that an answer should have had.
pub(super) fn output(operation: Operation<'_>, mut output: Value, body: &[u8]) -> Value {
    for case in cases(operation) {
        if let (Case::Documents(name, form), Some(shape)) = (case, operation.output()) {
            document::read(shape, &mut output, name, *form);
        }
        if let Case::BucketLocation = case {
            output = json!({ "LocationConstraint": text_of_root(body) });
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

/// Whether the body of the answer is a member as it is, which may be any text, an error's too.
fn has_plain_body(operation: Operation<'_>) -> bool {
    let payload = operation.output().and_then(|output| output.member(output.payload()?));
    payload.is_some_and(|member| matches!(member.shape().kind(), Kind::Blob | Kind::String))
}

/// What stands in the root of XML, if anything does.
fn text_of_root(body: &[u8]) -> Option<String> {
    let mut document = Document::new(std::str::from_utf8(body).ok()?);
    let mut root = document.root_element().ok()?;
    let text = try_data(&mut root).ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// Whether a body is XML whose root is an error.
fn is_error(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let mut document = Document::new(text);
    document.root_element().is_ok_and(|root| root.start_el().local() == "Error")
}

#[cfg(test)]
mod tests;
