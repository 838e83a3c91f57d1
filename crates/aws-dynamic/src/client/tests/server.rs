//! A server on loopback that gives the replies of a list, one to a connection, and keeps the requests.

// The one HTTP client of the program is no part of this crate.
#![allow(clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_types::sdk_config::Builder;

use super::stub;

pub struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Clone, Debug)]
pub struct Request {
    lines: Vec<String>,
    pub body: String,
}

pub enum Reply {
    /// An answer, of whose body only some bytes may come before the connection ends.
    Answer {
        status: u16,
        headers: String,
        body: Vec<u8>,
        sent: Option<usize>,
    },
    Never,
}

impl Reply {
    pub fn new(status: u16, body: &str) -> Self {
        Self::bytes(status, &[], body.as_bytes().to_vec())
    }

    /// An answer that says its length.
    pub fn bytes(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Self {
        let length = body.len().to_string();
        let headers = headers.iter().copied().chain([("content-length", length.as_str())]);
        let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        Self::Answer { status, headers, body, sent: None }
    }

    /// An answer that ends with the connection.
    pub fn endless(body: Vec<u8>) -> Self {
        Self::Answer { status: 200, headers: String::new(), body, sent: None }
    }

    pub fn ok(body: &str) -> Self {
        Self::new(200, body)
    }

    pub fn cut(body: &str, sent: usize) -> Self {
        Self::ok(body).sent(sent)
    }

    /// How much of the body comes.
    pub fn sent(self, bytes: usize) -> Self {
        match self {
            Self::Answer { status, headers, body, .. } => {
                Self::Answer { status, headers, body, sent: Some(bytes) }
            }
            Self::Never => Self::Never,
        }
    }
}

impl Server {
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let kept = requests.clone();
        // Ends when the replies are used up, or with the tests.
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for reply in replies {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let Some(request) = Request::read(&stream) else { continue };
                let id = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(request);
                    kept.len()
                };
                match reply {
                    Reply::Answer { status, headers, body, sent } => {
                        let body = &body[..sent.unwrap_or(body.len())];
                        let head = format!(
                            "HTTP/1.1 {status} -\r\nconnection: close\r\nx-amzn-requestid: id-{id}\r\n\
                             {headers}\r\n"
                        );
                        // In latin-1, which servers do now and then.
                        let head = head.chars().map(|letter| u8::try_from(letter).unwrap());
                        let _ = stream.write_all(&head.collect::<Vec<u8>>());
                        let _ = stream.write_all(body);
                    }
                    Reply::Never => open.push(stream),
                }
            }
            // What was never answered stays open until the last reply was given, and a while longer.
            while open.iter_mut().any(|stream| matches!(stream.read(&mut [0; 64]), Ok(1..))) {}
        });
        Self { url, requests }
    }

    /// Settings for a client of it.
    pub fn config(&self) -> Builder {
        let http = aws_smithy_http_client::Builder::new().build_http();
        stub::config().endpoint_url(&self.url).http_client(http)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Request {
    pub fn first_line(&self) -> &str {
        &self.lines[0]
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.lines[1..].iter().filter_map(|line| line.split_once(": "));
        pairs.into_iter().find(|(header, _)| *header == name).map(|(_, value)| value)
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut request = Self { lines, body: String::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        request.body = String::from_utf8_lossy(&body).into_owned();
        Some(request)
    }
}
