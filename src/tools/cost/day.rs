//! Days and months in UTC: what Cost Explorer's spans are made of.

use std::fmt;
use std::time::SystemTime;

use aws_sdk_costexplorer::types::DateInterval;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::error::{Error, Result};
use crate::tools::Cx;
use crate::tools::arguments::{When, rfc3339};

const SECONDS: i64 = 86_400;

/// A day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = rfc3339(self.0.saturating_mul(SECONDS));
        f.write_str(text.split_once('T').map_or("", |(date, _)| date))
    }
}

impl Day {
    /// The day in which a moment lies.
    pub fn of(when: When, now: SystemTime) -> Self {
        Self(when.seconds(now).div_euclid(SECONDS))
    }

    pub fn today(cx: &Cx) -> Self {
        Self::of(When::NOW, cx.world().config.clock.now())
    }

    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from another day to this one.
    pub fn since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// The first day of its month, or of that so many months later.
    pub fn month(self, later: i64) -> Self {
        let (year, month) = self.year_and_month();
        let months = year.saturating_mul(12).saturating_add(month - 1).saturating_add(later);
        let text =
            format!("{:04}-{:02}-01T00:00:00Z", months.div_euclid(12), months.rem_euclid(12) + 1);
        DateTime::from_str(&text, Format::DateTime)
            .map_or(self, |at| Self(at.secs().div_euclid(SECONDS)))
    }

    /// Whole months from another first of a month to this one; none where either is another day.
    pub fn months_since(self, other: Self) -> Option<i64> {
        let is_first = |day: Self| day.month(0) == day;
        let months = |day: Self| {
            let (year, month) = day.year_and_month();
            year * 12 + month
        };
        (is_first(self) && is_first(other)).then(|| months(self) - months(other))
    }

    fn year_and_month(self) -> (i64, i64) {
        let text = self.to_string();
        let mut parts = text.split('-').filter_map(|part| part.parse().ok());
        (parts.next().unwrap_or(1970), parts.next().unwrap_or(1))
    }
}

/// Days from `start` up to `end`, which is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub start: Day,
    pub end: Day,
}

impl Days {
    pub fn new(start: Day, end: Day) -> Result<Self> {
        if start < end {
            return Ok(Self { start, end });
        }
        Err(Error::invalid(
            format!("start is {start}, end is {end}, and end is the day after the last one."),
            format!("Give a later end; {start} alone is start {start}, end {}.", start.plus(1)),
        ))
    }

    pub fn count(self) -> i64 {
        self.end.since(self.start)
    }

    /// The span of the same length directly before: in months where it is whole months.
    pub fn before(self) -> Self {
        let start = match self.end.months_since(self.start) {
            Some(months) => self.start.month(-months),
            None => self.start.plus(-self.count()),
        };
        Self { start, end: self.start }
    }

    /// As Cost Explorer takes it.
    pub fn interval(self) -> Result<DateInterval> {
        let (start, end) = (self.start.to_string(), self.end.to_string());
        DateInterval::builder()
            .start(start)
            .end(end)
            .build()
            .map_err(|e| Error::internal("a span of days could not be put together.").caused_by(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn day(text: &str) -> Day {
        Day::of(serde_json::from_value(json!(text)).unwrap(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn days_and_months() {
        assert_eq!(day("2026-11-21T23:59:59Z").to_string(), "2026-11-21");
        assert_eq!(day("2026-11-30").plus(1).to_string(), "2026-12-01");
        let month = |text, later, expected: &str| {
            assert_eq!(day(text).month(later).to_string(), expected, "{text} {later}");
        };
        month("2026-11-21", 0, "2026-11-01");
        month("2026-11-21", 1, "2026-12-01");
        month("2026-12-31", 1, "2027-01-01");
        month("2026-01-15", -1, "2025-12-01");
        month("2026-03-31", -13, "2025-02-01");
        assert_eq!(day("2026-11-01").months_since(day("2026-08-01")), Some(3));
        assert_eq!(day("2026-11-02").months_since(day("2026-08-01")), None);
    }

    #[test]
    fn the_span_before() {
        let check = |start, end, expected: &str| {
            let before = Days::new(day(start), day(end)).unwrap().before();
            assert_eq!(format!("{} {}", before.start, before.end), expected);
        };
        check("2026-11-14", "2026-11-21", "2026-11-07 2026-11-14");
        check("2026-10-01", "2026-11-01", "2026-09-01 2026-10-01");
        check("2026-08-01", "2026-11-01", "2026-05-01 2026-08-01");
        check("2026-11-01", "2026-11-21", "2026-10-12 2026-11-01");
        let error = Days::new(day("2026-11-21"), day("2026-11-21")).unwrap_err();
        assert!(error.next_step.contains("end 2026-11-22"), "{error}");
    }
}
