//! The agents' part of the API's description.

use serde_json::{Map, Value, json};

use crate::http::openapi::responses;

/// The paths for agents.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let mut add = |path: &str, operations: Value| paths.insert(path.to_owned(), operations);
    let toolset = json!({ "name": "toolset", "in": "query", "schema": { "type": "string" },
        "description": "Toolsets between commas; `default` unless given, `all` for everything" });
    add(
        "/agents/tools",
        json!({ "get": {
        "operationId": "agents_list_tools", "summary": "The tools that this key may call, as models' APIs expect them",
        "tags": ["agents"],
        "parameters": [
            { "name": "format", "in": "query", "description": "`mcp` unless given",
              "schema": { "type": "string", "enum": ["openai", "anthropic", "mcp"] } },
            toolset,
        ],
        "responses": responses(json!({ "type": ["object", "array"] }), &["400", "401"]),
    } }),
    );
    add(
        "/agents/tools/{name}",
        json!({ "post": {
        "operationId": "agents_call_tool", "summary": "Calls a tool with the arguments that a model gave",
        "tags": ["agents"],
        "parameters": [
            { "name": "name", "in": "path", "required": true, "schema": { "type": "string" } },
            { "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string" },
              "description": "For tools that write, unless it is among the arguments" },
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": responses(json!({ "type": "object" }),
            &["400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "500", "503"]),
    } }),
    );
    add(
        "/mcp",
        json!({ "post": {
        "operationId": "mcp", "summary": "The Model Context Protocol over streamable HTTP, without sessions",
        "description": "2026-07-28 and the older versions. Pages of other origins are turned away.",
        "tags": ["agents"], "parameters": [toolset],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": responses(json!({ "type": "object" }), &["400", "401", "403", "405", "406", "413", "415"]),
    } }),
    );
    paths
}
