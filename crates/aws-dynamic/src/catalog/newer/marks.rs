//! Which members of an answer are sensitive, by the model alone.

use std::collections::BTreeSet;

use crate::import::facts::{Member, Service, Shape};
use crate::model::terms::Kind;

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

/// The names of marked members below a shape, and of the texts below them as long as their names say
/// nothing else in the same answer: `environment` covers its `name`, and a container's is no secret.
pub(super) fn of(service: &Service, output: &str) -> BTreeSet<String> {
    let mut marks = Marks::default();
    // A stack of its own: how deep shapes go, a stranger says.
    let mut open = vec![(output, Place::Open)];
    while let Some((name, place)) = open.pop() {
        let Some((name, shape)) = service.shapes.get_key_value(name) else { continue };
        let place = match place {
            Place::Open if shape.is_sensitive => Place::Marked,
            place => place,
        };
        if !marks.seen.insert((name, place)) {
            continue;
        }
        for member in &shape.members {
            let below = if shape.kind.has_named_members() {
                enter(service, member, place, &mut marks)
            } else {
                place
            };
            // A map's key is no shape to go into.
            open.push((&member.target, below));
        }
    }
    let covered = marks.covered.difference(&marks.open);
    marks.marked.iter().chain(covered).map(|name| (*name).to_owned()).collect()
}

fn enter<'a>(
    service: &'a Service,
    member: &'a Member,
    place: Place,
    marks: &mut Marks<'a>,
) -> Place {
    let name = member.name.as_str();
    let marked = is_marked(service, &member.target);
    let kind = service.shapes.get(&member.target).map(|shape| shape.kind);
    let is_text = matches!(kind, Some(Kind::String | Kind::Blob));
    match place {
        _ if marked => marks.marked.insert(name),
        Place::Open => marks.open.insert(name),
        Place::Marked if is_text => marks.marked.insert(name),
        Place::Covered if is_text => marks.covered.insert(name),
        Place::Marked | Place::Covered => false,
    };
    if marked { Place::Covered } else { place }
}

/// Whether a shape is marked, or what a list or a map of it consists of.
fn is_marked(service: &Service, name: &str) -> bool {
    let (mut open, mut seen) = (vec![name], BTreeSet::new());
    while let Some(name) = open.pop() {
        let Some(shape) = service.shapes.get(name).filter(|_| seen.insert(name)) else { continue };
        if shape.is_sensitive {
            return true;
        }
        if !shape.kind.has_named_members() {
            open.extend(items(shape));
        }
    }
    false
}

fn items(shape: &Shape) -> impl Iterator<Item = &str> {
    shape.members.iter().map(|member| member.target.as_str())
}
