//! Lines in, lines out, and what rmcp must be kept from: notifications before the handshake (they
//! end its service), lines that it cannot read (it says nothing), a change of lifecycle in
//! mid-stream (it keeps the old rules).

use std::collections::HashSet;
use std::fs::File;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ClientRequest, GetMeta, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Sleep;

use super::line::{self, IdScanner, Line};

/// How long calls under way may still answer after the end of input. The process has to be gone two
/// seconds after it.
const LAST_ANSWERS: Duration = Duration::from_millis(1_200);

/// The stream, read and written by two threads of its own: a host that stops reading, or a blocking
/// descriptor, holds up nothing else.
pub struct Stream {
    lines: mpsc::Receiver<Line>,
    writer: mpsc::Sender<Vec<u8>>,
    under_way: Arc<UnderWay>,
    lifecycle: Lifecycle,
    /// An `initialize` that came after modern requests: the next service begins with it.
    waiting: Option<RxJsonRpcMessage<RoleServer>>,
    /// A reply of ours that is still to be handed to the writer.
    outbox: Option<Vec<u8>>,
    /// Set at the end of input: how long there is left to answer.
    ending: Option<Pin<Box<Sleep>>>,
}

/// Which of the protocol's two lifecycles the client has chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifecycle {
    Open,
    Handshake,
    Stateless,
}

/// Requests that have no answer yet.
#[derive(Default)]
struct UnderWay {
    ids: Mutex<HashSet<RequestId>>,
    changed: Notify,
}

impl UnderWay {
    fn add(&self, id: RequestId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    fn remove(&self, id: &RequestId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.changed.notify_waiters();
    }

    async fn none_left(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // From here on no change can be missed.
            changed.as_mut().enable();
            if self.ids.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            changed.await;
        }
    }
}

/// What ends when everything was written.
pub struct Written(oneshot::Receiver<()>);

impl Written {
    /// Waits until the writer is done; the stream must have been dropped.
    pub async fn wait(self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.0).await;
    }
}

impl Stream {
    /// Starts reading and writing.
    pub fn start(input: File, output: File) -> std::io::Result<(Self, Written)> {
        let (lines_in, lines) = mpsc::channel(64);
        let (writer, to_write) = mpsc::channel(64);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new()
            .name("stdin".into())
            .spawn(move || read_lines(input, &lines_in))?;
        std::thread::Builder::new().name("stdout".into()).spawn(move || {
            write_lines(output, to_write);
            let _ = done.send(());
        })?;
        let stream = Self {
            lines,
            writer,
            under_way: Arc::default(),
            lifecycle: Lifecycle::Open,
            waiting: None,
            outbox: None,
            ending: None,
        };
        Ok((stream, Written(written)))
    }

    /// Whether a new service has to take the stream over: the client began a handshake after
    /// stateless requests, and rmcp keeps one lifecycle per service.
    pub fn begins_anew(&mut self) -> bool {
        self.lifecycle = Lifecycle::Open;
        self.waiting.is_some()
    }

    async fn next(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        if self.lifecycle == Lifecycle::Open
            && let Some(message) = self.waiting.take()
        {
            self.note(&message);
            return Some(message);
        }
        // Dropped and called again at any await, so whatever is taken is kept in `self`.
        while self.ending.is_none() {
            if self.outbox.is_some() {
                let place = self.writer.reserve().await.ok()?;
                if let Some(line) = self.outbox.take() {
                    place.send(line);
                }
            }
            match self.lines.recv().await {
                None => self.ending = Some(Box::pin(tokio::time::sleep(LAST_ANSWERS))),
                Some(Line::Nothing) => {}
                Some(Line::Reply(error)) => {
                    self.outbox = Some(to_line(&ServerJsonRpcMessage::Error(error)));
                }
                Some(Line::Message(message)) => {
                    if self.lifecycle == Lifecycle::Stateless && is_initialize(&message) {
                        self.waiting = Some(*message);
                        return None;
                    }
                    if self.note(&message) {
                        return Some(*message);
                    }
                }
            }
        }
        // No more input: let what is under way answer, then end.
        if let Some(ending) = &mut self.ending {
            tokio::select! {
                () = ending.as_mut() => {}
                () = self.under_way.none_left() => {}
            }
        }
        None
    }

    /// Keeps account of a message; false where rmcp must not see it.
    fn note(&mut self, message: &RxJsonRpcMessage<RoleServer>) -> bool {
        match message {
            JsonRpcMessage::Request(request) => {
                self.under_way.add(request.id.clone());
                if self.lifecycle == Lifecycle::Open {
                    self.lifecycle = match &request.request {
                        ClientRequest::InitializeRequest(_) => Lifecycle::Handshake,
                        ClientRequest::DiscoverRequest(_) | ClientRequest::PingRequest(_) => {
                            Lifecycle::Open
                        }
                        other if other.get_meta().protocol_version().is_some() => {
                            Lifecycle::Stateless
                        }
                        _ => Lifecycle::Open,
                    };
                }
                true
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    // There will be no answer to it.
                    self.under_way.remove(id);
                }
                self.lifecycle != Lifecycle::Open
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {
                self.lifecycle != Lifecycle::Open
            }
        }
    }
}

/// rmcp takes the transport for itself; the stream outlives its services.
pub struct Lent(pub Arc<tokio::sync::Mutex<Stream>>, pub Sender);

/// The sending half of a stream.
#[derive(Clone)]
pub struct Sender {
    writer: mpsc::Sender<Vec<u8>>,
    under_way: Arc<UnderWay>,
}

impl Stream {
    /// The sending half.
    pub fn sender(&self) -> Sender {
        Sender { writer: self.writer.clone(), under_way: self.under_way.clone() }
    }
}

impl Transport<RoleServer> for Lent {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let Sender { writer, under_way } = self.1.clone();
        async move {
            let line = to_line(&message);
            let sent = writer.send(line).await;
            match &message {
                JsonRpcMessage::Response(response) => under_way.remove(&response.id),
                JsonRpcMessage::Error(error) => {
                    if let Some(id) = &error.id {
                        under_way.remove(id);
                    }
                }
                JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
            }
            sent.map_err(|_| std::io::ErrorKind::BrokenPipe.into())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.0.lock().await.next().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn is_initialize(message: &RxJsonRpcMessage<RoleServer>) -> bool {
    matches!(message, JsonRpcMessage::Request(request)
        if matches!(request.request, ClientRequest::InitializeRequest(_)))
}

fn to_line(message: &TxJsonRpcMessage<RoleServer>) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

fn read_lines(input: File, lines: &mpsc::Sender<Line>) {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let mut kept = Vec::new();
    // Set while a line is being thrown away because it is too long.
    let mut dropped: Option<IdScanner> = None;
    loop {
        let chunk = match input.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let (part, whole) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(at) => (chunk.get(..at).unwrap_or_default(), true),
            None => (chunk, false),
        };
        let used = part.len() + usize::from(whole);
        match &mut dropped {
            Some(ids) => ids.push(part),
            None if kept.len() + part.len() > line::MOST_BYTES => {
                let mut ids = IdScanner::default();
                ids.push(&kept);
                ids.push(part);
                kept = Vec::new();
                dropped = Some(ids);
            }
            None => kept.extend_from_slice(part),
        }
        input.consume(used);
        if whole {
            let read = match dropped.take() {
                Some(ids) => Line::Reply(line::too_long(&ids)),
                None => line::read(&kept),
            };
            kept.clear();
            if lines.blocking_send(read).is_err() {
                return;
            }
        }
    }
    // A last line without an end is a line.
    let last = match dropped {
        Some(ids) => Line::Reply(line::too_long(&ids)),
        None => line::read(&kept),
    };
    let _ = lines.blocking_send(last);
}

fn write_lines(mut output: File, mut lines: mpsc::Receiver<Vec<u8>>) {
    while let Some(mut bytes) = lines.blocking_recv() {
        // What else is ready goes out with it.
        while let Ok(more) = lines.try_recv() {
            bytes.extend_from_slice(&more);
        }
        if output.write_all(&bytes).is_err() {
            // Nobody reads any more; the end of input follows.
            return;
        }
    }
}
