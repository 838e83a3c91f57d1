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
                    let (from, to) = (words::got(value), words::expected(shape));
                    self.coerced(&format!("{from} was read as {to}"));
                }
                self.allowed(shape, &read);
                read
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
                value.is_i64() || value.is_u64()
            }
            Kind::Float | Kind::Double | Kind::BigDecimal => {
                value.is_number() || value.as_str().is_some_and(is_no_finite_number)
            }
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

    fn pattern(&mut self, shape: Shape<'_>, text: &str) {
        let Some(pattern) = shape.pattern().filter(|_| text.is_ascii()) else { return };
        let regex = self.patterns.entry(shape.row()).or_insert_with(|| regex(pattern));
        if regex.as_ref().is_some_and(|regex| !regex.is_match(text.as_bytes())) {
            self.warning(&format!("does not match the pattern {pattern}"));
        }
    }
}

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
        Value::Number(number) if kind == Kind::String => Some(number.to_string().into()),
        Value::Bool(truth) if kind == Kind::String => Some(truth.to_string().into()),
        Value::String(text) if kind == Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Value::String(text) if words::is_integer(kind) => text.parse::<i64>().ok().map(Value::from),
        Value::String(text) if words::is_number(kind) => {
            serde_json::from_str::<Number>(text).ok().map(Value::from)
        }
        Value::Number(number) if words::is_integer(kind) => {
            // Below 2^53 every whole number is what it was written as.
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9.0e15)?;
            Some((whole as i64).into())
        }
        _ => None,
    }
}

/// What a number can be that JSON has no number for.
fn is_no_finite_number(text: &str) -> bool {
    ["NaN", "Infinity", "-Infinity"].contains(&text)
}
