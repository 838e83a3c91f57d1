//! Judges a call before anything is sent. What must be waited for is done here: a token of the
//! guard against loops, and whose the account is, where policy goes by that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index, Operation, Service};
use tokio::sync::OnceCell;

use super::called::Called;
use super::identity::GET_CALLER_IDENTITY;
use super::policies::Snapshot;
use super::verdict::{Judgement, Question, Role, RoleOrigin, Verdict};
use super::{Gate, broken_index, wire};
use crate::accounts::{Loaded, Requested, Session, Sessions};
use crate::error::{Error, Kind, Result, echo};

/// How often a tool may be called, besides the guard over all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Ordinary,
    /// For what tries credentials out.
    TenAMinute,
}

/// The AWS API operations that a tool declares: the wire lets through no others.
#[derive(Clone, Copy, Debug)]
pub struct Operations {
    /// What it cannot do without: all of it must be allowed, or the call is refused.
    pub needed: &'static [&'static str],
    /// Reads that it can do without: where one is not allowed, only its part of the answer is missing.
    pub parts: &'static [&'static str],
}

impl Operations {
    /// Every operation that may be called.
    pub fn all(self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.parts).copied()
    }
}

/// A call that asks to run.
pub struct Call<'a> {
    pub tool: &'static str,
    pub effect: Effect,
    /// What the tool declares.
    pub operations: Operations,
    pub pace: Pace,
    /// Its target; none for a tool that has none.
    pub requested: Option<&'a Requested>,
}

/// An admitted call: what the wire lets through for it. Made by [`Gate::admit`] only.
#[derive(Debug)]
pub struct Admitted {
    pub(super) tool: &'static str,
    effect: Effect,
    operations: Operations,
    target: Target,
    /// What was judged is what is used: defaults may change meanwhile. None without a target.
    session: Option<Result<Arc<Session>>>,
    /// One set of credentials for the whole call.
    loaded: OnceCell<Loaded>,
    begun: Duration,
    /// The digest of the policies that it was judged by.
    policies: String,
    /// Requests that change something, as far as they left.
    pub(super) writes: AtomicU32,
}

/// The target, as policy sees it.
#[derive(Debug, Default)]
struct Target {
    /// Every id and name of the account; empty while it is not determined.
    accounts: Vec<String>,
    region: Option<String>,
    profile: Option<String>,
    role: Option<(String, RoleOrigin)>,
}

impl Gate {
    /// Lets a call through, or says why not. `begun` is its begin by the monotonic clock.
    ///
    /// # Errors
    /// `rate_limited`, `config_error`, `denied_by_policy`, and what goes wrong with the credentials.
    pub async fn admit(
        self: &Arc<Self>,
        call: Call<'_>,
        sessions: &Sessions,
        begun: Duration,
    ) -> Result<Arc<Admitted>> {
        self.calls.take(&()).await?;
        match call.pace {
            Pace::Ordinary => {}
            Pace::TenAMinute => self.slow_tools.take(&call.tool).await?,
        }
        let policies = self.policies.current()?;
        let index = Index::get().map_err(broken_index)?;
        let session = call.requested.map(|requested| sessions.get(requested));
        let loaded = OnceCell::new();
        let target = match (call.requested, &session) {
            (Some(requested), Some(Ok(session))) => {
                let target = self.target(&policies, requested, session, sessions, begun).await?;
                let on_account =
                    call.operations.all().next().is_some() || call.effect > Effect::Read;
                let by_account = policies.all().any(|(_, policy)| !policy.accounts.is_empty());
                if on_account && by_account {
                    let id = match &requested.role_arn {
                        Some(role) => Some(role.account().to_owned()),
                        None => {
                            let load = || session.credentials(begun);
                            let loaded = loaded.get_or_try_init(load).await?;
                            self.account_of(session, loaded).await
                        }
                    };
                    let names = id.map(|id| names_of(&id, &policies, sessions)).transpose()?;
                    Target { accounts: names.unwrap_or_default(), ..target }
                } else {
                    target
                }
            }
            // Without a session there is no client.
            (_, Some(Err(_)) | None) | (None, _) => Target::default(),
        };
        let admitted = Admitted {
            tool: call.tool,
            effect: call.effect,
            operations: call.operations,
            target,
            session,
            loaded,
            begun,
            policies: policies.digest(),
            writes: AtomicU32::new(0),
        };
        admitted.judge(self, &policies, index)?;
        tracing::debug!(tool = call.tool, effect = call.effect.word(), "admitted");
        Ok(Arc::new(admitted))
    }

    /// The target's facts. Profile and role are judged before anything is signed in with.
    async fn target(
        self: &Arc<Self>,
        policies: &Snapshot,
        requested: &Requested,
        session: &Arc<Session>,
        sessions: &Sessions,
        begun: Duration,
    ) -> Result<Target> {
        let mut target = Target {
            region: session.region.as_ref().map(ToString::to_string),
            profile: session.profile().map(str::to_owned),
            ..Target::default()
        };
        self.judge_sign_in(policies, &target)?;
        // Those of the person's own configuration are judged where the policy lists roles.
        for role in session.roles() {
            target.role = Some((role.clone(), RoleOrigin::Expected));
            self.judge_sign_in(policies, &target)?;
        }
        if let Some(role) = &requested.role_arn {
            let mut origin = RoleOrigin::Other;
            // Only where some policy goes by whose the role is.
            if policies.all().any(|(_, policy)| policy.roles.is_none()) {
                let base = Requested { role_arn: None, ..requested.clone() };
                let base = sessions.get(&base)?;
                let own = self.account_of(&base, &base.credentials(begun).await?).await;
                if own.as_deref() == Some(role.account()) {
                    origin = RoleOrigin::Expected;
                }
            }
            target.role = Some((role.as_str().to_owned(), origin));
            self.judge_sign_in(policies, &target)?;
        }
        Ok(target)
    }

    fn judge_sign_in(&self, policies: &Snapshot, target: &Target) -> Result<()> {
        let question = target.question(&[], None, Effect::Read);
        allowed("signing in", policies.judge(self.settings, &question))
    }
}

/// Every name of an account, where each name in the policies is known to be its name or not.
fn names_of(id: &str, policies: &Snapshot, sessions: &Sessions) -> Result<Vec<String>> {
    let mut names = vec![id.to_owned()];
    for (_, policy) in policies.all() {
        for account in &policy.accounts {
            let means = sessions.accounts_named(&account.name)?;
            if means.contains(id) {
                names.push(account.name.clone());
            } else if means.is_empty() && account.name != "*" {
                tracing::error!(
                    name = account.name,
                    "the policy names an account that is not known"
                );
                return Err(Error::new(
                    Kind::DeniedByPolicy,
                    format!(
                        "the policy names an account {}, and which account that is is not known, so \
                         every account could be meant. Nothing was called.",
                        echo(&account.name)
                    ),
                    "Tell the person; `aws-mcp policy check` shows it to them.",
                ));
            }
        }
    }
    Ok(names)
}

/// A verdict as an error. The model is told the reason, not the rule's text nor a way around it.
fn allowed(what: &str, judged: Judgement) -> Result<()> {
    let Judgement { verdict, rule, reason } = judged;
    let (message, next_step) = match verdict {
        Verdict::Run => return Ok(()),
        Verdict::Ask => (
            format!("{what} needs a person's approval, and nobody can be asked here: {reason}."),
            "Tell the person what you wanted to do and why. Do not try it in another way.",
        ),
        Verdict::Deny => (
            format!("{what} is denied by policy: {reason}."),
            "Tell the person what you wanted to do. Do not try it in another way.",
        ),
    };
    tracing::info!(rule, verdict = verdict.word(), "judged");
    Err(Error::new(Kind::DeniedByPolicy, message, next_step))
}

impl Target {
    fn question<'a>(
        &'a self,
        accounts: &'a [&'a str],
        called: Option<Called<'a>>,
        effect: Effect,
    ) -> Question<'a> {
        Question {
            called,
            effect,
            accounts,
            region: self.region.as_deref(),
            profile: self.profile.as_deref(),
            role: self.role.as_ref().map(|(arn, origin)| Role { arn, origin: *origin }),
        }
    }
}

impl Admitted {
    /// How many requests that change something left: from the first on a failure does not mean that
    /// nothing was done.
    pub fn writes(&self) -> u32 {
        self.writes.load(Ordering::Acquire)
    }

    /// The session of the call's target, which is the one that was judged.
    pub fn session(&self) -> Result<&Arc<Session>> {
        match &self.session {
            Some(Ok(session)) => Ok(session),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::internal(format!("{} has no target.", self.tool))),
        }
    }

    /// The call's credentials, loaded once: all its requests are signed with the same.
    pub async fn credentials(&self) -> Result<&Loaded> {
        let session = self.session()?;
        self.loaded.get_or_try_init(|| session.credentials(self.begun)).await
    }

    /// The same, as far as they were needed.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.get()
    }

    /// What the tool declares.
    pub(super) fn operations(&self) -> Operations {
        self.operations
    }

    /// Whether the call was for secrets, and policy reveals those of each operation that gives any.
    pub(super) fn is_revealed(&self, gate: &Gate) -> bool {
        let (Ok(index), Ok(policies)) = (Index::get(), gate.policies.current()) else {
            return false;
        };
        let mut secret =
            self.operations.all().map(|name| Called::of(index, name)).filter(|called| {
                called
                    .operation()
                    .is_none_or(|operation| self.effect_of(operation) >= Effect::Secret)
            });
        let reveals =
            |called| policies.reveals(&self.target.question(&[], Some(called), self.effect));
        self.effect == Effect::Secret
            && secret.next().is_some_and(|first| reveals(first) && secret.all(reveals))
    }

    /// Judges the operations that the call cannot do without, each with the effect that it may have here.
    fn judge(&self, gate: &Gate, policies: &Snapshot, index: &Index) -> Result<()> {
        let mut strongest = Effect::Read;
        for name in self.operations.needed {
            let called = Called::of(index, name);
            let effect = match called.operation() {
                // The wire stops it in this call.
                Some(operation) if operation.weakest() > self.effect => continue,
                Some(operation) => self.effect_of(operation),
                None => Effect::Unknown,
            };
            strongest = strongest.max(effect);
            self.judge_one(gate, policies, called, effect)?;
        }
        if strongest < self.effect {
            // The tool knows better than the index what its arguments do.
            let accounts: Vec<&str> = self.target.accounts.iter().map(String::as_str).collect();
            let question = self.target.question(&accounts, None, self.effect);
            allowed(self.tool, policies.judge(gate.settings, &question))?;
        }
        Ok(())
    }

    fn judge_one(
        &self,
        gate: &Gate,
        policies: &Snapshot,
        called: Called<'_>,
        effect: Effect,
    ) -> Result<()> {
        let what = called.name();
        let mut accounts: Vec<&str> = self.target.accounts.iter().map(String::as_str).collect();
        if accounts.is_empty() && what == GET_CALLER_IDENTITY {
            accounts.push(UNDETERMINED);
        }
        let question = self.target.question(&accounts, Some(called), effect);
        allowed(&what, policies.judge(gate.settings, &question))
    }

    /// What an operation may do in this call, with arguments that are not known yet.
    fn effect_of(&self, operation: &Operation) -> Effect {
        operation.effect().min(self.effect).max(operation.weakest())
    }

    /// What the wire asks of an operation: declared, not stronger than the call, allowed now.
    pub(super) fn check(
        &self,
        gate: &Gate,
        service: &Service,
        operation: &Operation,
    ) -> Result<()> {
        let name = format!("{}:{}", service.name(), operation.name());
        if !self.operations.all().any(|declared| declared == name) {
            return Err(wire::undeclared(self.tool, &name));
        }
        self.check_effect(service, operation, operation.weakest())?;
        let index = Index::get().map_err(broken_index)?;
        let policies = gate.policies.current()?;
        if policies.digest() != self.policies {
            return Err(Error::new(
                Kind::DeniedByPolicy,
                format!("the policy changed while {} ran; nothing more was sent.", self.tool),
                "Look at what was done so far, then call again.",
            ));
        }
        self.judge_one(gate, &policies, Called::of(index, &name), self.effect_of(operation))
    }

    /// The same once the arguments are known.
    pub(super) fn check_effect(
        &self,
        service: &Service,
        operation: &Operation,
        effect: Effect,
    ) -> Result<()> {
        if effect <= self.effect {
            return Ok(());
        }
        let name = format!("{}:{}", service.name(), operation.name());
        Err(wire::too_strong(self.tool, &name, effect, self.effect))
    }
}

/// Stands for the account in the one question that tells it.
const UNDETERMINED: &str = "undetermined";
