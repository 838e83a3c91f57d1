//! What a client of these tests is made of, and an HTTP client that answers without a network.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use aws_types::sdk_config::{Builder, SdkConfig};
use http_body_util::BodyExt;

/// Settings without an HTTP client. It is 2026-01-02T03:04:05Z.
pub fn config() -> Builder {
    let keys = Credentials::from_keys("AKIDEXAMPLE", "secret", Some("session".to_owned()));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    SdkConfig::builder()
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .time_source(StaticTimeSource::new(now))
        .sleep_impl(TokioSleep::new())
        .retry_config(retries)
}

/// Runs a call to its end.
pub fn run<T>(call: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(call)
}

/// An HTTP client that gives its answers in turn, the last one again and again, and remembers what
/// it was asked.
#[derive(Clone, Debug)]
pub struct Stub {
    answers: Vec<(u16, &'static str)>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Stub {
    pub fn answers(status: u16, body: &'static str) -> Self {
        Self::in_turn(vec![(status, body)])
    }

    pub fn in_turn(answers: Vec<(u16, &'static str)>) -> Self {
        Self { answers, sent: Arc::default() }
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Region and service of the signature.
    pub fn scope(&self) -> String {
        let Some(signature) = self.header("authorization") else { return "-".to_owned() };
        let parts: Vec<&str> = signature.split('/').collect();
        format!("{}/{}", parts[2], parts[3])
    }
}

impl HttpConnector for Stub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let (method, uri) = (request.method().to_owned(), request.uri().to_owned());
        let headers = request.headers().iter().map(header).collect();
        let stub = self.clone();
        HttpConnectorFuture::new(async move {
            let body = request.into_body().collect().await;
            let body = body.map_err(|error| ConnectorError::other(error, None))?;
            let body = body.to_bytes().to_vec();
            let mut all = stub.sent.lock().unwrap();
            let (status, answer) = stub.answers[all.len().min(stub.answers.len() - 1)];
            all.push(Sent { method, uri, headers, body });
            let status = StatusCode::try_from(status).unwrap();
            Ok(HttpResponse::new(status, SdkBody::from(answer)))
        })
    }
}

impl HttpClient for Stub {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
