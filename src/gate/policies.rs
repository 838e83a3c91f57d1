//! The policies that bind: the user's and the administrator's, each as it was at start and as it is
//! on disk now. The strictest of all counts, so that whoever can write the file while the server
//! runs, a model with a file tool included, can tighten it and never widen it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::verdict::{self, By, Judgement, Question, Settings};
use crate::config::{self, Access, AutoApprove, Mode, OnError, Policy, Stamp, Way};
use crate::error::{Error, Kind, Result};

/// Both files, watched.
pub struct Policies {
    user: Watched,
    administrator: Watched,
}

/// What a file that is not there means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// The default policy: the file at its usual place.
    Default,
    /// Nothing is bound: the administrator's.
    Nothing,
    /// An error: the file that somebody named.
    Refuse,
}

/// The policies at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot(Vec<(Origin, Arc<Policy>)>);

/// How a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub wait: Duration,
    /// The best first.
    pub ways: Vec<Way>,
    pub lives: Duration,
    pub destructive_lives: Duration,
}

impl Asking {
    const WAIT: Duration = Duration::from_secs(40);
    const LIVES: Duration = Duration::from_secs(3_600);
    const DESTRUCTIVE_LIVES: Duration = Duration::from_secs(600);
}

/// How calls are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub keep_days: u32,
    pub on_error: OnError,
    pub log_group: Option<String>,
}

const KEEP_DAYS: u32 = 90;

/// Whose policy, and when it was read. In the order in which they are named as the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    User,
    UserAtStart,
    Administrator,
    AdministratorAtStart,
}

impl Origin {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "policy",
            Self::UserAtStart => "policy at start",
            Self::Administrator => "administrator's policy",
            Self::AdministratorAtStart => "administrator's policy at start",
        }
    }
}

impl Policies {
    /// Reads both files: what they say now is what they said at start. A broken one is an error of
    /// every [`Self::current`] until it is mended; what it says then is what it said at start.
    pub fn new(user: PathBuf, when_missing: WhenMissing, administrator: PathBuf) -> Self {
        let policies = Self {
            user: Watched::new(user, when_missing),
            administrator: Watched::new(administrator, WhenMissing::Nothing),
        };
        let _ = policies.current();
        policies
    }

    /// The policies that bind now, or what is wrong with one. Costs a look at each file's metadata,
    /// and reading it where that changed.
    pub fn current(&self) -> Result<Snapshot> {
        // Both are looked at, so that both have their start.
        let (user, administrator) = (self.user.look(), self.administrator.look());
        let (user, administrator) = (user?, administrator?);
        let mut all = Vec::new();
        for (standing, now, start) in [
            (user, Origin::User, Origin::UserAtStart),
            (administrator, Origin::Administrator, Origin::AdministratorAtStart),
        ] {
            let changed = match (&standing.now, &standing.start) {
                (Some(now), Some(start)) => !now.is_same_text(start),
                _ => true,
            };
            all.extend(standing.now.map(|policy| (now, policy)));
            all.extend(standing.start.filter(|_| changed).map(|policy| (start, policy)));
        }
        Ok(Snapshot(all))
    }
}

impl Snapshot {
    /// A snapshot of policies that were read elsewhere.
    #[cfg(test)]
    pub fn of(policies: Vec<(Origin, Arc<Policy>)>) -> Self {
        Self(policies)
    }

    /// The strictest judgement of all policies. Nothing is approved for the administrator.
    pub fn judge(&self, settings: Settings, question: &Question) -> Judgement {
        let judged = self.judgements(settings, question).into_iter().map(|(origin, mut one)| {
            if origin != Origin::User {
                one.rule = format!("{}: {}", origin.word(), one.rule);
            }
            one
        });
        let judged: Vec<Judgement> = judged.collect();
        let by_rule = judged.iter().filter(|one| one.by == By::Rule).map(|one| one.verdict).max();
        let strictest = verdict::strictest(judged).map(|mut one| {
            // Of equals the first is named; that another one has a rule for it counts all the same.
            if by_rule == Some(one.verdict) {
                one.by = By::Rule;
            }
            one
        });
        strictest.unwrap_or_else(|| Judgement {
            // A user's policy is always there; that there is none must not mean that all may run.
            verdict: verdict::Verdict::Deny,
            rule: "no policy".to_owned(),
            reason: "no policy was read".to_owned(),
            by: By::Rule,
        })
    }

    /// What each policy says.
    pub fn judgements(&self, settings: Settings, question: &Question) -> Vec<(Origin, Judgement)> {
        let judge = |(origin, policy): &(Origin, Arc<Policy>)| {
            let settings = match origin {
                Origin::User | Origin::UserAtStart => settings,
                Origin::Administrator | Origin::AdministratorAtStart => {
                    Settings { auto_approve: AutoApprove::Off, ..settings }
                }
            };
            (*origin, verdict::judge(policy, settings, question))
        };
        self.0.iter().map(judge).collect()
    }

    /// Whether the secrets in an operation's answer may be shown: the user's policy says so, now and
    /// at start, and the administrator's does not leave it out where it speaks of it.
    pub fn reveals(&self, question: &Question) -> bool {
        let Some(called) = &question.called else { return false };
        self.0.iter().all(|(origin, policy)| match (&policy.reveal, origin) {
            (Some(rules), _) => rules.iter().any(|rule| called.is_freed_by(rule)),
            (None, Origin::User | Origin::UserAtStart) => false,
            (None, Origin::Administrator | Origin::AdministratorAtStart) => true,
        })
    }

    /// What may run in any account at all: of each policy the loosest mode, of all policies the
    /// strictest.
    pub fn loosest_mode(&self, settings: Settings) -> Mode {
        let of = |policy: &Policy| {
            let modes = policy.accounts.iter().filter_map(|account| account.mode);
            modes.chain([policy.mode]).min().unwrap_or_default()
        };
        match settings.access {
            Access::ReadOnly => Mode::ReadOnly,
            Access::AsPolicySays => {
                self.0.iter().map(|(_, policy)| of(policy)).max().unwrap_or_default()
            }
        }
    }

    /// The strictest mode of all, for accounts without one of their own.
    pub fn mode(&self, settings: Settings) -> Mode {
        match settings.access {
            Access::ReadOnly => Mode::ReadOnly,
            Access::AsPolicySays => {
                self.0.iter().map(|(_, policy)| policy.mode).max().unwrap_or_default()
            }
        }
    }

    /// How a person is asked: the strictest of all.
    pub fn approval(&self) -> Asking {
        let said = || self.0.iter().map(|(_, policy)| &policy.approval);
        // What the person's own policy is silent about is as usual, at start as well as now: otherwise
        // whoever can write the file could say more.
        let least = |of: fn(&config::Approval) -> Option<Duration>, usual| {
            let each = self.0.iter().filter_map(|(origin, policy)| match origin {
                Origin::User | Origin::UserAtStart => Some(of(&policy.approval).unwrap_or(usual)),
                Origin::Administrator | Origin::AdministratorAtStart => of(&policy.approval),
            });
            each.min().unwrap_or(usual)
        };
        let allowed =
            |way: &Way| said().filter_map(|one| one.ways.as_ref()).all(|w| w.contains(way));
        Asking {
            wait: least(|one| one.wait, Asking::WAIT),
            ways: Way::ALL.into_iter().filter(allowed).collect(),
            lives: least(|one| one.lives, Asking::LIVES),
            destructive_lives: least(|one| one.destructive_lives, Asking::DESTRUCTIVE_LIVES),
        }
    }

    /// How calls are recorded: the strictest of all; where the copy goes, the administrator says first.
    pub fn audit(&self) -> Recording {
        let said = || self.0.iter().map(|(_, policy)| &policy.audit);
        let days = self.0.iter().filter_map(|(origin, policy)| match origin {
            Origin::User | Origin::UserAtStart => Some(policy.audit.keep_days.unwrap_or(KEEP_DAYS)),
            Origin::Administrator | Origin::AdministratorAtStart => policy.audit.keep_days,
        });
        Recording {
            keep_days: days.max().unwrap_or(KEEP_DAYS),
            on_error: said().filter_map(|one| one.on_error).max().unwrap_or_default(),
            log_group: said().rev().find_map(|one| one.log_group.clone()),
        }
    }

    /// The digests of all policies that bind, joined by `+`: the same for the same files.
    pub fn digest(&self) -> String {
        self.0.iter().map(|(_, policy)| policy.digest()).collect::<Vec<_>>().join("+")
    }

    /// Every policy that binds.
    pub fn all(&self) -> impl Iterator<Item = (Origin, &Policy)> {
        self.0.iter().map(|(origin, policy)| (*origin, policy.as_ref()))
    }
}

/// One file.
struct Watched {
    path: PathBuf,
    when_missing: WhenMissing,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The first good reading.
    start: Option<Option<Arc<Policy>>>,
    /// The latest good reading, and the stamp of what was read.
    now: Option<Reading>,
}

type Reading = (Option<Stamp>, Option<Arc<Policy>>);

/// What binds of one file; nothing for an administrator's that is not there.
struct Standing {
    start: Option<Arc<Policy>>,
    now: Option<Arc<Policy>>,
}

impl Watched {
    fn new(path: PathBuf, when_missing: WhenMissing) -> Self {
        Self { path, when_missing, state: Mutex::default() }
    }

    fn look(&self) -> Result<Standing> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = config::stamp(&self.path);
        let now = match &state.now {
            Some((seen, policy)) if *seen == stamp => policy.clone(),
            _ => {
                // What goes wrong is not kept, so that it is looked at again with every call.
                state.now = None;
                let (stamp, policy) = self.read()?;
                state.now = Some((stamp, policy.clone()));
                policy
            }
        };
        let start = state.start.get_or_insert_with(|| now.clone()).clone();
        Ok(Standing { start, now })
    }

    fn read(&self) -> Result<Reading> {
        match config::read(&self.path)? {
            Some(read) => {
                let policy = Policy::parse(&read.text, &self.path)?;
                Ok((Some(read.stamp), Some(Arc::new(policy))))
            }
            None => match self.when_missing {
                WhenMissing::Default => Ok((None, Some(Arc::new(Policy::default())))),
                WhenMissing::Nothing => Ok((None, None)),
                WhenMissing::Refuse => Err(Error::new(
                    Kind::ConfigError,
                    format!("{}: the policy is not there.", self.path.display()),
                    "Name a file that exists, or leave --policy and AWS_MCP_POLICY out.",
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests;
