//! Descriptions of operations, where a user's own models have them. They repeat each other's words,
//! so they count less than names: BM25 over what one says, at a fraction of a name's weight.

use super::table::{Row, Table};
use super::vocabulary::{Term, Vocabulary};
use super::word;
use crate::catalog::{Index, name};

const WEIGHT: f32 = 0.35;
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.75;

/// The words of all descriptions, by term.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    postings: Vec<Vec<(Row, f32)>>,
}

impl Descriptions {
    /// Reads descriptions, as `(service, operation, text)`, of each its first 1,000 bytes.
    pub fn new<'t>(
        descriptions: impl IntoIterator<Item = (&'t str, &'t str, &'t str)>,
        index: &Index,
        table: &Table,
        vocabulary: &mut Vocabulary,
    ) -> Self {
        let mut read: Vec<(Row, Vec<Term>)> = Vec::new();
        for (service, operation, text) in descriptions {
            let services = index.services();
            let place = services.binary_search_by(|s| name::compare(s.name(), service)).ok();
            let found = place.and_then(|place| services.get(place));
            let found = found.and_then(|found| found.operation(operation));
            let row = found.and_then(|found| {
                let named =
                    |row: &Row| table.of(index, *row).is_some_and(|(_, o)| std::ptr::eq(o, found));
                table.named(super::table::sum(0, found.name())).find(named)
            });
            if let Some(row) = row {
                let words = word::of_text(text);
                read.push((row, words.iter().map(|w| vocabulary.intern(&w.text)).collect()));
            }
        }
        let words: usize = read.iter().map(|(_, terms)| terms.len()).sum();
        let usual = (words as f32 / read.len().max(1) as f32).max(1.0);
        let mut postings: Vec<Vec<(Row, f32)>> = vec![Vec::new(); vocabulary.len()];
        for (row, mut terms) in read {
            let length = 1.0 - LENGTH + LENGTH * terms.len() as f32 / usual;
            terms.sort_unstable();
            for same in terms.chunk_by(|one, other| one == other) {
                let count = same.len() as f32;
                let weight = count * (SATURATION + 1.0) / (count + SATURATION * length);
                let term = same.first().and_then(|term| postings.get_mut(*term as usize));
                if let Some(of_term) = term {
                    of_term.push((row, weight));
                }
            }
        }
        Self { postings }
    }

    /// The operations whose description has a term, with what it adds.
    pub fn of(&self, term: Term, rows: usize) -> impl Iterator<Item = (Row, f32)> {
        let postings = self.postings.get(term as usize).map_or(&[][..], Vec::as_slice);
        let count = postings.len() as f32;
        let says = (1.0 + (rows as f32 - count + 0.5) / (count + 0.5)).ln().clamp(0.0, 7.0);
        postings.iter().map(move |(row, weight)| (*row, WEIGHT * says * weight))
    }
}
