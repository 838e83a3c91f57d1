//! What was noted and is not written yet, and what the thread that writes tells of itself.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::content::Content;
use super::record::{Always, Copied, Dated};
use super::standing::{Tip, Written};
use super::{Unwritten, writer};
use crate::config::Clock;

/// What the writer and those who note have in common.
pub struct Shared {
    pub state: Option<PathBuf>,
    pub clock: Clock,
    pub always: Always,
    queue: Mutex<Queue>,
    /// For the writer: something is there.
    some: Condvar,
    /// For those who note: there is room again.
    room: Condvar,
    written: Mutex<Written>,
    copies: Mutex<Vec<mpsc::Sender<Copied>>>,
    pub copies_dropped: AtomicU64,
}

/// What the writer is given to do.
pub enum Item {
    /// A file to be made, without a record to put into it yet.
    Begin(oneshot::Sender<()>),
    Record(Box<Dated>, Option<oneshot::Sender<Result<(), Unwritten>>>),
    Prune(Vec<Content>),
    /// Says when all that came before is written.
    Settle(oneshot::Sender<()>),
    Finish(SyncSender<Option<Tip>>),
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    thread: Thread,
}

#[derive(Default, PartialEq, Eq)]
enum Thread {
    #[default]
    NotStarted,
    Runs,
    /// It writes what is there and takes nothing any more.
    Over,
}

const MOST_WAITING: usize = 10_000;
/// Who finds the queue full waits so long at most: a disk that hangs must not hold calls for ever.
const FULL: Duration = Duration::from_secs(5);
/// Records of one write.
const MOST_BATCH: usize = 1_000;

impl Shared {
    pub fn new(state: Option<PathBuf>, clock: Clock, always: Always) -> Self {
        let written = Written {
            problem: state.is_none().then(|| {
                "there is no folder for them: neither AWS_MCP_STATE_DIR nor HOME is set".to_owned()
            }),
            ..Written::default()
        };
        Self {
            state,
            clock,
            always,
            queue: Mutex::default(),
            some: Condvar::new(),
            room: Condvar::new(),
            written: Mutex::new(written),
            copies: Mutex::default(),
            copies_dropped: AtomicU64::new(0),
        }
    }

    /// Puts something into the queue; says no where the writer takes nothing any more.
    pub fn push(self: &Arc<Self>, item: Item) -> Result<(), Unwritten> {
        let no = |why: &str| {
            let mut written = self.written();
            written.lost += 1;
            written.problem = Some(why.to_owned());
            Err(Unwritten(why.to_owned()))
        };
        if self.state.is_none() {
            let why = self.written().problem.clone().unwrap_or_default();
            return no(&why);
        }
        let mut queue = lock(&self.queue);
        let may_wait = match &item {
            Item::Record(..) | Item::Prune(_) => true,
            Item::Begin(_) | Item::Settle(_) | Item::Finish(_) => false,
        };
        if may_wait && queue.items.len() >= MOST_WAITING {
            // Once that was in vain, nobody waits until something was written again.
            let patience = if self.written().problem.is_none() { FULL } else { Duration::ZERO };
            let full = |queue: &mut Queue| {
                queue.items.len() >= MOST_WAITING && queue.thread == Thread::Runs
            };
            queue = self
                .room
                .wait_timeout_while(queue, patience, full)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if queue.items.len() >= MOST_WAITING {
                return no("the disk does not keep up");
            }
        }
        match queue.thread {
            Thread::Runs => {}
            Thread::Over => return no("the process ends"),
            Thread::NotStarted => {
                let shared = self.clone();
                let started = std::thread::Builder::new()
                    .name("audit".to_owned())
                    .spawn(move || writer::run(shared));
                if let Err(error) = started {
                    return no(&format!("no thread for them: {error}"));
                }
                queue.thread = Thread::Runs;
            }
        }
        queue.items.push_back(item);
        drop(queue);
        self.some.notify_one();
        Ok(())
    }

    /// Whether a thread was ever needed.
    pub fn has_begun(&self) -> bool {
        lock(&self.queue).thread != Thread::NotStarted
    }

    /// Whether the thread takes what comes.
    pub fn runs(&self) -> bool {
        lock(&self.queue).thread == Thread::Runs
    }

    /// What is in the queue is the last.
    pub fn close(&self) {
        lock(&self.queue).thread = Thread::Over;
        self.some.notify_one();
        self.room.notify_all();
    }

    pub fn written(&self) -> MutexGuard<'_, Written> {
        lock(&self.written)
    }

    pub fn add_copies(&self, sender: mpsc::Sender<Copied>) {
        lock(&self.copies).push(sender);
    }

    /// What is there, or nothing when the time is over; nothing at all when the writer is to end.
    pub fn next(&self, wait: Option<Duration>) -> Option<Vec<Item>> {
        let mut queue = lock(&self.queue);
        let idle = |queue: &mut Queue| queue.items.is_empty() && queue.thread == Thread::Runs;
        queue = match wait {
            None => self.some.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => {
                self.some
                    .wait_timeout_while(queue, wait, idle)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        if queue.items.is_empty() && queue.thread == Thread::Over {
            return None;
        }
        let most = queue.items.len().min(MOST_BATCH);
        let items = queue.items.drain(..most).collect();
        self.room.notify_all();
        Some(items)
    }

    pub fn copy(&self, line: &str) {
        let mut copies = lock(&self.copies);
        if copies.is_empty() {
            return;
        }
        let line = Copied::from(line.trim_end());
        copies.retain(|copy| match copy.try_send(line.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.copies_dropped.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }
}

/// A panic while a lock was held spoils a figure at most.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
