//! Pages put together: one answer with the items of all, and of the rest what every page repeats.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::Page;
use super::plan::{Plan, Texts};

/// What the pages have under the result keys, and what the first one has that all repeat. Tokens and
/// whatever else a page says of itself are left out.
#[derive(Clone, Debug)]
pub struct Merged {
    plan: Arc<Plan>,
    /// In step with the result keys; null where no page had any.
    results: Vec<Value>,
    /// Of the first page, in step with the keys that are repeated.
    repeated: Option<Vec<Option<Value>>>,
    items: usize,
    /// The members that any page had.
    members: BTreeSet<String>,
}

impl Merged {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let results = plan.results().iter().map(|_| Value::Null).collect();
        Self { plan, results, repeated: None, items: 0, members: BTreeSet::new() }
    }

    /// Lists are appended, maps united, numbers added up. Texts are appended where they are what is
    /// listed; those beside lists stay as the first page has them.
    pub fn add(&mut self, page: Page) {
        let Page { mut answer, items, .. } = page;
        let members = answer.as_object().into_iter().flatten();
        self.members.extend(members.filter(|(_, v)| !v.is_null()).map(|(name, _)| name.clone()));
        let first = || self.plan.repeated().iter().map(|path| path.find(&answer).cloned());
        if self.repeated.is_none() {
            self.repeated = Some(first().collect());
        }
        for (key, all) in self.plan.results().iter().zip(&mut self.results) {
            let Some(more) = key.path.find_mut(&mut answer).map(Value::take) else { continue };
            match (&mut *all, more) {
                (Value::String(all), Value::String(more)) => match self.plan.texts() {
                    Texts::Append => all.push_str(&more),
                    Texts::Keep => {}
                },
                (Value::Number(all), Value::Number(more)) => add(all, &more),
                (_, more) => unite(all, more),
            }
        }
        self.items = self.items.saturating_add(items);
    }

    /// How many items it has, counted as in `Page`.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The members that pages had, those among them that are left out.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(String::as_str)
    }

    /// An object of the result keys that were there at all, and of what the pages repeat.
    pub fn value(self) -> Value {
        let mut fields = Map::new();
        for (key, result) in self.plan.results().iter().zip(self.results) {
            if !result.is_null() {
                key.path.set(&mut fields, result);
            }
        }
        for (path, value) in self.plan.repeated().iter().zip(self.repeated.into_iter().flatten()) {
            if let Some(value) = value {
                path.set(&mut fields, value);
            }
        }
        Value::Object(fields)
    }
}

/// Adds the lists and maps that a later page has. Whatever else is there stays as it first was.
fn unite(all: &mut Value, more: Value) {
    match (all, more) {
        (all @ Value::Null, more) => *all = more,
        (Value::Array(all), Value::Array(more)) => all.extend(more),
        (Value::Object(all), Value::Object(more)) => {
            for (key, value) in more {
                unite(all.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {}
        (Value::Array(_) | Value::Object(_), _) => {}
    }
}

/// Exact where both are whole. A sum that cannot be written stays what it was.
fn add(all: &mut Number, more: &Number) {
    let whole = all.as_i64().zip(more.as_i64()).and_then(|(all, more)| all.checked_add(more));
    let float = || Number::from_f64(all.as_f64()? + more.as_f64()?);
    if let Some(sum) = whole.map(Number::from).or_else(float) {
        *all = sum;
    }
}
