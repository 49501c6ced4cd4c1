//! Money that somebody saw: recorded as a payment, or as the payment of a booking at once.

use cqrs_es::Aggregate;
use domain::bookings::commands::{BookingCommand, LatePayment};
use domain::bookings::events::ConfirmationCause;
use domain::bookings::{Booking, BookingRecord, Status};
use domain::ids::BookingId;
use domain::money::{Currency, MAX_AMOUNT_MINOR, Money};
use domain::payments::events::PaymentReceived;
use domain::payments::{
    MANUAL, MAX_PROVIDER_ID_CHARS, MatchReason, PROVIDER_ID_SCOPE, Payment, PaymentCommand,
    provider_claim,
};
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::values::{MAX_NAME_CHARS, MAX_NOTE_CHARS, bounded_text, free_text};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::linking::{Link, link_both};
use super::{PaymentSummary, RECEIVED};
use crate::Result;
use crate::bookings::answer_as;
use crate::bookings::inputs::BookingSummary;
use crate::customers::people::not_after_now;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

const DEFAULT_METHOD: &str = "cash";

/// # Record a payment
///
/// Money that came in by another way than a provider's webhook, with or without its booking.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordPayment {
    /// In minor units (cents).
    #[schemars(range(min = 1))]
    pub amount_minor: i64,
    /// ISO 4217; the tenant's when absent.
    #[serde(default)]
    pub currency: Option<String>,
    /// `cash`, `bank_transfer`, `check`, …; `cash` when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// When it came, where that was before now (RFC 3339).
    #[serde(default)]
    pub received_at: Option<String>,
    /// The payer's words, at most 4,000 characters; stored encrypted.
    #[serde(default)]
    pub memo: Option<Pii<String>>,
    /// The bank's or the receipt's own number; no two payments share one.
    #[serde(default)]
    pub reference: Option<String>,
    /// The booking that it is for.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
}

/// # Mark a booking as paid
///
/// Records a payment by hand for the booking. One that covers the deposit confirms it and closes an open payment page.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkPaid {
    pub booking_id: BookingId,
    /// In minor units; all that is still to be paid when absent.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub amount_minor: Option<i64>,
    /// `cash`, `bank_transfer`, `check`, …; `cash` when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// The bank's or the receipt's own number; no two payments share one.
    #[serde(default)]
    pub reference: Option<String>,
}

/// The booking, and the payment that was recorded for it.
#[derive(Serialize)]
pub struct PaidSummary {
    #[serde(flatten)]
    pub booking: BookingSummary,
    /// Null when nothing was left to pay.
    pub payment_id: Option<String>,
}

impl Input for RecordPayment {
    fn wanted(&self, _: &Facts) -> Load {
        let streams = self
            .booking_id
            .iter()
            .map(|id| (Booking::TYPE, id.to_string(), 0))
            .collect();
        Load {
            streams,
            claims: reference_claim(self.reference.as_deref()),
            ..Load::default()
        }
    }
}

impl Input for MarkPaid {
    fn wanted(&self, _: &Facts) -> Load {
        let streams = vec![(Booking::TYPE, self.booking_id.to_string(), 0)];
        Load {
            streams,
            claims: reference_claim(self.reference.as_deref()),
            ..Load::default()
        }
    }
}

pub async fn record_payment(work: &mut Work, input: RecordPayment) -> Result<PaymentSummary> {
    work.tenant().require()?;
    let mut problems = Problems::default();
    let known = work.tenant().settings.currency.clone();
    let currency = match &input.currency {
        Some(code) => problems
            .check("/currency", Currency::parse(code))
            .unwrap_or(known),
        None => known,
    };
    let received_at = read_time(&mut problems, input.received_at.as_deref(), work.ctx.now);
    let memo = input.memo.as_ref();
    let memo =
        memo.and_then(|memo| problems.check("/memo", free_text(memo.expose(), MAX_NOTE_CHARS)));
    let slip = read_slip(
        &mut problems,
        input.method.as_deref(),
        input.reference.as_deref(),
    );
    let amount = Money::new(input.amount_minor, currency);
    check_amount(&mut problems, &amount);
    problems.finish()?;
    let mut payment = receive(work, slip, amount, received_at, memo).await?;
    if let Some(booking_id) = &input.booking_id {
        let mut booking = work.find::<Booking>(booking_id.as_str()).await?;
        let cause = ConfirmationCause::MarkedPaid;
        let link = Link {
            why: MatchReason::LinkedByHand,
            cause,
            late: LatePayment::Keep,
        };
        link_both(work, &mut payment, &mut booking, link).await?;
    }
    PaymentSummary::of(&payment)
}

pub async fn mark_paid(work: &mut Work, input: MarkPaid) -> Result<PaidSummary> {
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let record = booking.state.require()?;
    if matches!(record.status, Status::Cancelled | Status::Expired) {
        record.require_open()?;
    }
    let mut problems = Problems::default();
    let slip = read_slip(
        &mut problems,
        input.method.as_deref(),
        input.reference.as_deref(),
    );
    let amount = amount_of(record, input.amount_minor);
    if amount.amount_minor == 0 && input.amount_minor.is_none() {
        problems.finish()?;
        // Nothing is left to pay; what waits for no money can be confirmed.
        match record.status {
            Status::New => work.execute(&mut booking, BookingCommand::Confirm).await?,
            _ => answer_as(work, &booking)?,
        }
        return Ok(PaidSummary {
            booking: BookingSummary::of(&booking)?,
            payment_id: None,
        });
    }
    check_amount(&mut problems, &amount);
    problems.finish()?;
    // The payment is written down first, but it is the booking that answers.
    answer_as(work, &booking)?;
    let received_at = work.ctx.now;
    let mut payment = receive(work, slip, amount, received_at, None).await?;
    let link = Link {
        why: MatchReason::MarkedPaid,
        cause: ConfirmationCause::MarkedPaid,
        late: LatePayment::Keep,
    };
    link_both(work, &mut payment, &mut booking, link).await?;
    Ok(PaidSummary {
        booking: BookingSummary::of(&booking)?,
        payment_id: Some(payment.id),
    })
}

fn amount_of(record: &BookingRecord, amount_minor: Option<i64>) -> Money {
    match amount_minor {
        Some(amount_minor) => Money::new(amount_minor, record.total.currency.clone()),
        None => record.balance(),
    }
}

/// How the money came, and the number on its receipt.
struct Slip {
    method: String,
    reference: Option<String>,
}

fn read_slip(problems: &mut Problems, method: Option<&str>, reference: Option<&str>) -> Slip {
    let method = bounded_text(method.unwrap_or(DEFAULT_METHOD), MAX_NAME_CHARS);
    let method = problems.check("/method", method).unwrap_or_default();
    let reference = reference.and_then(|reference| {
        problems.check("/reference", bounded_text(reference, MAX_PROVIDER_ID_CHARS))
    });
    Slip { method, reference }
}

async fn receive(
    work: &mut Work,
    slip: Slip,
    amount: Money,
    received_at: OffsetDateTime,
    memo: Option<String>,
) -> Result<Loaded<Payment>> {
    if let Some(reference) = &slip.reference {
        let claim = provider_claim(MANUAL, reference);
        if let Some(payment_id) = work.wanted_claim(PROVIDER_ID_SCOPE, &claim) {
            let known = json!({ "payment_id": payment_id });
            let detail = "a payment with this reference has been recorded already";
            return Err(Refusal::conflict("payment-reference-taken", detail)
                .with_alternatives(vec![known])
                .into());
        }
    }
    let payment_id = work.new_id();
    // A key of its own: nobody may know yet whose payment it is.
    let memo = match memo {
        Some(memo) => Some(
            work.new_subject(&payment_id)?
                .seal(RECEIVED, "memo", &memo)?,
        ),
        None => None,
    };
    let received = PaymentReceived {
        provider: MANUAL.to_owned(),
        provider_id: slip.reference.unwrap_or_else(|| payment_id.clone()),
        method: slip.method,
        amount,
        memo,
        received_at,
        raw: None,
        session_id: None,
    };
    let mut payment = work.create::<Payment>(&payment_id);
    work.execute(&mut payment, PaymentCommand::Receive(Box::new(received)))
        .await?;
    Ok(payment)
}

fn check_amount(problems: &mut Problems, amount: &Money) {
    if !(1..=MAX_AMOUNT_MINOR).contains(&amount.amount_minor) {
        let message = format!("between 1 and {MAX_AMOUNT_MINOR} minor units");
        problems.add("/amount_minor", "amount-out-of-range", message);
    }
}

fn read_time(problems: &mut Problems, text: Option<&str>, now: OffsetDateTime) -> OffsetDateTime {
    let Some(text) = text else { return now };
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(at) if not_after_now(at, now) => return at,
        Ok(_) => problems.add(
            "/received_at",
            "time-in-future",
            "no payment comes from the future",
        ),
        Err(_) => problems.add(
            "/received_at",
            "time-invalid",
            "a time is RFC 3339, such as 2026-03-14T18:00:00Z",
        ),
    }
    now
}

fn reference_claim(reference: Option<&str>) -> Vec<(&'static str, String)> {
    let reference = reference.map(str::trim);
    reference
        .map(|reference| (PROVIDER_ID_SCOPE, provider_claim(MANUAL, reference)))
        .into_iter()
        .collect()
}
