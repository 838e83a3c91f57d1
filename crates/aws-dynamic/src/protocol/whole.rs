//! Whether an answer in CBOR is whole: its codec reads a cut one as far as it goes, and half a list would
//! look like all of it. And whether one in JSON is too much: documents are read at once.

use aws_smithy_cbor::Decoder;

/// Whether CBOR ends before its value does. An empty body is not cut.
pub(super) fn is_cut_cbor(body: &[u8]) -> bool {
    !body.is_empty() && Decoder::new(body).skip().is_err()
}

/// Whether JSON has more values than so many; one takes a byte and what is before it.
pub(super) fn is_crowded_json(body: &[u8], most: usize) -> bool {
    if body.len() <= most {
        return false;
    }
    let mut count = 0_usize;
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count > most
}
