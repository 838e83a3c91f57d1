//! How the gate stands: what `aws_server_status` shows of policy, breaker, services and alerts.

use schemars::JsonSchema;
use serde::Serialize;

use super::approval::Granted;
use super::audit::Standing;
use super::breaker::Standing as BreakerStanding;
use super::metrics::{Alert, ServiceFigures};
use super::sink::CopyStanding;
use super::{Figures, Gate};
use crate::config::AutoApprove;
use crate::error::Result;

// How the gate stands. The doc comments of the members are for whoever reads the schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateStatus {
    /// Policy: read_only, confirm or full; accounts may have others
    mode: &'static str,
    /// Changes with the policy files
    policy_hash: String,
    /// AWS_MCP_AUTO_APPROVE_DESTRUCTIVE is on
    auto_approve_destructive: bool,
    /// Questions to a person that wait for an answer
    pending_approvals: usize,
    /// Granted for 15 minutes; `aws-mcp approve --revoke` ends them
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grants: Vec<Granted>,
    /// What was asked and done
    audit: Standing,
    /// Its copy in CloudWatch Logs
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_copy: Option<CopyStanding>,
    /// What should worry somebody now
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alerts: Vec<Alert>,
    /// Circuit breakers that failed lately or changed their state
    #[serde(skip_serializing_if = "Vec::is_empty")]
    breakers: Vec<BreakerStanding>,
    /// AWS services that were called since the start; latencies in ms
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceFigures>,
    /// Tools that were called since the start; latencies in ms
    calls: Vec<Figures>,
}

impl Gate {
    /// How everything stands at this moment.
    ///
    /// # Errors
    /// `config_error` while a policy is broken.
    pub fn status(&self) -> Result<GateStatus> {
        let policies = self.policies.current()?;
        let breakers = self.breaker.standings();
        Ok(GateStatus {
            mode: policies.mode(self.settings).word(),
            policy_hash: policies.digest(),
            auto_approve_destructive: self.settings.auto_approve
                == AutoApprove::WriteAndDestructive,
            pending_approvals: self.approvals.pending().len(),
            grants: self.approvals.granted(),
            audit: self.audit.standing(),
            audit_copy: self.sink.standing(),
            alerts: self.metrics.alerts(&breakers),
            breakers,
            services: self.metrics.services(),
            calls: self.metrics.figures(),
        })
    }
}
