//! One connection's life, whatever is offered on it: `examples/conformance_server.rs` runs it with another
//! handler, so this file and those it uses know nothing of the other rooms.

use rmcp::{ServerHandler, ServiceExt};

use super::life::{Host, Told};
use super::stdio::Stdio;
use super::transport::Stream;

/// Serves until the input ends, a signal comes or the host is gone; `ends` is told at once, before
/// the last answers are waited for.
pub async fn serve<H>(
    handler: H,
    stdio: Stdio,
    host: Host,
    ends: impl Fn() + Clone + Send + 'static,
) -> std::io::Result<()>
where
    H: ServerHandler + Clone,
{
    // Before the first answer: whoever has seen one may send a signal.
    let told = Told::listen()?;
    let stream = Stream::start(stdio.input, stdio.output)?;
    let (ended, input_ends) = (stream.ended(), ends.clone());
    tokio::spawn(async move {
        ended.cancelled().await;
        input_ends();
    });
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
            ends();
            stream.flush().await;
        }
        () = host.gone() => tracing::info!("the host is gone"),
    }
    Ok(())
}
