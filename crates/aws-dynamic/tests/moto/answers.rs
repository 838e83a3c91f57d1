//! The same answers as boto3: both clients ask the same emulator the same questions, and the answers
//! are equal as trees. What they write leaves the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use super::emulator::{Moto, Outcome};
use super::reads::{self, Read};
use super::seed::{self, Call};
use super::trees;

/// Differences that stay, each with the reason. One that is gone may not stand here.
const DIFFERENT: &[(&str, &str)] = &[
    ("emr:ListSupportedInstanceTypes", "floats of 32 bits are given in 32 bits' digits: 1.7"),
    ("s3:HeadObject", "the code is NotFound, as of AWS's SDKs: boto3's is the status"),
    ("s3:ListObjects", ENCODING),
    ("s3:ListObjectsV2", ENCODING),
    ("sdb:ListDomains", "signature version 2 is not supported"),
];

const ENCODING: &str = "boto3 asks for escaped keys, and undoes that, unless it is told otherwise";

/// What the comparison found.
#[derive(Default)]
struct Found {
    /// Operations whose answers are equal.
    operations: BTreeSet<String>,
    services: BTreeSet<&'static str>,
    protocols: BTreeMap<String, usize>,
    /// Of the operations those whose answers say something.
    telling: usize,
    /// Errors that are equal.
    refused: usize,
    different: Vec<(String, String)>,
}

/// What the comparison of writes found.
#[derive(Default)]
struct Written {
    different: Vec<String>,
    /// States that are equal and say something.
    compared: usize,
    services: BTreeSet<&'static str>,
}

/// A question about what was written, with the answer.
struct State {
    service: &'static str,
    operation: &'static str,
    input: Value,
    answer: Value,
}

#[test]
fn answers_and_writes_are_those_of_boto3() {
    let moto = Moto::start();
    let seeded = sown_by_boto3(&moto);
    let states = answers(&moto, &seeded);
    writes(&moto, &seeded, &states);
}

/// Compares answers. Gives those that tell something about what the emulator was filled with.
fn answers(moto: &Moto, seeded: &[Call]) -> Vec<State> {
    let seeds: BTreeSet<&str> = seeded.iter().map(|call| call.service.as_str()).collect();
    let mut found = Found::default();
    let mut states = Vec::new();
    for mut read in reads::all(moto, seeded) {
        for (input, theirs) in ask(moto, &mut read) {
            found.compare(moto, &read, &input, &theirs);
            if let Outcome::Output(answer) = theirs
                && seeds.contains(read.service)
                && trees::is_telling(&answer, &answer)
            {
                let Read { service, operation, .. } = read;
                states.push(State { service, operation, input, answer });
            }
        }
    }
    println!("{found}");
    for service in &found.services {
        assert_protocol(moto, service);
    }
    let known = |name: &str| DIFFERENT.iter().any(|(listed, _)| *listed == name);
    let unknown = found.different.iter().filter(|(name, _)| !known(name));
    let unknown: Vec<String> = unknown.map(|(name, what)| format!("{name} {what}")).collect();
    assert!(unknown.is_empty(), "{} differ:\n{}", unknown.len(), unknown.join("\n"));
    for (listed, _) in DIFFERENT {
        assert!(found.different.iter().any(|(name, _)| name == listed), "{listed} is equal");
    }
    assert!(found.operations.len() >= 700, "{found}");
    assert!(found.services.len() >= 120, "{found}");
    assert!(found.telling >= 300, "{found}");
    assert!(found.refused >= 100, "{found}");
    for (protocol, least) in
        [("Ec2", 50), ("Query", 100), ("Json", 250), ("RestJson", 200), ("RestXml", 40)]
    {
        assert!(found.protocols.get(protocol) >= Some(&least), "{found}");
    }
    states
}

/// Fills the emulator again, by boto3 and then by this crate, and compares what boto3 sees. Random
/// numbers of the emulator are the same each time. Its clock is not: where something differs boto3
/// fills it once more, and what then differs between its own two is left out.
fn writes(moto: &Moto, first: &[Call], states: &[State]) {
    let look = |state: &State| moto.theirs(state.service, state.operation, &state.input);
    let seen = || -> Vec<Outcome> { states.iter().map(look).collect() };
    let mut by_boto = (sown_by_boto3(moto), seen());
    let ours = seed::sow(moto, &|service, operation, input| moto.ours(service, operation, input));
    let ours = (ours, seen());
    let mut written = Written::compare((first, states), &by_boto, &ours);
    if !written.different.is_empty() {
        by_boto = (sown_by_boto3(moto), seen());
        written = Written::compare((first, states), &by_boto, &ours);
    }
    let Written { different, compared, services } = written;
    let (writes, services) = (first.len(), services.len());
    println!("equal: {writes} writes, {compared} states of {services} services after them");
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    assert!(writes >= 170 && compared >= 200 && services >= 60);
}

impl Written {
    /// `first` and `second` are boto3's, each with the answers about the state that it left.
    fn compare(
        first: (&[Call], &[State]),
        second: &(Vec<Call>, Vec<Outcome>),
        ours: &(Vec<Call>, Vec<Outcome>),
    ) -> Self {
        let mut written = Self::default();
        assert!(first.0.len() == second.0.len() && first.0.len() == ours.0.len());
        for ((first, second), ours) in first.0.iter().zip(&second.0).zip(&ours.0) {
            let found = trees::differences(&first.output, &second.output, &ours.output);
            if !found.is_empty() {
                let (service, operation) = (&first.service, &first.operation);
                let found = found.join("\n    ");
                written.different.push(format!("{service}:{operation}\n    {found}"));
            }
        }
        for ((state, second), ours) in first.1.iter().zip(&second.1).zip(&ours.1) {
            let State { service, operation, input, answer } = state;
            let second = second.output().unwrap_or(&Value::Null);
            let ours = ours.output().unwrap_or(&Value::Null);
            let found = trees::differences(answer, second, ours);
            if !found.is_empty() {
                let found = found.join("\n    ");
                written.different.push(format!("{service}:{operation} {input}\n    {found}"));
            } else if trees::is_telling(answer, second) {
                written.compared += 1;
                written.services.insert(service);
            }
        }
        written
    }
}

impl Found {
    /// Where the answers differ boto3 is asked once more: what it says differently itself, times and
    /// states that change by themselves, is left out.
    fn compare(&mut self, moto: &Moto, read: &Read, input: &Value, first: &Outcome) {
        let ours = moto.ours(read.service, read.operation, input);
        let name = format!("{}:{}", read.service, read.operation);
        if let (Outcome::Refused { .. }, true) = (first, ours == *first) {
            self.refused += 1;
            return;
        }
        let (Some(one), Some(our)) = (first.output(), ours.output()) else {
            self.different.push((name, format!("{input}\n    {ours:?}\n    {first:?}")));
            return;
        };
        let mut second = first.clone();
        if !trees::differences(one, one, our).is_empty() {
            second = moto.theirs(read.service, read.operation, input);
        }
        let other = second.output().unwrap_or(&Value::Null);
        let differences = trees::differences(one, other, our);
        if !differences.is_empty() {
            let some = differences.iter().take(4).cloned().collect::<Vec<_>>().join("\n    ");
            self.different.push((name, format!("{input}\n    {some}")));
            return;
        }
        self.operations.insert(name);
        self.services.insert(read.service);
        *self.protocols.entry(format!("{:?}", read.protocol)).or_default() += 1;
        self.telling += usize::from(trees::is_telling(one, other));
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "equal: {} operations of {} services, {} of them telling, and {} errors; {:?}",
            self.operations.len(),
            self.services.len(),
            self.telling,
            self.refused,
            self.protocols
        )
    }
}

fn sown_by_boto3(moto: &Moto) -> Vec<Call> {
    seed::sow(moto, &|service, operation, input| moto.theirs(service, operation, input))
}

/// The first input that boto3 has an answer to, and the first that is refused.
fn ask(moto: &Moto, read: &mut Read) -> Vec<(Value, Outcome)> {
    let mut asked: Vec<(Value, Outcome)> = Vec::new();
    for input in std::mem::take(&mut read.inputs) {
        let theirs = moto.theirs(read.service, read.operation, &input);
        let is_lacking = |code: &str| code.parse::<u16>().is_ok() && read.operation != "HeadObject";
        match &theirs {
            Outcome::Output(_) => {
                asked.push((input, theirs));
                break;
            }
            Outcome::Refused { status: ..500, code, .. } if !is_lacking(code) => {
                if asked.is_empty() {
                    asked.push((input, theirs));
                }
            }
            // The emulator does not know the operation.
            Outcome::Refused { .. } | Outcome::Unable(_) => break,
        }
    }
    asked
}

/// A service that speaks several protocols is spoken to in botocore's choice.
fn assert_protocol(moto: &Moto, service: &str) {
    let models = aws_dynamic::catalog::Models::get().unwrap();
    let ours = models.service(service).unwrap().unwrap().protocol();
    assert_eq!(json!(protocol_name(ours)), moto.boto(&json!(["protocol", service])), "{service}");
}

fn protocol_name(protocol: aws_dynamic::model::terms::Protocol) -> &'static str {
    use aws_dynamic::model::terms::Protocol;
    match protocol {
        Protocol::Json => "json",
        Protocol::RestJson => "rest-json",
        Protocol::RestXml => "rest-xml",
        Protocol::RpcV2Cbor => "smithy-rpc-v2-cbor",
        Protocol::Query => "query",
        Protocol::Ec2 => "ec2",
    }
}
