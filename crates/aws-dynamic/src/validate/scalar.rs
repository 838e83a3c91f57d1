//! Texts, numbers, truth values, times and bytes.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Number, Value};

use super::{Check, Coercion, words};
use crate::model::Shape;
use crate::model::terms::Kind;
use crate::protocol::timestamp;

impl Check {
    pub(super) fn scalar(&mut self, shape: Shape<'_>, value: &Value) -> Value {
        match self.read(shape.kind(), value) {
            Some((read, coerced)) => {
                if coerced {
                    self.coerced(&read_as(shape, value));
                }
                self.allowed(shape, &read);
                read
            }
            None if value.is_f64() && [Kind::String, Kind::BigDecimal].contains(&shape.kind()) => {
                self.problem(DIGITS);
                Value::Null
            }
            None => self.wrong_type(shape, value),
        }
    }

    /// The value as one of the kind, and whether it is another than was given.
    fn read(&self, kind: Kind, value: &Value) -> Option<(Value, bool)> {
        let natural = match kind {
            Kind::String | Kind::Character => value.is_string(),
            Kind::Boolean => value.is_boolean(),
            Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => {
                value.is_i64() || value.is_u64() || kind == Kind::BigInteger && is_digits(value)
            }
            Kind::Float | Kind::Double => {
                value.is_number() || value.as_str().is_some_and(is_no_finite_number)
            }
            Kind::BigDecimal => match value {
                Value::Number(number) => !number.is_f64() || digits(number) <= KEPT,
                value => value.as_str().is_some_and(|t| serde_json::from_str::<Number>(t).is_ok()),
            },
            Kind::Timestamp => timestamp::of_json(value).is_some(),
            Kind::Blob => {
                value.as_str().is_some_and(|t| aws_smithy_types::base64::decode(t).is_ok())
            }
            Kind::Structure | Kind::Union | Kind::Document | Kind::List | Kind::Map => true,
        };
        if natural {
            return Some((value.clone(), false));
        }
        let coerced = match self.coercion {
            Coercion::On => coerced(kind, value),
            Coercion::Off => None,
        };
        coerced.map(|value| (value, true))
    }

    /// Holds a value of the right type against what the shape allows.
    fn allowed(&mut self, shape: Shape<'_>, value: &Value) {
        match shape.kind() {
            Kind::String | Kind::Character => {
                let text = value.as_str().unwrap_or_default();
                self.length(shape, text.chars().count(), "characters");
                let known: Vec<&str> = shape.enum_values().collect();
                self.known(&known, value);
                self.pattern(shape, text);
            }
            Kind::Blob => {
                let text = value.as_str().unwrap_or_default();
                let bytes = aws_smithy_types::base64::decode(text).unwrap_or_default();
                self.length(shape, bytes.len(), "bytes");
                if is_word(text) && !is_readable(&bytes) {
                    let count = bytes.len();
                    self.warning(&format!(
                        "was read as base64, {count} bytes that are no text; to send a text give its base64"
                    ));
                }
            }
            Kind::Float if value.as_f64().is_some_and(|n| n.abs() > f64::from(f32::MAX)) => {
                self.problem("expected -3.4028235e38 to 3.4028235e38");
            }
            Kind::Byte => self.range(shape, value, Some((i8::MIN.into(), i8::MAX.into()))),
            Kind::Short => self.range(shape, value, Some((i16::MIN.into(), i16::MAX.into()))),
            Kind::Integer => self.range(shape, value, Some((i32::MIN.into(), i32::MAX.into()))),
            Kind::Long => self.range(shape, value, Some((i64::MIN, i64::MAX))),
            Kind::BigInteger | Kind::Float | Kind::Double | Kind::BigDecimal => {
                self.range(shape, value, None);
            }
            Kind::Boolean
            | Kind::Timestamp
            | Kind::Structure
            | Kind::Union
            | Kind::Document
            | Kind::List
            | Kind::Map => {}
        }
    }

    /// The modelled range, within that of the type.
    fn range(&mut self, shape: Shape<'_>, value: &Value, of_type: Option<(i64, i64)>) {
        let Value::Number(number) = value else { return };
        let (low, high) = of_type.unzip();
        let within = |min: Option<&Number>, max: Option<&Number>| {
            min.is_none_or(|min| words::at_most(min, number))
                && max.is_none_or(|max| words::at_most(number, max))
        };
        let (min, max) = (shape.min(), shape.max());
        let (low, high) = (low.map(Number::from), high.map(Number::from));
        let allowed = if !within(min.as_ref(), max.as_ref()) {
            words::range(min.or(low), max.or(high))
        } else if !within(low.as_ref(), high.as_ref()) {
            words::range(low, high)
        } else {
            return;
        };
        self.problem(&format!("expected {allowed}"));
    }

    /// Looks for numbers in JSON of any form that are not what was written.
    pub(super) fn document(&mut self, value: &Value) {
        self.digits(value, DEEPEST);
    }

    fn digits(&mut self, value: &Value, deepest: usize) {
        let Some(below) = deepest.checked_sub(1) else { return };
        match value {
            Value::Number(number) if is_rounded(number) => self.problem(NO_NUMBER),
            Value::Array(values) => {
                for (place, value) in values.iter().enumerate() {
                    self.at_text(&format!("[{place}]"), |check| check.digits(value, below));
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.at(name, |check| check.digits(value, below));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn pattern(&mut self, shape: Shape<'_>, text: &str) {
        let Some(pattern) = shape.pattern().filter(|_| text.is_ascii()) else { return };
        let regex = self.patterns.entry(shape.row()).or_insert_with(|| regex(pattern));
        if regex.as_ref().is_some_and(|regex| !regex.is_match(text.as_bytes())) {
            self.warning(&format!("does not match the pattern {pattern}"));
        }
    }
}

/// How deep a document is looked into; deeper ones are refused where they are written.
const DEEPEST: usize = 128;

/// Below 2^53 every whole number is what it was written as.
const EXACT: f64 = 9.0e15;

/// Every number of so many digits comes out of a double as it went in.
const KEPT: usize = 15;

const NO_ZONE: &str = "a time without a zone was read as UTC";
const DIGITS: &str = "got a number that may have lost digits: write it as a text, which keeps all";
const NO_NUMBER: &str = "is a number that may have lost digits: write an integer of at most 64 bits, \
                         or a text if that may stand there";

/// Whether a text is as likely a word as base64: `TODO`.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether bytes are a text for people.
fn is_readable(bytes: &[u8]) -> bool {
    let is_plain = |letter: char| !letter.is_control() || letter.is_whitespace();
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_plain))
}

/// A model's pattern, for ASCII texts; none for one that cannot be read here.
pub(crate) fn regex(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).size_limit(1 << 20).build().ok()
}

/// The one reading of a value of another type.
fn coerced(kind: Kind, value: &Value) -> Option<Value> {
    match value {
        // Of others nobody knows how they were written.
        Value::Number(number) if kind == Kind::String && !number.is_f64() => {
            Some(number.to_string().into())
        }
        Value::Bool(truth) if kind == Kind::String => Some(truth.to_string().into()),
        Value::String(text) if kind == Kind::Timestamp => in_utc(text).map(Value::from),
        Value::String(text) if kind == Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Value::String(text) if words::is_integer(kind) => text.parse::<i64>().ok().map(Value::from),
        Value::String(text) if words::is_number(kind) => {
            serde_json::from_str::<Number>(text).ok().map(Value::from)
        }
        Value::Number(number) if words::is_integer(kind) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < EXACT)?;
            Some((whole as i64).into())
        }
        _ => None,
    }
}

/// What a value was read as.
fn read_as(shape: Shape<'_>, value: &Value) -> String {
    if shape.kind() == Kind::Timestamp {
        return NO_ZONE.to_owned();
    }
    format!("{} was read as {}", words::got(value), words::expected(shape))
}

/// `2026-01-31` and `2026-01-31T12:00:00`, with the zone that they lack.
fn in_utc(text: &str) -> Option<String> {
    let is_date = text.len() == "2026-01-31".len();
    let whole = if is_date { format!("{text}T00:00:00Z") } else { format!("{text}Z") };
    let has_form = text.get(4..5) == Some("-") && (is_date || text.get(10..11) == Some("T"));
    (has_form && timestamp::of_json(&Value::from(whole.as_str())).is_some()).then_some(whole)
}

/// An integer that is too large for a number of JSON's.
fn is_digits(value: &Value) -> bool {
    let text = value.as_str().map(|text| text.strip_prefix('-').unwrap_or(text));
    text.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a number may have been an integer with more digits than a double keeps.
fn is_rounded(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|number| number.abs() >= EXACT)
}

/// How many digits a double must be written with.
fn digits(number: &Number) -> usize {
    let text = format!("{:e}", number.as_f64().unwrap_or_default());
    text.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count()
}

/// What a number can be that JSON has no number for.
fn is_no_finite_number(text: &str) -> bool {
    ["NaN", "Infinity", "-Infinity"].contains(&text)
}
