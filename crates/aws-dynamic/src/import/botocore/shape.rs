//! Shapes and their members.

use std::collections::BTreeMap;

use super::Result;
use super::left_out::Place;
use super::object::Object;
use crate::import::facts::{ErrorTrait, Member, Shape};
use crate::model::terms::{Kind, Location, TimestampFormat};

pub(super) fn all(shapes: Vec<(String, Object)>) -> Result<BTreeMap<String, Shape>> {
    shapes.into_iter().map(|(name, raw)| Ok((name, shape(raw)?))).collect()
}

/// An XML namespace and its prefix.
pub(super) fn namespace(raw: &mut Object) -> Result<(Option<String>, Option<String>)> {
    let Some(mut namespace) = raw.object("xmlNamespace")? else { return Ok((None, None)) };
    let uri = namespace.needed("uri")?;
    let prefix = namespace.text("prefix")?;
    namespace.end(Place::XmlNamespace)?;
    Ok((Some(uri), prefix))
}

fn shape(mut raw: Object) -> Result<Shape> {
    let (xml_namespace, xml_prefix) = namespace(&mut raw)?;
    let shape = Shape {
        kind: kind(&mut raw)?,
        members: members(&mut raw)?,
        min: raw.number("min")?,
        max: raw.number("max")?,
        pattern: raw.text("pattern")?,
        enum_values: raw.texts("enum")?,
        is_sparse: raw.flag("sparse")?,
        is_sensitive: raw.flag("sensitive")?,
        is_boxed: raw.flag("box")?,
        is_streaming: raw.flag("streaming")?,
        requires_length: raw.flag("requiresLength")?,
        is_event_stream: raw.flag("eventstream")?,
        is_event: raw.flag("event")?,
        is_flattened: raw.flag("flattened")?,
        is_wrapper: raw.flag("wrapper")?,
        is_deprecated: raw.flag("deprecated")?,
        location_name: raw.text("locationName")?,
        xml_namespace,
        xml_prefix,
        xml_order: raw.texts("xmlOrder")?,
        timestamp_format: raw.term("timestampFormat", TimestampFormat::of_word)?,
        payload: raw.text("payload")?,
        is_exception: raw.flag("exception")?,
        is_fault: raw.flag("fault")?,
        error: error(&mut raw)?,
        throttling: throttling(&mut raw)?,
    };
    raw.end(Place::Shape)?;
    Ok(shape)
}

/// Unions and documents are structures with a flag in botocore.
fn kind(raw: &mut Object) -> Result<Kind> {
    let word = raw.needed("type")?;
    let flags = (raw.flag("union")?, raw.flag("document")?);
    match (Kind::of_word(&word), flags) {
        (Some(Kind::Union | Kind::Document) | None, _) => Err(raw.wrong("type", "is not known")),
        (Some(kind), (false, false)) => Ok(kind),
        (Some(Kind::Structure), (true, false)) => Ok(Kind::Union),
        (Some(Kind::Structure), (false, true)) => Ok(Kind::Document),
        (Some(_), _) => Err(raw.wrong("type", "is both union and document, or no structure")),
    }
}

fn members(raw: &mut Object) -> Result<Vec<Member>> {
    let required = raw.texts("required")?;
    let mut members = Vec::new();
    for (name, member) in raw.named("members")? {
        let is_required = required.contains(&name);
        members.push(Member { name, is_required, ..self::member(member)? });
    }
    if let Some(missing) = required.iter().find(|name| !members.iter().any(|m| m.name == **name)) {
        return Err(raw.wrong("required", &format!("there is no {missing}")));
    }
    for key in ["member", "key", "value"] {
        if let Some(part) = raw.object(key)? {
            members.push(member(part)?);
        }
    }
    Ok(members)
}

fn member(mut raw: Object) -> Result<Member> {
    let (xml_namespace, prefix) = namespace(&mut raw)?;
    if prefix.is_some() {
        return Err(raw.wrong("xmlNamespace", "a prefix has no place here"));
    }
    let member = Member {
        name: String::new(),
        target: raw.needed("shape")?,
        is_required: false,
        location: raw.term("location", Location::of_word)?,
        location_name: raw.text("locationName")?,
        query_name: raw.text("queryName")?,
        is_boxed: raw.flag("box")?,
        is_idempotency_token: raw.flag("idempotencyToken")?,
        is_host_label: raw.flag("hostLabel")?,
        context_parameter: context_parameter(&mut raw)?,
        is_deprecated: raw.flag("deprecated")?,
        is_streaming: raw.flag("streaming")?,
        is_event_header: raw.flag("eventheader")?,
        is_event_payload: raw.flag("eventpayload")?,
        is_json_value: raw.flag("jsonvalue")?,
        is_flattened: raw.flag("flattened")?,
        is_xml_attribute: raw.flag("xmlAttribute")?,
        xml_namespace,
        timestamp_format: raw.term("timestampFormat", TimestampFormat::of_word)?,
        enum_values: raw.texts("enum")?,
    };
    raw.end(Place::Member)?;
    Ok(member)
}

fn context_parameter(raw: &mut Object) -> Result<Option<String>> {
    let Some(mut parameter) = raw.object("contextParam")? else { return Ok(None) };
    let name = parameter.needed("name")?;
    parameter.end(Place::ContextParameter)?;
    Ok(Some(name))
}

fn error(raw: &mut Object) -> Result<ErrorTrait> {
    let Some(mut error) = raw.object("error")? else { return Ok(ErrorTrait::default()) };
    let facts = ErrorTrait {
        code: error.text("code")?,
        status: error.whole("httpStatusCode")?,
        is_sender_fault: error.flag("senderFault")?,
    };
    error.end(Place::Error)?;
    Ok(facts)
}

fn throttling(raw: &mut Object) -> Result<Option<bool>> {
    let Some(mut retryable) = raw.object("retryable")? else { return Ok(None) };
    let throttling = retryable.flag("throttling")?;
    retryable.end(Place::Retryable)?;
    Ok(Some(throttling))
}
