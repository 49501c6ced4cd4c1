//! API keys, as those manage them who may.

use actix_web::{HttpRequest, web};
use domain::refusal::Refusal;
use identity::acts::{self, Act};
use identity::keys;
use identity::new_keys::NewKey;
use identity::permissions::{Permission, PermissionSet};
use identity::principals::{Principal, PrincipalKind};
use serde_json::json;
use time::Duration;

use super::{answer, body_of, created, now};
use crate::app::App;
use crate::http::principals::authenticate;
use crate::http::problems;

/// How long a key is good when nothing is said, and at most.
pub const USUAL_EXPIRY: Duration = Duration::days(90);
pub const MAX_EXPIRY: Duration = Duration::days(3_650);

/// `GET /auth/keys`: revoked ones included, the oldest first.
pub async fn list_keys(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::KeysManage)?;
    let items = keys::list_keys(&app.store.pools.engine, &principal.tenant_id).await?;
    Ok(answer(json!({ "items": items })))
}

/// `POST /auth/keys`: the only time that the key is shown.
pub async fn create_key(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::KeysManage)?;
    let mut new: NewKey = body_of(&request, payload).await?;
    may_hand_out(&principal, &new)?;
    new.owner_id = owner_of(&principal);
    let latest = now() + MAX_EXPIRY;
    let expires_at = new.expires_at.unwrap_or(now() + USUAL_EXPIRY);
    if expires_at <= now() || expires_at > latest {
        let message = format!(
            "a key ends within the next {} days",
            MAX_EXPIRY.whole_days()
        );
        return Err(Refusal::field("/expires_at", "expiry-out-of-range", message).into());
    }
    new.expires_at = Some(expires_at);
    let (key, plain) = keys::create(&app.store.pools.engine, &principal.tenant_id, &new).await?;
    note(&app, &principal, "create-key", &key).await?;
    Ok(created(json!({ "key": plain.expose(), "item": key })))
}

/// `DELETE /auth/keys/{id}`: safe to repeat.
pub async fn revoke_key(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::KeysManage)?;
    let tenant_id = &principal.tenant_id;
    let key = keys::revoke(&app.store.pools.engine, tenant_id, &id).await?;
    app.keys.forget(tenant_id, &id);
    note(&app, &principal, "revoke-key", &key).await?;
    Ok(answer(json!({ "item": key })))
}

/// Nobody hands out more than they have. Refused with 403 `role-beyond-own`.
fn may_hand_out(by: &Principal, new: &NewKey) -> Result<(), Refusal> {
    let narrowed = match &new.permissions {
        Some(list) => list.iter().copied().collect(),
        None => PermissionSet::all(),
    };
    let missing = new
        .role
        .permissions()
        .intersection(narrowed)
        .without(by.permissions);
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "this key would hold what you do not: {}",
        missing.names().join(", ")
    );
    Err(Refusal::forbidden("role-beyond-own", detail))
}

/// The person whose rights bound the key; keys made with keys have none.
fn owner_of(by: &Principal) -> Option<String> {
    let is_session = by.factor != identity::factors::Factor::NotAsked;
    let id = by.id.split_once(':').map(|(_, id)| id.to_owned());
    id.filter(|_| is_session && by.kind == PrincipalKind::Person)
}

/// Labels may name people, so they stay out of the record.
async fn note(
    app: &App,
    by: &Principal,
    action: &'static str,
    key: &keys::ApiKey,
) -> Result<(), problems::Problem> {
    let client = app.store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &by.tenant_id,
        principal: &by.id,
        action,
        subject: &key.key_id,
        reason: None,
        details: &json!({ "kind": key.kind.as_str(), "role": key.role }),
    };
    Ok(acts::record(&client, act).await?)
}
