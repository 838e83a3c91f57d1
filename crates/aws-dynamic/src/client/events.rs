//! A call whose answer is a stream of events, which may have no end: collected until there are enough
//! of them, or of their bytes, or until the time is over.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use bytes::Bytes;
use http_body::Body;
use serde_json::{Map, Value, json};

use super::codec::{Live, Reads};
use super::error::Refusal;
use super::frames::{BadFrame, Frames};
use super::{Answer, Call, CallError, Client};
use crate::protocol::{Message, Problem};

/// When a stream is cut, whatever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    pub events: usize,
    /// Of the stream as it is sent, with what is around the events.
    pub bytes: usize,
    /// From the answer's first bytes, by the configuration's sleep.
    pub time: Duration,
}

/// What a call gave, its events in a list under the member that is the stream:
/// `[{"sessionStart": {...}}, {"sessionUpdate": {...}}]`. An event that the model does not know is
/// there without members.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    pub answer: Answer,
    pub end: End,
}

/// Why there are no more events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The service ended the stream.
    Whole,
    /// There may be more: cut at the number of events.
    Events,
    /// There may be more: cut at the number of bytes.
    Bytes,
    /// There may be more: the time was over.
    Time,
}

/// A stream of events that ended with an error.
#[derive(Debug)]
pub struct Interrupted {
    /// What came before.
    pub before: Answer,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    /// The service said so in the stream.
    Refused(Box<Refusal>),
    /// The connection broke.
    Broken(BoxError),
    /// The stream ended within an event.
    Cut,
    Frame(BadFrame),
    Unreadable(Problem),
}

const NO_EVENTS: &str = "the operation answers no stream of events";
const NO_SLEEP: &str = "the configuration has no way to sleep, by which the time is limited";

impl Client {
    /// Calls an operation whose answer is a stream of events, and collects them. An answer that is an
    /// error is read as one; an exception within the stream is `CallError::Interrupted`.
    pub async fn events(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
        until: Until,
    ) -> Result<Collected, CallError> {
        let mut call = self.checked(service, operation, input)?;
        let member = call.exchange.event_stream().ok_or(CallError::Special(NO_EVENTS))?;
        let sleep = self.config.sleep_impl().ok_or(CallError::Special(NO_SLEEP))?;
        let mut received = self.send(&mut call, None, Reads::Head).await?;
        let time = sleep.sleep(until.time);
        let mut collecting = Collecting { fields: Map::new(), list: Vec::new() };
        if let Value::Object(fields) = received.output.take() {
            collecting.fields = fields;
        }
        let end = match received.live.take() {
            Some(Live { body, .. }) => collecting.all(&call, body, until, time).await,
            None => Ok(End::Whole),
        };
        received.output = collecting.output(member);
        let answer = call.answer(received);
        match end {
            Ok(end) => Ok(Collected { answer, end }),
            Err(cause) => {
                let interrupted = Interrupted { before: answer, cause };
                Err(CallError::Interrupted(Box::new(interrupted)))
            }
        }
    }
}

/// Events may be far apart, which is no stall.
pub(super) fn patience() -> StaticRuntimePlugin {
    let mut layer = Layer::new("events");
    layer.store_put(StalledStreamProtectionConfig::disabled());
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

impl Interrupted {
    /// The error that the service said within the stream, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.cause {
            Cause::Refused(refusal) => Some(refusal),
            Cause::Broken(_) | Cause::Cut | Cause::Frame(_) | Cause::Unreadable(_) => None,
        }
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Refused(refusal) => refusal.fmt(f),
            Cause::Broken(_) => f.write_str("the stream of events broke off"),
            Cause::Cut => f.write_str("the stream of events ended within an event"),
            Cause::Frame(bad) => bad.fmt(f),
            Cause::Unreadable(problem) => write!(f, "an event cannot be read: {problem}"),
        }
    }
}

impl Error for Interrupted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Refused(refusal) => Some(refusal),
            Cause::Broken(error) => Some(error.as_ref()),
            Cause::Frame(bad) => Some(bad),
            Cause::Unreadable(problem) => Some(problem),
            Cause::Cut => None,
        }
    }
}

struct Collecting {
    /// Members that are not the stream.
    fields: Map<String, Value>,
    list: Vec<Value>,
}

/// What came of waiting for bytes.
enum Next {
    Bytes(Bytes),
    Error(BoxError),
    End,
    Time,
}

impl Collecting {
    async fn all(
        &mut self,
        call: &Call,
        mut body: SdkBody,
        until: Until,
        mut time: Sleep,
    ) -> Result<End, Cause> {
        let mut frames = Frames::default();
        let mut left = until.bytes;
        let mut is_full = false;
        loop {
            if self.list.len() >= until.events {
                return Ok(End::Events);
            }
            if let Some(message) = frames.next().map_err(Cause::Frame)? {
                match call.exchange.message(&message).map_err(Cause::Unreadable)? {
                    Message::Initial(fields) => self.fields.extend(fields),
                    Message::Event { name, members } => self.list.push(json!({ name: members })),
                    Message::Exception(error) => {
                        let refusal = Refusal::new(*error, call.operation);
                        return Err(Cause::Refused(Box::new(refusal)));
                    }
                }
                continue;
            }
            if is_full {
                return Ok(End::Bytes);
            }
            match next(&mut body, &mut time).await {
                Next::Bytes(bytes) => {
                    let fitting = bytes.get(..left).unwrap_or(&bytes);
                    frames.push(fitting);
                    is_full = fitting.len() < bytes.len();
                    left -= fitting.len();
                }
                Next::Error(error) => return Err(Cause::Broken(error)),
                Next::End if frames.is_within() => return Err(Cause::Cut),
                Next::End => return Ok(End::Whole),
                Next::Time => return Ok(End::Time),
            }
        }
    }

    fn output(self, member: &str) -> Value {
        let mut fields = self.fields;
        fields.insert(member.to_owned(), self.list.into());
        fields.into()
    }
}

/// The next bytes of the body, unless the time is over: that is looked at first, so that a stream
/// which always has something is cut too.
async fn next(body: &mut SdkBody, time: &mut Sleep) -> Next {
    poll_fn(|context| {
        if Pin::new(&mut *time).poll(context).is_ready() {
            return Poll::Ready(Next::Time);
        }
        loop {
            return Poll::Ready(match Pin::new(&mut *body).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => Next::End,
                Poll::Ready(Some(Err(error))) => Next::Error(error),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => Next::Bytes(bytes),
                    // Trailers.
                    Err(_) => continue,
                },
            });
        }
    })
    .await
}

#[cfg(test)]
mod tests;
