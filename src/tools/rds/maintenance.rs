//! What AWS is going to do to databases, and when.

use std::collections::HashMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::PendingMaintenanceAction;
use serde::Serialize;

use super::text;
use crate::error::{Error, Kind, Result, aws};
use crate::tools::Cx;
use crate::tools::arguments::moment;
use crate::tools::brief::cut;

/// Pages of 100 resources each.
const MOST_PAGES: usize = 10;
const MOST_DESCRIPTION: usize = 80;

#[derive(Clone, Debug, Serialize)]
pub struct Maintenance {
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    // None where somebody has to ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_apply_date: Option<String>,
}

/// By the ARN of what it is done to.
pub type Pending = HashMap<String, Vec<Maintenance>>;

/// What is pending for this resource, or for all of them.
pub async fn pending(cx: &Cx, client: &Client, arn: Option<&str>) -> Result<Pending> {
    let mut found = Pending::new();
    let mut marker = None;
    for _ in 0..MOST_PAGES {
        let request = client
            .describe_pending_maintenance_actions()
            .set_resource_identifier(arn.map(str::to_owned))
            .max_records(100)
            .set_marker(marker);
        let answer = request
            .send()
            .await
            .map_err(|e| aws::failed(&cx.action("rds:DescribePendingMaintenanceActions"), e))?;
        for resource in answer.pending_maintenance_actions() {
            let actions = resource.pending_maintenance_action_details().iter().map(maintenance);
            let arn = resource.resource_identifier().unwrap_or_default().to_owned();
            found.entry(arn).or_default().extend(actions);
        }
        marker = answer.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(found);
        }
    }
    Err(Error::new(
        Kind::ResponseTooLarge,
        "more than 1,000 resources have pending maintenance.",
        "Call rds_describe_db_instance for the maintenance of one.",
    ))
}

fn maintenance(action: &PendingMaintenanceAction) -> Maintenance {
    // The current date heeds what somebody opted into; the others are AWS's own plan.
    let date = action
        .current_apply_date()
        .or_else(|| action.auto_applied_after_date())
        .or_else(|| action.forced_apply_date());
    Maintenance {
        action: action.action().unwrap_or_default().to_owned(),
        description: text(action.description()).map(|text| cut(&text, MOST_DESCRIPTION)),
        auto_apply_date: date.and_then(moment),
    }
}
