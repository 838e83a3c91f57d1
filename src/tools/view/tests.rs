use super::*;

const MOST: usize = 3_000;

fn body() -> Map<String, Value> {
    Map::from_iter([("operation".to_owned(), "a:B".into())])
}

fn fits(body: Map<String, Value>) -> Value {
    assert!(characters(&body) <= MOST, "{}", characters(&body));
    Value::Object(body)
}

fn call(query: Option<&str>, result: &Value, kept: Option<&Kept>) -> Value {
    let query = query.map(str::to_owned);
    let view = View::Called { query, form: Form::Full, shape: None };
    fits(view.show(body(), result.clone(), Bounds { most: MOST, kept }, Clock::system()))
}

fn read(result: &Value, offset: usize, limit: Option<usize>) -> Value {
    let bounds = Bounds { most: MOST, kept: None };
    fits(View::Kept { offset, limit }.show(body(), result.clone(), bounds, Clock::system()))
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

#[test]
fn what_fits_is_neither_cut_nor_kept() {
    let kept = Kept::new(None);
    let large = json!({"Rows": vec!["x".repeat(99); 99]});
    let told = call(Some("length(Rows)"), &large, Some(&kept));
    assert_eq!((&told["result"], told.get("truncated")), (&json!(99), None));
}

#[test]
fn a_small_result_that_a_query_makes_long_is_kept() {
    let kept = Kept::new(None);
    let small = json!({"A": "x".repeat(500)});
    let told = call(Some("[A, A, A, A, A, A, A, A]"), &small, Some(&kept));
    let handle = told["truncated"]["handle"].as_str().unwrap();
    assert_eq!(kept.get(handle).unwrap(), small);
    assert_eq!(told["truncated"]["outline"], json!({"A": "string"}));
    let cut = &told["truncated"]["cuts"][0];
    assert_eq!((&cut["path"], &cut["of"]), (&json!(""), &json!(8)));
}

#[test]
fn where_nothing_can_be_kept_it_is_said_how_to_ask_for_less() {
    let large = json!({"Rows": vec!["x".repeat(99); 99]});
    let told = call(None, &large, None);
    let how = told["truncated"]["how"].as_str().unwrap();
    assert!(how.contains("Ask for less") && !how.contains("aws_get_result"), "{how}");
    assert_eq!(told["truncated"].get("handle"), None);
}

#[test]
fn a_query_that_fails_leaves_the_result_and_a_warning() {
    let result = json!({"Table": {"Name": "a"}});
    let told = call(Some("join(',', Table)"), &result, None);
    assert_eq!(told["result"], result);
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("the result is as without the query"), "{warning}");
}

#[test]
fn nothing_of_a_list_or_a_text_is_lost_by_reading_on() {
    let rows: Vec<Value> = (0..500)
        .map(|n| match n % 50 {
            // Longer than any answer.
            7 => json!({"Id": n, "Text": "x".repeat(4_000)}),
            _ => json!({"Id": n}),
        })
        .collect();
    for limit in [None, Some(1), Some(37), Some(1_000)] {
        let (mut ids, mut offset) = (Vec::new(), Some(0));
        while let Some(at) = offset {
            let told = read(&json!(rows), at, limit);
            assert_eq!(told["count"], 500);
            for row in told["result"].as_array().unwrap() {
                ids.push(row["Id"].as_u64().unwrap());
                if let Some(cut) = told["truncated"]["cuts"].get(0) {
                    let path = format!("[{}].Text", ids.len() - 1);
                    assert_eq!((&cut["path"], &cut["of"]), (&json!(path), &json!(4_000)));
                }
            }
            offset = told
                .get("next_offset")
                .map(|next| usize::try_from(next.as_u64().unwrap()).unwrap());
        }
        assert!(ids.iter().copied().eq(0..500), "{limit:?}: {ids:?}");
    }
    let text: String = (0..20_000).map(|n| ['ü', '"', '\n', 'x', '\u{1F4A3}'][n % 5]).collect();
    for limit in [None, Some(700), Some(50_000)] {
        let (mut all, mut offset, mut calls) = (String::new(), Some(0), 0);
        while let Some(at) = offset {
            let told = read(&json!(text), at, limit);
            assert_eq!(told["count"], 20_000);
            all.push_str(told["result"].as_str().unwrap());
            offset = told
                .get("next_offset")
                .map(|next| usize::try_from(next.as_u64().unwrap()).unwrap());
            calls += 1;
        }
        assert!(all == text && calls < 30, "{limit:?}: {calls}");
    }
    assert_eq!(read(&json!([1, 2]), 5, None)["result"], json!([]));
}

#[test]
fn an_object_that_is_read_on_and_too_long_says_what_to_query() {
    let long = json!({"A": "x".repeat(9_000), "B": 1});
    let told = read(&long, 0, None);
    assert_eq!((&told["result"]["B"], told.get("next_offset")), (&json!(1), None));
    assert_eq!(told["truncated"]["cuts"][0]["path"], "A");
    assert!(told["truncated"]["how"].as_str().unwrap().contains("query"));
}

/// Whatever what is left out takes to be said: an answer is whole where it can be, and has a handle
/// where it is not.
#[test]
fn what_is_left_out_cuts_nothing_and_what_is_cut_is_kept() {
    let index = aws_dynamic::catalog::Models::get().unwrap();
    let service = index.service("cloudfront").unwrap().unwrap();
    let shape = service.operation("GetDistributionConfig").unwrap().output();
    let kept = Kept::new(None);
    let (mut whole, mut cut) = (0, 0);
    for length in (1_000..3_400).step_by(16) {
        let list = json!({"Quantity": 1, "Items": ["a"]});
        let behaviour = json!({"TrustedSigners": list, "TrustedKeyGroups": list, "CachePolicyId": "",
            "FieldLevelEncryptionId": "", "FunctionAssociations": list, "AllowedMethods": list});
        let result = json!({"ETag": "", "DistributionConfig": {"Aliases": list, "Comment": "x".repeat(length),
            "DefaultCacheBehavior": behaviour, "CacheBehaviors": {"Quantity": 1, "Items": [behaviour]},
            "Origins": list, "OriginGroups": list, "CustomErrorResponses": list, "WebACLId": ""}});
        let view = View::Called { query: None, form: Form::Compact, shape };
        let bounds = Bounds { most: MOST, kept: Some(&kept) };
        let told = fits(view.show(body(), result.clone(), bounds, Clock::system()));
        match told.get("truncated") {
            Some(truncated) => {
                cut += 1;
                let handle = truncated["handle"].as_str().unwrap();
                assert_eq!(kept.get(handle).unwrap(), result, "{length}");
                assert!(characters(&result) > MOST - 50, "{length}");
                // What is shown is where its paths say.
                assert!(!told["omitted"].to_string().contains("flattened"), "{told}");
            }
            None => whole += 1,
        }
    }
    assert!(whole > 20 && cut > 20, "{whole} {cut}");
}
