//! The cases, read from botocore's archive. Each brings a small model of its own, which takes the
//! way of every model: importer, packed form, views.

use std::borrow::Cow;
use std::io::Read;
use std::path::PathBuf;

use aws_dynamic::catalog::{Models, Packing, write_models};
use aws_dynamic::import::botocore::{self, Files};
use aws_dynamic::model::terms::Kind;
use aws_dynamic::model::{Member, Operation, Shape};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{DateTime, base64};
use serde_json::{Map, Value, json};

/// Whether a case is of requests or of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Input,
    Output,
}

/// A case.
pub struct Case {
    pub direction: Direction,
    /// `rest-json: RestJsonAllQueryStringTypes`.
    pub name: String,
    pub protocol: String,
    /// What it gives and expects.
    pub content: Value,
    /// The host with the path that a client of this case has.
    pub endpoint: String,
    models: Models,
}

impl Case {
    pub fn operation(&self) -> Operation<'_> {
        let service = self.models.service("cases").unwrap().unwrap();
        service.operation(self.content["given"]["name"].as_str().unwrap()).unwrap()
    }
}

/// All cases, in the archive's order.
pub fn all() -> Vec<Case> {
    let folder = std::env::var_os("AWS_MCP_TEST_SOURCES")
        .map(PathBuf::from)
        .expect("AWS_MCP_TEST_SOURCES must name a folder with botocore-1.44.5.tar.gz");
    let file = std::fs::File::open(folder.join("botocore-1.44.5.tar.gz")).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut cases = Vec::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let Some((_, place)) = path.split_once("/tests/unit/protocols/") else { continue };
        let direction = match place.split_once('/') {
            Some(("input", _)) => Direction::Input,
            Some(("output", _)) => Direction::Output,
            _ => continue,
        };
        let file = place.rsplit('/').next().unwrap_or_default();
        let Some(file) = file.strip_suffix(".json") else { continue };
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let suites: Vec<Value> = serde_json::from_str(&text).unwrap();
        for suite in &suites {
            for content in suite["cases"].as_array().unwrap() {
                cases.push(Case {
                    direction,
                    name: format!("{file}: {}", content["id"].as_str().unwrap()),
                    protocol: suite["metadata"]["protocol"].as_str().unwrap().to_owned(),
                    content: content.clone(),
                    endpoint: suite["clientEndpoint"].as_str().unwrap_or_default().to_owned(),
                    models: models(suite, content),
                });
            }
        }
    }
    cases
}

fn models(suite: &Value, case: &Value) -> Models {
    let mut metadata = suite["metadata"].as_object().unwrap().clone();
    for needed in ["serviceId", "serviceFullName", "apiVersion", "endpointPrefix"] {
        metadata.entry(needed).or_insert(json!("cases"));
    }
    metadata.entry("signatureVersion").or_insert(json!("v4"));
    let mut operation = case["given"].as_object().unwrap().clone();
    let name = operation["name"].as_str().unwrap().to_owned();
    // Beside the shape, cases repeat less of an error than models do.
    for error in operation.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        *error = json!({"shape": error["shape"]});
    }
    let mut shapes = suite["shapes"].clone();
    normal(&mut shapes);
    prefixes(&mut shapes);
    let operations = json!({ name: operation });
    let model = json!({"metadata": metadata, "operations": operations, "shapes": shapes});
    let files = Files { model: model.to_string().into_bytes(), ..Files::default() };
    let service = botocore::service("cases", &files).unwrap_or_else(|e| panic!("{case}: {e}"));
    Models::open(Cow::Owned(write_models::encode("", vec![service], Packing::Fast).unwrap()))
        .unwrap()
}

/// Some cases have namespaces as a text where models have an object.
fn normal(shapes: &mut Value) {
    for (key, fact) in shapes.as_object_mut().into_iter().flatten() {
        match fact.as_str() {
            Some(uri) if key == "xmlNamespace" => *fact = json!({"uri": uri}),
            _ => normal(fact),
        }
    }
}

/// Some cases have a namespace's prefix at a member, models of AWS at shapes only: the member gets a
/// shape of its own that has it.
fn prefixes(shapes: &mut Value) {
    let mut own = Map::new();
    for (name, shape) in shapes.clone().as_object().unwrap() {
        for (member, target) in shape["members"].as_object().into_iter().flatten() {
            let namespace = &target["xmlNamespace"];
            if !namespace["prefix"].is_null() {
                let mut shape = shapes[target["shape"].as_str().unwrap()].clone();
                shape["xmlNamespace"] = namespace.clone();
                let new = format!("{name}{member}");
                let target = shapes[name]["members"][member].as_object_mut().unwrap();
                target.shift_remove("xmlNamespace");
                target.insert("shape".to_owned(), json!(new));
                own.insert(new, shape);
            }
        }
    }
    shapes.as_object_mut().unwrap().extend(own);
}

/// A value of a case in the JSON of this crate: cases have blobs as plain text and times in seconds
/// since 1970.
pub fn ours(shape: Shape<'_>, value: &Value) -> Value {
    let of_member = |member: Member<'_>, value: &Value| match value {
        value if member.is_json_value() => value.clone(),
        value => ours(member.shape(), value),
    };
    match (shape.kind(), value) {
        (Kind::Structure | Kind::Union, Value::Object(fields)) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let field = |(name, value): (&String, &Value)| {
                let member = shape.member(name).unwrap_or_else(|| panic!("no member {name}"));
                (name.clone(), of_member(member, value))
            };
            Value::Object(fields.map(field).collect::<Map<_, _>>())
        }
        (Kind::List, Value::Array(values)) => {
            values.iter().map(|value| of_member(shape.element().unwrap(), value)).collect()
        }
        (Kind::Map, Value::Object(fields)) => {
            let of = shape.value().unwrap();
            let field = |(name, value): (&String, _)| (name.clone(), of_member(of, value));
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
        (Kind::Blob, Value::String(text)) => base64::encode(text).into(),
        (Kind::Timestamp, Value::Number(seconds)) => {
            let time = DateTime::from_secs_f64(seconds.as_f64().unwrap());
            time.fmt(Format::DateTime).unwrap().into()
        }
        (_, value) => value.clone(),
    }
}
