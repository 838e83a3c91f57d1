//! The folder of newer models, and what lies in it beside them: the pin, when models were last looked
//! for, and a lock, because two who write would take away each other's files.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_dynamic::catalog::newer::{Newer, NewerError, check_folder};

use crate::config::{ModelSettings, Reference, make_folder, read, write};
use crate::error::{Error, Kind, Result};

const PIN: &str = "pin";
const TRIED: &str = "tried";
const LOCK: &str = "lock";
const MANIFEST: &str = "manifest.json";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder; it may not be there yet.
pub struct Place {
    folder: PathBuf,
}

/// Held by whoever writes; a process that dies lets go of it.
pub struct Turn(#[expect(dead_code, reason = "closing it ends the turn")] File);

impl Place {
    /// The folder of the settings.
    pub fn of(settings: &ModelSettings) -> Result<Self> {
        let folder = settings.folder.clone().ok_or_else(|| {
            Error::new(
                Kind::ConfigError,
                "there is no folder for models, because there is no home directory.",
                "Set HOME, or SMITHY_MODEL_PATH to a folder of your own.",
            )
        })?;
        Ok(Self { folder })
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The models in it.
    pub fn newer(&self) -> Result<Newer, NewerError> {
        Newer::open(&self.folder)
    }

    /// What `models pin` said.
    pub fn pin(&self) -> Result<Option<Reference>> {
        let text = read(&self.folder.join(PIN))?;
        text.map(|text| Reference::parse(text.text.trim())).transpose()
    }

    /// Has `sync` keep to a reference, or no longer to one.
    pub fn set_pin(&self, pin: Option<&Reference>, _: &Turn) -> Result<()> {
        let path = self.folder.join(PIN);
        match (pin, std::fs::remove_file(&path)) {
            (Some(pin), _) => write(&path, &format!("{pin}\n")),
            (None, Err(error)) if error.kind() != ErrorKind::NotFound => {
                Err(broken(format!("{}: {error}.", path.display()), "Remove the file."))
            }
            (None, _) => Ok(()),
        }
    }

    /// Makes the folder, if nobody else may write it, and holds it. Others' files are left alone.
    pub fn turn(&self) -> Result<Turn> {
        make_folder(&self.folder)?;
        self.check()?;
        let path = self.folder.join(LOCK);
        let failed = |error| {
            broken(format!("{}: {error}.", path.display()), "Make the folder writable for you.")
        };
        let options = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = options.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Turn(lock)),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                Kind::ExecutionError,
                format!("another process writes models into {}.", self.folder.display()),
                "Try again in a minute.",
            )),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Whether models can be kept here: nobody else may write the folder, and what is in it is ours. A
    /// folder that is not there yet is made when it is needed.
    pub fn check(&self) -> Result<()> {
        if self.folder.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        check_folder(&self.folder).map_err(of_newer)?;
        self.check_content()
    }

    /// Whether nobody looked for models for a day. A time to come was another clock's.
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.tried().is_none_or(|tried| {
            now.duration_since(tried).is_err() || now.duration_since(tried).is_ok_and(|d| d >= DAY)
        })
    }

    /// When somebody last looked for models.
    pub fn tried(&self) -> Option<SystemTime> {
        let text = read(&self.folder.join(TRIED)).ok()??;
        UNIX_EPOCH.checked_add(Duration::from_secs(text.text.trim().parse().ok()?))
    }

    /// Notes that somebody looks for models now.
    pub fn note_try(&self, now: SystemTime, _: &Turn) -> Result<()> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        write(&self.folder.join(TRIED), &format!("{seconds}\n"))
    }

    /// Where models were written before, anything may lie; else only what is ours.
    fn check_content(&self) -> Result<()> {
        let entries = std::fs::read_dir(&self.folder)
            .map_err(|error| broken(format!("{}: {error}.", self.folder.display()), ELSEWHERE))?;
        let mut names = entries.flatten().map(|entry| entry.file_name());
        match self.folder.join(MANIFEST).exists()
            || names.all(|name| is_ours(&name.to_string_lossy()))
        {
            true => Ok(()),
            false => Err(broken(
                format!("{} has files in it that are not ours.", self.folder.display()),
                ELSEWHERE,
            )),
        }
    }
}

/// Whether we wrote a file of this name, or began to and were killed.
fn is_ours(name: &str) -> bool {
    let whole = |name: &str| [PIN, TRIED, LOCK, MANIFEST].contains(&name);
    let is_half = |(name, process): (&str, &str)| {
        whole(name) && process.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_sum = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole(name) || name.rsplit_once('.').is_some_and(is_half) || name.starts_with(".new-") || is_sum
}

const ELSEWHERE: &str = "Have SMITHY_MODEL_PATH name an empty folder, or one that is not there yet. Models that you \
                         downloaded go in with `aws-mcp models build PATH`.";

/// An error about newer models as one of ours.
pub fn of_newer(error: NewerError) -> Error {
    let message = format!("{error}.");
    match error {
        NewerError::Absent { .. } | NewerError::Outdated { .. } => broken(message, ""),
        NewerError::Refused { .. } => {
            broken(message, "Or have SMITHY_MODEL_PATH name a folder that only you can write.")
        }
        NewerError::Source(_) => {
            Error::new(Kind::ExecutionError, message, "What was in use before stays in use.")
        }
        NewerError::Unwritten(_) => Error::new(
            Kind::ExecutionError,
            message,
            "Look after room on the disk, and try again; what was in use before stays in use.",
        ),
    }
}

fn broken(message: String, next_step: &'static str) -> Error {
    Error::new(Kind::ConfigError, message, next_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let home = tempfile::tempdir().unwrap();
        let place = Place { folder: home.path().join("data/models") };
        (home, place)
    }

    #[test]
    fn a_pin_holds_until_it_is_taken_away() {
        let (_home, place) = place();
        assert_eq!(place.pin().unwrap(), None);
        let turn = place.turn().unwrap();
        let pin = Reference::parse("v1/x").unwrap();
        place.set_pin(Some(&pin), &turn).unwrap();
        place.set_pin(Some(&pin), &turn).unwrap();
        assert_eq!(place.pin().unwrap(), Some(pin));
        place.set_pin(None, &turn).unwrap();
        place.set_pin(None, &turn).unwrap();
        assert_eq!(place.pin().unwrap(), None);
        std::fs::write(place.path().join(PIN), "../../x\n").unwrap();
        assert_eq!(place.pin().unwrap_err().kind, Kind::ConfigError);
    }

    #[test]
    fn one_writes_at_a_time() {
        let (_home, place) = place();
        let turn = place.turn().unwrap();
        assert!(place.turn().err().unwrap().message.contains("another process"));
        drop(turn);
        assert!(place.turn().is_ok());
    }

    #[test]
    fn models_are_due_once_a_day() {
        let (_home, place) = place();
        let at = |hours: u64| UNIX_EPOCH + Duration::from_secs(hours * 3_600);
        assert!(place.is_due(at(100)) && place.tried().is_none());
        let turn = place.turn().unwrap();
        place.note_try(at(100), &turn).unwrap();
        assert_eq!(place.tried(), Some(at(100)));
        for (now, expected) in [(100, false), (123, false), (124, true), (99, true)] {
            assert_eq!(place.is_due(at(now)), expected, "{now}");
        }
        std::fs::write(place.path().join(TRIED), "soon").unwrap();
        assert!(place.is_due(at(100)));
    }

    #[test]
    fn folders_with_other_things_in_them_are_left_alone() {
        let (_home, place) = place();
        drop(place.turn().unwrap());
        // What a process left that was killed.
        for name in ["pin.17", "tried", "manifest.json.4711", ".new-4711", "0123456789abcdef"] {
            std::fs::write(place.path().join(name), "").unwrap();
            assert!(place.turn().is_ok(), "{name}");
        }
        std::fs::write(place.path().join("pin.txt"), "").unwrap();
        assert!(place.turn().err().unwrap().message.contains("not ours"));
        std::fs::write(place.path().join(MANIFEST), "").unwrap();
        assert!(place.turn().is_ok());
    }
}
