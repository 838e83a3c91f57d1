//! CloudWatch Logs: log groups, and what stands in them.

use super::Tool;

pub const TOOLS: &[Tool] = &[];
