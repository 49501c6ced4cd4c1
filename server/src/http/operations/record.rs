//! The record of acts, and the doctor's findings.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;

use super::{enter, enter_plainly, page_length, parameters};
use crate::app::App;
use crate::cli::doctor;
use crate::http::problems;
use crate::operations::{Scope, acts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActsParams {
    tenant: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /operations/acts`
pub async fn list_acts(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: ActsParams = parameters(&request)?;
    let scope = Scope::of(&app.store, &principal, params.tenant.as_deref()).await?;
    let limit = page_length(params.limit)?;
    let acts = acts::list(&app.store, &scope, (params.cursor.as_deref(), limit)).await?;
    let is_full = i64::try_from(acts.len()).is_ok_and(|found| found == limit);
    let next = acts.last().filter(|_| is_full);
    Ok(HttpResponse::Ok().json(json!({
        "items": acts, "next_cursor": next.map(|last| &last.operation_id),
    })))
}

/// `GET /operations/acts/{id}`
pub async fn find_act(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let principal = enter_plainly(&app, &request, Permission::OperationsRead).await?;
    let scope = Scope::of(&app.store, &principal, None).await?;
    let act = acts::find(&app.store, &scope, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": act })))
}

/// `GET /operations/doctor`
pub async fn examine(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    enter_plainly(&app, &request, Permission::InstallationRead).await?;
    let Some(patient) = &app.patient else {
        let detail = "this process was started without what the doctor looks at";
        return Err(Refusal::not_found("doctor-off", detail).into());
    };
    let findings = doctor::examine(patient)
        .await
        .map_err(|reason| match reason.downcast::<tokio_postgres::Error>() {
            Ok(error) => Error::from(*error),
            Err(reason) => match reason.downcast::<Error>() {
                Ok(error) => *error,
                Err(reason) => Error::Internal(reason),
            },
        })?;
    Ok(HttpResponse::Ok().json(json!({ "items": findings })))
}
