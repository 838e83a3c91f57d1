//! What endpoint rules cost: `cargo bench -p aws-dynamic --bench endpoint`. A first use comes once in a
//! program; here it is done again from the packed bytes.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use aws_dynamic::endpoint::{Argument, BuiltIn, Parameters, Payload, Rules};
use criterion::{Criterion, criterion_group, criterion_main};

/// A service, what is asked of its rules, and with which parameters beside the region.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, Argument<'a>)]);

const PACKED: &[u8] = include_bytes!("../data/endpoints.bin");

criterion_group!(benches, first_uses, resolutions);
criterion_main!(benches);

fn first_uses(to: &mut Criterion) {
    to.bench_function("rules unpacked, list of services read", |bench| {
        bench.iter(|| {
            let payload = Payload::unpack(PACKED).unwrap();
            black_box(Rules::read(&payload).unwrap());
        });
    });
    for service in ["sts", "ec2", "kinesis", "s3"] {
        to.bench_function(&format!("rules of {service}, unpacked and read"), |bench| {
            bench.iter(|| {
                let payload = Payload::unpack(PACKED).unwrap();
                let rules = Rules::read(&payload).unwrap();
                black_box(rules.of(service).unwrap().unwrap());
            });
        });
    }
}

fn resolutions(to: &mut Criterion) {
    let bucket = "arn:aws:s3:us-west-2:123456789012:accesspoint:myendpoint";
    let outpost = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/reports";
    let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/name";
    let cases: [Case<'_>; 7] = [
        ("sts", "a region", &[]),
        ("ec2", "a region with FIPS", &[("UseFIPS", Argument::Bool(true))]),
        ("dynamodb", "an account", &[("AccountId", Argument::Text("123456789012"))]),
        (
            "kinesis",
            "a stream",
            &[("StreamARN", Argument::Text(stream)), ("OperationType", Argument::Text("data"))],
        ),
        ("s3", "a bucket", &[("Bucket", Argument::Text("my-bucket"))]),
        ("s3", "an access point", &[("Bucket", Argument::Text(bucket))]),
        ("s3", "an access point of an outpost", &[("Bucket", Argument::Text(outpost))]),
    ];
    let rules = Rules::get().unwrap();
    for (service, what, named) in cases {
        let set = rules.of(service).unwrap().unwrap();
        let region = if service == "kinesis" { "us-east-1" } else { "us-west-2" };
        to.bench_function(&format!("resolve: {service}, {what}"), |bench| {
            bench.iter(|| {
                let given = Parameters::default().built_in(BuiltIn::Region, black_box(region));
                let given =
                    named.iter().fold(given, |given, (name, value)| given.named(name, *value));
                set.resolve(&given, rules.partitions()).unwrap()
            });
        });
    }
}
