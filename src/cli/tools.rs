//! `aws-mcp tools`: what the server would offer.

use crate::config::Resolved;
use crate::server;

/// Prints a table, or the list as the MCP client sees it.
pub fn run(resolved: Resolved, json: bool) -> u8 {
    let world = match super::report(resolved) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let mut text = String::new();
    if json {
        text = serde_json::to_string_pretty(&server::listed(&world)).unwrap_or_default();
        text.push('\n');
    } else {
        let width = world.tools().iter().map(|tool| tool.name.len()).max().unwrap_or_default();
        for tool in world.tools() {
            let effect = tool.effects.strongest().word();
            text.push_str(&format!(
                "{:width$}  {:10}  {:11}  {}\n",
                tool.name,
                tool.toolset.word(),
                effect,
                tool.title
            ));
        }
    }
    super::print(&text);
    super::DONE
}
