//! `cancel-booking`: the booking ends, its slot is free, and what the tenant's policy gives back is asked of each payment,
//! all in one commit.

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::bookings::commands::{BookingCommand, CancelBooking as Cancel};
use domain::bookings::events::PlannedRefund;
use domain::ids::{BookingId, PaymentId};
use domain::payments::{Payment, PaymentCommand, RefundReason};
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::values::{MAX_REASON_CHARS, free_text};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inputs::BookingSummary;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Cancel a booking
///
/// Frees the slot, closes an open payment page, tells the customer, and gives back what the tenant's refund policy says
/// at this notice.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBooking {
    pub booking_id: BookingId,
    /// Why, for the record. At most 500 characters.
    pub reason: Pii<String>,
}

/// What the cancellation gives back.
#[derive(Serialize)]
pub struct CancelledSummary {
    #[serde(flatten)]
    pub booking: BookingSummary,
    pub refund_percent: Option<u8>,
    pub refunds: Vec<PlannedRefund>,
}

impl Input for CancelBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

pub async fn cancel_booking(work: &mut Work, input: CancelBooking) -> Result<CancelledSummary> {
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let mut problems = Problems::default();
    let reason = problems
        .check(
            "/reason",
            free_text(input.reason.expose(), MAX_REASON_CHARS),
        )
        .unwrap_or_default();
    problems.finish()?;
    let record = booking.state.require()?.clone();
    let at = work.ctx.now;
    let refund_percent = work.tenant().settings.refund_percent(record.starts_at, at);
    let (mut payments, refunds) = match record.status.is_open() {
        true => plan_refunds(work, record.payments.keys(), refund_percent).await?,
        false => Default::default(),
    };
    let subjects = vec![record.customer_id.to_string()];
    work.fetch(Load {
        subjects,
        ..Load::default()
    })
    .await?;
    let key = work.subject(record.customer_id.as_str()).await?;
    let reason = key.seal("BookingCancelled", "reason", &reason)?;
    let cancel = Cancel {
        reason,
        refund_percent,
        refunds: refunds.clone(),
        at,
    };
    work.execute(&mut booking, BookingCommand::Cancel(cancel))
        .await?;
    for (payment, refund) in payments.iter_mut().zip(&refunds) {
        let (refund_id, amount) = (refund.refund_id.clone(), refund.amount.clone());
        let reason = RefundReason::CancellationPolicy;
        work.execute(
            payment,
            PaymentCommand::RequestRefund {
                refund_id,
                amount,
                reason,
            },
        )
        .await?;
    }
    let refund_percent = booking.state.require()?.refund_percent;
    Ok(CancelledSummary {
        booking: BookingSummary::of(&booking)?,
        refund_percent,
        refunds,
    })
}

/// What goes back of each payment, with the payment itself; payments of which nothing does are left out.
async fn plan_refunds(
    work: &mut Work,
    payment_ids: impl Iterator<Item = &PaymentId> + Clone,
    percent: u8,
) -> Result<(Vec<Loaded<Payment>>, Vec<PlannedRefund>)> {
    let streams = payment_ids
        .clone()
        .map(|id| (Payment::TYPE, id.to_string(), 0))
        .collect();
    work.fetch(Load {
        streams,
        ..Load::default()
    })
    .await?;
    let (mut payments, mut refunds) = (Vec::new(), Vec::new());
    for payment_id in payment_ids {
        let payment = work.find::<Payment>(payment_id.as_str()).await?;
        let amount = payment.state.require()?.policy_refund(percent);
        if amount.amount_minor > 0 {
            refunds.push(PlannedRefund {
                payment_id: payment_id.clone(),
                refund_id: work.new_id(),
                amount,
            });
            payments.push(payment);
        }
    }
    Ok((payments, refunds))
}
