//! Schemas, examples and outlines of all operations, held against the meta-schema, against each other
//! and against `validate`; and inputs with damage of every kind, of which none gets past both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_dynamic::catalog::Models;
use aws_dynamic::model::terms::{Kind, Protocol};
use aws_dynamic::model::{Operation, Shape};
use aws_dynamic::protocol::Exchange;
use aws_dynamic::schema::{LIMIT, Opening, example, input, outline};
use aws_dynamic::validate::{Coercion, validate};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

const WHOLE: Opening<'static> = Opening { depth: None, path: "", limit: usize::MAX };

fn operations() -> impl Iterator<Item = Operation<'static>> {
    let models = Models::get().unwrap();
    let services: Vec<&str> = models.names().collect();
    services.into_iter().flat_map(move |name| models.service(name).unwrap().unwrap().operations())
}

fn called(operation: Operation<'_>) -> String {
    format!("{}:{}", operation.service().name(), operation.name())
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// What was seen of some operations.
#[derive(Debug, Default)]
struct Seen {
    operations: usize,
    /// Those whose whole input fits.
    uncut: usize,
    /// Those whose example meets with a warning.
    warned: Vec<String>,
    faults: Vec<String>,
}

impl Seen {
    fn check(&mut self, operation: Operation<'static>) {
        self.operations += 1;
        if let Err(fault) = self.checked(operation) {
            self.faults.push(format!("{}: {fault}", called(operation)));
        }
    }

    fn checked(&mut self, operation: Operation<'static>) -> Result<(), String> {
        let whole = input(operation, &WHOLE).map_err(|e| e.to_string())?;
        is_schema(&whole)?;
        let example = example(operation);
        let valid = validate(operation, &example, Coercion::Off).map_err(|e| e.to_string())?;
        if Value::Object(valid.input) != example {
            return Err("the example is changed by validation".to_owned());
        }
        if !valid.warnings.is_empty() {
            self.warned.push(format!("{}: {}", called(operation), valid.warnings[0]));
        }
        holds(&whole, &example)?;
        let usual = input(operation, &Opening::default()).map_err(|e| e.to_string())?;
        self.uncut += usize::from(usual == whole);
        let depth = Opening { depth: Some(1), ..Opening::default() };
        let flat = input(operation, &depth).map_err(|e| e.to_string())?;
        for schema in [&usual, &flat] {
            if size(schema) > LIMIT {
                return Err(format!("{} bytes", size(schema)));
            }
            if *schema != whole {
                is_schema(schema)?;
                // What is cut is looser, and never wrong.
                holds(schema, &example)?;
            }
            let mut cuts = Vec::new();
            paths(schema, &mut cuts);
            for path in cuts {
                let opening = Opening { path: &path, depth: Some(1), ..Opening::default() };
                let branch = input(operation, &opening).map_err(|e| e.to_string())?;
                if branch.get("properties").is_none() && branch.get("x-enum").is_none() {
                    return Err(format!("{path} opens {branch}"));
                }
            }
        }
        if let Some(output) = operation.output() {
            let outline = outline(output, 2_500);
            if size(&outline) > 2_500 || !outline.is_object() {
                return Err(format!("an outline of {} bytes", size(&outline)));
            }
        }
        Ok(())
    }

    fn assert(&self) {
        let (count, some) = (self.faults.len(), self.faults.iter().take(20).collect::<Vec<_>>());
        assert!(some.is_empty(), "{count} faults: {some:#?}");
    }
}

fn is_schema(schema: &Value) -> Result<(), String> {
    let valid = jsonschema::draft202012::meta::validate(schema);
    valid.map_err(|error| format!("no schema: {error} at {}", error.instance_path()))
}

fn holds(schema: &Value, value: &Value) -> Result<(), String> {
    let validator = jsonschema::draft202012::new(schema).map_err(|e| format!("no schema: {e}"))?;
    let valid = validator.validate(value);
    valid.map_err(|error| format!("{value} by the schema: {error} at {}", error.instance_path()))
}

/// The paths that a schema names.
fn paths(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(about) = fields.get("description").and_then(Value::as_str)
                && let Some((_, path)) = about.split_once("with path ")
            {
                into.push(path.split(';').next().unwrap().to_owned());
            }
            fields.values().for_each(|value| paths(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| paths(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn schemas_and_examples_of_all_operations() {
    let all: Vec<Operation<'_>> = operations().collect();
    let (first, second) = all.split_at(all.len() / 2);
    let check = |operations: &[Operation<'static>]| {
        let mut seen = Seen::default();
        operations.iter().for_each(|operation| seen.check(*operation));
        seen
    };
    let seen = std::thread::scope(|scope| {
        [first, second].map(|half| scope.spawn(move || check(half))).map(|t| t.join().unwrap())
    });
    seen.iter().for_each(Seen::assert);
    let count = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    assert_eq!(count(|seen| seen.operations), 19_796);
    let warned: Vec<&String> = seen.iter().flat_map(|seen| &seen.warned).collect();
    assert!(warned.is_empty(), "{}: {:#?}", warned.len(), &warned[..warned.len().min(20)]);
    let uncut = count(|seen| seen.uncut);
    assert!(uncut > 19_500, "{uncut}");
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// Something in the form of a shape; about half of what is not required is left out.
fn something(shape: Shape<'_>, dice: &mut Dice, depth: usize) -> Value {
    let least = shape.min().and_then(|min| min.as_u64()).unwrap_or(0).clamp(1, 50) as usize;
    match shape.kind() {
        Kind::Structure | Kind::Union => {
            let mut members: Vec<_> = shape.members().collect();
            if shape.kind() == Kind::Union {
                members = vec![dice.of(&members)];
            } else {
                members.retain(|m| m.is_required() || (depth < 4 && dice.below(2) == 0));
            }
            let values = members.into_iter().filter(|_| depth < 8).map(|member| {
                (member.name().to_owned(), something(member.shape(), dice, depth + 1))
            });
            values.collect::<Map<_, _>>().into()
        }
        Kind::List => {
            let element = shape.element().unwrap().shape();
            (0..if depth < 8 { least } else { 0 })
                .map(|_| something(element, dice, depth + 1))
                .collect()
        }
        Kind::Map => {
            let value = shape.value().unwrap().shape();
            json!({"key": something(value, dice, depth + 1)})
        }
        Kind::Document => json!({"any": [1, null]}),
        Kind::String | Kind::Character => match shape.enum_values().next() {
            Some(known) => known.into(),
            None => "example".repeat(least.div_ceil(7)).into(),
        },
        Kind::Boolean => true.into(),
        Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => least.into(),
        Kind::Float | Kind::Double | Kind::BigDecimal => json!(1.5),
        Kind::Timestamp => "2026-01-31T12:00:00Z".into(),
        Kind::Blob => "ZXhhbXBsZQ==".into(),
    }
}

/// Does damage to some place of a value.
fn damage(value: &mut Value, dice: &mut Dice) {
    let below = match value {
        Value::Object(fields) => fields.len(),
        Value::Array(values) => values.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    if below > 0 && dice.below(4) > 0 {
        let at = dice.below(below);
        match value {
            Value::Object(fields) => damage(fields.values_mut().nth(at).unwrap(), dice),
            Value::Array(values) => damage(&mut values[at], dice),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        return;
    }
    match (dice.below(4), &mut *value) {
        (0, Value::Object(fields)) => {
            fields.insert("Unknown".to_owned(), json!("x"));
        }
        (1, Value::Object(fields)) if below > 0 => {
            let name = fields.keys().nth(dice.below(below)).unwrap().clone();
            fields.shift_remove(&name);
        }
        (0, Value::Array(values)) if below > 0 => {
            let first = values[0].clone();
            values.resize(2_000, first);
        }
        _ => {
            *value = dice.of(&[
                json!(null),
                json!(true),
                json!(-1),
                json!(0),
                json!(5.5),
                json!(1_u64 << 40),
                json!(u64::MAX),
                json!(1e300),
                json!(""),
                json!("a b\r\n\u{0}/../\u{ff}\u{1f600}"),
                json!("x".repeat(5_000)),
                json!("x".repeat(200_000)),
                json!([]),
                json!([null]),
                json!([[[{}]]]),
                json!({}),
                json!({"": {"a": [null, {"b": 1e308}]}}),
            ]);
        }
    }
}

/// What a schema cannot say: ranges of types, forms of times and base64, what cannot be a header, and
/// that a whole number written with an exponent is no integer, nor one to be kept as it is.
fn is_beyond_schemas(given: &Value, problem: &str) -> bool {
    let has_exponent = || given.to_string().contains("e+300");
    problem.ends_with("an integer, got a number") && has_exponent()
        || [
            "2147483647",
            "32767",
            "-128 to 127",
            "9223372036854775807",
            "a time",
            "base64",
            " bytes",
            "3.4028235e38",
            "sent as a header",
            "no name of a header",
            "may have lost digits",
        ]
        .iter()
        .any(|what| problem.contains(what))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(values) => values.iter().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[derive(Debug, Default)]
struct Counts {
    refused: usize,
    written: usize,
}

/// Holds an input against `validate`, the schema and the protocol.
fn attack(operation: Operation<'static>, schema: &Validator, given: &Value, counts: &mut Counts) {
    let name = called(operation);
    let coerced = validate(operation, given, Coercion::On);
    let plain = validate(operation, given, Coercion::Off);
    match (&plain, schema.is_valid(given)) {
        (Ok(_), false) => assert!(has_null(given), "{name}: only the schema refuses {given}"),
        (Err(invalid), true) => assert!(
            has_null(given)
                || invalid.problems.iter().all(|p| is_beyond_schemas(given, &p.to_string())),
            "{name}: only validation refuses {given}: {invalid}"
        ),
        (Ok(_), true) | (Err(_), false) => {}
    }
    counts.refused += usize::from(coerced.is_err());
    for valid in [coerced, plain].into_iter().flatten() {
        let sent = Value::Object(valid.input);
        assert!(schema.is_valid(&sent), "{name}: {sent} would be sent");
        let Ok(exchange) = Exchange::of(operation) else { continue };
        match exchange.request(&sent, Some(&|| "token".to_owned())) {
            Ok(_) => counts.written += 1,
            // What the model allows and HTTP does not.
            Err(problem) => {
                let is_known = problem.to_string().contains("invalid endpoint URI");
                assert!(is_known, "{name}: {problem}");
            }
        }
    }
}

#[test]
fn no_damage_gets_past_validation_and_schema() {
    let all: Vec<Operation<'_>> = operations().collect();
    for protocol in [
        Protocol::Json,
        Protocol::RestJson,
        Protocol::RestXml,
        Protocol::RpcV2Cbor,
        Protocol::Query,
        Protocol::Ec2,
    ] {
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let mut speaks: Vec<_> =
            all.iter().copied().filter(|o| o.service().protocol() == protocol).collect();
        let mut counts = Counts::default();
        for _ in 0..100.min(speaks.len()) {
            let operation = speaks.swap_remove(dice.below(speaks.len()));
            let schema = input(operation, &WHOLE).unwrap();
            let schema = jsonschema::draft202012::new(&schema).unwrap();
            for trial in 0..6 {
                let mut given = match operation.input() {
                    Some(shape) if trial % 2 == 0 => something(shape, &mut dice, 0),
                    Some(_) | None => example(operation),
                };
                for _ in 0..dice.below(4) {
                    damage(&mut given, &mut dice);
                }
                attack(operation, &schema, &given, &mut counts);
            }
        }
        let Counts { refused, written } = counts;
        assert!(refused > 100 && written > 100, "{protocol:?}: {refused}, {written}");
    }
}
