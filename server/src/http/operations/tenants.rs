//! Tenants over HTTP, for operators of the installation: how each stands, suspending and resuming one, and its deletion.

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use commands::context::Context;
use domain::tenants::Standing;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;

use super::{OfTenant, Reason, enter, enter_plainly, order, parameters};
use crate::app::App;
use crate::http::{only, problems};
use crate::operations::tenant_deletions::{self, When};
use crate::operations::{Scope, tenants};

/// Every route below `/operations/tenants`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/operations/tenants", get().to(list_tenants)))
        .service(only(
            "/operations/tenants/suspend",
            post().to(suspend_tenant),
        ))
        .service(only("/operations/tenants/resume", post().to(resume_tenant)))
        .service(only("/operations/tenants/delete", post().to(delete_tenant)))
        .service(only(
            "/operations/tenants/withdraw-deletion",
            post().to(withdraw_deletion),
        ))
        .service(only(
            "/operations/tenants/deletions",
            get().to(list_deletions),
        ));
}

/// `GET /operations/tenants`
pub async fn list_tenants(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::InstallationRead).await?;
    let params: OfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let items = tenants::list(&app.dispatcher, &scope).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": items })))
}

/// `POST /operations/tenants/suspend?tenant=…`
pub async fn suspend_tenant(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    set(&app, &request, body, Standing::Suspended).await
}

/// `POST /operations/tenants/resume?tenant=…`
pub async fn resume_tenant(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    set(&app, &request, body, Standing::Active).await
}

/// It needs a reason, and of a person a fresh second factor.
async fn set(
    app: &App,
    request: &HttpRequest,
    body: web::Payload,
    wanted: Standing,
) -> problems::Answer {
    let order = order::<Reason>(app, request, body, Permission::InstallationOperate).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    order.principal.factor.require_fresh(Context::clock())?;
    let how = (order.intent, by);
    order.done(tenants::set_standing(&app.dispatcher, &order.scope, wanted, how).await?)
}

/// What is to be deleted, once more in words, and when.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deleting {
    reason: Option<String>,
    confirm: Option<String>,
    /// True: at once, and for good.
    #[serde(default)]
    now: bool,
}

/// `POST /operations/tenants/delete?tenant=…`: needs what suspending needs, and the slug once more.
pub async fn delete_tenant(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Deleting>(&app, &request, body, Permission::InstallationOperate).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    order.principal.factor.require_fresh(Context::clock())?;
    let when = match order.body.now {
        true => When::Now,
        false => When::Due,
    };
    let wanted = (order.body.confirm.as_deref().unwrap_or_default(), when);
    let how = (order.intent, by);
    order.done(tenant_deletions::delete(&app.dispatcher, &order.scope, wanted, how).await?)
}

/// `POST /operations/tenants/withdraw-deletion?tenant=…`
pub async fn withdraw_deletion(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::InstallationOperate).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    order.principal.factor.require_fresh(Context::clock())?;
    let how = (order.intent, by);
    order.done(tenant_deletions::withdraw(&app.dispatcher, &order.scope, how).await?)
}

/// `GET /operations/tenants/deletions`
pub async fn list_deletions(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    enter_plainly(&app, &request, Permission::InstallationRead).await?;
    let items = tenant_deletions::list(&app.store, &Scope::All).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": items })))
}
