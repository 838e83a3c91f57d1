use super::*;

#[test]
fn a_part_is_valid_and_fits_whatever_it_is_of() {
    let rows: Vec<Value> = (0..500)
        .map(|n| json!({"Id": n, "Name": format!("row {n}"), "Tags": ["a", "ü\u{1}"]}))
        .collect();
    let wide: Map<String, Value> = (0..500).map(|n| (format!("k{n}"), json!(n))).collect();
    let values = [
        json!({"Rows": rows, "Next": "x"}),
        json!(wide),
        json!("\u{1}\"\\".repeat(5_000)),
        json!([vec!["a".repeat(100); 50]]),
        json!({"A": {"B": {"C": "x".repeat(20_000)}}}),
        json!(null),
        json!(true),
        json!([]),
    ];
    for value in &values {
        for most in [0, 1, 2, 10, 100, 500, 2_000, 1_000_000] {
            let part = part(value, most, "");
            assert!(characters(&part.value) <= most.max(4), "{most}: {}", part.value);
            if part.cuts.is_empty() && part.value != Value::Null {
                assert_eq!(&part.value, value);
            }
            if most >= 500 {
                let used = characters(&part.value) * 10 > most.min(characters(value)) * 8;
                assert!(used, "{most}: {}", part.value);
            }
        }
    }
}

#[test]
fn characters_are_counted_as_json_has_them() {
    for value in [json!("ü\"\\\n\u{1}\u{7f}\u{1F4A3}"), json!({"é": [1.5, null, true, "x"]})] {
        assert_eq!(characters(&value), value.to_string().chars().count());
        let all = characters(&value);
        assert_eq!(characters_within(&value, all), Some(all));
        assert_eq!(characters_within(&value, all - 1), None);
    }
    let text: String = (0..300).filter_map(char::from_u32).collect();
    let quoted = |count: usize| {
        let text: String = text.chars().take(count).collect();
        characters(&text) - 2
    };
    for most in 0..characters(&text) {
        let count = fitting(&text, most);
        let is_all = count == text.chars().count();
        assert!(quoted(count) <= most && (is_all || quoted(count + 1) > most), "{most}");
    }
}

#[test]
fn a_long_text_gets_the_room_that_small_members_leave() {
    let value = json!({"Body": "x".repeat(50_000), "ContentLength": 50_000, "ETag": "\"abc\"",
        "Metadata": {"a": "b"}});
    let part = part(&value, 10_000, "");
    assert_eq!(part.value["ETag"], value["ETag"]);
    assert_eq!(part.value["Metadata"], value["Metadata"]);
    assert!(part.value["Body"].as_str().unwrap().len() > 9_800);
    let shown = part.value["Body"].as_str().unwrap().len() - 3;
    assert_eq!(part.cuts, [Cut { path: "Body".to_owned(), shown, of: 50_000 }]);
}

#[test]
fn several_long_members_share_and_many_come_in_their_order() {
    let value = json!({"A": "a".repeat(9_000), "B": vec!["b"; 9_000], "C": 1});
    let some = part(&value, 4_000, "");
    let (a, b) = (some.value["A"].to_string().len(), some.value["B"].to_string().len());
    assert!(a > 1_900 && b > 1_900 && some.value["C"] == 1, "{a} {b}");
    let many: Map<String, Value> =
        (0..50).map(|n| (format!("k{n:02}"), json!("x".repeat(900)))).collect();
    let some = part(&json!(many), 4_000, "");
    let shown = some.value.as_object().unwrap();
    assert_eq!(shown.len(), 5);
    assert_eq!(shown["k03"], many["k03"]);
    assert_eq!(some.cuts[0], Cut { path: String::new(), shown: 5, of: 50 });
    assert_eq!(some.cuts[1].path, "k04");
}

#[test]
fn a_cut_says_how_much_there_is_by_a_path_that_is_a_query() {
    let value = json!({"Rows": vec!["0123456789"; 100], "Last": 1});
    let some = part(&value, 200, "");
    let rows = some.value["Rows"].as_array().unwrap().len();
    assert!(rows > 5 && rows < 100);
    assert_eq!(some.cuts, [Cut { path: "Rows".to_owned(), shown: rows, of: 100 }]);
    let odd = json!([{"aws:a b\"": {"1": "x".repeat(500)}}]);
    let cuts = part(&odd, 200, "").cuts;
    assert_eq!(cuts[1].path, "[0].\"aws:a b\\\"\".\"1\"");
    for cut in cuts.iter().filter(|cut| !cut.path.is_empty()) {
        let query = aws_dynamic::query::Query::read(&cut.path).unwrap();
        let limits = aws_dynamic::query::Limits::until(&|| false);
        assert!(query.run(&odd, limits).unwrap().is_string());
    }
    assert_eq!(part(&odd[0], 200, "[7]").cuts[0].path, "[7].\"aws:a b\\\"\".\"1\"");
}

#[test]
fn an_outline_has_the_counts_and_is_as_deep_as_fits() {
    let value = json!({"Reservations": [{"Instances": [{"Id": "i"}, {"Id": "j"}]}], "N": 1});
    let whole = json!({"Reservations": {"count": 1, "of": {"Instances":
        {"count": 2, "of": {"Id": "string"}}}}, "N": "number"});
    assert_eq!(outline(&value, 1_000), Some(whole));
    let less = json!({"Reservations": {"count": 1, "of": "1 member"}, "N": "number"});
    assert_eq!(outline(&value, 70), Some(less));
    assert_eq!(outline(&value, 10), None);
    let deep = json!([[[[[[[1]]]]]]]);
    assert!(outline(&deep, 1_000).unwrap().to_string().len() < 200);
}
