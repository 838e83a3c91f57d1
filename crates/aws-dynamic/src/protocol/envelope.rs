//! Whether a body is an answer to what was asked at all, by what it begins with. A page of a proxy that
//! comes with the status 200 would else be read as an answer without members: "there are no VPCs".
//!
//! https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization and
//! aws-ec2-query-protocol.html#response-serialization

use super::markup;
use super::schema::{Node, Payload};
use crate::model::terms::Protocol;

/// Roots that no answer has. Others cannot be told apart where models do not name them: restXml's.
const REFUSED: &[&str] = &["html", "Error", "ErrorResponse", "Errors"];

const EMPTY: &str = "the body is empty";
const ANOTHER: &str = "the body is no answer to this operation";

/// What is wrong with the body of an operation's answer, as far as its beginning tells.
pub(super) fn fault(
    operation: &str,
    speaks: Protocol,
    output: Option<&Node>,
    body: &[u8],
) -> Option<&'static str> {
    let has_members = output.is_some_and(Node::has_body);
    let has_payload =
        output.is_some_and(|node| node.parts.iter().any(|part| part.payload != Payload::No));
    if has_payload && !has_members {
        return None;
    }
    match speaks {
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml if body.is_empty() => {
            // A member that is all of the body may be missing.
            (has_members && !has_payload).then_some(EMPTY)
        }
        Protocol::Query | Protocol::Ec2 => {
            let is_own = |root: &str| root.strip_suffix("Response") == Some(operation);
            (!markup::root(body).is_some_and(is_own)).then_some(ANOTHER)
        }
        Protocol::RestXml => {
            let is_refused =
                |root: &str| REFUSED.iter().any(|other| root.eq_ignore_ascii_case(other));
            let is_wrong = match markup::root(body) {
                Some(root) => is_refused(root),
                None => has_members || body.trim_ascii_start().starts_with(b"<!"),
            };
            is_wrong.then_some(ANOTHER)
        }
        // What is read is found to be no JSON when it is read.
        Protocol::Json | Protocol::RestJson => {
            let first = body.trim_ascii_start().first();
            (!has_members && first == Some(&b'<')).then_some(ANOTHER)
        }
        Protocol::RpcV2Cbor => None,
    }
}
