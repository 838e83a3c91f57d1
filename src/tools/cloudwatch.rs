//! CloudWatch: metrics, alarms, dashboards.

mod alarm;
mod condition;
mod dashboard;
mod figure;
mod history;
mod metric;
mod metrics;
mod period;
mod series;
mod widget;

use std::time::Duration;

use super::brief::{cut, text};
use super::{Cx, Target, Tool, Toolset, handler};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Effect, Effects, Pace};
use alarm::{AlarmInFull, AlarmList, ListAlarms, OneAlarm, describe_alarm, list_alarms};
use dashboard::{Dashboard, GetDashboard, get_dashboard};
use metric::{GetStatistics, Statistics, get_statistics};
use metrics::{ListMetrics, MetricList, list_metrics};

/// How long a part of an answer is waited for, and when all of them end at the latest: what was read by
/// then is worth more than they are.
const PART: Duration = Duration::from_secs(15);
const PARTS_END: Duration = Duration::from_secs(44);

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "cloudwatch_get_metric_statistics",
        title: "Read CloudWatch metrics",
        about: "Points of one metric, or of several and metric math (`queries`), summed up; about 60 unless \
                `period` is given. AWS bills each.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:GetMetricData"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(get_statistics: GetStatistics => Statistics),
    },
    Tool {
        name: "cloudwatch_list_metrics",
        title: "List CloudWatch metrics",
        about: "Namespaces; a namespace's metric names; a metric_name's sets of dimensions. `recent`: of 3 \
                hours.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:ListMetrics"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_metrics: ListMetrics => MetricList),
    },
    Tool {
        name: "cloudwatch_list_alarms",
        title: "List CloudWatch alarms",
        about: "Alarms, firing first: state, since, why, condition.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:DescribeAlarms"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_alarms: ListAlarms => AlarmList),
    },
    Tool {
        name: "cloudwatch_describe_alarm",
        title: "Describe a CloudWatch alarm",
        about: "Why, since when, its metric then and now, flips, condition, actions; a composite's children.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:DescribeAlarms"],
        parts: &["cloudwatch:DescribeAlarmHistory", "cloudwatch:GetMetricData"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_alarm: OneAlarm => AlarmInFull),
    },
    Tool {
        name: "cloudwatch_get_dashboard",
        title: "Read a CloudWatch dashboard",
        about: "All dashboards; with a name its widgets with current figures.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:ListDashboards", "cloudwatch:GetDashboard"],
        parts: &["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(get_dashboard: GetDashboard => Dashboard),
    },
];

/// A part of an answer, within its time.
async fn part<T>(cx: &Cx, operation: &str, read: impl Future<Output = Result<T>>) -> Result<T> {
    let time = PART.min(PARTS_END.saturating_sub(cx.elapsed()));
    tokio::time::timeout(time, read).await.unwrap_or_else(|_| {
        let message = format!("{} gave no answer in time.", cx.action(operation));
        Err(Error::new(Kind::Timeout, message, aws::next_step(Kind::Timeout)))
    })
}

/// The schema of a list or an object that shows by itself what it holds.
mod plain {
    use schemars::{Schema, SchemaGenerator, json_schema};

    pub(super) fn list(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array"})
    }

    pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}
