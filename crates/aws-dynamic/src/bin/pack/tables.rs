//! The reviewed tables in data/: what people decided, a reason with each row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_dynamic::catalog::Effect;

use crate::Result;
use crate::levels::Levels;
use crate::models::{Model, Operation};

/// All three tables.
pub struct Tables {
    /// Verbs that are at least of an effect.
    rules: Vec<(String, Effect)>,
    effects: BTreeMap<Key, Decision>,
    actions: BTreeMap<Key, Vec<String>>,
}

type Key = (String, String);

/// What the rows of one operation say.
#[derive(Default)]
pub struct Decision {
    pub effect: Option<Effect>,
    pub conditions: Vec<(Effect, String)>,
}

/// In actions.tsv, every operation of the service that has no action otherwise.
const OTHERS: &str = "*";
/// In actions.tsv, the operation's HTTP method.
const METHOD: &str = "{METHOD}";

impl Tables {
    pub fn read(folder: &Path) -> Result<Self> {
        let mut rules: Vec<(String, Effect)> = Vec::new();
        let mut effects: BTreeMap<Key, Decision> = BTreeMap::new();
        let mut actions = BTreeMap::new();
        rows(folder, "rules.tsv", |[verb, effect, reason]: [&str; 3]| {
            filled(&[verb, reason])?;
            if rules.iter().any(|(other, _)| other == verb) {
                return Err(format!("{verb} stands twice"));
            }
            rules.push((verb.to_owned(), word(effect)?));
            Ok(())
        })?;
        rows(folder, "effects.tsv", |[service, operation, effect, when, reason]: [&str; 5]| {
            filled(&[service, operation, reason])?;
            let effect = word(effect)?;
            let decision = effects.entry((service.to_owned(), operation.to_owned())).or_default();
            if when.is_empty() {
                return match decision.effect.replace(effect) {
                    None => Ok(()),
                    Some(_) => Err(format!("{service}:{operation} is decided twice")),
                };
            }
            terms(when)?;
            if decision.conditions.iter().any(|(_, other)| other == when) {
                return Err(format!("{service}:{operation} has {when} twice"));
            }
            decision.conditions.push((effect, when.to_owned()));
            Ok(())
        })?;
        rows(folder, "actions.tsv", |[service, operation, needed, reason]: [&str; 4]| {
            filled(&[service, operation, reason])?;
            let needed = needed.split_ascii_whitespace().map(str::to_owned).collect();
            match actions.insert((service.to_owned(), operation.to_owned()), needed) {
                None => Ok(()),
                Some(_) => Err(format!("{service}:{operation} stands twice")),
            }
        })?;
        Ok(Self { rules, effects, actions })
    }

    /// Whether every row is of something that exists.
    pub fn check(&self, models: &[Model], levels: &Levels) -> Result<()> {
        let operations: BTreeMap<&str, &BTreeMap<String, Operation>> =
            models.iter().map(|model| (model.name.as_str(), &model.operations)).collect();
        let mut wrong = Vec::new();
        let keys = self.effects.keys().map(|key| ("effects.tsv", key));
        for (table, (service, operation)) in
            keys.chain(self.actions.keys().map(|key| ("actions.tsv", key)))
        {
            match operations.get(service.as_str()) {
                None => wrong.push(format!("{table}: there is no service {service}")),
                Some(_) if table == "actions.tsv" && operation == OTHERS => {}
                Some(operations) if operations.contains_key(operation) => {}
                Some(_) => wrong.push(format!("{table}: there is no {service}:{operation}")),
            }
        }
        for (key, needed) in &self.actions {
            let unknown =
                |action: &&String| !action.contains(METHOD) && levels.level(action).is_none();
            for action in needed.iter().filter(unknown) {
                wrong.push(format!("actions.tsv: IAM has no {action} ({}:{})", key.0, key.1));
            }
        }
        for model in models {
            for operation in model.operations.values() {
                for path in &operation.missing {
                    let (service, operation) = (&model.name, &operation.name);
                    wrong.push(format!("effects.tsv: {service}:{operation} takes no {path}"));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// The strongest effect that a verb rule gives, with the verb.
    pub fn rule(&self, operation: &str) -> Option<(&str, Effect)> {
        let begins = |verb: &str| {
            operation
                .strip_prefix(verb)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()))
        };
        let rules = self.rules.iter().filter(|(verb, _)| begins(verb));
        rules.map(|(verb, effect)| (verb.as_str(), *effect)).max_by_key(|(_, effect)| *effect)
    }

    /// What the reviewed rows say on an operation.
    pub fn decision(&self, service: &str, operation: &str) -> Option<&Decision> {
        self.effects.get(&(service.to_owned(), operation.to_owned()))
    }

    /// The IAM actions that were looked up by hand.
    pub fn actions(&self, service: &str, operation: &str) -> Option<Vec<String>> {
        self.actions.get(&(service.to_owned(), operation.to_owned())).cloned()
    }

    /// The actions of a service's operations that have no other.
    pub fn other_actions(&self, service: &str, method: &str) -> Option<Vec<String>> {
        let needed = self.actions.get(&(service.to_owned(), OTHERS.to_owned()))?;
        Some(needed.iter().map(|action| action.replace(METHOD, method)).collect())
    }

    /// The member paths that conditions of an operation use.
    pub fn paths<'a>(&'a self, service: &str, operation: &str) -> impl Iterator<Item = &'a str> {
        let conditions = self.decision(service, operation).map(|d| d.conditions.as_slice());
        let terms = conditions.unwrap_or_default().iter().flat_map(|(_, when)| when.split('&'));
        let paths: BTreeSet<_> = terms.map(path).collect();
        paths.into_iter()
    }
}

/// Hands the fields of each row to `each`; the header line and comments are left out.
fn rows<const N: usize>(
    folder: &Path,
    table: &str,
    mut each: impl FnMut([&str; N]) -> Result<()>,
) -> Result<()> {
    let text =
        std::fs::read_to_string(folder.join(table)).map_err(|error| format!("{table}: {error}"))?;
    let lines = text.lines().enumerate().filter(|(_, l)| !l.starts_with('#') && !l.is_empty());
    for (number, line) in lines.skip(1) {
        let at = |error| format!("{table}:{}: {error}", number + 1);
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let count = fields.len();
        let fields =
            <[&str; N]>::try_from(fields).map_err(|_| at(format!("{count} fields, not {N}")))?;
        each(fields).map_err(at)?;
    }
    Ok(())
}

fn filled(fields: &[&str]) -> Result<()> {
    if fields.iter().any(|field| field.is_empty()) {
        return Err("a field is empty, and each row has a reason".to_owned());
    }
    Ok(())
}

fn word(effect: &str) -> Result<Effect> {
    Effect::of_word(effect)
        .filter(|effect| *effect != Effect::Unknown)
        .ok_or_else(|| format!("{effect:?} is not an effect"))
}

/// Refuses a condition that could never hold as it was meant.
fn terms(when: &str) -> Result<()> {
    for term in when.split('&') {
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
        let path = path(term);
        let value = term.split_once('=').map_or("a value", |(_, value)| value.trim());
        if path.is_empty() || !path.chars().all(letters) || value.is_empty() || value.contains('=')
        {
            return Err(format!("{term:?} is not a condition"));
        }
    }
    Ok(())
}

fn path(term: &str) -> &str {
    let path = term.split_once('=').map_or(term, |(path, _)| path);
    path.strip_suffix('!').unwrap_or(path).trim()
}
