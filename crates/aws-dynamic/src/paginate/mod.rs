//! Answers that follow each other: what to ask for next, and where a list ends. No I/O here; whoever
//! sends requests drives it:
//!
//! ```
//! # use aws_dynamic::{catalog::Models, paginate::{Pages, Failed}};
//! # use serde_json::{Value, json};
//! # fn send(_: Value) -> Value { json!({"Users": [{"UserName": "u"}], "IsTruncated": false}) }
//! # let operation = Models::get().unwrap().service("iam").unwrap().unwrap().operation("ListUsers").unwrap();
//! let mut pages = Pages::new(operation, json!({}))?;
//! let mut merged = pages.merged();
//! while let Some(input) = pages.next_input() {
//!     merged.add(pages.take(send(input))?);
//! }
//! let (users, rest) = (merged.value(), pages.resume());
//! # assert_eq!((users, rest), (json!({"Users": [{"UserName": "u"}]}), None));
//! # Ok::<(), Failed>(())
//! ```
//!
//! As in botocore: a list ends where no token follows, or where the model's expression says that
//! there is no more; the same tokens twice in a row are an error. Unlike there, tokens that the input
//! began with are the first of that row; and the items of all result keys count and are cut, in the
//! order of the keys, so that a list that is resumed loses none and repeats none.

mod merged;
mod plan;
mod resume;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::model::Operation;
use crate::query::{DEEPEST, is_shallow};
pub use merged::Merged;
pub use plan::{Keys, keys};
use plan::{Plan, Repetition};
use resume::{Resume, sum};

/// The way through the pages of a list.
#[derive(Clone, Debug)]
pub struct Pages {
    plan: Arc<Plan>,
    /// The input without its tokens.
    input: Map<String, Value>,
    /// What tells it, as it was given, from others.
    sum: u64,
    /// The tokens of the page that is asked for next, without those that are absent.
    tokens: Map<String, Value>,
    /// Items at the start of the next page that were given out before.
    skip: usize,
    /// How many items may still come.
    left: Option<usize>,
    state: State,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The answer, without the items that were skipped or cut off.
    pub answer: Value,
    /// How many items it has: entries of lists and maps under the result keys; 1 for a page that has
    /// a text or a number there instead.
    pub items: usize,
    pub then: Then,
}

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Another page.
    More,
    /// Nothing: the list is complete.
    End,
    /// There is more, but no more was wanted; `Pages::resume` says where to go on.
    Cut,
}

/// Why a list cannot be read, or not read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The operation gives one answer only.
    NotPaginated(String),
    /// The model's paginator makes no sense.
    Model(String),
    /// The input is no object, or a page size is not possible here.
    Input(String),
    /// A resume token that was not made for this operation.
    Token(String),
    /// An answer that cannot be read on from: the service repeats itself, or goes too deep.
    Answer(String),
    /// A page was handed in after the end.
    Ended,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPaginated(operation) => {
                write!(f, "{operation} is not paginated; call it without paging")
            }
            Self::Model(what) | Self::Input(what) | Self::Token(what) | Self::Answer(what) => {
                f.write_str(what)
            }
            Self::Ended => f.write_str("the list has ended; begin again to read it again"),
        }
    }
}

impl std::error::Error for Failed {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was taken yet.
    Start,
    More,
    Cut,
    End,
}

impl Pages {
    /// From the input's own tokens on, else from the start. An input of `null` is an empty one.
    pub fn new(operation: Operation<'_>, input: Value) -> Result<Self, Failed> {
        let plan = Arc::new(Plan::read(operation)?);
        let mut input = match input {
            Value::Null => Map::new(),
            Value::Object(fields) => fields,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let name = plan.operation();
                return Err(Failed::Input(format!("{name}: the input must be an object")));
            }
        };
        let mut tokens = Map::new();
        for member in plan.token_members() {
            // Keeps the order of what stays.
            if let Some(token) = input.shift_remove(member).filter(|token| !token.is_null()) {
                tokens.insert(member.to_owned(), token);
            }
        }
        // The size of pages may be another one.
        let limit = plan.limit(1).ok().map(|(member, _)| member);
        let sum = sum(input.iter().filter(|(name, _)| Some(*name) != limit.as_ref()));
        Ok(Self { plan, sum, input, tokens, skip: 0, left: None, state: State::Start })
    }

    /// From where a resume token says on; the tokens in the input are put aside. The rest of the input
    /// must be the same.
    pub fn resumed(operation: Operation<'_>, input: Value, token: &str) -> Result<Self, Failed> {
        let mut pages = Self::new(operation, input)?;
        let Resume { tokens, skip, .. } = Resume::read(token, &pages.plan, pages.sum)?;
        (pages.tokens, pages.skip) = (tokens, skip);
        Ok(pages)
    }

    /// Ends the list after that many items.
    pub fn at_most(self, items: NonZeroUsize) -> Self {
        Self { left: Some(items.get()), ..self }
    }

    /// Asks for pages of that many items. Fails where the operation has no member for it.
    pub fn page_size(mut self, items: NonZeroUsize) -> Result<Self, Failed> {
        let (member, size) = self.plan.limit(items.get())?;
        self.input.insert(member, size);
        Ok(self)
    }

    /// The input of the next page; none after the end.
    pub fn next_input(&self) -> Option<Value> {
        match self.state {
            State::Start | State::More => {
                let tokens = self.tokens.iter().map(|(name, token)| (name.clone(), token.clone()));
                Some(Value::Object(self.input.clone().into_iter().chain(tokens).collect()))
            }
            State::Cut | State::End => None,
        }
    }

    /// Takes the answer to `next_input`. After a failure the list has ended; that answer is dropped,
    /// those before it are good.
    pub fn take(&mut self, mut answer: Value) -> Result<Page, Failed> {
        if matches!(self.state, State::Cut | State::End) {
            return Err(Failed::Ended);
        }
        self.state = State::End;
        if !is_shallow(&answer, DEEPEST) {
            let name = self.plan.operation();
            let what = format!("{name}: the answer is more than {DEEPEST} levels deep");
            return Err(Failed::Answer(what));
        }
        // Before anything is cut off: a token can be the name of the last item.
        let next = self.plan.next_tokens(&answer);
        self.plan.skip(&mut answer, self.skip);
        let items = self.plan.count(&answer);
        if let Some(left) = self.left.filter(|left| items > *left) {
            self.plan.keep(&mut answer, left);
            self.skip = self.skip.saturating_add(left);
            self.state = State::Cut;
            return Ok(Page { answer, items: left, then: Then::Cut });
        }
        self.left = self.left.map(|left| left - items);
        self.skip = 0;
        let then = match next {
            None => Then::End,
            Some(next) if next == self.tokens => match self.plan.repetition() {
                Repetition::End => Then::End,
                Repetition::Fails => {
                    let name = self.plan.operation();
                    let what = format!(
                        "{name}: the service gave the same token twice, so the list cannot be read on"
                    );
                    return Err(Failed::Answer(what));
                }
            },
            Some(next) => {
                self.tokens = next;
                if self.left == Some(0) { Then::Cut } else { Then::More }
            }
        };
        self.state = match then {
            Then::More => State::More,
            Then::End => State::End,
            Then::Cut => State::Cut,
        };
        Ok(Page { answer, items, then })
    }

    /// Where to go on after the last page that was taken, for `resumed`; none if nothing follows.
    /// Opaque, but readable to whoever decodes it; it names no account and allows nothing.
    pub fn resume(&self) -> Option<String> {
        match self.state {
            State::Start | State::End => None,
            State::More | State::Cut => {
                let resume =
                    Resume { tokens: self.tokens.clone(), skip: self.skip, input: self.sum };
                Some(resume.write(&self.plan))
            }
        }
    }

    /// What the pages are put together in.
    pub fn merged(&self) -> Merged {
        Merged::new(Arc::clone(&self.plan))
    }
}

#[cfg(test)]
mod tests;
