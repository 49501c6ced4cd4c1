//! The chat's part of the API's description.

use serde_json::{Map, Value, json};

use super::{MAX_MESSAGE_CHARS, limits};
use crate::http::openapi::responses;

/// The paths of the chat.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let mut add = |path: &str, operations: Value| paths.insert(path.to_owned(), operations);
    add(
        "/chat/{tenant}/messages",
        json!({ "post": write(), "get": history() }),
    );
    add("/chat/{tenant}/read", json!({ "post": read() }));
    add("/chat/{tenant}/stream", json!({ "get": stream() }));
    add(
        "/chat/{tenant}",
        json!({ "get": page("chat_page", "A page with the chat", "text/html", vec![tenant()]) }),
    );
    add(
        "/chat/widget.js",
        json!({ "get": page("chat_widget", "The widget", "text/javascript", Vec::new()) }),
    );
    paths
}

fn write() -> Value {
    let schema = json!({
        "type": "object", "required": ["id", "content"], "additionalProperties": false,
        "properties": {
            "id": { "type": "string", "format": "uuid",
                "description": "A random UUID (version 4), the same for every attempt" },
            "content": { "type": "string", "maxLength": MAX_MESSAGE_CHARS },
            "name": { "type": ["string", "null"], "description": "What the visitor is called" },
            "email": { "type": ["string", "null"], "description": "How to reach them" },
        },
    });
    let answer = json!({
        "type": "object", "required": ["message_id", "session", "session_expires_at"],
        "properties": { "message_id": { "type": ["string", "null"] }, "session": { "type": "string" },
            "session_expires_at": { "type": "string" } },
    });
    json!({
        "operationId": "chat_write", "summary": "A visitor writes",
        "description": format!("Without a session it opens one. The same id again changes nothing. At most {} messages of \
            one visitor at once.", limits::MESSAGES.burst),
        "tags": ["chat"], "security": [{}, { "key": [] }], "parameters": [tenant()],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": responses(answer, &["400", "401", "403", "404", "409", "413", "415", "422", "429"]),
    })
}

fn history() -> Value {
    let answer = json!({
        "type": "object", "required": ["messages", "has_older", "last_event_id"],
        "properties": { "messages": { "type": "array", "items": { "type": "object" } },
            "has_older": { "type": "boolean" }, "last_event_id": { "type": "string" } },
    });
    json!({
        "operationId": "chat_history", "summary": "The visitor's own thread, the newest message last", "tags": ["chat"],
        "parameters": [tenant(), { "name": "before", "in": "query", "schema": { "type": "string" },
            "description": "The id of the oldest message that is known" }],
        "responses": responses(answer, &["400", "401", "403", "404", "429"]),
    })
}

fn read() -> Value {
    let schema = json!({
        "type": "object", "required": ["message_id"], "additionalProperties": false,
        "properties": { "message_id": { "type": "string" } },
    });
    let mut responses = responses(
        json!({}),
        &["400", "401", "403", "404", "413", "415", "429"],
    );
    if let Value::Object(responses) = &mut responses {
        responses.remove("200");
        responses.insert("204".to_owned(), json!({ "description": "Noted" }));
    }
    json!({
        "operationId": "chat_read", "summary": "The visitor has seen an answer", "tags": ["chat"],
        "parameters": [tenant()],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": responses,
    })
}

fn stream() -> Value {
    let mut responses = responses(json!({}), &["400", "401", "403", "404", "429"]);
    responses["200"] =
        json!({ "description": "The stream", "content": { "text/event-stream": {} } });
    json!({
        "operationId": "chat_stream", "summary": "Messages of the visitor's thread, and how they stand, as they come",
        "tags": ["chat"],
        "parameters": [tenant(), { "name": "Last-Event-ID", "in": "header", "required": false,
            "description": "Resume behind this event", "schema": { "type": "string" } }],
        "responses": responses,
    })
}

fn page(id: &str, summary: &str, content_type: &str, parameters: Vec<Value>) -> Value {
    json!({
        "operationId": id, "summary": summary, "tags": ["chat"], "security": [], "parameters": parameters,
        "responses": { "200": { "description": "As said", "content": { content_type: {} } },
            "404": { "$ref": "#/components/responses/Problem" } },
    })
}

fn tenant() -> Value {
    json!({ "name": "tenant", "in": "path", "required": true, "schema": { "type": "string" },
        "description": "The tenant's slug" })
}
