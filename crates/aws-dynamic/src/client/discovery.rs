//! Endpoints that a service names itself: it is asked before the first call, and its answer holds for
//! as long as it says, or until a host says that it is not the one (Smithy, "clientEndpointDiscovery").
//! Asking is a call of this client like any other: all interceptors see it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::codec::{Given, Reads, Received};
use super::destination::Destination;
use super::error::CallError;
use super::{Answer, Call, Client};
use crate::endpoint::Rules;
use crate::model::Operation;
use crate::protocol::ServiceError;

/// The hosts that services named, by the service. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Discovered(Arc<Mutex<HashMap<String, Named>>>);

#[derive(Clone, Debug)]
struct Named {
    host: String,
    until: SystemTime,
}

/// The longest that an answer is believed, in minutes: a day. Timestream says 1,440.
const LONGEST: u64 = 24 * 60;

/// The status of a host that will not answer for this (RFC 9110, section 15.5.20).
const MISDIRECTED: u16 = 421;

const ANSWER: &str = "the endpoint that DescribeEndpoints answered";

impl Client {
    /// Sends to where the service says. A host that is no longer the one is asked for again, once.
    pub(super) async fn send_discovered(
        &self,
        call: &Call,
        given: Given,
        destination: &Destination,
        label: &str,
    ) -> Result<Received, CallError> {
        let operation = call.operation;
        // No service that is asked for endpoints takes or gives a stream.
        let again = Given { members: given.members.clone(), body: None };
        let first = destination.at(&self.host(operation, label).await?);
        match self.send_to(call, given, &first, Reads::Whole).await {
            Err(error) if error.service_error().is_some_and(is_misdirected) => {
                self.discovered.all().remove(operation.service().name());
                let next = destination.at(&self.host(operation, label).await?);
                self.send_to(call, again, &next, Reads::Whole).await
            }
            sent => sent,
        }
    }

    /// The host of a service, kept or asked for.
    async fn host(&self, operation: Operation<'static>, label: &str) -> Result<String, CallError> {
        let (service, time) = (operation.service(), self.config.time_source());
        let kept = self.discovered.all().get(service.name()).cloned();
        // Without a clock nothing is known to hold still.
        if let (Some(kept), Some(time)) = (kept, &time)
            && time.now() < kept.until
        {
            return Ok(kept.host);
        }
        let mut all = service.operations();
        let asked = all.find(|operation| operation.is_endpoint_operation());
        let asked = asked.ok_or(CallError::Special("the service cannot be asked for endpoints"))?;
        let answer = self.ask(asked).await?.output;
        let first = answer.pointer("/Endpoints/0");
        let field = |name| first.and_then(|first| first.get(name));
        let host = field("Address").and_then(Value::as_str).unwrap_or_default();
        let minutes = field("CachePeriodInMinutes").and_then(Value::as_u64).unwrap_or_default();
        let host = self.own(host, label)?;
        let period = Duration::from_secs(60 * minutes.min(LONGEST));
        if let Some(until) = time.and_then(|time| time.now().checked_add(period)) {
            let named = Named { host: host.clone(), until };
            self.discovered.all().insert(service.name().to_owned(), named);
        }
        Ok(host)
    }

    /// A call within a call, and so of a size that is not known.
    fn ask(
        &self,
        operation: Operation<'static>,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + '_>> {
        Box::pin(self.call(operation.service().name(), operation.name(), &Value::Null))
    }

    /// The host, if it is one of the service's in the client's region.
    fn own(&self, host: &str, label: &str) -> Result<String, CallError> {
        let rules = Rules::get().map_err(|broken| CallError::Broken(broken.clone()))?;
        let region = self.config.region().map(AsRef::as_ref).unwrap_or_default();
        let before = rules.partitions().before_region(host, region).unwrap_or_default();
        // The last label is the service: those before it may be anybody's, a bucket's for one.
        if before.rsplit('.').next().is_some_and(|last| last.starts_with(label)) {
            return Ok(host.to_owned());
        }
        let expected = format!("a host of AWS below {label}.{region}");
        Err(CallError::Host { named_by: ANSWER, expected })
    }
}

impl Discovered {
    /// What is held is replaced whole, so that a panic elsewhere leaves nothing half-made.
    fn all(&self) -> MutexGuard<'_, HashMap<String, Named>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_misdirected(error: &ServiceError) -> bool {
    error.status == MISDIRECTED || error.code == "InvalidEndpointException"
}

#[cfg(test)]
mod tests;
