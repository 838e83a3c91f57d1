use proptest::prelude::*;

use super::*;

/// Scheme, authority, path, normalised path, whether it is an IP address; then host and port.
fn parsed(text: &str) -> Option<(Vec<String>, bool, String, Option<u16>)> {
    let url = Url::parse(Cow::Borrowed(text))?;
    let parts = [UrlPart::Scheme, UrlPart::Authority, UrlPart::Path, UrlPart::NormalizedPath];
    let parts = parts.map(|part| url.part(part).text().unwrap().into_owned()).to_vec();
    let is_ip = url.part(UrlPart::IsIp).bool().unwrap();
    Some((parts, is_ip, url.host().to_owned(), url.port()))
}

fn check(text: &str, parts: [&str; 4], is_ip: bool, host: &str, port: Option<u16>) {
    let expected = (parts.map(str::to_owned).to_vec(), is_ip, host.to_owned(), port);
    assert_eq!(parsed(text), Some(expected), "{text}");
}

#[test]
fn parts() {
    check("https://a.com", ["https", "a.com", "", "/"], false, "a.com", None);
    check("http://a.com:80/b/c", ["http", "a.com:80", "/b/c", "/b/c/"], false, "a.com", Some(80));
    check("https://a.com/", ["https", "a.com", "/", "/"], false, "a.com", None);
    check("https://127.0.0.1", ["https", "127.0.0.1", "", "/"], true, "127.0.0.1", None);
    check("https://[fe80::1]", ["https", "[fe80::1]", "", "/"], true, "[fe80::1]", None);
    check("http://[::1]:8000/x/", ["http", "[::1]:8000", "/x/", "/x/"], true, "[::1]", Some(8000));
    check("https://256.0.0.1", ["https", "256.0.0.1", "", "/"], false, "256.0.0.1", None);
    check("http://my_host:1", ["http", "my_host:1", "", "/"], false, "my_host", Some(1));
    check("https://a.com.", ["https", "a.com.", "", "/"], false, "a.com.", None);
    check("https://a//..//%2e", ["https", "a", "//..//%2e", "//..//%2e/"], false, "a", None);
}

#[test]
fn what_is_no_endpoint() {
    let longest = format!("https://{}", "a.".repeat(127));
    for text in [
        "",
        "a.com",
        "://a.com",
        "//a.com",
        "https:",
        "https:/a.com",
        "https://",
        "https:///path",
        "https://:80",
        "ftp://a.com",
        "HTTPS://a.com",
        " https://a.com",
        "https://a.com ",
        "https://a.com\n",
        "https://a.com/\r\nHost: b",
        "https://a.com\0.b.com",
        "https://a.com?b",
        "https://a.com/?b",
        "https://a.com#b",
        "https://a.com/#b",
        "https://user@a.com",
        "https://user:password@a.com",
        "https://a.com\\@b.com",
        "https://a.com/\\b",
        "https://a.com:",
        "https://a.com:/",
        "https://a.com:65536",
        "https://a.com:-1",
        "https://a.com:+1",
        "https://a.com:1:2",
        "https://a.com:80a",
        "https://a..com",
        "https://.a.com",
        "https://.",
        "https://a.com..",
        "https://[::1",
        "https://[]",
        "https://[a.com]",
        "https://[127.0.0.1]",
        "https://[fe80::1%25en0]",
        "https://[::1]a.com",
        "https://::1",
        "https://bücher.de",
        "https://a%2ecom",
        "https://a com",
        "https://a,b",
        "https://a.com/é",
        "https://a.com/a b",
        "abcde://nota#url",
        &format!("{longest}b"),
    ] {
        assert_eq!(parsed(text), None, "{text:?}");
    }
    assert!(parsed(&longest).is_some());
}

/// Texts of which about half are URLs: made like one, and often damaged at one place.
fn nearly() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![8 => "https?://", 1 => "[a-zA-Z:/]{0,8}"];
    let host = prop_oneof![
        4 => "[a-z0-9_-]{1,8}(\\.[a-zA-Z0-9_-]{1,8}){0,3}\\.?",
        2 => "(0|127|1|255|256)(\\.[0-9]{1,3}){3}",
        2 => "\\[(::1|fe80::[0-9a-f]{1,4}|::ffff:1\\.2\\.3\\.4|[0-9a-f:.]{0,20})\\]",
        1 => any::<String>(),
    ];
    let port = prop_oneof![2 => Just(String::new()), 1 => ":[0-9]{0,6}"];
    let path = prop_oneof![2 => "(/[a-z0-9.:@%~-]{0,6}){0,3}", 1 => "/[ -~]{0,12}"];
    let damage = prop_oneof![1 => Just(String::new()), 1 => "[@:/?#\\\\\\[\\]%.\r\n \0]", 1 => any::<String>()];
    (scheme, host, port, path, damage, any::<prop::sample::Index>()).prop_map(
        |(scheme, host, port, path, damage, place)| {
            let mut text = [scheme, host, port, path].concat();
            let places: Vec<usize> =
                text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            text.insert_str(*place.get(&places), &damage);
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_url_is_its_parts(text in nearly()) {
        let Some(url) = Url::parse(Cow::Borrowed(&text)) else { return Ok(()) };
        let part = |part| url.part(part).text().unwrap();
        prop_assert_eq!(
            format!("{}://{}{}", url.scheme(), part(UrlPart::Authority), part(UrlPart::Path)),
            text.as_str()
        );
        prop_assert!(part(UrlPart::NormalizedPath).starts_with('/'));
        prop_assert!(part(UrlPart::NormalizedPath).ends_with('/'));
        prop_assert!(!text.contains(['?', '#', '\\', ' ']) && text.is_ascii());
        prop_assert!(!part(UrlPart::Authority).contains('@'));
    }

    /// What is a URL here names the same host for another parser.
    #[test]
    fn another_parser_finds_the_same_host(text in nearly()) {
        let Some(url) = Url::parse(Cow::Borrowed(&text)) else { return Ok(()) };
        let other: http::Uri = match text.parse() {
            Ok(other) => other,
            Err(error) => return Err(TestCaseError::fail(format!("{text:?}: {error}"))),
        };
        prop_assert_eq!(other.host(), Some(url.host()));
        prop_assert_eq!(other.port_u16(), url.port());
        prop_assert_eq!(other.scheme_str(), Some(url.scheme()));
    }

    #[test]
    fn an_owned_text_is_read_alike(text in nearly()) {
        let read = |text| Url::parse(text).map(|url| format!("{url:?}"));
        prop_assert_eq!(read(Cow::Borrowed(&text)), read(Cow::Owned(text.clone())));
    }
}
