//! What endpoint rules cost: `cargo bench -p aws-dynamic --bench endpoint`. Prints the median of some
//! runs, and its ratio to what the crate promises (5 ms for the first use of a service, 10 µs for a
//! resolution). A program of its own, because a first use happens once in a process: here it is done
//! again from the packed bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_dynamic::endpoint::{Argument, BuiltIn, Parameters, Payload, Rules};

/// A service, what is asked of its rules, and with which parameters beside the region.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, Argument<'a>)]);

const PACKED: &[u8] = include_bytes!("../data/endpoints.bin");

fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

fn tell(what: &str, is: Duration, promised: Duration) {
    println!(
        "{what:<48} {is:>12.2?}  {:.3} of {promised:?}",
        is.as_secs_f64() / promised.as_secs_f64()
    );
}

fn main() {
    let first = Duration::from_millis(5);
    tell(
        "unpack and read the list of services",
        median(50, || {
            let payload = Payload::unpack(PACKED).unwrap();
            black_box(Rules::read(&payload).unwrap());
        }),
        first,
    );
    for service in ["sts", "ec2", "kinesis", "s3"] {
        let time = median(50, || {
            let payload = Payload::unpack(PACKED).unwrap();
            let rules = Rules::read(&payload).unwrap();
            black_box(rules.of(service).unwrap().unwrap());
        });
        tell(&format!("first use, unpacking included: {service}"), time, first);
    }
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
        // A run is a thousand resolutions, so that the clock does not count.
        let time = median(50, || {
            for _ in 0..1_000 {
                let given = Parameters::default().built_in(BuiltIn::Region, black_box(region));
                let given =
                    named.iter().fold(given, |given, (name, value)| given.named(name, *value));
                black_box(set.resolve(&given, rules.partitions()).unwrap());
            }
        });
        tell(&format!("resolve: {service}, {what}"), time / 1_000, Duration::from_micros(10));
    }
}
