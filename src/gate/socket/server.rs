//! The server's end: accepts, looks at who is there, answers one line, and hangs up.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, spawn_blocking};

use super::line::{self, Greeting, Reply, Request, Wish};
use super::{Desk, LIMIT, Open, folder};
use crate::gate::peer::{self, Barred, Own, Refusal};

/// Connections at once; more are closed unheard.
const MOST_CONNECTIONS: usize = 8;

/// Listens while it lives; afterwards the socket is gone.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    identity: (u64, u64),
    task: AbortHandle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        // Whatever else lies there by now is not ours to remove.
        if folder::identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens in the state folder, in tasks of the runtime that it is called in. `host` is the process
/// that started this one.
pub fn listen(state_dir: &Path, host: Option<u32>, desk: Arc<Desk>) -> io::Result<Listening> {
    let own = Arc::new(Own::program()?);
    let server = std::process::id();
    let path = folder::socket(&folder::made(state_dir)?, server)?;
    // What has this process's number is left from one that ended without removing it.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    let identity = folder::identity(&path)?;
    let barred = Barred { server, host };
    let task = tokio::spawn(accept(listener, own, barred, desk)).abort_handle();
    Ok(Listening { path, identity, task })
}

async fn accept(listener: UnixListener, own: Arc<Own>, barred: Barred, desk: Arc<Desk>) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the approval socket");
                // As when no descriptor is free: not to be tried again at once.
                tokio::time::sleep(LIMIT).await;
                continue;
            }
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else { continue };
        let visitor = Visitor { stream, own: own.clone(), barred, desk: desk.clone() };
        tokio::spawn(async move {
            let _slot = slot;
            if let Ok(Err(error)) = tokio::time::timeout(LIMIT, visitor.serve()).await {
                tracing::debug!(%error, "a connection to the approval socket");
            }
        });
    }
}

struct Visitor {
    stream: UnixStream,
    own: Arc<Own>,
    barred: Barred,
    desk: Arc<Desk>,
}

impl Visitor {
    async fn serve(mut self) -> io::Result<()> {
        let credentials = self.stream.peer_cred()?;
        let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
        let user = credentials.uid();
        peer::mark(&self.stream)?;
        if let Err(refusal) = self.look(user, pid).await? {
            tracing::warn!(%refusal, "refused a connection to the approval socket");
            return self.say(&Greeting::Refused(refusal.to_string())).await;
        }
        let mut random = [0; 16];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random numbers"))?;
        let number: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        self.say(&Greeting::Hello { version: line::VERSION, number: number.clone() }).await?;
        let line = self.read(pid.unwrap_or_default()).await?;
        let reply = match line::read::<Request>(&line) {
            None => Reply::Refused("that is not a request".to_owned()),
            Some(request) if request.version != line::VERSION || request.number != number => {
                Reply::Refused("that is not an answer to the greeting".to_owned())
            }
            // It may have become another program since.
            Some(request) => match self.look(user, pid).await? {
                Err(refusal) => Reply::Refused(refusal.to_string()),
                Ok(()) => {
                    let desk = self.desk.clone();
                    spawn_blocking(move || done(&desk, request.wish))
                        .await
                        .map_err(io::Error::other)?
                }
            },
        };
        self.say(&reply).await
    }

    async fn look(&self, user: u32, pid: Option<u32>) -> io::Result<Result<(), Refusal>> {
        let (own, barred) = (self.own.clone(), self.barred);
        spawn_blocking(move || own.admits(user, pid, barred)).await.map_err(io::Error::other)
    }

    /// A line without its end, written by the process that connected and by no other.
    async fn read(&mut self, pid: u32) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut buffer = vec![0; 4096];
        loop {
            let got = self
                .stream
                .async_io(Interest::READABLE, || peer::receive(&self.stream, &mut buffer, pid))
                .await?;
            let Some(part) = buffer.get(..got).filter(|part| !part.is_empty()) else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            line.extend_from_slice(part);
            if line.len() > line::MOST {
                return Err(io::Error::other("a line is too long"));
            }
            if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                // What follows the only line is nobody's.
                line.truncate(end);
                return Ok(line);
            }
        }
    }

    async fn say(&mut self, said: &impl serde::Serialize) -> io::Result<()> {
        let bytes = line::written(said).ok_or_else(|| io::Error::other("the reply is too long"))?;
        self.stream.write_all(&bytes).await
    }
}

fn done(desk: &Desk, wish: Wish) -> Reply {
    match wish {
        Wish::List => fitting(Open { pending: (desk.pending)(), grants: (desk.grants)(), more: 0 }),
        Wish::Revoke => Reply::Revoked((desk.revoke)()),
        Wish::Answer { id, shown, said } => {
            let open = (desk.pending)();
            let Some(pending) = open.iter().find(|pending| pending.id == id) else {
                return Reply::Refused("the question is not open any more".to_owned());
            };
            if pending.summary != shown {
                return Reply::Refused("the question is not the one that was shown".to_owned());
            }
            match (desk.answer)(&id, said) {
                Ok(()) => Reply::Taken,
                Err(why) => Reply::Refused(why),
            }
        }
    }
}

/// What fits into a line, the oldest questions first.
fn fitting(mut open: Open) -> Reply {
    loop {
        let reply = Reply::Open(open.clone());
        if line::written(&reply).is_some() {
            return reply;
        }
        if open.pending.pop().is_none() && open.grants.pop().is_none() {
            return Reply::Refused("there is too much to be listed".to_owned());
        }
        open.more += 1;
    }
}
