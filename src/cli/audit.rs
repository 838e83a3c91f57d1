//! `aws-mcp audit verify | tail | search`: what was asked and done, and whether the record of it is whole.

use std::path::Path;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{Clock, Resolved};
use crate::gate::audit::{Ended, Event, MOST_FOUND, Query, moment, search, verify};

/// What to do with the audit log.
#[derive(Subcommand)]
pub enum Action {
    /// Say whether anything was changed or taken away; exits 1 if so
    Verify,
    /// Print the latest records
    Tail {
        /// How many; at most 1000
        #[arg(short, default_value_t = 20, value_name = "COUNT")]
        n: usize,
        /// As they were written
        #[arg(long)]
        json: bool,
    },
    /// Print the latest records that match
    Search(Search),
}

/// Which records.
#[derive(Args)]
pub struct Search {
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[arg(long, value_name = "ID_OR_NAME")]
    account: Option<String>,
    /// done, failed, unknown or denied
    #[arg(long, value_parser = word::<Ended>)]
    result: Option<Ended>,
    /// Such as intent, outcome, denied, yes
    #[arg(long, value_parser = word::<Event>)]
    event: Option<Event>,
    /// RFC 3339, a date, or so long ago: -90s, -15m, -3h, -7d, -2w
    #[arg(long, allow_hyphen_values = true, value_name = "TIME")]
    since: Option<String>,
    /// At most 1000
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: usize,
    /// As they were written
    #[arg(long)]
    json: bool,
}

/// Does it and prints it.
pub fn run(resolved: Resolved, action: &Action) -> u8 {
    if let Some(problem) = resolved.problem {
        eprintln!("aws-mcp: {} {}", problem.message, problem.next_step);
        return super::USAGE;
    }
    let Some(state) = &resolved.config.state_dir else {
        eprintln!("aws-mcp: there is no state folder. Set AWS_MCP_STATE_DIR or HOME.");
        return super::USAGE;
    };
    let clock: Clock = resolved.config.clock;
    match action {
        Action::Verify => verified(state),
        Action::Tail { n, json } => {
            found(state, &Query { limit: *n, ..Query::default() }, Form::of(*json))
        }
        Action::Search(search) => match query(search, clock.now()) {
            Ok(query) => found(state, &query, Form::of(search.json)),
            Err(said) => {
                eprintln!(
                    "aws-mcp: --since {said:?} is not a time such as -3h, 2026-11-21 or \
                     2026-11-21T09:30:00Z."
                );
                super::USAGE
            }
        },
    }
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Line,
}

impl Form {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Line }
    }
}

fn verified(state: &Path) -> u8 {
    let report = match verify(state) {
        Ok(report) => report,
        Err(error) => return unreadable(state, &error),
    };
    let (text, code) = match (&report.flaw, &report.tip) {
        (Some(flaw), _) => (format!("NOT OK: {flaw}\n"), super::NO),
        (None, tip) => {
            let tip = tip.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            let (records, files) = (report.records, report.files);
            (format!("OK: {records} records in {files} files, tip {tip}\n"), super::DONE)
        }
    };
    let notes: String = report.notes.iter().map(|note| format!("  {note}\n")).collect();
    let open: String = match report.unanswered.len() {
        0 => String::new(),
        count => format!("  {count} intents without an outcome\n"),
    };
    super::print(&(text + &notes + &open));
    code
}

fn query(search: &Search, now: SystemTime) -> Result<Query, &str> {
    let since = search.since.as_deref().map(|text| moment(text, now).ok_or(text)).transpose()?;
    Ok(Query {
        tool: search.tool.clone(),
        service: search.service.clone(),
        account: search.account.clone(),
        result: search.result,
        event: search.event,
        since,
        limit: search.limit.min(MOST_FOUND),
    })
}

fn found(state: &Path, query: &Query, form: Form) -> u8 {
    let found = match search(state, query) {
        Ok(found) => found,
        Err(error) => return unreadable(state, &error),
    };
    let mut text = String::new();
    for record in &found.records {
        match form {
            Form::Json => text.push_str(&crate::gate::audit::ascii(record)),
            Form::Line => text.push_str(&line(record)),
        }
        text.push('\n');
    }
    super::print(&text);
    if found.skipped > 0 {
        eprintln!("aws-mcp: {} lines are no records; see aws-mcp audit verify.", found.skipped);
    }
    super::DONE
}

/// One record for a person: `ts event tool service:operation account/region resource result`.
fn line(record: &Value) -> String {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let pair = |one: &str, by: &str, other: &str| match (record.get(one), record.get(other)) {
        (None, None) => "-".to_owned(),
        _ => format!("{}{by}{}", text(one), text(other)),
    };
    let resources = record.get("resource").and_then(Value::as_array);
    let resources: Vec<&str> = resources.into_iter().flatten().filter_map(Value::as_str).collect();
    let resources = if resources.is_empty() { "-".to_owned() } else { resources.join(",") };
    let words = [
        text("ts"),
        format!("{:<11}", text("event")),
        text("tool"),
        pair("service", ":", "operation"),
        pair("account", "/", "region"),
        resources,
        text("result"),
    ];
    // What was escaped in the file is escaped here: a terminal obeys some characters.
    words.join("  ").chars().flat_map(visible).collect()
}

fn visible(character: char) -> Vec<char> {
    match character {
        ' '..='~' => vec![character],
        other => other.escape_unicode().collect(),
    }
}

fn unreadable(state: &Path, error: &std::io::Error) -> u8 {
    let folder = state.join("audit");
    if error.kind() == std::io::ErrorKind::NotFound {
        eprintln!("aws-mcp: there are no records yet: {} is not there.", folder.display());
    } else {
        eprintln!("aws-mcp: the audit log cannot be read: {error}.");
    }
    super::USAGE
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::from(text)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;
    use crate::gate::audit::{Always, Audit, Record};

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        action: Action,
    }

    #[test]
    fn a_record_for_a_person_hides_nothing() {
        let record = json!({"ts": "2026-11-21T16:26:08.007Z", "event": "intent",
            "tool": "ec2_stop_instance", "service": "ec2", "operation": "StopInstances",
            "account": "111122223333", "region": "eu-west-1", "resource": ["a\u{202e}", "b\u{1b}"]});
        assert_eq!(
            line(&record),
            "2026-11-21T16:26:08.007Z  intent       ec2_stop_instance  ec2:StopInstances  \
             111122223333/eu-west-1  a\\u{202e},b\\u{1b}  -"
        );
        assert_eq!(line(&json!({"event": "end"})), "-  end          -  -  -  -  -");
    }

    #[test]
    fn arguments_of_a_search() {
        let query_of = |words: &[&str]| {
            let parsed = Line::try_parse_from(["audit", "search"].iter().chain(words)).ok()?;
            let Action::Search(search) = parsed.action else { return None };
            query(&search, std::time::UNIX_EPOCH + std::time::Duration::from_secs(7_200)).ok()
        };
        let query = query_of(&["--since", "-1h", "--event", "intent", "--limit", "5000"]).unwrap();
        assert_eq!(
            query.since,
            Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(3_600))
        );
        assert_eq!((query.event, query.limit), (Some(Event::Intent), 1_000));
        for wrong in [["--since", "soon"], ["--event", "intend"], ["--result", "ok"]] {
            assert!(query_of(&wrong).is_none(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn verify_says_by_its_code_how_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert_eq!(verified(&state), super::super::USAGE);
        let always =
            Always { os_user: "eve".to_owned(), auto_approve: crate::config::AutoApprove::Off };
        let audit = Audit::new(Some(state.clone()), Clock::system(), always);
        audit.commit(Record::of(Event::Read)).await.unwrap();
        audit.finish();
        assert_eq!(verified(&state), super::super::DONE);
        let tips = state.join("audit/tips");
        let text = std::fs::read_to_string(&tips).unwrap();
        std::fs::write(&tips, text.replace("ended", "open ")).unwrap();
        assert_eq!(verified(&state), super::super::NO);
        std::fs::write(&tips, "").unwrap();
        assert_eq!(verified(&state), super::super::NO);
    }
}
