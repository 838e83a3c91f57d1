//! Texts that are sent as headers, which cannot be any texts.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Check;
use crate::model::Member;
use crate::model::terms::Location;

const CONTROL: &str = "may not have control characters such as line breaks: it is sent as a header";
const NAME: &str =
    "is no name of a header: expected ASCII letters, digits and any of !#$%&'*+-.^_`|~";
const SAME: &str = "is the name of another entry but for capitals, which headers do not tell apart";
/// Signatures are made of the bytes, and what is between may read them as Latin-1.
const ASCII: &str = "may have ASCII characters alone, as it is sent as a header: encode the text, as \
                     base64 for one";

impl Check {
    /// Holds a member's value, if it is sent as a header, against what a header can be.
    pub(super) fn header(&mut self, member: Member<'_>, value: &Value) {
        match (member.location(), value) {
            (Some(Location::Header), Value::String(text)) => self.header_text(text),
            (Some(Location::Header), Value::Array(values)) => {
                for (place, value) in values.iter().enumerate() {
                    let text = value.as_str().unwrap_or_default();
                    self.at_text(&format!("[{place}]"), |check| check.header_text(text));
                }
            }
            (Some(Location::Headers), Value::Object(fields)) => self.headers(member, fields),
            (
                Some(
                    Location::Header
                    | Location::Headers
                    | Location::Uri
                    | Location::QueryString
                    | Location::StatusCode,
                )
                | None,
                _,
            ) => {}
        }
    }

    fn header_text(&mut self, text: &str) {
        if text.chars().any(is_control) {
            self.problem(CONTROL);
        }
    }

    /// Names behind a prefix, with texts.
    fn headers(&mut self, member: Member<'_>, fields: &Map<String, Value>) {
        let is_secret = member.shape().key().is_some_and(|key| key.shape().is_sensitive());
        let mut names = BTreeSet::new();
        for (name, value) in fields {
            let is_new = names.insert(name.to_ascii_lowercase());
            let text = value.as_str().unwrap_or_default();
            self.at(if is_secret { "*" } else { name }, |check| {
                if !name.bytes().all(is_of_name) {
                    check.problem(NAME);
                } else if !is_new {
                    check.problem(SAME);
                }
                check.header_text(text);
                if !text.is_ascii() {
                    check.problem(ASCII);
                }
            });
        }
    }
}

fn is_control(letter: char) -> bool {
    letter.is_ascii_control() && letter != '\t'
}

/// RFC 9110, 5.6.2: `tchar`.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
