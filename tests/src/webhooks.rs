//! Webhooks made by hand: signed as Stripe signs, delivered whenever a test likes.

use integrations::stripe::signatures;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::app::TestApp;
use crate::client::Reply;

/// An event about an object of Stripe's.
pub fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": integrations::stripe::API_VERSION,
        "created": OffsetDateTime::now_utc().unix_timestamp(), "livemode": false, "type": kind,
        "data": { "object": object },
    })
}

/// A paid checkout session of a booking, as an event carries it.
pub fn paid_session(booking_id: &str, session_id: &str, payment_intent: &str) -> Value {
    json!({
        "id": session_id, "object": "checkout.session", "status": "complete", "payment_status": "paid",
        "amount_total": 10_000, "currency": "usd", "payment_intent": payment_intent, "mode": "payment",
        "created": OffsetDateTime::now_utc().unix_timestamp(), "url": null, "livemode": false,
        "expires_at": OffsetDateTime::now_utc().unix_timestamp() + 3_600,
        "metadata": { "booking_id": booking_id },
    })
}

/// Delivers an event to the tenant of the test, well signed.
pub async fn deliver(app: &TestApp, event: &Value) -> Reply {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    deliver_signed(app, &event.to_string(), &app.tenant.webhook_secret, now).await
}

/// Delivers a body under a signature of this secret and time.
pub async fn deliver_signed(app: &TestApp, body: &str, secret: &str, at: i64) -> Reply {
    let header = signatures::sign(body.as_bytes(), secret, at);
    let path = format!("/webhooks/{}/stripe", app.tenant.slug);
    let request = app
        .tenant
        .owner
        .anonymous(Method::POST, &path)
        .header(signatures::HEADER, header);
    app.tenant.owner.send(request.body(body.to_owned())).await
}
