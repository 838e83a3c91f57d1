//! What is odd about a policy: rules that do nothing, names that nobody has. A rule that never fires
//! looks like protection, so that somebody must say that it is none.

use std::collections::BTreeSet;

use aws_dynamic::catalog::{Effect, Index, Operation, Service};

use super::called::{any_names, has_name, means_only, own_names};
use super::verdict::label;
use crate::accounts::Region;
use crate::config::{Over, Policy, Rule};
use crate::error::{echo, nearest};

/// What a policy resolves to, and what is odd about it; one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    pub resolved: Vec<String>,
    pub findings: Vec<String>,
}

/// Reviews a policy against the operations that are known. `accounts` are the names of the account
/// registry; without one, names are taken as they are.
pub fn review(policy: &Policy, index: &Index, accounts: Option<&[&str]>) -> Review {
    let mut reviewer = Reviewer { catalog: Catalog::new(index), review: Review::default() };
    let allowlist = policy.allowlist.as_deref();
    reviewer.list("services.allowlist", allowlist.unwrap_or_default(), Sense::Looser);
    reviewer.list("services.denylist", &policy.denylist, Sense::Stricter);
    for entry in &policy.denylist {
        let allowed = allowlist.unwrap_or_default();
        if allowed.iter().any(|allowed| reviewer.catalog.share(allowed, entry)) {
            reviewer.find(format!("services: {entry} is on both lists; it is denied"));
        }
    }
    let listed = reviewer.catalog.denied_by_lists(policy);
    let denylisted = reviewer.catalog.on(&policy.denylist);
    let deny = reviewer.rules("rules.deny", &policy.deny, Sense::Stricter);
    let confirm = reviewer.rules("rules.confirm", &policy.confirm, Sense::Stricter);
    let allow = reviewer.rules("rules.allow", &policy.allow, Sense::Looser);
    reviewer.rules("reveal", policy.reveal.as_deref().unwrap_or_default(), Sense::Looser);

    reviewer.shadowed(&deny, &denylisted, "services.denylist");
    let denied: Set = deny.iter().flat_map(|rule| &rule.covers).chain(&listed).copied().collect();
    reviewer.shadowed(&confirm, &denied, "the policy");
    let asked = confirm.iter().flat_map(|rule| &rule.covers).chain(&denied).copied().collect();
    reviewer.frees_nothing(&allow, &asked);

    for account in &policy.accounts {
        reviewer.account(&account.name, accounts);
        for region in account.regions.iter().flatten() {
            if Region::parse(region).is_err() {
                let name = &account.name;
                reviewer.find(format!("accounts.{name}: {} is no AWS region", echo(region)));
            }
        }
    }
    reviewer.review
}

/// Which way a rule or a list moves a verdict; that decides which names count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Stricter,
    Looser,
}

/// Positions in [`Catalog::operations`].
type Set = BTreeSet<usize>;

/// A rule, and what it covers.
struct Resolved {
    label: String,
    text: String,
    covers: Set,
}

/// Every operation there is, with the names of its service spelled out once.
struct Catalog<'a> {
    index: &'a Index,
    services: Vec<Names<'a>>,
    operations: Vec<(usize, &'a Operation)>,
}

struct Names<'a> {
    service: &'a Service,
    any: Vec<String>,
    own: Vec<String>,
}

impl<'a> Catalog<'a> {
    fn new(index: &'a Index) -> Self {
        let names = |service: &'a Service| Names {
            service,
            any: any_names(service).map(String::from).collect(),
            own: own_names(index, service).map(String::from).collect(),
        };
        let services: Vec<_> = index.services().iter().map(names).collect();
        let operations = services
            .iter()
            .enumerate()
            .flat_map(|(at, names)| names.service.operations().iter().map(move |o| (at, o)))
            .collect();
        Self { index, services, operations }
    }

    fn covered_by(&self, rule: &Rule, sense: Sense) -> Set {
        let all = self.operations.iter().enumerate();
        all.filter(|(_, operation)| self.covers(rule, sense, operation)).map(|(i, _)| i).collect()
    }

    fn matches_any(&self, rule: &Rule, sense: Sense) -> bool {
        self.operations.iter().any(|operation| self.covers(rule, sense, operation))
    }

    fn covers(&self, rule: &Rule, sense: Sense, (at, operation): &(usize, &Operation)) -> bool {
        if rule.over() == Over::Operation {
            return rule.matches_operation(operation.name());
        }
        self.services.get(*at).is_some_and(|names| {
            let names = match sense {
                Sense::Stricter => &names.any,
                Sense::Looser => &names.own,
            };
            names.iter().any(|name| rule.matches(name, operation.name()))
        })
    }

    /// The services that an entry of a list names.
    fn named(&self, entry: &str, sense: Sense) -> Vec<&'a Service> {
        let services = self.services.iter().map(|names| names.service);
        match sense {
            Sense::Stricter => services.filter(|service| has_name(service, entry)).collect(),
            Sense::Looser => {
                services.filter(|service| means_only(self.index, entry, service)).collect()
            }
        }
    }

    fn share(&self, allowed: &str, denied: &str) -> bool {
        self.named(allowed, Sense::Looser).iter().any(|service| has_name(service, denied))
    }

    fn on(&self, denylist: &[String]) -> Set {
        self.of_services(|service| denylist.iter().any(|entry| has_name(service, entry)))
    }

    /// What the denylist or the absence from an allowlist denies.
    fn denied_by_lists(&self, policy: &Policy) -> Set {
        let missing = |service: &Service| {
            policy.allowlist.as_ref().is_some_and(|list| {
                !list.iter().any(|entry| means_only(self.index, entry, service))
            })
        };
        let denied = self.on(&policy.denylist);
        denied.union(&self.of_services(missing)).copied().collect()
    }

    fn of_services(&self, which: impl Fn(&Service) -> bool) -> Set {
        let chosen: Vec<bool> = self.services.iter().map(|names| which(names.service)).collect();
        let all = self.operations.iter().enumerate();
        all.filter(|(_, (at, _))| chosen.get(*at) == Some(&true)).map(|(i, _)| i).collect()
    }

    fn name(&self, at: usize) -> String {
        let named = self.operations.get(at).and_then(|(service, operation)| {
            let service = self.services.get(*service)?.service;
            Some(format!("{}:{}", service.name(), operation.name()))
        });
        named.unwrap_or_default()
    }

    /// Whether some arguments make the operation a plain write, which is all that `allow` frees.
    fn can_be_a_plain_write(&self, at: &usize) -> bool {
        self.operations.get(*at).is_some_and(|(_, operation)| {
            operation.weakest() <= Effect::Write && operation.effect() >= Effect::Write
        })
    }
}

struct Reviewer<'a> {
    catalog: Catalog<'a>,
    review: Review,
}

impl Reviewer<'_> {
    fn find(&mut self, finding: String) {
        self.review.findings.push(finding);
    }

    fn list(&mut self, place: &str, entries: &[String], sense: Sense) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for entry in entries {
            let named = self.catalog.named(entry, sense);
            let names: Vec<&str> = named.iter().map(|service| service.name()).collect();
            let count: usize = named.iter().map(|service| service.operations().len()).sum();
            let line = format!("{place} {entry}: {} ({})", names.join(", "), operations(count));
            if named.is_empty() {
                let finding = self.no_service(entry);
                self.find(format!("{place}: {finding}"));
            } else {
                self.review.resolved.push(line);
            }
            let new = names.iter().filter(|name| seen.insert(name)).count();
            if new == 0 && !names.is_empty() {
                self.find(format!("{place}: {entry} is named twice"));
            }
        }
    }

    /// What is wrong with a service's name that nothing goes by.
    fn no_service(&self, name: &str) -> String {
        let several = self.catalog.named(name, Sense::Stricter);
        if !several.is_empty() {
            let names: Vec<&str> = several.iter().map(|service| service.name()).collect();
            return format!("{} may mean any of {}", echo(name), names.join(", "));
        }
        let known = self.catalog.services.iter().flat_map(|names| &names.any);
        let near = nearest(name, known.map(String::as_str))
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        format!("no service is called {}{near}", echo(name))
    }

    fn rules(&mut self, place: &str, rules: &[Rule], sense: Sense) -> Vec<Resolved> {
        let resolve = |(index, rule): (usize, &Rule)| {
            let label = label(place, index, rule);
            let covers = self.catalog.covered_by(rule, sense);
            let examples: Vec<String> =
                covers.iter().take(3).map(|at| self.catalog.name(*at)).collect();
            let more = if covers.len() > examples.len() { ", ..." } else { "" };
            self.review.resolved.push(match covers.len() {
                0 => format!("{label}: no operation"),
                count => format!("{label}: {}: {}{more}", operations(count), examples.join(", ")),
            });
            if covers.is_empty() {
                let why = self.why_nothing(rule, sense);
                self.find(format!("{label} matches no known operation{why}"));
            } else {
                self.dead_branches(&label, rule, sense);
            }
            Resolved { label, text: rule.text().to_ascii_lowercase(), covers }
        };
        rules.iter().enumerate().map(resolve).collect()
    }

    fn why_nothing(&self, rule: &Rule, sense: Sense) -> String {
        if rule.text().trim_start_matches('^').contains('^') {
            return "; a rule is anchored at both ends already: take the ^ out".to_owned();
        }
        // The beginning of a name is the commonest slip.
        let longer = Rule::parse(&format!("{}.*", rule.text()));
        let begins = longer.is_ok_and(|longer| self.catalog.matches_any(&longer, sense));
        let whole = || format!("; rules match the whole name: write {}.*", rule.text());
        let Some((service, operation)) = rule.text().trim_start_matches('^').split_once(':') else {
            return if begins { whole() } else { String::new() };
        };
        if !is_a_name(service) {
            return String::new();
        }
        let service = match self.catalog.named(service, sense).first() {
            Some(service) => *service,
            None => return format!(": {}", self.no_service(service)),
        };
        let operation = operation.trim_end_matches('$');
        let near = match service.operation(operation) {
            Some(same) => Some(same.name()),
            None => nearest(operation, service.operations().iter().map(Operation::name))
                .filter(|_| is_a_name(operation)),
        };
        match near {
            Some(near) if !begins || near.len() <= operation.len() + 2 => {
                format!("; did you mean {}:{near}?", service.name())
            }
            _ if begins => whole(),
            _ => String::new(),
        }
    }

    fn dead_branches(&mut self, label: &str, rule: &Rule, sense: Sense) {
        for (branch, alone) in rule.branches() {
            if self.catalog.matches_any(&alone, sense) {
                continue;
            }
            let why = match (rule.over(), branch.contains(':')) {
                (Over::ServiceAndOperation, false) => {
                    "; in a rule with a \":\" it is matched against service:operation"
                }
                _ => "",
            };
            let branch = echo(&branch);
            self.find(format!("{label}: the branch {branch} matches no known operation{why}"));
        }
    }

    /// Rules that add nothing to stricter ones, or to one of their own list.
    fn shadowed(&mut self, rules: &[Resolved], stricter: &Set, by: &str) {
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.covers.is_empty()) {
            if rule.covers.is_subset(stricter) {
                self.find(format!("{} is shadowed: {by} denies all that it matches", rule.label));
            } else {
                self.covered_in_its_list(rules, at, rule);
            }
        }
    }

    fn covered_in_its_list(&mut self, rules: &[Resolved], at: usize, rule: &Resolved) {
        // Of two that cover the same the later one is told of.
        let other = rules.iter().enumerate().find(|(other_at, other)| {
            *other_at != at
                && rule.covers.is_subset(&other.covers)
                && (other.covers.len() > rule.covers.len() || *other_at < at)
        });
        if let Some((_, other)) = other {
            let what = if other.text == rule.text { "is there twice" } else { "is shadowed" };
            self.find(format!("{} {what}: {} covers all of it", rule.label, other.label));
        }
    }

    /// `allow` frees plain writes that nothing stricter covers.
    fn frees_nothing(&mut self, rules: &[Resolved], stricter: &Set) {
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.covers.is_empty()) {
            let is_write = |at: &&usize| self.catalog.can_be_a_plain_write(at);
            let writes: Set = rule.covers.iter().filter(is_write).copied().collect();
            let label = &rule.label;
            if writes.is_empty() {
                self.find(format!("{label} frees nothing: none of it is ever a plain write"));
            } else if writes.is_subset(stricter) {
                self.find(format!("{label} is shadowed: all of its writes are asked or denied"));
            } else {
                self.covered_in_its_list(rules, at, rule);
            }
        }
    }

    fn account(&mut self, name: &str, known: Option<&[&str]>) {
        let is_id = name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
        if name == "*" {
            self.find(
                "accounts: \"*\" names no account; the policy's own mode is for all others"
                    .to_owned(),
            );
        } else if let (false, Some(known)) = (is_id, known)
            && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            let near = nearest(name, known.iter().copied())
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let name = echo(name);
            self.find(format!("accounts: {name} is neither a 12-digit id nor a known name{near}"));
        }
    }
}

fn is_a_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b' '))
}

fn operations(count: usize) -> String {
    match count {
        1 => "1 operation".to_owned(),
        more => format!("{more} operations"),
    }
}

#[cfg(test)]
mod tests;
