//! What tests ask and order of the sandbox: the ledger, the clock, faults, webhook endpoints, and the deeds of people on
//! a provider's dashboard.

use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::entries::{Endpoint, Entry};
use crate::sandbox::faults::{FaultOrder, FaultPlan};
use crate::sandbox::pages;
use crate::sandbox::state::{Line, State};
use crate::sandbox::store::{Shared, Store, new_id, now_unix};
use crate::sandbox::stripe::errors::StripeError;
use crate::sandbox::stripe::{Decision, account_id, refunds, wire};

/// Ledger lines in one answer; the counts are always of all.
const LINES_LIMIT: usize = 10_000;
/// Endpoints that can be registered.
const ENDPOINTS_LIMIT: usize = 1_000;
/// Furthest that one order moves the clock: ten years.
const ADVANCE_LIMIT_SECONDS: i64 = 10 * 366 * 24 * 60 * 60;
/// Longest URL or secret of an endpoint.
const TEXT_LIMIT_CHARS: usize = 2_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/sandbox/ledger", web::get().to(show_ledger))
        .route("/sandbox/clock", web::get().to(show_clock))
        .route("/sandbox/clock", web::post().to(advance_clock))
        .route("/sandbox/faults", web::get().to(show_faults))
        .route("/sandbox/faults", web::post().to(order_fault))
        .route("/sandbox/faults", web::delete().to(clear_faults))
        .route("/sandbox/webhooks", web::get().to(list_endpoints))
        .route("/sandbox/webhooks", web::post().to(register_endpoint))
        .route("/sandbox/webhooks/{id}", web::delete().to(remove_endpoint))
        .route("/sandbox/stripe/refunds", web::post().to(refund))
        .route("/sandbox/stripe/disputes", web::post().to(dispute));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

#[derive(Deserialize)]
struct LedgerQuery {
    booking: Option<String>,
    kind: Option<String>,
}

/// Counts are of the booking, or of everything; `kind` narrows the entries alone.
async fn show_ledger(shared: web::Data<Shared>, query: web::Query<LedgerQuery>) -> HttpResponse {
    let answer = shared
        .transact(move |store| {
            store.expire_due()?;
            Ok(ledger(store.state(), &query))
        })
        .await;
    respond(answer)
}

fn ledger(state: &State, query: &LedgerQuery) -> Value {
    let of_booking = |line: &&Line| query.booking.is_none() || line.booking == query.booking;
    let count = |kind: &str| {
        let lines = state.lines.iter().filter(of_booking);
        lines.filter(|line| line.kind == kind).count()
    };
    let entries: Vec<&Line> = state
        .lines
        .iter()
        .filter(of_booking)
        .filter(|line| query.kind.as_deref().is_none_or(|kind| line.kind == kind))
        .take(LINES_LIMIT)
        .collect();
    json!({
        "sessions": count("session"),
        "charges": count("charge"),
        "refunds": count("refund"),
        "disputes": count("dispute"),
        "mails": count("mail"),
        "webhooks_waiting": state.pending.len(),
        "entries": entries,
    })
}

async fn show_clock(shared: web::Data<Shared>) -> HttpResponse {
    respond(shared.transact(|store| Ok(clock(store.state()))).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

/// Ages everything that exists; what is due by then has expired when the answer comes.
async fn advance_clock(shared: web::Data<Shared>, advance: web::Json<Advance>) -> HttpResponse {
    let seconds = advance.advance_seconds;
    if !(0..=ADVANCE_LIMIT_SECONDS).contains(&seconds) {
        return refuse("the clock moves forward, by ten years at most");
    }
    let answer = shared
        .transact(move |store| {
            let offset_seconds = store.state().clock_offset_seconds.saturating_add(seconds);
            store.commit(vec![Entry::Clock { offset_seconds }])?;
            store.expire_due()?;
            Ok(clock(store.state()))
        })
        .await;
    respond(answer)
}

fn clock(state: &State) -> Value {
    json!({
        "now": now_unix() + state.clock_offset_seconds,
        "offset_seconds": state.clock_offset_seconds,
    })
}

async fn show_faults(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(&*shared.faults())
}

async fn order_fault(shared: web::Data<Shared>, order: web::Json<FaultOrder>) -> HttpResponse {
    let mut order = order.into_inner();
    if let Some(stripe) = &mut order.stripe {
        stripe.account = stripe.account.as_deref().map(account_id);
    }
    let added = shared.faults().add(order);
    match added {
        Ok(()) => show_faults(shared).await,
        Err(detail) => refuse(&detail),
    }
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    *shared.faults() = FaultPlan::default();
    HttpResponse::NoContent().finish()
}

async fn list_endpoints(shared: web::Data<Shared>) -> HttpResponse {
    let answer = shared
        .transact(|store| {
            let endpoints = store.state().endpoints.values();
            let endpoints: Vec<Value> = endpoints.map(wire::endpoint).collect();
            Ok(json!({ "webhooks": endpoints }))
        })
        .await;
    respond(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    provider: String,
    /// The secret key that the account's calls are made with, or the account's id.
    account: String,
    url: String,
    secret: String,
    merchant: Option<String>,
}

/// Idempotent: an account has one endpoint per URL, and registering it again replaces its secret.
async fn register_endpoint(
    shared: web::Data<Shared>,
    registration: web::Json<Registration>,
) -> HttpResponse {
    let registration = registration.into_inner();
    if registration.provider != wire::PROVIDER {
        return refuse("the sandbox knows the provider stripe");
    }
    let is_url =
        registration.url.starts_with("http://") || registration.url.starts_with("https://");
    let texts = [&registration.url, &registration.secret];
    if !is_url
        || texts
            .iter()
            .any(|text| text.is_empty() || text.len() > TEXT_LIMIT_CHARS)
    {
        return refuse("url must be an http(s) URL and secret must not be empty");
    }
    match shared
        .transact(move |store| register(store, registration))
        .await
    {
        Ok(Some(endpoint)) => HttpResponse::Ok().json(endpoint),
        Ok(None) => refuse("too many endpoints are registered"),
        Err(error) => pages::failed(&error),
    }
}

fn register(store: &mut Store, registration: Registration) -> io::Result<Option<Value>> {
    let account = account_id(&registration.account);
    let state = store.state();
    let known = state.endpoints.values().find(|endpoint| {
        endpoint.provider == registration.provider
            && endpoint.account == account
            && endpoint.url == registration.url
    });
    if known.is_none() && state.endpoints.len() >= ENDPOINTS_LIMIT {
        return Ok(None);
    }
    let endpoint = Endpoint {
        id: known.map_or_else(|| new_id("we"), |endpoint| endpoint.id.clone()),
        provider: registration.provider,
        account,
        url: registration.url,
        secret: registration.secret,
        merchant: registration
            .merchant
            .or_else(|| known.and_then(|endpoint| endpoint.merchant.clone())),
    };
    let answer = wire::endpoint(&endpoint);
    if known != Some(&endpoint) {
        store.commit(vec![Entry::Endpoint(endpoint)])?;
    }
    Ok(Some(answer))
}

async fn remove_endpoint(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let removed = shared
        .transact(move |store| {
            let is_known = store.state().endpoints.contains_key(id.as_str());
            if is_known {
                let id = id.into_inner();
                store.commit(vec![Entry::EndpointRemoved { id }])?;
            }
            Ok(is_known)
        })
        .await;
    match removed {
        Ok(true) => HttpResponse::NoContent().finish(),
        Ok(false) => HttpResponse::NotFound().json(json!({"error": "no such endpoint"})),
        Err(error) => pages::failed(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundOrder {
    payment_intent: String,
    amount: Option<i64>,
}

/// A refund made by a person on the dashboard.
async fn refund(shared: web::Data<Shared>, order: web::Json<RefundOrder>) -> HttpResponse {
    let order = order.into_inner();
    if order.amount.is_some_and(|amount| amount < 1) {
        return refuse("amount must be above zero");
    }
    let request = refunds::Request {
        amount: order.amount,
        ..refunds::Request::default()
    };
    decide(shared, move |state| {
        refunds::refund(
            state,
            refunds::charge(state, &order.payment_intent)?,
            request,
        )
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeOrder {
    payment_intent: String,
    #[serde(default = "fraudulent")]
    reason: String,
}

fn fraudulent() -> String {
    "fraudulent".to_owned()
}

async fn dispute(shared: web::Data<Shared>, order: web::Json<DisputeOrder>) -> HttpResponse {
    let order = order.into_inner();
    decide(shared, move |state| {
        let charge = refunds::charge(state, &order.payment_intent)?;
        refunds::open_dispute(state, charge, order.reason)
    })
    .await
}

async fn decide(
    shared: web::Data<Shared>,
    decide: impl FnOnce(&State) -> Result<Decision, StripeError> + Send + 'static,
) -> HttpResponse {
    let decided = shared
        .transact(move |store| match decide(store.state()) {
            Ok(decision) => {
                store.commit(decision.entries)?;
                Ok(Ok(decision.answer))
            }
            Err(error) => Ok(Err(error)),
        })
        .await;
    match decided {
        Ok(Ok(answer)) => HttpResponse::Ok().json(answer),
        Ok(Err(error)) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            HttpResponse::build(status).json(error.body())
        }
        Err(error) => pages::failed(&error),
    }
}

fn respond(answer: io::Result<Value>) -> HttpResponse {
    match answer {
        Ok(answer) => HttpResponse::Ok().json(answer),
        Err(error) => pages::failed(&error),
    }
}

fn refuse(detail: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": detail }))
}
