//! What of a large input is shown. A schema grows from the members of what is asked for: structures
//! are opened one after the other, required ones first, then by depth, and of one depth the narrow before
//! the wide, as long as there is room.

use std::collections::BTreeMap;

use serde_json::Value;

use super::drawing::{Detail, Drawing, Opened, size, too_large};
use super::path::Place;

const EVERYTHING: Detail = Detail { values: usize::MAX, pattern: usize::MAX };
const SOME: Detail = Detail { values: 24, pattern: 120 };
const LITTLE: Detail = Detail { values: 8, pattern: 0 };

/// Where in the order a structure is opened, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Whether it may be left out, or something that it stands in.
    is_optional: bool,
    depth: usize,
    /// Whether it may be left out where it stands.
    is_optional_here: bool,
    /// How many members it has.
    width: usize,
    /// The row of its shape, so that the order is always the same.
    row: usize,
}

impl Rank {
    const FIRST: Self =
        Self { is_optional: false, depth: 0, is_optional_here: false, width: 0, row: 0 };
}

/// The schema of a place under a limit of bytes.
pub(super) fn fitted(root: &Place<'_>, depth: usize, limit: usize) -> Value {
    let whole = Growth::new(root, EVERYTHING, limit, depth).grown();
    if let Some(whole) = whole.filter(|growth| growth.is_complete).and_then(|g| g.drawn()) {
        return whole;
    }
    if !root.innermost().shape.kind().has_named_members() {
        return least(root, limit);
    }
    // Where the members alone take more than there is, less is said of each.
    let partly = [SOME, LITTLE]
        .into_iter()
        .find_map(|detail| Growth::new(root, detail, limit, depth).grown()?.drawn());
    partly.unwrap_or_else(|| least(root, limit))
}

/// What can be said of a place whose members do not fit.
fn least(root: &Place<'_>, limit: usize) -> Value {
    let mut opened = Opened::default();
    if !root.shape.kind().has_named_members() {
        let mut detail = Detail { values: 4_096, pattern: 1_000 };
        loop {
            let schema = Drawing::new(&opened, detail, root).whole(root);
            if size(&schema) <= limit {
                return schema;
            }
            if detail.values == 0 {
                return too_large();
            }
            detail = Detail { values: detail.values / 2, pattern: detail.pattern / 2 };
        }
    }
    opened.open(root.clone());
    let schema = Drawing::new(&opened, LITTLE, root).names(root, limit);
    if size(&schema) <= limit { schema } else { too_large() }
}

/// The bytes that an open structure takes at least, `"Name":{"$ref":"#"},` for each member: what is far
/// too wide need not be drawn.
fn least_size(place: &Place<'_>) -> usize {
    place.shape.members().map(|member| member.name().len() + 16).sum()
}

/// A schema that grows.
#[derive(Debug)]
struct Growth<'r, 'a> {
    root: &'r Place<'a>,
    detail: Detail,
    limit: usize,
    depth: usize,
    opened: Opened<'a>,
    /// What could be opened next, and the ranks of all that was ever there.
    waiting: BTreeMap<Rank, Place<'a>>,
    ranks: BTreeMap<usize, Rank>,
    /// How many open places lead to a shape.
    uses: BTreeMap<usize, usize>,
    /// About how many bytes it takes.
    size: usize,
    /// Whether nothing was cut for want of room.
    is_complete: bool,
}

impl<'r, 'a> Growth<'r, 'a> {
    fn new(root: &'r Place<'a>, detail: Detail, limit: usize, depth: usize) -> Self {
        Self {
            root,
            detail,
            limit,
            depth: depth.max(1),
            opened: Opened::default(),
            waiting: BTreeMap::new(),
            ranks: BTreeMap::new(),
            uses: BTreeMap::new(),
            size: 0,
            is_complete: true,
        }
    }

    /// Opens what there is room for; none if not even the first structure has any.
    fn grown(mut self) -> Option<Self> {
        let first = self.root.innermost();
        if !first.shape.kind().has_named_members() {
            return Some(self);
        }
        if least_size(&first) > self.limit {
            return None;
        }
        self.opened.open(first.clone());
        self.size = size(&self.drawing().whole(self.root));
        if self.size > self.limit {
            return None;
        }
        *self.uses.entry(first.shape.row()).or_default() += 1;
        self.look(&first, Rank::FIRST);
        while let Some((rank, place)) = self.waiting.pop_first() {
            let size = self.size_with(&place);
            if size > self.limit {
                self.is_complete = false;
                if self.detail == EVERYTHING {
                    break;
                }
                continue;
            }
            self.size = size;
            self.opened.open(place.clone());
            self.look(&place, rank);
        }
        Some(self)
    }

    /// The schema. What was opened last is closed again if the room was misjudged; none if that does
    /// not help.
    fn drawn(mut self) -> Option<Value> {
        loop {
            let schema = self.drawing().whole(self.root);
            if size(&schema) <= self.limit {
                return Some(schema);
            }
            if self.detail == EVERYTHING {
                return None;
            }
            self.opened.close()?;
        }
    }

    /// Puts what can be seen from an open structure among what could be opened next.
    fn look(&mut self, from: &Place<'a>, of: Rank) {
        for member in from.shape.members() {
            let place = from.member(member).innermost();
            let row = place.shape.row();
            if !place.shape.kind().has_named_members() || member.is_json_value() {
                continue;
            }
            *self.uses.entry(row).or_default() += 1;
            let width = place.shape.members().len();
            if of.depth + 1 >= self.depth || self.opened.has(row) || width == 0 {
                continue;
            }
            let is_optional_here = !member.is_required();
            let is_optional = of.is_optional || is_optional_here;
            let rank = Rank { is_optional, depth: of.depth + 1, is_optional_here, width, row };
            match self.ranks.get(&row) {
                Some(before) if *before <= rank => continue,
                Some(before) => self.waiting.remove(before),
                None => None,
            };
            self.ranks.insert(row, rank);
            self.waiting.insert(rank, place);
        }
    }

    /// About how many bytes there are with another structure open.
    fn size_with(&self, place: &Place<'a>) -> usize {
        let drawing = self.loose();
        let closed = drawing.size_of(place);
        let row = place.shape.row();
        let uses = self.uses.get(&row).copied().unwrap_or(1);
        let at_least = (self.size + least_size(place)).saturating_sub(uses * closed);
        if at_least > self.limit {
            return at_least;
        }
        let open = drawing.size_of_open(place);
        if uses < 2 {
            return (self.size + open).saturating_sub(closed);
        }
        // Once under its name, and a reference from each place.
        let name = place.shape.name().len();
        (self.size + open + name + 4 + uses * (name + 18)).saturating_sub(uses * closed)
    }

    fn drawing(&self) -> Drawing<'_, 'a> {
        Drawing::new(&self.opened, self.detail, self.root)
    }

    /// A drawing that refers to all that is open, which costs less to make.
    fn loose(&self) -> Drawing<'_, 'a> {
        let shared = self.opened.rows().collect();
        Drawing { opened: &self.opened, detail: self.detail, shared, root: None }
    }
}
