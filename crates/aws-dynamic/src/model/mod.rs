//! What AWS's model says of a service: views of its operations, shapes, members and waiters, by row
//! into the packed columns. A view is two words, copied freely, and lives as long as its service.
//!
//! Names and facts are those of botocore's models, whose terms most readers know; what is missing
//! there is missing here, and what each key means to a protocol is the protocol's to say.

pub(crate) mod block;
pub(crate) mod column;
pub(crate) mod facts;
mod operation;
mod service;
mod shape;
pub mod terms;
mod waiter;
pub(crate) mod write;

pub use operation::{Checksum, Operation, Paginator};
pub use service::Service;
pub use shape::{ErrorTrait, Member, Shape};
pub use waiter::{Acceptor, Waiter};
pub use write::Contradiction;
