//! What stands between a call and AWS: the verdict before it, the wire and the door under its
//! clients, the mask over its answer, pace, breaker and figures.

mod admit;
mod admitted;
mod approval;
mod approve;
mod arguments;
mod ask;
pub mod audit;
mod breaker;
mod called;
mod cases;
mod catalog;
mod code;
mod dialog;
mod door;
mod effect;
mod entry;
mod escape;
mod host;
mod identity;
mod mask;
mod metrics;
pub mod peer;
pub mod policies;
mod rate;
mod review;
mod sealed;
mod sink;
pub mod socket;
mod status;
mod verdict;
mod wire;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;
use aws_types::SdkConfig;
use aws_types::sdk_config::SharedHttpClient;
use serde_json::{Map, Value};

pub use admit::{Admission, Call, Operations, Pace};
pub use admitted::Admitted;
use admitted::UNDETERMINED;
pub use approval::Answered;
pub use approval::look::{DryRun, Look, Need};
pub use approve::Turn;
pub use ask::{ApprovalRequired, Filled, FormAsked, Person, Returned, Typed};
pub use aws_dynamic::catalog::Effect;
pub use cases::{Asked, Cases, explain};
pub use catalog::{Catalog, CatalogStatus};
pub use code::{Code, id};
pub use effect::{Effects, Named};
pub use entry::{Ending, Tx};
pub use escape::{escape, visible};
pub use host::Ruled;
pub(crate) use host::rules;
pub use identity::identity;
pub use mask::{DigestKey, access_key_id, looks_random, names_secret, secret_key, session_token};
pub use metrics::{Figures, Metrics, Outcome};
pub use policies::Policies;
pub use review::review;
pub use status::GateStatus;
pub use verdict::Settings;
pub use wire::NoSecondTry;

use crate::accounts::{self, Doors, Loaded, Purpose};
use crate::config::{
    Access, AwsSettings, Clock, Config, Environment, Mode, PolicyFile, PolicyFiles,
};
use crate::error::{Error, Kind, Result};
use approval::{Approvals, Happened};
use audit::{Always, Audit};
use aws_dynamic::catalog::{Broken, Index, Models};
use aws_dynamic::client::Client;
use breaker::{Breaker, Circuit};
use dialog::Dialog;
use door::{Pass, Requests};
use host::Hosts;
use mask::Secrets;
use policies::WhenMissing;
use rate::{Buckets, Limit};
use sink::Sink;
use socket::Listening;
use wire::Wire;

/// Characters of a progress message.
const MOST_SAID: usize = 200;

/// One per process.
pub struct Gate {
    clock: Clock,
    pub settings: Settings,
    aws: AwsSettings,
    /// What `endpoints.allow` names.
    allow: Arc<[String]>,
    pub policies: Policies,
    http: OnceLock<SharedHttpClient>,
    calls: Buckets<()>,
    slow_tools: Buckets<&'static str>,
    attempts: Arc<Buckets<Circuit>>,
    breaker: Breaker,
    key: DigestKey,
    approvals: Approvals,
    audit: Arc<Audit>,
    /// The copy of it elsewhere.
    sink: Sink,
    open_changes: entry::Open,
    /// When the end began, by the monotonic clock.
    ending: OnceLock<Duration>,
    /// Credentials that are on record: where they come from, and which key.
    signed_in: Mutex<BTreeSet<(String, String)>>,
    state_dir: Option<PathBuf>,
    /// The process that started this one.
    host: Option<u32>,
    /// The socket that `aws-mcp approve` connects to, once a question was open.
    listening: Mutex<Option<Listening>>,
    /// Counts of tools and services.
    pub metrics: Metrics,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// What a tool's client is made from.
pub struct Guarded {
    pub sdk: SdkConfig,
    pub wire: SharedInterceptor,
}

impl Gate {
    /// Reads the policies; opens and sends nothing. `key` makes masked values comparable in this process.
    pub fn new(config: &Config, environment: &Environment, key: DigestKey) -> Self {
        let clock = config.clock;
        let always =
            Always { os_user: peer::user(environment.user()), auto_approve: config.auto_approve };
        let audit = Arc::new(Audit::new(config.state_dir.clone(), clock, always));
        let recorder = audit.clone();
        let record = move |happened: Happened<'_>| entry::note(&recorder, happened);
        Self {
            clock,
            settings: Settings { access: config.access, auto_approve: config.auto_approve },
            aws: config.aws.clone(),
            allow: config.allowed_hosts.clone().into(),
            policies: policies(&config.policy),
            http: OnceLock::new(),
            calls: Buckets::new(
                clock,
                "calls",
                config.limits.calls.map_or(Limit::TOOL_CALLS, Limit::from),
            ),
            slow_tools: Buckets::new(clock, "calls of this tool", Limit::TEN_A_MINUTE),
            attempts: Arc::new(Buckets::new(
                clock,
                "requests to AWS",
                config.limits.requests.map_or(Limit::ATTEMPTS, Limit::from),
            )),
            breaker: Breaker::new(clock),
            key,
            approvals: Approvals::new(clock, Dialog::find(environment), Box::new(record)),
            audit,
            sink: Sink::default(),
            open_changes: entry::Open::default(),
            ending: OnceLock::new(),
            signed_in: Mutex::default(),
            state_dir: config.state_dir.clone(),
            host: peer::parent(),
            listening: Mutex::default(),
            metrics: Metrics::new(clock),
        }
    }

    /// What may be offered at all: in a policy of reads only, no tool that does more.
    pub fn access(&self) -> Access {
        match self.policies.current().map(|policies| policies.loosest_mode(self.settings)) {
            Ok(Mode::ReadOnly) => Access::ReadOnly,
            Ok(Mode::Confirm | Mode::Full) | Err(_) => self.settings.access,
        }
    }

    /// Why no call runs, where a policy cannot be read.
    pub fn problem(&self) -> Option<Error> {
        self.policies.current().err()
    }

    /// HTTP clients for the credential chain, and a closed one for everybody else.
    pub fn doors(self: &Arc<Self>) -> Doors {
        let gate = self.clone();
        Box::new(move |purpose| {
            let (hosts, circuit) = match purpose {
                Purpose::Tools => return Ok(door::closed()),
                Purpose::SignIn(sdk) => {
                    (Hosts::of_sign_in(sdk, gate.allow.clone()), identity::own(sdk))
                }
                Purpose::Metadata => (
                    Hosts::of_metadata(&gate.aws.metadata, gate.allow.clone()),
                    identity::of_metadata(),
                ),
            };
            gate.open(hosts, circuit, Requests::OurOwn)
        })
    }

    /// What a client for an admitted call is made from: `service_id` is the SDK's name of the service,
    /// `by_rules` what its endpoint rules give.
    pub fn guard(
        self: &Arc<Self>,
        admitted: &Arc<Admitted>,
        loaded: &Loaded,
        sdk: SdkConfig,
        service_id: &str,
        by_rules: impl IntoIterator<Item = Ruled>,
    ) -> Result<Guarded> {
        let index = Index::get().map_err(broken_index)?;
        let service = index.service(service_id).map_or(service_id, |service| service.name());
        let circuit = Circuit {
            account: loaded.account_or_key(),
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
            service: service.to_owned(),
        };
        let hosts = Hosts::of_service(by_rules, service_id, &sdk, self.allow.clone());
        let http = self.open(hosts, circuit.clone(), Requests::OfTool)?;
        let wire = Wire { gate: self.clone(), admitted: admitted.clone(), circuit };
        Ok(Guarded {
            sdk: sdk.into_builder().http_client(http).build(),
            wire: SharedInterceptor::permanent(wire),
        })
    }

    /// A client for one call of any operation, guarded as those of the SDK crates are: it reaches the
    /// host that this call's endpoint rules give.
    pub fn dynamic(
        self: &Arc<Self>,
        admitted: &Arc<Admitted>,
        loaded: &Loaded,
        sdk: SdkConfig,
        names: (&str, &str),
        input: &Value,
    ) -> Result<Client> {
        let model = Models::get().map_err(broken_index)?.service(names.0);
        let id = model.transpose().map_err(broken_index)?.map_or(names.0, |service| service.id());
        let by_rules = host::of_call(&sdk, names, input);
        let guarded = self.guard(admitted, loaded, sdk, id, by_rules)?;
        let token = code::uuid()?;
        #[expect(clippy::disallowed_methods, reason = "made here, guarded")]
        let client = Client::new(&guarded.sdk);
        Ok(client
            .with_interceptor(guarded.wire)
            .with_retry_classifier(SharedRetryClassifier::new(NoSecondTry))
            .with_tokens(move || token.clone()))
    }

    /// A call of the same target that lets through reads, and what EC2 is told not to carry out.
    pub fn looking(&self, admitted: &Admitted) -> Admitted {
        admitted.for_a_look(admitted::Purpose::Look)
    }

    /// What policy says now to a call of the same target, in words for the model.
    ///
    /// # Errors
    /// `config_error` where a policy cannot be read.
    pub fn would(&self, admitted: &Admitted, named: Named) -> Result<String> {
        let policies = self.policies.current()?;
        let index = Index::get().map_err(broken_index)?;
        let mut call = admitted.doing(named);
        let by_account = policies.all().any(|(_, policy)| !policy.accounts.is_empty());
        let is_open = by_account && call.target.accounts.is_empty();
        if is_open {
            call.target.accounts.push(UNDETERMINED.to_owned());
        }
        let said = match call.judge(self, &policies, index) {
            Err(error) => format!("denied: {}", error.message),
            Ok((asked, _)) => match asked.first() {
                Some((_, judged)) => format!("a person would be asked: {}", judged.reason),
                None => "not needed".to_owned(),
            },
        };
        Ok(if is_open {
            format!("{said} (what the account's own rules say, plan tells)")
        } else {
            said
        })
    }

    /// The answer of an admitted call as it may be seen: secrets masked, where policy does not reveal
    /// them, then what hides made visible.
    pub fn shown(&self, admitted: &Admitted, body: Map<String, Value>) -> Map<String, Value> {
        if admitted.is_revealed(self) {
            return match escape(Value::Object(body)) {
                Value::Object(body) => body,
                _ => Map::new(),
            };
        }
        self.masked(admitted.operations(), body)
    }

    /// The same of what is never revealed, such as errors.
    pub fn masked(&self, operations: Operations, body: Map<String, Value>) -> Map<String, Value> {
        let sensitive = Index::get().into_iter().flat_map(|index| {
            let known = operations.all().filter_map(|name| index.operation(name));
            known.flat_map(|(_, operation)| operation.sensitive())
        });
        let secrets = Secrets::new(sensitive);
        match escape(mask::mask(Value::Object(body), &secrets, &self.key)) {
            Value::Object(body) => body,
            _ => Map::new(),
        }
    }

    /// What models say of operations, as it may be seen. Never for anything that a service answered.
    pub fn modelled(&self, shapes: Map<String, Value>) -> Map<String, Value> {
        match escape(mask::mask_texts(Value::Object(shapes), &self.key)) {
            Value::Object(shapes) => shapes,
            _ => Map::new(),
        }
    }

    /// A text that is a secret as a whole, as it may be seen.
    pub fn sealed(&self, text: &str) -> String {
        self.key.hide(text.as_bytes())
    }

    /// What tells a text of this process's own from one that somebody made.
    pub fn sign(&self, text: &str) -> String {
        self.key.sign(text.as_bytes())
    }

    /// A short text that is sent beside answers, as it may be seen.
    pub fn said(&self, text: String) -> String {
        let shown = escape(mask::mask(Value::String(text), &Secrets::default(), &self.key));
        let text = shown.as_str().unwrap_or_default();
        text.chars().take(MOST_SAID).collect()
    }

    /// Makes this server reachable by `aws-mcp approve`.
    fn listen(&self) -> std::result::Result<(), String> {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if listening.is_none() {
            let state = self.state_dir.as_ref().ok_or("there is no folder for the state")?;
            let socket = socket::listen(state, self.host, Arc::new(self.approvals.desk()));
            *listening = Some(socket.map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// Looks in the background at what is on record from before.
    pub fn look_back(&self) {
        if let Ok(policies) = self.policies.current() {
            self.audit.set_keep_days(policies.audit().keep_days);
        }
        self.audit.look_back();
    }

    fn open(&self, hosts: Hosts, circuit: Circuit, requests: Requests) -> Result<SharedHttpClient> {
        let client = match self.http.get() {
            Some(client) => client.clone(),
            None => {
                let client = accounts::client(&self.aws)?;
                self.http.get_or_init(|| client).clone()
            }
        };
        let attempts = self.attempts.clone();
        Ok(door::open(client, Pass { hosts, circuit, attempts, requests }))
    }
}

fn policies(files: &PolicyFiles) -> Policies {
    let (user, when_missing) = match &files.user {
        Some(PolicyFile::Named(path)) => (path.clone(), WhenMissing::Refuse),
        Some(PolicyFile::Usual(path)) => (path.clone(), WhenMissing::Default),
        None => (PathBuf::new(), WhenMissing::Default),
    };
    Policies::new(user, when_missing, files.administrator.clone())
}

/// Without the index of operations nobody knows what a call would do.
pub fn broken_index(broken: &Broken) -> Error {
    Error::new(
        Kind::ConfigError,
        "the index of AWS's operations cannot be read, so nothing is called.",
        "Install aws-mcp anew: its binary is damaged.",
    )
    .caused_by(broken)
}
