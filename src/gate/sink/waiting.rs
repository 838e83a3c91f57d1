//! Records that are to be sent, and how many of them make one request. Limits: the CloudWatch Logs
//! API reference, `PutLogEvents`.

use std::collections::VecDeque;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;

use crate::gate::audit::Copied;

/// A record with its time, in ms since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: i64,
    pub line: Copied,
}

/// Records in the order in which they were written.
#[derive(Default)]
pub struct Waiting {
    events: VecDeque<Event>,
    /// As AWS counts them.
    bytes: usize,
}

/// There is no room for one more.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// Of one request.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const MOST_SPAN: i64 = 24 * 3_600 * 1_000;
/// What AWS counts for an event besides its text.
const EXTRA: usize = 26;
const MOST_EVENT: usize = 256 * 1024;

/// What is kept while AWS cannot be reached.
const MOST_WAITING: usize = 10_000;
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Times of a request may not go back. Records of one moment can stand in another order than their
/// times; what goes back further was written after the clock was set.
const DISORDER: i64 = 60_000;

impl Waiting {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether there is enough for a request.
    pub fn is_a_batch(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES
    }

    /// Adds a record, or says that it cannot be kept.
    pub fn push(&mut self, line: Copied) -> Result<(), Full> {
        let size = line.len() + EXTRA;
        let bytes = self.bytes + size;
        let full = self.events.len() >= MOST_WAITING || bytes > MOST_WAITING_BYTES;
        if full || size > MOST_EVENT {
            return Err(Full);
        }
        let last = self.events.back().map_or(0, |event| event.at);
        self.events.push_back(Event { at: time_of(&line).unwrap_or(last), line });
        self.bytes = bytes;
        Ok(())
    }

    /// Takes as many of the first as one request may have.
    pub fn take(&mut self) -> Vec<Event> {
        let mut batch: Vec<Event> = Vec::new();
        let mut bytes = 0;
        while let Some(event) = self.events.front() {
            let size = event.line.len() + EXTRA;
            let first = batch.first().map_or(event.at, |event| event.at);
            let last = batch.last().map_or(event.at, |event| event.at);
            let at = event.at.max(last);
            if batch.len() >= MOST_EVENTS
                || bytes + size > MOST_BYTES
                || at - first >= MOST_SPAN
                || at - event.at > DISORDER
            {
                break;
            }
            bytes += size;
            batch.extend(self.events.pop_front().map(|event| Event { at, ..event }));
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        batch
    }
}

fn time_of(line: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Stamped<'a> {
        ts: &'a str,
    }
    let Stamped { ts } = serde_json::from_str(line).ok()?;
    DateTime::from_str(ts, Format::DateTime).ok()?.to_millis().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: &str = "2026-11-21T";

    fn line(ts: &str, length: usize) -> Copied {
        let text = format!(r#"{{"ts":"{ts}","event":"read","note":""}}"#);
        let pad = "x".repeat(length.saturating_sub(text.len()));
        Copied::from(text.replace(r#""note":"""#, &format!(r#""note":"{pad}""#)))
    }

    fn of(lines: impl IntoIterator<Item = Copied>) -> Waiting {
        let mut waiting = Waiting::default();
        lines.into_iter().for_each(|line| waiting.push(line).unwrap());
        waiting
    }

    /// The sizes of the batches that these make.
    fn check(lines: impl IntoIterator<Item = Copied>, expected: &[usize]) {
        let mut waiting = of(lines);
        let mut sizes = Vec::new();
        while !waiting.is_empty() {
            let batch = waiting.take();
            let bytes: usize = batch.iter().map(|event| event.line.len() + 26).sum();
            assert!(batch.len() <= 10_000 && bytes <= 1_048_576, "{bytes}");
            assert!(batch.windows(2).all(|two| two[0].at <= two[1].at));
            assert!(batch.last().unwrap().at - batch[0].at < 86_400_000);
            sizes.push(batch.len());
        }
        assert_eq!((sizes.as_slice(), waiting.bytes), (expected, 0));
    }

    #[test]
    fn a_request_has_at_most_a_mebibyte() {
        let of_size = |size: usize, count| vec![line(&format!("{DAY}10:00:00.000Z"), size); count];
        // 1,048,576 = 16 * 65,536: what AWS adds to each counts.
        check(of_size(65_536 - 26, 33), &[16, 16, 1]);
        check(of_size(65_536 - 25, 33), &[15, 15, 3]);
        check(of_size(100, 10_000), &[8_322, 1_678]);
        check(of_size(78, 10_000), &[10_000]);
        check([], &[]);
    }

    #[test]
    fn a_request_is_full_when_it_is() {
        let one = line(&format!("{DAY}10:00:00.000Z"), 65_536);
        assert!(!of(vec![one.clone(); 15]).is_a_batch());
        assert!(of(vec![one; 16]).is_a_batch());
        assert!(of(vec![line("", 0); 10_000]).is_a_batch());
    }

    #[test]
    fn a_request_spans_less_than_a_day_and_never_goes_back() {
        let at = |ts: &str| line(ts, 0);
        check(
            ["20T10:00:00.000Z", "21T09:59:59.999Z", "21T10:00:00.000Z"]
                .map(|ts| at(&format!("2026-11-{ts}"))),
            &[2, 1],
        );
        // A moment's disorder is evened out; a clock that was set back begins anew.
        let times = ["10:00:05.000Z", "10:00:04.990Z", "10:00:06.000Z", "09:00:00.000Z"];
        check(times.map(|ts| at(&format!("{DAY}{ts}"))), &[3, 1]);
        let batch = of(times.map(|ts| at(&format!("{DAY}{ts}")))).take();
        assert_eq!(batch[1].at, batch[0].at);
        assert!(batch[1].line.contains("10:00:04.990Z"));
    }

    #[test]
    fn times_are_the_records_own() {
        let at = |line: &str| of([Copied::from(line)]).take()[0].at;
        assert_eq!(at(r#"{"ts":"1970-01-01T00:00:01.500Z","seq":1}"#), 1_500);
        assert_eq!(at("no record"), 0);
    }

    #[test]
    fn what_waits_is_bounded_by_count_and_by_bytes() {
        let small = line(&format!("{DAY}10:00:00.000Z"), 0);
        let mut waiting = of(vec![small.clone(); 10_000]);
        assert_eq!(waiting.push(small.clone()), Err(Full));
        assert_eq!(waiting.take().len(), 10_000);
        waiting.push(small).unwrap();

        let large = line("", 65_536);
        let mut waiting = Waiting::default();
        let kept = (0..10_000).take_while(|_| waiting.push(large.clone()).is_ok()).count();
        assert_eq!(kept, 16 * 1024 * 1024 / (65_536 + 26));
        assert!(waiting.bytes <= 16 * 1024 * 1024);
        assert_eq!(Waiting::default().push(line("", 256 * 1024)), Err(Full));
    }
}
