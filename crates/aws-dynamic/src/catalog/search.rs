//! Operations by what people and models call them. Names of AWS are many and unlike each other, so
//! a search knows plain words, abbreviations, old names, and errors of typing; what it knows beyond
//! the names themselves is data, `data/synonyms.txt`.

mod description;
mod lexicon;
mod meaning;
mod members;
mod rank;
mod synonyms;
mod table;
mod vocabulary;
mod word;

use std::sync::LazyLock;

use self::description::Descriptions;
use self::lexicon::Lexicon;
use self::members::Members;
use self::table::Table;
use self::vocabulary::Vocabulary;
use super::effect::Effect;
use super::index::{Index, Service};
use super::models::Models;
use super::operation::Operation;
use crate::bytes::Broken;

static SYNONYMS: &str = include_str!("../../data/synonyms.txt");

/// A search over all operations of an index.
#[derive(Debug)]
pub struct Search<'a> {
    index: &'a Index,
    vocabulary: Vocabulary,
    lexicon: Lexicon,
    table: Table,
    members: Members,
    descriptions: Descriptions,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Words in any order, a question, or a name. What stands beyond 1,000 bytes is not read.
    pub text: &'a str,
    /// Only operations of this service, which the text need not name.
    pub service: Option<&'a Service>,
    /// Only operations whose effect, as long as arguments are not known, is this one.
    pub effect: Option<Effect>,
    /// At most so many.
    pub limit: usize,
}

/// An operation that was found.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    pub service: &'a Service,
    pub operation: &'a Operation,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
}

impl Search<'static> {
    /// The search over this build's catalog, made at first use (some tenths of a second).
    pub fn get() -> Result<&'static Self, &'static Broken> {
        static SEARCH: LazyLock<Result<Search<'static>, Broken>> =
            LazyLock::new(|| Search::of(Index::get().map_err(Clone::clone)?));
        SEARCH.as_ref()
    }
}

impl<'a> Search<'a> {
    /// The search over an index, and over the members of its operations as the models that count have
    /// them. Fails if the synonyms name what the index has not.
    pub fn of(index: &'a Index) -> Result<Self, Broken> {
        let mut vocabulary = Vocabulary::default();
        let lexicon = Lexicon::new(SYNONYMS, index, &mut vocabulary)?;
        let table = Table::new(index, &mut vocabulary);
        let models = Models::get().map_err(Clone::clone)?;
        let members = Members::new(index, models, &mut vocabulary);
        let descriptions = Descriptions::default();
        Ok(Self { index, vocabulary, lexicon, table, members, descriptions })
    }

    /// The same search with descriptions of operations, as `(service, operation, text)`, whose words
    /// count less than those of names. What the index has not is passed over.
    pub fn with_descriptions<'t>(
        mut self,
        descriptions: impl IntoIterator<Item = (&'t str, &'t str, &'t str)>,
    ) -> Self {
        self.descriptions =
            Descriptions::new(descriptions, self.index, &self.table, &mut self.vocabulary);
        self
    }

    /// The operations that fit, the best first; none if the text says nothing, unless a service is
    /// given.
    pub fn find(&self, query: &Query<'_>) -> Vec<Hit<'a>> {
        let meaning = self.lexicon.meaning(query.text, self.index, &self.table, &self.vocabulary);
        rank::hits(self, &meaning, query)
    }
}

#[cfg(test)]
mod tests;
