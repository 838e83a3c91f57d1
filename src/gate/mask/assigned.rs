//! What a text assigns to a name: `password=x`, `"secretKey": "x"`, `--password x`,
//! `<Password>x</Password>`, `Authorization: Bearer x`, `scheme://user:x@host`, SQL's `PASSWORD 'x'`,
//! and the options of commands that are passwords without saying so.

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
    /// A quoted text behind nothing but blanks, as in SQL; in prose too, of names that are no
    /// passwords.
    Stated,
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
    /// The quote before the name: where it comes again after the value, they are all that is quoted.
    around: Option<u8>,
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
        _ if quotes == name.end => return stated(text, name),
        _ => return None,
    };
    let has_line = starts_line(text, name.start);
    let around = before(text, name.start).filter(|b| is_quote(b) && quotes == name.end);
    if how == How::Markup {
        return Some(Assigned { how, start: blanks + 1, quote: None, has_line, around });
    }
    // ==, :=, =>
    let sign = skip(text, blanks, |b| matches!(b, b'=' | b':' | b'>'));
    let start = unprefixed(text, skip(text, sign, is_blank));
    let slashes = skip(text, start, |b| *b == b'\\');
    match text.get(slashes)? {
        quote @ (b'"' | b'\'' | b'`') => {
            let quote = Some((*quote, slashes - start));
            Some(Assigned { how: How::Quoted, start: slashes + 1, quote, has_line, around })
        }
        // A list or a block begins here; another option.
        b'[' | b'{' | b'|' | b'>' if how == How::Colon => None,
        b'-' if how == How::Option => None,
        _ => Some(Assigned { how, start, quote: None, has_line, around }),
    }
}

/// `PASSWORD 'x'`, `PASSWORD('x')`, `PASSWORD FOR 'a'@'b' = 'x'`, `mysql_native_password BY 'x'`
fn stated(text: &[u8], name: &Range<usize>) -> Option<Assigned> {
    /// The name of a user and a host.
    const LONGEST_USER: usize = 128;
    let is_function = text.get(name.clone())?.eq_ignore_ascii_case(b"password");
    let at = match text.get(name.end)? {
        b'(' if is_function => name.end + 1,
        b' ' | b'\t' => skip(text, name.end, is_blank),
        _ => return None,
    };
    let word = at + text.get(at..)?.iter().take(4).take_while(|b| b.is_ascii_alphabetic()).count();
    match text.get(at..word)?.to_ascii_lowercase().as_slice() {
        b"by" | b"as" => quoted(text, word),
        b"for" => {
            let rest = text.get(word..)?.iter().take(LONGEST_USER);
            let sign = rest.take_while(|b| **b != b'\n').position(|b| *b == b'=')?;
            quoted(text, word + sign + 1)
        }
        _ => quoted(text, at),
    }
}

/// `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin BY 'x'`, behind the first word.
pub(super) fn identified(text: &[u8], at: usize) -> Option<Assigned> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let mut at = at;
    for _ in 0..3 {
        at = skip(text, at, is_blank);
        let end = at + text.get(at..)?.iter().take(LONGEST_NAME).take_while(|b| is_word(b)).count();
        match text.get(at..end)? {
            by if by.eq_ignore_ascii_case(b"by") => return quoted(text, end),
            b"" => return None,
            _ => at = end,
        }
    }
    None
}

/// A quoted text behind blanks.
fn quoted(text: &[u8], at: usize) -> Option<Assigned> {
    let start = unprefixed(text, skip(text, at, is_blank));
    let slashes = skip(text, start, |b| *b == b'\\');
    let quote = *text.get(slashes).filter(|b| matches!(b, b'"' | b'\''))?;
    let quote = Some((quote, slashes - start));
    Some(Assigned { how: How::Stated, start: slashes + 1, quote, has_line: false, around: None })
}

/// Past the letter of SQL's `E'x'` and `N'x'`, and the function of `PASSWORD('x')`.
fn unprefixed(text: &[u8], at: usize) -> usize {
    const FUNCTION: &[u8] = b"password(";
    let rest = text.get(at..).unwrap_or_default();
    match rest {
        [b'e' | b'E' | b'n' | b'N', b'\'', ..] => at + 1,
        _ if rest.get(..FUNCTION.len()).is_some_and(|it| it.eq_ignore_ascii_case(FUNCTION))
            && matches!(rest.get(FUNCTION.len()), Some(b'\'' | b'"')) =>
        {
            at + FUNCTION.len()
        }
        _ => at,
    }
}

/// The password in the options of a command that has them in forms of its own: `curl -u a:x`,
/// `redis-cli -a x`, `mysql -px`. The command's name begins at `at`.
pub(super) fn option(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LONGEST_COMMAND: usize = 1_024;
    before(text, at).is_none_or(|b| !b.is_ascii_alphanumeric() && b != b'-').then_some(())?;
    let line = text.get(at..)?;
    let length = line.iter().take(LONGEST_COMMAND).take_while(|b| !b"\r\n|;".contains(b)).count();
    let end = at + length;
    let (mut command, mut flag): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    let mut from = at;
    while from < end {
        let word = run(text, from, |b| !b.is_ascii_whitespace()).min(end);
        let (start, word_end) = unquoted(text, from..word, end);
        let value = text.get(start..word_end)?;
        let name = *command.get_or_insert(value);
        let found = match name {
            b"curl" if matches!(flag, Some(b"-u" | b"--user")) => after_colon(value, start),
            b"curl" => value.strip_prefix(b"--user=").and_then(|user| after_colon(user, start + 7)),
            b"redis-cli" if matches!(flag, Some(b"-a" | b"--pass")) => Some(start),
            _ if name.starts_with(b"mysql") && is_password_option(value) => Some(start + 2),
            _ => None,
        };
        if let Some(found) = found.filter(|found| *found < word_end) {
            return Some(found..word_end);
        }
        flag = Some(value);
        let after = skip(text, word_end.max(from + 1), is_quote);
        from = skip(text, after, is_blank).max(from + 1);
    }
    None
}

fn is_password_option(word: &[u8]) -> bool {
    // `-p3306:3306` is a port of a container.
    let is_port = |b: &u8| b.is_ascii_digit() || *b == b':';
    word.strip_prefix(b"-p")
        .is_some_and(|value| !value.iter().all(is_port) || !value.contains(&b':'))
}

fn after_colon(user: &[u8], start: usize) -> Option<usize> {
    user.iter().position(|b| *b == b':').map(|colon| start + colon + 1)
}

/// A word without the quotes around it, which may hold blanks, and without those at its end.
fn unquoted(text: &[u8], word: Range<usize>, line: usize) -> (usize, usize) {
    let start = skip(text, word.start, is_quote);
    match text
        .get(start.wrapping_sub(1))
        .filter(|b| start > word.start && matches!(b, b'"' | b'\''))
    {
        Some(quote) => (start, closing(text, start, *quote, start - word.start - 1).min(line)),
        None => {
            let tail = text.get(start..word.end).unwrap_or_default();
            // What closes around the word begins with a quote; a masked form ends with a bracket.
            let kept = tail.iter().rposition(|b| !is_quote(b) && !b",)]}".contains(b));
            let last = start + kept.map_or(0, |last| last + 1);
            let behind = text.get(last..word.end).unwrap_or_default();
            let quote = behind.iter().position(is_quote);
            (start, quote.map_or(word.end, |quote| last + quote))
        }
    }
}

/// The value, and how it is bound to its name; never empty.
pub(super) fn value(text: &[u8], assigned: &Assigned) -> Option<(Range<usize>, How)> {
    let Assigned { how, start, quote, has_line, around } = *assigned;
    let (end, how) = match (how, quote) {
        (How::Stated, Some((quote, depth))) => (stated_end(text, start, quote, depth)?, how),
        (How::Stated, None) => return None,
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
            let ends = || ends_line(text, end) || ends_quoted(text, end, around);
            let alone = how == How::Colon && ends();
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
            let start = skip(value, first, is_blank);
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

/// The quote that closes in the same line; SQL doubles one that does not.
fn stated_end(text: &[u8], from: usize, quote: u8, depth: usize) -> Option<usize> {
    let mut end = closing(text, from, quote, depth);
    loop {
        let at = skip(text, end, |b| *b == b'\\');
        text.get(at).filter(|b| **b == quote)?;
        if depth > 0 || text.get(at + 1) != Some(&quote) {
            let inside = text.get(from..end)?;
            return (!inside.iter().any(|b| matches!(b, b'\n' | b'\r'))).then_some(end);
        }
        end = closing(text, at + 2, quote, depth);
    }
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
    let at = skip(text, at, is_blank);
    matches!(text.get(at), None | Some(b'\n' | b'\r' | b',' | b'}' | b']' | b'#'))
        || text.get(at..).is_some_and(|rest| rest.starts_with(b"\\n") || rest.starts_with(b"\\r"))
}

/// `'X-Api-Key: x'`
fn ends_quoted(text: &[u8], at: usize, around: Option<u8>) -> bool {
    let at = skip(text, at, |b| *b == b'\\');
    around.is_some_and(|quote| text.get(at) == Some(&quote))
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip(text: &[u8], at: usize, is: impl Fn(&u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take(MOST_BLANKS).take_while(|b| is(b)).count()
}

fn is_quote(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`' | b'\\')
}
