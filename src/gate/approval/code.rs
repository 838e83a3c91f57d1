//! Random codes and ids. A code proves that whoever typed it has seen the one place that showed it;
//! an id only names a question.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Result};

/// Without letters and digits that look alike.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE: usize = 6;
const ID: usize = 10;

/// Six characters.
pub struct Code(String);

impl Code {
    pub fn new(random: &SystemRandom) -> Result<Self> {
        letters::<CODE>(random).map(Self)
    }

    /// Whether this was typed, in any letter case, with spaces around.
    pub fn is(&self, typed: &str) -> bool {
        typed.trim().eq_ignore_ascii_case(&self.0)
    }

    /// As the form shows it.
    pub fn shown(&self) -> String {
        self.0.clone()
    }
}

/// The id of a question: `ap-k7m2qx3hbc`.
pub fn id(random: &SystemRandom) -> Result<String> {
    Ok(format!("ap-{}", letters::<ID>(random)?.to_ascii_lowercase()))
}

fn letters<const N: usize>(random: &SystemRandom) -> Result<String> {
    let mut bytes = [0; N];
    random.fill(&mut bytes).map_err(|_| Error::internal("the system gives no random numbers."))?;
    // 32 letters: each as likely as the other.
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map(char::from);
    Ok(bytes.iter().filter_map(letter).collect())
}
