//! Schemas for the codecs, made from the model when an operation is first used: of its own shapes
//! only, because all of EC2's would take a fifth of a second and 35 MB.
//!
//! The codecs want schemas that live as long as the program, so they are leaked: once per service,
//! side and shape, shared by the service's operations.

use std::sync::{Mutex, OnceLock, PoisonError};

use aws_smithy_schema::traits::HttpTrait;
use aws_smithy_schema::{Schema, ShapeId, ShapeType};

use super::traits::namespace;
use super::{Exchange, Unsupported};
use crate::model::terms::{Kind, Location, Protocol};
use crate::model::{Member, Operation, Service, Shape};

pub(super) type Static = &'static Schema<'static>;

/// Whether shapes are written or read: EC2, queries and XML name some of them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// A shape with its schema.
#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    /// The schema without a member's name, which stands for entries of lists and maps.
    pub schema: Static,
    /// Members; of a list its element; of a map its key and its value.
    pub parts: Vec<Part>,
    pub is_sparse: bool,
    /// Whether an empty list is left out.
    pub skips_empty: bool,
    pub is_json: bool,
}

impl Node {
    /// Whether an answer's body is written in the protocol's format, not bytes or text as they are.
    pub fn has_body(&self) -> bool {
        match self.parts.iter().find(|part| part.payload != Payload::No) {
            Some(part) => part.node().is_some_and(|node| node.kind.has_named_members()),
            None => self.parts.iter().any(|part| !part.schema.has_http_response_binding()),
        }
    }
}

/// A member of a shape with its schema.
#[derive(Debug)]
pub(super) struct Part {
    pub name: &'static str,
    pub schema: Static,
    target: &'static OnceLock<Node>,
    pub is_json_text: bool,
    pub is_idempotency_token: bool,
    pub payload: Payload,
}

/// Whether a member is the whole body of an HTTP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    No,
    Yes,
    /// And written as an empty object where it is missing.
    Always,
}

/// An operation's input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub schema: Static,
    pub node: Option<&'static Node>,
    /// The schema of the member that is the body, if that is a structure.
    pub body: Option<Static>,
}

impl Part {
    /// The shape of its values.
    pub fn node(&self) -> Option<&'static Node> {
        self.target.get()
    }
}

/// What has been made of a service: it lives in the service, so that it is made once.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// By side and by row of the shape.
    nodes: OnceLock<[&'static [OnceLock<Node>]; 2]>,
    /// By row of the operation.
    exchanges: OnceLock<Vec<OnceLock<Result<&'static Exchange, Unsupported>>>>,
    /// Held while shapes are made: a node that is there has all that it leads to.
    making: Mutex<()>,
}

impl Kept {
    /// What is kept of an operation, made at first use.
    pub(super) fn exchange(
        &self,
        operation: Operation<'_>,
        make: impl FnOnce() -> Result<Exchange, Unsupported>,
    ) -> Result<&'static Exchange, Unsupported> {
        let count = operation.service().operations().len();
        let exchanges =
            self.exchanges.get_or_init(|| (0..count).map(|_| OnceLock::new()).collect());
        let leaked = || make().map(|exchange| &*Box::leak(Box::new(exchange)));
        match exchanges.get(operation.row()) {
            Some(slot) => slot.get_or_init(leaked).clone(),
            None => Err(Unsupported::Model),
        }
    }
}

/// Makes nodes of a service's shapes.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    service: &'a Service,
    pub(super) protocol: Protocol,
    pub(super) side: Side,
    nodes: &'static [OnceLock<Node>],
}

/// How deep lists may be lists of lists without a structure between.
const NESTED_LISTS: usize = 16;

impl<'a> Maker<'a> {
    pub fn new(service: &'a Service, protocol: Protocol, side: Side) -> Self {
        let slots = || {
            let slots: Vec<OnceLock<Node>> = service.shapes().map(|_| OnceLock::new()).collect();
            &*Vec::leak(slots)
        };
        let [input, output] = *service.kept.nodes.get_or_init(|| [slots(), slots()]);
        let nodes = match side {
            Side::Input => input,
            Side::Output => output,
        };
        Self { service, protocol, side, nodes }
    }

    /// The node of a shape, with all that it leads to.
    pub fn node(self, shape: Shape<'_>) -> Result<&'static Node, Unsupported> {
        let _making = self.service.kept.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = vec![shape];
        let mut made = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(shape) = open.pop() {
            let slot = self.slot(shape)?;
            if slot.get().is_none() && seen.insert(shape.row()) {
                made.push((slot, self.make(shape)?));
                open.extend(parts_of(shape).map(|(_, member)| member.shape()));
            }
        }
        for (slot, node) in made {
            // Cannot be set already: nobody else is making.
            let _ = slot.set(node);
        }
        self.slot(shape)?.get().ok_or(Unsupported::Model)
    }

    /// An operation's input, with the operation's HTTP side.
    pub fn input(self, operation: Operation<'_>) -> Result<Root, Unsupported> {
        let input = operation.input();
        let node = input.map(|input| self.node(input)).transpose()?;
        let members: Vec<Static> =
            node.iter().flat_map(|node| &node.parts).map(|part| part.schema).collect();
        let name = leaked(&format!("{}Input", operation.name()));
        let http = HttpTrait::new(leaked(operation.http_method()), leaked(&uri(operation)), None);
        let mut schema = Schema::new_struct(id(name), ShapeType::Structure, Vec::leak(members))
            .with_http(http)
            .with_original_name(input.map_or(name, |input| leaked(input.name())));
        let named = input.and_then(Shape::location_name);
        if let Some(name) = named.or(operation.input_location_name()) {
            schema = schema.with_xml_name(leaked(name));
        }
        let own = operation.input_xml_namespace().map(|uri| (uri, None));
        if let Some((uri, prefix)) = own.or(input.and_then(namespace)) {
            schema = schema.with_xml_namespace(leaked(uri), prefix.map(leaked));
        }
        let payload = input.and_then(|input| input.member(input.payload()?));
        let payload = payload.filter(|member| member.shape().kind().has_named_members());
        let body =
            payload.filter(|_| self.is_rest()).map(|member| self.body(member)).transpose()?;
        Ok(Root { schema: Box::leak(Box::new(schema)), node, body })
    }

    /// The schema of a structure that is a body: it has the name and the namespace of the member.
    fn body(self, member: Member<'_>) -> Result<Static, Unsupported> {
        let target = member.shape();
        let node = self.node(target)?;
        let members: Vec<Static> = node.parts.iter().map(|part| part.schema).collect();
        let kind = shape_type(target.kind());
        let mut schema = Schema::new_struct(id(leaked(target.name())), kind, Vec::leak(members));
        if let Some(name) = member.location_name().or(target.location_name()) {
            schema = schema.with_xml_name(leaked(name));
        }
        let own = member.xml_namespace().map(|uri| (uri, target.xml_prefix()));
        if let Some((uri, prefix)) = own.or(namespace(target)) {
            schema = schema.with_xml_namespace(leaked(uri), prefix.map(leaked));
        }
        Ok(Box::leak(Box::new(schema)))
    }

    fn slot(self, shape: Shape<'_>) -> Result<&'static OnceLock<Node>, Unsupported> {
        self.nodes.get(shape.row()).ok_or(Unsupported::Model)
    }

    fn make(self, shape: Shape<'_>) -> Result<Node, Unsupported> {
        let kind = shape.kind();
        let of_part = |(place, (name, member))| self.part(shape, place, name, member);
        let parts: Vec<Part> =
            parts_of(shape).enumerate().map(of_part).collect::<Result<_, _>>()?;
        let mut schemas = parts.iter().map(|part| part.schema);
        let id = id(leaked(shape.name()));
        let schema = match kind {
            Kind::Structure | Kind::Union => {
                Schema::new_struct(id, shape_type(kind), Vec::leak(schemas.collect()))
            }
            Kind::List => Schema::new_list(id, schemas.next().ok_or(Unsupported::Model)?),
            Kind::Map => {
                let (key, value) = schemas.next().zip(schemas.next()).ok_or(Unsupported::Model)?;
                Schema::new_map(id, key, value)
            }
            Kind::Document
            | Kind::String
            | Kind::Character
            | Kind::Boolean
            | Kind::Byte
            | Kind::Short
            | Kind::Integer
            | Kind::Long
            | Kind::BigInteger
            | Kind::Float
            | Kind::Double
            | Kind::BigDecimal
            | Kind::Timestamp
            | Kind::Blob => Schema::new(id, shape_type(kind)),
        };
        Ok(Node {
            kind,
            schema: Box::leak(Box::new(self.traits_of_shape(schema, shape))),
            parts,
            is_sparse: shape.is_sparse(),
            skips_empty: self.protocol == Protocol::Ec2 && kind == Kind::List,
            is_json: matches!(self.protocol, Protocol::Json | Protocol::RestJson),
        })
    }

    fn part(
        self,
        parent: Shape<'_>,
        place: usize,
        name: &str,
        member: Member<'_>,
    ) -> Result<Part, Unsupported> {
        let is_body = self.is_rest() && parent.payload() == Some(name);
        let structure = member.shape().kind() == Kind::Structure;
        let always = structure && self.protocol == Protocol::RestJson;
        Ok(Part {
            name: leaked(name),
            schema: self.member(parent, place, name, member, NESTED_LISTS)?,
            target: self.slot(member.shape())?,
            is_json_text: member.is_json_value(),
            is_idempotency_token: member.is_idempotency_token(),
            payload: match (is_body, always) {
                (false, _) => Payload::No,
                (true, false) => Payload::Yes,
                (true, true) => Payload::Always,
            },
        })
    }

    /// The schema of a member. It carries those of the entries of a list or map, because names of
    /// entries are looked for there.
    fn member(
        self,
        parent: Shape<'_>,
        place: usize,
        name: &str,
        member: Member<'_>,
        nested: usize,
    ) -> Result<Static, Unsupported> {
        let nested = nested.checked_sub(1).ok_or(Unsupported::Model)?;
        let target = member.shape();
        let id = id(leaked(parent.name()));
        let schema = Schema::new_member(id, shape_type(target.kind()), leaked(name), place);
        let mut schema = self.traits(schema, parent, name, member);
        let mut inner = parts_of(target)
            .take_while(|_| matches!(target.kind(), Kind::List | Kind::Map))
            .enumerate()
            .map(|(place, (name, member))| self.member(target, place, name, member, nested));
        if let Some(first) = inner.next().transpose()? {
            schema = match inner.next().transpose()? {
                Some(value) => schema.with_map_members(first, value),
                None => schema.with_list_member(first),
            };
        }
        Ok(Box::leak(Box::new(schema)))
    }
}

/// What a shape is made of, with the names that schemas want for parts that have none. A stream of
/// events is no part of a message: it follows it.
fn parts_of(shape: Shape<'_>) -> impl Iterator<Item = (&str, Member<'_>)> {
    let entries = [("member", shape.element()), ("key", shape.key()), ("value", shape.value())];
    let entries = entries.into_iter().filter_map(|(name, member)| Some((name, member?)));
    let members = shape.members().filter(|member| !member.shape().is_event_stream());
    members.map(|member| (member.name(), member)).chain(entries)
}

/// The path and query of an operation with members' names in the braces, where the model has names
/// of the wire.
fn uri(operation: Operation<'_>) -> String {
    let mut uri = operation.http_uri().trim_end_matches('?').to_owned();
    for member in operation.input().into_iter().flat_map(Shape::members) {
        if let (Some(Location::Uri), Some(name)) = (member.location(), member.location_name()) {
            for end in ["}", "+}"] {
                uri =
                    uri.replace(&format!("{{{name}{end}"), &format!("{{\0{}{end}", member.name()));
            }
        }
    }
    uri.replace('\0', "")
}

fn shape_type(kind: Kind) -> ShapeType {
    match kind {
        Kind::Structure => ShapeType::Structure,
        Kind::Union => ShapeType::Union,
        Kind::Document => ShapeType::Document,
        Kind::List => ShapeType::List,
        Kind::Map => ShapeType::Map,
        Kind::String | Kind::Character => ShapeType::String,
        Kind::Boolean => ShapeType::Boolean,
        Kind::Byte => ShapeType::Byte,
        Kind::Short => ShapeType::Short,
        Kind::Integer => ShapeType::Integer,
        Kind::Long => ShapeType::Long,
        Kind::BigInteger => ShapeType::BigInteger,
        Kind::Float => ShapeType::Float,
        Kind::Double => ShapeType::Double,
        Kind::BigDecimal => ShapeType::BigDecimal,
        Kind::Timestamp => ShapeType::Timestamp,
        Kind::Blob => ShapeType::Blob,
    }
}

fn id(name: &'static str) -> ShapeId<'static> {
    ShapeId::from_parts(name, "", name)
}

pub(super) fn leaked(text: &str) -> &'static str {
    String::leak(text.to_owned())
}
