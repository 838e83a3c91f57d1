//! An encryption key of the caller's own, as S3 takes it in headers: base64, with the MD5 of its
//! bytes (Amazon S3 User Guide, "Specifying server-side encryption with customer-provided keys").

use aws_smithy_types::base64;
use md5::{Digest, Md5};

/// Bytes of a key of AES-256, the only algorithm that S3 has for it.
const LENGTH: usize = 32;

/// What goes into the headers for a key that comes as it is, as botocore takes it. One that comes in
/// base64 cannot be meant as it is, because it is too long.
pub(super) fn headers(key: &str) -> (String, String) {
    let encoded = base64::decode(key).ok().filter(|bytes| bytes.len() == LENGTH);
    let bytes = encoded.unwrap_or_else(|| key.as_bytes().to_vec());
    (base64::encode(&bytes), base64::encode(Md5::digest(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_as_it_is_and_in_base64() {
        let check = |key: &str, encoded: &str, md5: &str| {
            assert_eq!(headers(key), (encoded.to_owned(), md5.to_owned()));
        };
        // By botocore's own `sse_md5`.
        let encoded = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
        check("12345678901234567890123456789012", encoded, "dnF5x6K/8ZZRzpfSlMMM+w==");
        check(encoded, encoded, "dnF5x6K/8ZZRzpfSlMMM+w==");
        check("", "", "1B2M2Y8AsgTpgAmY7PhCfg==");
        check("foo", "Zm9v", "rL0Y20zC+Fzt72VPzMSk2A==");
    }
}
