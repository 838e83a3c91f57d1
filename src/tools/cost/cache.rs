//! What Cost Explorer said within the hour: every question to it is billed, and its figures change a
//! few times a day at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::tools::Cx;
use crate::tools::arguments::{When, rfc3339};

/// Seconds for which an answer serves.
const HOUR: i64 = 3_600;
const MOST_ENTRIES: usize = 200;
const MOST_BYTES: usize = 16 << 20;
/// A larger answer is not kept: it would drive out all others.
const MOST_OF_ONE: usize = 4 << 20;

/// Answers by whose they are and what was asked. One per process.
#[derive(Default)]
pub struct Cache(Mutex<BTreeMap<String, Entry>>);

struct Entry {
    /// Seconds since 1970.
    at: i64,
    /// JSON, so that its size is known.
    text: String,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// Requests that were billed for it just now.
    pub requests: u32,
    /// When the oldest part of it that was not asked for just now was, in seconds since 1970.
    cached_at: Option<i64>,
}

impl Paid {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        let cached_at = match (self.cached_at, other.cached_at) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { requests: self.requests.saturating_add(other.requests), cached_at }
    }

    pub fn cached_at(self) -> Option<String> {
        self.cached_at.map(rfc3339)
    }
}

/// The answer to `question`, which is the whole request: from memory, else from `ask`, which says how
/// many requests it took. Failures are not kept. The key names source, region, and account or key, so
/// no other credentials are ever given it. Whether the call may run at all was judged before.
pub async fn bought<T: Serialize + DeserializeOwned>(
    cx: &Cx,
    question: &str,
    ask: impl Future<Output = Result<(T, u32)>>,
) -> Result<(T, Paid)> {
    let key = format!("{:?} {question}", cx.binding().await?);
    let cache = &cx.world().costs;
    let now = || When::NOW.seconds(cx.world().config.clock.now());
    if let Some((at, text)) = cache.get(&key, now())
        && let Ok(answer) = serde_json::from_str(&text)
    {
        return Ok((answer, Paid { requests: 0, cached_at: Some(at) }));
    }
    let (answer, requests) = ask.await?;
    if let Ok(text) = serde_json::to_string(&answer) {
        cache.keep(key, now(), text);
    }
    Ok((answer, Paid { requests, cached_at: None }))
}

impl Cache {
    /// An answer that is not older than an hour, and not from the future of a clock that was set back.
    fn get(&self, key: &str, now: i64) -> Option<(i64, String)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.get(key).filter(|entry| is_fresh(entry, now))?;
        Some((entry.at, entry.text.clone()))
    }

    /// Keeps an answer, and lets go of the stale ones and then of the oldest where there are too many.
    fn keep(&self, key: String, now: i64, text: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, entry| is_fresh(entry, now));
        if size(&key, &text) > MOST_OF_ONE {
            return;
        }
        kept.insert(key, Entry { at: now, text });
        let bytes = |kept: &BTreeMap<String, Entry>| -> usize {
            kept.iter().map(|(key, entry)| size(key, &entry.text)).sum()
        };
        while kept.len() > MOST_ENTRIES || bytes(&kept) > MOST_BYTES {
            let oldest = kept.iter().min_by_key(|(_, entry)| entry.at).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            kept.remove(&oldest);
        }
    }
}

fn is_fresh(entry: &Entry, now: i64) -> bool {
    (0..HOUR).contains(&now.saturating_sub(entry.at))
}

fn size(key: &str, text: &str) -> usize {
    key.len() + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(cache: &Cache, key: &str, now: i64) -> bool {
        cache.get(key, now).is_some()
    }

    #[test]
    fn an_answer_serves_for_an_hour() {
        let cache = Cache::default();
        cache.keep("a".into(), 1_000, "1".into());
        assert_eq!(cache.get("a", 1_000), Some((1_000, "1".into())));
        assert!(has(&cache, "a", 1_000 + HOUR - 1));
        for (key, now) in [("a", 1_000 + HOUR), ("a", 999), ("b", 1_000)] {
            assert!(!has(&cache, key, now), "{key} {now}");
        }
        cache.keep("b".into(), 1_000 + HOUR, "2".into());
        assert_eq!(cache.0.lock().unwrap().len(), 1, "stale ones are let go");
    }

    #[test]
    fn entries_and_bytes_are_bounded() {
        let cache = Cache::default();
        for n in 0..300 {
            cache.keep(format!("{n}"), n, "x".into());
        }
        assert_eq!(cache.0.lock().unwrap().len(), MOST_ENTRIES);
        assert!(!has(&cache, "99", 300) && has(&cache, "100", 300) && has(&cache, "299", 300));
        for n in 0..10 {
            cache.keep(format!("large {n}"), 300 + n, "x".repeat(MOST_OF_ONE - 100));
        }
        assert!(!has(&cache, "large 5", 310) && has(&cache, "large 6", 310));
        cache.keep("too large".into(), 311, "x".repeat(MOST_OF_ONE));
        assert!(!has(&cache, "too large", 311) && has(&cache, "large 9", 311));
    }

    #[test]
    fn what_was_paid_adds_up() {
        let paid = |requests, cached_at| Paid { requests, cached_at };
        assert_eq!(paid(1, None).and(paid(2, None)), paid(3, None));
        assert_eq!(paid(1, None).and(paid(0, Some(5))), paid(1, Some(5)));
        assert_eq!(paid(0, Some(7)).and(paid(0, Some(5))), paid(0, Some(5)));
    }
}
