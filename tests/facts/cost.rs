//! Cost Explorer: what was spent, will be, and was unusual.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::row::Row;
use crate::world::{World, find};

pub const SHOP: &[Row] = &[
    Row {
        tool: "cost_get_cost_and_usage",
        told: |aws| {
            let args = json!({"start": "{7}", "end": "{0}", "limit": 50});
            let query = "{total: total, unit: unit, previous: previous, change: change_percent,
                days: steps[].[start, amount],
                groups: sort_by(groups, &group)[].[group, amount, previous, by_step]}";
            aws.tell("cost_get_cost_and_usage", args, query)
        },
        read: |aws| {
            let (now, before) = (spent(aws, "{7}", "{0}"), spent(aws, "{14}", "{7}"));
            let total = |days: &Value| find(days, "sum([].groups[].amount)").as_f64().unwrap();
            let by_day = |day: &Value| {
                json!([day["start"], money(find(day, "sum(groups[].amount)").as_f64().unwrap())])
            };
            let of_before = by_group(&find(&before, "[].groups[]"));
            let group = |(name, amount): (String, f64)| {
                let days = find(&now, &format!("[].groups[] | [?group=='{name}'].amount"));
                let days: Vec<f64> = days
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|day| money(day.as_f64().unwrap()))
                    .collect();
                json!([name, money(amount), money(of_before[&name]), days])
            };
            let (sum, previous) = (total(&now), total(&before));
            json!({
                "total": money(sum), "unit": find(&now, "[0].groups[0].unit"), "previous": money(previous),
                "change": ((sum / previous - 1.0) * 1_000.0).round() / 10.0,
                "days": now.as_array().unwrap().iter().map(by_day).collect::<Vec<_>>(),
                "groups": by_group(&find(&now, "[].groups[]")).into_iter().map(group).collect::<Vec<_>>(),
            })
        },
    },
    Row {
        tool: "cost_get_cost_and_usage",
        told: |aws| {
            let args = json!({"start": "{7}", "end": "{0}", "group_by": "tag:team",
                "filter": {"service": "Amazon Relational Database Service"}});
            aws.tell("cost_get_cost_and_usage", args, "sort_by(groups, &group)[].[group, amount]")
        },
        read: |aws| {
            let days = aws.read(
                "ce:GetCostAndUsage",
                json!({"TimePeriod": {"Start": "{7}", "End": "{0}"}, "Granularity": "DAILY",
                    "Metrics": ["UnblendedCost"], "GroupBy": [{"Type": "TAG", "Key": "team"}],
                    "Filter": {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Relational Database Service"]}}}),
                "ResultsByTime[].Groups[].{group: Keys[0], amount: to_number(Metrics.UnblendedCost.Amount)}",
            );
            // AWS writes `team$payments`.
            let group = |(name, amount): (String, f64)| {
                json!([name.split_once('$').unwrap().1, money(amount)])
            };
            by_group(&days).into_iter().map(group).collect()
        },
    },
    Row {
        tool: "cost_get_forecast",
        told: |aws| {
            let args = json!({"start": "{0}", "end": "{-9}", "granularity": "daily", "prediction_interval": 80});
            let query = "{total: total, unit: unit, low: low, high: high, steps: steps[].[start, mean, low, high]}";
            aws.tell("cost_get_forecast", args, query)
        },
        read: |aws| {
            aws.read(
                "ce:GetCostForecast",
                json!({"TimePeriod": {"Start": "{0}", "End": "{-9}"}, "Granularity": "DAILY",
                    "Metric": "UNBLENDED_COST", "PredictionIntervalLevel": 80}),
                "{total: to_number(Total.Amount), unit: Total.Unit,
                    low: sum(ForecastResultsByTime[].to_number(PredictionIntervalLowerBound)),
                    high: sum(ForecastResultsByTime[].to_number(PredictionIntervalUpperBound)),
                    steps: ForecastResultsByTime[].[TimePeriod.Start, to_number(MeanValue),
                        to_number(PredictionIntervalLowerBound), to_number(PredictionIntervalUpperBound)]}",
            )
        },
    },
    Row {
        tool: "cost_get_forecast",
        told: |aws| {
            let [_, start, end] = month(aws);
            let args = json!({"start": start, "end": end, "granularity": "monthly"});
            aws.tell("cost_get_forecast", args, "whole_month.[start, spent, expected, low, high]")
        },
        read: |aws| {
            let [first, start, end] = month(aws);
            let spent = aws.read(
                "ce:GetCostAndUsage",
                json!({"TimePeriod": {"Start": first, "End": start}, "Granularity": "MONTHLY",
                    "Metrics": ["UnblendedCost"]}),
                "sum(ResultsByTime[].Total.UnblendedCost.Amount.to_number(@))",
            );
            let forecast = aws.read(
                "ce:GetCostForecast",
                json!({"TimePeriod": {"Start": start, "End": end}, "Granularity": "MONTHLY",
                    "Metric": "UNBLENDED_COST", "PredictionIntervalLevel": 80}),
                "[to_number(Total.Amount),
                    sum(ForecastResultsByTime[].to_number(PredictionIntervalLowerBound)),
                    sum(ForecastResultsByTime[].to_number(PredictionIntervalUpperBound))]",
            );
            let spent = spent.as_f64().unwrap();
            let whole = |at: usize| money(spent + forecast[at].as_f64().unwrap());
            json!([first, money(spent), whole(0), whole(1), whole(2)])
        },
    },
    Row {
        tool: "cost_list_anomalies",
        told: |aws| {
            let query = "anomalies[].{id: anomaly_id, total: total_impact, percent: impact_percent, most: max_impact,
                spent: spent, expected: expected, began: began, ended: ended, of: dimension_value,
                monitor: monitor_arn, causes: root_causes[].[service, usage_type, region, account, impact]}";
            aws.tell("cost_list_anomalies", json!({"start": "{30}"}), query)
        },
        read: |aws| {
            aws.read(
                "ce:GetAnomalies",
                json!({"DateInterval": {"StartDate": "{30}"}}),
                "Anomalies[].{id: AnomalyId, total: Impact.TotalImpact, percent: Impact.TotalImpactPercentage,
                    most: Impact.MaxImpact, spent: Impact.TotalActualSpend, expected: Impact.TotalExpectedSpend,
                    began: AnomalyStartDate, ended: AnomalyEndDate, of: DimensionValue, monitor: MonitorArn,
                    causes: RootCauses[].[Service, UsageType, Region, LinkedAccount, Impact.Contribution]}",
            )
        },
    },
];

/// The sum of each group.
fn by_group(rows: &Value) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        *sums.entry(row["group"].as_str().unwrap().to_owned()).or_default() +=
            row["amount"].as_f64().unwrap();
    }
    sums
}

/// Day by day what each service cost.
fn spent(aws: &World, start: &str, end: &str) -> Value {
    aws.read(
        "ce:GetCostAndUsage",
        json!({"TimePeriod": {"Start": start, "End": end}, "Granularity": "DAILY", "Metrics": ["UnblendedCost"],
            "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}]}),
        "ResultsByTime[].{start: TimePeriod.Start, groups: Groups[].{group: Keys[0],
            amount: to_number(Metrics.UnblendedCost.Amount), unit: Metrics.UnblendedCost.Unit}}",
    )
}

/// The first of a month, a later day of it that is not after today, and the first of the next.
fn month(aws: &World) -> [String; 3] {
    let day = match aws.time("0") {
        first if first.ends_with("-01") => aws.time("1"),
        today => today,
    };
    let (year, month): (i32, i32) = (day[..4].parse().unwrap(), day[5..7].parse().unwrap());
    let next = format!("{}-{:02}-01", year + month / 12, month % 12 + 1);
    [format!("{}-01", &day[..7]), day, next]
}

/// An amount as the tools tell it: whole cents, and more of what is less than 1.
fn money(amount: f64) -> f64 {
    let places = if amount.abs() < 1.0 { 10_000.0 } else { 100.0 };
    (amount * places).round() / places
}
