//! The tools for any operation, over real stdio: what they find and tell, by the names that people use.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::collections::BTreeSet;

use aws_dynamic::catalog::Index;
use serde_json::{Value, json};
use support::{Example, Home, Server, check_section_of};

const SEARCH: &str = "aws_search_operations";
const SCHEMA: &str = "aws_get_operation_schema";

/// Names that AWS's tools have or had.
const NAMES: &str = include_str!("../crates/aws-dynamic/tests/service-names.txt");

/// Of these, services that AWS has closed or announced to close, whose models it has withdrawn.
const WITHDRAWN: [&str; 7] = [
    "evidently",      // CloudWatch Evidently, followed by AppConfig feature flags
    "finspace",       // FinSpace
    "iotanalytics",   // IoT Analytics
    "iotevents",      // IoT Events
    "panorama",       // Panorama
    "simspaceweaver", // SimSpace Weaver
    "tnb",            // Telco Network Builder
];

fn server() -> Server {
    let server = Server::start(&["--toolsets", "operations"], &[]);
    server.initialize();
    server
}

fn found(server: &Server, arguments: Value) -> Vec<Value> {
    let answer = server.call_ok(SEARCH, arguments);
    answer["operations"].as_array().unwrap().clone()
}

/// Asks many things at once; a server that does one after the other is waited for once.
fn answers(server: &Server, tool: &str, asked: impl Iterator<Item = Value>) -> Vec<Value> {
    let ids: Vec<i64> = asked
        .map(|arguments| server.ask("tools/call", json!({"name": tool, "arguments": arguments})))
        .collect();
    ids.into_iter().map(|id| server.response(id)["result"].clone()).collect()
}

#[test]
fn both_are_there_where_nothing_is_selected() {
    let server = Server::start(&["--read-only"], &[]);
    server.initialize();
    for name in [SEARCH, SCHEMA] {
        let tools = server.tools();
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
        let bytes = |member: &str| tool[member].to_string().len();
        let cost = bytes("name") + bytes("description") + bytes("inputSchema");
        assert!(cost <= 900, "{name}: {cost} bytes");
    }
}

#[test]
fn every_name_of_a_service_resolves() {
    let server = server();
    let names: Vec<&str> = NAMES.lines().collect();
    assert_eq!(names.len(), 289);
    let asked = names.iter().map(|name| json!({"query": "", "service": name, "limit": 1}));
    let answers = answers(&server, SEARCH, asked);
    let mut unknown = Vec::new();
    for (name, answer) in names.iter().zip(&answers) {
        let told = &answer["structuredContent"];
        match answer["isError"] == true {
            true => {
                let message = told["message"].as_str().unwrap();
                assert!(message.contains("no service is called"), "{message}");
                unknown.push(*name);
            }
            false => assert_eq!(told["operations"].as_array().unwrap().len(), 1, "{name}"),
        }
    }
    assert_eq!(unknown, WITHDRAWN);
}

#[test]
fn the_name_of_every_service_finds_it() {
    let server = server();
    let services = Index::get().unwrap().services();
    assert_eq!(services.len(), 439);
    let asked = services.iter().map(|service| json!({"query": service.name(), "limit": 1}));
    let answers = answers(&server, SEARCH, asked);
    for (service, answer) in services.iter().zip(&answers) {
        let first = &answer["structuredContent"]["operations"][0];
        assert_eq!(first["service"], service.name(), "{answer}");
    }
}

#[test]
fn what_people_say_finds_what_they_mean() {
    let server = server();
    for (query, expected) in [
        ("list simple storage buckets", "s3:ListBuckets"),
        ("restart a database", "rds:RebootDBInstance"),
        ("who deleted my queue", "cloudtrail:LookupEvents"),
        ("ALB target groups", "elbv2:DescribeTargetGroups"),
        ("EBS volumes", "ec2:DescribeVolumes"),
        ("descirbe instnaces", "ec2:DescribeInstances"),
    ] {
        let found = found(&server, json!({"query": query, "limit": 5}));
        let names: Vec<String> = found
            .iter()
            .map(|row| format!("{}:{}", row["service"], row["operation"]).replace('"', ""))
            .collect();
        assert!(names.iter().any(|name| name == expected), "{query}: {names:?}");
    }
}

#[test]
fn an_answer_of_many_rows_is_cut_by_whole_ones() {
    let config = "[output]\nmax_characters = 3000\n";
    let home = Home::new().with(".config/aws-mcp/config.toml", config);
    let server = Server::start_at(home, &[], &[]);
    server.initialize();
    let answer = server.call_ok(SEARCH, json!({"query": "list", "service": "ec2", "limit": 50}));
    let shown = answer["operations"].as_array().unwrap().len();
    let truncated = &answer["truncated"];
    assert_eq!((&truncated["shown"], &truncated["total"]), (&json!(shown), &json!(50)));
    assert!(shown < 50 && answer.to_string().chars().count() <= 3_000);
    // The rest is read on.
    let all = json!({"handle": truncated["handle"], "query": "operations[].operation"});
    let all = server.call_ok("aws_get_result", all);
    assert_eq!(all["count"], 50, "{all}");
    // Here it is the schema that gives way.
    let told = server.call_ok(SCHEMA, json!({"service": "ec2", "operation": "RunInstances"}));
    assert!(told.to_string().chars().count() <= 3_000 && told["input"]["properties"].is_object());
}

/// So many operations apart, a sample that is the same each time.
const SAMPLED: usize = 97;

#[test]
fn what_is_told_of_an_operation_holds_for_a_sample_of_all() {
    let server = server();
    let services = Index::get().unwrap().services().iter();
    let all = services.flat_map(|s| s.operations().iter().map(move |o| (s.name(), o.name())));
    let sample: Vec<(&str, &str)> = all.step_by(SAMPLED).collect();
    assert_eq!(sample.len(), 205);
    let asked = sample.iter().map(|(s, o)| json!({"service": s, "operation": o}));
    let answers = answers(&server, SCHEMA, asked);
    for ((service, operation), answer) in sample.iter().zip(&answers) {
        let told = &answer["structuredContent"];
        assert_ne!(answer["isError"], true, "{service}:{operation}: {told:#}");
        server.check_output(SCHEMA, told);
        assert!(told.to_string().chars().count() <= 20_000, "{service}:{operation}");
        assert_eq!((&told["service"], &told["operation"]), (&json!(service), &json!(operation)));
        assert!(told["effect"].is_string());
        let schema = jsonschema::draft202012::new(&told["input"]).unwrap();
        assert!(schema.is_valid(&told["example"]), "{service}:{operation}: {told:#}");
        assert!(!schema.is_valid(&json!("no object")), "{service}:{operation}");
        for required in told["required"].as_array().into_iter().flatten() {
            assert!(!told["example"][required.as_str().unwrap()].is_null(), "{told:#}");
        }
    }
}

#[test]
fn names_in_any_case_are_one() {
    let server = server();
    let told = |service: &str, operation: &str| {
        server.call_ok(SCHEMA, json!({"service": service, "operation": operation}))
    };
    let one = told("s3", "ListBuckets");
    for (service, operation) in
        [("S3", "list-buckets"), ("s3api", "list_buckets"), (" s3 ", "LISTBUCKETS")]
    {
        assert_eq!(told(service, operation), one, "{service} {operation}");
    }
}

#[test]
fn what_is_not_there_is_told_with_the_nearest() {
    let server = server();
    let message = |tool: &str, arguments: Value| {
        let told = server.call_err(tool, arguments);
        assert_eq!(told["error"], "validation_error", "{told:#}");
        told["message"].as_str().unwrap().to_owned()
    };
    let said = message(SCHEMA, json!({"service": "lamda", "operation": "Invoke"}));
    assert!(said.contains("Did you mean lambda"), "{said}");
    let said = message(SEARCH, json!({"query": "x", "serviceHint": "dynamodbb"}));
    assert!(said.contains("Did you mean dynamodb"), "{said}");
    let said = message(SCHEMA, json!({"service": "ec2", "operation": "ListInstances"}));
    assert!(said.contains("DescribeInstances"), "{said}");
    let said = message(SCHEMA, json!({"service": "elb", "operation": "DescribeTargetGroups"}));
    assert!(said.contains("There is one in elbv2"), "{said}");
    let said = message(SCHEMA, json!({"service": "es", "operation": "CreateDomain", "path": "x"}));
    assert!(said.contains("es has no operation"), "{said}");
    let said = message(
        SCHEMA,
        json!({"service": "ec2", "operation": "RunInstances", "path": "Imageid.x"}),
    );
    assert!(said.contains("ImageId has no members"), "{said}");
    let nothing = server.call_ok(SEARCH, json!({"query": "zzzzqqqq xxyyxx"}));
    assert_eq!(nothing["operations"], json!([]));
    assert!(nothing["hint"].is_string());
}

#[test]
fn hostile_arguments_are_refused_or_answered_and_nothing_breaks() {
    let server = server();
    let long = "x".repeat(100_000);
    let hidden = "\u{202e}\u{0}\u{1b}[2J\u{200b}";
    for query in [long.as_str(), hidden, "' OR 1=1 --", "../../etc/passwd", "\u{1F4A3}"] {
        let answer = server.call_ok(SEARCH, json!({"query": query}));
        assert!(answer["operations"].is_array());
    }
    let words = "delete bucket ".repeat(7_000);
    assert_eq!(found(&server, json!({"query": words, "limit": 1}))[0]["service"], "s3");
    for arguments in [
        json!({}),
        json!({"query": 1}),
        json!({"query": null}),
        json!({"query": ["a"]}),
        json!({"query": "a", "limit": "5"}),
        json!({"query": "a", "limit": -1}),
        json!({"query": "a", "limit": 51}),
        json!({"query": "a", "limit": 1e300}),
        json!({"query": "a", "effect": "reads"}),
        json!({"query": "a", "service": {}}),
        json!({"query": "a", "service": long}),
        json!({"query": "a", "service": hidden}),
        json!({"query": "a", "service": "s3", "serviceHint": "ec2"}),
        json!({"query": "a", "servce": "s3"}),
        json!({"query": "a", "profile": "dev"}),
    ] {
        let told = server.call_err(SEARCH, arguments.clone());
        assert_eq!(told["error"], "validation_error", "{arguments}");
    }
    let run = |more: Value| {
        let mut arguments = json!({"service": "ec2", "operation": "RunInstances"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    for arguments in [
        json!({"service": "ec2"}),
        json!({"service": 1, "operation": "RunInstances"}),
        json!({"service": "", "operation": ""}),
        json!({"service": long, "operation": long}),
        json!({"service": "ec2", "operation": long}),
        json!({"service": "ec2", "operation": hidden}),
        json!({"service": "../ec2", "operation": "RunInstances"}),
        run(json!({"depth": "2"})),
        run(json!({"depth": -1})),
        run(json!({"depth": 0})),
        run(json!({"depth": 1.5})),
        run(json!({"path": 1})),
        run(json!({"path": long})),
        run(json!({"path": hidden})),
        run(json!({"path": "[".repeat(50_000)})),
        run(json!({"path": "a.".repeat(50_000)})),
        run(json!({"path": "..[[{{]]}}"})),
        run(json!({"path": "$.ImageId"})),
    ] {
        let told = server.call_err(SCHEMA, arguments.clone());
        let text = told.to_string();
        assert_eq!(told["error"], "validation_error", "{told:#}");
        assert!(text.len() < 3_000 && !text.contains('\u{202e}'), "{text}");
    }
    // A depth beyond any input is all of it.
    let whole = server.call_ok(SCHEMA, run(json!({"depth": 4_000_000_000_u64})));
    assert_eq!(whole, server.call_ok(SCHEMA, run(json!({}))));
}

#[test]
fn branches_that_were_cut_are_opened_by_the_paths_they_name() {
    let server = server();
    let arguments = json!({"service": "ec2", "operation": "RunInstances", "depth": 1});
    let told = server.call_ok(SCHEMA, arguments);
    let mut paths = BTreeSet::new();
    named(&told["input"], &mut paths);
    assert!(paths.len() > 5, "{paths:?}");
    for path in paths {
        let arguments = json!({"service": "ec2", "operation": "RunInstances", "path": path});
        let branch = server.call_ok(SCHEMA, arguments);
        let opened = branch["input"].to_string();
        assert!(opened.contains("\"properties\"") || opened.contains("\"x-enum\""), "{path}");
        assert!(branch.get("output").is_none() && branch.get("example").is_none());
    }
}

/// The paths that a schema names.
fn named(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(about) = fields.get("description").and_then(Value::as_str)
                && let Some((_, path)) = about.split_once("with path ")
            {
                into.insert(path.split(';').next().unwrap().to_owned());
            }
            fields.values().for_each(|value| named(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| named(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn transcripts() {
    let examples = [
        Example {
            tool: SEARCH,
            arguments: json!({"query": "restart a database", "limit": 3}),
            use_of_it: "The model has no tool for it. It says what it wants in words, and reads which \
                        operations do that, what each must be given, and what it does: `effect` says \
                        whether a person will be asked.",
        },
        Example {
            tool: SCHEMA,
            arguments: json!({"service": "rds", "operation": "RebootDBInstance"}),
            use_of_it: "It reads what a call takes before it makes one. `example` is the least that is \
                        valid; `output` is what will come back.",
        },
        Example {
            tool: SCHEMA,
            arguments: json!({"service": "ecs", "operation": "update-service", "path": "serviceRegistries"}),
            use_of_it: "The schema of a large input is cut, and says by which `path` a branch is opened. \
                        `by_arguments` says which arguments make the effect stronger: scaling to nothing \
                        is no plain write.",
        },
        Example {
            tool: SCHEMA,
            arguments: json!({"service": "sdb", "operation": "ListDomains"}),
            use_of_it: "What cannot be called is told before anybody tries.",
        },
    ];
    check_section_of("docs/operations.md", &server(), "find", &examples);
}

#[test]
fn what_names_mean_in_two_services_is_asked_back() {
    let server = server();
    let index = Index::get().unwrap();
    let shared = index.services().iter().flat_map(|service| service.aliases());
    let shared: BTreeSet<&str> =
        shared.filter(|name| index.services_called(name).len() > 1).collect();
    assert!(shared.len() > 5, "{shared:?}");
    for name in shared.into_iter().take(5) {
        let told = server.call_err(SCHEMA, json!({"service": name, "operation": "x"}));
        for service in index.services_called(name) {
            assert!(told["message"].as_str().unwrap().contains(service.name()), "{told:#}");
        }
    }
}
