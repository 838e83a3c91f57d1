//! What the catalog costs at first use: `cargo bench -p aws-dynamic --bench models`. A first use comes
//! once in a program; here it is that of models which were opened anew, from the packed bytes.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hint::black_box;

use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::model::{Operation, Shape};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const INDEX: &[u8] = include_bytes!("../data/index.bin");
const MODELS: &[u8] = include_bytes!("../data/models.bin");

criterion_group!(benches, catalog, services, closures);
criterion_main!(benches);

fn catalog(to: &mut Criterion) {
    to.bench_function("index, decoded", |bench| {
        bench.iter_with_large_drop(|| Index::decode(INDEX).unwrap());
    });
    to.bench_function("models, head read", |bench| bench.iter_with_large_drop(open));
}

fn services(to: &mut Criterion) {
    for name in ["sts", "s3", "ec2"] {
        to.bench_function(&format!("{name}, first use"), |bench| {
            let first = |models: Models| {
                black_box(models.service(name).unwrap().unwrap());
                models
            };
            bench.iter_batched(open, first, BatchSize::LargeInput);
        });
    }
    let all = |models: Models| {
        for name in models.names() {
            black_box(models.service(name).unwrap().unwrap());
        }
        models
    };
    let mut group = to.benchmark_group("all services");
    group.sample_size(10);
    group.bench_function("first use", |bench| {
        bench.iter_batched(open, all, BatchSize::PerIteration);
    });
}

fn closures(to: &mut Criterion) {
    for (service, name) in [("sts", "AssumeRole"), ("s3", "PutObject"), ("ec2", "RunInstances")] {
        let models = open();
        let operation = models.service(service).unwrap().unwrap().operation(name).unwrap();
        to.bench_function(&format!("{service} {name}, all its shapes read"), |bench| {
            bench.iter(|| closure(black_box(operation)));
        });
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
