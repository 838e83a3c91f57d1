//! Answers as trees: equal but for what nobody answers twice alike.

use serde_json::{Map, Value};

/// Compares `ours` with two answers to the same question. Where these two differ (times, random
/// numbers) nothing is compared. Gives the paths that differ.
pub fn differences(first: &Value, second: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(first, second, ours, "", &mut found);
    found
}

/// Whether an answer has something to compare: a list with an element, or three values that are not
/// false, zero, or empty.
pub fn is_telling(first: &Value, second: &Value) -> bool {
    has_element(first, second) || values(first, second) >= 3
}

fn compare(first: &Value, second: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    let mut differ = || found.push(format!("{path}: {} and not {}", cut(ours), cut(first)));
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            let Value::Object(ours) = ours else { return differ() };
            // Some names are random too: ids of versions.
            let are_random = !first.keys().all(|name| second.contains_key(name));
            for name in names(first, second, ours) {
                let path = format!("{path}.{name}");
                match (first.get(name), second.get(name), ours.get(name)) {
                    (Some(first), Some(second), Some(ours)) => {
                        compare(first, second, ours, &path, found);
                    }
                    (Some(first), Some(_), None) => {
                        found.push(format!("{path}: missing: {}", cut(first)));
                    }
                    (None, None, Some(ours)) if !are_random => {
                        found.push(format!("{path}: too much: {}", cut(ours)));
                    }
                    _ => {}
                }
            }
        }
        (Value::Array(first), Value::Array(second)) if first.len() == second.len() => {
            let Some(ours) = ours.as_array().filter(|ours| ours.len() == first.len()) else {
                return differ();
            };
            for (place, ours) in ours.iter().enumerate() {
                let path = format!("{path}[{place}]");
                compare(&first[place], &second[place], ours, &path, found);
            }
        }
        _ if !is_same(first, second) => {}
        _ if is_same(first, ours) => {}
        _ => differ(),
    }
}

/// Numbers are the same by value: 1 is 1.0.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn names<'a>(
    first: &'a Map<String, Value>,
    second: &'a Map<String, Value>,
    ours: &'a Map<String, Value>,
) -> Vec<&'a String> {
    let mut names: Vec<&String> = first.keys().chain(second.keys()).chain(ours.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn cut(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}

fn has_element(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Array(first), Value::Array(second)) => {
            first.len() == second.len()
                && first.iter().zip(second).any(|(first, second)| values(first, second) > 0)
        }
        (Value::Object(first), Value::Object(second)) => first
            .iter()
            .any(|(name, first)| second.get(name).is_some_and(|second| has_element(first, second))),
        _ => false,
    }
}

fn values(first: &Value, second: &Value) -> usize {
    match (first, second) {
        (Value::Array(first), Value::Array(second)) => {
            first.iter().zip(second).map(|(first, second)| values(first, second)).sum()
        }
        (Value::Object(first), Value::Object(second)) => {
            let both = |(name, first)| Some(values(first, second.get(name)?));
            first.iter().filter_map(both).sum()
        }
        (Value::Null | Value::Bool(false), _) => 0,
        (Value::String(text), _) if text.is_empty() => 0,
        (Value::Number(number), _) if number.as_f64() == Some(0.0) => 0,
        _ => usize::from(is_same(first, second)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_both_agree_on_is_compared() {
        let check = |first: Value, second: Value, ours: Value, expected: usize| {
            let found = differences(&first, &second, &ours);
            assert_eq!(found.len(), expected, "{found:?}");
        };
        let one = || json!({"a": [{"b": 1, "t": "x"}], "c": "d"});
        check(one(), one(), one(), 0);
        check(one(), one(), json!({"a": [{"b": 1.0, "t": "x"}], "c": "d"}), 0);
        check(one(), one(), json!({"a": [{"b": 2, "t": "y"}], "c": "d"}), 2);
        check(one(), one(), json!({"a": [], "c": "d"}), 1);
        check(one(), one(), json!({"a": [{"b": 1, "t": "x"}]}), 1);
        check(one(), one(), json!({"a": [{"b": 1, "t": "x"}], "c": "d", "e": null}), 1);
        check(one(), one(), json!([]), 1);
        check(json!({"x": 1}), json!({"y": 1}), json!({"z": 1}), 0);
        let other = json!({"a": [{"b": 1, "t": "z"}], "c": "d"});
        check(one(), other, json!({"a": [{"b": 1, "t": "y"}], "c": 1}), 1);
    }

    #[test]
    fn an_answer_is_telling_when_it_says_something() {
        let check = |answer: Value, expected: bool| {
            assert_eq!(is_telling(&answer, &answer), expected, "{answer}");
        };
        check(json!({}), false);
        check(json!({"a": [], "b": {}, "c": false, "d": 0, "e": ""}), false);
        check(json!({"a": 1, "b": "x"}), false);
        check(json!({"a": [{}]}), false);
        check(json!({"a": ["x"]}), true);
        check(json!({"a": {"b": 1, "c": true, "d": "x"}}), true);
        assert!(!is_telling(&json!({"a": ["x"]}), &json!({"a": ["y"]})));
    }
}
