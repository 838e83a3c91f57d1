//! An output at a glance: its names, nested as they are, with the kinds of their values.
//!
//! `{"Reservations": [{"Instances": [{"InstanceId": "string"}]}]}`. A map is an object with the one
//! name `*`. What is cut is `"{...}"`; `"...": "12 more"` stands for members without room. A shape
//! inside itself is `"again: Statement"`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::path::NESTED;
use crate::model::terms::Kind;
use crate::model::{Member, Shape};

const CUT: &str = "{...}";

/// The most bytes that an outline takes, whatever is asked for.
const MOST: usize = 256 << 10;

/// The longest list of known values that stands for `string`.
const CHOICE: usize = 48;

/// Fewer members than these are not worth a place where there is no room for all.
const FEW: usize = 4;

/// An outline of a structure under a limit of bytes as compact JSON: what lies deep, and of that the
/// wide, is cut first.
pub fn outline(shape: Shape<'_>, limit: usize) -> Value {
    let mut tree = Tree { nodes: vec![Node::new(shape, None)], left: limit.clamp(32, MOST) - 2 };
    // By depth, then by width, then as they come.
    let mut waiting = BTreeMap::from([((0, 0, 0), 0)]);
    while let Some(((depth, _, _), node)) = waiting.pop_first() {
        for child in tree.open(node) {
            let width = tree.nodes.get(child).map_or(0, |node| node.shape.members().len());
            waiting.insert((depth + 1, width, child), child);
        }
    }
    tree.draw(0)
}

/// The structures of an outline, each in its place.
#[derive(Debug)]
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// Bytes that may still be used.
    left: usize,
}

#[derive(Debug)]
struct Node<'a> {
    shape: Shape<'a>,
    parent: Option<usize>,
    /// The members that are shown; none if it is cut.
    shown: Option<Vec<Shown<'a>>>,
    /// How many members there was no room for.
    more: usize,
}

#[derive(Debug)]
struct Shown<'a> {
    name: &'a str,
    around: Vec<Around>,
    what: What,
}

/// A list or a map around what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    List,
    Map,
}

#[derive(Debug)]
enum What {
    Text(String),
    Node(usize),
}

impl<'a> Node<'a> {
    fn new(shape: Shape<'a>, parent: Option<usize>) -> Self {
        Self { shape, parent, shown: None, more: 0 }
    }
}

impl<'a> Tree<'a> {
    /// Shows the members of a structure as far as there is room, and gives those that could be opened.
    fn open(&mut self, at: usize) -> Vec<usize> {
        let Some(shape) = self.nodes.get(at).map(|node| node.shape) else { return Vec::new() };
        let mut children = Vec::new();
        let mut shown = Vec::new();
        let members: Vec<Member<'a>> = shape.members().collect();
        let room = self.left;
        let mut used = 0;
        let more_room = r#","...":"1000 more""#.len();
        for (place, member) in members.iter().enumerate() {
            let (around, inner) = unwrapped(*member);
            let what = self.what(at, *member, inner);
            let text = match &what {
                Some(text) => text.len() + 2,
                None => CUT.len() + 2,
            };
            let wraps: usize = around.iter().map(|a| if *a == Around::List { 2 } else { 6 }).sum();
            let bytes = member.name().len() + 4 + text + wraps;
            let is_last = place + 1 == members.len();
            if used + bytes + if is_last { 0 } else { more_room } > room {
                break;
            }
            used += bytes;
            let what = what.map_or_else(
                || {
                    self.nodes.push(Node::new(inner, Some(at)));
                    children.push(self.nodes.len() - 1);
                    What::Node(self.nodes.len() - 1)
                },
                What::Text,
            );
            shown.push(Shown { name: member.name(), around, what });
        }
        let more = members.len() - shown.len();
        if more > 0 && shown.len() < FEW && at != 0 {
            self.nodes.truncate(self.nodes.len() - children.len());
            return Vec::new();
        }
        used += if more > 0 { more_room } else { 0 };
        self.left = room.saturating_sub(used);
        if let Some(node) = self.nodes.get_mut(at) {
            node.shown = Some(shown);
            node.more = more;
        }
        children
    }

    /// What a member is in a word; none for a structure that can be opened.
    fn what(&self, at: usize, member: Member<'a>, inner: Shape<'a>) -> Option<String> {
        let word = match inner.kind() {
            Kind::Structure | Kind::Union if inner.is_event_stream() => "events",
            Kind::Structure | Kind::Union => {
                return self.is_inside(at, inner).then(|| format!("again: {}", inner.name()));
            }
            Kind::Document => "JSON",
            Kind::List | Kind::Map => "...",
            Kind::String | Kind::Character if member.is_json_value() => "JSON",
            Kind::String | Kind::Character => {
                let values: Vec<&str> = inner.enum_values().collect();
                let choice = values.join("|");
                let is_short = !values.is_empty() && choice.len() <= CHOICE;
                return Some(if is_short { choice } else { "string".to_owned() });
            }
            Kind::Boolean => "boolean",
            Kind::Byte | Kind::Short | Kind::Integer | Kind::Long | Kind::BigInteger => "integer",
            Kind::Float | Kind::Double | Kind::BigDecimal => "number",
            Kind::Timestamp => "time",
            Kind::Blob if inner.is_streaming() || member.is_streaming() => "stream, base64",
            Kind::Blob => "base64",
        };
        Some(word.to_owned())
    }

    fn is_inside(&self, at: usize, shape: Shape<'a>) -> bool {
        let mut next = Some(at);
        while let Some(node) = next.and_then(|at| self.nodes.get(at)) {
            if node.shape.row() == shape.row() {
                return true;
            }
            next = node.parent;
        }
        false
    }

    fn draw(&self, at: usize) -> Value {
        let Some(node) = self.nodes.get(at) else { return CUT.into() };
        let Some(shown) = &node.shown else { return CUT.into() };
        let mut drawn = Map::new();
        for Shown { name, around, what } in shown {
            let inner = match what {
                What::Text(text) => text.as_str().into(),
                What::Node(node) => self.draw(*node),
            };
            let value = around.iter().rev().fold(inner, |inner, around| match around {
                Around::List => vec![inner].into(),
                Around::Map => Map::from_iter([("*".to_owned(), inner)]).into(),
            });
            drawn.insert((*name).to_owned(), value);
        }
        if node.more > 0 {
            drawn.insert("...".to_owned(), format!("{} more", node.more).into());
        }
        drawn.into()
    }
}

/// The lists and maps around what a member is in the end.
fn unwrapped(member: Member<'_>) -> (Vec<Around>, Shape<'_>) {
    let mut shape = member.shape();
    let mut around = Vec::new();
    while around.len() < NESTED {
        let (inner, is) = match (shape.element(), shape.value()) {
            (Some(element), _) => (element, Around::List),
            (None, Some(value)) => (value, Around::Map),
            (None, None) => break,
        };
        around.push(is);
        shape = inner.shape();
    }
    (around, shape)
}
