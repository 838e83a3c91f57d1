//! Members of shapes: where in a message they stand, and under which name. Smithy has a trait for
//! each protocol's names; here is the one of the protocol that is spoken.

use std::collections::BTreeMap;

use super::Result;
use super::ast::{Node, Part};
use super::fields::Fields;
use super::operation::Common;
use super::service::wrong;
use super::shape::{has_default, namespace, timestamp_format};
use crate::import::facts::{Member, Shape};
use crate::model::terms::{Kind, Location, Protocol};

/// Traits that put a member outside of the body.
pub(super) const PLACES: [(&str, Location); 6] = [
    ("smithy.api#httpHeader", Location::Header),
    ("smithy.api#httpPrefixHeaders", Location::Headers),
    ("smithy.api#httpQuery", Location::QueryString),
    ("smithy.api#httpQueryParams", Location::QueryString),
    ("smithy.api#httpLabel", Location::Uri),
    ("smithy.api#httpResponseCode", Location::StatusCode),
];

/// What the end of the name of a list's flattened copy is; no name in Smithy has a dot.
const FLATTENED: &str = ".Flattened";

/// Fills in the members of a shape.
pub(super) fn all(node: &Node<'_>, shape: &mut Shape, common: &Common<'_, '_>) -> Result<()> {
    for part in ordered(node) {
        let mut traits = part.traits(node.id, common.notes);
        let mut member = member(part, &mut traits, common)?;
        if traits.mark("smithy.api#httpPayload") && common.is_rest() {
            if shape.payload.replace(part.name.to_owned()).is_some() {
                return Err(traits.wrong("smithy.api#httpPayload", "another member has it too"));
            }
            payload_name(part, &mut member, common)?;
        }
        let (uri, prefix) = namespace(&mut traits)?;
        if common.protocol == Protocol::RestXml {
            member.xml_namespace = uri.or(member.xml_namespace);
            if let Some(prefix) = prefix {
                // For `settle_xml`, which takes it to the target.
                member.xml_namespace = member.xml_namespace.map(|uri| format!("{prefix}\0{uri}"));
            }
        }
        traits.end_traits()?;
        if !shape.kind.has_named_members() {
            member.name = String::new();
        }
        shape.members.push(member);
    }
    Ok(())
}

/// What concerns a member and its target together: a namespace with a prefix is the target's, and a
/// flattened list is named by its member alone, where botocore's readers go by the element's name
/// first. So such a list is used as a copy whose element has no name.
pub(super) fn settle_xml(common: &Common<'_, '_>, all: &mut BTreeMap<String, Shape>) -> Result<()> {
    let mut prefixed: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut copies: BTreeMap<String, Shape> = BTreeMap::new();
    let elements: BTreeMap<String, String> = all
        .iter()
        .filter(|(_, shape)| shape.kind == Kind::List)
        .filter_map(|(name, shape)| Some((name, shape.members.first()?.location_name.clone()?)))
        .map(|(name, element)| (name.clone(), element))
        .collect();
    for (name, shape) in all.iter_mut() {
        for member in &mut shape.members {
            let namespace = member.xml_namespace.as_ref().and_then(|both| both.split_once('\0'));
            if let Some((prefix, uri)) = namespace {
                let both = (prefix.to_owned(), uri.to_owned());
                let place = format!("{}, {name}${}", common.closure.service.id, member.name);
                let before = prefixed.insert(member.target.clone(), both.clone());
                if before.is_some_and(|before| before != both) {
                    return Err(wrong(&place, "the target has another namespace elsewhere"));
                }
                member.xml_namespace = None;
            }
            let effective = member.location_name.as_ref().unwrap_or(&member.name);
            let element = elements.get(&member.target).filter(|_| member.is_flattened);
            if element.is_some_and(|element| element != effective) {
                let copy = format!("{}{FLATTENED}", member.target);
                copies.insert(copy.clone(), Shape::new(Kind::List));
                member.target = copy;
            }
        }
    }
    for (name, copy) in &mut copies {
        let list = name.strip_suffix(FLATTENED).and_then(|name| all.get(name));
        copy.clone_from(list.ok_or_else(|| wrong(name, "is no copy of a list"))?);
        copy.members.iter_mut().for_each(|element| element.location_name = None);
    }
    all.extend(copies);
    for (name, (prefix, uri)) in prefixed {
        if let Some(shape) = all.get_mut(&name) {
            (shape.xml_prefix, shape.xml_namespace) = (Some(prefix), Some(uri));
        }
    }
    Ok(())
}

/// A map's key comes before its value.
fn ordered<'n, 'a>(node: &'n Node<'a>) -> Vec<&'n Part<'a>> {
    let mut members: Vec<&Part<'_>> = node.members.iter().collect();
    if node.kind == "map" {
        members.sort_by_key(|member| member.name);
    }
    members
}

fn member(part: &Part<'_>, traits: &mut Fields<'_>, common: &Common<'_, '_>) -> Result<Member> {
    let (location, location_name) = location(part, traits)?;
    let names = Names::of(traits)?;
    let (mut location, mut location_name) =
        if common.is_rest() { (location, location_name) } else { (None, None) };
    let mut query_name = None;
    if location.is_none() {
        (location, location_name) = (None, None);
        match common.protocol {
            Protocol::Json | Protocol::RpcV2Cbor => {}
            Protocol::RestJson => location_name = names.json,
            Protocol::RestXml | Protocol::Query => location_name = names.xml,
            Protocol::Ec2 => (location_name, query_name) = (names.xml, names.ec2),
        }
    }
    let is_xml = match common.protocol {
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => true,
        Protocol::Json | Protocol::RestJson | Protocol::RpcV2Cbor => false,
    };
    let target = common.closure.shape(part.target)?;
    let mut about = target.traits(common.notes);
    let is_clients = traits.mark("smithy.api#clientOptional") | traits.mark("smithy.api#box");
    let default = has_default(traits);
    // Of a number or truth value that has a default elsewhere.
    let is_boxed = has_default(&mut about) == Some(true) && (default == Some(false) || is_clients);
    if traits.mark("smithy.api#sensitive") {
        return Err(traits.wrong("smithy.api#sensitive", "has no place on a member"));
    }
    let is_json = about.text("smithy.api#mediaType")?.as_deref() == Some("application/json");
    let is_json =
        is_json || traits.text("smithy.api#mediaType")?.as_deref() == Some("application/json");
    Ok(Member {
        name: part.name.to_owned(),
        target: common.closure.name(part.target)?,
        is_required: traits.mark("smithy.api#required"),
        location,
        location_name,
        query_name,
        is_boxed,
        is_idempotency_token: traits.mark("smithy.api#idempotencyToken"),
        is_host_label: traits.mark("smithy.api#hostLabel"),
        context_parameter: context_parameter(traits)?,
        is_deprecated: traits.mark("smithy.api#deprecated"),
        is_streaming: false,
        is_event_header: traits.mark("smithy.api#eventHeader"),
        is_event_payload: traits.mark("smithy.api#eventPayload"),
        is_json_value: is_json && target.kind == "string",
        is_flattened: traits.mark("smithy.api#xmlFlattened") & is_xml,
        is_xml_attribute: traits.mark("smithy.api#xmlAttribute") & is_xml,
        xml_namespace: None,
        timestamp_format: timestamp_format(traits)?,
        enum_values: Vec::new(),
    })
}

fn location(
    part: &Part<'_>,
    traits: &mut Fields<'_>,
) -> Result<(Option<Location>, Option<String>)> {
    let mut found = (None, None);
    for (key, location) in PLACES {
        let name = match key {
            "smithy.api#httpLabel" => traits.mark(key).then(|| Some(part.name.to_owned())),
            "smithy.api#httpQueryParams" | "smithy.api#httpResponseCode" => {
                traits.mark(key).then_some(None)
            }
            _ => traits.text(key)?.map(Some),
        };
        let Some(name) = name else { continue };
        if found.0.is_some() {
            return Err(traits.wrong(key, "the member stands elsewhere already"));
        }
        found = (Some(location), name);
    }
    Ok(found)
}

/// The names that a member has beside its own.
struct Names {
    json: Option<String>,
    xml: Option<String>,
    ec2: Option<String>,
}

impl Names {
    fn of(traits: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            json: traits.text("smithy.api#jsonName")?,
            xml: traits.text("smithy.api#xmlName")?,
            ec2: traits.text("aws.protocols#ec2QueryName")?,
        })
    }
}

/// A structure that is an XML body alone has the root's name and namespace at its member.
fn payload_name(part: &Part<'_>, member: &mut Member, common: &Common<'_, '_>) -> Result<()> {
    let target = common.closure.shape(part.target)?;
    if common.protocol != Protocol::RestXml || !matches!(target.kind, "structure" | "union") {
        return Ok(());
    }
    let mut about = target.traits(common.notes);
    if about.mark("smithy.api#streaming") {
        return Ok(());
    }
    let root = about.text("smithy.api#xmlName")?.unwrap_or_else(|| target.local().to_owned());
    member.location_name.get_or_insert(root);
    let (uri, _) = namespace(&mut about)?;
    member.xml_namespace = uri.or_else(|| common.xml_namespace.clone());
    Ok(())
}

fn context_parameter(traits: &mut Fields<'_>) -> Result<Option<String>> {
    let parameter = traits.object("smithy.rules#contextParam")?;
    let Some(mut parameter) = parameter else { return Ok(None) };
    let name = parameter.needed("name")?;
    parameter.end()?;
    Ok(Some(name))
}
