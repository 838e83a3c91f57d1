//! What members that a newer model adds to an input could do beside what they are called for: name the
//! operation a second time, take the place of a header that signs or routes, reach another operation
//! by its query, or tell the endpoint rules where to go.

use std::collections::BTreeSet;

use crate::endpoint::{BuiltIn, RuleSet};
use crate::import::facts::{Member, Operation, Service};
use crate::model::terms::{Kind, Location, Protocol};

/// Parameters of queries that say which operation is meant.
const MEANT: [&str; 2] = ["action", "version"];
/// Headers that say where a request goes, what it is, or who sends it.
const HEADERS: [&str; 16] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "proxy-authorization",
    "transfer-encoding",
    "upgrade",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-target",
    "x-forwarded-host",
    "x-http-method",
    "x-http-method-override",
];

/// Parts of a query that an input decides.
#[derive(Default)]
pub(super) struct Query {
    pub names: BTreeSet<String>,
    /// Whether it has a map, whose names can be any.
    pub is_any: bool,
}

/// Says which new member of an input may not be there.
pub(super) fn check(
    old: Option<&Service>,
    new: &Service,
    protocol: Protocol,
) -> Result<(), String> {
    for (name, operation) in &new.operations {
        for member in added(old, new, name, operation) {
            if decides(member, protocol) {
                let member = &member.name;
                return Err(format!("{name}: its input's {member} decides what a request is"));
            }
        }
    }
    Ok(())
}

/// The query parameters that a newer model adds to an operation.
pub(super) fn query(old: Option<&Service>, new: &Service, name: &str) -> Query {
    let mut query = Query::default();
    let Some(operation) = new.operations.get(name) else { return query };
    for member in added(old, new, name, operation) {
        if member.location == Some(Location::QueryString) {
            let kind = new.shapes.get(&member.target).map(|shape| shape.kind);
            query.is_any |= kind == Some(Kind::Map);
            query.names.insert(member.location_name.clone().unwrap_or_else(|| member.name.clone()));
        }
    }
    query
}

/// Says which parameter of endpoint rules a model sets that only the user's own settings may.
pub(super) fn check_context(service: &Service, rules: &[&RuleSet<'_>]) -> Result<(), String> {
    let own = [BuiltIn::Endpoint, BuiltIn::Region, BuiltIn::UseFips, BuiltIn::UseDualStack];
    let denied: BTreeSet<&str> = rules
        .iter()
        .flat_map(|rules| rules.parameters())
        .filter(|parameter| parameter.built_in().is_some_and(|fact| own.contains(&fact)))
        .map(|parameter| parameter.name())
        .collect();
    let members = service.shapes.values().flat_map(|shape| &shape.members);
    let of_members = members.filter_map(|member| member.context_parameter.as_deref());
    let of_operations = service.operations.values().flat_map(|operation| {
        let fixed = operation.static_context.iter().map(|(name, _)| name.as_str());
        fixed.chain(operation.operation_context.iter().map(|(name, _)| name.as_str()))
    });
    let of_client = service.client_context.iter().map(|(name, _)| name.as_str());
    match of_members.chain(of_operations).chain(of_client).find(|name| denied.contains(name)) {
        Some(name) => Err(format!("it sets {name} of its endpoint rules, which is the user's")),
        None => Ok(()),
    }
}

/// The members of an input that the embedded one does not have.
fn added<'n>(
    old: Option<&Service>,
    new: &'n Service,
    name: &str,
    operation: &Operation,
) -> Vec<&'n Member> {
    let known: BTreeSet<&str> = old
        .and_then(|old| old.shapes.get(&old.operations.get(name)?.input.as_ref()?.shape))
        .into_iter()
        .flat_map(|shape| shape.members.iter().map(|member| member.name.as_str()))
        .collect();
    let input = operation.input.as_ref().and_then(|input| new.shapes.get(&input.shape));
    let members = input.into_iter().flat_map(|shape| &shape.members);
    members.filter(|member| !known.contains(member.name.as_str())).collect()
}

fn decides(member: &Member, protocol: Protocol) -> bool {
    let names = || {
        let names = [Some(&member.name), member.location_name.as_ref(), member.query_name.as_ref()];
        names.into_iter().flatten().map(|name| name.to_ascii_lowercase())
    };
    match protocol {
        Protocol::Query | Protocol::Ec2 => names().any(|name| MEANT.contains(&name.as_str())),
        Protocol::Json | Protocol::RpcV2Cbor => false,
        Protocol::RestJson | Protocol::RestXml => {
            let name = member.location_name.as_ref().unwrap_or(&member.name).to_ascii_lowercase();
            match member.location {
                Some(Location::Header) => HEADERS.contains(&name.as_str()),
                Some(Location::Headers) => HEADERS.iter().any(|header| header.starts_with(&name)),
                Some(Location::QueryString | Location::Uri | Location::StatusCode) | None => false,
            }
        }
    }
}
