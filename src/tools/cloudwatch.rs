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

use super::{Target, Tool, Toolset, handler};
use crate::gate::{Effect, Effects, Pace};
use alarm::{AlarmInFull, AlarmList, ListAlarms, OneAlarm, describe_alarm, list_alarms};
use dashboard::{Dashboard, GetDashboard, get_dashboard};
use metric::{GetStatistics, Statistics, get_statistics};
use metrics::{ListMetrics, MetricList, list_metrics};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "cloudwatch_get_metric_statistics",
        title: "Read CloudWatch metrics",
        about: "Points of one metric, or of several and metric math in one call (`queries`), each with min, \
                max, mean, last, trend and gaps. About 60 points each unless `period` is given. A metric is \
                found only by its full set of dimensions. AWS bills each metric read.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:GetMetricData"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(get_statistics: GetStatistics => Statistics),
    },
    Tool {
        name: "cloudwatch_list_metrics",
        title: "List CloudWatch metrics",
        about: "Which metrics there are: namespaces; in a namespace its metric names with their \
                dimensions; of a metric_name every set of dimensions.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:ListMetrics"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(list_metrics: ListMetrics => MetricList),
    },
    Tool {
        name: "cloudwatch_list_alarms",
        title: "List CloudWatch alarms",
        about: "Alarms, firing ones first: state, since when, why, what they watch.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &["cloudwatch:DescribeAlarms"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(list_alarms: ListAlarms => AlarmList),
    },
    Tool {
        name: "cloudwatch_describe_alarm",
        title: "Describe a CloudWatch alarm",
        about: "One alarm in full: why and since when, its condition, how often it changed, the metric \
                around the last change and now, actions; of a composite its rule and children.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &[
            "cloudwatch:DescribeAlarms",
            "cloudwatch:DescribeAlarmHistory",
            "cloudwatch:GetMetricData",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(describe_alarm: OneAlarm => AlarmInFull),
    },
    Tool {
        name: "cloudwatch_get_dashboard",
        title: "Read a CloudWatch dashboard",
        about: "Without a name the dashboards. With one its widgets: last value and mean of the last hour \
                of each metric in this region, states of alarms, log queries, text.",
        toolset: Toolset::Cloudwatch,
        effects: Effects::Always(Effect::Read),
        operations: &[
            "cloudwatch:ListDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:GetMetricData",
            "cloudwatch:DescribeAlarms",
        ],
        pace: Pace::Ordinary,
        target: Target::Aws,
        handler: handler!(get_dashboard: GetDashboard => Dashboard),
    },
];

/// Text of others, not longer than so many characters.
fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// What a text says, where it says something.
fn some(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}
