//! Operations whose effect hangs on their arguments: `UpdateService` with a count of 0 stops what
//! runs. A condition is decided on the arguments alone, and in doubt it holds, because what follows
//! from it is the stricter effect.

use serde_json::Value;

use super::name;

/// Whether a condition holds: terms joined by `&`, each `Member=value`, `Member!=value` or `Member`,
/// where a member may be a dotted path. Arguments of `null` are an operation without arguments.
///
/// - Names and values in any letter case, numbers by their value. Lists are looked into: one
///   element that meets the term is enough. So is one of several members of the same name.
/// - An absent member (`null` counts as absent) is unequal to every value. `Member` alone holds if
///   it is there and neither `false` nor `""`.
/// - A value of a type that does not fit the term holds.
pub(super) fn holds(condition: &str, arguments: &Value) -> bool {
    condition.split('&').all(|term| Term::of(term).holds(arguments))
}

struct Term<'a> {
    path: &'a str,
    test: Test<'a>,
}

#[derive(Clone, Copy)]
enum Test<'a> {
    Equal(&'a str),
    Unequal(&'a str),
    Present,
}

impl<'a> Term<'a> {
    fn of(term: &'a str) -> Self {
        let (path, test) = match term.split_once('=') {
            Some((path, value)) => match path.strip_suffix('!') {
                Some(path) => (path, Test::Unequal(value)),
                None => (path, Test::Equal(value)),
            },
            None => (term, Test::Present),
        };
        Self { path: path.trim(), test }
    }

    fn holds(&self, arguments: &Value) -> bool {
        let mut found = Found::default();
        visit(arguments, Some(self.path), &mut |leaf| found.add(self.test.judge(leaf)));
        match self.test {
            Test::Equal(_) | Test::Present => found.held,
            Test::Unequal(_) => found.held || !found.any,
        }
    }
}

/// What the values at the end of a path said.
#[derive(Default)]
struct Found {
    any: bool,
    held: bool,
}

impl Found {
    fn add(&mut self, holds: bool) {
        self.any = true;
        self.held |= holds;
    }
}

/// Hands every value at the end of the path to `see`. A value that the path cannot go into (a string
/// where a structure is due) is handed over as it is, wrapped in nothing: `judge` gets an object then,
/// which no term expects.
fn visit(value: &Value, path: Option<&str>, see: &mut dyn FnMut(&Value)) {
    match (value, path) {
        (Value::Null, _) => {}
        (Value::Array(items), _) if !items.is_empty() => {
            for item in items {
                visit(item, path, see);
            }
        }
        (Value::Object(members), Some(path)) => {
            let (first, rest) = match path.split_once('.') {
                Some((first, rest)) => (first, Some(rest)),
                None => (path, None),
            };
            for (_, member) in members.iter().filter(|(key, _)| name::same(key, first)) {
                visit(member, rest, see);
            }
        }
        (Value::Array(_), Some(_)) => {}
        (Value::Bool(_) | Value::Number(_) | Value::String(_), Some(_)) => {
            see(&Value::Object(serde_json::Map::new()));
        }
        (_, None) => see(value),
    }
}

impl Test<'_> {
    /// Whether one value meets the term. An empty list arrives here as a list: it is there, and it
    /// has no element that equals anything.
    fn judge(self, value: &Value) -> bool {
        match self {
            Self::Present => match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
            },
            Self::Equal(wanted) => match value {
                Value::Array(_) => false,
                _ => equal(value, wanted).unwrap_or(true),
            },
            Self::Unequal(wanted) => !equal(value, wanted).unwrap_or(false),
        }
    }
}

/// Whether a value equals the one that the table names; `None` if its type says that it is something
/// else than what the table's author had before them.
fn equal(value: &Value, wanted: &str) -> Option<bool> {
    if let Some(wanted) = number(wanted) {
        let is = match value {
            Value::Number(is) => is.as_f64()?,
            Value::String(text) => number(text)?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        // The nearest double of both: counts and days are far below 2^53.
        return Some(is == wanted);
    }
    let truth = wanted.eq_ignore_ascii_case("true") || wanted.eq_ignore_ascii_case("false");
    match value {
        Value::String(text) => Some(text.trim().eq_ignore_ascii_case(wanted)),
        Value::Bool(is) if truth => Some(wanted.eq_ignore_ascii_case(&is.to_string())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(condition: &str, arguments: Value, expected: bool) {
        assert_eq!(holds(condition, &arguments), expected, "{condition} on {arguments}");
    }

    #[test]
    fn a_value_is_compared_in_any_letter_case_and_by_its_number() {
        check("desiredCount=0", json!({"desiredCount": 0}), true);
        check("desiredCount=0", json!({"DesiredCount": "0"}), true);
        check("desiredCount=0", json!({"desired_count": 0.0}), true);
        check("desiredCount=0", json!({"desiredCount": 1}), false);
        check("desiredCount=0", json!({}), false);
        check("desiredCount=0", Value::Null, false);
        check("Status=Disabled", json!({"status": "DISABLED"}), true);
        check("Status=Disabled", json!({"status": " disabled "}), true);
        check("Status=Disabled", json!({"status": "Enabled"}), false);
        check("Force=true", json!({"Force": true}), true);
        check("Force=true", json!({"Force": "True"}), true);
        check("Force=true", json!({"Force": false}), false);
    }

    #[test]
    fn what_is_absent_is_unequal() {
        check("Days!=0", json!({}), true);
        check("Days!=0", json!({"Days": null}), true);
        check("Days!=0", json!({"Days": 0}), false);
        check("Days!=0", json!({"Days": [0, 7]}), true);
        check("Days!=0", json!({"Days": []}), true);
        check("SkipFinalSnapshot!=false", json!({"SkipFinalSnapshot": false}), false);
    }

    #[test]
    fn presence_is_neither_null_nor_false_nor_empty() {
        check("Force", json!({"Force": true}), true);
        check("Force", json!({"Force": "false"}), true);
        check("Force", json!({"Force": 0}), true);
        check("Force", json!({"Force": []}), true);
        check("Force", json!({"Force": {}}), true);
        check("Force", json!({"Force": false}), false);
        check("Force", json!({"Force": ""}), false);
        check("Force", json!({"Force": null}), false);
        check("Force", json!({"Forced": true}), false);
    }

    #[test]
    fn paths_go_through_structures_and_lists() {
        check("a.b=x", json!({"A": {"B": "X"}}), true);
        check("a.b=x", json!({"a": [{"b": "y"}, {"b": "x"}]}), true);
        check("a.b=x", json!({"a": {"b": [["y"], ["x"]]}}), true);
        check("a.b=x", json!({"a": {"c": "x"}}), false);
        check("a.b", json!({"a": []}), false);
        check("a.b!=x", json!({"a": []}), true);
    }

    #[test]
    fn every_term_must_hold() {
        check("a=1&b", json!({"a": 1, "b": "y"}), true);
        check("a=1&b", json!({"a": 1}), false);
        check("a=1 & b!=2", json!({"a": 1}), true);
    }

    #[test]
    fn an_unexpected_type_holds() {
        check("desiredCount=0", json!({"desiredCount": true}), true);
        check("desiredCount=0", json!({"desiredCount": {}}), true);
        check("desiredCount=0", json!({"desiredCount": "none"}), true);
        check("desiredCount=0", json!({"desiredCount": "NaN"}), true);
        check("desiredCount!=1", json!({"desiredCount": {}}), true);
        check("status=on", json!({"status": 1}), true);
        check("force=true", json!({"force": 1}), true);
        check("a.b=x", json!({"a": "x"}), true);
        check("a.b", json!({"a": 1}), true);
        check("a", json!("a"), true);
        check("a=x", json!([1]), true);
    }

    #[test]
    fn a_name_that_comes_twice_counts_both_times() {
        check("force", json!({"force": false, "Force": true}), true);
        check("a=x", json!({"a": "y", "A": "x"}), true);
        check("a!=x", json!({"a": "y", "A": "x"}), true);
    }
}
