//! What the user wrote -> what it means. The only reader of environment variables and
//! configuration files. Precedence: flags, then environment, then config.toml.

mod address;
mod aws;
mod clock;
mod environment;
mod models;
mod permissions;
mod policy;
mod rule;
pub mod yaml;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use address::Address;
pub use aws::{AwsSettings, Endpoints, Keys, WebIdentity};
pub use clock::{Clock, rfc3339};
pub use environment::Environment;
pub use models::{AutoSync, ModelSettings, Reference};
pub use permissions::{Stamp, make_folder, read, read_at_most, stamp, write};
pub use policy::{Account, Approval, Mode, OnError, Policy, Way};
#[cfg(test)]
pub use rule::Glob;
pub use rule::{Over, Rule};

use crate::error::{Error, Kind, Result};

/// What the command line said; nothing is resolved yet.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub policy: Option<PathBuf>,
    pub env_file: Option<PathBuf>,
    pub toolsets: Option<Vec<String>>,
    pub tools: Option<Vec<String>>,
    pub exclude_tools: Option<Vec<String>>,
    pub access: Access,
}

/// What the server may do at all, fixed at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Only reads, whatever the policy says.
    ReadOnly,
    /// What the policy says.
    #[default]
    AsPolicySays,
}

/// Whether `AWS_MCP_AUTO_APPROVE_DESTRUCTIVE` answers for the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoApprove {
    #[default]
    Off,
    /// Writes and what destroys, where nothing but the mode asks.
    WriteAndDestructive,
}

/// Where policies lie.
#[derive(Clone, Debug)]
pub struct PolicyFiles {
    /// The person's own.
    pub user: Option<PolicyFile>,
    /// The administrator's, which is judged as well.
    pub administrator: PathBuf,
}

/// A policy's file.
#[derive(Clone, Debug)]
pub enum PolicyFile {
    /// By a flag or the environment: it has to be there.
    Named(PathBuf),
    /// In the configuration's folder: without it the default policy holds.
    Usual(PathBuf),
}

/// Which tools are offered. Absent = the default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub toolsets: Option<Vec<String>>,
    pub tools: Option<Vec<String>>,
    pub exclude: Vec<String>,
}

/// How much of the log is written: error, warn, info, debug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

impl LogLevel {
    fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "error" => Some(Self::Error),
            "warn" | "warning" => Some(Self::Warn),
            "info" => Some(Self::Info),
            "debug" => Some(Self::Debug),
            _ => None,
        }
    }
}

/// Everything that was configured, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    pub access: Access,
    pub auto_approve: AutoApprove,
    pub policy: PolicyFiles,
    pub selection: Selection,
    pub aws: AwsSettings,
    pub log: LogLevel,
    /// Hosts, or `host:port`, that endpoint overrides may name besides AWS's own and this machine.
    pub allowed_hosts: Vec<String>,
    /// The most characters of an answer's JSON text.
    pub max_characters: usize,
    /// Where the record of calls and the socket for approvals lie; none without a home directory.
    pub state_dir: Option<PathBuf>,
    pub models: ModelSettings,
    pub limits: Limits,
    pub clock: Clock,
}

/// A configuration, and what is wrong with it. A server with a broken configuration still
/// completes the handshake (a host shows nothing of a server that dies) and answers every call
/// with the problem; a sub-command exits with it.
pub struct Resolved {
    pub config: Config,
    pub problem: Option<Error>,
    /// With what `--env-file` added.
    pub environment: Environment,
}

/// `config.toml`, word for word. Unknown keys are refused: a misspelt one must not go unnoticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    toolsets: Option<Vec<String>>,
    tools: Option<Vec<String>>,
    exclude_tools: Option<Vec<String>>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    endpoints: AllowedEndpoints,
    #[serde(default)]
    output: Output,
    #[serde(default)]
    log: Log,
    #[serde(default)]
    limits: Limits,
}

/// How fast calls and requests may come; absent = the default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls of tools.
    pub calls: Option<Pace>,
    /// Requests to AWS, per account, region and service.
    pub requests: Option<Pace>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub burst: u32,
    pub per_second: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedEndpoints {
    #[serde(default)]
    allow: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    max_characters: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    level: Option<LogLevel>,
}

const DEFAULT_CHARACTERS: usize = 20_000;
const CHARACTERS: std::ops::RangeInclusive<usize> = 2_000..=256 * 1024;

/// Resolves flags, environment and config.toml. Never fails: see [`Resolved`].
pub fn resolve(flags: Flags, env: Environment, clock: Clock) -> Resolved {
    let mut problem = None;
    let mut note = |error: Error| {
        problem.get_or_insert(error);
    };
    let env = match &flags.env_file {
        None => env,
        Some(path) => match read_env_file(path, env.clone()) {
            Ok(env) => env,
            Err(error) => {
                note(error);
                env
            }
        },
    };
    let named = flags.config.clone().or_else(|| env.get("AWS_MCP_CONFIG").map(|p| env.path(p)));
    let file = read_file(named, &env).unwrap_or_else(|error| {
        note(error);
        File::default()
    });
    let log = match env.get("LOG_LEVEL") {
        None => file.log.level,
        Some(word) => LogLevel::parse(word).or_else(|| {
            note(broken(
                format!("LOG_LEVEL is {word:?}."),
                "Set LOG_LEVEL to error, warn, info or debug.",
            ));
            None
        }),
    };
    let max_characters = file.output.max_characters.unwrap_or(DEFAULT_CHARACTERS);
    if !CHARACTERS.contains(&max_characters) {
        note(broken(
            format!("output.max_characters is {max_characters}."),
            "Set output.max_characters in config.toml to 2000 up to 262144.",
        ));
    }
    let paces = [file.limits.calls, file.limits.requests];
    if paces.iter().flatten().any(|pace| pace.burst == 0 || pace.per_second == 0) {
        note(broken(
            "limits has a 0 in it.".to_owned(),
            "Set burst and per_second in config.toml to 1 or more.",
        ));
    }
    let models = ModelSettings::from_environment(&env, &mut note);
    // Reading only can be asked for anywhere, and nothing takes it back.
    let read_only = file.read_only || env.is_not_off("AWS_MCP_READ_ONLY");
    let auto_approve = env.is_on("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE");
    let config = Config {
        access: if read_only { Access::ReadOnly } else { flags.access },
        auto_approve: if auto_approve {
            AutoApprove::WriteAndDestructive
        } else {
            AutoApprove::Off
        },
        policy: policy_files(flags.policy, &env),
        selection: Selection {
            toolsets: flags
                .toolsets
                .or_else(|| env.get("AWS_MCP_TOOLSETS").map(words))
                .or(file.toolsets),
            tools: flags.tools.or(file.tools),
            exclude: flags.exclude_tools.or(file.exclude_tools).unwrap_or_default(),
        },
        aws: AwsSettings::from_environment(&env),
        log: log.unwrap_or_default(),
        allowed_hosts: file.endpoints.allow.iter().map(|host| host.to_ascii_lowercase()).collect(),
        max_characters: max_characters.clamp(*CHARACTERS.start(), *CHARACTERS.end()),
        state_dir: env.state_dir(),
        models,
        limits: file.limits,
        clock,
    };
    Resolved { config, problem, environment: env }
}

fn policy_files(flag: Option<PathBuf>, env: &Environment) -> PolicyFiles {
    let named = flag.or_else(|| env.get("AWS_MCP_POLICY").map(|written| env.path(written)));
    let usual = || Some(PolicyFile::Usual(env.config_dir()?.join("policy.yaml")));
    let everyone = match env.get("ProgramData").filter(|_| cfg!(windows)) {
        Some(program_data) => PathBuf::from(program_data).join("aws-mcp"),
        None => PathBuf::from("/etc/aws-mcp"),
    };
    PolicyFiles {
        user: named.map(PolicyFile::Named).or_else(usual),
        administrator: everyone.join("policy.yaml"),
    }
}

/// Words divided by commas or white space.
pub fn words(list: &str) -> Vec<String> {
    list.split([',', ' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Bytes of config.toml and of an .env file.
const MOST_FILE: u64 = 1024 * 1024;

fn read_env_file(path: &Path, env: Environment) -> Result<Environment> {
    let text = read_at_most(path, MOST_FILE)
        .map_err(|e| broken(format!("--env-file {}: {e}.", path.display()), NAME_A_FILE))?;
    env.under_env_file(&text).map_err(|e| {
        broken(format!("--env-file {}: {e}.", path.display()), "Write one NAME=value per line.")
    })
}

const NAME_A_FILE: &str = "Name a file that exists and can be read, or leave the option out.";

fn read_file(named: Option<PathBuf>, env: &Environment) -> Result<File> {
    let (path, optional) = match named {
        Some(path) => (path, None),
        None => match env.config_dir() {
            Some(dir) => (dir.join("config.toml"), Some(File::default())),
            None => return Ok(File::default()),
        },
    };
    let text = match (read_at_most(&path, MOST_FILE), optional) {
        (Ok(text), _) => text,
        (Err(e), Some(default)) if e.kind() == std::io::ErrorKind::NotFound => return Ok(default),
        (Err(e), _) => return Err(broken(format!("{}: {e}.", path.display()), NAME_A_FILE)),
    };
    toml::from_str(&text).map_err(|e| {
        let line = e.span().map_or(1, |span| {
            text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
        });
        broken(
            format!("{} line {line}: {}.", path.display(), e.message()),
            "Mend the file and start the server again.",
        )
    })
}

fn broken(message: String, next_step: &'static str) -> Error {
    Error::new(Kind::ConfigError, message, next_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(flags: Flags, env: &[(&str, &str)], file: &str) -> Resolved {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, file).unwrap();
        let env = Environment::from_pairs(env.iter().copied());
        resolve(Flags { config: Some(path), ..flags }, env, Clock::system())
    }

    #[test]
    fn flags_beat_environment_beats_file() {
        let file = "toolsets = ['core']\n";
        let from_file = resolved(Flags::default(), &[], file);
        assert_eq!(from_file.config.selection.toolsets, Some(vec!["core".to_owned()]));
        let env = [("AWS_MCP_TOOLSETS", "ec2, core")];
        let from_env = resolved(Flags::default(), &env, file);
        assert_eq!(from_env.config.selection.toolsets, Some(words("ec2 core")));
        let flags = Flags { toolsets: Some(words("ec2")), ..Flags::default() };
        assert_eq!(resolved(flags, &env, file).config.selection.toolsets, Some(words("ec2")));
    }

    #[test]
    fn read_only_can_be_asked_for_anywhere_and_nothing_takes_it_back() {
        let access = |flag, env: &[(&str, &str)], file: &str| {
            resolved(Flags { access: flag, ..Flags::default() }, env, file).config.access
        };
        assert_eq!(access(Access::AsPolicySays, &[], ""), Access::AsPolicySays);
        assert_eq!(access(Access::ReadOnly, &[], ""), Access::ReadOnly);
        assert_eq!(access(Access::AsPolicySays, &[], "read_only = true"), Access::ReadOnly);
        for yes in ["1", "true", "y", "enabled", "TRUE;"] {
            let env = [("AWS_MCP_READ_ONLY", yes)];
            assert_eq!(access(Access::AsPolicySays, &env, ""), Access::ReadOnly, "{yes}");
        }
        let env = [("AWS_MCP_READ_ONLY", "false")];
        assert_eq!(access(Access::AsPolicySays, &env, ""), Access::AsPolicySays);
        assert_eq!(access(Access::ReadOnly, &env, ""), Access::ReadOnly);
    }

    #[test]
    fn a_policy_is_the_named_file_or_lies_beside_the_configuration() {
        let user = |flags: Flags, env: &[(&str, &str)]| {
            let env = Environment::from_pairs(env.iter().copied());
            resolve(flags, env, Clock::system()).config.policy.user
        };
        let env = [("HOME", "/home/a"), ("AWS_MCP_POLICY", "~/p.yaml")];
        let flag = || Flags { policy: Some("/x.yaml".into()), ..Flags::default() };
        assert!(matches!(user(flag(), &env), Some(PolicyFile::Named(p)) if p.ends_with("x.yaml")));
        assert!(
            matches!(user(Flags::default(), &env), Some(PolicyFile::Named(p)) if p.starts_with("/home/a"))
        );
        let usual = user(Flags::default(), &env[..1]);
        assert!(
            matches!(usual, Some(PolicyFile::Usual(p)) if p.ends_with(".config/aws-mcp/policy.yaml"))
        );
    }

    #[test]
    fn a_misspelt_key_is_a_problem_with_its_line() {
        let problem = resolved(Flags::default(), &[], "\ntoolset = ['core']").problem.unwrap();
        assert_eq!(problem.kind, Kind::ConfigError);
        assert!(problem.message.contains("line 2"), "{}", problem.message);
        assert!(problem.message.contains("toolset"), "{}", problem.message);
    }

    #[test]
    fn a_named_file_must_exist() {
        let flags = Flags { config: Some("/nowhere/config.toml".into()), ..Flags::default() };
        assert!(resolve(flags, Environment::default(), Clock::system()).problem.is_some());
        assert!(
            resolve(Flags::default(), Environment::default(), Clock::system()).problem.is_none()
        );
    }

    #[test]
    fn log_level_is_checked() {
        assert!(resolved(Flags::default(), &[("LOG_LEVEL", "loud")], "").problem.is_some());
        let quiet = resolved(Flags::default(), &[("LOG_LEVEL", "ERROR")], "");
        assert_eq!(quiet.config.log, LogLevel::Error);
    }
}
