//! Refunds by the API or, as a person would make them on Stripe's dashboard, by the sandbox's own routes; and disputes.

use crate::sandbox::entries::{Charge, Dispute, Entry, Metadata, Refund, booking_of};
use crate::sandbox::state::State;
use crate::sandbox::store::{new_id, now_unix};
use crate::sandbox::stripe::errors::StripeError;
use crate::sandbox::stripe::{Call, Decision, wire};

const KNOWN_PARAMETERS: [&str; 5] = ["payment_intent", "charge", "amount", "reason", "metadata"];
const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// What is to be paid back.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Request {
    /// All that is left when absent.
    pub amount: Option<i64>,
    pub reason: Option<String>,
    pub metadata: Metadata,
}

pub(super) fn create(state: &State, call: &Call) -> Result<Decision, StripeError> {
    let params = &call.params;
    params.only(&KNOWN_PARAMETERS)?;
    let charge = match params.get("charge") {
        Some(id) => state
            .charges
            .values()
            .find(|charge| charge.id == id)
            .filter(|charge| charge.account == call.account)
            .ok_or_else(|| StripeError::missing("charge", id))?,
        None => charge(state, params.required("payment_intent")?)
            .ok()
            .filter(|charge| charge.account == call.account)
            .ok_or_else(|| {
                StripeError::missing("payment_intent", params.get("payment_intent").unwrap_or(""))
            })?,
    };
    let reason = params.owned("reason");
    if reason
        .as_deref()
        .is_some_and(|reason| !REASONS.contains(&reason))
    {
        return Err(
            StripeError::invalid("parameter_invalid_empty", "Invalid reason.").at("reason"),
        );
    }
    let request = Request {
        amount: params.amount("amount")?,
        reason,
        metadata: params.metadata("metadata")?,
    };
    refund(state, charge, request)
}

pub(super) fn retrieve(state: &State, call: &Call) -> Result<Decision, StripeError> {
    state
        .refunds
        .get(&call.id)
        .filter(|refund| refund.account == call.account)
        .map(|refund| Decision::read(wire::refund(refund)))
        .ok_or_else(|| StripeError::missing("refund", &call.id))
}

/// Decides a refund of this charge.
pub(in crate::sandbox) fn refund(
    state: &State,
    charge: &Charge,
    request: Request,
) -> Result<Decision, StripeError> {
    let left = charge.amount - charge.amount_refunded;
    let amount = request.amount.unwrap_or(left);
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(StripeError::invalid("charge_already_refunded", message));
    }
    if amount > left {
        let message = "Refund amount is greater than unrefunded amount on charge.";
        return Err(StripeError::invalid("amount_too_large", message).at("amount"));
    }
    let refund = Refund {
        id: new_id("re"),
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        account: charge.account.clone(),
        created: now_unix(),
        amount,
        currency: charge.currency.clone(),
        reason: request.reason,
        booking: booking_of(&request.metadata).or_else(|| charge.booking.clone()),
        metadata: request.metadata,
    };
    let after = Charge {
        amount_refunded: charge.amount_refunded + amount,
        ..charge.clone()
    };
    let answer = wire::refund(&refund);
    let event = |event_type: &str, object| {
        let booking = refund.booking.clone();
        wire::event(state, &charge.account, event_type, booking, object)
    };
    let events = [
        event("charge.refunded", &wire::charge(&after)),
        event("refund.updated", &answer),
    ];
    let mut entries = vec![Entry::Refund(refund)];
    entries.extend(events);
    Ok(Decision { entries, answer })
}

/// The payer's bank takes the money back for the time being.
pub(in crate::sandbox) fn open_dispute(
    state: &State,
    charge: &Charge,
    reason: String,
) -> Result<Decision, StripeError> {
    if charge.disputed {
        let message = format!("Charge {} is disputed already.", charge.id);
        return Err(StripeError::invalid("charge_disputed", message));
    }
    let dispute = Dispute {
        id: new_id("dp"),
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        account: charge.account.clone(),
        created: now_unix(),
        amount: charge.amount,
        currency: charge.currency.clone(),
        reason,
        booking: charge.booking.clone(),
    };
    let answer = wire::dispute(&dispute);
    let event = wire::event(
        state,
        &charge.account,
        "charge.dispute.created",
        dispute.booking.clone(),
        &answer,
    );
    Ok(Decision {
        entries: vec![Entry::Dispute(dispute), event],
        answer,
    })
}

/// The charge of a payment intent.
pub(in crate::sandbox) fn charge<'a>(
    state: &'a State,
    payment_intent: &str,
) -> Result<&'a Charge, StripeError> {
    state
        .charges
        .get(payment_intent)
        .ok_or_else(|| StripeError::missing("payment_intent", payment_intent))
}
