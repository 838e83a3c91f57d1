//! What GetCostAndUsage said, all its pages in one, and the sums over it.

use std::collections::BTreeMap;

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::operation::get_cost_and_usage::GetCostAndUsageOutput;
use aws_sdk_costexplorer::operation::get_cost_and_usage::builders::GetCostAndUsageFluentBuilder;
use aws_sdk_costexplorer::types::{DateInterval, Expression, Granularity, MetricValue};
use serde::{Deserialize, Serialize};

use super::day::Days;
use super::{Key, Metric, Paid, bought, failed};
use crate::error::{Error, Kind, Result};
use crate::tools::Cx;

/// Pages of one answer; each is billed.
const MOST_PAGES: u32 = 10;

/// The costs of a span, step by step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    pub steps: Vec<Step>,
    /// What values stand for: an account's name by its id.
    pub names: BTreeMap<String, String>,
}

/// A day or a month.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Step {
    pub start: String,
    pub estimated: bool,
    pub lines: Vec<Line>,
}

/// The figures of one group, by metric in the order of the request. Without groups there is one line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    pub group: Vec<String>,
    pub figures: Vec<Figure>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figure {
    amount: f64,
    unit: String,
}

/// A sum of figures; of different units there is none.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    amount: f64,
    unit: Option<String>,
    mixed: bool,
}

/// What is asked of GetCostAndUsage.
pub struct Question<'a> {
    pub granularity: Granularity,
    pub group_by: &'a [Key],
    pub filter: Option<Expression>,
    pub metrics: &'a [Metric],
}

impl Question<'_> {
    /// The answer for a span, from the cache or from AWS.
    pub async fn ask(&self, cx: &Cx, client: &Client, days: Days) -> Result<(Table, Paid)> {
        let groups = self.group_by.iter().map(Key::group_definition).collect::<Vec<_>>();
        let request = client
            .get_cost_and_usage()
            .time_period(days.interval()?)
            .granularity(self.granularity.clone())
            .set_group_by(Some(groups).filter(|groups| !groups.is_empty()))
            .set_filter(self.filter.clone())
            .set_metrics(Some(self.metrics.iter().map(|m| m.in_reports().to_owned()).collect()));
        let question = format!("ce:GetCostAndUsage {:?}", request.as_input());
        bought(cx, &question, self.pages(cx, request)).await
    }

    async fn pages(&self, cx: &Cx, request: GetCostAndUsageFluentBuilder) -> Result<(Table, u32)> {
        let mut table = Table::default();
        let mut token = None;
        for page in 1..=MOST_PAGES {
            let answer = request.clone().set_next_page_token(token).send().await;
            let answer = answer.map_err(|e| failed("ce:GetCostAndUsage", e))?;
            token = answer.next_page_token.clone().filter(|token| !token.is_empty());
            table.add(&answer, self.metrics)?;
            if token.is_none() {
                return Ok((table, page));
            }
            cx.progress(format!("{page} pages so far"));
        }
        Err(Error::new(
            Kind::ResponseTooLarge,
            format!(
                "Cost Explorer has more than {MOST_PAGES} pages of groups for this; those were billed."
            ),
            "Ask for less: granularity monthly, a shorter span, a filter, or one group_by with fewer values.",
        ))
    }
}

impl Table {
    /// Adds a page; its first step may be the last one of the page before.
    fn add(&mut self, page: &GetCostAndUsageOutput, metrics: &[Metric]) -> Result<()> {
        let figures = |by_name: Option<&std::collections::HashMap<String, MetricValue>>| {
            metrics
                .iter()
                .map(|metric| {
                    let value = by_name.and_then(|by_name| by_name.get(metric.in_reports()));
                    value.and_then(Figure::of).ok_or_else(|| unreadable("ce:GetCostAndUsage"))
                })
                .collect::<Result<Vec<_>>>()
        };
        for result in page.results_by_time() {
            let start = result.time_period().map(DateInterval::start).unwrap_or_default();
            let mut lines: Vec<Line> = result
                .groups()
                .iter()
                .map(|group| {
                    let figures = figures(group.metrics())?;
                    Ok(Line { group: group.keys().to_vec(), figures })
                })
                .collect::<Result<_>>()?;
            if let Some(total) = result.total().filter(|total| !total.is_empty()) {
                lines.push(Line { group: Vec::new(), figures: figures(Some(total))? });
            }
            match self.steps.iter_mut().find(|step| step.start == start) {
                Some(step) => step.lines.extend(lines),
                None => {
                    let estimated = result.estimated();
                    self.steps.push(Step { start: start.to_owned(), estimated, lines });
                }
            }
        }
        for known in page.dimension_value_attributes() {
            let name = known.attributes().and_then(|about| about.get("description"));
            if let (Some(value), Some(name)) = (known.value(), name) {
                self.names.insert(value.to_owned(), name.clone());
            }
        }
        Ok(())
    }

    /// The steps before a day, and those from it on.
    pub fn split(self, at: &str) -> (Self, Self) {
        let names = self.names;
        let (before, from) = self.steps.into_iter().partition(|step| step.start.as_str() < at);
        (Self { steps: before, names: names.clone() }, Self { steps: from, names })
    }

    /// The sum of one metric over everything.
    pub fn sum(&self, metric: usize) -> Sum {
        let lines = self.steps.iter().flat_map(|step| &step.lines);
        lines.filter_map(|line| line.figures.get(metric)).collect()
    }
}

impl Figure {
    fn of(value: &MetricValue) -> Option<Self> {
        let unit = value.unit().unwrap_or_default().to_owned();
        Some(Self { amount: number(value.amount())?, unit })
    }
}

/// An amount as Cost Explorer writes it.
pub fn number(text: Option<&str>) -> Option<f64> {
    text?.parse().ok().filter(|amount: &f64| amount.is_finite())
}

/// An answer without an amount is none: nothing would be taken for no cost.
pub fn unreadable(operation: &str) -> Error {
    Error::new(
        Kind::ExecutionError,
        format!("{operation}: the answer has an amount that is missing or is no number."),
        "Ask again later or otherwise; the request was billed.",
    )
}

impl Sum {
    pub fn add(&mut self, figure: &Figure) {
        self.join(figure.amount, Some(figure.unit.as_str()).filter(|unit| !unit.is_empty()));
    }

    pub fn plus(&mut self, other: &Self) {
        self.mixed |= other.mixed;
        self.join(other.amount, other.unit.as_deref());
    }

    fn join(&mut self, amount: f64, unit: Option<&str>) {
        // Nothing of no unit in particular is written `0 N/A`.
        if amount == 0.0 && unit.is_none_or(|unit| unit == NO_UNIT) {
            return;
        }
        self.amount += amount;
        match (&self.unit, unit) {
            (_, Some(NO_UNIT)) => self.mixed = true,
            (None, unit) => self.unit = unit.map(str::to_owned),
            (Some(known), Some(unit)) => self.mixed |= known != unit,
            (Some(_), None) => {}
        }
    }

    /// The sum, where everything in it has one unit.
    pub fn amount(&self) -> Option<f64> {
        (!self.mixed).then_some(self.amount)
    }

    /// How much it is, for the order of rows only.
    pub fn size(&self) -> f64 {
        self.amount.abs()
    }

    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref().filter(|_| !self.mixed)
    }
}

/// What Cost Explorer calls the unit of a sum over different units.
const NO_UNIT: &str = "N/A";

impl<'a> FromIterator<&'a Figure> for Sum {
    fn from_iter<T: IntoIterator<Item = &'a Figure>>(figures: T) -> Self {
        let mut sum = Self::default();
        figures.into_iter().for_each(|figure| sum.add(figure));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_units_are_not_added_up() {
        let check = |figures: &[(f64, &str)], amount: Option<f64>, unit: Option<&str>| {
            let figures: Vec<Figure> = figures
                .iter()
                .map(|(amount, unit)| Figure { amount: *amount, unit: (*unit).to_owned() })
                .collect();
            let sum: Sum = figures.iter().collect();
            assert_eq!((sum.amount(), sum.unit()), (amount, unit), "{figures:?}");
        };
        check(&[], Some(0.0), None);
        check(&[(1.5, "Hrs"), (2.0, "Hrs")], Some(3.5), Some("Hrs"));
        check(&[(1.5, "Hrs"), (0.0, "N/A")], Some(1.5), Some("Hrs"));
        check(&[(1.5, "Hrs"), (2.0, "GB")], None, None);
        check(&[(1.5, "N/A")], None, None);
    }
}
