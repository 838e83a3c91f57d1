//! What is left of the steps and the time of a run.

use super::{ErrorKind, Limits, QueryError};

pub(super) struct Budget<'l> {
    limits: Limits<'l>,
    left: u64,
    since_asked: u64,
}

/// How many steps may pass until time is looked at.
const ASK_AFTER: u64 = 1_000;

/// How much text is one step, in bytes.
const TEXT: usize = 16;

impl<'l> Budget<'l> {
    pub(super) fn new(limits: Limits<'l>) -> Self {
        Self { limits, left: limits.steps, since_asked: 0 }
    }

    /// Takes steps, before what they stand for is done.
    pub(super) fn take(&mut self, steps: u64) -> Result<(), QueryError> {
        let Some(left) = self.left.checked_sub(steps) else {
            let what = format!("it takes more than {} steps", self.limits.steps);
            let hint =
                "ask for less: filter before anything else, take fewer members, compare less";
            return Err(QueryError::new(ErrorKind::Bounds, what).hint(hint));
        };
        self.left = left;
        self.since_asked = self.since_asked.saturating_add(steps);
        if self.since_asked >= ASK_AFTER {
            self.since_asked = 0;
            if (self.limits.expired)() {
                let hint = "ask for less: filter before anything else, take fewer members";
                return Err(QueryError::new(ErrorKind::Time, "its time was up").hint(hint));
            }
        }
        Ok(())
    }

    /// One step, and what a text of that many bytes adds.
    pub(super) fn take_text(&mut self, bytes: usize) -> Result<(), QueryError> {
        self.take(1_u64.saturating_add(text_steps(bytes)))
    }

    /// What a text of that many bytes adds to a step that is taken already.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> Result<(), QueryError> {
        self.take(text_steps(bytes))
    }

    /// One step for each of so many.
    pub(super) fn take_each(&mut self, count: usize) -> Result<(), QueryError> {
        self.take(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// What comparing texts or numbers, of so many bytes in all, takes to sort them.
    pub(super) fn take_sort(&mut self, count: usize, bytes: usize) -> Result<(), QueryError> {
        let each = u64::try_from(count).unwrap_or(u64::MAX).saturating_add(text_steps(bytes));
        let rounds = u64::from(count.max(1).ilog2()).saturating_add(1);
        self.take(each.saturating_mul(rounds).div_ceil(4))
    }
}

fn text_steps(bytes: usize) -> u64 {
    u64::try_from(bytes / TEXT).unwrap_or(u64::MAX)
}
