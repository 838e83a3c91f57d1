use serde_json::json;

use super::*;
use crate::import::botocore::{self, Files};
use crate::import::facts;
use crate::model;

/// A service with one structure, to be changed by each test.
fn facts() -> facts::Service {
    let model = json!({
        "metadata": {
            "apiVersion": "2020-01-01", "endpointPrefix": "a", "protocol": "json",
            "serviceFullName": "A", "serviceId": "A", "signatureVersion": "v4",
        },
        "operations": {"Op": {"name": "Op", "http": {"method": "POST", "requestUri": "/"}}},
        "shapes": {"S": {"type": "structure", "members": {"m": {"shape": "S"}}}},
    });
    let files = Files { model: model.to_string().into_bytes(), ..Files::default() };
    botocore::service("a", &files).unwrap()
}

fn packed(facts: &facts::Service) -> model::Service {
    let [numbers, texts] = encode(facts).unwrap();
    let payload = [numbers.as_slice(), &texts].concat();
    model::Service::decode(&facts.name, payload, numbers.len()).unwrap()
}

fn contradiction(change: impl Fn(&mut facts::Service), expected: &str) {
    let mut facts = facts();
    change(&mut facts);
    assert_eq!(encode(&facts).unwrap_err(), Contradiction(expected.to_owned()));
}

#[test]
fn texts_of_any_kind_are_read_back() {
    let odd = ["", "\n", "\0", "a\nb", "ÿ", "\u{ffff}", "日本"];
    let mut facts = facts();
    let mut shape = Shape::new(Kind::String);
    shape.enum_values = odd.map(str::to_owned).to_vec();
    shape.pattern = Some(String::new());
    facts.shapes.insert("日本".to_owned(), shape);
    let service = packed(&facts);
    let shape = service.shape("日本").unwrap();
    assert!(shape.enum_values().eq(odd));
    assert_eq!(shape.pattern(), Some(""));
    assert_eq!(service.shape("S").unwrap().pattern(), None);
}

#[test]
fn numbers_are_read_back_as_they_are() {
    for number in ["0", "-5", "1.0", "1e-6", "9223372036854775807", "18446744073709551615"] {
        let mut facts = facts();
        let number: Number = serde_json::from_str(number).unwrap();
        let mut shape = Shape::new(Kind::Long);
        shape.max = Some(number.clone());
        facts.shapes.insert("N".to_owned(), shape);
        let service = packed(&facts);
        assert_eq!(service.shape("N").unwrap().max(), Some(number));
        assert_eq!(service.shape("N").unwrap().min(), None);
    }
}

#[test]
fn every_kind_is_read_back() {
    let mut facts = facts();
    for kind in Kind::ALL {
        let mut shape = Shape::new(*kind);
        let member = || Member { target: "S".to_owned(), ..Member::default() };
        shape.members = match kind {
            Kind::List => vec![member()],
            Kind::Map => vec![member(), member()],
            _ => Vec::new(),
        };
        facts.shapes.insert(format!("K{}", kind.word()), shape);
    }
    let service = packed(&facts);
    for kind in Kind::ALL {
        let shape = service.shape(&format!("K{}", kind.word())).unwrap();
        assert_eq!(shape.kind(), *kind);
        assert_eq!(shape.element().is_some(), *kind == Kind::List);
        assert_eq!(shape.key().is_some() && shape.value().is_some(), *kind == Kind::Map);
    }
}

#[test]
fn facts_that_botocore_has_no_example_of_are_read_back() {
    let mut facts = facts();
    let member = &mut facts.shapes.get_mut("S").unwrap().members[0];
    member.is_event_header = true;
    member.timestamp_format = Some(TimestampFormat::Rfc822);
    let service = packed(&facts);
    let member = service.shape("S").unwrap().member("m").unwrap();
    assert!(member.is_event_header() && !member.is_event_payload());
    assert_eq!(member.timestamp_format(), Some(TimestampFormat::Rfc822));
}

#[test]
fn contradictions_are_found() {
    contradiction(
        |facts| facts.shapes.get_mut("S").unwrap().members[0].target = "T".to_owned(),
        "there is no shape T",
    );
    contradiction(
        |facts| facts.operations.get_mut("Op").unwrap().errors.push("E".to_owned()),
        "there is no shape E",
    );
    contradiction(
        |facts| facts.shapes.get_mut("S").unwrap().members[0].name.clear(),
        "S: its members are not those of its kind",
    );
    contradiction(
        |facts| drop(facts.shapes.insert("L".to_owned(), Shape::new(Kind::List))),
        "L: its members are not those of its kind",
    );
    contradiction(
        |facts| {
            let waiter = facts::Waiter {
                operation: "No".to_owned(),
                delay: 1,
                max_attempts: 1,
                acceptors: Vec::new(),
            };
            facts.waiters.insert("W".to_owned(), waiter);
        },
        "W: there is no operation No",
    );
}

#[test]
fn the_order_of_facts_is_not_in_the_bytes() {
    let mut one = facts();
    let mut other = facts();
    for (facts, names) in [(&mut one, ["A", "B"]), (&mut other, ["B", "A"])] {
        for name in names {
            facts.shapes.insert(name.to_owned(), Shape::new(Kind::Blob));
        }
    }
    assert_eq!(encode(&one), encode(&other));
}
