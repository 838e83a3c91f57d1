//! One service out of the embedded model and a newer one. Nothing of the embedded one goes: its
//! requests are those that were tested, so what both have stays as it was, and of the newer one comes
//! what is new: operations, members, values, errors, waiters. Bounds become the wider of both.

use std::collections::BTreeMap;

use serde_json::Number;

use super::route;
use crate::import::facts::{Member, Operation, Service, Shape};
use crate::model::terms::{Kind, Location, Protocol};

/// A service with what is new in it.
pub(super) struct Merged {
    pub service: Service,
    /// The names of its new operations.
    pub operations: Vec<String>,
    /// Known operations whose requests the newer model has otherwise.
    pub differing: Vec<String>,
    /// Whether it is any different from the embedded one.
    pub is_changed: bool,
    /// Names of the newer model's shapes that are others here.
    pub renamed: BTreeMap<String, String>,
}

/// Puts a newer model into an embedded one. Both speak the same protocol.
pub(super) fn merge(old: Service, new: &Service, protocol: Protocol) -> Merged {
    let mut merging =
        Merging { service: old, new, names: BTreeMap::new(), open: Vec::new(), changed: false };
    let (mut added, mut differing) = (Vec::new(), Vec::new());
    for (name, operation) in &new.operations {
        let Some(known) = merging.service.operations.get(name).cloned() else {
            merging.add_operation(name, operation);
            added.push(name.clone());
            continue;
        };
        if !route::is_same(protocol, &known, operation) {
            differing.push(name.clone());
            continue;
        }
        merging.pair(&known, operation);
    }
    merging.shapes();
    for (name, operation) in &new.operations {
        if !differing.contains(name) && !added.contains(name) {
            merging.known_operation(name, operation);
        }
    }
    merging.rest();
    let Merging { service, names, changed, .. } = merging;
    let renamed = names.into_iter().filter(|(old, new)| old != new).collect();
    Merged { service, operations: added, differing, is_changed: changed, renamed }
}

struct Merging<'n> {
    service: Service,
    new: &'n Service,
    /// The name here of each shape of the newer model that is here.
    names: BTreeMap<String, String>,
    /// Shapes that are here and whose parts are not yet looked at, by their newer name.
    open: Vec<String>,
    changed: bool,
}

impl Merging<'_> {
    fn add_operation(&mut self, name: &str, operation: &Operation) {
        let mut operation = operation.clone();
        if let Some(input) = &mut operation.input {
            input.shape = self.take(&input.shape);
        }
        if let Some(output) = &mut operation.output {
            output.shape = self.take(&output.shape);
        }
        operation.errors = operation.errors.iter().map(|error| self.take(error)).collect();
        self.service.operations.insert(name.to_owned(), operation);
        self.changed = true;
    }

    /// What both call input and output of an operation is the same shape, whatever its name.
    fn pair(&mut self, known: &Operation, newer: &Operation) {
        let pairs = [
            known.input.as_ref().zip(newer.input.as_ref()).map(|(a, b)| (&a.shape, &b.shape)),
            known.output.as_ref().zip(newer.output.as_ref()).map(|(a, b)| (&a.shape, &b.shape)),
        ];
        for (here, there) in pairs.into_iter().flatten() {
            if !self.service.shapes.contains_key(there) {
                self.names.entry(there.clone()).or_insert_with(|| here.clone());
            }
        }
    }

    /// The name here of a newer shape, which is taken over if there is none like it.
    fn take(&mut self, name: &str) -> String {
        if let Some(here) = self.names.get(name) {
            return here.clone();
        }
        let Some(shape) = self.new.shapes.get(name) else { return name.to_owned() };
        let mut here = name.to_owned();
        match self.service.shapes.get(name) {
            Some(known) if are_alike(known.kind, shape.kind) => {}
            Some(_) => {
                let mut count = 2;
                while self.service.shapes.contains_key(&here) || self.new.shapes.contains_key(&here)
                {
                    here = format!("{name}_{count}");
                    count += 1;
                }
                self.insert(&here, name, shape);
            }
            None => self.insert(&here, name, shape),
        }
        self.names.insert(name.to_owned(), here.clone());
        here
    }

    fn insert(&mut self, here: &str, name: &str, shape: &Shape) {
        let mut shape = shape.clone();
        // Whether a failed call may be sent again is not a stranger's to say.
        shape.throttling = None;
        // The shape's name is the code of an error, unless it says another one.
        if shape.is_exception && here != name && shape.error.code.is_none() {
            shape.error.code = Some(name.to_owned());
        }
        self.service.shapes.insert(here.to_owned(), shape);
        self.open.push(here.to_owned());
        self.changed = true;
    }

    /// Merges the shapes that both have, and takes over what they lead to.
    fn shapes(&mut self) {
        for (name, shape) in &self.new.shapes {
            let here = self.names.get(name).unwrap_or(name).clone();
            let Some(mut known) = self.service.shapes.remove(&here) else { continue };
            // What came just now is not known: its parts are still to be looked at.
            if are_alike(known.kind, shape.kind) && !self.open.contains(&here) {
                self.merge_shape(&mut known, shape);
            }
            self.service.shapes.insert(here, known);
            self.close();
        }
        self.close();
    }

    /// Leads the parts of what was taken over to where they are here.
    fn close(&mut self) {
        while let Some(here) = self.open.pop() {
            let Some(targets) = self.service.shapes.get(&here).map(|shape| {
                shape.members.iter().map(|member| member.target.clone()).collect::<Vec<_>>()
            }) else {
                continue;
            };
            let targets: Vec<String> = targets.iter().map(|target| self.take(target)).collect();
            let Some(shape) = self.service.shapes.get_mut(&here) else { continue };
            for (member, target) in shape.members.iter_mut().zip(targets) {
                member.target = target;
            }
        }
    }

    fn merge_shape(&mut self, known: &mut Shape, newer: &Shape) {
        let before = known.clone();
        known.is_sensitive |= newer.is_sensitive;
        known.is_deprecated |= newer.is_deprecated;
        known.min = wider(known.min.take(), newer.min.as_ref(), |one, other| one <= other);
        known.max = wider(known.max.take(), newer.max.as_ref(), |one, other| one >= other);
        if !known.enum_values.is_empty() {
            add_all(&mut known.enum_values, &newer.enum_values);
        }
        if known.kind.has_named_members() {
            let places: BTreeMap<String, usize> =
                known.members.iter().map(|member| member.name.clone()).zip(0..).collect();
            for member in &newer.members {
                let place = places.get(&member.name);
                match place.and_then(|place| known.members.get_mut(*place)) {
                    Some(known) => merge_member(known, member),
                    None => {
                        let target = self.take(&member.target);
                        known.members.push(Member { target, ..member.clone() });
                        self.changed = true;
                    }
                }
            }
        }
        // What shows that nothing changed is cheap beside reading the model.
        self.changed |= format!("{before:?}") != format!("{known:?}");
    }

    fn known_operation(&mut self, name: &str, newer: &Operation) {
        let Some(mut known) = self.service.operations.remove(name) else { return };
        if let (None, Some(input)) = (&known.input, &newer.input) {
            let mut input = input.clone();
            input.shape = self.take(&input.shape);
            known.input = Some(input);
            self.changed = true;
        }
        if let (None, Some(output)) = (&known.output, &newer.output) {
            let mut output = output.clone();
            output.shape = self.take(&output.shape);
            known.output = Some(output);
            self.changed = true;
        }
        for error in &newer.errors {
            let error = self.take(error);
            if !known.errors.contains(&error) {
                known.errors.push(error);
                self.changed = true;
            }
        }
        if newer.is_deprecated && !known.is_deprecated {
            known.is_deprecated = true;
            self.changed = true;
        }
        self.service.operations.insert(name.to_owned(), known);
        self.close();
    }

    fn rest(&mut self) {
        for (name, waiter) in &self.new.waiters {
            let is_there = self.service.operations.contains_key(&waiter.operation);
            if is_there && !self.service.waiters.contains_key(name) {
                self.service.waiters.insert(name.clone(), waiter.clone());
                self.changed = true;
            }
        }
        for (name, kind) in &self.new.client_context {
            if !self.service.client_context.iter().any(|(known, _)| known == name) {
                self.service.client_context.push((name.clone(), *kind));
                self.changed = true;
            }
        }
    }
}

/// A member may be left out if either model lets it be, unless the path needs it.
fn merge_member(known: &mut Member, newer: &Member) {
    let in_url = known.is_host_label || known.location == Some(Location::Uri);
    known.is_required &= newer.is_required || in_url;
    known.is_deprecated |= newer.is_deprecated;
    if !known.enum_values.is_empty() {
        add_all(&mut known.enum_values, &newer.enum_values);
    }
}

fn add_all(known: &mut Vec<String>, newer: &[String]) {
    let before: std::collections::BTreeSet<String> = known.iter().cloned().collect();
    known.extend(newer.iter().filter(|value| !before.contains(*value)).cloned());
}

fn are_alike(one: Kind, other: Kind) -> bool {
    one == other || (one.has_named_members() && other.has_named_members())
}

/// The wider of two bounds; none is the widest.
fn wider(
    known: Option<Number>,
    newer: Option<&Number>,
    is: fn(f64, f64) -> bool,
) -> Option<Number> {
    let (known, newer) = (known?, newer?);
    match (known.as_f64(), newer.as_f64()) {
        (Some(one), Some(other)) if is(one, other) => Some(known),
        _ => Some(newer.clone()),
    }
}
