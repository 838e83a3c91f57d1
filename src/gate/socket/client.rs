//! The client's end: finds the servers of this user, makes sure that they are this very program, and
//! says one thing to one of them.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::line::{self, Greeting, Reply, Request, Wish};
use super::{LIMIT, Open, Said, folder};
use crate::gate::peer::Own;

/// A server's socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub pid: u32,
    pub path: PathBuf,
}

/// The servers whose sockets lie in the state folder. That one answers is not said.
pub fn servers(state_dir: &Path) -> io::Result<Vec<Server>> {
    let found = folder::sockets(state_dir)?;
    Ok(found.into_iter().map(|(pid, path)| Server { pid, path }).collect())
}

impl Server {
    /// What is on its desk; nothing if the server is gone.
    pub async fn open(&self) -> Result<Option<Open>, String> {
        match self.ask(Wish::List).await? {
            None => Ok(None),
            Some(Reply::Open(open)) => Ok(Some(open)),
            Some(other) => Err(unexpected(other)),
        }
    }

    /// Gives the person's answer to a question, with the summary that the person saw.
    pub async fn answer(&self, id: &str, shown: &str, said: Said) -> Result<(), String> {
        let wish = Wish::Answer { id: id.to_owned(), shown: shown.to_owned(), said };
        match self.ask(wish).await? {
            None => Err("the server has ended".to_owned()),
            Some(Reply::Taken) => Ok(()),
            Some(other) => Err(unexpected(other)),
        }
    }

    /// Ends all its grants, and says how many there were.
    pub async fn revoke(&self) -> Result<usize, String> {
        match self.ask(Wish::Revoke).await? {
            None => Ok(0),
            Some(Reply::Revoked(count)) => Ok(count),
            Some(other) => Err(unexpected(other)),
        }
    }

    async fn ask(&self, wish: Wish) -> Result<Option<Reply>, String> {
        match tokio::time::timeout(LIMIT, self.exchange(wish)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it did not answer within {} s", LIMIT.as_secs())),
        }
    }

    /// Nothing if nobody listens any more.
    async fn exchange(&self, wish: Wish) -> io::Result<Option<Reply>> {
        let mut stream = match UnixStream::connect(&self.path).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                // Left by a server that was killed.
                let _ = std::fs::remove_file(&self.path);
                return Ok(None);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let credentials = stream.peer_cred()?;
        let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
        Own::program()?
            .recognises(credentials.uid(), pid)
            .map_err(|refusal| io::Error::other(format!("what listens there: {refusal}")))?;
        let (reading, mut writing) = stream.split();
        let mut reading = BufReader::new(reading.take(2 * line::MOST as u64));
        let number = match read::<Greeting>(&mut reading).await? {
            Greeting::Hello { version: line::VERSION, number } => number,
            Greeting::Hello { .. } => return Err(io::Error::other("it speaks another version")),
            Greeting::Refused(why) => {
                return Err(io::Error::other(format!("it does not listen to this process: {why}")));
            }
        };
        let request = Request { version: line::VERSION, number, wish };
        let bytes =
            line::written(&request).ok_or_else(|| io::Error::other("too long to be sent"))?;
        writing.write_all(&bytes).await?;
        read::<Reply>(&mut reading).await.map(Some)
    }
}

async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<T> {
    let mut line = Vec::new();
    from.take(line::MOST as u64).read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("it hung up"));
    }
    line::read(&line).ok_or_else(|| io::Error::other("what it says is not understood"))
}

fn unexpected(reply: Reply) -> String {
    match reply {
        Reply::Refused(why) => why,
        Reply::Open(_) | Reply::Taken | Reply::Revoked(_) => {
            "it answered something else".to_owned()
        }
    }
}
