//! `/auth/openid/*` as the OpenAPI document tells of it.

use serde_json::{Map, Value, json};

use crate::http::openapi::responses;

/// The paths.
pub fn paths() -> Map<String, Value> {
    let found = json!({
        "type": "object", "required": ["items"], "properties": { "items": { "type": "array", "items": {
            "type": "object", "required": ["tenant", "title"],
            "properties": { "tenant": { "type": "string" }, "title": { "type": "string", "description": "On the button" } },
        } } },
    });
    let mut paths = Map::new();
    paths.insert(
        "/auth/openid".to_owned(),
        operation(
            "list_sign_in_providers",
            "By which OpenID Connect provider people of a tenant sign in; of the only tenant when none is named",
            &[("tenant", false)],
            responses(found, &["400", "409", "429", "500", "503"]),
        ),
    );
    paths.insert(
        "/auth/openid/start".to_owned(),
        operation(
            "start_sign_in_by_provider",
            "Go to the provider to sign in; a page for browsers",
            &[("tenant", true), ("return_to", false)],
            redirects(),
        ),
    );
    paths.insert(
        "/auth/openid/callback".to_owned(),
        operation(
            "end_sign_in_by_provider",
            "Come back from the provider with a code; a page for browsers",
            &[
                ("state", false),
                ("code", false),
                ("iss", false),
                ("error", false),
            ],
            redirects(),
        ),
    );
    paths
}

fn operation(name: &str, summary: &str, parameters: &[(&str, bool)], responses: Value) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(name, required)| {
            json!({ "name": name, "in": "query", "required": required, "schema": { "type": "string" } })
        })
        .collect();
    json!({ "get": {
        "operationId": name, "summary": summary, "tags": ["auth"], "security": [], "parameters": parameters,
        "responses": responses,
    } })
}

fn redirects() -> Value {
    let problems = ["400", "401", "403", "404", "409", "429", "500", "503"];
    let mut responses = responses(json!({}), &problems);
    if let Value::Object(responses) = &mut responses {
        responses.remove("200");
        let description =
            "Go on to `Location`; refusals go to the sign-in page where HTML is asked for";
        responses.insert("303".to_owned(), json!({ "description": description }));
    }
    responses
}
