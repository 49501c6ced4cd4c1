//! What can happen to a booking. Times are both the tenant's calendar (`date`, `slot`) and instants; prices are those the
//! customer saw. Address, notes and reasons are ciphertext under the customer's key.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use super::{Booking, PaymentPreference, Status};
use crate::customers::consents::Source;
use crate::evolution;
use crate::ids::{ChefId, CustomerId, PaymentId};
use crate::money::Money;
use crate::sealed::Sealed;
use crate::slots::{Slot, iso_date};
use crate::tenants::price_book::{MenuItem, PriceLine};
use crate::values::{Party, ServiceZone};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BookingEvent {
    BookingCreated(Box<BookingCreated>),
    /// The payment page for the deposit is open.
    CheckoutLinkCreated(CheckoutLink),
    /// The payment page closed unpaid, by its own time or because we closed it.
    CheckoutLinkExpired {
        session_id: String,
    },
    /// The payment link is late; the customer is told that it follows.
    BookingAnnouncedWithoutLink {},
    /// Money for the booking has come; its payment is matched to it.
    BookingPaymentReceived {
        payment_id: PaymentId,
        amount: Money,
    },
    /// A payment turned out to belong elsewhere.
    BookingPaymentUnlinked {
        payment_id: PaymentId,
    },
    /// Money went back to the payer.
    BookingRefunded {
        payment_id: PaymentId,
        refund_id: String,
        amount: Money,
    },
    BookingConfirmed {
        cause: ConfirmationCause,
    },
    BookingPartyChanged {
        party: Party,
    },
    BookingMenuChanged {
        menu: Vec<MenuItem>,
    },
    BookingAddressChanged {
        address: Sealed,
        zone: ServiceZone,
    },
    BookingNotesChanged {
        #[serde(default)]
        notes: Option<Sealed>,
    },
    /// The party, menu or zone changed the price; the deposit stays as it was.
    BookingRepriced {
        price: Vec<PriceLine>,
        total: Money,
    },
    BookingRescheduled(Box<BookingRescheduled>),
    /// A chef was named for the booking.
    ChefAssigned {
        chef_id: ChefId,
        #[serde(default)]
        previous_chef_id: Option<ChefId>,
    },
    /// Another chef is held provisionally: the one that was has been assigned elsewhere, or does not serve the new zone.
    HeldChefChanged {
        held_chef_id: ChefId,
    },
    BookingCancelled(Box<BookingCancelled>),
    /// The deposit did not come in time; the slot is free again.
    BookingExpired {},
    /// Money came after the end, and the slot was free still.
    BookingSlotRetaken {
        held_chef_id: ChefId,
    },
    /// Money came after the end, and the slot was gone: it goes back, and a person should look.
    LatePaymentFlagged {
        payment_id: PaymentId,
        amount: Money,
    },
    BookingCompleted {},
    BookingNoShow {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingCreated {
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
    #[serde(default)]
    pub notes: Option<Sealed>,
    /// How the total comes about.
    pub price: Vec<PriceLine>,
    pub total: Money,
    pub deposit: Money,
    pub payment_preference: PaymentPreference,
    /// Claimed so that somebody can come; named only by `ChefAssigned`.
    pub held_chef_id: ChefId,
    /// When the unpaid hold ends; none without a hold.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub hold_until: Option<OffsetDateTime>,
    #[serde(default)]
    pub channel_thread_id: Option<String>,
    /// Free JSON of the caller, sealed under the tenant's ingest key.
    #[serde(default)]
    pub metadata: Option<Sealed>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckoutLink {
    pub provider: String,
    pub session_id: String,
    pub url: String,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingRescheduled {
    #[serde(with = "iso_date")]
    pub date: Date,
    pub slot: Slot,
    #[serde(with = "time::serde::rfc3339")]
    pub starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub ends_at: OffsetDateTime,
    pub held_chef_id: ChefId,
    #[serde(with = "iso_date")]
    pub previous_date: Date,
    pub previous_slot: Slot,
    /// An unpaid hold never outlasts the start of the party.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub hold_until: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingCancelled {
    pub reason: Sealed,
    /// What the tenant's policy gives back at this notice.
    pub refund_percent: u8,
    pub refunds: Vec<PlannedRefund>,
    #[serde(with = "time::serde::rfc3339")]
    pub cancelled_at: OffsetDateTime,
}

/// A refund that a cancellation leads to, one for each payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRefund {
    pub payment_id: PaymentId,
    pub refund_id: String,
    pub amount: Money,
}

/// Why a booking counts as confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationCause {
    /// The deposit came through the provider.
    DepositPaid,
    /// Somebody marked it as paid.
    MarkedPaid,
    /// Somebody confirmed it without money.
    ConfirmedByHand,
}

impl DomainEvent for BookingEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::BookingCreated(_) => "BookingCreated",
            Self::CheckoutLinkCreated(_) => "CheckoutLinkCreated",
            Self::CheckoutLinkExpired { .. } => "CheckoutLinkExpired",
            Self::BookingAnnouncedWithoutLink {} => "BookingAnnouncedWithoutLink",
            Self::BookingPaymentReceived { .. } => "BookingPaymentReceived",
            Self::BookingPaymentUnlinked { .. } => "BookingPaymentUnlinked",
            Self::BookingRefunded { .. } => "BookingRefunded",
            Self::BookingConfirmed { .. } => "BookingConfirmed",
            Self::BookingPartyChanged { .. } => "BookingPartyChanged",
            Self::BookingMenuChanged { .. } => "BookingMenuChanged",
            Self::BookingAddressChanged { .. } => "BookingAddressChanged",
            Self::BookingNotesChanged { .. } => "BookingNotesChanged",
            Self::BookingRepriced { .. } => "BookingRepriced",
            Self::BookingRescheduled(_) => "BookingRescheduled",
            Self::ChefAssigned { .. } => "ChefAssigned",
            Self::HeldChefChanged { .. } => "HeldChefChanged",
            Self::BookingCancelled(_) => "BookingCancelled",
            Self::BookingExpired {} => "BookingExpired",
            Self::BookingSlotRetaken { .. } => "BookingSlotRetaken",
            Self::LatePaymentFlagged { .. } => "LatePaymentFlagged",
            Self::BookingCompleted {} => "BookingCompleted",
            Self::BookingNoShow {} => "BookingNoShow",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Booking::TYPE, &self.event_type())
    }
}
