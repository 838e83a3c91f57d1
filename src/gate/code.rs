//! Random codes and ids. A code proves that whoever typed it has seen the one place that showed it;
//! an id only names something.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Result};

/// Without letters and digits that look like others. Its 31 do not divide 256, so that bytes above
/// are not taken.
const LETTERS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const EVEN: u8 = 248;
const CODE: usize = 6;
const ID: usize = 10;

/// Six characters to be typed.
pub struct Code(String);

impl Code {
    /// # Errors
    /// `internal_error` where the system gives no random numbers.
    pub fn new() -> Result<Self> {
        letters(CODE).map(Self)
    }

    /// A code that a test knows.
    #[cfg(test)]
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether this was typed, in any letter case, with spaces around.
    pub fn is(&self, typed: &str) -> bool {
        typed.trim().eq_ignore_ascii_case(&self.0)
    }

    /// As the person sees it.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// An id such as `ap-k7m2qx3hbc`.
pub fn id(prefix: &str) -> Result<String> {
    Ok(format!("{prefix}-{}", letters(ID)?.to_ascii_lowercase()))
}

/// A fresh UUID, version 4 (RFC 9562, section 5.4): what makes a repeated request the same to AWS.
pub fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    let random = u128::from_be_bytes(bytes);
    let number = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// Random bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<()> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| Error::internal("the system gives no random numbers."))
}

fn letters(count: usize) -> Result<String> {
    let mut text = String::with_capacity(count);
    let mut bytes = [0; 64];
    while text.len() < count {
        fill(&mut bytes)?;
        let letters = bytes.iter().filter(|byte| **byte < EVEN).filter_map(|byte| {
            LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().map(char::from)
        });
        text.extend(letters.take(count - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn none_comes_twice_and_every_letter_does() {
        let ids: BTreeSet<String> = (0..1_000).map(|_| id("ap").unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
        let codes: Vec<Code> = (0..1_000).map(|_| Code::new().unwrap()).collect();
        let used: BTreeSet<char> = codes.iter().flat_map(|code| code.shown().chars()).collect();
        assert_eq!(used.len(), LETTERS.len());
        assert!(codes.iter().all(|code| code.shown().len() == CODE));
    }
}
