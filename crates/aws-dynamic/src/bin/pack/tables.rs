//! The reviewed tables in data/: what people decided, a reason with each row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_dynamic::catalog::Effect;

use crate::Result;
use crate::levels::Levels;
use crate::models::{Model, Operation};

/// All three tables.
#[derive(Default)]
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
        let text = |table: &str| {
            std::fs::read_to_string(folder.join(table)).map_err(|error| format!("{table}: {error}"))
        };
        Self::of_texts(&text("rules.tsv")?, &text("effects.tsv")?, &text("actions.tsv")?)
    }

    fn of_texts(rules: &str, effects: &str, actions: &str) -> Result<Self> {
        let mut tables = Self::default();
        rows("rules.tsv", rules, |[verb, effect, reason]: [&str; 3]| {
            filled(&[verb, reason])?;
            if tables.rules.iter().any(|(other, _)| other == verb) {
                return Err(format!("{verb} stands twice"));
            }
            tables.rules.push((verb.to_owned(), word(effect)?));
            Ok(())
        })?;
        rows("effects.tsv", effects, |[service, operation, effect, when, reason]: [&str; 5]| {
            filled(&[service, operation, reason])?;
            let effect = word(effect)?;
            let decision =
                tables.effects.entry((service.to_owned(), operation.to_owned())).or_default();
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
        rows("actions.tsv", actions, |[service, operation, needed, reason]: [&str; 4]| {
            filled(&[service, operation, reason])?;
            let needed = needed.split_ascii_whitespace().map(str::to_owned).collect();
            match tables.actions.insert((service.to_owned(), operation.to_owned()), needed) {
                None => Ok(()),
                Some(_) => Err(format!("{service}:{operation} stands twice")),
            }
        })?;
        Ok(tables)
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
    table: &str,
    text: &str,
    mut each: impl FnMut([&str; N]) -> Result<()>,
) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "verb\teffect\treason\n";
    const EFFECTS: &str = "service\toperation\teffect\twhen\treason\n";
    const ACTIONS: &str = "service\toperation\tactions\treason\n";

    fn read(rules: &str, effects: &str, actions: &str) -> Result<Tables> {
        let [rules, effects, actions] =
            [[RULES, rules], [EFFECTS, effects], [ACTIONS, actions]].map(|parts| parts.concat());
        Tables::of_texts(&rules, &effects, &actions)
    }

    fn refused(rules: &str, effects: &str, actions: &str, expected: &str) {
        let error = read(rules, effects, actions).err().unwrap_or_default();
        assert!(error.contains(expected), "{error:?} is not {expected:?}");
    }

    #[test]
    fn a_row_that_cannot_be_meant_is_refused() {
        refused("Delete\tgone\tr\n", "", "", "rules.tsv:2: \"gone\" is not an effect");
        refused("Delete\twrite\t\n", "", "", "rules.tsv:2: a field is empty");
        refused("Delete\twrite\n", "", "", "rules.tsv:2: 2 fields, not 3");
        refused("D\twrite\tr\n# x\nD\tgrant\tr\n", "", "", "rules.tsv:4: D stands twice");
        refused("", "a\tB\tunknown\t\tr\n", "", "\"unknown\" is not an effect");
        refused("", "a\tB\tread\t\tr\na\tB\twrite\t\tr\n", "", "a:B is decided twice");
        refused("", "a\tB\tread\tx=1\tr\na\tB\twrite\tx=1\tr\n", "", "a:B has x=1 twice");
        refused("", "a\tB\tread\tx=\tr\n", "", "\"x=\" is not a condition");
        refused("", "a\tB\tread\tx>1\tr\n", "", "\"x>1\" is not a condition");
        refused("", "a\tB\tread\tx&\tr\n", "", "\"\" is not a condition");
        refused("", "a\tB\tread\t\t\n", "", "a field is empty");
        refused("", "", "a\tB\ta:B\tr\na\tB\ta:C\tr\n", "a:B stands twice");
    }

    #[test]
    fn the_strongest_rule_whose_verb_is_whole_words_decides() {
        let rules = "Delete\tdestructive\tr\nDeletePolicy\tgrant\tr\nPut\twrite\tr\n";
        let tables = read(rules, "", "").unwrap();
        let effect = |operation| tables.rule(operation).map(|(_, effect)| effect);
        assert_eq!(effect("DeleteThing"), Some(Effect::Destructive));
        assert_eq!(effect("Delete"), Some(Effect::Destructive));
        assert_eq!(effect("DeletePolicy2"), Some(Effect::Grant));
        assert_eq!(effect("Deleted"), None);
        assert_eq!(effect("PutThing"), Some(Effect::Write));
        assert_eq!(effect("OutputThing"), None);
    }

    #[test]
    fn members_that_conditions_name_are_known() {
        let tables = read("", "a\tB\twrite\tx.y!=1&z\tr\na\tB\tgrant\tz=2\tr\n", "").unwrap();
        assert_eq!(tables.paths("a", "B").collect::<Vec<_>>(), ["x.y", "z"]);
        assert_eq!(tables.paths("a", "C").count(), 0);
    }
}
