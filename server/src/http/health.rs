//! Whether the process lives, whether it can serve, and its figures for Prometheus.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::checkpoints;
use identity::permissions::Permission;
use serde_json::json;

use super::principals::authenticate;
use super::problems;
use crate::app::App;
use crate::telemetry;

/// `GET /healthz`: the process answers; nothing else is looked at.
pub async fn get_health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers and every projection has a place in the log.
pub async fn get_readiness(app: web::Data<App>) -> problems::Answer {
    let standings = checkpoints::list(&app.store.pools.engine).await?;
    let failing: Vec<&str> = standings
        .iter()
        .filter(|standing| standing.failure.is_some())
        .map(|standing| standing.subscriber.as_str())
        .collect();
    let lag = standings
        .iter()
        .map(|standing| standing.newest - standing.position)
        .max()
        .unwrap_or(0);
    Ok(HttpResponse::Ok().json(
        json!({ "status": "ready", "projection_lag_events": lag, "failing_projections": failing }),
    ))
}

/// `GET /metrics`: for callers on this machine, and for keys that may read operations.
pub async fn get_metrics(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let is_local = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().is_loopback());
    if !is_local {
        authenticate(&app, &request)
            .await?
            .require(Permission::OperationsRead)?;
    }
    let Some(metrics) = &app.metrics else {
        return Err(Refusal::not_found("metrics-off", "this process records no metrics").into());
    };
    telemetry::metrics::sample(&app.store).await;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(metrics.render()))
}
