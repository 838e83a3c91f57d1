//! The person behind the client, as MCP reaches them: by elicitation, a request of the server's own in
//! the handshake era and a result that asks back since 2026-07-28
//! (<https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation>).

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, ClientResult, ElicitRequest, ElicitRequestParams, ElicitationAction,
    InputRequest, InputRequests, InputRequiredResult, ServerRequest,
};
use rmcp::service::{Peer, PeerRequestOptions, RequestContext};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::handler::is_modern;
use crate::gate::{Filled, FormAsked, Person, Returned};

/// The form's one field.
const FIELD: &str = "code";
/// The name of our one request among those of a result that asks back.
const KEY: &str = "approval";

/// How the person can be asked in this call: only by what the client declares in it.
pub fn person(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Person {
    let declared = context.client_capabilities().and_then(|all| all.elicitation);
    // Without a mode, forms are meant.
    if !declared.is_some_and(|modes| modes.form.is_some() || modes.url.is_none()) {
        return Person::Elsewhere;
    }
    if is_modern(context) {
        return Person::Returned(returned(request));
    }
    let peer = context.peer.clone();
    Person::Forms(Arc::new(move |message| Box::pin(asked(peer.clone(), message))))
}

/// What came back with this call.
fn returned(request: &CallToolRequestParams) -> Option<Returned> {
    let answer = request.input_responses.as_ref()?.get(KEY)?;
    let accepted = answer.get("action").and_then(Value::as_str) == Some("accept");
    let code = answer.get("content").filter(|_| accepted).and_then(typed);
    let filled = code.map_or(Filled::Nothing, Filled::Code);
    Some(Returned { state: request.request_state.clone(), filled })
}

/// The result that asks back.
pub fn asks_back(form: FormAsked) -> Result<InputRequiredResult, ErrorData> {
    let mut requests = InputRequests::new();
    requests.insert(KEY.to_owned(), InputRequest::Elicitation(elicitation(&form.message)?));
    Ok(InputRequiredResult::new(Some(requests), Some(form.state)))
}

/// Sends the form and waits. Dropped, it takes the form back.
async fn asked(peer: Peer<RoleServer>, message: String) -> Filled {
    let (held, given_up) = oneshot::channel::<()>();
    let (told, answer) = oneshot::channel();
    tokio::spawn(async move {
        let Ok(request) = elicitation(&message) else { return };
        let request = ServerRequest::ElicitRequest(request);
        let sent = peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        let Ok(mut sent) = sent else { return };
        tokio::select! {
            answer = &mut sent.rx => {
                let _ = told.send(answer);
            }
            _ = given_up => {
                let _ = sent.cancel(Some("it is not waited for any more".to_owned())).await;
            }
        }
    });
    let filled = match answer.await {
        Ok(Ok(Ok(ClientResult::ElicitResult(result))))
            if result.action == ElicitationAction::Accept =>
        {
            result.content.as_ref().and_then(typed)
        }
        Ok(_) | Err(_) => None,
    };
    drop(held);
    filled.map_or(Filled::Nothing, Filled::Code)
}

/// What stands in the field; an empty one is a bare accept, which says nothing.
fn typed(content: &Value) -> Option<String> {
    let code = content.get(FIELD)?.as_str()?.trim();
    (!code.is_empty()).then(|| code.to_owned())
}

fn elicitation(message: &str) -> Result<ElicitRequest, ErrorData> {
    let form = json!({
        "mode": "form",
        "message": message,
        "requestedSchema": {
            "type": "object",
            "properties": {
                FIELD: {
                    "type": "string",
                    "title": "Code",
                    "description": "The six characters from the text above",
                },
            },
            "required": [FIELD],
        },
    });
    let params: Result<ElicitRequestParams, _> = serde_json::from_value(form);
    params.map(ElicitRequest::new).map_err(|e| ErrorData::internal_error(e.to_string(), None))
}
