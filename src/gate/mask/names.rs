//! What a member's name says about its value. AWS writes a name in many styles (`SecretString`,
//! `secret_string`, `X-Amz-Signature`): names are compared by their letters and digits alone.

use std::borrow::Cow;
use std::collections::HashSet;

use super::environment::is_variable_name;
use super::scan::glance;

/// The members that AWS's models mark sensitive, in the answers of one operation.
#[derive(Debug, Default)]
pub struct Secrets<'a> {
    names: HashSet<Cow<'a, str>>,
    /// Which lengths there are, as bits: most members are seen to be none of these by that alone.
    lengths: u64,
}

impl<'a> Secrets<'a> {
    /// Names as AWS writes them, in any style. What lies below such a member is masked as a whole.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: HashSet<_> =
            names.into_iter().map(plain).filter(|name| !name.is_empty()).collect();
        let lengths = names.iter().fold(0, |lengths, name| lengths | length(name));
        Self { names, lengths }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn contain(&self, raw: &str) -> bool {
        self.lengths & length(raw) != 0 && self.names.contains(&plain(raw))
    }
}

/// A bit for the number of letters and digits.
fn length(raw: &str) -> u64 {
    1 << raw.bytes().filter(u8::is_ascii_alphanumeric).count().min(63)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Plain,
    /// Marked sensitive by the model: all that lies below.
    Sensitive,
    KeyId,
    SecretKey,
    SessionToken,
    Password,
    /// A password, or else the path of a file or folder.
    PasswordOrPath,
    Token,
    Signature,
    Authorization,
    /// Environment variables, or an environment in another sense: a stage, an entity of its own.
    Environment,
    /// Environment variables and nothing else.
    Variables,
}

/// The longer one first where two end alike.
const ENDINGS: [(&str, Name); 27] = [
    ("accesskeyid", Name::KeyId),
    ("secretaccesskey", Name::SecretKey),
    ("secretkey", Name::SecretKey),
    ("sessiontoken", Name::SessionToken),
    ("securitytoken", Name::SessionToken),
    ("password", Name::Password),
    ("passwd", Name::Password),
    ("passphrase", Name::Password),
    ("presharedkey", Name::Password),
    ("sharedsecret", Name::Password),
    ("clientsecret", Name::Password),
    ("webhooksecret", Name::Password),
    ("secretstring", Name::Password),
    ("pwd", Name::PasswordOrPath),
    ("privatekey", Name::PasswordOrPath),
    ("apikey", Name::Token),
    ("accesstoken", Name::Token),
    ("refreshtoken", Name::Token),
    ("idtoken", Name::Token),
    ("authtoken", Name::Token),
    ("oauthtoken", Name::Token),
    ("bearertoken", Name::Token),
    ("authorizationtoken", Name::Token),
    ("xamzsignature", Name::Signature),
    ("proxyauthorization", Name::Authorization),
    ("environmentvariables", Name::Variables),
    ("environmentvariable", Name::Variables),
];

/// Names that say something only as a whole: `computeEnvironment` is no environment.
const WHOLES: [(&str, Name); 13] = [
    ("signature", Name::Signature),
    ("webidentitytoken", Name::Token),
    // EC2's. `publicKeyMaterial` is another thing.
    ("keymaterial", Name::Password),
    ("authorization", Name::Authorization),
    ("env", Name::Environment),
    ("environment", Name::Environment),
    ("environmentoverride", Name::Environment),
    ("environmentparameters", Name::Environment),
    ("overrideenvironment", Name::Environment),
    ("optimizationenvironment", Name::Environment),
    ("envvars", Name::Variables),
    ("envvar", Name::Variables),
    // Flink's runtime properties, "EnvironmentProperties".
    ("propertymap", Name::Variables),
];

impl Name {
    pub(super) fn of(raw: &str, secrets: &Secrets<'_>) -> Self {
        match secrets.contain(raw) && !is_cut(raw) {
            true => Self::Sensitive,
            false => Self::known(raw),
        }
    }

    /// The same. Most names are plain, and seen to be so without a copy of them.
    pub(super) fn at_a_glance(raw: &str, secrets: &Secrets<'_>) -> Self {
        match secrets.is_empty() && !glance(raw).hot {
            true => Self::Plain,
            false => Self::of(raw, secrets),
        }
    }

    /// What the name alone says, whatever the operation.
    pub(super) fn known(raw: &str) -> Self {
        if is_cut(raw) {
            return Self::Plain;
        }
        // password1, DB_PASSWORD_2
        let name = plain(raw);
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let whole = WHOLES.iter().find(|(whole, _)| name == *whole);
        let found = whole.or_else(|| ENDINGS.iter().find(|(end, _)| name.ends_with(end)));
        found.map_or_else(|| Self::variable(raw), |(_, found)| *found)
    }

    /// What a variable's name says that would say nothing of a member: `DB_PASS`, `GITHUB_TOKEN`.
    fn variable(raw: &str) -> Self {
        const PAGES: [&str; 3] = ["NEXT_TOKEN", "PAGE_TOKEN", "CONTINUATION_TOKEN"];
        if !is_variable_name(raw) || PAGES.iter().any(|page| raw.ends_with(page)) {
            return Self::Plain;
        }
        match raw.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_') {
            name if name.ends_with("_PASS") || name.ends_with("_SECRET") => Self::Password,
            name if name.ends_with("_TOKEN") => Self::Token,
            _ => Self::Plain,
        }
    }

    /// Whether this value of a member with this name is a secret. Not asked of what the model marks.
    pub(super) fn makes_secret(self, value: &str) -> bool {
        match self {
            Self::SecretKey | Self::SessionToken | Self::Password => !is_reference(value),
            // What is masked in part was none as a whole.
            Self::PasswordOrPath => {
                !value.starts_with(['/', '~']) && !is_cut(value) && !is_reference(value)
            }
            Self::Token => {
                value.len() >= LEAST_TOKEN
                    && !value.contains(char::is_whitespace)
                    && !is_cut(value)
                    && !is_reference(value)
            }
            Self::Signature => is_signature(value),
            Self::Plain
            | Self::Sensitive
            | Self::KeyId
            | Self::Authorization
            | Self::Environment
            | Self::Variables => false,
        }
    }
}

/// Whether some word of a text names a secret, even where other characters part its letters.
pub fn names_secret(text: &str) -> bool {
    let is_secret = |name: Name| match name {
        Name::Sensitive | Name::SecretKey | Name::SessionToken | Name::Password => true,
        Name::PasswordOrPath | Name::Token | Name::Signature | Name::Authorization => true,
        Name::Variables => true,
        Name::Plain | Name::KeyId | Name::Environment => false,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(|c| !is_name(c)).any(|word| is_secret(Name::known(word)))
        || text
            .split_whitespace()
            .map(plain)
            .any(|word| ENDINGS.iter().any(|(end, name)| is_secret(*name) && word.contains(end)))
}

/// Cognito says of an access token how long it is good: `hours`.
pub(super) const LEAST_TOKEN: usize = 16;

/// SigV4's is 64 hexadecimal digits. Base64 ones (SigV2, CloudFront) are not told from other
/// signatures by name and look; they are masked in query strings (`assigned.rs`).
fn is_signature(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What stands where a secret could, and is none: a reference to where the secret is, a word.
pub(super) fn is_reference(value: &str) -> bool {
    const WORDS: [&str; 14] = [
        "0",
        "1",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "none",
        "null",
        "nil",
        "enabled",
        "disabled",
        "undefined",
    ];
    let is_variable = || {
        value.strip_prefix('$').is_some_and(|name| {
            // The dots of a name that was masked, `$AKIA...`
            name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_.".contains(&b))
        })
    };
    value.is_empty()
        || opens_reference(value.as_bytes())
        || value.starts_with('<') && value.ends_with('>')
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.bytes().all(|b| b == b'*')
        || is_variable()
}

pub(super) fn opens_reference(value: &[u8]) -> bool {
    const OPENINGS: [&[u8]; 5] = [b"${", b"$(", b"{{", b"%(", b"arn:"];
    OPENINGS.iter().any(|opening| value.starts_with(opening))
}

/// Masked, or in part. Of a name: it must not say more than it did before.
fn is_cut(raw: &str) -> bool {
    raw.contains("***")
}

/// Letters and digits, in small letters.
fn plain(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Cow::Borrowed(raw);
    }
    let kept = raw.bytes().filter(u8::is_ascii_alphanumeric);
    Cow::Owned(kept.map(|b| char::from(b.to_ascii_lowercase())).collect())
}

/// The member of a pair that names the other: `Name`, `key`, `ParameterKey`, `field`.
pub(super) fn names_another(member: &str) -> bool {
    ends_with(member, "name") || ends_with(member, "key") || ends_with(member, "field")
}

/// The other member of a pair: `value`, `ParameterValue`, `values`.
pub(super) fn is_named_by_another(member: &str) -> bool {
    ends_with(member, "value") || ends_with(member, "values")
}

fn ends_with(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    start
        .and_then(|start| text.as_bytes().get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}
