//! What an operation does, from all that is known of it. Sources that disagree are settled for the
//! stricter and named, so that a person can look at them.

use aws_dynamic::catalog::{Effect, Retry};

use crate::levels::{Level, Levels};
use crate::models::{Model, Operation};
use crate::names;
use crate::tables::Tables;

/// An operation's effect and how it came to it.
pub struct Judged {
    pub service: String,
    pub operation: String,
    pub effect: Effect,
    pub conditions: Vec<(Effect, String)>,
    pub changes: bool,
    pub retry: Retry,
    pub actions: Vec<String>,
    /// What the sources do not agree on, if anything, and how it was settled.
    pub doubt: Option<String>,
    source: &'static str,
    level: Option<Level>,
    method: String,
    readonly: bool,
    rule: String,
}

impl Judged {
    /// The effect that the worst arguments give.
    pub fn strongest(&self) -> Effect {
        self.conditions.iter().fold(self.effect, |strongest, (effect, _)| strongest.max(*effect))
    }

    /// A line for people: service, operation, effect, conditions, source of the effect, IAM level,
    /// botocore's `readonly`, method, verb rule, retry, actions.
    pub fn row(&self) -> String {
        let conditions: Vec<_> =
            self.conditions.iter().map(|(e, when)| format!("{} if {when}", e.word())).collect();
        [
            self.service.as_str(),
            &self.operation,
            self.effect.word(),
            &conditions.join("; "),
            self.source,
            self.level.map_or("-", Level::word),
            if self.readonly { "readonly" } else { "-" },
            &self.method,
            &self.rule,
            self.retry.word(),
            &self.actions.join(" "),
        ]
        .join("\t")
    }
}

/// What the first word of a name promises.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// It looks.
    Reads,
    /// It computes, tests or exports: mostly harmless, and worth a look.
    Unsure,
    /// Anything else.
    Changes,
}

const READS: [&str; 10] =
    ["Count", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search", "Select"];
const UNSURE: [&str; 41] = [
    "Analyze",
    "Autocomplete",
    "Calculate",
    "Carrier",
    "Check",
    "Classify",
    "Compare",
    "Contains",
    "Detect",
    "Discover",
    "Domain",
    "Download",
    "Estimate",
    "Evaluate",
    "Export",
    "Filter",
    "Forecast",
    "Geocode",
    "Infer",
    "Is",
    "Optimize",
    "Phone",
    "Predict",
    "Preview",
    "Probe",
    "Read",
    "Recognize",
    "Render",
    "Rescore",
    "Resolve",
    "Retrieve",
    "Reverse",
    "Simulate",
    "Snap",
    "Suggest",
    "Synthesize",
    "Test",
    "Translate",
    "Validate",
    "Verify",
    "View",
];
/// The next word tells.
const BEFORE: [&str; 3] = ["Admin", "Batch", "Transact"];

pub fn judge(model: &Model, operation: &Operation, levels: &Levels, tables: &Tables) -> Judged {
    let (actions, level) = actions(model, operation, levels, tables);
    let verb = verb(&operation.name);
    let based = base(model, operation, level, verb);
    let rule = tables.rule(&operation.name);
    let decision = tables.decision(&model.name, &operation.name);
    let decided = decision.and_then(|decision| decision.effect);

    let ruled = based.effect.max(rule.map_or(Effect::Read, |(_, effect)| effect));
    let effect = decided.unwrap_or(ruled);
    let conditions = decision.map(|d| d.conditions.clone()).unwrap_or_default();
    let changing = |effect| matches!(effect, Effect::Write | Effect::Destructive);
    // Only a person's word makes a write a read. That an answer is secret, or gives access, says
    // nothing on whether something changes.
    let changes = match decided {
        Some(Effect::Read) => false,
        Some(decided) if changing(decided) => true,
        _ => based.effect != Effect::Read || rule.is_some_and(|(_, effect)| changing(effect)),
    } || conditions.iter().any(|(effect, _)| changing(*effect));
    let retry = match (changes, operation.idempotent, operation.token) {
        (false, _, _) => Retry::Read,
        (true, true, _) => Retry::Idempotent,
        (true, false, true) => Retry::Token,
        (true, false, false) => Retry::No,
    };
    let mut doubts = based.doubts;
    if let Some((verb, ruled)) =
        rule.filter(|(_, ruled)| based.effect == Effect::Read && *ruled > Effect::Read)
    {
        doubts.push(format!(
            "{} by its source, {} by its verb {verb}",
            based.effect.word(),
            ruled.word()
        ));
    }
    let doubt = (!doubts.is_empty()).then(|| match decided {
        Some(decided) => format!("{}: reviewed, {}", doubts.join("; "), decided.word()),
        None => format!("{}: {}", doubts.join("; "), effect.word()),
    });
    Judged {
        service: model.name.clone(),
        operation: operation.name.clone(),
        effect,
        conditions,
        changes,
        retry,
        actions,
        doubt,
        source: if decided.is_some() { "reviewed" } else { based.source },
        level,
        method: operation.method.clone(),
        readonly: operation.readonly,
        rule: rule.map_or("-".to_owned(), |(verb, effect)| format!("{verb}={}", effect.word())),
    }
}

/// The IAM actions of an operation: the ones that were looked up, else the one of its name. Where
/// there are several, the strongest tells the level.
fn actions(
    model: &Model,
    operation: &Operation,
    levels: &Levels,
    tables: &Tables,
) -> (Vec<String>, Option<Level>) {
    let named = || {
        let prefixes = names::prefixes(model, levels);
        prefixes.iter().find_map(|prefix| levels.action(prefix, &operation.name))
    };
    let needed = tables
        .actions(&model.name, &operation.name)
        .or_else(|| named().map(|(action, _)| vec![action]))
        .or_else(|| tables.other_actions(&model.name, &operation.method))
        .unwrap_or_default();
    let needed: Vec<_> = needed.into_iter().filter(|a| levels.level(a).is_some()).collect();
    let level = needed.iter().filter_map(|action| levels.level(action)).max();
    (needed, level)
}

struct Base {
    effect: Effect,
    source: &'static str,
    doubts: Vec<String>,
}

fn base(model: &Model, operation: &Operation, level: Option<Level>, verb: Verb) -> Base {
    let method = operation.method.as_str();
    let looks = model.rest && matches!(method, "GET" | "HEAD");
    let (mut effect, source) = match level {
        Some(Level::Read) => (Effect::Read, "iam"),
        Some(Level::Write) => (Effect::Write, "iam"),
        Some(Level::Grant) => (Effect::Grant, "iam"),
        None if operation.readonly => (Effect::Read, "readonly"),
        None if looks && verb == Verb::Reads => (Effect::Read, "method"),
        None => (Effect::Write, "none"),
    };
    let mut doubts = Vec::new();
    let mut doubt = |holds: bool, words: &str| {
        if holds {
            doubts.push(words.to_owned());
        }
        holds
    };
    match effect {
        Effect::Read => {
            let changing =
                doubt(verb == Verb::Changes, &format!("{source} says read, the verb a change"));
            let sent = matches!(method, "PUT" | "PATCH" | "DELETE");
            if doubt(sent, &format!("{source} says read, the method is {method}")) || changing {
                effect = Effect::Write;
            }
            let alone = verb == Verb::Unsure && !looks && !(operation.readonly && level.is_some());
            doubt(alone, &format!("only {source} says read, and the verb is not one of reading"));
        }
        _ => {
            let hint = operation.readonly;
            doubt(hint, "IAM says write, the model is readonly");
            doubt(looks, &format!("{source} says write, the method is {method}"));
            let words = match source {
                "none" => "nothing but the verb says read",
                _ => "IAM says write, the verb read",
            };
            doubt(verb == Verb::Reads && !hint && !looks, words);
        }
    }
    // A tag that was taken off is put on again.
    if method == "DELETE" && first_word(&operation.name).0 != "Untag" {
        effect = effect.max(Effect::Destructive);
    }
    Base { effect, source, doubts }
}

fn verb(name: &str) -> Verb {
    let (mut first, rest) = first_word(name);
    if BEFORE.contains(&first) {
        (first, _) = first_word(rest);
    }
    if READS.contains(&first) {
        Verb::Reads
    } else if UNSURE.contains(&first) {
        Verb::Unsure
    } else {
        Verb::Changes
    }
}

/// The first word of a camel-case name, and what follows it.
fn first_word(name: &str) -> (&str, &str) {
    let end = name.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase());
    name.split_at_checked(end.map_or(name.len(), |(at, _)| at)).unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        name: &str,
        method: &str,
        readonly: bool,
        level: Option<Level>,
        expected: (Effect, bool),
    ) {
        let operation = Operation {
            name: name.to_owned(),
            method: method.to_owned(),
            readonly,
            idempotent: false,
            token: false,
            sensitive: Default::default(),
            missing: Vec::new(),
        };
        let model = Model {
            name: "a".to_owned(),
            folder: "a".to_owned(),
            id: "A".to_owned(),
            signing_name: "a".to_owned(),
            endpoint_prefix: "a".to_owned(),
            rest: method != "POST",
            operations: Default::default(),
        };
        let based = base(&model, &operation, level, verb(name));
        assert_eq!((based.effect, !based.doubts.is_empty()), expected, "{name} {method} {level:?}");
    }

    #[test]
    fn sources_that_agree_leave_no_doubt() {
        check("GetThing", "GET", false, Some(Level::Read), (Effect::Read, false));
        check("BatchGetThing", "POST", false, Some(Level::Read), (Effect::Read, false));
        check("PutThing", "PUT", false, Some(Level::Write), (Effect::Write, false));
        check("PutThing", "POST", false, Some(Level::Grant), (Effect::Grant, false));
        check("DeleteThing", "DELETE", false, Some(Level::Write), (Effect::Destructive, false));
        check("ListThings", "GET", false, None, (Effect::Read, false));
        check("SearchThings", "POST", true, None, (Effect::Read, false));
        check("PutThing", "POST", false, None, (Effect::Write, false));
        check("StopThing", "DELETE", false, None, (Effect::Destructive, false));
        check("UntagResource", "DELETE", false, None, (Effect::Write, false));
    }

    #[test]
    fn sources_that_disagree_are_settled_for_the_stricter_and_named() {
        check("StartThing", "POST", false, Some(Level::Read), (Effect::Write, true));
        check("BatchStartThing", "POST", false, Some(Level::Read), (Effect::Write, true));
        check("GetThing", "PUT", false, Some(Level::Read), (Effect::Write, true));
        check("GetThing", "DELETE", false, Some(Level::Read), (Effect::Destructive, true));
        check("GetThing", "GET", true, Some(Level::Write), (Effect::Write, true));
        check("GetThing", "POST", false, Some(Level::Grant), (Effect::Grant, true));
        check("GetThing", "POST", false, None, (Effect::Write, true));
        check("StartThing", "POST", true, None, (Effect::Write, true));
        check("StartThing", "GET", false, None, (Effect::Write, true));
        check("TestThing", "POST", false, Some(Level::Read), (Effect::Read, true));
    }
}
