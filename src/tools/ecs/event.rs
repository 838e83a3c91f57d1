//! A service's events, newest first, and those that say the same told once: a service that cannot start
//! says little else than that, a hundred times.

use aws_sdk_ecs::types::ServiceEvent;
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Cx, cut};
use crate::tools::arguments::moment;

/// Characters of a message.
const MOST_MESSAGE: usize = 400;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct EventRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    message: String,
    /// How often the like was said
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl EventRow {
    pub(super) fn shorten(&mut self, cx: &Cx) {
        self.message = cut(cx, &self.message, MOST_MESSAGE);
    }
}

/// Those that are wanted, told once where they are alike.
pub(super) fn folded(events: &[ServiceEvent], wanted: fn(&str) -> bool) -> Vec<EventRow> {
    let mut kinds: Vec<(String, EventRow)> = Vec::new();
    for event in newest_first(events) {
        let message = plain(event);
        if !wanted(message) {
            continue;
        }
        let kind = kind(message);
        let at = event.created_at().and_then(moment);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, row)) => {
                row.times = Some(row.times.unwrap_or(1) + 1);
                row.since = at;
            }
            None => {
                let message = message.to_owned();
                kinds.push((kind, EventRow { at, message, times: None, since: None }));
            }
        }
    }
    kinds.into_iter().map(|(_, row)| row).collect()
}

/// When the service last ran as it should.
pub(super) fn last_steady(events: &[ServiceEvent]) -> Option<String> {
    let steady = |event: &&ServiceEvent| plain(event).contains("has reached a steady state");
    newest_first(events).find(steady)?.created_at().and_then(moment)
}

/// The newest event that speaks of a failure, unless all went well after it, and not before `since`.
pub(super) fn newest_failure(events: &[ServiceEvent], since: i64) -> Option<&str> {
    newest_first(events)
        .take_while(|event| event.created_at().is_some_and(|at| at.secs() >= since))
        .map(plain)
        .take_while(|message| !message.contains("has reached a steady state"))
        .find(|message| {
            ["unhealthy", "unable to", "failed"].iter().any(|word| message.contains(word))
        })
}

/// The newest event by which a deployment failed, and when; not before `since`.
pub(super) fn failed_deployment(events: &[ServiceEvent], since: i64) -> Option<(i64, &str)> {
    let failed = newest_first(events).find(|event| plain(event).contains("deployment failed"))?;
    let at = failed.created_at()?.secs();
    (at >= since).then(|| (at, plain(failed)))
}

/// Whether it says more than that the scheduler does its work.
pub(super) fn is_remarkable(message: &str) -> bool {
    const ROUTINE: [&str; 5] = [
        "has reached a steady state",
        "has started",
        "registered",
        "has begun draining",
        "deployment completed",
    ];
    !ROUTINE.iter().any(|words| message.contains(words))
}

fn newest_first(events: &[ServiceEvent]) -> impl Iterator<Item = &ServiceEvent> {
    let mut events: Vec<&ServiceEvent> = events.iter().collect();
    let at = |event: &ServiceEvent| event.created_at().map_or(i64::MIN, DateTime::secs);
    events.sort_by_key(|event| std::cmp::Reverse(at(event)));
    events.into_iter()
}

/// The message without the service's own name before it.
fn plain(event: &ServiceEvent) -> &str {
    let message = event.message().unwrap_or_default();
    match message.strip_prefix("(service ").and_then(|rest| rest.split_once(") ")) {
        Some((_, rest)) => rest,
        None => message,
    }
}

/// The message without what differs from time to time: words with a digit in them.
pub(super) fn kind(message: &str) -> String {
    let words = message.split(|c: char| !c.is_alphanumeric() && c != '-');
    let kept = words
        .filter(|word| !word.is_empty())
        .map(|word| if word.bytes().any(|b| b.is_ascii_digit()) { "#" } else { word });
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> ServiceEvent {
        ServiceEvent::builder().created_at(DateTime::from_secs(at)).message(message).build()
    }

    #[test]
    fn what_says_the_same_is_told_once() {
        let events = [
            event(10, "(service web) has started 1 tasks: (task 0a1)."),
            event(30, "(service web) has started 2 tasks: (task 0b2) (task 0c3)."),
            event(20, "(service web) was unable to place a task."),
            event(40, "(service web) has started 1 tasks: (task 0d4)."),
        ];
        let rows = folded(&events, |_| true);
        assert_eq!(rows[0].message, "has started 1 tasks: (task 0d4).");
        assert_eq!(
            (rows[0].times, rows[0].since.as_deref()),
            (Some(2), Some("1970-01-01T00:00:10Z"))
        );
        assert_eq!(rows.len(), 3);
        let rows = folded(&events, is_remarkable);
        assert_eq!(rows[0].message, "was unable to place a task.");
        assert_eq!((rows.len(), rows[0].times), (1, None));
    }

    #[test]
    fn a_failure_counts_until_all_is_well_again() {
        let failed = event(50, "(service web) (instance i-1) is unhealthy in (target-group x)");
        let steady = event(60, "(service web) has reached a steady state.");
        let events = [failed.clone(), steady.clone()];
        assert_eq!(newest_failure(&events, 0), None);
        assert_eq!(last_steady(&events).as_deref(), Some("1970-01-01T00:01:00Z"));
        let events = [failed];
        assert!(newest_failure(&events, 0).unwrap().contains("is unhealthy"));
        assert_eq!(newest_failure(&events, 51), None);
        assert_eq!(newest_failure(&[], 0), None);
    }
}
