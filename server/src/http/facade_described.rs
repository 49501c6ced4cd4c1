//! The part of the API's description that existing clients call: `/api`, and webhooks that name no tenant.

use serde_json::{Map, Value, json};

use super::facade::{COMMANDS, QUERIES, WEBHOOKS};
use super::openapi::responses;

/// The paths of the façade.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for name in COMMANDS {
        paths.insert(
            format!("/api/commands/{name}"),
            json!({ "post": command(name) }),
        );
    }
    for name in QUERIES {
        paths.insert(
            format!("/api/queries/{name}"),
            json!({ "get": query(name) }),
        );
    }
    for name in WEBHOOKS {
        paths.insert(
            format!("/webhooks/{name}"),
            json!({ "post": webhook(name) }),
        );
    }
    paths
}

/// Who may call: a key, or nobody in particular where the tenant is open to the caller's origin or address.
fn security() -> Value {
    json!([{ "key": [] }, { "api_key": [] }, {}])
}

fn command(name: &str) -> Value {
    json!({
        "operationId": format!("api_{}", name.replace('-', "_")), "summary": format!("{name}, for existing clients"),
        "description": format!("The body of `POST /commands/{name}`; fields that it does not know are ignored. The fields of \
            `result` also stand on top. Without a credential only where the tenant's setting open_to lets the caller in."),
        "tags": ["facade"], "security": security(),
        "parameters": [{ "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "Made up when absent" }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": responses(json!({ "$ref": "#/components/schemas/Answer" }),
            &["400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"]),
    })
}

fn query(name: &str) -> Value {
    json!({
        "operationId": format!("api_{}", name.replace('-', "_")), "summary": format!("{name}, for existing clients"),
        "description": format!("The parameters of `GET /queries/{name}`; others are ignored. A list is a bare array."),
        "tags": ["facade"], "security": security(),
        "responses": responses(json!({ "type": ["array", "object"] }), &["400", "401", "403", "404", "500", "503"]),
    })
}

fn webhook(name: &str) -> Value {
    json!({
        "operationId": format!("webhook_{name}"), "summary": format!("A webhook of {name}'s that names no tenant"),
        "description": "For the tenant that the host is bound to; signed as the provider signs.",
        "tags": ["facade"], "security": [],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": { "200": { "description": "Kept" }, "400": { "$ref": "#/components/responses/Problem" },
            "401": { "$ref": "#/components/responses/Problem" }, "404": { "$ref": "#/components/responses/Problem" },
            "413": { "$ref": "#/components/responses/Problem" } },
    })
}
