//! Values that an answer writes otherwise than the model says. botocore hands them on as they are, and a
//! caller of this crate gets them too: as what they can only mean, else as they came. One odd value
//! must not cost all of an answer.

use serde_json::{Number, Value};

/// True or false, in any case of letters.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// An integer; `5.0` and `1e3` are some.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

/// What JSON says where a boolean is modelled. Nothing for a list or object.
pub(super) fn as_boolean(said: Value) -> Option<Value> {
    read(said, |text| boolean(text).map(Value::from), |_| None)
}

/// The same where an integer is.
pub(super) fn as_integer(said: Value) -> Option<Value> {
    let of_number =
        |number: &Number| Some(whole(number.as_f64().filter(|_| number.is_f64())?)?.into());
    read(said, |text| integer(text).map(Value::from), of_number)
}

/// The same where a number is, which is shown in a form.
pub(super) fn as_number(said: Value, shown: fn(f64) -> Value) -> Option<Value> {
    let of_text = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    read(said, |text| of_text(text).map(shown), |number| number.as_f64().map(shown))
}

fn read(
    said: Value,
    of_text: impl FnOnce(&str) -> Option<Value>,
    of_number: impl FnOnce(&Number) -> Option<Value>,
) -> Option<Value> {
    let found = match &said {
        Value::Array(_) | Value::Object(_) => return None,
        Value::String(text) => of_text(text),
        Value::Number(number) => of_number(number),
        Value::Null | Value::Bool(_) => None,
    };
    Some(found.unwrap_or(said))
}

/// A number that is an integer, if a double says it without doubt.
fn whole(number: f64) -> Option<i64> {
    let is_sure = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    is_sure.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::number;

    #[test]
    fn texts_are_read_in_the_one_way_that_they_can_be() {
        let check = |text: &str, truth: Option<bool>, whole: Option<i64>| {
            assert_eq!((boolean(text), integer(text)), (truth, whole), "{text}");
        };
        check("true", Some(true), None);
        check("False", Some(false), None);
        check("TRUE", Some(true), None);
        check("yes", None, None);
        check("1", None, Some(1));
        check("-5.0", None, Some(-5));
        check("1e3", None, Some(1000));
        check("9223372036854775807", None, Some(i64::MAX));
        check("9223372036854775808", None, None);
        check("1.5", None, None);
        check("NaN", None, None);
        check("1e400", None, None);
        check("", None, None);
    }

    #[test]
    fn what_json_says_is_read_or_left_as_it_is() {
        type As = fn(Value) -> Option<Value>;
        let check = |read: As, said: Value, expected: Option<Value>| {
            assert_eq!(read(said.clone()), expected, "{said}");
        };
        let number: As = |said| as_number(said, number::of_double);
        for same in [json!("some"), json!(""), json!("NaN"), json!(null)] {
            for read in [as_boolean, as_integer, number] {
                check(read, same.clone(), Some(same.clone()));
            }
        }
        for bad in [json!([]), json!({}), json!([1]), json!({"a": true})] {
            for read in [as_boolean, as_integer, number] {
                check(read, bad.clone(), None);
            }
        }
        check(as_boolean, json!("true"), Some(json!(true)));
        check(as_boolean, json!(false), Some(json!(false)));
        check(as_boolean, json!(1), Some(json!(1)));
        check(as_integer, json!(5.0), Some(json!(5)));
        check(as_integer, json!(1e3), Some(json!(1000)));
        check(as_integer, json!("5"), Some(json!(5)));
        check(as_integer, json!(1.5), Some(json!(1.5)));
        check(as_integer, json!(true), Some(json!(true)));
        check(as_integer, json!(i64::MIN), Some(json!(i64::MIN)));
        check(as_integer, json!(u64::MAX), Some(json!(u64::MAX)));
        check(as_integer, json!(1e300), Some(json!(1e300)));
        check(number, json!(5), Some(json!(5.0)));
        check(number, json!("1.5"), Some(json!(1.5)));
        check(number, json!("1e400"), Some(json!("1e400")));
        check(number, json!(false), Some(json!(false)));
    }
}
