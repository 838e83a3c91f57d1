//! The one pass over every byte of a result. Most texts hold nothing of interest: each three
//! characters are looked up in a set of 32 × 32 × 32 bits, and only a hit is looked at again.

use std::ops::ControlFlow;
use std::sync::LazyLock;

/// What may begin where a text of interest begins.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    KeyId,
    Jwt,
    /// A session token or an API key of AWS, by its opening and least length.
    Token(usize),
    /// Somebody else's token: opening, and least length of the rest.
    Issued(usize),
    /// A private key, or a member's name.
    Private,
    Name,
    Bearer,
    Url,
    /// SQL's `IDENTIFIED BY`.
    Identified,
    /// A command that takes a password.
    Command,
    /// Worth reading as JSON.
    Export,
}

#[derive(Clone, Copy)]
pub(super) struct Anchor {
    pub(super) text: &'static str,
    pub(super) kind: Kind,
}

const fn anchor(text: &'static str, kind: Kind) -> Anchor {
    Anchor { text, kind }
}

/// At least three characters each. The names are the parts by which `names.rs` knows a name, whatever
/// its style; the openings of session tokens are base64 of what AWS writes before each.
const ANCHORS: [Anchor; 50] = [
    anchor("AKIA", Kind::KeyId),
    anchor("ASIA", Kind::KeyId),
    anchor("eyJ", Kind::Jwt),
    anchor("IQoJb3JpZ2lu", Kind::Token(21)),
    anchor("FwoGZXIvYXdz", Kind::Token(21)),
    anchor("FQoGZXIvYXdz", Kind::Token(21)),
    anchor("FQoDYXdz", Kind::Token(21)),
    anchor("AQoD", Kind::Token(100)),
    // Bedrock's API keys, for long and for short.
    anchor("ABSKQmVkcm9ja", Kind::Token(40)),
    anchor("bedrock-api-key-", Kind::Token(40)),
    anchor("priv", Kind::Private),
    anchor("secr", Kind::Name),
    anchor("secu", Kind::Name),
    anchor("toke", Kind::Name),
    anchor("pass", Kind::Name),
    anchor("pwd", Kind::Name),
    anchor("api", Kind::Name),
    anchor("shared", Kind::Name),
    anchor("material", Kind::Name),
    anchor("authoriz", Kind::Name),
    anchor("signature", Kind::Name),
    anchor("env", Kind::Name),
    anchor("map", Kind::Name),
    anchor("xport\"", Kind::Export),
    anchor("bearer", Kind::Bearer),
    anchor("://", Kind::Url),
    anchor("identified", Kind::Identified),
    anchor("curl", Kind::Command),
    anchor("redis-cli", Kind::Command),
    anchor("mysql", Kind::Command),
    anchor("ghp_", Kind::Issued(30)),
    anchor("gho_", Kind::Issued(30)),
    anchor("ghu_", Kind::Issued(30)),
    anchor("ghs_", Kind::Issued(30)),
    anchor("ghr_", Kind::Issued(30)),
    anchor("github_pat_", Kind::Issued(30)),
    anchor("glpat-", Kind::Issued(20)),
    anchor("xoxb-", Kind::Issued(10)),
    anchor("xoxp-", Kind::Issued(10)),
    anchor("xoxa-", Kind::Issued(10)),
    anchor("xoxr-", Kind::Issued(10)),
    anchor("xoxs-", Kind::Issued(10)),
    anchor("xapp-", Kind::Issued(10)),
    anchor("sk_live_", Kind::Issued(16)),
    anchor("rk_live_", Kind::Issued(16)),
    anchor("sk-ant-", Kind::Issued(20)),
    anchor("sk-proj-", Kind::Issued(20)),
    anchor("AIza", Kind::Issued(35)),
    anchor("npm_", Kind::Issued(36)),
    anchor("SG.", Kind::Issued(60)),
];

/// What makes a text's neighbours be looked at more closely.
const TRIGGERS: [Anchor; 3] =
    [anchor("AKIA", Kind::KeyId), anchor("ASIA", Kind::KeyId), anchor("secr", Kind::Name)];

static ALL: LazyLock<Hot> = LazyLock::new(|| Hot::new(&ANCHORS));
static FEW: LazyLock<Hot> = LazyLock::new(|| Hot::new(&TRIGGERS));

/// What a pass saw besides.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    /// `%` or `\`
    pub(super) escapes: bool,
    /// So many characters of base64 in a row that they may hide something.
    pub(super) base64: bool,
}

/// Calls `on` wherever something begins.
pub(super) fn scan(text: &[u8], mut on: impl FnMut(&Anchor, usize)) -> Seen {
    let (seen, _) = ALL.each(text, |window, at| {
        ALL.anchors(window, text, at).for_each(|anchor| on(anchor, at));
        ControlFlow::Continue(())
    });
    seen
}

/// What a name holds at a first look.
#[derive(Clone, Copy)]
pub(super) struct Glance {
    /// It may be one that `names.rs` knows.
    pub(super) hot: bool,
    /// Something in it may have to be masked.
    pub(super) suspect: bool,
}

pub(super) fn glance(name: &str) -> Glance {
    let (seen, flow) = ALL.each(name.as_bytes(), |_, _| ControlFlow::Break(()));
    let hot = flow.is_break();
    Glance { hot, suspect: hot || seen.escapes || seen.base64 }
}

/// Whether a text has a trigger for which `on` says so.
pub(super) fn any_trigger(text: &[u8], on: impl Fn(&Anchor, usize) -> bool) -> bool {
    let (_, flow) = FEW.each(text, |window, at| {
        match FEW.anchors(window, text, at).any(|anchor| on(anchor, at)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    flow.is_break()
}

/// Shorter, and no key and its secret fit in.
const LEAST_BASE64: usize = 40;

const CLASS: usize = 0b1_1111;
const BASE64: u8 = 0b10_0000;
const ESCAPE: u8 = 0b100_0000;

struct Hot {
    /// By byte: one of 32 classes in which letters count without their case, and two flags.
    classes: [u8; 256],
    /// By three classes.
    hits: [u64; 512],
    /// With the three classes with which each begins, and in their order.
    anchors: Vec<(usize, Anchor)>,
}

impl Hot {
    fn new(anchors: &[Anchor]) -> Self {
        let mut classes = [0; 256];
        for (byte, class) in (0..=u8::MAX).zip(&mut classes) {
            *class = class_of(byte);
        }
        let mut hot = Self { classes, hits: [0; 512], anchors: Vec::new() };
        for anchor in anchors {
            let window = anchor.text.bytes().take(3).fold(0, |window, b| hot.next(window, b).0);
            hot.anchors.push((window, *anchor));
            if let Some(word) = hot.hits.get_mut(window >> 6) {
                *word |= 1 << (window & 63);
            }
        }
        hot.anchors.sort_by_key(|(window, _)| *window);
        hot
    }

    /// The anchors that stand here.
    fn anchors<'a>(
        &'a self,
        window: usize,
        text: &'a [u8],
        at: usize,
    ) -> impl Iterator<Item = &'a Anchor> {
        let first = self.anchors.partition_point(|(other, _)| *other < window);
        let alike = self.anchors.iter().skip(first).take_while(move |(other, _)| *other == window);
        let rest = text.get(at..).unwrap_or_default();
        alike.map(|(_, anchor)| anchor).filter(move |anchor| {
            let found = rest.get(..anchor.text.len()).unwrap_or_default();
            match anchor.kind {
                Kind::KeyId | Kind::Jwt | Kind::Token(_) | Kind::Issued(_) => {
                    found == anchor.text.as_bytes()
                }
                Kind::Private
                | Kind::Name
                | Kind::Bearer
                | Kind::Url
                | Kind::Export
                | Kind::Identified
                | Kind::Command => found.eq_ignore_ascii_case(anchor.text.as_bytes()),
            }
        })
    }

    /// The last three classes, after one more byte.
    fn next(&self, window: usize, byte: u8) -> (usize, u8) {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or_default();
        (((window << 5) | (usize::from(class) & CLASS)) & 0x7fff, class)
    }

    #[inline]
    fn each(
        &self,
        text: &[u8],
        mut on: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> (Seen, ControlFlow<()>) {
        let (mut window, mut flags, mut run, mut longest) = (0, 0, 0, 0);
        for (at, byte) in text.iter().enumerate() {
            let class;
            (window, class) = self.next(window, *byte);
            flags |= class;
            run = if class & BASE64 == 0 { 0 } else { run + 1 };
            longest = longest.max(run);
            let word = self.hits.get(window >> 6).copied().unwrap_or_default();
            if word >> (window & 63) & 1 != 0
                && let Some(at) = at.checked_sub(2)
                && on(window, at).is_break()
            {
                return (Seen::default(), ControlFlow::Break(()));
            }
        }
        let seen = Seen { escapes: flags & ESCAPE != 0, base64: longest >= LEAST_BASE64 };
        (seen, ControlFlow::Continue(()))
    }
}

fn class_of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => BASE64 | (byte - b'a' + 1),
        b'A'..=b'Z' => BASE64 | (byte - b'A' + 1),
        b'0'..=b'9' => BASE64 | 31,
        b':' => 27,
        b'/' => BASE64 | 28,
        b'-' => BASE64 | 29,
        b'_' => BASE64 | 30,
        b'+' => BASE64,
        b'%' | b'\\' => ESCAPE,
        _ => 0,
    }
}
