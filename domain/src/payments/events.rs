//! What can happen to a payment. Memo, raw data and reasons are ciphertext under the payment's own key; older ones under
//! the tenant's ingest key.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Flag, MatchReason, Payment, RefundReason};
use crate::evolution;
use crate::ids::{BookingId, CustomerId};
use crate::money::Money;
use crate::sealed::Sealed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PaymentEvent {
    PaymentReceived(Box<PaymentReceived>),
    /// The payment belongs to this booking.
    PaymentMatched {
        booking_id: BookingId,
        customer_id: CustomerId,
        why: MatchReason,
    },
    /// It does not after all.
    PaymentUnlinked {
        booking_id: BookingId,
        #[serde(default)]
        reason: Option<Sealed>,
    },
    RefundRequested {
        refund_id: String,
        amount: Money,
        reason: RefundReason,
    },
    /// Money went back to the payer.
    PaymentRefunded {
        refund_id: String,
        amount: Money,
        /// The provider's id of the refund; none where a person gave the money back.
        #[serde(default)]
        provider_refund_id: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        refunded_at: OffsetDateTime,
    },
    /// The provider turned the refund down; a person has to look.
    RefundFailed {
        refund_id: String,
        amount: Money,
        /// The provider's own code.
        code: String,
    },
    /// The payer contests the payment at the bank.
    PaymentDisputed {
        dispute_id: String,
        amount: Money,
        /// The provider's own code.
        reason: String,
    },
    /// A person should look at it.
    PaymentFlagged {
        flag: Flag,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentReceived {
    /// `stripe`, `plaid`, `manual`.
    pub provider: String,
    /// The provider's id of the payment; unique for each provider.
    pub provider_id: String,
    /// `card`, `cash`, `bank_transfer`, …
    pub method: String,
    pub amount: Money,
    #[serde(default)]
    pub memo: Option<Sealed>,
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// What the provider sent.
    #[serde(default)]
    pub raw: Option<Sealed>,
    /// The payment page that it was made on.
    #[serde(default)]
    pub session_id: Option<String>,
}

impl DomainEvent for PaymentEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::PaymentReceived(_) => "PaymentReceived",
            Self::PaymentMatched { .. } => "PaymentMatched",
            Self::PaymentUnlinked { .. } => "PaymentUnlinked",
            Self::RefundRequested { .. } => "RefundRequested",
            Self::PaymentRefunded { .. } => "PaymentRefunded",
            Self::RefundFailed { .. } => "RefundFailed",
            Self::PaymentDisputed { .. } => "PaymentDisputed",
            Self::PaymentFlagged { .. } => "PaymentFlagged",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Payment::TYPE, &self.event_type())
    }
}
