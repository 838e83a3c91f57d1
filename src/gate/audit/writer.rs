//! The thread that writes. Whoever notes something leaves it in a queue; what is there is written with
//! one write, and one fsync for all who wait for it.

use std::io;
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::chain::{Chain, Names};
use super::content::Content;
use super::folder::{Folder, allocate};
use super::queue::{Item, Shared};
use super::record::{Dated, Event, Record, timestamp};
use super::standing::Tip;
use super::tips::State;
use super::{Unwritten, prune};

/// Writes what is in the queue until it is closed.
pub fn run(shared: Arc<Shared>) {
    Writer::new(shared).run();
}

/// When records that nobody waits for are on disk.
const SOON: Duration = Duration::from_secs(1);
/// How long after a failure the next try is, where nobody waits.
const PAUSE: Duration = Duration::from_millis(100);
const MOST_BYTES: u64 = 64 * 1024 * 1024;

const RESERVE: &str = "reserve";
const RESERVED: u64 = 64 * 1024;

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
                    Item::Begin(told) => {
                        self.write(take(&mut records));
                        if let Err(error) = self.ready() {
                            self.fail(&error, 0);
                        }
                        let _ = told.send(());
                    }
                    Item::Prune(old) => {
                        self.write(take(&mut records));
                        self.prune(&old);
                    }
                    Item::Settle(told) => {
                        self.write(take(&mut records));
                        let _ = told.send(());
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
        {
            let mut written = self.shared.written();
            written.path = Some(folder.path().join(&chain.name));
            written.records += 1;
            written.on_disk = written.records;
            written.syncs += 1;
            written.tip = Some(Tip::of(&chain));
        }
        // Whoever gets the copy finds the name of the file.
        self.shared.copy(&line);
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
        // What the disk did not take, it may have lost of earlier records too.
        let mut in_doubt = 0;
        let mut lines = Vec::with_capacity(records.len());
        for dated in records {
            lines.push(batch.push(dated, &self.shared.always)?);
        }
        chain.write(&batch)?;
        let synced = match need {
            Need::OnDisk => chain.sync().map(Some),
            Need::Written => Ok(None),
        };
        if synced.is_err() {
            in_doubt = self.shared.written().in_doubt();
        }
        let synced = synced
            .and_then(|synced| chain.advance(&batch, state).map(|()| synced))
            .inspect_err(|_| chain.take_back());
        let synced = match synced {
            Ok(synced) => synced,
            Err(error) => {
                self.lose(in_doubt);
                return Err(error);
            }
        };
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
        let in_doubt = written.in_doubt();
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
        if let (Some(chain), Some(_)) = (self.chain.take(), self.unsynced.take()) {
            // What came before counts still.
            let _ = chain.sync();
        }
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

    fn prune(&mut self, old: &[Content]) {
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

    fn prune_in(&mut self, folder: &Folder, old: &[Content]) -> io::Result<()> {
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
