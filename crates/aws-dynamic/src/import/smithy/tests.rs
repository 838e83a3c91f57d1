use serde_json::{Value, json};

use super::*;
use crate::import::facts::Shape;
use crate::model::terms::*;
use crate::model::write;

mod bad;
mod traits;

/// A service of a REST protocol with one operation and one shape of most kinds.
fn model() -> Value {
    json!({"smithy": "2.0", "metadata": {"any": 1}, "shapes": {
        "a#Svc": {"type": "service", "version": "2020-01-01", "operations": [{"target": "a#Op"}],
            "errors": [{"target": "a#Common"}], "traits": {
                "aws.api#service": {"sdkId": "A B", "arnNamespace": "ab",
                    "cloudTrailEventSource": "ab.amazonaws.com"},
                "aws.auth#sigv4": {"name": "sign"}, "aws.protocols#restJson1": {},
                "smithy.api#paginated": {"inputToken": "token", "pageSize": "size"},
                "smithy.rules#endpointRuleSet": {"rules": []}}},
        "a#Op": {"type": "operation", "input": {"target": "a#In"}, "output": {"target": "a#Out"},
            "errors": [{"target": "a#Err"}],
            "traits": {"smithy.api#http": {"method": "GET", "uri": "/x/{label}", "code": 201}}},
        "a#In": {"type": "structure", "members": {
            "label": {"target": "smithy.api#String",
                "traits": {"smithy.api#httpLabel": {}, "smithy.api#required": {}}},
            "token": {"target": "smithy.api#String"},
            "size": {"target": "smithy.api#Integer"},
            "list": {"target": "a#List"},
            "map": {"target": "a#Map"},
            "union": {"target": "a#Union"},
            "enum": {"target": "a#Enum"},
            "number": {"target": "a#IntEnum"}}},
        "a#Out": {"type": "structure", "members": {
            "token": {"target": "smithy.api#String"}, "in": {"target": "a#In"}}},
        "a#List": {"type": "list", "member": {"target": "smithy.api#Timestamp"}},
        "a#Map": {"type": "map", "key": {"target": "smithy.api#String"},
            "value": {"target": "smithy.api#Document"}},
        "a#Union": {"type": "union", "members": {"nothing": {"target": "smithy.api#Unit"}}},
        "a#Enum": {"type": "enum", "members": {
            "ONE": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "one"}},
            "TWO": {"target": "smithy.api#Unit"}}},
        "a#IntEnum": {"type": "intEnum", "members": {
            "ONE": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": 1}}}},
        "a#Err": {"type": "structure", "members": {}, "traits": {
            "smithy.api#error": "client", "smithy.api#httpError": 404}},
        "a#Common": {"type": "structure", "traits": {"smithy.api#error": "server"}},
    }})
}

/// Puts a value at a pointer of the model, key and all.
fn put(model: &mut Value, pointer: &str, key: &str, value: Value) {
    let place = model.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"));
    place.as_object_mut().unwrap().insert(key.to_owned(), value);
}

/// Gives a shape, or one of its members, a trait.
fn give(model: &mut Value, shape: &str, name: &str, value: Value) {
    let (shape, member) = shape.split_once('$').unwrap_or((shape, ""));
    let mut place = &mut model["shapes"][format!("a#{shape}")];
    if matches!(member, "member" | "key" | "value") {
        place = &mut place[member];
    } else if !member.is_empty() {
        place = &mut place["members"][member];
    }
    assert!(place.is_object(), "{shape}${member}");
    place["traits"][name] = value;
}

fn speak(model: &mut Value, protocol: &str) {
    let traits = model["shapes"]["a#Svc"]["traits"].as_object_mut().unwrap();
    traits.shift_remove("aws.protocols#restJson1");
    traits.insert(protocol.to_owned(), json!({}));
}

fn read(model: &Value) -> Result<Imported> {
    service("ab", model.to_string().as_bytes(), Unknown::Stops)
}

/// The facts; they can be written and read back, so they do not contradict themselves.
fn facts(model: &Value) -> Service {
    let service = read(model).unwrap().service;
    view(&service);
    service
}

fn view(service: &Service) -> crate::model::Service {
    let [numbers, texts] = write::encode(service).unwrap();
    let payload = [numbers.as_slice(), &texts].concat();
    crate::model::Service::decode(&service.name, payload, numbers.len()).unwrap()
}

fn error(model: &Value) -> String {
    read(model).unwrap_err().to_string()
}

#[test]
fn what_is_known_is_read() {
    let imported = read(&model()).unwrap();
    assert_eq!(imported.endpoint_rules, Some(json!({"rules": []})));
    assert_eq!(imported.arn_namespace.as_deref(), Some("ab"));
    assert_eq!(imported.event_source.as_deref(), Some("ab.amazonaws.com"));
    let service = imported.service;
    assert_eq!((service.name.as_str(), service.id.as_str()), ("ab", "A B"));
    assert_eq!(
        (service.endpoint_prefix.as_str(), service.api_version.as_str()),
        ("ab", "2020-01-01")
    );
    assert_eq!(service.signing_name.as_deref(), Some("sign"));
    assert_eq!(
        (service.protocols, service.auth),
        (vec![Protocol::RestJson], vec![AuthScheme::SigV4])
    );
    let operation = &service.operations["Op"];
    assert_eq!(
        (operation.http_method.as_str(), operation.http_uri.as_str()),
        ("GET", "/x/{label}")
    );
    assert_eq!(
        (operation.http_status, &operation.errors),
        (Some(201), &vec!["Err".into(), "Common".into()])
    );
    let input = &service.shapes["In"];
    let label = &input.members[0];
    assert_eq!(
        (label.location, label.location_name.as_deref()),
        (Some(Location::Uri), Some("label"))
    );
    assert!(label.is_required && !input.members[1].is_required);
    assert_eq!(service.shapes["Map"].members[1].target, "Document");
    assert_eq!(service.shapes["Union"].members[0].target, "Unit");
    assert_eq!(service.shapes["Enum"].enum_values, ["one", "TWO"]);
    assert_eq!(service.shapes["Enum"].kind, Kind::String);
    assert_eq!(service.shapes["IntEnum"].kind, Kind::Integer);
    let (client, server) = (&service.shapes["Err"], &service.shapes["Common"]);
    assert!(client.is_exception && !client.is_fault && client.error.is_sender_fault);
    assert!(server.is_exception && server.is_fault && !server.error.is_sender_fault);
    assert_eq!(client.error.status, Some(404));
}

#[test]
fn the_views_say_what_the_facts_say() {
    let facts = facts(&model());
    let view = view(&facts);
    assert_eq!(view.signing_name(), "sign");
    let operation = view.operation("Op").unwrap();
    let input = operation.input().unwrap();
    assert!(
        input
            .members()
            .map(|member| member.name())
            .eq(["label", "token", "size", "list", "map", "union", "enum", "number"])
    );
    let list = input.member("list").unwrap().shape();
    assert_eq!(list.element().unwrap().shape().kind(), Kind::Timestamp);
    assert_eq!(input.member("map").unwrap().shape().key().unwrap().shape().name(), "String");
    assert_eq!(operation.errors().count(), 2);
}

#[test]
fn operations_of_resources_belong_to_the_service() {
    let mut model = model();
    let operation = json!({"type": "operation", "input": {"target": "smithy.api#Unit"},
        "output": {"target": "smithy.api#Unit"},
        "traits": {"smithy.api#http": {"method": "GET", "uri": "/"}}});
    for name in ["a#Make", "a#List2", "a#Other", "a#All", "a#Deep", "a#Unbound"] {
        put(&mut model, "/shapes", name, operation.clone());
    }
    let res = json!({"type": "resource", "identifiers": {"id": {"target": "smithy.api#String"}},
        "create": {"target": "a#Make"}, "list": {"target": "a#List2"},
        "operations": [{"target": "a#Other"}], "collectionOperations": [{"target": "a#All"}],
        "resources": [{"target": "a#Sub"}], "traits": {"aws.api#arn": {}}});
    put(&mut model, "/shapes", "a#Res", res);
    // One that contains itself is walked once.
    let sub = json!({"type": "resource", "read": {"target": "a#Deep"},
        "resources": [{"target": "a#Res"}, {"target": "a#Sub"}]});
    put(&mut model, "/shapes", "a#Sub", sub);
    put(&mut model, "/shapes/a#Svc", "resources", json!([{"target": "a#Res"}]));
    let service = facts(&model);
    let names: Vec<&String> = service.operations.keys().collect();
    assert_eq!(names, ["All", "Deep", "List2", "Make", "Op", "Other"]);
    assert!(service.operations["Make"].input.is_none());
    assert!(service.operations["Make"].output.is_none());
}

#[test]
fn mixins_give_members_and_traits() {
    let mut model = model();
    let mixin = json!({"type": "structure", "members": {"m": {"target": "smithy.api#String"}},
        "traits": {"smithy.api#mixin": {"localTraits": ["smithy.api#deprecated"]},
            "smithy.api#deprecated": {}, "smithy.api#sensitive": {}}});
    put(&mut model, "/shapes", "a#Mix", mixin);
    let over = json!({"type": "structure", "mixins": [{"target": "a#Mix"}],
        "members": {"own": {"target": "smithy.api#String"}}, "traits": {"smithy.api#mixin": {}}});
    put(&mut model, "/shapes", "a#Over", over);
    put(&mut model, "/shapes/a#Err", "mixins", json!([{"target": "a#Over"}, {"target": "a#Mix"}]));
    let applied = json!({"type": "apply", "traits": {"smithy.api#required": {}}});
    put(&mut model, "/shapes", "a#Err$m", applied);
    let service = facts(&model);
    let shape = &service.shapes["Err"];
    let names: Vec<&str> = shape.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["m", "own"]);
    assert!(shape.members[0].is_required && !shape.members[1].is_required);
    assert!(shape.is_sensitive && !shape.is_deprecated);
}

#[test]
fn mixins_of_operations_give_errors() {
    let mut model = model();
    let mixin = json!({"type": "operation", "errors": [{"target": "a#Other"}],
        "traits": {"smithy.api#mixin": {}, "smithy.api#readonly": {}}});
    put(&mut model, "/shapes", "a#Mix", mixin);
    let other = json!({"type": "structure", "traits": {"smithy.api#error": "client"}});
    put(&mut model, "/shapes", "a#Other", other);
    put(&mut model, "/shapes/a#Op", "mixins", json!([{"target": "a#Mix"}]));
    let operation = &facts(&model).operations["Op"];
    assert_eq!(operation.errors, ["Other", "Err", "Common"]);
    assert!(operation.is_readonly);
}

#[test]
fn shapes_are_told_apart() {
    let mut model = model();
    // A simple shape of the service has the name, that of the prelude its whole id.
    put(&mut model, "/shapes", "a#String", json!({"type": "string"}));
    put(&mut model, "/shapes/a#In/members", "own", json!({"target": "a#String"}));
    let service = facts(&model);
    let members = &service.shapes["In"].members;
    assert_eq!(members[0].target, "smithy.api#String");
    assert_eq!(members.last().unwrap().target, "String");
    // Structures must be renamed.
    put(&mut model, "/shapes", "b#Err", json!({"type": "structure"}));
    put(&mut model, "/shapes/a#In/members", "other", json!({"target": "b#Err"}));
    assert_eq!(error(&model), "b#Err: its name is that of a#Err too");
    put(&mut model, "/shapes/a#Svc", "rename", json!({"b#Err": "OtherErr"}));
    assert!(facts(&model).shapes.contains_key("OtherErr"));
}

#[test]
fn what_nothing_leads_to_is_not_read() {
    let mut model = model();
    put(&mut model, "/shapes", "a#Lost", json!({"type": "structure", "traits": {"x#y": {}}}));
    put(
        &mut model,
        "/shapes",
        "x#y",
        json!({"type": "structure", "traits": {"smithy.api#trait": {}}}),
    );
    assert!(!facts(&model).shapes.contains_key("Lost"));
}
