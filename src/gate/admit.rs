//! Judges a call before anything is sent. What must be waited for is done here: a token of the
//! guard against loops, and whose the account is, where policy goes by that.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index, Models, Operation, Service};
use aws_dynamic::model::terms::EndpointDiscovery;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::admitted::{Admitted, Asked, Purpose, Target, UNDETERMINED, not_denied};
use super::approval::Answered;
use super::approval::look::Look;
use super::approval::matter::Change;
use super::approve::{Settled, Turn};
use super::ask::{ApprovalRequired, FormAsked, Person};
use super::entry::Tx;
use super::policies::Snapshot;
use super::verdict::{Judgement, RoleOrigin, Verdict};
use super::{Gate, broken_index};
use crate::accounts::{Requested, Session, Sessions};
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

/// The operations that arguments have named, by their names: as long as the process, since there are
/// only so many.
static NAMED: Mutex<BTreeMap<String, Operations>> = Mutex::new(BTreeMap::new());

impl Operations {
    pub const NONE: Self = Self { needed: &[], parts: &[] };

    /// What a plan of one operation may call: the operation itself, which the wire lets through as a dry
    /// run at most, and IAM's opinion of it.
    pub fn planned(service: &Service, operation: &Operation) -> Self {
        let one = Self::one(service, operation);
        let name = format!("plan {}:{}", service.name(), operation.name());
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        *named.entry(name).or_insert_with(|| {
            let parts = one.parts.iter().copied().chain(["iam:SimulatePrincipalPolicy"]);
            Self { needed: one.needed, parts: Vec::leak(parts.collect()) }
        })
    }

    /// One operation, and the one by which its service is asked for endpoints.
    pub fn one(service: &Service, operation: &Operation) -> Self {
        let name = format!("{}:{}", service.name(), operation.name());
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operations) = named.get(&name) {
            return *operations;
        }
        let model = Models::get().ok().and_then(|models| models.service(service.name())?.ok());
        let discovered = model.and_then(|model| {
            let own = model.operation(operation.name())?.endpoint_discovery();
            let mut all = model.operations();
            let is_asked = own == Some(EndpointDiscovery::Required);
            all.find(|one| is_asked && one.is_endpoint_operation())
        });
        let part = discovered.map(|part| format!("{}:{}", service.name(), part.name()));
        let parts = part.filter(|part| *part != name).map(leaked);
        let operations = Self {
            needed: Vec::leak(vec![leaked(name.clone())]),
            parts: Vec::leak(parts.into_iter().collect()),
        };
        named.insert(name, operations);
        operations
    }

    /// Every operation that may be called.
    pub fn all(self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.parts).copied()
    }
}

fn leaked(name: String) -> &'static str {
    name.leak()
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

/// A call as far as it can be judged before a person is asked.
pub(super) struct Judged {
    pub admitted: Admitted,
    /// What asks: the operation where it is one, with its effect in this call.
    pub asked: Vec<Asked>,
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
                self.on_record(recording.on_error).await?;
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
        let (more, changes) = admitted.judge(self, policies, index)?;
        asked.extend(more);
        if !asked.is_empty() {
            asked.extend(changes);
            asked.extend(admitted.asked_parts(self, policies, index));
        } else if call.effect > Effect::Read {
            // What a person has said no to is refused where they would not be asked, too.
            let names = changes.iter().filter_map(|(one, _)| Some(one.as_ref()?.0.clone()));
            let mut operations: Vec<String> = names.collect();
            if operations.is_empty() {
                operations.push(call.tool.to_owned());
            }
            let account = admitted.target.accounts.first().map(String::as_str);
            let resources = &call.resources;
            self.approvals.refuse(&Change { operations: &operations, resources, account })?;
        }
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
        asked: &mut Vec<Asked>,
    ) -> Result<Target> {
        let mut target = Target {
            region: session.region.as_ref().map(ToString::to_string),
            profile: session.profile().map(str::to_owned),
            ..Target::default()
        };
        let mut judge = |target: &Target| -> Result<()> {
            let judged = self.judge_sign_in(policies, target)?;
            let is_new = asked.iter().all(|(_, one)| one.reason != judged.reason);
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
