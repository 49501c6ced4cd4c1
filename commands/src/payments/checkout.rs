//! Money that came through a booking's payment page. The provider's webhook may come twice, late, or after the booking
//! has ended; the payment and the booking change in one commit, once.

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::bookings::events::ConfirmationCause;
use domain::ids::{BookingId, PaymentId};
use domain::money::{Currency, Money};
use domain::payments::events::PaymentReceived;
use domain::payments::{
    Flag, MatchReason, PROVIDER_ID_SCOPE, Payment, PaymentCommand, RefundReason, STRIPE,
    provider_claim,
};
use domain::refusal::Problems;
use domain::sealed::Pii;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::linking::{Link, link_both};
use super::{PaymentSummary, RECEIVED};
use crate::Result;
use crate::bookings::answer_as;
use crate::bookings::late::late_payment;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

pub fn commands() -> Vec<Command> {
    vec![command!(
        "record-checkout-payment",
        record_checkout_payment,
        RecordCheckoutPayment,
        Permission::PaymentsWrite,
        Risk::Outward,
        internal
    )]
}

/// # Record a checkout payment
///
/// A payment page was paid on. The payment is recorded once, matched to its booking, and confirms it; should the booking
/// have ended and its slot be gone, the money goes back and the payment is flagged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordCheckoutPayment {
    /// The provider's id of the payment (Stripe: the payment intent).
    pub provider_id: String,
    /// The booking that the page names; null when it names none.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
    /// The provider's id of the page.
    #[serde(default)]
    pub session_id: Option<String>,
    /// In minor units.
    pub amount_minor: i64,
    /// ISO 4217, in either case.
    pub currency: String,
    /// `card`, `us_bank_account`, …
    pub method: String,
    /// RFC 3339.
    pub received_at: String,
    /// What the provider sent, as text; stored encrypted.
    #[serde(default)]
    pub raw: Option<Pii<String>>,
}

impl Input for RecordCheckoutPayment {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            streams: self
                .booking_id
                .iter()
                .map(|id| (Booking::TYPE, id.to_string(), 0))
                .collect(),
            claims: vec![(PROVIDER_ID_SCOPE, provider_claim(STRIPE, &self.provider_id))],
            ..Load::default()
        }
    }
}

pub async fn record_checkout_payment(
    work: &mut Work,
    input: RecordCheckoutPayment,
) -> Result<PaymentSummary> {
    work.tenant().require()?;
    let mut payment = received(work, &input).await?;
    let mut booking = match &input.booking_id {
        Some(booking_id) => Some(work.load::<Booking>(booking_id.as_str()).await?),
        None => None,
    }
    .filter(Loaded::exists);
    let known = payment.state.require()?.booking_id.is_some();
    match &mut booking {
        Some(booking) => match_to(work, &mut payment, booking).await?,
        // Money that nobody can place is never lost sight of.
        None if !known => {
            work.execute(
                &mut payment,
                PaymentCommand::Flag {
                    flag: Flag::UnknownBooking,
                },
            )
            .await?
        }
        None => {}
    }
    PaymentSummary::of(&payment)
}

/// The payment, recorded now or before.
async fn received(work: &mut Work, input: &RecordCheckoutPayment) -> Result<Loaded<Payment>> {
    let claim = provider_claim(STRIPE, &input.provider_id);
    if let Some(payment_id) = work
        .wanted_claim(PROVIDER_ID_SCOPE, &claim)
        .map(str::to_owned)
    {
        let payment = work.find::<Payment>(&payment_id).await?;
        // It answers even when there is nothing left to do.
        answer_as(work, &payment)?;
        return Ok(payment);
    }
    let mut problems = Problems::default();
    let currency = problems
        .check("/currency", Currency::parse(&input.currency))
        .unwrap_or_default();
    let received_at = OffsetDateTime::parse(&input.received_at, &Rfc3339).unwrap_or_else(|_| {
        problems.add(
            "/received_at",
            "time-invalid",
            "a time is RFC 3339, such as 2026-03-14T18:00:00Z",
        );
        work.ctx.now
    });
    problems.finish()?;
    let payment_id = work.new_id();
    let raw = match &input.raw {
        Some(raw) => {
            let key = work.new_subject(&payment_id)?;
            Some(key.seal(RECEIVED, "raw", raw.expose())?)
        }
        None => None,
    };
    let received = PaymentReceived {
        provider: STRIPE.to_owned(),
        provider_id: input.provider_id.clone(),
        method: input.method.clone(),
        amount: Money::new(input.amount_minor, currency),
        memo: None,
        received_at,
        raw,
        session_id: input.session_id.clone(),
    };
    let mut payment = work.create::<Payment>(&payment_id);
    work.execute(&mut payment, PaymentCommand::Receive(Box::new(received)))
        .await?;
    Ok(payment)
}

async fn match_to(
    work: &mut Work,
    payment: &mut Loaded<Payment>,
    booking: &mut Loaded<Booking>,
) -> Result<()> {
    let record = payment.state.require()?;
    // Somebody has placed it by hand meanwhile, and knows better.
    if record
        .booking_id
        .as_ref()
        .is_some_and(|known| known.as_str() != booking.id)
    {
        return Ok(());
    }
    if record.received.amount.currency != booking.state.require()?.total.currency {
        return work
            .execute(
                payment,
                PaymentCommand::Flag {
                    flag: Flag::CurrencyMismatch,
                },
            )
            .await;
    }
    let late = late_payment(work, booking).await?;
    let link = Link {
        why: MatchReason::Checkout,
        cause: ConfirmationCause::DepositPaid,
        late,
    };
    link_both(work, payment, booking, link).await?;
    let payment_id = PaymentId::new(payment.id.clone());
    if booking
        .state
        .require()?
        .late_payments
        .contains_key(&payment_id)
    {
        give_back(work, payment).await?;
    }
    Ok(())
}

/// The booking has ended and its slot is gone: all of the money goes back, and somebody should look.
async fn give_back(work: &mut Work, payment: &mut Loaded<Payment>) -> Result<()> {
    if payment.state.require()?.flags.contains(&Flag::LatePayment) {
        return Ok(());
    }
    work.execute(
        payment,
        PaymentCommand::Flag {
            flag: Flag::LatePayment,
        },
    )
    .await?;
    let (refund_id, amount) = (work.new_id(), payment.state.require()?.refundable());
    if amount.amount_minor == 0 {
        return Ok(());
    }
    let reason = RefundReason::LatePayment;
    work.execute(
        payment,
        PaymentCommand::RequestRefund {
            refund_id,
            amount,
            reason,
        },
    )
    .await
}
