//! The same services from Smithy models and from botocore's: what both have is the same, but for the
//! differences that are named here.
//!
//! The Smithy models are AWS's, of 2025-04-02, and older than botocore's: of what is in one alone,
//! nothing is said. They are no part of this repository; by hand:
//! `AWS_MCP_TEST_SMITHY=folder cargo test --features pack --test smithy -- --ignored`, with a checkout
//! of aws/api-models-aws, or eight services of it, in the folder.
#![cfg(feature = "pack")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod views;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aws_dynamic::catalog::{Models, write_models};
use aws_dynamic::import::smithy::{self, Unknown};
use aws_dynamic::model::Service;
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

/// Differences by service and kind: how many, and why. `*` is any service.
const DIFFERENCES: &[(&str, &str, usize, &str)] = &[];

#[test]
#[ignore = "needs AWS's Smithy models: see the head of this file"]
fn both_models_of_a_service_say_the_same() {
    let folder = std::env::var_os("AWS_MCP_TEST_SMITHY").map(PathBuf::from);
    let folder = folder.expect("AWS_MCP_TEST_SMITHY must name a folder of aws/api-models-aws");
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut same = 0;
    for (name, path) in SERVICES {
        let path = folder.join(path);
        let model = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let imported = smithy::service(name, &model, Unknown::Stops).unwrap();
        assert_eq!(imported.notes, [""; 0]);
        assert!(imported.endpoint_rules.is_some_and(|rules| rules.get("rules").is_some()));
        let packed = write_models::encode("", vec![imported.service]).unwrap();
        let models = Models::open(Cow::Owned(packed)).unwrap();
        let ours = models.service(name).unwrap().unwrap();
        let theirs = Models::get().unwrap().service(name).unwrap().unwrap();
        same += compare(ours, theirs, &mut |kind, example| {
            found.entry((name.to_owned(), kind)).or_default().push(example);
        });
    }
    let mut wrong = Vec::new();
    for ((service, kind), examples) in &found {
        let is = |(of, about, count, _): &&(&str, &str, usize, &str)| {
            of == service && about == kind && *count == examples.len()
        };
        if DIFFERENCES.iter().find(is).is_none() {
            let some: Vec<&str> = examples.iter().take(3).map(String::as_str).collect();
            wrong.push(format!(
                "{service}, {kind}: {}\n    {}",
                examples.len(),
                some.join("\n    ")
            ));
        }
    }
    for (service, kind, _, _) in DIFFERENCES {
        if !found.contains_key(&((*service).to_owned(), (*kind).to_owned())) {
            wrong.push(format!("{service}, {kind}: there is no such difference any more"));
        }
    }
    assert!(wrong.is_empty(), "{same} facts are the same, but:\n{}", wrong.join("\n"));
    assert!(same > 0);
}

/// Compares what both have; the number of facts that are the same.
fn compare(ours: &Service, theirs: &Service, differ: &mut impl FnMut(String, String)) -> usize {
    let mut same = tree("service", "", &service_of(ours), &service_of(theirs), differ);
    for operation in ours.operations() {
        if let Some(other) = theirs.operation(operation.name()) {
            let (one, other) = (operation_of(operation), operation_of(other));
            same += tree("operation", operation.name(), &one, &other, differ);
        } else {
            differ("operation is missing".to_owned(), operation.name().to_owned());
        }
    }
    for shape in ours.shapes() {
        if let Some(other) = theirs.shape(shape.name()) {
            same += tree("shape", shape.name(), &shape_of(shape), &shape_of(other), differ);
        } else {
            differ("shape is missing".to_owned(), shape.name().to_owned());
        }
    }
    for waiter in ours.waiters() {
        if let Some(other) = theirs.waiter(waiter.name()) {
            same += tree("waiter", waiter.name(), &waiter_of(waiter), &waiter_of(other), differ);
        } else {
            differ("waiter is missing".to_owned(), waiter.name().to_owned());
        }
    }
    same
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
