//! What will be spent, and with what was spent the whole of a month.

use std::borrow::Cow;

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::types::{DateInterval, Expression};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::table::{Question, Table, number, unreadable};
use super::{Day, Days, Filter, Granularity, Metric, Paid, Plain, bought, failed};
use crate::error::{Error, Result};
use crate::tools::answer::Truncated;
use crate::tools::arguments::When;
use crate::tools::{Answer, Cx};

/// GetCostForecast, Granularity: three months of days.
const MOST_DAYS: i64 = 93;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetForecast {
    start: Option<When>,
    /// Exclusive
    end: Option<When>,
    #[schemars(with = "Option<String>")]
    granularity: Option<Granularity>,
    #[schemars(with = "Option<String>")]
    metric: Option<Metric>,
    filter: Option<Filter>,
    // In percent.
    prediction_interval: Option<Interval>,
}

/// How sure the bounds are, in percent.
#[derive(Clone, Copy, Debug)]
struct Interval(i32);

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let percent = i32::deserialize(deserializer)?;
        match percent {
            51..=99 => Ok(Self(percent)),
            _ => Err(serde::de::Error::custom(format!("{percent} is not 51 to 99"))),
        }
    }
}

impl JsonSchema for Interval {
    fn schema_name() -> Cow<'static, str> {
        "Interval".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer"})
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Forecast {
    start: String,
    end: String,
    #[schemars(with = "String")]
    metric: Metric,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    // From start to end.
    total: f64,
    // The sums of the steps' bounds: with many steps they lie wider than they would have to.
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    prediction_interval: i32,
    // With what was spent up to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    whole_month: Option<Month>,
    #[schemars(with = "Vec<Plain>")]
    steps: Vec<Step>,
    #[schemars(with = "i32")]
    billed_requests: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    missing: Vec<Error>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    truncated: Option<Truncated>,
}

#[derive(Debug, Serialize)]
struct Month {
    start: String,
    spent: f64,
    expected: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Step {
    start: String,
    mean: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

/// What GetCostForecast said.
#[derive(Serialize, Deserialize)]
struct Said {
    total: f64,
    unit: Option<String>,
    steps: Vec<Bounded>,
}

#[derive(Serialize, Deserialize)]
struct Bounded {
    start: String,
    mean: f64,
    low: Option<f64>,
    high: Option<f64>,
}

pub async fn get_forecast(cx: Cx, args: GetForecast) -> Result<Answer> {
    let now = cx.world().config.clock.now();
    let day = |when| Day::of(when, now);
    let days = days(args.start.map(day), args.end.map(day), Day::today(&cx))?;
    let granularity = granularity(args.granularity, days)?;
    let metric = cost(args.metric)?;
    let Interval(interval) = args.prediction_interval.unwrap_or(Interval(80));
    let filter = args.filter.as_ref().and_then(Filter::expression);
    let client = cx.cost_explorer().await?;
    let forecast = ask(&cx, &client, days, granularity, metric, filter.clone(), interval);
    let spent = spent(&cx, &client, days, metric, filter);
    let (forecast, spent) = tokio::join!(forecast, spent);
    let (said, mut paid) = forecast?;
    let sum = |of: fn(&Bounded) -> Option<f64>| said.steps.iter().map(of).sum::<Option<f64>>();
    let has_steps = !said.steps.is_empty();
    let total = said.total;
    let (low, high) = (sum(|step| step.low), sum(|step| step.high));
    let (low, high) = (low.filter(|_| has_steps), high.filter(|_| has_steps));
    // A forecast that begins before it was to has what was spent in it.
    let begins = said.steps.first().is_none_or(|step| step.start == days.start.to_string());
    let mut missing = Vec::new();
    let mut whole_month = None;
    match spent {
        None => {}
        Some(Ok((table, also))) => {
            paid = paid.and(also);
            let spent = table.sum(0).amount().filter(|_| begins);
            whole_month = spent.map(|spent| Month {
                start: days.start.month(0).to_string(),
                spent: metric.rounded(spent),
                expected: metric.rounded(spent + total),
                low: low.map(|low| metric.rounded(spent + low)),
                high: high.map(|high| metric.rounded(spent + high)),
            });
        }
        Some(Err(error)) => missing.push(error),
    }
    let rounded = |amount: f64| metric.rounded(amount);
    let forecast = Forecast {
        start: days.start.to_string(),
        end: days.end.to_string(),
        metric,
        unit: said.unit,
        total: rounded(total),
        low: low.map(rounded),
        high: high.map(rounded),
        prediction_interval: interval,
        whole_month,
        steps: said
            .steps
            .into_iter()
            .map(|Bounded { start, mean, low, high }| Step {
                start,
                mean: rounded(mean),
                low: low.map(rounded),
                high: high.map(rounded),
            })
            .collect(),
        billed_requests: paid.requests,
        cached_at: paid.cached_at(),
        missing,
        truncated: None,
    };
    Answer::listed(&forecast, "steps", "Cut to fit. Ask for granularity monthly.")
}

/// From today to the end of the month; on its last day to the end of the next.
fn days(start: Option<Day>, end: Option<Day>, today: Day) -> Result<Days> {
    let start = start.unwrap_or(today);
    if start > today {
        return Err(Error::invalid(
            format!("start is {start}; a forecast starts today ({today}) at the latest."),
            "Leave start out, and give an end.",
        ));
    }
    let end = end.unwrap_or_else(|| match start.plus(1) {
        last if last == start.month(1) => start.month(2),
        _ => start.month(1),
    });
    Days::new(start, end)
}

fn granularity(wanted: Option<Granularity>, days: Days) -> Result<Granularity> {
    match wanted {
        Some(Granularity::Daily) if days.count() > MOST_DAYS => Err(Error::invalid(
            format!("{} days are too many one by one.", days.count()),
            format!("Give granularity monthly, or at most {MOST_DAYS} days."),
        )),
        Some(granularity) => Ok(granularity),
        None if days.count() > MOST_DAYS => Ok(Granularity::Monthly),
        None => Ok(Granularity::Daily),
    }
}

fn cost(metric: Option<Metric>) -> Result<Metric> {
    match metric {
        Some(Metric::UsageQuantity) => Err(Error::invalid(
            "metric: usage_quantity is no cost.",
            "Give unblended_cost, amortized_cost, blended_cost, net_unblended_cost or net_amortized_cost.",
        )),
        Some(metric) => Ok(metric),
        None => Ok(Metric::UnblendedCost),
    }
}

async fn ask(
    cx: &Cx,
    client: &Client,
    days: Days,
    granularity: Granularity,
    metric: Metric,
    filter: Option<Expression>,
    interval: i32,
) -> Result<(Said, Paid)> {
    let request = client
        .get_cost_forecast()
        .time_period(days.interval()?)
        .granularity(granularity.of_aws())
        .metric(metric.word().to_ascii_uppercase().as_str().into())
        .set_filter(filter)
        .prediction_interval_level(interval);
    let question = format!("ce:GetCostForecast {:?}", request.as_input());
    let send = async {
        let answer = request.send().await.map_err(|e| failed("ce:GetCostForecast", e))?;
        let none = || unreadable("ce:GetCostForecast");
        let steps = answer.forecast_results_by_time().iter().map(|step| {
            Ok(Bounded {
                start: step.time_period().map(DateInterval::start).unwrap_or_default().to_owned(),
                mean: number(step.mean_value()).ok_or_else(none)?,
                low: number(step.prediction_interval_lower_bound()),
                high: number(step.prediction_interval_upper_bound()),
            })
        });
        let steps = steps.collect::<Result<Vec<_>>>()?;
        let total = answer.total();
        let sum = || steps.iter().map(|step| step.mean).reduce(|sum, mean| sum + mean);
        let said = Said {
            total: number(total.and_then(|total| total.amount())).or_else(sum).ok_or_else(none)?,
            unit: total.and_then(|total| total.unit()).map(str::to_owned),
            steps,
        };
        Ok((said, 1))
    };
    bought(cx, &question, send).await
}

/// What the month of `start` cost so far, where the forecast is for the rest of it.
async fn spent(
    cx: &Cx,
    client: &Client,
    days: Days,
    metric: Metric,
    filter: Option<Expression>,
) -> Option<Result<(Table, Paid)>> {
    let month = days.start.month(0);
    if days.start == month || days.end != month.month(1) {
        return None;
    }
    let question = Question {
        granularity: Granularity::Monthly.of_aws(),
        group_by: &[],
        filter,
        metrics: &[metric],
    };
    Some(question.ask(cx, client, Days { start: month, end: days.start }).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::SystemTime;

    fn day(text: &str) -> Day {
        Day::of(serde_json::from_value(json!(text)).unwrap(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn the_rest_of_the_month() {
        let check = |today, end, expected: Option<&str>| {
            let days = days(None, end, day(today)).ok();
            let said = days.map(|days| format!("{} {}", days.start, days.end));
            assert_eq!(said.as_deref(), expected, "{today}");
        };
        check("2026-11-21", None, Some("2026-11-21 2026-12-01"));
        check("2026-12-01", None, Some("2026-12-01 2027-01-01"));
        check("2026-11-30", None, Some("2026-11-30 2027-01-01"));
        check("2026-11-21", Some(day("2027-03-01")), Some("2026-11-21 2027-03-01"));
        check("2026-11-21", Some(day("2026-11-21")), None);
        assert!(days(Some(day("2026-11-22")), None, day("2026-11-21")).is_err());
    }
}
