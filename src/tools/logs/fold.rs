//! Many log lines -> few rows: lines that differ only in times, ids, numbers and addresses become one,
//! with its count, so that a thousand repeats of an error cost no more than one.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

/// By its begin a line is known; stack traces differ far down.
const MOST_KEY: usize = 1_000;

/// One line of an answer: its members by the query's names of them.
pub type Line = Map<String, Value>;

/// Lines that are the same but for what differs from line to line.
#[derive(Debug, Default)]
struct Fold {
    count: usize,
    first: Option<String>,
    last: Option<String>,
    streams: BTreeSet<String>,
    /// The newest of them.
    example: Line,
}

/// Folds lines by `@message`, the most frequent first; those of equal count stay in their order.
pub fn fold(lines: Vec<Line>) -> Vec<Line> {
    let mut folds: Vec<Fold> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for line in lines {
        let key = (text(&line, "@log").to_owned(), key(text(&line, "@message")));
        let next = folds.len();
        let at = *known.entry(key).or_insert(next);
        if at == next {
            folds.push(Fold::default());
        }
        if let Some(fold) = folds.get_mut(at) {
            fold.add(line);
        }
    }
    folds.sort_by_key(|fold| std::cmp::Reverse(fold.count));
    folds.into_iter().map(Fold::row).collect()
}

impl Fold {
    fn add(&mut self, line: Line) {
        let time = Some(text(&line, "@timestamp")).filter(|time| !time.is_empty());
        let stream = text(&line, "@logStream");
        if !stream.is_empty() {
            self.streams.insert(stream.to_owned());
        }
        // RFC 3339 in UTC is in the order of time.
        let time = time.map(str::to_owned);
        let is_newest = self.count == 0 || time > self.last;
        if self.first.is_none() || time.is_some() && time < self.first {
            self.first.clone_from(&time);
        }
        if is_newest {
            self.last = time;
            self.example = line;
        }
        self.count += 1;
    }

    fn row(mut self) -> Line {
        let mut row = Line::new();
        row.insert("count".to_owned(), json!(self.count));
        if let Some(first) = self.first.filter(|first| Some(first) != self.last.as_ref()) {
            row.insert("first".to_owned(), json!(first));
        }
        if let Some(last) = self.last {
            row.insert("last".to_owned(), json!(last));
        }
        if let Some(Value::String(log)) = self.example.remove("@log") {
            // AWS puts the account before it.
            let group = log.split_once(':').map_or(log.as_str(), |(_, group)| group);
            row.insert("log_group".to_owned(), json!(group));
        }
        match (self.streams.len(), self.streams.first()) {
            (0, _) | (_, None) => {}
            (1, Some(stream)) => drop(row.insert("stream".to_owned(), json!(stream))),
            (several, _) => drop(row.insert("streams".to_owned(), json!(several))),
        }
        let message = self.example.remove("@message").unwrap_or_default();
        self.example.remove("@timestamp");
        self.example.remove("@logStream");
        if !self.example.is_empty() {
            row.insert("fields".to_owned(), Value::Object(self.example));
        }
        row.insert("example".to_owned(), message);
        row
    }
}

fn text<'a>(line: &'a Line, member: &str) -> &'a str {
    line.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// What lines have in common that are folded: the message of a JSON line and its level, else the line,
/// without what differs from line to line.
fn key(message: &str) -> String {
    const MESSAGE: [&str; 5] = ["message", "msg", "error", "log", "event"];
    const LEVEL: [&str; 3] = ["level", "severity", "levelname"];
    let object =
        message.trim_start().starts_with('{').then(|| serde_json::from_str::<Line>(message));
    if let Some(Ok(object)) = object {
        let find = |names: &[&str]| {
            let found = names.iter().find_map(|name| object.get(*name)?.as_str());
            found.map(str::to_owned)
        };
        if let Some(said) = find(&MESSAGE) {
            return format!("{}\n{}", find(&LEVEL).unwrap_or_default(), common(&said));
        }
    }
    common(message)
}

/// A text with `#` in the place of times, ids, numbers and addresses.
fn common(text: &str) -> String {
    let end = text.char_indices().nth(MOST_KEY).map_or(text.len(), |(end, _)| end);
    let mut rest = text.get(..end).unwrap_or(text);
    let mut out = String::with_capacity(rest.len());
    while let Some(first) = rest.chars().next() {
        let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let taken = if word == UUID_BEGIN && starts_with_uuid(rest) {
            number(&mut out);
            UUID.iter().sum::<usize>() + UUID.len() - 1
        } else if word > 0 {
            let (word, after) = rest.split_at(word);
            let within = out.ends_with(':') && after.starts_with(':');
            let joined = out.ends_with(['-', ':']) || after.starts_with(['-', ':']);
            if within && word.len() <= 4 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
                // A part of an IPv6 address.
                number(&mut out);
            } else {
                add_word(&mut out, word, if joined { 4 } else { 6 });
            }
            word.len()
        } else {
            if !first.is_whitespace() {
                out.push(first);
            } else if !out.ends_with(' ') {
                out.push(' ');
            }
            first.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.trim_end().to_owned()
}

/// The lengths of a UUID's parts.
const UUID: [usize; 5] = [UUID_BEGIN, 4, 4, 4, 12];
const UUID_BEGIN: usize = 8;

fn starts_with_uuid(text: &str) -> bool {
    let mut parts = text.splitn(UUID.len(), '-');
    UUID.iter().enumerate().all(|(n, length)| {
        let Some(part) = parts.next() else { return false };
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        // After the last anything may follow.
        let whole = digits == part.len() || n + 1 == UUID.len();
        let ends = part.as_bytes().get(digits).is_none_or(|after| !after.is_ascii_alphanumeric());
        digits == *length && whole && ends
    })
}

/// A word without its numbers; an id, from so many hexadecimal digits on, is one number.
fn add_word(out: &mut String, word: &str, least_hex: usize) {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.strip_prefix("0x").unwrap_or(word);
    let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit()) && hex.len() >= least_hex;
    let is_id = word.len() >= 16 && digits >= 3;
    if digits == word.len() || (digits > 0 && (is_hex || is_id)) || hex.len() < word.len() && is_hex
    {
        number(out);
        return;
    }
    for c in word.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            number(out);
        }
    }
}

/// A number, of which what stands before a point was one already.
fn number(out: &mut String) {
    if out.ends_with("#.") {
        out.pop();
    } else {
        out.push('#');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) {
        assert_eq!(key(one), key(other));
    }

    fn different(one: &str, other: &str) {
        assert_ne!(key(one), key(other));
    }

    #[test]
    fn lines_that_differ_in_numbers_only_are_the_same() {
        same("2026-11-21T09:30:00.123Z took 35ms", "2026-11-21T10:01:59.001Z took 1200ms");
        same("took 1.5 s", "took 12.25 s");
        same("took 3 s", "took 12.25 s");
        same("from 10.0.3.17:443", "from 192.168.1.1:8443");
        same("from fe80::1ff:fe23:4567:890a", "from fe80::2aa:ae55:1234:111f");
        same(
            "id 550e8400-e29b-41d4-a716-446655440000 gone",
            "id aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee gone",
        );
        same("commit 7f9c4d2", "commit deadbe1");
        same("at 0x7ffe12", "at 0xdeadbeef");
        same("request aB3dE9fGh1jKlMnOpQ7 failed", "request Zz9xY8wV7uT6sR5qP4oN failed");
        same("GET /cart/42  500", "GET /cart/4711 500");
        same("1-5759e988-bd862e3fe1be46a994272793", "1-6859e911-ad862e3fe1be46a994272794");
    }

    #[test]
    fn lines_that_say_something_else_are_not() {
        different("connection refused", "connection reset");
        different("ERROR in checkout", "ERROR in payments");
        different("decade", "facade");
        different("user ann failed", "user bob failed");
        different("", "x");
    }

    #[test]
    fn json_lines_are_known_by_level_and_message() {
        let line = |level: &str, message: &str, id: &str| {
            json!({"id": id, "level": level, "message": message}).to_string()
        };
        same(&line("error", "took 3 s", "ann"), &line("error", "took 4 s", "bob"));
        different(&line("error", "took 3 s", "x"), &line("warn", "took 3 s", "x"));
        different(r#"{"a": "x"}"#, r#"{"a": "y"}"#);
        same(r#"{"a": "x1"}"#, r#"{"a": "x2"}"#);
        same(r#"{"msg": "x1", "#, r#"{"msg": "x2", "#);
    }

    fn line(time: &str, stream: &str, message: &str) -> Line {
        let line = json!({"@timestamp": time, "@logStream": stream, "@message": message});
        line.as_object().unwrap().clone()
    }

    #[test]
    fn the_most_frequent_come_first_with_the_newest_as_example() {
        let rows = fold(vec![
            line("2026-01-01T00:00:09Z", "a", "once"),
            line("2026-01-01T00:00:05Z", "a", "failed 5"),
            line("2026-01-01T00:00:07Z", "b", "failed 7"),
            line("2026-01-01T00:00:01Z", "a", "failed 1"),
        ]);
        assert_eq!(
            json!(rows),
            json!([
                {"count": 3, "first": "2026-01-01T00:00:01Z", "last": "2026-01-01T00:00:07Z",
                 "streams": 2, "example": "failed 7"},
                {"count": 1, "last": "2026-01-01T00:00:09Z", "stream": "a", "example": "once"},
            ])
        );
    }

    #[test]
    fn groups_are_kept_apart_and_other_fields_are_shown() {
        let with = |log: &str| {
            let line = json!({"@message": "x", "@log": log, "level": "error"});
            line.as_object().unwrap().clone()
        };
        let rows = fold(vec![
            with("123456789012:/ecs/a"),
            with("123456789012:/ecs/b"),
            with("123456789012:/ecs/b"),
        ]);
        assert_eq!(
            json!(rows),
            json!([
                {"count": 2, "log_group": "/ecs/b", "fields": {"level": "error"}, "example": "x"},
                {"count": 1, "log_group": "/ecs/a", "fields": {"level": "error"}, "example": "x"},
            ])
        );
    }

    #[test]
    fn nothing_stays_nothing() {
        assert!(fold(Vec::new()).is_empty());
        assert_eq!(fold(vec![Line::new()]).len(), 1);
    }
}
