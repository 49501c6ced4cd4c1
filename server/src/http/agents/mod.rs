//! What agents without MCP use: the catalogue of tools in the shape that their model's API expects, and calling one by plain
//! HTTP. The catalogue is the same as that of MCP.

pub mod calls;
pub mod described;
mod figures;
mod flat;
pub mod own;
pub mod schemas;
pub mod tools;
pub mod toolsets;
pub mod words;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use identity::principals::Principal;
use serde::Deserialize;
use serde_json::{Value, json};

use self::calls::Caller;
use self::tools::Tool;
use super::commands::{context_of, parse_json, read_json};
use super::principals::{authenticate, header_text};
use super::{COMMAND_LIMIT_BYTES, problems};
use crate::app::App;

/// What may stand behind the `?` of the catalogue's URL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    format: Option<String>,
    toolset: Option<String>,
}

/// `GET /agents/tools`
pub async fn list_tools(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let parameters =
        web::Query::<Parameters>::from_query(request.query_string()).map_err(|error| {
            let detail = format!("format and toolset are known here: {error}");
            Refusal::malformed("parameter-unknown", detail)
        })?;
    let tools = toolsets::choose(parameters.toolset.as_deref(), &principal)?;
    let body = match parameters.format.as_deref().unwrap_or("mcp") {
        "mcp" => json!({ "tools": tools.iter().map(|tool| for_mcp(tool)).collect::<Vec<_>>() }),
        "openai" => tools.iter().map(|tool| for_openai(tool)).collect(),
        "anthropic" => tools.iter().map(|tool| for_anthropic(tool)).collect(),
        _ => {
            let detail = "format is openai, anthropic or mcp";
            return Err(Refusal::malformed("parameter-invalid", detail).into());
        }
    };
    Ok(private().json(body))
}

/// `POST /agents/tools/{name}`: arguments in, the tool's answer out; refusals are problems.
pub async fn call_tool(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let tool = find(&name, &principal)?;
    let body = parse_json(&read_json(&request, body, COMMAND_LIMIT_BYTES).await?)?;
    let Value::Object(arguments) = body else {
        return Err(Refusal::malformed(
            "arguments-malformed",
            "a tool's arguments are a JSON object",
        )
        .into());
    };
    let caller = Caller {
        app: app.clone(),
        ctx: context_of(&request, principal)?,
        idempotency_key: header_text(&request, "idempotency-key").map(str::to_owned),
    };
    Ok(private().json(caller.call(tool, arguments).await?))
}

/// The tool of this name. Refused with 404 `tool-unknown`.
pub fn find(name: &str, principal: &Principal) -> Result<&'static Tool, Refusal> {
    tools::find(name, principal).ok_or_else(|| {
        let detail =
            format!("there is no tool {name:?} for you; toolset=all lists those that there are");
        Refusal::not_found("tool-unknown", detail)
    })
}

/// As `tools/list` has it.
pub fn for_mcp(tool: &Tool) -> Value {
    json!({ "name": tool.name, "title": tool.title, "description": tool.description, "inputSchema": tool.input,
        "outputSchema": tool.output, "annotations": tool.hints() })
}

/// As OpenAI's chat completions have it, and all that speak like them.
fn for_openai(tool: &Tool) -> Value {
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.input } })
}

/// As Anthropic's messages have it.
fn for_anthropic(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.input })
}

/// Answers that depend on the key and hold what nobody else may see.
fn private() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("cache-control", "no-store"))
        .insert_header(("vary", "authorization"));
    response
}
