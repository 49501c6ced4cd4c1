//! Who is asking, from the request's credential.

use std::net::IpAddr;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use identity::principals::Principal;
use time::OffsetDateTime;

use super::auth::{cookies, origins};
use super::chat::limits::address_of;
use super::oauth::challenges::WithToken;
use super::problems::Problem;
use super::rates::Class;
use super::request_log::Asker;
use crate::app::App;

/// The longest name of a model that we keep.
const MODEL_LIMIT_CHARS: usize = 100;

/// The principal of the bearer key or access token, or else of the session's cookie; or the 401 that says what is wrong with it, or the 403
/// `mfa-required` of a session that lacks its second factor.
pub async fn authenticate(app: &App, request: &HttpRequest) -> Result<Principal, Problem> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let key = header
        .strip_prefix("Bearer ")
        .map(str::trim)
        .filter(|key| !key.is_empty());
    let Some(key) = key else {
        if header.is_empty()
            && let Some(token) = cookies::token_of(app, request)
        {
            return authenticate_session(app, request, &token).await;
        }
        let detail = "send an API key as `Authorization: Bearer …`, or sign in: POST /auth/sign-in";
        return Err(Refusal::new(Kind::Unauthenticated, "credential-missing", detail).into());
    };
    // Keys begin with a word of their own, and hold no dots.
    match key.contains('.') {
        true => authenticate_token(app, request, key).await,
        false => authenticate_key(app, request, key).await,
    }
}

/// The principal of an access token, which must be for this very resource.
async fn authenticate_token(
    app: &App,
    request: &HttpRequest,
    token: &str,
) -> Result<Principal, Problem> {
    request.extensions_mut().insert(WithToken);
    let resource = app.oauth.resource_of(request.path());
    let engine = &app.store.pools.engine;
    let mut principal = match &app.oauth.outside {
        Some(outside) => outside.authenticate(app, token, &resource).await?,
        None => {
            let bearers = &app.oauth.bearers;
            bearers.authenticate(engine, token, &resource).await?
        }
    };
    principal.model = model_of(request);
    note_asker(request, &principal.tenant_id, &principal.id);
    app.store.directory.require_active(&principal.tenant_id)?;
    app.rates.take(&principal, Class::of(request.method()), 1)?;
    Ok(principal)
}

/// The principal of an API key that came by a header of its own.
pub async fn authenticate_key(
    app: &App,
    request: &HttpRequest,
    key: &str,
) -> Result<Principal, Problem> {
    let address = caller_of(request);
    let engine = &app.store.pools.engine;
    let mut principal = app.keys.authenticate(engine, key, address).await?;
    if let Some(model) = model_of(request) {
        principal.model = Some(model);
    }
    note_asker(request, &principal.tenant_id, &principal.id);
    app.store.directory.require_active(&principal.tenant_id)?;
    app.rates.take(&principal, Class::of(request.method()), 1)?;
    Ok(principal)
}

async fn authenticate_session(
    app: &App,
    request: &HttpRequest,
    token: &str,
) -> Result<Principal, Problem> {
    origins::check(app, request, origins::Rider::Cookie)?;
    let engine = &app.store.pools.engine;
    let session = app.accounts.sessions.find(engine, token).await?;
    note_asker(request, &session.tenant_id, &session.principal_id());
    let principal = session.principal(OffsetDateTime::now_utc())?;
    app.store.directory.require_active(&principal.tenant_id)?;
    app.rates.take(&principal, Class::of(request.method()), 1)?;
    Ok(principal)
}

/// The model that an agent says it runs on.
fn model_of(request: &HttpRequest) -> Option<String> {
    let model = header_text(request, "x-agent-model")?;
    Some(model.chars().take(MODEL_LIMIT_CHARS).collect())
}

/// Tells the request's log line who asks.
pub fn note_asker(request: &HttpRequest, tenant_id: &TenantId, principal: &str) {
    request.extensions_mut().insert(Asker {
        tenant_id: tenant_id.as_str().to_owned(),
        principal: principal.to_owned(),
    });
}

/// The address that the call comes from: behind a proxy of one's own network, what that proxy says.
fn caller_of(request: &HttpRequest) -> Option<IpAddr> {
    address_of(request).parse().ok()
}

/// A header's value, when it is there and printable.
pub fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|value| !value.is_empty())
}
