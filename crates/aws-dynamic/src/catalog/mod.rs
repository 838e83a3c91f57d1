//! The catalog of services and operations. It is packed ahead of time from AWS's published models
//! and decoded at first use, so that a policy can name, judge and refuse any operation there is,
//! the ones without a tool of their own included.

mod blocks;
mod documentation;
mod effect;
mod index;
pub(crate) mod installed;
mod models;
pub(crate) mod name;
pub mod newer;
mod operation;
mod packed;
pub mod search;
mod when;
pub mod write;
pub mod write_models;

pub use crate::bytes::{Broken, Packing};
pub use documentation::Documentation;
pub use effect::{Effect, Retry};
pub use index::{Index, Service};
pub use installed::{TooLate, install, provenance, unusable};
pub use models::Models;
pub use operation::Operation;
