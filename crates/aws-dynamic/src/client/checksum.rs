//! The checksum of a request, in a header: CRC32, where the operation must have one or can, unless the
//! caller gave one. Only S3 and S3 Control have such operations. The botocore of today does the same
//! where it does not stream; Content-MD5 is no longer sent by either.

use aws_smithy_types::base64;
use serde_json::Value;

use crate::model::Operation;
use crate::protocol::HttpRequest;

const PREFIX: &str = "x-amz-checksum-";
const CRC32: &str = "CRC32";

/// Adds the checksum. Fails where the input asks for an algorithm that this crate lacks.
pub(super) fn add(
    operation: Operation<'_>,
    input: &Value,
    request: &mut HttpRequest,
) -> Result<(), &'static str> {
    let checksum = operation.checksum();
    let member = checksum.algorithm_member();
    let is_required = checksum.is_required() || checksum.is_request_required() == Some(true);
    if !is_required && member.is_none() || has_checksum(request) {
        return Ok(());
    }
    let asked = member.and_then(|member| input.get(member)).and_then(Value::as_str);
    if asked.is_some_and(|asked| asked != CRC32) {
        return Err("of checksum algorithms only CRC32 is supported here: leave the algorithm \
                    out, or give the checksum itself");
    }
    let named = member.and_then(|member| operation.input()?.member(member)?.location_name());
    if let (Some(header), None) = (named, asked) {
        request.headers.push((header.to_owned(), CRC32.to_owned()));
    }
    let sum = crc32fast::hash(&request.body).to_be_bytes();
    request.headers.push((format!("{PREFIX}crc32"), base64::encode(sum)));
    Ok(())
}

/// Whether the caller gave one; of the headers with this prefix two are not checksums. Content-MD5 is
/// not one of them: services take it beside a checksum.
fn has_checksum(request: &HttpRequest) -> bool {
    request.headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        let kind = name.strip_prefix(PREFIX);
        kind.is_some_and(|kind| kind != "algorithm" && kind != "type")
    })
}
