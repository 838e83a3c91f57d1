//! What it costs to write requests and to read answers: `cargo bench -p aws-dynamic --bench protocol`.
//! Prints the least and the median of some runs; asserts nothing, for that the machine would have to
//! be known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::borrow::Cow;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aws_dynamic::catalog::Models;
use aws_dynamic::model::Operation;
use aws_dynamic::protocol::Exchange;
use serde_json::{Value, json};

const MODELS: &[u8] = include_bytes!("../data/models.bin");

/// Runs of each: first uses leak what they make.
const RUNS: usize = 25;

fn main() {
    for (service, name) in [
        ("sts", "AssumeRole"),
        ("s3", "PutObject"),
        ("ec2", "DescribeInstances"),
        ("ec2", "RunInstances"),
    ] {
        let first = |operation: Operation<'static>| Exchange::of(operation).unwrap();
        measure(&format!("{service} {name}, first use"), || operation(service, name), first);
    }
    let describe = Exchange::of(operation("ec2", "DescribeInstances")).unwrap();
    let input = json!({"Filters": [{"Name": "instance-state-name", "Values": ["running"]}]});
    measure("ec2 DescribeInstances, written", || (), |()| describe.request(&input, None).unwrap());
    let answer = instances();
    let what = format!("ec2 DescribeInstances, {} bytes read", answer.len());
    measure(&what, || answer.clone(), |answer| read(describe, answer));
    let scan = Exchange::of(operation("dynamodb", "Scan")).unwrap();
    let items = items();
    let what = format!("dynamodb Scan, {} bytes read", items.len());
    measure(&what, || items.clone(), |items| read(scan, items));
}

/// An operation of models that nobody has used.
fn operation(service: &str, name: &str) -> Operation<'static> {
    let models: &'static Models = Box::leak(Box::new(Models::open(Cow::Borrowed(MODELS)).unwrap()));
    models.service(service).unwrap().unwrap().operation(name).unwrap()
}

fn read(exchange: &Exchange, answer: String) -> Value {
    exchange.response(200, [], answer).unwrap()
}

/// An answer of 4.9 MB.
fn instances() -> String {
    let instance = |place: usize| {
        let tags: String = (0..10)
            .map(|tag| {
                format!("<item><key>key-{tag}</key><value>value-{place}-{tag}</value></item>")
            })
            .collect();
        format!(
            "<item><instancesSet><item><instanceId>i-{place:017}</instanceId>\
             <imageId>ami-0123456789abcdef0</imageId><instanceState><code>16</code><name>running</name>\
             </instanceState><privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName>\
             <instanceType>m5.large</instanceType><launchTime>2026-01-31T12:00:00.000Z</launchTime>\
             <placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy>\
             </placement><ebsOptimized>false</ebsOptimized><blockDeviceMapping><item>\
             <deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><deleteOnTermination>true\
             </deleteOnTermination></ebs></item></blockDeviceMapping><tagSet>{tags}</tagSet></item>\
             </instancesSet></item>"
        )
    };
    let reservations: String = (0..3_800).map(instance).collect();
    format!(
        "<DescribeInstancesResponse><reservationSet>{reservations}</reservationSet>\
         </DescribeInstancesResponse>"
    )
}

fn items() -> String {
    let item = |place: usize| {
        json!({"id": {"S": format!("item-{place}")}, "list": {"L": [{"N": "1"}, {"BOOL": true}]},
            "map": {"M": {"a": {"S": "text"}, "b": {"NULL": true}}}})
    };
    json!({"Items": (0..10_000).map(item).collect::<Vec<_>>(), "Count": 10_000}).to_string()
}

fn measure<T, R>(what: &str, prepare: impl Fn() -> T, run: impl Fn(T) -> R) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..RUNS {
        let given = prepare();
        let start = Instant::now();
        let result = run(black_box(given));
        times.push(start.elapsed());
        drop(black_box(result));
    }
    times.sort();
    let least = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let _ = writeln!(std::io::stdout(), "{what:<48} least {least:>10.1?}   median {median:>10.1?}");
}
