//! What this program knows about AWS without asking AWS: which services and operations exist, and
//! what a call of each does. A crate of its own, because the data behind it is large and changes
//! with AWS, while the server changes with its users.

pub mod catalog;
