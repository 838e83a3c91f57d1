//! Which calls are compared: every operation that only reads, of every service that the emulator has,
//! with what its input must have and nothing else. Values for that come from the calls that filled the
//! emulator: a member is given what a member of the same name had in its service.

use std::collections::BTreeMap;

use aws_dynamic::catalog::{Effect, Index, Models};
use aws_dynamic::model::terms::{Kind, Protocol};
use aws_dynamic::model::{Member, Operation, Service};
use aws_dynamic::validate::{Coercion, validate};
use serde_json::{Map, Value, json};

use super::emulator::Moto;
use super::seed::Call;

/// An operation with inputs to try, the most promising first.
pub struct Read {
    pub service: &'static str,
    pub operation: &'static str,
    pub protocol: Protocol,
    pub inputs: Vec<Value>,
}

/// More would cost time and find nothing.
const TRIES: usize = 4;

/// What the emulator makes up at each call, from so few values that two answers can agree by chance.
const MADE_UP: &[(&str, &str)] = &[("ec2", "DescribeReservedInstancesOfferings")];

/// Names of members, in small letters, with their values, service by service.
type Pool = BTreeMap<String, BTreeMap<String, Vec<String>>>;

pub fn all(moto: &Moto, seeded: &[Call]) -> Vec<Read> {
    let models = Models::get().unwrap();
    let index = Index::get().unwrap();
    let services: Vec<&'static Service> = index
        .services()
        .iter()
        .map(|known| models.service(known.name()).unwrap().unwrap())
        .collect();
    let names = |service: &&Service| {
        let known = index.service(service.name()).unwrap();
        let names = [known.name()].into_iter().chain(known.aliases());
        names.chain([service.endpoint_prefix()]).map(Value::from).collect::<Value>()
    };
    let names: Value = services.iter().map(names).collect();
    let known = moto.boto(&json!(["known", names]));
    let pool = pool(seeded);
    let mut reads = Vec::new();
    for service in services {
        if !known.as_array().unwrap().contains(&json!(service.name())) {
            continue;
        }
        let effects = index.service(service.name()).unwrap();
        for operation in service.operations() {
            let effect = effects.operation(operation.name()).unwrap().effect();
            let inputs = inputs(operation, pool.get(service.name()));
            let is_made_up = MADE_UP.contains(&(service.name(), operation.name()));
            if effect == Effect::Read && !inputs.is_empty() && !is_made_up {
                let protocol = service.protocol();
                reads.push(Read {
                    service: service.name(),
                    operation: operation.name(),
                    protocol,
                    inputs,
                });
            }
        }
    }
    reads
}

fn pool(seeded: &[Call]) -> Pool {
    let mut pool = Pool::new();
    for call in seeded {
        let service = Index::get().unwrap().service(&call.service).unwrap().name();
        let names = pool.entry(service.to_owned()).or_default();
        gather("", &call.input, names);
        gather("", &call.output, names);
    }
    pool
}

fn gather(name: &str, value: &Value, names: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::String(text) if !text.is_empty() => {
            let mut keep = |name: &str| {
                let values = names.entry(name.to_lowercase()).or_default();
                if !values.contains(text) {
                    values.push(text.clone());
                }
            };
            keep(name);
            if text.starts_with("arn:") {
                keep("arn");
            }
        }
        Value::Array(list) => list.iter().for_each(|value| gather(name, value, names)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| gather(name, value, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Inputs with all required members; none where one of them cannot be given.
fn inputs(operation: Operation<'_>, names: Option<&BTreeMap<String, Vec<String>>>) -> Vec<Value> {
    let required = operation.input().into_iter().flat_map(|shape| shape.members());
    let required = required.filter(|member| member.is_required());
    let Some(given) = required
        .map(|member| {
            let values = values(member, names);
            (!values.is_empty()).then_some((member.name(), values))
        })
        .collect::<Option<Vec<(&str, Vec<Value>)>>>()
    else {
        return Vec::new();
    };
    let tries = given.iter().map(|(_, values)| values.len()).max().unwrap_or(1).min(TRIES);
    (0..tries)
        .map(|nth| {
            let pick = |(name, values): &(&str, Vec<Value>)| {
                ((*name).to_owned(), values[nth % values.len()].clone())
            };
            Value::Object(given.iter().map(pick).collect::<Map<String, Value>>())
        })
        // boto3 sends some that the model forbids.
        .filter(|input| validate(operation, input, Coercion::Off).is_ok())
        .collect()
}

fn values(member: Member<'_>, names: Option<&BTreeMap<String, Vec<String>>>) -> Vec<Value> {
    let shape = member.shape();
    match shape.kind() {
        Kind::String => {
            let listed: Vec<Value> = shape.enum_values().map(|value| json!(value)).collect();
            if !listed.is_empty() {
                return listed;
            }
            texts(member.name(), names).into_iter().map(Value::from).collect()
        }
        Kind::List => {
            let element = shape.element().unwrap();
            let singular = member.name().strip_suffix('s').unwrap_or(member.name());
            if element.shape().kind() != Kind::String {
                return Vec::new();
            }
            let texts = texts(singular, names).into_iter().chain(texts(member.name(), names));
            texts.map(|text| json!([text])).collect()
        }
        Kind::Integer | Kind::Long => vec![json!(1)],
        Kind::Boolean => vec![json!(true)],
        Kind::Timestamp => vec![json!("2026-01-31T12:00:00Z")],
        Kind::Structure
        | Kind::Union
        | Kind::Map
        | Kind::Document
        | Kind::Character
        | Kind::Byte
        | Kind::Short
        | Kind::BigInteger
        | Kind::Float
        | Kind::Double
        | Kind::BigDecimal
        | Kind::Blob => Vec::new(),
    }
}

/// What members of this name had, or else of one that ends like it: `Name` for `FunctionName` and
/// the other way round, any ARN for `ResourceArn`.
fn texts(name: &str, names: Option<&BTreeMap<String, Vec<String>>>) -> Vec<String> {
    let name = name.to_lowercase();
    let Some(names) = names else { return Vec::new() };
    let mut found: Vec<String> = names.get(&name).cloned().unwrap_or_default();
    for (other, values) in names {
        let is_alike = other.len() > 1 && (name.ends_with(other) || other.ends_with(&name));
        if is_alike && *other != name {
            found.extend(values.iter().cloned());
        }
    }
    found.dedup();
    found.truncate(TRIES);
    found
}
