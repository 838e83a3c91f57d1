//! Numbers in JSON: what is no finite number is a text, and what JSON's numbers would round is one.

use serde_json::{Number, Value};

/// A number, or one of `NaN`, `Infinity`, `-Infinity`.
pub(super) fn float(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

/// A number as text: given as a number, or as a text because it is too large for one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn of_double(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// A number that was a 32-bit one on the wire is shown with the digits that it has as such: 1.1, not
/// 1.100000023841858.
pub(super) fn of_float(number: f64) -> Value {
    let single = number as f32;
    if f64::from(single) == number {
        let shortest = single.to_string().parse().unwrap_or(number);
        return of_double(shortest);
    }
    of_double(number)
}

/// An integer or decimal of any size: a number if that loses no digit, else its text.
pub(super) fn of_text(text: &str) -> Value {
    match serde_json::from_str::<Number>(text) {
        Ok(number) if number.to_string() == text => Value::Number(number),
        Ok(_) | Err(_) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn floats_are_read() {
        let check = |value: Value, expected: Option<f64>| assert_eq!(float(&value), expected);
        check(json!(1), Some(1.0));
        check(json!(-1.5), Some(-1.5));
        check(json!("Infinity"), Some(f64::INFINITY));
        check(json!("-Infinity"), Some(f64::NEG_INFINITY));
        check(json!("1.5"), None);
        check(json!("nan"), None);
        check(json!(true), None);
        check(json!(null), None);
        assert!(float(&json!("NaN")).is_some_and(f64::is_nan));
    }

    #[test]
    fn floats_are_shown() {
        let check = |number: f64, expected: Value| assert_eq!(of_double(number), expected);
        check(1.0, json!(1.0));
        check(0.1, json!(0.1));
        check(f64::NAN, json!("NaN"));
        check(f64::INFINITY, json!("Infinity"));
        check(f64::NEG_INFINITY, json!("-Infinity"));
        check(f64::MAX, json!(f64::MAX));
    }

    #[test]
    fn single_floats_are_shown_with_their_own_digits() {
        let check = |number: f64, expected: Value| assert_eq!(of_float(number), expected);
        check(f64::from(1.1f32), json!(1.1));
        check(1.1, json!(1.1));
        check(0.5, json!(0.5));
        check(f64::from(f32::MAX), json!(3.4028235e38));
        check(f64::INFINITY, json!("Infinity"));
        check(f64::NAN, json!("NaN"));
    }

    #[test]
    fn no_digit_is_lost() {
        let check = |text: &str, expected: Value| assert_eq!(of_text(text), expected);
        check("9223372036854775807", json!(i64::MAX));
        check("18446744073709551615", json!(u64::MAX));
        check("18446744073709551616", json!("18446744073709551616"));
        check(
            "-170141183460469231731687303715884105728",
            json!("-170141183460469231731687303715884105728"),
        );
        check("1.5", json!(1.5));
        check("1.50", json!("1.50"));
        check("", json!(""));
    }
}
