//! S3 with keys that clients get wrong, in hosts and in paths. The emulator does not check signatures,
//! so what goes out is also taken in by a plain server, and botocore signs it again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use aws_dynamic::client::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::emulator::{Moto, client, config};
use super::trees;

const KEYS: &[&str] = &[
    "plain.txt",
    "a b",
    " before and after ",
    "dir/sub/é",
    "日本語/😀",
    "e\u{301}",
    "a//b",
    "a///b/",
    "..",
    "../a",
    "a/../b",
    "a/../../b",
    "./a",
    "a/./b",
    "a/.",
    "a+b",
    "100%",
    "%41",
    "%2F%2f",
    "q?x=1&y=2",
    "?",
    "h#a",
    "/lead",
    "//lead",
    "trail/",
    "a\\b",
    "a:b;c=d@e$f,g",
    "~!*'()_-.",
    "[x]{y}|z^`\"<>",
    "bucket/bucket",
    "tab\tb",
    "&amp;",
];

/// Leads every host to one port of loopback. The host stays in its header.
#[derive(Clone, Debug)]
struct Loopback {
    port: u16,
    inner: SharedHttpClient,
}

#[derive(Debug)]
struct Led {
    port: u16,
    inner: SharedHttpConnector,
}

impl HttpClient for Loopback {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Led { port: self.port, inner })
    }
}

impl HttpConnector for Led {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let uri: http::Uri = request.uri().parse().unwrap();
        assert_eq!(uri.scheme_str(), Some("https"));
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        request.set_uri(format!("http://127.0.0.1:{}{path}", self.port)).unwrap();
        request.headers_mut().insert("host", uri.host().unwrap().to_owned());
        self.inner.call(request)
    }
}

/// A client of the real hosts that only ever reaches this port.
fn led(port: u16) -> Client {
    let inner = aws_smithy_http_client::Builder::new().build_http();
    client(&config().http_client(Loopback { port, inner }).build())
}

#[test]
fn keys_in_virtual_hosts() {
    let moto = Moto::start();
    let port = moto.url.rsplit(':').next().unwrap().parse().unwrap();
    // The emulator's web server takes slashes from the front of a path: those keys are only looked at
    // on the wire, below.
    let keys: Vec<&str> = KEYS.iter().copied().filter(|key| !key.starts_with('/')).collect();
    round(&moto, &led(port), &keys);
}

#[test]
fn keys_in_paths() {
    let moto = Moto::start();
    round(&moto, &moto.client, KEYS);
}

/// Puts, gets, lists, heads, copies and deletes by the client; boto3 sees the same.
fn round(moto: &Moto, client: &Client, keys: &[&str]) {
    let ours = |operation: &str, input: Value| {
        let called = moto.run(client.call("s3", operation, &input));
        called.unwrap_or_else(|error| panic!("{operation} {input}: {error:?}")).output
    };
    let theirs = |operation: &str, input: &Value| {
        let asked = moto.theirs("s3", operation, input);
        asked.output().unwrap_or_else(|| panic!("{operation} {input}: {asked:?}")).clone()
    };
    let same = |operation: &str, mut input: Value| {
        if operation.ends_with("Object") {
            // boto3 asks for it by itself.
            input["ChecksumMode"] = json!("ENABLED");
        }
        let (first, our) = (theirs(operation, &input), ours(operation, input.clone()));
        let found = trees::differences(&first, &first, &our);
        assert!(found.is_empty(), "{operation} {input}: {found:?}");
        our
    };
    ours("CreateBucket", json!({"Bucket": "bucket"}));
    for key in keys {
        let body = base64::encode(key);
        let put = json!({"Bucket": "bucket", "Key": key, "Body": body, "ContentType": "text/x",
            "Metadata": {"one": "1"}});
        ours("PutObject", put);
        let place = json!({"Bucket": "bucket", "Key": key});
        let got = same("GetObject", place.clone());
        assert_eq!((&got["Body"], &got["ContentType"]), (&json!(body), &json!("text/x")), "{key}");
        assert_eq!(got["Metadata"], json!({"one": "1"}), "{key}");
        same("HeadObject", place);
    }
    let listing = json!({"Bucket": "bucket", "EncodingType": "url"});
    let listed = same("ListObjectsV2", listing);
    assert_eq!(listed["KeyCount"], keys.len());
    let plain = ours("ListObjectsV2", json!({"Bucket": "bucket"}));
    assert_eq!(names(&plain), sorted(keys.iter().map(|key| (*key).to_owned())));
    for key in keys {
        let copy = format!("copies/{key}");
        let source = format!("bucket/{key}");
        ours("CopyObject", json!({"Bucket": "bucket", "Key": copy, "CopySource": source}));
        let got = same("GetObject", json!({"Bucket": "bucket", "Key": copy}));
        assert_eq!(got["Body"], base64::encode(key), "{key}");
        ours("DeleteObject", json!({"Bucket": "bucket", "Key": key}));
    }
    let left = theirs("ListObjectsV2", &json!({"Bucket": "bucket"}));
    assert_eq!(names(&left), sorted(keys.iter().map(|key| format!("copies/{key}"))));
    let objects: Value = names(&left).iter().map(|key| json!({"Key": key})).collect();
    let deleted =
        ours("DeleteObjects", json!({"Bucket": "bucket", "Delete": {"Objects": objects}}));
    assert_eq!(deleted["Deleted"].as_array().unwrap().len(), keys.len());
    let left = theirs("ListObjectsV2", &json!({"Bucket": "bucket"}));
    assert_eq!(left["KeyCount"], 0);
}

#[test]
fn botocore_sends_and_signs_the_same() {
    let moto = Moto::start();
    let bound = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    };
    let (listener, port) = bound();
    wire(&moto, listener, &led(port), None);
    let (listener, port) = bound();
    let url = format!("http://127.0.0.1:{port}");
    wire(&moto, listener, &client(&config().endpoint_url(&url).build()), Some(&url));
}

fn wire(moto: &Moto, listener: TcpListener, client: &Client, endpoint: Option<&str>) {
    let count = KEYS.len();
    let server = std::thread::spawn(move || {
        (0..count).map(|_| receive(&listener)).collect::<Vec<Received>>()
    });
    let input = |key: &str| json!({"Bucket": "bucket", "Key": key, "Body": base64::encode(key)});
    for key in KEYS {
        moto.run(client.call("s3", "PutObject", &input(key))).unwrap();
    }
    for (key, received) in KEYS.iter().zip(server.join().unwrap()) {
        let Received { method, path, headers, body } = received;
        assert_eq!(String::from_utf8(body).unwrap(), *key);
        let scheme = if endpoint.is_some() { "http" } else { "https" };
        let url = format!("{scheme}://{}{path}", headers["host"]);
        let theirs = moto.boto(&json!(["address", "PutObject", input(key), endpoint]));
        assert_eq!(theirs, url, "{key}");
        let authorization = &headers["authorization"];
        let part = |name: &str| {
            let (_, rest) = authorization.split_once(name).unwrap();
            rest.split(',').next().unwrap().to_owned()
        };
        let signed: Value = part("SignedHeaders=")
            .split(';')
            .map(|name| (name.to_owned(), json!(headers[name])))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let expected = moto.boto(&json!(["signature", method, url, signed, "us-east-1"]));
        assert_eq!(json!(part("Signature=")), expected, "{key}");
    }
}

struct Received {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// One request, as it is on the wire.
fn receive(listener: &TcpListener) -> Received {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").unwrap();
    Received { method, path, headers, body }
}

fn names(listed: &Value) -> Vec<String> {
    let listed = listed["Contents"].as_array().unwrap();
    sorted(listed.iter().map(|object| object["Key"].as_str().unwrap().to_owned()))
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}
