//! A target (profile, role, region) -> a session: one set of credentials, one SDK configuration,
//! kept for as long as what it was made from stays as it is.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::sdk_config::SharedHttpClient;
use aws_types::service_config::ServiceConfigKey;

use super::credentials::{Loaded, Source};
use super::endpoints::Overrides;
use super::identity::Learning;
use super::meanings::Meanings;
use super::plan;
use super::profiles::Profiles;
use super::target::{Region, Requested, RoleArn};
use crate::config::{AwsSettings, Clock, Keys};
use crate::error::{Error, Kind, Result};

const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(20);
const OPERATION: Duration = Duration::from_secs(45);
/// Sessions kept at once; a model that names ever new roles must not fill the memory.
const MOST_SESSIONS: usize = 128;

/// Bound credentials and a region. Cheap to share.
#[derive(Debug)]
pub struct Session {
    pub region: Option<Region>,
    holder: Arc<Holder>,
    sdk: SdkConfig,
}

/// Credentials, whatever the region: loaded once, and asked once whose they are.
#[derive(Debug)]
struct Holder {
    /// The profile that they come from.
    profile: Option<String>,
    /// The roles that are assumed on the way to them.
    roles: Vec<String>,
    /// Where they are signed in.
    home: Option<Region>,
    sts_is_a_profiles: bool,
    source: Source,
    learning: Arc<Learning>,
}

impl Session {
    /// The profile that the credentials come from.
    pub fn profile(&self) -> Option<&str> {
        self.holder.profile.as_deref()
    }

    /// The roles that are assumed on the way to the credentials, the call's own last.
    pub fn roles(&self) -> &[String] {
        &self.holder.roles
    }

    /// The source's name, `environment`, `sso:dev`, ...
    pub fn source(&self) -> &str {
        self.holder.source.name()
    }

    /// The credentials, from memory where they last. `since` is the begin of the call that wants
    /// them, by the monotonic clock.
    pub async fn credentials(&self, since: Duration) -> Result<Loaded> {
        self.holder.source.load(since).await
    }

    /// The credentials that were loaded last, without loading any.
    pub fn loaded(&self) -> Option<Loaded> {
        self.holder.source.kept()
    }

    /// Whose the credentials are, as far as AWS was asked.
    pub fn learning(&self) -> &Arc<Learning> {
        &self.holder.learning
    }

    /// The SDK configuration that a call's clients are made from, with just these credentials: what
    /// was judged is what is signed with, however soon they are renewed.
    pub fn sdk(&self, loaded: &Loaded) -> SdkConfig {
        let provider = SharedCredentialsProvider::new(loaded.credentials.clone());
        self.sdk.to_builder().credentials_provider(provider).build()
    }

    /// The same for asking whose the credentials are: in their own home region, since the call's may
    /// not exist.
    pub fn home_sdk(&self, loaded: &Loaded) -> SdkConfig {
        let home = self.holder.home.as_ref().map_or("us-east-1", Region::as_str);
        let home = aws_config::Region::new(home.to_owned());
        self.sdk(loaded).into_builder().region(home).build()
    }

    /// The endpoint that the person set for a service of this SDK id, where they did.
    pub fn endpoint(&self, service_id: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        self.sdk.service_config()?.load_config(key.ok()?)
    }

    /// Whether a profile, and not the environment, says where STS is: a file that can change meanwhile.
    pub fn sts_is_a_profiles(&self) -> bool {
        self.holder.sts_is_a_profiles
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
}

/// What `aws_set_environment` set; this process only.
#[derive(Clone, Debug, Default)]
pub struct Set {
    pub keys: Option<Keys>,
    pub region: Option<Region>,
    pub profile: Option<String>,
}

/// What an HTTP client is for. Region, FIPS, dual-stack and overrides are those of the configuration.
pub enum Purpose<'a> {
    /// The credential chain's requests to STS, SSO, OIDC and sign-in.
    SignIn(&'a SdkConfig),
    /// The metadata of instances and containers.
    Metadata,
    /// The tools' requests, for which the gate has a client of its own: this one sends nothing.
    Tools,
}

/// Gives HTTP clients; the gate's, handed in as a value.
pub type Doors = Box<dyn Fn(Purpose<'_>) -> Result<SharedHttpClient> + Send + Sync>;

/// All sessions of the process.
pub struct Sessions {
    settings: AwsSettings,
    clock: Clock,
    doors: Doors,
    meanings: Meanings,
    state: Mutex<State>,
}

/// What decides which credentials are meant: profile, role, and where the role is assumed.
type Credential = (Option<String>, Option<RoleArn>, Option<Region>);

#[derive(Default)]
struct State {
    set: Set,
    files: Option<(Stamp, Arc<Profiles>)>,
    sessions: HashMap<Requested, Arc<Session>>,
    holders: HashMap<Credential, Arc<Holder>>,
}

impl State {
    fn forget(&mut self) {
        self.sessions.clear();
        self.holders.clear();
    }
}

/// Enough of a file's metadata to see that it changed.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Sessions {
    /// Nothing is read before it is needed.
    pub fn new(settings: AwsSettings, clock: Clock, doors: Doors) -> Self {
        Self { settings, clock, doors, meanings: Meanings::default(), state: Mutex::default() }
    }

    /// The profiles as the files say now.
    pub fn profiles(&self) -> Result<Arc<Profiles>> {
        self.fresh_profiles(&mut self.lock())
    }

    /// Which accounts a policy's name means. An id means itself.
    pub fn accounts_named(&self, name: &str) -> Result<BTreeSet<String>> {
        Ok(self.meanings.of(name, &*self.profiles()?))
    }

    /// The names that mean an account, and everything that one account is known by.
    pub fn account_names(&self) -> Vec<String> {
        let Ok(profiles) = self.profiles() else { return Vec::new() };
        let names = profiles.iter().map(|profile| profile.name.clone());
        names.filter(|name| !self.meanings.of(name, &profiles).is_empty()).collect()
    }

    /// The session for what a call named.
    pub fn get(&self, requested: &Requested) -> Result<Arc<Session>> {
        let mut state = self.lock();
        let profiles = self.fresh_profiles(&mut state)?;
        if let Some(session) = state.sessions.get(requested) {
            return Ok(session.clone());
        }
        if state.sessions.len() >= MOST_SESSIONS {
            state.forget();
        }
        let home = self.home(requested, &state.set, &profiles)?;
        let credential = (requested.profile.clone(), requested.role_arn.clone(), home.clone());
        let holder = match state.holders.get(&credential) {
            Some(holder) => holder.clone(),
            None => Arc::new(self.holder(requested, &state.set, &profiles, home)?),
        };
        let session = Arc::new(self.session(requested, &state.set, profiles, holder.clone())?);
        state.holders.insert(credential, holder);
        state.sessions.insert(requested.clone(), session.clone());
        Ok(session)
    }

    /// The session that new keys would give, without setting them: they are looked up first.
    pub fn try_out(&self, keys: &Keys) -> Result<Arc<Session>> {
        let set = Set { keys: Some(keys.clone()), ..self.lock().set.clone() };
        self.apart(&set)
    }

    /// The session of a call that names nothing, whatever was set.
    pub fn configured(&self) -> Result<Arc<Session>> {
        let is_set = {
            let Set { keys, region, profile } = &self.lock().set;
            keys.is_some() || region.is_some() || profile.is_some()
        };
        if is_set { self.apart(&Set::default()) } else { self.get(&Requested::default()) }
    }

    /// A session that no call is given.
    fn apart(&self, set: &Set) -> Result<Arc<Session>> {
        let mut state = self.lock();
        let profiles = self.fresh_profiles(&mut state)?;
        let requested = Requested::default();
        let home = self.home(&requested, set, &profiles)?;
        let holder = Arc::new(self.holder(&requested, set, &profiles, home)?);
        self.session(&requested, set, profiles, holder).map(Arc::new)
    }

    /// Changes what later calls use where they name nothing.
    pub fn change_set(&self, change: impl FnOnce(&mut Set)) {
        let mut state = self.lock();
        change(&mut state.set);
        state.forget();
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
        state.forget();
        Ok(profiles)
    }

    /// Where a role is assumed: the call's own region may not exist, so it says no more than the
    /// partition, and that only where nothing else does.
    fn home(
        &self,
        requested: &Requested,
        set: &Set,
        profiles: &Profiles,
    ) -> Result<Option<Region>> {
        let configured = Requested { region: None, ..requested.clone() };
        let region = self.region(&configured, set, profiles)?;
        Ok(region.or_else(|| requested.region.as_ref().map(Region::home)))
    }

    fn holder(
        &self,
        requested: &Requested,
        set: &Set,
        profiles: &Arc<Profiles>,
        home: Option<Region>,
    ) -> Result<Holder> {
        let settings = &self.settings;
        let (plan, profile) = match (&requested.profile, &set.keys, &set.profile) {
            (Some(named), _, _) | (None, None, Some(named)) => {
                (plan::of_profile(profiles, settings, named)?, Some(named.clone()))
            }
            (None, Some(keys), _) => (plan::of_set_keys(keys), None),
            (None, None, None) => plan::default_chain(profiles, settings)?,
        };
        let plan = match &requested.role_arn {
            Some(arn) => plan::assume(plan, arn),
            None => plan,
        };
        let overrides = self.overrides(requested, set, profiles.clone());
        let sts_is_a_profiles = overrides.is_a_profiles("STS");
        let sdk = self.sdk(home.as_ref(), overrides)?;
        Ok(Holder {
            profile,
            home,
            sts_is_a_profiles,
            roles: plan.roles(),
            source: Source::new(plan, &sdk, &self.doors, self.clock)?,
            learning: Arc::new(Learning::new(self.clock)),
        })
    }

    fn session(
        &self,
        requested: &Requested,
        set: &Set,
        profiles: Arc<Profiles>,
        holder: Arc<Holder>,
    ) -> Result<Session> {
        let region = self.region(requested, set, &profiles)?;
        let sdk = self.sdk(region.as_ref(), self.overrides(requested, set, profiles))?;
        Ok(Session { region, holder, sdk })
    }

    /// The profile whose settings count: the call's, the one that was set, the environment's, else
    /// the default one. Its keys may still be beaten by others.
    fn profile(&self, requested: &Requested, set: &Set, profiles: &Profiles) -> Option<String> {
        let default = || profiles.get(plan::DEFAULT_PROFILE).map(|profile| profile.name.clone());
        requested
            .profile
            .clone()
            .or_else(|| set.profile.clone())
            .or_else(|| self.settings.profile.clone())
            .or_else(default)
    }

    fn overrides(&self, requested: &Requested, set: &Set, profiles: Arc<Profiles>) -> Overrides {
        Overrides {
            environment: self.settings.endpoints.clone(),
            profile: self.profile(requested, set, &profiles),
            profiles,
        }
    }

    /// The call's own region, else its profile's, else what was set, else the environment's, else
    /// the default profile's. A profile that the call names brings its region with it.
    fn region(
        &self,
        requested: &Requested,
        set: &Set,
        profiles: &Profiles,
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
        let of_profile = self.profile(requested, set, profiles);
        of(set.profile.as_deref())
            .or(self.settings.region.as_deref())
            .or_else(|| of(of_profile.as_deref()))
            .map(Region::parse)
            .transpose()
    }

    fn sdk(&self, region: Option<&Region>, overrides: Overrides) -> Result<SdkConfig> {
        let mut builder = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .http_client((self.doors)(Purpose::Tools)?)
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

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
