//! What it costs to write requests and to read answers: `cargo bench -p aws-dynamic --bench protocol`.
#![allow(clippy::unwrap_used)]

#[path = "samples/instances.rs"]
mod sample;

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use aws_dynamic::catalog::Models;
use aws_dynamic::model::Operation;
use aws_dynamic::protocol::Exchange;
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use serde_json::json;

const MODELS: &[u8] = include_bytes!("../data/models.bin");

criterion_group!(benches, first_uses, requests, answers);
criterion_main!(benches);

/// Of models that nobody has used, but for the service itself. What is made is never given back, so
/// there are few of them.
fn first_uses(to: &mut Criterion) {
    let mut group = to.benchmark_group("first use after its service's");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_millis(20)).measurement_time(Duration::from_millis(100));
    for (service, name) in [
        ("sts", "AssumeRole"),
        ("s3", "PutObject"),
        ("ec2", "DescribeInstances"),
        ("ec2", "RunInstances"),
    ] {
        let models = || {
            let models = Models::open(Cow::Borrowed(MODELS)).unwrap();
            black_box(models.service(service).unwrap().unwrap());
            models
        };
        group.bench_function(format!("{service} {name}"), |bench| {
            let first = |models: Models| {
                black_box(Exchange::of(operation(&models, service, name)).unwrap());
                models
            };
            bench.iter_batched(models, first, BatchSize::PerIteration);
        });
    }
}

fn requests(to: &mut Criterion) {
    let describe = exchange("ec2", "DescribeInstances");
    let input = json!({"Filters": [{"Name": "instance-state-name", "Values": ["running"]}]});
    to.bench_function("ec2 DescribeInstances, request written", |bench| {
        bench.iter(|| describe.request(black_box(&input), None).unwrap());
    });
}

fn answers(to: &mut Criterion) {
    let mut group = to.benchmark_group("answer read");
    group.sample_size(20);
    let answers =
        [("ec2", "DescribeInstances", sample::instances()), ("dynamodb", "Scan", items())];
    for (service, name, body) in answers {
        let exchange = exchange(service, name);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{service} {name}"), |bench| {
            let read = |body: String| exchange.response(200, [], body).unwrap();
            bench.iter_batched(|| body.clone(), read, BatchSize::PerIteration);
        });
    }
}

fn operation<'m>(models: &'m Models, service: &str, name: &str) -> Operation<'m> {
    models.service(service).unwrap().unwrap().operation(name).unwrap()
}

fn exchange(service: &str, name: &str) -> &'static Exchange {
    Exchange::of(operation(Models::get().unwrap(), service, name)).unwrap()
}

/// 1.1 MB.
fn items() -> String {
    let item = |place: usize| {
        json!({"id": {"S": format!("item-{place}")}, "list": {"L": [{"N": "1"}, {"BOOL": true}]},
            "map": {"M": {"a": {"S": "text"}, "b": {"NULL": true}}}})
    };
    json!({"Items": (0..10_000).map(item).collect::<Vec<_>>(), "Count": 10_000}).to_string()
}
