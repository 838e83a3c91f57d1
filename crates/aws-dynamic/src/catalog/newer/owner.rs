//! Who may write a file: what decides effects and hosts must be the user's own word. On Unix by owner
//! and mode; elsewhere a home folder is taken to be its user's.

use std::fs::Metadata;
use std::path::Path;

use super::error::{NewerError, Result};

/// Refuses a folder that is none, or that others may write, or that others may put another in the
/// place of.
pub fn check_folder(folder: &Path) -> Result<()> {
    let about = std::fs::symlink_metadata(folder).map_err(|error| unreadable(folder, &error))?;
    if about.file_type().is_symlink() {
        return Err(refused(folder, "is a link; name the folder itself"));
    }
    if !about.is_dir() {
        return Err(refused(folder, "is no folder"));
    }
    check(folder, &about)?;
    let whole = folder.canonicalize().map_err(|error| unreadable(folder, &error))?;
    for above in whole.ancestors().skip(1) {
        let about = std::fs::metadata(above).map_err(|error| unreadable(above, &error))?;
        check_above(above, &about)?;
    }
    Ok(())
}

/// Refuses a file that others may write; `about` is of the open file.
pub(super) fn check_file(path: &Path, about: &Metadata) -> Result<()> {
    let named = std::fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
    if named.file_type().is_symlink() || !about.is_file() {
        return Err(refused(path, "is a link, or no file; build or sync the models again"));
    }
    check(path, about)
}

fn refused(path: &Path, why: &str) -> NewerError {
    NewerError::Refused { path: path.to_owned(), why: why.to_owned() }
}

fn unreadable(path: &Path, error: &std::io::Error) -> NewerError {
    refused(path, &format!("cannot be looked at: {error}"))
}

#[cfg(unix)]
fn check(path: &Path, about: &Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    if !is_ours(about) {
        return Err(refused(path, "belongs to another user; models must be your own or root's"));
    }
    if about.mode() & 0o022 != 0 {
        return Err(refused(path, "can be written by others; take that away: chmod go-w"));
    }
    Ok(())
}

/// A folder above may be one where everybody puts things, if nobody can take away what is another's.
#[cfg(unix)]
fn check_above(path: &Path, about: &Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    if !is_ours(about) {
        return Err(refused(path, "belongs to another user, who could put other models there"));
    }
    if about.mode() & 0o022 != 0 && about.mode() & STICKY == 0 {
        return Err(refused(path, "can be written by others, who could put other models there"));
    }
    Ok(())
}

#[cfg(unix)]
fn is_ours(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    about.uid() == 0 || about.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn check(_: &Path, _: &Metadata) -> Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn check_above(_: &Path, _: &Metadata) -> Result<()> {
    Ok(())
}

/// Makes a folder that only the user can enter.
pub(super) fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file that only the user can read.
pub(super) fn make_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Waits until the names in a folder are on disk. Elsewhere folders cannot be opened for that.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
