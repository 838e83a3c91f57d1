//! An HTTP server that answers as a test says: AWS's errors, its silence, its broken connections.
//!
//! The answers have the shapes that AWS documents for its protocols.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long to wait for requests before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The delay of an answer that never comes: longer than any call or test may take.
const FOREVER: Duration = Duration::from_secs(3_600);

/// How often to look whether whoever waits for a delayed answer is still there.
const GLANCE: Duration = Duration::from_millis(20);

/// What arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A member of the form in the body, decoded: `param("InstanceId.1")`.
    pub fn param(&self, name: &str) -> Option<String> {
        let text = self.text();
        let pair = |member: &str| {
            let (key, value) = member.split_once('=')?;
            (decoded(key) == name).then(|| decoded(value))
        };
        text.split('&').find_map(pair)
    }

    /// The operation: `DescribeInstances`, whichever protocol says it.
    pub fn action(&self) -> String {
        let target = self.header("x-amz-target").and_then(|target| target.rsplit('.').next());
        let path = self.path.split_once("/operation/").map(|(_, operation)| operation);
        let named = target.or(path).map(str::to_owned);
        named.or_else(|| self.param("Action")).unwrap_or_default()
    }

    /// What an operation of a JSON or CBOR protocol was asked; times are seconds since 1970.
    pub fn json(&self) -> Value {
        match self.header("content-type") {
            Some("application/cbor") => super::cbor::decoded(&self.body),
            _ => serde_json::from_slice(&self.body).expect("JSON"),
        }
    }

    /// Whether it is in Smithy's RPC v2 CBOR.
    pub fn speaks_cbor(&self) -> bool {
        self.header("smithy-protocol") == Some("rpc-v2-cbor")
    }

    /// Part of the signature's scope: 0 is the access key id, 2 the region, 3 the service.
    fn scope(&self, part: usize) -> Option<&str> {
        let (_, credential) = self.header("authorization")?.split_once("Credential=")?;
        credential.split(',').next()?.split('/').nth(part)
    }

    /// The access key id that signed this.
    pub fn access_key_id(&self) -> Option<&str> {
        self.scope(0)
    }

    /// The region that this was signed for.
    pub fn region(&self) -> Option<&str> {
        self.scope(2)
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// Besides `Content-Length`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Wait so long first; cut short when the server is dropped.
    pub delay: Duration,
    /// Close the connection after half of the body, or, when the body is empty, without a word.
    pub cut: bool,
}

impl Response {
    /// An XML answer.
    pub fn xml(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![
                ("Content-Type".to_owned(), "text/xml;charset=UTF-8".to_owned()),
                ("x-amzn-RequestId".to_owned(), REQUEST_ID.to_owned()),
            ],
            body: body.into().into_bytes(),
            delay: Duration::ZERO,
            cut: false,
        }
    }

    /// An answer in the AWS JSON protocols, where times are seconds since 1970.
    pub fn json(status: u16, body: &Value) -> Self {
        let kind = ("Content-Type".to_owned(), "application/x-amz-json-1.1".to_owned());
        let mut answer = Self { body: body.to_string().into_bytes(), ..Self::xml(status, "") };
        answer.headers[0] = kind;
        answer
    }

    /// An error in the AWS JSON protocols.
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"__type": code, "message": message}))
    }

    /// An answer in Smithy's RPC v2 CBOR, which CloudWatch's client speaks; a time is
    /// `{"$time": seconds since 1970}`.
    pub fn cbor(status: u16, body: &Value) -> Self {
        let mut answer = Self { body: super::cbor::encoded(body), ..Self::xml(status, "") };
        answer.headers[0] = ("Content-Type".to_owned(), "application/cbor".to_owned());
        answer.headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
        answer
    }

    /// An answer in the protocol of its request, CBOR or JSON; a time is as in [`Response::cbor`].
    pub fn spoken(request: &Request, body: &Value) -> Self {
        match request.speaks_cbor() {
            true => Self::cbor(200, body),
            false => Self::json(200, &super::cbor::decoded(&super::cbor::encoded(body))),
        }
    }

    /// An error in Smithy's RPC v2 CBOR.
    pub fn cbor_error(status: u16, code: &str, message: &str) -> Self {
        Self::cbor(status, &json!({"__type": code, "message": message}))
    }

    /// This answer, later.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Only half of this answer, then a closed connection.
    pub fn cut_off(self) -> Self {
        Self { cut: true, ..self }
    }

    /// No answer, and the connection stays open.
    pub fn never() -> Self {
        Self::xml(200, "").after(FOREVER)
    }

    /// No answer, and the connection is closed.
    pub fn closed() -> Self {
        Self::xml(200, "").cut_off()
    }

    /// An error as STS writes it, and IAM too.
    pub fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let kind = if status < 500 { "Sender" } else { "Receiver" };
        let message = escaped(message);
        Self::xml(
            status,
            format!(
                r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"#
            ),
        )
    }

    /// An error as EC2 writes it.
    pub fn ec2_error(status: u16, code: &str, message: &str) -> Self {
        let message = escaped(message);
        Self::xml(
            status,
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"#
            ),
        )
    }

    /// EC2 would have done what it was told only to try.
    pub fn ec2_dry_run() -> Self {
        let message = "Request would have succeeded, but DryRun flag is set.";
        Self::ec2_error(412, "DryRunOperation", message)
    }

    /// EC2 asks to slow down.
    pub fn ec2_throttled() -> Self {
        Self::ec2_error(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// STS asks to slow down.
    pub fn sts_throttled() -> Self {
        Self::sts_error(400, "Throttling", "Rate exceeded")
    }

    /// EC2 has a fault of its own.
    pub fn ec2_broken() -> Self {
        Self::ec2_error(500, "InternalError", "An internal error has occurred")
    }

    /// STS: who called.
    pub fn caller_identity(account: &str, arn: &str, user_id: &str) -> Self {
        Self::xml(
            200,
            format!(
                r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#
            ),
        )
    }

    /// STS: the planted credentials of a role, good until `expiration` (`2026-01-02T03:04:05Z`).
    pub fn assumed_role(account: &str, role: &str, session: &str, expiration: &str) -> Self {
        let (key, token) = (super::PLANTED_KEY, super::PLANTED_TOKEN);
        Self::xml(
            200,
            format!(
                r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROATESTSTESTSTESTSTE:{session}</AssumedRoleId><Arn>arn:aws:sts::{account}:assumed-role/{role}/{session}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIATESTSTESTSTESTST</AccessKeyId><SecretAccessKey>{key}</SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></AssumeRoleResponse>"#
            ),
        )
    }

    /// EC2: one page of running instances with these `Name` tags; ids count up from `i-00000000000000000`.
    pub fn describe_instances(names: &[&str], next_token: Option<&str>) -> Self {
        let rows: String = names.iter().enumerate().map(|(n, name)| instance(n, name)).collect();
        let next = next_token
            .map_or_else(String::new, |token| format!("<nextToken>{}</nextToken>", escaped(token)));
        Self::xml(
            200,
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?><DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{REQUEST_ID}</requestId><reservationSet>{rows}</reservationSet>{next}</DescribeInstancesResponse>"#
            ),
        )
    }

    /// EC2: `count` instances named `host-0` and so on.
    pub fn instances(count: usize) -> Self {
        let names: Vec<String> = (0..count).map(|n| format!("host-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::describe_instances(&names, None)
    }

    /// EC2: the answer to `StartInstances` or `StopInstances` (`action`): the states before and now.
    pub fn state_change(action: &str, id: &str, before: &str, now: &str) -> Self {
        let (before_code, now_code) = (state_code(before), state_code(now));
        Self::xml(
            200,
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{REQUEST_ID}</requestId><instancesSet><item><instanceId>{id}</instanceId><currentState><code>{now_code}</code><name>{now}</name></currentState><previousState><code>{before_code}</code><name>{before}</name></previousState></item></instancesSet></{action}Response>"#
            ),
        )
    }
}

/// The request id of every answer, in its header and its body.
const REQUEST_ID: &str = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE";

type Answer = dyn Fn(&Request) -> Response + Send + Sync;

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    /// Those whose sender closed the connection instead of waiting for the answer.
    abandoned: Vec<Request>,
    open: Vec<TcpStream>,
    closing: bool,
}

struct Shared {
    answer: Box<Answer>,
    state: Mutex<State>,
    change: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server on loopback. Dropping it closes every connection.
pub struct FakeAws {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl FakeAws {
    /// Listens on a free port, and answers every request with what `answer` says.
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            state: Mutex::default(),
            change: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.state().closing {
                    return;
                }
                if let Ok(stream) = stream {
                    let shared = Arc::clone(&accepting);
                    thread::spawn(move || {
                        // A client that goes away is no fault of the test's.
                        let _ = serve(&shared, &stream);
                        let _ = stream.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, shared }
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment of a server that uses this: keys, `us-east-1`, and the address.
    pub fn env<'a>(&self, url: &'a str) -> Vec<(&'static str, &'a str)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", super::PLANTED_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", url),
        ]
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// The requests for one operation so far.
    pub fn requests_for(&self, action: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.action() == action);
        requests
    }

    /// Waits until `count` requests have arrived, and returns them.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        let (state, timeout) = self
            .shared
            .change
            .wait_timeout_while(self.shared.state(), PATIENCE, |state| state.requests.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "{} of {count} requests in {PATIENCE:?}",
            state.requests.len()
        );
        state.requests.clone()
    }

    /// Waits until the senders of `count` requests have closed their connections without having got the answer, and
    /// returns those requests. Only a delayed answer leaves the time for that.
    pub fn wait_for_abandoned(&self, count: usize) -> Vec<Request> {
        let (state, timeout) = self
            .shared
            .change
            .wait_timeout_while(self.shared.state(), PATIENCE, |state| {
                state.abandoned.len() < count
            })
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "{} of {count} requests were abandoned in {PATIENCE:?}",
            state.abandoned.len()
        );
        state.abandoned.clone()
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.closing = true;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.change.notify_all();
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers the requests of one connection, until either side ends it.
fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    shared.state().open.push(stream.try_clone()?);
    while let Some(request) = read_request(&mut reader)? {
        shared.state().requests.push(request.clone());
        shared.change.notify_all();
        let response = (shared.answer)(&request);
        if !wanted_after(shared, stream, &request, response.delay)? {
            break;
        }
        write_response(stream, &response)?;
        if response.cut {
            break;
        }
    }
    Ok(())
}

/// Waits until the answer is due. False where nobody wants it any more.
fn wanted_after(
    shared: &Shared,
    stream: &TcpStream,
    request: &Request,
    delay: Duration,
) -> io::Result<bool> {
    let due = Instant::now() + delay;
    loop {
        let left = due.saturating_duration_since(Instant::now());
        let (state, _) = shared
            .change
            .wait_timeout_while(shared.state(), left.min(GLANCE), |state| !state.closing)
            .unwrap_or_else(PoisonError::into_inner);
        if state.closing {
            return Ok(false);
        }
        drop(state);
        if Instant::now() >= due {
            return Ok(true);
        }
        if is_gone(stream)? {
            shared.state().abandoned.push(request.clone());
            shared.change.notify_all();
            return Ok(false);
        }
    }
}

/// Whether the other side has closed the connection.
fn is_gone(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let seen = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    Ok(match seen {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    })
}

/// The next request, or none at the end of the connection.
pub(super) fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, path, headers, body }))
}

pub(super) fn write_response(mut stream: &TcpStream, response: &Response) -> io::Result<()> {
    if response.cut && response.body.is_empty() {
        return Ok(());
    }
    let mut bytes =
        format!("HTTP/1.1 {} Told\r\nContent-Length: {}\r\n", response.status, response.body.len());
    for (name, value) in &response.headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    bytes += "\r\n";
    let mut bytes = bytes.into_bytes();
    let shown = if response.cut { 2 } else { 1 };
    bytes.extend(&response.body[..response.body.len() / shown]);
    stream.write_all(&bytes)?;
    stream.flush()
}

fn instance(n: usize, name: &str) -> String {
    let name = escaped(name);
    format!(
        "<item><reservationId>r-{n:017x}</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>\
         <instanceId>i-{n:017x}</instanceId><imageId>ami-0abcdef1234567890</imageId>\
         <instanceState><code>16</code><name>running</name></instanceState>\
         <privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName/><reason/><amiLaunchIndex>0</amiLaunchIndex>\
         <instanceType>t3.micro</instanceType><launchTime>2026-01-02T03:04:05.000Z</launchTime>\
         <placement><availabilityZone>us-east-1a</availabilityZone><groupName/><tenancy>default</tenancy></placement>\
         <monitoring><state>disabled</state></monitoring><subnetId>subnet-0123456789abcdef0</subnetId>\
         <vpcId>vpc-0123456789abcdef0</vpcId><privateIpAddress>10.0.0.1</privateIpAddress>\
         <groupSet><item><groupId>sg-0123456789abcdef0</groupId><groupName>web</groupName></item></groupSet>\
         <architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>\
         <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-{n:017x}</volumeId>\
         <status>attached</status><attachTime>2026-01-02T03:04:06.000Z</attachTime>\
         <deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>\
         <virtualizationType>hvm</virtualizationType><clientToken/>\
         <tagSet><item><key>Name</key><value>{name}</value></item></tagSet><hypervisor>xen</hypervisor>\
         </item></instancesSet></item>"
    )
}

/// The number that EC2 gives a state.
fn state_code(state: &str) -> u8 {
    match state {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        "stopped" => 80,
        _ => panic!("EC2 has no state {state:?}"),
    }
}

/// `text` as XML content.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A part of a form, decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escape = match first {
            b'%' => tail
                .get(..2)
                .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()),
            _ => None,
        };
        match (first, escape) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', None) => bytes.push(b' '),
            (_, None) => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
