//! Spending that Cost Anomaly Detection found unusual.

use std::sync::{Mutex, PoisonError};

use aws_sdk_costexplorer::types::{Anomaly, AnomalyDateInterval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Day, Days, Paid, Plain, bought, failed, money, unsigned_zero};
use crate::error::{Error, Result, echo};
use crate::tools::answer::Truncated;
use crate::tools::arguments::When;
use crate::tools::listing::{Limit, Page, list};
use crate::tools::{Answer, Cx};

/// Anomalies in a page of AWS's. Always the same: rows are put in order within a page, and a page
/// that a listing goes on in must have the same order again.
const PAGE: i32 = 100;
/// Days to look back, where nothing is said.
const DAYS: i64 = 30;
const MOST_CAUSES: usize = 5;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAnomalies {
    start: Option<When>,
    end: Option<When>,
    monitor_arn: Option<String>,
    #[schemars(with = "Option<i32>")]
    limit: Option<Limit>,
    page_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct AnomalyList {
    #[schemars(with = "Vec<Plain>")]
    anomalies: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[schemars(with = "i32")]
    billed_requests: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    truncated: Option<Truncated>,
}

/// An anomaly; amounts are in USD.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    /// Above what was expected.
    total_impact: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_percent: Option<f64>,
    /// Of one day.
    max_impact: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    /// Its last day so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// What the monitor watches.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension_value: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    root_causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_root_causes: Option<usize>,
    /// A person's: YES, NO, PLANNED_ACTIVITY.
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<String>,
    anomaly_id: String,
    monitor_arn: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cause {
    #[serde(skip_serializing_if = "Option::is_none")]
    impact: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Said {
    rows: Vec<Row>,
    next: Option<String>,
}

pub async fn list_anomalies(cx: Cx, args: ListAnomalies) -> Result<Answer> {
    let monitor = args.monitor_arn.as_deref().map(monitor).transpose()?;
    let today = Day::today(&cx);
    let day = |when| Day::of(when, cx.world().config.clock.now());
    let end = args.end.map(day);
    let start = args.start.map_or_else(|| end.unwrap_or(today).plus(-DAYS), day);
    // Both days count here.
    Days::new(start, end.unwrap_or(today).plus(1))?;
    let (start, end) = (start.to_string(), end.map(|end| end.to_string()));
    let client = cx.cost_explorer().await?;
    let query = ("cost_list_anomalies", &start, &end, &monitor);
    let interval = AnomalyDateInterval::builder()
        .start_date(&start)
        .set_end_date(end.clone())
        .build()
        .map_err(|e| Error::internal("a span of days could not be put together.").caused_by(e))?;
    let paid = Mutex::new(Paid::default());
    let page = |token: Option<String>, _size: usize| {
        let request = client
            .get_anomalies()
            .date_interval(interval.clone())
            .set_monitor_arn(monitor.clone())
            .max_results(PAGE)
            .set_next_page_token(token);
        let (cx, paid) = (&cx, &paid);
        async move {
            let question = format!("ce:GetAnomalies {:?}", request.as_input());
            let send = async {
                let answer = request.send().await.map_err(|e| failed("ce:GetAnomalies", e))?;
                let mut rows: Vec<Row> = answer.anomalies().iter().map(row).collect();
                rows.sort_by(|one, two| two.total_impact.total_cmp(&one.total_impact));
                Ok((Said { rows, next: answer.next_page_token }, 1))
            };
            let (said, also) = bought(cx, &question, send).await?;
            let mut paid = paid.lock().unwrap_or_else(PoisonError::into_inner);
            *paid = paid.and(also);
            Ok(Page { rows: said.rows, next: said.next })
        }
    };
    let (anomalies, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let paid = *paid.lock().unwrap_or_else(PoisonError::into_inner);
    let none = anomalies.is_empty() && args.page_token.is_none();
    let list = AnomalyList {
        note: none.then_some(
            "No anomalies. Without a monitor of Cost Anomaly Detection there never are any: compare \
             with cost_get_cost_and_usage.",
        ),
        anomalies,
        billed_requests: paid.requests,
        cached_at: paid.cached_at(),
        next_page_token: None,
        truncated: None,
    };
    Answer::paged(&list, "anomalies", cursor)
}

fn monitor(arn: &str) -> Result<String> {
    let arn = arn.trim();
    if arn.starts_with("arn:") && arn.contains(":anomalymonitor/") {
        return Ok(arn.to_owned());
    }
    Err(Error::invalid(
        format!("{} is not the ARN of an anomaly monitor.", echo(arn)),
        "Leave monitor_arn out: each anomaly names its monitor.",
    ))
}

fn row(anomaly: &Anomaly) -> Row {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    // AWS writes days, sometimes with a time behind.
    let date = |date: Option<&str>| text(date.and_then(|date| date.split('T').next()));
    let impact = anomaly.impact();
    let causes: Vec<Cause> = anomaly
        .root_causes()
        .iter()
        .map(|cause| Cause {
            impact: cause.impact().map(|impact| money(impact.contribution())),
            service: text(cause.service()),
            usage_type: text(cause.usage_type()),
            region: text(cause.region()),
            account: text(cause.linked_account()),
            account_name: text(cause.linked_account_name()),
        })
        .collect();
    Row {
        total_impact: impact.map(|impact| money(impact.total_impact())).unwrap_or_default(),
        impact_percent: impact
            .and_then(|impact| impact.total_impact_percentage())
            .map(|percent| unsigned_zero((percent * 10.0).round()) / 10.0),
        max_impact: impact.map(|impact| money(impact.max_impact())).unwrap_or_default(),
        spent: impact.and_then(|impact| impact.total_actual_spend()).map(money),
        expected: impact.and_then(|impact| impact.total_expected_spend()).map(money),
        began: date(anomaly.anomaly_start_date()),
        ended: date(anomaly.anomaly_end_date()),
        dimension_value: text(anomaly.dimension_value()),
        more_root_causes: causes.len().checked_sub(MOST_CAUSES).filter(|more| *more > 0),
        root_causes: causes.into_iter().take(MOST_CAUSES).collect(),
        feedback: anomaly.feedback().map(|feedback| feedback.as_str().to_owned()),
        anomaly_id: anomaly.anomaly_id().to_owned(),
        monitor_arn: anomaly.monitor_arn().to_owned(),
    }
}
