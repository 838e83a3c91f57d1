//! When to end: signals, and a host that is gone. A server that outlives its host is the commonest
//! fault of local MCP servers.

use std::time::Duration;

/// How often the parent is looked at.
const LOOK: Duration = Duration::from_millis(750);

/// Why the process ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Signal,
    Orphaned,
}

/// Completes when the process has to end.
#[cfg(unix)]
pub async fn over() -> End {
    use tokio::signal::unix::{SignalKind, signal};
    let parent = rustix::process::getppid();
    let signals = async {
        let waiting = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
            .into_iter()
            .filter_map(|kind| signal(kind).ok())
            .map(|mut signal| Box::pin(async move { signal.recv().await }));
        futures_util::future::select_all(waiting).await;
    };
    let orphaned = async {
        // A process that init started has no host to lose.
        if parent.is_none_or(|parent| parent.is_init()) {
            std::future::pending::<()>().await;
        }
        while rustix::process::getppid() == parent {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = signals => End::Signal,
        () = orphaned => End::Orphaned,
    }
}

/// Completes when the process has to end. On Windows a host's death closes stdin, which ends the
/// process by itself.
#[cfg(windows)]
pub async fn over() -> End {
    let _ = LOOK;
    let _ = tokio::signal::ctrl_c().await;
    End::Signal
}
