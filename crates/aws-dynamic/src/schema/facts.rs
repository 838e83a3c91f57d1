//! What else there is to know of an operation before it is called.

use crate::catalog::{Effect, Index};
use crate::model::Operation;
use crate::paginate::{Keys, keys};

/// Facts of an operation, from the catalog and the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The strongest effect of any arguments; `Unknown` if the catalog does not know the operation.
    pub effect: Effect,
    /// The effect of the most harmless arguments.
    pub weakest: Effect,
    /// The IAM actions that a call needs; none if they are not known.
    pub actions: Vec<&'a str>,
    /// How its answers follow each other, if there can be more than one.
    pub pages: Option<Keys<'a>>,
    /// The waiters that repeat it.
    pub waiters: Vec<&'a str>,
    /// The members that must be given; idempotency tokens are filled in.
    pub required: Vec<&'a str>,
    pub is_deprecated: bool,
    /// What of the input is a stream.
    pub input_stream: Streams,
    /// What of the output is a stream.
    pub output_stream: Streams,
}

/// What of an input or output is a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    Nothing,
    /// The body, as bytes.
    Body,
    /// Events, one after the other.
    Events,
}

/// The facts of an operation of the catalog.
pub fn facts(operation: Operation<'static>) -> Facts<'static> {
    let service = operation.service();
    let known = Index::get().ok().and_then(|index| index.service(service.name()));
    let known = known.and_then(|service| service.operation(operation.name()));
    let repeats = service.waiters().filter(|w| w.operation().row() == operation.row());
    let members = operation.input().into_iter().flat_map(|input| input.members());
    let required = members.filter(|m| m.is_required() && !m.is_idempotency_token());
    Facts {
        effect: known.map_or(Effect::Unknown, |known| known.effect()),
        weakest: known.map_or(Effect::Unknown, |known| known.weakest()),
        actions: known.into_iter().flat_map(|known| known.actions()).collect(),
        pages: keys(operation),
        waiters: repeats.map(|waiter| waiter.name()).collect(),
        required: required.map(|member| member.name()).collect(),
        is_deprecated: operation.is_deprecated(),
        input_stream: Streams::of(operation.input()),
        output_stream: Streams::of(operation.output()),
    }
}

impl Streams {
    fn of(shape: Option<crate::model::Shape<'_>>) -> Self {
        let mut streams = Self::Nothing;
        for member in shape.into_iter().flat_map(|shape| shape.members()) {
            if member.shape().is_event_stream() {
                return Self::Events;
            }
            if member.is_streaming() || member.shape().is_streaming() {
                streams = Self::Body;
            }
        }
        streams
    }
}
