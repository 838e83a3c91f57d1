//! Whose credentials are, asked of AWS by the gate itself: once per credential, beside the call's own
//! requests or before them where policy goes by the account.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;

use super::Gate;
use super::breaker::Circuit;
use super::door::Requests;
use super::host::{Hosts, Ruled, rules};
use crate::accounts::{Identity, Loaded, Session, Whose};
use crate::error::{Error, Kind, Result, aws};

pub(super) const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

impl Gate {
    /// Starts asking whose the credentials are, where their source did not say so itself and nobody
    /// asked yet.
    pub fn learn_identity(self: &Arc<Self>, session: &Arc<Session>, loaded: &Loaded) {
        if loaded.whose != Whose::Told {
            self.ask_identity(session, loaded);
        }
    }

    /// The principal of a session's credentials, asked of AWS where their source did not say it.
    pub(super) async fn principal_of(
        self: &Arc<Self>,
        session: &Arc<Session>,
        loaded: &Loaded,
    ) -> Option<String> {
        self.identity_of(session, loaded).await.map(|identity| identity.arn)
    }

    /// What AWS says of them; an STS that a profile names could be anybody's.
    async fn identity_of(
        self: &Arc<Self>,
        session: &Arc<Session>,
        loaded: &Loaded,
    ) -> Option<Identity> {
        if session.sts_is_a_profiles() {
            return None;
        }
        self.ask_identity(session, loaded);
        let key = loaded.credentials.access_key_id();
        session.learning().answered(key).await;
        session.learning().known(key)
    }

    /// Starts the question, where it was not asked yet.
    fn ask_identity(self: &Arc<Self>, session: &Arc<Session>, loaded: &Loaded) {
        let key = loaded.credentials.access_key_id().to_owned();
        // Before the task runs: whoever looks for the answer has to find it being asked for.
        let Some(claim) = session.learning().claim(&key) else { return };
        let sdk = session.home_sdk(loaded);
        let (gate, session) = (self.clone(), session.clone());
        tokio::spawn(async move {
            let asked = match gate.own_client(&sdk) {
                Ok(http) => ask(&sdk.into_builder().http_client(http).build()).await,
                Err(error) => Err(error),
            };
            match asked {
                Ok(identity) => session.learning().learn(&key, identity),
                Err(error) => {
                    let kind = error.kind.word();
                    tracing::warn!(kind, "whose the credentials are is not known");
                }
            }
            drop(claim);
        });
    }

    /// The account of a session's credentials, where it can be known: from AWS, which gave them or is
    /// asked.
    pub(super) async fn account_of(
        self: &Arc<Self>,
        session: &Arc<Session>,
        loaded: &Loaded,
    ) -> Option<String> {
        match loaded.account().filter(|_| !session.sts_is_a_profiles()) {
            Some(account) => Some(account.to_owned()),
            None => self.identity_of(session, loaded).await.map(|identity| identity.account_id),
        }
    }

    /// The gate's own way to STS.
    fn own_client(&self, sdk: &SdkConfig) -> Result<SharedHttpClient> {
        let by_rules = rules!(aws_sdk_sts, sdk).map(Ruled::Host);
        let hosts = Hosts::of_service(by_rules, "STS", sdk, self.allow.clone());
        self.open(hosts, own(sdk), Requests::OurOwn)
    }
}

/// What the gate's and the credential chain's own requests in a region count for.
pub(super) fn own(sdk: &SdkConfig) -> Circuit {
    Circuit {
        account: "sign-in".to_owned(),
        region: sdk.region().map(ToString::to_string).unwrap_or_default(),
        service: "sts".to_owned(),
    }
}

/// The same for the metadata of instances and containers.
pub(super) fn of_metadata() -> Circuit {
    Circuit { account: "sign-in".to_owned(), region: String::new(), service: "metadata".to_owned() }
}

/// Asks GetCallerIdentity with what the configuration carries.
async fn ask(sdk: &SdkConfig) -> Result<Identity> {
    #[expect(clippy::disallowed_methods, reason = "the gate's own question")]
    identity(&aws_sdk_sts::Client::new(sdk)).await
}

/// The same with a client.
pub async fn identity(client: &aws_sdk_sts::Client) -> Result<Identity> {
    let answer = client
        .get_caller_identity()
        .send()
        .await
        .map_err(|e| aws::failed(GET_CALLER_IDENTITY, e))?;
    match (answer.account, answer.arn, answer.user_id) {
        (Some(account_id), Some(arn), Some(user_id)) => Ok(Identity { account_id, arn, user_id }),
        _ => Err(Error::new(
            Kind::ExecutionError,
            format!("{GET_CALLER_IDENTITY} gave an answer without an account."),
            "Check that AWS_ENDPOINT_URL names an AWS API.",
        )),
    }
}
