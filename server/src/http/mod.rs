//! HTTP: the table of routes, and what every request passes through. The only place in the program that knows HTTP.

pub mod commands;
pub mod docs;
pub mod health;
pub mod openapi;
pub mod principals;
pub mod problems;
pub mod queries;
pub mod request_log;
pub mod schemas;
pub mod stream;
pub mod tables;
pub mod webhooks;

use actix_web::web::{self, ServiceConfig, get, post};

/// The largest body of one command, in bytes.
pub const COMMAND_LIMIT_BYTES: usize = 256 * 1024;
/// The largest batch, in bytes.
pub const BATCH_LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// The largest webhook we take, in bytes.
pub const WEBHOOK_LIMIT_BYTES: usize = 3 * 1024 * 1024;

/// Every route there is.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.app_data(web::PayloadConfig::new(
        WEBHOOK_LIMIT_BYTES.max(BATCH_LIMIT_BYTES),
    ))
    .route("/commands", post().to(commands::post_batch))
    .route("/commands/{name}", post().to(commands::post_command))
    .route("/queries/{name}", get().to(queries::get_query))
    .route("/schemas/commands", get().to(schemas::list_commands))
    .route("/schemas/commands/{name}", get().to(schemas::find_command))
    .route("/schemas/queries", get().to(schemas::list_queries))
    .route("/schemas/queries/{name}", get().to(schemas::find_query))
    .route("/stream", get().to(stream::get_stream))
    .route(
        "/webhooks/{tenant}/{provider}",
        post().to(webhooks::post_webhook),
    )
    .route("/openapi.json", get().to(openapi::get_openapi))
    .route("/docs", get().to(docs::get_docs))
    .route("/", get().to(docs::get_index))
    .route("/paid", get().to(docs::get_paid))
    .route("/payment-cancelled", get().to(docs::get_payment_cancelled))
    .route("/healthz", get().to(health::get_health))
    .route("/readyz", get().to(health::get_readiness))
    .route("/metrics", get().to(health::get_metrics))
    .default_service(web::to(problems::unknown_path));
}
