//! An AWS that fails in ways that take more than an answer: bodies without end, bytes that drip, bytes that are no
//! HTTP, a port on which nobody listens. What to answer is set while it runs, per operation, and what arrives is
//! counted.
//!
//! Nothing here outlives its use: a connection ends after [`LONGEST`], and all of them with the server.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::fake_aws::{Response, read_request, write_response};

/// How long a connection lives at most: more than any call may take.
const LONGEST: Duration = Duration::from_secs(60);

/// What comes between two bytes of a drip.
const DRIP: Duration = Duration::from_millis(200);

/// The size of a huge body.
const HUGE: usize = 1024 * 1024 * 1024;

/// What a huge body is made of, again and again.
const PIECE: usize = 64 * 1024;

/// What to answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An answer with its delay and its cut. A delay longer than [`LONGEST`] ends in a closed connection.
    Told(Response),
    /// These bytes as they are, then a closed connection.
    Raw(Vec<u8>),
    /// Status 200 and 1 GiB of spaces.
    Huge(Framing),
    /// Status 200, of which one byte comes every 200 ms, without an end.
    Drip(Part),
}

/// How the other side learns where a body ends.
#[derive(Clone, Copy, Debug)]
pub enum Framing {
    /// By `Content-Length`.
    Length,
    /// By chunks, so that nobody knows before.
    Chunked,
}

/// Which part of an answer drips.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Head,
    /// The head comes at once.
    Body,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Told(response)
    }
}

impl Answer {
    /// No answer, and the connection stays open.
    pub fn never() -> Self {
        Response::never().into()
    }

    /// No answer, and the connection is closed.
    pub fn closed() -> Self {
        Response::closed().into()
    }

    /// The connection is closed in the middle of a header.
    pub fn half_a_head() -> Self {
        Self::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Le".to_vec())
    }

    /// Status 200 with this body.
    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        let mut response = Response::xml(200, "");
        response.body = body.into();
        response.into()
    }

    /// A redirect to another address.
    pub fn redirect(status: u16, to: &str) -> Self {
        let mut response = Response::xml(status, "");
        response.headers.push(("Location".to_owned(), to.to_owned()));
        response.into()
    }
}

#[derive(Default)]
struct Script {
    /// Each for one request, before what is answered from then on.
    first: VecDeque<Answer>,
    then: Option<Answer>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    requests: usize,
    connections: usize,
}

struct State {
    scripts: HashMap<String, Script>,
    otherwise: Answer,
    seen: HashMap<String, Seen>,
    accepted: usize,
    sent: usize,
    open: HashMap<usize, TcpStream>,
    /// Nobody is to be let in any more.
    shut: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Connections were closed.
    change: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps account of a new connection. Returns its number, or none where nobody is let in.
    fn admit(&self, stream: &TcpStream) -> io::Result<Option<usize>> {
        let mut state = self.state();
        if state.shut {
            return Ok(None);
        }
        state.accepted += 1;
        let number = state.accepted;
        state.open.insert(number, stream.try_clone()?);
        Ok(Some(number))
    }

    /// Keeps account of a request, and says what to answer.
    fn note(&self, action: &str, first_of_connection: bool) -> Answer {
        let mut state = self.state();
        let seen = state.seen.entry(action.to_owned()).or_default();
        seen.requests += 1;
        seen.connections += usize::from(first_of_connection);
        let script = state.scripts.get_mut(action);
        let told = script.and_then(|script| script.first.pop_front().or(script.then.clone()));
        told.unwrap_or_else(|| state.otherwise.clone())
    }
}

/// A running server on loopback. It knows its callers; every other operation it refuses until it is told what to answer.
/// Dropping it closes every connection.
pub struct FaultyAws {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl FaultyAws {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let state = State {
            scripts: HashMap::new(),
            otherwise: Response::ec2_error(400, "InvalidAction", "Not told what to say.").into(),
            seen: HashMap::new(),
            accepted: 0,
            sent: 0,
            open: HashMap::new(),
            shut: false,
        };
        let aws = Self {
            address: listener.local_addr().expect("its address"),
            shared: Arc::new(Shared { state: Mutex::new(state), change: Condvar::new() }),
            accepting: Mutex::new(None),
        };
        aws.answers("GetCallerIdentity", super::caller());
        aws.accept_on(listener);
        aws
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this is the answer to an operation, whatever was said of it before.
    pub fn answers(&self, action: &str, answer: impl Into<Answer>) {
        let script = Script { first: VecDeque::new(), then: Some(answer.into()) };
        self.shared.state().scripts.insert(action.to_owned(), script);
    }

    /// From now on this is the answer to every operation, whatever was said before.
    pub fn answers_everything(&self, answer: impl Into<Answer>) {
        let mut state = self.shared.state();
        state.scripts.clear();
        state.otherwise = answer.into();
    }

    /// This is the answer to the next so many requests for an operation; after them comes what came before.
    pub fn answers_first(&self, action: &str, times: usize, answer: impl Into<Answer>) {
        let answers = vec![answer.into(); times];
        let mut state = self.shared.state();
        state.scripts.entry(action.to_owned()).or_default().first.extend(answers);
    }

    /// How many requests for an operation have arrived.
    pub fn requests(&self, action: &str) -> usize {
        self.seen(action).requests
    }

    /// How many connections have carried a request for an operation.
    pub fn connections(&self, action: &str) -> usize {
        self.seen(action).connections
    }

    /// How many connections were accepted, with a request on them or without.
    pub fn accepted(&self) -> usize {
        self.shared.state().accepted
    }

    /// How many bytes of huge bodies and drips were handed to the system: some more than the other side has read.
    pub fn sent(&self) -> usize {
        self.shared.state().sent
    }

    fn seen(&self, action: &str) -> Seen {
        self.shared.state().seen.get(action).copied().unwrap_or_default()
    }

    /// Closes every connection and the port: whoever connects is refused.
    pub fn refuse(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(accepting) = accepting else { return };
        self.shared.state().shut = true;
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect(self.address);
        let _ = accepting.join();
        for (_, stream) in self.shared.state().open.drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.change.notify_all();
    }

    /// Listens again, on the port that it had.
    pub fn listen(&self) {
        self.refuse();
        let listener = TcpListener::bind(self.address).expect("the port that it had");
        self.shared.state().shut = false;
        self.accept_on(listener);
    }

    fn accept_on(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let thread = thread::spawn(move || accept(&shared, &listener));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }
}

impl Drop for FaultyAws {
    fn drop(&mut self) {
        self.refuse();
    }
}

/// Lets connections in until nobody is to be let in any more.
fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for stream in listener.incoming() {
        let admitted = stream.and_then(|stream| Ok((shared.admit(&stream)?, stream)));
        let (number, stream) = match admitted {
            Ok((Some(number), stream)) => (number, stream),
            Ok((None, _)) => return,
            // A client that went away at once is no fault of the test's.
            Err(_) => continue,
        };
        let connection = Connection {
            shared: Arc::clone(shared),
            number,
            stream,
            end: Instant::now() + LONGEST,
        };
        thread::spawn(move || {
            let _ = connection.serve();
            let _ = connection.stream.shutdown(Shutdown::Both);
            connection.shared.state().open.remove(&connection.number);
        });
    }
}

struct Connection {
    shared: Arc<Shared>,
    number: usize,
    stream: TcpStream,
    end: Instant,
}

impl Connection {
    /// Answers requests, until either side or the time ends it.
    fn serve(&self) -> io::Result<()> {
        let mut reader = BufReader::new(&self.stream);
        let mut carried = HashSet::new();
        loop {
            self.stream.set_read_timeout(Some(self.left()?))?;
            let Some(request) = read_request(&mut reader)? else { return Ok(()) };
            let action = request.action();
            let first = carried.insert(action.clone());
            self.stream.set_write_timeout(Some(self.left()?))?;
            match self.shared.note(&action, first) {
                Answer::Told(response) => {
                    self.wait(response.delay)?;
                    write_response(&self.stream, &response)?;
                    if response.cut {
                        return Ok(());
                    }
                }
                Answer::Raw(bytes) => return (&self.stream).write_all(&bytes),
                Answer::Huge(framing) => self.write_huge(framing)?,
                Answer::Drip(part) => return self.drip(part),
            }
        }
    }

    /// What is left of the connection's time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    /// Waits so long, unless the connection ends before.
    fn wait(&self, time: Duration) -> io::Result<()> {
        if time.is_zero() {
            return Ok(());
        }
        let due = Instant::now() + time;
        let is_open = |state: &mut State| state.open.contains_key(&self.number);
        let (mut state, _) = self
            .shared
            .change
            .wait_timeout_while(self.shared.state(), time.min(self.left()?), is_open)
            .unwrap_or_else(PoisonError::into_inner);
        if is_open(&mut state) && Instant::now() >= due {
            Ok(())
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        (&self.stream).write_all(bytes)?;
        self.shared.state().sent += bytes.len();
        Ok(())
    }

    fn write_huge(&self, framing: Framing) -> io::Result<()> {
        let spaces = vec![b' '; PIECE];
        let (header, piece, end) = match framing {
            Framing::Length => (format!("Content-Length: {HUGE}"), spaces, ""),
            Framing::Chunked => {
                let size = format!("{PIECE:x}\r\n").into_bytes();
                let piece = [&size[..], &spaces, b"\r\n"].concat();
                ("Transfer-Encoding: chunked".to_owned(), piece, "0\r\n\r\n")
            }
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n{header}\r\n\r\n");
        (&self.stream).write_all(head.as_bytes())?;
        for _ in 0..HUGE / PIECE {
            self.send(&piece)?;
        }
        (&self.stream).write_all(end.as_bytes())
    }

    /// Ends with the connection.
    fn drip(&self, part: Part) -> io::Result<()> {
        let (at_once, then) = match part {
            Part::Head => ("", "HTTP/1.1 200 OK\r\nX-Slow: "),
            Part::Body => (
                "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n",
                "<?xml version=\"1.0\"?>",
            ),
        };
        (&self.stream).write_all(at_once.as_bytes())?;
        for byte in then.bytes().chain(std::iter::repeat(b'x')) {
            self.wait(DRIP)?;
            self.send(&[byte])?;
        }
        Ok(())
    }
}
