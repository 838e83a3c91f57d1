//! Times in JSON: RFC 3339 out, and in any form that models know: RFC 3339 with any offset, seconds
//! since 1970 as a number or as its text, and the dates of HTTP (RFC 7231). Answers have more forms.

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

/// The time that an answer says, or what it says as it is; nothing for a list or object.
pub(super) fn of_answer(value: Value) -> Option<Value> {
    let time = match &value {
        Value::Array(_) | Value::Object(_) => return None,
        Value::String(text) => said(text.trim()),
        Value::Null | Value::Bool(_) | Value::Number(_) => of_json(&value),
    };
    Some(time.map_or(value, |time| to_json(&time)))
}

/// The time that a text of an answer says. What has no zone is of UTC.
pub(crate) fn said(text: &str) -> Option<DateTime> {
    of_text(text).or_else(|| {
        let usual = compact(text).or_else(|| with_dashes(text)).or_else(|| in_words(text))?;
        DateTime::from_str(&usual, Format::DateTimeWithOffset).ok()
    })
}

fn of_text(text: &str) -> Option<DateTime> {
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

/// `20260131T120000Z` in RFC 3339.
fn compact(text: &str) -> Option<String> {
    let (day, clock) = text.split_at_checked(8)?;
    let (clock, zone) = clock.strip_prefix('T')?.split_at_checked(6)?;
    let (year, month, day) = (day.get(..4)?, day.get(4..6)?, day.get(6..)?);
    let (hour, minute, second) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{}", offset(zone)?))
}

/// `2026-01-31`, `2026-01-31 12:00` and the like in RFC 3339.
fn with_dashes(text: &str) -> Option<String> {
    let (day, rest) = text.split_at_checked(10)?;
    if rest.is_empty() {
        return Some(format!("{day}T00:00:00Z"));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
    let (clock, zone) = rest.split_at(end.unwrap_or(rest.len()));
    Some(format!("{day}T{}{}", with_seconds(clock), offset(zone)?))
}

/// `Sat, 31 Jan 2026 12:00:00 +0000` (RFC 5322), `31-Jan-2026 12:00:00` and `Sat Jan 31 12:00:00 2026`
/// (C's asctime) in RFC 3339.
fn in_words(text: &str) -> Option<String> {
    let is_gap = |c: char| c.is_ascii_whitespace() || c == ',';
    let words: Vec<&str> = text.split(is_gap).filter(|word| !word.is_empty()).take(8).collect();
    let is_day = |word: &&str| DAYS.iter().any(|day| word.eq_ignore_ascii_case(day));
    let words = words.get(usize::from(words.first().is_some_and(is_day))..)?;
    let (day, month, year, clock, zone) = match words {
        [month, day, clock, year] if clock.contains(':') && month_of(month).is_some() => {
            (*day, *month, *year, *clock, "")
        }
        [day, month, year, clock, zone @ ..] if zone.len() <= 1 => {
            (*day, *month, *year, *clock, zone.first().copied().unwrap_or_default())
        }
        [date, clock, zone @ ..] if zone.len() <= 1 => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            (day, month, year, *clock, zone.first().copied().unwrap_or_default())
        }
        _ => return None,
    };
    let month = month_of(month)?;
    Some(format!("{year:0>4}-{month:02}-{day:0>2}T{}{}", with_seconds(clock), offset(zone)?))
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month_of(word: &str) -> Option<usize> {
    Some(1 + MONTHS.iter().position(|month| word.eq_ignore_ascii_case(month))?)
}

/// `12:00` -> `12:00:00`
fn with_seconds(clock: &str) -> String {
    if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() }
}

/// `+0100` -> `+01:00`; UTC, which none is too, is `Z`.
fn offset(zone: &str) -> Option<String> {
    let zone = zone.trim();
    if ["", "Z", "UTC", "GMT"].iter().any(|utc| zone.eq_ignore_ascii_case(utc)) {
        return Some("Z".to_owned());
    }
    let (sign, digits) = zone.split_at_checked(1).filter(|(sign, _)| ["+", "-"].contains(sign))?;
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    Some(format!("{sign}{hours}:{minutes:0<2}"))
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
    fn answers_have_more_forms() {
        let check = |text: &str, expected: &str| {
            assert_eq!(of_answer(json!(text)), Some(expected.into()), "{text}");
        };
        for noon in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.000",
            "2026-01-31 12:00:00",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00",
            "2026-01-31T12:00:00 UTC",
            "2026-01-31T12:00:00+0000",
            "2026-01-31T13:30:00+0130",
            "2026-01-31T11:00:00-01",
            "20260131T120000Z",
            "20260131T120000",
            "Sat, 31 Jan 2026 12:00:00 GMT",
            "Sat, 31 Jan 2026 12:00:00 UTC",
            "Sat, 31 Jan 2026 12:00:00 +0000",
            "Sat, 31 Jan 2026 13:00:00 +0100",
            "31 Jan 2026 12:00:00",
            "Sat, 31-Jan-2026 12:00:00 GMT",
            "Sat Jan 31 12:00:00 2026",
            " 1769860800 ",
        ] {
            check(noon, "2026-01-31T12:00:00Z");
        }
        check("2026-01-31", "2026-01-31T00:00:00Z");
        check("Sat, 1 Jan 2026 12:00:00 +0000", "2026-01-01T12:00:00Z");
        check("2026-01-31T12:00:00.25", "2026-01-31T12:00:00.25Z");
        check("0", "1970-01-01T00:00:00Z");
        check("-1", "1969-12-31T23:59:59Z");
        for other in [
            "",
            "never",
            "2026-02-30",
            "2026-13-01T00:00",
            "2026-01-31T25:00:00",
            "2026-01-31T",
            "2026-01-31x",
            "2026-01-31T12:00:00 CET",
            "2026-01-31T12:00:00+1",
            "Sat, 31 Foo 2026 12:00:00 GMT",
            "Sat",
            "31 Jan",
            "2026-01-3é",
            "2026-01-31T12:00:00+é0",
            "1é",
            "Jan 31 2026 1:2 a b c d e f",
        ] {
            check(other, other);
            assert_eq!(said(other), None, "{other}");
        }
        assert_eq!(of_answer(json!(true)), Some(json!(true)));
        assert_eq!(of_answer(json!(1769860800)), Some(json!("2026-01-31T12:00:00Z")));
        assert_eq!(of_answer(json!([])), None);
        assert_eq!(of_answer(json!({})), None);
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
