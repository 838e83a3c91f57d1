//! Any operation of any AWS service, from a few tools: it is found by what it does, described, and
//! called; what did not fit into an answer is read on.

mod call;
mod change;
mod made;
mod name;
mod named;
mod options;
mod payload;
mod plan;
mod result;
mod schema;
mod search;

use super::Tool;

pub const TOOLS: &[Tool] = &[search::TOOL, schema::TOOL, call::READ, call::EXECUTE, result::TOOL];

/// The tool that reads on in what did not fit.
pub(super) const READS_ON: &str = result::TOOL.name;
