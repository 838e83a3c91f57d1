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
        let in_environment = self
            .environment
            .by_service
            .get(&service.to_ascii_uppercase())
            .or(self.environment.global.as_ref());
        if let Some(url) = in_environment {
            return Some(url.clone());
        }
        let profile = profile?;
        self.profiles
            .service_setting(profile, &service.to_ascii_lowercase(), "endpoint_url")
            .or_else(|| profile.get("endpoint_url"))
            .map(str::to_owned)
    }
}
