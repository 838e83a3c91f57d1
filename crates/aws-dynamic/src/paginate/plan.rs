//! A paginator of a model, read once: where tokens come from and go to, and what counts as an item.

use serde_json::{Map, Value};

use super::Failed;
use crate::expression::{Expression, Path, Unusable};
use crate::model::terms::Kind;
use crate::model::{Member, Operation, Shape};

#[derive(Debug)]
pub(super) struct Plan {
    /// `s3:ListObjectsV2`
    operation: String,
    tokens: Vec<Token>,
    /// At least one.
    results: Vec<ResultKey>,
    /// What each page says again.
    repeated: Vec<Path>,
    more: Option<Expression>,
    limit: Option<Limit>,
    repetition: Repetition,
}

/// What it means when a page leads to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    Fails,
    End,
}

/// By what an operation is paged: what a caller may want to know before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys<'a> {
    /// The input's members for the tokens.
    pub input_tokens: Vec<&'a str>,
    /// The input's member that limits a page.
    pub limit: Option<&'a str>,
    /// JMESPath expressions that find what is listed.
    pub results: Vec<&'a str>,
}

/// Where the answers have what is listed.
#[derive(Debug)]
pub(super) struct ResultKey {
    pub(super) path: Path,
    content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// A list or a map.
    Items,
    /// Anything else: it is not counted and not cut.
    Whole,
}

/// What becomes of the texts under result keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// They are what is listed, a piece on each page.
    Append,
    /// They stand beside lists, on each page again.
    Keep,
}

#[derive(Debug)]
struct Token {
    /// The input's member.
    member: String,
    output: Expression,
}

#[derive(Debug)]
struct Limit {
    member: String,
    kind: Kind,
}

/// A paginator that botocore lacks: service, operation, and its input token, output token, result key
/// and limit key. The end of each is a token that is repeated.
///
/// GetLogEvents: its reference says that `nextForwardToken` is never absent, and at the end is the
/// token that was sent. This reads forward, so an input should have `startFromHead`.
const ADDED: &[[&str; 6]] =
    &[["logs", "GetLogEvents", "nextToken", "nextForwardToken", "events", "limit"]];

/// The members by which an operation is paged, if it is.
pub fn keys(operation: Operation<'_>) -> Option<Keys<'_>> {
    if let Some(paginator) = operation.paginator() {
        return Some(Keys {
            input_tokens: paginator.input_tokens().collect(),
            limit: paginator.limit_key(),
            results: paginator.result_keys().collect(),
        });
    }
    let [_, _, input, _, result, limit] = added(operation)?;
    Some(Keys { input_tokens: vec![input], limit: Some(limit), results: vec![result] })
}

fn added(operation: Operation<'_>) -> Option<&'static [&'static str; 6]> {
    let name = (operation.service().name(), operation.name());
    ADDED.iter().find(|[of, called, ..]| (*of, *called) == name)
}

impl Plan {
    pub(super) fn read(operation: Operation<'_>) -> Result<Self, Failed> {
        if let Some(paginator) = operation.paginator() {
            return Self::build(
                operation,
                &paginator.input_tokens().zip(paginator.output_tokens()).collect::<Vec<_>>(),
                paginator.result_keys().collect(),
                paginator.non_aggregate_keys().collect(),
                paginator.more_results(),
                paginator.limit_key(),
            );
        }
        let Some([_, _, input, output, result, limit]) = added(operation) else {
            let (service, name) = (operation.service().name(), operation.name());
            return Err(Failed::NotPaginated(format!("{service}:{name}")));
        };
        let plan = Self::build(
            operation,
            &[(*input, *output)],
            vec![*result],
            Vec::new(),
            None,
            Some(*limit),
        )?;
        Ok(Self { repetition: Repetition::End, ..plan })
    }

    fn build(
        operation: Operation<'_>,
        tokens: &[(&str, &str)],
        results: Vec<&str>,
        repeated: Vec<&str>,
        more: Option<&str>,
        limit: Option<&str>,
    ) -> Result<Self, Failed> {
        let name = format!("{}:{}", operation.service().name(), operation.name());
        let wrong = |text: &str, why: Unusable| {
            Failed::Model(format!("{name}: the model's paginator: \"{text}\" {why}"))
        };
        let expression = |text: &str| Expression::read(text).map_err(|why| wrong(text, why));
        let path = |text: &str| Path::read(text).map_err(|why| wrong(text, why));
        let result = |text: &str| {
            let path = path(text)?;
            let content = content(operation, &path);
            Ok(ResultKey { path, content })
        };
        if tokens.is_empty() || results.is_empty() {
            let what = format!("{name}: the model's paginator lacks a token or a result key");
            return Err(Failed::Model(what));
        }
        let token = |(member, output): &(&str, &str)| {
            Ok(Token { member: (*member).to_owned(), output: expression(output)? })
        };
        let limit = limit.map(|member| {
            let modelled = operation.input().and_then(|input| input.member(member));
            let kind = modelled.map_or(Kind::Integer, |member| member.shape().kind());
            Limit { member: member.to_owned(), kind }
        });
        Ok(Self {
            tokens: tokens.iter().map(token).collect::<Result<_, Failed>>()?,
            results: results.into_iter().map(result).collect::<Result<_, _>>()?,
            repeated: repeated.into_iter().map(path).collect::<Result<_, _>>()?,
            more: more.map(expression).transpose()?,
            limit,
            repetition: Repetition::Fails,
            operation: name,
        })
    }

    pub(super) fn operation(&self) -> &str {
        &self.operation
    }

    pub(super) fn results(&self) -> &[ResultKey] {
        &self.results
    }

    pub(super) fn texts(&self) -> Texts {
        let has_items = self.results.iter().any(|result| result.content == Content::Items);
        if has_items { Texts::Keep } else { Texts::Append }
    }

    pub(super) fn repeated(&self) -> &[Path] {
        &self.repeated
    }

    pub(super) fn repetition(&self) -> Repetition {
        self.repetition
    }

    pub(super) fn token_members(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(|token| token.member.as_str())
    }

    /// The member for a page's size, with the size as the member's type has it: Route 53 takes texts.
    pub(super) fn limit(&self, items: usize) -> Result<(String, Value), Failed> {
        let Some(Limit { member, kind }) = &self.limit else {
            let what = format!("{}: the size of a page cannot be chosen", self.operation);
            return Err(Failed::Input(what));
        };
        let size = if *kind == Kind::String { items.to_string().into() } else { items.into() };
        Ok((member.clone(), size))
    }

    /// The tokens of the next page, without those that are absent or empty; none at the end.
    pub(super) fn next_tokens(&self, answer: &Value) -> Option<Map<String, Value>> {
        let has_more = |more: &Expression| more.find(answer).is_some_and(|more| is_true(&more));
        if !self.more.as_ref().is_none_or(has_more) {
            return None;
        }
        let token = |token: &Token| {
            let found = token.output.find(answer).filter(|found| is_true(found))?;
            Some((token.member.clone(), found.into_owned()))
        };
        let tokens: Map<_, _> = self.tokens.iter().filter_map(token).collect();
        (!tokens.is_empty()).then_some(tokens)
    }

    /// How many items a page has.
    pub(super) fn count(&self, answer: &Value) -> usize {
        let found =
            || self.results.iter().filter_map(|result| Some((result, result.path.find(answer)?)));
        match found()
            .filter_map(|(result, value)| result.length(value))
            .reduce(usize::saturating_add)
        {
            Some(length) => length,
            None => found().count().min(1),
        }
    }

    /// Takes the first items off, and sets to nothing the numbers beside them, which came with them.
    pub(super) fn skip(&self, answer: &mut Value, mut items: usize) {
        if items == 0 {
            return;
        }
        for result in &self.results {
            let Some(value) = result.path.find_mut(answer) else { continue };
            let taken = result.length(value).unwrap_or_default().min(items);
            items -= taken;
            match value {
                Value::Array(elements) => drop(elements.drain(..taken)),
                Value::Object(fields) => {
                    *fields = std::mem::take(fields).into_iter().skip(taken).collect();
                }
                Value::Number(number) => *number = 0.into(),
                Value::Null | Value::Bool(_) | Value::String(_) => {}
            }
        }
    }

    /// Takes all but the first items off.
    pub(super) fn keep(&self, answer: &mut Value, mut items: usize) {
        for result in &self.results {
            let Some(value) = result.path.find_mut(answer) else { continue };
            let Some(length) = result.length(value) else { continue };
            let kept = length.min(items);
            items -= kept;
            match value {
                Value::Array(elements) => elements.truncate(kept),
                Value::Object(fields) => {
                    *fields = std::mem::take(fields).into_iter().take(kept).collect();
                }
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Number(_) => {}
            }
        }
    }
}

impl ResultKey {
    /// The items of a value that has some.
    fn length(&self, value: &Value) -> Option<usize> {
        match (self.content, value) {
            (Content::Items, Value::Array(elements)) => Some(elements.len()),
            (Content::Items, Value::Object(fields)) => Some(fields.len()),
            (Content::Items | Content::Whole, _) => None,
        }
    }
}

/// What the model has at a path of the output.
fn content(operation: Operation<'_>, path: &Path) -> Content {
    let mut shape = operation.output();
    for name in path.names() {
        shape = shape.and_then(|shape| shape.member(name)).map(Member::shape);
    }
    match shape.map(Shape::kind) {
        Some(Kind::List | Kind::Map) => Content::Items,
        Some(_) | None => Content::Whole,
    }
}

/// Whether a token is one, as Python sees it: empty texts end lists, in EC2 for example.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
