//! What a text asks for: which verbs, which things, which services, which operations, and how surely.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::lexicon::{Called, Lexicon, Meant, NAMED, ORDINARY, SHARED};
use super::table::{Row, Table, sum};
use super::vocabulary::{Term, Vocabulary};
use super::word::{self, Word};
use crate::catalog::{Index, name};

/// What a text asks for.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub things: Vec<Thing>,
    /// First words of operations.
    pub verbs: HashMap<Term, f32>,
    /// A verb is among the words, a question at least.
    pub has_verb: bool,
    pub services: HashMap<u16, f32>,
    pub operations: HashMap<Row, f32>,
}

/// A word that names are asked to have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thing {
    pub term: Term,
    pub weight: f32,
    pub plural: bool,
}

/// It is all that is said, or stands before a colon or behind `aws`.
const ADDRESSED: f32 = 20.0;
/// What an operation gets for its own name, as it is written, and beside its service's.
const WRITTEN: f32 = 30.0;
const SPOKEN: f32 = 4.0;
const WHOLE: f32 = 6.0;
const WITH_SERVICE: f32 = 20.0;
const WITH_ITS_OWN: f32 = 30.0;

/// What questions begin with that are not answered by doing what they speak of.
const ASKS: [&str; 18] = [
    "why", "who", "what", "which", "when", "where", "is", "are", "was", "were", "did", "does",
    "has", "have", "am", "whose", "isn", "aren",
];

const PREPOSITIONS: [&str; 12] =
    ["of", "for", "in", "on", "from", "to", "by", "at", "into", "with", "inside", "onto"];
/// What a word behind a preposition counts beside others.
const ASIDE: f32 = 0.75;

/// What a word says of a service of its own where it is part of a name of others.
const OF_OTHERS: f32 = 0.35;

struct Token {
    text: String,
    term: Option<Term>,
    weight: f32,
    colon: bool,
    /// It stands behind a preposition: of `events of a cluster` the events are asked for.
    aside: bool,
}

impl Lexicon {
    /// What a text asks for.
    pub fn meaning(
        &self,
        text: &str,
        index: &Index,
        table: &Table,
        vocabulary: &Vocabulary,
    ) -> Meaning {
        let words = word::of_text(text);
        let mut meaning = Meaning::default();
        let tokens = self.tokens(&words, vocabulary);
        let called = self.called(&tokens);
        let mut taken = self.follow_rules(&tokens, &called, table, &mut meaning);
        let mentioned = mentioned(&tokens, &called, &mut taken, &mut meaning);
        forget_guesses(&mentioned, &mut meaning);
        names(&words, &mentioned, index, table, &mut meaning);
        self.look_for(&tokens, &taken, table, vocabulary, &mut meaning);
        meaning
    }

    /// The words without what is negated, errors of typing seen through.
    fn tokens(&self, words: &[Word], vocabulary: &Vocabulary) -> Vec<Token> {
        let mut tokens = Vec::new();
        let (mut negated, mut said, mut behind) = (false, false, false);
        for word in words {
            let known = vocabulary.find(&word.text);
            if known.is_some_and(|term| self.negations.contains(&term)) {
                negated = true;
                continue;
            }
            let filler = known.is_some_and(|term| self.fillers.contains(&term));
            if negated && !filler {
                negated = false;
                continue;
            }
            let colon = word.colon;
            behind |= said && PREPOSITIONS.contains(&word.text.as_str());
            said |= !filler;
            let aside = behind;
            match known {
                Some(term) => {
                    let text = word.text.clone();
                    tokens.push(Token { text, term: Some(term), weight: 1.0, colon, aside });
                }
                None => {
                    let meant = vocabulary.meant_by(&word.text);
                    if meant.is_empty() {
                        let text = word.text.clone();
                        tokens.push(Token { text, term: None, weight: 1.0, colon, aside });
                    }
                    tokens.extend(meant.into_iter().map(|term| Token {
                        text: corrected(&word.text, vocabulary.form(term)),
                        term: Some(term),
                        weight: 0.8,
                        colon,
                        aside,
                    }));
                }
            }
        }
        tokens
    }

    /// Applies the rules; gives for each token what it is still worth by itself, and whether a rule
    /// has named a service by it.
    fn follow_rules(
        &self,
        tokens: &[Token],
        called: &[(Range<usize>, &[Called])],
        table: &Table,
        meaning: &mut Meaning,
    ) -> Vec<Taken> {
        let present: HashSet<Term> = tokens.iter().filter_map(|token| token.term).collect();
        let all = 0..tokens.len();
        let name = |(span, called): &(Range<usize>, &[Called])| {
            *span == all && called.iter().any(|called| called.own)
        };
        // A text that is nothing but a service's name means that service.
        let rules = if called.iter().any(name) { &[] } else { self.rules.as_slice() };
        let mut hits = Vec::new();
        for rule in rules {
            if !rule.phrases.iter().flatten().all(|term| present.contains(term)) {
                continue;
            }
            let places: Vec<_> =
                rule.phrases.iter().filter_map(|phrase| self.place(phrase, tokens)).collect();
            if places.len() == rule.phrases.len() {
                hits.push((rule, places));
            }
        }
        let spans: Vec<_> = hits
            .iter()
            .filter_map(|(_, places)| match places.as_slice() {
                [span] => Some(span.clone()),
                _ => None,
            })
            .chain(called.iter().map(|(span, _)| span.clone()))
            .collect();
        let mut taken = vec![Taken { worth: 1.0, named: 0 }; tokens.len()];
        let rows = table.rows();
        for (rule, places) in &hits {
            // `cloudwatch logs` is not `cloudwatch`.
            if let [span] = places.as_slice() {
                let within = |other: &&Range<usize>| {
                    other.start <= span.start && span.end <= other.end && other.len() > span.len()
                };
                if spans.iter().any(|other| within(&other)) {
                    continue;
                }
                for taken in taken.get_mut(span.clone()).unwrap_or_default() {
                    if rule.replaces {
                        taken.worth = if span.len() > 1 { 0.0 } else { taken.worth.min(0.5) };
                    }
                    if rule.names_service {
                        taken.named = taken.named.max(span.len());
                    }
                }
            }
            let sure = |span: &Range<usize>| {
                let own = tokens.get(span.clone()).unwrap_or_default();
                own.iter().map(|token| token.weight).fold(1.0, f32::min)
            };
            let sure = places.iter().map(sure).fold(1.0, f32::min);
            let part_of: Vec<(Term, Term)> = match places.as_slice() {
                [span] if span.len() == 1 => pairs(tokens)
                    .filter(|(place, _)| *place == span.start || place + 1 == span.start)
                    .map(|(_, pair)| pair)
                    .collect(),
                _ => Vec::new(),
            };
            for (meant, weight) in rule.meant.iter() {
                let weight = weight * sure;
                match meant {
                    Meant::Word(term, plural) => {
                        let spoken = places.iter().flat_map(|span| tokens.get(span.clone()));
                        let aside = spoken.clone().flatten().all(|token| token.aside);
                        let weight = if aside { ASIDE * weight } else { weight };
                        let plural =
                            *plural || spoken.flatten().any(|token| word::is_plural(&token.text));
                        meaning.things.push(Thing { term: *term, weight, plural });
                        if self.is_verb(*term, table) {
                            self.verb(*term, weight, table, meaning);
                        }
                    }
                    Meant::Service(service) => {
                        // The queue of `job queue` is not SQS's, the policy of `bucket policy` S3's.
                        let of_others = part_of.iter().any(|(one, other)| {
                            let mut own = table
                                .paired(*one, *other)
                                .map(|row| rows.get(row as usize).map(|entry| entry.service))
                                .peekable();
                            own.peek().is_some() && own.all(|own| own != Some(*service))
                        });
                        let weight = if of_others { weight * OF_OTHERS } else { weight };
                        add(&mut meaning.services, *service, weight);
                    }
                    Meant::Operation(service, operation) => {
                        let first = rows.partition_point(|entry| entry.service < *service);
                        if let Ok(row) = Row::try_from(first + usize::from(*operation)) {
                            add(&mut meaning.operations, row, weight);
                        }
                    }
                }
            }
        }
        taken
    }

    /// Where names of services are among the words.
    fn called(&self, tokens: &[Token]) -> Vec<(Range<usize>, &[Called])> {
        let mut found = Vec::new();
        for start in 0..tokens.len() {
            let mut key = String::new();
            for (end, token) in tokens.iter().enumerate().skip(start).take(6) {
                key.push_str(&token.text);
                if let Some(services) = self.services.get(&key) {
                    found.push((start..end + 1, services.as_slice()));
                }
            }
        }
        found
    }

    /// What words mean by themselves.
    fn look_for(
        &self,
        tokens: &[Token],
        taken: &[Taken],
        table: &Table,
        vocabulary: &Vocabulary,
        meaning: &mut Meaning,
    ) {
        let mut verbs = 0;
        let mut before: Option<&Token> = None;
        let asks = tokens.first().is_some_and(|first| ASKS.contains(&first.text.as_str()));
        let next = tokens.iter().skip(1).map(Some).chain([None]);
        for ((token, taken), next) in tokens.iter().zip(taken).zip(next) {
            let (Some(term), worth) = (token.term, taken.worth * token.weight) else { continue };
            let filler = self.fillers.contains(&term);
            let plural = word::is_plural(&token.text);
            if worth > 0.0
                && (!plural || table.is_rather_a_verb(term) || begins_with_article(next))
                && taken.named < 2
                && (!filler || self.verbs.contains_key(&term))
            {
                let article = before.is_some_and(|before| {
                    matches!(before.text.as_str(), "a" | "an" | "the" | "my" | "our" | "this")
                });
                // `running tasks` and `the backup` are things.
                let thing = article
                    || token.text.ends_with("ed")
                    || (before.is_some() && is_participle(&token.text));
                // `why did it stop` does not ask to stop it.
                let told = asks && before.is_some();
                let place = match (thing || told, verbs) {
                    (true, _) => 0.4,
                    (false, 0) => 1.0,
                    (false, _) => 0.7,
                };
                if self.is_verb(term, table) {
                    self.verb(term, place * token.weight, table, meaning);
                    verbs += 1;
                }
            }
            if !filler && worth > 0.0 {
                let weight = if token.aside { ASIDE * worth } else { worth };
                meaning.things.push(Thing { term, weight, plural });
            }
            if !filler && worth > 0.0 && table.weight(term) <= 0.0 {
                let halves = vocabulary.halves(&token.text).unwrap_or_default();
                if halves.iter().all(|half| table.weight(*half) > 0.0) {
                    let weight = 0.9 * worth;
                    meaning.things.extend(halves.iter().map(|t| Thing {
                        term: *t,
                        weight,
                        plural,
                    }));
                }
            }
            if let Some(before) = before {
                let both = vocabulary.find(&format!("{}{}", before.text, token.text));
                if let Some(term) = both.filter(|term| table.weight(*term) > 0.0) {
                    meaning.things.push(Thing { term, weight: 0.9 * token.weight, plural });
                }
            }
            before = Some(token);
        }
        let things = std::mem::take(&mut meaning.things);
        for thing in things {
            match meaning.things.iter_mut().find(|known| known.term == thing.term) {
                None => meaning.things.push(thing),
                Some(known) => {
                    known.weight = known.weight.max(thing.weight);
                    known.plural |= thing.plural;
                }
            }
        }
    }

    /// Where a phrase stands, fillers between its words or not.
    fn place(&self, phrase: &[Term], tokens: &[Token]) -> Option<Range<usize>> {
        let starts = (0..tokens.len()).filter(|start| {
            tokens.get(*start).is_some_and(|token| token.term == phrase.first().copied())
        });
        let end = |start: usize| {
            let mut at = start;
            for term in phrase {
                let rest = tokens.get(at..)?;
                let skipped = rest.iter().position(|token| {
                    token.term == Some(*term)
                        || !token.term.is_some_and(|term| self.fillers.contains(&term))
                })?;
                at += skipped;
                tokens.get(at).filter(|token| token.term == Some(*term))?;
                at += 1;
            }
            Some(at)
        };
        starts.into_iter().find_map(|start| end(start).map(|end| start..end))
    }

    fn verb(&self, term: Term, worth: f32, table: &Table, meaning: &mut Meaning) {
        meaning.has_verb |= worth >= 0.5;
        let mut meant = |term: Term, weight: f32| {
            let known = meaning.verbs.entry(term).or_default();
            *known = known.max(weight);
        };
        if table.firsts(term) > 0 {
            meant(term, 1.15 * worth);
        }
        for (term, weight) in self.verbs.get(&term).into_iter().flatten() {
            meant(*term, weight * worth);
        }
    }
}

/// Each two words that stand side by side, with the place of the first.
fn pairs(tokens: &[Token]) -> impl Iterator<Item = (usize, (Term, Term))> {
    let next = tokens.iter().skip(1);
    let both = tokens.iter().zip(next).map(|(one, other)| one.term.zip(other.term));
    both.enumerate().filter_map(|(place, pair)| pair.map(|pair| (place, pair)))
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    worth: f32,
    /// The length of the longest phrase around it by which a rule has named a service.
    named: usize,
}

/// Adds the services whose names are among the words, where no rule says more; gives what the name
/// of an operation is worth beside each.
fn mentioned(
    tokens: &[Token],
    called: &[(Range<usize>, &[Called])],
    taken: &mut [Taken],
    meaning: &mut Meaning,
) -> HashMap<u16, f32> {
    let mut mentioned = HashMap::new();
    for (span, services) in called {
        let longer = |(other, _): &(Range<usize>, &[Called])| {
            other.start <= span.start && span.end <= other.end && other.len() > span.len()
        };
        let own = taken.get(span.clone()).unwrap_or_default();
        if called.iter().any(longer) || own.iter().any(|taken| taken.named > span.len()) {
            continue;
        }
        let sure_name = services.iter().any(|called| called.weight > ORDINARY);
        let own_name = if sure_name && span.len() < tokens.len() { 0.5 } else { 1.0 };
        for taken in taken.get_mut(span.clone()).unwrap_or_default() {
            taken.named = taken.named.max(span.len());
            taken.worth = taken.worth.min(own_name);
        }
        let tokens_of = tokens.get(span.clone()).unwrap_or_default();
        let alone = span.len() == tokens.len();
        let addressed = tokens_of.last().is_some_and(|token| token.colon)
            || (span.start == 1 && tokens.first().is_some_and(|token| token.text == "aws"));
        let sure = tokens_of.iter().map(|token| token.weight).fold(1.0, f32::min);
        for called in services.iter() {
            let weight = match (alone || addressed, called.own) {
                (true, true) => ADDRESSED,
                (true, false) => NAMED,
                (false, _) => called.weight,
            };
            add(&mut meaning.services, called.service, weight * sure);
            let more = if called.own { WITH_ITS_OWN } else { WITH_SERVICE };
            let known: &mut f32 = mentioned.entry(called.service).or_default();
            *known = known.max(more);
        }
    }
    mentioned
}

/// Leaves out what words hint at weakly where another service is named.
fn forget_guesses(mentioned: &HashMap<u16, f32>, meaning: &mut Meaning) {
    let weight = |service: &u16| meaning.services.get(service).copied().unwrap_or_default();
    if mentioned.keys().any(|service| weight(service) >= SHARED) {
        meaning
            .services
            .retain(|service, weight| mentioned.contains_key(service) || *weight >= SHARED);
    }
}

/// Adds to the names that stand in the words as they are written.
fn names(
    words: &[Word],
    mentioned: &HashMap<u16, f32>,
    index: &Index,
    table: &Table,
    meaning: &mut Meaning,
) {
    let mut covered = 0;
    for start in 0..words.len() {
        let (mut hash, mut length, mut tight) = (0, 0, true);
        let mut best: Option<(usize, f32, Vec<Row>)> = None;
        for (count, word) in (1..).zip(words.iter().skip(start).take(16)) {
            hash = sum(hash, &word.text);
            length += word.text.len();
            tight &= count == 1 || word.tight;
            let rest: Vec<&str> =
                words.iter().skip(start).take(count).map(|word| word.text.as_str()).collect();
            let written = rest.concat();
            let same = |row: &Row| {
                table.of(index, *row).is_some_and(|(_, o)| name::same(o.name(), &written))
            };
            let rows: Vec<Row> = table.named(hash).filter(same).collect();
            if rows.is_empty() {
                continue;
            }
            let weight = match () {
                () if tight && (count > 1 || length >= 10) => WRITTEN,
                () if count == words.len() => WHOLE,
                () if count > 1 => SPOKEN,
                () => 1.0,
            };
            best = Some((start + count, weight, rows));
        }
        let Some((end, weight, rows)) = best.filter(|(end, ..)| *end > covered) else { continue };
        covered = end;
        for row in rows {
            let service = table.rows().get(row as usize).map_or(u16::MAX, |entry| entry.service);
            let more = mentioned.get(&service).copied().unwrap_or_default();
            add(&mut meaning.operations, row, weight + more);
        }
    }
}

/// `allocates an address` tells what is done, `snapshots of volumes` does not.
fn begins_with_article(rest: Option<&Token>) -> bool {
    let article = |token: &Token| {
        matches!(token.text.as_str(), "a" | "an" | "the" | "my" | "our" | "your" | "this" | "all")
    };
    rest.is_some_and(article)
}

fn is_participle(word: &str) -> bool {
    word.len() > 5 && (word.ends_with("ing") || word.ends_with("ed"))
}

/// The strongest reason counts, each further one a third.
fn add<K: std::hash::Hash + Eq>(weights: &mut HashMap<K, f32>, key: K, weight: f32) {
    let known = weights.entry(key).or_default();
    let (most, least) = if *known > weight { (*known, weight) } else { (weight, *known) };
    *known = most + 0.3 * least;
}

/// The known form of a word typed wrongly, in the number in which it was typed.
fn corrected(typed: &str, form: &str) -> String {
    match (word::is_plural(typed), word::is_plural(form)) {
        (true, false) => format!("{form}s"),
        (true, true) | (false, false) | (false, true) => form.to_owned(),
    }
}
