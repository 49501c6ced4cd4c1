//! Webhooks in: verify the signature over the raw bytes before anything is parsed, store once, acknowledge. A worker turns
//! them into commands.

use actix_web::{HttpRequest, HttpResponse, web};
use commands::tenants::secret_purpose;
use domain::refusal::{Kind, Refusal};
use integrations::stripe::{events::Event, signatures};
use outbox::inbox::{self, Incoming, Received};
use serde_json::json;
use time::OffsetDateTime;

use super::principals::header_text;
use super::{WEBHOOK_LIMIT_BYTES, problems};
use crate::app::App;

/// `POST /webhooks/{tenant}/{provider}`
pub async fn post_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Payload,
) -> problems::Answer {
    let (slug, provider) = path.into_inner();
    let body = match body.to_bytes_limited(WEBHOOK_LIMIT_BYTES).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(Refusal::malformed("body-unreadable", "the body could not be read").into());
        }
        Err(_) => {
            let detail = format!("the body is larger than {WEBHOOK_LIMIT_BYTES} bytes");
            return Err(Refusal::malformed("body-too-large", detail).into());
        }
    };
    let not_found = || {
        Refusal::not_found(
            "webhook-unknown",
            "no such tenant, or it has not configured this provider",
        )
    };
    let tenant_id = app
        .store
        .directory
        .find_by_slug(&slug)
        .await?
        .ok_or_else(not_found)?;
    let tenant = app.dispatcher.find_tenant(&tenant_id).await?;
    let configured = tenant
        .providers
        .get(&provider)
        .filter(|_| provider == "stripe")
        .ok_or_else(not_found)?;
    let keys = app.store.keys(&tenant_id).await?;
    let secret = configured
        .secrets
        .get("webhook_secret")
        .and_then(|sealed| keys.open_secret(&secret_purpose(&provider, "webhook_secret"), sealed))
        .ok_or_else(not_found)?;
    let header = header_text(&request, "stripe-signature").unwrap_or_default();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if let Err(error) = signatures::verify(
        &body,
        header,
        &[secret.as_str()],
        now,
        signatures::TOLERANCE,
    ) {
        metrics::counter!("rapport_webhook_bad_signatures_total", "provider" => provider)
            .increment(1);
        let detail = format!("the signature does not fit: {error}");
        return Err(Refusal::new(Kind::Unauthenticated, "signature-invalid", detail).into());
    }
    let event = Event::parse(&body).map_err(|error| {
        Refusal::malformed("webhook-malformed", format!("not a Stripe event: {error}"))
    })?;
    let incoming = Incoming {
        tenant_id,
        provider,
        event_key: event.id,
        body: body.to_vec(),
    };
    let received = inbox::receive(&app.store, &incoming).await?;
    if received == Received::New {
        app.inbox_wake.notify_one();
    }
    Ok(HttpResponse::Ok().json(json!({ "received": true })))
}
