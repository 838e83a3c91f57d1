//! Which texts may stand in a host name. These functions are what keeps a region or a bucket from
//! becoming another host.

use std::net::Ipv4Addr;

/// The longest label of a host name, in bytes (RFC 1123, section 2.1).
const LONGEST: usize = 63;

/// How many labels a text may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    One,
    /// With dots between.
    Many,
}

/// Whether a text is a label of a host name, or some (RFC 1123, section 2.1): letters, digits and
/// hyphens, with a letter or a digit at both ends.
pub(super) fn is_host(text: &str, labels: Labels) -> bool {
    each(text, labels, |label| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric();
        let bytes = label.as_bytes();
        label.len() <= LONGEST
            && bytes.iter().all(|byte| plain(byte) || *byte == b'-')
            && bytes.first().is_some_and(plain)
            && bytes.last().is_some_and(plain)
    })
}

/// Whether a bucket of this name has a host of its own: each label is one of a host, has three
/// characters at least and no capitals, and the whole is no IPv4 address.
pub(super) fn is_bucket(text: &str, labels: Labels) -> bool {
    is_host(text, labels)
        && each(text, labels, |label| label.len() >= 3)
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.parse::<Ipv4Addr>().is_err()
}

fn each(text: &str, labels: Labels, fits: impl Fn(&str) -> bool) -> bool {
    match labels {
        Labels::One => fits(text),
        Labels::Many => text.split('.').all(fits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_hosts() {
        let check = |text: &str, one, many| {
            assert_eq!(is_host(text, Labels::One), one, "{text:?}");
            assert_eq!(is_host(text, Labels::Many), many, "{text:?}");
        };
        check("us-east-1", true, true);
        check("A", true, true);
        check("1", true, true);
        check("a.b", false, true);
        for text in ["", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a.b-", "a_b", "a b", "a/b"] {
            check(text, false, false);
        }
        for text in ["a\n", "\0", "a:1", "a@b", "a#", "a?", "a%2e", "é", "日本", "ａ", "a\u{200b}"]
        {
            check(text, false, false);
        }
        check(&"a".repeat(63), true, true);
        check(&"a".repeat(64), false, false);
        check(&[&*"a".repeat(63); 3].join("."), false, true);
        check(&["a", &*"b".repeat(64)].join("."), false, false);
    }

    #[test]
    fn hosts_of_buckets() {
        let check = |text: &str, one, many| {
            assert_eq!(is_bucket(text, Labels::One), one, "{text:?}");
            assert_eq!(is_bucket(text, Labels::Many), many, "{text:?}");
        };
        check("my-bucket", true, true);
        check("abc", true, true);
        check("123", true, true);
        check("one.bucket", false, true);
        check(&"a".repeat(63), true, true);
        for text in
            ["", "ab", "my.bucket", "My-bucket", "my_bucket", "-abc", "abc-", "abc..def", "abc."]
        {
            check(text, false, false);
        }
        check("192.168.100.100", false, false);
        check("192.168.100.256", false, true);
        check("évian", false, false);
        check(&"a".repeat(64), false, false);
    }
}
