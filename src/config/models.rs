//! Where newer models of AWS's services are kept, and where `aws-mcp models sync` has them from.

use std::fmt;
use std::path::PathBuf;

use super::{Address, Environment};
use crate::error::{Error, Kind, Result, echo};

const REPOSITORY: &str = "https://github.com/aws/api-models-aws";
/// The newest of the default branch, whatever its name is.
const NEWEST: &str = "HEAD";
/// Stands for the reference in an address of a tarball.
const HERE: &str = "{ref}";
const AUTO_SYNC: &str = "SMITHY_AUTO_SYNC";

/// `SMITHY_*`, and the usual places where they are not set.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Where models are kept; none without a home directory.
    pub folder: Option<PathBuf>,
    pub source: Source,
    /// What is had where no pin says otherwise; absent = the newest.
    pub reference: Option<Reference>,
    pub auto_sync: AutoSync,
}

/// Whether the server itself looks for newer models (`SMITHY_AUTO_SYNC`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoSync {
    #[default]
    Off,
    /// Once a day at most, in the background.
    Daily,
}

/// Where tarballs of models are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A repository as GitHub has them: `/archive/REF.tar.gz` is below it.
    Repository(String),
    /// A tarball, with `{ref}` where the reference belongs.
    Tarballs(String),
    /// One tarball, whatever is in it.
    Tarball(String),
}

/// A commit, tag or branch, by a name that can stand in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Reads a name of letters, digits and `. _ - /`; nothing else, and no way out of its place.
    pub fn parse(name: &str) -> Result<Self> {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        let is_part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']);
        let good = name.len() <= 200
            && name.bytes().all(letters)
            && name.split('/').all(is_part)
            && !name.contains("..");
        if !good {
            return Err(Error::new(
                Kind::ConfigError,
                format!("{} is no name of a commit, a tag or a branch.", echo(name)),
                "Give a commit's 40 digits, or a name of letters, digits, dots, dashes and slashes.",
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// Whether it is a whole commit id, which nobody can move.
    pub fn is_commit(&self) -> bool {
        self.0.len() == 40 && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Source {
    /// Reads `SMITHY_SYNC_URL`.
    pub fn parse(url: &str) -> Result<Self> {
        let broken = |why: &str| {
            Error::new(
                Kind::ConfigError,
                format!("SMITHY_SYNC_URL {why}."),
                "Set it to a repository (https://host/owner/name) or to a tarball (.tar.gz, {ref} stands for \
                 the reference), or unset it.",
            )
        };
        Address::parse(&url.replace(HERE, NEWEST)).map_err(|why| broken(&why))?;
        if url.contains('?') {
            // It would be kept beside the models, and it is where tokens stand.
            return Err(broken("has a query in it"));
        }
        let is_tarball = [".tar.gz", ".tgz"].iter().any(|end| url.ends_with(end));
        Ok(if url.contains(HERE) {
            Self::Tarballs(url.to_owned())
        } else if is_tarball || url.contains("/tar.gz/") {
            Self::Tarball(url.to_owned())
        } else {
            let url = url.trim_end_matches('/');
            Self::Repository(url.strip_suffix(".git").unwrap_or(url).to_owned())
        })
    }

    /// The address of the tarball of a reference, or of the newest.
    pub fn address(&self, reference: Option<&Reference>) -> Result<Address> {
        let name = reference.map_or(NEWEST, Reference::as_str);
        let url = match (self, reference) {
            (Self::Repository(url), _) => format!("{url}/archive/{name}.tar.gz"),
            (Self::Tarballs(url), _) => url.replace(HERE, name),
            (Self::Tarball(url), Some(reference)) if !reference.is_commit() => {
                return Err(Error::new(
                    Kind::ConfigError,
                    format!("{reference} cannot be had from {url}, which is one tarball."),
                    "Put {ref} into SMITHY_SYNC_URL where the reference belongs, or name no reference, or a \
                     whole commit, which the tarball itself says.",
                ));
            }
            (Self::Tarball(url), Some(_) | None) => url.clone(),
        };
        Address::parse(&url).map_err(|why| {
            Error::new(Kind::ConfigError, format!("{url} {why}."), "Check SMITHY_SYNC_URL.")
        })
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Repository(REPOSITORY.to_owned())
    }
}

impl ModelSettings {
    /// Reads the settings; `note` hears of those that mean nothing.
    pub fn from_environment(env: &Environment, note: &mut dyn FnMut(Error)) -> Self {
        let mut good = |read: Result<Option<Reference>>| {
            read.unwrap_or_else(|error| {
                note(error);
                None
            })
        };
        let newest = |name: &&str| !["latest", NEWEST].contains(name);
        let asked = good(env.get("SMITHY_SYNC_REF").map(Reference::parse).transpose());
        let default = env.get("SMITHY_DEFAULT_MODEL_VERSION").filter(newest);
        let default = good(default.map(Reference::parse).transpose());
        let source = env.get("SMITHY_SYNC_URL").map(Source::parse).transpose();
        let auto_sync = match (env.is_on(AUTO_SYNC), env.is_not_off(AUTO_SYNC)) {
            (true, _) => Some(AutoSync::Daily),
            (false, false) => Some(AutoSync::Off),
            (false, true) => None,
        };
        if auto_sync.is_none() {
            let said = echo(env.get(AUTO_SYNC).unwrap_or_default());
            let message = format!("{AUTO_SYNC} is {said}, which is neither yes nor no.");
            note(Error::new(Kind::ConfigError, message, "Set it to true or false, or unset it."));
        }
        Self {
            folder: env.models_dir(),
            source: source
                .unwrap_or_else(|error| {
                    note(error);
                    None
                })
                .unwrap_or_default(),
            reference: asked.or(default),
            auto_sync: auto_sync.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn settings(env: &[(&str, &str)]) -> (ModelSettings, Vec<String>) {
        let mut said = Vec::new();
        let env = Environment::from_pairs(env.iter().copied());
        let read = ModelSettings::from_environment(&env, &mut |error| said.push(error.to_string()));
        (read, said)
    }

    fn address(env: &[(&str, &str)], pin: Option<&str>) -> String {
        let (settings, said) = settings(env);
        assert!(said.is_empty(), "{said:?}");
        let pin = pin.map(|pin| Reference::parse(pin).unwrap());
        let reference = pin.or(settings.reference);
        let address = settings.source.address(reference.as_ref());
        address.map_or_else(|error| error.to_string(), |address| address.to_string())
    }

    #[test]
    fn where_a_tarball_is() {
        let url = |url| [("SMITHY_SYNC_URL", url)];
        let main = "https://github.com/aws/api-models-aws/archive";
        assert_eq!(address(&[], None), format!("{main}/HEAD.tar.gz"));
        assert_eq!(address(&[], Some(COMMIT)), format!("{main}/{COMMIT}.tar.gz"));
        assert_eq!(address(&[("SMITHY_SYNC_REF", "v1.2")], None), format!("{main}/v1.2.tar.gz"));
        for (base, expected) in [
            ("https://m.example/o/r/", "https://m.example/o/r/archive/HEAD.tar.gz"),
            ("https://m.example/o/r.git", "https://m.example/o/r/archive/HEAD.tar.gz"),
            ("https://m.example/x.tar.gz", "https://m.example/x.tar.gz"),
            ("https://m.example/o/tar.gz/main", "https://m.example/o/tar.gz/main"),
            ("https://m.example/x-{ref}.tgz", "https://m.example/x-HEAD.tgz"),
            ("http://127.0.0.1:9/r", "http://127.0.0.1:9/r/archive/HEAD.tar.gz"),
        ] {
            assert_eq!(address(&url(base), None), expected);
        }
        assert!(address(&url("https://m.example/x.tar.gz"), Some("v1")).contains("one tarball"));
        assert!(address(&url("https://m.example/x.tar.gz"), Some(COMMIT)).ends_with("x.tar.gz"));
    }

    #[test]
    fn the_default_version_counts_where_no_reference_is_named() {
        let reference = |env: &[(&str, &str)]| settings(env).0.reference.map(|r| r.to_string());
        let default = ("SMITHY_DEFAULT_MODEL_VERSION", "v1");
        assert_eq!(reference(&[default]).as_deref(), Some("v1"));
        assert_eq!(reference(&[default, ("SMITHY_SYNC_REF", "v2")]).as_deref(), Some("v2"));
        assert_eq!(reference(&[("SMITHY_DEFAULT_MODEL_VERSION", "latest")]), None);
        assert_eq!(reference(&[]), None);
    }

    #[test]
    fn what_cannot_be_meant_is_a_problem() {
        for (name, value) in [
            ("SMITHY_SYNC_URL", "http://m.example/o/r"),
            ("SMITHY_SYNC_URL", "https://user:secret@m.example/o/r"),
            ("SMITHY_SYNC_URL", "https://m.example/x.tar.gz?token=secret"),
            ("SMITHY_SYNC_URL", "/a/folder"),
            ("SMITHY_SYNC_REF", "../../other/repo/archive/main"),
            ("SMITHY_SYNC_REF", "a?b"),
            ("SMITHY_SYNC_REF", "-x"),
            ("SMITHY_SYNC_REF", "a//b"),
            ("SMITHY_DEFAULT_MODEL_VERSION", "a b"),
        ] {
            let (read, said) = settings(&[(name, value)]);
            assert_eq!(said.len(), 1, "{name} {value}");
            assert!(!said[0].contains("secret"), "{said:?}");
            assert_eq!((read.source, read.reference), (Source::default(), None));
        }
    }

    #[test]
    fn models_lie_in_the_data_folder_unless_a_variable_says_where() {
        let folder = |env: &[(&str, &str)]| settings(env).0.folder.unwrap();
        let home = ("HOME", "/home/a");
        assert!(folder(&[home]).ends_with("a/.local/share/aws-mcp/models"));
        assert!(folder(&[home, ("XDG_DATA_HOME", "/data")]).ends_with("data/aws-mcp/models"));
        assert!(folder(&[home, ("SMITHY_MODEL_PATH", "~/m")]).ends_with("home/a/m"));
        assert!(settings(&[]).0.folder.is_none());
    }

    #[test]
    fn auto_sync_is_yes_or_no_or_a_problem() {
        let auto_sync = |value| settings(&[("SMITHY_AUTO_SYNC", value)]);
        assert_eq!(auto_sync("true").0.auto_sync, AutoSync::Daily);
        for no in ["false", "OFF", "0", ""] {
            assert_eq!((auto_sync(no).0.auto_sync, auto_sync(no).1.len()), (AutoSync::Off, 0));
        }
        let (read, said) = auto_sync("perhaps");
        assert_eq!(read.auto_sync, AutoSync::Off);
        assert!(said[0].contains("SMITHY_AUTO_SYNC") && said[0].contains("perhaps"), "{said:?}");
    }
}
