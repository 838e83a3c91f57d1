//! Secrets that are known by their look, wherever they stand. Each function looks at one place of a
//! text and gives the bytes that are secret; their cost does not grow with what lies behind those.

use std::ops::Range;

use super::digest::{KEY_LENGTH, is_key_byte};

/// AWS's secret keys are base64 of 30 bytes.
pub(super) const SECRET_LENGTH: usize = 40;

/// `AKIA...`, letters and digits that follow included. Letters may stand before it: logs glue.
pub(super) fn key_id(text: &[u8], at: usize) -> Option<Range<usize>> {
    let end = run(text, at, is_key_byte);
    (end - at >= KEY_LENGTH).then_some(at..end)
}

/// A JWS or JWE: three to five parts of base64url, the first one a JSON object. ALB's are padded.
pub(super) fn jwt(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LEAST_HEADER: usize = 10;
    let mut end = run(text, at, is_base64url);
    if end - at < LEAST_HEADER {
        return None;
    }
    let (mut dot, mut parts) = (end, 1);
    while parts < 5 && text.get(dot) == Some(&b'.') {
        let next = run(text, dot + 1, is_base64url);
        parts += 1;
        if next > dot + 1 {
            end = next;
        }
        dot = next;
    }
    // Three dots alone are an ellipsis.
    (parts >= 3 && text.get(at..end).unwrap_or_default().contains(&b'.')).then_some(at..end)
}

/// A token of AWS from its opening on. A short opening counts only where a word begins.
pub(super) fn token(text: &[u8], at: usize, least: usize) -> Option<Range<usize>> {
    const SURE: usize = 40;
    if least > SURE && before(text, at).is_some_and(|b| is_base64(&b)) {
        return None;
    }
    let end = run(text, at, |b| is_base64(b) || is_base64url(b));
    (end - at >= least).then_some(at..end)
}

/// A token of another company from its opening on.
pub(super) fn issued(text: &[u8], at: usize, opening: usize, least: usize) -> Option<Range<usize>> {
    if before(text, at).is_some_and(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let dotted = text.get(at..at + opening).is_some_and(|opening| opening.ends_with(b"."));
    let end = run(text, at + opening, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || dotted && *b == b'.'
    });
    (end - at - opening >= least).then_some(at..end)
}

/// What stands behind `Bearer`, unless it is a word.
pub(super) fn bearer(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LEAST: usize = 16;
    let word = at + b"bearer".len();
    let start = (word..word + 4).take_while(|i| text.get(*i) == Some(&b' ')).last()? + 1;
    let end = run(text, start, |b| b.is_ascii_alphanumeric() || b"._~+/=-".contains(b));
    let found = text.get(start..end)?;
    let is_word = found.iter().all(|b| b.is_ascii_lowercase() || b"._~-".contains(b));
    (found.len() >= LEAST && !is_word).then_some(start..end)
}

/// A block that holds a private key (RFC 7468, PGP, SSH2), from its BEGIN to its END, to the next
/// BEGIN, or to the end of the text. `at` is where `PRIVATE` may stand. A space may have become `+`.
pub(super) fn private_block(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LONGEST_LABEL: usize = 40;
    let is_space = |b: &u8| matches!(b, b' ' | b'+');
    let is_label = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || is_space(b);
    let (_, label) = text.split_at_checked(at)?;
    let label = label.strip_prefix(b"PRIVATE")?;
    label.split_first().filter(|(b, rest)| is_space(b) && rest.starts_with(b"KEY"))?;
    let from = at.saturating_sub(LONGEST_LABEL);
    let ahead = text.get(from..at)?;
    let begin = ahead.windows(5).rposition(|window| window == b"BEGIN")?;
    let between = ahead.get(begin + 5..)?;
    if !between.iter().all(is_label) {
        return None;
    }
    let dashed = ahead.get(..begin)?;
    let dashed = dashed
        .get(dashed.iter().rposition(|b| *b != b'-' && !is_space(b)).map_or(0, |i| i + 1)..)?;
    dashed.windows(4).find(|window| *window == b"----")?;
    let start = from + begin - dashed.iter().skip_while(|b| is_space(b)).count();
    // Past the dashes of BEGIN's own line.
    let mut here = at + b"PRIVATE KEY".len();
    while let Some(found) = text.get(here..)?.windows(4).position(|window| window == b"----") {
        let dashes = here + found;
        let mut mark = run(text, dashes, |b| *b == b'-');
        // SSH2 has four, and a space.
        mark += usize::from(mark - dashes == 4 && text.get(mark).is_some_and(is_space));
        let (word, rest) = text.get(mark..)?.split_at_checked(3).unwrap_or_default();
        if word == b"BEG" && rest.starts_with(b"IN") {
            return Some(start..dashes);
        }
        if word == b"END" && rest.first().is_some_and(is_space) {
            let label = run(text, mark, is_label);
            return Some(start..run(text, label, |b| *b == b'-'));
        }
        here = mark;
    }
    Some(start..text.len())
}

/// Whether nothing of a private key follows its BEGIN. Such a text is no secret, and says that the
/// texts that come next may be.
pub(super) fn is_first_line(text: &[u8], at: usize) -> bool {
    let behind = text.get(at + b"PRIVATE KEY".len()..).unwrap_or_default();
    let behind = behind.strip_prefix(b" BLOCK").unwrap_or(behind);
    behind.iter().all(|b| *b == b'-' || b.is_ascii_whitespace())
}

/// Whether a text ends with the first line of a private key.
pub(super) fn opens_block(text: &str) -> bool {
    text.rfind("PRIVATE KEY").is_some_and(|at| {
        is_first_line(text.as_bytes(), at) && private_block(text.as_bytes(), at).is_some()
    })
}

/// How much of a block such a line is: a whole line, the end of one, or nothing.
pub(super) fn block_line(text: &str) -> Line {
    const LONGEST: usize = 80;
    let line = text.trim().as_bytes();
    let is_line = line.iter().all(|b| is_base64(b) || *b == b'=');
    match line.len() {
        1..SECRET_LENGTH if is_line => Line::Last,
        SECRET_LENGTH..=LONGEST if is_line => Line::Whole,
        _ => Line::None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Whole,
    Last,
    None,
}

/// What may be a secret key or a token because a key id stands beside it: long, and random by its
/// look. What public PEM blocks hold does not count.
pub(super) fn random_runs(text: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut held) = (Vec::new(), Vec::new());
    let mut public = false;
    let mut at = 0;
    while at < text.len() {
        let mut start = at;
        let end = run(text, at, is_base64);
        at = end + 1;
        match text.get(start..end) {
            Some(b"BEGIN") if before(text, start) == Some(b'-') => public = true,
            Some(b"END") if before(text, start) == Some(b'-') => {
                public = false;
                held.clear();
            }
            _ => {}
        }
        if end - start < SECRET_LENGTH {
            continue;
        }
        // The letters of an escape sequence are not the run's, unless it is too short without them.
        let escape = match (before(text, start), text.get(start)) {
            (Some(b'%'), _) => 2,
            (Some(b'\\'), Some(b'u')) => 5,
            (Some(b'\\'), Some(b'n' | b'r' | b't')) => 1,
            _ => 0,
        };
        if end - start - escape >= SECRET_LENGTH {
            start += escape;
        }
        if text.get(start..end).is_some_and(looks_random) {
            let padded = run(text, end, |b| *b == b'=');
            if public { &mut held } else { &mut found }.push(start..padded);
        }
    }
    // A block that does not end is none.
    found.append(&mut held);
    found
}

/// In 40 random characters of base64 there are 25 changes between small letters, capitals and digits,
/// and fewer than 6 in 1 of 100 million keys; words and paths have few. Digests are
/// hexadecimal, and not in both cases.
fn looks_random(run: &[u8]) -> bool {
    const LEAST_CHANGES: usize = 6;
    let kind = |b: &u8| match b {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        b'+' => Some(3),
        // Paths have it.
        _ => None,
    };
    let kinds = || run.iter().filter_map(kind);
    let changes = kinds().zip(kinds().skip(1)).filter(|(a, b)| a != b).count();
    run.len() >= SECRET_LENGTH
        && changes >= LEAST_CHANGES
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
}

/// Where the run of such bytes ends that begins at `at`.
pub(super) fn run(text: &[u8], at: usize, is: impl Fn(&u8) -> bool) -> usize {
    at + text.get(at..).unwrap_or_default().iter().take_while(|b| is(b)).count()
}

pub(super) fn before(text: &[u8], at: usize) -> Option<u8> {
    text.get(at.checked_sub(1)?).copied()
}

pub(super) fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

pub(super) fn is_base64url(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
}
