//! What keeps answers short for their reader: texts, figures, and what schemas say of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A text that is there and says something.
pub fn text(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Not longer than so many characters. A word is left out whole: half a secret has not the shape by
/// which it would be masked.
pub fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    let Some((end, next)) = text.char_indices().nth(most) else { return text.to_owned() };
    let head = text.get(..end).unwrap_or_default();
    let words = match next.is_whitespace() {
        true => head,
        false => head.rsplit_once(char::is_whitespace).map_or(head, |(words, _)| words),
    };
    format!("{}...", words.trim_end())
}

/// Four significant digits; zero has no sign.
pub fn significant(number: f64) -> f64 {
    let rounded = format!("{number:.3e}").parse().unwrap_or(number);
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// An object in a schema. What its members are shows by their names, and a schema that says so costs
/// every conversation its bytes.
pub struct Plain;

impl JsonSchema for Plain {
    fn schema_name() -> Cow<'static, str> {
        "Plain".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_between_words() {
        let check =
            |given: &str, most: usize, expected: &str| assert_eq!(cut(given, most), expected);
        check("", 3, "");
        check(" abc ", 3, "abc");
        check("abc def", 3, "abc...");
        check("abc defg", 5, "abc...");
        check("abc defg", 7, "abc...");
        check("abcdefg", 3, "abc...");
        check("äöü äöü", 5, "äöü...");
        check("key AKIAIOSFODNN7EXAMPLE", 14, "key...");
        assert_eq!(text(Some(" ")), None);
    }

    #[test]
    fn four_digits_are_enough() {
        for (number, expected) in
            [(12.345_67, 12.35), (0.000_123_456, 0.000_123_5), (123_456.0, 123_500.0), (-0.0, 0.0)]
        {
            assert_eq!(significant(number).to_string(), f64::to_string(&expected));
        }
        assert!(significant(f64::NAN).is_nan());
    }
}
