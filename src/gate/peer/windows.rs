//! Windows: there is no socket to be reached through, so no peer is looked at. A process that asks on
//! its own console knows its environment, and nothing else.

use std::io;

use super::{FileId, Own, Seen};

pub fn user() -> u32 {
    0
}

pub fn own() -> io::Result<Own> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// This process, of which nothing is known here.
pub fn look(_pid: u32) -> io::Result<Seen> {
    let program = FileId { device: 0, number: 0 };
    Ok(Seen { program, traced: false, variables: None, ancestors: Vec::new() })
}

/// The process that started this one.
pub fn parent() -> Option<u32> {
    None
}
