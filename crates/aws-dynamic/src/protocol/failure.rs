//! What a service says when it refuses: code, message, fault and request id, of all protocols, and
//! the members of the error's shape. An answer without a readable error, of a proxy for one, still
//! gives its status.

use std::fmt;

use aws_smithy_runtime_api::http::Response;
use aws_smithy_schema::error_envelope::parse_query_compatible_header;
use aws_smithy_xml::codec::find_depth2_element_slice_by;
use serde_json::{Map, Value};

use super::markup::{Malformed, ROOT, Reader};
use super::{Exchange, read};
use crate::model::terms::Protocol;

/// An error that a service answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// `NoSuchBucket`; the status as text where the answer has no code.
    pub code: String,
    pub message: Option<String>,
    pub fault: Fault,
    /// The id by which AWS's support finds the call.
    pub request_id: Option<String>,
    /// The members of the error, where the operation's model has its shape.
    pub members: Map<String, Value>,
}

/// Who was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request was wrong, or came too often.
    Client,
    Server,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

impl std::error::Error for ServiceError {}

/// What an answer says about its error beside the members.
#[derive(Debug, Default)]
struct About {
    code: Option<String>,
    message: Option<String>,
    /// `Sender` or `Receiver`.
    kind: Option<String>,
    request_id: Option<String>,
}

/// The header of a service that once spoke the query protocol: `code;kind`.
const QUERY_ERROR: &str = "x-amzn-query-error";

/// Headers that have a request's id, in the order in which they are asked.
const REQUEST_ID: [&str; 3] = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];

/// The error of an answer that is one.
pub(super) fn of(exchange: &Exchange, response: &mut Response) -> ServiceError {
    // Members are found by the code of today's protocol, while callers know the query code.
    let query = parse_query_compatible_header(response.headers());
    let query = query.map(|(code, kind)| (code.to_owned(), kind.to_owned()));
    response.headers_mut().remove(QUERY_ERROR);
    let mut about = about(exchange, response);
    let named = |text: &str| about.code.as_deref() == Some(text);
    let shape = exchange
        .errors
        .iter()
        .find(|error| named(&error.name) || error.code.as_deref().is_some_and(named));
    let members = shape.and_then(|shape| {
        let mut from =
            exchange.protocol.deserialize_error_response(response, &exchange.config).ok()?;
        read::output(&mut *from, shape.node, response, exchange.speaks).ok()
    });
    let query = query.filter(|(code, _)| exchange.is_query_compatible && !code.is_empty());
    if let Some((code, kind)) = query {
        about.code = Some(code);
        about.kind = Some(kind);
    }
    let status = response.status().as_u16();
    let fault = match about.kind.as_deref() {
        Some("Sender") => Fault::Client,
        Some("Receiver") => Fault::Server,
        Some(_) | None if shape.is_some_and(|shape| shape.is_fault) => Fault::Server,
        Some(_) | None if status >= 500 => Fault::Server,
        Some(_) | None => Fault::Client,
    };
    let members = members.unwrap_or_default();
    let message = about.message.or_else(|| message_of(&members));
    ServiceError {
        status,
        code: about.code.unwrap_or_else(|| status.to_string()),
        message,
        fault,
        request_id: about
            .request_id
            .or_else(|| request_id(response.headers().iter()).map(str::to_owned)),
        members,
    }
}

/// The id of a request, from the headers of its answer.
pub(super) fn request_id<'h>(
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
) -> Option<&'h str> {
    let rank = |name: &str| REQUEST_ID.iter().position(|id| id.eq_ignore_ascii_case(name));
    let ids = headers.into_iter().filter_map(|(name, value)| Some((rank(name)?, value)));
    ids.min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
}

/// The element of an error in an XML answer, inclusive of its tags: the root, a child of it, or, in
/// EC2's answers, the first below `Errors`.
pub(super) fn xml_error(body: &[u8]) -> Option<&[u8]> {
    let outer = find_depth2_element_slice_by(body, |name| name == "Error" || name == "Errors")?;
    find_depth2_element_slice_by(outer, |name| name == "Error")
}

fn about(exchange: &Exchange, response: &Response) -> About {
    match exchange.speaks {
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => {
            of_xml(response.body().bytes().unwrap_or_default())
        }
        Protocol::Json | Protocol::RestJson | Protocol::RpcV2Cbor => {
            let found = exchange.protocol.parse_error_metadata(response, &exchange.config);
            let found = found.map(|found| found.build()).unwrap_or_default();
            let code = found.code().filter(|code| !code.is_empty());
            About {
                code: code.map(str::to_owned),
                message: found.message().map(str::to_owned),
                ..About::default()
            }
        }
    }
}

fn of_xml(body: &[u8]) -> About {
    let mut about = About::default();
    // What stands before the fault is known.
    let _ = Reader::new(body).and_then(|mut reader| {
        reader.next(0)?;
        walk(&mut reader, ROOT, &mut about)
    });
    about
}

/// Root, Errors, Error: no error is deeper.
const DEEPEST_ERROR: usize = ROOT + 2;

fn walk(reader: &mut Reader<'_>, level: usize, about: &mut About) -> Result<(), Malformed> {
    while let Some(name) = reader.next(level)? {
        let place = match name {
            "Errors" | "Error" if level < DEEPEST_ERROR => {
                walk(reader, level + 1, about)?;
                continue;
            }
            "Code" => &mut about.code,
            "Message" => &mut about.message,
            "Type" => &mut about.kind,
            "RequestId" | "RequestID" | "requestId" => &mut about.request_id,
            _ => continue,
        };
        if let (None, Ok(text)) = (&place, reader.text(level + 1)) {
            *place = Some(text.into_owned()).filter(|text| !text.is_empty());
        }
    }
    Ok(())
}

/// The message where it is a member only, under any of its names.
fn message_of(members: &Map<String, Value>) -> Option<String> {
    let named = |name: &&str| members.get(*name).and_then(Value::as_str);
    ["message", "Message", "errorMessage"].iter().find_map(named).map(str::to_owned)
}
