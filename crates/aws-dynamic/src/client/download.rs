//! A call whose answer has a stream of bytes, which goes to a writer as it comes: no more than a piece
//! of it is in memory.

use std::io::Write;

use http_body_util::BodyExt;
use serde_json::Value;

use super::codec::{Live, Reads};
use super::upload::stream;
use super::{Answer, CallError, Client};

/// What a call gave, with its body written elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Downloaded {
    /// The other members.
    pub answer: Answer,
    /// How many bytes were written.
    pub written: u64,
}

const NO_STREAM: &str = "the operation answers no stream of bytes";

impl Client {
    /// Calls an operation and writes the answer's streaming member, of at most so many bytes. Errors
    /// of the service are never written. What was written before any other error stays written: once
    /// there is an answer, the call is not tried again. The writer must not wait long.
    pub async fn download(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
        to: &mut (dyn Write + Send),
        limit: usize,
    ) -> Result<Downloaded, CallError> {
        let mut call = self.checked(service, operation, input)?;
        stream(call.operation.output()).ok_or(CallError::Special(NO_STREAM))?;
        let mut received = self.send(&mut call, None, Reads::Head).await?;
        let written = match received.live.take() {
            Some(live) => write(live, to, limit).await?,
            None => 0,
        };
        Ok(Downloaded { answer: call.answer(received), written })
    }
}

async fn write(
    mut live: Live,
    to: &mut (dyn Write + Send),
    limit: usize,
) -> Result<u64, CallError> {
    let too_large = |length: u64| usize::try_from(length).map_or(true, |length| length > limit);
    if live.body.content_length().is_some_and(too_large) {
        return Err(CallError::TooLarge { limit });
    }
    let mut sum = live.expected.as_ref().map(|expected| expected.algorithm.sum());
    let mut written: u64 = 0;
    while let Some(frame) = live.body.frame().await {
        let frame = frame.map_err(|source| CallError::Cut { written, source })?;
        let Ok(piece) = frame.into_data() else { continue };
        let after = written.saturating_add(piece.len() as u64);
        if too_large(after) {
            return Err(CallError::TooLarge { limit });
        }
        to.write_all(&piece).map_err(|source| CallError::Write { written, source })?;
        written = after;
        if let Some(sum) = &mut sum {
            sum.add(&piece);
        }
    }
    to.flush().map_err(|source| CallError::Write { written, source })?;
    if let (Some(expected), Some(sum)) = (live.expected, sum) {
        expected.check(sum).map_err(|mismatch| CallError::Checksum(mismatch.to_string()))?;
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
