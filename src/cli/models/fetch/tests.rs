use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc;
use std::thread;

use aws_smithy_runtime_api::client::http::HttpConnectorSettings;

use super::*;
use crate::config::AwsSettings;

const SHORT: Limits = Limits {
    bytes: 100_000,
    silence: Duration::from_millis(300),
    whole: Duration::from_secs(20),
    redirects: 3,
};

/// What is done with a connection after its bytes were written.
#[derive(Clone, Copy)]
enum Then {
    Close,
    /// Until the test ends.
    Keep,
    /// These, for as long as somebody reads.
    Repeat(&'static str),
}

/// A server on this machine that answers every request with these bytes; the requests' heads.
fn serve(bytes: Vec<u8>, then: Then) -> (Address, mpsc::Receiver<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/a.tar.gz", listener.local_addr().unwrap());
    let (heads, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head = lines.map_while(std::result::Result::ok).take_while(|l| !l.is_empty());
            if heads.send(head.collect()).is_err() {
                return;
            }
            let _ = stream.write_all(&bytes);
            match then {
                Then::Close => {}
                Then::Keep => kept.push(stream),
                Then::Repeat(piece) => while stream.write_all(piece.as_bytes()).is_ok() {},
            }
        }
    });
    (Address::parse(&url).unwrap(), heard)
}

fn answer_of(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    answer_of(&format!("302 Found\r\nLocation: {to}\r\nContent-Length: 0"), "")
}

/// What a reader gets, and what the download says.
async fn had(address: &Address, limits: Limits) -> (io::Result<Vec<u8>>, Result<()>) {
    let times = HttpConnectorSettings::builder().build();
    let connector = crate::accounts::download(&AwsSettings::default(), times).unwrap();
    let (pieces, mut download) = pipe();
    let reader = tokio::task::spawn_blocking(move || {
        let mut content = Vec::new();
        download.read_to_end(&mut content).map(|_| content)
    });
    let done = fetch(&connector, address, &limits, pieces).await;
    (reader.await.unwrap(), done)
}

async fn fails(bytes: Vec<u8>, then: Then, limits: Limits, expected: &str) {
    let (address, _heard) = serve(bytes, then);
    let (read, done) = had(&address, limits).await;
    let error = done.expect_err(expected);
    assert!(error.message.contains(expected), "{} not {expected}", error.message);
    assert!(read.is_err(), "a reader took a part for the whole: {expected}");
}

#[tokio::test]
async fn what_is_there_arrives_whole_and_nothing_personal_is_sent() {
    let body = "0123456789".repeat(5_000);
    let head = format!("200 OK\r\nContent-Length: {}", body.len());
    let (address, heard) = serve(answer_of(&head, &body), Then::Close);
    let (read, done) = had(&address, SHORT).await;
    done.unwrap();
    assert_eq!(read.unwrap(), body.as_bytes());
    let sent = heard.recv().unwrap();
    assert_eq!(sent[0], "GET /a.tar.gz HTTP/1.1");
    let mut names: Vec<&str> = sent[1..].iter().map(|l| l.split(':').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "user-agent"]);
}

#[tokio::test]
async fn an_answer_in_chunks_arrives_whole() {
    let chunked =
        answer_of("200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let (address, _heard) = serve(chunked, Then::Close);
    assert_eq!(had(&address, SHORT).await.0.unwrap(), b"abcde");
}

#[tokio::test]
async fn few_redirects_are_followed_on_this_machine_or_over_https() {
    let (last, _heard) = serve(answer_of("200 OK\r\nContent-Length: 2", "ok"), Then::Close);
    let (first, _heard) = serve(redirect(&format!("{}?token=1", last.uri())), Then::Close);
    assert_eq!(had(&first, SHORT).await.0.unwrap(), b"ok");
    let (round, heard) = serve(redirect("/a.tar.gz"), Then::Close);
    let error = had(&round, SHORT).await.1.unwrap_err();
    assert!(error.message.contains("more than 3 redirects"), "{}", error.message);
    assert_eq!(heard.try_iter().count(), 4);
    for (to, why) in [
        ("http://mirror.example/a.tar.gz", "is not https"),
        ("http://169.254.169.254/latest", "is not https"),
        ("ftp://mirror.example/a", "neither"),
        ("file:///etc/passwd", "redirect"),
        ("https://user:pw@mirror.example/a", "password"),
        ("//mirror.example/a", "redirect"),
        ("", "redirect"),
    ] {
        fails(redirect(to), Then::Close, SHORT, why).await;
    }
    fails(answer_of("302 Found\r\nContent-Length: 0", ""), Then::Close, SHORT, "redirect").await;
}

#[tokio::test]
async fn other_answers_are_told() {
    let answer = |status: &str| answer_of(&format!("{status}\r\nContent-Length: 2"), "no");
    fails(answer("404 Not Found"), Then::Close, SHORT, "is not there").await;
    fails(answer("403 Forbidden"), Then::Close, SHORT, "HTTP 403").await;
    fails(answer("500 Oops"), Then::Close, SHORT, "HTTP 500").await;
    fails(answer("206 Partial Content"), Then::Close, SHORT, "HTTP 206").await;
    fails(b"garbage\r\n\r\n".to_vec(), Then::Close, SHORT, "cannot be reached").await;
}

#[tokio::test]
async fn what_breaks_off_is_no_end() {
    fails(answer_of("200 OK\r\nContent-Length: 9", "half"), Then::Close, SHORT, "broke off").await;
    let chunked = answer_of("200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n");
    fails(chunked, Then::Close, SHORT, "broke off").await;
    fails(Vec::new(), Then::Close, SHORT, "cannot be reached").await;
}

#[tokio::test]
async fn what_is_too_large_is_not_read_on() {
    let said = answer_of("200 OK\r\nContent-Length: 100001", "");
    fails(said, Then::Keep, SHORT, "larger than 100000 bytes").await;
    let endless = answer_of("200 OK\r\nTransfer-Encoding: chunked", "");
    fails(endless, Then::Repeat("5\r\nabcde\r\n"), SHORT, "larger than 100000 bytes").await;
}

#[tokio::test]
async fn what_is_too_slow_is_not_waited_for() {
    fails(Vec::new(), Then::Keep, SHORT, "no answer within").await;
    let some = answer_of("200 OK\r\nContent-Length: 9", "half");
    fails(some.clone(), Then::Keep, SHORT, "nothing came for").await;
    let whole = Limits { silence: Duration::from_secs(60), whole: SHORT.silence, ..SHORT };
    fails(some, Then::Keep, whole, "it took longer than").await;
}

#[tokio::test]
async fn a_reader_that_is_gone_ends_the_download() {
    let endless = answer_of("200 OK\r\nTransfer-Encoding: chunked", "");
    let (address, _heard) = serve(endless, Then::Repeat("5\r\nabcde\r\n"));
    let times = HttpConnectorSettings::builder().build();
    let connector = crate::accounts::download(&AwsSettings::default(), times).unwrap();
    let (pieces, download) = pipe();
    drop(download);
    fetch(&connector, &address, &Limits { bytes: u64::MAX, ..SHORT }, pieces).await.unwrap();
}
