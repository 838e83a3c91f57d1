//! Downloads a tarball: over https, a few redirects, with bounds on size and time, and without
//! credentials of any kind. What arrives is handed on as it comes; nothing is kept here.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use crate::config::Address;
use crate::error::{Error, Kind, Result};

/// What a download may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: u64,
    /// Between two pieces, and before the first.
    pub silence: Duration,
    /// All of it.
    pub whole: Duration,
    pub redirects: u32,
}

impl Limits {
    /// AWS's repository is some 40 MB, and GitHub answers with one redirect.
    pub const USUAL: Self = Self {
        bytes: 256 * 1024 * 1024,
        silence: Duration::from_secs(30),
        whole: Duration::from_secs(600),
        redirects: 3,
    };
}

/// What was downloaded, for a reader on another thread.
pub struct Download {
    pieces: Receiver<Piece>,
    rest: Bytes,
    is_whole: bool,
}

/// A part of it, and the end: a sender that is gone without it did not get so far.
pub enum Piece {
    Bytes(Bytes),
    End,
}

/// Both ends of a download. The reader holds the sender back.
pub fn pipe() -> (Sender<Piece>, Download) {
    let (sender, pieces) = channel(16);
    (sender, Download { pieces, rest: Bytes::new(), is_whole: false })
}

/// Downloads what is at the address. A reader that is gone ends it without an error.
pub async fn fetch(
    connector: &SharedHttpConnector,
    address: &Address,
    limits: &Limits,
    pieces: Sender<Piece>,
) -> Result<()> {
    let download = async {
        let response = answer(connector, address, limits).await?;
        hand_on(address, response, limits, &pieces).await
    };
    let done = timeout(limits.whole, download).await;
    done.unwrap_or_else(|_| {
        Err(stopped(address, &format!("it took longer than {:?}", limits.whole)))
    })
}

/// The answer that has the tarball, wherever it is redirected to.
async fn answer(
    connector: &SharedHttpConnector,
    address: &Address,
    limits: &Limits,
) -> Result<HttpResponse> {
    let mut at = address.clone();
    for _ in 0..=limits.redirects {
        let sent = timeout(limits.silence, connector.call(request(&at)?)).await;
        let response = sent
            .map_err(|_| stopped(&at, &format!("no answer within {:?}", limits.silence)))?
            .map_err(|error| stopped(&at, &format!("it cannot be reached ({})", causes(&error))))?;
        match response.status().as_u16() {
            200 => return Ok(response),
            301 | 302 | 303 | 307 | 308 => {
                let location = response.headers().get("location").unwrap_or_default();
                at = at.redirected(location).map_err(|why| {
                    let next = "Have SMITHY_SYNC_URL name where the tarball is, over https.";
                    failed(format!("{at}: the redirect {why}; it is not followed."), next)
                })?;
            }
            404 | 410 => {
                return Err(failed(
                    format!("{at} is not there (HTTP {}).", response.status().as_u16()),
                    "Check SMITHY_SYNC_URL, and the reference: `aws-mcp models status` shows it.",
                ));
            }
            status => {
                return Err(failed(
                    format!("{at} answered with HTTP {status}."),
                    "Try again later, or check SMITHY_SYNC_URL. No credentials are sent.",
                ));
            }
        }
    }
    let most = limits.redirects;
    Err(failed(format!("{address}: more than {most} redirects."), "Check SMITHY_SYNC_URL."))
}

/// An error and what is below it: only the last one says what happened.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = all.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

fn request(address: &Address) -> Result<HttpRequest> {
    let request = http::Request::get(address.uri().clone())
        .header("user-agent", concat!("aws-mcp/", env!("CARGO_PKG_VERSION")))
        .header("accept", "*/*")
        .body(SdkBody::empty());
    let broken = |error: String| Error::internal("a request could not be made.").caused_by(error);
    HttpRequest::try_from(request.map_err(|error| broken(error.to_string()))?)
        .map_err(|error| broken(error.to_string()))
}

async fn hand_on(
    address: &Address,
    response: HttpResponse,
    limits: &Limits,
    pieces: &Sender<Piece>,
) -> Result<()> {
    let too_large = || stopped(address, &format!("it is larger than {} bytes", limits.bytes));
    let said = response.headers().get("content-length").and_then(|text| text.parse().ok());
    if said.is_some_and(|length: u64| length > limits.bytes) {
        return Err(too_large());
    }
    let mut body = response.into_body();
    let mut left = limits.bytes;
    loop {
        let next = timeout(limits.silence, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await;
        let silent = |_| stopped(address, &format!("nothing came for {:?}", limits.silence));
        let Some(frame) = next.map_err(silent)? else { break };
        let frame = frame.map_err(|error| stopped(address, &format!("it broke off ({error})")))?;
        let Ok(piece) = frame.into_data() else { continue };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or_else(too_large)?;
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            return Ok(());
        }
    }
    // A reader that has seen enough is no failure of the download.
    let _ = pieces.send(Piece::End).await;
    Ok(())
}

fn stopped(address: &Address, why: &str) -> Error {
    failed(
        format!("{address}: the download stopped: {why}."),
        "Check the network, HTTPS_PROXY, AWS_CA_BUNDLE and SMITHY_SYNC_URL, and try again.",
    )
}

fn failed(message: String, next_step: &'static str) -> Error {
    Error::new(Kind::ExecutionError, message, next_step)
}

impl Read for Download {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.is_whole {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(piece)) => self.rest = piece,
                Some(Piece::End) => self.is_whole = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off")),
            }
        }
        let length = self.rest.len().min(into.len());
        if let Some(into) = into.get_mut(..length) {
            self.rest.copy_to_slice(into);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
