//! `aws-mcp approve`: a person's answer, from a terminal, to what running servers wait for.

use std::path::Path;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures_util::future::join_all;

use super::terminal::{self, Outcome};
use crate::config::{Clock, Environment};
use crate::error::echo;
use crate::gate::socket::{Open, Pending, Said, Server, servers};
use crate::gate::visible;

#[derive(clap::Args)]
pub struct Options {
    /// Which question, by its id or how it begins; not needed where only one is open
    id: Option<String>,
    /// Print what is open, and ask nothing
    #[arg(long, conflicts_with = "id")]
    list: bool,
    /// End all yeses that were given for a time
    #[arg(long, conflicts_with_all = ["id", "list"])]
    revoke: bool,
}

/// Lines of a question that a list shows, and characters of a line.
const MOST_LINES: usize = 3;
const MOST_CHARACTERS: usize = 100;

/// Does it. `environment` is the process's own.
pub fn run(
    options: &Options,
    state_dir: Option<&Path>,
    environment: &Environment,
    clock: Clock,
) -> u8 {
    let wish = match (&options.id, options.list, options.revoke) {
        (_, _, true) => Wish::Revoke,
        (_, true, false) => Wish::List,
        (id, false, false) => Wish::Answer(id.as_deref()),
    };
    match done(&wish, state_dir, environment, clock) {
        Ok((text, code)) => {
            super::print(&text);
            code
        }
        Err(why) => {
            eprintln!("aws-mcp: {}", visible(&why));
            super::USAGE
        }
    }
}

enum Wish<'a> {
    List,
    Revoke,
    Answer(Option<&'a str>),
}

/// A question, and who asks it.
type Question = (Server, Pending);

fn done(
    wish: &Wish<'_>,
    state_dir: Option<&Path>,
    environment: &Environment,
    clock: Clock,
) -> Result<(String, u8), String> {
    let state_dir = state_dir.ok_or("there is no home directory; set AWS_MCP_STATE_DIR.")?;
    let runtime = super::runtime().map_err(|error| error.to_string())?;
    let found = servers(state_dir).map_err(|error| format!("{error}."))?;
    if let Wish::Revoke = wish {
        return runtime.block_on(revoked(&found));
    }
    let open = runtime.block_on(opened(found))?;
    let questions: Vec<Question> = open
        .iter()
        .flat_map(|(server, open)| open.pending.iter().map(|one| (server.clone(), one.clone())))
        .collect();
    let wanted = match wish {
        Wish::List | Wish::Revoke => return Ok((listed(&open, clock), super::DONE)),
        Wish::Answer(None) => match questions.as_slice() {
            [] => return Ok(("Nothing waits for an answer.\n".to_owned(), super::NO)),
            [one] => one,
            [..] => {
                let text = listed(&open, clock) + "Which one? Run: aws-mcp approve ID\n";
                return Ok((text, super::NO));
            }
        },
        Wish::Answer(Some(id)) => named(&questions, id)?,
    };
    let (server, pending) = wanted;
    let summary = format!(
        "{}\n\nAsked at {}; open until {}.",
        pending.summary, pending.asked_at, pending.expires_at
    );
    let (said, word, code) = match terminal::ask(&summary, environment) {
        Outcome::Yes => (Said::Yes, "Allowed.\n", super::DONE),
        Outcome::No => (Said::No, "Refused.\n", super::NO),
        Outcome::Left => return Ok(("Nothing was allowed; it is still open.\n".into(), super::NO)),
        Outcome::Unavailable(why) => return Err(why),
    };
    match runtime.block_on(server.answer(&pending.id, &pending.summary, said)) {
        Ok(()) => Ok((word.to_owned(), code)),
        Err(why) => Ok((format!("It came to nothing: {}.\n", visible(&why)), super::NO)),
    }
}

/// What the servers have on their desks. What cannot be reached is told, and is an error if nothing can.
async fn opened(servers: Vec<Server>) -> Result<Vec<(Server, Open)>, String> {
    let (mut open, mut silent) = (Vec::new(), Vec::new());
    // At once: one that hangs takes its whole time.
    let asked = servers.into_iter().map(|server| async {
        let found = server.open().await;
        (server, found)
    });
    for (server, found) in join_all(asked).await {
        match found {
            Ok(Some(found)) => open.push((server, found)),
            Ok(None) => {}
            Err(why) => silent.push(format!("server {}: {why}.", server.pid)),
        }
    }
    heard(open, &silent)
}

async fn revoked(servers: &[Server]) -> Result<(String, u8), String> {
    let (mut ended, mut silent) = (Vec::new(), Vec::new());
    let asked = servers.iter().map(|server| async move { (server, server.revoke().await) });
    for (server, count) in join_all(asked).await {
        match count {
            Ok(count) => ended.push(count),
            Err(why) => silent.push(format!("server {}: {why}.", server.pid)),
        }
    }
    let code = if silent.is_empty() { super::DONE } else { super::USAGE };
    let count: usize = heard(ended, &silent)?.iter().sum();
    Ok((format!("Ended: {count}.\n"), code))
}

fn heard<T>(from: Vec<T>, silent: &[String]) -> Result<Vec<T>, String> {
    match (from.is_empty(), silent.is_empty()) {
        (true, true) => Err("no server is running that could be reached here.".to_owned()),
        (true, false) => Err(silent.join("\naws-mcp: ")),
        (false, _) => {
            for why in silent {
                eprintln!("aws-mcp: {}", visible(why));
            }
            Ok(from)
        }
    }
}

/// The question of an id, or of the beginning that only its id has.
fn named<'a>(questions: &'a [Question], id: &str) -> Result<&'a Question, String> {
    let begins = |(_, pending): &&Question| pending.id.starts_with(id);
    let exact = questions.iter().find(|(_, pending)| pending.id == id);
    let mut near = questions.iter().filter(begins);
    match (exact, near.next(), near.next()) {
        (Some(one), _, _) | (None, Some(one), None) if !id.is_empty() => Ok(one),
        (None, Some(_), Some(_)) => {
            Err(format!("more than one question begins with {}.", echo(id)))
        }
        _ => Err(format!(
            "no question with the id {} is open. `aws-mcp approve --list` lists them.",
            echo(id)
        )),
    }
}

fn listed(open: &[(Server, Open)], clock: Clock) -> String {
    let mut text = String::new();
    for (server, open) in open {
        for pending in &open.pending {
            let age = age(&pending.asked_at, clock.now());
            text.push_str(&format!("{}  {age}\n", short(&pending.id)));
            for line in pending.summary.lines().take(MOST_LINES) {
                text.push_str(&format!("  | {}\n", short(line)));
            }
        }
        for grant in &open.grants {
            text.push_str(&format!("until {}: {}\n", short(&grant.until), short(&grant.what)));
        }
        if open.more > 0 {
            text.push_str(&format!("server {}: {} more\n", server.pid, open.more));
        }
    }
    if text.is_empty() { "Nothing waits for an answer.\n".to_owned() } else { text }
}

fn short(text: &str) -> String {
    let shown = visible(text).replace('\n', " ");
    let cut: String = shown.chars().take(MOST_CHARACTERS).collect();
    if cut.len() < shown.len() { cut + "..." } else { cut }
}

fn age(asked_at: &str, now: SystemTime) -> String {
    let asked = DateTime::from_str(asked_at, Format::DateTime).map(|time| time.secs());
    match asked.map(|asked| DateTime::from(now).secs().saturating_sub(asked).max(0)) {
        Ok(seconds @ 0..120) => format!("{seconds} s ago"),
        Ok(seconds) => format!("{} min ago", seconds / 60),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests;
