//! Our stand-in for Stripe's API under `/stripe/v1`: authentication, idempotency keys, faults and errors as Stripe has
//! them. Stripe's own client libraries can be pointed at it.

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::sandbox::entries::{Answer, Entry};
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, Store, new_id, now_unix};
use crate::sandbox::stripe::errors::StripeError;
use crate::sandbox::stripe::params::Params;
use crate::sandbox::trials::Trial;
use crate::stripe::IDEMPOTENCY_KEY_LIMIT_CHARS;

pub(super) mod errors;
mod params;
pub(super) mod refunds;
pub(super) mod sessions;
pub(super) mod wire;

/// Stripe forgets a key after this time, and the same key makes a new object.
const KEY_LIFE_SECONDS: i64 = 24 * 60 * 60;
/// Events in one page, at most and without `limit`.
const EVENTS_PAGE_LIMIT: usize = 100;
const EVENTS_PAGE_DEFAULT: usize = 10;

/// One authenticated call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub account: String,
    pub params: Params,
    /// Of the object that the path names, or empty.
    pub id: String,
    /// Where the payer's browser finds the sandbox.
    pub base_url: String,
    key: Option<String>,
    fingerprint: String,
}

/// What a call does and answers.
pub(super) struct Decision {
    pub entries: Vec<Entry>,
    pub answer: Value,
}

impl Decision {
    pub(super) fn read(answer: Value) -> Decision {
        Decision {
            entries: Vec::new(),
            answer,
        }
    }
}

type Decide = fn(&State, &Call) -> Result<Decision, StripeError>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/stripe/v1")
            .route("/checkout/sessions", web::post().to(create_session))
            .route("/checkout/sessions", web::get().to(list_sessions))
            .route("/checkout/sessions/{id}", web::get().to(retrieve_session))
            .route(
                "/checkout/sessions/{id}/expire",
                web::post().to(expire_session),
            )
            .route("/refunds", web::post().to(create_refund))
            .route("/refunds/{id}", web::get().to(retrieve_refund))
            .route("/events", web::get().to(list_events))
            .default_service(web::to(no_such_path)),
    );
}

async fn create_session(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: String,
) -> HttpResponse {
    execute(&request, shared.into_inner(), &body, sessions::create).await
}

async fn list_sessions(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let query = request.query_string().to_owned();
    execute(&request, shared.into_inner(), &query, sessions::list).await
}

async fn retrieve_session(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    execute(&request, shared.into_inner(), "", sessions::retrieve).await
}

async fn expire_session(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: String,
) -> HttpResponse {
    execute(&request, shared.into_inner(), &body, sessions::expire).await
}

async fn create_refund(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: String,
) -> HttpResponse {
    execute(&request, shared.into_inner(), &body, refunds::create).await
}

async fn retrieve_refund(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    execute(&request, shared.into_inner(), "", refunds::retrieve).await
}

async fn list_events(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let query = request.query_string().to_owned();
    execute(&request, shared.into_inner(), &query, events).await
}

async fn no_such_path(request: HttpRequest) -> HttpResponse {
    let message = format!(
        "Unrecognized request URL ({}: {}).",
        request.method(),
        request.path()
    );
    refuse(&StripeError {
        status: 404,
        ..StripeError::invalid("url_invalid", message)
    })
}

/// The way of every call: who, which fault, which key, and only then what.
async fn execute(
    request: &HttpRequest,
    shared: Arc<Shared>,
    body: &str,
    decide: Decide,
) -> HttpResponse {
    let call = match read_call(request, body) {
        Ok(call) => call,
        Err(error) => return refuse(&error),
    };
    let in_flight = match &call.key {
        Some(key) => match shared.enter(&call.account, key) {
            Some(in_flight) => Some(in_flight),
            None => return refuse(&StripeError::key_in_use()),
        },
        None => None,
    };
    let path = request.path().trim_start_matches("/stripe/v1/");
    let trial = Trial::take(&shared, Provider::Stripe, &call.account, path);
    if let Some(response) = trial.before(request).await {
        return response;
    }
    let response = match shared
        .transact(move |store| answer(store, &call, decide))
        .await
    {
        Ok(response) => response.into(),
        Err(error) => broken(&error),
    };
    // The answer is kept, so whoever asks again gets it, also when this caller does not.
    drop(in_flight);
    trial.after(request, response).await
}

/// What goes back, as plain data that may cross threads.
enum Reply {
    Answer(String),
    Replay(String),
    Refusal(StripeError),
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> HttpResponse {
        match reply {
            Reply::Answer(body) => begin(StatusCode::OK).body(body),
            Reply::Replay(body) => begin(StatusCode::OK)
                .insert_header(("Idempotent-Replayed", "true"))
                .body(body),
            Reply::Refusal(error) => refuse(&error),
        }
    }
}

fn answer(store: &mut Store, call: &Call, decide: Decide) -> io::Result<Reply> {
    store.expire_due()?;
    if let Some(stored) = remembered(store.state(), call) {
        return Ok(if stored.fingerprint == call.fingerprint {
            Reply::Replay(stored.body.clone())
        } else {
            Reply::Refusal(StripeError::other_parameters())
        });
    }
    let decision = match decide(store.state(), call) {
        Ok(decision) => decision,
        Err(error) => return Ok(Reply::Refusal(error)),
    };
    let body = format!("{:#}", decision.answer);
    let mut entries = decision.entries;
    if let Some(key) = &call.key {
        entries.push(Entry::Answer(Answer {
            account: call.account.clone(),
            key: key.clone(),
            fingerprint: call.fingerprint.clone(),
            stored_at: now_unix() + store.state().clock_offset_seconds,
            body: body.clone(),
        }));
    }
    store.commit(entries)?;
    Ok(Reply::Answer(body))
}

fn remembered<'a>(state: &'a State, call: &Call) -> Option<&'a Answer> {
    let key = (call.account.clone(), call.key.clone()?);
    let now = now_unix() + state.clock_offset_seconds;
    state
        .answers
        .get(&key)
        .filter(|answer| now - answer.stored_at < KEY_LIFE_SECONDS)
}

fn read_call(request: &HttpRequest, body: &str) -> Result<Call, StripeError> {
    let secret_key = bearer(request).ok_or_else(StripeError::unauthenticated)?;
    let params = Params::parse(body);
    let is_post = request.method() == actix_web::http::Method::POST;
    let key = request
        .headers()
        .get("Idempotency-Key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| is_post && !key.is_empty());
    if key.is_some_and(|key| key.len() > IDEMPOTENCY_KEY_LIMIT_CHARS) {
        let message = "An idempotency key is at most 255 characters long.";
        return Err(StripeError::invalid(
            "parameter_invalid_string_blank",
            message,
        ));
    }
    let connection = request.connection_info();
    Ok(Call {
        account: Provider::Stripe.account_id(&secret_key),
        id: request.match_info().get("id").unwrap_or("").to_owned(),
        base_url: format!("{}://{}", connection.scheme(), connection.host()),
        key: key.map(str::to_owned),
        fingerprint: params.fingerprint(request.method().as_str(), request.path()),
        params,
    })
}

/// The secret key, as a bearer token or as the user of basic authentication.
fn bearer(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let key = match header.split_once(' ')? {
        ("Bearer", key) => key.trim().to_owned(),
        ("Basic", encoded) => {
            let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
            String::from_utf8(decoded)
                .ok()?
                .split(':')
                .next()?
                .to_owned()
        }
        _ => return None,
    };
    (key.starts_with("sk_") || key.starts_with("rk_")).then_some(key)
}

fn refuse(error: &StripeError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = begin(status);
    if let Some(verdict) = error.should_retry {
        response.insert_header(("Stripe-Should-Retry", verdict));
    }
    response.body(format!("{:#}", error.body()))
}

fn broken(error: &io::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox cannot write its ledger");
    let error = json!({"type": "api_error", "message": "The ledger cannot be written."});
    begin(StatusCode::INTERNAL_SERVER_ERROR).json(json!({ "error": error }))
}

fn begin(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header(("Request-Id", new_id("req")))
        .content_type("application/json");
    response
}

/// Newest first, as at Stripe.
fn events(state: &State, call: &Call) -> Result<Decision, StripeError> {
    let params = &call.params;
    params.only(&["limit", "type", "starting_after"])?;
    let limit = match params.amount("limit")? {
        Some(limit) => usize::try_from(limit)
            .unwrap_or(EVENTS_PAGE_LIMIT)
            .min(EVENTS_PAGE_LIMIT),
        None => EVENTS_PAGE_DEFAULT,
    };
    let after = params.get("starting_after");
    let mut found = state
        .events
        .iter()
        .rev()
        .filter(|event| event.account == call.account)
        .skip_while(|event| after.is_some_and(|after| event.id != after))
        .skip(usize::from(after.is_some()))
        .filter(|event| {
            params
                .get("type")
                .is_none_or(|only| event.event_type == only)
        });
    let page: Vec<Value> = found
        .by_ref()
        .take(limit)
        .filter_map(|event| serde_json::from_str(&event.body).ok())
        .collect();
    let has_more = found.next().is_some();
    Ok(Decision::read(
        json!({"object": "list", "url": "/v1/events", "data": page, "has_more": has_more}),
    ))
}
