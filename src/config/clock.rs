//! The only place that reads the clock. Everything else is handed a [`Clock`], so that tests can
//! stop time.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Wall time and monotonic time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: fn() -> SystemTime,
    started: Instant,
}

impl Clock {
    /// The machine's clock, started now.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
    pub fn system() -> Self {
        Self { wall: SystemTime::now, started: Instant::now() }
    }

    /// A clock whose wall time a test sets.
    #[cfg(test)]
    pub fn with_wall(wall: fn() -> SystemTime) -> Self {
        Self { wall, ..Self::system() }
    }

    /// Wall time, for time stamps and expiry.
    pub fn now(&self) -> SystemTime {
        (self.wall)()
    }

    /// Time since the process started, for latencies; it never goes back.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Wall time as RFC 3339 with seconds, `2026-11-21T07:08:55Z`.
    pub fn timestamp(&self) -> String {
        rfc3339(self.now())
    }
}

/// RFC 3339 in UTC, whole seconds.
pub fn rfc3339(time: SystemTime) -> String {
    let whole =
        aws_smithy_types::DateTime::from_secs(aws_smithy_types::DateTime::from(time).secs());
    whole.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default()
}
