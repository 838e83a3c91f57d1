//! Evaluates a query's tree. It recurses with the height of trees and with the depth of values, both
//! of which are bounded, and takes its steps before it does what they stand for.

use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::budget::Budget;
use super::found::{Elements, Fields, Found, List, Object, View};
use super::tree::{Comparison, Slice, Tree};
use super::{DEEPEST, ErrorKind, QueryError, function, number};

pub(super) struct Evaluation<'l> {
    pub(super) budget: Budget<'l>,
}

type Result<'a> = std::result::Result<Found<'a>, QueryError>;

impl<'l> Evaluation<'l> {
    pub(super) fn new(budget: Budget<'l>) -> Self {
        Self { budget }
    }

    /// What an expression finds at a value.
    pub(super) fn find<'a>(&mut self, tree: &'a Tree, at: &Found<'a>) -> Result<'a> {
        self.budget.take(1)?;
        match tree {
            Tree::Current => Ok(at.clone()),
            Tree::Field(name) => self.field(name, at),
            Tree::Index(index) => Ok(element(*index, at)),
            Tree::Slice(slice) => self.slice(*slice, at),
            Tree::Literal(value) => Ok(Found::Borrowed(value)),
            Tree::Chain(trees) => self.chain(trees, at),
            Tree::Each(list, each) => self.each(list, None, each, at),
            Tree::Filter { list, test, each } => self.each(list, Some(test), each, at),
            Tree::Values(object) => self.values(object, at),
            Tree::Flatten(list) => self.flatten(list, at),
            Tree::Not(inner) => Ok(Found::Bool(!self.find(inner, at)?.is_true())),
            Tree::And(trees) => self.first(trees, at, |found| !found.is_true()),
            Tree::Or(trees) => self.first(trees, at, Found::is_true),
            Tree::Compare(comparison, left, right) => self.compare(*comparison, left, right, at),
            Tree::List(_) | Tree::Object(_) if at.is_null() => Ok(Found::Null),
            Tree::List(trees) => self.made_list(trees, at),
            Tree::Object(fields) => self.made_object(fields, at),
            Tree::Call(call) => function::call(self, call, at),
        }
    }

    /// A copy of what was found.
    pub(super) fn value(&mut self, found: &Found<'_>) -> std::result::Result<Value, QueryError> {
        Ok(match found.view() {
            View::Null => {
                self.budget.take(1)?;
                Value::Null
            }
            View::Bool(value) => {
                self.budget.take(1)?;
                value.into()
            }
            View::Number(number) => {
                self.budget.take(1)?;
                Value::Number(number.clone())
            }
            View::Text(text) => {
                self.budget.take_text(text.len())?;
                text.into()
            }
            View::List(elements) => {
                self.budget.take(1)?;
                let mut copy = Vec::new();
                for element in elements.iter() {
                    copy.push(self.value(&element)?);
                }
                copy.into()
            }
            View::Object(fields) => {
                self.budget.take(1)?;
                let mut copy = Map::new();
                for (name, value) in fields.iter() {
                    self.budget.take_text(name.len())?;
                    copy.insert(name.to_owned(), self.value(&value)?);
                }
                copy.into()
            }
        })
    }

    /// Whether two are the same; a number is, if its value is.
    pub(super) fn equal(
        &mut self,
        left: &Found<'_>,
        right: &Found<'_>,
    ) -> std::result::Result<bool, QueryError> {
        self.budget.take(1)?;
        match (left.view(), right.view()) {
            (View::Null, View::Null) => Ok(true),
            (View::Bool(left), View::Bool(right)) => Ok(left == right),
            (View::Number(left), View::Number(right)) => {
                Ok(number::compare(left, right) == Ordering::Equal)
            }
            (View::Text(left), View::Text(right)) => {
                self.budget.take_bytes(left.len().min(right.len()))?;
                Ok(left == right)
            }
            (View::List(left), View::List(right)) => self.equal_lists(left, right),
            (View::Object(left), View::Object(right)) => self.equal_objects(left, right),
            (
                View::Null
                | View::Bool(_)
                | View::Number(_)
                | View::Text(_)
                | View::List(_)
                | View::Object(_),
                _,
            ) => Ok(false),
        }
    }

    /// A list of what was found, if it is not too deep.
    pub(super) fn list<'a>(&self, elements: Vec<Found<'a>>) -> Result<'a> {
        let levels = levels(elements.iter())?;
        Ok(Found::List(Rc::new(List { elements, levels })))
    }

    pub(super) fn object<'a>(&self, fields: Vec<(&'a str, Found<'a>)>) -> Result<'a> {
        let levels = levels(fields.iter().map(|(_, found)| found))?;
        Ok(Found::Object(Rc::new(Object { fields, levels })))
    }

    fn chain<'a>(&mut self, trees: &'a [Tree], at: &Found<'a>) -> Result<'a> {
        let mut found = at.clone();
        for tree in trees {
            found = self.find(tree, &found)?;
        }
        Ok(found)
    }

    /// The first that is wanted, or else the last.
    fn first<'a>(
        &mut self,
        trees: &'a [Tree],
        at: &Found<'a>,
        is_wanted: fn(&Found<'a>) -> bool,
    ) -> Result<'a> {
        let mut found = Found::Null;
        for tree in trees {
            found = self.find(tree, at)?;
            if is_wanted(&found) {
                break;
            }
        }
        Ok(found)
    }

    fn field<'a>(&mut self, name: &str, at: &Found<'a>) -> Result<'a> {
        let Some(fields) = at.fields() else { return Ok(Found::Null) };
        self.budget.take_bytes(fields.cost(name))?;
        Ok(fields.get(name).unwrap_or(Found::Null))
    }

    fn slice<'a>(&mut self, slice: Slice, at: &Found<'a>) -> Result<'a> {
        let Some(elements) = at.elements() else { return Ok(Found::Null) };
        let mut slices = Vec::new();
        for element in slice.places(elements.len()).filter_map(|place| elements.get(place)) {
            self.budget.take(1)?;
            slices.push(element);
        }
        self.list(slices)
    }

    fn each<'a>(
        &mut self,
        list: &'a Tree,
        test: Option<&'a Tree>,
        each: &'a Tree,
        at: &Found<'a>,
    ) -> Result<'a> {
        let list = self.find(list, at)?;
        let Some(elements) = list.elements() else { return Ok(Found::Null) };
        let mut found = Vec::new();
        for element in elements.iter() {
            self.budget.take(1)?;
            let is_wanted = match test {
                Some(test) => self.find(test, &element)?.is_true(),
                None => true,
            };
            if is_wanted {
                let one = self.find(each, &element)?;
                if !one.is_null() {
                    found.push(one);
                }
            }
        }
        self.list(found)
    }

    fn values<'a>(&mut self, object: &'a Tree, at: &Found<'a>) -> Result<'a> {
        let object = self.find(object, at)?;
        let Some(fields) = object.fields() else { return Ok(Found::Null) };
        self.budget.take_each(fields.len())?;
        self.list(fields.iter().map(|(_, value)| value).collect())
    }

    fn flatten<'a>(&mut self, list: &'a Tree, at: &Found<'a>) -> Result<'a> {
        let list = self.find(list, at)?;
        let Some(elements) = list.elements() else { return Ok(Found::Null) };
        let mut flat = Vec::new();
        for element in elements.iter() {
            self.budget.take(1)?;
            match element.elements() {
                Some(inner) => {
                    self.budget.take_each(inner.len())?;
                    flat.extend(inner.iter());
                }
                None => flat.push(element),
            }
        }
        self.list(flat)
    }

    fn compare<'a>(
        &mut self,
        comparison: Comparison,
        left: &'a Tree,
        right: &'a Tree,
        at: &Found<'a>,
    ) -> Result<'a> {
        let (left, right) = (self.find(left, at)?, self.find(right, at)?);
        let order = match comparison {
            Comparison::Equal => return Ok(Found::Bool(self.equal(&left, &right)?)),
            Comparison::NotEqual => return Ok(Found::Bool(!self.equal(&left, &right)?)),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => self.order(&left, &right)?,
        };
        Ok(order.map_or(Found::Null, |order| {
            Found::Bool(match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            })
        }))
    }

    /// The order of two numbers, or of two strings; others have none.
    pub(super) fn order(
        &mut self,
        left: &Found<'_>,
        right: &Found<'_>,
    ) -> std::result::Result<Option<Ordering>, QueryError> {
        Ok(match (left.view(), right.view()) {
            (View::Number(left), View::Number(right)) => Some(number::compare(left, right)),
            (View::Text(left), View::Text(right)) => {
                self.budget.take_bytes(left.len().min(right.len()))?;
                Some(left.cmp(right))
            }
            (
                View::Null
                | View::Bool(_)
                | View::Number(_)
                | View::Text(_)
                | View::List(_)
                | View::Object(_),
                _,
            ) => None,
        })
    }

    fn made_list<'a>(&mut self, trees: &'a [Tree], at: &Found<'a>) -> Result<'a> {
        let mut elements = Vec::new();
        for tree in trees {
            elements.push(self.find(tree, at)?);
        }
        self.list(elements)
    }

    fn made_object<'a>(&mut self, trees: &'a [(String, Tree)], at: &Found<'a>) -> Result<'a> {
        let mut fields = Vec::new();
        for (name, tree) in trees {
            fields.push((name.as_str(), self.find(tree, at)?));
        }
        self.object(fields)
    }

    fn equal_lists(
        &mut self,
        left: Elements<'_, '_>,
        right: Elements<'_, '_>,
    ) -> std::result::Result<bool, QueryError> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right.iter()) {
            if !self.equal(&left, &right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_objects(
        &mut self,
        left: Fields<'_, '_>,
        right: Fields<'_, '_>,
    ) -> std::result::Result<bool, QueryError> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (name, left) in left.iter() {
            self.budget.take_text(right.cost(name))?;
            let Some(right) = right.get(name) else { return Ok(false) };
            if !self.equal(&left, &right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn element<'a>(index: i64, at: &Found<'a>) -> Found<'a> {
    let found = at.elements().and_then(|elements| {
        let place = usize::try_from(index.unsigned_abs()).ok()?;
        elements.get(if index < 0 { elements.len().checked_sub(place)? } else { place })
    });
    found.unwrap_or(Found::Null)
}

fn levels<'f, 'a: 'f>(
    inner: impl Iterator<Item = &'f Found<'a>>,
) -> std::result::Result<usize, QueryError> {
    let levels = inner.map(Found::levels).max().unwrap_or(0).saturating_add(1);
    if levels > DEEPEST {
        let what = format!("what it builds is more than {DEEPEST} levels deep");
        return Err(QueryError::new(ErrorKind::Bounds, what));
    }
    Ok(levels)
}
