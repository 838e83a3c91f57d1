//! Shapes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ast::Node;
use super::fields::Fields;
use super::operation::Common;
use super::service::wrong;
use super::{Result, member};
use crate::import::facts::{ErrorTrait, Shape};
use crate::model::terms::{Kind, Protocol, TimestampFormat};

pub(super) fn all(common: &Common<'_, '_>) -> Result<BTreeMap<String, Shape>> {
    let mut all = BTreeMap::new();
    for (id, node) in &common.closure.shapes {
        all.insert(common.closure.name(id)?, shape(node, common)?);
    }
    mark_events(common, &mut all)?;
    member::settle_xml(common, &mut all)?;
    Ok(all)
}

/// An XML namespace and its prefix.
pub(super) fn namespace(traits: &mut Fields<'_>) -> Result<(Option<String>, Option<String>)> {
    let namespace = traits.object("smithy.api#xmlNamespace")?;
    let Some(mut namespace) = namespace else { return Ok((None, None)) };
    let read = (Some(namespace.needed("uri")?), namespace.text("prefix")?);
    namespace.end()?;
    Ok(read)
}

pub(super) fn timestamp_format(traits: &mut Fields<'_>) -> Result<Option<TimestampFormat>> {
    let format = traits.text("smithy.api#timestampFormat")?;
    let Some(format) = format else { return Ok(None) };
    match format.as_str() {
        "date-time" => Ok(Some(TimestampFormat::Iso8601)),
        "http-date" => Ok(Some(TimestampFormat::Rfc822)),
        "epoch-seconds" => Ok(Some(TimestampFormat::UnixTimestamp)),
        _ => Err(traits.wrong("smithy.api#timestampFormat", "is not known")),
    }
}

/// Whether a value is absent rather than zero where nothing is said: there is no default.
pub(super) fn has_default(traits: &mut Fields<'_>) -> Option<bool> {
    traits.take("smithy.api#default").map(|default| !default.is_null())
}

fn shape(node: &Node<'_>, common: &Common<'_, '_>) -> Result<Shape> {
    let mut traits = node.traits(common.notes);
    let kind = kind(node)?;
    let is_streaming = traits.mark("smithy.api#streaming");
    // An event stream is a structure of streams in botocore, of which one event comes at a time.
    let is_event_stream = is_streaming && kind == Kind::Union;
    let kind = if is_event_stream { Kind::Structure } else { kind };
    let mut shape = Shape::new(kind);
    shape.is_event_stream = is_event_stream;
    shape.is_streaming = is_streaming && !is_event_stream;
    shape.requires_length = traits.mark("smithy.api#requiresLength");
    for key in ["smithy.api#length", "smithy.api#range"] {
        if let Some(mut bounds) = traits.object(key)? {
            shape.min = bounds.number("min")?.or(shape.min);
            shape.max = bounds.number("max")?.or(shape.max);
            bounds.end()?;
        }
    }
    shape.pattern = traits.text("smithy.api#pattern")?;
    shape.is_sparse = traits.mark("smithy.api#sparse");
    shape.is_sensitive = traits.mark("smithy.api#sensitive");
    shape.is_deprecated = traits.mark("smithy.api#deprecated");
    shape.timestamp_format = timestamp_format(&mut traits)?;
    traits.mark("smithy.api#box");
    let has_default = has_default(&mut traits) == Some(true);
    shape.is_boxed = is_number_or_truth(kind) && !has_default;
    shape.enum_values = match node.kind {
        "enum" => values(node, common)?,
        "intEnum" => {
            values(node, common)?;
            Vec::new()
        }
        _ => Vec::new(),
    };
    for mut entry in traits.objects("smithy.api#enum")? {
        shape.enum_values.push(entry.needed("value")?);
    }
    // Of a member's target; see `member`.
    traits.text("smithy.api#mediaType")?;
    error(&mut traits, &mut shape)?;
    let (uri, prefix) = namespace(&mut traits)?;
    // The name of an XML root: `operation::input` and `member` read it where there is one.
    traits.mark("smithy.api#xmlName");
    match common.protocol {
        Protocol::RestXml => (shape.xml_namespace, shape.xml_prefix) = (uri, prefix),
        Protocol::Json
        | Protocol::RestJson
        | Protocol::RpcV2Cbor
        | Protocol::Query
        | Protocol::Ec2 => {}
    }
    traits.end_traits()?;
    if !matches!(node.kind, "enum" | "intEnum") {
        member::all(node, &mut shape, common)?;
    }
    Ok(shape)
}

fn kind(node: &Node<'_>) -> Result<Kind> {
    Ok(match node.kind {
        "structure" => Kind::Structure,
        "union" => Kind::Union,
        "document" => Kind::Document,
        "list" | "set" => Kind::List,
        "map" => Kind::Map,
        "string" | "enum" => Kind::String,
        "boolean" => Kind::Boolean,
        "byte" => Kind::Byte,
        "short" => Kind::Short,
        "integer" | "intEnum" => Kind::Integer,
        "long" => Kind::Long,
        "bigInteger" => Kind::BigInteger,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bigDecimal" => Kind::BigDecimal,
        "timestamp" => Kind::Timestamp,
        "blob" => Kind::Blob,
        _ => return Err(wrong(node.id, "is no type of a value")),
    })
}

fn is_number_or_truth(kind: Kind) -> bool {
    match kind {
        Kind::Boolean
        | Kind::Byte
        | Kind::Short
        | Kind::Integer
        | Kind::Long
        | Kind::Float
        | Kind::Double => true,
        Kind::Structure
        | Kind::Union
        | Kind::Document
        | Kind::List
        | Kind::Map
        | Kind::String
        | Kind::Character
        | Kind::BigInteger
        | Kind::BigDecimal
        | Kind::Timestamp
        | Kind::Blob => false,
    }
}

/// The values of an enum's members: said, else their names. Those of an `intEnum` are numbers, which
/// the facts do not keep, as botocore does not.
fn values(node: &Node<'_>, common: &Common<'_, '_>) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for member in &node.members {
        let mut traits = member.traits(node.id, common.notes);
        let value = traits.take("smithy.api#enumValue");
        traits.mark("smithy.api#deprecated");
        values.push(match (value, node.kind) {
            (Some(Value::String(value)), "enum") => value.clone(),
            (None, "enum") => member.name.to_owned(),
            (Some(Value::Number(value)), "intEnum") => value.to_string(),
            _ => return Err(traits.wrong("smithy.api#enumValue", "is of another type")),
        });
        traits.end_traits()?;
    }
    Ok(values)
}

fn error(traits: &mut Fields<'_>, shape: &mut Shape) -> Result<()> {
    if let Some(retryable) = traits.object("smithy.api#retryable")? {
        let mut retryable = retryable;
        shape.throttling = Some(retryable.truth("throttling")?.unwrap_or_default());
        retryable.end()?;
    }
    let whose = traits.text("smithy.api#error")?;
    let status = traits.whole("smithy.api#httpError")?;
    let query = match traits.object("aws.protocols#awsQueryError")? {
        Some(mut query) => {
            let read = (query.needed("code")?, query.whole("httpResponseCode")?);
            query.end()?;
            Some(read)
        }
        None => None,
    };
    let is_sender_fault = match whose.as_deref() {
        None => return Ok(()),
        Some("client") => true,
        Some("server") => false,
        Some(_) => return Err(traits.wrong("smithy.api#error", "is neither client nor server")),
    };
    shape.is_exception = true;
    shape.is_fault = !is_sender_fault;
    let (code, query_status) = query.unzip();
    shape.error = ErrorTrait { code, status: query_status.flatten().or(status), is_sender_fault };
    Ok(())
}

/// What an event stream consists of are events, unless they are errors.
fn mark_events(common: &Common<'_, '_>, all: &mut BTreeMap<String, Shape>) -> Result<()> {
    let streams = all.values().filter(|shape| shape.is_event_stream);
    let members = streams.flat_map(|stream| stream.members.iter());
    let events: Vec<String> = members.map(|member| member.target.clone()).collect();
    for event in events {
        let shape = all.get_mut(&event);
        let shape = shape.ok_or_else(|| wrong(common.closure.service.id, "has no such event"))?;
        shape.is_event = !shape.is_exception;
    }
    Ok(())
}
