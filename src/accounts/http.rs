//! The one HTTP client under every SDK client. TLS roots are loaded with the first request, not at
//! start.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_types::sdk_config::SharedHttpClient;

use crate::config::AwsSettings;
use crate::error::{Error, Kind, Result};

/// Builds the client: the system's TLS roots and `AWS_CA_BUNDLE`, proxies from the environment
/// (`HTTPS_PROXY`, `NO_PROXY`), no redirects.
#[expect(clippy::disallowed_methods, reason = "the one HTTP client")]
pub fn client(settings: &AwsSettings) -> Result<SharedHttpClient> {
    let wire = Wire::new(settings)?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        wire.connector(settings.cloned(), components.and_then(RuntimeComponents::sleep_impl))
    }))
}

/// The same for requests that are not AWS's and carry no credentials: a download.
pub fn download(
    settings: &AwsSettings,
    times: HttpConnectorSettings,
) -> Result<SharedHttpConnector> {
    let connector =
        Wire::new(settings)?.connector(Some(times), Some(TokioSleep::new().into_shared()));
    Ok(SharedHttpConnector::new(connector))
}

/// What every connection is made with.
struct Wire {
    proxies: ProxyConfig,
    context: TlsContext,
}

impl Wire {
    fn new(settings: &AwsSettings) -> Result<Self> {
        let mut store = TrustStore::default();
        if let Some(path) = &settings.ca_bundle {
            let pem = std::fs::read(path).map_err(|e| {
                Error::new(
                    Kind::ConfigError,
                    format!("AWS_CA_BUNDLE {}: {e}.", path.display()),
                    "Set AWS_CA_BUNDLE to a readable PEM file, or unset it.",
                )
            })?;
            if !pem.windows(PEM.len()).any(|window| window == PEM) {
                return Err(unreadable(path));
            }
            store = store.with_pem_certificate(pem);
        }
        let context = TlsContext::builder().with_trust_store(store).build().map_err(|e| {
            Error::new(Kind::ConfigError, "TLS could not be set up.", "Check AWS_CA_BUNDLE.")
                .caused_by(e)
        })?;
        let wire = Self { proxies: ProxyConfig::from_env(), context };
        // The library panics on a certificate that it cannot read, and later in the middle of a call.
        if let Some(path) = &settings.ca_bundle
            && std::panic::catch_unwind(AssertUnwindSafe(|| wire.connector(None, None))).is_err()
        {
            return Err(unreadable(path));
        }
        Ok(wire)
    }

    #[expect(clippy::disallowed_methods, reason = "the one HTTP client")]
    fn connector(
        &self,
        settings: Option<HttpConnectorSettings>,
        sleep: Option<SharedAsyncSleep>,
    ) -> Connector {
        let mut builder = Connector::builder()
            .proxy_config(self.proxies.clone())
            .tls_provider(Provider::rustls(CryptoMode::Ring))
            .tls_context(self.context.clone());
        builder.set_connector_settings(settings);
        if sleep.is_some() {
            builder.set_sleep_impl(sleep);
        }
        builder.build()
    }
}

const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn unreadable(path: &Path) -> Error {
    Error::new(
        Kind::ConfigError,
        format!("AWS_CA_BUNDLE {} is not a file of PEM certificates.", path.display()),
        "Set AWS_CA_BUNDLE to a file of PEM certificates, or unset it.",
    )
}
