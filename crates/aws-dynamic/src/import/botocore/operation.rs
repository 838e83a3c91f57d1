//! Operations and their paginators.

use std::collections::BTreeMap;

use super::left_out::Place;
use super::object::Object;
use super::shape::namespace;
use super::{Result, Unreadable};
use crate::import::facts::{Checksum, Input, Operation, Output, Paginator, Service};
use crate::model::terms::{AuthScheme, AuthType, EndpointDiscovery};

pub(super) fn all(
    operations: Vec<(String, Object)>,
    shapes: &Object,
) -> Result<BTreeMap<String, Operation>> {
    operations.into_iter().map(|(name, raw)| Ok((name, operation(raw, shapes)?))).collect()
}

pub(super) fn add_paginators(service: &mut Service, mut file: Object) -> Result<()> {
    for (name, mut raw) in file.named("pagination")? {
        let paginator = Paginator {
            input_tokens: raw.texts("input_token")?,
            output_tokens: raw.texts("output_token")?,
            result_keys: raw.texts("result_key")?,
            limit_key: raw.text("limit_key")?,
            more_results: raw.text("more_results")?,
            non_aggregate_keys: raw.texts("non_aggregate_keys")?,
        };
        if paginator.input_tokens.is_empty()
            || paginator.input_tokens.len() != paginator.output_tokens.len()
        {
            return Err(raw.wrong("input_token", "is not paired with output_token"));
        }
        raw.end(Place::Paginator)?;
        let operation = service.operations.get_mut(&name);
        let operation =
            operation.ok_or_else(|| Unreadable(format!("paginators-1: no operation {name}")))?;
        operation.paginator = Some(paginator);
    }
    file.end(Place::Paginators)
}

fn operation(mut raw: Object, shapes: &Object) -> Result<Operation> {
    let Some(mut http) = raw.object("http")? else { return Err(raw.wrong("http", "is missing")) };
    let operation = Operation {
        wire_name: raw.needed("name")?,
        http_method: http.needed("method")?,
        http_uri: http.needed("requestUri")?,
        http_status: http.whole("responseCode")?,
        input: raw.object("input")?.map(input).transpose()?,
        output: raw.object("output")?.map(output).transpose()?,
        errors: errors(&mut raw, shapes)?,
        is_readonly: raw.flag("readonly")?,
        is_idempotent: raw.flag("idempotent")?,
        is_deprecated: raw.flag("deprecated")?,
        auth: raw.terms("auth", AuthScheme::of_word)?,
        auth_type: raw.term("authtype", AuthType::of_word)?,
        is_payload_unsigned: raw.flag("unsignedPayload")?,
        checksum: checksum(&mut raw)?,
        host_prefix: host_prefix(&mut raw)?,
        endpoint_discovery: endpoint_discovery(&mut raw)?,
        is_endpoint_operation: raw.flag("endpointoperation")?,
        compression: compression(&mut raw)?,
        static_context: pairs(&mut raw, "staticContextParams", Place::StaticContext, |entry| {
            entry.value("value").ok_or_else(|| entry.wrong("value", "is missing"))
        })?,
        operation_context: pairs(
            &mut raw,
            "operationContextParams",
            Place::OperationContext,
            |entry| entry.needed("path"),
        )?,
        paginator: None,
    };
    http.end(Place::Http)?;
    raw.end(Place::Operation)?;
    Ok(operation)
}

fn input(mut raw: Object) -> Result<Input> {
    let (xml_namespace, prefix) = namespace(&mut raw)?;
    if prefix.is_some() {
        return Err(raw.wrong("xmlNamespace", "a prefix has no place here"));
    }
    let input = Input {
        shape: raw.needed("shape")?,
        location_name: raw.text("locationName")?,
        xml_namespace,
    };
    raw.end(Place::Input)?;
    Ok(input)
}

fn output(mut raw: Object) -> Result<Output> {
    let output = Output { shape: raw.needed("shape")?, wrapper: raw.text("resultWrapper")? };
    raw.end(Place::Output)?;
    Ok(output)
}

/// The shapes of the errors. What an entry says of its error beside the shape must be what the shape
/// says itself.
fn errors(raw: &mut Object, shapes: &Object) -> Result<Vec<String>> {
    let mut errors: Vec<String> = Vec::new();
    for mut entry in raw.objects("errors")? {
        let shape = entry.needed("shape")?;
        for key in ["error", "exception"] {
            let here = entry.value(key);
            if here.is_some() && here.as_ref() != shapes.look(&[&shape, key]) {
                return Err(entry.wrong(key, "the shape says otherwise"));
            }
        }
        entry.end(Place::ErrorEntry)?;
        if !errors.contains(&shape) {
            errors.push(shape);
        }
    }
    Ok(errors)
}

fn checksum(raw: &mut Object) -> Result<Checksum> {
    let is_required = raw.flag("httpChecksumRequired")?;
    let Some(mut http) = raw.object("httpChecksum")? else {
        return Ok(Checksum { is_required, ..Checksum::default() });
    };
    let checksum = Checksum {
        algorithm_member: http.text("requestAlgorithmMember")?,
        is_request_required: http.truth("requestChecksumRequired")?,
        mode_member: http.text("requestValidationModeMember")?,
        response_algorithms: http.texts("responseAlgorithms")?,
        is_required,
    };
    http.end(Place::HttpChecksum)?;
    Ok(checksum)
}

fn host_prefix(raw: &mut Object) -> Result<Option<String>> {
    let Some(mut endpoint) = raw.object("endpoint")? else { return Ok(None) };
    let prefix = endpoint.needed("hostPrefix")?;
    endpoint.end(Place::Endpoint)?;
    Ok(Some(prefix))
}

fn endpoint_discovery(raw: &mut Object) -> Result<Option<EndpointDiscovery>> {
    let Some(mut discovery) = raw.object("endpointdiscovery")? else { return Ok(None) };
    let required = discovery.flag("required")?;
    discovery.end(Place::EndpointDiscovery)?;
    let discovery =
        if required { EndpointDiscovery::Required } else { EndpointDiscovery::Optional };
    Ok(Some(discovery))
}

fn compression(raw: &mut Object) -> Result<Vec<String>> {
    let Some(mut compression) = raw.object("requestcompression")? else { return Ok(Vec::new()) };
    let encodings = compression.texts("encodings")?;
    compression.end(Place::RequestCompression)?;
    Ok(encodings)
}

/// Named parameters of the endpoint rules.
fn pairs<T>(
    raw: &mut Object,
    key: &str,
    place: Place,
    read: impl Fn(&mut Object) -> Result<T>,
) -> Result<Vec<(String, T)>> {
    let pair = |(name, mut entry): (String, Object)| {
        let value = read(&mut entry)?;
        entry.end(place)?;
        Ok((name, value))
    };
    raw.named(key)?.into_iter().map(pair).collect()
}
