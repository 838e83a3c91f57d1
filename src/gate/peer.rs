//! Who is at the other end of a socket. A program that the model runs has the person's own rights,
//! so that nothing here stops one that means to get through: what is refused are the ways at hand,
//! an agent's shell, a script that speaks the protocol, a program with other code loaded into it.
//! What cannot be found out counts as refused.

pub mod marker;

#[cfg(target_os = "linux")]
#[path = "peer/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "peer/macos.rs"]
mod system;
#[cfg(windows)]
#[path = "peer/windows.rs"]
mod system;

use std::fmt;
use std::io;

#[cfg(unix)]
pub use system::{mark, receive};

/// The operating system's user: the name that the environment gives, and the number, which it cannot
/// (on Windows 0).
pub fn user(name: &str) -> String {
    format!("{name} ({})", system::user())
}

/// The process that started this one; none where init did, or where that is not known.
pub fn parent() -> Option<u32> {
    system::parent()
}

/// Parents of parents that are looked at.
const MOST_ANCESTORS: usize = 64;

/// A process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub program: FileId,
    /// Whether a debugger is attached.
    pub traced: bool,
    /// The names of the variables that it was started with; nothing where the system does not say.
    pub variables: Option<Vec<String>>,
    /// The parent first.
    pub ancestors: Vec<Ancestor>,
}

/// One of the processes that a process comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub pid: u32,
    /// As above; nothing for another user's process too.
    pub variables: Option<Vec<String>>,
}

/// Device and number: the same file under whatever name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    pub device: u64,
    pub number: u64,
}

/// Why a process is not listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    OtherUser,
    OtherProgram,
    Unreadable(String),
    Traced,
    OfAgent(String),
    BelowAgent(String),
    Loaded(String),
    OfHost,
    OfServer,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherUser => f.write_str("it belongs to another user"),
            Self::OtherProgram => f.write_str(
                "it is another program, or another build of aws-mcp (after an update, restart the MCP \
                 host)",
            ),
            Self::Unreadable(why) => write!(f, "it cannot be looked at: {why}"),
            Self::Traced => f.write_str("a debugger is attached to it"),
            Self::OfAgent(name) => {
                write!(f, "{name} in its environment is an AI agent's; use a terminal of your own")
            }
            Self::BelowAgent(name) => write!(
                f,
                "a process that started it has {name} in its environment, which is an AI agent's; use \
                 a terminal of your own"
            ),
            Self::Loaded(name) => {
                write!(f, "{name} in its environment may load other code; start it without")
            }
            Self::OfHost => f.write_str(
                "it was started by the MCP host that the server belongs to; use a terminal of your own",
            ),
            Self::OfServer => f.write_str("it was started by the server itself"),
        }
    }
}

/// Whose children are not listened to.
#[derive(Clone, Copy, Debug)]
pub struct Barred {
    pub server: u32,
    pub host: Option<u32>,
}

/// This process's own program, held open so that its number is not given to another file.
#[derive(Debug)]
pub struct Own {
    program: FileId,
    #[cfg(unix)]
    _open: std::fs::File,
}

impl Own {
    /// To be made early: the file that this process runs, whatever lies at its path later.
    pub fn program() -> io::Result<Self> {
        system::own()
    }

    /// Whether a client may ask and answer for the person. `user` and `pid` are the kernel's words.
    pub fn admits(&self, user: u32, pid: Option<u32>, barred: Barred) -> Result<(), Refusal> {
        let seen = self.same(user, pid)?;
        judge(&seen, Some(barred))
    }

    /// Whether a server is this program, of this user. What it was started with is its host's matter.
    pub fn recognises(&self, user: u32, pid: Option<u32>) -> Result<(), Refusal> {
        self.same(user, pid).map(|_| ())
    }

    fn same(&self, user: u32, pid: Option<u32>) -> Result<Seen, Refusal> {
        if user != system::user() {
            return Err(Refusal::OtherUser);
        }
        // 0 is a process in a namespace that cannot be seen from here.
        let pid = pid
            .filter(|pid| *pid != 0)
            .ok_or_else(|| Refusal::Unreadable("it cannot be seen from here".to_owned()))?;
        let seen = system::look(pid).map_err(|e| Refusal::Unreadable(e.to_string()))?;
        if seen.program == self.program { Ok(seen) } else { Err(Refusal::OtherProgram) }
    }
}

/// Whether a person may be asked by this very process. `names` are those of its environment.
pub fn own_standing<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<(), Refusal> {
    if let Some(name) = marker::agent(names.clone()) {
        return Err(Refusal::OfAgent(name.to_owned()));
    }
    if let Some(name) = marker::loader(names) {
        return Err(Refusal::Loaded(name.to_owned()));
    }
    let seen = system::look(std::process::id()).map_err(|e| Refusal::Unreadable(e.to_string()))?;
    judge(&seen, None)
}

fn judge(seen: &Seen, barred: Option<Barred>) -> Result<(), Refusal> {
    if seen.traced {
        return Err(Refusal::Traced);
    }
    let named = |variables: &Option<Vec<String>>| variables.clone().unwrap_or_default();
    let own = named(&seen.variables);
    if let Some(name) = marker::agent(own.iter().map(String::as_str)) {
        return Err(Refusal::OfAgent(name.to_owned()));
    }
    if let Some(name) = marker::loader(own.iter().map(String::as_str)) {
        return Err(Refusal::Loaded(name.to_owned()));
    }
    for ancestor in &seen.ancestors {
        // `env -u CLAUDECODE aws-mcp approve` comes from a shell that still has it.
        let theirs = named(&ancestor.variables);
        if let Some(name) = marker::agent(theirs.iter().map(String::as_str)) {
            return Err(Refusal::BelowAgent(name.to_owned()));
        }
        let Some(barred) = barred else { continue };
        if barred.server == ancestor.pid {
            return Err(Refusal::OfServer);
        }
        // Everything comes from init, which is nobody's host.
        if barred.host == Some(ancestor.pid) && ancestor.pid != 1 {
            return Err(Refusal::OfHost);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
