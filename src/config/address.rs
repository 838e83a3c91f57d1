//! An address that something may be downloaded from: over https, or from this machine. It carries no
//! credentials, so that none are sent, kept or shown.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// Bytes; codeload's are a fifth of that even with a token.
const MOST: usize = 2_048;

/// An absolute http or https address. `Display` leaves out the query, which can be a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Https,
    /// On this machine only.
    Http,
}

impl Address {
    /// Reads an address; the error says what is wrong with it, in words that end a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("is too long, or has characters that no address has".to_owned());
        }
        // The parser would drop a fragment, and some servers read a backslash as a slash.
        if text.contains(['#', '\\']) {
            return Err("has a # or a \\ in it".to_owned());
        }
        let uri: Uri = text.parse().map_err(|_| "is no address".to_owned())?;
        let authority = uri.authority().ok_or("names no host")?;
        if authority.as_str().contains('@') {
            return Err("has a user or a password in it; none may be sent".to_owned());
        }
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") if is_here(authority.host()) => Scheme::Http,
            Some("http") => return Err("is not https".to_owned()),
            _ => return Err("is neither https nor http".to_owned()),
        };
        if authority.host().is_empty() {
            return Err("names no host".to_owned());
        }
        Ok(Self { uri, scheme })
    }

    /// Where a redirect from here leads: never from https to http, never to another scheme.
    pub fn redirected(&self, location: &str) -> Result<Self, String> {
        let next = if location.starts_with('/') && !location.starts_with("//") {
            let scheme = self.uri.scheme_str().unwrap_or_default();
            let authority = self.uri.authority().map(|a| a.as_str()).unwrap_or_default();
            Self::parse(&format!("{scheme}://{authority}{location}"))?
        } else {
            Self::parse(location)?
        };
        match (self.scheme, next.scheme) {
            (Scheme::Https, Scheme::Http) => Err("leads from https to http".to_owned()),
            (Scheme::Https, Scheme::Https) | (Scheme::Http, Scheme::Https | Scheme::Http) => {
                Ok(next)
            }
        }
    }

    /// For the request.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map(|a| a.as_str()).unwrap_or_default();
        write!(f, "{scheme}://{authority}{}", self.uri.path())
    }
}

fn is_here(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine() {
        for good in [
            "https://github.com/aws/api-models-aws",
            "https://mirror.example:8443/a.tar.gz?x=1",
            "http://127.0.0.1:8080/a",
            "http://localhost/a",
            "http://[::1]:1/a",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://mirror.example/a", "is not https"),
            ("http://127.0.0.1.example/a", "is not https"),
            ("http://localhost.example/a", "is not https"),
            ("http://10.0.0.1/a", "is not https"),
            ("file:///etc/passwd", "address"),
            ("ftp://mirror.example/a", "neither"),
            ("mirror.example/a", "address"),
            ("/a/b", "no host"),
            ("https:///a", "address"),
            ("https://eve:secret@mirror.example/a", "password"),
            ("https://token@mirror.example/a", "password"),
            ("https://mirror.example/a#b", "#"),
            ("https://mirror.example\\@evil.example/a", "#"),
            ("https://mirror.example/a b", "characters"),
            ("https://mirror.ex\u{e4}mple/a", "characters"),
            ("https://mirror.example/\r\nx", "characters"),
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn redirects_keep_to_https() {
        let check = |from: &str, to: &str, expected: Option<&str>| {
            let next = Address::parse(from).unwrap().redirected(to);
            assert_eq!(next.ok().map(|a| a.uri().to_string()).as_deref(), expected, "{from} {to}");
        };
        let secure = "https://github.com/a/b";
        check(secure, "https://codeload.example/c?t=1", Some("https://codeload.example/c?t=1"));
        check(secure, "/c/d", Some("https://github.com/c/d"));
        check(secure, "http://github.com/c", None);
        check(secure, "http://127.0.0.1:9/c", None);
        check(secure, "file:///etc/passwd", None);
        check(secure, "//evil.example/c", None);
        check(secure, "c/d", None);
        check(secure, "", None);
        check("http://127.0.0.1:9/a", "http://127.0.0.1:8/c", Some("http://127.0.0.1:8/c"));
        check("http://127.0.0.1:9/a", "https://mirror.example/c", Some("https://mirror.example/c"));
        check("http://127.0.0.1:9/a", "http://mirror.example/c", None);
    }

    #[test]
    fn a_query_is_sent_and_not_shown() {
        let address = Address::parse("https://mirror.example:1/a?token=secret").unwrap();
        assert_eq!(address.to_string(), "https://mirror.example:1/a");
        assert!(address.uri().to_string().contains("token=secret"));
    }
}
