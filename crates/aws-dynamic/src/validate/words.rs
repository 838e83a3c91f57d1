//! What findings say: kinds of values, ranges, choices, and the name that was probably meant.

use serde_json::{Number, Value};

use crate::model::Shape;
use crate::model::terms::Kind;

/// How many names a finding lists.
const LISTED: usize = 20;

/// What a shape expects: `a list of strings`.
pub(super) fn expected(shape: Shape<'_>) -> String {
    match shape.kind() {
        Kind::List => match shape.element() {
            Some(element) => format!("a list of {}", several(element.shape().kind())),
            None => "a list".to_owned(),
        },
        Kind::Structure => "an object".to_owned(),
        Kind::Union => "an object with one member".to_owned(),
        Kind::Document => "a JSON value".to_owned(),
        Kind::Map => "an object of names and values".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Character => "a string of one character".to_owned(),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => {
            "an integer".to_owned()
        }
        Kind::Float | Kind::Double | Kind::BigDecimal => "a number".to_owned(),
        Kind::Timestamp => "a time (2026-01-31T12:00:00Z)".to_owned(),
        Kind::Blob => "bytes in base64".to_owned(),
    }
}

fn several(kind: Kind) -> &'static str {
    match kind {
        Kind::List => "lists",
        Kind::Structure | Kind::Union | Kind::Map => "objects",
        Kind::Document => "JSON values",
        Kind::String | Kind::Character => "strings",
        Kind::Boolean => "true and false",
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => "integers",
        Kind::Float | Kind::Double | Kind::BigDecimal => "numbers",
        Kind::Timestamp => "times",
        Kind::Blob => "bytes in base64",
    }
}

/// What was given.
pub(super) fn got(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

pub(crate) fn is_number(kind: Kind) -> bool {
    several(kind) == several(Kind::Float) || is_integer(kind)
}

pub(crate) fn is_integer(kind: Kind) -> bool {
    several(kind) == several(Kind::Integer)
}

/// `1 to 64`, `at least 1`, `at most 64`.
pub(super) fn range(min: Option<Number>, max: Option<Number>) -> String {
    match (min, max) {
        (Some(min), Some(max)) if min == max => format!("exactly {min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    }
}

/// Whether one number is not above another; whole numbers are compared as such.
pub(crate) fn at_most(one: &Number, other: &Number) -> bool {
    let whole = |number: &Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one <= other,
        _ => one.as_f64() <= other.as_f64(),
    }
}

/// `A, B, C`, cut after some.
pub(crate) fn choice(names: &[&str]) -> String {
    let listed = names.get(..LISTED).unwrap_or(names).join(", ");
    match names.len().checked_sub(LISTED) {
        None | Some(0) => listed,
        Some(more) => format!("{listed} and {more} more"),
    }
}

/// The name that was probably meant: the same in other letters, else one with few typing errors.
pub(crate) fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_ascii_lowercase();
    // What is far longer than any name is not compared with all of them.
    let wanted = Some(plain(name)).filter(|wanted| wanted.len() <= 100)?;
    let distance = |other: &str| strsim::damerau_levenshtein(&wanted, &plain(other));
    let (nearest, distance) =
        names.iter().map(|other| (*other, distance(other))).min_by_key(|(_, d)| *d)?;
    (distance <= (wanted.len() / 3).min(3)).then_some(nearest)
}
