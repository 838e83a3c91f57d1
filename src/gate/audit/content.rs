//! What one file of records holds, read by itself: whether each record follows the one before it, and
//! what others must know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read as _};

use serde_json::{Map, Value};

use super::line::{self, Hash, Read};
use super::prune::Account;
use super::record::Event;
use super::verify::Flaw;

/// What one file holds, up to its first flaw.
#[derive(Default, Clone)]
pub struct Content {
    pub name: String,
    pub first: Option<First>,
    /// Of its records, in their order.
    pub hashes: Vec<Hash>,
    /// When its last record was written.
    pub last_ts: String,
    pub has_end: bool,
    /// Bytes of a last line without its end.
    pub torn: usize,
    pub flaw: Option<Flaw>,
    pub accounts: Vec<Account>,
    /// Intents without an outcome in the same file, and what is known here of those of others.
    pub intents: BTreeMap<String, Map<String, Value>>,
    pub answered: BTreeSet<String>,
}

/// What a file's first record says of its place.
#[derive(Clone)]
pub struct First {
    pub prev: Hash,
    pub file: Option<String>,
    pub line: Option<usize>,
}

/// Reads one file, a record at a time.
pub fn read(name: &str, mut lines: impl BufRead) -> io::Result<Content> {
    let mut content = Content { name: name.to_owned(), ..Content::default() };
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = lines.by_ref().take(MOST_LINE).read_until(b'\n', &mut text)?;
        let judged = match text.strip_suffix(b"\n") {
            Some(line) => line::read(line).and_then(|read| content.add(read)),
            None if length as u64 == MOST_LINE => Err("is longer than any record"),
            None => {
                content.torn = length;
                break;
            }
        };
        if let Err(why) = judged {
            content.flaw = Some(Flaw {
                file: name.to_owned(),
                line: Some(content.hashes.len() + 1),
                seq: Some(content.hashes.len() as u64),
                why: why.to_owned(),
            });
            break;
        }
    }
    Ok(content)
}

/// Bytes of a line, more than any record has.
const MOST_LINE: u64 = 1024 * 1024;

impl Content {
    fn add(&mut self, read: Read) -> Result<(), &'static str> {
        let Read { ts, seq, event, prev, hash, members } = read;
        if seq != self.hashes.len() as u64 {
            return Err("has another seq than its place: records are missing, added or moved");
        }
        if self.has_end {
            return Err("comes after the end");
        }
        let is_first = matches!(event, Event::Start | Event::Rotate);
        match self.hashes.last() {
            None if !is_first => return Err("is not a first record"),
            None => {
                let said = |name| members.get("parameters").and_then(|said| said.get(name));
                self.first = Some(First {
                    prev,
                    file: said("file").and_then(Value::as_str).map(str::to_owned),
                    line: said("line").and_then(Value::as_u64).and_then(|n| n.try_into().ok()),
                });
            }
            Some(_) if is_first => return Err("is a first record, and is not the first"),
            Some(last) if *last != prev => return Err("does not follow the record before it"),
            Some(_) => {}
        }
        match event {
            Event::End => self.has_end = true,
            Event::Pruned => {
                let account = members.get("parameters").and_then(Account::parse);
                self.accounts.push(account.ok_or("does not say what was pruned")?);
            }
            Event::Intent => {
                if let Some(key) = key(&members) {
                    self.intents.insert(key, members);
                }
            }
            Event::Outcome | Event::Unknown => {
                if let Some(key) = key(&members) {
                    self.intents.remove(&key);
                    self.answered.insert(key);
                }
            }
            Event::Start
            | Event::Rotate
            | Event::Read
            | Event::Call
            | Event::Denied
            | Event::Question
            | Event::Yes
            | Event::No
            | Event::Expired
            | Event::Credentials
            | Event::Lost
            | Event::Revoked => {}
        }
        self.last_ts = ts;
        self.hashes.push(hash);
        Ok(())
    }
}

/// What an intent and its outcome have in common.
fn key(members: &Map<String, Value>) -> Option<String> {
    let text = |name| members.get(name).and_then(Value::as_str);
    text("op_id").or_else(|| text("tx_id")).map(str::to_owned)
}
