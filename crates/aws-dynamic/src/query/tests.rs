//! Queries by hand: what they find, what is said of wrong ones, and that hostile ones end. The
//! cases of the JMESPath project and the comparison with the AWS CLI's are in `tests/query.rs`.

use std::cell::Cell;

use serde_json::{Value, json};

use super::*;

fn run(text: &str, answer: &Value) -> Result<Value, QueryError> {
    Query::read(text)?.run(answer, Limits::until(&|| false))
}

fn check(text: &str, answer: Value, expected: Value) {
    assert_eq!(run(text, &answer), Ok(expected), "{text:.300} in {answer:.300}");
}

fn check_error(text: &str, answer: Value, kind: ErrorKind, words: &str) {
    let error = run(text, &answer).expect_err(text);
    assert_eq!((error.to_string().as_str(), error.kind()), (words, kind), "{text:.100}");
}

#[test]
fn what_people_ask_of_aws() {
    let instances = json!({"Reservations": [
        {"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "web"}]}]},
        {"Instances": [
            {"InstanceId": "i-2", "State": {"Name": "stopped"}, "Tags": []},
            {"InstanceId": "i-3", "State": {"Name": "running"}},
        ]},
    ]});
    check(
        "Reservations[].Instances[?State.Name=='running'].{Id: InstanceId, Name: Tags[?Key=='Name'] | [0].Value}",
        instances.clone(),
        json!([[{"Id": "i-1", "Name": "web"}], [{"Id": "i-3", "Name": null}]]),
    );
    check(
        "Reservations[].Instances[] | [?State.Name==`running`].InstanceId",
        instances.clone(),
        json!(["i-1", "i-3"]),
    );
    check(
        "Reservations[*].Instances[*].[InstanceId, State.Name] | [0][0]",
        instances.clone(),
        json!(["i-1", "running"]),
    );
    check("length(Reservations[].Instances[])", instances.clone(), json!(3));
    check("Reservations[].Instances[].Tags[?Key=='Name'].Value | []", instances, json!(["web"]));
    let images = json!({"Images": [
        {"ImageId": "b", "CreationDate": "2026-02"},
        {"ImageId": "a", "CreationDate": "2026-01"},
    ]});
    check("sort_by(Images, &CreationDate)[-1].ImageId", images.clone(), json!("b"));
    check("max_by(Images, &CreationDate).ImageId", images.clone(), json!("b"));
    check("reverse(sort_by(Images, &CreationDate))[:1].ImageId", images.clone(), json!(["b"]));
    check("Images[?CreationDate > '2026-01'].ImageId | [0]", images, json!("b"));
    let contents = json!({"Contents": [{"Key": "a", "Size": 10}, {"Key": "b", "Size": 2000}]});
    check("Contents[?Size > `1000`].Key", contents.clone(), json!(["b"]));
    check("sum(Contents[].Size)", contents.clone(), json!(2010));
    check("Contents[?ends_with(Key, 'b') && Size >= `2000`] | length(@)", contents, json!(1));
}

#[test]
fn integers_stay_exact() {
    let large = u64::MAX;
    check("a == b", json!({"a": large, "b": large - 1}), json!(false));
    check("sort(@)", json!([large, large - 1]), json!([large - 1, large]));
    check("sum(@)", json!([9_007_199_254_740_993_i64, 2]), json!(9_007_199_254_740_995_i64));
    check("abs(@)", json!(i64::MIN), json!(1_u64 << 63));
    check("[ceil(@), floor(@)]", json!(-1.5), json!([-1, -2]));
    check("ceil(@)", json!(1e300), json!(1e300));
    check("sort(@)", json!([2, 1.5, large, -3]), json!([-3, 1.5, 2, large]));
    check("avg(@)", json!([1, 2]), json!(1.5));
    check_error(
        "sum(@)",
        json!([1e308, 1e308]),
        ErrorKind::Type,
        "query: sum finds no number that large in JSON at character 1",
    );
}

#[test]
fn slices_do_not_overflow() {
    let list = json!([0, 1, 2, 3]);
    check("[1:3]", list.clone(), json!([1, 2]));
    check("[::-1]", list.clone(), json!([3, 2, 1, 0]));
    check("[-2:]", list.clone(), json!([2, 3]));
    check("[:-9223372036854775808:-1]", list.clone(), json!([3, 2, 1, 0]));
    check(
        "[-9223372036854775808:9223372036854775807:9223372036854775807]",
        list.clone(),
        json!([0]),
    );
    check("[9223372036854775807::-9223372036854775808]", list.clone(), json!([3]));
    check("[-9223372036854775808]", list, json!(null));
    check("[::-1]", json!([]), json!([]));
}

#[test]
fn made_values_are_as_good_as_found_ones() {
    check("{a: @, b: [@]} | {c: b[0], d: keys(@)}", json!(1), json!({"c": 1, "d": ["a", "b"]}));
    check(
        "merge({a: @, b: @}, `{\"b\": 2}`, @)",
        json!({"c": 3}),
        json!({"a": {"c": 3}, "b": 2, "c": 3}),
    );
    check("{a: @, a: `2`}", json!(1), json!({"a": 2}));
    check(
        "to_string({a: [@, 'ü', type(@)], b: `null`})",
        json!(1),
        json!(r#"{"a":[1,"ü","number"],"b":null}"#),
    );
    check("{a: [@]} == `{\"a\": [1.0]}`", json!(1), json!(true));
    check("reverse([@, 'ab', reverse('äb')])", json!(1), json!(["bä", "ab", 1]));
    check("*.length(@) | sum(@)", json!({"a": "xy", "b": [1]}), json!(3));
    check(
        "[to_number('1.5'), to_number('x'), to_number(' 2'), to_array(@)[0], not_null(a, @)]",
        json!(1),
        json!([1.5, null, 2, 1, 1]),
    );
}

#[test]
fn wrong_queries_are_told_what_is_wrong() {
    let check = |text: &str, words: &str| check_error(text, json!({}), ErrorKind::Text, words);
    check(
        "Functions | lenght(@)",
        "query: unknown function \"lenght\" at character 13; did you mean length?",
    );
    check("count(a)", "query: unknown function \"count\" at character 1; did you mean length?");
    check(
        "frobnicate(a)",
        "query: unknown function \"frobnicate\" at character 1; there are abs, avg, ceil, contains, \
         ends_with, floor, join, keys, length, map, max, max_by, merge, min, min_by, not_null, reverse, \
         sort, sort_by, starts_with, sum, to_array, to_number, to_string, type, values",
    );
    check("", "query: expected an expression, but found the end at character 1");
    check("a[?b='x']", "query: \"=\" at character 5; did you mean ==?");
    check(
        "a[?b==1]",
        "query: the number 1 at character 7; a number in an expression stands in backticks: `1`",
    );
    check(
        "a[?b and c]",
        "query: expected \"]\" behind the filter, but found \"and\" at character 6; did you mean &&?",
    );
    check(
        "a.",
        "query: expected a name, \"*\", \"[\" or \"{\" behind the dot, but found the end at character 3",
    );
    check(
        "a[0",
        "query: expected a number, \":\", \"*\" or \"]\", but found the end at character 4",
    );
    check("a b", "query: expected an operator or the end, but found \"b\" at character 3");
    check(
        "ä",
        "query: unexpected 'ä' at character 1; a member with such a name is written in double quotes",
    );
    check(
        "\"ä\".é",
        "query: unexpected 'é' at character 5; a member with such a name is written in double quotes",
    );
    check("a == 'b", "query: what ' opens is not closed: it opens at character 6");
    check(
        "`[1`",
        "query: a literal that is not JSON at character 1; a string can be written in single quotes: 'text'",
    );
    check("a[::0]", "query: a slice with step 0 at character 4");
    check(
        "sort_by(a, b)",
        "query: sort_by without \"&\" before its expression at character 12; it is sort_by(array, &expression)",
    );
    check(
        "length(&a)",
        "query: length with \"&\" before a value at character 8; it is length(array, object or string)",
    );
    check(
        "length(a, b)",
        "query: length with 2 arguments at character 1; it is length(array, object or string)",
    );
    check(
        "&a",
        "query: \"&\" at character 1; it stands only before an argument: sort_by(list, &name)",
    );
    check(
        "{a}",
        "query: expected \":\" behind the name, as in {Name: expression}, but found \"}\" at character 3",
    );
    check("[a b]", "query: expected \",\" or \"]\", but found \"b\" at character 4");
    check(
        "a[-]",
        "query: \"-\" at character 3; a minus stands only before an index or a part of a slice: [-1]",
    );
    let long = format!("expected an operator or the end, but found \"{}...\"", "b".repeat(60));
    check(&format!("a {}", "b".repeat(3_000)), &format!("query: {long} at character 3"));
    check(&"a".repeat(LONGEST + 1), "query: longer than 4000 characters");
    check(&"ä".repeat(1 << 20), "query: longer than 4000 characters");
}

#[test]
fn wrong_types_are_told_what_is_wrong() {
    let check =
        |text: &str, answer: Value, words: &str| check_error(text, answer, ErrorKind::Type, words);
    check(
        "[?contains(Name, 'a')]",
        json!([{}]),
        "query: contains takes a string or an array first, but was given null at character 3; \
         the member may be misspelt, or absent: (Name || '') takes that instead",
    );
    check(
        "length(Nothing)",
        json!({}),
        "query: length takes an array, an object or a string, but was given null at character 1; \
         the member may be misspelt, or absent: (Name || `[]`) takes that instead",
    );
    check(
        "sort_by(@, &a)",
        json!([{"a": 1}, {}]),
        "query: sort_by takes numbers only, as the first is one, but element 1 gives null at character 1; \
         leave such elements out first, with a filter: list[?Name]",
    );
    check(
        "max(@)",
        json!(["a", 1]),
        "query: max takes strings only, as the first is one, but element 1 gives a number at character 1",
    );
    check(
        "join(',', @)",
        json!([1]),
        "query: join takes an array of strings, but element 0 gives a number at character 1",
    );
    check(
        "keys(@)",
        json!([]),
        "query: keys takes an object, but was given an array at character 1",
    );
}

#[test]
fn hostile_texts_do_not_exhaust_the_stack() {
    for deep in [
        "[",
        "(",
        "!",
        "&",
        "a[?",
        "a||",
        "a.b[].",
        "`[",
        "a(",
        "{a:",
        "length(",
        "map(&",
        "a.",
        "[*]",
        "[]",
        "[0]",
        "[?a]",
        "@|",
        "a==",
        "a&&",
        "*.",
        "[::1]",
        "sort_by(a,&",
    ] {
        for times in [HIGHEST - 1, HIGHEST, HIGHEST + 1, LONGEST / deep.len()] {
            let text = deep.repeat(times);
            for text in
                [text.clone(), format!("{text}a"), text.trim_end_matches(['.', '|']).to_owned()]
            {
                let _ = run(&text, &json!({"a": []}));
            }
        }
    }
    let ids = vec!["a == 'i-0123456789'"; 160].join(" || ");
    check(
        &format!("[?{ids}].a"),
        json!([{"a": 1}, {"a": "i-0123456789"}]),
        json!(["i-0123456789"]),
    );
    check(&vec!["a"; 1_000].join("&&"), json!({"a": 1}), json!(1));
    check_error(
        &"a.b.*.".repeat(100),
        json!({}),
        ErrorKind::Text,
        "query: more than 64 operators, calls or brackets in one another at character 130",
    );
    let literal = format!("`{}{}`", "[".repeat(1_000), "]".repeat(1_000));
    assert!(Query::read(&literal).is_err());
}

#[test]
fn as_high_as_a_query_may_be_it_needs_no_more_than_2_mb_of_stack() {
    let deep = (1..DEEPEST).fold(json!(1), |inner, _| json!([inner]));
    let all = move || {
        let around = |before: &str, inner: &str, after: &str, times: usize| {
            let text = format!("{}{inner}{}", before.repeat(times), after.repeat(times));
            assert!(run(&text, &deep).is_ok(), "{text:.100}: {:?}", run(&text, &deep));
        };
        let most = HIGHEST - 1;
        around("[", "@", "]", most);
        around("{a: ", "@", "}", most);
        around("(", "@", ")", most);
        around("!", "@", "", most);
        around("to_array(", "@", ")", most);
        around("[?", "@", "]", most - 1);
        around("[*].[", "@", "]", most / 2);
        around("@ == (", "@", ")", most / 2);
        around("map(&", "@", ", [@])", most - 1);
        around("sort_by([@], &to_string(", "@", "))", most / 2);
        around("@", "|@", "", 1);
        around("", &["@"; 1_000].join("|"), "", 1);
        around("", &format!("@{}", "[0]".repeat(1_000)), "", 1);
        // Deep values, compared and written at the bottom of a high query.
        around(
            "map(&",
            "[[[[@]]]] == [[[[@]]]] && to_string([[[[@]]]]) && [[[[@]]]]",
            ", [@])",
            HIGHEST - 12,
        );
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(all).unwrap().join().unwrap();
}

#[test]
fn deep_answers_and_deep_results_are_refused() {
    let deep = |levels: usize| (1..levels).fold(json!(1), |inner, _| json!([inner]));
    assert!(is_shallow(&deep(DEEPEST), DEEPEST) && !is_shallow(&deep(DEEPEST + 1), DEEPEST));
    assert!(run("@ == @ && to_string(@) && [@]", &deep(DEEPEST)).is_ok());
    check_error(
        "@",
        deep(DEEPEST + 1),
        ErrorKind::Bounds,
        "query: the answer is more than 128 levels deep",
    );
    // 512 brackets, but no more than 16 in one another in the text.
    let pairs = |inner: &str| format!("({inner}|{inner})");
    let tower = (0..9).fold("[@]".to_owned(), |inner, _| pairs(&inner));
    assert!(tower.len() <= LONGEST);
    check_error(
        &tower,
        json!(1),
        ErrorKind::Bounds,
        "query: what it builds is more than 128 levels deep",
    );
}

#[test]
fn what_runs_away_is_ended_by_its_steps() {
    let too_much = |text: &str, answer: &Value| {
        let error = run(text, answer).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Bounds, "{text:.100}: {error}");
        assert!(
            error.to_string().starts_with("query: it takes more than 1000000 steps; ask for less"),
            "{error}"
        );
    };
    let doubled = |text: &str| vec![text; 40].join("|");
    too_much(&doubled("[@,@]"), &json!(1));
    too_much(&doubled("{a: @, b: @}"), &json!(1));
    too_much(&doubled("[@,@][]"), &json!([1]));
    too_much(&doubled("[].[@,@][]"), &json!([1]));
    too_much(&doubled("map(&[@,@], @)[]"), &json!([1]));
    too_much(&format!("{}|to_string(@)|length(@)", doubled("[@,@]")), &json!(1));
    too_much(&format!("{}|[@ == @]", doubled("[@,@]")), &json!(1));
    // Texts that grow.
    too_much(&doubled("join(@, [@, @, @])"), &json!("x"));
    too_much(&doubled("to_string([@, @])"), &json!("\"\\"));
    // Texts that are read or copied again and again.
    let long = json!({"text": "x".repeat(1 << 20), "list": (0..10_000).collect::<Vec<_>>()});
    too_much(&format!("[{}]", vec!["text"; 16].join(",")), &long);
    for reads in ["length($)", "contains($, 'y')", "reverse($)", "$ == $", "to_number($)", "$ < $"]
    {
        let reads = reads.replace('$', "text");
        too_much(&format!("[{}] | [0]", vec![reads.as_str(); 16].join(",")), &long);
    }
    // Names that are looked up again and again.
    let name = "n".repeat(3_000);
    too_much(&format!("list[].\"{name}\""), &json!({"list": vec![json!({}); 10_000]}));
    // Lists that are gone through for each of their elements.
    let again = ["list"; 10].join(",");
    too_much(&format!("map(&sort_by(`[1,2,3,4,5,6,7,8,9]`, &@), [{again}][])"), &long);
    too_much(&format!("map(&contains(`[1,2,3,4,5,6,7,8,9]`, @), [{again}][])"), &long);
    too_much("sort(@)", &json!((0..300_000).rev().collect::<Vec<_>>()));
    too_much("[contains(@, `1`), contains(@, `2`)]", &json!(vec![0; 600_000]));
    let fields: serde_json::Map<_, _> = (0..100_000).map(|n| (n.to_string(), json!(n))).collect();
    too_much("merge(@, @) == merge(@, @, @)", &fields.into());
}

#[test]
fn time_is_asked_for_and_ends_a_run() {
    let asked = Cell::new(0);
    let query = Query::read("[].[@, @][] | [].{a: @}").unwrap();
    let answer = json!(vec![1; 5_000]);
    let expired = || {
        asked.set(asked.get() + 1);
        asked.get() > 10
    };
    let error = query.run(&answer, Limits::until(&expired)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Time);
    assert_eq!(asked.get(), 11);
    let few = Limits { steps: 100, expired: &|| false };
    let error = query.run(&answer, few).unwrap_err();
    assert!(error.to_string().starts_with("query: it takes more than 100 steps"), "{error}");
}

#[test]
fn what_is_read_can_be_kept_between_threads() {
    fn check<T: Send + Sync + std::error::Error>() {}
    fn check_query<T: Send + Sync + Clone>() {}
    check::<QueryError>();
    check_query::<Query>();
}

mod any;
