//! Where the sandbox's webhooks go: endpoints that tests and the demo register, one per account and URL.

use std::io;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::control::{refuse, respond};
use crate::sandbox::entries::{Endpoint, Entry};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::store::{Shared, Store, new_id};

/// Endpoints that can be registered.
const ENDPOINTS_LIMIT: usize = 1_000;
/// Longest URL or secret of an endpoint.
const TEXT_LIMIT_CHARS: usize = 2_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox/webhooks", web::get().to(list_endpoints))
        .route("/sandbox/webhooks", web::post().to(register_endpoint))
        .route("/sandbox/webhooks/{id}", web::delete().to(remove_endpoint));
}

async fn list_endpoints(shared: web::Data<Shared>) -> HttpResponse {
    let answer = shared
        .transact(|store| {
            let endpoints = store.state().endpoints.values();
            let endpoints: Vec<Value> = endpoints.map(shown).collect();
            Ok(json!({ "webhooks": endpoints }))
        })
        .await;
    respond(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    provider: String,
    /// The credential that the account's calls are made with, or the account's id.
    account: String,
    url: String,
    secret: String,
    merchant: Option<String>,
    /// The number that people write to, where the provider carries texts.
    number: Option<String>,
}

/// Idempotent: an account has one endpoint per URL, and registering it again replaces its secret.
async fn register_endpoint(
    shared: web::Data<Shared>,
    registration: web::Json<Registration>,
) -> HttpResponse {
    let registration = registration.into_inner();
    let Some(provider) = Provider::find(&registration.provider) else {
        let known = Provider::ALL.map(Provider::name).join(", ");
        return refuse(&format!("the sandbox knows the providers {known}"));
    };
    let is_url =
        registration.url.starts_with("http://") || registration.url.starts_with("https://");
    let texts = [&registration.url, &registration.secret];
    if !is_url
        || texts
            .iter()
            .any(|text| text.is_empty() || text.len() > TEXT_LIMIT_CHARS)
    {
        return refuse("url must be an http(s) URL and secret must not be empty");
    }
    match shared
        .transact(move |store| register(store, provider, registration))
        .await
    {
        Ok(Some(endpoint)) => HttpResponse::Ok().json(endpoint),
        Ok(None) => refuse("too many endpoints are registered"),
        Err(error) => pages::failed(&error),
    }
}

fn register(
    store: &mut Store,
    provider: Provider,
    registration: Registration,
) -> io::Result<Option<Value>> {
    let account = provider.account_id(&registration.account);
    let state = store.state();
    let known = state.endpoints.values().find(|endpoint| {
        endpoint.provider == registration.provider
            && endpoint.account == account
            && endpoint.url == registration.url
    });
    if known.is_none() && state.endpoints.len() >= ENDPOINTS_LIMIT {
        return Ok(None);
    }
    let endpoint = Endpoint {
        id: known.map_or_else(|| new_id("we"), |endpoint| endpoint.id.clone()),
        provider: registration.provider,
        account,
        url: registration.url,
        secret: registration.secret,
        merchant: registration
            .merchant
            .or_else(|| known.and_then(|endpoint| endpoint.merchant.clone())),
        number: registration
            .number
            .or_else(|| known.and_then(|endpoint| endpoint.number.clone())),
    };
    let answer = shown(&endpoint);
    if known != Some(&endpoint) {
        store.commit(vec![Entry::Endpoint(endpoint)])?;
    }
    Ok(Some(answer))
}

async fn remove_endpoint(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let removed = shared
        .transact(move |store| {
            let is_known = store.state().endpoints.contains_key(id.as_str());
            if is_known {
                let id = id.into_inner();
                store.commit(vec![Entry::EndpointRemoved { id }])?;
            }
            Ok(is_known)
        })
        .await;
    match removed {
        Ok(true) => HttpResponse::NoContent().finish(),
        Ok(false) => HttpResponse::NotFound().json(json!({"error": "no such endpoint"})),
        Err(error) => pages::failed(&error),
    }
}

/// An endpoint without its secret.
fn shown(endpoint: &Endpoint) -> Value {
    json!({
        "id": endpoint.id,
        "provider": endpoint.provider,
        "account": endpoint.account,
        "url": endpoint.url,
        "merchant": endpoint.merchant,
        "number": endpoint.number,
    })
}
