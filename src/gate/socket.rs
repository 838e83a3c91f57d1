//! How `aws-mcp approve`, in a person's own terminal, reaches the servers that wait for a yes: a
//! socket per server in the state folder. The folder keeps other users out; who connects is looked
//! at (`peer`), before a byte of it is read and again before it is obeyed. Not on Windows: there the
//! dialog is the way, and a named pipe would need much code that only a Windows machine can test.

#[cfg(unix)]
mod client;
#[cfg(windows)]
mod closed;
#[cfg(unix)]
mod folder;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod server;

#[cfg(unix)]
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(unix)]
pub use client::{Server, servers};
#[cfg(windows)]
pub use closed::{Listening, Server, listen, servers};
#[cfg(unix)]
pub use server::{Listening, listen};

/// What a request and its answer may take, all in all.
#[cfg(unix)]
const LIMIT: Duration = Duration::from_secs(5);

/// A question that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub id: String,
    /// What a yes allows, in lines of text.
    pub summary: String,
    /// RFC 3339.
    pub asked_at: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// A yes that covers more than one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub what: String,
    /// RFC 3339.
    pub until: String,
}

/// What a person said at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Yes,
    No,
}

/// Takes the answer to the question of an id; or says why it came to nothing.
pub type Answer = Box<dyn Fn(&str, Said) -> Result<(), String> + Send + Sync>;

/// Where the questions lie. The functions are called on a thread that may wait.
pub struct Desk {
    pub pending: Box<dyn Fn() -> Vec<Pending> + Send + Sync>,
    pub grants: Box<dyn Fn() -> Vec<Grant> + Send + Sync>,
    pub answer: Answer,
    /// Ends all grants, and says how many there were.
    pub revoke: Box<dyn Fn() -> usize + Send + Sync>,
}

/// What a server has on its desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub pending: Vec<Pending>,
    pub grants: Vec<Grant>,
    /// How many found no room in the answer.
    pub more: usize,
}

#[cfg(test)]
mod tests;
