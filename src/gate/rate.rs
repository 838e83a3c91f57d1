//! Token buckets: a model in a loop is slowed down, then stopped, before it eats up what AWS lets
//! an account ask for.
//!
//! Who finds a bucket empty queues for one of the next tokens, so tokens go out in the order of
//! asking. The queue is plain state that time alone moves on, not a lock: a future that nobody
//! polls holds up none of those behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::{self, Clock};
use crate::error::{Error, Kind, Result};

/// How long a call waits for its token; who would have to wait longer is told so at once.
pub const MOST_WAIT: Duration = Duration::from_secs(5);

/// Buckets kept at a time: about a megabyte. A model that names ever new roles and regions comes to
/// share one.
const MOST_KEYS: usize = 4_096;

/// How much is let through. Any number is safe: with a `burst` of 0 nothing passes, and a
/// `per_second` that is zero, negative or not a number never refills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Tokens of a full bucket: what may go at once.
    pub burst: u32,
    /// Tokens that come back.
    pub per_second: f64,
}

impl Limit {
    /// All calls of tools: against a model in a loop.
    pub const TOOL_CALLS: Self = Self { burst: 500, per_second: 20.0 };
    /// Attempts at one service in one region of one account.
    pub const ATTEMPTS: Self = Self { burst: 500, per_second: 50.0 };
    /// Tools that try credentials out.
    pub const TEN_A_MINUTE: Self = Self { burst: 10, per_second: 10.0 / 60.0 };
}

impl From<config::Pace> for Limit {
    fn from(pace: config::Pace) -> Self {
        Self { burst: pace.burst, per_second: f64::from(pace.per_second) }
    }
}

/// A bucket for each key, all of one limit. `Buckets<()>` is a single one.
#[derive(Debug)]
pub struct Buckets<K: Ord + Clone> {
    clock: Clock,
    limit: Limit,
    /// What the tokens are for, in the plural, for errors: `tool calls`.
    what: &'static str,
    levels: Mutex<Levels<K>>,
    /// Somebody left a queue, so those behind have less to wait.
    moved: Notify,
}

impl<K: Ord + Clone> Buckets<K> {
    /// Full buckets. `what` names, in the plural, what the tokens are for.
    pub fn new(clock: Clock, what: &'static str, limit: Limit) -> Self {
        let levels = Mutex::new(Levels::new(Pace::from(limit), clock.elapsed()));
        Self { clock, limit, what, levels, moved: Notify::new() }
    }

    /// Takes one token, waiting for it up to [`MOST_WAIT`]. Dropped before its time has come, it
    /// gives its place in the queue back.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait, at once, when that is longer.
    pub async fn take(&self, key: &K) -> Result<()> {
        let (place, turn) = self.lock().take(key, self.clock.elapsed());
        let number = match turn {
            Turn::Now => return Ok(()),
            Turn::Queued(number) => number,
            Turn::Refused(wait) => return Err(self.refused(wait)),
        };
        let ticket = Ticket { buckets: self, place, number };
        loop {
            // Made before looking, so that nobody who leaves in between is missed.
            let moved = self.moved.notified();
            let Some(wait) = ticket.wait() else { return Ok(()) };
            // Either way the next round looks again.
            let _ = tokio::time::timeout(wait, moved).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Levels<K>> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self, wait: Option<Duration>) -> Error {
        let (what, burst) = (self.what, self.limit.burst);
        let pace = match self.limit.per_second {
            often if often >= 1.0 => format!("{} a second", rounded(often)),
            seldom => format!("{} a minute", rounded(seldom.max(0.0) * 60.0)),
        };
        let message = format!(
            "too many {what}: {burst} at once and then {pace} are let through. This one was not \
             sent."
        );
        match wait {
            Some(wait) => {
                let whole = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
                let next = format!("Try again in {whole} s; ask for more with fewer calls.");
                Error::new(Kind::RateLimited, message, next)
            }
            None => Error {
                retryable: false,
                ..Error::new(
                    Kind::RateLimited,
                    message,
                    "Waiting does not help. Only the person can raise this limit, in config.toml.",
                )
            },
        }
    }
}

/// A place in a queue, given back on drop unless its time has come.
struct Ticket<'a, K: Ord + Clone> {
    buckets: &'a Buckets<K>,
    place: Option<K>,
    number: u64,
}

impl<K: Ord + Clone> Ticket<'_, K> {
    /// How long there is to wait; none: the token is taken.
    fn wait(&self) -> Option<Duration> {
        let now = self.buckets.clock.elapsed();
        self.buckets.lock().wait(self.place.as_ref(), self.number, now)
    }
}

impl<K: Ord + Clone> Drop for Ticket<'_, K> {
    fn drop(&mut self) {
        let now = self.buckets.clock.elapsed();
        if self.buckets.lock().leave(self.place.as_ref(), self.number, now) {
            self.buckets.moved.notify_waiters();
        }
    }
}

/// What became of asking for a token.
#[derive(Debug, PartialEq)]
enum Turn {
    /// It is taken.
    Now,
    /// It is one of the next; the number is that of the place in the queue.
    Queued(u64),
    /// It would take longer than anybody waits, or for ever.
    Refused(Option<Duration>),
}

/// All buckets. A place is a key with a bucket of its own, or none: the shared one.
#[derive(Debug)]
struct Levels<K> {
    pace: Pace,
    own: BTreeMap<K, Level>,
    /// For the keys beyond [`MOST_KEYS`].
    shared: Level,
}

impl<K: Ord + Clone> Levels<K> {
    fn new(pace: Pace, now: Duration) -> Self {
        Self { pace, own: BTreeMap::new(), shared: Level::full(pace, now) }
    }

    fn take(&mut self, key: &K, now: Duration) -> (Option<K>, Turn) {
        let pace = self.pace;
        if let Some(level) = self.own.get_mut(key) {
            return (Some(key.clone()), level.take(pace, now));
        }
        if self.own.len() >= MOST_KEYS {
            // A full bucket is the same as a new one: forgetting it gives nobody a token.
            self.own.retain(|_, level| !level.is_full(pace, now));
        }
        // The key may have had tokens out of the shared bucket. Once that is full again, so would
        // be a bucket of its own, from which less was taken.
        if self.own.len() < MOST_KEYS && self.shared.is_full(pace, now) {
            let mut level = Level::full(pace, now);
            let turn = level.take(pace, now);
            self.own.insert(key.clone(), level);
            return (Some(key.clone()), turn);
        }
        (None, self.shared.take(pace, now))
    }

    fn wait(&mut self, place: Option<&K>, number: u64, now: Duration) -> Option<Duration> {
        let pace = self.pace;
        self.level(place)?.wait(pace, number, now)
    }

    /// Whether the place was still to be had.
    fn leave(&mut self, place: Option<&K>, number: u64, now: Duration) -> bool {
        let pace = self.pace;
        self.level(place).is_some_and(|level| level.leave(pace, number, now))
    }

    /// None: the bucket was forgotten, so it was full and nobody waited for it any more.
    fn level(&mut self, place: Option<&K>) -> Option<&mut Level> {
        match place {
            Some(key) => self.own.get_mut(key),
            None => Some(&mut self.shared),
        }
    }
}

/// A [`Limit`] in whole numbers, which neither drift nor are "not a number".
#[derive(Clone, Copy, Debug)]
struct Pace {
    burst: u32,
    /// From one token to the next; none: never.
    interval: Option<Duration>,
}

impl From<Limit> for Pace {
    fn from(Limit { burst, per_second }: Limit) -> Self {
        // What is zero, NaN or so small that its interval is too long for a Duration fails here;
        // minus infinity would not. Infinity gives 0.
        let interval = Some(per_second)
            .filter(|it| it.is_sign_positive())
            .and_then(|it| Duration::try_from_secs_f64(1.0 / it).ok());
        Self { burst, interval: interval.map(|it| it.max(Duration::from_nanos(1))) }
    }
}

/// One bucket. There are never tokens while anybody waits.
#[derive(Debug)]
struct Level {
    tokens: u32,
    /// When the latest token came, or was last kept from coming because the bucket was full.
    at: Duration,
    /// Numbers of those who wait, ascending.
    waiting: VecDeque<u64>,
    next: u64,
}

impl Level {
    fn full(pace: Pace, now: Duration) -> Self {
        Self { tokens: pace.burst, at: now, waiting: VecDeque::new(), next: 0 }
    }

    fn is_full(&mut self, pace: Pace, now: Duration) -> bool {
        self.refill(pace, now);
        self.tokens == pace.burst
    }

    fn take(&mut self, pace: Pace, now: Duration) -> Turn {
        self.refill(pace, now);
        if let Some(left) = self.tokens.checked_sub(1) {
            self.tokens = left;
            return Turn::Now;
        }
        match self.due(pace, self.waiting.len()).filter(|_| pace.burst > 0) {
            None => Turn::Refused(None),
            Some(due) if due.saturating_sub(now) > MOST_WAIT => {
                Turn::Refused(Some(due.saturating_sub(now)))
            }
            Some(_) => {
                let number = self.next;
                self.next += 1;
                self.waiting.push_back(number);
                Turn::Queued(number)
            }
        }
    }

    fn wait(&mut self, pace: Pace, number: u64, now: Duration) -> Option<Duration> {
        self.refill(pace, now);
        let position = self.waiting.binary_search(&number).ok()?;
        Some(self.due(pace, position)?.saturating_sub(now))
    }

    fn leave(&mut self, pace: Pace, number: u64, now: Duration) -> bool {
        self.refill(pace, now);
        match self.waiting.binary_search(&number) {
            Ok(position) => self.waiting.remove(position).is_some(),
            Err(_) => false,
        }
    }

    /// Adds what time brought: first to those who wait, the rest to the bucket.
    fn refill(&mut self, pace: Pace, now: Duration) {
        let Some(interval) = pace.interval else { return };
        let fresh = now.saturating_sub(self.at).as_nanos() / interval.as_nanos();
        let mut fresh = u32::try_from(fresh).unwrap_or(u32::MAX);
        self.at = self.at.saturating_add(interval.saturating_mul(fresh));
        while fresh > 0 && self.waiting.pop_front().is_some() {
            fresh -= 1;
        }
        self.tokens = self.tokens.saturating_add(fresh).min(pace.burst);
        if self.tokens == pace.burst {
            self.at = self.at.max(now);
        }
    }

    /// When whoever has this position in the queue gets a token, the first having 0.
    fn due(&self, pace: Pace, position: usize) -> Option<Duration> {
        let tokens = u32::try_from(position).unwrap_or(u32::MAX).saturating_add(1);
        Some(self.at.saturating_add(pace.interval?.saturating_mul(tokens)))
    }
}

/// To two places, for people.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
