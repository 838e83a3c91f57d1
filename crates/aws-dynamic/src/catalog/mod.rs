//! The catalog of services and operations. It is packed ahead of time from AWS's published models
//! and decoded at first use, so that a policy can name, judge and refuse any operation there is,
//! the ones without a tool of their own included.

mod effect;
mod index;
mod models;
pub(crate) mod name;
mod operation;
mod packed;
pub mod search;
mod when;
#[cfg(feature = "pack")]
pub mod write;
#[cfg(feature = "pack")]
pub mod write_models;

pub use crate::bytes::Broken;
pub use effect::{Effect, Retry};
pub use index::{Index, Service};
pub use models::Models;
pub use operation::Operation;
