//! Zenity and kdialog. What is said here of keys and codes was measured with zenity 3.44 and 4.1.90 and
//! kdialog 22.12.

use super::child::Ended;
use super::{Answer, MINUTES, NO, ONCE, Offer, Shape};

pub(super) const ZENITY: &str = "/usr/bin/zenity";
pub(super) const KDIALOG: &str = "/usr/bin/kdialog";

/// Where the desktop is, the way into it, and the person's language and theme.
pub(super) const VARIABLES: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
];

/// Zenity ends with the codes that it is told. Its own would not do: 1 is a button, a closed window and
/// a display that cannot be opened.
const CODES: [(&str, i32); 6] = [
    ("ZENITY_OK", OK),
    ("ZENITY_CANCEL", CANCEL),
    ("ZENITY_ESC", ESCAPE),
    ("ZENITY_EXTRA", EXTRA),
    ("ZENITY_TIMEOUT", TIMEOUT),
    ("ZENITY_ERROR", ERROR),
];
const OK: i32 = 81;
const CANCEL: i32 = 82;
const ESCAPE: i32 = 83;
const EXTRA: i32 = 84;
const TIMEOUT: i32 = 85;
const ERROR: i32 = 86;

/// A view of plain text, which zenity reads from its standard input. This kind of window always has
/// both of zenity's own buttons: Enter presses the one (`No`), Escape the other (`Close`). The keys go
/// to the text at first, where Space does nothing.
pub(super) fn zenity(text: &str, offer: Offer, seconds: u64) -> Shape {
    let mut arguments = vec![
        "--text-info".to_owned(),
        "--title=aws-mcp".to_owned(),
        "--width=700".to_owned(),
        "--height=560".to_owned(),
        "--font=monospace".to_owned(),
        format!("--ok-label={NO}"),
        "--cancel-label=Close".to_owned(),
        format!("--extra-button={ONCE}"),
    ];
    match offer {
        Offer::OnceOnly => {}
        Offer::Minutes => arguments.push(format!("--extra-button={MINUTES}")),
    }
    arguments.push(format!("--timeout={seconds}"));
    Shape {
        program: ZENITY,
        arguments,
        variables: CODES.map(|(name, code)| (name, code.to_string())).into(),
        input: text.to_owned(),
    }
}

pub(super) fn zenity_answer(ended: &Ended) -> Option<Answer> {
    match (ended.printed.as_slice(), ended.code?) {
        // Of an extra button: version 3 says ESC, version 4 EXTRA.
        (b"Once\n", ESCAPE | EXTRA) => Some(Answer::Once),
        (b"15 minutes\n", ESCAPE | EXTRA) => Some(Answer::Minutes),
        (b"", OK) => Some(Answer::No),
        (b"", CANCEL | ESCAPE | TIMEOUT) => Some(Answer::Closed),
        _ => None,
    }
}

/// The only markup there is. Without it the lines would be centred.
const BEFORE: &str = "<qt><p align=\"left\"><tt>";
const AFTER: &str = "</tt></p></qt>";

/// A list to choose from, since kdialog tells of its buttons by codes only, and one of them means a
/// failure too; of a list it prints the word. `No` is chosen at first. Below it stands a line that is
/// a no as well, so that Down and Enter do not say yes, and the others begin with what no keyboard
/// has, so that typing does not choose them.
pub(super) fn kdialog(text: &str, offer: Offer) -> Shape {
    let mut rows =
        vec![[NO, NO, "on"], [NO, "or allow it:", "off"], [ONCE, "\u{2022} Once", "off"]];
    match offer {
        Offer::OnceOnly => {}
        Offer::Minutes => rows.push([MINUTES, "\u{2022} 15 minutes", "off"]),
    }
    let mut arguments = vec![
        "--title".to_owned(),
        "aws-mcp".to_owned(),
        "--radiolist".to_owned(),
        format!("{BEFORE}{}{AFTER}", literal(text)),
    ];
    arguments.extend(rows.into_iter().flatten().map(str::to_owned));
    Shape { program: KDIALOG, arguments, variables: Vec::new(), input: String::new() }
}

pub(super) fn kdialog_answer(ended: &Ended) -> Option<Answer> {
    match (ended.printed.as_slice(), ended.code?) {
        (b"Once\n", 0) => Some(Answer::Once),
        (b"15 minutes\n", 0) => Some(Answer::Minutes),
        (b"No\n", 0) => Some(Answer::No),
        (b"\n", 1) => Some(Answer::Closed),
        _ => None,
    }
}

/// Rich text that shows the text as it is. Kdialog shows as markup whatever looks like it, so plain
/// text cannot be told from markup by leaving it alone; and it takes `\n` for a line break.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut after_word = false;
    for character in text.chars() {
        match character {
            '\n' => out.push_str("<br/>"),
            // Spaces at a line's beginning, or several of them, would be lost.
            ' ' if after_word => out.push(' '),
            ' ' => out.push_str("&#160;"),
            c if c.is_ascii_alphanumeric() || !c.is_ascii() => out.push(c),
            c => out.push_str(&format!("&#{};", u32::from(c))),
        }
        after_word = !matches!(character, ' ' | '\n');
    }
    out
}
