//! The people of a tenant: inviting them, their roles, and how the first one comes in.

use actix_web::{HttpRequest, web};
use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use domain::ids::TenantId;
use event_store::Result;
use identity::accounts::set_up::SetUp;
use identity::permissions::Permission;
use identity::principals::Principal;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::sign_in::welcome;
use super::{agent_of, answer, body_of, created, done, now, origins, views};
use crate::app::App;
use crate::http::principals::authenticate;
use crate::http::problems;

/// What a tenant is called that a set-up has to make; its settings can say better.
const FIRST_SLUG: &str = "main";
const FIRST_NAME: &str = "My business";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    email: String,
    name: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    token: String,
    #[serde(default)]
    name: Option<String>,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstPerson {
    token: String,
    email: String,
    name: String,
    password: String,
    /// Which tenant to own, by its slug; the only one there is when absent. Made when there is none.
    #[serde(default)]
    tenant: Option<String>,
    /// What the business is called, where the tenant has to be made.
    #[serde(default)]
    business: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: String,
}

/// `GET /auth/people`
pub async fn list_people(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleRead)?;
    let people = app.accounts.list_people(&principal.tenant_id).await?;
    let items: Vec<_> = people.iter().map(views::person).collect();
    Ok(answer(json!({ "items": items })))
}

/// `POST /auth/invitations`
pub async fn invite(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    let body: Invitation = body_of(&request, payload).await?;
    let invited = app
        .accounts
        .invite(&principal, (&body.email, &body.name, &body.role), now())
        .await?;
    Ok(created(json!({
        "person_id": invited.person_id, "expires_at": views::instant(Some(invited.expires_at)),
    })))
}

/// `POST /auth/invitations/accept`
pub async fn accept_invitation(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    origins::check(&app, &request, origins::Rider::Body)?;
    let body: Acceptance = body_of(&request, payload).await?;
    app.tries.take(&request, "")?;
    let chosen = (body.name.as_deref(), body.password);
    let signed_in = app
        .accounts
        .accept_invitation(&body.token, chosen, (agent_of(&request), now()))
        .await?;
    welcome(&app, &request, &signed_in).await
}

/// `POST /auth/people/{id}/role`
pub async fn change_role(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    let body: NewRole = body_of(&request, payload).await?;
    app.accounts
        .change_role(&principal, &id, &body.role)
        .await?;
    let card = app.accounts.find(&principal.tenant_id, &id).await?;
    Ok(answer(json!({ "item": views::person(&card) })))
}

/// `POST /auth/people/{id}/deactivate`
pub async fn deactivate(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    app.accounts.deactivate(&principal, &id).await?;
    Ok(done())
}

/// `POST /auth/people/{id}/unlink`
pub async fn unlink(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    app.accounts.unlink(&principal, &id).await?;
    Ok(done())
}

/// `POST /auth/set-up`
pub async fn set_up(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    origins::check(&app, &request, origins::Rider::Body)?;
    let body: FirstPerson = body_of(&request, payload).await?;
    app.tries.take(&request, "")?;
    let set_up = SetUp {
        token: body.token,
        email: body.email,
        name: body.name,
        password: body.password,
    };
    app.accounts.check_set_up(&set_up).await?;
    let tenant_id = tenant_of(&app, body.tenant.as_deref(), body.business.as_deref()).await?;
    let signed_in = app
        .accounts
        .set_up(&tenant_id, set_up, (agent_of(&request), now()))
        .await?;
    welcome(&app, &request, &signed_in).await
}

/// The tenant that the first person is to own.
async fn tenant_of(app: &App, slug: Option<&str>, name: Option<&str>) -> Result<TenantId> {
    let tenants = app.store.directory.list().await?;
    let found = match (slug, tenants.as_slice()) {
        (Some(slug), tenants) => tenants.iter().find(|(_, known)| known == slug),
        (None, [only]) => Some(only),
        (None, []) => None,
        (None, several) => {
            let slugs: Vec<&str> = several
                .iter()
                .map(|(_, slug)| slug.as_str())
                .take(20)
                .collect();
            let message = format!("say which tenant you own: {}", slugs.join(", "));
            return Err(
                domain::refusal::Refusal::field("/tenant", "tenant-missing", message).into(),
            );
        }
    };
    if let Some((tenant_id, _)) = found {
        return Ok(tenant_id.clone());
    }
    let tenant_id = TenantId::from(Uuid::now_v7());
    let command_id = Uuid::now_v7().to_string();
    let ctx = Context {
        principal: Principal::system(tenant_id.clone()),
        now: Context::clock(),
        mode: Mode::Live,
        correlation_id: command_id.clone(),
        causation_id: command_id.clone(),
        command_id: command_id.clone(),
        if_match: None,
        source_address: None,
    };
    let body = json!({
        "slug": slug.unwrap_or(FIRST_SLUG), "name": name.unwrap_or(FIRST_NAME), "modules": ["catering"],
    });
    let command = Request {
        ctx,
        name: "create-tenant".to_owned(),
        body,
        key: Some(command_id),
        run: Run::Real,
    };
    app.dispatcher.dispatch(&command).await?;
    Ok(tenant_id)
}
