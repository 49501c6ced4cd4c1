//! Bookings: a party, a date and a slot, held by a deposit. A booking claims one chef's slot while it stands, and each
//! of its events says what has to happen outside.

pub mod commands;
mod effects;
pub mod events;
mod money;
mod rules;
mod state;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use self::commands::BookingCommand;
use self::events::{BookingEvent, CheckoutLink};
use crate::chefs::{SLOT_SCOPE, slot_claim};
use crate::customers::consents::Source;
use crate::effects::Effect;
use crate::ids::{ChefId, CustomerId, PaymentId};
use crate::money::Money;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;
use crate::slots::{Slot, iso_date};
use crate::tenants::price_book::{MenuItem, PriceLine};
use crate::values::{Party, ServiceZone};

/// The furthest ahead that a party can be booked.
pub const MAX_DAYS_AHEAD: i64 = 730;
/// A hosted payment page stays open for at least half an hour; a party that must be paid first needs that notice.
pub const MIN_CHECKOUT_NOTICE_MINUTES: i64 = 45;
/// How long the first e-mail waits for the payment link before it says that the link follows.
pub const LINK_PATIENCE_MINUTES: i64 = 10;
/// How far the clocks of the database and of our processes may differ: a timer that is this early by our clock is due by
/// the one that set it off, and it will not ring again.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 5;
/// The most payments of one booking.
pub const MAX_PAYMENTS: usize = 50;

/// Where a booking stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Held until the deposit is paid or the hold ends.
    DepositPending,
    /// Without a hold: cash or invoice.
    New,
    Confirmed,
    Completed,
    Cancelled,
    Expired,
    NoShow,
}

/// How the customer wants to pay the deposit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentPreference {
    #[default]
    StripeCheckout,
    Invoice,
    Cash,
}

/// A booking; nothing is known of it before it is created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Booking {
    pub record: Option<Box<BookingRecord>>,
}

/// A booking as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingRecord {
    pub customer_id: CustomerId,
    pub source: Source,
    pub status: Status,
    #[serde(with = "iso_date")]
    pub date: Date,
    pub slot: Slot,
    #[serde(with = "time::serde::rfc3339")]
    pub starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub ends_at: OffsetDateTime,
    pub zone: ServiceZone,
    pub address: Sealed,
    pub party: Party,
    pub menu: Vec<MenuItem>,
    pub notes: Option<Sealed>,
    pub price: Vec<PriceLine>,
    pub total: Money,
    pub deposit: Money,
    pub payment_preference: PaymentPreference,
    /// The chef whose slot is claimed, named or not.
    pub held_chef_id: ChefId,
    /// The chef who was named.
    pub chef_id: Option<ChefId>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub hold_until: Option<OffsetDateTime>,
    pub channel_thread_id: Option<String>,
    pub metadata: Option<Sealed>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    pub checkout: Option<Checkout>,
    pub announced_without_link: Announcement,
    pub payments: BTreeMap<PaymentId, PaidSoFar>,
    /// Payments that came too late and were sent back.
    pub late_payments: BTreeMap<PaymentId, Money>,
    pub refund_percent: Option<u8>,
    pub cancellation_reason: Option<Sealed>,
}

/// The payment page of a booking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkout {
    pub link: CheckoutLink,
    pub standing: CheckoutStanding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutStanding {
    Open,
    Closed,
}

/// Whether the customer was told that the payment link follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    #[default]
    NotMade,
    Made,
}

/// What one payment brought, and what of it went back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidSoFar {
    pub received_minor: i64,
    pub refunded_minor: i64,
    pub refund_ids: Vec<String>,
}

impl Status {
    /// Whether the booking still keeps a chef's slot that somebody is going to come to.
    pub fn is_open(self) -> bool {
        matches!(self, Self::DepositPending | Self::New | Self::Confirmed)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::DepositPending => "deposit_pending",
            Self::New => "new",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }
}

impl Booking {
    /// What is known of it, or a refusal when it was never created.
    pub fn require(&self) -> Result<&BookingRecord, Refusal> {
        self.record
            .as_deref()
            .ok_or_else(|| Refusal::not_found("booking-not-found", "there is no such booking"))
    }
}

impl BookingRecord {
    /// Minor units received and not given back.
    pub fn paid_minor(&self) -> i64 {
        self.payments
            .values()
            .map(|paid| paid.received_minor - paid.refunded_minor)
            .sum()
    }

    /// What is still to be paid of the total.
    pub fn balance(&self) -> Money {
        Money::new(
            (self.total.amount_minor - self.paid_minor()).max(0),
            self.total.currency.clone(),
        )
    }

    /// What is still to be paid of the deposit.
    pub fn deposit_due(&self) -> Money {
        let due_minor = (self.deposit.amount_minor - self.paid_minor()).max(0);
        Money::new(due_minor, self.deposit.currency.clone())
    }

    /// The payment page that can still be paid on.
    pub fn open_session_id(&self) -> Option<&str> {
        let open = self
            .checkout
            .as_ref()
            .filter(|checkout| checkout.standing == CheckoutStanding::Open);
        open.map(|checkout| checkout.link.session_id.as_str())
    }
}

impl Aggregate for Booking {
    const TYPE: &'static str = "booking";
    type Command = BookingCommand;
    type Event = BookingEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: BookingCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: BookingEvent) {
        state::apply(self, event);
    }
}

impl Noun for Booking {
    fn claims(&self, _id: &str, event: &BookingEvent) -> ClaimChanges {
        let Some(booking) = self.record.as_deref() else {
            return ClaimChanges::default();
        };
        let hold = || {
            vec![Key::new(
                SLOT_SCOPE,
                slot_claim(&booking.held_chef_id, booking.date, booking.slot),
            )]
        };
        match event {
            BookingEvent::BookingCreated(_) => ClaimChanges {
                take: hold(),
                ..ClaimChanges::default()
            },
            BookingEvent::BookingRescheduled(_)
            | BookingEvent::ChefAssigned { .. }
            | BookingEvent::HeldChefChanged { .. }
            | BookingEvent::BookingSlotRetaken { .. } => ClaimChanges {
                release: vec![SLOT_SCOPE],
                take: hold(),
                ..ClaimChanges::default()
            },
            BookingEvent::BookingCancelled(_) | BookingEvent::BookingExpired {} => ClaimChanges {
                release: vec![SLOT_SCOPE],
                ..ClaimChanges::default()
            },
            BookingEvent::CheckoutLinkCreated(_)
            | BookingEvent::CheckoutLinkExpired { .. }
            | BookingEvent::BookingAnnouncedWithoutLink {}
            | BookingEvent::BookingPaymentReceived { .. }
            | BookingEvent::BookingPaymentUnlinked { .. }
            | BookingEvent::BookingRefunded { .. }
            | BookingEvent::BookingConfirmed { .. }
            | BookingEvent::BookingPartyChanged { .. }
            | BookingEvent::BookingMenuChanged { .. }
            | BookingEvent::BookingAddressChanged { .. }
            | BookingEvent::BookingNotesChanged { .. }
            | BookingEvent::BookingRepriced { .. }
            | BookingEvent::LatePaymentFlagged { .. }
            | BookingEvent::BookingCompleted {}
            | BookingEvent::BookingNoShow {} => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &BookingEvent) -> Vec<Effect> {
        self.record
            .as_deref()
            .map(|booking| effects::of(booking, id, event))
            .unwrap_or_default()
    }
}
