//! The log over HTTP: pages of events, single ones, streams also as they were, how much there is, and how it lies in
//! PostgreSQL.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::{Result, vacuum};
use identity::permissions::Permission;
use queries::past::AsOf;
use serde::Deserialize;
use serde_json::json;

use super::{OfTenant, enter, enter_plainly, page_length, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::events::rows::EventRow;
use crate::operations::events::stats::{self, Patience};
use crate::operations::events::{self, Wanted, states};
use crate::operations::{Scope, snapshots, store};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsParams {
    tenant: Option<String>,
    aggregate_type: Option<String>,
    event_type: Option<String>,
    correlation_id: Option<String>,
    as_of: Option<String>,
    cursor: Option<i64>,
    limit: Option<i64>,
}

/// `GET /operations/events`
pub async fn list_events(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: EventsParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let wanted = Wanted {
        aggregate_type: params.aggregate_type,
        event_type: params.event_type,
        correlation_id: params.correlation_id,
        as_of: params.as_of.as_deref().map(AsOf::parse).transpose()?,
        before: params.cursor,
        limit: page_length(params.limit)?,
    };
    let page = events::page(&app.store, &scope, &wanted).await?;
    let rows = page.events.iter().map(EventRow::of);
    Ok(HttpResponse::Ok().json(json!({
        "items": rows.collect::<Result<Vec<_>>>()?, "next_cursor": page.next.map(|next| next.to_string()),
    })))
}

/// `GET /operations/events/{position}`
pub async fn find_event(
    app: web::Data<App>,
    request: HttpRequest,
    position: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let position = position.parse().map_err(|_| {
        let detail = format!("{position} is no position; see /operations/streams for an aggregate");
        Refusal::malformed("parameters-invalid", detail)
    })?;
    let event = events::find(&app.store, &scope, position).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": EventRow::of(&event)? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamParams {
    tenant: Option<String>,
    as_of: Option<String>,
}

/// `GET /operations/streams/{id}`
pub async fn find_stream(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: StreamParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let as_of = params.as_of.as_deref().map(AsOf::parse).transpose()?;
    let stream = events::stream(&app.store, &scope, (&id, as_of)).await?;
    let rows = stream.iter().map(EventRow::of);
    Ok(HttpResponse::Ok().json(json!({
        "items": rows.collect::<Result<Vec<_>>>()?, "state": states::fold(&stream)?,
        "as_of": stream.last().map(|newest| newest.position.to_string()),
    })))
}

/// `GET /operations/events/stats`
pub async fn count_events(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: OfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    // It may read the whole log.
    let _place = app.long_acts.take_place()?;
    let stats = stats::count(&app.store, &scope, Patience::Short).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": stats })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolesParams {
    after: Option<i64>,
}

/// `GET /operations/store/holes`
pub async fn list_holes(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    enter(&app, &request, Permission::InstallationRead).await?;
    let params: HolesParams = parameters(&request)?;
    let after = params.after.map(|after| after.max(0));
    // It may look through the whole log.
    let _place = app.long_acts.take_place()?;
    let (after, holes) = store::holes(&app.store, after).await?;
    Ok(HttpResponse::Ok().json(json!({ "after": after, "item": holes })))
}

/// `GET /operations/store/vacuum-report`
pub async fn report_vacuum(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    enter_plainly(&app, &request, Permission::InstallationRead).await?;
    let report = vacuum::report(&app.store.pools.engine).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": report })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotsParams {
    tenant: Option<String>,
    aggregate_type: Option<String>,
    aggregate_id: Option<String>,
}

/// `GET /operations/store/snapshots`
pub async fn list_snapshots(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: SnapshotsParams = parameters(&request)?;
    let wanted = snapshots::Wanted {
        scope: Scope::of(&app.store, &principal, params.tenant.as_deref()).await?,
        aggregate_type: params.aggregate_type,
        aggregate_id: params.aggregate_id,
    };
    let listed = snapshots::list(&app.store, &wanted).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": listed })))
}
