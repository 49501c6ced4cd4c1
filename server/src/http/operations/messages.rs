//! What goes out and what comes in: the outbox with its attempts, what is done about single messages, and webhooks
//! received.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use outbox::operators::{Remedied, Remedy};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{OfTenant, PageOfTenant, Reason, enter, enter_plainly, order, page_length, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::{Scope, outbox as messages, webhooks};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagesParams {
    tenant: Option<String>,
    state: Option<String>,
    aggregate_id: Option<String>,
    limit: Option<i64>,
}

/// `GET /operations/outbox`
pub async fn list_messages(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: MessagesParams = parameters(&request)?;
    if let Some(state) = params
        .state
        .as_deref()
        .filter(|state| !messages::STATES.contains(state))
    {
        let detail = format!(
            "there is no state {state}; there are {}",
            messages::STATES.join(", ")
        );
        return Err(Refusal::malformed("parameters-invalid", detail).into());
    }
    if params.state.is_some() && params.aggregate_id.is_some() {
        let detail = "give state or aggregate_id, not both";
        return Err(Refusal::malformed("parameters-invalid", detail).into());
    }
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let wanted = (params.state.as_deref(), params.aggregate_id.as_deref());
    let limit = page_length(params.limit)?;
    let listed = messages::list(&app.store, &scope, wanted, limit).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": listed })))
}

/// `GET /operations/outbox/{id}`
pub async fn find_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let message = messages::show(&app.store, &scope, &id).await?;
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
    let message = messages::show(&app.store, &scope, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": message.attempts })))
}

/// `GET /operations/outbox/stats`
pub async fn count_messages(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: OfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let stats = messages::stats(&app.store, &scope).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": stats })))
}

/// `GET /operations/outbox/blocked`
pub async fn list_blocked(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: PageOfTenant = parameters(&request)?;
    let after = params.cursor.as_deref().map(|cursor| {
        let place = cursor.split_once('/');
        let place =
            place.and_then(|(at, id)| Some((OffsetDateTime::parse(at, &Rfc3339).ok()?, id)));
        place.ok_or_else(|| {
            let detail = "a cursor is the next_cursor of the page before";
            Refusal::malformed("cursor-invalid", detail)
        })
    });
    let after = after.transpose()?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let limit = page_length(params.limit)?;
    let page = messages::blocked(&app.store, &scope, (after, limit)).await?;
    let next = page.next.and_then(|(at, id)| {
        let at = at.format(&Rfc3339).ok()?;
        Some(format!("{at}/{id}"))
    });
    Ok(HttpResponse::Ok().json(json!({ "items": page.items, "next_cursor": next })))
}

/// What was done about a message, or would be.
#[derive(Serialize)]
struct Done {
    action: &'static str,
    #[serde(flatten)]
    remedied: Remedied,
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
    let how = (order.intent, by);
    let remedied = messages::remedy(&app.store, (&order.scope, &id), Remedy::Retry, how).await?;
    order.done(Done {
        action: "retry",
        remedied,
    })
}

/// `POST /operations/outbox/{id}/cancel`
pub async fn cancel_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    explained(&app, (&request, &id), body, ("cancel", Remedy::Cancel)).await
}

/// `POST /operations/outbox/{id}/skip`
pub async fn skip_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    explained(&app, (&request, &id), body, ("skip", Remedy::Skip)).await
}

/// `POST /operations/outbox/{id}/discard`, the older name of `skip`.
pub async fn discard_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    explained(&app, (&request, &id), body, ("discard", Remedy::Skip)).await
}

/// What may be done only with a reason.
async fn explained(
    app: &App,
    (request, id): (&HttpRequest, &str),
    body: web::Payload,
    (action, remedy): (&'static str, Remedy),
) -> problems::Answer {
    let order = order::<Reason>(app, request, body, Permission::OperationsWrite).await?;
    let how = (order.intent, order.by_for(order.body.reason.as_ref())?);
    let remedied = messages::remedy(&app.store, (&order.scope, id), remedy, how).await?;
    order.done(Done { action, remedied })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolving {
    /// `delivered` or `failed`.
    outcome: Option<String>,
    reason: Option<String>,
}

/// `POST /operations/outbox/{id}/resolve`
pub async fn resolve_message(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Resolving>(&app, &request, body, Permission::OperationsWrite).await?;
    let how = (order.intent, order.by_for(order.body.reason.as_ref())?);
    let remedy = match order.body.outcome.as_deref() {
        Some("delivered") => Remedy::ResolveDelivered,
        Some("failed") => Remedy::ResolveFailed,
        _ => {
            let message = "say delivered or failed; to send it again, see retry";
            return Err(Refusal::field("/outcome", "outcome-unknown", message).into());
        }
    };
    let remedied = messages::remedy(&app.store, (&order.scope, &id), remedy, how).await?;
    order.done(Done {
        action: "resolve",
        remedied,
    })
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
