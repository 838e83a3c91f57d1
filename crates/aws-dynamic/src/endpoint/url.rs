//! URLs of endpoints: `http` or `https`, a host, perhaps a port, perhaps a path (Smithy, "Rules engine
//! standard library", `parseURL`). Nothing else is one here. A query, a fragment, user information,
//! spaces, control characters and backslashes make a text none: each of them has made two programs
//! disagree on which host a URL names.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::value::{Value, cut};

/// The longest name of a host, in bytes (RFC 1123, section 2.1), without a dot at its end.
const LONGEST: usize = 253;

/// A URL, as a text and where its parts stand in it.
#[derive(Clone, Debug)]
pub(super) struct Url<'a> {
    text: Cow<'a, str>,
    host: Range<usize>,
    port: Option<u16>,
    /// Where the authority ends and the path begins.
    path: usize,
    is_ip: bool,
}

/// A part of a URL that rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlPart {
    Scheme,
    /// Host and port.
    Authority,
    Path,
    /// The path with a slash at both ends.
    NormalizedPath,
    IsIp,
}

impl<'a> Url<'a> {
    /// The URL that a text is; none if it is not one.
    pub(super) fn parse(text: Cow<'a, str>) -> Option<Self> {
        let start = ["https://", "http://"].into_iter().find(|s| text.starts_with(s))?.len();
        let rest = text.get(start..)?;
        let authority = rest.find('/').and_then(|end| rest.get(..end)).unwrap_or(rest);
        let path = start + authority.len();
        let (host, is_ip, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (address, port) = inner.split_once(']')?;
                address.parse::<Ipv6Addr>().ok()?;
                (address.len() + 2, true, port)
            }
            None => {
                let host = authority.find(':').and_then(|end| authority.get(..end));
                let host = host.unwrap_or(authority);
                if !is_name(host) {
                    return None;
                }
                (host.len(), host.parse::<Ipv4Addr>().is_ok(), authority.get(host.len()..)?)
            }
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // `parse` would take a sign.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            None | Some(_) => return None,
        };
        if !text.get(path..)?.bytes().all(is_path) {
            return None;
        }
        Some(Self { host: start..start + host, port, path, is_ip, text })
    }

    pub(super) fn part(&self, part: UrlPart) -> Value<'a> {
        let range = match part {
            UrlPart::Scheme => 0..self.scheme().len(),
            UrlPart::Authority => self.host.start..self.path,
            UrlPart::Path => self.path..self.text.len(),
            UrlPart::NormalizedPath => return Value::Text(self.normalized_path()),
            UrlPart::IsIp => return Value::Bool(self.is_ip),
        };
        cut(&self.text, range).map_or(Value::Unset, Value::Text)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.text.starts_with("https:") { "https" } else { "http" }
    }

    /// With brackets, if it is an IPv6 address.
    pub(super) fn host(&self) -> &str {
        self.text.get(self.host.clone()).unwrap_or_default()
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }

    pub(super) fn into_owned(self) -> Url<'static> {
        Url { text: Cow::Owned(self.text.into_owned()), ..self }
    }

    fn normalized_path(&self) -> Cow<'a, str> {
        match cut(&self.text, self.path..self.text.len()) {
            Some(path) if path.ends_with('/') => path,
            Some(path) => Cow::Owned(format!("{path}/")),
            None => Cow::Borrowed("/"),
        }
    }
}

/// Whether a text is the name of a host. Underscores are none of RFC 1123's, but names inside of
/// private networks have them.
fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() <= LONGEST
        && text.split('.').all(|label| !label.is_empty() && label.bytes().all(letter))
}

/// Whether a byte may stand in a path (RFC 3986, section 3.3, and what browsers take besides).
fn is_path(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'?' | b'#' | b'\\' | b'"' | b'<' | b'>' | b'^' | b'`')
}

#[cfg(test)]
mod tests;
