//! Dead letters sent again, many at once, over HTTP: counted by a dry run, ordered, watched and ended.

use actix_web::{HttpRequest, HttpResponse, web};
use identity::permissions::Permission;
use outbox::redrives::Wanted;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::{PageOfTenant, Reason, enter, order, page_length, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::{Scope, redrives};

/// Which dead letters, how fast, and why; what is not said is any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ordering {
    target: Option<String>,
    failure_kind: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    died_after: Option<OffsetDateTime>,
    rate_per_second: Option<f64>,
    max_messages: Option<i64>,
    reason: Option<String>,
}

/// `GET /operations/outbox/redrives`
pub async fn list_redrives(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: PageOfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let limit = page_length(params.limit)?;
    let listed = redrives::page(&app.store, &scope, (params.cursor.as_deref(), limit)).await?;
    let is_full = i64::try_from(listed.len()).is_ok_and(|found| found == limit);
    let next = listed.last().filter(|_| is_full);
    Ok(HttpResponse::Ok().json(json!({
        "items": listed, "next_cursor": next.map(|last| &last.redrive_id),
    })))
}

/// `POST /operations/outbox/redrives`
pub async fn order_redrive(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Ordering>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    let wanted = Wanted {
        target: order.body.target.as_deref(),
        failure_kind: order.body.failure_kind.as_deref(),
        died_after: order.body.died_after,
        rate_per_second: order.body.rate_per_second,
        max_messages: order.body.max_messages,
    };
    let what = (&order.scope, &wanted);
    order.done(redrives::order(&app.store, what, order.intent, by).await?)
}

/// `POST /operations/outbox/redrives/{id}/cancel`
pub async fn cancel_redrive(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    let place = (&order.scope, id.as_str());
    order.done(redrives::cancel(&app.store, place, order.intent, by).await?)
}
