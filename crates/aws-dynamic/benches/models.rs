//! What the catalog costs at first use: `cargo bench -p aws-dynamic --bench models`. Prints the least
//! and the median of many runs; asserts nothing, for that the machine would have to be known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::model::{Operation, Shape};

const INDEX: &[u8] = include_bytes!("../data/index.bin");
const MODELS: &[u8] = include_bytes!("../data/models.bin");

fn main() {
    measure("index, decoded", || (), |()| Index::decode(INDEX).unwrap());
    measure("models, head read", || (), |()| open());
    for name in ["sts", "s3", "ec2"] {
        measure(&format!("{name}, first use"), open, |models| {
            black_box(models.service(name).unwrap().unwrap());
            models
        });
    }
    let all = |models: Models| {
        models.names().for_each(|name| {
            black_box(models.service(name).unwrap().unwrap());
        });
        models
    };
    measure("all services, first use", open, all);
    for (service, name) in [("sts", "AssumeRole"), ("s3", "PutObject"), ("ec2", "RunInstances")] {
        let models = open();
        let operation = models.service(service).unwrap().unwrap().operation(name).unwrap();
        measure(&format!("{service} {name}, all its shapes read"), || operation, closure);
    }
}

fn open() -> Models {
    Models::open(Cow::Borrowed(MODELS)).unwrap()
}

/// Every shape and member that an operation's input and output lead to.
fn closure(operation: Operation<'_>) -> usize {
    let mut open: Vec<Shape<'_>> =
        operation.input().into_iter().chain(operation.output()).collect();
    let mut seen = BTreeSet::new();
    let mut letters = 0;
    while let Some(shape) = open.pop() {
        if !seen.insert(shape.row()) {
            continue;
        }
        let parts = [shape.element(), shape.key(), shape.value()];
        for member in shape.members().chain(parts.into_iter().flatten()) {
            letters += member.name().len() + member.location_name().map_or(0, str::len);
            letters += usize::from(member.is_required());
            open.push(member.shape());
        }
    }
    letters
}

fn measure<T, R>(what: &str, prepare: impl Fn() -> T, run: impl Fn(T) -> R) {
    let mut times: Vec<Duration> = Vec::new();
    let begin = Instant::now();
    while times.len() < 15 || (begin.elapsed() < Duration::from_secs(1) && times.len() < 1_000) {
        let given = prepare();
        let start = Instant::now();
        let result = run(black_box(given));
        times.push(start.elapsed());
        drop(black_box(result));
    }
    times.sort();
    let least = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let _ = writeln!(std::io::stdout(), "{what:<36} least {least:>10.1?}   median {median:>10.1?}");
}
