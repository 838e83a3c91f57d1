//! Whether an input keeps to its operation's address. Paths tell operations apart, and members stand
//! in them: `..` for a stage of an API makes the path that of the API, and signatures, which are made
//! of the path without dots, fit that one too. So does a text that another operation has in this place.
//! Where paths are the same, queries and headers tell: an upload that is aborted is named there, and
//! without a name the same request could be the deletion of the object.

use serde_json::{Map, Value};

use super::special;
use crate::model::terms::{Kind, Location};
use crate::model::{Member, Operation};
use crate::validate::Finding;

/// A part of a path, between slashes.
#[derive(Clone, Copy)]
struct Part<'p> {
    text: &'p str,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Model,
    Input,
}

const DOTS: &str = "may not be . or .., nor have such a part: it would make another path";

const DOT: &str = "may not be . or .., nor have .. as a part: it would make another path";

const LABEL: &str = "becomes part of the host: expected 1 to 63 letters, digits and hyphens";

const EMPTY: &str = "may not be empty: what it names tells the request from others";

/// Says which members make the request another operation's, and how, or the host none. Of an input that
/// lacks members, or has wrong ones, as much as can be known without them.
pub(super) fn problems(operation: Operation<'_>, input: &Map<String, Value>) -> Vec<Finding> {
    let mut problems = Vec::new();
    check_names(operation, input, &mut problems);
    check_path(operation, input, &mut problems);
    check_host(operation, input, &mut problems);
    problems
}

/// What must stand in the query or a header stands there with a text, and what may stand in a query
/// under any name takes none that has its own meaning.
fn check_names(operation: Operation<'_>, input: &Map<String, Value>, problems: &mut Vec<Finding>) {
    let shape = operation.input();
    let members = || shape.into_iter().flat_map(|shape| shape.members());
    let in_query = |member: &Member<'_>| member.location() == Some(Location::QueryString);
    for member in members().filter(|member| member.is_required()) {
        let stands = in_query(&member) || member.location() == Some(Location::Header);
        let text = input.get(member.name()).and_then(Value::as_str);
        if stands && text.is_some_and(|text| text.trim().is_empty()) {
            problems.push(Finding { path: member.name().to_owned(), what: EMPTY.to_owned() });
        }
    }
    let is_map = |member: &Member<'_>| member.shape().kind() == Kind::Map;
    let own = members().filter(|member| in_query(member) && !is_map(member)).map(on_wire);
    let own: Vec<&str> =
        own.chain(fixed(operation).filter_map(|pair| pair.split('=').next())).collect();
    for member in members().filter(|member| in_query(member) && is_map(member)) {
        let Some(Value::Object(free)) = input.get(member.name()) else { continue };
        for name in free.keys().filter(|name| own.contains(&name.as_str())) {
            let path = format!("{}.{name}", member.name());
            problems
                .push(Finding { path, what: "has a meaning of its own in the query".to_owned() });
        }
    }
}

fn check_path(operation: Operation<'_>, input: &Map<String, Value>, problems: &mut Vec<Finding>) {
    let members: Vec<Member<'_>> = operation
        .input()
        .into_iter()
        .flat_map(|shape| shape.members())
        .filter(|member| member.location() == Some(Location::Uri))
        .collect();
    let named = |label: &str| members.iter().find(|member| on_wire(**member) == label);
    let mut path = Vec::new();
    let mut names = Vec::new();
    let mut is_known = true;
    for part in parts(operation) {
        let Some(name) = label(part).and_then(named).map(|member| member.name()) else {
            path.push(Part { text: part, origin: Origin::Model });
            continue;
        };
        let Some(text) = input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
        else {
            // Missing, or a number or truth value, which is no other operation's name.
            is_known &= input.get(name).is_some_and(|v| v.is_number() || v.is_boolean());
            path.push(Part { text: part, origin: Origin::Model });
            continue;
        };
        let is_dot = |text: &str| text == "." || text == "..";
        let is_key = is_greedy(part) && special::takes_dots(operation);
        let is_up = |text: &str| text == "..";
        // In other labels than greedy ones a slash is escaped; who takes it for one all the same must
        // not be led up by it.
        let what = if is_greedy(part) {
            (!is_key && text.split('/').any(is_dot)).then_some(DOTS)
        } else {
            (is_dot(text) || text.split('/').any(is_up)).then_some(DOT)
        };
        if let Some(what) = what {
            problems.push(Finding { path: name.to_owned(), what: what.to_owned() });
            is_known = false;
        }
        names.push(name);
        let of_input = |text| Part { text, origin: Origin::Input };
        if is_greedy(part) {
            path.extend(text.split('/').map(of_input));
        } else {
            path.push(of_input(text));
        }
    }
    if names.is_empty() || !is_known {
        return;
    }
    let mut others = operation.service().operations();
    let other = others.find(|other| {
        other.http_method() == operation.http_method()
            && other.http_uri() != operation.http_uri()
            && has_no_more_query(*other, operation)
            && fits(&parts(*other), &path, Origin::Model)
    });
    if let Some(other) = other {
        let what = format!("would make the path that of {}", other.name());
        problems.push(Finding { path: names.join(", "), what });
    }
}

/// What stands before the host can stand there.
fn check_host(operation: Operation<'_>, input: &Map<String, Value>, problems: &mut Vec<Finding>) {
    let labels = operation.host_prefix().unwrap_or_default().split('{').skip(1);
    for name in labels.filter_map(|rest| rest.split('}').next()) {
        let fits = |text: &str| {
            let is_of = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&text.len()) && text.bytes().all(is_of)
        };
        if input.get(name).and_then(Value::as_str).is_some_and(|text| !fits(text)) {
            problems.push(Finding { path: name.to_owned(), what: LABEL.to_owned() });
        }
    }
}

/// A member's name in the address.
fn on_wire(member: Member<'_>) -> &str {
    member.location_name().unwrap_or(member.name())
}

/// Whether a path is one of these parts, with a text of the input where the parts have one of their own.
fn fits(parts: &[&str], path: &[Part<'_>], same: Origin) -> bool {
    let (Some((part, parts)), Some((text, rest))) = (parts.split_first(), path.split_first())
    else {
        return parts.is_empty() && path.is_empty() && same == Origin::Input;
    };
    match label(part) {
        Some(_) if is_greedy(part) => {
            (1..=path.len()).any(|count| fits(parts, path.get(count..).unwrap_or_default(), same))
        }
        Some(_) => fits(parts, rest, same),
        None if *part != text.text => false,
        None if text.origin == Origin::Input => fits(parts, rest, Origin::Input),
        None => fits(parts, rest, same),
    }
}

fn parts(operation: Operation<'_>) -> Vec<&str> {
    operation.http_uri().split('?').next().unwrap_or_default().split('/').collect()
}

/// `name` of `{name}` and `{name+}`.
fn label(part: &str) -> Option<&str> {
    let name = part.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').unwrap_or(name))
}

fn is_greedy(part: &str) -> bool {
    part.ends_with("+}")
}

/// Whether all that stands in the query of one operation stands in that of the other.
fn has_no_more_query(one: Operation<'_>, other: Operation<'_>) -> bool {
    fixed(one).all(|pair| fixed(other).any(|other| other == pair))
}

/// What stands in every query of an operation.
fn fixed(operation: Operation<'_>) -> impl Iterator<Item = &str> {
    let (_, query) = operation.http_uri().split_once('?').unwrap_or_default();
    query.split('&').filter(|pair| !pair.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::super::tests::stub::{Stub, config, run};
    use super::super::{CallError, Client};
    use super::*;

    fn check(service: &str, operation: &str, input: Value, expected: Option<&str>) {
        let stub = Stub::answers(200, "{}");
        let client = Client::new(&config().http_client(stub.clone()).build());
        let called = run(client.call(service, operation, &input));
        let problem = match &called {
            Err(CallError::Invalid(invalid)) => Some(invalid.to_string()),
            Ok(_) | Err(_) => None,
        };
        assert_eq!(problem.as_deref(), expected, "{service}:{operation} {input}");
        assert_eq!(stub.sent().len(), usize::from(expected.is_none()), "{input}");
    }

    #[test]
    fn dots_lead_to_no_other_path() {
        let stage = |name: &str| json!({"restApiId": "abc", "stageName": name});
        let dot = format!("stageName: {DOT}");
        for name in ["..", ".", "../x", "a/..", "a/../b"] {
            check("apigateway", "DeleteStage", stage(name), Some(&dot));
        }
        // A slash is escaped in a label that is one part of the path.
        for name in ["...", "a..b", "..a", ".a", "a/./b"] {
            check("apigateway", "DeleteStage", stage(name), None);
        }
        let arn = json!({"InsightArn": "../actionTargets/arn:aws:securityhub:x"});
        check("securityhub", "DeleteInsight", arn, Some(&format!("InsightArn: {DOTS}")));
        let bucket = json!({"Bucket": "..", "Key": "k"});
        check("s3", "DeleteObject", bucket, Some(&format!("Bucket: {DOT}")));
    }

    #[test]
    fn an_escaped_slash_is_no_end_of_a_part() {
        let client = Client::new(&config().build());
        let publish = json!({"topic": "a/./b", "payload": "aGk="});
        let prepared = client.prepare("iot-data", "Publish", &publish).unwrap();
        let (_, path) = prepared.url.split_once(".amazonaws.com").unwrap();
        assert_eq!(path, "/topics/a%2F.%2Fb");
    }

    #[test]
    fn problems_of_the_address_come_with_the_others() {
        let wrong = |service: &str, operation: &str, input: Value, expected: &[&str]| {
            check(service, operation, input, Some(&expected.join("\n")));
        };
        wrong(
            "s3control",
            "ListJobs",
            json!({"AccountId": "12_34", "MaxResults": "x"}),
            &["MaxResults: expected an integer, got a string", &format!("AccountId: {LABEL}")],
        );
        wrong(
            "servicediscovery",
            "DiscoverInstances",
            json!({"NamespaceName": 1}),
            &["ServiceName: is required, and missing: expected a string"],
        );
        wrong(
            "apigateway",
            "DeleteStage",
            json!({"restApiId": ".", "stageName": "..", "Stage": 1}),
            &[
                "Stage: there is no such member; there are restApiId, stageName",
                &format!("restApiId: {DOT}"),
                &format!("stageName: {DOT}"),
            ],
        );
        // Where a part of the path is not known, nor is the path.
        wrong(
            "quicksight",
            "UpdateKnowledgeBase",
            json!({"KnowledgeBaseId": "batch-delete", "Name": "a"}),
            &["AwsAccountId: is required, and missing: expected a string"],
        );
    }

    #[test]
    fn keys_of_s3_have_dots() {
        for key in ["..", "a/../b", "./a", "WriteGetObjectResponse"] {
            check("s3", "DeleteObject", json!({"Bucket": "bbb", "Key": key}), None);
        }
    }

    #[test]
    fn what_tells_a_request_from_others_is_there() {
        let upload = |id: &str| json!({"Bucket": "bbb", "Key": "k", "UploadId": id});
        let empty = |name: &str| format!("{name}: {EMPTY}");
        check("s3", "AbortMultipartUpload", upload(""), Some(&empty("UploadId")));
        check("s3", "AbortMultipartUpload", upload(" "), Some(&empty("UploadId")));
        check("s3", "AbortMultipartUpload", upload("u"), None);
        let copy = json!({"Bucket": "bbb", "Key": "k", "CopySource": ""});
        check("s3", "CopyObject", copy, Some(&empty("CopySource")));
        check("s3", "ListObjectsV2", json!({"Bucket": "bbb", "Prefix": ""}), None);
    }

    #[test]
    fn free_names_in_a_query_take_the_place_of_no_other() {
        let import =
            |name: &str| json!({"body": "e30=", "parameters": {"basepath": "x", name: "x"}});
        let own = |name: &str| format!("parameters.{name}: has a meaning of its own in the query");
        check("apigateway", "ImportRestApi", import("mode"), Some(&own("mode")));
        check(
            "apigateway",
            "ImportRestApi",
            import("failonwarnings"),
            Some(&own("failonwarnings")),
        );
        check("apigateway", "ImportRestApi", import("endpointConfigurationTypes"), None);
    }

    #[test]
    fn no_text_is_the_place_of_another_operation() {
        let base =
            |id: &str| json!({"AwsAccountId": "123456789012", "KnowledgeBaseId": id, "Name": "a"});
        let batch =
            "AwsAccountId, KnowledgeBaseId: would make the path that of BatchDeleteKnowledgeBase";
        check("quicksight", "UpdateKnowledgeBase", base("batch-delete"), Some(batch));
        check("quicksight", "UpdateKnowledgeBase", base("batch-deleted"), None);
        let store = |arn: &str| json!({ "trustStoreArn": arn });
        let arn = "arn:aws:workspaces-web:eu-west-1:123456789012:trustStore/a";
        let other = "trustStoreArn: would make the path that of GetTrustStoreCertificate";
        check("workspaces-web", "GetTrustStore", store(arn), None);
        let certificate = store(&format!("{arn}/certificate"));
        check("workspaces-web", "GetTrustStore", certificate, Some(other));
        check(
            "wickr",
            "GetUser",
            json!({"networkId": "12345678", "userId": "count"}),
            Some("networkId, userId: would make the path that of GetUsersCount"),
        );
    }
}
