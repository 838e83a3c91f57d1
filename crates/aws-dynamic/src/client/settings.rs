//! What endpoint rules are told of a client: what its configuration says, and what the configuration
//! has no word for, by whoever made the client or in the user's own files.

use aws_types::SdkConfig;
use aws_types::endpoint_config::AccountIdEndpointMode;
use aws_types::service_config::ServiceConfigKey;

use super::error::CallError;
use super::special;
use crate::endpoint::{BuiltIn, Parameters};
use crate::model::Service;

/// Facts about a client that endpoint rules ask for and an `SdkConfig` does not have. What is None is
/// as the user's files say, if they can, and else as the rules have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSettings {
    /// The account that calls (`AWS::Auth::AccountId`), for hosts that have it: DynamoDB's.
    pub account_id: Option<String>,
    /// The bucket stands in the path (`AWS::S3::ForcePathStyle`), as it does by itself at an endpoint
    /// of the user's own.
    pub s3_force_path_style: Option<bool>,
    /// By S3's accelerated hosts (`AWS::S3::Accelerate`).
    pub s3_accelerate: Option<bool>,
    /// To the region of an ARN, if it is another one (`AWS::S3::UseArnRegion`); in the user's files
    /// `s3_use_arn_region`.
    pub s3_use_arn_region: Option<bool>,
    /// No multi-region access points (`AWS::S3::DisableMultiRegionAccessPoints`); in the user's files
    /// `s3_disable_multiregion_access_points`.
    pub s3_disable_multi_region_access_points: Option<bool>,
    /// S3 of us-east-1 by its host without a region (`AWS::S3::UseGlobalEndpoint`).
    pub s3_use_global_endpoint: Option<bool>,
    /// The same as of S3, of S3 Control (`AWS::S3Control::UseArnRegion`).
    pub s3control_use_arn_region: Option<bool>,
    /// STS of older regions by its host without a region (`AWS::STS::UseGlobalEndpoint`).
    pub sts_use_global_endpoint: Option<bool>,
}

const NO_FLAG: &str =
    "s3_use_arn_region and s3_disable_multiregion_access_points are true or false, nothing else";

impl EndpointSettings {
    /// Tells all that is known of a client that calls a service; `custom` is the user's own endpoint.
    pub(super) fn tell<'a>(
        &'a self,
        config: &'a SdkConfig,
        custom: Option<&'a str>,
        service: &Service,
    ) -> Result<Parameters<'a>, CallError> {
        let mut told = of_config(config, custom);
        for (fact, names) in special::settings(service) {
            if let Some(flag) = of_files(config, service, names)? {
                told = told.built_in(fact, flag);
            }
        }
        if let Some(id) = &self.account_id {
            told = told.built_in(BuiltIn::AccountId, id.as_str());
        }
        let flags = [
            (BuiltIn::S3ForcePathStyle, self.s3_force_path_style),
            (BuiltIn::S3Accelerate, self.s3_accelerate),
            (BuiltIn::S3UseArnRegion, self.s3_use_arn_region),
            (BuiltIn::S3DisableMultiRegionAccessPoints, self.s3_disable_multi_region_access_points),
            (BuiltIn::S3UseGlobalEndpoint, self.s3_use_global_endpoint),
            (BuiltIn::S3ControlUseArnRegion, self.s3control_use_arn_region),
            (BuiltIn::StsUseGlobalEndpoint, self.sts_use_global_endpoint),
        ];
        let said = flags.into_iter().filter_map(|(fact, flag)| Some((fact, flag?)));
        Ok(said.fold(told, |told, (fact, flag)| told.built_in(fact, flag)))
    }
}

/// The user's own endpoint: of code before that of the service's settings, and these before that of
/// all services.
pub(super) fn custom_endpoint(config: &SdkConfig, service: &Service) -> Option<String> {
    let general = || config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return general();
    }
    of_service(config, service, ("AWS_ENDPOINT_URL", "endpoint_url")).or_else(general)
}

/// A configuration whose region is one: `fips-us-east-1` and `us-east-1-fips` are older names of the
/// FIPS endpoints of us-east-1, which botocore reads so too.
pub(super) fn with_plain_region(config: &SdkConfig) -> SdkConfig {
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    match region.strip_prefix("fips-").or_else(|| region.strip_suffix("-fips")) {
        None => config.clone(),
        Some(plain) => {
            let region = aws_types::region::Region::new(plain.to_owned());
            config.to_builder().region(region).use_fips(true).build()
        }
    }
}

fn of_config<'a>(config: &'a SdkConfig, custom: Option<&'a str>) -> Parameters<'a> {
    let mut facts = Parameters::default()
        .built_in(BuiltIn::UseFips, config.use_fips().unwrap_or_default())
        .built_in(BuiltIn::UseDualStack, config.use_dual_stack().unwrap_or_default())
        .built_in(
            BuiltIn::AccountIdEndpointMode,
            match config.account_id_endpoint_mode() {
                Some(AccountIdEndpointMode::Disabled) => "disabled",
                Some(AccountIdEndpointMode::Required) => "required",
                Some(_) | None => "preferred",
            },
        );
    if let Some(region) = config.region() {
        facts = facts.built_in(BuiltIn::Region, region.as_ref());
    }
    if let Some(url) = custom {
        facts = facts.built_in(BuiltIn::Endpoint, url);
    }
    facts
}

/// What the user's environment and files say of a service, by the names that they have for it.
fn of_service(
    config: &SdkConfig,
    service: &Service,
    (env, profile): (&str, &str),
) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service.id()).env(env).profile(profile);
    config.service_config()?.load_config(key.build().ok()?)
}

fn of_files(
    config: &SdkConfig,
    service: &Service,
    names: (&str, &str),
) -> Result<Option<bool>, CallError> {
    match of_service(config, service, names) {
        None => Ok(None),
        Some(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(CallError::Special(NO_FLAG)),
    }
}

#[cfg(test)]
mod tests;
