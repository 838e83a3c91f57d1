//! Payloads with damage in them, through the whole program: each is an error that says so, or a request
//! that the model allows. The crate's own tests do more of it, on the library alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use aws_dynamic::catalog::Models;
use aws_dynamic::client::unsupported;
use aws_dynamic::model::Operation;
use aws_dynamic::model::terms::Protocol;
use aws_dynamic::protocol::Exchange;
use aws_dynamic::schema::{Opening, example, input};
use aws_dynamic::validate::{Coercion, validate};
use serde_json::{Value, json};
use support::{FakeAws, Home, Request, Response, Server, full};

/// What the fake AWS says to everything, so that it shows which requests came to it.
const REFUSED: &str = "SeenAndRefused";

fn refusing(protocol: Protocol) -> FakeAws {
    FakeAws::start(move |request| match protocol {
        _ if request.action() == "GetCallerIdentity" => Response::caller_identity(
            "123456789012",
            "arn:aws:iam::123456789012:user/alice",
            "AIDAEXAMPLE",
        ),
        Protocol::RpcV2Cbor => Response::cbor_error(400, REFUSED, "no"),
        Protocol::Json | Protocol::RestJson => Response::json_error(400, REFUSED, "no"),
        Protocol::Query | Protocol::RestXml => Response::sts_error(400, REFUSED, "no"),
        Protocol::Ec2 => Response::ec2_error(400, REFUSED, "no"),
    })
}

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Does damage to some place of a value.
fn damage(value: &mut Value, dice: &mut Dice) {
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(values) => values.iter_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    if !inner.is_empty() && dice.below(4) > 0 {
        let at = dice.below(inner.len());
        return damage(inner.into_iter().nth(at).unwrap(), dice);
    }
    match (dice.below(4), &mut *value) {
        (0, Value::Object(fields)) => {
            fields.insert("Unknown".to_owned(), json!("x"));
        }
        (1, Value::Object(fields)) => {
            let last = fields.keys().next_back().cloned().unwrap_or_default();
            fields.remove(&last);
        }
        _ => {
            let mut others = vec![
                json!(null),
                json!(true),
                json!(-1),
                json!(5.5),
                json!(u64::MAX),
                json!(1e300),
                json!(""),
                json!("a b\r\n\u{0}/../\u{ff}\u{1f600}"),
                json!("x".repeat(20_000)),
                json!([null]),
                json!([[[{}]]]),
                json!({"": {"a": [null, {"b": 1e308}]}}),
            ];
            *value = others.swap_remove(dice.below(others.len()));
        }
    }
}

/// What came of the calls of one protocol.
#[derive(Debug, Default)]
struct Counts {
    invalid: usize,
    sent: usize,
    /// Refused here for another reason: a text that no header can hold.
    unsent: usize,
}

/// Makes a call, and holds what came of it against the model.
fn attack(
    server: &Server,
    aws: &FakeAws,
    operation: Operation<'_>,
    payload: &Value,
    counts: &mut Counts,
) {
    let (service, name) = (operation.service().name(), operation.name());
    let seen = aws.requests().len();
    let arguments = json!({"action": "invoke", "service": service, "operation": name,
        "payload": payload});
    let said = server.call_err("aws_execute", arguments);
    let asked_us = |request: &Request| request.action() == "GetCallerIdentity";
    let came: Vec<Request> =
        aws.requests().split_off(seen).into_iter().filter(|request| !asked_us(request)).collect();
    let shown = payload.to_string().chars().take(300).collect::<String>();
    assert_ne!(said["error"], "internal_error", "{service}:{name} {shown}: {said}");
    let valid = validate(operation, payload, Coercion::On);
    match (valid, came.as_slice()) {
        (Err(_), []) => {
            assert_eq!(said["error"], "validation_error", "{service}:{name} {shown}: {said}");
            counts.invalid += 1;
        }
        (Ok(_), []) => {
            assert!(said.get("aws_code").is_none(), "{service}:{name} {shown}: {said}");
            counts.unsent += 1;
        }
        (Ok(valid), [request]) => {
            assert_eq!(said["aws_code"], REFUSED, "{service}:{name} {shown}: {said}");
            let sent = Value::Object(valid.input);
            let schema = input(operation, &WHOLE).unwrap();
            let schema = jsonschema::draft202012::new(&schema).unwrap();
            assert!(schema.is_valid(&sent), "{service}:{name}: {shown} was sent");
            let token = || "token".to_owned();
            let allowed = Exchange::of(operation).unwrap().request(&sent, Some(&token)).unwrap();
            assert_eq!(request.method, allowed.method, "{service}:{name} {shown}");
            match operation.service().protocol() {
                Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => {
                    assert_eq!(request.action(), name, "{service} {shown}");
                }
                Protocol::RestJson | Protocol::RestXml => {}
            }
            counts.sent += 1;
        }
        (_, several) => {
            panic!("{service}:{name} {shown}: {} requests, {said}", several.len());
        }
    }
}

#[test]
fn no_damage_gets_past_the_program() {
    let fast = "[limits]\ncalls = {burst = 100000, per_second = 10000}\n\
                requests = {burst = 100000, per_second = 10000}\n";
    let models = Models::get().unwrap();
    let index = aws_dynamic::catalog::Index::get().unwrap();
    let all: Vec<Operation<'static>> = models
        .names()
        .flat_map(|name| models.service(name).unwrap().unwrap().operations())
        .collect();
    for protocol in [
        Protocol::Json,
        Protocol::RestJson,
        Protocol::RestXml,
        Protocol::RpcV2Cbor,
        Protocol::Query,
        Protocol::Ec2,
    ] {
        let aws = refusing(protocol);
        let url = aws.url();
        let home = Home::new().with(".config/aws-mcp/config.toml", fast);
        let approved = [("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE", "true")];
        let server = Server::start_at(home, full(), &[&aws.env(&url)[..], &approved].concat());
        server.initialize();
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let is_wanted = |operation: &&Operation<'static>| {
            let service = operation.service();
            let known = index.service(service.name()).unwrap().operation(operation.name()).unwrap();
            service.protocol() == protocol
                && operation.input().is_some_and(|shape| shape.members().next().is_some())
                && unsupported(**operation).is_none()
                // What runs without a person, with any arguments, and before one host.
                && ["read", "write", "destructive"].contains(&known.effect().word())
                && operation.host_prefix().is_none()
                && service.name() != "sts"
        };
        let mut wanted: Vec<Operation<'_>> = all.iter().filter(is_wanted).copied().collect();
        assert!(wanted.len() >= 20, "{protocol:?}: {}", wanted.len());
        let mut counts = Counts::default();
        for _ in 0..20 {
            let operation = wanted.swap_remove(dice.below(wanted.len()));
            attack(&server, &aws, operation, &example(operation), &mut counts);
            for damages in 1..4 {
                let mut payload = example(operation);
                for _ in 0..damages {
                    damage(&mut payload, &mut dice);
                }
                // A text there is JSON as a text, which other tests are about.
                if !payload.is_object() {
                    payload = json!({"Unknown": payload});
                }
                attack(&server, &aws, operation, &payload, &mut counts);
            }
        }
        let Counts { invalid, sent, unsent } = counts;
        assert!(invalid >= 20 && sent >= 20 && unsent <= 5, "{protocol:?}: {counts:?}");
        // It lives, and nothing in it crashed.
        assert!(server.call_ok("aws_server_status", json!({}))["catalog"].is_object());
        assert!(!server.stderr().contains("crashed"), "{}", server.stderr());
    }
}

const WHOLE: Opening<'_> = Opening { path: "", depth: None, limit: usize::MAX };
