//! What a tool gives back, and how it is made to fit: whole rows only, with a token that goes on
//! exactly where the rows end.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::cursor::Cursor;
use super::part::{characters, outline};
use super::view::{Bounds, View, cut, note};
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
    /// For aws_get_result
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
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

    /// The answer within its bounds. What does not fit is kept whole, and then cut: by whole rows at the
    /// end where it has rows.
    pub fn shown(self, bounds: Bounds<'_>, clock: Clock) -> Result<Map<String, Value>> {
        let Self { mut body, rows, view, .. } = self;
        match (view, rows) {
            (Some(view), _) => {
                let result = body.shift_remove("result").unwrap_or_default();
                Ok(view.show(body, result, bounds, clock))
            }
            (None, Some(rows)) => rows.fit(body, bounds),
            (None, None) if characters(&body) <= bounds.most => Ok(body),
            (None, None) => Ok(parted(body, bounds)),
        }
    }
}

impl Rows {
    /// The answer with as many of the rows as fit.
    fn fit(self, mut body: Map<String, Value>, bounds: Bounds<'_>) -> Result<Map<String, Value>> {
        let Self { member, how, cursor } = self;
        if let Some(token) = cursor.as_ref().and_then(Cursor::end) {
            body.insert("next_page_token".into(), token.into());
        }
        let length = characters(&body);
        if length <= bounds.most {
            return Ok(body);
        }
        let Some(Value::Array(all)) = body.get(member) else {
            return Err(Error::internal("a paged answer has no rows."));
        };
        let total = cursor.is_none().then_some(all.len());
        // And the comma.
        let sizes: Vec<usize> = all.iter().map(|row| characters(row) + 1).collect();
        let rest = length - sizes.iter().sum::<usize>();
        let mut left = bounds.most.saturating_sub(rest + NOTE);
        let fits = |size: &&usize| {
            let rest = left.checked_sub(**size);
            left = rest.unwrap_or_default();
            rest.is_some()
        };
        let mut shown = sizes.iter().take_while(fits).count();
        if shown == 0 {
            return match bounds.kept {
                Some(_) => Ok(parted(body, bounds)),
                None => Err(too_large(length, bounds.most)),
            };
        }
        let whole = Value::Object(body);
        let handle = bounds.kept.and_then(|kept| kept.keep(&whole));
        let Value::Object(mut body) = whole else { return Ok(Map::new()) };
        // How long the token is, is known only for a certain row.
        while shown > 0 {
            if let Some(Value::Array(rows)) = body.get_mut(member) {
                rows.truncate(shown);
            }
            if let Some(cursor) = &cursor {
                let token = cursor.token(&cursor.position(shown));
                body.insert("next_page_token".into(), token.into());
            }
            let truncated = Truncated { shown, total, how, handle: handle.clone() };
            body.insert("truncated".into(), json!(truncated));
            if characters(&body) <= bounds.most {
                return Ok(body);
            }
            shown -= 1;
        }
        Err(too_large(length, bounds.most))
    }
}

/// Room for the note of the cut, its handle, and a token of usual length.
const NOTE: usize = 290;

/// How to see more of an answer that has no rows to leave out.
const READ_ON: &str = "Only a part is shown. aws_get_result with the handle reads on, with a query, \
                       offset and limit.";
const NARROW: &str = "Ask for less: a smaller limit, filters, or without detail.";

fn too_large(length: usize, most: usize) -> Error {
    Error::new(
        Kind::ResponseTooLarge,
        format!("the answer has {length} characters; {most} are allowed."),
        NARROW,
    )
}

/// As much as fits of an answer that has no rows to leave out, or one that is too long.
fn parted(body: Map<String, Value>, bounds: Bounds<'_>) -> Map<String, Value> {
    let whole = Value::Object(body);
    let note = note(&whole, (READ_ON, NARROW), outline(&whole, bounds.most / 4), bounds.kept);
    cut((&whole, ""), note, bounds.most, |part, truncated| {
        let mut body = if let Value::Object(body) = part { body } else { Map::new() };
        body.insert("truncated".to_owned(), Value::Object(truncated));
        body
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::cursor::Position;
    use crate::tools::kept::Kept;

    fn answer(rows: usize, cursor: Cursor) -> Answer {
        let rows: Vec<String> = (0..rows).map(|n| format!("{n:0>90}")).collect();
        Answer::paged(&json!({"rows": rows, "n": 1}), "rows", cursor).unwrap()
    }

    fn shown(answer: Answer, most: usize) -> Result<Map<String, Value>> {
        answer.shown(Bounds { most, kept: None }, Clock::system())
    }

    #[test]
    fn a_cut_ends_between_rows_and_goes_on_at_the_next() {
        let mut cursor = Cursor::new(&"q");
        cursor.page(0, Position { aws_token: None, skip: 3 });
        cursor.page(10, Position { aws_token: Some("b".into()), skip: 0 });
        let body = shown(answer(40, cursor), 3_000).unwrap();
        let shown = body["rows"].as_array().unwrap().len();
        assert!(characters(&body) <= 3_000 && shown > 10, "{shown}");
        assert_eq!(body["truncated"]["shown"], shown);
        assert_eq!(body["truncated"].get("handle"), None);
        let at = Cursor::new(&"q").start(body["next_page_token"].as_str()).unwrap();
        assert_eq!(at, Position { aws_token: Some("b".into()), skip: shown - 10 });
    }

    #[test]
    fn what_fits_is_left_alone() {
        let body = shown(answer(3, Cursor::new(&"q")), 3_000).unwrap();
        assert!(body.get("truncated").is_none() && body.get("next_page_token").is_none());
    }

    #[test]
    fn a_row_that_cannot_fit_is_an_error_where_nothing_is_kept() {
        let error = shown(answer(40, Cursor::new(&"q")), 100).unwrap_err();
        assert_eq!(error.kind, Kind::ResponseTooLarge);
    }

    #[test]
    fn where_nothing_is_kept_there_is_no_handle_but_what_to_ask_for() {
        let long = json!({"a": "x".repeat(9_000), "status": "done"});
        let kept = Kept::new(None);
        for kept in [None, Some(&kept)] {
            let bounds = Bounds { most: 3_000, kept };
            let body = Answer::of(&long).unwrap().shown(bounds, Clock::system()).unwrap();
            assert!(characters(&body) <= 3_000 && characters(&body) > 2_900);
            assert_eq!(body["status"], "done");
            let truncated = &body["truncated"];
            assert_eq!(truncated.get("handle").is_some(), kept.is_some());
            let how = truncated["how"].as_str().unwrap();
            assert_eq!(how.contains("aws_get_result"), kept.is_some(), "{how}");
            assert_eq!(how.contains("Ask for less"), kept.is_none(), "{how}");
        }
    }
}
