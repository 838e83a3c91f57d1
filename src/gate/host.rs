//! Where a client's requests may go: the one host that AWS's endpoint rules give for a service and a
//! region, what the person configured on this machine, and what `endpoints.allow` names. A signature
//! or a bearer token must not leave for a host that somebody slipped into the configuration.

use std::net::IpAddr;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_dynamic::catalog::{Index, Models};
use aws_dynamic::client::Client;
use aws_dynamic::endpoint::{BuiltIn, Parameters, Rules};
use aws_dynamic::model::terms::EndpointDiscovery;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use crate::error::{Error, Kind, Result, echo};

/// Instance and container metadata, which speak http (EC2 and ECS user guides).
const METADATA: [&str; 5] =
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"];

/// The host that a service's endpoint rules give, as its SDK crate carries them, for the region and
/// the FIPS and dual-stack settings of an SDK configuration; never an override. None where the rules
/// know no endpoint.
macro_rules! rules {
    ($service:ident, $sdk:expr $(, $set:ident = $value:expr)*) => {{
        use $service::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
        let sdk: &aws_types::SdkConfig = $sdk;
        let params = Params::builder()
            .set_region(sdk.region().map(ToString::to_string))
            .set_use_fips(sdk.use_fips())
            .set_use_dual_stack(sdk.use_dual_stack())
            $(.$set(Some($value)))*
            .build();
        params.ok().and_then(|params| {
            use futures_util::FutureExt;
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).now_or_never()?.ok()?;
            endpoint.url().strip_prefix("https://").map(str::to_owned)
        })
    }};
}
pub(crate) use rules;

/// What the rules allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    Host(String),
    /// Every host below this one: where a service names the host itself.
    Below(String),
}

/// The hosts that the rules give for one call of any operation, with the FIPS and dual-stack settings
/// of an SDK configuration; never an override, whatever the configuration says. None where there is no
/// such call.
pub(super) fn of_call(
    sdk: &SdkConfig,
    (service, operation): (&str, &str),
    input: &Value,
) -> Vec<Ruled> {
    let plain = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(sdk.region().cloned())
        .use_fips(sdk.use_fips().unwrap_or_default())
        .use_dual_stack(sdk.use_dual_stack().unwrap_or_default())
        .build();
    #[expect(
        clippy::disallowed_methods,
        reason = "it is asked where it would send, and sends nothing"
    )]
    let prepared = Client::new(&plain).prepare(service, operation, input).ok();
    // The region is what was judged; an ARN in the input may name another one.
    let prepared = prepared.filter(|prepared| {
        let signed = prepared.authorization.signing_region();
        signed.is_none() || is_region_of(&plain, service, signed)
    });
    let host = prepared.and_then(|prepared| match parts(&prepared.url)? {
        (scheme, authority, _) if scheme == "https" => Some(authority),
        _ => None,
    });
    let Some(host) = host else { return Vec::new() };
    // `query.timestream.eu-west-1.amazonaws.com` names `query-cell1.timestream.eu-west-1.amazonaws.com`.
    let parent = host.split_once('.').map(|(_, parent)| parent.to_owned());
    let below = parent.filter(|_| is_discovered(service, operation)).map(Ruled::Below);
    below.into_iter().chain([Ruled::Host(host)]).collect()
}

/// Whether requests to a service are signed for a region (or the set of all, `*`) without any input to
/// say so: for the configuration's own, or for the one where the rules have the service. Rules that
/// cannot do without an input are those of a service for all regions.
fn is_region_of(sdk: &SdkConfig, service: &str, signed: Option<&str>) -> bool {
    let own = sdk.region().map(AsRef::as_ref);
    if signed == own {
        return true;
    }
    let (Ok(index), Ok(rules)) = (Index::get(), Rules::get()) else { return false };
    let Some(service) = index.service(service) else { return false };
    let Ok(Some(set)) = rules.of(service.name()) else { return false };
    let mut told = Parameters::default()
        .built_in(BuiltIn::UseFips, sdk.use_fips().unwrap_or_default())
        .built_in(BuiltIn::UseDualStack, sdk.use_dual_stack().unwrap_or_default());
    if let Some(region) = own {
        told = told.built_in(BuiltIn::Region, region);
    }
    match set.resolve(&told, rules.partitions()) {
        Ok(endpoint) => {
            let mut schemes = endpoint.auth_schemes().iter();
            schemes.any(|scheme| scheme.signing_region.as_deref() == signed)
        }
        Err(_) => signed == Some("*"),
    }
}

/// Whether the service is asked where it is.
fn is_discovered(service: &str, operation: &str) -> bool {
    let model = Models::get().ok().and_then(|models| models.service(service)?.ok());
    let found = model.and_then(|model| model.operation(operation)?.endpoint_discovery());
    found == Some(EndpointDiscovery::Required)
}

/// The hosts that one client may reach.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Over https.
    by_rules: Vec<Ruled>,
    /// On this machine, by an endpoint that the person set.
    here: Vec<String>,
    /// What `endpoints.allow` names: `host` or `host:port` over https, `http://host:port` over http.
    allow: Arc<[String]>,
    metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metadata {
    Closed,
    /// The fixed addresses.
    Open,
}

impl Hosts {
    /// For a service's client: `by_rules` is what its endpoint rules give, `service_id` the SDK's name
    /// for it, by which the person may have set an endpoint.
    pub fn of_service(
        by_rules: impl IntoIterator<Item = Ruled>,
        service_id: &str,
        sdk: &SdkConfig,
        allow: Arc<[String]>,
    ) -> Self {
        let here = loopback_override(sdk, service_id).into_iter().collect();
        let by_rules = by_rules.into_iter().collect();
        Self { by_rules, here, allow, metadata: Metadata::Closed }
    }

    /// For the credential chain's own requests in a region: STS, SSO, OIDC and sign-in.
    pub fn of_sign_in(sdk: &SdkConfig, allow: Arc<[String]>) -> Self {
        let by_rules = [
            rules!(aws_sdk_sts, sdk),
            rules!(aws_sdk_sso, sdk),
            rules!(aws_sdk_ssooidc, sdk),
            rules!(aws_sdk_signin, sdk),
            rules!(aws_sdk_signin, sdk, set_is_o_auth_endpoint = true),
        ];
        let services = ["STS", "SSO", "SSO OIDC", "Signin"];
        Self {
            by_rules: by_rules.into_iter().flatten().map(Ruled::Host).collect(),
            here: services.iter().filter_map(|id| loopback_override(sdk, id)).collect(),
            allow,
            metadata: Metadata::Closed,
        }
    }

    /// For the metadata of instances and containers: `named` is where the person's environment says
    /// that an agent on this machine has them.
    pub fn of_metadata(named: &[String], allow: Arc<[String]>) -> Self {
        let here = named.iter().filter_map(|url| here(url)).collect();
        Self { by_rules: Vec::new(), here, allow, metadata: Metadata::Open }
    }

    /// Whether a request may go to this address.
    pub fn check(&self, uri: &str) -> Result<()> {
        let Some((scheme, authority, host)) = parts(uri) else {
            return Err(refused(uri));
        };
        let is_metadata = self.metadata == Metadata::Open && METADATA.contains(&host.as_str());
        let here = self.here.contains(&authority) || is_metadata;
        let good = match scheme.as_str() {
            "https" => {
                here || self.allow.contains(&authority)
                    || self.by_rules.iter().any(|ruled| ruled.is(&authority))
            }
            // Signatures and tokens in the clear: only where the person wrote just that.
            "http" => here || self.allow.contains(&format!("http://{authority}")),
            _ => false,
        };
        if good { Ok(()) } else { Err(refused(&format!("{scheme}://{authority}"))) }
    }
}

impl Ruled {
    fn is(&self, authority: &str) -> bool {
        match self {
            Self::Host(host) => host == authority,
            // Of the standard port alone.
            Self::Below(parent) => authority
                .strip_suffix(parent.as_str())
                .and_then(|before| before.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        }
    }
}

/// Scheme, `host[:port]` and host of an address, in lower case; the default port is left out.
fn parts(uri: &str) -> Option<(String, String, String)> {
    let uri: http::Uri = uri.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let standard = if scheme == "https" { 443 } else { 80 };
    let authority = match uri.port_u16().filter(|port| *port != standard) {
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    };
    Some((scheme, authority, host))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `host[:port]` of the endpoint that the person set for a service, where it lies on this machine.
fn loopback_override(sdk: &SdkConfig, service_id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    here(&sdk.service_config()?.load_config(key)?)
}

/// `host[:port]` of an address on this machine.
fn here(url: &str) -> Option<String> {
    let (_, authority, host) = parts(url)?;
    is_loopback(&host).then_some(authority)
}

fn refused(to: &str) -> Error {
    Error::new(
        Kind::ConfigError,
        format!(
            "the endpoint {} is not AWS's for this service and region; nothing was sent there.",
            echo(to)
        ),
        "Only the person can allow it: AWS_ENDPOINT_URL and endpoint_url say where requests go, \
         endpoints.allow in config.toml which hosts they may go to.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sdk(region: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_owned()))
            .build()
    }

    fn ec2(region: &str) -> Hosts {
        let sdk = sdk(region);
        Hosts::of_service(rules!(aws_sdk_ec2, &sdk).map(Ruled::Host), "EC2", &sdk, Arc::default())
    }

    fn check(hosts: &Hosts, uri: &str, expected: bool) {
        assert_eq!(hosts.check(uri).is_ok(), expected, "{uri}");
    }

    #[test]
    fn a_client_reaches_its_service_in_its_region_and_nothing_else() {
        let hosts = ec2("eu-west-1");
        check(&hosts, "https://ec2.eu-west-1.amazonaws.com/", true);
        check(&hosts, "https://EC2.eu-west-1.amazonaws.com:443/x", true);
        for bad in [
            "http://ec2.eu-west-1.amazonaws.com/",
            "https://ec2.eu-west-2.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com/",
            "https://ec2.eu-west-1.amazonaws.com:8443/",
            "https://ec2.eu-west-1.amazonaws.com./",
            "https://x.ec2.eu-west-1.amazonaws.com/",
            "https://ec2.eu-west-1.amazonaws.com.evil.example/",
            "https://ec2.eu-west-1.amazonaws.com@evil.example/",
            "https://evil.example/ec2.eu-west-1.amazonaws.com",
            "https://evil.s3.amazonaws.com/",
            "https://abc.execute-api.eu-west-1.amazonaws.com/",
            "http://127.0.0.1:5000/",
            "http://localhost/",
            "https://localhost/",
            "http://169.254.169.254/latest/api/token",
            "http://0.0.0.0/",
            "ftp://ec2.eu-west-1.amazonaws.com/",
            "file:///etc/passwd",
            "//evil.example/",
            "",
        ] {
            check(&hosts, bad, false);
        }
    }

    #[test]
    fn a_call_of_any_operation_reaches_the_host_of_its_rules() {
        let check = |service: &str, operation: &str, input: Value, expected: Option<&str>| {
            let sdk = sdk("eu-west-1").to_builder().endpoint_url("https://evil.example").build();
            let host = of_call(&sdk, (service, operation), &input);
            let expected = expected.map(|host| Ruled::Host(host.to_owned()));
            assert_eq!(host, Vec::from_iter(expected), "{service}:{operation} {input}");
        };
        let ec2 = Some("ec2.eu-west-1.amazonaws.com");
        check("ec2", "StartInstances", json!({"InstanceIds": ["i-1"]}), ec2);
        check("iam", "ListUsers", json!({}), Some("iam.amazonaws.com"));
        let s3 = "s3.eu-west-1.amazonaws.com";
        let of_bucket = format!("a-bucket.{s3}");
        check("s3", "GetBucketAcl", json!({"Bucket": "a-bucket"}), Some(&of_bucket));
        // A name that is none of a bucket's stays in the path, escaped.
        for bucket in ["evil.example/#", "evil.example:443@", "a?b", "A.B", "x\\y"] {
            check("s3", "GetBucketAcl", json!({"Bucket": bucket}), Some(s3));
        }
        let control = Some("123456789012.s3-control.eu-west-1.amazonaws.com");
        check("s3control", "ListJobs", json!({"AccountId": "123456789012"}), control);
        for account in ["evil.example/", "a.b", "", "#"] {
            check("s3control", "ListJobs", json!({"AccountId": account}), None);
        }
        check("s3", "Nothing", json!({}), None);
        check("nothing", "ListUsers", json!({}), None);
        check("ec2", "StartInstances", json!({}), None);
    }

    #[test]
    fn no_input_leads_to_another_region() {
        let check = |service: &str, operation: &str, input: Value, expected: Option<&str>| {
            let host = of_call(&sdk("eu-west-1"), (service, operation), &input);
            let expected = expected.map(|host| Ruled::Host(host.to_owned()));
            assert_eq!(host, Vec::from_iter(expected), "{service}:{operation} {input}");
        };
        let get = |bucket: &str| json!({"Bucket": bucket, "Key": "k"});
        let own = "ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com";
        let point = get("arn:aws:s3:eu-west-1:123456789012:accesspoint:ap");
        check("s3", "GetObject", point, Some(own));
        for elsewhere in [
            "arn:aws:s3:us-west-2:123456789012:accesspoint:ap",
            "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap",
            "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap",
            "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap",
        ] {
            check("s3", "GetObject", get(elsewhere), None);
        }
        let bucket = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/bucket/bbb";
        let bucket = json!({"AccountId": "123456789012", "Bucket": bucket});
        check("s3control", "GetBucket", bucket, None);
        let entries = json!([{"Source": "a"}]);
        let events = json!({"EndpointId": "abcde.veo", "Entries": entries});
        check("events", "PutEvents", events, None);
        // Where the rules themselves leave the region, no input does.
        check("iam", "ListUsers", json!({}), Some("iam.amazonaws.com"));
        check("support", "DescribeCases", json!({}), Some("support.us-east-1.amazonaws.com"));
        let store = json!({"KvsARN": "arn:aws:cloudfront::123456789012:key-value-store/a"});
        let host = "123456789012.cloudfront-kvs.global.api.aws";
        check("cloudfront-keyvaluestore", "DescribeKeyValueStore", store, Some(host));
    }

    #[test]
    fn a_service_that_says_where_it_is_is_reached_below_its_own_name() {
        let sdk = sdk("eu-west-1");
        let by_rules =
            of_call(&sdk, ("timestream-query", "Query"), &json!({"QueryString": "SELECT 1"}));
        let hosts = Hosts::of_service(by_rules, "Timestream Query", &sdk, Arc::default());
        check(&hosts, "https://query.timestream.eu-west-1.amazonaws.com/", true);
        check(&hosts, "https://query-cell1.timestream.eu-west-1.amazonaws.com/", true);
        for bad in [
            "https://timestream.eu-west-1.amazonaws.com/",
            "https://.timestream.eu-west-1.amazonaws.com/",
            "https://a.b.timestream.eu-west-1.amazonaws.com/",
            "https://query-cell1.timestream.eu-west-1.amazonaws.com:8443/",
            "https://query-cell1.timestream.eu-west-1.amazonaws.com.evil.example/",
            "https://eviltimestream.eu-west-1.amazonaws.com/",
            "https://query-cell1.timestream.us-east-1.amazonaws.com/",
            "http://query-cell1.timestream.eu-west-1.amazonaws.com/",
        ] {
            check(&hosts, bad, false);
        }
    }

    #[test]
    fn every_partition_has_its_own_hosts() {
        check(&ec2("cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn/", true);
        check(&ec2("cn-north-1"), "https://ec2.cn-north-1.amazonaws.com/", false);
        check(&ec2("us-gov-west-1"), "https://ec2.us-gov-west-1.amazonaws.com/", true);
        check(&ec2("us-iso-east-1"), "https://ec2.us-iso-east-1.c2s.ic.gov/", true);
    }

    #[test]
    fn sign_in_reaches_its_four_services_in_its_region() {
        let hosts = Hosts::of_sign_in(&sdk("eu-west-1"), Arc::default());
        for good in [
            "https://sts.eu-west-1.amazonaws.com/",
            "https://oidc.eu-west-1.amazonaws.com/token",
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials",
            "https://eu-west-1.signin.aws.amazon.com/v1/token",
        ] {
            check(&hosts, good, true);
        }
        for bad in [
            "https://portal.sso.us-east-1.amazonaws.com/federation/credentials",
            "https://ec2.eu-west-1.amazonaws.com/",
            "https://sts.amazonaws.com/",
            "http://169.254.169.254/",
            "http://127.0.0.1:1/",
        ] {
            check(&hosts, bad, false);
        }
    }

    #[test]
    fn metadata_is_for_its_own_sources_only() {
        let named = ["http://127.0.0.1:8080/x".to_owned(), "https://evil.example".to_owned()];
        let hosts = Hosts::of_metadata(&named, Arc::default());
        check(&hosts, "http://169.254.169.254/latest/api/token", true);
        check(&hosts, "http://[fd00:ec2::254]/latest/api/token", true);
        check(&hosts, "http://127.0.0.1:8080/credentials", true);
        check(&hosts, "http://127.0.0.1:8081/credentials", false);
        check(&hosts, "https://evil.example/credentials", false);
        check(&hosts, "http://10.0.0.1/", false);
        check(&hosts, "https://[::ffff:10.0.0.1]/", false);
    }

    #[derive(Debug)]
    struct Override(&'static str);

    impl aws_types::service_config::LoadServiceConfig for Override {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == "EC2").then(|| self.0.to_owned())
        }
    }

    fn overridden(url: &'static str, allow: &[&str]) -> Hosts {
        let sdk = sdk("eu-west-1").to_builder().service_config(Override(url)).build();
        let allow = allow.iter().map(|host| (*host).to_owned()).collect();
        Hosts::of_service(rules!(aws_sdk_ec2, &sdk).map(Ruled::Host), "EC2", &sdk, allow)
    }

    #[test]
    fn this_machine_is_reached_over_an_endpoint_that_the_person_set_and_by_its_port() {
        let hosts = overridden("http://127.0.0.1:5000", &[]);
        check(&hosts, "http://127.0.0.1:5000/", true);
        check(&hosts, "http://127.0.0.1:5001/", false);
        check(&hosts, "http://localhost:5000/", false);
        check(&overridden("http://[::1]:4566/x", &[]), "http://[::1]:4566/", true);
        for elsewhere in
            ["http://10.0.0.1", "https://evil.example", "http://127.0.0.1.evil.example"]
        {
            check(&overridden(elsewhere, &[]), elsewhere, false);
        }
    }

    #[test]
    fn the_person_can_allow_a_host_by_its_exact_name() {
        let allow = ["aws.corp.example:8443", "http://stack", "plain"];
        let hosts = overridden("https://aws.corp.example:8443", &allow);
        check(&hosts, "https://aws.corp.example:8443/x", true);
        check(&hosts, "http://aws.corp.example:8443/x", false);
        check(&hosts, "http://STACK/", true);
        check(&hosts, "https://plain/", true);
        check(&hosts, "http://plain/", false);
        check(&hosts, "https://aws.corp.example/", false);
        check(&hosts, "http://stack:4566/", false);
        check(&hosts, "https://x.aws.corp.example:8443/", false);
    }
}
