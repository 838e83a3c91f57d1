use serde_json::json;

use super::*;

fn rules(rules: &Value) -> Value {
    json!({
        "version": "1.1",
        "parameters": {"A": {"type": "String"}, "B": {"type": "boolean", "required": true, "default": true}},
        "rules": rules,
    })
}

fn error(words: Value) -> Value {
    rules(&json!([{"type": "error", "conditions": [], "error": words}]))
}

#[track_caller]
fn refused(json: &Value, expected: &str) {
    let error = RuleSet::of_json(json).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[track_caller]
fn template(text: &str, expected: &[Expression<'_>]) {
    let json = error(json!(text));
    let set = RuleSet::of_json(&json).unwrap();
    assert_eq!(set.rules[0].then, Then::Error(Expression::Template(expected.to_vec())), "{text}");
}

#[test]
fn templates() {
    let text = |text| Expression::Text(Cow::Borrowed(text));
    let part = |steps: &[Step]| Expression::Part(Box::new(Expression::Variable(0)), steps.to_vec());
    let step = |name| STEPS.iter().find(|(other, _)| *other == name).unwrap().1;
    template("{A}", &[Expression::Variable(0)]);
    template("a{A}b{B}", &[text("a"), Expression::Variable(0), text("b"), Expression::Variable(1)]);
    template("{{{A}}}", &[text("{"), Expression::Variable(0), text("}")]);
    template("{{A}}", &[text("{A}")]);
    template("{A#dnsSuffix}.", &[part(&[step("dnsSuffix")]), text(".")]);
    template("{A#resourceId[2]}", &[part(&[step("resourceId"), Step::Place(2)])]);
    template("{A#[-1]}", &[part(&[Step::Place(-1)])]);
    for wrong in ["{", "}", "{A", "A}", "{A}}", "{{A}", "{}", "{C}"] {
        refused(&error(json!(wrong)), "not understood");
    }
    for wrong in [
        "{A#nothing}",
        "{A#}",
        "{A#resourceId[}",
        "{A#resourceId[x]}",
        "{A#resourceId[]}",
        "{A#resourceId[1]x}",
    ] {
        refused(&error(json!(wrong)), "unknown path");
    }
}

#[test]
fn parameters_are_read() {
    let json = rules(&json!([]));
    let set = RuleSet::of_json(&json).unwrap();
    let read: Vec<_> = set
        .parameters()
        .iter()
        .map(|p| (p.name(), p.kind(), p.is_required(), p.built_in(), p.default().is_some()))
        .collect();
    assert_eq!(read, [("A", Kind::Text, false, None, false), ("B", Kind::Bool, true, None, true)]);
}

#[test]
fn what_is_not_known_is_refused() {
    refused(&json!([]), "for an object");
    refused(&json!({}), "version is missing");
    let mut other = rules(&json!([]));
    other["version"] = json!("2.0");
    refused(&other, "version \"2.0\"");
    let mut other = rules(&json!([]));
    other["more"] = json!(1);
    refused(&other, "field \"more\"");
    for (parameter, expected) in [
        (json!({"type": "integer"}), "type \"integer\""),
        (json!({"type": "string", "builtIn": "AWS::Moon"}), "AWS::Moon"),
        (json!({"type": "string", "default": true}), "default true"),
        (json!({"type": "string", "minimum": 1}), "field \"minimum\""),
    ] {
        let mut other = rules(&json!([]));
        other["parameters"]["A"] = parameter;
        refused(&other, expected);
    }
    let call = |call: Value| rules(&json!([{"type": "error", "conditions": [call], "error": "e"}]));
    refused(&call(json!({"fn": "aws.moon", "argv": []})), "function \"aws.moon\"");
    refused(&call(json!({"fn": "isSet", "argv": []})), "isSet with 0 arguments");
    refused(&call(json!({"fn": "isSet", "argv": [1.5]})), "number 1.5");
    refused(&call(json!({"fn": "isSet", "argv": [null]})), "expression null");
    refused(&call(json!({"fn": "isSet", "argv": [{"ref": "C"}]})), "variable \"C\"");
    refused(&call(json!({"fn": "isSet", "argv": [{"ref": "A", "x": 1}]})), "field \"x\"");
    refused(&call(json!({"fn": "getAttr", "argv": [{"ref": "A"}]})), "getAttr");
    refused(&call(json!({"fn": "isSet", "argv": [true], "assign": "A"})), "there already");
    refused(&rules(&json!([{"type": "leaf", "conditions": []}])), "type \"leaf\"");
    refused(&rules(&json!([{"type": "tree", "conditions": []}])), "rules is missing");
    let scheme = |scheme: Value| {
        let endpoint = json!({"url": "https://a", "properties": {"authSchemes": [scheme]}});
        rules(&json!([{"type": "endpoint", "conditions": [], "endpoint": endpoint}]))
    };
    refused(&scheme(json!({"name": "sigv4", "moon": 1})), "property \"moon\"");
    refused(&scheme(json!({"signingName": "a"})), "without a name");
}

#[test]
fn a_variable_ends_with_its_rule() {
    let keep = json!({"fn": "isSet", "argv": [true], "assign": "v"});
    let inside = json!([
        {"type": "tree", "conditions": [keep], "rules": [
            {"type": "error", "conditions": [{"fn": "not", "argv": [{"ref": "v"}]}], "error": "e"}]},
        {"type": "error", "conditions": [keep], "error": "e"},
    ]);
    assert!(RuleSet::of_json(&rules(&inside)).is_ok());
    let outside = json!([
        {"type": "error", "conditions": [keep], "error": "e"},
        {"type": "error", "conditions": [{"fn": "not", "argv": [{"ref": "v"}]}], "error": "e"},
    ]);
    refused(&rules(&outside), "variable \"v\"");
}

#[test]
fn depth_is_bounded() {
    let mut expression = json!(true);
    for _ in 0..200 {
        expression = json!({"fn": "not", "argv": [expression]});
    }
    refused(&error(expression), "nested");
}

#[test]
fn partitions_are_read() {
    let partition = json!({
        "id": "aws-x",
        "outputs": {
            "name": "aws-x", "dnsSuffix": "x.com", "dualStackDnsSuffix": "api.x",
            "implicitGlobalRegion": "x-east-1", "supportsFIPS": true, "supportsDualStack": false,
        },
        "regionRegex": r"^x\-\w+\-\d+$",
        "regions": {"x-global": {"description": "all"}},
    });
    let all = |partition: &Value| json!({"version": "1.1", "partitions": [partition]});
    let json = all(&partition);
    let partitions = Partitions::of_json(&json).unwrap();
    assert_eq!(partitions.count(), 1);
    for region in ["x-global", "x-new-9"] {
        assert_eq!(partitions.name_of(region), Some("aws-x"));
    }
    for (pointer, value, expected) in [
        ("/outputs/name", json!("aws-y"), "not its id"),
        ("/outputs/supportsFIPS", json!("yes"), "for true or false"),
        ("/regionRegex", json!("^x.*$"), "unknown pattern"),
        ("/regions/x-global", json!({"dnsSuffix": "y"}), "field \"dnsSuffix\""),
    ] {
        let mut other = partition.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        let error = Partitions::of_json(&all(&other)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
