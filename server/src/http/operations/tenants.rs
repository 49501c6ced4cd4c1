//! Tenants over HTTP, for operators of the installation: how each stands, and suspending and resuming one.

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use commands::context::Context;
use domain::tenants::Standing;
use identity::permissions::Permission;
use serde_json::json;

use super::{OfTenant, Reason, enter, order, parameters};
use crate::app::App;
use crate::http::{only, problems};
use crate::operations::{Scope, tenants};

/// Every route below `/operations/tenants`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/operations/tenants", get().to(list_tenants)))
        .service(only(
            "/operations/tenants/suspend",
            post().to(suspend_tenant),
        ))
        .service(only("/operations/tenants/resume", post().to(resume_tenant)));
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
