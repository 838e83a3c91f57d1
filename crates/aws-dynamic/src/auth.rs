//! How a request is authorised: the model names the ways, and the endpoint's rules change the details
//! of the one that is taken. A way that this crate does not know is an error that names it; a request
//! is never sent without a signature because its own is not known.

use std::fmt;

use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_sigv4::http_request::SignableBody;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};

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
}

/// Why a request cannot be authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unauthorizable {
    /// None of the ways is known here; the first of them.
    Scheme(String),
    /// Neither the endpoint's rules nor the configuration name a region to sign for.
    NoRegion,
}

impl Authorization {
    /// How a request of an operation to an endpoint is authorised. The region is the client's own.
    pub fn of(
        operation: Operation<'_>,
        endpoint: &Endpoint,
        region: Option<&str>,
    ) -> Result<Self, Unauthorizable> {
        match scheme(operation)? {
            Scheme::None => return Ok(Self::None),
            Scheme::SigV4 => {}
        }
        let rule = rule(endpoint)?;
        let region = rule.and_then(|rule| rule.signing_region.as_deref()).or(region);
        let region = region.ok_or(Unauthorizable::NoRegion)?;
        let name = rule.and_then(|rule| rule.signing_name.as_deref());
        let name = name.unwrap_or_else(|| operation.service().signing_name());
        let config = SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(Region::new(region.to_owned()))),
            name: Some(SigningName::from(name.to_owned())),
            signing_options: options(operation, rule),
            ..SigV4OperationSigningConfig::default()
        };
        Ok(Self::SigV4(Box::new(config)))
    }

    /// The name of the way, as models have it: `aws.auth#sigv4`.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::None => AuthScheme::None.word(),
            Self::SigV4(_) => AuthScheme::SigV4.word(),
        }
    }

    /// The service that is signed for.
    pub fn signing_name(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::SigV4(config) => config.name.as_ref().map(AsRef::as_ref),
        }
    }

    /// The region that is signed for.
    pub fn signing_region(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::SigV4(config) => config.region.as_ref().map(AsRef::as_ref),
        }
    }
}

impl fmt::Display for Unauthorizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(name) => {
                write!(f, "the request must be authorised by {name}, which is not supported here")
            }
            Self::NoRegion => f.write_str("no region is set to sign the request for"),
        }
    }
}

impl std::error::Error for Unauthorizable {}

enum Scheme {
    None,
    SigV4,
}

/// The first of the model's ways that is known here.
fn scheme(operation: Operation<'_>) -> Result<Scheme, Unauthorizable> {
    let service = operation.service();
    match operation.auth_type() {
        Some(AuthType::None) => return Ok(Scheme::None),
        Some(AuthType::UnsignedBody) | None => {}
    }
    let mut ways: Vec<AuthScheme> = operation.auth().collect();
    if ways.is_empty() {
        ways = service.auth().collect();
    }
    for way in &ways {
        match way {
            AuthScheme::SigV4 => return Ok(Scheme::SigV4),
            AuthScheme::None => return Ok(Scheme::None),
            AuthScheme::SigV4a | AuthScheme::Bearer => {}
        }
    }
    if let Some(first) = ways.first() {
        return Err(Unauthorizable::Scheme(first.word().to_owned()));
    }
    match service.signature_version() {
        SignatureVersion::V4 | SignatureVersion::S3V4 | SignatureVersion::S3 => Ok(Scheme::SigV4),
        old @ (SignatureVersion::V2 | SignatureVersion::Bearer) => {
            Err(Unauthorizable::Scheme(old.word().to_owned()))
        }
    }
}

/// What the rules say of signature version 4. Where they name other ways only, theirs counts: a
/// multi-region access point takes no signature for one region.
fn rule(endpoint: &Endpoint) -> Result<Option<&endpoint::AuthScheme>, Unauthorizable> {
    let ways = endpoint.auth_schemes();
    match (ways.iter().find(|way| way.name == "sigv4"), ways.first()) {
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
        match Authorization::of(operation, endpoint, Some("eu-west-1")).unwrap() {
            Authorization::SigV4(config) => *config,
            Authorization::None => panic!("not signed"),
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
        assert_eq!(Authorization::of(operation, &plain, None), Err(Unauthorizable::NoRegion));
    }
}
