//! What the members around a value say about it: where it stands, and what the object is that it is
//! a member of.

use serde_json::{Map, Value};

use super::environment::{Marked, is_harmless, is_structure, is_variable_name, marked, pair_names};
use super::names::{Name, Secrets, is_named_by_another};

/// What the names above say about a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Plain,
    /// Its member has this name.
    Named(Name),
    /// Everything below is secret; the name says in which form it is shown.
    Sealed(Name),
    /// The same under `environment` or the like, where the names of variables are shown.
    SealedEnvironment,
    /// Under `environment` or the like.
    Environment,
    /// Environment variables and nothing else.
    Variables,
    /// An object in a list of one of these two.
    Entry,
}

impl Place {
    pub(super) fn of(name: Name) -> Self {
        match name {
            Name::Plain | Name::KeyId => Self::Plain,
            Name::Sensitive => Self::Sealed(name),
            Name::Environment => Self::Environment,
            Name::Variables => Self::Variables,
            Name::SecretKey | Name::SessionToken => Self::Named(name),
            Name::Password | Name::PasswordOrPath | Name::Token => Self::Named(name),
            Name::Signature | Name::Authorization => Self::Named(name),
        }
    }
}

/// What an object is, by its place and its members.
pub(super) enum Object {
    Plain,
    Sealed(Name),
    /// Its one member is the value: DynamoDB's `{"S": "x"}`.
    Typed(Name),
    Variables,
    /// A structure with variables somewhere in it.
    Environment,
    /// `{name: DB_PASS, value: x}` in a list of variables.
    Variable(String),
    /// The same in a list that is secret as a whole: ECS's.
    SealedVariable,
    /// The same elsewhere, where the name says that the value is secret.
    Pair(Name),
    Marked(Marked),
}

impl Object {
    pub(super) fn of(members: &Map<String, Value>, place: Place, secrets: &Secrets<'_>) -> Self {
        const TYPES: [&str; 5] = ["S", "SS", "B", "value", "Value"];
        match place {
            Place::Sealed(name) => Self::Sealed(name),
            Place::SealedEnvironment => match pair_names(members).next() {
                Some(_) => Self::SealedVariable,
                None => Self::Sealed(Name::Sensitive),
            },
            Place::Named(name @ (Name::SecretKey | Name::SessionToken)) => Self::Sealed(name),
            Place::Named(name)
                if members.len() == 1
                    && members.keys().any(|key| TYPES.contains(&key.as_str())) =>
            {
                Self::Typed(name)
            }
            Place::Environment if is_structure(members) => Self::Environment,
            Place::Environment | Place::Variables => Self::Variables,
            Place::Entry => match pair_names(members).next() {
                Some(name) => Self::Variable(name.to_owned()),
                None => Self::Environment,
            },
            Place::Plain | Place::Named(_) => {
                let secret = || {
                    let mut names =
                        pair_names(members).map(|name| Name::at_a_glance(name, secrets));
                    names.find(|name| *name != Name::Plain)
                };
                match marked(members) {
                    Some(marked) => Self::Marked(marked),
                    None => secret().map_or(Self::Plain, Self::Pair),
                }
            }
        }
    }

    /// What the object says about one of its members. `own` is what the member's name says.
    pub(super) fn place(
        &self,
        key: &str,
        own: Name,
        value: &Value,
        secrets: &Secrets<'_>,
    ) -> Place {
        let variable = |name: &str| match value {
            Value::String(text) if is_harmless(name, text) => Place::Plain,
            _ => Place::Sealed(Name::of(name, secrets)),
        };
        // Maps of maps of variables, and lists of pairs in one.
        let holds_variables = match value {
            Value::Object(_) => true,
            Value::Array(items) => items.iter().any(Value::is_object),
            _ => false,
        };
        match self {
            Self::Sealed(above) => match Name::of(key, secrets) {
                name @ (Name::KeyId | Name::SecretKey | Name::SessionToken) => Place::Sealed(name),
                _ => Place::Sealed(*above),
            },
            Self::SealedVariable if key.eq_ignore_ascii_case("name") && value.is_string() => {
                Place::Plain
            }
            Self::SealedVariable => Place::Sealed(Name::Sensitive),
            _ if own == Name::Sensitive => {
                match matches!(Name::known(key), Name::Environment | Name::Variables) {
                    true => Place::SealedEnvironment,
                    false => Place::Sealed(own),
                }
            }
            Self::Typed(name) => Place::Named(*name),
            Self::Variables if holds_variables => Place::Variables,
            Self::Variables => variable(key),
            Self::Environment
                if is_variable_name(key) && !value.is_array() && !value.is_object() =>
            {
                variable(key)
            }
            Self::Environment if key.eq_ignore_ascii_case("variables") => Place::Variables,
            Self::Variable(name) if is_named_by_another(key) => variable(name),
            Self::Pair(name) if is_named_by_another(key) && own == Name::Plain => Place::of(*name),
            Self::Marked(Marked::Value) if is_named_by_another(key) => {
                Place::Sealed(Name::Sensitive)
            }
            Self::Marked(Marked::Properties) if key.eq_ignore_ascii_case("properties") => {
                Place::Variables
            }
            Self::Environment | Self::Variable(_) | Self::Pair(_) | Self::Marked(_) => {
                Place::of(own)
            }
            Self::Plain => Place::of(own),
        }
    }
}
