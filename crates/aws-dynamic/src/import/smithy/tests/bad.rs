//! Files that are not what they should be.

use super::*;

/// The error of the model with a trait at a place.
fn bad(place: &str, name: &str, value: Value, expected: &str) {
    let mut model = model();
    give(&mut model, place, name, value);
    assert_eq!(error(&model), expected, "{place}, {name}");
}

/// The error of the model with a value at a pointer.
fn at(pointer: &str, key: &str, value: Value, expected: &str) {
    let mut model = model();
    put(&mut model, pointer, key, value);
    assert_eq!(error(&model), expected, "{pointer}, {key}");
}

#[test]
fn an_unknown_trait_stops_the_import_or_is_noted() {
    for place in
        ["Svc", "Op", "In", "In$token", "List", "List$member", "Map$key", "Enum$ONE", "Err"]
    {
        let mut model = model();
        give(&mut model, place, "aws.api#novel", json!({}));
        let wrong = format!("a#{place}, aws.api#novel: nothing is known of this trait");
        assert_eq!(error(&model), wrong);
        let content = model.to_string();
        let noted = service("ab", content.as_bytes(), Unknown::IsNoted).unwrap();
        assert_eq!(noted.notes, [wrong]);
    }
}

#[test]
fn an_unknown_key_of_a_trait_is_treated_so_too() {
    let novel = json!({"min": 1, "step": 2});
    bad(
        "List",
        "smithy.api#length",
        novel,
        "a#List, smithy.api#length, step: nothing is known of this key",
    );
    let http = json!({"method": "GET", "uri": "/", "novel": 1});
    bad(
        "Op",
        "smithy.api#http",
        http,
        "a#Op, smithy.api#http, novel: nothing is known of this key",
    );
}

#[test]
fn notes_are_bounded() {
    let mut model = model();
    for number in 0..150 {
        give(&mut model, "In", &format!("x#t{number}"), json!({}));
    }
    let noted = service("ab", model.to_string().as_bytes(), Unknown::IsNoted).unwrap();
    assert_eq!(noted.notes.len(), 100);
}

#[test]
fn what_is_left_out_is_left_out_in_silence() {
    let mut model = model();
    for (name, _) in LEFT_OUT {
        for place in ["Svc", "Op", "In$token", "List", "Enum$ONE"] {
            give(&mut model, place, name, json!({"any": "thing"}));
        }
    }
    assert!(read(&model).unwrap().notes.is_empty());
    let mut names: Vec<&str> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), LEFT_OUT.len());
}

#[test]
fn no_model_at_all() {
    for content in ["", "{", "[]", "1", "null", "{}", "{\"smithy\": \"2.0\"}", "\u{feff}{}"] {
        assert!(service("a", content.as_bytes(), Unknown::IsNoted).is_err(), "{content}");
    }
    assert!(service("a", &[0xff, 0xfe], Unknown::IsNoted).is_err());
    at(
        "",
        "smithy",
        json!("3.0"),
        "the model, smithy: not a version that is known; these are 1.0 and 2.0",
    );
    at("", "shapes", json!([]), "the model, shapes: is missing, or is no object");
    at("", "shapes", json!({}), "the model has no service");
    let svc = json!({"type": "service", "version": "1"});
    at("/shapes", "b#Svc", svc, "the model has more than one service");
}

#[test]
fn size_and_depth_are_bounded() {
    let large = vec![b' '; MAX + 1];
    let error = service("a", &large, Unknown::IsNoted).unwrap_err();
    assert_eq!(error.to_string(), "the model is larger than 32 MB");
    let deep = format!("{{\"smithy\": {}", "[".repeat(100_000));
    let error = service("a", deep.as_bytes(), Unknown::IsNoted).unwrap_err().to_string();
    assert!(error.contains("recursion limit"), "{error}");
}

#[test]
fn references_that_lead_nowhere() {
    at("/shapes/a#In/members", "x", json!({"target": "a#No"}), "a#In$x: a#No: is not in the model");
    at("/shapes/a#Op", "input", json!({"target": "a#No"}), "a#Op: a#No: is not in the model");
    at(
        "/shapes/a#Svc",
        "operations",
        json!([{"target": "a#No"}]),
        "a#Svc: a#No: is not in the model",
    );
    at(
        "/shapes/a#Svc",
        "resources",
        json!([{"target": "a#Op"}]),
        "a#Svc: a#Op is a operation where a resource belongs",
    );
    at(
        "/shapes/a#Op",
        "errors",
        json!([{"target": "a#List"}]),
        "a#Op: a#List is a list where a structure belongs",
    );
    at("/shapes/a#In/members", "x", json!({"target": "a#Op"}), "a#Op: is no type of a member");
    at(
        "/shapes/a#Op",
        "errors",
        json!(["a#Err"]),
        "a#Op, errors: expected the target of a reference",
    );
    at("/shapes/a#Op", "errors", json!({}), "a#Op, errors: expected a list, got an object");
    at("/shapes/a#Err", "mixins", json!([{"target": "a#No"}]), "a#Op: a#No: is not in the model");
    at(
        "/shapes/a#Err",
        "mixins",
        json!([{"target": "a#In"}]),
        "a#Op: a#Err, mixins: a#In is no mixin",
    );
}

#[test]
fn circles() {
    let mixin = |other: &str| json!({"type": "structure", "mixins": [{"target": other}], "traits": {"smithy.api#mixin": {}}});
    let mut model = model();
    put(&mut model, "/shapes", "a#M", mixin("a#N"));
    put(&mut model, "/shapes", "a#N", mixin("a#M"));
    put(&mut model, "/shapes/a#Err", "mixins", json!([{"target": "a#M"}]));
    assert!(error(&model).ends_with("mixins that go in a circle, or too deep"));

    at(
        "/shapes/a#List",
        "member",
        json!({"target": "a#List"}),
        "a#List: lists and maps in each other without an end",
    );
    let mut model = super::model();
    put(&mut model, "/shapes/a#List", "member", json!({"target": "a#Map"}));
    put(&mut model, "/shapes/a#Map", "value", json!({"target": "a#List"}));
    assert_eq!(error(&model), "a#List: lists and maps in each other without an end");
    // Through a structure there is an end: values decide.
    put(&mut model, "/shapes/a#Map", "value", json!({"target": "a#In"}));
    facts(&model);
}

/// Each mixin has two of the next; each also lists an error of its own.
#[test]
fn mixins_do_not_multiply() {
    let mut model = model();
    for level in 0..30 {
        let next = level + 1;
        for side in ["x", "y"] {
            let mixins =
                json!([{"target": format!("a#Mx{next}")}, {"target": format!("a#My{next}")}]);
            let mixins = if level < 29 { mixins } else { json!([]) };
            let mixin = json!({"type": "structure", "mixins": mixins,
                "members": {format!("m{level}{side}"): {"target": "smithy.api#String"}},
                "traits": {"smithy.api#mixin": {}}});
            put(&mut model, "/shapes", &format!("a#M{side}{level}"), mixin);
            let mixins =
                json!([{"target": format!("a#Ox{next}")}, {"target": format!("a#Oy{next}")}]);
            let mixins = if level < 29 { mixins } else { json!([]) };
            let mixin = json!({"type": "operation", "mixins": mixins, "errors": [],
                "traits": {"smithy.api#mixin": {}}});
            put(&mut model, "/shapes", &format!("a#O{side}{level}"), mixin);
        }
    }
    put(&mut model, "/shapes/a#Err", "mixins", json!([{"target": "a#Mx0"}]));
    assert_eq!(facts(&model).shapes["Err"].members.len(), 59);
    put(&mut model, "/shapes/a#Op", "mixins", json!([{"target": "a#Ox0"}]));
    assert!(error(&model).ends_with("mixins: they say too much"));
    let many = vec![json!({"target": "a#Mx29"}); 201];
    put(&mut model, "/shapes/a#Err", "mixins", json!(many));
    put(&mut model, "/shapes/a#Op", "mixins", json!([]));
    assert_eq!(error(&model), "a#Op: a#Err, mixins: more than 200");
}

#[test]
fn shapes_that_are_none() {
    at("/shapes", "a#List", json!(1), "a#In$list: a#List: expected an object, got a number");
    at("/shapes/a#List", "type", json!("tuple"), "a#In$list: a#List, type: is not known");
    at("/shapes/a#List", "type", json!(7), "a#In$list: a#List, type: is missing, or is no text");
    at(
        "/shapes/a#List",
        "novel",
        json!(7),
        "a#In$list: a#List, novel: nothing is known of this key",
    );
    at("/shapes/a#List", "traits", json!(7), "a#In$list: a#List, traits: expected an object");
    at("/shapes/a#In", "members", json!([]), "a#Op: a#In, members: expected an object, got a list");
    at(
        "/shapes/a#In/members",
        "",
        json!({"target": "a#List"}),
        "a#Op: a#In: a member has no name, or one that cannot be",
    );
    at(
        "/shapes/a#Map",
        "key",
        json!({"target": "a#List"}),
        "a#Map: the key of a map must be a text",
    );
    at(
        "/shapes/a#Map",
        "value",
        json!({}),
        "a#In$map: a#Map, value, target: is missing, or is no text",
    );
    at("/shapes", "a#List", json!({"type": "list"}), "a#List: a list without a member");
    at("/shapes", "a#Map", json!({"type": "map"}), "a#Map: a map without a key and a value");
}

#[test]
fn traits_of_another_type() {
    bad(
        "List",
        "smithy.api#length",
        json!({"min": "1"}),
        "a#List, smithy.api#length, min: expected a number, got a text",
    );
    bad(
        "List",
        "smithy.api#length",
        json!(3),
        "a#List, smithy.api#length: expected an object, got a number",
    );
    bad(
        "List",
        "smithy.api#pattern",
        json!({}),
        "a#List, smithy.api#pattern: expected a text, got an object",
    );
    bad(
        "Err",
        "smithy.api#httpError",
        json!(70_000),
        "a#Err, smithy.api#httpError: 70000 is out of range",
    );
    bad(
        "Err",
        "smithy.api#error",
        json!("nobody"),
        "a#Err, smithy.api#error: is neither client nor server",
    );
    bad(
        "In$list",
        "smithy.api#timestampFormat",
        json!("x"),
        "a#In$list, smithy.api#timestampFormat: is not known",
    );
    bad(
        "In$label",
        "smithy.api#httpQuery",
        json!("q"),
        "a#In$label, smithy.api#httpLabel: the member stands elsewhere already",
    );
    bad(
        "Op",
        "smithy.api#auth",
        json!(["x#y"]),
        "a#Op, smithy.api#auth: names a scheme that is not known",
    );
    bad(
        "Op",
        "smithy.api#paginated",
        json!({"inputToken": "x"}),
        "a#Op, smithy.api#paginated: has no tokens",
    );
    bad(
        "Op",
        "smithy.api#paginated",
        json!({"inputToken": "x", "outputToken": "y"}),
        "a#Op, smithy.api#paginated: names a member that is not there",
    );
    bad(
        "Enum$ONE",
        "smithy.api#enumValue",
        json!(1),
        "a#Enum$ONE, smithy.api#enumValue: is of another type",
    );
    bad(
        "In$token",
        "smithy.api#sensitive",
        json!({}),
        "a#In$token, smithy.api#sensitive: has no place on a member",
    );
    let mut model = model();
    speak(&mut model, "x#protocol");
    assert_eq!(error(&model), "a#Svc, aws.protocols: no protocol that is known");
}

#[test]
fn errors_are_short_and_plain() {
    let mut model = model();
    let name = format!("a\u{1b}[2J#{}", "x".repeat(100_000));
    put(&mut model, "/shapes/a#In/members", "x", json!({"target": name}));
    let words = error(&model);
    assert!(words.len() < 1_100 && !words.contains('\u{1b}'), "{words}");
    put(&mut model, "/shapes", &name, json!({"type": "string"}));
    assert!(error(&model).ends_with("is no name of a shape"));
}

/// Every value of the model, put in turn to one of every type: an answer each time, and facts that
/// can be written.
#[test]
fn no_value_makes_it_panic() {
    let (mut read, mut refused) = (0, 0);
    for protocol in ["aws.protocols#restXml", "aws.protocols#ec2Query", "aws.protocols#awsJson1_0"]
    {
        let mut model = model();
        speak(&mut model, protocol);
        give(&mut model, "Union", "smithy.api#streaming", json!({}));
        give(&mut model, "In$list", "smithy.api#xmlFlattened", json!({}));
        let waiter =
            json!({"W": {"acceptors": [{"state": "retry", "matcher": {"errorType": "E"}}]}});
        give(&mut model, "Op", "smithy.waiters#waitable", waiter);
        let mut pointers = Vec::new();
        collect(&model, String::new(), &mut pointers);
        assert!(pointers.len() > 100);
        let target = json!({"target": "a#Svc"});
        for value in [
            json!(null),
            json!(true),
            json!(-1),
            json!(""),
            json!("a#In"),
            json!([]),
            json!({}),
            target,
        ] {
            for pointer in &pointers {
                let mut changed = model.clone();
                *changed.pointer_mut(pointer).unwrap() = value.clone();
                match service("ab", changed.to_string().as_bytes(), Unknown::IsNoted) {
                    Ok(imported) => {
                        view(&imported.service);
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(read > 400 && refused > 2_000, "{read}, {refused}");
}

#[test]
fn counts_are_bounded() {
    let names = (0..10_001).map(|number| format!("m{number}"));
    let many: serde_json::Map<_, _> =
        names.map(|name| (name, json!({"target": "smithy.api#String"}))).collect();
    at("/shapes/a#Err", "members", many.into(), "a#Op: a#Err: more than 10000 members");
    let mut model = model();
    let errors: Vec<Value> = (0..1_001).map(|n| json!({"target": format!("a#E{n}")})).collect();
    for error in &errors {
        let id = error["target"].as_str().unwrap();
        put(&mut model, "/shapes", id, json!({"type": "structure"}));
    }
    put(&mut model, "/shapes/a#Op", "errors", errors.into());
    assert_eq!(error(&model), "a#Op, errors: more than 1000");
    let mut model = super::model();
    let operations: Vec<Value> =
        (0..5_001).map(|n| json!({"target": format!("a#Op{n}")})).collect();
    for operation in &operations {
        let id = operation["target"].as_str().unwrap();
        put(&mut model, "/shapes", id, json!({"type": "operation"}));
    }
    put(&mut model, "/shapes/a#Svc", "operations", operations.into());
    assert_eq!(error(&model), "a#Svc: more than 5000 operations");
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in parts {
        collect(value, format!("{pointer}/{key}"), pointers);
    }
    pointers.push(pointer);
}

#[test]
fn what_mixins_make_is_bounded() {
    let mut model = model();
    let names = (0..9_999).map(|number| format!("m{number}"));
    let members: serde_json::Map<_, _> =
        names.map(|name| (name, json!({"target": "smithy.api#String"}))).collect();
    let traits = json!({"smithy.api#mixin": {}});
    let mixin = json!({"type": "structure", "members": members, "traits": traits});
    put(&mut model, "/shapes", "a#Mix", mixin);
    for number in 0..50 {
        let user = json!({"type": "structure", "mixins": [{"target": "a#Mix"}]});
        put(&mut model, "/shapes", &format!("a#S{number}"), user);
        let member = json!({"target": format!("a#S{number}")});
        put(&mut model, "/shapes/a#In/members", &format!("s{number}"), member);
    }
    let words = error(&model);
    assert!(words.ends_with("the model has more than 500000 members and traits"), "{words}");
}
