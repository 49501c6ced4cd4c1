//! Stripe's webhook events, read after their signature was checked. Only the types that change something for us are
//! parsed; every other well-signed type is kept as `Unknown`, never refused.

use serde::Deserialize;
use serde::de::Error;
use serde_json::Value;

use crate::stripe::objects::{Charge, CheckoutSession, Dispute, Refund};

/// One event. `id` is the key by which deliveries are told apart; order means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    /// Stripe's name of the type, such as `checkout.session.completed`.
    pub kind: String,
    /// Unix seconds.
    pub created: i64,
    pub livemode: bool,
    pub object: EventObject,
}

/// What the event is about, as it was when the event was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventObject {
    /// Paid, or (`payment_status` = `unpaid`) promised by a method that settles later.
    CheckoutSessionCompleted(CheckoutSession),
    CheckoutSessionExpired(CheckoutSession),
    CheckoutSessionAsyncPaymentSucceeded(CheckoutSession),
    CheckoutSessionAsyncPaymentFailed(CheckoutSession),
    ChargeRefunded(Charge),
    RefundUpdated(Refund),
    DisputeCreated(Dispute),
    Unknown,
}

impl Event {
    /// Reads a webhook's body.
    ///
    /// # Errors
    /// When it is no event, or when the object of a type known to us does not have that type's shape.
    pub fn parse(payload: &[u8]) -> Result<Event, serde_json::Error> {
        let envelope: Envelope = serde_json::from_slice(payload)?;
        if envelope.object != "event" {
            return Err(serde_json::Error::custom("not an event"));
        }
        let object = envelope.data.object;
        let parsed = match envelope.kind.as_str() {
            "checkout.session.completed" => {
                EventObject::CheckoutSessionCompleted(CheckoutSession::deserialize(object)?)
            }
            "checkout.session.expired" => {
                EventObject::CheckoutSessionExpired(CheckoutSession::deserialize(object)?)
            }
            "checkout.session.async_payment_succeeded" => {
                EventObject::CheckoutSessionAsyncPaymentSucceeded(CheckoutSession::deserialize(
                    object,
                )?)
            }
            "checkout.session.async_payment_failed" => {
                EventObject::CheckoutSessionAsyncPaymentFailed(CheckoutSession::deserialize(
                    object,
                )?)
            }
            "charge.refunded" => EventObject::ChargeRefunded(Charge::deserialize(object)?),
            // Both names were in use: the older one for card charges, the newer one for every method.
            "refund.updated" | "charge.refund.updated" => {
                EventObject::RefundUpdated(Refund::deserialize(object)?)
            }
            "charge.dispute.created" => EventObject::DisputeCreated(Dispute::deserialize(object)?),
            _ => EventObject::Unknown,
        };
        Ok(Event {
            id: envelope.id,
            kind: envelope.kind,
            created: envelope.created,
            livemode: envelope.livemode,
            object: parsed,
        })
    }
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    object: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Event, EventObject};

    fn event(kind: &str, object: &Value) -> Vec<u8> {
        json!({
            "id": "evt_1", "object": "event", "api_version": "2025-09-30.clover", "created": 1_773_511_200,
            "livemode": false, "pending_webhooks": 1, "type": kind, "data": {"object": object},
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn a_completed_session_is_read_with_its_metadata() {
        let session = json!({
            "id": "cs_test_1", "object": "checkout.session", "status": "complete", "payment_status": "paid",
            "payment_intent": "pi_1", "amount_total": 10_000, "currency": "usd", "created": 1, "expires_at": 2,
            "url": null, "client_reference_id": null, "metadata": {"booking_id": "b1"}, "new_field": [],
        });
        let event = Event::parse(&event("checkout.session.completed", &session)).unwrap();
        let EventObject::CheckoutSessionCompleted(session) = event.object else {
            panic!("{event:?}");
        };
        assert_eq!(session.payment_intent.as_deref(), Some("pi_1"));
        assert_eq!(session.metadata["booking_id"], "b1");
    }

    #[test]
    fn both_names_of_a_refund_update_are_read() {
        let refund = json!({
            "id": "re_1", "amount": 5, "currency": "usd", "charge": "ch_1", "payment_intent": "pi_1",
            "status": "succeeded", "reason": null, "created": 1, "metadata": null,
        });
        for kind in ["refund.updated", "charge.refund.updated"] {
            let event = Event::parse(&event(kind, &refund)).unwrap();
            assert!(matches!(event.object, EventObject::RefundUpdated(_)));
        }
    }

    #[test]
    fn an_unknown_type_is_kept() {
        let event = Event::parse(&event("invoice.paid", &json!({"anything": 1}))).unwrap();
        assert_eq!(event.object, EventObject::Unknown);
        assert_eq!(event.kind, "invoice.paid");
    }

    #[test]
    fn a_known_type_without_its_shape_is_an_error() {
        assert!(Event::parse(&event("charge.refunded", &json!({"id": "ch_1"}))).is_err());
        assert!(Event::parse(b"{}").is_err());
    }
}
