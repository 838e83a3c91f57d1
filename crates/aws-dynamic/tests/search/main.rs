//! The search as people use it: a set of queries with the operations that answer them, the names of
//! all services and operations, and texts that say nothing.
//!
//! `queries.tsv` was written before the search was. The synonyms were tuned with its lines of odd
//! number, and at first what the even ones miss was not looked at. `later.tsv` has what was written
//! afterwards, set by set: a heading says how many of a set were answered when it was first run,
//! before anything was mended for it. That figure, and not today's, is what to expect of new queries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use aws_dynamic::catalog::search::{Query, Search};
use aws_dynamic::catalog::{Effect, Index};

const QUERIES: &str = include_str!("queries.tsv");
const LATER: &str = include_str!("later.tsv");
const SYNONYMS: &str = include_str!("../../data/synonyms.txt");

fn search() -> &'static Search<'static> {
    Search::get().unwrap()
}

fn found(text: &str, limit: usize) -> Vec<String> {
    let query = Query { text, service: None, effect: None, limit };
    let hits = search().find(&query);
    hits.iter().map(|hit| format!("{}:{}", hit.service.name(), hit.operation.name())).collect()
}

/// What came of a set of queries.
#[derive(Default)]
struct Recall {
    all: usize,
    first: usize,
    five: usize,
    missed: String,
}

fn recall<'a>(lines: impl Iterator<Item = &'a str>) -> Recall {
    let mut recall = Recall::default();
    for line in lines {
        let (text, expected) = line.split_once('\t').unwrap();
        let expected: Vec<_> = expected.split(' ').collect();
        let hits = found(text, 5);
        let place = hits.iter().position(|hit| expected.contains(&hit.as_str()));
        recall.all += 1;
        recall.first += usize::from(place == Some(0));
        recall.five += usize::from(place.is_some());
        if place.is_none() {
            recall.missed += &format!("{text} {expected:?}\n    {hits:?}\n");
        }
    }
    recall
}

/// The sets of a file, each with its heading.
fn sets(file: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sets: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in file.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => sets.push((heading, Vec::new())),
            None => sets.last_mut().unwrap().1.push(line),
        }
    }
    sets
}

#[test]
fn nineteen_of_twenty_queries_are_answered_within_five() {
    let first = recall(QUERIES.lines());
    eprintln!("{} queries, {} answered first, {} within five", first.all, first.first, first.five);
    assert!(first.all >= 200);
    assert!(
        first.five * 100 >= first.all * 97,
        "{} of {}:\n{}",
        first.five,
        first.all,
        first.missed
    );
    for (heading, lines) in sets(LATER) {
        let Recall { all, first, five, missed } = recall(lines.into_iter());
        eprintln!("{heading} Now: {all} queries, {first} answered first, {five} within five");
        assert!(five * 100 >= all * 91, "{heading} {five} of {all}:\n{missed}");
    }
}

fn queries() -> impl Iterator<Item = &'static str> {
    QUERIES.lines().chain(LATER.lines().filter(|line| !line.starts_with('#')))
}

#[test]
fn every_expected_operation_exists_and_no_query_is_a_rule() {
    let rules: Vec<_> = SYNONYMS.lines().filter_map(|line| line.split_once('=')).collect();
    let said: Vec<_> = rules.iter().flat_map(|(said, _)| said.split('|').map(str::trim)).collect();
    for line in queries() {
        let (text, expected) = line.split_once('\t').unwrap();
        assert!(text.split(' ').count() < 3 || !said.contains(&text), "{text}");
        for name in expected.split(' ') {
            assert!(Index::get().unwrap().operation(name).is_some(), "{name}");
        }
    }
}

#[test]
fn the_name_of_a_service_finds_its_operations() {
    for service in Index::get().unwrap().services() {
        let text = service.name();
        let hits = search().find(&Query { text, service: None, effect: None, limit: 5 });
        assert_eq!(hits.first().map(|hit| hit.service.name()), Some(text));
    }
}

/// One operation of so many is looked for; all 19,796 with `--ignored`.
const SAMPLED: usize = 31;

#[test]
fn the_name_of_an_operation_finds_it() {
    names_are_found(SAMPLED);
}

#[test]
#[ignore = "the same for all operations: some minutes in a debug build"]
fn the_name_of_every_operation_finds_it() {
    names_are_found(1);
}

/// A name that operations of many services have finds five of these; with its service it finds it.
fn names_are_found(step: usize) {
    let index = Index::get().unwrap();
    let mut sharing: HashMap<String, usize> = HashMap::new();
    let all = || index.services().iter().flat_map(|s| s.operations().iter().map(move |o| (s, o)));
    for (_, operation) in all() {
        *sharing.entry(operation.name().to_lowercase()).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for (service, operation) in all().step_by(step) {
        let name = operation.name();
        let hits = found(name, 5);
        let full = format!("{}:{name}", service.name());
        let alike = hits.iter().filter(|hit| {
            hit.split_once(':').is_some_and(|(_, own)| own.eq_ignore_ascii_case(name))
        });
        let alike = alike.count();
        if !(hits.contains(&full) || (sharing[&name.to_lowercase()] > 5 && alike == 5)) {
            wrong.push(format!("{name}: {hits:?}"));
        }
        for text in [full.clone(), format!("{} {}", service.name(), spelled(name))] {
            if found(&text, 1) != [full.as_str()] {
                wrong.push(format!("{text}: {:?}", found(&text, 1)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A name as the AWS CLI has it, nearly: `list-buckets`.
fn spelled(name: &str) -> String {
    let mut spelled = String::new();
    let mut small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && small {
            spelled.push('-');
        }
        small = !letter.is_uppercase();
        spelled.extend(letter.to_lowercase());
    }
    spelled
}

#[test]
fn a_service_and_an_effect_can_be_given() {
    let index = Index::get().unwrap();
    let find = |text, service: Option<&str>, effect| {
        let service = service.map(|name| index.service(name).unwrap());
        search().find(&Query { text, service, effect, limit: 10 })
    };
    let hits = find("list clusters", Some("eks"), None);
    assert_eq!(hits[0].operation.name(), "ListClusters");
    assert!(hits.iter().all(|hit| hit.service.name() == "eks"));
    let hits = find("delete", Some("sqs"), None);
    assert!(hits[0].operation.name().starts_with("Delete"), "{hits:?}");
    for effect in [Effect::Read, Effect::Write, Effect::Destructive, Effect::Grant, Effect::Secret]
    {
        let hits = find("database", None, Some(effect));
        assert!(hits.iter().all(|hit| hit.operation.effect() == effect));
        assert!(!hits.is_empty(), "{effect:?}");
    }
    assert!(find("database", None, Some(Effect::Unknown)).is_empty());
    assert_eq!(find("", Some("sts"), None).len(), 10);
    assert!(find("xyzzy plugh", Some("sts"), Some(Effect::Read)).len() <= 10);
}

#[test]
fn texts_that_say_nothing_find_nothing() {
    for text in
        ["", "   ", "the of and", "::::", "--", "\0", "山", "🦀🦀🦀", "12345 67890", "xqzvwk"]
    {
        assert_eq!(found(text, 10), [""; 0], "{text}");
    }
    assert!(found("list buckets", 0).is_empty());
    assert!(found("list buckets", usize::MAX).len() > 5);
}

#[test]
fn long_and_strange_texts_are_bounded() {
    for piece in ["a", "aB", "list ", "bucket-", "ec2:", "é", "\u{202e}s3 ", "not ", "-- ", "🦀s "]
    {
        let text = piece.repeat(100_000 / piece.len());
        assert!(found(&text, 10).len() <= 10);
    }
}

#[test]
fn filler_and_negated_words_do_no_harm() {
    let check = |text: &str, expected: &str| assert_eq!(found(text, 1), [expected], "{text}");
    check("list buckets", "s3:ListBuckets");
    check("Could you please list all of my buckets for me now?", "s3:ListBuckets");
    check("list buckets but not the objects", "s3:ListBuckets");
    check("list buckets without tags", "s3:ListBuckets");
    check("LIST BUCKETS!!!", "s3:ListBuckets");
}

#[test]
fn any_text_is_safe() {
    use proptest::prelude::*;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let words =
        prop_oneof!["\\PC{0,40}", "[a-zA-Z:_ -]{0,200}", "(list|get|ec2|not|--|s3| |:){0,30}"];
    runner
        .run(&words, |text| {
            let hits = found(&text, 7);
            prop_assert!(hits.len() <= 7);
            prop_assert_eq!(hits, found(&text, 7));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_property_finds_the_operations_that_take_it() {
    let check = |text: &str, expected: &str| {
        let hits = found(text, 5);
        assert!(hits.iter().any(|hit| hit == expected), "{text}: {hits:?}");
    };
    check("hop limit of instance metadata", "ec2:ModifyInstanceMetadataOptions");
    check("efs throughput mode", "efs:UpdateFileSystem");
    check("eks upgrade policy support type", "eks:UpdateClusterConfig");
    check("kms reuse period of a queue", "sqs:SetQueueAttributes");
}
