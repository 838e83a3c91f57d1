//! `osascript` with an AppleScript that never changes: what is asked comes in a variable, which the
//! script shows and does not look into.

use super::child::Ended;
use super::{Answer, Offer, Shape, escaped, fitted};

pub(super) const OSASCRIPT: &str = "/usr/bin/osascript";

pub(super) const VARIABLES: &[&str] = &["HOME", "USER", "TMPDIR"];

const BEFORE: &[&str] = &[
    "on run",
    "set theText to system attribute \"AWS_MCP_QUESTION\"",
    "set theSeconds to (system attribute \"AWS_MCP_SECONDS\") as integer",
    "try",
    "tell current application to activate",
    "end try",
    "try",
];
/// Return presses the default button, Escape the cancel button.
const ONCE_ONLY: &str = "set theReply to display dialog theText with title \"aws-mcp\" \
    buttons {\"Once\", \"No\"} \
    default button \"No\" cancel button \"No\" with icon caution giving up after theSeconds";
const WITH_MINUTES: &str = "set theReply to display dialog theText with title \"aws-mcp\" \
    buttons {\"15 minutes\", \"Once\", \"No\"} \
    default button \"No\" cancel button \"No\" with icon caution giving up after theSeconds";
/// A cancel button is an error, number -128.
const AFTER: &[&str] = &[
    "on error number -128",
    "return \"No\"",
    "end try",
    "if gave up of theReply then return \"Closed\"",
    "if button returned of theReply is \"Once\" then return \"Once\"",
    "if button returned of theReply is \"15 minutes\" then return \"15 minutes\"",
    "return \"Closed\"",
    "end run",
];

pub(super) fn osascript(text: &str, offer: Offer, seconds: u64) -> Shape {
    let question = match offer {
        Offer::OnceOnly => ONCE_ONLY,
        Offer::Minutes => WITH_MINUTES,
    };
    let lines = BEFORE.iter().chain([&question]).chain(AFTER);
    Shape {
        program: OSASCRIPT,
        arguments: lines.flat_map(|line| ["-e".to_owned(), (*line).to_owned()]).collect(),
        variables: vec![
            ("AWS_MCP_QUESTION", fitted(&ascii(text))),
            ("AWS_MCP_SECONDS", seconds.to_string()),
        ],
        input: String::new(),
    }
}

/// `osascript` prints what the script returns, and ends with 0 unless the script fails.
pub(super) fn answer(ended: &Ended) -> Option<Answer> {
    match (ended.printed.as_slice(), ended.code?) {
        (b"Once\n", 0) => Some(Answer::Once),
        (b"15 minutes\n", 0) => Some(Answer::Minutes),
        (b"No\n", 0) => Some(Answer::No),
        (b"Closed\n", 0) => Some(Answer::Closed),
        _ => None,
    }
}

/// `system attribute` takes the bytes of a variable for MacRoman, so a letter beyond ASCII would be
/// shown as others.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.push_str(&escaped(character));
        }
    }
    out
}
