//! ECS: clusters, services, tasks and their definitions; scaling and deploying a service.

use super::Tool;

pub const TOOLS: &[Tool] = &[];
