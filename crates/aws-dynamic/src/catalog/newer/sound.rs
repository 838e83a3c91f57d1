//! Whether the facts of a stranger's model hold together: what everything that walks through models
//! relies on, whichever importer read them.

use std::collections::BTreeMap;

use crate::import::facts::{Operation, Service, Shape};
use crate::model::terms::Kind;

/// How many operations and shapes a service may have; EC2 has 760 and 4,600.
const OPERATIONS: usize = 5_000;
const SHAPES: usize = 50_000;
/// How deep lists and maps may be in each other.
const NESTED: usize = 16;
/// The longest name, in bytes.
const NAME: usize = 256;

/// Says what is wrong with a service.
pub(super) fn check(service: &Service) -> Result<(), String> {
    if service.operations.is_empty() {
        return Err("it has no operations".to_owned());
    }
    if service.operations.len() > OPERATIONS || service.shapes.len() > SHAPES {
        return Err("it has more operations or shapes than any service".to_owned());
    }
    let texts = [
        Some(&service.endpoint_prefix),
        service.signing_name.as_ref(),
        service.target_prefix.as_ref(),
        Some(&service.api_version),
        service.json_version.as_ref(),
    ];
    if let Some(text) = texts.into_iter().flatten().find(|text| !is_token(text)) {
        return Err(format!("{text:?} is no name of a service"));
    }
    for (name, operation) in &service.operations {
        check_operation(service, name, operation).map_err(|what| format!("{name}: {what}"))?;
    }
    for (name, shape) in &service.shapes {
        check_shape(&service.shapes, shape).map_err(|what| format!("{name}: {what}"))?;
    }
    Ok(())
}

/// Whether a text is a name of an operation: letters and digits.
pub(super) fn is_name(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= 128
        && text.bytes().all(letters)
}

/// Whether a text may stand in a signature, a header or a name.
pub(super) fn is_token(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= NAME && text.bytes().all(letters)
}

fn check_operation(service: &Service, name: &str, operation: &Operation) -> Result<(), String> {
    if !is_name(name) || !is_token(&operation.wire_name) {
        return Err("is no name of an operation".to_owned());
    }
    if !matches!(
        operation.http_method.as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
    ) {
        return Err("its HTTP method is none".to_owned());
    }
    // What begins otherwise, or with two slashes, could name another host.
    let uri = operation.http_uri.as_str();
    let odd = |letter: char| letter.is_control() || matches!(letter, ' ' | '\\' | '#');
    if !uri.starts_with('/') || uri.starts_with("//") || uri.contains(odd) {
        return Err("its path is none".to_owned());
    }
    if !operation.host_prefix.as_deref().is_none_or(is_host_prefix) {
        return Err("its host prefix is none".to_owned());
    }
    let shapes = [
        operation.input.as_ref().map(|input| &input.shape),
        operation.output.as_ref().map(|output| &output.shape),
    ];
    for shape in shapes.into_iter().flatten() {
        match service.shapes.get(shape).map(|shape| shape.kind) {
            Some(Kind::Structure) => {}
            Some(_) | None => return Err(format!("{shape} is no structure")),
        }
    }
    Ok(())
}

/// `{AccountId}.`, `data.`: labels that end in a dot.
fn is_host_prefix(prefix: &str) -> bool {
    let letters =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'{' | b'}' | b'_');
    prefix.ends_with(['.', '-']) && prefix.len() <= NAME && prefix.bytes().all(letters)
}

fn check_shape(shapes: &BTreeMap<String, Shape>, shape: &Shape) -> Result<(), String> {
    let kind = |name: &str| shapes.get(name).map(|shape| shape.kind);
    for member in &shape.members {
        if kind(&member.target).is_none() {
            return Err(format!("there is no shape {}", member.target));
        }
        let odd = |letter: char| letter.is_control() || letter == ' ';
        if member.name.len() > NAME || member.name.contains(odd) {
            return Err(format!("{:?} is no name of a member", member.name));
        }
    }
    let has = |name: &String| shape.members.iter().any(|member| member.name == *name);
    if shape.payload.as_ref().is_some_and(|payload| !has(payload)) {
        return Err("its payload is no member".to_owned());
    }
    let parts: Vec<&str> = shape.members.iter().map(|member| member.target.as_str()).collect();
    match (shape.kind, parts.as_slice()) {
        (Kind::List, [_]) => {}
        (Kind::Map, [key, _]) if kind(key) == Some(Kind::String) => {}
        (Kind::List | Kind::Map, _) => return Err("a list or map without its parts".to_owned()),
        _ => return Ok(()),
    }
    let mut at = shape;
    for _ in 0..NESTED {
        match at.members.last().and_then(|member| shapes.get(&member.target)) {
            Some(next) if matches!(next.kind, Kind::List | Kind::Map) => at = next,
            Some(_) | None => return Ok(()),
        }
    }
    Err("lists and maps in each other without an end".to_owned())
}
