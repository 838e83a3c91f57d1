//! Copies from another region: the request carries a URL, signed for the region that the copy is
//! from, by which the service asks there in the caller's name. botocore makes it alike.

use std::time::Duration;

use aws_runtime::auth::HttpSignatureType;
use aws_types::region::Region;
use serde_json::{Map, Value};

use super::destination::Destination;
use super::error::CallError;
use super::{Client, road, special};
use crate::auth::{Authorization, Unauthorizable};
use crate::endpoint::{EndpointError, Rules};
use crate::model::Operation;
use crate::protocol::Exchange;

/// Who copies: EC2 wants to be told both regions; RDS, and what is built on it, has `SourceRegion`
/// only for clients to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    Ec2,
    Rds,
}

const SOURCE: &str = "SourceRegion";
const TARGET: &str = "DestinationRegion";
const HOUR: Duration = Duration::from_secs(60 * 60);

impl Copy {
    /// The member that is the URL.
    fn url(self) -> &'static str {
        match self {
            Self::Ec2 => "PresignedUrl",
            Self::Rds => "PreSignedUrl",
        }
    }
}

/// Takes out what is not sent.
pub(super) fn strip(operation: Operation<'_>, input: &mut Map<String, Value>) {
    if special::copy(operation) == Some(Copy::Rds) {
        input.shift_remove(SOURCE);
    }
}

/// Completes the input of an operation that copies, unless the caller did.
pub(super) async fn complete(
    client: &Client,
    operation: Operation<'static>,
    exchange: &Exchange,
    input: &mut Map<String, Value>,
) -> Result<(), CallError> {
    let Some(copy) = special::copy(operation) else { return Ok(()) };
    let source = input.get(SOURCE).and_then(Value::as_str).map(str::to_owned);
    strip(operation, input);
    let Some(source) = source.filter(|_| !input.contains_key(copy.url())) else { return Ok(()) };
    let target = client.config.region().map(ToString::to_string);
    let target = target.ok_or(CallError::Authorization(Unauthorizable::NoRegion))?;
    // The text comes from whoever wrote the input, and is about to be part of a host.
    let rules = Rules::get().map_err(|broken| CallError::Broken(broken.clone()))?;
    if !rules.partitions().is_region_beside(&source, &target) {
        return Err(CallError::Endpoint(EndpointError::Region(source)));
    }
    if copy == Copy::Ec2 {
        input.insert(TARGET.to_owned(), Value::from(target.as_str()));
    }
    let url = presigned(client, operation, exchange, input, (&source, &target)).await?;
    input.insert(copy.url().to_owned(), Value::from(url));
    Ok(())
}

/// The same request as a URL that is good for an hour, in the region that the copy is from.
async fn presigned(
    client: &Client,
    operation: Operation<'static>,
    exchange: &Exchange,
    input: &Map<String, Value>,
    (source, target): (&str, &str),
) -> Result<String, CallError> {
    let region = Region::new(source.to_owned());
    let there = client.config.clone().into_builder().region(region).build();
    let destination = Destination::of(&there, &client.settings, operation, input)?;
    let authorization = client.authorization(operation, &destination.endpoint, Some(source))?;
    client.holds(&authorization)?;
    let Authorization::SigV4(mut config) = authorization else {
        return Err(CallError::Special("a copy is signed by signature version 4 only"));
    };
    config.signing_options.signature_type = HttpSignatureType::HttpRequestQueryParams;
    config.signing_options.expires_in = Some(HOUR);
    let unreadable = CallError::Special("the copy cannot be written as a URL");
    let request = exchange.request(&Value::Object(input.clone()), None);
    let body = request.ok().and_then(|request| String::from_utf8(request.body).ok());
    let mut uri = format!("/?{}", body.ok_or(unreadable)?);
    if !input.contains_key(TARGET) {
        // The models of RDS lack it. A region needs no escapes.
        uri.push_str(&format!("&{TARGET}={target}"));
    }
    road::presigned(client, operation, &destination, Authorization::SigV4(config), uri).await
}

#[cfg(test)]
mod tests;
