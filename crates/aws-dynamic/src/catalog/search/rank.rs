//! How well each operation answers what is asked for.

use std::cmp::Ordering;

use super::meaning::Meaning;
use super::vocabulary::Term;
use super::{Hit, Query, Search};
use crate::catalog::Effect;

/// What a fitting verb adds, and what one that nobody asked for does.
const VERB: f32 = 4.2;
const TELLING: f32 = 0.5;
const LOOKS: f32 = 0.55;
/// A name in the same number as the word that asks for it.
const SAME_NUMBER: f32 = 1.08;
/// What is taken off what cannot be undone where nothing of the kind is asked for.
const DESTRUCTIVE: f32 = 1.5;
/// What a member counts beside a name.
const MEMBER: f32 = 0.6;
/// With so much of a property, a verb that fits weakly fits.
const FITS: f32 = 4.0;
/// First words of so few operations say enough to be looked for alone.
const RARE: u32 = 60;
/// What has less than this part of the best score is not worth reading.
const WORTH: f32 = 0.25;

/// The operations that fit, the best first.
pub(super) fn hits<'a>(search: &Search<'a>, meaning: &Meaning, query: &Query<'_>) -> Vec<Hit<'a>> {
    let table = &search.table;
    let mut scores = vec![0.0_f32; table.rows().len()];
    let mut properties = vec![0.0_f32; table.rows().len()];
    let mut seen = vec![0_u16; table.rows().len()];
    for (number, thing) in (1..).zip(&meaning.things) {
        let (weight, burden) =
            (table.weight(thing.term), table.burden(thing.term, &search.vocabulary));
        for posting in table.postings(thing.term) {
            if let Some(score) = scores.get_mut(posting.row as usize) {
                let alike = if posting.plural == thing.plural { SAME_NUMBER } else { 1.0 };
                *score += thing.weight * weight * alike + burden * thing.weight;
            }
            if let Some(seen) = seen.get_mut(posting.row as usize) {
                *seen = number;
            }
        }
        for (row, says) in search.members.of(thing.term, table.rows().len()) {
            let in_name = seen.get(row as usize).is_some_and(|seen| *seen == number);
            if let Some(property) = properties.get_mut(row as usize).filter(|_| !in_name) {
                *property += MEMBER * says * thing.weight;
            }
        }
        for (row, weight) in search.descriptions.of(thing.term, table.rows().len()) {
            if let Some(score) = scores.get_mut(row as usize) {
                *score += weight * thing.weight;
            }
        }
    }
    let mut hinted = vec![0.0_f32; search.index.services().len()];
    for (service, weight) in &meaning.services {
        if let Some(hinted) = hinted.get_mut(usize::from(*service)) {
            *hinted = *weight;
        }
    }
    let mut asked = vec![0.0_f32; search.vocabulary.len()];
    for (verb, weight) in &meaning.verbs {
        if let Some(asked) = asked.get_mut(*verb as usize) {
            *asked = *weight;
        }
    }
    let mut named = vec![0.0_f32; table.rows().len()];
    for (row, weight) in &meaning.operations {
        if let Some(named) = named.get_mut(*row as usize) {
            *named = *weight;
        }
    }
    let nothing = meaning.things.is_empty()
        && meaning.services.is_empty()
        && meaning.operations.is_empty()
        && meaning.verbs.is_empty();
    let browsing = nothing && query.service.is_some();
    let mut hits = Vec::new();
    let given = query.service.is_some();
    let facts = table.rows().iter().zip(scores).zip(properties).zip(named);
    for (row, (((entry, found), property), named)) in (0..).zip(facts) {
        let hinted = hinted.get(usize::from(entry.service)).copied().unwrap_or_default();
        let asked = asked.get(entry.verb as usize).copied().unwrap_or_default();
        if found + property + hinted + named <= 0.0 && !browsing {
            let rare = asked > 0.9 && table.firsts(entry.verb) <= RARE;
            if !(rare || given && asked > 0.0) {
                continue;
            }
        }
        let Some((service, operation)) = table.of(search.index, row) else { continue };
        if query.service.is_some_and(|only| only.name() != service.name())
            || query.effect.is_some_and(|only| only != operation.effect())
        {
            continue;
        }
        let verb = match (asked > 0.0, meaning.has_verb) {
            (true, _) if asked >= 0.99 => (VERB + telling(search, entry.verb)) * asked,
            // `enable` is `modify` if what is to be enabled is a property.
            (true, _) => VERB * (asked + (0.95 - asked) * (property / FITS).min(1.0)),
            (false, true) => 0.0,
            (false, false) => VERB * LOOKS * looks(search, entry.verb),
        };
        let grave = asked <= 0.0 && named <= 0.0 && operation.effect() == Effect::Destructive;
        let usage = search.lexicon.usage.get(usize::from(entry.service)).copied();
        let score = found + property + hinted + named + verb + usage.unwrap_or_default()
            - entry.burden
            - if grave { DESTRUCTIVE } else { 0.0 };
        hits.push(Hit { service, operation, score });
    }
    let best = hits.iter().map(|hit| hit.score).fold(f32::MIN, f32::max);
    hits.retain(|hit| browsing || hit.score >= best * WORTH);
    let limit = query.limit.min(hits.len());
    if limit < hits.len() && limit > 0 {
        hits.select_nth_unstable_by(limit - 1, order);
    }
    hits.truncate(limit);
    hits.sort_by(order);
    hits
}

/// What a first word says beyond others: that few operations begin with it.
fn telling(search: &Search<'_>, verb: Term) -> f32 {
    let all = search.table.rows().len() as f32;
    let some = search.table.firsts(verb).max(1) as f32;
    TELLING * ((all / some).ln() - 3.0).max(0.0)
}

/// How much a first word is one of looking, which is what is meant where none is said.
fn looks(search: &Search<'_>, verb: Term) -> f32 {
    match search.vocabulary.stem(verb) {
        "list" => 1.0,
        "describ" => 0.95,
        "get" => 0.8,
        "search" | "lookup" => 0.5,
        _ => 0.0,
    }
}

fn order(one: &Hit<'_>, other: &Hit<'_>) -> Ordering {
    let (a, b) = (one.operation.name(), other.operation.name());
    other
        .score
        .total_cmp(&one.score)
        .then_with(|| a.len().cmp(&b.len()))
        .then_with(|| a.cmp(b))
        .then_with(|| one.service.name().cmp(other.service.name()))
}
