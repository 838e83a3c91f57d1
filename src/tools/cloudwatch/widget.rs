//! A dashboard's body -> its widgets, and what each of them shows. The body is text of others: what in
//! it is no metric of this region and account is named, and never asked for.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::MetricDataQuery;
use serde_json::{Map, Value};

use super::metric::{Statistic, is_id};
use super::{alarm, cut, series};

/// The last hour has at least so many points.
const LONGEST: i64 = 900;
const USUAL: i64 = 300;
/// CloudWatch's own bounds.
const MOST_NAME: usize = 255;
const MOST_DIMENSIONS: usize = 30;
const MOST_EXPRESSION: usize = 2_048;
const MOST_LABEL: usize = 120;
const MOST_ROWS: usize = 500;
/// Rows of all widgets together. A row may stand for all words of the one before, so few bytes of a body
/// can be much to write out.
const MOST_ROWS_OF_ALL: usize = 2_500;
/// Words of a row, and their bytes once they are written out.
const MOST_WORDS: usize = 2 + 2 * MOST_DIMENSIONS;
const MOST_ROW: usize = 4_096;

/// A widget, read.
#[derive(Debug, Default)]
pub(super) struct Widget {
    pub kind: String,
    pub title: Option<String>,
    /// In another region.
    pub region: Option<String>,
    /// What a text or log widget says.
    pub text: Option<String>,
    /// Names of alarms.
    pub alarms: Vec<String>,
    /// Alarms of other regions or accounts.
    pub other_alarms: usize,
    pub lines: Vec<Line>,
    /// Rows that were too many to be read.
    pub left_out: usize,
}

/// One line of a metric widget.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub id: String,
    pub label: String,
    pub statistic: Option<String>,
    pub shown: bool,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Metric {
        namespace: String,
        name: String,
        dimensions: BTreeMap<String, String>,
        statistic: String,
        period: i64,
    },
    Expression {
        text: String,
        period: i64,
    },
    /// Why it is not asked for.
    Not(&'static str),
}

const OTHER_REGION: &str = "in another region";
const OTHER_ACCOUNT: &str = "in another account";
const ELSEWHERE: &str = "reaches beyond CloudWatch's metrics";
const UNREADABLE: &str = "not a metric that could be asked for";

/// What dashboards are read for.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub region: &'a str,
    pub account: Option<&'a str>,
}

/// The widgets of a body, or nothing where it is no dashboard.
pub(super) fn all(body: &str, here: Here<'_>) -> Option<Vec<Widget>> {
    let body: Value = serde_json::from_str(body).ok()?;
    let widgets = body.as_object()?.get("widgets").and_then(Value::as_array);
    let mut left = MOST_ROWS_OF_ALL;
    Some(widgets.into_iter().flatten().map(|widget| read(widget, here, &mut left)).collect())
}

/// Reads a widget of at most `left` rows, and takes off how many it has.
fn read(widget: &Value, here: Here<'_>, left: &mut usize) -> Widget {
    let none = Map::new();
    let properties = widget.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let text = |name: &str, most: usize| {
        let text = properties.get(name)?.as_str()?;
        Some(cut(text, most)).filter(|text| !text.is_empty())
    };
    let kind = widget.get("type").and_then(Value::as_str).unwrap_or("unknown");
    let region = text("region", 40).filter(|region| region != here.region);
    let mut read = Widget {
        kind: cut(kind, 20),
        title: text("title", MOST_LABEL),
        region,
        ..Widget::default()
    };
    match kind {
        "metric" => {
            let rows = properties.get("metrics").and_then(Value::as_array);
            let rows = rows.map(Vec::as_slice).unwrap_or_default();
            let (rows, rest) = rows.split_at(rows.len().min(MOST_ROWS).min(*left));
            *left -= rows.len();
            read.left_out = rest.len();
            read.lines = lines(rows, properties, here);
            let annotated = properties.get("annotations").and_then(|a| a.get("alarms"));
            read.add_alarms(annotated, here);
        }
        "alarm" => read.add_alarms(properties.get("alarms"), here),
        "text" => read.text = text("markdown", 300),
        "log" => read.text = text("query", 500),
        _ => {}
    }
    read
}

impl Widget {
    fn add_alarms(&mut self, arns: Option<&Value>, here: Here<'_>) {
        for arn in arns.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let mut parts = arn.splitn(7, ':').skip(3);
            let is_here = parts.next() == Some(here.region)
                && here.account.is_none_or(|account| parts.next() == Some(account));
            let name = alarm::named(arn);
            match is_here && (1..=MOST_NAME).contains(&name.chars().count()) {
                true => self.alarms.push(name.to_owned()),
                false => self.other_alarms += 1,
            }
        }
    }
}

fn lines(rows: &[Value], properties: &Map<String, Value>, here: Here<'_>) -> Vec<Line> {
    let mut before: Vec<String> = Vec::new();
    let mut taken = given_ids(rows);
    let mut lines = Vec::new();
    for (row, n) in rows.iter().zip(1..) {
        let items = row.as_array().map(Vec::as_slice).unwrap_or_default();
        let (options, words) = match items.split_last() {
            Some((Value::Object(options), words)) => (Some(options), words),
            _ => (None, items),
        };
        let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
        let words = words.filter(|words| words.len() <= MOST_WORDS);
        let words = words.map(|words| spelled_out(&words, &before));
        let bytes = |words: &[String]| words.iter().map(String::len).sum::<usize>();
        let words = words.filter(|words| bytes(words) <= MOST_ROW);
        let at = Options { row: options, widget: properties };
        let own = at.row_text("id");
        let id = match own {
            Some(id) if is_id(id) => id.to_owned(),
            _ => fresh(n, &mut taken),
        };
        let what = match (&words, own.is_some_and(|id| !is_id(id))) {
            (Some(words), false) => at.what(words, here),
            _ => What::Not(UNREADABLE),
        };
        lines.push(Line {
            id,
            label: cut(&at.label(words.as_deref().unwrap_or_default()), MOST_LABEL),
            statistic: match &what {
                What::Metric { statistic, .. } => Some(statistic.clone()),
                What::Expression { .. } | What::Not(_) => None,
            },
            shown: at.row.and_then(|row| row.get("visible")) != Some(&Value::Bool(false)),
            what,
        });
        match words {
            Some(words) if words.is_empty() => {}
            Some(words) => before = words,
            None => before.clear(),
        }
    }
    lines
}

/// Ids that a widget gives its own lines; expressions name them.
fn given_ids(rows: &[Value]) -> BTreeSet<String> {
    let options = rows.iter().filter_map(|row| row.as_array()?.last());
    let ids = options.filter_map(|options| options.get("id")?.as_str());
    ids.map(str::to_owned).collect()
}

/// An id that is not there yet.
fn fresh(n: usize, taken: &mut BTreeSet<String>) -> String {
    let mut id = format!("line{n}");
    while !taken.insert(id.clone()) {
        id.push('_');
    }
    id
}

/// A row whose `.` means the same word of the row before, and whose `...` means all words up to its own last ones.
fn spelled_out(words: &[&str], before: &[String]) -> Vec<String> {
    let mut full: Vec<String> = Vec::new();
    for (n, word) in words.iter().enumerate() {
        match *word {
            "..." => {
                let rest = words.len() - n - 1;
                let upto = before.len().saturating_sub(rest);
                full.extend(before.iter().take(upto).skip(full.len()).cloned());
            }
            "." => full.push(before.get(full.len()).cloned().unwrap_or_default()),
            word => full.push(word.to_owned()),
        }
    }
    full
}

/// What a line says, and where it says nothing its widget.
struct Options<'a> {
    row: Option<&'a Map<String, Value>>,
    widget: &'a Map<String, Value>,
}

impl<'a> Options<'a> {
    fn row_text(&self, name: &str) -> Option<&'a str> {
        self.row?.get(name)?.as_str()
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.row.and_then(|row| row.get(name)).or_else(|| self.widget.get(name))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    fn label(&self, words: &[String]) -> String {
        if let Some(label) = self.row_text("label").filter(|label| !label.is_empty()) {
            return label.to_owned();
        }
        if let Some(expression) = self.row_text("expression") {
            return expression.to_owned();
        }
        let mut words = words.iter().map(String::as_str);
        let metric: Vec<&str> = words.by_ref().take(2).collect();
        let values: Vec<&str> = words.skip(1).step_by(2).collect();
        match values.is_empty() {
            true => metric.join(" "),
            false => format!("{} ({})", metric.join(" "), values.join(", ")),
        }
    }

    /// A period that gives the last hour some points.
    fn period(&self) -> i64 {
        let period = self.get("period").and_then(Value::as_i64).unwrap_or(USUAL);
        if period % 60 == 0 && (60..=LONGEST).contains(&period) { period } else { USUAL }
    }

    fn what(&self, words: &[String], here: Here<'_>) -> What {
        if self.text("region").is_some_and(|region| region != here.region) {
            return What::Not(OTHER_REGION);
        }
        if self.text("accountId").is_some_and(|account| Some(account) != here.account) {
            return What::Not(OTHER_ACCOUNT);
        }
        let period = self.period();
        if let Some(expression) = self.row_text("expression") {
            let fits = (1..=MOST_EXPRESSION).contains(&expression.trim().len());
            return match fits {
                true if series::elsewhere(expression).is_some() => What::Not(ELSEWHERE),
                true => What::Expression { text: expression.trim().to_owned(), period },
                false => What::Not(UNREADABLE),
            };
        }
        let good = |text: &String| (1..=MOST_NAME).contains(&text.len());
        let statistic = Statistic::parse(self.text("stat").unwrap_or("Average"));
        let (Some(statistic), [namespace, name, dimensions @ ..]) = (statistic, words) else {
            return What::Not(UNREADABLE);
        };
        let is_whole = dimensions.len() % 2 == 0 && dimensions.len() <= 2 * MOST_DIMENSIONS;
        if !is_whole || !words.iter().take(2).all(good) || dimensions.iter().any(String::is_empty) {
            return What::Not(UNREADABLE);
        }
        let names = dimensions.iter().step_by(2).cloned();
        let values = dimensions.iter().skip(1).step_by(2).cloned();
        What::Metric {
            namespace: namespace.clone(),
            name: name.clone(),
            dimensions: names.zip(values).collect(),
            statistic: statistic.word().to_owned(),
            period,
        }
    }
}

impl Line {
    /// Its question, with the id that it shall have.
    pub fn query(&self, id: &str) -> Option<MetricDataQuery> {
        match &self.what {
            What::Metric { namespace, name, dimensions, statistic, period } => {
                let mut query =
                    series::of_metric(id, (namespace, name), dimensions, statistic, *period);
                query.return_data = Some(self.shown);
                Some(query)
            }
            What::Expression { text, period } => Some(
                MetricDataQuery::builder()
                    .id(id)
                    .expression(text)
                    .period(i32::try_from(*period).unwrap_or(300))
                    .return_data(self.shown)
                    .build(),
            ),
            What::Not(_) => None,
        }
    }

    pub fn is_expression(&self) -> bool {
        matches!(self.what, What::Expression { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HERE: Here<'_> = Here { region: "us-east-1", account: Some("123456789012") };

    fn one(properties: Value) -> Widget {
        let body = json!({"widgets": [{"type": "metric", "properties": properties}]});
        all(&body.to_string(), HERE).unwrap().remove(0)
    }

    #[test]
    fn dots_stand_for_what_was_before() {
        let before: Vec<String> =
            ["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "web"]
                .map(str::to_owned)
                .into();
        let check = |words: &[&str], expected: &str| {
            assert_eq!(spelled_out(words, &before).join(" "), expected);
        };
        check(
            &[".", "MemoryUtilization", ".", ".", ".", "."],
            "AWS/ECS MemoryUtilization ClusterName shop ServiceName web",
        );
        check(&["...", "api"], "AWS/ECS CPUUtilization ClusterName shop ServiceName api");
        check(
            &["...", "ServiceName", "api"],
            "AWS/ECS CPUUtilization ClusterName shop ServiceName api",
        );
        check(&["...", ".", "api"], "AWS/ECS CPUUtilization ClusterName shop ServiceName api");
        check(&["..."], "AWS/ECS CPUUtilization ClusterName shop ServiceName web");
        check(&["A", "B"], "A B");
        assert_eq!(spelled_out(&[".", "..."], &[]), [""]);
    }

    #[test]
    fn lines_have_the_widgets_statistic_and_period() {
        let widget = one(json!({
            "title": "CPU", "stat": "Maximum", "period": 60, "region": "us-east-1",
            "metrics": [
                ["AWS/ECS", "CPUUtilization", "ServiceName", "web", {"id": "m1", "visible": false}],
                [".", ".", ".", "api", {"stat": "p99", "label": "api"}],
                [{"expression": "m1*2", "id": "e1"}],
            ],
        }));
        assert_eq!(widget.title.as_deref(), Some("CPU"));
        let lines = &widget.lines;
        assert_eq!(lines[0].label, "AWS/ECS CPUUtilization (web)");
        assert!(!lines[0].shown && lines[1].shown);
        assert_eq!((lines[1].id.as_str(), lines[1].label.as_str()), ("line2", "api"));
        assert_eq!(lines[1].statistic.as_deref(), Some("p99"));
        assert_eq!(lines[2].what, What::Expression { text: "m1*2".into(), period: 60 });
        assert_eq!(lines[2].query("e1").unwrap().period(), Some(60));
    }

    #[test]
    fn what_is_elsewhere_is_not_asked_for() {
        let check = |metric: Value, expected: &'static str| {
            let widget = one(json!({"metrics": [metric]}));
            assert_eq!(widget.lines[0].what, What::Not(expected));
        };
        check(json!(["N", "M", {"region": "eu-west-1"}]), OTHER_REGION);
        check(json!(["N", "M", {"accountId": "999999999999"}]), OTHER_ACCOUNT);
        check(json!(["N", "M", {"region": "x.evil.example/"}]), OTHER_REGION);
        let own = one(json!({"metrics": [["N", "M", {"accountId": "123456789012"}]]}));
        assert!(matches!(own.lines[0].what, What::Metric { .. }));
    }

    #[test]
    fn expressions_that_leave_cloudwatch_are_not_asked_for() {
        let check = |expression: &str| {
            let widget = one(json!({"metrics": [[{"expression": expression}]]}));
            assert_eq!(widget.lines[0].what, What::Not(ELSEWHERE), "{expression}");
            assert!(widget.lines[0].query("m1").is_none());
        };
        check("LAMBDA(\"CloudWatchDataSource-RDS\",\"DELETE FROM orders\")");
        check(" fill( lambda\n(\"fn\"), 0)");
        check("DB_PERF_INSIGHTS('RDS', 'db-1', 'os.general.numVCPUs.avg')");
    }

    #[test]
    fn a_body_that_grows_as_it_is_read_is_bounded() {
        let stored = |widget: &Widget| -> usize {
            let words = widget.lines.iter().map(|line| match &line.what {
                What::Metric { dimensions, .. } => dimensions.len(),
                What::Expression { .. } | What::Not(_) => 0,
            });
            words.sum()
        };
        let mut rows = vec![json!(vec!["w"; 100_002])];
        rows.extend(vec![json!(["..."]); 60_000]);
        let widget = one(json!({"metrics": rows}));
        assert_eq!((widget.lines.len(), widget.left_out), (500, 59_501));
        assert_eq!(stored(&widget), 0);
        let long = json!({"metrics": [["N", "M", "d", "v".repeat(100_000)], ["..."], ["N", "M"], ["..."]]});
        let kinds: Vec<bool> =
            one(long).lines.iter().map(|l| matches!(l.what, What::Metric { .. })).collect();
        assert_eq!(kinds, [false, false, true, true]);
        let widget =
            json!({"type": "metric", "properties": {"metrics": vec![json!(["N", "M"]); 400]}});
        let body = json!({"widgets": vec![widget; 10]}).to_string();
        let lines = all(&body, HERE).unwrap().iter().map(|w| w.lines.len()).collect::<Vec<_>>();
        assert_eq!(lines, [400, 400, 400, 400, 400, 400, 100, 0, 0, 0]);
    }

    #[test]
    fn hostile_bodies_are_read_without_harm() {
        let check = |metric: Value| {
            let widget = one(json!({"metrics": [metric]}));
            assert_eq!(widget.lines[0].what, What::Not(UNREADABLE), "{widget:?}");
        };
        check(json!(["N"]));
        check(json!([]));
        check(json!("N"));
        check(json!(["N", 5]));
        check(json!(["N", "M", "dimension"]));
        check(json!(["N", "M", "d", ""]));
        check(json!(["N", "M", {"stat": "; drop"}]));
        check(json!(["N", "M", {"id": "a b"}]));
        check(json!(["N".repeat(300), "M"]));
        check(json!([{"expression": ""}]));
        check(json!([{"expression": "x".repeat(3_000)}]));
        check(json!(["...", "..."]));
        for body in ["", "[]", "null", "{", "5"] {
            assert!(all(body, HERE).is_none(), "{body}");
        }
        for body in ["{}", r#"{"widgets": 5}"#, r#"{"widgets": []}"#] {
            assert!(all(body, HERE).unwrap().is_empty(), "{body}");
        }
        let odd = all(r#"{"widgets": [5, {"type": [], "properties": []}]}"#, HERE).unwrap();
        assert!(odd.iter().all(|widget| widget.kind == "unknown"));
    }

    #[test]
    fn ids_of_ours_do_not_meet_theirs() {
        let widget = one(json!({"metrics": [["N", "M"], ["N", "O", {"id": "line1"}]]}));
        assert_eq!(widget.lines[0].id, "line1_");
        assert_eq!(widget.lines[1].id, "line1");
    }

    #[test]
    fn alarms_of_this_account_by_name() {
        let arn =
            |region: &str, account: &str| format!("arn:aws:cloudwatch:{region}:{account}:alarm:a");
        let alarms = [
            arn("us-east-1", "123456789012"),
            arn("eu-west-1", "123456789012"),
            arn("us-east-1", "999999999999"),
            "no arn".to_owned(),
        ];
        let body = json!({"widgets": [{"type": "alarm", "properties": {"alarms": alarms}}]});
        let widget = all(&body.to_string(), HERE).unwrap().remove(0);
        assert_eq!((widget.alarms.len(), widget.other_alarms), (1, 3));
    }
}
