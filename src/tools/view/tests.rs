use super::*;

fn length(value: &Value) -> usize {
    value.to_string().chars().count()
}

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
            let part = part(value, most);
            assert!(length(&part.value) <= most.max(4), "{most}: {}", part.value);
            if part.cuts.is_empty() && part.value != Value::Null {
                assert_eq!(&part.value, value);
            }
        }
    }
}

#[test]
fn a_cut_says_how_much_there_is() {
    let value = json!({"Rows": vec!["0123456789"; 100], "Last": 1});
    let part = part(&value, 200);
    let rows = part.value["Rows"].as_array().unwrap().len();
    assert!(rows > 5 && rows < 100);
    assert_eq!(part.cuts[0], Cut { path: "Rows".to_owned(), shown: rows, of: 100 });
    assert_eq!(part.cuts[1], Cut { path: String::new(), shown: 1, of: 2 });
}

#[test]
fn what_is_empty_is_left_out_and_said() {
    let mut value = json!({"A": null, "B": "", "C": [], "D": {"E": {}}, "F": 0, "G": false,
        "H": [{"I": null, "J": 1}, null]});
    let omitted = compacted(&mut value);
    assert_eq!(value, json!({"F": 0, "G": false, "H": [{"J": 1}, null]}));
    assert_eq!(omitted["empty"], 6);
}

#[test]
fn what_is_only_nesting_is_flattened_and_said() {
    let mut value = json!({"DistributionList": {"Items": [1, 2]}, "Pair": {"A": [1], "B": 2},
        "Rows": [{"Tags": {"Tag": ["x"]}}, {"Tags": {"Tag": ["y"]}}], "One": {"Two": 3}});
    let omitted = compacted(&mut value);
    assert_eq!(
        value,
        json!({"DistributionList": [1, 2], "Pair": {"A": [1], "B": 2},
            "Rows": [{"Tags": ["x"]}, {"Tags": ["y"]}], "One": {"Two": 3}})
    );
    assert_eq!(omitted["flattened"], json!(["DistributionList.Items", "Rows.Tags.Tag"]));
    assert_eq!(compacted(&mut json!({"A": 1})), Map::new());
}

#[test]
fn an_outline_has_the_counts() {
    let value = json!({"Reservations": [{"Instances": [{"Id": "i"}, {"Id": "j"}]}], "N": 1});
    assert_eq!(
        outline(&value),
        json!({"Reservations": {"count": 1, "of": {"Instances":
            {"count": 2, "of": {"Id": "string"}}}}, "N": "number"})
    );
    let deep = json!([[[[[[[1]]]]]]]);
    assert!(outline(&deep).to_string().len() < 200);
}

#[test]
fn a_query_is_bounded_and_its_errors_say_where() {
    let clock = Clock::system();
    let value = json!({"Rows": [{"Id": 1}, {"Id": 2}]});
    assert_eq!(queried("Rows[].Id", &value, clock).unwrap(), json!([1, 2]));
    assert_eq!(queried("Nothing", &value, clock).unwrap(), Value::Null);
    let wrong = queried("Rows[", &value, clock).unwrap_err();
    assert!(wrong.message.contains("character"), "{wrong}");
    let wide = json!({"a": vec![0; 3_000]});
    let endless = queried("a[].[a, a] | [].[@, @] | [].[@, @] | [].[@,@]", &wide, clock);
    let product = queried("a[*].[`1`][*][].to_string(@) | join('', @)", &wide, clock);
    assert!(endless.is_ok() || endless.unwrap_err().message.contains("steps"));
    assert!(product.is_ok() || product.unwrap_err().message.contains("steps"));
}
