//! The expressions of paginators and waiters: JMESPath (https://jmespath.org/specification.html), read
//! once, and then held against one answer after the other.
//!
//! What botocore 1.44.5 uses, of 8,603 expressions:
//!
//! | form | paginators | waiters |
//! |---|---|---|
//! | `A` or `A.B.C` | 7,542 | 706 |
//! | lists: `A[].B`, `A.B[].C`, `A[].B[].C.D` | - | 325 |
//! | `A[-1].B`, once with `\|\|` | 3 | - |
//! | `length(..)` compared, eleven of them with `[]`, two with filters | - | 20 |
//! | `A != 'text'`, with `&&` | - | 6 |
//! | `A.*.B` | - | 1 |
//!
//! The first form is walked here, without a copy of the answer, and is the only one in which a place
//! can be written to. The rest is for the crate `jmespath`, the JMESPath project's own. It takes no
//! bounds, so these are set before it is asked: on length, operators and multi-selections of an
//! expression, and on the depth of an answer. Slices overflow in it, and expression references copy
//! code: these and objects built by an expression are refused, which no model uses.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use jmespath::ast::Ast;
use jmespath::{Context, DEFAULT_RUNTIME, Rcvar, ToJmespath, interpret};
use serde_json::{Map, Value};

/// An expression of a model.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Path(Path),
    Compiled { text: String, ast: Ast },
}

/// Names of members, one within the other: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

/// An answer that is searched: the crate's form of it is made at most once.
pub(crate) struct Searched<'v> {
    answer: &'v Value,
    converted: OnceCell<Option<Rcvar>>,
}

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable(&'static str);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How deep an answer may be; JSON that is read by serde_json is no deeper.
pub(crate) const DEEPEST: usize = 128;

/// Four times the longest expression of botocore, and twice the one with most operators.
const LONGEST: usize = 800;
const MOST_OPERATORS: usize = 80;

/// Each can double what is found.
const MOST_SELECTIONS: usize = 4;

impl Expression {
    pub(crate) fn read(text: &str) -> Result<Self, Unusable> {
        if let Ok(path) = Path::read(text) {
            return Ok(Self::Path(path));
        }
        // Reading and searching recurse with each operator at most once.
        let operators = text.chars().filter(char::is_ascii_punctuation).count();
        if text.len() > LONGEST || operators > MOST_OPERATORS {
            return Err(Unusable("is too long"));
        }
        let ast = jmespath::parse(text).map_err(|_| Unusable("is not JMESPath"))?;
        let mut selections = 0;
        if !is_bounded(&ast, &mut selections) || selections > MOST_SELECTIONS {
            return Err(Unusable("has a part of JMESPath that models do not use"));
        }
        Ok(Self::Compiled { text: text.to_owned(), ast })
    }

    /// What it finds in an answer; none where that is null, or where a function is given what it does
    /// not take: `length(A)` finds nothing without `A`.
    pub(crate) fn find<'v>(&self, searched: &Searched<'v>) -> Option<Cow<'v, Value>> {
        match self {
            Self::Path(path) => path.find(searched.answer).map(Cow::Borrowed),
            Self::Compiled { text, ast } => {
                let mut context = Context::new(text, &DEFAULT_RUNTIME);
                let found = interpret(searched.converted()?, ast, &mut context).ok()?;
                let found = serde_json::to_value(&*found).ok()?;
                (!found.is_null()).then_some(Cow::Owned(found))
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Compiled { text, .. } => f.write_str(text),
        }
    }
}

impl Path {
    pub(crate) fn read(text: &str) -> Result<Self, Unusable> {
        let is_name = |name: &str| {
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && name.starts_with(|first: char| !first.is_ascii_digit())
        };
        if text.len() <= LONGEST && text.split('.').all(is_name) {
            Ok(Self(text.split('.').map(str::to_owned).collect()))
        } else {
            Err(Unusable("is not a path of names"))
        }
    }

    /// The value at the path, unless it is null.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let found = self.0.iter().try_fold(value, |value, name| value.get(name))?;
        (!found.is_null()).then_some(found)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The place of the path, where there is one.
    pub(crate) fn find_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, name| value.get_mut(name))
    }

    /// Puts a value at the path. What is in the way and is no object gives place.
    pub(crate) fn set(&self, root: &mut Map<String, Value>, value: Value) {
        set(&self.0, root, value);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl<'v> Searched<'v> {
    pub(crate) fn new(answer: &'v Value) -> Self {
        Self { answer, converted: OnceCell::new() }
    }

    fn converted(&self) -> Option<&Rcvar> {
        let convert = || is_shallow(self.answer, DEEPEST).then(|| self.answer.to_jmespath().ok());
        self.converted.get_or_init(|| convert().flatten()).as_ref()
    }
}

fn set(names: &[String], fields: &mut Map<String, Value>, value: Value) {
    match names {
        [] => {}
        [last] => {
            fields.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let place = fields.entry(first.as_str()).or_insert(Value::Null);
            let taken = place.take();
            let mut inner = if let Value::Object(inner) = taken { inner } else { Map::new() };
            set(rest, &mut inner, value);
            *place = Value::Object(inner);
        }
    }
}

/// Whether nothing in the value is deeper than that.
pub(crate) fn is_shallow(value: &Value, deepest: usize) -> bool {
    let Some(left) = deepest.checked_sub(1) else { return false };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(elements) => elements.iter().all(|element| is_shallow(element, left)),
        Value::Object(fields) => fields.values().all(|field| is_shallow(field, left)),
    }
}

/// Whether evaluation is bounded by the expression and the answer; counts the multi-selections.
fn is_bounded(ast: &Ast, selections: &mut usize) -> bool {
    match ast {
        Ast::Slice { .. } | Ast::Expref { .. } | Ast::MultiHash { .. } => false,
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Literal { .. } => true,
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => {
            is_bounded(node, selections)
        }
        Ast::Condition { predicate: lhs, then: rhs, .. }
        | Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => {
            is_bounded(lhs, selections) && is_bounded(rhs, selections)
        }
        Ast::Function { args, .. } => args.iter().all(|arg| is_bounded(arg, selections)),
        Ast::MultiList { elements, .. } => {
            *selections += 1;
            elements.iter().all(|element| is_bounded(element, selections))
        }
    }
}

#[cfg(test)]
mod tests;
