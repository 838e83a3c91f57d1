//! The audit log: what was asked and done, in files that show when something in them was changed.
//!
//! `<state>/audit/` holds a chain of records per process. Each record carries the hash of the one
//! before it; the first of a file that of another file's; `tips` says where each ends. One thread
//! writes; a call that changes AWS waits until its intent is on disk.

mod chain;
mod content;
mod folder;
mod line;
mod prune;
mod queue;
mod record;
mod search;
mod standing;
mod tips;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc as threads};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{OnceCell, mpsc, oneshot};

pub use folder::outlive_file_limits;
pub use record::{Always, Approved, Copied, Ended, Event, Record};
pub use search::{Found, MOST_FOUND, Query, moment, search};
pub use standing::{Found as Verified, Standing, Tip};
pub use verify::Report;

use crate::config::Clock;
use folder::Folder;
use queue::{Item, Shared};
use record::{Dated, timestamp};

/// One per process. Dropping it writes what was noted, but no end.
pub struct Audit {
    shared: Arc<Shared>,
    keep: Arc<Keep>,
    begun: OnceCell<()>,
}

/// Why a record is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct Unwritten(pub String);

/// Records that a copy may be behind.
const MOST_COPIES: usize = 10_000;

/// How long somebody who looks for a record waits for those that are not written yet.
const SETTLE: Duration = Duration::from_secs(2);

/// How long the end may take.
const END: Duration = Duration::from_millis(500);

/// For how long files are kept, and whether what is there was verified.
#[derive(Default)]
struct Keep {
    /// 0 keeps all.
    days: AtomicU32,
    is_verified: AtomicBool,
}

impl Audit {
    /// Opens nothing yet: the file of this process is made with its first call. Records go to
    /// `audit` below `state`; without it none can be written.
    pub fn new(state: Option<PathBuf>, clock: Clock, always: Always) -> Self {
        let shared = Arc::new(Shared::new(state, clock, always));
        Self { shared, keep: Arc::default(), begun: OnceCell::new() }
    }

    /// Makes the file of this process, once, so that its first call knows too whether it can be recorded.
    pub async fn begin(&self) {
        let begin = || async {
            let (told, wait) = oneshot::channel();
            if self.shared.push(Item::Begin(told)).is_ok() {
                // A disk that hangs shows by then as well.
                let _ = tokio::time::timeout(SETTLE, wait).await;
            }
        };
        self.begun.get_or_init(begin).await;
    }

    /// Leaves a record to be written soon. Waits only where 10,000 are waiting already, and 5 s at most.
    pub fn note(&self, record: Record) {
        // What is lost is counted.
        let _ = self.shared.push(item(&self.shared, record, None));
    }

    /// The same, and completes when the record is on disk.
    ///
    /// # Errors
    /// When it cannot be.
    pub async fn commit(&self, record: Record) -> Result<(), Unwritten> {
        let (written, wait) = oneshot::channel();
        self.shared.push(item(&self.shared, record, Some(written)))?;
        wait.await.unwrap_or_else(|_| Err(Unwritten("the process ends".to_owned())))
    }

    /// Completes when what was noted so far stands in its file, or after two seconds.
    pub async fn settled(&self) {
        let (told, wait) = oneshot::channel();
        if self.shared.runs() && self.shared.push(Item::Settle(told)).is_ok() {
            let _ = tokio::time::timeout(SETTLE, wait).await;
        }
    }

    /// How it stands at this moment.
    pub fn standing(&self) -> Standing {
        let dropped = self.shared.copies_dropped.load(Ordering::Relaxed);
        self.shared.written().standing(dropped)
    }

    /// Why records cannot be written at this moment, where the last attempt failed.
    pub fn problem(&self) -> Option<String> {
        self.shared.written().problem.clone()
    }

    /// Verifies in the background what is there, and tells it; notes the intents of earlier processes
    /// that nobody knows the outcome of; takes away what is older than records are kept.
    pub fn look_back(&self) {
        let (shared, keep) = (self.shared.clone(), self.keep.clone());
        in_background(move || look_back(&shared, &keep));
    }

    /// How many days records are kept; without it they are kept for ever.
    pub fn set_keep_days(&self, days: u32) {
        let before = self.keep.days.swap(days, Ordering::SeqCst);
        // Before, looking back takes away what is too old.
        if before != days && self.keep.is_verified.load(Ordering::SeqCst) {
            self.look_back();
        }
    }

    /// Writes the last record and returns what to keep of it; nothing where nothing was written, or
    /// the disk takes more than half a second. Nothing can be written afterwards.
    pub fn finish(&self) -> Option<Tip> {
        let (told, wait) = threads::sync_channel(1);
        let tip = match self.shared.has_begun() && self.shared.push(Item::Finish(told)).is_ok() {
            true => wait.recv_timeout(END).ok().flatten(),
            false => None,
        };
        self.shared.close();
        tip
    }

    /// A copy of every line that is written from now on, without its end. Who falls behind by 10,000
    /// misses some; `standing` counts them.
    pub fn copies(&self) -> mpsc::Receiver<Copied> {
        let (sender, receiver) = mpsc::channel(MOST_COPIES);
        self.shared.add_copies(sender);
        receiver
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Verifies what lies below a state folder.
///
/// # Errors
/// Where the folder is not there or is not safe, or a file cannot be read.
pub fn verify(state: &Path) -> std::io::Result<Report> {
    Ok(verify::look(&Folder::open(state)?)?.0)
}

/// A record as it stands in its file.
pub fn ascii(record: &Value) -> String {
    line::ascii(record).unwrap_or_default()
}

fn item(
    shared: &Shared,
    record: Record,
    waiting: Option<oneshot::Sender<Result<(), Unwritten>>>,
) -> Item {
    let mut dated = Dated { ts: timestamp(shared.clock.now()), record };
    line::fit(&mut dated);
    Item::Record(Box::new(dated), waiting)
}

fn in_background(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name("audit-look".to_owned()).spawn(work) {
        tracing::warn!(%error, "the audit log is not verified");
    }
}

fn look_back(shared: &Arc<Shared>, keep: &Keep) {
    let Some(state) = &shared.state else { return };
    let looked = Folder::open(state).and_then(|folder| Ok((verify::look(&folder)?, folder)));
    let ((report, chains), folder) = match looked {
        Ok(looked) => looked,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            shared.written().found = Some(Verified::of(&Report::default(), 0));
            keep.is_verified.store(true, Ordering::SeqCst);
            return;
        }
        Err(error) => {
            tracing::error!(%error, "the audit log cannot be verified");
            shared.written().found = Some(Verified::unreadable(&error));
            return;
        }
    };
    let open: Vec<&Map<String, Value>> = report
        .unanswered
        .iter()
        .filter(|(file, _)| !folder.is_in_use(file))
        .map(|(_, intent)| intent)
        .collect();
    shared.written().found = Some(Verified::of(&report, open.len()));
    for intent in &open {
        let _ = shared.push(item(shared, unknown(intent), None));
    }
    let tip = report.tip.as_ref().map(ToString::to_string).unwrap_or_default();
    if let Some(flaw) = &report.flaw {
        // Nothing is taken away that may tell what happened.
        tracing::error!(%flaw, tip, "the audit log was changed");
        return;
    }
    let (records, files, open) = (report.records, report.files, open.len());
    tracing::info!(records, files, open_intents = open, tip, "the audit log is intact");
    keep.is_verified.store(true, Ordering::SeqCst);
    let days = keep.days.load(Ordering::SeqCst);
    let span = Duration::from_secs(u64::from(days) * 86_400);
    if let Some(until) = shared.clock.now().checked_sub(span).filter(|_| days > 0) {
        let old = prune::old(chains, &timestamp(until));
        if !old.is_empty() {
            let _ = shared.push(Item::Prune(old));
        }
    }
}

/// Says of an intent that nobody will hear how it ended.
fn unknown(intent: &Map<String, Value>) -> Record {
    let text = |name| intent.get(name).and_then(Value::as_str).map(str::to_owned);
    let resource = intent.get("resource").and_then(Value::as_array);
    let effect = text("effect").and_then(|word| aws_dynamic::catalog::Effect::of_word(&word));
    Record {
        tx_id: text("tx_id"),
        op_id: text("op_id"),
        tool: text("tool"),
        service: text("service"),
        operation: text("operation"),
        effect,
        account: text("account"),
        region: text("region"),
        principal: text("principal"),
        resource: resource
            .into_iter()
            .flatten()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect(),
        result: Some(Ended::Unknown),
        note: Some("its process ended before the outcome was recorded".to_owned()),
        ..Record::of(Event::Unknown)
    }
}

#[cfg(test)]
mod tests;
