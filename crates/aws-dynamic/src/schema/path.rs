//! Places in an input: `NetworkInterfaces[].PrivateIpAddresses`.

use std::fmt;

use crate::catalog::name;
use crate::model::terms::Kind;
use crate::model::{Member, Shape};
use crate::validate::words;

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPath(String);

/// Where a value stands.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub shape: Shape<'a>,
    /// What leads to it; none for the input itself.
    pub member: Option<Member<'a>>,
    /// In the model's letters; empty for the input itself.
    pub path: String,
}

/// How many lists and maps may stand directly in each other. Models have three.
pub(super) const NESTED: usize = 8;

impl fmt::Display for UnknownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnknownPath {}

impl UnknownPath {
    pub(super) fn without_input(path: &str) -> Self {
        Self(format!("{}: the operation takes no input", shown(path)))
    }
}

impl<'a> Place<'a> {
    pub fn root(shape: Shape<'a>) -> Self {
        Self { shape, member: None, path: String::new() }
    }

    pub fn member(&self, member: Member<'a>) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, member.name());
        Self { shape: member.shape(), member: Some(member), path }
    }

    /// What a list or a map is of.
    pub fn entry(&self) -> Option<Self> {
        let (member, step) = match self.shape.element() {
            Some(element) => (element, "[]"),
            None => (self.shape.value()?, "{}"),
        };
        let path = format!("{}{step}", self.path);
        Some(Self { shape: member.shape(), member: Some(member), path })
    }

    /// What stands here below lists and maps.
    pub fn innermost(&self) -> Self {
        let mut place = self.clone();
        for _ in 0..NESTED {
            match place.entry() {
                Some(entry) => place = entry,
                None => break,
            }
        }
        place
    }

    fn called(&self) -> String {
        if self.path.is_empty() { "the input".to_owned() } else { self.path.clone() }
    }
}

/// The place of a path in an input.
pub(super) fn find<'a>(input: Shape<'a>, path: &str) -> Result<Place<'a>, UnknownPath> {
    let mut place = Place::root(input);
    let mut rest = path.trim();
    while !rest.is_empty() {
        rest = match rest.chars().next() {
            Some(open @ ('[' | '{')) => {
                let close = if open == '[' { ']' } else { '}' };
                let after = rest.split_once(close).map_or("", |(_, after)| after);
                let no_entries = || {
                    let called = place.called();
                    UnknownPath(format!("{}: {called} is neither a list nor a map", shown(path)))
                };
                place = place.entry().ok_or_else(no_entries)?;
                after
            }
            Some('.') => rest.get(1..).unwrap_or_default(),
            Some(_) | None => {
                let end = rest.find(['.', '[', '{']).unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                place = named(&place.innermost(), name.trim(), path)?;
                after
            }
        };
    }
    Ok(place)
}

fn named<'a>(place: &Place<'a>, wanted: &str, path: &str) -> Result<Place<'a>, UnknownPath> {
    let shape = place.shape;
    let alike = || shape.members().find(|member| name::same(member.name(), wanted));
    if let Some(member) = shape.member(wanted).or_else(alike) {
        return Ok(place.member(member));
    }
    let called = place.called();
    let what = match shape.kind() {
        Kind::Structure | Kind::Union => {
            let names: Vec<&str> = shape.members().map(Member::name).collect();
            let hint = match words::nearest(wanted, &names) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None if names.is_empty() => "there are none".to_owned(),
                None => format!("there are {}", words::choice(&names)),
            };
            format!("{called} has no member {}; {hint}", shown(wanted))
        }
        Kind::Document
        | Kind::List
        | Kind::Map
        | Kind::String
        | Kind::Character
        | Kind::Boolean
        | Kind::Byte
        | Kind::Short
        | Kind::Integer
        | Kind::Long
        | Kind::BigInteger
        | Kind::Float
        | Kind::Double
        | Kind::BigDecimal
        | Kind::Timestamp
        | Kind::Blob => format!("{called} has no members: nothing is below it"),
    };
    Err(UnknownPath(format!("{}: {what}", shown(path))))
}

/// A path that somebody wrote, bounded.
fn shown(path: &str) -> String {
    match path.char_indices().nth(100) {
        Some((end, _)) => format!("{}...", path.get(..end).unwrap_or_default()),
        None => path.to_owned(),
    }
}
