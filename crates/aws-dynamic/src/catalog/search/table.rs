//! All operations by the words of their names: which ones have a word, how much a word says, and
//! which ones have a name as it is written.

use super::vocabulary::{Term, Vocabulary};
use super::word::{self, Word};
use crate::catalog::{Index, Operation, Service};

/// The position of an operation in the table.
pub(super) type Row = u32;

/// First words that say how, not what.
const MANNERS: [&str; 2] = ["batch", "admin"];
/// Words between the nouns of a name.
const LINKS: [&str; 16] = [
    "by", "for", "from", "to", "of", "in", "with", "on", "and", "v2", "v3", "resource", "name",
    "summary", "all", "admin",
];

/// Words of operations that every service has and few ask for.
const EVERYWHERE: [&str; 1] = ["tag"];

/// The operations of an index, those of a service side by side.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Entry>,
    /// Where the postings of a term begin; one more at the end.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    /// How much a term says as part of a name, 1 to 7; 0 of one that is in none.
    weights: Vec<f32>,
    /// Of how many operations a term is the first word.
    firsts: Vec<u32>,
    /// Names in small letters, by their sum.
    names: Vec<(u32, Row)>,
    /// Which names have two words side by side: `job queue`.
    pairs: Vec<(Term, Term, Row)>,
}

/// An operation of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub service: u16,
    pub operation: u16,
    pub verb: Term,
    /// What is taken off if none of its words are asked for.
    pub burden: f32,
}

/// One word of one name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub row: Row,
    pub plural: bool,
}

impl Table {
    /// The table of all operations. Its words are added to the vocabulary.
    pub fn new(index: &Index, vocabulary: &mut Vocabulary) -> Self {
        let mut rows = Vec::new();
        let mut names = Vec::new();
        let mut found: Vec<(Term, Posting)> = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut spans = Vec::new();
        let mut pairs = Vec::new();
        for (service, entry) in (0..).zip(index.services()) {
            for (operation, entry) in (0..).zip(entry.operations()) {
                let row = Row::try_from(rows.len()).unwrap_or(Row::MAX);
                words.clear();
                word::of_name(entry.name(), &mut words);
                names.push((sum(0, entry.name()), row));
                let verb = words.iter().position(|word| !MANNERS.contains(&word.text.as_str()));
                let verb = verb.unwrap_or_default();
                let start = found.len();
                let mut before = None;
                for (place, word) in words.iter().enumerate().filter(|(place, _)| *place != verb) {
                    let term = vocabulary.intern(&word.text);
                    pairs.extend(before.map(|before| (before, term, row)));
                    before = Some(term);
                    let plural = word::is_plural(&word.text) && place > 0;
                    if found.get(start..).is_none_or(|own| own.iter().all(|(t, _)| *t != term)) {
                        found.push((term, Posting { row, plural }));
                    }
                }
                let verb = words.get(verb).map_or(0, |word| vocabulary.intern(&word.text));
                spans.push(start..found.len());
                rows.push(Entry { service, operation, verb, burden: 0.0 });
            }
        }
        let mut table = Self {
            starts: vec![0; vocabulary.len() + 1],
            postings: Vec::with_capacity(found.len()),
            weights: vec![0.0; vocabulary.len()],
            firsts: vec![0; vocabulary.len()],
            names,
            rows,
            pairs,
        };
        table.names.sort_unstable();
        table.pairs.sort_unstable();
        for entry in &table.rows {
            if let Some(first) = table.firsts.get_mut(entry.verb as usize) {
                *first += 1;
            }
        }
        let mut counts = vec![0_u32; vocabulary.len()];
        for (term, _) in &found {
            if let Some(count) = counts.get_mut(*term as usize) {
                *count += 1;
            }
        }
        let all = table.rows.len() as f32;
        for (weight, count) in table.weights.iter_mut().zip(&counts).filter(|(_, n)| **n > 0) {
            let count = *count as f32;
            *weight = (1.0 + (all - count + 0.5) / (count + 0.5)).ln().clamp(1.0, 7.0);
        }
        for (entry, span) in table.rows.iter_mut().zip(spans) {
            let own = found.get(span).unwrap_or_default();
            entry.burden =
                own.iter().map(|(term, _)| burden(*term, &table.weights, vocabulary)).sum();
        }
        found.sort_unstable_by_key(|(term, posting)| (*term, posting.row));
        let mut at = 0;
        for (start, count) in table.starts.iter_mut().zip(counts.iter().chain([&0])) {
            *start = at;
            at += count;
        }
        table.postings.extend(found.into_iter().map(|(_, posting)| posting));
        table
    }

    pub fn rows(&self) -> &[Entry] {
        &self.rows
    }

    /// The names that have a term, apart from those that begin with it.
    pub fn postings(&self, term: Term) -> &[Posting] {
        let place = |term: usize| self.starts.get(term).map(|start| *start as usize);
        let (start, end) = (place(term as usize), place(term as usize + 1));
        start.zip(end).and_then(|(start, end)| self.postings.get(start..end)).unwrap_or_default()
    }

    /// How much a term says as part of a name, 1 to 7; 0 of one that is in none.
    pub fn weight(&self, term: Term) -> f32 {
        self.weights.get(term as usize).copied().unwrap_or_default()
    }

    /// Of how many operations a term is the first word.
    pub fn firsts(&self, term: Term) -> u32 {
        self.firsts.get(term as usize).copied().unwrap_or_default()
    }

    /// Whether names begin with a term far more often than they have it elsewhere: `deletes` is no
    /// plural, `snapshots` is.
    pub fn is_rather_a_verb(&self, term: Term) -> bool {
        self.firsts(term) as usize > self.postings(term).len()
    }

    /// What is taken off a name for having a term that is not asked for.
    pub fn burden(&self, term: Term, vocabulary: &Vocabulary) -> f32 {
        burden(term, &self.weights, vocabulary)
    }

    /// The operations of a name whose sum this is; another name may have the same.
    pub fn named(&self, sum: u32) -> impl Iterator<Item = Row> {
        let start = self.names.partition_point(|(own, _)| *own < sum);
        let rest = self.names.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(own, _)| *own == sum).map(|(_, row)| *row)
    }

    /// The operations whose names have two terms side by side.
    pub fn paired(&self, one: Term, other: Term) -> impl Iterator<Item = Row> {
        let start = self.pairs.partition_point(|(a, b, _)| (*a, *b) < (one, other));
        let rest = self.pairs.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(a, b, _)| (*a, *b) == (one, other)).map(|(.., row)| *row)
    }

    /// The bytes that it takes.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        size_of_val(self.rows.as_slice())
            + size_of_val(self.postings.as_slice())
            + size_of_val(self.names.as_slice())
            + size_of_val(self.pairs.as_slice())
            + 4 * (self.starts.len() + self.weights.len() + self.firsts.len())
    }

    /// The operation of a row.
    pub fn of<'a>(&self, index: &'a Index, row: Row) -> Option<(&'a Service, &'a Operation)> {
        let entry = self.rows.get(row as usize)?;
        let service = index.services().get(usize::from(entry.service))?;
        Some((service, service.operations().get(usize::from(entry.operation))?))
    }
}

/// The sum of a name in any letter case (FNV-1a), continued from the sum of what stands before it.
pub(super) fn sum(before: u32, name: &str) -> u32 {
    name.bytes().filter(u8::is_ascii_alphanumeric).fold(before ^ 0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    }) ^ 0x811c_9dc5
}

fn burden(term: Term, weights: &[f32], vocabulary: &Vocabulary) -> f32 {
    if LINKS.iter().any(|link| vocabulary.stem(term) == *link) {
        return 0.3;
    }
    if EVERYWHERE.iter().any(|word| vocabulary.stem(term) == *word) {
        return 1.6;
    }
    0.5 + 0.12 * weights.get(term as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_continued_and_blind_to_case() {
        assert_eq!(sum(sum(0, "list"), "Buckets"), sum(0, "List-Buckets"));
        assert_ne!(sum(0, "ListBuckets"), sum(0, "BucketsList"));
    }

    #[test]
    fn operations_are_found_by_the_words_of_their_names() {
        let index = Index::get().unwrap();
        let mut vocabulary = Vocabulary::default();
        let table = Table::new(index, &mut vocabulary);
        assert_eq!(table.rows().len(), 19_796);
        let names = |term: &str| {
            let postings = table.postings(vocabulary.find(term).unwrap());
            let name = |row| table.of(index, row).unwrap().1.name();
            postings.iter().map(|posting| (name(posting.row), posting.plural)).collect::<Vec<_>>()
        };
        assert!(names("buckets").contains(&("ListBuckets", true)));
        assert!(names("bucket").contains(&("CreateBucket", false)));
        assert!(names("admin").contains(&("AdminDeleteUser", false)));
        assert!(table.postings(vocabulary.find("describe").unwrap()).len() < 20);
        assert!(table.firsts(vocabulary.find("describe").unwrap()) > 1_000);
        let rare = table.weight(vocabulary.find("bucket").unwrap());
        assert!(rare > table.weight(vocabulary.find("instance").unwrap()));
        let named: Vec<_> = table.named(sum(0, "list-buckets")).collect();
        assert!(named.iter().any(|row| table.of(index, *row).unwrap().0.name() == "s3"));
        assert_eq!(table.postings(Term::MAX - 1).len(), 0);
    }
}
