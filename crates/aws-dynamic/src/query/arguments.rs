//! What a function is given, as what it takes, or the error that says how the two differ.

use serde_json::Number;

use super::evaluation::Evaluation;
use super::found::{Elements, Fields, Found, View};
use super::tree::{Argument, Call, Tree};
use super::{ErrorKind, QueryError, number};

pub(super) struct Arguments<'a> {
    call: &'a Call,
    given: Vec<Given<'a>>,
}

/// Numbers only, or strings only.
pub(super) enum Keys<'f> {
    Numbers(Vec<&'f Number>),
    Texts(Vec<&'f str>),
}

enum Given<'a> {
    Value(Found<'a>),
    Expression(&'a Tree),
}

type Result<T> = std::result::Result<T, QueryError>;

impl<'a> Arguments<'a> {
    /// Evaluates the arguments of a call, all but expressions.
    pub(super) fn of(
        evaluation: &mut Evaluation<'_>,
        call: &'a Call,
        at: &Found<'a>,
    ) -> Result<Self> {
        let mut given = Vec::new();
        for argument in &call.arguments {
            given.push(match argument {
                Argument::Value(tree) => Given::Value(evaluation.find(tree, at)?),
                Argument::Expression(tree) => Given::Expression(tree),
            });
        }
        Ok(Self { call, given })
    }

    /// All that are no expressions.
    pub(super) fn values(&self) -> impl Iterator<Item = &Found<'a>> {
        self.given.iter().filter_map(|given| match given {
            Given::Value(found) => Some(found),
            Given::Expression(_) => None,
        })
    }

    pub(super) fn value(&self, place: usize) -> Result<&Found<'a>> {
        match self.given.get(place) {
            Some(Given::Value(found)) => Ok(found),
            Some(Given::Expression(_)) | None => Err(self.wrong("has not the arguments it takes")),
        }
    }

    pub(super) fn expression(&self, place: usize) -> Result<&'a Tree> {
        match self.given.get(place) {
            Some(Given::Expression(tree)) => Ok(tree),
            Some(Given::Value(_)) | None => Err(self.wrong("has not the arguments it takes")),
        }
    }

    pub(super) fn number(&self, place: usize) -> Result<&Number> {
        let found = self.value(place)?;
        if let View::Number(number) = found.view() {
            return Ok(number);
        }
        Err(self.unfit("a number", found))
    }

    pub(super) fn text(&self, place: usize) -> Result<&str> {
        let found = self.value(place)?;
        if let View::Text(text) = found.view() {
            return Ok(text);
        }
        Err(self.unfit("a string", found))
    }

    pub(super) fn list(&self, place: usize) -> Result<Elements<'_, 'a>> {
        let found = self.value(place)?;
        found.elements().ok_or_else(|| self.unfit("an array", found))
    }

    pub(super) fn object(&self, place: usize) -> Result<Fields<'_, 'a>> {
        let found = self.value(place)?;
        found.fields().ok_or_else(|| self.unfit("an object", found))
    }

    /// Numbers or strings, all of one kind, in their order. `list` is kept by the caller, who paid.
    pub(super) fn keys<'f>(&self, list: &'f [Found<'a>]) -> Result<Keys<'f>> {
        let mut numbers = Vec::new();
        let mut texts = Vec::new();
        for found in list {
            match found.view() {
                View::Number(number) if texts.is_empty() => numbers.push(number),
                View::Text(text) if numbers.is_empty() => texts.push(text),
                View::Number(_)
                | View::Text(_)
                | View::Null
                | View::Bool(_)
                | View::List(_)
                | View::Object(_) => {
                    let all = match (numbers.is_empty(), texts.is_empty()) {
                        (false, _) => "numbers only, as the first is one",
                        (_, false) => "strings only, as the first is one",
                        (true, true) => "strings or numbers",
                    };
                    let place = numbers.len().max(texts.len());
                    return Err(self.unfit_element(all, found, place));
                }
            }
        }
        Ok(if texts.is_empty() { Keys::Numbers(numbers) } else { Keys::Texts(texts) })
    }

    /// The function takes something else than what it was given.
    pub(super) fn unfit(&self, takes: &str, given: &Found<'_>) -> QueryError {
        let error = self.wrong(&format!("takes {takes}, but was given {}", described(given)));
        if given.is_null() { error.hint(absent(takes)) } else { error }
    }

    /// The function takes a list of something else.
    pub(super) fn unfit_element(
        &self,
        takes: &str,
        element: &Found<'_>,
        place: usize,
    ) -> QueryError {
        let given = described(element);
        let error = self.wrong(&format!("takes {takes}, but element {place} gives {given}"));
        if element.is_null() {
            return error.hint("leave such elements out first, with a filter: list[?Name]");
        }
        error
    }

    pub(super) fn wrong(&self, what: &str) -> QueryError {
        let what = format!("{} {what}", self.call.function.name());
        QueryError::new(ErrorKind::Type, what).at(self.call.at)
    }
}

impl Keys<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// How long the strings are together.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Numbers(_) => 0,
            Self::Texts(texts) => texts.iter().map(|text| text.len()).sum(),
        }
    }

    /// The places in ascending order of what is there; equals stay as they were.
    pub(super) fn sorted(&self) -> Vec<usize> {
        match self {
            Self::Numbers(numbers) => {
                let integers: Option<Vec<i128>> =
                    numbers.iter().map(|key| number::integer(key)).collect();
                if let Some(integers) = integers {
                    return sorted(&integers, Ord::cmp);
                }
                // One kind for all, as mixed comparisons are no order.
                let floats: Vec<f64> = numbers.iter().map(|key| number::float(key)).collect();
                sorted(&floats, |left, right| number::compare_floats(*left, *right))
            }
            Self::Texts(texts) => sorted(texts, |left, right| left.cmp(right)),
        }
    }
}

fn sorted<T>(keys: &[T], order: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<usize> {
    let mut places: Vec<(usize, &T)> = keys.iter().enumerate().collect();
    places.sort_by(|(_, left), (_, right)| order(left, right));
    places.into_iter().map(|(place, _)| place).collect()
}

fn described(found: &Found<'_>) -> &'static str {
    match found.view() {
        View::Null => "null",
        View::Bool(_) => "a boolean",
        View::Number(_) => "a number",
        View::Text(_) => "a string",
        View::List(_) => "an array",
        View::Object(_) => "an object",
    }
}

fn absent(takes: &str) -> String {
    let default = match takes {
        "a number" => "`0`",
        "an object" => "`{}`",
        takes if takes.starts_with("a string") => "''",
        _ => "`[]`",
    };
    format!("the member may be misspelt, or absent: (Name || {default}) takes that instead")
}
