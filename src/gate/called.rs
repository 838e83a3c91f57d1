//! An AWS operation by the name that somebody gave it, and which rules and lists cover it. What makes
//! things stricter matches by every name that a service has; what makes them looser only by a name
//! that no other service has.

use std::borrow::Cow;
use std::iter;

use aws_dynamic::catalog::{Index, Operation, Service};

use crate::config::{Over, Rule};

/// An operation by its name, resolved as far as it is known.
#[derive(Clone, Debug)]
pub struct Called<'a> {
    index: &'a Index,
    /// None if nobody knows the name, several if it means several.
    services: Vec<&'a Service>,
    operation: Option<&'a Operation>,
    /// As they were written.
    said: (&'a str, &'a str),
}

impl<'a> Called<'a> {
    /// Resolves `service:Operation`. A name that is not known is judged as `unknown`.
    pub fn of(index: &'a Index, name: &'a str) -> Self {
        let (service, operation) = name.split_once(':').unwrap_or(("", name));
        let services = index.services_called(service);
        let found = match services.as_slice() {
            [only] => only.operation(operation),
            _ => None,
        };
        Self { index, services, operation: found, said: (service, operation) }
    }

    /// The operation, if it is known.
    pub fn operation(&self) -> Option<&'a Operation> {
        self.operation
    }

    /// `ec2:StartInstances`, in AWS's own letters where it is known.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service(), self.operation_name())
    }

    /// The service's canonical name, or what was written.
    pub fn service(&self) -> &'a str {
        self.only().map_or(self.said.0, Service::name)
    }

    /// Whether the service is one for all regions of a partition.
    pub fn is_global(&self) -> bool {
        self.only().is_some_and(Service::is_global)
    }

    /// Whether the names have the form of AWS's; rules and lists are not made for any other.
    pub fn is_well_formed(&self) -> bool {
        let (service, operation) = self.said;
        let is_made_of = |text: &str, more: &[u8]| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
        };
        is_made_of(service, b" -_.") && is_made_of(operation, b" -_")
    }

    /// Whether a rule that makes things stricter covers the operation.
    pub fn is_covered_by(&self, rule: &Rule) -> bool {
        let operation = self.operation_name();
        match rule.over() {
            Over::Operation => rule.matches_operation(operation),
            Over::ServiceAndOperation => {
                let known = self.services.iter().flat_map(|service| any_names(service));
                spellings(self.said.0).chain(known).any(|name| rule.matches(&name, operation))
            }
        }
    }

    /// Whether a rule that makes things looser covers the operation.
    pub fn is_freed_by(&self, rule: &Rule) -> bool {
        let (Some(service), Some(operation)) = (self.only(), self.operation) else { return false };
        match rule.over() {
            Over::Operation => rule.matches_operation(operation.name()),
            Over::ServiceAndOperation => {
                own_names(self.index, service).any(|name| rule.matches(&name, operation.name()))
            }
        }
    }

    /// Whether an entry of a denylist names the service.
    pub fn is_on(&self, entry: &str) -> bool {
        same(self.said.0, entry) || self.services.iter().any(|service| has_name(service, entry))
    }

    /// Whether an entry of an allowlist names the service, and no other.
    pub fn is_meant_by(&self, entry: &str) -> bool {
        self.only().is_some_and(|service| means_only(self.index, entry, service))
    }

    fn only(&self) -> Option<&'a Service> {
        match self.services.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn operation_name(&self) -> &'a str {
        self.operation.map_or(self.said.1, Operation::name)
    }
}

/// Every name by which a service may be denied, in every spelling.
pub(super) fn any_names(service: &Service) -> impl Iterator<Item = Cow<'_, str>> {
    iter::once(service.name()).chain(service.aliases()).flat_map(spellings)
}

/// The names by which a service may be allowed, in every spelling: those that no other has.
pub(super) fn own_names<'a>(
    index: &'a Index,
    service: &'a Service,
) -> impl Iterator<Item = Cow<'a, str>> {
    let own = service.aliases().filter(move |alias| means_only(index, alias, service));
    iter::once(service.name()).chain(own).flat_map(spellings)
}

/// Whether a name is one of the service's, whoever else has it.
pub(super) fn has_name(service: &Service, name: &str) -> bool {
    iter::once(service.name()).chain(service.aliases()).any(|own| same(own, name))
}

/// Whether a name is this service's and no other's.
pub(super) fn means_only(index: &Index, name: &str, service: &Service) -> bool {
    index.service(name).is_some_and(|found| found.name() == service.name())
}

/// A name as it is, with hyphens for spaces, and without either: one name to the index, and a rule
/// may have been written for any.
fn spellings(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let parts = || name.split([' ', '-', '_']);
    let others = (parts().count() > 1).then(|| {
        let join = |between: &str| Cow::from(parts().collect::<Vec<_>>().join(between));
        [join("-"), join("")]
    });
    iter::once(Cow::from(name)).chain(others.into_iter().flatten())
}

/// Names are compared as the index does: letter case, spaces, hyphens and underscores do not count.
pub(super) fn same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|b| !matches!(b, b' ' | b'-' | b'_')).map(|b| b.to_ascii_lowercase())
}
