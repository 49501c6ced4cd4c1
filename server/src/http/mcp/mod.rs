//! The Model Context Protocol at `/mcp`: streamable HTTP without sessions, in the protocol of 2026-07-28 and the older ones.
//! The transport is the official library's; this file only carries requests over to it, since it speaks another version of
//! the `http` types, and says who is calling.

mod handler;

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::error::Error;
use http_body_util::{BodyExt, Full, Limited};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use self::handler::Handler;
use super::agents::calls::Caller;
use super::agents::toolsets;
use super::bodies;
use super::commands::context_of;
use super::principals::{authenticate, header_text};
use super::request_log::current_instance;
use super::{COMMAND_LIMIT_BYTES, problems};
use crate::app::App;

/// The largest answer, in bytes: a page of 200 records, with room.
const ANSWER_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// By which names this machine may always be called; others come from the public URL.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What may stand behind the `?`.
#[derive(serde::Deserialize)]
struct Parameters {
    toolset: Option<String>,
}

/// `POST /mcp`, and the refusal of every other method.
pub async fn serve(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let parameters = web::Query::<Parameters>::from_query(request.query_string())
        .map_err(|error| Refusal::malformed("parameters-malformed", error.to_string()))?;
    let tools = toolsets::choose(parameters.toolset.as_deref(), &principal)?;
    let caller = Caller {
        app: app.clone(),
        ctx: context_of(&request, principal)?,
        idempotency_key: None,
    };
    let handler = Handler {
        caller,
        tools: Arc::from(tools),
        instance: current_instance(),
    };
    let make = move || Ok(handler.clone());
    let service =
        StreamableHttpService::new(make, Arc::new(NeverSessionManager::default()), config(&app));
    let bridged = carry_over(&request, body).await?;
    carry_back(service.handle(bridged).await).await
}

/// Nothing is remembered between calls, answers are whole, and pages of other origins are turned away.
fn config(app: &App) -> StreamableHttpServerConfig {
    let public = app.public_url.parse::<Uri>().ok();
    let authority = public.as_ref().and_then(Uri::authority);
    let hosts = LOOPBACK.iter().map(|host| (*host).to_owned());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(COMMAND_LIMIT_BYTES)
        .with_cancellation_token(app.closing.child_token())
        .with_allowed_hosts(hosts.chain(authority.map(ToString::to_string)))
        .enforce_origin_validation();
    match (authority, public.as_ref().and_then(Uri::scheme_str)) {
        (Some(authority), Some(scheme)) => {
            config.with_allowed_origins([format!("{scheme}://{authority}")])
        }
        _ => config,
    }
}

/// The request in the library's types. Its credential stays here: nothing behind this line needs it.
async fn carry_over(
    request: &HttpRequest,
    body: web::Payload,
) -> Result<http::Request<Full<web::Bytes>>, problems::Problem> {
    let body = bodies::read(request, body, COMMAND_LIMIT_BYTES).await?;
    let mut bridged = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().path());
    let host =
        header_text(request, "host").unwrap_or_else(|| request.uri().host().unwrap_or_default());
    bridged = bridged.header(http::header::HOST, host);
    for (name, value) in request.headers() {
        if name != AUTHORIZATION && name.as_str() != "host" {
            bridged = bridged.header(name.as_str(), value.as_bytes());
        }
    }
    bridged
        .body(Full::new(body))
        .map_err(|error| Refusal::malformed("request-malformed", error.to_string()).into())
}

async fn carry_back<B>(answer: http::Response<B>) -> problems::Answer
where
    B: http_body_util::BodyExt<Data = web::Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = answer.into_parts();
    let foreign =
        |error: &dyn std::fmt::Display| Error::internal(format!("an answer of MCP: {error}"));
    let status = StatusCode::from_u16(parts.status.as_u16()).map_err(|error| foreign(&error))?;
    let mut response = HttpResponse::build(status);
    for (name, value) in &parts.headers {
        let name =
            HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|error| foreign(&error))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| foreign(&error))?;
        response.append_header((name, value));
    }
    response
        .insert_header(("cache-control", "no-store"))
        .insert_header(("vary", "authorization"));
    let whole = Limited::new(body, ANSWER_LIMIT_BYTES).collect().await;
    let whole = whole
        .map_err(|error| Error::internal(format!("the answer of a tool: {error}")))?
        .to_bytes();
    if status.is_client_error() && !is_json(&parts.headers) {
        let detail = String::from_utf8_lossy(&whole).into_owned();
        return Err(turned_away(status, detail).into());
    }
    Ok(response.body(whole))
}

fn is_json(headers: &http::HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// What the transport refuses in plain words, as every other path of ours refuses it.
fn turned_away(status: StatusCode, detail: String) -> Refusal {
    match status {
        StatusCode::FORBIDDEN => Refusal::forbidden("origin-refused", detail),
        StatusCode::METHOD_NOT_ALLOWED => Refusal::malformed("method-not-allowed", detail),
        StatusCode::NOT_ACCEPTABLE => Refusal::malformed("not-acceptable", detail),
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::malformed("body-too-large", detail),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Refusal::malformed("content-type-unsupported", detail)
        }
        _ => Refusal::malformed("request-malformed", detail),
    }
}
