//! Draws shapes as JSON Schema. What is drawn open, and with how many known values, is decided
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::path::{NESTED, Place};
use crate::model::Shape;
use crate::model::terms::{Kind, Location};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How much is said of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    /// How many known values of an enumeration.
    pub values: usize,
    /// How long a pattern may be that is shown.
    pub pattern: usize,
}

/// What is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened<'a> {
    /// By the rows of the shapes: where each was seen first.
    places: BTreeMap<usize, Place<'a>>,
    /// The rows in the order in which they were opened.
    order: Vec<usize>,
}

/// Schemas of places.
#[derive(Debug)]
pub(super) struct Drawing<'o, 'a> {
    pub opened: &'o Opened<'a>,
    pub detail: Detail,
    /// The rows of shapes that are drawn once, under `$defs`.
    pub shared: BTreeSet<usize>,
    /// The row of the structure that is the whole schema.
    pub root: Option<usize>,
}

/// The schema of no input.
pub(super) fn nothing() -> Value {
    json!({"$schema": DIALECT, "type": "object", "additionalProperties": false})
}

/// What remains to be said where nothing fits.
pub(super) fn too_large() -> Value {
    json!({"$schema": DIALECT, "description": "larger than the limit: ask with a greater one"})
}

impl<'a> Opened<'a> {
    pub fn open(&mut self, place: Place<'a>) {
        self.order.push(place.shape.row());
        self.places.insert(place.shape.row(), place);
    }

    pub fn has(&self, row: usize) -> bool {
        self.places.contains_key(&row)
    }

    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.order.iter().copied()
    }

    /// Closes what was opened last, but for the first; none if there is nothing to close.
    pub fn close(&mut self) -> Option<()> {
        let last = self.order.pop_if(|_| self.places.len() > 1)?;
        self.places.remove(&last).map(drop)
    }

    /// The shapes that more than one open place leads to.
    fn shared(&self, root: &Place<'a>) -> BTreeSet<usize> {
        let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
        let places = self.places.values();
        let members = places.flat_map(|place| place.shape.members().map(|m| place.member(m)));
        for place in members.chain([root.clone()]) {
            *uses.entry(place.innermost().shape.row()).or_default() += 1;
        }
        uses.into_iter().filter(|(row, uses)| *uses > 1 && self.has(*row)).map(|(r, _)| r).collect()
    }
}

impl<'o, 'a> Drawing<'o, 'a> {
    pub fn new(opened: &'o Opened<'a>, detail: Detail, root: &Place<'a>) -> Self {
        let is_structure = root.shape.kind().has_named_members();
        Self {
            opened,
            detail,
            shared: opened.shared(root),
            root: is_structure.then(|| root.shape.row()),
        }
    }

    /// The whole schema.
    pub fn whole(&self, root: &Place<'a>) -> Value {
        let mut schema = Map::new();
        schema.insert("$schema".into(), DIALECT.into());
        if self.root.is_some() {
            schema.extend(self.structure(root));
            self.annotate(root, &mut schema);
        } else {
            schema.extend(self.place(root));
        }
        let shared = self.shared.iter().filter(|row| self.root != Some(**row));
        let places = shared.filter_map(|row| self.opened.places.get(row));
        let definitions: Map<String, Value> =
            places.map(|place| (label(place.shape), self.structure(place).into())).collect();
        if !definitions.is_empty() {
            schema.insert("$defs".into(), definitions.into());
        }
        schema.into()
    }

    /// A schema of names, for a structure whose members do not fit.
    pub fn names(&self, root: &Place<'a>, limit: usize) -> Value {
        let (required, others): (Vec<_>, Vec<_>) =
            root.shape.members().partition(|m| m.is_required() && !m.is_idempotency_token());
        let (count, all) = (required.len(), required.len() + others.len());
        // What stands around the members.
        let mut left = limit.saturating_sub(380);
        let mut take = |bytes: usize| {
            let fits = bytes <= left;
            left -= if fits { bytes } else { 0 };
            fits
        };
        let members = required.into_iter().chain(others).enumerate();
        let named: Vec<_> = members
            .filter(|(n, m)| take(m.name().len() * if *n < count { 2 } else { 1 } + 12))
            .collect();
        let drawn = named.iter().map(|(_, member)| {
            let schema = Value::Object(self.place(&root.member(*member)));
            let schema = if take(size(&schema)) { schema } else { Value::Bool(true) };
            (member.name().to_owned(), schema)
        });
        let properties: Map<String, Value> = drawn.collect();
        let required: Vec<&str> =
            named.iter().filter(|(n, _)| *n < count).map(|(_, member)| member.name()).collect();
        let mut schema = Map::new();
        schema.insert("$schema".into(), DIALECT.into());
        schema.insert("type".into(), "object".into());
        let left_out = match all - named.len() {
            0 => String::new(),
            more => format!("; {more} more members are left out"),
        };
        let about = format!("cut: a member that is true is opened by its name as path{left_out}");
        schema.insert("description".into(), about.into());
        schema.insert("properties".into(), properties.into());
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        if named.len() == all {
            schema.insert("additionalProperties".into(), false.into());
        }
        if root.shape.kind() == Kind::Union {
            schema.insert("minProperties".into(), 1.into());
            schema.insert("maxProperties".into(), 1.into());
        }
        schema.into()
    }

    /// The bytes of a structure that is drawn open.
    pub fn size_of_open(&self, place: &Place<'a>) -> usize {
        size(&self.structure(place).into())
    }

    /// The bytes of a structure in its place.
    pub fn size_of(&self, place: &Place<'a>) -> usize {
        size(&self.composite(place).into())
    }

    fn place(&self, place: &Place<'a>) -> Map<String, Value> {
        let mut schema = self.value(place, 0);
        self.annotate(place, &mut schema);
        schema
    }

    fn value(&self, place: &Place<'a>, nested: usize) -> Map<String, Value> {
        let shape = place.shape;
        if place.member.is_some_and(|member| member.is_json_value()) {
            return described("any JSON, sent as a text");
        }
        match shape.kind() {
            Kind::Structure | Kind::Union => self.composite(place),
            Kind::Document => described("any JSON"),
            Kind::List | Kind::Map => self.entries(place, nested),
            Kind::String | Kind::Character => self.text(place),
            Kind::Boolean => typed("boolean"),
            Kind::Byte => number(shape, "int8"),
            Kind::Short => number(shape, "int16"),
            Kind::Integer => number(shape, "int32"),
            Kind::Long => number(shape, "int64"),
            Kind::BigInteger => number(shape, ""),
            Kind::Float | Kind::Double | Kind::BigDecimal => {
                let mut schema = number(shape, "");
                schema.insert("type".into(), json!(["number", "string"]));
                schema.insert("pattern".into(), "^(NaN|-?Infinity)$".into());
                schema
            }
            Kind::Timestamp => {
                let mut schema = typed("string");
                schema.insert("type".into(), json!(["string", "number"]));
                schema.insert("format".into(), "date-time".into());
                note(&mut schema, "or seconds since 1970");
                schema
            }
            Kind::Blob => {
                let mut schema = typed("string");
                schema.insert("contentEncoding".into(), "base64".into());
                schema.insert("pattern".into(), "^[A-Za-z0-9+/]*={0,2}$".into());
                let encoded = |bytes: u64| bytes.div_ceil(3).saturating_mul(4);
                bounds(&mut schema, shape, ["minLength", "maxLength"], encoded);
                schema
            }
        }
    }

    /// A structure or union where it stands: open, elsewhere, or cut.
    fn composite(&self, place: &Place<'a>) -> Map<String, Value> {
        let row = place.shape.row();
        let reference = |to: String| Map::from_iter([("$ref".to_owned(), Value::from(to))]);
        if self.root == Some(row) {
            return reference("#".to_owned());
        }
        if self.shared.contains(&row) {
            return reference(format!("#/$defs/{}", label(place.shape)));
        }
        if self.opened.has(row) || place.shape.members().len() == 0 {
            return self.structure(place);
        }
        let mut schema = typed("object");
        note(&mut schema, &format!("cut: open with path {}", place.path));
        schema
    }

    fn structure(&self, place: &Place<'a>) -> Map<String, Value> {
        let shape = place.shape;
        let mut schema = typed("object");
        if shape.is_event_stream() {
            note(&mut schema, "a stream of events");
        }
        if shape.kind() == Kind::Union {
            note(&mut schema, "exactly one member");
            schema.insert("minProperties".into(), 1.into());
            schema.insert("maxProperties".into(), 1.into());
        }
        let members = shape.members().map(|member| {
            (member.name().to_owned(), Value::Object(self.place(&place.member(member))))
        });
        let properties: Map<String, Value> = members.collect();
        if !properties.is_empty() {
            schema.insert("properties".into(), properties.into());
        }
        let required = shape.members().filter(|m| m.is_required() && !m.is_idempotency_token());
        let required: Vec<&str> = required.map(|member| member.name()).collect();
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        schema
    }

    fn entries(&self, place: &Place<'a>, nested: usize) -> Map<String, Value> {
        let shape = place.shape;
        let entry = place.entry().filter(|_| nested < NESTED);
        let entry = entry.map(|entry| {
            let mut schema = self.value(&entry, nested + 1);
            self.annotate(&entry, &mut schema);
            if shape.is_sparse() {
                json!({"anyOf": [schema, {"type": "null"}]})
            } else {
                schema.into()
            }
        });
        let entry = entry.unwrap_or(Value::Bool(true));
        if shape.kind() == Kind::List {
            let mut schema = typed("array");
            schema.insert("items".into(), entry);
            bounds(&mut schema, shape, ["minItems", "maxItems"], |count| count);
            return schema;
        }
        let mut schema = typed("object");
        if let Some(key) = shape.key() {
            let place = Place { shape: key.shape(), member: Some(key), path: place.path.clone() };
            let mut names = self.text(&place);
            names.remove("type");
            if !names.is_empty() {
                schema.insert("propertyNames".into(), names.into());
            }
        }
        schema.insert("additionalProperties".into(), entry);
        bounds(&mut schema, shape, ["minProperties", "maxProperties"], |count| count);
        schema
    }

    fn text(&self, place: &Place<'a>) -> Map<String, Value> {
        let shape = place.shape;
        let mut schema = typed("string");
        bounds(&mut schema, shape, ["minLength", "maxLength"], |length| length);
        let in_path = place.member.is_some_and(|m| m.location() == Some(Location::Uri));
        if in_path && schema.get("minLength").and_then(Value::as_u64).is_none_or(|min| min == 0) {
            schema.insert("minLength".into(), 1.into());
        }
        let of_member: Vec<&str> =
            place.member.into_iter().flat_map(|member| member.enum_values()).collect();
        let known = if of_member.is_empty() { shape.enum_values().collect() } else { of_member };
        if !known.is_empty() {
            let shown = known.get(..self.detail.values).unwrap_or(&known);
            if shown.len() < known.len() {
                let (some, all) = (shown.len(), known.len());
                let path = &place.path;
                note(&mut schema, &format!("{some} of {all} known values; all with path {path}"));
            }
            schema.insert("x-enum".into(), shown.into());
        }
        if let Some(pattern) = shape.pattern().filter(|text| text.len() <= self.detail.pattern) {
            schema.insert("x-pattern".into(), pattern.into());
        }
        schema
    }

    /// What is said of a place whatever stands there.
    fn annotate(&self, place: &Place<'a>, schema: &mut Map<String, Value>) {
        let Some(member) = place.member else { return };
        if member.is_idempotency_token() {
            note(schema, "filled in if left out");
        }
        if member.is_host_label() {
            note(schema, "part of the host: letters, digits, hyphens");
        }
        if member.is_streaming() || place.shape.is_streaming() {
            note(schema, "sent as the body");
        }
        if place.shape.is_sensitive() {
            schema.insert("x-sensitive".into(), true.into());
        }
        if member.is_deprecated() || place.shape.is_deprecated() {
            schema.insert("deprecated".into(), true.into());
        }
    }
}

/// The bytes of a value as compact JSON.
pub(super) fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// The name of a shape where a reference can name it.
fn label(shape: Shape<'_>) -> String {
    let name = shape.name();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().all(is_plain) { name.to_owned() } else { format!("shape-{}", shape.row()) }
}

fn typed(name: &str) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), Value::from(name))])
}

fn described(what: &str) -> Map<String, Value> {
    Map::from_iter([("description".to_owned(), Value::from(what))])
}

/// Adds to the description.
fn note(schema: &mut Map<String, Value>, what: &str) {
    let before = schema.get("description").and_then(Value::as_str);
    let text = before.map_or_else(|| what.to_owned(), |before| format!("{before}; {what}"));
    schema.insert("description".into(), text.into());
}

fn number(shape: Shape<'_>, format: &str) -> Map<String, Value> {
    let mut schema = typed("integer");
    if !format.is_empty() {
        schema.insert("format".into(), format.into());
    }
    for (keyword, bound) in [("minimum", shape.min()), ("maximum", shape.max())] {
        if let Some(bound) = bound {
            schema.insert(keyword.into(), bound.into());
        }
    }
    schema
}

/// The bounds of a length, where the model has them and they say something.
fn bounds(
    schema: &mut Map<String, Value>,
    shape: Shape<'_>,
    [least, most]: [&str; 2],
    counted: impl Fn(u64) -> u64,
) {
    let min = shape.min().and_then(|min| min.as_u64()).filter(|min| *min > 0);
    let max = shape.max().and_then(|max| max.as_u64());
    for (keyword, bound) in [(least, min), (most, max)] {
        if let Some(bound) = bound {
            schema.insert(keyword.into(), counted(bound).into());
        }
    }
}
