//! What an operation does to an account, and whether it may be sent twice: the words in which the
//! gate and the catalog speak to each other.

use serde::{Deserialize, Serialize};

/// The effect of a call, from weak to strong. What is two of them is the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes what can be changed back.
    Write,
    /// Cannot be undone: delete, terminate, purge, deregister, revoke.
    Destructive,
    /// Gives access or moves data out.
    Grant,
    /// The answer is a secret or credentials.
    Secret,
    /// Nobody classified it.
    Unknown,
}

impl Effect {
    pub(super) const ALL: [Self; 6] =
        [Self::Read, Self::Write, Self::Destructive, Self::Grant, Self::Secret, Self::Unknown];

    /// The word as it stands in policies and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
            Self::Grant => "grant",
            Self::Secret => "secret",
            Self::Unknown => "unknown",
        }
    }

    /// The effect that a word names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }
}

/// Why the same call may be sent again after a failure whose outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It changes nothing.
    Read,
    /// AWS's model says that twice is the same as once.
    Idempotent,
    /// It carries an idempotency token, and AWS drops the second one. Only while the token of the
    /// first attempt is sent again.
    Token,
    /// It may not be sent again.
    No,
}

impl Retry {
    pub(super) const ALL: [Self; 4] = [Self::Read, Self::Idempotent, Self::Token, Self::No];

    /// The word as it stands in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Idempotent => "idempotent",
            Self::Token => "token",
            Self::No => "no",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_serde_writes_and_the_order_is_that_of_strength() {
        for pair in Effect::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for effect in Effect::ALL {
            assert_eq!(serde_json::to_value(effect).unwrap(), effect.word());
            assert_eq!(Effect::of_word(effect.word()), Some(effect));
        }
        for retry in Retry::ALL {
            assert_eq!(serde_json::to_value(retry).unwrap(), retry.word());
        }
        assert_eq!(Effect::of_word("Read"), None);
    }
}
