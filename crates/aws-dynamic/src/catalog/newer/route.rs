//! What a request is to the service that gets it: by this it knows which operation is meant. A model
//! that gives a harmless name to the request of another operation is found out here.

use super::intake::Query;
use crate::import::facts::{Operation, Service};
use crate::model::terms::Protocol;

/// The protocol that is spoken, by the order of `Protocol`.
pub(super) fn protocol(service: &Service) -> Option<Protocol> {
    Protocol::ALL.iter().find(|protocol| service.protocols.contains(protocol)).copied()
}

/// The name in signatures.
pub(super) fn signing_name(service: &Service) -> &str {
    service.signing_name.as_ref().unwrap_or(&service.endpoint_prefix)
}

/// What would make requests of a newer model go to, or be signed for, something else; nothing if all
/// of it is as before.
pub(super) fn change(old: &Service, new: &Service) -> Option<String> {
    let mut facts = vec![("name in signatures", signing_name(old), signing_name(new))];
    let [was, is] = [old, new].map(|service| protocol(service).map_or("none", Protocol::word));
    facts.push(("protocol", was, is));
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let targets = (text(&old.target_prefix), text(&new.target_prefix));
    match protocol(old) {
        Some(Protocol::Json | Protocol::RpcV2Cbor) => {
            facts.push(("name in requests", &targets.0, &targets.1));
        }
        Some(Protocol::Query | Protocol::Ec2) => {
            facts.push(("version in requests", &old.api_version, &new.api_version));
        }
        Some(Protocol::RestJson | Protocol::RestXml) | None => {}
    }
    let changed = facts.into_iter().find(|(_, was, is)| was != is);
    changed.map(|(what, was, is)| format!("its {what} would change from {was:?} to {is:?}"))
}

/// Whether two operations of a service are asked for by the same request.
pub(super) fn is_same(protocol: Protocol, one: &Operation, other: &Operation) -> bool {
    match protocol {
        Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => {
            one.wire_name == other.wire_name
        }
        Protocol::RestJson | Protocol::RestXml => {
            one.http_method == other.http_method && path(one) == path(other)
        }
    }
}

/// Whether a request of the one may reach the other: paths are patterns, and a label can be any text.
/// `given` is what of its query the one's input decides.
pub(super) fn may_be(
    protocol: Protocol,
    one: &Operation,
    given: &Query,
    other: &Operation,
) -> bool {
    match protocol {
        Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => {
            one.wire_name.eq_ignore_ascii_case(&other.wire_name)
        }
        Protocol::RestJson | Protocol::RestXml => {
            let parts = |operation| path(operation).split('/').map(str::to_owned).collect();
            let (one_path, other_path): (Vec<String>, Vec<String>) = (parts(one), parts(other));
            // S3 has all of it below two labels, and tells operations apart by the query.
            let has = |word: &str| {
                given.is_any || given.names.contains(word) || query(one).any(|own| own == word)
            };
            one.http_method == other.http_method
                && overlap(&one_path, &other_path)
                && query(other).all(has)
        }
    }
}

/// The path without its query.
fn path(operation: &Operation) -> &str {
    let uri = operation.http_uri.as_str();
    let path = uri.split_once('?').map_or(uri, |(path, _)| path);
    path.strip_suffix('/').unwrap_or(path)
}

/// The names in the fixed query, without that which only logs look at.
fn query(operation: &Operation) -> impl Iterator<Item = &str> {
    let query = operation.http_uri.split_once('?').map_or("", |(_, query)| query);
    let words = query.split('&').map(|word| word.split_once('=').map_or(word, |(name, _)| name));
    words.filter(|word| !word.is_empty() && *word != "x-id")
}

/// Whether some path is of both patterns.
fn overlap(one: &[String], other: &[String]) -> bool {
    match (one.split_first(), other.split_first()) {
        (None, None) => true,
        // It takes one part at least.
        (Some(_), None) | (None, Some(_)) => false,
        (Some((first, _)), Some((second, _))) if is_greedy(first) || is_greedy(second) => true,
        (Some((first, one)), Some((second, other))) => {
            (first == second || first.contains('{') || second.contains('{')) && overlap(one, other)
        }
    }
}

fn is_greedy(part: &str) -> bool {
    part.contains("+}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(method: &str, uri: &str) -> Operation {
        let mut operation = super::super::tests::operation("X");
        (operation.http_method, operation.http_uri) = (method.to_owned(), uri.to_owned());
        operation
    }

    #[test]
    fn paths_that_may_be_the_same_are_found() {
        let check = |one: &str, other: &str, expected: bool| {
            let (one, other) = (rest("POST", one), rest("POST", other));
            assert_eq!(
                may_be(Protocol::RestJson, &one, &Query::default(), &other),
                expected,
                "{one:?} {other:?}"
            );
        };
        check("/a/{B}", "/a/{C}", true);
        check("/a/{B}/", "/a/delete", true);
        check("/{x}/{y}", "/a/delete", true);
        check("/{x+}", "/a/delete/more", true);
        check("/{x}", "/{x}/{y+}", false);
        check("/a/b", "/a/c", false);
        check("/a/{b}/c", "/a/{b}", false);
        check("/{Bucket}?new", "/{Bucket}?delete", false);
        check("/{Bucket}?delete&x-id=New", "/{Bucket}?delete", true);
        check("/{Bucket}?new", "/{Bucket}", true);
        let (one, other) = (rest("GET", "/a"), rest("POST", "/a"));
        let none = Query::default();
        assert!(!may_be(Protocol::RestJson, &one, &none, &other));
        assert!(may_be(Protocol::Json, &one, &none, &other));
        // A query that the input decides reaches as far as a fixed one.
        let (one, other) = (rest("PUT", "/{Bucket}"), rest("PUT", "/{Bucket}?policy"));
        assert!(!may_be(Protocol::RestXml, &one, &none, &other));
        let named = Query { names: ["policy".to_owned()].into(), is_any: false };
        assert!(may_be(Protocol::RestXml, &one, &named, &other));
        let any = Query { is_any: true, ..Query::default() };
        assert!(may_be(Protocol::RestXml, &one, &any, &other));
    }
}
