//! The OpenAPI 3.1 description, made from the registries, so that it cannot fall behind them.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use commands::registry::{self, Command, FactorDemand};
use queries::registry::{self as query_registry, Query, Shape};
use serde_json::{Map, Value, json};

use super::components::Components;
use super::{
    agents, auth, bulk, bulk_runs, chat, facade_described, files, imports, oauth, operations,
    problems, tenant_exports,
};

/// `GET /openapi.json`
pub async fn get_openapi() -> problems::Answer {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str()))
}

/// The whole description.
pub fn document() -> Value {
    let own = [("Problem", problem_schema()), ("Answer", answer_schema())];
    let own = own.map(|(name, schema)| (name.to_owned(), schema));
    let mut components = Components::new(own.into_iter().collect());
    let mut paths = Map::new();
    for command in registry::public() {
        let operation = command_operation(command, &mut components);
        paths.insert(
            format!("/commands/{}", command.name),
            json!({ "post": operation }),
        );
    }
    for query in query_registry::list() {
        let operation = query_operation(query, &mut components);
        paths.insert(
            format!("/queries/{}", query.entry.name),
            json!({ "get": operation }),
        );
    }
    paths.extend(fixed_paths());
    paths.extend(operations::paths());
    paths.extend(agents::described::paths());
    paths.extend(auth::described::paths());
    paths.extend(oauth::described::paths());
    paths.extend(chat::described::paths());
    paths.extend(facade_described::paths());
    paths.extend(files::paths());
    paths.extend(imports::paths());
    paths.extend(bulk::paths());
    paths.extend(bulk_runs::paths());
    paths.extend(tenant_exports::paths());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport", "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands change things and answer the same for the same Idempotency-Key; queries read.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "key": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer" },
                "api_key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-rapport",
                    "description": "From POST /auth/sign-in; called `rapport` over plain http. What changes something \
                        must come from our own pages, as `Origin` or `Sec-Fetch-Site` say." },
            },
            "schemas": components.into_schemas(),
            "responses": { "Problem": {
                "description": "Refused or failed; `code` says why",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
    })
}

fn command_operation(command: &Command, components: &mut Components) -> Value {
    let schema = command.json_schema().cloned().unwrap_or_default();
    let schema = components.adopt(command.name, schema);
    json!({
        "operationId": command.name.replace('-', "_"), "summary": command.title(),
        "description": command.description(), "tags": ["commands"],
        "x-permission": command.permission, "x-risk": command.risk,
        "x-fresh-factor": command.factor == FactorDemand::Fresh,
        "parameters": [
            header("Idempotency-Key", "Made new for each intent; repeating it repeats the answer, not the effect", Need::Required),
            header("X-Approval-Id", "Under which approval an agent sends the call again", Need::Optional),
            header("If-Match", "The sequence the aggregate must have, in quotes", Need::Optional),
            header("X-Correlation-Id", "Joins what belongs together", Need::Optional),
            header("X-Causation-Id", "What caused this command", Need::Optional),
            { "name": "dry_run", "in": "query", "schema": { "type": "string", "enum": ["true", "false"] },
              "description": "Validate and decide, write nothing" },
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": responses(json!({ "$ref": "#/components/schemas/Answer" }),
            &["400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "500", "503"]),
    })
}

fn query_operation(query: &Query, components: &mut Components) -> Value {
    let params_schema = components.adopt(query.entry.name, query.params_schema.clone());
    let required: Vec<&str> = params_schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut parameters: Vec<Value> = params_schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            json!({ "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": schema })
        })
        .collect();
    parameters.push(header(
        "X-Read-After",
        "Wait (2 s at most) until this position can be read",
        Need::Optional,
    ));
    let item = components.adopt(query.entry.name, (query.entry.item)());
    let answer = match query.entry.shape {
        Shape::List => json!({
            "type": "object", "required": ["items", "next_cursor", "as_of"],
            "properties": { "items": { "type": "array", "items": item },
                "next_cursor": { "type": ["string", "null"] }, "as_of": { "type": "string" } },
        }),
        Shape::One => json!({
            "type": "object", "required": ["item", "as_of"],
            "properties": { "item": item, "as_of": { "type": "string" } },
        }),
    };
    json!({
        "operationId": query.entry.name.replace('-', "_"), "summary": query.entry.title,
        "description": query.entry.description, "tags": ["queries"], "x-permission": query.entry.permission,
        "parameters": parameters,
        "responses": responses(answer, &["304", "400", "401", "403", "404", "500", "503"]),
    })
}

fn fixed_paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let open = |summary: &str, tag: &str| {
        json!({ "get": { "summary": summary, "tags": [tag], "security": [],
            "responses": { "200": { "description": "As said" }, "503": { "$ref": "#/components/responses/Problem" } } } })
    };
    paths.insert(
        "/healthz".to_owned(),
        open("Whether the process lives", "operations"),
    );
    paths.insert(
        "/readyz".to_owned(),
        open("Whether it can serve", "operations"),
    );
    paths.insert(
        "/schemas/commands".to_owned(),
        open("All commands", "schemas"),
    );
    paths.insert(
        "/schemas/queries".to_owned(),
        open("All queries", "schemas"),
    );
    paths.insert("/commands".to_owned(), json!({ "post": {
        "summary": "Up to 1,000 commands, one after the other, each on its own", "tags": ["commands"],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "array", "maxItems": 1000, "items": { "type": "object", "required": ["name", "idempotency_key", "body"],
                "properties": { "name": { "type": "string" }, "idempotency_key": { "type": "string" },
                    "body": { "type": "object" } } } } } } },
        "responses": responses(json!({ "type": "object", "required": ["results"] }), &["400", "401", "413", "415"]),
    } }));
    paths.insert("/stream".to_owned(), json!({ "get": {
        "summary": "Changes as server-sent events", "tags": ["queries"],
        "parameters": [
            { "name": "topics", "in": "query", "schema": { "type": "string" }, "description": "Comma-separated; all when absent" },
            header("Last-Event-ID", "Resume behind this position", Need::Optional),
        ],
        "responses": { "200": { "description": "The stream", "content": { "text/event-stream": {} } },
            "400": { "$ref": "#/components/responses/Problem" }, "401": { "$ref": "#/components/responses/Problem" } },
    } }));
    paths
}

enum Need {
    Optional,
    Required,
}

fn header(name: &str, description: &str, need: Need) -> Value {
    json!({ "name": name, "in": "header", "required": matches!(need, Need::Required), "description": description,
        "schema": { "type": "string" } })
}

pub(super) fn responses(answer: Value, problems: &[&str]) -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "Done", "content": { "application/json": { "schema": answer } } }),
    );
    for status in problems {
        let response = match *status {
            "304" => json!({ "description": "Not changed" }),
            _ => json!({ "$ref": "#/components/responses/Problem" }),
        };
        responses.insert((*status).to_owned(), response);
    }
    Value::Object(responses)
}

fn problem_schema() -> Value {
    json!({
        "type": "object", "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
            "detail": { "type": "string" }, "instance": { "type": ["string", "null"] }, "code": { "type": "string" },
            "errors": { "type": "array", "items": { "type": "object", "properties": {
                "pointer": { "type": "string" }, "code": { "type": "string" }, "message": { "type": "string" } } } },
            "alternatives": { "type": "array" },
        },
    })
}

fn answer_schema() -> Value {
    json!({
        "type": "object",
        "required": ["command_id", "aggregate_type", "aggregate_id", "sequence", "position", "events", "result"],
        "properties": {
            "command_id": { "type": "string" }, "aggregate_type": { "type": "string" },
            "aggregate_id": { "type": "string" }, "sequence": { "type": "integer" },
            "position": { "type": ["string", "null"] },
            "events": { "type": "array", "items": { "type": "object" } }, "result": { "type": "object" },
        },
    })
}
