//! Text that came from AWS (names, tags, messages) is written by whoever could write it there. What
//! a reader would not see, or would see in another place, is made visible: `\u{202E}`.

use std::borrow::Cow;

use serde_json::Value;

/// Makes every string in a result visible, keys included.
pub fn escape(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(escape).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(k, v)| (escaped(k), escape(v))).collect())
        }
        other => other,
    }
}

fn escaped(text: String) -> String {
    match visible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(visible) => visible,
    }
}

/// One text, made visible.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if hidden(character) {
            out.push_str(&format!("\\u{{{:04X}}}", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Control characters but line break and tab, bidirectional controls, zero-width and other
/// invisible characters, variation selectors, tags, interlinear annotations. ESC, with which ANSI
/// sequences begin, is a control character. Unicode 16, general categories Cc and Cf and the
/// default-ignorable code points.
fn hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{00AD}'
        | '\u{034F}'
        | '\u{061C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(visible(text), expected);
    }

    #[test]
    fn what_hides_is_shown() {
        check("plain", "plain");
        check("grün 東京 🚀\nx\ty", "grün 東京 🚀\nx\ty");
        check("a\u{202E}b", "a\\u{202E}b");
        check("\u{1b}[31mred", "\\u{001B}[31mred");
        check("a\u{200B}\u{FEFF}", "a\\u{200B}\\u{FEFF}");
        check("\u{E0041}", "\\u{E0041}");
        check("\r\0\u{85}", "\\u{000D}\\u{0000}\\u{0085}");
    }

    #[test]
    fn keys_and_nested_values_too() {
        let hostile = serde_json::json!({"a\u{202E}": [{"b": "\u{2066}x"}], "n": 1});
        let shown = serde_json::json!({"a\\u{202E}": [{"b": "\\u{2066}x"}], "n": 1});
        assert_eq!(escape(hostile), shown);
    }
}
