//! Messages of a stream of events, into JSON: each is an event, an exception that ends the stream, or,
//! in protocols without members in headers, what the answer says beside its stream.
//!
//! https://smithy.io/2.0/aws/amazon-eventstream.html

use aws_smithy_types::base64;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::event_stream::{self as wire, HeaderValue};
use serde_json::{Map, Value};

use super::schema::{Maker, Node};
use super::{Exchange, Fault, Problem, ServiceError, Unsupported, answer, timestamp};
use crate::model::terms::Kind;
use crate::model::{Member, Shape};

/// A message of a stream of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Members of the output that are not the stream.
    Initial(Map<String, Value>),
    /// An event under its name in the model; without members if the model does not know it.
    Event { name: String, members: Map<String, Value> },
    /// The stream ends with an error. It has the status of the model's shape, or 400.
    Exception(Box<ServiceError>),
}

/// The member of an output that is a stream of events.
#[derive(Debug)]
pub(super) struct EventStream {
    member: String,
    events: Vec<Event>,
}

#[derive(Debug)]
struct Event {
    name: String,
    /// The name of its shape, which is the code of an exception.
    shape: String,
    status: Option<u16>,
    is_fault: bool,
    node: &'static Node,
    /// Members that are not in a body of the protocol's format.
    apart: Vec<Apart>,
}

#[derive(Debug)]
struct Apart {
    name: String,
    place: Place,
    node: &'static Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    /// All of the message.
    Payload,
}

/// The event that is no event.
const INITIAL: &str = "initial-response";

/// The member of a shape that is a stream of events.
pub(super) fn stream(shape: Option<Shape<'_>>) -> Option<Member<'_>> {
    shape.into_iter().flat_map(Shape::members).find(|member| member.shape().is_event_stream())
}

impl EventStream {
    pub fn make(member: Member<'_>, maker: Maker<'_>) -> Result<Self, Unsupported> {
        let events = member.shape().members().map(|event| Event::make(event, maker));
        Ok(Self { member: member.name().to_owned(), events: events.collect::<Result<_, _>>()? })
    }

    pub fn member(&self) -> &str {
        &self.member
    }

    pub fn read(&self, exchange: &Exchange, message: &wire::Message) -> Result<Message, Problem> {
        let kind = text(message, ":message-type");
        let named = |name: &str| self.events.iter().find(|event| event.name == name);
        match kind {
            Some("event") => {
                let name =
                    text(message, ":event-type").ok_or_else(|| problem("an event has no name"))?;
                match named(name) {
                    Some(event) => {
                        let members = event.members(exchange, message)?;
                        Ok(Message::Event { name: name.to_owned(), members })
                    }
                    None if name == INITIAL => {
                        let node = exchange.output;
                        let members = node.map(|node| body(exchange, node, message.payload()));
                        Ok(Message::Initial(members.transpose()?.unwrap_or_default()))
                    }
                    None => Ok(Message::Event { name: name.to_owned(), members: Map::new() }),
                }
            }
            Some("exception") => {
                let name = text(message, ":exception-type");
                let event = name.and_then(named);
                // What it is counts more than what it says.
                let members = event.and_then(|event| event.members(exchange, message).ok());
                let members = members.unwrap_or_default();
                Ok(exception(name.unwrap_or("Unknown"), event, members))
            }
            Some("error") => {
                let code = text(message, ":error-code").unwrap_or("Unknown");
                let mut members = Map::new();
                if let Some(words) = text(message, ":error-message") {
                    members.insert("message".to_owned(), words.into());
                }
                Ok(exception(code, None, members))
            }
            Some(_) | None => Err(problem("a message of the stream is of no known kind")),
        }
    }
}

impl Event {
    fn make(member: Member<'_>, maker: Maker<'_>) -> Result<Self, Unsupported> {
        let shape = member.shape();
        let apart = shape.members().filter_map(|member| {
            let place = match (member.is_event_header(), member.is_event_payload()) {
                (true, _) => Place::Header,
                (false, true) => Place::Payload,
                (false, false) => return None,
            };
            let name = member.name().to_owned();
            Some(maker.node(member.shape()).map(|node| Apart { name, place, node }))
        });
        Ok(Self {
            name: member.name().to_owned(),
            shape: shape.name().to_owned(),
            status: shape.error().status(),
            is_fault: shape.is_fault(),
            apart: apart.collect::<Result<_, _>>()?,
            node: maker.node(shape)?,
        })
    }

    fn members(
        &self,
        exchange: &Exchange,
        message: &wire::Message,
    ) -> Result<Map<String, Value>, Problem> {
        let has_payload = self.apart.iter().any(|part| part.place == Place::Payload);
        let is_apart = has_payload || self.apart.len() == self.node.parts.len();
        let mut members = if is_apart {
            Map::new()
        } else {
            let read = body(exchange, self.node, message.payload());
            read.map_err(|Problem(what)| Problem(format!("{}: {what}", self.name)))?
        };
        for part in &self.apart {
            let value = match part.place {
                Place::Header => {
                    header(message, &part.name).map(|value| of_header(part.node, value))
                }
                Place::Payload => Some(of_payload(exchange, part.node, message.payload())),
            };
            if let Some(value) = value {
                let wrong = |Problem(what)| Problem(format!("{}.{}: {what}", self.name, part.name));
                members.insert(part.name.clone(), value.map_err(wrong)?);
            }
        }
        Ok(members)
    }
}

fn exception(name: &str, event: Option<&Event>, members: Map<String, Value>) -> Message {
    let words = ["message", "Message"].iter().find_map(|name| members.get(*name)?.as_str());
    Message::Exception(Box::new(ServiceError {
        status: event.and_then(|event| event.status).unwrap_or(400),
        code: event.map_or(name, |event| &event.shape).to_owned(),
        message: words.map(str::to_owned),
        fault: if event.is_some_and(|event| event.is_fault) {
            Fault::Server
        } else {
            Fault::Client
        },
        request_id: None,
        members,
    }))
}

/// A structure in the protocol's format.
fn body(
    exchange: &Exchange,
    node: &'static Node,
    payload: &[u8],
) -> Result<Map<String, Value>, Problem> {
    if payload.is_empty() || node.parts.is_empty() {
        return Ok(Map::new());
    }
    exchange.read(node, &answer(200, [], SdkBody::from(payload))?)
}

fn of_payload(exchange: &Exchange, node: &'static Node, payload: &[u8]) -> Result<Value, Problem> {
    match node.kind {
        Kind::Blob => Ok(base64::encode(payload).into()),
        Kind::String | Kind::Character => {
            let text = std::str::from_utf8(payload).map_err(|_| problem("is not UTF-8"))?;
            Ok(text.into())
        }
        Kind::Structure | Kind::Union => body(exchange, node, payload).map(Value::Object),
        Kind::List
        | Kind::Map
        | Kind::Document
        | Kind::Boolean
        | Kind::Byte
        | Kind::Short
        | Kind::Integer
        | Kind::Long
        | Kind::BigInteger
        | Kind::Float
        | Kind::Double
        | Kind::BigDecimal
        | Kind::Timestamp => Err(problem("cannot be all of a message")),
    }
}

/// The type is the wire's: the model's own say no more.
fn of_header(node: &Node, value: &HeaderValue) -> Result<Value, Problem> {
    let wrong = || problem("is not of the type that the model has");
    Ok(match (node.kind, value) {
        (Kind::Boolean, HeaderValue::Bool(value)) => (*value).into(),
        (Kind::Byte | Kind::Short | Kind::Integer | Kind::Long, value) => match value {
            HeaderValue::Byte(value) => (*value).into(),
            HeaderValue::Int16(value) => (*value).into(),
            HeaderValue::Int32(value) => (*value).into(),
            HeaderValue::Int64(value) => (*value).into(),
            _ => return Err(wrong()),
        },
        (Kind::Blob, HeaderValue::ByteArray(bytes)) => base64::encode(bytes).into(),
        (Kind::String | Kind::Character, HeaderValue::String(text)) => text.as_str().into(),
        (Kind::Timestamp, HeaderValue::Timestamp(time)) => timestamp::to_json(time),
        _ => return Err(wrong()),
    })
}

fn header<'m>(message: &'m wire::Message, name: &str) -> Option<&'m HeaderValue> {
    let mut headers = message.headers().iter();
    headers.find(|header| header.name().as_str() == name).map(wire::Header::value)
}

fn text<'m>(message: &'m wire::Message, name: &str) -> Option<&'m str> {
    header(message, name)?.as_string().ok().map(|text| text.as_str())
}

fn problem(what: &str) -> Problem {
    Problem(what.to_owned())
}

#[cfg(test)]
mod tests;
