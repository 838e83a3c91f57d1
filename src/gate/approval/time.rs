//! How long something lives, by both clocks: the wall clock can be set, the monotonic one stops while
//! a machine sleeps. Whichever says first that it is over is right.

use std::time::{Duration, SystemTime};

use crate::config::Clock;

/// A span that began at its making.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    wall: SystemTime,
    monotonic: Duration,
    lasts: Duration,
}

impl Life {
    pub fn new(clock: &Clock, lasts: Duration) -> Self {
        Self { wall: clock.now(), monotonic: clock.elapsed(), lasts }
    }

    /// Whether it is over; it is too when the wall clock stands before its beginning.
    pub fn is_over(&self, clock: &Clock) -> bool {
        self.left(clock).is_zero()
    }

    /// Whether it is over by both clocks: for what must not end early.
    pub fn is_surely_over(&self, clock: &Clock) -> bool {
        let by_wall = clock.now().duration_since(self.wall).unwrap_or_default();
        let by_monotonic = clock.elapsed().saturating_sub(self.monotonic);
        by_wall.min(by_monotonic) >= self.lasts
    }

    /// How much is left.
    pub fn left(&self, clock: &Clock) -> Duration {
        let Ok(by_wall) = clock.now().duration_since(self.wall) else { return Duration::ZERO };
        let by_monotonic = clock.elapsed().saturating_sub(self.monotonic);
        self.lasts.saturating_sub(by_wall.max(by_monotonic))
    }

    pub fn begin(&self) -> SystemTime {
        self.wall
    }

    pub fn end(&self) -> SystemTime {
        self.wall + self.lasts
    }
}
