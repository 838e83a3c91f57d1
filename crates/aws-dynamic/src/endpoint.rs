//! Where a request goes, and how it is signed there, as the rules of its service say. AWS publishes
//! these rules for each service (Smithy, "Rules engine specification", versions 1.0 and 1.1); here
//! they are packed, read on demand and evaluated.
//!
//! What comes in may be hostile: a region or a bucket is a text that somebody, perhaps a model,
//! wrote. So what the rules build is not believed: the host's own parts may hold nothing that would
//! end a host, and the whole must be a plain URL (see `resolve`).

mod arn;
mod evaluate;
mod function;
mod hosts;
mod import;
mod label;
mod packed;
mod parameters;
mod partition;
mod resolved;
mod rules;
mod tree;
mod url;
mod value;
pub mod write;

pub(crate) use function::uri_encode;
pub use hosts::{Allowed, Untrusted};
pub use import::Unreadable;
pub use packed::Payload;
pub use parameters::{Argument, BuiltIn, Kind, Parameter, Parameters};
pub use partition::Partitions;
pub use resolved::{AuthScheme, Endpoint, EndpointError, Property};
pub use rules::Rules;
pub use tree::RuleSet;

/// The packed rules of this build, as they are.
pub(crate) fn packed_rules() -> &'static [u8] {
    rules::PACKED
}
