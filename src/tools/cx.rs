//! What a tool is handed: clients bound to the call's target and guarded by the wire, a clock, a way
//! to report progress. No tool builds a client.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_dynamic::catalog::{Index, Service};
use aws_dynamic::client::Client;
use aws_types::SdkConfig;
use serde_json::{Map, Value, json};

use super::{Tool, World};
use crate::accounts::{Identity, Loaded, Requested, Session};
use crate::error::Result;
use crate::gate::{self, Admitted, Named};

/// How long an answer waits for the name of its own account.
const IDENTITY_WAIT: Duration = Duration::from_secs(3);

/// A client of a service's SDK crate, guarded: `client!(cx, sdk, loaded, aws_sdk_ec2, "EC2")` with a
/// session's SDK configuration, the credentials in it, and the SDK's id of the service.
macro_rules! client {
    ($cx:expr, $sdk:expr, $loaded:expr, $service:ident, $id:literal) => {{
        let sdk = $sdk;
        let by_rules = gate::rules!($service, &sdk).map(gate::Ruled::Host);
        let gate = &$cx.0.world.gate;
        gate.guard(&$cx.0.admitted, $loaded, sdk, $id, by_rules).map(|guarded| {
            #[expect(clippy::disallowed_methods, reason = "clients are made here, guarded")]
            $service::Client::from_conf(
                $service::config::Builder::from(&guarded.sdk)
                    .interceptor(guarded.wire)
                    .retry_classifier(gate::NoSecondTry)
                    .build(),
            )
        })
    }};
}

/// What gives a tool the client of a service in the call's region.
macro_rules! regional {
    ($($name:ident: $service:ident, $id:literal;)*) => {
        impl Cx {$(
            #[doc = concat!("A client for ", $id, " in the call's region.")]
            pub async fn $name(&self) -> Result<$service::Client> {
                self.session()?.required_region()?;
                let (sdk, loaded) = self.sdk().await?;
                client!(self, sdk, loaded, $service, $id)
            }
        )*}
    };
}

regional! {
    cloudwatch: aws_sdk_cloudwatch, "CloudWatch";
    ec2: aws_sdk_ec2, "EC2";
    ecs: aws_sdk_ecs, "ECS";
    load_balancing: aws_sdk_elasticloadbalancingv2, "Elastic Load Balancing v2";
    logs: aws_sdk_cloudwatchlogs, "CloudWatch Logs";
    performance_insights: aws_sdk_pi, "PI";
    rds: aws_sdk_rds, "RDS";
}

/// One step of a longer call.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is being done.
    pub message: String,
}

/// Where progress goes; a value, so that a tool knows nothing of MCP.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;

/// One call's context. Cheap to clone.
#[derive(Clone)]
pub struct Cx(Arc<Inner>);

struct Inner {
    world: Arc<World>,
    requested: Requested,
    progress: Progress,
    /// By the monotonic clock.
    begun: Duration,
    admitted: Arc<Admitted>,
    find_out: OnceLock<&'static str>,
}

impl Cx {
    pub(super) fn new(
        world: Arc<World>,
        tool: &'static Tool,
        requested: Requested,
        progress: Progress,
        admitted: Arc<Admitted>,
        begun: Duration,
    ) -> Self {
        if let Ok(session) = admitted.session() {
            tracing::info!(
                tool = tool.name,
                profile = session.profile(),
                role = requested.role_arn.as_ref().map(|arn| arn.as_str()),
                source = session.source(),
                "session"
            );
        }
        Self(Arc::new(Inner {
            world,
            requested,
            progress,
            begun,
            admitted,
            find_out: OnceLock::new(),
        }))
    }

    /// What lives as long as the process.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// What the call named as its target.
    pub fn requested(&self) -> &Requested {
        &self.0.requested
    }

    /// Tells whoever waits what is being done.
    pub fn progress(&self, message: impl Into<String>) {
        (self.0.progress)(Step { message: self.0.world.gate.said(message.into()) });
    }

    /// Wall time as RFC 3339.
    pub fn timestamp(&self) -> String {
        self.0.world.config.clock.timestamp()
    }

    /// When the call began, by the monotonic clock.
    pub fn begun(&self) -> Duration {
        self.0.begun
    }

    /// How long the call has been running.
    pub fn elapsed(&self) -> Duration {
        self.0.world.config.clock.elapsed().saturating_sub(self.0.begun)
    }

    /// To be said before a write is sent: how to find out what became of it.
    pub fn about_to_write(&self, find_out: &'static str) {
        let _ = self.0.find_out.set(find_out);
    }

    /// How to find out what became of a write, once one was sent.
    pub(super) fn find_out(&self) -> Option<&'static str> {
        let words = self.0.find_out.get().copied().unwrap_or("Look at the state of the resource.");
        (self.writes() > 0).then_some(words)
    }

    /// Requests that change something, as far as they were sent.
    pub(super) fn writes(&self) -> u32 {
        self.0.admitted.writes()
    }

    /// Whether a look may ask EC2 by a dry run what it would do.
    pub fn dry_runs(&self) -> bool {
        self.0.admitted.dry_runs()
    }

    /// An answer as the model may see it.
    pub(super) fn shown(&self, body: Map<String, Value>) -> Map<String, Value> {
        self.0.world.gate.shown(&self.0.admitted, body)
    }

    /// A text that is a secret as a whole, as the model may see it.
    pub fn sealed(&self, text: &str) -> String {
        self.0.world.gate.sealed(text)
    }

    /// What tells a text that this process gives away, when it comes back, from one made elsewhere.
    pub fn sign(&self, text: &str) -> String {
        self.0.world.gate.sign(text)
    }

    /// The call's session. Credentials are loaded with the first client.
    pub fn session(&self) -> Result<&Arc<Session>> {
        self.0.admitted.session()
    }

    /// The call's credentials, loaded where that is needed.
    pub async fn credentials(&self) -> Result<&Loaded> {
        let session = self.session()?;
        if session.loaded().is_none() {
            self.progress(format!("loading the credentials of {}", session.source()));
        }
        self.0.admitted.credentials(&self.0.world.gate).await
    }

    /// A client for Cost Explorer. It knows whole accounts, not regions: where the call has none, the
    /// credentials' own will do.
    pub async fn cost_explorer(&self) -> Result<aws_sdk_costexplorer::Client> {
        let (mut sdk, loaded) = self.sdk().await?;
        if sdk.region().is_none() {
            sdk = self.session()?.home_sdk(loaded);
        }
        client!(self, sdk, loaded, aws_sdk_costexplorer, "Cost Explorer")
    }

    /// The same context for looking: it lets through reads, and dry runs of EC2.
    pub fn looking(&self) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            world: inner.world.clone(),
            requested: inner.requested.clone(),
            progress: inner.progress.clone(),
            begun: inner.begun,
            admitted: Arc::new(inner.world.gate.looking(&inner.admitted)),
            find_out: OnceLock::new(),
        }))
    }

    /// What policy says to a call that does this, in words for the model.
    pub fn would_ask(&self, named: Named) -> Result<String> {
        self.0.world.gate.would(&self.0.admitted, named)
    }

    /// The ARN of the user or role that calls, as IAM names it, as far as that is known: the path of a
    /// role is not in the ARN of its session.
    pub async fn principal(&self) -> Option<String> {
        let target = self.target().await?;
        let arn = target.get("principal")?.as_str()?.to_owned();
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            [arn, partition, "sts", "", account, rest] => {
                let role = rest.strip_prefix("assumed-role/")?.split('/').next()?;
                Some(format!("{arn}:{partition}:iam::{account}:role/{role}"))
            }
            [_, _, "iam", "", _, _] => Some(arn),
            _ => None,
        }
    }

    /// A client for one call of any operation, by its names in the catalog, with this input. A service
    /// that is one for all regions needs none.
    pub async fn dynamic(
        &self,
        (service, operation): (&str, &str),
        input: &Value,
    ) -> Result<Client> {
        let (mut sdk, loaded) = self.sdk().await?;
        let index = Index::get().map_err(gate::broken_index)?;
        if sdk.region().is_none() && index.service(service).is_some_and(Service::is_global) {
            sdk = self.session()?.home_sdk(loaded);
        } else {
            self.session()?.required_region()?;
        }
        let gate = &self.0.world.gate;
        gate.dynamic(&self.0.admitted, loaded, sdk, (service, operation), input)
    }

    /// The SDK configuration of the call's session, and the credentials in it.
    async fn sdk(&self) -> Result<(SdkConfig, &Loaded)> {
        let session = self.session()?;
        let loaded = self.credentials().await?;
        self.0.world.gate.learn_identity(session, loaded);
        Ok((session.sdk(loaded), loaded))
    }

    /// Asks AWS whose the call's credentials are.
    pub async fn caller_identity(&self) -> Result<Identity> {
        let loaded = self.credentials().await?;
        self.identity_of(self.session()?, loaded).await
    }

    /// The same for any session's credentials, with this tool's declared operations.
    pub async fn identity_of(&self, session: &Arc<Session>, loaded: &Loaded) -> Result<Identity> {
        let sts: Result<aws_sdk_sts::Client> =
            client!(self, session.sdk(loaded), loaded, aws_sdk_sts, "STS");
        let identity = gate::identity(&sts?).await?;
        session.learning().learn(loaded.credentials.access_key_id(), identity.clone());
        Ok(identity)
    }

    /// What a listing is bound to, so that its pages are not continued in another account: source,
    /// region, and the account or the key.
    pub async fn binding(&self) -> Result<(String, Option<String>, String)> {
        let session = self.session()?;
        let whose = self.credentials().await?.account_or_key();
        let region = session.region.as_ref().map(ToString::to_string);
        Ok((session.source().to_owned(), region, whose))
    }

    /// `ec2:DescribeInstances in eu-west-1`: what a failure is said to be of.
    pub fn action(&self, operation: &str) -> String {
        let region = self.session().ok().and_then(|session| session.region.as_ref());
        match region {
            Some(region) => format!("{operation} in {region}"),
            None => operation.to_owned(),
        }
    }

    /// What the answer says of its target, once it is known whose the credentials are.
    pub(super) async fn target(&self) -> Option<Map<String, Value>> {
        let session = self.session().ok()?;
        if let Some(loaded) = self.0.admitted.loaded() {
            let answered = session.learning().answered(loaded.credentials.access_key_id());
            let _ = tokio::time::timeout(IDENTITY_WAIT, answered).await;
        }
        self.target_so_far()
    }

    /// The same without waiting: what is known at this moment.
    pub(super) fn target_so_far(&self) -> Option<Map<String, Value>> {
        let session = self.session().ok()?;
        let mut target = Map::new();
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                target.insert(name.to_owned(), json!(value));
            }
        };
        let loaded = self.0.admitted.loaded();
        // What the configuration claims of keys is not believed; what a role's source said is.
        let given = loaded.and_then(|loaded| loaded.account()).map(str::to_owned);
        let asked =
            loaded.and_then(|loaded| session.learning().known(loaded.credentials.access_key_id()));
        say("account_id", given.or_else(|| asked.as_ref().map(|who| who.account_id.clone())));
        say("region", session.region.as_ref().map(ToString::to_string));
        say("profile", session.profile().map(str::to_owned));
        let principal = loaded.and_then(|loaded| loaded.principal.clone());
        say("principal", principal.or_else(|| asked.map(|who| who.arn)));
        say("source", Some(session.source().to_owned()));
        Some(target)
    }
}

#[cfg(test)]
mod tests;
