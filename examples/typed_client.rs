//! The AWS SDK's own typed clients with nothing around them: what `benches/run.py` measures the server against.
//!
//! `typed_client ENDPOINT` reads `sts` or `ec2` from stdin, one word per line. Each line is one call of
//! GetCallerIdentity or DescribeInstances over a kept-alive connection, and is answered with one line, its
//! milliseconds. At the end of stdin it says on stderr what the calls took together:
//!
//! `yes ec2 | head -50 | typed_client http://127.0.0.1:4566 >/dev/null`
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measuring tool, not part of the server: it ends at the first fault, and stdout is its own"
)]

use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The most that DescribeInstances gives at once.
const PAGE: i32 = 1_000;

/// The two clients, on the HTTP stack that the server uses.
#[derive(Clone)]
struct Clients {
    sts: aws_sdk_sts::Client,
    ec2: aws_sdk_ec2::Client,
}

impl Clients {
    fn of(endpoint: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let credentials = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "benches");
        let sts = aws_sdk_sts::Config::builder()
            .behavior_version_latest()
            .http_client(http.clone())
            .region(aws_sdk_sts::config::Region::new("us-east-1"))
            .credentials_provider(credentials.clone())
            .endpoint_url(endpoint);
        let ec2 = aws_sdk_ec2::Config::builder()
            .behavior_version_latest()
            .http_client(http)
            .region(aws_sdk_ec2::config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(endpoint);
        Self {
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
        }
    }

    /// One call, from the request to the typed answer; not counted is what freeing the answer takes.
    async fn call(self, word: String) -> Duration {
        let begun = Instant::now();
        match word.as_str() {
            "sts" => {
                let identity = self.sts.get_caller_identity().send().await.expect("an identity");
                let took = begun.elapsed();
                assert!(identity.account().is_some(), "an identity without an account");
                took
            }
            "ec2" => {
                let page = self.ec2.describe_instances().max_results(PAGE).send().await;
                let page = page.expect("a page of instances");
                let took = begun.elapsed();
                let count = page.reservations().iter().flat_map(|r| r.instances()).count();
                assert_eq!(count, PAGE as usize, "instances in the answer");
                took
            }
            other => panic!("{other:?} is neither sts nor ec2"),
        }
    }
}

fn main() {
    let endpoint = std::env::args().nth(1).expect("typed_client ENDPOINT");
    // As the server: two workers, and the call on one of them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let clients = Clients::of(&endpoint);
    let mut all = Vec::new();
    for word in std::io::stdin().lock().lines() {
        let call = clients.clone().call(word.expect("a word"));
        let ms = runtime.block_on(runtime.spawn(call)).expect("the call").as_secs_f64() * 1e3;
        println!("{ms:.4}");
        std::io::stdout().flush().expect("stdout");
        all.push(ms);
    }
    if !all.is_empty() {
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        all.sort_by(f64::total_cmp);
        eprintln!("{} calls: mean {mean:.3} ms, median {:.3} ms", all.len(), all[all.len() / 2]);
    }
}
