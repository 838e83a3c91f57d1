//! Lists as services give them, one for each way of leading on.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::Models;

fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').unwrap();
    Models::get().unwrap().service(service).unwrap().unwrap().operation(operation).unwrap()
}

fn pages(name: &str, input: Value) -> Pages {
    Pages::new(operation(name), input).unwrap()
}

fn some(items: usize) -> NonZeroUsize {
    NonZeroUsize::new(items).unwrap()
}

/// Takes each answer, and holds the input before it against what is expected.
fn walk(pages: &mut Pages, steps: &[(Value, Value)]) -> Value {
    let mut merged = pages.merged();
    for (input, answer) in steps {
        assert_eq!(pages.next_input().as_ref(), Some(input));
        merged.add(pages.take(answer.clone()).unwrap());
    }
    assert_eq!(pages.next_input(), None);
    merged.value()
}

/// A whole list, from an empty input.
fn check(name: &str, steps: &[(Value, Value)], expected: Value) {
    let mut pages = pages(name, Value::Null);
    assert_eq!(walk(&mut pages, steps), expected, "{name}");
    assert_eq!(pages.resume(), None, "{name}");
    assert_eq!(pages.take(json!({})), Err(Failed::Ended), "{name}");
}

#[test]
fn ec2_ends_with_an_empty_token() {
    check(
        "ec2:DescribeInstances",
        &[
            (json!({}), json!({"Reservations": [{"ReservationId": "r-1"}], "NextToken": "t"})),
            (json!({"NextToken": "t"}), json!({"Reservations": [], "NextToken": "u"})),
            (
                json!({"NextToken": "u"}),
                json!({"Reservations": [{"ReservationId": "r-2"}], "NextToken": ""}),
            ),
        ],
        json!({"Reservations": [{"ReservationId": "r-1"}, {"ReservationId": "r-2"}]}),
    );
}

#[test]
fn iam_says_whether_there_is_more() {
    check(
        "iam:ListUsers",
        &[
            (json!({}), json!({"Users": [{"UserName": "a"}], "IsTruncated": true, "Marker": "m"})),
            // A marker that comes with the last page leads nowhere.
            (
                json!({"Marker": "m"}),
                json!({"Users": [{"UserName": "b"}], "IsTruncated": false, "Marker": "n"}),
            ),
        ],
        json!({"Users": [{"UserName": "a"}, {"UserName": "b"}]}),
    );
    check("iam:ListUsers", &[(json!({}), json!({"Marker": "m"}))], json!({}));
    check("iam:ListUsers", &[(json!({}), json!({"IsTruncated": true}))], json!({}));
}

#[test]
fn s3_goes_on_from_the_last_key() {
    let contents = |keys: &[&str]| Value::from_iter(keys.iter().map(|key| json!({"Key": key})));
    check(
        "s3:ListObjects",
        &[
            (json!({}), json!({"IsTruncated": true, "Contents": contents(&["a", "b"])})),
            (
                json!({"Marker": "b"}),
                json!({"IsTruncated": true, "NextMarker": "d/", "Contents": contents(&["c"]),
                "CommonPrefixes": [{"Prefix": "d/"}]}),
            ),
            (json!({"Marker": "d/"}), json!({"IsTruncated": false, "Contents": contents(&["e"])})),
        ],
        json!({"Contents": contents(&["a", "b", "c", "e"]), "CommonPrefixes": [{"Prefix": "d/"}]}),
    );
    check(
        "s3:ListObjectsV2",
        &[
            (
                json!({}),
                json!({"IsTruncated": true, "NextContinuationToken": "1", "KeyCount": 1,
                "Contents": contents(&["a"])}),
            ),
            (json!({"ContinuationToken": "1"}), json!({"IsTruncated": false, "KeyCount": 0})),
        ],
        json!({"Contents": contents(&["a"])}),
    );
}

#[test]
fn route_53_has_three_tokens() {
    let record = |name: &str| json!({"Name": name});
    let next = json!({"IsTruncated": true, "NextRecordName": "b", "NextRecordType": "A",
        "ResourceRecordSets": [record("a")]});
    let with_set = json!({"IsTruncated": true, "NextRecordName": "b", "NextRecordType": "A",
        "NextRecordIdentifier": "i", "ResourceRecordSets": [record("b")]});
    // A token that is absent from an answer is absent from the next input as well.
    let without = json!({"IsTruncated": true, "NextRecordName": "c", "NextRecordType": "A",
        "ResourceRecordSets": [record("b")]});
    check(
        "route53:ListResourceRecordSets",
        &[
            (json!({}), next),
            (json!({"StartRecordName": "b", "StartRecordType": "A"}), with_set),
            (
                json!({"StartRecordName": "b", "StartRecordType": "A", "StartRecordIdentifier": "i"}),
                without,
            ),
            (
                json!({"StartRecordName": "c", "StartRecordType": "A"}),
                json!({"IsTruncated": false}),
            ),
        ],
        json!({"ResourceRecordSets": [record("a"), record("b"), record("b")]}),
    );
}

#[test]
fn dynamodb_has_a_map_as_a_token() {
    let key = json!({"pk": {"S": "x"}, "n": {"N": "1"}, "b": {"B": "AAEC"}});
    check(
        "dynamodb:Query",
        &[
            (
                json!({}),
                json!({"Items": [{"pk": {"S": "x"}}], "Count": 1, "ScannedCount": 5,
                "LastEvaluatedKey": key, "ConsumedCapacity": {"TableName": "first"}}),
            ),
            (
                json!({"ExclusiveStartKey": key}),
                json!({"Items": [], "Count": 0, "ScannedCount": 2,
                "LastEvaluatedKey": {}, "ConsumedCapacity": {"TableName": "second"}}),
            ),
        ],
        json!({"Items": [{"pk": {"S": "x"}}], "Count": 1, "ScannedCount": 7,
            "ConsumedCapacity": {"TableName": "first"}}),
    );
}

#[test]
fn logs_end_with_the_token_that_was_sent() {
    check(
        "logs:GetLogEvents",
        &[
            (json!({}), json!({"events": [{"message": "a"}], "nextForwardToken": "f/1"})),
            (
                json!({"nextToken": "f/1"}),
                json!({"events": [{"message": "b"}], "nextForwardToken": "f/2"}),
            ),
            (json!({"nextToken": "f/2"}), json!({"events": [], "nextForwardToken": "f/2"})),
        ],
        json!({"events": [{"message": "a"}, {"message": "b"}]}),
    );
}

#[test]
fn nested_keys_stay_nested() {
    let stream = |more: bool, shard: &str| {
        json!({"StreamDescription": {"StreamName": "s", "HasMoreShards": more,
            "Shards": [{"ShardId": shard}]}})
    };
    check(
        "kinesis:DescribeStream",
        &[
            (json!({}), stream(true, "1")),
            (json!({"ExclusiveStartShardId": "1"}), stream(false, "2")),
        ],
        json!({"StreamDescription": {"Shards": [{"ShardId": "1"}, {"ShardId": "2"}], "StreamName": "s"}}),
    );
}

#[test]
fn texts_maps_and_structures_are_put_together() {
    check(
        "rds:DownloadDBLogFilePortion",
        &[
            (
                json!({}),
                json!({"LogFileData": "one\n", "AdditionalDataPending": true, "Marker": "1"}),
            ),
            (
                json!({"Marker": "1"}),
                json!({"LogFileData": "two\n", "AdditionalDataPending": false}),
            ),
        ],
        json!({"LogFileData": "one\ntwo\n"}),
    );
    check(
        "apigateway:GetUsage",
        &[
            (
                json!({}),
                json!({"items": {"k": [[1, 2]]}, "position": "1", "startDate": "2026-01-01"}),
            ),
            (json!({"position": "1"}), json!({"items": {"k": [[3, 4]], "l": [[5, 6]]}})),
        ],
        json!({"items": {"k": [[1, 2], [3, 4]], "l": [[5, 6]]}, "startDate": "2026-01-01"}),
    );
    let group = |name: &str| json!([{"LogGroupName": name}]);
    check(
        "devops-guru:ListAnomalousLogGroups",
        &[
            (
                json!({}),
                json!({"InsightId": "i", "AnomalousLogGroups": group("a"), "NextToken": "1"}),
            ),
            (
                json!({"NextToken": "1"}),
                json!({"InsightId": "i", "AnomalousLogGroups": group("b")}),
            ),
        ],
        json!({"InsightId": "i", "AnomalousLogGroups": [{"LogGroupName": "a"}, {"LogGroupName": "b"}]}),
    );
    let history = |amount: u8| json!({"BudgetName": "b", "BudgetedAndActualAmountsList": [{"BudgetedAmount": amount}]});
    check(
        "budgets:DescribeBudgetPerformanceHistory",
        &[
            (json!({}), json!({"BudgetPerformanceHistory": history(1), "NextToken": "1"})),
            (json!({"NextToken": "1"}), json!({"BudgetPerformanceHistory": history(2)})),
        ],
        json!({"BudgetPerformanceHistory": {"BudgetName": "b",
            "BudgetedAndActualAmountsList": [{"BudgetedAmount": 1}, {"BudgetedAmount": 2}]}}),
    );
}

#[test]
fn the_same_token_twice_is_an_error() {
    let mut pages = pages("ec2:DescribeInstances", json!({}));
    pages.take(json!({"NextToken": "secret"})).unwrap();
    let Err(Failed::Answer(what)) = pages.take(json!({"NextToken": "secret"})) else { panic!() };
    assert_eq!(
        what,
        "ec2:DescribeInstances: the service gave the same token twice, so the list cannot be read on"
    );
    assert_eq!((pages.next_input(), pages.resume()), (None, None));
    // One that came before the last is none, as in botocore.
    let mut pages = self::pages("ec2:DescribeInstances", json!({}));
    for token in ["a", "b", "a", "b"] {
        assert_eq!(pages.take(json!({"NextToken": token})).unwrap().then, Then::More);
    }
}

#[test]
fn the_input_keeps_what_is_no_token() {
    let input = json!({"Bucket": "b", "Marker": "m", "Prefix": "p"});
    let mut pages = pages("s3:ListObjects", input);
    assert_eq!(pages.next_input(), Some(json!({"Bucket": "b", "Prefix": "p", "Marker": "m"})));
    pages.take(json!({"IsTruncated": true, "NextMarker": "n"})).unwrap();
    assert_eq!(pages.next_input(), Some(json!({"Bucket": "b", "Prefix": "p", "Marker": "n"})));
    // A null is no token.
    let pages = self::pages("s3:ListObjects", json!({"Marker": null}));
    assert_eq!(pages.next_input(), Some(json!({})));
}

#[test]
fn the_size_of_a_page_is_of_its_members_type() {
    let check = |name: &str, expected: Value| {
        let pages = pages(name, json!({})).page_size(some(50)).unwrap();
        assert_eq!(pages.next_input(), Some(expected), "{name}");
    };
    check("ec2:DescribeInstances", json!({"MaxResults": 50}));
    check("route53:ListResourceRecordSets", json!({"MaxItems": "50"}));
    let failed = pages("cloudformation:ListStacks", json!({})).page_size(some(1)).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "cloudformation:ListStacks: the size of a page cannot be chosen"
    );
}

/// Three pages of a bucket, by their tokens.
fn bucket(input: &Value) -> Value {
    match input["ContinuationToken"].as_str() {
        None => json!({"IsTruncated": true, "NextContinuationToken": "2", "KeyCount": 3,
            "Contents": [{"Key": "a"}, {"Key": "b"}], "CommonPrefixes": [{"Prefix": "p/"}]}),
        Some("2") => json!({"IsTruncated": true, "NextContinuationToken": "3", "KeyCount": 2,
            "Contents": [{"Key": "q"}], "CommonPrefixes": [{"Prefix": "r/"}]}),
        Some("3") => json!({"IsTruncated": false, "Contents": [{"Key": "s"}]}),
        Some(other) => panic!("{other}"),
    }
}

/// The keys of one go, and where the next begins.
fn go(resume: Option<&str>, items: usize) -> (Vec<String>, Then, Option<String>) {
    let operation = operation("s3:ListObjectsV2");
    let pages = match resume {
        None => Pages::new(operation, json!({})),
        Some(token) => Pages::resumed(operation, json!({"ContinuationToken": "old"}), token),
    };
    let mut pages = pages.unwrap().at_most(some(items));
    let (mut merged, mut then) = (pages.merged(), Then::More);
    while let Some(input) = pages.next_input() {
        let page = pages.take(bucket(&input)).unwrap();
        then = page.then;
        merged.add(page);
    }
    let count = merged.items();
    let value = merged.value();
    let names = |key: &str, name: &str| -> Vec<String> {
        let entries = value[key].as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry[name].as_str().unwrap().to_owned()).collect()
    };
    let all = [names("Contents", "Key"), names("CommonPrefixes", "Prefix")].concat();
    assert_eq!(all.len(), count);
    (all, then, pages.resume())
}

#[test]
fn a_list_that_is_cut_and_resumed_loses_and_repeats_nothing() {
    for items in 1..=8 {
        let (mut all, mut goes, mut resume) = (Vec::new(), 0, None);
        loop {
            let (names, then, next) = go(resume.as_deref(), items);
            assert!(names.len() <= items);
            assert_eq!(then == Then::Cut, next.is_some());
            all.extend(names);
            goes += 1;
            resume = next;
            if resume.is_none() {
                break;
            }
            assert!(goes < 10);
        }
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "p/", "q", "r/", "s"], "{items} at a time");
        assert_eq!(goes, 6_usize.div_ceil(items), "{items} at a time");
    }
}

#[test]
fn a_page_that_is_cut_says_so() {
    let mut pages =
        pages("dynamodb:Query", json!({"ExclusiveStartKey": {"k": 0}})).at_most(some(2));
    let answer = json!({"Items": [1, 2, 3], "Count": 3, "LastEvaluatedKey": {"k": 3}});
    let page = pages.take(answer.clone()).unwrap();
    assert_eq!((page.items, page.then), (2, Then::Cut));
    assert_eq!(page.answer, json!({"Items": [1, 2], "Count": 3, "LastEvaluatedKey": {"k": 3}}));
    assert_eq!(pages.next_input(), None);
    assert_eq!(pages.take(json!({})), Err(Failed::Ended));

    // The same page again, from its third item on; its count is not counted again.
    let token = pages.resume().unwrap();
    let mut pages = Pages::resumed(operation("dynamodb:Query"), json!({}), &token).unwrap();
    assert_eq!(pages.next_input(), Some(json!({"ExclusiveStartKey": {"k": 0}})));
    let page = pages.take(answer).unwrap();
    assert_eq!((page.items, page.then), (1, Then::More));
    assert_eq!(page.answer["Items"], json!([3]));
    assert_eq!(page.answer["Count"], json!(0));
    assert_eq!(pages.next_input(), Some(json!({"ExclusiveStartKey": {"k": 3}})));
}

#[test]
fn a_cap_that_is_met_exactly_goes_on_with_the_next_page() {
    let mut pages = pages("iam:ListUsers", json!({})).at_most(some(1));
    let page = pages.take(json!({"Users": [{}], "IsTruncated": true, "Marker": "m"})).unwrap();
    assert_eq!(page.then, Then::Cut);
    let token = pages.resume().unwrap();
    let resumed = Pages::resumed(operation("iam:ListUsers"), json!({}), &token).unwrap();
    assert_eq!(resumed.next_input(), Some(json!({"Marker": "m"})));
    // Nothing follows: it is complete.
    let mut pages = self::pages("iam:ListUsers", json!({})).at_most(some(1));
    assert_eq!(pages.take(json!({"Users": [{}], "IsTruncated": false})).unwrap().then, Then::End);
}

#[test]
fn maps_are_cut_and_texts_are_not() {
    let mut pages = pages("apigateway:GetUsage", json!({})).at_most(some(1));
    let page = pages.take(json!({"items": {"a": [], "b": []}})).unwrap();
    assert_eq!((page.then, page.answer), (Then::Cut, json!({"items": {"a": []}})));
    let mut pages = self::pages("rds:DownloadDBLogFilePortion", json!({})).at_most(some(2));
    let answer = |marker: &str| json!({"LogFileData": "long", "AdditionalDataPending": true, "Marker": marker});
    assert_eq!(pages.take(answer("1")).unwrap().then, Then::More);
    let page = pages.take(answer("2")).unwrap();
    assert_eq!((page.then, page.items, page.answer), (Then::Cut, 1, answer("2")));
}

#[test]
fn a_resume_token_is_of_its_own_list() {
    let list = |bucket: &str, keys: usize| json!({"Bucket": bucket, "MaxKeys": keys});
    let mut pages = pages("s3:ListObjects", list("a", 2)).at_most(some(1));
    let answer = json!({"Contents": [{"Key": "k"}, {"Key": "l"}], "IsTruncated": false});
    assert_eq!(pages.take(answer).unwrap().then, Then::Cut);
    let token = pages.resume().unwrap();
    let resumed = |input: Value| Pages::resumed(operation("s3:ListObjects"), input, &token);
    assert!(resumed(list("a", 2)).is_ok() && resumed(list("a", 5)).is_ok());
    assert!(resumed(list("b", 2)).is_err() && resumed(json!({})).is_err());
}

#[test]
fn a_resume_token_sets_tokens_and_nothing_else() {
    let encode = |mut wire: Value| {
        if let Value::Object(fields) = &mut wire {
            fields.entry("input").or_insert(resume::sum([].into_iter()).into());
        }
        aws_smithy_types::base64::encode(wire.to_string())
    };
    let resumed = |token: &str| Pages::resumed(operation("s3:ListObjects"), json!({}), token);
    let right =
        encode(json!({"operation": "s3:ListObjects", "tokens": {"Marker": "m"}, "skip": 2}));
    assert_eq!(resumed(&right).unwrap().next_input(), Some(json!({"Marker": "m"})));
    let check = |token: &str, expected: &str| match resumed(token) {
        Err(Failed::Token(what)) => assert_eq!(
            what,
            format!(
                "s3:ListObjects: the resume token {expected}; use one that this operation gave"
            )
        ),
        other => panic!("{token}: {other:?}"),
    };
    check(
        &encode(json!({"operation": "s3:ListBuckets", "tokens": {"Marker": "m"}})),
        "is another operation's",
    );
    check(
        &encode(json!({"operation": "s3:ListObjects", "tokens": {"Marker": "m"}, "input": 1})),
        "is of another input",
    );
    let other = "has other members than the operation's tokens";
    check(
        &encode(json!({"operation": "s3:ListObjects", "tokens": {"Marker": "m", "Bucket": "b"}})),
        other,
    );
    check(&encode(json!({"operation": "s3:ListObjects", "tokens": {"Marker": null}})), other);
    check(&encode(json!({"operation": "s3:ListObjects", "tokens": {}})), "leads to the start");
    for wire in [
        json!({"operation": "s3:ListObjects", "tokens": {"Marker": "m"}, "skip": -1}),
        json!({"operation": "s3:ListObjects", "tokens": {"Marker": "m"}, "more": 1}),
        json!({"operation": "s3:ListObjects", "tokens": "Marker"}),
        json!({"Marker": "m"}),
        json!([]),
    ] {
        check(&encode(wire), "cannot be read");
    }
    for token in ["", "m", "é", "====", "bQ==", &"A".repeat((1 << 20) + 4), &right[1..]] {
        check(token, "cannot be read");
    }
}

#[test]
fn what_is_not_paginated_says_so() {
    let failed = Pages::new(operation("sts:GetCallerIdentity"), json!({})).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "sts:GetCallerIdentity is not paginated; call it without paging"
    );
    let failed = Pages::new(operation("iam:ListUsers"), json!([1])).unwrap_err();
    assert_eq!(failed.to_string(), "iam:ListUsers: the input must be an object");
}

#[test]
fn an_answer_that_is_too_deep_is_refused() {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let mut pages = pages("iam:ListUsers", json!({}));
    assert!(matches!(pages.take(json!({"Users": deep})), Err(Failed::Answer(_))));
    assert_eq!(pages.next_input(), None);
}

/// Values under names that paginators look for.
fn any_answer() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|half| Value::from(f64::from(half) / 2.0)),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "Contents",
        "CommonPrefixes",
        "IsTruncated",
        "NextMarker",
        "Key",
        "Items",
        "Count",
        "items",
        "LastEvaluatedKey",
        "StreamDescription",
        "Shards",
        "ShardId",
        "HasMoreShards",
        "position",
        "LogFileData",
        "AdditionalDataPending",
        "Marker",
        "events",
        "nextForwardToken",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(k, v)| (k.into(), v)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() })]
    #[test]
    fn any_answers_are_taken(
        name in prop::sample::select(vec![
            "s3:ListObjects", "dynamodb:Query", "kinesis:DescribeStream", "apigateway:GetUsage",
            "rds:DownloadDBLogFilePortion", "logs:GetLogEvents", "budgets:DescribeBudgetPerformanceHistory",
        ]),
        answers in prop::collection::vec(any_answer(), 1..6),
        cap in 1..6_usize,
        skip in 1..5_usize,
    ) {
        let mut pages = pages(name, json!({})).at_most(some(cap));
        pages.skip = skip;
        let mut merged = pages.merged();
        for answer in answers {
            let before = pages.next_input();
            match pages.take(answer) {
                Ok(page) => {
                    prop_assert!(before.is_some());
                    merged.add(page);
                }
                Err(_) => prop_assert!(pages.next_input().is_none()),
            }
            if let Some(token) = pages.resume() {
                let again = Pages::resumed(operation(name), json!({}), &token).unwrap();
                prop_assert_eq!(&again.tokens, &pages.tokens);
                prop_assert_eq!(again.skip, pages.skip);
            }
        }
        prop_assert!(merged.items() <= cap);
        prop_assert!(merged.value().is_object());
    }

    #[test]
    fn any_text_is_a_resume_token_or_an_error(token in "[A-Za-z0-9+/=]{0,80}|.{0,40}") {
        let _ = Pages::resumed(operation("s3:ListObjects"), json!({}), &token);
    }
}
