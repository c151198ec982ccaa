//! A server that the Rust SDK makes, over stdio and in both eras, with part of what the conformance suite
//! asks for: another implementation than the one that is written frame by frame.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation, InputRequests, InputRequiredResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const SOUND: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

type Context = RequestContext<RoleServer>;

struct Server;

/// What the SDK makes of JSON: its types cannot be built otherwise from outside.
fn made<T: DeserializeOwned>(json: Value) -> Result<T, ErrorData> {
    serde_json::from_value(json).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// A tool's result. The SDK takes the type out again where the client is of the older era.
fn called(mut result: Value) -> Result<CallToolResponse, ErrorData> {
    result["resultType"] = json!("complete");
    made::<CallToolResult>(result).map(Into::into)
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn image() -> Value {
    json!({"type": "image", "data": PIXEL, "mimeType": "image/png"})
}

fn resource(uri: &str, mime: &str, text: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": text}})
}

/// A question for the user, until its answer is there.
fn question(key: &str, message: &str, field: &str) -> Result<InputRequiredResult, ErrorData> {
    let schema = json!({"type": "object", "properties": {field: {"type": "string"}}, "required": [field]});
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    let requests: InputRequests = made(json!({key: {"method": "elicitation/create", "params": params}}))?;
    Ok(InputRequiredResult::from_input_requests(requests))
}

/// The tools that give the same at every call.
fn constant(tool: &str) -> Option<Value> {
    Some(match tool {
        "test_simple_text" => json!({"content": [text("This is a simple text response for testing.")]}),
        "test_image_content" => json!({"content": [image()]}),
        "test_audio_content" => json!({"content": [{"type": "audio", "data": SOUND, "mimeType": "audio/wav"}]}),
        "test_embedded_resource" => {
            json!({"content": [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")]})
        }
        "test_multiple_content_types" => json!({"content": [
            text("Multiple content types test:"),
            image(),
            resource("test://mixed-content-resource", "application/json", "{\"test\":\"data\",\"value\":123}"),
        ]}),
        "test_error_handling" => json!({"content": [text("This tool intentionally returns an error for testing")], "isError": true}),
        _ => return None,
    })
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_completions()
            .build();
        ServerConfig::new(can).with_server_info(Implementation::new("rmcp", "1.0.0"))
    }

    async fn list_tools(&self, _: Option<PaginatedRequestParams>, _: Context) -> Result<ListToolsResult, ErrorData> {
        let names = [
            "test_simple_text",
            "test_image_content",
            "test_audio_content",
            "test_embedded_resource",
            "test_multiple_content_types",
            "test_error_handling",
            "test_tool_with_progress",
            "test_input_required_result_elicitation",
        ];
        let tool =
            |name| json!({"name": name, "description": "A tool of the suite's.", "inputSchema": {"type": "object", "properties": {}}});
        made(json!({"tools": names.map(tool), "ttlMs": 0, "cacheScope": "public", "resultType": "complete"}))
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: Context) -> Result<CallToolResponse, ErrorData> {
        if let Some(result) = constant(&request.name) {
            return called(result);
        }
        match request.name.as_ref() {
            "test_tool_with_progress" => {
                for progress in [0.0, 50.0, 100.0] {
                    if let Some(token) = context.meta.get_progress_token() {
                        let told = ProgressNotificationParam::new(token, progress).with_total(100.0);
                        let sent = context.peer.notify_progress(told).await;
                        sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                    }
                }
                called(json!({"content": [text("Tool with progress executed successfully")]}))
            }
            "test_input_required_result_elicitation" => {
                let answers = request.input_responses.unwrap_or_default();
                match answers.get("user_name").map(|answer| answer["content"]["name"].as_str()) {
                    None => Ok(question("user_name", "What is your name?", "name")?.into()),
                    Some(None) => Err(ErrorData::invalid_params("the answer has no name", None)),
                    Some(Some(name)) => called(json!({"content": [text(&format!("Hello, {name}!"))]})),
                }
            }
            _ => Err(ErrorData::invalid_params("no such tool", None)),
        }
    }

    async fn list_prompts(&self, _: Option<PaginatedRequestParams>, _: Context) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |name: &str, arguments: &[&str]| {
            let arguments: Vec<_> = arguments
                .iter()
                .map(|name| json!({"name": name, "description": "Text.", "required": true}))
                .collect();
            json!({"name": name, "description": "A prompt of the suite's.", "arguments": arguments})
        };
        let prompts = [
            prompt("test_simple_prompt", &[]),
            prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
            prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
            prompt("test_prompt_with_image", &[]),
        ];
        made(json!({"prompts": prompts, "ttlMs": 0, "cacheScope": "public", "resultType": "complete"}))
    }

    async fn get_prompt(&self, request: GetPromptRequestParams, _: Context) -> Result<GetPromptResponse, ErrorData> {
        let given = Value::Object(request.arguments.unwrap_or_default());
        let argument = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        let contents = match request.name.as_str() {
            "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
            "test_prompt_with_arguments" => {
                let said = format!("Prompt with arguments: arg1='{}', arg2='{}'", argument("arg1"), argument("arg2"));
                vec![text(&said)]
            }
            "test_prompt_with_embedded_resource" => vec![
                resource(&argument("resourceUri"), "text/plain", "Embedded resource content for testing."),
                text("Please process the embedded resource above."),
            ],
            "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
            _ => return Err(ErrorData::invalid_params("no such prompt", None)),
        };
        let messages: Vec<_> = contents.iter().map(|content| json!({"role": "user", "content": content})).collect();
        Ok(made::<GetPromptResult>(json!({"messages": messages, "resultType": "complete"}))?.into())
    }

    async fn list_resources(&self, _: Option<PaginatedRequestParams>, _: Context) -> Result<ListResourcesResult, ErrorData> {
        let resource = |name, mime| json!({"uri": format!("test://{name}"), "name": name, "description": "A resource.", "mimeType": mime});
        let resources = [resource("static-text", "text/plain"), resource("static-binary", "image/png")];
        made(json!({"resources": resources, "ttlMs": 0, "cacheScope": "public", "resultType": "complete"}))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = json!({"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"});
        made(json!({"resourceTemplates": [template], "ttlMs": 0, "cacheScope": "public", "resultType": "complete"}))
    }

    async fn read_resource(&self, request: ReadResourceRequestParams, _: Context) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        let content = match (uri.as_str(), id) {
            ("test://static-text", _) => {
                json!({"uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource."})
            }
            ("test://static-binary", _) => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
            (_, Some(id)) => {
                let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()})
            }
            _ => return Err(ErrorData::resource_not_found("no such resource", Some(json!({"uri": uri})))),
        };
        let result = json!({"contents": [content], "ttlMs": 0, "cacheScope": "public", "resultType": "complete"});
        Ok(made::<ReadResourceResult>(result)?.into())
    }

    async fn complete(&self, _: CompleteRequestParams, _: Context) -> Result<CompleteResult, ErrorData> {
        let values = CompletionInfo::new(vec!["paris".into(), "park".into()]);
        values
            .map(CompleteResult::new)
            .map_err(|error| ErrorData::internal_error(error, None))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Server.serve(rmcp::transport::stdio()).await?.waiting().await?;
    Ok(())
}
