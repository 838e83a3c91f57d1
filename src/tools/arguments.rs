//! Arguments that several tools take, parsed at the door: times, one value or several.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::Cx;
use crate::error::{Error, Result};

/// No arguments but the target's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

/// One value or several.
#[derive(Clone, Debug, Hash, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub enum Values {
    One(String),
    Many(Vec<String>),
}

impl JsonSchema for Values {
    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "array"], "items": {"type": "string"}})
    }
}

impl Values {
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

/// A moment: RFC 3339 (`2026-11-21T09:30:00Z`), a date in UTC (`2026-11-21`), `now`, or so long ago
/// (`-90s`, `-15m`, `-3h`, `-7d`, `-2w`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Seconds since 1970.
    At(i64),
    Ago(Duration),
}

impl When {
    pub const NOW: Self = Self::Ago(Duration::ZERO);

    /// Seconds since 1970, where `now` is the time by the clock.
    pub fn seconds(self, now: SystemTime) -> i64 {
        match self {
            Self::At(seconds) => seconds,
            Self::Ago(ago) => {
                let ago = i64::try_from(ago.as_secs()).unwrap_or(i64::MAX);
                DateTime::from(now).secs().saturating_sub(ago)
            }
        }
    }

    /// The moment that a distance from now means, as RFC 3339; none where the text is no distance.
    pub fn resolved(text: &str, now: SystemTime) -> Option<String> {
        match Self::parse(text.trim())? {
            Self::At(_) => None,
            ago @ Self::Ago(_) => Some(rfc3339(ago.seconds(now))),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "now" {
            return Some(Self::NOW);
        }
        if let Some(ago) = text.strip_prefix('-') {
            let unit = match ago.chars().last()? {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return None,
            };
            let number: String = ago.chars().take_while(char::is_ascii_digit).collect();
            let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
            let is_whole = number.len() + 1 == ago.len() && seconds <= MOST_AGO;
            return is_whole.then_some(Self::Ago(Duration::from_secs(seconds)));
        }
        let is_date = text.len() == 10 && text.is_ascii();
        let text = if is_date { Cow::from(format!("{text}T00:00:00Z")) } else { Cow::from(text) };
        let moment = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
        Some(Self::At(moment.secs()))
    }
}

/// A hundred years, in seconds: an older moment is a mistake.
const MOST_AGO: u64 = 100 * 365 * 86_400;

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.trim()).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is not a time such as -3h, -7d, 2026-11-21 or 2026-11-21T09:30:00Z"
            ))
        })
    }
}

impl JsonSchema for When {
    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": MOMENT})
    }
}

/// Marks a moment in our own schemas; clients do not see it.
pub const MOMENT: &str = "moment";

/// A span of time, in seconds since 1970; the end comes after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

impl Span {
    /// From `start` to `end`, where none is said until now.
    pub fn new(cx: &Cx, start: When, end: Option<When>) -> Result<Self> {
        Self::at(cx.world().config.clock.now(), start, end)
    }

    fn at(now: SystemTime, start: When, end: Option<When>) -> Result<Self> {
        let span = Self { start: start.seconds(now), end: end.unwrap_or(When::NOW).seconds(now) };
        if span.start < span.end {
            return Ok(span);
        }
        let message = format!("start is {}, end is {}.", rfc3339(span.start), rfc3339(span.end));
        Err(Error::invalid(message, "Give a start before the end, e.g. start -3h and no end."))
    }

    pub fn seconds(self) -> i64 {
        self.end - self.start
    }
}

/// RFC 3339 in UTC, of seconds since 1970.
pub fn rfc3339(seconds: i64) -> String {
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}

/// RFC 3339 in UTC, whole seconds, of AWS's time.
pub fn moment(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let check = |text: &str, expected: Option<i64>| {
            let parsed = serde_json::from_value::<When>(json!(text)).ok();
            assert_eq!(parsed.map(|when| when.seconds(now)), expected, "{text}");
        };
        check("now", Some(1_000_000_000));
        check(" -90s ", Some(999_999_910));
        check("-15m", Some(999_999_100));
        check("-3h", Some(999_989_200));
        check("-7d", Some(999_395_200));
        check("-2w", Some(998_790_400));
        check("1970-01-02", Some(86_400));
        check("1970-01-02T00:00:01Z", Some(86_401));
        check("1970-01-02T01:00:00.5+01:00", Some(86_400));
        for bad in ["", "-", "-h", "3h", "-3", "--3h", "-3 h", "-1.5h", "-3y", "-99999999w", "+3h"]
        {
            check(bad, None);
        }
        for bad in ["yesterday", "1970-13-01", "1970-1-1", "01/02/1970", "1970-01-02 00:00:01"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_span_ends_after_its_start() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let ago = |seconds| When::Ago(Duration::from_secs(seconds));
        let span = Span::at(now, ago(100), None).unwrap();
        assert_eq!((span.start, span.end, span.seconds()), (9_900, 10_000, 100));
        assert!(Span::at(now, ago(100), Some(ago(100))).is_err());
        let error = Span::at(now, ago(1), Some(ago(100))).unwrap_err();
        assert!(error.message.contains("1970-01-01T02:45:00Z"), "{error}");
    }
}
