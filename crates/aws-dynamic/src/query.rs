//! Queries in JMESPath (https://jmespath.org/specification.html): what people and models write to get
//! the part of an answer that they want, and what paginators and waiters of the models look at.
//!
//! Both query and answer may be hostile, so all is bounded: the length of a text, the height of what is
//! read from it, the depth of answers and results, the steps, and the time, by a clock of the caller's.
//! Parts of an answer are borrowed, and what an expression makes is shared, until the result is copied
//! out: that counts as steps too, so steps bound memory.
//!
//! Where the specification is silent, or the AWS CLI's JMESPath (jmespath.py 1.1) goes further, it is
//! as there, because that is what AWS's own examples are written for: `<` and the like compare
//! strings too, and `` `running` `` is a string. Otherwise than there, a broken literal (`` `[1` ``), an unknown function,
//! and a wrong number of arguments are errors before anything is searched, commas are not optional,
//! `contains('a1', 1)` is false, and `to_number` reads JSON's numbers only.

use std::fmt;

use serde_json::Value;

use budget::Budget;
use evaluation::Evaluation;
use found::Found;
pub(crate) use tree::Tree;

/// The longest text of a query, in characters.
pub const LONGEST: usize = 4_000;

/// The most steps of one run. A step is a value that is visited, made, compared or copied, or 16
/// bytes of text that are read or written, or four comparisons of a sort.
pub const MOST_STEPS: u64 = 1_000_000;

/// How deep an answer may be; JSON that is read by serde_json is no deeper. As much again for what
/// an expression builds around it.
pub(crate) const DEEPEST: usize = 128;

/// How many operators, calls and brackets may be in one another: in a debug build, twice as
/// many still fit into a thread's 2 MB.
const HIGHEST: usize = 64;

/// A query that can be run, any number of times.
#[derive(Clone, Debug)]
pub struct Query {
    tree: Tree,
}

/// What a run may cost.
#[derive(Clone, Copy)]
pub struct Limits<'l> {
    /// The most steps: see [`MOST_STEPS`].
    pub steps: u64,
    /// Whether time is up; asked about every 1,000 steps.
    pub expired: &'l dyn Fn() -> bool,
}

/// Why there is no result, in words for who wrote the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    kind: ErrorKind,
    what: String,
    at: Option<usize>,
    hint: Option<String>,
}

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The query is wrong: write it otherwise.
    Text,
    /// What it found in this answer is not what one of its functions takes.
    Type,
    /// It takes too many steps, or builds too deep a result: ask for less.
    Bounds,
    /// Time was up.
    Time,
}

impl Query {
    /// Reads a query. Says what is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self, QueryError> {
        // Bytes first: counting the characters of a huge text is work too.
        if text.len() > LONGEST.saturating_mul(4) || text.chars().count() > LONGEST {
            let what = format!("longer than {LONGEST} characters");
            return Err(QueryError::new(ErrorKind::Text, what));
        }
        Ok(Self { tree: parser::read(text)? })
    }

    /// What it finds in an answer: null where there is nothing.
    pub fn run(&self, answer: &Value, limits: Limits<'_>) -> Result<Value, QueryError> {
        if !is_shallow(answer, DEEPEST) {
            let what = format!("the answer is more than {DEEPEST} levels deep");
            return Err(QueryError::new(ErrorKind::Bounds, what));
        }
        let mut evaluation = Evaluation::new(Budget::new(limits));
        let found = evaluation.find(&self.tree, &Found::Borrowed(answer))?;
        evaluation.value(&found)
    }

    #[cfg(test)]
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }
}

impl<'l> Limits<'l> {
    /// As many steps as any query may take, with an end by time.
    pub fn until(expired: &'l dyn Fn() -> bool) -> Self {
        Self { steps: MOST_STEPS, expired }
    }
}

impl QueryError {
    fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), at: None, hint: None }
    }

    /// The character of the query where it is wrong, the first being 1.
    fn at(self, character: usize) -> Self {
        Self { at: Some(character), ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The character of the query where it is wrong, the first being 1.
    pub fn character(&self) -> Option<usize> {
        self.at
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query: {}", self.what)?;
        if let Some(at) = self.at {
            write!(f, " at character {at}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryError {}

/// Whether nothing in the value is deeper than that.
pub(crate) fn is_shallow(value: &Value, deepest: usize) -> bool {
    let Some(left) = deepest.checked_sub(1) else { return false };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(elements) => elements.iter().all(|element| is_shallow(element, left)),
        Value::Object(fields) => fields.values().all(|field| is_shallow(field, left)),
    }
}

/// A name, as much of it as an error has room for.
fn shown(name: &str) -> String {
    const ROOM: usize = 60;
    let mut shown: String = name.chars().take(ROOM).collect();
    if shown.len() < name.len() {
        shown.push_str("...");
    }
    shown
}

mod arguments;
mod budget;
mod evaluation;
mod found;
mod function;
mod number;
mod parser;
mod signature;
mod token;
pub(crate) mod tree;

#[cfg(test)]
mod tests;
