//! What this program knows about AWS without asking AWS: which services and operations exist, what
//! a call of each does, how their inputs and outputs are shaped, and where a call goes. A crate of its
//! own, because the data behind it is large and changes with AWS, while the server changes with its
//! users.

pub mod auth;
mod bytes;
pub mod catalog;
pub mod client;
pub mod endpoint;
mod expression;
pub mod import;
pub mod model;
pub mod paginate;
pub mod protocol;
pub mod query;
pub mod schema;
pub mod validate;
pub mod waiter;

/// The examples of the crate's own page are compiled with its tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
