//! What the synonyms and the names of services say, in terms of a vocabulary.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::synonyms::{self, Hint, Said, Synonyms, Target};
use super::table::Table;
use super::vocabulary::{Term, Vocabulary};
use super::word;
use crate::bytes::Broken;
use crate::catalog::{Index, name};

/// What the synonyms and the names of services say, in terms of a vocabulary.
#[derive(Debug)]
pub(super) struct Lexicon {
    pub fillers: HashSet<Term>,
    pub negations: HashSet<Term>,
    /// What operations begin with when people use a verb.
    pub verbs: HashMap<Term, Vec<(Term, f32)>>,
    pub rules: Vec<Rule>,
    /// Services by their names in small letters and without separators.
    pub services: HashMap<String, Vec<Called>>,
    /// How much more or less than others a service is used.
    pub usage: Vec<f32>,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub phrases: Vec<Vec<Term>>,
    pub meant: Arc<Vec<(Meant, f32)>>,
    /// The words said are not looked for themselves.
    pub replaces: bool,
    pub names_service: bool,
}

/// A service that has a name.
#[derive(Debug)]
pub(super) struct Called {
    pub service: u16,
    pub weight: f32,
    /// It is the service's canonical name.
    pub own: bool,
}

#[derive(Debug)]
pub(super) enum Meant {
    Word(Term, bool),
    Service(u16),
    Operation(u16, u16),
}

/// A service is meant by a name of its own, by one that it shares, by one that is also a word.
pub(super) const NAMED: f32 = 7.0;
pub(super) const SHARED: f32 = 4.5;
pub(super) const ORDINARY: f32 = 3.0;
/// What a rule gives a service or an operation.
const SERVICE: (f32, f32) = (6.0, 2.5);
const OPERATION: (f32, f32) = (20.0, 6.0);
impl Lexicon {
    /// Reads the synonyms. Fails on a line without meaning, and on a service or an operation that
    /// the index has not.
    pub fn new(file: &str, index: &Index, vocabulary: &mut Vocabulary) -> Result<Self, Broken> {
        let synonyms = synonyms::read(file)?;
        let services = called(&synonyms, index, vocabulary);
        let mut usage = vec![0.0; index.services().len()];
        for (service, weight) in &synonyms.usage {
            if let Some(usage) = usage.get_mut(usize::from(numbered(index, service)?)) {
                *usage = *weight;
            }
        }
        let verbs = verbs(&synonyms, vocabulary);
        let rules = rules(&synonyms, index, vocabulary)?;
        let mut terms = |words: &[&str]| words.iter().map(|word| vocabulary.intern(word)).collect();
        let (fillers, negations) = (terms(&synonyms.fillers), terms(&synonyms.negations));
        Ok(Self { fillers, negations, verbs, rules, services, usage })
    }

    /// Whether people or operations use a term as a verb.
    pub fn is_verb(&self, term: Term, table: &Table) -> bool {
        self.verbs.contains_key(&term) || table.firsts(term) > 0
    }
}

/// Services by their names.
fn called(
    synonyms: &Synonyms<'_>,
    index: &Index,
    vocabulary: &mut Vocabulary,
) -> HashMap<String, Vec<Called>> {
    let mut services: HashMap<String, Vec<Called>> = HashMap::new();
    for (number, service) in (0..).zip(index.services()) {
        for called in [service.name()].into_iter().chain(service.aliases()) {
            let key = joined(called);
            vocabulary.intern(&key);
            for word in word::of_text(called) {
                vocabulary.intern(&word.text);
            }
            let own = key == joined(service.name());
            let entry = services.entry(key).or_default();
            if !entry.iter().any(|known| known.service == number) {
                let weight = if own { NAMED } else { SHARED };
                entry.push(Called { service: number, weight, own });
            }
        }
    }
    for (key, entry) in &mut services {
        let ordinary = synonyms.ordinary.iter().any(|word| joined(word) == *key);
        let alone = entry.len() == 1;
        for called in entry.iter_mut() {
            called.weight = match (ordinary, alone) {
                (true, _) => ORDINARY,
                (false, true) => NAMED,
                (false, false) => called.weight,
            };
        }
    }
    services
}

/// What operations begin with, by what people say.
fn verbs(synonyms: &Synonyms<'_>, vocabulary: &mut Vocabulary) -> HashMap<Term, Vec<(Term, f32)>> {
    let mut verbs: HashMap<Term, Vec<(Term, f32)>> = HashMap::new();
    for verb in &synonyms.verbs {
        let meant: Vec<_> = (0_u8..)
            .zip(&verb.meant)
            .map(|(place, (word, hint))| match hint {
                Hint::Strong => (vocabulary.intern(word), 1.0 - 0.04 * f32::from(place.min(5))),
                Hint::Weak => (vocabulary.intern(word), 0.5),
            })
            .collect();
        for word in &verb.words {
            verbs.entry(vocabulary.intern(word)).or_default().extend(&meant);
        }
    }
    verbs
}

fn rules(
    synonyms: &Synonyms<'_>,
    index: &Index,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<Rule>, Broken> {
    let mut rules = Vec::new();
    for rule in &synonyms.rules {
        let mut meant = Vec::new();
        for (target, hint) in &rule.meant {
            let strong = *hint == Hint::Strong;
            let of = |(most, least): (f32, f32)| if strong { most } else { least };
            match target {
                Target::Words(words) => {
                    for word in words.split_whitespace() {
                        let plural = word::is_plural(word);
                        let term = vocabulary.intern(word);
                        meant.push((Meant::Word(term, plural), of((1.0, 0.5))));
                    }
                }
                Target::Service(service) => {
                    meant.push((Meant::Service(numbered(index, service)?), of(SERVICE)));
                }
                Target::Operation(called) => {
                    let (service, operation) = called.split_once(':').unwrap_or((called, ""));
                    let service = numbered(index, service)?;
                    let found = index.services().get(usize::from(service));
                    let place = found.and_then(|found| {
                        found.operations().iter().position(|o| o.name() == operation)
                    });
                    let place = place.and_then(|place| u16::try_from(place).ok());
                    let place = place
                        .ok_or_else(|| Broken::new(&format!("no such operation: {called}")))?;
                    meant.push((Meant::Operation(service, place), of(OPERATION)));
                }
            }
        }
        let meant = Arc::new(meant);
        let strong = |(target, hint): &(Target<'_>, Hint)| {
            matches!(target, Target::Words(_)) && *hint == Hint::Strong
        };
        let words = |(target, _): &(Target<'_>, Hint)| matches!(target, Target::Words(_));
        let names_service = meant.iter().any(|(m, w)| matches!(m, Meant::Service(_)) && *w > 5.0);
        for said in &rule.said {
            let phrases = match said {
                Said::Phrase(phrase) => vec![*phrase],
                Said::All(phrases) => phrases.clone(),
            };
            let mut terms = |phrase: &&str| {
                phrase.split_whitespace().map(|word| vocabulary.intern(word)).collect()
            };
            rules.push(Rule {
                phrases: phrases.iter().map(&mut terms).collect(),
                meant: meant.clone(),
                replaces: matches!(said, Said::Phrase(_))
                    && (rule.meant.iter().any(strong)
                        || phrases_of_words(said) && rule.meant.iter().any(words)),
                names_service,
            });
        }
    }
    Ok(rules)
}

/// The number of a service.
fn numbered(index: &Index, name: &str) -> Result<u16, Broken> {
    let place = index.services().binary_search_by(|s| name::compare(s.name(), name));
    let place = place.ok().and_then(|place| u16::try_from(place).ok());
    place.ok_or_else(|| Broken::new(&format!("synonyms name no service: {name}")))
}

/// Whether it is one phrase of several words.
fn phrases_of_words(said: &Said<'_>) -> bool {
    matches!(said, Said::Phrase(phrase) if phrase.contains(' '))
}

fn joined(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
