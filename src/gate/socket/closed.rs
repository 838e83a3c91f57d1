//! Both ends where there is no socket: nothing listens, and nothing is found.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Desk, Open, Said};

const NOT_HERE: &str = "there is no approval at a terminal on Windows; use the dialog";

/// Never made.
#[derive(Debug)]
pub enum Listening {}

/// Never found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub pid: u32,
}

/// An error.
pub fn listen(_: &Path, _: Option<u32>, _: Arc<Desk>) -> io::Result<Listening> {
    Err(io::Error::new(io::ErrorKind::Unsupported, NOT_HERE))
}

/// An error.
pub fn servers(_: &Path) -> io::Result<Vec<Server>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, NOT_HERE))
}

impl Server {
    pub async fn open(&self) -> Result<Option<Open>, String> {
        Err(NOT_HERE.to_owned())
    }

    pub async fn answer(&self, _id: &str, _shown: &str, _said: Said) -> Result<(), String> {
        Err(NOT_HERE.to_owned())
    }

    pub async fn revoke(&self) -> Result<usize, String> {
        Err(NOT_HERE.to_owned())
    }
}
