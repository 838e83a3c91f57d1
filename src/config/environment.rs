//! The only reader of environment variables: one snapshot, taken at start.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment as the user meant it. A value that is empty, or that a host forgot to fill in
/// (`${user_config.profile}`), counts as unset.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// This machine, and the metadata of instances and containers.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1,169.254.169.254,169.254.170.2,\
    169.254.170.23,fd00:ec2::254,fd00:ec2::23";

impl Environment {
    /// The process's own environment.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub fn of_process() -> Self {
        // Names and values that are not Unicode cannot be an AWS setting.
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// A snapshot from pairs; later ones win.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect())
    }

    /// Adds what a .env file says, under what is set already: `NAME=value` per line, an optional
    /// `export`, `#` comments, single or double quotes around the value. Nothing is expanded.
    pub fn under_env_file(mut self, text: &str) -> Result<Self, String> {
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                // The line itself may hold a secret, so only its number is told.
                return Err(format!("line {} is not NAME=value", number + 1));
            };
            let (name, value) = (name.trim(), unquoted(value.trim()));
            if self.get(name).is_none() {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(self)
    }

    /// Makes the process's own `AWS_*` and proxy variables what they count as here, for the SDK, which
    /// reads them by itself: an empty one crashes it, an .env file is unknown to it, and a proxy
    /// must not see what is meant for this machine. To be called before any thread is started.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    #[expect(unsafe_code, reason = "no other thread is there yet")]
    pub fn export(&self) {
        let ignored = self.is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        let concerns =
            |name: &str| name.starts_with("AWS_") || name.to_ascii_uppercase().ends_with("_PROXY");
        let wanted = |name: &str| {
            self.get(name)
                // What the system cannot hold was never set.
                .filter(|value| !value.contains('\0') && !name.contains(['\0', '=']))
                .filter(|_| !(ignored && name.starts_with("AWS_ENDPOINT_URL")))
        };
        for (name, _) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| concerns(name)) else { continue };
            if wanted(name).is_none() {
                // SAFETY: called before any thread is started, so that nobody reads meanwhile.
                unsafe { std::env::remove_var(name) };
            }
        }
        for name in self.0.keys().filter(|name| concerns(name)) {
            if let Some(value) = wanted(name) {
                // SAFETY: as above.
                unsafe { std::env::set_var(name, value) };
            }
        }
        let direct = match wanted("NO_PROXY").or_else(|| wanted("no_proxy")) {
            Some(named) => format!("{named},{NEVER_PROXIED}"),
            None => NEVER_PROXIED.to_owned(),
        };
        // SAFETY: as above.
        unsafe { std::env::set_var("NO_PROXY", &direct) };
        // SAFETY: as above.
        unsafe { std::env::set_var("no_proxy", direct) };
    }

    /// A variable's value, or nothing where it is unset, empty or a placeholder.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty() && !value.contains("${user_config")).then_some(value)
    }

    /// The names of all variables, of empty ones too.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }

    /// Whether a variable says yes: `1`, `true`, `yes`, `on`, in any letter case.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            ["1", "true", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        })
    }

    /// Whether a variable was set and does not say no: for what must not be lost to a misspelling.
    pub fn is_not_off(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            !["0", "false", "no", "off"].iter().any(|no| value.eq_ignore_ascii_case(no))
        })
    }

    /// The set variables whose names begin with `prefix`, without it.
    pub fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.0.keys().filter_map(move |name| Some((name.strip_prefix(prefix)?, self.get(name)?)))
    }

    /// The name of the operating system's user, as the environment says it.
    pub fn user(&self) -> &str {
        let names = ["USER", "LOGNAME", "USERNAME"];
        names.iter().find_map(|name| self.get(name)).unwrap_or("unknown")
    }

    /// The user's home directory.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }

    /// A path as users write it: `~/` stands for the home directory.
    pub fn path(&self, written: &str) -> PathBuf {
        match (written.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(written),
        }
    }

    /// Where this program's configuration lies: `$XDG_CONFIG_HOME/aws-mcp`, else
    /// `~/.config/aws-mcp`; on Windows `%APPDATA%\aws-mcp`.
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.own_folder("APPDATA", "XDG_CONFIG_HOME", ".config")
    }

    /// Where this program keeps what it notes: `$AWS_MCP_STATE_DIR`, else `$XDG_STATE_HOME/aws-mcp`,
    /// else `~/.local/state/aws-mcp`; on Windows `%LOCALAPPDATA%\aws-mcp`.
    pub fn state_dir(&self) -> Option<PathBuf> {
        if let Some(named) = self.get("AWS_MCP_STATE_DIR") {
            return Some(self.path(named));
        }
        self.own_folder("LOCALAPPDATA", "XDG_STATE_HOME", ".local/state")
    }

    /// Where newer models are kept: `$SMITHY_MODEL_PATH`, else `$XDG_DATA_HOME/aws-mcp/models`, else
    /// `~/.local/share/aws-mcp/models`; on Windows `%LOCALAPPDATA%\aws-mcp\models`.
    pub fn models_dir(&self) -> Option<PathBuf> {
        if let Some(named) = self.get("SMITHY_MODEL_PATH") {
            return Some(self.path(named));
        }
        Some(self.own_folder("LOCALAPPDATA", "XDG_DATA_HOME", ".local/share")?.join("models"))
    }

    /// This program's folder below what a variable names on Windows, what one names elsewhere, or a
    /// folder of the home directory.
    fn own_folder(&self, windows: &str, xdg: &str, below_home: &str) -> Option<PathBuf> {
        let base = match self.get(windows).filter(|_| cfg!(windows)) {
            Some(named) => PathBuf::from(named),
            None => self
                .get(xdg)
                .map(PathBuf::from)
                // The base directory specification has relative paths ignored.
                .filter(|path| path.is_absolute())
                .or_else(|| Some(self.home()?.join(below_home)))?,
        };
        Some(base.join("aws-mcp"))
    }
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<&str>) {
        assert_eq!(Environment::from_pairs([("X", value)]).get("X"), expected, "{value:?}");
    }

    #[test]
    fn placeholders_and_blanks_count_as_unset() {
        check("dev", Some("dev"));
        check(" dev ", Some("dev"));
        check("", None);
        check("   ", None);
        check("${user_config.profile}", None);
    }

    #[test]
    fn an_env_file_stands_under_the_environment() {
        let env = Environment::from_pairs([("A", "process"), ("B", "")])
            .under_env_file("\u{feff}# c\nA=file\nexport B='two words'\n C = \"x=y\" \r\n")
            .unwrap();
        assert_eq!(env.get("A"), Some("process"));
        assert_eq!(env.get("B"), Some("two words"));
        assert_eq!(env.get("C"), Some("x=y"));
    }

    #[test]
    fn a_bad_env_line_is_named_by_its_number_only() {
        let error = Environment::default().under_env_file("A=1\nsecret words").err().unwrap();
        assert_eq!(error, "line 2 is not NAME=value");
    }
}
