//! The connector under every client, the credential chain's own ones included. A request leaves only
//! with a pass, only for the hosts that the pass names, and at the pace that is kept; of an answer no
//! more comes in than can be meant. Nothing follows a redirect: the HTTP client below does not.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};

use super::admitted::Admitted;
use super::arguments;
use super::breaker::Circuit;
use super::entry::Entry;
use super::host::Hosts;
use super::rate::Buckets;
use crate::error::{Error, Kind};

/// The largest answer that is read; 1,000 instances take 5 MB.
const MOST_BODY: u64 = 32 * 1024 * 1024;

/// For how long an answer is listened for that nobody may wait for.
const HEARD: Duration = Duration::from_secs(50);

/// What lets one client's requests out. Only the gate makes one.
#[derive(Debug)]
pub(super) struct Pass {
    pub hosts: Hosts,
    pub circuit: Circuit,
    pub attempts: Arc<Buckets<Circuit>>,
    pub requests: Requests,
}

/// Whose requests a client makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Requests {
    /// The gate's own and the credential chain's.
    OurOwn,
    /// A tool's: each with the leave that the wire gave it.
    OfTool,
}

/// The wire's leave for one request.
#[derive(Clone, Debug)]
pub(super) struct Leave {
    /// Whose writes are counted when the request leaves, where it changes something.
    pub writes_of: Option<Arc<Admitted>>,
    /// What has to be on record before it leaves.
    pub intent: Option<Arc<Entry>>,
    /// Whether the body of a success is one value: an object of S3 may be full of braces.
    pub is_raw: bool,
}

/// The client with a pass.
pub(super) fn open(client: SharedHttpClient, pass: Pass) -> SharedHttpClient {
    SharedHttpClient::new(Open { client, pass: Arc::new(pass) })
}

/// A client without one: what a session's own configuration carries, so that whoever makes a client
/// from it past the gate sends nothing.
pub(super) fn closed() -> SharedHttpClient {
    SharedHttpClient::new(Closed)
}

#[derive(Debug)]
struct Closed;

impl HttpClient for Closed {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self)
    }
}

impl HttpConnector for Closed {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        refuse(past_the_gate())
    }
}

#[derive(Debug)]
struct Open {
    client: SharedHttpClient,
    pass: Arc<Pass>,
}

impl HttpClient for Open {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Door { connector, pass: self.pass.clone() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

#[derive(Debug)]
struct Door {
    connector: SharedHttpConnector,
    pass: Arc<Pass>,
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Err(error) = self.pass.hosts.check(request.uri()) {
            return refuse(error);
        }
        let leave = request.extension::<Leave>().cloned();
        if leave.is_none() && self.pass.requests == Requests::OfTool {
            return refuse(past_the_gate());
        }
        let (connector, pass) = (self.connector.clone(), self.pass.clone());
        HttpConnectorFuture::new(async move {
            let turn = pass.attempts.take(&pass.circuit).await;
            turn.map_err(|error| ConnectorError::user(error.into()))?;
            let leave = leave.unwrap_or(Leave { writes_of: None, intent: None, is_raw: false });
            if let Some(entry) = &leave.intent {
                let intent = entry.intend().await;
                intent.map_err(|error| ConnectorError::user(error.into()))?;
            }
            if let Some(admitted) = leave.writes_of {
                admitted.writes.fetch_add(1, Ordering::AcqRel);
            }
            let response = match leave.intent {
                Some(entry) => sent(connector, request, entry).await?,
                None => connector.call(request).await?,
            };
            let is_raw = leave.is_raw && response.status().is_success();
            cut_off(response, (!is_raw).then(Items::default))
        })
    }
}

/// Sends what changes something on a task of its own: where nobody waits for the answer any more, it is
/// heard all the same, and put on record.
async fn sent(
    connector: SharedHttpConnector,
    request: HttpRequest,
    entry: Arc<Entry>,
) -> Result<HttpResponse, ConnectorError> {
    entry.sending();
    let task = tokio::spawn(async move {
        // However the task ends, a panic included.
        let lost = Lost(entry.clone());
        let Ok(answer) = tokio::time::timeout(HEARD, connector.call(request)).await else {
            return Err(ConnectorError::timeout("no answer in time".into()));
        };
        if let Ok(response) = &answer {
            let id = arguments::request_id(response);
            entry.heard(response.status().as_u16(), id.as_deref());
        }
        drop(lost);
        answer
    });
    task.await.unwrap_or_else(|error| Err(ConnectorError::other(error.into(), None)))
}

/// Says of a request that nothing more will be heard of it, unless something was.
struct Lost(Arc<Entry>);

impl Drop for Lost {
    fn drop(&mut self) {
        self.0.lost();
    }
}

fn past_the_gate() -> Error {
    Error::new(
        Kind::DeniedByPolicy,
        "a request was made past the gate. Nothing was sent.",
        "This is a fault of aws-mcp; report it.",
    )
}

fn refuse(error: Error) -> HttpConnectorFuture {
    HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())))
}

/// An answer that says itself that it is too large is not read at all; any other up to the limits, that
/// of its items where they are counted.
fn cut_off(
    mut response: HttpResponse,
    items: Option<Items>,
) -> Result<HttpResponse, ConnectorError> {
    let said = response.headers().get("content-length").and_then(|text| text.parse().ok());
    if said.is_some_and(|length: u64| length > MOST_BODY) {
        return Err(ConnectorError::user(too_large().into()));
    }
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    *response.body_mut() = SdkBody::from_body_1_x(Capped { body, left: MOST_BODY, items });
    Ok(response)
}

fn too_large() -> Error {
    Error::new(
        Kind::ResponseTooLarge,
        format!(
            "AWS's answer is larger than {} MiB, or has more than {MOST_ITEMS} items, and was cut off.",
            MOST_BODY / 1024 / 1024
        ),
        "Ask for less: filters, ids, a smaller limit.",
    )
}

/// A body that ends in an error once it is too long, or has too many parts.
struct Capped {
    body: SdkBody,
    left: u64,
    items: Option<Items>,
}

/// List items of an XML answer, and objects of a JSON one. Each becomes a struct of up to 2 kB, however
/// short it is: `<item/>`. A page of 1,000 instances with 50 tags each has 65,000.
#[derive(Default)]
struct Items {
    count: u32,
    /// Bytes at the end of the last piece that may begin an item.
    begun: Vec<u8>,
}

const MOST_ITEMS: u32 = 80_000;
const ITEMS: [&[u8]; 2] = [b"<item", b"<member"];

impl Items {
    fn are_too_many_with(&mut self, piece: &[u8]) -> bool {
        if !self.begun.is_empty() {
            // What the last piece began, with enough of this one to tell.
            let begun = std::mem::take(&mut self.begun);
            let rest = piece.get(..piece.len().min(8)).unwrap_or_default();
            let joined = [begun.as_slice(), rest].concat();
            if ITEMS.iter().any(|item| joined.starts_with(item)) {
                self.count += 1;
            } else if ITEMS.iter().any(|item| item.starts_with(&joined)) {
                self.begun = joined;
            }
        }
        for at in memchr::memchr2_iter(b'<', b'{', piece) {
            let here = piece.get(at..).unwrap_or_default();
            if here.starts_with(b"{") || ITEMS.iter().any(|item| here.starts_with(item)) {
                self.count += 1;
            } else if ITEMS.iter().any(|item| item.starts_with(here)) {
                self.begun = here.to_vec();
            }
        }
        self.count > MOST_ITEMS
    }
}

impl Body for Capped {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            let items = self.items.as_mut();
            let too_many = items.is_some_and(|items| items.are_too_many_with(data));
            match self.left.checked_sub(length) {
                Some(left) if !too_many => self.left = left,
                _ => return Poll::Ready(Some(Err(too_large().into()))),
            }
        }
        Poll::Ready(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_however_the_answer_is_cut() {
        let text = b"<set><item><a>x</a></item><item/><items/><member/>{ {<itex><ite";
        let whole = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut items = Items::default();
            for piece in pieces {
                items.are_too_many_with(piece);
            }
            items.count
        };
        // `<items` is taken for one, which does no harm.
        assert_eq!(whole(&mut [text.as_slice()].into_iter()), 6);
        for size in 1..text.len() {
            assert_eq!(whole(&mut text.chunks(size)), 6, "in pieces of {size}");
        }
    }

    #[test]
    fn too_many_are_too_many() {
        let piece = b"<item/>".repeat(1_000);
        let mut items = Items::default();
        let pieces = (1..).find(|_| items.are_too_many_with(&piece)).unwrap();
        assert_eq!(pieces, 81);
    }
}
