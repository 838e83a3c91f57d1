//! The folder of the records. Nothing in it is opened by following a link, and it is used only if it
//! is this user's and nobody else can write in it: who could, could put a file of theirs in place.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::content::{self, Content};

/// An open folder; names in it are single names, never paths.
pub struct Folder {
    inner: system::Folder,
    path: PathBuf,
}

/// Held by whoever starts a file or takes one away; a process that dies lets go of it.
pub struct Turn(#[expect(dead_code, reason = "closing it ends the turn")] File);

const RECORDS: &str = "audit";
const LOCK: &str = "lock";

/// Larger files are not ours: a file of records ends at 64 MiB and a batch.
const MOST: u64 = 256 * 1024 * 1024;

/// A turn takes milliseconds. Who waits longer than this waits for a process that was stopped.
const TURN: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(2);

impl Folder {
    /// The folder of the records below the state folder; both are made where they are missing.
    pub fn make(state: &Path) -> io::Result<Self> {
        let records = state.join(RECORDS);
        for path in [state, records.as_path()] {
            match system::make(path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(of(path, error));
                }
                _ => drop(system::Folder::open(path).map_err(|error| of(path, error))?),
            }
        }
        Self::open(state)
    }

    /// The same without making anything.
    pub fn open(state: &Path) -> io::Result<Self> {
        drop(system::Folder::open(state).map_err(|error| of(state, error))?);
        let path = state.join(RECORDS);
        let inner = system::Folder::open(&path).map_err(|error| of(&path, error))?;
        Ok(Self { inner, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new file for appending; it must not be there.
    pub fn create(&self, name: &str) -> io::Result<File> {
        self.inner.create(name)
    }

    /// A file for reading and for writing at a place, made where it is missing.
    pub fn writable(&self, name: &str) -> io::Result<File> {
        self.inner.writable(name)
    }

    /// A file for reading.
    pub fn readable(&self, name: &str) -> io::Result<File> {
        self.inner.readable(name)
    }

    /// What a file of records holds; nothing where there is none.
    pub fn content(&self, name: &str) -> io::Result<Option<Content>> {
        match self.readable(name) {
            Ok(file) => content::read(name, BufReader::new(file)).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A whole small file; nothing where there is none.
    pub fn bytes(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match self.readable(name) {
            Ok(file) => {
                file.take(MOST + 1).read_to_end(&mut bytes)?;
                match bytes.len() as u64 {
                    0..=MOST => Ok(Some(bytes)),
                    _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 256 MiB")),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a file away; it may be gone already.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match self.inner.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The names in it, sorted, but for the lock.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.inner.names()?;
        names.retain(|name| name != LOCK);
        names.sort();
        Ok(names)
    }

    /// That files were made or taken away is on disk.
    pub fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    /// Waits until nobody else starts or takes away a file.
    pub fn turn(&self) -> io::Result<Turn> {
        let lock = self.writable(LOCK)?;
        for _ in 0..TURN.as_millis() / LOOK.as_millis() {
            match lock.try_lock() {
                Ok(()) => return Ok(Turn(lock)),
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOOK),
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds its lock"))
    }

    /// Whether a process writes to the file.
    pub fn is_in_use(&self, name: &str) -> bool {
        self.inner.is_in_use(name)
    }
}

/// Says to others that a process writes to the file, as long as it is open.
pub fn use_file(file: &File) -> io::Result<()> {
    system::use_file(file)
}

/// Whether the file has its place in the folder still.
pub fn is_there(file: &File) -> bool {
    system::is_there(file)
}

/// Writes all at a place of the file.
pub fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    system::write_at(file, bytes, at)
}

/// Makes the file that long with room that is really its own.
pub fn allocate(file: &File, length: u64) -> io::Result<()> {
    system::allocate(file, length)
}

/// Writes beyond a limit of file sizes (`ulimit -f`) end a process unless it hears the signal; to be
/// called once inside the runtime, before the first record.
pub fn outlive_file_limits() -> io::Result<()> {
    system::outlive_file_limits()
}

fn of(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned())
}

/// For systems, and file systems, that cannot set room aside.
fn fill(file: &File, length: u64) -> io::Result<()> {
    let zeros = [0; 4096];
    let mut at = 0;
    while at < length {
        write_at(file, &zeros, at)?;
        at += zeros.len() as u64;
    }
    Ok(())
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
    use std::path::Path;

    use rustix::fs::{AtFlags, Dir, FallocateFlags, FileType, Mode, OFlags};

    use super::refused;

    /// Write beyond the limit of file sizes; the same on Linux and macOS.
    const SIGXFSZ: i32 = 25;

    pub struct Folder(OwnedFd);

    pub fn make(path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        DirBuilder::new().mode(0o700).create(path)
    }

    impl Folder {
        pub fn open(path: &Path) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let folder =
                rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
                    rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP => {
                        refused("not a folder, or a link to one; records are not written there")
                    }
                    other => other.into(),
                })?;
            // What is checked is what is used: both go through one descriptor.
            let found = rustix::fs::fstat(&folder)?;
            if found.st_uid != rustix::process::geteuid().as_raw() {
                return Err(refused("belongs to somebody else; records are not written there"));
            }
            if Mode::from_raw_mode(found.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
                return Err(refused("others can write in it; chmod 700 it"));
            }
            Ok(Self(folder))
        }

        pub fn create(&self, name: &str) -> io::Result<File> {
            self.at(name, OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL)
        }

        pub fn writable(&self, name: &str) -> io::Result<File> {
            self.at(name, OFlags::RDWR | OFlags::CREATE)
        }

        pub fn readable(&self, name: &str) -> io::Result<File> {
            self.at(name, OFlags::RDONLY)
        }

        pub fn remove(&self, name: &str) -> io::Result<()> {
            Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
        }

        pub fn names(&self) -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.0)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if name != "." && name != ".." {
                    names.push(name);
                }
            }
            Ok(names)
        }

        pub fn sync(&self) -> io::Result<()> {
            Ok(rustix::fs::fsync(&self.0)?)
        }

        pub fn is_in_use(&self, name: &str) -> bool {
            self.readable(name)
                .is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
        }

        fn at(&self, name: &str, flags: OFlags) -> io::Result<File> {
            // A pipe with nobody at its other end would hold the opener.
            let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let file = rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(0o600))?;
            match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
                FileType::RegularFile => Ok(File::from(file)),
                _ => Err(refused("not a regular file")),
            }
        }
    }

    pub fn use_file(file: &File) -> io::Result<()> {
        // Whoever looks whether it is in use holds it for a moment.
        file.lock_shared()
    }

    pub fn is_there(file: &File) -> bool {
        file.metadata().is_ok_and(|found| found.nlink() > 0)
    }

    pub fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    pub fn allocate(file: &File, length: u64) -> io::Result<()> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => super::fill(file, length),
            done => Ok(done?),
        }
    }

    pub fn outlive_file_limits() -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        // The runtime's handler stays when the listener goes.
        signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
    }
}

#[cfg(windows)]
mod system {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::windows::fs::{FileExt, OpenOptionsExt};
    use std::path::{Path, PathBuf};

    use super::refused;

    const SHARE_READ: u32 = 1;
    const SHARE_WRITE: u32 = 2;
    /// A link is opened itself, and is no regular file.
    const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

    pub struct Folder(PathBuf);

    pub fn make(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    impl Folder {
        /// Owners and access lists are not looked at: a user's own folders are closed to others there.
        pub fn open(path: &Path) -> io::Result<Self> {
            if !std::fs::symlink_metadata(path)?.is_dir() {
                return Err(refused(
                    "not a folder, or a link to one; records are not written there",
                ));
            }
            Ok(Self(path.to_owned()))
        }

        pub fn create(&self, name: &str) -> io::Result<File> {
            // Not shared for deletion: as long as it is open, nobody can take it away.
            let mut options = OpenOptions::new();
            options.append(true).create_new(true).share_mode(SHARE_READ | SHARE_WRITE);
            self.at(name, &mut options)
        }

        pub fn writable(&self, name: &str) -> io::Result<File> {
            self.at(name, OpenOptions::new().read(true).write(true).create(true).truncate(false))
        }

        pub fn readable(&self, name: &str) -> io::Result<File> {
            self.at(name, OpenOptions::new().read(true))
        }

        pub fn remove(&self, name: &str) -> io::Result<()> {
            std::fs::remove_file(self.0.join(name))
        }

        pub fn names(&self) -> io::Result<Vec<String>> {
            let name = |entry: io::Result<std::fs::DirEntry>| {
                Ok(entry?.file_name().to_string_lossy().into_owned())
            };
            std::fs::read_dir(&self.0)?.map(name).collect()
        }

        /// There is no such thing as syncing a folder.
        pub fn sync(&self) -> io::Result<()> {
            Ok(())
        }

        pub fn is_in_use(&self, name: &str) -> bool {
            let path = self.0.join(name);
            path.exists() && OpenOptions::new().append(true).share_mode(0).open(path).is_err()
        }

        fn at(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
            let file = options.custom_flags(OPEN_REPARSE_POINT).open(self.0.join(name))?;
            match file.metadata()?.is_file() {
                true => Ok(file),
                false => Err(refused("not a regular file")),
            }
        }
    }

    /// The file's share mode says it already.
    pub fn use_file(_: &File) -> io::Result<()> {
        Ok(())
    }

    /// An open file cannot be taken away.
    pub fn is_there(_: &File) -> bool {
        true
    }

    pub fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = file.seek_write(bytes, at)?;
            bytes = bytes.get(written..).unwrap_or_default();
            at += written as u64;
        }
        Ok(())
    }

    pub fn allocate(file: &File, length: u64) -> io::Result<()> {
        super::fill(file, length)
    }

    pub fn outlive_file_limits() -> io::Result<()> {
        Ok(())
    }
}
