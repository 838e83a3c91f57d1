//! Made-up secrets that tests hand to the server, and the search for them in what it says.

/// A secret access key: 40 characters, as AWS makes them.
pub const PLANTED_KEY: &str = "plantedu8jzPd/0IgxLd6G+cfBAepfJ/d0Kh8oOO";

/// A session token: longer than any secret access key.
pub const PLANTED_TOKEN: &str = "plantedSessionehGAkWvj7FA+9QeWJKY40uvSwMFL/De1f8rESQedUStPK+0CsTy4Qwb8DwkNhF/nXsiVpzz63FfkCzJ+4i0B3JrTAwR4y9oj/ljoQoaF==";

/// Every planted secret. Whatever a test does with them, no [`super::Server`] may ever write one of them out.
pub const PLANTED: &[&str] = &[
    PLANTED_KEY,
    PLANTED_TOKEN,
    "plantedL8dKLz/ocJ2isAj+hKtJ0Rlg/KOmxgJTe",
    "plantedKdNnFR/BXuDL7Dx+pYlSXpfK/HF4vUCsM",
    "plantedSessionlqsajAIxNKu+iS2G8NPRVdD53X83/ZJzzzzgEOzdmenCk+vMdgaKjIg8xNbe3n/yjOq9wMxEhh2FDEE+fjgVvVqE1SkHbn88/xjSI6bW==",
];

/// How many characters in a row count as the secret: a cut-off secret is a leak too.
const PIECE: usize = 12;

/// How much of a session token may be shown, by the contract on masking.
const SHOWN_OF_TOKEN: usize = 20;

/// The first piece of a planted secret that `text` contains, plain or as JSON, HTML or URLs write it.
pub fn leak(text: &str) -> Option<&'static str> {
    PLANTED.iter().find_map(|secret| {
        let shown = if secret.len() > 40 { SHOWN_OF_TOKEN } else { 0 };
        let hidden = &secret[shown..];
        (0..=hidden.len() - PIECE)
            .map(|at| &hidden[at..at + PIECE])
            .find(|piece| spellings(piece).iter().any(|form| text.contains(form)))
    })
}

/// `plain` as it stands and as it looks after the usual escapes.
fn spellings(plain: &str) -> [String; 5] {
    let escaped = |slash: &str, plus: &str, equals: &str| {
        plain.replace('/', slash).replace('+', plus).replace('=', equals)
    };
    [
        plain.to_owned(),
        escaped(r"\/", "+", "="),
        escaped(r"\u002f", r"\u002b", r"\u003d"),
        escaped(r"\u002F", r"\u002B", r"\u003D"),
        escaped("%2F", "%2B", "%3D"),
    ]
}

#[test]
fn a_leak_is_found_in_every_spelling_and_cut() {
    let found = |text: &str| leak(text).is_some();
    assert!(found(PLANTED_KEY));
    assert!(found(&format!("{{\"x\":\"{}\"}}", &PLANTED_KEY[5..25])));
    assert!(found(&PLANTED_KEY.replace('/', "\\/")));
    assert!(found(&PLANTED_TOKEN.replace('/', "%2F").replace('+', "%2B")));
    assert!(found(&PLANTED_TOKEN[..40]));
    assert!(!found(&format!("{}...", &PLANTED_TOKEN[..SHOWN_OF_TOKEN])));
    assert!(!found("nothing planted here"));
}
