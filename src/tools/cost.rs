//! Cost Explorer: what an account costs, will cost, and where that is unusual.

use super::Tool;

pub const TOOLS: &[Tool] = &[];
