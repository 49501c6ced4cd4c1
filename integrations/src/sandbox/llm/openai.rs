//! Chat completions in OpenAI's style under `/openai`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde_json::{Value, json};

use super::{Messages, Said, broken, header, message, say};
use crate::sandbox::providers::Provider;
use crate::sandbox::store::{Shared, new_id, now_unix};
use crate::sandbox::trials::Trial;

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/openai/v1")
            .route("/chat/completions", web::post().to(complete))
            .default_service(web::to(no_such_path)),
    );
}

async fn complete(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: web::Bytes,
) -> HttpResponse {
    let shared = shared.into_inner();
    let key = header(&request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(key) = key.filter(|key| key.starts_with("sk-")) else {
        let message = "Incorrect API key provided.";
        return error(
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
            message,
        );
    };
    let account = Provider::OpenAi.account_id(key);
    let trial = Trial::take(&shared, Provider::OpenAi, &account, "chat/completions");
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let messages: Messages = match serde_json::from_slice(&body) {
        Ok(messages) => messages,
        Err(fault) => return error(400, "invalid_request_error", None, &fault.to_string()),
    };
    if let Some(fault) = messages.fault(&ROLES) {
        return error(400, "invalid_request_error", None, fault);
    }
    let asked = messages.asked(account, message(&request));
    let response = match say(&shared, Provider::OpenAi, asked).await {
        Ok(said) => begin(StatusCode::OK).json(answer(&messages.model, said)),
        Err(error) => broken(&error),
    };
    trial.after(&request, response).await
}

fn answer(model: &str, said: Said) -> Value {
    let finish_reason = match (said.calls.as_slice(), said.is_cut_off) {
        ([_, ..], _) => "tool_calls",
        ([], true) => "length",
        ([], false) => "stop",
    };
    let is_silent = said.refuses || (said.text.is_empty() && !said.calls.is_empty());
    let refusal = said.refuses.then_some(said.text.as_str());
    let refusal = json!(refusal);
    let content = if is_silent {
        Value::Null
    } else {
        Value::String(said.text)
    };
    let mut message =
        json!({"role": "assistant", "content": content, "refusal": refusal, "annotations": []});
    if !said.calls.is_empty() {
        let calls = said.calls.into_iter().map(|(name, arguments)| {
            let arguments = match arguments {
                Value::String(raw) => raw,
                arguments => arguments.to_string(),
            };
            json!({"id": new_id("call"), "type": "function",
                "function": {"name": name, "arguments": arguments}})
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": new_id("chatcmpl"),
        "object": "chat.completion",
        "created": now_unix(),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": said.input_tokens,
            "completion_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        },
        "service_tier": "default",
    })
}

fn begin(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header(("x-request-id", new_id("req")));
    for (name, value) in [
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-tokens", "1999900"),
        ("x-ratelimit-reset-tokens", "3ms"),
    ] {
        response.insert_header((name, value));
    }
    response
}

fn error(status: u16, kind: &str, code: Option<&str>, message: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    begin(status)
        .json(json!({"error": {"message": message, "type": kind, "param": null, "code": code}}))
}

async fn no_such_path(request: HttpRequest) -> HttpResponse {
    let message = format!("Invalid URL ({} {})", request.method(), request.path());
    error(404, "invalid_request_error", None, &message)
}
