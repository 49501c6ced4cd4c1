//! `/auth/*`: people come in, stay in, and go; and who may do that. Answers are never kept by anybody on the way.

mod confirmations;
pub mod cookies;
pub mod described;
mod keys;
pub mod limits;
#[cfg(feature = "oidc")]
mod openid;
pub mod origins;
mod passwords;
mod people;
mod roles;
mod sessions;
mod sign_in;
mod views;

use actix_web::http::header::{CACHE_CONTROL, USER_AGENT};
use actix_web::web::{self, ServiceConfig, delete, get, post, put};
use actix_web::{HttpRequest, HttpResponse};
use domain::refusal::Refusal;
use identity::sessions::Session;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::commands::{parse_json, read_json};
use super::principals::header_text;
use super::{only, problems};
use crate::app::App;

/// The largest body, in bytes.
const BODY_LIMIT_BYTES: usize = 16 * 1024;

/// Every route below `/auth`.
pub fn routes(cfg: &mut ServiceConfig) {
    #[cfg(feature = "oidc")]
    cfg.configure(openid::routes);
    cfg.service(only("/auth/sign-in", post().to(sign_in::sign_in)))
        .service(only("/auth/sign-out", post().to(sign_in::sign_out)))
        .service(only("/auth/session", get().to(sessions::find_session)))
        .service(only("/auth/sessions", get().to(sessions::list_sessions)))
        .service(only(
            "/auth/sessions/{id}",
            delete().to(sessions::end_session),
        ))
        .service(only(
            "/auth/second-factor",
            post().to(confirmations::give_factor),
        ))
        .service(only(
            "/auth/second-factor/enrol",
            post().to(confirmations::enrol),
        ))
        .service(only(
            "/auth/second-factor/confirm",
            post().to(confirmations::confirm),
        ))
        .service(only("/auth/password", post().to(passwords::change)))
        .service(only("/auth/reset", post().to(passwords::ask_for_reset)))
        .service(only("/auth/reset/confirm", post().to(passwords::reset)))
        .configure(arrivals);
}

/// How people come to be here, and what they may do.
fn arrivals(cfg: &mut ServiceConfig) {
    let keys = web::resource("/auth/keys")
        .route(get().to(keys::list_keys))
        .route(post().to(keys::create_key))
        .default_service(web::to(problems::wrong_method));
    cfg.service(only("/auth/invitations", post().to(people::invite)))
        .service(only(
            "/auth/invitations/accept",
            post().to(people::accept_invitation),
        ))
        .service(only("/auth/set-up", post().to(people::set_up)))
        .service(only("/auth/people", get().to(people::list_people)))
        .service(only(
            "/auth/people/{id}/role",
            post().to(people::change_role),
        ))
        .service(only(
            "/auth/people/{id}/deactivate",
            post().to(people::deactivate),
        ))
        .service(only("/auth/people/{id}/unlink", post().to(people::unlink)))
        .service(only("/auth/roles", get().to(roles::list_roles)))
        .service(
            web::resource("/auth/roles/{name}")
                .route(put().to(roles::put_role))
                .route(delete().to(roles::remove_role))
                .default_service(web::to(problems::wrong_method)),
        )
        .service(keys)
        .service(only("/auth/keys/{id}", delete().to(keys::revoke_key)));
}

/// The session of the request's cookie; for what changes something only from our own pages. It may still lack its second
/// factor.
pub(super) async fn session_of(
    app: &App,
    request: &HttpRequest,
) -> Result<Session, problems::Problem> {
    let token = cookies::token_of(app, request).ok_or_else(cookies::missing)?;
    origins::check(app, request, origins::Rider::Cookie)?;
    let session = app
        .accounts
        .sessions
        .find(&app.store.pools.engine, &token)
        .await?;
    super::principals::note_asker(request, &session.tenant_id, &session.principal_id());
    app.store.directory.require_active(&session.tenant_id)?;
    Ok(session)
}

/// A body of JSON; unknown fields are refused with 422 `body-invalid`.
pub(super) async fn body_of<B: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<B, Refusal> {
    let body = parse_json(&read_json(request, payload, BODY_LIMIT_BYTES).await?)?;
    serde_json::from_value(body).map_err(|error| {
        Refusal::invalid("body-invalid", format!("the body does not fit: {error}"))
    })
}

/// What the browser calls itself.
fn agent_of(request: &HttpRequest) -> Option<&str> {
    header_text(request, USER_AGENT.as_str())
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// An answer that is for the asker alone.
pub(super) fn answer(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

pub(super) fn created(body: impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

pub(super) fn done() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}
