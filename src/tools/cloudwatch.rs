//! CloudWatch: metrics, alarms, dashboards.

use super::Tool;

pub const TOOLS: &[Tool] = &[];
