//! A call before it is made: the request that would leave, for whoever wants to see it first.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::codec::OperationCodec;
use super::destination::Destination;
use super::error::CallError;
use crate::auth::Authorization;
use crate::validate::{Finding, Valid};

/// The request of a call, unsigned, without the headers that the runtime adds on the road: user
/// agent, ids and counts of attempts, the trace of Lambda.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub method: String,
    /// With scheme, host, path and query.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How it would be authorised.
    pub authorization: Authorization,
    /// What of the input was read as something else than it was.
    pub coercions: Vec<Finding>,
    /// What of the input the service may refuse.
    pub warnings: Vec<Finding>,
}

/// A call with all that it needs to be made.
pub(super) struct Ready {
    pub valid: Valid,
    pub codec: OperationCodec,
    pub destination: Destination,
    pub authorization: Authorization,
}

impl Prepared {
    /// Fails where the input cannot be written.
    pub(super) fn of(ready: Ready) -> Result<Self, CallError> {
        let Ready { valid, codec, destination, authorization } = ready;
        let request = written(&codec, valid.input, &destination).map_err(CallError::unwritten)?;
        let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Self {
            method: request.method().to_owned(),
            url: request.uri().to_owned(),
            headers: request.headers().iter().map(header).collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
            authorization,
            coercions: valid.coercions,
            warnings: valid.warnings,
        })
    }
}

/// The request with its host, which the runtime's own URL puts before the path as it does in a call.
fn written(
    codec: &OperationCodec,
    input: serde_json::Map<String, serde_json::Value>,
    destination: &Destination,
) -> Result<HttpRequest, BoxError> {
    let mut request = codec.write(input)?;
    request.uri_mut().set_endpoint(&destination.url)?;
    Ok(request)
}

#[cfg(test)]
mod tests;
