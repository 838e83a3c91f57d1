//! Newer models from AWS's own sources. From the botocore that this catalog is packed from, nothing
//! is new; from Smithy models, requests are the same.
//!
//! The first needs botocore's archive in the folder `AWS_MCP_TEST_SOURCES`, the second AWS's Smithy
//! models: see `aws_models`.
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

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_dynamic::catalog::newer::{About, Newer, Source, build, differences};
use aws_dynamic::catalog::{Index, Models, Packing, write_models};
use aws_dynamic::endpoint::Rules;
use aws_dynamic::import::smithy::{self, Unknown};
use aws_dynamic::model::terms::Kind;
use aws_dynamic::model::{Operation, Shape};
use aws_dynamic::protocol::Exchange;
use serde_json::{Map, Value, json};

const ABOUT: About<'_> = About { source: "test", reference: None, date: "2026-11-21" };

fn from(path: PathBuf) -> Newer {
    build(Source::at(&path).unwrap(), &ABOUT).unwrap()
}

#[test]
fn from_the_same_botocore_nothing_is_new() {
    let folder = std::env::var_os("AWS_MCP_TEST_SOURCES").map(PathBuf::from);
    let folder =
        folder.expect("AWS_MCP_TEST_SOURCES must name a folder with botocore-1.44.5.tar.gz");
    let newer = from(folder.join("botocore-1.44.5.tar.gz"));
    let index = Index::embedded().unwrap();
    let found = differences(index, &newer);
    assert_eq!(found.to_string(), "no new services or operations, no other effects\n");
    assert_eq!(newer.manifest().read, index.services().len());
    for (one, other) in index.services().iter().zip(newer.index().services()) {
        assert_eq!((one.name(), one.is_global()), (other.name(), other.is_global()));
        assert!(one.aliases().eq(other.aliases()));
        for (one, other) in one.operations().iter().zip(other.operations()) {
            assert_eq!(one.name(), other.name());
            assert_eq!((one.weakest(), one.effect()), (other.weakest(), other.effect()));
            assert_eq!((one.changes(), one.retry()), (other.changes(), other.retry()));
            assert!(one.actions().eq(other.actions()) && one.sensitive().eq(other.sensitive()));
        }
    }
    // Every fact, by the views.
    let (embedded, models) = (Models::embedded().unwrap(), newer.models());
    assert!(embedded.names().eq(models.names()));
    for name in embedded.names() {
        let [one, other] = [embedded, models].map(|m| m.service(name).unwrap().unwrap());
        assert_eq!(views::service_of(one), views::service_of(other), "{name}");
        for (one, other) in one.operations().zip(other.operations()) {
            assert_eq!(views::operation_of(one), views::operation_of(other), "{name}");
        }
        for (one, other) in one.shapes().zip(other.shapes()) {
            assert_eq!(views::shape_of(one), views::shape_of(other), "{name}");
        }
        for (one, other) in one.waiters().zip(other.waiters()) {
            assert_eq!(views::waiter_of(one), views::waiter_of(other), "{name}");
        }
    }
    let (rules, merged) = (Rules::embedded().unwrap(), newer.rules().unwrap());
    assert!(rules.services().eq(merged.services()));
    for name in rules.services() {
        assert_eq!(rules.of(name).unwrap(), merged.of(name).unwrap(), "{name}");
    }
    assert_eq!(format!("{:?}", rules.partitions()), format!("{:?}", merged.partitions()));
    // What the embedded catalog has not: words. Nearly all operations have some.
    let texts = newer.documentation().unwrap();
    let operations = || {
        index
            .services()
            .iter()
            .flat_map(|s| s.operations().iter().map(move |o| (s.name(), o.name())))
    };
    let told = operations().filter(|(service, name)| texts.operation(service, name).is_some());
    assert!(told.count() > 19_000);
    let text = texts.operation("ec2", "StartInstances").unwrap();
    assert!(!text.contains(['<', '\n', '\t']) && text.len() <= 1_203, "{text}");
    assert!(texts.title("s3", "ListBuckets").is_some_and(|title| title.len() <= 160));
    assert!(texts.member("ec2", "StartInstancesRequest", "InstanceIds").is_some());
}

const NEWER: &str = "botocore's model is a year and a half newer";
/// Services whose requests are not those of the embedded model, and why.
const DIFFERENCES: &[(&str, &str, usize, &str)] = &[
    ("glacier", "input", 4, "limits are texts in botocore and numbers in Smithy"),
    ("lambda", "uri", 2, "the order of a query, which does not count"),
    ("s3", "input", 2, "markers of parts are numbers in botocore and texts in Smithy"),
    ("s3", "uri", 35, "x-id tells operations apart in a log; botocore takes it away"),
];

#[test]
fn requests_of_both_models_are_the_same() {
    let Some(folder) = aws_models::folder() else { return };
    let mut found: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let (mut same, mut operations) = (0, 0);
    for (name, path) in [
        ("dynamodb", "dynamodb/service/2012-08-10/dynamodb-2012-08-10.json"),
        ("glacier", "glacier/service/2012-06-01/glacier-2012-06-01.json"),
        ("lambda", "lambda/service/2015-03-31/lambda-2015-03-31.json"),
        ("s3", "s3/service/2006-03-01/s3-2006-03-01.json"),
        ("secretsmanager", "secrets-manager/service/2017-10-17/secrets-manager-2017-10-17.json"),
        ("sqs", "sqs/service/2012-11-05/sqs-2012-11-05.json"),
        ("sts", "sts/service/2011-06-15/sts-2011-06-15.json"),
    ] {
        let model = std::fs::read(folder.join(path)).unwrap();
        let imported = smithy::service(name, &model, Unknown::Stops).unwrap();
        let packed = write_models::encode("", vec![imported.service], Packing::Fast).unwrap();
        let models = Models::open(packed.into()).unwrap();
        // What is kept of a service lives as long as the program.
        let models: &'static Models = Box::leak(Box::new(models));
        let ours = models.service(name).unwrap().unwrap();
        let theirs = Models::embedded().unwrap().service(name).unwrap().unwrap();
        for one in ours.operations() {
            operations += 1;
            let Some(other) = theirs.operation(one.name()) else {
                let key = (name.to_owned(), "operation");
                found.entry(key).or_default().push(one.name().to_owned());
                continue;
            };
            for is_full in [false, true] {
                let input = one.input().map_or(Value::Null, |s| value(s, is_full, &mut Vec::new()));
                let (one, other) = (request(one, &input), request(other, &input));
                let (Ok(one), Ok(other)) = (&one, &other) else {
                    let why = format!("{one:?}\n      {other:?}");
                    found.entry((name.to_owned(), "input")).or_default().push(why);
                    continue;
                };
                for (what, (one, other)) in
                    ["method", "uri", "headers", "body"].iter().zip(one.iter().zip(other))
                {
                    if one == other {
                        same += 1;
                    } else {
                        let key = (name.to_owned(), *what);
                        found.entry(key).or_default().push(format!("{one}\n      {other}"));
                    }
                }
            }
        }
    }
    let mut wrong = Vec::new();
    for ((service, what), examples) in &found {
        let is = |(s, w, count, _): &&(&str, &str, usize, &str)| {
            s == service && w == what && *count == examples.len()
        };
        if DIFFERENCES.iter().find(is).is_none() {
            let some: Vec<&str> = examples.iter().take(4).map(String::as_str).collect();
            wrong.push(format!("{service} {what} {}\n    {}", examples.len(), some.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{operations} {same} the same, but\n{}", wrong.join("\n"));
    assert_eq!(found.len(), DIFFERENCES.len());
    assert!(operations > 280, "{operations}");

    // Merged, nothing of these older models takes anything away.
    let newer = from(folder);
    let found = differences(Index::embedded().unwrap(), &newer);
    assert!(found.unusable.is_empty() && found.new_services.is_empty(), "{found}");
    let left_out: Vec<&str> = found.left_out.iter().map(|one| one.service.as_str()).collect();
    // It spoke queries only, and speaks JSON since.
    assert_eq!(left_out, ["cloudwatch"], "{found} {NEWER}");
    assert!(found.changed_effects.is_empty() && found.new_operations.is_empty(), "{found}");
    let s3 = newer.models().service("s3").unwrap().unwrap();
    for operation in s3.operations() {
        let known = Models::embedded().unwrap().service("s3").unwrap().unwrap();
        let known = known.operation(operation.name()).unwrap();
        let input = known.input().map_or(Value::Null, |s| value(s, true, &mut Vec::new()));
        assert_eq!(request(operation, &input), request(known, &input), "{}", operation.name());
    }
    assert!(newer.documentation().unwrap().title("s3", "ListBuckets").is_some());
}

/// Method, URI, headers and body; or why there is none.
fn request(operation: Operation<'_>, input: &Value) -> Result<[String; 4], String> {
    let made = Exchange::of(operation).map_err(|error| error.to_string()).and_then(|exchange| {
        let token = || "token".to_owned();
        exchange.request(input, Some(&token)).map_err(|error| error.to_string())
    });
    match made {
        Err(error) => Err(error),
        Ok(request) => {
            let mut headers: Vec<String> = request
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}").to_lowercase())
                .collect();
            headers.sort();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            // Of JSON the order is nothing.
            let body =
                serde_json::from_str::<Value>(&body).map_or(body, |json| sorted(json).to_string());
            let uri = request.uri.clone();
            Ok([request.method.clone(), uri, headers.join("; "), body])
        }
    }
}

fn sorted(json: Value) -> Value {
    match json {
        Value::Object(fields) => {
            let sorted: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, self::sorted(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// A value of a shape, with what is required or with all; `open` are the shapes around it.
fn value(shape: Shape<'_>, is_full: bool, open: &mut Vec<usize>) -> Value {
    let within = open.contains(&shape.row()) || open.len() > 6;
    open.push(shape.row());
    let made = match shape.kind() {
        Kind::Structure => {
            let wanted = shape.members().filter(|m| m.is_required() || (is_full && !within));
            let fields: Vec<_> = wanted.collect();
            Value::Object(
                fields
                    .into_iter()
                    .map(|member| {
                        let value = match open.len() > 20 {
                            true => Value::Null,
                            false => value(member.shape(), is_full, open),
                        };
                        (member.name().to_owned(), value)
                    })
                    .collect::<Map<_, _>>(),
            )
        }
        Kind::Union => match shape.members().next().filter(|_| open.len() < 20) {
            Some(member) => json!({ member.name(): value(member.shape(), is_full, open) }),
            None => json!({}),
        },
        Kind::List => match shape.element().filter(|_| !within && open.len() < 20) {
            Some(of) => json!([value(of.shape(), is_full, open)]),
            None => json!([]),
        },
        Kind::Map => match shape.value().filter(|_| !within && open.len() < 20) {
            Some(of) => json!({"key": value(of.shape(), is_full, open)}),
            None => json!({}),
        },
        Kind::Document => json!({"any": [1, null]}),
        Kind::String | Kind::Character => {
            shape.enum_values().next().map_or_else(|| json!("text"), Value::from)
        }
        Kind::Boolean => json!(true),
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => json!(7),
        Kind::Float | Kind::Double | Kind::BigDecimal => json!(1.5),
        Kind::Timestamp => json!("2026-01-31T12:00:00Z"),
        Kind::Blob => json!("AAECgA=="),
    };
    open.pop();
    made
}
