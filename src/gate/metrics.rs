//! How often each tool and each AWS service was called, how it went, how long it took, and what of
//! it should worry somebody now. In memory only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::breaker::{Phase, Standing};
use crate::config::Clock;
use crate::error::Kind;

/// Latencies kept per tool or service; the percentiles are those of the latest calls.
const KEPT: usize = 1_000;

/// Services kept apart: more than AWS has. Any beyond count as one.
const MOST_SERVICES: usize = 500;
const OTHER_SERVICES: &str = "other";

/// Alerts look back over [`SLOTS`] slots of this many seconds, the current one included: five
/// minutes, or up to ten seconds less.
const SLOT_SECONDS: u64 = 10;
const SLOTS: u64 = 30;

/// A larger share of errors is an alert.
const MOST_ERRORS_PERCENT: u64 = 5;

/// Calls below which the share of errors says nothing: from here on a single error is not over 5 %.
const FEWEST_CALLS: u64 = 20;

/// Circuits that an alert names; of the others it says how many there are.
const NAMED: usize = 5;

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    Success,
    Failure(Kind),
}

/// Counters of all tools and services.
pub struct Metrics {
    clock: Clock,
    counts: Mutex<Counts>,
}

// One tool's figures, latencies in milliseconds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Figures {
    pub tool: &'static str,
    pub calls: u64,
    pub successes: u64,
    /// Failures per call, 0 to 1
    pub error_rate: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<&'static str, u64>,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

// One service's figures. A call has one attempt or more; its latency, in milliseconds, is that of
// all together.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceFigures {
    pub service: String,
    pub calls: u64,
    pub attempts: u64,
    /// Attempts that AWS throttled
    pub throttled: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<&'static str, u64>,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    CircuitOpen,
    ErrorRate,
    Throttling,
}

// Something that should worry somebody now.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alert {
    pub alarm: Alarm,
    pub message: String,
}

impl Metrics {
    /// All at zero.
    pub fn new(clock: Clock) -> Self {
        Self { clock, counts: Mutex::default() }
    }

    /// Counts one call of a tool.
    pub fn record(&self, tool: &'static str, outcome: Outcome, took: Duration) {
        let mut counts = self.lock();
        counts.tools.entry(tool).or_default().end(outcome, took, self.clock.elapsed());
    }

    /// Counts one call of a service, however many attempts it had.
    pub fn record_service(&self, service: &str, outcome: Outcome, took: Duration) {
        self.lock().service(service).end(outcome, took, self.clock.elapsed());
    }

    /// Counts one attempt of a service's call, as it is sent.
    pub fn record_attempt(&self, service: &str) {
        self.lock().service(service).attempts += 1;
    }

    /// Counts an attempt that AWS throttled, whether or not the next one succeeds.
    pub fn record_throttled(&self, service: &str) {
        let mut counts = self.lock();
        let tally = counts.service(service);
        tally.throttled += 1;
        tally.recent.slot(self.clock.elapsed(), |slot| slot.throttled += 1);
    }

    /// The figures of every tool that was called.
    pub fn figures(&self) -> Vec<Figures> {
        let counts = self.lock();
        counts
            .tools
            .iter()
            .map(|(tool, tally)| {
                let [p50_ms, p95_ms, p99_ms] = tally.percentiles();
                Figures {
                    tool,
                    calls: tally.calls,
                    successes: tally.successes,
                    error_rate: share(tally.calls - tally.successes, tally.calls),
                    failures: tally.failures.clone(),
                    p50_ms,
                    p95_ms,
                    p99_ms,
                }
            })
            .collect()
    }

    /// The figures of every service that was called.
    pub fn services(&self) -> Vec<ServiceFigures> {
        let counts = self.lock();
        counts
            .services
            .iter()
            .map(|(service, tally)| {
                let [p50_ms, p95_ms, p99_ms] = tally.percentiles();
                ServiceFigures {
                    service: service.clone(),
                    calls: tally.calls,
                    attempts: tally.attempts,
                    throttled: tally.throttled,
                    failures: tally.failures.clone(),
                    p50_ms,
                    p95_ms,
                    p99_ms,
                }
            })
            .collect()
    }

    /// What should worry somebody now: open circuits, tools and services with over 5 % errors in
    /// the last five minutes, services that throttled in that time.
    pub fn alerts(&self, circuits: &[Standing]) -> Vec<Alert> {
        let counts = self.lock();
        let now = self.clock.elapsed();
        let tools = counts.tools.iter().map(|(name, tally)| (*name, tally.recent.sum(now)));
        let services =
            counts.services.iter().map(|(name, tally)| (name.as_str(), tally.recent.sum(now)));
        let recent: Vec<(&str, Slot)> = tools.chain(services).collect();
        let rates = recent.iter().filter_map(|(name, slot)| error_rate(name, slot));
        let throttling = recent.iter().filter_map(|(name, slot)| throttling(name, slot));
        open_circuits(circuits).into_iter().chain(rates).chain(throttling).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Counts {
    tools: BTreeMap<&'static str, Tally>,
    services: BTreeMap<String, Tally>,
}

impl Counts {
    fn service(&mut self, name: &str) -> &mut Tally {
        let room = self.services.len() < MOST_SERVICES || self.services.contains_key(name);
        let name = if room { name } else { OTHER_SERVICES };
        self.services.entry(name.to_owned()).or_default()
    }
}

/// The counters of one tool or service.
#[derive(Default)]
struct Tally {
    calls: u64,
    successes: u64,
    failures: BTreeMap<&'static str, u64>,
    attempts: u64,
    throttled: u64,
    /// In microseconds, for which four bytes are enough: a call ends within a minute.
    latencies: VecDeque<u32>,
    recent: Window,
}

impl Tally {
    fn end(&mut self, outcome: Outcome, took: Duration, now: Duration) {
        self.calls += 1;
        match outcome {
            Outcome::Success => self.successes += 1,
            Outcome::Failure(kind) => *self.failures.entry(kind.word()).or_default() += 1,
        }
        match blame(outcome) {
            Blame::Nobody => self.recent.slot(now, |slot| slot.calls += 1),
            Blame::AwsOrServer => self.recent.slot(now, |slot| {
                slot.calls += 1;
                slot.errors += 1;
            }),
            // Not among the calls either: a hundred bad arguments must not hide five time-outs.
            Blame::Caller => {}
        }
        if self.latencies.len() == KEPT {
            self.latencies.pop_front();
        }
        self.latencies.push_back(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    fn percentiles(&self) -> [f64; 3] {
        let mut sorted: Vec<u32> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        [50, 95, 99].map(|percent| percentile(&sorted, percent))
    }
}

/// Whose failure a failure is, for alerts: these are about AWS and this server only.
enum Blame {
    Nobody,
    AwsOrServer,
    /// The model, or what the person set up (credentials, permissions, policy): the call's own
    /// error says what to do about it.
    Caller,
}

fn blame(outcome: Outcome) -> Blame {
    match outcome {
        Outcome::Success => Blame::Nobody,
        Outcome::Failure(kind) => match kind {
            Kind::Throttled
            | Kind::Timeout
            | Kind::CircuitOpen
            | Kind::OutcomeUnknown
            | Kind::ExecutionError
            | Kind::InternalError => Blame::AwsOrServer,
            Kind::NoCredentials
            | Kind::InvalidCredentials
            | Kind::ExpiredCredentials
            | Kind::AccessDenied
            | Kind::NotFound
            | Kind::ValidationError
            | Kind::RateLimited
            | Kind::ResponseTooLarge
            | Kind::DeniedByPolicy
            | Kind::Cancelled
            | Kind::ConfigError
            | Kind::ClientError => Blame::Caller,
        },
    }
}

/// Counts of the last five minutes: slots that had something to count, at most [`SLOTS`].
#[derive(Default)]
struct Window(VecDeque<Slot>);

#[derive(Clone, Copy, Default)]
struct Slot {
    /// Of the slot since the start.
    number: u64,
    calls: u64,
    errors: u64,
    throttled: u64,
}

impl Window {
    fn slot(&mut self, now: Duration, count: impl FnOnce(&mut Slot)) {
        let number = now.as_secs() / SLOT_SECONDS;
        while self.0.pop_front_if(|slot| slot.number + SLOTS <= number).is_some() {}
        match self.0.back_mut().filter(|slot| slot.number >= number) {
            Some(slot) => count(slot),
            None => {
                let mut slot = Slot { number, ..Slot::default() };
                count(&mut slot);
                self.0.push_back(slot);
            }
        }
    }

    fn sum(&self, now: Duration) -> Slot {
        let number = now.as_secs() / SLOT_SECONDS;
        let recent = self.0.iter().filter(|slot| slot.number + SLOTS > number);
        recent.fold(Slot::default(), |sum, slot| Slot {
            number,
            calls: sum.calls + slot.calls,
            errors: sum.errors + slot.errors,
            throttled: sum.throttled + slot.throttled,
        })
    }
}

fn open_circuits(circuits: &[Standing]) -> Option<Alert> {
    let open: Vec<&Standing> =
        circuits.iter().filter(|standing| standing.state == Phase::Open).collect();
    let mut names: Vec<String> = open
        .iter()
        .take(NAMED)
        .map(|Standing { circuit, until, .. }| match until {
            Some(until) => format!("{circuit} until {until}"),
            None => circuit.to_string(),
        })
        .collect();
    if open.len() > NAMED {
        names.push(format!("and {} more", open.len() - NAMED));
    }
    let message = format!("No calls are made, after failures in a row, to {}.", names.join("; "));
    (!open.is_empty()).then_some(Alert { alarm: Alarm::CircuitOpen, message })
}

fn error_rate(name: &str, slot: &Slot) -> Option<Alert> {
    let Slot { calls, errors, .. } = *slot;
    let over = calls >= FEWEST_CALLS && errors * 100 > calls * MOST_ERRORS_PERCENT;
    let percent = share(errors, calls) * 100.0;
    over.then(|| Alert {
        alarm: Alarm::ErrorRate,
        message: format!(
            "{name}: {errors} of {calls} calls in 5 minutes failed at AWS or in this server \
             ({percent:.1} %)."
        ),
    })
}

fn throttling(name: &str, slot: &Slot) -> Option<Alert> {
    let throttled = slot.throttled;
    (throttled > 0).then(|| Alert {
        alarm: Alarm::Throttling,
        message: format!("{name}: AWS throttled {throttled} attempts in 5 minutes; ask for less."),
    })
}

/// Part of whole, 0 to 1, to four places.
fn share(part: u64, whole: u64) -> f64 {
    (part as f64 / whole.max(1) as f64 * 10_000.0).round() / 10_000.0
}

/// The nearest-rank percentile in milliseconds, of microseconds.
fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    f64::from(sorted.get(rank - 1).copied().unwrap_or_default()) / 1_000.0
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::super::breaker::Circuit;
    use super::*;

    const BAD: Outcome = Outcome::Failure(Kind::Timeout);
    const TOOK: Duration = Duration::from_millis(1);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn metrics() -> Metrics {
        Metrics::new(Clock::system())
    }

    fn alarms(metrics: &Metrics) -> Vec<Alarm> {
        metrics.alerts(&[]).iter().map(|alert| alert.alarm).collect()
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let sorted: Vec<u32> = (1..=200).map(|ms| ms * 1_000).collect();
        assert_eq!(percentile(&sorted, 50), 100.0);
        assert_eq!(percentile(&sorted, 95), 190.0);
        assert_eq!(percentile(&sorted, 99), 198.0);
        assert_eq!(percentile(&sorted[..1], 99), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn outcomes_are_told_apart_and_memory_is_bounded() {
        let metrics = metrics();
        for _ in 0..KEPT + 5 {
            metrics.record("t", Outcome::Success, TOOK);
        }
        metrics.record("t", BAD, Duration::MAX);
        let figures = metrics.figures();
        assert_eq!((figures[0].calls, figures[0].successes), (KEPT as u64 + 6, KEPT as u64 + 5));
        assert_eq!((figures[0].failures["timeout"], figures[0].error_rate), (1, 0.001));
        assert_eq!(metrics.lock().tools["t"].latencies.len(), KEPT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_has_calls_attempts_and_throttles() {
        let metrics = metrics();
        for ms in 1..=4 {
            metrics.record_attempt("ec2");
            metrics.record_throttled("ec2");
            metrics.record_attempt("ec2");
            metrics.record_service("ec2", Outcome::Success, Duration::from_millis(ms));
        }
        metrics.record_attempt("ec2");
        let denied = Outcome::Failure(Kind::AccessDenied);
        metrics.record_service("ec2", denied, Duration::from_millis(9));
        assert_eq!(
            serde_json::to_value(metrics.services()).unwrap(),
            serde_json::json!([{"service": "ec2", "calls": 5, "attempts": 9, "throttled": 4,
                "failures": {"access_denied": 1}, "p50_ms": 3.0, "p95_ms": 9.0, "p99_ms": 9.0}])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn services_without_end_are_counted_as_one() {
        let metrics = metrics();
        for n in 0..2 * MOST_SERVICES {
            metrics.record_attempt(&n.to_string());
        }
        metrics.record_attempt("0");
        let attempts = |name: &str| metrics.lock().services[name].attempts;
        assert_eq!(metrics.lock().services.len(), MOST_SERVICES + 1);
        assert_eq!((attempts("0"), attempts(OTHER_SERVICES)), (2, MOST_SERVICES as u64));
    }

    /// Whether so many calls, so many of them failed in that way, are an alert.
    fn check(calls: u64, failed: u64, kind: Kind, expected: &[Alarm]) {
        let (tool, service) = (metrics(), metrics());
        for n in 0..calls {
            let outcome = if n < failed { Outcome::Failure(kind) } else { Outcome::Success };
            tool.record("t", outcome, TOOK);
            service.record_service("ec2", outcome, TOOK);
        }
        assert_eq!(alarms(&tool), expected, "{failed} {kind:?} of {calls}");
        assert_eq!(alarms(&service), expected, "{failed} {kind:?} of {calls}");
    }

    #[tokio::test(start_paused = true)]
    async fn over_five_percent_of_twenty_calls_or_more() {
        check(0, 0, Kind::Timeout, &[]);
        check(19, 19, Kind::Timeout, &[]);
        check(20, 1, Kind::Timeout, &[]);
        check(20, 2, Kind::Timeout, &[Alarm::ErrorRate]);
        check(100, 5, Kind::InternalError, &[]);
        check(100, 6, Kind::InternalError, &[Alarm::ErrorRate]);
        check(100, 6, Kind::CircuitOpen, &[Alarm::ErrorRate]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_callers_own_mistakes_neither_raise_an_alert_nor_hide_one() {
        for kind in [
            Kind::ValidationError,
            Kind::NotFound,
            Kind::DeniedByPolicy,
            Kind::Cancelled,
            Kind::AccessDenied,
            Kind::RateLimited,
        ] {
            check(100, 100, kind, &[]);
        }
        let metrics = metrics();
        for n in 0..1_000 {
            let mistake = Outcome::Failure(Kind::NotFound);
            metrics.record("t", if n < 20 { BAD } else { mistake }, TOOK);
        }
        let expected = "t: 20 of 20 calls in 5 minutes failed at AWS or in this server (100.0 %).";
        assert_eq!(metrics.alerts(&[])[0].message, expected);
        assert_eq!(metrics.figures()[0].failures["not_found"], 980, "the figures count all");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_five_minutes_old_is_no_alert() {
        let metrics = metrics();
        for _ in 0..20 {
            metrics.record("t", BAD, TOOK);
        }
        metrics.record_throttled("ec2");
        let both = [Alarm::ErrorRate, Alarm::Throttling];
        assert_eq!(alarms(&metrics), both);
        advance(seconds(299)).await;
        assert_eq!(alarms(&metrics), both);
        advance(seconds(1)).await;
        assert_eq!(alarms(&metrics), []);
        assert_eq!(metrics.services()[0].throttled, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_is_bounded_and_slides() {
        let mut window = Window::default();
        for second in 0..10_000 {
            window.slot(seconds(second), |slot| slot.calls += 1);
            assert!(window.0.len() as u64 <= SLOTS);
            let calls = window.sum(seconds(second)).calls;
            assert!(second < 300 || (291..=300).contains(&calls), "{second}: {calls}");
        }
        // A time that comes late counts for the slot that is there.
        window.slot(seconds(5), |slot| slot.calls += 1);
        assert_eq!(window.sum(seconds(9_999)).calls, 301);
        assert_eq!(window.sum(seconds(20_000)).calls, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn open_circuits_are_one_alert_that_names_a_few() {
        let standing = |n: u32, state| Standing {
            circuit: Circuit {
                account: "111122223333".into(),
                region: format!("r-{n}"),
                service: "ec2".into(),
            },
            state,
            failures_in_a_row: 5,
            until: Some("2026-11-21T07:08:55Z".into()),
            changes: Vec::new(),
        };
        let message = |circuits: &[Standing]| {
            let alerts = metrics().alerts(circuits);
            assert!(alerts.iter().all(|alert| alert.alarm == Alarm::CircuitOpen));
            alerts.into_iter().map(|alert| alert.message).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(message(&[standing(1, Phase::HalfOpen), standing(2, Phase::Closed)]), none);
        assert_eq!(
            message(&[standing(1, Phase::Open), standing(2, Phase::HalfOpen)]),
            ["No calls are made, after failures in a row, to ec2 in r-1 of account 111122223333 \
              until 2026-11-21T07:08:55Z."]
        );
        let many: Vec<Standing> = (0..850).map(|n| standing(n, Phase::Open)).collect();
        let message = message(&many).remove(0);
        assert!(message.ends_with("; and 845 more."), "{message}");
        assert!(message.len() < 500);
    }
}
