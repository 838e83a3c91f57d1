//! A record as one line: ASCII only, so that a terminal shows all that is there; of bounded length;
//! and with the hash over exactly its other bytes, so that none of them can change unseen.
//!
//! The hash is the SHA-256 of the line's bytes as they are without `,"hash":"..."`.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};

use super::record::{Always, Dated, Event, Members, ORDER};

/// A record's hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Hash([u8; 32]);

/// A line that was sealed.
pub struct Sealed {
    /// With its end.
    pub line: String,
    pub hash: Hash,
}

/// A line that was read, and found to be what was once written.
pub struct Read {
    pub ts: String,
    pub seq: u64,
    pub event: Event,
    pub prev: Hash,
    pub hash: Hash,
    pub members: Map<String, Value>,
}

/// Characters of one text.
const MOST_TEXT: usize = 4_096;
/// Bytes of a line.
const MOST_LINE: usize = 64 * 1024;
/// What is left of texts, and how many resources, in a line that is too long without its parameters.
const SHORT_TEXT: usize = 128;
const FEW: usize = 8;
/// Reading stops at 128 levels.
const MOST_LEVELS: usize = 32;
const CUT: &str = "...[cut]";

impl Hash {
    /// Stands before the first record of all.
    pub const ZERO: Self = Self([0; 32]);

    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// Makes what a record says fit to be written, once: texts and parameters of bounded size.
pub fn fit(dated: &mut Dated) {
    dated.texts().for_each(|text| cut(text, MOST_TEXT));
    if let Some(parameters) = dated.record.parameters.take() {
        dated.record.parameters = Some(fitted(parameters, 0));
    }
}

/// The record as the line that comes after `prev`.
pub fn seal(dated: &mut Dated, always: &Always, seq: u64, prev: Hash) -> io::Result<Sealed> {
    let prev = prev.hex();
    let text = |dated: &Dated| ascii(&Members::new(dated, always, seq, &prev));
    let mut open = text(dated)?;
    if open.len() > MOST_LINE - ROOM_OF_HASH
        && let Some(parameters) = dated.record.parameters.take()
    {
        dated.record.parameters = Some(json!({"cut": ascii(&parameters)?.len()}));
        open = text(dated)?;
    }
    if open.len() > MOST_LINE - ROOM_OF_HASH {
        dated.record.resource.truncate(FEW);
        dated.texts().for_each(|text| cut(text, SHORT_TEXT));
        open = text(dated)?;
    }
    let hash = Hash::of(open.as_bytes());
    open.pop();
    let line = format!("{open},\"hash\":\"{}\"}}\n", hash.hex());
    Ok(Sealed { line, hash })
}

/// `,"hash":""` and 64 digits.
const ROOM_OF_HASH: usize = 74;

/// Reads a line without its end; tells what is wrong with it.
pub fn read(line: &[u8]) -> Result<Read, &'static str> {
    let value: Value = serde_json::from_slice(line).map_err(|_| "is not JSON")?;
    let again = ascii(&value).map_err(|_| "is not JSON")?;
    let Value::Object(members) = value else { return Err("is not an object") };
    if again.as_bytes() != line {
        return Err("is not written as records are");
    }
    let mut order = ORDER.iter();
    if !members.keys().all(|key| order.any(|name| name == key)) {
        return Err("has other members than records have");
    }
    let text = |name| members.get(name).and_then(Value::as_str);
    let hash = text("hash").and_then(Hash::parse).ok_or("has no hash")?;
    let open = again
        .strip_suffix(&format!(",\"hash\":\"{}\"}}", hash.hex()))
        .ok_or("does not end with its hash")?;
    if Hash::of(format!("{open}}}").as_bytes()) != hash {
        return Err("was changed: its hash is another");
    }
    let event = members.get("event").cloned().and_then(|word| serde_json::from_value(word).ok());
    Ok(Read {
        ts: text("ts").ok_or("has no ts")?.to_owned(),
        seq: members.get("seq").and_then(Value::as_u64).ok_or("has no seq")?,
        event: event.ok_or("has an event that is not known")?,
        prev: text("prev").and_then(Hash::parse).ok_or("has no prev")?,
        hash,
        members,
    })
}

/// JSON in which every character that is not printable ASCII is escaped.
pub fn ascii(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(512);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Ascii))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // What is below a space was escaped already.
        if fragment.bytes().all(|b| b < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            match character {
                '\0'..='\u{7e}' => write!(writer, "{character}")?,
                other => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn fitted(value: Value, level: usize) -> Value {
    match value {
        Value::String(mut text) => {
            cut(&mut text, MOST_TEXT);
            Value::String(text)
        }
        Value::Array(_) | Value::Object(_) if level == MOST_LEVELS => Value::from(CUT),
        Value::Array(items) => items.into_iter().map(|item| fitted(item, level + 1)).collect(),
        Value::Object(members) => {
            let fitted = |(mut name, value)| {
                cut(&mut name, MOST_TEXT);
                (name, fitted(value, level + 1))
            };
            members.into_iter().map(fitted).collect::<Map<_, _>>().into()
        }
        Value::Number(number) => faithful(number),
        Value::Null | Value::Bool(_) => value,
    }
}

/// A number that reads back as it was written; else its text.
fn faithful(number: Number) -> Value {
    let text = number.to_string();
    match serde_json::from_str::<Number>(&text) {
        Ok(again) if again.to_string() == text => Value::Number(number),
        _ => Value::String(text),
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most
        && let Some((at, _)) = text.char_indices().nth(most)
    {
        text.truncate(at);
        text.push_str(CUT);
    }
}
