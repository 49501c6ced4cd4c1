//! Commands about payments: recorded by hand or by a provider's webhook, linked to bookings, given back, disputed.

mod by_hand;
mod checkout;
mod disputes;
mod linking;
mod refunds;

use cqrs_es::Aggregate;
use domain::payments::Payment;
use event_store::load::Load;
use identity::permissions::Permission;
use serde::Serialize;

use crate::Result;
use crate::command;
use crate::registry::{Command, Risk};
use crate::work::Loaded;

/// The event that memos and providers' raw data are sealed for, under the payment's own key.
const RECEIVED: &str = "PaymentReceived";

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        command!(
            "record-payment",
            by_hand::record_payment,
            by_hand::RecordPayment,
            Permission::PaymentsWrite,
            Risk::Money
        ),
        command!(
            "mark-paid",
            by_hand::mark_paid,
            by_hand::MarkPaid,
            Permission::PaymentsWrite,
            Risk::Money
        ),
        command!(
            "link-payment-to-booking",
            linking::link_payment_to_booking,
            linking::LinkPaymentToBooking,
            Permission::PaymentsWrite,
            Risk::Write
        ),
        command!(
            "unlink-payment",
            linking::unlink_payment,
            linking::UnlinkPayment,
            Permission::PaymentsWrite,
            Risk::Write
        ),
        command!(
            "refund-payment",
            refunds::refund_payment,
            refunds::RefundPayment,
            Permission::PaymentsRefund,
            Risk::Money
        ),
    ];
    all.extend(checkout::commands());
    all.extend(refunds::internal_commands());
    all.extend(disputes::commands());
    all
}

/// How a payment stands after a command.
#[derive(Serialize)]
pub struct PaymentSummary {
    pub payment_id: String,
    pub booking_id: Option<String>,
    pub status: domain::payments::PaymentStatus,
    pub amount: String,
    pub refunded: String,
    /// What can still be given back, refunds under way taken off.
    pub refundable: String,
}

impl PaymentSummary {
    fn of(payment: &Loaded<Payment>) -> Result<Self> {
        let record = payment.state.require()?;
        let currency = record.received.amount.currency.clone();
        Ok(Self {
            payment_id: payment.id.clone(),
            booking_id: record.booking_id.as_ref().map(ToString::to_string),
            status: record.status(),
            amount: record.received.amount.to_string(),
            refunded: domain::money::Money::new(record.refunded_minor(), currency).to_string(),
            refundable: record.refundable().to_string(),
        })
    }
}

fn load_of(payment_id: &str) -> Load {
    Load {
        streams: vec![(Payment::TYPE, payment_id.to_owned(), 0)],
        ..Load::default()
    }
}
