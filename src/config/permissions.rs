//! Reads a file that decides what may run: only if nobody but the user and root can write it. Mode
//! bits and owners are those of POSIX; access lists and hard links are not looked at, and on
//! Windows nothing is checked (the user's own folders are closed to other users by default there).
//! And writes a small file that this can be read back from.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Kind, Result};

/// Bytes; a policy of this size would already be a mistake.
const MOST: u64 = 1024 * 1024;

/// What tells that a file changed: who it is, its size, its times. Two writes within one tick of
/// the file system's clock and of the same size look like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: (u64, u64),
    size: u64,
    times: [i128; 2],
}

/// A file's text, and the stamp of what was read.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: String,
    pub stamp: Stamp,
}

/// Reads a text of at most so many bytes from a regular file, whoever may write it. Never waits: a
/// pipe or a device is refused.
pub fn read_at_most(path: &Path, most: u64) -> std::io::Result<String> {
    let invalid = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    let file = system::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(invalid("not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells too large from just fitting, whatever the file's size is said
    // to be.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let size = match most >> 20 {
            0 => format!("{} KiB", most >> 10),
            mebibytes => format!("{mebibytes} MiB"),
        };
        return Err(invalid(&format!("larger than {size}")));
    }
    // The error's own text has no part of the file in it.
    String::from_utf8(bytes).map_err(|error| invalid(&format!("not UTF-8: {error}")))
}

/// How often a file is looked for that comes and goes.
const MOST_LOOKS: u32 = 10;

/// The stamp of what stands at the path now; nothing where nothing can be seen.
pub fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().map(|metadata| system::stamp(&metadata))
}

/// Reads a file whole, or nothing where there is none. What is checked is what is read: both go
/// through one open handle.
pub fn read(path: &Path) -> Result<Option<Text>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(broken(path, "is not a regular file", "Put the text into a regular file."));
    }
    system::check(path, &metadata)?;
    let stamp = system::stamp(&metadata);
    let bytes = contents(file).map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > MOST {
        return Err(broken(path, "is larger than 1 MiB", "Write it shorter."));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Text { text, stamp })),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes().iter().take(good).filter(|b| **b == b'\n').count();
            Err(Error::new(
                Kind::ConfigError,
                format!("{} line {line}: a character is not UTF-8.", path.display()),
                "Save the file as UTF-8.",
            ))
        }
    }
}

/// Makes a folder, and those above it that are missing, for nobody but the user.
pub fn make_folder(path: &Path) -> Result<()> {
    system::make_folder(path).map_err(|error| unwritable(path, error))
}

/// Puts a text into the file's place whole, or leaves what was there; nobody else may write the file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}", std::process::id()));
    let new = Path::new(&new);
    let put = || {
        // What a process left that had this one's number.
        let _ = std::fs::remove_file(new);
        let mut file = system::create(new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, path)
    };
    put().map_err(|error| {
        let _ = std::fs::remove_file(new);
        unwritable(path, error)
    })
}

/// The file at the path, or nothing where there is none.
fn open(path: &Path) -> Result<Option<File>> {
    let mut looks = 0;
    loop {
        looks += 1;
        let error = match system::open(path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => error,
            Err(error) => return Err(unreadable(path, error)),
        };
        match std::fs::symlink_metadata(path) {
            Err(_) => return Ok(None),
            // It came between the two looks: an editor puts a new file in the place of the old one.
            Ok(found) if !found.is_symlink() && looks < MOST_LOOKS => {}
            // A link that leads nowhere was meant to lead somewhere.
            Ok(_) => return Err(unreadable(path, error)),
        }
    }
}

fn contents(file: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    broken(path, &format!("cannot be read: {error}"), "Make the file readable, or take it away.")
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    broken(path, &format!("cannot be written: {error}"), "Make its folder writable for you.")
}

fn broken(path: &Path, what: &str, remedy: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::ConfigError, format!("{} {what}.", path.display()), remedy)
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::{Path, PathBuf};

    use rustix::fs::{Mode, OFlags};

    use super::{Stamp, broken};
    use crate::error::Result;

    /// As the kernel follows at most.
    const MOST_LINKS: usize = 40;
    const OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;

    /// Opens without waiting: a pipe with nobody at its other end would hold the call.
    pub fn open(path: &Path) -> std::io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
    }

    pub fn make_folder(path: &Path) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// A new file; whatever the umask says, nobody else reads or writes it.
    pub fn create(path: &Path) -> std::io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    pub fn stamp(metadata: &Metadata) -> Stamp {
        let nanoseconds =
            |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Stamp {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            times: [
                nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
                nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            ],
        }
    }

    /// The file itself, and each folder that says which file it is.
    pub fn check(path: &Path, file: &Metadata) -> Result<()> {
        closed(path, file)?;
        for folder in folders(path) {
            if let Ok(metadata) = std::fs::metadata(&folder) {
                closed(&folder, &metadata)?;
            }
            // With the links in the folders' own names followed.
            if let Ok(real) = folder.canonicalize() {
                check_above(&real)?;
            }
        }
        Ok(())
    }

    /// Whether others may put another file into the place of this one: further up, a folder that all
    /// may write is harmless where only a file's owner may move it away (the sticky bit, as in /tmp).
    fn check_above(folder: &Path) -> Result<()> {
        for above in folder.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()) {
            if let Ok(metadata) = std::fs::metadata(above)
                && metadata.mode() & STICKY == 0
            {
                closed(above, &metadata)?;
            }
        }
        Ok(())
    }

    /// The folder of the path, and of what each link on the way to the file leads to.
    fn folders(path: &Path) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        let mut at = path.to_owned();
        for _ in 0..=MOST_LINKS {
            let folder = match at.parent() {
                Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
                Some(parent) => parent.to_owned(),
                None => break,
            };
            let next = std::fs::read_link(&at).map(|to| folder.join(to));
            folders.push(folder);
            match next {
                Ok(next) => at = next,
                Err(_) => break,
            }
        }
        folders
    }

    fn closed(path: &Path, metadata: &Metadata) -> Result<()> {
        let shown = path.display();
        if metadata.mode() & OTHERS_WRITE != 0 {
            let remedy = format!("Run: chmod go-w {}", quoted(path));
            return Err(broken(path, "can be written by other users", remedy));
        }
        let owner = metadata.uid();
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return Err(broken(
                path,
                &format!("belongs to another user (uid {owner})"),
                format!("Make {shown} your own, or root's, with chown."),
            ));
        }
        Ok(())
    }

    fn quoted(path: &Path) -> String {
        format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{File, Metadata};
    use std::path::Path;
    use std::time::UNIX_EPOCH;

    use super::Stamp;
    use crate::error::Result;

    pub fn open(path: &Path) -> std::io::Result<File> {
        File::open(path)
    }

    pub fn make_folder(path: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub fn create(path: &Path) -> std::io::Result<File> {
        File::create_new(path)
    }

    pub fn stamp(metadata: &Metadata) -> Stamp {
        let nanoseconds = |time: std::io::Result<std::time::SystemTime>| {
            time.ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .and_then(|since| i128::try_from(since.as_nanos()).ok())
                .unwrap_or_default()
        };
        Stamp {
            identity: (0, 0),
            size: metadata.len(),
            times: [nanoseconds(metadata.modified()), nanoseconds(metadata.created())],
        }
    }

    /// Nothing is checked: who may write is said by access lists here, not by mode bits.
    pub fn check(_: &Path, _: &Metadata) -> Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A closed folder with a closed file in it.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), 0o700);
        fs::write(folder.path().join("policy.yaml"), "mode: full\n").unwrap();
        set(&folder.path().join("policy.yaml"), 0o644);
        folder
    }

    fn refused(path: &Path, words: &str) {
        let error = read(path).unwrap_err();
        assert_eq!(error.kind, Kind::ConfigError);
        assert!(error.to_string().contains(words), "{error}");
    }

    #[test]
    fn a_closed_file_is_read() {
        let folder = folder();
        let path = folder.path().join("policy.yaml");
        let text = read(&path).unwrap().unwrap();
        assert_eq!(text.text, "mode: full\n");
        assert_eq!(stamp(&path), Some(text.stamp));
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        let folder = folder();
        assert!(read(&folder.path().join("other.yaml")).unwrap().is_none());
        assert!(read(&folder.path().join("none/policy.yaml")).unwrap().is_none());
        assert_eq!(stamp(&folder.path().join("other.yaml")), None);
    }

    #[test]
    fn a_file_that_others_may_write_is_refused() {
        for mode in [0o664, 0o646, 0o666, 0o620, 0o602, 0o777] {
            let folder = folder();
            let path = folder.path().join("policy.yaml");
            set(&path, mode);
            refused(&path, &format!("chmod go-w '{}'", path.display()));
        }
    }

    #[test]
    fn a_folder_that_others_may_write_is_refused() {
        for mode in [0o770, 0o707, 0o1777] {
            let folder = folder();
            set(folder.path(), mode);
            let remedy = format!("chmod go-w '{}'", folder.path().display());
            refused(&folder.path().join("policy.yaml"), &remedy);
        }
    }

    #[test]
    fn links_are_followed_and_their_folders_looked_at() {
        let (links, middle, files) = (folder(), folder(), folder());
        let link = links.path().join("link.yaml");
        symlink(middle.path().join("link.yaml"), &link).unwrap();
        symlink(files.path().join("policy.yaml"), middle.path().join("link.yaml")).unwrap();
        assert!(read(&link).unwrap().is_some());
        for open in [&links, &middle, &files] {
            set(open.path(), 0o770);
            refused(&link, &open.path().display().to_string());
            set(open.path(), 0o700);
        }
        set(&files.path().join("policy.yaml"), 0o666);
        refused(&link, "written by other users");
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_an_absent_file() {
        let folder = folder();
        let link = folder.path().join("link.yaml");
        symlink("nowhere.yaml", &link).unwrap();
        refused(&link, "cannot be read");
        let round = folder.path().join("round.yaml");
        symlink("round.yaml", &round).unwrap();
        refused(&round, "cannot be read");
    }

    #[test]
    fn only_regular_files_of_some_size_in_utf_8() {
        let folder = folder();
        refused(folder.path(), "regular file");
        refused(Path::new("/dev/null"), "regular file");
        let path = folder.path().join("policy.yaml");
        fs::write(&path, vec![b'#'; 1024 * 1024]).unwrap();
        assert!(read(&path).unwrap().is_some());
        fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        refused(&path, "1 MiB");
        fs::write(&path, b"a: b\nc: \xff\n").unwrap();
        refused(&path, "line 2");
    }

    // macOS has no call for it that works on an open folder.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = folder();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        refused(&pipe, "regular file");
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        // Only root can give a file away; for anybody else there is no such file to make.
        let folder = folder();
        let path = folder.path().join("policy.yaml");
        let nobody = rustix::fs::Uid::from_raw(65_534);
        if rustix::fs::chown(&path, Some(nobody), None).is_ok() {
            refused(&path, "another user");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let folder = folder();
        let below = folder.path().join("a/b");
        make_folder(&below).unwrap();
        make_folder(&below).unwrap();
        let path = below.join("pin");
        for text in ["one", "other"] {
            write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().unwrap().text, text);
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&path), mode(&below), mode(&folder.path().join("a"))),
            (0o600, 0o700, 0o700)
        );
        assert_eq!(fs::read_dir(&below).unwrap().count(), 1);
        assert!(write(&folder.path().join("none/pin"), "x").is_err());
        assert!(make_folder(&folder.path().join("policy.yaml")).is_err());
    }

    #[test]
    fn a_stamp_changes_with_the_file() {
        let folder = folder();
        let path = folder.path().join("policy.yaml");
        let before = stamp(&path);
        fs::write(&path, "mode: confirm\n").unwrap();
        assert_ne!(stamp(&path), before);
    }
}
