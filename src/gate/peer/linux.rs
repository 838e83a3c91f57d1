//! Linux: /proc. All that is read of a process is read through one open folder of it, which stands
//! for that process alone: once it has ended nothing can be read there, whoever gets its number.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use super::{Ancestor, FileId, MOST_ANCESTORS, Own, Seen};

/// Bytes of one of the files; the kernel keeps environments below it.
const MOST: u64 = 8 * 1024 * 1024;
const INIT: u32 = 1;

pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub fn own() -> io::Result<Own> {
    // The link leads to the file that runs, even if it was replaced or removed.
    let open = File::open("/proc/self/exe")?;
    let found = open.metadata()?;
    Ok(Own { program: FileId { device: found.dev(), number: found.ino() }, _open: open })
}

/// The process as it is; an error if anything of it cannot be read, or if it has ended.
pub fn look(pid: u32) -> io::Result<Seen> {
    let process = Process::open(pid)?;
    let state = process.state()?;
    let exe = rustix::fs::statat(&process.0, "exe", AtFlags::empty())?;
    let seen = Seen {
        program: FileId { device: exe.st_dev, number: exe.st_ino },
        traced: process.field("TracerPid:")?.first() != Some(&0),
        variables: Some(process.variables()?),
        ancestors: ancestors(&state)?,
    };
    // What was read was one process's only if it is still there.
    if process.state()?.started != state.started {
        return Err(broken("it changed meanwhile"));
    }
    Ok(seen)
}

/// From now on the kernel says of each part that comes who wrote it.
pub fn mark(socket: impl AsFd) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_passcred(socket, true)?)
}

/// Reads from a socket that was marked, and only what this process wrote itself:
/// a socket can be handed on, a process can become another program.
pub fn receive(socket: impl AsFd, buffer: &mut [u8], from: u32) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let slices = &mut [IoSliceMut::new(buffer)];
    let got = rustix::net::recvmsg(socket, slices, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if got.bytes == 0 {
        return Ok(0);
    }
    let mut writer = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmCredentials(credentials) = message {
            writer = u32::try_from(credentials.pid.as_raw_nonzero().get()).ok();
        }
    }
    match writer == Some(from) {
        true => Ok(got.bytes),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "another process than the one that connected wrote to it",
        )),
    }
}

fn ancestors(of: &State) -> io::Result<Vec<Ancestor>> {
    let mut found = Vec::new();
    let (mut pid, mut born) = (of.parent, of.started);
    while pid != 0 {
        if found.len() == MOST_ANCESTORS {
            return Err(broken("it comes from too many processes"));
        }
        if pid == INIT {
            found.push(Ancestor { pid, variables: None });
            break;
        }
        let process = Process::open(pid)?;
        let state = process.state()?;
        if state.started > born {
            return Err(broken("a process that it comes from has ended"));
        }
        let users = process.field("Uid:")?;
        let variables = match process.variables() {
            Ok(variables) => Some(variables),
            // sshd and the like hide theirs, from their own user too.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(_) if users.iter().any(|id| *id != user()) => None,
            Err(error) => return Err(error),
        };
        found.push(Ancestor { pid, variables });
        (pid, born) = (state.parent, state.started);
    }
    Ok(found)
}

struct State {
    parent: u32,
    /// Ticks since the machine started.
    started: u64,
}

struct Process(OwnedFd);

impl Process {
    fn open(pid: u32) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty())?))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.0, name, flags, Mode::empty())?);
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST { Err(broken("it is too large")) } else { Ok(bytes) }
    }

    /// proc_pid_stat(5): the name stands in parentheses and may hold anything.
    fn state(&self) -> io::Result<State> {
        let text = String::from_utf8_lossy(&self.read("stat")?).into_owned();
        let fields: Vec<&str> =
            text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        match (fields.first(), number(1), number(19)) {
            (Some(&"Z" | &"X"), _, _) => Err(broken("it has ended")),
            (Some(_), Some(parent), Some(started)) => {
                Ok(State { parent: u32::try_from(parent).unwrap_or(INIT), started })
            }
            _ => Err(broken("/proc says nothing of it")),
        }
    }

    /// The numbers of a line of proc_pid_status(5).
    fn field(&self, name: &str) -> io::Result<Vec<u32>> {
        let text = String::from_utf8_lossy(&self.read("status")?).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let numbers: Option<Vec<u32>> =
            line.and_then(|line| line.split_whitespace().map(|word| word.parse().ok()).collect());
        numbers.filter(|found| !found.is_empty()).ok_or_else(|| broken("/proc says nothing of it"))
    }

    fn variables(&self) -> io::Result<Vec<String>> {
        let bytes = self.read("environ")?;
        let name = |entry: &[u8]| {
            let name = entry.split(|byte| *byte == b'=').next().unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        };
        Ok(bytes.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(name).collect())
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}

/// The process that started this one.
pub fn parent() -> Option<u32> {
    rustix::process::getppid()
        .filter(|parent| !parent.is_init())
        .and_then(|parent| u32::try_from(parent.as_raw_nonzero().get()).ok())
}
