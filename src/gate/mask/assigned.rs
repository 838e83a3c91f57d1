//! What a text assigns to a name: `password=x`, `"secretKey": "x"`, `--password x`,
//! `<Password>x</Password>`, `Authorization: Bearer x`, `scheme://user:x@host`.

use std::ops::Range;

use super::digest::masked_length;
use super::names::{LEAST_TOKEN, opens_reference};
use super::shapes::{before, run};

/// How a value is bound to its name. It decides how sure it is that it is a value at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Quoted,
    Equals,
    /// `name: value`, as in YAML; in prose too, where more words follow.
    Colon,
    /// ... and nothing else in the line.
    ColonAlone,
    Markup,
    Option,
}

/// A name is not longer; the cost of a hit is bounded by it.
const LONGEST_NAME: usize = 64;
const MOST_BLANKS: usize = 16;

/// The whole name of which a part stands at `at`.
pub(super) fn name_around(text: &[u8], at: usize) -> Range<usize> {
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let ahead = text.get(..at).unwrap_or_default().iter().rev().take(LONGEST_NAME);
    let behind = text.get(at..).unwrap_or_default().iter().take(LONGEST_NAME);
    at - ahead.take_while(is_name).count()..at + behind.take_while(is_name).count()
}

/// A value that begins.
pub(super) struct Assigned {
    pub(super) how: How,
    pub(super) start: usize,
    /// The quote before it, and how many backslashes stand before that.
    quote: Option<(u8, usize)>,
    /// In a line of its own, nothing but a blank ends it: `DB_PASSWORD=a&b`.
    has_line: bool,
}

/// Where the value begins that is assigned to the name that stands there.
pub(super) fn assigned(text: &[u8], name: &Range<usize>) -> Option<Assigned> {
    let quotes = skip(text, name.end, is_quote);
    let blanks = skip(text, quotes, u8::is_ascii_whitespace);
    let how = match text.get(blanks)? {
        b'=' => How::Equals,
        b':' => How::Colon,
        b'>' if matches!(before(text, name.start), Some(b'<' | b':')) => How::Markup,
        _ if blanks > quotes && text.get(name.start..)?.starts_with(b"--") => How::Option,
        _ => return None,
    };
    let has_line = starts_line(text, name.start);
    if how == How::Markup {
        return Some(Assigned { how, start: blanks + 1, quote: None, has_line });
    }
    // ==, :=, =>
    let sign = skip(text, blanks, |b| matches!(b, b'=' | b':' | b'>'));
    let start = skip(text, sign, |b| matches!(b, b' ' | b'\t'));
    let slashes = skip(text, start, |b| *b == b'\\');
    match text.get(slashes)? {
        quote @ (b'"' | b'\'' | b'`') => {
            let quote = Some((*quote, slashes - start));
            Some(Assigned { how: How::Quoted, start: slashes + 1, quote, has_line })
        }
        // A list or a block begins here; another option.
        b'[' | b'{' | b'|' | b'>' if how == How::Colon => None,
        b'-' if how == How::Option => None,
        _ => Some(Assigned { how, start, quote: None, has_line }),
    }
}

/// The value, and how it is bound to its name; never empty.
pub(super) fn value(text: &[u8], assigned: &Assigned) -> Option<(Range<usize>, How)> {
    let Assigned { how, start, quote, has_line } = *assigned;
    let (end, how) = match (how, quote) {
        (_, Some((quote, depth))) => (closing(text, start, quote, depth), how),
        (How::Markup, None) => (run(text, start, |b| *b != b'<'), how),
        // `<the password>`
        _ if text.get(start) == Some(&b'<') => return None,
        _ if opens_reference(text.get(start..)?) => return None,
        (How::Option, None) => (end_of_word(text, start, |_| false), how),
        (_, None) => {
            let end = end_of_word(text, start, |b| match has_line {
                true => matches!(b, b'"' | b'\'' | b'`'),
                false => b"&;,\"'`<>)]}|".contains(b),
            });
            let alone = how == How::Colon && ends_line(text, end);
            (end, if alone { How::ColonAlone } else { how })
        }
    };
    (start < end).then_some((start..end, how))
}

/// What of an `Authorization` header's value is secret: what stands behind the scheme. SigV4's is
/// known by the names inside.
pub(super) fn credentials(value: &[u8]) -> Option<Range<usize>> {
    const SCHEMES: [&[u8]; 8] =
        [b"bearer", b"basic", b"token", b"apikey", b"key", b"splunk", b"negotiate", b"ntlm"];
    if value.starts_with(b"AWS") {
        return None;
    }
    let is_word = |b: &u8| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'\\' | b',');
    let first = run(value, 0, is_word);
    let is_scheme = |word: &[u8]| SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known));
    let (found, least) = match value.get(..first)? {
        scheme if is_scheme(scheme) => {
            let start = skip(value, first, |b| matches!(b, b' ' | b'\t'));
            (start..run(value, start, is_word), 1)
        }
        _ => (0..first, LEAST_TOKEN),
    };
    // Of what is masked in part, the rest was no secret.
    let is_cut = value.get(found.clone())?.windows(3).any(|window| window == b"***");
    (found.len() >= least && !is_cut).then_some(found)
}

/// The password of `scheme://user:password@host`; `at` is the colon.
pub(super) fn url_password(text: &[u8], at: usize) -> Option<Range<usize>> {
    /// A password that is not encoded as it should be may hold `/`, `?` and `#`.
    const FAR: usize = 256;
    before(text, at).filter(u8::is_ascii_alphanumeric)?;
    let is_text = |b: &u8| !b.is_ascii_whitespace() && !b"\"'`<>\\".contains(b);
    let start = at + b"://".len();
    let authority = text.get(start..run(text, start, |b| is_text(b) && !b"/?#".contains(b)))?;
    let colon =
        authority.iter().position(|b| *b == b':').filter(|_| !authority.starts_with(b"["))?;
    let password = start + colon + 1;
    let end = match authority.iter().rposition(|b| *b == b'@') {
        Some(sign) => start + sign,
        None => {
            let port = authority.get(colon + 1..)?;
            if port.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let far =
                text.get(password..)?.iter().take(FAR).take_while(|b| is_text(b) && **b != b',');
            password + far.enumerate().filter(|(_, b)| **b == b'@').last()?.0
        }
    };
    // An image by its tag and digest, not a host.
    if text.get(end..)?.starts_with(b"@sha256:") {
        return None;
    }
    (password < end).then_some(password..end)
}

/// The quote that closes, and not one inside that is escaped more deeply; else the end of the line.
fn closing(text: &[u8], from: usize, quote: u8, depth: usize) -> usize {
    let mut slashes = 0;
    for (at, byte) in text.iter().enumerate().skip(from) {
        if *byte == quote && slashes <= depth {
            return at - slashes;
        }
        slashes = if *byte == b'\\' { slashes + 1 } else { 0 };
    }
    run(text, from, |b| !matches!(b, b'\n' | b'\r'))
}

/// The end of a word: at a blank, at what `ends` says, at an escaped line break or quote. A masked
/// form at its beginning is a part of it.
fn end_of_word(text: &[u8], start: usize, ends: impl Fn(&u8) -> bool) -> usize {
    let masked = masked_length(text.get(start..).unwrap_or_default());
    let mut at = start + masked;
    while let Some(byte) = text.get(at) {
        let escaped = || matches!(text.get(at + 1), Some(b'n' | b'r' | b't' | b'"' | b'\''));
        if byte.is_ascii_whitespace() || ends(byte) || *byte == b'\\' && escaped() {
            break;
        }
        at += 1;
    }
    at
}

fn starts_line(text: &[u8], at: usize) -> bool {
    let line = text.get(..at).unwrap_or_default();
    matches!(line.last(), None | Some(b'\n')) || line.ends_with(b"export ")
}

fn ends_line(text: &[u8], at: usize) -> bool {
    let at = skip(text, at, |b| matches!(b, b' ' | b'\t'));
    matches!(text.get(at), None | Some(b'\n' | b'\r' | b',' | b'}' | b']' | b'#'))
        || text.get(at..).is_some_and(|rest| rest.starts_with(b"\\n") || rest.starts_with(b"\\r"))
}

fn skip(text: &[u8], at: usize, is: impl Fn(&u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take(MOST_BLANKS).take_while(|b| is(b)).count()
}

fn is_quote(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`' | b'\\')
}
