//! The emulator of one test with two that ask it: this crate's client and boto3.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_dynamic::client::{CallError, Client};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::Builder;
use serde_json::{Value, json};

const BOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/moto/boto.py");

/// An emulator of one test. It ends when its stdin does.
pub struct Moto {
    pub url: String,
    pub client: Client,
    runtime: tokio::runtime::Runtime,
    child: Child,
    boto: RefCell<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

/// What a call came to, for both clients alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Output(Value),
    Refused {
        status: u64,
        code: String,
        message: String,
    },
    /// No answer, or one that cannot be read.
    Unable(String),
}

impl Moto {
    pub fn start() -> Self {
        let python = std::env::var("AWS_MCP_TEST_PYTHON").expect(
            "AWS_MCP_TEST_PYTHON names a Python that has moto; tests/run.sh of the repository sets it",
        );
        let mut child = Command::new(python)
            .arg(BOTO)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONHASHSEED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        lines.read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the emulator did not start");
        let boto = RefCell::new(child.stdin.take().map(|stdin| (stdin, lines)));
        let client = client(&config().endpoint_url(&url).build());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { url, client, runtime, child, boto }
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn try_call(
        &self,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, CallError> {
        let called = self.run(self.client.call(service, operation, &input))?;
        Ok(called.output)
    }

    pub fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let called = self.try_call(service, operation, input);
        called.unwrap_or_else(|error| panic!("{service}:{operation}: {error}: {error:?}"))
    }

    /// The call, by this crate's client.
    pub fn ours(&self, service: &str, operation: &str, input: &Value) -> Outcome {
        Outcome::of(self.try_call(service, operation, input.clone()))
    }

    /// The call, by boto3.
    pub fn theirs(&self, service: &str, operation: &str, input: &Value) -> Outcome {
        let answer = self.boto(&json!(["call", service, operation, input]));
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        match (answer.get("output"), text("code"), text("message")) {
            (Some(output), _, _) => Outcome::Output(output.clone()),
            (None, Some(code), Some(message)) => {
                Outcome::Refused { status: answer["status"].as_u64().unwrap(), code, message }
            }
            (None, _, _) => Outcome::Unable(answer["unable"].to_string()),
        }
    }

    /// What the program beside this file answers.
    pub fn boto(&self, request: &Value) -> Value {
        let mut boto = self.boto.borrow_mut();
        let (stdin, lines) = boto.as_mut().unwrap();
        writeln!(stdin, "{request}").unwrap();
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no answer to {request}"))
    }
}

impl Outcome {
    pub fn of(called: Result<Value, CallError>) -> Self {
        match called {
            Ok(output) => Self::Output(output),
            Err(error) => match error.service_error() {
                Some(refused) => Self::Refused {
                    status: refused.status.into(),
                    code: refused.code.clone(),
                    message: error.message().unwrap_or_default().to_owned(),
                },
                None => Self::Unable(format!("{error}: {error:?}")),
            },
        }
    }

    pub fn output(&self) -> Option<&Value> {
        if let Self::Output(output) = self { Some(output) } else { None }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.boto.borrow_mut().take());
        let _ = self.child.wait();
    }
}

/// Settings without an endpoint, and without second tries.
pub fn config() -> Builder {
    let keys = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .time_source(SystemTimeSource::new())
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// A client with tokens that count up.
pub fn client(config: &SdkConfig) -> Client {
    let drawn = AtomicUsize::new(0);
    Client::new(config).with_tokens(move || {
        let drawn = drawn.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{drawn:012}")
    })
}
