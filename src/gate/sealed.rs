//! Texts that the model carries for us and may not read: the token of a page can hold what is masked in
//! the page itself, such as the key of a row.

use aws_smithy_types::base64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use serde_json::Value;

use super::code::fill;
use super::mask::{self, Secrets};
use super::{Gate, escape};
use crate::error::{Error, Result};

/// How a sealed text begins; no token that is shown as it is does.
const MARK: &str = "sealed-";

impl Gate {
    /// A text of ours to hand out: as it is, or, where it holds what may not be seen, so that only this
    /// process can read it.
    pub fn handed_out(&self, text: String) -> Result<String> {
        let shown = mask::mask(Value::from(text.as_str()), &Secrets::default(), &self.key);
        if escape(shown) == text.as_str() {
            return Ok(text);
        }
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let mut sealed = text.into_bytes();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.seal()
            .and_then(|key| key.seal_in_place_append_tag(nonce_used, Aad::empty(), &mut sealed))
            .map_err(|_| Error::internal("a page token could not be sealed."))?;
        Ok(format!("{MARK}{}", base64::encode([nonce.as_slice(), &sealed].concat())))
    }

    /// What was handed out, from what came back.
    pub fn handed_back(&self, text: &str) -> Result<String> {
        let Some(sealed) = text.strip_prefix(MARK) else { return Ok(text.to_owned()) };
        self.opened(sealed).ok_or_else(|| {
            Error::invalid(
                "page_token is sealed, and not by this run of the server.",
                "Leave it out to begin anew.",
            )
        })
    }

    fn opened(&self, sealed: &str) -> Option<String> {
        let bytes = base64::decode(sealed).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let (nonce, mut text) = (Nonce::assume_unique_for_key(*nonce), text.to_vec());
        let text = self.seal().ok()?.open_in_place(nonce, Aad::empty(), &mut text).ok()?.to_vec();
        String::from_utf8(text).ok()
    }

    fn seal(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.key.seal()).map(LessSafeKey::new)
    }
}
