//! Compressed bodies, for operations whose model allows them. Of AWS's that is CloudWatch's
//! PutMetricData alone.
//!
//! https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait

use std::io::Write;

use flate2::Compression as Level;
use flate2::write::GzEncoder;

use super::{HttpRequest, Problem};

/// Which bodies are compressed, of operations whose model allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Off,
    /// Those of so many bytes or more.
    From(usize),
}

impl Default for Compression {
    /// As all of AWS's clients have it.
    fn default() -> Self {
        Self::From(10_240)
    }
}

impl Compression {
    pub(super) fn takes(self, body: &[u8]) -> bool {
        match self {
            Self::Off => false,
            Self::From(least) => body.len() >= least,
        }
    }
}

/// Compresses the body and says so, after what the caller says of encodings.
pub(super) fn gzip(request: &mut HttpRequest) -> Result<(), Problem> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
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
