//! A call whose streaming member is not in memory: its bytes go out as they come in.
//!
//! S3 gets a checksum after the body, CRC32 unless the caller chose another, and over TLS no hash of
//! the body in the signature, as from AWS's own clients. With a checksum of the caller's own, the body
//! goes as it is. Services that want the hash have it before the body is sent, so that this must be
//! one that can be made twice.

use aws_sigv4::http_request::SignableBody;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::codec::Reads;
use super::digest::Algorithm;
use super::{Answer, CallError, Client};
use crate::auth::Authorization;
use crate::model::terms::{Kind, SignatureVersion};
use crate::model::{Member, Operation, Shape};

const NO_STREAM: &str = "the operation takes no stream of bytes";
const TWICE: &str = "the body is given twice, as a stream and as a member";
const LENGTH: &str = "the body's length must be known";
const ONCE: &str = "the signature has a hash of the body, which must be one that can be read twice";

impl Client {
    /// Calls an operation with the bytes of its streaming member, which the input must then lack. The
    /// length of the body must be known (`SdkBody::content_length`). A failed attempt is followed by
    /// another only if the body can be made again (`SdkBody::retryable`, `from_reader`).
    pub async fn upload(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
        body: SdkBody,
    ) -> Result<Answer, CallError> {
        let found = super::find(service, operation)?;
        let member = stream(found.input()).ok_or(CallError::Special(NO_STREAM))?;
        body.content_length().ok_or(CallError::Special(LENGTH))?;
        let mut call = self.checked(service, operation, &with_empty(input, member.name())?)?;
        let received = self.send(&mut call, Some(body), Reads::Whole).await?;
        Ok(call.answer(received))
    }
}

/// The member of a shape that is a stream of bytes: all of the body.
pub(super) fn stream(shape: Option<Shape<'_>>) -> Option<Member<'_>> {
    let member = shape?.member(shape?.payload()?)?;
    let is_stream = member.is_streaming() || member.shape().is_streaming();
    Some(member).filter(|member| is_stream && member.shape().kind() == Kind::Blob)
}

/// Puts the hash of the body into the signature where the service wants it there.
pub(super) async fn hash(
    operation: Operation<'_>,
    authorization: &mut Authorization,
    body: &SdkBody,
) -> Result<(), CallError> {
    let Authorization::SigV4(config) = authorization else { return Ok(()) };
    let is_s3 = match operation.service().signature_version() {
        SignatureVersion::S3 | SignatureVersion::S3V4 => true,
        SignatureVersion::V4 | SignatureVersion::V2 | SignatureVersion::Bearer => false,
    };
    let options = &mut config.signing_options;
    if is_s3 || options.payload_override.is_some() || body.bytes().is_some() {
        return Ok(());
    }
    let mut body = body.try_clone().ok_or(CallError::Special(ONCE))?;
    let mut sum = Algorithm::Sha256.sum();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| CallError::Cut { written: 0, source })?;
        if let Some(data) = frame.data_ref() {
            sum.add(data);
        }
    }
    let hex = sum.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    options.payload_override = Some(SignableBody::Precomputed(hex));
    Ok(())
}

/// The input with an empty member, which stands for the stream until the body is there.
fn with_empty(input: &Value, member: &str) -> Result<Value, CallError> {
    let mut fields = match input {
        Value::Object(fields) => fields.clone(),
        Value::Null => Map::new(),
        // Validation says what is wrong with it.
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Ok(input.clone());
        }
    };
    if fields.get(member).is_some_and(|value| !value.is_null()) {
        return Err(CallError::Special(TWICE));
    }
    fields.insert(member.to_owned(), json!(""));
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests;
