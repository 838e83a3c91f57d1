//! Compressed bodies, for operations whose model allows them. Of AWS's that is CloudWatch's
//! PutMetricData alone.
//!
//! https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{HttpRequest, Problem};

/// Smaller bodies are sent as they are: the default of all of AWS's clients, in bytes.
pub(super) const LEAST: usize = 10_240;

/// Compresses the body and says so, after what the caller says of encodings.
pub(super) fn gzip(request: &mut HttpRequest) -> Result<(), Problem> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(&request.body).and_then(|()| encoder.finish());
    request.body = written.map_err(|error| Problem(error.to_string()))?;
    match request.header_mut("content-encoding") {
        Some(value) => value.push_str(", gzip"),
        None => request.headers.push(("content-encoding".to_owned(), "gzip".to_owned())),
    }
    let length = request.body.len().to_string();
    if let Some(value) = request.header_mut("content-length") {
        *value = length;
    }
    Ok(())
}
