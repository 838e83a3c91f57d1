//! A target (profile, role, region) -> a session: one set of credentials, one SDK configuration,
//! kept for as long as what it was made from stays as it is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::sdk_config::SharedHttpClient;
use serde::Serialize;

use super::credentials::{Loaded, Source};
use super::endpoints::Overrides;
use super::plan;
use super::profiles::Profiles;
use super::target::{Region, Requested};
use crate::config::{AwsSettings, Clock, Keys};
use crate::error::{Error, Kind, Result};

const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(20);
const OPERATION: Duration = Duration::from_secs(45);
/// Sessions kept at once; a model that names ever new roles must not fill the memory.
const MOST_SESSIONS: usize = 128;

/// Whose credentials a session uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    pub account_id: String,
    pub arn: String,
    pub user_id: String,
}

/// Bound credentials and a region. Cheap to share.
#[derive(Debug)]
pub struct Session {
    pub profile: Option<String>,
    pub region: Option<Region>,
    source: Source,
    sdk: SdkConfig,
    identity: tokio::sync::watch::Sender<Learned>,
}

impl Session {
    /// The source's name, `environment`, `sso:dev`, ...
    pub fn source(&self) -> &str {
        self.source.name()
    }

    /// The credentials, from memory where they last.
    pub async fn credentials(&self) -> Result<Loaded> {
        self.source.load().await
    }

    /// The credentials that were loaded last, without loading any.
    pub fn loaded(&self) -> Option<Loaded> {
        self.source.kept()
    }

    /// The SDK configuration that clients of this session are made from.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The region, or what to do where there is none.
    pub fn required_region(&self) -> Result<&Region> {
        self.region.as_ref().ok_or_else(|| {
            Error::invalid(
                "no region is configured.",
                "Give region, or set one with aws_set_environment, AWS_REGION or the profile.",
            )
        })
    }

    /// What is known of whose credentials these are, without asking or waiting.
    pub fn known_identity(&self, access_key_id: &str) -> Option<Identity> {
        match &*self.identity.borrow() {
            Learned::Done { key, identity } if key == access_key_id => identity.clone(),
            _ => None,
        }
    }

    /// True for the one caller that is to ask AWS whose this key is.
    pub fn claim_identity(&self, access_key_id: &str) -> bool {
        self.identity.send_if_modified(|learned| match learned {
            Learned::Asking { key } | Learned::Done { key, .. } if key == access_key_id => false,
            _ => {
                *learned = Learned::Asking { key: access_key_id.to_owned() };
                true
            }
        })
    }

    /// Remembers what AWS said about a key, or that it said nothing.
    pub fn remember_identity(&self, access_key_id: &str, identity: Option<Identity>) {
        self.identity.send_replace(Learned::Done { key: access_key_id.to_owned(), identity });
    }

    /// Waits until what is being asked about a key is answered; not at all where nobody asks.
    pub async fn identity_learned(&self, access_key_id: &str) {
        let mut learned = self.identity.subscribe();
        let asking =
            |learned: &Learned| matches!(learned, Learned::Asking { key } if key == access_key_id);
        let _ = learned.wait_for(|learned| !asking(learned)).await;
    }
}

/// Whose a session's key is: asked once, beside the first call.
#[derive(Clone, Debug, Default)]
enum Learned {
    #[default]
    Unasked,
    Asking {
        key: String,
    },
    Done {
        key: String,
        identity: Option<Identity>,
    },
}

/// What `aws_set_environment` set; this process only.
#[derive(Clone, Debug, Default)]
pub struct Set {
    pub keys: Option<Keys>,
    pub region: Option<Region>,
    pub profile: Option<String>,
}

/// All sessions of the process.
pub struct Sessions {
    settings: AwsSettings,
    clock: Clock,
    http: std::sync::OnceLock<Result<SharedHttpClient>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    set: Set,
    files: Option<(Stamp, Arc<Profiles>)>,
    sessions: HashMap<Requested, Arc<Session>>,
}

/// Enough of a file's metadata to see that it changed.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Sessions {
    /// Nothing is read before it is needed.
    pub fn new(settings: AwsSettings, clock: Clock) -> Self {
        Self { settings, clock, http: std::sync::OnceLock::new(), state: Mutex::default() }
    }

    /// The profiles as the files say now.
    pub fn profiles(&self) -> Result<Arc<Profiles>> {
        self.fresh_profiles(&mut self.lock())
    }

    /// The session for what a call named.
    pub fn get(&self, requested: &Requested) -> Result<Arc<Session>> {
        let mut state = self.lock();
        let profiles = self.fresh_profiles(&mut state)?;
        if let Some(session) = state.sessions.get(requested) {
            return Ok(session.clone());
        }
        let session = Arc::new(self.make(requested, &state.set, profiles)?);
        if state.sessions.len() >= MOST_SESSIONS {
            state.sessions.clear();
        }
        state.sessions.insert(requested.clone(), session.clone());
        Ok(session)
    }

    /// The session that `set` would give, without setting it: new keys are looked up first.
    pub fn try_out(&self, set: &Set) -> Result<Session> {
        let profiles = self.fresh_profiles(&mut self.lock())?;
        self.make(&Requested::default(), set, profiles)
    }

    /// What is set now.
    pub fn set(&self) -> Set {
        self.lock().set.clone()
    }

    /// Sets what later calls use where they name nothing, and forgets every session.
    pub fn replace_set(&self, set: Set) {
        let mut state = self.lock();
        state.set = set;
        state.sessions.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh_profiles(&self, state: &mut State) -> Result<Arc<Profiles>> {
        let files = [&self.settings.config_file, &self.settings.credentials_file];
        let stamp = files.map(|path| stamp(path));
        if let Some((at, profiles)) = &state.files
            && *at == stamp
        {
            return Ok(profiles.clone());
        }
        let profiles = Profiles::load(&self.settings.config_file, &self.settings.credentials_file)
            .map_err(|message| {
                Error::new(
                    Kind::ConfigError,
                    message,
                    "Mend the AWS configuration file, then call again.",
                )
            })?;
        let profiles = Arc::new(profiles);
        state.files = Some((stamp, profiles.clone()));
        state.sessions.clear();
        Ok(profiles)
    }

    fn make(&self, requested: &Requested, set: &Set, profiles: Arc<Profiles>) -> Result<Session> {
        let settings = &self.settings;
        let (base, profile) = match (&requested.profile, &set.keys, &set.profile) {
            (Some(named), _, _) => {
                (plan::of_profile(&profiles, settings, named), Some(named.clone()))
            }
            (None, Some(keys), profile) => (
                Ok(plan::Plan {
                    source: "set_environment".into(),
                    way: plan::Way::Keys(keys.clone()),
                }),
                profile.clone(),
            ),
            (None, None, Some(named)) => {
                (plan::of_profile(&profiles, settings, named), Some(named.clone()))
            }
            (None, None, None) => {
                let name = settings.profile.clone().or_else(|| {
                    let has_default = profiles.get(plan::DEFAULT_PROFILE).is_some();
                    (has_default && settings.keys.is_none())
                        .then(|| plan::DEFAULT_PROFILE.to_owned())
                });
                (plan::default_chain(&profiles, settings), name)
            }
        };
        let plan = match &requested.role_arn {
            Some(arn) => plan::assume(base?, arn),
            None => base?,
        };
        let region = self.region(requested, set, &profiles, profile.as_deref())?;
        let overrides = Overrides {
            environment: settings.endpoints.clone(),
            profiles,
            profile: profile.clone(),
        };
        let bare = self.sdk(region.as_ref(), overrides)?;
        let source = Source::new(plan, &bare, self.clock);
        Ok(Session { profile, region, source, sdk: bare, identity: Default::default() })
    }

    /// The call's own region, else its profile's, else what was set, else the environment's, else
    /// the default profile's. A profile that the call names brings its region with it.
    fn region(
        &self,
        requested: &Requested,
        set: &Set,
        profiles: &Profiles,
        profile: Option<&str>,
    ) -> Result<Option<Region>> {
        if let Some(region) = &requested.region {
            return Ok(Some(region.clone()));
        }
        let of = |name: Option<&str>| profiles.get(name?)?.get("region");
        if let Some(region) = of(requested.profile.as_deref()) {
            return Region::parse(region).map(Some);
        }
        if let Some(region) = &set.region {
            return Ok(Some(region.clone()));
        }
        of(set.profile.as_deref())
            .or(self.settings.region.as_deref())
            .or_else(|| of(profile))
            .map(Region::parse)
            .transpose()
    }

    fn sdk(&self, region: Option<&Region>, overrides: Overrides) -> Result<SdkConfig> {
        let http = self.http.get_or_init(|| super::http::client(&self.settings)).clone()?;
        let mut builder = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .http_client(http)
            .identity_cache(aws_config::identity::IdentityCache::no_cache())
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .retry_config(RetryConfig::standard())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            )
            .use_fips(self.settings.use_fips)
            .use_dual_stack(self.settings.use_dual_stack)
            .service_config(overrides);
        // Identity calls work in any region; us-east-1 is where the global endpoint lies.
        let region = region.map_or("us-east-1", Region::as_str);
        builder.set_region(aws_config::Region::new(region.to_owned()));
        if let Ok(name) = aws_config::AppName::new("aws-mcp") {
            builder = builder.app_name(name);
        }
        Ok(builder.build())
    }
}

impl Session {
    /// The SDK configuration with this session's credentials in it.
    pub fn guarded(self: &Arc<Self>) -> SdkConfig {
        self.sdk
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(Bound(self.clone())))
            .build()
    }
}

/// A session as the SDK's source of credentials.
#[derive(Debug)]
struct Bound(Arc<Session>);

impl aws_credential_types::provider::ProvideCredentials for Bound {
    fn provide_credentials<'a>(
        &'a self,
    ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.source.provide_credentials()
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
