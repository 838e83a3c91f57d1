//! The documentation of a model as plain text: AWS's is HTML of a kind, long, and written by others,
//! so it is bounded, and nothing of it but letters is kept.

use std::collections::BTreeMap;

use serde_json::Value;

/// How much is kept of the text of a service or an operation, and of a member, in bytes.
const LONGEST: usize = 1_200;
const LONGEST_OF_MEMBER: usize = 320;
/// How much of a text is looked at, in bytes.
const READ: usize = 64 << 10;
/// How much is kept of a service, in bytes: all of EC2 takes a third of it.
const MOST: usize = 6 << 20;
/// The longest title, in bytes.
const TITLE: usize = 160;

/// The documentation of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    by_key: BTreeMap<String, String>,
    bytes: usize,
}

impl Texts {
    /// Those of botocore's service-2.json.
    pub fn of_botocore(model: &Value) -> Self {
        let mut texts = Self::default();
        texts.add("", LONGEST, model.get("documentation"));
        for (name, operation) in fields(model.get("operations")) {
            texts.add(name, LONGEST, operation.get("documentation"));
        }
        for (name, shape) in fields(model.get("shapes")) {
            for (member, about) in fields(shape.get("members")) {
                let key = format!("{name}.{member}");
                texts.add(&key, LONGEST_OF_MEMBER, about.get("documentation"));
            }
        }
        texts
    }

    /// Those of a Smithy model in JSON.
    pub fn of_smithy(model: &Value) -> Self {
        let mut texts = Self::default();
        let of = |shape: &Value| shape.get("traits")?.get("smithy.api#documentation").cloned();
        let shapes = || {
            fields(model.get("shapes")).map(|(id, shape)| {
                let kind = shape.get("type").and_then(Value::as_str).unwrap_or_default();
                (id.split_once('#').map_or(id.as_str(), |(_, local)| local), kind, shape)
            })
        };
        for (name, kind, shape) in shapes() {
            match kind {
                "service" => texts.add("", LONGEST, of(shape).as_ref()),
                "operation" => texts.add(name, LONGEST, of(shape).as_ref()),
                _ => {}
            }
        }
        for (name, _, shape) in
            shapes().filter(|(_, kind, _)| matches!(*kind, "structure" | "union"))
        {
            for (member, about) in fields(shape.get("members")) {
                texts.add(&format!("{name}.{member}"), LONGEST_OF_MEMBER, of(about).as_ref());
            }
        }
        texts
    }

    /// The same, with shapes under the names that they have elsewhere.
    pub(crate) fn renamed(mut self, names: &BTreeMap<String, String>) -> Self {
        if names.is_empty() {
            return self;
        }
        let texts = std::mem::take(&mut self.by_key).into_iter().map(|(key, text)| {
            let renamed = key.split_once('.').and_then(|(shape, member)| {
                names.get(shape).map(|shape| format!("{shape}.{member}"))
            });
            (renamed.unwrap_or(key), text)
        });
        self.by_key = texts.collect();
        self
    }

    /// Keys and texts, sorted by key: none of them has a tab or a line break in it.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_key.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    fn add(&mut self, key: &str, longest: usize, html: Option<&Value>) {
        let Some(html) = html.and_then(Value::as_str) else { return };
        let text = plain(html, longest);
        let bytes = self.bytes + key.len() + text.len() + 2;
        let is_word = key.len() <= 1_024 && !key.chars().any(|c| c.is_control() || c == ' ');
        if text.is_empty() || !is_word || bytes > MOST {
            return;
        }
        if self.by_key.insert(key.to_owned(), text).is_none() {
            self.bytes = bytes;
        }
    }
}

/// The first sentence of a text, cut where it is longer than a title.
pub fn title(text: &str) -> &str {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    let sentence = text.get(..end).unwrap_or(text);
    if sentence.len() <= TITLE {
        return sentence;
    }
    let end = floor(sentence, TITLE);
    let words = sentence.get(..end).unwrap_or_default();
    words.rsplit_once(' ').map_or(words, |(words, _)| words)
}

/// HTML without its tags, its entities read, its spaces single, and no longer than so many bytes.
fn plain(html: &str, longest: usize) -> String {
    let mut rest = html.get(..floor(html, READ)).unwrap_or_default();
    let mut text = String::new();
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        push(&mut text, before);
        let (read, after) = if from.starts_with('<') { tag(from) } else { entity(from) };
        push(&mut text, read);
        rest = after;
        if text.len() > longest {
            break;
        }
    }
    push(&mut text, rest);
    let text = text.trim();
    if text.len() <= longest {
        return text.to_owned();
    }
    let cut = text.get(..floor(text, longest)).unwrap_or_default();
    // At the end of a sentence, unless that would leave less than half.
    match cut.rfind(". ").filter(|at| *at > longest / 2) {
        Some(at) => cut.get(..=at).unwrap_or_default().to_owned(),
        None => format!("{}...", cut.rsplit_once(' ').map_or(cut, |(words, _)| words)),
    }
}

/// What a tag reads as, and what follows it. A `<` that begins none is itself.
fn tag(from: &str) -> (&str, &str) {
    let begins = from.get(1..).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))
    });
    match from.split_once('>').filter(|_| begins) {
        // Words of two paragraphs are two words; those beside a `<code>` may be one.
        Some((name, after)) => {
            let name = name.trim_start_matches(['<', '/']).to_ascii_lowercase();
            let is_block = ["p", "li", "ul", "ol", "br", "dt", "dd", "dl", "h", "t", "div", "note"];
            let block = is_block.iter().any(|block| {
                name == *block
                    || (name.starts_with(block) && matches!(*block, "h" | "t"))
                    || name.strip_prefix(block).is_some_and(|rest| rest.starts_with([' ', '/']))
            });
            (if block { " " } else { "" }, after)
        }
        None => from.split_at_checked(1).unwrap_or((from, "")),
    }
}

/// What an entity reads as, and what follows it. A `&` that begins none is itself.
fn entity(from: &str) -> (&str, &str) {
    const KNOWN: [(&str, &str); 9] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&#xA0;", " "),
    ];
    let known = KNOWN.iter().find_map(|(name, text)| Some((*text, from.strip_prefix(name)?)));
    known.unwrap_or_else(|| from.split_at_checked(1).unwrap_or((from, "")))
}

/// Adds a text with single spaces, and without what moves a cursor or turns the direction of text.
fn push(text: &mut String, more: &str) {
    for letter in more.chars() {
        let turns = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if letter.is_whitespace() {
            if !text.is_empty() && !text.ends_with(' ') {
                text.push(' ');
            }
        } else if !letter.is_control() && !turns {
            text.push(letter);
        }
    }
}

/// The greatest place up to `at` where a letter begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(plain(html, 60), expected, "{html}");
    }

    #[test]
    fn of_html_the_words_are_kept() {
        check(
            "<p>Starts an <code>EC2</code>\n  instance.</p><p>Then</p>",
            "Starts an EC2 instance. Then",
        );
        check("<ul><li>one</li><li>two</li></ul>", "one two");
        check("1 &lt; 2 &amp;amp; <a href=\"x\">3</a> < 4 & 5", "1 < 2 &amp; 3 < 4 & 5");
        check("a\u{1b}[31mb\u{202e}c\u{0}", "a[31mbc");
        check("<p", "<p");
        check("", "");
        check("<tag with no end", "<tag with no end");
        check(&"ä".repeat(100), &format!("{}...", "ä".repeat(30)));
        check(&"word. ".repeat(30), "word. word. word. word. word. word. word. word. word. word.");
    }

    #[test]
    fn a_title_is_the_first_sentence() {
        assert_eq!(title("Starts it. Then more."), "Starts it.");
        assert_eq!(title("Starts it"), "Starts it");
        assert!(title(&"word ".repeat(100)).len() <= TITLE);
        assert_eq!(title(""), "");
    }

    #[test]
    fn both_formats_say_the_same() {
        let botocore = json!({
            "documentation": "<p>A</p>",
            "operations": {"Get": {"documentation": "<p>Gets.</p>"}, "Put": {}},
            "shapes": {"In": {"members": {"m": {"documentation": "M"}, "bad key": {"documentation": "x"}}}},
        });
        let text = |text: &str| json!({"smithy.api#documentation": text});
        let smithy = json!({"shapes": {
            "a.b#S": {"type": "service", "traits": text("<p>A</p>")},
            "a.b#Get": {"type": "operation", "traits": text("<p>Gets.</p>")},
            "a.b#Put": {"type": "operation"},
            "a.b#In": {"type": "structure", "members": {"m": {"target": "x", "traits": text("M")}}},
        }});
        let texts = Texts::of_botocore(&botocore);
        assert_eq!(texts, Texts::of_smithy(&smithy));
        assert_eq!(texts.lines().collect::<Vec<_>>(), [("", "A"), ("Get", "Gets."), ("In.m", "M")]);
        assert_eq!(Texts::of_smithy(&json!([1])), Texts::default());
    }
}
