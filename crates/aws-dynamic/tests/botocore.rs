//! Every fact of every shape, member, operation, paginator and waiter is as botocore has it: its JSON
//! is built again from the views and compared with the files. What reads the files here shares
//! nothing with the importer, and leaves out only what `left_out` names.
//!
//! Needs botocore's archive: `cargo test --features pack --test botocore`, with the archive's folder
//! in `AWS_MCP_TEST_SOURCES`.
#![cfg(feature = "pack")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod views;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::import::botocore::{CORRECTIONS, Corrected, LEFT_OUT};
use aws_dynamic::model::Service;
use serde_json::{Map, Value, json};
use views::{operation_of, service_of, shape_of, waiter_of};

type Fields = Map<String, Value>;

/// Folder and version, with their files by name.
type Archive = BTreeMap<(String, String), BTreeMap<String, Value>>;

#[test]
fn every_fact_is_as_botocore_has_it() {
    let models = Models::get().unwrap();
    let mut counts = [0; 6];
    let mut seen = Vec::new();
    for (folder, files) in newest(archive()) {
        let name = match folder.as_str() {
            "config" => "configservice",
            "codedeploy" => "deploy",
            other => other,
        };
        let service = models.service(name).unwrap_or_else(|| panic!("{name} is missing")).unwrap();
        assert!(Index::get().unwrap().service(name).is_some_and(|found| found.name() == name));
        compare(service, files, &mut counts);
        seen.push(name.to_owned());
    }
    seen.sort();
    assert!(models.names().eq(seen.iter().map(String::as_str)));
    assert_eq!(counts, [439, 19_796, 126_940, 239_807, 3_449, 410]);
}

/// What this file leaves out is what the importer says that it leaves out, and no more.
#[test]
fn nothing_is_left_out_in_silence() {
    let mut named: Vec<&str> = LEFT_OUT.iter().map(|(_, key, _)| *key).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(
        named,
        [
            "deprecatedMessage",
            "deprecatedSince",
            "description",
            "documentation",
            "examples",
            "ripServiceName",
            "synthetic",
            "uid",
            "version",
        ]
    );
}

fn archive() -> Archive {
    let folder = std::env::var_os("AWS_MCP_TEST_SOURCES")
        .map(PathBuf::from)
        .expect("AWS_MCP_TEST_SOURCES must name a folder with botocore-1.44.5.tar.gz");
    let file = std::fs::File::open(folder.join("botocore-1.44.5.tar.gz")).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut archive = Archive::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let ["botocore-1.44.5", "botocore", "data", folder, version, file] =
            path.split('/').collect::<Vec<_>>()[..]
        else {
            continue;
        };
        if file.is_empty() || file.starts_with("endpoint-rule") || file.starts_with("examples") {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let content = serde_json::from_slice(&content).unwrap();
        let files = archive.entry((folder.to_owned(), version.to_owned())).or_default();
        files.insert(file.to_owned(), content);
    }
    archive
}

fn newest(archive: Archive) -> BTreeMap<String, BTreeMap<String, Value>> {
    let with_model = archive.into_iter().filter(|(_, files)| files.contains_key("service-2.json"));
    with_model.map(|((folder, _), files)| (folder, files)).collect()
}

fn compare(service: &Service, mut files: BTreeMap<String, Value>, counts: &mut [usize; 6]) {
    let name = service.name();
    let mut model = merged(&mut files, "service-2");
    let mut paginators = take(&mut merged(&mut files, "paginators-1"), "pagination");
    let mut waiters = take(&mut merged(&mut files, "waiters-2"), "waiters");
    assert!(files.is_empty(), "{name}: {:?}", files.keys());

    let mut shapes = take(&mut model, "shapes");
    correct(name, &mut shapes);
    let operations = take(&mut model, "operations");
    counts[0] += 1;

    assert_eq!(operations.len(), service.operations().len(), "{name}");
    for (key, wanted) in operations {
        let mut wanted = fields(wanted);
        counts[1] += 1;
        normal_operation(&mut wanted, &shapes);
        if let Some(paginator) = paginators.shift_remove(&key) {
            counts[4] += 1;
            wanted.insert("paginator".to_owned(), normal_paginator(fields(paginator)));
        }
        let operation = service.operation(&key).unwrap_or_else(|| panic!("{name}:{key}"));
        same(&format!("{name}:{key}"), &operation_of(operation), &Value::Object(wanted));
    }
    assert!(paginators.is_empty(), "{name}: {:?}", paginators.keys());

    assert_eq!(shapes.len(), service.shapes().len(), "{name}");
    for (key, wanted) in shapes {
        let mut wanted = fields(wanted);
        counts[2] += 1;
        counts[3] += wanted.get("members").map_or(0, |members| members.as_object().unwrap().len());
        normal_shape(&mut wanted);
        let shape = service.shape(&key).unwrap_or_else(|| panic!("{name}:{key}"));
        assert_eq!(shape.name(), key);
        same(&format!("{name}, {key}"), &shape_of(shape), &Value::Object(wanted));
    }

    assert_eq!(waiters.len(), service.waiters().len(), "{name}");
    for (key, wanted) in std::mem::take(&mut waiters) {
        let mut wanted = fields(wanted);
        counts[5] += 1;
        wanted.shift_remove("description");
        let waiter = service.waiter(&key).unwrap_or_else(|| panic!("{name}:{key}"));
        assert_eq!(waiter.name(), key);
        same(&format!("{name}, {key}"), &waiter_of(waiter), &Value::Object(wanted));
    }

    normal_service(&mut model);
    same(name, &service_of(service), &Value::Object(model));
}

/// What the importer's table says that botocore has wrongly, botocore has wrongly.
fn correct(service: &str, shapes: &mut Fields) {
    for row in CORRECTIONS.iter().filter(|row| row.service == service) {
        let shape = shapes[row.shape].as_object_mut().unwrap();
        match row.what {
            Corrected::Union => {
                let required = shape.get("required").and_then(Value::as_array);
                assert!(required.is_none_or(Vec::is_empty), "{row:?}");
                assert_eq!(shape.insert("union".to_owned(), json!(true)), None, "{row:?}");
            }
            Corrected::NoToken(member) => {
                let member = shape["members"][member].as_object_mut().unwrap();
                assert_eq!(member.shift_remove("idempotencyToken"), Some(json!(true)), "{row:?}");
            }
        }
    }
}

fn same(place: &str, ours: &Value, theirs: &Value) {
    // Equality of objects does not see the order of their fields; where order counts there are lists.
    assert!(ours == theirs, "{place}\n  ours: {ours}\ntheirs: {theirs}");
}

// ---- botocore's files, without what is left out, and with one spelling of what has several

/// A file with its additions, without its version; empty if there is none.
fn merged(files: &mut BTreeMap<String, Value>, file: &str) -> Fields {
    let mut base = files.remove(&format!("{file}.json")).map(fields).unwrap_or_default();
    base.shift_remove("version");
    if let Some(additions) = files.remove(&format!("{file}.sdk-extras.json")) {
        let mut additions = fields(additions);
        additions.shift_remove("version");
        add(&mut base, take(&mut additions, "merge"));
        assert!(additions.is_empty());
    }
    base
}

fn add(base: &mut Fields, additions: Fields) {
    for (key, value) in additions {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => add(inner, more),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other}"),
    }
}

fn take(from: &mut Fields, key: &str) -> Fields {
    from.shift_remove(key).map(fields).unwrap_or_default()
}

fn without(fields: &mut Fields, keys: &[&str]) {
    keys.iter().for_each(|key| {
        fields.shift_remove(*key);
    });
}

const TEXTS: [&str; 3] = ["documentation", "deprecatedMessage", "deprecatedSince"];

fn normal_service(model: &mut Fields) {
    without(model, &["documentation", "deprecatedMessage", "examples"]);
    let metadata = model["metadata"].as_object_mut().unwrap();
    without(metadata, &["uid", "ripServiceName"]);
    let protocol = metadata.shift_remove("protocol").unwrap();
    let protocols = metadata.entry("protocols").or_insert_with(|| json!([protocol]));
    assert_eq!(protocols[0], protocol);
    if let Some(context) = model.get_mut("clientContextParams") {
        let settings = context.as_object_mut().unwrap().values_mut();
        settings.for_each(|setting| without(setting.as_object_mut().unwrap(), &["documentation"]));
    }
}

fn normal_operation(operation: &mut Fields, shapes: &Fields) {
    without(operation, &TEXTS);
    for part in ["input", "output"] {
        if let Some(part) = operation.get_mut(part) {
            without(part.as_object_mut().unwrap(), &["documentation"]);
        }
    }
    let errors = operation.shift_remove("errors").unwrap_or_default();
    let mut names: Vec<Value> = Vec::new();
    for error in errors.as_array().into_iter().flatten() {
        let name = &error["shape"];
        for (key, value) in error.as_object().unwrap() {
            match key.as_str() {
                "shape" | "documentation" => {}
                key => assert_eq!(value, &shapes[name.as_str().unwrap()][key]),
            }
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    operation.insert("errors".to_owned(), names.into());
}

fn normal_paginator(mut paginator: Fields) -> Value {
    for key in ["input_token", "output_token", "result_key", "non_aggregate_keys"] {
        if let Some(text) = paginator.get_mut(key).filter(|value| value.is_string()) {
            *text = json!([text.take()]);
        }
    }
    paginator.into()
}

fn normal_shape(shape: &mut Fields) {
    without(shape, &TEXTS);
    without(shape, &["synthetic"]);
    let mut required = shape.shift_remove("required").unwrap_or_else(|| json!([]));
    required.as_array_mut().unwrap().sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    shape.insert("required".to_owned(), required);
    for part in ["member", "key", "value"] {
        if let Some(part) = shape.get_mut(part) {
            without(part.as_object_mut().unwrap(), &["documentation"]);
        }
    }
    let members = take(shape, "members");
    let members = members.into_iter().map(|(name, member)| {
        let mut member = fields(member);
        without(&mut member, &TEXTS);
        json!([name, member])
    });
    let members = members.collect();
    shape.insert("members".to_owned(), members);
}
