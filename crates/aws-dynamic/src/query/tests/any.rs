//! Any text, any query, any JSON: a result or an error.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::run;
use crate::query::{ErrorKind, Limits, Query};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[abcA]", inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Queries that can be read, whatever they find: functions over values over functions.
fn any_query() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b",
        "@",
        "*",
        "[*]",
        "[]",
        "[0]",
        "[-1]",
        "[::2]",
        "[::-1]",
        "`1`",
        "'x'",
        "`[1, 2.5]`",
        "`{}`",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 30, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (
                prop::sample::select(vec![
                    "abs",
                    "avg",
                    "ceil",
                    "floor",
                    "keys",
                    "length",
                    "max",
                    "merge",
                    "min",
                    "not_null",
                    "reverse",
                    "sort",
                    "sum",
                    "to_array",
                    "to_number",
                    "to_string",
                    "type",
                    "values",
                ]),
                inner.clone()
            )
                .prop_map(|(name, one)| format!("{name}({one})")),
            (
                prop::sample::select(vec![
                    "contains",
                    "ends_with",
                    "join",
                    "starts_with",
                    "merge",
                    "not_null"
                ]),
                pair.clone()
            )
                .prop_map(|(name, (one, two))| format!("{name}({one}, {two})")),
            (prop::sample::select(vec!["max_by", "min_by", "sort_by"]), pair.clone())
                .prop_map(|(name, (one, two))| format!("{name}({one}, &{two})")),
            pair.clone().prop_map(|(one, two)| format!("map(&{one}, {two})")),
            (
                prop::sample::select(vec!["|", "||", "&&", "==", "!=", "<", "<=", ">", ">="]),
                pair.clone()
            )
                .prop_map(|(operator, (one, two))| format!("({one} {operator} {two})")),
            pair.clone().prop_map(|(one, two)| format!("({one})[?{two}]")),
            pair.clone().prop_map(|(one, two)| format!("[{one}, {two}]")),
            pair.prop_map(|(one, two)| format!("{{a: {one}, b: {two}}}")),
            inner.clone().prop_map(|one| format!("!({one})")),
            inner.prop_map(|one| format!("({one})[].a")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() })]
    #[test]
    fn any_text_is_a_query_or_an_error(
        text in prop_oneof![".{0,60}", r#"[a-c.\[\]()|&!?*@=<>'`"0-9:{}, -]{0,60}"#],
        answer in any_json(),
    ) {
        match run(&text, &answer) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.character().is_none_or(|at| at >= 1 && at <= text.chars().count() + 1)),
        }
    }

    #[test]
    fn any_query_finds_something_or_says_why(text in any_query(), answer in any_json()) {
        let query = Query::read(&text).map_err(|wrong| TestCaseError::fail(format!("{text}: {wrong}")))?;
        if let Err(error) = query.run(&answer, Limits::until(&|| false)) {
            prop_assert!(matches!(error.kind(), ErrorKind::Type | ErrorKind::Bounds), "{error}");
        }
    }

    #[test]
    fn what_is_found_is_copied_as_it_is(answer in any_json()) {
        prop_assert_eq!(run("@", &answer).unwrap(), answer.clone());
        prop_assert_eq!(run("@ == @", &answer).unwrap(), json!(true));
        let text = run("to_string({a: to_array(a)})", &json!({"a": [answer.clone()]})).unwrap();
        let again: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        prop_assert_eq!(again, json!({"a": [answer]}));
    }
}
