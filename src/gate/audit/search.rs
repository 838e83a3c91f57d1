//! Finds records: those of all files, in the order of time, the latest of them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::record::{Ended, Event, timestamp};
use super::tips;

/// What is looked for; what is absent matches all.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub tool: Option<String>,
    pub service: Option<String>,
    pub account: Option<String>,
    pub result: Option<Ended>,
    pub event: Option<Event>,
    pub since: Option<SystemTime>,
    /// How many, of the latest; at most 1,000.
    pub limit: usize,
}

/// What was found, the earliest first.
#[derive(Debug, Default)]
pub struct Found {
    pub records: Vec<Value>,
    /// How many match in all.
    pub matched: u64,
    /// Lines that are no records.
    pub skipped: u64,
}

pub const MOST_FOUND: usize = 1_000;

/// No line is longer; what is, is no record.
const MOST_LINE: u64 = 80 * 1024;

/// Looks through the records below the state folder. Nothing is verified.
///
/// # Errors
/// Where the folder is not there or is not safe, or a file cannot be read.
pub fn search(state: &Path, query: &Query) -> io::Result<Found> {
    let folder = Folder::open(state)?;
    let since = query.since.map(timestamp).unwrap_or_default();
    let limit = query.limit.min(MOST_FOUND);
    let mut latest: BTreeMap<(String, usize, u64), Value> = BTreeMap::new();
    let mut found = Found::default();
    let names = folder.names()?.into_iter().filter(|name| tips::is_name(name));
    for (index, name) in names.enumerate() {
        let file = match folder.readable(&name) {
            // Pruned meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        let mut number = 0;
        while read_line(&mut lines, &mut line)? {
            number += 1;
            let Some(members) = members(&line) else {
                found.skipped += 1;
                continue;
            };
            let ts = members.get("ts").and_then(Value::as_str).unwrap_or_default().to_owned();
            if ts < since || !query.matches(&members) {
                continue;
            }
            found.matched += 1;
            latest.insert((ts, index, number), Value::Object(members));
            if latest.len() > limit {
                latest.pop_first();
            }
        }
    }
    found.records = latest.into_values().collect();
    Ok(found)
}

/// A moment: RFC 3339, a date in UTC, or so long before `now` (`-90s`, `-15m`, `-3h`, `-7d`, `-2w`).
pub fn moment(text: &str, now: SystemTime) -> Option<SystemTime> {
    if let Some(ago) = text.strip_prefix('-') {
        let (number, unit) = ago.split_at_checked(ago.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        let seconds = number.parse::<u64>().ok().filter(|_| !number.starts_with('+'))?;
        return now.checked_sub(Duration::from_secs(seconds.checked_mul(unit)?));
    }
    let is_date = text.len() == 10;
    let text = if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() };
    SystemTime::try_from(DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?).ok()
}

impl Query {
    fn matches(&self, members: &Map<String, Value>) -> bool {
        let text = |name| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let is = |wanted: &Option<String>, name| {
            wanted.as_ref().is_none_or(|wanted| text(name).eq_ignore_ascii_case(wanted))
        };
        let word = |value: Option<Value>, name| {
            value.is_none_or(|value| members.get(name) == Some(&value))
        };
        is(&self.tool, "tool")
            && is(&self.service, "service")
            && is(&self.account, "account")
            && word(self.result.and_then(|it| serde_json::to_value(it).ok()), "result")
            && word(self.event.and_then(|it| serde_json::to_value(it).ok()), "event")
    }
}

fn members(line: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// The next line, or so much of it as may be kept; false at the end.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if lines.take(MOST_LINE).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if !line.ends_with(b"\n") {
        lines.skip_until(b'\n')?;
    }
    Ok(true)
}
