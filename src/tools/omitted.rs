//! What a compact answer leaves out, by the model of what is answered: empty members, and what is only
//! nesting. Unions, documents, keys that people chose, and the answer's own lists stay as they are:
//! that something is there, and empty, is what they say.

use std::collections::{BTreeSet, HashMap};

use aws_dynamic::model::Shape;
use aws_dynamic::model::terms::Kind;
use serde_json::{Map, Value};

use super::part::{MOST_PLACES, characters};

/// Whether lists take the place of the structures that only wrap them. What is read on by its handle
/// must be where its paths say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    Flattened,
    Kept,
}

/// What was left out.
#[derive(Default)]
pub struct Omitted {
    /// `Reservations[].Instances[].KeyName`, `Tables.*.Name`: each once.
    empty: BTreeSet<String>,
    /// The lists that took a structure's place: `DistributionConfig.Aliases.Items`
    flattened: BTreeSet<String>,
}

impl Omitted {
    /// Leaves out of an answer of this shape what says nothing.
    pub fn of(answer: &mut Value, shape: Shape<'static>, nesting: Nesting) -> Self {
        let path = String::new();
        let mut compacting =
            Compacting { nesting, path, members: HashMap::new(), omitted: Self::default() };
        compacting.walk(answer, shape);
        compacting.omitted
    }

    /// What is said of it in so many characters, and of how much there is no word; none where nothing
    /// was left out.
    pub fn said(&self, most: usize) -> Option<Map<String, Value>> {
        let mut said = Map::new();
        let mut left = most;
        for (name, more, paths) in
            [("empty", "more_empty", &self.empty), ("flattened", "more_flattened", &self.flattened)]
        {
            let mut fits = |path: &&String| {
                let rest = left.checked_sub(characters(path) + 1);
                left = rest.unwrap_or(left);
                rest.is_some()
            };
            let named = paths.iter().take(MOST_PLACES).take_while(&mut fits);
            let named: Vec<&String> = named.collect();
            let rest = paths.len() - named.len();
            if !named.is_empty() {
                said.insert(name.to_owned(), named.into_iter().cloned().collect());
            }
            if rest > 0 {
                said.insert(more.to_owned(), rest.into());
            }
        }
        (!said.is_empty()).then_some(said)
    }
}

struct Compacting {
    nesting: Nesting,
    /// Where it is; empty at the answer itself.
    path: String,
    /// The members of structures met, by the row of their shape.
    members: HashMap<usize, HashMap<&'static str, Shape<'static>>>,
    omitted: Omitted,
}

impl Compacting {
    fn walk(&mut self, value: &mut Value, shape: Shape<'static>) {
        match (shape.kind(), value) {
            (Kind::Structure, Value::Object(fields)) => self.structure(fields, shape),
            (Kind::List, Value::Array(entries)) => {
                let Some(of) = shape.element() else { return };
                self.inside("[]", |it| {
                    entries.iter_mut().for_each(|entry| it.walk(entry, of.shape()));
                });
            }
            (Kind::Map, Value::Object(fields)) => {
                let Some(of) = shape.value() else { return };
                self.inside(".*", |it| {
                    fields.values_mut().for_each(|field| it.walk(field, of.shape()));
                });
            }
            // Of a union the member says which it is; anything else has nothing in it.
            (_, _) => {}
        }
    }

    fn structure(&mut self, fields: &mut Map<String, Value>, shape: Shape<'static>) {
        let is_answer = self.path.is_empty();
        // Of DynamoDB's values and many others the only member says what it is, and no model calls
        // them unions.
        let is_only = fields.len() == 1;
        fields.retain(|name, field| {
            // What the model does not know is not judged by it.
            let Some(shape) = self.member(shape, name) else { return true };
            let step = if is_answer { name.clone() } else { format!(".{name}") };
            self.inside(&step, |it| {
                it.walk(field, shape);
                if it.nesting == Nesting::Flattened {
                    it.flatten(name, field, shape);
                }
                let is_asked = is_answer && (field.is_array() || field.is_object());
                let stays = is_asked || is_only && !field.is_null();
                let is_left_out = !stays && is_empty(field, shape);
                if is_left_out && !it.omitted.empty.contains(&it.path) {
                    it.omitted.empty.insert(it.path.clone());
                }
                !is_left_out
            })
        });
    }

    /// `{"Items": [..], "Quantity": 2}`, `"Tags": {"Tag": [..]}` -> `[..]`: a structure that holds, by its
    /// model, one list of a name that says nothing, and how long it is.
    fn flatten(&mut self, name: &str, value: &mut Value, shape: Shape<'static>) {
        let Value::Object(fields) = value else { return };
        if shape.kind() != Kind::Structure
            || shape.members().any(|m| !is_of_wrapper(name, m.name()))
        {
            return;
        }
        let quantity = fields.get("Quantity").and_then(Value::as_u64);
        let mut lists = fields.iter_mut().filter(|(name, _)| *name != "Quantity");
        let (Some((inner, list)), None) = (lists.next(), lists.next()) else { return };
        let Value::Array(entries) = list else { return };
        if quantity.is_some_and(|quantity| usize::try_from(quantity) != Ok(entries.len())) {
            return;
        }
        self.omitted.flattened.insert(format!("{}.{inner}", self.path));
        *value = list.take();
    }

    fn member(&mut self, shape: Shape<'static>, name: &str) -> Option<Shape<'static>> {
        let members = self.members.entry(shape.row()).or_insert_with(|| {
            shape.members().map(|member| (member.name(), member.shape())).collect()
        });
        members.get(name).copied()
    }

    fn inside<T>(&mut self, step: &str, what: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = what(self);
        self.path.truncate(length);
        done
    }
}

/// Whether a member of this name says no more than the structure that it is in.
fn is_of_wrapper(structure: &str, member: &str) -> bool {
    let plural = |name: &str| name.trim_end_matches('s').to_lowercase();
    matches!(member, "Items" | "Quantity") || plural(structure) == plural(member)
}

fn is_empty(value: &Value, shape: Shape<'static>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        // Of a structure that can hold nothing it matters that it is there; of a union too.
        Value::Object(fields) => {
            let can_hold = shape.kind() == Kind::Structure && shape.members().len() > 0;
            fields.is_empty() && (can_hold || shape.kind() == Kind::Map)
        }
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
