//! The hosted checkout page: what the payer sees instead of Stripe's, with buttons that really pay (in the ledger).

use std::io;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use crate::sandbox::entries::{Session, SessionStatus};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, Store};
use crate::sandbox::stripe::sessions::{self, Method, Settlement};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/checkout/{id}", web::get().to(show_checkout))
        .route("/checkout/{id}/pay", web::post().to(pay_checkout))
        .route("/checkout/{id}/settle", web::post().to(settle_checkout));
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PayOutcome {
    #[default]
    Card,
    /// Settles later.
    Async,
}

#[derive(Deserialize)]
struct PayQuery {
    #[serde(default)]
    outcome: PayOutcome,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SettleOutcome {
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
struct SettleQuery {
    outcome: SettleOutcome,
}

async fn show_checkout(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let found = shared
        .transact(move |store| {
            store.expire_due()?;
            Ok(find(store.state(), &id))
        })
        .await;
    match found {
        Ok(Some(found)) => render(&shared, &found),
        Ok(None) => unknown(&shared),
        Err(error) => pages::failed(&error),
    }
}

async fn pay_checkout(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    query: web::Query<PayQuery>,
) -> HttpResponse {
    let method = match query.outcome {
        PayOutcome::Card => Method::Card,
        PayOutcome::Async => Method::BankDebit,
    };
    let after = shared
        .transact(move |store| {
            change(store, &id, |state, session| {
                sessions::pay(state, session, method)
            })
        })
        .await;
    match after {
        Ok(Some(found)) => match (found.session.status, &found.session.success_url) {
            (SessionStatus::Paid | SessionStatus::Pending, Some(url)) => {
                see_other(&url.replace("{CHECKOUT_SESSION_ID}", &found.session.id))
            }
            (SessionStatus::Paid | SessionStatus::Pending, None) => {
                see_other(&format!("/checkout/{}", found.session.id))
            }
            _ => render(&shared, &found),
        },
        Ok(None) => unknown(&shared),
        Err(error) => pages::failed(&error),
    }
}

async fn settle_checkout(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    query: web::Query<SettleQuery>,
) -> HttpResponse {
    let settlement = match query.outcome {
        SettleOutcome::Succeeded => Settlement::Succeeded,
        SettleOutcome::Failed => Settlement::Failed,
    };
    let after = shared
        .transact(move |store| {
            change(store, &id, |state, session| {
                sessions::settle(state, session, settlement)
            })
        })
        .await;
    match after {
        Ok(Some(found)) => see_other(&format!("/checkout/{}", found.session.id)),
        Ok(None) => unknown(&shared),
        Err(error) => pages::failed(&error),
    }
}

/// A session and whom the payer pays.
struct Found {
    session: Session,
    merchant: String,
}

fn find(state: &State, id: &str) -> Option<Found> {
    let session = state.sessions.get(id)?.clone();
    let merchant = state
        .endpoints
        .values()
        .filter(|endpoint| {
            endpoint.provider == Provider::Stripe.name() && endpoint.account == session.account
        })
        .find_map(|endpoint| endpoint.merchant.clone())
        .unwrap_or_else(|| format!("Merchant {}", session.account));
    Some(Found { session, merchant })
}

fn change(
    store: &mut Store,
    id: &str,
    decide: impl FnOnce(&State, &Session) -> Vec<crate::sandbox::entries::Entry>,
) -> io::Result<Option<Found>> {
    store.expire_due()?;
    let Some(session) = store.state().sessions.get(id) else {
        return Ok(None);
    };
    let entries = decide(store.state(), session);
    store.commit(entries)?;
    Ok(find(store.state(), id))
}

fn render(shared: &Shared, found: &Found) -> HttpResponse {
    let status = match found.session.status {
        SessionStatus::Expired => StatusCode::GONE,
        _ => StatusCode::OK,
    };
    let values = context! {
        title => "Checkout",
        merchant => found.merchant.as_str(),
        session => Value::from(Serde(&found.session)),
    };
    pages::respond(&shared.pages, status, "checkout.html", values)
}

fn unknown(shared: &Shared) -> HttpResponse {
    pages::notice(
        &shared.pages,
        StatusCode::NOT_FOUND,
        "No such checkout",
        "The sandbox knows no checkout session of this name.",
    )
}

fn see_other(url: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, url))
        .finish()
}
