//! What a call of a tool does to an account: always the same, or decided by its arguments.

use serde_json::{Map, Value};

use super::{Effect, Operations};
use crate::error::Result;

/// A tool's effect.
#[derive(Clone, Copy, Debug)]
pub enum Effects {
    Always(Effect),
    ByArguments {
        weakest: Effect,
        strongest: Effect,
        of: fn(&Map<String, Value>) -> Effect,
    },
    /// The arguments name the operations: what the tool declares is not known before.
    Named {
        weakest: Effect,
        strongest: Effect,
        of: fn(&Map<String, Value>) -> Result<Named>,
    },
}

/// What one call does, by its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    pub effect: Effect,
    pub operations: Operations,
}

impl Effects {
    /// The effect of one call, and the operations that it may make: those that the tool declares, or
    /// that its arguments name.
    pub fn of(&self, arguments: &Map<String, Value>, declared: Operations) -> Result<Named> {
        match self {
            Self::Always(effect) => Ok(Named { effect: *effect, operations: declared }),
            Self::ByArguments { of, .. } => {
                Ok(Named { effect: of(arguments), operations: declared })
            }
            Self::Named { of, .. } => of(arguments),
        }
    }

    /// What annotations tell the host.
    pub fn strongest(&self) -> Effect {
        match self {
            Self::Always(effect) => *effect,
            Self::ByArguments { strongest, .. } | Self::Named { strongest, .. } => *strongest,
        }
    }

    /// What must be allowed for the tool to be of any use.
    pub fn weakest(&self) -> Effect {
        match self {
            Self::Always(effect) => *effect,
            Self::ByArguments { weakest, .. } | Self::Named { weakest, .. } => *weakest,
        }
    }
}
