//! What members are for, put into a drawn schema where there is room: in breadth, required ones first,
//! because what stands nearest to the root is read first.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::drawing::size;
use super::path;
use crate::catalog::Documentation;
use crate::import::texts::title;
use crate::model::{Operation, Shape};

/// Adds the first sentence of what a user's own models say of each member, at most `room` bytes of
/// compact JSON in all, to a schema of the branch at `path`.
pub fn describe(
    schema: &mut Value,
    operation: Operation<'_>,
    path: &str,
    docs: &Documentation,
    mut room: usize,
) {
    let service = operation.service().name();
    let root = operation.input().and_then(|shape| path::find(shape, path).ok());
    let mut places = VecDeque::new();
    let mut seen = BTreeSet::new();
    places.extend(root.map(|root| (String::new(), root.shape)));
    while let Some((at, shape)) = places.pop_front() {
        if shape.kind().has_named_members() {
            let (required, others): (Vec<_>, Vec<_>) =
                shape.members().partition(|member| member.is_required());
            for member in required.into_iter().chain(others) {
                let name = member.name().replace('~', "~0").replace('/', "~1");
                let place = format!("{at}/properties/{name}");
                let text = docs.member(service, shape.name(), member.name()).map(title);
                if let Some(text) = text {
                    add(schema, &place, text, &mut room);
                }
                places.extend(below(schema, place, member.shape(), &mut seen));
            }
        }
        let elements = shape.element().map(|element| ("items", element));
        let values = shape.value().map(|value| ("additionalProperties", value));
        for (entries, entry) in elements.into_iter().chain(values) {
            places.extend(below(schema, format!("{at}/{entries}"), entry.shape(), &mut seen));
        }
    }
}

/// Adds a text to the schema at a JSON pointer, before what is said there already.
fn add(schema: &mut Value, place: &str, text: &str, room: &mut usize) {
    let Some(Value::Object(found)) = schema.pointer_mut(place) else { return };
    let before = found.get("description").and_then(Value::as_str);
    let (text, had) = match before {
        Some(before) => (format!("{text} ({before})"), before.len()),
        None => (text.to_owned(), 0),
    };
    let text = Value::from(text);
    let cost = (size(&text) + r#","description":"#.len()).saturating_sub(had);
    if let Some(left) = room.checked_sub(cost) {
        *room = left;
        found.insert("description".to_owned(), text);
    }
}

/// Where a shape is drawn that stands at a pointer: there, or under `$defs`, once.
fn below<'a>(
    schema: &Value,
    mut place: String,
    shape: Shape<'a>,
    seen: &mut BTreeSet<String>,
) -> Option<(String, Shape<'a>)> {
    let mut found = schema.pointer(&place)?;
    if let Some(sparse) = found.pointer("/anyOf/0") {
        place.push_str("/anyOf/0");
        found = sparse;
    }
    if let Some(reference) = found.get("$ref").and_then(Value::as_str) {
        place = reference.trim_start_matches('#').to_owned();
    }
    // The root is described already, and what is under `$defs` once.
    (!place.is_empty() && seen.insert(place.clone())).then_some((place, shape))
}
