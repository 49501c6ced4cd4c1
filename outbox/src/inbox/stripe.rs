//! Which command a Stripe event becomes. Every event is taken as news about one object, in whatever order it comes.

use event_store::error::Error;
use integrations::stripe::events::{Event, EventObject};
use integrations::stripe::objects::CheckoutSession;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Result;

/// The command and its body, or `None` for an event that changes nothing for us.
pub(super) fn command_of(payload: &[u8]) -> Result<Option<(&'static str, Value)>> {
    let event = Event::parse(payload).map_err(Error::from)?;
    Ok(match &event.object {
        EventObject::CheckoutSessionCompleted(session) if session.payment_status == "paid" => {
            paid(&event, session, "card", payload)
        }
        EventObject::CheckoutSessionAsyncPaymentSucceeded(session) => paid(&event, session, "bank_debit", payload),
        // Promised by a method that settles later; the news of that decides.
        EventObject::CheckoutSessionCompleted(_) => None,
        EventObject::CheckoutSessionExpired(session) | EventObject::CheckoutSessionAsyncPaymentFailed(session) => {
            booking_of(session).map(|booking_id| {
                ("note-checkout-expired", json!({ "booking_id": booking_id, "session_id": session.id }))
            })
        }
        EventObject::RefundUpdated(refund) if refund.status.as_deref() == Some("succeeded") => {
            refund.payment_intent.as_ref().map(|payment_intent| {
                let body = json!({
                    "provider_id": payment_intent, "provider_refund_id": refund.id,
                    "refund_id": refund.metadata.get("refund_id"), "amount_minor": refund.amount,
                    "currency": refund.currency,
                });
                ("settle-refund", body)
            })
        }
        EventObject::DisputeCreated(dispute) => dispute.payment_intent.as_ref().map(|payment_intent| {
            let body = json!({
                "provider_id": payment_intent, "dispute_id": dispute.id, "amount_minor": dispute.amount,
                "currency": dispute.currency, "reason": dispute.reason,
            });
            ("note-dispute", body)
        }),
        // A charge carries the sum of its refunds; each refund also comes by itself, with its id.
        EventObject::RefundUpdated(_) | EventObject::ChargeRefunded(_) | EventObject::Unknown => None,
    })
}

fn paid(
    event: &Event,
    session: &CheckoutSession,
    method: &str,
    raw: &[u8],
) -> Option<(&'static str, Value)> {
    let received_at = OffsetDateTime::from_unix_timestamp(event.created)
        .ok()?
        .format(&Rfc3339)
        .ok()?;
    let body = json!({
        "provider_id": session.payment_intent.as_ref()?, "booking_id": booking_of(session), "session_id": session.id,
        "amount_minor": session.amount_total?, "currency": session.currency.as_ref()?, "method": method,
        "received_at": received_at, "raw": String::from_utf8_lossy(raw),
    });
    Some(("record-checkout-payment", body))
}

fn booking_of(session: &CheckoutSession) -> Option<&String> {
    session
        .metadata
        .get("booking_id")
        .or(session.client_reference_id.as_ref())
}
