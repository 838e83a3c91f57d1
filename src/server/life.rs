//! When to end: signals, and a host that is gone. A server that outlives its host is the commonest
//! fault of local MCP servers.

use std::io;
use std::time::Duration;

/// How often the parent is looked at.
const LOOK: Duration = Duration::from_millis(750);

/// The process that started this one. To be made first thing: later it may be gone already.
#[cfg(unix)]
pub struct Host(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Host {
    pub fn of_this_process() -> Self {
        // A process that init started has no host to lose.
        Self(rustix::process::getppid().filter(|parent| !parent.is_init()))
    }

    /// Completes when the host has died: its children get another parent.
    pub async fn gone(self) {
        if self.0.is_none() {
            std::future::pending::<()>().await;
        }
        while rustix::process::getppid() == self.0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Signals that end the process.
#[cfg(unix)]
pub struct Told([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Told {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Completes when one has come.
    pub async fn over(self) {
        let [mut terminate, mut interrupt, mut hangup] = self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// On Windows a host's death closes stdin, which ends the process by itself.
#[cfg(windows)]
pub struct Host;

#[cfg(windows)]
impl Host {
    pub fn of_this_process() -> Self {
        Self
    }

    /// Never completes.
    pub async fn gone(self) {
        let _ = LOOK;
        std::future::pending::<()>().await;
    }
}

/// Ctrl-C; there are no other signals.
#[cfg(windows)]
pub struct Told(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Told {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Completes when it has come.
    pub async fn over(mut self) {
        let _ = self.0.recv().await;
    }
}
