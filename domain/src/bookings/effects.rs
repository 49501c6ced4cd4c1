//! What has to happen outside because of a booking's event; always in order with the booking's other effects, timers
//! apart.

use time::Duration;

use super::events::{BookingEvent, ConfirmationCause};
use super::{BookingRecord, LINK_PATIENCE_MINUTES, Status};
use crate::customers::consents::Source;
use crate::effects::{Call, Effect, EmailTemplate, Timer};
use crate::ids::{BookingId, ConversationId};

/// The effects of `event`; `booking` is the state after it.
pub(super) fn of(booking: &BookingRecord, id: &str, event: &BookingEvent) -> Vec<Effect> {
    let email = |template| email(booking, id, template);
    match event {
        BookingEvent::BookingCreated(created) => match created.status {
            Status::DepositPending => start_checkout(booking, id),
            _ => vec![email(EmailTemplate::BookingRequested)],
        },
        BookingEvent::CheckoutLinkCreated(_) if booking.status == Status::DepositPending => {
            let mut effects = vec![email(EmailTemplate::BookingCreated)];
            effects.extend(link_into_thread(booking, id));
            effects
        }
        // The link came after the end, or after the money: nobody may pay on it any more.
        BookingEvent::CheckoutLinkCreated(_) => close_checkout(booking, id),
        BookingEvent::BookingAnnouncedWithoutLink {} => {
            vec![email(EmailTemplate::BookingCreatedLinkFollows)]
        }
        BookingEvent::BookingConfirmed {
            cause: ConfirmationCause::ConfirmedByHand,
        } => close_checkout(booking, id),
        BookingEvent::BookingConfirmed { .. } => {
            let mut effects = close_checkout(booking, id);
            effects.push(email(EmailTemplate::DepositPaid));
            effects
        }
        BookingEvent::BookingRescheduled(_) => {
            let mut effects = vec![email(EmailTemplate::BookingRescheduled)];
            effects.extend(expiry_timer(booking, id));
            effects
        }
        BookingEvent::BookingCancelled(_) => {
            let mut effects = close_checkout(booking, id);
            effects.push(email(EmailTemplate::BookingCancelled));
            effects
        }
        BookingEvent::BookingExpired {} => close_checkout(booking, id),
        BookingEvent::CheckoutLinkExpired { .. }
        | BookingEvent::BookingPaymentReceived { .. }
        | BookingEvent::BookingPaymentUnlinked { .. }
        | BookingEvent::BookingRefunded { .. }
        | BookingEvent::BookingPartyChanged { .. }
        | BookingEvent::BookingMenuChanged { .. }
        | BookingEvent::BookingAddressChanged { .. }
        | BookingEvent::BookingNotesChanged { .. }
        | BookingEvent::BookingRepriced { .. }
        | BookingEvent::ChefAssigned { .. }
        | BookingEvent::HeldChefChanged { .. }
        | BookingEvent::BookingSlotRetaken { .. }
        | BookingEvent::LatePaymentFlagged { .. }
        | BookingEvent::BookingCompleted {}
        | BookingEvent::BookingNoShow {} => Vec::new(),
    }
}

/// Whoever booked by talking to the assistant gets the link where they talk.
fn link_into_thread(booking: &BookingRecord, id: &str) -> Option<Effect> {
    let thread_id = booking
        .channel_thread_id
        .as_ref()
        .filter(|_| booking.source == Source::AiChat)?;
    let call = Call::SendPaymentLink {
        conversation_id: ConversationId::new(thread_id.clone()),
        booking_id: BookingId::new(id),
    };
    Some(Effect {
        name: "send-payment-link",
        call,
        due: None,
        order_key: Some(thread_id.clone()),
        expires_at: None,
    })
}

fn start_checkout(booking: &BookingRecord, id: &str) -> Vec<Effect> {
    let booking_id = BookingId::new(id);
    let patience_ends = booking.created_at + Duration::minutes(LINK_PATIENCE_MINUTES);
    let announce = Timer::AnnounceBookingWithoutLink {
        booking_id: booking_id.clone(),
    };
    let mut effects = vec![Effect::of_booking(
        "create-checkout",
        id,
        Call::CreateCheckout { booking_id },
    )];
    effects.extend(expiry_timer(booking, id));
    effects.push(Effect::timer(
        "announce-without-link",
        patience_ends,
        announce,
    ));
    effects
}

fn expiry_timer(booking: &BookingRecord, id: &str) -> Option<Effect> {
    let hold_until = booking
        .hold_until
        .filter(|_| booking.status == Status::DepositPending)?;
    Some(Effect::timer(
        "expire-hold",
        hold_until,
        Timer::ExpireBooking {
            booking_id: BookingId::new(id),
        },
    ))
}

fn close_checkout(booking: &BookingRecord, id: &str) -> Vec<Effect> {
    let close = |session_id: &str| Call::ExpireCheckout {
        booking_id: BookingId::new(id),
        provider_session_id: session_id.to_owned(),
    };
    let open = booking.open_session_id().map(close);
    open.map(|call| Effect::of_booking("expire-checkout", id, call))
        .into_iter()
        .collect()
}

fn email(booking: &BookingRecord, id: &str, template: EmailTemplate) -> Effect {
    let customer_id = booking.customer_id.clone();
    Effect::of_booking(
        "email",
        id,
        Call::SendEmail {
            template,
            booking_id: BookingId::new(id),
            customer_id,
        },
    )
}
