//! Whether an answer is whole. The codecs read a cut one as far as it goes, and half a list would look
//! like all of it; JSON's alone does not. And whether it is too much: JSON's documents are read at once.

use aws_smithy_cbor::Decoder;

/// Whether CBOR ends before its value does. An empty body is not cut.
pub(super) fn is_cut_cbor(body: &[u8]) -> bool {
    !body.is_empty() && Decoder::new(body).skip().is_err()
}

/// Whether the last tag of XML does not end the root. An empty body is not cut. The codec's own check
/// is not used: it refuses characters that S3 has in keys.
pub(super) fn is_cut_xml(body: &[u8]) -> bool {
    if body.is_empty() {
        return false;
    }
    let Ok(text) = std::str::from_utf8(body) else { return true };
    let Some(name) = root(text) else { return true };
    let Some((_, last)) = text.trim_end().rsplit_once('<') else { return true };
    let Some(tag) = last.strip_suffix('>') else { return true };
    let ends_root = match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
        (Some(end), _) => end.trim_end() == name,
        // An empty root, perhaps with attributes.
        (None, Some(empty)) => empty.split_ascii_whitespace().next() == Some(name),
        (None, None) => false,
    };
    !ends_root
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

/// The name of the root, with its prefix.
fn root(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, tag) = rest.split_once('<')?;
        rest = match tag.as_bytes() {
            [b'?', ..] => tag.split_once("?>")?.1,
            [b'!', b'-', b'-', ..] => tag.split_once("-->")?.1,
            [b'!', ..] => tag.split_once('>')?.1,
            _ => return tag.split(|c: char| c.is_ascii_whitespace() || "/>".contains(c)).next(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_before_its_root_is_cut_xml() {
        let whole = [
            "",
            "<a/>",
            "<a />",
            "<a b=\"c\"/>",
            "<a></a>",
            "<?xml version=\"1.0\"?>\n<a>\n</a >\n",
            "<n:a xmlns:n=\"u\"><b/></n:a>",
            "<a>&#x1;</a>",
            "<n:a xmlns:n=\"u\"/>",
            "<!-- <b> --><!DOCTYPE a><a></a>",
        ];
        for text in whole {
            assert!(!is_cut_xml(text.as_bytes()), "{text}");
        }
        for text in
            ["<", "<a", "<a>", "<a><b/>", "<a></b>", "<a>text", "<a></a", "text", "<?xml?>", " "]
        {
            assert!(is_cut_xml(text.as_bytes()), "{text}");
        }
        assert!(is_cut_xml(b"<a>\xff</a>"));
    }
}
