//! The copy of the audit log in CloudWatch Logs, where policy names a log group: what is there, nobody
//! who owns this machine can rebuild. It goes on in the background, and no call waits for it.

mod stream;
mod waiting;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use super::Gate;
use super::audit::Copied;
use crate::accounts::Session;
use crate::error::Result;
use stream::{Refused, Stream};
use waiting::{Event, Waiting};

/// One per process: nothing until the policies were read once, then what they said of a copy.
#[derive(Default)]
pub(super) struct Sink(OnceLock<Option<Running>>);

// How the copy stands. The doc comments of the members are for whoever reads the schema.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct CopyStanding {
    log_group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_stream: Option<String>,
    /// Records that CloudWatch Logs has
    sent: u64,
    /// Records that are to be sent
    waiting: u64,
    /// Records that will not be sent
    lost: u64,
    /// Why the last attempt failed
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Where credentials come from.
pub(super) type Sign = Box<dyn Fn() -> Result<Arc<Session>> + Send + Sync>;

/// How long the first record waits for others to be sent with it.
const GATHER: Duration = Duration::from_secs(2);
/// Pauses after failures, each twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

struct Running {
    copy: Arc<Copy>,
    phase: watch::Sender<Phase>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the task does with what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for more.
    Gathers,
    /// The process ends: sends at once.
    Hurries,
    /// Nothing comes any more: sends what there is, once.
    Ends,
}

struct Copy {
    state: Mutex<State>,
    /// Something came.
    news: Notify,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    standing: CopyStanding,
}

impl Gate {
    /// Starts to copy the audit log where the policy names a log group. What the first readable
    /// policies say holds until the process ends: a file that changes later starts nothing that
    /// sends data out, and stops nothing that shows what was done.
    pub fn copy_audit(
        self: &Arc<Self>,
        sign: impl Fn() -> Result<Arc<Session>> + Send + Sync + 'static,
    ) {
        if self.sink.0.get().is_some() {
            return;
        }
        let Ok(policies) = self.policies.current() else { return };
        let group = policies.audit().log_group;
        self.sink.0.get_or_init(|| group.map(|group| self.start_copy(group, Box::new(sign))));
    }

    fn start_copy(self: &Arc<Self>, group: String, sign: Sign) -> Running {
        let standing = CopyStanding { log_group: group.clone(), ..CopyStanding::default() };
        let state = Mutex::new(State { standing, ..State::default() });
        let copy = Arc::new(Copy { state, news: Notify::new() });
        let (phase, seen) = watch::channel(Phase::Gathers);
        let lines = self.audit.copies();
        let stream = Stream::new(self.clone(), sign, group);
        let collecting = tokio::spawn(collect(copy.clone(), lines, seen.clone()));
        let task = tokio::spawn(send(copy.clone(), stream, seen, collecting));
        Running { copy, phase, task: Mutex::new(Some(task)) }
    }
}

impl Sink {
    /// How it stands, where there is one.
    pub fn standing(&self) -> Option<CopyStanding> {
        Some(self.running()?.copy.standing())
    }

    /// From now on what comes is sent at once.
    pub fn hurry(&self) {
        if let Some(running) = self.running() {
            running.phase.send_replace(Phase::Hurries);
        }
    }

    /// Sends what there is, within a limit. Nothing may be written to the audit log any more.
    pub async fn finish(&self, limit: Duration) {
        let Some(running) = self.running() else { return };
        running.phase.send_replace(Phase::Ends);
        let task = running.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        let abort = task.abort_handle();
        if tokio::time::timeout(limit, task).await.is_err() {
            abort.abort();
        }
        let CopyStanding { waiting, lost, problem, .. } = running.copy.standing();
        let missing = waiting + lost;
        if missing > 0 {
            tracing::warn!(missing, problem, "the copy of the audit log is not whole");
        }
    }

    fn running(&self) -> Option<&Running> {
        self.0.get()?.as_ref()
    }
}

impl Copy {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> CopyStanding {
        self.lock().standing.clone()
    }

    fn push(&self, line: Copied) {
        let mut state = self.lock();
        match state.waiting.push(line) {
            Ok(()) => state.standing.waiting += 1,
            Err(waiting::Full) => state.standing.lost += 1,
        }
        drop(state);
        self.news.notify_one();
    }

    /// Completes when what waits is as the test wants it.
    async fn until(&self, is: impl Fn(&Waiting) -> bool) {
        while !is(&self.lock().waiting) {
            self.news.notified().await;
        }
    }

    /// These are gone from here; so many of them AWS did not take.
    fn done(&self, batch: &[Event], lost: usize, problem: Option<String>) {
        let mut state = self.lock();
        let (all, lost) = (batch.len() as u64, lost as u64);
        state.standing.waiting = state.standing.waiting.saturating_sub(all);
        state.standing.sent += all.saturating_sub(lost);
        state.standing.lost += lost;
        state.standing.problem = problem;
    }

    fn failed(&self, problem: &str) {
        let before = self.lock().standing.problem.replace(problem.to_owned());
        if before.as_deref() != Some(problem) {
            tracing::warn!(problem, "the audit log is not copied");
        }
    }
}

/// Takes every line at once, so that what waits is bounded here, by its bytes too.
async fn collect(
    copy: Arc<Copy>,
    mut lines: mpsc::Receiver<Copied>,
    mut phase: watch::Receiver<Phase>,
) {
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            _ = phase.wait_for(|phase| *phase == Phase::Ends) => None,
        };
        let Some(line) = line else { break };
        copy.push(line);
    }
    while let Ok(line) = lines.try_recv() {
        copy.push(line);
    }
}

async fn send(
    copy: Arc<Copy>,
    mut stream: Stream,
    mut phase: watch::Receiver<Phase>,
    collecting: JoinHandle<()>,
) {
    loop {
        let mut changes = phase.clone();
        tokio::select! {
            () = copy.until(|waiting| !waiting.is_empty()) => {}
            _ = changes.wait_for(|phase| *phase == Phase::Ends) => break,
        }
        tokio::select! {
            () = tokio::time::sleep(GATHER) => {}
            () = copy.until(Waiting::is_a_batch) => {}
            _ = changes.wait_for(|phase| *phase != Phase::Gathers) => {}
        }
        deliver(&copy, &mut stream, &mut phase).await;
    }
    // All of the rest is here when this is over.
    let _ = collecting.await;
    while !copy.lock().waiting.is_empty() {
        deliver(&copy, &mut stream, &mut phase).await;
    }
}

/// Sends one batch, again and again until AWS has it, or surely does not want it, or all is over.
async fn deliver(copy: &Copy, stream: &mut Stream, phase: &mut watch::Receiver<Phase>) {
    let batch = copy.lock().waiting.take();
    let mut pause = FIRST_PAUSE;
    loop {
        let now = *phase.borrow_and_update();
        let problem = match stream.put(&batch).await {
            Ok(refused) => {
                let problem = (refused > 0)
                    .then(|| format!("CloudWatch Logs refused {refused} records by their time."));
                copy.lock().standing.log_stream = stream.name().map(str::to_owned);
                return copy.done(&batch, refused, problem);
            }
            Err(Refused::ForEver(problem)) => {
                copy.failed(&problem);
                return copy.done(&batch, batch.len(), Some(problem));
            }
            Err(Refused::ForNow(problem)) => problem,
        };
        copy.failed(&problem);
        if now == Phase::Ends {
            return copy.done(&batch, batch.len(), Some(problem));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = phase.changed() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_is_counted() {
        let copy = Copy { state: Mutex::default(), news: Notify::new() };
        (0..10_003).for_each(|_| copy.push(Copied::from("{}")));
        let standing = copy.standing();
        assert_eq!((standing.waiting, standing.lost, standing.sent), (10_000, 3, 0));
        let batch = copy.lock().waiting.take();
        copy.done(&batch, 2, None);
        let standing = copy.standing();
        assert_eq!((standing.waiting, standing.lost, standing.sent), (0, 5, 9_998));
    }

    #[tokio::test]
    async fn every_line_is_taken_before_the_end() {
        let copy = Arc::new(Copy { state: Mutex::default(), news: Notify::new() });
        let (lines, receiver) = mpsc::channel(1_000);
        let (_phase, seen) = watch::channel(Phase::Ends);
        (0..1_000).for_each(|_| lines.try_send(Copied::from("{}")).unwrap());
        collect(copy.clone(), receiver, seen).await;
        assert_eq!(copy.standing().waiting, 1_000);
    }
}
