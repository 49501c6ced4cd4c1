//! What goes out and what comes in: the outbox with its attempts, trying again and giving up, and webhooks received.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Reason, enter, enter_plainly, order, page_length, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::{Scope, outbox, webhooks};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagesParams {
    tenant: Option<String>,
    state: Option<String>,
    limit: Option<i64>,
}

/// `GET /operations/outbox`
pub async fn list_messages(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: MessagesParams = parameters(&request)?;
    if let Some(state) = params
        .state
        .as_deref()
        .filter(|state| !outbox::STATES.contains(state))
    {
        let detail = format!(
            "there is no state {state}; there are {}",
            outbox::STATES.join(", ")
        );
        return Err(Refusal::malformed("parameters-invalid", detail).into());
    }
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let wanted = (params.state.as_deref(), page_length(params.limit)?);
    let messages = outbox::list(&app.store, &scope, wanted).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": messages })))
}

/// `GET /operations/outbox/{id}`
pub async fn find_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let message = outbox::show(&app.store, &scope, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": message })))
}

/// `GET /operations/outbox/{id}/attempts`
pub async fn list_attempts(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let message = outbox::show(&app.store, &scope, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": message.attempts })))
}

/// `POST /operations/outbox/{id}/retry`
pub async fn retry_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by(order.body.reason.as_ref())?;
    let result = outbox::retry(&app.store, (&order.scope, &id), order.intent, by).await?;
    order.done(result)
}

/// `POST /operations/outbox/{id}/discard`
pub async fn discard_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Reason>(&app, &request, body, Permission::OperationsWrite).await?;
    let by = order.by_for(order.body.reason.as_ref())?;
    let result = outbox::discard(&app.store, (&order.scope, &id), order.intent, by).await?;
    order.done(result)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhooksParams {
    tenant: Option<String>,
    provider: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /operations/webhooks`
pub async fn list_webhooks(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: WebhooksParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let limit = page_length(params.limit)?;
    let before = params.cursor.as_deref().map(|cursor| {
        OffsetDateTime::parse(cursor, &Rfc3339).map_err(|_| {
            let detail = "a cursor is the next_cursor of the page before";
            Refusal::malformed("parameters-invalid", detail)
        })
    });
    let wanted = webhooks::Wanted {
        provider: params.provider,
        state: params.state,
        before: before.transpose()?,
        limit: Some(limit),
    };
    let listed = webhooks::list(&app.store, &scope, &wanted).await?;
    let is_full = i64::try_from(listed.len()).is_ok_and(|found| found == limit);
    let last = listed.last().filter(|_| is_full);
    let next = last.and_then(|last| last.received_at.format(&Rfc3339).ok());
    Ok(HttpResponse::Ok().json(json!({ "items": listed, "next_cursor": next })))
}
