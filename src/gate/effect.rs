//! What a call of a tool does to an account: always the same, or decided by its arguments.

use serde_json::{Map, Value};

use super::Effect;

/// A tool's effect.
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
