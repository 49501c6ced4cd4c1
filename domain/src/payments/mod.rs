//! Payments: money that came in, by a provider's webhook or by hand, the booking it belongs to, and what went back.

pub mod events;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::events::{PaymentEvent, PaymentReceived};
use crate::effects::{Call, Effect, EmailTemplate};
use crate::ids::{BookingId, CustomerId, PaymentId};
use crate::money::Money;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Claim: one payment of a provider, `{provider}|{provider_id}`.
pub const PROVIDER_ID_SCOPE: &str = "payment-provider-id";
/// What an older payment's memo is sealed for under the tenant's ingest key.
pub const MEMO_PURPOSE: &str = "payment-memo";
pub const STRIPE: &str = "stripe";
pub const MANUAL: &str = "manual";
/// The longest id that a provider may give.
pub const MAX_PROVIDER_ID_CHARS: usize = 255;
/// The most refunds of one payment.
pub const MAX_REFUNDS: usize = 50;

/// A payment; nothing is known of it before it is received.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payment {
    pub record: Option<Box<PaymentRecord>>,
}

/// A payment as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRecord {
    pub received: PaymentReceived,
    pub booking_id: Option<BookingId>,
    pub customer_id: Option<CustomerId>,
    pub refunds: BTreeMap<String, Refund>,
    pub disputes: BTreeSet<String>,
    pub flags: BTreeSet<Flag>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub amount_minor: i64,
    pub standing: RefundStanding,
    pub provider_refund_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStanding {
    Requested,
    Refunded,
    Failed,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Received,
    Matched,
    /// All of it went back.
    Refunded,
}

/// Why we say that a payment belongs to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchReason {
    /// It was made on the booking's own payment page.
    Checkout,
    /// Somebody linked it.
    LinkedByHand,
    /// Somebody marked the booking as paid.
    MarkedPaid,
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The booking was cancelled; the tenant's policy says so.
    CancellationPolicy,
    /// The booking had ended, and its slot was taken.
    LatePayment,
    ByHand,
}

/// Why a person should look at a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    LatePayment,
    CurrencyMismatch,
    Disputed,
    RefundFailed,
    /// It names a booking that we do not have, or none.
    UnknownBooking,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PaymentCommand {
    Receive(Box<PaymentReceived>),
    Match {
        booking_id: BookingId,
        customer_id: CustomerId,
        why: MatchReason,
    },
    Unlink {
        reason: Option<Sealed>,
    },
    RequestRefund {
        refund_id: String,
        amount: Money,
        reason: RefundReason,
    },
    SettleRefund(SettleRefund),
    FailRefund {
        refund_id: String,
        code: String,
    },
    NoteDispute {
        dispute_id: String,
        amount: Money,
        reason: String,
    },
    Flag {
        flag: Flag,
    },
}

/// Word that money went back: the provider's answer, its webhook, or a person. All of them may come, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct SettleRefund {
    /// Ours, where the sender knows it.
    pub refund_id: Option<String>,
    pub provider_refund_id: Option<String>,
    pub amount: Money,
    pub at: OffsetDateTime,
}

/// The value of a claim on `PROVIDER_ID_SCOPE`.
pub fn provider_claim(provider: &str, provider_id: &str) -> String {
    format!("{provider}|{provider_id}")
}

impl Payment {
    /// What is known of it, or a refusal when it was never received.
    pub fn require(&self) -> Result<&PaymentRecord, Refusal> {
        self.record
            .as_deref()
            .ok_or_else(|| Refusal::not_found("payment-not-found", "there is no such payment"))
    }
}

impl PaymentRecord {
    /// Minor units that went back.
    pub fn refunded_minor(&self) -> i64 {
        self.sum(|standing| standing == RefundStanding::Refunded)
    }

    /// What can still be given back, refunds under way taken off.
    pub fn refundable(&self) -> Money {
        let taken_minor = self.sum(|standing| standing != RefundStanding::Failed);
        let left_minor = (self.received.amount.amount_minor - taken_minor).max(0);
        Money::new(left_minor, self.received.amount.currency.clone())
    }

    /// What a policy of `percent` still gives back, refunds under way taken off. Rounded down: the tenant never gives
    /// back more than its policy says.
    pub fn policy_refund(&self, percent: u8) -> Money {
        let received_minor = self.received.amount.amount_minor;
        let owed_minor = i128::from(received_minor) * i128::from(percent.min(100)) / 100;
        let taken_minor = received_minor - self.refundable().amount_minor;
        let left_minor = i64::try_from(owed_minor).unwrap_or(0) - taken_minor;
        Money::new(left_minor.max(0), self.received.amount.currency.clone())
    }

    pub fn status(&self) -> PaymentStatus {
        if self.refunded_minor() >= self.received.amount.amount_minor {
            return PaymentStatus::Refunded;
        }
        match self.booking_id {
            Some(_) => PaymentStatus::Matched,
            None => PaymentStatus::Received,
        }
    }

    fn sum(&self, counts: impl Fn(RefundStanding) -> bool) -> i64 {
        self.refunds
            .values()
            .filter(|refund| counts(refund.standing))
            .map(|refund| refund.amount_minor)
            .sum()
    }

    fn change(&mut self, event: PaymentEvent) {
        match event {
            PaymentEvent::PaymentMatched {
                booking_id,
                customer_id,
                ..
            } => {
                self.booking_id = Some(booking_id);
                self.customer_id = Some(customer_id);
            }
            PaymentEvent::PaymentUnlinked { .. } => {
                (self.booking_id, self.customer_id) = (None, None)
            }
            PaymentEvent::RefundRequested {
                refund_id, amount, ..
            } => {
                let standing = RefundStanding::Requested;
                let amount_minor = amount.amount_minor;
                self.refunds.insert(
                    refund_id,
                    Refund {
                        amount_minor,
                        standing,
                        provider_refund_id: None,
                    },
                );
            }
            PaymentEvent::PaymentRefunded {
                refund_id,
                amount,
                provider_refund_id,
                ..
            } => {
                let standing = RefundStanding::Refunded;
                let amount_minor = amount.amount_minor;
                self.refunds.insert(
                    refund_id,
                    Refund {
                        amount_minor,
                        standing,
                        provider_refund_id,
                    },
                );
            }
            PaymentEvent::RefundFailed { refund_id, .. } => {
                if let Some(refund) = self.refunds.get_mut(&refund_id) {
                    refund.standing = RefundStanding::Failed;
                }
                self.flags.insert(Flag::RefundFailed);
            }
            PaymentEvent::PaymentDisputed { dispute_id, .. } => {
                self.disputes.insert(dispute_id);
                self.flags.insert(Flag::Disputed);
            }
            PaymentEvent::PaymentFlagged { flag } => {
                self.flags.insert(flag);
            }
            PaymentEvent::PaymentReceived(_) => {}
        }
    }
}

impl Aggregate for Payment {
    const TYPE: &'static str = "payment";
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: PaymentCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: PaymentEvent) {
        match (self.record.as_deref_mut(), event) {
            (_, PaymentEvent::PaymentReceived(received)) => {
                self.record = Some(Box::new(PaymentRecord {
                    received: *received,
                    booking_id: None,
                    customer_id: None,
                    refunds: BTreeMap::new(),
                    disputes: BTreeSet::new(),
                    flags: BTreeSet::new(),
                }));
            }
            (Some(record), event) => record.change(event),
            (None, _) => {}
        }
    }
}

impl Noun for Payment {
    fn claims(&self, _id: &str, event: &PaymentEvent) -> ClaimChanges {
        match event {
            PaymentEvent::PaymentReceived(received) => {
                let value = provider_claim(&received.provider, &received.provider_id);
                ClaimChanges {
                    take: vec![Key::new(PROVIDER_ID_SCOPE, value)],
                    ..ClaimChanges::default()
                }
            }
            _ => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &PaymentEvent) -> Vec<Effect> {
        let Some(payment) = self.record.as_deref() else {
            return Vec::new();
        };
        let booking = payment.booking_id.clone().zip(payment.customer_id.clone());
        match event {
            // Other providers have no call for it: a person gives the money back and settles the refund.
            PaymentEvent::RefundRequested { refund_id, .. }
                if payment.received.provider == STRIPE =>
            {
                let order_key =
                    booking.map_or_else(|| id.to_owned(), |(booking_id, _)| booking_id.to_string());
                let call = Call::RefundPayment {
                    payment_id: PaymentId::new(id),
                    refund_id: refund_id.clone(),
                };
                vec![Effect {
                    name: "refund",
                    call,
                    due: None,
                    order_key: Some(order_key),
                    expires_at: None,
                }]
            }
            PaymentEvent::PaymentRefunded { .. } => {
                let email = |(booking_id, customer_id): (BookingId, CustomerId)| {
                    let order_key = booking_id.to_string();
                    let template = EmailTemplate::PaymentRefunded;
                    Effect::of_booking(
                        "email",
                        &order_key,
                        Call::SendEmail {
                            template,
                            booking_id,
                            customer_id,
                        },
                    )
                };
                booking.map(email).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}
