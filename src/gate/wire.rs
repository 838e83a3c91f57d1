//! Under every client: refuses an operation that the tool did not declare, and gives writes one
//! attempt. A tool's author cannot forget it, because clients come from the tool's context only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::error::{Error, Kind};

/// A call that is not retried has the whole operation's time for its one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(45);

/// One tool call's guard.
#[derive(Debug)]
pub struct Wire {
    tool: &'static str,
    /// `ec2:DescribeInstances`, ...
    declared: &'static [&'static str],
    sent: Arc<AtomicBool>,
}

impl Wire {
    /// Guards a client for a tool that declared these operations. `sent` becomes true when a write
    /// goes out: from then on a failure does not mean that nothing was done.
    pub fn new(
        tool: &'static str,
        declared: &'static [&'static str],
        sent: Arc<AtomicBool>,
    ) -> Self {
        Self { tool, declared, sent }
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "aws-mcp wire"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(operation) = operation_of(cfg) else {
            return Err(undeclared(self.tool, "an operation without a name").into());
        };
        if !self.declared.contains(&operation.as_str()) {
            return Err(undeclared(self.tool, &operation).into());
        }
        tracing::debug!(tool = self.tool, operation, "calling AWS");
        if !is_read(&operation) {
            // Asking twice for a write could do it twice.
            let limits = cfg.load::<TimeoutConfig>().cloned();
            let limits = limits.map_or_else(TimeoutConfig::builder, |limits| limits.to_builder());
            let state = cfg.interceptor_state();
            state.store_put(RetryConfig::disabled());
            state.store_put(limits.operation_attempt_timeout(ONE_ATTEMPT).build());
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !operation_of(cfg).is_some_and(|operation| is_read(&operation)) {
            self.sent.store(true, Ordering::Release);
        }
        tracing::debug!(tool = self.tool, "sending");
        Ok(())
    }
}

fn operation_of(cfg: &ConfigBag) -> Option<String> {
    let metadata = cfg.load::<Metadata>()?;
    Some(operation(metadata.service(), metadata.name()))
}

/// An operation's name as tools declare it: `EC2`, `DescribeInstances` -> `ec2:DescribeInstances`.
fn operation(service: &str, name: &str) -> String {
    let service: String = service.chars().filter(|c| *c != ' ').collect();
    format!("{}:{name}", service.to_ascii_lowercase())
}

/// By the verb, until the index of operations knows every effect; in doubt it is a write.
fn is_read(operation: &str) -> bool {
    operation.split_once(':').is_some_and(|(_, name)| {
        ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
    })
}

fn undeclared(tool: &str, operation: &str) -> Error {
    Error::new(
        Kind::DeniedByPolicy,
        format!("{tool} tried to call {operation}, which it does not declare. Nothing was sent."),
        "This is a fault of aws-mcp; report it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations() {
        assert_eq!(operation("EC2", "StartInstances"), "ec2:StartInstances");
        assert_eq!(operation("Cost Explorer", "GetCost"), "costexplorer:GetCost");
        assert!(is_read("sts:GetCallerIdentity"));
        assert!(!is_read("ec2:StartInstances"));
        assert!(!is_read("DescribeNothing"));
    }
}
