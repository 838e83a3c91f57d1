//! What a person reads before they decide: our own facts first, then what the caller chose, then what
//! others wrote at AWS, each marked as what it is, on a line of its own, with nothing hidden in it.

use aws_dynamic::catalog::Effect;
use serde_json::{Map, Value};

use super::super::escape::escape;
use super::look::{DryRun, Look};

/// Characters of a text that others wrote at AWS.
const MOST_OF_AWS: usize = 64;
/// Characters of an argument, a name, an ARN.
const MOST_OF_OURS: usize = 200;
/// Lines of arguments, of resources, of AWS's texts.
const MOST_LINES: usize = 12;

/// What is known of the call.
#[derive(Debug)]
pub struct Facts<'a> {
    pub tool: &'a str,
    /// Each with its effect.
    pub operations: &'a [(String, Effect)],
    pub effect: Effect,
    pub account: Account<'a>,
    /// What else the account is known by.
    pub names: &'a [String],
    pub region: Option<&'a str>,
    pub principal: Option<&'a str>,
    pub profile: Option<&'a str>,
    /// Every role that is assumed on the way.
    pub roles: &'a [String],
    pub resources: &'a [String],
    /// Endpoints that are not AWS's own.
    pub endpoints: &'a [String],
    pub rules: &'a [String],
    /// Masked.
    pub arguments: &'a Map<String, Value>,
    pub look: Option<&'a Look>,
}

/// Which account a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    /// It is not about one.
    None,
    /// Not known before signing in, or not at all.
    Unknown,
    Known(&'a str),
}

impl Facts<'_> {
    /// For the person.
    pub fn for_people(&self) -> String {
        let mut lines = self.facts();
        lines.extend(several("Policy", self.rules));
        self.rest(&mut lines);
        lines.join("\n")
    }

    /// For the model, which is not told the rules.
    pub fn for_model(&self) -> String {
        let mut lines = self.facts();
        self.rest(&mut lines);
        lines.join("\n")
    }

    fn facts(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut say = |name: &str, value: String| lines.push(format!("{name}: {value}"));
        if self.operations.is_empty() {
            say("Call", format!("{} ({})", self.tool, is(self.effect)));
        } else {
            for (operation, effect) in self.operations {
                say("Operation", format!("{operation} ({}), by {}", is(*effect), self.tool));
            }
        }
        let names = match self.names {
            [] => String::new(),
            names => format!(" ({})", line(&names.join(", "), MOST_OF_OURS)),
        };
        match self.account {
            Account::None => {}
            Account::Known(id) => say("Account", format!("{}{names}", line(id, MOST_OF_OURS))),
            Account::Unknown => say("Account", "not known before signing in".to_owned()),
        }
        let known =
            [("Region", self.region), ("Principal", self.principal), ("Profile", self.profile)];
        for (name, value) in known {
            if let Some(value) = value {
                say(name, line(value, MOST_OF_OURS));
            }
        }
        lines.extend(several("Role", self.roles));
        lines.extend(several("Endpoint", self.endpoints));
        lines.extend(several("Resource", self.resources));
        lines
    }

    fn rest(&self, lines: &mut Vec<String>) {
        if let Some(look) = self.look {
            if let Some(warning) = &look.warning {
                lines.push(format!("Warning: {}", line(warning, MOST_OF_OURS)));
            }
            let verdict = match &look.dry_run {
                None => None,
                Some(DryRun::WouldSucceed) => Some("it would succeed".to_owned()),
                Some(DryRun::WouldFail(code)) => {
                    Some(format!("it would fail with {}", line(code, MOST_OF_AWS)))
                }
                Some(DryRun::Unknown) => Some("could not be asked".to_owned()),
            };
            lines.extend(verdict.map(|verdict| format!("EC2 dry run: {verdict}")));
            lines.extend(several("Now", &look.now));
        }
        if !self.arguments.is_empty() {
            lines.extend([String::new(), "Arguments, chosen by the AI:".to_owned()]);
            let argument = |(name, value): (&String, &Value)| {
                // A text is shown as JSON, so that its end cannot be faked.
                let text = format!("{}: {}", line(name, MOST_OF_AWS), value);
                format!("  {}", line(&text, MOST_OF_OURS))
            };
            lines.extend(cut(self.arguments.iter().map(argument), "  "));
        }
        let from_aws = self.look.map(|look| look.from_aws.as_slice()).unwrap_or_default();
        if !from_aws.is_empty() {
            lines.extend([String::new(), "From AWS, written by others:".to_owned()]);
            let text =
                |(what, text): &(&str, String)| format!("  {what}: {}", line(text, MOST_OF_AWS));
            lines.extend(cut(from_aws.iter().map(text), "  "));
        }
    }
}

fn several(name: &str, values: &[String]) -> Vec<String> {
    let each = |value: &String| format!("{name}: {}", line(value, MOST_OF_OURS));
    cut(values.iter().map(each), "")
}

fn cut(lines: impl ExactSizeIterator<Item = String>, indent: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_LINES);
    let mut lines: Vec<String> = lines.take(MOST_LINES).collect();
    if more > 0 {
        lines.push(format!("{indent}... and {more} more that are not shown"));
    }
    lines
}

/// One line of at most so many characters, with nothing hidden in it; what was cut is said.
fn line(text: &str, most: usize) -> String {
    let shown = match escape(Value::String(text.to_owned())) {
        Value::String(shown) => shown,
        _ => String::new(),
    };
    // The escape leaves line ends and tabs, which make a line look like two.
    let shown = shown.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    let length = shown.chars().count();
    if length <= most {
        return shown;
    }
    let beginning: String = shown.chars().take(most).collect();
    format!("{beginning}... (cut, {length} characters)")
}

fn is(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "changes something",
        Effect::Destructive => "CANNOT BE UNDONE",
        Effect::Grant => "GIVES ACCESS or moves data out",
        Effect::Secret => "answers with a SECRET",
        Effect::Unknown => "nobody knows what it does",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts<'a>(arguments: &'a Map<String, Value>, look: &'a Look) -> Facts<'a> {
        Facts {
            tool: "ec2_stop_instance",
            operations: &[],
            effect: Effect::Write,
            account: Account::Known("123456789012"),
            names: &[],
            region: Some("eu-west-1"),
            principal: None,
            profile: None,
            roles: &[],
            resources: &[],
            endpoints: &[],
            rules: &[],
            arguments,
            look: Some(look),
        }
    }

    #[test]
    fn what_is_read() {
        let operations = [("ec2:StopInstances".to_owned(), Effect::Write)];
        let (names, resources) = (["prod".to_owned()], ["i-0123456789abcdef0".to_owned()]);
        let rules = ["mode confirm".to_owned()];
        let look = Look {
            now: vec!["running".to_owned()],
            warning: Some("its public address is lost".to_owned()),
            dry_run: Some(DryRun::WouldSucceed),
            from_aws: vec![("Name tag", "web-1".to_owned())],
            need: super::super::look::Need::Change,
        };
        let arguments = json!({"instance_id": "i-0123456789abcdef0", "force": true});
        let facts = Facts {
            operations: &operations,
            names: &names,
            principal: Some("arn:aws:sts::123456789012:assumed-role/ops/ana"),
            profile: Some("prod"),
            resources: &resources,
            rules: &rules,
            ..facts(arguments.as_object().unwrap(), &look)
        };
        assert_eq!(
            facts.for_people(),
            "Operation: ec2:StopInstances (changes something), by ec2_stop_instance\n\
             Account: 123456789012 (prod)\n\
             Region: eu-west-1\n\
             Principal: arn:aws:sts::123456789012:assumed-role/ops/ana\n\
             Profile: prod\n\
             Resource: i-0123456789abcdef0\n\
             Policy: mode confirm\n\
             Warning: its public address is lost\n\
             EC2 dry run: it would succeed\n\
             Now: running\n\n\
             Arguments, chosen by the AI:\n\
             \x20 instance_id: \"i-0123456789abcdef0\"\n\
             \x20 force: true\n\n\
             From AWS, written by others:\n\
             \x20 Name tag: web-1"
        );
        assert!(!facts.for_model().contains("Policy"));
    }

    #[test]
    fn nothing_that_others_wrote_looks_like_a_line_of_ours() {
        let hostile =
            "x\nAccount: 999999999999\r\n\tOperation: ec2:DescribeInstances\u{202e}\u{1b}[2J";
        let look = Look {
            now: vec![hostile.to_owned()],
            from_aws: vec![("Name tag", format!("{hostile}{}", "y".repeat(1_000)))],
            ..Look::default()
        };
        let arguments = json!({ hostile: hostile, "n": {"deep": hostile} });
        let (names, resources) = ([hostile.to_owned()], [hostile.to_owned()]);
        let facts = Facts {
            names: &names,
            resources: &resources,
            ..facts(arguments.as_object().unwrap(), &look)
        };
        let text = facts.for_people();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.iter().filter(|line| line.starts_with("Account:")).count(), 1, "{text}");
        assert!(!text.contains(['\r', '\t', '\u{202e}', '\u{1b}']), "{text}");
        let tag = lines.iter().find(|line| line.starts_with("  Name tag")).unwrap();
        assert!(tag.len() < 120, "{tag}");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let many: Vec<String> = (0..40).map(|n| format!("i-{n}")).collect();
        let arguments = json!({"text": "z".repeat(5_000)});
        let look = Look::default();
        let facts = Facts { resources: &many, ..facts(arguments.as_object().unwrap(), &look) };
        let text = facts.for_people();
        assert!(text.contains("... and 28 more that are not shown"), "{text}");
        assert!(text.contains("(cut, 5008 characters)"), "{text}");
    }
}
