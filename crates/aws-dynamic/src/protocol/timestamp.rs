//! Times in JSON: RFC 3339 out, and in any form that models know: RFC 3339 with any offset, seconds
//! since 1970 as a number or as its text, and the dates of HTTP (RFC 7231).

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

/// The time that a value says, if it says one.
pub(crate) fn of_json(value: &Value) -> Option<DateTime> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => Some(DateTime::from_secs(seconds)),
            None => DateTime::from_str(&number.to_string(), Format::EpochSeconds).ok(),
        },
        Value::String(text) => of_text(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The time that a text says, if it says one.
pub(super) fn of_text(text: &str) -> Option<DateTime> {
    [Format::DateTimeWithOffset, Format::HttpDate, Format::EpochSeconds]
        .into_iter()
        .find_map(|format| DateTime::from_str(text, format).ok())
}

/// RFC 3339, to the nearest microsecond: a double, as CBOR has it, says no more. Seconds since 1970
/// for the years that RFC 3339 cannot say.
pub(super) fn to_json(time: &DateTime) -> Value {
    let rounded = (time.as_nanos() + 500).div_euclid(1000) * 1000;
    let text = DateTime::from_nanos(rounded).ok().and_then(|time| time.fmt(Format::DateTime).ok());
    match text {
        Some(text) => text.into(),
        None => time.secs().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_modelled_form_is_read() {
        let check = |value: Value, expected: &str| {
            assert_eq!(
                of_json(&value).map(|time| to_json(&time)),
                Some(expected.into()),
                "{value}"
            );
        };
        check(json!("2026-01-31T12:00:00Z"), "2026-01-31T12:00:00Z");
        check(json!("2026-01-31T12:00:00.25Z"), "2026-01-31T12:00:00.25Z");
        check(json!("2026-01-31T12:00:00+01:00"), "2026-01-31T11:00:00Z");
        check(json!("Sat, 31 Jan 2026 12:00:00 GMT"), "2026-01-31T12:00:00Z");
        check(json!(1769860800), "2026-01-31T12:00:00Z");
        check(json!("1769860800"), "2026-01-31T12:00:00Z");
        check(json!(1769860800.5), "2026-01-31T12:00:00.5Z");
        check(json!("1769860800.5"), "2026-01-31T12:00:00.5Z");
        check(json!(0), "1970-01-01T00:00:00Z");
        check(json!(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn times_are_to_the_nearest_microsecond() {
        let check = |nanos: u32, expected: &str| {
            let time = DateTime::from_secs_and_nanos(1769860800, nanos);
            assert_eq!(to_json(&time), json!(format!("2026-01-31T12:00:{expected}Z")));
        };
        check(481_724_977, "00.481725");
        check(481_725_238, "00.481725");
        check(499, "00");
        check(999_999_500, "01");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            json!("yesterday"),
            json!(""),
            json!(true),
            json!(null),
            json!([]),
            json!("2026-13-01T00:00:00Z"),
        ] {
            assert_eq!(of_json(&value), None, "{value}");
        }
    }

    #[test]
    fn a_year_that_has_no_form_is_in_seconds() {
        assert_eq!(to_json(&DateTime::from_secs(i64::MAX)), json!(i64::MAX));
    }
}
