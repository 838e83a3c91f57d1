//! Which values of a caller's own query are hidden as a whole. A secret is known by the name beside it
//! or by its shape; a query that gives a value a new name, or cuts it, takes both away.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fold::Line;
use super::insights::readings;
use crate::gate::{looks_random, names_secret};
use crate::tools::Cx;

/// What a query computes, and whether that may hold a secret.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// It names a secret, or takes texts apart.
    all: bool,
    /// The names that it gives, in small letters.
    names: BTreeSet<String>,
    /// ... and of those, what is a count or a time.
    counts: BTreeSet<String>,
}

/// Functions whose result has another shape than what went in.
const CUTS: [&str; 12] = [
    "substr(",
    "substring(",
    "replace(",
    "concat(",
    "trim(",
    "tolower(",
    "toupper(",
    "split(",
    "reverse(",
    "urldecode(",
    "urlencode(",
    "format(",
];
/// In an expression: so many characters of any kind.
const COUNTED: [&str; 4] = [".{", "..", "\\s{", "\\w{"];

impl Seal {
    pub fn of(query: &str) -> Self {
        let mut seal = Self::default();
        for reading in readings(query) {
            seal.all |= reading.split('|').any(|command| !only_filters(command) && tells(command));
            seal.names_of(&reading);
        }
        seal
    }

    fn names_of(&mut self, reading: &str) {
        for (at, found) in reading.match_indices("as").chain(reading.match_indices("into")) {
            let before = reading.get(..at).unwrap_or_default();
            let after = reading.get(at + found.len()..).unwrap_or_default();
            if before.ends_with(in_a_word) || after.starts_with(in_a_word) {
                continue;
            }
            let is_count = is_count(before.trim_end());
            for (n, name) in list(after).into_iter().enumerate() {
                match n == 0 && is_count {
                    true => self.counts.insert(name),
                    false => self.names.insert(name),
                };
            }
        }
        for (opening, closing) in [("(?<", '>'), ("(?p<", '>'), ("(?'", '\'')] {
            for (at, _) in reading.match_indices(opening) {
                let after = reading.get(at + opening.len()..).unwrap_or_default();
                if let Some((name, _)) = after.split_once(closing) {
                    self.names.insert(name.to_owned());
                }
            }
        }
    }

    /// Hides what has to be hidden, and says whether that was anything.
    pub fn over(&self, cx: &Cx, lines: &mut [Line]) -> bool {
        let mut hidden = false;
        for (name, value) in lines.iter_mut().flat_map(|line| line.iter_mut()) {
            if let Some(text) = value.as_str().filter(|text| self.hides(name, text)) {
                *value = cx.sealed(text).into();
                hidden = true;
            }
        }
        hidden
    }

    fn hides(&self, name: &str, value: &str) -> bool {
        let name = name.to_lowercase();
        let is_name = |c: char| c.is_alphanumeric() || "_-.@".contains(c);
        let is_given = self.names.contains(&name);
        let is_computed = is_given || self.counts.contains(&name) || !name.chars().all(is_name);
        let is_count = !is_given
            && (self.counts.contains(&name) || COUNTS.iter().any(|count| name.starts_with(count)))
            && value.bytes().all(|b| b.is_ascii_digit() || b"-:. TZ".contains(&b));
        is_computed && !is_count && (self.all || tells(&name) || looks_random(value))
    }
}

const COUNTS: [&str; 4] = ["count(", "count_distinct(", "bin(", "datefloor("];

/// Whether an expression ends so that its value is a count or a time.
fn is_count(expression: &str) -> bool {
    let Some((head, _)) = expression.strip_suffix(')').and_then(|text| text.rsplit_once('('))
    else {
        return false;
    };
    let word = head.rsplit(|c| !in_a_word(c)).next().unwrap_or_default();
    COUNTS.iter().any(|count| count.strip_suffix('(') == Some(word))
}

/// Whether this part of a query names a secret, or takes a text apart.
fn tells(command: &str) -> bool {
    let dense: String =
        command.chars().filter(|c| !c.is_whitespace() && !['`', '\\'].contains(c)).collect();
    let cuts = CUTS.iter().any(|cut| dense.contains(cut));
    let counted = command.contains("(?") && COUNTED.iter().any(|cut| command.contains(cut));
    let escaped = command.contains("\\x") || command.contains("\\u");
    cuts || counted || escaped || names_secret(command)
}

/// Whether it can only be a `filter`, which gives no values, and not a part of a string that looks
/// like one.
fn only_filters(command: &str) -> bool {
    let Some(rest) = command.trim_start().strip_prefix("filter") else { return false };
    let even = |quote: char| rest.matches(quote).count().is_multiple_of(2);
    rest.starts_with(|c: char| c.is_whitespace() || c == '(')
        && ['"', '\'', '`'].into_iter().all(even)
        && !rest.contains("(?<")
        && !rest.contains("(?p<")
        && !rest.contains("(?'")
        && !rest.split(|c| !in_a_word(c)).any(|word| ["as", "into"].contains(&word))
}

/// The names of `a, b`, with which a text begins.
fn list(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let (name, after) = match rest.strip_prefix('`').and_then(|name| name.split_once('`')) {
            Some(quoted) => quoted,
            None => {
                let ends = |c: char| c.is_whitespace() || ",|()`".contains(c);
                rest.split_at(rest.find(ends).unwrap_or(rest.len()))
            }
        };
        names.push(name.to_owned());
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more,
            None => return names,
        }
    }
}

fn in_a_word(c: char) -> bool {
    c.is_alphanumeric() || ['_', '.', '@', '-'].contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_the_name_or_the_shape_away_is_hidden() {
        let check = |query: &str, name: &str| {
            assert!(Seal::of(query).hides(name, "hunter2"), "{query}: {name}");
        };
        check("fields password as p", "p");
        check("fields password AS `P q`", "P q");
        check("fields password as # c\n p", "p");
        check("fields password as p | stats latest(p)", "latest(p)");
        check("fields password as @message", "@message");
        check("fields password as p | stats count(*) as p", "p");
        check("fields db.password.value as p", "p");
        check("fields concat(password, \"x\")", "concat(password, \"x\")");
        check("stats latest(api_key) as k by bin(5m)", "k");
        check("fields creds | unnest creds.password into p", "p");
        check("parse @message 'AWS_SECRET_ACCESS_KEY=* ' as v", "v");
        check("parse @message 'X-Api-Key: *' as a, b", "b");
        check("parse @message /passw[o]rd=(?<v>\\S+)/", "v");
        check("parse @message /pass\\x77ord=(?<v>\\S+)/", "v");
        check("parse @message /(?<a>.{30})(?<b>.*)/", "b");
        check("fields substr(@message, 0, 30) as a, substr(@message, 30) as b", "a");
        check("fields substr # c\n (@message, 0, 30)", "substr # c\n (@message, 0, 30)");
        check("fields @message as m | fields replace(m, 'A', 'B') as b", "b");
        check("fields ltrim(@message, 'a') as b", "b");
        check("fields strcontains(\"| filter \", a) as z, password as p", "p");
        check("fields a | filter x = \"| filter \" | fields password as p", "p");
        check("filter a = 1 | filter b like /x/ | fields password as p", "p");
    }

    #[test]
    fn ordinary_queries_are_shown() {
        let check = |query: &str, name: &str, value: &str| {
            assert!(!Seal::of(query).hides(name, value), "{query}: {name}");
        };
        check("stats count() as n by bin(5m), status", "n", "12");
        check("stats count() as n by bin(5m), status", "bin(5m)", "2026-11-21T09:30:00Z");
        check("stats count() as n by bin(5m), status", "status", "OK");
        check("filter @message like /wrong password/ | stats count(*) as n by user", "user", "eve");
        check("filter tolower(level) = 'error' | stats max(d) as m", "m", "12.5");
        check("fields @timestamp, password, user", "user", "eve");
        check("parse @message \"user=*, method:*\" as user, method", "user", "eve");
        check("parse @message /status=(?<status>\\d{3})/", "status", "503");
        check("stats count(password) as n by service", "n", "7");
        check("stats avg(duration) as d, pct(duration, 99) by bin(5m)", "pct(duration, 99)", "1.5");
        check("fields @message as m", "m", "order o-1 failed");
    }

    #[test]
    fn a_key_without_its_name_is_hidden() {
        let seal = Seal::of("parse @message /key (?<v>\\S+)/");
        assert!(seal.hides("v", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        assert!(!seal.hides("v", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"));
    }
}
