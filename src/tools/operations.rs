//! Any operation of AWS: found by what it does, and described.

mod name;
mod schema;
mod search;

use super::Tool;

pub const TOOLS: &[Tool] = &[search::TOOL, schema::TOOL];
