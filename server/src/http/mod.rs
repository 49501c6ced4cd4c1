//! HTTP: the table of routes, and what every request passes through. The only place in the program that knows HTTP.

pub mod agents;
pub mod auth;
mod bodies;
mod bulk;
mod bulk_runs;
pub mod chat;
pub mod commands;
mod components;
pub mod docs;
mod etags;
mod facade;
mod facade_described;
mod files;
pub mod headers;
pub mod health;
mod imports;
pub mod mcp;
pub mod oauth;
pub mod openapi;
pub mod operations;
pub mod principals;
pub mod problems;
pub mod queries;
pub mod rates;
pub mod request_log;
pub mod schemas;
pub mod stream;
pub mod tables;
mod tenant_exports;
pub mod web_app;
pub mod webhooks;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{Resource, Route};

/// The largest body of one command, in bytes.
pub const COMMAND_LIMIT_BYTES: usize = 256 * 1024;
/// The largest batch, in bytes.
pub const BATCH_LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// The largest webhook we take, in bytes.
pub const WEBHOOK_LIMIT_BYTES: usize = 3 * 1024 * 1024;

/// Every route there is.
pub fn routes(cfg: &mut ServiceConfig) {
    let payload = web::PayloadConfig::new(WEBHOOK_LIMIT_BYTES.max(BATCH_LIMIT_BYTES));
    cfg.app_data(payload)
        .service(only("/commands", post().to(commands::post_batch)))
        .service(only("/commands/{name}", post().to(commands::post_command)))
        .service(only("/queries/{name}", get().to(queries::get_query)))
        .service(only("/schemas/commands", get().to(schemas::list_commands)))
        .service(only(
            "/schemas/commands/{name}",
            get().to(schemas::find_command),
        ))
        .service(only("/schemas/queries", get().to(schemas::list_queries)))
        .service(only(
            "/schemas/queries/{name}",
            get().to(schemas::find_query),
        ))
        .service(
            web::resource("/api/commands/{name}")
                .route(post().to(facade::post_command))
                .route(web::method(Method::OPTIONS).to(facade::preflight))
                .default_service(web::to(problems::wrong_method)),
        )
        .service(
            web::resource("/api/queries/{name}")
                .route(get().to(facade::get_query))
                .route(web::method(Method::OPTIONS).to(facade::preflight))
                .default_service(web::to(problems::wrong_method)),
        )
        .service(only(
            "/files/{thread_id}/{file_id}",
            get().to(files::get_file),
        ))
        .service(only("/bulk", post().to(bulk::post_bulk)))
        .service(only("/bulk-runs", post().to(bulk_runs::post_bulk_run)))
        .service(only("/imports", post().to(imports::post_import)))
        .service(only(
            "/tenant-exports",
            post().to(tenant_exports::post_tenant_export),
        ))
        .service(only("/agents/tools", get().to(agents::list_tools)))
        .service(only("/agents/tools/{name}", post().to(agents::call_tool)))
        .service(web::resource("/mcp").route(web::route().to(mcp::serve)))
        .service(only("/stream", get().to(stream::get_stream)))
        .service(only(
            "/webhooks/{provider}",
            post().to(facade::post_webhook),
        ))
        .service(
            only(
                "/webhooks/{tenant}/{provider}",
                post().to(webhooks::post_webhook),
            )
            .route(get().to(webhooks::get_handshake)),
        )
        .configure(auth::routes)
        .configure(oauth::routes)
        .configure(chat::routes)
        .configure(operations::routes)
        .configure(web_app::routes)
        .service(only("/openapi.json", get().to(openapi::get_openapi)))
        .service(only("/docs", get().to(docs::get_docs)))
        .service(only("/paid", get().to(docs::get_paid)))
        .service(only(
            "/payment-cancelled",
            get().to(docs::get_payment_cancelled),
        ))
        .service(only("/healthz", get().to(health::get_health)))
        .service(only("/readyz", get().to(health::get_readiness)))
        .service(only("/metrics", get().to(health::get_metrics)))
        .default_service(web::to(problems::unknown_path));
}

/// A path that answers one method, and says so to the others.
fn only(path: &str, route: Route) -> Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(problems::wrong_method))
}
