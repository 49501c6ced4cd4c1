//! What comes back for a booking from outside: its payment page, the end of that page, and its timers. Only the system
//! sends these.

use domain::bookings::Booking;
use domain::bookings::commands::BookingCommand;
use domain::bookings::events::CheckoutLink;
use domain::ids::BookingId;
use domain::payments::STRIPE;
use domain::refusal::Problems;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::inputs::BookingSummary;
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "attach-checkout-link",
            attach_checkout_link,
            AttachCheckoutLink,
            Permission::BookingsWrite,
            Risk::Outward,
            internal
        ),
        command!(
            "note-checkout-expired",
            note_checkout_expired,
            NoteCheckoutExpired,
            Permission::BookingsWrite,
            Risk::Write,
            internal
        ),
        command!(
            "expire-booking",
            expire_booking,
            ExpireBooking,
            Permission::BookingsWrite,
            Risk::Write,
            internal
        ),
        command!(
            "announce-booking-without-link",
            announce_booking_without_link,
            AnnounceBookingWithoutLink,
            Permission::BookingsWrite,
            Risk::Outward,
            internal
        ),
    ]
}

/// # Attach a checkout link
///
/// The provider has opened a payment page for the booking's deposit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachCheckoutLink {
    pub booking_id: BookingId,
    /// The provider's id of the page.
    pub session_id: String,
    /// Where the customer pays.
    pub url: String,
    /// When the page closes by itself (RFC 3339).
    pub expires_at: String,
}

/// # Note that a checkout page has expired
///
/// The payment page closed unpaid.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteCheckoutExpired {
    pub booking_id: BookingId,
    /// The provider's id of the page.
    pub session_id: String,
}

/// # Expire a booking
///
/// The timer of the hold: an unpaid booking whose hold has ended expires; any other is left alone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireBooking {
    pub booking_id: BookingId,
}

/// # Announce a booking without its link
///
/// The timer of the payment link: the customer is told that it follows, if it has not come.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnounceBookingWithoutLink {
    pub booking_id: BookingId,
}

impl Input for AttachCheckoutLink {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for NoteCheckoutExpired {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for ExpireBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for AnnounceBookingWithoutLink {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

pub async fn attach_checkout_link(
    work: &mut Work,
    input: AttachCheckoutLink,
) -> Result<BookingSummary> {
    let mut problems = Problems::default();
    let Ok(expires_at) = OffsetDateTime::parse(&input.expires_at, &Rfc3339) else {
        problems.add(
            "/expires_at",
            "time-invalid",
            "a time is RFC 3339, such as 2026-03-14T18:00:00Z",
        );
        problems.finish()?;
        return Err(event_store::error::Error::internal(
            "a problem that was not reported",
        ));
    };
    let (session_id, url) = (input.session_id, input.url);
    let link = CheckoutLink {
        provider: STRIPE.to_owned(),
        session_id,
        url,
        expires_at,
    };
    step(
        work,
        &input.booking_id,
        BookingCommand::AttachCheckoutLink(link),
    )
    .await
}

pub async fn note_checkout_expired(
    work: &mut Work,
    input: NoteCheckoutExpired,
) -> Result<BookingSummary> {
    let session_id = input.session_id;
    step(
        work,
        &input.booking_id,
        BookingCommand::NoteCheckoutExpired { session_id },
    )
    .await
}

pub async fn expire_booking(work: &mut Work, input: ExpireBooking) -> Result<BookingSummary> {
    let at = work.ctx.now;
    step(work, &input.booking_id, BookingCommand::Expire { at }).await
}

pub async fn announce_booking_without_link(
    work: &mut Work,
    input: AnnounceBookingWithoutLink,
) -> Result<BookingSummary> {
    step(work, &input.booking_id, BookingCommand::AnnounceWithoutLink).await
}

/// One command on one booking.
pub(super) async fn step(
    work: &mut Work,
    booking_id: &BookingId,
    command: BookingCommand,
) -> Result<BookingSummary> {
    let mut booking = work.find::<Booking>(booking_id.as_str()).await?;
    work.execute(&mut booking, command).await?;
    BookingSummary::of(&booking)
}
