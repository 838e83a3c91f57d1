//! Checksums: of a request in a header, or announced for the end of a body that comes from a stream;
//! of an answer, asked for and held against what came.
//!
//! Requests have CRC32 where the operation must have one or can, unless the caller chose another or
//! gave one. Only S3 and S3 Control have such operations. The botocore of today does the same;
//! Content-MD5 is no longer sent by either.

use std::fmt;

use serde_json::{Map, Value};

use super::digest::{Algorithm, Sum};
use crate::model::Operation;
use crate::protocol::HttpRequest;
use crate::validate::Finding;

const PREFIX: &str = "x-amz-checksum-";
const UNKNOWN: &str = "of checksum algorithms CRC32, CRC32C, CRC64NVME, SHA1 and SHA256 are supported \
                       here: choose one, leave the algorithm out, or give the checksum itself";

/// The sum that an answer's body should have.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub algorithm: Algorithm,
    text: String,
}

/// An answer whose body does not have the sum that came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mismatch(pub Algorithm);

/// Says whether the input asks for an algorithm that this crate lacks, and gives no sum itself.
pub(super) fn problem(operation: Operation<'_>, input: &Map<String, Value>) -> Option<Finding> {
    let member = operation.checksum().algorithm_member()?;
    let asked = input.get(member)?.as_str()?;
    let shape = operation.input()?;
    let is_sum = |name: &String| {
        let header = shape.member(name).and_then(|member| member.location_name());
        header.is_some_and(is_checksum)
    };
    let is_known = of_name(asked).is_some() || input.keys().any(is_sum);
    (!is_known).then(|| Finding { path: member.to_owned(), what: UNKNOWN.to_owned() })
}

/// Adds the checksum. Fails where the input asks for an algorithm that this crate lacks.
pub(super) fn add(
    operation: Operation<'_>,
    input: &Value,
    request: &mut HttpRequest,
) -> Result<(), &'static str> {
    if let Some(algorithm) = announce(operation, input, request)? {
        let mut sum = algorithm.sum();
        sum.add(&request.body);
        request.headers.push((algorithm.header().to_owned(), sum.text()));
    }
    Ok(())
}

/// Names the checksum that will come with the body, if there will be one.
pub(super) fn announce(
    operation: Operation<'_>,
    input: &Value,
    request: &mut HttpRequest,
) -> Result<Option<Algorithm>, &'static str> {
    let checksum = operation.checksum();
    let member = checksum.algorithm_member();
    let is_required = checksum.is_required() || checksum.is_request_required() == Some(true);
    if !is_required && member.is_none() || has_checksum(request) {
        return Ok(None);
    }
    let asked = member.and_then(|member| input.get(member)).and_then(Value::as_str);
    let algorithm = match asked {
        Some(asked) => of_name(asked).ok_or(UNKNOWN)?,
        None => Algorithm::Crc32,
    };
    let named = member.and_then(|member| operation.input()?.member(member)?.location_name());
    if let (Some(header), None) = (named, asked) {
        request.headers.push((header.to_owned(), algorithm.name().to_owned()));
    }
    Ok(Some(algorithm))
}

/// Asks for the checksum of the answer, where there may be one and the caller did not.
pub(super) fn ask(operation: Operation<'_>, request: &mut HttpRequest) {
    let member = operation.checksum().mode_member();
    let header = member.and_then(|member| operation.input()?.member(member)?.location_name());
    if let Some(header) = header.filter(|header| request.header(header).is_none()) {
        request.headers.push((header.to_owned(), "ENABLED".to_owned()));
    }
}

impl Expected {
    /// What the headers of an answer promise, of the algorithms that are known here. The sum of the
    /// sums of parts, `...-3`, says nothing of the whole.
    pub fn of<'h>(
        operation: Operation<'_>,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Option<Self> {
        let mut modelled = operation.checksum().response_algorithms().peekable();
        modelled.peek()?;
        let modelled: Vec<Algorithm> = modelled
            .filter_map(|name| Algorithm::ALL.into_iter().find(|one| one.name() == name))
            .collect();
        headers.into_iter().find_map(|(name, text)| {
            let is_of = |one: &&Algorithm| one.header().eq_ignore_ascii_case(name);
            let algorithm = *modelled.iter().find(is_of).filter(|_| !text.contains('-'))?;
            Some(Self { algorithm, text: text.to_owned() })
        })
    }

    /// Whether a body has the sum.
    pub fn check(&self, sum: Sum) -> Result<(), Mismatch> {
        if sum.text() == self.text { Ok(()) } else { Err(Mismatch(self.algorithm)) }
    }

    pub fn check_bytes(&self, body: &[u8]) -> Result<(), Mismatch> {
        let mut sum = self.algorithm.sum();
        sum.add(body);
        self.check(sum)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer does not have the {} that came with it", self.0.name())
    }
}

impl std::error::Error for Mismatch {}

/// Whether the caller gave one; of the headers with this prefix three are not checksums. Content-MD5 is
/// not one of them: services take it beside a checksum.
fn has_checksum(request: &HttpRequest) -> bool {
    request.headers.iter().any(|(name, _)| is_checksum(name))
}

fn is_checksum(header: &str) -> bool {
    let name = header.to_ascii_lowercase();
    let kind = name.strip_prefix(PREFIX);
    kind.is_some_and(|kind| !["algorithm", "type", "mode"].contains(&kind))
}

fn of_name(name: &str) -> Option<Algorithm> {
    Algorithm::ALL.into_iter().find(|one| one.name() == name)
}
