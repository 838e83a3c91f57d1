//! What an engineer's AWS config and credentials files say, so that accounts can be listed and
//! sorted by kind without asking AWS for anything.
//!
//! The SDK has a parser of its own, but it offers no list of a profile's settings, gives up on a
//! whole file for one bad line, and keeps secrets in plain strings. This one answers as the SDK
//! does (its tests compare the two) without those three.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use ini::Ini;
use secrecy::SecretString;
use serde::Serialize;

use crate::config::Keys;
use crate::config::read_at_most;

/// Everything the two files say, merged the way AWS's SDKs merge them.
#[derive(Debug, Default)]
pub struct Profiles {
    profiles: BTreeMap<String, Profile>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, BTreeMap<String, Section>>,
}

/// One profile, as both files together describe it.
///
/// `Debug` prints the names of the settings and not their values, for a `credential_process`
/// command line may hold a password.
#[derive(Clone)]
pub struct Profile {
    /// The name, without the word `profile`.
    pub name: String,
    /// Setting names in lower case, and their values; a nested block is one value that starts
    /// with a line break. `aws_secret_access_key`, `aws_session_token` and `aws_security_token`
    /// are never here.
    pub settings: BTreeMap<String, String>,
    /// The access keys, if both halves are given.
    pub keys: Option<Keys>,
}

/// A named section other than a profile. `Debug` prints the names of the settings only.
#[derive(Clone)]
pub struct Section {
    /// The name, without the word that says what kind of section it is.
    pub name: String,
    /// Setting names in lower case, and their values.
    pub settings: BTreeMap<String, String>,
}

/// Where a profile's credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Access keys in the profile itself.
    Static,
    /// IAM Identity Center.
    Sso,
    /// A role assumed with the credentials of `source_profile` or `credential_source`.
    Role,
    /// `credential_source` without a role: the credentials of that source as they are.
    Source,
    /// `credential_process`
    Process,
    /// `login_session`, as written by `aws login`.
    Login,
    /// A role assumed with the token in `web_identity_token_file`.
    WebIdentity,
    /// No credentials, or only half of a pair of access keys.
    Empty,
}

impl Profiles {
    /// Parses the text of the two files; an absent file is an empty text.
    ///
    /// The answer is that of AWS's SDK for Rust: what the credentials file says wins over the
    /// config file, `[profile default]` over `[default]`, a later line over an earlier one, and a
    /// section or setting whose name is not allowed is left out. It differs in these points:
    ///
    /// - A malformed line is skipped. The SDK rejects the whole file. The settings below a
    ///   malformed heading belong to no section, so they are skipped with it.
    /// - A byte order mark at the start is skipped.
    /// - An indented line that names a secret setting is skipped. The SDK makes it part of the
    ///   value above it, where it could be printed.
    /// - Of two spellings of one heading, such as `[profile a]` and `[ profile  a ]`, the later
    ///   wins. The SDK takes them in random order.
    pub fn parse(config: &str, credentials: &str) -> Self {
        let mut merged = Merged::default();
        merged.add(config, Source::Config);
        merged.add(credentials, Source::Credentials);
        merged.into_profiles()
    }

    /// Reads and parses the two files; an absent file is an empty one.
    ///
    /// # Errors
    ///
    /// A message that names the file, if one of them cannot be read, is larger than 4 MiB, or is
    /// not UTF-8.
    pub fn load(config: &Path, credentials: &Path) -> Result<Self, String> {
        Ok(Self::parse(&read(config)?, &read(credentials)?))
    }

    /// The profile of that name, which is case-sensitive.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// All profiles, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// The section `[sso-session NAME]` of the config file.
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// A setting of one service, from the section `[services NAME]` that the profile names by
    /// `services = NAME`.
    ///
    /// The service id may be given as the SDK has it (`Cost Explorer`). In the file it is in lower
    /// case, with each space an underscore, as AWS documents it, or a hyphen, as the SDK for Rust
    /// reads it. `key` is case-sensitive.
    pub fn service_setting(&self, profile: &Profile, service_id: &str, key: &str) -> Option<&str> {
        let services = self.services.get(profile.get("services")?)?;
        let id = service_id.to_lowercase();
        ["_", "-"].into_iter().find_map(|space| {
            let block = services.get(&id.replace(' ', space))?;
            block.settings.get(key).map(String::as_str)
        })
    }
}

impl Profile {
    /// The value of a setting, whose name may be in any case. Never a secret.
    pub fn get(&self, key: &str) -> Option<&str> {
        setting(&self.settings, key)
    }

    /// Where the SDK would take this profile's credentials from, in the order in which it looks
    /// (`aws_config`'s profile chain).
    ///
    /// This is what the profile asks for, not whether it is complete: a role without a source is
    /// [`Kind::Role`]. As the `source_profile` of another, a profile with access keys is used for
    /// those keys whatever its kind.
    pub fn kind(&self) -> Kind {
        let has = |key| self.settings.contains_key(key);
        if has("role_arn") && !has("web_identity_token_file") {
            Kind::Role
        } else if has("credential_source") {
            Kind::Source
        } else if has("web_identity_token_file") {
            Kind::WebIdentity
        } else if SSO_SETTINGS.into_iter().any(has) {
            Kind::Sso
        } else if has("login_session") {
            Kind::Login
        } else if has("credential_process") {
            Kind::Process
        } else if self.keys.is_some() {
            Kind::Static
        } else {
            Kind::Empty
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.name)
            .field("settings", &names(&self.settings))
            .field("keys", &self.keys)
            .finish()
    }
}

impl Section {
    /// The value of a setting, whose name may be in any case.
    pub fn get(&self, key: &str) -> Option<&str> {
        setting(&self.settings, key)
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("name", &self.name)
            .field("settings", &names(&self.settings))
            .finish()
    }
}

const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// White space between words. AWS counts no other.
const BLANK: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

const DEFAULT: &str = "default";
const PROFILE: &str = "profile";
const SSO_SESSION: &str = "sso-session";
const SERVICES: &str = "services";

const ACCESS_KEY_ID: &str = "aws_access_key_id";
const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
const SESSION_TOKEN: &str = "aws_session_token";
const ACCOUNT_ID: &str = "aws_account_id";

/// The last is an old name of the session token. The SDK for Rust takes no notice of it, but what
/// it holds is a secret all the same.
const SECRETS: [&str; 3] = [SECRET_ACCESS_KEY, SESSION_TOKEN, "aws_security_token"];

const SSO_SETTINGS: [&str; 5] =
    ["sso_account_id", "sso_region", "sso_role_name", "sso_start_url", "sso_session"];

/// The two files have different rules for headings.
#[derive(Clone, Copy)]
enum Source {
    Config,
    Credentials,
}

/// Section name to setting name to value, secrets included.
type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// The files before the secrets are taken out.
#[derive(Default)]
struct Merged {
    profiles: Sections,
    sso_sessions: Sections,
    services: Sections,
}

/// A setting that indented lines may still add to.
struct Property {
    key: String,
    value: String,
    /// Nothing stood after the `=`, so what is indented below must be settings too.
    nested: bool,
}

/// What the line before belongs to.
enum Place {
    Nowhere,
    Section,
    Property(Property),
}

fn read(path: &Path) -> Result<String, String> {
    match read_at_most(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| format!("{}: {error}", path.display())),
    }
}

impl Merged {
    fn add(&mut self, text: &str, source: Source) {
        // `normalise` writes nothing that is malformed; the tests hold it to that.
        let Ok(ini) = Ini::load_from_str(&normalise(text, source)) else {
            return;
        };
        let default_replaced = ini.section(Some("profile default")).is_some();
        for (heading, properties) in &ini {
            let Some(heading) = heading else { continue };
            let (word, name) = heading.split_once(' ').unwrap_or((heading, ""));
            let (sections, name) = match word {
                DEFAULT if default_replaced => continue,
                DEFAULT => (&mut self.profiles, DEFAULT),
                PROFILE => (&mut self.profiles, name),
                SSO_SESSION => (&mut self.sso_sessions, name),
                SERVICES => (&mut self.services, name),
                _ => continue,
            };
            let settings = properties.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
            sections.entry(name.to_owned()).or_default().extend(settings);
        }
    }

    fn into_profiles(self) -> Profiles {
        Profiles {
            profiles: named(self.profiles, profile),
            sso_sessions: named(self.sso_sessions, section),
            services: named(self.services, |_, blocks| {
                named(blocks, |id, block| section(id, sub_properties(&block)))
            }),
        }
    }
}

/// Rewrites a file in AWS's dialect as one that rust-ini reads as AWS would.
///
/// The two dialects differ in nearly everything: indented lines, where comments may start, colons,
/// quotes, backslashes, which white space is trimmed. So each value is written in quotes on a line
/// of its own, with rust-ini's escapes, which it undoes exactly. Turning its quotes and escapes off
/// instead would not do: a backslash at the end of a line would still swallow the next line.
fn normalise(text: &str, source: Source) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut place = Place::Nowhere;
    for line in text.lines() {
        if line.trim_matches(BLANK).is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        if line.starts_with(BLANK) {
            if let Place::Property(above) = &mut place {
                above.add(line);
            }
            continue;
        }
        place.finish(&mut out);
        place = if line.starts_with('[') {
            match heading(line, source) {
                Some(heading) => {
                    out.extend(["[", &heading, "]\n"]);
                    Place::Section
                }
                None => Place::Nowhere,
            }
        } else {
            match place {
                Place::Nowhere => Place::Nowhere,
                // Lines indented below a malformed one must not join the setting above it.
                _ => property(line).map_or(Place::Section, Place::Property),
            }
        };
    }
    place.finish(&mut out);
    out
}

impl Place {
    fn finish(&self, out: &mut String) {
        if let Self::Property(property) = self
            && is_identifier(&property.key)
        {
            // A colon would end the name; the other characters of a name are safe.
            out.push_str(&property.key.replace(':', "\\:"));
            out.push_str("=\"");
            for ch in property.value.chars() {
                match ch {
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\\' | '"' => out.extend(['\\', ch]),
                    _ => out.push(ch),
                }
            }
            out.push_str("\"\n");
        }
    }
}

impl Property {
    fn add(&mut self, line: &str) {
        let lower = line.to_ascii_lowercase();
        let malformed = self.nested && property(line).is_none();
        if malformed || SECRETS.into_iter().any(|secret| lower.contains(secret)) {
            return;
        }
        self.value.push('\n');
        // A comment stays: below its first line, AWS takes a value as it stands.
        self.value.push_str(line.trim_matches(BLANK));
    }
}

/// The heading in the form that [`Merged::add`] reads, if it is a heading of that file.
fn heading(line: &str, source: Source) -> Option<String> {
    let line = line.split(COMMENT).next()?.trim_matches(BLANK);
    let inside = line.strip_prefix('[')?.strip_suffix(']')?;
    let inside = inside.trim_matches(BLANK);
    let (word, name) = match inside.split_once(BLANK) {
        Some((word, name)) => (Some(word.trim()), name.trim()),
        None => (None, inside.trim()),
    };
    match (source, word) {
        (Source::Config, None) if name == DEFAULT => Some(DEFAULT.to_owned()),
        (Source::Config, Some(word @ (PROFILE | SSO_SESSION | SERVICES)))
            if is_identifier(name) =>
        {
            Some(format!("{word} {name}"))
        }
        (Source::Credentials, None) if is_identifier(name) => Some(format!("{PROFILE} {name}")),
        _ => None,
    }
}

fn property(line: &str) -> Option<Property> {
    let (key, value) = without_comment(line.trim_matches(BLANK)).split_once('=')?;
    let key = key.trim_matches(BLANK).to_ascii_lowercase();
    let value = value.trim_matches(BLANK).to_owned();
    let nested = value.is_empty();
    (!key.is_empty()).then_some(Property { key, value, nested })
}

/// In a setting, unlike a heading, only white space before it makes a `#` or `;` a comment.
fn without_comment(line: &str) -> &str {
    let mut before = None;
    for (at, ch) in line.char_indices() {
        if COMMENT.contains(&ch) && before.is_some_and(char::is_whitespace) {
            return line.get(..at).unwrap_or(line);
        }
        before = Some(ch);
    }
    line
}

/// AWS allows the empty name too.
fn is_identifier(name: &str) -> bool {
    name.chars().all(|ch| ch.is_ascii_alphanumeric() || "_-/.%@:+".contains(ch))
}

fn named<V, T>(
    sections: BTreeMap<String, V>,
    make: impl Fn(String, V) -> T,
) -> BTreeMap<String, T> {
    sections.into_iter().map(|(name, settings)| (name.clone(), make(name, settings))).collect()
}

fn profile(name: String, mut settings: BTreeMap<String, String>) -> Profile {
    let keys = keys(&settings);
    settings.retain(|key, _| !is_secret(key));
    Profile { name, settings, keys }
}

fn keys(settings: &BTreeMap<String, String>) -> Option<Keys> {
    let get = |key| settings.get(key).cloned();
    Some(Keys {
        access_key_id: get(ACCESS_KEY_ID)?,
        secret_access_key: get(SECRET_ACCESS_KEY)?.into(),
        session_token: get(SESSION_TOKEN).map(SecretString::from),
        account_id: get(ACCOUNT_ID),
    })
}

fn section(name: String, mut settings: BTreeMap<String, String>) -> Section {
    settings.retain(|key, _| !is_secret(key));
    Section { name, settings }
}

fn is_secret(key: &str) -> bool {
    SECRETS.into_iter().any(|secret| secret.eq_ignore_ascii_case(key))
}

fn sub_properties(block: &str) -> BTreeMap<String, String> {
    block
        .split('\n')
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim_matches(BLANK), value.trim_matches(BLANK)))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn setting<'a>(settings: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    settings.get(&key.to_ascii_lowercase()).map(String::as_str)
}

fn names(settings: &BTreeMap<String, String>) -> Vec<&String> {
    settings.keys().collect()
}

#[cfg(test)]
mod tests;
