//! The secrets inside one text, and the text without them. Ordinary texts are read once and not
//! copied.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use super::assigned::{
    Assigned, How, assigned, credentials, identified, name_around, option, url_password, value,
};
use super::digest::{
    DigestKey, KEY_LENGTH, TOKEN_SHOWN, is_beginning, is_key_byte, is_key_id, is_masked,
    masked_length,
};
use super::layers::{Layer, decode};
use super::names::Name;
use super::scan::{Anchor, Kind, Seen, any_trigger, scan};
use super::shapes::{
    SECRET_LENGTH, bearer, is_base64, is_base64url, is_first_line, issued, jwt, key_id,
    private_block, random_runs, run, token,
};

/// JSON in JSON in a URL is common; more is not.
const MOST_LAYERS: usize = 3;

/// What is to be done with one text.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) key: &'a DigestKey,
    /// A key id stands nearby: what looks random is its secret.
    pub(super) beside: bool,
}

/// What a reading found.
#[derive(Default)]
pub(super) struct Read {
    /// The text without its secrets; `None` where it has none.
    pub(super) masked: Option<String>,
    /// It has names that say more once it is read as JSON.
    pub(super) has_names: bool,
    /// It has a key id, or the name of its secret: its neighbours may hold that.
    pub(super) has_key: bool,
    /// It ends with the first line of a private key.
    pub(super) opens_block: bool,
}

/// Reads a text. `inner` says whether a text that was found inside, in base64, has secrets.
pub(super) fn read(text: &str, how: Reading<'_>, inner: impl Fn(&str) -> bool) -> Read {
    let mut read = Read::default();
    let mut found = Vec::new();
    let mut seen = Finder::read(text.as_bytes(), how, &mut read, &inner, |at| at, &mut found);
    let how = Reading { beside: how.beside || read.has_key, ..how };
    let mut layer: Option<Layer> = None;
    for _ in 0..MOST_LAYERS {
        let next = match &layer {
            _ if !seen.escapes => None,
            None => Layer::of(text.as_bytes()),
            Some(layer) => layer.next(),
        };
        let Some(open) = next else { break };
        let origin = |at| open.origin(at);
        seen = Finder::read(&open.bytes, how, &mut read, &inner, origin, &mut found);
        layer = Some(open);
    }
    read.masked = (!found.is_empty()).then(|| without(text, found, how.key));
    read
}

/// Whether a text has a key id, or the name of its secret.
pub(super) fn has_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    any_trigger(bytes, |anchor, at| match anchor.kind {
        Kind::KeyId => is_key(bytes, at),
        _ => bytes.get(name_around(bytes, at)).is_some_and(names_key),
    })
}

struct Found {
    at: Range<usize>,
    shown: Cow<'static, str>,
}

struct Finder<'a> {
    text: &'a [u8],
    key: &'a DigestKey,
    read: &'a mut Read,
    found: Vec<Found>,
    /// Up to here all is found already, or known not to be there: without these marks, text that
    /// repeats an opening would be read again from each to the end.
    covered: usize,
    no_jwt: usize,
    no_colon: usize,
}

impl<'a> Finder<'a> {
    /// Finds what one layer of a text has; `origin` says where that is in the text.
    fn read(
        text: &'a [u8],
        how: Reading<'a>,
        read: &'a mut Read,
        inner: &impl Fn(&str) -> bool,
        origin: impl Fn(usize) -> usize,
        found: &mut Vec<Found>,
    ) -> Seen {
        let (covered, no_jwt, no_colon) = (0, 0, 0);
        let mut finder =
            Self { text, key: how.key, read, found: Vec::new(), covered, no_jwt, no_colon };
        let seen = scan(text, |anchor, at| finder.at(anchor, at));
        if how.beside || finder.read.has_key {
            finder.random();
        }
        if seen.base64 {
            finder.in_base64(inner);
        }
        for Found { at, shown } in finder.found {
            found.push(Found { at: origin(at.start)..origin(at.end), shown });
        }
        seen
    }

    fn at(&mut self, anchor: &Anchor, at: usize) {
        let text = self.text;
        match anchor.kind {
            Kind::KeyId => self.key_id(at),
            Kind::Private => match private_block(text, at) {
                Some(_) if is_first_line(text, at) => self.read.opens_block = true,
                Some(block) => self.hide(block),
                None => self.name(at),
            },
            Kind::Name => self.name(at),
            Kind::Export => self.read.has_names = true,
            Kind::Jwt
            | Kind::Token(_)
            | Kind::Issued(_)
            | Kind::Bearer
            | Kind::Url
            | Kind::Identified
            | Kind::Command
                if at < self.covered => {}
            Kind::Jwt if at < self.no_jwt => {}
            Kind::Jwt => match jwt(text, at) {
                Some(found) => self.hide(found),
                None => self.no_jwt = run(text, at, is_base64url),
            },
            Kind::Token(least) => self.hide_if(token(text, at, least)),
            Kind::Issued(least) => self.hide_if(issued(text, at, anchor.text.len(), least)),
            Kind::Bearer => self.hide_if(bearer(text, at)),
            Kind::Url => self.hide_value(url_password(text, at)),
            Kind::Identified => {
                let found = identified(text, at + anchor.text.len());
                self.hide_value(
                    found.and_then(|found: Assigned| value(text, &found)).map(|it| it.0),
                );
            }
            Kind::Command => self.hide_value(option(text, at)),
        }
    }

    fn key_id(&mut self, at: usize) {
        if at >= self.covered
            && let Some(id) = key_id(self.text, at)
        {
            let shown = self.text.get(id.clone()).unwrap_or_default();
            let shown = super::access_key_id(&String::from_utf8_lossy(shown));
            self.read.has_key = true;
            self.covered = id.end;
            self.found.push(Found { at: id, shown: shown.into() });
        } else if is_key(self.text, at) {
            self.read.has_key = true;
        }
    }

    fn name(&mut self, at: usize) {
        let range = name_around(self.text, at);
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let assigned = assigned(self.text, &range);
        let name = Name::known(std::str::from_utf8(raw).unwrap_or_default());
        if name == Name::Plain {
            return;
        }
        self.read.has_names = true;
        self.read.has_key |= name == Name::SecretKey && names_key(raw);
        let is_sure = match name {
            Name::SecretKey | Name::SessionToken => true,
            Name::Password | Name::PasswordOrPath | Name::Token | Name::Signature => false,
            Name::Authorization => false,
            Name::Plain | Name::Sensitive | Name::KeyId => return,
            Name::Environment | Name::Variables => return,
        };
        if at < self.covered {
            return;
        }
        let Some(assigned) = assigned else { return };
        if name == Name::Authorization {
            let start = assigned.start;
            let found = credentials(self.text.get(start..).unwrap_or_default());
            return self.hide_value(found.map(|found| start + found.start..start + found.end));
        }
        if assigned.how == How::Stated && name != Name::Password {
            return;
        }
        if assigned.how == How::Colon && at < self.no_colon {
            return;
        }
        let Some((found, how)) = value(self.text, &assigned) else { return };
        if how == How::Colon && !is_sure {
            self.no_colon = found.end;
            return;
        }
        let bytes = self.text.get(found.clone()).unwrap_or_default();
        let is_token = name == Name::SessionToken && is_beginning(bytes, TOKEN_SHOWN);
        let is_signature = || how == How::Equals && name == Name::Signature && is_long(bytes);
        let is_secret = || name.makes_secret(&String::from_utf8_lossy(bytes)) || is_signature();
        if is_masked(bytes) || is_token || !is_secret() {
            // '{{resolve:secretsmanager:db:SecretString:password}}'
            self.no_colon = found.end;
            return;
        }
        match name {
            Name::SecretKey => self.push(found, super::secret_key().into()),
            _ => self.hide(found),
        }
    }

    fn random(&mut self) {
        for found in random_runs(self.text) {
            match found.len() {
                SECRET_LENGTH => self.push(found, super::secret_key().into()),
                _ => self.hide(found),
            }
        }
    }

    /// The runs of base64 that hold secrets once they are decoded. A text that is nothing but lines
    /// of base64 is one run.
    fn in_base64(&mut self, inner: &impl Fn(&str) -> bool) {
        let text = self.text;
        let is_part = |b: &u8| is_base64(b) || matches!(b, b'-' | b'_');
        let holds = |range: Range<usize>| {
            let bytes = text.get(range).unwrap_or_default();
            let letters = bytes.iter().filter(|b| !b.is_ascii_whitespace());
            decode(letters.copied()).is_some_and(|text| inner(&text))
        };
        let is_lines = |b: &u8| is_part(b) || *b == b'=' || b.is_ascii_whitespace();
        if text.contains(&b'\n') && text.iter().all(is_lines) && holds(0..text.len()) {
            return self.hide(0..text.len());
        }
        let mut at = 0;
        while at < text.len() {
            let end = run(text, at, is_part);
            let padded = run(text, end, |b| *b == b'=');
            if end - at >= SECRET_LENGTH && holds(at..end) {
                self.hide(at..padded);
            }
            at = padded.max(at + 1);
        }
    }

    fn hide_if(&mut self, found: Option<Range<usize>>) {
        if let Some(found) = found {
            self.hide(found);
        }
    }

    /// A value may be masked already, or say where the secret is.
    fn hide_value(&mut self, found: Option<Range<usize>>) {
        let Some(found) = found else { return };
        let value = self.text.get(found.clone()).unwrap_or_default();
        if !is_masked(value) && Name::Password.makes_secret(&String::from_utf8_lossy(value)) {
            self.hide(found);
        }
    }

    /// A key id is shown as one, whatever holds it: it says what else is secret.
    fn hide(&mut self, found: Range<usize>) {
        let secret = self.text.get(found.clone()).unwrap_or_default();
        let shown = match is_key_id(secret) {
            true => super::access_key_id(&String::from_utf8_lossy(secret)),
            false => self.key.hide(secret),
        };
        self.push(found, shown.into());
    }

    fn push(&mut self, at: Range<usize>, shown: Cow<'static, str>) {
        self.covered = self.covered.max(at.end);
        self.found.push(Found { at, shown });
    }
}

/// A key id, or what is shown of one.
fn is_key(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let is_whole = rest.get(..KEY_LENGTH).is_some_and(|id| id.iter().all(is_key_byte));
    is_whole || masked_length(rest) > 0
}

fn names_key(raw: &[u8]) -> bool {
    let letters = raw.iter().filter(|b| b.is_ascii_alphanumeric());
    let name: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    name.ends_with(b"secretaccesskey") || name.ends_with(b"awssecretkey")
}

/// As long as the base64 of SHA-1, which SigV2 signs with.
fn is_long(value: &[u8]) -> bool {
    value.len() >= 27
}

/// The text with every place replaced. What lies inside of another goes with it; what overlaps is
/// one secret.
fn without(text: &str, mut found: Vec<Found>, key: &DigestKey) -> String {
    // Of two readings of one place the later one is nearer to the secret itself.
    found.reverse();
    found.sort_by_key(|found| (found.at.start, Reverse(found.at.end), found.shown.len()));
    let mut merged: Vec<Found> = Vec::new();
    for next in found {
        match merged.last_mut() {
            Some(last) if next.at.start < last.at.end => {
                if next.at.end > last.at.end {
                    last.at.end = next.at.end;
                    let whole = text.as_bytes().get(last.at.clone()).unwrap_or_default();
                    last.shown = key.hide(whole).into();
                }
            }
            _ => merged.push(next),
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for found in &merged {
        let Some(kept) = text.get(at..found.at.start) else { return key.hide(text.as_bytes()) };
        out.push_str(kept);
        out.push_str(&found.shown);
        at = found.at.end;
    }
    match text.get(at..) {
        Some(rest) => out + rest,
        None => key.hide(text.as_bytes()),
    }
}
