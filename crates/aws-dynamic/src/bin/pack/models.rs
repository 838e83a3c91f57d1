//! AWS's service models, reduced to what the catalog needs of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Result;
use crate::names;
use crate::sources;
use crate::tables::Tables;

/// A service.
pub struct Model {
    pub name: String,
    pub folder: String,
    pub id: String,
    pub signing_name: String,
    pub endpoint_prefix: String,
    pub rest: bool,
    pub operations: BTreeMap<String, Operation>,
}

/// An operation.
pub struct Operation {
    pub name: String,
    pub method: String,
    pub readonly: bool,
    pub idempotent: bool,
    pub token: bool,
    /// Members of the answer that are marked, at any depth.
    pub sensitive: BTreeSet<String>,
    /// Paths that the reviewed table uses and the input does not have.
    pub missing: Vec<String>,
}

/// The newest version of every service.
pub fn read(archive: &[u8], tables: &Tables) -> Result<Vec<Model>> {
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    sources::entries(
        archive,
        |path| of_path(path).is_some(),
        |path, _| {
            if let Some((folder, version)) = of_path(path) {
                let newest = newest.entry(folder.to_owned()).or_default();
                *newest = version.max(newest).to_owned();
            }
            Ok(())
        },
    )?;
    let wanted = |path: &str| {
        of_path(path)
            .is_some_and(|(folder, v)| newest.get(folder).is_some_and(|newest| newest == v))
    };
    let mut models = Vec::new();
    sources::entries(archive, wanted, |path, content| {
        let folder = of_path(path).map_or(path, |(folder, _)| folder);
        let raw: Raw =
            serde_json::from_slice(content).map_err(|error| format!("{path}: {error}"))?;
        models.push(raw.reduced(folder, tables));
        Ok(())
    })?;
    models.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(models)
}

fn of_path(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix("botocore/data/")?.strip_suffix("/service-2.json")?;
    below.split_once('/')
}

#[derive(Deserialize)]
struct Raw {
    metadata: Metadata,
    operations: BTreeMap<String, RawOperation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    service_id: String,
    endpoint_prefix: String,
    signing_name: Option<String>,
    protocol: String,
}

#[derive(Deserialize)]
struct RawOperation {
    http: Http,
    input: Option<Reference>,
    output: Option<Reference>,
    #[serde(default)]
    readonly: bool,
    #[serde(default)]
    idempotent: bool,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    shape: String,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    idempotency_token: bool,
}

#[derive(Deserialize)]
struct Shape {
    r#type: String,
    #[serde(default)]
    members: BTreeMap<String, Reference>,
    member: Option<Reference>,
    key: Option<Reference>,
    value: Option<Reference>,
    #[serde(default)]
    sensitive: bool,
    /// A JSON value of any content.
    #[serde(default)]
    document: bool,
}

impl Raw {
    fn reduced(self, folder: &str, tables: &Tables) -> Model {
        let name = names::canonical(folder).to_owned();
        let operations = self.operations.iter().map(|(operation, raw)| {
            let input = raw.input.as_ref().and_then(|input| self.shapes.get(&input.shape));
            let mut sensitive = BTreeSet::new();
            if let Some(output) = &raw.output {
                self.mark(output, false, &mut BTreeSet::new(), &mut sensitive);
            }
            let paths = tables.paths(&name, operation);
            let missing = paths.filter(|path| !input.is_some_and(|input| self.has(input, path)));
            let missing = missing.map(str::to_owned).collect();
            let token = |input: &Shape| input.members.values().any(|m| m.idempotency_token);
            let reduced = Operation {
                name: operation.clone(),
                method: raw.http.method.clone(),
                readonly: raw.readonly,
                idempotent: raw.idempotent,
                token: input.is_some_and(token),
                sensitive,
                missing,
            };
            (operation.clone(), reduced)
        });
        let operations = operations.collect();
        Model {
            name,
            folder: folder.to_owned(),
            signing_name: self
                .metadata
                .signing_name
                .as_ref()
                .unwrap_or(&self.metadata.endpoint_prefix)
                .clone(),
            id: self.metadata.service_id,
            endpoint_prefix: self.metadata.endpoint_prefix,
            rest: self.metadata.protocol.starts_with("rest"),
            operations,
        }
    }

    /// Collects the members that are marked, and the texts inside what is marked. `within` says that
    /// something above is marked. A shape is visited once in each case: models are recursive.
    fn mark<'a>(
        &'a self,
        at: &'a Reference,
        within: bool,
        seen: &mut BTreeSet<(&'a str, bool)>,
        names: &mut BTreeSet<String>,
    ) {
        let Some(shape) = self.shapes.get(&at.shape) else { return };
        let within = within || at.sensitive || shape.sensitive;
        if !seen.insert((&at.shape, within)) {
            return;
        }
        for (name, member) in &shape.members {
            let text = self.shapes.get(&member.shape).map_or("", |shape| shape.r#type.as_str());
            if self.is_marked(member) || within && matches!(text, "string" | "blob") {
                names.insert(name.clone());
            }
            self.mark(member, within, seen, names);
        }
        for item in [&shape.member, &shape.value].into_iter().flatten() {
            self.mark(item, within, seen, names);
        }
    }

    /// Whether a member is marked: itself, its shape, or what a list or a map of it consists of.
    fn is_marked(&self, at: &Reference) -> bool {
        let Some(shape) = self.shapes.get(&at.shape) else { return false };
        // Lists of lists end somewhere: only a structure can contain itself.
        let items = [&shape.member, &shape.key, &shape.value];
        at.sensitive || shape.sensitive || items.into_iter().flatten().any(|at| self.is_marked(at))
    }

    /// Whether an input has a member at a dotted path; a map and a document have every member.
    fn has(&self, shape: &Shape, path: &str) -> bool {
        if shape.document {
            return true;
        }
        let into = |at: &Reference, path| {
            self.shapes.get(&at.shape).is_some_and(|shape| self.has(shape, path))
        };
        if let Some(item) = &shape.member {
            return into(item, path);
        }
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let found = match &shape.value {
            Some(value) => Some(value),
            None => {
                shape.members.iter().find(|(n, _)| n.eq_ignore_ascii_case(first)).map(|(_, m)| m)
            }
        };
        found.is_some_and(|member| rest.is_none_or(|rest| into(member, rest)))
    }
}
