//! What the protocol's conformance suite wants of a server (tools that return an image, ask for input, report
//! progress, and so on), on the connection that aws-mcp itself runs on. The product offers other things; what is
//! tested here is that the connection carries every kind of message, both ways. `tests/conformance.sh` runs it.
#![allow(
    deprecated,
    reason = "the suite asks for logging, sampling and roots, which the newest revision gives up"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use rmcp::model::*;
use rmcp::service::{RequestContext, ServiceError, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::{RwLock, broadcast};

#[path = "../src/server"]
mod server {
    pub mod connection;
    pub mod life;
    mod line;
    pub mod stdio;
    mod transport;
}

/// One red pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC";
/// Four samples of silence.
const WAV: &str = "UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQQAAACAgICA";

/// What a tool shows while it works; the suite waits for each.
const STEP: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let host = server::life::Host::of_this_process();
    let stdio = server::stdio::Stdio::take()?;
    let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
        .map_err(|_| "the system gives no random numbers")?;
    let fixtures = Fixtures {
        key: Arc::new(key),
        changes: broadcast::Sender::new(16),
        level: Arc::new(RwLock::new(LoggingLevel::Info)),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let served = runtime.block_on(server::connection::serve(fixtures, stdio, host, || {}));
    runtime.shutdown_background();
    Ok(served?)
}

type Context = RequestContext<RoleServer>;

#[derive(Clone)]
struct Fixtures {
    /// Signs what a client carries from one round to the next.
    key: Arc<hmac::Key>,
    /// Tells those who listen that a list has changed.
    changes: broadcast::Sender<Changed>,
    /// The least level that a client of the handshake era wants to see.
    level: Arc<RwLock<LoggingLevel>>,
}

#[derive(Clone, Copy)]
enum Changed {
    Tools,
    Prompts,
}

/// Names and descriptions; `schema` has the arguments of those that take any.
const TOOLS: [(&str, &str); 26] = [
    ("test_simple_text", "Returns a text"),
    ("test_image_content", "Returns an image"),
    ("test_audio_content", "Returns a sound"),
    ("test_embedded_resource", "Returns a resource"),
    ("test_multiple_content_types", "Returns a text, an image and a resource"),
    ("test_error_handling", "Fails"),
    ("test_tool_with_logging", "Logs three messages"),
    ("test_logging_tool", "Logs three messages, if the request asks for a level"),
    ("test_tool_with_progress", "Reports progress three times"),
    ("test_sampling", "Asks the client's model"),
    ("test_elicitation", "Asks the user"),
    ("test_elicitation_sep1034_defaults", "Asks the user, with default values"),
    ("test_elicitation_sep1330_enums", "Asks the user to choose"),
    ("json_schema_2020_12_tool", "Takes arguments of a schema with many keywords"),
    ("test_missing_capability", "Works only for clients with sampling"),
    ("test_streaming_elicitation", "Asks the user, after a first notification"),
    ("test_trigger_tool_change", "Says that the list of tools has changed"),
    ("test_trigger_prompt_change", "Says that the list of prompts has changed"),
    ("test_input_required_result_elicitation", "Asks for a name by its result"),
    ("test_input_required_result_sampling", "Asks the client's model by its result"),
    ("test_input_required_result_list_roots", "Asks for the roots by its result"),
    ("test_input_required_result_request_state", "Asks, and wants its state back"),
    ("test_input_required_result_multiple_inputs", "Asks for three things at once"),
    ("test_input_required_result_multi_round", "Asks twice"),
    ("test_input_required_result_tampered_state", "Asks, and wants its state back unchanged"),
    ("test_input_required_result_capabilities", "Asks for what the client declares only"),
];

fn schema(tool: &str) -> Value {
    match tool {
        "test_sampling" => object(json!({ "prompt": { "type": "string" } }), &["prompt"]),
        "test_elicitation" => object(json!({ "message": { "type": "string" } }), &["message"]),
        "json_schema_2020_12_tool" => json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                },
            },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        }),
        _ => object(json!({}), &[]),
    }
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A question to the user.
fn form(message: &str, properties: Value, required: &[&str]) -> Value {
    json!({ "message": message, "requestedSchema": object(properties, required) })
}

/// A question to the user with one answer.
fn one(message: &str, name: &str, kind: &str) -> Result<InputRequest, ErrorData> {
    let params = parsed(form(message, json!({ name: { "type": kind } }), &[name]))?;
    Ok(InputRequest::Elicitation(ElicitRequest::new(params)))
}

/// A question to the client's model.
fn prompt(text: &str) -> CreateMessageRequestParams {
    CreateMessageRequestParams::new(vec![SamplingMessage::user_text(text)], 100)
}

impl Fixtures {
    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let argument = |key: &str| {
            let text = request.arguments.as_ref().and_then(|all| all.get(key)?.as_str());
            text.ok_or_else(|| ErrorData::invalid_params(format!("{key} is missing"), None))
        };
        let content = match name {
            "test_simple_text" => vec![ContentBlock::text("a text")],
            "test_image_content" => vec![ContentBlock::image(PNG, "image/png")],
            "test_audio_content" => vec![ContentBlock::audio(WAV, "audio/wav")],
            "test_embedded_resource" => {
                vec![ContentBlock::embedded_text("test://embedded-resource", "a resource")]
            }
            "test_multiple_content_types" => vec![
                ContentBlock::text("a text"),
                ContentBlock::image(PNG, "image/png"),
                ContentBlock::resource(
                    ResourceContents::text("{}", "test://mixed-content-resource")
                        .with_mime_type("application/json"),
                ),
            ],
            "test_error_handling" => {
                let why = "this tool always fails".to_owned();
                return Ok(CallToolResult::error(vec![ContentBlock::text(why)]).into());
            }
            "test_tool_with_logging" | "test_logging_tool" => {
                for text in ["begun", "working", "done"] {
                    self.log(context, text).await;
                    tokio::time::sleep(STEP).await;
                }
                vec![ContentBlock::text("logged")]
            }
            "test_tool_with_progress" => {
                for done in [0.0, 50.0, 100.0] {
                    if let Some(token) = context.meta.get_progress_token() {
                        let note = ProgressNotificationParam::new(token, done).with_total(100.0);
                        let _ = context.peer.notify_progress(note).await;
                    }
                    tokio::time::sleep(STEP).await;
                }
                vec![ContentBlock::text("done")]
            }
            "test_sampling" => {
                let asked = CreateMessageRequest::new(prompt(argument("prompt")?));
                answered(
                    context.peer.send_request(ServerRequest::CreateMessageRequest(asked)).await,
                )?
            }
            "test_elicitation" => {
                let properties =
                    json!({ "username": { "type": "string" }, "email": { "type": "string" } });
                let message = argument("message")?;
                elicited(context, form(message, properties, &["username", "email"])).await?
            }
            "test_elicitation_sep1034_defaults" => {
                let properties = json!({
                    "name": { "type": "string", "default": "John Doe" },
                    "age": { "type": "integer", "default": 30 },
                    "score": { "type": "number", "default": 95.5 },
                    "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                    "verified": { "type": "boolean", "default": true },
                });
                elicited(context, form("Defaults?", properties, &[])).await?
            }
            "test_elicitation_sep1330_enums" => {
                let plain = ["option1", "option2", "option3"];
                let titled = json!([
                    { "const": "value1", "title": "First" },
                    { "const": "value2", "title": "Second" },
                    { "const": "value3", "title": "Third" },
                ]);
                let properties = json!({
                    "untitledSingle": { "type": "string", "enum": plain },
                    "titledSingle": { "type": "string", "oneOf": titled },
                    "legacyEnum": {
                        "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"],
                    },
                    "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
                    "titledMulti": { "type": "array", "items": { "anyOf": titled } },
                });
                elicited(context, form("Which?", properties, &[])).await?
            }
            "json_schema_2020_12_tool" => vec![ContentBlock::text("taken")],
            "test_missing_capability" => {
                if declared(context).is_none_or(|capabilities| capabilities.sampling.is_none()) {
                    let sampling = ClientCapabilities::builder().enable_sampling().build();
                    return Err(ErrorData::missing_required_client_capability(sampling));
                }
                vec![ContentBlock::text("sampling is there")]
            }
            "test_streaming_elicitation" => {
                self.log(context, "about to ask").await;
                return ask(context, [("answer", one("Yes?", "ok", "boolean")?)], None);
            }
            "test_trigger_tool_change" | "test_trigger_prompt_change" => {
                let changed = match name {
                    "test_trigger_tool_change" => Changed::Tools,
                    _ => Changed::Prompts,
                };
                // Nobody may be listening.
                let _ = self.changes.send(changed);
                vec![ContentBlock::text("told")]
            }
            _ => return self.in_rounds(&request, context),
        };
        Ok(CallToolResult::success(content).into())
    }

    /// Tools that ask by their result, and are called again with the answers.
    fn in_rounds(
        &self,
        request: &CallToolRequestParams,
        context: &Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let given = |key: &str| request.input_responses.as_ref()?.get(key)?.as_object();
        let accepted = |key: &str| {
            given(key).and_then(|answer| answer.get("action")?.as_str()) == Some("accept")
        };
        let round = self.round(name, request.request_state.as_deref())?;
        let user = |message, answer| one(message, answer, "string");
        let model = |text| InputRequest::CreateMessage(CreateMessageRequest::new(prompt(text)));
        let roots = || InputRequest::ListRoots(ListRootsRequest::default());
        let next = |round| Some(self.sealed(name, round));
        match name.trim_start_matches("test_input_required_result_") {
            "elicitation" if !accepted("user_name") => {
                return ask(context, [("user_name", user("What is your name?", "name")?)], None);
            }
            "sampling" if given("capital_question").is_none() => {
                let question = model("What is the capital of France?");
                return ask(context, [("capital_question", question)], None);
            }
            "list_roots" if given("client_roots").is_none() => {
                return ask(context, [("client_roots", roots())], None);
            }
            "request_state" | "tampered_state" if round == 0 || !accepted("confirm") => {
                let confirm = one("Please confirm", "ok", "boolean")?;
                return ask(context, [("confirm", confirm)], next(1));
            }
            "multiple_inputs"
                if round == 0
                    || !accepted("user_name")
                    || given("greeting").is_none()
                    || given("client_roots").is_none() =>
            {
                let all = [
                    ("user_name", user("What is your name?", "name")?),
                    ("greeting", model("Generate a greeting")),
                    ("client_roots", roots()),
                ];
                return ask(context, all, next(1));
            }
            "multi_round" if round == 1 && accepted("step1") => {
                return ask(context, [("step2", user("And a colour?", "color")?)], next(2));
            }
            "multi_round" if round != 2 || !accepted("step2") => {
                return ask(context, [("step1", user("What is your name?", "name")?)], next(1));
            }
            "capabilities" if request.input_responses.is_none() => {
                let all =
                    [("name", user("What is your name?", "name")?), ("text", model("A text"))];
                return ask(context, all, None);
            }
            "elicitation" | "sampling" | "list_roots" | "request_state" | "tampered_state"
            | "multiple_inputs" | "multi_round" | "capabilities" => {}
            _ => return Err(ErrorData::invalid_params(format!("unknown tool: {name}"), None)),
        }
        let text = format!("state-ok: {}", json!(request.input_responses));
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }

    /// The round that a tool is in, for the client to carry.
    fn sealed(&self, tool: &str, round: u8) -> String {
        let tag = hmac::sign(&self.key, format!("{tool} {round}").as_bytes());
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{round}.{tag}")
    }

    fn round(&self, tool: &str, state: Option<&str>) -> Result<u8, ErrorData> {
        match state {
            None => Ok(0),
            // Timing tells nothing here: the key lives as long as one run of the suite.
            Some(state) => {
                (1..=2).find(|round| self.sealed(tool, *round) == state).ok_or_else(|| {
                    ErrorData::invalid_params("requestState is not what this server gave", None)
                })
            }
        }
    }

    /// Logs where the client has asked for it: by `logging/setLevel` once, by each request now.
    async fn log(&self, context: &Context, text: &str) {
        let wanted = match is_modern(context) {
            true => context.meta.log_level(),
            false => Some(*self.level.read().await),
        };
        if matches!(wanted, Some(LoggingLevel::Debug | LoggingLevel::Info)) {
            let note = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(text));
            let _ = context.peer.notify_logging_message(note).await;
        }
    }
}

/// Asks for what the client declares that it can give.
fn ask<const N: usize, R: From<InputRequiredResult>>(
    context: &Context,
    requests: [(&str, InputRequest); N],
    state: Option<String>,
) -> Result<R, ErrorData> {
    let declared = declared(context).unwrap_or_default();
    let mut possible = InputRequests::new();
    for (key, request) in requests {
        let can = match &request {
            InputRequest::Elicitation(_) => declared.elicitation.is_some(),
            InputRequest::CreateMessage(_) => declared.sampling.is_some(),
            InputRequest::ListRoots(_) => declared.roots.is_some(),
            _ => false,
        };
        if can {
            possible.insert(key.to_owned(), request);
        }
    }
    if possible.is_empty() {
        let wanted = ClientCapabilities::builder().enable_elicitation().build();
        return Err(ErrorData::missing_required_client_capability(wanted));
    }
    Ok(InputRequiredResult::new(Some(possible), state).into())
}

/// Asks the user by a request of the server's own, as the handshake era does.
async fn elicited(context: &Context, params: Value) -> Result<Vec<ContentBlock>, ErrorData> {
    let asked = ElicitRequest::new(parsed(params)?);
    answered(context.peer.send_request(ServerRequest::ElicitRequest(asked)).await)
}

fn answered(answer: Result<ClientResult, ServiceError>) -> Result<Vec<ContentBlock>, ErrorData> {
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(vec![ContentBlock::text(json!(answer).to_string())])
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|e| ErrorData::internal_error(e.to_string(), None))
}

fn declared(context: &Context) -> Option<ClientCapabilities> {
    context.client_capabilities()
}

fn is_modern(context: &Context) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        let mut info = ServerConfig::new(capabilities);
        info.server_info = Implementation::new("conformance-server", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = |(name, about): (&'static str, &'static str)| {
            Ok(Tool::new(name, about, Arc::new(parsed::<JsonObject>(schema(name))?)))
        };
        let tools = TOOLS.into_iter().map(listed).collect::<Result<_, ErrorData>>()?;
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, &context).await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = json!([
            { "name": "test_simple_prompt", "description": "A text" },
            {
                "name": "test_prompt_with_arguments",
                "description": "A text of two arguments",
                "arguments": [{ "name": "arg1", "required": true }, { "name": "arg2", "required": true }],
            },
            {
                "name": "test_prompt_with_embedded_resource",
                "description": "A resource",
                "arguments": [{ "name": "resourceUri", "required": true }],
            },
            { "name": "test_prompt_with_image", "description": "An image" },
            { "name": "test_input_required_result_prompt", "description": "Asks the user first" },
        ]);
        Ok(ListPromptsResult::with_all_items(parsed(prompts)?))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let argument = |key: &str| {
            let text = arguments.get(key).and_then(Value::as_str);
            text.ok_or_else(|| ErrorData::invalid_params(format!("{key} is missing"), None))
        };
        let content = match request.name.as_str() {
            "test_simple_prompt" => ContentBlock::text("a prompt"),
            "test_prompt_with_arguments" => {
                ContentBlock::text(format!("{} and {}", argument("arg1")?, argument("arg2")?))
            }
            "test_prompt_with_embedded_resource" => {
                ContentBlock::embedded_text(argument("resourceUri")?, "a resource")
            }
            "test_prompt_with_image" => ContentBlock::image(PNG, "image/png"),
            "test_input_required_result_prompt" => {
                match request.input_responses.as_ref().and_then(|all| all.get("user_context")) {
                    Some(given) => ContentBlock::text(given.to_string()),
                    None => {
                        let question = one("In which context?", "context", "string")?;
                        return ask(&context, [("user_context", question)], None);
                    }
                }
            }
            other => {
                return Err(ErrorData::invalid_params(format!("unknown prompt: {other}"), None));
            }
        };
        Ok(GetPromptResult::new(vec![PromptMessage::new(Role::User, content)]).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources = ["static-text", "static-binary", "watched-resource"];
        let listed = |name| Resource::new(format!("test://{name}"), name);
        Ok(ListResourcesResult::with_all_items(resources.map(listed).to_vec()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("test://template/{id}/data", "template");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri, id) {
            ("test://static-text" | "test://watched-resource", _) => {
                ResourceContents::text("a text", uri).with_mime_type("text/plain")
            }
            ("test://static-binary", _) => {
                ResourceContents::blob(PNG, uri).with_mime_type("image/png")
            }
            (_, Some(id)) => ResourceContents::text(json!({ "id": id }).to_string(), uri)
                .with_mime_type("application/json"),
            (_, None) => {
                let data = json!({ "uri": uri });
                return Err(ErrorData::resource_not_found("no such resource", Some(data)));
            }
        };
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    /// Accepted, and never used: no resource here changes.
    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let changed = tokio::select! {
                changed = changes.recv() => changed,
                () = context.cancelled() => return Ok(()),
            };
            // What the client has not asked for is refused there.
            let _ = match changed {
                Ok(Changed::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Changed::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(_) => return Ok(()),
            };
        }
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: Context,
    ) -> Result<(), ErrorData> {
        if is_modern(&context) {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        *self.level.write().await = request.level;
        Ok(())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let values = CompletionInfo::with_all_values(vec!["test".to_owned()]);
        let values = values.map_err(|error| ErrorData::internal_error(error, None))?;
        Ok(CompleteResult::new(values))
    }
}
