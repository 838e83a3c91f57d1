//! What was spent: totals, the largest groups, and the change against the span before.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::UNTAGGED;
use super::table::{Question, Sum, Table};
use super::{
    Day, Days, Filter, Granularity, GroupBy, Key, LEAST, Metric, Metrics, Paid, Plain,
    change_percent, percent,
};
use crate::error::{Error, Kind, Result};
use crate::tools::answer::Truncated;
use crate::tools::arguments::When;
use crate::tools::listing::Limit;
use crate::tools::{Answer, Cx};

/// Days to look back, where nothing is said.
const DAYS: i64 = 30;
/// Days up to which a span is shown day by day, where nothing is said.
const DAILY: i64 = 62;
/// Days of a daily answer: more are more than a reader wants, and twice as many are asked for.
const MOST_DAYS: i64 = 93;
/// Steps up to which each group shows its own.
const MOST_OWN_STEPS: usize = 14;
/// Groups shown, where nothing is said.
const GROUPS: usize = 20;
const CHANGES: usize = 3;
/// Cost Explorer has the current month and those before it.
const MONTHS_KEPT: i64 = 13;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUsage {
    /// 2026-11-01, -30d
    start: Option<When>,
    /// Exclusive
    end: Option<When>,
    #[schemars(with = "Option<String>")]
    granularity: Option<Granularity>,
    /// service, tag:KEY, ..
    group_by: Option<GroupBy>,
    /// {"service":"RDS","not":{"tag:team":"a"}}
    filter: Option<Filter>,
    metrics: Option<Metrics>,
    // Groups.
    #[schemars(with = "Option<i32>")]
    limit: Option<Limit>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    start: String,
    end: String,
    #[schemars(with = "String")]
    metric: Metric,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_start: Option<String>,
    // Of the span before, of the same length.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_percent: Option<f64>,
    // AWS may still change figures.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    estimated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    biggest_changes: Vec<Change>,
    // Of the further metrics.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "Plain")]
    also: BTreeMap<&'static str, Also>,
    #[schemars(with = "Vec<Plain>")]
    steps: Vec<StepTotal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Plain>")]
    groups: Vec<Group>,
    // Groups that are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Plain")]
    other: Option<Other>,
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
struct Change {
    group: String,
    change: f64,
}

/// A figure of a further metric.
#[derive(Debug, Serialize)]
struct Also {
    amount: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

#[derive(Debug, Serialize)]
struct StepTotal {
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<f64>,
    /// Where others are not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    estimated: bool,
}

#[derive(Debug, Serialize)]
struct Group {
    group: String,
    /// Of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<f64>,
    /// Where groups have different ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_percent: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    also: BTreeMap<&'static str, Also>,
    /// In the order of the answer's steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_step: Vec<Option<f64>>,
}

#[derive(Debug, Serialize)]
struct Other {
    groups: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<f64>,
}

pub async fn get_usage(cx: Cx, args: GetUsage) -> Result<Answer> {
    let today = Day::today(&cx);
    let days = days(&args, today, &cx)?;
    let granularity = granularity(args.granularity, days)?;
    let GroupBy(group_by) = args.group_by.unwrap_or_default();
    let metrics = args.metrics.map_or_else(|| vec![Metric::UnblendedCost], |Metrics(all)| all);
    let question = Question {
        granularity: granularity.of_aws(),
        group_by: &group_by,
        filter: args.filter.as_ref().and_then(Filter::expression),
        metrics: &metrics,
    };
    let answered = both(&cx, &question, days, granularity, today).await?;
    let mut report = Shape { days, group_by: &group_by, metrics: &metrics }.report(
        &answered.now,
        answered.before.as_ref(),
        args.limit.map_or(GROUPS, Limit::rows),
    );
    let is_nothing =
        report.steps.is_empty() || (report.groups.is_empty() && report.total == Some(0.0));
    let untagged = group_by.iter().any(|key| matches!(key, Key::Tag(_)))
        && report.groups.iter().all(|row| row.group.contains(UNTAGGED));
    report.note = match (is_nothing, &args.filter) {
        (true, Some(_)) => Some(
            "Nothing was spent, or the filter names what is not there: values must be exact. Call \
             without filter, grouped by its key, to see them.",
        ),
        (true, None) => Some("Nothing was spent."),
        (false, _) if untagged => Some(
            "Nothing has this tag: its key is spelt otherwise, or is not activated as a cost allocation tag.",
        ),
        (false, _) if days.end > today => Some(
            "The span is not over, so it is not compared; with end today, the days so far are compared with \
             as many before. Usage arrives up to 24 h late: the last day or two are not complete.",
        ),
        (false, _) => (days.end == today)
            .then_some("Usage arrives up to 24 h late: the last day or two are not complete."),
    };
    report.billed_requests = answered.paid.requests;
    report.cached_at = answered.paid.cached_at();
    report.missing = answered.missing;
    let how = "Cut to fit. Narrow by filter, or a smaller limit sums more into `other`.";
    Answer::listed(&report, "groups", how)
}

/// The days that are meant. A start of today without an end means today.
fn days(args: &GetUsage, today: Day, cx: &Cx) -> Result<Days> {
    let day = |when| Day::of(when, cx.world().config.clock.now());
    let start = args.start.map_or_else(|| today.plus(-DAYS), day);
    let end = match args.end {
        Some(end) => day(end),
        None if start == today => today.plus(1),
        None => today,
    };
    Days::new(start, end)
}

fn granularity(wanted: Option<Granularity>, days: Days) -> Result<Granularity> {
    match wanted {
        None if days.count() <= DAILY => Ok(Granularity::Daily),
        Some(Granularity::Daily) if days.count() > MOST_DAYS => Err(Error::invalid(
            format!("{} days are too many one by one.", days.count()),
            format!("Give granularity monthly, or at most {MOST_DAYS} days."),
        )),
        Some(granularity) => Ok(granularity),
        None => Ok(Granularity::Monthly),
    }
}

struct Answered {
    now: Table,
    before: Option<Table>,
    paid: Paid,
    missing: Vec<Error>,
}

/// Asks for a span and, where it is over, for the one before it: in one request where the steps of both fall apart at
/// the border, else in two.
async fn both(
    cx: &Cx,
    question: &Question<'_>,
    days: Days,
    granularity: Granularity,
    today: Day,
) -> Result<Answered> {
    let client = cx.cost_explorer().await?;
    let ask = |days| question.ask(cx, &client, days);
    if days.end > today {
        // A part of a span against the whole one before would look like a fall in cost.
        let (now, paid) = ask(days).await?;
        return Ok(Answered { now, before: None, paid, missing: Vec::new() });
    }
    let before = days.before();
    let of_one = match granularity {
        Granularity::Daily => true,
        Granularity::Monthly => days.end.months_since(days.start).is_some(),
    };
    if of_one {
        match ask(Days { start: before.start, end: days.end }).await {
            Ok((table, paid)) => {
                let (before, now) = table.split(&days.start.to_string());
                return Ok(Answered { now, before: Some(before), paid, missing: Vec::new() });
            }
            // The span alone may lie within what is kept.
            Err(error) if is_too_old(&error, before.start, today) => {
                let (now, paid) = ask(days).await?;
                return Ok(Answered { now, before: None, paid, missing: vec![error] });
            }
            Err(error) => return Err(error),
        }
    }
    let (now, then) = tokio::join!(ask(days), ask(before));
    let (now, paid) = now?;
    Ok(match then {
        Ok((before, also)) => {
            Answered { now, before: Some(before), paid: paid.and(also), missing: Vec::new() }
        }
        Err(error) => Answered { now, before: None, paid, missing: vec![error] },
    })
}

fn is_too_old(error: &Error, start: Day, today: Day) -> bool {
    error.kind == Kind::ValidationError && start < today.month(-MONTHS_KEPT)
}

/// What decides how an answer is laid out.
struct Shape<'a> {
    days: Days,
    group_by: &'a [Key],
    metrics: &'a [Metric],
}

/// The sums of one group.
#[derive(Default)]
struct Sums {
    now: Vec<Sum>,
    before: Sum,
    steps: Vec<Sum>,
}

impl Sums {
    fn first(&self) -> Sum {
        self.now.first().cloned().unwrap_or_default()
    }
}

impl Shape<'_> {
    fn metric(&self) -> Metric {
        self.metrics.first().copied().unwrap_or(Metric::UnblendedCost)
    }

    fn report(&self, now: &Table, before: Option<&Table>, limit: usize) -> Report {
        let metric = self.metric();
        let total = now.sum(0);
        let previous = before.map(|before| before.sum(0));
        let all_estimated = now.steps.iter().all(|step| step.estimated);
        let mut groups = self.groups(now, before);
        let changes = match previous {
            Some(_) if groups.len() > CHANGES => self.biggest_changes(&groups),
            Some(_) | None => Vec::new(),
        };
        let rest = groups.split_off(limit.min(groups.len()));
        let shown = |sum: &Sum| sum.amount().map(|amount| metric.rounded(amount));
        let change = previous
            .as_ref()
            .and_then(|previous| change_percent(total.amount()?, previous.amount()?));
        let rows = groups
            .into_iter()
            .map(|(group, sums)| self.row(&group, &sums, &total, previous.is_some(), &now.names));
        Report {
            start: self.days.start.to_string(),
            end: self.days.end.to_string(),
            metric,
            total: shown(&total),
            unit: total.unit().map(str::to_owned),
            previous_start: previous.as_ref().map(|_| self.days.before().start.to_string()),
            previous: previous.as_ref().and_then(shown),
            change_percent: change,
            estimated: now.steps.iter().any(|step| step.estimated),
            note: None,
            biggest_changes: changes,
            also: self.also(|n| now.sum(n)),
            steps: now
                .steps
                .iter()
                .map(|step| {
                    let figures = step.lines.iter().filter_map(|line| line.figures.first());
                    StepTotal {
                        start: step.start.clone(),
                        amount: shown(&figures.collect()),
                        estimated: step.estimated && !all_estimated,
                    }
                })
                .collect(),
            groups: rows.collect(),
            other: (!rest.is_empty()).then(|| {
                let (mut amount, mut before) = (Sum::default(), Sum::default());
                for (_, sums) in &rest {
                    amount.plus(&sums.first());
                    before.plus(&sums.before);
                }
                let previous = previous.as_ref().and_then(|_| shown(&before));
                Other { groups: rest.len(), amount: shown(&amount), previous }
            }),
            billed_requests: 0,
            cached_at: None,
            missing: Vec::new(),
            truncated: None,
        }
    }

    /// The groups that cost something now or did before, largest first.
    fn groups(&self, now: &Table, before: Option<&Table>) -> Vec<(Vec<String>, Sums)> {
        if self.group_by.is_empty() {
            return Vec::new();
        }
        let blank = || Sums {
            now: vec![Sum::default(); self.metrics.len()],
            before: Sum::default(),
            steps: vec![Sum::default(); now.steps.len()],
        };
        let mut groups: BTreeMap<Vec<String>, Sums> = BTreeMap::new();
        for (n, step) in now.steps.iter().enumerate() {
            for line in &step.lines {
                let sums = groups.entry(line.group.clone()).or_insert_with(blank);
                sums.now.iter_mut().zip(&line.figures).for_each(|(sum, figure)| sum.add(figure));
                if let (Some(sum), Some(figure)) = (sums.steps.get_mut(n), line.figures.first()) {
                    sum.add(figure);
                }
            }
        }
        for line in before.iter().flat_map(|before| &before.steps).flat_map(|step| &step.lines) {
            let sums = groups.entry(line.group.clone()).or_insert_with(blank);
            line.figures.iter().take(1).for_each(|figure| sums.before.add(figure));
        }
        let mut groups: Vec<(Vec<String>, Sums)> = groups.into_iter().collect();
        groups
            .retain(|(_, sums)| sums.now.iter().chain([&sums.before]).any(|sum| sum.size() > 0.0));
        // By what it is now; what is gone comes in the order of what it was.
        let size = |sums: &Sums| (sums.first().size(), sums.before.size());
        groups.sort_by(|(_, one), (_, two)| {
            let (one, two) = (size(one), size(two));
            two.0.total_cmp(&one.0).then(two.1.total_cmp(&one.1))
        });
        groups
    }

    fn row(
        &self,
        group: &[String],
        sums: &Sums,
        total: &Sum,
        is_compared: bool,
        names: &BTreeMap<String, String>,
    ) -> Group {
        let metric = self.metric();
        let shown = |sum: &Sum| sum.amount().map(|amount| metric.rounded(amount));
        let now = sums.first();
        let before = is_compared.then_some(&sums.before);
        let share = |of: f64| Some(percent(now.amount()?, of));
        let own_steps = (2..=MOST_OWN_STEPS).contains(&sums.steps.len());
        Group {
            group: self.value(group),
            name: group.iter().find_map(|value| names.get(value)).cloned(),
            amount: shown(&now),
            unit: match total.unit() {
                Some(_) => None,
                None => now.unit().map(str::to_owned),
            },
            share_percent: total.amount().filter(|total| *total >= LEAST).and_then(share),
            previous: before.and_then(shown),
            change_percent: before
                .and_then(|before| change_percent(now.amount()?, before.amount()?)),
            also: self.also(|n| sums.now.get(n).cloned().unwrap_or_default()),
            by_step: if own_steps { sums.steps.iter().map(shown).collect() } else { Vec::new() },
        }
    }

    /// The values of a group as one text.
    fn value(&self, group: &[String]) -> String {
        let values = self.group_by.iter().zip(group).map(|(key, value)| key.value(value));
        values.collect::<Vec<_>>().join(" / ")
    }

    /// The figures of the further metrics.
    fn also(&self, sum: impl Fn(usize) -> Sum) -> BTreeMap<&'static str, Also> {
        let further = self.metrics.iter().enumerate().skip(1);
        further
            .filter_map(|(n, metric)| {
                let sum = sum(n);
                let unit = match metric {
                    Metric::UsageQuantity => sum.unit().map(str::to_owned),
                    Metric::UnblendedCost
                    | Metric::AmortizedCost
                    | Metric::BlendedCost
                    | Metric::NetUnblendedCost
                    | Metric::NetAmortizedCost => None,
                };
                Some((metric.word(), Also { amount: metric.rounded(sum.amount()?), unit }))
            })
            .collect()
    }

    fn biggest_changes(&self, groups: &[(Vec<String>, Sums)]) -> Vec<Change> {
        let mut changes: Vec<(f64, &[String])> = groups
            .iter()
            .filter_map(|(group, sums)| {
                Some((sums.first().amount()? - sums.before.amount()?, group.as_slice()))
            })
            .filter(|(change, _)| change.abs() >= LEAST)
            .collect();
        changes.sort_by(|(one, _), (two, _)| two.abs().total_cmp(&one.abs()));
        let metric = self.metric();
        changes
            .into_iter()
            .take(CHANGES)
            .map(|(change, group)| Change {
                group: self.value(group),
                change: metric.rounded(change),
            })
            .collect()
    }
}
