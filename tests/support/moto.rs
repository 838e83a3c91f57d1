//! An AWS emulator with state: moto, in a Python process that ends with the test process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::{Home, Server, full};

/// The emulator, with what `seed.py` made in it. Shared by every test of one process: a test that changes something
/// makes its own instance, with [`Moto::run_instance`].
pub struct Moto {
    url: String,
    seed: Value,
    /// Holds the other end of the emulator's stdin. Never dropped; the emulator ends when this process does.
    _child: Child,
}

impl Moto {
    /// The emulator of this test process, started at the first call.
    pub fn shared() -> &'static Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        MOTO.get_or_init(Self::start)
    }

    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/moto_server.py");
        let mut child = Command::new(python())
            .arg(script)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let stdout = child.stdout.take().expect("its stdout");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("the emulator's first line");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            panic!("the emulator did not start; it says why above; stdout: {line:?}");
        };
        Self {
            url: ready["url"].as_str().expect("its address").to_owned(),
            seed: ready["seed"].clone(),
            _child: child,
        }
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What `seed.py` made: `account_id`, `role_arn`, and under `regions` each region's `instances` by name.
    pub fn seed(&self) -> &Value {
        &self.seed
    }

    /// The id of a seeded instance.
    pub fn seeded(&self, region: &str, name: &str) -> &str {
        self.seed["regions"][region]["instances"][name]
            .as_str()
            .unwrap_or_else(|| panic!("seed.py makes no {name} in {region}"))
    }

    /// The environment of a server that uses this emulator: keys, `us-east-1`, and the address.
    pub fn env(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", super::PLANTED_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &self.url),
        ]
    }

    /// A server before the emulator whose policy lets writes and deletions run, as fast as they come, with `more` in
    /// its environment.
    pub fn unasked(&self, more: &[(&str, &str)]) -> Server {
        let fast = "[limits]\ncalls = {burst = 100000, per_second = 10000}\n\
                    requests = {burst = 100000, per_second = 10000}\n";
        let home = Home::new().with(".config/aws-mcp/config.toml", fast);
        let approved = [("AWS_MCP_AUTO_APPROVE_DESTRUCTIVE", "true")];
        let server = Server::start_at(home, full(), &[&self.env()[..], &approved, more].concat());
        server.initialize();
        server
    }

    /// Starts a new running instance with these tags. Returns its id.
    pub fn run_instance(&self, region: &str, tags: &[(&str, &str)]) -> String {
        let image = self.seed["regions"][region]["image_id"]
            .as_str()
            .unwrap_or_else(|| panic!("seed.py makes nothing in {region}"));
        let mut params = vec![
            ("Action".to_owned(), "RunInstances".to_owned()),
            ("ImageId".to_owned(), image.to_owned()),
            ("InstanceType".to_owned(), "t3.micro".to_owned()),
            ("MinCount".to_owned(), "1".to_owned()),
            ("MaxCount".to_owned(), "1".to_owned()),
        ];
        if !tags.is_empty() {
            params.push(("TagSpecification.1.ResourceType".to_owned(), "instance".to_owned()));
        }
        for (n, (key, value)) in (1..).zip(tags) {
            let tag = format!("TagSpecification.1.Tag.{n}");
            params.push((format!("{tag}.Key"), (*key).to_owned()));
            params.push((format!("{tag}.Value"), (*value).to_owned()));
        }
        let answer = self.ec2(region, &params);
        element(&answer, "instanceId").to_owned()
    }

    /// The state of an instance, as EC2 names it: `running`, `stopped`.
    pub fn instance_state(&self, region: &str, id: &str) -> String {
        let params = [
            ("Action".to_owned(), "DescribeInstances".to_owned()),
            ("InstanceId.1".to_owned(), id.to_owned()),
        ];
        let answer = self.ec2(region, &params);
        element(element(&answer, "instanceState"), "name").to_owned()
    }

    /// One EC2 call past the server under test. Returns the XML. The signature is not a real one: moto reads only the
    /// service and the region from it.
    fn ec2(&self, region: &str, params: &[(String, String)]) -> String {
        let pairs: Vec<String> = params
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let body = pairs.join("&") + "&Version=2016-11-15";
        let host = self.url.trim_start_matches("http://");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{region}/ec2/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(host).expect("the emulator listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{request}\n\n{answer}");
        answer
    }
}

/// The Python that `tests/run.sh` made.
pub fn python() -> String {
    std::env::var("AWS_MCP_TEST_PYTHON").unwrap_or_else(|_| {
        panic!("AWS_MCP_TEST_PYTHON is not set: this test needs what tests/run.sh installs; run `bash tests/run.sh`")
    })
}

/// What stands in the first `<name>` of `xml`, up to the next `</name>`.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let inside = xml
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    match inside {
        Some((inside, _)) => inside,
        None => panic!("no <{name}> in {xml}"),
    }
}

/// `text` as a value of a form.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
