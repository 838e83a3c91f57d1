//! Why newer models cannot be had, in words that say what to do.

use std::fmt;
use std::path::PathBuf;

/// Why there are no newer models. Until there are, the embedded catalog counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewerError {
    /// There is no such folder, or nothing was built in it so far.
    Absent { folder: PathBuf },
    /// The folder, or a file in it, is not to be trusted: others may write it, or it was changed.
    Refused { path: PathBuf, why: String },
    /// It was built for another version of the program or of the catalog.
    Outdated { folder: PathBuf, why: String },
    /// The models cannot be read, or none of them can be used.
    Source(String),
    /// What was built could not be packed or written.
    Unwritten(String),
}

impl fmt::Display for NewerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { folder } => {
                write!(
                    f,
                    "{}: there are no models here; build or sync them first",
                    folder.display()
                )
            }
            Self::Refused { path, why } => write!(f, "{}: {why}", path.display()),
            Self::Outdated { folder, why } => {
                write!(f, "{}: {why}; build or sync the models again", folder.display())
            }
            Self::Source(why) => write!(f, "the models cannot be used: {why}"),
            Self::Unwritten(why) => write!(f, "the models could not be written: {why}"),
        }
    }
}

impl std::error::Error for NewerError {}

pub(super) type Result<T, E = NewerError> = std::result::Result<T, E>;

pub(super) fn source(why: impl fmt::Display) -> NewerError {
    NewerError::Source(words(&why.to_string()))
}

pub(super) fn unwritten(why: impl fmt::Display) -> NewerError {
    NewerError::Unwritten(why.to_string())
}

/// Words with names of strangers in them: so many letters, and none that moves a cursor.
pub(super) fn words(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { '?' } else { letter };
    text.chars().take(400).map(plain).collect()
}
