//! Answers and tokens in the hands of paginators and waiters, whose expressions are the models'.
#![no_main]

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use aws_dynamic::catalog::Models;
use aws_dynamic::model::{Operation, Waiter};
use aws_dynamic::paginate::Pages;
use aws_dynamic::waiter::{Outcome, Waiting};
use aws_dynamic_fuzz::bytes::Bytes;
use aws_dynamic_fuzz::{operation, value};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const PAGINATED: &[&str] = &[
    "s3:ListObjectsV2",
    "s3:ListObjects",
    "s3:ListObjectVersions",
    "ec2:DescribeInstances",
    "dynamodb:Scan",
    "dynamodb:BatchGetItem",
    "iam:ListUsers",
    "iam:GetAccountAuthorizationDetails",
    "route53:ListResourceRecordSets",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
    "cloudwatch:GetMetricData",
    "cloudfront:ListDistributions",
    "kinesis:DescribeStream",
    "rds:DownloadDBLogFilePortion",
    "lambda:ListFunctions",
];

/// All of these services.
static WAITERS: LazyLock<Vec<Waiter<'static>>> = LazyLock::new(|| {
    let services = ["ec2", "ecs", "rds", "autoscaling", "cloudformation", "s3", "elb", "dynamodb"];
    let service = |name: &str| Models::get().unwrap().service(name).expect(name).unwrap();
    services.into_iter().flat_map(|name| service(name).waiters()).collect()
});

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    match bytes.byte() {
        b'w' => wait(&mut bytes),
        b't' => {
            let operation = operation(bytes.choice::<&str>(PAGINATED));
            let token = bytes.text();
            if let Ok(pages) = Pages::resumed(operation, Value::Null, &token) {
                walk(operation, pages, &mut bytes);
            }
        }
        _ => {
            let operation = operation(bytes.choice::<&str>(PAGINATED));
            if let Ok(pages) = Pages::new(operation, answer(operation.input(), &mut bytes)) {
                walk(operation, pages, &mut bytes);
            }
        }
    }
});

fn walk(operation: Operation<'_>, mut pages: Pages, bytes: &mut Bytes<'_>) {
    if let Some(most) = NonZeroUsize::new(usize::from(bytes.byte() % 8)) {
        pages = pages.at_most(most);
    }
    let mut merged = pages.merged();
    while pages.next_input().is_some() && !bytes.is_empty() {
        match pages.take(answer(operation.output(), bytes)) {
            Ok(page) => merged.add(page),
            Err(failed) => assert!(!failed.to_string().is_empty()),
        }
        // What may be gone on from must be understood by who goes on.
        if let Some(token) = pages.resume() {
            let resumed = Pages::resumed(operation, Value::Null, &token);
            assert!(resumed.is_ok(), "{token}");
        }
    }
    let _ = merged.value();
}

fn wait(bytes: &mut Bytes<'_>) {
    let waiter = WAITERS[bytes.word() % WAITERS.len()];
    let mut waiting = Waiting::new(waiter).unwrap();
    while !bytes.is_empty() {
        let status = 199 + u16::from(bytes.byte()) * 2;
        let step = match bytes.byte() {
            b'e' => waiting.step(Outcome::Error { status, code: &bytes.text() }),
            _ => {
                let output = answer(waiter.operation().output(), bytes);
                waiting.step(Outcome::Answer { status, output: &output })
            }
        };
        let _ = format!("{step:?}");
    }
}

/// A value that comes near a shape, or any JSON.
fn answer(shape: Option<aws_dynamic::model::Shape<'_>>, bytes: &mut Bytes<'_>) -> Value {
    match (shape, bytes.byte()) {
        (None, _) | (_, b'j') => serde_json::from_str(&bytes.text()).unwrap_or_default(),
        (Some(shape), _) => value::of_shape(shape, bytes),
    }
}
