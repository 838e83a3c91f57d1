//! MCP in and out over stdin and stdout. rmcp lives here and nowhere else, because it moves fast.

mod connection;
mod form;
mod handler;
mod life;
mod line;
mod stdio;
mod transport;

use std::sync::Arc;
use std::time::Duration;

pub use handler::listed;
pub use life::Host;
pub use stdio::Stdio;

use self::handler::Handler;
use crate::tools::World;

/// Offers the tools until the connection is over. The caller must end the process then: threads
/// that wait for the host's pipes cannot be stopped otherwise.
/// Returns how long what was under way has been waited for since the end.
pub async fn serve(world: Arc<World>, stdio: Stdio, host: Host) -> std::io::Result<Duration> {
    connection::serve(Handler::new(world), stdio, host).await
}
