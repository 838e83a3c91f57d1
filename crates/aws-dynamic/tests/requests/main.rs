//! Our requests are botocore's: for every operation the least input and the fullest, made from
//! botocore's models by `inputs.py` and sent to nobody by `botocore_side.py`, which writes both down.
//! Compared are method, host, path, query, headers, body and what is signed for; JSON, XML and CBOR as
//! trees, forms and queries as pairs.
//!
//! `AWS_MCP_TEST_REQUESTS` names the folder with what the script wrote; `tests/run.sh` of the
//! repository makes it: three operations of each service, and with `--full` all of them.
#![cfg(feature = "pack")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

mod differences;
mod same;
#[path = "../protocols/trees.rs"]
mod trees;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use aws_dynamic::client::{CallError, Client};
use aws_dynamic::protocol::Unsupported;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::Value;

use differences::{DIFFERENCES, KINDS};
use same::Comparison;

/// What the script says of operations that are streams of events to the service: botocore has none.
const NO_EVENTS: &str = "a stream of events to the service";

/// What came of a set of inputs.
#[derive(Default)]
struct Tally {
    operations: usize,
    inputs: usize,
    /// In all that is compared.
    equal: usize,
    /// In all but the kind of the body, by the reason.
    equal_but_kind: BTreeMap<&'static str, usize>,
    /// Neither can send.
    refused: usize,
    /// By the reason.
    listed: BTreeMap<&'static str, usize>,
    /// Entries of the list, each with the operation or service that was met.
    met: BTreeSet<(usize, &'static str)>,
    unlisted: Vec<String>,
}

#[test]
fn three_operations_of_each_service() {
    let tally = tally("sample");
    assert_eq!((tally.operations, tally.inputs), (1288, 2576));
    tally.check();
}

#[test]
#[ignore = "needs the requests of all operations: tests/run.sh --full"]
fn every_operation() {
    let tally = tally("all");
    assert_eq!((tally.operations, tally.inputs), (19_796, 39_592));
    tally.check();
    let listed: usize = tally.listed.values().sum();
    assert!(listed * 100 < tally.inputs, "{listed} differ");
    assert_eq!(tally.equal_but_kind.len(), KINDS.len(), "{:?}", tally.equal_but_kind);
    let entries = DIFFERENCES.iter().enumerate();
    let named = entries.flat_map(|(place, entry)| entry.of.iter().map(move |of| (place, *of)));
    let equal: Vec<(usize, &str)> = named.filter(|entry| !tally.met.contains(entry)).collect();
    assert!(equal.is_empty(), "these do not differ any more: {equal:?}");
}

impl Tally {
    fn check(&self) {
        let sum = |counts: &BTreeMap<&str, usize>| counts.values().sum::<usize>();
        let (kinds, listed) = (sum(&self.equal_but_kind), sum(&self.listed));
        let percent = |count: usize| count as f64 * 100.0 / self.inputs as f64;
        // Shown with `--nocapture`, and where the test fails.
        println!(
            "{} operations, {} inputs: {} equal, {kinds} in all but Content-Type, {} that neither can \
             send, {listed} listed ({:.2} %, with Content-Type {:.2} %), {} others",
            self.operations,
            self.inputs,
            self.equal,
            self.refused,
            percent(listed),
            percent(listed + kinds),
            self.unlisted.len(),
        );
        for (reason, count) in self.equal_but_kind.iter().chain(&self.listed) {
            println!("{count:6} {reason}");
        }
        let first = self.unlisted[..self.unlisted.len().min(20)].join("\n");
        assert!(self.unlisted.is_empty(), "{} differ:\n{first}", self.unlisted.len());
    }
}

fn tally(file: &str) -> Tally {
    let folder = std::env::var_os("AWS_MCP_TEST_REQUESTS").map(PathBuf::from).expect(
        "AWS_MCP_TEST_REQUESTS names the folder that botocore_side.py wrote; tests/run.sh of the \
         repository sets it",
    );
    let path = folder.join(format!("{file}.jsonl.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    let config = SdkConfig::builder().region(Region::new("us-east-1")).build();
    let client = Client::new(&config);
    let mut tally = Tally::default();
    for line in lines {
        let theirs: Value = serde_json::from_str(&line.unwrap()).unwrap();
        add(&mut tally, &client, &theirs);
    }
    tally
}

fn add(tally: &mut Tally, client: &Client, theirs: &Value) {
    let text = |name: &str| theirs[name].as_str().unwrap();
    let (service, operation) = (canonical(text("service")), text("operation"));
    let name = format!("{service}:{operation}");
    tally.inputs += 1;
    tally.operations += usize::from(theirs["kind"] == "minimal");
    let ours = client.prepare(service, operation, &theirs["input"]);
    let differing = match (&ours, theirs["error"].as_str()) {
        (Err(CallError::Unsupported(Unsupported::InputEvents { .. })), Some(NO_EVENTS)) => {
            tally.refused += 1;
            return;
        }
        (Err(error), theirs) => {
            let what = format!("{error}\n    theirs {}", theirs.unwrap_or("is sent"));
            vec![("refused".to_owned(), what)]
        }
        (Ok(_), Some(error)) => vec![("sent".to_owned(), error.to_owned())],
        (Ok(ours), None) => {
            let compared = Comparison::of(ours, theirs);
            if let (Some(reason), []) = (compared.kind, compared.differing.as_slice()) {
                *tally.equal_but_kind.entry(reason).or_default() += 1;
                return;
            }
            compared.differing
        }
    };
    if differing.is_empty() {
        tally.equal += 1;
        return;
    }
    let covered: Option<Vec<(usize, &str)>> =
        differing.iter().map(|(part, what)| entry(&name, part, what)).collect();
    match covered {
        Some(covered) => {
            let reason = covered.first().map(|(place, _)| DIFFERENCES[*place].reason);
            *tally.listed.entry(reason.unwrap()).or_default() += 1;
            tally.met.extend(covered);
        }
        None => {
            let kind = text("kind");
            let parts = differing.iter().map(|(part, what)| format!("\n  {part}: {what}"));
            let parts: String = parts.collect();
            tally.unlisted.push(format!("{name} {kind}{parts}"));
        }
    }
}

/// The entry of the list that covers a difference, and what of it does.
fn entry(name: &str, part: &str, what: &str) -> Option<(usize, &'static str)> {
    DIFFERENCES
        .iter()
        .enumerate()
        .find_map(|(place, entry)| entry.covers(name, part, what).map(|of| (place, of)))
}

/// botocore's folder of a service, where it is not the service's name.
fn canonical(folder: &str) -> &str {
    match folder {
        "config" => "configservice",
        "codedeploy" => "deploy",
        other => other,
    }
}
