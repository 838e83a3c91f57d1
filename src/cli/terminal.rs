//! Asks the person at the terminal, by a code that only the terminal shows: what the model can write
//! to stdin, or put into arguments, cannot be it. A program that the model runs can still open a
//! terminal of its own and read the code there; `gate::peer` tells the usual ones.

#[cfg(unix)]
#[path = "terminal/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "terminal/windows.rs"]
mod system;

use std::io;

use crate::config::Environment;
use crate::error::Result;
use crate::gate::{Code, peer, visible};

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Yes,
    No,
    /// The person left it open, or did not type the code.
    Left,
    /// Nobody could be asked, and why.
    Unavailable(String),
}

/// Codes that are shown for one question.
const MOST_CODES: usize = 3;
/// What is longer would push its own beginning off the screen.
const MOST_LINES: usize = 200;
const MOST_CHARACTERS: usize = 16_000;

/// Shows what a yes would allow, and asks for it; waits for the person. `environment` is the process's.
pub fn ask(summary: &str, environment: &Environment) -> Outcome {
    if let Err(refusal) = peer::own_standing(environment.names()) {
        return Outcome::Unavailable(format!("this process may not ask: {refusal}."));
    }
    let mut terminal = match system::Terminal::open() {
        Ok(terminal) => terminal,
        Err(why) => return Outcome::Unavailable(why),
    };
    talk(summary, Code::new, |text| terminal.exchange(text))
}

/// The conversation. `exchange` shows a text and gives the line that is typed from then on, or nothing
/// at the end of input.
fn talk(
    summary: &str,
    mut code: impl FnMut() -> Result<Code>,
    mut exchange: impl FnMut(&str) -> io::Result<Option<String>>,
) -> Outcome {
    let shown = visible(summary);
    if shown.lines().count() > MOST_LINES || shown.chars().count() > MOST_CHARACTERS {
        return Outcome::Unavailable("the question is too long to be shown.".to_owned());
    }
    // With a mark before each line, no line of it can be taken for one of ours.
    let mut before: String =
        shown.lines().map(|line| format!("  | {line}\n")).collect::<String>() + "\n";
    for _ in 0..MOST_CODES {
        let code = match code() {
            Ok(code) => code,
            Err(error) => return Outcome::Unavailable(error.message),
        };
        let shown = code.shown();
        let prompt = format!(
            "{before}Type {shown} to allow this once, no to refuse, Enter to leave it open: "
        );
        let typed = match exchange(&prompt) {
            Ok(Some(line)) => line,
            Ok(None) => return Outcome::Left,
            Err(error) => return Outcome::Unavailable(format!("the terminal: {error}.")),
        };
        match typed.trim().to_ascii_uppercase().as_str() {
            "" => return Outcome::Left,
            "NO" | "N" => return Outcome::No,
            word if code.is(word) => return Outcome::Yes,
            _ => before = "That is not the code.\n".to_owned(),
        }
    }
    Outcome::Left
}

#[cfg(test)]
mod tests;
