//! What an operation does that nobody reviewed. Its model was written by a stranger, so nothing of it
//! makes it harmless alone: a read is what the model marks as one and what its verb calls one.

use std::collections::BTreeSet;

use crate::catalog::{Effect, Index, Retry};
use crate::import::facts::{Operation, Service};

/// Verbs that are at least of an effect, reviewed for all services.
const RULES: &str = include_str!("../../../data/rules.tsv");

const READS: [&str; 10] =
    ["Count", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search", "Select"];
/// The next word tells.
const BEFORE: [&str; 3] = ["Admin", "Batch", "Transact"];
/// Words of a name whose answer may be a secret.
const SECRETS: [&str; 14] = [
    "Auth",
    "Authorization",
    "Credential",
    "Credentials",
    "Login",
    "Password",
    "Passwords",
    "Presigned",
    "Private",
    "Secret",
    "Secrets",
    "Signed",
    "Token",
    "Tokens",
];

/// The verbs of all operations that are known.
pub(super) struct Verbs<'i>(BTreeSet<&'i str>);

/// What was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub effect: Effect,
    pub changes: bool,
    pub retry: Retry,
}

impl<'i> Verbs<'i> {
    pub fn of(index: &'i Index) -> Self {
        let operations = index.services().iter().flat_map(|service| service.operations());
        Self(operations.map(|operation| verb(operation.name())).collect())
    }

    /// Judges a new operation by its names, its method and its model's marks.
    pub fn judge(&self, name: &str, operation: &Operation, is_rest: bool) -> Judged {
        let wire = operation.wire_name.as_str();
        let effect = self.effect(name, operation, is_rest);
        // What is sent counts as much as what it is called.
        let effect = effect.max(if wire == name {
            Effect::Read
        } else {
            self.effect(wire, operation, is_rest)
        });
        let changes = effect != Effect::Read;
        Judged { effect, changes, retry: Retry::No }
    }

    fn effect(&self, name: &str, operation: &Operation, is_rest: bool) -> Effect {
        let method = operation.http_method.as_str();
        let verb = verb(name);
        let reads = READS.contains(&verb);
        let rule = rule(name).unwrap_or(Effect::Read);
        let looks = !is_rest || matches!(method, "GET" | "HEAD" | "POST");
        let is_marked = operation.is_readonly && !operation.is_idempotent;
        let base = match (reads, is_marked) {
            (true, true) if looks => Effect::Read,
            (true, _) => Effect::Write,
            // The mark says that it looks, the verb that it does not: a verb whose effect is known
            // tells, else nobody does.
            (false, true) if rule == Effect::Read => Effect::Unknown,
            (false, _) if rule > Effect::Read || self.0.contains(verb) => Effect::Write,
            (false, _) => Effect::Unknown,
        };
        let secret = if words(name).any(|word| SECRETS.contains(&word)) && reads {
            Effect::Secret
        } else {
            Effect::Read
        };
        base.max(rule).max(secret).max(of_method(name, operation, is_rest))
    }
}

/// What the method alone says. A tag that was taken off is put on again.
pub(super) fn of_method(name: &str, operation: &Operation, is_rest: bool) -> Effect {
    match operation.http_method.as_str() {
        "DELETE" if is_rest && first_word(name).0 != "Untag" => Effect::Destructive,
        "PUT" | "PATCH" | "DELETE" if is_rest => Effect::Write,
        _ => Effect::Read,
    }
}

/// Why a changing operation may be sent again, by its model: a mark, or a token of its input.
pub(super) fn retry(service: &Service, operation: &Operation, changes: bool) -> Retry {
    let input = operation.input.as_ref().and_then(|input| service.shapes.get(&input.shape));
    let has_token =
        input.is_some_and(|shape| shape.members.iter().any(|member| member.is_idempotency_token));
    match (changes, operation.is_idempotent, has_token) {
        (false, _, _) => Retry::Read,
        (true, true, _) => Retry::Idempotent,
        (true, false, true) => Retry::Token,
        (true, false, false) => Retry::No,
    }
}

/// The strongest effect that a reviewed verb gives.
fn rule(name: &str) -> Option<Effect> {
    let rows = RULES.lines().filter(|line| !line.starts_with('#'));
    let rules = rows.filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, Effect::of_word(fields.next()?)?))
    });
    let begins = |verb: &str| {
        name.strip_prefix(verb)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()))
    };
    rules.filter(|(verb, _)| begins(verb)).map(|(_, effect)| effect).max()
}

/// The word that says what is done.
fn verb(name: &str) -> &str {
    let (first, rest) = first_word(name);
    if BEFORE.contains(&first) { first_word(rest).0 } else { first }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let (word, after) = first_word(rest);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// The first word of a camel-case name, and what follows it.
fn first_word(name: &str) -> (&str, &str) {
    let end = name.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase());
    name.split_at_checked(end.map_or(name.len(), |(at, _)| at)).unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, method: &str, is_readonly: bool, expected: Effect) {
        let index = Index::embedded().unwrap();
        let mut operation = super::super::tests::operation(name);
        operation.http_method = method.to_owned();
        operation.is_readonly = is_readonly;
        let judged = Verbs::of(index).judge(name, &operation, true);
        assert_eq!(judged.effect, expected, "{name} {method} {is_readonly}");
        assert_eq!(judged.changes, expected != Effect::Read, "{name}");
    }

    #[test]
    fn a_read_is_one_by_its_mark_and_by_its_verb() {
        check("ListThings", "GET", true, Effect::Read);
        check("ListThings", "POST", true, Effect::Read);
        check("BatchGetThing", "POST", true, Effect::Read);
        check("ListThings", "GET", false, Effect::Write);
        check("ListThings", "PUT", true, Effect::Write);
        check("ListThings", "DELETE", true, Effect::Destructive);
    }

    #[test]
    fn misleading_marks_and_methods_make_nothing_harmless() {
        check("DeleteThing", "GET", true, Effect::Destructive);
        check("TerminateThing", "GET", false, Effect::Destructive);
        check("TerminateThing", "GET", true, Effect::Destructive);
        check("BatchDeleteThing", "POST", true, Effect::Destructive);
        check("StartThing", "GET", true, Effect::Unknown);
        check("StartThing", "GET", false, Effect::Write);
        check("StartThing", "DELETE", false, Effect::Destructive);
        check("Frobnicate", "GET", true, Effect::Unknown);
        check("Frobnicate", "POST", false, Effect::Unknown);
        check("Listing", "GET", true, Effect::Unknown);
        check("GetThingCredentials", "GET", true, Effect::Secret);
        check("GetCredentialsForThing", "GET", true, Effect::Secret);
        check("AssumeThing", "GET", true, Effect::Secret);
        check("GrantThing", "POST", true, Effect::Grant);
        check("UntagThing", "DELETE", false, Effect::Write);
    }

    #[test]
    fn what_is_sent_counts_as_much_as_the_name() {
        let index = Index::embedded().unwrap();
        let mut operation = super::super::tests::operation("ListThings");
        operation.is_readonly = true;
        operation.wire_name = "DeleteThing".to_owned();
        let judged = Verbs::of(index).judge("ListThings", &operation, false);
        assert_eq!(judged.effect, Effect::Destructive);
    }

    #[test]
    fn every_row_of_the_reviewed_verbs_is_read() {
        let rows: Vec<&str> = RULES.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(rows.len() > 50);
        for row in rows.iter().skip(1) {
            let verb = row.split('\t').next().unwrap();
            assert!(rule(verb) > Some(Effect::Write), "{row}");
        }
    }
}
