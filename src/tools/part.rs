//! As much of a value as fits into so many characters of JSON: what is small whole, lists by whole
//! entries, the rest of the room for what is long. It is valid JSON always, and says where it was cut.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A value that is shown in part.
pub struct Part {
    pub value: Value,
    /// The outer ones first.
    pub cuts: Vec<Cut>,
}

/// A place that is cut.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// JMESPath; empty for the value itself.
    pub path: String,
    /// Entries shown whole, members, or characters.
    pub shown: usize,
    pub of: usize,
}

/// How many places are named, and members in an outline.
pub const MOST_PLACES: usize = 20;

/// How deep an outline goes.
const OUTLINE: usize = 5;

/// A text that is cut shows at least so many characters.
const LEAST_TEXT: usize = 20;

/// So many long members of an object share its room, where each gets so much; otherwise the first get it.
const FEW: usize = 8;
const LEAST_SHARE: usize = 200;

/// How many characters a value takes as JSON text.
pub fn characters(value: &impl Serialize) -> usize {
    characters_within(value, usize::MAX).unwrap_or(usize::MAX)
}

/// The same, where it is no more than so many; of a longer one no more is written.
pub fn characters_within(value: &impl Serialize, most: usize) -> Option<usize> {
    let mut room = Room { left: most };
    serde_json::to_writer(&mut room, value).ok().map(|()| most - room.left)
}

/// The beginning of a text that fits into so many characters of JSON, without its quotes: how many
/// characters of the text that is.
pub fn fitting(text: &str, most: usize) -> usize {
    let mut left = most;
    let takes = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => 1,
    };
    text.chars().take_while(|c| take(&mut left, takes(*c))).count()
}

/// What of a value fits into so many characters of JSON. Its cuts are named as seen from outside: `at`
/// is its own path.
pub fn part(value: &Value, most: usize, at: &str) -> Part {
    let mut cutter = Cutter { path: at.to_owned(), cuts: Vec::new() };
    let value = cutter.fit(value, most).unwrap_or(Value::Null);
    Part { value, cuts: cutter.cuts }
}

/// What a value holds, with the count of every list, as deep as fits into so many characters.
pub fn outline(value: &Value, most: usize) -> Option<Value> {
    let deep = 1..=OUTLINE;
    // A level more is many times as long: the deepest is not made where one before it is too long.
    let outlines = deep.map(|deep| outlined(value, deep));
    outlines.take_while(|outline| characters_within(outline, most).is_some()).last()
}

struct Cutter {
    /// Where it is.
    path: String,
    cuts: Vec<Cut>,
}

impl Cutter {
    /// What fits of a value; none where not even its beginning does.
    fn fit(&mut self, value: &Value, most: usize) -> Option<Value> {
        if characters_within(value, most).is_some() {
            return Some(value.clone());
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
            Value::String(text) => self.text(text, most),
            Value::Array(entries) => self.list(entries, most),
            Value::Object(fields) => self.object(fields, most),
        }
    }

    fn text(&mut self, text: &str, most: usize) -> Option<Value> {
        let shown = fitting(text, most.saturating_sub(5));
        if shown < LEAST_TEXT {
            return None;
        }
        let of = text.chars().count();
        self.cuts.push(Cut { path: self.path.clone(), shown, of });
        let start: String = text.chars().take(shown).collect();
        Some(Value::String(start + "..."))
    }

    /// The first entries that fit whole, and the beginning of the next where there is much room for it.
    fn list(&mut self, entries: &[Value], most: usize) -> Option<Value> {
        let mut left = most.checked_sub(2)?;
        let mut shown = Vec::new();
        for entry in entries {
            let comma = usize::from(!shown.is_empty());
            let rest = left.checked_sub(comma);
            let size = rest.and_then(|rest| characters_within(entry, rest));
            let Some(size) = size else { break };
            left -= comma + size;
            shown.push(entry.clone());
        }
        let whole = shown.len();
        let at = self.cuts.len();
        self.cuts.push(Cut { path: self.path.clone(), shown: whole, of: entries.len() });
        if let Some(next) = entries.get(whole).filter(|_| whole == 0 || left > most / 2) {
            let room = left.saturating_sub(usize::from(whole > 0));
            let next = self.inside(&format!("[{whole}]"), |it| it.fit(next, room));
            if next.is_none() {
                self.cuts.truncate(at + 1);
            }
            shown.extend(next);
        }
        Some(Value::Array(shown))
    }

    /// What is small whole; what is long shares the rest, or where that is much, is shown in its order.
    fn object(&mut self, fields: &Map<String, Value>, most: usize) -> Option<Value> {
        let mut left = most.checked_sub(2)?;
        // Quotes, colon and comma are counted with the name.
        let named = |name: &String| characters(name) + 2;
        let size = |(at, (name, field)): (usize, (&String, &Value))| {
            let size = named(name) + characters_within(field, left)?;
            Some((size, at))
        };
        let mut sizes: Vec<(usize, usize)> = fields.iter().enumerate().filter_map(size).collect();
        sizes.sort_unstable();
        let mut long = fields.len();
        let mut is_whole = vec![false; fields.len()];
        for (size, at) in sizes {
            if size.saturating_mul(long) > left {
                break;
            }
            left -= size;
            long -= 1;
            if let Some(is_whole) = is_whole.get_mut(at) {
                *is_whole = true;
            }
        }
        let shares = long <= FEW.min(left / LEAST_SHARE);
        let cuts = self.cuts.len();
        let mut shown = Map::new();
        let mut is_full = false;
        for ((name, field), is_whole) in fields.iter().zip(is_whole) {
            if is_whole {
                shown.insert(name.clone(), field.clone());
                continue;
            }
            let room = if shares { left / long.max(1) } else { left };
            long -= 1;
            let Some(room) = room.checked_sub(named(name)).filter(|_| !is_full) else { continue };
            let begun = self.cuts.len();
            let Some(field) = self.inside(&step(name, &self.path), |it| it.fit(field, room)) else {
                self.cuts.truncate(begun);
                continue;
            };
            left -= named(name) + characters(&field);
            is_full = !shares && self.cuts.len() > begun;
            shown.insert(name.clone(), field);
        }
        if shown.len() < fields.len() {
            let cut = Cut { path: self.path.clone(), shown: shown.len(), of: fields.len() };
            self.cuts.insert(cuts, cut);
        }
        Some(Value::Object(shown))
    }

    fn inside<T>(&mut self, step: &str, what: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = what(self);
        self.path.truncate(length);
        done
    }
}

/// A member's name as it continues a path of JMESPath.
fn step(name: &str, path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit());
    let dot = if path.is_empty() { "" } else { "." };
    match is_name && !name.is_empty() {
        true => format!("{dot}{name}"),
        false => format!("{dot}{}", Value::from(name)),
    }
}

fn take(left: &mut usize, length: usize) -> bool {
    let rest = left.checked_sub(length);
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

fn outlined(value: &Value, deep: usize) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(entries) => match (entries.first(), deep.checked_sub(1)) {
            (Some(entry), Some(deep)) => {
                json!({"count": entries.len(), "of": outlined(entry, deep)})
            }
            (_, _) => json!({"count": entries.len()}),
        },
        Value::Object(fields) => match deep.checked_sub(1) {
            None if fields.len() == 1 => "1 member".into(),
            None => format!("{} members", fields.len()).into(),
            Some(deep) => {
                let shown = fields.iter().take(MOST_PLACES);
                let mut shown: Map<String, Value> =
                    shown.map(|(name, field)| (name.clone(), outlined(field, deep))).collect();
                if let Some(more) = fields.len().checked_sub(MOST_PLACES).filter(|more| *more > 0) {
                    shown.insert("...".to_owned(), format!("{more} more").into());
                }
                Value::Object(shown)
            }
        },
    }
}

/// Counts the characters that are written, and takes no more than there is room for.
struct Room {
    left: usize,
}

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // All but those that continue a character of UTF-8.
        let characters = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        match take(&mut self.left, characters) {
            true => Ok(bytes.len()),
            false => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
