//! What programs read to find their way: who issues tokens and how (RFC 8414), for which resources (RFC 9728), and by which
//! keys they are signed (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use identity::oauth::scopes::Scope;
use identity::oauth::signing::SET_FRESH;
use serde_json::{Value, json};

use super::check_ours;
use crate::app::App;
use crate::http::problems;

/// How long metadata may be kept.
const KEPT: &str = "public, max-age=300";

/// `GET /.well-known/oauth-authorization-server`
pub async fn get_server(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    check_ours(&app, &request)?;
    let issuer = &app.oauth.issuer.name;
    Ok(answer(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth/oauth/authorize"),
        "token_endpoint": format!("{issuer}/auth/oauth/token"),
        "revocation_endpoint": format!("{issuer}/auth/oauth/revoke"),
        "jwks_uri": format!("{issuer}/auth/oauth/jwks"),
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "service_documentation": format!("{issuer}/docs"),
    })))
}

/// `GET /.well-known/oauth-protected-resource`: everything but `/mcp`.
pub async fn get_resource(app: web::Data<App>) -> problems::Answer {
    let [api, _] = app.oauth.resources();
    Ok(resource(&app, &api, "Rapport"))
}

/// `GET /.well-known/oauth-protected-resource/mcp`
pub async fn get_mcp_resource(app: web::Data<App>) -> problems::Answer {
    let [_, mcp] = app.oauth.resources();
    Ok(resource(&app, &mcp, "Rapport for agents"))
}

fn resource(app: &App, name: &str, title: &str) -> HttpResponse {
    let issuer = match &app.oauth.outside {
        Some(outside) => outside.name(),
        None => &app.oauth.issuer.name,
    };
    answer(json!({
        "resource": name,
        "resource_name": title,
        "authorization_servers": [issuer],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
        "resource_documentation": format!("{}/docs", app.oauth.issuer.name),
    }))
}

/// `GET /auth/oauth/jwks`
pub async fn get_keys(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    check_ours(&app, &request)?;
    let kept = format!("public, max-age={}", SET_FRESH.whole_seconds());
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, kept))
        .json(app.oauth.issuer.keyring.jwks().await?))
}

/// Those that a person can be asked for by name; `admin` is for clients that a tenant has registered to administer.
fn scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect()
}

fn answer(body: Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEPT))
        .json(body)
}
