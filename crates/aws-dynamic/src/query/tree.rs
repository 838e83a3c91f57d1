//! A query as it is evaluated.

use serde_json::Value;

use super::signature::Function;

/// An expression: finds a value, at a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// `@`.
    Current,
    Field(String),
    /// From the end if negative.
    Index(i64),
    Slice(Slice),
    Literal(Value),
    /// Each at what the one before it finds: `.`, `|`, `[0]`.
    Chain(Vec<Tree>),
    /// The second at each element of what the first finds, without nulls.
    Each(Box<Tree>, Box<Tree>),
    /// As `Each`, for elements at which `test` is true.
    Filter {
        list: Box<Tree>,
        test: Box<Tree>,
        each: Box<Tree>,
    },
    /// An object's values, as a list.
    Values(Box<Tree>),
    /// A list without the inner brackets.
    Flatten(Box<Tree>),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Compare(Comparison, Box<Tree>, Box<Tree>),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
    Call(Call),
}

/// `[start:stop:step]`; the step is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) stop: Option<i64>,
    pub(super) step: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function's call; the number of arguments is right, and which of them are expressions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Vec<Argument>,
    /// The first character of its name, for errors.
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Value(Tree),
    /// With `&`: evaluated by the function, for each element.
    Expression(Tree),
}

impl Slice {
    /// The places of a list of that length, in order.
    pub(super) fn places(self, length: usize) -> impl Iterator<Item = usize> {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let (least, most) = if self.step > 0 { (0, length) } else { (-1, length - 1) };
        let clamp = |place: i64| {
            let place = if place < 0 { place.saturating_add(length) } else { place };
            place.clamp(least, most)
        };
        let (first, end) = if self.step > 0 { (least, most) } else { (most, least) };
        let start = self.start.map_or(first, clamp);
        let stop = self.stop.map_or(end, clamp);
        let is_inside = move |place: &i64| {
            if self.step > 0 { *place < stop } else { *place > stop }
        };
        std::iter::successors(Some(start), move |place| place.checked_add(self.step))
            .take_while(is_inside)
            .filter_map(|place| usize::try_from(place).ok())
    }
}

impl Comparison {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}
