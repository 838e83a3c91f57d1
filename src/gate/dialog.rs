//! A window on this machine's desktop that asks the person: the best way, since neither the model
//! nor the MCP client can press its buttons. Zenity or kdialog on Linux, `osascript` on macOS, Windows
//! PowerShell on Windows, each by the path that the system has it at, with arguments that are always
//! the same. The text comes by standard input (zenity) or a variable (macOS, Windows) and is never
//! markup, script or an option. Kdialog alone has no way but its arguments, so other users of the
//! machine can read the text there, in the list of processes; zenity is taken where both are.
//!
//! An answer is a yes only if the child printed exactly that button's word and ended with exactly the
//! code that belongs to it, and not at once. Closing the window, Enter, Escape and Space are never a
//! yes, nor is anything unexpected.

mod child;
mod linux;
mod macos;
mod windows;

use std::pin::pin;
use std::time::Duration;

use super::escape::visible;
use crate::config::Environment;
use child::Ended;

/// What of a question's text is shown at most.
const MOST_CHARACTERS: usize = 4_000;
const MOST_LINES: usize = 40;
/// Characters of a line, so that no window becomes wider than the screen. What of a line goes on in
/// the next is indented: it must not look like a line of its own.
const MOST_IN_A_LINE: usize = 76;
const INDENT: &str = "        ";
/// Marks on one letter; a heap of them would be drawn over the lines above.
const MOST_MARKS: usize = 2;
const CUT: &str = "[cut here: the text is longer]";
/// How long a window may stay open, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// A program that closes its window by itself gets this much longer until it is ended.
const GRACE: Duration = Duration::from_secs(3);

/// From the start of the program, which takes a part of it. A yes that comes sooner was meant for
/// what was under the mouse before.
const SOONEST: Duration = Duration::from_secs(1);

const NO: &str = "No";
const ONCE: &str = "Once";
const MINUTES: &str = "15 minutes";

/// The program that shows windows here, and what it gets of the environment.
#[derive(Debug)]
pub struct Dialog {
    program: Program,
    variables: Vec<(&'static str, String)>,
    /// A yes before that is none.
    soonest: Duration,
}

/// Which buttons there are beside `No`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// `Once`.
    OnceOnly,
    /// `Once` and `15 minutes`.
    Minutes,
}

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    No,
    /// Yes, to this call.
    Once,
    /// Yes, to this and its like for 15 minutes.
    Minutes,
    /// Closed without an answer, open until its time was over, or a yes before anyone could read.
    Closed,
    /// Could not be shown, and why.
    Failed(String),
}

impl Dialog {
    /// The program that can show a window in this environment. Looks whether it is there and whether
    /// nobody but the system could have put it there; starts nothing.
    pub fn find(environment: &Environment) -> Option<Self> {
        let system = System::of_this_machine();
        if !system.has_desktop(environment) {
            return None;
        }
        let program = system.programs().iter().find(|it| child::is_the_systems(it.path()))?;
        Some(Self::of(*program, environment))
    }

    /// Asks, and waits at most so long for the answer. Dropped, it takes the window away.
    pub async fn show(&self, text: &str, offer: Offer, lives: Duration) -> Answer {
        let seconds = lives.min(LONGEST).as_secs();
        if seconds == 0 {
            return Answer::Closed;
        }
        let mut shape = self.program.shape(&legible(text), offer, seconds);
        shape.variables.extend(self.variables.iter().cloned());
        let limit = Duration::from_secs(seconds) + self.program.grace();
        let mut running = pin!(child::run(&shape, limit));
        let (ended, came) = tokio::select! {
            biased;
            () = tokio::time::sleep(self.soonest) => (running.await, Came::InTime),
            ended = &mut running => (ended, Came::TooSoon),
        };
        let answer = match ended {
            Err(why) => Answer::Failed(format!("{} {why}", shape.program)),
            Ok(None) => Answer::Closed,
            Ok(Some(ended)) => self
                .program
                .answer(offer, &ended)
                .unwrap_or_else(|| Answer::Failed(ended.failure(shape.program))),
        };
        match (answer, came) {
            (Answer::Once | Answer::Minutes, Came::TooSoon) => Answer::Closed,
            (answer, Came::TooSoon | Came::InTime) => answer,
        }
    }

    fn of(program: Program, environment: &Environment) -> Self {
        let variables = program
            .variables()
            .iter()
            .filter_map(|name| Some((*name, environment.get(name)?.to_owned())))
            // What the system cannot hold was never set.
            .filter(|(_, value)| !value.contains('\0'))
            .collect();
        Self { program, variables, soonest: SOONEST }
    }
}

/// When an answer came.
enum Came {
    TooSoon,
    InTime,
}

/// How a program is started. The text is in `input`, in a variable, or, for kdialog, in one argument.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    program: &'static str,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    input: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    fn of_this_machine() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }

    /// Whether somebody can be expected before a screen. A session that came over SSH has none on
    /// macOS and Windows; on Linux a display says it, which may be a forwarded one.
    fn has_desktop(self, environment: &Environment) -> bool {
        let any = |names: &[&str]| names.iter().any(|name| environment.get(name).is_some());
        match self {
            Self::Linux => any(&["DISPLAY", "WAYLAND_DISPLAY"]),
            Self::MacOs | Self::Windows => !any(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]),
        }
    }

    /// The best first.
    fn programs(self) -> &'static [Program] {
        match self {
            Self::Linux => &[Program::Zenity, Program::Kdialog],
            Self::MacOs => &[Program::Osascript],
            Self::Windows => &[Program::PowerShell],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Zenity,
    Kdialog,
    Osascript,
    PowerShell,
}

impl Program {
    fn path(self) -> &'static str {
        match self {
            Self::Zenity => linux::ZENITY,
            Self::Kdialog => linux::KDIALOG,
            Self::Osascript => macos::OSASCRIPT,
            Self::PowerShell => windows::POWERSHELL,
        }
    }

    /// What it needs of the environment to reach the desktop; it gets nothing else.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Zenity | Self::Kdialog => linux::VARIABLES,
            Self::Osascript => macos::VARIABLES,
            Self::PowerShell => windows::VARIABLES,
        }
    }

    fn shape(self, text: &str, offer: Offer, seconds: u64) -> Shape {
        match self {
            Self::Zenity => linux::zenity(text, offer, seconds),
            Self::Kdialog => linux::kdialog(text, offer),
            Self::Osascript => macos::osascript(text, offer, seconds),
            Self::PowerShell => windows::powershell(text, offer, seconds),
        }
    }

    fn grace(self) -> Duration {
        match self {
            Self::Zenity | Self::Osascript | Self::PowerShell => GRACE,
            // It knows no time limit.
            Self::Kdialog => Duration::ZERO,
        }
    }

    /// What an end means; nothing where it means nothing.
    fn answer(self, offer: Offer, ended: &Ended) -> Option<Answer> {
        let answer = match self {
            Self::Zenity => linux::zenity_answer(ended),
            Self::Kdialog => linux::kdialog_answer(ended),
            Self::Osascript => macos::answer(ended),
            Self::PowerShell => windows::answer(ended),
        }?;
        // A button that was not there cannot have been pressed.
        let impossible = answer == Answer::Minutes && offer == Offer::OnceOnly;
        (!impossible).then_some(answer)
    }
}

/// The text as it may be shown: line breaks stay, everything else that hides is made visible, and
/// what is too long is cut off, which the text then says itself.
fn legible(text: &str) -> String {
    fitted(&marked(&visible(text).replace('\t', "\\u{0009}")))
}

fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for character in text.chars() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            out.push_str(&escaped(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// Marks that are drawn over or under the letter before them and can be heaped: the blocks of
/// diacritical marks, and those of Hebrew, Arabic and Thai.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{0300}'..='\u{036F}'
            | '\u{0483}'..='\u{0489}'
            | '\u{0591}'..='\u{05C7}'
            | '\u{0610}'..='\u{061A}'
            | '\u{064B}'..='\u{065F}'
            | '\u{06D6}'..='\u{06ED}'
            | '\u{0E31}'..='\u{0E3A}'
            | '\u{0E47}'..='\u{0E4E}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

fn escaped(character: char) -> String {
    format!("\\u{{{:04X}}}", u32::from(character))
}

/// The text, no wider and no longer than a window.
fn fitted(text: &str) -> String {
    let text = folded(text);
    let is_short = text.chars().nth(MOST_CHARACTERS).is_none();
    if is_short && text.split('\n').nth(MOST_LINES).is_none() {
        return text;
    }
    let lines: Vec<&str> = text.split('\n').take(MOST_LINES - 1).collect();
    let room = MOST_CHARACTERS - CUT.len() - 1;
    let mut kept: String = lines.join("\n").chars().take(room).collect();
    kept.push('\n');
    kept.push_str(CUT);
    kept
}

fn folded(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let (mut rest, mut indent) = (line, "");
        loop {
            let room = MOST_IN_A_LINE - indent.len();
            let Some((end, _)) = rest.char_indices().nth(room) else { break };
            let (fits, _) = rest.split_at(end);
            // Between words, unless a word would leave half of the line empty.
            let at = fits.rfind(' ').map(|at| at + 1).filter(|at| *at > end / 2).unwrap_or(end);
            let (shown, after) = rest.split_at(at);
            lines.push(format!("{indent}{shown}"));
            (rest, indent) = (after, INDENT);
        }
        lines.push(format!("{indent}{rest}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
