//! Where requests may go, under every client, the credential chain's own ones included: a signature
//! or a bearer token must not leave for a host that somebody slipped into the configuration.

use std::net::IpAddr;
use std::sync::Arc;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::error::{Error, Kind, Result, echo};

/// The domains of AWS's own endpoints, by partition (the SDKs' partition and sign-in rules).
const DOMAINS: [&str; 21] = [
    "amazonaws.com",
    "api.aws",
    "signin.aws",
    "signin.aws.amazon.com",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "signin.amazonaws.cn",
    "signin.amazonaws-us-gov.com",
    "signin-fips.amazonaws-us-gov.com",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "signin.amazonaws-eusc.eu",
    "c2s.ic.gov",
    "c2shome.ic.gov",
    "api.aws.ic.gov",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
    "sc2s.sgov.gov",
    "sc2shome.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
];

/// Names under those domains that AWS's customers give to servers of their own.
const CUSTOMERS: [&str; 8] = [
    "execute-api",
    "appsync-api",
    "appsync-realtime-api",
    "elb",
    "compute",
    "compute-1",
    "s3",
    "lambda-url",
];

/// Instance and container metadata, which speak http (EC2 and ECS user guides).
const METADATA: [&str; 5] =
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"];

/// The same client, that asks first.
pub fn guarded(client: SharedHttpClient, allow: Vec<String>) -> SharedHttpClient {
    SharedHttpClient::new(Guarded { client, allow: allow.into() })
}

/// Whether a request may go to this address: https to AWS, metadata, this machine, or what
/// `endpoints.allow` names. Nothing but the user's own configuration can name any of the others.
fn check(uri: &str, allow: &[String]) -> Result<()> {
    let parsed: Option<http::Uri> = uri.parse().ok();
    let parts =
        parsed.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?, uri.port_u16())));
    let Some((scheme, host, port)) = parts else {
        return Err(refused(uri));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let named = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let is_loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_aws = DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }) && !host.split('.').any(is_of_a_customer);
    let good = match scheme {
        "https" => is_aws || is_loopback || allow.contains(&named),
        "http" => is_loopback || METADATA.contains(&host.as_str()) || allow.contains(&named),
        _ => false,
    };
    if good { Ok(()) } else { Err(refused(&format!("{scheme}://{named}"))) }
}

fn is_of_a_customer(label: &str) -> bool {
    CUSTOMERS.contains(&label) || label.starts_with("s3-website") || label.starts_with("vpce-svc-")
}

fn refused(to: &str) -> Error {
    Error::new(
        Kind::ConfigError,
        format!("the endpoint {} is not AWS's; nothing was sent there.", echo(to)),
        "Only the person can allow it: AWS_ENDPOINT_URL and endpoint_url say where requests go, \
         endpoints.allow in config.toml which hosts they may go to.",
    )
}

#[derive(Debug)]
struct Guarded {
    client: SharedHttpClient,
    allow: Arc<[String]>,
}

impl HttpClient for Guarded {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Door { connector, allow: self.allow.clone() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

#[derive(Debug)]
struct Door {
    connector: SharedHttpConnector,
    allow: Arc<[String]>,
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match check(request.uri(), &self.allow) {
            Ok(()) => self.connector.call(request),
            Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_metadata_and_this_machine() {
        for good in [
            "https://ec2.eu-west-1.amazonaws.com/",
            "https://STS.us-east-1.amazonaws.com/x",
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials",
            "https://ec2.eu-west-1.api.aws/",
            "https://ec2.cn-north-1.amazonaws.com.cn/",
            "https://us-east-1.signin.aws.amazon.com/v1/token",
            "https://compute-optimizer.eu-west-1.amazonaws.com/",
            "https://vpce-1.ec2.eu-west-1.vpce.amazonaws.com/",
            "http://169.254.169.254/latest/api/token",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://127.0.0.1:5000/",
            "http://localhost:4566/",
            "http://[::1]:4566/",
        ] {
            assert!(check(good, &[]).is_ok(), "{good}");
        }
    }

    #[test]
    fn no_other_host_however_it_is_written() {
        for bad in [
            "http://ec2.eu-west-1.amazonaws.com/",
            "https://evil.example/",
            "https://amazonaws.com.evil.example/",
            "https://evilamazonaws.com/",
            "https://abc123.execute-api.us-east-1.amazonaws.com/",
            "https://bucket.s3.amazonaws.com/",
            "https://bucket.s3-website-us-east-1.amazonaws.com/",
            "https://x.eu-west-1.elb.amazonaws.com/",
            "https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com/",
            "https://ec2-1-2-3-4.compute-1.amazonaws.com/",
            "https://evil.ic.gov/",
            "https://ec2.eu-west-1.amazonaws.com./",
            "https://amazonaws.com/",
            "https://ec2.amazonaws.com@evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "http://10.0.0.1/",
            "http://0.0.0.0:80/",
            "https://[::ffff:10.0.0.1]/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "//evil.example/",
            "",
        ] {
            assert!(check(bad, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_person_can_allow_a_host_by_its_exact_name() {
        let allow = ["aws.corp.example:8443".to_owned(), "localstack".to_owned()];
        assert!(check("https://aws.corp.example:8443/x", &allow).is_ok());
        assert!(check("http://LOCALSTACK/", &allow).is_ok());
        assert!(check("https://aws.corp.example/", &allow).is_err());
        assert!(check("http://localstack:4566/", &allow).is_err());
        assert!(check("https://x.aws.corp.example:8443/", &allow).is_err());
    }
}
