//! What AWS's models at run time cost beside generated code: DescribeInstances with an answer of
//! 4.9 MB, by the generated client into its structures, and by `aws-dynamic` into JSON, from the same
//! bytes: `cargo bench --bench describe_instances`. Promised: at most 1.3 times the generated client's.
//!
//! The release profile leaves aws-sdk-ec2 without optimisation, which is not what is to be beaten: add
//! `--config profile.bench.package.aws-sdk-ec2.opt-level=3`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../crates/aws-dynamic/benches/samples/instances.rs"]
mod sample;

use aws_credential_types::Credentials;
use aws_dynamic::catalog::Models;
use aws_dynamic::protocol::Exchange;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

criterion_group!(benches, describe_instances);
criterion_main!(benches);

fn describe_instances(to: &mut Criterion) {
    let body = Bytes::from(sample::instances());
    let mut group = to.benchmark_group("ec2 DescribeInstances, answer read");
    group.sample_size(30).throughput(Throughput::Bytes(body.len() as u64));

    let models = Models::get().unwrap().service("ec2").unwrap().unwrap();
    let exchange = Exchange::of(models.operation("DescribeInstances").unwrap()).unwrap();
    group.bench_function("aws-dynamic", |bench| {
        let read = |body: Bytes| exchange.response(200, [], SdkBody::from(body)).unwrap();
        bench.iter_batched(|| body.clone(), read, BatchSize::PerIteration);
    });

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let client = client(Canned(body.clone()));
    // The way there and back is in it too: tens of microseconds.
    group.bench_function("aws-sdk-ec2", |bench| {
        let read = |()| runtime.block_on(client.describe_instances().send()).unwrap();
        bench.iter_batched(|| (), read, BatchSize::PerIteration);
    });
    group.finish();
}

fn client(http: Canned) -> Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "secret",
            None,
            None,
            "bench",
        ))
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// Answers every request with the same bytes.
#[derive(Clone, Debug)]
struct Canned(Bytes);

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = 200.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.0.clone()))))
    }
}
