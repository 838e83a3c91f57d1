//! macOS: libproc. It does not say what another process's environment holds, nor who wrote to a
//! socket; so an agent's marker is seen by `aws-mcp approve` in its own environment only.

use std::ffi::{OsString, c_int, c_void};
use std::fs::{File, Metadata};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;

use super::{Ancestor, FileId, MOST_ANCESTORS, Own, Seen};

/// sys/proc_info.h: PROC_FLAG_TRACED.
const TRACED: u32 = 2;
const INIT: u32 = 1;

pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub fn own() -> io::Result<Own> {
    let open = File::open(path(std::process::id())?)?;
    Ok(Own { program: id(&open.metadata()?), _open: open })
}

/// The process as it is; an error if anything of it cannot be read.
pub fn look(pid: u32) -> io::Result<Seen> {
    let state = state(pid)?;
    Ok(Seen {
        program: id(&std::fs::metadata(path(pid)?)?),
        traced: state.pbsi_flags & TRACED != 0,
        variables: None,
        ancestors: ancestors(state.pbsi_ppid)?,
    })
}

/// There is no such thing here as the writer of a part.
pub fn mark(_: impl AsFd) -> io::Result<()> {
    Ok(())
}

/// Reads from a socket.
pub fn receive(socket: impl AsFd, buffer: &mut [u8], _from: u32) -> io::Result<usize> {
    Ok(rustix::io::read(socket, buffer)?)
}

fn ancestors(parent: u32) -> io::Result<Vec<Ancestor>> {
    let mut found = Vec::new();
    let mut pid = parent;
    while pid != 0 {
        if found.len() == MOST_ANCESTORS {
            return Err(io::Error::other("it comes from too many processes"));
        }
        found.push(Ancestor { pid, variables: None });
        if pid == INIT {
            break;
        }
        pid = state(pid)?.pbsi_ppid;
    }
    Ok(found)
}

fn id(found: &Metadata) -> FileId {
    FileId { device: found.dev(), number: found.ino() }
}

fn number(pid: u32) -> io::Result<c_int> {
    c_int::try_from(pid).map_err(io::Error::other)
}

/// The short form, which is given of other users' processes too: a terminal's `login` is root's.
#[expect(unsafe_code, reason = "libproc is C")]
fn state(pid: u32) -> io::Result<libc::proc_bsdshortinfo> {
    let mut info = MaybeUninit::<libc::proc_bsdshortinfo>::zeroed();
    let size = size_of::<libc::proc_bsdshortinfo>() as c_int;
    let buffer = info.as_mut_ptr().cast::<c_void>();
    // SAFETY: the buffer is as large as is said, and lives through the call.
    let got =
        unsafe { libc::proc_pidinfo(number(pid)?, libc::PROC_PIDT_SHORTBSDINFO, 0, buffer, size) };
    if got != size {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled all of it; it is numbers only.
    Ok(unsafe { info.assume_init() })
}

#[expect(unsafe_code, reason = "libproc is C")]
fn path(pid: u32) -> io::Result<OsString> {
    const MOST: u32 = libc::PROC_PIDPATHINFO_MAXSIZE as u32;
    let mut bytes = vec![0_u8; MOST as usize];
    // SAFETY: the buffer is as large as is said, and lives through the call.
    let got =
        unsafe { libc::proc_pidpath(number(pid)?, bytes.as_mut_ptr().cast::<c_void>(), MOST) };
    match usize::try_from(got) {
        Ok(length) if length > 0 => {
            bytes.truncate(length);
            Ok(OsString::from_vec(bytes))
        }
        Ok(_) | Err(_) => Err(io::Error::last_os_error()),
    }
}

/// The process that started this one.
pub fn parent() -> Option<u32> {
    rustix::process::getppid()
        .filter(|parent| !parent.is_init())
        .and_then(|parent| u32::try_from(parent.as_raw_nonzero().get()).ok())
}
