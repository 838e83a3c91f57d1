//! What goes on record of a call, and of each AWS operation in it: a read by one record once it is
//! over, a change by its intent, which is on disk before the request leaves, and by its outcome.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{OnceCell, watch};

use super::admitted::Admitted;
use super::approval::{self, Happened};
use super::audit::{self, Approved, Audit, Ended, Event, Record};
use super::{Effect, Gate, Operations, code};
use crate::accounts::{Loaded, Session};
use crate::config::OnError;
use crate::error::{Error, Kind, Result};

/// How long an intent waits for whose account it is about.
const WHOSE: Duration = Duration::from_secs(3);
/// Credentials that are remembered as recorded.
const MOST_SEEN: usize = 1_000;
/// How long the end of the process waits for what was sent, at most.
const LAST_WORDS: Duration = Duration::from_millis(1_500);
/// How long it waits for the copy of the record, and for all of it.
const LAST_COPIES: Duration = Duration::from_millis(700);
const END: Duration = Duration::from_millis(1_800);

/// One call of a tool, as all its records name it.
pub struct Tx {
    pub id: String,
    tool: &'static str,
    effect: Effect,
    client: Option<(String, String)>,
    /// Masked.
    parameters: Value,
    resources: Vec<String>,
    /// Records so far.
    count: AtomicU32,
    /// A refusal is among them.
    denied: AtomicBool,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    Done,
    /// With a question to a person.
    Asked,
    Failed(&'a Error),
}

/// One AWS operation under way.
#[derive(Debug)]
pub(super) struct Entry {
    gate: Arc<Gate>,
    admitted: Arc<Admitted>,
    op_id: String,
    service: &'static str,
    operation: &'static str,
    effect: Effect,
    region: String,
    rule: String,
    begun: Duration,
    attempts: AtomicU32,
    /// The intent: written once, however many attempts there are.
    intent: OnceCell<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The intent is on its way to the disk, or there.
    intended: bool,
    /// A request has left.
    sent: bool,
    /// A request is under way.
    sending: bool,
    /// What AWS said first: status and request id.
    heard: Option<(u16, Option<String>)>,
    /// Nobody waits for the answer any more.
    abandoned: bool,
    /// The outcome is on record.
    over: bool,
}

/// How an operation ended, as far as it shows.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub failed: Option<Kind>,
    pub error_code: Option<String>,
    pub http_status: Option<u16>,
    pub request_id: Option<String>,
}

/// Changes whose outcome is not known yet.
#[derive(Debug, Default)]
pub(super) struct Open(watch::Sender<HashMap<String, Arc<Entry>>>);

impl Gate {
    /// Begins the record of a call.
    ///
    /// # Errors
    /// `internal_error` where the system gives no random numbers.
    pub fn begin(
        &self,
        tool: &'static str,
        effect: Effect,
        operations: Operations,
        client: Option<(String, String)>,
        arguments: &Map<String, Value>,
        resources: Vec<String>,
    ) -> Result<Arc<Tx>> {
        Ok(Arc::new(Tx {
            id: code::id("tx")?,
            tool,
            effect,
            client,
            parameters: Value::Object(self.masked(operations, arguments.clone())),
            // They are the arguments' words too.
            resources: resources.into_iter().map(|resource| self.said(resource)).collect(),
            count: AtomicU32::new(0),
            denied: AtomicBool::new(false),
        }))
    }

    /// Ends it: a refusal is put on record, and what called no AWS operation.
    pub fn ended(&self, tx: &Tx, ending: Ending<'_>, took: Duration) {
        let error = match ending {
            Ending::Done | Ending::Asked => None,
            Ending::Failed(error) => Some(error),
        };
        let denied = error.filter(|error| error.kind == Kind::DeniedByPolicy);
        let is_told = match denied {
            Some(_) => tx.denied.load(Ordering::Acquire),
            None => tx.count.load(Ordering::Acquire) > 0,
        };
        if is_told {
            return;
        }
        let result = match ending {
            Ending::Asked => None,
            Ending::Done => Some(Ended::Done),
            Ending::Failed(error) => Some(match error.kind {
                Kind::DeniedByPolicy => Ended::Denied,
                Kind::OutcomeUnknown => Ended::Unknown,
                _ => Ended::Failed,
            }),
        };
        self.audit.note(Record {
            effect: Some(tx.effect),
            result,
            error_code: error.map(|error| error.kind.word().to_owned()),
            policy_rule: denied.and_then(|error| error.cause.clone()),
            duration_ms: Some(milliseconds(took)),
            note: (result.is_none()).then(|| "a person has not answered yet".to_owned()),
            ..tx.record(if denied.is_some() { Event::Denied } else { Event::Call })
        });
    }

    /// Puts an operation on record that the wire refused.
    pub(super) fn refused(
        &self,
        admitted: &Admitted,
        names: (&'static str, &'static str),
        error: &Error,
    ) {
        if error.kind != Kind::DeniedByPolicy {
            return;
        }
        let (account, principal) = admitted.whose();
        admitted.tx.denied.store(true, Ordering::Release);
        self.audit.note(Record {
            service: Some(names.0.to_owned()),
            operation: Some(names.1.to_owned()),
            account,
            principal,
            result: Some(Ended::Denied),
            error_code: Some(error.kind.word().to_owned()),
            policy_rule: error.cause.clone(),
            ..admitted.tx.record(Event::Denied)
        });
    }

    /// A session's credentials; which they are goes on record when others than before are used.
    pub(super) async fn sign_in(
        &self,
        session: &Session,
        begun: Duration,
        tx: &Tx,
    ) -> Result<Loaded> {
        let loaded = session.credentials(begun).await;
        let key = loaded.as_ref().ok().map(|loaded| loaded.credentials.access_key_id());
        let is_new = {
            let mut seen = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.len() >= MOST_SEEN {
                seen.clear();
            }
            key.is_none_or(|key| seen.insert((session.source().to_owned(), key.to_owned())))
        };
        if is_new {
            let mut note = vec![format!("source {}", session.source())];
            note.extend(session.profile().map(|profile| format!("profile {profile}")));
            note.extend(session.roles().iter().map(|role| format!("role {role}")));
            let account = loaded.as_ref().ok().and_then(|loaded| loaded.account());
            self.audit.note(Record {
                account: account.map(str::to_owned),
                principal: loaded.as_ref().ok().and_then(|loaded| loaded.principal.clone()),
                result: Some(if loaded.is_ok() { Ended::Done } else { Ended::Failed }),
                error_code: loaded.as_ref().err().map(|error| error.kind.word().to_owned()),
                note: Some(note.join(", ")),
                parameters: None,
                resource: Vec::new(),
                ..tx.record(Event::Credentials)
            });
        }
        loaded
    }

    /// Refuses a call where the record cannot be written and policy has everything refused then.
    pub(super) async fn on_record(&self, on_error: OnError) -> Result<()> {
        self.audit.begin().await;
        match (on_error, self.audit.problem()) {
            (OnError::Deny, Some(problem)) => Err(unwritten(&problem)),
            (OnError::Deny, None) | (OnError::Warn, _) => Ok(()),
        }
    }

    /// What to tell of a call that went on although it may not be on record.
    pub fn warning(&self) -> Option<String> {
        let problem = self.audit.problem()?;
        Some(format!(
            "The audit log cannot be written, so this call may not be on record: {problem}"
        ))
    }

    /// Records of what was asked and done, what came just before included; none where there is no log.
    ///
    /// # Errors
    /// `execution_error` where it cannot be read.
    pub async fn search_audit(&self, query: audit::Query) -> Result<audit::Found> {
        self.audit.settled().await;
        let Some(state) = self.state_dir.clone() else { return Ok(audit::Found::default()) };
        let found = tokio::task::spawn_blocking(move || audit::search(&state, &query)).await;
        match found.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(found) => Ok(found),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Default::default()),
            Err(error) => Err(Error::new(
                Kind::ExecutionError,
                "the audit log cannot be read.",
                "Tell the person to run `aws-mcp audit verify`.",
            )
            .caused_by(error)),
        }
    }

    /// The process is about to end; its time counts from here.
    pub fn ends(&self) -> Duration {
        self.sink.hurry();
        *self.ending.get_or_init(|| self.clock.elapsed())
    }

    /// The end of the process: waits for what was sent, puts on record what is not known, and closes
    /// the record.
    pub async fn end(&self) {
        let begun = self.ends();
        let left = |time: Duration| time.saturating_sub(self.clock.elapsed().saturating_sub(begun));
        let mut open = self.open_changes.0.subscribe();
        let _ = tokio::time::timeout(left(LAST_WORDS), open.wait_for(HashMap::is_empty)).await;
        let rest: Vec<Arc<Entry>> = self.open_changes.0.borrow().values().cloned().collect();
        for entry in rest {
            entry.record(
                Event::Unknown,
                Ended::Unknown,
                Outcome::default(),
                Some("the server ended"),
            );
        }
        if let Some(tip) = self.audit.finish() {
            tracing::info!(tip = %tip, "the audit log ends");
        }
        self.sink.finish(left(END).min(LAST_COPIES)).await;
    }
}

impl Tx {
    fn record(&self, event: Event) -> Record {
        self.count.fetch_add(1, Ordering::AcqRel);
        let (client, version) = self.client.clone().unzip();
        Record {
            tx_id: Some(self.id.clone()),
            client,
            version,
            tool: Some(self.tool.to_owned()),
            resource: self.resources.clone(),
            parameters: Some(self.parameters.clone())
                .filter(|p| p.as_object().is_none_or(|p| !p.is_empty())),
            ..Record::of(event)
        }
    }
}

impl Entry {
    pub fn begin(
        gate: &Arc<Gate>,
        admitted: &Arc<Admitted>,
        names: (&'static str, &'static str),
        effect: Effect,
        region: &str,
        rule: String,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            gate: gate.clone(),
            admitted: admitted.clone(),
            op_id: code::id("op")?,
            service: names.0,
            operation: names.1,
            effect,
            region: region.to_owned(),
            rule,
            begun: gate.clock.elapsed(),
            attempts: AtomicU32::new(0),
            intent: OnceCell::new(),
            state: Mutex::default(),
        }))
    }

    /// One more attempt.
    pub fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::AcqRel);
    }

    /// Puts on disk what is about to be sent.
    ///
    /// # Errors
    /// `denied_by_policy` where it cannot be written: then nothing may be sent.
    pub async fn intend(self: &Arc<Self>) -> Result<()> {
        let write = || async {
            // Whose the credentials are is asked beside the first call; a change says it.
            if let (Ok(session), Some(loaded)) = (self.admitted.session(), self.admitted.loaded()) {
                let asked = self.gate.account_of(session, loaded);
                let _ = tokio::time::timeout(WHOSE, asked).await;
            }
            self.lock().intended = true;
            let intent = self.base(Event::Intent);
            self.gate.audit.commit(intent).await.map_err(|problem| unwritten(&problem.0))?;
            self.gate.open_changes.0.send_modify(|open| {
                open.insert(self.op_id.clone(), self.clone());
            });
            Ok(())
        };
        self.intent.get_or_try_init(write).await.map(drop)
    }

    /// A request is about to leave, and says by `heard` or `lost` what became of it.
    pub fn sending(&self) {
        let mut state = self.lock();
        state.sent = true;
        state.sending = true;
        state.heard = None;
    }

    /// AWS answered; its words may still be coming.
    pub fn heard(&self, status: u16, request_id: Option<&str>) {
        let mut state = self.lock();
        state.heard = Some((status, request_id.map(str::to_owned)));
        state.sending = false;
        let abandoned = state.abandoned;
        drop(state);
        if abandoned {
            self.outcome_of_abandoned();
        }
    }

    /// The request came to nothing, as far as it shows here.
    pub fn lost(&self) {
        let mut state = self.lock();
        state.sending = false;
        let abandoned = state.abandoned;
        drop(state);
        if abandoned {
            self.outcome_of_abandoned();
        }
    }

    /// The operation is over, one way or another.
    pub fn over(&self, outcome: Outcome) {
        let (is_change, sent) = {
            let state = self.lock();
            (state.intended, state.sent)
        };
        let ended = match outcome.failed {
            None => Ended::Done,
            // AWS may have done it all the same.
            Some(_) if is_change && sent && !is_refusal(outcome.http_status) => Ended::Unknown,
            Some(Kind::DeniedByPolicy) => Ended::Denied,
            Some(_) => Ended::Failed,
        };
        if ended == Ended::Unknown && self.is_left_to_the_sender() {
            return;
        }
        let event = if is_change { Event::Outcome } else { Event::Read };
        self.record(event, ended, outcome, None);
    }

    /// Nobody waits for it any more: the call was cancelled, or its time is over.
    pub fn abandon(&self) {
        let (over, intended, sent) = {
            let state = self.lock();
            (state.over, state.intended, state.sent)
        };
        if over {
            return;
        }
        let cancelled = Outcome { failed: Some(Kind::Cancelled), ..Outcome::default() };
        match (intended, sent) {
            (false, _) => return self.record(Event::Read, Ended::Failed, cancelled, None),
            (true, false) => {
                return self.record(
                    Event::Outcome,
                    Ended::Failed,
                    cancelled,
                    Some("it was not sent"),
                );
            }
            (true, true) => {}
        }
        if !self.is_left_to_the_sender() {
            self.outcome_of_abandoned();
        }
    }

    /// Whether a request is under way still, which will tell what nobody here waits for.
    fn is_left_to_the_sender(&self) -> bool {
        let mut state = self.lock();
        state.abandoned = true;
        state.sending
    }

    fn outcome_of_abandoned(&self) {
        let heard = self.lock().heard.clone();
        let (status, request_id) = heard.unzip();
        let ended = match status {
            Some(200..300) => Ended::Done,
            Some(400..500) => Ended::Failed,
            Some(_) | None => Ended::Unknown,
        };
        let outcome =
            Outcome { http_status: status, request_id: request_id.flatten(), ..Outcome::default() };
        self.record(Event::Outcome, ended, outcome, Some("nobody waited for the answer any more"));
    }

    /// Once.
    fn record(&self, event: Event, ended: Ended, outcome: Outcome, note: Option<&str>) {
        let mut state = self.lock();
        if state.over {
            return;
        }
        state.over = true;
        drop(state);
        let took = self.gate.clock.elapsed().saturating_sub(self.begun);
        self.gate.audit.note(Record {
            result: Some(ended),
            error_code: outcome.error_code.or(outcome.failed.map(|kind| kind.word().to_owned())),
            http_status: outcome.http_status,
            aws_request_id: outcome.request_id,
            attempts: Some(self.attempts.load(Ordering::Acquire)),
            duration_ms: Some(milliseconds(took)),
            note: note.map(str::to_owned),
            ..self.base(event)
        });
        self.gate.open_changes.0.send_if_modified(|open| open.remove(&self.op_id).is_some());
    }

    fn base(&self, event: Event) -> Record {
        let (account, principal) = self.admitted.whose();
        let approval = self.admitted.approval();
        Record {
            op_id: Some(self.op_id.clone()),
            service: Some(self.service.to_owned()),
            operation: Some(self.operation.to_owned()),
            effect: Some(self.effect),
            account,
            region: Some(self.region.clone()).filter(|region| !region.is_empty()),
            principal,
            policy_rule: Some(self.rule.clone()),
            approval: approval.map(|approval| Approved {
                way: approval.way.word().to_owned(),
                id: Some(approval.id.clone()),
            }),
            ..self.admitted.tx.record(event)
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends an operation's record when whoever runs it is gone.
#[derive(Debug)]
pub(super) struct Kept(pub Arc<Entry>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// What happened to a question, on record.
pub(super) fn note(audit: &Audit, happened: Happened<'_>) {
    let Happened { event, id, matter, way, note } = happened;
    let event = match event {
        approval::Event::Asked => Event::Question,
        approval::Event::Yes => Event::Yes,
        approval::Event::No => Event::No,
        approval::Event::Expired => Event::Expired,
        approval::Event::Revoked => Event::Revoked,
    };
    let base = match &matter.tx {
        Some(tx) => tx.record(event),
        None => Record::of(event),
    };
    audit.note(Record {
        tool: Some(matter.tool.to_owned()),
        operation: Some(matter.operations.join(", ")),
        effect: Some(matter.effect),
        account: matter.account.clone(),
        region: matter.region.clone(),
        principal: matter.principal.clone(),
        resource: matter.resources.clone(),
        policy_rule: Some(matter.rule.clone()),
        approval: Some(Approved {
            way: way.map_or("none", crate::config::Way::word).to_owned(),
            id: Some(id.to_owned()),
        }),
        note: note.map(str::to_owned),
        ..base
    });
}

/// Whether AWS surely did not do it.
fn is_refusal(status: Option<u16>) -> bool {
    status.is_some_and(|status| (400..500).contains(&status))
}

fn unwritten(problem: &str) -> Error {
    Error::new(
        Kind::DeniedByPolicy,
        format!("the audit log cannot be written, so nothing is done: {problem}."),
        "Tell the person: the disk may be full, or the state folder not writable. \
         `aws_server_status` shows when it is well again.",
    )
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
