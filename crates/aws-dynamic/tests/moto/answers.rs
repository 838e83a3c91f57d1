//! The same answers as boto3: both clients ask the same emulator the same questions, and the answers
//! are equal as trees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::emulator::{Moto, Outcome};
use super::reads::{self, Read};
use super::seed;
use super::trees;

/// A question with boto3's answers to it.
struct Asked {
    read: Read,
    input: Value,
    first: Outcome,
    second: Outcome,
}

#[test]
fn answers_are_those_of_boto3() {
    let moto = Moto::start();
    let seeded = seed::sow(&moto, &|service, operation, input| moto.theirs(service, operation, input));
    let started = std::time::Instant::now();
    let reads = reads::all(&moto, &seeded);
    eprintln!("{} reads in {:?}", reads.len(), started.elapsed());
    let mut asked: Vec<Asked> = reads.into_iter().filter_map(|read| ask(&moto, read)).collect();
    eprintln!("{} asked in {:?}", asked.len(), started.elapsed());
    for one in &mut asked {
        one.second = moto.theirs(one.read.service, one.read.operation, &one.input);
    }
    eprintln!("again {:?}", started.elapsed());
    let mut wrong = Vec::new();
    let (mut operations, mut telling, mut refused) = (0, 0, 0);
    let mut services = BTreeSet::new();
    let mut protocols: BTreeMap<String, usize> = BTreeMap::new();
    for Asked { read, input, first, second } in &asked {
        let ours = moto.ours(read.service, read.operation, input);
        match (first, second, &ours) {
            (Outcome::Output(first), Outcome::Output(second), Outcome::Output(ours)) => {
                let found = trees::differences(first, second, ours);
                if found.is_empty() {
                    operations += 1;
                    telling += usize::from(trees::is_telling(first, second));
                    services.insert(read.service);
                    *protocols.entry(format!("{:?}", read.protocol)).or_default() += 1;
                } else {
                    wrong.push(format!(
                        "{}:{} {input}\n    {}",
                        read.service, read.operation, found[..found.len().min(4)].join("\n    ")
                    ));
                }
            }
            _ if first == second && ours == *first => refused += 1,
            _ if first != second => eprintln!("not alike {}:{}", read.service, read.operation),
            _ => wrong.push(format!(
                "{}:{} {input}\n    {ours:?}\n    {first:?}",
                read.service, read.operation
            )),
        }
    }
    eprintln!("{operations} operations of {} services, {telling} telling, {refused} errors, {protocols:?} {:?}", services.len(), started.elapsed());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The first input that boto3 has an answer to; else the first that is refused.
fn ask(moto: &Moto, mut read: Read) -> Option<Asked> {
    let mut refused = None;
    for input in std::mem::take(&mut read.inputs) {
        match moto.theirs(read.service, read.operation, &input) {
            first @ Outcome::Output(_) => {
                let second = first.clone();
                return Some(Asked { read, input, first, second });
            }
            first @ Outcome::Refused { status: ..500, .. } => {
                refused.get_or_insert((input, first));
            }
            // The emulator lacks it.
            Outcome::Refused { .. } | Outcome::Unable(_) => break,
        }
    }
    let (input, first) = refused?;
    let second = first.clone();
    Some(Asked { read, input, first, second })
}
