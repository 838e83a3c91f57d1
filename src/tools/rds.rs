//! RDS: databases, their snapshots, and what loads them.

use super::Tool;

pub const TOOLS: &[Tool] = &[];
