//! Commands over HTTP: one, or a list of up to a thousand.

use actix_web::http::header::{CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};
use commands::answer::{Answer, position_token};
use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::principals::Principal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::bodies;
use super::principals::{authenticate, header_text};
use super::rates::Class;
use super::{BATCH_LIMIT_BYTES, COMMAND_LIMIT_BYTES, problems};
use crate::app::App;

/// The most commands of one batch.
pub const BATCH_LIMIT: usize = 1_000;
/// How deep lists and objects may lie in each other.
pub const MAX_DEPTH: usize = 32;
/// The longest correlation or causation id.
const CORRELATION_LIMIT_CHARS: usize = 128;

/// What may stand behind the `?` of a command's URL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandParameters {
    #[serde(default)]
    dry_run: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchMember {
    name: String,
    idempotency_key: Option<String>,
    body: Value,
}

#[derive(Serialize)]
struct BatchResult {
    status: u16,
    body: Box<RawValue>,
}

/// `POST /commands/{name}`
pub async fn post_command(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let run = run_of(&request)?;
    let body = read_json(&request, body, COMMAND_LIMIT_BYTES).await?;
    let command = Request {
        ctx: context_of(&request, principal)?,
        name: name.into_inner(),
        body: parse_json(&body)?,
        key: header_text(&request, "idempotency-key").map(str::to_owned),
        run,
    };
    Ok(respond(&send(&app, &command).await?))
}

/// `POST /commands`
pub async fn post_batch(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let body = read_json(&request, body, BATCH_LIMIT_BYTES).await?;
    check_depth(&body)?;
    let members: Vec<Value> = serde_json::from_slice(&body).map_err(|error| {
        Refusal::malformed(
            "json-malformed",
            format!("the body is not a JSON list: {error}"),
        )
    })?;
    if members.len() > BATCH_LIMIT {
        let detail = format!("a batch has at most {BATCH_LIMIT} commands");
        return Err(Refusal::malformed("batch-too-long", detail).into());
    }
    // The first was counted with the request.
    let others = u32::try_from(members.len().saturating_sub(1)).unwrap_or(u32::MAX);
    app.rates.take(&principal, Class::Write, others)?;
    let ctx = context_of(&request, principal)?;
    let mut results = Vec::with_capacity(members.len());
    // One after the other: a later command of the same aggregate sees the earlier one.
    for member in members {
        results.push(run_member(&app, &ctx, member).await);
    }
    Ok(HttpResponse::Ok().json(serde_json::json!({ "results": results })))
}

/// Sends a command for somebody outside; one that reaches people is counted as such.
pub(super) async fn send(app: &App, request: &Request) -> Result<Answer, Error> {
    app.rates.take_command(request)?;
    app.dispatcher.dispatch(request).await
}

async fn run_member(app: &App, ctx: &Context, member: Value) -> BatchResult {
    let outcome = match serde_json::from_value::<BatchMember>(member) {
        Ok(member) => {
            let ctx = Context {
                command_id: Uuid::now_v7().to_string(),
                ..ctx.clone()
            };
            let command = Request {
                ctx,
                name: member.name,
                body: member.body,
                key: member.idempotency_key,
                run: Run::Real,
            };
            let outcome = send(app, &command).await;
            if let Err(error) = &outcome {
                let principal = &command.ctx.principal;
                let asker = (principal.tenant_id.as_str(), principal.id.as_str());
                app.access.note_refused(asker, &command.name, error);
            }
            outcome
        }
        Err(error) => {
            let detail = format!("each member is {{name, idempotency_key, body}}: {error}");
            Err(Refusal::malformed("batch-member-malformed", detail).into())
        }
    };
    let (status, body) = match outcome {
        Ok(answer) => (200, answer.body),
        Err(error) => (
            problems::status(&error).as_u16(),
            problems::body(&error).to_string(),
        ),
    };
    BatchResult {
        status,
        body: RawValue::from_string(body).unwrap_or_default(),
    }
}

pub(super) fn respond(answer: &Answer) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "application/json"));
    response.insert_header((ETAG, format!("\"{}\"", answer.sequence)));
    if let Some(position) = answer.position {
        response.insert_header(("X-Position", position_token(position)));
    }
    if answer.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.body(answer.body.clone())
}

fn run_of(request: &HttpRequest) -> Result<Run, Refusal> {
    let parameters =
        web::Query::<CommandParameters>::from_query(request.query_string()).map_err(|error| {
            Refusal::malformed(
                "parameter-unknown",
                format!("only dry_run is known here: {error}"),
            )
        })?;
    match parameters.dry_run.as_deref() {
        None | Some("false") => Ok(header_text(request, "x-approval-id")
            .map_or(Run::Real, |id| Run::Approved(id.to_owned()))),
        Some("true") => Ok(Run::Dry),
        Some(_) => Err(Refusal::malformed(
            "parameter-invalid",
            "dry_run is true or false",
        )),
    }
}

pub(super) fn context_of(request: &HttpRequest, principal: Principal) -> Result<Context, Refusal> {
    let command_id = Uuid::now_v7().to_string();
    let correlation_id =
        correlation(request, "x-correlation-id")?.unwrap_or_else(|| command_id.clone());
    let causation_id =
        correlation(request, "x-causation-id")?.unwrap_or_else(|| command_id.clone());
    Ok(Context {
        principal,
        now: Context::clock(),
        mode: Mode::Live,
        command_id,
        correlation_id,
        causation_id,
        if_match: if_match(request)?,
        source_address: request.peer_addr().map(|peer| peer.ip().to_string()),
    })
}

fn correlation(request: &HttpRequest, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = header_text(request, name) else {
        return Ok(None);
    };
    if value.len() > CORRELATION_LIMIT_CHARS || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail =
            format!("{name} is at most {CORRELATION_LIMIT_CHARS} visible ASCII characters");
        return Err(Refusal::malformed("header-invalid", detail));
    }
    Ok(Some(value.to_owned()))
}

fn if_match(request: &HttpRequest) -> Result<Option<i64>, Refusal> {
    let Some(value) = header_text(request, "if-match") else {
        return Ok(None);
    };
    let sequence = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|text| text.parse().ok());
    sequence.map(Some).ok_or_else(|| {
        Refusal::malformed(
            "header-invalid",
            "If-Match is the aggregate's sequence in quotes, for example \"3\"",
        )
    })
}

/// Reads a JSON body up to a limit.
pub(super) async fn read_json(
    request: &HttpRequest,
    body: web::Payload,
    limit: usize,
) -> Result<web::Bytes, Refusal> {
    let content_type = header_text(request, "content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::malformed(
            "content-type-unsupported",
            "send the body as application/json",
        ));
    }
    bodies::read(request, body, limit).await
}

pub(super) fn parse_json(body: &[u8]) -> Result<Value, Refusal> {
    check_depth(body)?;
    serde_json::from_slice(body).map_err(|error| {
        Refusal::malformed("json-malformed", format!("the body is not JSON: {error}"))
    })
}

/// Refused with 400 `json-malformed`, before anything is built of it.
fn check_depth(body: &[u8]) -> Result<(), Refusal> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        match (is_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => is_text = !is_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let detail = format!("lists and objects lie in each other at most {MAX_DEPTH} deep");
            return Err(Refusal::malformed("json-malformed", detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_too_deep_is_refused_and_what_only_looks_so_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        let refusal = parse_json(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert_eq!(refusal.code, "json-malformed");
        let quoted = format!(r#"{{ "a": "\\\"{}" }}"#, "[".repeat(100));
        assert!(parse_json(quoted.as_bytes()).is_ok(), "{quoted}");
    }
}
