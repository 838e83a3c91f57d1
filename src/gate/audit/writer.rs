//! The thread that writes. Whoever notes something leaves it in a queue; what is there is written with
//! one write, and one fsync for all who wait for it.

use std::collections::VecDeque;
use std::io;
use std::mem::take;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::chain::{Chain, Names};
use super::folder::{Folder, allocate};
use super::record::{Always, Copied, Dated, Event, Record, timestamp};
use super::standing::{Tip, Written};
use super::tips::State;
use super::{Unwritten, prune, verify};
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
    Record(Box<Dated>, Option<oneshot::Sender<Result<(), Unwritten>>>),
    Prune(Vec<verify::Chain>),
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
/// When records that nobody waits for are on disk.
const SOON: Duration = Duration::from_secs(1);
/// How long after a failure the next try is, where nobody waits.
const PAUSE: Duration = Duration::from_millis(100);
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const MOST_BATCH: usize = 1_000;

const RESERVE: &str = "reserve";
const RESERVED: u64 = 64 * 1024;

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
            Item::Finish(_) => false,
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
                    .spawn(move || Writer::new(shared).run());
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
    fn next(&self, wait: Option<Duration>) -> Option<Vec<Item>> {
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

    fn copy(&self, line: &str) {
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

type Waiting = oneshot::Sender<Result<(), Unwritten>>;

struct Writer {
    shared: Arc<Shared>,
    names: Names,
    folder: Option<Folder>,
    chain: Option<Chain>,
    began: bool,
    /// Records since writing failed.
    lost: u64,
    failed_at: Option<Duration>,
    /// When the oldest record was written that may not be on disk.
    unsynced: Option<Duration>,
}

impl Writer {
    fn new(shared: Arc<Shared>) -> Self {
        let start = timestamp(shared.clock.now());
        let start: String = start.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
        let names = Names { start: start + "Z", pid: std::process::id(), number: 0 };
        Self {
            shared,
            names,
            folder: None,
            chain: None,
            began: false,
            lost: 0,
            failed_at: None,
            unsynced: None,
        }
    }

    fn run(mut self) {
        loop {
            let due = self
                .unsynced
                .map(|since| (since + SOON).saturating_sub(self.shared.clock.elapsed()));
            let Some(items) = self.shared.next(due) else { break };
            let mut records = Vec::new();
            for item in items {
                match item {
                    Item::Record(dated, waiting) => records.push((*dated, waiting)),
                    Item::Prune(old) => {
                        self.write(take(&mut records));
                        self.prune(&old);
                    }
                    Item::Finish(told) => {
                        self.write(take(&mut records));
                        let _ = told.send(self.end());
                    }
                }
            }
            self.write(records);
            let now = self.shared.clock.elapsed();
            if self.unsynced.is_some_and(|since| since + SOON <= now) {
                self.sync_late();
            }
        }
        self.sync_late();
    }

    fn write(&mut self, records: Vec<(Dated, Option<Waiting>)>) {
        if records.is_empty() {
            return;
        }
        let (mut records, waiting): (Vec<_>, Vec<_>) = records.into_iter().unzip();
        let waiting: Vec<Waiting> = waiting.into_iter().flatten().collect();
        let count = records.len() as u64;
        let now = self.shared.clock.elapsed();
        let too_soon = self.failed_at.is_some_and(|at| now < at + PAUSE);
        if self.chain.is_none() && too_soon && waiting.is_empty() {
            self.lose(count);
            return;
        }
        let need = if waiting.is_empty() { Need::Written } else { Need::OnDisk };
        let done = self.ready().and_then(|()| self.append(&mut records, need, State::Open));
        let answer = done.map_err(|error| {
            self.fail(&error, count);
            Unwritten(error.to_string())
        });
        for waiting in waiting {
            // Who does not wait any more has its record still.
            let _ = waiting.send(answer.clone());
        }
    }

    /// There is a file to write to.
    fn ready(&mut self) -> io::Result<()> {
        if self.chain.as_ref().is_some_and(|chain| !chain.is_there()) {
            tracing::error!("the audit log was taken away; it goes on in a new file");
            self.chain = None;
        }
        let today = timestamp(self.shared.clock.now());
        if let Some(chain) = &self.chain {
            if chain.length < MOST_BYTES && today.starts_with(&chain.day) {
                return Ok(());
            }
            self.close("goes on in the next file")?;
        }
        self.begin()
    }

    fn begin(&mut self) -> io::Result<()> {
        let Some(state) = &self.shared.state else { return Err(io::ErrorKind::NotFound.into()) };
        // Made again too, where it was taken away meanwhile.
        let folder = Folder::make(state)?;
        reserve(&folder)?;
        let event = if self.began { Event::Rotate } else { Event::Start };
        let first = self.dated(Record::of(event));
        let (chain, line) = Chain::begin(&folder, &mut self.names, first, &self.shared.always)?;
        self.shared.copy(&line);
        {
            let mut written = self.shared.written();
            written.path = Some(folder.path().join(&chain.name));
            written.records += 1;
            written.on_disk = written.records;
            written.syncs += 1;
            written.tip = Some(Tip::of(&chain));
        }
        (self.folder, self.chain, self.began) = (Some(folder), Some(chain), true);
        if self.failed_at.is_some() {
            tracing::info!("the audit log is written again");
        }
        if self.lost == 0 {
            return Ok(());
        }
        let mut lost = [self.dated(Record {
            parameters: Some(json!({"records": self.lost})),
            note: Some("these could not be written".to_owned()),
            ..Record::of(Event::Lost)
        })];
        self.append(&mut lost, Need::OnDisk, State::Open)?;
        self.lost = 0;
        Ok(())
    }

    /// Writes records behind the last, as one.
    fn append(&mut self, records: &mut [Dated], need: Need, state: State) -> io::Result<()> {
        let Some(chain) = &mut self.chain else { return Err(io::ErrorKind::NotFound.into()) };
        let mut batch = chain.batch();
        let mut lines = Vec::with_capacity(records.len());
        for dated in records {
            lines.push(batch.push(dated, &self.shared.always)?);
        }
        chain.write(&batch)?;
        let synced = match need {
            Need::OnDisk => chain.sync().map(Some),
            Need::Written => Ok(None),
        };
        let synced = synced
            .and_then(|synced| chain.advance(&batch, state).map(|()| synced))
            .inspect_err(|_| chain.take_back())?;
        lines.iter().for_each(|line| self.shared.copy(line));
        let mut written = self.shared.written();
        written.records += lines.len() as u64;
        written.tip = Some(Tip::of(chain));
        written.problem = None;
        self.failed_at = None;
        match synced {
            Some(synced) => {
                self.unsynced = None;
                written.synced(synced);
            }
            None => {
                self.unsynced.get_or_insert(self.shared.clock.elapsed());
            }
        }
        Ok(())
    }

    /// What nobody waited for is on disk now.
    fn sync_late(&mut self) {
        let (Some(chain), true) = (&self.chain, self.unsynced.take().is_some()) else { return };
        let synced = chain.sync();
        let mut written = self.shared.written();
        let in_doubt = written.records - written.on_disk;
        match synced {
            Ok(synced) => written.synced(synced),
            Err(error) => {
                drop(written);
                self.fail(&error, in_doubt);
            }
        }
    }

    /// The file is given up: what its disk holds is not known any more.
    fn fail(&mut self, error: &io::Error, lost: u64) {
        self.lose(lost);
        let first = self.shared.written().problem.replace(error.to_string()).is_none();
        if is_full(error) {
            self.last_words();
        }
        self.shared.written().problem = Some(error.to_string());
        self.failed_at = Some(self.shared.clock.elapsed());
        self.chain = None;
        self.unsynced = None;
        if first {
            tracing::error!(%error, "the audit log cannot be written");
        }
    }

    fn lose(&mut self, count: u64) {
        self.lost += count;
        self.shared.written().lost += count;
    }

    /// Says on a full disk that it is full, in the room that was kept for it.
    fn last_words(&mut self) {
        let Some(folder) = self.folder.as_ref().filter(|_| self.chain.is_some()) else { return };
        let _ = folder.remove(RESERVE);
        let mut words = [self.dated(Record {
            parameters: Some(json!({"records": self.lost})),
            note: Some("the disk is full".to_owned()),
            ..Record::of(Event::Lost)
        })];
        let _ = self.append(&mut words, Need::OnDisk, State::Open);
    }

    /// The last record of the file.
    fn close(&mut self, note: &str) -> io::Result<()> {
        let note = Some(note.to_owned());
        let mut end = [self.dated(Record { note, ..Record::of(Event::End) })];
        self.append(&mut end, Need::OnDisk, State::Ended)?;
        match self.chain.take() {
            Some(chain) => chain.sync_tips(),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Option<Tip> {
        self.chain.as_ref()?;
        if let Err(error) = self.close("the process ends") {
            self.fail(&error, 1);
        }
        self.shared.written().tip.clone()
    }

    fn prune(&mut self, old: &[verify::Chain]) {
        let mut prune = || -> io::Result<()> {
            self.ready()?;
            let Some(folder) = self.folder.take() else { return Ok(()) };
            let pruned = self.prune_in(&folder, old);
            self.folder = Some(folder);
            pruned
        };
        if let Err(error) = prune() {
            tracing::warn!(%error, "old audit records could not be taken away");
        }
    }

    fn prune_in(&mut self, folder: &Folder, old: &[verify::Chain]) -> io::Result<()> {
        let _turn = folder.turn()?;
        let Some(plan) = prune::plan(folder, old)? else { return Ok(()) };
        let records = plan.accounts.iter().map(|account| {
            let parameters = Some(account.clone());
            self.dated(Record { parameters, ..Record::of(Event::Pruned) })
        });
        let mut records: Vec<Dated> = records.collect();
        if let Err(error) = self.append(&mut records, Need::OnDisk, State::Open) {
            self.fail(&error, 0);
            return Err(error);
        }
        prune::carry_out(folder, &plan)
    }

    fn dated(&self, record: Record) -> Dated {
        Dated { ts: timestamp(self.shared.clock.now()), record }
    }
}

/// What is waited for.
#[derive(Clone, Copy)]
enum Need {
    Written,
    OnDisk,
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Room for last words. Without it nothing is begun on a disk that is full: the first record would
/// take the room that was kept for the last.
fn reserve(folder: &Folder) -> io::Result<()> {
    let file = folder.writable(RESERVE)?;
    if file.metadata()?.len() >= RESERVED {
        return Ok(());
    }
    match allocate(&file, RESERVED) {
        Err(error) => {
            let _ = folder.remove(RESERVE);
            if is_full(&error) { Err(error) } else { Ok(()) }
        }
        Ok(()) => Ok(()),
    }
}
