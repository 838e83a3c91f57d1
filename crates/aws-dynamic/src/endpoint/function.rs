//! The functions of the rules (Smithy, "Rules engine standard library" and "AWS rules engine library
//! functions"): which there are, and those that only look at texts.

use std::borrow::Cow;

use super::value::cut;

/// A function. `getAttr` is not among them: it is an expression of its own, because its path is no
/// value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    BooleanEquals,
    Coalesce,
    IsSet,
    IsValidHostLabel,
    IsVirtualHostableS3Bucket,
    Ite,
    Not,
    ParseArn,
    ParseUrl,
    Partition,
    Split,
    StringEquals,
    Substring,
    UriEncode,
}

/// From which end a text is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Start,
    Back,
}

impl Function {
    /// All of them, in the order in which they are packed.
    pub(super) const ALL: [Self; 14] = [
        Self::BooleanEquals,
        Self::Coalesce,
        Self::IsSet,
        Self::IsValidHostLabel,
        Self::IsVirtualHostableS3Bucket,
        Self::Ite,
        Self::Not,
        Self::ParseArn,
        Self::ParseUrl,
        Self::Partition,
        Self::Split,
        Self::StringEquals,
        Self::Substring,
        Self::UriEncode,
    ];

    /// Its name in rules.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BooleanEquals => "booleanEquals",
            Self::Coalesce => "coalesce",
            Self::IsSet => "isSet",
            Self::IsValidHostLabel => "isValidHostLabel",
            Self::IsVirtualHostableS3Bucket => "aws.isVirtualHostableS3Bucket",
            Self::Ite => "ite",
            Self::Not => "not",
            Self::ParseArn => "aws.parseArn",
            Self::ParseUrl => "parseURL",
            Self::Partition => "aws.partition",
            Self::Split => "split",
            Self::StringEquals => "stringEquals",
            Self::Substring => "substring",
            Self::UriEncode => "uriEncode",
        }
    }

    /// Whether it takes so many arguments.
    pub(super) fn takes(self, count: usize) -> bool {
        match self {
            Self::Coalesce => count >= 2,
            Self::IsSet
            | Self::Not
            | Self::ParseArn
            | Self::ParseUrl
            | Self::Partition
            | Self::UriEncode => count == 1,
            Self::BooleanEquals
            | Self::IsValidHostLabel
            | Self::IsVirtualHostableS3Bucket
            | Self::StringEquals => count == 2,
            Self::Ite | Self::Split => count == 3,
            Self::Substring => count == 4,
        }
    }
}

/// The bytes from `start` to before `stop`. None if the text is shorter, or not ASCII.
pub(super) fn substring<'a>(
    text: &Cow<'a, str>,
    start: i64,
    stop: i64,
    end: End,
) -> Option<Cow<'a, str>> {
    let (start, stop) = (usize::try_from(start).ok()?, usize::try_from(stop).ok()?);
    if start >= stop || stop > text.len() || !text.is_ascii() {
        return None;
    }
    match end {
        End::Start => cut(text, start..stop),
        End::Back => cut(text, text.len() - stop..text.len() - start),
    }
}

/// What stands between the delimiters: all of it for a limit of 0, else at most so many parts. None
/// for an empty delimiter and for a limit below 0.
pub(super) fn split<'a>(
    text: &Cow<'a, str>,
    delimiter: &str,
    limit: i64,
) -> Option<Vec<Cow<'a, str>>> {
    if delimiter.is_empty() {
        return None;
    }
    let limit = match usize::try_from(limit).ok()? {
        0 => usize::MAX,
        limit => limit,
    };
    let mut at = 0;
    text.splitn(limit, delimiter)
        .map(|part| {
            let range = at..at + part.len();
            at = range.end + delimiter.len();
            cut(text, range)
        })
        .collect()
}

/// Percent-encodes all but the unreserved characters (RFC 3986, sections 2.1 and 2.3).
pub(crate) fn uri_encode(text: Cow<'_, str>) -> Cow<'_, str> {
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    if text.bytes().all(unreserved) {
        return text;
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if unreserved(byte) {
            encoded.push(char::from(byte));
            continue;
        }
        encoded.push('%');
        for half in [byte >> 4, byte & 15] {
            encoded.extend(char::from_digit(half.into(), 16).map(|c| c.to_ascii_uppercase()));
        }
    }
    Cow::Owned(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings() {
        let check = |text: &str, start, stop, end, expected: Option<&str>| {
            for text in [Cow::Borrowed(text), Cow::Owned(text.to_owned())] {
                let is = substring(&text, start, stop, end);
                assert_eq!(is.as_deref(), expected, "{text:?} {start} {stop} {end:?}");
            }
        };
        check("abcdef", 0, 4, End::Start, Some("abcd"));
        check("abcdef", 0, 4, End::Back, Some("cdef"));
        check("abcdef", 1, 3, End::Back, Some("de"));
        check("abcdef", 0, 6, End::Start, Some("abcdef"));
        check("abcdef", 0, 6, End::Back, Some("abcdef"));
        check("abcdef", 0, 7, End::Start, None);
        check("abcdef", 0, 7, End::Back, None);
        check("abcdef", 3, 3, End::Start, None);
        check("abcdef", 4, 3, End::Start, None);
        check("", 0, 1, End::Start, None);
        check("abcdefé", 0, 4, End::Start, None);
        check("a\u{7f}b", 0, 3, End::Start, Some("a\u{7f}b"));
        check("abc", -1, 2, End::Start, None);
        check("abc", 0, i64::MAX, End::Back, None);
        check("abc", i64::MIN, i64::MAX, End::Back, None);
    }

    #[test]
    fn splits() {
        let check = |text: &str, delimiter, limit, expected: Option<&[&str]>| {
            for text in [Cow::Borrowed(text), Cow::Owned(text.to_owned())] {
                let is = split(&text, delimiter, limit);
                let expected = expected.map(|e| e.iter().map(|p| Cow::Borrowed(*p)).collect());
                assert_eq!(is, expected, "{text:?} {delimiter:?} {limit}");
            }
        };
        check("a--b--c", "--", 0, Some(&["a", "b", "c"]));
        check("a--b--c", "--", 2, Some(&["a", "b--c"]));
        check("a--b--c", "--", 1, Some(&["a--b--c"]));
        check("a--b--c", "--", 9, Some(&["a", "b", "c"]));
        check("", "--", 0, Some(&[""]));
        check("--", "--", 0, Some(&["", ""]));
        check("----", "--", 0, Some(&["", "", ""]));
        check("---", "--", 0, Some(&["", "-"]));
        check("--b--", "--", 0, Some(&["", "b", ""]));
        check("--x-s3--azid--suffix", "--", 2, Some(&["", "x-s3--azid--suffix"]));
        check("abc", "x", 0, Some(&["abc"]));
        check("aéb", "é", 0, Some(&["a", "b"]));
        check("abc", "", 0, None);
        check("abc", "b", -1, None);
    }

    #[test]
    fn encodings() {
        let check = |text: &str, expected: &str| {
            assert_eq!(uri_encode(Cow::Borrowed(text)), expected, "{text:?}");
        };
        check("", "");
        check("AZaz09-_.~", "AZaz09-_.~");
        check(
            "/:,?#[]{}|@! $&'()*+;=%<>\"^`\\",
            "%2F%3A%2C%3F%23%5B%5D%7B%7D%7C%40%21%20%24%26%27%28%29%2A%2B%3B%3D%25%3C%3E%22%5E%60%5C",
        );
        check("\0\n\u{7f}", "%00%0A%7F");
        check("é日🚀", "%C3%A9%E6%97%A5%F0%9F%9A%80");
        check("%41", "%2541");
    }

    #[test]
    fn every_function_has_a_name_of_its_own() {
        for (place, one) in Function::ALL.iter().enumerate() {
            let named = Function::ALL.iter().position(|other| other.name() == one.name());
            assert_eq!(named, Some(place));
            assert!(!one.takes(0) && (1..5).any(|count| one.takes(count)));
        }
    }
}
