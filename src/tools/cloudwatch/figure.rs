//! A number as a reader needs it: four significant digits, no more.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::tools::brief::significant;

/// A measured number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::tools) struct Figure(f64);

impl Figure {
    /// Rounded to four significant digits.
    pub fn rounded(value: f64) -> Self {
        Self(significant(value))
    }

    /// As it is: what a person has set.
    pub fn exact(value: f64) -> Self {
        Self(value)
    }
}

/// The digits alone: `12`, `0.25`, but `1e300`.
impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            size if size != 0.0 && !(1e-5..1e15).contains(&size) => write!(out, "{:e}", self.0),
            _ => write!(out, "{}", self.0),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A whole number is written without a point.
        match self.to_string().parse::<i64>() {
            Ok(whole) => serializer.serialize_i64(whole),
            Err(_) => serializer.serialize_f64(self.0),
        }
    }
}

impl JsonSchema for Figure {
    fn schema_name() -> Cow<'static, str> {
        "Figure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_enough() {
        let check = |value: f64, expected: &str| {
            let written = serde_json::to_string(&Figure::rounded(value)).unwrap();
            assert_eq!(written, expected, "{value}");
        };
        check(12.0, "12");
        check(0.0, "0");
        check(-0.123456, "-0.1235");
        check(123_456.7, "123500");
        check(99.99999, "100");
        check(8_589_934_592.0, "8590000000");
        check(1e300, "1e+300");
        check(0.000_001_234_56, "1.235e-6");
        assert_eq!(serde_json::to_string(&Figure::exact(12_345.678)).unwrap(), "12345.678");
    }
}
