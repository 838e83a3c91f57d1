use aws_dynamic::catalog::Index;
use serde_json::json;

use super::*;
use crate::config::{Clock, Environment, Flags, resolve};
use crate::gate::{DigestKey, Gate};

const MOST: usize = 20_000;

fn gate() -> Gate {
    let config = resolve(Flags::default(), Environment::default(), Clock::system()).config;
    Gate::new(&config, &Environment::default(), DigestKey::new([7; 32]))
}

/// The least that an answer can be limited to.
const LEAST: usize = 2_000;

fn told_in(arguments: Value, most: usize) -> Result<Answer> {
    answer(&serde_json::from_value(arguments).unwrap(), most)
}

fn told(arguments: Value) -> Result<Answer> {
    told_in(arguments, MOST)
}

/// The answer as a model sees it.
fn shown(gate: &Gate, answer: Answer) -> Value {
    let mut body = gate.masked(gate::Operations::NONE, answer.body);
    body.extend(gate.modelled(answer.shapes));
    Value::Object(body)
}

fn schema_of(service: &str, operation: &str) -> Value {
    shown(&gate(), told(json!({"service": service, "operation": operation})).unwrap())
}

/// What is wrong with what is told of an operation.
fn fault(gate: &Gate, service: &str, operation: &str) -> Option<String> {
    let told = |most| told_in(json!({"service": service, "operation": operation}), most);
    let (answer, short) = match (told(MOST), told(LEAST)) {
        (Ok(answer), Ok(short)) => (answer, short),
        (Err(error), _) | (_, Err(error)) => return Some(error.message),
    };
    let (shown, short) = (shown(gate, answer), shown(gate, short));
    for (shown, most) in [(&shown, MOST), (&short, LEAST)] {
        let length = shown.to_string().chars().count();
        if length > most {
            return Some(format!("{length} characters of {most}"));
        }
    }
    if !shown["output"].is_null() && !shown["output"].is_object() {
        return Some(format!("the outline is {}", shown["output"]));
    }
    let (schema, example) = (&shown["input"], &shown["example"]);
    if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
        return Some(format!("no schema: {error}"));
    }
    let validator = match jsonschema::draft202012::new(schema) {
        Ok(validator) => validator,
        Err(error) => return Some(format!("no schema: {error}")),
    };
    let valid = validator.validate(example);
    valid.err().map(|error| format!("{example}: {error} at {}", error.instance_path()))
}

/// Checks every operation of which the number is a multiple of `step`.
fn check_every(step: usize) -> usize {
    let services = Index::get().unwrap().services().iter();
    let all = services.flat_map(|s| s.operations().iter().map(move |o| (s.name(), o.name())));
    let some: Vec<(&str, &str)> = all.step_by(step).collect();
    let (one, other) = some.split_at(some.len() / 2);
    let check = |operations: &[(&str, &str)]| {
        let gate = gate();
        let faults = operations.iter().filter_map(|(service, operation)| {
            Some(format!("{service}:{operation}: {}", fault(&gate, service, operation)?))
        });
        faults.collect::<Vec<_>>()
    };
    let faults = std::thread::scope(|scope| {
        [one, other].map(|half| scope.spawn(move || check(half))).map(|half| half.join().unwrap())
    });
    let faults = faults.concat();
    assert!(faults.is_empty(), "{}: {:#?}", faults.len(), &faults[..faults.len().min(20)]);
    some.len()
}

#[test]
fn what_is_told_fits_and_its_example_is_valid() {
    assert_eq!(check_every(23), 861);
}

#[test]
#[ignore = "the same for all operations: minutes in a debug build"]
fn what_is_told_of_every_operation_fits_and_its_example_is_valid() {
    assert_eq!(check_every(1), 19_796);
}

#[test]
fn names_of_secrets_have_their_schemas() {
    let told = schema_of("secretsmanager", "CreateSecret");
    assert_eq!(told["input"]["properties"]["SecretString"]["type"], "string");
    let told = schema_of("iam", "CreateLoginProfile");
    assert_eq!(told["input"]["properties"]["Password"]["type"], "string");
    let told = schema_of("iam", "CreateAccessKey");
    let key = &told["output"]["AccessKey"];
    assert_eq!(key["SecretAccessKey"], "string", "{told:#}");
    let told = schema_of("lambda", "UpdateFunctionConfiguration");
    assert!(!told.to_string().contains("***"), "{told:#}");
}

#[test]
fn what_models_say_is_masked_and_escaped_as_any_text() {
    let mut answer = told(json!({"service": "s3", "operation": "ListBuckets"})).unwrap();
    let hostile = json!({"AKIAIOSFODNN7EXAMPLE": ["AKIAIOSFODNN7EXAMPLE \u{202e}"]});
    answer.shapes.insert("example".to_owned(), hostile);
    let shown = shown(&gate(), answer);
    assert_eq!(shown["example"], json!({"AKIAIOSFOD...": [r"AKIAIOSFOD... \u{202E}"]}));
}

#[test]
fn what_there_is_to_know_is_told() {
    let told = schema_of("EC2", "start-instances");
    assert_eq!((&told["service"], &told["operation"]), (&json!("ec2"), &json!("StartInstances")));
    assert_eq!(told["effect"], "write");
    assert_eq!(told["iam_actions"], json!(["ec2:StartInstances"]));
    assert_eq!(told["required"], json!(["InstanceIds"]));
    assert_eq!(told["example"], json!({"InstanceIds": ["i-0123456789abcdef0"]}));

    let told = schema_of("ecs", "UpdateService");
    assert_eq!(told["by_arguments"]["otherwise"], "write");
    let conditions = told["by_arguments"]["conditions"].as_array().unwrap();
    let stops = json!({"when": "desiredCount=0", "effect": "destructive"});
    assert!(conditions.contains(&stops), "{conditions:?}");

    let told = schema_of("ec2", "DescribeInstances");
    assert_eq!(told["pagination"]["tokens"], json!(["NextToken"]));
    assert!(told["waiters"].as_array().unwrap().contains(&json!("InstanceRunning")));

    assert_eq!(schema_of("s3", "GetObject")["streaming"], json!({"output": "body"}));
    assert_eq!(schema_of("logs", "StartLiveTail")["streaming"], json!({"output": "events"}));
    let events = schema_of("lexv2-runtime", "StartConversation");
    assert_eq!(events["streaming"]["input"], "events");
    assert!(events["unsupported"].as_str().unwrap().contains("stream of events"));
    let old = schema_of("sdb", "ListDomains");
    assert!(old["unsupported"].as_str().unwrap().contains("signature version 2"));
    assert!(schema_of("ec2", "RunInstances")["unsupported"].is_null());
}

#[test]
fn a_large_input_is_opened_by_its_branches() {
    let ask = |more: Value| {
        let mut arguments = json!({"service": "ec2", "operation": "RunInstances"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told(arguments)
    };
    let size = |answer: &Answer| answer.shapes["input"].to_string().len();
    let whole = ask(json!({})).unwrap();
    assert!(size(&whole) <= LIMIT);
    assert!(size(&ask(json!({"depth": 1})).unwrap()) < size(&whole));
    let branch = ask(json!({"path": "networkinterfaces[].PrivateIpAddresses"})).unwrap();
    assert!(branch.shapes["input"].to_string().contains("PrivateIpAddress"));
    assert!(branch.shapes.len() == 1, "{:?}", branch.shapes.keys());
    let error = ask(json!({"path": "NetworkInterface"})).unwrap_err();
    assert!(error.message.contains("did you mean NetworkInterfaces?"), "{error}");
    assert!(ask(json!({"depth": 0})).unwrap_err().message.contains("depth"));
}

#[test]
fn an_answer_fits_where_little_is_allowed() {
    for (service, operation) in
        [("ec2", "RunInstances"), ("s3", "PutObject"), ("sts", "AssumeRole")]
    {
        let asked = json!({"service": service, "operation": operation});
        let answer = answer(&serde_json::from_value(asked).unwrap(), 2_000).unwrap();
        let shown = shown(&gate(), answer).to_string();
        assert!(shown.chars().count() <= 2_000, "{operation}: {}", shown.len());
    }
}
