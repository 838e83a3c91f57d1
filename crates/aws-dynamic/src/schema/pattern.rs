//! A text that a pattern matches, made from the pattern: as short as the bounds allow, of letters and
//! digits where it may be.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// What classes are filled with, the preferred first.
const LETTERS: &[u8] = b"example";

/// How many texts are tried of one pattern.
const TRIES: usize = 6;

/// The longest text that is made.
const LONGEST: usize = 4_096;

/// Texts that a pattern probably matches, with at least so many characters where that can be. A look
/// around (`\b`, `^`) is taken as met, so each has to be held against the pattern.
pub(super) fn texts(pattern: &str, least: usize) -> Vec<String> {
    let parser =
        ParserBuilder::new().unicode(false).utf8(false).nest_limit(100).build().parse(pattern);
    let Ok(hir) = parser else { return Vec::new() };
    let mut texts = Vec::new();
    for branch in 0..TRIES {
        for eager in [Eager::First, Eager::Last] {
            let mut maker = Maker { branch, spare: 0, eager, made: Vec::new() };
            if maker.make(&hir).is_none() {
                continue;
            }
            let missing = least.saturating_sub(maker.made.len());
            if missing > 0 {
                maker = Maker { branch, spare: missing, eager, made: Vec::new() };
                if maker.make(&hir).is_none() {
                    continue;
                }
            }
            if let Ok(text) = String::from_utf8(maker.made)
                && text.is_ascii()
                && !texts.contains(&text)
            {
                texts.push(text);
            }
        }
    }
    texts
}

/// Which repetitions are made longer than they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eager {
    /// All, the first before others.
    First,
    /// Those without an end.
    Last,
}

#[derive(Debug)]
struct Maker {
    /// Which of several alternatives is taken.
    branch: usize,
    /// How many more characters are wanted than there must be.
    spare: usize,
    eager: Eager,
    made: Vec<u8>,
}

impl Maker {
    /// Adds a text; none if there is none that is plain enough.
    fn make(&mut self, hir: &Hir) -> Option<()> {
        if self.made.len() > LONGEST {
            return None;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.made.extend_from_slice(&literal.0),
            HirKind::Class(class) => {
                let byte = self.member(class)?;
                self.made.push(byte);
            }
            HirKind::Repetition(repetition) => {
                let start = self.made.len();
                for _ in 0..repetition.min {
                    self.make(&repetition.sub)?;
                }
                let mut count = repetition.min;
                // Something rather than nothing, where one is as good as none.
                let wants_one = self.branch.is_multiple_of(2) && count == 0;
                let is_eager = self.eager == Eager::First || repetition.max.is_none();
                while repetition.max.is_none_or(|max| count < max)
                    && ((self.spare > 0 && is_eager)
                        || (wants_one && count == 0 && repetition.max.is_none()))
                {
                    let before = self.made.len();
                    self.make(&repetition.sub)?;
                    count += 1;
                    let added = self.made.len() - before;
                    if added == 0 || self.made.len() - start > LONGEST {
                        break;
                    }
                    self.spare = self.spare.saturating_sub(added);
                }
            }
            HirKind::Capture(capture) => self.make(&capture.sub)?,
            HirKind::Concat(parts) => {
                for part in parts {
                    self.make(part)?;
                }
            }
            HirKind::Alternation(branches) => {
                let branch = branches.get(self.branch % branches.len().max(1))?;
                self.make(branch)?;
            }
        }
        Some(())
    }

    /// A character of a class.
    fn member(&self, class: &Class) -> Option<u8> {
        let letter = LETTERS.get(self.made.len() % LETTERS.len()).copied()?;
        let wanted = [letter, letter.to_ascii_uppercase(), b'1', b'0', b'a', b'A', b'-', b'/'];
        let printable = 0x21..=0x7e;
        match class {
            Class::Bytes(class) => {
                let has = |byte: u8| class.iter().any(|r| r.start() <= byte && byte <= r.end());
                let any = || printable.chain([b' ', b'\n']).find(|byte| has(*byte));
                wanted.into_iter().find(|byte| has(*byte)).or_else(any)
            }
            Class::Unicode(class) => {
                let has = |byte: u8| {
                    let char = char::from(byte);
                    class.iter().any(|r| r.start() <= char && char <= r.end())
                };
                let any = || printable.chain([b' ', b'\n']).find(|byte| has(*byte));
                wanted.into_iter().find(|byte| has(*byte)).or_else(any)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::regex;

    #[test]
    fn texts_match_what_they_were_made_from() {
        for (pattern, least) in [
            ("[a-z]+", 5),
            ("^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]{1,256}$", 0),
            ("[A-F0-9]{8}-[A-F0-9]{4}", 13),
            ("(foo|[0-9]{4}|x.y)?z", 2),
            ("\\b[^a-zA-Z0-9]{3}\\b|_", 1),
            ("^$|^[0-9]{12}$", 12),
            ("(ab)*", 36),
        ] {
            let read = regex(pattern).unwrap();
            let texts = texts(pattern, least);
            let fits = |text: &&String| text.len() >= least && read.is_match(text.as_bytes());
            assert!(texts.iter().any(|text| fits(&text)), "{pattern}: {texts:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_has_no_end_gives_nothing_or_little() {
        for pattern in ["(", "\\p{L}+", "(?=a)b", "((((a{1000}){1000}){1000}){1000})", "[a&&b]"] {
            assert!(texts(pattern, 10).iter().all(|text| text.len() <= 2 * LONGEST), "{pattern}");
        }
        assert!(texts("a{5,}", usize::MAX).iter().all(|text| text.len() <= 2 * LONGEST));
    }
}
