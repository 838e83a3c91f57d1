//! `policy.yaml` -> [`Policy`]. Strict: what is misspelt, written twice or of the wrong kind is an
//! error with its line and what to do, because a rule that is silently dropped protects nobody.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use super::rule::{Flaw, Glob, Rule, is_plain};
use super::yaml::{self, Fault, present};
use crate::error::{Result, echo};

/// A policy: what may run, what a person is asked about, what is denied.
#[derive(Clone, Debug)]
pub struct Policy {
    pub mode: Mode,
    /// Names of services; absent allows all.
    pub allowlist: Option<Vec<String>>,
    pub denylist: Vec<String>,
    pub deny: Vec<Rule>,
    pub confirm: Vec<Rule>,
    pub allow: Vec<Rule>,
    /// In the file's order.
    pub accounts: Vec<Account>,
    /// Profiles that are used without asking; absent asks about none.
    pub profiles: Option<Vec<Glob>>,
    /// Roles that are used without asking; absent means those of the caller's own account.
    pub roles: Option<Vec<Glob>>,
    /// Operations whose secrets may be shown; absent says nothing.
    pub reveal: Option<Vec<Rule>>,
    pub approval: Approval,
    pub audit: Audit,
    digest: String,
}

/// How a person is asked. What is absent is left to the other policies that bind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// How long a call waits for the answer.
    pub wait: Option<Duration>,
    /// Which ways may be used; absent allows all.
    pub ways: Option<Vec<Way>>,
    /// How long a question and the yes to it live.
    pub lives: Option<Duration>,
    /// The same of what cannot be undone, gives access or is not known.
    pub destructive_lives: Option<Duration>,
}

/// A way to a person, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A window of this machine's desktop.
    Dialog,
    /// A form that the MCP client shows.
    Form,
    /// `aws-mcp approve`.
    Terminal,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Dialog, Self::Form, Self::Terminal];

    pub fn word(self) -> &'static str {
        match self {
            Self::Dialog => "dialog",
            Self::Form => "form",
            Self::Terminal => "terminal",
        }
    }
}

/// How what was asked and done is kept on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Days that records are kept.
    pub keep_days: Option<u32>,
    pub on_error: Option<OnError>,
    /// Where a copy goes in the background.
    pub log_group: Option<String>,
}

/// What happens to calls while nothing can be written to the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Reads go on with a warning.
    #[default]
    Warn,
    /// Nothing runs.
    Deny,
}

/// What happens to effects without a rule of their own, from loose to strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Full,
    #[default]
    Confirm,
    ReadOnly,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Confirm => "confirm",
            Self::ReadOnly => "read_only",
        }
    }
}

/// What binds one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// A 12-digit id, or a name. `*` names none.
    pub name: String,
    pub mode: Option<Mode>,
    pub regions: Option<Vec<String>>,
}

impl Account {
    /// Whether the entry is for the account of this id or name, in any letter case: names come from
    /// environment variables too, which shout.
    pub fn is_for(&self, name: &str) -> bool {
        self.name != "*" && self.name.eq_ignore_ascii_case(name)
    }
}

const MOST_ENTRIES: usize = 500;

impl Policy {
    /// Reads a policy's text; the path is for the error. An empty text is the default policy.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let file = yaml::read(text, path)?;
        Self::from_file(file, digest_of(text)).map_err(|fault| fault.of(path))
    }

    /// Sixteen hexadecimal digits of the SHA-256 of the text: to be shown and compared by eye.
    pub fn digest(&self) -> String {
        self.digest.chars().take(16).collect()
    }

    /// Whether two policies were read from the same text.
    pub fn is_same_text(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    fn from_file(file: File, digest: String) -> Result<Self, Fault> {
        if let Some(version) = file.version.filter(|version| version.value != 1) {
            return Err(Fault::at(
                &version,
                format!("version is {}", version.value),
                "Write version: 1, or use the release of aws-mcp that the file was written for.",
            ));
        }
        let services = file.services.unwrap_or_default();
        let rules = file.rules.unwrap_or_default();
        let names = |list: Vec<Spanned<String>>, place| each(list, place, name);
        Ok(Self {
            mode: file.mode.unwrap_or_default(),
            allowlist: services
                .allowlist
                .map(|list| names(list, "services.allowlist"))
                .transpose()?,
            denylist: names(services.denylist, "services.denylist")?,
            deny: each(rules.deny, "rules.deny", Rule::parse)?,
            confirm: each(rules.confirm, "rules.confirm", Rule::parse)?,
            allow: each(rules.allow, "rules.allow", Rule::parse)?,
            accounts: accounts(file.accounts)?,
            profiles: globs(file.profiles, "profiles.allow")?,
            roles: globs(file.roles, "roles.allow")?,
            reveal: file.reveal.map(|list| each(list, "reveal", Rule::parse)).transpose()?,
            approval: approval(file.approval.unwrap_or_default())?,
            audit: audit(file.audit.unwrap_or_default())?,
            digest,
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            allowlist: None,
            denylist: Vec::new(),
            deny: Vec::new(),
            confirm: Vec::new(),
            allow: Vec::new(),
            accounts: Vec::new(),
            profiles: None,
            roles: None,
            reveal: None,
            approval: Approval::default(),
            audit: Audit::default(),
            digest: digest_of(""),
        }
    }
}

/// `policy.yaml`, word for word.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    version: Option<Spanned<u64>>,
    #[serde(deserialize_with = "present")]
    mode: Option<Mode>,
    services: Option<Services>,
    rules: Option<Rules>,
    accounts: Accounts,
    #[serde(deserialize_with = "present")]
    profiles: Option<Allow>,
    #[serde(deserialize_with = "present")]
    roles: Option<Allow>,
    #[serde(deserialize_with = "present")]
    reveal: Option<Vec<Spanned<String>>>,
    approval: Option<ApprovalEntry>,
    audit: Option<AuditEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ApprovalEntry {
    wait_seconds: Option<Spanned<u64>>,
    #[serde(deserialize_with = "present")]
    ways: Option<Vec<Way>>,
    dialog: Option<bool>,
    ttl_seconds: Option<Spanned<u64>>,
    destructive_ttl_seconds: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AuditEntry {
    keep_days: Option<Spanned<u64>>,
    #[serde(deserialize_with = "present")]
    on_error: Option<OnError>,
    cloudwatch_log_group: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Services {
    #[serde(deserialize_with = "present")]
    allowlist: Option<Vec<Spanned<String>>>,
    denylist: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rules {
    deny: Vec<Spanned<String>>,
    confirm: Vec<Spanned<String>>,
    allow: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    allow: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AccountEntry {
    #[serde(deserialize_with = "present")]
    mode: Option<Mode>,
    #[serde(deserialize_with = "present")]
    regions: Option<Vec<Spanned<String>>>,
}

/// The accounts with the place of each name.
#[derive(Debug, Default)]
struct Accounts(Vec<(Spanned<String>, AccountEntry)>);

impl<'de> Deserialize<'de> for Accounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Accounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("accounts by name or id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Accounts, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Accounts(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn each<T>(
    list: Vec<Spanned<String>>,
    place: &str,
    parse: impl Fn(&str) -> Result<T, Flaw>,
) -> Result<Vec<T>, Fault> {
    if let Some(first_too_many) = list.get(MOST_ENTRIES) {
        return Err(Fault::at(
            first_too_many,
            format!("{place} has more than {MOST_ENTRIES} entries"),
            "Join entries: a|b is both.",
        ));
    }
    let parse = |(index, entry): (usize, &Spanned<String>)| {
        parse(&entry.value).map_err(|flaw| {
            let what = format!("{place}[{index}] {} {}", echo(&entry.value), flaw.what);
            Fault::at(entry, what, flaw.remedy)
        })
    };
    list.iter().enumerate().map(parse).collect()
}

fn name(text: &str) -> Result<String, Flaw> {
    is_plain(text)?;
    Ok(text.to_owned())
}

fn globs(allow: Option<Allow>, place: &str) -> Result<Option<Vec<Glob>>, Fault> {
    allow.map(|allow| each(allow.allow, place, Glob::parse)).transpose()
}

fn accounts(entries: Accounts) -> Result<Vec<Account>, Fault> {
    let mut seen = BTreeSet::new();
    let mut accounts = Vec::new();
    for (key, entry) in entries.0 {
        let said = format!("accounts: {}", echo(&key.value));
        is_plain(&key.value)
            .map_err(|flaw| Fault::at(&key, format!("{said} {}", flaw.what), flaw.remedy))?;
        if accounts.len() == MOST_ENTRIES {
            return Err(Fault::at(
                &key,
                format!("accounts has more than {MOST_ENTRIES} entries"),
                "Take out those that have the policy's own mode and every region.",
            ));
        }
        if !seen.insert(key.value.to_ascii_lowercase()) {
            return Err(Fault::at(
                &key,
                format!("{said} is there already, in other letters"),
                "Keep one of the two.",
            ));
        }
        let place = format!("accounts.{}.regions", key.value);
        let regions = entry.regions.map(|list| each(list, &place, region)).transpose()?;
        accounts.push(Account { name: key.value, mode: entry.mode, regions });
    }
    Ok(accounts)
}

fn approval(entry: ApprovalEntry) -> Result<Approval, Fault> {
    let lives = |seconds, key| within(seconds, &format!("approval.{key}"), 10..=86_400);
    let ways = match (entry.ways, entry.dialog) {
        (ways, None | Some(true)) => ways,
        (ways, Some(false)) => {
            let mut ways = ways.unwrap_or_else(|| Way::ALL.to_vec());
            ways.retain(|way| *way != Way::Dialog);
            Some(ways)
        }
    };
    Ok(Approval {
        // A call ends within 50 s, and what was approved needs some of them.
        wait: within(entry.wait_seconds, "approval.wait_seconds", 0..=40)?.map(Duration::from_secs),
        ways,
        lives: lives(entry.ttl_seconds, "ttl_seconds")?.map(Duration::from_secs),
        destructive_lives: lives(entry.destructive_ttl_seconds, "destructive_ttl_seconds")?
            .map(Duration::from_secs),
    })
}

fn audit(entry: AuditEntry) -> Result<Audit, Fault> {
    let days = within(entry.keep_days, "audit.keep_days", 1..=3_650)?;
    let log_group = entry.cloudwatch_log_group.map(|name| {
        let good = (1..=512).contains(&name.value.len())
            && name.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/#".contains(&b));
        if good {
            return Ok(name.value);
        }
        let what = format!(
            "audit.cloudwatch_log_group {} is not the name of a log group",
            echo(&name.value)
        );
        Err(Fault::at(&name, what, "Write the name, such as /aws-mcp/audit; not its ARN."))
    });
    Ok(Audit {
        keep_days: days.and_then(|days| u32::try_from(days).ok()),
        on_error: entry.on_error,
        log_group: log_group.transpose()?,
    })
}

fn within(
    number: Option<Spanned<u64>>,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, Fault> {
    match number {
        None => Ok(None),
        Some(number) if range.contains(&number.value) => Ok(Some(number.value)),
        Some(number) => Err(Fault::at(
            &number,
            format!("{key} is {}; {} to {} are allowed", number.value, range.start(), range.end()),
            "Write a number within the range, or leave the key out.",
        )),
    }
}

/// The form only: which regions there are changes more often than this program.
fn region(text: &str) -> Result<String, Flaw> {
    let parts: Vec<&str> = text.split('-').collect();
    let good = match parts.as_slice() {
        [words @ .., number] => {
            words.len() >= 2
                && words.iter().all(|word| {
                    (1..=12).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())
                })
                && (1..=2).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        [] => false,
    };
    if good {
        Ok(text.to_owned())
    } else {
        Err(Flaw {
            what: "is not the name of an AWS region".to_owned(),
            remedy: "Write a region such as eu-west-1; there are no patterns here.",
        })
    }
}

fn digest_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
