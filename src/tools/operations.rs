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
