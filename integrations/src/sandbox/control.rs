//! What tests ask and order of the sandbox: the ledger, the clock, faults, and the deeds of people on a provider's
//! dashboard.

use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sandbox::entries::Entry;
use crate::sandbox::faults::{FaultOrder, FaultPlan};
use crate::sandbox::lines::Line;
use crate::sandbox::pages;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, now_unix};
use crate::sandbox::stripe::errors::StripeError;
use crate::sandbox::stripe::{Decision, refunds};

/// Ledger lines in one answer; the counts are always of all.
const LINES_LIMIT: usize = 10_000;
/// Messages in one answer about effects.
const EFFECTS_LIMIT: usize = 100_000;
/// Furthest that one order moves the clock: ten years.
const ADVANCE_LIMIT_SECONDS: i64 = 10 * 366 * 24 * 60 * 60;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/sandbox/ledger", web::get().to(show_ledger))
        .route("/sandbox/effects", web::get().to(show_effects))
        .route("/sandbox/clock", web::get().to(show_clock))
        .route("/sandbox/clock", web::post().to(advance_clock))
        .route("/sandbox/faults", web::get().to(show_faults))
        .route("/sandbox/faults", web::post().to(order_fault))
        .route("/sandbox/faults", web::delete().to(clear_faults))
        .route("/sandbox/stripe/refunds", web::post().to(refund))
        .route("/sandbox/stripe/disputes", web::post().to(dispute));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

#[derive(Deserialize)]
struct LedgerQuery {
    booking: Option<String>,
    message: Option<String>,
    kind: Option<String>,
}

/// Counts are of the booking or the message, or of everything; `kind` narrows the entries alone.
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
    let is_asked_for = |line: &&Line| {
        (query.booking.is_none() || line.booking == query.booking)
            && (query.message.is_none() || line.message == query.message)
    };
    let count = |kind: &str| {
        let lines = state.lines.iter().filter(is_asked_for);
        lines.filter(|line| line.kind == kind).count()
    };
    let entries: Vec<&Line> = state
        .lines
        .iter()
        .filter(is_asked_for)
        .filter(|line| query.kind.as_deref().is_none_or(|kind| line.kind == kind))
        .take(LINES_LIMIT)
        .collect();
    json!({
        "sessions": count("session"),
        "charges": count("charge"),
        "refunds": count("refund"),
        "disputes": count("dispute"),
        "mails": count("mail"),
        "texts": count("text"),
        "completions": count("completion"),
        "webhooks_waiting": state.pending.len(),
        "entries": entries,
    })
}

#[derive(Deserialize)]
struct EffectsQuery {
    message: Option<String>,
}

/// How many real effects each message of the caller's has had: `{"effects": {"<message>": {"text": 1}}}`.
async fn show_effects(shared: web::Data<Shared>, query: web::Query<EffectsQuery>) -> HttpResponse {
    let answer = shared
        .transact(move |store| {
            let effects: Map<String, Value> = store
                .state()
                .effects
                .iter()
                .filter(|(message, _)| query.message.as_ref().is_none_or(|only| only == *message))
                .take(EFFECTS_LIMIT)
                .map(|(message, counts)| (message.clone(), json!(counts)))
                .collect();
            Ok(json!({ "effects": effects }))
        })
        .await;
    respond(answer)
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
    let added = shared.faults().add(order.into_inner());
    match added {
        Ok(()) => show_faults(shared).await,
        Err(detail) => refuse(&detail),
    }
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    *shared.faults() = FaultPlan::default();
    HttpResponse::NoContent().finish()
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

pub(super) fn respond(answer: io::Result<Value>) -> HttpResponse {
    match answer {
        Ok(answer) => HttpResponse::Ok().json(answer),
        Err(error) => pages::failed(&error),
    }
}

pub(super) fn refuse(detail: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": detail }))
}
