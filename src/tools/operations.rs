//! Every operation of every AWS service, from a few tools: one is found, looked up, and called, and
//! what did not fit into an answer is read on.

mod call;
mod named;
mod result;

use super::Tool;

pub const TOOLS: &[Tool] = &[call::READ, call::EXECUTE, result::TOOL];
