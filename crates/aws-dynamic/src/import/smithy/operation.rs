//! Operations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ast::{Node, Part, local};
use super::closure::{Closure, UNIT};
use super::fields::{Fields, Notes};
use super::member::PLACES;
use super::{Result, paginator, service};
use crate::import::facts::{Checksum, Input, Operation, Output};
use crate::model::terms::{AuthScheme, AuthType, EndpointDiscovery, Protocol};

/// How many errors an operation may have, those of the service among them. One of Lambda's has 45.
const ERRORS: usize = 1_000;

/// What all operations and shapes of a service share.
pub(super) struct Common<'c, 'a> {
    pub closure: &'c Closure<'a>,
    pub protocol: Protocol,
    pub xml_namespace: Option<String>,
    /// The service's trait `paginated`.
    pub paginated: Option<&'a Value>,
    /// The operation that endpoint discovery asks.
    pub discovery: Option<String>,
    pub auth: Vec<AuthScheme>,
    pub notes: &'a Notes,
}

/// All operations.
pub(super) struct Operations<'a> {
    pub operations: BTreeMap<String, Operation>,
    /// The trait `waitable` of those that have it, by the operation's name.
    pub waiters: Vec<(String, Fields<'a>)>,
}

impl Common<'_, '_> {
    /// Whether the protocol goes by the HTTP traits.
    pub fn is_rest(&self) -> bool {
        match self.protocol {
            Protocol::RestJson | Protocol::RestXml => true,
            Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => false,
        }
    }
}

pub(super) fn all<'a>(common: &Common<'_, 'a>) -> Result<Operations<'a>> {
    let common_errors = common.closure.service.targets("errors")?;
    let mut all = Operations { operations: BTreeMap::new(), waiters: Vec::new() };
    for (name, node) in &common.closure.operations {
        let mut traits = node.traits(common.notes);
        if let Some(waiters) = traits.object("smithy.waiters#waitable")? {
            all.waiters.push(((*name).to_owned(), waiters));
        }
        let operation = operation(node, &mut traits, common, &common_errors)?;
        traits.end_traits()?;
        all.operations.insert((*name).to_owned(), operation);
    }
    Ok(all)
}

fn operation(
    node: &Node<'_>,
    traits: &mut Fields<'_>,
    common: &Common<'_, '_>,
    common_errors: &[&str],
) -> Result<Operation> {
    let (http_method, http_uri, http_status) = http(traits, common)?;
    let mut errors = Vec::new();
    let own = node.targets("errors")?;
    if own.len() + common_errors.len() > ERRORS {
        return Err(traits.wrong("errors", format!("more than {ERRORS}")));
    }
    for error in own.iter().chain(common_errors) {
        let error = common.closure.name(error)?;
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    let is_payload_unsigned = traits.mark("aws.auth#unsignedPayload");
    let (auth, auth_type) = auth(traits, common)?;
    let unsigned = is_payload_unsigned.then_some(AuthType::UnsignedBody);
    Ok(Operation {
        wire_name: node.local().to_owned(),
        http_method,
        http_uri,
        http_status,
        input: input(node, common)?,
        output: output(node, common)?,
        errors,
        is_readonly: traits.mark("smithy.api#readonly"),
        is_idempotent: traits.mark("smithy.api#idempotent"),
        is_deprecated: traits.mark("smithy.api#deprecated"),
        auth,
        auth_type: auth_type.or(unsigned),
        is_payload_unsigned,
        checksum: checksum(traits)?,
        host_prefix: host_prefix(traits)?,
        endpoint_discovery: endpoint_discovery(traits)?,
        is_endpoint_operation: common.discovery.as_deref() == Some(node.id),
        compression: compression(traits)?,
        static_context: pairs(traits, "smithy.rules#staticContextParams", |entry| {
            entry.take("value").cloned().ok_or_else(|| entry.wrong("value", "is missing"))
        })?,
        operation_context: pairs(traits, "smithy.rules#operationContextParams", |entry| {
            entry.needed("path")
        })?,
        paginator: paginator::of(node, traits, common)?,
    })
}

/// Method, path and status. Protocols that do not go by them send everything to the root.
fn http(traits: &mut Fields<'_>, common: &Common<'_, '_>) -> Result<(String, String, Option<u16>)> {
    let http = match traits.object("smithy.api#http")? {
        Some(mut http) => {
            let read = (http.needed("method")?, http.needed("uri")?, http.whole("code")?);
            http.end()?;
            Some(read)
        }
        None => None,
    };
    match (http, common.is_rest()) {
        (Some(http), true) => Ok(http),
        (None, true) => Err(traits.wrong("smithy.api#http", "is missing")),
        (_, false) => Ok(("POST".to_owned(), "/".to_owned(), None)),
    }
}

fn auth(
    traits: &mut Fields<'_>,
    common: &Common<'_, '_>,
) -> Result<(Vec<AuthScheme>, Option<AuthType>)> {
    let schemes = service::schemes(traits)?;
    let is_optional = traits.mark("smithy.api#optionalAuth");
    match schemes {
        // Nothing is signed that need not be, as botocore has it.
        _ if is_optional => Ok((vec![AuthScheme::None], Some(AuthType::None))),
        Some(schemes) if schemes.is_empty() => Ok((vec![AuthScheme::None], Some(AuthType::None))),
        Some(schemes) if schemes == common.auth => Ok((Vec::new(), None)),
        Some(schemes) => Ok((schemes, None)),
        None => Ok((Vec::new(), None)),
    }
}

/// XML bodies have a root, named by the structure, unless a member is the body.
fn input(node: &Node<'_>, common: &Common<'_, '_>) -> Result<Option<Input>> {
    let Some(id) = node.target("input")?.filter(|id| *id != UNIT) else { return Ok(None) };
    let shape = common.closure.name(id)?;
    let structure = common.closure.shape(id)?;
    if common.protocol != Protocol::RestXml || !has_body(structure) {
        return Ok(Some(Input { shape, location_name: None, xml_namespace: None }));
    }
    let mut traits = structure.traits(common.notes);
    let root = traits.text("smithy.api#xmlName")?;
    let (namespace, _) = super::shape::namespace(&mut traits)?;
    Ok(Some(Input {
        location_name: Some(root.unwrap_or_else(|| local(id).to_owned())),
        xml_namespace: namespace.or_else(|| common.xml_namespace.clone()),
        shape,
    }))
}

/// Whether members are the body together: some have no other place, and none is it alone.
fn has_body(structure: &Node<'_>) -> bool {
    let is_elsewhere = |part: &Part<'_>| PLACES.iter().any(|(name, _)| part.has(name));
    let is_alone = |part: &Part<'_>| part.has("smithy.api#httpPayload");
    let mut members = structure.members.iter();
    members.any(|part| !is_elsewhere(part)) && !structure.members.iter().any(is_alone)
}

fn output(node: &Node<'_>, common: &Common<'_, '_>) -> Result<Option<Output>> {
    let Some(id) = node.target("output")?.filter(|id| *id != UNIT) else { return Ok(None) };
    let wrapper = match common.protocol {
        Protocol::Query => Some(format!("{}Result", node.local())),
        Protocol::Json
        | Protocol::RestJson
        | Protocol::RestXml
        | Protocol::RpcV2Cbor
        | Protocol::Ec2 => None,
    };
    Ok(Some(Output { shape: common.closure.name(id)?, wrapper }))
}

fn checksum(traits: &mut Fields<'_>) -> Result<Checksum> {
    let is_required = traits.mark("smithy.api#httpChecksumRequired");
    let Some(mut http) = traits.object("aws.protocols#httpChecksum")? else {
        return Ok(Checksum { is_required, ..Checksum::default() });
    };
    let checksum = Checksum {
        algorithm_member: http.text("requestAlgorithmMember")?,
        is_request_required: http.truth("requestChecksumRequired")?,
        mode_member: http.text("requestValidationModeMember")?,
        response_algorithms: http.texts("responseAlgorithms")?.unwrap_or_default(),
        is_required,
    };
    http.end()?;
    Ok(checksum)
}

fn host_prefix(traits: &mut Fields<'_>) -> Result<Option<String>> {
    let Some(mut endpoint) = traits.object("smithy.api#endpoint")? else { return Ok(None) };
    let prefix = endpoint.needed("hostPrefix")?;
    endpoint.end()?;
    Ok(Some(prefix))
}

fn endpoint_discovery(traits: &mut Fields<'_>) -> Result<Option<EndpointDiscovery>> {
    let discovery = traits.object("aws.api#clientDiscoveredEndpoint")?;
    let Some(mut discovery) = discovery else { return Ok(None) };
    let is_required = discovery.truth("required")?.unwrap_or_default();
    discovery.end()?;
    Ok(Some(if is_required { EndpointDiscovery::Required } else { EndpointDiscovery::Optional }))
}

fn compression(traits: &mut Fields<'_>) -> Result<Vec<String>> {
    let compression = traits.object("smithy.api#requestCompression")?;
    let Some(mut compression) = compression else { return Ok(Vec::new()) };
    let encodings = compression.texts("encodings")?.unwrap_or_default();
    compression.end()?;
    Ok(encodings)
}

/// Named parameters of the endpoint rules.
fn pairs<'a, T>(
    traits: &mut Fields<'a>,
    key: &str,
    read: impl Fn(&mut Fields<'a>) -> Result<T>,
) -> Result<Vec<(String, T)>> {
    let pair = |(name, mut entry): (&str, Fields<'a>)| {
        let value = read(&mut entry)?;
        entry.end()?;
        Ok((name.to_owned(), value))
    };
    traits.named(key)?.into_iter().map(pair).collect()
}
