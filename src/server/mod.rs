//! MCP in and out over stdin and stdout. rmcp lives here and nowhere else, because it moves fast.

mod connection;
mod form;
mod handler;
mod life;
mod line;
mod stdio;
mod transport;

use std::sync::Arc;

pub use handler::listed;
pub use life::Host;
pub use stdio::Stdio;

use self::handler::Handler;
use crate::tools::World;

/// Offers the tools until the connection is over. The caller must end the process then: threads
/// that wait for the host's pipes cannot be stopped otherwise.
pub async fn serve(world: Arc<World>, stdio: Stdio, host: Host) -> std::io::Result<()> {
    let gate = world.gate.clone();
    connection::serve(Handler::new(world), stdio, host, move || {
        gate.ends();
    })
    .await
}
