//! MCP in and out over stdin and stdout. rmcp lives here and nowhere else, because it moves fast.

mod handler;
mod life;
mod line;
mod stdio;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use rmcp::ServiceExt;
use tokio::sync::Mutex;

pub use handler::listed;
pub use stdio::Stdio;

use self::handler::Handler;
use self::transport::{Lent, Stream};
use crate::tools::World;

/// How long the last answers may take to be written.
const FLUSH: Duration = Duration::from_millis(500);

/// Serves until the input ends, a signal comes or the host is gone. The caller must end the process
/// then: threads that wait for the host's pipes cannot be stopped otherwise.
pub async fn serve(world: Arc<World>, stdio: Stdio) -> std::io::Result<()> {
    let (stream, written) = Stream::start(stdio.input, stdio.output)?;
    let sender = stream.sender();
    let stream = Arc::new(Mutex::new(stream));
    let handler = Handler::new(world);
    let services = async {
        loop {
            let lent = Lent(stream.clone(), sender.clone());
            match Box::pin(handler.clone().serve(lent)).await {
                Ok(service) => {
                    let _ = service.waiting().await;
                }
                Err(error) => tracing::debug!(%error, "no client"),
            }
            if !stream.lock().await.begins_anew() {
                break;
            }
        }
    };
    tokio::select! {
        () = services => tracing::info!("end of input"),
        end = life::over() => {
            tracing::info!(why = ?end, "ending");
            return Ok(());
        }
    }
    drop(stream);
    drop(sender);
    written.wait(FLUSH).await;
    Ok(())
}
