//! How a request is authorised: the model names the ways, and the endpoint's rules change the details
//! of the one that is taken, or leave only another. A way that this crate does not know is an error
//! that names it; a request is never sent without a signature because its own is not known.

use std::fmt;

use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_sigv4::http_request::SignableBody;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion, SigningRegionSet};

use crate::endpoint::{self, Endpoint};
use crate::model::Operation;
use crate::model::terms::{AuthScheme, AuthType, BodyHash, SignatureVersion};

/// How one request is authorised.
#[derive(Clone, Debug, PartialEq)]
pub enum Authorization {
    /// Nothing is signed, and no credentials are asked for.
    None,
    /// Signature version 4, with all that it needs but credentials and time.
    SigV4(Box<SigV4OperationSigningConfig>),
    /// Signature version 4a, which is for a set of regions; likewise.
    SigV4a(Box<SigV4OperationSigningConfig>),
    /// A bearer token in a header.
    Bearer,
}

/// What a client can authorise requests with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Nothing,
    Credentials,
    Token,
    Both,
}

/// Why a request cannot be authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unauthorizable {
    /// None of the ways is known here; the first of them.
    Scheme(String),
    /// Neither the endpoint's rules nor the configuration name a region to sign for.
    NoRegion,
    /// A bearer token would go out without TLS.
    TokenInClear,
}

impl Authorization {
    /// How a request of an operation to an endpoint is authorised. The region is the client's own.
    /// Where credentials and a token both would do, a token is taken if it is all that is held.
    pub fn of(
        operation: Operation<'_>,
        endpoint: &Endpoint,
        region: Option<&str>,
        held: Held,
    ) -> Result<Self, Unauthorizable> {
        let scheme = match scheme(operation, held)? {
            Scheme::None => return Ok(Self::None),
            Scheme::Bearer if endpoint.scheme() != "https" => {
                return Err(Unauthorizable::TokenInClear);
            }
            Scheme::Bearer => return Ok(Self::Bearer),
            Scheme::Signature(scheme) => scheme,
        };
        let rule = rule(endpoint)?;
        let name = rule.and_then(|rule| rule.signing_name.as_deref());
        let name = name.unwrap_or_else(|| operation.service().signing_name());
        let mut config = Box::new(SigV4OperationSigningConfig {
            name: Some(SigningName::from(name.to_owned())),
            signing_options: options(operation, rule),
            ..SigV4OperationSigningConfig::default()
        });
        if rule.map_or(scheme, |rule| rule.name.as_str()) == SIGV4A {
            let set = rule.map(|rule| rule.signing_region_set.as_slice()).unwrap_or_default();
            let set: SigningRegionSet = match set {
                [] => region.into_iter().collect(),
                set => set.iter().map(String::as_str).collect(),
            };
            if set.as_ref().is_empty() {
                return Err(Unauthorizable::NoRegion);
            }
            config.region_set = Some(set);
            return Ok(Self::SigV4a(config));
        }
        let region = rule.and_then(|rule| rule.signing_region.as_deref()).or(region);
        let region = region.ok_or(Unauthorizable::NoRegion)?;
        config.region = Some(SigningRegion::from(Region::new(region.to_owned())));
        Ok(Self::SigV4(config))
    }

    /// The name of the way, as models have it: `aws.auth#sigv4`.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::None => AuthScheme::None.word(),
            Self::SigV4(_) => AuthScheme::SigV4.word(),
            Self::SigV4a(_) => AuthScheme::SigV4a.word(),
            Self::Bearer => AuthScheme::Bearer.word(),
        }
    }

    /// The service that is signed for.
    pub fn signing_name(&self) -> Option<&str> {
        match self {
            Self::None | Self::Bearer => None,
            Self::SigV4(config) | Self::SigV4a(config) => config.name.as_ref().map(AsRef::as_ref),
        }
    }

    /// The region that is signed for; by SigV4a it is a set of them.
    pub fn signing_region(&self) -> Option<&str> {
        match self {
            Self::None | Self::Bearer => None,
            Self::SigV4(config) => config.region.as_ref().map(AsRef::as_ref),
            Self::SigV4a(config) => config.region_set.as_ref().map(AsRef::as_ref),
        }
    }
}

/// Fails for an operation that can be authorised in no way that is known here, wherever it goes.
pub(crate) fn known(operation: Operation<'_>) -> Result<(), Unauthorizable> {
    scheme(operation, Held::Both).map(|_| ())
}

impl fmt::Display for Unauthorizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::NoRegion => return f.write_str("no region is set to sign the request for"),
            Self::TokenInClear => {
                return f.write_str("a bearer token is sent by https only; the endpoint is http");
            }
            Self::Scheme(name) => match name.as_str() {
                "v2" => "signature version 2",
                "sigv4-s3express" => "a session of S3 Express (a directory bucket)",
                other => other,
            },
        };
        write!(f, "the request must be authorised by {name}, which is not supported here")
    }
}

impl std::error::Error for Unauthorizable {}

enum Scheme {
    None,
    Bearer,
    /// By its name in endpoint rules.
    Signature(&'static str),
}

const SIGV4: &str = "sigv4";
const SIGV4A: &str = "sigv4a";

/// The first of the model's ways that is known here; version 4a where there is no other signature.
fn scheme(operation: Operation<'_>, held: Held) -> Result<Scheme, Unauthorizable> {
    let service = operation.service();
    match operation.auth_type() {
        Some(AuthType::None) => return Ok(Scheme::None),
        Some(AuthType::UnsignedBody) | None => {}
    }
    let mut ways: Vec<AuthScheme> = operation.auth().collect();
    if ways.is_empty() {
        ways = service.auth().collect();
    }
    let has = |way| ways.contains(&way);
    if has(AuthScheme::Bearer) && held == Held::Token {
        return Ok(Scheme::Bearer);
    }
    let known = ways.iter().find_map(|way| match way {
        AuthScheme::SigV4a | AuthScheme::Bearer if has(AuthScheme::SigV4) => None,
        AuthScheme::SigV4 => Some(Scheme::Signature(SIGV4)),
        AuthScheme::SigV4a => Some(Scheme::Signature(SIGV4A)),
        AuthScheme::Bearer => Some(Scheme::Bearer),
        AuthScheme::None => Some(Scheme::None),
    });
    if let Some(known) = known {
        return Ok(known);
    }
    match service.signature_version() {
        SignatureVersion::V4 | SignatureVersion::S3V4 | SignatureVersion::S3 => {
            Ok(Scheme::Signature(SIGV4))
        }
        SignatureVersion::Bearer => Ok(Scheme::Bearer),
        SignatureVersion::V2 => Err(Unauthorizable::Scheme(SignatureVersion::V2.word().to_owned())),
    }
}

/// What the rules say of version 4, or of 4a where they leave nothing else: a multi-region access
/// point takes no signature for one region.
fn rule(endpoint: &Endpoint) -> Result<Option<&endpoint::AuthScheme>, Unauthorizable> {
    let ways = endpoint.auth_schemes();
    let named = |name| ways.iter().find(|way| way.name == name);
    match (named(SIGV4).or_else(|| named(SIGV4A)), ways.first()) {
        (None, Some(first)) => Err(Unauthorizable::Scheme(first.name.clone())),
        (found, _) => Ok(found),
    }
}

fn options(operation: Operation<'_>, rule: Option<&endpoint::AuthScheme>) -> SigningOptions {
    let service = operation.service();
    let is_s3 = match service.signature_version() {
        SignatureVersion::S3 | SignatureVersion::S3V4 => true,
        SignatureVersion::V4 | SignatureVersion::V2 | SignatureVersion::Bearer => false,
    };
    let is_unsigned =
        operation.is_payload_unsigned() || operation.auth_type() == Some(AuthType::UnsignedBody);
    let mut options = SigningOptions::default();
    options.double_uri_encode = !is_s3 && rule.is_none_or(|rule| !rule.disable_double_encoding);
    options.normalize_uri_path = !is_s3 && rule.is_none_or(|rule| !rule.disable_normalize_path);
    options.content_sha256_header =
        is_s3 || is_unsigned || service.body_hash() == Some(BodyHash::Sha256);
    options.payload_override = is_unsigned.then_some(SignableBody::UnsignedPayload);
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::catalog::Models;
    use crate::endpoint::{BuiltIn, Parameters, Rules};

    fn endpoint(service: &str, region: &str) -> Endpoint {
        let rules = Rules::get().unwrap();
        let parameters = Parameters::default().built_in(BuiltIn::Region, region);
        rules.of(service).unwrap().unwrap().resolve(&parameters, rules.partitions()).unwrap()
    }

    /// How an operation is signed at an endpoint that is found by the rules of a service.
    fn signed(service: &str, operation: &str, endpoint: &Endpoint) -> SigV4OperationSigningConfig {
        let service = Models::get().unwrap().service(service).unwrap().unwrap();
        let operation = service.operation(operation).unwrap();
        let held = Held::Credentials;
        match Authorization::of(operation, endpoint, Some("eu-west-1"), held).unwrap() {
            Authorization::SigV4(config) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_are_escaped_twice_but_for_s3() {
        let check = |service: &str,
                     operation: &str,
                     endpoint: &Endpoint,
                     twice: bool,
                     header: bool| {
            let options = signed(service, operation, endpoint).signing_options;
            let is = (options.double_uri_encode, options.normalize_uri_path);
            assert_eq!((is, options.content_sha256_header), ((twice, twice), header), "{service}");
        };
        // The rules of STS say nothing of it, so that the model alone counts.
        let plain = endpoint("sts", "eu-west-1");
        check("lambda", "ListFunctions", &plain, true, false);
        check("s3", "ListBuckets", &plain, false, true);
        check("s3control", "ListJobs", &plain, false, true);
        check("glacier", "ListVaults", &plain, true, true);
        // S3's own rules say it as well.
        let options = signed("lambda", "ListFunctions", &endpoint("s3", "eu-west-1"));
        assert!(!options.signing_options.double_uri_encode);
    }

    #[test]
    fn the_rules_name_region_and_service_before_the_model_does() {
        let check = |service: &str, operation: &str, rules: &str, scope: (&str, &str)| {
            let signed = signed(service, operation, &endpoint(rules, "eu-west-1"));
            let (region, name) = (signed.region.unwrap(), signed.name.unwrap());
            assert_eq!((region.as_ref(), name.as_ref()), scope);
        };
        check("ec2", "DescribeVpcs", "ec2", ("eu-west-1", "ec2"));
        check("iam", "ListUsers", "iam", ("us-east-1", "iam"));
        check("ec2", "DescribeVpcs", "iam", ("us-east-1", "ec2"));
        check("ce", "GetCostAndUsage", "ce", ("us-east-1", "ce"));
        check("sesv2", "ListContacts", "sesv2", ("eu-west-1", "ses"));
        check("ec2", "DescribeVpcs", "s3", ("eu-west-1", "s3"));
    }

    #[test]
    fn without_a_region_nothing_is_signed() {
        let service = Models::get().unwrap().service("ec2").unwrap().unwrap();
        let operation = service.operation("DescribeVpcs").unwrap();
        let plain = endpoint("ec2", "eu-west-1");
        let none = Authorization::of(operation, &plain, None, Held::Credentials);
        assert_eq!(none, Err(Unauthorizable::NoRegion));
    }
}
