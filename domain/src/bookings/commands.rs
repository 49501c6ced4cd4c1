//! What can be asked of a booking. Everything that depends on the tenant, the chefs or the clock comes in decided or as
//! a value, so that deciding stays pure.

use time::{Date, OffsetDateTime};

use super::PaymentPreference;
use super::events::{CheckoutLink, ConfirmationCause, PlannedRefund};
use crate::customers::consents::Source;
use crate::ids::{ChefId, CustomerId, PaymentId};
use crate::money::Money;
use crate::sealed::Sealed;
use crate::slots::SlotTime;
use crate::tenants::price_book::Price;
use crate::values::{Party, ServiceZone};

#[derive(Clone, Debug, PartialEq)]
pub enum BookingCommand {
    Create(Box<CreateBooking>),
    Update(Box<UpdateBooking>),
    /// Confirm without money.
    Confirm,
    Reschedule(RescheduleBooking),
    AssignChef {
        chef_id: ChefId,
    },
    /// Hold another chef for a booking that has none assigned.
    HoldChef {
        chef_id: ChefId,
    },
    Cancel(CancelBooking),
    Complete {
        at: OffsetDateTime,
    },
    MarkNoShow {
        at: OffsetDateTime,
    },
    /// The timer of the hold.
    Expire {
        at: OffsetDateTime,
    },
    AttachCheckoutLink(CheckoutLink),
    NoteCheckoutExpired {
        session_id: String,
    },
    AnnounceWithoutLink,
    ReceivePayment(ReceivePayment),
    UnlinkPayment {
        payment_id: PaymentId,
    },
    NoteRefund {
        payment_id: PaymentId,
        refund_id: String,
        amount: Money,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreateBooking {
    pub customer_id: CustomerId,
    pub source: Source,
    pub date: Date,
    pub time: SlotTime,
    pub zone: ServiceZone,
    pub address: Sealed,
    pub party: Party,
    pub notes: Option<Sealed>,
    pub price: Price,
    pub payment_preference: PaymentPreference,
    pub held_chef_id: ChefId,
    pub hold_hours: u16,
    pub channel_thread_id: Option<String>,
    pub metadata: Option<Sealed>,
    pub at: OffsetDateTime,
}

/// Only what is given changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateBooking {
    pub party: Option<Party>,
    pub address: Option<(Sealed, ServiceZone)>,
    pub notes: NotesChange,
    /// Where the party, the menu or the zone changes; its menu is the new one.
    pub price: Option<Price>,
    /// Another chef to hold, where the one held does not serve the new zone.
    pub held_chef_id: Option<ChefId>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum NotesChange {
    #[default]
    Keep,
    Replace(Sealed),
    Remove,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RescheduleBooking {
    pub date: Date,
    pub time: SlotTime,
    pub held_chef_id: ChefId,
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CancelBooking {
    pub reason: Sealed,
    /// What the tenant's policy gives back at this notice.
    pub refund_percent: u8,
    /// What that makes of each payment; requested of the payments in the same commit.
    pub refunds: Vec<PlannedRefund>,
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReceivePayment {
    pub payment_id: PaymentId,
    pub amount: Money,
    pub cause: ConfirmationCause,
    /// What to do when the booking has ended already.
    pub late: LatePayment,
    pub at: OffsetDateTime,
}

/// What becomes of money for a booking that expired or was cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LatePayment {
    /// The slot is free: this chef takes it again.
    Retake(ChefId),
    /// The slot is gone: flag it; the payment is refunded in the same commit.
    Flag,
    /// Somebody linked it by hand and knows why: only write it down.
    Keep,
}
