//! An admitted call: what it was let through for, and what the wire asks of it at each operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index, Operation, Service};
use tokio::sync::OnceCell;

use super::admit::Operations;
use super::approval::Approval;
use super::called::Called;
use super::effect::Named;
use super::entry::Tx;
use super::identity::GET_CALLER_IDENTITY;
use super::policies::Snapshot;
use super::verdict::{Judgement, Question, Role, RoleOrigin, Verdict};
use super::{Gate, broken_index, wire};
use crate::accounts::{Loaded, Session};
use crate::error::{Error, Kind, Result};

/// An admitted call: what the wire lets through for it. Made by [`Gate::admit`] only.
#[derive(Debug)]
pub struct Admitted {
    pub(super) tool: &'static str,
    pub(super) effect: Effect,
    pub(super) operations: Operations,
    pub(super) purpose: Purpose,
    pub(super) target: Target,
    /// What was judged is what is used: defaults may change meanwhile. None without a target.
    pub(super) session: Option<Result<Arc<Session>>>,
    /// One set of credentials for the whole call.
    pub(super) loaded: OnceCell<Loaded>,
    pub(super) begun: Duration,
    /// The digest of the policies that it was judged by.
    pub(super) policies: String,
    /// A person's yes to what policy has a person asked about.
    pub(super) approval: Option<Approval>,
    pub(super) tx: Arc<Tx>,
    /// Requests that change something, as far as they left.
    pub(super) writes: AtomicU32,
}

/// What a call was admitted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Call,
    /// To look at what a call would change: reads, and what EC2 is told not to carry out.
    Look,
    /// The same once a person has answered: reads alone.
    SecondLook,
}

/// The target, as policy sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// Every id and name of the account; empty while it is not determined.
    pub accounts: Vec<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub role: Option<(String, RoleOrigin)>,
}

/// What policy has a person asked about, or would be changed beside it: the operation where it is one,
/// with its effect in this call, and why.
pub(super) type Asked = (Option<(String, Effect)>, Judgement);

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
    pub async fn credentials(&self, gate: &Gate) -> Result<&Loaded> {
        let session = self.session()?;
        let load = || gate.sign_in(session, self.begun, &self.tx);
        self.loaded.get_or_try_init(load).await
    }

    /// The same, as far as they were needed.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.get()
    }

    /// What the tool declares.
    pub(super) fn operations(&self) -> Operations {
        self.operations
    }

    /// The same target for looking at what the call would change.
    pub(super) fn for_a_look(&self, purpose: Purpose) -> Self {
        Self {
            tool: self.tool,
            effect: Effect::Read,
            operations: self.operations,
            purpose,
            target: self.target.clone(),
            session: self.session.clone(),
            loaded: self.loaded.clone(),
            begun: self.begun,
            policies: self.policies.clone(),
            approval: None,
            tx: self.tx.clone(),
            writes: AtomicU32::new(0),
        }
    }

    /// The same target for another call; it is for judging only.
    pub(super) fn doing(&self, named: Named) -> Self {
        let Named { effect, operations } = named;
        Self { effect, operations, ..self.for_a_look(Purpose::Call) }
    }

    /// The same call with a person's yes.
    pub(super) fn approved(self, approval: Approval) -> Self {
        Self { approval: Some(approval), ..self }
    }

    /// The same call for its reads alone.
    pub(super) fn reading(self) -> Self {
        Self { effect: Effect::Read, ..self }
    }

    /// The account and the principal, as far as they are known.
    pub(super) fn whose(&self) -> (Option<String>, Option<String>) {
        let Some(loaded) = self.loaded.get() else { return (None, None) };
        let known = self
            .session()
            .ok()
            .and_then(|session| session.learning().known(loaded.credentials.access_key_id()));
        let (account, principal) = known.map(|who| (who.account_id, who.arn)).unzip();
        (loaded.account().map(str::to_owned).or(account), loaded.principal.clone().or(principal))
    }

    /// Whether EC2 may be asked by a dry run what it would do.
    pub fn dry_runs(&self) -> bool {
        self.purpose == Purpose::Look
    }

    /// The person's yes, where there is one.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
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
    /// What a person must be asked about is returned, and what else would be changed.
    pub(super) fn judge(
        &self,
        gate: &Gate,
        policies: &Snapshot,
        index: &Index,
    ) -> Result<(Vec<Asked>, Vec<Asked>)> {
        let mut strongest = Effect::Read;
        let (mut asked, mut changes) = (Vec::new(), Vec::new());
        for name in self.operations.needed {
            let called = Called::of(index, name);
            let effect = match called.operation() {
                // The wire stops it in this call.
                Some(operation) if operation.weakest() > self.effect => continue,
                Some(operation) => self.effect_of(operation),
                None => Effect::Unknown,
            };
            strongest = strongest.max(effect);
            let name = called.name();
            let judged = not_denied(&name, self.judge_one(gate, policies, called, effect))?;
            match judged.verdict {
                Verdict::Ask => asked.push((Some((name, effect)), judged)),
                Verdict::Run | Verdict::Deny if effect > Effect::Read => {
                    changes.push((Some((name, effect)), judged));
                }
                Verdict::Run | Verdict::Deny => {}
            }
        }
        if strongest < self.effect {
            // The tool knows better than the index what its arguments do.
            let accounts: Vec<&str> = self.target.accounts.iter().map(String::as_str).collect();
            let question = self.target.question(&accounts, None, self.effect);
            let judged = not_denied(self.tool, policies.judge(gate.settings, &question))?;
            if judged.verdict == Verdict::Ask {
                asked.push((None, judged));
            }
        }
        Ok((asked, changes))
    }

    /// Its parts that a person must be asked about: where they are asked anyway, about these as well.
    pub(super) fn asked_parts(
        &self,
        gate: &Gate,
        policies: &Snapshot,
        index: &Index,
    ) -> Vec<Asked> {
        let part = |name: &&'static str| {
            let called = Called::of(index, name);
            let effect = called.operation().map_or(Effect::Unknown, |one| self.effect_of(one));
            let name = called.name();
            let judged = self.judge_one(gate, policies, called, effect);
            (judged.verdict == Verdict::Ask).then_some((Some((name, effect)), judged))
        };
        self.operations.parts.iter().filter_map(part).collect()
    }

    fn judge_one(
        &self,
        gate: &Gate,
        policies: &Snapshot,
        called: Called<'_>,
        effect: Effect,
    ) -> Judgement {
        let mut accounts: Vec<&str> = self.target.accounts.iter().map(String::as_str).collect();
        if accounts.is_empty() && called.name() == GET_CALLER_IDENTITY {
            accounts.push(UNDETERMINED);
        }
        let question = self.target.question(&accounts, Some(called), effect);
        policies.judge(gate.settings, &question)
    }

    /// What an operation may do in this call, with arguments that are not known yet.
    fn effect_of(&self, operation: &Operation) -> Effect {
        operation.effect().min(self.effect).max(operation.weakest())
    }

    /// What the wire asks of an operation: declared, not stronger than the call, allowed now. Returns what
    /// in the policies says so.
    pub(super) fn check(
        &self,
        gate: &Gate,
        service: &Service,
        operation: &Operation,
    ) -> Result<String> {
        let name = format!("{}:{}", service.name(), operation.name());
        if !self.operations.all().any(|declared| declared == name) {
            return Err(wire::undeclared(self.tool, &name));
        }
        match self.purpose {
            Purpose::Call => self.check_effect(service, operation, operation.weakest())?,
            // The wire sees to it that EC2 is told not to carry it out.
            Purpose::Look if service.name() == "ec2" && operation.changes() => {}
            Purpose::Look | Purpose::SecondLook => {
                self.check_effect(service, operation, operation.effect())?;
            }
        }
        let index = Index::get().map_err(broken_index)?;
        let policies = gate.policies.current()?;
        if policies.digest() != self.policies {
            return Err(Error::new(
                Kind::DeniedByPolicy,
                format!("the policy changed while {} ran; nothing more was sent.", self.tool),
                "Look at what was done so far, then call again.",
            ));
        }
        let effect = self.effect_of(operation);
        let judged = self.judge_one(gate, &policies, Called::of(index, &name), effect);
        let judged = match (self.purpose, &self.approval) {
            (Purpose::Call, None) => not_asked(&name, judged),
            // A look is not what the person was asked about; what it must not change it cannot.
            (Purpose::Look | Purpose::SecondLook, _) if operation.effect() == Effect::Read => {
                not_asked(&name, judged)
            }
            (Purpose::Call, Some(_)) | (Purpose::Look | Purpose::SecondLook, _) => {
                not_denied(&name, judged)
            }
        };
        Ok(judged?.rule)
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

impl Target {
    pub(super) fn question<'a>(
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

/// A denial as an error. The model is told the reason, not the rule's text nor a way around it.
pub(super) fn not_denied(what: &str, judged: Judgement) -> Result<Judgement> {
    match judged.verdict {
        Verdict::Run | Verdict::Ask => return Ok(judged),
        Verdict::Deny => {}
    }
    let Judgement { rule, reason, .. } = judged;
    tracing::info!(rule, verdict = "deny", "judged");
    Err(Error::new(
        Kind::DeniedByPolicy,
        format!("{what} is denied by policy: {reason}."),
        "Tell the person what you wanted to do. Do not try it in another way.",
    )
    .caused_by(rule))
}

/// The same of what a person must be asked about, where this call has no such yes.
fn not_asked(what: &str, judged: Judgement) -> Result<Judgement> {
    let judged = not_denied(what, judged)?;
    match judged.verdict {
        Verdict::Run => Ok(judged),
        Verdict::Ask | Verdict::Deny => Err(Error::new(
            Kind::DeniedByPolicy,
            format!("{what} needs a person's approval of its own: {}.", judged.reason),
            "Tell the person what you wanted to do and why. Do not try it in another way.",
        )
        .caused_by(judged.rule)),
    }
}

/// Stands for the account in the one question that tells it.
pub(super) const UNDETERMINED: &str = "undetermined";
