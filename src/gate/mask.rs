//! What of a secret may be shown. The forms are part of the contract: an access key id by its first
//! ten characters, a session token by its first twenty and only on request, a secret key not at all.

use serde_json::Value;

const KEY_SHOWN: usize = 10;
const TOKEN_SHOWN: usize = 20;
/// AKIA or ASIA and sixteen more (IAM User Guide, "Unique identifiers").
const KEY_LENGTH: usize = 20;
const KEY_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];

/// `AKIAIOSFOD...`
pub fn access_key_id(id: &str) -> String {
    first(id, KEY_SHOWN)
}

/// `***`
pub fn secret_key() -> &'static str {
    "***"
}

/// The first twenty characters and `...`.
pub fn session_token(token: &str) -> String {
    first(token, TOKEN_SHOWN)
}

/// Masks, in every string of a result, what looks like an access key id.
pub fn mask(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(mask).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(k, v)| (masked(k), mask(v))).collect())
        }
        other => other,
    }
}

/// Never the whole: of a short value only the first half is shown.
fn first(secret: &str, most: usize) -> String {
    let shown = most.min(secret.chars().count() / 2);
    secret.chars().take(shown).chain("...".chars()).collect()
}

fn masked(text: String) -> String {
    if !KEY_PREFIXES.iter().any(|prefix| text.contains(prefix)) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = KEY_PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let length =
            found.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
        let (word, after) = found.split_at(length);
        if length >= KEY_LENGTH {
            out.push_str(&access_key_id(word));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(mask(Value::from(text)), expected);
    }

    #[test]
    fn access_keys_are_cut_wherever_they_stand() {
        check("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFOD...");
        check("key ASIAIOSFODNN7EXAMPLE, and", "key ASIAIOSFOD..., and");
        check("AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE", "AKIAIOSFOD... AKIAIOSFOD...");
        check("AKIA is a prefix", "AKIA is a prefix");
        check("AKIAIOSFODNN7é", "AKIAIOSFODNN7é");
    }

    #[test]
    fn short_values_are_never_shown_whole() {
        assert_eq!(access_key_id("AKIA"), "AK...");
        assert_eq!(session_token(&"x".repeat(60)), format!("{}...", "x".repeat(20)));
        assert_eq!(session_token(""), "...");
    }
}
