//! The circuit breaker: an API that fails again and again is left alone for a minute, so that a
//! model does not wait through the same time-out twenty times, nor feed a throttle.
//!
//! Closed -> open after 5 failures in a row -> half open after 60 s, with 3 calls at a time on
//! trial -> closed by the first success, or open for another 60 s by the first failure.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Clock, rfc3339};
use crate::error::{Error, Kind, Result};

/// Failures in a row that open a circuit.
const FAILURES: u32 = 5;

/// How long an open circuit lets nothing through.
const OPEN_FOR: Duration = Duration::from_secs(60);

/// Calls on trial at a time.
const TRIALS: u32 = 3;

/// State changes kept per circuit.
const CHANGES: usize = 20;

/// Circuits kept at a time. Only one that failed, or changed its state, has to be remembered.
const MOST_CIRCUITS: usize = 1_000;

/// What fails together: one service's API in one region, asked by one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Circuit {
    pub account: String,
    pub region: String,
    pub service: String,
}

impl fmt::Display for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} of account {}", self.service, self.region, self.account)
    }
}

/// What a call's end says of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, if only to say that the caller is wrong.
    Good,
    /// Throttling, 5xx, a time-out, no connection.
    Failed,
    /// Nothing: the call was cancelled, or stopped before it was sent.
    Neutral,
}

impl Health {
    /// What a failed call says. `status` is that of AWS's answer, none where there was no answer:
    /// an error of the caller's shows a healthy API only if it was the API that said so.
    pub fn of(kind: Kind, status: Option<u16>) -> Self {
        match kind {
            Kind::Throttled | Kind::Timeout | Kind::OutcomeUnknown | Kind::ExecutionError => {
                Self::Failed
            }
            Kind::NoCredentials
            | Kind::InvalidCredentials
            | Kind::ExpiredCredentials
            | Kind::AccessDenied
            | Kind::NotFound
            | Kind::ValidationError
            | Kind::ResponseTooLarge
            | Kind::ClientError => match status {
                Some(_) => Self::Good,
                None => Self::Neutral,
            },
            Kind::RateLimited
            | Kind::CircuitOpen
            | Kind::DeniedByPolicy
            | Kind::Cancelled
            | Kind::ConfigError
            | Kind::InternalError => Self::Neutral,
        }
    }
}

/// A circuit's state, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Closed,
    Open,
    HalfOpen,
}

// One change of state; `at` is RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    pub at: String,
    pub from: Phase,
    pub to: Phase,
}

// One circuit's state. `until` is RFC 3339, there while open; the latest change comes last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    #[serde(flatten)]
    pub circuit: Circuit,
    pub state: Phase,
    pub failures_in_a_row: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// The breaker of all circuits. Cheap to clone; the clones are one.
#[derive(Clone, Debug)]
pub struct Breaker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    circuits: Mutex<Circuits>,
}

/// Leave to make one call. Its end has to be reported; dropped without, it counts as nothing.
#[derive(Debug)]
#[must_use = "a pass that is dropped says nothing of how the call went"]
pub struct Pass {
    breaker: Breaker,
    circuit: Circuit,
    epoch: u64,
    health: Health,
}

impl Breaker {
    /// All circuits closed.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, circuits: Mutex::default() }))
    }

    /// Lets a call through, or says at once why not.
    ///
    /// # Errors
    /// `circuit_open`, and until when.
    pub fn enter(&self, circuit: &Circuit) -> Result<Pass> {
        let epoch = self.lock().enter(circuit, &self.0.clock)?;
        let (breaker, circuit) = (self.clone(), circuit.clone());
        Ok(Pass { breaker, circuit, epoch, health: Health::Neutral })
    }

    /// The circuits that failed lately or ever changed their state: open ones first, then half open
    /// ones.
    pub fn standings(&self) -> Vec<Standing> {
        self.lock().standings(&self.0.clock)
    }

    fn lock(&self) -> MutexGuard<'_, Circuits> {
        self.0.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Says how the call ended.
    pub fn report(mut self, health: Health) {
        self.health = health;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.breaker.lock().leave(&self.circuit, self.epoch, self.health, &self.breaker.0.clock);
    }
}

#[derive(Debug, Default)]
struct Circuits {
    /// Counts the state changes of all circuits. A pass carries the number at its issue, so that
    /// one from before a circuit's latest change is known by it; times could be equal.
    epoch: u64,
    /// The epoch when a circuit was last forgotten: what was issued before it counts for no circuit
    /// that is not known.
    forgotten: u64,
    known: BTreeMap<Circuit, Entry>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    /// In a row, those on trial included.
    failures: u32,
    /// The epoch of the latest change.
    since: u64,
    /// When a call last ended.
    touched: Duration,
    changes: VecDeque<(SystemTime, Phase, Phase)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen { trials: u32 },
}

impl Circuits {
    /// The epoch for the pass.
    fn enter(&mut self, circuit: &Circuit, clock: &Clock) -> Result<u64> {
        // A circuit that is not known is closed.
        if let Some(entry) = self.known.get_mut(circuit) {
            entry.settle(circuit, &mut self.epoch, clock);
            match &mut entry.state {
                State::Closed => {}
                State::Open { until } => return Err(open(circuit, *until, clock)),
                State::HalfOpen { trials } if *trials >= TRIALS => return Err(on_trial(circuit)),
                State::HalfOpen { trials } => *trials += 1,
            }
        }
        Ok(self.epoch)
    }

    fn leave(&mut self, circuit: &Circuit, epoch: u64, health: Health, clock: &Clock) {
        if health == Health::Failed && !self.known.contains_key(circuit) {
            // Not the pass's own epoch: calls begun before this one may fail after it. And taken
            // before room is made: the circuit that is then forgotten is another one.
            let since = self.forgotten;
            if epoch < since {
                return;
            }
            self.make_room();
            let entry = Entry {
                state: State::Closed,
                failures: 0,
                since,
                touched: clock.elapsed(),
                changes: VecDeque::new(),
            };
            self.known.insert(circuit.clone(), entry);
        }
        let Some(entry) = self.known.get_mut(circuit) else { return };
        if epoch < entry.since {
            return;
        }
        entry.touched = clock.elapsed();
        match health {
            Health::Good => entry.failures = 0,
            Health::Failed => entry.failures = entry.failures.saturating_add(1),
            Health::Neutral => {}
        }
        let next = match (&mut entry.state, health) {
            (State::Closed, Health::Failed) if entry.failures >= FAILURES => Some(opened(clock)),
            (State::HalfOpen { .. }, Health::Failed) => Some(opened(clock)),
            (State::HalfOpen { .. }, Health::Good) => Some(State::Closed),
            (State::HalfOpen { trials }, Health::Neutral) => {
                *trials = trials.saturating_sub(1);
                None
            }
            // No pass is issued while open.
            (State::Closed | State::Open { .. }, _) => None,
        };
        if let Some(next) = next {
            entry.change(circuit, next, clock.now(), &mut self.epoch);
        }
        if entry.is_as_new() {
            self.known.remove(circuit);
        }
    }

    /// Forgets a circuit where there are too many: the one that matters least, of these the one
    /// that was used longest ago. At worst an API that is down gets 5 more calls.
    fn make_room(&mut self) {
        if self.known.len() < MOST_CIRCUITS {
            return;
        }
        let least = self.known.iter().min_by_key(|(_, entry)| {
            let weight = match entry.state {
                State::Closed if entry.failures == 0 => 0,
                State::Closed => 1,
                State::HalfOpen { .. } => 2,
                State::Open { .. } => 3,
            };
            (weight, entry.touched)
        });
        if let Some(circuit) = least.map(|(circuit, _)| circuit.clone()) {
            self.known.remove(&circuit);
            self.epoch += 1;
            self.forgotten = self.epoch;
        }
    }

    fn standings(&mut self, clock: &Clock) -> Vec<Standing> {
        let mut all: Vec<Standing> = Vec::with_capacity(self.known.len());
        for (circuit, entry) in &mut self.known {
            entry.settle(circuit, &mut self.epoch, clock);
            let until = match entry.state {
                State::Open { until } => Some(stamp_of_end(until, clock)),
                State::Closed | State::HalfOpen { .. } => None,
            };
            let changes = entry.changes.iter();
            all.push(Standing {
                circuit: circuit.clone(),
                state: entry.state.phase(),
                failures_in_a_row: entry.failures,
                until,
                changes: changes
                    .map(|&(at, from, to)| Change { at: rfc3339(at), from, to })
                    .collect(),
            });
        }
        all.sort_by_key(|standing| match standing.state {
            Phase::Open => 0,
            Phase::HalfOpen => 1,
            Phase::Closed => 2,
        });
        all
    }
}

impl Entry {
    /// Opens the circuit half once its time has come: nothing else tells it.
    fn settle(&mut self, circuit: &Circuit, epoch: &mut u64, clock: &Clock) {
        if let State::Open { until } = self.state
            && clock.elapsed() >= until
        {
            self.change(circuit, State::HalfOpen { trials: 0 }, wall(until, clock), epoch);
        }
    }

    fn change(&mut self, circuit: &Circuit, next: State, at: SystemTime, epoch: &mut u64) {
        let (from, to) = (self.state.phase(), next.phase());
        tracing::info!(service = circuit.service, region = circuit.region, ?from, ?to, "breaker");
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back((at, from, to));
        self.state = next;
        *epoch += 1;
        self.since = *epoch;
    }

    /// Whether forgetting it loses nothing.
    fn is_as_new(&self) -> bool {
        self.state == State::Closed && self.failures == 0 && self.changes.is_empty()
    }
}

impl State {
    fn phase(self) -> Phase {
        match self {
            Self::Closed => Phase::Closed,
            Self::Open { .. } => Phase::Open,
            Self::HalfOpen { .. } => Phase::HalfOpen,
        }
    }
}

fn opened(clock: &Clock) -> State {
    State::Open { until: clock.elapsed().saturating_add(OPEN_FOR) }
}

fn open(circuit: &Circuit, until: Duration, clock: &Clock) -> Error {
    let left = until.saturating_sub(clock.elapsed());
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let when = stamp_of_end(until, clock);
    Error::new(
        Kind::CircuitOpen,
        format!(
            "{circuit} kept failing, so no call is made to it until {when}. This one was not sent."
        ),
        format!(
            "Wait {seconds} s before you call it again. Other services, regions and accounts are \
             not held back; aws_server_status says what happened."
        ),
    )
}

fn on_trial(circuit: &Circuit) -> Error {
    Error::new(
        Kind::CircuitOpen,
        format!(
            "{circuit} kept failing, and {TRIALS} calls are trying now whether it works again. \
             This one was not sent."
        ),
        "Try again in a few seconds; aws_server_status says how the trial went.",
    )
}

/// Rounded up to the second: a call made at that time is let through.
fn stamp_of_end(until: Duration, clock: &Clock) -> String {
    rfc3339(wall(until.saturating_add(Duration::from_nanos(999_999_999)), clock))
}

/// The wall time of a moment of the monotonic clock.
fn wall(at: Duration, clock: &Clock) -> SystemTime {
    let (elapsed, now) = (clock.elapsed(), clock.now());
    match at.checked_sub(elapsed) {
        Some(ahead) => now.checked_add(ahead),
        None => now.checked_sub(elapsed.saturating_sub(at)),
    }
    .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use Health::{Failed, Good, Neutral};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn named(region: &str) -> Circuit {
        Circuit { account: "111122223333".into(), region: region.into(), service: "ec2".into() }
    }

    fn breaker() -> (Breaker, Circuit) {
        (Breaker::new(Clock::system()), named("eu-west-1"))
    }

    fn run(breaker: &Breaker, circuit: &Circuit, healths: &[Health]) {
        for health in healths {
            breaker.enter(circuit).unwrap().report(*health);
        }
    }

    fn phase(breaker: &Breaker, circuit: &Circuit) -> Phase {
        let standings = breaker.standings();
        let standing = standings.iter().find(|standing| standing.circuit == *circuit);
        standing.map_or(Phase::Closed, |standing| standing.state)
    }

    /// The state after these calls, one after the other.
    fn check(healths: &[Health], expected: Phase) {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, healths);
        assert_eq!(phase(&breaker, &circuit), expected, "{healths:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it() {
        check(&[Good], Phase::Closed);
        check(&[Failed; 4], Phase::Closed);
        check(&[Failed; 5], Phase::Open);
        check(&[Failed, Failed, Failed, Failed, Good, Failed], Phase::Closed);
        check(&[Failed, Failed, Neutral, Failed, Failed, Neutral], Phase::Closed);
        check(&[Failed, Failed, Neutral, Failed, Failed, Neutral, Failed], Phase::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn open_it_fails_at_once_and_says_until_when() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(Duration::from_millis(59_000)).await;
        let error = breaker.enter(&circuit).unwrap_err();
        assert_eq!((error.kind, error.retryable), (Kind::CircuitOpen, true));
        let until = breaker.standings()[0].until.clone().unwrap();
        assert!(error.message.contains(&until), "{error}");
        assert!(error.message.starts_with("ec2 in eu-west-1 of account 111122223333 "), "{error}");
        assert!(error.next_step.starts_with("Wait 1 s "), "{error}");
        advance(Duration::from_millis(999)).await;
        assert!(breaker.enter(&circuit).is_err());
        assert!(breaker.enter(&named("eu-west-2")).is_ok(), "another region");
        advance(Duration::from_millis(1)).await;
        assert!(breaker.enter(&circuit).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn half_open_the_first_success_closes_it() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(OPEN_FOR).await;
        assert_eq!(phase(&breaker, &circuit), Phase::HalfOpen);
        run(&breaker, &circuit, &[Good]);
        assert_eq!(phase(&breaker, &circuit), Phase::Closed);
        run(&breaker, &circuit, &[Failed; 4]);
        assert_eq!(phase(&breaker, &circuit), Phase::Closed, "the count began anew");
    }

    #[tokio::test(start_paused = true)]
    async fn half_open_a_failure_opens_it_and_the_timer_starts_again() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(seconds(70)).await;
        run(&breaker, &circuit, &[Failed]);
        assert_eq!(breaker.standings()[0].failures_in_a_row, 6);
        advance(seconds(59)).await;
        assert!(breaker.enter(&circuit).is_err());
        advance(seconds(1)).await;
        run(&breaker, &circuit, &[Failed]);
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn three_on_trial_and_a_dropped_one_makes_room() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(OPEN_FOR).await;
        let mut passes: Vec<Pass> = (0..3).map(|_| breaker.enter(&circuit).unwrap()).collect();
        let error = breaker.enter(&circuit).unwrap_err();
        assert_eq!((error.kind, error.retryable), (Kind::CircuitOpen, true));
        drop(passes.pop());
        passes.push(breaker.enter(&circuit).unwrap());
        assert!(breaker.enter(&circuit).is_err());
        passes.pop().unwrap().report(Neutral);
        assert_eq!(phase(&breaker, &circuit), Phase::HalfOpen);
        assert!(breaker.enter(&circuit).is_ok());
    }

    #[test]
    fn of_a_hundred_threads_three_are_on_trial() {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let _guard = runtime.enter();
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        runtime.block_on(advance(OPEN_FOR));
        let handle = runtime.handle();
        let barrier = std::sync::Barrier::new(100);
        let passes: Vec<Pass> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..100)
                .map(|_| {
                    scope.spawn(|| {
                        let _guard = handle.enter();
                        barrier.wait();
                        breaker.enter(&circuit).ok()
                    })
                })
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(passes.len(), 3);
        for pass in passes {
            pass.report(Good);
        }
        assert_eq!(phase(&breaker, &circuit), Phase::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn reports_from_before_a_change_count_for_nothing() {
        let (breaker, circuit) = breaker();
        let mut late: Vec<Pass> = (0..30).map(|_| breaker.enter(&circuit).unwrap()).collect();
        let mut report = |health| late.pop().unwrap().report(health);
        (0..5).for_each(|_| report(Failed));
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
        report(Good);
        report(Failed);
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
        advance(OPEN_FOR).await;
        // Half open: they neither close nor open it, nor free a slot.
        let trials: Vec<Pass> = (0..3).map(|_| breaker.enter(&circuit).unwrap()).collect();
        report(Good);
        report(Failed);
        report(Neutral);
        assert_eq!(phase(&breaker, &circuit), Phase::HalfOpen);
        assert!(breaker.enter(&circuit).is_err());
        let mut trials = trials.into_iter();
        trials.next().unwrap().report(Good);
        assert_eq!(phase(&breaker, &circuit), Phase::Closed);
        // Closed: the other trials, and those from before, do not count any more.
        for trial in trials {
            trial.report(Failed);
        }
        (0..15).for_each(|_| report(Failed));
        assert_eq!(breaker.standings()[0].failures_in_a_row, 0);
        run(&breaker, &circuit, &[Failed; 4]);
        report(Good);
        run(&breaker, &circuit, &[Failed]);
        assert_eq!(
            phase(&breaker, &circuit),
            Phase::Open,
            "a late success ends no run of failures"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_failed_trial_opens_it_whatever_the_others_say() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(OPEN_FOR).await;
        let trials: Vec<Pass> = (0..3).map(|_| breaker.enter(&circuit).unwrap()).collect();
        for (trial, health) in trials.into_iter().zip([Failed, Good, Neutral]) {
            trial.report(health);
        }
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_stands_still_confuses_nothing() {
        let (breaker, circuit) = breaker();
        let early = breaker.enter(&circuit).unwrap();
        run(&breaker, &circuit, &[Failed; 5]);
        for _ in 0..1_000 {
            assert!(breaker.enter(&circuit).is_err());
        }
        early.report(Good);
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
        advance(OPEN_FOR).await;
        // Several rounds within the same moment, but for the one wait that each needs.
        run(&breaker, &circuit, &[Good]);
        run(&breaker, &circuit, &[Failed; 5]);
        assert_eq!(phase(&breaker, &circuit), Phase::Open);
        assert_eq!(breaker.standings()[0].changes.len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_recorded_the_last_twenty_of_them() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Failed; 5]);
        advance(seconds(3_600)).await;
        let changes = breaker.standings().remove(0).changes;
        let words: Vec<(Phase, Phase)> = changes.iter().map(|c| (c.from, c.to)).collect();
        assert_eq!(
            words,
            [(Phase::Closed, Phase::Open), (Phase::Open, Phase::HalfOpen)],
            "the second happened by itself"
        );
        for _ in 0..30 {
            run(&breaker, &circuit, &[Failed]);
            advance(OPEN_FOR).await;
        }
        run(&breaker, &circuit, &[Good]);
        let standings = breaker.standings();
        let changes = &standings[0].changes;
        assert_eq!(changes.len(), CHANGES);
        assert_eq!(changes.last().map(|change| change.to), Some(Phase::Closed));
        let shown = serde_json::to_value(&standings[0]).unwrap();
        assert_eq!(shown["service"], "ec2");
        assert_eq!(shown["changes"][19]["from"], "half_open");
        assert_eq!(shown.get("until"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_half_open_from_the_end_of_its_time_not_from_the_next_look() {
        let (breaker, _) = breaker();
        let clock = &breaker.0.clock;
        advance(seconds(100)).await;
        let (ago, now) = (wall(seconds(40), clock), clock.now());
        let apart = now.duration_since(ago).unwrap();
        assert!(apart >= seconds(60) && apart < seconds(70), "{apart:?}");
        let ahead = wall(seconds(160), clock).duration_since(clock.now()).unwrap();
        assert!(ahead <= seconds(60) && ahead > seconds(50), "{ahead:?}");
        let _ = (wall(Duration::MAX, clock), stamp_of_end(Duration::MAX, clock));
    }

    #[tokio::test(start_paused = true)]
    async fn what_works_is_not_remembered() {
        let (breaker, circuit) = breaker();
        run(&breaker, &circuit, &[Good, Neutral, Failed, Good]);
        drop(breaker.enter(&circuit).unwrap());
        assert_eq!(breaker.standings(), []);
        for n in 0..10_000 {
            run(&breaker, &named(&n.to_string()), &[Good]);
        }
        assert_eq!(breaker.lock().known.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn circuits_are_bounded_and_open_ones_are_forgotten_last() {
        let (breaker, circuit) = breaker();
        let late: Vec<Pass> = (0..10).map(|_| breaker.enter(&circuit).unwrap()).collect();
        run(&breaker, &circuit, &[Failed; 5]);
        for n in 0..2 * MOST_CIRCUITS {
            advance(Duration::from_millis(1)).await;
            run(&breaker, &named(&n.to_string()), &[Failed; 4]);
            let failures = breaker.lock().known[&named(&n.to_string())].failures;
            assert_eq!(failures, 4, "{n}: each counts, the first too");
            assert!(breaker.lock().known.len() <= MOST_CIRCUITS);
        }
        assert!(breaker.enter(&circuit).is_err());
        // Even if all are open.
        for n in 0..2 * MOST_CIRCUITS {
            advance(Duration::from_millis(1)).await;
            run(&breaker, &named(&format!("down-{n}")), &[Failed; 5]);
            assert!(breaker.lock().known.len() <= MOST_CIRCUITS);
        }
        assert!(breaker.enter(&circuit).is_ok(), "the one opened first is forgotten");
        for pass in late {
            pass.report(Failed);
        }
        assert!(!breaker.lock().known.contains_key(&circuit), "and so are its calls");
        run(&breaker, &circuit, &[Failed; 5]);
        assert_eq!(phase(&breaker, &circuit), Phase::Open, "but not the calls from then on");
    }

    #[test]
    fn the_callers_own_mistakes_are_no_failures() {
        let check = |kind, status, expected| {
            assert_eq!(Health::of(kind, status), expected, "{kind:?} {status:?}");
        };
        check(Kind::Throttled, Some(400), Failed);
        check(Kind::ExecutionError, Some(500), Failed);
        check(Kind::ExecutionError, None, Failed);
        check(Kind::Timeout, None, Failed);
        check(Kind::OutcomeUnknown, None, Failed);
        check(Kind::ValidationError, Some(400), Good);
        check(Kind::AccessDenied, Some(403), Good);
        check(Kind::NotFound, Some(404), Good);
        check(Kind::ExpiredCredentials, Some(403), Good);
        check(Kind::ExpiredCredentials, None, Neutral);
        check(Kind::Cancelled, Some(200), Neutral);
        check(Kind::RateLimited, None, Neutral);
    }
}
