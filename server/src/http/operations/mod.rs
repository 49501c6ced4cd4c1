//! `/operations/*`: what operators see and do, over HTTP. Whoever may see a tenant's operations sees that tenant's; what all
//! tenants share needs a right that no role of a tenant holds.

mod audit;
mod described;
mod destinations;
mod log;
mod messages;
mod projections;
mod record;
mod redrives;
mod retention;
mod tenants;

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use identity::principals::Principal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::commands::{parse_json, read_json};
use super::principals::{authenticate, header_text};
use super::{only, problems};
use crate::app::App;
use crate::operations::{By, Intent, Scope, check_reason};

pub(super) use self::described::paths;

/// The largest body of an act, in bytes.
const BODY_LIMIT_BYTES: usize = 16 * 1024;
/// The longest page, and the one that nobody asks for otherwise.
const MAX_PAGE: i64 = 200;
const USUAL_PAGE: i64 = 50;

/// Every route below `/operations`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/operations/acts", get().to(record::list_acts)))
        .service(only("/operations/acts/{id}", get().to(record::find_act)))
        .service(only("/operations/doctor", get().to(record::examine)))
        .service(only("/operations/events", get().to(log::list_events)))
        .service(only(
            "/operations/events/stats",
            get().to(log::count_events),
        ))
        .service(only(
            "/operations/events/{position}",
            get().to(log::find_event),
        ))
        .service(only("/operations/streams/{id}", get().to(log::find_stream)))
        .service(only("/operations/store/holes", get().to(log::list_holes)))
        .service(only(
            "/operations/store/vacuum-report",
            get().to(log::report_vacuum),
        ))
        .service(only(
            "/operations/store/snapshots",
            get().to(log::list_snapshots),
        ))
        .service(only(
            "/operations/outbox",
            get().to(messages::list_messages),
        ))
        .configure(audit::routes)
        .configure(retention::routes)
        .configure(tenants::routes)
        .configure(deliveries)
        .service(only(
            "/operations/outbox/{id}",
            get().to(messages::find_message),
        ))
        .service(only(
            "/operations/outbox/{id}/attempts",
            get().to(messages::list_attempts),
        ))
        .service(only(
            "/operations/outbox/{id}/retry",
            post().to(messages::retry_message),
        ))
        .service(only(
            "/operations/outbox/{id}/discard",
            post().to(messages::discard_message),
        ))
        .service(only(
            "/operations/webhooks",
            get().to(messages::list_webhooks),
        ))
        .configure(readers);
}

/// Projections, and what they have parked.
fn readers(cfg: &mut ServiceConfig) {
    cfg.service(only(
        "/operations/parked",
        get().to(projections::list_parked),
    ))
    .service(only(
        "/operations/parked/retry",
        post().to(projections::retry_parked),
    ))
    .service(only(
        "/operations/parked/drop",
        post().to(projections::drop_parked),
    ))
    .service(only(
        "/operations/projections",
        get().to(projections::list_projections),
    ))
    .service(only(
        "/operations/projections/{name}",
        get().to(projections::find_projection),
    ))
    .service(only(
        "/operations/projections/{name}/{act}",
        post().to(projections::steer_projection),
    ));
}

/// What is done about messages and about the places they go to; names stand before ids.
fn deliveries(cfg: &mut ServiceConfig) {
    let redrives = web::resource("/operations/outbox/redrives")
        .route(get().to(redrives::list_redrives))
        .route(post().to(redrives::order_redrive))
        .default_service(web::to(problems::wrong_method));
    cfg.service(redrives)
        .service(only(
            "/operations/outbox/redrives/{id}/cancel",
            post().to(redrives::cancel_redrive),
        ))
        .service(only(
            "/operations/outbox/blocked",
            get().to(messages::list_blocked),
        ))
        .service(only(
            "/operations/outbox/stats",
            get().to(messages::count_messages),
        ))
        .service(only(
            "/operations/outbox/{id}/cancel",
            post().to(messages::cancel_message),
        ))
        .service(only(
            "/operations/outbox/{id}/skip",
            post().to(messages::skip_message),
        ))
        .service(only(
            "/operations/outbox/{id}/resolve",
            post().to(messages::resolve_message),
        ))
        .service(only(
            "/operations/destinations",
            get().to(destinations::list_destinations),
        ))
        .service(only(
            "/operations/destinations/{name}/pause",
            post().to(destinations::pause_destination),
        ))
        .service(only(
            "/operations/destinations/{name}/resume",
            post().to(destinations::resume_destination),
        ))
        .service(only(
            "/operations/destinations/{name}/breaker",
            post().to(destinations::set_breaker),
        ))
        .service(only(
            "/operations/destinations/{name}/limits",
            post().to(destinations::limit_destination),
        ));
}

/// Who asks, once the right is there.
async fn enter(
    app: &App,
    request: &HttpRequest,
    permission: Permission,
) -> Result<Principal, problems::Problem> {
    let principal = authenticate(app, request).await?;
    principal.require(permission)?;
    Ok(principal)
}

/// As `enter`, where nothing may stand behind the `?`.
async fn enter_plainly(
    app: &App,
    request: &HttpRequest,
    permission: Permission,
) -> Result<Principal, problems::Problem> {
    let principal = enter(app, request, permission).await?;
    parameters::<Nothing>(request)?;
    Ok(principal)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What stands behind the `?`; unknown names are refused, all as 400 `parameters-invalid`.
fn parameters<P: DeserializeOwned>(request: &HttpRequest) -> Result<P, Refusal> {
    web::Query::<P>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Refusal::malformed("parameters-invalid", error.to_string()))
}

/// The parameters of lists that concern one tenant, or all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTenant {
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageOfTenant {
    tenant: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acting {
    #[serde(default)]
    dry_run: Trial,
    tenant: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Trial {
    True,
    #[default]
    False,
}

impl Acting {
    fn intent(&self) -> Intent {
        match self.dry_run {
            Trial::True => Intent::Say,
            Trial::False => Intent::Act,
        }
    }
}

/// A POST: who, on whose things, whether in earnest, and what was sent.
struct Order<B> {
    principal: Principal,
    scope: Scope,
    intent: Intent,
    body: B,
}

/// The body of acts that say no more than why.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: Option<String>,
}

/// Reads all that an act needs; an empty body is as `{}`.
async fn order<B: DeserializeOwned>(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
    permission: Permission,
) -> Result<Order<B>, problems::Problem> {
    let principal = enter(app, request, permission).await?;
    let acting: Acting = parameters(request)?;
    let scope = Scope::of(&app.store, &principal, acting.tenant.as_deref()).await?;
    let body = match header_text(request, "content-type") {
        None => json!({}),
        Some(_) => parse_json(&read_json(request, payload, BODY_LIMIT_BYTES).await?)?,
    };
    let body = serde_json::from_value(body)
        .map_err(|error| Refusal::malformed("body-invalid", error.to_string()))?;
    Ok(Order {
        principal,
        scope,
        intent: acting.intent(),
        body,
    })
}

impl<B> Order<B> {
    fn by<'a>(&'a self, reason: Option<&'a String>) -> Result<By<'a>, Refusal> {
        if let Some(reason) = reason {
            check_reason(reason)?;
        }
        Ok(By {
            principal: &self.principal.id,
            reason: reason.map(String::as_str),
        })
    }

    /// As `by`, where the record must say why.
    fn by_for<'a>(&'a self, reason: Option<&'a String>) -> Result<By<'a>, Refusal> {
        check_reason(reason.map(String::as_str).unwrap_or_default())?;
        self.by(reason)
    }

    /// What was done, or would be.
    fn done(&self, result: impl Serialize) -> problems::Answer {
        let dry_run = self.intent == Intent::Say;
        Ok(HttpResponse::Ok().json(json!({ "dry_run": dry_run, "result": result })))
    }
}

/// A page's length within its limit; refused with 400 `parameters-invalid`.
fn page_length(limit: Option<i64>) -> Result<i64, Refusal> {
    match limit.unwrap_or(USUAL_PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit),
        _ => {
            let detail = format!("limit is from 1 to {MAX_PAGE}");
            Err(Refusal::malformed("parameters-invalid", detail))
        }
    }
}
