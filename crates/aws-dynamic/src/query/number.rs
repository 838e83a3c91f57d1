//! Numbers of JSON: exact as long as they are integers.

use std::cmp::Ordering;

use serde_json::Number;

/// Integers as such, others as floats.
pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_) | None, _) => compare_floats(float(left), float(right)),
    }
}

/// A total order, as what is read from JSON is finite.
pub(super) fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

pub(super) fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

pub(super) fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

/// None where there is no such number in JSON.
pub(super) fn of_float(float: f64) -> Option<Number> {
    Number::from_f64(float)
}

pub(super) fn of_integer(integer: i128) -> Option<Number> {
    Number::from_i128(integer)
}

/// A whole number as an integer, where it is one of 64 bits.
pub(super) fn whole(float: f64) -> Option<Number> {
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    if float.abs() < TOO_LARGE {
        #[expect(clippy::cast_possible_truncation, reason = "the bound was looked at")]
        return Some(Number::from(float as i64));
    }
    of_float(float)
}
