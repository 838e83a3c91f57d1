//! The folder of the sockets, `run` in the state folder: only the user may look into it, whatever
//! mode a socket itself gets. What is not as it should be is refused, not put right: somebody else
//! may have made it so.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Of `sockaddr_un`: Linux has 108 bytes, macOS 104; both with a zero at the end.
const LONGEST_PATH: usize = 103;
const OTHERS_WRITE: u32 = 0o022;
const OTHERS: u32 = 0o077;
/// Servers that are looked through.
const MOST_SOCKETS: usize = 64;

/// The folder, made where it is not there.
pub fn made(state_dir: &Path) -> io::Result<PathBuf> {
    if let Some(above) = state_dir.parent() {
        std::fs::create_dir_all(above)?;
    }
    make(state_dir)?;
    closed(state_dir, OTHERS_WRITE)?;
    let run = state_dir.join("run");
    make(&run)?;
    closed(&run, OTHERS)?;
    Ok(run)
}

/// Where the server of a process listens.
pub fn socket(run: &Path, pid: u32) -> io::Result<PathBuf> {
    let path = run.join(format!("{pid}.sock"));
    let length = path.as_os_str().len();
    if length > LONGEST_PATH {
        return Err(wrong(
            &path,
            &format!(
                "is {length} bytes long, and a socket's path may have {LONGEST_PATH}; set \
                 AWS_MCP_STATE_DIR to a shorter one"
            ),
        ));
    }
    Ok(path)
}

/// The sockets that are there, by the servers' numbers.
pub fn sockets(state_dir: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let run = state_dir.join("run");
    for (folder, bits) in [(state_dir, OTHERS_WRITE), (run.as_path(), OTHERS)] {
        match closed(folder, bits) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        }
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&run)? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_suffix(".sock")?.parse().ok());
        if let Some(pid) = pid
            && entry.file_type()?.is_socket()
        {
            found.push((pid, entry.path()));
        }
    }
    found.sort();
    found.truncate(MOST_SOCKETS);
    Ok(found)
}

/// The file at a path itself, not what a link leads to.
pub fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(wrong(folder, &format!("cannot be made: {error}")))
        }
        _ => Ok(()),
    }
}

fn closed(folder: &Path, bits: u32) -> io::Result<()> {
    let found: Metadata = std::fs::symlink_metadata(folder)?;
    let user = rustix::process::geteuid().as_raw();
    if !found.is_dir() {
        Err(wrong(folder, "is not a folder (a link to one is not taken)"))
    } else if found.uid() != user {
        Err(wrong(folder, "belongs to another user"))
    } else if found.mode() & bits != 0 {
        Err(wrong(folder, "is open to other users; run chmod 700 on it"))
    } else {
        Ok(())
    }
}

fn wrong(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{} {what}", path.display()))
}
