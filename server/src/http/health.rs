//! Whether the process lives, whether it can serve, and its figures for Prometheus.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::steering::{self, Condition, Health};
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

/// `GET /readyz`: the database answers, and how the projections do. One that is behind and does not move makes the answer
/// `degraded`, not unready: commands and the other reads go on.
pub async fn get_readiness(app: web::Data<App>) -> problems::Answer {
    let client = app.store.pools.engine.get().await?;
    let conditions = steering::list(&client).await?;
    let named = |is_so: fn(&Condition) -> bool| {
        let chosen = conditions.iter().filter(|condition| is_so(condition));
        chosen
            .map(|condition| condition.subscriber.as_str())
            .collect::<Vec<_>>()
    };
    let stuck = named(|condition| condition.health() == Health::Stuck);
    let lag = conditions.iter().map(|condition| condition.behind_events);
    let parked: i64 = conditions
        .iter()
        .map(|condition| condition.parked_keys)
        .sum();
    Ok(HttpResponse::Ok().json(json!({
        "status": if stuck.is_empty() { "ready" } else { "degraded" },
        "projection_lag_events": lag.max().unwrap_or(0),
        "failing_projections": named(|condition| condition.failure.is_some()),
        "stuck_projections": stuck,
        "parked_keys": parked,
    })))
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
