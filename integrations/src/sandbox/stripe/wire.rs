//! Stripe's JSON for the sandbox's objects, and the events that carry it.

use serde_json::{Value, json};

use crate::sandbox::entries::{
    Charge, Dispute, Entry, Event, Metadata, Refund, Session, SessionStatus,
};
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::{new_id, now_unix};
use crate::stripe::API_VERSION;

pub(super) fn session(session: &Session) -> Value {
    let (status, payment_status) = match session.status {
        SessionStatus::Open => ("open", "unpaid"),
        SessionStatus::Pending | SessionStatus::Failed => ("complete", "unpaid"),
        SessionStatus::Paid => ("complete", "paid"),
        SessionStatus::Expired => ("expired", "unpaid"),
    };
    let url = (session.status == SessionStatus::Open).then_some(&session.url);
    json!({
        "id": session.id,
        "object": "checkout.session",
        "amount_subtotal": session.amount,
        "amount_total": session.amount,
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "created": session.created,
        "currency": session.currency,
        "customer": null,
        "customer_details": session.customer_email.as_ref().map(|email| json!({"email": email})),
        "customer_email": session.customer_email,
        "expires_at": session.expires_at,
        "livemode": false,
        "metadata": session.metadata,
        "mode": "payment",
        "payment_intent": session.payment_intent,
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": payment_status,
        "status": status,
        "success_url": session.success_url,
        "ui_mode": "hosted",
        "url": url,
    })
}

pub(super) fn charge(charge: &Charge) -> Value {
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount,
        "amount_refunded": charge.amount_refunded,
        "captured": true,
        "created": charge.created,
        "currency": charge.currency,
        "disputed": charge.disputed,
        "livemode": false,
        "metadata": charge.metadata,
        "paid": true,
        "payment_intent": charge.payment_intent,
        "payment_method_details": {"type": charge.method},
        "refunded": charge.amount_refunded >= charge.amount,
        "status": "succeeded",
    })
}

pub(super) fn payment_intent(charge: &Charge) -> Value {
    json!({
        "id": charge.payment_intent,
        "object": "payment_intent",
        "amount": charge.amount,
        "amount_received": charge.amount,
        "created": charge.created,
        "currency": charge.currency,
        "latest_charge": charge.id,
        "livemode": false,
        "metadata": charge.metadata,
        "payment_method_types": [charge.method],
        "status": "succeeded",
    })
}

pub(super) fn refund(refund: &Refund) -> Value {
    json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "metadata": refund.metadata,
        "payment_intent": refund.payment_intent,
        "reason": refund.reason,
        "status": "succeeded",
    })
}

pub(super) fn dispute(dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "livemode": false,
        "metadata": Metadata::new(),
        "payment_intent": dispute.payment_intent,
        "reason": dispute.reason,
        "status": "needs_response",
    })
}

/// An event with a snapshot of its object, bound for the endpoints that the account has now.
pub(super) fn event(
    state: &State,
    account: &str,
    event_type: &str,
    booking: Option<String>,
    object: &Value,
) -> Entry {
    let id = new_id("evt");
    let endpoints = state.endpoints_of(Provider::Stripe.name(), account);
    let body = json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": now_unix(),
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": endpoints.len(),
        "request": {"id": null, "idempotency_key": null},
        "type": event_type,
    });
    Entry::Event(Event {
        id,
        account: account.to_owned(),
        event_type: event_type.to_owned(),
        booking,
        body: format!("{body:#}"),
        endpoints,
        url: None,
    })
}
