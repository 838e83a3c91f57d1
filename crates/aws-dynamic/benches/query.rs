//! What it costs to search an answer: `cargo bench -p aws-dynamic --bench query`. Prints the least and
//! the median of some runs, for queries that people write and for such as run until their steps are
//! used up; asserts nothing, for that the machine would have to be known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aws_dynamic::query::{Limits, Query};
use serde_json::{Value, json};

const RUNS: usize = 15;

fn main() {
    let answer = instances();
    let bytes = answer.to_string().len();
    let _ = writeln!(std::io::stdout(), "DescribeInstances, {bytes} bytes");
    for text in [
        "Reservations[].Instances[?State.Name=='running'].{Id: InstanceId, Name: Tags[?Key=='key-3'] | [0].Value}",
        "Reservations[].Instances[?Tags[?Key=='key-9' && contains(Value, '77')]].InstanceId[]",
        "length(Reservations[].Instances[])",
        "sort_by(Reservations[].Instances[], &LaunchTime)[-1].InstanceId",
        "Reservations[].Instances[?State.Name=='running'][]",
        "@",
    ] {
        measure(text, &answer);
    }
    let text = json!({"text": "\"".repeat(1 << 20), "list": (0..60_000).rev().collect::<Vec<_>>()});
    let again = |part: &str, glue: &str, times| vec![part; times].join(glue);
    let one = json!("x");
    for query in [
        again("[@,@]", "|", 40),
        again("{a: @, b: @}", "|", 40),
        again("to_string([@, @])", "|", 40),
        again("join(@, [@, @, @])", "|", 40),
        format!("[text]|{}", again("to_string([@, @])", "|", 40)),
        format!("[{}]", again("text == reverse(text)", ",", 16)),
        format!("[{}]", again("sort(list)", ",", 20)),
        format!("map(&sort_by(`[3,2,1]`, &@), [{}][])", again("list", ",", 10)),
        "list[].{a: @, b: @, c: @, d: @, e: @}".to_owned(),
    ] {
        measure(
            &query,
            if query.contains("list") || query.contains("text") { &text } else { &one },
        );
    }
}

fn instances() -> Value {
    let instance = |place: usize| {
        let tags: Vec<Value> = (0..10)
            .map(
                |tag| json!({"Key": format!("key-{tag}"), "Value": format!("value-{place}-{tag}")}),
            )
            .collect();
        let state = if place.is_multiple_of(3) { "running" } else { "stopped" };
        json!({"ReservationId": format!("r-{place:017}"), "OwnerId": "123456789012", "Instances": [{
            "InstanceId": format!("i-{place:017}"), "ImageId": "ami-0123456789abcdef0",
            "State": {"Code": 16, "Name": state}, "PrivateDnsName": "ip-10-0-0-1.ec2.internal",
            "InstanceType": "m5.large", "LaunchTime": format!("2026-01-{:02}T12:00:00Z", place % 28 + 1),
            "Placement": {"AvailabilityZone": "us-east-1a", "Tenancy": "default"}, "EbsOptimized": false,
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1",
                "DeleteOnTermination": true}}],
            "NetworkInterfaces": [{"NetworkInterfaceId": format!("eni-{place:017}"), "Groups":
                [{"GroupId": "sg-0123456789abcdef0", "GroupName": "default"}], "Status": "in-use"}],
            "Tags": tags}]})
    };
    json!({"Reservations": (0..4_500_usize).map(instance).collect::<Vec<_>>()})
}

fn measure(text: &str, answer: &Value) {
    let query = Query::read(text).unwrap();
    let mut times: Vec<Duration> = Vec::new();
    let mut end = String::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let found = query.run(black_box(answer), Limits::until(&|| false));
        times.push(start.elapsed());
        end = found.map_or_else(|error| format!("  {:?}", error.kind()), |_| String::new());
    }
    times.sort();
    let least = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let _ = writeln!(
        std::io::stdout(),
        "least {least:>9.1?}   median {median:>9.1?}   {text:.110}{end}"
    );
}
