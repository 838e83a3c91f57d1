//! Whether a call runs, a person is asked, or it is denied. Pure: everything that decides is handed
//! in, and the strictest of all that binds wins, so that no order of rules can matter.

use aws_dynamic::catalog::{Effect, Operation};
use serde::Deserialize;

use super::called::Called;
use crate::config::{Access, Account, AutoApprove, Mode, Policy, Rule};

/// What happens to a call, from loose to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Run,
    Ask,
    Deny,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// A verdict and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// What decided, for people: `rules.deny[0] "ec2:Terminate.*"`, `mode read_only (accounts.prod)`.
    pub rule: String,
    /// Why, for the model; never how to get around it.
    pub reason: String,
    pub by: By,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The mode, by the effect.
    Mode,
    /// Something that the policy says besides.
    Rule,
}

/// What binds besides the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub access: Access,
    pub auto_approve: AutoApprove,
}

/// A call that is to be judged.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The AWS operation; absent for a tool that calls none.
    pub called: Option<Called<'a>>,
    /// The effect of the call's arguments. That of the operation counts where it is stronger.
    pub effect: Effect,
    /// Every id and name that the target account is known by; empty if it is not determined.
    pub accounts: &'a [&'a str],
    pub region: Option<&'a str>,
    pub profile: Option<&'a str>,
    pub role: Option<Role<'a>>,
}

/// A role that is assumed for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role<'a> {
    pub arn: &'a str,
    pub origin: RoleOrigin,
}

/// Whose a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleOrigin {
    /// Of the caller's own account, or named by the account registry.
    Expected,
    Other,
}

/// Judges a call by one policy.
pub fn judge(policy: &Policy, settings: Settings, question: &Question) -> Judgement {
    let call = Call { policy, settings, question };
    let binds = [
        call.account(),
        call.names(),
        call.deny_rules(),
        call.services(),
        call.regions(),
        call.confirm_rules(),
        call.role(),
        call.profile(),
    ];
    let table = call.table();
    strictest(binds.into_iter().flatten().chain([table.clone()])).unwrap_or(table)
}

/// The strictest; of equals the first.
pub(super) fn strictest(judgements: impl IntoIterator<Item = Judgement>) -> Option<Judgement> {
    let stricter = |best: Judgement, next: Judgement| {
        if next.verdict > best.verdict { next } else { best }
    };
    judgements.into_iter().reduce(stricter)
}

/// One call under one policy. Each method is one of the things that bind.
struct Call<'a> {
    policy: &'a Policy,
    settings: Settings,
    question: &'a Question<'a>,
}

impl Call<'_> {
    fn account(&self) -> Option<Judgement> {
        let undetermined = self.question.accounts.is_empty() && !self.policy.accounts.is_empty();
        (undetermined && self.question.called.is_some()).then(|| {
            deny("accounts", "the policy is by account, and this call's is not known".to_owned())
        })
    }

    fn names(&self) -> Option<Judgement> {
        let called = self.question.called.as_ref()?;
        (!called.is_well_formed()).then(|| {
            deny("names", "what is called has not the form of an AWS operation's name".to_owned())
        })
    }

    fn deny_rules(&self) -> Option<Judgement> {
        let (called, rule) = self.first(&self.policy.deny, "rules.deny")?;
        Some(deny(rule, format!("the policy denies {}", called.name())))
    }

    fn services(&self) -> Option<Judgement> {
        let called = self.question.called.as_ref()?;
        let service = called.service();
        if let Some(entry) = self.policy.denylist.iter().find(|entry| called.is_on(entry)) {
            let rule = format!("services.denylist {entry}");
            return Some(deny(rule, format!("the policy denies the service {service}")));
        }
        let allowlist = self.policy.allowlist.as_ref()?;
        (!allowlist.iter().any(|entry| called.is_meant_by(entry))).then(|| {
            deny("services.allowlist", format!("the policy does not allow the service {service}"))
        })
    }

    fn regions(&self) -> Option<Judgement> {
        let called = self.question.called.as_ref()?;
        if called.is_global() {
            return None;
        }
        self.entries().find_map(|account| {
            let regions = account.regions.as_ref()?;
            let rule = || format!("accounts.{}.regions", account.name);
            match self.question.region {
                None => Some(deny(
                    rule(),
                    "the policy binds this account to regions, and the call's is not known"
                        .to_owned(),
                )),
                Some(region) if regions.iter().any(|allowed| allowed == region) => None,
                Some(region) => Some(deny(
                    rule(),
                    format!("the policy does not allow the region {region} for this account"),
                )),
            }
        })
    }

    fn confirm_rules(&self) -> Option<Judgement> {
        let (called, rule) = self.first(&self.policy.confirm, "rules.confirm")?;
        Some(ask(rule, format!("the policy has a person asked about {}", called.name())))
    }

    fn role(&self) -> Option<Judgement> {
        let role = self.question.role?;
        match &self.policy.roles {
            Some(globs) => (!globs.iter().any(|glob| glob.matches(role.arn))).then(|| {
                ask("roles.allow", format!("the policy does not name the role {}", role.arn))
            }),
            None => match role.origin {
                RoleOrigin::Expected => None,
                RoleOrigin::Other => Some(ask(
                    "roles (of other accounts)",
                    format!("the role {} is not of the caller's own account", role.arn),
                )),
            },
        }
    }

    fn profile(&self) -> Option<Judgement> {
        let profile = self.question.profile?;
        let globs = self.policy.profiles.as_ref()?;
        (!globs.iter().any(|glob| glob.matches(profile))).then(|| {
            ask("profiles.allow", format!("the policy does not name the profile {profile}"))
        })
    }

    fn table(&self) -> Judgement {
        let effect = self.effect();
        let (mode, place) = self.mode();
        let rule = format!("mode {}{place}", mode.word());
        let what = self.question.called.as_ref().map_or("the call".to_owned(), Called::name);
        let what = format!("{what} {}", is(effect));
        let run = |rule: String| Judgement {
            verdict: Verdict::Run,
            rule,
            reason: what.clone(),
            by: By::Mode,
        };
        let verdict = match (mode, effect) {
            (_, Effect::Read) | (Mode::Full, Effect::Write) => Verdict::Run,
            (Mode::ReadOnly, _) => Verdict::Deny,
            (Mode::Confirm | Mode::Full, _) => Verdict::Ask,
        };
        match verdict {
            Verdict::Run => run(rule),
            Verdict::Deny => deny(rule, format!("{what}, and only reads are allowed here")),
            Verdict::Ask => match (effect, self.freed(), self.settings.auto_approve) {
                (Effect::Write, Some(allowed), _) => run(allowed),
                (Effect::Write | Effect::Destructive, _, AutoApprove::WriteAndDestructive) => {
                    run("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE".to_owned())
                }
                _ => Judgement {
                    by: By::Mode,
                    ..ask(rule, format!("{what}, and a person is asked about that"))
                },
            },
        }
    }

    /// What an operation does at least counts, whatever the asker thinks of it.
    fn effect(&self) -> Effect {
        let least = match &self.question.called {
            None => Effect::Read,
            Some(called) => called.operation().map_or(Effect::Unknown, Operation::weakest),
        };
        self.question.effect.max(least)
    }

    /// The strictest mode of all the account's entries, and where it is written.
    fn mode(&self) -> (Mode, String) {
        if self.settings.access == Access::ReadOnly {
            return (Mode::ReadOnly, " (--read-only)".to_owned());
        }
        let of = |account: &Account| match account.mode {
            Some(mode) => (mode, format!(" (accounts.{})", account.name)),
            None => (self.policy.mode, String::new()),
        };
        let strictest =
            self.entries().map(of).reduce(|best, next| if next.0 > best.0 { next } else { best });
        strictest.unwrap_or((self.policy.mode, String::new()))
    }

    /// The account's entries, in the file's order.
    fn entries(&self) -> impl Iterator<Item = &Account> {
        let known =
            |account: &&Account| self.question.accounts.iter().any(|name| account.is_for(name));
        self.policy.accounts.iter().filter(known)
    }

    fn freed(&self) -> Option<String> {
        let called = self.question.called.as_ref()?;
        let freed = |(_, rule): &(usize, &Rule)| called.is_freed_by(rule);
        let (index, rule) = self.policy.allow.iter().enumerate().find(freed)?;
        Some(label("rules.allow", index, rule))
    }

    fn first(&self, rules: &[Rule], list: &str) -> Option<(&Called<'_>, String)> {
        let called = self.question.called.as_ref()?;
        let covers = |(_, rule): &(usize, &Rule)| called.is_covered_by(rule);
        let (index, rule) = rules.iter().enumerate().find(covers)?;
        Some((called, label(list, index, rule)))
    }
}

/// `rules.deny[0] "ec2:Terminate.*"`
pub(super) fn label(list: &str, index: usize, rule: &Rule) -> String {
    format!("{list}[{index}] {:?}", rule.text())
}

fn is(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "changes something",
        Effect::Destructive => "does what cannot be undone",
        Effect::Grant => "gives access or moves data out",
        Effect::Secret => "answers with a secret",
        Effect::Unknown => "is not known for what it does",
    }
}

fn deny(rule: impl Into<String>, reason: String) -> Judgement {
    Judgement { verdict: Verdict::Deny, rule: rule.into(), reason, by: By::Rule }
}

fn ask(rule: impl Into<String>, reason: String) -> Judgement {
    Judgement { verdict: Verdict::Ask, rule: rule.into(), reason, by: By::Rule }
}

#[cfg(test)]
mod tests;
