//! What a call does to an account, from weak to strong.

use serde::Serialize;
use serde_json::{Map, Value};

/// The effect of an operation or a tool. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes what can be changed back.
    Write,
}

impl Effect {
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A tool's effect: always the same, or decided by its arguments.
#[derive(Clone, Copy, Debug)]
pub enum Effects {
    Always(Effect),
    ByArguments { weakest: Effect, strongest: Effect, of: fn(&Map<String, Value>) -> Effect },
}

impl Effects {
    /// The effect of one call.
    pub fn of(&self, arguments: &Map<String, Value>) -> Effect {
        match self {
            Self::Always(effect) => *effect,
            Self::ByArguments { of, .. } => of(arguments),
        }
    }

    /// What annotations tell the host.
    pub fn strongest(&self) -> Effect {
        match self {
            Self::Always(effect) => *effect,
            Self::ByArguments { strongest, .. } => *strongest,
        }
    }

    /// What must be allowed for the tool to be of any use.
    pub fn weakest(&self) -> Effect {
        match self {
            Self::Always(effect) => *effect,
            Self::ByArguments { weakest, .. } => *weakest,
        }
    }
}
