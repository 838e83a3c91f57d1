//! Endpoint overrides that the user configured, in the order of AWS's reference guide: service in
//! the environment, environment, service in the profile, profile. They come from nowhere else.

use std::sync::Arc;

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::profiles::Profiles;
use crate::config::Endpoints;

/// What one session's clients are told about their endpoints.
#[derive(Debug)]
pub struct Overrides {
    pub environment: Endpoints,
    pub profiles: Arc<Profiles>,
    pub profile: Option<String>,
}

impl Overrides {
    /// Whether a service's endpoint comes from a profile.
    pub fn is_a_profiles(&self, service_id: &str) -> bool {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let said = key.ok().and_then(|key| self.load_config(key));
        said.is_some() && self.in_environment(service_id).is_none()
    }

    fn in_environment(&self, service: &str) -> Option<&String> {
        let by_service = self.environment.by_service.get(&service.to_ascii_uppercase());
        by_service.or(self.environment.global.as_ref())
    }
}

impl LoadServiceConfig for Overrides {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        // The same lookup serves settings of single services, which this server leaves alone.
        if key.profile() != "endpoint_url" || self.environment.ignored {
            return None;
        }
        let profile = self.profile.as_deref().and_then(|name| self.profiles.get(name));
        let ignores = profile.and_then(|profile| profile.get("ignore_configured_endpoint_urls"));
        if ignores.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let service = key.service_id().replace([' ', '-'], "_");
        if let Some(url) = self.in_environment(&service) {
            return Some(url.clone());
        }
        let profile = profile?;
        self.profiles
            .service_setting(profile, &service.to_ascii_lowercase(), "endpoint_url")
            .or_else(|| profile.get("endpoint_url"))
            .map(str::to_owned)
    }
}
