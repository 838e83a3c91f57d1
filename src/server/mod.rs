//! MCP in and out over stdin and stdout. rmcp lives here and nowhere else, because it moves fast.

mod handler;
mod life;
mod line;
mod stdio;
mod transport;

use std::sync::Arc;

use rmcp::ServiceExt;

pub use handler::listed;
pub use life::Host;
pub use stdio::Stdio;

use self::handler::Handler;
use self::transport::Stream;
use crate::tools::World;

/// Serves until the input ends, a signal comes or the host is gone. The caller must end the process
/// then: threads that wait for the host's pipes cannot be stopped otherwise.
pub async fn serve(world: Arc<World>, stdio: Stdio, host: Host) -> std::io::Result<()> {
    // Before the first answer: whoever has seen one may send a signal.
    let told = life::Told::listen()?;
    let stream = Stream::start(stdio.input, stdio.output)?;
    let handler = Handler::new(world);
    let services = async {
        loop {
            match Box::pin(handler.clone().serve(stream.lend().await)).await {
                Ok(service) => {
                    // Detached where another takes over: what it has under way is still answered.
                    let mut running = tokio::spawn(service.waiting());
                    tokio::select! {
                        biased;
                        () = stream.handed_over() => {}
                        _ = &mut running => {}
                    }
                }
                Err(error) => tracing::debug!(%error, "no handshake"),
            }
        }
    };
    tokio::select! {
        () = services => {}
        () = stream.over() => tracing::info!("end of input"),
        () = told.over() => {
            tracing::info!("told to end");
            stream.flush().await;
        }
        () = host.gone() => tracing::info!("the host is gone"),
    }
    Ok(())
}
