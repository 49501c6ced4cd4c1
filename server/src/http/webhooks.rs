//! Webhooks in: the door checks the raw bytes before anything is parsed, they are stored once, and acknowledged. A worker
//! turns them into commands.

use std::collections::BTreeMap;

use actix_web::http::header::HOST;
use actix_web::{HttpRequest, HttpResponse, web};
use commands::registry;
use commands::tenants::secret_purpose;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use domain::tenants::Provider;
use event_store::vault::TenantKeys;
use integrations::ringcentral::webhooks::VALIDATION_HEADER;
use outbox::inbox::app::{command_for, type_of};
use outbox::inbox::doors::handshakes::{echo, shake_hands};
use outbox::inbox::doors::{Acknowledgement, Admitted, Arrival, Door, Secrets, TurnedAway};
use outbox::inbox::{self, Incoming, Received};
use serde_json::json;
use time::OffsetDateTime;

use super::bodies;
use super::principals::{authenticate, header_text};
use super::{WEBHOOK_LIMIT_BYTES, problems};
use crate::app::App;

/// The longest idempotency key of a program that signs in instead of signing.
const KEY_LIMIT_CHARS: usize = 255;

/// `POST /webhooks/{tenant}/{provider}`
pub async fn post_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Payload,
) -> problems::Answer {
    let (slug, provider) = path.into_inner();
    take_in(&app, &request, (&slug, provider), body).await
}

/// As `post_webhook`, for the tenant of this slug.
pub(super) async fn take_in(
    app: &App,
    request: &HttpRequest,
    (slug, provider): (&str, String),
    body: web::Payload,
) -> problems::Answer {
    let body = read(request, body).await?;
    let door = Door::find(&provider).ok_or_else(unknown)?;
    let arrival = arrival_of(app, request, body);
    if let Some(token) = echo(door, &arrival) {
        let mut answer = HttpResponse::Ok();
        return Ok(answer.insert_header((VALIDATION_HEADER, token)).finish());
    }
    let directory = &app.store.directory;
    let tenant_id = directory.find_by_slug(slug).await?.ok_or_else(unknown)?;
    let is_signed_in = door == Door::App && arrival.headers.contains_key("authorization");
    let admitted = if is_signed_in {
        admit_program(app, request, &tenant_id, &arrival).await?
    } else {
        admit(app, &tenant_id, door, &arrival).await?
    };
    let per_minute = app.limits.webhooks_per_minute;
    app.rates.take_webhook(&tenant_id, per_minute)?;
    let incoming = Incoming {
        tenant_id,
        provider,
        event_key: admitted.event_key,
        query: admitted.query,
        body: arrival.body,
    };
    let received = inbox::receive(&app.store, &incoming).await?;
    if received == Received::New {
        app.inbox_wake.notify_one();
    }
    Ok(acknowledge(admitted.acknowledgement))
}

/// `GET /webhooks/{tenant}/whatsapp`: WhatsApp asks whether the address is ours.
pub async fn get_handshake(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> problems::Answer {
    let (slug, provider) = path.into_inner();
    let door = Door::find(&provider)
        .filter(|door| *door == Door::WhatsApp)
        .ok_or_else(unknown)?;
    let directory = &app.store.directory;
    let tenant_id = directory.find_by_slug(&slug).await?.ok_or_else(unknown)?;
    let tenant = app.dispatcher.find_tenant(&tenant_id).await?;
    let configured = tenant.providers.get(door.name()).ok_or_else(unknown)?;
    let keys = app.store.keys(&tenant_id).await?;
    let secrets = secrets_of(door, configured, &keys);
    let challenge =
        shake_hands(request.query_string(), &secrets).map_err(|turned| refuse(door, turned))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain")
        .body(challenge))
}

async fn read(request: &HttpRequest, body: web::Payload) -> Result<Vec<u8>, Refusal> {
    let body = bodies::read(request, body, WEBHOOK_LIMIT_BYTES).await?;
    Ok(body.to_vec())
}

/// One answer for all that is not there, so that nobody learns which tenants and providers are.
fn unknown() -> Refusal {
    Refusal::not_found(
        "webhook-unknown",
        "no such tenant, or it has not configured this provider",
    )
}

fn arrival_of(app: &App, request: &HttpRequest, body: Vec<u8>) -> Arrival {
    let text = |value: &actix_web::http::header::HeaderValue| {
        value.to_str().ok().map(|text| text.trim().to_owned())
    };
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect();
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.path().to_owned(), ToString::to_string);
    // As configured; and as the sender says, for a proxy may have changed what we would say.
    let mut urls = vec![format!("{}{target}", app.public_url)];
    if let Some(host) = header_text(request, HOST.as_str()) {
        urls.extend(["https", "http"].map(|scheme| format!("{scheme}://{host}{target}")));
    }
    Arrival {
        headers,
        urls,
        query: request.query_string().to_owned(),
        body,
        now: OffsetDateTime::now_utc().unix_timestamp(),
    }
}

/// By the provider's own scheme, under the tenant's secrets.
async fn admit(
    app: &App,
    tenant_id: &TenantId,
    door: Door,
    arrival: &Arrival,
) -> Result<Admitted, problems::Problem> {
    let tenant = app.dispatcher.find_tenant(tenant_id).await?;
    let configured = tenant.providers.get(door.name()).ok_or_else(unknown)?;
    let keys = app.store.keys(tenant_id).await?;
    let secrets = secrets_of(door, configured, &keys);
    let has_any = door
        .secret_names()
        .iter()
        .any(|name| secrets.contains_key(*name));
    if !has_any {
        return Err(unknown().into());
    }
    Ok(door
        .admit(arrival, &secrets)
        .map_err(|turned| refuse(door, turned))?)
}

fn refuse(door: Door, turned: TurnedAway) -> Refusal {
    match turned {
        TurnedAway::Unsigned(detail) => {
            metrics::counter!("rapport_webhook_bad_signatures_total", "provider" => door.name())
                .increment(1);
            let detail = format!("the signature does not fit: {detail}");
            Refusal::new(Kind::Unauthenticated, "signature-invalid", detail)
        }
        TurnedAway::Malformed(detail) => Refusal::malformed("webhook-malformed", detail),
    }
}

fn secrets_of(door: Door, configured: &Provider, keys: &TenantKeys) -> Secrets {
    configured
        .secrets
        .iter()
        .filter_map(|(name, sealed)| {
            let purpose = secret_purpose(door.name(), name);
            Some((name.clone(), keys.open_secret(&purpose, sealed)?))
        })
        .collect()
}

/// A tenant's own program with an API key and an idempotency key, in place of a signature. What it says must be something
/// that its key may do.
async fn admit_program(
    app: &App,
    request: &HttpRequest,
    tenant_id: &TenantId,
    arrival: &Arrival,
) -> Result<Admitted, problems::Problem> {
    let principal = authenticate(app, request).await?;
    if principal.tenant_id != *tenant_id {
        return Err(unknown().into());
    }
    let key = header_text(request, "idempotency-key").ok_or_else(|| {
        let detail = "send an Idempotency-Key, the same for every attempt of this webhook";
        Refusal::malformed("idempotency-key-missing", detail)
    })?;
    if key.len() > KEY_LIMIT_CHARS || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail =
            format!("an Idempotency-Key is 1 to {KEY_LIMIT_CHARS} visible ASCII characters");
        return Err(Refusal::malformed("idempotency-key-invalid", detail).into());
    }
    let kind = type_of(&arrival.body).ok_or_else(|| {
        let detail = "the body is a JSON object with `type` and `data`";
        Refusal::malformed("webhook-malformed", detail)
    })?;
    if let Some(command) = command_for(&kind).and_then(registry::find) {
        principal.require(command.permission)?;
    }
    Ok(Admitted {
        // A program cannot come by the key of a signed webhook, nor of another principal.
        event_key: format!("{}/{key}", principal.id),
        query: String::new(),
        acknowledgement: Acknowledgement::Json,
    })
}

fn acknowledge(acknowledgement: Acknowledgement) -> HttpResponse {
    match acknowledgement {
        Acknowledgement::Json => HttpResponse::Ok().json(json!({ "received": true })),
        Acknowledgement::Empty => HttpResponse::Ok().finish(),
        Acknowledgement::Twiml => HttpResponse::Ok()
            .content_type("text/xml")
            .body("<Response/>"),
    }
}
