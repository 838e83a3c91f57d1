//! Waits for a state: an operation is repeated until its answer says that the state has come, or
//! never will. No I/O and no clock here; whoever sends requests drives it:
//!
//! ```
//! # use aws_dynamic::{catalog::Models, waiter::{Outcome, Step, Waiting}};
//! # use serde_json::json;
//! # let ec2 = Models::get().unwrap().service("ec2").unwrap().unwrap();
//! # let output = json!({"Reservations": [{"Instances": [{"State": {"Name": "running"}}]}]});
//! let mut waiting = Waiting::new(ec2.waiter("InstanceRunning").unwrap())?;
//! loop {
//!     let outcome = Outcome::Answer { status: 200, output: &output };
//!     match waiting.step(outcome) {
//!         Step::Retry { after } => { /* sleep, then send again */ }
//!         Step::Success => break,
//!         Step::Failure { why } => return Err(why.into()),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! As in botocore: the first acceptor that matches decides; an error that none matches is a failure;
//! an answer that none matches means another attempt. The delay is always the same.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::Value;

use crate::expression::Expression;
use crate::model::Waiter;
use crate::model::terms::{Matcher, State};

/// A wait, with the attempts that it has made.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// `ec2:InstanceRunning`
    name: String,
    acceptors: Vec<Acceptor>,
    delay: Duration,
    max_attempts: usize,
    attempts: usize,
    /// What the last acceptor that matched saw.
    seen: Option<String>,
}

/// What came of an attempt. Of a request that got no answer at all, no waiter knows anything: that is
/// an error of the call.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    Answer {
        /// Of HTTP.
        status: u16,
        output: &'a Value,
    },
    Error {
        /// Of HTTP.
        status: u16,
        /// The service's code: `ResourceNotFoundException`.
        code: &'a str,
    },
}

/// What to do after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the same again, later.
    Retry { after: Duration },
    /// What was waited for has come.
    Success,
    /// It will not come, or not in time.
    Failure { why: Failure },
}

/// Why waiting ended without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A state from which there is no way to the one that was waited for.
    State { waiter: String, seen: String },
    /// An error that the waiter does not know.
    Error { waiter: String, code: String },
    /// All attempts were made; it may still come.
    Attempts { waiter: String, made: usize, seen: Option<String> },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { waiter, seen } => write!(f, "{waiter} cannot come any more: {seen}"),
            Self::Error { waiter, code } => write!(f, "{waiter}: the service answered {code}"),
            Self::Attempts { waiter, made, seen } => {
                write!(f, "{waiter} has not come after {made} attempts; it may come later")?;
                seen.as_ref().map_or(Ok(()), |seen| write!(f, " (seen: {seen})"))
            }
        }
    }
}

impl std::error::Error for Failure {}

/// A waiter of a model that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

#[derive(Clone, Debug)]
struct Acceptor {
    test: Test,
    state: State,
}

/// What an acceptor asks of an outcome.
#[derive(Clone, Debug)]
enum Test {
    /// A value in the output.
    Path {
        find: Expression,
        expected: Value,
    },
    /// All values of a list that is not empty.
    PathAll {
        find: Expression,
        expected: Value,
    },
    /// One of the values of a list.
    PathAny {
        find: Expression,
        expected: Value,
    },
    Status(u64),
    /// An error with this code.
    Code(String),
    /// Any error.
    AnyError,
    /// Any answer that is no error.
    NoError,
}

impl Waiting {
    /// Reads a waiter. Fails where an acceptor cannot match anything: an expression that is missing or
    /// is none, a value that its matcher never gives.
    pub fn new(waiter: Waiter<'_>) -> Result<Self, Unreadable> {
        let name = format!("{}:{}", waiter.operation().service().name(), waiter.name());
        let acceptor = |acceptor: crate::model::Acceptor<'_>| {
            let (matcher, state) = (acceptor.matcher(), acceptor.state());
            let test = test(matcher, acceptor.argument(), acceptor.expected());
            let test = test.map_err(|why| Unreadable(format!("{name}: the model's waiter: {why}")));
            Ok(Acceptor { test: test?, state })
        };
        Ok(Self {
            acceptors: waiter.acceptors().map(acceptor).collect::<Result<_, Unreadable>>()?,
            delay: Duration::from_secs(waiter.delay() as u64),
            max_attempts: waiter.max_attempts(),
            attempts: 0,
            seen: None,
            name,
        })
    }

    /// With another time between attempts than the model's.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// With another number of attempts than the model's.
    pub fn max_attempts(self, attempts: NonZeroUsize) -> Self {
        Self { max_attempts: attempts.get(), ..self }
    }

    /// What the last attempt saw that made another one necessary, as far as the waiter names it.
    pub fn seen(&self) -> Option<&str> {
        self.seen.as_deref()
    }

    /// Judges an attempt.
    pub fn step(&mut self, outcome: Outcome<'_>) -> Step {
        self.attempts = self.attempts.saturating_add(1);
        let waiter = self.name.clone();
        let matches = |acceptor: &&Acceptor| acceptor.test.matches(outcome);
        match (self.acceptors.iter().find(matches), outcome) {
            (Some(Acceptor { test, state }), _) => match state {
                State::Success => return Step::Success,
                State::Failure => {
                    return Step::Failure {
                        why: Failure::State { waiter, seen: test.to_string() },
                    };
                }
                State::Retry => self.seen = Some(test.to_string()),
            },
            (None, Outcome::Error { code, .. }) => {
                return Step::Failure { why: Failure::Error { waiter, code: code.to_owned() } };
            }
            (None, Outcome::Answer { .. }) => {}
        }
        if self.attempts >= self.max_attempts {
            let (made, seen) = (self.attempts, self.seen.clone());
            return Step::Failure { why: Failure::Attempts { waiter, made, seen } };
        }
        Step::Retry { after: self.delay }
    }
}

/// Reads what an acceptor asks.
fn test(matcher: Matcher, argument: Option<&str>, expected: Value) -> Result<Test, String> {
    let find = || {
        let text = argument.ok_or("an expression is missing")?;
        Expression::read(text).map_err(|why| format!("\"{text}\" {why}"))
    };
    match matcher {
        Matcher::Path => Ok(Test::Path { find: find()?, expected }),
        Matcher::PathAll => Ok(Test::PathAll { find: find()?, expected }),
        Matcher::PathAny => Ok(Test::PathAny { find: find()?, expected }),
        Matcher::Status => match expected.as_u64() {
            Some(status) => Ok(Test::Status(status)),
            None => Err("a status is a number".to_owned()),
        },
        Matcher::Error => match expected {
            Value::Bool(true) => Ok(Test::AnyError),
            Value::Bool(false) => Ok(Test::NoError),
            Value::String(code) => Ok(Test::Code(code)),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err("an error is a code, or true or false".to_owned())
            }
        },
    }
}

impl Test {
    /// Paths look into answers only, so they match no error.
    fn matches(&self, outcome: Outcome<'_>) -> bool {
        let find = |expression: &Expression| match outcome {
            Outcome::Answer { output, .. } => expression.find(output),
            Outcome::Error { .. } => None,
        };
        let elements = |expression| match find(expression).map(std::borrow::Cow::into_owned) {
            Some(Value::Array(elements)) => elements,
            Some(_) | None => Vec::new(),
        };
        match (self, outcome) {
            (Self::Path { find: path, expected }, _) => {
                find(path).is_some_and(|found| *found == *expected)
            }
            (Self::PathAll { find, expected }, _) => {
                let elements = elements(find);
                !elements.is_empty() && elements.iter().all(|element| element == expected)
            }
            (Self::PathAny { find, expected }, _) => elements(find).contains(expected),
            (Self::Status(expected), Outcome::Answer { status, .. })
            | (Self::Status(expected), Outcome::Error { status, .. }) => {
                u64::from(status) == *expected
            }
            (Self::Code(expected), Outcome::Error { code, .. }) => code == expected,
            (Self::AnyError, Outcome::Error { .. }) => true,
            (Self::NoError, Outcome::Answer { .. }) => true,
            (Self::Code(_) | Self::AnyError, Outcome::Answer { .. }) => false,
            (Self::NoError, Outcome::Error { .. }) => false,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { find, expected } => write!(f, "{find} is {expected}"),
            Self::PathAll { find, expected } => write!(f, "all of {find} are {expected}"),
            Self::PathAny { find, expected } => write!(f, "one of {find} is {expected}"),
            Self::Status(status) => write!(f, "the HTTP status is {status}"),
            Self::Code(code) => write!(f, "the service answered {code}"),
            Self::AnyError => f.write_str("the service answered with an error"),
            Self::NoError => f.write_str("the service answered without an error"),
        }
    }
}

#[cfg(test)]
mod tests;
