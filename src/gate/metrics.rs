//! How often each tool was called, how it went, how long it took. In memory only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Kind;

/// Latencies kept per tool; the percentiles are those of the latest calls.
const KEPT: usize = 1_000;

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    Success,
    Failure(Kind),
}

/// Counters of all tools.
#[derive(Default)]
pub struct Metrics(Mutex<BTreeMap<&'static str, Counts>>);

#[derive(Default)]
struct Counts {
    calls: u64,
    successes: u64,
    failures: BTreeMap<&'static str, u64>,
    latencies: VecDeque<Duration>,
}

// One tool's figures, latencies in milliseconds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Figures {
    pub tool: &'static str,
    pub calls: u64,
    pub successes: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<&'static str, u64>,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

impl Metrics {
    /// Counts one call.
    pub fn record(&self, tool: &'static str, outcome: Outcome, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(tool).or_default();
        counts.calls += 1;
        match outcome {
            Outcome::Success => counts.successes += 1,
            Outcome::Failure(kind) => *counts.failures.entry(kind.word()).or_default() += 1,
        }
        if counts.latencies.len() == KEPT {
            counts.latencies.pop_front();
        }
        counts.latencies.push_back(took);
    }

    /// The figures of every tool that was called.
    pub fn figures(&self) -> Vec<Figures> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(tool, counts)| {
                let mut sorted: Vec<Duration> = counts.latencies.iter().copied().collect();
                sorted.sort_unstable();
                Figures {
                    tool,
                    calls: counts.calls,
                    successes: counts.successes,
                    failures: counts.failures.clone(),
                    p50_ms: percentile(&sorted, 50),
                    p95_ms: percentile(&sorted, 95),
                    p99_ms: percentile(&sorted, 99),
                }
            })
            .collect()
    }
}

/// The nearest-rank percentile in milliseconds, to the microsecond.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let micros = sorted.get(rank - 1).map_or(0, Duration::as_micros);
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), 100.0);
        assert_eq!(percentile(&sorted, 95), 190.0);
        assert_eq!(percentile(&sorted, 99), 198.0);
        assert_eq!(percentile(&sorted[..1], 99), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn outcomes_are_told_apart_and_memory_is_bounded() {
        let metrics = Metrics::default();
        for _ in 0..KEPT + 5 {
            metrics.record("t", Outcome::Success, Duration::from_millis(1));
        }
        metrics.record("t", Outcome::Failure(Kind::Timeout), Duration::from_millis(9));
        let figures = metrics.figures();
        assert_eq!((figures[0].calls, figures[0].successes), (KEPT as u64 + 6, KEPT as u64 + 5));
        assert_eq!(figures[0].failures["timeout"], 1);
        assert_eq!(metrics.0.lock().unwrap()["t"].latencies.len(), KEPT);
    }
}
