//! The text of an Insights query: made from a filter, or the caller's own where it does no more than
//! read, masked as it is, what the call names.

use crate::error::{Error, Kind, Result, echo};

/// StartQuery, queryString.
const MOST_QUERY: usize = 10_000;

/// The caller's own query, if it may run.
pub fn checked(query: &str) -> Result<String> {
    let query = query.trim();
    if query.is_empty() || query.chars().count() > MOST_QUERY {
        return Err(Error::invalid(
            format!(
                "query has {} characters; it can have 1 to {MOST_QUERY}.",
                query.chars().count()
            ),
            "Write it shorter, or leave it out to see the newest lines.",
        ));
    }
    allowed(query)?;
    Ok(query.to_owned())
}

/// A filter as a condition of Insights.
pub fn filter(pattern: &str) -> Result<String> {
    let condition = condition(pattern.trim())?;
    allowed(&condition)?;
    Ok(condition)
}

/// A query for the newest lines, of those that `filter` lets through. `of_groups` are further fields.
pub fn newest(filter: Option<&str>, of_groups: &str, limit: i32) -> String {
    let filter = filter.map(|filter| format!("| filter {filter} ")).unwrap_or_default();
    format!(
        "fields @timestamp, @logStream, @message{of_groups} {filter}| sort @timestamp desc | limit {limit}"
    )
}

/// Refuses what would show more than the groups that the call names, masked as they are.
///
/// Which text Insights takes for a comment or a string is its own affair, so nothing is left out of
/// the search for being one: what looks like it is refused, in whatever place.
fn allowed(query: &str) -> Result<()> {
    let control = |c: &char| c.is_control() && !['\n', '\r', '\t'].contains(c);
    if query.chars().any(|c| control(&c)) {
        return Err(Error::invalid(
            "the query has control characters.",
            "Leave them out; in a regular expression write them as \\x1b.",
        ));
    }
    for reading in readings(query) {
        if unmasks(&reading) {
            return Err(Error::new(
                Kind::ClientError,
                "unmask would show what the log group's data protection hides.",
                "Leave unmask out. To look for the word itself, filter by /unmas[k]/.",
            ));
        }
        if reaches_elsewhere(&reading) {
            return Err(Error::new(
                Kind::ClientError,
                "SOURCE and saved queries ($name) would read other log groups than the call names.",
                "Name the groups in log_groups or prefix; instead of a join make one query for each.",
            ));
        }
    }
    Ok(())
}

/// The query in lower case, as it reads with and without what could be a comment.
pub fn readings(query: &str) -> [String; 5] {
    // Letters that a case-insensitive comparison takes for ASCII ones, and full-width forms.
    let plain: String = query
        .chars()
        .map(|c| match u32::from(c) {
            wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let plain = plain.replace('\r', "\n");
    let line = |text: &str| without(text, "#", "\n");
    let line_too = |text: &str| without(text, "//", "\n");
    let block = |text: &str| without(text, "/*", "*/");
    let none = block(&line_too(&line(&plain)));
    [line(&plain), line_too(&plain), block(&plain), none, plain]
}

/// The text without what stands between such marks. A comment parts what stands around it.
fn without(text: &str, begin: &str, end: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, comment)) = rest.split_once(begin) {
        kept.push_str(before);
        kept.push(' ');
        rest = comment.split_once(end).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Whether it names the function, with anything in between that a reader could leave out.
fn unmasks(reading: &str) -> bool {
    let left_out = |c: char| c.is_whitespace() || !c.is_ascii() || ['\\', '`'].contains(&c);
    reading.chars().filter(|c| !left_out(*c)).collect::<String>().contains("unmask")
}

/// Whether it has the command SOURCE, or runs a saved query. A field may be called `source`.
fn reaches_elsewhere(reading: &str) -> bool {
    const AFTER_A_FIELD: [&str; 8] = ["like", "not", "in", "and", "or", "as", "asc", "desc"];
    let in_a_name = |c: char| c.is_ascii_alphanumeric() || ['_', '.', '@', '`'].contains(&c);
    let is_quote = |c: char| ['"', '\''].contains(&c);
    let source = reading.match_indices("source").any(|(at, found)| {
        let before = reading.get(..at).unwrap_or_default();
        let after = reading.get(at + found.len()..).unwrap_or_default();
        if before.ends_with(in_a_name) || after.starts_with(in_a_name) {
            return false;
        }
        let parted = !after.starts_with(['/', '|', ')']);
        let (before, after) = (before.trim_end(), after.trim_start());
        let word: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
        let command = before.is_empty() || before.ends_with('|');
        let nested = before.ends_with(['(', '[', '{']);
        (command && parted)
            || (nested && !word.is_empty() && !AFTER_A_FIELD.contains(&word.as_str()))
            || after.starts_with(is_quote)
            || ["loggroup", "datasource"].iter().any(|group| word.starts_with(group))
    });
    let saved = reading.match_indices('$').any(|(at, found)| {
        let before = reading.get(..at).unwrap_or_default().trim_end();
        let after = reading.get(at + found.len()..).unwrap_or_default();
        let name: String = after.chars().take_while(|c| in_a_name(*c) || *c == '-').collect();
        let after_name = after.get(name.len()..).unwrap_or_default().trim_start();
        let named = !name.is_empty() || after.starts_with(is_quote) || after.starts_with('{');
        named && (before.is_empty() || before.ends_with('|') || after_name.starts_with('('))
    });
    source || saved
}

/// What one word of a filter asks of a line.
enum Term {
    Has(String),
    HasNot(String),
    /// One of several.
    May(String),
}

/// A filter -> the condition of a `filter` command.
fn condition(pattern: &str) -> Result<String> {
    if let Some(regex) = between(pattern, '/').or_else(|| between(pattern, '%')) {
        return Ok(format!("@message like /{}/", regex_of(regex)?));
    }
    if pattern.starts_with('{') && pattern.contains("$.") {
        return Err(Error::invalid(
            format!(
                "filter_pattern {} is one for JSON, which Insights does not read.",
                echo(pattern)
            ),
            "Give a query instead, e.g. fields @timestamp, @message | filter level = \"error\" | sort @timestamp desc",
        ));
    }
    let (mut has, mut has_not, mut may) = (Vec::new(), Vec::new(), Vec::new());
    for term in terms(pattern) {
        match term {
            Term::Has(text) => has.push(format!("@message like /{}/", literal(&text))),
            Term::HasNot(text) => has_not.push(format!("@message not like /{}/", literal(&text))),
            Term::May(text) => may.push(format!("@message like /{}/", literal(&text))),
        }
    }
    if !may.is_empty() {
        has.push(format!("({})", may.join(" or ")));
    }
    has.extend(has_not);
    if has.is_empty() {
        return Err(Error::invalid(
            "filter_pattern is empty.",
            "Give words that the lines contain, or /regex/, or leave it out.",
        ));
    }
    Ok(has.join(" and "))
}

/// What stands between two such marks, where there is something.
fn between(text: &str, mark: char) -> Option<&str> {
    text.strip_prefix(mark)?.strip_suffix(mark).filter(|inside| !inside.is_empty())
}

fn terms(pattern: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        let tail = rest.get(first.len_utf8()..).unwrap_or_default();
        let marks = |c: char| c.is_alphanumeric() || c == '"';
        let (make, body): (fn(String) -> Term, &str) = match first {
            '-' if tail.starts_with(marks) => (Term::HasNot, tail),
            '?' if tail.starts_with(marks) => (Term::May, tail),
            _ => (Term::Has, rest),
        };
        let (text, after) = match body.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            Some((quoted, after)) => (quoted, after),
            None => body.split_at(body.find(char::is_whitespace).unwrap_or(body.len())),
        };
        if !text.is_empty() {
            terms.push(make(text.to_owned()));
        }
        rest = after.trim_start();
    }
    terms
}

/// A regular expression that matches just this text, of characters that end neither it nor anything
/// around it.
fn literal(text: &str) -> String {
    let mut regex = String::new();
    for c in text.chars() {
        match c {
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => {
                regex.push('\\');
                regex.push(c);
            }
            '/' | '\\' | '|' | '#' | '"' | '\'' | '`' => {
                regex.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            _ => regex.push(c),
        }
    }
    regex
}

/// The same expression, written without what could end it before its end.
fn regex_of(given: &str) -> Result<String> {
    let mut regex = String::new();
    let mut characters = given.chars();
    while let Some(c) = characters.next() {
        let (escape, c) = match c {
            '\\' => match characters.next() {
                Some(next) => ("\\", next),
                None => {
                    return Err(Error::invalid(
                        "the regular expression in filter_pattern ends with a backslash.",
                        "Write a backslash itself as \\\\.",
                    ));
                }
            },
            c => ("", c),
        };
        match c {
            '/' | '#' | '"' | '\'' | '`' => regex.push_str(&format!("\\x{:02x}", u32::from(c))),
            // A pair of backslashes could be read as one that escapes what follows.
            '\\' => regex.push_str("\\x5c"),
            '\n' | '\r' => {
                return Err(Error::invalid(
                    "the regular expression in filter_pattern has a line break.",
                    "Write it as \\n.",
                ));
            }
            c => {
                regex.push_str(escape);
                regex.push(c);
            }
        }
    }
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let check = |pattern: &str, expected: &str| {
            let made = condition(pattern).map_err(|error| error.message);
            assert_eq!(made.as_deref(), Ok(expected), "{pattern}");
        };
        check("ERROR", "@message like /ERROR/");
        check("ERROR timeout", "@message like /ERROR/ and @message like /timeout/");
        check("\"took too long\"", "@message like /took too long/");
        check(
            "?ERROR ?WARN -health",
            "(@message like /ERROR/ or @message like /WARN/) and @message not like /health/",
        );
        check("-\"a b\"", "@message not like /a b/");
        check(
            "a -> b ?",
            "@message like /a/ and @message like /->/ and @message like /b/ and @message like /\\?/",
        );
        check("GET /cart", r"@message like /GET/ and @message like /\x2fcart/");
        check("5.2s", r"@message like /5\.2s/");
        check("/5\\d\\d|timeout/", r"@message like /5\d\d|timeout/");
        check("%(?i)error%", "@message like /(?i)error/");
        check("/a/b\\/c/", r"@message like /a\x2fb\x2fc/");
        for bad in ["", "  ", "\"\"", "{ $.level = \"error\" }", "/a\\/", "/a\nb/"] {
            assert!(condition(bad).is_err(), "{bad}");
        }
    }

    /// Whatever a filter says, it stays between the slashes of its expressions.
    #[test]
    fn a_filter_does_not_break_out() {
        let attacks = [
            "x/ | fields secret | filter @message like /x",
            "\" | fields unmas | filter a = \"",
            "\\/ or 1=1 or @message like /",
            "\\\\/ | limit 1",
            "' | fields `a` # ",
            "x # y",
            "/x\\\\/ | fields a/",
            "/x/ | fields a | filter b like /x/",
            "/[/]| fields a/",
            "\"a\\\" | fields b\"",
        ];
        for attack in attacks {
            let condition = condition(attack).unwrap();
            let mut outside = String::new();
            let mut inside = false;
            let mut characters = condition.chars();
            while let Some(c) = characters.next() {
                match c {
                    '/' => inside = !inside,
                    '\\' if inside => drop(characters.next()),
                    c if inside => {
                        assert!(!['"', '\'', '`', '#', '\n'].contains(&c), "{condition}")
                    }
                    c => outside.push(c),
                }
            }
            assert!(!inside, "{condition}");
            let words = outside.replace(['(', ')'], " ");
            let known = ["@message", "like", "not", "and", "or"];
            assert!(words.split_whitespace().all(|word| known.contains(&word)), "{outside}");
        }
    }

    #[test]
    fn a_query_does_not_unmask() {
        let attacks = [
            "fields unmask(@message)",
            "fields UnMask (@message)",
            "fields unmask\n(@message)",
            "fields un\tmask(@message)",
            "fields unmask # why\n (@message)",
            "fields un# a comment\nmask(@message)",
            "fields un// a comment\nmask(@message)",
            "fields un/* a comment */mask(@message)",
            "fields un# one\n// two\nmask(@message)",
            "filter @message like \"#\" | fields unmask(@message)",
            "filter @message like /\"/ | fields unmask(@message) | filter @message like /\"/",
            "# fields unmask(@message)",
            "filter a = \"unmask(\"",
            "fields `unmask`(@message)",
            "fields un\\mask(@message)",
            "fields un\u{200B}mask(@message)",
            "fields unma\u{17F}\u{212A}(@message)",
            "fields \u{FF55}nmask(@message)",
            "fields @timestamp | unmask @message",
        ];
        for attack in attacks {
            let error = checked(attack).unwrap_err();
            assert_eq!(error.kind, Kind::ClientError, "{attack}");
            assert!(error.message.contains("unmask"), "{attack}: {error}");
        }
        assert!(checked("fields un\u{0}mask(@message)").is_err());
        assert!(filter("/x/ | fields unmask(@message)/").is_err());
    }

    #[test]
    fn a_query_stays_with_the_groups_of_the_call() {
        let attacks = [
            "SOURCE logGroups()",
            "source logGroups(namePrefix: ['/aws']) | fields @message",
            " # c\nSOURCE\n# c\nlogGroups()",
            "fields a | join type=inner left=a right=b where a.id=b.id (SOURCE '/aws/lambda/x')",
            "fields a | join left=a right=b where a.id=b.id ( # c\n SOURCE \"/aws/lambda/x\" | fields b)",
            "filter id in (SOURCE other | fields id)",
            "fields a | SOURCE dataSource('x')",
            "$errors(level = 'x')",
            "fields a | $errors (level = 'x')",
            "fields a | $folder",
            "SOURCE/* c */logGroups()",
        ];
        for attack in attacks {
            let error = checked(attack).unwrap_err();
            assert!(error.message.contains("SOURCE"), "{attack}: {error}");
        }
    }

    #[test]
    fn ordinary_queries_run() {
        let queries = [
            "fields @timestamp, @message | filter @message like /ERROR/ | sort @timestamp desc | limit 20",
            "filter source = \"web\" and (source like /a|source/ or event.source in [\"x\"]) | stats count(*) by source",
            "fields source, `source` | sort source desc",
            "stats avg(duration) as d, pct(duration, 99) by bin(5m) # by five minutes",
            "parse @message \"user=*, method:*\" as user, method | filter (source not like \"x\")",
            "filter @message like /took \\d+$/ | pattern @message",
            "filter ispresent(error.source) | dedup source",
        ];
        for query in queries {
            assert_eq!(checked(query).as_deref().ok(), Some(query));
        }
        assert!(checked("").is_err() && checked(&"x".repeat(10_001)).is_err());
    }

    #[test]
    fn the_newest_lines() {
        assert_eq!(
            newest(None, "", 7),
            "fields @timestamp, @logStream, @message | sort @timestamp desc | limit 7"
        );
        assert_eq!(
            newest(Some("a like /x/"), ", @log", 7),
            "fields @timestamp, @logStream, @message, @log | filter a like /x/ | sort @timestamp desc | limit 7"
        );
    }
}
