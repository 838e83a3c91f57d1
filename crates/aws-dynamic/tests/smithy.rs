//! The same services from Smithy models and from botocore's: what both have is the same, but for the
//! differences that are named here.
//!
//! The Smithy models are AWS's, of 2025-04-02, and older than botocore's: of what is in one alone,
//! nothing is said. They are no part of this repository: see `aws_models`.
#![cfg(feature = "pack")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod aws_models;
mod views;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use aws_dynamic::catalog::{Models, Packing, write_models};
use aws_dynamic::import::smithy::{self, Unknown};
use aws_dynamic::model::terms::Kind;
use aws_dynamic::model::{Operation, Service, Shape};
use serde_json::Value;
use views::{operation_of, service_of, shape_of, waiter_of};

/// Name in the catalog, path of the model.
const SERVICES: [(&str, &str); 8] = [
    ("cloudwatch", "cloudwatch/service/2010-08-01/cloudwatch-2010-08-01.json"),
    ("dynamodb", "dynamodb/service/2012-08-10/dynamodb-2012-08-10.json"),
    ("glacier", "glacier/service/2012-06-01/glacier-2012-06-01.json"),
    ("lambda", "lambda/service/2015-03-31/lambda-2015-03-31.json"),
    ("s3", "s3/service/2006-03-01/s3-2006-03-01.json"),
    ("secretsmanager", "secrets-manager/service/2017-10-17/secrets-manager-2017-10-17.json"),
    ("sqs", "sqs/service/2012-11-05/sqs-2012-11-05.json"),
    ("sts", "sts/service/2011-06-15/sts-2011-06-15.json"),
];

const NEWER: &str = "botocore's model is a year and a half newer";
const PAGES: &str = "botocore's paginators are written apart, by hand";
const PROTOCOLS: &str = "newer: CloudWatch spoke queries only";

/// What differs, by kind: how many in all eight services, and why.
const DIFFERENCES: &[(&str, usize, &str)] = &[
    ("member is missing", 3, NEWER),
    (
        "member.box",
        28,
        "botocore marks texts and times too, where it says nothing; Smithy marks where a default ends",
    ),
    ("member.deprecated", 4, NEWER),
    (
        "member.flattened",
        36,
        "of SQS, whose JSON goes by no names of XML: botocore keeps the old protocol's",
    ),
    (
        "member.locationName",
        13,
        "of S3's answers: the root of an XML body, which readers take as it comes",
    ),
    (
        "member.shape",
        62,
        "newer: Lambda has a shape for each kind of name. botocore: Body for S3's streams, texts for Glacier's limits",
    ),
    (
        "member.xmlNamespace",
        15,
        "of S3's answers: the root of an XML body, which readers take as it comes",
    ),
    (
        "operation.errors",
        98,
        "newer, and InvalidEndpointException of DynamoDB, NotFound of S3, which botocore leaves out",
    ),
    (
        "operation.http.requestUri",
        18,
        "S3: x-id tells operations apart in a log; botocore takes it away",
    ),
    ("operation.http.responseCode", 1, NEWER),
    ("operation.httpChecksum.requestAlgorithmMember", 1, NEWER),
    ("operation.httpChecksum.requestChecksumRequired", 4, "false in botocore, unsaid in Smithy"),
    ("operation.httpChecksum.responseAlgorithms", 1, NEWER),
    ("operation.idempotent", 9, NEWER),
    ("operation.operationContextParams", 1, NEWER),
    ("operation.output", 1, NEWER),
    ("operation.paginator", 13, PAGES),
    ("operation.paginator.more_results", 2, PAGES),
    ("operation.paginator.non_aggregate_keys", 5, PAGES),
    ("operation.paginator.result_key", 7, PAGES),
    ("operation.readonly", 29, NEWER),
    ("operation.staticContextParams", 1, NEWER),
    (
        "order of members",
        18,
        "newer in Lambda's and Glacier's JSON, where it does not count; an attribute and an element of S3's Grantee",
    ),
    ("service.metadata.auth", 1, NEWER),
    ("service.metadata.awsQueryCompatible", 1, PROTOCOLS),
    ("service.metadata.globalEndpoint", 2, "in Smithy by the endpoint rules alone"),
    ("service.metadata.jsonVersion", 1, PROTOCOLS),
    ("service.metadata.protocols", 1, PROTOCOLS),
    ("service.metadata.serviceAbbreviation", 5, "a name for people, which Smithy has not"),
    ("service.metadata.targetPrefix", 1, PROTOCOLS),
    ("service.metadata.xmlNamespace", 3, "botocore lacks S3's, and those of services without XML"),
    (
        "shape is missing",
        4,
        "in botocore: the two errors above, and the names Body and string for S3's stream and Glacier's limit",
    ),
    ("shape.box", 72, "Smithy: whatever has no default may be absent. botocore says it of few"),
    ("shape.enum", 19, NEWER),
    (
        "shape.error",
        71,
        "Smithy says of every error whose fault it is; botocore has neither that nor SQS's old codes for JSON",
    ),
    ("shape.error.senderFault", 19, "Smithy says of every error whose fault it is"),
    ("shape.fault", 1, "Smithy says of every error whose fault it is"),
    ("shape.locationName", 4, "S3: the same names stand at the members"),
    ("shape.max", 27, NEWER),
    ("shape.min", 3, NEWER),
    ("shape.pattern", 29, "newer; a pattern of CloudWatch's is of a prefix in Smithy"),
    ("shape.required", 2, NEWER),
    ("shape.retryable", 1, NEWER),
    ("shape.type", 2, "botocore: numbers for the markers of S3's ListParts"),
    ("shape.xmlOrder", 8, "of CloudWatch's answers: Smithy has the order of the members"),
    (
        "waiter.acceptors",
        6,
        "botocore looks at the status, Smithy at success or the error's name; S3's 301 and 403 are botocore's own",
    ),
    ("waiter.maxAttempts", 12, "Smithy has no number; it is made of the time between two calls"),
];

#[test]
fn both_models_of_a_service_say_the_same() {
    let Some(folder) = aws_models::folder() else { return };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut same = 0;
    for (name, path) in SERVICES {
        let path = folder.join(path);
        let model = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let imported = smithy::service(name, &model, Unknown::Stops).unwrap();
        assert_eq!(imported.notes, [""; 0]);
        assert!(imported.endpoint_rules.is_some_and(|rules| rules.get("rules").is_some()));
        let packed = write_models::encode("", vec![imported.service], Packing::Fast).unwrap();
        let models = Models::open(Cow::Owned(packed)).unwrap();
        let ours = models.service(name).unwrap().unwrap();
        let theirs = Models::get().unwrap().service(name).unwrap().unwrap();
        same += compare(ours, theirs, &mut |kind, example| {
            found.entry(kind).or_default().push(format!("{name}, {example}"));
        });
    }
    let mut wrong = Vec::new();
    for (kind, examples) in &found {
        let is = |(of, count, _): &&(&str, usize, &str)| of == kind && *count == examples.len();
        if DIFFERENCES.iter().find(is).is_none() {
            let some: Vec<&str> = examples.iter().take(5).map(String::as_str).collect();
            wrong.push(format!("{kind}: {}\n    {}", examples.len(), some.join("\n    ")));
        }
    }
    for (kind, _, _) in DIFFERENCES {
        if !found.contains_key(*kind) {
            wrong.push(format!("{kind}: there is no such difference any more"));
        }
    }
    assert!(wrong.is_empty(), "{same} facts are the same, but:\n{}", wrong.join("\n"));
    assert_eq!(same, 22_831);
}

/// Compares what both have; the number of facts that are the same.
fn compare(ours: &Service, theirs: &Service, differ: &mut impl FnMut(String, String)) -> usize {
    let mut same = tree("service", "", &service(ours), &service(theirs), differ);
    for one in ours.operations() {
        if let Some(other) = theirs.operation(one.name()) {
            same += tree("operation", one.name(), &operation(one), &operation(other), differ);
        } else {
            differ("operation is missing".to_owned(), one.name().to_owned());
        }
    }
    for one in ours.shapes() {
        if let Some(other) = theirs.shape(one.name()) {
            same += tree("shape", one.name(), &shape(one), &shape(other), differ);
        } else {
            differ("shape is missing".to_owned(), one.name().to_owned());
        }
    }
    for one in ours.waiters() {
        if let Some(other) = theirs.waiter(one.name()) {
            same += tree("waiter", one.name(), &waiter_of(one), &waiter_of(other), differ);
        } else {
            differ("waiter is missing".to_owned(), one.name().to_owned());
        }
    }
    same
}

// ---- the views, with one spelling of what can be said in several ways

fn service(service: &Service) -> Value {
    let mut value = service_of(service);
    // Said or not, it is the endpoint prefix unless it is another.
    value["metadata"]["signingName"] = service.signing_name().into();
    value
}

fn operation(operation: Operation<'_>) -> Value {
    let mut value = operation_of(operation);
    // Errors are a set.
    value["errors"].as_array_mut().unwrap().sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    // 200 is the default.
    value["http"]["responseCode"] = operation.http_status().unwrap_or(200).into();
    value
}

fn shape(shape: Shape<'_>) -> Value {
    let mut value = shape_of(shape);
    let fields = value.as_object_mut().unwrap();
    // Smithy searches for a pattern, and anchors those that are the whole text.
    if let Some(pattern) = shape.pattern() {
        let bare = pattern.strip_prefix('^').and_then(|pattern| pattern.strip_suffix('$'));
        fields.insert("pattern".to_owned(), bare.unwrap_or(pattern).into());
    }
    // No length is less than zero.
    if shape.kind() != Kind::Integer && shape.min().is_some_and(|min| min.as_u64() == Some(0)) {
        fields.shift_remove("min");
    }
    // Lists and streams are marked themselves, or where they are used.
    fields.shift_remove("flattened");
    fields.shift_remove("streaming");
    for pair in fields["members"].as_array_mut().unwrap() {
        let member = shape.member(pair[0].as_str().unwrap()).unwrap();
        let target = member.shape();
        pair[1]["flattened"] = (member.is_flattened() || target.is_flattened()).into();
        pair[1]["streaming"] = (member.is_streaming() || target.is_streaming()).into();
    }
    value
}

/// Compares two values, field by field; of lists of named things, what both have, then their order.
fn tree(
    kind: &str,
    place: &str,
    ours: &Value,
    theirs: &Value,
    differ: &mut impl FnMut(String, String),
) -> usize {
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let field = |key: &&String| {
                let (one, other) = (one.get(*key), other.get(*key));
                let (one, other) = (one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null));
                tree(&format!("{kind}.{key}"), place, one, other, differ)
            };
            keys.iter().map(field).sum()
        }
        (Value::Array(_), Value::Array(_)) if kind == "shape.members" => {
            let named = |list: &Value| -> Vec<(String, Value)> {
                let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].clone());
                list.as_array().unwrap().iter().map(pair).collect()
            };
            let (one, other) = (named(ours), named(theirs));
            let of: BTreeMap<&String, &Value> = other.iter().map(|(name, v)| (name, v)).collect();
            let mut same = 0;
            for (name, member) in &one {
                let place = format!("{place}${name}");
                match of.get(name) {
                    Some(other) => same += tree("member", &place, member, other, differ),
                    None => differ("member is missing".to_owned(), place),
                }
            }
            let ours: Vec<&String> = one.iter().map(|(name, _)| name).collect();
            let both = |name: &&String| ours.contains(name) && of.contains_key(name);
            let (mut one, mut two): (Vec<_>, Vec<_>) =
                (ours.clone(), other.iter().map(|(name, _)| name).collect());
            one.retain(both);
            two.retain(both);
            if one != two {
                differ("order of members".to_owned(), place.to_owned());
            }
            same
        }
        (one, other) if one == other => 1,
        (one, other) => {
            differ(kind.to_owned(), format!("{place}: {one}, botocore: {other}"));
            0
        }
    }
}
