//! An AWS emulator, moto, over loopback, and a client of it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_dynamic::client::Client;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::Value;

const SERVER: &str = "
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger('werkzeug').setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print('http://%s:%s' % server.get_host_and_port(), flush=True)
sys.stdin.read()
";

/// The Python that has moto and botocore.
pub fn python() -> String {
    std::env::var("AWS_MCP_TEST_PYTHON").expect(
        "AWS_MCP_TEST_PYTHON names a Python that has moto; tests/run.sh of the repository sets it",
    )
}

/// An emulator of one test. It ends when its stdin does.
pub struct Emulator {
    pub client: Client,
    pub runtime: tokio::runtime::Runtime,
    child: Child,
}

impl Emulator {
    pub fn start() -> Self {
        let mut child = Command::new(python())
            .args(["-c", SERVER])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let keys = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
        let config = SdkConfig::builder()
            .region(Region::new("us-east-1"))
            .endpoint_url(url.trim())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .time_source(SystemTimeSource::new())
            .sleep_impl(TokioSleep::new())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = Client::new(&config);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client, runtime, child }
    }

    pub fn call(&self, service: &str, operation: &str, input: &Value) -> Value {
        let called = self.runtime.block_on(self.client.call(service, operation, input));
        called.unwrap_or_else(|error| panic!("{service}:{operation}: {error}: {error:?}")).output
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
