//! Cost Explorer: what an account costs, will cost, and where that is unusual. AWS bills every request
//! to it, so what it said serves for an hour.

mod anomalies;
mod cache;
mod day;
mod forecast;
mod key;
mod table;
mod usage;

use std::borrow::Cow;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use cache::Cache;
use cache::{Paid, bought};
use day::{Day, Days};
use key::{Filter, GroupBy, Key, letters};

use super::arguments::Values;
use super::brief::{Plain, significant};
use super::{Target, Tool, Toolset, handler};
use crate::error::{Error, Kind, aws, echo};
use crate::gate::{Effect, Effects, Pace};

use anomalies::{AnomalyList, ListAnomalies, list_anomalies};
use forecast::{Forecast, GetForecast, get_forecast};
use usage::{GetUsage, Report, get_usage};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "cost_get_cost_and_usage",
        title: "Costs and usage",
        about: "Costs by group, and the change. 0.01 USD per request.",
        toolset: Toolset::Cost,
        effects: Effects::Always(Effect::Read),
        operations: &["ce:GetCostAndUsage"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(get_usage: GetUsage => Report),
    },
    Tool {
        name: "cost_get_forecast",
        title: "Forecast costs",
        about: "Costs to come, by default to the month's end. Up to 0.02 USD.",
        toolset: Toolset::Cost,
        effects: Effects::Always(Effect::Read),
        operations: &["ce:GetCostForecast", "ce:GetCostAndUsage"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(get_forecast: GetForecast => Forecast),
    },
    Tool {
        name: "cost_list_anomalies",
        title: "List cost anomalies",
        about: "Unusual costs and why. 0.01 USD per request.",
        toolset: Toolset::Cost,
        effects: Effects::Always(Effect::Read),
        operations: &["ce:GetAnomalies"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_anomalies: ListAnomalies => AnomalyList),
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granularity {
    Daily,
    Monthly,
}

impl Granularity {
    fn of_aws(self) -> aws_sdk_costexplorer::types::Granularity {
        match self {
            Self::Daily => aws_sdk_costexplorer::types::Granularity::Daily,
            Self::Monthly => aws_sdk_costexplorer::types::Granularity::Monthly,
        }
    }
}

impl<'de> Deserialize<'de> for Granularity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match letters(&word).as_str() {
            "daily" => Ok(Self::Daily),
            "monthly" => Ok(Self::Monthly),
            _ => Err(D::Error::custom(format!(
                "granularity is daily or monthly, not {}",
                echo(&word)
            ))),
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Metric {
    UnblendedCost,
    AmortizedCost,
    BlendedCost,
    NetUnblendedCost,
    NetAmortizedCost,
    UsageQuantity,
}

impl Metric {
    const ALL: [Self; 6] = [
        Self::UnblendedCost,
        Self::AmortizedCost,
        Self::BlendedCost,
        Self::NetUnblendedCost,
        Self::NetAmortizedCost,
        Self::UsageQuantity,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::UnblendedCost => "unblended_cost",
            Self::AmortizedCost => "amortized_cost",
            Self::BlendedCost => "blended_cost",
            Self::NetUnblendedCost => "net_unblended_cost",
            Self::NetAmortizedCost => "net_amortized_cost",
            Self::UsageQuantity => "usage_quantity",
        }
    }

    /// Its name in GetCostAndUsage.
    fn in_reports(self) -> &'static str {
        match self {
            Self::UnblendedCost => "UnblendedCost",
            Self::AmortizedCost => "AmortizedCost",
            Self::BlendedCost => "BlendedCost",
            Self::NetUnblendedCost => "NetUnblendedCost",
            Self::NetAmortizedCost => "NetAmortizedCost",
            Self::UsageQuantity => "UsageQuantity",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|metric| letters(metric.word()) == letters(text));
        found.ok_or_else(|| {
            let words = Self::ALL.map(Self::word).join(", ");
            format!("there is no metric {}; there are {words}", echo(text))
        })
    }

    /// A figure as a reader needs it.
    fn rounded(self, amount: f64) -> f64 {
        match self {
            Self::UsageQuantity => significant(amount),
            Self::UnblendedCost
            | Self::AmortizedCost
            | Self::BlendedCost
            | Self::NetUnblendedCost
            | Self::NetAmortizedCost => money(amount),
        }
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One metric or several, each once.
#[derive(Clone, Debug)]
struct Metrics(Vec<Metric>);

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut metrics = Vec::new();
        for word in Values::deserialize(deserializer)?.into_vec() {
            let metric = Metric::parse(&word).map_err(D::Error::custom)?;
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        match metrics.is_empty() {
            true => Err(D::Error::custom("metrics is empty; leave it out for unblended_cost")),
            false => Ok(Self(metrics)),
        }
    }
}

impl JsonSchema for Metrics {
    fn schema_name() -> Cow<'static, str> {
        "Metrics".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

/// Two decimals, four below 1.
fn money(amount: f64) -> f64 {
    let places = if amount.abs() < 1.0 { 10_000.0 } else { 100.0 };
    unsigned_zero((amount * places).round()) / places
}

fn percent(part: f64, whole: f64) -> f64 {
    unsigned_zero((part / whole * 1_000.0).round()) / 10.0
}

/// Zero has no sign.
fn unsigned_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

/// The change in percent, where there was something before.
fn change_percent(now: f64, before: f64) -> Option<f64> {
    (before.abs() >= LEAST).then(|| percent(now - before, before.abs()))
}

/// A hundredth: less is no amount.
const LEAST: f64 = 0.01;

/// What Cost Explorer's errors mean, and what to do about them.
fn failed<E>(operation: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut error = aws::failed(operation, error);
    let next_step = match (error.aws.code.as_deref(), error.kind) {
        (Some("DataUnavailableException"), _) => {
            "Cost Explorer has no data for this yet. A new account, or one where it was just switched on, \
             has some after a day; a forecast wants weeks of costs behind it. Ask for a later start or a \
             wider filter."
        }
        (Some("BillExpirationException"), _) => {
            "The bill changed while it was read. Call again, or with other dates."
        }
        (Some("UnknownMonitorException"), _) => {
            error.kind = Kind::NotFound;
            "Leave monitor_arn out: each anomaly names its monitor."
        }
        (Some(_), Kind::ValidationError) => {
            "See aws_message. Days go back 14 months at most (further only from the first of a month, \
             monthly, where the account keeps that), end is at most the first of next month, and values \
             of a filter are exact."
        }
        (Some(_), Kind::AccessDenied) => {
            "See aws_message: the principal lacks the permission, or Cost Explorer is off (a person \
             switches it on in the Billing console), or the organization's management account keeps costs \
             from its members; then name its profile."
        }
        _ => return error,
    };
    error.next_step = next_step.into();
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_rounded_for_a_reader() {
        for (amount, expected) in
            [(1_234.567_8, 1_234.57), (0.123_456, 0.123_5), (-0.000_01, 0.0), (-12.345, -12.35)]
        {
            assert_eq!(money(amount), expected);
        }
        assert_eq!(change_percent(150.0, 100.0), Some(50.0));
        assert_eq!(change_percent(-50.0, -100.0), Some(50.0));
        assert_eq!(change_percent(1.0, 0.0), None);
    }

    #[test]
    fn metrics() {
        let parse = |given| serde_json::from_value::<Metrics>(given).map(|metrics| metrics.0).ok();
        assert_eq!(parse(json!("UnblendedCost")), Some(vec![Metric::UnblendedCost]));
        let two = json!(["NET_AMORTIZED_COST", "usage_quantity", "usage-quantity"]);
        assert_eq!(parse(two), Some(vec![Metric::NetAmortizedCost, Metric::UsageQuantity]));
        assert_eq!(parse(json!([])), None);
        assert_eq!(parse(json!("money")), None);
    }
}
