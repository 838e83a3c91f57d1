//! Texts inside texts: `%2F`, `\"` and `\u002F`, base64. A secret that is written in such a way is a
//! secret still.

/// A text with one layer of escapes taken off, and where each of its bytes came from.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// One more than bytes: the last one is the end.
    origins: Vec<usize>,
}

impl Layer {
    /// `None` where nothing is escaped.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        unescape(text, |at| at)
    }

    /// The same once more.
    pub(super) fn next(&self) -> Option<Self> {
        unescape(&self.bytes, |at| self.origin(at))
    }

    /// Where in the first text this place is.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).or(self.origins.last()).copied().unwrap_or_default()
    }
}

fn unescape(text: &[u8], origin: impl Fn(usize) -> usize) -> Option<Layer> {
    let mut layer = Layer {
        bytes: Vec::with_capacity(text.len()),
        origins: Vec::with_capacity(text.len() + 1),
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.first()
    {
        let (byte, length) = escaped(rest).unwrap_or((*first, 1));
        layer.bytes.push(byte);
        layer.origins.push(origin(at));
        at += length;
    }
    layer.origins.push(origin(text.len()));
    (layer.bytes.len() < text.len()).then_some(layer)
}

/// The byte that an escape sequence stands for, and its length. What is not ASCII is of no interest.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', high, low, ..] => Some((u8::try_from(hex(&[*high, *low])?).ok()?, 3)),
        [b'\\', b'u', a, b, c, d, ..] => {
            let code = hex(&[*a, *b, *c, *d])?;
            Some((u8::try_from(code).unwrap_or(b'?'), 6))
        }
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', b'r', ..] => Some((b'\r', 2)),
        [b'\\', b't', ..] => Some((b'\t', 2)),
        [b'\\', byte @ (b'"' | b'\'' | b'\\' | b'/'), ..] => Some((*byte, 2)),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

/// The text that base64 of either alphabet holds, padded or not; `None` where it holds anything but
/// text. It gives up at the first control character, which in other data comes soon.
pub(super) fn decode(base64: impl Iterator<Item = u8>) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in base64 {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            let byte = u8::try_from(bits >> count & 0xff).unwrap_or_default();
            if byte.is_ascii_control() && !byte.is_ascii_whitespace() {
                return None;
            }
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
