//! docs/tools.md and docs/operations.md: what each tool answers, as the tests saw it. A section is compared with what the binary says now, and
//! written anew where `UPDATE=1` is set.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Server;

/// One tool of a section: its name, arguments, and what a model does with the answer.
pub struct Example {
    pub tool: &'static str,
    pub arguments: Value,
    pub use_of_it: &'static str,
}

/// Calls each tool and compares the section `name` of docs/tools.md. The answers must not depend on the time of day;
/// the digests of what is masked, which are new in every process, are written as one and the same.
pub fn check_section(server: &Server, name: &str, examples: &[Example]) {
    check_section_of("docs/tools.md", server, name, examples);
}

/// The same with a section of another page.
pub fn check_section_of(page: &str, server: &Server, name: &str, examples: &[Example]) {
    let mut text = String::new();
    for Example { tool, arguments, use_of_it } in examples {
        let mut answer = server.call_ok(tool, arguments.clone());
        // Whose account it is, is the same everywhere.
        answer.as_object_mut().expect("an object").remove("target");
        write_example(&mut text, (tool, use_of_it), arguments, &answer);
    }
    compare(page, name, &text);
}

/// A section whose calls follow each other: an argument `$/handle` is the `handle` of the answer before.
/// What ends in an error or a question is shown as it is, and `target` once, in the first answer.
pub fn check_story_of(page: &str, server: &Server, name: &str, examples: &[Example]) {
    let mut text = String::new();
    let mut before = Value::Null;
    for (at, Example { tool, arguments, use_of_it }) in examples.iter().enumerate() {
        let mut arguments = arguments.clone();
        for argument in arguments.as_object_mut().expect("an object").values_mut() {
            let named = argument.as_str().and_then(|text| text.strip_prefix('$'));
            if let Some(member) = named.map(str::to_owned) {
                *argument = before.pointer(&member).cloned().unwrap_or_default();
                assert!(!argument.is_null(), "no {member} in {before}");
            }
        }
        let mut answer = server.call(tool, arguments.clone())["structuredContent"].clone();
        if at > 0 {
            answer.as_object_mut().expect("an object").remove("target");
        }
        let mut example = String::new();
        write_example(&mut example, (tool, use_of_it), &arguments, &answer);
        for (member, always) in ALWAYS {
            for said in
                [&answer, &before].into_iter().filter_map(|answer| answer.pointer(member)?.as_str())
            {
                example = example.replace(said, always);
            }
        }
        text.push_str(&example);
        before = answer;
    }
    compare(page, name, &text);
}

/// What is new in every run, and how it is written.
const ALWAYS: &[(&str, &str)] = &[
    ("/truncated/handle", "res-k7m2qx3hbc"),
    ("/approval_id", "ap-k7m2qx3hbc"),
    ("/expires_at", "2026-11-21T08:15:00Z"),
];

fn write_example(
    text: &mut String,
    (tool, use_of_it): (&str, &str),
    arguments: &Value,
    answer: &Value,
) {
    writeln!(text, "\n### {tool}\n\n{use_of_it}\n").expect("text");
    writeln!(text, "```json\n{}\n```\n", lines(arguments)).expect("text");
    writeln!(text, "```json\n{}\n```", one_digest(&lines(answer))).expect("text");
}

/// Compares a section with what it should be, or writes it.
fn compare(page: &str, name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect("the section's begin");
    let (section, after) = rest.split_once(&end).expect("the section's end");
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        fs::write(&path, format!("{before}{begin}{text}\n{end}{after}")).expect("the page");
        return;
    }
    assert_eq!(
        section,
        format!("{text}\n"),
        "run `UPDATE=1 cargo test transcripts` if it is meant"
    );
}

/// `text` with every `***(8 digits)` made the same.
fn one_digest(text: &str) -> String {
    let mut parts = text.split("***(");
    let mut same = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        write!(same, "***(1a2b3c4d{}", part.get(8..).unwrap_or_default()).expect("text");
    }
    same
}

/// JSON with a line for each member of the answer and for each row.
fn lines(value: &Value) -> String {
    let Value::Object(members) = value else { return value.to_string() };
    if value.to_string().len() < 100 {
        return value.to_string();
    }
    let line = |(name, value): (&String, &Value)| match value {
        Value::Array(rows) if !rows.is_empty() && value.to_string().len() >= 100 => {
            let rows: Vec<String> = rows.iter().map(|row| format!("    {row}")).collect();
            format!("  {}: [\n{}\n  ]", json!(name), rows.join(",\n"))
        }
        _ => format!("  {}: {value}", json!(name)),
    };
    let members: Vec<String> = (members as &Map<String, Value>).iter().map(line).collect();
    format!("{{\n{}\n}}", members.join(",\n"))
}
