//! How the member `result` of an answer is shown: queried, without what is empty, and cut to fit; or a
//! stretch of one that is kept.

use aws_dynamic::model::Shape;
use aws_dynamic::query::{Limits, Query, QueryError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::kept::Kept;
use super::omitted::{Nesting, Omitted};
use super::part::{MOST_PLACES, Part, characters, characters_within, fitting, outline, part};
use crate::config::Clock;
use crate::error::{Error, Result};

/// How a result is shown.
#[derive(Debug)]
pub enum View {
    /// What AWS answered to a call, of this shape.
    Called { query: Option<String>, form: Form, shape: Option<Shape<'static>> },
    /// What is kept: of a list or a text so much.
    Kept { offset: usize, limit: Option<usize> },
}

/// How much of it is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    Compact,
    Full,
}

/// An answer has at most so many characters, and what does not fit is kept, if anybody can read it on.
#[derive(Clone, Copy)]
pub struct Bounds<'k> {
    pub most: usize,
    pub kept: Option<&'k Kept>,
}

/// For how long a query may run.
const QUERY: std::time::Duration = std::time::Duration::from_secs(1);

/// How to see the rest of what is kept.
const READ_ON: &str = "Only a part is shown. aws_get_result with the handle reads on, with a query, \
                       offset and limit, without calling AWS again.";

/// The same of what a query found.
const QUERY_ON: &str = "Only a part of what the query found is shown. aws_get_result with the handle, the \
                        same query and an offset reads on, without calling AWS again; `query | path` \
                        leads to a cut.";

/// How to see more of what is kept where it is neither list nor text, or an entry does not fit.
const FIND_LESS: &str = "Only a part is shown. Give a query that finds less: `query | path` leads to a cut; \
                         of a list or a text offset and limit choose.";

/// How to see more of a call's result where it cannot be read on.
const NARROW: &str = "Ask for less: by a query, or by the operation's own limits and filters.";

/// Room for what is said to be left out.
const OMITTED: usize = 1_500;

/// The least that is shown of a result, whatever else an answer has.
const LEAST_PART: usize = 500;

impl View {
    /// Puts a result into an answer.
    pub fn show(
        self,
        body: Map<String, Value>,
        result: Value,
        bounds: Bounds<'_>,
        clock: Clock,
    ) -> Map<String, Value> {
        match self {
            Self::Called { query: Some(query), form, shape } => {
                match queried(&query, &result, clock) {
                    Ok(found) => whole_or_cut(body, found, (Some(&result), QUERY_ON), bounds),
                    // The call was made, and this is what it gave.
                    Err(error) => {
                        let body = warned(body, &error);
                        called(body, result, (form, shape), bounds)
                    }
                }
            }
            Self::Called { query: None, form, shape } => {
                called(body, result, (form, shape), bounds)
            }
            Self::Kept { offset, limit } => stretch(body, result, (offset, limit), bounds.most),
        }
    }
}

/// Holds a JMESPath query (<https://jmespath.org/specification.html>) against a result.
///
/// # Errors
/// `validation_error` with the place in the query; also where it takes more than 1 s or 10^6 steps.
pub fn queried(query: &str, result: &Value, clock: Clock) -> Result<Value> {
    let query = Query::read(query).map_err(wrong)?;
    let begun = clock.elapsed();
    let expired = || clock.elapsed().saturating_sub(begun) > QUERY;
    query.run(result, Limits::until(&expired)).map_err(wrong)
}

/// Whether a query is one, so that it is mended before a call and not after.
pub fn is_query(query: &str) -> Result<()> {
    Query::read(query).map(drop).map_err(wrong)
}

fn wrong(error: QueryError) -> Error {
    Error::invalid(
        format!("{error}."),
        "Mend the query; https://jmespath.org/specification.html has the language.",
    )
}

fn warned(mut body: Map<String, Value>, error: &Error) -> Map<String, Value> {
    let warning = format!("the result is as without the query: {}", error.message);
    match body.entry("warnings").or_insert_with(|| json!([])) {
        Value::Array(warnings) => warnings.push(warning.into()),
        other => *other = json!([warning]),
    }
    body
}

/// A result as AWS gave it, or without what says nothing.
fn called(
    mut body: Map<String, Value>,
    mut result: Value,
    (form, shape): (Form, Option<Shape<'static>>),
    bounds: Bounds<'_>,
) -> Map<String, Value> {
    let Some(shape) = shape.filter(|_| form == Form::Compact) else {
        return whole_or_cut(body, result, (None, READ_ON), bounds);
    };
    let words = OMITTED.min(bounds.most / 10);
    let room = room(&body, bounds.most);
    let say = |body: &mut Map<String, Value>, omitted: &Omitted| {
        if let Some(said) = omitted.said(words) {
            body.insert("omitted".to_owned(), Value::Object(said));
        }
    };
    // Most answers: whatever is said of it, there is room.
    let frame = characters(&json!({"omitted": {"more_empty": 0, "more_flattened": 0}}));
    if characters_within(&result, room.saturating_sub(words + 2 * frame)).is_some() {
        say(&mut body, &Omitted::of(&mut result, shape, Nesting::Flattened));
        body.insert("result".to_owned(), result);
        return body;
    }
    // The whole is still needed, and what is shown of it must be where its paths say.
    let mut compact = result.clone();
    let omitted = Omitted::of(&mut compact, shape, Nesting::Kept);
    let mut with_words = body.clone();
    say(&mut with_words, &omitted);
    let is_longer = characters_within(&compact, self::room(&with_words, bounds.most)).is_none();
    if is_longer && characters_within(&result, room).is_some() {
        body.insert("result".to_owned(), result);
        return body;
    }
    whole_or_cut(with_words, compact, (Some(&result), READ_ON), bounds)
}

/// Puts what is shown of a result into an answer: all of it where it fits, else cut, and the result
/// kept, where that is not what is shown.
fn whole_or_cut(
    mut body: Map<String, Value>,
    shown: Value,
    (whole, read_on): (Option<&Value>, &str),
    bounds: Bounds<'_>,
) -> Map<String, Value> {
    if characters_within(&shown, room(&body, bounds.most)).is_some() {
        body.insert("result".to_owned(), shown);
        return body;
    }
    let whole = whole.unwrap_or(&shown);
    let outline = outline(whole, room(&body, bounds.most) / 4);
    let truncated = note(whole, (read_on, NARROW), outline, bounds.kept);
    cut((&shown, ""), truncated, bounds.most, |value, truncated| {
        cut_answer(&body, value, truncated)
    })
}

/// What is said of a value that is shown in part. It is kept where somebody can read it on.
pub fn note(
    whole: &Value,
    (read_on, narrow): (&str, &str),
    outline: Option<Value>,
    kept: Option<&Kept>,
) -> Map<String, Value> {
    let handle = kept.and_then(|kept| kept.keep(whole));
    let how = match (kept, &handle) {
        (Some(_), Some(_)) => read_on.to_owned(),
        (Some(_), None) => {
            format!("Only a part is shown, and the whole is too large to be kept. {narrow}")
        }
        (None, _) => format!("Only a part is shown. {narrow}"),
    };
    let mut note = Map::new();
    note.extend(handle.map(|handle| ("handle".to_owned(), handle.into())));
    note.insert("how".to_owned(), how.into());
    note.extend(outline.map(|outline| ("outline".to_owned(), outline)));
    note
}

/// As much of a value, which is at this path, as makes an answer of at most so many characters. `put`
/// makes the answer of the part and of the note, which has the cuts then.
pub fn cut(
    (value, at): (&Value, &str),
    note: Map<String, Value>,
    most: usize,
    put: impl Fn(Value, Map<String, Value>) -> Map<String, Value>,
) -> Map<String, Value> {
    let rest = characters(&put(Value::Null, note.clone()));
    let mut room = most.saturating_sub(rest).max(LEAST_PART);
    loop {
        let Part { value, cuts } = part(value, room, at);
        let mut noted = note.clone();
        let mut left = most / 8;
        let named = cuts.iter().take(MOST_PLACES).take_while(|cut| {
            let rest = left.checked_sub(characters(cut) + 1);
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        let named = named.count();
        noted.insert("cuts".to_owned(), json!(cuts.get(..named)));
        if let Some(more) = cuts.len().checked_sub(named).filter(|more| *more > 0) {
            noted.insert("more_cuts".to_owned(), more.into());
        }
        let body = put(value, noted);
        let over = characters(&body).saturating_sub(most);
        if over == 0 || room <= LEAST_PART {
            return body;
        }
        room = room.saturating_sub(over.max(CLOSER)).max(LEAST_PART);
    }
}

/// A cut is tried again with so much less room at least: its own place takes room as well.
const CLOSER: usize = 16;

/// Room for a result in an answer.
fn room(body: &Map<String, Value>, most: usize) -> usize {
    let member = characters(&json!({"result": 0})) - 2;
    most.saturating_sub(characters(body) + member).max(LEAST_PART)
}

/// A list or a text from an offset on, and where it goes on; anything else from its beginning.
fn stretch(
    mut body: Map<String, Value>,
    result: Value,
    (offset, limit): (usize, Option<usize>),
    most: usize,
) -> Map<String, Value> {
    let ends = |count: usize| {
        let begin = offset.min(count);
        (begin, limit.map_or(count, |limit| begin.saturating_add(limit).min(count)))
    };
    match result {
        Value::Array(mut entries) => {
            let count = entries.len();
            let (begin, end) = ends(count);
            entries.truncate(end);
            entries.drain(..begin);
            entries_from(body, entries, (begin, count), most)
        }
        Value::String(text) => {
            let count = text.chars().count();
            let (begin, end) = ends(count);
            let mut text: String = text.chars().skip(begin).take(end - begin).collect();
            let room = room(&goes_on(body.clone(), count.saturating_sub(1), count), most);
            let shown = fitting(&text, room.saturating_sub(2));
            if let Some((bytes, _)) = text.char_indices().nth(shown) {
                text.truncate(bytes);
            }
            let mut body = goes_on(body, begin + shown, count);
            body.insert("result".to_owned(), text.into());
            body
        }
        other if characters_within(&other, room(&body, most)).is_some() => {
            body.insert("result".to_owned(), other);
            body
        }
        other => {
            let mut note = Map::from_iter([("how".to_owned(), FIND_LESS.into())]);
            let outline = outline(&other, room(&body, most) / 4);
            note.extend(outline.map(|outline| ("outline".to_owned(), outline)));
            cut((&other, ""), note, most, |value, truncated| cut_answer(&body, value, truncated))
        }
    }
}

/// The first of a list's entries that fit whole, or of the first as much as fits.
fn entries_from(
    body: Map<String, Value>,
    mut entries: Vec<Value>,
    (begin, count): (usize, usize),
    most: usize,
) -> Map<String, Value> {
    let mut left =
        room(&goes_on(body.clone(), count.saturating_sub(1), count), most).saturating_sub(2);
    let fits = |entry: &&Value| {
        let size = characters_within(entry, left);
        // And the comma.
        left = left.saturating_sub(size.unwrap_or_default() + 1);
        size.is_some()
    };
    let whole = entries.iter().take_while(fits).count();
    if let Some(long) = entries.first().filter(|_| whole == 0) {
        let note = Map::from_iter([("how".to_owned(), FIND_LESS.into())]);
        let body = goes_on(body, begin + 1, count);
        return cut((long, &format!("[{begin}]")), note, most, |value, truncated| {
            cut_answer(&body, json!([value]), truncated)
        });
    }
    entries.truncate(whole);
    let mut body = goes_on(body, begin + whole, count);
    body.insert("result".to_owned(), Value::Array(entries));
    body
}

/// Says how many there are, and where what is not shown begins.
fn goes_on(mut body: Map<String, Value>, next: usize, count: usize) -> Map<String, Value> {
    body.insert("count".to_owned(), count.into());
    if next < count {
        body.insert("next_offset".to_owned(), next.into());
    }
    body
}

fn cut_answer(
    body: &Map<String, Value>,
    value: Value,
    truncated: Map<String, Value>,
) -> Map<String, Value> {
    let mut body = body.clone();
    body.insert("result".to_owned(), value);
    body.insert("truncated".to_owned(), Value::Object(truncated));
    body
}

#[cfg(test)]
mod tests;
