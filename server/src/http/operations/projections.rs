//! Projections and their parked keys over HTTP. What takes its time is begun, answered with 202, and watched in the record.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::parking::Policy;
use identity::permissions::Permission;
use serde::Deserialize;
use serde_json::json;

use super::{Order, enter, enter_plainly, order, parameters};
use crate::app::App;
use crate::http::problems;
use crate::operations::parked::{Remedy, Wanted};
use crate::operations::rebuilds::{self, Work};
use crate::operations::{Intent, Scope, parked, projections};

/// What may stand at the end of `/operations/projections/{name}/…`.
pub(super) const ACTS: [&str; 7] = [
    "pause", "resume", "policy", "rewind", "rebuild", "compare", "rollback",
];

/// `GET /operations/projections`
pub async fn list_projections(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    enter_plainly(&app, &request, Permission::InstallationRead).await?;
    let listed = projections::list(&app.store).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": listed })))
}

/// `GET /operations/projections/{name}`
pub async fn find_projection(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> problems::Answer {
    enter_plainly(&app, &request, Permission::InstallationRead).await?;
    let found = projections::show(&app.store, &name).await?;
    Ok(HttpResponse::Ok().json(json!({ "item": found })))
}

/// The body of an act on a projection; each takes what is its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steering {
    reason: Option<String>,
    /// Of `policy`.
    policy: Option<String>,
    /// Of `rewind`: the position after which it reads again.
    to: Option<i64>,
    /// Of `rebuild`: whether the new tables are compared with the old before the switch.
    compare: Option<bool>,
}

/// `POST /operations/projections/{name}/{act}`
pub async fn steer_projection(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Payload,
) -> problems::Answer {
    let (name, act) = path.into_inner();
    let order = order::<Steering>(&app, &request, body, Permission::InstallationOperate).await?;
    let (store, intent) = (&app.store, order.intent);
    let by = order.by(order.body.reason.as_ref())?;
    match act.as_str() {
        "pause" => {
            let by = order.by_for(order.body.reason.as_ref())?;
            order.done(projections::pause(store, &name, intent, by).await?)
        }
        "resume" => order.done(projections::resume(store, &name, intent, by).await?),
        "policy" => {
            let policy = policy_of(&order.body)?;
            order.done(projections::set_policy(store, (&name, policy), intent, by).await?)
        }
        "rewind" => {
            let to = order.body.to.ok_or_else(|| {
                Refusal::field("/to", "position-missing", "name the position to go back to")
            })?;
            order.done(projections::rewind(store, (&name, to), intent, by).await?)
        }
        "rebuild" if order.body.compare == Some(false) => {
            build(&app, &order, &name, Work::RebuildUncompared).await
        }
        "rebuild" => build(&app, &order, &name, Work::Rebuild).await,
        "compare" => build(&app, &order, &name, Work::Compare).await,
        "rollback" => build(&app, &order, &name, Work::Rollback).await,
        other => {
            let detail = format!("there is no act {other}; there are {}", ACTS.join(", "));
            Err(Refusal::not_found("path-unknown", detail).into())
        }
    }
}

fn policy_of(body: &Steering) -> Result<Policy, Refusal> {
    let named = body.policy.as_deref().unwrap_or_default();
    match Policy::NAMES.contains(&named) {
        true => Ok(Policy::of(named)),
        false => {
            let message = format!("a policy is one of {}", Policy::NAMES.join(", "));
            Err(Refusal::field("/policy", "policy-unknown", message))
        }
    }
}

/// Begins what takes its time: 202, with where to watch it.
async fn build(app: &App, order: &Order<Steering>, name: &str, work: Work) -> problems::Answer {
    let projection = projections::find(&app.store, name)?;
    let planned = rebuilds::plan(&app.store, &projection, work).await?;
    if order.intent == Intent::Say {
        return order.done(planned);
    }
    let place = app.long_acts.take_place()?;
    let by = order.by(order.body.reason.as_ref())?;
    let underway = rebuilds::announce(&app.store, &projection, work, by).await?;
    let operation_id = underway.begun.operation_id.clone();
    let run = async move |store| rebuilds::run(&store, &projection, work, |_| {}).await;
    app.long_acts.run(app.store.clone(), underway, place, run);
    let watch = format!("/operations/acts/{operation_id}");
    let progress = format!("/operations/projections/{name}");
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, watch.clone()))
        .json(json!({
            "dry_run": false, "operation_id": operation_id, "watch": watch, "progress": progress, "result": planned,
        })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParkedParams {
    tenant: Option<String>,
    projection: Option<String>,
    key: Option<String>,
}

/// `GET /operations/parked`
pub async fn list_parked(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = enter(&app, &request, Permission::OperationsRead).await?;
    let params: ParkedParams = parameters(&request)?;
    let wanted = Wanted {
        projection: params.projection,
        key: params.key,
        scope: Scope::of(&app.store, &principal, params.tenant.as_deref()).await?,
    };
    let listed = parked::list(&app.store, &wanted).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": listed })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remedying {
    projection: Option<String>,
    key: Option<String>,
    reason: Option<String>,
}

/// `POST /operations/parked/retry`
pub async fn retry_parked(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Remedying>(&app, &request, body, Permission::OperationsWrite).await?;
    remedy(&app, &order, Remedy::Retry).await
}

/// `POST /operations/parked/drop`
pub async fn drop_parked(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let order = order::<Remedying>(&app, &request, body, Permission::OperationsWrite).await?;
    order.by_for(order.body.reason.as_ref())?;
    if order.body.projection.is_none() {
        let message = "name the projection whose events are given up";
        return Err(Refusal::field("/projection", "projection-missing", message).into());
    }
    remedy(&app, &order, Remedy::Drop).await
}

async fn remedy(app: &App, order: &Order<Remedying>, remedy: Remedy) -> problems::Answer {
    let by = order.by(order.body.reason.as_ref())?;
    let wanted = Wanted {
        projection: order.body.projection.clone(),
        key: order.body.key.clone(),
        scope: order.scope.clone(),
    };
    match order.intent {
        Intent::Say => order.done(parked::list(&app.store, &wanted).await?),
        Intent::Act => order.done(parked::remedy(&app.store, &wanted, remedy, by).await?),
    }
}
