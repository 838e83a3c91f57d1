//! The log: one JSON object per line on stderr, written by a thread of its own, so that a host that
//! does not read stderr holds up nothing. Only this program's own events: the logs of its libraries
//! print arguments, and RUST_LOG changes nothing about that.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogLevel;

/// Lines waiting to be written; what does not fit is dropped.
const MOST_WAITING: usize = 4_096;
const LAST_LINES: Duration = Duration::from_millis(200);

enum Entry {
    Line(Vec<u8>),
    End(SyncSender<()>),
}

/// The running log.
pub struct Log(SyncSender<Entry>);

impl Log {
    /// Writes what is waiting, for a moment at most.
    pub fn finish(self) {
        let (done, wait) = sync_channel(1);
        if self.0.try_send(Entry::End(done)).is_ok() {
            let _ = wait.recv_timeout(LAST_LINES);
        }
    }
}

/// Starts the log, and has panics go into it without their text, which may quote anything.
pub fn start(level: LogLevel) -> Log {
    let (sender, entries) = sync_channel(MOST_WAITING);
    let _ = std::thread::Builder::new().name("log".into()).spawn(move || write(&entries));
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(Writer(sender.clone()));
    let own = Targets::new().with_target("aws_mcp", level);
    let _ = tracing_subscriber::registry().with(own).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(place, "panic");
    }));
    Log(sender)
}

fn write(entries: &Receiver<Entry>) {
    let mut stderr = std::io::stderr();
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let _ = stderr.write_all(&line);
            }
            Entry::End(done) => {
                let _ = done.send(());
            }
        }
    }
}

#[derive(Clone)]
struct Writer(SyncSender<Entry>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.try_send(Entry::Line(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
