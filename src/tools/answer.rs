//! What a tool gives back, and how it is made to fit: whole rows only, with a token that goes on
//! exactly where the rows end.

use std::hash::{DefaultHasher, Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::kept::Kept;
use super::view::{Form, Part, compacted, outline, part, queried};
use crate::config::Clock;
use crate::error::{Error, Kind, Result};

/// A successful answer.
#[derive(Debug, Default)]
pub struct Answer {
    pub body: Map<String, Value>,
    /// Members that models say, and no service: the names in them are not those of values.
    pub shapes: Map<String, Value>,
    rows: Option<Rows>,
    view: Option<View>,
}

/// How the member `result` of an answer is shown.
#[derive(Debug)]
pub struct View {
    /// JMESPath.
    pub query: Option<String>,
    pub form: Form,
}

/// The member of an answer that is a list, and may be cut.
#[derive(Debug)]
struct Rows {
    member: &'static str,
    /// What to do where it was cut.
    how: &'static str,
    cursor: Option<Cursor>,
}

// Says that an answer was cut.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Truncated {
    shown: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    how: &'static str,
}

/// How a write ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    Done,
    NoChange,
}

impl Answer {
    /// An answer from a tool's output type.
    pub fn of(output: &impl Serialize) -> Result<Self> {
        match serde_json::to_value(output) {
            Ok(Value::Object(body)) => Ok(Self { body, ..Self::default() }),
            Ok(_) => Err(Error::internal("a tool's output is not an object.")),
            Err(e) => Err(Error::internal("a tool's output could not be written.").caused_by(e)),
        }
    }

    /// An answer whose member is a list that goes on with `next_page_token`.
    pub fn paged(output: &impl Serialize, member: &'static str, cursor: Cursor) -> Result<Self> {
        let how = "Cut to fit. Narrow the question, or go on with next_page_token.";
        let rows = Rows { member, how, cursor: Some(cursor) };
        Ok(Self { rows: Some(rows), ..Self::of(output)? })
    }

    /// An answer whose member is a whole list. `how` says how to see what was cut off.
    pub fn listed(
        output: &impl Serialize,
        member: &'static str,
        how: &'static str,
    ) -> Result<Self> {
        Ok(Self { rows: Some(Rows { member, how, cursor: None }), ..Self::of(output)? })
    }

    /// The same, with these members as what models say.
    pub fn modelled(mut self, members: &[&'static str]) -> Self {
        for name in members {
            if let Some(value) = self.body.shift_remove(*name) {
                self.shapes.insert((*name).to_owned(), value);
            }
        }
        self
    }

    /// The same answer, whose member `result` is shown so.
    pub fn seen_by(self, view: View) -> Self {
        Self { view: Some(view), ..self }
    }

    /// Takes out what AWS answered, where that is the member `result`.
    pub fn of_aws(&mut self) -> Option<Value> {
        self.view.as_ref()?;
        self.body.shift_remove("result")
    }

    /// The answer with at most `most` characters as JSON text. What does not fit is kept whole, queried
    /// and without what is empty if that was wanted, and then cut: by whole rows at the end where it
    /// has rows.
    pub fn shown(self, most: usize, kept: &Kept, clock: Clock) -> Result<Map<String, Value>> {
        let Self { mut body, rows, view, .. } = self;
        let Some(view) = view else {
            let whole = Value::Object(body);
            let is_large = characters(&whole) > most;
            let handle = is_large.then(|| kept.keep(&whole)).transpose()?;
            let Value::Object(body) = whole else { return Ok(Map::new()) };
            let room = if is_large { most.saturating_sub(HANDLE) } else { most };
            let fitted = Self { body: body.clone(), rows, ..Self::default() }.fit(room);
            return match (fitted, handle) {
                (Ok(mut body), Some(handle)) => {
                    if let Some(Value::Object(truncated)) = body.get_mut("truncated") {
                        truncated.insert("handle".to_owned(), handle.into());
                    }
                    Ok(body)
                }
                (Ok(body), None) => Ok(body),
                (Err(error), Some(handle)) if error.kind == Kind::ResponseTooLarge => {
                    Ok(parted(Value::Object(body), &handle, most))
                }
                (Err(error), _) => Err(error),
            };
        };
        let Some(mut result) = body.shift_remove("result") else { return Ok(body) };
        let room = most.saturating_sub(characters(&Value::Object(body.clone())) + NOTE);
        let handle = (characters(&result) > room).then(|| kept.keep(&result)).transpose()?;
        if let Some(query) = &view.query {
            result = queried(query, &result, clock)?;
        }
        if view.form == Form::Compact {
            let omitted = compacted(&mut result);
            if !omitted.is_empty() {
                body.insert("omitted".to_owned(), Value::Object(omitted));
            }
        }
        put_result(&mut body, result, handle, most);
        Ok(body)
    }

    /// The answer with at most `most` characters as JSON text, by leaving out whole rows at the end.
    fn fit(self, most: usize) -> Result<Map<String, Value>> {
        let Self { mut body, rows, .. } = self;
        let cursor = rows.as_ref().and_then(|rows| rows.cursor.as_ref());
        if let Some(token) = cursor.and_then(|cursor| Some(cursor.token(cursor.end.as_ref()?))) {
            body.insert("next_page_token".into(), token.into());
        }
        let length = body_characters(&body);
        if length <= most {
            return Ok(body);
        }
        let Some(Rows { member, how, cursor }) = rows else {
            return Err(too_large(length, most));
        };
        let Some(Value::Array(all)) = body.get(member) else {
            return Err(Error::internal("a paged answer has no rows."));
        };
        let total = cursor.is_none().then_some(all.len());
        let sizes: Vec<usize> = all.iter().map(row_characters).collect();
        let rest = length - sizes.iter().sum::<usize>();
        let mut left = most.saturating_sub(rest + NOTE);
        let mut shown = sizes
            .iter()
            .take_while(|size| {
                let fits = **size <= left;
                left = left.saturating_sub(**size);
                fits
            })
            .count();
        // How long the token is, is known only for a certain row.
        while shown > 0 {
            if let Some(Value::Array(rows)) = body.get_mut(member) {
                rows.truncate(shown);
            }
            if let Some(cursor) = &cursor {
                let token = cursor.token(&cursor.position(shown));
                body.insert("next_page_token".into(), token.into());
            }
            body.insert("truncated".into(), json!(Truncated { shown, total, how }));
            if body_characters(&body) <= most {
                return Ok(body);
            }
            shown -= 1;
        }
        Err(too_large(length, most))
    }
}

/// Room for the note of the cut and for a token of usual length.
const NOTE: usize = 250;

fn too_large(length: usize, most: usize) -> Error {
    Error::new(
        Kind::ResponseTooLarge,
        format!("the answer has {length} characters; {most} are allowed."),
        "Ask for less: a smaller limit, filters, or without detail.",
    )
}

fn body_characters(body: &Map<String, Value>) -> usize {
    serde_json::to_string(body).map_or(usize::MAX, |text| text.chars().count())
}

fn characters(value: &Value) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.chars().count())
}

/// How to see the rest of what is kept.
const READ_ON: &str = "Only a part is shown. aws_get_result with the handle reads on, with a query, \
                       offset and limit, without calling AWS again.";

/// The least that is shown of a result, whatever else an answer has.
const LEAST_PART: usize = 500;

/// Puts a result into an answer, or as much of it as fits, with the handle of the whole.
pub fn put_result(
    body: &mut Map<String, Value>,
    result: Value,
    handle: Option<String>,
    most: usize,
) {
    let room = most.saturating_sub(body_characters(body) + NOTE).max(LEAST_PART);
    if characters(&result) <= room {
        body.insert("result".to_owned(), result);
        if let Some(handle) = handle {
            body.insert("handle".to_owned(), handle.into());
        }
        return;
    }
    let mut outline = outline(&result);
    if characters(&outline) > room / 4 {
        outline = part(&outline, room / 4).value;
    }
    let rest = room.saturating_sub(characters(&outline) + CUTS);
    let Part { value, cuts } = part(&result, rest);
    body.insert("result".to_owned(), value);
    body.insert("truncated".to_owned(), json!({"outline": outline, "cuts": cuts, "how": READ_ON}));
    if let Some(handle) = handle {
        body.insert("handle".to_owned(), handle.into());
    }
}

/// Room for a handle.
const HANDLE: usize = 40;

/// Room for the places of cuts.
const CUTS: usize = 1_500;

/// The beginning of an answer that has no rows to leave out.
fn parted(whole: Value, handle: &str, most: usize) -> Map<String, Value> {
    let part = part(&whole, most.saturating_sub(NOTE)).value;
    let mut body = if let Value::Object(body) = part { body } else { Map::new() };
    body.insert("truncated".to_owned(), json!({"handle": handle, "how": READ_ON}));
    body
}

fn row_characters(row: &Value) -> usize {
    // And the comma.
    row.to_string().chars().count() + 1
}

/// More rows than AWS gives in one page of anything; a token that says more was forged.
const MOST_SKIP: usize = 100_000;

/// Where every row of a page came from, so that a page can end at any of them.
#[derive(Debug, Default)]
pub struct Cursor {
    /// What the token is good for: the same tool, arguments and target.
    query: u64,
    /// (first row, the AWS page it came from).
    pages: Vec<(usize, Position)>,
    /// Where to go on after the last row; `None` = that was all.
    end: Option<Position>,
}

/// A place in AWS's listing: a page, and rows of it already seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub aws_token: Option<String>,
    #[serde(rename = "s")]
    pub skip: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    q: u64,
    #[serde(flatten)]
    at: Position,
}

impl Cursor {
    /// A cursor for a query: whatever decides what is listed, but not the page or its size.
    pub fn new(query: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        query.hash(&mut hasher);
        Self { query: hasher.finish(), ..Self::default() }
    }

    /// Reads a token that an earlier answer gave.
    pub fn start(&self, page_token: Option<&str>) -> Result<Position> {
        let Some(text) = page_token else {
            return Ok(Position::default());
        };
        let token = aws_smithy_types::base64::decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        match token {
            Some(token) if token.q == self.query && token.at.skip <= MOST_SKIP => Ok(token.at),
            Some(_) => Err(Error::invalid(
                "page_token belongs to another query.",
                "Repeat the arguments of the call that gave it, or leave it out to begin anew.",
            )),
            None => Err(Error::invalid(
                "page_token is not one that this server gave.",
                "Pass next_page_token unchanged, or leave it out to begin anew.",
            )),
        }
    }

    /// Notes that the rows from `first` on come from this place.
    pub fn page(&mut self, first: usize, position: Position) {
        self.pages.push((first, position));
    }

    /// Notes where the listing goes on.
    pub fn goes_on(&mut self, position: Position) {
        self.end = Some(position);
    }

    fn position(&self, row: usize) -> Position {
        self.pages.iter().rev().find(|(first, _)| *first <= row).map_or_else(
            Position::default,
            |(first, page)| Position {
                aws_token: page.aws_token.clone(),
                skip: page.skip + (row - first),
            },
        )
    }

    fn token(&self, position: &Position) -> String {
        let token = Token { q: self.query, at: position.clone() };
        aws_smithy_types::base64::encode(serde_json::to_vec(&token).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rows: usize, cursor: Cursor) -> Answer {
        let rows: Vec<String> = (0..rows).map(|n| format!("{n:0>90}")).collect();
        Answer::paged(&json!({"rows": rows, "n": 1}), "rows", cursor).unwrap()
    }

    #[test]
    fn a_cut_ends_between_rows_and_goes_on_at_the_next() {
        let mut cursor = Cursor::new(&"q");
        cursor.page(0, Position { aws_token: None, skip: 3 });
        cursor.page(10, Position { aws_token: Some("b".into()), skip: 0 });
        let body = answer(40, cursor).fit(3_000).unwrap();
        let shown = body["rows"].as_array().unwrap().len();
        assert!(body_characters(&body) <= 3_000 && shown > 10, "{shown}");
        assert_eq!(body["truncated"]["shown"], shown);
        let at = Cursor::new(&"q").start(body["next_page_token"].as_str()).unwrap();
        assert_eq!(at, Position { aws_token: Some("b".into()), skip: shown - 10 });
    }

    #[test]
    fn what_fits_is_left_alone() {
        let body = answer(3, Cursor::new(&"q")).fit(3_000).unwrap();
        assert!(body.get("truncated").is_none() && body.get("next_page_token").is_none());
    }

    #[test]
    fn a_row_that_cannot_fit_is_an_error() {
        let error = answer(40, Cursor::new(&"q")).fit(100).unwrap_err();
        assert_eq!(error.kind, Kind::ResponseTooLarge);
    }

    #[test]
    fn a_token_is_bound_to_its_query() {
        let mut cursor = Cursor::new(&"q");
        cursor.goes_on(Position { aws_token: Some("t".into()), skip: 0 });
        let body = answer(1, cursor).fit(3_000).unwrap();
        let token = body["next_page_token"].as_str();
        assert_eq!(Cursor::new(&"q").start(token).unwrap().aws_token.as_deref(), Some("t"));
        assert!(Cursor::new(&"other").start(token).is_err());
        assert!(Cursor::new(&"q").start(Some("garbage")).is_err());
    }
}
