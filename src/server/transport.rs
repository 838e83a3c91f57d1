//! Lines in, lines out, and what rmcp must be kept from: notifications before the handshake (they
//! end its service), lines that it cannot read (it says nothing), a change of lifecycle in
//! mid-stream (it keeps the old rules).

use std::collections::HashSet;
use std::fs::File;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ClientRequest, ErrorData, GetMeta, JsonRpcMessage, ProtocolVersion,
    RequestId, RequestMetaObject, ServerJsonRpcMessage,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::line::{self, IdScanner, Line};

/// How long calls under way may still answer after the end of input. The process has to be gone two
/// seconds after it.
const LAST_ANSWERS: Duration = Duration::from_millis(1_000);
/// How long the last answers may then take to be written.
const LAST_BYTES: Duration = Duration::from_millis(500);

/// The stream, read and written by two threads of its own: a host that stops reading, or a blocking
/// descriptor, holds up nothing else.
pub struct Stream {
    input: Mutex<Input>,
    writer: mpsc::Sender<Output>,
    under_way: UnderWay,
    /// The reader saw the end of input.
    ended: CancellationToken,
    /// Everything that came before it was handed on.
    drained: CancellationToken,
    /// A new service has to take the stream over.
    handed_over: Notify,
}

/// What came in, and how far it was understood.
struct Input {
    lines: mpsc::UnboundedReceiver<Line>,
    lifecycle: Lifecycle,
    /// Which service reads; one that is superseded gets nothing any more.
    service: usize,
    /// An `initialize` that came after modern requests: the next service begins with it.
    waiting: Option<RxJsonRpcMessage<RoleServer>>,
    /// A reply of ours that is still to be handed to the writer.
    outbox: Option<Vec<u8>>,
}

enum Output {
    Line(Vec<u8>),
    /// To be answered when everything before it is written.
    Flush(oneshot::Sender<()>),
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
    ids: std::sync::Mutex<HashSet<RequestId>>,
    changed: Notify,
}

impl UnderWay {
    /// False where the id is in use.
    fn add(&self, id: RequestId) -> bool {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
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

impl Stream {
    /// Starts reading and writing.
    pub fn start(input: File, output: File) -> std::io::Result<Arc<Self>> {
        // Unbounded: a reader that waits for room does not see the end of input.
        let (lines_in, lines) = mpsc::unbounded_channel();
        let (writer, to_write) = mpsc::channel(64);
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let cannot_write = ended.clone();
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            read_lines(input, &lines_in, end);
        })?;
        std::thread::Builder::new()
            .name("stdout".into())
            .spawn(move || write_lines(output, to_write, &cannot_write))?;
        Ok(Arc::new(Self {
            input: Mutex::new(Input {
                lines,
                lifecycle: Lifecycle::Open,
                service: 0,
                waiting: None,
                outbox: None,
            }),
            writer,
            under_way: UnderWay::default(),
            ended,
            drained: CancellationToken::new(),
            handed_over: Notify::new(),
        }))
    }

    /// The transport for a new service; the one before it gets no more messages, but may answer.
    pub async fn lend(self: &Arc<Self>) -> Lent {
        let mut input = self.input.lock().await;
        input.service += 1;
        input.lifecycle = Lifecycle::Open;
        Lent { stream: self.clone(), service: input.service }
    }

    /// Completes when the client began a handshake after stateless requests: rmcp keeps one
    /// lifecycle per service, so that another one has to go on.
    pub async fn handed_over(&self) {
        self.handed_over.notified().await;
    }

    /// Says when the input has ended.
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Completes when the input has ended and what was under way has answered, or had its time.
    pub async fn over(&self) {
        self.ended.cancelled().await;
        let answered = async {
            self.drained.cancelled().await;
            self.under_way.none_left().await;
        };
        let _ = tokio::time::timeout(LAST_ANSWERS, answered).await;
        self.flush().await;
    }

    /// Waits until everything is written, for a moment at most.
    pub async fn flush(&self) {
        let written = async {
            let (done, written) = oneshot::channel();
            if self.writer.send(Output::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(LAST_BYTES, written).await;
    }

    /// The next message for a service. Dropped and called again at any await, so whatever is taken is
    /// kept in `input`.
    async fn next(&self, service: usize) -> RxJsonRpcMessage<RoleServer> {
        let mut input = self.input.lock().await;
        if input.service == service
            && let Some(message) = input.waiting.take()
            && self.note(&mut input, &message)
        {
            return message;
        }
        while input.service == service {
            if input.outbox.is_some() {
                let Ok(place) = self.writer.reserve().await else { break };
                if let Some(line) = input.outbox.take() {
                    place.send(Output::Line(line));
                }
            }
            match input.lines.recv().await {
                None => {
                    self.drained.cancel();
                    break;
                }
                Some(Line::Nothing) => {}
                Some(Line::Reply(error)) => {
                    input.outbox = Some(to_line(&ServerJsonRpcMessage::Error(error)));
                }
                Some(Line::Message(message)) => {
                    if input.lifecycle == Lifecycle::Stateless && is_initialize(&message) {
                        input.waiting = Some(*message);
                        // From here on the old service gets nothing, however often it asks.
                        input.service += 1;
                        self.handed_over.notify_one();
                        break;
                    }
                    if self.note(&mut input, &message) {
                        return *message;
                    }
                }
            }
        }
        // Nothing will come any more; the end is not this one's to declare.
        drop(input);
        std::future::pending().await
    }

    /// Keeps account of a message; false where rmcp must not see it.
    fn note(&self, input: &mut Input, message: &RxJsonRpcMessage<RoleServer>) -> bool {
        match message {
            JsonRpcMessage::Request(request) => {
                if !self.under_way.add(request.id.clone()) {
                    // rmcp would cancel the one for the other's answer.
                    let id = Some(request.id.clone());
                    let why = "this id is in use by a request that has no answer yet";
                    let error = ErrorData::invalid_request(why, None);
                    input.outbox = Some(to_line(&ServerJsonRpcMessage::error(error, id)));
                    return false;
                }
                if input.lifecycle == Lifecycle::Open {
                    input.lifecycle = match &request.request {
                        ClientRequest::InitializeRequest(_) => Lifecycle::Handshake,
                        ClientRequest::DiscoverRequest(_) | ClientRequest::PingRequest(_) => {
                            Lifecycle::Open
                        }
                        other if is_complete(other.get_meta()) => Lifecycle::Stateless,
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
                input.lifecycle != Lifecycle::Open
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {
                input.lifecycle != Lifecycle::Open
            }
        }
    }
}

/// What rmcp gets: it takes its transport for itself, and the stream outlives its services.
pub struct Lent {
    stream: Arc<Stream>,
    service: usize,
}

impl Transport<RoleServer> for Lent {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let stream = self.stream.clone();
        async move {
            let sent = stream.writer.send(Output::Line(to_line(&message))).await;
            match &message {
                JsonRpcMessage::Response(response) => stream.under_way.remove(&response.id),
                JsonRpcMessage::Error(error) => {
                    if let Some(id) = &error.id {
                        stream.under_way.remove(id);
                    }
                }
                JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
            }
            sent.map_err(|_| std::io::ErrorKind::BrokenPipe.into())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        Some(self.stream.next(self.service).await)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Whether a request carries what rmcp demands of a stateless one; it refuses any other, and then
/// the lifecycle stays open.
fn is_complete(meta: &RequestMetaObject) -> bool {
    meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
        && meta
            .protocol_version()
            .is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
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

/// `end` tells of the end of input past the queue.
fn read_lines(input: File, lines: &mpsc::UnboundedSender<Line>, end: DropGuard) {
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
            if lines.send(read).is_err() {
                return;
            }
        }
    }
    drop(end);
    // A last line without an end is a line.
    let last = match dropped {
        Some(ids) => Line::Reply(line::too_long(&ids)),
        None => line::read(&kept),
    };
    let _ = lines.send(last);
}

/// `end` tells that nobody reads any more: no call may go on whose answer cannot arrive.
fn write_lines(mut output: File, mut waiting: mpsc::Receiver<Output>, end: &CancellationToken) {
    let mut bytes = Vec::new();
    while let Some(first) = waiting.blocking_recv() {
        // What else is ready goes out with it.
        let mut next = Some(first);
        let mut flushed = Vec::new();
        while let Some(item) = next {
            match item {
                Output::Line(line) => bytes.extend_from_slice(&line),
                Output::Flush(done) => flushed.push(done),
            }
            next = waiting.try_recv().ok();
        }
        if output.write_all(&bytes).is_err() {
            end.cancel();
            return;
        }
        bytes.clear();
        for done in flushed {
            let _ = done.send(());
        }
    }
}
