//! The way through a result: every text with what its names, its place and its neighbours say.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::assigned::credentials;
use super::digest::{DigestKey, KEY_SHOWN, TOKEN_SHOWN, is_beginning, is_key_id, is_masked};
use super::environment::{is_harmless, name_length};
use super::names::{Name, Secrets};
use super::object::{Object, Place};
use super::scan::glance;
use super::shapes::{Line, block_line, opens_block};
use super::text::{self, Read, Reading, has_key};
use super::{access_key_id, secret_key};

/// JSON in JSON, base64 in base64.
const MOST_NESTED: u8 = 3;
/// serde_json reads 128 levels. What lies deeper would end the process here or when it is written.
const MOST_LEVELS: u16 = 256;

pub(super) struct Masker<'a> {
    secrets: &'a Secrets<'a>,
    key: &'a DigestKey,
    seen: Cell<Seen>,
}

/// What texts were seen to have that concerns their neighbours.
#[derive(Clone, Copy, Default)]
struct Seen {
    keys: bool,
    blocks: bool,
}

impl Seen {
    fn or(self, other: Self) -> Self {
        Self { keys: self.keys || other.keys, blocks: self.blocks || other.blocks }
    }
}

#[derive(Clone, Copy)]
struct At {
    /// A key id stands among the neighbours.
    beside: bool,
    /// Look at neighbours, for these.
    near: Seen,
    level: u16,
    nested: u8,
}

impl<'a> Masker<'a> {
    pub(super) fn new(secrets: &'a Secrets<'a>, key: &'a DigestKey) -> Self {
        Self { secrets, key, seen: Cell::default() }
    }

    /// Masks a document, and says whether anything was changed. Neighbours are looked at only where
    /// some text has a key id or the first line of a private key; what is masked of those at first
    /// still tells it.
    pub(super) fn whole(&self, value: &mut Value, place: Place, nested: u8) -> bool {
        let outer = self.seen.take();
        let at = At { beside: false, near: Seen::default(), level: 0, nested };
        let changed = self.value(value, place, at);
        let near = self.seen.get();
        self.seen.set(near.or(outer));
        match near.keys || near.blocks {
            true => self.value(value, place, At { near, ..at }) | changed,
            false => changed,
        }
    }

    fn value(&self, value: &mut Value, place: Place, at: At) -> bool {
        let at = At { level: at.level + 1, ..at };
        let masked = match value {
            Value::Array(_) | Value::Object(_) if at.level > MOST_LEVELS => {
                Some(self.key.hide(b"too deep"))
            }
            Value::Array(items) => return self.array(items, place, at),
            Value::Object(members) => return self.object(members, place, at),
            Value::String(text) => self.string(text, place, at),
            Value::Number(number) => match place {
                Place::Sealed(name) => self.sealed(&number.to_string(), name),
                Place::SealedEnvironment => self.sealed(&number.to_string(), Name::Sensitive),
                _ => None,
            },
            Value::Null | Value::Bool(_) => None,
        };
        masked.map(|masked| *value = Value::String(masked)).is_some()
    }

    fn array(&self, items: &mut [Value], place: Place, at: At) -> bool {
        let (inner, here) = self.neighbours(items.iter(), at);
        let mut changed = at.near.blocks && self.block_lines(items);
        let mut flag = Name::Plain;
        for item in items {
            let place = match (place, &*item) {
                (Place::Environment | Place::Variables, Value::Object(_)) => Place::Entry,
                // ["--password", "x"]
                (Place::Plain, Value::String(text)) if !text.starts_with('-') => Place::of(flag),
                (place, _) => place,
            };
            flag = match item.as_str() {
                Some(text) if is_option(text) => Name::at_a_glance(text, self.secrets),
                _ => Name::Plain,
            };
            let at = if item.is_string() { here } else { inner };
            changed |= self.value(item, place, at);
        }
        changed
    }

    fn object(&self, members: &mut Map<String, Value>, place: Place, at: At) -> bool {
        let (mut inner, mut here) = self.neighbours(members.values(), at);
        if at.near.keys && members.keys().any(|key| has_key(key)) {
            (inner.beside, here.beside) = (true, true);
        }
        let object = Object::of(members, place, self.secrets);
        let (mut changed, mut suspect) = (false, false);
        for (key, value) in members.iter_mut() {
            let glance = glance(key);
            suspect |= glance.suspect;
            let may_say = glance.hot || !self.secrets.is_empty();
            let name = if may_say { Name::of(key, self.secrets) } else { Name::Plain };
            let place = object.place(key, name, value, self.secrets);
            let at = if value.is_string() { here } else { inner };
            changed |= self.value(value, place, at);
        }
        changed | (suspect && self.keys(members, here))
    }

    /// Keys that are secrets, or have them. Two that look alike then are told apart by a digest.
    fn keys(&self, members: &mut Map<String, Value>, at: At) -> bool {
        let masked = |key: &str| self.patterns(key, Place::Plain, at);
        if !members.keys().any(|key| masked(key).is_some()) {
            return false;
        }
        for (key, value) in std::mem::take(members) {
            let mut shown = masked(&key).unwrap_or_else(|| key.clone());
            if members.contains_key(&shown) {
                shown.push_str(&self.key.hide(key.as_bytes()));
            }
            members.insert(shown, value);
        }
        true
    }

    /// Whether a key id stands among the texts of a container, of those directly below it, or of
    /// those that `at` knows of already: for what lies below, and for its own texts.
    fn neighbours<'v>(&self, values: impl Iterator<Item = &'v Value> + Clone, at: At) -> (At, At) {
        if !at.near.keys {
            return (at, at);
        }
        let has_key_below = |value: &Value| match value {
            Value::Array(items) => items.iter().any(is_key_text),
            Value::Object(members) => {
                members.iter().any(|(key, value)| has_key(key) || is_key_text(value))
            }
            _ => false,
        };
        let found = values.clone().any(|value| is_key_text(value) || has_key_below(value));
        (At { beside: found, ..at }, At { beside: found || at.beside, ..at })
    }

    fn string(&self, text: &str, place: Place, at: At) -> Option<String> {
        match place {
            Place::Sealed(name) => self.sealed(text, name),
            Place::SealedEnvironment => self.sealed(text, Name::Sensitive),
            Place::Named(Name::Authorization) => match credentials(text.as_bytes()) {
                Some(found) => {
                    let (scheme, secret) = text.split_at_checked(found.start)?;
                    Some(format!("{scheme}{}", self.key.hide(secret.as_bytes())))
                }
                None => self.patterns(text, place, at),
            },
            Place::Named(name) if name.makes_secret(text) => self.sealed(text, name),
            Place::Environment | Place::Variables => match name_length(text) {
                Some(length) => {
                    let (name, value) = text.split_at_checked(length)?;
                    let variable = name.trim_end_matches('=');
                    if is_harmless(variable, value) {
                        return self.patterns(text, place, at);
                    }
                    let value = self.sealed(value, Name::of(variable, self.secrets))?;
                    Some(format!("{name}{value}"))
                }
                None => self.patterns(text, place, at),
            },
            Place::Plain | Place::Named(_) | Place::Entry => self.patterns(text, Place::Plain, at),
        }
    }

    /// A text that is secret as a whole.
    fn sealed(&self, text: &str, name: Name) -> Option<String> {
        let bytes = text.as_bytes();
        self.note(Seen { keys: has_key(text), blocks: false });
        let is_done = text.is_empty()
            || is_masked(bytes)
            || name == Name::SessionToken && is_beginning(bytes, TOKEN_SHOWN)
            || name == Name::KeyId && is_beginning(bytes, KEY_SHOWN);
        match name {
            _ if is_done => None,
            _ if is_key_id(bytes) => Some(access_key_id(text)),
            Name::SecretKey => Some(secret_key().to_owned()),
            _ => Some(self.key.hide(bytes)),
        }
    }

    fn note(&self, seen: Seen) {
        self.seen.set(self.seen.get().or(seen));
    }

    /// A text of which parts may be secret; first as JSON, if it is JSON. What was glued to a secret
    /// may be one by itself, once that is gone; so it is read again until nothing is found.
    fn patterns(&self, text: &str, place: Place, at: At) -> Option<String> {
        const MOST_READINGS: usize = 4;
        let read = self.read(text, at);
        let may_be_json = read.has_names || !self.secrets.is_empty() || place != Place::Plain;
        let mut masked = read.masked;
        if may_be_json
            && at.nested < MOST_NESTED
            && text.trim_ascii_start().starts_with(['{', '['])
            && let Ok(mut document) = serde_json::from_str(text)
            && self.whole(&mut document, place, at.nested + 1)
        {
            masked = Some(document.to_string());
        }
        for _ in 0..MOST_READINGS {
            match masked.as_deref().and_then(|text| self.read(text, at).masked) {
                Some(more) => masked = Some(more),
                None => break,
            }
        }
        masked
    }

    /// One reading of a text, and of what it has in base64.
    fn read(&self, text: &str, at: At) -> Read {
        let reading = Reading { key: self.key, beside: at.beside };
        let below = At { beside: false, nested: at.nested + 1, ..at };
        let inner = |text: &str| {
            at.nested < MOST_NESTED && self.patterns(text, Place::Plain, below).is_some()
        };
        let read = text::read(text, reading, inner);
        self.note(Seen { keys: read.has_key, blocks: read.opens_block });
        read
    }

    /// A private key of which every line is a text of its own, as in a log: elements of a list, or
    /// the same member of its objects. Lines have one length, but the last, which may look like a
    /// word and is known by what comes before it.
    fn block_lines(&self, items: &mut [Value]) -> bool {
        let mut open: Option<String> = None;
        let (mut last, mut changed) = (Line::None, false);
        for item in items {
            let texts: Vec<(&str, &mut Value)> = match item {
                Value::Object(members) => {
                    members.iter_mut().map(|(key, value)| (key.as_str(), value)).collect()
                }
                other => vec![("", other)],
            };
            for (name, value) in texts {
                let Some(text) = value.as_str() else { continue };
                if opens_block(text) {
                    (open, last) = (Some(name.to_owned()), Line::None);
                } else if open.as_deref() == Some(name) {
                    let line = block_line(text);
                    match (last, line) {
                        (_, Line::None) if text.contains("END ") => open = None,
                        (_, Line::Whole) | (Line::Whole, Line::Last) => {
                            *value = Value::String(self.key.hide(text.as_bytes()));
                            changed = true;
                        }
                        _ => {}
                    }
                    last = line;
                }
            }
        }
        changed
    }
}

fn is_option(text: &str) -> bool {
    text.strip_prefix("--").is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains(char::is_whitespace)
    })
}

fn is_key_text(value: &Value) -> bool {
    value.as_str().is_some_and(has_key)
}
