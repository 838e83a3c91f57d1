//! Queries against those who define JMESPath: the cases of the JMESPath project, which come in the
//! folder of its crate, and jmespath.py, which the AWS CLI runs, out of `AWS_MCP_TEST_PYTHON`
//! (`tests/run.sh` of the repository makes one).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_dynamic::query::{ErrorKind, Limits, Query, QueryError};
use serde_json::{Value, json};

fn run(text: &str, answer: &Value) -> Result<Value, QueryError> {
    Query::read(text)?.run(answer, Limits::until(&|| false))
}

/// As two are compared here: numbers by value, wherever they stand.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

#[test]
fn the_cases_of_the_jmespath_project() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(project().join("tests/compliance"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut counts = [0; 3];
    let mut wrong = Vec::new();
    for file in files {
        let groups: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for group in groups.as_array().unwrap() {
            for case in group["cases"].as_array().unwrap() {
                let text = case["expression"].as_str().unwrap();
                let found = run(text, &group["given"]);
                let is_right = match (&found, case.get("result"), case.get("error")) {
                    (Ok(found), Some(expected), None) => {
                        counts[0] += 1;
                        same(found, expected)
                    }
                    (Err(_), None, Some(_)) => {
                        counts[1] += 1;
                        true
                    }
                    // Those of the benchmarks.
                    (_, None, None) => {
                        counts[2] += 1;
                        true
                    }
                    _ => false,
                };
                if !is_right {
                    let name = file.file_name().unwrap().to_owned();
                    wrong.push(format!("{name:?} {text} in {}: {found:?}, {case}", group["given"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(counts, [715, 146, 14]);
}

/// The folder of the crate `jmespath`.
fn project() -> PathBuf {
    let found = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "jmespath").unwrap();
    PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

#[test]
fn jmespath_py_finds_the_same() {
    let mut cases = Vec::new();
    for document in documents() {
        cases.extend(EXPRESSIONS.iter().map(|text| json!([text, document])));
    }
    let written = cases.len();
    for (seed, document) in (1..).zip(documents()) {
        let mut draws = Draws::of(&document, seed);
        cases.extend((0..1_000).map(|_| json!([draws.expression(3), document])));
    }
    let answers = python(&json!(cases));
    let (mut found, mut failed, mut crashed) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (case, theirs) in cases.iter().zip(answers.as_array().unwrap()) {
        let text = case[0].as_str().unwrap();
        let ours = run(text, &case[1]);
        let is_same = match (&ours, theirs.get("found"), theirs["failed"].as_str()) {
            (Ok(ours), Some(theirs), _) => {
                found += usize::from(!ours.is_null());
                same(ours, theirs)
            }
            (Err(error), None, Some("query")) => {
                failed += 1;
                error.kind() != ErrorKind::Bounds
            }
            // An exception of Python, not of JMESPath: strings compared with numbers.
            (_, None, Some("TypeError")) => {
                crashed += 1;
                true
            }
            _ => false,
        };
        if !is_same {
            wrong.push(format!("{text} in {}\n  ours: {ours:?}\ntheirs: {theirs}", case[1]));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}: {}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
    // The comparison is worth something only as long as most finds something.
    let counts = format!("{found} found, {failed} failed, {crashed} crashed of {}", cases.len());
    assert!(written >= 300 && found > cases.len() / 3 && crashed < cases.len() / 20, "{counts}");
}

const SEARCH: &str = "
import json, sys, warnings
import jmespath
warnings.simplefilter('ignore')
answers = []
for text, document in json.load(sys.stdin):
    try:
        answers.append({'found': jmespath.search(text, document)})
    except jmespath.exceptions.JMESPathError:
        answers.append({'failed': 'query'})
    except Exception as crash:
        answers.append({'failed': type(crash).__name__})
json.dump(answers, sys.stdout)
";

fn python(cases: &Value) -> Value {
    let python = std::env::var("AWS_MCP_TEST_PYTHON").expect(
        "AWS_MCP_TEST_PYTHON names a Python that has jmespath; tests/run.sh of the repository sets it",
    );
    let mut child = Command::new(python)
        .args(["-c", SEARCH])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What users of the AWS CLI write, and forms at the edges of the grammar.
const EXPRESSIONS: &[&str] = &[
    "Reservations[].Instances[?State.Name=='running'].{Id: InstanceId, Name: Tags[?Key=='Name'] | [0].Value}",
    "Reservations[*].Instances[*].[InstanceId, State.Name, Placement.AvailabilityZone]",
    "Reservations[].Instances[].[InstanceId, Tags[?Key=='Name'].Value | [0]]",
    "Reservations[].Instances[?State.Name==`running`][].InstanceId",
    "Reservations[].Instances[] | [?State.Name!='running'].InstanceId",
    "Reservations[].Instances[?not_null(Tags[?Key=='Name'].Value)].InstanceId | []",
    "Reservations[].Instances[?!not_null(Tags[?Key=='Name'].Value)].InstanceId | []",
    "Reservations[0].Instances[-1].InstanceId",
    "Reservations[].Instances[].Tags[].{K: Key, V: Value}",
    "Reservations[?Instances[?InstanceType=='t3.micro']].ReservationId",
    "Reservations[].Instances[].State.Name | sort(@) | join(', ', @)",
    "length(Reservations[].Instances[])",
    "Reservations[*].Instances[*].Tags[*].Value[]",
    "Reservations[].Instances[?LaunchTime>='2026-01-15'][].{id: InstanceId, at: LaunchTime}",
    "Reservations[].Instances[?starts_with(InstanceType, 't3')].InstanceId[]",
    "Reservations[].Instances[?contains(InstanceType, 'micro')].InstanceId | []",
    "Reservations[].Instances[?contains(['i-1', 'i-3'], InstanceId)].InstanceId[]",
    "sort_by(Images, &CreationDate)[-1].ImageId",
    "reverse(sort_by(Images, &CreationDate))[:2].[ImageId, Name]",
    "max_by(Images, &CreationDate).Name",
    "min_by(Images, &Size)",
    "Images[?starts_with(Name, 'al2023')] | sort_by(@, &CreationDate) | [-1].ImageId",
    "Images[*].{ID: ImageId, Size: Size} | [?Size > `10`]",
    "Images[].BlockDeviceMappings[].Ebs.VolumeSize | sum(@)",
    "length(Functions)",
    "Functions[?Runtime=='python3.12'].FunctionName",
    "Functions[?MemorySize > `128` && Timeout < `60`].[FunctionName, MemorySize]",
    "Functions[].Environment.Variables.keys(@)",
    "Functions[*].Environment.Variables | [0].*",
    "Functions[].{Name: FunctionName, \"Mem-MB\": MemorySize}",
    "avg(Functions[].MemorySize)",
    "max(Functions[].MemorySize)",
    "Contents[?Size > `1000`].Key",
    "sum(Contents[].Size)",
    "[sum(Contents[].Size), length(Contents[])]",
    "Contents[?ends_with(Key, '.log')] | length(@)",
    "Contents[?LastModified < '2026-01-01'].Key | [:2]",
    "to_string(Contents[0])",
    "Contents[].to_number(to_string(Size))",
    "not_null(NextToken, Contents[0].Key, 'none')",
    "Buckets[?contains(Name, 'prod') == `false`].Name",
    "type(Contents)",
    "map(&Key, Contents || `[]`)",
    "values(Functions[0].Environment.Variables)",
    "merge(Functions[0].Environment.Variables, {STAGE: 'x', NEW: 'y'})",
    "*[].Name",
    "*.*",
    "@",
    "[0]",
    "keys(@)",
    "Contents[::2].Key",
    "Contents[::-1].Key",
    "Contents[-2:].Key",
    "Contents[1:-1:1].Key",
    "!Contents",
    "!NextToken && 'end' || 'more'",
    "Contents[0].Size == `2048` | !@",
    "`{\"a\": [1, {\"b\": 2}]}`.a[1].b",
    "'it\\'s' | reverse(@)",
    "`a\\`b`",
    "\"Contents\"[0].\"Key\"",
    "[]",
    "Contents[]",
    "Contents.Key",
    "Contents[*].Key | [0]",
    "(Contents[*].Key)[0]",
    "Contents[*].Key[0]",
    "a || b && c || Contents[0].Key",
    "Contents[?Size >= `10` || Key == 'a.log'] | [*].Key",
    "Contents[?(Size == `10` || Size == `20`) && !(Key == 'b')].Key",
    "Contents[?Size < Key].Key",
    "abs(`-5`)",
    "ceil(`1.2`)",
    "floor(`-1.2`)",
    "length('äöü')",
    "lenght(@)",
    "Contents[",
    "Contents[?Size = `1`]",
    "Contents[?Key == 'a'",
    "sort(Contents)",
    "sum(Contents[].Key)",
    "{}",
];

fn documents() -> Vec<Value> {
    let instance = |id: &str, state: &str, kind: &str, tags: Value| {
        json!({"InstanceId": id, "State": {"Name": state, "Code": 16}, "InstanceType": kind, "Tags": tags,
            "LaunchTime": format!("2026-01-{}", 10 + id.len() * 2), "Placement": {"AvailabilityZone": "us-east-1a"}})
    };
    vec![
        json!({"Reservations": [
            {"ReservationId": "r-1", "Instances": [
                instance("i-1", "running", "t3.micro", json!([{"Key": "Name", "Value": "web"}, {"Key": "Env", "Value": "prod"}])),
                instance("i-22", "stopped", "m5.large", json!([])),
            ]},
            {"ReservationId": "r-2", "Instances": [instance("i-333", "running", "t3.large", json!([{"Key": "Env", "Value": "dev"}]))]},
            {"ReservationId": "r-3", "Instances": []},
        ]}),
        json!({"Images": [
            {"ImageId": "ami-1", "Name": "al2023-a", "CreationDate": "2026-02-01", "Size": 8,
                "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 8}}, {"VirtualName": "ephemeral0"}]},
            {"ImageId": "ami-2", "Name": "al2023-b", "CreationDate": "2026-03-01", "Size": 30,
                "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 30}}]},
            {"ImageId": "ami-3", "Name": "ubuntu", "CreationDate": "2025-12-01", "Size": 12.5, "BlockDeviceMappings": []},
        ]}),
        json!({"Functions": [
            {"FunctionName": "f", "Runtime": "python3.12", "MemorySize": 128, "Timeout": 3,
                "Environment": {"Variables": {"STAGE": "prod", "TABLE": "t"}}},
            {"FunctionName": "g", "Runtime": "nodejs22.x", "MemorySize": 512, "Timeout": 30},
            {"FunctionName": "h", "Runtime": null, "MemorySize": 1024, "Timeout": 900, "Environment": {"Variables": {}}},
        ], "NextMarker": null}),
        json!({"Contents": [
            {"Key": "a.log", "Size": 10, "LastModified": "2025-06-01"},
            {"Key": "b", "Size": 2048, "LastModified": "2026-06-01"},
            {"Key": "c/d.log", "Size": 20.5, "LastModified": "2025-07-01"},
        ], "Buckets": [{"Name": "prod-logs"}, {"Name": "dev"}], "IsTruncated": false, "NextToken": ""}),
        json!({"a": {"b": [2, 3, "x", null, [5, [6]]], "c": "text", "d": {"a": 2.5, "b": null}}, "b": ["y", "x"], "c": [3, 2], "d": true}),
        json!([]),
        json!([{"a": 3, "b": "x"}, {"a": 2, "b": "y", "c": [4]}, {"a": 7, "b": "z", "d": {}}]),
    ]
}

/// Expressions for a document, the same each time.
struct Draws {
    state: u64,
    names: Vec<String>,
    /// Expressions that find lists.
    lists: Vec<String>,
}

impl Draws {
    fn of(document: &Value, state: u64) -> Self {
        let mut draws = Self { state, names: Vec::new(), lists: Vec::new() };
        draws.look("@", document);
        draws.names.push("nothing".to_owned());
        draws.lists.push("nothing".to_owned());
        draws
    }

    fn look(&mut self, path: &str, value: &Value) {
        match value {
            Value::Array(elements) => {
                self.lists.push(path.to_owned());
                elements.iter().for_each(|element| self.look(&format!("{path}[]"), element));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.names.push(name.clone());
                    self.look(&format!("{path}.{name}"), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % bound
    }

    fn one(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn name(&mut self) -> String {
        let place = self.below(self.names.len());
        self.names[place].clone()
    }

    fn list(&mut self) -> String {
        let place = self.below(self.lists.len());
        self.lists[place].clone()
    }

    fn literal(&mut self) -> &'static str {
        self.one(&[
            "`10`",
            "`2.5`",
            "'x'",
            "'running'",
            "`null`",
            "`true`",
            "`[2, 3]`",
            "`{\"a\": 2}`",
            "''",
            "`prod`",
            "`[]`",
        ])
    }

    fn expression(&mut self, left: usize) -> String {
        if left == 0 {
            return match self.below(4) {
                0 => self.literal().to_owned(),
                1 => self.list(),
                _ => self.name(),
            };
        }
        let less = left - 1;
        match self.below(20) {
            0 => format!("{}.{}", self.name(), self.name()),
            1 => format!("{}[?{}]", self.list(), self.expression(less)),
            2 => format!("{}[?{}].{}", self.list(), self.expression(less), self.name()),
            3 => format!("{}[*].{}", self.list(), self.name()),
            4 => format!("{}[].{{x: {}, y: {}}}", self.list(), self.expression(less), self.name()),
            5 => format!("{}[].[{}, {}]", self.list(), self.name(), self.expression(less)),
            6 => format!("{} | {}", self.expression(less), self.expression(less)),
            7 => format!(
                "{} {} {}",
                self.expression(less),
                self.one(&["==", "!=", "<", "<=", ">", ">="]),
                self.expression(less)
            ),
            8 => format!(
                "{} {} {}",
                self.expression(less),
                self.one(&["||", "&&"]),
                self.expression(less)
            ),
            9 => format!("!{}", self.expression(less)),
            10 => format!("({})", self.expression(less)),
            11 => format!(
                "{}{}",
                self.list(),
                self.one(&["[0]", "[-1]", "[::2]", "[1:]", "[::-1]", "[:-1].a", "[]", "[*][0]"])
            ),
            12 => format!(
                "{}({})",
                self.one(&[
                    "length",
                    "type",
                    "to_string",
                    "to_array",
                    "not_null",
                    "keys",
                    "values",
                    "sort",
                    "sum",
                    "avg",
                    "max",
                    "min",
                    "reverse",
                    "to_number",
                    "abs",
                    "ceil",
                    "floor",
                    "merge"
                ]),
                self.expression(less)
            ),
            13 => format!(
                "{}({}, &{})",
                self.one(&["sort_by", "max_by", "min_by"]),
                self.list(),
                self.name()
            ),
            14 => format!("map(&{}, {})", self.expression(less), self.list()),
            15 => format!(
                "{}({}, {})",
                self.one(&["contains", "starts_with", "ends_with", "join"]),
                self.expression(less),
                self.expression(less)
            ),
            16 => format!(
                "{}({})",
                self.one(&["length", "sort", "sum", "avg", "max", "min", "reverse", "to_array"]),
                self.list()
            ),
            17 => format!("{}[].{} | {}", self.list(), self.name(), self.expression(less)),
            18 => {
                let name = self.name();
                format!(
                    "{}[?type({name}) == 'string' && contains({name}, '{}')]",
                    self.list(),
                    self.one(&["a", "1", "-", "x"])
                )
            }
            _ => format!("{}[?{} == {}]", self.list(), self.name(), self.literal()),
        }
    }
}
