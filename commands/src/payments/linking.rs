//! A payment and its booking change together, in one commit.

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::bookings::commands::{BookingCommand, LatePayment, ReceivePayment};
use domain::bookings::events::ConfirmationCause;
use domain::ids::{BookingId, PaymentId};
use domain::payments::{MatchReason, Payment, PaymentCommand};
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::values::{MAX_REASON_CHARS, free_text};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::PaymentSummary;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Link a payment to a booking
///
/// The payment belongs to that booking. One that covers the deposit confirms it; one for a booking that has ended is
/// only written down.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkPaymentToBooking {
    pub payment_id: PaymentId,
    pub booking_id: BookingId,
}

/// # Unlink a payment
///
/// The payment does not belong to its booking after all. The booking keeps its status.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlinkPayment {
    pub payment_id: PaymentId,
    /// Why, for the record. At most 500 characters.
    #[serde(default)]
    pub reason: Option<Pii<String>>,
}

impl Input for LinkPaymentToBooking {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = super::load_of(self.payment_id.as_str());
        load.streams
            .push((Booking::TYPE, self.booking_id.to_string(), 0));
        load
    }
}

impl Input for UnlinkPayment {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.payment_id.as_str())
    }
}

pub async fn link_payment_to_booking(
    work: &mut Work,
    input: LinkPaymentToBooking,
) -> Result<PaymentSummary> {
    let mut payment = work.find::<Payment>(input.payment_id.as_str()).await?;
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let cause = ConfirmationCause::MarkedPaid;
    let link = Link {
        why: MatchReason::LinkedByHand,
        cause,
        late: LatePayment::Keep,
    };
    link_both(work, &mut payment, &mut booking, link).await?;
    PaymentSummary::of(&payment)
}

pub async fn unlink_payment(work: &mut Work, input: UnlinkPayment) -> Result<PaymentSummary> {
    let mut payment = work.find::<Payment>(input.payment_id.as_str()).await?;
    let mut problems = Problems::default();
    let reason = input.reason.as_ref();
    let reason = reason
        .and_then(|reason| problems.check("/reason", free_text(reason.expose(), MAX_REASON_CHARS)));
    problems.finish()?;
    let reason = match reason {
        Some(reason) => {
            let key = work.subject(input.payment_id.as_str()).await?;
            Some(key.seal("PaymentUnlinked", "reason", &reason)?)
        }
        None => None,
    };
    let booking_id = payment.state.require()?.booking_id.clone();
    work.execute(&mut payment, PaymentCommand::Unlink { reason })
        .await?;
    if let Some(booking_id) = booking_id {
        let mut booking = work.find::<Booking>(booking_id.as_str()).await?;
        work.execute(
            &mut booking,
            BookingCommand::UnlinkPayment {
                payment_id: input.payment_id,
            },
        )
        .await?;
    }
    PaymentSummary::of(&payment)
}

/// Why a payment is linked, and what it does to the booking.
pub(super) struct Link {
    pub why: MatchReason,
    pub cause: ConfirmationCause,
    pub late: LatePayment,
}

/// Matches the payment and lets the booking receive it.
pub(super) async fn link_both(
    work: &mut Work,
    payment: &mut Loaded<Payment>,
    booking: &mut Loaded<Booking>,
    link: Link,
) -> Result<()> {
    let Link { why, cause, late } = link;
    let booking_id = BookingId::new(booking.id.clone());
    let customer_id = booking.state.require()?.customer_id.clone();
    work.execute(
        payment,
        PaymentCommand::Match {
            booking_id,
            customer_id,
            why,
        },
    )
    .await?;
    let payment_id = PaymentId::new(payment.id.clone());
    // What went back before the link never reaches the booking; what goes back later is noted on it then.
    let record = payment.state.require()?;
    let mut amount = record.received.amount.clone();
    amount.amount_minor -= record.refunded_minor();
    let receive = ReceivePayment {
        payment_id,
        amount,
        cause,
        late,
        at: work.ctx.now,
    };
    work.execute(booking, BookingCommand::ReceivePayment(receive))
        .await
}
