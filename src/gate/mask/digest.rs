//! The forms in which a secret is shown, and how they are known again: what is masked already must
//! stay as it is, or a second pass would change what the first one gave.

use ring::{digest, hmac};

/// AKIA or ASIA and sixteen more (IAM User Guide, "Unique identifiers").
pub(super) const KEY_LENGTH: usize = 20;
pub(super) const KEY_SHOWN: usize = 10;
pub(super) const KEY_PREFIXES: [&[u8]; 2] = [b"AKIA", b"ASIA"];
pub(super) const TOKEN_SHOWN: usize = 20;

const HIDDEN: &[u8] = b"***";
const MORE: &[u8] = b"...";
/// `***(` + 8 hexadecimal digits + `)`
const DIGEST_LENGTH: usize = 13;

/// The key under which secrets are digested: made anew for every process, so that a digest says
/// whether two secrets are equal, and cannot be tried out against a list of passwords elsewhere.
pub struct DigestKey {
    digests: hmac::Key,
    seal: digest::Digest,
}

impl DigestKey {
    pub fn new(key: [u8; 32]) -> Self {
        let seal = digest::digest(&digest::SHA256, &[key.as_slice(), b"seal"].concat());
        Self { digests: hmac::Key::new(hmac::HMAC_SHA256, &key), seal }
    }

    /// A key of its own, of 32 bytes: nothing that is shown says anything of it.
    pub fn seal(&self) -> &[u8] {
        self.seal.as_ref()
    }

    /// What only this process can say of a text. No masked form shows any of it.
    pub fn sign(&self, text: &[u8]) -> String {
        let tag = hmac::sign(&self.digests, text);
        tag.as_ref().iter().skip(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// `***(1a2b3c4d)`
    pub fn hide(&self, secret: &[u8]) -> String {
        let tag = hmac::sign(&self.digests, secret);
        let mut shown = String::with_capacity(DIGEST_LENGTH);
        shown.push_str("***(");
        for byte in tag.as_ref().iter().take(4) {
            for digit in [byte >> 4, byte & 15] {
                shown.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        shown.push(')');
        shown
    }
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestKey")
    }
}

/// How long the masked form is with which a text begins; 0 = none.
pub(super) fn masked_length(text: &[u8]) -> usize {
    if let Some(rest) = text.strip_prefix(HIDDEN) {
        let digest = rest.strip_prefix(b"(").and_then(|rest| rest.split_at_checked(8));
        return match digest {
            Some((hex, [b')', ..])) if hex.iter().all(is_lower_hex) => DIGEST_LENGTH,
            _ => HIDDEN.len(),
        };
    }
    match text.split_at_checked(KEY_SHOWN) {
        Some((id, rest)) if rest.starts_with(MORE) && is_key(id) => KEY_SHOWN + MORE.len(),
        _ => 0,
    }
}

/// Whether a whole text is a masked form.
pub(super) fn is_masked(text: &[u8]) -> bool {
    !text.is_empty() && masked_length(text) == text.len()
}

/// The beginning of a session token, or of a key id of any kind. It counts as masked only where such
/// a thing is expected: a password may end with three dots.
pub(super) fn is_beginning(text: &[u8], most: usize) -> bool {
    text.strip_suffix(MORE).is_some_and(|shown| {
        shown.len() <= most
            && shown.iter().all(|b| b.is_ascii_alphanumeric() || b"/+=_-".contains(b))
    })
}

/// Whether a whole text can only be an access key id.
pub(super) fn is_key_id(text: &[u8]) -> bool {
    (KEY_LENGTH..=128).contains(&text.len()) && is_key(text)
}

fn is_key(text: &[u8]) -> bool {
    KEY_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) && text.iter().all(is_key_byte)
}

pub(super) fn is_key_byte(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_lower_hex(byte: &u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)
}
