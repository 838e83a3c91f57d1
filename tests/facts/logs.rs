//! CloudWatch Logs: groups, and what queries find.

use serde_json::{Value, json};

use crate::row::Row;
use crate::world::{World, find, moment, seconds};

pub const EMULATED: &[Row] = &[
    Row {
        tool: "logs_list_groups",
        told: |aws| {
            let query = "{groups: log_groups[].{name: name, kept: kept, created: created, mib: stored_mib}}";
            aws.tell("logs_list_groups", json!({"prefix": "/ecs/"}), query)
        },
        read: |aws| {
            let groups = aws.read(
                "logs:DescribeLogGroups",
                json!({"logGroupNamePrefix": "/ecs/"}),
                "logGroups[].{name: logGroupName, days: retentionInDays, created: creationTime, bytes: storedBytes}",
            );
            let row = |group: &Value| {
                let kept = group["days"]
                    .as_i64()
                    .map_or("forever".to_owned(), |days| format!("{days} days"));
                let mib =
                    (group["bytes"].as_f64().unwrap() / 1_048_576.0 * 10_000.0).round() / 10_000.0;
                let created = moment(group["created"].as_i64().unwrap() / 1_000);
                json!({"name": group["name"], "kept": kept, "created": created, "mib": mib})
            };
            json!({"groups": groups.as_array().unwrap().iter().map(row).collect::<Vec<_>>()})
        },
    },
    Row {
        tool: "logs_query",
        told: |aws| {
            let args = json!({"log_groups": "/ecs/checkout", "start": "{13:00}", "end": "{14:30}"});
            let mut unfolded = args.clone();
            unfolded["unfolded"] = json!(true);
            let query = "rows[].[\"@timestamp\", \"@logStream\", \"@message\"]";
            json!({
                "rows": aws.tell("logs_query", unfolded, query),
                "folded": aws.tell("logs_query", args, "rows[].[count, stream]"),
            })
        },
        read: |aws| {
            let text =
                "fields @timestamp, @logStream, @message | sort @timestamp desc | limit 1000";
            let query = "results[*].[@[?field=='@timestamp'].value | [0], @[?field=='@logStream'].value | [0],
                @[?field=='@message'].value | [0]]";
            let rows = found(aws, ("13:00", "14:30"), text, query);
            // Lines that differ in their figures alone are told as one.
            let count = |begin: &str| {
                let like = find(&rows, &format!("[?starts_with([2], '{begin}')]"));
                json!([like.as_array().unwrap().len(), like[0][1]])
            };
            json!({"rows": rows, "folded": [count("ERROR payment"), count("ready")]})
        },
    },
];

pub const SHOP: &[Row] = &[Row {
    tool: "logs_query",
    told: |aws| {
        let args = json!({"log_groups": "/ecs/checkout", "start": "{12:00}", "end": "{14:00}",
            "query": "filter status >= 500 | stats count(*) as n by path, error"});
        let lines = json!({"log_groups": "/ecs/checkout", "start": "{12:00}", "end": "{14:00}",
            "filter_pattern": "ERROR"});
        let query = "{matched: records_matched, scanned: records_scanned, mib: scanned_mib,
            rows: rows[].[path, error, n]}";
        json!({
            "counted": aws.tell("logs_query", args, query),
            "folded": aws.tell("logs_query", lines, "rows[].[count, first, last]"),
        })
    },
    read: |aws| {
        let text = "filter status >= 500 | stats count(*) as n by path, error";
        let query = "{matched: statistics.recordsMatched, scanned: statistics.recordsScanned,
            mib: statistics.bytesScanned, rows: results[*].[@[?field=='path'].value | [0],
                @[?field=='error'].value | [0], @[?field=='n'].value | [0]]}";
        let mut counted = found(aws, ("12:00", "14:00"), text, query);
        counted["mib"] = json!(counted["mib"].as_f64().unwrap() / 1_048_576.0);
        let text = "fields @timestamp, @logStream, @message | filter @message like /ERROR/ \
                    | sort @timestamp desc | limit 1000";
        let query = "results[*][] | [?field=='@timestamp'].value";
        let times = found(aws, ("12:00", "14:00"), text, query);
        // Insights has times without a zone, in UTC.
        let time = |time: &Value| time.as_str().unwrap().replace(' ', "T") + "Z";
        let times: Vec<String> = times.as_array().unwrap().iter().map(time).collect();
        json!({"counted": counted, "folded": [[times.len(), times.last(), times.first()]]})
    },
}];

/// Runs a query over a span, waits for it, and gives what JMESPath finds in its results.
fn found(aws: &World, (start, end): (&str, &str), text: &str, query: &str) -> Value {
    let second = |told: &str| seconds(&aws.time(told));
    let started = aws.read(
        "logs:StartQuery",
        json!({"logGroupName": "/ecs/checkout", "queryString": text, "limit": 1000,
            "startTime": second(start), "endTime": second(end)}),
        "queryId",
    );
    loop {
        let query = format!("{{status: status, found: {query}}}");
        let answer = aws.read("logs:GetQueryResults", json!({"queryId": started}), &query);
        if !["Running", "Scheduled"].contains(&answer["status"].as_str().unwrap()) {
            return answer["found"].clone();
        }
    }
}
