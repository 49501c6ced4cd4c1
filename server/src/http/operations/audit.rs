//! The audit log over HTTP: how it stands, what was signed, proofs, and a verification of all of it.

use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;

use super::{OfTenant, enter, enter_plainly, page_length, parameters};
use crate::app::App;
use crate::http::{only, problems};
use crate::operations::{Scope, audit};

/// Every route below `/operations/audit`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/operations/audit", get().to(show_audit_logs)))
        .service(only(
            "/operations/audit/checkpoints",
            get().to(list_checkpoints),
        ))
        .service(only(
            "/operations/audit/consistency",
            get().to(prove_consistency),
        ))
        .service(only(
            "/operations/audit/proofs/{position}",
            get().to(prove_event),
        ))
        .service(only(
            "/operations/audit/verification",
            get().to(verify_audit_logs),
        ));
}

/// `GET /operations/audit`
pub async fn show_audit_logs(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: OfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let standing = audit::standing(&app.store, &scope).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": standing })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointsParams {
    tenant: Option<String>,
    cursor: Option<i64>,
    limit: Option<i64>,
}

/// `GET /operations/audit/checkpoints`
pub async fn list_checkpoints(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: CheckpointsParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let log = scope.require_one(&app.store).await?;
    let limit = page_length(params.limit)?;
    let found = audit::checkpoints(&app.store, log.as_str(), (params.cursor, limit)).await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found == limit);
    let next = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.tree_size.to_string());
    Ok(HttpResponse::Ok().json(json!({ "items": found, "next_cursor": next })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsistencyParams {
    tenant: Option<String>,
    from: i64,
    to: i64,
}

/// `GET /operations/audit/consistency`
pub async fn prove_consistency(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: ConsistencyParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let log = scope.require_one(&app.store).await?;
    let sizes = (params.from, params.to);
    let proof = audit::prove_consistency(&app.store, log.as_str(), sizes).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": proof })))
}

/// `GET /operations/audit/proofs/{position}`
pub async fn prove_event(
    app: web::Data<App>,
    request: HttpRequest,
    position: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let position = position.parse().map_err(|_| {
        let detail = format!("{position} is no position; see /operations/events");
        Refusal::malformed("parameters-invalid", detail)
    })?;
    let proof = audit::prove(&app.store, &scope, position).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": proof })))
}

/// `GET /operations/audit/verification`
pub async fn verify_audit_logs(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: OfTenant = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    // It reads the whole log.
    let _place = app.long_acts.take_place()?;
    let reports = audit::verify(&app.store, &scope, &[]).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": reports })))
}
