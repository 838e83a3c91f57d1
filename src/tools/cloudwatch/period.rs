//! How far apart the points of a series are: what CloudWatch keeps, and what a reader can take in.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::tools::arguments::Span;

/// Points that show the shape of a series.
const GOOD: i64 = 60;
/// More are not read in one call.
const MOST: i64 = 1_440;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// How long CloudWatch keeps points of one minute, and of five.
const MINUTES_KEPT: i64 = 15 * DAY;
const FIVE_MINUTES_KEPT: i64 = 63 * DAY;
/// Below five minutes only one: many services report every five.
const CHOICE: [i64; 15] = [
    60, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800,
    604_800,
];

/// A period as a caller may ask for it, in seconds.
#[derive(Clone, Copy, Debug, Hash, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Period(i32);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let seconds = i32::deserialize(deserializer)?;
        let is_minutes = seconds % 60 == 0 && (60..=604_800).contains(&seconds);
        if is_minutes || [1, 5, 10, 20, 30].contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(serde::de::Error::custom(format!(
            "a period of {seconds} s; it can be a multiple of 60 up to 604800, or 1, 5, 10, 20 or 30 for \
             high-resolution metrics of the last three hours"
        )))
    }
}

/// The shortest period of which CloudWatch still has points that old.
pub(super) fn kept(age: i64) -> i64 {
    if age > FIVE_MINUTES_KEPT {
        HOUR
    } else if age > MINUTES_KEPT {
        300
    } else if age > 3 * HOUR {
        60
    } else {
        1
    }
}

/// The period for about 60 points in this span.
pub(super) fn chosen(span: Span, now: i64) -> i64 {
    let least = kept(now - span.start);
    let distance = |period: i64| {
        let (whole, length) = (period.saturating_mul(GOOD), span.seconds().max(1));
        whole.max(length).saturating_mul(1_000) / whole.min(length)
    };
    let fitting = CHOICE.into_iter().filter(|period| period % least == 0);
    fitting.min_by_key(|period| distance(*period)).unwrap_or(HOUR)
}

/// The period that the caller asked for, if CloudWatch has such points, or the one for about 60.
pub(super) fn of(asked: Option<Period>, span: Span, now: i64) -> Result<i64> {
    let good = chosen(span, now);
    let Some(Period(asked)) = asked else { return Ok(good) };
    let asked = i64::from(asked);
    let least = kept(now - span.start);
    if asked % least != 0 {
        return Err(Error::invalid(
            format!("CloudWatch keeps no points of {asked} s since that start, only of {least} s."),
            format!("Give a multiple of {least}, or no period: {good} makes about 60 points."),
        ));
    }
    let points = span.seconds() / asked;
    if points > MOST {
        return Err(Error::invalid(
            format!("a period of {asked} s makes {points} points; {MOST} can be read."),
            format!("Give a shorter span, or no period: {good} makes about 60 points."),
        ));
    }
    Ok(asked)
}

/// The span from a whole period on, as CloudWatch counts them; its end stays.
pub(super) fn aligned(span: Span, period: i64) -> Span {
    Span { start: span.start - span.start.rem_euclid(period.max(1)), end: span.end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn ago(start: i64, end: i64) -> Span {
        Span { start: NOW - start, end: NOW - end }
    }

    #[test]
    fn about_sixty_points_of_what_is_kept() {
        let check = |span, expected| assert_eq!(chosen(span, NOW), expected, "{span:?}");
        check(ago(300, 0), 60);
        check(ago(HOUR, 0), 60);
        check(ago(2 * HOUR, 0), 60);
        check(ago(3 * HOUR, 0), 300);
        check(ago(6 * HOUR, 0), 300);
        check(ago(12 * HOUR, 0), 600);
        check(ago(DAY, 0), 1_200);
        check(ago(7 * DAY, 0), 10_800);
        check(ago(455 * DAY, 0), 604_800);
        // Long ago there is nothing finer.
        check(ago(20 * DAY, 20 * DAY - HOUR), 300);
        check(ago(100 * DAY, 100 * DAY - HOUR), 3_600);
    }

    #[test]
    fn a_period_that_has_no_points_is_refused() {
        let period = |seconds: i32| serde_json::from_value::<Period>(json!(seconds));
        for bad in [0, -60, 2, 45, 90, 604_860] {
            assert!(period(bad).is_err(), "{bad}");
        }
        let check = |seconds, span, expected: Option<i64>| {
            assert_eq!(of(period(seconds).ok(), span, NOW).ok(), expected, "{seconds} {span:?}");
        };
        check(1, ago(600, 0), Some(1));
        check(30, ago(3 * HOUR, 0), Some(30));
        check(10, ago(4 * HOUR, 0), None);
        check(60, ago(DAY, 0), Some(60));
        check(60, ago(2 * DAY, 0), None);
        check(60, ago(16 * DAY, 16 * DAY - HOUR), None);
        check(300, ago(16 * DAY, 16 * DAY - HOUR), Some(300));
        check(1, ago(HOUR, 0), None);
    }

    #[test]
    fn a_span_starts_with_a_whole_period() {
        assert_eq!(aligned(Span { start: 119, end: 200 }, 60), Span { start: 60, end: 200 });
    }
}
