//! Destinations over HTTP: what waits there, what holds them until when, and what limits them.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use outbox::destinations::{Change, LONGEST_PAUSE_SECONDS};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::{Order, PageOfTenant, Reason, enter, order, page_length, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::{By, Scope, destinations};

/// How long a breaker stays open when nobody says how long.
const OPEN_SECONDS: i64 = 600;

/// `GET /operations/destinations`
pub async fn list_destinations(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: PageOfTenant = parameters(&request)?;
    let behind = params.cursor.as_deref().map(|cursor| {
        cursor.split_once('/').ok_or_else(|| {
            let detail = "a cursor is the next_cursor of the page before";
            Refusal::malformed("cursor-invalid", detail)
        })
    });
    let behind = behind.transpose()?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let limit = page_length(params.limit)?;
    let listed = destinations::page(&app.store, &scope, (behind, limit)).await?;
    let is_full = i64::try_from(listed.len()).is_ok_and(|found| found == limit);
    let next = listed.last().filter(|_| is_full);
    let next = next.map(|last| format!("{}/{}", last.tenant_id, last.target));
    Ok(HttpResponse::Ok().json(json!({ "items": listed, "next_cursor": next })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pausing {
    #[serde(default, with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    seconds: Option<i64>,
    reason: Option<String>,
}

/// `POST /operations/destinations/{name}/pause`
pub async fn pause_destination(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Pausing>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by(order.body.reason.as_ref())?;
    let seconds = seconds(order.body.until, order.body.seconds)?.ok_or_else(|| {
        let message = "say when it ends, by `until` or `seconds`; a pause ends by itself";
        Refusal::field("/until", "end-missing", message)
    })?;
    change(&app, &order, (&name, &Change::Pause { seconds }), by).await
}

/// `POST /operations/destinations/{name}/resume`
pub async fn resume_destination(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by(order.body.reason.as_ref())?;
    change(&app, &order, (&name, &Change::Resume), by).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Breaking {
    /// `open` or `closed`.
    state: Option<String>,
    /// Of `open`.
    #[serde(default, with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    /// Of `open`.
    seconds: Option<i64>,
    reason: Option<String>,
}

/// `POST /operations/destinations/{name}/breaker`
pub async fn set_breaker(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Breaking>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by(order.body.reason.as_ref())?;
    let named = seconds(order.body.until, order.body.seconds)?;
    let wanted = match (order.body.state.as_deref(), named) {
        (Some("open"), named) => Change::OpenBreaker {
            seconds: named.unwrap_or(OPEN_SECONDS),
        },
        (Some("closed"), None) => Change::CloseBreaker,
        (Some("closed"), Some(_)) => {
            let message = "a closed breaker has no end";
            return Err(Refusal::field("/until", "end-needless", message).into());
        }
        _ => {
            let message = "a breaker is set to open or closed";
            return Err(Refusal::field("/state", "state-unknown", message).into());
        }
    };
    change(&app, &order, (&name, &wanted), by).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limiting {
    rate_per_second: Option<f64>,
    burst: Option<i32>,
    max_in_flight: Option<i32>,
    /// Without an end they stay.
    #[serde(default, with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    seconds: Option<i64>,
    reason: Option<String>,
}

/// `POST /operations/destinations/{name}/limits`
pub async fn limit_destination(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Limiting>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by(order.body.reason.as_ref())?;
    let wanted = Change::Limit {
        rate_per_second: order.body.rate_per_second,
        burst: order.body.burst.unwrap_or(1),
        max_in_flight: order.body.max_in_flight,
        seconds: seconds(order.body.until, order.body.seconds)?,
    };
    change(&app, &order, (&name, &wanted), by).await
}

async fn change<B>(
    app: &App,
    order: &Order<B>,
    (name, wanted): (&str, &Change),
    by: By<'_>,
) -> problems::Answer {
    let place = (&order.scope, name);
    let how = (order.intent, by);
    order.done(destinations::change(&app.store, place, wanted, how).await?)
}

/// How long it lasts, told by its end or its length, if at all.
fn seconds(until: Option<OffsetDateTime>, seconds: Option<i64>) -> Result<Option<i64>, Refusal> {
    let named = match (until, seconds) {
        (None, seconds) => seconds,
        // The begun second counts, so that it never ends too early.
        (Some(until), None) => {
            let left = until - OffsetDateTime::now_utc();
            Some(left.whole_seconds().saturating_add(1))
        }
        (Some(_), Some(_)) => {
            let message = "say either `until` or `seconds`";
            return Err(Refusal::field("/seconds", "end-twice", message));
        }
    };
    match named {
        None | Some(1..=LONGEST_PAUSE_SECONDS) => Ok(named),
        Some(_) => {
            let pointer = if until.is_some() {
                "/until"
            } else {
                "/seconds"
            };
            let message = format!("it ends 1 to {LONGEST_PAUSE_SECONDS} seconds from now");
            Err(Refusal::field(pointer, "end-invalid", message))
        }
    }
}
