use aws_dynamic::catalog::Models;
use serde_json::json;

use super::*;

fn compacted(operation: &str, nesting: Nesting, answer: &Value) -> (Value, Value) {
    let index = aws_dynamic::catalog::Index::get().unwrap();
    let (service, operation) = index.operation(operation).unwrap();
    let model = Models::get().unwrap().service(service.name()).unwrap().unwrap();
    let shape = model.operation(operation.name()).unwrap().output().unwrap();
    let mut answer = answer.clone();
    let omitted = Omitted::of(&mut answer, shape, nesting).said(1_500);
    (answer, omitted.map_or(Value::Null, Value::Object))
}

fn check(operation: &str, answer: Value, shown: Value, omitted: Value) {
    let (got, said) = compacted(operation, Nesting::Flattened, &answer);
    assert_eq!((got, said), (shown, omitted), "{operation}");
}

#[test]
fn what_is_empty_is_left_out_and_named() {
    check(
        "ec2:DescribeInstances",
        json!({"Reservations": [{"Groups": [], "Instances": [
            {"InstanceId": "i", "KeyName": "", "Placement": {"GroupName": null}},
            {"InstanceId": "j", "KeyName": "", "EbsOptimized": false, "AmiLaunchIndex": 0},
        ]}]}),
        json!({"Reservations": [{"Instances": [
            {"InstanceId": "i"},
            {"InstanceId": "j", "EbsOptimized": false, "AmiLaunchIndex": 0},
        ]}]}),
        json!({"empty": ["Reservations[].Groups", "Reservations[].Instances[].KeyName",
            "Reservations[].Instances[].Placement",
            "Reservations[].Instances[].Placement.GroupName"]}),
    );
}

#[test]
fn a_list_that_was_asked_for_is_shown_empty() {
    let none = json!({"TableNames": []});
    check("dynamodb:ListTables", none.clone(), none, Value::Null);
}

#[test]
fn what_is_under_a_users_own_key_stays() {
    check(
        "lambda:GetFunctionConfiguration",
        json!({"FunctionName": "f", "Description": "", "Layers": [],
            "Environment": {"Variables": {"EMPTY": "", "FULL": "x"}}}),
        json!({"FunctionName": "f", "Layers": [],
            "Environment": {"Variables": {"EMPTY": "", "FULL": "x"}}}),
        json!({"empty": ["Description"]}),
    );
}

#[test]
fn the_types_of_a_union_and_what_says_by_being_there_stay() {
    let item = json!({"k": {"S": ""}, "n": {"NS": ["1", "2"]}, "s": {"SS": ["1"]}, "l": {"L": []},
        "m": {"M": {"x": {"L": [{"M": {}}]}}}});
    let scan = json!({"Items": [item, {}], "Count": 1});
    check("dynamodb:Scan", scan.clone(), scan, Value::Null);
    let rules = json!({"WebACL": {"Name": "a", "Rules": [{"Name": "r", "Statement": {
        "ByteMatchStatement": {"FieldToMatch": {"QueryString": {}}}}}]}});
    check("wafv2:GetWebACL", rules.clone(), rules, Value::Null);
}

#[test]
fn what_only_wraps_a_list_is_flattened_and_said() {
    let config = json!({"DistributionConfig": {
        "Aliases": {"Quantity": 2, "Items": ["a", "b"]},
        "Origins": {"Quantity": 3, "Items": [{"Id": "cut off"}]},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 1, "Items": ["a"]}},
    }});
    let mut flat = config.clone();
    flat["DistributionConfig"]["Aliases"] = json!(["a", "b"]);
    let said = json!({"flattened": ["DistributionConfig.Aliases.Items"]});
    check("cloudfront:GetDistributionConfig", config.clone(), flat, said);
    // A structure of one list whose name says something.
    let policy = json!({"LifecycleConfiguration": {"TransitionRules": ["x"]}});
    let (got, _) = compacted("cloudfront:GetDistributionConfig", Nesting::Flattened, &policy);
    assert_eq!(got, policy);
    // Where it must be where it is kept.
    let (kept, said) = compacted("cloudfront:GetDistributionConfig", Nesting::Kept, &config);
    assert_eq!((kept, said), (config, Value::Null));
}

#[test]
fn of_what_is_not_named_there_is_the_number() {
    let omitted = Omitted {
        empty: (0..50).map(|n| format!("Member{n:02}")).collect(),
        flattened: ["A.Items".to_owned()].into(),
    };
    let said = omitted.said(1_000).unwrap();
    assert_eq!(said["empty"].as_array().unwrap().len(), MOST_PLACES);
    assert_eq!((&said["more_empty"], &said["flattened"]), (&json!(30), &json!(["A.Items"])));
    let said = omitted.said(50).unwrap();
    assert_eq!(said["empty"].as_array().unwrap().len(), 4);
    assert_eq!((&said["more_empty"], &said["more_flattened"]), (&json!(46), &json!(1)));
    assert!(Omitted::default().said(1_000).is_none());
}
