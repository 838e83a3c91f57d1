//! One operation: what it does, with which arguments, and what follows from that.

use std::sync::Arc;

use serde_json::Value;

use super::effect::{Effect, Retry};
use super::when;

/// Where a piece of text stands in the catalog's one buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

/// The catalog's one buffer. Every name is a span of it, so that twenty thousand operations cost no
/// allocation each.
#[derive(Debug)]
pub(super) struct Text(pub String);

impl Text {
    /// The text of a span; empty for a span that lies outside, which decoding does not produce.
    pub fn of(&self, span: Span) -> &str {
        self.0.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// An operation of a service.
#[derive(Debug)]
pub struct Operation {
    pub(super) text: Arc<Text>,
    pub(super) name: Span,
    /// Separated by spaces.
    pub(super) actions: Span,
    /// Separated by spaces.
    pub(super) sensitive: Span,
    /// `effect:condition`, separated by tabs.
    pub(super) conditions: Span,
    pub(super) weakest: Effect,
    pub(super) strongest: Effect,
    pub(super) retry: Retry,
    pub(super) changes: bool,
}

impl Operation {
    /// The name in AWS's own letters: `StartInstances`.
    pub fn name(&self) -> &str {
        self.text.of(self.name)
    }

    /// The effect as long as the arguments are not known: the strongest that any give.
    pub fn effect(&self) -> Effect {
        self.strongest
    }

    /// The effect of the most harmless arguments.
    pub fn weakest(&self) -> Effect {
        self.weakest
    }

    /// The effect of a call with these arguments (`null` for none), written as the operation's input
    /// has them; member names in any letter case.
    pub fn effect_with(&self, arguments: &Value) -> Effect {
        self.conditions()
            .filter(|(_, condition)| when::holds(condition, arguments))
            .fold(self.weakest, |strongest, (effect, _)| strongest.max(effect))
    }

    /// Whether the arguments decide the effect.
    pub fn depends_on_arguments(&self) -> bool {
        self.weakest != self.strongest
    }

    /// Whether any call of it changes something. Not what `effect` says: an answer that is a secret
    /// may come from a read or from a write.
    pub fn changes(&self) -> bool {
        self.changes
    }

    /// Whether it may be sent again.
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// The IAM actions that a call needs, `ec2:StartInstances`; none if they are not known.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        words(self.text.of(self.actions))
    }

    /// The names of members, at any depth of the answer, that AWS's model marks as sensitive. Such a
    /// member is sensitive with all that stands below it.
    pub fn sensitive(&self) -> impl Iterator<Item = &str> {
        words(self.text.of(self.sensitive))
    }

    /// Which arguments make the effect stronger than the weakest, as `(effect, condition)`: terms
    /// joined by `&`, each `Member=value`, `Member!=value` or `Member`. None where arguments decide
    /// nothing.
    pub fn conditions(&self) -> impl Iterator<Item = (Effect, &str)> {
        conditions(self.text.of(self.conditions))
    }
}

/// Reads `effect:condition` pairs. A word that names no effect is the strongest of all.
pub(super) fn conditions(text: &str) -> impl Iterator<Item = (Effect, &str)> {
    text.split('\t')
        .filter_map(|row| row.split_once(':'))
        .map(|(effect, condition)| (Effect::of_word(effect).unwrap_or(Effect::Unknown), condition))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}
