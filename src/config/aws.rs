//! The settings that every AWS tool reads, from the environment snapshot.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use super::Environment;

/// A pair of keys, and the token that temporary ones have. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: Option<SecretString>,
    pub account_id: Option<String>,
}

/// `AWS_*` as AWS's SDKs and Tools Reference Guide defines them, as far as this server uses them.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub keys: Option<Keys>,
    /// What is wrong with the keys in the environment, where one stands without the other.
    pub half_keys: Option<&'static str>,
    pub config_file: PathBuf,
    pub credentials_file: PathBuf,
    pub endpoints: Endpoints,
    pub container: bool,
    pub web_identity: Option<WebIdentity>,
    /// Where the environment says that metadata is, for agents on this machine.
    pub metadata: Vec<String>,
    /// Instance metadata is asked only where the user says so (`AWS_EC2_METADATA_DISABLED=false`):
    /// on a laptop the question costs about a second and finds nothing.
    pub instance_metadata: bool,
    pub ca_bundle: Option<PathBuf>,
    pub use_fips: bool,
    pub use_dual_stack: bool,
}

/// `AWS_WEB_IDENTITY_TOKEN_FILE` and what belongs to it.
#[derive(Clone, Debug)]
pub struct WebIdentity {
    pub token_file: PathBuf,
    pub role_arn: String,
    pub session_name: Option<String>,
}

/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    pub ignored: bool,
    pub global: Option<String>,
    /// By service as in the variable's name: `EC2`, `STS`, `COST_EXPLORER`.
    pub by_service: BTreeMap<String, String>,
}

impl AwsSettings {
    /// Reads the settings; nothing is checked against AWS or the disk.
    pub fn from_environment(env: &Environment) -> Self {
        let text = |name: &str| env.get(name).map(str::to_owned);
        let home = env.home().unwrap_or_default();
        let file = |name: &str, default: &str| match env.get(name) {
            Some(written) => env.path(written),
            None => home.join(".aws").join(default),
        };
        let secret = env.get("AWS_SECRET_ACCESS_KEY");
        let (keys, half_keys) = match (env.get("AWS_ACCESS_KEY_ID"), secret) {
            (Some(id), Some(secret)) => (
                Some(Keys {
                    access_key_id: id.to_owned(),
                    secret_access_key: secret.into(),
                    session_token: env.get("AWS_SESSION_TOKEN").map(Into::into),
                    account_id: text("AWS_ACCOUNT_ID"),
                }),
                None,
            ),
            (Some(_), None) => {
                (None, Some("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"))
            }
            (None, Some(_)) => {
                (None, Some("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not"))
            }
            (None, None) => (None, None),
        };
        Self {
            profile: text("AWS_PROFILE").or_else(|| text("AWS_DEFAULT_PROFILE")),
            region: text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")),
            keys,
            half_keys,
            config_file: file("AWS_CONFIG_FILE", "config"),
            credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            endpoints: Endpoints {
                ignored: env.is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
                global: text("AWS_ENDPOINT_URL"),
                by_service: env
                    .with_prefix("AWS_ENDPOINT_URL_")
                    .map(|(service, url)| (service.to_owned(), url.to_owned()))
                    .collect(),
            },
            metadata: ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"]
                .iter()
                .filter_map(|name| env.get(name).map(str::to_owned))
                .collect(),
            container: env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
                || env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some(),
            web_identity: env.get("AWS_WEB_IDENTITY_TOKEN_FILE").zip(env.get("AWS_ROLE_ARN")).map(
                |(file, role_arn)| WebIdentity {
                    token_file: env.path(file),
                    role_arn: role_arn.to_owned(),
                    session_name: text("AWS_ROLE_SESSION_NAME"),
                },
            ),
            instance_metadata: env
                .get("AWS_EC2_METADATA_DISABLED")
                .is_some_and(|value| value.eq_ignore_ascii_case("false")),
            use_fips: env.is_on("AWS_USE_FIPS_ENDPOINT"),
            use_dual_stack: env.is_on("AWS_USE_DUALSTACK_ENDPOINT"),
            ca_bundle: env.get("AWS_CA_BUNDLE").map(|written| env.path(written)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> AwsSettings {
        AwsSettings::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn files_are_found_through_the_home_directory() {
        let s = settings(&[("HOME", "/h"), ("AWS_CONFIG_FILE", "~/c")]);
        assert_eq!(s.config_file, PathBuf::from("/h/c"));
        assert_eq!(s.credentials_file, PathBuf::from("/h/.aws/credentials"));
    }

    #[test]
    fn half_a_pair_of_keys_is_said() {
        let s = settings(&[("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "")]);
        assert!(s.keys.is_none());
        assert!(s.half_keys.unwrap().contains("AWS_SECRET_ACCESS_KEY is not"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let s = settings(&[
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("AWS_SESSION_TOKEN", "hush"),
        ]);
        assert!(!format!("{s:?}").contains("hush"));
    }

    #[test]
    fn metadata_is_asked_only_on_an_explicit_false() {
        assert!(!settings(&[]).instance_metadata);
        assert!(!settings(&[("AWS_EC2_METADATA_DISABLED", "true")]).instance_metadata);
        assert!(settings(&[("AWS_EC2_METADATA_DISABLED", "False")]).instance_metadata);
    }
}
