//! The rows of a query, as a reader needs them: times, figures, texts that are not too long.

use aws_sdk_cloudwatchlogs::types::ResultField;
use serde_json::{Map, Value, json};

use super::fold::Line;
use crate::tools::Cx;

/// Characters of one text of a row.
const MOST_TEXT: usize = 500;
/// One row by the names of its fields, without what only AWS can read.
pub fn line(fields: &[ResultField]) -> Line {
    let mut line = Line::new();
    for field in fields {
        let (name, value) = (field.field().unwrap_or_default(), field.value().unwrap_or_default());
        if name == "@ptr" || value.is_empty() {
            continue;
        }
        let value = match name {
            "@message" => value.to_owned(),
            _ => time(value).or_else(|| short(value)).unwrap_or_else(|| value.to_owned()),
        };
        line.insert(name.to_owned(), json!(value));
    }
    line
}

/// Insights writes times as `2026-11-21 09:30:00.123`, in UTC.
fn time(value: &str) -> Option<String> {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00.000";
    let fits = value.len() == SHAPE.len()
        && value.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    let (date, time) = value.split_once(' ').filter(|_| fits)?;
    let time = time.strip_suffix(".000").unwrap_or(time);
    Some(format!("{date}T{time}Z"))
}

/// A figure with more decimals than anybody reads: `34.133333333` is `34.13`.
fn short(value: &str) -> Option<String> {
    let (whole, decimals) = value.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let long =
        digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(decimals) && decimals.len() > 4;
    let number = value.parse::<f64>().ok().filter(|_| long)?;
    Some(rounded(number.abs()).copysign(number).to_string())
}

/// Texts that are not too long. A text is masked before it is cut: half a secret is one too, and
/// would pass as none.
pub fn cut(cx: &Cx, rows: Vec<Line>) -> Vec<Value> {
    let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    let shown = cx.shown(Map::from_iter([("rows".to_owned(), Value::Array(rows))]));
    let Some((_, Value::Array(mut rows))) = shown.into_iter().next() else { return Vec::new() };
    rows.iter_mut().for_each(shorten);
    rows
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
                let length = text.chars().count();
                text.truncate(end);
                text.push_str(&format!("... [{MOST_TEXT} of {length} characters]"));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A count, which AWS gives in floating point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and nothing is lost of a count"
)]
pub fn count(number: f64) -> i64 {
    number.round() as i64
}

/// Bytes as MiB.
pub fn mib(bytes: f64) -> f64 {
    rounded(bytes / 1_048_576.0)
}

/// A number with no more digits than anybody reads.
pub fn rounded(number: f64) -> f64 {
    let unit = match number {
        100.0.. => 1.0,
        0.1..100.0 => 100.0,
        _ => 10_000.0,
    };
    (number * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_figures() {
        let check = |value: &str, expected: &str| {
            let told = time(value).or_else(|| short(value)).unwrap_or_else(|| value.to_owned());
            assert_eq!(told, expected);
        };
        check("2026-11-21 09:30:00.000", "2026-11-21T09:30:00Z");
        check("2026-11-21 09:30:00.123", "2026-11-21T09:30:00.123Z");
        check("2026-11-21 09:30", "2026-11-21 09:30");
        check("341.33333333", "341");
        check("34.133333333", "34.13");
        check("-0.0123456", "-0.0123");
        for same in ["12", "1.10", "10.0.0.12345", "0.5", "x.123456", "12345678901234567890", "."] {
            check(same, same);
        }
    }

    #[test]
    fn long_texts_say_how_long_they_were() {
        let mut value = json!({"a": ["x".repeat(501)], "b": "y".repeat(500)});
        shorten(&mut value);
        let a = value["a"][0].as_str().unwrap();
        assert!(a.ends_with("xx... [500 of 501 characters]") && a.len() < 540);
        assert_eq!(value["b"].as_str().unwrap().len(), 500);
    }
}
