//! What is said over the socket: one JSON text per line. The server begins with a number that it has
//! made up; the request repeats it, so that nothing counts that was written before the server had
//! looked at who is there.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Open, Said};

/// Goes up with every change of what is below.
pub const VERSION: u32 = 1;
/// Bytes of a line, its end included.
pub const MOST: usize = 64 * 1024;

/// The server's first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Greeting {
    Hello {
        version: u32,
        number: String,
    },
    /// Why the client is not listened to.
    Refused(String),
}

/// The client's only line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub version: u32,
    pub number: String,
    pub wish: Wish,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wish {
    /// What is on the desk.
    List,
    /// An answer to what was shown: `shown` is the summary, which must still be the question's.
    Answer { id: String, shown: String, said: Said },
    /// The end of all grants.
    Revoke,
}

/// The server's last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    Open(Open),
    Taken,
    Revoked(usize),
    Refused(String),
}

/// A line with its end; nothing where it would be too long.
pub fn written(said: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = serde_json::to_vec(said).ok()?;
    bytes.push(b'\n');
    (bytes.len() <= MOST).then_some(bytes)
}

/// What a line says; nothing where it is not one of ours.
pub fn read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}
