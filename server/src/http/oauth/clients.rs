//! Clients, as those manage them who may manage keys; what one has granted oneself; and the change of signing keys.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use identity::factors::Factor;
use identity::oauth::clients::{self, NewClient};
use identity::oauth::grants;
use identity::oauth::signing::Rotation;
use identity::permissions::{Permission, PermissionSet};
use identity::principals::{Principal, PrincipalKind};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::check_ours;
use super::token::note;
use crate::app::App;
use crate::http::auth::{answer, body_of, created, done, session_of};
use crate::http::principals::authenticate;
use crate::http::problems::Answer;

/// How the signing keys are to change.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    /// As they change by themselves: nobody is turned away.
    #[default]
    Planned,
    /// All access tokens are void at once.
    AtOnce,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyChange {
    #[serde(default)]
    when: When,
}

/// `GET /auth/clients`: the newest first, those that were ended last.
pub async fn list_clients(app: web::Data<App>, request: HttpRequest) -> Answer {
    let by = manager_of(&app, &request).await?;
    let items = clients::list(&app.store.pools.engine, &by.tenant_id).await?;
    Ok(answer(json!({ "items": items })))
}

/// `POST /auth/clients`: the only time that the secret is shown.
pub async fn register_client(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let by = manager_of(&app, &request).await?;
    by.factor.require_fresh(OffsetDateTime::now_utc())?;
    let mut new: NewClient = body_of(&request, payload).await?;
    may_hand_out(&by, &new)?;
    new.owner_id = owner_of(&by);
    let client = app.store.pools.engine.get().await?;
    let (made, secret) = clients::register(&client, &by.tenant_id, &new).await?;
    drop(client);
    let details = json!({ "kind": made.kind.as_str(), "role": made.role, "redirect_uris": made.redirect_uris });
    note(&app, &by, "register-client", (&made.client_id, &details)).await?;
    let secret = secret.as_ref().map(|secret| secret.expose());
    Ok(created(json!({ "client_secret": secret, "item": made })))
}

/// `DELETE /auth/clients/{id}`: safe to repeat; what was granted to it ends with it.
pub async fn revoke_client(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Answer {
    let by = manager_of(&app, &request).await?;
    let client = app.store.pools.engine.get().await?;
    let ended = clients::revoke(&client, &by.tenant_id, &id).await?;
    drop(client);
    // It may hold many grants; this is rare.
    app.oauth.bearers.forget_all();
    note(&app, &by, "revoke-client", (&ended.client_id, &json!({}))).await?;
    Ok(answer(json!({ "item": ended })))
}

/// `GET /auth/grants`: what one has let programs do.
pub async fn list_grants(app: web::Data<App>, request: HttpRequest) -> Answer {
    check_ours(&app, &request)?;
    let session = session_of(&app, &request).await?;
    let client = app.store.pools.engine.get().await?;
    let items = grants::list(&client, &session.tenant_id, &session.person_id).await?;
    Ok(answer(json!({ "items": items })))
}

/// `DELETE /auth/grants/{id}`: one's own; its tokens end with it.
pub async fn end_grant(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Answer {
    check_ours(&app, &request)?;
    let session = session_of(&app, &request).await?;
    let principal = session.principal(OffsetDateTime::now_utc())?;
    let client = app.store.pools.engine.get().await?;
    let person_id = session.person_id.as_str();
    let grant = (&session.tenant_id, id.as_str());
    let ended = grants::revoke(&client, grant, Some(person_id)).await?;
    drop(client);
    if !ended {
        return Err(grants::unknown().into());
    }
    app.oauth.bearers.forget(&id);
    note(&app, &principal, "end-grant", (&id, &json!({}))).await?;
    Ok(done())
}

/// `POST /auth/oauth/keys`: makes a new signing key, for all tenants.
pub async fn rotate_keys(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    check_ours(&app, &request)?;
    let by = authenticate(&app, &request).await?;
    by.require(Permission::InstallationOperate)?;
    by.factor.require_fresh(OffsetDateTime::now_utc())?;
    let change: KeyChange = body_of(&request, payload).await?;
    let rotation = match change.when {
        When::Planned => Rotation::Planned,
        When::AtOnce => Rotation::AtOnce,
    };
    let key_id = app.oauth.issuer.keyring.rotate(rotation).await?;
    note(&app, &by, "rotate-signing-key", (&key_id, &json!({}))).await?;
    Ok(HttpResponse::Created()
        .insert_header(("cache-control", "no-store"))
        .json(json!({ "key_id": key_id })))
}

async fn manager_of(
    app: &App,
    request: &HttpRequest,
) -> Result<Principal, crate::http::problems::Problem> {
    check_ours(app, request)?;
    let by = authenticate(app, request).await?;
    by.require(Permission::KeysManage)?;
    Ok(by)
}

/// Nobody hands out more than they have. Refused with 403 `role-beyond-own`.
fn may_hand_out(by: &Principal, new: &NewClient) -> Result<(), Refusal> {
    let narrowed = match &new.permissions {
        Some(list) => list.iter().copied().collect(),
        None => PermissionSet::all(),
    };
    let wanted = new.role.permissions().intersection(narrowed);
    let missing = wanted.without(by.permissions);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.names().join(", ");
    let detail = format!("this client could do what you cannot: {names}");
    Err(Refusal::forbidden("role-beyond-own", detail))
}

/// The person whose rights bound a program that acts for itself; clients registered with keys have none.
fn owner_of(by: &Principal) -> Option<String> {
    let is_session = by.factor != Factor::NotAsked;
    let id = by.id.split_once(':').map(|(_, id)| id.to_owned());
    id.filter(|_| is_session && by.kind == PrincipalKind::Person)
}
