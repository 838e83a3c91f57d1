//! What belongs to the service: its operations, those of its resources, and every shape that can be
//! reached from them. Smithy 2.0, "Service closure".

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ast::{Ast, Node, local, missing};
use super::fields::Fields;
use super::{Result, Unreadable};

/// How many lists and maps may stand in each other without a structure between them.
const NESTED: usize = 16;

/// How many operations a service may have, and how many shapes it may rename. EC2 has 800 operations.
const OPERATIONS_AT_MOST: usize = 5_000;
const RENAMED_AT_MOST: usize = 1_000;

/// What belongs to a service.
pub(super) struct Closure<'a> {
    pub service: Rc<Node<'a>>,
    /// By name.
    pub operations: BTreeMap<&'a str, Rc<Node<'a>>>,
    /// By id.
    pub shapes: BTreeMap<&'a str, Rc<Node<'a>>>,
    names: BTreeMap<&'a str, String>,
}

/// `Unit` stands for no input, no output; as a union's member it is a structure without members.
pub(super) const UNIT: &str = "smithy.api#Unit";

/// Where operations stand in services and resources.
const OPERATIONS: [&str; 2] = ["operations", "collectionOperations"];
const LIFECYCLE: [&str; 6] = ["create", "put", "read", "update", "delete", "list"];

impl<'a> Closure<'a> {
    pub fn of(ast: &Ast<'a>) -> Result<Self> {
        let service = ast.service()?;
        let operations = operations(ast, &service)?;
        let shapes = shapes(ast, &service, operations.values())?;
        for shape in shapes.values() {
            check(shape, &shapes)?;
        }
        let names = names(ast, &service, &shapes)?;
        Ok(Self { service, operations, shapes, names })
    }

    pub fn shape(&self, id: &str) -> Result<&Rc<Node<'a>>> {
        self.shapes.get(id).ok_or_else(|| missing(id))
    }

    /// The name of a shape within the service.
    pub fn name(&self, id: &str) -> Result<String> {
        self.names.get(id).cloned().ok_or_else(|| missing(id))
    }
}

fn operations<'a>(
    ast: &Ast<'a>,
    service: &Rc<Node<'a>>,
) -> Result<BTreeMap<&'a str, Rc<Node<'a>>>> {
    let mut found: BTreeMap<&str, Rc<Node>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut owners = vec![service.clone()];
    while let Some(owner) = owners.pop() {
        let mut ids = Vec::new();
        for key in OPERATIONS {
            ids.extend(owner.targets(key)?);
        }
        for key in LIFECYCLE {
            ids.extend(owner.target(key)?);
        }
        for id in ids {
            let operation = of_kind(ast, &owner, id, "operation")?;
            let id = operation.id;
            if let Some(other) = found.insert(operation.local(), operation)
                && other.id != id
            {
                return Err(Unreadable(format!("{id}: its name is that of {} too", other.id)));
            }
        }
        if found.len() > OPERATIONS_AT_MOST {
            let id = service.id;
            return Err(Unreadable(format!("{id}: more than {OPERATIONS_AT_MOST} operations")));
        }
        for id in owner.targets("resources")? {
            if seen.insert(id) {
                let resource = of_kind(ast, &owner, id, "resource")?;
                resource.traits(ast.notes).end_traits()?;
                owners.push(resource);
            }
        }
    }
    Ok(found)
}

fn of_kind<'a>(ast: &Ast<'a>, owner: &Node<'_>, id: &str, kind: &str) -> Result<Rc<Node<'a>>> {
    let found = ast.get(id).map_err(|error| Unreadable(format!("{}: {error}", owner.id)))?;
    if found.kind == kind {
        return Ok(found);
    }
    let (owner, id, other) = (owner.id, found.id, found.kind);
    Err(Unreadable(format!("{owner}: {id} is a {other} where a {kind} belongs")))
}

fn shapes<'a, 'o>(
    ast: &Ast<'a>,
    service: &Rc<Node<'a>>,
    operations: impl Iterator<Item = &'o Rc<Node<'a>>>,
) -> Result<BTreeMap<&'a str, Rc<Node<'a>>>>
where
    'a: 'o,
{
    let mut shapes = BTreeMap::new();
    let mut open: Vec<Rc<Node>> = Vec::new();
    let mut roots = |owner: &Rc<Node<'a>>, keys: &[&str]| {
        let mut ids = owner.targets("errors")?;
        for key in keys {
            ids.extend(owner.target(key)?.filter(|id| *id != UNIT));
        }
        for id in ids {
            let root = of_kind(ast, owner, id, "structure")?;
            if !shapes.contains_key(root.id) {
                shapes.insert(root.id, root.clone());
                open.push(root);
            }
        }
        Ok::<_, Unreadable>(())
    };
    roots(service, &[])?;
    for operation in operations {
        roots(operation, &["input", "output"])?;
    }
    while let Some(shape) = open.pop() {
        if matches!(shape.kind, "enum" | "intEnum") {
            // Their members are values, which target Unit.
            continue;
        }
        for member in &shape.members {
            if shapes.contains_key(member.target) {
                continue;
            }
            let place = |error| Unreadable(format!("{}${}: {error}", shape.id, member.name));
            let target = ast.get(member.target).map_err(place)?;
            shapes.insert(target.id, target.clone());
            open.push(target);
        }
    }
    Ok(shapes)
}

/// What whoever walks through shapes relies on: lists and maps have their parts, keys are texts, and
/// lists in lists come to an end.
fn check(shape: &Node<'_>, shapes: &BTreeMap<&str, Rc<Node<'_>>>) -> Result<()> {
    let id = shape.id;
    let wrong = |what: &str| Err(Unreadable(format!("{id}: {what}")));
    let names: Vec<&str> = shape.members.iter().map(|member| member.name).take(3).collect();
    match (shape.kind, names.as_slice()) {
        ("list" | "set", ["member"]) => {}
        ("list" | "set", _) => return wrong("a list without a member"),
        ("map", ["key", "value"] | ["value", "key"]) => {}
        ("map", _) => return wrong("a map without a key and a value"),
        ("operation" | "service" | "resource", _) => return wrong("is no type of a member"),
        _ => return Ok(()),
    }
    let kind = |id: &str| shapes.get(id).map(|shape| shape.kind);
    let key = shape.members.iter().find(|member| member.name == "key");
    if key.is_some_and(|key| !matches!(kind(key.target), Some("string" | "enum"))) {
        return wrong("the key of a map must be a text");
    }
    let mut at = shape;
    for _ in 0..NESTED {
        let inner = at.members.iter().find(|member| matches!(member.name, "member" | "value"));
        match inner.and_then(|member| shapes.get(member.target)) {
            Some(next) if matches!(next.kind, "list" | "set" | "map") => at = next,
            Some(_) | None => return Ok(()),
        }
    }
    wrong("lists and maps in each other without an end")
}

/// The name of each shape: without its namespace, as far as that tells shapes apart.
fn names<'a>(
    ast: &Ast<'a>,
    service: &Rc<Node<'a>>,
    shapes: &BTreeMap<&'a str, Rc<Node<'a>>>,
) -> Result<BTreeMap<&'a str, String>> {
    let place = format!("{}, rename", service.id);
    let renamed =
        service.said("rename").map(|map| Fields::of(place, map, ast.notes)).transpose()?;
    let mut renamed = renamed.unwrap_or_else(|| Fields::new(String::new(), Vec::new(), ast.notes));
    if renamed.len() > RENAMED_AT_MOST {
        return Err(renamed.wrong("rename", format!("more than {RENAMED_AT_MOST} names")));
    }
    let mut names = BTreeMap::new();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let (prelude, own): (Vec<_>, Vec<_>) =
        shapes.values().partition(|shape| shape.id.starts_with("smithy.api#"));
    for shape in own.into_iter().chain(prelude) {
        let name = renamed.text(shape.id)?.unwrap_or_else(|| local(shape.id).to_owned());
        let name = match taken.get(&name) {
            None => name,
            Some(other) => match shape.kind {
                // They may share a name, since theirs is never sent.
                "structure" | "union" if shape.id != UNIT => {
                    let id = shape.id;
                    return Err(Unreadable(format!("{id}: its name is that of {other} too")));
                }
                _ => shape.id.to_owned(),
            },
        };
        taken.insert(name.clone(), shape.id);
        names.insert(shape.id, name);
    }
    Ok(names)
}
