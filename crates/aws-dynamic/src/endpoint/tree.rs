//! Rules as they are evaluated: names are gone, a variable is a place on a stack. A rule's variables
//! are there for its later conditions, its result and the rules below it, and for nothing else
//! (Smithy, "Rules engine specification", condition object), so the stack grows and shrinks with
//! the rules.

use std::borrow::Cow;

use super::function::Function;
use super::parameters::Parameter;
use super::value::Step;

/// How deep rules and expressions may be nested; AWS's go to 17.
pub(super) const DEEPEST: usize = 64;

/// The rules of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet<'r> {
    pub(super) parameters: Vec<Parameter<'r>>,
    pub(super) rules: Vec<Rule<'r>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule<'r> {
    pub(super) conditions: Vec<Condition<'r>>,
    pub(super) then: Then<'r>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition<'r> {
    pub(super) value: Expression<'r>,
    pub(super) keep: Keep,
}

/// Whether a condition's value becomes a variable, the next one on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    No,
    Yes,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Then<'r> {
    Endpoint(Box<Target<'r>>),
    Error(Expression<'r>),
    Rules(Vec<Rule<'r>>),
}

/// An endpoint before it is resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target<'r> {
    pub(super) url: Expression<'r>,
    pub(super) headers: Vec<(Cow<'r, str>, Vec<Expression<'r>>)>,
    pub(super) schemes: Vec<Scheme<'r>>,
    pub(super) properties: Vec<(Cow<'r, str>, Shape<'r>)>,
}

/// An authentication scheme before it is resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scheme<'r> {
    pub(super) name: Cow<'r, str>,
    pub(super) signing_name: Option<Expression<'r>>,
    pub(super) signing_region: Option<Expression<'r>>,
    pub(super) signing_region_set: Vec<Expression<'r>>,
    pub(super) disable_double_encoding: bool,
    pub(super) disable_normalize_path: bool,
}

/// A property before it is resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape<'r> {
    Value(Expression<'r>),
    List(Vec<Shape<'r>>),
    Map(Vec<(Cow<'r, str>, Shape<'r>)>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression<'r> {
    Text(Cow<'r, str>),
    Bool(bool),
    Integer(i64),
    /// A parameter or a variable, by its place on the stack.
    Variable(usize),
    /// Texts, one after the other.
    Template(Vec<Expression<'r>>),
    Part(Box<Expression<'r>>, Vec<Step>),
    Call(Function, Vec<Expression<'r>>),
}

impl<'r> RuleSet<'r> {
    /// The parameters that these rules ask for.
    pub fn parameters(&self) -> &[Parameter<'r>] {
        &self.parameters
    }
}
