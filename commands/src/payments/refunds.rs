//! Money that goes back: asked for by hand, and settled or turned down by the provider. The answer to our call and the
//! provider's webhook tell the same thing, in any order; it counts once, for the payment and its booking alike.

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::bookings::commands::BookingCommand;
use domain::ids::PaymentId;
use domain::money::{Currency, Money};
use domain::payments::{
    PROVIDER_ID_SCOPE, Payment, PaymentCommand, RefundReason, RefundStanding, STRIPE,
    SettleRefund as Settle, provider_claim,
};
use domain::refusal::{Problems, Refusal};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PaymentSummary;
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

pub fn internal_commands() -> Vec<Command> {
    vec![
        command!(
            "settle-refund",
            settle_refund,
            SettleRefund,
            Permission::PaymentsWrite,
            Risk::Outward,
            internal
        ),
        command!(
            "fail-refund",
            fail_refund,
            FailRefund,
            Permission::PaymentsWrite,
            Risk::Write,
            internal
        ),
    ]
}

/// # Refund a payment
///
/// Gives back a part or all of a payment, never more than came in. Stripe is asked to; money that came by hand is given
/// back by hand, and this writes down that it was.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundPayment {
    pub payment_id: PaymentId,
    /// In minor units; all that is left when absent.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub amount_minor: Option<i64>,
    /// A refund that a cancellation asked for, of money that came by hand: it has been given back now.
    #[serde(default)]
    pub refund_id: Option<String>,
}

/// # Settle a refund
///
/// The provider has given money back: its answer to our call, or its webhook. One of `payment_id` and `provider_id` is
/// needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleRefund {
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// The provider's id of the payment (Stripe: the payment intent).
    #[serde(default)]
    pub provider_id: Option<String>,
    /// Our id of the refund, where it is known.
    #[serde(default)]
    pub refund_id: Option<String>,
    /// The provider's id of the refund.
    pub provider_refund_id: String,
    /// In minor units.
    pub amount_minor: i64,
    /// ISO 4217, in either case.
    pub currency: String,
}

/// # Fail a refund
///
/// The provider has turned a refund down.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailRefund {
    pub payment_id: PaymentId,
    /// Our id of the refund.
    pub refund_id: String,
    /// The provider's own code.
    pub code: String,
}

/// The payment, and the refund that was asked for.
#[derive(Serialize)]
pub struct RefundSummary {
    #[serde(flatten)]
    pub payment: PaymentSummary,
    pub refund_id: String,
}

impl Input for RefundPayment {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.payment_id.as_str())
    }
}

impl Input for SettleRefund {
    fn wanted(&self, _: &Facts) -> Load {
        wanted(self.payment_id.as_ref(), self.provider_id.as_deref())
    }
}

impl Input for FailRefund {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.payment_id.as_str())
    }
}

pub async fn refund_payment(work: &mut Work, input: RefundPayment) -> Result<RefundSummary> {
    let mut payment = work.find::<Payment>(input.payment_id.as_str()).await?;
    let record = payment.state.require()?;
    let by_stripe = record.received.provider == STRIPE;
    if let Some(refund_id) = input.refund_id {
        if by_stripe {
            let detail = "the provider settles its refunds itself";
            return Err(Refusal::field("/refund_id", "refund-not-by-hand", detail).into());
        }
        let amount = record.received.amount.clone();
        settle(work, &mut payment, (Some(refund_id.clone()), None), amount).await?;
        return Ok(RefundSummary {
            payment: PaymentSummary::of(&payment)?,
            refund_id,
        });
    }
    let left = record.refundable();
    let amount = match input.amount_minor {
        Some(amount_minor) => Money::new(amount_minor, left.currency),
        None if left.amount_minor == 0 => {
            return Err(Refusal::conflict(
                "payment-refunded",
                "all of the payment has gone back already",
            )
            .into());
        }
        None => left,
    };
    let refund_id = work.new_id();
    let request = PaymentCommand::RequestRefund {
        refund_id: refund_id.clone(),
        amount: amount.clone(),
        reason: RefundReason::ByHand,
    };
    work.execute(&mut payment, request).await?;
    if !by_stripe {
        settle(work, &mut payment, (Some(refund_id.clone()), None), amount).await?;
    }
    Ok(RefundSummary {
        payment: PaymentSummary::of(&payment)?,
        refund_id,
    })
}

pub async fn settle_refund(work: &mut Work, input: SettleRefund) -> Result<PaymentSummary> {
    let mut problems = Problems::default();
    let currency = problems
        .check("/currency", Currency::parse(&input.currency))
        .unwrap_or_default();
    problems.finish()?;
    let mut payment = find(
        work,
        input.payment_id.as_ref(),
        input.provider_id.as_deref(),
    )
    .await?;
    let amount = Money::new(input.amount_minor, currency);
    settle(
        work,
        &mut payment,
        (input.refund_id, Some(input.provider_refund_id)),
        amount,
    )
    .await?;
    PaymentSummary::of(&payment)
}

pub async fn fail_refund(work: &mut Work, input: FailRefund) -> Result<PaymentSummary> {
    let mut payment = work.find::<Payment>(input.payment_id.as_str()).await?;
    let (refund_id, code) = (input.refund_id, input.code);
    work.execute(&mut payment, PaymentCommand::FailRefund { refund_id, code })
        .await?;
    PaymentSummary::of(&payment)
}

/// What to look up for a payment that is named by our id or by the provider's.
pub(super) fn wanted(payment_id: Option<&PaymentId>, provider_id: Option<&str>) -> Load {
    Load {
        streams: payment_id
            .iter()
            .map(|id| (Payment::TYPE, id.to_string(), 0))
            .collect(),
        claims: provider_id
            .iter()
            .map(|id| (PROVIDER_ID_SCOPE, provider_claim(STRIPE, id)))
            .collect(),
        ..Load::default()
    }
}

/// The payment that is named by our id or by the provider's.
pub(super) async fn find(
    work: &mut Work,
    payment_id: Option<&PaymentId>,
    provider_id: Option<&str>,
) -> Result<Loaded<Payment>> {
    let claimed = provider_id
        .and_then(|id| work.wanted_claim(PROVIDER_ID_SCOPE, &provider_claim(STRIPE, id)));
    let payment_id = payment_id
        .map(|id| id.as_str().to_owned())
        .or(claimed.map(str::to_owned));
    match payment_id {
        Some(payment_id) => work.find::<Payment>(&payment_id).await,
        None => Err(Refusal::not_found("payment-not-found", "there is no such payment").into()),
    }
}

/// Settles a refund, and lets the payment's booking know what went back.
async fn settle(
    work: &mut Work,
    payment: &mut Loaded<Payment>,
    (refund_id, provider_refund_id): (Option<String>, Option<String>),
    amount: Money,
) -> Result<()> {
    let settled = |payment: &Loaded<Payment>| -> Vec<(String, i64)> {
        let refunds = payment
            .state
            .record
            .iter()
            .flat_map(|record| &record.refunds);
        let settled = refunds.filter(|(_, refund)| refund.standing == RefundStanding::Refunded);
        settled
            .map(|(id, refund)| (id.clone(), refund.amount_minor))
            .collect()
    };
    let before = settled(payment);
    let at = work.ctx.now;
    let command = Settle {
        refund_id,
        provider_refund_id,
        amount,
        at,
    };
    work.execute(payment, PaymentCommand::SettleRefund(command))
        .await?;
    let record = payment.state.require()?;
    let Some(booking_id) = record.booking_id.clone() else {
        return Ok(());
    };
    let currency = record.received.amount.currency.clone();
    let fresh = settled(payment)
        .into_iter()
        .find(|refund| !before.contains(refund));
    let Some((refund_id, amount_minor)) = fresh else {
        return Ok(());
    };
    let mut booking = work.find::<Booking>(booking_id.as_str()).await?;
    let payment_id = PaymentId::new(payment.id.clone());
    let amount = Money::new(amount_minor, currency);
    work.execute(
        &mut booking,
        BookingCommand::NoteRefund {
            payment_id,
            refund_id,
            amount,
        },
    )
    .await
}
