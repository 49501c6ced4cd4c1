//! Messages in Anthropic's style under `/anthropic`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde_json::{Value, json};

use super::{Messages, Said, broken, header, message, say};
use crate::sandbox::providers::Provider;
use crate::sandbox::store::{Shared, new_id};
use crate::sandbox::trials::Trial;

const ROLES: [&str; 2] = ["user", "assistant"];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/anthropic/v1")
            .route("/messages", web::post().to(complete))
            .default_service(web::to(no_such_path)),
    );
}

async fn complete(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: web::Bytes,
) -> HttpResponse {
    let shared = shared.into_inner();
    // Today's libraries sign in by bearer, older ones by a header of their own.
    let bearer = header(&request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(key) = bearer.or_else(|| header(&request, "x-api-key")) else {
        return error(401, "authentication_error", "an API key is required");
    };
    if header(&request, "anthropic-version").is_none() {
        return error(
            400,
            "invalid_request_error",
            "anthropic-version: header is required",
        );
    }
    let account = Provider::Anthropic.account_id(key);
    let trial = Trial::take(&shared, Provider::Anthropic, &account, "messages");
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let messages: Messages = match serde_json::from_slice(&body) {
        Ok(messages) => messages,
        Err(fault) => return error(400, "invalid_request_error", &fault.to_string()),
    };
    if messages.max_tokens.is_none() {
        return error(400, "invalid_request_error", "max_tokens: Field required");
    }
    if let Some(fault) = messages.fault(&ROLES) {
        return error(400, "invalid_request_error", fault);
    }
    let asked = messages.asked(account, message(&request));
    let response = match say(&shared, Provider::Anthropic, asked).await {
        Ok(said) => begin(StatusCode::OK).json(answer(&messages.model, said)),
        Err(error) => broken(&error),
    };
    trial.after(&request, response).await
}

fn answer(model: &str, said: Said) -> Value {
    let stop_reason = match (said.calls.as_slice(), said.is_cut_off) {
        _ if said.refuses => "refusal",
        ([_, ..], _) => "tool_use",
        ([], true) => "max_tokens",
        ([], false) => "end_turn",
    };
    let mut content = Vec::new();
    if !said.text.is_empty() {
        content.push(json!({"type": "text", "text": said.text, "citations": null}));
    }
    for (name, input) in said.calls {
        content
            .push(json!({"type": "tool_use", "id": new_id("toolu"), "name": name, "input": input}));
    }
    json!({
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {
            "input_tokens": said.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": said.output_tokens,
            "service_tier": "standard",
        },
    })
}

fn begin(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header(("request-id", new_id("req")));
    for (name, value) in [
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-tokens-limit", "400000"),
        ("anthropic-ratelimit-tokens-remaining", "399000"),
    ] {
        response.insert_header((name, value));
    }
    response
}

fn error(status: u16, kind: &str, message: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    begin(status).json(json!({"type": "error", "error": {"type": kind, "message": message}}))
}

async fn no_such_path() -> HttpResponse {
    error(404, "not_found_error", "Not found")
}
