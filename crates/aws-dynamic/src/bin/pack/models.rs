//! AWS's service models, reduced to what the catalog needs of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_dynamic::import::botocore::{Files, is_no_token};
use serde::Deserialize;

use crate::Result;
use crate::names;
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

/// Every service, from its files.
pub fn read(files: &BTreeMap<String, Files>, tables: &Tables) -> Result<Vec<Model>> {
    let read = |(folder, files): (&String, &Files)| {
        let raw: Raw =
            serde_json::from_slice(&files.model).map_err(|error| format!("{folder}: {error}"))?;
        Ok(raw.reduced(folder, tables))
    };
    let mut models = files.iter().map(read).collect::<Result<Vec<Model>>>()?;
    models.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(models)
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

/// Where in an answer a shape stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Nothing above it is marked.
    Open,
    /// A shape above it is marked, and no member's name tells.
    Marked,
    /// A marked member is above it.
    Covered,
}

/// The names that a walk through an answer found.
#[derive(Default)]
struct Marks<'a> {
    marked: BTreeSet<&'a str>,
    /// Texts below a marked member.
    covered: BTreeSet<&'a str>,
    /// Names that stand, perhaps elsewhere, for what is not secret.
    open: BTreeSet<&'a str>,
    seen: BTreeSet<(&'a str, Place)>,
}

impl Marks<'_> {
    /// Marked members, and the texts below them as long as their names say nothing else in the same
    /// answer: `environment` covers its `name`, and a container's `name` is no secret.
    fn names(&self) -> BTreeSet<String> {
        let covered = self.covered.difference(&self.open);
        self.marked.iter().chain(covered).map(|name| (*name).to_owned()).collect()
    }
}

impl Raw {
    fn reduced(self, folder: &str, tables: &Tables) -> Model {
        let name = names::canonical(folder).to_owned();
        let operations = self.operations.iter().map(|(operation, raw)| {
            let input = raw.input.as_ref().and_then(|input| self.shapes.get(&input.shape));
            let mut marks = Marks::default();
            if let Some(output) = &raw.output {
                self.mark(output, Place::Open, &mut marks);
            }
            let paths = tables.paths(&name, operation);
            let missing = paths.filter(|path| !input.is_some_and(|input| self.has(input, path)));
            let missing = missing.map(str::to_owned).collect();
            let of = raw.input.as_ref().map_or("", |input| input.shape.as_str());
            let token = |input: &Shape| {
                let tokens = input.members.iter().filter(|(_, member)| member.idempotency_token);
                tokens.into_iter().any(|(member, _)| !is_no_token(&name, of, member))
            };
            let reduced = Operation {
                name: operation.clone(),
                method: raw.http.method.clone(),
                readonly: raw.readonly,
                idempotent: raw.idempotent,
                token: input.is_some_and(token),
                sensitive: marks.names(),
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

    /// Collects the marked members of a shape and of all below it. A shape is visited once in each
    /// place: models are recursive.
    fn mark<'a>(&'a self, at: &'a Reference, place: Place, marks: &mut Marks<'a>) {
        let Some(shape) = self.shapes.get(&at.shape) else { return };
        let place = match place {
            Place::Open if at.sensitive || shape.sensitive => Place::Marked,
            place => place,
        };
        if !marks.seen.insert((&at.shape, place)) {
            return;
        }
        for (name, member) in &shape.members {
            let marked = self.is_marked(member);
            let text = self.shapes.get(&member.shape).map_or("", |shape| shape.r#type.as_str());
            let text = matches!(text, "string" | "blob");
            match place {
                _ if marked => marks.marked.insert(name),
                Place::Open => marks.open.insert(name),
                Place::Marked if text => marks.marked.insert(name),
                Place::Covered if text => marks.covered.insert(name),
                Place::Marked | Place::Covered => false,
            };
            self.mark(member, if marked { Place::Covered } else { place }, marks);
        }
        for item in [&shape.member, &shape.value].into_iter().flatten() {
            self.mark(item, place, marks);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn raw(output: &str, shapes: Value) -> Raw {
        let operation = json!({"http": {"method": "POST"}, "output": {"shape": output}});
        let metadata = json!({"serviceId": "A", "endpointPrefix": "a", "protocol": "json"});
        let raw = json!({"metadata": metadata, "operations": {"B": operation}, "shapes": shapes});
        serde_json::from_value(raw).unwrap()
    }

    fn marked(output: &str, expected: &[&str]) {
        let shapes = json!({
            "S": {"type": "string"},
            "P": {"type": "string", "sensitive": true},
            "Ps": {"type": "list", "member": {"shape": "P"}},
            "M": {"type": "map", "key": {"shape": "S"}, "value": {"shape": "P"}},
            "Pair": {"type": "structure", "sensitive": true, "members":
                {"name": {"shape": "S"}, "value": {"shape": "S"}, "count": {"shape": "N"}}},
            "Pairs": {"type": "list", "member": {"shape": "Pair"}},
            "N": {"type": "integer"},
            "Direct": {"type": "structure", "members":
                {"a": {"shape": "P"}, "b": {"shape": "Ps"}, "c": {"shape": "M"}, "d": {"shape": "S"}}},
            "Below": {"type": "structure", "members":
                {"name": {"shape": "S"}, "pairs": {"shape": "Pairs"}}},
            "Tree": {"type": "structure", "members":
                {"left": {"shape": "Tree"}, "leaf": {"shape": "Direct"}}},
        });
        let raw = raw(output, shapes);
        let mut marks = Marks::default();
        raw.mark(raw.operations["B"].output.as_ref().unwrap(), Place::Open, &mut marks);
        assert_eq!(marks.names().iter().collect::<Vec<_>>(), expected, "{output}");
    }

    #[test]
    fn marked_members_are_found_at_any_depth() {
        marked("Direct", &["a", "b", "c"]);
        marked("Tree", &["a", "b", "c"]);
        marked("Below", &["pairs", "value"]);
        marked("Pair", &["name", "value"]);
        marked("N", &[]);
    }

    #[test]
    fn paths_lead_through_structures_lists_and_maps() {
        let shapes = json!({
            "S": {"type": "string"},
            "D": {"type": "structure", "document": true},
            "Map": {"type": "map", "key": {"shape": "S"}, "value": {"shape": "In"}},
            "List": {"type": "list", "member": {"shape": "In"}},
            "In": {"type": "structure", "members": {"Force": {"shape": "S"}, "Any": {"shape": "D"}}},
            "Out": {"type": "structure", "members":
                {"In": {"shape": "In"}, "List": {"shape": "List"}, "Map": {"shape": "Map"}}},
        });
        let raw = raw("Out", shapes);
        let check = |path: &str, expected| {
            assert_eq!(raw.has(&raw.shapes["Out"], path), expected, "{path}");
        };
        check("in.force", true);
        check("List.Force", true);
        check("Map.whatever.Force", true);
        check("In.Any.thing", true);
        check("In.Forced", false);
        check("Force", false);
        check("In.Force.More", false);
    }
}
