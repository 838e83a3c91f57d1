//! A plan -> credentials, loaded when first needed and kept in memory until five minutes before
//! their end. Any number of concurrent callers cause one load.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use aws_types::sdk_config::SharedHttpClient;
use secrecy::ExposeSecret;

use super::plan::{Plan, Role, Way};
use super::process;
use super::session::{Doors, Purpose};
use crate::config::{self, Clock, Keys, WebIdentity};
use crate::error::{Error, Kind, Result, aws};

/// How long before their end credentials are renewed.
const EARLY: Duration = Duration::from_secs(5 * 60);

const SIGN_IN_TO_SSO: &str = "Run `aws sso login --profile NAME` in a terminal, then call again.";

/// Credentials, and what their source itself said about whose they are.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub credentials: Credentials,
    /// The ARN, where the source said it.
    pub principal: Option<String>,
    pub whose: Whose,
}

/// Whether a source says whose its credentials are (a role, a sign-in), or AWS has to be asked
/// (keys, processes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Told,
    ToBeAsked,
}

/// One plan with its cache. Shared by all clients of a session.
pub struct Source {
    name: String,
    way: Loader,
    clock: Clock,
    /// Held while loading, so that one load serves everybody.
    loading: tokio::sync::Mutex<Option<Failure>>,
    kept: Mutex<Option<Kept>>,
}

/// The last load, where it failed: whoever was waiting for it gets its error.
struct Failure {
    error: Error,
    at: Duration,
}

#[derive(Clone)]
struct Kept {
    loaded: Loaded,
    /// By the monotonic clock.
    at: Duration,
}

enum Loader {
    Fixed(Loaded),
    Process(String),
    Sso(SharedCredentialsProvider),
    /// A provider of the SDK, and what to do when it fails.
    Sdk(SharedCredentialsProvider, &'static str),
    Role(Box<Assumed>),
    WebIdentity(Box<WebRole>),
}

/// A role, and what it is assumed with.
struct Assumed {
    base: Source,
    role: Role,
    sts: SdkConfig,
}

/// A role that a token of another identity provider opens.
struct WebRole {
    identity: WebIdentity,
    sts: SdkConfig,
}

impl Loaded {
    /// The account's id where AWS itself told it with the credentials.
    pub fn account(&self) -> Option<&str> {
        match self.whose {
            Whose::Told => self.credentials.account_id().map(|id| id.as_str()),
            Whose::ToBeAsked => None,
        }
    }

    /// The same, else the access key's id: a key belongs to one account for ever.
    pub fn account_or_key(&self) -> String {
        self.account().unwrap_or_else(|| self.credentials.access_key_id()).to_owned()
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source {
    /// Readies a plan. `sdk` carries region, HTTP client and time limits; nothing is sent yet.
    pub fn new(plan: Plan, sdk: &SdkConfig, doors: &Doors, clock: Clock) -> Result<Self> {
        Ok(Self {
            way: loader(plan.way, sdk, doors, clock)?,
            name: plan.source,
            clock,
            loading: Default::default(),
            kept: Default::default(),
        })
    }

    /// `environment`, `sso:dev`, `assume_role:ops`, ...
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The credentials, from memory where they last for another five minutes, or were loaded after
    /// `since` (by the monotonic clock: the begin of the call that wants them).
    pub async fn load(&self, since: Duration) -> Result<Loaded> {
        if let Loader::Fixed(loaded) = &self.way {
            return Ok(loaded.clone());
        }
        if let Some(loaded) = self.fresh(since) {
            return Ok(loaded);
        }
        let asked = self.clock.elapsed();
        let mut failure = self.loading.lock().await;
        if let Some(loaded) = self.fresh(since) {
            return Ok(loaded);
        }
        if let Some(failure) = failure.as_ref().filter(|failure| failure.at >= asked) {
            return Err(failure.error.clone());
        }
        tracing::info!(source = self.name, "loading credentials");
        match self.load_anew(since).await {
            Ok(loaded) => {
                tracing::info!(source = self.name, "credentials loaded");
                Ok(self.keep(loaded))
            }
            Err(error) => {
                let kind = error.kind.word();
                // What is at hand serves to its very end.
                let left = self.kept();
                if let Some(left) =
                    left.filter(|left| lasts(left, self.clock.now(), Duration::ZERO))
                {
                    tracing::warn!(source = self.name, kind, "renewal failed, using what is left");
                    // Kept anew: neither this call nor whoever waited tries again at once.
                    return Ok(self.keep(left));
                }
                tracing::warn!(source = self.name, kind, "credentials could not be loaded");
                *failure = Some(Failure { error: error.clone(), at: self.clock.elapsed() });
                Err(error)
            }
        }
    }

    fn keep(&self, loaded: Loaded) -> Loaded {
        *self.lock() = Some(Kept { loaded: loaded.clone(), at: self.clock.elapsed() });
        loaded
    }

    /// What needs no renewal: a source may give credentials that are short-lived from the start, and
    /// one call asks several times.
    fn fresh(&self, since: Duration) -> Option<Loaded> {
        let kept = self.lock().clone()?;
        let margin = if kept.at >= since { Duration::ZERO } else { EARLY };
        lasts(&kept.loaded, self.clock.now(), margin).then_some(kept.loaded)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in memory, without loading or waiting.
    pub fn kept(&self) -> Option<Loaded> {
        match &self.way {
            Loader::Fixed(loaded) => Some(loaded.clone()),
            Loader::Process(_)
            | Loader::Sso(_)
            | Loader::Sdk(..)
            | Loader::Role(_)
            | Loader::WebIdentity(_) => self.lock().as_ref().map(|kept| kept.loaded.clone()),
        }
    }

    async fn load_anew(&self, since: Duration) -> Result<Loaded> {
        match &self.way {
            Loader::Fixed(loaded) => Ok(loaded.clone()),
            Loader::Process(command) => {
                let printed = process::run(&self.name, command).await?;
                Ok(Loaded {
                    credentials: credentials(&printed.keys, printed.expires_at),
                    principal: None,
                    whose: Whose::ToBeAsked,
                })
            }
            // AWS gave them for the account that it was asked for.
            Loader::Sso(provider) => match provider.provide_credentials().await {
                Ok(credentials) => Ok(Loaded { credentials, principal: None, whose: Whose::Told }),
                Err(error) => Err(not_loaded(&self.name, SIGN_IN_TO_SSO, &error)),
            },
            // What a file on this machine or an agent says of their account is not believed.
            Loader::Sdk(provider, next_step) => match provider.provide_credentials().await {
                Ok(credentials) => {
                    Ok(Loaded { credentials, principal: None, whose: Whose::ToBeAsked })
                }
                Err(error) => Err(not_loaded(&self.name, next_step, &error)),
            },
            Loader::Role(assumed) => {
                let Assumed { base, role, sts } = assumed.as_ref();
                let base = Box::pin(base.load(since)).await?;
                assume(&self.name, role, sts, base.credentials, self.clock).await
            }
            Loader::WebIdentity(role) => {
                assume_with_token(&self.name, &role.identity, &role.sts, self.clock).await
            }
        }
    }
}

fn lasts(loaded: &Loaded, now: SystemTime, margin: Duration) -> bool {
    loaded.credentials.expiry().is_none_or(|end| end > now + margin)
}

fn loader(way: Way, sdk: &SdkConfig, doors: &Doors, clock: Clock) -> Result<Loader> {
    let at = |sdk: &SdkConfig| -> Result<SdkConfig> {
        Ok(sdk.to_builder().http_client(doors(Purpose::SignIn(sdk))?).build())
    };
    let provider = |http: SharedHttpClient| {
        ProviderConfig::empty()
            .with_behavior_version(Some(aws_config::BehaviorVersion::latest()))
            .with_region(sdk.region().cloned())
            .with_use_fips(sdk.use_fips())
            .with_use_dual_stack(sdk.use_dual_stack())
            .with_retry_config(
                sdk.retry_config()
                    .cloned()
                    .unwrap_or_else(aws_config::retry::RetryConfig::standard),
            )
            .with_timeout_config(
                sdk.timeout_config()
                    .cloned()
                    .unwrap_or_else(|| aws_config::timeout::TimeoutConfig::builder().build()),
            )
            .with_time_source(aws_smithy_async::time::SystemTimeSource::new())
            .with_sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .with_http_client(http)
    };
    Ok(match way {
        Way::Keys(keys) => Loader::Fixed(Loaded {
            credentials: credentials(&keys, None),
            principal: None,
            whose: Whose::ToBeAsked,
        }),
        Way::Process { command } => Loader::Process(command),
        Way::Sso(sso) => {
            let region = aws_config::Region::new(sso.region);
            let there = sdk.to_builder().region(region.clone()).build();
            let http = doors(Purpose::SignIn(&there))?;
            let mut builder = aws_config::sso::SsoCredentialsProvider::builder()
                .configure(&provider(http).with_region(Some(region.clone())))
                .account_id(sso.account_id)
                .role_name(sso.role_name)
                .start_url(sso.start_url)
                .region(region);
            builder.set_session_name(sso.session_name);
            Loader::Sso(SharedCredentialsProvider::new(builder.build()))
        }
        Way::Login { session_arn } => Loader::Sdk(
            SharedCredentialsProvider::new(
                aws_config::login::LoginCredentialsProvider::builder(session_arn)
                    .configure(&provider(doors(Purpose::SignIn(sdk))?))
                    .build(),
            ),
            "Run `aws login --profile NAME` in a terminal, then call again.",
        ),
        Way::WebIdentity(identity) => {
            Loader::WebIdentity(Box::new(WebRole { identity, sts: at(sdk)? }))
        }
        Way::Container => Loader::Sdk(
            SharedCredentialsProvider::new(
                aws_config::ecs::EcsCredentialsProvider::builder()
                    .configure(&provider(doors(Purpose::Metadata)?))
                    .build(),
            ),
            "Check the container's task role.",
        ),
        Way::InstanceMetadata => Loader::Sdk(
            SharedCredentialsProvider::new(
                aws_config::imds::credentials::ImdsCredentialsProvider::builder()
                    .configure(&provider(doors(Purpose::Metadata)?))
                    .build(),
            ),
            "Check that this machine is an EC2 instance with an instance profile.",
        ),
        Way::Role { base, role } => {
            let base = Source::new(*base, sdk, doors, clock)?;
            Loader::Role(Box::new(Assumed { base, role, sts: at(sdk)? }))
        }
    })
}

/// Keys as the SDK's credentials.
fn credentials(keys: &Keys, expires_at: Option<SystemTime>) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(&keys.access_key_id)
        .secret_access_key(keys.secret_access_key.expose_secret())
        .provider_name("aws-mcp");
    builder.set_session_token(
        keys.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
    );
    builder.set_expiry(expires_at);
    if let Some(account) = &keys.account_id {
        builder = builder.account_id(account.as_str());
    }
    builder.build()
}

fn session_name(clock: Clock) -> String {
    let seconds = clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("aws-mcp-{seconds}")
}

async fn assume(
    source: &str,
    role: &Role,
    sdk: &SdkConfig,
    base: Credentials,
    clock: Clock,
) -> Result<Loaded> {
    #[expect(clippy::disallowed_methods, reason = "the credential chain's own client")]
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(sdk)
            .credentials_provider(SharedCredentialsProvider::new(base))
            .build(),
    );
    let answer = sts
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(role.session_name.clone().unwrap_or_else(|| session_name(clock)))
        .set_external_id(role.external_id.clone())
        .set_duration_seconds(role.duration.and_then(|d| i32::try_from(d.as_secs()).ok()))
        .send()
        .await
        .map_err(|e| aws::failed(&format!("sts:AssumeRole of {} ({source})", role.arn), e))?;
    assumed(&role.arn, answer.credentials, answer.assumed_role_user)
}

/// STS takes 20,000 characters (AssumeRoleWithWebIdentity, WebIdentityToken).
const MOST_TOKEN: u64 = 64 * 1024;

const CHECK_TOKEN: &str = "Check the web identity token file (web_identity_token_file, \
    AWS_WEB_IDENTITY_TOKEN_FILE) and the role's trust policy.";

/// AssumeRoleWithWebIdentity: needs no credentials but the token, which is read anew each time.
async fn assume_with_token(
    source: &str,
    identity: &WebIdentity,
    sdk: &SdkConfig,
    clock: Clock,
) -> Result<Loaded> {
    let file = &identity.token_file;
    let token = config::read_at_most(file, MOST_TOKEN).map_err(|e| {
        Error::new(
            Kind::NoCredentials,
            format!("the web identity token file {} of {source}: {e}.", file.display()),
            CHECK_TOKEN,
        )
    })?;
    #[expect(clippy::disallowed_methods, reason = "the credential chain's own client")]
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(sdk).allow_no_auth().build(),
    );
    let answer = sts
        .assume_role_with_web_identity()
        .role_arn(&identity.role_arn)
        .role_session_name(identity.session_name.clone().unwrap_or_else(|| session_name(clock)))
        .web_identity_token(token.trim())
        .send()
        .await
        .map_err(|e| {
            let action =
                format!("sts:AssumeRoleWithWebIdentity of {} ({source})", identity.role_arn);
            let mut error = aws::failed(&action, e);
            // AWS may quote the token.
            error.aws.message = None;
            error.cause = None;
            if error.is_refusal() && error.kind != Kind::Throttled {
                error.next_step = CHECK_TOKEN.into();
            }
            if error.kind == Kind::ValidationError {
                error.kind = Kind::InvalidCredentials;
            }
            error
        })?;
    assumed(&identity.role_arn, answer.credentials, answer.assumed_role_user)
}

fn assumed(
    role: &str,
    given: Option<aws_sdk_sts::types::Credentials>,
    user: Option<aws_sdk_sts::types::AssumedRoleUser>,
) -> Result<Loaded> {
    let Some(given) = given else {
        return Err(Error::new(
            Kind::ExecutionError,
            format!("STS gave no credentials for {role}."),
            aws::next_step(Kind::ExecutionError),
        ));
    };
    let principal = user.map(|user| user.arn);
    let mut builder = Credentials::builder()
        .access_key_id(given.access_key_id)
        .secret_access_key(given.secret_access_key)
        .session_token(given.session_token)
        .provider_name("aws-mcp");
    builder.set_expiry(SystemTime::try_from(given.expiration).ok());
    // arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION
    if let Some(account) = principal.as_deref().and_then(|arn| arn.split(':').nth(4)) {
        builder = builder.account_id(account);
    }
    Ok(Loaded { credentials: builder.build(), principal, whose: Whose::Told })
}

/// A provider's failure in our own words: its text may quote files, tokens or commands.
fn not_loaded(source: &str, next_step: &'static str, error: &CredentialsError) -> Error {
    // The wire's own words are ours.
    if let Some(own) = aws::own_refusal(error) {
        return own;
    }
    let text = aws_smithy_types::error::display::DisplayErrorContext(error).to_string();
    // Where no metadata answers, this machine is no instance.
    let unreachable =
        source != "imds" && (text.contains("dispatch failure") || text.contains("timeout"));
    let expired = text.contains("xpired") || text.contains("UnauthorizedException");
    let (kind, what) = match error {
        CredentialsError::ProviderTimedOut(_) => (Kind::Timeout, "took too long to load"),
        _ if unreachable => {
            return Error::new(
                Kind::ExecutionError,
                format!("the credentials of {source} could not be fetched: no answer."),
                "Check the network, a proxy or VPN, then try again.",
            );
        }
        _ if text.contains("ForbiddenException") => (Kind::AccessDenied, "were refused by AWS"),
        _ if expired => (Kind::ExpiredCredentials, "have expired"),
        CredentialsError::InvalidConfiguration(_) => {
            (Kind::NoCredentials, "are configured wrongly")
        }
        _ => (Kind::NoCredentials, "could not be loaded"),
    };
    Error::new(kind, format!("the credentials of {source} {what}."), next_step)
}
