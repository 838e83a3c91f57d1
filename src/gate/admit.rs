//! Judges a call before anything is sent. What must be waited for is done here: a token of the
//! guard against loops, and whose the account is, where policy goes by that.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index, Operation, Service};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::approval::look::Look;
use super::approval::{Answered, Approval};
use super::approve::{Settled, Turn};
use super::ask::{ApprovalRequired, FormAsked, Person};
use super::called::Called;
use super::entry::Tx;
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
    /// What it is called with, the target's own included, relative times resolved.
    pub arguments: &'a Map<String, Value>,
    /// The times among them that were resolved, for whoever calls again.
    pub resolved: Option<String>,
    /// What it would change, as far as the arguments say.
    pub resources: Vec<String>,
    /// Looks at that by reads alone.
    pub look: Option<&'a Looking<'a>>,
    pub person: &'a Person,
    pub progress: &'a (dyn Fn(String) + Send + Sync),
    /// The begin, by the monotonic clock.
    pub begun: Duration,
    pub tx: Arc<Tx>,
}

/// A tool's look at what a call would change; what it is given lets through nothing else.
pub type Looking<'a> =
    dyn Fn(Arc<Admitted>) -> Pin<Box<dyn Future<Output = Result<Look>> + Send>> + Send + Sync + 'a;

/// What becomes of a call that asks to run.
pub enum Admission {
    Run(Arc<Admitted>, Turn),
    /// A person must be asked, and has not answered.
    Asked(ApprovalRequired, Turn),
    /// A person is asked by a form, which is this call's answer.
    Form(FormAsked),
    /// The very same call was waiting already: its answer is this one's too.
    Shared(Arc<Answered>),
}

/// An admitted call: what the wire lets through for it. Made by [`Gate::admit`] only.
#[derive(Debug)]
pub struct Admitted {
    pub(super) tool: &'static str,
    pub(super) effect: Effect,
    operations: Operations,
    pub(super) purpose: Purpose,
    pub(super) target: Target,
    /// What was judged is what is used: defaults may change meanwhile. None without a target.
    session: Option<Result<Arc<Session>>>,
    /// One set of credentials for the whole call.
    loaded: OnceCell<Loaded>,
    begun: Duration,
    /// The digest of the policies that it was judged by.
    policies: String,
    /// A person's yes to what policy has a person asked about.
    approval: Option<Approval>,
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

/// A call as far as it can be judged before a person is asked.
pub(super) struct Judged {
    pub admitted: Admitted,
    /// What asks: the operation where it is one, with its effect in this call.
    pub asked: Vec<(Option<(String, Effect)>, Judgement)>,
    /// Whether signing in is among it, so that whose the account is is not known.
    pub sign_in: SignIn,
}

/// Whether a person must be asked before anything is signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignIn {
    Free,
    Asked,
}

impl Gate {
    /// Lets a call through, asks a person, or says why not.
    ///
    /// # Errors
    /// `rate_limited`, `config_error`, `denied_by_policy`, and what goes wrong with the credentials.
    pub async fn admit(self: &Arc<Self>, call: Call<'_>, sessions: &Sessions) -> Result<Admission> {
        self.calls.take(&()).await?;
        match call.pace {
            Pace::Ordinary => {}
            Pace::TenAMinute => self.slow_tools.take(&call.tool).await?,
        }
        let mut turn = Turn::default();
        let mut waiting = None;
        loop {
            let policies = self.policies.current()?;
            let recording = policies.audit();
            self.audit.set_keep_days(recording.keep_days);
            if call.operations.all().next().is_some() || call.effect > Effect::Read {
                self.on_record(recording.on_error)?;
            }
            let judged = self.judged(&call, &policies, sessions).await?;
            if judged.asked.is_empty() {
                tracing::debug!(tool = call.tool, effect = call.effect.word(), "admitted");
                return Ok(Admission::Run(Arc::new(judged.admitted), turn));
            }
            match self.settle(&call, &policies, judged, sessions, &mut waiting, turn).await? {
                Settled::So(admission) => return Ok(admission),
                Settled::LookAgain(same) => turn = same,
            }
        }
    }

    /// Gathers what the verdict needs, and judges.
    async fn judged(
        self: &Arc<Self>,
        call: &Call<'_>,
        policies: &Snapshot,
        sessions: &Sessions,
    ) -> Result<Judged> {
        let index = Index::get().map_err(broken_index)?;
        let session = call.requested.map(|requested| sessions.get(requested));
        let mut asked = Vec::new();
        let target = match (call.requested, &session) {
            (Some(requested), Some(Ok(session))) => {
                self.target(
                    policies,
                    requested,
                    session,
                    sessions,
                    (call.begun, &call.tx),
                    &mut asked,
                )
                .await?
            }
            // Without a session there is no client.
            (_, Some(Err(_)) | None) | (None, _) => Target::default(),
        };
        let sign_in = if asked.is_empty() { SignIn::Free } else { SignIn::Asked };
        let mut admitted = Admitted {
            tool: call.tool,
            effect: call.effect,
            operations: call.operations,
            purpose: Purpose::Call,
            target,
            session,
            loaded: OnceCell::new(),
            begun: call.begun,
            policies: policies.digest(),
            approval: None,
            tx: call.tx.clone(),
            writes: AtomicU32::new(0),
        };
        match sign_in {
            SignIn::Free => {
                self.find_account(&mut admitted, call.requested, policies, sessions).await?;
            }
            // Rules and services can be judged all the same; by account it is judged afterwards.
            SignIn::Asked => admitted.target.accounts = vec![UNDETERMINED.to_owned()],
        }
        asked.extend(admitted.judge(self, policies, index)?);
        Ok(Judged { admitted, asked, sign_in })
    }

    /// Which account the call is for, where a policy goes by that.
    pub(super) async fn find_account(
        self: &Arc<Self>,
        admitted: &mut Admitted,
        requested: Option<&Requested>,
        policies: &Snapshot,
        sessions: &Sessions,
    ) -> Result<()> {
        let (Some(requested), Some(Ok(session))) = (requested, &admitted.session) else {
            return Ok(());
        };
        let on_account =
            admitted.operations.all().next().is_some() || admitted.effect > Effect::Read;
        let by_account = policies.all().any(|(_, policy)| !policy.accounts.is_empty());
        if !(on_account && by_account) {
            return Ok(());
        }
        let id = match &requested.role_arn {
            Some(role) => Some(role.account().to_owned()),
            None => {
                let load = || self.sign_in(session, admitted.begun, &admitted.tx);
                let loaded = admitted.loaded.get_or_try_init(load).await?;
                self.account_of(session, loaded).await
            }
        };
        let names = id.map(|id| names_of(&id, policies, sessions)).transpose()?;
        admitted.target.accounts = names.unwrap_or_default();
        Ok(())
    }

    /// The target's facts. Profile and role are judged before anything is signed in with.
    async fn target(
        self: &Arc<Self>,
        policies: &Snapshot,
        requested: &Requested,
        session: &Arc<Session>,
        sessions: &Sessions,
        (begun, tx): (Duration, &Tx),
        asked: &mut Vec<(Option<(String, Effect)>, Judgement)>,
    ) -> Result<Target> {
        let mut target = Target {
            region: session.region.as_ref().map(ToString::to_string),
            profile: session.profile().map(str::to_owned),
            ..Target::default()
        };
        let mut judge = |target: &Target| -> Result<()> {
            let judged = self.judge_sign_in(policies, target)?;
            let is_new = asked.iter().all(|(_, one)| one.rule != judged.rule);
            if judged.verdict == Verdict::Ask && is_new {
                asked.push((None, judged));
            }
            Ok(())
        };
        judge(&target)?;
        // Those of the person's own configuration are judged where the policy lists roles.
        for role in session.roles() {
            target.role = Some((role.clone(), RoleOrigin::Expected));
            judge(&target)?;
        }
        if let Some(role) = &requested.role_arn {
            let mut origin = RoleOrigin::Other;
            // Only where some policy goes by whose the role is, and the profile is not asked about.
            let free = self.judge_sign_in(policies, &Target { role: None, ..target.clone() })?;
            if free.verdict == Verdict::Run
                && policies.all().any(|(_, policy)| policy.roles.is_none())
            {
                let base = Requested { role_arn: None, ..requested.clone() };
                let base = sessions.get(&base)?;
                let own = self.account_of(&base, &self.sign_in(&base, begun, tx).await?).await;
                if own.as_deref() == Some(role.account()) {
                    origin = RoleOrigin::Expected;
                }
            }
            target.role = Some((role.as_str().to_owned(), origin));
            judge(&target)?;
        }
        Ok(target)
    }

    fn judge_sign_in(&self, policies: &Snapshot, target: &Target) -> Result<Judgement> {
        let question = target.question(&[], None, Effect::Read);
        not_denied("signing in", policies.judge(self.settings, &question))
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

/// A denial as an error. The model is told the reason, not the rule's text nor a way around it.
fn not_denied(what: &str, judged: Judgement) -> Result<Judgement> {
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
    /// What a person must be asked about is returned; where there is any, what else would be changed too.
    pub(super) fn judge(
        &self,
        gate: &Gate,
        policies: &Snapshot,
        index: &Index,
    ) -> Result<Vec<(Option<(String, Effect)>, Judgement)>> {
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
        if !asked.is_empty() {
            // Where a person is asked anyway, they are asked about its parts as well, and hear of all that
            // would be changed.
            asked.extend(changes);
            for name in self.operations.parts {
                let called = Called::of(index, name);
                let effect = called.operation().map_or(Effect::Unknown, |one| self.effect_of(one));
                let name = called.name();
                let judged = self.judge_one(gate, policies, called, effect);
                if judged.verdict == Verdict::Ask {
                    asked.push((Some((name, effect)), judged));
                }
            }
        }
        Ok(asked)
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
            Purpose::Look if service.name() == "ec2" => {}
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

/// Stands for the account in the one question that tells it.
const UNDETERMINED: &str = "undetermined";
