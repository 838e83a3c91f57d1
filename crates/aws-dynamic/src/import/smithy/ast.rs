//! The shapes of a model with their mixins and applied traits put in. A shape is put together when
//! it is asked for, and borrows everything from the file. Smithy 2.0, "JSON AST" and "Mixins".

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::fields::{Fields, Notes, kind};
use super::{Result, Unreadable};

/// How deep mixins may go.
const MIXINS: usize = 32;
/// How many members and traits all shapes together may have, mixins put in. EC2 has 24,000
/// members, and a few traits for each.
const PARTS: usize = 500_000;
/// How many mixins, lists of a kind, and traits a shape may have: what is looked through one by one.
const EACH: usize = 200;
/// How many members a shape may have. The largest enum of EC2 has 1,437.
const MEMBERS: usize = 10_000;
/// How long the name of a shape may be, its namespace included.
const NAME: usize = 512;

/// The shapes of a file.
pub(super) struct Ast<'a> {
    shapes: &'a Map<String, Value>,
    pub notes: &'a Notes,
    done: RefCell<BTreeMap<&'a str, Rc<Node<'a>>>>,
    parts: Cell<usize>,
}

/// A shape.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub id: &'a str,
    /// The type's name in the model.
    pub kind: &'a str,
    traits: Traits<'a>,
    /// Those of lists and maps too.
    pub members: Vec<Part<'a>>,
    /// Where among them each name is.
    places: BTreeMap<&'a str, usize>,
    /// What else it says, of each mixin before its own.
    said: Vec<(&'a str, &'a Value)>,
}

type Traits<'a> = Vec<(&'a str, &'a Value)>;

/// A member.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub name: &'a str,
    pub target: &'a str,
    traits: Traits<'a>,
}

/// The shapes that every model has. "Primitive" ones have a default.
const PRELUDE: &[(&str, &str)] = &[
    ("smithy.api#BigDecimal", "bigDecimal"),
    ("smithy.api#BigInteger", "bigInteger"),
    ("smithy.api#Blob", "blob"),
    ("smithy.api#Boolean", "boolean"),
    ("smithy.api#Byte", "byte"),
    ("smithy.api#Document", "document"),
    ("smithy.api#Double", "double"),
    ("smithy.api#Float", "float"),
    ("smithy.api#Integer", "integer"),
    ("smithy.api#Long", "long"),
    ("smithy.api#PrimitiveBoolean", "boolean"),
    ("smithy.api#PrimitiveByte", "byte"),
    ("smithy.api#PrimitiveDouble", "double"),
    ("smithy.api#PrimitiveFloat", "float"),
    ("smithy.api#PrimitiveInteger", "integer"),
    ("smithy.api#PrimitiveLong", "long"),
    ("smithy.api#PrimitiveShort", "short"),
    ("smithy.api#Short", "short"),
    ("smithy.api#String", "string"),
    ("smithy.api#Timestamp", "timestamp"),
    ("smithy.api#Unit", "structure"),
];

impl<'a> Ast<'a> {
    pub fn new(shapes: &'a Map<String, Value>, notes: &'a Notes) -> Self {
        Self { shapes, notes, done: RefCell::default(), parts: Cell::new(0) }
    }

    /// The one service of the model.
    pub fn service(&self) -> Result<Rc<Node<'a>>> {
        let is_service = |shape: &&Value| shape.get("type").is_some_and(|kind| kind == "service");
        let services = self.shapes.iter().filter(|(_, shape)| is_service(shape));
        let services: Vec<&str> = services.map(|(id, _)| id.as_str()).take(2).collect();
        match services.as_slice() {
            [id] => self.get(id),
            [] => Err(Unreadable("the model has no service".to_owned())),
            [..] => Err(Unreadable("the model has more than one service".to_owned())),
        }
    }

    /// A shape; `id` may stand anywhere in the file.
    pub fn get(&self, id: &str) -> Result<Rc<Node<'a>>> {
        self.at(id, MIXINS)
    }

    fn at(&self, id: &str, depth: usize) -> Result<Rc<Node<'a>>> {
        if let Some(done) = self.done.borrow().get(id) {
            return Ok(done.clone());
        }
        let node = match self.shapes.get_key_value(id) {
            Some((id, shape)) => self.read(id, shape, depth)?,
            None => prelude(id).ok_or_else(|| missing(id))?,
        };
        let members = node.members.iter().map(|member| member.traits.len() + 1);
        let parts = node.traits.len() + node.said.len() + members.sum::<usize>();
        self.parts.set(self.parts.get().saturating_add(parts));
        if self.parts.get() > PARTS {
            return Err(Unreadable(format!(
                "{id}: with it the model has more than {PARTS} members and traits"
            )));
        }
        let node = Rc::new(node);
        self.done.borrow_mut().insert(node.id, node.clone());
        Ok(node)
    }

    fn read(&self, id: &'a str, shape: &'a Value, depth: usize) -> Result<Node<'a>> {
        if id.len() > NAME || !id.contains('#') || id.contains('$') {
            let start: String = id.chars().take(60).collect();
            return Err(Unreadable(format!("{start}: is no name of a shape")));
        }
        let mut fields = Fields::of(id.to_owned(), shape, self.notes)?;
        let kind = match fields.take("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(_) | None => return Err(fields.wrong("type", "is missing, or is no text")),
        };
        let mut node = Node::new(id, kind);
        let mixins = targets(&mut fields, "mixins")?;
        if mixins.len() > EACH {
            return Err(fields.wrong("mixins", format!("more than {EACH}")));
        }
        for mixin in mixins {
            let Some(below) = depth.checked_sub(1) else {
                return Err(Unreadable(format!("{id}: mixins that go in a circle, or too deep")));
            };
            node.mix(&*self.at(mixin, below)?)?;
        }
        traits(&mut fields)?
            .into_iter()
            .for_each(|(name, value)| put(&mut node.traits, name, value));
        match kind {
            "structure" | "union" | "enum" | "intEnum" => {
                for (name, member) in fields.named("members")? {
                    node.member(name, member)?;
                }
            }
            "list" | "set" => {
                if let Some(member) = fields.object("member")? {
                    node.member("member", member)?;
                }
            }
            "map" => {
                for part in ["key", "value"] {
                    if let Some(member) = fields.object(part)? {
                        node.member(part, member)?;
                    }
                }
            }
            _ => {}
        }
        for key in keys(kind).ok_or_else(|| fields.wrong("type", "is not known"))? {
            node.said.extend(fields.take(key).map(|value| (*key, value)));
        }
        fields.end()?;
        for member in &mut node.members {
            // How traits of members that come from a mixin are said.
            let Some(applied) = self.shapes.get(&format!("{id}${}", member.name)) else { continue };
            let place = format!("{id}${}", member.name);
            let mut applied = Fields::of(place, applied, self.notes)?;
            if applied.text("type")?.as_deref() != Some("apply") {
                return Err(applied.wrong("type", "expected apply"));
            }
            for (name, value) in traits(&mut applied)? {
                put(&mut member.traits, name, value);
            }
            applied.end()?;
        }
        Ok(node)
    }
}

impl<'a> Node<'a> {
    fn new(id: &'a str, kind: &'a str) -> Self {
        let (traits, members, said) = (Vec::new(), Vec::new(), Vec::new());
        Self { id, kind, traits, members, places: BTreeMap::new(), said }
    }

    /// The name without its namespace.
    pub fn local(&self) -> &'a str {
        local(self.id)
    }

    pub fn traits(&self, notes: &'a Notes) -> Fields<'a> {
        Fields::new(self.id.to_owned(), self.traits.clone(), notes)
    }

    pub fn has_member(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// A value of what it says beside traits and members: its own before any of a mixin.
    pub fn said(&self, key: &str) -> Option<&'a Value> {
        self.said.iter().rev().find(|(said, _)| *said == key).map(|(_, value)| *value)
    }

    /// The shape that it names.
    pub fn target(&self, key: &str) -> Result<Option<&'a str>> {
        self.said(key).map(|value| target(self.id, key, value)).transpose()
    }

    /// The shapes that it and its mixins list, each once.
    pub fn targets(&self, key: &str) -> Result<Vec<&'a str>> {
        let mut targets = Vec::new();
        for (_, value) in self.said.iter().filter(|(said, _)| *said == key) {
            let Value::Array(list) = value else {
                let (id, got) = (self.id, self::kind(value));
                return Err(Unreadable(format!("{id}, {key}: expected a list, got {got}")));
            };
            for entry in list {
                targets.push(target(self.id, key, entry)?);
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        targets.retain(|target| seen.insert(*target));
        Ok(targets)
    }

    /// Takes over what a mixin has, all but its local traits.
    fn mix(&mut self, mixin: &Node<'a>) -> Result<()> {
        let about = mixin.traits.iter().find(|(name, _)| *name == "smithy.api#mixin");
        let Some((_, about)) = about else {
            let (id, mixin) = (self.id, mixin.id);
            return Err(Unreadable(format!("{id}, mixins: {mixin} is no mixin")));
        };
        if mixin.kind != self.kind {
            let Self { id, kind, .. } = self;
            let (mixin, other) = (mixin.id, mixin.kind);
            return Err(Unreadable(format!("{id}, mixins: {mixin} is a {other}, not a {kind}")));
        }
        let local = about.get("localTraits").and_then(Value::as_array);
        let is_local = |name: &str| local.is_some_and(|list| list.iter().any(|one| one == name));
        for (name, value) in &mixin.traits {
            if *name != "smithy.api#mixin" && !is_local(name) {
                put(&mut self.traits, name, value);
            }
        }
        for member in &mixin.members {
            self.inherit(member)?;
        }
        self.said.extend(&mixin.said);
        if self.said.len() > EACH || self.traits.len() > EACH {
            return Err(Unreadable(format!("{}, mixins: they say too much", self.id)));
        }
        Ok(())
    }

    fn inherit(&mut self, member: &Part<'a>) -> Result<()> {
        let place = self.places.get(member.name);
        if place.is_none() && self.members.len() >= MEMBERS {
            return Err(Unreadable(format!("{}: more than {MEMBERS} members", self.id)));
        }
        match place.and_then(|place| self.members.get_mut(*place)) {
            None => {
                self.places.insert(member.name, self.members.len());
                self.members.push(member.clone());
            }
            Some(known) if known.target == member.target => {
                member.traits.iter().for_each(|(name, value)| put(&mut known.traits, name, value));
            }
            Some(known) => {
                let (id, name) = (self.id, known.name);
                return Err(Unreadable(format!("{id}${name}: its mixins disagree on its target")));
            }
        }
        Ok(())
    }

    fn member(&mut self, name: &'a str, mut fields: Fields<'a>) -> Result<()> {
        let id = self.id;
        let target = match fields.take("target") {
            Some(Value::String(target)) => target.as_str(),
            Some(_) | None => return Err(fields.wrong("target", "is missing, or is no text")),
        };
        let part = Part { name, target, traits: traits(&mut fields)? };
        if name.is_empty() || name.contains(['$', '#', '.']) {
            return Err(Unreadable(format!("{id}: a member has no name, or one that cannot be")));
        }
        fields.end()?;
        self.inherit(&part)
    }
}

impl<'a> Part<'a> {
    pub fn has(&self, name: &str) -> bool {
        self.traits.iter().any(|(known, _)| *known == name)
    }

    pub fn traits(&self, of: &str, notes: &'a Notes) -> Fields<'a> {
        Fields::new(format!("{of}${}", self.name), self.traits.clone(), notes)
    }
}

/// The name of a shape without its namespace.
pub(super) fn local(id: &str) -> &str {
    id.split_once('#').map_or(id, |(_, local)| local)
}

pub(super) fn missing(id: &str) -> Unreadable {
    let start: String = id.chars().take(NAME).collect();
    Unreadable(format!("{start}: is not in the model"))
}

/// What shapes of a type may say beside traits, mixins and members; none for an unknown type.
fn keys(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "blob" | "boolean" | "string" | "byte" | "short" | "integer" | "long" | "float"
        | "double" | "bigInteger" | "bigDecimal" | "timestamp" | "document" | "structure"
        | "union" | "enum" | "intEnum" | "list" | "set" | "map" => &[],
        "operation" => &["input", "output", "errors"],
        "service" => &["version", "operations", "resources", "errors", "rename"],
        "resource" => &[
            "identifiers",
            "properties",
            "create",
            "put",
            "read",
            "update",
            "delete",
            "list",
            "operations",
            "collectionOperations",
            "resources",
        ],
        _ => return None,
    })
}

fn prelude(id: &str) -> Option<Node<'static>> {
    static ZERO: Value = Value::Bool(false);
    let (id, kind) = PRELUDE.iter().find(|(known, _)| *known == id)?;
    let primitive = local(id).starts_with("Primitive");
    let traits = primitive.then_some(("smithy.api#default", &ZERO)).into_iter().collect();
    Some(Node { traits, ..Node::new(id, kind) })
}

fn traits<'a>(fields: &mut Fields<'a>) -> Result<Traits<'a>> {
    match fields.take("traits") {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) if map.len() > EACH => {
            Err(fields.wrong("traits", format!("more than {EACH}")))
        }
        Some(Value::Object(map)) => {
            Ok(map.iter().map(|(name, value)| (name.as_str(), value)).collect())
        }
        Some(_) => Err(fields.wrong("traits", "expected an object")),
    }
}

fn targets<'a>(fields: &mut Fields<'a>, key: &str) -> Result<Vec<&'a str>> {
    let place = fields.place().to_owned();
    let list = fields.list(key)?.into_iter().flatten();
    list.map(|entry| target(&place, key, entry)).collect()
}

fn target<'a>(place: &str, key: &str, value: &'a Value) -> Result<&'a str> {
    let target = value.get("target").and_then(Value::as_str);
    target.ok_or_else(|| Unreadable(format!("{place}, {key}: expected the target of a reference")))
}

/// A later trait takes the place of an earlier one of its name.
fn put<'a>(traits: &mut Traits<'a>, name: &'a str, value: &'a Value) {
    match traits.iter_mut().find(|(known, _)| *known == name) {
        Some(known) => known.1 = value,
        None => traits.push((name, value)),
    }
}
