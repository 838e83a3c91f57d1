//! Operations by what they take and answer: `DeletionProtection` is no operation's name, but a member
//! of the inputs of some. People ask for a property as often as for an operation, so members are
//! searched too; they are many, and count less than names.

use std::collections::HashMap;

use super::table::Row;
use super::vocabulary::{Term, Vocabulary};
use super::word::{self, Word};
use crate::catalog::{Effect, Index, Models};
use crate::model::Shape;

/// What a member weighs by how deep it stands, of inputs and of outputs.
const INPUT: [u8; 3] = [100, 75, 55];
const OUTPUT: [u8; 4] = [45, 45, 40, 30];
/// What the values that a member can have weigh, of a hundred of its own weight.
const VALUES: u32 = 70;
/// More values than that are a list of things, not of properties.
const MOST_VALUES: usize = 48;
/// As many members are looked at of one input or output.
const MOST_MEMBERS: usize = 1_500;
/// What so many operations have says nothing.
const MOST_ROWS: usize = 2_500;
/// Inputs of more words than that count less for each.
const USUAL_WORDS: f32 = 40.0;

/// The words of all members, by term.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Where the postings of a term begin; one more at the end.
    starts: Vec<u32>,
    postings: Vec<Posting>,
}

#[derive(Clone, Copy, Debug)]
struct Posting {
    row: u16,
    /// Of a hundred.
    weight: u8,
}

impl Members {
    /// The members of all operations of a table. Their words are added to the vocabulary.
    pub fn new(index: &Index, models: &Models, vocabulary: &mut Vocabulary) -> Self {
        let mut found: Vec<(Term, Posting)> = Vec::new();
        let mut row: Row = 0;
        for service in index.services() {
            let first = row;
            row += Row::try_from(service.operations().len()).unwrap_or_default();
            let rows = first..row;
            models.visit(service.name(), |model| {
                let mut walk = Walk { words: HashMap::new(), vocabulary, weights: HashMap::new() };
                for (row, operation) in rows.zip(service.operations()) {
                    let Some(facts) = model.operation(operation.name()) else { continue };
                    walk.weights.clear();
                    let mut left = MOST_MEMBERS;
                    if let Some(input) = facts.input() {
                        walk.shape(input, &INPUT, &mut left);
                    }
                    if !operation.changes() && operation.effect() != Effect::Destructive {
                        let mut left = MOST_MEMBERS;
                        if let Some(output) = facts.output() {
                            walk.shape(output, &OUTPUT, &mut left);
                        }
                    }
                    let many = (walk.weights.len() as f32 / USUAL_WORDS).max(1.0).sqrt();
                    let Ok(row) = u16::try_from(row) else { continue };
                    found.extend(walk.weights.iter().map(|(term, weight)| {
                        let weight = (f32::from(*weight) / many) as u8;
                        (*term, Posting { row, weight })
                    }));
                }
            });
        }
        let mut counts = vec![0_u32; vocabulary.len()];
        for (term, _) in &found {
            if let Some(count) = counts.get_mut(*term as usize) {
                *count += 1;
            }
        }
        let too_many = |count: &u32| *count as usize > MOST_ROWS;
        found.retain(|(term, _)| !counts.get(*term as usize).is_none_or(too_many));
        found.sort_unstable_by_key(|(term, posting)| (*term, posting.row));
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut at = 0;
        for count in counts.iter().chain([&0]) {
            starts.push(at);
            at += if too_many(count) { 0 } else { *count };
        }
        Self { starts, postings: found.into_iter().map(|(_, posting)| posting).collect() }
    }

    /// The operations whose members have a term, with how much it says there, at most 7.
    pub fn of(&self, term: Term, rows: usize) -> impl Iterator<Item = (Row, f32)> {
        let place = |term: usize| self.starts.get(term).map(|start| *start as usize);
        let (start, end) = (place(term as usize), place(term as usize + 1));
        let postings = start.zip(end).and_then(|(start, end)| self.postings.get(start..end));
        let postings = postings.unwrap_or_default();
        let count = postings.len() as f32;
        let says = (1.0 + (rows as f32 - count + 0.5) / (count + 0.5)).ln().clamp(0.0, 7.0);
        postings
            .iter()
            .map(move |posting| (Row::from(posting.row), says * f32::from(posting.weight) / 100.0))
    }

    /// The bytes that it takes.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        size_of_val(self.postings.as_slice()) + 4 * self.starts.len()
    }
}

/// The words of one operation's members.
struct Walk<'m, 'v> {
    /// Of each name of the service, so that none is parted twice.
    words: HashMap<&'m str, Vec<Term>>,
    vocabulary: &'v mut Vocabulary,
    weights: HashMap<Term, u8>,
}

impl<'m> Walk<'m, '_> {
    fn shape(&mut self, shape: Shape<'m>, weights: &[u8], left: &mut usize) {
        let Some((weight, deeper)) = weights.split_first() else { return };
        for member in shape.members() {
            if *left == 0 {
                return;
            }
            *left -= 1;
            self.name(member.name(), *weight);
            let mut of = member.shape();
            while let Some(part) = of.element().or_else(|| of.value()) {
                if let Some(key) = of.key() {
                    self.values(key.shape(), *weight);
                }
                of = part.shape();
            }
            self.values(of, *weight);
            self.shape(of, deeper, left);
        }
    }

    fn values(&mut self, shape: Shape<'m>, weight: u8) {
        let values = shape.enum_values();
        if values.len() <= MOST_VALUES {
            let weight = u8::try_from(u32::from(weight) * VALUES / 100).unwrap_or_default();
            values.for_each(|value| self.name(value, weight));
        }
    }

    fn name(&mut self, name: &'m str, weight: u8) {
        let vocabulary = &mut *self.vocabulary;
        let terms = self.words.entry(name).or_insert_with(|| {
            let mut words: Vec<Word> = Vec::new();
            word::of_name(name, &mut words);
            let says = |word: &&Word| {
                word.text.len() > 1
                    && word.text.len() < 24
                    && !word.text.starts_with(|c: char| c.is_ascii_digit())
            };
            words.iter().filter(says).map(|word| vocabulary.intern(&word.text)).collect()
        });
        for term in terms {
            let known = self.weights.entry(*term).or_default();
            *known = weight.max(*known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_the_words_of_their_members() {
        let (index, models) = (Index::get().unwrap(), Models::get().unwrap());
        let mut vocabulary = Vocabulary::default();
        let members = Members::new(index, models, &mut vocabulary);
        let rows = index.services().iter().map(|service| service.operations().len()).sum();
        let names: Vec<_> = index
            .services()
            .iter()
            .flat_map(|s| s.operations().iter().map(|o| (s.name().to_owned(), o.name())))
            .collect();
        let weight = |term: &str, service: &str, operation: &str| {
            let mut found = members.of(vocabulary.find(term).unwrap(), rows);
            let is = |row: Row| names[row as usize] == (service.to_owned(), operation);
            found.find(|(row, _)| is(*row)).map_or(0.0, |(_, weight)| weight)
        };
        assert!(weight("accessible", "rds", "ModifyDBInstance") > 2.0, "a member of the input");
        assert!(weight("accessible", "rds", "DescribeDBInstances") > 0.5, "and of an answer");
        assert_eq!(weight("accessible", "rds", "DeleteDBInstance"), 0.0);
        assert!(weight("redrive", "sqs", "SetQueueAttributes") > 1.0, "a key of a map");
        assert_eq!(members.of(vocabulary.find("arn").unwrap(), rows).count(), 0, "on every one");
        assert_eq!(members.of(Term::MAX - 1, rows).count(), 0);
    }
}
