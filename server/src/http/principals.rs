//! Who is asking, from the request's credential.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use domain::refusal::{Kind, Refusal};
use identity::principals::Principal;

use super::problems::Problem;
use super::request_log::Asker;
use crate::app::App;

/// The longest name of a model that we keep.
const MODEL_LIMIT_CHARS: usize = 100;

/// The principal of the bearer key, or the 401 that says what is wrong with it.
pub async fn authenticate(app: &App, request: &HttpRequest) -> Result<Principal, Problem> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let Some(key) = header
        .strip_prefix("Bearer ")
        .map(str::trim)
        .filter(|key| !key.is_empty())
    else {
        let detail = "send an API key as `Authorization: Bearer …`";
        return Err(Refusal::new(Kind::Unauthenticated, "credential-missing", detail).into());
    };
    authenticate_key(app, request, key).await
}

/// The principal of an API key that came by a header of its own.
pub async fn authenticate_key(
    app: &App,
    request: &HttpRequest,
    key: &str,
) -> Result<Principal, Problem> {
    let mut principal = app.keys.authenticate(&app.store.pools.engine, key).await?;
    if let Some(model) = header_text(request, "x-agent-model") {
        principal.model = Some(model.chars().take(MODEL_LIMIT_CHARS).collect());
    }
    request.extensions_mut().insert(Asker {
        tenant_id: principal.tenant_id.as_str().to_owned(),
        principal: principal.id.clone(),
    });
    Ok(principal)
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
