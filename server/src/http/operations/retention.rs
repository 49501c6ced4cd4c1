//! Terms of what is kept, over HTTP: what they would take, and taking it now.

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use domain::tenants::retention::Retention;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;

use super::{Reason, enter, order, parameters};
use crate::app::App;
use crate::http::{only, problems};
use crate::operations::{Scope, retention};

/// Every route below `/operations/retention`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/operations/retention", get().to(preview_retention)))
        .service(only("/operations/retention/run", post().to(run_retention)));
}

/// Terms to look at instead of those that are set, in days.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewParams {
    tenant: Option<String>,
    messages: Option<u16>,
    files: Option<u16>,
    leads: Option<u16>,
    approvals: Option<u16>,
    webhook_bodies: Option<u16>,
    outbox_history: Option<u16>,
    audited_reads: Option<u16>,
}

impl PreviewParams {
    /// None where nothing is asked for but what is set.
    fn instead(&self) -> Option<Retention> {
        let rules = Retention {
            messages: self.messages,
            files: self.files,
            leads: self.leads,
            approvals: self.approvals,
            webhook_bodies: self.webhook_bodies,
            outbox_history: self.outbox_history,
            audited_reads: self.audited_reads,
        };
        (!rules.is_default()).then_some(rules)
    }
}

/// `GET /operations/retention`
pub async fn preview_retention(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::PrivacyManage).await?;
    let params: PreviewParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    // It reads all that is old.
    let _place = app.long_acts.take_place()?;
    let instead = params.instead();
    let foreseen = retention::preview(&app.dispatcher, &scope, instead.as_ref()).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": foreseen })))
}

/// `POST /operations/retention/run`
pub async fn run_retention(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::PrivacyManage).await?;
    let by = order.by(order.body.reason.as_ref())?;
    let _place = app.long_acts.take_place()?;
    let how = (order.intent, by);
    order.done(retention::run(&app.dispatcher, &order.scope, how).await?)
}
