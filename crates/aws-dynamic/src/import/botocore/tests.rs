use serde_json::{Value, json};

use super::*;
use crate::model::terms::{EndpointDiscovery, Kind};

/// A service with one of everything that has keys.
fn model() -> Value {
    let error = json!({"code": "E", "httpStatusCode": 400, "senderFault": true});
    json!({
        "version": "2.0",
        "documentation": "<p>text</p>",
        "metadata": {
            "apiVersion": "2020-01-01", "endpointPrefix": "a", "protocol": "json",
            "protocolSettings": {"h2": "optional"}, "serviceFullName": "A", "serviceId": "A",
            "signatureVersion": "v4", "uid": "a-2020-01-01",
        },
        "clientContextParams": {"C": {"type": "boolean", "documentation": "<p>text</p>"}},
        "operations": {"Op": {
            "name": "Op", "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "S", "xmlNamespace": {"uri": "u"}}, "output": {"shape": "S"},
            "errors": [{"shape": "E", "error": error, "exception": true}, {"shape": "E"}],
            "httpChecksum": {"requestChecksumRequired": false},
            "endpoint": {"hostPrefix": "a."}, "endpointdiscovery": {"required": true},
            "requestcompression": {"encodings": ["gzip"]},
            "staticContextParams": {"P": {"value": true}},
            "operationContextParams": {"Q": {"path": "m"}},
        }},
        "shapes": {
            "S": {"type": "structure", "required": ["m"], "members": {
                "m": {"shape": "T", "contextParam": {"name": "M"}, "documentation": "<p>text</p>"},
                // A name like a key's is a name.
                "documentation": {"shape": "L"},
            }},
            "T": {"type": "string"},
            "L": {"type": "list", "member": {"shape": "T"}},
            "E": {"type": "structure", "members": {}, "exception": true, "error": error,
                "retryable": {"throttling": true}},
        },
    })
}

fn paginators() -> Value {
    json!({"pagination": {"Op": {"input_token": "t", "output_token": "t", "result_key": ["m"]}}})
}

fn waiters() -> Value {
    let acceptor = json!({"matcher": "error", "state": "success", "expected": false});
    let waiter = json!({"operation": "Op", "delay": 1, "maxAttempts": 2, "acceptors": [acceptor]});
    json!({"version": 2, "waiters": {"W": waiter}})
}

fn read(model: &Value, paginators: &Value, waiters: &Value) -> Result<Service> {
    let files = Files {
        model: model.to_string().into_bytes(),
        paginators: Some(paginators.to_string().into_bytes()),
        waiters: Some(waiters.to_string().into_bytes()),
        ..Files::default()
    };
    service("a", &files)
}

/// The model with a value put at a JSON pointer: read, or the error.
fn check(pointer: &str, key: &str, value: Value, expected: &str) {
    let mut files = [model(), paginators(), waiters()];
    let mut places = files.iter_mut().filter_map(|file| file.pointer_mut(pointer));
    let place = places.next().unwrap_or_else(|| panic!("{pointer}"));
    place.as_object_mut().unwrap().insert(key.to_owned(), value);
    let [model, paginators, waiters] = &files;
    let error = read(model, paginators, waiters).unwrap_err().to_string();
    assert!(error.contains(expected), "{pointer}: {error}");
}

#[test]
fn what_is_known_is_read() {
    let service = read(&model(), &paginators(), &waiters()).unwrap();
    assert_eq!((service.name.as_str(), service.protocols.len()), ("a", 1));
    let operation = &service.operations["Op"];
    assert_eq!(operation.errors, ["E"]);
    assert_eq!(operation.endpoint_discovery, Some(EndpointDiscovery::Required));
    assert_eq!(operation.paginator.as_ref().unwrap().input_tokens, ["t"]);
    let members = &service.shapes["S"].members;
    assert_eq!((members[0].name.as_str(), members[0].is_required), ("m", true));
    assert_eq!((members[1].name.as_str(), members[1].is_required), ("documentation", false));
    assert_eq!(service.shapes["L"].members[0].target, "T");
    assert_eq!(service.shapes["E"].throttling, Some(true));
    assert_eq!(service.waiters["W"].acceptors[0].expected, json!(false));
}

#[test]
fn an_unknown_key_stops_the_import_wherever_it_is() {
    for pointer in [
        "",
        "/metadata",
        "/metadata/protocolSettings",
        "/clientContextParams/C",
        "/operations/Op",
        "/operations/Op/http",
        "/operations/Op/input",
        "/operations/Op/input/xmlNamespace",
        "/operations/Op/output",
        "/operations/Op/errors/0",
        "/operations/Op/httpChecksum",
        "/operations/Op/endpoint",
        "/operations/Op/endpointdiscovery",
        "/operations/Op/requestcompression",
        "/operations/Op/staticContextParams/P",
        "/operations/Op/operationContextParams/Q",
        "/shapes/S",
        "/shapes/S/members/m",
        "/shapes/S/members/m/contextParam",
        "/shapes/L/member",
        "/shapes/E/retryable",
        "/pagination/Op",
        "/waiters/W",
        "/waiters/W/acceptors/0",
    ] {
        check(pointer, "novel", json!(1), "novel: nothing is known of this key");
    }
    // What the shape repeats of its errors is checked first.
    let mut novel = model();
    novel["shapes"]["E"]["error"]["novel"] = json!(1);
    novel["operations"]["Op"]["errors"] = json!([]);
    let error = read(&novel, &paginators(), &waiters()).unwrap_err().to_string();
    assert_eq!(error, "service-2.shapes.E.error.novel: nothing is known of this key");
}

#[test]
fn an_unknown_word_stops_the_import() {
    check("/metadata", "signatureVersion", json!("v9"), "v9 is not known");
    check("/metadata", "auth", json!(["aws.auth#sigv9"]), "sigv9 is not known");
    check("/metadata", "protocols", json!(["query", "json"]), "is not the first of protocols");
    check("/operations/Op", "authtype", json!("some"), "some is not known");
    check("/shapes/T", "type", json!("tuple"), "is not known");
    check("/shapes/T", "type", json!("union"), "is not known");
    check("/shapes/T", "union", json!(true), "no structure");
    check("/shapes/S/members/m", "location", json!("trailer"), "trailer is not known");
    check("/waiters/W/acceptors/0", "matcher", json!("pathNone"), "pathNone is not known");
}

#[test]
fn a_value_of_another_type_stops_the_import() {
    check("/shapes/T", "min", json!("1"), "T.min: expected a number");
    check("/shapes/T", "pattern", json!(1), "expected a text");
    check("/shapes/T", "enum", json!([1]), "expected a text");
    check("/shapes/T", "sensitive", json!("yes"), "expected true or false");
    check("/shapes/S", "members", json!([]), "expected an object");
    check("/shapes/S", "required", json!(["n"]), "there is no n");
    check("/shapes/E/error", "httpStatusCode", json!(70_000), "the shape says otherwise");
    check("/operations/Op/http", "responseCode", json!(-1), "out of range");
    check("/pagination", "Other", json!({"input_token": "t", "output_token": "t"}), "no operation");
    check("/pagination/Op", "output_token", json!(["t", "u"]), "not paired");
}

#[test]
fn what_is_no_json_is_an_error() {
    for content in ["", "{", "[]", "1", "{\"metadata\": {}}"] {
        let files = Files { model: content.into(), ..Files::default() };
        assert!(service("a", &files).is_err(), "{content}");
    }
}

#[test]
fn additions_are_merged_into_objects_and_replace_the_rest() {
    let additions = json!({"version": 1.0, "merge": {"shapes": {
        "S": {"members": {"added": {"shape": "T"}}},
        "T": {"type": "timestamp"},
    }}});
    let mut files = Files { model: model().to_string().into_bytes(), ..Files::default() };
    files.model_additions = Some(additions.to_string().into_bytes());
    let service = service("a", &files).unwrap();
    assert_eq!(service.shapes["S"].members.len(), 3);
    assert_eq!(service.shapes["T"].kind, Kind::Timestamp);

    files.model_additions = Some(json!({"remove": {}}).to_string().into_bytes());
    let error = super::service("a", &files).unwrap_err().to_string();
    assert_eq!(error, "service-2.sdk-extras.remove: nothing is known of this key");
}
