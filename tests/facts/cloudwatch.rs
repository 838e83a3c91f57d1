//! CloudWatch: figures, which metrics there are, alarms, dashboards.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::row::Row;
use crate::world::{World, digits, find, moment, seconds};

pub const EMULATED: &[Row] = &[
    Row {
        tool: "cloudwatch_get_metric_statistics",
        told: |aws| {
            let of = |service: &str| {
                json!({"namespace": "Shop/Tests", "metric_name": "Load", "dimensions": {"Service": service},
                    "start": "{13:20}", "end": "{13:50}", "period": 60})
            };
            let query = "series[0].{start: start, values: values, points: summary.points,
                min: summary.min, max: summary.max, max_at: summary.max_at, mean: summary.mean, last: summary.last,
                last_at: summary.last_at}";
            let silent = "length(series[?no_data])";
            json!({
                "load": aws.tell("cloudwatch_get_metric_statistics", of("checkout"), query),
                "silent": aws.tell("cloudwatch_get_metric_statistics", of("nobody"), silent),
            })
        },
        read: |aws| {
            let points = points(aws, "checkout", &aws.time("13:20"), &aws.time("13:50"));
            let values = points.iter().map(|(_, value)| *value);
            let max = values.clone().reduce(f64::max).unwrap();
            let (first, last) = (&points[0], points.last().unwrap());
            let load = json!({
                "start": first.0,
                "values": values.clone().map(digits).collect::<Vec<_>>(),
                "points": points.len(),
                "min": values.clone().reduce(f64::min), "max": max,
                "max_at": points.iter().find(|(_, value)| *value == max).unwrap().0,
                "mean": digits(values.sum::<f64>() / points.len() as f64),
                "last": last.1, "last_at": last.0,
            });
            let silent = self::points(aws, "nobody", &aws.time("13:20"), &aws.time("13:50"));
            json!({"load": load, "silent": usize::from(silent.is_empty())})
        },
    },
    Row {
        tool: "cloudwatch_list_metrics",
        told: |aws| {
            let list = |args: Value, query: &str| aws.tell("cloudwatch_list_metrics", args, query);
            let load = json!({"namespace": "Shop/Tests", "metric_name": "Load"});
            json!({
                "spaces": list(json!({}), "metrics[].[namespace, metric_names, series]"),
                "names": list(json!({"namespace": "Shop/Tests"}), "metrics[].[metric_name, series, dimension_sets]"),
                "series": list(load, "sort(metrics[].dimensions.Service)"),
            })
        },
        read: |aws| {
            let list = |payload: Value, query: &str| {
                let options = json!({"all_pages": true, "query": query});
                aws.read_with("cloudwatch:ListMetrics", payload, options)["result"].clone()
            };
            let all = list(json!({}), "Metrics[].[Namespace, MetricName, Dimensions[].Name]");
            let all = all.as_array().unwrap();
            let kinds = |of: fn(&Value) -> Value| {
                let rows: BTreeSet<String> = all.iter().map(|row| of(row).to_string()).collect();
                rows.into_iter().map(|row| serde_json::from_str::<Value>(&row).unwrap())
            };
            let spaces = kinds(|row| row[0].clone()).map(|space| {
                let of = all.iter().filter(|row| row[0] == space);
                let names: BTreeSet<String> = of.clone().map(|row| row[1].to_string()).collect();
                json!([space, names.len(), of.count()])
            });
            let names = kinds(|row| json!([row[0], row[1]]))
                .filter(|kind| kind[0] == "Shop/Tests")
                .map(|kind| {
                    let of = all.iter().filter(|row| json!([row[0], row[1]]) == kind);
                    let sets: BTreeSet<String> =
                        of.clone().map(|row| find(row, "join(', ', [2])").to_string()).collect();
                    let sets: Vec<Value> =
                        sets.iter().map(|set| serde_json::from_str(set).unwrap()).collect();
                    json!([kind[1], of.count(), sets])
                });
            let load = json!({"Namespace": "Shop/Tests", "MetricName": "Load"});
            json!({
                "spaces": spaces.collect::<Vec<_>>(),
                "names": names.collect::<Vec<_>>(),
                "series": list(load, "sort(Metrics[].Dimensions[?Name=='Service'].Value[])"),
            })
        },
    },
    Row {
        tool: "cloudwatch_list_alarms",
        told: |aws| {
            let query = "alarms[].{name: alarm_name, state: state, since: since, reason: reason, watches: watches}";
            aws.tell("cloudwatch_list_alarms", json!({}), query)
        },
        read: |aws| {
            let mut all = Vec::new();
            // What fires comes first.
            for state in ["ALARM", "INSUFFICIENT_DATA", "OK"] {
                let rows = aws.read(
                    "cloudwatch:DescribeAlarms",
                    json!({"StateValue": state}),
                    "reverse(sort_by(MetricAlarms, &StateUpdatedTimestamp))",
                );
                all.extend(rows.as_array().unwrap().iter().map(alarm));
            }
            json!(all)
        },
    },
    Row {
        tool: "cloudwatch_describe_alarm",
        told: |aws| {
            let args = json!({"alarm_name": "tests-checkout-load"});
            let mut facts = aws.tell(
                "cloudwatch_describe_alarm",
                args,
                "{name: alarm_name, state: state, since: since, reason: reason, description: description,
                    threshold: condition.threshold, comparison: condition.comparison, actions: actions.ALARM,
                    configured: configured, metric: metric[0]}",
            );
            let metric = facts["metric"].take();
            let start = seconds(metric["start"].as_str().unwrap());
            let values = metric["values"].as_array().unwrap().iter();
            let points =
                values.zip(0..).map(|(value, n)| (moment(start + 60 * n), value.as_f64().unwrap()));
            let since = facts["since"].as_str().unwrap().to_owned();
            facts["metric"] = before(&since, points.collect());
            facts
        },
        read: |aws| {
            let mut facts = aws.read(
                "cloudwatch:DescribeAlarms",
                json!({"AlarmNames": ["tests-checkout-load"]}),
                "MetricAlarms[0].{name: AlarmName, state: StateValue, since: StateUpdatedTimestamp,
                    reason: StateReason, description: AlarmDescription, threshold: Threshold,
                    comparison: ComparisonOperator, actions: AlarmActions,
                    configured: AlarmConfigurationUpdatedTimestamp}",
            );
            assert_eq!(facts["comparison"], "GreaterThanThreshold");
            facts["comparison"] = json!(">");
            let since = facts["since"].as_str().unwrap().to_owned();
            // Whole minutes, as points have them.
            let end = seconds(&since) / 60 * 60;
            let points = points(aws, "checkout", &moment(end - 1_200), &moment(end));
            facts["metric"] = before(&since, points);
            facts
        },
    },
    Row {
        tool: "cloudwatch_get_dashboard",
        told: |aws| {
            let query = "widgets[].{title: title, last: series[].last}";
            json!({
                "names": aws.tell("cloudwatch_get_dashboard", json!({}), "dashboards[].name"),
                "widgets": aws.tell("cloudwatch_get_dashboard", json!({"name": "tests-shop"}), query),
            })
        },
        read: |aws| {
            let names = "DashboardEntries[].DashboardName";
            let last = |line: &Line| digits(line.values(aws)[0]);
            let widget = |widget: &Value| {
                let last: Vec<f64> = lines(widget).iter().map(last).collect();
                json!({"title": widget["properties"]["title"], "last": last})
            };
            json!({
                "names": aws.read("cloudwatch:ListDashboards", json!({}), names),
                "widgets": widgets(aws, "tests-shop").iter().map(widget).collect::<Vec<_>>(),
            })
        },
    },
];

pub const SHOP: &[Row] = &[
    Row {
        tool: "cloudwatch_describe_alarm",
        told: |aws| {
            let query = "{state: state, since: since, history: history[].[at, from, to, why]}";
            aws.tell("cloudwatch_describe_alarm", json!({"alarm_name": "checkout-5xx"}), query)
        },
        read: |aws| {
            let this = json!({"AlarmNames": ["checkout-5xx"]});
            let query = "MetricAlarms[0].{state: StateValue, since: StateTransitionedTimestamp}";
            let mut facts = aws.read("cloudwatch:DescribeAlarms", this, query);
            let changes = aws.read(
                "cloudwatch:DescribeAlarmHistory",
                json!({"AlarmName": "checkout-5xx", "HistoryItemType": "StateUpdate",
                    "ScanBy": "TimestampDescending"}),
                "AlarmHistoryItems",
            );
            let change = |item: &Value| {
                let data = serde_json::from_str(item["HistoryData"].as_str().unwrap()).unwrap();
                let states = "[oldState.stateValue, newState.stateValue, newState.stateReason]";
                let states = find(&data, states);
                json!([item["Timestamp"], states[0], states[1], states[2]])
            };
            facts["history"] = changes.as_array().unwrap().iter().map(change).collect();
            facts
        },
    },
    Row {
        tool: "cloudwatch_get_dashboard",
        told: |aws| {
            let query =
                "{alarms: widgets[0].alarms, lines: widgets[1].series[].[label, last, hour_mean]}";
            aws.tell("cloudwatch_get_dashboard", json!({"name": "ops"}), query)
        },
        read: |aws| {
            let widgets = widgets(aws, "ops");
            let names = find(&widgets[0], "properties.alarms[]");
            let name = |arn: &Value| arn.as_str().unwrap().rsplit(':').next().unwrap().to_owned();
            let names: Vec<String> = names.as_array().unwrap().iter().map(name).collect();
            let query = "MetricAlarms[].[AlarmName, StateValue]";
            let alarms = aws.read("cloudwatch:DescribeAlarms", json!({"AlarmNames": names}), query);
            let state = |row: &Value| (row[0].as_str().unwrap().to_owned(), row[1].clone());
            let line = |line: &Line| {
                let values = line.values(aws);
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                json!([line.label, digits(values[0]), digits(mean)])
            };
            json!({
                "alarms": Value::Object(alarms.as_array().unwrap().iter().map(state).collect()),
                "lines": lines(&widgets[1]).iter().map(line).collect::<Vec<_>>(),
            })
        },
    },
];

/// What an alarm watches, in the words of its row.
fn alarm(alarm: &Value) -> Value {
    let of = |query: &str| find(alarm, query).as_str().unwrap().to_owned();
    let periods = &alarm["EvaluationPeriods"];
    let watches = format!(
        "{} > {} for {periods} of {periods} x {} s ({})",
        of("join(' ', [Namespace, MetricName, Statistic])"),
        alarm["Threshold"].as_f64().unwrap(),
        alarm["Period"],
        of("join(' ', Dimensions[0].[Name, Value])"),
    );
    json!({"name": alarm["AlarmName"], "state": alarm["StateValue"], "since": alarm["StateUpdatedTimestamp"],
        "reason": alarm["StateReason"], "watches": watches})
}

/// The widgets of a dashboard, which AWS gives as a text.
fn widgets(aws: &World, name: &str) -> Vec<Value> {
    let of = json!({"DashboardName": name});
    let body = aws.read("cloudwatch:GetDashboard", of, "DashboardBody");
    let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

/// A metric that a widget shows.
#[derive(Clone, Default)]
struct Line {
    label: Value,
    /// Namespace, name, and the dimension's name and value.
    words: Vec<Value>,
}

/// The lines of a widget, of which `...` repeats the words of the line before.
fn lines(widget: &Value) -> Vec<Line> {
    let mut lines = Vec::<Line>::new();
    for metric in widget["properties"]["metrics"].as_array().unwrap() {
        let (words, options): (Vec<Value>, Vec<Value>) =
            metric.as_array().unwrap().iter().cloned().partition(Value::is_string);
        let words = match words[0] == "..." {
            true => [&lines.last().unwrap().words[..3], &words[1..]].concat(),
            false => words,
        };
        lines.push(Line { label: find(&json!(options), "[0].label"), words });
    }
    lines
}

impl Line {
    /// Its points of the last hour, the newest first.
    fn values(&self, aws: &World) -> Vec<f64> {
        let [namespace, name, dimension, of] = self.words.as_slice() else {
            panic!("{:?}", self.words)
        };
        let found = aws.read(
            "cloudwatch:GetMetricData",
            json!({"StartTime": "{13:00}", "EndTime": "{14:00}", "ScanBy": "TimestampDescending",
                "MetricDataQueries": [{"Id": "m", "MetricStat": {"Period": 60, "Stat": "Average",
                    "Metric": {"Namespace": namespace, "MetricName": name,
                        "Dimensions": [{"Name": dimension, "Value": of}]}}}]}),
            "MetricDataResults[0].Values",
        );
        found.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }
}

/// What a service's load was, minute by minute.
fn points(aws: &World, service: &str, start: &str, end: &str) -> Vec<(String, f64)> {
    let found = aws.read(
        "cloudwatch:GetMetricData",
        json!({"StartTime": start, "EndTime": end, "ScanBy": "TimestampAscending",
            "MetricDataQueries": [{"Id": "m", "MetricStat": {"Period": 60, "Stat": "Average",
                "Metric": {"Namespace": "Shop/Tests", "MetricName": "Load",
                    "Dimensions": [{"Name": "Service", "Value": service}]}}}]}),
        "MetricDataResults[0].[Timestamps, Values]",
    );
    let times = found[0].as_array().unwrap().iter().map(|time| time.as_str().unwrap().to_owned());
    let values = found[1].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
    let mut points: Vec<(String, f64)> = times.zip(values).collect();
    points.sort_by(|one, other| one.0.cmp(&other.0));
    points
}

/// The last ten of the points before a time.
fn before(time: &str, points: Vec<(String, f64)>) -> Value {
    let mut points: Vec<_> =
        points.into_iter().filter(|(at, _)| seconds(at) < seconds(time) - 60).collect();
    json!(points.split_off(points.len() - 10))
}
